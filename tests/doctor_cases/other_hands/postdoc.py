r"""
Adjoint equations of the LSTM cell.

Indices:  n = time step (1..N),  a = gate (i, f, o, g),  m, j = hidden unit,  k = symbol of the alphabet

    u^a_m   = W^a_{mj} h_j(n-1) + U^a_{m k(n)}
    G^a     = sigma(u^a)  for a = i, f, o     and     G^g = tanh(u^g)
    c(n)    = G^f c(n-1) + G^i G^g ,      h(n) = G^o tanh c(n)
    L       = - sum_n log p_{k'(n)}(n)

The Lagrange multipliers of the two state equations are lam (for h) and mu (for c); both vanish for n > N.
h and c carry one row more than everything else: h[0] and c[0] are the initial condition, h[n + 1] belongs to G[n].
"""
import numpy as np
from numpy import einsum, exp, tanh

GATES = "ifog"


def sigma(u):
    return 0.5 * (1 + tanh(0.5 * u))


def trajectory(W, U, V, x, h0, c0):
    """Integrate forward in time; returns h, c of shape (N+1, M), G of shape (N, 4, M), p of shape (N, K)."""
    N, M = len(x), V.shape[1]
    h, c = np.zeros((2, N + 1, M))
    G = np.zeros((N, 4, M))
    if h0 is not None:
        h[0] = h0
    if c0 is not None:
        c[0] = c0
    for n in range(N):
        u = einsum("amj,j->am", W, h[n]) + U[:, :, x[n]]
        G[n, :-1] = sigma(u[:-1])
        G[n, -1] = tanh(u[-1])
        c[n + 1] = G[n, 1] * c[n] + G[n, 0] * G[n, 3]
        h[n + 1] = G[n, 2] * tanh(c[n + 1])
    # Boltzmann weights, energies shifted by the ground state
    E = -einsum("km,nm->nk", V, h[1:])
    p = exp(-(E - E.min(axis=1, keepdims=True)))
    p /= p.sum(axis=1, keepdims=True)
    return h, c, G, p


def backward(params, x, targets, h0=None, c0=None):
    V = params["V"]
    W = np.array([params["W" + a] for a in GATES])  # W_{amj}
    U = np.array([params["U" + a] for a in GATES])  # U_{amk}
    K, M = V.shape
    N = len(x)
    delta = np.eye(K)  # Kronecker

    h, c, G, p = trajectory(W, U, V, x, h0, c0)
    i, f, o, g = G.transpose(1, 0, 2)
    th = tanh(c[1:])

    # dG/du is diagonal in m
    J = G * (1 - G)
    J[:, -1] = 1 - G[:, -1] ** 2

    r = p - delta[targets]  # residual dL/d(Vh)
    eta = np.zeros_like(G)  # dL/du
    lam = mu = np.zeros(M)
    for n in range(N - 1, -1, -1):
        lam = lam + einsum("k,km->m", r[n], V)
        mu = mu + lam * o[n] * (1 - th[n] ** 2)
        dLdG = mu * g[n], mu * c[n], lam * th[n], mu * i[n]
        lam = np.zeros(M)
        for a in range(4):
            eta[n, a] = J[n, a] * dLdG[a]
            lam += einsum("m,mj->j", eta[n, a], W[a])
        mu = mu * f[n]

    grad = {"dV": einsum("nk,nm->km", r, h[1:])}
    for a, name in enumerate(GATES):
        grad["dW" + name] = einsum("nm,nj->mj", eta[:, a], h[:-1])
        grad["dU" + name] = einsum("nm,nk->mk", eta[:, a], delta[x])
    return grad
