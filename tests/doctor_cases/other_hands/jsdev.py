import numpy as np


def backward(params, x, targets, h0=None, c0=None):
    hiddenSize = params["Wi"].shape[0]
    gateNames = ["i", "f", "o", "g"]
    steps = []  # stack of everything that happened
    grads = {}
    for key in params.keys():
        grads[key] = np.zeros(params[key].shape)

    # ---- activations: { fn, derivative(y) } ----
    sigmoid = {
        "fn": lambda z: 1 / (1 + np.exp(-z)),
        "derivative": lambda y: y * (1 - y),
    }
    tanh = {
        "fn": lambda z: np.tanh(z),
        "derivative": lambda y: 1 - y * y,
    }

    # ---- gates ----
    gates = {}
    for name in gateNames:
        gates[name] = {
            "activation": tanh if name == "g" else sigmoid,
            # name=name because python has no `let`
            "net": lambda h, token, name=name: params["W" + name] @ h + params["U" + name][:, token],
        }

    state = {
        "h": np.zeros(hiddenSize) if h0 is None else h0,
        "c": np.zeros(hiddenSize) if c0 is None else c0,
    }

    def softmax(scores):
        exps = np.exp(scores - scores.max())
        return exps / exps.sum()

    def forwardStep(token, target):
        step = {"token": token, "target": target, "prev": dict(state), "out": {}}
        for name in gateNames:
            gate = gates[name]
            step["out"][name] = gate["activation"]["fn"](gate["net"](state["h"], token))
        out = step["out"]
        state["c"] = out["f"] * state["c"] + out["i"] * out["g"]
        state["h"] = out["o"] * np.tanh(state["c"])
        step["tanhC"] = np.tanh(state["c"])
        step["h"] = state["h"]
        step["probs"] = softmax(params["V"] @ state["h"])
        steps.append(step)

    def backwardStep(step, future):
        out = step["out"]
        prev = step["prev"]

        # loss -> scores -> h
        dScores = step["probs"].copy()
        dScores[step["target"]] -= 1
        grads["V"] += np.outer(dScores, step["h"])
        dH = params["V"].T @ dScores + future["h"]

        # h -> c
        dC = dH * out["o"] * tanh["derivative"](step["tanhC"]) + future["c"]

        # c, h -> gate outputs
        dOut = {
            "i": dC * out["g"],
            "f": dC * prev["c"],
            "o": dH * step["tanhC"],
            "g": dC * out["i"],
        }

        # gate outputs -> params and previous state
        past = {"h": np.zeros(hiddenSize), "c": dC * out["f"]}
        for name in gateNames:
            dNet = dOut[name] * gates[name]["activation"]["derivative"](out[name])
            grads["W" + name] += np.outer(dNet, prev["h"])
            grads["U" + name][:, step["token"]] += dNet
            past["h"] += params["W" + name].T @ dNet
        return past

    for token, target in zip(x, targets):
        forwardStep(token, target)

    future = {"h": np.zeros(hiddenSize), "c": np.zeros(hiddenSize)}
    while len(steps) > 0:
        future = backwardStep(steps.pop(), future)

    return grads
