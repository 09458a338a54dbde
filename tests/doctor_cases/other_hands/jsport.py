import math
import lstm_teach as lt

# ported from my lstm.js, keeping the same structure (no numpy, only plain arrays)

def zeros(n, m):
    return [[0.0 for _ in range(m)] for _ in range(n)]

def sigm(v):
    return 1 / (1 + math.exp(-v))

def mulVec(M, v):
    return [sum(M[r][k] * v[k] for k in range(len(v))) for r in range(len(M))]

def backward(params, x, targets, h0=None, c0=None):
    P = {name: params[name].tolist() for name in params.keys()}
    H = len(P['Wi'])
    K = len(P['V'])
    hPrev = list(h0) if h0 is not None else [0.0] * H
    cPrev = list(c0) if c0 is not None else [0.0] * H
    tape = []
    for tok in x:
        s = {'tok': tok, 'hPrev': hPrev, 'cPrev': cPrev}
        for name in 'ifog':
            z = mulVec(P['W' + name], hPrev)
            act = math.tanh if name == 'g' else sigm
            s[name] = [act(z[j] + P['U' + name][j][tok]) for j in range(H)]
        s['c'] = [s['f'][j] * cPrev[j] + s['i'][j] * s['g'][j] for j in range(H)]
        s['h'] = [s['o'][j] * math.tanh(s['c'][j]) for j in range(H)]
        logits = mulVec(P['V'], s['h'])
        top = max(logits)
        exps = [math.exp(l - top) for l in logits]
        s['prob'] = [e / sum(exps) for e in exps]
        tape.append(s)
        hPrev, cPrev = s['h'], s['c']

    grad = {name: zeros(len(P[name]), len(P[name][0])) for name in P}
    dhNext = [0.0] * H
    dcNext = [0.0] * H
    for t in range(len(tape) - 1, -1, -1):
        s = tape[t]
        dLogits = s['prob'][:]
        dLogits[targets[t]] -= 1
        dh = dhNext[:]
        for k in range(K):
            for j in range(H):
                grad['V'][k][j] += dLogits[k] * s['h'][j]
                dh[j] += P['V'][k][j] * dLogits[k]
        dhNext = [0.0] * H
        for j in range(H):
            tc = math.tanh(s['c'][j])
            dc = dcNext[j] + dh[j] * s['o'][j] * (1 - tc * tc)
            dz = {
                'i': dc * s['g'][j] * s['i'][j] * (1 - s['i'][j]),
                'f': dc * s['cPrev'][j] * s['f'][j] * (1 - s['f'][j]),
                'o': dh[j] * tc * s['o'][j] * (1 - s['o'][j]),
                'g': dc * s['i'][j] * (1 - s['g'][j] ** 2),
            }
            for name in dz:
                grad['U' + name][j][s['tok']] += dz[name]
                for m in range(H):
                    grad['W' + name][j][m] += dz[name] * s['hPrev'][m]
                    dhNext[m] += P['W' + name][j][m] * dz[name]
            dcNext[j] = dc * s['f'][j]
    return grad
