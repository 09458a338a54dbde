"""Checks and questions of exercise 5: orders lost, the carry alone, all pairs, two horizons, a bias by measurement."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from lstm_teach.backward import bptt, output_delta
from lstm_teach.exercises.checks import Attempt, Trouble, Verdict, difference, judge
from lstm_teach.exercises.questions import Option, Question
from lstm_teach.exercises.single_pass_bptt import step
from lstm_teach.exercises.unread import filled
from lstm_teach.figures.still import Still, show
from lstm_teach.figures.style import BLUE, ORANGE, VERMILION, new_figure, tidy
from lstm_teach.flow import gradient_flow, nested_flow
from lstm_teach.forward import Cache, forward
from lstm_teach.params import Params

LOWEST, HIGHEST = -2.0, 3.0  # the bias of task 6 lies between these
MEASUREMENTS, NEAR = 25, 0.05  # how often it may be measured, and how near in orders of magnitude it has to come
TOO_MANY = 500  # measurements after which the check stops waiting


PREDICT_STEPS = Question(
    "my_steps",
    "A forget gate stands at 0.9 all the time, and the carry is the only path. After how many steps is a thousandth of"
    " the delta left?",
    reveal="After 66. A step takes away only a tenth, and yet 0.9 to the power of 66 is 0.00096. At 0.99 it takes 688"
    " steps, and at 0.5 only 10. Task 4 asks for the formula.",
)

SHUT_GATE = Question(
    "my_shut_gate",
    "At step 20 the forget gate of a unit is 0. The loss of step 50 sends its delta back. Which cells of this unit hear"
    " nothing of it through the carry?",
    {
        "a": Option(
            "c[20] and all before it",
            "c[20] = f[20] c[19] + i[20] g[20] is what comes out of this step. Its delta has passed f[50] down to"
            " f[21], and the shut gate is not among them.",
        ),
        "b": Option(
            "c[20] alone",
            "c[20] comes out of the step with the shut gate, so it is heard. And what a gate takes away is missing at"
            " every earlier step too.",
        ),
        "c": Option(
            "c[19] and all before it",
            "f[20] stands between c[19] and c[20], and from every earlier cell the carry leads through it. Such a cell"
            " may still be heard through h.",
        ),
        "d": Option(
            "c[21] and all after it",
            "From c[50] back to c[21] the delta passes f[50] down to f[22]. It has not come to f[20] yet.",
        ),
    },
    right="c",
)

CURVES = Question(
    "my_curves",
    "A, B and C: which curve is which delta?",
    {
        "a": Option(
            "A all losses, B one loss, C the question's loop",
            "All losses together can't fall like A: every step has a loss of its own right beside it. And one loss"
            " can't stay level like B while the forget gates are near 0.5.",
        ),
        "b": Option(
            "A one loss, B all losses, C the question's loop",
            "A loses about the same share at every step. In B each step hears its near losses, which hide that the far"
            " ones have faded. C comes from a loop that adds dc * f to the delta where that should take its place. So"
            " its carry multiplies by 1 + f, which is never below 1. Such a loop can't show vanishing, whatever the"
            " gates do.",
        ),
        "c": Option(
            "A the question's loop, B one loss, C all losses",
            "The loop's carry multiplies by 1 + f at every step, and 1 + f is never below 1. On its way back its curve"
            " rises, whatever the gates do, so it can't be A.",
        ),
        "d": Option(
            "A one loss, B the question's loop, C all losses",
            "Each loss is picked up once, and what comes from far has faded. So all losses together stay level here."
            " A straight rise over many orders takes a factor above 1 at every step.",
        ),
    },
    right="b",
)

OVERCLAIM = Question(
    "my_sentence",
    'You read: "LSTMs solve vanishing gradients." What do you write beside it?',
    {
        "a": Option(
            "True: from cell to cell the delta passes no matrix and no tanh",
            "It passes the forget gate. In a fresh net without a bias that is near 0.5, and sixty steps of it cost some"
            " twelve orders in lesson 5.",
        ),
        "b": Option(
            "True as soon as the forget-gate bias is 1",
            "A bias of 1 saves most of the twelve orders and not all. It is a start, too: training moves the gates away"
            " from it, and a longer sequence takes more steps of the same rate.",
        ),
        "c": Option(
            "False: no forget gate is above 1, so an LSTM always vanishes",
            "The carry can't grow, but it can come near to keeping all: at 0.9999 it loses 0.6 % in sixty steps. And"
            " the paths through the matrices can add to it. In lesson 5 the delta arrives larger than it left when the"
            " bias is 3.",
        ),
        "d": Option(
            "Too much: the rate is the forget gate, which can be learned and need not be",
            "One number for each unit and each step, between 0 and 1. It can be near 1 where something is to be kept,"
            " but it does not start there by itself, and to learn it takes a gradient that arrives.",
        ),
    },
    right="d",
)


# ------------------------------------------------------------------------------------------ 1. orders of magnitude

ORDERS_HINTS = (
    "How long is each row? How many times longer is the last one? And how many tens must be multiplied to give that"
    " number?",
    "np.linalg.norm with axis=-1 gives one length for each row. Divide the length of the last row by all of them. The"
    " number of tens is np.log10.",
    "norms = np.linalg.norm(deltas, axis=-1), then return np.log10(norms[-1] / norms).",
)


def check_orders(orders_lost: Callable, seed: int = 1) -> Verdict:
    """Check `orders_lost(deltas)` -> (T,): by how many powers of ten each row of (T, H) is shorter than the last."""
    random = np.random.default_rng(seed)

    def on(T: int, H: int, factor: float) -> Callable[[Attempt], str]:
        deltas = random.normal(0, 1, (T, H)) * 0.2 * factor ** np.arange(T - 1, -1, -1)[:, None]
        norms = np.linalg.norm(deltas, axis=-1)
        right = np.log10(norms[-1] / norms)

        def by(length: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
            return np.log10(length(deltas)[-1] / length(deltas))

        mistakes = {
            "This counts factors of e; the orders of magnitude are powers of ten.": np.log(norms[-1] / norms),
            "This counts doublings; the orders of magnitude are powers of ten.": np.log2(norms[-1] / norms),
            "The sign is turned: what is lost is positive where the row is shorter than the last one.": -right,
            "The root is missing in the norm, so every number is twice too large.": 2 * right,
            "The sum of the absolute values was taken for the length.": by(lambda d: abs(d).sum(-1)),
            "The largest entry was taken for the length.": by(lambda d: abs(d).max(-1)),
            "These are the quotients of the lengths; the logarithm is missing.": norms[-1] / norms,
            "These are the quotients of the lengths, turned round; the logarithm is missing.": norms / norms[-1],
            "They are measured against row 0; the way begins at the last row.": np.log10(norms[0] / norms),
            "Each row is compared with the one after it; compare all with the last one.": np.log10(
                np.append(norms[1:], norms[-1]) / norms
            ),
            "This is the logarithm of each length by itself; compare it with that of the last row.": np.log10(norms),
            "This is minus the logarithm of each length; compare it with that of the last row.": -np.log10(norms),
            "These are the lengths themselves.": norms,
            "It has been rounded to whole orders.": np.round(right),
            "It has been cut to whole orders.": np.floor(right),
        }

        def part(attempt: Attempt) -> str:
            got = attempt(deltas)
            sentence = difference("The list of orders", got, right, ("step",), mistakes)
            if _shape(got) == (H,):
                sentence += " The norm was taken over the steps; take it over the units, along the last axis."
            elif sentence and _shape(got) == ():
                sentence += " One number for each row is asked for."
            return sentence

        return part

    parts = {
        "a delta that fades": on(9, 4, 0.5),
        "one that grows": on(6, 3, 1.7),
        "one with many units": on(12, 40, 0.8),
    }
    return judge(orders_lost, parts, ORDERS_HINTS)


# ------------------------------------------------------------------------------------------ 2. the carry alone

CARRIED_HINTS = (
    "Walk back from step s. Going from c[t+1] to c[t], the delta passes one gate. Which step's gate stands between"
    " these two cells?",
    "c[t+1] = f[t+1] * c[t] + ..., so it is f[t+1]. Row s is dc as it came, row s-1 is that times f[s], row s-2 is that"
    " times f[s-1] too. f[t] of the row's own step is not on the way.",
    "rows = [dc], then for t in range(s, 0, -1): rows.append(rows[-1] * f[t]), and return np.array(rows[::-1]).",
)


def check_carried(carried: Callable, seed: int = 1) -> Verdict:
    """Check `carried(f, dc, s)` -> (s+1, H): what the forget gates (T+1, H) alone leave of dc (H,)."""

    def on(seed: int, T: int, H: int, s: int) -> Callable[[slice], Callable[[Attempt], str]]:
        random = np.random.default_rng(seed)
        f = np.append(random.uniform(0.2, 0.95, (T, H)), np.zeros((1, H)), axis=0)  # row -1 is zero, as in a cache
        dc = random.normal(0, 1, H)

        def product(first: int, last: int) -> np.ndarray:
            """Row t: the gates from step t + first to step last, multiplied."""
            return np.array([f[t + first : last + 1].prod(axis=0) for t in range(s + 1)])

        right = dc * product(1, s)
        mean = f[1 : s + 1].mean() if s else 1.0
        mistakes = {
            "The row's own gate f[t] has been multiplied in; between c[t] and c[s] stand f[t+1] to f[s].": (
                dc * product(0, s)
            ),
            "The gates f[t] to f[s-1] are used; between c[t] and c[s] stand f[t+1] to f[s].": dc * product(0, s - 1),
            "f[s] is missing; between c[t] and c[s] stand f[t+1] to f[s].": dc * product(1, s - 1),
            "f[s+1] has been multiplied in; the delta starts behind that gate.": dc * product(1, s + 1),
            "The gates after step s are multiplied in as well; the delta starts at step s.": dc * product(1, T - 1),
            "Row -1 of f is zero and belongs to no step.": dc * product(1, T),
            "The product begins at step 0; it should begin at step s and go back.": dc
            * np.array([f[1 : t + 1].prod(axis=0) for t in range(s + 1)]),
            "dc is missing: this is the product of the gates alone.": product(1, s),
            "Every row has one gate only; the gates of all steps on the way are multiplied.": dc
            * np.append(f[1 : s + 1], np.ones((1, H)), axis=0),
            "The average gate was used; take each unit's own gates, step by step.": dc
            * (mean ** np.arange(s, -1, -1))[:, None],
            "The gates have been added up; on the way they multiply.": dc
            * np.array([f[t + 1 : s + 1].sum(axis=0) for t in range(s + 1)]),
            "1 - f is used instead of f: f is the share that is kept.": dc
            * np.array([(1 - f[t + 1 : s + 1]).prod(axis=0) for t in range(s + 1)]),
            "1 + f is used instead of f: the carry takes the place of the delta and is not added to it.": dc
            * np.array([(1 + f[t + 1 : s + 1]).prod(axis=0) for t in range(s + 1)]),
            "The rows stand in the order of the way back; row t belongs to step t.": right[::-1],
            "Nothing has been multiplied: these are all dc.": np.tile(dc, (s + 1, 1)),
            "These are lengths; vectors are asked for, one number for each unit.": abs(right),
        }

        def rows(which: slice) -> Callable[[Attempt], str]:
            def part(attempt: Attempt) -> str:
                got = attempt(f, dc, s)
                sentence = difference("The carried delta", got, right, ("step", "unit"), mistakes)
                if not sentence:
                    return ""
                if _shape(got) == right.shape:
                    return sentence if difference("", np.asarray(got)[which], right[which]) else ""
                if _shape(got) == (s + 1,):
                    sentence += " Each row is a vector of H numbers; its length would be taken later."
                elif _shape(got) == (s, H):
                    sentence += " Row s belongs to it too: there dc is as it came."
                elif _shape(got) in ((T, H), (T + 1, H)):
                    sentence += " Steps after s hear nothing of this loss, and are left out."
                return sentence

            return part

        return rows

    long, last, first = on(seed, 12, 4, s=8), on(seed + 1, 6, 3, s=5), on(seed + 2, 5, 3, s=0)
    parts = {
        "row s": long(slice(8, None)),
        "row s-1": long(slice(7, 8)),
        "all rows": long(slice(None)),
        "a loss at the last step": last(slice(None)),
        "a loss at step 0": _behind(first(slice(None)), long(slice(7, None))),
    }
    return judge(carried, parts, CARRIED_HINTS)


def _behind(part: Callable[[Attempt], str], before: Callable[[Attempt], str]) -> Callable[[Attempt], str]:
    """A part that would be right for nothing is looked at only behind another one."""
    return lambda attempt: "This is looked at when the parts before it are right." if before(attempt) else part(attempt)


# ------------------------------------------------------------------------------------------ 3. all pairs

REACH_HINTS = (
    "One walk for every loss. A walk hears its own loss once, at the step where it starts; further back it only hears"
    " what it brings along.",
    "For each s: dh = params.V.T @ dy at step s, and a carry of zeros. Then for t from s down to 0: take the step back,"
    ' note the norm of back["dc"], and go on with what it hands on: dh_before and dc_before.',
    "for s in range(T): dh, dc_carry = params.V.T @ dy[s], np.zeros(H); for t in range(s, -1, -1): back = step(params,"
    ' cache, t, dh, dc_carry); norms[s, t] = np.linalg.norm(back["dc"]); dh, dc_carry = back["dh_before"],'
    ' back["dc_before"].',
)

REACH_MISTAKES = {
    "all losses": "Losses are picked up on the way; each row is about one loss alone.",
    "y": "dy is y with 1 taken away at the target; y itself stands here.",
    "no h": "dh_before is not handed on, so that nothing comes through the gates.",
    "no c": "dc_before is not handed on, so that the carry is lost.",
    "dc": "dc itself is handed on; the step before gets dc_before, which is dc times f.",
    "stale": "A walk begins with what the walk before it left behind; dc_carry has to be zero at its start.",
    "stale back": "A walk begins with the dc_carry that the walk of the loss after it left behind, a flaw of the"
    " question's loop too; it has to be zero at its start.",
    "same dh": "The dh of step s is used at every step; from there on dh is what the step hands on.",
    "adds": "What the step hands on has been added to dc_carry; it takes its place.",
    "last target": "The target of the last step is used for every loss.",
}


def check_reach(reach: Callable, seed: int = 1) -> Verdict:
    """Check `reach(step, params, cache, targets)` -> (T, T): row s, column t is |dL_s/dc[t]|, and 0 where t > s."""

    def on(seed: int, T: int, K: int, H: int) -> tuple[Callable, np.ndarray]:
        random = np.random.default_rng(seed)
        x, targets = random.integers(0, K, (2, T))
        params = Params.random(K, H, seed=seed, scale=0.7)
        cache = filled(forward(params, x, *random.normal(0, 0.5, (2, H))))
        vectors = _reach(params, cache, targets)
        right = np.linalg.norm(vectors["dc"], axis=-1)
        wrong = {
            advice: np.linalg.norm(_reach(params, cache, targets, change)["dc"], axis=-1)
            for change, advice in REACH_MISTAKES.items()
        }
        wrong |= {
            "Rows and columns have changed places: row s is the loss, column t the state.": right.T,
            "These are the norms of dh; those of dc are asked for.": np.linalg.norm(vectors["dh"], axis=-1),
            "These are the norms of what goes on to the step before, dc_before; dc itself is asked for.": (
                np.linalg.norm(vectors["dc_before"], axis=-1)
            ),
            "The norms are squared: the root is missing.": right**2,
            "The sum of the absolute values was taken for the norm.": abs(vectors["dc"]).sum(-1),
            "The largest entry was taken for the norm.": abs(vectors["dc"]).max(-1),
            "The columns count steps back from the loss; column t is step t.": np.array(
                [np.append(right[s, s::-1], np.zeros(T - 1 - s)) for s in range(T)]
            ),
            "Only the row of the last loss is filled in.": right * (np.arange(T) == T - 1)[:, None],
            "Only the diagonal is filled in.": right * np.eye(T),
            "Column 0 is missing: the walk goes on to step 0.": right * (np.arange(T) > 0),
            "The diagonal is missing: a walk begins at step s itself.": right * (1 - np.eye(T)),
        }

        def entries(which: np.ndarray) -> Callable[[Attempt], str]:
            def part(attempt: Attempt) -> str:
                got = attempt(step, params, cache, targets)
                sentence = difference("The matrix", got, right, ("loss", "step"), wrong)
                if sentence and _shape(got) == right.shape:
                    if not _is_real(got):
                        return sentence
                    off = difference("", np.where(which, np.asarray(got), 0), np.where(which, right, 0))
                    return sentence if off else ""
                if _shape(got) == (T, T, H):
                    sentence += " Take the norm of each vector, over the units."
                return sentence

            return part

        return entries, right

    (long, _), (single, _) = on(seed, 6, 5, 4), on(seed + 1, 1, 3, 5)
    s, t = np.indices((6, 6))
    diagonal, last = long(s == t), long((s == 5) & (t < 5))
    parts = {
        "every loss at its own step": diagonal,
        "the last loss on its whole way": last,
        "all pairs": _behind(long(t <= s), diagonal),
        "zeros where t > s": _behind(long(t > s), diagonal),
        "a sequence of one token": single(np.ones((1, 1), bool)),
    }
    return judge(reach, parts, REACH_HINTS, allow=("bptt", "forward"))


def _reach(params: Params, cache: Cache, targets: np.ndarray, change: str = "") -> dict[str, np.ndarray]:
    """The vectors dh, dc and dc_before of every loss at every step, (T, T, H) each; `change` puts in a mistake."""
    T, H = len(targets), params.hidden_size
    if change == "last target":
        targets = np.full(T, targets[-1])
    heard = (cache.y if change == "y" else output_delta(cache, targets)) @ params.V
    found = {name: np.zeros((T, T, H)) for name in ("dh", "dc", "dc_before")}
    dc_carry = np.zeros(H)
    for s in reversed(range(T)) if change == "stale back" else range(T):
        dh = heard[s]
        dc_carry = dc_carry if change in ("stale", "stale back") else np.zeros(H)
        for t in range(s, -1, -1):
            if change == "all losses" and t < s:
                dh = dh + heard[t]
            back = step(params, cache, t, dh, dc_carry)
            for name in found:
                found[name][s, t] = dh if name == "dh" else back[name]
            dh = {"no h": 0 * dh, "same dh": heard[s]}.get(change, back["dh_before"])
            before = back["dc"] if change == "dc" else back["dc_before"] + (dc_carry if change == "adds" else 0)
            dc_carry = np.zeros(H) if change == "no c" else before
    return found


# ------------------------------------------------------------------------------------------ 4. a horizon by formula

HORIZON_HINTS = (
    "After n steps the share gate ** n is left. You look for the first whole n at which that is not above share. A"
    " power becomes a product when one takes the logarithm.",
    "n * log(gate) has to come down to log(share). Divide, and go up to the next whole number. Only a gate of 1 never"
    " gets there: its logarithm is 0, so it needs a line of its own.",
    "return np.inf if gate >= 1 else np.ceil(np.log(share) / np.log(gate)).",
)


def check_horizon(horizon: Callable) -> Verdict:
    """Check `horizon(gate, share)` -> the number of steps after which gate ** steps is at most share; or np.inf."""

    def on(gate: float, share: float) -> Callable[[Attempt], str]:
        exact = np.inf if gate == 1 else np.log(share) / np.log(gate)
        right = np.ceil(exact)
        mistakes = {
            "This is one step too few: there, more than share is still left. Round up.": right - 1,
            "This is one step too many: share is reached a step before.": right + 1,
            "This is not a whole number of steps: round up.": exact,
            "The sign is turned: both logarithms are negative, and their quotient is positive.": -right,
        }
        if gate < 1:
            mistakes |= {
                "The quotient is turned round: it is log(share) over log(gate).": np.ceil(1 / exact),
                "This is the quotient turned round, log(gate) over log(share).": 1 / exact,
                "1 - share has been used: share is what is left, not what is lost.": np.ceil(
                    np.log(1 - share) / np.log(gate)
                ),
                "Every step takes away as much as the first one here; each takes a share of what is left.": (
                    np.ceil((1 - share) / (1 - gate))
                ),
                "log(gate) has been replaced by gate - 1, which is good near 1 only.": np.ceil(
                    np.log(share) / (gate - 1)
                ),
                "This is the number of steps that leaves half.": np.ceil(np.log(0.5) / np.log(gate)),
                "This is the share that is left after one step.": gate * share,
                "This is the root: it turns a share and a number of steps into a gate.": share**gate,
            }

        def part(attempt: Attempt) -> str:
            try:
                got = attempt(gate, share)
            except Trouble as trouble:
                if "did not finish" not in str(trouble):
                    raise
                steps = f"takes {right:.2g} steps" if gate < 1 else "never gets there"
                raise Trouble(f"{trouble} A gate of {gate:.10g} {steps}: a formula needs no loop.") from None
            if gate == 1:
                if _is_inf(got):
                    return "" if got > 0 else f"Yours is minus infinity: log(1) is 0, and no number over 0 helps. {ONE}"
                if _shape(got) == () and _is_real(got) and not np.isnan(got):
                    return f"A gate of 1 loses nothing, so share is never reached; yours says {got:g}. {ONE}"
                return difference("The number of steps", got, -1.0)
            if _is_inf(got):
                return f"It should be {right:.10g}, but is {got}: a gate of {gate:g} does reach {share:g}."
            sentence = difference("The number of steps", got, right, (), mistakes)
            if sentence and _shape(got) == () and _is_real(got) and 0 <= got < 1e6:
                sentence += f" After {got:g} steps {gate**got:.3g} is left; at most {share:g} is asked for."
            return sentence

        return part

    def both(one: Callable[[Attempt], str], other: Callable[[Attempt], str]) -> Callable[[Attempt], str]:
        return lambda attempt: one(attempt) or other(attempt)

    parts = {
        "a gate of 0.9": on(0.9, 1e-3),
        "a gate of 0.5": on(0.5, 0.02),
        "a gate that hardly keeps anything": on(0.03, 0.4),
        "a share that is reached exactly": both(on(0.5, 0.25), on(0.7, 0.7)),
        "a gate of 1": on(1.0, 1e-3),
        "a gate very near 1": on(1 - 1e-9, 1e-3),
    }
    return judge(horizon, parts, HORIZON_HINTS, seconds=5)


ONE = "Return np.inf there."


def _shape(value: object) -> tuple[int, ...] | None:
    """The shape of what a learner's function returns; None for rows of different length."""
    try:
        return np.shape(value)
    except ValueError:
        return None


def _is_real(value: object) -> bool:
    return _shape(value) is not None and np.asarray(value).dtype.kind in "fiub"


def _is_inf(value: object) -> bool:
    return _is_real(value) and _shape(value) == () and bool(np.isinf(value))


# ------------------------------------------------------------------------------------------ 5. horizons, measured

HORIZONS_HINTS = (
    "Each row is the curve of one loss. It begins on the diagonal, and the way goes to the left. You look for the first"
    " place on this way where the curve is at most share times where it began.",
    "norms[s, s::-1] is row s in the order of the way back: entry n of it is n steps back, and the zeros right of the"
    " diagonal are left out. np.flatnonzero gives the places where something is true. There may be none.",
    "for each s: way = norms[s, s::-1]; low = np.flatnonzero(way <= share * way[0]); then the number is low[0] if"
    " low.size else np.inf.",
)

HORIZONS_MISTAKES = {
    "step": "This is the step where it happens; the number of steps back from s is asked for.",
    "column": "This goes along the columns; the curve of a loss is a row.",
    "last": "This is the last place where so little is left; the first one on the way back is asked for.",
    "right end": "The zeros right of the diagonal belong to no way back; it begins at norms[s, s].",
    "from 0": "This starts at step 0 and looks for a place with little left; the way begins at the diagonal.",
    "largest": "It is compared with the largest entry of the row; compare with where it began, norms[s, s].",
    "absolute": "The norms are compared with share itself; compare with share times norms[s, s].",
    "one start": "All rows are compared with the start of the last one; each has its own, norms[s, s].",
    "one less": "It is one step too few: one step back is entry 1 of the way, and the start is entry 0.",
    "one more": "It is one step too many: the start is 0 steps back.",
    "never 0": "A loss that never loses so much has a 0 here; np.inf says that it was not reached.",
    "never s": "A loss that never loses so much has its whole way here; np.inf says that it was not reached.",
    "never s+1": "A loss that never loses so much has one step more than its way here; np.inf says it was not reached.",
    "never -1": "A loss that never loses so much has -1 here; np.inf is asked for.",
    "never nan": "A loss that never loses so much has nan or None here; np.inf is asked for.",
    "below": "Exactly share times as long is enough: at most share is asked for, so compare with <=.",
    "count": "This counts the places with more left. A curve may come back; the first place with less is asked for.",
}


def check_horizons(horizons: Callable, seed: int = 1) -> Verdict:
    """Check `horizons(norms, share)` -> (T,): how many steps back each loss has at most share left; or np.inf."""
    random = np.random.default_rng(seed)

    def net(bias: float, T: int) -> np.ndarray:
        params = Params.random(6, 8, seed=seed, scale=0.15, forget_bias=bias)
        return gradient_flow(params, *random.integers(0, 6, (2, T))).dc

    def wavy(T: int) -> np.ndarray:
        """Rows that lose something, come back, and lose it again; each has a start of its own."""
        norms = np.zeros((T, T))
        for s in range(T):
            n = np.arange(s + 1)
            orders = 0.25 * n + random.uniform(0.8, 1.6) * np.sin(0.9 * n) ** 2 - 3 * (n == 1)
            norms[s, s::-1] = 10.0 ** (random.uniform(-3, 3) - orders + orders[0])
        return norms

    def on(norms: np.ndarray, share: float, reached: bool = True) -> Callable[[Attempt], str]:
        """Judge the losses that get there, or those that do not."""
        right = _horizons(norms, share)
        wrong = {
            advice: _horizons(norms, share, change)
            for change, advice in HORIZONS_MISTAKES.items()
            if change.startswith("never") != reached
        }
        judged = np.isfinite(right) == reached

        def part(attempt: Attempt) -> str:
            got = attempt(norms, share)
            array = _numbers(got)
            if array is None or array.shape != right.shape:
                sentence = difference("The list of horizons", got, right)
                if _shape(got) == norms.shape:
                    sentence += " One number for each loss is asked for."
                elif array is not None and array.ndim == 1:
                    sentence += " Every loss has its number: np.inf where it does not get there."
                return sentence
            off = judged & (array != right)
            if not off.any():
                return ""
            s = np.flatnonzero(off)[0]
            count = f" ({off.sum()} of {judged.sum()} such losses are off)"
            sentence = f"The list of horizons is off at loss {s}: yours is {array[s]:g}, right is {right[s]:g}{count}."
            for advice, mistaken in wrong.items():
                if np.array_equal(array[judged], mistaken[judged], equal_nan=True):
                    return f"{sentence} {advice}"
            return sentence + _left_there(norms[s, s::-1], array[s], share)

        return part

    def exactly(T: int) -> np.ndarray:
        """Rows that fall to a quarter of their start exactly, stay there for a step, and fall on."""
        way = np.append([1, 0.5, 0.25], 0.25 * 0.5 ** np.arange(T))
        return np.array([np.append(2.0**s * way[s::-1], np.zeros(T - 1 - s)) for s in range(T)])

    forgets, half, waves = net(0.0, 24), net(1.0, 30), wavy(16)
    get_there = on(forgets, 1e-3)
    parts = {
        "a net that forgets": get_there,
        "another share": on(forgets, 0.1),
        "curves that come back": on(waves, 0.05),
        "a share that is reached exactly": on(exactly(8), 0.25),
        "losses that never get there": _behind(on(half, 1e-2, reached=False), get_there),
    }
    return judge(horizons, parts, HORIZONS_HINTS)


def _numbers(value: object) -> np.ndarray | None:
    """A learner's list as an array of floats, with nan for None; None if it is nothing of that kind."""
    try:
        array = np.asarray(value)
        return array.astype(float) if array.dtype.kind in "fiubO" else None
    except (TypeError, ValueError):
        return None


def _left_there(way: np.ndarray, steps: float, share: float) -> str:
    """What is left of a loss that many steps back, and where the first place is looked for."""
    if not (0 <= steps < len(way) and steps == int(steps)):
        return ""
    left = way[int(steps)] / way[0]
    return f" {int(steps)} steps back {left:.2g} of it is left; you look for the first place with at most {share:g}."


def _horizons(norms: np.ndarray, share: float, change: str = "") -> np.ndarray:
    """The horizons (T,), rightly or with one of the usual mistakes."""
    found = []
    for s in range(len(norms)):
        row = norms[:, s] if change == "column" else norms[s]
        way = row[s::-1] if change != "column" else row[s:]
        start = {"largest": row.max(), "absolute": 1.0, "one start": norms[-1, -1]}.get(change, norms[s, s])
        low = np.flatnonzero(way < share * start if change == "below" else way <= share * start)
        instead = {"never 0": 0, "never s": s, "never s+1": s + 1, "never -1": -1, "never nan": np.nan}
        never = instead.get(change, np.inf)
        first = low[0] if low.size else never
        if change == "last" and low.size:
            first = low[-1]
        elif change == "count":
            first = (way > share * start).sum()
        elif change == "right end":
            first = np.append(np.flatnonzero(row[::-1] <= share * start), np.inf)[0]
        elif change == "from 0" and low.size:
            first = np.flatnonzero(row[: s + 1] <= share * start)[0]
        elif change == "step":
            first = s - first if low.size else never
        elif change in ("one less", "one more"):
            first += 1 if change == "one more" else -1
        found.append(first)
    return np.array(found, float)


# ------------------------------------------------------------------------------------------ 6. a bias by measurement

BIAS_HINTS = (
    "The larger the bias, the less is lost. So one measurement in the middle tells in which half of the interval the"
    " bias lies, and the other half need not be looked at again.",
    f"Begin with low = {LOWEST:g} and high = {HIGHEST:g}. Measure at the middle. If more is lost than asked for, the"
    " bias has to be larger, so the middle becomes low; if less, it becomes high. Ten or twelve times are enough.",
    f"low, high = {LOWEST:g}, {HIGHEST:g}; for _ in range(16): middle = (low + high) / 2; then low = middle if"
    " lost(middle) > orders, and high = middle otherwise. Return the middle at the end.",
)


def check_bias(bias_for: Callable, seed: int = 1) -> Verdict:
    """Check `bias_for(lost, orders)` -> b with |lost(b) - orders| at most 0.05, after at most 25 calls of lost."""

    def on(T: int, H: int, scale: float, orders: float) -> tuple[Callable, Callable]:
        measure = _measure(seed, T, H, scale)
        calls: list[float] = []

        def lost(bias: float) -> float:
            calls.append(bias)
            if len(calls) > TOO_MANY:
                raise RuntimeError(f"lost has been called {TOO_MANY} times, and {MEASUREMENTS} times are allowed")
            return measure(bias)

        right = _solve(measure, orders)
        alone = 10 ** (-orders / (T - 1))  # the constant gate that would lose so much

        def bias(attempt: Attempt) -> str:
            got = attempt(lost, orders)
            if _shape(got) != () or not _is_real(got) or not np.isfinite(got):
                return difference("The bias", got, right)
            b = float(got)
            measured = measure(b)
            if abs(measured - orders) <= NEAR:
                return ""
            said = f"With your b, {b:.4g}, the net loses {measured:.2f} orders; asked for are {orders:g}."
            return f"{said} {_why(b, measured, right, orders, alone, len(calls))}"

        def few(attempt: Attempt) -> str:
            if bias(attempt):
                return "This is looked at when each bias is right."
            if len(calls) <= MEASUREMENTS:
                return ""
            return (
                f"It took {len(calls)} measurements; {MEASUREMENTS} are allowed. A measurement rules out half of the"
                " interval, if you choose its place well."
            )

        return bias, few

    cases = {
        "two orders in 25 steps": on(25, 8, 0.2, 2.0),
        "four orders in 60 steps": on(60, 16, 0.12, 4.0),
        "twenty orders in 60 steps": on(60, 16, 0.12, 20.0),
    }
    parts = {name: bias for name, (bias, _) in cases.items()}
    parts["few measurements"] = lambda attempt: next(filter(None, (few(attempt) for _, few in cases.values())), "")
    return judge(bias_for, parts, BIAS_HINTS)


def _why(b: float, measured: float, right: float, orders: float, alone: float, calls: int) -> str:
    """What a wrong bias looks like."""

    def near(value: float) -> bool:
        return abs(b - value) < 2e-3

    if near(np.log(alone / (1 - alone))):
        return (
            "This is the bias for the carry alone. The paths through the matrices bring something too, so measure: that"
            " is what lost is for."
        )
    if near(1 / (1 + np.exp(-right))):
        return "This is the forget gate; the bias is what the sigmoid turns into it."
    if near(-right):
        return "The sign is turned."
    if min(abs(b - LOWEST), abs(b - HIGHEST)) < 0.01:
        return "It has run to an end of the interval: which half is kept when more is lost than asked for?"
    if near(orders) or near(measured):
        return "This is a number of orders; return the bias."
    if not calls:
        return "Nothing has been measured: call lost with a bias."
    more = "More is lost than asked for, so the bias has to be larger."
    return more if measured > orders else "Less is lost than asked for, so the bias has to be smaller."


def _measure(seed: int, T: int, H: int, scale: float) -> Callable[[float], float]:
    """The orders that the last loss's dc loses on its way to step 0, for a net with that forget-gate bias."""
    x, targets = np.random.default_rng(seed).integers(0, 8, (2, T))

    @np.errstate(divide="ignore")
    def lost(bias: float) -> float:
        dc = gradient_flow(Params.random(8, H, seed=seed, scale=scale, forget_bias=float(bias)), x, targets).dc[-1]
        return float(np.log10(dc[-1] / dc[0]))

    return lost


def _solve(measure: Callable[[float], float], orders: float) -> float:
    low, high = LOWEST, HIGHEST
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if measure(middle) > orders else (low, middle)
    return (low + high) / 2


# ------------------------------------------------------------------------------------------ to try things out

STYLES = {
    "A": {"color": BLUE, "linestyle": "-", "marker": "o"},
    "B": {"color": ORANGE, "linestyle": "--", "marker": "s"},
    "C": {"color": VERMILION, "linestyle": ":", "marker": "X"},
}


def example(forget_bias: float = 0.0) -> tuple[Params, Cache, np.ndarray]:
    """A fresh net, what its forward pass keeps of 60 tokens, and the targets: params, cache, targets."""
    x, targets = np.random.default_rng(5).integers(0, 8, (2, 60))
    params = Params.random(8, 32, seed=5, scale=0.1, forget_bias=forget_bias)
    return params, forward(params, x), targets


def lost(bias: float) -> float:
    """The orders of magnitude that the net of `example` loses with that bias, from step 59 back to step 0."""
    params, cache, targets = example(bias)
    dc = gradient_flow(params, cache.x, targets).dc[-1]
    return float(np.log10(dc[-1] / dc[0]))


def three_curves() -> dict[str, np.ndarray]:
    """Three norms of the cell delta at every step, (60,) each, from the net of `example`: A, B and C."""
    params, cache, targets = example()
    _, deltas = bptt(params, cache.x, targets, return_deltas=True)
    loop = nested_flow(params, cache.x, targets).dc[-1]
    loop[-1] = np.nan  # it starts one step late
    return {"A": gradient_flow(params, cache.x, targets).dc[-1], "B": np.linalg.norm(deltas.dc, axis=-1), "C": loop}


def picture(curves: Mapping[str, np.ndarray]) -> Still:
    """The curves over the steps, on a logarithmic scale."""
    figure = new_figure(720, 340)
    axes = tidy(figure.subplots(), "Length of a delta of the cell", "step t", "norm (logarithmic)")
    for letter, norms in curves.items():
        axes.plot(norms, **STYLES[letter], markersize=5, markevery=5, label=f"curve {letter}")
    axes.set_yscale("log")
    figure.legend(loc="outside right upper", frameon=False)
    last = min(int(np.flatnonzero(np.isfinite(norms))[-1]) for norms in curves.values())
    ends = ", ".join(f"{letter} from {norms[last]:.1g} to {norms[0]:.1g}" for letter, norms in curves.items())
    return show(figure, f"From step {last} back to step 0: {ends}.")
