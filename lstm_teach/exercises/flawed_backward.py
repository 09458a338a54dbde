"""Cases and right answers of exercise 3: four nested loops with flaws, and a judgement from what the check says.

The words are in flawed_backward.toml; engine.py says how the two belong together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np

from lstm_teach import exact_gradient, forward
from lstm_teach.edited import edited
from lstm_teach.exercises.engine import Case, check, questions, task_of
from lstm_teach.exercises.nets import case_of
from lstm_teach.exercises.unread import filled_forward
from lstm_teach.gradreport import relative_error, verdict
from lstm_teach.judging import Trouble, kind
from lstm_teach.params import GATES, Params
from lstm_teach.verdicts import Verdict

PREDICT_TWO_STEPS, FIRST_LINE, SECOND_LINE, HOW_MANY = questions(
    __name__, "my_wrong_at_two_steps", "my_first_line", "my_second_line", "my_fourth_loop"
)

# Each flaw: a piece of the loop below, and what somebody might have written there.
FLAWS = {
    "cell for its tanh": ("to_h * ct", "to_h * run.c[k]"),  # where the forward pass has tanh(c)
    "gate of another step": ("to_c * run.f[k]", "to_c * run.f[k - 1]"),  # at the carry
    "token once": ("[:, x[k]] += ", "[:, x[k]] = "),  # a column of dU is written, not added to
    "turned product": ("z[gate], run.h[k - 1]", "run.h[k - 1], z[gate]"),
    "g left out": ("z[gate] for gate in GATES", "z[gate] for gate in GATES[:3]"),  # from i, f, o only
    "W not transposed": ("].T @", "] @"),  # and so from the wrong units
    "leftover": ("        to_c = np.zeros(params.hidden_size)\n", ""),  # of the walk before
    "no forget gate": ("to_c * run.f[k]", "to_c"),  # the cell's delta is carried whole
    "a number": ("np.outer(z", "np.dot(z"),
    "step 0 left out": ("range(n, -1, -1)", "range(n, 0, -1)"),  # no walk gets to step 0
}


def nested_loop(
    params: Params, x: np.ndarray, targets: np.ndarray, h0: np.ndarray | None = None, c0: np.ndarray | None = None
) -> Params:
    """The nine gradients by two loops."""
    run = forward(params, x, h0, c0)
    grads = Params.zeros(params.vocab_size, params.hidden_size)
    to_c = np.zeros(params.hidden_size)
    for n in reversed(range(len(x))):
        miss = run.y[n] - np.eye(params.vocab_size)[targets[n]]
        grads.V += np.outer(miss, run.h[n])
        to_h = params.V.T @ miss
        to_c = np.zeros(params.hidden_size)
        for k in range(n, -1, -1):
            i, f, o, g, ct = run.i[k], run.f[k], run.o[k], run.g[k], run.ct[k]
            to_c = to_c + to_h * o * (1 - ct**2)
            z = {
                "i": to_c * g * i * (1 - i),
                "f": to_c * run.c[k - 1] * f * (1 - f),
                "o": to_h * ct * o * (1 - o),
                "g": to_c * i * (1 - g**2),
            }
            for gate in GATES:
                grads["W" + gate] += np.outer(z[gate], run.h[k - 1])
                grads["U" + gate][:, x[k]] += z[gate]
            to_h = sum(params["W" + gate].T @ z[gate] for gate in GATES)
            to_c = to_c * run.f[k]
    return grads


def with_flaws(*flaws: str) -> Callable[..., Params]:
    """`nested_loop` with some of the `FLAWS` in it."""
    return edited(nested_loop, *(piece for flaw in flaws for piece in FLAWS[flaw]))


# ------------------------------------------------------------------------------------------ 1. to 4., the four loops


def check_first(first_repaired: Callable, seed: int = 1) -> Verdict:
    """Check `first_repaired(params, x, targets, h0, c0)` -> nine gradients; it is the first loop, repaired."""
    return _repaired("first", first_repaired, seed, shortest=1)


def check_second(second_repaired: Callable, seed: int = 1) -> Verdict:
    """Check `second_repaired(params, x, targets, h0, c0)` -> nine gradients; it is the second loop, repaired."""
    return _repaired("second", second_repaired, seed, shortest=2)


def check_third(third_repaired: Callable, seed: int = 1) -> Verdict:
    """Check `third_repaired(params, x, targets, h0, c0)` -> nine gradients; it is the third loop, repaired."""
    return _repaired("third", third_repaired, seed, shortest=2)


def check_fourth(fourth_repaired: Callable, seed: int = 1) -> Verdict:
    """Check `fourth_repaired(params, x, targets, h0, c0)` -> nine gradients; it is the fourth loop, repaired."""
    return _repaired("fourth", fourth_repaired, seed, shortest=1)


def _repaired(task: str, function: Callable, seed: int, shortest: int) -> Verdict:
    """Whether the backward pass is right, length by length, from the shortest at which the loop was wrong."""
    sizes = {f"T = {T}": (T, 4, 5) for T in (1, 2, 6) if shortest <= T} | {"T = 9 with other sizes": (9, 6, 3)}
    cases = [Case(part, case_of(seed + size[0], *size)) for part, size in sizes.items()]
    with filled_forward():  # a repair that is right only because a row is zero is none
        return check(__name__, task, function, cases, right=exact_gradient)


# ------------------------------------------------------------------------------------------ 5. what the check says

CULPRIT = {
    "turned product": "product",
    "cell for its tanh": "output gate",
    "gate of another step": "cell carry",
    "token once": "token",
    "g left out": "hidden carry",
    "a number": "product",
    "no forget gate": "cell carry",
    "W not transposed": "hidden carry",
}


def check_suspect(suspect: Callable, seed: int = 1) -> Verdict:
    """Check `suspect(one, two)` -> the kind of flaw, from the names of the wrong gradients at T = 1 and T = 2."""
    would = task_of(__name__, "suspect")["would"]
    cases = []
    for number, (flaw, culprit) in enumerate(CULPRIT.items(), 1):
        one, two = wrong_names(flaw, 1, seed), wrong_names(flaw, 2, seed)

        def look(answer: object, one: set = one, two: set = two, culprit: str = culprit) -> str:
            if not isinstance(answer, str) or answer not in would:
                names = ", ".join(f'"{name}"' for name in would)
                raise Trouble(f"suspect should return one of {names}, but returns {kind(answer)}.")
            if answer == culprit:
                return ""
            return f"Wrong at T = 1: {_listed(one)}. Wrong at T = 2: {_listed(two)}. {would[answer]}"

        cases.append(Case(f"pass {number}", (one, two), look=look))
    return check(__name__, "suspect", suspect, cases)


def wrong_names(flaw: str, length: int, seed: int = 1) -> set[str]:
    """The names of the gradients that a loop with this flaw has wrong for a sequence of this length."""
    net = case_of(seed, length, 4, 5)
    got, right = with_flaws(flaw)(*net), exact_gradient(*net)
    return {name for name in Params.NAMES if verdict(relative_error(got[name], right[name])) != "right"}


def _listed(names: Collection[str]) -> str:
    return " ".join(f"d{name}" for name in Params.NAMES if name in names) or "none"
