"""Answers to exercise 6."""

import itertools

import numpy as np

from lstm_teach import training

# ------------------------------------------------------------------------------------------ check_sgd


def sgd(flat, gradient, rate):
    return flat - rate * gradient


def sgd_by_loop(flat, gradient, rate):
    return [number - rate * slope for number, slope in zip(flat, gradient, strict=True)]


def sgd_on_a_copy(flat, gradient, rate):
    new = flat.copy()
    new += -rate * gradient
    return new


def sgd_in_place(flat, gradient, rate):
    flat -= rate * gradient
    return flat


def sgd_without_return(flat, gradient, rate):
    flat -= rate * gradient


# ------------------------------------------------------------------------------------------ check_clip


def clip(gradient, limit):
    norm = np.linalg.norm(gradient)
    return gradient * (limit / norm) if norm > limit else gradient.copy()


def clip_by_min(gradient, limit):
    return gradient * min(1.0, limit / (np.sqrt((gradient**2).sum()) + 1e-300))


def clip_with_a_little_added(gradient, limit):
    return gradient * min(1.0, limit / (np.linalg.norm(gradient) + 1e-6))


def clip_on_a_copy(gradient, limit):
    new = np.array(gradient)
    training.clip(new, limit)
    return new


def clip_in_place(gradient, limit):
    norm = np.linalg.norm(gradient)
    if norm > limit:
        gradient *= limit / norm
    return gradient


def clip_that_drops(gradient, limit):
    return gradient if np.linalg.norm(gradient) <= limit else 0 * gradient


# ------------------------------------------------------------------------------------------ check_mean


def mean(gradient_of, params, pairs):
    return sum(gradient_of(params, x, targets) for x, targets in pairs) / len(pairs)


def mean_by_numpy(gradient_of, params, pairs):
    return np.mean([gradient_of(params, *pair) for pair in pairs], axis=0)


def mean_as_it_comes(gradient_of, params, pairs):
    running = np.zeros_like(params.flat)
    for count, (x, targets) in enumerate(pairs, 1):
        running += (gradient_of(params, x, targets) - running) / count
    return running


def weighted(weigh):
    """A sum of the gradients, each times weigh(its number, its length, number of pairs, number of symbols)."""

    def mistaken(gradient_of, params, pairs):
        symbols = sum(len(x) for x, _ in pairs)
        return sum(
            gradient_of(params, x, targets) * weigh(k, len(x), len(pairs), symbols)
            for k, (x, targets) in enumerate(pairs)
        )

    return mistaken


def mean_of_one_text(gradient_of, params, pairs):
    """The sequences put end to end."""
    x, targets = (np.concatenate(side) for side in zip(*pairs, strict=True))
    return gradient_of(params, x, targets) / len(pairs)


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


# ------------------------------------------------------------------------------------------ check_train


def learn(params, draw, mean_gradient, adam_step, steps=120, rate=0.05, batch=8, sign=1):
    net = params.copy()
    mean, square = np.zeros((2, net.flat.size))
    for count in range(1, steps + 1):
        gradient = sign * mean_gradient(net, draw(batch))
        flat, mean, square = adam_step(net.flat, gradient, mean, square, count, rate)
        net.flat[:] = flat
    return net


def learn_by_descent(params, draw, mean_gradient, adam_step):
    net = params.copy()
    for _ in range(400):
        net.flat[:] -= 0.5 * clip(mean_gradient(net, draw(4)), 1.0)
    return net


def learn_by_adagrad(params, draw, mean_gradient, adam_step):
    net = params.copy()
    step = training.adagrad(net.flat.size, 0.2)
    for pairs in itertools.islice(iter(lambda: draw(16), None), 120):
        net = type(net)(net.vocab_size, net.hidden_size, net.flat + step(mean_gradient(net, pairs)))
    return net


def learn_one_batch(params, draw, mean_gradient, adam_step):
    """Draws once, before the loop."""
    pairs = draw(1)
    return learn(params, lambda count: pairs, mean_gradient, adam_step)


def learn_one_batch_of(count, steps=120):
    def learn_it(params, draw, mean_gradient, adam_step):
        pairs = draw(count)
        return learn(params, lambda count: pairs, mean_gradient, adam_step, steps)

    return learn_it


def learn_with_a_count_of_1(params, draw, mean_gradient, adam_step):
    def first(flat, gradient, mean, square, count, rate):
        return adam_step(flat, gradient, mean, square, 1, rate)

    return learn(params, draw, mean_gradient, first, rate=0.02)


def learn_without_means(params, draw, mean_gradient, adam_step):
    def forgetful(flat, gradient, mean, square, count, rate):
        return adam_step(flat, gradient, 0 * mean, 0 * square, count, rate)

    return learn(params, draw, mean_gradient, forgetful, rate=0.02)


def learn_by_signs(params, draw, mean_gradient, adam_step):
    def forgetful(flat, gradient, mean, square, count, rate):
        return adam_step(flat, gradient, 0 * mean, 0 * square, 1, rate)

    return learn(params, draw, mean_gradient, forgetful, rate=0.02)


def learn_with_two_rates(params, draw, mean_gradient, adam_step):
    """Trains twice and keeps the second net."""
    learn(params, draw, mean_gradient, adam_step, steps=20, rate=0.01)
    return learn(params, draw, mean_gradient, adam_step)


def learn_from_zeros(params, draw, mean_gradient, adam_step):
    return learn(type(params).zeros(params.vocab_size, params.hidden_size), draw, mean_gradient, adam_step)


def learn_without_keeping(params, draw, mean_gradient, adam_step):
    flat = params.flat
    mean, square = np.zeros((2, flat.size))
    for count in range(1, 61):
        flat, mean, square = adam_step(params.flat, mean_gradient(params, draw(8)), mean, square, count, 0.05)
    return params.copy()


def learn_from_the_start_each_time(params, draw, mean_gradient, adam_step):
    """Computes every gradient at the net that came in."""
    net = params.copy()
    mean, square = np.zeros((2, net.flat.size))
    for count in range(1, 121):
        flat, mean, square = adam_step(net.flat, mean_gradient(params, draw(8)), mean, square, count, 0.05)
        net.flat[:] = flat
    return net


def learn_count_from_zero(params, draw, mean_gradient, adam_step):
    net = params.copy()
    mean, square = np.zeros((2, net.flat.size))
    for count in range(60):
        net.flat[:], mean, square = adam_step(net.flat, mean_gradient(net, draw(8)), mean, square, count, 0.05)
    return net


def learn_in_place(params, draw, mean_gradient, adam_step):
    mean, square = np.zeros((2, params.flat.size))
    for count in range(1, 121):
        params.flat[:], mean, square = adam_step(params.flat, mean_gradient(params, draw(8)), mean, square, count, 0.05)
    return params


def learn_once_and_remember(params, draw, mean_gradient, adam_step):
    """Hands out the first net that it has trained, whatever comes."""
    if not hasattr(learn_once_and_remember, "net"):
        learn_once_and_remember.net = learn(params, draw, mean_gradient, adam_step)
    return learn_once_and_remember.net


def learn_for_ever(params, draw, mean_gradient, adam_step):
    while True:
        mean_gradient(params, draw(1))


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
        weights = [np.exp(score / temperature) for score in scores]
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


def sample_with(choose=None, heat=lambda s, t: s / t, feed=True, keep=True, front=False, until=None):
    """Sampling with one of its lines replaced; choose(y, number)."""

    def mistaken(step, params, first, numbers, temperature):
        h = c = np.zeros(params.hidden_size)
        token, drawn = first, [first] if front else []
        for number in numbers[:until]:
            scores, *state = step(params, token, h, c)
            h, c = state if keep else (h, c)
            y = softmax(heat(scores, temperature))
            new = choose(y, number) if choose else int(np.searchsorted(np.cumsum(y), number, side="right"))
            token = new if feed else token
            drawn.append(new)
        return drawn

    return mistaken


def sample_by_own_numbers(step, params, first, numbers, temperature):
    random = np.random.default_rng(0)
    return sample_with(choose=lambda y, number: int(random.choice(len(y), p=y)))(
        step, params, first, numbers, temperature
    )


def sample_warm_powers(step, params, first, numbers, temperature):
    """Divides the probabilities by the temperature and makes them add up to 1 again."""
    return sample_with(heat=lambda s, t: np.log(softmax(s) / t))(step, params, first, numbers, temperature)


RIGHT = {
    "check_sgd": {"vector": sgd, "loop": sgd_by_loop, "copy": sgd_on_a_copy},
    "check_clip": {"if": clip, "minimum": clip_by_min, "as PyTorch does": clip_with_a_little_added},
    "check_mean": {"sum": mean, "numpy": mean_by_numpy, "running": mean_as_it_comes},
    "check_adam": {"formula": adam, "moved towards": adam_by_lerp, "loop": adam_by_loop},
    "check_train": {
        "Adam": learn,
        "descent with clipping": learn_by_descent,
        "Adagrad": learn_by_adagrad,
        "twice": learn_with_two_rates,
    },
    "check_sample": {"searchsorted": sample, "loop": sample_by_loop},
}

WRONG = {
    "check_sgd": {
        "sign": (lambda flat, gradient, rate: flat + rate * gradient, "The sign is wrong"),
        "no rate": (lambda flat, gradient, rate: flat - gradient, "The rate is missing"),
        "step only": (lambda flat, gradient, rate: -rate * gradient, "still has to be added to flat"),
        "rate times gradient": (lambda flat, gradient, rate: rate * gradient, "flat comes first"),
        "divided": (lambda flat, gradient, rate: flat - gradient / rate, "The rate divides here"),
        "normed": (lambda flat, g, rate: flat - rate * g / np.linalg.norm(g), "as long as the rate"),
        "signs": (lambda flat, gradient, rate: flat - rate * np.sign(gradient), "Only the signs"),
        "nothing done": (lambda flat, gradient, rate: flat, "Nothing has changed"),
        "decay": (lambda flat, gradient, rate: (1 - rate) * flat - rate * gradient, "flat itself has been scaled"),
        "in place": (sgd_in_place, "writes to what it was given, flat"),
        "no return": (sgd_without_return, "is a return missing"),
        "dot": (lambda flat, gradient, rate: flat @ (rate * gradient), "a single number"),
        "single precision": (lambda f, g, rate: (f - rate * g).astype(np.float32), "compute in float64"),
    },
    "check_clip": {
        "the library": (clip_on_a_copy, "calls training.clip"),
        "always, a little added": (lambda g, limit: g * limit / (np.linalg.norm(g) + 1e-6), "has been made longer"),
        "nothing done": (lambda gradient, limit: gradient, "Nothing has been made shorter"),
        "each number": (lambda gradient, limit: np.clip(gradient, -limit, limit), "turns the direction"),
        "always": (lambda gradient, limit: gradient * limit / np.linalg.norm(gradient), "has been made longer"),
        "norm one": (lambda gradient, limit: gradient / np.linalg.norm(gradient), "This has the norm 1"),
        "squared": (lambda g, limit: g * min(1.0, limit / (g @ g + 1e-300)), "the root is missing"),
        "largest": (lambda g, limit: g * min(1.0, limit / (abs(g).max() + 1e-300)), "The largest number"),
        "absolute": (lambda g, limit: g * min(1.0, limit / (abs(g).sum() + 1e-300)), "The sum of the absolute values"),
        "by the limit": (lambda gradient, limit: gradient / limit, "divided by the limit"),
        "dropped": (clip_that_drops, "yours has 0"),
        "in place": (clip_in_place, "writes to what it was given, gradient"),
        "the norm": (lambda gradient, limit: min(np.linalg.norm(gradient), limit), "a single number"),
        "no return": (lambda gradient, limit: None, "is a return missing"),
        "zeros": (lambda gradient, limit: 0 * gradient, "says nothing as long as"),
        "only the far too long": (lambda g, limit: clip(g, limit) if abs(g).max() > limit else g, "many small numbers"),
    },
    "check_mean": {
        "sum": (weighted(lambda k, T, count, symbols: 1), "This is the sum"),
        "by symbols": (weighted(lambda k, T, count, symbols: 1 / symbols), "divided by the number of symbols"),
        "by length": (weighted(lambda k, T, count, symbols: 1 / T / count), "divided by the length of its sequence"),
        "last": (weighted(lambda k, T, count, symbols: k == count - 1), "the last sequence alone"),
        "first": (weighted(lambda k, T, count, symbols: k == 0), "the first sequence alone"),
        "last missing": (
            weighted(lambda k, T, count, symbols: (k < count - 1) / count),
            "The last sequence is missing",
        ),
        "first missing": (weighted(lambda k, T, count, symbols: (k > 0) / count), "The first sequence is missing"),
        "return in the loop": (lambda of, params, pairs: of(params, *pairs[0]) / len(pairs), "the mean is off"),
        "twice": (weighted(lambda k, T, count, symbols: 1 / count**2), "twice"),
        "one text": (mean_of_one_text, "the mean is off"),
        "a list": (lambda of, params, pairs: [of(params, *pair) for pair in pairs], "should be an array of shape"),
        "a number": (lambda of, params, pairs: np.mean([of(params, *pair) for pair in pairs]), "a single number"),
        "pairs emptied": (lambda of, params, pairs: of(params, *pairs.pop()) / 2, "writes to what it was given, pairs"),
        "zeros": (lambda of, params, pairs: 0 * params.flat, "the mean is off"),
    },
    "check_adam": {
        "eps before the correction": (
            adam_with_eps_before_the_correction,
            "eps is added before the square is corrected",
        ),
        "no correction": (adam_with(step=lambda m, s, g, n: m / (np.sqrt(s) + 1e-8)), "Neither mean is corrected"),
        "mean uncorrected": (
            adam_with(step=lambda m, s, g, n: m / (np.sqrt(s / (1 - 0.999**n)) + 1e-8)),
            "The mean is not corrected",
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
            "eps stands inside the root",
        ),
        "no eps": (
            adam_with(step=lambda m, s, g, n: m / (1 - 0.9**n) / np.sqrt(s / (1 - 0.999**n))),
            "look for a division by 0",
        ),
        "gradient for mean": (
            adam_with(step=lambda m, s, g, n: g / (np.sqrt(s / (1 - 0.999**n)) + 1e-8)),
            "instead of its mean",
        ),
        "count too high": (
            adam_with(step=lambda m, s, g, n: m / (1 - 0.9 ** (n + 1)) / (np.sqrt(s / (1 - 0.999 ** (n + 1))) + 1e-8)),
            "The correction has one step too few",
        ),
        "shares swapped": (adam_with(m1=lambda m, g: 0.1 * m + 0.9 * g), "The two shares have changed places"),
        "no square": (adam_with(s1=lambda s, g: 0.999 * s + 0.001 * g), "The gradient is not squared"),
        "Adagrad": (adam_with(s1=lambda s, g: s + g**2), "which is Adagrad"),
        "momentum": (adam_with(m1=lambda m, g: 0.9 * m + g), "The new gradient comes in whole"),
        "corrected kept": (
            adam_with(keep=lambda flat, m, s, n: (flat, m / (1 - 0.9**n), s / (1 - 0.999**n))),
            "This is the corrected one",
        ),
        "plain descent": (lambda flat, g, m, s, n, rate: (flat - rate * g, m, s), "plain gradient descent"),
        "in place": (adam_in_place, "writes to what it was given, mean and square"),
        "counts itself": (adam_that_counts_itself, "flat at step 7"),
        "flat only": (lambda *inputs: adam(*inputs)[0], "should return 3 arrays"),
        "nothing done": (lambda flat, g, m, s, n, rate: (flat, m, s), "has not been changed"),
    },
    "check_train": {
        "one batch of eight": (learn_one_batch_of(8), "draw new ones at every step"),
        "one batch of eight, long": (learn_one_batch_of(12, steps=200), "draw new ones at every step"),
        "count always 1": (learn_with_a_count_of_1, "At call 2 of adam_step the count was 1"),
        "means thrown away": (learn_without_means, "have to be handed to its next call"),
        "means and count thrown away": (learn_by_signs, "have to be handed to its next call"),
        "the library": (lambda params, *_: training.train(params, None, 1), "calls training.train"),
        "sign": (lambda *inputs: learn(*inputs, steps=40, sign=-1), "It has grown"),
        "too few steps": (lambda *inputs: learn(*inputs, steps=10), "It falls, but not far"),
        "too slow": (lambda *inputs: learn(*inputs, rate=1e-4), "It falls, but not far"),
        "too fast": (lambda *inputs: learn(*inputs, rate=30.0, steps=60), "It has grown"),
        "one batch": (learn_one_batch, "training has not seen"),
        "from zeros": (learn_from_zeros, "the loss per symbol is"),
        "not kept": (learn_without_keeping, "is the one that came in"),
        "gradient of the start": (learn_from_the_start_each_time, "the loss per symbol is"),
        "count from 0": (learn_count_from_zero, "is the count 0 at first"),
        "in place": (learn_in_place, "writes to what it was given, params"),
        "remembers": (learn_once_and_remember, "with other symbols too"),
        "another size": (lambda params, *_: type(params).zeros(8, 3), "has other sizes"),
        "a vector": (lambda params, *_: params.flat, "should return the trained net"),
        "nothing done": (lambda params, *_: params.copy(), "is the one that came in"),
    },
    "check_sample": {
        "numpy's own choice": (sample_by_choice, "nothing random is left to do"),
        "most probable": (sample_with(choose=lambda y, number: int(y.argmax())), "These are the most probable"),
        "reads the first": (sample_with(feed=False), "reads the first token again"),
        "no state": (sample_with(keep=False), "Every turn starts from a state of zeros"),
        "times": (sample_with(heat=lambda s, t: s * t), "The scores are multiplied"),
        "no temperature": (sample_with(heat=lambda s, t: s), "The temperature has no effect"),
        "divided too late": (sample_warm_powers, "The temperature has no effect"),
        "one too low": (
            sample_with(choose=lambda y, n: max(int(np.searchsorted(np.cumsum(y), n, side="right")) - 1, 0)),
            "the list of tokens is off",
        ),
        "first in front": (sample_with(front=True), "the first one is not to be returned"),
        "one turn short": (sample_with(until=-1), "should be an array of shape"),
        "from the end": (
            sample_with(choose=lambda y, n: len(y) - 1 - int(np.searchsorted(np.cumsum(y[::-1]), n, side="right"))),
            "The sums run from the last token",
        ),
        "equal chances": (sample_with(choose=lambda y, number: int(number * len(y))), "equally probable"),
        "own numbers": (sample_by_own_numbers, "the list of tokens is off"),
        "probabilities": (
            lambda step, params, first, n, t: softmax(np.ones((len(n), 3))),
            "should be an array of shape",
        ),
        "a text": (lambda *inputs: "".join(map(str, sample(*inputs))), "real numbers"),
    },
}
