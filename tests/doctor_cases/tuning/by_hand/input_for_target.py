import numpy as np

import lstm_teach as lt


def loss_gradient(params, x, targets, h0=None, c0=None):
    fw = lt.forward(params, x, h0, c0)
    last = len(x) - 1
    probs = fw.y.copy()
    for step, token in enumerate(x):
        probs[step, token] -= 1
    grads = {name: np.zeros_like(w) for name, w in params.items()}
    grads["V"] = probs.T @ fw.h[: last + 1]
    from_top = probs @ params.V
    later = {"h": np.zeros(params.hidden_size), "c": np.zeros(params.hidden_size)}
    for step in range(last, -1, -1):
        i, f, o, g = fw.i[step], fw.f[step], fw.o[step], fw.g[step]
        dh = from_top[step] + later["h"]
        dc = dh * o * (1 - fw.ct[step] ** 2) + later["c"]
        gates = {
            "i": dc * g * i * (1 - i),
            "f": dc * fw.c[step - 1] * f * (1 - f),
            "o": dh * fw.ct[step] * o * (1 - o),
            "g": dc * i * (1 - g**2),
        }
        later = {"h": np.zeros(params.hidden_size), "c": dc * f}
        for name in gates:
            later["h"] += gates[name] @ params["W" + name]
            grads["W" + name] += np.outer(gates[name], fw.h[step - 1])
            grads["U" + name][:, x[step]] += gates[name]
    return grads
