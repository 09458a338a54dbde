import numpy as np


def squash(v):
    return 0.5 * (1 + np.tanh(0.5 * v))


def tape_gradients(params, x, targets, h0=None, c0=None):
    """Every forward operation leaves a function that knows its way back."""
    H = params.hidden_size
    grads = {name: np.zeros_like(value) for name, value in params.items()}

    def affine(gate, token, h):
        z = params["W" + gate] @ h + params["U" + gate][:, token]

        def back(dz):
            grads["W" + gate] += np.outer(dz, h)
            grads["U" + gate][:, token] += dz
            return params["W" + gate].T @ dz

        return z, back

    def cell(token, h, c):
        (zi, back_i), (zf, back_f) = affine("i", token, h), affine("f", token, h)
        (zo, back_o), (zg, back_g) = affine("o", token, h), affine("g", token, h)
        i, f, o, g = squash(zi), squash(zf), squash(zo), np.tanh(zg)
        c_new = f * c + i * g
        t = np.tanh(c_new)

        def back(dh_new, dc_new):
            dc_total = dc_new + dh_new * o * (1 - t**2)
            dh = back_i(dc_total * g * i * (1 - i))
            dh = dh + back_f(dc_total * c * f * (1 - f))
            dh = dh + back_o(dh_new * t * o * (1 - o))
            dh = dh + back_g(dc_total * i * (1 - g**2))
            return dh, dc_total * f

        return o * t, c_new, back

    def readout(h, target):
        e = np.exp(params["V"] @ h)
        d = e / e.sum()
        d[target] -= 1

        def back():
            grads["V"] += np.outer(d, h)
            return d @ params["V"]

        return back

    h = np.zeros(H) if h0 is None else np.array(h0, dtype=float)
    c = np.zeros(H) if c0 is None else np.array(c0, dtype=float)
    tape = []
    for token, target in zip(x, targets):
        h, c, back = cell(token, h, c)
        tape.append((back, readout(h, target)))
    dh, dc = np.zeros(H), np.zeros(H)
    for cell_back, readout_back in reversed(tape):
        dh = dh + readout_back()
        dh, dc = cell_back(dh, dc)
    return grads
