import numpy as np

import lstm_teach as lt


def backwardPass(net, tokens, nextTokens, h0=None, c0=None):
    mem = lt.forward(net, tokens, h0, c0)
    seqLen = len(tokens)
    H = net.hidden_size
    dParams = {}
    for key in net:
        dParams[key] = np.zeros(net[key].shape)
    dhNext = np.zeros((1, H))
    dcNext = np.zeros((1, H))
    for step in range(seqLen)[::-1]:
        hPrev = mem.h[step - 1].reshape(1, -1)
        cPrev = mem.c[step - 1].reshape(1, -1)
        iG, fG, oG, gG = (a[step].reshape(1, -1) for a in (mem.i, mem.f, mem.o, mem.g))
        tC = mem.ct[step].reshape(1, -1)
        dScore = mem.y[step].reshape(1, -1).copy()
        dScore[0, nextTokens[step]] -= 1
        dParams["V"] += dScore.T @ mem.h[step].reshape(1, -1)
        dHidden = dScore @ net["V"]
        dHidden = dHidden + dhNext
        dCell = dHidden * oG
        dCell = dCell * (1 - tC * tC)
        dCell = dCell + dcNext
        dOut = dHidden * tC * oG * (1 - oG)
        dForget = dCell * cPrev * fG * (1 - fG)
        dInput = dCell * gG * iG * (1 - iG)
        dCand = dCell * iG * (1 - gG * gG)
        dhNext = np.zeros((1, H))
        for letter, dGate in (("i", dInput), ("f", dForget), ("o", dOut), ("g", dCand)):
            dParams["W" + letter] += dGate.T @ hPrev
            dParams["U" + letter][:, tokens[step]] += dGate[0]
            dhNext += dGate @ net["W" + letter]
        dcNext = fG * dCell
    return dParams
