"""What the two-way cell diagram shows: how far a net has been run, forward and back, and what is looked at in it.

May import graph.
"""

from dataclasses import dataclass
from functools import cached_property

from ..graph import Net, Operation, back_operations, forward_operations, nudge, walk_back


@dataclass(frozen=True, eq=False)
class View:
    """A net of one unit after `position` operations (None: all), with one box or arrow chosen.

    direction: which half the position counts: "forward", "back" (the values stand already) or "both".
    chosen: a box (`c[0]`) or an arrow (`h[0] -> zo[1]`); otherwise what the slider has just filled in.
    nudged: whether the boxes that change when the chosen one is moved are marked.
    flaws: those of the posted loop, whose deltas are shown; without them the deltas are right.
    upto: the kind of the last operation back (see `graph`) that has been derived yet; otherwise all of them are.

    `before` is how many operations have been done before the slider starts, `end` the slider's last position, `done`
    the operations up to the position, `last` the last one of them, `walked` whether the way back has begun,
    `filled` the boxes that have a value, `back` all deltas, `tried` what a nudge does, `changed` the boxes that it
    changes, if it is shown.
    """

    net: Net
    position: int | None = None
    direction: str = "both"
    chosen: str = ""
    nudged: bool = False
    flaws: tuple[str, ...] = ()
    upto: str = ""

    @cached_property
    def derived(self) -> tuple[Operation, ...]:
        """The operations forward, and those back up to `upto`."""
        every = forward_operations(self.net) + (() if self.direction == "forward" else back_operations(self.net))
        kinds = [operation.back and operation.kind for operation in every]
        if self.upto and self.upto not in kinds:
            raise ValueError(f"upto must be an operation such as 'loss' or 'product', got {self.upto!r}.")
        return every[: kinds.index(self.upto) + 1] if self.upto else every

    @cached_property
    def came(self) -> set[str]:
        """The boxes and arrows that deltas have reached."""
        steps = [o for o in self.done if o.back]
        summed = {f"scores[{o.t}] -> loss[{o.t}]" for o in steps if o.kind == "scores"}
        return summed.union(*((*o.boxes, *o.arrows) for o in steps))

    @cached_property
    def place(self) -> str:
        """What is looked at."""
        if self.chosen or not self.last:
            return self.chosen or "h[-1]"
        return (*self.last.boxes, *self.last.arrows)[0]

    before = property(lambda self: len(forward_operations(self.net)) if self.direction == "back" else 0)
    end = property(lambda self: len(self.derived) - self.before)
    done = cached_property(lambda self: self.derived[: None if self.position is None else self.before + self.position])
    last = property(lambda self: self.done[-1] if self.done else None)
    walked = property(lambda self: self.direction == "back" or bool(self.last and self.last.back))
    filled = cached_property(lambda self: {"h[-1]", "c[-1]"}.union(*(o.boxes for o in self.done if not o.back)))
    back = cached_property(lambda self: walk_back(self.net, self.flaws) if self.flaws else self.net.right)
    tried = cached_property(lambda self: nudge(self.net, self.place))
    changed = property(lambda self: self.tried.changed if self.nudged else frozenset())


def box_of(end: str) -> str:
    """The box at an end of an arrow: for `scores[t]`, which stands for all of them, the first."""
    return end.replace("]", ",0]") if end.startswith("scores") and "," not in end else end
