"""The live count of lesson 3: which flaws a learner's version of the question's loop still has, judged by what it does.

Imports the loop, the numeric core, and the engine that judges blanks.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import io
import itertools
import sys
import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

import lstm_teach as lt
from lstm_teach import backward, guard, html, plain
from lstm_teach.forward import Cache, forward
from lstm_teach.gradcheck import collect_gradients
from lstm_teach.gradreport import relative_error, verdict
from lstm_teach.judging import Attempt, Trouble
from lstm_teach.lessons.loop import FILENAME, GATES, MISTAKES, PRODUCTS, REPAIRS, gate_deltas, posted_loop, variant
from lstm_teach.nested import FLAWS, nested_bptt
from lstm_teach.params import Params
from lstm_teach.verdicts import LEVELS

Gradients = Mapping[str, np.ndarray]
LENGTHS = (1, 2, 3, 4, 6)
SECONDS = 6.0  # for all calls of one count
SAME = 1e-9  # norm-relative; two versions of the loop differ by more, rounding by less
WALK = ("short_range", "stale_cell_delta", "carry_accumulates")  # the flaws in the deltas, not in the four dW
OUTSIDE_W = ("V", "Ui", "Uf", "Uo", "Ug")
ALL_LINES = sum(repair.lines for repair in REPAIRS.values())
GIVES_THE_ANSWER = {  # the code of what computes the answer, and its name in a sentence
    lt.bptt.__code__: "lt.bptt",
    backward.walk_back.__code__: "lt.bptt",
    nested_bptt.__code__: "lt.nested_bptt",
    lt.exact_gradient.__code__: "lt.exact_gradient",
    lt.numerical_gradient.__code__: "lt.numerical_gradient",
    plain.bptt.__code__: "plain.bptt",
    plain.walk_back.__code__: "plain.walk_back",
}


class Case(NamedTuple):
    """One random net: what the learner's loop gets, and what the sixteen versions of the loop return."""

    T: int
    inputs: tuple[Params, Cache, np.ndarray, np.ndarray]
    versions: dict[frozenset[str], Params]


@dataclass(frozen=True)
class FlawsLeft:
    """What is left to repair. It shows itself as HTML in a notebook, as text in a terminal.

    flaws      the flaws still in, or None if that cannot be said
    gates      those of "ifog" whose dW still gets a number
    sentences  what else is to be said, the most important first
    right      how many of the nine gradients are right at each length T
    """

    flaws: frozenset[str] | None
    gates: str = ""
    sentences: tuple[str, ...] = ()
    right: dict[int, int] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether nothing is left."""
        return self.flaws == frozenset()

    @property
    def lines(self) -> int | None:
        """How many lines are still to be repaired, or None if that cannot be said."""
        if self.flaws is None:
            return None
        return sum(len(self.gates) if flaw == "scalar_dot" else REPAIRS[flaw].lines for flaw in self.flaws)

    @property
    def summary(self) -> str:
        """One sentence."""
        if self.flaws is None:
            new = " because something else is wrong now" if self.right else " yet"
            return f"Flaws left: they can't be counted{new}."
        if self.passed:
            return "Flaws left: none. All nine gradients are right at every length."
        return f"Flaws left: {len(self.flaws)}, in {self.lines} line{'s' * (self.lines > 1)}."

    @property
    def repaired(self) -> tuple[str, ...]:
        """What has been repaired, in words."""
        if self.flaws is None:
            return ()
        words = [repair.mended for flaw, repair in REPAIRS.items() if flaw not in self.flaws]
        if "scalar_dot" in self.flaws and len(self.gates) < len(GATES):
            words.append(f"{REPAIRS['scalar_dot'].mended}, in {_names('W', _other(self.gates))}")
        return tuple(words)

    @property
    def hints(self) -> tuple[str, ...]:
        """The idea, the place, the line: of one of the flaws that are left."""
        return next((repair.hints for flaw, repair in REPAIRS.items() if flaw in (self.flaws or ())), ())

    def _lines(self) -> list[str]:
        lines = list(self.sentences)
        if self.passed:
            return lines
        if self.repaired:
            lines.append(f"Repaired so far: {'; '.join(self.repaired)}.")
        if self.right:
            counts = ", ".join(f"{count} at T = {T}" for T, count in self.right.items())
            lines.append(f"Of the nine gradients the check would pass {counts}.")
        return lines

    def __str__(self) -> str:
        hints = ["Three hints for one of the flaws are in .hints: look at .hints[0] first."] if self.hints else []
        return "\n".join([self.summary, *self._lines(), *hints])

    __repr__ = __str__

    def _repr_mimebundle_(self, **kwargs) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._repr_html_()}

    def _repr_html_(self) -> str:
        mark = "✓" if self.passed else "✗"
        lines = "".join(html.prose(line) for line in self._lines())
        hints = ""
        for number, hint in reversed(list(enumerate(self.hints))):  # each inside the one before it
            title = f"Hint {number + 1} of {len(self.hints)} for one of the flaws: {LEVELS[number]}"
            hints = html.fold(title, html.prose(hint) + hints, "1em")
        return f'<section aria-label="Flaws left">{html.bold(f"{mark} {self.summary}")}{lines}{hints}</section>'


def flaws_left(loop: Callable) -> FlawsLeft:
    """How many of the flaws `loop(params, cache, x, dy)` still has, by what it returns on random nets.

    Its gradients are compared with those of all sixteen versions of the question's loop, each dW by itself. Rows of the
    cache that nobody has to read hold random numbers, so that no lucky zero counts as a repair.
    """
    called: set[str] = set()
    attempt = Attempt(_watched(loop, called), SECONDS)
    answers: dict[int, Gradients] = {}
    try:
        for number in _asked_first():
            with contextlib.redirect_stdout(io.StringIO()) if answers else contextlib.nullcontext():
                answers[number] = _gradients(attempt, cases()[number])
            if called:
                raise Trouble(
                    f"{attempt.name} calls {min(called)}, which computes the whole gradient. What counts here is your "
                    "own lines: repair the loop itself."
                )
            if attempt.changed:
                changed = " and ".join(attempt.changed)
                raise Trouble(
                    f"{attempt.name} writes to what it was given, {changed}. Make new arrays, or work on a .copy()."
                )
    except Trouble as trouble:
        return FlawsLeft(None, sentences=(str(trouble),))
    got = [answers[number] for number in range(len(answers))]
    right = {T: min(_count_right(g, c) for g, c in zip(got, cases(), strict=True) if c.T == T) for T in LENGTHS}
    found = _left(got)
    if found is None:
        return FlawsLeft(None, sentences=_what_is_new(got, loop), right=right)
    left = FlawsLeft(*found, right=right)
    return replace(left, sentences=(_untouched(loop),)) if left.lines == ALL_LINES else left


def go_on_with(loop: Callable) -> Callable:
    """The learner's loop if no flaw is left in it, else the library's repaired loop; prints which."""
    name = getattr(loop, "__name__", "the loop")
    if flaws_left(loop).passed:
        print(f"The lesson goes on with your {name}.")
        return loop
    print(f"There are still flaws in {name}, so the lesson goes on with the library's repaired loop.")
    return variant(FLAWS)


def combinations(flaws: Collection[str] = FLAWS) -> list[frozenset[str]]:
    """All subsets, from none to all."""
    return [frozenset(c) for count in range(len(flaws) + 1) for c in itertools.combinations(flaws, count)]


@functools.cache
def cases() -> tuple[Case, ...]:
    """Two nets for each length, shortest first, with initial states that are not zero."""
    return tuple(_case(T, seed) for T in LENGTHS for seed in (0, 1))


def _case(T: int, seed: int) -> Case:
    rng = np.random.default_rng([T, seed])
    K, H = ((5, 4), (3, 5))[seed]
    params = Params.random(K, H, seed=10 * T + seed, scale=0.8)
    x, targets = rng.integers(0, K, (2, T))
    h0, c0 = rng.uniform(0.3, 0.9, (2, H)) * rng.choice([-1, 1], (2, H))
    versions = {c: nested_bptt(params, x, targets, h0, c0, repaired=c) for c in combinations()}
    cache = forward(params, x, h0, c0)
    dy = plain.score_deltas(cache, targets)
    cache.gates[-1], cache.ct[-1] = rng.uniform(0.2, 0.8, 4 * H), rng.uniform(-0.8, 0.8, H)  # nobody has to read these
    return Case(T, (params, cache, x, dy), versions)


def _asked_first() -> Iterator[int]:
    """The order of the calls. What the loop prints is shown in the first one only: a net with three steps."""
    first = next(number for number, case in enumerate(cases()) if case.T == 3)
    yield first
    yield from (number for number in range(len(cases())) if number != first)


def _watched(loop: Callable, called: set[str]) -> Callable:
    """The loop, noting in `called` which of the library's gradients it uses, however it got hold of them."""
    if not callable(loop):
        return loop  # `Attempt` says what is wrong

    def note(frame, event, argument) -> None:
        if event == "call" and frame.f_code in GIVES_THE_ANSWER:
            called.add(GIVES_THE_ANSWER[frame.f_code])
        elif event == "call" and frame.f_code.co_filename == FILENAME:
            called.add("the library's loop")

    @functools.wraps(loop)
    def watched(*inputs: object) -> object:
        before = sys.getprofile()
        sys.setprofile(note)
        try:
            return loop(*inputs)
        finally:
            sys.setprofile(before)

    return watched


def _gradients(attempt: Attempt, case: Case) -> Gradients:
    """What the loop returns for a case as nine arrays; raises `Trouble` if it is something else."""
    try:
        with np.errstate(all="ignore"):
            return collect_gradients(attempt(*case.inputs), case.inputs[0])
    except Trouble as trouble:
        raise Trouble(f"{str(trouble).removesuffix('.')} (in a sequence with T = {case.T}).") from None
    except ValueError as error:
        raise Trouble(f"{attempt.name} {str(error).removesuffix('.')} (in a sequence with T = {case.T}).") from None


def _count_right(got: Gradients, case: Case) -> int:
    right = case.versions[frozenset(FLAWS)]
    return sum(verdict(relative_error(got[name], right[name])) == "right" for name in Params.NAMES)


def _left(got: list[Gradients]) -> tuple[frozenset[str], str] | None:
    """The flaws that are left and the gates whose dW still gets a number, or None if no version of the loop fits."""
    for walk in combinations(WALK):
        if all(_equal(got, name, walk) for name in OUTSIDE_W):
            dotted = _other([gate for gate in GATES if _equal(got, "W" + gate, walk | {"scalar_dot"})])
            if all(_equal(got, "W" + gate, walk) for gate in dotted):
                return frozenset(set(WALK) - walk | ({"scalar_dot"} if dotted else set())), dotted
    return None


def _equal(got: list[Gradients], name: str, version: frozenset[str]) -> bool:
    """Whether one of the nine gradients is that of this version in every case."""
    return all(_same(g[name], case.versions[version][name]) for g, case in zip(got, cases(), strict=True))


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return relative_error(a, b) <= SAME


def _untouched(loop: Callable) -> str:
    """Nothing is repaired: has nothing been changed, or does what has been changed make no difference?"""
    if not _source(loop):
        return "It computes what the posted loop computes."
    if _tree(loop) == _tree(posted_loop):
        return "Nothing has changed yet: this is the loop as posted."
    return "The code has changed, but what it computes hasn't: it still computes what the posted loop computes."


def _tree(function: Callable) -> str:
    """A function's statements, without its name, docstring, comments and layout."""
    body = ast.parse(_source(function)).body[0].body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    return ast.dump(ast.Module(body, []))


def _what_is_new(got: list[Gradients], loop: Callable) -> tuple[str, ...]:
    """Sentences about a loop that no set of repairs explains: the mistake by its name, or where it shows first."""
    name = guard.name_of(loop)
    if not _same_gate_deltas(loop):
        return (f"gate_deltas, which {name} calls, was right and has been changed. Restore its cell and run it again.",)
    if known := _known_mistake(got, loop):
        return known
    if not _equal(got, "V", frozenset()):
        return (f"dV was right, and now it is wrong: leave the line that adds to grads.V in {name} as it was.",)
    for number, T in enumerate(LENGTHS):
        at_T = [(g, case) for g, case in zip(got, cases(), strict=True) if case.T == T]
        off = min(([m for m in Params.NAMES if not _fits(at_T, m, walk)] for walk in combinations(WALK)), key=len)
        if off:
            before = f"; up to T = {LENGTHS[number - 1]} there is no sign of it" if number else ""
            where = f"It shows first at T = {T}, in {_names('', off)}{before}."
            break
    else:
        where = "A set of repairs could explain each length by itself, but no one set explains them all."
    return (
        f"Something new is wrong: no set of repairs explains what {name} returns. {where} Undo your last change "
        "and ask what that line has to do.",
    )


def _same_gate_deltas(loop: Callable) -> bool:
    """Whether the lesson's own function, which the loop calls, is still what it was."""
    theirs = getattr(loop, "__globals__", {}).get("gate_deltas", gate_deltas)
    cache = cases()[-1].inputs[1]
    dh, dc = cache.h[0] + 0.5, cache.c[0] - 0.5  # any two vectors will do
    try:
        given = guard.call(theirs, cache, 1, dh, dc, seconds=SECONDS)
        return np.allclose(given, gate_deltas(cache, 1, dh, dc), rtol=1e-9, atol=0)
    except (guard.LearnerError, TypeError, ValueError):
        return False


def _fits(at_T: list[tuple[Gradients, Case]], name: str, walk: frozenset[str]) -> bool:
    """Whether one of the nine gradients is that of a version with these repairs of the walk, either product for dW."""
    return all(
        any(_same(g[name], case.versions[version][name]) for version in (walk, walk | {"scalar_dot"}))
        for g, case in at_T
    )


def _known_mistake(got: list[Gradients], loop: Callable) -> tuple[str, ...]:
    """The words of one other change of a walk's line, or of the four products, that explains all that came; or ().

    Two changes may have the same effect; one whose line is still there as posted is then not meant.
    """
    found: dict[tuple[str, ...], set[int]] = {}
    for walk in reversed(combinations(WALK)):
        for before, after, words in (("", "", ""), *MISTAKES):
            flaw = next((flaw for flaw in WALK if REPAIRS[flaw].before == before), None)
            if flaw in walk:
                continue  # a line can't be repaired and wrong in another way
            edit = (before, after) if before else None
            of_gates = _explains(got, OUTSIDE_W, variant(walk, edit)) and _products(got, walk, edit)
            if not of_gates:
                continue
            said = {sentence: [g for g in GATES if of_gates[g] == sentence] for sentence in of_gates.values()}
            sentences = [words] if words else []
            sentences += [s.format(names=_names("W", gates)) for s, gates in said.items() if s not in ("dot", "outer")]
            left = len(set(WALK) - walk - {flaw}) + ("dot" in said)
            found.setdefault((before, *sentences), set()).add(left)
    text = _squeezed(_source(loop))
    changed = [key for key in found if _squeezed(key[0]) not in text or not key[0]]
    for key in changed or found:
        _, *sentences = key
        left = found[key].pop()
        if left and not found[key]:  # a mistake may hide how many flaws there are beside it
            sentences.append(f"Apart from that, {left} flaw{'s are' if left > 1 else ' is'} left.")
        return tuple(sentences)
    return ()


def _source(function: Callable) -> str:
    """The text of a function, "" if nobody has it."""
    try:
        return textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return ""


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _products(got: list[Gradients], walk: frozenset[str], edit: tuple[str, str] | None) -> dict[str, str] | None:
    """For each gate what its dW adds up: "dot", "outer", or the words of another product; None if one fits nothing."""
    known = {REPAIRS["scalar_dot"].after: "outer", REPAIRS["scalar_dot"].before: "dot", **PRODUCTS}
    found = {}
    for product, words in known.items():
        open_gates = [gate for gate in GATES if gate not in found]
        if open_gates:
            loop = variant(walk, edit, product)
            found |= {gate: words for gate in open_gates if _explains(got, ["W" + gate], loop)}
    return found if len(found) == len(GATES) else None


def _explains(got: list[Gradients], names: Iterable[str], loop: Callable) -> bool:
    """Whether these gradients of a loop are what came, in every case."""
    for number in _asked_first():  # three steps tell most loops apart
        try:
            with np.errstate(all="ignore"):
                grads = loop(*cases()[number].inputs)
        except (IndexError, ValueError):
            return False
        if not all(_same(got[number][name], grads[name]) for name in names):
            return False
    return True


def _other(gates: Iterable[str]) -> str:
    return "".join(gate for gate in GATES if gate not in gates)


def _names(prefix: str, gates: Iterable[str]) -> str:
    """Names of gradients in a sentence: "dWi, dWf and dWo"."""
    *most, last = (f"d{prefix}{gate}" for gate in gates)
    return f"{', '.join(most)} and {last}" if most else last
