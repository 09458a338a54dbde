import numpy as np
import lstm_teach as lt

GATES = ["i", "f", "o", "g"]


def output_errors(fw, targets):
    """y - onehot, one row per time step."""
    errors = np.array(fw.y)
    errors[range(len(targets)), targets] -= 1.0
    return errors


def collect_deltas(params, fw, errors):
    """Walk back in time; only the errors at the gate inputs are kept."""
    deltas = {gate: [] for gate in GATES}
    hidden = params.V.shape[1]
    from_future_h = np.zeros(hidden)
    from_future_c = np.zeros(hidden)
    for t in range(len(errors) - 1, -1, -1):
        i, f, o, g = fw.i[t], fw.f[t], fw.o[t], fw.g[t]
        eps_h = params.V.T @ errors[t] + from_future_h
        eps_c = from_future_c + eps_h * o * (1 - fw.ct[t] ** 2)
        deltas["o"].append(eps_h * fw.ct[t] * o * (1 - o))
        deltas["i"].append(eps_c * g * i * (1 - i))
        deltas["f"].append(eps_c * fw.c[t - 1] * f * (1 - f))
        deltas["g"].append(eps_c * i * (1 - g ** 2))
        from_future_h = sum(params["W" + gate].T @ deltas[gate][-1] for gate in GATES)
        from_future_c = eps_c * f
    return deltas


def backward(params, x, targets, h0=None, c0=None):
    fw = lt.forward(params, x, h0=h0, c0=c0)
    errors = output_errors(fw, targets)
    deltas = collect_deltas(params, fw, errors)
    # row -1 is the state before the first token, so rolling down gives h[t-1]
    h_before = np.roll(fw.h, 1, axis=0)[:-1]
    grads = {}
    for gate in GATES:
        delta = np.array(deltas[gate][::-1])  # (T, H), oldest first
        grads["W" + gate] = delta.T @ h_before
        by_token = np.zeros_like(params["U" + gate].T)
        np.add.at(by_token, fw.x, delta)
        grads["U" + gate] = by_token.T
    grads["V"] = errors.T @ fw.h[:-1]
    return grads
