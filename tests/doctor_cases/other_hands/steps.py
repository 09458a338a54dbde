"""One object per time step, one function per equation.

Every function does exactly one line of my paper notes; the lists FORWARD and
BACKWARD say in which order.  A step knows its predecessor (`prev`); the first
one points to a dummy step which only holds the initial state.
"""
import numpy as np


class Step:
    def __init__(self, h=None, c=None, prev=None, token=None, target=None):
        self.h, self.c = h, c
        self.prev, self.token, self.target = prev, token, target
        self.a, self.da = {}, {}  # activations and deltas of the gates

    def clear(self, size):
        self.dh = np.zeros(size)
        self.dc = np.zeros(size)


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


# ---- forward equations
def eq_i(P, s): s.a["i"] = sigmoid(P["Wi"] @ s.prev.h + P["Ui"][:, s.token])
def eq_f(P, s): s.a["f"] = sigmoid(P["Wf"] @ s.prev.h + P["Uf"][:, s.token])
def eq_o(P, s): s.a["o"] = sigmoid(P["Wo"] @ s.prev.h + P["Uo"][:, s.token])
def eq_g(P, s): s.a["g"] = np.tanh(P["Wg"] @ s.prev.h + P["Ug"][:, s.token])
def eq_c(P, s): s.c = s.a["f"] * s.prev.c + s.a["i"] * s.a["g"]
def eq_tanh(P, s): s.th = np.tanh(s.c)
def eq_h(P, s): s.h = s.a["o"] * s.th


def eq_p(P, s):
    e = np.exp(P["V"] @ s.h)
    s.p = e / e.sum()


# ---- backward equations; dh and dc of a step collect from several sides
def back_scores(P, s):
    s.dy = s.p.copy()
    s.dy[s.target] -= 1.0


def back_h(P, s): s.dh += P["V"].T @ s.dy
def back_c(P, s): s.dc += s.dh * s.a["o"] * (1 - s.th ** 2)
def back_i(P, s): s.da["i"] = s.dc * s.a["g"] * sigmoid_slope(s.a["i"])
def back_f(P, s): s.da["f"] = s.dc * s.prev.c * sigmoid_slope(s.a["f"])
def back_o(P, s): s.da["o"] = s.dh * s.th * sigmoid_slope(s.a["o"])
def back_g(P, s): s.da["g"] = s.dc * s.a["i"] * (1 - s.a["g"] ** 2)
def back_prev_c(P, s): s.prev.dc += s.dc * s.a["f"]


def back_prev_h(P, s):
    for gate in "ifog":
        s.prev.dh += P["W" + gate].T @ s.da[gate]


def sigmoid_slope(y): return y * (1 - y)


FORWARD = [eq_i, eq_f, eq_o, eq_g, eq_c, eq_tanh, eq_h, eq_p]
BACKWARD = [back_scores, back_h, back_c, back_i, back_f, back_o, back_g, back_prev_c, back_prev_h]


def weight_grads(P, steps):
    grads = {name: np.zeros_like(P[name]) for name in P.keys()}
    for s in steps:
        grads["V"] += np.outer(s.dy, s.h)
        for gate in "ifog":
            grads["W" + gate] += np.outer(s.da[gate], s.prev.h)
            grads["U" + gate][:, s.token] += s.da[gate]
    return grads


def backward(params, x, targets, h0=None, c0=None):
    H = params["V"].shape[1]
    start = Step(h=np.zeros(H) if h0 is None else h0, c=np.zeros(H) if c0 is None else c0)
    steps = [start]
    for token, target in zip(x, targets):
        steps.append(Step(prev=steps[-1], token=token, target=target))
        for equation in FORWARD:
            equation(params, steps[-1])

    for s in steps:
        s.clear(H)
    for s in reversed(steps[1:]):
        for equation in BACKWARD:
            equation(params, s)
    return weight_grads(params, steps[1:])
