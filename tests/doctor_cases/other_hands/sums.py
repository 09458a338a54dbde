import numpy as np
import lstm_teach as lt


def backward(params, x, targets, h0=None, c0=None):
    x = np.asarray(x)
    targets = np.asarray(targets)
    n_steps, n_hidden = x.size, params.hidden_size
    cache = lt.forward(params, x, h0, c0)

    onehot_in = np.eye(params.vocab_size)[x]
    onehot_out = np.eye(params.vocab_size)[targets]
    before = np.arange(n_steps) - 1
    h_prev = cache.h[before]
    c_prev = cache.c[before]
    i, f, o, g, tanh_c = (a[:-1] for a in (cache.i, cache.f, cache.o, cache.g, cache.ct))

    err = cache.y - onehot_out
    dh_all = np.einsum("tk,kh->th", err, params.V)
    dc_all = np.zeros((n_steps, n_hidden))

    # local factors, so that the loop below only multiplies
    fac_c = o * (1 - tanh_c**2)
    fac_i = g * i * (1 - i)
    fac_f = c_prev * f * (1 - f)
    fac_o = tanh_c * o * (1 - o)
    fac_g = i * (1 - g**2)

    delta = np.zeros((n_steps, 4, n_hidden))
    recurrent = np.stack([params.Wi, params.Wf, params.Wo, params.Wg])
    for t in range(n_steps - 1, -1, -1):
        dc_all[t] += dh_all[t] * fac_c[t]
        delta[t, 0] = dc_all[t] * fac_i[t]
        delta[t, 1] = dc_all[t] * fac_f[t]
        delta[t, 2] = dh_all[t] * fac_o[t]
        delta[t, 3] = dc_all[t] * fac_g[t]
        if t > 0:
            dh_all[t - 1] += np.einsum("qa,qab->b", delta[t], recurrent)
            dc_all[t - 1] = dc_all[t] * f[t]

    dV = np.einsum("tk,th->kh", err, cache.h[:-1])
    dW = np.einsum("tqa,tb->qab", delta, h_prev)
    dU = np.einsum("tqa,tk->qak", delta, onehot_in)
    return (dV, *dW, *dU)
