"""Checks and questions of exercise 3: four backward passes in two nested loops, each with a flaw or two to repair."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np

from lstm_teach import exact_gradient, forward
from lstm_teach.exercises.checks import Attempt, Trouble, Verdict, advice, difference, judge
from lstm_teach.exercises.questions import Option, Question
from lstm_teach.exercises.unread import filled_forward
from lstm_teach.gradcheck import collect_gradients
from lstm_teach.gradreport import relative_error, verdict
from lstm_teach.judging import explain
from lstm_teach.params import GATES, Params

PREDICT_TWO_STEPS = Question(
    "my_wrong_at_two_steps",
    "All nine gradients of a backward pass are right for a sequence of one step. How many of the nine can be wrong for"
    " two steps?",
    reveal="All nine. With one step nothing is carried and nothing is added up, so neither kind of mistake can show. A"
    " mistake in what is carried spoils every gradient that the carried delta reaches, and dV is never among them. A"
    " mistake in the sum over the steps, a mean in its place for instance, spoils dV too.",
)

FIRST_LINE = Question(
    "my_first_line",
    "At T = 1 only dWo and dUo of the first loop are wrong. Which line do you suspect?",
    {
        "a": Option(
            "the line marked a",
            "A wrong to_c spoils the three gates that hear the cell, i, f and g. At T = 1 these are right.",
        ),
        "b": Option(
            "the line marked b",
            "It is the only line that belongs to the output gate alone. From T = 2 on, its mistake goes into to_h and"
            " from there into everything but dV.",
        ),
        "c": Option(
            "the line marked c",
            "All four gates share it. Were it wrong, the four dW would be wrong and the four dU right.",
        ),
        "d": Option(
            "the line marked d",
            "It prepares the next step of a walk. At T = 1 no next step comes, so this line can't spoil anything"
            " there.",
        ),
    },
    right="b",
)

SECOND_LINE = Question(
    "my_second_line",
    "The second loop is right at T = 1. At T = 2 only dV, dWo and dUo are right. Which line do you suspect?",
    {
        "a": Option(
            "the line marked a",
            "A walk starts with nothing known about the cell, so zero is right. If it were not, T = 1 would show it.",
        ),
        "b": Option(
            "the line marked b",
            "Were the output gate's own line wrong, dWo and dUo would be wrong, at T = 1 already.",
        ),
        "c": Option(
            "the line marked c",
            "The output gate hears to_h. If what is carried in to_h were wrong, dWo and dUo would be wrong at T = 2.",
        ),
        "d": Option(
            "the line marked d",
            "What is carried is wrong, or T = 1 would show it. It is not to_h, or dWo would show it. So it is what is"
            " carried in to_c.",
        ),
    },
    right="d",
)

HOW_MANY = Question(
    "my_fourth_loop",
    "At T = 1 the four dW of the fourth loop are wrong and the four dU are right. At T = 2 dUi, dUf and dUg are wrong"
    " too, and dUo is still right. What does this say?",
    {
        "a": Option(
            "there is one flaw, in how dW is made from z",
            "There is one there, but it can't spoil a dU: each dU is made from z without it.",
        ),
        "b": Option(
            "there is one flaw, in the delta of the cell",
            "There is one there, but at T = 1 it does not act: the dU are right, so z is right, and still dW is wrong.",
        ),
        "c": Option(
            "there are two flaws at least, one in how dW is made from z and one in the delta of the cell",
            "At T = 1 z is right and dW is wrong, so dW is made from z in a wrong way. At T = 2 the z of the gates that"
            " hear the cell are wrong too, and this needs a flaw of its own.",
        ),
        "d": Option(
            "the slopes of the gates are wrong",
            "Then the dU would be wrong at T = 1, since a dU is nothing but z in the token's column.",
        ),
    },
    right="c",
)

FLAWS = (
    "cell for its tanh",  # the output gate is multiplied by c, where the forward pass has tanh(c)
    "gate of another step",  # the cell's delta is carried with the forget gate of the step before
    "step 0 left out",  # no walk gets to step 0
    "turned product",  # the rows of dW belong to h; they should belong to z
    "leftover",  # a walk starts with the delta of the cell that the walk before has left
    "no forget gate",  # the cell's delta is carried whole
    "a number",  # np.dot in place of np.outer
)
ACT_AT_ONE_STEP = {"cell for its tanh", "step 0 left out", "turned product"}


def nested_loop(
    params: Params,
    x: np.ndarray,
    targets: np.ndarray,
    h0: np.ndarray | None = None,
    c0: np.ndarray | None = None,
    flaws: Collection[str] = (),
) -> Params:
    """The nine gradients by two loops, with some of the `FLAWS` in them; without any it is right."""
    run = forward(params, x, h0, c0)
    grads = Params.zeros(params.vocab_size, params.hidden_size)
    to_c = np.zeros(params.hidden_size)
    for n in reversed(range(len(x))):
        miss = run.y[n] - np.eye(params.vocab_size)[targets[n]]
        grads.V += np.outer(miss, run.h[n])
        to_h = params.V.T @ miss
        if "leftover" not in flaws:
            to_c = np.zeros(params.hidden_size)
        for k in range(n, 0 if "step 0 left out" in flaws else -1, -1):
            i, f, o, g, ct = run.i[k], run.f[k], run.o[k], run.g[k], run.ct[k]
            to_c = to_c + to_h * o * (1 - ct**2)
            shown = run.c[k] if "cell for its tanh" in flaws else ct
            z_i, z_f = to_c * g * i * (1 - i), to_c * run.c[k - 1] * f * (1 - f)
            z_o, z_g = to_h * shown * o * (1 - o), to_c * i * (1 - g**2)
            for gate, z in zip(GATES, (z_i, z_f, z_o, z_g), strict=True):
                product = np.outer(z, run.h[k - 1])
                if "a number" in flaws:
                    product = np.dot(z, run.h[k - 1])
                grads["W" + gate] += product.T if "turned product" in flaws else product
                grads["U" + gate][:, x[k]] += z
            to_h = params.W.T @ np.concatenate([z_i, z_f, z_o, z_g])
            if "no forget gate" not in flaws:
                to_c = to_c * run.f[k - 1 if "gate of another step" in flaws else k]
    return grads


def _check(
    repaired: Callable, flaws: tuple[str, ...], mistakes: dict[str, tuple[str, ...]], hints: tuple[str, ...], seed: int
) -> Verdict:
    """Whether the backward pass is right, length by length.

    `flaws` are those of the loop that was to be repaired, `mistakes` maps sentences to the flaws that a mistaken repair
    leaves or makes.
    """
    known = {"These are still the numbers of the loop as it was.": flaws} | mistakes
    sizes = [(4, 5, 1)] if ACT_AT_ONE_STEP.intersection(flaws) else []
    sizes += [(4, 5, 2), (4, 5, 6), (6, 3, 9)]
    nets = [_net(seed + length, vocab_size, hidden_size, length) for vocab_size, hidden_size, length in sizes]
    rights = [exact_gradient(*net) for net in nets]

    def nine(attempt: Attempt, net: tuple) -> dict[str, np.ndarray]:
        try:
            return collect_gradients(attempt(*net), net[0])
        except ValueError as error:
            raise Trouble(f"{attempt.name} {error}") from error

    def mistake(attempt: Attempt) -> str:
        """What explains the gradients of all lengths."""
        try:
            got = [_flat(nine(attempt, net)) for net in nets]
        except Trouble:
            return ""
        like = {words: [nested_loop(*net, flaws=some).flat for net in nets] for words, some in known.items()}
        return explain(got, [right.flat for right in rights], like)

    def on(net: tuple, right: Params) -> Callable[[Attempt], str]:
        length = len(net[1])

        def part(attempt: Attempt) -> str:
            grads = nine(attempt, net)
            errors = {name: relative_error(grads[name], right[name]) for name in Params.NAMES}
            wrong = [name for name in Params.NAMES if verdict(errors[name]) != "right"]
            if not wrong:
                return ""
            worst = max(wrong, key=errors.get)
            fine = [name for name in Params.NAMES if name not in wrong]
            at = tuple(int(k) for k in np.unravel_index(abs(grads[worst] - right[worst]).argmax(), right[worst].shape))
            sentence = (
                f"Of {length} step{'s' * (length > 1)}: wrong {_listed(wrong)}; right {_listed(fine)}. Furthest off is"
                f" d{worst}, with an error of {errors[worst]:.2g}; at row {at[0]}, column {at[1]} yours is"
                f" {grads[worst][at]:.3g}, right is {right[worst][at]:.3g}."
            )
            return sentence + advice(mistake(attempt))

        return part

    parts = {f"T = {len(net[1])}": on(net, right) for net, right in zip(nets, rights, strict=True)}
    parts["T = 9, other sizes"] = parts.pop("T = 9")
    with filled_forward():  # a repair that is right only because a row is zero is none
        return judge(repaired, parts, hints, allow=("forward",))


def _flat(grads: Mapping[str, np.ndarray]) -> np.ndarray:
    """Nine gradients as one vector, in the order of `Params.flat`."""
    together = Params.zeros(*grads["V"].shape)
    for name in Params.NAMES:
        together[name][:] = grads[name]
    return together.flat


def _listed(names: list[str]) -> str:
    return " ".join(f"d{name}" for name in names) or "none"


# ------------------------------------------------------------------------------------------ the four loops

FIRST_HINTS = (
    "At T = 1 only the output gate is wrong, so the mistake is in something that belongs to the output gate alone.",
    "It is the line marked b. Hold it against the line of the forward pass that makes h: what multiplies o there?",
    '"o": to_h * run.ct[k] * o * (1 - o), since run.ct is tanh of run.c.',
)


def check_first(first_repaired: Callable, seed: int = 1) -> Verdict:
    """Check `first_repaired(params, x, targets, h0, c0)` -> nine gradients; it is the first loop, repaired."""
    return _check(first_repaired, ("cell for its tanh",), {}, FIRST_HINTS, seed)


SECOND_HINTS = (
    "What comes to the cell is right at T = 1; what is carried on from there is not. Which line carries it?",
    "It is the line marked d. By which factor does the forward pass multiply the cell of step k-1 on its way into the"
    " cell of step k?",
    "to_c = to_c * run.f[k].",
)


def check_second(second_repaired: Callable, seed: int = 1) -> Verdict:
    """Check `second_repaired(params, x, targets, h0, c0)` -> nine gradients; it is the second loop, repaired."""
    mistakes = {"Now the cell's delta is carried back whole, without a forget gate.": ("no forget gate",)}
    return _check(second_repaired, ("gate of another step",), mistakes, SECOND_HINTS, seed)


THIRD_HINTS = (
    "At T = 1 eight gradients are zero: nothing is ever added to them. Which steps does a walk visit, and how many"
    " should it visit if the sequence has one step?",
    "It is the line of the inner loop. Write down which steps its range gives for n = 0 and for n = 1.",
    "for k in range(n, -1, -1):",
)


def check_third(third_repaired: Callable, seed: int = 1) -> Verdict:
    """Check `third_repaired(params, x, targets, h0, c0)` -> nine gradients; it is the third loop, repaired."""
    return _check(third_repaired, ("step 0 left out",), {}, THIRD_HINTS, seed)


FOURTH_HINTS = (
    "Repair what shows at T = 1 first, and run the check again. What is left then can only be something that does not"
    " act in a sequence of one step.",
    "At T = 1 each dU is right and each dW is wrong: look at the line that makes dW, and ask which index belongs to z."
    " At T = 2 the delta of the cell is wrong from the second walk on: what does to_c hold when a walk begins?",
    'grads["W" + gate] += np.outer(z[gate], run.h[k - 1]), and to_c = np.zeros(params.hidden_size) inside of the loop'
    " over n, before the walk.",
)


def check_fourth(fourth_repaired: Callable, seed: int = 1) -> Verdict:
    """Check `fourth_repaired(params, x, targets, h0, c0)` -> nine gradients; it is the fourth loop, repaired."""
    one_left = "One flaw is repaired; another one is left."
    mistakes = {
        one_left: ("leftover",),
        f"{one_left[:-1]}, which shows at T = 1 already.": ("turned product",),
        "np.dot of two vectors is one number; an entry for each pair is meant.": ("a number",),
        "np.dot of two vectors is one number, and something else is wrong besides.": ("a number", "leftover"),
    }
    return _check(fourth_repaired, ("turned product", "leftover"), mistakes, FOURTH_HINTS, seed)


# ------------------------------------------------------------------------------------------ one pass for the cell

LONG = 6000  # steps; two loops would take 18 million turns

CELL_HINTS = (
    "All walks that come to step k multiply by the same forget gate there. So let them come together: add up what they"
    " carry, and multiply the sum once.",
    "Go back from the last step once. At step k the delta of the cell is own[k] plus what is carried from step k+1;"
    " what is carried on to step k-1 is that delta times f[k].",
    "carried = np.zeros(H); for k in reversed(range(T)): deltas[k] = own[k] + carried; carried = deltas[k] * f[k].",
)


def check_cell_deltas(cell_deltas: Callable, seed: int = 1) -> Verdict:
    """Check `cell_deltas(own, f)` -> (T, H): what each cell of a sequence hears; own and f are (T, H)."""
    random = np.random.default_rng(seed)

    def on(length: int, size: int) -> Callable[[Attempt], str]:
        own, f = random.normal(0, 1, (length, size)), random.uniform(0.2, 0.9, (length, size))
        right = _carried(own, f)
        mistakes = {
            "Nothing is carried here.": own,
            "The carry is multiplied by the forget gate of the step that it goes to, k; it comes through the one of"
            " step k+1.": _carried(own, np.roll(f, 1, 0)),
            "The carry is not multiplied by a forget gate.": _carried(own, np.ones_like(f)),
            "This goes forward in time; a delta comes from the later steps.": _carried(own[::-1], f[::-1])[::-1],
            "The delta of the step itself is multiplied by its forget gate too.": f * right,
            "Only the next step is heard; it has to carry on what it heard itself.": own
            + np.vstack([(own * f)[1:], np.zeros(size)]),
        }
        return lambda attempt: difference("the delta", attempt(own, f), right, ("step", "unit"), mistakes)

    def both(short: Callable[[Attempt], str], long: Callable[[Attempt], str]) -> Callable[[Attempt], str]:
        # A short sequence shows best what is off; but two loops, which the exercise gives away, should earn nothing.
        return lambda attempt: short(attempt) or long(attempt)

    parts = {
        f"two units, 3 and {LONG} steps": both(on(3, 2), on(LONG, 2)),
        f"seven units, 8 and {LONG} steps": both(on(8, 7), on(LONG, 7)),
    }
    note = f"{LONG} steps take {LONG} turns in a single pass, and 18 million in two loops."
    slow = f"Two nested loops over {LONG} steps take too long; a single pass is asked for."
    return judge(cell_deltas, parts, CELL_HINTS, note=note, slow=slow)


def _carried(own: np.ndarray, f: np.ndarray) -> np.ndarray:
    """The delta of the cell at every step, (T, H): own, and what comes through the forget gates of later steps."""
    deltas = own.copy()
    for k in reversed(range(len(own) - 1)):
        deltas[k] += deltas[k + 1] * f[k + 1]
    return deltas


def _net(seed: int, vocab_size: int, hidden_size: int, length: int) -> tuple:
    """params with weights of order 1, x, targets, and a state h0, c0 that is not zero."""
    random = np.random.default_rng(seed)
    x, targets = random.integers(0, vocab_size, (2, length))
    params = Params.random(vocab_size, hidden_size, seed=seed, scale=0.8)
    return params, x, targets, random.uniform(-0.9, 0.9, hidden_size), random.normal(0, 1, hidden_size)
