import numpy as np
import lstm_teach as lt


def backward(params, x, targets):
    V, Wi, Wf, Wo, Wg, Ui, Uf, Uo, Ug = params.values()
    fwd = lt.forward(params, x)
    T = len(x)

    gV, gWi, gWf, gWo, gWg, gUi, gUf, gUo, gUg = [np.zeros(M.shape) for M in params.values()]

    for step in range(T):
        # loss of this step, sent back through all earlier steps
        diff = fwd.y[step].copy()
        diff[targets[step]] -= 1.0
        gV += np.outer(diff, fwd.h[step])
        delta_h = np.dot(V.T, diff)
        delta_c = np.zeros(params.hidden_size)

        for k in range(step, -1, -1):
            ik, fk, ok, gk = fwd.i[k], fwd.f[k], fwd.o[k], fwd.g[k]
            delta_c = delta_c + delta_h * ok * (1 - fwd.ct[k] ** 2)

            a_o = delta_h * fwd.ct[k] * ok * (1 - ok)
            a_i = delta_c * gk * ik * (1 - ik)
            a_f = delta_c * fwd.c[k - 1] * fk * (1 - fk)
            a_g = delta_c * ik * (1 - gk ** 2)

            gWi += np.outer(a_i, fwd.h[k - 1])
            gWf += np.outer(a_f, fwd.h[k - 1])
            gWo += np.outer(a_o, fwd.h[k - 1])
            gWg += np.outer(a_g, fwd.h[k - 1])
            gUi[:, x[k]] += a_i
            gUf[:, x[k]] += a_f
            gUo[:, x[k]] += a_o
            gUg[:, x[k]] += a_g

            delta_h = np.dot(Wi.T, a_i) + np.dot(Wf.T, a_f) + np.dot(Wo.T, a_o) + np.dot(Wg.T, a_g)
            delta_c = delta_c * fk

    return gV, gWi, gWf, gWo, gWg, gUi, gUf, gUo, gUg
