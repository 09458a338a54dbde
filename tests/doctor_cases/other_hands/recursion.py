import numpy as np


def squash(name, z):
    return np.tanh(z) if name == "g" else 1 / (1 + np.exp(-z))


def unsquash(name, a):
    return 1 - a * a if name == "g" else a - a * a


def backward(params, x, targets, h0=None, c0=None):
    grads = {name: np.zeros(params[name].shape) for name in params}
    H = params.V.shape[1]

    def visit(t, h_in, c_in):
        """Go forward through step t, let the rest of the sequence be done, come back with dL/dh_in, dL/dc_in."""
        if t == len(x):
            return np.zeros(H), np.zeros(H)

        act = {k: squash(k, params["U" + k][:, x[t]] + params["W" + k] @ h_in) for k in "ifog"}
        c_out = act["f"] * c_in + act["i"] * act["g"]
        tc = np.tanh(c_out)
        h_out = act["o"] * tc

        dh, dc = visit(t + 1, h_out, c_out)

        logits = params.V @ h_out
        dlogits = np.exp(logits - logits.max())
        dlogits /= dlogits.sum()
        dlogits[targets[t]] -= 1
        grads["V"] += np.outer(dlogits, h_out)
        dh = dh + params.V.T @ dlogits
        dc = dc + dh * act["o"] * unsquash("g", tc)

        dact = {
            "i": dc * act["g"],
            "f": dc * c_in,
            "o": dh * tc,
            "g": dc * act["i"],
        }
        dh_in = np.zeros(H)
        for k, d in dact.items():
            dz = d * unsquash(k, act[k])
            grads["W" + k] += np.outer(dz, h_in)
            grads["U" + k][:, x[t]] += dz
            dh_in += params["W" + k].T @ dz
        dc_in = dc * act["f"]
        return dh_in, dc_in

    visit(
        0,
        np.zeros(H) if h0 is None else np.asarray(h0, float),
        np.zeros(H) if c0 is None else np.asarray(c0, float),
    )
    return grads
