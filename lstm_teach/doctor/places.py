"""Where are the faults? Put right values in the place of what a statement computes: what comes right by that?

If the right dc in the place of what line 12 computes makes all after it right, the fault is in line 12 or in what it
reads, whatever else is wrong further up or down. So several faults are found one after the other, without trying
pairs of edits, and also where no edit that the doctor knows would mend them. (Jeffrey, Gupta and Gupta, "Fault
localization using value replacement", 2008, do this with any values; here the right ones are known.) Imports source,
truth and variants.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from lstm_teach.doctor.fuel import Deadline
from lstm_teach.doctor.source import Unit
from lstm_teach.doctor.truth import COUNTED, Truth
from lstm_teach.doctor.variants import RESULT, Outcome, Put, Trace, Variants, gradients, usable
from lstm_teach.params import Params

_TELLS = 2  # right values that a put must bring about elsewhere: one comes by chance
_PHASES = 12  # how often a statement may be run in one step
_HANDED_ON = ("dh_future", "dc_carry")  # what a step computes for the step before it
_APART = -1  # in the place of a number of steps: those of each loss by itself
_NEXT = {
    "d": "dz",
    "dc": "dc_carry",
    "back": "dh_future",
    "dh_loss+back": "dh",
}  # a statement forgotten between the two
# Steps between the one at which a quantity is computed or used and the one that it belongs to.
_SHIFTS = {"dh_future": (0, -1), "dc_carry": (0, -1), "h": (0, -1), "c": (0, -1), "back": (0, 1), "dh_loss+back": (1,)}
_LATE = ("d", "dz", "dc", "dc_hidden", "dc_carry", "back", "dh_future")  # the walk back has begun
_FORWARD = ("h", "c", "ct", "gate", "slope", "factor", "hidden_to_cell", "y", "x")

Name = tuple[str, str]


def _early(name: Name) -> bool:
    """Whether a quantity may be computed before the walk back begins: errors at the output, and what comes of them."""
    return name[0] in (*_FORWARD, "dy", "dh_loss", "zero") or name[1] == "V"


@dataclass(frozen=True)
class Site:
    """An array, or a block of one, that a statement computes: at some of the times that it is run."""

    slot: int
    part: int
    item: int | None
    block: tuple[int | tuple[int, int], ...]  # on each axis a number, or where it begins and ends
    times: tuple[int, ...]

    @property
    def index(self) -> tuple[int | slice, ...]:
        """The block as an index."""
        return tuple(one if isinstance(one, int) else slice(*one) for one in self.block)


@dataclass
class _Seen:
    """What a site computed, with the places in the run, and the right quantities that it may be meant to be."""

    arrays: np.ndarray  # (times, ...)
    at: list[int]
    family: Family
    forward: bool = False  # computed before the walk back begins
    same: np.ndarray = field(init=False)  # (quantities, times): which are there already; zeros don't tell

    def __post_init__(self) -> None:
        axes = tuple(range(2, self.arrays.ndim + 1))
        near = np.abs(self.family.values - self.arrays) <= 1e-9 * np.abs(self.family.values) + 1e-12
        self.same = near.all(axes) & self.family.telling

    def options(self, missing: set[Name], never: set[Name], returned: bool) -> Iterator[tuple[int, list[int]]]:
        """Quantities that may be meant, and from which place in the run on they are not there.

        `missing` are the quantities that are not seen at every step, `never` those that are seen at none.
        """
        names, count, times = self.family.names, self.same.sum(1), len(self.at)
        if self.forward:
            missing, never = ({name for name in each if _early(name)} for each in (missing, never))
        begun = np.flatnonzero((count > 0) & (count < times))
        if len(begun):  # it was right at some steps
            departs = np.cumprod(self.same[begun], axis=1).sum(1)
            yield self.at[departs[departs > 0].min() if departs.any() else 0], list(begun)
        # Right for the quantity before it in the chain rule: something is forgotten.
        known = [names[k] for k in np.flatnonzero(count)]
        after = {(_NEXT[kind], gate) for kind, own in known if kind in _NEXT for gate in (own, "")}
        for group, at in ((after & never, self.at[0]), (after & missing - never, self.at[-1])):
            if group:
                yield at, [k for k, name in enumerate(names) if name in group and not count[k]]
        # Right for another gate that is not there at all: copied, and a name or two not changed.
        others = {k for n in np.flatnonzero(count) for k in self.family.among(names[n]) if names[k] in never}
        if others and not count[list(others)].any():
            yield self.at[0], sorted(others)
        whole = {names[k] for k in np.flatnonzero(count == times)}
        if self.family.values.ndim == 4:  # a matrix that is right the other way round
            yield self.at[0], [k for k, name in enumerate(names) if name in whole and not count[k]]
        if (times > 1 or self.arrays.any() or returned) and not whole:
            # Parts of a sum may be there: then it is most likely one of the two sums.
            rest = (k for k, name in enumerate(names) if name in missing and not count[k])
            yield self.at[-1 if known else 0], [k for k in rest if not known or names[k][0] in ("dh", "dc")]

    def swapped(self) -> list[int]:
        """Where all is right: the same of other gates, which may be meant."""
        full = np.flatnonzero(self.same.all(1))
        return [k for n in full for k in self.family.among(self.family.names[n])]


@dataclass
class Places:
    """Right values put in until nothing better was found, and what comes right by them."""

    puts: list[Put]
    outcome: Outcome
    tried: int = 0
    hidden: bool = False  # some are of faults that the others hide: all that is right with them counts

    @property
    def complete(self) -> bool:
        """Whether all nine gradients are right then."""
        return self.outcome.right


@dataclass
class Family:
    """Right quantities of one shape, for the times of a loop over the steps or for all steps at once."""

    names: list[Name]
    values: np.ndarray  # (quantities, times, ...)
    telling: np.ndarray = field(init=False)  # (quantities, times): not all zero

    def __post_init__(self) -> None:
        self.telling = self.values.any(tuple(range(2, self.values.ndim)))

    def among(self, other: Name) -> list[int]:
        """Those of the same kind, of other gates or matrices."""
        alike = (other[0], *(_HANDED_ON if other[0] in _HANDED_ON else ()))
        return [k for k, name in enumerate(self.names) if name[0] in alike and name != other]


class Tracks:
    """The right quantities of one case as they run through the steps."""

    def __init__(self, truth: Truth):
        self.T = truth.case.length
        self.steps: dict[Name, dict[int, np.ndarray]] = {}
        for key, array in truth.quantities():
            if key.loss is None and (key.quantity in COUNTED or key.quantity in (*_FORWARD, "dh_loss", "dh_loss+back")):
                self.steps.setdefault((key.quantity, key.gate), {})[key.step] = array
        for quantity in _HANDED_ON:
            self.steps[quantity, ""][self.T - 1] = np.zeros(truth.H)
        for (quantity, gate), steps in self.steps.items():
            if quantity == "sum_to":
                steps[self.T - 1] = self.steps["sum_from", gate][0]
            elif quantity == "back":  # from after the last step nothing comes back
                steps[self.T] = np.zeros(truth.H)
            elif quantity == "dh_loss+back":
                steps[self.T] = self.steps["dh_loss", ""][self.T - 1]
        self.apart = self._apart(truth)
        self._kept: dict[tuple, Family | None] = {}

    def _apart(self, truth: Truth) -> dict[Name, list[list[np.ndarray]]]:
        """For a loop in a loop that walks back from every loss by itself, the first loss first or the last one."""
        each: dict[Name, dict[tuple[int, int], np.ndarray]] = {}
        for key, array in truth.quantities():
            if key.loss is not None and array.ndim == 1 and key.quantity in COUNTED:
                each.setdefault((key.quantity, key.gate), {})[key.loss, key.step] = array
        walks = [[(s, t) for s in losses for t in range(s, -1, -1)] for losses in (range(self.T), range(self.T)[::-1])]
        found: dict[Name, list[list[np.ndarray]]] = {}
        for name, arrays in each.items():
            for shift in (0, -1) if name[0] in _HANDED_ON else (0,):
                steps = [[(s, t + shift) for s, t in walk] for walk in walks]
                zero = np.zeros(truth.H)
                found[name] = found.get(name, []) + [
                    [arrays.get(pair, zero) for pair in walk]
                    for walk in steps
                    if all(pair in arrays or pair[0] == pair[1] for pair in walk)
                ]
        return found

    def family(self, shape: tuple[int, ...], steps: int) -> Family | None:
        """The quantities of this shape for so many steps (0: all at once), those of matrices transposed as well."""
        if (shape, steps) not in self._kept:
            found = list(self._of(shape, steps))
            if len(shape) == 2:
                turned = self._of(shape[::-1], steps)
                found += [(name, [array.T for array in arrays]) for name, arrays in turned if name[0] != "zero"]
            names, values = [name for name, _ in found], np.array([arrays for _, arrays in found])
            self._kept[shape, steps] = Family(names, values) if names else None
        return self._kept[shape, steps]

    def _of(self, shape: tuple[int, ...], steps: int) -> Iterator[tuple[Name, list[np.ndarray]]]:
        if not steps:
            yield from self._at_once(shape)
        if steps == _APART:
            for name, walks in self.apart.items():
                yield from ((name, walk) for walk in walks if walk[0].shape == shape)
            return
        elif steps:
            yield from self._stepwise(shape, steps)

    def _stepwise(self, shape: tuple[int, ...], count: int) -> Iterator[tuple[Name, list[np.ndarray]]]:
        """An array for each time of a loop over the steps, that walks back or forth, or leaves out one at its end."""
        for name, steps in self.steps.items():
            if next(iter(steps.values())).shape != shape:
                continue
            for shift in _SHIFTS.get(name[0], (0,)):
                back = [self.T - 1 - k + shift for k in range(self.T)]
                orders = {"sum_from": [back], "column": [back], "sum_to": [back[::-1]]}
                for order in orders.get(name[0], [back, back[::-1]]):
                    for part in {tuple(order[:count]), tuple(order[-count:])}:
                        if all(step in steps for step in part):
                            yield name, [steps[step] for step in part]

    def _at_once(self, shape: tuple[int, ...]) -> Iterator[tuple[Name, list[np.ndarray]]]:
        """All steps together: one a row, or added up; and nothing but zeros."""
        yield ("zero", ""), [np.zeros(shape)]
        for name, steps in self.steps.items():
            one = next(iter(steps.values()))
            if one.shape == shape and name[0] == "sum_from":
                yield name, [steps[0]]
            elif one.ndim == 1 and shape == (self.T, one.size):
                for shift in (0, -1) if name[0] in ("h", "c") else (0,):
                    rows = [steps.get(t + shift) for t in range(self.T)]
                    if all(row is not None for row in rows):
                        yield name, [np.array(rows)]
                        yield name, [np.array(rows[::-1])]


class Experiments:
    """Runs of the pass as it stands with right values put in, judged by what else is right then."""

    def __init__(self, backward: Callable, units: list[Unit], truth: Truth):
        self.truth, self.tracks = truth, Tracks(truth)
        self.variants = Variants(backward, units, [], [truth])
        self.tried = 0
        # What is right stays so when more becomes right, but for sums that are right before they are complete.
        keys = enumerate(truth.keys)
        self.lasting = sum(1 << n for n, key in keys if key.quantity not in ("term", "sum_from", "sum_to", "column"))

    def outcome(self, puts: list[Put]) -> Outcome:
        """What is right with these values put in, those themselves left out."""
        self.tried += 1
        return self.variants.evaluate((), puts)

    def sites(self, puts: list[Put]) -> dict[Site, _Seen]:
        """All that the statements compute, in the order of the run."""
        truth, trace = self.truth, self.variants.run(self.truth, (), puts)
        arrays: dict[tuple[int, int, int | None], list[tuple[int, np.ndarray]]] = {}
        for at, (slot, part, item, array) in enumerate(_arrays(trace)):
            arrays.setdefault((slot, part, item), []).append((at, array))
        found: dict[Site, _Seen] = {}
        begins = self._backward_begins(trace)
        for (slot, part, item), each in arrays.items():
            if self.variants.slots[slot].kind != "statement" or len({a.shape for _, a in each}) > 1:
                continue
            for block, shape in _blocks(each[0][1].shape, truth.H, truth.K, truth.case.length):
                rows = len(shape) == 2 and truth.case.length in shape
                apart = len(self.variants.slots[slot].loops) > 1
                for times, steps in _times(len(each), truth.case.length, rows, len(shape) == 1, apart):
                    family = self.tracks.family(shape, steps)
                    if family:
                        site = Site(slot, part, item, block, times)
                        values = np.array([each[k][1][site.index].reshape(shape) for k in times])
                        at = [each[k][0] for k in times]
                        found[site] = _Seen(values, at, family, forward=at[-1] < begins)
        return found

    def returned_for_one_another(self) -> bool:
        """Whether the gradients that are returned wrong are the right ones in another order."""
        got, right = gradients(self.variants.run(self.truth), self.truth), self.truth.gradient
        if got is None:
            return False
        wrong = [name for name in Params.NAMES if not np.allclose(got[name], right[name], 1e-9, 1e-12)]
        same = [
            (a, b) for a in wrong for b in wrong if got[a].shape == right[b].shape and np.allclose(got[a], right[b])
        ]
        return bool(wrong) and {a for a, _ in same} == {b for _, b in same} == set(wrong)

    def known(self, arrays: np.ndarray) -> int:
        """The right quantities among these arrays, as bits."""
        bits = 0
        for found in self.truth.recognize(list(arrays)):
            bits |= max(found, 0)
        return bits

    def _backward_begins(self, trace: Trace) -> int:
        """The place in the run at which the first right value of the walk back is computed; 0 if there is none."""
        arrays = [array for *_, array in _arrays(trace)]
        late = sum(1 << n for n, key in enumerate(self.truth.keys) if key.quantity in _LATE)
        for at, bits in enumerate(self.truth.recognize(arrays)):
            if bits > 0 and bits & late:
                return at
        return 0

    def missing(self, outcome: Outcome) -> tuple[set[Name], set[Name]]:
        """Quantities that are not there at every step, and those that are there at none."""
        missing: set[Name] = {("zero", "")}
        there: set[Name] = set()
        for n, key in enumerate(self.truth.keys):
            if not outcome.bits >> n & 1:
                missing.add((key.quantity, key.gate))
            elif key.loss is None:
                there.add((key.quantity, key.gate))
        return missing, missing - there


def _arrays(trace: Trace) -> Iterator[tuple[int, int, int | None, np.ndarray]]:
    """Slot, part, place in a list, and array of all that was recorded."""
    for slot, part, value in zip(trace.slots, trace.parts, trace.values, strict=False):
        if type(value) is list:
            for item, array in enumerate(value):
                if array.dtype.kind == "f" and array.size > 1:
                    yield slot, part, item, array
        elif usable(value):
            yield slot, part, None, value


def _blocks(shape: tuple[int, ...], H: int, K: int, T: int) -> Iterator[tuple[tuple, tuple[int, ...]]]:
    """Parts of an array that may hold one quantity: the block, and its shape without axes of length 1.

    Gates that are stacked along an axis, or h and x, are parts of their own.
    """
    axes: list[list[tuple[int | tuple[int, int], tuple[int, ...]]]] = []
    for size in shape:
        parts = [((0, size), (size,) if size != 1 else ())]
        if size == 4 * H:
            parts = [((k * H, k * H + H), (H,)) for k in range(4)]
        elif size == 4 and len(shape) > 1:
            parts = [(k, ()) for k in range(4)]
        elif size == H + K:
            parts = [((0, H), (H,)), ((K, H + K), (H,)), ((0, K), (K,)), ((H, H + K), (K,))]
        if size == T + 1:  # one row is the initial state's
            parts = [*(parts if size == 4 else ()), ((0, T), (T,)), ((1, T + 1), (T,))]
        axes.append(parts)
    for chosen in product(*axes):
        rest = sum((size for _, size in chosen), ())
        if 0 < len(rest) <= 2 and all(size in (H, K, T) for size in rest):
            yield tuple(part for part, _ in chosen), rest


def _times(count: int, T: int, rows: bool, vector: bool, apart: bool) -> Iterator[tuple[tuple[int, ...], int]]:
    """Which times of a statement that is run `count` times belong together, and how many steps they are (0: all)."""
    apart = apart and T > 1 and count == T * (T + 1) // 2  # a loop in a loop, back from every loss by itself
    if apart and vector:
        yield tuple(range(count)), _APART
    for steps in (T, T - 1):
        phases = count // steps if steps > 1 else 0
        # Four times are the four gates rather than two steps of three, twice.
        fits = phases <= _PHASES if steps == T else phases in (1, 4)
        if not rows and not apart and phases and phases * steps == count and fits:
            for phase in range(phases):
                yield tuple(range(phase, count, phases)), steps
                if phases > 1:
                    yield tuple(range(phase * steps, phase * steps + steps)), steps
    if count <= _PHASES and (rows or not vector or count == 1):
        for k in range(count):
            yield (k,), 0


def find_places(
    backward: Callable, units: list[Unit], truth: Truth, deadline: Deadline, but: Container[int] = ()
) -> Places:
    """Put right values in, one statement after the other in the order of the run, as long as more comes right by it.

    Nothing is put at the slots `but`.
    """
    lab = Experiments(backward, units, truth)
    puts: list[Put] = []
    outcome = lab.outcome(puts)
    for wide in (True, False, True) if lab.returned_for_one_another() else (False, True):
        handled: set[tuple[Site, int]] = set()
        grown = False
        while not outcome.right and not deadline.over:
            missing, never = lab.missing(outcome)
            chances = []
            for site, seen in lab.sites(puts).items():
                if wide:  # what is right and taken for something else: where it shows, at the end
                    every = [(-seen.at[0], seen.swapped())]
                else:
                    every = list(seen.options(missing, never, site.part == RESULT))
                for number, (at, options) in enumerate(every):
                    if (site, number) not in handled and site.slot not in but:
                        own = -1 if wide else lab.known(seen.arrays)
                        chances.append((at, site, number, [(seen.family, k) for k in options], own))
            chosen = None
            for _, site, number, options, own in sorted(chances, key=lambda chance: chance[0]):
                handled.add((site, number))
                chosen = _best(lab, site, options, puts, outcome, own)
                if chosen:  # what else the same statement may be meant to compute may bring more
                    every = [option for other in chances if other[1] == site for option in other[3]]
                    chosen = _best(lab, site, every, puts, outcome, own)
                if chosen or deadline.over:
                    break
            if chosen:
                puts, outcome, grown = [*puts, chosen[0]], chosen[1], True
            elif grown and not wide:  # with what was put in since, sites that brought nothing may bring something
                handled, grown = set(), False
            else:
                break
        if outcome.right:
            break
    puts, outcome = _needed(lab, puts, outcome, outcome.right)
    ends = any(put.name[0] in ("term", "sum_from", "sum_to") for put in puts)
    more = _hidden(lab, puts, outcome, deadline, but) if outcome.right and ends and len(puts) > 1 else []
    if more:
        puts, outcome = _needed(lab, [*puts, *more], lab.outcome([*puts, *more]), False)
    return Places(puts, outcome, lab.tried, bool(more))


def _needed(lab: Experiments, puts: list[Put], outcome: Outcome, loosely: bool) -> tuple[list[Put], Outcome]:
    """The puts without which less is right, or `loosely` not all nine gradients: a place further up is nearer."""
    for put in puts[::-1] * 2:
        fewer = [other for other in puts if other is not put]
        without = lab.outcome(fewer)
        if without.right >= outcome.right and (loosely or without.score >= outcome.score):
            puts, outcome = fewer, without
    return puts, outcome


def _hidden(lab: Experiments, puts: list[Put], outcome: Outcome, deadline: Deadline, but: Container[int]) -> list[Put]:
    """More right values where all nine gradients are right already, but by what was put in where the walk back ends.

    Where the sums or products are put in that it hands out, a fault in what it carries does not show in them any more.
    """
    more: list[Put] = []
    handled: set[tuple[Site, int]] = set()
    own = {put.slot for put in puts}
    while not deadline.over:
        missing, never = lab.missing(outcome)
        chances = []
        for site, seen in lab.sites([*puts, *more]).items():
            for number, (at, options) in enumerate(seen.options(missing, never, False)):
                late = [k for k in options if seen.family.names[k][0] in (*_LATE, "dh", "dy")]
                if late and (site, number) not in handled and site.slot not in own and site.slot not in but:
                    chances.append((at, site, number, [(seen.family, k) for k in late], lab.known(seen.arrays)))
        found = None
        for _, site, number, options, known in sorted(chances, key=lambda chance: chance[0]):
            handled.add((site, number))
            found = _best(lab, site, options, [*puts, *more], outcome, known)
            if found or deadline.over:
                break
        if not found:
            break
        more, outcome = [*more, found[0]], found[1]
    return more


def _best(
    lab: Experiments, site: Site, options: list[tuple[Family, int]], puts: list[Put], outcome: Outcome, own: int
) -> tuple[Put, Outcome] | None:
    """The right values by which most other values become right, if they do; what was right besides `own` stays so."""
    best = None
    for family, k in options:
        values = dict(zip(site.times, family.values[k], strict=True))
        put = Put(site.slot, site.part, site.item, site.index, values, family.names[k])
        new = lab.outcome([*puts, put])
        lost = outcome.bits & ~new.bits & ~own & lab.lasting
        if lost or new.score < outcome.score + _TELLS:
            continue
        # That what was put in is seen again further on, where it is handed over, tells nothing.
        same = new.bits & ~outcome.bits & lab.known(family.values[k])
        if new.score >= outcome.score + same.bit_count() + _TELLS and (best is None or new.score > best[1].score):
            best = put, new
    return best
