"""Does the doctor repair every common mistake in the plainest backward pass? A sweep over all of them.

The pass is that of lstm_teach/plain.py in one function: one name for each gate and delta, one loop. The faults are made
from its syntax tree, and by a table of mistakes that are made for every gate alike; those that change no gradient are
left out. With `--several`, passes with two to four mistakes, drawn from two tables of what people really write.
Run from the repository's root:

    python benchmarks/doctor_plain_sweep.py [kind ...] [--every 5]
    python benchmarks/doctor_plain_sweep.py --several 60 [--seed 1]
"""

import argparse
import ast
import itertools
import random
import re
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import lstm_teach as lt
from benchmarks.doctor_corpus import define
from benchmarks.doctor_quality import all_well, examine, in_words
from lstm_teach.doctor.scene import names

PLAIN = """\
import numpy as np
import lstm_teach as lt


def backward(params, x, targets, h0=None, c0=None):
    V, Wi, Wf, Wo, Wg, Ui, Uf, Uo, Ug = params.values()
    cache = lt.forward(params, x, h0, c0)
    i, f, o, g, c, ct, h, y = cache.i, cache.f, cache.o, cache.g, cache.c, cache.ct, cache.h, cache.y
    T, H, K = len(x), params.hidden_size, params.vocab_size
    dV, dWi, dWf, dWo, dWg = np.zeros((K, H)), *np.zeros((4, H, H))
    dUi, dUf, dUo, dUg = np.zeros((4, H, K))
    dh_next = np.zeros(H)
    dc_next = np.zeros(H)
    for t in reversed(range(T)):
        dy = y[t].copy()
        dy[targets[t]] -= 1
        dh = V.T @ dy + dh_next
        do = dh * ct[t]
        dct = dh * o[t]
        dc = dct * (1 - ct[t] ** 2) + dc_next
        di = dc * g[t]
        df = dc * c[t - 1]
        dg = dc * i[t]
        dzi = di * i[t] * (1 - i[t])
        dzf = df * f[t] * (1 - f[t])
        dzo = do * o[t] * (1 - o[t])
        dzg = dg * (1 - g[t] ** 2)
        dV += np.outer(dy, h[t])
        dWi += np.outer(dzi, h[t - 1])
        dWf += np.outer(dzf, h[t - 1])
        dWo += np.outer(dzo, h[t - 1])
        dWg += np.outer(dzg, h[t - 1])
        dUi[:, x[t]] += dzi
        dUf[:, x[t]] += dzf
        dUo[:, x[t]] += dzo
        dUg[:, x[t]] += dzg
        dh_next = Wi.T @ dzi + Wf.T @ dzf + Wo.T @ dzo + Wg.T @ dzg
        dc_next = dc * f[t]
    return dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg
"""
DELTAS = ("dh", "do", "dct", "dc", "di", "df", "dg", "dzi", "dzf", "dzo", "dzg", "dh_next", "dc_next")
FAMILIES = [[stem + gate for gate in "ifog"] for stem in ("", "d", "dz", "W", "dW", "dU")]
# One idea that is wrong for every gate, or about a whole step: a regular expression, and what is written instead.
EVERY_GATE = (
    (r"(W[ifog])\.T @", r"\1 @"),
    (r"\.T @ dz([ifog])", r".T @ d\1"),
    (r"outer\(dz([ifog])", r"outer(d\1"),
    (r"\+= dz([ifog])", r"+= d\1"),
    (r"outer\(dz([ifog]), h\[t - 1\]\)", r"outer(h[t - 1], dz\1)"),
    (r"np.outer\(dz", "np.dot(dz"),
    (r"dz([ifog]), h\[t - 1\]", r"dz\1, h[t]"),
    (r"([ch])\[t - 1\]", r"\1[t]"),
    (r"\[:, x\[t\]\]", "[:, targets[t]]"),
    (r"\[:, x\[t\]\]", "[:, x[t - 1]]"),
    (r"(dU.*) \+= ", r"\1 = "),
    (r"(dW. )\+= ", r"\1= "),
    (r"(dW. |dU. \S+ )\+= ", r"\1= "),
    (r" \* \(1 - ([ifo])\[t\]\)", ""),
    (r"d([ifo]) \* \1\[t\] \* ", r"d\1 * "),
    (r"\* ([ifo])\[t\] \* \(1 - \1\[t\]\)", r"* (1 - \1[t] ** 2)"),
    (r"dg \* \(1 - g\[t\] \*\* 2\)", "dg * g[t]"),
    (r"dg \* \(1 - g\[t\] \*\* 2\)", "dg * g[t] * (1 - g[t])"),
    (r" \+ d([hc])_next", ""),
    (r" \+ d([hc])_next", r" - d\1_next"),
    (r"(\W)ct\[t\]", r"\1c[t]"),
    (r"d([ig]) = dc \* ([ig])\[t\]", r"d\1 = dc * \1[t]"),
    (r"dh_next = Wi.*", "dh_next = Wi.T @ dzi"),
    (r"reversed\(range\(T\)\)", "reversed(range(T - 1))"),
    (r"dh_next = np.zeros\(H\)", "dh_next = np.ones(H)"),
    (r"dc_next = dc \*", "dc_next = dc_next *"),
    (r"dc_next = dc \*", "dc_next += dc_next *"),
    (r"return dV, dWi", "return dV / T, dWi"),
)
# What people write in one line: a part of the right one, and what stands there instead.
ONE_LINE = (
    ("dh_next = np.zeros(H)", "dh_next = np.zeros(H) + 1"),
    ("reversed(range(T))", "range(T)"),
    ("reversed(range(T))", "range(T - 1, 0, -1)"),
    ("dy[targets[t]] -= 1", "dy[x[t]] -= 1"),
    ("dy[targets[t]] -= 1", "dy[targets[t]] += 1"),
    ("dy[targets[t]] -= 1", "dy -= 1"),
    ("V.T @ dy + dh_next", "V.T @ dy"),
    ("V.T @ dy + dh_next", "V.T @ y[t] + dh_next"),
    ("dh * ct[t]", "dh * c[t]"),
    ("dh * ct[t]", "dh * h[t]"),
    ("dh * ct[t]", "dh * np.tanh(ct[t])"),
    ("dh * o[t]", "dh * ct[t]"),
    ("dct * (1 - ct[t] ** 2)", "dct"),
    ("dct * (1 - ct[t] ** 2)", "dct * ct[t] * (1 - ct[t])"),
    ("dct * (1 - ct[t] ** 2)", "dct * (1 - c[t] ** 2)"),
    ("(1 - ct[t] ** 2) + dc_next", "(1 - ct[t] ** 2)"),
    ("dc * g[t]", "dc * i[t]"),
    ("dc * c[t - 1]", "dc * c[t]"),
    ("dc * i[t]", "dc * g[t]"),
    ("di * i[t] * (1 - i[t])", "di * i[t]"),
    ("di * i[t] * (1 - i[t])", "di * (1 - i[t])"),
    ("df * f[t] * (1 - f[t])", "df"),
    ("df * f[t] * (1 - f[t])", "df * i[t] * (1 - i[t])"),
    ("do * o[t] * (1 - o[t])", "do * (1 - o[t] ** 2)"),
    ("dg * (1 - g[t] ** 2)", "dg * g[t]"),
    ("dg * (1 - g[t] ** 2)", "dg * (1 - g[t])"),
    ("dg * (1 - g[t] ** 2)", "dg * g[t] * (1 - g[t])"),
    ("dV += np.outer(dy, h[t])", "dV += np.outer(dy, h[t - 1])"),
    ("dV += np.outer(dy, h[t])", "dV += np.outer(y[t], h[t])"),
    ("dV += np.outer(dy, h[t])", "dV += np.outer(dy, c[t])"),
    ("np.outer(dzf, h[t - 1])", "np.outer(h[t - 1], dzf)"),
    ("np.outer(dzf, h[t - 1])", "np.outer(dzf, c[t - 1])"),
    ("np.outer(dzo, h[t - 1])", "np.dot(dzo, h[t - 1])"),
    ("np.outer(dzo, h[t - 1])", "np.outer(dzo, h[t])"),
    ("np.outer(dzg, h[t - 1])", "np.outer(dg, h[t - 1])"),
    ("dUi[:, x[t]] += dzi", "dUi[:, x[t]] = dzi"),
    ("dUi[:, x[t]] += dzi", "dUi[:, x[t]] += di"),
    ("dUf[:, x[t]]", "dUf[:, x[t - 1]]"),
    ("dUg[:, x[t]]", "dUg[:, targets[t]]"),
    ("dh_next = Wi", "dh_next += Wi"),
    ("Wi.T @ dzi + Wf.T @ dzf", "Wi @ dzi + Wf @ dzf"),
    ("Wi.T @ dzi + Wf.T @ dzf", "Wi.T @ di + Wf.T @ df"),
    (" + Wg.T @ dzg", ""),
    ("dc_next = dc * f[t]", "dc_next += dc * f[t]"),
    ("dc_next = dc * f[t]", "dc_next = dc * f[t - 1]"),
    ("dc_next = dc * f[t]", "dc_next = dc * f[t + 1]"),
    ("dc_next = dc * f[t]", "dc_next = dc_next * f[t]"),
    ("dc_next = dc * f[t]", "dc_next = dc"),
)
SISTERS = ("di", "df", "dg", "do"), ("dzi", "dzf", "dzo", "dzg")  # lines that people copy, and change
CROSSED = (*SISTERS, ("dWi", "dWf", "dWo", "dWg"), ("dUi", "dUf", "dUo", "dUg"), ("dh_next", "dc_next"))
INDICES = {"t": ("t - 1", "t + 1"), "t - 1": ("t", "t + 1", "t - 2")}


def changes(statement: ast.stmt, made: set[str]) -> Iterator[tuple[str, ast.AST, str]]:
    """Kind, node and new text of every fault of one statement; `made` are the names that have a value there."""
    if isinstance(statement, ast.Assign | ast.AugAssign):
        target = ast.unparse(statement.targets[0] if isinstance(statement, ast.Assign) else statement.target)
        shape = {"dy": "K", "dy[targets[t]]": "()", "dV": "(K, H)"}.get(
            target, "(H, H)" if target.startswith("dW") else "H"
        )
        yield "zeros", statement.value, f"np.zeros({shape})"
        if shape == "H":
            yield from (("another delta", statement.value, name) for name in DELTAS if name in made)
    if isinstance(statement, ast.AugAssign):
        swapped = "-" if isinstance(statement.op, ast.Add) else "+"
        yield "assignment", statement, f"{ast.unparse(statement.target)} = {ast.unparse(statement.value)}"
        yield "sign", statement, f"{ast.unparse(statement.target)} {swapped}= {ast.unparse(statement.value)}"
    for node in ast.walk(statement):
        match node:
            case ast.BinOp(left, ast.Mult() | ast.MatMult() | ast.Pow(), right):
                yield "factor", node, ast.unparse(left)
                yield "factor", node, ast.unparse(right)
            case ast.BinOp(left, ast.Add(), right):
                yield "term", node, ast.unparse(left)
                yield "term", node, ast.unparse(right)
                yield "sign", node, f"{ast.unparse(left)} - {ast.unparse(right)}"
            case ast.BinOp(ast.Constant(1), ast.Sub(), right):
                yield "term", node, ast.unparse(right)
                yield "sign", node, f"(1 + {ast.unparse(right)})"
            case ast.Attribute(value, "T"):
                yield "transpose", node, ast.unparse(value)
            case ast.Subscript(_, index) if ast.unparse(index) in INDICES:
                yield from (("index", index, new) for new in INDICES[ast.unparse(index)])
            case ast.Name(name):
                others = next((family for family in FAMILIES if name in family), [])
                yield from (("gate", node, other) for other in others if other != name)


def faults() -> Iterator[tuple[str, list[int], str]]:
    """Kind, changed lines and whole text of every fault that changes a gradient, each text once."""
    tree, rows, seen = ast.parse(PLAIN), PLAIN.splitlines(), {PLAIN}
    loop = next(node for node in ast.walk(tree) if isinstance(node, ast.For))
    lines = {ast.unparse(each.targets[0]): each.value for each in loop.body if isinstance(each, ast.Assign)}
    for statement in loop.body:
        row = statement.lineno - 1
        texts = {"left out": [*rows[:row], *rows[row + 1 :], ""], "twice": [*rows[: row + 1], *rows[row:], ""]}
        for kind, text in ((kind, "\n".join(lines)) for kind, lines in texts.items()):
            if not lt.check_gradients(define(text, "backward", "<fault>")).passed:  # a line may be put in further down
                yield kind, [*range(row, loop.end_lineno)] if kind == "left out" else [row + 1, row + 2], text
        made = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.lineno <= row}
        own = ast.unparse(statement.targets[0]) if isinstance(statement, ast.Assign) else ""
        sisters = (lines[name] for family in SISTERS if own in family for name in family if name != own)
        copied = (("copied", statement.value, ast.unparse(each)) for each in sisters if names(each) <= made)
        for kind, node, new in itertools.chain(changes(statement, made), copied):
            line = rows[row][: node.col_offset] + new + rows[row][node.end_col_offset :]
            text = "\n".join([*rows[:row], line, *rows[row + 1 :], ""])
            if text not in seen:
                seen.add(text)
                if not lt.check_gradients(define(text, "backward", "<fault>")).passed:
                    yield kind, [row + 1], text
    for one, two in itertools.chain(*(itertools.combinations(family, 2) for family in CROSSED)):
        target = rf"(?m)(?<=^ {{8}})({one}|{two})\b(?=.* \+?= )"
        text = re.sub(target, lambda found, pair=(one, two): pair[found[1] == pair[0]], PLAIN)
        pairs = enumerate(zip(rows, text.splitlines(), strict=True), 1)
        yield "crossed", [number for number, (old, new) in pairs if old != new], text
    for right, wrong in EVERY_GATE:
        text = re.sub(right, wrong, PLAIN)
        pairs = enumerate(zip(rows, text.splitlines(), strict=True), 1)
        yield "every gate", [number for number, (old, new) in pairs if old != new], text


def several(count: int, seed: int) -> Iterator[tuple[str, list[list[int]], str]]:
    """Passes with two to four mistakes in different lines: how many, for each the lines that it changes, the text."""
    rng, rows = random.Random(seed), PLAIN.splitlines()
    one_line = [(re.escape(right), wrong) for right, wrong in ONE_LINE]
    while count:
        lines, changed, n = list(rows), [], rng.choice((2, 2, 3, 3, 4))
        for _ in range(n):
            right, wrong = rng.choice(EVERY_GATE if rng.random() < 0.25 else one_line)
            pairs = enumerate(zip(rows, re.sub(right, wrong, PLAIN).splitlines(), strict=True))
            new = {number: text for number, (old, text) in pairs if old != text}
            changed.append([number + 1 for number in new])
            lines = [new.get(number, text) for number, text in enumerate(lines)]
        text = "\n".join([*lines, ""])
        apart = len({number for each in changed for number in each}) == sum(map(len, changed))
        if apart and not lt.check_gradients(define(text, "backward", "<fault>")).passed:
            count -= 1
            yield f"{n} mistakes", changed, text


def table(rows: list[dict]) -> str:
    """Aligned text, a row for each kind of fault and one for all."""
    counts = f"{'faults':>7}{'flagged':>9}{'first line':>12}{'all lines':>11}{'proved':>8}"
    lines = [f"{'kind':<15}{counts}{'median s':>10}{'worst s':>9}"]
    for kind in (*dict.fromkeys(row["kind"] for row in rows), "all"):
        some = [row for row in rows if kind in (row["kind"], "all")]
        flagged, first, every, proved = (sum(row[key] for row in some) for key in ("flagged", "first", "all", "proved"))
        seconds = [row["computing"] for row in some]
        times = f"{statistics.median(seconds):>10.1f}{max(seconds):>9.1f}"
        lines.append(f"{kind:<15}{len(some):>7}{flagged:>9}{first:>12}{every:>11}{proved:>8}{times}")
    return "\n".join(lines)


def main() -> None:
    """Print what failed as it comes, then the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", help="only these kinds of faults")
    parser.add_argument("--every", type=int, default=1, help="only one of so many")
    parser.add_argument("--several", type=int, metavar="N", help="so many passes with two to four mistakes instead")
    parser.add_argument("--seed", type=int, default=1, help="of those")
    options = parser.parse_args()
    rows = []
    if options.several:
        chosen = list(several(options.several, options.seed))
    else:
        every = [(kind, [lines], text) for kind, lines, text in faults()]
        chosen = [fault for fault in every if not options.kinds or fault[0] in options.kinds][:: options.every]
    for kind, changed, text in chosen:
        row = {"kind": kind, **examine(text, "backward", changed)}
        rows.append(row)
        if not all_well(row) or row["computing"] > 10:
            code = text.splitlines()[min(map(min, changed)) - 1].strip()
            print(f"{kind:<15}`{code}` {in_words(row)}", flush=True)
    print(f"\n{table(rows)}")


if __name__ == "__main__":
    main()
