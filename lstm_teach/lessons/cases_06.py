"""The cases of lesson 6: losses, norms, gradients to clip, and runs measured with several seeds.

Imports training and runs_06. Which run had which gradient comes from measured runs, a clipped gradient and a step from
`lstm_teach/training.py`.
"""

from collections.abc import Iterator
from functools import partial
from itertools import permutations, product
from typing import Any

import numpy as np

from lstm_teach import training
from lstm_teach.lessons.cases import pick
from lstm_teach.lessons.runs_06 import BACKWARDS, EIGHT_SEEDS


def descend(flat: np.ndarray, gradient: np.ndarray, rate: float, limit: float) -> np.ndarray:
    """One step of gradient descent, with the gradient made no longer than `limit`: a new vector like `flat` (n,)."""
    norm = np.linalg.norm(gradient)
    clipped = gradient * min(1, limit / norm)
    return flat - rate * clipped


def price() -> Iterator[dict[str, Any]]:
    """What guessing adds to a loss: two numbers that are one half each, once in a string of `length` symbols."""
    for best, length in ((0.41, 9.5), (0.45, 12.0), (0.3, 20.0), (1.2, 6.5)):
        wrong_and_right = -np.log(np.array([0.5, 0.5]))
        yield {"best": best, "length": length, "forgets": (best * length + wrong_and_right.mean()) / length}


def which() -> Iterator[dict[str, Any]]:
    """Three measured runs of one seed in every order: their test losses, and the share of strings they remember in."""
    kinds = list(BACKWARDS)
    for seed, order in product(range(8), permutations((0, 2, 1))):
        losses, shares = (np.array([EIGHT_SEEDS[kinds[k]][key][seed] for k in order]) for key in ("loss", "remembered"))
        runs = {"end_loss": losses, "remembered": shares}
        yield {**runs, "right_run": order.index(kinds.index("right")), "broken_run": order.index(kinds.index("broken"))}


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Cosine of the angle between two vectors (n,)."""
    return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))


def cosines() -> Iterator[dict[str, Any]]:
    """Pairs of vectors, the second turned from the first by a known angle and of another length."""
    rng = np.random.default_rng(9)
    for size, degrees, lengths in ((3, 30, (0.1, 0.5)), (40, 100, (0.1, 7)), (12, 75, (30, 4)), (200, 150, (3, 0.5))):
        along, other = rng.normal(0, 1, (2, size))
        along /= np.linalg.norm(along)
        across = other - (other @ along) * along
        across /= np.linalg.norm(across)
        angle = np.radians(degrees)
        a, b = lengths[0] * along, lengths[1] * (np.cos(angle) * along + np.sin(angle) * across)
        yield {"a": a, "b": b, "arguments": (a, b), "answer": np.cos(angle)}


def gradients(scale: float = 1.0) -> Iterator[dict[str, Any]]:
    """Gradients longer and shorter than the limit, one with many small numbers, with a step that takes them."""
    rng = np.random.default_rng(6)
    rows = (9, 12.0, 5.0, 0.1), (200, 3e4, 0.5, 0.02), (60, 4.5, 5.0, 2.0), (11, 0.3, 1.0, 0.7)
    for size, length, limit, rate in rows:
        flat, gradient = rng.normal(0, 1, (2, size))
        gradient *= scale * length / np.linalg.norm(gradient)
        clipped, limit = gradient.copy(), scale * limit if limit < length else limit
        norm = np.float64(training.clip(clipped, limit))  # as the notebook has it
        case = {"flat": flat, "gradient": gradient, "rate": rate, "limit": limit, "norm": norm}
        norms = np.array([np.linalg.norm(part) for part in np.array_split(gradient, 9)])
        yield case | {"norms": norms, "clipped": clipped}


short_gradients = partial(gradients, 1 / 240)  # so short that it shows when a small number is added to a norm


def norm() -> Iterator[dict[str, Any]]:
    """The norms of nine matrices, and that of all their numbers together; `gradient` is of another net."""
    for size, case in enumerate(gradients(), start=2):
        matrices = np.random.default_rng(size).normal(0, size, (9, 4, size)) * np.arange(1, 10)[:, None, None]
        norms = np.array([np.linalg.norm(matrix) for matrix in matrices])
        yield pick(case, "gradient rate limit") | {"norms": norms, "norm": np.linalg.norm(matrices.ravel())}


def steps() -> Iterator[dict[str, Any]]:
    """Calls of `descend`, and the parts of its answer."""
    for case in gradients():
        answer = case["flat"] + training.sgd(case["rate"]).start()(case["clipped"])
        yield case | {"arguments": tuple(pick(case, "flat gradient rate limit").values()), "answer": answer}


def count() -> Iterator[dict[str, Any]]:
    """Norms of nine matrices over several trainings, (steps, 9), and how often the whole is above the limit."""
    rng = np.random.default_rng(7)
    rows = (30, 5.0), (50, 1.5), (12, 9.0), (400, 3.0)
    runs = [(rng.lognormal(0, 2, (n, 1)) * rng.lognormal(-0.5, 1.2, (n, 9)), limit) for n, limit in rows]
    runs.append((rng.uniform(0.1, 0.8, (40, 9)), 3.0))  # never, but the sum of all is above the limit
    runs.append((rng.uniform(0.01, 0.02, (12, 9)), 3.0))  # never, and it is not
    for norms, limit in runs:
        whole = np.sqrt((norms**2).sum(axis=1))
        parts = {"gates": np.sqrt((norms[:, 1:] ** 2).sum(axis=1)), "V": norms[:, 0]}
        clipped = len([norm for norm in whole if norm > limit])
        yield {"norms_bell": norms, "whole": whole, "parts": parts, "limit": limit, "clipped_steps": clipped}


def learned() -> Iterator[dict[str, Any]]:
    """Losses of runs with the lesson's four biases and eight seeds, and how many of each row are below `half`."""
    rng = np.random.default_rng(8)
    for half in (0.35, 0.5, 0.2, 0.35):
        losses = rng.uniform(0, 1, (4, 8)) * np.array([[1], [1], [1], [0.19]])  # in the last row all have learned it
        losses[1, :2] = half - 1e-7, half + 1e-7  # which rounding would put on the other side
        counts = np.array([len(row[row < half]) for row in losses])
        all_losses = {10: losses[::-1], 20: losses, 40: 1 - losses}
        yield {"losses": losses, "all_losses": all_losses, "half": np.float64(half), "learned": counts}
