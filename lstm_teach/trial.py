"""Run the lines of a learner's cell on the cases of a blank, with numbers other than the notebook's.

Imports aside, borrowed, cellcode, guard, gradcheck and judging. The notebook's own names and arrays stay as they are.
Nothing of a trial is shown: the cell's own output is there already, and numbers of other nets would only puzzle a
learner, or give an answer away.
"""

from __future__ import annotations  # holds for the code compiled here too

import ast
import asyncio
import contextlib
import copy
import inspect
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Sequence
from typing import Any

import numpy as np

from lstm_teach import borrowed, cellcode, guard
from lstm_teach.aside import copied, give_modules_back, reached, set_aside
from lstm_teach.cellcode import Lines, Names
from lstm_teach.gradcheck import spoil_free_memory
from lstm_teach.judging import ONCE, SECONDS, Trouble, close, same

CELL = "this cell"  # the file name of its code


def runs(names: Sequence[str], statements: Lines, cases: Sequence[Names], namespace: dict) -> list[dict]:
    """What the statements give to `names` on each case, as `_Trials.on` says, all in `SECONDS`.

    The statements run in the notebook itself, with the names of the case, so that whatever it has made of functions and
    classes reads these too. In the end it is as it was, even if a trial could not be stopped.
    """
    read, met = reached(namespace, cellcode.names_in(*statements), namespace.get("__annotations__"))
    with set_aside(namespace, met) as anew:
        trials = _Trials(names, statements, namespace, read, anew)
        return guard.call(lambda: [trials.on(case) for case in cases], seconds=SECONDS)


class _Trials:
    """The statements of a cell in a notebook, `space`; `anew` gives it other names; `read` are those that they read."""

    def __init__(self, names: Sequence[str], statements: Lines, space: dict, read: Collection[str], anew: Callable):
        self.names, self.statements, self.space, self.read, self.anew = names, statements, space, read, anew
        self.before = {n: v for n, v in space.items() if n in read or n not in names}
        # An answer that an earlier run has left in the notebook is none: numbers stand for it that are never right.
        made = cellcode.stored(statements)
        self.old = {n for n in names if n in self.before and n in made and not callable(self.before[n])}
        self.codes = [cellcode.code_of(statement, file=CELL) for statement in statements]
        self.touched = [cellcode.touched(statement) for statement in statements]
        self.last = {n: max((k for k, t in enumerate(self.touched) if n in t), default=None) for n in names}
        self.needs = {n: {n, *cellcode.names_read(statements, n)} for n in names}

    def on(self, case: Names) -> dict:
        """The values that the statements give to `names` on one case: a value, an Ellipsis, or a `Trouble`.

        "changed" has the names whose values the statements have changed, with what they are then. "entered" has the
        library's functions that are called for `names`, not those of an assert or a print. "called" has, for each of
        `names` that no line makes, the names that have its right value instead.
        """
        right, entered = self._together(case)
        # What is right in the end is right, unless a line that raised made it.
        found = right if right.keys() == {*self.names} else self._one_by_one(case) | right
        known = {n: v for n, v in self._given(case).items() if n in self.read}
        changed = {n: taken(self.space.get(n)) for n, v in known.items() if not same(v, self.space.get(n), True)}
        made = cellcode.stored(self.statements) - {*self.names, *cellcode.counted(self.statements)}
        missing = [n for n in self.names if self.last[n] is None]
        called = {n: {m for m in made if close(self.space.get(m), np.asarray(case[n]))} for n in missing}
        return found | {"changed": changed, "entered": entered, "called": called}

    def _begin(self, case: Names) -> Names:
        """Give the notebook the names of a case. Returns what stands for answers of an earlier run."""
        self.anew(self.before)
        earlier = {n: np.full(np.shape(case[n]), np.nan)[()] for n in self.old}
        self.space.update(earlier | copy.deepcopy({**self._given(case), **case.get("start", {})}))
        return earlier

    def _given(self, case: Names) -> Names:
        """What the notebook gets of a case; a function that somebody has called f stays, and is no gate."""
        kept = {n for n, v in self.before.items() if callable(v)} - {n for n, v in case.items() if callable(v)}
        return {n: v for n, v in case.items() if n not in kept.union(self.names, ["start"])}

    def _execute(self, k: int, case: Names) -> None:
        """Run a statement. One that was told to stop in vain is the last: the notebook has its own names by now."""
        spoil_free_memory({np.shape(v) for v in case.values() if isinstance(v, np.ndarray)})
        try:
            awaited = eval(self.codes[k], self.space)
            if self.codes[k].co_flags & inspect.CO_COROUTINE:
                _finish(awaited)
        finally:
            give_modules_back()
            guard.end_if_told()

    def _together(self, case: Names) -> tuple[dict, Counter[str]]:
        """All lines as they are: what is right in the end, and which of the library's functions were called for it."""
        entered: Counter[str] = Counter()
        cut: set[str] = set()  # what a line has changed before it raised
        needed = set().union(*self.needs.values())
        self._begin(case)
        for k, theirs in enumerate(self.touched):
            held = {n: copied(self.space.get(n)) for n in {*self.names}.union(*self.touched)}
            try:
                with borrowed.entered(entered if theirs & needed else Counter()):
                    self._execute(k, case)
            except Exception:
                cut |= {n for n, value in held.items() if not same(value, self.space.get(n))}
        cut -= cellcode.counted(self.statements)
        ends = {n: taken(self.space[n]) for n in self.names if n in self.space}
        return {n: v for n, v in ends.items() if close(v, np.asarray(case[n])) and not self.needs[n] & cut}, entered

    def _one_by_one(self, case: Names) -> dict:
        """Each line with the right values of the blanks before it, so that it is judged by itself."""
        found: dict[str, Any] = {}
        failed: dict[str, Trouble] = {}  # names that a line of no blank would have made, and what it raises
        earlier, space = self._begin(case), self.space
        for k, statement in enumerate(self.statements):
            here = [n for n in self.names if self.last[n] == k]
            try:
                self._execute(k, case)
            except Exception as error:
                said = f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(".")
                line = "this line" if here else f"the line `{ast.unparse(statement).splitlines()[0]}`"
                trouble = Trouble(f"With other numbers and sizes, {line} raises {said}.{guard.on_shapes(error)}")
                found |= dict.fromkeys(here, trouble)
                failed |= {} if here else dict.fromkeys(self.touched[k], trouble)
            else:
                unset = {n for n in here if space.get(n) is earlier.get(n, earlier) and np.isnan(space[n]).all()}
                found |= {n: taken(space[n]) for n in here if n in space and n not in unset}
            space |= {n: copy.deepcopy(case[n]) for n in here}
        found |= {n: failed[r] for n, read_by_it in self.needs.items() for r in sorted(read_by_it & failed.keys())}
        return {n: self._without_value(n) for n in self.names if n not in found} | found

    def _without_value(self, name: str) -> Trouble:
        """What to say of a blank that no line has given a value."""
        only, at = "", self.last[name]
        if at is None and cellcode.compared(self.statements, name):
            only = ": == compares, = assigns"
        elif at is not None and isinstance(self.statements[at], ast.Delete):
            only = ": del deletes it"
        line = "With other numbers, no line that runs" if name in self.old else "No line of this cell"
        return Trouble(f"{line} says what {name} is{only}.")


def _finish(awaited: Coroutine) -> None:
    """Run what a line with `await` has begun, also where no thread is free of the notebook's own event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(awaited)
        return
    with contextlib.suppress(StopIteration):
        awaited.send(None)
        awaited.close()
        raise RuntimeError("It waits for something, which can't be tried here.")


def taken(value: Any) -> Any:
    """A copy; of an iterator, such as reversed(range(T)), or the values of a dictionary, the list of what it gives."""
    return copy.deepcopy(list(value) if isinstance(value, ONCE) else value)
