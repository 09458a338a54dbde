"""Checks and questions of the mixed exam, about a cell that no lesson has: its gates are coupled, and h has no tanh.

What a gradient or a delta should be comes from complex steps of the forward pass, not from a backward pass.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from lstm_teach import exact_gradient, forward
from lstm_teach.exercises.checks import Attempt, Trouble, Verdict, advice, difference, is_like, judge, kind, unpack
from lstm_teach.exercises.questions import Option, Question
from lstm_teach.exercises.unread import filled_forward
from lstm_teach.gradcheck import collect_gradients
from lstm_teach.gradreport import relative_error
from lstm_teach.judging import explain
from lstm_teach.params import Params
from lstm_teach.validate import brief

NAMES = ("V", "Wi", "Wo", "Wg", "Ui", "Uo", "Ug")
RIGHT = 1e-7  # the largest relative error of a right gradient
LENGTHS = (1, 2, 3, 6)
Net = Mapping[str, np.ndarray]

COUNT = Question(
    "my_counter",
    "An LSTM can count: with f = 1 and i = 1 its cell grows by g at every step. Can the cell of this exam do it?",
    {
        "a": Option("yes, with i near 1", "Then 1 - i is near 0: the cell takes g and forgets what it had."),
        "b": Option("yes, with i near 0", "Then the cell keeps what it has, and next to nothing comes in."),
        "c": Option(
            "no: a new cell value lies between the old one and g",
            "The shares 1 - i and i add up to 1, so c is a mean of the two. It can't leave the interval from -1 to 1"
            " once it is in it, and that is why h can do without a tanh.",
        ),
        "d": Option(
            "no: without a tanh the cell would overflow", "It can't: a mean of two numbers is never beyond both."
        ),
    },
    right="c",
)

SHORTEST = Question(
    "my_shortest_check",
    "Somebody copies di = dc * g from the LSTM. Which is the first of these checks that notices?",
    {
        "a": Option(
            "T = 1, with h0 and c0 zero",
            "Here di is dc * (g - c_before), and c_before is zero: the copied line gives the same number.",
        ),
        "b": Option(
            "T = 1, with h0 not zero and c0 zero",
            "With h0 the four dW are tested as well, but in this line only the cell before matters, and it is zero.",
        ),
        "c": Option(
            "T = 1, with h0 and c0 not zero",
            "Now c_before is not zero, so dWi and dUi are wrong, after one step already.",
        ),
        "d": Option(
            "none of them: it takes T = 2",
            "With T = 2 it is noticed from a zero state too, as step 1 has a cell before it. But a shorter check does.",
        ),
    },
    right="c",
)

SECOND_FAULT = Question(
    "my_second_fault",
    "At T = 1 only dWo and dUo are wrong. At T = 2 all eight gate matrices are. Does it follow that there is a second"
    " fault?",
    {
        "a": Option(
            "yes: a fault in the line of one gate can only spoil that gate",
            "At T = 1, yes. But from T = 2 on the wrong delta goes through Wo into dh of the step before.",
        ),
        "b": Option(
            "no: at T = 2 the wrong delta of the output gate goes through Wo into the step before",
            "There it is part of dh, and dh goes into all four gates. So one fault would do. There may be a second one"
            " all the same: repair the first, and climb the ladder again.",
        ),
        "c": Option("yes: dV is right", "dV needs nothing that is carried. It says nothing about the gates."),
        "d": Option(
            "no: a second fault would make the errors larger",
            "Errors do not add up: a second fault can make a number smaller, and a right repair can make it larger.",
        ),
    },
    right="b",
)

NEGATIVE = Question(
    "my_negative_total",
    "For some unit the immediate derivative of c[t] by c[t-1] is positive, and the total one is negative. What does"
    " this say?",
    {
        "a": Option("one of the two is wrong", "They answer two questions, so they may differ, in sign too."),
        "b": Option(
            "a larger cell shows a larger h, and through i and g this takes away more than is kept",
            "The immediate derivative holds i and g fixed. In the total one they answer to h[t-1] = o[t-1] c[t-1], and"
            " what comes on this way has the weights' sign, whatever it is.",
        ),
        "c": Option("1 - i is negative", "i is a sigmoid, so 1 - i lies between 0 and 1."),
        "d": Option("the gradient has vanished", "It would be near 0 then. A sign says nothing about a size."),
    },
    right="b",
)

PRICE = Question(
    "my_price",
    "An input-gate bias lets 90 % of a cell value outlive 100 steps. How much of a new g comes in at one step?",
    {
        "a": Option(
            "about 0.1 %", "1 - i is the 100th root of 0.9, which is 0.99895, so i is 0.00105: the two are coupled."
        ),
        "b": Option("about 10 %", "That is what is lost in 100 steps. In one step it is about a hundredth of that."),
        "c": Option("about 50 %", "Then half of the cell would be lost at every step."),
        "d": Option(
            "about 90 %", "An LSTM could do that, as its f and i are two gates. Here i is 1 minus what is kept."
        ),
    },
    right="a",
)

FALLING = Question(
    "my_falling_loss",
    "A net trains with a backward pass that nobody has checked, and its loss falls at every step. What is proved?",
    {
        "a": Option("the gradient is right", "Many wrong gradients make the loss fall, fault A of this exam for one."),
        "b": Option(
            "the steps point downhill, roughly",
            "At an angle below 90 degrees to the right gradient, a small step makes the loss fall. With fault A the"
            " angle is 31 degrees in the net of task 3, and no carry of the cell is ever learned from.",
        ),
        "c": Option(
            "the net learns to remember",
            "It may learn all that can be told from the last token, and nothing else. The loss falls all the same.",
        ),
        "d": Option(
            "the gradient has an error below 0.01",
            "Fault A has errors up to 1.1 there, and its step still points downhill.",
        ),
    },
    right="b",
)

PLATEAU = Question(
    "my_plateau_loss",
    "A net reads eight symbols. The first seven targets follow a rule. The last one is one of four, told by the first"
    " symbol. What is the mean loss per symbol of a net that has learned everything but to remember?",
    {
        "a": Option("about 0", "Then it knows the last target too, and for that it has to remember the first symbol."),
        "b": Option("about 0.17", "ln 4 = 1.386 for the last symbol, nothing for the others, divided by 8."),
        "c": Option("about 1.39", "That is ln 4, the loss of the last symbol alone. Seven of eight cost nothing."),
        "d": Option("about 2.08", "That is ln 8, the loss of a net that has learned nothing."),
    },
    right="b",
)


# ------------------------------------------------------------------------------------------ the cell, forwards


@dataclass
class Run:
    """What a forward pass leaves behind: i o g (T, H); c h (T+1, H), whose row -1 is the initial state; y (T, K)."""

    i: np.ndarray
    o: np.ndarray
    g: np.ndarray
    c: np.ndarray
    h: np.ndarray
    y: np.ndarray


def run_coupled(net: Net, x: np.ndarray, h0: np.ndarray, c0: np.ndarray) -> Run:
    """The forward pass of the exam's cell: `net` has the seven matrices by name, x is (T,), h0 and c0 are (H,)."""
    steps, before = [], {"h": h0, "c": c0}
    for token in x:
        before = _step(net, token, before["h"], before["c"])
        steps.append(before)
    rows = {name: np.array([step[name] for step in steps]) for name in "iogch"}
    rows["c"], rows["h"] = np.vstack([rows["c"], c0]), np.vstack([rows["h"], h0])
    scores = rows["h"][:-1] @ net["V"].T
    return Run(**rows, y=np.exp(scores - _log_sum(scores)[:, None]))


def coupled_loss(net: Net, x: np.ndarray, targets: np.ndarray, h0: np.ndarray, c0: np.ndarray) -> float:
    """The cross-entropy, summed over the steps."""
    scores = run_coupled(net, x, h0, c0).h[:-1] @ net["V"].T
    return (_log_sum(scores) - scores[np.arange(len(x)), targets]).sum()


def _step(net: Net, token: int, h_before: np.ndarray, c_before: np.ndarray, nudge: Mapping | None = None) -> dict:
    """One step; `nudge` is added to the values that it names, to see what hears them. All may be complex."""
    v: dict[str, np.ndarray] = {}

    def put(name: str, value: np.ndarray) -> None:
        v[name] = value + (nudge or {}).get(name, 0)

    for gate in "iog":
        put("z" + gate, net["U" + gate][:, token] + net["W" + gate] @ h_before)
        put(gate, np.tanh(v["zg"]) if gate == "g" else _sigmoid(v["z" + gate]))
    put("c", (1 - v["i"]) * c_before + v["i"] * v["g"])
    put("h", v["o"] * v["c"])
    return v


def _sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def _log_sum(scores: np.ndarray) -> np.ndarray:
    """The logarithm of the sum of the exponentials of each row."""
    largest = scores.real.max(axis=1)
    return largest + np.log(np.exp(scores - largest[:, None]).sum(axis=1))


# ------------------------------------------------------------------------------------------ what is right

TINY = 1e-150  # a complex step: no difference is taken, so it can't be too small


def right_gradient(
    net: Net, x: np.ndarray, targets: np.ndarray, h0: np.ndarray, c0: np.ndarray
) -> dict[str, np.ndarray]:
    """The seven gradients, by complex steps of the loss."""
    grads = {}
    for name, matrix in net.items():
        grads[name] = np.zeros(matrix.shape)
        for index in np.ndindex(matrix.shape):
            nudged = matrix.astype(complex)
            nudged[index] += 1j * TINY
            grads[name][index] = coupled_loss({**net, name: nudged}, x, targets, h0, c0).imag / TINY
    return grads


def right_deltas(
    net: Net, token: int, h_before: np.ndarray, c_before: np.ndarray, dh: np.ndarray, dc_carry: np.ndarray
):
    """What each value of one step gets of dh and dc_carry, by complex steps: a dictionary of the names in `LINES`."""
    deltas = {name: np.zeros(len(dh)) for name in LINES}
    for name, delta in deltas.items():
        for k in range(len(dh)):
            by = np.zeros(len(dh), complex)
            by[k] = 1j * TINY
            h, c = h_before + by * (name == "dh_before"), c_before + by * (name == "dc_before")
            v = _step(net, token, h, c, {name[1:]: by})
            delta[k] = (dh @ v["h"] + dc_carry @ v["c"]).imag / TINY
    return deltas


def right_derivatives(net: Net, x: np.ndarray, run: Run, t: int) -> dict[str, np.ndarray]:
    """The immediate and the total derivative of c[t] by c[t-1], (H, H) each, by complex steps."""
    H = len(run.c[0])
    found = {"immediate": np.zeros((H, H)), "total": np.zeros((H, H))}
    for k in range(H):
        c = run.c[t - 1].astype(complex)
        c[k] += 1j * TINY
        for name, h in (("immediate", run.h[t - 1]), ("total", run.o[t - 1] * c)):
            found[name][:, k] = _step(net, x[t], h, c)["c"].imag / TINY
    return found


# ------------------------------------------------------------------------------------------ mistakes, backwards

# The lines of a step back, in the order in which they are computed; v has the forward values and what came before.
LINES = {
    "do": lambda v: v.dh * v.c,
    "dc": lambda v: v.dh * v.o + v.dc_carry,
    "di": lambda v: v.dc * (v.g - v.c_before),
    "dg": lambda v: v.dc * v.i,
    "dzi": lambda v: v.di * v.i * (1 - v.i),
    "dzo": lambda v: v.do * v.o * (1 - v.o),
    "dzg": lambda v: v.dg * (1 - v.g**2),
    "dh_before": lambda v: _to_h(v, "iog"),
    "dc_before": lambda v: v.dc * (1 - v.i),
}


def _to_h(v: SimpleNamespace, gates: str, prefix: str = "dz", transposed: bool = True) -> np.ndarray:
    """What some of the gates send to h of the step before, perhaps by the wrong matrix or from the wrong delta."""
    weights = {gate: v.net["W" + gate] for gate in gates}
    return sum((w.T if transposed else w) @ getattr(v, prefix + gate) for gate, w in weights.items())


def step_back(
    net: Net, run: Run, t: int, dh: np.ndarray, dc_carry: np.ndarray, lines: Mapping[str, Callable] = LINES
) -> dict[str, np.ndarray]:
    """One step back by `lines`, perhaps with other lines in place of the right ones."""
    v = _values(net, run, t, dh, dc_carry)
    for name, line in lines.items():
        setattr(v, name, line(v))
    return {name: getattr(v, name) for name in LINES}


def _values(net: Net, run: Run, t: int, dh: np.ndarray, dc_carry: np.ndarray) -> SimpleNamespace:
    """What the lines of step t read, by name."""
    values = {name: getattr(run, name)[t] for name in "iogch"}
    return SimpleNamespace(net=net, dh=dh, dc_carry=dc_carry, c_before=run.c[t - 1], **values)


# The faults of task 3 by letter; what they do to a step back, where it is a line.
FAULTS = {
    "A": "the cell's carry is lost: every step back gets zeros for dc_carry",
    "B": "what Wo should send back is left out of dh_before",
    "C": "dUi, dUo and dUg are overwritten at every step in place of being added to",
    "D": "the slope of the sigmoid of o is left out",
    "E": "the pass begins its forward run from zeros, though h0 and c0 are not zero",
}
FAULTY_LINES = {
    "A": {"dc_before": lambda v: 0 * v.dc},
    "B": {"dh_before": lambda v: _to_h(v, "ig")},
    "D": {"dzo": lambda v: v.do},
    "copied di": {"di": lambda v: v.dc * v.g},
    "carry whole": {"dc_before": lambda v: v.dc},
    "carry by i": {"dc_before": lambda v: v.dc * v.i},
    "h not carried": {"dh_before": lambda v: 0 * v.dh},
    "not transposed": {"dh_before": lambda v: _to_h(v, "iog", transposed=False)},
    "slope of tanh": {"dc": lambda v: v.dh * v.o * (1 - np.tanh(v.c) ** 2) + v.dc_carry},
    "tanh of c": {"do": lambda v: v.dh * np.tanh(v.c)},
}


def backward(
    net: Net, x: np.ndarray, targets: np.ndarray, h0: np.ndarray, c0: np.ndarray, fault: str = ""
) -> dict[str, np.ndarray]:
    """The seven gradients in one pass back, with one of the faults in it; without any it is right."""
    run = run_coupled(net, x, 0 * h0, 0 * c0) if fault == "E" else run_coupled(net, x, h0, c0)
    lines = LINES | FAULTY_LINES.get(fault, {})
    dy = run.y - (fault != "y") * np.eye(len(net["V"]))[targets]
    grads = {name: np.zeros_like(matrix) for name, matrix in net.items()}
    dh_future = dc_carry = np.zeros(len(h0))
    for t in reversed(range(len(x))):
        grads["V"] += np.outer(dy[t], run.h[t])
        heard = np.zeros(len(h0)) if fault == "last loss" and t < len(x) - 1 else net["V"].T @ dy[t]
        back = step_back(net, run, t, heard + dh_future, dc_carry, lines)
        for gate in "iog":
            dz = back["dz" + gate]
            grads["W" + gate] += np.outer(dz, run.h[t if fault == "same h" else t - 1])
            column = grads["U" + gate][:, x[t]]
            column[:] = dz if fault == "C" else column + dz
        dh_future, dc_carry = back["dh_before"], back["dc_before"]
    if fault == "mean":
        return {name: grad / len(x) for name, grad in grads.items()}
    return grads


# ------------------------------------------------------------------------------------------ 1. a step forwards

STEP_HINTS = (
    "Three of the five lines are those of the LSTM without f. In the other two, read what the task says about c and h,"
    " and not what your hand remembers.",
    "The new cell is a mean: the share 1 - i of what was there, the share i of the candidate. Nothing is squashed"
    " between c and h.",
    "c = (1 - i) * c_before + i * g; h = o * c; return i, o, g, c, h.",
)
STEP_NAMES = ("i", "o", "g", "c", "h")


def check_step(coupled_step: Callable, seed: int = 1) -> Verdict:
    """Check `coupled_step(net, token, h_before, c_before)` -> i, o, g, c, h, (H,) each."""

    def on(K: int, H: int, scale: float) -> dict[str, Callable[[Attempt], str]]:
        net, (token, *_), _, h_before, c_before = _case(seed + H, 1, K, H, scale)
        right = _step(net, token, h_before, c_before)
        given = net, token, h_before, c_before

        def part(attempt: Attempt, name: str) -> str:
            own = unpack(attempt(*given), " ".join(STEP_NAMES))
            v = SimpleNamespace(**right, c_before=c_before)
            for other in "iogc":  # c and h are right if they follow from the learner's own values
                if is_like(own[other], right[other]):
                    setattr(v, other, np.asarray(own[other], float))
            lines = {"c": lambda v: (1 - v.i) * v.c_before + v.i * v.g, "h": lambda v: v.o * v.c}
            expected = lines[name](v) if name in lines else right[name]
            if not expected.any() or not difference(name, own[name], right[name]):
                expected = right[name]
            return difference(name, own[name], expected, ("unit",), mistakes(name, v))

        def mistakes(name: str, v: SimpleNamespace) -> dict[str, np.ndarray]:
            if name == "c":
                return {
                    "The shares are turned round: i is what comes in, 1 - i what is kept.": v.i * v.c_before
                    + (1 - v.i) * v.g,
                    "The old cell is kept whole here; only the share 1 - i of it stays.": v.c_before + v.i * v.g,
                    "What was there before is missing.": v.i * v.g,
                    "g comes in whole here; only the share i of it does.": (1 - v.i) * v.c_before + v.g,
                    "h_before is used instead of c_before.": (1 - v.i) * h_before + v.i * v.g,
                    "o is used instead of 1 - i.": v.o * v.c_before + v.i * v.g,
                }
            if name == "h":
                return {
                    "This cell has no tanh between c and h.": v.o * np.tanh(v.c),
                    "The cell is shown whole; o is the share that is shown.": v.c,
                    "i is used instead of o.": v.i * v.c,
                    "The old cell is shown; h is made from the new one.": v.o * v.c_before,
                }
            W, U, curve = net["W" + name], net["U" + name], np.tanh if name == "g" else _sigmoid
            z = getattr(v, "z" + name)
            return {
                "This is the sum z itself: its curve is missing.": z,
                "The curve is the other one: i and o are gates, g is a candidate.": (
                    _sigmoid if name == "g" else np.tanh
                )(z),
                "W is transposed: row k of W belongs to unit k.": curve(U[:, token] + W.T @ h_before),
                "The part with U is missing.": curve(W @ h_before),
                "The part with W is missing.": curve(U[:, token]),
                "W acts on h_before, not on the cell.": curve(U[:, token] + W @ c_before),
                **{f"This is {other}; the order is i, o, g, c, h.": right[other] for other in STEP_NAMES},
            }

        return {name: functools.partial(part, name=name) for name in STEP_NAMES}

    other = on(3, 6, 3.0)
    parts = on(5, 4, 0.8)
    parts["other sizes, large weights"] = lambda attempt: next(filter(None, (p(attempt) for p in other.values())), "")
    note = "c and h are judged by what your own lines above them gave."
    return judge(coupled_step, parts, STEP_HINTS, note=note)


# ------------------------------------------------------------------------------------------ 2. a gradient check

ERRORS_HINTS = (
    "Move one number of one matrix to both sides, ask for the loss twice, and you have its slope. With a slope for each"
    " number of a matrix you can compare it with grads as a whole.",
    "Two loops: over the names of net, and over np.ndindex(net[name].shape). Work on a copy of the net, write the old"
    " value back each time, and take a step near 1e-5. Two norms of zero are the only case of 0/0.",
    "number[index] = (loss_of(ahead) - loss_of(behind)) / (2 * step); size = max(np.linalg.norm(number),"
    " np.linalg.norm(grads[name])); errors[name] = np.linalg.norm(number - grads[name]) / size if size else 0.0.",
)


def check_errors(errors_by_matrix: Callable, seed: int = 1) -> Verdict:
    """Check `errors_by_matrix(loss_of, net, grads)` -> a dictionary: the relative error of each matrix, one number."""
    net, *sequence = _case(seed, 4, 4, 3)
    grads = right_gradient(net, *sequence)

    def loss_of(net: Net) -> float:
        return coupled_loss(net, *sequence)

    noise = np.random.default_rng(seed).normal(0, 1, grads["Wg"].shape)
    shifted = grads | {"Wg": grads["Wg"] + 0.5 * noise, "V": -grads["V"], "Uo": 1.01 * grads["Uo"]}

    def other_loss(net: Net) -> float:
        return np.exp(net["A"]).sum() + 1e-9 * net["B"].sum() - 3 * net["B"][0, 1] * net["A"][2, 0] + 0 * net["C"][0, 0]

    random = np.random.default_rng(seed + 1)
    other = {"A": random.normal(0, 1, (3, 2)), "B": random.normal(0, 1, (1, 4)), "C": np.ones((2, 2))}
    other_grads = {"A": np.exp(other["A"]), "B": np.full((1, 4), 1e-9), "C": np.zeros((2, 2))}
    other_grads["A"][2, 0] -= 3 * other["B"][0, 1]
    other_grads["B"][0, 1] -= 3 * other["A"][2, 0]
    given = {
        "right": (loss_of, net, grads),
        "shifted": (loss_of, net, shifted),
        "other": (other_loss, other, other_grads),
        "other, off": (other_loss, other, other_grads | {"B": 2 * other_grads["B"], "A": 0 * other_grads["A"]}),
    }

    def errors(attempt: Attempt, case: str) -> Iterator[tuple[str, float]]:
        answer = attempt(*given[case])
        if not isinstance(answer, Mapping):
            raise Trouble(f"The function should return a dictionary of errors by name, but returns {kind(answer)}.")
        for name in given[case][1]:
            if name not in answer:
                raise Trouble(f"The dictionary has no {name}: every matrix of the net has an error.")
            if sentence := difference(f"The error of {name}", answer[name], 0.0, (), tolerance=np.inf):
                raise Trouble(sentence)
            yield name, float(answer[name])

    def small(case: str, names: Collection[str] = ()) -> Callable[[Attempt], str]:
        def part(attempt: Attempt) -> str:
            if dict(errors(attempt, "shifted"))["V"] == 0:
                return "The error of V is 0, also for gradients that are far off: the two have to be compared."
            for name, error in errors(attempt, case):
                if not 0 <= error < RIGHT and (not names or name in names):
                    why = (
                        "A difference to both sides with a step near 1e-5 gives less than 1e-7."
                        if error > 0
                        else ("A norm is never negative.")
                    )
                    return f"This gradient is right, but your error of {name} is {error:.2g}.{advice(why)}"
            return ""

        return part

    def large(case: str, names: str) -> Callable[[Attempt], str]:
        _, matrices, off = given[case]
        exact = grads if matrices is net else other_grads

        def part(attempt: Attempt) -> str:
            found = dict(errors(attempt, case))
            for name in names.split():
                gap = off[name] - exact[name]
                norms = np.linalg.norm(off[name]), np.linalg.norm(exact[name])
                mistakes = {
                    "This is the norm of the difference; divide it by the larger of the two norms.": np.linalg.norm(
                        gap
                    ),
                    "This divides by the sum of the norms; the larger one is asked for.": np.linalg.norm(gap)
                    / sum(norms),
                    "This divides by the smaller norm.": np.linalg.norm(gap) / (min(norms) or 1),
                    "This is the largest single difference.": abs(gap).max(),
                    "The square root is missing.": (gap**2).sum()
                    / max((off[name] ** 2).sum(), (exact[name] ** 2).sum()),
                    "The two gradients are compared by their norms alone; the difference comes first.": abs(
                        norms[0] - norms[1]
                    )
                    / max(norms),
                }
                expected = relative_error(off[name], exact[name])
                mistakes = {text: wrong for text, wrong in mistakes.items() if abs(wrong - expected) > 1e-4}
                near = {text: found[name] for text, wrong in mistakes.items() if abs(found[name] - wrong) < 1e-5}
                if sentence := difference(f"The error of {name}", found[name], expected, (), near, tolerance=1e-5):
                    return sentence
            return ""

        return part

    parts = {
        "a right gradient": small("right"),
        "three matrices that are off": large("shifted", "V Wg Uo"),
        "another loss and another net": lambda attempt: small("other")(attempt) or large("other, off", "A B")(attempt),
        "two matrices of zeros": small("other", ("C",)),
    }
    return judge(errors_by_matrix, parts, ERRORS_HINTS, allow=("relative_error",))


# ------------------------------------------------------------------------------------------ 3. the ladder

LADDER_HINTS = (
    "Take the faults one by one and ask: in a sequence of one step, is the wrong number used for any gradient? If not,"
    " go up a rung. Only then ask which gradients hear it.",
    "o hears dh and nothing of dc; i and g hear dc; dh goes into all three, and dV into none. At T = 2 the last step is"
    " right, and what it hands on is wrong or not. A column of U gets its second share where a token comes again.",
    "A: T = 2, where dc of step 0 is wrong and its dh is not. B: T = 2, where dh of step 0 is wrong. C: where the first"
    " token of x comes again. D: T = 1, in the gradients that are made from dzo. E: T = 1, in all that are made from h,"
    " c or y.",
)
TOKENS = np.array([3, 1, 3, 0, 2, 1])


@functools.cache
def ladder(fault: str, seed: int = 3) -> dict[int, dict[str, float]]:
    """{T: {matrix: relative error}} of the pass back with one of the `FAULTS`, for the first T of the tokens."""
    net, _, targets, h0, c0 = _case(seed, len(TOKENS), 4, 5)
    rungs = {}
    for T in range(1, len(TOKENS) + 1):
        sequence = TOKENS[:T], targets[:T], h0, c0
        got, right = backward(net, *sequence, fault), right_gradient(net, *sequence)
        rungs[T] = {name: relative_error(got[name], right[name]) for name in NAMES}
    return rungs


def check_ladder(predictions: Callable) -> Verdict:
    """Check `predictions()` -> for each letter of a fault the first T that shows it, and the names of what is wrong."""

    def on(letter: str) -> Callable[[Attempt], str]:
        rungs = ladder(letter)
        wrong = {T: {name for name, error in errors.items() if error > RIGHT} for T, errors in rungs.items()}
        first = next(T for T, names in wrong.items() if names)

        def part(attempt: Attempt) -> str:
            answer = attempt()
            if not isinstance(answer, Mapping):
                raise Trouble(
                    f"The function should return a dictionary with the keys A to E, but returns {kind(answer)}."
                )
            if letter not in answer:
                return f"The dictionary has no {letter!r}."
            own = answer[letter]
            if not isinstance(own, tuple | list) or len(own) != 2:
                return f'{letter!r} should have a T and names, (2, "Wi Ui") for instance, but has {brief(own)}.'
            T, names = own
            if isinstance(T, bool) or not isinstance(T, int | np.integer) or T not in rungs:
                return f"The T of {letter!r} should be a number from 1 to {len(rungs)}, but is {brief(T)}."
            if isinstance(names, str):
                names = names.replace(",", " ").split()
            elif not isinstance(names, Collection):
                return f"The names of {letter!r} should stand in one text, but are {brief(names)}."
            named = {str(name) if str(name) in NAMES else str(name).removeprefix("d") for name in names}
            if unknown := sorted(named - set(NAMES)):
                return f"The names of {letter!r} should be some of {' '.join(NAMES)}, but {unknown[0]} is among them."
            if first > T:
                ask = advice("Is the wrong number used for any gradient there?")
                most = max(rungs[T].values())
                return f"You see it at T = {T} first, but there all seven are right, up to {most:.0e}.{ask}"
            if first < T:
                worst = max(rungs[first].values())
                return f"You see it at T = {T} first, but a shorter sequence shows it, with errors up to {worst:.2g}."
            many = f"{len(wrong[T])} of the seven {'is' if len(wrong[T]) == 1 else 'are'} wrong"
            for name in NAMES:
                if name in named - wrong[T]:
                    why = advice("Follow it from the line with the fault: does its product ever get there?")
                    return (
                        f"T = {T} is right. There you name d{name}, whose error is {rungs[T][name]:.0e}; {many}.{why}"
                    )
            if missing := wrong[T] - named:
                count = f"{len(missing)} more {'is' if len(missing) == 1 else 'are'} wrong"
                why = advice("Ask what else reads the wrong number.")
                return (
                    f"T = {T} is right, and so is what you name, but {count}, with errors from"
                    f" {min(rungs[T][name] for name in missing):.2g} on.{why}"
                )
            return ""

        return part

    return judge(predictions, {f"fault {letter}": on(letter) for letter in FAULTS}, LADDER_HINTS)


# ------------------------------------------------------------------------------------------ 4. find and repair

LAST_FLAWS = ("slope of o", "Wo left out")


def last_loss_pass(
    params: Params,
    x: np.ndarray,
    target: int,
    h0: np.ndarray | None = None,
    c0: np.ndarray | None = None,
    flaws: Collection[str] = (),
) -> Params:
    """The nine gradients of an LSTM that answers once, after its last token; right, or with some of the flaws."""
    run = forward(params, x, h0, c0)
    grads = Params.zeros(params.vocab_size, params.hidden_size)
    dh_future = dc_carry = np.zeros(params.hidden_size)
    for t in reversed(range(len(x))):
        i, f, o, g, ct = run.i[t], run.f[t], run.o[t], run.g[t], run.ct[t]
        dh = dh_future
        if t == len(x) - 1 or "every loss" in flaws:
            dy = run.y[t] - np.eye(params.vocab_size)[target]
            grads.V += np.outer(dy, run.h[t])
            dh = dh + params.V.T @ dy
        dc = dh * o * (1 - ct**2) + dc_carry
        slope = 1 - o**2 if "slope of o" in flaws else o * (1 - o)
        slope = o if "half the slope" in flaws else slope
        dz = {
            "i": dc * g * i * (1 - i),
            "f": dc * run.c[t - 1] * f * (1 - f),
            "o": dh * ct * slope,
            "g": dc * i * (1 - g**2),
        }
        for gate in "ifog":
            grads["W" + gate] += np.outer(dz[gate], run.h[t - 1])
            grads["U" + gate][:, x[t]] += dz[gate]
        to_h = "ifg" if "Wo left out" in flaws else "ifog"
        dh_future = sum(
            (params["W" + gate].T if "W not turned" not in flaws else params["W" + gate]) @ dz[gate] for gate in to_h
        )
        dc_carry = dc * f
    return grads


def right_last_gradient(params: Params, x: np.ndarray, target: int, h0: np.ndarray, c0: np.ndarray) -> Params:
    """The gradient of the last loss alone: that of all losses without that of all but the last."""
    targets = np.full(len(x), target)
    grads = exact_gradient(params, x, targets, h0, c0)
    if len(x) > 1:
        grads.flat[:] -= exact_gradient(params, x[:-1], targets[:-1], h0, c0).flat
    return grads


def last_ladder(backward: Callable) -> str:
    """What is wrong with a pass that is called like those of task 4, at each of four lengths, as text."""
    lines = [f"{'T':<4}" + "".join(f"{'d' + name:<9}" for name in Params.NAMES)]
    for T in LENGTHS:
        case = _last_case(5, T, 4, 5)
        right, got = right_last_gradient(*case), collect_gradients(backward(*case), case[0])
        errors = [relative_error(got[name], right[name]) for name in Params.NAMES]
        lines.append(f"{T:<4}" + "".join(f"{f'{e:.2g}' if e > RIGHT else 'right':<9}" for e in errors))
    return "\n".join(lines)


REPAIR_HINTS = (
    "Repair what shows at T = 1 first. Only dWo and dUo are wrong there, so look for a line that belongs to the output"
    " gate alone. Then run the check again, and read what is left.",
    "b: which curve did o go through, and what is its slope? After that T = 1 is right and at T = 2 all eight gate"
    " matrices are wrong: what reaches all four gates is dh, and it is made in the line d.",
    'b: "o": dh * ct * o * (1 - o). d: the sum goes over "ifog", since h of the step before goes into all four gates.',
)


def check_repair(repaired: Callable, seed: int = 1) -> Verdict:
    """Check `repaired(params, x, target, h0, c0)` -> nine gradients of the last loss."""
    known = {
        "These are still the numbers of the pass as it was.": LAST_FLAWS,
        "One flaw is repaired; another one is left, and this length shows it.": ("Wo left out",),
        "One flaw is repaired; the one that shows at T = 1 is left.": ("slope of o",),
        "The slope of the sigmoid has two factors.": ("half the slope",),
        "The slope of the sigmoid has two factors, and another flaw is left.": ("half the slope", "Wo left out"),
        "This adds a loss at every step; here only the last step has one.": ("every loss",),
        "W has to be transposed on the way back.": ("W not turned",),
    }

    sizes = (1, 4, 5), (2, 4, 5), (6, 4, 5), (9, 6, 3)
    cases = [_last_case(seed + T, T, K, H) for T, K, H in sizes]
    rights = [right_last_gradient(*case) for case in cases]

    def nine(attempt: Attempt, case: tuple) -> Mapping[str, np.ndarray]:
        try:
            return collect_gradients(attempt(*case), case[0])
        except ValueError as error:
            raise Trouble(f"{attempt.name} {error}") from None

    def mistake(attempt: Attempt) -> str:
        """What explains the gradients of all lengths."""

        def flat(grads: Mapping[str, np.ndarray]) -> np.ndarray:
            return np.concatenate([np.ravel(grads[name]) for name in Params.NAMES])

        try:
            got = [flat(nine(attempt, case)) for case in cases]
        except Trouble:
            return ""
        like = {text: [flat(last_loss_pass(*case, flaws=flaws)) for case in cases] for text, flaws in known.items()}
        return explain(got, [flat(right) for right in rights], like)

    def on(case: tuple, right: Params) -> Callable[[Attempt], str]:
        def part(attempt: Attempt) -> str:
            own = nine(attempt, case)
            errors = {name: relative_error(own[name], right[name]) for name in Params.NAMES}
            wrong = [name for name in Params.NAMES if not errors[name] <= RIGHT]
            if not wrong:
                return ""
            worst = max(wrong, key=errors.get)
            fine = " ".join(f"d{name}" for name in Params.NAMES if name not in wrong) or "none"
            named = " ".join(f"d{name}" for name in wrong)
            sentence = f"Wrong {named}; right {fine}. Furthest off is d{worst}, with an error of {errors[worst]:.2g}."
            return sentence + advice(mistake(attempt))

        return part

    names = "T = 1", "T = 2", "T = 6", "T = 9, other sizes"
    parts = {name: on(*both) for name, both in zip(names, zip(cases, rights, strict=True), strict=True)}
    with filled_forward():  # a repair that is right only because a row is zero is none
        return judge(repaired, parts, REPAIR_HINTS, allow=("forward",))


# ------------------------------------------------------------------------------------------ 5. a step back

BACK_HINTS = (
    "Read the five forward lines from the last to the first. What stands on the left has a delta already; each thing on"
    " the right gets it times what it is multiplied with.",
    "c = (1 - i) * c_before + i * g has i in two places: with the old cell, with a minus, and with g. h = o * c has no"
    " slope of a tanh. Three matrices send something back to h, not four.",
    "do = dh * c; dc = dh * o + dc_carry; di = dc * (g - c_before); dg = dc * i; dc_before = dc * (1 - i);"
    " dh_before = Wi.T @ dzi + Wo.T @ dzo + Wg.T @ dzg.",
)
BACK_MISTAKES: dict[str, dict[str, Callable]] = {
    "do": {
        "This cell has no tanh between c and h.": lambda v: v.dh * np.tanh(v.c),
        "h is o times c, so do is dh times the other factor, c.": lambda v: v.dh * v.o,
        "The old cell stands here; h is made from the new one.": lambda v: v.dh * v.c_before,
        "This goes on to the pre-activation already; do is the delta of the gate.": lambda v: (
            v.dh * v.c * v.o * (1 - v.o)
        ),
    },
    "dc": {
        "There is no tanh between c and h, so there is no slope of one either.": lambda v: (
            v.dh * v.o * (1 - np.tanh(v.c) ** 2) + v.dc_carry
        ),
        "1 - c**2 is a slope of tanh; here h is o times c itself.": lambda v: v.dh * v.o * (1 - v.c**2) + v.dc_carry,
        "dc_carry is missing: it is added at the end.": lambda v: v.dh * v.o,
        "Only dc_carry is there; the part through h is missing.": lambda v: v.dc_carry,
        "o is missing: only a share o of c is shown.": lambda v: v.dh + v.dc_carry,
        "dc_carry has been multiplied by o; it comes from the next cell and is added as it is.": lambda v: (
            (v.dh + v.dc_carry) * v.o
        ),
    },
    "di": {
        "i stands in two places of c, and only i * g is in here.": lambda v: v.dc * v.g,
        "i stands in two places of c, and only (1 - i) * c_before is in here.": lambda v: -v.dc * v.c_before,
        "The sign is turned: a larger i lets in more of g and keeps less of c_before.": lambda v: (
            v.dc * (v.c_before - v.g)
        ),
        "1 - i falls when i rises: the old cell counts with a minus.": lambda v: v.dc * (v.g + v.c_before),
        "c[t] is used instead of c[t-1].": lambda v: v.dc * (v.g - v.c),
        "dh is used instead of dc: this gate acts on the cell.": lambda v: v.dh * (v.g - v.c_before),
    },
    "dg": {
        "In i * g the other factor is i.": lambda v: v.dc * v.g,
        "1 - i belongs to the old cell; g is multiplied by i.": lambda v: v.dc * (1 - v.i),
        "dh is used instead of dc: the candidate acts on the cell.": lambda v: v.dh * v.i,
        "dg has only the carried part of dc.": lambda v: v.dc_carry * v.i,
    },
    **{
        "dz" + gate: {
            "The slope of the curve is missing.": lambda v, gate=gate: getattr(v, "d" + gate),
            "This slope is of the other curve: s * (1 - s) for the sigmoid, 1 - g**2 for tanh.": lambda v, gate=gate: (
                getattr(v, "d" + gate) * (v.g * (1 - v.g) if gate == "g" else 1 - getattr(v, gate) ** 2)
            ),
            "Half of the slope is missing: it is a product of two factors.": lambda v, gate=gate: (
                getattr(v, "d" + gate) * (1 - getattr(v, gate))
            ),
        }
        for gate in "iog"
    },
    "dh_before": {
        "W stands where its transpose is meant: W @ h forwards, W.T @ dz backwards.": lambda v: _to_h(
            v, "iog", transposed=False
        ),
        "The deltas of the gates stand where those of the pre-activations are meant.": lambda v: _to_h(v, "iog", "d"),
        **{
            f"What comes through W{gate} is missing.": lambda v, gate=gate: _to_h(v, "iog".replace(gate, ""))
            for gate in "iog"
        },
        "dh itself has been added: h of the step before acts through the gates only.": lambda v: _to_h(v, "iog") + v.dh,
    },
    "dc_before": {
        "i is the share that comes in; what is kept of the old cell is 1 - i.": lambda v: v.dc * v.i,
        "The old cell is kept only by the share 1 - i.": lambda v: v.dc,
        "dc_carry has been added to; what goes on is dc * (1 - i) alone.": lambda v: v.dc_carry + v.dc * (1 - v.i),
        "Only the carried part goes on; all of dc has to.": lambda v: v.dc_carry * (1 - v.i),
        "What goes through h is in dh_before already: here i and h are held fixed.": lambda v: (
            v.dc * (1 - v.i) + v.o * _to_h(v, "iog")
        ),
    },
}


def check_back(coupled_back: Callable, seed: int = 1) -> Verdict:
    """Check `coupled_back(net, run, t, dh, dc_carry)` -> a dictionary of the nine deltas, (H,) each."""

    def on(seed: int, T: int, K: int, H: int, t: int) -> dict[str, Callable[[Attempt], str]]:
        net, x, _, h0, c0 = _case(seed, T, K, H)
        run = run_coupled(net, x, h0, c0)
        dh, dc_carry = np.random.default_rng(seed).normal(0, 1, (2, H))
        given = net, run, t, dh, dc_carry
        right = right_deltas(net, x[t], run.h[t - 1], run.c[t - 1], dh, dc_carry)

        def part(attempt: Attempt, name: str) -> str:
            own = attempt(*given)
            if not isinstance(own, Mapping):
                raise Trouble(f"The function should return a dictionary ({', '.join(LINES)}), but returns {kind(own)}.")
            if name not in own:
                return f"The dictionary has no {name}."
            v = _values(*given)
            for other in LINES:  # a line is right if it follows from the learner's own values above it
                setattr(
                    v, other, np.asarray(own[other], float) if is_like(own.get(other), right[other]) else right[other]
                )
            expected = LINES[name](v)
            # From zeros only zeros follow, and a dictionary of zeros is not half right.
            if not expected.any() or not difference(name, own[name], right[name]):
                expected = right[name]
            mistakes = {text: line(v) for text, line in BACK_MISTAKES[name].items()}
            return difference(name, own[name], expected, ("unit",), mistakes)

        return {name: functools.partial(part, name=name) for name in LINES}

    parts = on(seed, 5, 6, 4, t=2)
    other = on(seed + 1, 1, 3, 5, t=0)

    def beyond(attempt: Attempt) -> str:
        if any(part(attempt) for part in parts.values()):
            return "This is looked at when all deltas of step 2 are right."
        return next(filter(None, (part(attempt) for part in other.values())), "")

    note = "Each delta is judged by what your own lines above it gave, so that one mistake is told once."
    return judge(coupled_back, parts | {"step 0, other sizes": beyond}, BACK_HINTS, note=note)


# ------------------------------------------------------------------------------------------ 6. the whole pass

PASS_HINTS = (
    "Forwards once, then from the last step to the first. dh has two parts, the step's own loss and what the step after"
    " it hands on. Both carried deltas begin as zeros.",
    "run = run_coupled(net, x, h0, c0). At step t: dy is run.y[t] with 1 taken away at the target, dh = V.T @ dy +"
    " dh_future. W gets the outer product of dz and h[t-1], the token's column of U gets dz, added up.",
    'back = coupled_back(net, run, t, net["V"].T @ dy + dh_future, dc_carry); grads["V"] += np.outer(dy, run.h[t]);'
    ' grads["W" + gate] += np.outer(back["dz" + gate], run.h[t - 1]); grads["U" + gate][:, x[t]] += back["dz" + gate];'
    ' dh_future, dc_carry = back["dh_before"], back["dc_before"].',
)
PASS_MISTAKES = {
    "A": "dc_before is not handed on to the step before.",
    "B": "What Wo sends back is missing in dh_before.",
    "C": "A token that comes again overwrites what its column of U got before.",
    "D": "The slope of the sigmoid of o is missing.",
    "E": "The forward pass began from zeros: give it h0 and c0.",
    "copied di": "di is dc * g, as in the LSTM; here i stands in two places.",
    "carry whole": "dc is handed on whole; only the share 1 - i of the old cell is kept.",
    "carry by i": "dc is handed on times i; what is kept of the old cell is 1 - i.",
    "h not carried": "dh_before is not handed on to the step before.",
    "not transposed": "W stands where its transpose is meant.",
    "slope of tanh": "dc has the slope of a tanh, which this cell does not have.",
    "tanh of c": "do has tanh(c) where this cell has c.",
    "last loss": "Only the loss of the last step is picked up; every step has its own.",
    "same h": "dW is made with h[t]; W acts on h[t-1].",
    "y": "dy is y with 1 taken away at the target; y itself stands here.",
    "mean": "This is the mean over the steps; the loss is their sum.",
}


def check_pass(coupled_gradients: Callable, seed: int = 1) -> Verdict:
    """Check `coupled_gradients(net, x, targets, h0, c0)` -> a dictionary of the seven gradients."""
    cases = [_case(seed + T, T, K, H) for T, K, H in ((1, 4, 5), (2, 4, 5), (6, 5, 3))]
    rights = [right_gradient(*case) for case in cases]

    def on(names: str) -> Callable[[Attempt], str]:
        def part(attempt: Attempt) -> str:
            for case, right in zip(cases, rights, strict=True):
                own = attempt(*case)
                if not isinstance(own, Mapping):
                    raise Trouble(
                        f"The function should return a dictionary ({', '.join(NAMES)}), but returns {kind(own)}."
                    )
                for name in names.split():
                    if name not in own:
                        return f"The dictionary has no {name}."
                    sentence = difference(f"d{name}", own[name], right[name], ("row", "column"))
                    if sentence:
                        error = ""
                        if is_like(own[name], right[name]):
                            error = f" Its relative error is {relative_error(own[name], right[name]):.2g}."
                        return f"At T = {len(case[1])}, {sentence}{error}{advice(known(own, case))}"
            return ""

        return part

    def known(own: Mapping, case: tuple) -> str:
        if all(name in own and is_like(own[name], case[0][name]) for name in NAMES):
            for fault, text in PASS_MISTAKES.items():
                like = backward(*case, fault)
                if all(relative_error(own[name], like[name]) < 1e-9 for name in NAMES):
                    return text
        if len(case[1]) == 1:
            return "At T = 1 a step hands nothing on, so look at the lines that make this gradient."
        return "Shorter sequences are right, so look at what is carried from step to step, and at sums."

    parts = {"V": on("V")} | {f"W{gate}, U{gate}": on(f"W{gate} U{gate}") for gate in "iog"}
    return judge(coupled_gradients, parts, PASS_HINTS, allow=("coupled_loss", "run_coupled"))


# ------------------------------------------------------------------------------------------ 7. immediate and total

DERIVATIVES_HINTS = (
    "The immediate derivative holds everything else that goes into c[t] fixed: h[t-1], and with it i and g. For the"
    " total one ask what else moves when c[t-1] moves.",
    "h[t-1] = o[t-1] * c[t-1], and h[t-1] goes into zi and zg. So the total one has three summands: kept, by way of i,"
    " and by way of g. Row k, column j: first the factors of unit k, then W[k, j], then o[t-1] of unit j.",
    "immediate = np.diag(1 - i); total = immediate + ((g - c_before) * i * (1 - i))[:, None] * Wi * o_before"
    " + (i * (1 - g**2))[:, None] * Wg * o_before.",
)


def check_derivatives(two_derivatives: Callable, seed: int = 1) -> Verdict:
    """Check `two_derivatives(net, run, t)` -> immediate, total: row k is c[t][k], column j is c[t-1][j]."""

    def on(seed: int, T: int, K: int, H: int, t: int) -> dict[str, Callable[[Attempt], str]]:
        net, x, _, h0, c0 = _case(seed, T, K, H)
        run = run_coupled(net, x, h0, c0)
        right = right_derivatives(net, x, run, t)
        i, g, before, o_before = run.i[t], run.g[t], run.c[t - 1], run.o[t - 1]
        kept = np.diag(1 - i)
        by_i = ((g - before) * i * (1 - i))[:, None] * net["Wi"]
        by_g = (i * (1 - g**2))[:, None] * net["Wg"]
        mistakes = {
            "immediate": {
                "i is the share that comes in; what is kept is 1 - i.": np.diag(i),
                "Each unit's cell is kept for itself: off the diagonal there is 0.": np.tile(1 - i, (H, 1)),
                "Each unit's cell is kept for itself, so off the diagonal there is 0.": np.tile(
                    (1 - i)[:, None], (1, H)
                ),
                "The two have changed places: i and g are held fixed in the immediate one.": right["total"],
                "This is the derivative by h[t-1].": by_i + by_g,
            },
            "total": {
                "The two have changed places: in the total one i and g answer too.": right["immediate"],
                "The way through i is missing.": kept + by_g * o_before,
                "The way through g is missing.": kept + by_i * o_before,
                "What is kept is missing.": right["total"] - kept,
                "o of step t-1 is missing: h[t-1] is o[t-1] times c[t-1].": kept + by_i + by_g,
                "o of step t stands where that of step t-1 is meant.": kept + (by_i + by_g) * run.o[t],
                "o[t-1] belongs to the columns, for it belongs to the unit that moves.": kept
                + (by_i + by_g) * o_before[:, None],
                "The matrix is transposed: row k is the cell that answers.": right["total"].T,
                "There is no tanh between c and h, so no slope of one.": kept
                + (by_i + by_g) * o_before * (1 - np.tanh(before) ** 2),
                "By way of i, the old cell counts too: (g - c_before), as in di.": kept
                + ((g * i * (1 - i))[:, None] * net["Wi"] + by_g) * o_before,
            },
        }

        def part(attempt: Attempt, name: str) -> str:
            own = unpack(attempt(net, run, t), "immediate total")
            return difference(name, own[name], right[name], ("row", "column"), mistakes[name])

        return {name: functools.partial(part, name=name) for name in right}

    parts, other = on(seed, 5, 4, 3, 2), on(seed + 1, 3, 3, 5, 1)
    parts["step 1, five units"] = lambda attempt: other["immediate"](attempt) or other["total"](attempt)
    return judge(two_derivatives, parts, DERIVATIVES_HINTS)


# ------------------------------------------------------------------------------------------ 8. how far it reaches

BIAS_HINTS = (
    "In one step the share 1 - i is kept, in n steps the share 1 - i to the power of n. Begin from the share you want.",
    "So 1 - i is the n-th root of the share. The sigmoid that makes i from b has an inverse.",
    "i = 1 - share ** (1 / steps); return np.log(i / (1 - i)).",
)


def check_bias(write_bias: Callable) -> Verdict:
    """Check `write_bias(share, steps)` -> the input-gate bias, one number."""

    def on(cases: tuple[tuple[float, int], ...]) -> Callable[[Attempt], str]:
        def part(attempt: Attempt) -> str:
            for share, steps in cases:
                own = attempt(share, steps)
                q = share ** (1 / steps)
                right = np.log(-np.expm1(np.log(share) / steps)) - np.log(share) / steps
                mistakes = {
                    "This is the bias of a forget gate: the sign is turned.": -right,
                    "This is i itself; the task asks for the bias that makes it.": 1 - q,
                    "This is 1 - i; the task asks for the bias of i.": q,
                    "The share holds for all the steps together, not for one.": np.log((1 - share) / share),
                    "What is lost has been spread evenly; but each step keeps a share of what is left.": np.log(
                        (1 - share) / steps / (1 - (1 - share) / steps)
                    ),
                    "The share is what is kept, not what is lost.": np.log(1 - (1 - share) ** (1 / steps))
                    - np.log(1 - share) / steps,
                    "The logarithm is to the base 10; the sigmoid has e.": right / np.log(10),
                    "The power and the root have changed places.": np.log((1 - share**steps) / share**steps),
                }
                if sentence := difference("b", own, right, (), mistakes, tolerance=1e-7):
                    left = ""
                    if is_like(own, np.array(0.0)):
                        with np.errstate(over="ignore"):
                            left = f" With yours {(1 - 1 / (1 + np.exp(-float(own)))) ** steps:.3g} is left."
                    return f"To keep {share:g} for {steps} step{'s' * (steps > 1)}: {sentence}{left}"
            return ""

        return part

    parts = {
        "half for ten steps, 0.9 for a hundred": on(((0.5, 10), (0.9, 100))),
        "one step, and a share of 0.001": on(((0.3, 1), (0.001, 5))),
    }
    return judge(write_bias, parts, BIAS_HINTS)


# ------------------------------------------------------------------------------------------ nets to try things with


def _case(seed: int, T: int, K: int, H: int, scale: float = 0.8) -> tuple:
    """net, x, targets, h0, c0: weights of order 1, a token that comes again, and a state that is not zero."""
    random = np.random.default_rng(seed)
    x, targets = random.integers(0, K, (2, T))
    x[-1] = x[0]
    shapes = {"V": (K, H), "W": (H, H), "U": (H, K)}
    net = {name: scale * random.normal(0, 1, shapes[name[0]]) for name in NAMES}
    return net, x, targets, random.uniform(0.3, 0.9, H) * random.choice([-1, 1], H), random.uniform(-1, 1, H)


def example(T: int = 6) -> tuple:
    """net, x, targets, h0, c0 to try things with."""
    return _case(7, T, 4, 3)


def _last_case(seed: int, T: int, K: int, H: int) -> tuple:
    """params, x, target, h0, c0 for task 4."""
    random = np.random.default_rng(seed)
    params = Params.random(K, H, seed=seed, scale=0.8)
    return (
        params,
        random.integers(0, K, T),
        int(random.integers(K)),
        random.uniform(-0.9, 0.9, H),
        random.normal(0, 1, H),
    )
