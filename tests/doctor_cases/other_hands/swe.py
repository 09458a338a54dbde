"""Backpropagation through an LSTM as a fold over pure step functions. No function mutates its arguments."""

from functools import reduce
from typing import NamedTuple

import numpy as np


class State(NamedTuple):
    h: np.ndarray
    c: np.ndarray


class StepCache(NamedTuple):
    token: int
    h_prev: np.ndarray
    c_prev: np.ndarray
    i: np.ndarray
    f: np.ndarray
    o: np.ndarray
    g: np.ndarray
    tanh_c: np.ndarray
    h: np.ndarray


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def softmax(scores):
    shifted = np.exp(scores - np.max(scores))
    return shifted / np.sum(shifted)


def one_hot(index, size):
    return (np.arange(size) == index).astype(float)


def forward_step(params, state, token):
    """Advance the state by one token. Returns (new_state, cache)."""
    i = sigmoid(params["Wi"] @ state.h + params["Ui"][:, token])
    f = sigmoid(params["Wf"] @ state.h + params["Uf"][:, token])
    o = sigmoid(params["Wo"] @ state.h + params["Uo"][:, token])
    g = np.tanh(params["Wg"] @ state.h + params["Ug"][:, token])
    c = f * state.c + i * g
    tanh_c = np.tanh(c)
    h = o * tanh_c
    return State(h, c), StepCache(token, state.h, state.c, i, f, o, g, tanh_c, h)


def output_gradient(params, h, target):
    """Returns (dV, dh) of the cross-entropy at one position."""
    probs = softmax(params["V"] @ h)
    d_scores = probs - one_hot(target, probs.size)
    return np.outer(d_scores, h), params["V"].T @ d_scores


def backward_step(params, d_state, cache, target):
    """Returns (d_state of the previous step, gradients of this step)."""
    dV, dh_out = output_gradient(params, cache.h, target)
    dh = d_state.h + dh_out
    dc = d_state.c + dh * cache.o * (1.0 - cache.tanh_c**2)
    dz = {
        "i": dc * cache.g * cache.i * (1.0 - cache.i),
        "f": dc * cache.c_prev * cache.f * (1.0 - cache.f),
        "o": dh * cache.tanh_c * cache.o * (1.0 - cache.o),
        "g": dc * cache.i * (1.0 - cache.g**2),
    }
    x_vec = one_hot(cache.token, params["Ui"].shape[1])
    grads = {"V": dV}
    grads.update({f"W{gate}": np.outer(d, cache.h_prev) for gate, d in dz.items()})
    grads.update({f"U{gate}": np.outer(d, x_vec) for gate, d in dz.items()})
    dh_prev = sum(params[f"W{gate}"].T @ d for gate, d in dz.items())
    dc_prev = dc * cache.f
    return State(dh_prev, dc_prev), grads


def merge(left, right):
    return {name: left[name] + right[name] for name in left}


def backward(params, x, targets, h0=None, c0=None):
    hidden_size = params["Wi"].shape[0]
    zeros = np.zeros(hidden_size)
    initial = State(zeros if h0 is None else h0, zeros if c0 is None else c0)

    def run_forward(acc, token):
        state, caches = acc
        new_state, cache = forward_step(params, state, token)
        return new_state, caches + [cache]

    def run_backward(acc, item):
        d_state, total = acc
        cache, target = item
        d_prev, grads = backward_step(params, d_state, cache, target)
        return d_prev, merge(total, grads)

    _, caches = reduce(run_forward, x, (initial, []))
    no_grads = {name: np.zeros_like(params[name]) for name in params.keys()}
    items = zip(reversed(caches), reversed(targets))
    _, total = reduce(run_backward, items, (State(zeros, zeros), no_grads))
    return total
