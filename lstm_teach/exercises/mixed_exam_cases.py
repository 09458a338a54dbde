"""The cell of the mixed exam: gates that are coupled, and no tanh on the way to h; what is right for it, and faults.

What a gradient or a delta should be comes from complex steps of the forward pass, not from a backward pass. The lines
of a step back are in mixed_exam.toml.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from types import CodeType

import numpy as np

from lstm_teach.exercises.engine import task_of

NAMES = ("V", "Wi", "Wo", "Wg", "Ui", "Uo", "Ug")
Net = Mapping[str, np.ndarray]


# ------------------------------------------------------------------------------------------ the cell, forwards


@dataclass
class Run:
    """What a forward pass leaves behind: i o g (T, H); c h (T+1, H), whose row -1 is the initial state; y (T, K)."""

    i: np.ndarray
    o: np.ndarray
    g: np.ndarray
    c: np.ndarray
    h: np.ndarray
    y: np.ndarray


def run_coupled(net: Net, x: np.ndarray, h0: np.ndarray, c0: np.ndarray) -> Run:
    """The forward pass of the exam's cell: `net` has the seven matrices by name, x is (T,), h0 and c0 are (H,)."""
    steps, before = [], {"h": h0, "c": c0}
    for token in x:
        before = cell_step(net, token, before["h"], before["c"])
        steps.append(before)
    rows = {name: np.array([step[name] for step in steps]) for name in "iogch"}
    rows["c"], rows["h"] = np.vstack([rows["c"], c0]), np.vstack([rows["h"], h0])
    scores = rows["h"][:-1] @ net["V"].T
    return Run(**rows, y=np.exp(scores - _log_sum(scores)[:, None]))


def coupled_loss(net: Net, x: np.ndarray, targets: np.ndarray, h0: np.ndarray, c0: np.ndarray) -> float:
    """The cross-entropy, summed over the steps."""
    scores = run_coupled(net, x, h0, c0).h[:-1] @ net["V"].T
    return (_log_sum(scores) - scores[np.arange(len(x)), targets]).sum()


def cell_step(net: Net, token: int, h_before: np.ndarray, c_before: np.ndarray, nudge: Mapping | None = None) -> dict:
    """One step; `nudge` is added to the values that it names, to see what hears them. All may be complex."""
    v: dict[str, np.ndarray] = {}

    def put(name: str, value: np.ndarray) -> None:
        v[name] = value + (nudge or {}).get(name, 0)

    for gate in "iog":
        put("z" + gate, net["U" + gate][:, token] + net["W" + gate] @ h_before)
        put(gate, np.tanh(v["zg"]) if gate == "g" else sigmoid(v["z" + gate]))
    put("c", (1 - v["i"]) * c_before + v["i"] * v["g"])
    put("h", v["o"] * v["c"])
    return v


def sigmoid(z: np.ndarray) -> np.ndarray:
    """A share between 0 and 1; z may be complex."""
    return 1 / (1 + np.exp(-z))


def _log_sum(scores: np.ndarray) -> np.ndarray:
    """The logarithm of the sum of the exponentials of each row."""
    largest = scores.real.max(axis=1)
    return largest + np.log(np.exp(scores - largest[:, None]).sum(axis=1))


# ------------------------------------------------------------------------------------------ what is right

TINY = 1e-150  # a complex step: no difference is taken, so it can't be too small


def right_gradient(
    net: Net, x: np.ndarray, targets: np.ndarray, h0: np.ndarray, c0: np.ndarray
) -> dict[str, np.ndarray]:
    """The seven gradients, by complex steps of the loss."""
    grads = {}
    for name, matrix in net.items():
        grads[name] = np.zeros(matrix.shape)
        for index in np.ndindex(matrix.shape):
            nudged = matrix.astype(complex)
            nudged[index] += 1j * TINY
            grads[name][index] = coupled_loss({**net, name: nudged}, x, targets, h0, c0).imag / TINY
    return grads


def right_deltas(
    net: Net, token: int, h_before: np.ndarray, c_before: np.ndarray, dh: np.ndarray, dc_carry: np.ndarray
):
    """What each value of one step gets of dh and dc_carry, by complex steps: a dictionary of the names in `LINES`."""
    deltas = {name: np.zeros(len(dh)) for name in LINES}
    for name, delta in deltas.items():
        for k in range(len(dh)):
            by = np.zeros(len(dh), complex)
            by[k] = 1j * TINY
            h, c = h_before + by * (name == "dh_before"), c_before + by * (name == "dc_before")
            v = cell_step(net, token, h, c, {name[1:]: by})
            delta[k] = (dh @ v["h"] + dc_carry @ v["c"]).imag / TINY
    return deltas


def right_derivatives(net: Net, x: np.ndarray, run: Run, t: int) -> dict[str, np.ndarray]:
    """The immediate and the total derivative of c[t] by c[t-1], (H, H) each, by complex steps."""
    H = len(run.c[0])
    found = {"immediate": np.zeros((H, H)), "total": np.zeros((H, H))}
    for k in range(H):
        c = run.c[t - 1].astype(complex)
        c[k] += 1j * TINY
        for name, h in (("immediate", run.h[t - 1]), ("total", run.o[t - 1] * c)):
            found[name][:, k] = cell_step(net, x[t], h, c)["c"].imag / TINY
    return found


# ------------------------------------------------------------------------------------------ the pass back

LINES = task_of("mixed_exam", "back")["lines"]  # of a step back, in the order in which they are computed
FAULTY_LINES = {
    "A": {"dc_before": "0 * dc"},
    "B": {"dh_before": "to_h(net, i=dzi, g=dzg)"},
    "D": {"dzo": "do"},
    "copied di": {"di": "dc * g"},
    "carry whole": {"dc_before": "dc"},
    "carry by i": {"dc_before": "dc * i"},
    "h not carried": {"dh_before": "0 * dh"},
    "not transposed": {"dh_before": "to_h(net, turned=False, i=dzi, o=dzo, g=dzg)"},
    "slope of tanh": {"dc": "dh * o * (1 - np.tanh(c) ** 2) + dc_carry"},
    "tanh of c": {"do": "dh * np.tanh(c)"},
}


def to_h(net: Net, turned: bool = True, **deltas: np.ndarray) -> np.ndarray:
    """What some gates send to h of the step before, (H,); `deltas` are by the letter of the gate."""
    weights = {gate: net["W" + gate] for gate in deltas}
    return sum((w.T if turned else w) @ deltas[gate] for gate, w in weights.items())


def values(net: Net, run: Run, t: int, dh: np.ndarray, dc_carry: np.ndarray) -> dict:
    """What the lines of step t read, by name."""
    rows = {name: getattr(run, name)[t] for name in "iogch"}
    return {"np": np, "to_h": to_h, "net": net, "dh": dh, "dc_carry": dc_carry, "c_before": run.c[t - 1], **rows}


@functools.cache
def _compiled(line: str) -> CodeType:
    return compile(line, "a line of the step back", "eval")


def step_back(
    net: Net, run: Run, t: int, dh: np.ndarray, dc_carry: np.ndarray, lines: Mapping[str, str] = LINES
) -> dict[str, np.ndarray]:
    """One step back by `lines`, perhaps with others than the right ones."""
    v = values(net, run, t, dh, dc_carry)
    for name, line in lines.items():
        v[name] = eval(_compiled(line), v)
    return {name: v[name] for name in LINES}


def backward(
    net: Net, x: np.ndarray, targets: np.ndarray, h0: np.ndarray, c0: np.ndarray, fault: str = ""
) -> dict[str, np.ndarray]:
    """The seven gradients in one pass back, with one of the faults in it; without any it is right."""
    run = run_coupled(net, x, 0 * h0, 0 * c0) if fault == "E" else run_coupled(net, x, h0, c0)
    lines = LINES | FAULTY_LINES.get(fault, {})
    dy = run.y - (fault != "y") * np.eye(len(net["V"]))[targets]
    grads = {name: np.zeros_like(matrix) for name, matrix in net.items()}
    dh_future = dc_carry = np.zeros(len(h0))
    for t in reversed(range(len(x))):
        grads["V"] += np.outer(dy[t], run.h[t])
        heard = np.zeros(len(h0)) if fault == "last loss" and t < len(x) - 1 else net["V"].T @ dy[t]
        back = step_back(net, run, t, heard + dh_future, dc_carry, lines)
        for gate in "iog":
            dz = back["dz" + gate]
            grads["W" + gate] += np.outer(dz, run.h[t if fault == "same h" else t - 1])
            column = grads["U" + gate][:, x[t]]
            column[:] = dz if fault == "C" else column + dz
        dh_future, dc_carry = back["dh_before"], back["dc_before"]
    if fault == "mean":
        return {name: grad / len(x) for name, grad in grads.items()}
    return grads


# ------------------------------------------------------------------------------------------ nets to try things with


def exam_case(seed: int, T: int, K: int, H: int, scale: float = 0.8) -> tuple:
    """net, x, targets, h0, c0: weights of order 1, a token that comes again, and a state that is not zero."""
    random = np.random.default_rng(seed)
    x, targets = random.integers(0, K, (2, T))
    x[-1] = x[0]
    shapes = {"V": (K, H), "W": (H, H), "U": (H, K)}
    net = {name: scale * random.normal(0, 1, shapes[name[0]]) for name in NAMES}
    return net, x, targets, random.uniform(0.3, 0.9, H) * random.choice([-1, 1], H), random.uniform(-1, 1, H)


def example(T: int = 6) -> tuple:
    """net, x, targets, h0, c0 to try things with."""
    return exam_case(7, T, 4, 3)
