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
from lstm_teach.models.differences import Comparison, Seen, compare, error_of, thoroughly
from lstm_teach.models.evidence import Evidence, Take, looked_up, outputs, shuffled
from lstm_teach.models.families import ModelFinding, Notes, finding
from lstm_teach.models.layout import Layout, Piece
from lstm_teach.models.relations import about, as_factors, by_number, common_factor, fraction, ratio, relations

Said = list[tuple[str, str]]  # families, each with how one can see it
# Ways to make a square matrix symmetric: the mean of it and its transpose, and a triangle and its mirror image.
_SYMMETRIC = (lambda a: (a + a.swapaxes(-1, -2)) / 2, lambda a: np.triu(a) + np.triu(a, 1).swapaxes(-1, -2))
# Different numbers, none below n: equal ones also cure a layer norm whose gamma multiplies the wrong thing.
_FROM = {n: (lambda a, least=n: least + np.linspace(0, 1, a.size).reshape(a.shape)) for n in (1, 2, 10, 15)}


def explain(seen: Seen, take: Take, notes: Notes, takes_length: bool) -> list[ModelFinding]:
    """Findings, the surest first, for a gradient that is wrong at some length; `take(T)` makes the model of another."""
    longest = seen[max(seen)].model
    changing = {name for each in seen.values() for name, _ in each.model.shapes.items() ^ longest.shapes.items()}
    layout = Layout(longest.shapes, outputs(longest), looked_up(seen) | changing, not takes_length, changing)
    ever = {name: [each[name] for each in seen.values()] for name in next(iter(seen.values()))}
    wrong = [name for name, cs in ever.items() if any(c.wrong for c in cs)]
    # a state of zero at the start keeps it from being seen
    if mute := [n for n, cs in ever.items() if 1 in seen and seen[1][n].silent and not all(c.silent for c in cs)]:
        what = f"At T = 1 the right gradient of {listing(mute)} is zero"
        why = "does a state start at zero, or a softmax have a single entry?"
        notes[f"{what} ({why}), so T = 1 says little."] = None
    unseen = [name for name in wrong if all(c.elsewhere or not c.wrong for c in ever[name])]
    apart = [finding("not compared", f"Wrong: {listing(unseen)}.")] if unseen else []
    wrong = [name for name in wrong if name not in unseen]
    if not wrong:
        return apart
    found, explained = relations(seen, wrong, layout)
    rest = [name for name in wrong if name not in explained]
    error, worst = max((c.error, name) for name in wrong for c in ever[name])
    if error < 1e-4:  # as an epsilon in one of loss and gradient, or float32, may leave
        return [finding("small", f"The largest error is {error:.0e}, in {worst}.")] if rest else found

    alike, law = common_factor(seen)
    if law and not set(wrong) <= set(alike):
        law = about(law, listing(name for name in alike if name in wrong))
        return _beside_a_factor(law, alike, seen, take, notes, takes_length)
    if law or (law := by_number({T: each.pooled() for T, each in seen.items()})):
        return [about(law)]
    others = _trials(seen, take, rest, layout, notes) if rest else []
    late = [one for one in found if one.family in ("left out", "copy")]  # this may follow from another mistake
    return [one for one in found if one not in late] + others + late + apart


def _beside_a_factor(
    law: ModelFinding, alike: list[str], seen: Seen, take: Take, notes: Notes, takes_length: bool
) -> list[ModelFinding]:
    """What else is wrong once the gradient is divided by a factor, but for which these arrays are right."""
    divided = {T: compare(rescaled(each.model, alike)) for T, each in seen.items()}
    for each, name in itertools.product(divided.values(), alike):
        c = each[name]
        each[name] = replace(c, mine=np.where(c.tried, c.right, c.mine), elsewhere=0.0)
    found = explain(divided, lambda T: rescaled(take(T), alike), notes, takes_length)
    others = [one for one in found if one.family != "penalty"]  # it may be right, and lack the factor
    after = "; what follows was found after dividing by it" if others else ""
    told = f"{law.evidence} All arrays seem to share this factor{after}."
    told += " A part of the loss without it, such as a penalty, may then look wrong even if it is right."
    return [replace(law, evidence=told.strip()), *others]


def _trials(seen: Seen, take: Take, rest: list[str], layout: Layout, notes: Notes) -> list[ModelFinding]:
    """What the arrays that no relation explains have in common, and a note on those that go wrong later."""
    if min(seen) > 1 and seen[min(seen)].wrong(rest):  # one step, though not asked for, tells what the others can't
        with contextlib.suppress(guard.LearnerError):
            seen = {1: compare(one), **seen} if (one := take(1)).shapes.keys() == layout.shapes.keys() else seen
    first = next(T for T in seen if seen[T].wrong(rest))
    # Where nothing shows, nothing is shown to be right; at T = 1 that of other arrays may be.
    shown = [T for T, each in seen.items() if not all(each[n].silent for n in (rest if T > 1 else each))]
    before = max((T for T in shown if first > T), default=None)
    while before is not None and first > before + 1:  # the first length that is wrong, and the one before it
        middle = (before + first) // 2
        seen = dict(sorted({**seen, middle: compare(take(middle))}.items()))
        before, first = (before, middle) if seen[middle].wrong(rest) else (middle, first)
    with contextlib.suppress(guard.LearnerError):  # what is wrong one step later too is seen there for the first time
        if first == max(seen) and not layout.plain and (more := take(first + 1)).shapes.keys() == layout.shapes.keys():
            seen = {**seen, first + 1: compare(more)}
    if (before or 1) == 1:
        seen = seen | {T: thoroughly(each) for T, each in seen.items() if max(first, 2) >= T}
    case = Evidence(seen, take, rest, layout, first, before)
    # What has the deltas of an array that is right has a mistake of its own, and so has what a relation explains. But a
    # bias is right with the deltas of other steps too: it proves nothing where another bias is wrong.
    sums = {name for name, c in case.each.items() if c.is_vector and any(case.each[n].is_vector for n in case.bad)}
    own = [name for name in case.bad if case.proofs[name] - sums]
    once = [name for name in case.bad if first == 1 and not case.is_one_gate() and _at_once(case, [name])]
    for apart in (own, once):
        if 0 < len(apart) < len(case.bad):
            others = [name for name in rest if name not in apart]
            groups = (others, apart) if apart is own else (apart, others)  # a relation is surer than what is left
            return [one for names in groups for one in _trials(seen, take, names, layout, notes)]
    (family, what), *others = next(_hypotheses(case))
    times = {piece: fraction(k) for piece in case.wrong if (k := ratio(case.each.part(piece)))}
    for k in dict.fromkeys(times.values()):
        if "." not in k and k != "1" and " times " not in what and " of the right one" not in what:
            what += f" {case.at([layout.told(one for one in times if times[one] == k)])} is {as_factors([k])}."
    if later := [name for name in rest if name not in case.bad]:
        more = f"With more steps {listing(later)} {'are' if later[1:] else 'is'} wrong too."
        notes[f"{more} This may follow from the mistake above or be another one: fix that first and run again."] = None
    return [finding(family, case.place(), what.strip()) for family, what in [(family, what), *others]]


def _hypotheses(case: Evidence) -> Iterator[Said]:
    """Which families it may be and how one can see it, the surest first; "all" arrays are those wrong at `first`."""
    for reasons in (_cured, _at_one_step, _right_deltas, _at_the_last_step, _over_many_steps, _from_the_loss):
        with contextlib.suppress(guard.LearnerError):  # of functions that fail at weights that are not the learner's
            yield from reasons(case)
    if len(case.each) == 1 and case.each[case.bad[0]].is_vector:
        yield [("one vector", "")]
    yield from _within_a_step(case) if case.first == 1 else _between_steps(case)


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

    # Does it vanish when two arrays of one shape are equal?
    family = "carry" if case.first > 1 else "formula"
    for one, other in (pair for group in case.layout.by_shape(case.each) for pair in itertools.combinations(group, 2)):
        equal = (elsewhere(model, [(one, (), model.params[other])]) for model in (case.model, *case.others))
        if case.others and all(error_of(model, case.bad) < 1e-6 for model in equal):
            what = f"With {one} equal to {other}, everything is right at T = {case.first}: one of them, or what is made"
            yield [(family, f"{what} with it, is used in place of the other.")]

    # Or by one of the changes in the table? A share of the gradients must not be shut off by it.
    vectors = [name for name, c in case.each.items() if c.is_vector]
    several = [[*map(Piece, names)] for names in [*case.layout.by_shape(vectors), *([name] for name in vectors)]]
    hidden = [[piece for piece in pieces if piece.name not in case.layout.outputs] for pieces in several]
    squares = [[s for piece in pieces for s in case.layout.squares(piece)] for pieces in case.layout.on_the_state()]
    shapes = {n: shape for n, shape in case.layout.shapes.items() if n not in case.layout.changing}
    square = {n: shape[-2:] for n, shape in shapes.items() if n in case.layout.outputs or shape[2:]}
    squares += [[Piece(name)] for name, sides in square.items() if len(sides) == 2 and len({*sides}) == 1 < sides[0]]
    factor = "a factor of {0}, or of one minus {0}, may be missing, used twice, or applied to the wrong thing."
    switched = ", so the mistake is where units are switched off."
    table = (
        ("transpose", squares, _SYMMETRIC, 0.5, "made symmetric, so equal to the transpose, everything is right."),
        ("switch", hidden, (_FROM[10], _FROM[15]), 1, f"set to 10 or more, everything is right{switched}"),
        # Behind a tanh such large numbers leave no slope.
        ("switch", hidden, (_FROM[1], _FROM[2]), 1, f"set to 1 or more, everything is right{switched}"),
        # In the only array, equal numbers make every matrix symmetric.
        (family, several * (len(case.each) > 1), (np.ones_like,), 0.5, f"set to one, everything is right: {factor}"),
    )
    for family, groups, changes, alive, said in table:
        for pieces in groups:
            if needed := case.needed(pieces, *changes, alive=alive):
                yield [(family, f"With {{0}} {said}".format(case.layout.told(needed)))]


def _at_one_step(case: Evidence) -> Iterator[Said]:
    """What shows where nothing is carried yet."""
    bad, each = case.bad, case.each
    if case.first > 1:
        return
    if explained := _at_once(case, bad):
        yield explained
    if all(fraction(ratio(each.part(piece)) or 1) == "-1" for piece in case.wrong):
        yield [("sign", f"{case.at([case.layout.told(case.wrong)])} is -1 times the right one.")]
    longer = [other for T, other in case.seen.items() if T > 1]
    if start := case.at_the_first_step():
        yield [("first step", start)]

    # Vectors are wrong alone, with more steps the rest too: they are the initial state.
    later = {n: each[n].is_vector for other in longer for n in other.wrong() if n not in bad}
    state = all(each[n].is_vector and len([*case.layout.of(n)]) == 1 for n in bad) and not all(later.values())
    if len(bad) <= 2 and later.keys() & case.rest and state and not any(case.partners[n] for n in bad):
        yield [("start", case.cure())]

    # Nothing at all arrives, and with more steps something does.
    if longer and not any(each[name].mine.any() for name in bad):
        what = f"{case.at(bad)} is zero; with more steps it is not: what a single step should give is missing, or is"
        right = {name for name, c in each.items() if not c.wrong and not c.silent}.difference(case.layout.outputs)
        yield [("left out" if right else "steps", f"{what} multiplied by something that is zero there.")]


def _at_once(case: Evidence, names: list[str]) -> Said:
    """What the gradients of all these are at T = 1, by a relation to the right ones that more steps don't have."""
    found, explained = relations({1: case.each}, names, case.layout)
    known = []
    for one in found:
        if one.family in ("gate rows", "scale", "sign", "transpose", "order", "penalty"):  # or left out beside it
            more = " With more steps it is no longer one factor." if one.family == "scale" else ""
            said = one.place if "T = 1" in one.place else f"At T = 1, {one.place[0].lower()}{one.place[1:]}"
            known.append((one.family, said + more))
    return known if explained.issuperset(names) else []


def _within_a_step(case: Evidence) -> Iterator[Said]:
    """What is left with one step."""
    zero = sorted(case.silent & {*case.bad})
    inputs_right = any(case.factors(name) == (False, True) for name in case.bad)
    if (not inputs_right or case.layout.tables & {*case.bad}) and (guess := case.guess()):
        yield [("line", guess)]
    family, hint = case.gate_hint()
    zero = f"{case.at(zero)} should be exactly zero, and yours is not." if zero else ""
    what = " ".join(filter(None, [zero, hint, case.told_of_factors(), case.cure() or case.factor_of_units()]))
    yield [(family or ("gate" if case.is_one_gate() else "formula"), what)]


def _right_deltas(case: Evidence) -> Iterator[Said]:
    """The deltas are right, since they point the right way or make other gradients that are right."""
    factors = {case.factors(name) for name in case.bad}
    shows = case.first == 1 or (case.before == 1 and case.silent.issuperset(case.bad))
    if shows and factors == {(True, False)} and not case.rows:
        yield [("product", case.told_of_factors())]
    if all(case.proofs[name] for name in case.bad):
        once = case.first == 1 and case.ever & set().union(*map(case.proofs.get, case.bad))  # wrong with more steps
        at = f"T = {case.first}" if once or len(case.seen) == 1 else "every length"
        pairs = (f"{name} is made with the same deltas as {listing(sorted(case.proofs[name]))}" for name in case.bad)
        yield [("line", " ".join(f"{both}, whose gradient is right at {at}." for both in pairs))]


def _at_the_last_step(case: Evidence) -> Iterator[Said]:
    """One step more changes the loss and not the gradient, or the other way around."""
    if not case.before or case.first > case.before + 1 or {*case.bad} & {*case.layout.changing}:
        return
    less, at = case.seen[case.before], f"T = {case.before} and T = {case.first}"
    if value(case.model) == value(less.model):
        what = f"The loss is the same at {at}, so the last step has no part in it"
        if any(case.each[name].mine.any() for name in case.bad):
            yield [("loss", f"{what}, but in your gradient it has. Does its delta lack a mask?")]
        yield [("truncation", f"{what}. Your gradient of {listing(case.bad)} is zero there: the others are missing.")]
    mine, right = case.each.pooled(case.bad).mine, less.pooled(case.bad).right
    if not case.alone and mine.size > 2 and Comparison(mine, right).error < 1e-6:
        what = f"Your gradient of {listing(case.bad)} is the same at {at}, and the right one is not"
        yield [("steps", f"{what}: what the last step adds is missing.")]


def _over_many_steps(case: Evidence) -> Iterator[Said]:
    """Right for two steps or more: the loop stops, or something piles up, which shows from the third step on."""
    if case.first < 3 or not case.before or case.fine or case.rows.issuperset(case.bad):
        return  # a matrix that is right has no less of the deltas
    if any(error_of(other, case.bad) > 1e-6 for other in shuffled(case.take(case.before), 5)):
        return  # it is right with fewer steps by chance: something was on or off there
    if proved := case.cut_off():
        yield [("truncation", proved)]
    # A loop that stops is cured by no single way back where there are several.
    matrices = [[Piece(name)] for name, c in case.each.items() if c.mine.ndim > 1 and case.state - {name}]
    if any(case.off(one) < 1e-6 and case.holds(one, np.zeros_like) for one in matrices):
        return
    sent = [Piece(name) for name in case.layout.outputs if name in case.bad]
    sent = sent and case.still_wrong(sent, sent)  # which nothing makes that is carried
    pooled = case.seen[max(case.seen)].pooled(case.bad)
    mine, away = pooled.mine[pooled.tried], (pooled.mine - pooled.right)[pooled.tried]
    # What is cut off has little to do with what is left; what piles up makes most of the sum.
    grown = np.vdot(away, mine) > 0.4 * np.linalg.norm(away) * np.linalg.norm(mine)
    # A loop that stops lacks the first step in every array that gets anything of it.
    ends = not any(1 not in case.seen or not case.seen[1].part(piece).silent for piece in case.right)
    if sent:  # there, what is cut off leaves too little as a rule, and what has no mask makes too much
        several = [pooled, *(compare(other).pooled(case.bad) for other in case.others)]
        sizes = [[np.linalg.norm(side[c.tried]) for side in (c.mine, c.right)] for c in several]
        ends = ends and bool(sum(np.log(mine / right) for mine, right in sizes) <= 0)
    both = ["truncation", "accumulation"] if case.before == 2 and not sent else ["truncation"]
    if found := ["accumulation"] if grown and case.before == 2 and not sent else both * ends:
        yield [(family, "") for family in found]


def _from_the_loss(case: Evidence) -> Iterator[Said]:
    """Every array is wrong: so is the one at the output, where it is zero and nothing goes back beyond it."""
    right = {n for each in case.seen.values() for n, c in each.items() if not c.silent} - case.ever
    every = set(case.bad) >= set(case.each) - case.silent | right and len(case.each) > 1
    output = [Piece(name) for name in case.layout.outputs if name in case.bad]
    if not every or not output or not case.still_wrong(output, output):
        return
    inner = [Piece(name) for name in case.bad if case.each[name].is_matrix and name not in case.layout.outputs]
    for cut in case.layout.on_the_state() if case.first > 1 else ():
        if not any(case.still_wrong(cut, [piece]) for piece in inner or map(Piece, case.bad)):
            return  # what comes from the loss is right
    name = output[0].name
    if case.factors(name) == (False, False):
        yield [("forward", f"Every array is wrong, and in {name} both the delta and the input are.")]
    if not case.factors(name)[0]:
        what = f"Every array is wrong. {name} stays wrong even at zero, where nothing goes back through it."
        yield [("loss", f"{what} {case.told_of_factors()}")]


def _between_steps(case: Evidence) -> Iterator[Said]:
    """What is left with more: the deltas are right, as it seems, or wrong on no way through a matrix."""
    if case.before and (hint := case.gate_hint()[1]):
        yield [("carry", hint)]
    # One array alone is wrong where the deltas are right, as a rule; zeros elsewhere would hide what it is made of.
    at_the_end = case.at_the_end()
    guess = case.guess() if not at_the_end else ""
    started = case.before or case.first == min(case.seen)
    if started and not (case.alone and case.fine and guess) and (cure := case.cure()):
        yield [("carry", cure)]
    if guess:
        yield [("line", guess)]
    # With zeros in what acts on the state nothing goes back: is one gate still wrong?
    blocks = [piece for name in case.bad for piece in [*case.layout.of(name)][:2][-1]]  # or all of it
    for cut in case.layout.on_the_state():
        wrong = case.still_wrong(cut, blocks)
        if len(case.layout.gates_of(wrong)) == 1:
            zero = f"With {case.layout.told(cut)} set to zero, so that nothing goes back through"
            what = f"{'them' if cut[1:] else 'it'}, only the gradient of {case.layout.told(wrong)} stays wrong."
            yield [("gate", f"{zero} {what}")]
    yield [("steps", at_the_end) if at_the_end else ("between steps", case.in_the_first_step())]
