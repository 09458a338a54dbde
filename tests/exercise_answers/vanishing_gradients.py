"""Answers to exercise 5."""

import math

import numpy as np
from sound import gradient_flow

from lstm_teach.edited import edited

# ------------------------------------------------------------------------------------------ check_carried


def carried(f, dc, s):
    rows = [dc]
    for t in range(s, 0, -1):
        rows.append(rows[-1] * f[t])
    return np.array(rows[::-1])


def carried_by_products(f, dc, s):
    return [dc * f[t + 1 : s + 1].prod(axis=0) for t in range(s + 1)]


def carried_by_cumprod(f, dc, s):
    factors = np.concatenate([np.ones((1, len(dc))), f[s:0:-1]])
    return dc * np.cumprod(factors, axis=0)[::-1]


def carried_by_zeros(f, dc, s):
    found = np.zeros((s + 1, len(dc)))
    found[s] = dc
    for t in reversed(range(s)):
        found[t] = found[t + 1] * f[t + 1]
    return found


def carried_forward(f, dc, s):
    found = np.zeros((s + 1, len(dc)))
    found[s] = dc
    for t in range(s):
        found[t] = found[t + 1] * f[t + 1]
    return found


def gates(first, last, factor=lambda f: f, join=np.prod, start=None):
    """dc times the gates from t + first to last(s) in each row t."""

    def mistaken(f, dc, s):
        begin = dc if start is None else start
        return np.array([begin * join(factor(f)[t + first : last(s, len(f)) + 1], axis=0) for t in range(s + 1)])

    return mistaken


def carried_in_place(f, dc, s):
    found = np.zeros((s + 1, len(dc)))
    for t in range(s, -1, -1):
        found[t] = dc
        dc *= f[t]
    return found


def carried_same_row(f, dc, s):
    """Every row is the same array."""
    rows, row = [], dc.copy()
    for t in range(s, -1, -1):
        rows.append(row)
        row *= f[t]
    return np.array(rows[::-1])


def carried_neighbor(f, dc, s):
    return np.array([dc * f[t + 1] if t < s else dc for t in range(s + 1)])


def to_the_last_row(s, rows):
    return rows - 2


# ------------------------------------------------------------------------------------------ check_reach


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def reach(bias, extra, share):
    rate = 1 / (1 + np.exp(-bias)) + extra
    return -1 if rate >= 1 else np.ceil(np.log(share) / np.log(rate))


def reach_by_math(bias, extra, share):
    rate = extra + math.exp(bias) / (1 + math.exp(bias))
    if rate < 1:
        return math.ceil(math.log10(share) / math.log10(rate))
    return -1


def reach_by_doubling(bias, extra, share):
    """Doubles the steps until little enough is left, and then halves the interval."""
    rate = sigmoid(bias) + extra
    if rate >= 1:
        return -1
    high = 1
    while rate**high > share:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if rate**middle <= share else (middle, high)
    return high if rate**low > share or low == 0 else low


def reach_by_floor(bias, extra, share):
    with np.errstate(divide="ignore", invalid="ignore"):
        exact = np.log2(share) / np.log2(np.float64(sigmoid(bias) + extra))
    return -1.0 if not 0 < exact < np.inf else -np.floor(-exact)


def reach_by_loop(bias, extra, share):
    steps, left = 0, 1.0
    while left > share:
        left *= sigmoid(bias) + extra
        steps += 1
    return steps


def reach_by_loop_for_rates_below_1(bias, extra, share):
    return -1 if sigmoid(bias) + extra >= 1 else reach_by_loop(bias, extra, share)


def by_rate(steps, rate=lambda bias, extra: sigmoid(bias) + extra):
    """-1 for a rate of 1 or more, and else something of the rate and the share."""
    return lambda b, extra, share: -1 if rate(b, extra) >= 1 else steps(rate(b, extra), share)


def by_exact(steps):
    return by_rate(lambda rate, share: steps(np.log(share) / np.log(rate)))


def steps_of(rate, share):
    return np.ceil(np.log(share) / np.log(rate))


# ------------------------------------------------------------------------------------------ check_pieces


def pieces(back, pieces):
    exact = truncated = 0
    dh = dc = 0
    for piece in reversed(pieces):
        truncated = truncated + back(piece, 0, 0)[0]
        grad, dh, dc = back(piece, dh, dc)
        exact = exact + grad
    return exact, truncated


def pieces_by_recursion(back, pieces):
    def from_piece(k):
        """The sum of the gradients from piece k on, and what piece k sends to its start."""
        if k == len(pieces):
            return 0, 0, 0
        total, dh, dc = from_piece(k + 1)
        grad, dh, dc = back(pieces[k], dh, dc)
        return total + grad, dh, dc

    return from_piece(0)[0], np.sum([back(piece, 0, 0)[0] for piece in pieces], axis=0)


def pieces_by_linearity(back, pieces):
    """What later pieces add to a piece is the difference that their deltas make in it."""
    handed = [(0, 0)]
    for piece in pieces[:0:-1]:
        handed.insert(0, back(piece, *handed[0])[1:])
    alone = [back(piece, 0, 0)[0] for piece in pieces]
    added = [back(p, *h)[0] - a for p, h, a in zip(pieces, handed, alone, strict=True)]
    return {"truncated": sum(alone), "exact": sum(alone) + sum(added)}


def pieces_with_zeros(back, pieces):
    H = len(pieces[0][2])
    dh, dc = np.zeros((2, H))
    both = [[], []]
    for k in range(len(pieces) - 1, -1, -1):
        grad, dh, dc = back(pieces[k], dh.copy(), dc.copy())
        both[0].append(grad)
        both[1].append(back(pieces[k], np.zeros(H), np.zeros(H))[0])
    return np.sum(both, axis=1)


def pieces_in_one_array(back, pieces):
    exact = truncated = np.zeros_like(back(pieces[0], 0, 0)[0])
    dh = dc = 0
    for piece in reversed(pieces):
        grad, dh, dc = back(piece, dh, dc)
        exact += grad
        truncated += back(piece, 0, 0)[0]
    return exact, truncated


def pieces_that_share_deltas(back, pieces):
    """Both walks in one loop, with one dh and one dc."""
    exact = truncated = dh = dc = 0
    for piece in reversed(pieces):
        gradient, dh, dc = back(piece, dh, dc)
        exact = exact + gradient
        gradient, dh, dc = back(piece, 0, 0)
        truncated = truncated + gradient
    return exact, truncated


def pieces_added(back, pieces):
    exact = dh = dc = 0
    for piece in reversed(pieces):
        grad, new_dh, new_dc = back(piece, dh, dc)
        exact, dh, dc = exact + grad, dh + new_dh, dc + new_dc
    return exact, sum(back(piece, 0, 0)[0] for piece in pieces)


def handed(before, after):
    """The pieces with something else handed over."""
    return edited(pieces, before, after)


def swapped(back, texts):
    return pieces(back, texts)[::-1]


def with_exact(say):
    """Right, but for the exact gradient: say(exact, truncated, back, pieces)."""
    return lambda back, texts: (say(*pieces(back, texts), back, texts), pieces(back, texts)[1])


def with_truncated(say):
    return lambda back, texts: (pieces(back, texts)[0], say(*pieces(back, texts), back, texts))


# ------------------------------------------------------------------------------------------ check_kept


def kept(norms, length):
    piece = np.arange(len(norms)) // length
    return (norms * (piece[:, None] == piece)).sum(axis=0) / norms.sum(axis=0)


def kept_by_loop(norms, length):
    shares = []
    for t in range(len(norms)):
        end = (t // length + 1) * length
        shares.append(sum(norms[t:end, t]) / sum(norms[t:, t]))
    return shares


def kept_by_blocks(norms, length):
    found = np.zeros(len(norms))
    for first in range(0, len(norms), length):
        block = slice(first, first + length)
        found[block] = norms[block, block].sum(0)
    return found / norms.sum(0)


def kept_by_what_is_lost(norms, length):
    cut = norms.copy()
    for first in range(0, len(norms), length):
        cut[first : first + length, first : first + length] = 0
    return 1 - cut.sum(0) / norms.sum(0)


def kept_with(same=None, axis=0, power=1, say=lambda some, all_: some / all_):
    def mistaken(norms, length):
        piece = np.arange(len(norms)) // length
        mask = same(*np.indices(norms.shape), length) if same else piece[:, None] == piece
        return say((norms**power * mask).sum(axis), (norms**power).sum(axis))

    return mistaken


def kept_to(end):
    """The losses from t to before end(t, length)."""

    def mistaken(norms, length):
        return [norms[t : end(t, length), t].sum() / norms[t:, t].sum() for t in range(len(norms))]

    return mistaken


def kept_of_pieces(norms, length):
    pieces = [slice(first, first + length) for first in range(0, len(norms), length)]
    return np.array([norms[piece, piece].sum() / norms[:, piece].sum() for piece in pieces])


def kept_in_place(norms, length):
    whole = norms.sum(0)
    piece = np.arange(len(norms)) // length
    norms *= piece[:, None] == piece
    return norms.sum(0) / whole


# ------------------------------------------------------------------------------------------ check_bias


def bisect(lost, orders, low=-2.0, high=3.0, times=16, turned=False):
    for _ in range(times):
        middle = (low + high) / 2
        if (lost(middle) > orders) != turned:
            low = middle
        else:
            high = middle
    return middle


def bias_until_near(lost, orders):
    low, high = -2, 3
    while True:
        middle = low + (high - low) / 2
        miss = lost(middle) - orders
        if abs(miss) < 0.01:
            return middle
        low, high = (middle, high) if miss > 0 else (low, middle)


def bias_by_recursion(lost, orders, low=-2.0, high=3.0):
    middle = (low + high) / 2
    if high - low < 1e-4:
        return middle
    if lost(middle) > orders:
        return bias_by_recursion(lost, orders, middle, high)
    return bias_by_recursion(lost, orders, low, middle)


def bias_by_finer_grids(lost, orders):
    """Five places at a time, then the two around the wanted value."""
    low, high = -2.0, 3.0
    for _ in range(5):
        places = np.linspace(low, high, 7)[1:-1]
        below = [place for place in places if lost(place) > orders]
        low, high = max(below, default=low), min((p for p in places if p not in below), default=high)
    return np.float64((low + high) / 2)


def bias_by_grid(lost, orders):
    places = np.append(np.arange(-2, 3, 0.08), bisect(lost, orders))  # as fine as it needs to be
    return places[np.argmin([abs(lost(place) - orders) for place in places])]


def bias_by_very_fine_grid(lost, orders):
    places = np.linspace(-2, 3, 5001)
    return places[np.argmin([abs(lost(place) - orders) for place in places])]


def bias_by_even_grid(lost, orders):
    return min(np.linspace(-2, 3, 25), key=lambda bias: abs(lost(bias) - orders))


def bias_by_coarse_grid(lost, orders):
    places = np.linspace(-2, 3, 11)
    return places[np.argmin([abs(lost(place) - orders) for place in places])]


def bias_by_formula(lost, orders):
    """The carry alone, over the longest of the ways that are asked for."""
    f = 10 ** (-orders / 39)
    return np.log(f / (1 - f))


def bias_by_small_steps(lost, orders):
    b = -2.0
    while lost(b) > orders:
        b += 0.0101
    return b


def bias_for_ever(lost, orders):
    low, high = -2.0, 3.0
    while abs(lost(middle := (low + high) / 2) - orders) > 0.01:
        pass
    return middle


RIGHT = {
    "check_carried": {
        "list": carried,
        "products": carried_by_products,
        "cumprod": carried_by_cumprod,
        "zeros": carried_by_zeros,
    },
    "check_reach": {
        "numpy": reach,
        "math": reach_by_math,
        "doubling": reach_by_doubling,
        "loop": reach_by_loop_for_rates_below_1,
        "floor": reach_by_floor,
        "floor of the negative": by_rate(lambda rate, share: -(-np.log(share) // np.log(rate))),
    },
    "check_pieces": {
        "backward": pieces,
        "recursion": pieces_by_recursion,
        "linearity": pieces_by_linearity,
        "zeros": pieces_with_zeros,
    },
    "check_kept": {
        "mask": kept,
        "loop": kept_by_loop,
        "blocks": kept_by_blocks,
        "what is lost": kept_by_what_is_lost,
    },
    "check_bias": {
        "bisection": bisect,
        "until near": bias_until_near,
        "recursion": bias_by_recursion,
        "finer grids": bias_by_finer_grids,
    },
}

WRONG = {
    "check_carried": {
        "f[t-1]": (edited(carried_by_zeros, "f[t + 1]", "f[t - 1]"), "The gates f[t-1] to f[s-2] are used"),
        "f[-1]": (edited(carried_by_zeros, "f[t + 1]", "f[-1]"), "f[-1] is used at every step"),
        "each unit's mean": (
            edited(carried_by_zeros, "f[t + 1]", "f.mean(axis=0)"),
            "The average gate was used; take the gates one by one",
        ),
        "no axis": (
            lambda f, dc, s: [dc * np.prod(f[t + 1 : s + 1]) for t in range(s + 1)],
            "The gates of all units have been multiplied together",
        ),
        "forward": (carried_forward, "Only the last two rows are filled"),
        "own gate": (gates(0, lambda s, rows: s), "own gate f[t] has been multiplied in"),
        "one too early": (gates(0, lambda s, rows: s - 1), "The gates f[t] to f[s-1] are used"),
        "without f[s]": (gates(1, lambda s, rows: s - 1), "f[s] is missing"),
        "one too many": (gates(1, lambda s, rows: s + 1), "f[s+1] has been multiplied in"),
        "from the end": (gates(1, to_the_last_row), "The gates after step s"),
        "with row -1": (gates(1, lambda s, rows: rows), "Row -1 belongs to no step"),
        "forwards": (
            lambda f, dc, s: dc * np.array([f[1 : t + 1].prod(axis=0) for t in range(s + 1)]),
            "The product begins at step 0",
        ),
        "without dc": (gates(1, lambda s, rows: s, start=1.0), "dc is missing"),
        "the last gate alone": (
            lambda f, dc, s: np.array([dc * f[s] ** (s - t) for t in range(s + 1)]),
            "The gate of step s is used at every step",
        ),
        "one gate": (carried_neighbor, "Every row has one gate only"),
        "its own gate alone": (lambda f, dc, s: dc * f[: s + 1], "Every row has one gate only"),
        "begins a row too early": (
            lambda f, dc, s: np.append(np.zeros((s, len(dc))), [dc], axis=0),
            "Only row s is filled",
        ),
        "average": (
            lambda f, dc, s: dc * (f[1 : s + 1].mean() if s else 1) ** np.arange(s, -1, -1)[:, None],
            "The average gate was used",
        ),
        "added": (gates(1, lambda s, rows: s, join=np.sum), "have been added up"),
        "forgotten": (gates(1, lambda s, rows: s, factor=lambda f: 1 - f), "1 - f is used instead of f"),
        "accumulated": (gates(1, lambda s, rows: s, factor=lambda f: 1 + f), "1 + f is used instead of f"),
        "reversed": (lambda f, dc, s: carried(f, dc, s)[::-1], "in the order of the walk back"),
        "nothing done": (lambda f, dc, s: np.tile(dc, (s + 1, 1)), "No gate has been multiplied in"),
        "norms": (lambda f, dc, s: np.linalg.norm(carried(f, dc, s), axis=-1), "don't take its length here"),
        "absolute": (lambda f, dc, s: abs(carried(f, dc, s)), "The signs are lost"),
        "down to row 1": (
            lambda f, dc, s: carried(f, dc, s) * (np.arange(s + 1) >= min(s, 1))[:, None],
            "Row 0 is zero",
        ),
        "without row s": (lambda f, dc, s: carried(f, dc, s)[:-1], "Row s belongs to the answer too"),
        "all rows": (
            lambda f, dc, s: np.concatenate([carried(f, dc, s), np.zeros((len(f) - s - 1, len(dc)))]),
            "Steps after s get nothing",
        ),
        "in place": (carried_in_place, "writes to what it was given, dc"),
        "f[s] in row s": (lambda f, dc, s: carried(f, dc * f[s], s), "f[s] has been multiplied in once too often"),
        "one too late": (gates(2, lambda s, rows: s + 1), "The gates f[t+2] to f[s+1] are used"),
        "rows of all steps": (
            lambda f, dc, s: np.concatenate([carried(f, dc, s), np.zeros((len(f) - s - 2, len(dc)))]),
            "leave out their rows",
        ),
        "same row": (carried_same_row, "the carried delta is off"),
        "only the end": (lambda f, dc, s: carried(f, dc, s)[0], "This is what arrives at step 0"),
        "rows of all kinds": (lambda f, dc, s: [dc, f], "the carried delta should be an array of shape"),
    },
    "check_reach": {
        "sign of the bias": (
            by_rate(steps_of, lambda b, e: sigmoid(-b) + e),
            "The minus in the exponent is missing",
        ),
        "bias for the gate": (by_rate(steps_of, lambda b, e: b + e), "bias is taken for the gate"),
        "bias for the gate, unguarded": (lambda b, e, s: steps_of(b + e, s), "bias is taken for the gate"),
        "extra of the gate": (
            by_rate(steps_of, lambda b, e: sigmoid(b) * (1 + e)),
            "extra is taken for a share of the gate",
        ),
        "extra fixed": (by_rate(steps_of, lambda b, e: sigmoid(b) + 0.11), "extra is fixed at 0.11 here"),
        "extra subtracted": (by_rate(steps_of, lambda b, e: sigmoid(b) - e), "extra is subtracted"),
        "a limit": (
            by_rate(lambda r, s: next((n for n in range(1000) if r**n <= s), -1)),
            "yours is -1; it should be 7579",
        ),
        "never is infinite": (
            lambda *given: np.inf if reach(*given) < 0 else reach(*given),
            "large number, unless you wrote np.inf.",
        ),
        "rounded down": (by_exact(np.floor), "You rounded down: after that many steps more"),
        "one more where it is reached": (by_exact(lambda n: np.floor(n) + 1), "at most share may be left"),
        "one more": (by_exact(lambda n: np.ceil(n) + 1), "one step too many: share is reached a step before"),
        "rounded": (by_exact(np.round), "rounded to the nearest number"),
        "not whole": (by_exact(lambda n: n), "not a whole number"),
        "turned": (by_exact(lambda n: 1 / n), "the quotient upside down"),
        "sign": (by_exact(lambda n: -np.ceil(n)), "The sign is wrong"),
        "the gate alone": (
            by_rate(lambda r, s: np.ceil(np.log(s) / np.log(r)), lambda b, e: sigmoid(b)),
            "road is missing",
        ),
        "extra inside": (
            by_rate(lambda r, s: np.ceil(np.log(s) / np.log(r)), lambda b, e: sigmoid(b + e)),
            "extra is added before the sigmoid",
        ),
        "what is lost": (by_rate(lambda r, s: np.ceil(np.log(1 - s) / np.log(r))), "1 - share has been used"),
        "straight line": (by_rate(lambda r, s: np.ceil((1 - s) / (1 - r))), "as much as the first one"),
        "near 1": (by_rate(lambda r, s: np.ceil(np.log(s) / (r - 1))), "close only near 1"),
        "logarithm of a quotient": (by_rate(lambda r, s: np.ceil(np.log(s / r))), "After 0 steps 1 is left"),
        "half-life": (by_rate(lambda r, s: np.ceil(np.log(0.5) / np.log(r))), "leaves half"),
        "a rate of 1 is not thought of": (
            lambda b, e, s: np.ceil(np.log(s) / np.log(sigmoid(b) + e)),
            "so the share is never reached; return -1",
        ),
        "one more near 1": (lambda b, e, s: reach(b, e, s) + (b > 6), "After 7580 steps 0.000"),
        "never from 0.99": (lambda b, e, s: -1 if sigmoid(b) + e > 0.99 else reach(b, e, s), "very near 1"),
        "loop": (reach_by_loop, "so a loop never ends"),
    },
    "check_pieces": {
        "without the last": (
            with_truncated(lambda e, t, back, texts: sum(back(p, 0, 0)[0] for p in texts[:-1])),
            "of the last piece is missing",
        ),
        "deltas of the truncated walk": (pieces_that_share_deltas, "What the truncated walk sends"),
        "not added": (handed("exact = exact + grad", "exact = grad"), "This is the gradient of the first piece alone"),
        "without the first": (handed("reversed(pieces)", "reversed(pieces[1:])"), "of the first piece is missing"),
        "None for nothing": (handed("dh = dc = 0", "dh = dc = None"), "None is not a number. Is a return missing, or"),
        "all three added": (handed("back(piece, 0, 0)[0]", "back(piece, 0, 0)"), "A tuple holds several values"),
        "swapped": (swapped, "The two are swapped: exact comes first"),
        "both truncated": (with_exact(lambda e, t, *rest: t), "This is the truncated one"),
        "both exact": (with_truncated(lambda e, t, *rest: e), "This is the exact one"),
        "forward": (handed("reversed(pieces)", "pieces"), "from the first to the last"),
        "only dh": (handed("dh, dc)", "dh, 0)"), "Only dh is handed over"),
        "only dc": (handed("dh, dc)", "0, dc)"), "Only dc is handed over"),
        "crossed": (handed("dh, dc)", "dc, dh)"), "where they are handed over"),
        "adds": (
            pieces_added,
            "added up from piece to piece",
        ),
        "mean": (with_exact(lambda e, t, back, p: e / len(p)), "This is the mean over the pieces"),
        "mean of the truncated": (with_truncated(lambda e, t, back, p: t / len(p)), "This is the mean"),
        "last piece missing": (
            with_exact(lambda e, t, back, p: e - back(p[-1], 0, 0)[0]),
            "of the last piece is missing",
        ),
        "one array": (pieces_in_one_array, "exact and truncated are one array here"),
        "what is lost": (with_truncated(lambda e, t, *rest: e - t), "This is what truncation loses"),
        "half truncated": (
            with_truncated(lambda e, t, back, p: handed("dh, dc)", "0, dc)")(back, p)[0]),
            "dc is still handed over",
        ),
        "lists of pieces": (
            lambda back, texts: ([back(p, 0, 0)[0] for p in texts], pieces(back, texts)[1]),
            "should be an array of shape",
        ),
        "one of two": (lambda back, texts: pieces(back, texts)[0], "should return 2 arrays"),
    },
    "check_kept": {
        "end too early": (kept_to(lambda t, n: (t // n + 1) * n - 1), "last step of a piece is left out"),
        "end too late": (
            kept_to(lambda t, n: (t // n + 1) * n + 1),
            "The first loss of the next piece is counted too",
        ),
        "from the end": (lambda norms, n: kept(norms[::-1, ::-1], n)[::-1], "counted from the end of the text"),
        "full pieces": (
            lambda norms, n: kept(norms, n) * (np.arange(len(norms)) < len(norms) // n * n),
            "A shorter last piece gets nothing here",
        ),
        "without its own loss": (
            kept_with(lambda s, t, n: (s // n == t // n) & (s != t)),
            "of the step itself is left",
        ),
        "one for each piece": (kept_of_pieces, "This is one share for each piece"),
        "percent": (kept_with(say=lambda some, all_: 100 * some / all_), "These are percentages"),
        "along rows": (
            lambda norms, n: [norms[t, t : (t // n + 1) * n].sum() / norms[t].sum() for t in range(len(norms))],
            "The sums run along rows here",
        ),
        "rows and columns exchanged": (
            lambda norms, n: [norms[t, t : (t // n + 1) * n].sum() / norms[t, t:].sum() for t in range(len(norms))],
            "Row s is the loss, column t the step",
        ),
        "rows": (kept_with(axis=1), "These are the shares of each loss"),
        "band": (kept_with(lambda s, t, n: s - t < n), "cuts come every `length` steps"),
        "lost": (kept_with(say=lambda some, all_: 1 - some / all_), "This is the share that is lost"),
        "not divided": (kept_with(say=lambda some, all_: some), "divide by the sum over all losses"),
        "lost, not divided": (kept_with(say=lambda some, all_: all_ - some), "This is what is lost"),
        "one share": (kept_with(axis=None), "This is one share for the whole text"),
        "cuts too early": (kept_with(lambda s, t, n: (s + 1) // n == (t + 1) // n), "one step too early"),
        "cuts too late": (kept_with(lambda s, t, n: (s - 1) // n == (t - 1) // n), "one step too late"),
        "pieces too long": (kept_with(lambda s, t, n: s // (n + 1) == t // (n + 1)), "one step too long"),
        "squares": (kept_with(power=2), "have been squared"),
        "the diagonal": (kept_with(lambda s, t, n: s == t), "Only the loss of the step itself"),
        "counts": (
            lambda norms, n: [len(norms[t - t % n : t - t % n + n]) / len(norms) for t in range(len(norms))],
            "This counts the losses",
        ),
        "other way up": (kept_with(say=lambda some, all_: all_ / some), "upside down"),
        "one sum for all": (kept_with(say=lambda some, all_: some / all_.sum()), "the sum of its own column"),
        "in place": (kept_in_place, "writes to what it was given, norms"),
        "from the library": (lambda norms, n: gradient_flow(norms, n, n).dc[0], "raised"),
    },
    "check_bias": {
        "as many as allowed, evenly": (bias_by_even_grid, "the measurements are used up"),
        "turned": (lambda lost, orders: bisect(lost, orders, turned=True), "It has run to an end"),
        "too few": (lambda lost, orders: bisect(lost, orders, times=4), "More is lost than asked for, so the bias"),
        "near in b": (lambda lost, orders: bisect(lost, orders, times=6), "within 0.05 of orders: measure a few more"),
        "from 0": (lambda lost, orders: bisect(lost, orders, low=0.0), "Less is lost than asked for"),
        "formula": (bias_by_formula, "This is the bias for the carry alone"),
        "gate": (lambda lost, orders: 1 / (1 + np.exp(-bisect(lost, orders))), "This is the forget gate"),
        "sign": (lambda lost, orders: -bisect(lost, orders), "The sign is wrong"),
        "orders": (lambda lost, orders: orders, "This is the number of orders"),
        "a guess": (lambda lost, orders: 0.7, "Nothing has been measured"),
        "grid": (bias_by_grid, "25 are allowed"),
        "very fine grid": (bias_by_very_fine_grid, "lost has been called more than 100 times"),
        "coarse grid": (bias_by_coarse_grid, "it should lose"),
        "small steps": (bias_by_small_steps, "lost has been called more than 100 times"),
        "for ever": (bias_for_ever, "lost has been called more than 100 times; 25"),
        "both ends": (lambda lost, orders: (-2.0, bisect(lost, orders)), "should be a single number"),
        "measures None": (lambda lost, orders: lost(None), "raised TypeError"),
    },
}
