import numpy as np
from collections import namedtuple

GATES = "ifog"
Step = namedtuple("Step", "token h_prev c_prev act tanh_c h")


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


act_fn = {"i": sigmoid, "f": sigmoid, "o": sigmoid, "g": np.tanh}
# derivatives, expressed by the activation (not by the pre-activation)
act_slope = {
    "i": lambda a: a * (1.0 - a),
    "f": lambda a: a * (1.0 - a),
    "o": lambda a: a * (1.0 - a),
    "g": lambda a: 1.0 - a * a,
}


def lstm_steps(W, U, tokens, hidden):
    h = np.zeros(hidden)
    c = np.zeros(hidden)
    for token in tokens:
        act = {k: act_fn[k](W[k].dot(h) + U[k][:, token]) for k in GATES}
        c_new = act["f"] * c + act["i"] * act["g"]
        tanh_c = np.tanh(c_new)
        h_new = act["o"] * tanh_c
        yield Step(token, h, c, act, tanh_c, h_new)
        h, c = h_new, c_new


def dloss_dlogits(logits, target):
    prob = np.exp(logits - np.logaddexp.reduce(logits))
    prob[target] -= 1.0
    return prob


def backward(params, x, targets):
    W = {k: params["W" + k] for k in GATES}
    U = {k: params["U" + k] for k in GATES}
    V = params["V"]
    hidden = V.shape[1]

    dW = {k: np.zeros_like(W[k]) for k in GATES}
    dU = {k: np.zeros_like(U[k]) for k in GATES}
    dV = np.zeros_like(V)

    from_h = np.zeros(hidden)  # dL/dh[t], the part that comes from step t+1
    from_c = np.zeros(hidden)  # the same for c

    steps = list(lstm_steps(W, U, x, hidden))
    for step, target in zip(reversed(steps), reversed(targets)):
        a = step.act

        dlogits = dloss_dlogits(V.dot(step.h), target)
        dV += np.outer(dlogits, step.h)
        dh = V.T.dot(dlogits) + from_h
        dc = from_c + dh * a["o"] * (1.0 - step.tanh_c ** 2)

        da = {
            "i": dc * a["g"],
            "f": dc * step.c_prev,
            "o": dh * step.tanh_c,
            "g": dc * a["i"],
        }

        from_h = np.zeros(hidden)
        for k in GATES:
            dz = da[k] * act_slope[k](a[k])
            dW[k] += np.outer(dz, step.h_prev)
            dU[k][:, step.token] += dz
            from_h += W[k].T.dot(dz)
        from_c = dc * a["f"]

    grads = {"V": dV}
    for k in GATES:
        grads["W" + k] = dW[k]
        grads["U" + k] = dU[k]
    return grads
