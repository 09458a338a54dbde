"""The shortest length at which a gradient is wrong: what can be read off it, and what other weights do to the error.

Imports case, deltas, differences, layout and relations.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from lstm_teach.gradreport import listing
from lstm_teach.models.case import Model, elsewhere, gradient, value
from lstm_teach.models.deltas import basis, inside, rank, shared_deltas, tells
from lstm_teach.models.differences import Each, Seen, compare, error_of, measured, multiple, thoroughly
from lstm_teach.models.families import it
from lstm_teach.models.layout import Layout, Piece, lines_of
from lstm_teach.models.relations import ratio

Change = Callable[[np.ndarray], np.ndarray]  # of some of the weights
Take = Callable[[int], Model]  # the model of another length


def layout_of(seen: Seen, takes_length: bool) -> Layout:
    """The layout, as the longest length tells which arrays are at the output and the two shortest which are tables."""
    least, *_ = lengths = sorted(seen)
    longest, one, two = seen[lengths[-1]].model, seen[least], seen[lengths[:2][-1]]
    at_output, alone = outputs(longest), not takes_length or bool(scores_of(one, two))
    plain = alone or (least < 4 and adds_examples(seen, at_output))
    if plain and not alone:  # with these weights a mask may stop what goes back with others
        others = ((T, each.model) for T, each in seen.items() if T < 4)
        plain = adds_examples({T: compare(next(shuffled(model, 1))) for T, model in others}, at_output)
    return Layout(longest.shapes, at_output, looked_up(one, two), plain)


def adds_examples(seen: Seen, at_output: list[str]) -> bool:
    """Whether each further step adds to each gradient no more products than the first: nothing is carried then.

    A shorter length has its part in the loss of a longer one, whether that is a sum or a mean.
    """
    lengths = [T for T in sorted(seen) if T < 4]
    inner = [name for name, c in seen[lengths[-1]].items() if c.is_matrix and not c.silent and name not in at_output]
    if len(lengths) < 2 or not inner or not all(seen[T][name].full for T in lengths for name in inner):
        return False

    def adds(name: str, least: int, most: int, share: float) -> bool:
        start, here, there = (seen[T][name].right for T in (lengths[0], least, most))
        return rank(there - share * here) <= rank(start) * (most - least) / lengths[0] < min(here.shape)

    pairs = [*itertools.pairwise(lengths)]
    return all(any(all(adds(n, *pair, share) for n in inner) for share in (1, pair[0] / pair[1])) for pair in pairs)


def scores_of(one: Each, two: Each) -> tuple[str, ...]:
    """Two matrices like queries and keys, mute with one step: to double one and halve the other changes nothing."""
    model = two.model
    mute = [name for name, c in one.items() if c.is_matrix and c.silent and not two[name].silent]
    for pair in itertools.combinations(mute, 2):
        other = elsewhere(model, [(n, (), by * model.params[n]) for n, by in zip(pair, (2, 0.5), strict=True)])
        if model.shapes[pair[0]] == model.shapes[pair[1]] and abs(value(other) - value(model)) <= 20 * model.noise:
            return pair
    return ()


def outputs(model: Model) -> list[str]:
    """The weights at the output: once they are zero, nothing but these and a bias beside them gets a delta."""
    found = []
    for name, array in model.params.items():
        others = [other for other in model.params if other != name]
        bare = elsewhere(model, [(name, (), 0)])
        slopes = measured(bare, [[Piece(other)] for other in (name, *others)], across=True)
        given = [model.shapes[n] for n, slope in zip(others, slopes[1:], strict=False) if slope.size > 2e-6]
        biases = [shape for shape in given if np.prod(shape) == max(shape, default=1) in (1, *array.shape)]
        if array.size > 1 and slopes[1:] and slopes[0].size > 1e-3 and len(given) == len(biases) < 2:
            found.append(name)
    return found if len(found) == 1 else []  # from a state of zero, other weights too shut off all the rest


def looked_up(each: Each, longer: Each) -> set[str]:
    """Tables: as many rows (or columns) are used as the gradient has products, the others not even read.

    With more steps some are still not used, unlike what acts on a state that starts at zero.
    """
    found, model, here = set(), each.model, value(each.model)
    for name, c in thoroughly(each).items():
        for axis in (0, 1) if c.is_matrix and c.full and not c.silent else ():
            used = c.loud.any(axis=1 - axis, keepdims=True)
            later = longer[name].loud | ~longer[name].tried
            if used.sum() == rank(c.right) < used.size and not later.any(axis=1 - axis).all():
                others = (elsewhere(model, [(name, (), model.params[name] + by * ~used)]) for by in (3, -3))
                found |= {name} if all(value(other) == here for other in others) else set()
    return found


def shuffled(model: Model, times: int) -> Iterator[Model]:
    """The model with the numbers of each array in another order and with other signs."""
    rng, own = np.random.default_rng(3), model.params
    for _ in range(times):
        mixed = ((name, rng.permutation(own[name].ravel()).reshape(own[name].shape)) for name in own)
        yield elsewhere(model, ((name, (), array * rng.choice([-1, 1], array.shape)) for name, array in mixed))


class Evidence:
    """The first length that is wrong, what can be read off it, and the model to be tried at other weights there.

    `rest` are the arrays to be explained, `before` is the longest length at which they are right.
    """

    def __init__(self, seen: Seen, take: Take, rest: list[str], layout: Layout, first: int, before: int | None):
        self.seen, self.take, self.rest, self.layout = seen, take, rest, layout
        self.first, self.before, self.each = first, before, seen[first]
        self.model, self.bad = self.each.model, self.each.wrong(rest)
        self.ever = {name for each in seen.values() for name in each.wrong()}
        self.alone = len(rest) == 1 and len(self.each) > 1
        self.axes, self.partners = shared_deltas(seen)
        # Of these a gradient that is right shows that the deltas are; one that is right at T = 1 alone only if it shows
        # there that the deltas are shared.
        near = shared_deltas({1: self.each})[1] if first == 1 else self.partners
        known = {name: {n for n in self.partners[name] if n not in self.ever or n in near[name]} for name in self.bad}
        self.proofs = {name: known[name] if self._of_right_deltas(name) else set() for name in self.bad}
        # Where the state is zero at the start, the gradient of what it is multiplied with knows nothing of that step.
        self.silent = {name for name, c in next(iter(seen.values())).items() if c.silent}
        # What gets nothing here but its part of a penalty.
        full, own, norm = [(n, c.right) for n, c in self.each.items() if c.full], self.model.params, np.linalg.norm
        self.idle = {n for n, right in full if norm(right - multiple(right, own[n])) <= 1e-6 * norm(right)}
        inner = self.each.keys() - {*self.bad, *layout.outputs, *self.silent}
        self.fine = any(self.each[name].mine.ndim > 1 for name in inner)  # a matrix inside is shown to be right
        parts = [self._parts(name) for name in self.bad]
        self.wrong = [piece for wrong, _ in parts for piece in wrong]
        self.right = [piece for _, right in parts for piece in right]  # blocks of the same arrays, shown to be right
        self.axes |= self._axes_by_moving()
        self.state = {piece.name for cut in layout.on_the_state() for piece in cut}

    def _of_right_deltas(self, name: str) -> bool:
        """Whether what is too much is made of deltas of the right gradient, as far as that can be told."""
        c, axis = self.each[name], self.axes.get(name, 0)
        if c.is_vector:  # what spoils the deltas of a matrix spoils those of its bias
            beside = (n for n in self.partners[name] if n in self.bad and self.each[n].is_matrix)
            return all(map(self._of_right_deltas, beside))
        if name not in self.axes or not c.is_matrix or not c.full or c.silent:
            return True
        spans, others = [basis(c.right, axis)], [self.each[n] for n in self.partners[name]]
        if self._in_two_places(name):  # so that it has other deltas too
            spans = [basis(other.right.reshape(-1, 1), 0) for other in others if other.is_vector] or spans
        if any(map(tells, spans)):
            return any(inside(basis(c.away, axis), span) for span in spans)
        # A vector shows that the sum over the steps is right; which step has which delta, where nothing else is wrong.
        own = all(self.partners[n] - self.ever for n in self.ever)
        return self.first == 1 or own or not all(other.is_vector for other in others)

    def _in_two_places(self, name: str) -> bool:
        """Whether its right gradient is a sum of more products than that of any other matrix, each of which could."""
        others = [c for n, c in self.each.items() if n != name and c.is_matrix and c.full]
        least = rank(self.each[name].right)
        return bool(others) and all(rank(c.right) < min(least, *c.mine.shape) for c in others)

    def _axes_by_moving(self) -> dict[str, int]:
        """Along which axis the delta runs where other weights change it, but not what the first step is given."""
        names = [n for n in self.bad if n not in self.axes and self.each[n].is_matrix and self.each[n].full]
        if self.first > 1 or not names:
            return {}
        moved, axes = compare(next(shuffled(self.model, 1))), {}
        for name in (name for name in names if moved[name].full):
            spans = [(basis(moved[name].right, axis), basis(self.each[name].right, axis)) for axis in (0, 1)]
            kept = [len(one.T) == len(two.T) < len(two) and inside(one, two) for one, two in spans]
            axes |= {name: kept.index(False)} if sum(kept) == 1 else {}
        return axes

    def at(self, names: Iterable[str]) -> str:
        """The beginning of a sentence on the shortest length that is wrong."""
        return f"At T = {self.first} the gradient of {listing(names)}"

    def place(self) -> str:
        """From which length on which arrays and blocks are wrong."""
        wrong = self.layout.told(sorted(self.wrong, key=lambda piece: not piece.part))
        if self.before is None:
            already = ", the shortest length compared" if self.first > 1 else ""
            return f"Wrong at T = {self.first} already{already}: {wrong}."
        mute = [name for name in self.bad if name in self.silent] if self.before == 1 else []
        but = f"at T = 1, where the right gradient of {listing(mute)} is zero" if mute else f"up to T = {self.before}"
        off = {T: each.wrong(self.bad) for T, each in self.seen.items() if self.before < T}
        when = f"from T = {self.first} on" if all(off.values()) else f"at T = {listing(T for T in off if off[T])}"
        return f"Right {but}, wrong {when}: {wrong}."

    def is_mute(self, piece: Piece) -> bool:
        """Whether the first step alone would show nothing of this: then it is no proof that it is right at T = 2."""
        start = self.seen.get(1) if self.first <= 2 else None
        return any(one.part(piece).silent for one in (start, self.each) if one)

    def _parts(self, name: str) -> tuple[list[Piece], list[Piece]]:
        """The array, or if it is wrong in whole blocks only, the blocks that are wrong and those shown to be right."""
        for pieces in self.layout.of(name):
            axis = len(pieces[0].part) - 1
            if not pieces[0].part or axis != self.axes.get(name, axis) or name in self.layout.tables:
                continue
            wrong = [piece for piece in pieces if self.each.part(piece).wrong]
            right = [piece for piece in pieces if piece not in wrong and not self.is_mute(piece)]
            lines = [lines_of(name, axis, (k, k + 1)) for p in wrong for k in range(*p.part[axis])]
            if wrong and right and all(c.wrong or c.silent for c in map(self.each.part, lines)):
                return wrong, right
        c = self.each[name]
        for axis in (0, 1) if self.alone and c.is_matrix else ():  # or a few rows or columns
            off, loud = ((part != 0).any(axis=1 - axis) for part in (c.away, c.loud))
            lost = not c.mine.compress(off, axis).any()
            if (lost or c.full) and 0 < off.sum() < min(4, (off | loud).sum()):
                return [lines_of(name, axis, (k, k + 1)) for k in np.flatnonzero(off).tolist()], []
        if len(self.each) == 1 and c.mine.ndim == 1 and c.full:  # or some entries of what holds all weights
            ends = np.flatnonzero(np.diff(c.away != 0, prepend=False, append=False)).reshape(-1, 2).tolist()
            return [Piece(name, (tuple(end),)) for end in ends] if len(ends) < 4 else [Piece(name)], []
        return [Piece(name)], []

    def gate_hint(self) -> str:
        """One gate is right and the others are wrong: the output gate's delta is the one without the cell."""
        inner = [Piece(name) for gate in self.layout.gates for name in gate if name not in self.bad]
        right = self.right or [piece for piece in inner if not self.is_mute(piece)]
        wrong = self.layout.gates_of(self.wrong)
        fine = self.layout.gates_of(right) - wrong
        if len(fine) != 1 or len(wrong) < 2:
            return ""
        shown = 1 if self.first <= 2 and 1 in self.seen else self.first
        count = len(self.layout.gates) or int(min(fine).split()[-1])
        at = f" at T = {self.first}" if self.first != shown else ""
        gate, rest = "output gate of an LSTM", "the cell, which all gates but this one use: at the part that comes from"
        rest += " h, and at how the next step's part is added to it."
        if count == 3:
            gate, rest = "update gate of a GRU", "the candidate, from which that of the reset gate is made."
            if min(fine).startswith("block 3") or 1 in map(len, self.layout.gates):
                rest += " If it is the values of an attention, look at its scores."
        what = f"Of the gates that show anything at T = {shown}, only {min(fine)} is right{at}."
        return f"{what} If it is the {gate}, look at the delta of {rest}"

    def is_one_gate(self, pieces: list[Piece] | None = None) -> bool:
        """Whether these, or all that are wrong, belong to one gate, which has twins."""
        gates = self.layout.gates_of(pieces or self.wrong)
        names = {piece.name for piece in pieces or self.wrong}
        sisters = {sister for gate in self.layout.gates for sister in gate if names & {*gate}} - names
        if sisters - {*self.bad} - self.silent:  # which are right, and so is the delta
            return False
        same = [self.layout.shapes[name] for name in names]
        twins = set(same) <= {shape for name, shape in self.layout.shapes.items() if name not in names}
        if pieces is None and twins and any(names <= {name} | self.partners[name] for name in names):
            return True  # with one delta
        if gates or any(map(self.layout.blocks, names)):
            return len(gates) == 1
        return twins and len(set(same)) == len(same) and (len(same) == 1 or max(map(len, same)) > 1)

    def factors(self, name: str) -> tuple[bool | None, bool | None]:
        """Whether the deltas and the inputs in this gradient are the right ones; None where it can't be told."""
        c = self.each[name]
        if not c.is_matrix or not c.full or not c.mine.any() or c.silent or self._in_two_places(name):
            return None, None
        axis, said, crowded = self.axes.get(name, 0), [], False
        for side in (axis, 1 - axis):
            span = basis(c.right, side)
            said.append(inside(basis(c.mine, side), span) if span.shape[1] < len(span) else None)
            # If the deltas are as many as they can be, of the units that have one and with the sum of a softmax, then
            # neither is it a surprise that they lie in that span nor has what they multiply to be all that there is.
            most = (np.abs(span).max(axis=1) > 1e-9).sum() - (np.abs(span.sum(axis=0)).max() < 1e-6)
            crowded = crowded or (span.shape[1] >= most and (side == axis or name not in self.axes))
            said[-1] = None if crowded and said[-1] == (side == axis) else said[-1]
        return tuple(said) if name in self.axes or (not any(said) and None not in said) else (None, None)

    def inputs_right(self) -> str:
        """In which of the wrong gradients the delta is wrong and the inputs are right."""
        names = [n for n in self.bad if n not in self.layout.tables and self.factors(n) == (False, True)]
        return f"{self.at(names)} has the right inputs, but not the right delta." if names else ""

    def factor_of_units(self) -> str:
        """In which of the wrong gradients each unit is off by a factor that other output weights do not change."""
        outputs = [name for name in self.layout.outputs if name not in self.bad]
        if not outputs or self.first > 1:
            return ""
        draw = np.random.default_rng(4).normal
        other = compare(self.with_change(map(Piece, outputs), lambda a: draw(size=a.shape) * a.std()))

        def factors(each: Each, name: str) -> list[float | None]:
            """For each unit that has a gradient, the ratio of mine to right."""
            units = [lines_of(name, self.axes[name], (k, k + 1)) for k in range(each[name].mine.shape[self.axes[name]])]
            return [ratio(c) for c in map(each.part, units) if not c.silent]

        told = []
        full = (n for n in self.bad if n in self.axes and self.each[n].full and other[n].full)
        for name in (n for n in full if self.each[n].mine.ndim):
            here, there = factors(self.each, name), factors(other, name)
            if here and len(here) == len(there) and None not in here + there and np.allclose(here, there, 1e-5, 1e-7):
                one = all(ratio(self.each.part(piece)) for piece in self.wrong if piece.name == name)
                told += [name] if np.ptp(here) > 1e-6 and not one else []
        if not told:
            return ""
        what = f"{self.at(told)} is off by a factor of its own for each unit, and other output weights don't change"
        such = "a slope or a mask" if self.layout.plain else "a slope, a gate, a state or a mask"
        return f"{what} these factors: a factor of this delta is wrong or missing, such as {such}."

    def guess(self) -> str:
        """Why the mistake is where these gradients are made, though no array is known to share their deltas."""
        bad, right = set(self.bad), self.each.keys() - self.ever - self.silent
        sisters = [right.intersection(gate) for gate in self.layout.gates for name in bad if name in gate]
        vectors = self.fine and len(self.rest) == len(bad) and all(self.each[name].is_vector for name in bad)
        if vectors and any(self.partners[name] & bad for name in bad):
            return ""  # as a rule it is the delta that they share
        # What acts on a state gets its delta from itself: right if its bias is, or what gets its delta through it.
        inner = right.difference(self.layout.outputs, *(self.partners[n] for n in self.layout.outputs))
        sizes = {self.each[n].mine.size for n in inner if self.each[n].is_vector}
        alone = self.alone and (self.ever <= bad or not bad & self.layout.tables)
        mute = {n for n, c in self.each.items() if c.is_vector and all(each[n].silent for each in self.seen.values())}
        sides = {size for name in bad if self.each[name].is_matrix for size in self.layout.shapes[name]}
        if any(self.each[name].mine.size in sides for name in mute - bad):
            return ""  # this may have the same delta, and would show nothing of it
        acting = {n for n in bad & self.state if min(self.layout.shapes[n]) >= min(self.layout.states, default=0)}
        if alone and acting and sizes.isdisjoint(size for n in bad for size in self.layout.shapes[n]):
            found = measured(self.with_change(map(Piece, bad)), [[Piece(n)] for n in (*inner, *self.each)])
            alone = any(slope.size < 1e-7 for slope in found[: len(inner)])
        if not alone and not vectors and not (len(sisters) == len(bad) and all(sisters)):
            return ""
        sizes = {size for name in bad for size in self.layout.shapes[name]}
        one = {n for n, c in self.each.items() if c.mine.size == 1}
        # The delta of these may be theirs.
        explained = {n for n in self.ever - {*self.rest} if sizes & {*self.layout.shapes[n]} or one & {n, *bad}}
        if any(ratio(each[n]) for each in self.seen.values() for n in explained if each[n].wrong):
            return ""  # so it may be the delta that is off by a factor
        of_all = "Nothing" if self.ever <= bad else "Of the arrays that no other finding explains, nothing"
        what = "a wrong delta would show in other gradients too, if others are made with it"
        return f"{of_all} but {listing(self.bad)} is wrong; {what}."

    # ----------------------------------------------------------------------------------------------- at other weights

    def with_change(self, pieces: Iterable[Piece], change: Change = np.zeros_like, model: Model | None = None) -> Model:
        """The model with zeros, or something else, in these pieces."""
        model = model or self.model
        return elsewhere(model, ((p.name, p.where, change(model.params[p.name][p.where])) for p in pieces))

    def bare(self, cut: list[Piece]) -> str:
        """What keeps the error from spreading, in words."""
        through = it([*cut, *filter(None, cut[0].part)])  # some columns are several too
        return f"With {self.layout.told(cut)} set to zero, so that nothing goes back through {through}"

    def off(
        self, pieces: list[Piece], change: Change = np.zeros_like, alive: float = 0.5, but: list[str] = ()
    ) -> float:
        """The error then of all wrong arrays not in `but`; infinite where the loss fails, or too many have no gradient.

        A share of the others has to be `alive`: that nothing is wrong where nothing goes back is no proof. A multiple
        of the weights, as of a penalty, does not come from the loss at the end either.
        """
        model, names = self.with_change(pieces, change), {piece.name for piece in pieces}
        others = [piece for piece in self.wrong if piece.name not in names]
        bad = [name for name in self.bad if name not in but]
        found = measured(model, [[*map(Piece, names)] for names in (bad, self.each)])
        only = len(self.each) == 1 and not pieces[0].part  # without it nothing is left
        if not found or (alive and (only or not found[0].size)):
            return np.inf
        got, norm = gradient(model), np.linalg.norm
        mine = {name: array - multiple(array, model.params[name]) for name, array in got.items()}
        living = [norm(mine[piece.name][piece.where]) > 1e-9 * max(map(norm, got.values())) for piece in others]
        return found[0].off if sum(living) >= alive * len(others) else np.inf

    def still_wrong(self, zeros: Iterable[Piece], pieces: list[Piece]) -> list[Piece]:
        """Which of the pieces have a wrong gradient with zeros in others; none if one has no gradient there at all."""
        found = measured(self.with_change(zeros), [[piece] for piece in pieces])
        flat = any(not slope.size and not slope.off for slope in found)
        return [] if flat else [piece for piece, slope in zip(pieces, found, strict=False) if slope.off > 1e-6]

    def needed(
        self, pieces: list[Piece], change: Change = np.zeros_like, *others: Change, alive: float = 0.5
    ) -> list[Piece]:
        """The fewest of these pieces whose change cures the error, best by shutting off none of the others; or none."""
        if self.off(pieces, change, alive=0) >= 1e-6:
            return []
        ways = []
        for left in (pieces, pieces[::-1]):
            for piece in left:
                fewer = [other for other in left if other != piece]
                left = fewer if fewer and self.off(fewer, change, alive=0) < 1e-6 else left
            ways.append([piece for piece in pieces if piece in left])
        least = min(ways, key=lambda left: self.off(left, change, alive=1) >= 1e-6)
        enough = any(self.off(left, change, alive) < 1e-6 for left in (least, pieces))
        return least if enough and self.holds(least, change, *others) else []

    def holds(self, pieces: list[Piece], *changes: Change, but: Iterable[str] = ()) -> bool:
        """Whether it is no chance that these changes cure the error: they do so at other weights, and with more steps.

        Zeros in all that a gate is given make it the same at every step, which hides much, as that the cell is wrong:
        so they have to do in what acts on the state.
        """
        names, zeros = {piece.name for piece in pieces}, np.zeros_like in changes
        if zeros and self.before == 1 and self.state >= names and self.gate_hint():
            return False
        lengths = [T for T, each in self.seen.items() if self.first < T <= 6 and each.wrong(self.bad)]
        models = [self.model, *shuffled(self.model, 3), *map(self.take, lengths)]
        bad = [name for name in self.bad if name not in but]

        def cures(parts: list[Piece], change: Change = np.zeros_like) -> bool:
            return not any(error_of(self.with_change(parts, change, model), bad) >= 1e-6 for model in models)

        whole = zeros and not any(any(piece.part) for piece in pieces)
        cuts = [[own for own in cut if own.name in names and any(own.part)] for cut in self.layout.on_the_state()]
        parts = [cut for cut in cuts if cut and whole]
        return all(cures(pieces, change) for change in changes) and (not parts or any(map(cures, parts)))

    def cure(self) -> str:
        """What cures it when it is zero, in words: matrices before vectors, one alone before several or a part."""
        inner = [name for name in self.each if name not in self.layout.outputs]  # without outputs no deltas at all
        inner.sort(key=lambda name: (self.each[name].mine.ndim < 2, name not in self.bad))
        together = [[*map(Piece, names)] for names in self.layout.by_shape(inner) if len(names) > 1]
        together += self.layout.on_the_state()
        together += [[half] for name in self.each for halves in self.layout.halves(name) for half in halves]
        for alive in (1, 0.5):  # best is what shuts off none of the others
            alone = [name for name in inner if self.needed([Piece(name)], alive=alive)]
            needed = [*map(Piece, alone)]
            needed = needed or next(filter(None, (self.needed(group, alive=alive) for group in together)), [])
            if needed:
                break
        if not needed:
            return ""
        told, where, more = " or ".join(alone), "where one of them is used, or in what depends on one", ""
        if len(alone) < 2:
            fewer = []  # blocks of one whole array, where the others still get something
            for blocks in self.layout.of(needed[0].name) if len(needed) == 1 and not needed[0].part else ():
                off = self.needed(blocks)
                rest = measured(self.with_change(off), [[block] for block in blocks if block not in off])
                fewer += [off] if off and rest and all(slope.size > 1e-9 for slope in rest) else []
            # of two ways to cut it the smaller part
            needed = min(fewer, key=lambda off: sum(np.ptp(p.part[-1]) for p in off), default=needed)
            told = self.layout.told(needed)
            where = f"through {told if not needed[0].part else 'these parts' if needed[1:] else 'this part'}"
            group = next((group for group in together if {*needed} < {*group}), [])
            others = [[piece] for piece in (*group, *map(Piece, self.each)) if piece not in needed]
            slopes = measured(self.with_change(needed), others)[: max(len(group) - len(needed), 0)]
            if shut := [one for [one], slope in zip(others, slopes, strict=False) if slope.size < 1e-9]:
                more = f" But then nothing comes back to {self.layout.told(shut)}, so this says nothing about it."
            if {piece.name for piece in needed} & self.silent & set(self.bad):
                where += ", or in the delta that its own gradient is made with"
            if all(self.each[piece.name].is_vector for piece in needed):  # which a delta need not go through
                where += f", or where {'they are' if needed[1:] else 'it is'} used"
        said = f"With {told} set to zero everything is right"  # at T = 1 because of a factor, as a rule
        return f"{said}." if self.first == 1 else f"{said}: the mistake is on the way back {where}.{more}"

    def own_delta(self) -> str:
        """In words, an array that, set to zero, cures all but its own gradient and those with the same deltas."""
        for name in (n for n in self.bad if self.each[n].mine.size > 1 and n not in self.layout.outputs):
            own, zero = [n for n in self.bad if n == name or n in self.partners[name]], [Piece(name)]
            cures = len(own) < len(self.bad) and self.off(zero, but=own) < 1e-6
            if cures and self.still_wrong(zero, zero) and self.holds(zero, np.zeros_like, but=own):
                what = f"With {name} set to zero everything but the gradient of {listing(own)} is right:"
                return f"{what} the mistake is in the delta used for {it(own)}, or in what that delta is made of."
        return ""
