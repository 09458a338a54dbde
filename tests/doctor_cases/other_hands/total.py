import numpy as np
import lstm_teach as lt

# Notation: D_h[t] is the TOTAL derivative dL/dh[t], D_c[t] = dL/dc[t] total as well.
# By the chain rule for total derivatives
#   D_h[t] = (partial L_t / partial h[t]) + sum_a W_a' D_za[t+1]
#   D_c[t] = D_h[t] * (partial h[t] / partial c[t]) + D_c[t+1] * (partial c[t+1] / partial c[t])
# with D_h[T] = D_c[T] = 0, hence the arrays have T+1 rows.


def backward(params, x, targets, h0=None, c0=None):
    F = lt.forward(params, x, h0, c0)
    T = len(x)
    K, H = params.V.shape

    # partials that are local to a step
    pL_ps = F.y.copy()
    for t in range(T):
        pL_ps[t, targets[t]] -= 1
    pL_ph = pL_ps @ params.V
    ph_pc = F.o[:T] * (1 - F.ct[:T] ** 2)
    ph_pzo = F.ct[:T] * F.o[:T] * (1 - F.o[:T])
    c_before = np.vstack([F.c[-1:], F.c[:T - 1]])
    h_before = np.vstack([F.h[-1:], F.h[:T - 1]])
    pc_pzi = F.g[:T] * F.i[:T] * (1 - F.i[:T])
    pc_pzf = c_before * F.f[:T] * (1 - F.f[:T])
    pc_pzg = F.i[:T] * (1 - F.g[:T] ** 2)
    pc_next = F.f  # pc[t+1]/pc[t] = f[t+1]; row T is zero, as nothing follows the last step

    D_h = np.zeros((T + 1, H))
    D_c = np.zeros((T + 1, H))
    D_zi = np.zeros((T + 1, H))
    D_zf = np.zeros((T + 1, H))
    D_zo = np.zeros((T + 1, H))
    D_zg = np.zeros((T + 1, H))
    for t in range(T - 1, -1, -1):
        D_h[t] = pL_ph[t]
        D_h[t] += D_zi[t + 1] @ params.Wi
        D_h[t] += D_zf[t + 1] @ params.Wf
        D_h[t] += D_zo[t + 1] @ params.Wo
        D_h[t] += D_zg[t + 1] @ params.Wg
        D_c[t] = D_h[t] * ph_pc[t] + D_c[t + 1] * pc_next[t + 1]
        D_zi[t] = D_c[t] * pc_pzi[t]
        D_zf[t] = D_c[t] * pc_pzf[t]
        D_zo[t] = D_h[t] * ph_pzo[t]
        D_zg[t] = D_c[t] * pc_pzg[t]

    out = lt.Params(K, H)
    out.V = np.einsum("tk,th->kh", pL_ps, F.h[:T])
    for a, D_z in (("i", D_zi), ("f", D_zf), ("o", D_zo), ("g", D_zg)):
        out["W" + a][...] = np.einsum("tj,tm->jm", D_z[:T], h_before)
        for t in range(T):
            out["U" + a][:, x[t]] += D_z[t]
    return out
