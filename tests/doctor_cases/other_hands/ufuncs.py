import math

import numpy as np

mul, add, sub = np.multiply, np.add, np.subtract
sigma = np.vectorize(lambda z: 1.0 / (1.0 + math.exp(-z)), otypes=[float])
one_minus_sq = np.vectorize(lambda v: 1.0 - v * v, otypes=[float])


def softmax(row):
    e = np.exp(sub(row, np.maximum.reduce(row)))
    return np.true_divide(e, add.reduce(e))


def backward(params, x, targets, h0=None, c0=None):
    x, targets = np.asarray(x), np.asarray(targets)
    T, H = x.size, params["Wi"].shape[0]
    # row 0 = initial state, row t+1 = after step t
    hh, cc = np.zeros((T + 1, H)), np.zeros((T + 1, H))
    if h0 is not None:
        np.copyto(hh[0], h0)
    if c0 is not None:
        np.copyto(cc[0], c0)

    # input part of all steps at once: (gate, T, H); the recurrent part is added in place
    act = np.stack([np.take(params["U" + k], x, axis=1).T for k in "ifog"])
    for t in range(T):
        for n, k in enumerate("ifog"):
            add(act[n, t], np.dot(params["W" + k], hh[t]), out=act[n, t])
        act[:3, t] = sigma(act[:3, t])
        np.tanh(act[3, t], out=act[3, t])
        i, f, o, g = act[:, t]
        mul(f, cc[t], out=cc[t + 1])
        add(cc[t + 1], mul(i, g), out=cc[t + 1])
        mul(o, np.tanh(cc[t + 1]), out=hh[t + 1])

    scores = np.inner(hh[1:], params["V"])  # (T, K)
    err = np.apply_along_axis(softmax, 1, scores)
    np.subtract.at(err, (np.arange(T), targets), 1.0)
    dh_out = np.dot(err, params["V"])

    th = np.tanh(cc[1:])
    sech2 = one_minus_sq(th)
    # local slopes of the four gates
    slope = mul(act, sub(1.0, act))
    slope[3] = one_minus_sq(act[3])

    dz = np.empty_like(act)
    dh, dc, tmp = np.zeros(H), np.zeros(H), np.empty(H)
    for t in reversed(range(T)):
        i, f, o, g = act[:, t]
        add(dh, dh_out[t], out=dh)
        mul(dh, o, out=tmp)
        mul(tmp, sech2[t], out=tmp)
        add(dc, tmp, out=dc)
        mul(dc, g, out=dz[0, t])
        mul(dc, cc[t], out=dz[1, t])
        mul(dh, th[t], out=dz[2, t])
        mul(dc, i, out=dz[3, t])
        mul(dz[:, t], slope[:, t], out=dz[:, t])
        mul(dc, f, out=dc)
        dh.fill(0.0)
        for n, k in enumerate("ifog"):
            add(dh, np.dot(dz[n, t], params["W" + k]), out=dh)

    grads = {"V": np.dot(err.T, hh[1:])}
    for n, k in enumerate("ifog"):
        grads["W" + k] = add.reduce([mul.outer(dz[n, t], hh[t]) for t in range(T)], axis=0)
        grads["U" + k] = np.zeros_like(params["U" + k])
        add.at(grads["U" + k].T, x, dz[n])
    return grads
