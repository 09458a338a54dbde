"""Statements that were left out, found by value: what the names at hand give is a right quantity that is missing.

At the end of a loop: what is carried back and handed on nowhere, and what nothing is added to. Before the first reader
of a delta that is carried: what this step adds to it; of a name without a value: what it may stand for. Along the
forward pass: what it doesn't compute. At the return: the nine gradients. Imports lookup, maker, missing and truth.
"""

import ast
import contextlib
import functools
import itertools
import operator
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from lstm_teach.doctor.code import calls
from lstm_teach.doctor.lookup import expressions
from lstm_teach.doctor.maker import Maker
from lstm_teach.doctor.missing import beginnings, forgotten, other_matrices
from lstm_teach.doctor.scene import sums_up, targets_of
from lstm_teach.doctor.slots import Edit, Slot, names
from lstm_teach.doctor.truth import FORWARD, Truth

_UNFILLED = 0.8  # cost of the statement that fills what is prepared and never filled
_BESIDE = 0.1  # less cost for it beside its sisters than at the end of the loop
_WAYS = 12  # to compute one value: they differ only in what is zero there, or happens to be the right token
_ANEW = 2.0  # cost of a line of the forward pass that is computed otherwise
_HANDED = 1.1  # less cost for what gives a delta that is handed on nowhere, or a name that has no value
_AS_IT_IS = 0.7  # cost of such a name for an array at hand
# The equations of the forward pass: what each gives, and from what. "#" is a gate.
_INPUTS = (
    "{z#}",
    "{W#} @ {h_before} + {U#}[:, {token}]",
    "{W#} @ {h_before} + {U#} @ {x}",
    "{h_before} @ {W#}.T + {x} @ {U#}.T",
)
_SCORES = "{s}", "{V} @ {h}", "{h} @ {V}.T"
_SQUASHED = "{squash}({0})", "{no_squash}1 / (1 + {np}.exp(-({0})))"
_FORWARD = (
    *((f"z{k}", z.replace("#", k)) for k in "ifog" for z in _INPUTS[1:]),
    *(("g", f"{{np}}.tanh({z})".replace("#", "g")) for z in _INPUTS),
    *((k, form.replace("{0}", z).replace("#", k)) for k in "ifo" for z in _INPUTS for form in _SQUASHED),
    ("c", "{f} * {c_before} + {i} * {g}"),
    ("ct", "{np}.tanh({c})"),
    ("h", "{o} * {ct}"),
    ("h", "{o} * {np}.tanh({c})"),
    *(("s", scores) for scores in _SCORES[1:]),
    *(("e", f"{{np}}.exp({scores})") for scores in _SCORES),
    *(("y", f"{e} / {e}.sum()") for e in ("{e}", *(f"{{np}}.exp({scores})" for scores in _SCORES))),
)
_LEADS_TO = {"s": "y", "e": "y", **{f"z{k}": k for k in "ifog"}}  # if that is known, nobody needs it
_PATH = re.compile(r"\w+(\.\w+)+")
_HELD = re.compile(r"""[\w.]+(\[["']\w+["']\])?""")  # an array with a name, of an object, or in a table


@dataclass
class Here:
    """A gap or return that a run has come to, the arrays at hand there by their texts, and what to look for.

    The goals are right quantities: those that the run never makes ("missing"), with what one loss by itself gives ("of
    a loss"), and those that go from a step to the one before ("handed on").
    """

    maker: Maker
    atoms: dict[str, np.ndarray]
    goals: dict[str, dict]
    truth: Truth
    value: Callable[[str], np.ndarray | None]

    def __post_init__(self) -> None:
        self.scene, self.gap, self.unit = self.maker.scene, self.maker.slot, self.maker.unit
        self.statements = self.scene.statements[self.gap.unit]

    def right(self, shape: tuple, goals: str = "missing", most: int = 3, factors: int = 3) -> Iterator[tuple]:
        """Expressions of what is at hand that have this shape and give one of the goals, with costs."""
        each = self.scene.numpy, shape, self.atoms, self.goals[goals], self.truth, most, factors
        return ((code, cost - _HANDED) for code, cost in expressions(*each))

    @functools.cached_property
    def found(self) -> dict[str, int]:
        """The right quantities that are in each of the arrays, as bits."""
        bits = self.truth.recognize(list(self.atoms.values()))
        return {text: max(each, 0) for text, each in zip(self.atoms, bits, strict=True)}

    def known(self, *quantities: str) -> dict[str, np.ndarray]:
        """Those of the arrays that are one of these quantities, or what one loss by itself gives of it."""
        bits = self.truth.bits(*quantities)
        return {text: self.atoms[text] for text, found in self.found.items() if found & bits}


def not_handed_on(here: Here) -> Iterator[Edit]:
    """At the end of a loop or method, a new value for what goes on into the next turn, or stays in the object.

    If nothing changes it, the new value is a state of the forward pass or, for zeros, what goes to the step before. If
    a delta of this step goes on unchanged, the new value is also what goes to the step before.
    """
    for name, changed in sorted(_carried(here) if here.gap.loops else _fields(here)):
        if (now := here.value(name)) is None:
            continue
        states = [text for text, one in here.known("h", "c").items() if one.shape == now.shape and text != name]
        yield from (forgotten(here.gap, _UNFILLED, f"{name} = {text}") for text in states if not changed)
        of_this_step = max(0, here.truth.recognize([now])[0]) & here.truth.bits("dc", "dh", "dh_loss")
        if of_this_step or not (changed or now.any()):
            found = here.right(now.shape, "handed on", most=4)
            yield from (forgotten(here.gap, cost, f"{name} = {code}") for code, cost in found)


def _carried(here: Here) -> Iterator[tuple[str, bool]]:
    """What a loop reads and what is set before it begins, and whether the loop changes it.

    A statement that hands something on by name, or by a function of the learner's, is changed instead.
    """
    given = [(here.maker.seg(target), slot) for slot in here.statements for target in targets_of(slot.node)]
    own, assigned = {unit.node.name for unit in here.scene.units}, [pair for pair in given if pair[1].loops]
    values = [(text, slot.node.value) for text, slot in assigned if isinstance(slot.node, ast.Assign)]
    handing = {text for text, value in values if isinstance(value, ast.Name) or calls(value) & own}
    begun = {text for text, _ in given} | {arg.arg for arg in here.unit.node.args.args if here.gap.unit}
    written = {text for text, slot in assigned if slot.loops[:1] == here.gap.loops[:1]}
    yield from ((name, name in written) for name in (names(here.gap.loops[-1]) & begun) - handing)


def _fields(here: Here) -> Iterator[tuple[str, bool]]:
    """What the objects hold that a method reads, and whether this method sets it."""
    attributes = [n for unit in here.scene.units for n in ast.walk(unit.tree) if isinstance(n, ast.Attribute)]
    stored = (n for n in ast.walk(here.unit.tree) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store))
    sets, owners = {n.attr for n in stored}, {t.rpartition(".")[0] for t in here.atoms if _PATH.fullmatch(t)}
    for owner, field in itertools.product(owners, {n.attr for n in attributes}):
        yield f"{owner}.{field}", field in sets


def unfilled(here: Here, empty: dict[str, np.ndarray], zeros: list[str]) -> Iterator[Edit]:
    """What this turn of a loop adds to a weight gradient or a delta to which nothing is added so far.

    Or puts into a row of an array that has one for each step: `empty` are those arrays, `zeros` may be deltas. Beside
    its sisters, the line is likelier than at the end of the loop. What is added to something else went astray there.
    """
    added = [here.value(here.maker.seg(s.node.value)) for s in here.statements if isinstance(s.node, ast.AugAssign)]
    for name, now in ((name, now) for name, now in empty.items() if now.ndim == 2):
        sister = _after_sisters(here, name, now.shape)
        lines = ((text, here.value(text.partition("= ")[2])) for text in _of_a_step(here, name, now))
        for text in (text for text, value in lines if not any(np.array_equal(value, one) for one in added)):
            yield from [forgotten(sister, _UNFILLED - _BESIDE, text)] if sister is not None else []
            yield forgotten(here.gap, _UNFILLED, text)
    carried = [name for name in zeros if here.value(name).size == here.truth.H]
    for text, name in itertools.product(_back_to_h(here) if carried else (), carried):
        yield forgotten(here.gap, _UNFILLED, f"{name} += {text}")


def not_added(here: Here, empty: dict[str, np.ndarray]) -> Iterator[Edit]:
    """Before the first reader of what is carried, and `empty` at the last step: what this step adds to it."""
    for name, now in ((name, now) for name, now in empty.items() if now.size == max(now.shape)):
        yield from (forgotten(here.gap, cost, f"{name} += {code}") for code, cost in here.right(now.shape, "of a loss"))


def unlike_sisters(here: Here, lacking: list[str]) -> Iterator[Edit]:
    """What has no value, unlike the same of another gate or matrix: `mu["f"]` beside `mu["i"]`."""
    for name in lacking:
        shapes = {v.shape for other in other_matrices(name) if (v := here.value(other)) is not None}
        shapes |= {matrix.shape for matrix in here.truth.gradient.values()} if shapes else set()
        gap = _after_sisters(here, name) or here.gap
        for code, cost in itertools.chain(*(here.right(shape, factors=4) for shape in sorted(shapes))):
            yield forgotten(gap, cost, f"{name} = {code}")


def _after_sisters(here: Here, name: str, shape: tuple[int, ...] | None = None) -> Slot | None:
    """The gap after the last statement of the same block that adds to something of this shape, or makes its like."""
    adding, alike = [-1], [-1]
    for slot in (s for s in here.statements if s.block == here.gap.block):
        adds = isinstance(slot.node, ast.Assign | ast.AugAssign) and sums_up(slot.node)
        texts = [text for target in targets_of(slot.node) for text in beginnings(here.unit, target)]
        adding += [slot.index + 1] if adds and any(np.shape(here.value(text)) == shape for text in texts) else []
        alike += [slot.index + 1] if not {*other_matrices(name)}.isdisjoint(texts) else []
    return here.scene.gaps.get((here.gap.block, (adding[1:] or alike)[-1]))


def _of_a_step(here: Here, name: str, now: np.ndarray) -> Iterator[str]:
    """What a step adds to a matrix, to one column or row of it, or puts into its own row."""
    numbers = here.maker.entries()
    yield from (f"{name} += {text}" for text, term in here.known("term").items() if term.shape == now.shape)
    for text, delta in here.known("dz", "dy").items():
        if delta.size == len(now):
            states = (state for state, one in here.known("h", "x").items() if one.size == now.shape[1])
            yield from (f"{name} += {here.scene.numpy}.outer({text}, {state})" for state in states)
        if delta.shape == now.shape[:1]:
            yield from (f"{name}[:, {number}] += {text}" for number in numbers)
        if delta.shape == now.shape[1:]:
            yield from (f"{name}[{number}] += {text}" for number in numbers)
    if len(now) - here.truth.case.length in (0, 1, 2):
        rows = [code for code, _ in here.right(now.shape[1:], factors=4)]
        yield from (f"{name}[{t}] = {code}" for code in rows for t in here.maker.loop_names())


def _back_to_h(here: Here) -> Iterator[str]:
    """Products of a weight matrix and a gate's delta that are a part of what goes back to h."""
    weights = {matrix.tobytes() for matrix in here.truth.case.params.values()}
    matrices = [(text, matrix) for text, matrix in here.atoms.items() if matrix.tobytes() in weights]
    for (text, matrix), (other, delta) in itertools.product(matrices, here.known("dz").items()):
        if len(matrix) == delta.size and max(here.truth.recognize([delta.ravel() @ matrix])[0], 0) & here.truth.parts:
            yield f"{text}.T @ {other}" if delta.ndim == 1 else f"{other} @ {text}"


def computed_otherwise(here: Here, lines: list[str]) -> Iterator[Edit]:
    """A line of the forward pass instead of the statement that follows and makes an array of the same shape."""
    follow = [s for s in here.statements if (s.block, s.index) == (here.gap.block, here.gap.index)]
    for slot in (s for s in follow if isinstance(s.node, ast.Assign)):
        shape = here.scene.results.get(slot.number)
        same = (code for code in lines if (value := here.value(code)) is not None and value.shape == shape)
        yield from (Maker(here.scene, slot).swap("equation", _ANEW, slot.node.value, code) for code in same)


def not_computed(here: Here, lines: list[str], name: str, by_step: list[str]) -> Iterator[Edit]:
    """A line of the forward pass, for the `name` without a value, a row of zeros, what is held `by_step`, a state."""
    targets = [name] if name else []
    empty: dict[str, np.ndarray] = {}  # rows
    for t in here.maker.loop_names()[:1]:  # the loops inside it run over units, tokens or gates
        targets += [f"{text}[{i}]" for text in by_step for i in (t, f"{t} + 1")]
        arrays = [text for text, now in here.atoms.items() if now.ndim == 2 and _HELD.fullmatch(text)]
        rows = (form.format(text, i) for text in arrays for form in ("{}[{}]", "{}[:, {}]") for i in (t, f"{t} + 1"))
        empty |= {row: now for row in rows if (now := here.value(row)) is not None and not now.any()}
    if here.gap.loops or here.gap.unit:  # a helper may be called in every turn of a loop
        statements = [slot for slot in here.statements if slot.loops or not here.gap.loops]
        written = {here.maker.seg(target) for slot in statements for target in targets_of(slot.node)}
        states = {text for text, now in here.atoms.items() if now.size in (here.truth.H, here.truth.K)}
        read = names(*(here.gap.loops[-1:] or [here.unit.node])) | {text for text in states if text[:5] == "self."}
        targets += sorted(read & states - written)
    for code in lines:
        shape = np.shape(here.value(code))
        fitting = [*targets, *(row for row, now in empty.items() if now.shape == shape)]
        yield from (forgotten(here.gap, _UNFILLED, f"{target} = {code}") for target in fitting)


def forward_lines(here: Here) -> Iterator[str]:
    """Right-hand sides that give a forward value which nothing at hand holds; zeros may be the state before."""
    maker, truth = here.maker, here.truth
    empty = [text for text, now in here.atoms.items() if not now.any() and now.size == truth.H]
    given = {arg.arg for arg in maker.unit.node.args.args}  # an initial state is right at the first step only
    weights = {matrix.tobytes(): name for name, matrix in truth.case.params.items()}
    known = sorted(here.atoms.items(), key=lambda pair: pair[0] in maker.unit.text)  # of two, as the code has it
    always = {"np": here.scene.numpy} | {weights.get(v.T.tobytes(), ""): f"{text}.T" for text, v in known}
    always |= {weights.get(v.tobytes(), ""): text for text, v in known}
    bits: dict[tuple[str, int], int] = {}  # of the forward values, by name and step
    for k, key in enumerate(truth.keys):
        if key.quantity in FORWARD or key.quantity in ("z", "x") or key.gate in ("s", "e"):
            name = {"gate": key.gate, "z": f"z{key.gate}", "piece": key.gate}.get(key.quantity, key.quantity)
            bits[name, key.step] = bits.get((name, key.step), 0) | 1 << k
    steps = range(truth.case.length)
    every = functools.reduce(operator.or_, here.found.values(), 0)
    there = [{name for (name, step), bit in bits.items() if step == t and every & bit} for t in steps]
    wanted = [[pair for pair in _FORWARD if there[t].isdisjoint((pair[0], _LEADS_TO.get(pair[0])))] for t in steps]
    held = {text: found for text, found in here.found.items() if here.atoms[text].size in (truth.H, truth.K)}
    made: dict[tuple[str, int], str] = {}
    for text in sorted(held, key=lambda each: (each in given, len(each))):
        for place in (place for place, bit in bits.items() if held[text] & bit):
            made.setdefault(place, text)
    tokens, told, ways = maker.entries(), set(), Counter()
    squashes = [{"squash": name} for name in maker.activations()] or [{"no_squash": ""}]
    for t, zero, token, squash in itertools.product(steps, ["", *empty], tokens or [""], squashes):
        before = {f"{name}_before": made.get((name, t - 1), zero if t == 0 else "") for name in "ch"}
        now = {name: text for (name, step), text in made.items() if step == t}
        words = always | {name: text for name, text in before.items() if text} | now
        words |= {"token": token, **squash}
        for name, form in (pair for pair in wanted[t] if ways[pair[0], t] < _WAYS):
            with contextlib.suppress(KeyError):
                code = form.format_map(words).replace(".T.T", "")
                if (code, t) in told:
                    continue
                told.add((code, t))
                value = here.value(code)
                if value is not None and max(truth.recognize([value])[0], 0) & bits.get((name, t), 0):
                    ways[name, t] += 1
                    yield code


def returned(here: Here, node: ast.Return) -> Iterator[Edit]:
    """The nine gradients by the names that they have where a pass returns, if it has computed them all."""
    texts: dict[str, str] = {}
    for name, right in here.truth.gradient.items():
        same = [t for t, v in here.atoms.items() if v.shape == right.shape and np.allclose(v, right, 1e-9, 1e-12)]
        if any(re.search(rf"{other}\W*$", t) for other in here.truth.gradient.NAMES for t in same if other != name):
            return  # it is meant for another one
        texts |= {name: min(same, key=len)} if same else {}
    gap, table = here.scene.gaps.get((here.gap.block, here.gap.index)), getattr(node.value, "id", "")
    lacks = [name for name in here.truth.gradient.NAMES if here.value(f'{table}["{name}"]') is None]
    if gap is not None and len(lacks) < len(here.truth.gradient.NAMES) and 0 < len(lacks) <= len(texts.keys() & lacks):
        yield forgotten(gap, 0.3, "; ".join(f'{table}["{name}"] = {texts[name]}' for name in lacks))
        return
    if len(texts) == len(here.truth.gradient.NAMES) and node.value is not None:
        pairs = (f'"{name}": {texts[name]}' for name in here.truth.gradient.NAMES)
        nine = ", ".join(texts[name] for name in here.truth.gradient.NAMES)
        new = f"{{{', '.join(pairs)}}}" if isinstance(node.value, ast.Dict) else nine
        computes = any(isinstance(part, ast.BinOp | ast.UnaryOp) for part in ast.walk(node.value))
        cost = 2.0 if computes else 0.3  # what it computes may be the fault
        yield here.maker.swap("returned", cost, node.value, new)


def undefined(here: Here, name: str, carried: list[str]) -> Iterator[Edit]:
    """Before the first that reads a name without a value: what may be meant by it, just there a table or a row too."""
    atoms = here.atoms if here.gap is here.scene.begins_at[0] else {}
    found = [(text, _AS_IT_IS) for text, one in atoms.items() if one.size > max(one.shape) and text != name]
    for shape in dict.fromkeys(v.shape for v in here.atoms.values() if v.size == max(v.shape)):
        made = [*here.right(shape, most=4, factors=4)]
        zeros = [t for t in carried if here.value(t).shape == shape]
        found += [*made, *((f"{code} + {t}", cost + 0.1) for code, cost in made for t in zeros)]
        found += [(t if t[-1] == ")" else f"{t}.copy()", _AS_IT_IS) for t, one in atoms.items() if one.shape == shape]
    yield from (forgotten(here.gap, cost, f"{name} = {code}") for code, cost in found)
