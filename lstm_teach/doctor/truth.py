"""The right value of every quantity of the backward pass, to be recognized among a learner's values.

Imports params, plain and gradients. A value is recognized by its numbers, not by its name: a vector of H
random numbers that agrees to ten digits with the right dc at step 2 is the right dc at step 2.
"""

import functools
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from lstm_teach import plain
from lstm_teach.gradients import exact_gradient
from lstm_teach.params import GATES, Params

# Quantities that only a right backward pass brings into being. The others (forward values, slopes, unfinished
# products) tell that a statement is on the way, but aren't progress by themselves.
COUNTED = frozenset(
    ("dy", "dh", "dh_future", "dct", "dc_hidden", "dc", "dc_carry", "d", "dz", "back", "term", "sum_from", "sum_to")
)
FORWARD = frozenset(("gate", "h", "c", "ct", "y"))  # counted where the pass computes its own forward values


class Key(NamedTuple):
    """What a recognized value is: quantity, gate or matrix ("" where it has none), step, loss step (None: all)."""

    quantity: str
    gate: str
    step: int
    loss: int | None

    @property
    def squash(self) -> str | None:
        """Which function made it, "sigmoid" or "tanh", "cell" of a c, or ""; None for what isn't a forward value."""
        if self.quantity == "gate":
            return "tanh" if self.gate == "g" else "sigmoid"
        return {"ct": "tanh", "c": "cell"}.get(self.quantity, "" if self.quantity in FORWARD else None)


@dataclass(frozen=True, eq=False)
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

    @functools.cached_property
    def gradient(self) -> Params:
        """The exact gradient."""
        return exact_gradient(self.params, self.x, self.targets, **self.states)


def make_case(T: int, seed: int, takes: Iterable[str], vocab_size: int = 6, hidden_size: int = 5) -> Case:
    """A case of T steps in which tokens repeat; a nonzero initial state where the pass takes one."""
    rng = np.random.default_rng(seed)
    x = rng.integers(vocab_size, size=T)
    if T > 2:
        x[2] = x[0]
    targets = rng.integers(vocab_size, size=T)
    states = {name: rng.uniform(0.3, 0.9, hidden_size) * rng.choice([-1, 1], hidden_size) for name in takes}
    return Case(Params.random(vocab_size, hidden_size, seed=seed, scale=0.8), x, targets, states)


def from_zeros(case: Case, takes: dict[str, bool]) -> Case:
    """The case from zeros: h0 and c0 are left out where the pass can do without."""
    return replace(case, states={name: np.zeros(case.params.hidden_size) for name in takes if takes[name]})


class Truth:
    """The right gradient and a table of all right quantities of one case, with a quick search by value."""

    def __init__(self, case: Case):
        self.case, self.gradient, self.H, self.K = case, case.gradient, case.params.hidden_size, case.params.vocab_size
        start = (case.states.get(name, np.zeros(self.H)) for name in ("h0", "c0"))
        self.cache = plain.forward(case.params, case.x, *start)
        self.keys: list[Key] = []
        self.values: list[np.ndarray] = []
        known: set[tuple[float, ...]] = set()
        forms: dict[tuple[int, ...], list[tuple[int, np.ndarray]]] = {}
        for *key, value in self._quantities():
            rounded = tuple(np.round(value, 11).ravel())
            if rounded in known or not value.any():
                continue  # the same numbers under two names: the name that came first stays
            known.add(rounded)
            for form in (value,) if value.ndim == 1 else (value, value.T):
                forms.setdefault(form.shape, []).append((len(self.keys), form.ravel()))
            self.keys.append(Key(*key))
            self.values.append(value)
        self._tables = {shape: _Table(rows) for shape, rows in forms.items()}
        # What the loss of a step does within its own step isn't progress: it appears as soon as the future is dropped.
        own = sum(1 << k for k, key in enumerate(self.keys) if key.loss is not None and key.loss <= key.step)
        self.counted, self.forward = self.bits(*COUNTED) & ~own, self.bits(*FORWARD)
        self.pieces, self.parts = self.bits("piece"), self.bits("back")
        # Progress that no gradient shows: neither what is added to one, nor a part that is gone when its sum is there.
        self.inner = self.counted & ~self.bits("term", "sum_from", "sum_to") & ~self.parts

    def bits(self, *quantities: str) -> int:
        """The keys of some quantities, as bits: bit n is `keys[n]`."""
        return sum(1 << k for k, key in enumerate(self.keys) if key.quantity in quantities)

    def keys_in(self, bits: int) -> list[Key]:
        """The keys of a recognized value."""
        return [self.keys[k] for k in range(bits.bit_length()) if bits >> k & 1]

    def _quantities(self) -> Iterator[tuple[str, str, int, int | None, np.ndarray]]:
        """All right quantities (quantity, gate, step, loss, value), those with the same numbers as another one too."""
        T, cache = self.case.length, self.cache
        dy = plain.score_deltas(cache, self.case.targets)
        for t in (-1, *range(T)):
            for name in ("h", "c", "ct"):
                yield name, "", t, None, getattr(cache, name)[t]
            for name, gate, value in self._forward_values(t) if t >= 0 else ():
                yield name, gate, t, None, value
        for t in range(T):
            yield "dy", "", t, None, dy[t]
        earlier: dict[str, np.ndarray] = {}  # what the losses before have added to the gradients
        for loss in (None, *reversed(range(T))) if T > 1 else (None,):
            errors = dy if loss is None else np.where(np.arange(T)[:, None] == loss, dy, 0)
            steps = plain.walk_back(self.case.params, self.cache, errors)[1]
            for t, deltas in enumerate(steps):
                for name, gate, step, value in self._delta_values(deltas, t):
                    yield name, gate, step, loss, value
                backs = {gate: self.case.params["W" + gate].T @ deltas["dz" + gate] for gate in GATES}
                for chosen in (some for count in (1, 2, 3) for some in itertools.combinations(GATES, count)):
                    gates, back = "+".join(chosen), sum(backs[gate] for gate in chosen)
                    yield "back", gates, t, loss, back
                    if t:
                        yield "dh_loss+back", gates, t, loss, steps[t - 1]["dh_loss"] + back
            yield from self._gradients(steps, errors, loss, earlier)

    def _forward_values(self, t: int) -> Iterator[tuple[str, str, np.ndarray]]:
        """What the forward pass computes at a step, the slopes there, and what may be computed on the way to them."""
        cache, hot = self.cache, np.eye(self.K)
        o, ct = cache.o[t], cache.ct[t]
        partners = {"i": cache.g[t], "f": cache.c[t - 1], "o": ct, "g": cache.i[t]}
        for gate, partner in partners.items():
            s, slope = getattr(cache, gate)[t], self._slope(gate, t)
            yield "z", gate, getattr(cache, "z" + gate)[t]
            yield "gate", gate, s
            for piece in (slope, 1 - s, s**2, 1 - s**2, s * (1 - s), partner * slope, partner * s, partner * (1 - s)):
                yield "piece", gate, piece
        for piece in (1 - ct**2, ct**2, o * (1 - ct**2), hot[self.case.targets[t]]):
            yield "piece", "", piece
        scores = self.case.params.V @ cache.h[t]
        for name, piece in (("s", scores), ("e", np.exp(scores)), ("e", np.exp(scores - scores.max()))):
            yield "piece", name, piece
        yield "x", "", hot[self.case.x[t]]
        yield "y", "", cache.y[t]

    def _slope(self, gate: str, t: int) -> np.ndarray:
        s = getattr(self.cache, gate)[t]
        return 1 - s**2 if gate == "g" else s * (1 - s)

    def _delta_values(self, deltas: dict[str, np.ndarray], t: int) -> Iterator[tuple[str, str, int, np.ndarray]]:
        """The deltas of step t, and what may be computed on the way to them, with the step that each belongs to."""
        dh, dc = deltas["dh"], deltas["dc"]
        for name in ("dh_loss", "dh", "dc", "dct", "dc_hidden"):
            yield name, "", t, deltas[name]
        # What is handed on from step t belongs to step t-1; at t = 0 it is what reaches the initial state.
        yield "dh_future", "", t - 1, deltas["dh_before"]
        yield "dc_carry", "", t - 1, deltas["dc_before"]
        yield "piece", "", t, dh * (1 - self.cache.ct[t] ** 2)
        for gate in GATES:
            s, d, arriving = getattr(self.cache, gate)[t], deltas["d" + gate], dh if gate == "o" else dc
            for piece in (d * s, d * (1 - s), arriving * self._slope(gate, t)):
                yield "piece", gate, t, piece
        for gate, name in itertools.product(GATES, ("d", "dz")):
            yield name, gate, t, deltas[name + gate]

    def _gradients(
        self, steps: list[dict], dy: np.ndarray, loss: int | None, earlier: dict[str, np.ndarray]
    ) -> Iterator[tuple[str, str, int, int | None, np.ndarray]]:
        """What the nine gradients are after each step, in a loop from the last step or from the first."""
        x, h, T = self.case.x, self.cache.h, len(steps)
        factors = {"V": (dy, h[:-1])}
        for gate in GATES:
            dz = np.array([deltas["dz" + gate] for deltas in steps])
            factors |= {"W" + gate: (dz, h[np.arange(T) - 1]), "U" + gate: (dz, np.eye(self.K)[x])}
        for name, (left, right) in factors.items():
            terms = left[:, :, None] * right[:, None, :]
            so_far = np.cumsum(terms[::-1], axis=0)[::-1]
            if loss is not None:
                so_far = so_far + earlier.get(name, 0)
                earlier[name] = so_far[0]
            for t in reversed(range(T)):
                yield "term", name, t, loss, terms[t]
                yield "sum_from", name, t, loss, so_far[t]
                if name[0] == "U":
                    yield "column", name, t, loss, so_far[t][:, x[t]]
            for t in range(T - 1) if loss is None else ():
                yield "sum_to", name, t, loss, terms[: t + 1].sum(axis=0)

    def recognize(self, values: list[Any]) -> list[int]:
        """For each value (an array, or a list of arrays) the keys that it contains, as bits: bit n is `keys[n]`.

        -1 for a value whose shape is that of no quantity.
        """
        found = [-1] * len(values)
        groups: dict[tuple[int, ...], tuple[list[int], list[np.ndarray]]] = {}
        for row, value in enumerate(values):
            for array in value if type(value) is list else (value,):
                rows, arrays = groups.setdefault(array.shape, ([], []))
                rows.append(row)
                arrays.append(array)
        for shape, (rows, arrays) in groups.items():
            stack = np.array(arrays).reshape(len(rows), *(n for n in shape if n != 1))
            for form, parts in self._parts(stack):
                if form in self._tables:
                    for row in rows:
                        found[row] = max(found[row], 0)
                    for k, number in self._tables[form].find(parts):
                        found[rows[k]] |= 1 << number
        return found

    def _parts(self, stack: np.ndarray) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
        """The pieces of stacked arrays (n, ...) that could be a quantity, as (form, (n, pieces, size))."""
        n, *shape = stack.shape
        cuts = [self._cuts(size) for size in shape]
        if not stack.size or not shape:
            return
        lines = stack.reshape(-1, *shape[1:]) if len(shape) > 2 else None  # of which the pieces are looked at as well
        if len(shape) == 1:
            for cut in cuts[0]:
                part = stack[:, None, cut]
                yield part.shape[2:], part
        elif len(shape) == 2:
            for rows, columns in itertools.product(*cuts):
                part = stack[:, rows, columns]
                yield part.shape[1:], part.reshape(n, 1, -1)
            for axis in (1, 0):
                if shape[axis] in (self.H, self.K) or (cuts[axis] and not cuts[1 - axis]):
                    lines = stack.swapaxes(axis + 1, 2).reshape(-1, shape[axis])
                    break
        for form, parts in self._parts(lines) if lines is not None else ():
            yield form, parts.reshape(n, -1, parts.shape[-1])

    def _cuts(self, size: int) -> list[slice]:
        """Where in an axis of some size a quantity can be: all of it, one of several gates, tokens beside units."""
        H, K = self.H, self.K
        if size in (H, K):
            return [slice(size)]
        if size % H == 0:
            return [slice(start, start + H) for start in range(0, size, H)]
        return [slice(H), slice(H, None), slice(K), slice(K, None)] if size == H + K else []


class _Table:
    """Right values of one form, found by their products with two fixed random directions."""

    def __init__(self, values: list[tuple[int, np.ndarray]]):
        numbers, rows = zip(*values, strict=True)
        self.directions = np.random.default_rng(7).standard_normal((len(rows[0]), 2))
        products = np.array(rows) @ self.directions
        order = np.argsort(products[:, 0])
        self.first, self.second = products[order].T
        self.numbers = [numbers[k] for k in order]

    def find(self, pieces: np.ndarray) -> Iterator[tuple[int, int]]:
        """Which of the values (n, pieces, size) hold which right ones."""
        products = pieces @ self.directions
        first, second = products[..., 0].ravel(), products[..., 1].ravel()
        low = np.searchsorted(self.first, first - 1e-10)
        high = np.searchsorted(self.first, first + 1e-10)
        for hit in np.flatnonzero(high > low):
            for k in range(low[hit], high[hit]):
                if abs(self.second[k] - second[hit]) < 1e-10:
                    yield hit // pieces.shape[1], self.numbers[k]
