"""Relations between a gradient and the right one: a constant ratio, a block left out, the transpose, a copy.

Imports case, differences, families and layout.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from lstm_teach.gradreport import listing, relative_error
from lstm_teach.models.differences import Comparison, Seen
from lstm_teach.models.families import FAMILIES, ModelFinding, finding
from lstm_teach.models.layout import Layout, Piece

_SAME = 1e-6  # norm-relative: two arrays are the same up to the error of the differences
Bad = dict[int, Comparison]  # one piece, at the lengths where it is wrong
HERE = "\0"  # in the sentences of a relation, where its arrays or blocks will be named; no name of an array has it


def about(law: ModelFinding, where: str = "") -> ModelFinding:
    """A relation, with these arrays or blocks named; or with the whole gradient."""
    blank, said = (HERE, where) if where else (f"gradient of {HERE}", "whole gradient")
    return finding(law.family, law.place.replace(blank, said), law.evidence.replace(blank, said))


def ratio(c: Comparison) -> float | None:
    """The constant k with mine = k * right, None if there is none."""
    mine, right = c.mine[c.tried], c.right[c.tried]
    k = 0.0 if not c.loud.any() else float(np.vdot(mine, right) / np.vdot(right, right))
    if abs(k) < 1e-9:  # zero but for rounding
        return None
    return k if (explains(c, k * c.right) if c.wrong else relative_error(mine, k * right) <= _SAME) else None


def explains(c: Comparison, expected: np.ndarray) -> bool:
    """Whether the numbers are the expected ones, where these are known, and far more nearly so than the right ones."""
    if expected.shape != c.mine.shape:
        return False
    known, away = ~np.isnan(expected) & c.tried, c.mine - c.right
    sizes = [float(np.linalg.norm(part[c.tried])) for part in (c.mine, c.right, away)]
    near = 4 * c.blur + min(_SAME * max(sizes[:2]), 1e-3 * sizes[2])
    apart = np.linalg.norm(away[known]) > 4 * c.blur
    return bool(known.any() and apart and np.linalg.norm((c.mine - expected)[known]) <= near)


# ---------------------------------------------------------------------------------------------- a factor, or a bound

_POWERS = {0: "", -1: "1/T", 1: "T"}


def common_factor(seen: Seen) -> tuple[list[str], ModelFinding | None]:
    """The arrays that are off by one factor, and by nothing else, where no array is right: it belongs to all."""
    at, names = {T: each for T, each in seen.items() if each.wrong()}, [*next(iter(seen.values()))]
    alike = [name for name in names if all(each[name].silent or ratio(each[name]) for each in at.values())]
    enough = len(alike) > 1 or alike == names
    ratios = {T: ratio(each.pooled(alike)) if enough else None for T, each in at.items()}
    if not all(ratios.values()) or all(abs(k - 1) <= _SAME for k in ratios.values()):
        return [], None
    ratios = {T: 1.0 if abs(k - 1) <= _SAME else k for T, k in ratios.items()}
    pooled = {T: each.pooled() for T, each in at.items()}
    return alike, factor({**dict.fromkeys(seen, 1.0), **ratios}, pooled, whole=True)


def by_number(each: Bad) -> ModelFinding | None:
    """Every number is changed by itself: cut at one limit at all lengths, or by a rule that keeps sign and order."""
    wrong = [c for c in each.values() if c.wrong]
    bound = float(np.abs(wrong[0].mine).max())
    count = sum(int((np.abs(c.right[c.tried]) > bound).sum()) for c in wrong)
    clipped = all(relative_error(c.mine[c.tried], np.clip(c.right, -bound, bound)[c.tried]) <= _SAME for c in wrong)
    if bound and clipped and count > 1:
        place = f"No number in the gradient of {HERE} is larger than {bound:.4g} in size."
        evidence = f"Of those compared, {count} of the right numbers are larger; yours are this limit, with their sign."
        return finding("clipping", place, evidence)
    what = f"In the gradient of {HERE} every number has the right sign, and they are in the right order of size"
    return finding("size", f"{what}, though some may be equal.") if all(map(_in_order, wrong)) else None


def _in_order(c: Comparison) -> bool:
    """Whether the numbers have the right signs and the right order, which so many so far off don't have by chance."""
    heard = c.tried & (np.abs(c.right) > _SAME * np.abs(c.right[c.tried]).max())
    mine, right = c.mine[heard], c.right[heard]
    if not len(mine) or not (np.sign(mine) == np.sign(right)).all():
        return False
    order = np.argsort(right)
    off = mine * (np.vdot(mine, right) / np.vdot(mine, mine)) - right
    near = np.diff(right[order]) < np.sqrt(np.mean(off**2))  # pairs that errors of this size would often turn around
    return bool(near.sum() > 20 and (np.diff(mine[order]) >= -_SAME * np.abs(mine).max()).all())


def factor(ratios: dict[int, float], each: Bad, whole: bool = False) -> ModelFinding:
    """What to say of a constant ratio: which law does it follow over the lengths?"""
    off = {T: k for T, k in ratios.items() if k != 1}
    of, at = f"The gradient of {HERE} is", f"at T = {listing(off)}"
    times = f"{as_factors(map(fraction, off.values()))} {at}"
    in_all = f"{of} {times}, in every entry."
    if law := _law(ratios):
        power, constant = law
        said = fraction(constant)
        if power:
            also = "" if said == "1" else f", times {said}"
            # Of loss and gradient either may be what is averaged, or averaged twice: a ratio doesn't tell.
            why = "one division by T is missing" if power > 0 else "there is one division by T too many"
            return finding("scale", in_all, f"The factor is {_POWERS[power]} at every length{also}: {why}.")
        if said == "-1":
            return finding("sign", f"{of} the right one times -1 {at}.")
        count, rate = said.removeprefix("-").removeprefix("1/"), f"{abs(constant):g}"
        counts = ["the 2 of a square"] * (count == "2") + [f"a batch of {count}", f"{count} features"]
        counts += [f"a learning rate of {rate}"] * (whole and abs(constant) < 1 and len(rate) < 6)
        guess = f"Is it {', '.join(counts[:-1])}, or {counts[-1]}?"
        guess = f"Is it the scale of an attention, {count}?" if "sqrt" in count else guess
        other = "a learning rate, another constant" if whole else "a constant"
        guess = f"The factor is not a count: is it {other}, or a slope?" if "." in said else guess
        why = "The factor is the same at every length, so it has nothing to do with T. "
        return finding("scale", f"{of} {as_factors([said])} {at}, in every entry.", why * (len(off) > 1) + guess)
    norms = [float(np.linalg.norm(each[T].mine)) for T in off]
    if len(norms) > 1 and np.ptp(norms) <= 1e-5 * norms[0]:
        cut, norm = max(off.values()) < 1, "The norm of all arrays together" if whole else "Its norm"
        why = f"{norm} is {norms[0]:.4g}: it is {'clipped or ' * cut}set to this value."
        return finding("clipping" if cut else "scale", f"{of} right in direction, but not in size, {at}.", why)
    why = "The factor is neither the same at every length nor T nor 1/T: is it a count of something else, or a slope?"
    return finding("scale", f"{of} right in direction, but not in size: it is {times}.", why * (len(off) > 1))


def as_factors(said: Iterable[str]) -> str:
    """Factors in words: "1/2 and 1/3 of the right one", "2 and 3 times the right one"."""
    said = [*said]
    return f"{listing(said)} {'of' if all(each.startswith('1/') for each in said) else 'times'} the right one"


def _law(ratios: dict[int, float]) -> tuple[int, float] | None:
    """The power of T and the constant that the ratios follow, None if they follow no such law."""
    for power in _POWERS:
        constants = [k / T**power for T, k in ratios.items()]
        if np.ptp(constants) <= 1e-5 * abs(constants[-1]):
            return power, constants[-1]
    return None


def fraction(number: float) -> str:
    """A whole number, the square root of one, or one over it, where it is that."""
    size = max(abs(number), 1 / abs(number))
    count, root = round(size), round(size**2)
    said = f"{count}" if abs(size - count) <= 1e-5 * count else f"sqrt({root})"
    if said != f"{count}" and (root > 1000 or abs(size**2 - root) > 1e-7 * root):
        return f"{number:.4g}"
    return f"{'-' if number < 0 else ''}{'1/' if abs(number) < 1 and said != '1' else ''}{said}"


# ------------------------------------------------------------------------------------------ one array, or one block


def _laws(piece: Piece, bad: Bad, seen: Seen, layout: Layout) -> Iterator[ModelFinding]:
    """What the gradient of a piece is instead of the right one, at every length where it is wrong."""
    if ratios := _ratios(piece, bad, seen):
        yield factor(ratios, {T: each.part(piece) for T, each in seen.items()})
    for family, what, expected in _instead(piece, bad, seen, layout):
        if all(explains(c, expected[T]) for T, c in bad.items()):
            yield finding(family, what)
    if not piece.part and next(iter(bad.values())).mine.size > 2 and (law := by_number(bad)):
        yield law


def _instead(piece: Piece, bad: Bad, seen: Seen, layout: Layout) -> Iterator[tuple[str, str, dict[int, np.ndarray]]]:
    """Families, in words, and what the gradient then is at each length; where the shape is another it is no match."""

    def made(change: Callable[[np.ndarray], np.ndarray]) -> dict[int, np.ndarray]:
        return {T: change(c.right) for T, c in bad.items()}

    the, any_of = f"The gradient of {HERE}", next(iter(bad.values()))
    when = "every length" if len(bad) == len(seen) > 1 else f"T = {listing(bad)}"
    yield "left out", f"{the} is zero at {when}; the right one is not.", made(np.zeros_like)
    yield "transpose", f"{the} is the transpose of the right one.", made(np.transpose)
    for other in (other for name in layout.shapes for pieces in layout.of(name) for other in pieces):
        place = other.label if other.name == piece.name and other.label else layout.told([other])
        instead = f"of {place} instead of {HERE}"
        yield "gate rows", instead, {T: seen[T][other.name].right[other.where] for T in bad}
    if not piece.part and any_of.mine.size > 2:  # one number is a multiple of any other
        own = {T: seen[T].model.params[piece.name] * c.tried for T, c in bad.items()}
        by = {T: float(np.vdot(c.away, own[T]) / max(np.vdot(own[T], own[T]), 1e-300)) for T, c in bad.items()}
        low, high = min(by.values()), max(by.values())
        if low * high > 0:
            times = f"{abs(high):.3g} times" if high - low <= 1e-3 * abs(high) else "a multiple of"
            what = f"has an extra term, {times} the weights" if low > 0 else f"lacks {times} the weights"
            yield "penalty", f"{the} {what}.", {T: c.right + by[T] * own[T] for T, c in bad.items()}
    lines = ((0, "row", "rows"), (1, "column", "columns")) if any_of.is_matrix else ()
    lines = ((None, "entry", "entries"),) if any_of.is_vector else lines
    ranks = {T: c.mine.argsort(axis=None).argsort() for T, c in bad.items()}
    in_order = {T: np.sort(c.right, axis=None)[ranks[T]].reshape(c.mine.shape) for T, c in bad.items()}
    yield "order", f"{the} has the right numbers in another order.", in_order
    for axis, line, each in lines:
        every = f"Every {line} of the gradient of {HERE} holds the sum of all {each} of the right one."
        yield "axis", every, made(lambda a, axis=axis: a.sum(axis, keepdims=True) + 0 * a)
    if any_of.is_vector and not piece.part:
        what = "adds up to the right sum, but its numbers are not right one by one."
        yield "axis", f"{the} {what}", {T: _with_the_right_sum(c) for T, c in bad.items()}


def _with_the_right_sum(c: Comparison) -> np.ndarray:
    """The learner's numbers moved evenly to the right sum; unknown if that is zero."""
    total = c.right.sum()
    tells = abs(total) > 1e-4 * np.abs(c.right).sum()
    return c.mine + (total - c.mine.sum()) / c.mine.size if tells else np.full(c.mine.shape, np.nan)


def _ratios(piece: Piece, bad: Bad, seen: Seen) -> dict[int, float] | None:
    """The constant ratios to the right gradient; of a block or of one number only if they follow a law."""
    ratios = {T: ratio(c) for T, c in bad.items()}
    if not all(k and abs(k - 1) > 1e-5 for k in ratios.values()):
        return None
    others = {T: 1.0 for T in seen if T not in ratios and not seen[T].part(piece).silent}
    ratios = dict(sorted({**ratios, **others}.items()))
    numbers = [np.count_nonzero(c.loud) for c in bad.values()]
    whole = not piece.part and numbers[0] > 1 and sum(numbers) > 2 and min(ratios.values()) > 0
    return ratios if whole or (len(bad) > 1 and _law(ratios)) else None


def relations(seen: Seen, wrong: list[str], layout: Layout) -> tuple[list[ModelFinding], set[str]]:
    """Arrays whose error is explained by a relation that holds at every length where they are wrong."""
    pieces_of: dict[ModelFinding, list[Piece]] = {}
    explained = set()
    for name in wrong:
        levels = []
        for pieces in layout.of(name):
            off = {p: {T: c for T, each in seen.items() if (c := each.part(p)).wrong} for p in pieces}
            laws = {p: next(_laws(p, bad, seen, layout), None) for p, bad in off.items() if bad}
            levels += [laws] if laws and None not in laws.values() else []
        # Blocks in another order have the right numbers and the right sum as well.
        surer = [laws for laws in levels if all(law.family not in ("axis", "order") for law in laws.values())]
        known = next(iter(surer + levels), {})
        explained |= {name} if known else set()
        for piece, law in known.items():
            pieces_of.setdefault(law, []).append(piece)
    # One finding for each family, in the order of `FAMILIES`, those about size alone last.
    merged = []
    for family in sorted(FAMILIES, key=lambda family: family == "scale"):
        alike = [about(law, layout.told(pieces)) for law, pieces in pieces_of.items() if law.family == family]
        places = [one.place for one in alike]
        places = [f"You return the gradient {listing(places)}."] if alike and family == "gate rows" else places
        evidence = dict.fromkeys(one.evidence for one in alike if one.evidence)
        merged += [finding(family, " ".join(places), " ".join(evidence))] if alike else []
    return merged + _copies(seen, wrong, explained, layout), explained


def _copies(seen: Seen, wrong: list[str], explained: set[str], layout: Layout) -> list[ModelFinding]:
    """Pairs of wrong arrays, not both explained, whose gradients are the same and should not be."""
    pairs = []
    for one, other in (pair for group in layout.by_shape(wrong) for pair in itertools.combinations(group, 2)):
        both = [(each[one], each[other]) for each in seen.values() if np.ptp(each[one].mine)]
        if {one, other} <= explained or not both or not all(np.array_equal(a.mine, b.mine) for a, b in both):
            continue
        right = [(a.right[a.tried & b.tried], b.right[a.tried & b.tried]) for a, b in both]
        if all(relative_error(a, b) > _SAME for a, b in right if a.size):
            pairs.append(f"Your gradients of {one} and {other} are the same; the right ones differ.")
    return [finding("copy", " ".join(pairs))] if pairs else []
