# poor man's jax.vjp: every op gives back (value, pullback).
# a pullback eats the cotangent of the output and spits out those of the inputs.
import numpy as np

GATES = "ifog"


def affine(W, U, h, k):
    def pullback(dz):
        dU = np.zeros_like(U)
        dU[:, k] = dz
        return np.outer(dz, h), dU, W.T @ dz

    return W @ h + U[:, k], pullback


def sigmoid(z):
    s = 1 / (1 + np.exp(-z))
    return s, lambda ds: ds * s * (1 - s)


def tanh(z):
    y = np.tanh(z)
    return y, lambda dy: dy * (1 - y * y)


def mul(a, b):
    return a * b, lambda d: (d * b, d * a)


def xent(V, h, label):
    scores = V @ h
    e = np.exp(scores - scores.max())
    q = e / e.sum()

    def pullback():
        d = q.copy()
        d[label] -= 1
        return np.outer(d, h), V.T @ d

    return -np.log(q[label]), pullback


def cell(p, add, h, c, k):
    val, back = {}, {}
    for n in GATES:
        z, lin = affine(p["W" + n], p["U" + n], h, k)
        val[n], act = tanh(z) if n == "g" else sigmoid(z)
        back[n] = lambda d, lin=lin, act=act: lin(act(d))
    keep, keep_back = mul(val["f"], c)
    new, new_back = mul(val["i"], val["g"])
    c_out = keep + new
    squashed, squash_back = tanh(c_out)
    h_out, out_back = mul(val["o"], squashed)

    def pullback(dh, dc):
        d = {}
        d["o"], dsquashed = out_back(dh)
        dc = dc + squash_back(dsquashed)
        d["f"], dc_prev = keep_back(dc)
        d["i"], d["g"] = new_back(dc)
        dh_prev = np.zeros_like(h)
        for n in GATES:
            dW, dU, dh_n = back[n](d[n])
            add("W" + n, dW)
            add("U" + n, dU)
            dh_prev += dh_n
        return dh_prev, dc_prev

    return h_out, c_out, pullback


def backward(params, x, targets, h0=None, c0=None):
    grads = {n: np.zeros_like(params[n]) for n in params.keys()}

    def add(name, g):
        grads[name] += g

    H = params["V"].shape[1]
    h = np.zeros(H) if h0 is None else h0
    c = np.zeros(H) if c0 is None else c0
    stack, loss = [], 0
    for k, label in zip(x, targets):
        h, c, cell_pull = cell(params, add, h, c, k)
        l, out_pull = xent(params["V"], h, label)
        loss += l
        stack.append((cell_pull, out_pull))

    dh, dc = np.zeros(H), np.zeros(H)
    while stack:
        cell_pull, out_pull = stack.pop()
        dV, dh_out = out_pull()
        add("V", dV)
        dh, dc = cell_pull(dh + dh_out, dc)
    return grads
