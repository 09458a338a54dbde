import numpy as np

import lstm_teach as lt


def walk_back(params, mem, x, start, grads):
    """Follow the loss of one step all the way back."""
    e = mem.y[start].copy()
    e[x.wanted[start]] -= 1
    grads["V"] = grads["V"] + np.outer(e, mem.h[start])
    gh = e @ params["V"]
    gc = np.zeros(len(gh))
    pos = start
    while pos >= 0:
        i, f, o, g = mem.i[pos], mem.f[pos], mem.o[pos], mem.g[pos]
        gc = gc + gh * o * (1 - mem.ct[pos] ** 2)
        zi = gc * g * i * (1 - i)
        zf = gc * mem.c[pos - 1] * f * (1 - f)
        zo = gh * mem.ct[pos] * o * (1 - o)
        zg = gc * i * (1 - g**2)
        gh = zi @ params["Wi"] + zf @ params["Wf"] + zo @ params["Wo"] + zg @ params["Wg"]
        gc = gc * f
        for name, z in zip("ifog", [zi, zf, zo, zg]):
            grads["W" + name] = grads["W" + name] + np.outer(z, mem.h[pos - 1])
            grads["U" + name][:, x.tokens[pos]] += z
        pos = pos - 1


class Sequence:
    def __init__(self, tokens, wanted):
        self.tokens, self.wanted = tokens, wanted


def all_losses(params, x, targets, h0=None, c0=None):
    mem = lt.forward(params, x, h0, c0)
    grads = {k: np.zeros_like(v) for k, v in params.items()}
    seq = Sequence(x, targets)
    for start in range(len(x)):
        walk_back(params, mem, seq, start, grads)
    return grads
