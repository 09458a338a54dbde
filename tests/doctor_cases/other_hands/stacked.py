import numpy as np


def backward(p, x, targets, h0=None, c0=None):
    K, H = p.V.shape
    W = np.vstack([np.hstack([p["W" + k], p["U" + k]]) for k in "ifog"])
    eye = np.eye(K)
    h = np.zeros(H) if h0 is None else np.asarray(h0, float)
    c = np.zeros(H) if c0 is None else np.asarray(c0, float)
    tape = []
    for k in x:
        u = np.concatenate([h, eye[k]])
        a = W @ u
        a[: 3 * H] = 1 / (1 + np.exp(-a[: 3 * H]))
        a[3 * H :] = np.tanh(a[3 * H :])
        i, f, o, g = np.split(a, 4)
        c_old, c = c, f * c + i * g
        h = o * np.tanh(c)
        s = p.V @ h
        y = np.exp(s - s.max())
        tape.append((u, a, c_old, c, h, y / y.sum()))

    dW, dV = np.zeros_like(W), np.zeros((K, H))
    dh, dc = np.zeros((2, H))
    for (u, a, c_old, c, h, y), k in zip(tape[::-1], targets[::-1]):
        i, f, o, g = np.split(a, 4)
        dy = y - eye[k]
        dV += np.outer(dy, h)
        dh = dh + dy @ p.V
        tc = np.tanh(c)
        dc = dc + dh * o * (1 - tc * tc)
        da = np.concatenate([dc * g, dc * c_old, dh * tc, dc * i])
        da[: 3 * H] *= a[: 3 * H] * (1 - a[: 3 * H])
        da[3 * H :] *= 1 - g * g
        dW += np.outer(da, u)
        dh = da @ W[:, :H]
        dc = dc * f

    Wi, Wf, Wo, Wg = np.split(dW[:, :H], 4)
    Ui, Uf, Uo, Ug = np.split(dW[:, H:], 4)
    return dV, Wi, Wf, Wo, Wg, Ui, Uf, Uo, Ug
