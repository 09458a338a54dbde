"""From the errors of a gradient to the kinds of mistake that make such errors, the surest first.

Relations come first, then experiments: with which weights set to zero, made symmetric or scaled does the error go away?
Imports case, deltas, differences, evidence, families, layout and relations.
"""

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from lstm_teach import guard
from lstm_teach.gradreport import listing
from lstm_teach.models.case import elsewhere, rescaled, value
from lstm_teach.models.deltas import basis, inside, rank
from lstm_teach.models.differences import Each, Seen, compare, error_of, measured, thoroughly
from lstm_teach.models.evidence import Evidence, Take, layout_of, scores_of, shuffled
from lstm_teach.models.families import ModelFinding, Notes, be, finding, it, plainly
from lstm_teach.models.layout import Layout, Piece, lines_of
from lstm_teach.models.relations import about, as_factors, bounded, common_factor, fraction, ratio, relations

Said = list[tuple[str, str]]  # families, each with how one can see it
# Relations that tell something at T = 1 alone, which a further mistake may hide with more steps.
_AT_ONCE = {"gate rows", "scale", "sign", "transpose", "order", "axis", "penalty"}
# The cosine of a gradient and what is too much in it, from where on it is likely, or sure, that something piles up.
_EITHER, _PILED_UP = 0.4, 0.7
# Ways to make a square matrix symmetric: the mean of it and its transpose, and either triangle and its mirror image.
_SYMMETRIC = (lambda a: (a + a.T) / 2, lambda a: np.triu(a) + np.triu(a, 1).T, lambda a: np.tril(a) + np.tril(a, -1).T)
_SMALL = 1e-4  # errors that an epsilon in one of loss and gradient, or float32, may leave


def explain(seen: Seen, take: Take, notes: Notes, takes_length: bool) -> list[ModelFinding]:
    """Findings, the surest first, for a gradient that is wrong at some length; `take(T)` makes the model of another."""
    layout = layout_of(seen, takes_length)
    found = _reasons(seen, take, layout, notes)
    return [*map(plainly, found)] if layout.plain else found


def _reasons(seen: Seen, take: Take, layout: Layout, notes: Notes) -> list[ModelFinding]:
    ever = {name: [each[name] for each in seen.values()] for name in next(iter(seen.values()))}
    wrong = [name for name, cs in ever.items() if any(c.wrong for c in cs)]
    if right := [name for name in ever if name not in wrong]:
        notes[f"Right at every length tried, so ruled out: {listing(right)}."] = None
    # a state of zero at the start keeps it from being seen
    if mute := [n for n, cs in ever.items() if 1 in seen and seen[1][n].silent and not all(c.silent for c in cs)]:
        what = f"At T = 1 the right gradient of {listing(mute)} is zero"
        why = "does a state start at zero, or a softmax have a single entry?"
        why = "does a softmax have a single entry there?" if layout.plain else why
        notes[f"{what} ({why}), so T = 1 says little."] = None
    unseen = [name for name in wrong if all(c.elsewhere or not c.wrong for c in ever[name])]
    odd = "along random directions the gradient disagrees with the loss."
    apart = [finding("not compared", f"{listing(unseen)}: {odd}")] if unseen else []
    wrong = [name for name in wrong if name not in unseen]
    if not wrong:
        return apart
    found, explained = relations(seen, wrong, layout)
    rest = [name for name in wrong if name not in explained]
    error, worst = max((c.error, name) for name in wrong for c in ever[name])
    if error < _SMALL:
        return [finding("small", f"The largest error is {error:.0e}, in {worst}.")] if rest else found

    alike, law = common_factor(seen)
    if not law:
        alike, law = wrong, bounded({T: each.pooled() for T, each in seen.items()})
    if law and set(wrong) <= set(alike):
        return [about(law)]
    if law:
        return _beside_a_factor(about(law, listing(n for n in alike if n in wrong)), alike, seen, take, layout, notes)
    others = _trials(seen, take, rest, layout, notes) if rest else []
    if any("T = 1, in place of" in one.evidence for one in others):  # so two of them are the same
        found = [one for one in found if one.family != "copy"]
    # What may follow from a delta that is missing comes last.
    late = [one for one in found if one.family == "left out" or (one.family == "copy" and not explained)]
    return [one for one in found if one not in late] + others + late + apart


def _beside_a_factor(
    law: ModelFinding, alike: list[str], seen: Seen, take: Take, layout: Layout, notes: Notes
) -> list[ModelFinding]:
    """What else is wrong once the gradient is divided by a factor, but for which these arrays are right."""
    divided = {T: compare(rescaled(each.model, alike)) for T, each in seen.items()}
    for each, name in itertools.product(divided.values(), alike):
        c = each[name]
        each[name] = replace(c, mine=np.where(c.tried, c.right, c.mine), elsewhere=0.0)
    more: Notes = {}
    found = _reasons(divided, lambda T: rescaled(take(T), alike), layout, more)
    notes.update({note: None for note in more if "ruled out" not in note})
    others = [one for one in found if one.family != "penalty"]  # it may be right, and lack the factor
    after = "; what follows was found after dividing by it" if others else ""
    told = f"{law.evidence} All arrays seem to share this factor{after}."
    told += " A part of the loss without it, such as a penalty, may then look wrong even if it is right."
    return [replace(law, evidence=told.strip()), *others]


def _trials(seen: Seen, take: Take, rest: list[str], layout: Layout, notes: Notes) -> list[ModelFinding]:
    """What the arrays that no relation explains have in common, and a note on those that go wrong later."""
    first = next(T for T in seen if seen[T].wrong(rest))
    before = max((T for T in seen if first > T), default=None)
    while before is not None and first > before + 1:  # the first length that is wrong, and the one before it
        middle = (before + first) // 2
        seen = dict(sorted({**seen, middle: compare(take(middle))}.items()))
        before, first = (before, middle) if seen[middle].wrong(rest) else (middle, first)
    for T, each in seen.items():
        if max(first, 2) >= T and (before or 1) == 1:
            seen = {**seen, T: thoroughly(each)}
    case = Evidence(seen, take, rest, layout, first, before)
    # What has the deltas of an array that is right has a mistake of its own: at T = 1, right there is enough. So has
    # what a relation explains there.
    right = case.each.keys() - (case.each.wrong() if first == 1 else case.ever) - case.silent
    own = [name for name in case.bad if case.proofs[name] & right]
    for apart in (own, [name for name in case.bad if first == 1 and not case.is_one_gate() and _at_once(case, [name])]):
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
        more = f"With more steps {be(later)} wrong too."
        notes[f"{more} This may follow from the mistake above or be another one: fix that first and run again."] = None
    return [finding(family, case.place(), what.strip()) for family, what in [(family, what), *others]]


def _hypotheses(case: Evidence) -> Iterator[Said]:
    """Which families it may be and how one can see it, the surest first; "all" arrays are those wrong at `first`."""
    yield from _tried(_switched(case))
    yield from _tried(_cured(case))
    yield from _tried(_at_one_step(case)) if case.first == 1 else ()
    yield from _tried(_right_deltas(case))
    yield from _tried(_by_chance(case)) if case.before else ()
    yield from _tried(_over_many_steps(case)) if case.first > 2 and case.before and not case.layout.plain else ()
    if len(case.each) == 1 and case.each[case.bad[0]].is_vector:
        yield [("one vector", "")]
    yield from _tried(_from_the_loss(case))
    yield from _within_a_step(case) if case.first == 1 else _between_steps(case)


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

    # Or when two arrays of one shape are equal, or the halves of one?
    family, told = "carry" if case.first > 1 else "formula", case.layout.told
    same = [[*map(Piece, names)] for names in case.layout.by_shape(case.each)]
    same += [halves for name in case.each for halves in case.layout.halves(name)]
    for one, other in (pair for group in same for pair in itertools.combinations(group, 2)):
        models = [case.model, *shuffled(case.model, 2)]
        equal = (elsewhere(m, [(one.name, one.where, m.params[other.name][other.where])]) for m in models)
        if all(error_of(model, case.bad) < 1e-6 for model in equal):
            what = f"With {told([one])} equal to {told([other])} everything is right at T = {case.first}"
            yield [(family, f"{what}: one of them, or what is made with it, is used in place of the other.")]

    # Or when a vector is so large that no ReLU is off, or is set to one, as a factor for each unit?
    vectors = [name for name, c in case.each.items() if c.is_vector]
    for names in [*case.layout.by_shape(vectors), *([name] for name in vectors)]:
        if on := case.needed([*map(Piece, names)], lambda a: 0 * a + 10, lambda a: 0 * a + 15):
            left = [[piece] for piece in case.wrong if piece not in on]  # whose slopes are not all but zero there
            left += [[piece] for piece in on]
            slopes = measured(case.with_change(on, lambda a: 0 * a + 10), [*left, *([Piece(n)] for n in case.each)])
            if len(left) > len(on) and all(slope.size > 1e-3 for slope in slopes[: len(left)]):
                what = f"With {told(on)} set to 10 everything is right, so the mistake is where units are switched off."
                yield [("switch", what)]
    for names in case.layout.by_shape(vectors):
        needed = case.needed([*map(Piece, names)], np.ones_like)
        if needed and case.off(needed, lambda a: 0 * a + 2) > 1e-6:  # else it is as large, not as one
            what = f"With {told(needed)} set to one everything is right. A factor of {it(needed)}, or of one minus"
            yield [(family, f"{what} {it(needed)}, may be left out, be there twice or multiply the wrong thing.")]


def _at_one_step(case: Evidence) -> Iterator[Said]:
    """What shows where nothing is carried yet."""
    bad, each, told = case.bad, case.each, listing(case.bad)
    if explained := _at_once(case, bad):
        yield explained
    longer = [other for T, other in case.seen.items() if T > 1 and not case.layout.plain]
    yield from _wrong_start(case, longer[0]) if longer else ()

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


def _at_once(case: Evidence, names: list[str]) -> Said:
    """What the gradients of all these are at T = 1, by a relation to the right ones that more steps don't have."""
    found, explained = relations({1: case.each}, names, case.layout)
    told = [one for one in found if one.family in _AT_ONCE and "replaced" not in one.place]  # or left out beside it
    own = " With more steps it is no longer one factor."
    texts = [(one.family, one.place + own * (one.family == "scale")) for one in told]
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
    """Are numbers wrong that have to be zero at T = 1, as where the state is, and with more no further product is?"""
    pairs = [(case.each[name], more[name]) for name in case.bad]
    matrices = [(one.away, two.away) for one, two in pairs if one.is_matrix]
    zero = all(one.full and two.full and not one.away[one.loud].any() for one, two in pairs)
    state = case.state.issuperset(name for name in case.bad if case.each[name].is_matrix) or case.is_one_gate()
    if matrices and zero and state and all(rank(two) <= rank(one) < min(one.shape) for one, two in matrices):
        what = f"At T = 1 the right gradient of {listing(case.bad)} is exactly zero where yours is wrong, and the error"
        what += " has no more parts with more steps. An index of -1 may have wrapped around, or the first state is"
        yield [("first step", f"{what} overwritten by the last.")]


def _within_a_step(case: Evidence) -> Iterator[Said]:
    """What is left with one step."""
    zero = f"{case.at(case.bad)} should be exactly zero, and yours is not." if case.silent.issuperset(case.bad) else ""
    inputs_right, odd = case.inputs_right(), _odd_sum(case)
    if (not inputs_right or case.layout.tables & set(case.bad)) and (guess := case.guess()):
        yield [("line", f"{guess} {odd}".strip())]
    hint = case.gate_hint()
    more = case.cure() or case.factor_of_units() or case.own_delta()
    what = " ".join(filter(None, [zero, hint, inputs_right, odd, more]))
    yield [("gate" if not hint and case.is_one_gate() else "formula", what)]


def _odd_sum(case: Evidence) -> str:
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
        mine, right = (abs(np.vdot(side, own)) for side in (c.mine, c.right))
        scaled = (case.with_change([Piece(name)], lambda a, by=by: by * a) for by in (-1, 2, 3))
        turned, *longer = (abs(value(model) - value(case.model)) for model in scaled)
        if 100 * right < mine and max(longer) < 1e-3 * turned:  # but for the epsilon of a norm
            what = f"The loss hardly changes when {name} is scaled, as before a layer norm or a batch norm"
            return f"{what}, but your gradient says it does."
    return ""


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
    if case.fine and not case.state & set(case.bad):
        return  # a matrix that is right has no less of the deltas
    # A loop that stops is cured by no single way back where there are several.
    matrices = [[Piece(name)] for name, c in case.each.items() if c.mine.ndim > 1 and case.state - {name}]
    if any(case.off(one) < 1e-6 and case.holds(one, np.zeros_like) for one in matrices):
        return
    # A loop that stops lacks the first step in every array that gets anything of it.
    shown = any(1 not in case.seen or not case.seen[1].part(piece).silent for piece in case.right)
    ends = not (case.fine and case.layout.outputs) and not shown
    stops = f"It is as if the backward loop stopped after {case.before} steps, or started anew there."
    sent = [Piece(name) for name in case.layout.outputs if name in case.bad]
    sent = sent and case.still_wrong(sent, sent)  # which nothing makes that is carried
    if sent or case.before == 2:
        # What is cut off is missing, and has little to do with what is left; what piles up makes most of the sum.
        longest = case.seen[max(case.seen)]
        with contextlib.suppress(guard.LearnerError):  # where the data are that long
            longest = compare(case.take(20))
        last = longest.pooled(case.bad)
        mine, right = last.mine[last.tried], last.right[last.tried]
        alike = float(np.vdot(mine - right, mine) / (np.linalg.norm(mine - right) * np.linalg.norm(mine)))
        ends = ends and not (sent and (alike > _EITHER or np.linalg.norm(last.mine) > np.linalg.norm(last.right)))
        if not sent and alike > (_PILED_UP if ends else _EITHER):
            what = f"At T = {longest.model.steps} most of the gradient of {listing(case.bad)} is too much."
            yield [("accumulation", what)]
        if ends and not sent and alike > 0:
            either = "The numbers don't settle whether the loop stops or something piles up."
            both = [("truncation", f"{stops} {either}"), ("accumulation", either)]
            yield both[::-1] if alike > _EITHER else both
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
        if len(fine) == len(pieces):
            return
        if inner and inner <= set(fine) < set(case.bad):  # what comes from the loss is right
            yield [("carry", f"{case.bare(cut)}, {be(fine)} right; the others have a mistake of their own.")]
    wrong = [piece.name for piece in at_output if case.still_wrong([piece], [piece])]
    if (False, False) in map(case.factors, wrong):
        yield [("forward", f"Every array is wrong, and in {listing(wrong)} both the delta and the input are.")]
    facts = [case.inputs_right(), _odd_sum(case)]
    if wrong:
        facts = [f"{wrong[0]} stays wrong even at zero, where nothing goes back through it.", *facts]
        yield [("loss", " ".join(filter(None, ["Every array is wrong.", *facts])))]
    if case.first == 1 and (at_output or not case.right):
        yield [("formula", " ".join(filter(None, ["Every array is wrong.", *facts, case.cure()])))]


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
    if case.before and (hint := case.gate_hint()):
        yield [("carry", hint)]
    if case.layout.plain:
        scores = scores_of(*[*case.seen.values()][:2])
        what = f"{be(scores)} like queries and keys: if you double one and halve the other, the loss stays the same. "
        yield [("between steps", f"{what}Look at the scores, at their factor and their softmax." if scores else "")]
    two = [*_tried(_two_steps(case))] if (case.before, case.first) == (1, 2) else []
    # What seems to come another way may come through the matrix, if the state is elsewhere in it.
    carried = [said for said in two if said[0][0] == "carry"]
    two = [said for said in two if said[0][0] == "steps"] if len(carried) < len(two) else carried[:1]
    yield from (said for said in two if said[0][0] == "carry")
    sent = [Piece(name) for name in case.layout.outputs if name in case.bad]
    if sent and case.still_wrong(sent, sent):
        what = f"{sent[0].name} stays wrong even at zero, where nothing goes back through it."
        beside = case.still_wrong(sent, [Piece(name) for name in case.bad if case.each[name].is_vector])
        yield [("loss" if beside else "between steps", what)]
    if own := case.own_delta():
        yield [("gate", own)]
    yield from two
    told, inner = [], [Piece(name) for name in case.bad if name not in case.layout.outputs]
    kept = [cut for cut in case.layout.on_the_state() if inner and case.still_wrong(cut, inner) == inner]
    told += [f"{case.bare(kept[-1])}, everything stays wrong."] if kept else []
    look = "Look at what goes back from c to c, straight from h to h, through the wrong array or from the layer above"
    blind = f"the right gradient of {listing(sorted(case.silent))} is zero at T = 1" if case.silent else ""
    blind = "T = 1 was not compared" if case.before is None else blind
    told += [f"{look}{f'; or within one step, since {blind}' if blind else ''}."]
    yield [("between steps", " ".join(told))]


def _two_steps(case: Evidence) -> Iterator[Said]:
    """Where no matrix hands anything back: the part of which of two steps is wrong, if it is that of one alone?"""
    # A gate that showed nothing at T = 1 may be wrong at both steps.
    mute = any(case.is_mute(block) for name in case.bad for block in case.layout.blocks(name))
    for cut in case.layout.on_the_state():
        said: Said = [("", "")]
        alone, both = (compare(case.with_change(cut, model=model)) for model in (case.take(1), case.model))
        begin, last, direct = [], [], True
        for name in (n for n in case.bad if both[n].wrong and n not in case.layout.outputs):
            one, two = alone[name], both[name]
            if not one.is_matrix or not one.full or not two.full or one.wrong or one.silent:
                continue
            # What is too much in the first step is a product with its input, which is that of T = 1 as a rule.
            sides = [side for side in (0, 1) if _adds(one.right, two.right, side)]
            told = [inside(basis(two.away, side), basis(one.right, side)) for side in sides]
            if rank(two.away) > rank(one.right) or (told and not any(told)):
                last.append(name)
            elif told:
                begin.append(name)  # where the right one, in a sum or a mean, has nothing else to do with the last step
                direct &= min(rank(two.right - k * one.right) for k in (1, 0.5)) > rank(one.right)
        wrong = f"of two steps adds a wrong part to the gradient of {listing(begin or last or case.bad)}"
        if begin and not last:
            what = f"{case.bare(cut)}, the first {wrong}, and the last a right one:"
            way = "something is handed back that should go through a matrix"
            if direct:
                way = "what comes to the first step another way, such as from c to c, from h to h or straight from the"
                way += " loss, is missing or wrong"
            said = [("carry", f"{what} {way}.")]
        elif last and not begin and not mute:
            said = [("steps", f"{case.bare(cut)}, the last {wrong}; with one step the gradient is right.")]
        yield said


def _adds(one: np.ndarray, two: np.ndarray, side: int) -> bool:
    """Whether the columns or rows of a gradient span all those of another and more, but not the whole space."""
    less, more = basis(one, side), basis(two, side)
    return less.shape[1] < more.shape[1] < len(more) and inside(less, more)
