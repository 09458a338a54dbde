"""From the errors of a gradient to the kinds of mistake that make such errors, the surest first.

Relations come first, then experiments: with which weights set to zero, made symmetric or scaled does the error go away?
Imports differences, evidence, families, layout and relations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lstm_teach.gradreport import listing
from lstm_teach.models.differences import Model, Seen, compare, gradient, measured, reference, rescaled
from lstm_teach.models.evidence import Evidence, basis, inside, is_matrix, outputs, rank
from lstm_teach.models.families import ModelFinding, finding
from lstm_teach.models.layout import Layout, Piece
from lstm_teach.models.relations import bounded, common_factor, fraction, part_of, pooled, ratio, relations, wrong_of

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
    mute = [name for name in names if 1 in seen and seen[1][name].silent]
    mute = [name for name in mute if not all(each[name].silent for each in seen.values())]
    if mute:  # a state of zero at the start keeps it from being seen
        what = f"At T = 1 the gradient of {listing(mute)} has to be zero"
        notes.append(f"{what} (does a state start at zero?), so T = 1 says little.")
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
        models = {T: rescaled(model, alike) for T, model in models.items()}
        divided = {T: compare(model) for T, model in models.items()}
        found, more = explain(divided, models, lambda T: rescaled(take(T), alike))
        told = f"{of_all.evidence} All arrays seem to have it; what is found next was found after dividing by it."
        return [replace(of_all, evidence=told.strip()), *found], [note for note in more if "ruled out" not in note]
    found = [] if unseen else bounded({T: pooled(each) for T, each in seen.items()}, "the gradient")
    if found:
        return found, notes
    longest = models[max(models)]
    layout = Layout(longest.shapes, outputs(longest))
    found, explained = relations(seen, models, wrong, layout)
    rest = [name for name in wrong if name not in explained]
    others = _experiments(seen, models, take, rest, layout) if rest else []
    families = {one.family for one in found}
    # what is wrong with a delta comes before what is wrong with a sum
    first = ("scale" in families and len(explained) > 1) or (bool(explained) and "gate rows" in families)
    return (found + others if first else others + found) + apart, notes


def _experiments(
    seen: Seen, models: dict[int, Model], take: Take, rest: list[str], layout: Layout
) -> list[ModelFinding]:
    """What the arrays that no relation explains have in common."""
    first = next(T for T in seen if wrong_of(seen[T], rest))
    before = max((T for T in seen if first > T), default=None)
    while before is not None and first > before + 1:  # the first length that is wrong, and the one before it
        middle = (before + first) // 2
        models[middle] = take(middle)
        off = measured(models[middle], models[middle].params, [[(name, ()) for name in rest]])
        before, first = (before, middle) if off and off[0][1] > 0 and off[0][0] > 1e-7 else (middle, first)
    if first not in seen:
        seen = dict(sorted({**seen, first: compare(models[first])}.items()))
    for T, each in seen.items():
        if max(first, 2) >= T and (before or 1) == 1 and not all(c.tried.all() for c in each.values()):
            seen = {**seen, T: compare(replace(models[T], seconds=6 * models[T].seconds))}
    case = Evidence(seen, models[first], take, rest, layout, first, before)
    hypotheses = _AT_ONE_STEP if first == 1 else _WITH_MORE_STEPS
    said = next(said for hypothesis in hypotheses if (said := hypothesis(case)))
    exact = {name: k for name in case.bad if (k := ratio(case.each[name])) and "." not in fraction(k)}
    told = [f"At T = {first} the gradient of {n} is {fraction(k)} times the right one." for n, k in exact.items()]
    said[0] = said[0][0], " ".join(filter(None, [said[0][1], *told]))
    return [finding(family, case.place(), what) for family, what in said]


# Hypotheses: each says nothing, or which family it is and how one can see it. By "all" they mean the arrays that are
# wrong at the shortest length that is.


def _switch(case: Evidence) -> Said:
    """Does the error vanish at once, not by and by, when the deltas are made smaller by way of another array?"""
    start = case.off([])
    for name in [n for n, c in case.each.items() if n not in case.bad and c.mine.ndim > 1]:
        last = start
        for scale in (0.5, 0.2, 0.1, 0.03, 0.01, 0.003):
            off = case.off([Piece(name)], lambda array, scale=scale: scale * array)
            if off is None or last is None:
                break
            if off < 1e-6 and last > 1e4 * off and last > 1e-4:
                what = f"With {name} scaled by {scale:g}, so that the deltas are smaller, all is exactly right."
                return [("clipping", what)]
            last = off
    return []


def _transposed(case: Evidence) -> Said:
    """Does the error vanish when a square matrix, or the square blocks of one, are symmetric?"""

    def symmetric(block: np.ndarray) -> np.ndarray:
        return (block + block.T) / 2

    for pieces in case.layout.on_the_state():
        blocks = [block for piece in pieces for block in case.layout.squares(piece)]
        if case.cures(blocks, symmetric):
            needed = case.least(blocks, symmetric)
            for piece in pieces:  # all squares of a part are that part
                own = case.layout.squares(piece)
                if set(own) <= set(needed):
                    needed = [piece if block == own[0] else block for block in needed if block not in own[1:]]
            told = case.layout.told(needed)
            return [("transpose", f"With {told} made symmetric, so equal to the transpose, all is right.")]
    return []


def _at_the_first_step(case: Evidence) -> Said:
    """Numbers that have to be zero at T = 1 and are not, with more steps one product too many: a wrong first step."""
    more = next((each for T, each in case.seen.items() if T > 1), None)
    matrices = []
    for name in case.bad if more else ():
        one, two = case.each[name], more[name]
        if not (one.tried.all() and two.tried.all()) or (np.abs(one.right) > 4 * one.blur)[one.away != 0].any():
            return []
        if one.mine.ndim == 2:
            matrices.append(one.away)
            if not rank(two.away) <= rank(one.away) < min(one.mine.shape):
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
    return [("first step", what)] if len(case.bad) > 1 and case.is_one_gate() else []  # else it need not be a state


def _handed_to_the_start(case: Evidence) -> Said:
    """At T = 1 vectors alone are wrong, with more steps the rest too: they are the initial state."""
    bad, later = case.bad, next((wrong_of(each, case.rest) for T, each in case.seen.items() if T > 1), case.bad)
    vectors = all(case.each[name].mine.size == max(case.each[name].mine.shape, default=1) for name in bad)
    if not vectors or len(bad) > 2 or len(later) <= len(bad) or any(case.partners[name] for name in bad):
        return []
    what = f"{listing(bad)} gets what the first step hands back; with more steps {listing(later)} are wrong."
    return [("carry", f"{what} {case.cure()}".strip())]


def _misplaced(case: Evidence) -> Said:
    """Deltas in the wrong place: with one step the gradients that they make are right ones, elsewhere."""
    found, explained = relations({1: case.each}, {1: case.model}, case.bad, case.layout)
    places = [one.place for one in found if one.family == "gate rows" and "Your gradients" not in one.place]
    deltas = any(case.each[name].mine.ndim > 1 for name in explained)
    return [("gate rows", place) for place in places if deltas]


def _several_products(case: Evidence) -> Said:
    """A matrix whose right gradient is a sum of more products than the learner's: one of its places is forgotten."""
    c = case.each[case.bad[0]]
    if len(case.bad) > 1 or not is_matrix(c.mine) or not c.tried.all():
        return []
    mine, right = rank(c.mine), rank(c.right)
    if not (right < min(c.mine.shape) and 0 < mine < right == mine + rank(c.away)):
        return []
    lines = [(line, np.flatnonzero(c.away.any(axis=1 - axis))) for axis, line in enumerate(("row", "column"))]
    where = next((f" All of it belongs into {line} {at[0]}." for line, at in lines if len(at) == 1), "")
    what = f"At T = 1 the right gradient of {case.bad[0]} is a sum of {right} products of a delta and an input"
    return [("left out", f"{what}, yours of {mine}; the rest is missing.{where}")]


def _nothing_at_first(case: Evidence) -> Said:
    """Nothing at all arrives with one step, and something does with more, or it would be known as left out."""
    if case.silent or any(case.each[name].mine.any() for name in case.bad):
        return []
    what = f"At T = 1 the gradient of {listing(case.bad)} is zero, with more it is not: the last step gets nothing."
    return [("steps", what)]


def _right_deltas(case: Evidence) -> Said:
    """The deltas are right, since they point the right way or make other gradients that are right."""
    factors = {case.factors(name) for name in case.bad}
    shows = case.first == 1 or (case.before == 1 and all(case.is_mute(Piece(name)) for name in case.bad))
    if shows and factors == {(True, False)}:
        what = f"At T = {case.first} the deltas in the gradient of {listing(case.bad)} point the right way"
        return [("product", f"{what}, and the inputs do not.")]
    # With one step what can be seen is right there; with more, what is carried may be wrong at any length.
    lengths = [case.each] if case.first == 1 else case.seen.values()
    right = {name for name in case.each if not any(each[name].wrong for each in lengths)}
    right -= set() if 1 < case.first < max(case.seen) else case.silent
    sharing = {name: sorted(case.partners[name] & right) for name in case.bad}
    told = [
        f"{name} is made with the same deltas as {listing(others)}, whose gradient is right."
        for name, others in sharing.items()
        if others
    ]
    family = "product" if case.first == 1 and factors != {(True, True)} else "summing"
    return [(family, " ".join(told))] if len(told) == len(case.bad) else []


def _from_the_loss(case: Evidence) -> Said:
    """Every array is wrong: so is the one at the output, where it is zero and nothing goes back beyond it."""
    if not set(case.bad) >= set(case.each) - case.silent or len(case.each) < 2:
        return []
    at_output = [Piece(name) for name in case.bad if name in case.layout.outputs]
    wrong = [piece.name for piece in at_output if case.still_wrong([piece], [piece])]
    factors = [case.factors(name) for name in wrong]
    if (False, False) in factors:
        return [("forward", f"Every array is wrong, and in {listing(wrong)} both the delta and the input are.")]
    if wrong:
        what = f"Every array is wrong, {listing(wrong)} too where nothing goes back beyond it, at zero."
        other = f"The input of {listing(wrong)} can't be told from the delta; if it is wrong, it is this."
        said = [("loss", f"{what} {case.inputs_right()}".strip()), ("forward", other)]
        return said if set(factors) == {(None, None)} and case.first == 1 else said[:1]
    if case.first > 1 or (case.blocks and not at_output):
        return []
    said = [("formula", f"Every array is wrong. {case.inputs_right()}".strip())]
    other = "No array is known to be the one at the output, so the derivative of the loss itself may be wrong."
    return said if at_output else [*said, ("loss", other)]


def _over_many_steps(case: Evidence) -> Said:
    """Right for two steps or more: the walk is cut off, or something piles up, which shows from the third step on."""
    if (case.before or 1) == 1:
        return []
    if case.before == 2:
        length = 20
        last = pooled(compare(case.take(length)), case.bad)
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


def _one_gate(case: Evidence) -> Said:
    """With zeros in what acts on the state nothing spreads: which gradients are still wrong?"""
    for cut in case.layout.on_the_state():
        blocks = [block for name in case.bad for block in case.layout.blocks(name)]
        for pieces in (blocks, [Piece(name) for name in case.bad]):
            wrong = case.still_wrong(cut, pieces)
            if 0 < len(wrong) < len(pieces) and case.layout.is_one_gate(wrong):
                what = f"With {case.layout.told(cut)} set to zero, so that nothing spreads"
                return [("gate", f"{what}, only {case.layout.told(wrong)} stay wrong.")]
    return []


def _wrong_step(case: Evidence) -> Said:
    """With two steps and a batch of one: which of the two has a wrong delta? The last is handed nothing."""
    if case.first != 2 or case.before != 1:
        return []
    one, two = case.seen[1], case.each
    matrices = [name for name, c in one.items() if is_matrix(c.mine) and c.tried.all()]
    bad = [name for name in case.bad if name in matrices and not one[name].silent]
    inner = [name for name in bad if name not in case.layout.outputs]
    # A gate that showed nothing at T = 1 may be wrong at both steps.
    mute = any(part_of(block, one).silent for name in bad for block in case.layout.blocks(name))
    if mute or any(rank(one[name].right) > 1 for name in inner):
        return []
    if any(rank(two[name].mine - two[name].right) == 2 == rank(two[name].right) for name in inner):
        what = "At T = 2 the delta of the last step is wrong too, to which nothing is handed; at T = 1 it is right."
        return [("steps", what)]
    for cut in case.layout.on_the_state() if inner else ():
        model = replace(case.model, params=case.with_zeros(cut))
        mine = gradient(model)
        right = {name: reference(model, name, mine[name], mine[name].size)[0] for name in matrices}
        read = [name for name in matrices if name not in bad and rank(right[name]) == 2]
        none = [name for name in inner if rank(mine[name]) == 1 < rank(right[name])]
        if read and none:
            what = f"With {case.layout.told(cut)} set to zero, so that nothing spreads, one of the two steps gives"
            return [
                ("steps", f"{what} nothing at all to {listing(none)}, though {listing(read)} gets something of both.")
            ]
    return []


def _within_a_step(case: Evidence) -> Said:
    """What is left with one step."""
    inputs_right = case.inputs_right()
    if not inputs_right and (guess := case.guess()):
        other = f"Or the delta is wrong, if nothing but {listing(case.bad)} gets it."
        return [("product", guess), *([("gate", other)] if set(case.bad) - set(case.layout.outputs) else [])]
    if hint := case.gate_hint():
        return [("formula", hint)]
    return [("gate" if case.is_one_gate() else "formula", inputs_right)]


def _between_steps(case: Evidence) -> Said:
    """What is left with more: the deltas are right, as it seems, or wrong on no way through a matrix."""
    # One array alone is wrong where the deltas are right, as a rule; zeros elsewhere would hide what it is made of.
    if not case.alone and (cure := case.cure()):
        return [("carry", cure)]
    guess, hint = case.guess(), case.gate_hint() if case.before else ""
    said = _one_gate(case) or ([("carry", hint)] if hint else _wrong_step(case))
    if not said and not (guess and case.alone):
        what = "" if case.alone else "No array set to zero cures it, so it is not on the way back through one alone. "
        what += "It may be on the way from cell to cell, or straight from h to h"
        what += "; or within one step, since T = 1 was not compared" if case.before is None else ""
        said = [("carry", f"{what}.")]
        # Does it look like an LSTM, with gates stacked by four or four sets of arrays, of which all is wrong?
        four = len(case.layout.gates) == 4 or any(len(p) == 4 for name in case.bad for p in case.layout.of(name))
        shown = {name for name, c in case.each.items() if c.mine.ndim > 1 and not case.is_mute(Piece(name))}
        whole = four and not case.blocks and shown <= {*case.bad, *case.layout.outputs}
        if case.first == 2 and len(case.bad) > 1 and whole:
            cell = "The way from cell to cell would leave the output gate's gradient right at T = 2, and no gate's is."
            said.insert(0, ("steps", cell))
    return [("summing", guess), *said] if guess else said


# In this order; the first that says something is the finding.
_AT_ONE_STEP = (
    _switch,
    _transposed,
    _at_the_first_step,
    _handed_to_the_start,
    _misplaced,
    _several_products,
    _nothing_at_first,
    _right_deltas,
    _from_the_loss,
    _within_a_step,
)
_WITH_MORE_STEPS = (
    _switch,
    _transposed,
    _right_deltas,
    _over_many_steps,
    _from_the_loss,
    _between_steps,
)
