"""Reference gradient by definition: grad L = sum_k grad L_k, one adjoint sweep per loss term, O(T^2).

Deliberately slow, used to validate the O(T) recursion in the paper's appendix. For a fixed k let

    lambda_t = dL_k / dh_t,    mu_t = dL_k / dc_t,    t = k, k-1, ..., 0.
"""
from typing import NamedTuple, Optional

import numpy as np
from numpy import ndarray


class Step(NamedTuple):
    token: int
    h_prev: ndarray
    c_prev: ndarray
    i: ndarray
    f: ndarray
    o: ndarray
    g: ndarray
    tau: ndarray   # tanh(c_t)
    h: ndarray
    p: ndarray


def logistic(a: ndarray) -> ndarray:
    return 1.0 / (1.0 + np.exp(-a))


def trajectory(theta, x, h: ndarray, c: ndarray) -> list[Step]:
    steps = []
    for token in x:
        i = logistic(theta.Wi @ h + theta.Ui[:, token])
        f = logistic(theta.Wf @ h + theta.Uf[:, token])
        o = logistic(theta.Wo @ h + theta.Uo[:, token])
        g = np.tanh(theta.Wg @ h + theta.Ug[:, token])
        c_new = f * c + i * g
        tau = np.tanh(c_new)
        h_new = o * tau
        logits = theta.V @ h_new
        p = np.exp(logits - logits.max())
        steps.append(Step(token, h, c, i, f, o, g, tau, h_new, p / p.sum()))
        h, c = h_new, c_new
    return steps


def single_loss_gradient(theta, steps: list[Step], k: int, target: int) -> dict[str, ndarray]:
    """Gradient of L_k = -log p_k[target] alone."""
    grad = {name: np.zeros(theta[name].shape) for name in theta.keys()}

    residual = steps[k].p.copy()
    residual[target] -= 1.0
    grad["V"] = np.outer(residual, steps[k].h)

    lam = theta.V.T @ residual
    mu = np.zeros_like(lam)
    for t in range(k, -1, -1):
        s = steps[t]
        mu = mu + lam * s.o * (1.0 - s.tau**2)
        # errors w.r.t. the pre-activations
        a_i = mu * s.g * s.i * (1.0 - s.i)
        a_f = mu * s.c_prev * s.f * (1.0 - s.f)
        a_o = lam * s.tau * s.o * (1.0 - s.o)
        a_g = mu * s.i * (1.0 - s.g**2)
        for gate, a in (("i", a_i), ("f", a_f), ("o", a_o), ("g", a_g)):
            grad["W" + gate] += np.outer(a, s.h_prev)
            grad["U" + gate][:, s.token] += a
        # adjoint equations, t -> t-1
        lam = theta.Wi.T @ a_i + theta.Wf.T @ a_f + theta.Wo.T @ a_o + theta.Wg.T @ a_g
        mu = mu * s.f
    return grad


def backward(theta, x, targets, h0: Optional[ndarray] = None, c0: Optional[ndarray] = None) -> dict[str, ndarray]:
    H = theta.V.shape[1]
    h_init = np.zeros(H) if h0 is None else h0
    c_init = np.zeros(H) if c0 is None else c0
    steps = trajectory(theta, x, h_init, c_init)

    total = {name: np.zeros(theta[name].shape) for name in theta.keys()}
    for k in range(len(steps)):
        for name, value in single_loss_gradient(theta, steps, k, targets[k]).items():
            total[name] += value
    return total
