"""The small net of lesson 1: it remembers whether a bell rang at the first step. Imports params and validate."""

import numpy as np

from lstm_teach import validate
from lstm_teach.params import Params

Inputs = tuple[Params, np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # params, x, targets, h0, c0

QUIET, BELL, ASK = 0, 1, 2
SYMBOLS = ("quiet", "bell", "?")

# What `python benchmarks/bell_weights.py` trains in about two seconds, rounded to two decimals.
WEIGHTS = {
    "V": [[2.03, -4.62], [2.52, 6.89], [-3.98, 3.1]],
    "Wi": [[-0.54, 1.26], [0.11, -0.21]],
    "Wf": [[0.57, -0.54], [-1.64, 0.06]],
    "Wo": [[0.49, -0.36], [0.35, -1.07]],
    "Wg": [[0.33, 0.32], [2.47, 0.63]],
    "Ui": [[-1.19, 3.75, 3.48], [4.94, 2.14, 3.47]],
    "Uf": [[3.04, -0.02, 2.02], [4.76, 1.22, -2.77]],
    "Uo": [[1.56, 4.09, 2.35], [3.28, 4.48, 1.56]],
    "Ug": [[0.49, 3.24, 1.56], [-2.45, -2.07, -0.26]],
}


def net() -> Params:
    """The trained net: three symbols, two units. Unit 0 holds the memory; unit 1 waits for the question."""
    return Params.like(Params.zeros(len(SYMBOLS), 2), WEIGHTS)


def sequence(rang: bool, quiet: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Tokens and targets, (quiet + 2,) each: a bell or none, quiet steps, then the question.

    The target is `QUIET` at every step but the last, where it is the first token.
    """
    quiet = validate.whole_number("quiet", quiet, 0)
    validate.room("a sequence", quiet, quiet=quiet)
    x = np.array([BELL if rang else QUIET] + [QUIET] * quiet + [ASK])
    targets = np.full(len(x), QUIET)
    targets[-1] = x[0]
    return x, targets


def untrained(T: int, hidden_size: int, seed: int, scale: float) -> Inputs:
    """A random net at the task of the bell: params, x (T,), targets (T,), h0, c0 (hidden_size,).

    The bell rings at the first step; the question comes at the last one, unless that is the first. The initial state is
    not zero, since a zero in it would hide mistakes at the first step.
    """
    x, targets = sequence(True, T - 2) if T > 1 else (np.array([BELL]), np.array([QUIET]))
    rng = np.random.default_rng(1000 + seed)
    h0, c0 = rng.uniform(0.3, 0.9, (2, hidden_size)) * rng.choice([-1, 1], (2, hidden_size))
    return Params.random(len(SYMBOLS), hidden_size, seed=seed, scale=scale), x, targets, h0, c0


def forgetful(params: Params, bias: float) -> Params:
    """A copy of the net with `bias` added to the pre-activation of every forget gate, whatever the token."""
    changed = params.copy()
    changed.Uf += bias
    return changed
