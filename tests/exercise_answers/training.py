"""Answers to exercise 6."""

import numpy as np

from lstm_teach import training
from lstm_teach.edited import edited

# ------------------------------------------------------------------------------------------ check_clip


def clip(dV, dW, limit):
    length = np.sqrt((dV**2).sum() + (dW**2).sum())
    factor = limit / length if length > limit else 1.0
    return dV * factor, dW * factor


def clip_by_vector(dV, dW, limit):
    whole = np.concatenate([dV.ravel(), dW.ravel()])
    whole = whole * min(1.0, limit / (np.linalg.norm(whole) + 1e-300))
    return {"new_dW": whole[dV.size :].reshape(dW.shape), "new_dV": whole[: dV.size].reshape(dV.shape)}


def clip_with_a_little_added(dV, dW, limit):
    length = np.hypot(np.linalg.norm(dV), np.linalg.norm(dW))
    factor = min(1.0, limit / (length + 1e-6))
    return [dV * factor, dW * factor]


def clip_by_norms_of_norms(dV, dW, limit):
    grads = [dV.copy(), dW.copy()]
    length = np.linalg.norm([np.linalg.norm(grad) for grad in grads])
    if length > limit:
        for grad in grads:
            grad *= limit / length
    return grads


def clip_with_copies(dV, dW, limit):
    length = np.hypot(np.linalg.norm(dV), np.linalg.norm(dW))
    return (dV * (limit / length), dW * (limit / length)) if length > limit else (dV.copy(), np.array(dW))


def clip_handing_back(kept=lambda dV, dW: (dV, dW)):
    def mistaken(dV, dW, limit):
        return clip(dV, dW, limit) if norm(dV, dW) > limit else kept(dV, dW)

    return mistaken


def clip_by(length, scale=lambda limit, length: min(1.0, limit / length) if length else 1.0):
    def mistaken(dV, dW, limit):
        factor = scale(limit, length(dV, dW))
        return dV * factor, dW * factor

    return mistaken


def norm(dV, dW):
    return np.hypot(np.linalg.norm(dV), np.linalg.norm(dW))


def clip_each(dV, dW, limit):
    return [grad * min(1.0, limit / (np.linalg.norm(grad) + 1e-300)) for grad in (dV, dW)]


def clip_in_place(dV, dW, limit):
    length = norm(dV, dW)
    if length > limit:
        dV *= limit / length
        dW *= limit / length
    return dV, dW


def clip_by_library(dV, dW, limit):
    whole = np.append(dV, dW)
    training.clip(whole, limit)
    return whole[: dV.size].reshape(dV.shape), whole[dV.size :].reshape(dW.shape)


# ------------------------------------------------------------------------------------------ check_adam


def adam(flat, gradient, mean, square, count, rate):
    mean = 0.9 * mean + 0.1 * gradient
    square = 0.999 * square + 0.001 * gradient**2
    step = rate * (mean / (1 - 0.9**count)) / (np.sqrt(square / (1 - 0.999**count)) + 1e-8)
    return flat - step, mean, square


def adam_by_lerp(flat, gradient, mean, square, count, rate):
    mean = mean + (gradient - mean) / 10
    square = square + (gradient * gradient - square) / 1000
    corrected = np.array([mean / (1 - 0.9**count), square / (1 - 0.999**count)])
    return [flat + -rate * corrected[0] / (corrected[1] ** 0.5 + 1e-8), mean, square]


def adam_by_loop(flat, gradient, mean, square, count, rate):
    new = np.empty((3, len(flat)))
    for k, numbers in enumerate(zip(flat, gradient, mean, square, strict=True)):
        new[:, k] = adam(*numbers, count, rate)
    return new


def adam_with(m1=lambda m, g: 0.9 * m + 0.1 * g, s1=lambda s, g: 0.999 * s + 0.001 * g**2, step=None, keep=None):
    """Adam with one of its lines replaced; step(m, s, g, count), keep(flat, m, s, count)."""

    def right(m, s, g, count):
        return (m / (1 - 0.9**count)) / (np.sqrt(s / (1 - 0.999**count)) + 1e-8)

    def mistaken(flat, gradient, mean, square, count, rate):
        m, s = m1(mean, gradient), s1(square, gradient)
        flat = flat - rate * (step or right)(m, s, gradient, count)
        return keep(flat, m, s, count) if keep else (flat, m, s)

    return mistaken


def adam_by(step):
    """Adam with another step; step(mean, square, 1 - 0.9**count, 1 - 0.999**count)."""
    return adam_with(step=lambda m, s, g, n: step(m, s, 1 - 0.9**n, 1 - 0.999**n))


def adam_without_parentheses(flat, gradient, mean, square, count, rate):
    _, m, s = adam(flat, gradient, mean, square, count, rate)
    return flat - rate * (m / (1 - 0.9**count)) / np.sqrt(s / (1 - 0.999**count)) + 1e-8, m, s


def adam_with_the_old_mean(flat, gradient, mean, square, count, rate):
    _, m, s = adam(flat, gradient, mean, square, count, rate)
    return flat - rate * mean / (1 - 0.9**count) / (np.sqrt(s / (1 - 0.999**count)) + 1e-8), m, s


def adam_in_order(*order):
    """Everything is right but the order of the results."""
    return lambda *given: tuple(adam(*given)[k] for k in order)


def adam_in_place(flat, gradient, mean, square, count, rate):
    mean *= 0.9
    mean += 0.1 * gradient
    square *= 0.999
    square += 0.001 * gradient**2
    return adam(flat, 0 * gradient, mean / 0.9, square / 0.999, count, rate)[0], mean, square


def adam_with_eps_before_the_correction(flat, gradient, mean, square, count, rate):
    mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
    rate = rate * np.sqrt(1 - 0.999**count) / (1 - 0.9**count)
    return flat - rate * mean / (np.sqrt(square) + 1e-8), mean, square


def adam_that_counts_itself(flat, gradient, mean, square, count, rate):
    """Counts its own calls, which is right only if nobody else calls it."""
    adam_that_counts_itself.calls = getattr(adam_that_counts_itself, "calls", 0) + 1
    return adam(flat, gradient, mean, square, adam_that_counts_itself.calls, rate)


# ------------------------------------------------------------------------------------------ check_trainer


def train(flat, xs, targets, gradient_of, rate, size, orders):
    for order in orders:
        pairs = [(xs[k], targets[k]) for k in order]
        for start in range(0, len(pairs), size):
            batch = pairs[start : start + size]
            gradient = np.zeros(flat.size)
            for x, target in batch:
                gradient += gradient_of(flat, x, target)
            flat = flat - rate * gradient / len(batch)
    return flat


def train_by_mean(flat, xs, targets, gradient_of, rate, size, orders):
    new = flat.copy()
    for order in np.asarray(orders).tolist():
        while order:
            batch, order = order[:size], order[size:]
            new -= rate * np.mean([gradient_of(new, xs[k], targets[k]) for k in batch], axis=0)
    return new


def train_by_splits(flat, xs, targets, gradient_of, rate, size, orders):
    for order in orders:
        for batch in np.split(order, range(size, len(order), size)):
            flat = flat - rate / len(batch) * sum(gradient_of(flat, xs[k], targets[k]) for k in batch)
    return list(flat)


def train_step_by_step(flat, xs, targets, gradient_of, rate, size, orders):
    total, count = np.zeros_like(flat), 0
    for order in orders:
        for number, k in enumerate(order, 1):
            total, count = total + gradient_of(flat, xs[k], targets[k]), count + 1
            if count == size or number == len(order):
                flat, total, count = flat - rate * total / count, 0 * total, 0
    return flat


def train_pair_by_pair(flat, xs, targets, gradient_of, rate, size, orders):
    for order in orders:
        for start in range(0, len(order), size):
            batch = order[start : start + size]
            for k in batch:
                flat = flat - rate * gradient_of(flat, xs[k], targets[k]) / len(batch)
    return flat


def train_with_a_large_last_batch(flat, xs, targets, gradient_of, rate, size, orders):
    for order in orders:
        for batch in np.array_split(order, max(1, len(order) // size)):
            flat = flat - rate * sum(gradient_of(flat, xs[k], targets[k]) for k in batch) / len(batch)
    return flat


PAIRS = "(xs[k], targets[k]) for k in order"
TORN = "targets[k]) for k in order", "targets[m]) for m, k in enumerate(order)"
DROPPED = "len(pairs)", "len(pairs) - size"
BY_SIZE = "len(batch)", "size"
AS_GIVEN = *TORN, *DROPPED, *BY_SIZE
FULL = "len(pairs)", "len(pairs) - size + 1"
TWICE = "    for order in orders:", "    order = np.arange(len(xs))\n    for o in orders:\n        order = order[o]"
MIXED_AGAIN = (
    *("        pairs = [(xs[k], targets[k]) for k in order]", "        mixed = [xs[k] for k in order]"),
    *("        for start", "        targets = [targets[k] for k in order]\n        for start"),
    *("len(pairs)", "len(mixed)"),
    *("batch = pairs[start : start + size]", "batch = [*zip(mixed, targets, strict=True)][start : start + size]"),
)
KEPT = "gradient = np.zeros(flat.size)", "gradient = gradient if start else np.zeros(flat.size)"
BEGUN = "    for order", "    begun = flat\n    for order", "gradient_of(flat", "gradient_of(begun"
OF_THE_EPOCH = "        pairs =", "        begun = flat\n        pairs =", "gradient_of(flat", "gradient_of(begun"


def faulty(*pieces):
    """The trainer with other pieces of text."""
    return edited(train, *pieces)


def changed(**replaced):
    """The right trainer with other arguments: each a function of all of them."""

    def mistaken(*given):
        names = dict(zip(("flat", "xs", "targets", "gradient_of", "rate", "size", "orders"), given, strict=True))
        return train(**names | {name: change(names) for name, change in replaced.items()})

    return mistaken


def train_in_place(flat, xs, targets, gradient_of, rate, size, orders):
    flat[:] = train(flat, xs, targets, gradient_of, rate, size, orders)
    return flat


def train_that_sorts(flat, xs, targets, gradient_of, rate, size, orders):
    found = train(flat, xs, targets, gradient_of, rate, size, orders)
    xs.reverse()
    return found


# ------------------------------------------------------------------------------------------ check_sample


def softmax(scores):
    e = np.exp(scores - np.max(scores))
    return e / e.sum()


def sample(step, params, first, numbers, temperature):
    h = c = np.zeros(params.hidden_size)
    token, drawn = first, []
    for number in numbers:
        scores, h, c = step(params, token, h, c)
        token = int(np.searchsorted(np.cumsum(softmax(scores / temperature)), number, side="right"))
        drawn.append(token)
    return drawn


def sample_by_loop(step, params, first, numbers, temperature):
    tokens = [first]
    h, c = np.zeros(params.hidden_size), np.zeros(params.hidden_size)
    for number in numbers:
        scores, h, c = step(params, tokens[-1], h, c)
        weights = [np.exp((score - max(scores)) / temperature) for score in scores]
        left, token = number * sum(weights), 0
        while left >= weights[token]:
            left -= weights[token]
            token += 1
        tokens.append(token)
    return np.array(tokens[1:])


def sample_by_choice(step, params, first, numbers, temperature):
    h, c, token, drawn = *np.zeros((2, params.hidden_size)), first, []
    for _ in numbers:
        scores, h, c = step(params, token, h, c)
        y = np.exp((scores - scores.max()) / temperature)
        token = int(np.random.choice(len(y), p=y / y.sum()))
        drawn.append(token)
    return np.array(drawn)


def sample_with(choose=None, heat=lambda s, t: s / t, feed=True, keep=True, front=False, until=None, cool=None):
    """Sampling with one of its lines replaced; choose(y, number), cool(probabilities, temperature)."""

    def mistaken(step, params, first, numbers, temperature):
        h = c = np.zeros(params.hidden_size)
        token, drawn = first, [first] if front else []
        for number in numbers[:until]:
            scores, *state = step(params, token, h, c)
            h, c = state if keep else (h, c)
            y = cool(softmax(scores), temperature) if cool else softmax(heat(scores, temperature))
            new = choose(y, number) if choose else int(np.searchsorted(np.cumsum(y), number, side="right"))
            token = new if feed else token
            drawn.append(new)
        return drawn

    return mistaken


def first_above(y, number):
    return int(np.argmax(np.cumsum(y) > number))


def sample_by_own_numbers(step, params, first, numbers, temperature):
    random = np.random.default_rng(0)
    return sample_with(choose=lambda y, number: int(random.choice(len(y), p=y)))(
        step, params, first, numbers, temperature
    )


RIGHT = {
    "check_clip": {
        "one factor": clip,
        "one vector": clip_by_vector,
        "as PyTorch does": clip_with_a_little_added,
        "norms of norms": clip_by_norms_of_norms,
        "copies": clip_with_copies,
        "by the names that came": lambda *given: dict(zip(("dV", "dW"), clip(*given), strict=True)),
        "as they are, in new arrays": clip_handing_back(lambda dV, dW: {"new_dV": dV + 0, "new_dW": dW.tolist()}),
    },
    "check_adam": {
        "formula": adam,
        "moved towards": adam_by_lerp,
        "loop": adam_by_loop,
        "dictionary": lambda *given: dict(zip(("new_flat", "new_mean", "new_square"), adam(*given), strict=True)),
        "by the names that came": lambda *given: dict(zip(("flat", "mean", "square"), adam(*given), strict=True)),
    },
    "check_trainer": {
        "pairs": train,
        "mean": train_by_mean,
        "splits": train_by_splits,
        "step by step": train_step_by_step,
    },
    "check_sample": {
        "searchsorted": sample,
        "loop": sample_by_loop,
        "argmax": sample_with(choose=lambda y, number: int(np.argmax(np.cumsum(y) > number))),
        "counted": sample_with(choose=lambda y, number: int((np.cumsum(y) <= number).sum())),
        "powers": sample_with(cool=lambda y, t: y ** (1 / t) / (y ** (1 / t)).sum()),
    },
}

WRONG = {
    "check_clip": {
        "always, 1e-12 added": (
            clip_by(norm, lambda limit, n: limit / (n + 1e-12)),
            "A short gradient has been made longer",
        ),
        "longer than 1": (
            clip_by(norm, lambda limit, n: limit / n if n > 1 else 1.0),
            "The norm is compared with 1, so some short gradients are made longer.",
        ),
        **{
            f"max for min, {least:g} added": (
                clip_by(norm, lambda limit, n, least=least: max(1.0, limit / (n + least))),
                "A long gradient stays as it is, and a short one is made",
            )
            for least in (1e-6, 1e-12)
        },
        **{
            f"a limit of {fixed}": (
                clip_by(norm, lambda limit, n, fixed=fixed: min(1.0, fixed / n) if n else 1.0),
                f"The limit is fixed at {fixed} here",
            )
            for fixed in (5, 1)
        },
        "long ones to 1": (
            clip_by(norm, lambda limit, n: 1 / n if n > limit else 1),
            "A long gradient gets a norm of 1",
        ),
        "spectral norm": (
            clip_by(lambda *both: np.sqrt(sum(np.linalg.norm(m, 2) ** 2 for m in both))),
            "With a 2, np.linalg.norm of a matrix is its spectral norm",
        ),
        "mean square": (
            clip_by(lambda dV, dW: np.sqrt(np.mean(np.append(dV, dW) ** 2))),
            "The squares have been averaged; for the norm they are added up",
        ),
        "only dV": (lambda dV, dW, limit: (clip(dV, dW, limit)[0], dW.copy()), "Only dV has been scaled"),
        "only dW": (lambda dV, dW, limit: (dV.copy(), clip(dV, dW, limit)[1]), "Only dW has been scaled"),
        "the library": (clip_by_library, "calls training.clip"),
        "nothing done": (lambda dV, dW, limit: (dV, dW), "Nothing has been made shorter"),
        "each by itself": (clip_each, "Each matrix has been clipped by itself"),
        "each made as long as the limit": (
            lambda dV, dW, limit: tuple(np.divide(limit, np.linalg.norm(d)) * d for d in (dV, dW)),
            "only where they are too long together",
        ),
        "each number": (
            lambda dV, dW, limit: (np.clip(dV, -limit, limit), np.clip(dW, -limit, limit)),
            "changes the direction",
        ),
        "always": (clip_by(norm, lambda limit, n: np.divide(limit, n)), "has been made longer"),
        "always but for zeros": (clip_by(norm, lambda limit, n: limit / n if n else 1.0), "has been made longer"),
        "always, a little added": (clip_by(norm, lambda limit, n: limit / (n + 1e-6)), "has been made longer"),
        "norm one": (clip_by(norm, lambda limit, n: 1 / n if n else 1.0), "has a norm of 1 now"),
        "squared": (clip_by(lambda dV, dW: norm(dV, dW) ** 2), "the root is missing"),
        "squared where it is compared": (
            clip_by(norm, lambda limit, n: limit / n if n**2 > limit else 1.0),
            "Compare the norm itself",
        ),
        "norms added": (clip_by(lambda dV, dW: np.linalg.norm(dV) + np.linalg.norm(dW)), "lengths don't"),
        "the longer": (clip_by(lambda dV, dW: max(np.linalg.norm(dV), np.linalg.norm(dW))), "The longer of the two"),
        "W alone": (clip_by(lambda dV, dW: np.linalg.norm(dW)), "The norm of dW alone"),
        "V alone": (clip_by(lambda dV, dW: np.linalg.norm(dV)), "The norm of dV alone"),
        "largest": (clip_by(lambda dV, dW: max(abs(dV).max(), abs(dW).max())), "The largest number"),
        "absolute": (clip_by(lambda dV, dW: abs(dV).sum() + abs(dW).sum()), "The sum of the absolute values"),
        "max for min": (clip_by(norm, lambda limit, n: max(1.0, limit / n) if n else 1.0), "the other way around"),
        "upside down": (clip_by(norm, lambda limit, n: min(1.0, n / limit)), "a short gradient is made shorter"),
        "long ones upside down": (
            clip_by(norm, lambda limit, n: max(1.0, n / limit)),
            "a long one is made longer",
        ),
        "by the limit": (lambda dV, dW, limit: (dV / limit, dW / limit), "divided by the limit"),
        "zeros": (lambda dV, dW, limit: (0 * dV, 0 * dW), "new_dV is off"),
        "swapped": (lambda *given: clip(*given)[::-1], "should be an array of shape"),
        "in place": (clip_in_place, "writes to what it was given, dV and dW"),
        "short ones handed back": (clip_handing_back(), "new_dV and new_dW are dV and dW themselves"),
        "one handed back": (clip_handing_back(lambda dV, dW: (dV.copy(), dW[:])), "new_dW is dW itself, not a new"),
        "one handed back by name": (
            clip_handing_back(lambda dV, dW: {"new_dW": dW + 0, "new_dV": np.asarray(dV)}),
            "dV * factor makes a new one, and so does dV.copy().",
        ),
        "only one": (lambda *given: clip(*given)[0], "should return 2 arrays"),
    },
    "check_adam": {
        "neither, nothing added": (adam_by(lambda m, s, c1, c2: m / np.sqrt(s)), "Neither mean is corrected"),
        "neither, inside": (adam_by(lambda m, s, c1, c2: m / np.sqrt(s + 1e-8)), "Neither mean is corrected"),
        "corrected twice": (adam_by(lambda m, s, c1, c2: m / c1**2 / (np.sqrt(s) / c2 + 1e-8)), "are corrected twice"),
        "corrections swapped": (adam_by(lambda m, s, c1, c2: m / c2 / (np.sqrt(s / c1) + 1e-8)), "are swapped"),
        "along the mean": (adam_by(lambda m, s, c1, c2: m), "a step along the mean, undivided"),
        "0.99 for the mean": (adam_with(m1=lambda m, g: 0.99 * m + 0.01 * g), "for the mean it is 0.9"),
        "0.99 for the square": (adam_with(s1=lambda s, g: 0.99 * s + 0.01 * g**2), "for the square it is 0.999"),
        "absolute value": (adam_with(s1=lambda s, g: 0.999 * s + 0.001 * abs(g)), "the gradient's absolute value"),
        "a share of 0.01": (adam_with(s1=lambda s, g: 0.999 * s + 0.01 * g**2), "A share of 0.01 of the new square"),
        "no parentheses": (adam_without_parentheses, "1e-8 is added to the quotient"),
        "a sum for the denominator, subtracted": (
            adam_by(lambda m, s, c1, c2: m / c1 / np.sqrt(s / c2) + 1e-8),
            "1e-8 is added to the quotient",
        ),
        "1e-8 first, no parentheses": (
            adam_by(lambda m, s, c1, c2: m / c1 / 1e-8 + np.sqrt(s / c2)),
            "Only 1e-8 divides here",
        ),
        "1e-6": (adam_by(lambda m, s, c1, c2: m / c1 / (np.sqrt(s / c2) + 1e-6)), "1e-6 is added to the root"),
        "count - 1": (
            adam_with(step=lambda m, s, g, n: m / (1 - 0.9 ** (n - 1)) / (np.sqrt(s / (1 - 0.999 ** (n - 1))) + 1e-8)),
            "The correction has one step too few",
        ),
        "after the root": (
            adam_by(lambda m, s, c1, c2: m / c1 / (np.sqrt(s) / c2 + 1e-8)),
            "The square is corrected after taking the root",
        ),
        "by the root": (
            adam_by(lambda m, s, c1, c2: m / c1 / (np.sqrt(s / np.sqrt(c2)) + 1e-8)),
            "The square is divided by the root of 1 - 0.999**count",
        ),
        "a rate of 0.001": (lambda *given: adam(*given[:-1], 0.001), "The rate is fixed at 0.001 here"),
        "0.001 squared": (
            adam_with(s1=lambda s, g: 0.999 * s + (0.001 * g) ** 2),
            "0.001 has been squared as well",
        ),
        "eps before the correction": (
            adam_with_eps_before_the_correction,
            "1e-8 is added before the square is corrected",
        ),
        "no correction": (adam_with(step=lambda m, s, g, n: m / (np.sqrt(s) + 1e-8)), "Neither mean is corrected"),
        "mean uncorrected": (
            adam_with(step=lambda m, s, g, n: m / (np.sqrt(s / (1 - 0.999**n)) + 1e-8)),
            "The mean is not corrected",
        ),
        "a product for the power": (
            adam_with(step=lambda m, s, g, n: m / (1 - 0.9 * n) / (np.sqrt(s / (1 - 0.999**n)) + 1e-8)),
            "The correction uses a power",
        ),
        "products for both powers": (
            adam_with(step=lambda m, s, g, n: m / (1 - 0.9 * n) / (np.sqrt(s / (1 - 0.999 * n)) + 1e-8)),
            "or a root or log of a negative one",
        ),
        "the old mean": (adam_with_the_old_mean, "The step uses the mean from before this gradient"),
        "no power": (
            adam_with(step=lambda m, s, g, n: m / (1 - 0.9) / (np.sqrt(s / (1 - 0.999)) + 1e-8)),
            "The corrections are those of the first step",
        ),
        "power of the difference": (
            adam_with(step=lambda m, s, g, n: m / (1 - 0.9) ** n / (np.sqrt(s / (1 - 0.999) ** n) + 1e-8)),
            "only 0.9 and 0.999 should be",
        ),
        "one minus left out": (
            adam_with(step=lambda m, s, g, n: m / 0.9**n / (np.sqrt(s / 0.999**n) + 1e-8)),
            "here the 1 - is missing",
        ),
        "the square's constant for both": (
            adam_with(step=lambda m, s, g, n: m / (1 - 0.999**n) / (np.sqrt(s / (1 - 0.999**n)) + 1e-8)),
            "Both corrections use the same constant",
        ),
        "square uncorrected": (
            adam_with(step=lambda m, s, g, n: m / (1 - 0.9**n) / (np.sqrt(s) + 1e-8)),
            "The square is not corrected",
        ),
        "sign": (
            adam_with(step=lambda m, s, g, n: -m / (1 - 0.9**n) / (np.sqrt(s / (1 - 0.999**n)) + 1e-8)),
            "The sign is wrong",
        ),
        "no root": (
            adam_with(step=lambda m, s, g, n: m / (1 - 0.9**n) / (s / (1 - 0.999**n) + 1e-8)),
            "The root is missing",
        ),
        "eps inside": (
            adam_with(step=lambda m, s, g, n: m / (1 - 0.9**n) / np.sqrt(s / (1 - 0.999**n) + 1e-8)),
            "1e-8 is inside the root",
        ),
        "no eps": (
            adam_with(step=lambda m, s, g, n: m / (1 - 0.9**n) / np.sqrt(s / (1 - 0.999**n))),
            "1e-8 is missing: add it to the root",
        ),
        "gradient for mean": (
            adam_with(step=lambda m, s, g, n: g / (np.sqrt(s / (1 - 0.999**n)) + 1e-8)),
            "instead of its mean",
        ),
        "count too high": (
            adam_with(step=lambda m, s, g, n: m / (1 - 0.9 ** (n + 1)) / (np.sqrt(s / (1 - 0.999 ** (n + 1))) + 1e-8)),
            "The correction has one step too many",
        ),
        "shares swapped": (adam_with(m1=lambda m, g: 0.1 * m + 0.9 * g), "The two shares are swapped"),
        "old mean whole": (adam_with(m1=lambda m, g: m + 0.1 * g), "The old mean stays whole"),
        "gradient left out": (adam_with(m1=lambda m, g: 0.9 * m), "The gradient is missing"),
        "old mean left out": (adam_with(m1=lambda m, g: 0.1 * g), "The old mean is missing"),
        "one square for all": (
            adam_with(s1=lambda s, g: 0.999 * s + 0.001 * (g**2).sum()),
            "The squares of all gradients are added up",
        ),
        "mean square of all": (
            adam_with(s1=lambda s, g: 0.999 * s + 0.001 * np.mean(g**2)),
            "This takes the mean of the squares over all weights",
        ),
        "old square whole": (adam_with(s1=lambda s, g: s + 0.001 * g**2), "The old square stays whole"),
        "shares of the square swapped": (
            adam_with(s1=lambda s, g: 0.001 * s + 0.999 * g**2),
            "0.999 of the old square",
        ),
        "eps 1e-7": (
            adam_with(step=lambda m, s, g, n: m / (1 - 0.9**n) / (np.sqrt(s / (1 - 0.999**n)) + 1e-7)),
            "the formula has 1e-8",
        ),
        "no square": (adam_with(s1=lambda s, g: 0.999 * s + 0.001 * g), "The gradient is not squared"),
        "Adagrad": (adam_with(s1=lambda s, g: s + g**2), "which is Adagrad"),
        "momentum": (adam_with(m1=lambda m, g: 0.9 * m + g), "The new gradient comes in whole"),
        "corrected kept": (
            adam_with(keep=lambda flat, m, s, n: (flat, m / (1 - 0.9**n), s / (1 - 0.999**n))),
            "This is the corrected one",
        ),
        "mean, square, flat": (adam_in_order(1, 2, 0), "new_flat is the mean: the order is flat, mean, square"),
        "mean, flat, square": (adam_in_order(1, 0, 2), "flat and mean are swapped"),
        "square, flat, mean": (adam_in_order(2, 0, 1), "new_flat is the square: the order is flat, mean, square"),
        "square, mean, flat": (adam_in_order(2, 1, 0), "flat and square are swapped"),
        "flat, square, mean": (adam_in_order(0, 2, 1), "mean and square are swapped"),
        "plain descent": (lambda flat, g, m, s, n, rate: (flat - rate * g, m, s), "plain gradient descent"),
        "in place": (adam_in_place, "writes to what it was given, mean and square"),
        "counts itself": (adam_that_counts_itself, "new_flat is off"),
        "flat only": (lambda *inputs: adam(*inputs)[0], "should return 3 arrays"),
        "nothing done": (lambda flat, g, m, s, n, rate: (flat, m, s), "has not been changed"),
    },
    "check_trainer": {
        "pair by pair": (train_pair_by_pair, "A step is taken after each pair, with a share of its gradient"),
        "targets twice": (
            faulty(PAIRS, "(xs[k], targets[order[k]]) for k in order"),
            "The targets go through the order twice",
        ),
        "sequences twice": (
            faulty(
                "        for start", "        pairs = [(xs[order[k]], targets[k]) for k in order]\n        for start"
            ),
            "The sequences go through the order twice",
        ),
        "targets inverse": (
            faulty(PAIRS, "(xs[k], targets[m]) for k, m in zip(order, np.argsort(order))"),
            "The targets are in the inverse of the order",
        ),
        "sequences inverse": (
            faulty(PAIRS, "(xs[m], targets[k]) for k, m in zip(order, np.argsort(order))"),
            "The sequences are in the inverse of the order",
        ),
        "both inverse": (faulty("in order]", "in np.argsort(order)]"), "The pairs are in the inverse of the order"),
        "one short": (faulty("start + size]", "start + size - 1]"), "Each slice ends one pair too early"),
        "one too long": (faulty("start + size]", "start + size + 1]"), "A slice ends one pair too late"),
        "a large last batch": (train_with_a_large_last_batch, "print for each batch which sequences and targets meet"),
        "as given": (faulty(*AS_GIVEN), "still the numbers that the given trainer produces"),
        "torn": (faulty(*TORN), "One mistake is left. Follow one pair"),
        "dropped": (faulty(*DROPPED), "Not every pair is visited"),
        "by size": (faulty(*BY_SIZE), "One mistake is left, and it shows only where"),
        "torn and by size": (faulty(*TORN, *BY_SIZE), "One mistake is repaired; two are left."),
        "dropped and by size": (faulty(*DROPPED, *BY_SIZE), "Not every pair is visited"),
        "only full batches": (
            faulty(*FULL),
            "A smaller last batch is left out",
        ),
        "even batches": (
            faulty(
                "for start in range(0, len(pairs), size)",
                "for each in np.array_split(order, -(-len(order) // size))",
                "pairs[start : start + size]",
                "[(xs[k], targets[k]) for k in each]",
            ),
            "Here the batches are as even as possible",
        ),
        "targets mixed again": (
            faulty(*MIXED_AGAIN),
            "Each epoch mixes the targets that the previous epoch already mixed",
        ),
        "sequences mixed again": (
            faulty(
                "        pairs",
                "        xs = [xs[k] for k in order]\n        pairs",
                "(xs[k], ",
                "(xs[order.tolist().index(k)], ",
            ),
            "Each epoch mixes the sequences that the previous epoch already mixed",
        ),
        "order of the order": (
            faulty(*TWICE),
            "Each order is applied to the lists from the previous epoch",
        ),
        "not reset": (
            faulty(*KEPT),
            "The gradient is never reset",
        ),
        "no +=": (faulty("gradient += ", "gradient = "), "Only the last pair of each batch counts"),
        "step after the batches": (
            faulty("            flat = flat", "        flat = flat"),
            "only one, with its last batch",
        ),
        "pairs the wrong way around": (
            faulty("(flat, x, target)", "(flat, target, x)"),
            "are swapped in the call of gradient_of",
        ),
        "batches too far apart": (faulty("len(pairs), size)", "len(pairs), size + 1)"), "which weights come out"),
        "sum": (faulty(" / len(batch)", ""), "This uses the sum"),
        "by symbols": (faulty("len(batch)", "sum(len(x) for x, _ in batch)"), "divided by the number of symbols"),
        "by all": (faulty("len(batch)", "len(xs)"), "divided by the total number of pairs"),
        "gradient of the start": (
            faulty(*BEGUN),
            "at the weights as they are now",
        ),
        "gradient of the epoch's start": (
            faulty(*OF_THE_EPOCH),
            "at the weights the epoch began with",
        ),
        "step in the inner loop": (
            faulty("            flat = flat", "                flat = flat"),
            "The step is taken in the inner loop",
        ),
        "same batch": (faulty("[start : start + size]", "[:size]"), "uses its first batch"),
        "one large batch": (changed(size=lambda v: len(v["xs"])), "All pairs are one batch here"),
        "one by one": (changed(size=lambda v: 1), "after each pair"),
        "one epoch": (changed(orders=lambda v: v["orders"][:1]), "is `return` inside the loop"),
        "as they came": (changed(orders=lambda v: np.sort(v["orders"])), "orders is not used"),
        "sign": (changed(rate=lambda v: -v["rate"]), "The sign is wrong"),
        "nothing done": (lambda flat, *rest: flat, "These are the weights that came in"),
        "xs sorted too": (train_that_sorts, "writes to what it was given, xs"),
        "in place": (train_in_place, "writes to what it was given, flat"),
        "losses": (lambda *given: [0.5, 0.4], "should have 12 entries, but has 2"),
    },
    "check_sample": {
        "nearest sum": (
            sample_with(choose=lambda y, n: int(abs(np.cumsum(y) - n).argmin())),
            "are nearest to the numbers",
        ),
        "swapped": (edited(sample, "scores, h, c = step", "scores, c, h = step"), "h and c are swapped"),
        "c not kept": (edited(sample, "scores, h, c = step", "scores, h, _ = step"), "c is not kept"),
        "h not kept": (edited(sample, "scores, h, c = step", "scores, _, c = step"), "h is not kept"),
        "no largest score": (
            edited(sample, "softmax(scores / temperature)", "(e := np.exp(scores / temperature)) / e.sum()"),
            "np.exp of a number that large is inf",
        ),
        "not divided": (
            sample_with(cool=lambda y, t: (y / y.max()) ** (1 / t)),
            "The probabilities don't add up to 1",
        ),
        "first sum below": (
            sample_with(choose=lambda y, u: int(np.argmax(np.cumsum(y) < u))),
            "Every token is 0. Do the probabilities",
        ),
        "most probable first": (
            sample_with(choose=lambda y, u: int(np.argsort(y)[::-1][first_above(np.sort(y)[::-1], u)])),
            "The probabilities have been sorted",
        ),
        "sorted, least first": (
            sample_with(choose=lambda y, u: first_above(np.sort(y), u)),
            "The probabilities have been sorted",
        ),
        "numpy's own choice": (sample_by_choice, "so nothing else may be random"),
        "most probable": (sample_with(choose=lambda y, number: int(y.argmax())), "These are the most probable"),
        "reads the first": (sample_with(feed=False), "reads the first token again"),
        "no state": (sample_with(keep=False), "Every turn starts from a state of zeros"),
        "times": (sample_with(heat=lambda s, t: s * t), "The scores are multiplied"),
        "no temperature": (sample_with(heat=lambda s, t: s), "The temperature has no effect"),
        "probabilities divided": (
            sample_with(choose=lambda y, n: int(np.argmax(np.cumsum(y) > n)), cool=lambda y, t: y / t),
            "The probabilities are divided",
        ),
        "no break": (
            sample_with(choose=lambda y, n: [k for k, total in enumerate(np.cumsum(y)) if total > n][-1]),
            "stop there with break",
        ),
        "powers that don't add up to 1": (
            sample_with(choose=lambda y, n: int(np.argmax(np.cumsum(y) > n)), cool=lambda y, t: y ** (1 / t)),
            "the probabilities no longer add up to 1",
        ),
        "one too low": (
            sample_with(choose=lambda y, n: max(int(np.searchsorted(np.cumsum(y), n, side="right")) - 1, 0)),
            "Each token is one too low",
        ),
        "no running sum": (sample_with(choose=lambda y, n: int(np.argmax(y > n))), "The running sum is missing"),
        "first in front": (sample_with(front=True), "don't return it"),
        "one turn short": (sample_with(until=-1), "should have 6 entries, but has 5"),
        "from the end": (
            sample_with(choose=lambda y, n: len(y) - 1 - int(np.searchsorted(np.cumsum(y[::-1]), n, side="right"))),
            "The running sum starts from the last token",
        ),
        "one minus": (
            sample_with(choose=lambda y, n: int(np.searchsorted(np.cumsum(y), 1 - n, side="right"))),
            "1 - number is used",
        ),
        "equal chances": (sample_with(choose=lambda y, number: int(number * len(y))), "equally probable"),
        "own numbers": (sample_by_own_numbers, "With other numbers it gives the same tokens"),
        "sum equal to the number": (
            sample_with(choose=lambda y, n: int(np.searchsorted(np.cumsum(y), n))),
            "a token of probability 0 was drawn",
        ),
        "no arrays to start from": (
            edited(sample, "np.zeros(params.hidden_size)", "0.0"),
            "Something called there makes a product with @",
        ),
        "probabilities": (
            lambda step, params, first, n, t: softmax(np.ones((len(n), 3))),
            "should be an array of shape",
        ),
    },
}
