import numpy as np


def step_by_step(net, tokens, answers):
    n = net.hidden_size
    h = np.zeros(n)
    c = np.zeros(n)
    saved = []
    for tok in tokens:
        z = net.W @ h + net.U[:, tok]
        i, f, o = (1 / (1 + np.exp(-z[k * n : (k + 1) * n])) for k in range(3))
        g = np.tanh(z[3 * n :])
        row = {"h_prev": h, "c_prev": c, "i": i, "f": f, "o": o, "g": g}
        c *= f
        c += i * g
        h = o * np.tanh(c)
        row["h"] = h
        row["tanh_c"] = np.tanh(c)
        saved.append(row)
    grads = [np.zeros_like(m) for m in net.values()]
    dh_next = np.zeros(n)
    dc_next = np.zeros(n)
    for t in reversed(range(len(tokens))):
        s = saved[t]
        p = np.exp(net.V @ s["h"])
        p /= p.sum()
        p[answers[t]] -= 1
        grads[0] += np.outer(p, s["h"])
        dh = p @ net.V + dh_next
        dc = dh * s["o"] * (1 - s["tanh_c"] ** 2) + dc_next
        d = [dc * s["g"], dc * s["c_prev"], dh * s["tanh_c"], dc * s["i"] * (1 - s["g"] ** 2)]
        for k, gate in enumerate("ifo"):
            d[k] = d[k] * s[gate] * (1 - s[gate])
        for k in range(4):
            grads[1 + k] += np.outer(d[k], s["h_prev"])
            grads[5 + k][:, tokens[t]] += d[k]
        dh_next = np.concatenate(d) @ net.W
        dc_next = dc * s["f"]
    return grads
