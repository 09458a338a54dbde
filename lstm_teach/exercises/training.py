"""Checks and questions of exercise 6: steps, clipping, a batch, Adam, a net that has to learn, curves, samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from lstm_teach import tasks
from lstm_teach.backward import bptt
from lstm_teach.batch import batch_loss, pad
from lstm_teach.exercises.checks import Attempt, Trouble, Verdict, difference, judge, kind, unpack
from lstm_teach.exercises.questions import Option, Question
from lstm_teach.figures.still import Still, show
from lstm_teach.figures.style import BLUE, GRAY, ORANGE, VERMILION, new_figure, tidy
from lstm_teach.forward import forward, softmax
from lstm_teach.nested import nested_bptt
from lstm_teach.params import Params
from lstm_teach.tasks import Pair
from lstm_teach.training import History, batch_gradient, train

B1, B2, EPS = 0.9, 0.999, 1e-8  # the constants of Adam
GAP, FILLERS, HIDDEN = 2, 4, 8  # the task that a net has to learn: small, so that it takes a second
ASKED_LOSS = 0.05  # nats per symbol, on sequences that the check draws


PREDICT_PLATEAU = Question(
    "my_loss_without_memory",
    "A net reads six symbols. The first five targets follow a rule, the last one is A or B, each in half of the"
    " sequences. The net learns the rule and never learns when it is A. What is its mean loss per symbol?",
    reveal="Five steps cost nothing, and the last one costs ln 2 = 0.69, because A and B get one half each. Over six"
    " symbols that is 0.116 per symbol: low, although the net has not learned what the task is about. You will meet"
    " this number again.",
)

SUM_ADAM = Question(
    "my_sum_with_adam",
    "Somebody adds up the gradients of 16 sequences and forgets to divide by 16. They use Adam, without clipping. What"
    " becomes of the training?",
    {
        "a": Option(
            "every step is 16 times as long",
            "So it would be with plain gradient descent. Adam divides by the root of the mean square, which is 16"
            " times as large too.",
        ),
        "b": Option(
            "next to nothing changes",
            "Adam divides the mean of the gradient by the root of its mean square. A factor stands in both and cancels,"
            " but for the tiny eps.",
        ),
        "c": Option(
            "every step is a sixteenth as long",
            "A longer gradient makes no step of Adam shorter. The mean and the root of the mean square grow alike.",
        ),
        "d": Option(
            "the direction of every step is wrong",
            "A sum and a mean of the same gradients point in the same direction. They differ in length only.",
        ),
    },
    right="b",
)

CURVES = Question(
    "my_three_nets",
    "Which curve belongs to which gradient?",
    {
        "a": Option(
            "A right, B broken, C almost right",
            "A never gets below the gray line, so that net has not learned the symbol that takes memory. The right"
            " gradient can learn it, and one curve does get there.",
        ),
        "b": Option(
            "A almost right, B broken, C right",
            "C learns all there is. A learns everything that can be told from near steps and stays at the cost of a"
            " guess. B does not even learn that: most of its gradient is wrong.",
        ),
        "c": Option(
            "A broken, B almost right, C right",
            "An almost right gradient points nearly where the right one does, so at first the loss falls like with the"
            " right one. A does that. B parts from the others at once.",
        ),
        "d": Option(
            "A almost right, B right, C broken",
            "A broken gradient may make the loss fall a while, but not to the bottom of the picture. B stays above the"
            " two others nearly all the time.",
        ),
    },
    right="b",
)

PLATEAU = Question(
    "my_plateau",
    "Curve A ends near the gray line, ln 2 / 6. What does that net give for the last symbol?",
    {
        "a": Option(
            "the same small probability to all eight symbols",
            "That costs ln 8 = 2.08 at that step alone, or 0.35 per symbol. The net knows that it must be A or B.",
        ),
        "b": Option(
            "about one half to A and one half to B",
            "Whichever comes, it costs ln 2 = 0.69 once in six symbols. No net without memory can do better.",
        ),
        "c": Option(
            "nearly all to A, whatever came first",
            "It would be right half of the time, but where it is wrong it pays dearly: with a probability of 0.01 for B"
            " the mean cost of that step is 2.3.",
        ),
        "d": Option(
            "nearly all to the right one of A and B, in most sequences",
            "Then the loss would lie well below the line. With nine in ten right at a probability of 0.9 the step costs"
            " 0.33 in the mean, half of what is seen.",
        ),
    },
    right="b",
)


# ------------------------------------------------------------------------------------------ 1. one step

SGD_HINTS = (
    "The gradient points to where the loss grows. One wants to go the other way, and not too far.",
    "The result is the vector minus something as long as rate times the gradient. A new vector is asked for, so the"
    " one that came in must stay as it is: -= would change it.",
    "return flat - rate * gradient",
)


def check_sgd(sgd_step: Callable, seed: int = 1) -> Verdict:
    """Check `sgd_step(flat, gradient, rate)` -> a new vector (n,)."""
    random = np.random.default_rng(seed)

    def on(size: int, rate: float, length: float) -> Callable[[Attempt], str]:
        flat, gradient = random.normal(0, 1, size), random.normal(0, length, size)
        mistakes = {
            "The sign is wrong: this goes to where the loss grows.": flat + rate * gradient,
            "The rate is missing.": flat - gradient,
            "This is the step; it still has to be added to flat.": -rate * gradient,
            "This is rate times the gradient; the step is minus that, and flat comes first.": rate * gradient,
            "The rate divides here; it should multiply.": flat - gradient / rate,
            "The step has been made as long as the rate. Here a long gradient makes a long step.": (
                flat - rate * gradient / np.linalg.norm(gradient)
            ),
            "Only the signs of the gradient are used.": flat - rate * np.sign(gradient),
            "Nothing has changed: this is flat as it came.": flat,
            "flat itself has been scaled.": (1 - rate) * flat - rate * gradient,
        }
        return lambda attempt: difference(
            "the new vector", attempt(flat, gradient, rate), flat - rate * gradient, ("number",), mistakes
        )

    parts = {"a small rate": on(12, 0.1, 1.0), "a large rate": on(7, 3.0, 1.0), "a long gradient": on(5, 0.02, 500.0)}
    return judge(sgd_step, parts, SGD_HINTS)


# ------------------------------------------------------------------------------------------ 2. clipping

CLIP_HINTS = (
    "The whole vector is made shorter, and only if it is too long. All its numbers are multiplied by the same factor.",
    "Compare np.linalg.norm(gradient) with the limit. If it is larger, the factor is limit / norm; if not, the gradient"
    " stays. np.clip is something else: it cuts every number by itself and turns the direction.",
    "norm = np.linalg.norm(gradient), then return gradient * (limit / norm) if norm > limit, and a copy of gradient"
    " otherwise.",
)


def check_clip(clipped: Callable, seed: int = 1) -> Verdict:
    """Check `clipped(gradient, limit)` -> a new vector (n,), not longer than the limit."""
    random = np.random.default_rng(seed)

    def vector(size: int, length: float) -> np.ndarray:
        drawn = random.normal(0, 1, size)
        return drawn * (length / np.linalg.norm(drawn))

    long, longer, short = vector(9, 12.0), vector(200, 3e4), vector(200, 1.5)
    # Every number is below the limit, and still the vector is too long: the cut of each number would miss it.
    flat, tiny, zero = np.full(100, 0.3) * np.sign(vector(100, 1.0)), vector(6, 1e-7), np.zeros(6)

    def one(gradient: np.ndarray, limit: float) -> Callable[[Attempt], str]:
        norm = float(np.linalg.norm(gradient))
        right = gradient * min(1.0, limit / norm) if norm else gradient
        mistakes = {
            "Nothing has been made shorter.": gradient,
            "Every number was cut by itself, and that turns the direction. Scale the whole vector.": np.clip(
                gradient, -limit, limit
            ),
        }
        if norm:
            mistakes |= {
                "A short gradient has been made longer; one that is short enough stays as it is.": (
                    gradient * limit / norm
                ),
                "A short gradient has been made longer too; one that is short enough stays as it is.": (
                    gradient * limit / (norm + 1e-6)
                ),
                "This has the norm 1; it should have the limit.": gradient / norm,
                "The squared norm was taken: the root is missing.": gradient * min(1.0, limit / norm**2),
                "The largest number was taken for the norm.": gradient * min(1.0, limit / abs(gradient).max()),
                "The sum of the absolute values was taken for the norm.": gradient
                * min(1.0, limit / abs(gradient).sum()),
                "It has been divided by the limit.": gradient / limit,
            }

        def part(attempt: Attempt) -> str:
            got = attempt(gradient, limit)
            # limit / (norm + 1e-6), as PyTorch has it, is right too
            sentence = difference("the vector", got, right, ("number",), mistakes, 1e-6)
            if sentence and np.shape(got) == right.shape and np.isfinite(length := np.linalg.norm(got)):
                sentence += f" Its norm was {norm:.3g}, yours has {length:.3g}, the limit is {limit:g}."
            return sentence

        return part

    def short_ones(attempt: Attempt) -> str:
        if not one(long, 5.0)(attempt) or not one(longer, 5.0)(attempt):  # else leaving all as it is would earn this
            return one(short, 5.0)(attempt) or one(tiny, 5.0)(attempt) or one(zero, 5.0)(attempt)
        return "This says nothing as long as no long gradient is made shorter rightly."

    parts = {
        "one that is too long": one(long, 5.0),
        "a very long one": one(longer, 0.5),
        "many small numbers": one(flat, 1.0),
        "short ones stay": short_ones,
    }
    return judge(clipped, parts, CLIP_HINTS)


# ------------------------------------------------------------------------------------------ 3. a batch

MEAN_HINTS = (
    "Each sequence has a gradient. The batch's is their mean, so that a larger batch makes a better gradient and not a"
    " longer one.",
    "Add up gradient_of(params, x, targets) over the pairs, and divide once by the number of pairs, not by the number"
    " of steps.",
    "return sum(gradient_of(params, x, targets) for x, targets in pairs) / len(pairs)",
)


def check_mean(mean_gradient: Callable, seed: int = 1) -> Verdict:
    """Check `mean_gradient(gradient_of, params, pairs)` -> (n,), the mean over the pairs; `gradient_of` is given."""
    random = np.random.default_rng(seed)

    def on(lengths: Sequence[int], hidden_size: int) -> Callable[[Attempt], str]:
        params = Params.random(6, hidden_size, seed=seed)
        pairs = [tuple(random.integers(0, 6, (2, T))) for T in lengths]
        each = np.array([gradient_of(params, x, targets) for x, targets in pairs])
        mistakes = {
            "This is the sum over the sequences; divide it by their number.": each.sum(0),
            "It has been divided by the number of symbols. Each sequence's gradient stays a sum over its steps.": (
                each.sum(0) / sum(lengths)
            ),
            "Each gradient has been divided by the length of its sequence.": (each / np.array(lengths)[:, None]).mean(
                0
            ),
            "This is the gradient of the last sequence alone.": each[-1],
            "This is the gradient of the first sequence alone.": each[0],
            "The last sequence is missing.": each[:-1].sum(0) / len(each),
            "The first sequence is missing.": each[1:].sum(0) / len(each),
            "The last sequence is missing, and it has been divided by one less.": each[:-1].mean(0),
            "This is divided by the number of sequences twice.": each.mean(0) / len(each),
        }
        return lambda attempt: difference(
            "the mean", attempt(gradient_of, params, pairs), each.mean(0), ("number",), mistakes
        )

    parts = {
        "two sequences": on((4, 4), 3),
        "sequences of different length": on((2, 7, 5), 4),
        "eight sequences": on((3, 4, 5, 6, 3, 4, 5, 6), 2),
    }
    return judge(mean_gradient, parts, MEAN_HINTS)


def gradient_of(params: Params, x: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The gradient of the loss of one sequence (the sum over its steps), as one vector (n,)."""
    return bptt(params, x, targets).flat


# ------------------------------------------------------------------------------------------ 4. Adam

ADAM_HINTS = (
    "Adam keeps two moving means: of the gradient, and of its square. It steps along the first, divided by the root of"
    " the second. Both begin at zero, so in the first steps they are too small, and that is put right before they are"
    " used.",
    "A moving mean keeps the share b of itself and takes in the share 1 - b of what is new. The correction divides by"
    " 1 - b ** count. The corrected ones are used for this step only; the plain ones are returned.",
    "mean = 0.9 * mean + 0.1 * gradient and square = 0.999 * square + 0.001 * gradient**2; then flat = flat - rate *"
    " (mean / (1 - 0.9**count)) / (np.sqrt(square / (1 - 0.999**count)) + 1e-8).",
)


def adam_step(
    flat: np.ndarray, gradient: np.ndarray, mean: np.ndarray, square: np.ndarray, count: int, rate: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One right step of Adam: the new flat, mean and square, (n,) each. `count` is 1 at the first step.

    Source: Kingma and Ba, ICLR 2015, algorithm 1.
    """
    mean = B1 * mean + (1 - B1) * gradient
    square = B2 * square + (1 - B2) * gradient**2
    step = rate * (mean / (1 - B1**count)) / (np.sqrt(square / (1 - B2**count)) + EPS)
    return flat - step, mean, square


def check_adam(adam_step: Callable, seed: int = 1) -> Verdict:
    """Check `adam_step(flat, gradient, mean, square, count, rate)` -> flat, mean, square, new vectors (n,) each."""
    random = np.random.default_rng(seed)
    flat, gradient = random.normal(0, 1, (2, 8))
    gradient[:2] *= 1e-6  # where an eps inside the root shows
    gradient[-1] = 0  # where a missing eps shows
    zero = np.zeros(8)
    mean, square = random.normal(0, 0.5, 8), random.uniform(0.1, 1, 8)
    first = flat, gradient, zero, zero.copy(), 1, 0.01
    later = flat.copy(), random.normal(0, 1, 8), mean, square, 7, 0.1

    def on(name: str, inputs: tuple) -> Callable[[Attempt], str]:
        flat, gradient, mean, square, count, rate = inputs
        right = dict(zip(("flat", "mean", "square"), right_step(*inputs), strict=True))
        c1, c2 = 1 - B1**count, 1 - B2**count

        def step(m: np.ndarray, s: np.ndarray) -> np.ndarray:
            return flat - rate * m / (np.sqrt(s) + EPS)

        def part(attempt: Attempt) -> str:
            own = unpack(attempt(*inputs), "flat mean square")
            if name == "mean":
                mistakes = {
                    "The two shares have changed places.": (1 - B1) * mean + B1 * gradient,
                    "The new gradient comes in whole; only a share of 0.1 should.": B1 * mean + gradient,
                    "This is the corrected one. Correct it for the step, but return the plain one.": right["mean"] / c1,
                    "The constant of the square was used here.": B2 * mean + (1 - B2) * gradient,
                    "This is the gradient itself.": gradient,
                    "The mean has not been changed.": mean,
                }
            elif name == "square":
                mistakes = {
                    "The gradient is not squared.": B2 * square + (1 - B2) * gradient,
                    "The new square comes in whole; only a share of 0.001 should.": B2 * square + gradient**2,
                    "This is the corrected one. Correct it for the step, but return the plain one.": right["square"]
                    / c2,
                    "The constant of the mean was used here.": B1 * square + (1 - B1) * gradient**2,
                    "The mean was squared instead of the gradient.": B2 * square + (1 - B2) * right["mean"] ** 2,
                    "Squares are only added up here, which is Adagrad.": square + gradient**2,
                    "The square has not been changed.": square,
                }
            else:
                m, s = right["mean"], right["square"]
                mistakes = {
                    "Neither mean is corrected for its start at zero.": step(m, s),
                    "The mean is not corrected for its start at zero.": step(m, s / c2),
                    "The square is not corrected for its start at zero.": step(m / c1, s),
                    "The sign is wrong: this goes to where the loss grows.": 2 * flat - right["flat"],
                    "The root is missing.": flat - rate * (m / c1) / (s / c2 + EPS),
                    "eps is added before the square is corrected; correct the square, take the root, then add eps.": (
                        flat - rate * (m / c1) * np.sqrt(c2) / (np.sqrt(s) + EPS)
                    ),
                    "eps stands inside the root; it belongs behind it.": flat - rate * m / c1 / np.sqrt(s / c2 + EPS),
                    "The gradient itself is used instead of its mean.": step(gradient, s / c2),
                    "The old means are used; make the new ones first.": step(mean / c1, square / c2),
                    "The correction has one step too few: count is 1 at the first step.": step(
                        m / (1 - B1 ** (count + 1)), s / (1 - B2 ** (count + 1))
                    ),
                    "Both corrections use the same constant.": step(m / c1, s / c1),
                    "The rate is missing.": flat - (flat - right["flat"]) / rate,
                    "This is the step; it still has to be added to flat.": right["flat"] - flat,
                    "This is plain gradient descent.": flat - rate * gradient,
                    "flat has not been changed.": flat,
                    "It follows from your own mean and square: mend these first.": _own_step(own, flat, count, rate),
                }
            return difference(name, own[name], right[name], ("number",), mistakes, 1e-10)

        return part

    parts = {
        "mean": on("mean", later),
        "square": on("square", later),
        "flat at the first step": on("flat", first),
        "flat at step 7": on("flat", later),
    }
    return judge(adam_step, parts, ADAM_HINTS)


right_step = adam_step  # check_adam has an argument of that name


def _own_step(own: dict, flat: np.ndarray, count: int, rate: float) -> np.ndarray:
    """The step that follows from the learner's own means, or nothing where these don't fit."""
    try:
        with np.errstate(all="ignore"):
            m, s = np.asarray(own["mean"]) / (1 - B1**count), np.asarray(own["square"]) / (1 - B2**count)
            return np.asarray(flat - rate * m / (np.sqrt(s) + EPS))
    except (TypeError, ValueError):
        return np.empty(0)


# ------------------------------------------------------------------------------------------ 5. learn

TRAIN_HINTS = (
    "The same four things happen again and again: draw some sequences, compute their mean gradient, let Adam make a new"
    " vector of the old one, put the new vector into the net.",
    "Work on params.copy(). mean and square begin as zeros of the size of params.flat and are kept from step to step."
    " count goes 1, 2, 3. New vectors get into the net with params.flat[:] = ... A rate of 0.05, 120 steps and batches"
    " of 8 are enough.",
    "for count in range(1, 121): flat, mean, square = adam_step(net.flat, mean_gradient(net, draw(8)), mean, square,"
    " count, 0.05), and in the loop net.flat[:] = flat. Return net at the end.",
)


def check_train(train_net: Callable, seed: int = 1) -> Verdict:
    """Check `train_net(params, draw, mean_gradient, adam_step)` -> a trained `Params`; judged on held-out sequences."""
    guess = np.log(2) / (GAP + 2)
    inputs, held_out = _learning(seed, np.arange(8))
    inputs, seen, spoiled = _watched(*inputs)
    first = inputs, held_out
    # Other names for the symbols: a net that was trained before, or by hand, does not know these.
    other = _learning(seed + 1, np.random.default_rng(seed).permutation(8))

    def on(inputs: tuple, held_out: list[Pair], most: float) -> Callable[[Attempt], str]:
        def part(attempt: Attempt) -> str:
            before = inputs[0]
            net = attempt(*inputs)
            if not isinstance(net, Params):
                raise Trouble(f"{attempt.name} should return the trained net, an lt.Params, but returns {kind(net)}.")
            if (net.vocab_size, net.hidden_size) != (before.vocab_size, before.hidden_size):
                raise Trouble(f"The net that comes back has other sizes than params: {net!r}.")
            if not np.isfinite(net.flat).all():
                raise Trouble("The net that comes back has numbers that are not finite: is the count 0 at first?")
            start, end = _loss(before, held_out), _loss(net, held_out)
            if end <= most:
                return ""
            said = (
                f"On {len(held_out)} sequences that training has not seen, the loss per symbol is {end:.3f}; at most"
                f" {most:.3g} is asked for, and it was {start:.3f} before."
            )
            if np.array_equal(net.flat, before.flat):
                return f"{said} The net that comes back is the one that came in: put the new vector into it."
            if end > start:
                return f"{said} It has grown: look at the sign, and at the rate."
            if end < 1.4 * guess:
                return (
                    f"{said} Guessing between A and B would give {guess:.3f}, so the net knows when to answer and not"
                    " what. Does it see enough different sequences, and enough steps?"
                )
            return f"{said} It falls, but not far: try more steps or another rate."

        return part

    learned = on(*first, ASKED_LOSS)

    def new_sequences(attempt: Attempt) -> str:
        attempt(*inputs)
        if not seen:
            return learned(attempt) and "mean_gradient has not been called yet."
        if len(seen) < MANY:
            return f"All gradients were taken on the same {len(seen)} sequences: draw new ones at every step."
        return ""

    def kept_means(attempt: Attempt) -> str:
        return learned(attempt) if not new_sequences(attempt) and not spoiled else next(iter(spoiled), WAITS)

    parts = {
        f"better than a guess ({1.25 * guess:.2f})": on(*first, 1.25 * guess),
        f"the task is learned ({ASKED_LOSS})": learned,
        f"with other symbols too ({ASKED_LOSS})": on(*other, ASKED_LOSS),
        "new sequences at every step": new_sequences,
        "the count and the two means of Adam": kept_means,
    }
    slow = "Fewer steps or smaller batches may do; else look for a loop that never ends."
    optimizers = ("adagrad", "adam", "clip", "sgd")
    return judge(train_net, parts, TRAIN_HINTS, seconds=20, slow=slow, allow=optimizers)


MANY = 16  # different sequences that a training should see, of the 32 that there are
WAITS = "This is looked at when new sequences are drawn."


def _watched(params: Params, draw: Callable, mean_gradient: Callable, adam_step: Callable) -> tuple[tuple, set, dict]:
    """The same four things, the different sequences that a gradient is taken on, and what is off about Adam's calls."""
    seen: set[tuple] = set()
    spoiled: dict[str, None] = {}
    last: dict[str, np.ndarray] = {}
    calls = {"steps": 0, "starts": 0}

    def watched_gradient(params: Params, pairs: list[Pair]) -> np.ndarray:
        seen.update((tuple(x), tuple(targets)) for x, targets in pairs)
        return mean_gradient(params, pairs)

    def watched_step(flat, gradient, mean, square, count, rate):
        if count == 1 and not np.any(mean) and not np.any(square):  # a training that begins, perhaps once more
            calls["steps"], calls["starts"] = 0, calls["starts"] + 1
            last.clear()
        calls["steps"] += 1
        if calls["starts"] > 5 or (last and not all(map(np.array_equal, (mean, square), last.values()))):
            spoiled["The mean and the square that adam_step returns have to be handed to its next call."] = None
        elif count != calls["steps"]:
            said = f"At call {calls['steps']} of adam_step the count was {count}"
            if not spoiled:
                spoiled[f"{said}: it is the number of the step, 1 at the first one."] = None
        new = adam_step(flat, gradient, mean, square, count, rate)
        last.update(mean=new[1].copy(), square=new[2].copy())
        return new

    return (params, draw, watched_gradient, watched_step), seen, spoiled


def _learning(seed: int, names: np.ndarray) -> tuple[tuple, list[Pair]]:
    """What `train_net` is given, and pairs to measure on; `names[k]` is the token that symbol k of the task gets."""
    task = tasks.recall(GAP, FILLERS)
    random = np.random.default_rng(seed)
    params = Params.random(8, HIDDEN, seed=seed, scale=0.3, forget_bias=1.0)

    def renamed(pairs: list[Pair]) -> list[Pair]:
        return [(names[x], names[targets]) for x, targets in pairs]

    def draw(count: int) -> list[Pair]:
        return renamed(task.draw(random, count))

    held_out = renamed(task.draw(np.random.default_rng(seed + 1000), 200))
    return (params, draw, right_mean_gradient, right_step), held_out


def right_mean_gradient(params: Params, pairs: list[Pair]) -> np.ndarray:
    """The gradient (n,) of the loss of one sequence, averaged over the pairs."""
    return batch_gradient(params, pairs, bptt)[1].flat


def example() -> tuple:
    """What the check gives to `train_net`: params, draw, mean_gradient, adam_step; to try things out with."""
    return _learning(0, np.arange(8))[0]


def _loss(params: Params, pairs: list[Pair]) -> float:
    """Mean cross-entropy per symbol, in nats."""
    xs, targets, weights = pad(pairs)
    return batch_loss(params, xs, targets, weights) / weights.sum()


# ------------------------------------------------------------------------------------------ curves

CURVE_GAP = 4  # six symbols a sequence
STYLES = {
    "A": {"color": ORANGE, "linestyle": "--", "marker": "s"},
    "B": {"color": VERMILION, "linestyle": ":", "marker": "X"},
    "C": {"color": BLUE, "linestyle": "-", "marker": "o"},
}


def cut_bptt(params: Params, x: np.ndarray, targets: np.ndarray, length: int = 3) -> Params:
    """The gradient of the single pass where both carried deltas are set to zero at every `length`-th step."""
    total, h, c = Params.zeros(params.vocab_size, params.hidden_size), None, None
    for start in range(0, len(x), length):
        piece, aims = x[start : start + length], targets[start : start + length]
        total.flat += bptt(params, piece, aims, h, c).flat
        cache = forward(params, piece, h, c)
        h, c = cache.h[-2], cache.c[-2]  # row -1 is the piece's initial state
    return total


def three_runs(steps: int = 120, seed: int = 3) -> dict[str, History]:
    """Train three nets on the recall task from the same weights, on the same sequences: A, B and C."""
    task = tasks.recall(CURVE_GAP, fillers=1, test_size=64)
    runs = {}
    for letter, backward in {"A": cut_bptt, "B": nested_bptt, "C": bptt}.items():
        params = Params.random(task.vocab_size, 8, seed=seed, scale=0.3, forget_bias=1.0)
        runs[letter] = train(
            params, task, steps, backward, batch=4, rate=0.03, seed=seed, test_every=10, progress=False
        )
    return runs


def curves(runs: dict[str, History]) -> Still:
    """The picture of the runs' test losses, with what guessing between A and B costs as a gray line."""
    guess = np.log(2) / (CURVE_GAP + 2)
    figure = new_figure(720, 340)
    axes = tidy(figure.subplots(), "Loss on the test set", "training step", "nats per symbol (logarithmic)")
    for letter, run in runs.items():
        axes.plot(run.tested, run.test_loss, **STYLES[letter], markersize=5, label=f"curve {letter}")
    axes.axhline(guess, color=GRAY, linewidth=1.5, label="ln 2 / 6")
    axes.set_yscale("log")
    figure.legend(loc="outside right upper", frameon=False)
    ends = ", ".join(f"{letter} from {run.test_loss[0]:.2g} to {run.test_loss[-1]:.2g}" for letter, run in runs.items())
    steps = max(run.tested[-1] for run in runs.values())
    return show(figure, f"Loss per symbol over {steps} steps: {ends}. The gray line is ln 2 / 6 = {guess:.3f}.")


# ------------------------------------------------------------------------------------------ 6. samples

SAMPLE_HINTS = (
    "The net gives probabilities for the next token. A token is drawn from them, and then the net has to read the token"
    " that was drawn, or it would not know what it has said.",
    "Begin with h and c of zeros and the token first. At every turn: step gives scores, h and c; the probabilities are"
    " the softmax of scores / temperature; np.cumsum adds them up; the token is the first one whose sum is above the"
    " number. Keep h, c and the token for the next turn.",
    "y = np.exp((scores - scores.max()) / temperature); y /= y.sum(); token = int(np.searchsorted(np.cumsum(y), number,"
    ' side="right")).',
)


def scored_step(params: Params, token: int, h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One right step: the scores of the next token (K,), and the new h and c (H,)."""
    cache = forward(params, [token], h, c)
    return cache.scores[0], cache.h[0], cache.c[0]


def check_sample(sample: Callable, seed: int = 1) -> Verdict:
    """Check `sample(step, params, first, numbers, temperature)` -> n tokens; `step` is given, `numbers` is (n,)."""

    def on(count: int, temperature: float, sizes: tuple[int, int]) -> Callable[[Attempt], str]:
        params, first, numbers = _sampling(seed, count, temperature, sizes)
        styles = partial(_sampled, params, first, numbers, temperature)
        right = styles()
        mistakes = {
            "These are the most probable tokens: the numbers are not used.": styles(choose="most probable"),
            "The net does not read what was drawn: it reads the first token again and again.": styles(feed="first"),
            "Every turn starts from a state of zeros: keep h and c.": styles(state="fresh"),
            "The scores are multiplied by the temperature; divide them.": styles(heat="times"),
            "The temperature has no effect. Does it divide the scores, before the exponential?": styles(heat="none"),
            "Each token is one too low: take the first one whose sum is above the number.": np.maximum(right - 1, 0),
            "The first token stands in front; only what was drawn is asked for.": np.append(first, right[:-1]),
            "The sums run from the last token.": styles(choose="from the end"),
            "The number is used for a choice among equally probable tokens.": (numbers * sizes[0]).astype(int),
        }

        def part(attempt: Attempt) -> str:
            got = attempt(scored_step, params, first, numbers, temperature)
            if np.shape(got) == (count + 1,):
                raise Trouble(f"There are {count + 1} tokens for {count} numbers: the first one is not to be returned.")
            sentence = difference("the list of tokens", got, right, ("turn",), mistakes)
            again = attempt(scored_step, params.copy(), first, numbers, temperature) if sentence else got
            if np.shape(again) == np.shape(got) and not np.array_equal(again, got):
                sentence += (
                    " Called again with the same numbers it gives other tokens: numbers decides which ones are drawn,"
                    " and nothing random is left to do."
                )
            return sentence

        return part

    parts = {
        "three tokens": on(3, 1.0, (12, 5)),
        "many tokens": on(40, 1.0, (9, 6)),
        "a high temperature": on(40, 4.0, (9, 6)),
        "a low temperature": on(40, 0.3, (9, 4)),
    }
    return judge(sample, parts, SAMPLE_HINTS, allow=("forward",))


def _sampling(seed: int, count: int, temperature: float, sizes: tuple[int, int]) -> tuple[Params, int, np.ndarray]:
    """A net, a first token and numbers of which none lies so near to a border that rounding could decide."""
    params = Params.random(*sizes, seed=seed, scale=1.2)
    random = np.random.default_rng(seed)
    while True:
        first, numbers = int(random.integers(sizes[0])), random.uniform(0, 1, count)
        h, c, token = *np.zeros((2, sizes[1])), first
        nearest = 1.0
        for number in numbers:
            scores, h, c = scored_step(params, token, h, c)
            sums = np.cumsum(softmax(scores / temperature))
            nearest = min(nearest, abs(sums - number).min())
            token = int(np.argmax(sums > number))
        if nearest > 1e-9:
            return params, first, numbers


def _sampled(
    params: Params,
    first: int,
    numbers: np.ndarray,
    temperature: float,
    choose: str = "by number",
    feed: str = "drawn",
    state: str = "kept",
    heat: str = "over",
) -> np.ndarray:
    """The tokens (n,), drawn rightly or with one of the usual mistakes."""
    h, c, token, drawn = *np.zeros((2, params.hidden_size)), first, []
    for number in numbers:
        if state == "fresh":
            h, c = np.zeros((2, params.hidden_size))
        scores, h, c = scored_step(params, first if feed == "first" else token, h, c)
        y = softmax(scores * {"over": 1 / temperature, "times": temperature, "none": 1.0}[heat])
        token = {
            "by number": lambda y=y, number=number: int(np.argmax(np.cumsum(y) > number)),
            "most probable": lambda y=y: int(y.argmax()),
            "from the end": lambda y=y, number=number: len(y) - 1 - int(np.argmax(np.cumsum(y[::-1]) > number)),
        }[choose]()
        drawn.append(token)
    return np.array(drawn)
