"""Adjoint equation of s[t] = F(s[t-1], x[t]) with the state s = (h, c) in R^(2H); p is the costate, a row."""
import numpy as np
from numpy import block, diag, einsum, exp, tanh, zeros


def sigma(u):
    return 1 / (1 + exp(-u))


def softmax(u):
    w = exp(u - u.max())
    return w / w.sum()


def backward(theta, x, targets, h0=None, c0=None):
    K, n = theta.V.shape
    T = len(x)
    I_K = np.eye(K)

    # the orbit; index 0 is the initial state
    h, c, gates = [zeros(n) if h0 is None else h0], [zeros(n) if c0 is None else c0], [None]
    for k in x:
        i, f, o, g = (phi(theta["W" + a] @ h[-1] + theta["U" + a] @ I_K[k])
                      for a, phi in zip("ifog", (sigma, sigma, sigma, tanh)))
        c.append(f * c[-1] + i * g)
        h.append(o * tanh(c[-1]))
        gates.append((i, f, o, g))

    DW = {a: zeros((n, n)) for a in "ifog"}
    DU = {a: zeros((n, K)) for a in "ifog"}
    DV = zeros((K, n))
    p = zeros(2 * n)
    for t in range(T, 0, -1):
        i, f, o, g = gates[t]
        tau = tanh(c[t])
        r = softmax(theta.V @ h[t]) - I_K[targets[t - 1]]
        DV += einsum("k,j->kj", r, h[t])
        p[:n] += r @ theta.V

        # derivatives of the new state by the pre-activations
        dh_dc = diag(o) @ diag(1 - tau**2)
        dc_dz = {
            "i": diag(g) @ diag(i * (1 - i)),
            "f": diag(c[t - 1]) @ diag(f * (1 - f)),
            "o": zeros((n, n)),
            "g": diag(i) @ diag(1 - g**2),
        }
        dh_dz = {a: dh_dc @ dc_dz[a] for a in "ifg"}
        dh_dz["o"] = diag(tau) @ diag(o * (1 - o))

        for a in "ifog":
            q = p[:n] @ dh_dz[a] + p[n:] @ dc_dz[a]
            DW[a] += einsum("j,l->jl", q, h[t - 1])
            DU[a] += einsum("j,k->jk", q, I_K[x[t - 1]])

        # Jacobian of the step: rows (h, c) at t, columns (h, c) at t-1
        A = sum(dh_dz[a] @ theta["W" + a] for a in "ifog")
        B = dh_dc @ diag(f)
        C = sum(dc_dz[a] @ theta["W" + a] for a in "ifog")
        D = diag(f)
        p = p @ block([[A, B], [C, D]])

    return {"V": DV, **{"W" + a: DW[a] for a in DW}, **{"U" + a: DU[a] for a in DU}}
