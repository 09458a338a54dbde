import numpy as np

import lstm_teach as lt


def grad(params, x, targets, h0=None, c0=None):
    F = lt.forward(params, x, h0, c0)
    T = len(x)
    i, f, o, g = F.i[:T], F.f[:T], F.o[:T], F.g[:T]
    tanh_c = F.ct[:T]
    prev_c = np.roll(F.c, 1, axis=0)[:T]
    prev_h = np.roll(F.h, 1, axis=0)[:T]
    # every factor that does not depend on the future
    dE = F.y - np.eye(params.vocab_size)[targets]
    dh = dE @ params.V
    k_c = o * (1 - tanh_c**2)
    k_i = g * i * (1 - i)
    k_f = prev_c * f * (1 - f)
    k_o = tanh_c * o * (1 - o)
    k_g = i * (1 - g**2)
    dZ = np.zeros((T, 4, params.hidden_size))
    W = np.stack([params.Wi, params.Wf, params.Wo, params.Wg])
    dc = np.zeros(params.hidden_size)
    t = T - 1
    while t >= 0:
        dc = dc + dh[t] * k_c[t]
        dZ[t, 0] = dc * k_i[t]
        dZ[t, 1] = dc * k_f[t]
        dZ[t, 2] = dh[t] * k_o[t]
        dZ[t, 3] = dc * k_g[t]
        if t > 0:
            dh[t - 1] += np.einsum("khj,kh->j", W, dZ[t])
        dc = dc * f[t]
        t -= 1
    dW = np.einsum("tkh,tj->khj", dZ, prev_h)
    dU = np.zeros((4, params.hidden_size, params.vocab_size))
    for t in range(T):
        dU[:, :, x[t]] += dZ[t]
    out = {"V": dE.T @ F.h[:T]}
    for k, gate in enumerate("ifog"):
        out[f"W{gate}"] = dW[k]
        out[f"U{gate}"] = dU[k]
    return out
