"""The posted loop as lesson 3 gives it to the learner, its repairs, and other changes that somebody might make.

Imports params, forward and nested. All of it is data but for `variant`, which applies it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection
from typing import NamedTuple

import numpy as np

import lstm_teach as lt
from lstm_teach.forward import Cache
from lstm_teach.params import Params

GATES = "ifog"
FILENAME = "<a version of the loop>"


def gate_deltas(cache: Cache, s: int, dh: np.ndarray, dc: np.ndarray) -> tuple[np.ndarray, ...]:
    """From the deltas of h and c at step s to dzi, dzf, dzo, dzg, (H,) each."""
    i, f, o, g = cache.i[s], cache.f[s], cache.o[s], cache.g[s]
    dzi = dc * g * i * (1 - i)
    dzf = dc * cache.c[s - 1] * f * (1 - f)
    dzo = dh * cache.ct[s] * o * (1 - o)
    dzg = dc * i * (1 - g**2)
    return dzi, dzf, dzo, dzg


def posted_loop(params: Params, cache: Cache, x: np.ndarray, dy: np.ndarray) -> Params:
    """The two loops as somebody posted them, as lesson 3 gives them to the learner, word for word."""
    f, o, ct, h = cache.f, cache.o, cache.ct, cache.h
    grads = lt.Params.zeros(params.vocab_size, params.hidden_size)
    dct = np.zeros((len(x), params.hidden_size))
    for t in reversed(range(len(x))):
        grads.V += np.outer(dy[t], h[t])
        dh = params.V.T @ dy[t]
        dc = dct[0] * (1 - ct[0] ** 2)
        for s in reversed(range(t)):
            dct[s] = dh * o[s]
            dc = dc + dct[s] * (1 - ct[s] ** 2)
            dzi, dzf, dzo, dzg = gate_deltas(cache, s, dh, dc)
            grads.Wi += np.dot(dzi, h[s - 1])
            grads.Wf += np.dot(dzf, h[s - 1])
            grads.Wo += np.dot(dzo, h[s - 1])
            grads.Wg += np.dot(dzg, h[s - 1])
            for gate, dz in zip("ifog", (dzi, dzf, dzo, dzg), strict=True):
                grads["U" + gate][:, x[s]] += dz
            dh = params.Wi.T @ dzi + params.Wf.T @ dzf + params.Wo.T @ dzo + params.Wg.T @ dzg
            dc = dc + dc * f[s]
    return grads


class Repair(NamedTuple):
    """One flaw of the loop: the code before and after, how many lines hold it, what a repair mends, three hints."""

    before: str
    after: str
    lines: int
    mended: str
    hints: tuple[str, str, str]


REPAIRS = {
    "short_range": Repair(
        "for s in reversed(range(t)):",
        "for s in reversed(range(t + 1)):",
        1,
        "the steps a walk visits",
        (
            "Take a sequence of one step, T = 1. Which steps does the walk from the loss of step 0 visit? And which "
            "step's gates act on that loss?",
            "The line that starts the inner loop. Write down the values of s for t = 0, 1, 2.",
            "for s in reversed(range(t + 1)):",
        ),
    ),
    "scalar_dot": Repair(
        "np.dot({dz}, h[s - 1])",
        "np.outer({dz}, h[s - 1])",
        4,
        "the product added to dW",
        (
            "dW has one number for each pair of a row and a column. How many different numbers does a dW of the loop "
            "hold? The picture at the top shows it.",
            "The four lines that add to grads.Wi, grads.Wf, grads.Wo and grads.Wg. Print the shape of what they add.",
            "grads.Wi += np.outer(dzi, h[s - 1]), and the other three likewise.",
        ),
    ),
    "stale_cell_delta": Repair(
        "dc = dct[0] * (1 - ct[0] ** 2)",
        "dc = np.zeros_like(dh)",
        1,
        "the dc a walk begins with",
        (
            "A new walk begins at a new loss. Before its first step, what is known about how this loss changes with "
            "the cell? And who filled the row that is read there?",
            "The line that sets dc before the inner loop begins.",
            "dc = np.zeros_like(dh)",
        ),
    ),
    "carry_accumulates": Repair(
        "dc = dc + dc * f[s]",
        "dc = dc * f[s]",
        1,
        "the dc a walk takes on to step s - 1",
        (
            "c[s] = f[s] * c[s - 1] + i[s] * g[s]. By lesson 2, what does c[s - 1] get back from c[s]? In the next "
            "turn dc is a delta of c[s - 1]: what of the old dc still belongs in it?",
            "The last line of the inner loop.",
            "dc = dc * f[s]",
        ),
    ),
}
ALL_LINES = sum(repair.lines for repair in REPAIRS.values())

# What else can become of dW: the code in place of the product, and what to say. Read as REPAIRS["scalar_dot"].
PRODUCTS = {
    "np.outer(h[s - 1], {dz})": "The product in {names} is the wrong way round: a row belongs to a number of dz, a "
    "column to a number of h, and np.outer(a, b) has one row for each number of a.",
    "{dz} * h[s - 1]": "What is added to {names} is a vector, number times number; NumPy then adds it to every row. A "
    "product of every pair is meant.",
    "np.outer({dz}, h[s])": "{names} read h[s]. The gates of step s read the hidden state before it, h[s - 1].",
    "np.outer({dz}, h[t - 1])": "{names} read h[t - 1], from the step of the loss. The walk is at step s by now.",
    "np.outer({dz}, cache.c[s - 1])": "{names} read c. W is multiplied by h[s - 1] on the way forward.",
    "np.outer({dz}, h[s - 1]) * (s > 0)": "Step 0 adds nothing to {names} now. h[-1] is not a slip: row -1 of h is the "
    "initial state, and step 0 reads it.",
    "np.outer({dz}, h[s - 1]) - grads.W{gate}": "With = instead of +=, only what the last turn brought is left in "
    "{names}. Every turn of every walk has to add its part.",
}

NOTHING_KNOWN = "Before its first turn a walk knows nothing of the cell, so dc starts at zero."
LEFTOVER = "dc now begins with something else that an earlier walk left behind. It is still a leftover of another loss."
AFTER = (
    "The factor is now the forget gate of step s + 1. In c[s] = f[s] * c[s - 1] + ..., which one multiplies c[s - 1]?"
)
OUTER = "for t in reversed(range(len(x))):"
RETURN = "    return grads"

# Other changes of a walk: the line as posted (or repaired), the line instead, and what to say.
MISTAKES = (
    (
        "for s in reversed(range(t)):",
        "for s in range(t, -2, -1):",
        "The walk goes on to s = -1. Row -1 is the initial state, not a step: lt.forward happens to keep zeros for "
        "its gates, which is luck, and here they are not zero.",
    ),
    (
        "for s in reversed(range(t)):",
        "for s in range(t):",
        "The walk now goes forward in time, from step 0 up. A delta of step s is known only after that of step s + 1.",
    ),
    (
        "for s in reversed(range(t)):",
        "for s in range(t + 1):",
        "The walk visits all its steps, but forward in time. A delta of step s is known only after that of step s + 1.",
    ),
    (
        "for s in reversed(range(t)):",
        "for s in reversed(range(1, t + 1)):",
        "The walk begins where it should, but now stops at step 1. Step 0 is never visited.",
    ),
    (
        "for s in reversed(range(t)):",
        "for s in reversed(range(len(x))):",
        "Every walk now begins at the last step. The loss of step t knows nothing of the steps after t.",
    ),
    (
        "for s in reversed(range(t)):",
        "for s in reversed(range(t - 1)):",
        "The walk from step t now leaves out two steps, t and t - 1.",
    ),
    (
        "for s in reversed(range(t)):",
        "for s in reversed(range(max(t, 1))):",
        "Now the walk from step 0 visits step 0, but every other walk still leaves out its first step.",
    ),
    (
        OUTER,
        "for t in range(len(x)):",
        "The outer loop now goes forward. That would do no harm if every walk started afresh, but one that starts "
        "from a leftover now finds another one there. Go back to reversed(...), and look at where dc starts.",
    ),
    *(
        (OUTER, f"for t in {steps}:", "The outer loop now leaves out the loss of step 0.")
        for steps in ("reversed(range(1, len(x)))", "range(1, len(x))")
    ),
    (
        OUTER,
        "for t in reversed(range(len(x) - 1)):",
        "The outer loop now leaves out the loss of the last step.",
    ),
    (
        RETURN,
        "        return grads",
        "The return is inside the outer loop, so only the walk from the last step counts. It belongs after both loops.",
    ),
    (
        RETURN,
        "            return grads",
        "The return is inside the inner loop, so it ends after a single turn. It belongs after both loops.",
    ),
    (
        RETURN,
        "    grads.flat[:] /= len(x)\n    return grads",
        "All nine gradients are divided by T. The loss here is the sum of the losses of all steps, not their mean.",
    ),
    (
        'grads["U" + gate][:, x[s]] += dz',
        'grads["U" + gate][:, x[s]] = dz',
        "With = instead of +=, a column of dU keeps only what the last turn brought. Every turn of every walk has to "
        "add its part.",
    ),
    (
        "dc = dct[0] * (1 - ct[0] ** 2)",
        "dc = dct[t] * (1 - ct[t] ** 2)",
        "dc now begins with what an earlier walk left in row t. That is still a leftover of another loss.",
    ),
    (
        "dc = dct[0] * (1 - ct[0] ** 2)",
        "dc = dct[t - 1] * (1 - ct[t - 1] ** 2)",
        "dc now begins with what another walk left in row t - 1. That is still a leftover of another loss.",
    ),
    (
        "dc = dct[0] * (1 - ct[0] ** 2)",
        "dc = dct[-1] * (1 - ct[-1] ** 2)",
        "dc now begins with row -1 of dct, the last step's row. That is still a leftover of another loss.",
    ),
    *(
        ("dc = dct[0] * (1 - ct[0] ** 2)", start, LEFTOVER)
        for start in (  # without .copy(), what stands in dc changes as soon as the row does
            *("dc = dct[0]", "dc = dct[0].copy()", "dc = dct[t].copy()"),
            *("dc = dct[0] * (1 - ct[t] ** 2)", "dc = dct[t] * (1 - ct[0] ** 2)"),
        )
    ),
    *(
        ("dc = dct[0] * (1 - ct[0] ** 2)", start, NOTHING_KNOWN)
        for start in (
            *("dc = dh", "dc = np.ones_like(dh)", "dc = cache.c[t]", "dc = dh * f[t]", "dc = dh * f[0]"),
            *("dc = dh * o[t]", "dc = dh * o[0]", "dc = dh * (1 - ct[t] ** 2)", "dc = dh * (1 - ct[0] ** 2)"),
            "dc = dh * o[0] * (1 - ct[0] ** 2)",
        )
    ),
    (
        "dc = dct[0] * (1 - ct[0] ** 2)",
        "dc = dc if t < len(x) - 1 else np.zeros_like(dh)",
        "Only the first walk starts with dc at zero. Each later one starts with the dc that the walk before it ended "
        "with, which belongs to another loss.",
    ),
    (
        "dh = params.V.T @ dy[t]",
        "dh = (dh if t < len(x) - 1 else 0) + params.V.T @ dy[t]",
        "Only the first walk starts with dh at zero. Each later one adds to the dh that the walk before it ended with, "
        "which belongs to another loss.",
    ),
    (
        "dc = dct[0] * (1 - ct[0] ** 2)",
        "dc = dh * o[t] * (1 - ct[t] ** 2)",
        "What reaches c[t] through h[t] is in dc from the start now, and the inner loop adds it once more: it is "
        "counted twice.",
    ),
    (
        "dc = dc + dct[s] * (1 - ct[s] ** 2)",
        "dc = dct[s] * (1 - ct[s] ** 2)",
        "Two roads lead back to c[s], through h[s] and through c[s + 1], and their parts are added. Here dc holds only "
        "the part that came through h[s].",
    ),
    (
        "dc = dc + dct[s] * (1 - ct[s] ** 2)",
        "dc = dc + dct[s] * (1 - ct[s])",
        "The slope of tanh in terms of its own output is 1 - ct ** 2, as it was.",
    ),
    (
        "            dh = params.Wi.T",
        "            dh = dh + params.Wi.T",
        "A walk is about one loss, and h[s - 1] acts on it only through the gates of step s, so at the end of a turn "
        "dh is what came through them. Nothing of the old dh is kept.",
    ),
    *(
        (
            "            dh = params.Wi.T",
            f"            dh = params.V.T @ dy[{step}] + params.Wi.T",
            "The walk from step t is about the loss of step t alone. Now it also picks up other losses on its way, and "
            "each of them has a walk of its own, so they are counted several times.",
        )
        for step in ("s", "s - 1")
    ),
    (
        "dc = dc + dc * f[s]",
        "dc = f[s]",
        "What goes on to step s - 1 is a delta: dc times the slope. Now only the slope is left.",
    ),
    (
        "dc = dc + dc * f[s]",
        "pass",
        "dc now goes on to step s - 1 unchanged. On the way from c[s] to c[s - 1] it passes through a product, "
        "so a factor is missing.",
    ),
    (
        "dc = dc + dc * f[s]",
        "dc = np.zeros_like(dh)",
        "Now nothing goes back from c[s] to c[s - 1]. The carry through the forget gate is needed; what is wrong is "
        "that the old dc is kept as well.",
    ),
    (
        "dc = dc + dc * f[s]",
        "dc = dct[s] * f[s]",
        "dct is the delta of tanh(c), and of this step's part only. All of dc goes back through the forget gate.",
    ),
    (
        "dc = dc + dc * f[s]",
        "dc = dct[s] * (1 - ct[s] ** 2) * f[s]",
        "Now only the part that came in through h[s] goes back. All of dc should, with what was carried to step s.",
    ),
    (
        "dc = dc + dc * f[s]",
        "dc = dc * f[t]",
        "The factor is now the forget gate of step t, where the walk began. The walk is at step s.",
    ),
    (
        "dc = dc + dc * f[s]",
        "dc = dc * (1 - f[s])",
        "1 - f[s] is what the gate holds back. In c[s] = f[s] * c[s - 1] + ..., what multiplies c[s - 1]?",
    ),
    (
        "dc = dc + dc * f[s]",
        "dc = dc * f[s - 1]",
        "The factor is now the forget gate of step s - 1. In c[s] = f[s] * c[s - 1] + ..., which one multiplies "
        "c[s - 1]?",
    ),
    (
        "dc = dc + dc * f[s]",
        "dc = dc * f[min(s + 1, len(x) - 1)]",
        AFTER,
    ),
    ("dc = dc + dc * f[s]", "dc = dc * f[s + 1]", AFTER),
    (
        "dc = dc + dc * f[s]",
        "dc = np.dot(dc, f[s])",
        "np.dot of two vectors is one number, so all units now share one dc. Each unit has its own: multiply number by "
        "number.",
    ),
    (
        "dc = dc + dc * f[s]",
        "dc = dc + f[s]",
        "dc and the slope are now added. A slope multiplies: delta in, times local slope, is delta out.",
    ),
    (
        "dc = dc + dc * f[s]",
        "dc = dc * f[s] * (1 - f[s])",
        "The factor f * (1 - f) is the slope of the sigmoid, for the way into the gate. The way from c[s] to c[s - 1] "
        "is a product with f[s] itself.",
    ),
)


@functools.lru_cache(2048)
def variant(
    repaired: Collection[str] = (), edit: tuple[str, str] | None = None, product: str | None = None
) -> Callable[..., Params]:
    """`posted_loop` with these repairs, another change, and another product in the four dW."""
    source = inspect.getsource(posted_loop)
    if edit:
        source = _replaced(source, *edit)
    for flaw in repaired:
        before, after = REPAIRS[flaw].before, REPAIRS[flaw].after
        if flaw == "scalar_dot":
            source = _with_product(source, after)
        elif edit is None or edit[0] != before:
            source = _replaced(source, before, after)
    if product:
        source = _with_product(source, product)
    names = dict(globals())
    exec(compile(source, FILENAME, "exec", dont_inherit=True), names)
    return names["posted_loop"]


def _replaced(source: str, before: str, after: str) -> str:
    if before not in source:
        raise ValueError(f"the loop has no {before!r}")
    return source.replace(before, after)


def _with_product(source: str, product: str) -> str:
    for gate in GATES:
        dz = f"dz{gate}"
        source = _replaced(source, REPAIRS["scalar_dot"].before.format(dz=dz), product.format(dz=dz, gate=gate))
    return source
