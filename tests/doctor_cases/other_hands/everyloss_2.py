# For each loss L_s walk back over all the steps t = s, s-1, ..., 0 and add up.  Slow but close to the formula.
import numpy as np
import lstm_teach as lt


def backward(params, x, targets, h0=None, c0=None):
    fw = lt.forward(params, x, h0, c0)
    T = len(x)
    i_ga, f_ga, o_ga, g_ga = fw.i, fw.f, fw.o, fw.g

    dV = np.zeros_like(params.V)
    dWi = np.zeros_like(params.Wi)
    dWf = np.zeros_like(params.Wf)
    dWo = np.zeros_like(params.Wo)
    dWg = np.zeros_like(params.Wg)
    dUi = np.zeros_like(params.Ui)
    dUf = np.zeros_like(params.Uf)
    dUo = np.zeros_like(params.Uo)
    dUg = np.zeros_like(params.Ug)

    # slopes of the activations for all steps at once
    si = i_ga * (1 - i_ga)
    sf = f_ga * (1 - f_ga)
    so = o_ga * (1 - o_ga)
    sg = 1 - g_ga ** 2
    sc = 1 - fw.ct ** 2

    for s in range(T):
        dy = fw.y[s].copy()
        dy[targets[s]] -= 1
        dV += np.outer(dy, fw.h[s])

        dh = np.dot(params.V.T, dy)
        dc = np.zeros_like(dh)
        for t in range(s, -1, -1):
            dc = dc + dh * o_ga[t] * sc[t]
            do = dh * fw.ct[t] * so[t]
            df = dc * fw.c[t-1] * sf[t]
            di = dc * g_ga[t] * si[t]
            dg = dc * i_ga[t] * sg[t]

            dWi += np.outer(di, fw.h[t-1])
            dWf += np.outer(df, fw.h[t-1])
            dWo += np.outer(do, fw.h[t-1])
            dWg += np.outer(dg, fw.h[t-1])
            dUi[:, x[t]] += di
            dUf[:, x[t]] += df
            dUo[:, x[t]] += do
            dUg[:, x[t]] += dg

            dh = (np.dot(params.Wi.T, di) + np.dot(params.Wf.T, df)
                  + np.dot(params.Wo.T, do) + np.dot(params.Wg.T, dg))
            dc = dc * f_ga[t]

    return [dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg]
