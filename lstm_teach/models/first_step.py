"""What shows at T = 1, where nothing is carried yet.

Imports case, deltas, differences, evidence, layout and relations.
"""

from collections.abc import Iterator

import numpy as np

from lstm_teach.gradreport import listing
from lstm_teach.models.case import elsewhere, value
from lstm_teach.models.deltas import basis, inside, rank
from lstm_teach.models.differences import Each
from lstm_teach.models.evidence import Evidence
from lstm_teach.models.layout import Piece, lines_of
from lstm_teach.models.relations import ratio, relations

Said = list[tuple[str, str]]  # families, each with how one can see it
EITHER = 0.4  # the cosine of a gradient and what is too much in it, from where on it is likely that something piles up
_AT_ONCE = {"gate rows", "scale", "sign", "transpose", "order", "axis"}  # relations that tell something at T = 1 alone


def at_one_step(case: Evidence) -> Iterator[Said]:
    """What shows where nothing is carried yet."""
    bad, each, told = case.bad, case.each, listing(case.bad)
    if explained := at_once(case, bad):
        yield explained
    longer = [other for T, other in case.seen.items() if T > 1]
    yield from _wrong_start(case, longer[0]) if longer else ()

    # Vectors, or one array for a batch, are wrong alone, with more steps the rest too: they are the initial state.
    later = max((other.wrong(case.rest) for other in longer), key=len, default=())
    state = all(each[n].is_vector for n in bad) or (len(bad) == 1 and _for_a_batch(case, bad[0]))
    gates = any(len(pieces) > 2 for n in bad for pieces in case.layout.of(n))
    state = state and not gates and not any(piece.part for piece in case.wrong)
    if len(bad) <= 2 and len(bad) < len(later) and state and not any(case.partners[n] for n in bad):
        an = "If {} are initial states, their" if bad[1:] else "If {} is an initial state, its"
        what = f"{an.format(told)} gradient should be what the first step hands back."
        yield [("start", f"{what} {case.cure()}".strip())]

    # A penalty is wrong, which a further mistake hides with more steps.
    idle = [n for n in bad if n in case.idle and ratio(each[n])]
    busy = [n for n in bad if n not in idle]
    found, explained = relations({1: each}, busy, case.layout)
    replaced = any("replaced" in one.place for one in found)  # or left out beside it
    if explained.issuperset(busy) and {one.family for one in found} <= {"penalty"} and not replaced:
        multiples = "is a multiple of the weights and nothing else, and yours is a different multiple."
        alone = [f"At T = 1 the gradient of {listing(idle)} {multiples}"] if idle else []
        yield [("penalty", " ".join([*(one.place for one in found), *alone]))]

    # A matrix whose right gradient is a sum of more products than the learner's: one of its places is forgotten.
    c = each[bad[0]]
    if len(bad) == 1 and c.is_matrix and c.full:
        mine, right = rank(c.mine), rank(c.right)
        if right < min(c.mine.shape) and 0 < mine < right == mine + rank(c.away):
            what = f"At T = 1 the right gradient of {bad[0]} is a sum of {right} products of a delta and an input"
            yield [("left out", f"{what}; yours has {mine}, and the rest is missing.")]

    # Nothing at all arrives, and with more steps something does: at all arrays, or at one whose delta is right.
    missing = all(not each[n].mine.any() and any(other[n].mine.any() for other in longer) for n in bad)
    # With more steps no more products are missing; and what is missing has little to do with what is left.
    whole = set(bad) >= case.each.keys() - case.silent
    ends = () if whole else set(bad).intersection(case.layout.outputs) or bad  # to the outputs nothing is carried
    known = [(each[n], other[n]) for other in longer for n in ends if each[n].is_matrix and other[n].full]
    missing = missing and all(rank(other.away) <= rank(one.right) for one, other in known)
    if missing and excess(longer[-1], bad) < EITHER:
        what = f"At T = 1 the gradient of {told} is zero; with more steps it is not: what one step adds is missing"
        or_ = "" if known or not case.silent else ", or it is multiplied by the state before that step, which is zero"
        right = {name for name, c in each.items() if not c.wrong and not c.silent}
        inner = right.difference(case.layout.outputs)
        if not inner or case.alone or all(case.partners[name] & right for name in bad):
            yield [("left out" if inner else "steps", f"{what}{or_}.")]


def at_once(case: Evidence, names: list[str]) -> Said:
    """What the gradients of all these are at T = 1, by a relation to the right ones that more steps don't have."""
    found, explained = relations({1: case.each}, names, case.layout)
    own = " With more steps it is no longer one factor: each may have its own, as when the loss's derivative is wrong."
    texts = [(one.family, one.place + own * (one.family == "scale")) for one in found if one.family in _AT_ONCE]
    known = [(family, said if "T = 1" in said else f"At T = 1, {said[0].lower()}{said[1:]}") for family, said in texts]
    return known if explained.issuperset(names) else []


def _for_a_batch(case: Evidence, name: str) -> bool:
    """Whether an array may hold the states at the start of a batch, a row or a column for each sequence.

    Then its gradient is no sum of few products, and on the loss the effects of two of these lines add up: none acts on
    another sequence.
    """
    c, model, own = case.each[name], case.model, case.model.params[name]
    if c.mine.ndim < 2 or not c.full or name in {*case.layout.tables, *case.layout.outputs, *case.idle}:
        return False
    rows = c.right.reshape(len(c.right), -1)

    def moved(*lines: Piece) -> float:
        return value(elsewhere(model, ((name, line.where, own[line.where] + 0.1) for line in lines)))

    def apart(axis: int) -> bool:
        one, other = (lines_of(name, axis, (k, k + 1)) for k in (0, 1))
        effects = moved(one) - moved(), moved(other) - moved()
        both = moved(one, other) - moved()
        return abs(both - sum(effects)) <= 100 * model.noise < min(map(abs, effects))

    return rank(rows) == min(rows.shape) and any(apart(axis) for axis, n in enumerate(own.shape) if n > 1)


def _wrong_start(case: Evidence, more: Each) -> Iterator[Said]:
    """Are numbers wrong that have to be zero at T = 1, with more steps by no further product? What of the state?"""
    pairs = [(case.each[name], more[name]) for name in case.bad]
    matrices = {name: (one.away, two.away) for name, (one, two) in zip(case.bad, pairs, strict=True) if one.is_matrix}
    known = matrices and all(one.full and two.full and not one.away[one.loud].any() for one, two in pairs)
    if not known or not all(rank(two) <= rank(one) < min(one.shape) for one, two in matrices.values()):
        return
    # At T = 1 the output is multiplied with the state after the last step; if it is not known which matrix that is, but
    # which side of the wrong one has its delta, then what any right matrix with other deltas is multiplied with.
    others = {n: c for n, c in case.each.items() if c.is_matrix and not c.wrong and not c.silent}

    def wraps(name: str, away: np.ndarray) -> bool:
        axis = case.axes.get(name) if not case.layout.outputs else None
        known = others.keys() - case.partners[name] if axis is not None else case.layout.outputs
        rights = [case.each[n].right for n in known]
        states = [basis(right.reshape(len(right), -1), way) for right in rights for way in range(min(right.ndim, 2))]
        ways = (0, 1) if axis is None else (1 - axis,)
        sides = (basis(away, way)[away.any(axis=1 - way)] for way in ways)
        return any(len(s) == len(side) > s.shape[1] and inside(side, s) for side in sides for s in states)

    what = f"At T = 1 the right gradient of {listing(case.bad)} is exactly zero where yours is wrong."
    if all(wraps(name, away) for name, (away, _) in matrices.items()):
        state = "It is multiplied by the state after the last step: an index of -1 has wrapped around, or the first"
        state += " state is overwritten by the last."
        yield [("first step", f"{what} {state}")]
    elif len(case.bad) > 1 and case.is_one_gate():  # else it need not be a state
        yield [("first step", what)]


def within_a_step(case: Evidence) -> Iterator[Said]:
    """What is left with one step."""
    if case.silent.issuperset(case.bad) and case.ever.issubset(case.bad):
        what = f"{case.at(case.bad)} should be exactly zero, and yours is not. Nothing else is wrong."
        yield [("line", f"{what} Is it multiplied by the state before the step?")]
    inputs_right = case.inputs_right()
    if (not inputs_right or case.layout.tables & set(case.bad)) and (guess := case.guess()):
        yield [("line", guess)]
    hint = case.gate_hint()
    what = " ".join(filter(None, [hint, inputs_right, case.factor_of_units() or case.cure() or case.half()]))
    yield [("gate" if not hint and case.is_one_gate() else "formula", what)]


def excess(each: Each, names: list[str]) -> float:
    """The cosine of these gradients and of what is too much in them."""
    last = each.pooled(names)
    mine, right = last.mine[last.tried], last.right[last.tried]
    return float(np.vdot(mine - right, mine) / (np.linalg.norm(mine - right) * np.linalg.norm(mine)))
