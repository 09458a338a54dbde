"""
Backprop through an LSTM without a loop over time.

Step t needs two things: the state that comes in from t-1, and the gradients
that come back from t+1.  So let one recursive function do both: on the way in
it computes the forward pass, on the way out the gradients.  No caches at all,
the call stack is the cache :-)
"""
import numpy as np

GATES = "ifog"


def logistic(a):
    return 1.0 / (1.0 + np.exp(-a))


def softmax(z):
    e = np.exp(z - np.max(z))
    return e / np.sum(e)


def onehot(k, n):
    return np.eye(n)[k]


def add(a, b):
    """two dicts of gradients -> their sum, as a new dict"""
    return {name: a[name] + b[name] for name in a}


def backward(params, x, targets, h0=None, c0=None):
    V = params["V"]
    W = {k: params["W" + k] for k in GATES}
    U = {k: params["U" + k] for k in GATES}
    n_vocab, n = V.shape

    def bptt(t, h, c):
        """(gradients of the losses t, t+1, ..., and those w.r.t. the incoming h and c)"""
        if t == len(x):
            nothing = {name: np.zeros_like(params[name]) for name in params.keys()}
            return nothing, np.zeros(n), np.zeros(n)

        # on the way in
        net = {k: W[k] @ h + U[k][:, x[t]] for k in GATES}
        i, f, o = (logistic(net[k]) for k in "ifo")
        g = np.tanh(net["g"])
        c1 = f * c + i * g
        s = np.tanh(c1)
        h1 = o * s
        p = softmax(V @ h1)

        # the rest of the sequence is somebody else's problem
        later, dh1, dc1 = bptt(t + 1, h1, c1)

        # on the way out
        dy = p - onehot(targets[t], n_vocab)
        dh1 = dh1 + V.T @ dy
        dc1 = dc1 + dh1 * o * (1 - s * s)
        delta = {
            "i": dc1 * g * i * (1 - i),
            "f": dc1 * c * f * (1 - f),
            "o": dh1 * s * o * (1 - o),
            "g": dc1 * i * (1 - g * g),
        }
        here = {"V": np.outer(dy, h1)}
        for k in GATES:
            here["W" + k] = np.outer(delta[k], h)
            here["U" + k] = np.outer(delta[k], onehot(x[t], n_vocab))
        dh = sum(W[k].T @ delta[k] for k in GATES)
        dc = dc1 * f
        return add(here, later), dh, dc

    start_h = np.zeros(n) if h0 is None else h0
    start_c = np.zeros(n) if c0 is None else c0
    grads, _, _ = bptt(0, start_h, start_c)
    return grads
