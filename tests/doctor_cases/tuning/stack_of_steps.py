import numpy as np

import lstm_teach as lt


def train_step_grads(net, seq, labels, h0=None, c0=None):
    res = lt.forward(net, seq, h0, c0)
    stack = []
    for t, token in enumerate(seq):
        stack.append(
            {
                "token": token,
                "label": labels[t],
                "probs": res.y[t],
                "i": res.i[t],
                "f": res.f[t],
                "o": res.o[t],
                "g": res.g[t],
                "tanh_c": res.ct[t],
                "h": res.h[t],
                "h_prev": res.h[t - 1],
                "c_prev": res.c[t - 1],
            }
        )
    grads = {k: np.zeros_like(net[k]) for k in net}
    dh_stack = [np.zeros(net.hidden_size)]
    dc_stack = [np.zeros(net.hidden_size)]
    while stack:
        s = stack.pop()
        dlogits = s["probs"].copy()
        dlogits[s["label"]] -= 1
        grads["V"] += np.outer(dlogits, s["h"])
        dh = dh_stack.pop() + net["V"].T @ dlogits
        dc = dc_stack.pop() + dh * s["o"] * (1 - s["tanh_c"] ** 2)
        d = {
            "i": dc * s["g"] * s["i"] * (1 - s["i"]),
            "f": dc * s["c_prev"] * s["f"] * (1 - s["f"]),
            "o": dh * s["tanh_c"] * s["o"] * (1 - s["o"]),
            "g": dc * s["i"] * (1 - s["g"] ** 2),
        }
        for gate in d:
            grads[f"W{gate}"] += np.outer(d[gate], s["h_prev"])
            grads[f"U{gate}"][:, s["token"]] += d[gate]
        dh_stack.append(sum(net[f"W{gate}"].T @ d[gate] for gate in d))
        dc_stack.append(dc * s["f"])
    return grads
