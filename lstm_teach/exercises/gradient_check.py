"""Checks and questions of exercise 2: a gradient check of one's own, tried on backward passes with planted faults."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lstm_teach import exact_gradient, forward, loss, nested_bptt
from lstm_teach.backward import output_delta
from lstm_teach.exercises.checks import Attempt, Trouble, Verdict, difference, judge, kind
from lstm_teach.exercises.questions import Option, Question
from lstm_teach.gradreport import relative_error, verdict
from lstm_teach.nested import FLAWS
from lstm_teach.params import GATES, Params

PREDICT_DIGITS = Question(
    "my_digits",
    "A loss is 12, and its slope along a weight is 1. You nudge the weight by 1e-14 both ways and divide the difference"
    " of the two losses by 2e-14. How many digits of the result are right?",
    reveal="About one. Near 12, the numbers that a computer can hold are 2e-15 apart. The two losses differ by 2e-14,"
    " so only about eleven such distances lie between them, and each loss may be off by one or so.",
)

FALLING = Question(
    "my_falling_error",
    "Somebody holds dWf against central differences. The error is 4e-5 with step 1e-3, 4e-7 with step 1e-4, and 4e-9"
    " with step 1e-5. What do you say about dWf?",
    {
        "a": Option(
            "it is wrong: 4e-5 is above the bound",
            "The bound of 1e-7 is meant for a good step. With step 1e-3 the numbers themselves are off by more.",
        ),
        "b": Option(
            "it is right: the error falls with the square of the step",
            "That is how the truncation error of central differences falls, so the error belongs to the numbers. A"
            " mistake in dWf would stay, however small the step becomes.",
        ),
        "c": Option(
            "it is wrong: the error should not depend on the step",
            "It is a wrong gradient whose error does not depend on the step: the mistake stays where it is. The"
            " numbers that it is held against always depend on the step.",
        ),
        "d": Option(
            "nothing: the steps are so small that rounding decides",
            "Rounding grows when the step becomes smaller. Here the error falls, so at these steps rounding is still"
            " the smaller of the two.",
        ),
    },
    right="b",
)

TINY = Question(
    "my_tiny_weights",
    "All weights of a net are near 0.01. A right backward pass is off by 1e-8 in dV and by 5e-4 in dWf, against central"
    " differences with step 1e-5. Why?",
    {
        "a": Option(
            "dWf has a mistake that dV does not have",
            "The pass is right. What is off are the numbers that dWf is held against.",
        ),
        "b": Option(
            "the step is too large for weights of 0.01",
            "The truncation error depends on how the loss is curved, and this loss is hardly curved along Wf. With a"
            " smaller step the error would even grow.",
        ),
        "c": Option(
            "dWf is tiny, and the rounding of the loss is not",
            "The loss is rounded at its sixteenth digit whatever the weights are. Divided by the step, this leaves"
            " about 1e-10 in every number. Beside a dWf of 1e-6 that is a lot.",
        ),
        "d": Option(
            "the norm-relative error is not made for small matrices",
            "It divides by the size, so it is the same for a matrix and for the matrix times 1e-6. It only shows how"
            " much rounding there is for the size.",
        ),
    },
    right="c",
)


# ------------------------------------------------------------------------------------------ 1. one number

DERIVATIVE_HINTS = (
    "Walk a step to both sides of w, see how much the loss has changed in between, and divide by how far the two"
    " points are apart.",
    "The points are w + step and w - step. How far are they apart? Mind the parentheses: a / 2 * b is (a / 2) * b.",
    "return (loss(w + step) - loss(w - step)) / (2 * step).",
)


def check_derivative(derivative: Callable, seed: int = 1) -> Verdict:
    """Check `derivative(loss, w, step)` -> the central difference of loss(w) -> float, at w, one number."""
    w = 0.5 + np.random.default_rng(seed).random()
    params, x, targets, h0, c0 = _net(seed, 4, 3, 5)

    def loss_along_a_weight(value: float) -> float:
        nudged = params.copy()
        nudged.Wf[1, 2] = value
        return loss(nudged, x, targets, h0, c0)

    def on(curve: Callable, w: float, step: float) -> Callable[[Attempt], str]:
        ahead, here, behind = curve(w + step), curve(w), curve(w - step)
        right = (ahead - behind) / (2 * step)
        mistakes = {
            "This is the forward difference; nudge to both sides.": (ahead - here) / step,
            "This is the difference to the left side alone; nudge to both sides.": (here - behind) / step,
            "It is twice as large: the two points are two steps apart.": 2 * right,
            "It is half as large: what do you divide by?": right / 2,
            "The sign is wrong: the loss ahead comes first.": -right,
            "It is divided by 2 and multiplied by the step; put parentheses around 2 * step.": right * step**2,
            "The difference is not divided by anything yet.": ahead - behind,
            "It is divided by 2, but not by the step.": (ahead - behind) / 2,
            "Only the second loss is divided: put parentheses around the difference.": ahead - behind / (2 * step),
            "This is nearly the slope itself: take the two points at the step that is given, even if it is large.": (
                (curve(w + 1e-5) - curve(w - 1e-5)) / 2e-5
            ),
        }
        return lambda attempt: difference("the derivative", attempt(curve, w, step), right, (), mistakes, 1e-8)

    parts = {
        "a cube, with a large step": on(lambda value: value**3, w, 0.5),
        "an exponential, to the left of 0": on(np.exp, -w, 0.1),
        "the loss of a net, along Wf[1, 2]": on(loss_along_a_weight, float(params.Wf[1, 2]), 1e-3),
    }
    return judge(derivative, parts, DERIVATIVE_HINTS)


# ------------------------------------------------------------------------------------------ 2. nine matrices

GRADIENT_HINTS = (
    "Do for every number of every matrix what task 1 does for one: nudge it up, ask for the loss, nudge it down, ask"
    " again. All other numbers stay as they are meanwhile.",
    "Two loops: over the nine names, and over np.ndindex(matrix.shape), which gives every index. Keep the old value of"
    " the number before the first nudge, and write it back after the second one.",
    "Inside: kept = matrix[index]; matrix[index] = kept + step; ahead = loss_fn(net); matrix[index] = kept - step;"
    " behind = loss_fn(net); matrix[index] = kept; grads[name][index] = (ahead - behind) / (2 * step).",
)


def check_numerical_gradient(numerical_gradient: Callable, seed: int = 1) -> Verdict:
    """Check `numerical_gradient(loss_fn, params, step)` -> nine matrices, for any loss_fn(params) -> float."""
    weights = np.random.default_rng(seed).normal(0, 1, Params.zeros(2, 3).flat.size)

    def no_lstm(params: Params) -> float:
        return float(weights @ np.sin(params.flat) + np.cos(params.flat.sum()))

    def on(loss_fn: Callable, net: Params, step: float) -> Callable[..., Callable[[Attempt], str]]:
        ahead, here, behind = _differences(loss_fn, net, step)
        several: list[int] = []  # how many weights were nudged, where it was more than one

        def watched(params: Params) -> float:
            moved = np.count_nonzero(abs(params.flat - net.flat) > step / 2)
            if moved > 1:
                several.append(moved)
            return loss_fn(params)

        def matrices(*names: str) -> Callable[[Attempt], str]:
            def part(attempt: Attempt) -> str:
                own = _nine(attempt(watched, net, step), net)
                for name in names:
                    right = (ahead[name] - behind[name]) / (2 * step)
                    mistakes = {
                        "These are forward differences; nudge to both sides.": (ahead[name] - here) / step,
                        "These are the differences to the left side alone.": (here - behind[name]) / step,
                        "They are twice as large: the two points are two steps apart.": 2 * right,
                        "They are half as large: what do you divide by?": right / 2,
                        "The sign is wrong: the loss ahead comes first.": -right,
                        "Nothing has been written into this matrix.": 0 * right,
                        "They are divided by 2 and multiplied by the step; put parentheses around 2 * step.": right
                        * step**2,
                    }
                    sentence = difference(f"d{name}", own[name], right, ("row", "column"), mistakes, 1e-8)
                    if sentence and several:
                        return (
                            f"{sentence} At one time {max(several)} weights were nudged: put each back before the next."
                        )
                    if sentence:
                        return sentence
                return ""

            return part

        return matrices

    lstm = on(*_lstm_loss(seed, 3, 2, 5), 0.05)
    parts = {
        "dV": lstm("V"),
        "the four dW": lstm("Wi", "Wf", "Wo", "Wg"),
        "the four dU": lstm("Ui", "Uf", "Uo", "Ug"),
        "other sizes, another loss, a large step": on(no_lstm, Params.random(2, 3, seed=seed + 1), 0.3)(*Params.NAMES),
    }
    return judge(numerical_gradient, parts, GRADIENT_HINTS)


def _differences(loss_fn: Callable, net: Params, step: float) -> tuple[Params, float, Params]:
    """The loss with each number nudged up, the loss, and the loss with each nudged down."""
    ahead, behind = Params.zeros(net.vocab_size, net.hidden_size), Params.zeros(net.vocab_size, net.hidden_size)
    for nudge, losses in ((step, ahead), (-step, behind)):
        for k in range(net.flat.size):
            nudged = net.copy()
            nudged.flat[k] += nudge
            losses.flat[k] = loss_fn(nudged)
    return ahead, loss_fn(net), behind


def _nine(answer: object, net: Params) -> dict:
    """Nine arrays by name, out of a `Params`, a mapping, or a sequence in the order of `Params.NAMES`."""
    if isinstance(answer, dict | Params):
        missing = [name for name in Params.NAMES if name not in answer.keys()]  # noqa: SIM118  (Params is no dict)
        if missing:
            raise Trouble(f"The answer has no {', '.join(missing)}; it should have all nine matrices.")
        return {name: answer[name] for name in Params.NAMES}
    if isinstance(answer, list | tuple) and len(answer) == 9:
        return dict(zip(Params.NAMES, answer, strict=True))
    raise Trouble(f"The function should return nine matrices, for example an lt.Params, but returns {kind(answer)}.")


# ------------------------------------------------------------------------------------------ 3. one error

ERROR_HINTS = (
    "How large a difference is says nothing until it is held against the size of what differs. The size of a matrix is"
    " its norm. And ask yourself what the formula does with two matrices of zeros.",
    "Above: the norm of a - b. Below: the larger of the two norms, so that the order of a and b does not matter. If"
    " that is 0, both are zero, and they agree.",
    "size = max(np.linalg.norm(a), np.linalg.norm(b)); return np.linalg.norm(a - b) / size if size else 0.0.",
)


def check_relative_error(relative_error: Callable, seed: int = 1) -> Verdict:
    """Check `relative_error(a, b)` -> |a - b| / max(|a|, |b|) with norms, one number; 0 for two matrices of zeros."""
    random = np.random.default_rng(seed)
    large, noise = random.normal(0, 1, (2, 4, 3))
    small = 0.5 * large + 0.1 * noise
    zero = np.zeros((4, 3))

    def on(a: np.ndarray, b: np.ndarray) -> Callable[[Attempt], str]:
        norm, off = np.linalg.norm, a - b
        size_a, size_b, size_off = norm(a), norm(b), norm(off)
        right = size_off / max(size_a, size_b, 1e-300)
        with np.errstate(all="ignore"):
            each = abs(off) / np.maximum(abs(a), abs(b))
            mistakes = {
                "This is the size of the difference alone; divide it by the size of the larger one.": size_off,
                "It is divided by the size of a, the smaller one here; divide by the larger.": size_off / size_a,
                "It is divided by the size of b, the smaller one here; divide by the larger.": size_off / size_b,
                "It is divided by both sizes together; divide by the larger one.": size_off / (size_a + size_b),
                "These are squares of sizes: a root is missing.": right**2,
                "This compares the largest numbers; a norm takes all of them.": abs(off).max()
                / max(abs(a).max(), abs(b).max()),
                "This is the worst single number's error; small numbers rule it.": each.max(),
                "This is the mean of the single numbers' errors; small numbers rule it.": each.mean(),
                "This compares sums of absolute values; the norm is the root of the sum of the squares.": abs(off).sum()
                / max(abs(a).sum(), abs(b).sum()),
                "This compares the two sizes; two matrices of the same size can still differ.": abs(size_a - size_b)
                / max(size_a, size_b),
            }
        mistakes = {advice: value for advice, value in mistakes.items() if np.isfinite(value)}
        return lambda attempt: difference("the error", attempt(a, b), right, (), mistakes)

    cases = {
        "Of two matrices of zeros": on(zero, zero.copy()),
        "With a of zeros": on(zero, large),
        "With b of zeros": on(large, zero),
    }

    def zeros(attempt: Attempt) -> str:
        for words, part in cases.items():
            sentence = part(attempt)
            if sentence:
                return f"{words}, {sentence}"
        return ""

    parts = {
        "the first is larger": on(large, small),
        "the second is larger": on(small, large),
        "tiny matrices": on(1e-12 * large, 1e-12 * small),
        "opposite signs": on(large, -large),
        "zeros": zeros,
    }
    return judge(relative_error, parts, ERROR_HINTS)


# ------------------------------------------------------------------------------------------ 4. a check of one's own

FAULTS = {
    "forgotten carry": "the cell's delta is carried back without the factor f. One step alone carries nothing",
    "forgotten c0": "at the first step it takes the cell before for zero. A zero initial cell hides this",
    "forgotten h0": "at the first step it takes the hidden state before for zero. A zero initial state hides this",
    "forgotten token": "a token that comes twice is credited once. Only a token that comes again shows this",
    "transposed W": "h's delta is carried back with W in place of its transpose. One unit, or tiny weights, hide this",
    "short memory": "the walk back forgets everything after four steps. Only a longer sequence shows this",
    "weight decay": "it adds 0.0001 times the weights to the gradient. A bound that is too lenient hides this",
    "V alone": "the first step adds nothing to dV. A check that leaves V out hides this",
    "turned dWo": "dWo is transposed. Sums and norms hide this: subtract first, and look at Wo too",
    "sign": "every gradient has the wrong sign. Norms alone hide this: subtract first",
    "one small matrix": "the smallest of the nine gradients is off by a ten-thousandth. One error over all numbers"
    " together, or a bound that is too lenient, hides this",
}


def planted(fault: str = "") -> Callable:
    """A backward pass with one of the `FAULTS`; without any it is right.

    Its signature is that of `bptt`, without options; an unknown fault is a ValueError.
    """
    if fault and fault not in FAULTS:
        raise ValueError(f"fault must be one of {', '.join(FAULTS)}, got {fault!r}.")

    def backward(params, x, targets, h0=None, c0=None):
        cache = forward(params, x, h0, c0)
        dy = output_delta(cache, targets)
        h_before, c_before = np.roll(cache.h, 1, 0)[:-1], np.roll(cache.c, 1, 0)[:-1]  # row t: the state before step t
        h_before[0] = cache.h[-1] * (fault != "forgotten h0")
        c_before[0] = cache.c[-1] * (fault != "forgotten c0")
        grads = Params.zeros(params.vocab_size, params.hidden_size)
        dh_future = dc_carry = np.zeros(params.hidden_size)
        for back, t in enumerate(reversed(range(len(x)))):
            if fault == "short memory" and back % 4 == 0:  # at back = 0 there is nothing yet
                dh_future = dc_carry = 0 * dc_carry
            i, f, o, g, ct = (getattr(cache, name)[t] for name in ("i", "f", "o", "g", "ct"))
            grads.V += np.outer(dy[t], cache.h[t]) * (t > 0 or fault != "V alone")
            dh = params.V.T @ dy[t] + dh_future
            dc = dh * o * (1 - ct**2) + dc_carry
            dz = dc * g * i * (1 - i), dc * c_before[t] * f * (1 - f), dh * ct * o * (1 - o), dc * i * (1 - g**2)
            dz = np.concatenate(dz)  # in the order i, f, o, g, as params.W and params.U have it
            grads.W[...] += np.outer(dz, h_before[t])
            grads.U[:, x[t]] = dz if fault == "forgotten token" else grads.U[:, x[t]] + dz
            back_by = [params["W" + gate] if fault == "transposed W" else params["W" + gate].T for gate in GATES]
            dh_future = np.hstack(back_by) @ dz
            dc_carry = dc if fault == "forgotten carry" else dc * f
        if fault == "weight decay":
            grads.flat[:] += 1e-4 * params.flat
        elif fault == "turned dWo":
            grads.Wo[:] = grads.Wo.T.copy()
        elif fault == "sign":
            grads.flat[:] *= -1
        elif fault == "one small matrix":
            grads[min(Params.NAMES, key=lambda name: np.linalg.norm(grads[name]))] *= 1.0001
        return grads

    return backward


def nested(params: Params, x: np.ndarray, targets: np.ndarray, h0=None, c0=None) -> Params:
    """A right backward pass in another style: two loops."""
    return nested_bptt(params, x, targets, h0, c0, repaired=FLAWS)


CHECK_HINTS = (
    "A check is as good as what it tries. Think of each thing that a backward pass can forget: what must the net and"
    " the sequence look like for that to show?",
    "Weights of order 1, more than four steps with a token that comes again, h0 and c0 that are not zero, central"
    " differences with step 1e-5, one error for each matrix, and a bound between what rounding leaves (1e-9) and what a"
    " mistake leaves (1e-4 and more).",
    "params = lt.Params.random(5, 4, scale=0.8); x = [0, 1, 2, 0, 3, 1, 4]; h0, c0 = np.full(4, 0.5), np.full(4, -0.7);"
    " numbers = lt.numerical_gradient(lambda net: lt.loss(net, x, targets, h0, c0), params); return True if the error"
    " of every matrix is at most 1e-7.",
)


def check_accepts(accepts: Callable) -> Verdict:
    """Check `accepts(backward)` -> True for a right backward pass and False for a wrong one.

    `backward(params, x, targets, h0, c0)` returns an lt.Params.
    """
    first, last, nothing = planted(), nested, _zeros
    passes = {fault: planted(fault) for fault in FAULTS}

    def said(attempt: Attempt, backward: Callable) -> bool:
        answer = attempt(backward)
        if not isinstance(answer, bool | np.bool_):
            raise Trouble(f"{attempt.name} should return True or False, but returns {kind(answer)}.")
        return bool(answer)

    def accepts_right(attempt: Attempt) -> str:
        if not said(attempt, first):
            return (
                "It rejects a right backward pass. Print the nine errors for lt.bptt: are the numbers that you compare"
                " with sharp enough, and is the bound above what rounding leaves?"
            )
        if not said(attempt, last):
            return "It rejects a right backward pass with two loops, which differs from a single pass by rounding only."
        if said(attempt, nothing):
            return "It accepts a right backward pass, but also one that returns zeros only: so its yes says nothing."
        return ""

    def rejects(fault: str) -> Callable[[Attempt], str]:
        def part(attempt: Attempt) -> str:
            if said(attempt, passes[fault]):
                return f"It accepts a pass with this mistake: {FAULTS[fault]}."
            if not said(attempt, first):
                return "It rejects this one, but right backward passes too: so its no says nothing."
            return ""

        return part

    parts = {"right passes": accepts_right} | {fault: rejects(fault) for fault in FAULTS}
    tools = (
        "complex_step_gradient",
        "exact_gradient",
        "forward",
        "loss",
        "numerical_gradient",
        "relative_error",
        "verdict",
    )
    slow = (
        "A net or a sequence that is too large can be the reason: numbers take two losses for each weight, and your"
        f" check is called {len(FAULTS) + 3} times. Five tokens, four units and seven steps are enough. Else look for a"
        " loop that never ends."
    )
    return judge(accepts, parts, CHECK_HINTS, seconds=20, allow=tools, slow=slow)


def _zeros(params: Params, x: np.ndarray, targets: np.ndarray, h0=None, c0=None) -> Params:
    return Params.zeros(params.vocab_size, params.hidden_size)


# ------------------------------------------------------------------------------------------ 5. where a fault hides

HIDING_FAULTS = ("forgotten carry", "forgotten c0", "forgotten h0", "forgotten token")

BLIND_HINTS = (
    "Each fault spoils one thing. Choose a sequence in which that thing does not occur, or is zero anyway, and leave"
    " everything else as it is.",
    "A carry needs a second step. What is forgotten of c0 or h0 can't be missed if it is zero. A token that comes again"
    " needs a second occurrence. Change one of these at a time, so that the other three faults still show.",
    'x = [0] for "forgotten carry", and x = [0, 1, 2] for "forgotten token"; otherwise x = [0, 1, 0], with'
    ' c0 = np.zeros(3) for "forgotten c0" and h0 = np.zeros(3) for "forgotten h0".',
)


def check_blind_spot(blind_spot: Callable) -> Verdict:
    """Check `blind_spot(fault)` -> params, x, targets, h0, c0 where that fault does not show and others do."""
    shown = {fault: [other for other in HIDING_FAULTS if other != fault] for fault in HIDING_FAULTS}
    shown["forgotten carry"].remove("forgotten token")  # both need a second step

    def on(fault: str) -> Callable[[Attempt], str]:
        def part(attempt: Attempt) -> str:
            net = _net_and_sequence(attempt(fault), attempt.name)
            hidden_error, matrix = _worst(planted(fault), net)
            if verdict(hidden_error) != "right":
                return f"The fault shows: d{matrix} is off by {hidden_error:.1g}, norm-relative. It should not."
            for other in shown[fault]:
                error, matrix = _worst(planted(other), net)
                if error < 1e-4:
                    return f"It hides {other} as well; hide {fault} alone."
            return ""

        return part

    return judge(blind_spot, {fault: on(fault) for fault in HIDING_FAULTS}, BLIND_HINTS, allow=None)


def _net_and_sequence(answer: object, name: str) -> tuple:
    """params, x, targets, h0, c0 as a learner returned them, fit for a check; else `Trouble`."""
    if not isinstance(answer, tuple | list) or len(answer) != 5:
        raise Trouble(f"{name} should return five things (params, x, targets, h0, c0), but returns {kind(answer)}.")
    params = answer[0]
    if not isinstance(params, Params):
        raise Trouble(f"The first of the five should be the net, an lt.Params, but is {kind(params)}.")
    if np.size(answer[1]) > 30 or params.hidden_size > 20 or params.vocab_size > 20:
        raise Trouble("At most 30 steps, 20 units and 20 tokens, please: a small net is enough.")
    try:
        loss(*answer)
    except (TypeError, ValueError) as error:
        raise Trouble(f"lt.loss does not take these: {error}") from error
    size = np.sqrt(np.mean(params.flat**2))
    if not 0.3 <= size <= 3:
        raise Trouble(
            f"The weights should be of the usual size, a root mean square of 0.3 to 3; yours is {size:.2g}."
            " lt.Params.random(4, 3) is a good start."
        )
    return tuple(answer)


def _worst(backward: Callable, net: tuple) -> tuple[float, str]:
    """The largest of the nine norm-relative errors, and the matrix that has it."""
    got, right = backward(*net), exact_gradient(*net)
    return max((relative_error(got[name], right[name]), name) for name in Params.NAMES)


# ------------------------------------------------------------------------------------------ 6. two losses

DIRECTION_HINTS = (
    "A direction is a list of nudges, one for each weight. Nudge all weights at once, each by step times its own"
    " number, once ahead and once behind. How much the loss has changed tells the slope along the direction.",
    "All weights stand in params.flat, and direction has the same shape. Work on params.copy(), so that the net that"
    " you were given stays as it is. The two points are two steps apart.",
    "ahead, behind = params.copy(), params.copy(); ahead.flat[:] += step * direction; behind.flat[:] -= step *"
    " direction; return (loss_fn(ahead) - loss_fn(behind)) / (2 * step).",
)


def check_slope_along(slope_along: Callable, seed: int = 1) -> Verdict:
    """Check `slope_along(loss_fn, params, direction, step)` -> the central difference along `direction`, one number.

    `direction` has a number for each weight, in the order of `params.flat`. The loss may be asked for twice only.
    """
    random = np.random.default_rng(seed)

    def on(vocab_size: int, hidden_size: int, step: float, direction: Callable) -> Callable[[Attempt], str]:
        loss_fn, net = _lstm_loss(seed, vocab_size, hidden_size, 5)
        along = direction(net.flat.size)
        up, here, down = (loss_fn(_moved(net, sign * step * along)) for sign in (1, 0, -1))
        right = (up - down) / (2 * step)
        same_step = loss_fn(_moved(net, step)) - loss_fn(_moved(net, -step))
        mistakes = {
            "This is the forward difference; nudge to both sides.": (up - here) / step,
            "It is twice as large: the two points are two steps apart.": 2 * right,
            "It is half as large: what do you divide by?": right / 2,
            "The sign is wrong: the loss ahead comes first.": -right,
            "The direction was made shorter or longer first; take it as it is.": right / np.linalg.norm(along),
            "The difference is not divided by anything yet.": up - down,
            "Every weight is nudged by the same step; multiply the step by the direction.": same_step / (2 * step),
        }
        asked: list[None] = []

        def counted(params: Params) -> float:
            asked.append(None)
            return loss_fn(params)

        def part(attempt: Attempt) -> str:
            sentence = difference("the slope", attempt(counted, net, along, step), right, (), mistakes, 1e-8)
            if not sentence and len(asked) > 2:
                sentence = f"The number is right, but it took {len(asked)} losses; two are enough."
            return sentence

        return part

    parts = {
        "a direction through all weights": on(4, 3, 1e-3, lambda size: random.normal(0, 1, size)),
        "a large step": on(3, 4, 0.1, lambda size: random.choice([-1.0, 1.0], size)),
        "one weight alone": on(4, 3, 1e-3, lambda size: np.eye(size)[size // 2]),
    }
    return judge(slope_along, parts, DIRECTION_HINTS)


def _moved(net: Params, by: np.ndarray | float) -> Params:
    moved = net.copy()
    moved.flat[:] += by
    return moved


def _lstm_loss(seed: int, vocab_size: int, hidden_size: int, length: int) -> tuple[Callable[[Params], float], Params]:
    """The loss of a sequence as a function of the net, and a net."""
    params, *sequence = _net(seed, vocab_size, hidden_size, length)
    return lambda net: loss(net, *sequence), params


def _net(seed: int, vocab_size: int, hidden_size: int, length: int) -> tuple:
    """params with weights of order 1, x, targets, and a state h0, c0 that is not zero."""
    random = np.random.default_rng(seed)
    x, targets = random.integers(0, vocab_size, (2, length))
    params = Params.random(vocab_size, hidden_size, seed=seed, scale=0.8)
    return params, x, targets, random.uniform(-0.9, 0.9, hidden_size), random.normal(0, 1, hidden_size)
