"""The nets and sequences that exercises are judged on. Imports params only."""

from __future__ import annotations

import numpy as np

from lstm_teach.params import Params


def case_of(seed: int, T: int, K: int, H: int) -> tuple[Params, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A net with weights of order 1, a sequence with targets, and an initial state h0, c0 that is not zero."""
    random = np.random.default_rng(seed)
    x, targets = random.integers(0, K, (2, T))
    h0 = random.uniform(0.3, 0.9, H) * random.choice([-1, 1], H)
    return Params.random(K, H, seed=seed, scale=0.8), x, targets, h0, random.normal(0, 1, H)
