import numpy as np
import lstm_teach as lt

# Every quantity lives in a dictionary, under its letter and its time: v["c", 3] is the cell after step 3,
# d["c", 3] is the derivative of the loss by it. So the code reads just like the formulas in the post.

SLOPE = {
    "i": lambda a: a * (1 - a),
    "f": lambda a: a * (1 - a),
    "o": lambda a: a * (1 - a),
    "g": lambda a: 1 - a * a,
}


def collect_values(params, x, h0, c0):
    cache = lt.forward(params, x, h0, c0)
    v = {}
    for t in range(len(x)):
        for letter in ["i", "f", "o", "g", "y", "c", "ct", "h"]:
            v[letter, t] = getattr(cache, letter)[t]
    v["c", -1] = cache.c[-1]
    v["h", -1] = cache.h[-1]
    return v


def backward(params, x, targets, h0=None, c0=None):
    v = collect_values(params, x, h0, c0)
    last = len(x) - 1
    d = {}
    for t in range(last, -1, -1):
        d["score", t] = v["y", t] - np.eye(len(params.V))[targets[t]]

        # h[t] goes to the scores at t and to the four gates at t+1
        d["h", t] = d["score", t] @ params.V
        if t < last:
            for gate in "ifog":
                d["h", t] += d[gate, t + 1] @ params["W" + gate]

        # c[t] goes to h[t] and to c[t+1]
        d["c", t] = d["h", t] * v["o", t] * (1 - v["ct", t] ** 2)
        if t < last:
            d["c", t] += d["c", t + 1] * v["f", t + 1]

        d["o", t] = d["h", t] * v["ct", t]
        d["i", t] = d["c", t] * v["g", t]
        d["f", t] = d["c", t] * v["c", t - 1]
        d["g", t] = d["c", t] * v["i", t]
        for gate in "ifog":  # through the squashing function
            d[gate, t] = d[gate, t] * SLOPE[gate](v[gate, t])

    grads = {"dV": sum(np.outer(d["score", t], v["h", t]) for t in range(last + 1))}
    for gate in "ifog":
        grads["dW" + gate] = sum(np.outer(d[gate, t], v["h", t - 1]) for t in range(last + 1))
        grads["dU" + gate] = np.zeros_like(params["U" + gate])
        for t in range(last + 1):
            grads["dU" + gate][:, x[t]] += d[gate, t]
    return grads
