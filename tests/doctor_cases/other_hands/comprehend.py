from collections import defaultdict

import numpy as np

GATES = "ifog"

sigmoid = lambda z: 1 / (1 + np.exp(-z))
dsigmoid = lambda z: sigmoid(z) * (1 - sigmoid(z))
dtanh = lambda z: 1 - np.tanh(z) ** 2

ACT = {k: np.tanh if k == "g" else sigmoid for k in GATES}
DACT = {k: dtanh if k == "g" else dsigmoid for k in GATES}


def softmax(scores):
    exps = [np.exp(s - max(scores)) for s in scores]
    return np.array([e / sum(exps) for e in exps])


def forward(params, x, h, c):
    """Everything we'll need later, as lists over time. h and c start with the initial state."""
    hist = defaultdict(list, h=[h], c=[c])
    for tok in x:
        z = {k: params["W" + k] @ hist["h"][-1] + params["U" + k][:, tok] for k in GATES}
        a = {k: ACT[k](z[k]) for k in GATES}
        hist["c"].append(a["f"] * hist["c"][-1] + a["i"] * a["g"])
        hist["h"].append(a["o"] * np.tanh(hist["c"][-1]))
        hist["p"].append(softmax(params["V"] @ hist["h"][-1]))
        hist["z"].append(z)
        hist["a"].append(a)
    return hist


def backward(params, x, targets, h0=None, c0=None):
    n_out, n_hid = params["V"].shape
    hist = forward(params, x, *(np.zeros(n_hid) if s is None else np.array(s) for s in (h0, c0)))

    onehots = np.eye(n_out)
    errors = [p - onehots[y] for p, y in zip(hist["p"], targets)]

    deltas = defaultdict(list)  # gate -> [delta at t for every t]
    dh_next = dc_next = np.zeros(n_hid)
    for t in reversed(range(len(x))):
        z, a = hist["z"][t], hist["a"][t]
        c_old, c_new = hist["c"][t : t + 2]
        dh = params["V"].T @ errors[t] + dh_next
        dc = dh * a["o"] * dtanh(c_new) + dc_next
        da = {"i": dc * a["g"], "f": dc * c_old, "o": dh * np.tanh(c_new), "g": dc * a["i"]}
        dz = {k: da[k] * DACT[k](z[k]) for k in GATES}
        for k in GATES:
            deltas[k].append(dz[k])
        dh_next = sum(params["W" + k].T @ dz[k] for k in GATES)
        dc_next = dc * a["f"]

    for k in GATES:
        deltas[k].reverse()  # they were collected from the last step to the first

    grads = {"V": sum(np.outer(e, h) for e, h in zip(errors, hist["h"][1:]))}
    for k in GATES:
        grads["W" + k] = sum(np.outer(d, h) for d, h in zip(deltas[k], hist["h"]))
        grads["U" + k] = np.zeros((n_hid, n_out))
        np.add.at(grads["U" + k].T, x, deltas[k])
    return grads
