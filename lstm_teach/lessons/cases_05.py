"""The cases on which the lines of lesson 5 are judged, and its library function. Imports numpy and Params.

Right values are measured, not taken from the formula: by walking step by step, by complex steps through the forward
lines, or because the answer was drawn first and the question made from it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..params import Params

TINY = 1e-30  # of a complex step


def left() -> Iterator[dict]:
    """A forget gate f and numbers of steps n, (N,); the share that is left, (N,), by multiplying again and again."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        f, steps = rng.uniform(0.3, 0.99), int(rng.integers(5, 40))
        yield {"f": f, "n": np.arange(steps), "left": np.cumprod(np.r_[1.0, np.full(steps - 1, f)])}


def two_roads() -> Iterator[dict]:
    """One unit: a delta at c[t], and what the road through g brings back to c[t-1], by a complex step along it."""
    for seed in range(4):
        rng = np.random.default_rng(10 + seed)
        i, f, o_before = rng.uniform(0.1, 0.9, 3)
        dc, w, u, c_before = rng.normal(size=4)
        g, g_nudged = (np.tanh(u + w * o_before * np.tanh(c)) for c in (c_before, c_before + TINY * 1j))
        values = {"dc": dc, "f": f, "i": i, "g": g, "w": w, "o_before": o_before}
        values |= {"ct_before": np.tanh(c_before), "c_before": c_before, "h_before": o_before * np.tanh(c_before)}
        values |= {"through_g": dc * (i * g_nudged).imag / TINY}
        yield {name: float(value) for name, value in values.items()}


def one_step() -> Iterator[dict]:
    """f, Wg (H, H), H, and the matrix of one step back (H, H), column by column from a walk."""
    for case in _walked(lambda dc, f: dc * f):
        yield case | {"one_step": case.pop("walked")}


def posted_step() -> Iterator[dict]:
    """As `one_step`, which is given now; the posted loop's matrix from a walk with the posted loop's last line."""
    for right, posted in zip(one_step(), _walked(lambda dc, f: dc + dc * f), strict=True):
        yield right | {"posted_step": posted["walked"]}


def _walked(carried) -> Iterator[dict]:
    """Walk each unit delta one step back through a fresh net: i and o are 1/2, and the slopes of tanh are 1."""
    for seed, H in enumerate((3, 5, 2, 4)):
        rng = np.random.default_rng(20 + seed)
        f, Wg = rng.uniform(0.3, 0.95), rng.normal(size=(H, H))
        columns = []
        for dc in np.eye(H):
            dzg = dc * 0.5
            columns.append(carried(dc, f) + (Wg.T @ dzg) * 0.5)
        params = Params.random(vocab_size=H + 1, hidden_size=H, seed=seed)
        params.Wg[:] = Wg
        yield {"f": float(f), "Wg": Wg, "H": H, "params": params, "walked": np.array(columns).T}


def rate_of() -> Iterator[dict]:
    """Matrices whose eigenvalues were drawn first, and the largest of their absolute values."""
    drawn = (0.4, 0.5 + 0.6j), (-1.1, 0.7, 0.3), (0.9, -0.2), (0.3, -0.6 + 0.2j, -0.1), (0.2, 0.9)
    for seed, eigenvalues in enumerate(drawn):
        rng = np.random.default_rng(30 + seed)
        roots = [*eigenvalues, *(value.conjugate() for value in eigenvalues if isinstance(value, complex))]
        companion = np.diag(np.ones(len(roots) - 1), -1)  # companion matrix: its eigenvalues are the roots
        companion[0] = -np.poly(roots)[1:].real
        basis = np.linalg.qr(rng.normal(size=companion.shape))[0] + 0.3 * rng.normal(size=companion.shape)
        one_step = basis @ companion @ np.linalg.inv(basis)
        rate = float(max(abs(value) for value in eigenvalues))
        yield {"one_step": one_step, "arguments": (one_step,), "answer": rate}


def rate_needed() -> Iterator[dict]:
    """A share that is to be left after some steps, made from the rate that leaves it."""
    for seed in range(4):
        rng = np.random.default_rng(40 + seed)
        rate, steps = rng.uniform(0.5, 0.99), int(rng.integers(5, 90))
        yield {"steps": steps, "share": float(np.prod(np.full(steps, rate))), "rate_needed": float(rate)}


def bias_helped() -> Iterator[dict]:
    """A rate a net has to have, and what the road through g adds to it; made from the bias that gives the rate.

    Of the net at bias 0: its gate f, and its matrix of one step back, whose largest eigenvalue is f + extra.
    """
    for seed in range(4):
        rng = np.random.default_rng(60 + seed)
        bias, extra = rng.uniform(-1, 1.3), rng.uniform(0.05, 0.15)
        needed = float(1 / (1 + np.exp(-bias)) + extra)
        alone = float(np.log(needed / (1 - needed)))
        f, along = rng.uniform(0.4, 0.6), rng.normal(size=3)
        one_step = f * np.eye(3) + extra * np.outer(along, along) / (along @ along)
        case = {"rate_needed": needed, "extra": float(extra), "f": float(f), "one_step": one_step}
        yield case | {"bias_alone": alone, "bias_helped": float(bias)}


def largest_eigenvalue(one_step: np.ndarray) -> float:
    """What a step back, a matrix (H, H), multiplies a delta by in the long run: its largest |eigenvalue|."""
    return np.abs(np.linalg.eigvals(one_step)).max()
