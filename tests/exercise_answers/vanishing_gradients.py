"""Answers to exercise 5."""

import math

import numpy as np
from sound import gradient_flow

import lstm_teach as lt

# ------------------------------------------------------------------------------------------ check_orders


def orders(deltas):
    norms = np.linalg.norm(deltas, axis=-1)
    return np.log10(norms[-1] / norms)


def orders_by_loop(deltas):
    last = math.sqrt(sum(number**2 for number in deltas[-1]))
    return [math.log10(last) - math.log10(math.sqrt(sum(number**2 for number in row))) for row in deltas]


def orders_by_squares(deltas):
    logs = np.log10((deltas * deltas).sum(-1)) / 2
    return logs[-1] - logs


def orders_in_place(deltas):
    deltas /= np.linalg.norm(deltas[-1])
    return -np.log10(np.linalg.norm(deltas, axis=1))


def orders_with(length=lambda d: np.linalg.norm(d, axis=-1), say=lambda n: np.log10(n[-1] / n)):
    """Lengths of the rows, and what is said of them."""
    return lambda deltas: say(length(deltas))


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


def heard(params, cache, targets):
    dy = cache.y.copy()
    dy[np.arange(len(targets)), targets] -= 1
    return dy @ params.V


def reach(step, params, cache, targets):
    T, H = len(targets), params.hidden_size
    norms = np.zeros((T, T))
    for s in range(T):
        dy = cache.y[s].copy()
        dy[targets[s]] -= 1
        dh, dc_carry = params.V.T @ dy, np.zeros(H)
        for t in range(s, -1, -1):
            back = step(params, cache, t, dh, dc_carry)
            norms[s, t] = np.linalg.norm(back["dc"])
            dh, dc_carry = back["dh_before"], back["dc_before"]
    return norms


def reach_in_one_sweep(step, params, cache, targets):
    """All losses that have begun go back a step together."""
    T, norms, walks = len(targets), [], {}
    starts = heard(params, cache, targets)
    for t in reversed(range(T)):
        walks[t] = starts[t], np.zeros(params.hidden_size)
        column = np.zeros(T)
        for s, (dh, dc) in walks.items():
            back = step(params, cache, t, dh, dc)
            column[s] = np.sqrt(back["dc"] @ back["dc"])
            walks[s] = back["dh_before"], back["dc_before"]
        norms.insert(0, column)
    return np.transpose(norms)


def reach_by_differences(step, params, cache, targets):
    """L_s is the loss of s+1 steps without that of s steps, and so are its deltas."""
    T, h0, c0 = len(targets), cache.h[-1], cache.c[-1]
    dc = np.zeros((T + 1, T, params.hidden_size))
    for end in range(1, T + 1):
        _, deltas = lt.bptt(params, cache.x[:end], targets[:end], h0, c0, return_deltas=True)
        dc[end, :end] = deltas.dc
    return np.linalg.norm(np.diff(dc, axis=0), axis=-1).tolist()


def reach_by_library(step, params, cache, targets):
    return lt.gradient_flow(params, cache.x, targets, cache.h[-1], cache.c[-1]).dc


def reach_with(
    start=lambda dh: dh,
    note=lambda back, dh: np.linalg.norm(back["dc"]),
    on=lambda back, dh, dc: (back["dh_before"], back["dc_before"]),
    losses=lambda T: range(T),
    steps=lambda s: range(s, -1, -1),
    fresh=True,
    more=lambda starts, s, t: 0,
    store=lambda s, t: (s, t),
    y=False,
):
    """The walks with one of their lines replaced."""

    def mistaken(step, params, cache, targets):
        T, H = len(targets), params.hidden_size
        norms, dc = np.zeros((T, T)), np.zeros(H)
        starts = cache.y @ params.V if y else heard(params, cache, targets)
        for s in losses(T):
            dh, dc = start(starts[s]), np.zeros(H) if fresh else dc
            for t in steps(s):
                dh = dh + more(starts, s, t)
                back = step(params, cache, t, dh, dc)
                norms[store(s, t)] = note(back, dh)
                dh, dc = on(back, dh, dc)
        return norms

    return mistaken


def reach_transposed(step, params, cache, targets):
    return reach(step, params, cache, targets).T


def reach_vectors(step, params, cache, targets):
    return gradient_flow(params, cache.x, targets, cache.h[-1], cache.c[-1]).deltas.dc


def reach_without_state(step, params, cache, targets):
    return gradient_flow(params, cache.x, targets).dc


def reach_filled(step, params, cache, targets):
    """Mirrors the matrix, so that a state seems to act on earlier losses."""
    norms = reach(step, params, cache, targets)
    return norms + np.tril(norms, -1).T


def reach_all_together(step, params, cache, targets):
    """The deltas of the summed loss in every row."""
    _, deltas = lt.bptt(params, cache.x, targets, cache.h[-1], cache.c[-1], return_deltas=True)
    return np.tril(np.tile(np.linalg.norm(deltas.dc, axis=-1), (len(targets), 1)))


# ------------------------------------------------------------------------------------------ check_horizon


def horizon(gate, share):
    return np.inf if gate >= 1 else np.ceil(np.log(share) / np.log(gate))


def horizon_by_math(gate, share):
    if gate == 1:
        return math.inf
    return math.ceil(math.log2(share) / math.log2(gate))


def horizon_by_base(gate, share):
    with np.errstate(divide="ignore"):
        return abs(np.ceil(np.emath.logn(gate, share))) if gate < 1 else float("inf")


def horizon_by_loop(gate, share):
    steps, left = 0, 1.0
    while left > share:
        left *= gate
        steps += 1
    return steps


def by_quotient(quotient):
    """np.inf for a gate of 1, and else something of the two logarithms."""
    return lambda gate, share: np.inf if gate >= 1 else quotient(np.log(gate), np.log(share))


# ------------------------------------------------------------------------------------------ check_horizons


def horizons(norms, share):
    found = []
    for s in range(len(norms)):
        way = norms[s, s::-1]
        low = np.flatnonzero(way <= share * way[0])
        found.append(low[0] if low.size else np.inf)
    return found


def horizons_below(norms, share):
    found = np.full(len(norms), np.inf)
    for s in range(len(norms)):
        low = np.flatnonzero(norms[s, s::-1] < share * norms[s, s])
        if low.size:
            found[s] = low[0]
    return found


def horizons_by_loop(norms, share):
    found = np.full(len(norms), np.inf)
    for s in range(len(norms)):
        for n in range(s + 1):
            if norms[s][s - n] / norms[s][s] <= share:
                found[s] = n
                break
    return found


def horizons_at_once(norms, share):
    s, t = np.indices(norms.shape)
    back = np.where((t <= s) & (norms <= share * np.diag(norms)[:, None]), s - t, np.inf)
    return back.min(axis=1)


def horizons_with(way=lambda norms, s: norms[s, s::-1], start=None, pick=lambda low: low[0], never=lambda s: np.inf):
    """The horizons with one of their lines replaced."""

    def mistaken(norms, share):
        found = []
        for s in range(len(norms)):
            curve = way(norms, s)
            low = np.flatnonzero(curve <= share * (curve[0] if start is None else start(norms, s)))
            found.append(pick(low) if low.size else never(s))
        return np.array(found)

    return mistaken


def horizons_as_steps(norms, share):
    found = np.full(len(norms), np.inf)
    for s, row in enumerate(norms):
        low = np.flatnonzero(row[: s + 1] <= share * row[s])
        if low.size:
            found[s] = low[-1]
    return found


def horizons_by_search(norms, share):
    """Takes it for granted that the curves never rise."""
    found = []
    for s in range(len(norms)):
        rising = norms[s, : s + 1]
        count = s + 1 - np.searchsorted(rising, share * rising[-1], side="right")
        found.append(count if count <= s else np.inf)
    return found


def horizons_by_count(norms, share):
    return [(norms[s, : s + 1] > share * norms[s, s]).sum() for s in range(len(norms))]


def horizons_by_rate(norms, share):
    """From the mean factor of a step, as if the curves were straight."""
    found = []
    for s in range(len(norms)):
        rate = (norms[s, 0] / norms[s, s]) ** (1 / max(s, 1))
        steps = np.ceil(np.log(share) / np.log(rate)) if rate < 1 else np.inf
        found.append(steps if steps <= s else np.inf)
    return np.array(found)


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
    places = np.append(np.arange(-2, 3, 0.02), bisect(lost, orders))  # as fine as it needs to be
    return places[np.argmin([abs(lost(place) - orders) for place in places])]


def bias_by_very_fine_grid(lost, orders):
    places = np.linspace(-2, 3, 5001)
    return places[np.argmin([abs(lost(place) - orders) for place in places])]


def bias_by_coarse_grid(lost, orders):
    places = np.linspace(-2, 3, 11)
    return places[np.argmin([abs(lost(place) - orders) for place in places])]


def bias_by_formula(lost, orders):
    """The carry alone, over the longest of the ways that are asked for."""
    f = 10 ** (-orders / 59)
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
    "check_orders": {"norm": orders, "loop": orders_by_loop, "squares": orders_by_squares},
    "check_carried": {
        "list": carried,
        "products": carried_by_products,
        "cumprod": carried_by_cumprod,
        "zeros": carried_by_zeros,
    },
    "check_reach": {
        "walks": reach,
        "one sweep": reach_in_one_sweep,
        "differences": reach_by_differences,
    },
    "check_horizon": {"numpy": horizon, "math": horizon_by_math, "base": horizon_by_base},
    "check_horizons": {"flatnonzero": horizons, "loop": horizons_by_loop, "at once": horizons_at_once},
    "check_bias": {
        "bisection": bisect,
        "until near": bias_until_near,
        "recursion": bias_by_recursion,
        "finer grids": bias_by_finer_grids,
    },
}

WRONG = {
    "check_orders": {
        "natural": (orders_with(say=lambda n: np.log(n[-1] / n)), "counts factors of e"),
        "doublings": (orders_with(say=lambda n: np.log2(n[-1] / n)), "counts doublings"),
        "sign": (orders_with(say=lambda n: np.log10(n / n[-1])), "The sign is turned"),
        "squares": (orders_with(lambda d: (d**2).sum(-1)), "The root is missing"),
        "absolute": (orders_with(lambda d: abs(d).sum(-1)), "The sum of the absolute values"),
        "largest": (orders_with(lambda d: abs(d).max(-1)), "The largest entry"),
        "quotients": (orders_with(say=lambda n: n[-1] / n), "the logarithm is missing"),
        "quotients turned": (orders_with(say=lambda n: n / n[-1]), "turned round; the logarithm is missing"),
        "from row 0": (orders_with(say=lambda n: np.log10(n[0] / n)), "measured against row 0"),
        "neighbors": (
            orders_with(say=lambda n: np.log10(np.append(n[1:], n[-1]) / n)),
            "compared with the one after it",
        ),
        "lengths": (orders_with(say=lambda n: n), "the lengths themselves"),
        "logarithms": (orders_with(say=np.log10), "by itself"),
        "minus logarithms": (orders_with(say=lambda n: -np.log10(n)), "minus the logarithm"),
        "axis 0": (orders_with(lambda d: np.linalg.norm(d, axis=0)), "The norm was taken over the steps"),
        "one number": (lambda d: orders(d)[0], "One number for each row"),
        "whole norm": (lambda d: np.log10(np.linalg.norm(d[-1]) / np.linalg.norm(d)), "One number for each row"),
        "rounded": (lambda d: orders(d).round(), "rounded to whole orders"),
        "cut": (lambda d: orders(d) // 1, "cut to whole orders"),
        "with signs": (lambda d: np.log10(d.sum(-1)[-1] / d.sum(-1) * (0 * d.sum(-1) - 1)), "is nan"),
        "without the last": (lambda d: orders(d)[:-1], "should be an array of shape"),
        "in place": (orders_in_place, "writes to what it was given, deltas"),
    },
    "check_carried": {
        "own gate": (gates(0, lambda s, rows: s), "f[t] has been multiplied in"),
        "one too early": (gates(0, lambda s, rows: s - 1), "The gates f[t] to f[s-1] are used"),
        "without f[s]": (gates(1, lambda s, rows: s - 1), "f[s] is missing"),
        "one too many": (gates(1, lambda s, rows: s + 1), "f[s+1] has been multiplied in"),
        "from the end": (gates(1, to_the_last_row), "The gates after step s"),
        "with row -1": (gates(1, lambda s, rows: rows), "Row -1 of f is zero"),
        "forwards": (
            lambda f, dc, s: dc * np.array([f[1 : t + 1].prod(axis=0) for t in range(s + 1)]),
            "The product begins at step 0",
        ),
        "without dc": (gates(1, lambda s, rows: s, start=1.0), "dc is missing"),
        "one gate": (carried_neighbor, "Every row has one gate only"),
        "average": (
            lambda f, dc, s: dc * (f[1 : s + 1].mean() if s else 1) ** np.arange(s, -1, -1)[:, None],
            "The average gate was used",
        ),
        "added": (gates(1, lambda s, rows: s, join=np.sum), "have been added up"),
        "forgotten": (gates(1, lambda s, rows: s, factor=lambda f: 1 - f), "1 - f is used instead of f"),
        "accumulated": (gates(1, lambda s, rows: s, factor=lambda f: 1 + f), "1 + f is used instead of f"),
        "reversed": (lambda f, dc, s: carried(f, dc, s)[::-1], "in the order of the way back"),
        "nothing done": (lambda f, dc, s: np.tile(dc, (s + 1, 1)), "Nothing has been multiplied"),
        "norms": (lambda f, dc, s: np.linalg.norm(carried(f, dc, s), axis=-1), "its length would be taken later"),
        "absolute": (lambda f, dc, s: abs(carried(f, dc, s)), "These are lengths"),
        "without row s": (lambda f, dc, s: carried(f, dc, s)[:-1], "Row s belongs to it too"),
        "all rows": (
            lambda f, dc, s: np.concatenate([carried(f, dc, s), np.zeros((len(f) - s - 1, len(dc)))]),
            "Steps after s hear nothing",
        ),
        "in place": (carried_in_place, "writes to what it was given, dc"),
        "same row": (carried_same_row, "The carried delta is off"),
        "only the end": (lambda f, dc, s: carried(f, dc, s)[0], "should be an array of shape"),
        "rows of all kinds": (lambda f, dc, s: [dc, f], "The carried delta should be an array of shape"),
    },
    "check_reach": {
        "the library": (reach_by_library, "calls lt.gradient_flow, which is the library's own answer"),
        "dc for dc_before": (
            reach_with(on=lambda back, dh, dc: (back["dh_before"], back["dc"])),
            "dc itself is handed on",
        ),
        "all losses": (
            reach_with(more=lambda starts, s, t: starts[t] if t < s else 0),
            "Losses are picked up on the way",
        ),
        "summed loss": (reach_all_together, "The matrix is off"),
        "y": (reach_with(y=True), "y itself stands here"),
        "no h": (reach_with(on=lambda back, dh, dc: (0 * dh, back["dc_before"])), "dh_before is not handed on"),
        "no c": (reach_with(on=lambda back, dh, dc: (back["dh_before"], 0 * dc)), "dc_before is not handed on"),
        "not from zero": (reach_with(fresh=False), "dc_carry has to be zero at its start"),
        "not from zero, last loss first": (
            reach_with(fresh=False, losses=lambda T: reversed(range(T))),
            "a flaw of the question's loop too",
        ),
        "same dh": (reach_with(on=lambda back, dh, dc: (dh, back["dc_before"])), "is used at every step"),
        "adds": (
            reach_with(on=lambda back, dh, dc: (back["dh_before"], dc + back["dc_before"])),
            "has been added to dc_carry",
        ),
        "transposed": (reach_transposed, "Rows and columns have changed places"),
        "dh": (reach_with(note=lambda back, dh: np.linalg.norm(dh)), "These are the norms of dh"),
        "what goes on": (
            reach_with(note=lambda back, dh: np.linalg.norm(back["dc_before"])),
            "These are the norms of what goes on",
        ),
        "squared": (reach_with(note=lambda back, dh: back["dc"] @ back["dc"]), "The norms are squared"),
        "absolute": (reach_with(note=lambda back, dh: abs(back["dc"]).sum()), "The sum of the absolute values"),
        "steps back": (reach_with(store=lambda s, t: (s, s - t)), "The columns count steps back"),
        "last loss": (reach_with(losses=lambda T: [T - 1]), "Only the row of the last loss"),
        "diagonal": (reach_with(steps=lambda s: [s]), "Only the diagonal"),
        "not to 0": (reach_with(steps=lambda s: range(s, 0, -1)), "Column 0 is missing"),
        "short range": (reach_with(steps=lambda s: range(s - 1, -1, -1)), "The matrix is off at loss 0, step 0"),
        "vectors": (reach_vectors, "Take the norm of each vector"),
        "no initial state": (reach_without_state, "The matrix is off"),
        "mirrored": (reach_filled, "zeros where t > s"),
        "zeros": (lambda step, params, cache, targets: np.zeros(2 * targets.shape), "The matrix is off"),
    },
    "check_horizon": {
        "one more where it is reached": (
            lambda gate, share: np.floor(np.log(share) / np.log(gate)) + 1 if gate < 1 else np.inf,
            "a share that is reached exactly",
        ),
        "rounded down": (by_quotient(lambda g, s: s // g), "one step too few"),
        "one more": (by_quotient(lambda g, s: s // g + 2), "one step too many"),
        "not whole": (by_quotient(lambda g, s: s / g), "not a whole number"),
        "turned": (by_quotient(lambda g, s: g / s), "the quotient turned round"),
        "sign": (by_quotient(lambda g, s: -np.ceil(s / g)), "The sign is turned"),
        "what is lost": (
            lambda gate, share: np.inf if gate == 1 else np.ceil(np.log(1 - share) / np.log(gate)),
            "1 - share has been used",
        ),
        "straight line": (
            lambda gate, share: np.inf if gate == 1 else np.ceil((1 - share) / (1 - gate)),
            "Every step takes away as much as the first one",
        ),
        "near 1": (
            lambda gate, share: np.inf if gate == 1 else np.ceil(np.log(share) / (gate - 1)),
            "good near 1 only",
        ),
        "half-life": (by_quotient(lambda g, s: np.ceil(np.log(0.5) / g)), "leaves half"),
        "gate of 1, numpy": (lambda gate, share: np.ceil(np.log(share) / np.log(gate)), "minus infinity"),
        "gate of 1, math": (lambda gate, share: math.ceil(math.log(share) / math.log(gate)), "ZeroDivisionError"),
        "gate of 1 is 0": (lambda gate, share: 0 if gate == 1 else horizon(gate, share), "A gate of 1 loses nothing"),
        "loop": (horizon_by_loop, "A gate of 1 never gets there: a formula needs no loop"),
        "loop but at 1": (
            lambda gate, share: np.inf if gate == 1 else horizon_by_loop(gate, share),
            "takes 6.9e+09 steps: a formula needs no loop",
        ),
        "all infinite from 0.9": (lambda gate, share: np.inf if gate >= 0.9 else horizon(gate, share), "does reach"),
        "infinite near 1": (lambda gate, share: np.inf if gate > 0.999 else horizon(gate, share), "does reach"),
        "a root": (lambda gate, share: share**gate, "This is the root"),
        "a text": (lambda gate, share: f"{horizon(gate, share)} steps", "real numbers"),
        "never": (lambda gate, share: np.inf, "does reach 0.001"),
    },
    "check_horizons": {
        "below": (horizons_below, "compare with <="),
        "step": (horizons_as_steps, "This is the step where it happens"),
        "column": (horizons_with(way=lambda norms, s: norms[s:, s]), "This goes along the columns"),
        "right end": (
            horizons_with(way=lambda norms, s: norms[s, ::-1], start=lambda norms, s: norms[s, s]),
            "The zeros right of the diagonal",
        ),
        "whole row": (
            horizons_with(way=lambda norms, s: norms[s], start=lambda norms, s: norms[s, s]),
            "This starts at step 0",
        ),
        "from 0": (
            horizons_with(way=lambda norms, s: norms[s, : s + 1], start=lambda norms, s: norms[s, s]),
            "This starts at step 0",
        ),
        "last": (horizons_with(pick=lambda low: low[-1]), "This is the last place"),
        "count": (horizons_by_count, "This counts the places"),
        "largest": (horizons_with(start=lambda norms, s: norms[s].max()), "the largest entry of the row"),
        "absolute": (horizons_with(start=lambda norms, s: 1.0), "compared with share itself"),
        "one start": (horizons_with(start=lambda norms, s: norms[-1, -1]), "the start of the last one"),
        "one less": (horizons_with(pick=lambda low: low[0] - 1), "one step too few"),
        "one more": (horizons_with(pick=lambda low: low[0] + 1), "one step too many"),
        "never is 0": (horizons_with(never=lambda s: 0), "has a 0 here"),
        "never is all": (horizons_with(never=lambda s: s), "has its whole way here"),
        "never is more": (horizons_with(never=lambda s: s + 1), "one step more than its way"),
        "never is -1": (horizons_with(never=lambda s: -1), "has -1 here"),
        "never is None": (horizons_with(never=lambda s: None), "has nan or None here"),
        "never is nan": (horizons_with(never=lambda s: np.nan), "has nan or None here"),
        "some missing": (
            lambda norms, share: [n for n in horizons(norms, share) if n < np.inf],
            "Every loss has its number",
        ),
        "takes the first": (lambda norms, share: horizons(norms, share)[-1], "should be an array of shape"),
        "a matrix": (lambda norms, share: norms <= share, "One number for each loss"),
        "searches": (horizons_by_search, "curves that come back"),
        "straight line": (horizons_by_rate, "you look for the first place"),
    },
    "check_bias": {
        "turned": (lambda lost, orders: bisect(lost, orders, turned=True), "It has run to an end"),
        "too few": (lambda lost, orders: bisect(lost, orders, times=4), "More is lost than asked for, so the bias"),
        "from 0": (lambda lost, orders: bisect(lost, orders, low=0.0), "Less is lost than asked for"),
        "up to 1": (lambda lost, orders: bisect(lost, orders, high=1.0), "More is lost than asked for"),
        "formula": (bias_by_formula, "This is the bias for the carry alone"),
        "gate": (lambda lost, orders: 1 / (1 + np.exp(-bisect(lost, orders))), "This is the forget gate"),
        "sign": (lambda lost, orders: -bisect(lost, orders), "The sign is turned"),
        "orders": (lambda lost, orders: lost(bisect(lost, orders)), "This is a number of orders"),
        "a guess": (lambda lost, orders: 0.7, "Nothing has been measured"),
        "grid": (bias_by_grid, "25 are allowed"),
        "very fine grid": (bias_by_very_fine_grid, "lost has been called 500 times"),
        "coarse grid": (bias_by_coarse_grid, "asked for are"),
        "small steps": (bias_by_small_steps, "25 are allowed"),
        "for ever": (bias_for_ever, "lost has been called 500 times, and 25"),
        "both ends": (lambda lost, orders: (-2.0, bisect(lost, orders)), "should be a single number"),
        "a text": (lambda lost, orders: str(bisect(lost, orders)), "real numbers"),
        "not a number": (lambda lost, orders: np.nan, "is nan"),
        "measures None": (lambda lost, orders: lost(None), "raised TypeError"),
    },
}
