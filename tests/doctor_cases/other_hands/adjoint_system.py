"""Lecture 9: the gradient of a recurrence by the adjoint equation.

State s_t = (c_t, h_t) in R^{2H}, s_t = F(s_{t-1}; theta).  The multipliers solve the
transposed bidiagonal system  lam_t = b_t + J_{t+1}^T lam_{t+1},  by back substitution.
"""
import numpy as np

import lstm_teach as lt


def step_matrices(i, f, o, g, ct, c_old, W, H):
    """J = dF/ds (2H x 2H) and Z = dF/dz (2H x 4H), z ordered i, f, o, g."""
    D = np.diag
    dc_dz = np.hstack([D(g * i * (1 - i)), D(c_old * f * (1 - f)), np.zeros((H, H)), D(i * (1 - g**2))])
    through_tanh = D(o * (1 - ct**2))
    dh_dz = through_tanh @ dc_dz
    dh_dz[:, 2 * H : 3 * H] += D(ct * o * (1 - o))
    Z = np.vstack([dc_dz, dh_dz])
    J = np.zeros((2 * H, 2 * H))
    J[:H, :H] = D(f)
    J[H:, :H] = through_tanh @ D(f)
    J[:, H:] = Z @ W
    return J, Z


def backward(params, x, targets, h0=None, c0=None):
    run = lt.forward(params, x, h0, c0)
    T, H = len(run.x), params.Wi.shape[0]
    W = np.vstack([params.Wi, params.Wf, params.Wo, params.Wg])

    Js, Zs = [], []
    for t in range(T):
        J, Z = step_matrices(run.i[t], run.f[t], run.o[t], run.g[t], run.ct[t], run.c[t - 1], W, H)
        Js.append(J)
        Zs.append(Z)

    E = np.eye(params.V.shape[0])[np.asarray(targets)]
    residual = run.y - E
    b = np.zeros((T, 2 * H))
    b[:, H:] = residual @ params.V

    lam = np.zeros((T + 1, 2 * H))
    for t in range(T - 1, -1, -1):
        lam[t] = b[t]
        if t + 1 < T:
            lam[t] += Js[t + 1].T @ lam[t + 1]

    dW = np.zeros_like(W)
    dU = np.zeros((4 * H, params.Ui.shape[1]))
    for t in range(T):
        zeta = Zs[t].T @ lam[t]
        dW += np.outer(zeta, run.h[t - 1])
        dU[:, run.x[t]] += zeta

    dV = residual.T @ run.h[:T]
    blocks_W = np.split(dW, 4)
    blocks_U = np.split(dU, 4)
    return [dV, *blocks_W, *blocks_U]
