"""The shortest length at which a gradient is wrong: what can be read off it, and what other weights do to the error.

Imports case, deltas, differences, layout and relations.
"""

import contextlib
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from lstm_teach import guard
from lstm_teach.gradreport import listing
from lstm_teach.models.case import Model, elsewhere, gradient, value
from lstm_teach.models.deltas import axes_of, basis, inside, rank, shared_deltas, spans_all
from lstm_teach.models.differences import Comparison, Seen, compare, error_of, measured, multiple, thoroughly
from lstm_teach.models.layout import Layout, Piece, lines_of
from lstm_teach.models.relations import ratio

Change = Callable[[np.ndarray], np.ndarray]  # of some of the weights
Take = Callable[[int], Model]  # the model of another length
Pieces = list[Piece]


def outputs(model: Model) -> list[str]:
    """The weights at the output: once they are zero, nothing but these and a bias beside them gets a delta."""
    found, shapes = [], model.shapes
    for name in (n for n in shapes if len(shapes) > 1 and np.prod(shapes[n]) > 1):
        bare = elsewhere(model, [(name, (), 0)])
        others = [n for n in shapes if n != name]
        beside = [n for n in others if np.prod(shapes[n]) == max(shapes[n], default=1) in (1, *shapes[name])]
        inner = [Piece(n) for n in others if n not in beside]  # in one: each by itself takes long if there are many
        groups = [[Piece(name)], inner, *([Piece(n)] for n in beside)]
        own, rest, *biases = [slope.size for slope in measured(bare, groups, across=True)] or [0, 0]
        found += [name] if own > 1e-3 and rest <= 2e-6 and sum(size > 2e-6 for size in biases) < 2 else []
    return found if len(found) == 1 else []  # from a state of zero, other weights too shut off all the rest


def looked_up(seen: Seen) -> set[str]:
    """Tables: as many rows (or columns) are used as the gradient has products, the others not even read.

    With more steps they grow no faster than the steps do, unlike those of what acts on a state that starts at zero.
    """
    each, longer = (seen[T] for T in (*sorted(seen), min(seen))[:2])
    found, model, here = set(), each.model, value(each.model)
    for name, c in thoroughly(each).items():
        for axis in (0, 1) if c.is_matrix and c.full and not c.silent else ():
            used = c.loud.any(axis=1 - axis, keepdims=True)
            most = min(used.sum() * longer.model.steps / model.steps, used.size - 1)
            if used.sum() == rank(c.right) <= most >= longer[name].loud.any(axis=1 - axis).sum():
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
        self.matrices = [n for n in self.bad if self.each[n].is_matrix and n not in layout.changing]
        # With other output weights the deltas are others, and the inputs are not.
        draw, moved = np.random.default_rng(4).normal, [*map(Piece, layout.outputs or self.each)]
        self.other = self.each
        with contextlib.suppress(guard.LearnerError):
            self.other = compare(self.with_change(moved, lambda a: draw(size=a.shape) * max(a.std(), 0.1)))
        self.axes = axes_of(self.each, self.other)
        self.partners = shared_deltas(seen, self.axes)
        # Where the state is zero at the start, the gradient of what it is multiplied with knows nothing of that step.
        self.silent = {name for name, c in next(iter(seen.values())).items() if c.silent}
        # Of these the deltas are right: at T = 1, right there is enough.
        sound = self.each.keys() - ({*self.each.wrong(), *self.silent} if first == 1 else self.ever)
        self.proofs = {n: self.partners[n] & sound if self._of_right_deltas(n) else set() for n in self.each.wrong()}
        inner = self.each.keys() - {*self.ever, *layout.outputs, *self.silent}
        self.fine = any(not self.each[name].is_vector for name in inner)  # a matrix inside is shown to be right
        parts = [self._parts(name) for name in self.bad]
        self.wrong = [piece for wrong, _ in parts for piece in wrong]
        self.right = [piece for _, right in parts for piece in right]  # blocks of the same arrays, shown to be right
        self.rows = {piece.name for piece in self.wrong if piece.part and not piece.label}  # as of a table used twice
        self.state = {piece.name for cut in layout.on_the_state() for piece in cut}

    def _of_right_deltas(self, name: str) -> bool:
        """Whether what is too much is made of deltas of the right gradient, as far as that can be told."""
        if self.each[name].is_vector:  # what spoils the deltas of a matrix spoils those of its bias
            beside = (n for n in self.partners[name] if n in self.bad and self.each[n].is_matrix)
            return all(map(self._of_right_deltas, beside))
        return self.factors(name)[0] is not False and not self._in_two_places(name)

    def _in_two_places(self, name: str) -> bool:
        """Whether its right gradient is a sum of more products than that of any other matrix, each of which could."""
        known = [c for c in self.each.values() if c.is_matrix and c.full]
        others = [c for c in known if c is not self.each[name]]
        least = rank(self.each[name].right) if len(others) < len(known) else 0
        return bool(others) and all(rank(c.right) < min(least, *c.mine.shape) for c in others)

    def at(self, names: Iterable[str]) -> str:
        """The beginning of a sentence on the shortest length that is wrong."""
        return f"At T = {self.first} the gradient of {listing(names)}"

    def place(self) -> str:
        """From which length on which arrays and blocks are wrong."""
        wrong = self.layout.told(sorted(self.wrong, key=lambda piece: not piece.part))
        if self.before is None:
            already = ", the shortest length explored at which anything shows" if self.first > 1 else ""
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

    def _parts(self, name: str) -> tuple[Pieces, Pieces]:
        """The array, or if it is wrong in whole blocks only, the blocks that are wrong and those shown to be right."""
        for pieces in self.layout.of(name):
            axis = len(pieces[0].part) - 1
            if not pieces[0].part or (self.each[name].is_matrix and axis != self.axes.get(name, axis)):
                continue
            wrong = [piece for piece in pieces if self.each.part(piece).wrong]
            right = [piece for piece in pieces if piece not in wrong and not self.is_mute(piece)]
            if wrong and right:
                return wrong, right
        c = self.each[name]
        for axis in range(c.mine.ndim) if self.alone or len(self.each) == 1 else ():  # or some rows, columns, entries
            beside = tuple(other for other in range(c.mine.ndim) if other != axis)
            off, loud = ((part != 0).any(axis=beside) for part in (c.away, c.loud))
            ends = np.flatnonzero(np.diff(off, prepend=False, append=False)).reshape(-1, 2).tolist()
            if 0 < len(ends) < 4 and off.sum() < (off | loud).sum():
                return [lines_of(name, axis, tuple(end)) for end in ends], []
        return [Piece(name)], []

    def gate_hint(self) -> tuple[str, str]:
        """One gate or layer is right and the others are wrong: what do they have in common? And the family, or ""."""
        inner = [Piece(name) for gate in self.layout.gates for name in gate if name not in self.bad]
        right = self.right or [piece for piece in inner if not self.is_mute(piece)]
        wrong = self.layout.gates_of(self.wrong)
        fine = self.layout.gates_of(right) - wrong
        if len(fine) != 1 or len(wrong) < 2:
            return "", ""
        shown, only = 1 if self.first <= 2 and 1 in self.seen else self.first, min(fine)
        at = f" at T = {self.first}" if self.first != shown else ""
        shows = f"that show anything at T = {shown}, only {only} is right{at}."
        parts = {one: [p for p in right + self.wrong if self.layout.gates_of([p]) == {one}] for one in fine | wrong}
        # Layers get what goes back by way of the one above; the scores of an attention shut each other off as well.
        shut = [one for one in parts if all(self._shuts_off(parts[one], parts[other]) for other in wrong - {one})]
        if only in shut and len(shut) < len(parts):
            look = "look at what they get from it" + ", and from the step after" * (self.first > 1)
            zero = f"If its weights are zero, the others get no gradient: {look}."
            return "carry", f"Of the layers or gates {shows} {zero}"
        share = "the delta of the cell if the right one is the output gate of an LSTM, that of the candidate if it is"
        share += " the update gate of a GRU, that of the scores if it is the values of an attention."
        return "formula", f"Of the gates {shows} Look at what the others have in common: {share}"

    def _shuts_off(self, zeros: Pieces, pieces: Pieces) -> bool:
        """Whether nothing goes back to the others if the matrices of these are zero; a gate keeps its bias."""
        bare = self.with_change(piece for piece in zeros if not self.each.part(piece).is_vector)
        found = measured(bare, [[*map(Piece, self.each)], *([piece] for piece in pieces)])
        return bool(found) and all(slope.size < 1e-9 for slope in found[1:])

    def is_one_gate(self) -> bool:
        """Whether all that is wrong belongs to one gate, or has one delta and twins with another."""
        names = {piece.name for piece in self.wrong}
        twins = {self.layout.shapes[n] for n in names} <= {self.layout.shapes[n] for n in self.each.keys() - names}
        one_delta = any(names <= {name} | self.partners[name] for name in names)
        return len(self.layout.gates_of(self.wrong)) == 1 or (twins and one_delta)

    def factors(self, name: str) -> tuple[bool | None, bool | None]:
        """Whether the deltas and the inputs in this gradient are the right ones; None where it can't be told."""
        c = self.each[name]
        known = name in self.axes and c.is_matrix and c.full and c.mine.any() and not c.silent
        if not known or self._in_two_places(name):
            return None, None
        axis = self.axes[name]
        deltas, inputs = (inside(basis(c.mine, side), basis(c.right, side)) for side in (axis, 1 - axis))
        # Where the right deltas span all that they can, it shows nothing that these lie there, nor that the inputs lie
        # elsewhere: the deltas limit the rank, so that the right gradient need not have all inputs in it.
        crowded = spans_all(basis(c.right, axis))
        all_of_them = rank(c.right) == c.mine.shape[1 - axis]
        return None if crowded and deltas else deltas, None if all_of_them or (crowded and not inputs) else inputs

    def told_of_factors(self) -> str:
        """In which of the wrong gradients the delta is wrong and in which the inputs."""
        delta = [name for name in self.bad if self.factors(name) == (False, True)]
        inputs = [name for name in self.bad if self.factors(name) == (True, False)]
        said = [f"{self.at(delta)} has the right inputs, but not the right delta."] if delta else []
        said += [f"{self.at(inputs)} has deltas that point the right way, but not the right inputs."] if inputs else []
        return " ".join(said)

    def at_the_first_step(self) -> str:
        """That the first step, and no other, has wrong inputs: with more steps the error has no more products."""
        more = next((each for T, each in self.seen.items() if T > 1), {}) if self.first == 1 else {}
        pairs = [(self.each[name], more[name]) for name in self.matrices if more]
        if not pairs or not all(each[name].full for each in (self.each, more) for name in self.bad):
            return ""
        wrong = [basis(two.away, axis) for _, two in pairs for axis in (0, 1)]
        sums = [c.right.reshape(-1, 1) for c in more.values() if c.is_vector and c.full]
        # A bias has the sum of all deltas, and so has the error where a constant is added to what each step reads.
        constant = any(len(one) == len(span) and inside(one, span) for one in sums for span in wrong)
        if constant or not all(rank(two.away) <= rank(one.away) < min(one.mine.shape) for one, two in pairs):
            return ""
        if sums and {self.factors(name) for name in self.bad} == {(True, False)}:
            what = f"{self.told_of_factors()} The" * all(self._of_no_later_step(n, more[n]) for n in self.matrices)
        else:
            zero = not any(self.each[name].away[self.each[name].loud].any() for name in self.bad)
            zero = zero and (self.state.issuperset(self.matrices) or self.is_one_gate())
            what = f"{self.at(self.bad)} is wrong only where the right one is exactly zero, and the" if zero else ""
        return f"{what} rank of the error doesn't grow with more steps." if what else ""

    def _of_no_later_step(self, name: str, then: Comparison) -> bool:
        """Whether the error has a delta that later steps don't have: theirs are left without the first input."""
        axis, now = self.axes[name], self.each[name].right
        first, right = basis(now, 1 - axis), then.right if axis == 0 else then.right.T
        later = basis(right - right @ first @ first.T, 0)
        return rank(now) < rank(then.right) and not inside(basis(then.away, axis), later)

    def at_the_end(self) -> str:
        """That the last step's own part is wrong: the errors are more products than the steps before it have."""
        start = self.seen.get(1, {})
        inner = [n for n in self.matrices if not self.each[n].silent | self._in_two_places(n)]
        each_step = max((rank(start[n].right) for n in inner if start and start[n].full), default=0)
        for name in inner if each_step else ():
            earlier = (self.first - 1 - start[name].silent) * each_step
            deltas, inputs = self.factors(name)
            if (self.alone and deltas) or inputs is False or rank(self.each[name].away) <= earlier:
                return ""
        what = "Mistakes in the earlier steps can't explain all of this error: the last step's own part is wrong too"
        return f"{what}." if each_step else ""

    def cut_off(self) -> str:
        """That nothing of the last losses reaches the first step, or that all of the first step is missing.

        A gradient without these products, which are those of T = 1, has as many fewer than the right one.
        """
        less = {T: each for T, each in self.seen.items() if self.first > T}
        for name in (n for n in self.layout.outputs if n in self.bad and 1 in less):
            if Comparison(-self.each[name].away, less[1][name].right).error < 1e-6:
                return f"What the gradient of {name} lacks is exactly what it is at T = 1: the first step is left out."
        fewer = {n: rank(less[self.before][n].mine) for n in self.matrices if 1 in less and self.each[n].full}
        known = {n: self.each[n] for n in fewer if not less[1][n].silent}
        known = {n: c for n, c in known.items() if rank(c.right) == fewer[n] + rank(less[1][n].mine)}
        for T, share in itertools.product((0, *less) if known else (), (1, 1 / self.first)):
            parts = {n: less[T][n].mine * (share * T if share < 1 else 1) if T else 0 for n in known}
            if all(rank(c.mine - parts[n]) <= fewer[n] < rank(c.right - parts[n]) for n, c in known.items()):
                what = f"holds nothing of the losses after step {T}" if T else "is missing"
                return f"At T = {self.first} the first step's part of the gradient of {listing(known)} {what}."
        return ""

    def in_the_first_step(self) -> str:
        """That the delta of the second step is right: the errors lie in the inputs of the first step only."""
        told, start = [], self.seen.get(1, {}) if self.first == 2 else {}
        for name in self.matrices if start else ():
            both, first = self.each[name], start[name]
            spans = [[basis(part, axis) for part in (both.away, both.right, first.right)] for axis in (0, 1)]
            within = any(two.shape[1] == 2 * one.shape[1] and inside(away, one) for away, two, one in spans)
            told += [name] if both.full and first.full and not first.silent and within else []
        what = "is wrong only in the first step's part, and with one step that part is right."
        return f"{self.at(told)} {what}" if told else ""

    def factor_of_units(self) -> str:
        """In which of the wrong gradients each unit is off by a factor that other output weights do not change."""
        right = self.layout.outputs and not {*self.layout.outputs} & {*self.bad}
        if not right or self.first > 1 or self.other is self.each:
            return ""
        told = []
        for name in (n for n in self.bad if n in self.axes and self.each[n].mine.ndim and self.each[n].full):
            axis = self.axes[name]
            units = [lines_of(name, axis, (k, k + 1)) for k in range(self.each[name].mine.shape[axis])]
            loud = [unit for unit in units if not self.each.part(unit).silent]
            here, there = ([ratio(each.part(unit)) for unit in loud] for each in (self.each, self.other))
            one = all(ratio(self.each.part(piece)) for piece in self.wrong if piece.name == name)
            known = loud and not one and None not in here + there
            if known and np.allclose(here, there, 1e-5, 1e-7) and np.ptp(here) > 1e-6:
                told.append(name)
        what = (
            "is off by a different factor for each unit, and other output weights don't change these factors: a factor"
        )
        return f"{self.at(told)} {what} in it is wrong or missing, such as a slope, a gate or a mask." if told else ""

    def guess(self) -> str:
        """Why the mistake is where these gradients are made, though no array is known to share their deltas."""
        # Matrices may share a delta that is wrong, unless each is a gate's and the rest of this gate is right.
        rest = [{*gate} for gate in self.layout.gates if {*gate} - self.ever - self.silent]
        alike = all(self.each[name].is_vector or any(name in gate for gate in rest) for name in self.bad)
        alike = alike and not any(self.partners[name] & {*self.bad} for name in self.bad)
        mute = any(all(each[n].silent for each in self.seen.values()) for n, c in self.each.items() if c.is_vector)
        apart = sorted(self.ever - {*self.rest})  # for a reason of their own, if their deltas are shown to be right
        mute = mute or not all(map(self.proofs.get, apart))
        if mute or not self.ever <= {*self.bad, *apart} or not (self.alone or (alike and self.fine)):
            return ""
        what = "a wrong delta would show in other gradients too, if others are made with it"
        nothing = f"Apart from {listing(apart)}, only" if apart else "Nothing but"
        return f"{nothing} {listing(self.bad)} is wrong; {what}."

    # ----------------------------------------------------------------------------------------------- at other weights

    def with_change(self, pieces: Iterable[Piece], change: Change = np.zeros_like, model: Model | None = None) -> Model:
        """The model with zeros, or something else, in these pieces."""
        model = model or self.model
        return elsewhere(model, ((p.name, p.where, change(model.params[p.name][p.where])) for p in pieces))

    def off(self, pieces: Pieces, change: Change = np.zeros_like, alive: float = 0.5) -> float:
        """The error then of all wrong arrays; infinite where the loss fails, or too many have no gradient any more.

        A share of the others has to be `alive`: that nothing is wrong where nothing goes back is no proof. A multiple
        of the weights, as of a penalty, does not come from the loss at the end either. Of a vector that gets other
        numbers than zero, no entry may lose its gradient, as behind a tanh that these numbers saturate.
        """
        model, names = self.with_change(pieces, change), {piece.name for piece in pieces}
        others = [piece for piece in self.wrong if piece.name not in names]
        others += pieces if change is not np.zeros_like else []
        found = measured(model, [[*map(Piece, names)] for names in (self.bad, self.each)])
        if not found or not found[0].size:
            return np.inf
        got, norm = gradient(model), np.linalg.norm
        mine = {name: array - multiple(array, model.params[name]) for name, array in got.items()}
        living = [norm(mine[piece.name][piece.where]) > 1e-3 * max(map(norm, got.values())) for piece in others]
        vectors = [name for name in names if self.each[name].is_vector] if change is not np.zeros_like else []
        if any((np.abs(got[n]) < 1e-4 * np.abs(got[n]).max())[self.each[n].loud].any() for n in vectors):
            return np.inf
        return found[0].off if sum(living) >= alive * len(others) else np.inf

    def still_wrong(self, zeros: Pieces, pieces: Pieces) -> Pieces:
        """Which of the pieces have a wrong gradient with zeros in others; none if one has no gradient there at all."""
        found = measured(self.with_change(zeros), [[piece] for piece in pieces])
        flat = any(not slope.size and not slope.off for slope in found)
        return [] if flat else [piece for piece, slope in zip(pieces, found, strict=False) if slope.off > 1e-6]

    def needed(self, pieces: Pieces, change: Change = np.zeros_like, *others: Change, alive: float = 0.5) -> Pieces:
        """The fewest of these pieces whose change cures the error, at other weights too; or none."""
        if self.off(pieces, change, alive) >= 1e-6:
            return []
        ways = []
        for left in (pieces, pieces[::-1]):
            for piece in left:
                fewer = [other for other in left if other != piece]
                left = fewer if fewer and self.off(fewer, change, alive) < 1e-6 else left
            ways.append([piece for piece in pieces if piece in left])
        # Best is what shuts off none of the others.
        pieces = min(ways, key=lambda left: self.off(left, change, alive=1) >= 1e-6)
        return pieces if self.holds(pieces, change, *others) else []

    @functools.cached_property
    def others(self) -> list[Model]:
        """The model at other weights, where it is wrong as well."""
        return [model for model in shuffled(self.model, 3) if error_of(model, self.bad) > 1e-6]

    def holds(self, pieces: Pieces, *changes: Change) -> bool:
        """Whether it is no chance that these changes cure it: they do so at other weights, and with more steps."""
        lengths = [T for T, each in self.seen.items() if self.first < T <= 6 and each.wrong(self.bad)]
        models = [self.model, *self.others, *map(self.take, lengths)] if self.others else []
        changed = (self.with_change(pieces, change, model) for change in changes for model in models)
        return bool(models) and not any(error_of(model, self.bad) >= 1e-6 for model in changed)

    def cure(self) -> str:
        """What cures it when it is zero, in words: matrices before vectors, one alone before several or a part."""
        # Without outputs there are no deltas at all. Zeros in all that a gate is given make it the same at every step,
        # which hides much: they are put only where the state is, if that is a part of the array.
        partly = {piece.name for cut in self.layout.on_the_state() for piece in cut if any(piece.part)}
        inner = [name for name in self.each if name not in {*self.layout.outputs, *partly}]
        inner.sort(key=lambda name: (self.each[name].mine.ndim < 2, name not in self.bad))
        together = [[*map(Piece, names)] for names in self.layout.by_shape(inner) if len(names) > 1]
        together += self.layout.on_the_state()
        for alive in (1, 0.5):  # best is what shuts off none of the others
            alone = [name for name in inner if self.needed([Piece(name)], alive=alive)]
            several = () if alone else (self.needed(group, alive=alive) for group in together)
            if told := " or ".join(alone) or next((self.layout.told(cure) for cure in several if cure), ""):
                what = f"With {told} set to zero, everything is right."
                look = f"Look at each use of {told} on the way back, and at each use of what is computed from"
                return what if self.first == 1 else f"{what} {look} {'it' if alone else 'them'}."
        return ""
