from collections import namedtuple

import numpy as np

Step = namedtuple("Step", "token h_in c_in i f o g c_out tanh_c h_out probs")
Carry = namedtuple("Carry", "dh dc")


def _sigm(a):
    return 0.5 * (1.0 + np.tanh(0.5 * a))


def run_steps(params, x):
    steps = []
    h = np.zeros(params.hidden_size)
    c = np.zeros(params.hidden_size)
    for token in x:
        i = _sigm(params.Ui[:, token] + params.Wi @ h)
        f = _sigm(params.Uf[:, token] + params.Wf @ h)
        o = _sigm(params.Uo[:, token] + params.Wo @ h)
        g = np.tanh(params.Ug[:, token] + params.Wg @ h)
        c_out = f * c + i * g
        tanh_c = np.tanh(c_out)
        h_out = o * tanh_c
        logits = params.V @ h_out
        probs = np.exp(logits - logits.max())
        probs /= probs.sum()
        steps.append(Step(token, h, c, i, f, o, g, c_out, tanh_c, h_out, probs))
        h, c = h_out, c_out
    return steps


def backward(params, x, targets):
    steps = run_steps(params, x)
    grads = {name: np.zeros_like(value) for name, value in params.items()}
    carry = Carry(np.zeros(params.hidden_size), np.zeros(params.hidden_size))

    for step, target in zip(reversed(steps), reversed(targets)):
        dlogits = step.probs.copy()
        dlogits[target] -= 1
        grads["V"] += np.outer(dlogits, step.h_out)

        dh = carry.dh + params.V.T @ dlogits
        dc = carry.dc + dh * step.o * (1 - step.tanh_c ** 2)

        dz = {
            "i": dc * step.g * step.i * (1 - step.i),
            "f": dc * step.c_in * step.f * (1 - step.f),
            "o": dh * step.tanh_c * step.o * (1 - step.o),
            "g": dc * step.i * (1 - step.g ** 2),
        }
        for gate, delta in dz.items():
            grads["W" + gate] += np.outer(delta, step.h_in)
            grads["U" + gate][:, step.token] += delta

        carry = Carry(
            dh=sum(params["W" + gate].T @ delta for gate, delta in dz.items()),
            dc=dc * step.f,
        )
    return grads
