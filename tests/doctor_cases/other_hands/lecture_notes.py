"""Lecture 12: truncated nothing, full BPTT for an LSTM.  Row convention, one row per time step."""
import numpy as np
import lstm_teach as lt


def dsigmoid(s):
    return s * (1 - s)


def dtanh(s):
    return 1 - s * s


def backward(params, x, targets, h0=None, c0=None):
    cache = lt.forward(params, x, h0, c0)
    T = len(x)
    K, H = params.V.shape

    I, F, O, G = (np.array(a[:T]) for a in (cache.i, cache.f, cache.o, cache.g))
    h_now = np.array(cache.h[:T])
    c_now = np.array(cache.c[:T])
    h_before = np.vstack([cache.h[-1][None, :], h_now[:-1]])
    c_before = np.vstack([cache.c[-1][None, :], c_now[:-1]])
    tanh_c = np.tanh(c_now)

    X = np.eye(K)[np.asarray(x)]
    Y = np.eye(K)[np.asarray(targets)]
    E = np.array(cache.y[:T]) - Y          # dL/dlogits
    from_output = E @ params.V

    # recurrent weights side by side, so that one product brings all gates back
    R = np.concatenate([params.Wi, params.Wf, params.Wo, params.Wg], axis=0)

    rows = []
    carry_h = np.zeros(H)
    carry_c = np.zeros(H)
    steps = list(zip(I, F, O, G, tanh_c, c_before, from_output))
    for i, f, o, g, tc, c_prev, dh in reversed(steps):
        dh = dh + carry_h
        dc = carry_c + dh * o * dtanh(tc)
        z = np.concatenate([
            dc * g * dsigmoid(i),
            dc * c_prev * dsigmoid(f),
            dh * tc * dsigmoid(o),
            dc * i * dtanh(g),
        ])
        rows.append(z)
        carry_h = z @ R
        carry_c = dc * f
    Z = np.array(rows[::-1])               # (T, 4H), in the order of time

    grads = {"V": E.T @ h_now}
    for n, gate in enumerate("ifog"):
        block = Z[:, n * H:(n + 1) * H]
        grads["W" + gate] = block.T @ h_before
        grads["U" + gate] = block.T @ X
    return grads
