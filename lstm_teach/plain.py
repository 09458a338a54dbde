"""The LSTM as a learner would write it, forward and back, one line per equation. Read this module first.

Imports params only. Everything faster or more general in this package is held equal to it. Arguments are taken as they
are, without checks; complex numbers pass through, so that a complex step can differentiate the forward pass.
"""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from lstm_teach.params import Params


def sigmoid(z: np.ndarray) -> np.ndarray:
    """A share between 0 and 1, one half at z = 0. Its slope, in terms of its own output s, is s (1 - s)."""
    return 1 / (1 + np.exp(-z))


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities over the last axis; subtracting the largest score keeps exp from overflowing."""
    e = np.exp(scores - scores.real.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def step(params: Params, token: int, h_before: np.ndarray, c_before: np.ndarray) -> dict[str, np.ndarray]:
    """One step of the LSTM by name: zi zf zo zg, i f o g, c ct h (H,) each, and y (vocab_size,)."""
    zi = params.Ui[:, token] + params.Wi @ h_before
    zf = params.Uf[:, token] + params.Wf @ h_before
    zo = params.Uo[:, token] + params.Wo @ h_before
    zg = params.Ug[:, token] + params.Wg @ h_before
    i = sigmoid(zi)
    f = sigmoid(zf)
    o = sigmoid(zo)
    g = np.tanh(zg)
    c = f * c_before + i * g
    ct = np.tanh(c)
    h = o * ct
    y = softmax(params.V @ h)
    return {
        "zi": zi, "zf": zf, "zo": zo, "zg": zg, "i": i, "f": f, "o": o, "g": g, "c": c, "ct": ct, "h": h, "y": y,
    }  # fmt: skip


def forward(params: Params, x: np.ndarray, h0: np.ndarray, c0: np.ndarray) -> SimpleNamespace:
    """All steps: zi.. (T, H), i f o g c ct h (T+1, H) whose row -1 is the initial state, y (T, vocab_size)."""
    T, H, K = len(x), params.hidden_size, params.vocab_size
    dtype = np.result_type(params.flat, h0, c0)
    cache = SimpleNamespace(x=x, y=np.zeros((T, K), dtype))
    for name in ("zi", "zf", "zo", "zg"):
        setattr(cache, name, np.zeros((T, H), dtype))
    for name in ("i", "f", "o", "g", "c", "ct", "h"):
        setattr(cache, name, np.zeros((T + 1, H), dtype))
    cache.h[-1], cache.c[-1], cache.ct[-1] = h0, c0, np.tanh(c0)
    for t in range(T):
        for name, value in step(params, x[t], cache.h[t - 1], cache.c[t - 1]).items():
            getattr(cache, name)[t] = value
    return cache


def loss(params: Params, x: np.ndarray, targets: np.ndarray, h0: np.ndarray, c0: np.ndarray) -> float:
    """The sum over all steps of -log of the probability that the target got, in nats."""
    y = forward(params, x, h0, c0).y
    return -np.log(y[np.arange(len(x)), targets]).sum()


def score_deltas(cache: SimpleNamespace, targets: np.ndarray) -> np.ndarray:
    """dy, the delta of the scores of every step, (T, vocab_size): y minus one-hot. The slope of softmax is in it."""
    dy = cache.y.copy()
    dy[np.arange(len(targets)), targets] -= 1
    return dy


def step_back(
    params: Params, cache: SimpleNamespace, dy: np.ndarray, t: int, dh_future: np.ndarray, dc_carry: np.ndarray
) -> dict[str, np.ndarray]:
    """Every delta of step t by name, (H,) each, from what comes back from the future.

    `dh_future` and `dc_carry` are what step t+1 sent back, zeros at the last step; `dh_before` and `dc_before` are what
    this step sends back to step t-1.
    """
    dh_loss = params.V.T @ dy[t]
    dh = dh_loss + dh_future
    return {"dh_loss": dh_loss, "dh_future": dh_future, **cell_back(params, cache, t, dh, dc_carry)}


def cell_back(
    params: Params, cache: SimpleNamespace, t: int, dh: np.ndarray, dc_carry: np.ndarray
) -> dict[str, np.ndarray]:
    """The deltas of step t from the whole of dh on: through the cell and its gates, to the states of step t-1."""
    i, f, o, g, ct, c_before = cache.i[t], cache.f[t], cache.o[t], cache.g[t], cache.ct[t], cache.c[t - 1]

    do = dh * ct
    dct = dh * o

    dc_hidden = dct * (1 - ct**2)
    dc = dc_hidden + dc_carry

    di = dc * g
    df = dc * c_before
    dg = dc * i

    dzi = di * i * (1 - i)
    dzf = df * f * (1 - f)
    dzo = do * o * (1 - o)
    dzg = dg * (1 - g**2)

    dh_before = params.Wi.T @ dzi + params.Wf.T @ dzf + params.Wo.T @ dzo + params.Wg.T @ dzg
    dc_before = dc * f

    return {
        "dh": dh, "do": do, "dct": dct, "dc_hidden": dc_hidden, "dc_carry": dc_carry, "dc": dc, "di": di, "df": df,
        "dg": dg, "dzi": dzi, "dzf": dzf, "dzo": dzo, "dzg": dzg, "dh_before": dh_before, "dc_before": dc_before,
    }  # fmt: skip


def walk_back(
    params: Params, cache: SimpleNamespace, dy: np.ndarray, step_back: Callable = step_back
) -> tuple[Params, list[dict[str, np.ndarray]]]:
    """The single pass: the nine gradients, and the deltas of every step, by `step_back` or one like it."""
    x, T, H = cache.x, len(cache.x), params.hidden_size
    grads = Params.zeros(params.vocab_size, H)
    dh_future, dc_carry = np.zeros(H), np.zeros(H)
    deltas = [{} for t in range(T)]
    for t in reversed(range(T)):
        d = step_back(params, cache, dy, t, dh_future, dc_carry)

        grads.V += np.outer(dy[t], cache.h[t])
        grads.Wi += np.outer(d["dzi"], cache.h[t - 1])
        grads.Wf += np.outer(d["dzf"], cache.h[t - 1])
        grads.Wo += np.outer(d["dzo"], cache.h[t - 1])
        grads.Wg += np.outer(d["dzg"], cache.h[t - 1])
        grads.Ui[:, x[t]] += d["dzi"]
        grads.Uf[:, x[t]] += d["dzf"]
        grads.Uo[:, x[t]] += d["dzo"]
        grads.Ug[:, x[t]] += d["dzg"]

        dh_future, dc_carry = d["dh_before"], d["dc_before"]
        deltas[t] = d
    return grads, deltas


def bptt(
    params: Params, x: np.ndarray, targets: np.ndarray, h0: np.ndarray | None = None, c0: np.ndarray | None = None
) -> Params:
    """The gradient of `loss` with respect to the nine matrices; the initial state is zero unless given."""
    zeros = np.zeros(params.hidden_size)
    cache = forward(params, x, zeros if h0 is None else h0, zeros if c0 is None else c0)
    return walk_back(params, cache, score_deltas(cache, targets))[0]
