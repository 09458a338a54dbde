from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

@dataclass(frozen=True, slots=True)
class State:  # also the type of its own adjoint
    h: Vector
    c: Vector

@dataclass(frozen=True, slots=True)
class Frame:
    token: int
    prev: State
    next: State
    gates: dict[str, Vector]


def sigmoid(z: Vector) -> Vector: return 1.0 / (1.0 + np.exp(-z))
def d_sigmoid(s: Vector) -> Vector: return s * (1.0 - s)
def d_tanh(a: Vector) -> Vector: return 1.0 - a * a


def advance(p, prev: State, token: int) -> Frame:
    pre = {k: p["W" + k] @ prev.h + p["U" + k][:, token] for k in "ifog"}
    gates = {k: np.tanh(z) if k == "g" else sigmoid(z) for k, z in pre.items()}
    c = gates["f"] * prev.c + gates["i"] * gates["g"]
    return Frame(token, prev, State(gates["o"] * np.tanh(c), c), gates)


def residual(p, frame: Frame, target: int) -> Vector:
    logits = p["V"] @ frame.next.h
    weights = np.exp(logits - logits.max())
    return weights / weights.sum() - np.eye(len(logits))[target]


def retreat(p, frame: Frame, r: Vector, adj: State) -> tuple[State, dict[str, Vector]]:
    a, tc = frame.gates, np.tanh(frame.next.c)
    dh = adj.h + p["V"].T @ r
    dc = adj.c + dh * a["o"] * d_tanh(tc)
    wrt_gate = {"i": dc * a["g"], "f": dc * frame.prev.c, "o": dh * tc, "g": dc * a["i"]}
    dz = {k: v * (d_tanh if k == "g" else d_sigmoid)(a[k]) for k, v in wrt_gate.items()}
    return State(h=sum(p["W" + k].T @ dz[k] for k in "ifog"), c=dc * a["f"]), dz


def contribution(frame: Frame, r: Vector, dz: dict[str, Vector], vocab: int) -> dict[str, NDArray]:
    e = np.eye(vocab)[frame.token]
    w = {"W" + k: np.outer(dz[k], frame.prev.h) for k in dz}
    u = {"U" + k: np.outer(dz[k], e) for k in dz}
    return {"V": np.outer(r, frame.next.h)} | w | u


def merge(a, b): return {k: a[k] + b[k] for k in a}


def backward(params, x, targets, h0=None, c0=None):
    zero = np.zeros(params.Wi.shape[0])
    state = State(zero if h0 is None else h0, zero if c0 is None else c0)
    frames, parts, adj = [], [], State(h=zero, c=zero)
    for token in x:
        frames.append(advance(params, state, token))
        state = frames[-1].next
    for frame, target in zip(reversed(frames), reversed(targets)):
        r = residual(params, frame, target)
        adj, dz = retreat(params, frame, r, adj)
        parts.append(contribution(frame, r, dz, params.V.shape[0]))
    return reduce(merge, parts)
