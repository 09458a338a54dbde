"""The cell of the mixed exam: gates that are coupled, and no tanh on the way to h; what is right for it, and faults.

What a gradient or a delta should be comes from complex steps of the forward pass, not from a backward pass. The lines
of a step back are in mixed_exam.toml.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from lstm_teach.edited import edited
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
    """One step; `nudge` is added to the values that it names, to see what they move. All may be complex."""
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

LINES = task_of("mixed_exam", "back")["lines"]  # of a step back, in the order in which they are computed
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


def to_h(net: Net, turned: bool = True, **deltas: np.ndarray) -> np.ndarray:
    """What some gates send to h of the step before, (H,); `deltas` are by the letter of the gate."""
    weights = {gate: net["W" + gate] for gate in deltas}
    return sum((w.T if turned else w) @ deltas[gate] for gate, w in weights.items())


def values(net: Net, run: Run, t: int, dh: np.ndarray, dc_carry: np.ndarray) -> dict:
    """What the lines of step t read, by name."""
    rows = {name: getattr(run, name)[t] for name in "iogch"}
    return {"np": np, "to_h": to_h, "net": net, "dh": dh, "dc_carry": dc_carry, "c_before": run.c[t - 1], **rows}


def backward(net: Net, x: np.ndarray, targets: np.ndarray, h0: np.ndarray, c0: np.ndarray) -> dict[str, np.ndarray]:
    """The seven gradients in one pass back."""
    run = run_coupled(net, x, h0, c0)
    dy = run.y - np.eye(len(net["V"]))[targets]
    grads = {name: np.zeros_like(matrix) for name, matrix in net.items()}
    dh_future = dc_carry = np.zeros(len(h0))
    for t in reversed(range(len(x))):
        i, o, g, c, c_before = run.i[t], run.o[t], run.g[t], run.c[t], run.c[t - 1]
        dh = net["V"].T @ dy[t] + dh_future
        dc = dh * o + dc_carry
        do, di, dg = dh * c, dc * (g - c_before), dc * i
        dz = {"i": di * i * (1 - i), "o": do * o * (1 - o), "g": dg * (1 - g**2)}
        grads["V"] += np.outer(dy[t], run.h[t])
        for gate in "iog":
            grads["W" + gate] += np.outer(dz[gate], run.h[t - 1])
            grads["U" + gate][:, x[t]] += dz[gate]
        dh_future = sum(net["W" + gate].T @ dz[gate] for gate in "iog")
        dc_carry = dc * (1 - i)
    return grads


# Each fault: a piece of the pass, and what somebody might have written there.
PIECES = {
    "A": ("dc_carry = dc * (1 - i)", "dc_carry = 0 * dc"),
    "B": ('for gate in "iog")', 'for gate in "ig")'),
    "C": ("[:, x[t]] += ", "[:, x[t]] = "),
    "D": ("do * o * (1 - o)", "do"),
    "E": ("(net, x, h0, c0)\n", "(net, x, 0 * h0, 0 * c0)\n"),
    "copied di": ("dc * (g - c_before)", "dc * g"),
    "carry whole": ("dc_carry = dc * (1 - i)", "dc_carry = dc"),
    "carry by i": ("dc_carry = dc * (1 - i)", "dc_carry = dc * i"),
    "h not carried": (" + dh_future", ""),
    "not transposed": ("].T @ dz", "] @ dz"),
    "slope of tanh": ("dh * o", "dh * o * (1 - np.tanh(c) ** 2)"),
    "tanh of c": ("dh * c", "dh * np.tanh(c)"),
    "last loss": (".T @ dy[t]", ".T @ dy[t] * (t == len(x) - 1)"),
    "same h": ("run.h[t - 1]", "run.h[t]"),
    "y": (' - np.eye(len(net["V"]))[targets]', ""),
    "mean": ("return grads", "return {name: grad / len(x) for name, grad in grads.items()}"),
}


def with_fault(fault: str) -> Callable:
    """The pass back with one of the faults in it."""
    return edited(backward, *PIECES[fault])


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
