from functools import reduce
from itertools import accumulate

import numpy as np

sigmoid = lambda z: 0.5 * (1 + np.tanh(0.5 * z))
one_hot = lambda k, size: (np.arange(size) == k).astype(float)


def softmax(s):
    e = np.exp(s - np.max(s))
    return e / np.sum(e)


def stepper(p):
    """state, token -> next state"""
    pre = lambda q, h, token: p["W" + q] @ h + p["U" + q][:, token]

    def step(state, token):
        h, c = state["h"], state["c"]
        i, f, o = (sigmoid(pre(q, h, token)) for q in "ifo")
        g = np.tanh(pre("g", h, token))
        c_new = f * c + i * g
        h_new = o * np.tanh(c_new)
        return dict(i=i, f=f, o=o, g=g, c=c_new, h=h_new, c_prev=c, h_prev=h, token=token)

    return step


def puller(p):
    """(grads, dh, dc), (state, target) -> the same triple one step earlier"""
    K = p.vocab_size

    def pull(carry, record):
        grads, dh_next, dc_next = carry
        s, target = record
        ds = softmax(p.V @ s["h"]) - one_hot(target, K)
        dh = p.V.T @ ds + dh_next
        tc = np.tanh(s["c"])
        dc = dh * s["o"] * (1 - tc**2) + dc_next
        sig = lambda q: s[q] * (1 - s[q])
        dz = {
            "i": dc * s["g"] * sig("i"),
            "f": dc * s["c_prev"] * sig("f"),
            "o": dh * tc * sig("o"),
            "g": dc * s["i"] * (1 - s["g"] ** 2),
        }
        new = {"V": np.outer(ds, s["h"])}
        new.update({"W" + q: np.outer(dz[q], s["h_prev"]) for q in dz})
        new.update({"U" + q: np.outer(dz[q], one_hot(s["token"], K)) for q in dz})
        summed = {name: grads[name] + new[name] for name in grads}
        dh_prev = sum(p["W" + q].T @ dz[q] for q in "ifog")
        return summed, dh_prev, s["f"] * dc

    return pull


def backward(params, x, targets, h0=None, c0=None):
    zero = np.zeros(params.hidden_size)
    start = {"h": zero if h0 is None else h0, "c": zero if c0 is None else c0}
    _, *states = accumulate(x, stepper(params), initial=start)
    nothing = {name: np.zeros_like(matrix) for name, matrix in params.items()}
    records = reversed(list(zip(states, targets)))
    grads, _, _ = reduce(puller(params), records, (nothing, zero, zero))
    return grads
