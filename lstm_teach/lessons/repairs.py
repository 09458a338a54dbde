"""The live count of lesson 3: which flaws a learner's version of the posted loop still has, judged by what it does.

Imports the loop, the cases, the numeric core, and what judges blanks.
"""

import ast
import contextlib
import functools
import itertools
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import FrameType

import numpy as np

from lstm_teach import aside, cellcode, guard, html, plain, unfinished
from lstm_teach.edited import edited
from lstm_teach.forward import Cache, forward
from lstm_teach.gradcheck import collect_gradients
from lstm_teach.gradreport import LADDER, relative_error
from lstm_teach.judging import TOOLS, Attempt, Trouble, typed_sizes
from lstm_teach.lessons.cases import sequences, state, surprised
from lstm_teach.lessons.loop import MISTAKES, PRODUCTS, REPAIRS, WORDS, gate_deltas, posted_loop, variant
from lstm_teach.nested import FLAWS
from lstm_teach.params import GATES, Params
from lstm_teach.validate import amount, listing
from lstm_teach.verdicts import hints_html

SAID = WORDS["count"]
Gradients = Mapping[str, np.ndarray]
Inputs = tuple[Params, Cache, np.ndarray, np.ndarray]
LENGTHS = (1, 2, 3, 4, 6)
SECONDS = 6.0  # for all calls of one count
SAME = 1e-9  # norm-relative; two versions of the loop differ by more, rounding by less
PASSES = LADDER[0][0]  # the largest error that the gradient check passes
WALK = ("short_range", "stale_cell_delta", "carry_accumulates")  # the flaws in the deltas, not in the four dW
OUTSIDE_W = ("V", "Ui", "Uf", "Uo", "Ug")
UNCHANGED = ("", "", "")  # no change of a line: the text before and after it, and no words
ALL_LINES = len(WALK) + len(GATES)
ALLOWED = (*TOOLS, "forward", "loss", "gate_deltas", "step_back", "cell_back")  # of the library, to call in a loop


@dataclass(frozen=True)
class FlawsLeft:
    """What is left to repair. It shows itself as HTML in a notebook, as text in a terminal."""

    flaws: frozenset[str] | None  # those still in, or None if that cannot be said
    gates: str = ""  # those of "ifog" whose dW still gets a number
    sentences: tuple[str, ...] = ()  # what else is to be said, the most important first
    right: dict[int, tuple[str, ...]] = field(default_factory=dict)  # gradients, by T; empty if the loop did not run
    # With a new mistake:
    beside: frozenset[str] = frozenset()  # the flaws that are surely still in
    counted: bool = False  # whether these are all of them
    repaired: frozenset[str] = frozenset()  # the flaws that are surely repaired

    @property
    def passed(self) -> bool:
        """Whether nothing is left."""
        return self.flaws == frozenset()

    @property
    def lines(self) -> int | None:
        """How many lines are still to be repaired, or None if that cannot be said."""
        if self.flaws is None:
            return None
        return sum(len(self.gates) if flaw == "scalar_dot" else 1 for flaw in self.flaws)

    @property
    def summary(self) -> str:
        """One sentence."""
        if self.flaws is None:
            if not self.right:
                return "Flaws left: they can't be counted yet."
            said = self.beside if self.counted else ()
            return "Something new is wrong." + (f" Apart from that: {amount(len(said), 'flaw')} left." if said else "")
        if self.passed:
            return "Flaws left: none. All nine gradients are right at every length."
        return f"Flaws left: {len(self.flaws)}, in {amount(self.lines, 'line')}."

    @property
    def _some_gates(self) -> bool:
        """Whether the product is repaired for some of the gates only."""
        return 0 < len(self.gates) < len(GATES)

    @property
    def hints(self) -> tuple[str, ...]:
        """The idea, the place, the line: of one of the flaws that are left, first of one that is half repaired."""
        if self._some_gates:
            idea = f"You have repaired some lines of one kind. The flaw is still in {_names('W', self.gates)}."
            return (idea, *REPAIRS["scalar_dot"].hints[1:])
        left = self.beside if self.flaws is None else self.flaws
        return next((repair.hints for flaw, repair in REPAIRS.items() if flaw in left), ())

    def _lines(self) -> list[str]:
        lines = list(self.sentences)
        repaired = _what(self.repaired if self.flaws is None else REPAIRS.keys() - self.flaws)
        if self._some_gates:
            done = [gate for gate in GATES if gate not in self.gates]
            repaired.append(f"{REPAIRS['scalar_dot'].repairs}, in {_names('W', done)}")
        if repaired:
            lines.append(f"Repaired{'' if self.passed else ' so far'}: {'; '.join(repaired)}.")
        if self.right and not self.passed:
            lines.append(f"The gradient check would pass {_passing(self.right)}.")
        return lines

    def __str__(self) -> str:
        way = "Three hints for one of the flaws: give this a name, as in v = ..., and look at v.hints[0] first."
        hints = [way] if self.hints else []
        return "\n".join([self.summary, *self._lines(), *hints])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        mark = "✓" if self.passed else "✗"
        lines = "".join(html.prose(line) for line in self._lines())
        hints = hints_html(self.hints, " for one of the flaws")
        return f'<section aria-label="Flaws left">{html.bold(f"{mark} {self.summary}")}{lines}{hints}</section>'


def flaws_left(loop: Callable) -> FlawsLeft:
    """How many of the flaws `loop(params, cache, x, dy)` still has, by what it returns on random nets.

    Its gradients are compared with those of all sixteen versions of the posted loop, each dW by itself. Rows of the
    cache that nobody has to read hold random numbers, so that no lucky zero counts as a repair. Where no flaw is left,
    a long sequence with large gradients has to be right too.
    """
    aside.give_modules_back()
    if said := _of_another_cell(loop, sys._getframe(1)):
        return FlawsLeft(None, sentences=(said,))
    got: list[Gradients] = []  # one for each case
    try:
        attempt = Attempt(loop, SECONDS)
        with aside.apart(loop):
            for inputs in cases():
                with guard.unseen() if got else contextlib.nullcontext():
                    got.append(_gradients(attempt, inputs))
                if said := attempt.borrowed(ALLOWED) or attempt.writes():
                    raise Trouble(said)
    except (Trouble, TypeError) as trouble:  # what is no function raises the second
        tree, said = cellcode.tree_of(loop), str(trouble)
        if sizes := typed_sizes(said.partition(", ")[2], tree):
            said = f"{said.replace(guard.TURNED, '')} {sizes}"
        dots = cellcode.dots(tree)
        return FlawsLeft(None, sentences=(unfinished.words(dots) if dots else said,))
    repaired = variant(FLAWS)
    right = {T: tuple(name for name in Params.NAMES if _agree(got, [name], repaired, T, PASSES)) for T in LENGTHS}
    walk, _, products = next(_explanations(got, [UNCHANGED], {}), (None, "", {}))
    if walk is None:
        new, lost = _what_is_new(got, loop, right), cellcode.slip(cellcode.tree_of(loop))
        return replace(new, sentences=(*new.sentences, lost) if lost else new.sentences, right=right)
    gates = "".join(g for g in GATES if products[g] == "dot")
    left = FlawsLeft(frozenset({*WALK} - walk | ({"scalar_dot"} if gates else set())), gates, right=right)
    if left.passed:
        turns = sum(times for name, times in attempt.entered.items() if name.endswith(":gate_deltas"))
        sentences = (SAID["single pass"],) if turns == sum(len(x) for _, _, x, _ in cases()) else ()
        return _in_a_long_case(attempt, right) or replace(left, sentences=sentences)
    if left.lines == ALL_LINES:
        return replace(left, sentences=(_untouched(loop),))
    return replace(left, sentences=tuple(SAID["hidden"].format(words=words) for words in _hidden(loop, left)))


def go_on_with(loop: Callable) -> Callable:
    """The learner's loop if it is right, else the library's repaired loop; prints which."""
    name = getattr(loop, "__name__", "my_loop")
    if flaws_left(loop).passed:
        print(f"The lesson goes on with your {name}.")
        return loop
    not_yet = f"{name} doesn't get all nine gradients right yet"
    print(f"{not_yet}, so the lesson goes on with the library's repaired loop.")
    return variant(FLAWS)


def _of_another_cell(loop: Callable, frame: FrameType) -> str:
    """That the cell defines functions, but not the one that it counts, which an earlier cell has left; else ""."""
    if not frame.f_code.co_name.startswith("<") or not callable(loop):  # a cell is "<module>", or "<cell line: 1>"
        return ""
    with contextlib.suppress(RuntimeError, SyntaxError):  # there is no cell, or one with a magic
        statements, _ = cellcode.cell(frame)
        made = {s.name for s in statements if isinstance(s, ast.FunctionDef)} - cellcode.globals_read(loop)
        if made and not any(frame.f_globals.get(name) is loop for name in cellcode.stored(statements)):
            return SAID["another cell"].format(name=guard.name_of(loop), them=listing(sorted(made)))
    return ""


def combinations(flaws: Collection[str] = FLAWS) -> list[frozenset[str]]:
    """All subsets, from none to all."""
    return [frozenset(c) for count in range(len(flaws) + 1) for c in itertools.combinations(flaws, count)]


@functools.cache
def cases() -> tuple[Inputs, ...]:
    """Two nets for each length, with initial states that are not zero: params, cache, x, dy.

    First those of three steps, which tell most loops apart; what a loop prints is shown for the first one only.
    """
    found, rng = [], np.random.default_rng(3)
    lengths = sorted(2 * LENGTHS, key=lambda T: (T != 3, T))
    for net in sequences(((5, 4), (3, 5)) * len(LENGTHS), lengths, seed=3):
        cache, H = forward(net.params, net.x, net.h0, net.c0), net.H
        # nobody has to read these rows
        cache.gates[-1], cache.ct[-1] = rng.uniform(0.2, 0.8, 4 * H), rng.uniform(-0.8, 0.8, H)
        found.append((net.params, cache, net.x, net.dy))
    return tuple(found)


@functools.cache
def long_case() -> Inputs:
    """A long sequence with large gradients, which show where a walk is cut off or something is clipped."""
    rng = np.random.default_rng(5)
    x, start = rng.integers(0, 5, 40), state(rng, 2, 4)
    params, targets = surprised(Params.random(5, 4, seed=5, scale=1.2), x, *start)
    cache = forward(params, x, *start)
    return params, cache, x, plain.score_deltas(cache, targets)


def _in_a_long_case(attempt: Attempt, right: dict[int, tuple[str, ...]]) -> FlawsLeft | None:
    """About a loop that is right in all short cases, and not in the long one; None if it is right there too."""
    try:
        with guard.unseen(), aside.apart(attempt.function):
            got = _gradients(attempt, long_case())
    except Trouble as trouble:
        return FlawsLeft(None, sentences=(str(trouble),))
    wanted, T = variant(FLAWS)(*long_case()), len(long_case()[2])
    passing = tuple(name for name in Params.NAMES if relative_error(got[name], wanted[name]) <= SAME)
    if len(passing) == len(Params.NAMES):
        return None
    return FlawsLeft(None, sentences=(SAID["long"].format(most=LENGTHS[-1], T=T),), right={**right, T: passing})


def _gradients(attempt: Attempt, inputs: Inputs) -> Gradients:
    """What the loop returns for a case as nine arrays; raises `Trouble` if it is something else."""
    try:
        return collect_gradients(attempt(*inputs), inputs[0])
    except (Trouble, ValueError) as error:
        said = str(error) if isinstance(error, Trouble) else f"{attempt.name} {error}"
        raise Trouble(f"With T = {len(inputs[2])}, {said}") from None


def _passing(right: Mapping[int, tuple[str, ...]]) -> str:
    """Which gradients are right at which lengths: "5 of the nine at T = 1, and only dV from T = 2 on"."""
    runs = [(names, [T for T, _ in run]) for names, run in itertools.groupby(right.items(), key=lambda item: item[1])]
    said = []
    for place, (names, lengths) in enumerate(runs):
        what = {0: "none of the nine", len(Params.NAMES): "all nine"}.get(len(names), f"{len(names)} of the nine")
        what = f"only d{names[0]}" if len(names) == 1 else what
        where = f" from T = {lengths[0]} on" if place and lengths[-1] == LENGTHS[-1] else f" at T = {listing(lengths)}"
        said.append(what + (", at every length" if len(runs) == 1 else where))
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])}, and {said[-1]}"


def _agree(got: list[Gradients], names: Iterable[str], loop: Callable, T: int = 0, most: float = SAME) -> bool:
    """Whether these gradients are what a version of the loop returns, in every case, or in those of length T."""
    for number, (grads, (_, _, x, _)) in enumerate(zip(got, cases(), strict=True)):
        if T in (0, len(x)):
            returned = _returned(loop, number)
            if not all(relative_error(grads[name], returned[name]) <= most for name in names):
                return False
    return True


@functools.cache
def _returned(loop: Callable, number: int) -> Params:
    """What a version of the loop returns in a case."""
    with np.errstate(all="ignore"):
        return loop(*cases()[number])


def _untouched(loop: Callable) -> str:
    """Nothing is repaired: has nothing been changed, or does what has been changed make no difference?"""
    if not (source := cellcode.text_of(loop)):
        return SAID["posted"]
    if _tree(loop) == _tree(posted_loop):
        return SAID["unchanged"]
    vector = SAID["vector"] if re.search(r"(\]|dz[ifog])\.T", source) else ""
    return f"{SAID['no difference']} {vector}".strip()


def _tree(function: Callable) -> str:
    """A function's statements, without its name, docstring, comments and layout."""
    tree = cellcode.tree_of(function).body[0]
    has_docstring = isinstance(tree, ast.FunctionDef) and ast.get_docstring(tree) is not None
    return ast.dump(ast.Module(getattr(tree, "body", [tree])[has_docstring:], []))


def _hidden(loop: Callable, left: FlawsLeft) -> list[str]:
    """The words of known mistakes in the text that will show only when the flaws that are left are repaired.

    A name may stand for something else in the learner's loop than in the posted one. So their own text is repaired: it
    has to be right with these lines put right too, and wrong without one of them.
    """
    text, lines = cellcode.text_of(loop), {_squeezed(line) for line in cellcode.text_of(loop).splitlines()}
    posted = [(repair.before, repair.after) for flaw, repair in REPAIRS.items() if flaw in left.flaws]
    dotted = [tuple(line.format(dz=f"dz{gate}") for line in pair) for pair in posted for gate in GATES]
    repairs = [pair for pair in dict.fromkeys(dotted) if pair[0] in text]
    after = {repair.before: repair.after for repair in REPAIRS.values()}
    # The line of a repair is a mistake only instead of another line.
    lines -= {_squeezed(line) for line in after.values()}
    known = [found for found in MISTAKES if _squeezed(found[1]) in lines and _squeezed(found[0]) not in lines]
    known = [found for found in known if found[0] not in dict(posted)]

    def is_right(mistakes: list[tuple[str, str, str]]) -> bool:
        pairs = [*repairs, *((line, after.get(before, before)) for before, line, _ in mistakes)]
        attempt = Attempt(edited(loop, *itertools.chain(*pairs)), SECONDS)
        with guard.unseen(), aside.apart(loop), contextlib.suppress(Trouble):
            return _agree([_gradients(attempt, inputs) for inputs in cases()], Params.NAMES, variant(FLAWS))
        return False

    with contextlib.suppress(ValueError, SyntaxError):  # a line in another layout
        if known and is_right(known):
            return [found[2] for found in known if not is_right([other for other in known if other != found])]
    return []


def _what_is_new(got: list[Gradients], loop: Callable, right: Mapping[int, Collection[str]]) -> FlawsLeft:
    """About a loop that no set of repairs explains: the mistake by its name, or where it shows first."""
    name, text = guard.name_of(loop), _squeezed(cellcode.text_of(loop))
    posted = [(flaw, repair.before.format(dz="dz" + gate)) for flaw, repair in REPAIRS.items() for gate in GATES]
    in_text = frozenset(flaw for flaw, line in posted if _squeezed(line) in text)
    if not _same_gate_deltas(loop):
        return FlawsLeft(None, sentences=(SAID["gate_deltas"].format(name=name),), beside=in_text)
    if known := _known_mistake(got, loop):
        return known
    new, shows = "unknown", ""
    if all(len(names) == len(Params.NAMES) for names in right.values()):
        new = "rounded"
    elif not any(np.any(g[member]) for g in got for member in Params.NAMES):
        new = "zero"
    elif not _agree(got, ["V"], posted_loop):
        new = "dV"
    else:
        shows = _shows_first(got, right, in_text if text else FLAWS)
    said, repaired = SAID[new].format(name=name, shows=shows), _surely_repaired(got)
    return FlawsLeft(None, sentences=(f"{said} {SAID['last']}",), beside=in_text - repaired, repaired=repaired)


def _shows_first(got: list[Gradients], right: Mapping[int, Collection[str]], left: Collection[str]) -> str:
    """The shortest length at which no version fits, and the gradients that don't; one that is right is never named.

    The versions are those with some of the flaws in `left`.
    """
    for number, T in enumerate(LENGTHS):
        misfits = _misfits(got, T, left).values()
        if all(misfits):
            off, before = min((some for some in misfits if not {*right[T]} & {*some}), key=len), ""
            if number:
                fine = _what(_surely_repaired(got, LENGTHS[number - 1]))
                these = f", and these repairs are right: {'; '.join(fine)}" if fine else ""
                before = f" At T = {LENGTHS[number - 1]} there is no sign of it{these}."
            return f"It shows first at T = {T}, in {_names('', off)}.{before}"
    return SAID["no set"]


def _surely_repaired(got: list[Gradients], T: int = 0) -> frozenset[str]:
    """The flaws in none of the versions that explain as much as any version can, at length T (0: at every length)."""
    misfits = _misfits(got, T)
    unexplained = set.intersection(*map(set, misfits.values()))
    walks = [walk for walk, names in misfits.items() if {*names} == unexplained]
    dW = ["W" + gate for gate in GATES]
    outer = all(_agree(got, dW, variant({*walk, "scalar_dot"}), T) for walk in walks)
    return frozenset.intersection(*walks) | ({"scalar_dot"} if outer else set()) if walks else frozenset()


def _misfits(got: list[Gradients], T: int = 0, left: Collection[str] = FLAWS) -> dict[frozenset[str], list[str]]:
    """For each set of repairs of the walk the gradients that neither product for dW explains, at length T (0: at any).

    Flaws that are not in `left` are repaired in every version.
    """
    found = {}
    for walk in [c for c in combinations(WALK) if {*WALK} - c <= {*left}]:
        both = variant({*walk, "scalar_dot"}), variant(walk | ({"scalar_dot"} - {*left}))
        found[walk] = [m for m in Params.NAMES if not any(_agree(got, [m], version, T) for version in both)]
    return found


def _what(flaws: Collection[str]) -> list[str]:
    """What is right where these flaws are repaired."""
    return [repair.repairs for flaw, repair in REPAIRS.items() if flaw in flaws]


def _same_gate_deltas(loop: Callable) -> bool:
    """Whether the lesson's own function, which the loop calls, is still what it was."""
    theirs = getattr(loop, "__globals__", {}).get("gate_deltas", gate_deltas)
    cache = cases()[-1][1]
    dh, dc = cache.h[0] + 0.5, cache.c[0] - 0.5  # any two vectors will do
    with contextlib.suppress(guard.LearnerError, TypeError, ValueError):
        given = guard.call(theirs, cache, 1, dh, dc, seconds=SECONDS)
        return np.allclose(given, gate_deltas(cache, 1, dh, dc), rtol=1e-9, atol=0)
    return False


def _known_mistake(got: list[Gradients], loop: Callable) -> FlawsLeft | None:
    """About one other change of a walk's line, or of the four products, that explains all that came; None if none does.

    Two changes may have the same effect; one whose line is still there as posted is then not meant.
    """
    # By the line before the change and what is said: the flaws that are left beside it, and those that are repaired.
    found: dict[tuple[str, ...], list[tuple[frozenset[str], frozenset[str]]]] = {}
    for walk, (before, _, words), products in _explanations(got, (UNCHANGED, *MISTAKES), PRODUCTS):
        kinds = dict.fromkeys(products.values())
        names = {kind: _names("W", [gate for gate in GATES if products[gate] == kind]) for kind in kinds}
        sentences = [kind.format(names=names[kind]) for kind in kinds if kind not in ("dot", "outer")]
        left = {flaw for flaw in {*WALK} - walk if REPAIRS[flaw].before != before}
        left |= {"scalar_dot"} if "dot" in kinds else set()
        done = walk | ({"scalar_dot"} if {*kinds} == {"outer"} else set())
        key = before, *([words] if words else []), *sentences
        found.setdefault(key, []).append((frozenset(left), done))
    text = _squeezed(cellcode.text_of(loop))
    changed = [key for key in found if _squeezed(key[0]) not in text or not key[0]]
    for key in changed or found:
        beside, repaired = (frozenset.intersection(*sets) for sets in zip(*found[key], strict=True))
        counted = len({left for left, _ in found[key]}) == 1  # a mistake may hide which flaws there are beside it
        return FlawsLeft(None, sentences=key[1:], beside=beside, counted=counted, repaired=repaired)
    return None


def _explanations(got: list[Gradients], changes: Iterable[tuple], products: Mapping[str, str]) -> Iterator[tuple]:
    """The versions of the loop that explain all that came: the repairs of the walk, one of the changes of a line, and
    what the dW of each gate adds up: "outer", "dot" or the words of one of the `products`.
    """
    scalar = REPAIRS["scalar_dot"]
    for walk, change in itertools.product(reversed(combinations(WALK)), changes):
        line, found = change[:2], {}
        if line[0] in [REPAIRS[flaw].before for flaw in walk] or not _agree(got, OUTSIDE_W, variant(walk, line)):
            continue  # a line can't be repaired and wrong in another way
        for product, said in {scalar.after: "outer", scalar.before: "dot", **products}.items():
            version = variant(walk, line, product)
            found |= {gate: said for gate in GATES if gate not in found and _agree(got, ["W" + gate], version)}
        if len(found) == len(GATES):
            yield walk, change, found


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _names(prefix: str, gates: Iterable[str]) -> str:
    """Names of gradients in a sentence: "dWi, dWf and dWo"."""
    return listing([f"d{prefix}{gate}" for gate in gates])
