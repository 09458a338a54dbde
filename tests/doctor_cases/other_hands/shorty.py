import numpy as np

s = lambda a: 1 / (1 + np.exp(-a))


def backward(p, x, y, h0=None, c0=None):
    n, m, T = p.hidden_size, p.vocab_size, len(x)
    h, c = np.zeros((T + 1, n)), np.zeros((T + 1, n))
    if h0 is not None: h[-1] = h0
    if c0 is not None: c[-1] = c0
    I, F, O, G = np.zeros((4, T, n))
    q = np.zeros((T, m))
    for t in range(T):
        I[t] = s(p.Ui[:, x[t]] + p.Wi @ h[t-1])
        F[t] = s(p.Uf[:, x[t]] + p.Wf @ h[t-1])
        O[t] = s(p.Uo[:, x[t]] + p.Wo @ h[t-1])
        G[t] = np.tanh(p.Ug[:, x[t]] + p.Wg @ h[t-1])
        c[t] = F[t] * c[t-1] + I[t] * G[t]
        h[t] = O[t] * np.tanh(c[t])
        e = np.exp(p.V @ h[t])
        q[t] = e / e.sum()
    V, A, B, C, D, J, K, L, M = [np.zeros(w.shape) for w in p.values()]
    u, v = np.zeros(n), np.zeros(n)
    for t in range(T)[::-1]:
        q[t, y[t]] -= 1
        V += np.outer(q[t], h[t])
        u = u + p.V.T @ q[t]
        k = np.tanh(c[t])
        v = v + u * O[t] * (1 - k**2)
        a = v * G[t] * I[t] * (1 - I[t])
        b = v * c[t-1] * F[t] * (1 - F[t])
        o = u * k * O[t] * (1 - O[t])
        g = v * I[t] * (1 - G[t]**2)
        A += np.outer(a, h[t-1])
        B += np.outer(b, h[t-1])
        C += np.outer(o, h[t-1])
        D += np.outer(g, h[t-1])
        J[:, x[t]] += a
        K[:, x[t]] += b
        L[:, x[t]] += o
        M[:, x[t]] += g
        u = p.Wi.T @ a + p.Wf.T @ b + p.Wo.T @ o + p.Wg.T @ g
        v = v * F[t]
    return V, A, B, C, D, J, K, L, M
