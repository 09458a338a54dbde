"""Cases and right answers of exercise 2: a gradient check of your own, tried on backward passes with planted faults.

The words are in gradient_check.toml; engine.py says how the two belong together.
"""

from collections.abc import Callable

import numpy as np

from lstm_teach import bptt, exact_gradient, gradients, loss, nested_bptt
from lstm_teach.edited import edited
from lstm_teach.exercises.engine import Case, Task, check, questions, task_of
from lstm_teach.exercises.nets import random_case, with_moves
from lstm_teach.gradreport import errors_of, relative_error, verdict
from lstm_teach.guard import name_of
from lstm_teach.judging import Trouble, kind
from lstm_teach.lessons.clinic_cases import right_pass
from lstm_teach.nested import FLAWS
from lstm_teach.params import Params
from lstm_teach.verdicts import Verdict

PREDICT_DIGITS, FALLING, TINY = questions(__name__, "my_digits", "my_falling_error", "my_tiny_weights")
norm, error = np.linalg.norm, relative_error  # the second under a name that no task has


def check_relative_error(relative_error: Callable, seed: int = 1) -> Verdict:
    """Check `relative_error(a, b)` -> |a - b| / max(|a|, |b|) with norms, one number; 0 for two matrices of zeros."""
    random = np.random.default_rng(seed)
    large, noise = random.normal(0, 1, (2, 4, 3))
    small, zero = 0.5 * large + 0.1 * noise, np.zeros((4, 3))
    least = abs(large).argmin()
    small.flat[least] = -np.copysign(1, large.flat[least])  # neither is the larger one everywhere
    holes = large * (np.arange(3) > 0), small * (np.arange(3) < 2)
    shared = large.copy()
    shared[0, 0], shared[-1, -1] = 0, large[0, 0] + large[-1, -1] - large.sum()  # sums to zero, too

    cases = [
        Case("the first is larger", (large, small)),
        Case("the second is larger", (small, large)),
        Case("tiny matrices", (1e-20 * large, 1e-20 * small), also=lambda *given: "Here both matrices are tiny."),
        Case("opposite signs", (large, -large)),
        Case("zeros", (zero, zero.copy()), also=lambda *given: "Here both matrices are zero."),
        Case("zeros", holes, also=lambda *given: "Here both have some zeros, and other numbers too."),
        Case(
            "zeros",
            (shared, shared / 2),
            also=lambda *given: "Here both have a zero in the same place, and other numbers too.",
        ),
        Case("zeros", (zero, large), also=lambda *given: "Here a is zero and b is not."),
        Case("zeros", (large, zero), also=lambda *given: "Here b is zero and a is not."),
    ]
    return check(__name__, "relative_error", relative_error, cases, right=error)


def check_numerical_gradient(numerical_gradient: Callable, seed: int = 1) -> Verdict:
    """Check `numerical_gradient(loss_fn, params, step)` -> nine matrices, for any loss_fn(params) -> float."""
    weights = np.random.default_rng(seed).normal(0, 1, Params.zeros(2, 3).flat.size)

    def no_lstm(params: Params) -> float:
        return float(weights @ np.sin(params.flat) + np.cos(params.flat.sum()))

    def on(part: str, plain: Callable, net: Params, step: float) -> Case:
        loss_fn, moves = with_moves(plain, net)

        def also(*given: object) -> str:
            most = max([np.count_nonzero(abs(by) > step / 2) for by in moves], default=0)
            again = "Nudge one number, put it back, then take the next."
            return f"At one point {most} weights were nudged at once. {again}" if most > 1 else ""

        right = gradients.numerical_gradient(plain, net, step).values()
        return Case(part, (loss_fn, net, step), {"plain": plain}, also=also, right=right)

    lstm_loss, net = _lstm_loss(seed, 3, 2)
    other = Params.random(2, 3, seed=seed + 1)
    cases = [on("the loss of an LSTM", lstm_loss, net, 0.05), on("another loss with a large step", no_lstm, other, 0.3)]
    return check(__name__, "numerical_gradient", numerical_gradient, cases)


def nine(loss_fn: Callable, params: Params, step: float, formula: Callable) -> list[np.ndarray]:
    """The nine matrices of a formula that gets the loss ahead, here and behind, and the step."""
    grads, here = Params.zeros(params.vocab_size, params.hidden_size), loss_fn(params)
    for k, by in enumerate(step * np.eye(params.flat.size)):
        grads.flat[k] = formula(loss_fn(_moved(params, by)), here, loss_fn(_moved(params, -by)), step)
    return grads.values()


ACCEPTS = task_of(__name__, "accepts")
FAULTS = {fault: words for fault, (words, *_) in ACCEPTS["faults"].items()}


def planted(fault: str = "") -> Callable:
    """A backward pass with one of the `FAULTS`; without any it is right.

    Its signature is that of `bptt`, without options; an unknown fault is a ValueError.
    """
    if fault and fault not in FAULTS:
        raise ValueError(f"fault must be one of {', '.join(FAULTS)}, got {fault!r}.")
    _, *pieces = ACCEPTS["faults"].get(fault, [""])
    return edited(right_pass, "right_pass", "backward", *pieces)


RIGHT_PASSES = {
    "a single pass": planted(),
    "two loops": lambda *given: nested_bptt(*given, repaired=FLAWS),
    "all gates at once": lambda *given: bptt(*given),
    "no pass back at all, but derivatives carried forward": lambda *given: exact_gradient(*given),
    "a single pass whose numbers were rounded to eleven digits": edited(right_pass, *ACCEPTS["rounded"]),
}


def check_accepts(accepts: Callable, seed: int = 1) -> Verdict:
    """Check `accepts(backward)` -> True for a right backward pass and False for a wrong one.

    `backward(params, x, targets, h0, c0)` returns an lt.Params.
    """

    def on(part: str, backward: Callable, right: bool, words: str) -> Case:
        def look(answer: object, _: Callable) -> str:
            if not isinstance(answer, bool | np.bool_):
                raise Trouble(f"{name_of(accepts)} should return True or False, but returns {kind(answer)}.")
            return "" if answer == right else words

        return Case(part, (backward,), look=look)

    said = ACCEPTS["said"]
    cases = [
        on("right passes", backward, True, said["rejects"].format(words=words))
        for words, backward in RIGHT_PASSES.items()
    ]
    for words, *pieces in ACCEPTS["hopeless"]:
        cases.append(on("right passes", edited(right_pass, *pieces), False, words))
    for fault, words in FAULTS.items():
        cases.append(on(fault, planted(fault), False, said["accepts"].format(words=words)))
        cases.append(on(fault, planted(), True, said["rejects all"]))
    for name in Params.NAMES:
        pieces = [piece.format(name=name) for piece in ACCEPTS["one of nine"]]
        cases.append(on("each of the nine", edited(right_pass, *pieces), False, said["one of nine"].format(name=name)))
    cases.append(on("each of the nine", planted(), True, said["rejects all"]))
    task = Task(__name__, "accepts", cases)
    task.order = np.random.default_rng(seed).permutation(len(cases))
    return task.verdict(accepts)


HIDING_FAULTS = ("forgotten f", "forgotten c0", "forgotten h0", "forgotten token")


def check_blind_spot(blind_spot: Callable) -> Verdict:
    """Check `blind_spot(fault)` -> params, x, targets, h0, c0 where that fault does not show and others do."""

    def look(answer: object, fault: str) -> str:
        net = _net_and_sequence(answer)
        error, matrix = _worst(planted(fault), net)
        if verdict(error) != "right":
            return f"The fault shows, and it should not: the norm-relative error of d{matrix} is {error:.1g}."
        for other in HIDING_FAULTS:
            both_need_a_second_step = (fault, other) == ("forgotten f", "forgotten token")
            if other != fault and not both_need_a_second_step and _worst(planted(other), net)[0] < 1e-4:
                return f"It hides {other} as well; hide only {fault}."
        return ""

    return check(__name__, "blind_spot", blind_spot, [Case(fault, (fault,), look=look) for fault in HIDING_FAULTS])


def _net_and_sequence(answer: object) -> tuple:
    """params, x, targets, h0, c0 as a learner returned them, fit for a check; else `Trouble`."""
    if not isinstance(answer, tuple | list) or len(answer) != 5:
        got = f"{len(answer)} of them" if isinstance(answer, tuple | list) else kind(answer)
        raise Trouble(f"blind_spot should return five things (params, x, targets, h0, c0), but returns {got}.")
    params, x, targets, *states = answer
    if not isinstance(params, Params):
        raise Trouble(f"The first of the five should be the net, an lt.Params, but is {kind(params)}.")
    if np.size(x) > 30 or params.hidden_size > 20 or params.vocab_size > 20:
        size = f"{np.size(x)} steps, {params.hidden_size} units and {params.vocab_size} tokens"
        raise Trouble(f"That is too large: {size}. At most 30, 20 and 20 are allowed.")
    try:
        exact_gradient(*answer)
    except (TypeError, ValueError) as error:
        raise Trouble(f"These can't be used: {error}") from error
    size = np.sqrt(np.mean(params.flat**2))
    if not 0.3 <= size <= 3:
        said = f"The weights should be of the usual size, a root mean square of 0.3 to 3; yours is {size:.2g}."
        raise Trouble(f"{said} lt.Params.random makes such a net.")
    return params.astype(np.float64), x, np.asarray(targets), *states


def _worst(backward: Callable, net: tuple) -> tuple[float, str]:
    """The largest of the nine norm-relative errors, and the matrix that has it."""
    errors = errors_of(backward(*net), exact_gradient(*net))
    return max((error, name) for name, error in errors.items())


def check_slope_along(slope_along: Callable, seed: int = 1) -> Verdict:
    """Check `slope_along(loss_fn, params, direction, step)` -> the central difference along `direction`, one number.

    `direction` has a number for each weight, in the order of `params.flat`. The loss may be asked for twice only.
    """
    random = np.random.default_rng(seed)

    def on(part: str, vocab_size: int, hidden_size: int, step: float, direction: Callable) -> Case:
        loss_fn, net = _lstm_loss(seed, vocab_size, hidden_size)
        counted, moves = with_moves(loss_fn, net)

        def at(by: np.ndarray | float) -> float:
            return loss_fn(_moved(net, by))

        def look(*given: object) -> str:
            return "" if len(moves) <= 2 else f"The number is right, but it took {len(moves)} losses; two are enough."

        along = direction(net.flat.size)
        return Case(part, (counted, net, along, step), {"at": at}, look, right=slope_of(loss_fn, net, along, step))

    cases = [
        on("a direction through all weights", 4, 3, 1e-3, lambda size: random.normal(0, 1, size)),
        on("a large step", 3, 4, 0.1, lambda size: random.choice([-1.0, 1.0], size)),
        on("one weight alone", 4, 3, 1e-3, lambda size: np.eye(size)[size // 2 - 1]),  # of Wg
    ]
    return check(__name__, "slope_along", slope_along, cases)


def slope_of(loss_fn: Callable, net: Params, direction: np.ndarray, step: float = 1e-5) -> float:
    """The slope of a loss along a direction, as `slope_along` should give it."""
    return (loss_fn(_moved(net, step * direction)) - loss_fn(_moved(net, -step * direction))) / (2 * step)


def _moved(net: Params, by: np.ndarray | float) -> Params:
    moved = net.copy()
    moved.flat[:] += by
    return moved


def _lstm_loss(seed: int, vocab_size: int, hidden_size: int) -> tuple[Callable[[Params], float], Params]:
    """The loss of five steps as a function of the net, and a net with weights of order 1."""
    params, *sequence = random_case(seed, 5, vocab_size, hidden_size)
    return lambda net: loss(net, *sequence), params
