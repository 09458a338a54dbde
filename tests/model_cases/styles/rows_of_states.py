"""Arrays of states, one row per step, the initial state in a variable; one array per gate; squared error."""

import numpy as np

nh, nx = 4, 2


def squash(v):
    return 1 / (1 + np.exp(-v))


def case(T):
    rng = np.random.default_rng(300 + T)
    params = {}
    for gate in ("a", "i", "f", "o"):
        params["W" + gate] = rng.normal(0, 0.8, (nh, nx))
        params["U" + gate] = rng.normal(0, 0.7, (nh, nh))
        params["b" + gate] = rng.normal(0, 0.4, nh)
    params["w"] = rng.normal(0, 1, nh)
    x, goal = rng.normal(size=(T, nx)), rng.normal(size=T)

    def forward(p):
        st = {name: np.zeros((T, nh)) for name in ("a", "i", "f", "o", "s", "h")}
        h, s = np.zeros(nh), np.zeros(nh)
        for t in range(T):
            for gate in "aifo":
                z = p["W" + gate] @ x[t] + p["U" + gate] @ h + p["b" + gate]
                st[gate][t] = np.tanh(z) if gate == "a" else squash(z)
            s = st["a"][t] * st["i"][t] + st["f"][t] * s
            h = st["o"][t] * np.tanh(s)
            st["s"][t], st["h"][t] = s, h
        return st, st["h"] @ p["w"] - goal

    def loss(p):
        return (forward(p)[1] ** 2).sum() / 2

    def gradient(p):
        st, err = forward(p)
        grads = {k: np.zeros_like(v) for k, v in p.items()}
        a, i, f, o, s, h = (st[k] for k in "aifosh")
        dh_next, ds_next, f_next = np.zeros(nh), np.zeros(nh), np.zeros(nh)
        grads["w"] = h.T @ err
        for t in reversed(range(T)):
            h_before = h[t - 1] if t > 0 else np.zeros(nh)
            s_before = s[t - 1] if t > 0 else np.zeros(nh)
            dh = err[t] * p["w"] + dh_next
            ds = dh * o[t] * (1 - np.tanh(s[t]) ** 2) + ds_next * f_next
            dz = {
                "a": ds * i[t] * (1 - a[t] ** 2),
                "i": ds * a[t] * i[t] * (1 - i[t]),
                "f": ds * s_before * f[t] * (1 - f[t]),
                "o": dh * np.tanh(s[t]) * o[t] * (1 - o[t]),
            }
            dh_next = np.zeros(nh)
            for gate in "aifo":
                grads["W" + gate] += np.outer(dz[gate], x[t])
                grads["U" + gate] += np.outer(dz[gate], h_before)
                grads["b" + gate] += dz[gate]
                dh_next += p["U" + gate].T @ dz[gate]
            ds_next, f_next = ds, f[t]
        return grads

    return params, loss, gradient
