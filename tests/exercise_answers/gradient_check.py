"""Answers to exercise 2."""

from functools import partial

import numpy as np
from sound import check_gradients

import lstm_teach as lt

# ------------------------------------------------------------------------------------------ check_numerical_gradient


def gradient(loss_fn, params, step):
    grads = lt.Params.zeros(params.vocab_size, params.hidden_size)
    net = params.copy()
    for name in net:
        for index in np.ndindex(net[name].shape):
            kept = net[name][index]
            net[name][index] = kept + step
            ahead = loss_fn(net)
            net[name][index] = kept - step
            behind = loss_fn(net)
            net[name][index] = kept
            grads[name][index] = (ahead - behind) / (2 * step)
    return grads


def gradient_of_copies(loss_fn, params, step):
    """A mapping, and a new net for each loss."""

    def nudged(k, by):
        net = params.copy()
        net.flat[k] += by
        return loss_fn(net)

    flat = [(nudged(k, step) - nudged(k, -step)) / step / 2 for k in range(params.flat.size)]
    return dict(lt.Params(params.vocab_size, params.hidden_size, np.array(flat)).items())


def gradient_in_place_as_a_list(loss_fn, params, step):
    """Works on the net that it was given, and leaves it as it was."""
    found = []
    for matrix in params.values():
        grad = np.empty_like(matrix)
        for row in range(matrix.shape[0]):
            for column in range(matrix.shape[1]):
                kept, losses = matrix[row, column], []
                for sign in (1, -1):
                    matrix[row, column] = kept + sign * step
                    losses.append(loss_fn(params))
                matrix[row, column] = kept
                grad[row, column] = (losses[0] - losses[1]) / (2 * step)
        found.append(grad)
    return found


def gradient_with(formula, names=lt.Params.NAMES):
    """Differences by another formula of (loss ahead, here, behind, step), for some matrices only."""

    def mistaken(loss_fn, params, step):
        grads, here = lt.Params.zeros(params.vocab_size, params.hidden_size), loss_fn(params)
        for name in names:
            for index in np.ndindex(params[name].shape):
                ahead, behind = params.copy(), params.copy()
                ahead[name][index] += step
                behind[name][index] -= step
                grads[name][index] = formula(loss_fn(ahead), here, loss_fn(behind), step)
        return grads

    return mistaken


def gradient_not_put_back(loss_fn, params, step):
    grads, net = lt.Params.zeros(params.vocab_size, params.hidden_size), params.copy()
    for k in range(net.flat.size):
        net.flat[k] += step
        ahead = loss_fn(net)
        net.flat[k] -= 2 * step
        grads.flat[k] = (ahead - loss_fn(net)) / (2 * step)
    return grads


def gradient_step_subtracted_again(loss_fn, params, step):
    grads = lt.Params.zeros(params.vocab_size, params.hidden_size)
    for k in range(params.flat.size):
        params.flat[k] += step
        ahead = loss_fn(params)
        params.flat[k] -= 2 * step
        grads.flat[k] = (ahead - loss_fn(params)) / (2 * step)
        params.flat[k] += step
    return grads


def gradient_of_fourth_order(loss_fn, params, step):
    near, far = gradient(loss_fn, params, step), gradient(loss_fn, params, 2 * step)
    return lt.Params(params.vocab_size, params.hidden_size, (4 * near.flat - far.flat) / 3)


def gradient_by_another_name(loss_fn, params, step):
    from lstm_teach import numerical_gradient as numbers

    return numbers(loss_fn, params, step)


def helper(loss_fn, params, step):
    return lt.numerical_gradient(loss_fn, params, step)


def gradient_of_square_matrices(loss_fn, params, step):
    grads, right = lt.Params.zeros(params.vocab_size, params.hidden_size), gradient(loss_fn, params, step)
    for name in grads:
        for row in range(params.hidden_size):
            for column in range(params.hidden_size):
                grads[name][row, column] = right[name][row, column]
    return grads


def gradient_of_a_row(loss_fn, params, step):
    """Nudges a whole row at a time."""
    grads, net = lt.Params.zeros(params.vocab_size, params.hidden_size), params.copy()
    for name in net:
        for row in range(len(net[name])):
            kept = net[name][row].copy()
            net[name][row] = kept + step
            ahead = loss_fn(net)
            net[name][row] = kept - step
            grads[name][row] = (ahead - loss_fn(net)) / (2 * step)
            net[name][row] = kept
    return grads


# ------------------------------------------------------------------------------------------ check_relative_error

norm = np.linalg.norm


def error(a, b):
    size = max(norm(a), norm(b))
    return norm(a - b) / size if size else 0.0


def error_from_sums(a, b):
    off, in_a, in_b = ((m.ravel() @ m.ravel()) ** 0.5 for m in (a - b, a, b))
    if off == 0:
        return 0
    return off / (in_a if in_a > in_b else in_b)


def error_by_scaling(a, b):
    largest = max(abs(a).max(), abs(b).max())
    if not largest:
        return np.float64(0)
    a, b = np.asarray(a).flatten() / largest, np.asarray(b).flatten() / largest
    return np.sqrt(sum((p - q) ** 2 for p, q in zip(a, b, strict=True))) / np.maximum(norm(a), norm(b))


def either(formula, zero=0.0):
    """A formula, with the case of two zeros taken care of."""
    return lambda a, b: formula(a, b) if a.any() or b.any() else zero


def relative_error_in_place(a, b):
    size = max(norm(a), norm(b))
    a -= b
    return norm(a) / size if size else 0.0


# ------------------------------------------------------------------------------------------ check_accepts

X, TARGETS = [0, 1, 2, 0, 3, 1, 4], [1, 2, 0, 3, 1, 4, 0]
STATE = np.full(4, 0.5), np.full(4, -0.7)


def one_error(grads, numbers):
    return lt.relative_error(grads.flat, numbers.flat)


def checking(x=X, targets=TARGETS, h0=STATE[0], c0=STATE[1], scale=0.8, bound=1e-7, step=1e-5, of=None):
    """A check with some of its choices changed; `of(grads, numbers)` is its error."""

    def worst(grads, numbers):
        return max(lt.relative_error(grads[name], numbers[name]) for name in numbers)

    def accepts(backward):
        params = lt.Params.random(5, 4, seed=3, scale=scale)
        numbers = lt.numerical_gradient(lambda net: lt.loss(net, x, targets, h0, c0), params, step, batched=True)
        return (of or worst)(backward(params, x, targets, h0, c0), numbers) <= bound

    return accepts


def accepts_on_three_nets(backward):
    for seed in range(3):
        random = np.random.default_rng(seed)
        params = lt.Params.random(3, 5, seed=seed)
        x, targets = random.integers(0, 3, (2, 9))
        given = x, targets, *random.normal(size=(2, 5))
        right = lt.complex_step_gradient(lambda net, given=given: lt.loss(net, *given), params, batched=True)
        got = backward(params, *given)
        for name in right:
            if not np.allclose(got[name], right[name], rtol=1e-9, atol=1e-11):
                return False
    return True


def accepts_by_the_exact_gradient(backward):
    right, got = (gradient(PARAMS, X, TARGETS, *STATE) for gradient in (lt.exact_gradient, backward))
    return max(lt.relative_error(got[name], right[name]) for name in right) < 1e-7


PARAMS = lt.Params.random(5, 4, seed=3)
EXACT = lt.exact_gradient(PARAMS, X, TARGETS)


def accepts_by_allclose(backward):
    numbers = lt.numerical_gradient(lambda net: lt.loss(net, X, TARGETS, *STATE), PARAMS)
    grads = backward(PARAMS, X, TARGETS, *STATE)
    return all(np.allclose(grads[name], numbers[name], rtol=1e-7, atol=1e-9) for name in numbers)


def accepts_by_directions(backward, bound=2e-9):
    """Slopes along random directions of length 1 in place of a numerical gradient."""
    random, params = np.random.default_rng(0), lt.Params.random(5, 4, seed=3)
    grads = backward(params, X, TARGETS, *STATE)
    for _ in range(40):
        ahead, behind, along = params.copy(), params.copy(), random.normal(size=params.flat.size)
        along /= norm(along)
        ahead.flat[:] += 1e-5 * along
        behind.flat[:] -= 1e-5 * along
        slope = (lt.loss(ahead, X, TARGETS, *STATE) - lt.loss(behind, X, TARGETS, *STATE)) / 2e-5
        if abs(slope - grads.flat @ along) > bound:
            return False
    return True


def accepts_what_the_loss_likes(backward):
    """Takes a falling loss for a right gradient."""
    params = lt.Params.random(5, 4, seed=3)
    before = lt.loss(params, X, TARGETS, *STATE)
    params.flat[:] -= 0.01 * backward(params.copy(), X, TARGETS, *STATE).flat
    return bool(lt.loss(params, X, TARGETS, *STATE) < before)


# ------------------------------------------------------------------------------------------ check_blind_spot


def hiding(**changed):
    """A `blind_spot` that changes, for the named fault, what stands there: hiding(f={"x": [0], ...})."""

    def blind_spot(fault):
        net = {
            "params": lt.Params.random(4, 3, seed=0),
            "x": [0, 1, 0],
            "targets": [1, 2, 3],
            "h0": np.array([0.5, -0.4, 0.6]),
            "c0": np.array([0.8, 0.5, -0.9]),
        }
        return tuple((net | changed.get(fault.split()[1], {})).values())

    return blind_spot


HIDDEN = {
    "f": {"x": [0], "targets": [1]},
    "c0": {"c0": np.zeros(3)},
    "h0": {"h0": np.zeros(3)},
    "token": {"x": [0, 1, 2]},
}


def batches(changed):
    net = lt.Params(4, 3, np.tile(lt.Params.random(4, 3).flat, (2, 1)))
    return {fault: {"params": net} | parts for fault, parts in changed.items()}


def hiding_otherwise(fault):
    random = np.random.default_rng(5)
    params = lt.Params.random(8, 6, seed=5, scale=0.5)
    x, targets = np.array([3, 1, 3, 3, 0]), random.integers(0, 8, 5)
    h0, c0 = random.normal(size=(2, 6))
    if fault.endswith(" f"):
        x, targets = x[:1], targets[:1]
    if fault.endswith("token"):
        x = np.array([4, 1, 7, 2, 0])
    return [params, x, targets, None if fault.endswith("h0") else h0, None if fault.endswith("c0") else c0]


# ------------------------------------------------------------------------------------------ check_slope_along


def slope(loss_fn, params, direction, step):
    ahead, behind = params.copy(), params.copy()
    ahead.flat[:] += step * direction
    behind.flat[:] -= step * direction
    return (loss_fn(ahead) - loss_fn(behind)) / (2 * step)


def slope_by_one_function(loss_fn, params, direction, step):
    def at(shift):
        return loss_fn(lt.Params(params.vocab_size, params.hidden_size, params.flat + shift * direction))

    return np.float64(at(step) - at(-step)) / step / 2


def slope_in_place(loss_fn, params, direction, step):
    """Moves the net itself and puts it back."""
    kept = params.flat.copy()
    params.flat[:] = kept + step * direction
    ahead = loss_fn(params)
    params.flat[:] = kept - step * direction
    behind = loss_fn(params)
    params.flat[:] = kept
    return (ahead - behind) / (2 * step)


def slope_with(formula):
    def mistaken(loss_fn, params, direction, step):
        def at(shift):
            return loss_fn(lt.Params(params.vocab_size, params.hidden_size, params.flat + shift))

        return formula(at, direction, step)

    return mistaken


def slope_without_a_copy(loss_fn, params, direction, step):
    old = params.flat
    params.flat[:] = old + step * direction
    ahead = loss_fn(params)
    params.flat[:] = old - step * direction
    behind = loss_fn(params)
    params.flat[:] = old
    return (ahead - behind) / (2 * step)


def slope_not_put_back(loss_fn, params, direction, step):
    params.flat[:] += step * direction
    ahead = loss_fn(params)
    params.flat[:] -= 2 * step * direction
    return (ahead - loss_fn(params)) / (2 * step)


RIGHT = {
    "check_numerical_gradient": {
        "plain": gradient,
        "copies": gradient_of_copies,
        "in place": gradient_in_place_as_a_list,
        "formula": gradient_with(lambda ahead, here, behind, step: (ahead - behind) / (2 * step)),
        "names with a d": lambda *given: {f"d{name}": grad for name, grad in gradient(*given).items()},
    },
    "check_relative_error": {
        "plain": error,
        "sums": error_from_sums,
        "scaled": error_by_scaling,
        "hypot": lambda a, b: (
            np.hypot.reduce((a - b).ravel()) / max(np.hypot.reduce(a.ravel()), np.hypot.reduce(b.ravel()), 1e-300)
        ),
    },
    "check_accepts": {
        "plain": checking(),
        "three nets": accepts_on_three_nets,
        "directions": accepts_by_directions,
        "nine in one, far more strictly": checking(of=one_error, bound=1e-8),
        "allclose": accepts_by_allclose,
        "the exact gradient": accepts_by_the_exact_gradient,
    },
    "check_blind_spot": {
        "plain": hiding(**HIDDEN),
        "another net": hiding_otherwise,
        "no state given": hiding(**HIDDEN | {"c0": {"c0": None}, "h0": {"h0": None}}),
        "tuples": lambda fault: [*hiding(**HIDDEN)(fault)[:1], *map(tuple, hiding(**HIDDEN)(fault)[1:])],
        "four different tokens": hiding(**HIDDEN | {"token": {"x": [3, 1, 2, 0], "targets": [0, 0, 1, 1]}}),
    },
    "check_slope_along": {
        "plain": slope,
        "one function": slope_by_one_function,
        "in place": slope_in_place,
        "a list of two": lambda f, p, d, h: (
            np.diff([f(lt.Params(p.vocab_size, p.hidden_size, p.flat + by * d)) for by in (-h, h)])[0] / (2 * h)
        ),
    },
}

WRONG = {
    "check_numerical_gradient": {
        "forward": (gradient_with(lambda a, h, b, s: (a - h) / s), "These are forward differences"),
        "backward": (gradient_with(lambda a, h, b, s: (h - b) / s), "backward differences"),
        "by one step": (gradient_with(lambda a, h, b, s: (a - b) / s), "twice as large"),
        "by four steps": (gradient_with(lambda a, h, b, s: (a - b) / 4 / s), "half as large"),
        "sign": (gradient_with(lambda a, h, b, s: (b - a) / 2 / s), "The sign is wrong"),
        "no parentheses": (gradient_with(lambda a, h, b, s: (a - b) / 2 * s), "parentheses around"),
        "fourth order": (gradient_of_fourth_order, "V is off"),
        "transposed": (
            lambda f, p, step: {n: m.T if n[0] == "W" else m for n, m in gradient(f, p, step).items()},
            "This is the transpose",
        ),
        "V forgotten": (
            gradient_with(lambda a, h, b, s: (a - b) / 2 / s, lt.Params.NAMES[1:]),
            "Every number is 0: nothing was written here",
        ),
        "not put back": (gradient_not_put_back, "Nudge one number, put it back, then take the next"),
        "step subtracted again": (gradient_step_subtracted_again, "leaves params changed in the last digits"),
        "H by H": (gradient_of_square_matrices, "IndexError"),
        "a row at a time": (gradient_of_a_row, "weights were nudged at once"),
        "its own tiny step": (
            lambda loss_fn, params, step: gradient(loss_fn, params, 1e-5),
            "These are nearly the slopes themselves",
        ),
        "the library": (
            lambda f, params, step: lt.numerical_gradient(f, params, step),
            "you write the lines yourself",
        ),
        "the library by another name": (
            gradient_by_another_name,
            "calls lt.numerical_gradient from the library",
        ),
        "a vector": (lambda f, params, step: gradient(f, params, step).flat, "should return 9 arrays"),
        "names missing": (
            lambda f, params, step: {"V": gradient(f, params, step).V},
            "The answer has no Wi",
        ),
        "zeros": (
            lambda f, params, step: lt.Params.zeros(params.vocab_size, params.hidden_size),
            "Is your nudge in the net that loss_fn gets?",
        ),
    },
    "check_relative_error": {
        "0/0": (lambda a, b: norm(a - b) / np.maximum(norm(a), norm(b)), "is nan"),
        "0 below 1e-12": (lambda a, b: error(a, b) if norm(a) > 1e-12 else 0.0, "Here both matrices are tiny"),
        "absolute": (lambda a, b: norm(a - b), "the size of the difference alone"),
        "sizes of the numbers": (lambda a, b: error(abs(a), abs(b)), "the error is off"),
        "larger numbers": (lambda a, b: norm(a - b) / (norm(np.maximum(abs(a), abs(b))) or 1), "the error is off"),
        "by a, 0 for zeros": (lambda a, b: norm(a - b) / norm(a) if a.any() else 0.0, "returns 0 where a is zero"),
        "some zeros": (lambda a, b: 0.0 if a.all() == b.all() == 0 else error(a, b), "Here both have some zeros"),
        "a changed": (relative_error_in_place, "writes to what it was given, a"),
        "by a": (either(lambda a, b: norm(a - b) / norm(a) if a.any() else 1.0), "by the size of a"),
        "by b": (either(lambda a, b: norm(a - b) / norm(b) if b.any() else 1.0), "by the size of b"),
        "by the sum": (either(lambda a, b: norm(a - b) / (norm(a) + norm(b))), "by both sizes together"),
        "by the smaller": (
            either(lambda a, b: norm(a - b) / min(norm(a), norm(b)) if a.any() and b.any() else 1.0),
            "the smaller of the two sizes",
        ),
        "squares": (either(lambda a, b: error(a, b) ** 2), "a root is missing"),
        "largest numbers": (
            either(lambda a, b: abs(a - b).max() / max(abs(a).max(), abs(b).max())),
            "compares the largest numbers",
        ),
        "worst number": (
            either(lambda a, b: (abs(a - b) / np.maximum(abs(a), abs(b))).max()),
            "worst single number",
        ),
        "mean": (either(lambda a, b: (abs(a - b) / np.maximum(abs(a), abs(b))).mean()), "mean of the single numbers"),
        "absolute values": (
            either(lambda a, b: abs(a - b).sum() / max(abs(a).sum(), abs(b).sum())),
            "sums of absolute values",
        ),
        "sizes": (either(lambda a, b: abs(norm(a) - norm(b)) / max(norm(a), norm(b))), "compares the two sizes; two"),
        "sizes, signed": (either(lambda a, b: (norm(a) - norm(b)) / max(norm(a), norm(b))), "of the two sizes; two"),
        "sizes by their sum": (
            either(lambda a, b: abs(norm(a) - norm(b)) / (norm(a) + norm(b))),
            "compares the two sizes, and divides by their sum",
        ),
        "sizes alone": (lambda a, b: abs(norm(a) - norm(b)), "the difference of the two sizes alone"),
        "sizes alone, signed": (lambda a, b: norm(a) - norm(b), "alone, and it can be negative"),
        "by the mean size": (either(lambda a, b: 2 * norm(a - b) / (norm(a) + norm(b))), "the mean of the two sizes"),
        "by the size of the sum": (
            lambda a, b: norm(a - b) / norm(a + b) if norm(a + b) else 0.0,
            "where a and b nearly cancel",
        ),
        "by the smaller, 0 for zeros": (
            lambda a, b: norm(a - b) / min(norm(a), norm(b)) if a.any() and b.any() else 0.0,
            "returns 0 where one is zero",
        ),
        "a little added": (
            lambda a, b: norm(a - b) / (max(norm(a), norm(b)) + 1e-8),
            "is larger than the norm of a tiny matrix",
        ),
        "a smallest size": (lambda a, b: norm(a - b) / max(norm(a), norm(b), 1e-8), "The smallest size allowed here"),
        "the spectral norm": (
            either(lambda a, b: norm(a - b, 2) / max(norm(a, 2), norm(b, 2))),
            "leave out the second argument",
        ),
        "a zero is excused": (lambda a, b: error(a, b) if a.any() and b.any() else 0.0, "a is zero and b is not"),
        "two zeros differ": (either(error, zero=1.0), "both matrices are zero"),
        "zero where one number is zero in both": (
            lambda a, b: 0.0 if ((a == 0) & (b == 0)).any() else norm(a - b) / max(norm(a), norm(b)),
            "Here both have a zero in the same place",
        ),
        "zero where the sums are": (
            lambda a, b: 0.0 if abs(a.sum()) + abs(b.sum()) < 1e-12 else norm(a - b) / max(norm(a), norm(b)),
            "Here both have a zero in the same place",
        ),
        "the sum": (either(lambda a, b: norm(a + b) / max(norm(a), norm(b))), "The matrices are added"),
        "each number": (lambda a, b: abs(a - b) / max(norm(a), norm(b), 1e-300), "should be a single number"),
        "allclose": (lambda a, b: float(not np.allclose(a, b)), "the error is off"),
        "the library": (lambda a, b: lt.relative_error(a, b), "calls lt.relative_error"),
    },
    "check_accepts": {
        "always yes": (lambda backward: True, "so its True says nothing"),
        "always no": (lambda backward: False, "rejects a right backward pass"),
        "one step": (checking(x=X[:1], targets=TARGETS[:1]), "One step alone can't show this"),
        "zero cell": (checking(c0=np.zeros(4)), "A zero c0 can hide this"),
        "zero hidden state": (checking(h0=np.zeros(4)), "A zero h0 can hide this"),
        "three steps": (checking(x=[0, 1, 0], targets=[1, 2, 0]), "Only a longer sequence can show this"),
        "no token twice": (checking(x=[0, 1, 2, 3, 4], targets=[1, 2, 0, 3, 1]), "a token that appears again"),
        "lenient": (checking(bound=1e-2), "A bound that is too lenient can hide this"),
        "one that does not round": (
            lambda backward: one_error(backward(PARAMS, X, TARGETS), EXACT) < 1e-13,
            "rounded to eleven digits",
        ),
        "tiny weights, lenient": (checking(scale=0.01, bound=1e-2), "It accepts a pass with this fault"),
        "tiny weights, lenient, all as one": (
            checking(scale=0.01, bound=1e-2, of=one_error),
            "or tiny weights can hide this",
        ),
        "large step": (checking(step=0.1), "rejects a right backward pass"),
        "V alone": (checking(of=lambda got, numbers: lt.relative_error(got.V, numbers.V)), "It accepts a pass"),
        "one of nine": (
            checking(of=lambda got, num: min(lt.relative_error(got[n], num[n]) for n in num)),
            "only dV is right: does every matrix count?",
        ),
        "signed mean": (checking(of=lambda got, numbers: (got.flat - numbers.flat).mean()), "It accepts a pass"),
        "lengths": (
            checking(of=lambda got, numbers: abs(norm(got.flat) - norm(numbers.flat)), bound=1e-2),
            "It accepts a pass",
        ),
        "the right way around": (lambda backward: not checking()(backward), "rejects a right backward pass"),
        "loss falls": (accepts_what_the_loss_likes, "It accepts a pass with this fault"),
        "the report": (lambda backward: check_gradients(backward), "should return True or False"),
        "the library": (lambda backward: lt.check_gradients(backward).passed, "calls lt.check_gradients"),
        "against the library": (
            lambda backward: np.allclose(backward(PARAMS, X, TARGETS).flat, lt.bptt(PARAMS, X, TARGETS).flat),
            "calls lt.bptt",
        ),
        "lengths of each": (
            checking(of=lambda got, num: max(abs(norm(got[n]) - norm(num[n])) for n in num), bound=1e-6),
            "Norms alone can't see this",
        ),
        "sums": (
            checking(of=lambda got, num: max(abs(got[n].sum() - num[n].sum()) for n in num), bound=1e-6),
            "so can sums and norms",
        ),
        "Wf and Uf alone": (
            checking(of=lambda got, num: max(lt.relative_error(got[n], num[n]) for n in ("Wf", "Uf"))),
            "A check that leaves V out can't see this",
        ),
        "all but V": (
            checking(of=lambda got, num: max(lt.relative_error(got[n], num[n]) for n in lt.Params.NAMES[1:])),
            "A check that leaves V out can't see this",
        ),
        "all but Wo": (
            checking(of=lambda got, num: max(lt.relative_error(got[n], num[n]) for n in lt.Params.NAMES if n != "Wo")),
            "look at Wo too",
        ),
        "all but Ui": (
            checking(of=lambda got, num: max(lt.relative_error(got[n], num[n]) for n in num if n != "Ui")),
            "in which dUi is off by a hundredth, and the other eight are right",
        ),
        "all but Wi, Wg and Ug": (
            checking(
                of=lambda got, num: max(lt.relative_error(got[n], num[n]) for n in num if n not in ("Wi", "Wg", "Ug"))
            ),
            "in which dWi is off by a hundredth, and the other eight are right",
        ),
        "one error over all": (checking(of=one_error), "One error over all numbers together"),
        "directions, leniently": (partial(accepts_by_directions, bound=1e-6), "One error over all numbers together"),
        "no difference": (
            checking(of=lambda got, num: max(lt.relative_error(abs(got[n]), abs(num[n])) for n in num)),
            "every gradient has the wrong sign",
        ),
        "the error": (lambda backward: 1e-9, "should return True or False"),
        "raises": (lambda backward: 1 / 0, "ZeroDivisionError"),
    },
    "check_blind_spot": {
        "as it stands": (hiding(), "The fault shows"),
        "one step for all": (
            hiding(**{fault: {"x": [0], "targets": [1]} for fault in HIDDEN}),
            "It hides forgotten f as well",
        ),
        "zero states for all": (
            hiding(**{fault: {"h0": np.zeros(3), "c0": np.zeros(3)} for fault in HIDDEN}),
            "It hides forgotten c0 as well",
        ),
        "both states": (hiding(**HIDDEN | {"c0": {"h0": None, "c0": None}}), "It hides forgotten h0 as well"),
        "states mixed up": (hiding(**HIDDEN | {"c0": HIDDEN["h0"], "h0": HIDDEN["c0"]}), "The fault shows"),
        "one step and zeros": (
            hiding(**HIDDEN | {"f": {"x": [0], "targets": [1], "h0": None}}),
            "It hides forgotten h0 as well",
        ),
        "token twice": (hiding(**HIDDEN | {"token": {"x": [0, 1, 1]}}), "The fault shows"),
        "tiny weights": (
            hiding(**HIDDEN | {"f": {"params": lt.Params.random(4, 3, scale=0.01)}}),
            "a root mean square of 0.3 to 3",
        ),
        "no targets": (lambda fault: hiding(**HIDDEN)(fault)[:4], "but returns 4 of them"),
        "a batch of nets": (hiding(**batches(HIDDEN)), "must be one net, got a batch"),
        "token out of range": (hiding(**HIDDEN | {"token": {"x": [0, 1, 4]}}), "must be a token id from 0 to 3"),
        "too long": (
            hiding(**HIDDEN | {"token": {"x": [0] * 31, "targets": [0] * 31}}),
            "That is too large: ",
        ),
        "targets for params": (lambda fault: ([0], [1], 0, 0, 0), "should be the net"),
    },
    "check_slope_along": {
        "a step of its own": (
            slope_with(lambda at, d, step: (at(1e-5 * d) - at(-1e-5 * d)) / 2e-5),
            "nearly the slope itself",
        ),
        "no sign": (slope_with(lambda at, d, step: abs(at(step * d) - at(-step * d)) / 2 / step), "The sign is lost"),
        "no copy": (slope_without_a_copy, "params.flat.copy() does not"),
        "divided by two, times the step": (
            slope_with(lambda at, d, h: (at(h * d) - at(-h * d)) / 2 * h),
            "put parentheses around 2 * step",
        ),
        "one net twice": (slope_with(lambda at, d, h: (at(0) - at(0)) / h), "a second name for the same net"),
        "forward": (slope_with(lambda at, d, h: (at(h * d) - at(0)) / h), "forward difference"),
        "by one step": (slope_with(lambda at, d, h: (at(h * d) - at(-h * d)) / h), "two steps apart"),
        "by four steps": (slope_with(lambda at, d, h: (at(h * d) - at(-h * d)) / h / 4), "half as large"),
        "sign": (slope_with(lambda at, d, h: (at(-h * d) - at(h * d)) / (2 * h)), "The sign is wrong"),
        "made a unit": (
            slope_with(lambda at, d, h: (at(h * d) - at(-h * d)) / (2 * h * norm(d))),
            "a direction of length 1",
        ),
        "not divided": (slope_with(lambda at, d, h: at(h * d) - at(-h * d)), "not divided by anything"),
        "same step": (slope_with(lambda at, d, h: (at(h) - at(-h)) / (2 * h)), "multiply the step by the direction"),
        "whole gradient": (
            lambda f, p, d, h: gradient(f, p, h).flat @ d,
            "two are enough",
        ),
        "not put back": (slope_not_put_back, "writes to what it was given, params"),
        "own step": (slope_with(lambda at, d, h: (at(1e-5 * d) - at(-1e-5 * d)) / 2e-5), "the slope is off"),
        "each weight": (slope_with(lambda at, d, h: d * (at(h * d) - at(-h * d)) / (2 * h)), "a single number"),
    },
}
