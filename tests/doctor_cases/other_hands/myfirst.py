import numpy as np
import math

# my LSTM from scratch!! no matrix tricks, just loops so I understand it

def sig(x):
    return 1 / (1 + math.exp(-x))

def dsig(y):      # y is already sig(x)
    return y * (1 - y)

def dtanh(y):     # y is already tanh(x)
    return 1 - y * y

def rowdot(M, r, v):
    s = 0
    for k in range(len(v)):
        s += M[r][k] * v[k]
    return s

def softmax(z):
    biggest = max(z)
    e = [math.exp(a - biggest) for a in z]
    total = sum(e)
    return [a / total for a in e]

def zeros_like_list(n):
    return [0.0] * n

def do_forward(p, x, h, c):
    H = len(h)
    K = len(p["V"])
    # hs[t] and cs[t] are the values BEFORE step t
    hs, cs = [h], [c]
    I, F, O, G, Y = [], [], [], [], []
    for t in range(len(x)):
        i, f, o, g = np.zeros(H), np.zeros(H), np.zeros(H), np.zeros(H)
        newh = zeros_like_list(H)
        newc = zeros_like_list(H)
        for j in range(H):
            i[j] = sig(rowdot(p["Wi"], j, h) + p["Ui"][j][x[t]])
            f[j] = sig(rowdot(p["Wf"], j, h) + p["Uf"][j][x[t]])
            o[j] = sig(rowdot(p["Wo"], j, h) + p["Uo"][j][x[t]])
            g[j] = math.tanh(rowdot(p["Wg"], j, h) + p["Ug"][j][x[t]])
            newc[j] = f[j] * c[j] + i[j] * g[j]
            newh[j] = o[j] * math.tanh(newc[j])
        h = newh
        c = newc
        hs.append(h)
        cs.append(c)
        I.append(i); F.append(f); O.append(o); G.append(g)
        Y.append(softmax([rowdot(p["V"], k, h) for k in range(K)]))
    return hs, cs, I, F, O, G, Y

def backward(params, x, targets, h0=None, c0=None):
    K, H = params["V"].shape
    T = len(x)
    start_h = zeros_like_list(H) if h0 is None else list(h0)
    start_c = zeros_like_list(H) if c0 is None else list(c0)
    hs, cs, I, F, O, G, Y = do_forward(params, x, start_h, start_c)

    grad = {}
    for name in params.keys():
        grad[name] = np.zeros(params[name].shape)

    dh_later = zeros_like_list(H)   # what comes back from step t+1
    dc_later = zeros_like_list(H)
    for t in range(T - 1, -1, -1):
        dy = Y[t]
        dy[targets[t]] -= 1
        dh = zeros_like_list(H)
        for j in range(H):
            dh[j] = dh_later[j]
            for k in range(K):
                dh[j] += params["V"][k][j] * dy[k]
                grad["V"][k][j] += dy[k] * hs[t + 1][j]
        dh_later = zeros_like_list(H)
        for j in range(H):
            tc = math.tanh(cs[t + 1][j])
            dc = dc_later[j] + dh[j] * O[t][j] * dtanh(tc)
            do = dh[j] * tc * dsig(O[t][j])
            di = dc * G[t][j] * dsig(I[t][j])
            df = dc * cs[t][j] * dsig(F[t][j])
            dg = dc * I[t][j] * dtanh(G[t][j])
            dc_later[j] = dc * F[t][j]
            for k in range(H):
                h_before = hs[t][k]
                grad["Wi"][j][k] += di * h_before
                grad["Wf"][j][k] += df * h_before
                grad["Wo"][j][k] += do * h_before
                grad["Wg"][j][k] += dg * h_before
                dh_later[k] += di * params["Wi"][j][k]
                dh_later[k] += df * params["Wf"][j][k]
                dh_later[k] += do * params["Wo"][j][k]
                dh_later[k] += dg * params["Wg"][j][k]
            grad["Ui"][j][x[t]] += di
            grad["Uf"][j][x[t]] += df
            grad["Uo"][j][x[t]] += do
            grad["Ug"][j][x[t]] += dg
    return grad
