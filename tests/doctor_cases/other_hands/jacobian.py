"""Exact LSTM gradients from the joint state s = [h; c] in R^{2H}.

One step is s_t = Phi(s_{t-1}, z_t) with z_t = Theta [h_{t-1}; e_{x_t}], Theta = [W U] in R^{4H x (H+K)}, gates i, f, o, g.
We form  B_t = ds_t/dz_t  (2H x 4H)  and  J_t = ds_t/ds_{t-1}  (2H x 2H)  explicitly (H is small in all experiments),
and propagate one adjoint a_t = dL/ds_t.
"""

import numpy as np


def stack_theta(params):
    W = np.concatenate([params["Wi"], params["Wf"], params["Wo"], params["Wg"]], axis=0)
    U = np.concatenate([params["Ui"], params["Uf"], params["Uo"], params["Ug"]], axis=0)
    return np.concatenate([W, U], axis=1)


def phi(s, theta, token):
    """One step. Returns s_t, the regressor [h_{t-1}; e_x] and the gates."""
    H = s.size // 2
    h, c = s[:H], s[H:]
    e_x = np.zeros(theta.shape[1] - H)
    e_x[token] = 1.0
    reg = np.concatenate([h, e_x])
    z = theta @ reg
    ifo = 1.0 / (1.0 + np.exp(-z[: 3 * H]))
    gates = np.concatenate([ifo, np.tanh(z[3 * H :])])
    i, f, o, g = np.split(gates, 4)
    c_new = f * c + i * g
    h_new = o * np.tanh(c_new)
    return np.concatenate([h_new, c_new]), reg, gates


def jacobians(s_prev, s, gates, theta):
    H = s.size // 2
    i, f, o, g = np.split(gates, 4)
    c_prev, tc = s_prev[H:], np.tanh(s[H:])
    Z = np.zeros((H, H))

    # ds_t/dz_t: c depends on z through i, f, g; h through c and through o
    dc_dz = np.hstack([np.diag(g * i * (1 - i)), np.diag(c_prev * f * (1 - f)), Z, np.diag(i * (1 - g**2))])
    dh_dc = np.diag(o * (1 - tc**2))
    dh_dz = dh_dc @ dc_dz
    dh_dz[:, 2 * H : 3 * H] += np.diag(tc * o * (1 - o))
    B = np.vstack([dh_dz, dc_dz])

    # ds_t/ds_{t-1}: direct part (only c_{t-1}) plus the part through z_t
    F = np.diag(f)
    direct = np.block([[Z, dh_dc @ F], [Z, F]])
    through_z = B @ np.hstack([theta[:, :H], np.zeros((4 * H, H))])
    J = direct + through_z
    return B, J


def backward(params, x, targets, h0=None, c0=None):
    V = params["V"]
    K, H = V.shape
    theta = stack_theta(params)

    s = np.zeros(2 * H)
    if h0 is not None:
        s[:H] = h0
    if c0 is not None:
        s[H:] = c0
    tape = []
    for token in x:
        s_prev = s
        s, reg, gates = phi(s_prev, theta, token)
        tape.append((s_prev, s, reg, gates))

    dV, dTheta = np.zeros_like(V), np.zeros_like(theta)
    a = np.zeros(2 * H)
    for t in reversed(range(len(x))):
        s_prev, s, reg, gates = tape[t]
        logits = V @ s[:H]
        q = np.exp(logits - np.logaddexp.reduce(logits))
        q[targets[t]] -= 1.0
        dV += np.outer(q, s[:H])
        a[:H] += V.T @ q

        B, J = jacobians(s_prev, s, gates, theta)
        dTheta += np.outer(B.T @ a, reg)
        a = J.T @ a

    out = {"V": dV}
    for n, gate in enumerate("ifog"):
        rows = dTheta[n * H : (n + 1) * H]
        out["W" + gate], out["U" + gate] = rows[:, :H], rows[:, H:]
    return out
