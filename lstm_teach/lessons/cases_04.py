"""The cases on which the lines of lesson 4 are judged, and the whole passes that a mistake in one line gives.

Imports plain, params and cases. Right values come from `plain.py`; `LINES` only serve to make wrong ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from lstm_teach import plain
from lstm_teach.lessons.cases import SIZES, names_at, sequences
from lstm_teach.params import GATES, Params

QUIET = 0


def meeting() -> Iterator[dict[str, Any]]:
    """Two walkers a and b at one step; the right sums are those of one walk that starts from both losses."""
    for net in sequences(lengths=(8, 8, 8, 8), seed=41):  # long enough for the lesson's step 5
        T = len(net.x)
        walks = {name: _walk(net, rows) for name, rows in {"a": [T - 1], "b": [T - 2], "both": [T - 1, T - 2]}.items()}
        t = T - 3
        case = {"params": net.params, "t": t, "T": T, "H": net.params.hidden_size, "f": net.cache.f[t]}
        for name, deltas in walks.items():
            wanted = ("dh", "dc_carry", "dh_before", "dc_before")
            case |= {f"{delta}_{name}": deltas[t][delta] for delta in wanted}
        yield case


def _walk(net: SimpleNamespace, rows: list[int]) -> list[dict[str, np.ndarray]]:
    """The deltas of every step, of a walk that picks up the losses of these steps only."""
    H, T = net.params.hidden_size, len(net.x)
    dy = np.where(np.isin(np.arange(T), rows)[:, None], net.dy, 0)
    dh_future, dc_carry = np.zeros(H), np.zeros(H)
    deltas: list[dict] = [{} for _ in range(T)]
    for t in reversed(range(T)):
        deltas[t] = plain.step_back(net.params, net.cache, dy, t, dh_future, dc_carry)
        dh_future, dc_carry = deltas[t]["dh_before"], deltas[t]["dc_before"]
    return deltas


def start() -> Iterator[dict[str, Any]]:
    """Before the loop: nothing comes back from beyond the last step."""
    for net in sequences(seed=42):
        T, H = len(net.x), net.params.hidden_size
        case = {"params": net.params, "cache": net.cache, "dy": net.dy, "x": net.x, "targets": net.targets}
        case |= {"h0": net.h0, "c0": net.c0, "T": T, "H": H, "K": net.params.vocab_size}
        last = net.deltas[T - 1]
        yield case | {"dh_future": last["dh_future"], "dc_carry": last["dc_carry"]}


def arrival() -> Iterator[dict[str, Any]]:
    """One step in the middle of a walk, before its deltas are known."""
    for net in sequences(lengths=(2, 3, 4, 5), seed=43):
        for t in range(len(net.x) - 1):
            case = names_at(net, t)
            yield case | {"cache": net.cache, "x": net.x, "targets": net.targets, "dy": net.dy}


def handing_on() -> Iterator[dict[str, Any]]:
    """The same steps once `d = step_back(...)` has run."""
    for case in arrival():
        d = {name: case[name] for name in ("dh", "dc", "dzi", "dzf", "dzo", "dzg", "dh_before", "dc_before")}
        yield case | {"d": d, "next_dh_future": d["dh_before"], "next_dc_carry": d["dc_before"]}


def sums() -> Iterator[dict[str, Any]]:
    """A whole walk with the deltas of all its steps, in which the quiet token comes several times."""
    tokens = [1, QUIET, QUIET, 2], [QUIET, 1, QUIET, 2, QUIET], [2, QUIET, 1, QUIET, QUIET, 1]
    for net, x in zip(sequences(sizes=SIZES[:3], lengths=(4, 5, 6), seed=44), map(np.array, tokens), strict=True):
        cache = plain.forward(net.params, x, net.h0, net.c0)
        grads, deltas, dy = plain.walk_back(net.params, cache, net.targets)
        case = {"params": net.params, "cache": cache, "dy": dy, "x": x, "targets": net.targets, "h0": net.h0}
        case |= {"T": len(x), "H": net.params.hidden_size, "K": net.params.vocab_size, "QUIET": QUIET}
        case |= {"dzi": np.array([d["dzi"] for d in deltas]), "h": cache.h, "c": cache.c, "y": cache.y}
        case |= {"one_hot": np.eye(net.params.vocab_size)[x], "t": len(x) - 3}
        yield case | {"dWi": grads.Wi, "dUi_quiet": grads.Ui[:, QUIET], "dV": grads.V}


def my_bptt() -> Iterator[dict[str, Any]]:
    """Whole passes, one of them without an initial state; `passed(name, line)` is the pass with another line."""
    for number, net in enumerate(sequences(lengths=(1, 2, 3, 6), seed=45)):
        arguments = (net.params, net.x, net.targets)
        if number != 1:
            arguments = (*arguments, net.h0, net.c0)
        yield {"arguments": arguments, "answer": plain.bptt(*arguments), "passed": _passes(*arguments)}


def initial() -> Iterator[dict[str, Any]]:
    """The deltas of h0 and c0: what the first step sends back to what came before it."""
    for net in sequences(seed=46):
        arguments = (net.params, net.x, net.targets, net.h0, net.c0)
        first = net.deltas[0]
        yield {"arguments": arguments, "answer": (first["dh_before"], first["dc_before"])} | {
            "dh": first["dh"], "dc": first["dc"], "dh_future": first["dh_future"], "dc_carry": first["dc_carry"],
            "dh_before": first["dh_before"], "dc_before": first["dc_before"], "last": net.deltas[-1],
            "loss": net.params.V.T @ net.dy[0], "f": net.cache.f[0], "handed": partial(_handed, *arguments),
        }  # fmt: skip


# ------------------------------------------------------------------------------------------ passes with one other line

LINES = {  # a pass as expressions: before the loop, at every step, and after it
    "h0": "h0",
    "c0": "c0",
    "dy": "y - onehot",
    "order": "reversed(range(T))",
    "dh": "V.T @ dy[t] + dh_future",
    "dc_hidden": "dh * o * (1 - ct**2)",
    "dc": "dc_hidden + dc_carry",
    "do": "dh * ct",
    "di": "dc * g",
    "df": "dc * c[t - 1]",
    "dg": "dc * i",
    "dzi": "di * i * (1 - i)",
    "dzf": "df * f * (1 - f)",
    "dzo": "do * o * (1 - o)",
    "dzg": "dg * (1 - g**2)",
    "to_V": "np.outer(dy[t], h[t])",
    "to_W": "np.outer(dz, h[t - 1])",
    "to_U": "np.outer(dz, np.eye(K)[x[t]])",
    "dh_before": "Wi.T @ dzi + Wf.T @ dzf + Wo.T @ dzo + Wg.T @ dzg",
    "dc_before": "dc * f",
    "V": "V + to_V",
    "W": "W + to_W",
    "U": "U + to_U",
    "end": "gradient",
}
COMPILED = cache(lambda line: compile(line, "a line of a pass", "eval"))


def _passes(
    params: Params, x: np.ndarray, targets: np.ndarray, h0: np.ndarray | None = None, c0: np.ndarray | None = None
) -> Callable[..., Params]:
    """A function that makes the pass in which some lines of `LINES` are others: `passed(dc_before="dc")`."""
    H = params.hidden_size
    given = (params, x, targets, np.zeros(H) if h0 is None else h0, np.zeros(H) if c0 is None else c0)

    @cache
    def passed(**other: str) -> Params:
        return _walk_with(*given, other)[0]

    return passed


def _handed(
    params: Params, x: np.ndarray, targets: np.ndarray, h0: np.ndarray, c0: np.ndarray, **other: str
) -> dict[str, np.ndarray]:
    """What the first step of such a pass hands on to the initial state, (H,) each."""
    _, dh0, dc0 = _walk_with(params, x, targets, h0, c0, other)
    return {"dh0": dh0, "dc0": dc0}


def _walk_with(
    params: Params, x: np.ndarray, targets: np.ndarray, h0: np.ndarray, c0: np.ndarray, other: Mapping[str, str]
) -> tuple[Params, np.ndarray, np.ndarray]:
    """The nine gradients of the pass of `LINES` with those of `other` instead, and its last dh_future and dc_carry."""
    line = {name: COMPILED(other.get(name, text)) for name, text in LINES.items()}
    T, H, K = len(x), params.hidden_size, params.vocab_size
    names = {"np": np, "T": T, "H": H, "K": K, "x": x, "targets": targets, "h0": h0, "c0": c0, **dict(params.items())}
    cache = plain.forward(params, x, eval(line["h0"], names), eval(line["c0"], names))
    names |= {"y": cache.y, "h": cache.h, "c": cache.c, "onehot": np.eye(K)[targets]}
    names["dy"] = eval(line["dy"], names)
    grads = Params.zeros(K, H)
    names |= {"dh_future": np.zeros(H), "dc_carry": np.zeros(H)}
    for t in eval(line["order"], names):
        names |= {"t": t, **{name: getattr(cache, name)[t] for name in ("i", "f", "o", "g", "ct")}}
        for name in ("dh", "dc_hidden", "dc", "do", "di", "df", "dg", "dzi", "dzf", "dzo", "dzg"):
            names[name] = eval(line[name], names)
        names["to_V"] = eval(line["to_V"], names)
        grads.V[:] = eval(line["V"], {**names, "V": grads.V})
        for gate in GATES:
            names["dz"] = names["dz" + gate]
            for block in "WU":
                names["to_" + block] = eval(line["to_" + block], names)
                grads[block + gate][:] = eval(line[block], {**names, block: grads[block + gate]})
        names["dh_future"], names["dc_carry"] = (eval(line[name], names) for name in ("dh_before", "dc_before"))
    for name in Params.NAMES:
        grads[name][:] = eval(line["end"], {**names, "gradient": grads[name]})
    return grads, names["dh_future"], names["dc_carry"]


def initial_deltas(
    params: Params, x: np.ndarray, targets: np.ndarray, h0: np.ndarray, c0: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The deltas of the initial state, dh0 and dc0, (H,) each: what the first step hands on."""
    first = plain.walk_back(params, plain.forward(params, x, h0, c0), targets)[1][0]
    return first["dh_before"], first["dc_before"]
