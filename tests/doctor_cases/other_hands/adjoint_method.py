# Homework 4, discrete adjoint method for the LSTM recurrence.
# State at node n: (u_n, s_n), n = 0..N.  Step n maps node n to node n+1.
# lam = adjoint of u, mu = adjoint of s, marched from n = N down to n = 0.
import numpy as np


def logistic(v):
    return 1.0 / (1.0 + np.exp(-v))


def backward(params, x, targets):
    N = len(x)
    m, K = params.Ui.shape
    u = np.zeros((N + 1, m))
    s = np.zeros((N + 1, m))
    I, F, O, G = (np.empty((N, m)) for _ in range(4))

    # --- forward march, residual of the softmax at every node ---
    r = np.empty((N, K))
    for n in range(N):
        I[n] = logistic(params.Wi.dot(u[n]) + params.Ui[:, x[n]])
        F[n] = logistic(params.Wf.dot(u[n]) + params.Uf[:, x[n]])
        O[n] = logistic(params.Wo.dot(u[n]) + params.Uo[:, x[n]])
        G[n] = np.tanh(params.Wg.dot(u[n]) + params.Ug[:, x[n]])
        s[n + 1] = F[n] * s[n] + I[n] * G[n]
        u[n + 1] = O[n] * np.tanh(s[n + 1])
        w = params.V.dot(u[n + 1])
        w = np.exp(w - np.max(w))
        r[n] = w / np.sum(w)
        r[n, targets[n]] -= 1.0

    # --- adjoint march ---
    J = {name: np.zeros_like(params[name]) for name in params.keys()}
    lam = np.zeros(m)
    mu = np.zeros(m)
    for n in range(N - 1, -1, -1):
        lam = lam + params.V.T.dot(r[n])
        th = np.tanh(s[n + 1])
        mu = mu + lam * O[n] * (1.0 - th ** 2)
        # right-hand sides of the four gate equations
        qi = mu * G[n] * I[n] * (1.0 - I[n])
        qf = mu * s[n] * F[n] * (1.0 - F[n])
        qo = lam * th * O[n] * (1.0 - O[n])
        qg = mu * I[n] * (1.0 - G[n] ** 2)
        # quadrature of the gradient
        J["V"] += np.outer(r[n], u[n + 1])
        for gate, q in zip("ifog", (qi, qf, qo, qg)):
            J["W" + gate] += np.outer(q, u[n])
            J["U" + gate][:, x[n]] += q
        # step of the adjoint equation, node n+1 -> node n
        lam = params.Wi.T.dot(qi) + params.Wf.T.dot(qf)
        lam += params.Wo.T.dot(qo) + params.Wg.T.dot(qg)
        mu = mu * F[n]
    return J
