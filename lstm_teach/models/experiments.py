"""From the errors of a gradient to the kinds of mistake that make such errors, the surest first.

Relations come first, then experiments: with which weights set to zero, made symmetric or scaled does the error go away?
Imports differences, factors, families and relations.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from lstm_teach import guard
from lstm_teach.models.differences import (
    RIGHT,
    Arrays,
    Comparison,
    Model,
    Piece,
    Seen,
    Unusable,
    changed,
    copies,
    departures,
    gradient,
    listed,
    reference,
)
from lstm_teach.models.factors import Shared, basis, inside, rank
from lstm_teach.models.families import ModelFinding, finding
from lstm_teach.models.relations import is_off, layouts, relations, whole


def explain(
    seen: Seen, models: dict[int, Model], take: Callable[[int], Model], compare: Callable[..., dict[str, Comparison]]
) -> tuple[list[ModelFinding], list[str]]:
    """Findings, the surest first, and notes, for a gradient that is wrong at some length.

    `take(T)` makes the model of another length and `compare(model)` holds its gradient against differences.
    """
    names = list(next(iter(seen.values())))
    errors = {name: {T: each[name].error for T, each in seen.items()} for name in names}
    wrong = [name for name in names if max(errors[name].values()) > RIGHT]
    right = [name for name in names if name not in wrong]
    notes = [f"Right at every length tried, so ruled out: {listed(right)}."] if right else []
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

    found = [] if unseen else whole(seen)
    if found:
        return found, notes
    found, explained = relations(seen, models, wrong)
    rest = [name for name in wrong if name not in explained]
    if rest:
        shared = len(explained) > 1 and any(one.family == "scale" for one in found)
        others = _experiments(seen, models, take, compare, rest)
        found = found + others if shared else others + found  # what is wrong with a delta before what is with a sum
    return found + apart, notes


def _experiments(
    seen: Seen,
    models: dict[int, Model],
    take: Callable[[int], Model],
    compare: Callable[..., dict[str, Comparison]],
    rest: list[str],
) -> list[ModelFinding]:
    """What the arrays that no relation explains have in common."""
    lengths = list(seen)
    first = next(T for T in lengths if any(seen[T][name].error > RIGHT for name in rest))
    before = lengths[lengths.index(first) - 1] if first != lengths[0] else None
    if before is not None and first > before + 1:
        first, before = _bisect(models, take, rest, before, first)
        seen = dict(sorted({**seen, first: compare(models[first])}.items()))
    for T, each in seen.items():
        if max(first, 2) >= T and (before or 1) == 1 and not all(c.tried.all() for c in each.values()):
            seen = {**seen, T: compare(models[T], effort=6.0)}
    each = seen[first]
    model = models[first]
    bad = _wrong(each, rest)
    lab = _Lab(model, bad)
    shared = Shared(seen, each, lab.outputs)
    blocks = _wrong_blocks(each, bad, shared.axis)
    place = _place(each, sorted(bad, key=lambda name: name not in blocks), blocks, first, before)
    right = [name for name in each if name not in bad and model.params[name].ndim > 1]
    found = _switch(lab, place, right) or _transposed(lab, place)
    if found:
        return found
    if before is None:
        later = next((_wrong(seen[T], rest) for T in lengths[lengths.index(first) + 1 :]), bad)
        return (
            _handed_to_the_start(lab, each, later, place)
            or _misplaced(lab, each, bad)
            or _several_products(lab, each, place)
            or _silent_at_first(seen, bad, shared, place)
            or _right_somewhere(lab, place)
            or _within_a_step(lab, each, bad, blocks, place, shared)
        )
    right = [name for name in each if all(c[name].error <= RIGHT for c in seen.values())]
    alone = shared.proof(bad, [name for name in right if first < max(seen) or name not in shared.silent])
    if alone:
        return [finding("summing", place, alone)]
    if before > 1:
        return [_over_many_steps(lab, take, compare, rest, place, before)]
    found = [] if len(bad) == 1 < len(each) - 1 else _cured(lab, place)
    if found:
        return found
    alone = shared.guess(bad, set() if len(bad) == 1 and first < max(seen) else shared.silent)
    if alone:
        others = _own_delta(seen, lab, each, place, blocks, shared)
        return [finding("summing", place, alone), *(one for one in others if one.family != "summing")]
    return _own_delta(seen, lab, each, place, blocks, shared)


def _wrong(each: dict[str, Comparison], names: Iterable[str]) -> list[str]:
    return [name for name in names if each[name].error > RIGHT]


def _handed_to_the_start(lab: _Lab, each: dict[str, Comparison], later: list[str], place: str) -> list[ModelFinding]:
    """At T = 1 vectors alone are wrong, with more steps the rest too: they are the initial state."""
    bad = [piece.name for piece in lab.pieces]
    vectors = all(each[name].mine.size == max(each[name].shape, default=1) for name in bad)
    if not vectors or len(bad) > 2 or len(later) <= len(bad):
        return []
    what = f"{listed(bad)} gets what the first step hands back; with more steps {listed(later)} are wrong."
    found = _cured(lab, place)
    return [finding("carry", place, f"{what} {found[0].evidence}" if found else what)]


def _misplaced(lab: _Lab, each: dict[str, Comparison], bad: list[str]) -> list[ModelFinding]:
    """Deltas in the wrong place: with one step the gradients that they make are right ones, elsewhere."""
    found, explained = relations({1: each}, {1: lab.model}, bad)
    deltas = any(each[name].mine.ndim > 1 for name in explained)
    return [one for one in found if one.family == "gate rows"] if deltas else []


def _cured(lab: _Lab, place: str) -> list[ModelFinding]:
    cure = _cure(lab)
    if not cure:
        return []
    told = lab.told(cure)
    what = f"With {told} set to zero all is right: the mistake is on the way back through {told}."
    return [finding("carry", place, what)]


class _Lab:
    """A model and the arrays whose gradient is wrong, to be tried at other weights."""

    def __init__(self, model: Model, bad: list[str]):
        self.model, self.pieces = model, [Piece(name) for name in bad]
        self.names = list(model.params)

    @functools.cached_property
    def outputs(self) -> list[str]:
        """The weights at the output."""
        found = [name for name in self.names if self._is_output(name)]
        return found if len(found) == 1 else []  # from a state of zero, other weights too shut off all the rest

    def off(self, params: Arrays) -> float | None:
        """The error of all wrong arrays together; None where it can't be told: the loss fails, or is flat."""
        try:
            off, size, blur = departures(self.model, params, [self.pieces])
        except (guard.LearnerError, Unusable):
            return None
        return float(off[0]) if blur < 1e-6 and size[0] > 0 else None

    def cures(self, params: Arrays) -> bool:
        """Whether the gradient is right at `params`, and says something there."""
        off = self.off(params)
        return off is not None and off < 1e-6

    def with_zeros(self, pieces: Iterable[Piece]) -> Arrays:
        """The weights with zeros in these pieces."""
        return self._with(pieces, np.zeros_like)

    def with_symmetry(self, pieces: Iterable[Piece]) -> Arrays:
        """The weights with square pieces replaced by their symmetric part."""
        return self._with(pieces, lambda block: (block + block.T) / 2)

    def _with(self, pieces: Iterable[Piece], change: Callable[[np.ndarray], np.ndarray]) -> Arrays:
        params = self.model.params
        for piece in pieces:
            params = changed(params, piece.name, change, piece.where(params[piece.name].shape))
        return params

    def told(self, pieces: list[Piece]) -> str:
        """These pieces in words."""
        return listed(piece.told(self.model.params[piece.name].shape) for piece in pieces)

    def cuts(self) -> Iterator[list[Piece]]:
        """Arrays through which a delta may go back: matrices before vectors, one alone before all of one shape."""
        bad = [piece.name for piece in self.pieces]
        shapes: dict[tuple, list[Piece]] = {}
        for name in sorted(self.names, key=lambda n: (self.model.params[n].ndim < 2, n not in bad)):
            if name in self.outputs:
                continue  # without them there are no deltas at all
            shapes.setdefault(self.model.params[name].shape, []).append(Piece(name))
            yield [Piece(name)]
        yield from (pieces for pieces in shapes.values() if len(pieces) > 1)
        vectors = [Piece(name) for name in bad if self.model.params[name].ndim < 2]
        if len(vectors) > 1:
            yield vectors

    def least(self, change: Callable[[list[Piece]], Arrays], pieces: list[Piece]) -> list[Piece]:
        """Those of the pieces whose change is needed for the cure."""
        for piece in pieces:
            fewer = [other for other in pieces if other != piece]
            if fewer and self.cures(change(fewer)):
                pieces = fewer
        return pieces

    def _is_output(self, name: str) -> bool:
        """Whether nothing but this array and a bias beside it gets a delta once it is zero."""
        others = [n for n in self.names if n != name and self.model.params[n].ndim > 1]
        if self.model.params[name].size < 2 or not others:
            return False
        try:
            _, size, blur = departures(
                self.model, self.with_zeros([Piece(name)]), [[Piece(name)], *([Piece(n)] for n in others)]
            )
        except (guard.LearnerError, Unusable):
            return False
        return bool(size[0] > 1e-3 and (size[1:] <= 1e-6 + blur).all())


def _bisect(
    models: dict[int, Model], take: Callable[[int], Model], rest: list[str], low: int, high: int
) -> tuple[int, int]:
    """The first length that is wrong, and the one before it."""
    while high > low + 1:
        middle = (low + high) // 2
        models[middle] = take(middle)
        off = _Lab(models[middle], rest).off(models[middle].params)
        if off is not None and off > 1e-7:
            high = middle
        else:
            low = middle
    return high, low


def _wrong_blocks(
    each: dict[str, Comparison], bad: list[str], deltas: dict[str, int]
) -> dict[str, tuple[list[Piece], list[Piece]]]:
    """Of the arrays that are wrong in whole blocks only, the blocks that are wrong and those that are right."""
    found = {}
    for name in bad:
        whole = each[name]
        for pieces in layouts(each, name):
            axis = pieces[0].axis
            if pieces[0].count == 1 or axis != deltas.get(name, axis):
                continue
            lines = [whole.part((*[slice(None)] * axis, k)) for k in range(whole.shape[axis])]
            off = np.array([is_off(line, whole) for line in lines])
            silent = np.array([np.abs(line.right[line.tried]).max(initial=0) <= whole.blur for line in lines])
            split = [(piece, off[where], silent[where]) for piece in pieces for where in [_span(piece, len(lines))]]
            wrong = [piece for piece, o, _ in split if o.any()]
            right = [piece for piece, o, s in split if not o.any() and not s.all()]
            if wrong and right and all((o | s).all() or not o.any() for _, o, s in split):
                found[name] = wrong, right
                break
    return found


def _span(piece: Piece, length: int) -> slice:
    size = length // piece.count
    return slice(piece.block * size, (piece.block + 1) * size)


def _place(
    each: dict[str, Comparison],
    bad: list[str],
    blocks: dict[str, tuple[list[Piece], list[Piece]]],
    first: int,
    before: int | None,
) -> str:
    where = []
    for name in bad:
        pieces = blocks[name][0] if name in blocks else [Piece(name)]
        where += [piece.told(each[name].shape) for piece in pieces]
    start = (
        f"Wrong at T = {first} already" if before is None else f"Right up to T = {before}, wrong from T = {first} on"
    )
    return f"{start}: {listed(where)}."


def _switch(lab: _Lab, place: str, others: Iterable[str]) -> list[ModelFinding]:
    """Does the error vanish at once, not by and by, when the deltas are made smaller by way of another array?"""
    start = lab.off(lab.model.params)
    for name in others:
        last = start
        for scale in (0.5, 0.2, 0.1, 0.03, 0.01, 0.003):
            off = lab.off(changed(lab.model.params, name, functools.partial(np.multiply, scale)))
            if off is None or last is None:
                break
            if off < 1e-6 and last > 1e4 * off and last > 1e-4:
                what = f"With {name} scaled by {scale:g}, so that the deltas are smaller, all is exactly right."
                return [finding("clipping", place, what)]
            last = off
    return []


def _right_somewhere(lab: _Lab, place: str) -> list[ModelFinding]:
    """Is it right at one of several random choices of the weights, and wrong at others? No smooth formula is."""
    rng = np.random.default_rng(0)
    offs = []
    for _ in range(12):
        params = copies(lab.model.params)
        for name in lab.names:
            params[name][...] = rng.normal(size=params[name].shape) / np.sqrt(min(params[name].shape, default=1))
        offs.append(lab.off(params))
    told = [off for off in offs if off is not None]
    count = sum(off < 1e-8 for off in told)
    if not 0 < count < len(told):
        return []
    return [finding("clipping", place, f"At {count} of {len(told)} random choices of the weights it is exactly right.")]


def _transposed(lab: _Lab, place: str) -> list[ModelFinding]:
    """Does the error vanish when a square matrix, or the square blocks of one, are symmetric?"""
    squares: list[Piece] = []
    for name in lab.names:
        shape = lab.model.params[name].shape
        if not _recurrent(shape) or min(shape) < 2:
            continue
        count = max(shape) // min(shape)
        squares += [Piece(name, int(shape[1] > shape[0]), k, count) for k in range(count)]
    if not squares or not lab.cures(lab.with_symmetry(squares)):
        return []
    needed = lab.least(lab.with_symmetry, squares)
    told = listed(dict.fromkeys(_told_together(lab, needed)))
    return [finding("transpose", place, f"With {told} made symmetric, so equal to the transpose, all is right.")]


def _told_together(lab: _Lab, pieces: list[Piece]) -> Iterator[str]:
    """The pieces in words, an array by its name where all its blocks are among them."""
    for piece in pieces:
        every = sum(other.name == piece.name for other in pieces) == piece.count
        yield piece.name if every else lab.told([piece])


def _cure(lab: _Lab) -> list[Piece]:
    """The smallest matrix or block that, set to zero, makes all right; empty if there is none."""
    for pieces in lab.cuts():
        if not lab.cures(lab.with_zeros(pieces)):
            continue
        if len(pieces) > 1:
            return lab.least(lab.with_zeros, pieces)
        blocks = (block for whole in layouts(lab.model.params, pieces[0].name) for block in whole if block.count > 1)
        return next(([block] for block in blocks if lab.cures(lab.with_zeros([block]))), pieces)
    return []


def _over_many_steps(
    lab: _Lab,
    take: Callable[[int], Model],
    compare: Callable[..., dict[str, Comparison]],
    rest: list[str],
    place: str,
    before: int,
) -> ModelFinding:
    """Right for two steps or more: the walk is cut off, or something piles up, which shows from the third step on."""
    if before == 2:
        length = 20
        last = compare(take(length))
        mine, right = (
            np.concatenate([getattr(last[name], side)[last[name].tried] for name in rest]) for side in ("mine", "right")
        )
        # What is cut off is missing, and has little to do with what is left; what piles up makes most of the sum.
        alike = np.vdot(mine - right, mine) / (np.linalg.norm(mine - right) * np.linalg.norm(mine))
        if alike > 0.4:
            what = f"At T = {length} most of the gradient of {listed(rest)} is what is too much (cosine {alike:.2f})."
            return finding("accumulation", place, what)
    return finding("truncation", place, f"It is as if the walk ended after {before} steps.")


def _several_products(lab: _Lab, each: dict[str, Comparison], place: str) -> list[ModelFinding]:
    """A matrix whose right gradient is a sum of more products than the learner's: one of its places is forgotten."""
    name = lab.pieces[0].name
    c = each[name]
    if len(lab.pieces) > 1 or lab.model.steps > 1 or c.mine.ndim != 2 or not c.tried.all() or not c.mine.any():
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
        return [finding("left out", place, what + (f" All of it belongs into {where}." if where else ""))]
    if axis is not None:
        others = basis(np.delete(c.mine, lines[axis], axis), 1 - axis)
        lost, put = (basis(np.take(matrix, lines[axis], axis), 1 - axis) for matrix in (away, c.mine))
        if 0 < others.shape[1] < len(others) and inside(lost, others) and not inside(put, others):
            what = f"Only {where} is wrong: it lacks the product that all others have, as if another had replaced it."
            return [finding("summing", place, what)]
    return []


def _silent_at_first(seen: Seen, bad: list[str], shared: Shared, place: str) -> list[ModelFinding]:
    """Nothing at all arrives with one step, and something does with more."""
    (T, each), *later = seen.items()
    if (
        shared.silent
        or any(each[name].mine.any() for name in bad)
        or not all(c[name].mine.any() for _, c in later for name in bad)
    ):
        return []
    what = f"At T = {T} the gradient of {listed(bad)} is zero, with more steps it is not: the last step gets nothing."
    return [finding("steps", place, what)] if later else []


def _loss_itself(lab: _Lab) -> list[str]:
    """The output weights whose gradient is wrong where they are zero, so that nothing goes back beyond them."""
    bad = [piece for piece in lab.pieces if piece.name in lab.outputs]
    return [piece.name for piece in bad if _still_wrong(lab, lab.with_zeros([piece]), [piece])]


def _wrong_steps(seen: Seen, lab: _Lab, recurrent: list[list[Piece]], place: str) -> list[ModelFinding]:
    """With two steps and a batch of one: which of the two has a wrong delta? The last is handed nothing."""
    if lab.model.steps != 2 or not {1, 2} <= set(seen):
        return []
    one, two = seen[1], seen[2]
    matrices = [n for n in lab.names if one[n].mine.ndim == 2 and one[n].tried.all() and min(one[n].shape) > 1]
    bad = [piece.name for piece in lab.pieces if piece.name in matrices and one[piece.name].right.any()]
    told = [n for n in bad if one[n].right.any(axis=1).all() or one[n].right.any(axis=0).all()]  # no gate is silent
    single = [n for n in bad if n not in lab.outputs]
    if len(told) < len(bad) or not single or any(rank(one[n].right) != 1 for n in single):
        return []
    if any(rank(two[n].mine - two[n].right) == 2 == rank(two[n].right) for n in single):
        what = "At T = 2 the delta of the last step is wrong too, to which nothing is handed; at T = 1 it is right."
        return [finding("steps", place, what)]
    for cut in [cut for cut in recurrent if len(cut) > 1] or recurrent[-1:]:
        params = lab.with_zeros(cut)
        mine, right = gradient(lab.model, params), {}
        for name in matrices:
            right[name] = reference(lab.model.at(params), name, mine[name], mine[name].size)[0]
        read = [n for n in matrices if n not in bad and rank(right[n]) == 2]
        silent = [n for n in single if rank(mine[n]) == 1 < rank(right[n])]
        if read and silent:
            what = (
                f"With {lab.told(cut)} set to zero, so that nothing spreads, one of the two steps gives nothing at all "
                f"to {listed(silent)}, though {listed(read)} gets something of both."
            )
            return [finding("steps", place, what)]
    return []


def _within_a_step(
    lab: _Lab,
    each: dict[str, Comparison],
    bad: list[str],
    blocks: dict[str, tuple[list[Piece], list[Piece]]],
    place: str,
    shared: Shared,
) -> list[ModelFinding]:
    factors = {name: shared.factors(name) for name in bad}
    if all(pair == (True, False) for pair in factors.values()):
        what = f"At this length the deltas in the gradient of {listed(bad)} point the right way, and the inputs do not."
        return [finding("product", place, what)]
    proof = shared.proof(bad, [name for name in each if name not in bad and name not in shared.silent])
    if proof:
        return [finding("product", place, proof)]
    proved = [name for name, pair in factors.items() if pair == (False, True)]
    space = f"In the gradient of {listed(proved)} the inputs are right, and the delta is not." if proved else ""
    if set(bad) >= set(each) - shared.silent and len(each) > 1:
        outputs = _loss_itself(lab)
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
        if lab.outputs or not blocks:
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
    hint = _cell_hint(blocks, bad)
    if hint:
        return [finding("formula", place, hint)]
    if len({piece.block for pieces, _ in blocks.values() for piece in pieces}) == 1:
        return [finding("gate", place, space)]
    twins = {c.shape for name, c in each.items() if name not in bad}
    one = shared.one_delta(bad) and all(each[name].shape in twins for name in bad)
    one = one or _one_of_each_shape(each, [Piece(name) for name in bad])
    return [finding("gate" if one else "formula", place, space)]


def _cell_hint(blocks: dict[str, tuple[list[Piece], list[Piece]]], bad: list[str]) -> str:
    """One block of several is right and the others are wrong: the output gate's delta is the one without the cell."""
    if not blocks:
        return ""
    right = {piece.block for _, pieces in blocks.values() for piece in pieces}
    counts = {pieces[0].count for pieces, _ in blocks.values()}
    if len(right) != 1 or min(counts) < 3:
        return ""
    number = next(iter(right)) + 1
    return (
        f"Block {number} alone is right. If that is the output gate, look at the delta of the cell, which all gates "
        "but this one use: how it gets there from h, and how the next step's part is added to it."
    )


def _own_delta(
    seen: Seen,
    lab: _Lab,
    each: dict[str, Comparison],
    place: str,
    blocks: dict[str, tuple[list[Piece], list[Piece]]],
    shared: Shared,
) -> list[ModelFinding]:
    """Wrong from T = 2 on, on no way through a matrix: the cell, a gate that was silent at T = 1, the loss."""
    bad = [piece.name for piece in lab.pieces]
    outputs = _loss_itself(lab) if len(bad) > 1 else []
    if outputs:
        what = f"With {listed(outputs)} set to zero nothing goes back beyond it, and its own gradient is still wrong."
        return [finding("loss", place, what)]
    hint = _cell_hint(blocks, bad)
    if hint:
        return [finding("carry", place, hint)]
    best: tuple[int, str, list[Piece]] | None = None
    cuts = [[piece for piece in cut if piece.name not in shared.tables] for cut in lab.cuts()]
    recurrent = [cut for cut in cuts if any(_recurrent(each[piece.name].shape) for piece in cut)]
    for cut in recurrent[-1:]:
        kept = [name for name in bad if name not in {piece.name for piece in cut}]
        for count in (4, 3, 2):
            pieces = [
                Piece(name, axis, k, count)
                for name in kept
                for axis, size in enumerate(each[name].shape)
                if size % count == 0 and size // count > 1 and size == max(each[name].shape)
                for k in range(count)
            ]
            wrong = _still_wrong(lab, lab.with_zeros(cut), pieces)
            shapes = {each[piece.name].shape for piece in wrong}
            if (
                len({piece.block for piece in wrong}) == 1
                and len(shapes) > 1
                and (best is None or len(wrong) < best[0])
            ):
                best = len(wrong), lab.told(cut), wrong
        wrong = _still_wrong(lab, lab.with_zeros(cut), [Piece(name) for name in bad])
        if (
            wrong
            and len(wrong) < len(bad)
            and _one_of_each_shape(each, wrong)
            and (best is None or len(wrong) < best[0])
        ):
            best = len(wrong), lab.told(cut), wrong
    if best:
        what = f"With {best[1]} set to zero, so that nothing spreads, only {lab.told(best[2])} stay wrong."
        return [finding("gate", place, what)]
    what = (
        "Set to zero, no matrix cures it, so it is on a way through none: from cell to cell, or straight from h to h."
    )
    found = _right_somewhere(lab, place) or _wrong_steps(seen, lab, recurrent, place)
    if found:
        return found
    found = [finding("carry", place, what)]
    if not any(shared.partners[name] for name in bad):
        what = f"Or the deltas are right: nothing is known to share those in the gradient of {listed(bad)}."
        found.append(finding("summing", place, what))
    return found


def _recurrent(shape: tuple[int, ...]) -> bool:
    """Whether it can be one to four square blocks."""
    return len(shape) == 2 and max(shape) % min(shape) == 0 and max(shape) <= 4 * min(shape)


def _still_wrong(lab: _Lab, params: Arrays, pieces: list[Piece]) -> list[Piece]:
    if not pieces:
        return []
    try:
        off, _, blur = departures(lab.model, params, [[piece] for piece in pieces])
    except (guard.LearnerError, Unusable):
        return []
    return [piece for piece, error in zip(pieces, off, strict=True) if blur < 1e-6 and error > 1e-6]


def _one_of_each_shape(each: dict[str, Comparison], pieces: list[Piece]) -> bool:
    """Whether these are the arrays of one gate, each with twins for the other gates."""
    shapes = [each[piece.name].shape for piece in pieces]
    names = {piece.name for piece in pieces}
    twins = [c.shape for name, c in each.items() if name not in names]
    return len(set(shapes)) == len(shapes) and all(shape in twins for shape in shapes)
