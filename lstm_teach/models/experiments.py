"""From the errors of a gradient to the kinds of mistake that make such errors, the surest first.

Relations come first, then experiments: with which weights set to zero, made symmetric or scaled does the error go away?
Imports case, deltas, differences, evidence, families, first_step, layout and relations.
"""

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from lstm_teach import guard
from lstm_teach.gradreport import listing
from lstm_teach.models.case import Model, elsewhere, rescaled
from lstm_teach.models.deltas import basis, inside, rank
from lstm_teach.models.differences import Seen, compare, error_of, measured, thoroughly
from lstm_teach.models.evidence import Evidence, Take, layout_of, shuffled
from lstm_teach.models.families import ModelFinding, Notes, finding
from lstm_teach.models.first_step import EITHER, Said, at_once, at_one_step, excess, odd_sum, within_a_step
from lstm_teach.models.layout import Layout, Piece
from lstm_teach.models.relations import about, as_factors, bounded, common_factor, fraction, ratio, relations

_PILED_UP = 0.7  # the cosine of a gradient and what is too much in it, from where on something piles up
# Ways to make a square matrix symmetric: the mean of it and its transpose, and either triangle and its mirror image.
_SYMMETRIC = (lambda a: (a + a.T) / 2, lambda a: np.triu(a) + np.triu(a, 1).T, lambda a: np.tril(a) + np.tril(a, -1).T)
_SMALL = 1e-4  # errors that an epsilon in one of loss and gradient, or float32, may leave


def explain(seen: Seen, take: Take, notes: Notes) -> list[ModelFinding]:
    """Findings, the surest first, for a gradient that is wrong at some length; `take(T)` makes the model of another."""
    ever = {name: [each[name] for each in seen.values()] for name in next(iter(seen.values()))}
    wrong = [name for name, cs in ever.items() if any(c.wrong for c in cs)]
    if right := [name for name in ever if name not in wrong]:
        notes[f"Right at every length tried, so ruled out: {listing(right)}."] = None
    # a state of zero at the start keeps it from being seen
    if mute := [n for n, cs in ever.items() if 1 in seen and seen[1][n].silent and not all(c.silent for c in cs)]:
        what = f"At T = 1 the right gradient of {listing(mute)} is zero"
        notes[f"{what} (does a state start at zero, or a softmax have a single entry?), so T = 1 says little."] = None
    unseen = [name for name in wrong if all(c.elsewhere or not c.wrong for c in ever[name])]
    odd = "along random directions the gradient disagrees with the loss."
    apart = [finding("not compared", f"{listing(unseen)}: {odd}")] if unseen else []
    wrong = [name for name in wrong if name not in unseen]
    if not wrong:
        return apart
    layout = layout_of(seen)
    found, explained = relations(seen, wrong, layout)
    rest = [name for name in wrong if name not in explained]
    error, worst = max((c.error, name) for name in wrong for c in ever[name])
    if error < _SMALL:
        return [finding("small", f"The largest error is {error:.0e}, in {worst}.")] if rest else found

    alike, law = common_factor(seen)
    limit = max(float(np.abs(c.mine).max()) for cs in ever.values() for c in cs)
    hidden = [float(np.abs(c.mine).max()) for name in unseen for c in ever[name] if c.elsewhere]
    if not law and all(abs(largest - limit) <= 1e-9 * limit for largest in hidden):  # which may be clipped as well
        alike, law = wrong, bounded({T: each.pooled() for T, each in seen.items()})
    if law and set(wrong) <= set(alike):
        return [about(law)]
    if law:
        of_all = about(law, listing(name for name in alike if name in wrong))
        divided = {T: compare(rescaled(each.model, alike)) for T, each in seen.items()}
        for each, name in itertools.product(divided.values(), alike):  # these are right but for the factor
            c = each[name]
            each[name] = replace(c, mine=np.where(c.tried, c.right, c.mine), elsewhere=0.0)
        more: Notes = {}
        others = explain(divided, lambda T: rescaled(take(T), alike), more)
        notes.update({note: None for note in more if "ruled out" not in note})
        told = f"{of_all.evidence} All arrays seem to share this factor; what follows was found after dividing by it."
        told += " A part of the loss without it, such as a penalty, then seems wrong, though it may be right."
        return [replace(of_all, evidence=told.strip()), *others]
    others = _trials(seen, take, rest, layout, notes) if rest else []
    if any("T = 1, in place of" in one.evidence for one in others):  # so two of them are the same
        found = [one for one in found if one.family != "copy"]
    families = {one.family for one in found}
    missing = [name for name in explained if not any(c.mine.any() for c in ever[name])]
    # What is made of a delta that is wrong or missing comes after what shows that it is.
    shows = families & {"gate rows", "copy"} or len(missing) > 1 or ("scale" in families and len(explained) > 1)
    shows = shows or any(one.family == "formula" and not one.evidence for one in others)
    return (found + others if explained and shows else others + found) + apart


def _trials(seen: Seen, take: Take, rest: list[str], layout: Layout, notes: Notes) -> list[ModelFinding]:
    """What the arrays that no relation explains have in common, and a note on those that go wrong later."""
    first = known = next(T for T in seen if seen[T].wrong(rest))
    before = max((T for T in seen if first > T), default=None)
    while before is not None and first > before + 1:  # the first length that is wrong, and the one before it
        middle = (before + first) // 2
        before, first = (before, middle) if error_of(take(middle), rest) > 1e-7 else (middle, first)
    if first not in seen and (more := compare(take(first))).wrong(rest):
        seen = dict(sorted({**seen, first: more}.items()))
    elif first not in seen:
        first, before = known, first
    for T, each in seen.items():
        if max(first, 2) >= T and (before or 1) == 1:
            seen = {**seen, T: thoroughly(each)}
    case = Evidence(seen, take, rest, layout, first, before)
    # What has the deltas of an array that is right has a mistake of its own: at T = 1, right there is enough. So has
    # what a relation explains there.
    right = case.each.keys() - (case.each.wrong() if first == 1 else case.ever) - case.silent
    own = [name for name in case.bad if case.proofs[name] & right]
    for apart in (own, [name for name in case.bad if first == 1 and not case.is_one_gate() and at_once(case, [name])]):
        if 0 < len(apart) < len(case.bad):
            others = [name for name in rest if name not in apart]
            groups = (others, apart) if apart is own else (apart, others)  # a relation is surer than what is left
            return [one for names in groups for one in _trials(seen, take, names, layout, notes)]
    (family, what), *others = next(_hypotheses(case))
    times = {piece: fraction(k) for piece in case.wrong if (k := ratio(case.each.part(piece)))}
    for k in dict.fromkeys(times.values()):
        if "." not in k and k != "1" and " times " not in what and " of the right one" not in what:
            what += f" {case.at([layout.told(one for one in times if times[one] == k)])} is {as_factors([k])}."
    nothing = [piece for piece in case.wrong if not case.each.part(piece).mine.any()]
    if nothing and "is zero" not in what:
        what += f" {case.at([layout.told(nothing)])} is zero, and the right one is not."
    if later := [name for name in rest if name not in case.bad]:
        more = f"With more steps {listing(later)} {'are' if later[1:] else 'is'} wrong too."
        notes[f"{more} This may follow from the mistake above or be another one: fix that first and run again."] = None
    return [finding(family, case.place(), what.strip()) for family, what in [(family, what), *others]]


def _hypotheses(case: Evidence) -> Iterator[Said]:
    """Which families it may be and how one can see it, the surest first; "all" arrays are those wrong at `first`."""
    yield from _tried(_switched(case))
    yield from _tried(_cured(case))
    yield from _tried(at_one_step(case)) if case.first == 1 else ()
    yield from _tried(_right_deltas(case))
    yield from _tried(_by_chance(case)) if case.before else ()
    yield from _tried(_over_many_steps(case)) if case.first > 2 and case.before else ()
    if len(case.each) == 1 and case.each[case.bad[0]].is_vector:
        yield [("one vector", "")]
    yield from _tried(_from_the_loss(case))
    yield from within_a_step(case) if case.first == 1 else _between_steps(case)


def _tried(said: Iterator[Said]) -> Iterator[Said]:
    """What is said before the learner's functions fail at weights that are not the learner's, which is no finding."""
    with contextlib.suppress(guard.LearnerError):
        yield from said


def _by_chance(case: Evidence) -> Iterator[Said]:
    """Is it right with fewer steps by chance: something was on or off there?"""
    if any(error_of(other, case.bad) > 1e-6 for other in shuffled(case.take(case.before), 5)):
        what = f"With other weights it is wrong at T = {case.before} already, so the number of steps is not the reason."
        yield [("switch", what)]


def _switched(case: Evidence) -> Iterator[Said]:
    """Are units wrong whose right gradient is exactly zero, and no others, in a vector that is right elsewhere?"""

    def held(name: str) -> bool:
        parts = map(case.each.part, case.layout.blocks(name) or [Piece(name)])
        return not any(c.away.any() and (c.silent or c.away[c.loud].any()) for c in parts)

    if off := [name for name in case.bad if case.each[name].is_vector and case.each[name].full and held(name)]:
        what = f"{case.at(off)} is wrong only in units where the right one is exactly zero; in the others it is right."
        yield [("switch", what)]


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
        if needed := case.needed([square for _, own in parts for square in own], *_SYMMETRIC):
            wrong = [(piece, own, [square for square in own if square in needed]) for piece, own in parts]
            told = case.layout.told(one for piece, own, off in wrong for one in ([piece] if off == own else off))
            yield [("transpose", f"With {told} made symmetric, so equal to the transpose, everything is right.")]

    # Or where two arrays of one shape are equal, or the halves of one?
    lengths = [T for T, each in case.seen.items() if case.first < T <= 6 and each.wrong(case.bad)]
    models, later, told = [case.model, *shuffled(case.model, 2)], [*map(case.take, lengths)], case.layout.told
    same = [[*map(Piece, names)] for names in case.layout.by_shape(case.each)]
    same += [halves for name in case.each for halves in case.layout.halves(name)]
    for one, other in (pair for group in same for pair in itertools.combinations(group, 2)):

        def cures(models: list[Model], one: Piece = one, other: Piece = other) -> bool:
            equal = (elsewhere(m, [(one.name, one.where, m.params[other.name][other.where])]) for m in models)
            return all(error_of(model, case.bad) < 1e-6 for model in equal)

        if cures(models):
            at = "" if cures(later) else f" at T = {case.first}"
            what = f"With {told([one])} equal to {told([other])} everything is right{at}"
            why = "one of them, or what is made with it, is used in place of the other."
            yield [("carry" if case.first > 1 else "formula", f"{what}: {why}")]

    # Or when a vector, which may be a factor for each unit, is set to one?
    vectors = case.layout.by_shape([name for name, c in case.each.items() if c.is_vector])
    for pieces in ([*map(Piece, names)] for names in vectors):
        if needed := case.needed(pieces, np.ones_like):
            it = "them" if needed[1:] else "it"
            what = f"With {told(needed)} set to one everything is right. A factor of {it}, or of one minus {it}, may be"
            what += " left out, be there twice or multiply the wrong thing."
            yield [("carry" if case.first > 1 else "formula", what)]


def _right_deltas(case: Evidence) -> Iterator[Said]:
    """The deltas are right, since they point the right way or make other gradients that are right."""
    factors = {case.factors(name) for name in case.bad}
    shows = case.first == 1 or (case.before == 1 and case.silent.issuperset(case.bad))
    rows = {piece.name for piece in case.wrong if piece.part and not piece.label}  # of a table that is used twice
    if shows and factors == {(True, False)} and not {*rows, *case.layout.tables} & set(case.bad):
        what = f"At T = {case.first} the deltas in the gradient of {listing(case.bad)} point the right way"
        yield [("product", f"{what}, and the inputs do not.")]
    # With one step what can be seen is right there; with more, what is carried may be wrong at any length.
    lengths = [case.each] if case.first == 1 else case.seen.values()
    right = {name for name in case.each if not any(each[name].wrong for each in lengths)}
    right -= set() if 1 < case.first < max(case.seen) else case.silent
    sharing = {name: sorted(case.proofs[name] & right) for name in case.bad}
    if all(sharing.values()):
        at = "at T = 1" if case.first == 1 and case.ever & set().union(*sharing.values()) else "at every length"
        pairs = (f"{name} is made with the same deltas as {listing(others)}" for name, others in sharing.items())
        yield [("line", " ".join(f"{both}, whose gradient is right {at}." for both in pairs))]


def _over_many_steps(case: Evidence) -> Iterator[Said]:
    """Right for two steps or more: the loop stops, or something piles up, which shows from the third step on."""
    if case.state and not case.state & set(case.bad) and case.state - case.ever - case.silent:
        return  # what is right where deltas are carried shows that these are right
    if case.fine and all(case.each[name].is_vector or name in case.layout.tables for name in case.bad):
        return  # a matrix that is right has no less of the deltas
    # A loop that stops is cured by no single way back where there are several.
    for name in (name for name, c in case.each.items() if c.mine.ndim > 1 and case.state - {name}):
        if case.off([Piece(name)]) < 1e-6 and case.holds([Piece(name)], np.zeros_like):
            return
    # A loop that stops lacks the first step in every array that gets anything of it.
    shown = any(1 not in case.seen or not case.seen[1].part(piece).silent for piece in case.right)
    ends = not (case.fine and case.layout.outputs) and not shown
    stops = f"It is as if the backward loop stopped after {case.before} steps, or started anew there."
    sent = [Piece(name) for name in case.layout.outputs if name in case.bad]
    sent = sent and case.still_wrong(sent, sent)  # which nothing makes so that is carried
    if sent or case.before == 2:
        # What is cut off is missing, and has little to do with what is left; what piles up makes most of the sum.
        far, of = compare(case.take(20)), listing(case.bad)
        alike, last = excess(far, case.bad), far.pooled(case.bad)
        ends = ends and not (sent and (alike > EITHER or np.linalg.norm(last.mine) > np.linalg.norm(last.right)))
        if not sent and alike > (_PILED_UP if ends else EITHER):
            yield [("accumulation", f"At T = 20 most of the gradient of {of} is too much.")]
        if ends and not sent and alike > 0:
            either = "The numbers don't settle whether the loop stops or something piles up."
            both = [("truncation", f"{stops} {either}"), ("accumulation", either)]
            yield both[::-1] if alike > EITHER else both
    if ends:
        yield [("truncation", stops)]


def _from_the_loss(case: Evidence) -> Iterator[Said]:
    """Every array is wrong: so is the one at the output, where it is zero and nothing goes back beyond it."""
    right = {n for each in case.seen.values() for n, c in each.items() if not c.silent} - case.ever
    if not set(case.bad) >= set(case.each) - case.silent - case.idle | right or len(case.each) < 2:
        return
    pieces = [*map(Piece, case.bad)]
    at_output = [piece for piece in pieces if piece.name in case.layout.outputs]
    inner = {piece.name for piece in pieces if piece not in at_output and case.each[piece.name].is_matrix}
    for cut in case.layout.on_the_state() if case.first > 1 else ():
        got = measured(case.with_change(cut), [[piece] for piece in pieces])
        fine = [name for name, slope in zip(case.bad, got, strict=False) if slope.off <= 1e-6 < slope.size]
        if inner and inner <= set(fine) < set(case.bad):  # what comes from the loss is right
            are = "are" if fine[1:] else "is"
            yield [("carry", f"{case.bare(cut)}, {listing(fine)} {are} right; the others have a mistake of their own.")]
    wrong = [piece.name for piece in at_output if case.still_wrong([piece], [piece])]
    factors = [case.factors(name) for name in wrong]
    if (False, False) in factors:
        yield [("forward", f"Every array is wrong, and in {listing(wrong)} both the delta and the input are.")]
    if wrong:
        stay, them = ("stay", "them") if wrong[1:] else ("stays", "it")
        what = f"{listing(wrong)} {stay} wrong even at zero, where nothing goes back through {them}."
        more = filter(None, [what, case.inputs_right(), odd_sum(case)])
        yield [("loss", f"Every array is wrong. {' '.join(more)}")]
    if case.first == 1 and (at_output or not case.right):
        texts = ["Every array is wrong.", case.inputs_right(), odd_sum(case), cure := case.cure()]
        said = [("formula", " ".join(filter(None, texts)))]
        other = "No array is known to be the one at the output, so the derivative of the loss itself may be wrong."
        yield said if at_output or cure else [*said, ("loss", other)]


def _between_steps(case: Evidence) -> Iterator[Said]:
    """What is left with more: the deltas are right, as it seems, or wrong on no way through a matrix."""
    # One array alone is wrong where the deltas are right, as a rule; zeros elsewhere would hide what it is made of.
    guess = case.guess()
    if not (case.alone and guess) and (cure := case.cure()):
        yield [("carry", cure)]
    if guess:
        yield [("line", guess)]
    # With zeros in what acts on the state nothing spreads: which gradients are still wrong?
    blocks = [block for name in case.bad for block in case.layout.blocks(name)]
    for cut, pieces in itertools.product(case.layout.on_the_state(), (blocks, [Piece(name) for name in case.bad])):
        wrong = case.still_wrong(cut, pieces)
        if not 0 < len(wrong) < len(pieces):
            continue
        what = f"{case.bare(cut)}, only the gradient of {case.layout.told(wrong)} stays wrong"
        # What acts on a state of zero knows nothing of the first step.
        fine = {piece.name for piece in pieces} - {piece.name for piece in wrong} - case.state
        same = [case.partners[piece.name] & fine for piece in wrong]
        if all(same) and {piece.name for piece in cut}.isdisjoint(piece.name for piece in wrong):
            others = listing(sorted(set().union(*same)))
            yield [("line", f"{what}, though it is made with the same deltas as {others}.")]
        if case.is_one_gate(wrong):
            yield [("gate", f"{what}.")]
    two = [*_tried(_two_steps(case))] if (case.before, case.first) == (1, 2) else []
    yield from (said for said in two if said[0][0] == "carry")
    if case.before and (hint := case.gate_hint()):
        yield [("carry", hint)]
    sent = [Piece(name) for name in case.layout.outputs if name in case.bad]
    if sent and case.still_wrong(sent, sent):
        what = f"{sent[0].name} stays wrong even at zero, where nothing goes back through it."
        beside = case.still_wrong(sent, [Piece(name) for name in case.bad if case.each[name].is_vector])
        yield [("loss" if beside else "between steps", what)]
    if half := case.half():
        yield [("between steps", half)]
    if own := case.own_delta():
        yield [("gate", own)]
    yield from two
    told, inner = [], [Piece(name) for name in case.bad if name not in case.layout.outputs]
    kept = [cut for cut in case.layout.on_the_state() if inner and case.still_wrong(cut, inner) == inner]
    if fine := sorted(case.state - case.ever - case.silent):
        of, are = ("gradients of", "are") if fine[1:] else ("gradient of", "is")
        told = [f"The {of} {listing(fine)} {are} right at every length, and so is what comes back to {listing(fine)}."]
    told += [f"{case.bare(kept[-1])}, everything stays wrong."] if kept else []
    look = "Look at what goes back from c to c, straight from h to h, through the wrong array or from the layer above"
    blind = f"the right gradient of {listing(sorted(case.silent))} is zero at T = 1" if case.silent else ""
    blind = "T = 1 was not compared" if case.before is None else blind
    told += [f"{look}{f'; or within one step, since {blind}' if blind else ''}."]
    yield [("between steps", " ".join(told))]


def _two_steps(case: Evidence) -> Iterator[Said]:
    """Where no matrix hands anything back: does the first step get something else? Is the last step right?"""
    # A gate that showed nothing at T = 1 may be wrong at both steps.
    mute = any(case.is_mute(block) for name in case.bad for block in case.layout.blocks(name))
    for cut in case.layout.on_the_state():
        alone, both = (compare(case.with_change(cut, model=model)) for model in (case.take(1), case.model))
        mine, right, neither, last = [], [], [], []
        for name in (n for n in case.bad if both[n].wrong and n not in case.layout.outputs):
            one, two = alone[name], both[name]
            if not one.is_matrix or not one.full or not two.full or one.wrong or one.silent:
                continue
            # Without anything from the last step, the first is as with T = 1, in a sum or a mean, or gets nothing.
            one_step = rank(one.right)
            yours, truth = (min(rank(side - k * one.right) for k in (1, 0.5, 0)) for side in (two.mine, two.right))
            same = [axis for axis in (0, 1) if _begins_with(one.right, two.right, axis)]
            off = [axis for axis in same if not inside(basis(two.away, axis), basis(one.right, axis))]
            if (same and same == off) or rank(two.away) > one_step:
                last.append(name)
            elif yours <= one_step < truth:
                mine.append(name)
            elif truth <= one_step < yours and same != off:
                right.append(name)
            elif max(yours, truth) > one_step:
                neither.append(name)
        single = f"{case.bare(cut)}, {{}} gradient of {{}} at T = 2, apart from any share of the one at T = 1,"
        single += " is that of a single step,"
        if mine and not right + last:
            what = "and should not be: what comes to the first step another way, such as from c to c, from h to h or"
            what += " straight from the loss, is missing or handed on unchanged."
            yield [("carry", f"{single.format('your', listing(mine))} {what}")]
        elif right and not mine + neither + last:
            what = "but yours is not: something is handed back that should go through a matrix."
            yield [("carry", f"{single.format('the right', listing(right))} {what}")]
        elif last and not mine and not mute:
            what = f"{case.bare(cut)}, the delta of the last of two steps is wrong in the gradient of {listing(last)}"
            yield [("steps", f"{what}; with one step it is right.")]


def _begins_with(one: np.ndarray, two: np.ndarray, axis: int) -> bool:
    """Whether the columns or rows of one gradient lie in the span of another's, which is not the whole space."""
    span = basis(two, axis)
    return span.shape[1] < len(span) and inside(basis(one, axis), span)
