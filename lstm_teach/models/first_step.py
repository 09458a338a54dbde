"""What shows at T = 1, where nothing is carried yet.

Imports case, deltas, differences, evidence, layout and relations.
"""

from collections.abc import Iterator

import numpy as np

from lstm_teach.gradreport import listing
from lstm_teach.models.case import gradient, value
from lstm_teach.models.deltas import basis, inside, rank
from lstm_teach.models.differences import Each, measured
from lstm_teach.models.evidence import Evidence
from lstm_teach.models.layout import Piece, lines_of
from lstm_teach.models.relations import relations

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

    # A penalty is wrong, which a further mistake hides with more steps.
    found, explained = relations({1: each}, bad, case.layout)
    replaced = any("replaced" in one.place for one in found)  # or left out beside it
    if explained.issuperset(bad) and {one.family for one in found} <= {"penalty"} and not replaced:
        yield [("penalty", " ".join(one.place for one in found))]

    # Vectors, or one array for a batch, are wrong alone, with more steps the rest too: they are the initial state.
    later = max((other.wrong(case.rest) for other in longer), key=len, default=())
    gates = any(len(pieces) > 2 for n in bad for pieces in case.layout.of(n))
    state = all(each[n].is_vector for n in bad) or (len(bad) == 1 and _for_a_batch(case, bad[0]))
    state = state and not gates and not any(piece.part for piece in case.wrong)
    if len(bad) <= 2 and len(bad) < len(later) and state and not any(case.partners[n] for n in bad):
        an = "If {} are initial states, their" if bad[1:] else "If {} is an initial state, its"
        what = f"{an.format(told)} gradient should be what the first step hands back."
        yield [("start", f"{what} {case.cure()}".strip())]

    # A matrix whose right gradient is a sum of more products than the learner's: one of its places is forgotten.
    c = each[bad[0]]
    if len(bad) == 1 and c.is_matrix and c.full:
        mine, right = rank(c.mine), rank(c.right)
        if right < min(c.mine.shape) and 0 < mine < right == mine + rank(c.away):
            what = f"At T = 1 the right gradient of {bad[0]} is a sum of {right} products of a delta and an input"
            yield [("left out", f"{what}; yours has {mine}, and the rest is missing.")]

    # Nothing at all arrives, and with more steps something does: at all arrays, or not at one that is right.
    if longer and all(not each[n].mine.any() and any(other[n].mine.any() for other in longer) for n in bad):
        what = f"At T = 1 the gradient of {told} is zero; with more steps it is not: what a single step should give is"
        right = {name for name, c in each.items() if not c.wrong and not c.silent}.difference(case.layout.outputs)
        yield [("left out" if right else "steps", f"{what} missing, or is multiplied by something that is zero there.")]


def at_once(case: Evidence, names: list[str]) -> Said:
    """What the gradients of all these are at T = 1, by a relation to the right ones that more steps don't have."""
    found, explained = relations({1: case.each}, names, case.layout)
    own = " With more steps it is no longer one factor: each may have its own, as when the loss's derivative is wrong."
    texts = [(one.family, one.place + own * (one.family == "scale")) for one in found if one.family in _AT_ONCE]
    known = [(family, said if "T = 1" in said else f"At T = 1, {said[0].lower()}{said[1:]}") for family, said in texts]
    return known if explained.issuperset(names) else []


def _for_a_batch(case: Evidence, name: str) -> bool:
    """Whether the effects of two rows on the loss add up, as of the states of two sequences."""
    if name in {*case.layout.tables, *case.layout.outputs, *case.idle} or case.each[name].mine.ndim < 2:
        return False
    one, two = [lines_of(name, 0, (0, 1))], [lines_of(name, 0, (1, 2))]
    none, *each, both = (value(case.with_change(rows, lambda a: a + 0.1)) for rows in ([], one, two, one + two))
    return abs(both + none - sum(each)) <= 100 * case.model.noise < min(abs(moved - none) for moved in each)


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
    zero = f"{case.at(case.bad)} should be exactly zero, and yours is not." if case.silent.issuperset(case.bad) else ""
    if zero and case.ever.issubset(case.bad):
        yield [("line", f"{zero} Nothing else is wrong. Is it multiplied by the state before the step?")]
    inputs_right, odd = case.inputs_right(), odd_sum(case)
    if (not inputs_right or case.layout.tables & set(case.bad)) and (guess := case.guess()):
        yield [("line", " ".join(filter(None, [guess, odd, past(case)])))]
    hint = case.gate_hint()
    more = case.cure() or case.half() or past(case) or case.factor_of_units() or case.own_delta()
    what = " ".join(filter(None, [zero, hint, inputs_right, odd, more]))
    yield [("gate" if not hint and case.is_one_gate() else "formula", what)]


def past(case: Evidence) -> str:
    """In words, an array around which nothing comes back though something should, as through a skip connection."""
    sides = [(case.each[n], 1 - case.axes[n]) for n in case.bad if n in case.axes and case.each[n].is_matrix]
    spans = [(basis(c.mine, side), basis(c.right, side)) for c, side in sides if c.full and c.mine.any()]
    if not any(right.shape[1] < len(right) and inside(mine, right) for mine, right in spans):
        return ""  # zeros elsewhere may make the inputs zero, if these are the wrong ones
    for name in (n for n, c in case.each.items() if n not in case.bad and c.mine.ndim > 1):
        model = case.with_change([Piece(name)])
        slopes = measured(model, [[Piece(n)] for n in (*case.bad, *case.each)])[: len(case.bad)]
        if slopes and all(s.size > 1e-6 for s in slopes) and not any(gradient(model)[n].any() for n in case.bad):
            what = f"With {name} set to zero, your gradient of {listing(case.bad)} is zero, and should not be:"
            back = f"what should come back around {name}, such as through a skip connection or from another output"
            return f"{what} {back}, is missing."
    return ""


def odd_sum(case: Evidence) -> str:
    """In words, what the loss does not depend on, though your gradient says it does: as with a softmax or a norm."""
    for name, c in ((n, case.each[n]) for n in case.bad):
        if not c.full or c.silent or c.mine.size < 3:
            continue
        for axis in range(c.mine.ndim):
            mine, right = (np.linalg.norm(side.sum(axis=axis)) for side in (c.mine, c.right))
            if right <= 1e-8 * np.linalg.norm(c.right) and mine > 1e-3 * np.linalg.norm(c.mine):
                along = f" along each {('column', 'row')[axis]}" if c.is_matrix else ""
                what = f"{case.at([name])} has to sum to zero{along}, as with a softmax or before a layer norm"
                return f"{what}, and yours does not."
        own = case.model.params[name]
        mine, right = (abs(np.vdot(side, own)) / max(np.linalg.norm(side), 1e-300) for side in (c.mine, c.right))
        if 100 * right < min(0.1 * np.linalg.norm(own), mine):
            scaled = (case.with_change([Piece(name)], lambda a, by=by: by * a) for by in (-1, 2, 3))
            turned, *longer = (abs(value(model) - value(case.model)) for model in scaled)
            if max(longer) < 1e-3 * turned:
                what = f"The loss hardly changes when {name} is scaled, as before a layer norm or a batch norm"
                return f"{what}, but your gradient says it does."
    return ""


def excess(each: Each, names: list[str]) -> float:
    """The cosine of these gradients and of what is too much in them."""
    last = each.pooled(names)
    mine, right = last.mine[last.tried], last.right[last.tried]
    return float(np.vdot(mine - right, mine) / (np.linalg.norm(mine - right) * np.linalg.norm(mine)))
