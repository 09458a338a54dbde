"""From the errors of a gradient to the kinds of mistake that make such errors, the surest first.

Relations come first, then experiments: with which weights set to zero, made symmetric or scaled does the error go away?
Imports differences, evidence, families, layout and relations.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lstm_teach.gradreport import listing
from lstm_teach.models.differences import Model, Piece, Seen, changed, compare, gradient, reference
from lstm_teach.models.evidence import Evidence, basis, inside, measured, outputs, rank, with_zeros, wrong_of
from lstm_teach.models.families import ModelFinding, finding
from lstm_teach.models.layout import Layout
from lstm_teach.models.relations import bounded, common_factor, fraction, pooled, ratio, relations

Take = Callable[[int], Model]
Said = list[tuple[str, str]]  # families, each with how one can see it


def explain(seen: Seen, models: dict[int, Model], take: Take) -> tuple[list[ModelFinding], list[str]]:
    """Findings, the surest first, and notes, for a gradient that is wrong at some length.

    `take(T)` makes the model of another length.
    """
    names = list(next(iter(seen.values())))
    wrong = [name for name in names if any(each[name].wrong for each in seen.values())]
    right = [name for name in names if name not in wrong]
    notes = [f"Right at every length tried, so ruled out: {listing(right)}."] if right else []
    notes += _zero_start(seen)
    unseen = [name for name in wrong if all(each[name].elsewhere or not each[name].wrong for each in seen.values())]
    apart = [finding("not compared", f"{listing(unseen)}: random directions in it disagree.")] if unseen else []
    wrong = [name for name in wrong if name not in unseen]
    if not wrong:
        return apart, notes
    errors = {name: max(each[name].error for each in seen.values()) for name in wrong}
    if max(errors.values()) < 1e-5:
        worst = max(errors, key=errors.get)
        where = f"The largest error is {errors[worst]:.0e}, in {worst}."
        return [finding("precision", where, "A mistake in a formula leaves more, double precision less.")], notes

    alike, of_all = common_factor(seen)
    if of_all and set(wrong) <= set(alike):
        return [of_all], notes
    if of_all:
        models = {T: replace(model, alike=tuple(alike)) for T, model in models.items()}
        divided = {T: compare(model) for T, model in models.items()}
        found, more = explain(divided, models, lambda T: replace(take(T), alike=tuple(alike)))
        told = f"{of_all.evidence} All arrays seem to have it; what is found next was found after dividing by it."
        return [replace(of_all, evidence=told.strip()), *found], [note for note in more if "ruled out" not in note]
    found = [] if unseen else bounded({T: pooled(each) for T, each in seen.items()}, "the gradient")
    if found:
        return found, notes
    longest = models[max(models)]
    found, explained = relations(seen, models, wrong, Layout(longest.shapes, outputs(longest)))
    rest = [name for name in wrong if name not in explained]
    others = _experiments(seen, models, take, rest) if rest else []
    families = {one.family for one in found}
    # what is wrong with a delta comes before what is wrong with a sum
    first = ("scale" in families and len(explained) > 1) or (bool(explained) and "gate rows" in families)
    return (found + others if first else others + found) + apart, notes


def _zero_start(seen: Seen) -> list[str]:
    """What a state of zero at the start keeps from being seen at T = 1."""
    silent = [name for name, c in seen[1].items() if c.silent] if 1 in seen else []
    silent = [name for name in silent if not all(each[name].silent for each in seen.values())]
    what = f"At T = 1 the gradient of {listing(silent)} has to be zero" if silent else ""
    return [f"{what} (does a state start at zero?), so T = 1 says little."] if silent else []


def _experiments(seen: Seen, models: dict[int, Model], take: Take, rest: list[str]) -> list[ModelFinding]:
    """What the arrays that no relation explains have in common."""
    lengths = list(seen)
    first = next(T for T in lengths if wrong_of(seen[T], rest))
    before = max((T for T in lengths if first > T), default=None)
    if before is not None and first > before + 1:
        high = first
        while high > before + 1:  # the first length that is wrong, and the one before it
            middle = (before + high) // 2
            models[middle] = take(middle)
            off = measured(models[middle], models[middle].params, [[Piece(name) for name in rest]])
            before, high = (before, middle) if off and off[0][1] > 0 and off[0][0] > 1e-7 else (middle, high)
        first = high
        seen = dict(sorted({**seen, first: compare(models[first])}.items()))
    for T, each in seen.items():
        if max(first, 2) >= T and (before or 1) == 1 and not all(c.tried.all() for c in each.values()):
            seen = {**seen, T: compare(models[T], effort=6.0)}
    case = Evidence(seen, models[first], rest, first, before)
    order = _AT_ONE_STEP if first == 1 else _WITH_MORE_STEPS
    said = next(said for hypothesis in order if (said := hypothesis(case, take)))
    exact = {name: k for name in case.bad if (k := ratio(case.each[name])) and "." not in fraction(k)}
    told = [f"At T = {first} the gradient of {n} is {fraction(k)} times the right one." for n, k in exact.items()]
    said[0] = said[0][0], " ".join(filter(None, [said[0][1], *told]))
    return [finding(family, case.place, what) for family, what in said]


# ------------------------------------------------------------------------------------------------ at whatever length


def _switch(case: Evidence, take: Take) -> Said:
    """Does the error vanish at once, not by and by, when the deltas are made smaller by way of another array?"""
    start = case.off(case.model.params)
    for name in [n for n, c in case.each.items() if n not in case.bad and c.mine.ndim > 1]:
        last = start
        for scale in (0.5, 0.2, 0.1, 0.03, 0.01, 0.003):
            off = case.off(changed(case.model.params, name, functools.partial(np.multiply, scale)))
            if off is None or last is None:
                break
            if off < 1e-6 and last > 1e4 * off and last > 1e-4:
                what = f"With {name} scaled by {scale:g}, so that the deltas are smaller, all is exactly right."
                return [("clipping", what)]
            last = off
    return []


def _transposed(case: Evidence, take: Take) -> Said:
    """Does the error vanish when a square matrix, or the square blocks of one, are symmetric?"""

    def symmetric(block: np.ndarray) -> np.ndarray:
        return (block + block.T) / 2

    for every in case.layout.squares():
        if case.cures(every, symmetric):
            told = case.layout.told(case.layout.together(case.least(every, symmetric)))
            return [("transpose", f"With {told} made symmetric, so equal to the transpose, all is right.")]
    return []


def _cured(case: Evidence, take: Take) -> Said:
    """What cures it when it is zero is what the mistake is on the way through."""
    for pieces in case.cuts():
        if case.cures(pieces):
            if len(pieces) > 1:
                pieces = case.least(pieces)
            elif not pieces[0].part:
                pieces = next(([b] for b in case.layout.blocks(pieces[0].name) if case.cures([b])), pieces)
            told = case.layout.told(pieces)
            what = f"With {told} set to zero all is right: the mistake is on the way back through {told}."
            return [("carry", what)]
    return []


# --------------------------------------------------------------------------------------------- wrong with one step


def _at_the_first_step(case: Evidence, take: Take) -> Said:
    """Numbers that have to be zero at T = 1 and are not, with more steps one product too many: a wrong first step."""
    more = next((each for T, each in case.seen.items() if T > 1), None)
    matrices = []
    for name in case.bad if more else ():
        one, two = case.each[name], more[name]
        if not (one.tried.all() and two.tried.all()) or (np.abs(one.right) > 4 * one.blur)[one.away != 0].any():
            return []
        if one.mine.ndim == 2:
            matrices.append(one.away)
            if not rank(two.away) <= rank(one.away) < min(one.shape):
                return []  # more than one step is wrong, or it can't be told
    if not matrices:
        return []
    # What the output is multiplied with at T = 1 is the state after the last step.
    rights = [case.each[name].right for name in case.layout.outputs]
    states = [basis(right.reshape(len(right), -1), axis) for right in rights for axis in range(min(right.ndim, 2))]

    def wraps(away: np.ndarray) -> bool:
        sides = (basis(away, axis)[away.any(axis=1 - axis)] for axis in (0, 1))
        return any(len(s) == len(side) > s.shape[1] and inside(side, s) for side in sides for s in states)

    what = f"At T = 1 the right gradient of {listing(case.bad)} is exactly zero where yours is wrong."
    if all(map(wraps, matrices)):
        wrapped = "It is multiplied with the state after the last step, so an index of -1 has wrapped around."
        return [("first step", f"{what} {wrapped}")]
    one_gate = len(case.labels()) == 1 or case.layout.is_one_gate(map(Piece, case.bad))
    return [("first step", what)] if len(case.bad) > 1 and one_gate else []  # else it need not be a state that is zero


def _handed_to_the_start(case: Evidence, take: Take) -> Said:
    """At T = 1 vectors alone are wrong, with more steps the rest too: they are the initial state."""
    bad = case.bad
    vectors = all(case.each[name].mine.size == max(case.each[name].shape, default=1) for name in bad)
    if not vectors or len(bad) > 2 or len(case.later) <= len(bad) or any(case.shared.partners[n] for n in bad):
        return []
    what = f"{listing(bad)} gets what the first step hands back; with more steps {listing(case.later)} are wrong."
    return [("carry", " ".join([what, *(evidence for _, evidence in _cured(case, take))]))]


def _misplaced(case: Evidence, take: Take) -> Said:
    """Deltas in the wrong place: with one step the gradients that they make are right ones, elsewhere."""
    found, explained = relations({1: case.each}, {1: case.model}, case.bad, case.layout)
    places = [one.place for one in found if one.family == "gate rows" and "Your gradients" not in one.place]
    deltas = any(case.each[name].mine.ndim > 1 for name in explained)
    return [("gate rows", place) for place in places if deltas]


def _several_products(case: Evidence, take: Take) -> Said:
    """A matrix whose right gradient is a sum of more products than the learner's: one of its places is forgotten."""
    name = case.bad[0]
    c = case.each[name]
    if len(case.bad) > 1 or c.mine.ndim != 2 or not c.tried.all() or not c.mine.any():
        return []
    lines = {axis: np.flatnonzero(c.away.any(axis=1 - axis)) for axis in (0, 1)}  # the rows and columns that are off
    axis = next((axis for axis in lines if len(lines[axis]) == 1), None)
    where = "" if axis is None else f"{('row', 'column')[axis]} {lines[axis][0]}"
    mine, right = rank(c.mine), rank(c.right)
    if right < min(c.shape) and 0 < mine < right == mine + rank(c.away):
        what = (
            f"At T = 1 the right gradient of {name} is a sum of {right} products of a delta and an input, yours of "
            f"{mine}; the rest is missing."
        )
        return [("left out", what + (f" All of it belongs into {where}." if where else ""))]
    if where:
        others = basis(np.delete(c.mine, lines[axis], axis), 1 - axis)
        lost, put = (basis(np.take(matrix, lines[axis], axis), 1 - axis) for matrix in (c.away, c.mine))
        if 0 < others.shape[1] < len(others) and inside(lost, others) and not inside(put, others):
            what = f"Only {where} is wrong: it lacks the product that all others have, as if another had replaced it."
            return [("summing", what)]
    return []


def _silent_at_first(case: Evidence, take: Take) -> Said:
    """Nothing at all arrives with one step, and something does with more."""
    later = [each for T, each in case.seen.items() if T > 1]
    late = later and all(each[name].mine.any() for each in later for name in case.bad)
    if case.shared.silent or not late or any(case.each[name].mine.any() for name in case.bad):
        return []
    what = f"At T = 1 the gradient of {listing(case.bad)} is zero, with more it is not: the last step gets nothing."
    return [("steps", what)]


def _loss_itself(case: Evidence) -> list[str]:
    """The output weights whose gradient is wrong where they are zero, so that nothing goes back beyond them."""
    bad = [Piece(name) for name in case.bad if name in case.layout.outputs]
    return [piece.name for piece in bad if case.still_wrong([piece], [piece])]


def _within_a_step(case: Evidence, take: Take) -> Said:
    """What is said of the deltas and the inputs by the gradients that they make."""
    bad, shared, at_output = case.bad, case.shared, case.layout.outputs
    factors = {name: shared.factors(name) for name in bad}
    if all(pair == (True, False) for pair in factors.values()):
        what = f"At this length the deltas in the gradient of {listing(bad)} point the right way"
        return [("product", f"{what}, and the inputs do not.")]
    if proof := shared.proof(bad, [name for name in case.each if name not in bad and name not in shared.silent]):
        return [("product", proof)]
    proved = [name for name, pair in factors.items() if pair == (False, True)]
    space = f"In the gradient of {listing(proved)} the inputs are right, and the delta is not." if proved else ""
    if set(bad) >= set(case.each) - shared.silent and len(case.each) > 1:
        wrong = _loss_itself(case)
        if any(factors[name] == (False, False) for name in wrong):
            return [("forward", f"Every array is wrong, and in {listing(wrong)} both the delta and the input are.")]
        if wrong:
            what = f"Every array is wrong, {listing(wrong)} too where nothing goes back beyond it, at zero. {space}"
            other = f"The input of {listing(wrong)} can't be told from the delta; if it is wrong, it is this."
            unknown = all(factors[name] == (None, None) for name in wrong)
            return [("loss", what.strip()), *([("forward", other)] if unknown else [])]
        if at_output or not case.blocks:
            other = "No array is known to be the one at the output, so the derivative of the loss itself may be wrong."
            said = [("formula", f"Every array is wrong. {space}".strip())]
            return said if at_output else [*said, ("loss", other)]
    if not proved and (guess := shared.guess(bad, shared.silent)):
        other = f"Or the delta is wrong, if nothing but {listing(bad)} gets it."
        return [("product", guess), *([("gate", other)] if set(bad) - set(at_output) else [])]
    if hint := case.gate_hint():
        return [("formula", hint)]
    twins = {c.shape for name, c in case.each.items() if name not in bad}
    one = shared.one_delta(bad) and all(case.each[name].shape in twins for name in bad)
    one = one or len(case.labels()) == 1 or case.layout.is_one_gate(map(Piece, bad))
    return [("gate" if one else "formula", space)]


_AT_ONE_STEP = (
    _switch,
    _transposed,
    _at_the_first_step,
    _handed_to_the_start,
    _misplaced,
    _several_products,
    _silent_at_first,
    _within_a_step,
)


# ------------------------------------------------------------------------------------------- right with one step


def _told_by_others(case: Evidence, take: Take) -> Said:
    """The deltas are right, since they point the right way or make other gradients that are right."""
    bad, shared = case.bad, case.shared
    if case.before == 1 and len(bad) == 1 and case.is_mute(Piece(bad[0])) and shared.factors(bad[0]) == (True, False):
        what = f"At T = {case.first} the deltas in the gradient of {bad[0]} point the right way, the inputs do not."
        return [("product", what)]  # the first length that shows it, so what is said of T = 1 can be said here
    right = [name for name in case.each if not any(each[name].wrong for each in case.seen.values())]
    proof = shared.proof(bad, [name for name in right if case.first < max(case.seen) or name not in shared.silent])
    return [("summing", proof)] if proof else []


def _over_many_steps(case: Evidence, take: Take) -> Said:
    """Right for two steps or more: the walk is cut off, or something piles up, which shows from the third step on."""
    if (case.before or 1) == 1:
        return []
    if case.before == 2:
        length = 20
        last = pooled(compare(take(length)), case.bad)
        mine, right = last.mine[last.tried], last.right[last.tried]
        # What is cut off is missing, and has little to do with what is left; what piles up makes most of the sum.
        alike = np.vdot(mine - right, mine) / (np.linalg.norm(mine - right) * np.linalg.norm(mine))
        if alike > 0.4:
            most = f"most of the gradient of {listing(case.bad)} is what is too much (cosine {alike:.2f})"
            return [("accumulation", f"At T = {length} {most}.")]
    # A walk that ends lacks the first step in every array that gets anything of it.
    outputs = case.layout.outputs
    right = [name for name, c in case.each.items() if name not in [*case.bad, *outputs] and c.mine.ndim > 1]
    told = [name for name in right if 1 not in case.seen or not case.seen[1][name].silent]
    if (told and outputs) or case.blocks:
        return []
    return [("truncation", f"It is as if the walk ended after {case.before} steps.")]


def _tries_zeros(case: Evidence) -> bool:
    """One array alone is wrong where the deltas are right, as a rule; zeros elsewhere would hide what it is made of."""
    return len(case.bad) > 1 or len(case.each) < 3


def _way_back(case: Evidence, take: Take) -> Said:
    return _cured(case, take) if _tries_zeros(case) else []


def _own_delta(case: Evidence, take: Take) -> Said:
    """Wrong with more steps only, on no way through a matrix: the cell, a gate that was silent at T = 1, the loss."""
    alone = len(case.bad) == 1 and case.first < max(case.seen)
    guess = case.shared.guess(case.bad, set() if alone else case.shared.silent)
    said = _at_the_output(case) or _one_gate(case) or _wrong_steps(case)
    if not said and (_tries_zeros(case) or not guess):
        said = _beside_the_matrices(case)
    return [("summing", guess), *said] if guess else said


def _at_the_output(case: Evidence) -> Said:
    wrong = _loss_itself(case) if len(case.bad) > 1 else []
    what = f"With {listing(wrong)} set to zero nothing goes back beyond it" if wrong else ""
    return [("loss", f"{what}, and its own gradient is still wrong.")] if wrong else []


def _one_gate(case: Evidence) -> Said:
    for cut in case.on_the_state():
        blocks = [block for name in case.bad for block in case.layout.blocks(name)]
        for pieces in (blocks, [Piece(name) for name in case.bad]):
            wrong = case.still_wrong(cut, pieces) if pieces else []
            labels = {piece.label for piece in wrong}
            one = case.layout.is_one_gate(wrong) if labels == {""} else len(labels) == 1
            if 0 < len(wrong) < len(pieces) and one:
                what = f"With {case.layout.told(cut)} set to zero, so that nothing spreads"
                return [("gate", f"{what}, only {case.layout.told(wrong)} stay wrong.")]
    hint = case.gate_hint() if case.before else ""
    return [("carry", hint)] if hint else []


def _wrong_steps(case: Evidence) -> Said:
    """With two steps and a batch of one: which of the two has a wrong delta? The last is handed nothing."""
    if case.first != 2 or not {1, 2} <= set(case.seen):
        return []
    one, two = case.seen[1], case.seen[2]
    matrices = [n for n, c in one.items() if c.mine.ndim == 2 and c.tried.all() and min(c.shape) > 1]
    bad = [name for name in case.bad if name in matrices and not one[name].silent]
    single = [name for name in bad if name not in case.layout.outputs]
    mute = any(block.of(one).silent for name in bad for block in case.layout.blocks(name))  # that gate may be wrong
    if mute or not single or any(rank(one[name].right) != 1 for name in single):
        return []
    if any(rank(two[name].mine - two[name].right) == 2 == rank(two[name].right) for name in single):
        what = "At T = 2 the delta of the last step is wrong too, to which nothing is handed; at T = 1 it is right."
        return [("steps", what)]
    for cut in case.on_the_state():
        model = case.model.at(with_zeros(case.model, cut))
        mine = gradient(model)
        right = {name: reference(model, name, mine[name], mine[name].size)[0] for name in matrices}
        read = [name for name in matrices if name not in bad and rank(right[name]) == 2]
        silent = [name for name in single if rank(mine[name]) == 1 < rank(right[name])]
        if read and silent:
            what = (
                f"With {case.layout.told(cut)} set to zero, so that nothing spreads, one of the two steps gives "
                f"nothing at all to {listing(silent)}, though {listing(read)} gets something of both."
            )
            return [("steps", what)]
    return []


def _beside_the_matrices(case: Evidence) -> Said:
    what = (
        "No array set to zero cures it, so it is not on the way back through one alone. " if _tries_zeros(case) else ""
    )
    what += "It may be on the way from cell to cell, or straight from h to h"
    what += "; or within one step, since T = 1 was not compared" if case.before is None else ""
    cell = "The way from cell to cell would leave the output gate's gradient right at T = 2, and no gate's is."
    said = [("steps", cell)] if case.first == 2 and len(case.bad) > 1 and case.is_whole() else []
    return [*said, ("carry", f"{what}.")]


_WITH_MORE_STEPS = (_switch, _transposed, _told_by_others, _over_many_steps, _way_back, _own_delta)
