import numpy as np
import lstm_teach as lt


def backward(params, x, targets, h0=None, c0=None):
    fw = lt.forward(params, x, h0=h0, c0=c0)
    T, H, K = len(x), params.hidden_size, params.vocab_size
    i, f, o, g = fw.i[:T], fw.f[:T], fw.o[:T], fw.g[:T]
    c, ct, h = fw.c[:T], fw.ct[:T], fw.h[:T]
    c_before = np.concatenate([fw.c[-1:], fw.c[:T - 1]])
    h_before = np.concatenate([fw.h[-1:], fw.h[:T - 1]])

    # error of the output layer for all steps at once
    X = np.eye(K)[x]
    Y = np.eye(K)[targets]
    dscores = fw.y - Y
    dh_loss = dscores @ params.V

    # local factors do not depend on the deltas
    k_c = o * (1 - ct ** 2)
    k_i = g * i * (1 - i)
    k_f = c_before * f * (1 - f)
    k_o = ct * o * (1 - o)
    k_g = i * (1 - g ** 2)

    dzi = np.empty((T, H))
    dzf = np.empty((T, H))
    dzo = np.empty((T, H))
    dzg = np.empty((T, H))
    dh_rec = np.zeros(H)
    dc = np.zeros(H)
    for t in reversed(range(T)):
        dh = dh_loss[t] + dh_rec
        dc = dc + dh * k_c[t]
        dzi[t] = dc * k_i[t]
        dzf[t] = dc * k_f[t]
        dzo[t] = dh * k_o[t]
        dzg[t] = dc * k_g[t]
        dh_rec = dzi[t] @ params.Wi + dzf[t] @ params.Wf + dzo[t] @ params.Wo + dzg[t] @ params.Wg
        dc = dc * f[t]

    return {
        "V": np.einsum("tk,th->kh", dscores, h),
        "Wi": np.einsum("ta,tb->ab", dzi, h_before),
        "Wf": np.einsum("ta,tb->ab", dzf, h_before),
        "Wo": np.einsum("ta,tb->ab", dzo, h_before),
        "Wg": np.einsum("ta,tb->ab", dzg, h_before),
        "Ui": dzi.T @ X,
        "Uf": dzf.T @ X,
        "Uo": dzo.T @ X,
        "Ug": dzg.T @ X,
    }
