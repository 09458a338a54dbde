"""Models with faults that diagnose_model is tried on."""

import numpy as np

import lstm_teach as lt


def of_text(text, *edits, seed=0, **names):
    """The case of a small model: a text with its `own` parameters, their `loss` and their `gradient` of T steps.

    The text may use `np`, `seed`, `draw`, which gives numbers from a normal distribution, and the given names; it may
    also have a `case` itself.
    """
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    space = {"np": np, "seed": seed, "draw": np.random.default_rng(seed).normal, **names}
    exec(text, space)
    if "case" in space:
        return space["case"]
    return lambda T: (space["own"], lambda p: space["loss"](p, T), lambda p: space["gradient"](p, T))


def diagnose(case, **options):
    """With enough time for a busy machine to compare as many entries as an idle one; no blank may stay unfilled."""
    diagnosis = lt.diagnose_model(case, **{"seconds": 60.0, **options})
    assert "\0" not in str(diagnosis), diagnosis
    return diagnosis


def families(diagnosis):
    return [found.family for found in diagnosis.findings]


def told(diagnosis):
    return " ".join(map(str, diagnosis.findings))


def is_named(family: str, expected: set[str] | list[str]) -> bool:
    """Whether a family is one of those expected, or says of a carry no more than the numbers prove."""
    less = {"between steps": {"carry"}, "start": {"carry"}}
    return family in expected or bool(less.get(family, set()).intersection(expected))
