"""NumPy-only port of our JAX char-LSTM (custom_vjp style), so that it runs on the build box.

Every op comes as a pair: `op` returns (out, residuals), `op_vjp(residuals, ct)` pulls cotangents back.
"""
from collections import namedtuple

import numpy as np

Carry = namedtuple("Carry", "h c")


def tree_map(fn, *trees):
    return {k: fn(*(tree[k] for tree in trees)) for k in trees[0]}


def sigmoid(a):
    return 0.5 * (1.0 + np.tanh(0.5 * a))


def log_softmax(logits):
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum())


def pack(params):
    """Fuse the gates, order i, f, o, g, one matmul per step."""
    kernel = np.concatenate([params["U" + k] for k in "ifog"], axis=0)
    recurrent = np.concatenate([params["W" + k] for k in "ifog"], axis=0)
    return {"kernel": kernel, "recurrent": recurrent, "out": np.array(params["V"])}


def unpack(packed):
    grads = {"V": packed["out"]}
    for prefix, name in (("W", "recurrent"), ("U", "kernel")):
        for gate, block in zip("ifog", np.split(packed[name], 4, axis=0)):
            grads[prefix + gate] = block
    return grads


def lstm_cell(weights, carry, token):
    a = weights["recurrent"] @ carry.h + weights["kernel"][:, token]
    a_ifo, a_g = np.split(a, [3 * carry.h.size])
    i, f, o = np.split(sigmoid(a_ifo), 3)
    g = np.tanh(a_g)
    c = f * carry.c + i * g
    tc = np.tanh(c)
    return Carry(o * tc, c), (carry, token, i, f, o, g, tc)


def lstm_cell_vjp(weights, residuals, ct):
    carry, token, i, f, o, g, tc = residuals
    ct_c = ct.c + ct.h * o * (1.0 - tc * tc)
    ct_o = ct.h * tc
    ct_i, ct_g = ct_c * g, ct_c * i
    ct_f = ct_c * carry.c
    gates = np.concatenate([i, f, o])
    ct_ifo = np.concatenate([ct_i, ct_f, ct_o]) * gates * (1.0 - gates)
    ct_a = np.concatenate([ct_ifo, ct_g * (1.0 - g * g)])
    ct_kernel = np.zeros_like(weights["kernel"])
    ct_kernel[:, token] = ct_a
    ct_weights = {
        "kernel": ct_kernel,
        "recurrent": ct_a[:, None] * carry.h[None, :],
        "out": np.zeros_like(weights["out"]),
    }
    return ct_weights, Carry(weights["recurrent"].T @ ct_a, ct_c * f)


def xent(weights, h, label):
    logp = log_softmax(weights["out"] @ h)
    return -logp[label], (h, label, logp)


def xent_vjp(weights, residuals, ct):
    h, label, logp = residuals
    ct_logits = ct * (np.exp(logp) - np.eye(logp.size)[label])
    return np.outer(ct_logits, h), weights["out"].T @ ct_logits


def scan(fn, init, xs):
    carry, ys = init, []
    for item in xs:
        carry, y = fn(carry, item)
        ys.append(y)
    return carry, ys


def backward(params, x, targets, h0=None, c0=None):
    weights = pack(params)
    zeros = np.zeros(weights["out"].shape[1])
    init = Carry(zeros if h0 is None else h0, zeros if c0 is None else c0)

    def fwd(carry, item):
        token, label = item
        carry, cell_res = lstm_cell(weights, carry, token)
        _, out_res = xent(weights, carry.h, label)
        return carry, (cell_res, out_res)

    def bwd(state, res):
        acc, ct = state
        cell_res, out_res = res
        ct_out, ct_h = xent_vjp(weights, out_res, 1.0)
        ct_weights, ct = lstm_cell_vjp(weights, cell_res, Carry(ct.h + ct_h, ct.c))
        ct_weights["out"] = ct_weights["out"] + ct_out
        return (tree_map(np.add, acc, ct_weights), ct), None

    _, stacked = scan(fwd, init, zip(x, targets))
    acc = tree_map(np.zeros_like, weights)
    (acc, _), _ = scan(bwd, (acc, Carry(zeros, zeros)), reversed(stacked))
    return unpack(acc)
