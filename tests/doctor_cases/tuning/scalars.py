import math

import lstm_teach as lt


def grads_by_hand(params, x, targets, h0=None, c0=None):
    """No array arithmetic at all: lists, and a loop for every index."""
    fw = lt.forward(params, x, h0, c0)
    T, H, K = len(x), params.hidden_size, params.vocab_size
    dV = [[0.0] * H for _ in range(K)]
    dWi, dWf, dWo, dWg = ([[0.0] * H for _ in range(H)] for _ in range(4))
    dUi, dUf, dUo, dUg = ([[0.0] * K for _ in range(H)] for _ in range(4))
    dh_next = [0.0] * H
    dc_next = [0.0] * H
    for t in range(T - 1, -1, -1):
        dy = [float(p) for p in fw.y[t]]
        dy[targets[t]] -= 1.0
        dh = list(dh_next)
        for k in range(K):
            for j in range(H):
                dV[k][j] += dy[k] * fw.h[t, j]
                dh[j] += params.V[k, j] * dy[k]
        dzi, dzf, dzo, dzg = [0.0] * H, [0.0] * H, [0.0] * H, [0.0] * H
        for j in range(H):
            i, f, o, g = fw.i[t, j], fw.f[t, j], fw.o[t, j], fw.g[t, j]
            tc = math.tanh(fw.c[t, j])
            dc = dc_next[j] + dh[j] * o * (1.0 - tc * tc)
            dzi[j] = dc * g * i * (1.0 - i)
            dzf[j] = dc * fw.c[t - 1, j] * f * (1.0 - f)
            dzo[j] = dh[j] * tc * o * (1.0 - o)
            dzg[j] = dc * i * (1.0 - g * g)
            dc_next[j] = dc * f
        dh_next = [0.0] * H
        for j in range(H):
            for m in range(H):
                dWi[j][m] += dzi[j] * fw.h[t - 1, m]
                dWf[j][m] += dzf[j] * fw.h[t - 1, m]
                dWo[j][m] += dzo[j] * fw.h[t - 1, m]
                dWg[j][m] += dzg[j] * fw.h[t - 1, m]
                dh_next[m] += params.Wi[j, m] * dzi[j] + params.Wf[j, m] * dzf[j]
                dh_next[m] += params.Wo[j, m] * dzo[j] + params.Wg[j, m] * dzg[j]
            dUi[j][x[t]] += dzi[j]
            dUf[j][x[t]] += dzf[j]
            dUo[j][x[t]] += dzo[j]
            dUg[j][x[t]] += dzg[j]
    return [dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg]
