# no numpy here, I want to see every single multiplication. (numpy only to give the result back)
import math
import numpy as np

def zeros(rows, cols):
    return [[0.0] * cols for _ in range(rows)]

def sig(z):
    return 1.0 / (1.0 + math.exp(-z))

def softmax(s):
    m = max(s)
    e = [math.exp(v - m) for v in s]
    total = sum(e)
    return [v / total for v in e]

def gate(W, U, h, token, fun):
    n = len(h)
    return [fun(sum(W[a][b] * h[b] for b in range(n)) + U[a][token]) for a in range(n)]

def backward(params, x, targets, h0=None, c0=None):
    p = {name: [[float(v) for v in row] for row in params[name]] for name in params.keys()}
    n = len(p["Wi"])
    n_out = len(p["V"])
    d = {}
    for name in p:
        d[name] = zeros(len(p[name]), len(p[name][0]))

    # forward. hs[t], cs[t] = state BEFORE step t
    hs = [[0.0] * n if h0 is None else [float(v) for v in h0]]
    cs = [[0.0] * n if c0 is None else [float(v) for v in c0]]
    I, F, O, G, P = [], [], [], [], []
    for t in range(len(x)):
        k = int(x[t])
        I.append(gate(p["Wi"], p["Ui"], hs[t], k, sig))
        F.append(gate(p["Wf"], p["Uf"], hs[t], k, sig))
        O.append(gate(p["Wo"], p["Uo"], hs[t], k, sig))
        G.append(gate(p["Wg"], p["Ug"], hs[t], k, math.tanh))
        cs.append([F[t][a] * cs[t][a] + I[t][a] * G[t][a] for a in range(n)])
        hs.append([O[t][a] * math.tanh(cs[t + 1][a]) for a in range(n)])
        P.append(softmax([sum(p["V"][r][a] * hs[t + 1][a] for a in range(n)) for r in range(n_out)]))

    # backward
    dh = [0.0] * n
    dc = [0.0] * n
    for t in range(len(x) - 1, -1, -1):
        k = int(x[t])
        err = P[t][:]
        err[targets[t]] -= 1.0
        for r in range(n_out):
            for a in range(n):
                d["V"][r][a] += err[r] * hs[t + 1][a]
                dh[a] += p["V"][r][a] * err[r]

        delta = {"Wi": [0.0] * n, "Wf": [0.0] * n, "Wo": [0.0] * n, "Wg": [0.0] * n}
        for a in range(n):
            i, f, o, g = I[t][a], F[t][a], O[t][a], G[t][a]
            tc = math.tanh(cs[t + 1][a])
            dc[a] += dh[a] * o * (1 - tc * tc)
            delta["Wi"][a] = dc[a] * g * i * (1 - i)
            delta["Wf"][a] = dc[a] * cs[t][a] * f * (1 - f)
            delta["Wo"][a] = dh[a] * tc * o * (1 - o)
            delta["Wg"][a] = dc[a] * i * (1 - g * g)
            dc[a] *= f

        dh = [0.0] * n
        for name in delta:
            for a in range(n):
                d[name.replace("W", "U")][a][k] += delta[name][a]
                for b in range(n):
                    d[name][a][b] += delta[name][a] * hs[t][b]
                    dh[b] += p[name][a][b] * delta[name][a]

    return {name: np.array(d[name]) for name in d}
