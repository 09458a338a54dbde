"""Calls of a backward pass compared with the exact gradient, and the proof of a repair.

Imports build, code, fuel, truth and the guard.
"""

from collections.abc import Callable, Iterable

import numpy as np

from lstm_teach import guard
from lstm_teach.doctor.build import build
from lstm_teach.doctor.code import Code
from lstm_teach.doctor.fuel import PROOF, spend
from lstm_teach.doctor.truth import Case, from_zeros, make_case
from lstm_teach.gradcheck import LENGTHS, collect_gradients, own_case
from lstm_teach.gradreport import errors_of
from lstm_teach.params import Params

CALL = 5.0  # seconds that one call may take
NOISE = 1e-13  # beside the whole gradient, an error that is only rounding


def proof_cases(takes: dict[str, bool]) -> list[Case]:
    """The nets on which a repair has to be right: the check's own, others of several sizes, with and without h0, c0."""
    cases = [Case(*own_case(T, takes)) for T in LENGTHS]
    cases += [make_case(T, 40 + T, takes) for T in LENGTHS]
    cases += [make_case(T, 60 + T, takes, vocab_size=3, hidden_size=4) for T in (4, 7)]
    return cases + [from_zeros(make_case(T, 80 + T, []), takes) for T in (1, 3) if takes]


def prove(code: Code, cases: list[Case]) -> bool:
    """Whether the text, uninstrumented, is right on all cases."""
    try:
        call, filled = build(code), build(code, unread=True)
    except (SyntaxError, ValueError):
        return False
    return is_right(call, cases) and is_right(filled, cases[2::4])  # if it reads rows of no step, it is so by chance


def is_right(backward: Callable, cases: Iterable[Case]) -> bool:
    """Whether a backward pass is right on all cases, called twice each, and changes no parameter."""
    for case in cases:
        spend(PROOF)
        for _ in range(2):
            params = case.params.copy()
            got = called(backward, case, params)
            unchanged = np.array_equal(params.flat, case.params.flat)
            if got is None or not unchanged or max(errors_of(got, case.gradient, NOISE).values()) > 1e-9:
                return False
    return True


def called(backward: Callable, case: Case, params: Params) -> dict[str, np.ndarray] | None:
    """The nine gradients that a call with these parameters and copies of the rest returns, None if there are none."""
    states = {name: value.copy() for name, value in case.states.items()}
    try:
        with np.errstate(all="ignore"):
            result = guard.call(backward, params, case.x.copy(), case.targets.copy(), seconds=CALL, **states)
            return collect_gradients(result, case.params)
    except (guard.LearnerError, ValueError, TypeError):
        return None
