import numpy as np
import lstm_teach as lt

def backward(params, x, targets):
    cache = lt.forward(params, x)
    V = params.V
    T = len(x)
    H = V.shape[1]
    # make all gradients zero first
    dV = V * 0
    dWi = params.Wi * 0
    dWf = params.Wf * 0
    dWo = params.Wo * 0
    dWg = params.Wg * 0
    dUi = params.Ui * 0
    dUf = params.Uf * 0
    dUo = params.Uo * 0
    dUg = params.Ug * 0
    dh_next = np.zeros(H)
    dc_next = np.zeros(H)
    t = T - 1
    while t >= 0:
        # get everything at this time step
        i_t = cache.i[t]
        f_t = cache.f[t]
        o_t = cache.o[t]
        g_t = cache.g[t]
        h_t = cache.h[t]
        tanh_c = cache.ct[t]
        h_before = cache.h[t - 1]
        c_before = cache.c[t - 1]
        # the output layer
        dscore = cache.y[t].copy()
        dscore[targets[t]] = dscore[targets[t]] - 1
        dV = dV + np.outer(dscore, h_t)
        dh = np.dot(V.T, dscore)
        dh = dh + dh_next
        # h = o * tanh(c)
        do = dh * tanh_c
        dtanh_c = dh * o_t
        dc = dtanh_c * (1 - tanh_c * tanh_c)
        dc = dc + dc_next
        # c = f * c_before + i * g
        df = dc * c_before
        di = dc * g_t
        dg = dc * i_t
        # before the sigmoids and the tanh
        dzi = di * i_t * (1 - i_t)
        dzf = df * f_t * (1 - f_t)
        dzo = do * o_t * (1 - o_t)
        dzg = dg * (1 - g_t * g_t)
        # the weights
        dWi += np.outer(dzi, h_before)
        dWf += np.outer(dzf, h_before)
        dWo += np.outer(dzo, h_before)
        dWg += np.outer(dzg, h_before)
        dUi[:, x[t]] += dzi
        dUf[:, x[t]] += dzf
        dUo[:, x[t]] += dzo
        dUg[:, x[t]] += dzg
        # what goes to the step before
        dh_next = params.Wi.T @ dzi + params.Wf.T @ dzf + params.Wo.T @ dzo + params.Wg.T @ dzg
        dc_next = dc * f_t
        t = t - 1
    return {"V": dV, "Wi": dWi, "Wf": dWf, "Wo": dWo, "Wg": dWg, "Ui": dUi, "Uf": dUf, "Uo": dUo, "Ug": dUg}
