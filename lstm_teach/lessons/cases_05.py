"""The cases on which the lines of lesson 5 are judged, and its library function.

Imports forward and params. Numbers are of the notebook's kinds: what is taken from an array there is an np.float64.

Right values are measured, not taken from the formula: by walking step by step, by complex steps through the forward
lines, or because the answer was drawn first and the question made from it.
"""

from collections.abc import Iterator

import numpy as np

from lstm_teach.forward import forward
from lstm_teach.params import Params

TINY = 1e-30  # of a complex step


def carried() -> Iterator[dict]:
    """A delta at the last step, (H,), and what of it the carry alone brings to an earlier one, walked step by step."""
    # as long as on the page, so that a slice that is typed in there is not empty here
    for seed, (H, early, last) in enumerate(((3, 21, 64), (2, 10, 61), (5, 30, 66), (4, 18, 70))):
        rng = np.random.default_rng(seed)
        K, T = H + 1, last + 1
        params, x = Params(K, H, rng.normal(0, 0.3, K * H + 4 * H * H + 4 * H * K)), rng.integers(0, K, T)
        cache, dc_last = forward(params, x), rng.normal(size=H)
        net = {"params": params, "x": x, "cache": cache, "T": T, "H": H, "K": K}
        carried = np.prod([dc_last, *(cache.f[t] for t in range(last, early, -1))], axis=0)
        yield net | {"dc_last": dc_last, "early": early, "last": last, "carried": carried}


def two_roads() -> Iterator[dict]:
    """A unit of a net: a delta at c[t], and what the road through g brings to c[t-1], by a complex step along it."""
    for seed, H in enumerate((3, 2, 5, 4)):
        rng = np.random.default_rng(10 + seed)
        K, T = H + 2, H + 1
        params, x = Params(K, H, rng.normal(0, 0.8, K * H + 4 * H * H + 4 * H * K)), rng.integers(0, K, T)
        cache = forward(params, x, *rng.normal(size=(2, H)))
        t, unit, dc = T - 1, int(rng.integers(H)), float(rng.normal())
        i, g, w = cache.i[t, unit], cache.g[t, unit], params.Wg[unit, unit]
        before = {f"{name}_before": getattr(cache, name)[t - 1, unit] for name in ("o", "ct", "c", "h")}
        rest, o_before = np.arctanh(g) - w * before["h_before"], before["o_before"]
        g_nudged = np.tanh(rest + w * o_before * np.tanh(before["c_before"] + TINY * 1j))
        net = {"params": params, "x": x, "cache": cache, "T": T, "H": H, "K": K, "t": t, "unit": unit}
        values = {"dc": dc, "f": cache.f[t, unit], "i": i, "g": g, "w": w, **before}
        yield net | values | {"through_g": float(dc * (i * g_nudged).imag / TINY)}


def one_step() -> Iterator[dict]:
    """f, Wg (H, H), H, and the matrix of one step back (H, H)."""
    for case in posted_step():
        del case["posted_step"]
        yield case


def posted_step() -> Iterator[dict]:
    """As `one_step`, which is given now, and the same matrix of the posted loop, by its last line.

    Each unit delta is walked one step back through a fresh net: i and o are 1/2, and the slopes of tanh are 1.
    """
    for seed, H in enumerate((3, 5, 2, 4)):
        rng = np.random.default_rng(20 + seed)
        f, Wg = rng.uniform(0.3, 0.95), rng.normal(size=(H, H))
        right, posted = np.zeros((2, H, H))
        for unit, dc in enumerate(np.eye(H)):
            dzg = dc * 0.5
            right[:, unit] = dc * f + (Wg.T @ dzg) * 0.5
            posted[:, unit] = dc + dc * f + (Wg.T @ dzg) * 0.5
        params = Params.random(vocab_size=H + 1, hidden_size=H, seed=seed)
        params.Wg[:] = Wg
        case = {"f": np.float64(f), "Wg": Wg, "H": H, "params": params, "dc": float(rng.normal())}
        yield case | {"one_step": right, "posted_step": posted}


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

    The rate leaves a share after some steps. Of the net at bias 0: its gate f, and its matrix of one step back, whose
    largest eigenvalue is f + extra.
    """
    for seed in range(4):
        rng = np.random.default_rng(60 + seed)
        bias, extra = rng.uniform(-1, 1.3), rng.uniform(0.05, 0.15)
        needed = float(1 / (1 + np.exp(-bias)) + extra)
        alone = np.log(needed / (1 - needed))
        f, along = rng.uniform(0.4, 0.6), rng.normal(size=3)
        one_step = f * np.eye(3) + extra * np.outer(along, along) / (along @ along)
        steps = int(rng.integers(20, 80))
        case = {"rate_needed": needed, "extra": np.float64(extra), "f": np.float64(f), "one_step": one_step}
        case |= {"steps": steps, "share": float(np.prod(np.full(steps, needed)))}
        yield case | {"bias_alone": np.float64(alone), "bias_helped": float(bias)}


def largest_eigenvalue(one_step: np.ndarray) -> float:
    """What a step back, a matrix (H, H), multiplies a delta by in the long run: its largest |eigenvalue|."""
    return np.abs(np.linalg.eigvals(one_step)).max()
