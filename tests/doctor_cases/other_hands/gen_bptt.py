"""BPTT with sleeping generators.

Every time step is a generator.  It does its forward work, hands out (h, c), and then just
*sleeps* with all its local variables alive - so there is no cache to manage at all.
The backward sweep wakes the steps up with .send(), last one first.
"""
import numpy as np

GATES = "ifog"


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def softmax(s):
    e = np.exp(s - s.max())
    return e / e.sum()


def time_step(P, grads, tok, target, h_prev, c_prev):
    pre = {k: P["W" + k] @ h_prev + P["U" + k][:, tok] for k in GATES}
    i, f, o = (sigmoid(pre[k]) for k in "ifo")
    g = np.tanh(pre["g"])
    c = f * c_prev + i * g
    tc = np.tanh(c)
    h = o * tc

    dh, dc = yield h, c  # zzz... until the gradient from the future arrives

    err = softmax(P["V"] @ h)
    err[target] -= 1
    grads["V"] += np.outer(err, h)
    dh = dh + P["V"].T @ err
    dc = dc + dh * o * (1 - tc ** 2)

    delta = {
        "i": dc * g * i * (1 - i),
        "f": dc * c_prev * f * (1 - f),
        "o": dh * tc * o * (1 - o),
        "g": dc * i * (1 - g ** 2),
    }
    dh_prev = np.zeros_like(h_prev)
    for k, d in delta.items():
        grads["W" + k] += np.outer(d, h_prev)
        grads["U" + k][:, tok] += d
        dh_prev += P["W" + k].T @ d
    yield dh_prev, dc * f


def run_forward(P, grads, xs, ys, h, c):
    """Yields the sleeping steps one after the other."""
    for tok, target in zip(xs, ys):
        step = time_step(P, grads, tok, target, h, c)
        h, c = next(step)
        yield step


def backward(params, x, targets, h0=None, c0=None):
    H = params["Wi"].shape[0]
    grads = {k: np.zeros(params[k].shape) for k in params.keys()}
    h0 = np.zeros(H) if h0 is None else h0
    c0 = np.zeros(H) if c0 is None else c0

    sleeping = list(run_forward(params, grads, x, targets, h0, c0))
    message = np.zeros(H), np.zeros(H)
    while sleeping:
        message = sleeping.pop().send(message)
    return grads
