import numpy as np
from dataclasses import dataclass

import lstm_teach as lt


@dataclass
class Local:
    """The local sensitivities of one step (I come from optimal control)."""

    h_to_c: np.ndarray  # dc/dh chain through the output
    c_to_c: np.ndarray
    c_to_z: np.ndarray  # (3, H): rows i, f, g
    h_to_zo: np.ndarray
    running: np.ndarray  # derivative of the running cost wrt h


def linearise(params, cache, dy):
    """Yields the steps from the last one to the first one."""
    for t in reversed(range(len(dy))):
        i, f, o, g, ct = (getattr(cache, name)[t] for name in ("i", "f", "o", "g", "ct"))
        c_to_z = np.empty((3, len(i)))
        c_to_z[0] = g * i * (1 - i)
        c_to_z[1] = cache.c[t - 1] * f * (1 - f)
        c_to_z[2] = i * (1 - g**2)
        yield Local(
            h_to_c=o * (1 - ct**2),
            c_to_c=f,
            c_to_z=c_to_z,
            h_to_zo=ct * o * (1 - o),
            running=params.V.T @ dy[t],
        )


def costates(params, steps):
    """Integrates the adjoint equation backwards; yields (3, H) and (H,) sensitivities of the pre-activations."""
    lam = np.zeros(params.Wi.shape[0])  # costate of h
    mu = np.zeros(params.Wi.shape[0])  # costate of c
    recurrent = np.array([params.Wi, params.Wf, params.Wg])
    for step in steps:
        lam = lam + step.running
        mu = mu + lam * step.h_to_c
        z_ifg = mu * step.c_to_z
        z_o = lam * step.h_to_zo
        yield z_ifg, z_o
        lam = np.einsum("krc,kr->c", recurrent, z_ifg) + params.Wo.T @ z_o
        mu = mu * step.c_to_c


def backward(params, x, targets):
    cache = lt.forward(params, x)
    steps = np.arange(len(x))
    dy = cache.y.copy()
    dy[steps, targets] -= 1

    ifg, outs = zip(*costates(params, linearise(params, cache, dy)))
    ifg = np.array(ifg[::-1])
    outs = np.array(outs[::-1])
    parts = {"i": ifg[:, 0], "f": ifg[:, 1], "o": outs, "g": ifg[:, 2]}

    grads = {"V": dy.T @ cache.h[:-1]}
    for k, z in parts.items():
        grads["W" + k] = z.T @ cache.h[steps - 1]
        columns = np.zeros(params.Ui.T.shape)
        np.add.at(columns, x, z)
        grads["U" + k] = columns.T
    return grads
