"""The arrays at hand at one point in a run of the learner's code: the values of its names and of all that it reads.

Imports code, donors, fuel, indices, maker and scene.
"""

import ast
import contextlib
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from lstm_teach.doctor.code import Code, calls, filled_by_calls
from lstm_teach.doctor.donors import other_attributes
from lstm_teach.doctor.fuel import spend
from lstm_teach.doctor.indices import quarters
from lstm_teach.doctor.maker import Maker
from lstm_teach.doctor.scene import Scene, is_vector
from lstm_teach.doctor.source import Unit
from lstm_teach.doctor.truth import Truth

# Methods that change what they are called on: a look at the run must not call them.
_TAKING = {"pop", "popleft", "popitem", "next", "append", "extend", "insert", "remove", "clear", "update", "sort"}
_TAKING |= {"reverse", "setdefault"}
_ALL = 1_500  # steps to find all arrays at one place
_INDICES = 3
_KEPT = 10  # things that a step may keep together


class AtHand:
    """The values of the learner's expressions at one point in a run. Of the names, `local` holds the function's own."""

    def __init__(self, code: Code, scene: Scene, truth: Truth):
        self.code, self.truth = code, truth
        self.names: dict[str, Any] = {}
        self.local: dict[str, Any] = {}
        self._codes: dict[str, Any] = {}  # expressions, compiled once
        self._texts = [_texts_read(scene, unit) for unit in range(len(code.units))]

    def arrays(self, texts: Iterable[str]) -> dict[str, np.ndarray]:
        """Those of some expressions that are arrays of floats."""
        return {text: value for text in texts if (value := self.value(text)) is not None}

    def zeros(self) -> list[str]:
        """Names of what is still zero."""
        return [t for t, v in self.arrays(self.local).items() if not v.any()]

    def value(self, text: str) -> np.ndarray | None:
        """The value of an expression of these names, if it is an array of floats."""
        if text not in self._codes:
            self._codes[text] = None
            with contextlib.suppress(SyntaxError, ValueError):
                tree = ast.parse(f"({text})", mode="eval")
                # What is looked at stays as it is.
                if not (calls(tree) & (self.code.changing | _TAKING) or filled_by_calls(tree)):
                    self._codes[text] = compile(tree, "<part>", "eval")
        if self._codes[text] is None:
            return None
        spend(1)
        try:
            result = eval(self._codes[text], self.names)
        except Exception:  # a name that is not there yet
            return None
        return result if type(result) is np.ndarray and result.dtype.kind == "f" and result.size > 1 else None

    def everything(self, maker: Maker, rows: str = "", ahead: bool = False) -> dict[str, np.ndarray]:
        """All arrays that could be read here, by their texts, with rows of those that have one for each step.

        `rows` says whose rows: those of "names" (then tables are searched too), those of "paths", or none. A gap also
        gets the next step's rows. With `ahead`, where the forward pass is computed, arrays that are zero are included,
        and so are the parts of an array that holds all four gates.
        """
        spend(_ALL)
        gap, texts, T = maker.slot.kind == "gap", self._texts[maker.slot.unit], self.truth.case.length
        more = [f"{each.arg}{end}" for each in self.code.units[0].node.args.args[:1] for end in (".V", '["V"]')]
        more += self._of_a_gate(maker.unit) if gap else []
        tables = [(t, one) for t, one in self.local.items() if type(one) is dict] if rows == "names" else []
        more += [f'{t}["{key}"]' for t, one in tables for key in one if isinstance(key, str)]
        atoms = self.arrays(dict.fromkeys([*texts, *self.local, *_other_steps(texts, self.local), *more]))
        if rows:
            lists = {t: v for t, v in self.local.items() if isinstance(v, list) or _by_number(v)}
            dot = "." if rows == "paths" else ""
            known = [(t, v) for t, v in (atoms | lists).items() if t.replace(dot, "").isidentifier()]
            steps = [t for t, v in known if _by_number(v) or len(v) - T in (0, 1)]
            columns = [t for t, v in known if getattr(v, "ndim", 0) == 2 and v.shape[1] - T in (0, 1)]
            places = [t + more for t in maker.loop_names() for more in ("", " - 1", " + 1")[: 2 + gap]]
            rows_of = [*(f"{t}[{index}]" for t in steps for index in places), *(f"{t}[-1]" for t in lists)]
            atoms |= self.arrays([*rows_of, *(f"{t}[:, {index}]" for t in columns for index in places)])
        if ahead:
            stacks = [t for t, v in atoms.items() if len(v) == v.size == 4 * self.truth.H]
            sizes = [quarters(atom.text) for atom in maker.within("int")] if stacks else []
            atoms |= self.arrays(f"{t}[{part}]" for t in stacks for part in itertools.chain(*sizes))
        return {t: v for t, v in atoms.items() if ahead or v.any()}

    def _of_a_gate(self, unit: Unit) -> list[str]:
        """What objects may hold under the name of a gate: `W[k]` and `p["U" + k]`, where `k` is a text."""
        letters, every = [t for t, one in self.local.items() if isinstance(one, str)], [*ast.walk(unit.tree)]
        owners = [node.arg for node in every if isinstance(node, ast.arg)]
        owners += [unit.segment(node.value) for node in every if isinstance(node, ast.Subscript)]
        keys = [key for k in letters for key in (k, f'"W" + {k}', f'"U" + {k}')]
        return [f"{one}[{key}]" for one in dict.fromkeys(owners) for key in keys]

    def by_step(self) -> list[str]:
        """Names of what holds something for each step: tables with numbers as keys, lists that are not filled."""
        lists = [t for t, one in self.local.items() if type(one) is list and any(each is None for each in one)]
        return [t for t, one in self.local.items() if _by_number(one)] + lists


def _by_number(value: Any) -> bool:
    """Whether it is a dict whose keys, if it has any, are whole numbers: steps."""
    return type(value) is dict and {*map(type, value)} <= {int}


def _other_steps(texts: Sequence[str], space: dict[str, Any]) -> Iterator[str]:
    """What is read, with the other indices in the code: the `c[t - 1]` that was read may itself be the mistake.

    If a step keeps several things together, in a tuple or a row, all of them.
    """
    parts = [match.groups() for text in texts if (match := re.fullmatch(r"(.*[\w\])])\[([^\[\]]*)\]", text))]
    indices = [*dict.fromkeys(index for _, index in parts if index.isidentifier() or re.search("- ?1", index))]
    for name in dict.fromkeys(name for name, _ in parts):
        yield from (f"{name}[{index}]" for index in indices[:_INDICES])
    kept = ((name, re.match(r"\d+(?=$|,)(.*)", index)) for name, index in parts)
    for name, more in dict.fromkeys((name, found[1]) for name, found in kept if found):
        if re.search("[a-z]", more) or name[-1] == "]" or type(space.get(name)) is tuple:
            yield from (f"{name}[{number}{more}]" for number in range(_KEPT))


def _texts_read(scene: Scene, unit: int) -> list[str]:
    """Everything the function reads or names, and what its objects have besides."""
    every = itertools.chain(*scene.atoms.values(), scene.unread, scene.steps)
    texts = dict.fromkeys(atom.text for atom in every if atom.unit == unit and is_vector(atom.shape))
    for slot in (slot for slot in scene.slots if slot.unit == unit and slot.node is not None):
        maker = Maker(scene, slot)
        for node in (atom.node for atom in scene.atoms[slot.number] if atom.text in texts):
            texts |= dict.fromkeys(other_attributes(maker, node))
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Subscript):
                texts |= dict.fromkeys([maker.seg(node.value), *other_attributes(maker, node.value)])
        for node in ast.walk(slot.node):
            match node:
                case ast.Call(args=[_], keywords=[]) if is_vector(maker.shape(node)):
                    texts[maker.seg(node)] = None
    return list(texts)
