"""Checks and questions of exercise 4: a step back, the walk, the weights, the whole pass, the initial state."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import SimpleNamespace

import numpy as np

from lstm_teach.backward import bptt, output_delta
from lstm_teach.doctor import diagnose
from lstm_teach.exercises.checks import Attempt, Trouble, Verdict, difference, is_like, judge, kind, unpack
from lstm_teach.exercises.questions import Option, Question
from lstm_teach.exercises.unread import filled
from lstm_teach.forward import Cache, forward
from lstm_teach.gradcheck import collect_gradients
from lstm_teach.gradients import exact_gradient
from lstm_teach.gradreport import relative_error
from lstm_teach.params import GATES, Params

WALK = ("dh", "dc", "dzi", "dzf", "dzo", "dzg")  # what a walk keeps


PREDICT_WRONG = Question(
    "my_wrong_gradients",
    "A backward step hands on dc instead of dc times f. You check the pass with a sequence of one token. How many"
    " of the nine gradients are wrong?",
    reveal="None. With one token there is one step, and nothing that it hands on is used for a weight. With two tokens"
    " six of the nine are wrong: dV needs nothing that is carried, and dWo and dUo hear dh alone, which is still right."
    " From three tokens on all but dV are wrong. A check with T = 1 alone would have let this pass through.",
)

ONLY_CARRY = Question(
    "my_zero_delta",
    "At some step dh is zero and dc_carry is not. Which of these deltas is zero for certain?",
    {
        "a": Option("di", "It is dc * g, and dc is dc_carry here. It is zero only for a unit whose g happens to be 0."),
        "b": Option("df", "It is dc * c[t-1]. It is zero only where the cell was empty before."),
        "c": Option(
            "do", "It is dh * ct. The output gate decides what is shown, and nothing that is shown matters here."
        ),
        "d": Option(
            "dh_before",
            "It is the sum of W' dz over four gates. That of o is zero, but those of i, f and g hear dc and are not.",
        ),
    },
    right="c",
)

PASSES_AT_ONE = Question(
    "my_first_suspect",
    "A backward pass passes the check at T = 1 with a nonzero initial state, and fails at T = 2. Where do you look"
    " first?",
    {
        "a": Option(
            "at the slope of a gate, i * (1 - i)",
            "It is used at every step, so a mistake in it would show at T = 1 already.",
        ),
        "b": Option(
            "at what a step hands to the step before it",
            "With one step, nothing that is handed on is used for a weight. With two it is, and this is what is new.",
        ),
        "c": Option(
            "at the product that makes dW",
            "With a nonzero h0 every dW is tested at T = 1. Only a mistake in adding up over steps would stay hidden.",
        ),
        "d": Option("at V", "V is used at every step, and its gradient needs nothing that is carried."),
    },
    right="b",
)


# The lines of a step back, in the order in which they are computed; v has the forward values and what came before.
LINES = {
    "do": lambda v: v.dh * v.ct,
    "dc": lambda v: v.dh * v.o * (1 - v.ct**2) + v.dc_carry,
    "di": lambda v: v.dc * v.g,
    "df": lambda v: v.dc * v.c_before,
    "dg": lambda v: v.dc * v.i,
    "dzi": lambda v: v.di * v.i * (1 - v.i),
    "dzf": lambda v: v.df * v.f * (1 - v.f),
    "dzo": lambda v: v.do * v.o * (1 - v.o),
    "dzg": lambda v: v.dg * (1 - v.g**2),
    "dh_before": lambda v: sum(v.params["W" + gate].T @ getattr(v, "dz" + gate) for gate in GATES),
    "dc_before": lambda v: v.dc * v.f,
}


def step(params: Params, cache: Cache, t: int, dh: np.ndarray, dc_carry: np.ndarray) -> dict[str, np.ndarray]:
    """One right step back: the eleven deltas by name, in the order of `LINES`. dh, dc_carry and each delta are (H,)."""
    v = _forward_values(params, cache, t, dh, dc_carry)
    for name, line in LINES.items():
        setattr(v, name, line(v))
    return {name: getattr(v, name) for name in LINES}


def _forward_values(params: Params, cache: Cache, t: int, dh: np.ndarray, dc_carry: np.ndarray) -> SimpleNamespace:
    """What the lines of step t read, by name."""
    gates = {gate: getattr(cache, gate)[t] for gate in GATES}
    cell = {"c": cache.c[t], "ct": cache.ct[t], "c_before": cache.c[t - 1]}
    return SimpleNamespace(params=params, dh=dh, dc_carry=dc_carry, f_before=cache.f[t - 1], **gates, **cell)


# ------------------------------------------------------------------------------------------ 1. two deltas from h

HIDDEN_HINTS = (
    "h is a product, o times ct. Each factor hears dh times the other factor. What ct hears then goes through the slope"
    " of tanh, and what the cell hears from the next step is added.",
    "The slope of ct = tanh(c) is 1 - ct**2. dc has two summands: dh * o times that slope, and dc_carry as it came.",
    "do = dh * ct, and dc = dh * o * (1 - ct**2) + dc_carry.",
)

# Sentences, and the line that each mistake amounts to.
HIDDEN_MISTAKES = {
    "do": {
        "The cell itself stands where its tanh is meant: h is o times ct.": lambda v: v.dh * v.c,
        "h is o times ct, so do is dh times the other factor, ct.": lambda v: v.dh * v.o,
        "This goes on to the pre-activation already; do is the delta of the gate.": lambda v: (
            v.dh * v.ct * v.o * (1 - v.o)
        ),
        "The slope of tanh belongs to dc, not to do.": lambda v: v.dh * (1 - v.ct**2),
        "This is dc: do and dc have changed places.": lambda v: LINES["dc"](v),
    },
    "dc": {
        "dc_carry is missing: it is added at the end.": lambda v: v.dh * v.o * (1 - v.ct**2),
        "Only dc_carry is there; the part through h is missing.": lambda v: v.dc_carry,
        "The slope of tanh is missing: dh * o is what ct hears, not what c hears.": lambda v: v.dh * v.o + v.dc_carry,
        "o is missing: only a share o of ct is shown.": lambda v: v.dh * (1 - v.ct**2) + v.dc_carry,
        "The slope of tanh is 1 - ct**2, with a square.": lambda v: v.dh * v.o * (1 - v.ct) + v.dc_carry,
        "The slope of tanh is 1 - ct**2; c is used instead of ct.": lambda v: v.dh * v.o * (1 - v.c**2) + v.dc_carry,
        "ct * (1 - ct) is not the slope of tanh; that is 1 - ct**2.": lambda v: (
            v.dh * v.o * v.ct * (1 - v.ct) + v.dc_carry
        ),
        "dc_carry has been sent through the slope of tanh; it comes from the next cell and is added as it is.": (
            lambda v: (v.dh * v.o + v.dc_carry) * (1 - v.ct**2)
        ),
        "dc_carry has been multiplied by o; it comes from the next cell and is added as it is.": lambda v: (
            (v.dh * (1 - v.ct**2) + v.dc_carry) * v.o
        ),
        "Both parts are added; one has been taken away.": lambda v: v.dh * v.o * (1 - v.ct**2) - v.dc_carry,
        "This is do: do and dc have changed places.": lambda v: v.dh * v.ct,
    },
}


def check_hidden(through_hidden: Callable, seed: int = 1) -> Verdict:
    """Check `through_hidden(dh, dc_carry, o, ct)` -> do, dc, (H,) each like the four arguments."""

    def on(H: int, scale: float) -> dict[str, Callable[[Attempt], str]]:
        random = np.random.default_rng(seed + H)
        dh, dc_carry = scale * random.normal(0, 1, (2, H))
        c, o = random.normal(0, 1, H), random.uniform(0.1, 0.9, H)
        v = SimpleNamespace(dh=dh, dc_carry=dc_carry, o=o, c=c, ct=np.tanh(c))

        def one(name: str) -> Callable[[Attempt], str]:
            mistakes = {advice: line(v) for advice, line in HIDDEN_MISTAKES[name].items()}

            def part(attempt: Attempt) -> str:
                own = unpack(attempt(v.dh, v.dc_carry, v.o, v.ct), "do dc")
                return difference(name, own[name], LINES[name](v), ("unit",), mistakes)

            return part

        return {name: one(name) for name in ("do", "dc")}

    first, second = on(5, 1.0), on(3, 10.0)
    parts = first | {"large deltas, three units": lambda attempt: second["do"](attempt) or second["dc"](attempt)}
    return judge(through_hidden, parts, HIDDEN_HINTS)


# ------------------------------------------------------------------------------------------ 2. one step back

STEP_HINTS = (
    "Read the five lines of the forward step from the last to the first. In each, what stands left of the equals sign"
    " has a delta already, and each thing on the right gets it times the other factor, or the slope.",
    "From c = f * c_before + i * g: di, df, dg and what goes on to the cell before. From the curves: each dz is the"
    " delta of its gate times the slope, which is s * (1 - s) for the sigmoid and 1 - g**2 for tanh. From z = U[:, x] +"
    " W h_before: every one of the four W sends W.T @ dz back, and the four are added.",
    "di = dc * g; df = dc * cache.c[t - 1]; dg = dc * i; dzi = di * i * (1 - i), and f and o likewise;"
    " dzg = dg * (1 - g**2); dh_before = params.Wi.T @ dzi + params.Wf.T @ dzf + params.Wo.T @ dzo + params.Wg.T @ dzg;"
    " dc_before = dc * f.",
)


def _of_gate(name: str, factor: str, wrong: Mapping[str, str]) -> dict[str, Callable]:
    """The mistakes of di, df or dg: dc times something else, or dh instead of dc."""
    found = {advice: lambda v, other=other: v.dc * getattr(v, other) for other, advice in wrong.items()}
    return found | {
        "dh is used instead of dc: this gate acts on the cell.": lambda v: v.dh * getattr(v, factor),
        f"{name} has only the carried part of dc.": lambda v: v.dc_carry * getattr(v, factor),
        f"dc alone has no factor: {name} is dc times what the gate is multiplied by.": lambda v: v.dc,
    }


def _of_z(gate: str) -> dict[str, Callable]:
    """The mistakes of dzi, dzf, dzo or dzg."""

    def delta(v: SimpleNamespace) -> np.ndarray:
        return getattr(v, "d" + gate)

    def s(v: SimpleNamespace) -> np.ndarray:
        return getattr(v, gate)

    def again(v: SimpleNamespace) -> np.ndarray:
        return 1 / (1 + np.exp(-s(v)))

    found = {
        "The slope of the curve is missing.": delta,
        f"The slope has been left at {gate}: it is a product of two factors.": lambda v: delta(v) * s(v),
    }
    if gate == "g":
        return found | {
            "This is the slope of the sigmoid; g went through tanh, whose slope is 1 - g**2.": lambda v: (
                delta(v) * v.g * (1 - v.g)
            ),
            "The slope of tanh is 1 - g**2, with a square.": lambda v: delta(v) * (1 - v.g),
            "g is tanh(zg) already; tanh has been taken again.": lambda v: delta(v) * (1 - np.tanh(v.g) ** 2),
        }
    return found | {
        f"This is the slope of tanh; {gate} went through the sigmoid, whose slope is {gate} * (1 - {gate}).": (
            lambda v: delta(v) * (1 - s(v) ** 2)
        ),
        f"Half of the slope is missing: it is {gate} * (1 - {gate}).": lambda v: delta(v) * (1 - s(v)),
        f"{gate} is the sigmoid already; the sigmoid has been taken again.": lambda v: (
            delta(v) * again(v) * (1 - again(v))
        ),
    }


def _to_h(v: SimpleNamespace, gates: str, prefix: str = "dz", transposed: bool = True) -> np.ndarray:
    """What some of the gates send to h of the step before, perhaps by the wrong matrix or from the wrong delta."""
    weights = {gate: v.params["W" + gate] for gate in gates}
    return sum((w.T if transposed else w) @ getattr(v, prefix + gate) for gate, w in weights.items())


STEP_MISTAKES = HIDDEN_MISTAKES | {
    "di": _of_gate("di", "g", {"i": "dc has been multiplied by i itself; in i * g the other factor is g."}),
    "df": _of_gate(
        "df",
        "c_before",
        {
            "c": "c[t] is used instead of c[t-1]: f multiplies the cell before.",
            "f": "dc has been multiplied by f itself; in f * c_before the other factor is c_before.",
        },
    ),
    "dg": _of_gate("dg", "i", {"g": "dc has been multiplied by g itself; in i * g the other factor is i."}),
    **{"dz" + gate: _of_z(gate) for gate in GATES},
    "dh_before": {
        "W stands where its transpose is meant: W @ h forwards, W.T @ dz backwards.": lambda v: _to_h(
            v, "ifog", transposed=False
        ),
        "The deltas of the gates stand where those of the pre-activations are meant.": lambda v: _to_h(v, "ifog", "d"),
        **{
            f"What comes through W{gate} is missing.": lambda v, gate=gate: _to_h(v, "ifog".replace(gate, ""))
            for gate in GATES
        },
        **{
            f"Only what comes through W{gate} is there; h goes into all four.": lambda v, gate=gate: _to_h(v, gate)
            for gate in GATES
        },
        "dh itself has been added: h of this step is not made from h of the step before, except through the gates.": (
            lambda v: _to_h(v, "ifog") + v.dh
        ),
    },
    "dc_before": {
        "f is missing: the cell before is kept only by the share f.": lambda v: v.dc,
        "dc has been added to; what goes on is dc * f alone.": lambda v: v.dc + v.dc * v.f,
        "dc_carry has been added to; what goes on is dc * f alone.": lambda v: v.dc_carry + v.dc * v.f,
        "Only the carried part goes on; all of dc has to.": lambda v: v.dc_carry * v.f,
        "The forget gate of the step before stands here; c_before is multiplied by f[t].": lambda v: v.dc * v.f_before,
        "i is used instead of f.": lambda v: v.dc * v.i,
    },
}


def check_step_back(step_back: Callable, seed: int = 1) -> Verdict:
    """Check `step_back(params, cache, t, dh, dc_carry)` -> a dictionary of the eleven deltas, (H,) each."""

    def on(seed: int, T: int, K: int, H: int, t: int) -> dict[str, Callable[[Attempt], str]]:
        params, x, _, h0, c0 = _case(seed, T, K, H)
        cache = filled(forward(params, x, h0, c0))
        dh, dc_carry = np.random.default_rng(seed).normal(0, 1, (2, H))
        given, right = (params, cache, t, dh, dc_carry), step(params, cache, t, dh, dc_carry)

        def one(name: str) -> Callable[[Attempt], str]:
            def part(attempt: Attempt) -> str:
                own = attempt(*given)
                if not isinstance(own, Mapping):
                    names = ", ".join(LINES)
                    raise Trouble(f"The function should return a dictionary ({names}), but returns {kind(own)}.")
                if name not in own:
                    return f"The dictionary has no {name}."
                v = _forward_values(*given)
                for other in LINES:  # a line is right if it follows from the learner's own values above it
                    usable = is_like(own.get(other), right[other])
                    setattr(v, other, np.asarray(own[other], float) if usable else right[other])
                expected = LINES[name](v)
                # From zeros only zeros follow, and a dictionary of zeros is not half right.
                if not expected.any() or not difference(name, own[name], right[name]):
                    expected = right[name]
                mistakes = {advice: line(v) for advice, line in STEP_MISTAKES[name].items()}
                return difference(name, own[name], expected, ("unit",), mistakes)

            return part

        return {name: one(name) for name in LINES}

    parts = on(seed, 5, 6, 4, t=2)

    def beyond(others: Mapping[str, Callable[[Attempt], str]]) -> Callable[[Attempt], str]:
        def part(attempt: Attempt) -> str:
            if any(part(attempt) for part in parts.values()):
                return "This is looked at when all deltas of step 2 are right."
            return next(filter(None, (part(attempt) for part in others.values())), "")

        return part

    first, other = on(seed + 1, 3, 4, 5, t=0), on(seed + 2, 1, 2, 3, t=0)
    more = {"step 0 of three, whose cell before is the initial state": beyond(first), "other sizes": beyond(other)}
    note = "Each delta is judged by what your own lines above it gave, so that one mistake is told once."
    return judge(step_back, parts | more, STEP_HINTS, note=note)


# ------------------------------------------------------------------------------------------ 3. the walk

WALK_HINTS = (
    "Begin at the last step with no future: nothing comes to h or c from later. At every step add what its own loss"
    " says to h, take the step back, and keep what it hands on for the step before.",
    "Loop over reversed(range(T)). Two vectors of H zeros are carried from turn to turn. dy[t] is y[t] with 1 taken"
    " away at targets[t], and V.T @ dy[t] is what the loss of step t says to h[t].",
    "In the loop: dh = params.V.T @ dy[t] + dh_future; back = step(params, cache, t, dh, dc_carry); dh_future, dc_carry"
    ' = back["dh_before"], back["dc_before"]; then store dh in deltas["dh"][t], and the others from back.',
)


def _walk(params: Params, cache: Cache, targets: np.ndarray, change: str = "") -> dict[str, np.ndarray]:
    """The deltas of the walk, (T, H) each; `change` puts in a mistake."""
    T, H = len(targets), params.hidden_size
    dy = cache.y.copy() if change == "y" else output_delta(cache, targets)
    deltas = {name: np.zeros((T, H)) for name in WALK}
    dh_future = dc_carry = np.zeros(H)
    for t in range(T) if change == "forwards" else reversed(range(T)):
        heard = np.zeros(H) if change == "last loss" and t < T - 1 else params.V.T @ dy[t]
        dh = -heard + dh_future if change == "sign" else heard + dh_future
        back = step(params, cache, t, dh, dc_carry)
        for name in WALK:
            deltas[name][t] = dh if name == "dh" else back[name]
        dh_future = np.zeros(H) if change == "no h" else back["dh_before"] + (dh_future if change == "adds h" else 0)
        before = back["dc"] if change == "dc" else back["dc_before"]
        dc_carry = np.zeros(H) if change == "no c" else before + (dc_carry if change == "adds c" else 0)
    return deltas


WALK_MISTAKES = {
    "no h": "dh_before is not handed on: dh is more than what its own loss says.",
    "no c": "dc_before is not handed on to the step before.",
    "dc": "dc itself is handed on; the step before gets dc_before, which is dc times f.",
    "adds h": "dh_future is added to from turn to turn; what the step hands on takes its place.",
    "adds c": "dc_carry is added to from turn to turn; what the step hands on takes its place.",
    "last loss": "Only the loss of the last step is picked up; every step has its own.",
    "y": "dy is y with 1 taken away at the target; y itself stands here.",
    "sign": "The sign of dy is turned: it is y minus the one-hot target.",
    "forwards": "The walk goes from the first step to the last; a delta needs the step after it.",
}


def check_walk(walk: Callable, seed: int = 1) -> Verdict:
    """Check `walk(step, params, cache, targets)` -> a dictionary of dh, dc, dzi, dzf, dzo, dzg, (T, H) each."""

    def on(seed: int, T: int, K: int, H: int) -> Callable[[int, int], Callable[[Attempt], str]]:
        params, x, targets, h0, c0 = _case(seed, T, K, H)
        cache = filled(forward(params, x, h0, c0))
        right = _walk(params, cache, targets)
        wrong = {advice: _walk(params, cache, targets, change) for change, advice in WALK_MISTAKES.items()}

        def rows(first: int, last: int) -> Callable[[Attempt], str]:
            def part(attempt: Attempt) -> str:
                own = attempt(step, params, cache, targets)
                if not isinstance(own, Mapping):
                    raise Trouble(
                        f"The function should return a dictionary ({', '.join(WALK)}), but returns {kind(own)}."
                    )
                for t in reversed(range(first, last)):
                    for name in WALK:
                        if name not in own:
                            return f"The dictionary has no {name}."
                        if not is_like(own[name], right[name]):
                            return difference(name, own[name], right[name], ("step", "unit"))
                        mistakes = {advice: deltas[name][t] for advice, deltas in wrong.items()}
                        mistakes["Nothing has been written into this row."] = 0 * right[name][t]
                        if T > 1:
                            mistakes["The rows stand in the order of the walk; row t belongs to step t."] = right[name][
                                T - 1 - t
                            ]
                        array = np.asarray(own[name])[t]
                        sentence = difference(f"{name}[{t}]", array, right[name][t], ("unit",), mistakes)
                        if sentence:
                            return sentence
                return ""

            return part

        return rows

    long, single = on(seed, 6, 5, 4), on(seed + 1, 1, 3, 5)
    parts = {
        "the last step": long(5, 6),
        "one step back": long(4, 5),
        "all steps before": long(0, 4),
        "a sequence of one token": single(0, 1),
    }
    return judge(walk, parts, WALK_HINTS, allow=("forward",))


# ------------------------------------------------------------------------------------------ 4. the weights

WEIGHTS_HINTS = (
    "A weight is used at every step, so its gradient is a sum over the steps. At one step, entry (k, j) of W carries"
    " h[j] of the step before into z[k], so it gets dz[k] times h[j]: an outer product.",
    "W gets np.outer(dz[t], h[t-1]). U is multiplied with a one-hot vector, so only the column of the token gets dz[t],"
    " and it has to be added. V is used after the step: np.outer(dy[t], h[t]).",
    'For each t: grads.V += np.outer(dy[t], cache.h[t]), and for each gate: grads["W" + gate] += np.outer(dz[t],'
    ' cache.h[t - 1]); grads["U" + gate][:, cache.x[t]] += dz[t], with dz = deltas["dz" + gate].',
)


def check_weights(weight_gradients: Callable, seed: int = 1) -> Verdict:
    """Check `weight_gradients(params, cache, targets, deltas)` -> `Params`; deltas as `check_walk` wants them."""

    def on(seed: int, T: int, K: int, H: int) -> Callable[[str], Callable[[Attempt], str]]:
        params, x, targets, h0, c0 = _case(seed, T, K, H)
        cache = filled(forward(params, x, h0, c0))
        deltas, right = _walk(params, cache, targets), bptt(params, x, targets, h0, c0)
        dy, h = output_delta(cache, targets), cache.h

        def mistakes(name: str) -> dict[str, np.ndarray]:
            steps = range(T)
            if name == "V":
                return {
                    "h[t-1] is used instead of h[t].": sum(np.outer(dy[t], h[t - 1]) for t in steps),
                    "y is used instead of dy: take 1 away at the target.": sum(
                        np.outer(cache.y[t], h[t]) for t in steps
                    ),
                    "The sign is turned: dy is y minus the one-hot target.": -right.V,
                    "Only the last step is in it; add up over all steps.": np.outer(dy[-1], h[-2]),
                    "Only the first step is in it; add up over all steps.": np.outer(dy[0], h[0]),
                    "This is the mean over the steps; the loss is their sum.": right.V / T,
                }
            dz = deltas["dz" + name[1]]
            if name[0] == "W":
                return {
                    "h[t] is used instead of h[t-1]: W acts on the state before.": sum(
                        np.outer(dz[t], h[t]) for t in steps
                    ),
                    "The outer product is the wrong way round: rows belong to dz.": right[name].T,
                    "A dot product gives one number for the whole matrix; take np.outer.": np.full(
                        (H, H), sum(dz[t] @ h[t - 1] for t in steps)
                    ),
                    "Step 0 is missing: its h before is the initial state, row -1.": sum(
                        (np.outer(dz[t], h[t - 1]) for t in range(1, T)), np.zeros((H, H))
                    ),
                    "The cell is used instead of the hidden state.": sum(
                        np.outer(dz[t], cache.c[t - 1]) for t in steps
                    ),
                    "Only the last step is in it; add up over all steps.": np.outer(dz[-1], h[T - 2]),
                    "Only the first step is in it; add up over all steps.": np.outer(dz[0], h[-1]),
                    "This is the mean over the steps; the loss is their sum.": right[name] / T,
                }
            tokens = np.eye(K)
            last, first = np.zeros((2, H, K))
            for t in steps:
                last[:, x[t]] = dz[t]
            for t in reversed(steps):
                first[:, x[t]] = dz[t]
            return {
                "A token that comes again overwrites what it got before: add, with +=.": last,
                "Only the first visit of each token counts here; add up over all steps.": first,
                "Every column gets dz; only that of the token may.": sum(np.outer(dz[t], np.ones(K)) for t in steps),
                "The targets' columns get dz; those of the tokens x should.": sum(
                    np.outer(dz[t], tokens[targets[t]]) for t in steps
                ),
                "This is the mean over the steps; the loss is their sum.": right[name] / T,
            }

        def group(names: str) -> Callable[[Attempt], str]:
            def part(attempt: Attempt) -> str:
                answer = attempt(params, cache, targets, deltas)
                try:
                    own = collect_gradients(answer, params)
                except ValueError as error:
                    raise Trouble(f"{attempt.name} {error}") from None
                for name in names.split():
                    sentence = difference(f"d{name}", own[name], right[name], ("row", "column"), mistakes(name))
                    if sentence:
                        return sentence
                return ""

            return part

        return group

    long, single = on(seed, 7, 5, 4), on(seed + 1, 1, 3, 5)
    parts = {
        "V": long("V"),
        "the four W": long("Wi Wf Wo Wg"),
        "the four U": long("Ui Uf Uo Ug"),
        "a sequence of one token": single(" ".join(Params.NAMES)),
    }
    return judge(weight_gradients, parts, WEIGHTS_HINTS, allow=("forward",))


# ------------------------------------------------------------------------------------------ 5. the whole pass

BPTT_HINTS = (
    "All pieces are there. The forward pass gives the cache, the walk the deltas, and the weights follow from those.",
    "Run lt.forward with the initial states that came in. Give walk your own step_back as its first argument.",
    "cache = lt.forward(params, x, h0, c0); deltas = walk(step_back, params, cache, targets);"
    " return weight_gradients(params, cache, targets, deltas).",
)


def check_bptt(my_bptt: Callable, seed: int = 1) -> Verdict:
    """Check `my_bptt(params, x, targets, h0=None, c0=None)` -> the nine gradients; diagnose it if it is wrong."""
    cases = [_case(seed + T, T, K, H) for T, K, H in ((1, 4, 5), (2, 4, 5), (6, 5, 4), (40, 3, 4))]
    cases[3][0].V[:] *= 12  # the last gradients are so large that a clipped one shows
    rights = [exact_gradient(*case) for case in cases]

    def on(names: str) -> Callable[[Attempt], str]:
        def part(attempt: Attempt) -> str:
            for case, right in zip(cases, rights, strict=True):
                sentence = compare(attempt, case, right, names)
                if sentence:
                    T = len(case[1])
                    return f"At T = {T}, {sentence} {places.get(T, places[2])}"
            return ""

        return part

    places = {
        1: "At T = 1 a step hands nothing on, so look at the lines that make this gradient.",
        2: "Shorter sequences are right, so look at what is carried from step to step, and at sums.",
        40: "Shorter sequences are right. Here the gradients are large: is anything clipped, cut or rescaled?",
    }

    def compare(attempt: Attempt, case: tuple, right: Params, names: str) -> str:
        answer = attempt(*case)
        params = case[0]
        try:
            own = collect_gradients(answer, params)
        except ValueError as error:
            raise Trouble(f"{attempt.name} {error}") from None
        for name in names.split():
            sentence = difference(f"d{name}", own[name], right[name], ("row", "column"))
            if sentence:
                return f"{sentence} Its relative error is {relative_error(own[name], right[name]):.2g}."
        return ""

    plain = cases[2][:3]
    from_zeros = exact_gradient(*plain)
    parts = {"V": on("V")} | {f"W{gate}, U{gate}": on(f"W{gate} U{gate}") for gate in GATES}
    parts["called without h0 and c0"] = lambda attempt: compare(attempt, plain, from_zeros, " ".join(Params.NAMES))
    report = functools.partial(diagnose, my_bptt, seconds=8, progress=False)
    return judge(my_bptt, parts, BPTT_HINTS, report=report, allow=("forward", "loss"))


# ------------------------------------------------------------------------------------------ 6. the initial state

INITIAL_HINTS = (
    "The initial state stands before step 0 as h[t-1] stands before step t. It has no loss of its own.",
    "So its two deltas are exactly what step 0 hands on: you have them after the last turn of the walk.",
    'Walk back as in task 3, with nothing stored, and after the loop return back["dh_before"], back["dc_before"] of'
    " t = 0.",
)


def check_initial(initial_state_gradient: Callable, seed: int = 1) -> Verdict:
    """Check `initial_state_gradient(step, params, x, targets, h0, c0)` -> dh0, dc0, (H,) each."""

    def on(T: int, K: int, H: int) -> dict[str, Callable[[Attempt], str]]:
        case = params, x, targets, h0, c0 = _case(seed + T, T, K, H)
        cache = forward(params, x, h0, c0)
        deltas = _walk(params, cache, targets)
        dh, dc = deltas["dh"][0], deltas["dc"][0]
        back = step(params, cache, 0, dh, dc - dh * cache.o[0] * (1 - cache.ct[0] ** 2))
        right = {"dh0": back["dh_before"], "dc0": back["dc_before"]}
        carried_whole = _walk(params, cache, targets, "dc")["dc"][0]  # for one step this is dc
        zero = forward(params, x)
        from_zero = {name: delta[0] for name, delta in _walk(params, zero, targets).items()}
        from_zero = {
            "dh0": sum(params["W" + gate].T @ from_zero["dz" + gate] for gate in GATES),
            "dc0": from_zero["dc"] * zero.f[0],
        }
        follow = params.V.T @ output_delta(cache, targets)[-1]
        mistakes = {
            "dh0": {
                "This is dh of step 0; the initial state stands one step before it.": dh,
                "dh0 and dc0 have changed places.": right["dc0"],
                "h0 has no loss of its own; nothing is picked up there.": right["dh0"] + follow,
                "The forward pass started from zeros: give it h0 and c0.": from_zero["dh0"],
                "W stands where its transpose is meant.": sum(
                    params["W" + gate] @ deltas["dz" + gate][0] for gate in GATES
                ),
            },
            "dc0": {
                "This is dc of step 0; c0 hears it through the forget gate of step 0.": dc,
                "dc itself is handed on from step to step; the step before gets dc_before, dc times f.": carried_whole,
                "dh0 and dc0 have changed places.": right["dh0"],
                "The carry that comes into step 0 is missing.": dh * cache.o[0] * (1 - cache.ct[0] ** 2) * cache.f[0],
                "Nothing comes to c0 from a hidden state of its own; only the carry does.": right["dc0"]
                + right["dh0"] * (1 - np.tanh(c0) ** 2),
                "The forward pass started from zeros: give it h0 and c0.": from_zero["dc0"],
                "Row -1 of the gates is unused and zero; the forget gate of step 0 is f[0].": dc * cache.f[-1],
            },
        }

        def one(name: str) -> Callable[[Attempt], str]:
            def part(attempt: Attempt) -> str:
                own = unpack(attempt(step, *case), "dh0 dc0")
                return difference(name, own[name], right[name], ("unit",), mistakes[name])

            return part

        return {name: one(name) for name in right}

    parts, single = on(5, 4, 6), on(1, 6, 3)
    parts["a sequence of one token"] = lambda attempt: single["dh0"](attempt) or single["dc0"](attempt)
    return judge(initial_state_gradient, parts, INITIAL_HINTS, allow=("bptt", "forward", "loss"))


def _case(seed: int, T: int, K: int, H: int) -> tuple[Params, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A net with weights of order 1, a sequence with targets, and an initial state h0, c0 that is not zero."""
    random = np.random.default_rng(seed)
    x, targets = random.integers(0, K, (2, T))
    return (
        Params.random(K, H, seed=seed, scale=0.8),
        x,
        targets,
        random.uniform(0.3, 0.9, H) * random.choice([-1, 1], H),
        random.normal(0, 1, H),
    )
