"""From the errors of a gradient to the kinds of mistake that make such errors, the surest first.

Relations come first, then experiments: with which weights set to zero, made symmetric or scaled does the error go away?
Imports differences, evidence, families, layout and relations.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from lstm_teach.gradreport import listing
from lstm_teach.models.differences import Each, Model, Models, Seen, compare, measured, pooled, rescaled, wrong_of
from lstm_teach.models.evidence import Evidence, basis, inside, looked_up, outputs, rank
from lstm_teach.models.families import ModelFinding, finding
from lstm_teach.models.layout import Layout, Piece
from lstm_teach.models.relations import about, bounded, common_factor, fraction, part_of, ratio, relations

Take = Callable[[int], Model]
Said = list[tuple[str, str]]  # families, each with how one can see it
# The cosine of a gradient and what is too much in it: from where on something piles up, and where that is likelier.
_PILED_UP, _EITHER = 0.7, 0.4
# Ways to make a square matrix symmetric: the mean of it and its transpose, and either triangle and its mirror image.
_SYMMETRIC = (lambda a: (a + a.T) / 2, lambda a: np.triu(a) + np.triu(a, 1).T, lambda a: np.tril(a) + np.tril(a, -1).T)
_SMALL = 1e-4  # errors that an epsilon in one of loss and gradient, or float32, may leave


def explain(seen: Seen, models: Models, take: Take, notes: dict[str, None]) -> list[ModelFinding]:
    """Findings, the surest first, for a gradient that is wrong at some length; `take(T)` makes the model of another."""
    ever = {name: [each[name] for each in seen.values()] for name in next(iter(seen.values()))}
    wrong = [name for name, cs in ever.items() if any(c.wrong for c in cs)]
    right = [name for name in ever if name not in wrong]
    if right:
        notes[f"Right at every length tried, so ruled out: {listing(right)}."] = None
    mute = [name for name, cs in ever.items() if 1 in seen and seen[1][name].silent and not all(c.silent for c in cs)]
    if mute:  # a state of zero at the start keeps it from being seen
        what = f"At T = 1 the gradient of {listing(mute)} has to be zero"
        notes[f"{what} (does a state start at zero, or a softmax have a single entry?), so T = 1 says little."] = None
    unseen = [name for name in wrong if all(c.elsewhere or not c.wrong for c in ever[name])]
    apart = [finding("not compared", f"{listing(unseen)}: random directions in it disagree.")] if unseen else []
    wrong = [name for name in wrong if name not in unseen]
    if not wrong:
        return apart
    longest = models[max(models)]
    least, *others = sorted(seen)
    tables = looked_up(models[least], seen[least], seen[min(others, default=least)])
    layout = Layout(longest.shapes, outputs(longest), tables)
    error, worst = max((c.error, name) for name in wrong for c in ever[name])
    found, explained = relations(seen, models, wrong, layout)
    if error < _SMALL:
        small = finding("small", f"The largest error is {error:.0e}, in {worst}.")
        return found if explained >= set(wrong) else [small]

    alike, law = common_factor(seen)
    if not law and not unseen:
        alike, law = wrong, bounded({T: pooled(each) for T, each in seen.items()})
    if law and set(wrong) <= set(alike):
        return [about(law)]
    if law:
        of_all = about(law, listing(alike))
        models = {T: rescaled(model, alike) for T, model in models.items()}
        divided = {T: compare(model) for T, model in models.items()}
        more: dict[str, None] = {}
        others = explain(divided, models, lambda T: rescaled(take(T), alike), more)
        notes.update({note: None for note in more if "ruled out" not in note})
        told = f"{of_all.evidence} All arrays seem to have it; what is found next was found after dividing by it."
        if any(other.family == "penalty" for other in others):
            told += " A penalty without the factor then seems wrong, though it may be right."
        return [replace(of_all, evidence=told.strip()), *others]
    rest = [name for name in wrong if name not in explained]
    others = _trials(seen, models, take, rest, layout, notes) if rest else []
    families = {one.family for one in found}
    # what is wrong with a delta comes before what is wrong with a sum
    first = ("scale" in families and len(explained) > 1) or (bool(explained) and "gate rows" in families)
    # and what is made of a delta that is missing comes after it
    first |= any(re.search(r" and .* is zero at every length", one.place) for one in found)
    return (found + others if first else others + found) + apart


def _trials(
    seen: Seen, models: Models, take: Take, rest: list[str], layout: Layout, notes: dict[str, None]
) -> list[ModelFinding]:
    """What the arrays that no relation explains have in common, and a note on those that go wrong later."""
    first = known = next(T for T in seen if wrong_of(seen[T], rest))
    before = max((T for T in seen if first > T), default=None)
    while before is not None and first > before + 1:  # the first length that is wrong, and the one before it
        middle = (before + first) // 2
        models[middle] = take(middle)
        off = measured(models[middle], models[middle].params, [[(name, ()) for name in rest]])
        before, first = (before, middle) if off and off[0][1] > 0 and off[0][0] > 1e-7 else (middle, first)
    if first not in seen and wrong_of(more := compare(models[first]), rest):
        seen = dict(sorted({**seen, first: more}.items()))
    elif first not in seen:
        first, before = known, first
    for T, each in seen.items():
        if max(first, 2) >= T and (before or 1) == 1 and not all(c.tried.all() for c in each.values()):
            seen = {**seen, T: compare(replace(models[T], seconds=6 * models[T].seconds))}
    case = Evidence(seen, models[first], take, rest, layout, first, before)
    (family, what), *others = next(_hypotheses(case))
    exact: dict[str, list[str]] = {}
    for name in case.bad:
        if (k := ratio(case.each[name])) and "." not in (said := fraction(k)):
            exact.setdefault(said, []).append(name)
    at = f"At T = {first} the gradient of"
    told = [f"{at} {listing(names)} is {k} times the right one." for k, names in exact.items()]
    nothing = [piece for piece in case.wrong if not part_of(piece, case.each).mine.any()]
    if nothing and "is zero" not in what:
        told.append(f"{at} {layout.told(nothing)} is zero, and the right one is not.")
    said = [(family, " ".join(filter(None, [what, *told]))), *others]
    if later := [name for name in rest if name not in case.bad]:
        what = f"With more steps {listing(later)} {'are' if later[1:] else 'is'} wrong too."
        notes[f"{what} This may follow from the mistake above or be another one: fix that first and run again."] = None
    return [finding(family, case.place(), what) for family, what in said]


def _hypotheses(case: Evidence) -> Iterator[Said]:
    """Which families it may be and how one can see it, the surest first.

    By "all" a sentence means the arrays that are wrong at the shortest length that is.
    """
    yield from _switched(case)
    yield from _cured(case)
    yield from _at_one_step(case) if case.first == 1 else ()
    yield from _right_deltas(case)
    yield from _over_many_steps(case) if case.first > 2 and case.before else ()
    if len(case.each) == 1 and case.each[case.bad[0]].is_vector:
        yield [("one vector", "")]
    yield from _from_the_loss(case)
    yield from _within_a_step(case) if case.first == 1 else _between_steps(case)


def _switched(case: Evidence) -> Iterator[Said]:
    """Are units wrong whose right gradient is exactly zero, and no others, in a vector that is right elsewhere?"""
    held = []
    for name in (name for name in case.bad if case.each[name].is_vector and case.each[name].tried.all()):
        parts = [part_of(piece, case.each) for piece in case.layout.blocks(name) or [Piece(name)]]
        pairs = [(c.away != 0, np.abs(c.right) > 4 * c.blur) for c in parts]
        held += [name] if all(loud.any() and not (off & loud).any() for off, loud in pairs if off.any()) else []
    if held:
        what = f"At T = {case.first} the gradient of {listing(held)} is wrong only in units where the right one is"
        yield [("switch", f"{what} exactly zero; in the others it is right.")]


def _cured(case: Evidence) -> Iterator[Said]:
    """What cures the error, though the deltas still go back by the same ways."""
    # Does the error vanish at once, not by and by, when the deltas are made smaller by way of another array?
    for name in [n for n, c in case.each.items() if n not in case.bad and c.mine.ndim > 1]:
        last = 0.0
        for scale in (1, 0.5, 0.2, 0.1, 0.03, 0.01, 0.003):
            off = case.off([Piece(name)], lambda array, scale=scale: scale * array)
            if off < 1e-6 and np.inf > last > max(1e4 * off, 1e-4):
                what = f"With {name} scaled by {scale:g}, so that the deltas are smaller, everything is exactly right."
                yield [("clipping", what)]
            last = off

    # Does it vanish when a square matrix, or the square blocks of one, are symmetric?
    for pieces in case.layout.on_the_state():
        parts = [(piece, case.layout.squares(piece)) for piece in pieces]
        needed = case.needed([square for _, own in parts for square in own], lambda square: (square + square.T) / 2)
        if needed and case.holds(needed, *_SYMMETRIC):
            wrong = [(piece, own, [square for square in own if square in needed]) for piece, own in parts]
            told = case.layout.told(one for piece, own, off in wrong for one in ([piece] if off == own else off))
            yield [("transpose", f"With {told} made symmetric, so equal to the transpose, everything is right.")]


def _at_one_step(case: Evidence) -> Iterator[Said]:
    """What shows where nothing is carried yet."""
    bad, each, told = case.bad, case.each, listing(case.bad)
    longer = [other for T, other in case.seen.items() if T > 1]
    yield from _wrong_start(case, longer[0]) if longer else ()

    # Vectors alone are wrong, with more steps the rest too: they are the initial state.
    later = wrong_of([*longer, each][0], case.rest)
    if len(bad) <= 2 and len(bad) < len(later) and all(each[n].is_vector and not case.partners[n] for n in bad):
        what = f"An initial state, as {told} may be, gets what the first step hands back."
        yield [("carry", f"{what} {case.cure()}".strip())]

    # Deltas in the wrong place: the gradients that they make are right ones, elsewhere.
    found, explained = relations({1: each}, {1: case.model}, bad, case.layout)
    places = [one.place for one in found if one.family == "gate rows" and "Your gradients" not in one.place]
    if places and any(each[name].mine.ndim > 1 for name in explained):
        yield [("gate rows", place) for place in places]

    # A matrix whose right gradient is a sum of more products than the learner's: one of its places is forgotten.
    c = each[bad[0]]
    if len(bad) == 1 and c.is_matrix and c.tried.all():
        mine, right = rank(c.mine), rank(c.right)
        if right < min(c.mine.shape) and 0 < mine < right == mine + rank(c.away):
            what = f"At T = 1 the right gradient of {bad[0]} is a sum of {right} products of a delta and an input"
            yield [("left out", f"{what}; yours has {mine}, and the rest is missing.")]

    # Nothing at all arrives, and with more steps something does: at all arrays, or at one whose delta is right.
    missing = not any(each[n].mine.any() for n in bad)
    missing = missing and all(any(other[n].mine.any() for other in longer) for n in bad)
    # With more steps no more products are missing; and what is missing has little to do with what is left.
    known = [(each[n], other[n]) for other in longer for n in bad if each[n].is_matrix and other[n].tried.all()]
    missing = missing and all(rank(other.away) <= rank(one.right) for one, other in known)
    if missing and _excess(longer[-1], bad) < _EITHER:
        what = f"At T = 1 the gradient of {told} is zero, with more steps it is not: what one step adds is missing."
        right = {name for name, c in each.items() if not c.wrong and not c.silent}
        if not right - set(case.layout.outputs):
            yield [("steps", what)]
        elif case.alone or all(case.partners[name] & right for name in bad):
            yield [("left out", what)]


def _wrong_start(case: Evidence, more: Each) -> Iterator[Said]:
    """Are numbers wrong that have to be zero at T = 1, with more steps by no further product? What of the state?"""
    pairs = [(case.each[name], more[name]) for name in case.bad]
    matrices = [(one.away, two.away) for one, two in pairs if one.is_matrix]
    known = matrices and all(one.tried.all() and two.tried.all() for one, two in pairs)
    if not known or any((np.abs(one.right) > 4 * one.blur)[one.away != 0].any() for one, _ in pairs):
        return
    if not all(rank(two) <= rank(one) < min(one.shape) for one, two in matrices):
        return
    # What the output is multiplied with at T = 1 is the state after the last step.
    rights = [case.each[name].right for name in case.layout.outputs]
    states = [basis(right.reshape(len(right), -1), axis) for right in rights for axis in range(min(right.ndim, 2))]

    def wraps(away: np.ndarray) -> bool:
        sides = (basis(away, axis)[away.any(axis=1 - axis)] for axis in (0, 1))
        return any(len(s) == len(side) > s.shape[1] and inside(side, s) for side in sides for s in states)

    what = f"At T = 1 the right gradient of {listing(case.bad)} is exactly zero where yours is wrong."
    if all(wraps(away) for away, _ in matrices):
        state = "It is multiplied by the state after the last step, so an index of -1 has wrapped around."
        yield [("first step", f"{what} {state}")]
    elif len(case.bad) > 1 and case.is_one_gate():  # else it need not be a state
        yield [("first step", what)]


def _right_deltas(case: Evidence) -> Iterator[Said]:
    """The deltas are right, since they point the right way or make other gradients that are right."""
    factors = {case.factors(name) for name in case.bad}
    shows = case.first == 1 or (case.before == 1 and case.silent.issuperset(case.bad))
    rows = {piece.name for piece in case.wrong if piece.part and not piece.label}  # of a table that is used twice
    if shows and factors == {(True, False)} and not {*rows, *case.layout.tables} & set(case.bad):
        what = f"At T = {case.first} the deltas in the gradient of {listing(case.bad)} point the right way"
        return (yield [("product", f"{what}, and the inputs do not.")])
    # With one step what can be seen is right there; with more, what is carried may be wrong at any length.
    lengths = [case.each] if case.first == 1 else case.seen.values()
    right = {name for name in case.each if not any(each[name].wrong for each in lengths)}
    right -= set() if 1 < case.first < max(case.seen) else case.silent
    sharing = {name: sorted(case.partners[name] & right) for name in case.bad}
    if all(sharing.values()):
        at = "at T = 1" if case.first == 1 and case.ever & set().union(*sharing.values()) else "at every length"
        told = "{} is made with the same deltas as {}, whose gradient is right {}."
        yield [("line", " ".join(told.format(name, listing(others), at) for name, others in sharing.items()))]


def _excess(each: Each, names: list[str]) -> float:
    """The cosine of these gradients and of what is too much in them."""
    last = pooled(each, names)
    mine, right = last.mine[last.tried], last.right[last.tried]
    return float(np.vdot(mine - right, mine) / (np.linalg.norm(mine - right) * np.linalg.norm(mine)))


def _over_many_steps(case: Evidence) -> Iterator[Said]:
    """Right for two steps or more: the loop stops, or something piles up, which shows from the third step on."""
    said: Said = []
    if case.state and not case.state & set(case.bad) and case.state - case.ever - case.silent:
        return  # what is right where deltas are carried shows that these are right
    if case.depends_on_weights():
        what = f"With other weights it is wrong at T = {case.before} already, so the number of steps is not the reason."
        return (yield [("switch", what)])
    # A loop that stops lacks the first step in every array that gets anything of it.
    if not (case.fine and case.layout.outputs) and not case.right:
        said = [
            ("truncation", f"It is as if the backward loop stopped after {case.before} steps, or started anew there.")
        ]
    sent = [Piece(name) for name in case.layout.outputs if name in case.bad]
    sent = sent and case.still_wrong(sent, sent)  # which nothing makes so that is carried
    if sent or case.before == 2:
        # What is cut off is missing, and has little to do with what is left; what piles up makes most of the sum.
        alike, of = _excess(compare(case.take(20)), case.bad), listing(case.bad)
        if sent:
            said = said if alike <= _EITHER else []
        elif alike > _PILED_UP or (not said and alike > _EITHER):
            told = f"At T = 20 most of the gradient of {of} is excess (cosine {alike:.2f})."
            said = [("accumulation", told)]
        elif alike > 0 and said:
            told = f"at T = 20 the cosine between the gradient of {of} and its excess is {alike:.2f}"
            either = f"The numbers don't settle whether the loop stops or something piles up: {told}."
            said = [(said[0][0], f"{said[0][1]} {either}"), ("accumulation", either)]
            said = said[::-1] if alike > _EITHER else said
    if said:
        yield said


def _from_the_loss(case: Evidence) -> Iterator[Said]:
    """Every array is wrong: so is the one at the output, where it is zero and nothing goes back beyond it."""
    if not set(case.bad) >= set(case.each) - case.silent or len(case.each) < 2:
        return
    at_output = [Piece(name) for name in case.bad if name in case.layout.outputs]
    inner = {name for name in case.bad if name not in case.layout.outputs and case.each[name].is_matrix}
    for cut in case.layout.on_the_state() if case.first > 1 else ():
        got = measured(case.model, case.with_change(cut), [[(name, ())] for name in case.bad])
        fine = [name for name, (off, size) in zip(case.bad, got, strict=False) if off <= 1e-6 < size]
        if inner and inner <= set(fine) < set(case.bad):  # what comes from the loss is right
            what = f"With {case.layout.told(cut)} set to zero, so that nothing spreads, {listing(fine)} are right"
            return (yield [("carry", f"{what}; the others have a mistake of their own.")])
    wrong = [piece.name for piece in at_output if case.still_wrong([piece], [piece])]
    factors = [case.factors(name) for name in wrong]
    if (False, False) in factors:
        yield [("forward", f"Every array is wrong, and in {listing(wrong)} both the delta and the input are.")]
    if wrong:
        stay, them = ("stay", "them") if wrong[1:] else ("stays", "it")
        what = f"{listing(wrong)} {stay} wrong even at zero, where nothing goes back through {them}."
        other = f"If the input of {listing(wrong)} is wrong and not the delta, which looks the same here, it is this."
        said = [("loss", f"Every array is wrong. {what} {case.inputs_right()}".strip()), ("forward", other)]
        yield said if set(factors) == {(None, None)} and case.first == 1 else said[:1]
    if case.first == 1 and (at_output or not case.right):
        said = [("formula", f"Every array is wrong. {case.inputs_right()}".strip())]
        other = "No array is known to be the one at the output, so the derivative of the loss itself may be wrong."
        yield said if at_output else [*said, ("loss", other)]


def _within_a_step(case: Evidence) -> Iterator[Said]:
    """What is left with one step."""
    inputs_right = case.inputs_right()
    if (not inputs_right or case.layout.tables & set(case.bad)) and (guess := case.guess()):
        yield [("line", guess)]
    yield from _lost_lines(case)
    hint = case.gate_hint()
    what = " ".join(filter(None, [hint, inputs_right, case.cure()]))
    yield [("gate" if not hint and case.is_one_gate() else "formula", what)]


def _lost_lines(case: Evidence) -> Iterator[Said]:
    """Some rows or columns get nothing, and the rest is right."""
    if all(piece.part and not piece.label and not part_of(piece, case.each).mine.any() for piece in case.wrong):
        what = f"At T = {case.first} the gradient of {case.layout.told(case.wrong)} is zero, and the right one is not."
        yield [("left out", f"{what} The rest of it is right.")]


def _between_steps(case: Evidence) -> Iterator[Said]:
    """What is left with more: the deltas are right, as it seems, or wrong on no way through a matrix."""
    # One array alone is wrong where the deltas are right, as a rule; zeros elsewhere would hide what it is made of.
    guess = case.guess()
    if not (case.alone and guess) and (cure := case.cure()):
        yield [("carry", cure)]
    if guess:
        yield [("line", guess)]
    yield from _lost_lines(case)
    # With zeros in what acts on the state nothing spreads: which gradients are still wrong?
    blocks = [block for name in case.bad for block in case.layout.blocks(name)]
    for cut, pieces in itertools.product(case.layout.on_the_state(), (blocks, [Piece(name) for name in case.bad])):
        wrong = case.still_wrong(cut, pieces)
        if 0 < len(wrong) < len(pieces) and case.is_one_gate(wrong):
            what = f"With {case.layout.told(cut)} set to zero, so that nothing spreads"
            yield [("gate", f"{what}, only the gradient of {case.layout.told(wrong)} stays wrong.")]
    if case.before and (hint := case.gate_hint()):
        yield [("carry", hint)]
    yield from _wrong_step(case) if (case.before, case.first) == (1, 2) else ()
    shut = [name for name in case.each if case.off([Piece(name)], alive=0) < 1e-6]
    what, one = "No array, when set to zero, cures it", "one array"
    if shut:
        do, them = ("do", "them") if shut[1:] else ("does", "it")
        what = (
            f"No other array, when set to zero, cures it ({listing(shut)} {do}n't count: without {them} hardly anything"
        )
        what, one = f"{what} goes back)", "another array"
    what += f", so the mistake is not on the way back through {one} alone."
    if fine := sorted(case.state - case.ever - case.silent):
        what += f" The gradient of {listing(fine)} is right: the mistake comes later on the way back than that delta."
    else:
        own = "".join(f"on the way through {name}, " for name in shut if name in case.state)
        what += f" It may be {own}on several paths, from c to c or straight from h to h, or in what the layer above"
        what += " sends; or within one step, since T = 1 was not compared." if case.before is None else " sends."
    yield [("carry", what)]


def _wrong_step(case: Evidence) -> Iterator[Said]:
    """With two steps and a batch of one: which of the two has a wrong delta? The last is handed nothing."""
    one, two = case.seen[1], case.each
    matrices = [name for name, c in one.items() if c.is_matrix and c.tried.all()]
    bad = [name for name in case.bad if name in matrices and name not in case.silent]
    inner = [name for name in bad if name not in case.layout.outputs]
    # A gate that showed nothing at T = 1 may be wrong at both steps.
    mute = any(case.is_mute(block) for name in bad for block in case.layout.blocks(name))
    if mute or any(rank(one[name].right) > 1 for name in inner):
        return
    # Where one of them is right at one step, what that step hands back is wrong, and may go on to both of another net.
    if {2} == {rank(two[name].away) for name in inner if rank(two[name].right) == 2}:
        what = "At T = 2 the delta of the last step, to which nothing is handed, is wrong too; at T = 1 it is right."
        yield [("steps", what)]
    for cut in case.layout.on_the_state() if inner else ():
        bare = compare(replace(case.model, params=case.with_change(cut)))
        known = [name for name in matrices if bare[name].tried.all()]
        read = [name for name in known if name not in bad and rank(bare[name].right) == 2]
        none = [name for name in inner if name in known and rank(bare[name].mine) == 1 < rank(bare[name].right)]
        if read and none:
            what = f"With {case.layout.told(cut)} set to zero, so that nothing spreads, one of the two steps gives"
            what += f" nothing at all to {listing(none)}, though {listing(read)} gets something from both."
            yield [("steps", what)]
