"""Cases and right answers of exercise 6: clipping together, Adam by hand, a trainer with wrong batches, samples.

The words are in training.toml; engine.py says how the two belong together.
"""

import contextlib
import copy
from collections.abc import Callable

import numpy as np

from lstm_teach import guard, plain, tasks
from lstm_teach.backward import bptt
from lstm_teach.batch import batch_loss, pad
from lstm_teach.edited import edited
from lstm_teach.exercises.engine import Case, by_name, check, questions, task_of
from lstm_teach.params import Params
from lstm_teach.plain import softmax
from lstm_teach.verdicts import Verdict, advice

norm = np.linalg.norm

PREDICT_PLATEAU, SUM_ADAM, PLATEAU = questions(__name__, "my_loss_without_memory", "my_sum_with_adam", "my_plateau")


def check_clip(clip_together: Callable, seed: int = 1) -> Verdict:
    """Check `clip_together(dV, dW, limit)` -> both matrices, new ones, with a norm of at most limit together."""
    random = np.random.default_rng(seed)

    def on(part: str, length: float, limit: float, share: float = 0.5, flat: bool = False) -> Case:
        drawn = random.normal(0, 1, 20)
        drawn = np.sign(drawn) if flat else drawn
        drawn[:8] *= share / norm(drawn[:8])
        drawn[8:] *= np.sqrt(1 - share**2) / norm(drawn[8:])
        dV, dW = length * drawn[:8].reshape(4, 2), length * drawn[8:].reshape(3, 4)
        return Case(part, (dV, dW, limit), look=look if length <= limit else None)

    def look(_: object, dV: np.ndarray, dW: np.ndarray, limit: float) -> str:
        own = {"dV": dV.copy(), "dW": dW.copy()}
        try:
            new = by_name(guard.call(clip_together, *own.values(), limit, seconds=2), ["new_dV", "new_dW"])
        except guard.LearnerError:
            return ""
        shared = [name for name in own if np.may_share_memory(own[name], np.asarray(new[f"new_{name}"]))]
        if not shared:
            return ""
        names, new_names = " and ".join(shared), " and ".join(f"new_{name}" for name in shared)
        are = "is {} itself, not a new matrix" if len(shared) == 1 else "are {} themselves, not new matrices"
        said = f"The numbers are right, but {new_names} {are.format(names)}: changing one changes the other."
        return f"{said} {shared[0]} * factor makes a new one, and so does {shared[0]}.copy()."

    cases = [
        on("one that is too long", 12, 5),
        on("one that is too long", 3e4, 0.5, 0.1),
        on("two short ones that are too long together", 1.2, 1.0, 0.7),
        on("many small numbers", 2, 1.0, 0.8, flat=True),
        on("long and short in turn", 9, 4),  # with short ones alone, leaving all as it is would earn this part
        on("long and short in turn", 4.5, 5.0),
        on("long and short in turn", 1.5, 4.0),  # its norm is more than 1, but even the square of it is below the limit
        on("long and short in turn", 1e-7, 5.0, 0.9),
        on("long and short in turn", 0, 1.0),
    ]
    return check(__name__, "clip", clip_together, cases, right=clipped)


def clipped(dV: np.ndarray, dW: np.ndarray, limit: float) -> dict[str, np.ndarray]:
    """Both times one factor, so that their norm together is at most limit."""
    length = norm(np.append(dV, dW))
    factor = min(1.0, limit / length) if length else 1.0
    return {"new_dV": dV * factor, "new_dW": dW * factor}


def check_adam(adam_step: Callable, seed: int = 1) -> Verdict:
    """Check `adam_step(flat, gradient, mean, square, count, rate)` -> flat, mean, square, new vectors (P,) each."""
    random = np.random.default_rng(seed)
    flat, gradient = random.normal(0, 1, (2, 8))
    gradient[:2] *= 1e-6  # where an eps inside the root shows
    with_zero = np.append(gradient[:-1], 0)  # where a missing eps shows
    mean, square = random.normal(0, 0.5, 8), random.uniform(0.1, 1, 8)
    cases = [
        Case("step 7", (flat.copy(), random.normal(0, 1, 8), mean, square, 7, 0.1)),
        Case("the first step", (flat, gradient, np.zeros(8), np.zeros(8), 1, 0.01)),
        Case("the first step, with a gradient of 0", (flat, with_zero, np.zeros(8), np.zeros(8), 1, 0.01)),
    ]
    return check(__name__, "adam", adam_step, cases)


def adam_move(flat: np.ndarray, rate: float, mean: np.ndarray, square: np.ndarray) -> np.ndarray:
    """The step of Adam with means that are corrected already, or not."""
    return flat - rate * mean / (np.sqrt(square) + 1e-8)


def check_trainer(train: Callable, seed: int = 1) -> Verdict:
    """Check `train(flat, xs, targets, gradient_of, rate, size, orders)` -> the weights (P,) after the last batch."""
    random = np.random.default_rng(seed)
    read, asked = random.normal(0, 1, (2, 4, 12))  # for each token

    def gradient_of(flat: np.ndarray, x: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """No net's gradient, but quick, and different for all pairs."""
        return np.sin(flat + read[x].sum(0)) * asked[targets].sum(0)

    cases = []
    for part, count, size, *orders in (
        ("a single batch", 3, 3, [0, 1, 2]),
        ("two batches", 4, 2, [2, 0, 3, 1]),
        ("a last batch that is smaller", 7, 3, [3, 1, 6, 4, 0, 2, 5]),  # even batches have 3, 2, 2
        ("three epochs", 5, 3, [1, 4, 0, 2, 3], [4, 2, 3, 1, 0], [2, 0, 1, 4, 3]),
    ):
        xs, targets = (list(each) for each in random.integers(0, 4, (2, count, 4)))
        given = random.normal(0, 1, 12), xs, targets, gradient_of, 0.1, size, np.array(orders)
        cases.append(Case(part, given, unknown=task_of(__name__, "trainer")["unknown"]))
    return check(__name__, "trainer", train, cases, right=trained)


def trained(
    flat: np.ndarray, xs: list, targets: list, gradient_of: Callable, rate: float, size: int, orders: np.ndarray
) -> np.ndarray:
    """The weights after all batches, (P,)."""
    for order in orders:
        pairs = [(xs[k], targets[k]) for k in order]
        for first in range(0, len(pairs), size):
            batch = pairs[first : first + size]
            total = 0.0
            for x, target in batch:
                total = total + gradient_of(flat, x, target)
            flat = flat - rate * total / len(batch)
    return flat


def example(epochs: int = 20, gap: int = 2) -> tuple:
    """What `train` gets to learn to recall a symbol over a gap: flat, xs, targets, gradient_of, rate, size, orders."""

    def gradient_of(flat: np.ndarray, x: np.ndarray, targets: np.ndarray) -> np.ndarray:
        return bptt(Params(8, 8, np.array(flat, float)), x, targets).flat

    flat, random = Params.random(8, 8, seed=0, scale=0.3, forget_bias=1.0).flat.copy(), np.random.default_rng(0)
    xs, targets = (list(each) for each in zip(*tasks.recall(gap, 4).draw(random, 60), strict=True))
    return flat, xs, targets, gradient_of, 0.3, 8, np.array([random.permutation(60) for _ in range(epochs)])


def loss_of(flat: np.ndarray, gap: int = 2) -> float:
    """Mean cross-entropy per symbol of `example`'s net with these weights, in nats, on 200 other sequences."""
    xs, targets, weights = pad(tasks.recall(gap, 4).draw(np.random.default_rng(1), 200))
    return float(batch_loss(Params(8, 8, np.array(flat, float)), xs, targets, weights) / weights.sum())


def check_sample(sample: Callable, seed: int = 1) -> Verdict:
    """Check `sample(step, params, first, numbers, temperature)` -> n tokens; `step` is given, `numbers` is (n,)."""

    words = task_of(__name__, "sample")

    def also(got: object, *given: object) -> str:
        def again(numbers: np.ndarray) -> np.ndarray:
            return np.asarray(guard.call(sample, *copy.deepcopy((*given[:3], numbers, given[4])), seconds=2))

        numbers = given[3]
        with contextlib.suppress(guard.LearnerError, ValueError):
            if (same := again(numbers)).shape == np.shape(got) and (same != got).any():
                return advice(words["random"])
            others = [again(np.full(len(numbers), share)) for share in (0.001, 0.999)]
            if len(set(same.tolist())) > 1 and all(np.array_equal(same, other) for other in others):
                return advice(words["unused"])
        return ""

    cases = [
        Case(part, (scored_step, *sampling(seed, count, temperature, sizes, larger), temperature), also=also)
        for part, count, temperature, sizes, larger in (
            ("six tokens", 6, 1.0, (12, 5), 1),
            ("many tokens", 24, 1.0, (9, 6), 1),
            ("a high temperature", 24, 4.0, (9, 6), 1),
            ("a low temperature", 24, 0.3, (9, 4), 1),
            ("very large scores", 24, 0.5, (9, 6), 5000),
        )
    ]
    return check(__name__, "sample", sample, cases, right=sampled)


def scored_step(params: Params, token: int, h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One right step: the scores of the next token (K,), and the new h and c (H,)."""
    after = plain.step(params, token, h, c)
    return params.V @ after["h"], after["h"], after["c"]


@np.errstate(all="ignore")
def sampling(seed: int, count: int, temperature: float, sizes: tuple[int, int], larger: float) -> tuple:
    """A net, a first token and numbers (count,), none of them so near to a border that rounding could decide.

    If h or c is not handed on, the tokens come out different, and so they do with >= for > if one is 0. The scores are
    `larger` times those of a usual net.
    """
    params, random = Params.random(*sizes, seed=seed, scale=1.2), np.random.default_rng(seed)
    params.V *= larger
    while True:
        first, numbers = int(random.integers(sizes[0])), random.uniform(0, 1, count)
        numbers[0] *= larger == 1  # a 0 tells > from >=, where probabilities are 0 too
        moved = [np.clip(numbers + off, 0, 1) for off in (-1e-9, 0, 1e-9)]
        low, same, high = (sampled(scored_step, params, first, each, temperature) for each in moved)
        changes = [("scores, h, c =", kept) for kept in ("scores, h, _ =", "scores, _, c =")]
        changes += [("> number", ">= number")] * (larger > 1)
        wrong = (edited(sampled, *change) for change in changes)
        others = [each(scored_step, params, first, numbers, temperature).tolist() for each in wrong]
        if same.tolist() not in others and np.array_equal(low, same) and np.array_equal(same, high):
            return params, first, numbers


def softmax_unshifted(scores: np.ndarray) -> np.ndarray:
    """The softmax without the largest score subtracted, nan where scores are large."""
    return np.exp(scores) / np.exp(scores).sum()


def sampled(step: Callable, params: Params, first: int, numbers: np.ndarray, temperature: float) -> np.ndarray:
    """The tokens (n,)."""
    h, c, token, drawn = *np.zeros((2, params.hidden_size)), first, []
    for number in numbers:
        scores, h, c = step(params, token, h, c)
        y = softmax(scores / temperature)
        token = int(np.argmax(np.cumsum(y) > number))
        drawn.append(token)
    return np.array(drawn)
