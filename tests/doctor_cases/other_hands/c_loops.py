import math
import numpy as np

def backward(params, x, targets):
    T = len(x); H = params.Wi.shape[0]; K = params.V.shape[0]
    W = [params.Wi, params.Wf, params.Wo, params.Wg]
    U = [params.Ui, params.Uf, params.Uo, params.Ug]
    act = np.zeros((T, 4, H)); cell = np.zeros((T + 1, H)); hid = np.zeros((T + 1, H))
    err = np.zeros((T, K))
    for t in range(0, T):
        for q in range(0, 4):
            for j in range(0, H):
                net = U[q][j][x[t]]
                for k in range(0, H):
                    net += W[q][j][k] * hid[t][k]
                if q < 3:
                    act[t][q][j] = 1.0 / (1.0 + math.exp(-net))
                else:
                    act[t][q][j] = math.tanh(net)
        for j in range(0, H):
            cell[t + 1][j] = act[t][1][j] * cell[t][j] + act[t][0][j] * act[t][3][j]
            hid[t + 1][j] = act[t][2][j] * math.tanh(cell[t + 1][j])
        total = 0.0
        for k in range(0, K):
            net = 0.0
            for j in range(0, H):
                net += params.V[k][j] * hid[t + 1][j]
            err[t][k] = math.exp(net)
            total += err[t][k]
        for k in range(0, K):
            err[t][k] /= total
        err[t][targets[t]] -= 1.0
    gW = np.zeros((4, H, H)); gU = np.zeros((4, H, K)); gV = np.zeros((K, H))
    eh = np.zeros(H); ec = np.zeros(H); en = np.zeros((4, H))
    t = T - 1
    while t >= 0:
        for j in range(0, H):
            for k in range(0, K):
                gV[k][j] += err[t][k] * hid[t + 1][j]
                eh[j] += params.V[k][j] * err[t][k]
        for j in range(0, H):
            i = act[t][0][j]; f = act[t][1][j]; o = act[t][2][j]; g = act[t][3][j]
            tc = math.tanh(cell[t + 1][j])
            ec[j] += eh[j] * o * (1.0 - tc * tc)
            en[0][j] = ec[j] * g * i * (1.0 - i)
            en[1][j] = ec[j] * cell[t][j] * f * (1.0 - f)
            en[2][j] = eh[j] * tc * o * (1.0 - o)
            en[3][j] = ec[j] * i * (1.0 - g * g)
            ec[j] *= f
        for k in range(0, H):
            eh[k] = 0.0
        for q in range(0, 4):
            for j in range(0, H):
                gU[q][j][x[t]] += en[q][j]
                for k in range(0, H):
                    gW[q][j][k] += en[q][j] * hid[t][k]
                    eh[k] += W[q][j][k] * en[q][j]
        t -= 1
    return [gV, gW[0], gW[1], gW[2], gW[3], gU[0], gU[1], gU[2], gU[3]]
