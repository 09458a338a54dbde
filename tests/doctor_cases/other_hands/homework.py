import numpy as np
import lstm_teach as lt

# my lstm backward, every gate written out so that I don't get confused


def backward(params, x, targets, h0=None, c0=None):
    out = lt.forward(params, x, h0, c0)
    H = params.Wi.shape[0]
    K = params.V.shape[0]

    dWi = np.zeros((H, H))
    dWf = np.zeros((H, H))
    dWo = np.zeros((H, H))
    dWg = np.zeros((H, H))
    dUi = np.zeros((H, K))
    dUf = np.zeros((H, K))
    dUo = np.zeros((H, K))
    dUg = np.zeros((H, K))
    dV = np.zeros((K, H))

    dh_next = np.zeros(H)
    dc_next = np.zeros(H)

    for t in range(len(x) - 1, -1, -1):
        # softmax and cross entropy together
        dscore = out.y[t].copy()
        dscore[targets[t]] -= 1
        dV += np.outer(dscore, out.h[t])

        # h gets gradient from the scores and from the next step
        dh = np.dot(params.V.T, dscore) + dh_next

        # c
        dc = dh * out.o[t] * (1 - out.ct[t] ** 2)
        dc = dc + dc_next

        # input gate
        di = dc * out.g[t]
        dzi = di * out.i[t] * (1 - out.i[t])
        dWi += np.outer(dzi, out.h[t - 1])
        dUi[:, x[t]] += dzi

        # forget gate
        df = dc * out.c[t - 1]
        dzf = df * out.f[t] * (1 - out.f[t])
        dWf += np.outer(dzf, out.h[t - 1])
        dUf[:, x[t]] += dzf

        # output gate
        do = dh * out.ct[t]
        dzo = do * out.o[t] * (1 - out.o[t])
        dWo += np.outer(dzo, out.h[t - 1])
        dUo[:, x[t]] += dzo

        # candidate
        dg = dc * out.i[t]
        dzg = dg * (1 - out.g[t] ** 2)
        dWg += np.outer(dzg, out.h[t - 1])
        dUg[:, x[t]] += dzg

        # for the next round of the loop (= the step before)
        dh_next = np.dot(params.Wi.T, dzi) + np.dot(params.Wf.T, dzf)
        dh_next += np.dot(params.Wo.T, dzo) + np.dot(params.Wg.T, dzg)
        dc_next = dc * out.f[t]

    return {"Wi": dWi, "Wf": dWf, "Wo": dWo, "Wg": dWg, "Ui": dUi, "Uf": dUf, "Uo": dUo, "Ug": dUg, "V": dV}
