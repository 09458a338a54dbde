"""Cases and right answers of exercise 4: a walk with weighted losses, biases, peepholes, a start that is learned.

The words are in single_pass_bptt.toml; engine.py says how the two belong together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from lstm_teach import borrowed
from lstm_teach.backward import output_delta
from lstm_teach.exercises.engine import Case, check, questions
from lstm_teach.exercises.unread import filled
from lstm_teach.forward import Cache, forward
from lstm_teach.judging import TOOLS
from lstm_teach.params import GATES, Params
from lstm_teach.verdicts import Verdict

PREDICT_PEEPHOLE, ONLY_CARRY, PASSES_AT_ONE = questions(
    __name__, "my_peephole_guess", "my_zero_delta", "my_first_suspect"
)


def step(params: Params, cache: Cache, t: int, dh: np.ndarray, dc_carry: np.ndarray) -> dict[str, np.ndarray]:
    """One right step back: do dc di df dg dzi dzf dzo dzg dh_before dc_before by name, (H,) each like dh, dc_carry."""
    i, f, o, g, ct = (getattr(cache, name)[t] for name in ("i", "f", "o", "g", "ct"))
    do, dc = dh * ct, dh * o * (1 - ct**2) + dc_carry
    di, df, dg = dc * g, dc * cache.c[t - 1], dc * i
    back = {"do": do, "dc": dc, "di": di, "df": df, "dg": dg, "dzi": di * i * (1 - i), "dzf": df * f * (1 - f)}
    back |= {"dzo": do * o * (1 - o), "dzg": dg * (1 - g**2)}
    return back | {
        "dh_before": sum(params["W" + gate].T @ back["dz" + gate] for gate in GATES),
        "dc_before": dc * f,
    }


# ------------------------------------------------------------------------------------------ 1. a walk


def check_walk(walk: Callable, seed: int = 1) -> Verdict:
    """Check `walk(step, params, cache, targets, weights)` -> dh, dc, (T, H) each, of the weighted sum of losses."""

    def on(part: str, seed: int, size: tuple[int, int], weights: list[float]) -> Case:
        params, x, targets, h0, c0 = case_of(seed, len(weights), *size)
        return Case(part, (step, params, filled(forward(params, x, h0, c0)), targets, np.array(weights, float)))

    cases = [
        on("six steps", seed, (5, 4), [0.5, 0, 1, 2, 0.25, 1.5]),
        on("a loss at the last step alone", seed + 1, (4, 3), [0, 0, 0, 1]),
        on("a single step", seed + 2, (3, 5), [2]),
    ]
    return check(__name__, "walk", walk, cases, right=walked)


def walked(
    step: Callable, params: Params, cache: Cache, targets: np.ndarray, weights: np.ndarray, change: str = ""
) -> dict[str, np.ndarray]:
    """The deltas dh and dc of all steps, (T, H) each; `change` puts in a mistake."""
    T, H = len(targets), params.hidden_size
    dy = cache.y if change == "y" else -output_delta(cache, targets) if change == "sign" else None
    if change == "weighs the 1":
        dy = cache.y - weights[:, None] * np.eye(params.vocab_size)[targets]
    dh_loss = (output_delta(cache, targets) if dy is None else dy) @ params.V
    own = np.ones(T) if change in ("unweighted", "weighs all", "weighs the 1") else weights
    deltas = {name: np.zeros((T, H)) for name in ("dh", "dc")}
    dh_future = dc_carry = np.zeros(H)
    for t in range(T) if change == "forward" else reversed(range(T)):
        if change == "skips" and weights[t] == 0:
            continue
        picked_up = 0 if change == "last loss" and t < T - 1 else own[t]
        dh = picked_up * dh_loss[t] + dh_future
        if change == "weighs all":
            dh = weights[t] * dh
        back = step(params, cache, t, dh, dc_carry)
        deltas["dh"][t], deltas["dc"][t] = dh, back["dc"]
        before = back["dc"] if change == "dc" else back["dc_before"]
        dh_future = 0 * dh if change == "no h" else back["dh_before"] + (dh_future if change == "adds h" else 0)
        dc_carry = 0 * dh if change == "no c" else before + (dc_carry if change == "adds c" else 0)
        if change == "weighs the carry":
            dc_carry = weights[t] * dc_carry
    return {name: rows[::-1] for name, rows in deltas.items()} if change == "reversed" else deltas


# ------------------------------------------------------------------------------------------ 2. biases


def check_biases(bias_gradients: Callable, seed: int = 1) -> Verdict:
    """Check `bias_gradients(dzi, dzf, dzo, dzg, dy)` -> db (H,) and da (K,); dz. are (T, H), dy is (T, K)."""
    random = np.random.default_rng(seed)

    def on(part: str, T: int, H: int, K: int) -> Case:
        return Case(part, (*random.normal(0, 1, (4, T, H)), random.normal(0, 1, (T, K))))

    cases = [on("six steps", 6, 4, 5), on("as many steps as units", 3, 3, 3), on("a single step", 1, 2, 4)]
    return check(__name__, "biases", bias_gradients, cases, right=biases)


def biases(dzi: np.ndarray, dzf: np.ndarray, dzo: np.ndarray, dzg: np.ndarray, dy: np.ndarray) -> dict[str, np.ndarray]:
    """The gradients of one bias that all four pre-activations read, and of one that the scores read."""
    return {"db": (dzi + dzf + dzo + dzg).sum(0), "da": dy.sum(0)}


# ------------------------------------------------------------------------------------------ 3. peepholes

PEEPHOLE_VALUES = ("dh", "dc_carry", "i", "f", "o", "g", "c_before", "c", "pi", "pf", "po")  # the order of the call


def check_peepholes(peephole_back: Callable, seed: int = 1) -> Verdict:
    """Check `peephole_back(dh, dc_carry, i, f, o, g, c_before, c, pi, pf, po)` -> dc dc_before dpi dpf dpo."""
    random = np.random.default_rng(seed)

    def on(part: str, H: int) -> Case:
        dh, dc_carry, c_before, *p = random.uniform(0.3, 1.5, (6, H)) * random.choice([-1, 1], (6, H))
        i, f, o, g = *random.uniform(0.15, 0.85, (3, H)), random.uniform(-0.8, 0.8, H)
        given = (dh, dc_carry, i, f, o, g, c_before, f * c_before + i * g, *p)
        return Case(part, given, steps_between(*given))

    return check(__name__, "peepholes", peephole_back, [on("five units", 5), on("three units", 3)], right=peepholes)


def steps_between(*given: np.ndarray) -> dict[str, np.ndarray]:
    """What lies between the arguments of `peephole_back` and its results: ct, dzi, dzf, dzo."""
    v = dict(zip(PEEPHOLE_VALUES, given, strict=True))
    ct, o = np.tanh(v["c"]), v["o"]
    dzo = v["dh"] * ct * o * (1 - o)
    dc = v["dh"] * o * (1 - ct**2) + v["dc_carry"] + dzo * v["po"]
    return {
        "ct": ct,
        "dzi": dc * v["g"] * v["i"] * (1 - v["i"]),
        "dzf": dc * v["c_before"] * v["f"] * (1 - v["f"]),
        "dzo": dzo,
    }


def peepholes(*given: np.ndarray) -> dict[str, np.ndarray]:
    """One right step back through a cell with peepholes, all that is elementwise; (H,) each.

    Source of the cell: Gers, Schraudolph and Schmidhuber, JMLR 3 (2002) 115.
    """
    v = dict(zip(PEEPHOLE_VALUES, given, strict=True)) | steps_between(*given)
    dc = v["dh"] * v["o"] * (1 - v["ct"] ** 2) + v["dc_carry"] + v["dzo"] * v["po"]
    return {
        "dc": dc,
        "dc_before": dc * v["f"] + v["dzi"] * v["pi"] + v["dzf"] * v["pf"],
        "dpi": v["dzi"] * v["c_before"],
        "dpf": v["dzf"] * v["c_before"],
        "dpo": v["dzo"] * v["c"],
    }


# ------------------------------------------------------------------------------------------ 4. a start that is learned


def check_start(start_gradient: Callable, seed: int = 1) -> Verdict:
    """Check `start_gradient(step, params, a, x, targets)` -> the gradient of a, (H,); c0 is a, and h0 is tanh(a)."""

    def on(part: str, seed: int, *size: int) -> Case:
        params, x, targets, _, a = case_of(seed, *size)
        taken: list[int] = []

        def counted(params: Params, cache: Cache, t: int, *deltas: np.ndarray) -> dict[str, np.ndarray]:
            taken.append(t)
            return step(params, cache, t, *deltas)

        def look(answer: object) -> str:
            called = "" if taken else borrowed.in_function(start_gradient, ("forward",), ("forward", *TOOLS))
            measured = f"The numbers are right, but measured with {called}, two losses or more for each entry of a."
            return f"{measured} Derive them: walk back with step, and go on into a." if called else ""

        return Case(part, (counted, params, a, x, targets), around_the_start(params, a, x, targets), look)

    cases = [on("five steps", seed, 5, 4, 6), on("a single step", seed + 1, 1, 6, 3)]
    return check(__name__, "start", start_gradient, cases, right=start)


def start(step: Callable, params: Params, a: np.ndarray, x: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The gradient of a, which is the cell and, squashed, the hidden state before the first token."""
    v = around_the_start(params, a, x, targets)
    return v["dc0"] + v["dh0"] * (1 - np.tanh(a) ** 2)


def from_zeros(params: Params, a: np.ndarray, x: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """What `start` gives if the forward pass starts from zeros."""
    zeros = np.zeros_like(a)
    v = around_the_start(params, zeros, x, targets)
    return v["dc0"] + v["dh0"] * (1 - np.tanh(a) ** 2)


def around_the_start(params: Params, a: np.ndarray, x: np.ndarray, targets: np.ndarray) -> Mapping[str, np.ndarray]:
    """The deltas of step 0, dh and dc, and of the state before it, dh0 and dc0; of the loss of step 0 too, V' dy."""
    cache = forward(params, x, np.tanh(a), a)
    dh_future = dc_carry = np.zeros(params.hidden_size)
    for t in reversed(range(len(x))):
        dh = params.V.T @ output_delta(cache, targets)[t] + dh_future
        back = step(params, cache, t, dh, dc_carry)
        dh_future, dc_carry = back["dh_before"], back["dc_before"]
    return {"dh": dh, "dc": back["dc"], "dh0": dh_future, "dc0": dc_carry, "f0": cache.f[0]}


def case_of(seed: int, T: int, K: int, H: int) -> tuple[Params, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A net with weights of order 1, a sequence with targets, and an initial state h0, c0 that is not zero."""
    random = np.random.default_rng(seed)
    x, targets = random.integers(0, K, (2, T))
    h0 = random.uniform(0.3, 0.9, H) * random.choice([-1, 1], H)
    return Params.random(K, H, seed=seed, scale=0.8), x, targets, h0, random.normal(0, 1, H)
