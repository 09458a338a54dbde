"""Cases and right answers of exercise 4: a walk with weighted losses, biases, peepholes, a start that is learned.

The words are in single_pass_bptt.toml; engine.py says how the two belong together.
"""

import contextlib
from collections.abc import Callable, Mapping

import numpy as np

from lstm_teach import plain
from lstm_teach.edited import edited
from lstm_teach.exercises.engine import Case, check, questions
from lstm_teach.exercises.nets import filled, random_case
from lstm_teach.forward import Cache, forward
from lstm_teach.judging import Attempt, Trouble
from lstm_teach.lessons.cases import pick, surprised
from lstm_teach.lessons.clinic_cases import right_pass
from lstm_teach.params import Params
from lstm_teach.plain import score_deltas
from lstm_teach.verdicts import Verdict

PREDICT_PEEPHOLE, ONLY_CARRY, PASSES_AT_ONE = questions(
    __name__, "my_peephole_guess", "my_zero_delta", "my_first_suspect"
)


def step(params: Params, cache: Cache, t: int, dh: np.ndarray, dc_carry: np.ndarray) -> dict[str, np.ndarray]:
    """One right step back: its deltas by name, (H,) each like dh, dc_carry."""
    return pick(plain.cell_back(params, cache, t, dh, dc_carry), "do dc di df dg dzi dzf dzo dzg dh_before dc_before")


def check_walk(walk: Callable, seed: int = 1) -> Verdict:
    """Check `walk(step, params, cache, targets, weights)` -> dh, dc, (T, H) each, of the weighted sum of losses."""
    cases = []
    for part, more, size, weights in (
        ("six steps", 0, (5, 4), [0.5, 0, 1, 2, 0.25, 1.5]),
        ("a loss at the last step alone", 1, (4, 3), [0, 0, 0, 200]),  # large, so that any clipping shows
        ("a single step", 2, (3, 5), [2]),
    ):
        params, x, targets, h0, c0 = random_case(seed + more, len(weights), *size)
        cache = filled(forward(params, x, h0, c0))
        cases.append(Case(part, (step, params, cache, targets, np.array(weights, float))))
    return check(__name__, "walk", walk, cases, right=walked)


def walked(
    step: Callable, params: Params, cache: Cache, targets: np.ndarray, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """The deltas dh and dc of all steps, (T, H) each."""
    T, H = len(targets), params.hidden_size
    dy = score_deltas(cache, targets)
    deltas = {"dh": np.zeros((T, H)), "dc": np.zeros((T, H))}
    dh_future = dc_carry = np.zeros(H)
    for t in reversed(range(T)):
        dh = weights[t] * (params.V.T @ dy[t]) + dh_future
        back = step(params, cache, t, dh, dc_carry)
        deltas["dh"][t], deltas["dc"][t] = dh, back["dc"]
        dh_future = back["dh_before"]
        dc_carry = back["dc_before"]
    return deltas


def check_biases(bias_gradients: Callable, seed: int = 1) -> Verdict:
    """Check `bias_gradients(dzi, dzf, dzo, dzg, dy)` -> db (H,) and da (K,); dz. are (T, H), dy is (T, K)."""
    random = np.random.default_rng(seed)
    sizes = ("six steps", 6, 4, 5), ("as many steps as units", 3, 3, 3), ("a single step", 1, 2, 4)
    cases = [Case(part, (*random.normal(0, 1, (4, T, H)), random.normal(0, 1, (T, K)))) for part, T, H, K in sizes]
    return check(__name__, "biases", bias_gradients, cases)


def check_peepholes(peephole_back: Callable, seed: int = 1) -> Verdict:
    """Check `peephole_back(dh, dc_carry, i, f, o, g, c_before, c, pi, pf, po)` -> dc dc_before dpi dpf dpo."""
    random, cases = np.random.default_rng(seed), []
    for part, H, size in (("five units", 5, 1), ("three units", 3, 100)):
        dh, dc_carry, c_before, *p = random.uniform(0.3, 1.5, (6, H)) * random.choice([-1, 1], (6, H))
        i, f, o, g = *random.uniform(0.15, 0.85, (3, H)), random.uniform(-0.8, 0.8, H)
        cases.append(Case(part, (size * dh, size * dc_carry, i, f, o, g, c_before, f * c_before + i * g, *p)))
    return check(__name__, "peepholes", peephole_back, cases)


def check_start(start_gradient: Callable, seed: int = 1) -> Verdict:
    """Check `start_gradient(step, params, a, x, targets)` -> the gradient of a, (H,); c0 is a, and h0 is tanh(a)."""

    def on(part: str, seed: int, *size: int) -> Case:
        params, x, targets, _, a = random_case(seed, *size)
        if len(x) > 1:
            params, targets = surprised(params, x, np.tanh(a), a)
        taken: list[int] = []

        def counted(params: Params, cache: Cache, t: int, *deltas: np.ndarray) -> dict[str, np.ndarray]:
            taken.append(t)
            return step(params, cache, t, *deltas)

        def look(*given: object) -> str:
            attempt = Attempt(start_gradient)
            if not taken:
                with contextlib.suppress(Trouble):
                    attempt(step, params, a, x, targets)
            losses, forwards = (attempt.entered[f"lstm_teach.forward:{name}"] for name in ("loss", "forward"))
            called = "lt.loss" if losses else "lt.forward" if forwards > 4 else ""
            measured = f"The numbers are right, but measured with {called}, at least one loss for each entry of a."
            return f"{measured} Derive them: walk back with step, and go on into a." if called else ""

        deltas = around_the_start(params, x, targets, np.tanh(a), a)
        return Case(part, (counted, params, a, x, targets), deltas, look)

    cases = [on("five steps", seed, 5, 4, 6), on("a single step", seed + 1, 1, 6, 5)]
    return check(__name__, "start", start_gradient, cases, right=start)


def start(
    step: Callable, params: Params, a: np.ndarray, x: np.ndarray, targets: np.ndarray, walk: Callable = right_pass
) -> np.ndarray:
    """The gradient of a, which is the cell and, squashed, the hidden state before the first token; by another walk."""
    v = around_the_start(params, x, targets, np.tanh(a), a, walk=walk)
    return v["dc0"] + v["dh0"] * (1 - np.tanh(a) ** 2)


def around_the_start(*given: Params | np.ndarray, walk: Callable = right_pass) -> Mapping[str, np.ndarray]:
    """The deltas of step 0, dh and dc, and of the state before it, dh0 and dc0; of the loss of step 0 too, V' dy."""
    names = '{"dh": dh, "dc": dc, "dh0": dh_future, "dc0": dc_carry}'
    begun = "dh_future = dc_carry =", "dh = dc = dh_future = dc_carry ="  # in case a mistaken walk takes no step
    return edited(walk, *begun, "return grads", f"return {names}")(*given)
