import numpy as np

# a, b = hidden index; k = vocabulary index; t = time; q = gate (0: i, 1: f, 2: o, 3: g)
# psi = hidden state, phi = cell state, J... = adjoint of ...


def sigma(z):
    return 1.0 / (1.0 + np.exp(-z))


def backward(params, x, targets, h0=None, c0=None):
    T, K, N = len(x), params.vocab_size, params.hidden_size
    W = np.stack([params.Wi, params.Wf, params.Wo, params.Wg])  # (q, a, b)
    U = np.stack([params.Ui, params.Uf, params.Uo, params.Ug])  # (q, a, k)
    V = params.V

    X = np.eye(K)[np.asarray(x)]
    D = np.eye(K)[np.asarray(targets)]

    psi = np.zeros((T + 1, N))  # psi[0] is the initial state, psi[t + 1] the state after step t
    phi = np.zeros((T + 1, N))
    if h0 is not None:
        psi[0] = h0
    if c0 is not None:
        phi[0] = c0
    G = np.zeros((4, T, N))
    for t in range(T):
        Z = np.einsum("qab,b->qa", W, psi[t]) + np.einsum("qak,k->qa", U, X[t])
        G[:3, t] = sigma(Z[:3])
        G[3, t] = np.tanh(Z[3])
        phi[t + 1] = G[1, t] * phi[t] + G[0, t] * G[3, t]
        psi[t + 1] = G[2, t] * np.tanh(phi[t + 1])

    S = np.einsum("ka,ta->tk", V, psi[1:])
    P = np.exp(S - S.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    R = P - D

    # adjoint equations, integrated backwards in time
    th = np.tanh(phi[1:])
    slope = G * (1 - G)
    slope[3] = 1 - G[3] ** 2
    JZ = np.zeros((4, T, N))
    Jpsi_loss = np.einsum("tk,ka->ta", R, V)
    Jphi = np.zeros(N)
    for t in reversed(range(T)):
        Jpsi = Jpsi_loss[t].copy()
        if t < T - 1:
            Jpsi += np.einsum("qab,qa->b", W, JZ[:, t + 1])
            Jphi = G[1, t + 1] * Jphi
        Jphi = Jphi + Jpsi * G[2, t] * (1 - th[t] ** 2)
        JG = np.array([Jphi * G[3, t], Jphi * phi[t], Jpsi * th[t], Jphi * G[0, t]])
        JZ[:, t] = JG * slope[:, t]

    dV = np.einsum("tk,ta->ka", R, psi[1:])
    dW = np.einsum("qta,tb->qab", JZ, psi[:-1])
    dU = np.einsum("qta,tk->qak", JZ, X)
    return (dV, *dW, *dU)
