import math
import numpy as np

sig = lambda v: 1.0 / (1.0 + np.exp(-v))


def backward(params, x, targets, h0=None, c0=None):
    H = params["Wi"].shape[0]
    steps = []
    h = np.array(h0) if h0 is not None else np.zeros(H)
    c = np.array(c0) if c0 is not None else np.zeros(H)
    for tok, tgt in zip(x, targets):
        st = {"tok": tok, "tgt": tgt, "h_in": h, "c_in": c}
        for k in ["i", "f", "o"]:
            st[k] = sig(params["W" + k] @ h + params["U" + k][:, tok])
        st["g"] = np.tanh(params["Wg"] @ h + params["Ug"][:, tok])
        c = st["f"] * c + st["i"] * st["g"]
        h = st["o"] * np.tanh(c)
        st["c"], st["h"] = c, h
        ex = [math.exp(v) for v in params["V"] @ h]
        st["p"] = [v / sum(ex) for v in ex]
        steps.append(st)

    # walk the list from the end, hang the deltas on each step
    later = None
    for st in reversed(steps):
        st["err"] = np.array([p - (1 if n == st["tgt"] else 0) for n, p in enumerate(st["p"])])
        st["dh"] = params["V"].T @ st["err"]
        if later is not None:
            for k in "ifog":
                st["dh"] = st["dh"] + params["W" + k].T @ later["dz"][k]
        th = np.tanh(st["c"])
        st["dc"] = st["dh"] * st["o"] * (1 - th ** 2)
        if later is not None:
            st["dc"] += later["dc"] * later["f"]
        st["dz"] = {
            "i": st["dc"] * st["g"] * st["i"] * (1 - st["i"]),
            "f": st["dc"] * st["c_in"] * st["f"] * (1 - st["f"]),
            "o": st["dh"] * th * st["o"] * (1 - st["o"]),
            "g": st["dc"] * st["i"] * (1 - st["g"] ** 2),
        }
        later = st

    # now add everything up
    out = {"dV": sum(np.outer(st["err"], st["h"]) for st in steps)}
    for k in "ifog":
        out["dW" + k] = sum(np.outer(st["dz"][k], st["h_in"]) for st in steps)
        dU = np.zeros_like(params["U" + k])
        for st in steps:
            dU[:, st["tok"]] += st["dz"][k]
        out["dU" + k] = dU
    return out
