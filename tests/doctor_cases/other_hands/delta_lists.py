import numpy as np
import lstm_teach as lt


def backward(params, x, targets, h0=None, c0=None):
    cache = lt.forward(params, x, h0, c0)
    i, f, o, g = cache.i, cache.f, cache.o, cache.g
    c, ct, h, y = cache.c, cache.ct, cache.h, cache.y
    T = len(x)
    H = params.hidden_size

    errors = []
    for t in range(T):
        e = y[t].copy()
        e[targets[t]] -= 1
        errors.append(e)

    # lists grow at the front, so that index 0 is always the step after the present one
    d_in, d_forget, d_out, d_cand = [], [], [], []
    carry = np.zeros(H)
    for t in range(T - 1, -1, -1):
        dh = params.V.T @ errors[t]
        if t < T - 1:
            dh = dh + params.Wi.T @ d_in[0]
            dh = dh + params.Wf.T @ d_forget[0]
            dh = dh + params.Wo.T @ d_out[0]
            dh = dh + params.Wg.T @ d_cand[0]
        dc = dh * o[t] * (1 - ct[t] ** 2)
        dc = dc + carry
        d_in.insert(0, dc * g[t] * i[t] * (1 - i[t]))
        d_forget.insert(0, dc * c[t - 1] * f[t] * (1 - f[t]))
        d_out.insert(0, dh * ct[t] * o[t] * (1 - o[t]))
        d_cand.insert(0, dc * i[t] * (1 - g[t] ** 2))
        carry = dc * f[t]

    grads = lt.Params.zeros(params.vocab_size, H)
    for t in range(T):
        grads.V += np.outer(errors[t], h[t])
        grads.Wi += np.outer(d_in[t], h[t - 1])
        grads.Wf += np.outer(d_forget[t], h[t - 1])
        grads.Wo += np.outer(d_out[t], h[t - 1])
        grads.Wg += np.outer(d_cand[t], h[t - 1])
        grads.Ui[:, x[t]] += d_in[t]
        grads.Uf[:, x[t]] += d_forget[t]
        grads.Uo[:, x[t]] += d_out[t]
        grads.Ug[:, x[t]] += d_cand[t]
    return grads
