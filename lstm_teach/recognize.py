"""Say what a wrong value is, by its numbers: a known mistake, another quantity, a factor or a term too many, a sign.

Imports cellcode, judging and numpy. Nothing here knows a blank: only names, numbers and lines.
What is said is true of every case, and a factor or term is "too many" only if the learner's own line has it.
"""

import ast
import itertools
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lstm_teach.cellcode import Lines, Names, Written, calls, divisors, lines_of, names_in, numbers_typed
from lstm_teach.judging import FOLLOWS, INFINITE, Arrays, close, difference, is_like, numbers, wrong_form
from lstm_teach.validate import listing

FIRST_DIGITS = "Only the first digits are right: was it rounded or measured, or changed a little? Compute it exactly."
NEAR = 1e-7  # how far a known mistake may be from the answer that it explains, relative to its largest number
PER_TOKEN = ("dy", "y", "scores")
PER_UNIT = re.compile(r"(next_)?d?(z?[ifog]|c|ct|h)0?(_\w+)?$")
SIGMOIDS, TANHS = ("i", "f", "o"), ("g", "ct")
SLOPED = (*SIGMOIDS, *TANHS, "c")  # what has a slope that belongs in some right line
Numbers = list[np.ndarray]  # one array for each case
Tier = dict[str, Numbers]  # by their words, the numbers that mistakes give


def recognize(name: str, got: Sequence[Any], right: Arrays, cases: Sequence[Names], written: Written) -> str:
    """A sentence on what the values `got`, one per case, are instead of `right`; "" if nothing simple explains them.

    `cases` hold the names and numbers that the line could read.
    """
    got = [np.asarray(value) for value in got]
    # An "answer" is of a case, but of nothing that a learner could read.
    names = [q for q in cases[0] if q != "answer" and all(_is_number(c.get(q)) for c in cases)]
    known = {q: [np.asarray(c[q]) for c in cases] for q in names}
    # those that have the shape of the answer, or are single numbers
    fits = {q: vs for q, vs in known.items() if all(v.shape in ((), r.shape) for v, r in zip(vs, right, strict=True))}
    others = {f"This is {q}, not {name}.": vs for q, vs in known.items() if q != name}
    for tier in _tiers(name, got, right, fits, others, written):
        if words := explain(got, right, tier):
            return words
    terms = _terms(ast.parse(written.its, mode="eval").body) if written.its else []  # of the right line
    if _same_shape(got, right) and len(terms) != 1:
        for q in [q for q in fits if q in written.read and q != name]:  # of a sum this term is right: look at the rest
            rest_got, rest = _each(np.subtract, got, fits[q]), _each(np.subtract, right, fits[q])
            left = [term for _, term in written.terms or () if term != q]
            alone = len(left) == 1 and left[0].isidentifier()
            without = replace(written, read=frozenset(left) if alone else written.read - {q})
            for tier in _factors(name, rest, fits, without):
                if words := explain(rest_got, rest, tier):
                    return f"The term {q} is right. The rest is {words[0].lower()}{words[1:]}"
    by = [ast.unparse(divisor) for divisor in divisors(*written.lines) if names_in(divisor) - {"np"}]
    if by and written.its and not divisors(ast.parse(written.its)):
        return f"This divides by {listing([*dict.fromkeys(by)])}. The line needs no division."
    return _by_terms(written.lines, terms, cases)


def _by_terms(lines: Lines, terms: Sequence[ast.expr], cases: Sequence[Names]) -> str:
    """Which terms of a sum, or factors of a product, are right; "" if none is. `terms` are those of the right line."""
    if len(lines) != 1 or not isinstance(line := lines[0], ast.Assign) or not terms:
        return ""
    name, op = ("term", ast.Add) if terms[1:] else ("factor", ast.Mult)
    both = _terms(line.value, op), terms if terms[1:] else _terms(terms[0], op)
    theirs, right = ({ast.unparse(term): _in_cases(term, cases) for term in each} for each in both)
    if None in (*theirs.values(), *right.values()):
        return ""
    fine = {term for term, values in theirs.items() if any(all(map(close, values, each)) for each in right.values())}
    off = [term for term in theirs if term not in fine]
    typed = {n for n in numbers_typed(*lines_of(ast.unparse(line.targets), [line])) if n % 0.5}
    if not fine or not off or typed - {*numbers_typed(*terms)}:  # of those more can be said
        return ""
    said = f"The {name}{'s' * (len(fine) > 1)} {listing(sorted(fine))} {'are' if len(fine) > 1 else 'is'} right"
    if op is ast.Mult:  # two of the others may be right together
        return f"{said}. Look at the rest of the product."
    return f"{said}; {listing(off)} {'are not' if len(off) > 1 else 'is not'}."


def _terms(node: ast.expr, op: type[ast.operator] = ast.Add) -> list[ast.expr]:
    """The terms of a sum, or the factors of a product."""
    joined = isinstance(node, ast.BinOp) and isinstance(node.op, op)
    return _terms(node.left, op) + _terms(node.right, op) if joined else [node]


def _in_cases(node: ast.expr, cases: Sequence[Names]) -> Numbers | None:
    """The values of an expression in all cases; None if it reads other names than theirs, or can't be computed."""
    if not names_in(node) <= {"np", *cases[0]}:
        return None
    code = compile(ast.Expression(node), "this cell", "eval")
    values = [value_of(code, {"np": np, **case}, numbers) for case in cases]
    return None if any(value is None for value in values) else values


def _tiers(name: str, got: Numbers, right: Arrays, fits: Tier, others: Tier, written: Written) -> Iterator[Tier]:
    """Mistakes by their words, the simplest first."""
    if any(r.ndim == 2 for r in right):
        yield {"This is the transpose: rows and columns are swapped.": [r.T for r in right]}
        read = "These are the right numbers in the wrong order: reshape does not swap rows and columns; .T does."
        yield {read: [r.T.reshape(r.shape) for r in right]}
    if any(r.ndim for r in right):
        one = "over all entries, one number; each entry keeps its own number."
        yield {f"This is the sum {one}": [r.sum() for r in right], f"This is the mean {one}": [r.mean() for r in right]}
    if not _same_shape(got, right):
        yield others
        return
    terms = {q: values for q, values in fits.items() if q != name and not all(map(close, values, right))}
    own = {q: values for q, values in terms.items() if q in written.read}
    less = {q: "missing" for q in terms if not written.its or q not in own}
    minus = " ".join(term for sign, term in written.terms or () if sign < 0)  # in which d["dh"] is dh
    less |= {q: "subtracted here; it does not belong" for q in terms if re.search(rf"\b{q}\b", minus)}
    yield {f"The term {q} is {how}.": _each(np.subtract, right, terms[q]) for q, how in less.items()}
    yield _added(right, own)
    yield from _multiple(got, right)
    slopes, *factors = _factors(name, right, fits, written)
    yield slopes
    # That of a name alone is no answer.
    alone = [fits[q] for q in written.read & fits.keys()] if len(written.read) == 1 else []
    same = {words for words, values in others.items() for one in alone if all(map(np.array_equal, values, one))}
    yield {words: values for words, values in others.items() if words not in same}
    plus = own if written.terms is None else {q for sign, q in written.terms if sign > 0 and written.terms[1:]}
    more = {q: values for q, values in own.items() if q in plus}
    yield {f"There is one term too many: {q}.": _each(np.add, right, values) for q, values in more.items()}
    yield from factors
    yield others


def _factors(name: str, right: Arrays, fits: Tier, written: Written) -> Iterator[Tier]:
    """A factor missing (a slope first), one too many, or a wrong one where another belongs."""
    fits = {q: values for q, values in fits.items() if q != name}  # what the line makes is no factor of it
    slopes = _slopes(fits, written.read)
    factors = {q: (values, q) for q, values in fits.items()} | slopes  # by their words; and what is read
    usable = {q: vs for q, (vs, at) in factors.items() if (q in fits or at in SLOPED) and all(map(np.all, vs))}
    own = {q: vs for q, (vs, read) in factors.items() if read in written.read and (written.ones or q not in slopes)}
    for kind in (slopes, usable):
        missing = {q: _each(np.divide, right, usable[q]) for q in kind if q in usable}
        if written.divided:  # what looks like a missing factor is one of these
            missing = {q: values for q, values in missing.items() if factors[q][1] in written.divided}
        what = "division by" if written.divided else "missing factor:"
        yield {f"Right except for one {what} {q}.": values for q, values in missing.items()}
    more = {q: _each(np.multiply, right, values) for q, values in own.items()}
    yield {f"Right except for one factor too many: {q}.": values for q, values in more.items()}
    for other, instead in usable.items() if len(written.read) > 1 else ():  # of one thing alone no factor is right
        swapped = {q: _each(np.divide, more[q], instead) for q, values in own.items() if values is not instead}
        # A line that has both may multiply by the wrong one or divide by it.
        also = other if other in own else ""
        yield {_wrong_factor(q, also): values for q, values in swapped.items()}


def _wrong_factor(q: str, also: str) -> str:
    comma = "," if "," in q else ""  # after what q is: the slope of tanh
    said = f"look at {q}{comma} and at {also}." if also else f"{q}{comma} is not the right one."
    return f"Right except for one factor: {said}"


def _added(right: Arrays, own: Tier) -> Tier:
    """Two things that are added where their product is right."""
    sums = {}
    for a, b in itertools.combinations(own, 2):
        if all(map(close, _each(np.multiply, own[a], own[b]), right)):
            sums[f"{a} and {b} are added here; they have to be multiplied."] = _each(np.add, own[a], own[b])
    return sums


def _multiple(got: Numbers, right: Arrays) -> Iterator[Tier]:
    """A constant factor or term, the same in all cases; numbers that are cut off."""
    flat_got, flat_right = (np.concatenate([np.ravel(a).astype(float) for a in arrays]) for arrays in (got, right))
    size, it = flat_right @ flat_right, "Every number" if flat_right.size > len(right) else "It"
    factor = flat_got @ flat_right / size if size else 0.0
    if factor and np.isfinite(factor) and f"{factor:.4g}" != "1":
        times = f"{it} is {factor:.4g} times what it should be."
        yield {"The sign is flipped." if abs(factor + 1) < 1e-9 else times: [factor * r for r in right]}
    if size:
        more, least, most = np.median(flat_got - flat_right), flat_got.min(), flat_got.max()
        yield {f"{it} is {abs(more):.4g} too {'large' if more > 0 else 'small'}.": [r + more for r in right]}
        beyond = {least: np.sum(flat_right < least), most: np.sum(flat_right > most)}
        if sum(beyond.values()) > 1 and np.any((least < flat_right) & (flat_right < most)):  # one may be anything
            limits = [f"{limit:.6g}" for limit in ([most] if least == -most else beyond) if beyond[limit]]
            said = f"Numbers beyond {listing(limits)} are clipped here: leave them as they are."
            yield {said: [np.clip(r, least, most) for r in right]}
    if all(a.dtype.kind == "f" for a in (*got, *right)):
        yield {"This is 1 minus the right answer.": [1 - r for r in right]}
    if all(a.ndim and a.dtype.kind == "f" for a in (*got, *right)):  # of an index or a count it says nothing
        yield {"This is zero everywhere.": [np.zeros_like(r) for r in right]}


def _slopes(fits: Tier, read: Collection[str]) -> dict[str, tuple[Numbers, str]]:
    """Slopes of the sigmoid and of tanh, right and wrong ones, also at what is `read`, with the name of each place."""
    slopes = {}
    for q in [q for q in fits if q in (*SLOPED, *read)]:
        kinds = {
            f"{q} * (1 - {q}){', the slope of the sigmoid' if q in SIGMOIDS else ''}": lambda v: v * (1 - v),
            f"(1 - {q}**2){', the slope of tanh' if q in TANHS else ''}": lambda v: 1 - v**2,
            f"(1 - {q})": lambda v: 1 - v,
            f"(1 + {q})": lambda v: 1 + v,
        }
        slopes |= {words: (_each(slope, fits[q]), q) for words, slope in kinds.items()}
    return slopes


def _each(function: Callable, *values: Arrays) -> Numbers:
    """The function of each case's values."""
    return [function(*case) for case in zip(*values, strict=True)]


def _same_shape(got: Numbers, right: Arrays) -> bool:
    return all(g.shape == r.shape for g, r in zip(got, right, strict=True))


def _is_number(value: Any) -> bool:
    return isinstance(value, float | np.floating) or (isinstance(value, np.ndarray) and value.dtype.kind == "f")


def what_it_is(
    name: str, got: Sequence, right: Sequence, cases: Sequence[Names], written: Written, mistakes: Mapping[str, str]
) -> str:
    """What wrong values are instead, in words, or "": a known mistake first; else what the numbers alone say."""
    arrays = [numbers(g) for g in got]
    if any(a is None for a in arrays):
        return ""
    if any(isinstance(g, Mapping) for g in got):
        return "The numbers are right, but in a dictionary: make an array." if all(map(close, arrays, right)) else ""
    tries = [({"np": np, **case}, g, r) for case, g, r in zip(cases, arrays, right, strict=True)]
    if words := known_mistake(mistakes, tries) or recognize(name, arrays, right, cases, written):
        return words
    if words := next(filter(None, map(too_coarse, arrays, right)), ""):
        return words
    least = 0 if calls(written.lines, "round") else 1  # whole numbers may be counts, or a yes and a no
    if is_rounded(arrays, right, least):
        return "This is rounded. Keep all the digits."
    near = (is_like(g, r) and np.allclose(g, r, 0.01, 1e-9 * abs(r).max()) for g, r in zip(arrays, right, strict=True))
    return FIRST_DIGITS if all(near) and not all(map(close, arrays, right)) else ""


def known_mistake(
    mistakes: Mapping[str, str],
    tries: Sequence[tuple[dict[str, Any], np.ndarray, np.ndarray]],
    read: Callable[[Any], np.ndarray | None] = numbers,
    tolerance: float = 1e-9,
) -> str:
    """The words of the mistake that explains what came in all cases, or "".

    `mistakes` has the words by the expression that gives what came; `tries` has for each case the names that the
    expressions may use, what came, and what is right; `read` makes numbers of an expression's value. Where a mistake
    gives none, whoever made it has taken care of that case: it has to be right, within the tolerance.
    """
    tries = sorted(tries, key=lambda one: np.size(one[1]))  # small nets first: they rule out most mistakes

    def made(code: str) -> Iterator[np.ndarray | None]:
        for space, got, right in tries:
            value = value_of(code, space, read)
            yield np.array(np.nan) if value is None and difference("it", got, right, tolerance=tolerance) else value

    got, right = [got for _, got, _ in tries], [right for _, _, right in tries]
    return mistakes.get(explain(got, right, {code: made(code) for code in mistakes}), "")


def explain(got: Arrays, right: Arrays, mistakes: Mapping[str, Iterable[np.ndarray | None]]) -> str:
    """The words of the mistake that explains what came in all cases, or "".

    `got` and `right` hold one array per case, `mistakes` maps words, or a code for them, to the arrays that this
    mistake gives, None where it gives none. A mistake is named only if in every case it gives what came, and if it is
    far from right where what came is: the distance to the mistake is at most a thousandth of the mistake's own distance
    from the right answer, over all cases together. Of several the nearest is named.
    """
    best, words = 1e-3, ""
    if not got or any(np.asarray(each).dtype.kind not in "fiub" for each in got):  # Python's integers know no limit
        return ""
    for known, made in mistakes.items():
        values, near = [], []
        for mine, value in zip(got, made, strict=True):  # made one by one: the first case rules out most mistakes
            if value is not None:
                near.append(_distance([mine], [value]) if np.shape(mine) == np.shape(value) else np.inf)
                if not near[-1] <= NEAR:  # nan is never near
                    break
            values.append(mine if value is None else value)
        else:
            same_shape = all(np.shape(v) == np.shape(r) for v, r in zip(values, right, strict=True))
            far = _distance(values, right) if same_shape else np.inf
            if near and far > NEAR and max(near) / far < best:
                best, words = max(near) / far, known
    return words


def _distance(a: Arrays, b: Arrays) -> float:
    """The largest difference, relative to the size of the numbers, so that tiny matrices are judged like large ones."""
    size = max(np.max(np.abs(x), initial=0.0) for x in (*a, *b))
    off = max(np.max(np.abs(np.subtract(x, y, dtype=float)), initial=0.0) for x, y in zip(a, b, strict=True))
    return float(off / size) if size else float(off)


def value_of(code: str, space: dict[str, Any], read: Callable) -> np.ndarray | None:
    """The numbers of an expression; None if it can't be computed with these names, or is not finite."""
    try:
        with np.errstate(all="ignore"):
            return read(eval(code, space))
    except (ValueError, IndexError, ArithmeticError):  # arrays that do not fit, and Python's own 1 / 0
        return None


def own_results(got: Names, right: Names, result: str) -> dict[str, np.ndarray]:
    """A learner's results but for one, as far as they can stand in for the right ones where a line reads them.

    One that is the right value of another result can't: it was computed correctly, but returned in the wrong place. (A
    dz without its slope is the right delta of its gate too, but that delta is in its own place then.)
    """
    wrong = {name for name in right if name in got and not close(got[name], right[name])}
    own = {}
    for name in [name for name in got if name != result]:
        misplaced = name in wrong and any(close(got[name], right[each]) for each in wrong - {name})
        if is_like(got[name], right[name]) and np.any(got[name]) and not misplaced:
            own[name] = np.asarray(got[name] if name in wrong else right[name], float)
    return own


def following(line: str, result: str, got: Names, right: Names, space: Names) -> tuple[Any, list[str]]:
    """What a result should be: the right one, or what its line gives with wrong ones of the learner's, and their names.

    The line may read `space` too. If there is no line, or the result is right already, the right result is returned.
    """
    if not line or close(got[result], right[result]):
        return right[result], []
    own = own_results(got, right, result)
    value = value_of(line, {"np": np, **space, **own}, numbers)
    if value is None or not value.any():  # from zeros only zeros follow, and they are not half right
        return right[result], []
    read = [] if close(value, right[result]) else re.findall(r"\w+", line)
    return value, [each for each in own if each in read and not close(own[each], right[each])]


def from_others(line: str, result: str, others: Sequence[str], got: Names, right: Names, space: Names) -> str:
    """That a wrong result is what its line gives with those of `others` that are no measure for it; "" if it is not so.

    Of zeros there is no telling what the line does with them, so it can't be said that a term is missing. And where two
    results are exchanged, a line that reads them looks as if it had exchanged what goes with them.
    """
    own = own_results(got, right, result)
    doubtful = [name for name in got if name in others and name != result and name not in own]
    doubtful = [name for name in doubtful if is_like(got[name], right[name]) and not close(got[name], right[name])]
    theirs = {name: np.asarray(got[name], float) for name in doubtful}
    value = value_of(line, {"np": np, **space, **own, **theirs}, numbers) if theirs else None
    return FOLLOWS.format(listing(doubtful)) if value is not None and close(got[result], value) else ""


def infinite(line: str, result: str, got: Names, right: Names) -> str:
    """That a result is not finite, and others that its line reads are not either; "" if it is not so."""
    names = [name for name in dict.fromkeys([result, *re.findall(r"\w+", line)]) if name in got]
    first, *others = [n for n in names if INFINITE in wrong_form("it", got[n], np.asarray(right[n]))] or [""]
    neither = f"neither {'are' if others[1:] else 'is'} {listing(others or [''])}, which it reads: look there first"
    return f"{result} is not finite, and {neither}." if others and first == result else ""


def too_coarse(got: np.ndarray, right: np.ndarray) -> str:
    """That numbers of this kind can't hold all digits of the right ones; "" if they can."""
    only = ", which holds whole numbers only" if got.dtype.kind in "iu" and got.ndim and right.dtype.kind == "f" else ""
    return f"Yours is {got.dtype}{only}; compute in float64." if only or got.dtype in (np.float32, np.float16) else ""


def is_rounded(got: Arrays, right: Arrays, least: int) -> bool:
    """Whether these are the right numbers, all rounded to as many decimal places, `least` or more; not if all are 0."""
    if not any(map(np.any, got)) or not all(map(is_like, got, right)):
        return False
    rounded = ([np.round(each, places) for each in right] for places in range(least, 9))
    return any(all(np.allclose(*pair, 0, 1e-12) for pair in zip(got, values, strict=True)) for values in rounded)


def is_all(code: str, trials: Mapping[str, tuple], cases: Sequence[Names]) -> bool:
    """Whether a mistake of the whole answer was made: what it says of the others has to be true as well."""
    for k, case in enumerate(cases):
        values = value_of(code, {"np": np, **case}, lambda answer: answer)
        for part, (theirs, rights) in trials.items() if values is not None else ():
            value = numbers(values[part])
            if value is not None and not close(value, rights[k]) and not close(theirs[k], value):
                return False
    return True


def axes(right: np.ndarray, name: str) -> tuple[str, ...]:
    """What each axis of a quantity of this name counts, in words."""
    if right.ndim > 1:
        return ("row", "column")
    return ("token",) if name in PER_TOKEN else ("unit",) if PER_UNIT.match(name) else ("entry",)
