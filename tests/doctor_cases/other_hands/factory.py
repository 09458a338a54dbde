import numpy as np


def make_gate(letter, squash, slope):
    """(forward, backward) of one gate; `slope` takes the gate's value"""
    w, u = "W" + letter, "U" + letter

    def fwd(net, h, k):
        return squash(net[w] @ h + net[u][:, k])

    def bwd(grad, value, dvalue, h, k):
        dz = dvalue * slope(value)
        grad[w] += np.outer(dz, h)
        grad[u][:, k] += dz
        return dz

    return fwd, bwd


LOGISTIC = (lambda z: 1 / (1 + np.exp(-z)), lambda y: y * (1 - y))
TANH = (np.tanh, lambda y: 1 - y * y)

GATES = {n: make_gate(n, *(TANH if n == "g" else LOGISTIC)) for n in "ifog"}
# what each gate gets from above: s = values of the step, e = (dh, dc)
BLAME = {
    "i": lambda s, e: e[1] * s["g"],
    "f": lambda s, e: e[1] * s["c_prev"],
    "o": lambda s, e: e[0] * s["tanh_c"],
    "g": lambda s, e: e[1] * s["i"],
}
# and what it hands down to h of the step before
TO_H = {n: lambda net, dz, n=n: net["W" + n].T @ dz for n in GATES}


def make_head(net, grad):
    def head(h, y):
        s = net["V"] @ h
        p = np.exp(s - s.max())
        p /= p.sum()
        p[y] -= 1
        grad["V"] += np.outer(p, h)
        return net["V"].T @ p
    return head


def step(net, h, c, k):
    s = {n: fwd(net, h, k) for n, (fwd, _) in GATES.items()}
    s["h_prev"], s["c_prev"], s["k"] = h, c, k
    s["c"] = s["f"] * c + s["i"] * s["g"]
    s["tanh_c"] = np.tanh(s["c"])
    s["h"] = s["o"] * s["tanh_c"]
    return s


def backward(params, x, targets, h0=None, c0=None):
    net = {name: params[name] for name in params.keys()}
    grad = {name: np.zeros(m.shape) for name, m in net.items()}
    head = make_head(net, grad)
    zero = np.zeros(len(net["Wi"]))

    h, c = (zero if v is None else v for v in (h0, c0))
    steps = []
    for k in x:
        steps.append(step(net, h, c, k))
        h, c = steps[-1]["h"], steps[-1]["c"]

    dh, dc = zero.copy(), zero.copy()
    for s, y in zip(steps[::-1], targets[::-1]):
        dh += head(s["h"], y)
        dc += dh * s["o"] * (1 - s["tanh_c"] ** 2)
        dz = {n: bwd(grad, s[n], BLAME[n](s, (dh, dc)), s["h_prev"], s["k"]) for n, (_, bwd) in GATES.items()}
        dh = sum(TO_H[n](net, dz[n]) for n in GATES)
        dc = dc * s["f"]
    return grad
