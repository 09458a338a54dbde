"""The cases of lesson 7: five backward passes in five hands, the posted loop, and the pass that is right.

They live here and not in the lesson, so that a learner can read a ladder before any code is on the page. Imports the
package.
"""

# ruff: noqa: D103 (a docstring would say too much)

import numpy as np

import lstm_teach as lt
from lstm_teach.edited import edited


def right_pass(params, x, targets, h0=None, c0=None):
    """The single pass of lesson 4."""
    cache = lt.forward(params, x, h0, c0)
    dy = cache.y - np.eye(params.vocab_size)[targets]
    grads = lt.Params.zeros(params.vocab_size, params.hidden_size)
    dh_future = dc_carry = np.zeros(params.hidden_size)
    for t in reversed(range(len(x))):
        i, f, o, g, ct = cache.i[t], cache.f[t], cache.o[t], cache.g[t], cache.ct[t]
        grads.V += np.outer(dy[t], cache.h[t])
        dh = params.V.T @ dy[t] + dh_future
        dc = dh * o * (1 - ct**2) + dc_carry
        di, df, do, dg = dc * g, dc * cache.c[t - 1], dh * ct, dc * i
        dz = {"i": di * i * (1 - i), "f": df * f * (1 - f), "o": do * o * (1 - o), "g": dg * (1 - g**2)}
        for gate in "ifog":
            grads["W" + gate] += np.outer(dz[gate], cache.h[t - 1])
            grads["U" + gate][:, x[t]] += dz[gate]
        dh_future = sum(params["W" + gate].T @ dz[gate] for gate in "ifog")
        dc_carry = dc * f
    return grads


case_1 = edited(
    right_pass,
    *("right_pass", "case_1"),
    *('    """The single pass of lesson 4."""\n', ""),
    *("    dh_future = dc_carry", "    h = cache.h\n    dh_future = dc_carry"),
    *("np.outer(dy[t], cache.h[t])", "np.outer(dy[t], h[t])"),
    *("np.outer(dz[gate], cache.h[t - 1])", "np.outer(dz[gate], h[t])"),
)


def case_2(params, x, targets, h0=None, c0=None):
    T, K, H = len(x), params.vocab_size, params.hidden_size
    cache = lt.forward(params, x, h0, c0)
    wanted = np.eye(K)[targets]
    errors = (cache.y - wanted) / T
    grads = lt.Params.zeros(K, H)
    dh_next, dc_next = np.zeros(H), np.zeros(H)
    for t in range(T - 1, -1, -1):
        grads.V += np.outer(errors[t], cache.h[t])
        dh = params.V.T @ errors[t] + dh_next
        dc = dh * cache.o[t] * (1 - cache.ct[t] ** 2) + dc_next
        dzi = dc * cache.g[t] * cache.i[t] * (1 - cache.i[t])
        dzf = dc * cache.c[t - 1] * cache.f[t] * (1 - cache.f[t])
        dzo = dh * cache.ct[t] * cache.o[t] * (1 - cache.o[t])
        dzg = dc * cache.i[t] * (1 - cache.g[t] ** 2)
        dh_next = np.zeros(H)
        for gate, dz in zip("ifog", (dzi, dzf, dzo, dzg), strict=True):
            grads["W" + gate] += np.outer(dz, cache.h[t - 1])
            grads["U" + gate][:, x[t]] += dz
            dh_next += params["W" + gate].T @ dz
        dc_next = dc * cache.f[t]
    return grads


def case_3(params, x, targets, h0=None, c0=None):
    cache = lt.forward(params, x, h0, c0)
    grads = lt.Params.zeros(params.vocab_size, params.hidden_size)
    back_h = back_c = np.zeros(params.hidden_size)
    for t in reversed(range(len(x))):
        i, f, o, g, ct = cache.i[t], cache.f[t], cache.o[t], cache.g[t], cache.ct[t]
        h_before, c_before = cache.h[t - 1], cache.c[t - 1]
        dy = cache.y[t].copy()
        dy[targets[t]] -= 1
        dh = dy @ params.V + back_h
        dc = dh * o * (1 - ct**2) + back_c
        dzi = dc * g * i * (1 - i)
        dzf = dc * c_before * f * (1 - f)
        dzo = dh * ct * o * (1 - o)
        dzg = dc * i * g * (1 - g)
        grads.V += np.outer(dy, cache.h[t])
        for gate, dz in {"i": dzi, "f": dzf, "o": dzo, "g": dzg}.items():
            grads["W" + gate] += np.outer(dz, h_before)
            grads["U" + gate][:, x[t]] += dz
        back_h = dzi @ params.Wi + dzf @ params.Wf + dzo @ params.Wo + dzg @ params.Wg
        back_c = f * dc
    return grads


def case_4(params, x, targets, h0=None, c0=None):
    T, H = len(x), params.hidden_size
    cache = lt.forward(params, x, h0, c0)
    dy = cache.y - np.eye(params.vocab_size)[targets]
    grads = lt.Params.zeros(params.vocab_size, H)
    dh, dc = np.zeros(H), np.zeros(H)
    for t in reversed(range(T)):
        grads.V += np.outer(dy[t], cache.h[t])
        dh = dh + dy[t] @ params.V
        dc = dc + dh * cache.o[t] * (1 - np.tanh(cache.c[t]) ** 2)
        into = {"i": dc * cache.g[t], "f": dc * cache.c[t - 1], "o": dh * cache.ct[t], "g": dc * cache.i[t]}
        slope = {"i": cache.i[t] * (1 - cache.i[t]), "f": cache.f[t] * (1 - cache.f[t])}
        slope |= {"o": cache.o[t] * (1 - cache.o[t]), "g": 1 - cache.g[t] ** 2}
        dz = {gate: into[gate] * slope[gate] for gate in "ifog"}
        for gate in "ifog":
            grads["W" + gate] += np.outer(dz[gate], cache.h[t - 1])
            grads["U" + gate][:, x[t]] += dz[gate]
        dh = sum(params["W" + gate] @ dz[gate] for gate in "ifog")
        dc = dc * cache.f[t]
    return grads


def case_5(params, x, targets, h0=None, c0=None):
    cache = lt.forward(params, x, h0, c0)
    dy = cache.y - np.eye(params.vocab_size)[targets]
    grads = lt.Params.zeros(params.vocab_size, params.hidden_size)
    h_part = c_part = np.zeros(params.hidden_size)
    for t in reversed(range(len(x))):
        i, f, o, g, ct = cache.i[t], cache.f[t], cache.o[t], cache.g[t], cache.ct[t]
        grads.V += np.outer(dy[t], cache.h[t])
        dh = params.V.T @ dy[t] + h_part
        dc_now = dh * o * (1 - ct**2)
        dc = dc_now + c_part
        dz = {
            "i": dc * g * i * (1 - i),
            "f": dc * cache.c[t - 1] * f * (1 - f),
            "o": dh * ct * o * (1 - o),
            "g": dc * i * (1 - g**2),
        }
        for gate in "ifog":
            grads["W" + gate] += np.outer(dz[gate], cache.h[t - 1])
            grads["U" + gate][:, x[t]] += dz[gate]
        h_part = sum(params["W" + gate].T @ dz[gate] for gate in "ifog")
        c_part = dc_now * f
    return grads


def question_loop(params, x, targets, h0=None, c0=None):
    cache = lt.forward(params, x, h0, c0)
    dy = cache.y - np.eye(params.vocab_size)[targets]
    grads = lt.Params.zeros(params.vocab_size, params.hidden_size)
    ct, h = cache.ct, cache.h
    dct = np.zeros_like(cache.c)
    for t in reversed(range(len(x))):
        grads.V += np.outer(dy[t], h[t])
        dh = params.V.T @ dy[t]
        dc = dct[0] * (1 - ct[0] ** 2)
        for s in reversed(range(t)):
            i, f, o, g = cache.i[s], cache.f[s], cache.o[s], cache.g[s]
            dct[s] = dh * o
            dc = dc + dct[s] * (1 - ct[s] ** 2)
            dzi = dc * g * i * (1 - i)
            dzf = dc * cache.c[s - 1] * f * (1 - f)
            dzo = dh * ct[s] * o * (1 - o)
            dzg = dc * i * (1 - g**2)
            grads.Wi += np.dot(dzi, h[s - 1])
            grads.Wf += np.dot(dzf, h[s - 1])
            grads.Wo += np.dot(dzo, h[s - 1])
            grads.Wg += np.dot(dzg, h[s - 1])
            for gate, dz in zip("ifog", (dzi, dzf, dzo, dzg), strict=True):
                grads["U" + gate][:, x[s]] += dz
            dh = params.Wi.T @ dzi + params.Wf.T @ dzf + params.Wo.T @ dzo + params.Wg.T @ dzg
            dc = dc + dc * f
    return grads
