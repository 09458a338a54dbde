"""Cases and right answers of exercise 3: four nested loops with flaws, and a judgement from what the check says.

The words are in flawed_backward.toml; engine.py says how the two belong together.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lstm_teach import exact_gradient
from lstm_teach.edited import edited
from lstm_teach.exercises.engine import Case, check, questions, task_of, versions, words_of
from lstm_teach.exercises.nets import by_length, filled_forward, random_case
from lstm_teach.gradreport import errors_of, off
from lstm_teach.judging import Trouble
from lstm_teach.lessons.clinic_cases import question_loop
from lstm_teach.params import Params
from lstm_teach.validate import brief
from lstm_teach.verdicts import Verdict

PREDICT_TWO_STEPS, FIRST_LINE, SECOND_LINE, FOURTH_LOOP = questions(
    __name__, "my_wrong_at_two_steps", "my_first_line", "my_second_line", "my_fourth_loop"
)

# The posted loop, repaired: the nine gradients by two loops.
nested_loop = edited(
    question_loop,
    *("range(t))", "range(t + 1))"),
    *("dct[0] * (1 - ct[0] ** 2)", "np.zeros(params.hidden_size)"),
    *("np.dot", "np.outer"),
    *("dc = dc + dc * f", "dc = dc * f"),
)

FLAWS = words_of(__name__)["flaws"]
with_flaws = versions(nested_loop, FLAWS)


def _check_of(loop: str, shortest: int = 1) -> Callable[..., Verdict]:
    """The check of a repaired loop, on lengths from the shortest at which the loop was wrong."""

    def check_repaired(repaired: Callable, seed: int = 1) -> Verdict:
        with filled_forward():  # a repair that is right only because a row is zero is none
            return check(__name__, loop, repaired, by_length(seed, shortest), right=nested_loop)

    check_repaired.__doc__ = (
        f"Check `{loop}_repaired(params, x, targets, h0, c0)` -> nine gradients, of the {loop} loop."
    )
    return check_repaired


check_first, check_fourth = _check_of("first"), _check_of("fourth")
check_second, check_third = _check_of("second", shortest=2), _check_of("third", shortest=2)


def check_suspect(suspect: Callable, seed: int = 1) -> Verdict:
    """Check `suspect(one, two)` -> the kind of flaw, from the names of the wrong gradients at T = 1 and T = 2."""
    words, answers = task_of(__name__, "suspect"), {}
    would = words["would"]

    def on(number: int, flaw: str, culprit: str) -> Case:
        def look(answer: object, one: set[str], two: set[str]) -> str:
            kind = " ".join(answer.lower().split()) if isinstance(answer, str) else ""
            if kind not in would:
                names = ", ".join(f'"{name}"' for name in would)
                raise Trouble(f"suspect should return one of {names}, but returns {brief(answer)}.")
            answers[number] = kind
            if kind == culprit:
                return ""
            return f"Here one = {as_set(one)} and two = {as_set(two)}. {would[kind]}"

        return Case(f"pass {number}", tuple(wrong_names(flaw, T, seed) for T in (1, 2)), look=look)

    # In an order that depends on the seed, so that counting the calls doesn't help.
    flaws = words["culprits"] | (words["held out"] if seed != 1 else {})  # whoever copied the answers lacks these
    rows = np.random.default_rng(seed).permutation([*flaws.items()])
    cases = [on(number, *row) for number, row in enumerate(rows, 1)]
    found = check(__name__, "suspect", suspect, cases)
    if len(answers) < len(cases) or len(set(answers.values())) > 1:
        return found
    same = f'The answer is "{answers[1]}" for every pass, so it says nothing about this one.'
    return replace(found, parts=tuple(replace(part, sentence=part.sentence or same) for part in found.parts))


def as_set(names: set[str]) -> str:
    """Some of the nine names as Python writes a set, in their order."""
    listed = ", ".join(f'"{name}"' for name in Params.NAMES if name in names)
    return f"{{{listed}}}" if listed else "set()"


def wrong_names(flaw: str, T: int, seed: int = 1) -> set[str]:
    """The names of the gradients that a loop with this flaw has wrong for a sequence of length T."""
    net = random_case(seed, T, 4, 5)
    return set(off(errors_of(with_flaws(flaw)(*net), exact_gradient(*net))))
