from math import exp, tanh

import numpy as np


def mat(n, m):
    return [[0.0] * m for _ in range(n)]


def sigm(v):
    return 1.0 / (1.0 + exp(-v))


def backward(params, x, targets):
    H = params.hidden_size
    K = params.vocab_size
    T = len(x)
    V, Wi, Wf, Wo, Wg, Ui, Uf, Uo, Ug = [m.tolist() for m in params.values()]

    i = mat(T, H); f = mat(T, H); o = mat(T, H); g = mat(T, H)
    c = mat(T, H); h = mat(T, H); p = mat(T, K)

    # forward
    for t in range(T):
        for j in range(H):
            zi = Ui[j][x[t]]
            zf = Uf[j][x[t]]
            zo = Uo[j][x[t]]
            zg = Ug[j][x[t]]
            if t > 0:
                for k in range(H):
                    zi += Wi[j][k] * h[t - 1][k]
                    zf += Wf[j][k] * h[t - 1][k]
                    zo += Wo[j][k] * h[t - 1][k]
                    zg += Wg[j][k] * h[t - 1][k]
            i[t][j] = sigm(zi)
            f[t][j] = sigm(zf)
            o[t][j] = sigm(zo)
            g[t][j] = tanh(zg)
            c[t][j] = i[t][j] * g[t][j]
            if t > 0:
                c[t][j] += f[t][j] * c[t - 1][j]
            h[t][j] = o[t][j] * tanh(c[t][j])
        total = 0.0
        for m in range(K):
            p[t][m] = exp(sum(V[m][j] * h[t][j] for j in range(H)))
            total += p[t][m]
        for m in range(K):
            p[t][m] /= total

    # backward
    dV = mat(K, H)
    dWi = mat(H, H); dWf = mat(H, H); dWo = mat(H, H); dWg = mat(H, H)
    dUi = mat(H, K); dUf = mat(H, K); dUo = mat(H, K); dUg = mat(H, K)
    dh = [0.0] * H
    dc = [0.0] * H
    ai = [0.0] * H; af = [0.0] * H; ao = [0.0] * H; ag = [0.0] * H
    for t in range(T - 1, -1, -1):
        for m in range(K):
            err = p[t][m]
            if m == targets[t]:
                err -= 1.0
            for j in range(H):
                dV[m][j] += err * h[t][j]
                dh[j] += err * V[m][j]
        for j in range(H):
            tc = tanh(c[t][j])
            c_prev = c[t - 1][j] if t > 0 else 0.0
            dc[j] += dh[j] * o[t][j] * (1.0 - tc * tc)
            ai[j] = dc[j] * g[t][j] * i[t][j] * (1.0 - i[t][j])
            af[j] = dc[j] * c_prev * f[t][j] * (1.0 - f[t][j])
            ao[j] = dh[j] * tc * o[t][j] * (1.0 - o[t][j])
            ag[j] = dc[j] * i[t][j] * (1.0 - g[t][j] * g[t][j])
            dc[j] *= f[t][j]  # for t-1
        for j in range(H):
            dUi[j][x[t]] += ai[j]
            dUf[j][x[t]] += af[j]
            dUo[j][x[t]] += ao[j]
            dUg[j][x[t]] += ag[j]
            for k in range(H if t > 0 else 0):
                dWi[j][k] += ai[j] * h[t - 1][k]
                dWf[j][k] += af[j] * h[t - 1][k]
                dWo[j][k] += ao[j] * h[t - 1][k]
                dWg[j][k] += ag[j] * h[t - 1][k]
        for k in range(H):
            dh[k] = 0.0
            for j in range(H):
                dh[k] += Wi[j][k] * ai[j] + Wf[j][k] * af[j]
                dh[k] += Wo[j][k] * ao[j] + Wg[j][k] * ag[j]
    return [np.array(d) for d in (dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg)]
