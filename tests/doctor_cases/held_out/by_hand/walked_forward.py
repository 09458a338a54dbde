import numpy as np

import lstm_teach as lt


def sequence_grad(theta, tokens, labels, h0=None, c0=None):
    """All per-step factors first, then one recursion."""
    q = lt.forward(theta, tokens, h0, c0)
    T, H = len(tokens), theta.hidden_size
    i, f, o, g, s = q.i[:T], q.f[:T], q.o[:T], q.g[:T], q.ct[:T]
    c_old = q.c[np.arange(T) - 1]
    h_old = q.h[np.arange(T) - 1]
    dY = q.y.copy()
    dY[np.arange(T), labels] -= 1
    top = dY @ theta.V
    D = np.zeros((4, T, H))
    rh, rc = np.zeros(H), np.zeros(H)
    for t in range(T):
        dh = top[t] + rh
        dc = dh * (o * (1 - s**2))[t] + rc
        D[0, t] = dc * (g * i * (1 - i))[t]
        D[1, t] = dc * (c_old * f * (1 - f))[t]
        D[2, t] = dh * (s * o * (1 - o))[t]
        D[3, t] = dc * (i * (1 - g**2))[t]
        rh = sum(theta["W" + k].T @ D[n, t] for n, k in enumerate("ifog"))
        rc = dc * f[t]
    E = np.eye(theta.vocab_size)[tokens]
    return [dY.T @ q.h[:T]] + [d.T @ h_old for d in D] + [d.T @ E for d in D]
