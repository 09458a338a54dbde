"""Computer science club, lesson 12: how an LSTM learns. Each idea is one small function."""
from collections import namedtuple

import numpy as np

GATES = "ifog"  # input gate, forget gate, output gate, candidate ("g")
Step = namedtuple("Step", "token i f o g c h old_c old_h probabilities")


def sigmoid(number):
    """Squeeze any number into the range 0 to 1."""
    return 1 / (1 + np.exp(-number))


def sigmoid_slope(value):
    """How steep the sigmoid is at the place where its VALUE is `value`."""
    return value * (1 - value)


def tanh_slope(value):
    """How steep tanh is at the place where its VALUE is `value`."""
    return 1 - value ** 2


def softmax(scores):
    """Turn scores into probabilities."""
    powers = np.exp(scores - np.max(scores))
    return powers / np.sum(powers)


def weigh(params, gate, token, old_h):
    """Add up what the old state and the new token say to one gate."""
    return params["W" + gate] @ old_h + params["U" + gate][:, token]


def walk_one_step(params, token, old_h, old_c):
    """Read one token and write down everything we will need on the way back."""
    i, f, o = (sigmoid(weigh(params, gate, token, old_h)) for gate in "ifo")
    g = np.tanh(weigh(params, "g", token, old_h))
    c = f * old_c + i * g
    h = o * np.tanh(c)
    return Step(token, i, f, o, g, c, h, old_c, old_h, softmax(params["V"] @ h))


def walk_forward(params, x, h, c):
    """Read the whole sentence. The result is a list of steps."""
    steps = []
    for token in x:
        steps.append(walk_one_step(params, token, h, c))
        h, c = steps[-1].h, steps[-1].c
    return steps


def error_of_scores(step, target):
    """Probabilities minus the right answer."""
    error = step.probabilities.copy()
    error[target] -= 1
    return error


def error_of_cell(step, error_h, error_c_from_future):
    """The cell is used twice: for h in this step, and for the next cell."""
    return error_h * step.o * tanh_slope(np.tanh(step.c)) + error_c_from_future


def errors_of_gates(step, error_h, error_c):
    """Error of each gate before its squeezing function."""
    return {
        "i": error_c * step.g * sigmoid_slope(step.i),
        "f": error_c * step.old_c * sigmoid_slope(step.f),
        "o": error_h * np.tanh(step.c) * sigmoid_slope(step.o),
        "g": error_c * step.i * tanh_slope(step.g),
    }


def error_of_old_h(params, gate_errors):
    """All four gates looked at the old h, so all four send an error back to it."""
    total = np.zeros(len(gate_errors["i"]))
    for gate in GATES:
        total += params["W" + gate].T @ gate_errors[gate]
    return total


def walk_back_one_step(params, step, target, error_h, error_c, gradients):
    """Collect the gradients of one step. Returns the errors of the old h and the old c."""
    score_error = error_of_scores(step, target)
    gradients["V"] += np.outer(score_error, step.h)
    error_h = error_h + params["V"].T @ score_error
    error_c = error_of_cell(step, error_h, error_c)
    gate_errors = errors_of_gates(step, error_h, error_c)
    for gate in GATES:
        gradients["W" + gate] += np.outer(gate_errors[gate], step.old_h)
        gradients["U" + gate][:, step.token] += gate_errors[gate]
    return error_of_old_h(params, gate_errors), error_c * step.f


def backward(params, x, targets, h0=None, c0=None):
    """The gradient of the loss for each of the nine matrices."""
    nothing = np.zeros(params["V"].shape[1])
    steps = walk_forward(params, x, nothing if h0 is None else h0, nothing if c0 is None else c0)
    gradients = {name: np.zeros(params[name].shape) for name in params.keys()}
    error_h, error_c = nothing, nothing
    for t in range(len(x) - 1, -1, -1):
        error_h, error_c = walk_back_one_step(params, steps[t], targets[t], error_h, error_c, gradients)
    return gradients
