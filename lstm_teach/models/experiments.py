"""From the errors of a gradient to the kinds of mistake that make such errors, the surest first.

Relations come first, then experiments: with which weights set to zero, made symmetric or scaled does the error go away?
Imports differences, factors, families, layout and relations.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lstm_teach.models.differences import (
    RIGHT,
    Comparison,
    Model,
    Piece,
    Seen,
    changed,
    copies,
    gradient,
    listed,
    reference,
    without_factor,
)
from lstm_teach.models.evidence import Evidence
from lstm_teach.models.factors import basis, inside, rank
from lstm_teach.models.families import ModelFinding, finding
from lstm_teach.models.lab import Lab, first_wrong
from lstm_teach.models.layout import layouts, squares, together
from lstm_teach.models.relations import common_factor, fraction, is_silent, pooled, ratio, relations
from lstm_teach.models.relations import whole as whole_gradient

Compare = Callable[..., dict[str, Comparison]]
Take = Callable[[int], Model]


def explain(seen: Seen, models: dict[int, Model], take: Take, compare: Compare) -> tuple[list[ModelFinding], list[str]]:
    """Findings, the surest first, and notes, for a gradient that is wrong at some length.

    `take(T)` makes the model of another length and `compare(model)` holds its gradient against differences.
    """
    names = list(next(iter(seen.values())))
    errors = {name: {T: each[name].error for T, each in seen.items()} for name in names}
    wrong = [name for name in names if max(errors[name].values()) > RIGHT]
    right = [name for name in names if name not in wrong]
    notes = [f"Right at every length tried, so ruled out: {listed(right)}."] if right else []
    notes += _zero_start(seen)
    unseen = [
        name for name in wrong if all(c.elsewhere or c.error <= RIGHT for c in (each[name] for each in seen.values()))
    ]
    apart = [finding("not compared", f"{listed(unseen)}: random directions in it disagree.")] if unseen else []
    wrong = [name for name in wrong if name not in unseen]
    if not wrong:
        return apart, notes
    worst = max(errors[name][T] for name in wrong for T in seen)
    if worst < 1e-5:
        where = f"The largest error is {worst:.0e}, in {max(wrong, key=lambda n: max(errors[n].values()))}."
        return [finding("precision", where, "A mistake in a formula leaves more, double precision less.")], notes

    found = [] if unseen else whole_gradient(seen)
    if found:
        return found, notes
    alike, of_all = common_factor(seen)
    if of_all:
        models = {T: without_factor(model, alike) for T, model in models.items()}
        seen = {T: compare(model) for T, model in models.items()}
        found, more = explain(seen, models, lambda T: without_factor(take(T), alike), compare)
        told = f"{of_all.evidence} All arrays seem to have it; what is found next was found after dividing by it."
        return [replace(of_all, evidence=told.strip()), *found], [note for note in more if "ruled out" not in note]
    shapes = {name: c.shape for name, c in next(iter(seen.values())).items()}
    outputs = Lab(models[max(models)], wrong).outputs
    found, explained = relations(seen, models, wrong, shapes, outputs)
    rest = [name for name in wrong if name not in explained]
    if rest:
        shared = len(explained) > 1 and any(one.family == "scale" for one in found)
        others = _experiments(seen, models, take, compare, rest)
        first = shared or (bool(explained) and any(one.family == "gate rows" for one in found))
        found = found + others if first else others + found  # what is wrong with a delta before what is with a sum
    return found + apart, notes


def _zero_start(seen: Seen) -> list[str]:
    """What a state of zero at the start keeps from being seen at T = 1."""
    silent = [name for name, c in seen[1].items() if is_silent(c)] if 1 in seen and len(seen) > 1 else []
    silent = [name for name in silent if not all(is_silent(each[name]) for each in seen.values())]
    if not silent:
        return []
    return [
        f"At T = 1 the gradient of {listed(silent)} has to be zero (the state starts at zero), so T = 1 says little."
    ]


def _experiments(
    seen: Seen, models: dict[int, Model], take: Take, compare: Compare, rest: list[str]
) -> list[ModelFinding]:
    """What the arrays that no relation explains have in common."""
    lengths = list(seen)
    first = next(T for T in lengths if any(seen[T][name].error > RIGHT for name in rest))
    before = lengths[lengths.index(first) - 1] if first != lengths[0] else None
    if before is not None and first > before + 1:
        first, before = first_wrong(models, take, rest, before, first)
        seen = dict(sorted({**seen, first: compare(models[first])}.items()))
    for T, each in seen.items():
        if max(first, 2) >= T and (before or 1) == 1 and not all(c.tried.all() for c in each.values()):
            seen = {**seen, T: compare(models[T], effort=6.0)}
    case = Evidence(seen, models[first], rest, first, before)
    found = _explained(case, take, compare)
    exact = {name: k for name in case.bad if (k := ratio(case.each[name])) and "." not in fraction(k)}
    if exact and found:
        told = " ".join(
            f"At T = {first} the gradient of {n} is {fraction(k)} times the right one." for n, k in exact.items()
        )
        found[0] = replace(found[0], evidence=f"{found[0].evidence} {told}".strip())
    return found


def _explained(case: Evidence, take: Take, compare: Compare) -> list[ModelFinding]:
    """The first thing that explains it, the surest ones first."""
    found = _switch(case) or _transposed(case)
    if found:
        return found
    if case.first == 1:
        return (
            _at_the_first_step(case)
            or _handed_to_the_start(case)
            or _misplaced(case)
            or _several_products(case)
            or _silent_at_first(case)
            or _right_somewhere(case)
            or _within_a_step(case)
        )
    shared, bad = case.shared, case.bad
    if case.before == 1 and all(case.is_mute(name) for name in bad) and len(bad) == 1:
        sides = shared.factors(bad[0])  # the first length that shows it, so what is said of T = 1 can be said here
        if sides == (True, False):
            what = f"At T = {case.first} the deltas in the gradient of {bad[0]} point the right way, the inputs do not."
            return [finding("product", case.place, what)]
    right = [name for name in case.each if all(c[name].error <= RIGHT for c in case.seen.values())]
    alone = shared.proof(bad, [name for name in right if case.first < max(case.seen) or name not in shared.silent])
    if alone:
        return [finding("summing", case.place, alone)]
    if (case.before or 1) > 1:
        found = _over_many_steps(case, take, compare)
        if found:
            return found
    found = [] if len(bad) == 1 < len(case.each) - 1 else _cured(case)
    if found:
        return found
    alone = shared.guess(bad, set() if len(bad) == 1 and case.first < max(case.seen) else shared.silent)
    others = _own_delta(case)
    if alone:
        return [finding("summing", case.place, alone), *(one for one in others if one.family != "summing")]
    return others


def _at_the_first_step(case: Evidence) -> list[ModelFinding]:
    """Numbers that have to be zero at T = 1 and are not, with more steps one product too many: a wrong first step."""
    one, later = case.each, [T for T in case.seen if T > 1]
    if case.first != 1 or not later or not case.bad:
        return []
    for name in case.bad:
        c = one[name]
        nought = np.abs(c.right) <= 4 * c.blur
        if not c.tried.all() or np.abs((c.mine - c.right)[~nought]).max(initial=0) > 1e-8 * np.abs(c.mine).max():
            return []
        more = case.seen[later[0]][name]
        away = [np.where(np.abs(c.mine - c.right) > 4 * c.blur, c.mine - c.right, 0) for c in (c, more)]
        if more.mine.ndim == 2 and (not more.tried.all() or not rank(away[1]) <= rank(away[0]) < min(more.shape)):
            return []  # more than one step is wrong, or it can't be told
    if all(one[name].mine.ndim < 2 for name in case.bad):
        return []
    what = f"At T = 1 the right gradient of {listed(case.bad)} is exactly zero where yours is wrong."
    last = [basis(c.right.reshape(len(c.right), -1), 0) for n, c in one.items() if n in case.lab.outputs]
    last += [basis(one[n].right, 1) for n in case.lab.outputs if one[n].mine.ndim == 2]
    matrices = [one[name].mine for name in case.bad if one[name].mine.ndim == 2]
    spans = [span for span in last if span.shape[1] < len(span)]
    if all(
        any(len(span) == m.shape[a] and inside(basis(m, a), span) for a in (0, 1) for span in spans) for m in matrices
    ):
        what += " It is multiplied with the state after the last step, so an index of -1 has wrapped around."
    return [finding("first step", case.place, what)]


def _handed_to_the_start(case: Evidence) -> list[ModelFinding]:
    """At T = 1 vectors alone are wrong, with more steps the rest too: they are the initial state."""
    bad = case.bad
    vectors = all(case.each[name].mine.size == max(case.each[name].shape, default=1) for name in bad)
    if not vectors or len(bad) > 2 or len(case.later) <= len(bad) or any(case.shared.partners[n] for n in bad):
        return []
    what = f"{listed(bad)} gets what the first step hands back; with more steps {listed(case.later)} are wrong."
    found = _cured(case)
    return [finding("carry", case.place, f"{what} {found[0].evidence}" if found else what)]


def _misplaced(case: Evidence) -> list[ModelFinding]:
    """Deltas in the wrong place: with one step the gradients that they make are right ones, elsewhere."""
    found, explained = relations({1: case.each}, {1: case.model}, case.bad, case.shapes, case.lab.outputs)
    deltas = any(case.each[name].mine.ndim > 1 for name in explained)
    return [one for one in found if one.family == "gate rows" and "Your gradients" not in one.place] if deltas else []


def _cured(case: Evidence) -> list[ModelFinding]:
    lab = case.lab
    for pieces in lab.cuts():
        if lab.cures(lab.with_zeros(pieces)):
            if len(pieces) > 1:
                pieces = lab.least(lab.with_zeros, pieces)
            elif not pieces[0].part:
                blocks = (block for each in layouts(case.shapes, pieces[0].name, lab.outputs) for block in each)
                cures = ([b] for b in blocks if b.part and lab.cures(lab.with_zeros([b])))
                pieces = next(cures, pieces)
            told = case.told(pieces)
            what = f"With {told} set to zero all is right: the mistake is on the way back through {told}."
            return [finding("carry", case.place, what)]
    return []


def _switch(case: Evidence) -> list[ModelFinding]:
    """Does the error vanish at once, not by and by, when the deltas are made smaller by way of another array?"""
    lab = case.lab
    start = lab.off(lab.model.params)
    for name in [n for n in case.each if n not in case.bad and lab.model.params[n].ndim > 1]:
        last = start
        for scale in (0.5, 0.2, 0.1, 0.03, 0.01, 0.003):
            off = lab.off(changed(lab.model.params, name, functools.partial(np.multiply, scale)))
            if off is None or last is None:
                break
            if off < 1e-6 and last > 1e4 * off and last > 1e-4:
                what = f"With {name} scaled by {scale:g}, so that the deltas are smaller, all is exactly right."
                return [finding("clipping", case.place, what)]
            last = off
    return []


def _right_somewhere(case: Evidence) -> list[ModelFinding]:
    """Is it right at one of several random choices of the weights, and wrong at others? No smooth formula is."""
    rng = np.random.default_rng(0)
    offs = []
    for _ in range(12):
        params = copies(case.model.params)
        for name in case.lab.names:
            params[name][...] = rng.normal(size=params[name].shape) / np.sqrt(min(params[name].shape, default=1))
        offs.append(case.lab.off(params))
    told = [off for off in offs if off is not None]
    count = sum(off < 1e-8 for off in told)
    if not 0 < count < len(told):
        return []
    what = f"At {count} of {len(told)} random choices of the weights it is exactly right."
    return [finding("clipping", case.place, what)]


def _transposed(case: Evidence) -> list[ModelFinding]:
    """Does the error vanish when a square matrix, or the square blocks of one, are symmetric?"""
    lab = case.lab
    for found in squares(case.shapes, lab.outputs):
        every = [piece for blocks in found.values() for piece in blocks]
        if lab.cures(lab.with_symmetry(every)):
            told = case.told(together(lab.least(lab.with_symmetry, every), case.shapes))
            what = f"With {told} made symmetric, so equal to the transpose, all is right."
            return [finding("transpose", case.place, what)]
    return []


def _over_many_steps(case: Evidence, take: Take, compare: Compare) -> list[ModelFinding]:
    """Right for two steps or more: the walk is cut off, or something piles up, which shows from the third step on."""
    if case.before == 2:
        length = 20
        last = pooled(compare(take(length)), case.bad)
        mine, right = last.mine[last.tried], last.right[last.tried]
        # What is cut off is missing, and has little to do with what is left; what piles up makes most of the sum.
        alike = np.vdot(mine - right, mine) / (np.linalg.norm(mine - right) * np.linalg.norm(mine))
        if alike > 0.4:
            what = (
                f"At T = {length} most of the gradient of {listed(case.bad)} is what is too much (cosine {alike:.2f})."
            )
            return [finding("accumulation", case.place, what)]
    # A walk that ends lacks the first step in every array that gets anything of it.
    right = [n for n, c in case.each.items() if n not in [*case.bad, *case.lab.outputs] and c.mine.ndim > 1]
    mute = {n for n in right if 1 in case.seen and is_silent(case.seen[1][n])}
    outside = [n for n in right if n not in mute and not case.lab.outputs]
    if (set(right) - mute and not outside) or case.blocks:
        return []
    return [finding("truncation", case.place, f"It is as if the walk ended after {case.before} steps.")]


def _several_products(case: Evidence) -> list[ModelFinding]:
    """A matrix whose right gradient is a sum of more products than the learner's: one of its places is forgotten."""
    name = case.bad[0]
    c = case.each[name]
    if len(case.bad) > 1 or case.first > 1 or c.mine.ndim != 2 or not c.tried.all() or not c.mine.any():
        return []
    away = np.where(np.abs(c.mine - c.right) > 4 * c.blur, c.mine - c.right, 0)
    mine, right, off = rank(c.mine), rank(c.right), rank(away)
    lines = {axis: np.flatnonzero(away.any(axis=1 - axis)) for axis in (0, 1)}  # the rows and the columns that are off
    axis = next((axis for axis in lines if len(lines[axis]) == 1), None)
    where = "" if axis is None else f"{('row', 'column')[axis]} {lines[axis][0]}"
    if right < min(c.shape) and 0 < mine < right == mine + off:
        what = (
            f"At T = 1 the right gradient of {name} is a sum of {right} products of a delta and an input, yours of "
            f"{mine}; the rest is missing."
        )
        return [finding("left out", case.place, what + (f" All of it belongs into {where}." if where else ""))]
    if axis is not None:
        others = basis(np.delete(c.mine, lines[axis], axis), 1 - axis)
        lost, put = (basis(np.take(matrix, lines[axis], axis), 1 - axis) for matrix in (away, c.mine))
        if 0 < others.shape[1] < len(others) and inside(lost, others) and not inside(put, others):
            what = f"Only {where} is wrong: it lacks the product that all others have, as if another had replaced it."
            return [finding("summing", case.place, what)]
    return []


def _silent_at_first(case: Evidence) -> list[ModelFinding]:
    """Nothing at all arrives with one step, and something does with more."""
    (T, each), *later = case.seen.items()
    if (
        case.shared.silent
        or not later
        or any(each[name].mine.any() for name in case.bad)
        or not all(c[name].mine.any() for _, c in later for name in case.bad)
    ):
        return []
    what = f"At T = {T} the gradient of {listed(case.bad)} is zero, with more it is not: the last step gets nothing."
    return [finding("steps", case.place, what)]


def _loss_itself(case: Evidence) -> list[str]:
    """The output weights whose gradient is wrong where they are zero, so that nothing goes back beyond them."""
    bad = [Piece(name) for name in case.bad if name in case.lab.outputs]
    return [piece.name for piece in bad if case.lab.still_wrong(case.lab.with_zeros([piece]), [piece])]


def _wrong_steps(case: Evidence) -> list[ModelFinding]:
    """With two steps and a batch of one: which of the two has a wrong delta? The last is handed nothing."""
    seen, lab = case.seen, case.lab
    if case.first != 2 or not {1, 2} <= set(seen):
        return []
    one, two = seen[1], seen[2]
    matrices = [n for n in lab.names if one[n].mine.ndim == 2 and one[n].tried.all() and min(one[n].shape) > 1]
    bad = [name for name in case.bad if name in matrices and one[name].right.any()]
    told = [n for n in bad if one[n].right.any(axis=1).all() or one[n].right.any(axis=0).all()]  # no gate is silent
    single = [n for n in bad if n not in lab.outputs]
    if len(told) < len(bad) or not single or any(rank(one[n].right) != 1 for n in single):
        return []
    if any(rank(two[n].mine - two[n].right) == 2 == rank(two[n].right) for n in single):
        what = "At T = 2 the delta of the last step is wrong too, to which nothing is handed; at T = 1 it is right."
        return [finding("steps", case.place, what)]
    for cut in lab.on_the_state():
        params = lab.with_zeros(cut)
        mine, right = gradient(lab.model, params), {}
        for name in matrices:
            right[name] = reference(lab.model.at(params), name, mine[name], mine[name].size)[0]
        read = [n for n in matrices if n not in bad and rank(right[n]) == 2]
        silent = [n for n in single if rank(mine[n]) == 1 < rank(right[n])]
        if read and silent:
            what = (
                f"With {case.told(cut)} set to zero, so that nothing spreads, one of the two steps gives nothing at "
                f"all to {listed(silent)}, though {listed(read)} gets something of both."
            )
            return [finding("steps", case.place, what)]
    return []


def _within_a_step(case: Evidence) -> list[ModelFinding]:
    bad, place, shared, lab = case.bad, case.place, case.shared, case.lab
    factors = {name: shared.factors(name) for name in bad}
    if all(pair == (True, False) for pair in factors.values()):
        what = f"At this length the deltas in the gradient of {listed(bad)} point the right way, and the inputs do not."
        return [finding("product", place, what)]
    proof = shared.proof(bad, [name for name in case.each if name not in bad and name not in shared.silent])
    if proof:
        return [finding("product", place, proof)]
    proved = [name for name, pair in factors.items() if pair == (False, True)]
    space = f"In the gradient of {listed(proved)} the inputs are right, and the delta is not." if proved else ""
    if set(bad) >= set(case.each) - shared.silent and len(case.each) > 1:
        outputs = _loss_itself(case)
        if any(factors[name] == (False, False) for name in outputs):
            what = f"Every array is wrong, and in {listed(outputs)} both the delta and the input are."
            return [finding("forward", place, what)]
        if outputs:
            what = f"Every array is wrong, {listed(outputs)} too where nothing goes back beyond it, at zero. {space}"
            found = [finding("loss", place, what.strip())]
            if all(factors[name] == (None, None) for name in outputs):
                what = f"The input of {listed(outputs)} can't be told from the delta; if it is wrong, it is this."
                found.append(finding("forward", place, what))
            return found
        if lab.outputs or not case.blocks:
            found = [finding("formula", place, f"Every array is wrong. {space}".strip())]
            if not lab.outputs:
                what = (
                    "No array is known to be the one at the output, so the derivative of the loss itself may be wrong."
                )
                found.append(finding("loss", place, what))
            return found
    guess = shared.guess(bad, shared.silent) if not proved else ""
    if guess:
        found = [finding("product", place, guess)]
        if set(bad) - set(shared.outputs):
            found.append(finding("gate", place, f"Or the delta is wrong, if nothing but {listed(bad)} gets it."))
        return found
    hint = case.gate_hint()
    if hint:
        return [finding("formula", place, hint)]
    if len({piece.label for pieces, _ in case.blocks.values() for piece in pieces}) == 1:
        return [finding("gate", place, space)]
    twins = {c.shape for name, c in case.each.items() if name not in bad}
    one = shared.one_delta(bad) and all(case.shapes[name] in twins for name in bad)
    one = one or case.is_one_gate([Piece(name) for name in bad])
    return [finding("gate" if one else "formula", place, space)]


def _own_delta(case: Evidence) -> list[ModelFinding]:
    """Wrong with more steps only, on no way through a matrix: the cell, a gate that was silent at T = 1, the loss."""
    bad, lab = case.bad, case.lab
    outputs = _loss_itself(case) if len(bad) > 1 else []
    if outputs:
        what = f"With {listed(outputs)} set to zero nothing goes back beyond it, and its own gradient is still wrong."
        return [finding("loss", case.place, what)]
    for cut in lab.on_the_state():
        blocks = [block for name in bad for each in layouts(case.shapes, name, lab.outputs) for block in each]
        for pieces in ([b for b in blocks if b.part], [Piece(name) for name in bad]):
            wrong = lab.still_wrong(lab.with_zeros(cut), pieces) if pieces else []
            labels = {piece.label for piece in wrong}
            if not 0 < len(wrong) < len(pieces):
                continue
            if (labels != {""} and len(labels) == 1) or (labels == {""} and case.is_one_gate(wrong)):
                what = (
                    f"With {case.told(cut)} set to zero, so that nothing spreads, only {case.told(wrong)} stay wrong."
                )
                return [finding("gate", case.place, what)]
    hint = case.gate_hint() if case.before else ""
    if hint:
        return [finding("carry", case.place, hint)]
    found = _right_somewhere(case) or _wrong_steps(case)
    if found:
        return found
    what = "No array set to zero cures it, so it is not on the way back through one alone."
    where = "It may be on the way from cell to cell, or straight from h to h"
    where += "; or within one step, since T = 1 was not compared" if case.before is None else ""
    found = [finding("carry", case.place, f"{what} {where}.")]
    if case.first == 2 and case.has_four_gates() and case.is_whole():
        said = "The way from cell to cell would leave the output gate's gradient right at T = 2, and no gate's is."
        return [finding("steps", case.place, said), *found]
    if not any(case.shared.partners[name] for name in bad):
        what = f"Or the deltas are right: nothing is known to share those in the gradient of {listed(bad)}."
        found.append(finding("summing", case.place, what))
    return found
