import numpy as np

GATE_NAMES = ["o", "f", "i", "g"]

ACT = {
    "o": lambda z: 0.5 * (1 + np.tanh(0.5 * z)),
    "f": lambda z: 0.5 * (1 + np.tanh(0.5 * z)),
    "i": lambda z: 0.5 * (1 + np.tanh(0.5 * z)),
    "g": np.tanh,
}
SLOPE = {
    "o": lambda a: a - a * a,
    "f": lambda a: a - a * a,
    "i": lambda a: a - a * a,
    "g": lambda a: 1 - a * a,
}


def run_forward(params, x, hidden, cell):
    history = []
    for token in x:
        step = {"token": token, "h_in": hidden, "c_in": cell}
        for name in GATE_NAMES:
            pre = params["W" + name].dot(hidden) + params["U" + name][:, token]
            step[name] = ACT[name](pre)
        cell = step["f"] * cell + step["i"] * step["g"]
        step["squashed"] = np.tanh(cell)
        hidden = step["o"] * step["squashed"]
        step["h_out"] = hidden
        scores = params["V"].dot(hidden)
        scores = scores - np.log(np.sum(np.exp(scores)))
        step["probs"] = np.exp(scores)
        history.append(step)
    return history


def backward(params, x, targets, h0=None, c0=None):
    zeros = np.zeros(params.hidden_size)
    history = run_forward(params, x, zeros if h0 is None else h0, zeros if c0 is None else c0)

    grads = {}
    for name, matrix in params.items():
        grads[name] = np.zeros(matrix.shape)

    from_right = {"h": zeros.copy(), "c": zeros.copy()}
    for step, target in zip(reversed(history), reversed(targets)):
        error = step["probs"]
        error[target] -= 1
        grads["V"] += np.outer(error, step["h_out"])

        total_h = params["V"].T.dot(error) + from_right["h"]
        total_c = total_h * step["o"] * (1 - step["squashed"] ** 2) + from_right["c"]

        upstream = {
            "o": total_h * step["squashed"],
            "f": total_c * step["c_in"],
            "i": total_c * step["g"],
            "g": total_c * step["i"],
        }
        from_right["h"] = np.zeros_like(zeros)
        for name in GATE_NAMES:
            delta = upstream[name] * SLOPE[name](step[name])
            grads["W" + name] += np.outer(delta, step["h_in"])
            grads["U" + name][:, step["token"]] += delta
            from_right["h"] += params["W" + name].T.dot(delta)
        from_right["c"] = step["f"] * total_c

    return grads
