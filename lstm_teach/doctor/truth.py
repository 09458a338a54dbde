"""The right value of every quantity of the backward pass, to be recognized among a learner's values.

Imports params, forward, backward and gradcheck. A value is recognized by its numbers, not by its name: a vector of H
random numbers that agrees to ten digits with the right dc at step 2 is the right dc at step 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from lstm_teach.backward import before, output_delta
from lstm_teach.forward import Cache, forward
from lstm_teach.gradients import exact_gradient
from lstm_teach.params import GATES, Params

# Quantities that only a right backward pass brings into being. The others (forward values, slopes, unfinished
# products) tell that a statement is on the way, but are no progress by themselves.
COUNTED = frozenset(
    ("dy", "dh", "dh_future", "dc_hidden", "dc", "dc_carry", "d", "dz", "back", "term", "sum_from", "sum_to")
)
FORWARD = frozenset(("gate", "h", "c", "ct", "y"))  # counted where the pass computes its own forward values


class Key(NamedTuple):
    """What a recognized value is: quantity, gate or matrix ("" where it has none), step, loss step (None: all)."""

    quantity: str
    gate: str
    step: int
    loss: int | None


@dataclass(frozen=True)
class Case:
    """One net and one sequence to try a backward pass on."""

    params: Params
    x: np.ndarray
    targets: np.ndarray
    states: dict[str, np.ndarray]

    @property
    def length(self) -> int:
        """Number of steps."""
        return len(self.x)


def make_case(T: int, seed: int, takes: Iterable[str], vocab_size: int = 6, hidden_size: int = 5) -> Case:
    """A case of T steps in which tokens repeat; a nonzero initial state where the pass takes one."""
    rng = np.random.default_rng(seed)
    x = rng.integers(vocab_size, size=T)
    if T > 2:
        x[2] = x[0]
    targets = rng.integers(vocab_size, size=T)
    states = {name: rng.uniform(0.3, 0.9, hidden_size) * rng.choice([-1, 1], hidden_size) for name in takes}
    return Case(Params.random(vocab_size, hidden_size, seed=seed, scale=0.8), x, targets, states)


def zero_case(T: int, seed: int, takes: dict[str, bool]) -> Case:
    """A case that starts from zeros: h0 and c0 are left out where the pass can do without."""
    case = make_case(T, seed, [])
    return replace(case, states={name: np.zeros(case.params.hidden_size) for name, needed in takes.items() if needed})


def chain(params: Params, cache: Cache, dy: np.ndarray) -> dict[str, np.ndarray]:
    """Every delta, (T, H) each, for the output errors `dy` (T, vocab_size); gates stacked on a middle axis.

    The equations are those of `bptt`, written per step; rows of `dy` set to zero give the deltas of the other losses.
    """
    T, H = len(dy), params.hidden_size
    names = ("dh_loss", "dh_future", "dh", "dc_hidden", "dc_carry", "dc", "dc_next", "dh_next")
    out = {name: np.zeros((T, H)) for name in names}
    out |= {name: np.zeros((T, 4, H)) for name in ("d", "dz", "back")}
    c_before = before(cache.c)
    W = params.W.reshape(4, H, H)
    gates = cache.gates[:-1].reshape(T, 4, H)
    slopes = gates * (1 - gates)
    slopes[:, 3] = 1 - gates[:, 3] ** 2
    for t in reversed(range(T)):
        out["dh_loss"][t] = params.V.T @ dy[t]
        if t + 1 < T:
            out["dh_future"][t], out["dc_carry"][t] = out["dh_next"][t + 1], out["dc_next"][t + 1]
        dh = out["dh"][t] = out["dh_loss"][t] + out["dh_future"][t]
        out["dc_hidden"][t] = dh * cache.o[t] * (1 - cache.ct[t] ** 2)
        dc = out["dc"][t] = out["dc_hidden"][t] + out["dc_carry"][t]
        out["d"][t] = np.stack([dc * cache.g[t], dc * c_before[t], dh * cache.ct[t], dc * cache.i[t]])
        dz = out["dz"][t] = out["d"][t] * slopes[t]
        out["back"][t] = np.einsum("kij,ki->kj", W, dz)
        out["dh_next"][t], out["dc_next"][t] = out["back"][t].sum(0), dc * cache.f[t]
    return out


class Truth:
    """The right gradient and a table of all right quantities of one case, with a quick search by value."""

    def __init__(self, case: Case):
        self.case = case
        self.cache = forward(case.params, case.x, **case.states)
        self.gradient = exact_gradient(case.params, case.x, case.targets, **case.states)
        rng = np.random.default_rng(7)
        H, K = case.params.hidden_size, case.params.vocab_size
        self.H, self.K = H, K
        self._axes = {n: rng.standard_normal((n, 2)) for n in {H, K}}
        self._forms: dict[Any, _Table] = {}
        self.keys: list[Key] = []
        self.values: list[np.ndarray] = []
        self._known: set[tuple[float, ...]] = set()
        for key, value in self.quantities():
            self._add(key, value)
        for table in self._forms.values():
            table.sort()
        self.total = len(self.keys)
        # What the loss of a step does within its own step is no progress: it appears as soon as the future is dropped.
        self.counted = sum(
            1 << k
            for k, key in enumerate(self.keys)
            if key.quantity in COUNTED and (key.loss is None or key.loss > key.step)
        )
        self.unfinished = sum(1 << k for k, key in enumerate(self.keys) if key.quantity == "dh_loss+back")

    def _add(self, key: Key, value: np.ndarray) -> None:
        if not np.any(value):
            return
        rounded = tuple(np.round(value, 11).ravel())
        if rounded in self._known:
            return  # the same numbers under two names: the name that came first stays
        self._known.add(rounded)
        number = len(self.keys)
        self.keys.append(key)
        self.values.append(value)
        forms = [value] if value.ndim == 1 else [value, value.T]
        for form in forms:
            self._forms.setdefault(form.shape, _Table(self._directions(form.shape))).add(number, form)

    def _directions(self, shape: tuple[int, ...]) -> np.ndarray:
        if len(shape) == 1:
            return self._axes[shape[0]]
        a, b = self._axes[shape[0]], self._axes[shape[1]]
        return np.stack([np.outer(a[:, k], b[:, 1 - k]).ravel() for k in range(2)], axis=1)

    def quantities(self) -> Iterator[tuple[Key, np.ndarray]]:
        """All right quantities, those with the same numbers as another one too."""
        case, cache = self.case, self.cache
        T = case.length
        c_before, h_before = before(cache.c), before(cache.h)
        dy = output_delta(cache, case.targets)
        for name in ("h", "c", "ct"):
            yield Key(name, "", -1, None), getattr(cache, name)[-1]
        for t in range(T):
            for name in ("h", "c", "ct"):
                yield Key(name, "", t, None), getattr(cache, name)[t]
            for k, gate in enumerate(GATES):
                gates = cache.gates[t].reshape(4, -1)
                yield Key("z", gate, t, None), cache.z[t].reshape(4, -1)[k]
                yield Key("gate", gate, t, None), gates[k]
                slope = gates[k] * (1 - gates[k]) if k < 3 else 1 - gates[k] ** 2
                yield Key("slope", gate, t, None), slope
                pieces = (1 - gates[k], gates[k] ** 2, 1 - gates[k] ** 2, gates[k] * (1 - gates[k]))
                for number, piece in enumerate(pieces):
                    yield Key(f"piece {number}", gate, t, None), piece
                partner = (gates[3], c_before[t], cache.ct[t], gates[0])[k]
                yield Key("factor", gate, t, None), partner * slope
                yield Key("factor part", gate, t, None), partner * gates[k]
                yield Key("factor part 2", gate, t, None), partner * (1 - gates[k])
            yield Key("slope", "ct", t, None), 1 - cache.ct[t] ** 2
            yield Key("square", "ct", t, None), cache.ct[t] ** 2
            yield Key("hidden_to_cell", "", t, None), cache.o[t] * (1 - cache.ct[t] ** 2)
            hot = np.eye(self.K)
            yield Key("x", "", t, None), hot[case.x[t]]
            yield Key("target", "", t, None), hot[case.targets[t]]
            yield Key("scores", "", t, None), cache.scores[t]
            yield Key("y", "", t, None), cache.y[t]
            yield Key("dy", "", t, None), dy[t]
        chains: list[tuple[int | None, np.ndarray]] = [(None, dy)]
        if T > 1:
            for t in range(T):
                own = np.zeros_like(dy)
                own[t] = dy[t]
                chains.append((t, own))
        earlier: dict[str, np.ndarray] = {}
        for source, errors in [chains[0], *reversed(chains[1:])]:
            values = chain(case.params, cache, errors)
            for t in range(T):
                yield from self._deltas(values, source, t)
            yield from self._weights(values, source, errors, earlier if source is not None else {}, h_before)

    def _deltas(self, values: dict, source: int | None, t: int) -> Iterator[tuple[Key, np.ndarray]]:
        cache = self.cache
        for name in ("dh_loss", "dh", "dc", "dc_hidden"):
            yield Key(name, "", t, source), values[name][t]
        # What is handed on from step t belongs to step t-1; at t = 0 it is what reaches the initial state.
        yield Key("dh_future", "", t - 1, source), values["dh_next"][t]
        yield Key("dc_carry", "", t - 1, source), values["dc_next"][t]
        dh, dc = values["dh"][t], values["dc"][t]
        yield Key("dh*o", "", t, source), dh * cache.o[t]
        yield Key("dh*slope", "", t, source), dh * (1 - cache.ct[t] ** 2)
        gates = cache.gates[t].reshape(4, -1)
        for k, gate in enumerate(GATES):
            d, onto = values["d"][t, k], dh if k == 2 else dc
            slope = gates[k] * (1 - gates[k]) if k < 3 else 1 - gates[k] ** 2
            for number, piece in enumerate((d * gates[k], d * (1 - gates[k]), onto * slope)):
                yield Key(f"d piece {number}", gate, t, source), piece
        back = values["back"][t]
        for k, gate in enumerate(GATES):
            yield Key("d", gate, t, source), values["d"][t, k]
            yield Key("dz", gate, t, source), values["dz"][t, k]
        for subset in range(1, 15):
            chosen = [k for k in range(4) if subset >> k & 1]
            part = back[chosen].sum(0)
            name = "+".join(GATES[k] for k in chosen)
            yield Key("back", name, t, source), part
            if t:
                yield Key("dh_loss+back", name, t, source), values["dh_loss"][t - 1] + part

    def _weights(
        self, values: dict, source: int | None, errors: np.ndarray, earlier: dict, h_before: np.ndarray
    ) -> Iterator[tuple[Key, np.ndarray]]:
        """What the nine gradients are after each step, in a loop from the last step or from the first."""
        case, T = self.case, self.case.length
        terms: dict[str, list[np.ndarray]] = {}
        for t in range(T):
            terms.setdefault("V", []).append(np.outer(errors[t], self.cache.h[t]))
            hot = np.zeros(self.K)
            hot[case.x[t]] = 1
            for k, gate in enumerate(GATES):
                terms.setdefault("W" + gate, []).append(np.outer(values["dz"][t, k], h_before[t]))
                terms.setdefault("U" + gate, []).append(np.outer(values["dz"][t, k], hot))
        for name, parts in terms.items():
            sofar = earlier.get(name, 0)
            backwards = sofar
            for t in reversed(range(T)):
                yield Key("term", name, t, source), parts[t]
                backwards = backwards + parts[t]
                yield Key("sum_from", name, t, source), backwards
                if name[0] == "U":
                    yield Key("column", name, t, source), backwards[:, case.x[t]]
            if source is None:
                forwards = 0
                for t in range(T - 1):
                    forwards = forwards + parts[t]
                    yield Key("sum_to", name, t, source), forwards
            earlier[name] = backwards

    def recognize(self, values: list[Any]) -> list[int]:
        """For each value (an array, or a list of arrays) the keys that it contains, as bits: bit n is `keys[n]`.

        -1 stands for a value whose shape is that of no quantity.
        """
        found = [-1] * len(values)
        groups: dict[tuple[int, ...], tuple[list[int], list[np.ndarray]]] = {}
        for row, value in enumerate(values):
            for array in value if type(value) is list else (value,):
                rows, arrays = groups.setdefault(array.shape, ([], []))
                rows.append(row)
                arrays.append(array)
        for shape, (rows, arrays) in groups.items():
            stack = np.array(arrays)
            squeezed = stack.reshape(len(arrays), *(n for n in shape if n != 1))
            for form, parts in self._parts(squeezed):
                table = self._forms.get(form)
                if table is not None:
                    for row in rows:
                        found[row] = max(found[row], 0)
                    table.find(parts.reshape(len(arrays), -1, parts.shape[-1]), rows, found)
        return found

    def _parts(self, stack: np.ndarray) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
        """The pieces of stacked arrays (n, ...) that could be a quantity, as (form, (n, pieces, size))."""
        H, K, n = self.H, self.K, len(stack)
        shape = stack.shape[1:]
        if len(shape) == 1:
            size = shape[0]
            if size in (H, K):
                yield (size,), stack[:, None]
            elif size % H == 0:
                yield (H,), stack.reshape(n, -1, H)
            elif size == H + K:
                yield (H,), stack[:, None, :H]
                yield (H,), stack[:, None, K:]
        elif len(shape) == 2:
            a, b = shape
            if a in (H, K) and b in (H, K):
                yield shape, stack.reshape(n, 1, -1)
            if b in (H, K):
                yield (b,), stack
            if a in (H, K) and b not in (H, K):
                yield (a,), stack.transpose(0, 2, 1)
            for one, other, turned in ((a, b, stack), (b, a, stack.transpose(0, 2, 1))):
                if one == 4 * H:
                    blocks = turned.reshape(n, 4, H, other)
                    yield from self._columns(blocks, n)
                    if other not in (H, K, H + K):
                        yield (H,), turned.transpose(0, 2, 1).reshape(n, -1, H)
                elif one in (H, K) and other == H + K:
                    yield from self._columns(turned.reshape(n, 1, one, other), n)
        elif len(shape) == 3:
            a, b, c = shape
            if b in (H, K) and c in (H, K):
                yield (b, c), stack.reshape(n, a, b * c)
            if c in (H, K):
                yield (c,), stack.reshape(n, a * b, c)

    def _columns(self, blocks: np.ndarray, n: int) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
        H, K = self.H, self.K
        count, rows, width = blocks.shape[1:]
        if width in (H, K):
            yield (rows, width), blocks.reshape(n, count, -1)
        elif width == H + K:
            for part in (blocks[..., :H], blocks[..., H:], blocks[..., :K], blocks[..., K:]):
                yield (rows, part.shape[-1]), part.reshape(n, count, -1)


@dataclass
class _Table:
    """Right values of one form, found by their products with two fixed random directions."""

    directions: np.ndarray
    numbers: list[int] = field(default_factory=list)
    rows: list[np.ndarray] = field(default_factory=list)

    def add(self, number: int, value: np.ndarray) -> None:
        self.numbers.append(number)
        self.rows.append(value.ravel() @ self.directions)

    def sort(self) -> None:
        order = np.argsort([row[0] for row in self.rows])
        self.first = np.array(self.rows)[order, 0]
        self.second = np.array(self.rows)[order, 1]
        self.sorted_numbers = [self.numbers[k] for k in order]

    def find(self, pieces: np.ndarray, rows: list[int], found: list[int]) -> None:
        products = pieces @ self.directions
        first, second = products[..., 0].ravel(), products[..., 1].ravel()
        low = np.searchsorted(self.first, first - 1e-10)
        high = np.searchsorted(self.first, first + 1e-10)
        each = pieces.shape[1]
        for hit in np.flatnonzero(high > low):
            for k in range(low[hit], high[hit]):
                if abs(self.second[k] - second[hit]) < 1e-10:
                    found[rows[hit // each]] |= 1 << self.sorted_numbers[k]
