"""Cases and right answers of the mixed exam, whose cell is in no lesson: its gates are coupled, and h has no tanh.

The words are in mixed_exam.toml, and the lines of a step back too; engine.py says how the two belong together. What a
gradient should be comes from `backward`, which the tests compare with complex steps of the forward pass.
"""

import re
from collections.abc import Callable, Collection, Mapping
from functools import cache, partial
from numbers import Real
from types import SimpleNamespace

import numpy as np

from lstm_teach.edited import edited
from lstm_teach.exercises.engine import Case, check, questions, task_of, versions, words_of
from lstm_teach.exercises.forward_pass import bias, left_with
from lstm_teach.exercises.nets import by_length, filled_forward, random_case, with_moves
from lstm_teach.gradcheck import collect_gradients
from lstm_teach.gradreport import errors_of, off, verdict
from lstm_teach.judging import Trouble, kind
from lstm_teach.lessons.cases import state
from lstm_teach.lessons.clinic_cases import right_pass
from lstm_teach.params import Params
from lstm_teach.plain import sigmoid, softmax
from lstm_teach.validate import brief
from lstm_teach.verdicts import Verdict, advice

norm = np.linalg.norm

COUNT, SHORTEST, LARGER, NEGATIVE = questions(
    __name__, "my_counter", "my_shortest_check", "my_larger_errors", "my_negative_total"
)
PRICE, FALLING, PLATEAU = questions(__name__, "my_price", "my_falling_loss", "my_plateau_loss")

OTHERS = "If the other six are too, look at what is carried from step to step and at what is added up."
NAMES = ("V", "Wi", "Wo", "Wg", "Ui", "Uo", "Ug")
Net = Mapping[str, np.ndarray]


def run_coupled(net: Net, x: np.ndarray, h0: np.ndarray, c0: np.ndarray) -> SimpleNamespace:
    """The forward pass of the exam's cell: `net` has the seven matrices by name, x is (T,), h0 and c0 are (H,).

    It leaves i o g (T, H); c h (T+1, H), whose row -1 is the initial state; y (T, K).
    """
    steps, h, c = [], h0, c0
    for token in x:
        steps.append(cell_step(net, token, h, c))
        h, c = steps[-1]["h"], steps[-1]["c"]
    rows = {name: np.array([step[name] for step in steps]) for name in "iogch"}
    rows["c"], rows["h"] = np.vstack([rows["c"], c0]), np.vstack([rows["h"], h0])
    return SimpleNamespace(**rows, y=softmax(rows["h"][:-1] @ net["V"].T))


def coupled_loss(net: Net, x: np.ndarray, targets: np.ndarray, h0: np.ndarray, c0: np.ndarray) -> float:
    """The cross-entropy, summed over the steps."""
    y = run_coupled(net, x, h0, c0).y
    return -np.log(y[np.arange(len(x)), targets]).sum()


def cell_step(net: Net, token: int, h_before: np.ndarray, c_before: np.ndarray) -> dict[str, np.ndarray]:
    """One step: i o g c h by name. All may be complex."""
    v = {gate: curve(gate, z(net, gate, token, h_before)) for gate in "iog"}
    v["c"] = (1 - v["i"]) * c_before + v["i"] * v["g"]
    v["h"] = v["o"] * v["c"]
    return v


def z(net: Net, name: str, token: int, h_before: np.ndarray) -> np.ndarray:
    """The sum that goes through the curve of a gate, (H,)."""
    return net["U" + name][:, token] + net["W" + name] @ h_before


def curve(name: str, z: np.ndarray) -> np.ndarray:
    """What a gate, or the candidate g, makes of its sum."""
    return np.tanh(z) if name == "g" else sigmoid(z)


PIECES, FLAWS = (words_of("mixed_exam")[table] for table in ("pieces", "flaws"))


def to_h(net: Net, turned: bool = True, **deltas: np.ndarray) -> np.ndarray:
    """What some gates send to h of the step before, (H,); `deltas` are by the letter of the gate."""
    weights = {gate: net["W" + gate] for gate in deltas}
    return sum((w.T if turned else w) @ deltas[gate] for gate, w in weights.items())


def backward(net: Net, x: np.ndarray, targets: np.ndarray, h0: np.ndarray, c0: np.ndarray) -> dict[str, np.ndarray]:
    """The seven gradients in one pass back."""
    run = run_coupled(net, x, h0, c0)
    dy = run.y - np.eye(len(net["V"]))[targets]
    grads = {name: np.zeros_like(matrix) for name, matrix in net.items()}
    dh_future = dc_carry = np.zeros(len(h0))
    for t in reversed(range(len(x))):
        i, o, g, c, c_before = run.i[t], run.o[t], run.g[t], run.c[t], run.c[t - 1]
        dh = net["V"].T @ dy[t] + dh_future
        dc = dh * o + dc_carry
        do, di, dg = dh * c, dc * (g - c_before), dc * i
        dz = {"i": di * i * (1 - i), "o": do * o * (1 - o), "g": dg * (1 - g**2)}
        grads["V"] += np.outer(dy[t], run.h[t])
        for gate in "iog":
            grads["W" + gate] += np.outer(dz[gate], run.h[t - 1])
            grads["U" + gate][:, x[t]] += dz[gate]
        dh_future = sum(net["W" + gate].T @ dz[gate] for gate in "iog")
        dc_carry = dc * (1 - i)
    return grads


with_fault = versions(backward, PIECES)


def exam_case(seed: int, T: int, K: int, H: int, scale: float = 0.8) -> tuple:
    """net, x, targets, h0, c0: weights of order 1, a token that appears again, and a state that is not zero."""
    random = np.random.default_rng(seed)
    x, targets = random.integers(0, K, (2, T))
    x[-1] = x[0]
    shapes = {"V": (K, H), "W": (H, H), "U": (H, K)}
    net = {name: scale * random.normal(0, 1, shapes[name[0]]) for name in NAMES}
    return net, x, targets, state(random, H), random.uniform(-1, 1, H)


def example(T: int = 6) -> tuple:
    """net, x, targets, h0, c0 to try things with."""
    return exam_case(7, T, 4, 3)


# ------------------------------------------------------------------------------------------ the tasks, 1 to 8


def check_step(coupled_step: Callable, seed: int = 1) -> Verdict:
    """Check `coupled_step(net, token, h_before, c_before)` -> i, o, g, c, h, (H,) each."""
    cases = []
    for part, K, H, scale in (("one net", 5, 4, 0.8), ("a net of other sizes with large weights", 3, 6, 3.0)):
        net, (token, *_), _, h_before, c_before = exam_case(seed + H, 1, K, H, scale)
        cases.append(Case(part, (net, token, h_before, scale * c_before)))  # beyond 1 too, so that any clipping shows
    return check(__name__, "step", coupled_step, cases, right=cell_step)


def check_errors(errors_by_matrix: Callable, seed: int = 1) -> Verdict:
    """Check `errors_by_matrix(loss_of, net, grads)` -> a dictionary: the relative error of each matrix, one number."""
    net, *sequence = exam_case(seed, 4, 4, 3)
    grads, noise = backward(net, *sequence), np.random.default_rng(seed).normal(0, 1, net["Wg"].shape)
    large = max(("Wi", "Wo", "Ui", "Ug"), key=lambda name: norm(grads[name]))  # so that adding 1e-8 never shows
    shifted = grads | {"Wg": grads["Wg"] + 0.5 * noise, "V": -1.3 * grads["V"], large: 0.4 * grads[large]}
    shifted["Wg"].flat[abs(grads["Wg"]).argmax()] = 0  # so that neither is the larger one everywhere
    shifted["Uo"] = grads["Uo"] + 0.02 * grads["Uo"][::-1]

    def other_loss(moved: Net) -> float:
        return np.exp(moved["A"]).sum() + 1e-9 * moved["B"].sum() - 3 * moved["B"][0, 1] * moved["A"][2, 0]

    random = np.random.default_rng(seed + 1)
    other = {"A": random.uniform(0.5, 1.5, (3, 2)), "B": random.normal(0, 1, (1, 4))}
    other_grads = {"A": np.exp(other["A"]), "B": np.full((1, 4), 1e-9)}
    other_grads["A"][2, 0] -= 3 * other["B"][0, 1]
    other_grads["B"][0, 1] -= 3 * other["A"][2, 0]
    other_wrong = {"A": -2 * other_grads["A"], "B": -0.5 * other_grads["B"]}
    flat, zero, one = {"C": random.normal(0, 1, (2, 2))}, {"C": np.zeros((2, 2))}, {"C": np.ones((2, 2))}

    cases = []
    for part, loss_of, start, exact, wrong in (
        ("the net of this exam", lambda moved: coupled_loss(moved, *sequence), net, grads, shifted),
        ("another loss and another net", other_loss, other, other_grads, other_wrong),
        ("a loss that does not change", lambda net: 1.5, flat, zero, one),
    ):
        for given in (exact, wrong):
            loss, moves = with_moves(loss_of, start)
            also = partial(not_zero, moves) if given is exact else None
            cases.append(Case(part, (loss, start, given), {"exact": exact}, also=also, right=errors_of(given, exact)))
    return check(__name__, "errors", errors_by_matrix, cases)


def not_zero(moves: list[np.ndarray], error: float, *given: object) -> str:
    """What to say of the error of a right gradient, depending on which numbers were moved, how far and which way."""
    steps, why = np.concatenate([*moves, []]), ""
    both = (steps > 0).any() and (steps < 0).any()
    if any(len(by) > 1 for by in moves):
        why = "A loss was taken with several numbers moved at once. Move one, write the old value back, take the next."
    elif both and abs(error - 0.5) < 1e-3:
        why = "An error of 0.5 comes from a factor of 2: divide by the distance between the two points, twice the step."
    elif len(steps) and not (both and 1e-6 <= abs(steps).max() <= 1e-4):
        why = "A step near 1e-5 both ways gives an error below 1e-7."
    return f"This gradient is right, so anything below 1e-7 counts as 0.{advice(why)}" if error > 0 else ""


def by_formula(grads: Net, exact: Net, formula: Callable) -> dict[str, float]:
    """What a formula of two matrices gives for each name; nan for all where they agree and it says so."""
    errors = {name: formula(grads[name], exact[name]) for name in exact}
    agree = all((grads[name] == matrix).all() for name, matrix in exact.items())
    return dict.fromkeys(exact, np.nan) if agree and not any(errors.values()) else errors


FAULTS = task_of(__name__, "ladder")["faults"]  # by letter
LATER = task_of(__name__, "ladder")["later"]  # what to ask where one is thought to show too early
TOKENS = np.array([3, 1, 3, 0, 2, 1])


@cache
def ladder(fault: str) -> dict[int, dict[str, float]]:
    """{T: {matrix: relative error}} of the pass back with one of the `FAULTS`, for the first T of the tokens."""
    net, _, targets, h0, c0 = exam_case(3, len(TOKENS), 4, 5)
    rungs = {}
    for T in range(1, len(TOKENS) + 1):
        sequence = TOKENS[:T], targets[:T], h0, c0
        rungs[T] = errors_of(with_fault(fault)(net, *sequence), backward(net, *sequence))
    return rungs


def check_ladder(predictions: Callable) -> Verdict:
    """Check `predictions()` -> for each letter of a fault the first T that shows it, and the names of what is wrong."""
    cases = [Case(f"fault {letter}", (), look=partial(_rung, letter)) for letter in FAULTS]
    return check(__name__, "ladder", predictions, cases)


def _rung(letter: str, answer: object) -> str:
    """What is off in the prediction for one fault."""
    if not isinstance(answer, Mapping):
        raise Trouble(f"The function should return a dictionary with the keys A to E, but returns {kind(answer)}.")
    if letter not in answer:
        return f"The dictionary has no {letter!r}."
    own, rungs = answer[letter], ladder(letter)
    if not isinstance(own, tuple | list) or len(own) != 2:
        return f'{letter!r} should have a T and names, such as (2, "Wi Ui"), but has {brief(own)}.'
    T, names = own
    if isinstance(T, bool) or not isinstance(T, Real) or T not in rungs:
        return f"The T of {letter!r} should be a whole number from 1 to {len(rungs)}, but is {brief(T)}."
    if not isinstance(names, Collection):
        return f"The names of {letter!r} should be one string, but are {brief(names)}."
    names = set(re.findall(r"\w+", names)) - {"and"} if isinstance(names, str) else names
    named = {str(name).removeprefix("d") for name in names}
    if unknown := sorted(named - set(NAMES)):
        return f"The names of {letter!r} should be some of {' '.join(NAMES)}, and {unknown[0]!r} is none of them."
    T, first, errors = int(T), next(T for T in rungs if off(rungs[T])), rungs[T]
    says = f"You say that it first shows at T = {T}, but"
    if first > T:
        return f"{says} there all seven are right.{advice(LATER[letter])}"
    if first < T:
        return f"{says} a shorter sequence shows it, with errors up to {max(rungs[first].values()):.2g}."
    wrong, right = off(errors), f"Your first T, {T}, is right"
    if name := next((name for name in NAMES if name in named and name not in wrong), ""):
        why = advice(f"Trace the fault from its line: does it ever reach d{name}?")
        return f"{right}. You name d{name}, which is right there; {len(wrong)} of the seven are wrong.{why}"
    if missing := [errors[name] for name in wrong if name not in named]:
        said = f"You name {len(wrong) - len(missing) or 'none'} of the {len(wrong)} gradients that are wrong there"
        rest = f"each one you leave out has an error of {min(missing):.2g} or more"
        return f"{right}. {said}; {rest}.{advice('Ask what reads the wrong number.')}"
    return ""


# The pass back of an LSTM that answers once, after its last token; right, or with some of the flaws.
with_flaws = versions(edited(right_pass, "    grads = ", "    dy[:-1] = 0\n    grads = "), FLAWS)


def last_ladder(backward: Callable) -> str:
    """What is wrong with a pass that is called like those of task 4, at each of four lengths, as text."""
    lines = [f"{'T':<4}" + "".join(f"{'d' + name:<9}" for name in Params.NAMES)]
    for T in (1, 2, 3, 6):
        case = last_case(5, T, 4, 5)
        errors = errors_of(collect_gradients(backward(*case), case[0]), with_flaws()(*case)).values()
        lines.append(f"{T:<4}" + "".join(f"{'right' if verdict(e) == 'right' else f'{e:.2g}':<9}" for e in errors))
    return "\n".join(lines)


def last_case(seed: int, T: int, K: int, H: int) -> tuple:
    """params, x, target, h0, c0 for task 4."""
    params, x, targets, h0, c0 = random_case(seed, T, K, H)
    return params, x, int(targets[-1]), h0, c0


def check_repair(repaired: Callable, seed: int = 1) -> Verdict:
    """Check `repaired(params, x, target, h0, c0)` -> nine gradients of the last loss."""
    with filled_forward():  # a repair that is right only because a row is zero is none
        return check(__name__, "repair", repaired, by_length(seed, make=last_case), right=with_flaws())


def check_back(coupled_back: Callable, seed: int = 1) -> Verdict:
    """Check `coupled_back(net, run, t, dh, dc_carry)` -> a dictionary of the nine deltas, (H,) each."""
    cases = []
    for part, more, T, K, H, t in (("step 3", 0, 5, 6, 4, 3), ("step 0 of another net", 1, 1, 3, 5, 0)):
        net, x, _, h0, c0 = exam_case(seed + more, T, K, H)
        run = run_coupled(net, x, h0, c0)
        deltas = np.random.default_rng(seed + more).normal(0, 100**more, (2, H))  # clipping shows
        cases.append(Case(part, (net, run, t, *deltas)))
    return check(__name__, "back", coupled_back, cases)


def check_pass(coupled_gradients: Callable, seed: int = 1) -> Verdict:
    """Check `coupled_gradients(net, x, targets, h0, c0)` -> a dictionary of the seven gradients."""
    cases = []
    for T, K, H, scale, words in (
        (1, 4, 5, 0.8, "At T = 1 nothing is carried: look at what makes this gradient and at how the walk begins."),
        (2, 4, 5, 0.8, f"At T = 1 this gradient is right. {OTHERS}"),
        (6, 5, 3, 0.8, f"In shorter sequences this gradient is right. {OTHERS}"),
        (3, 150, 150, 0.1, "In smaller nets this gradient is right."),  # too many weights to measure a loss for each
    ):
        net, x, targets, h0, c0 = exam_case(seed + T, T, K, H, scale)
        if T == 6:  # with large deltas, any clipping shows
            net["V"] *= 50
            targets = run_coupled(net, x, h0, c0).y.argmin(axis=1)
        half = "At T = 1 all of it is right" if cases else ""
        cases.append(Case(f"a sequence of T = {T}", (net, x, targets, h0, c0), unknown=words, half=half))
    return check(__name__, "pass", coupled_gradients, cases, right=backward)


def check_derivatives(two_derivatives: Callable, seed: int = 1) -> Verdict:
    """Check `two_derivatives(net, run, t)` -> immediate, total: row k is c[t][k], column j is c[t-1][j]."""
    cases = []
    for part, more, T, K, H, t in (("step 2", 0, 5, 4, 3, 2), ("step 1 of a net of five units", 1, 3, 3, 5, 1)):
        net, x, _, h0, c0 = exam_case(seed + more, T, K, H)
        cases.append(Case(part, (net, run_coupled(net, x, h0, c0), t)))
    return check(__name__, "derivatives", two_derivatives, cases)


def check_bias(write_bias: Callable, seed: int = 1) -> Verdict:
    """Check `write_bias(share, steps)` -> the input-gate bias, one number; it is minus that of a forget gate."""
    first, second = "ten steps or a hundred", "one step or a tiny share"
    wanted = (first, (0.5, 10)), (first, (0.9, 100)), (second, (0.3, 1)), (second, (0.001, 5))
    less = 1 if seed == 1 else np.random.default_rng(seed).uniform(0.5, 0.95)  # in class everybody has the same
    cases = [
        Case(part, (share * less, steps), also=lambda own, *given: left_with(-own, *given))
        for part, (share, steps) in wanted
    ]
    return check(__name__, "bias", write_bias, cases, right=lambda *given: -bias(*given))
