from collections import namedtuple

import numpy as np

Passo = namedtuple("Passo", "tok h_prima c_prima i f o g c tc h y")

sig = lambda z: 1 / (1 + np.exp(-z))
pend_sig = lambda s: s * (1 - s)
pend_tanh = lambda a: 1 - a * a
prob = lambda q: np.exp(q - q.max()) / np.exp(q - q.max()).sum()


def avanti(params, x, h, c):
    passi = []
    for tok in x:
        z = {p: params[f"W{p}"] @ h + params[f"U{p}"][:, tok] for p in "ifog"}
        i, f, o = (sig(z[p]) for p in "ifo")
        g = np.tanh(z["g"])
        c_nuova = f * c + i * g
        tc = np.tanh(c_nuova)
        h_nuova = o * tc
        passi.append(Passo(tok, h, c, i, f, o, g, c_nuova, tc, h_nuova, prob(params.V @ h_nuova)))
        h, c = h_nuova, c_nuova
    return passi


def backward(params, x, targets, h0=None, c0=None):
    K, H = params.V.shape
    zero = lambda: np.zeros(H)
    uno_caldo = lambda k: np.array([1.0 if j == k else 0.0 for j in range(K)])
    inizio = lambda s: zero() if s is None else np.array(s, dtype=float)
    passi = avanti(params, x, inizio(h0), inizio(c0))

    errori = [s.y - uno_caldo(k) for s, k in zip(passi, targets)]
    dh_dopo, dc_dopo = zero(), zero()
    delte = []  # dall'ultimo passo al primo
    for s, e in zip(reversed(passi), reversed(errori)):
        dh = e @ params.V + dh_dopo
        dc = dh * s.o * pend_tanh(s.tc) + dc_dopo
        d = {
            "i": dc * s.g * pend_sig(s.i),
            "f": dc * s.c_prima * pend_sig(s.f),
            "o": dh * s.tc * pend_sig(s.o),
            "g": dc * s.i * pend_tanh(s.g),
        }
        dh_dopo = sum(d[p] @ params[f"W{p}"] for p in "ifog")
        dc_dopo = dc * s.f
        delte.append(d)
    delte.reverse()

    coppie = list(zip(delte, passi))
    grad = {"V": sum(np.outer(e, s.h) for e, s in zip(errori, passi))}
    for p in "ifog":
        grad[f"W{p}"] = sum(np.outer(d[p], s.h_prima) for d, s in coppie)
        grad[f"U{p}"] = sum(np.outer(d[p], uno_caldo(s.tok)) for d, s in coppie)
    return grad
