"""diagnose_model on models written in other ways: what only seems right, where an error begins, what a gate is."""

import numpy as np
import pytest

from tests.model_cases import diagnose, families, of_text, told
from tests.model_cases.faults import load

pytestmark = pytest.mark.sampled

# A plain RNN from zero, without biases; `xs[:quiet]` are zero, and then so is all.
LATE = """
own = {"U": draw(size=(4, 3)), "W": 0.7 * draw(size=(4, 4)), "V": draw(size=(2, 4))}
xs, ys = draw(size=(40, 3)), draw(size=(40, 2))
xs[:quiet] = 0


def states(p, T):
    h = [np.zeros(4)]
    for t in range(T):
        h.append(np.tanh(p["U"] @ xs[t] + p["W"] @ h[t]))
    return h


def loss(p, T):
    return sum(np.sum((p["V"] @ h - y) ** 2) for h, y in zip(states(p, T)[1:], ys)) / 2


def gradient(p, T):
    h, g, back = states(p, T), {name: 0 * array for name, array in p.items()}, np.zeros(4)
    for t in reversed(range(T)):
        e = p["V"] @ h[t + 1] - ys[t]
        g["V"] += np.outer(e, h[t + 1])
        dz = (p["V"].T @ e + back) * (1 - h[t + 1] ** 2)
        g["U"] += np.outer(dz, xs[t])
        g["W"] += np.outer(dz, h[t])
        back = p["W"].T @ dz
    return g
"""
# Minimal gated units without biases, a batch that fills every matrix.
MGU = """
own = {"Wf": draw(size=(4, 3)), "Uf": draw(size=(4, 4)), "Wn": draw(size=(4, 3)), "Un": 0.7 * draw(size=(4, 4))}
own |= {"V": draw(size=(2, 4))}
xs, ys, start = draw(size=(40, 3, 6)), draw(size=(40, 2, 6)), draw(size=(4, 6))


def states(p, T):
    h, tape = start, []
    for t in range(T):
        f = 1 / (1 + np.exp(-(p["Wf"] @ xs[t] + p["Uf"] @ h)))
        n = np.tanh(p["Wn"] @ xs[t] + p["Un"] @ (f * h))
        tape.append((h, f, n, (1 - f) * h + f * n))
        h = tape[-1][-1]
    return tape


def loss(p, T):
    return sum(np.sum((p["V"] @ step[-1] - y) ** 2) for step, y in zip(states(p, T), ys)) / 2


def gradient(p, T):
    g, back = {name: 0 * array for name, array in p.items()}, 0 * start
    for t, (h, f, n, new) in reversed([*enumerate(states(p, T))]):
        e = p["V"] @ new - ys[t]
        g["V"] += e @ new.T
        dh = p["V"].T @ e + back
        dn = dh * f * (1 - n**2)
        dfh = p["Un"].T @ dn
        df = (dh * (n - h) + dfh * h) * f * (1 - f)
        g["Wf"] += df @ xs[t].T
        g["Uf"] += df @ h.T
        g["Wn"] += dn @ xs[t].T
        g["Un"] += dn @ (f * h).T
        back = dh * (1 - f) + dfh * f + p["Uf"].T @ df
    return g
"""
# Two directions of stacked gates; there are as many inputs as units.
BOTH = """
own = {name + way: draw(size=(9, 3)) for way in "fb" for name in "WU"}
own |= {"bf": draw(size=9), "bb": draw(size=9), "V": draw(size=(2, 6)), "d": draw(size=2)}
xs, ys = draw(size=(40, 3)), draw(size=(40, 2))


def scan(p, way, xs):
    h, tape = np.zeros(3), []
    for x in xs:
        a, u = p["W" + way] @ x + p["b" + way], p["U" + way] @ h
        r, z = 1 / (1 + np.exp(-(a[:3] + u[:3]))), 1 / (1 + np.exp(-(a[3:6] + u[3:6])))
        n = np.tanh(a[6:] + r * u[6:])
        tape.append((x, h, r, z, n, u[6:]))
        h = (1 - z) * n + z * h
        tape[-1] += (h,)
    return tape


def run(p, T):
    tapes = scan(p, "f", xs[:T]), scan(p, "b", xs[:T][::-1])
    outputs = [np.concatenate([f[-1], b[-1]]) for f, b in zip(tapes[0], tapes[1][::-1])]
    return tapes, outputs, [p["V"] @ h + p["d"] - y for h, y in zip(outputs, ys)]


def loss(p, T):
    return sum(e @ e for e in run(p, T)[2]) / 2


def gradient(p, T):
    tapes, outputs, errors = run(p, T)
    g = {name: 0 * array for name, array in p.items()}
    g["V"], g["d"] = sum(map(np.outer, errors, outputs)), sum(errors)
    deltas = [p["V"].T @ e for e in errors]
    for way, tape, dhs in ("f", tapes[0], [d[:3] for d in deltas]), ("b", tapes[1], [d[3:] for d in deltas][::-1]):
        back = np.zeros(3)
        for (x, h, r, z, n, u, _), dh in zip(tape[::-1], dhs[::-1]):
            dh = dh + back
            dn = dh * (1 - z) * (1 - n**2)
            dz = dh * (h - n) * z * (1 - z)
            dr = dn * u * r * (1 - r)
            da, du = np.concatenate([dr, dz, dn]), np.concatenate([dr, dz, dn * r])
            g["W" + way] += np.outer(da, x)
            g["U" + way] += np.outer(du, h)
            g["b" + way] += da
            back = dh * z + p["U" + way].T @ du
    return g
"""
# A layer norm of several rows; two convolutions over words, and the largest of each over time.
NORM = """
own = {"W": draw(size=(3, 4)), "gamma": draw(size=4), "beta": draw(size=4), "V": draw(size=(4, 3)), "d": draw(size=3)}
x, y = draw(size=(5, 3)), draw(size=(5, 3))


def run(p):
    h = np.tanh(x @ p["W"])
    s = 1 / np.sqrt(h.var(1, keepdims=True) + 1e-6)
    n = (h - h.mean(1, keepdims=True)) * s
    return h, s, n, p["gamma"] * n + p["beta"]


def loss(p, T):
    return np.sum((run(p)[-1] @ p["V"] + p["d"] - y) ** 2) / 2


def gradient(p, T):
    h, s, n, out = run(p)
    e = out @ p["V"] + p["d"] - y
    de = e @ p["V"].T
    dn = de * p["gamma"]
    dh = s * (dn - dn.mean(1, keepdims=True) - n * (dn * n).mean(1, keepdims=True))
    g = {"W": x.T @ (dh * (1 - h**2)), "gamma": (de * n).sum(0), "beta": de.sum(0)}
    return g | {"V": out.T @ e, "d": e.sum(0)}
"""
OUTSIDE = [
    ("dn = de * p", "dn = de; gamma = p"),
    ("dh = s * (dn", "dh = gamma * s * (dn"),
]
WORDS = """
own = {"A": draw(size=(3, 4, 2)), "a": draw(size=3) - low, "B": draw(size=(3, 4, 3)), "b": draw(size=3) - low}
own |= {"V": draw(size=(2, 6)), "d": draw(size=2)}
xs, y = draw(size=(42, 4)), draw(size=2)


def run(p, T):
    tape, features = [], []
    for name, size in ("A", 2), ("B", 3):
        windows = np.stack([xs[t : t + size].T for t in range(T)])
        z = np.einsum("tek,fek->tf", windows, p[name]) + p[name.lower()]
        tape.append((name, windows, z))
        features.append(np.maximum(z, 0).max(0))
    return tape, np.concatenate(features)


def loss(p, T):
    return np.sum((p["V"] @ run(p, T)[1] + p["d"] - y) ** 2) / 2


def gradient(p, T):
    tape, f = run(p, T)
    e = p["V"] @ f + p["d"] - y
    g = {"V": np.outer(e, f), "d": e}
    for (name, windows, z), df in zip(tape, np.split(p["V"].T @ e, 2)):
        dz = df * (z > 0) * (z == z.max(0))
        g[name], g[name.lower()] = np.einsum("tf,tek->fek", dz, windows), dz.sum(0)
    return g
"""
BEFORE_TANH = WORDS.replace("np.maximum(z, 0).max(0)", "np.tanh(np.maximum(z, 0).max(0))")
BEFORE_TANH = BEFORE_TANH.replace('p["V"].T @ e, 2', 'p["V"].T @ e * (1 - f**2), 2').replace(
    "draw(size=(3", "0.3 * draw(size=(3"
)
SLOPE, CARRY = ("(1 - h[t + 1] ** 2)", "(1 - h[t + 1])"), ('back = p["W"].T @ dz', "pass")
WITH_A_BIAS = ('"V": draw(size=(2, 4))}', '"V": draw(size=(2, 4)), "b": draw(size=4)}'), ("@ h[t])", '@ h[t] + p["b"])')
# the model, what is given to its text, what is changed, the families, what is said and what never
# Two layers of tanh units, one above the other, in arrays of two slices.
STACK = """
own = {"W": 0.6 * draw(size=(2, 4, 4)), "U": 0.6 * draw(size=(2, 4, 4)), "b": 0.5 * draw(size=(2, 4))}
own |= {"V": draw(size=(3, 4))}
xs, ys = draw(size=(40, 4)), draw(size=(40, 3))


def states(p, T):
    tape = [[(None, np.full(4, 0.3))] * 2]
    for t in range(T):
        below, step = xs[t], []
        for l in (0, 1):
            step.append((below, np.tanh(p["W"][l] @ tape[t][l][1] + p["U"][l] @ below + p["b"][l])))
            below = step[l][1]
        tape.append(step)
    return tape


def loss(p, T):
    return sum(np.sum((p["V"] @ step[1][1] - y) ** 2) for step, y in zip(states(p, T)[1:], ys)) / 2


def gradient(p, T):
    tape, g, back = states(p, T), {name: 0 * array for name, array in p.items()}, np.zeros((2, 4))
    for t in reversed(range(T)):
        e = p["V"] @ tape[t + 1][1][1] - ys[t]
        g["V"] += np.outer(e, tape[t + 1][1][1])
        dh = p["V"].T @ e
        for l in (1, 0):
            below, h = tape[t + 1][l]
            dz = (dh + back[l]) * (1 - h ** 2)
            g["W"][l] += np.outer(dz, tape[t][l][1])
            g["U"][l] += np.outer(dz, below)
            g["b"][l] += dz
            back[l], dh = p["W"][l].T @ dz, p["U"][l].T @ dz
    return g
"""
FAULTS = {
    "inputs squared, and the first two are zero": (
        (LATE, {"quiet": 2}, ("np.outer(dz, xs[t])", "np.outer(dz, xs[t] ** 2)")),
        ["line"],
        "Wrong at T = 3 already, the shortest length explored at which anything shows: U.",
        "stop",
    ),
    "a slope, and the first two inputs are zero": (
        (LATE, {"quiet": 2}, SLOPE),
        ["between steps"],
        "the shortest length explored at which anything shows",
        "handed back, to the step before",
    ),
    "nothing is handed back, and the first two inputs are zero": (
        (LATE, {"quiet": 2}, CARRY),
        ["carry"],
        "Right up to T = 3, wrong from T = 4 on: U",
        "",
    ),
    "a delta off by a factor, which goes on": (
        (
            LATE,
            {"quiet": 0},
            *WITH_A_BIAS,
            ('g["U"] +=', 'g["b"] += dz\n        g["U"] +='),
            ("* (1 - h[t + 1] ** 2)", "* 3"),
        ),
        ["formula"],
        "",
        "Apart from",
    ),
    "a gate of two without biases": ((MGU, {}, ("* h) * f * (1 - f)", "* h)")), ["formula"], "Wf and Uf", "With more"),
    "a way through the other gate": ((MGU, {}, (" + dfh * f", "")), ["carry"], "With Un set to zero", "gate is wrong"),
    "the second direction is not reversed": (
        (BOTH, {}, ("for d in deltas][::-1])", "for d in deltas])")),
        ["steps"],
        "the last step's own part is wrong too.",
        "With more than one step something",
    ),
    "a gate in both directions": (
        (BOTH, {}, ("(h - n) * z * (1 - z)", "(h - n)")),
        ["gate"],
        "rows 3 to 5 of Wf and Wb (block 2 of 3)",
        "",
    ),
    "a gain outside of the sums": (
        (NORM, {}, *OUTSIDE),
        ["formula"],
        "With gamma set to one, everything is right: a factor of gamma",
        "switched off",
    ),
    "the states of the step before, at the output too": (
        (LATE, {"quiet": 0}, ("[np.zeros(4)]", "[np.ones(4)]"), ("np.outer(e, h[t + 1])", "np.outer(e, h[t])"), SLOPE),
        ["formula"],
        "At T = 1 the gradient of V has",
        "derivative of the loss",
    ),
    "one of three filters": (
        (WORDS, {"low": 0}, ("dz, windows)", 'dz, windows) * [[[1 + (name == "A")]], [[1]], [[1]]]')),
        ["line"],
        "Wrong at T = 1 already: slice 0 along axis 0 of A.",
        "",
    ),
    "a ReLU without its mask": (
        (WORDS, {"low": 4}, ("df * (z > 0) *", "df *")),
        ["switch"],
        "With a and b set to 10 or more, everything is right",
        "block",
    ),
    "a ReLU without its mask, and a tanh that large numbers leave no slope": (
        (BEFORE_TANH, {"low": 1, "seed": 2}, ("df * (z > 0) *", "df *")),
        ["switch"],
        "With a and b set to 1 or more, everything is right",
        "a factor of",
    ),
    "a ReLU without its mask, and all units off": (
        (BEFORE_TANH, {"low": 2, "seed": 1}, ("df * (z > 0) *", "df *")),
        ["formula"],
        "The gradient of A, B, a and b should be exactly zero, and yours is not.",
        "The loss does not change",
    ),
    "the slope of one layer of two": (
        (STACK, {}, ("* (1 - h ** 2)", "* (1 - l * h ** 2)")),
        ["gate"],
        "row 0 of b (block 1 of 2)",
        "",
    ),
    "one layer of two counted twice": (
        (STACK, {}, ("np.outer(dz, below)", "(1 + l) * np.outer(dz, below)")),
        ["scale"],
        "slice 1 along axis 0 of U (block 2 of 2) is 2 times the right one",
        "",
    ),
    "a bias of the first word only": (
        (WORDS, {"low": 0}, ("dz.sum(0)", "dz[0]")),
        ["line"],
        "Nothing but a and b is wrong",
        "initial state",
    ),
}


@pytest.mark.parametrize("text", [LATE, MGU, BOTH, NORM, WORDS, BEFORE_TANH, STACK])
def test_these_models_are_right(text):
    assert diagnose(of_text(text, quiet=2, low=0)).passed


@pytest.mark.parametrize("what", FAULTS)
def test_a_reason_that_is_given_was_tested(what):
    (text, names, *edits), expected, said, never = FAULTS[what]
    diagnosis = diagnose(of_text(text, *edits, **names))
    assert families(diagnosis)[: len(expected)] == expected and said in told(diagnosis), diagnosis
    assert not never or never not in told(diagnosis), diagnosis


@pytest.mark.parametrize(
    ("text", "own", "edits", "said"),
    [
        (LATE, {"W": np.eye(4)}, [('p["W"].T @ dz', 'p["W"] @ dz')], "With W made symmetric"),
        (NORM, {"gamma": np.full(4, 3.0)}, OUTSIDE, "With gamma set to one"),
    ],
)
def test_what_is_right_at_these_weights_by_chance_is_explained_at_others(text, own, edits, said):
    case = of_text(text, *edits, quiet=0)

    def at_these(T):
        params, *functions = case(T)
        return params | own, *functions

    diagnosis = diagnose(at_these)
    assert families(diagnosis)[0] == "not read" and len(diagnosis.findings) == 2, diagnosis
    assert "right at your weights only by chance" in told(diagnosis) and said in told(diagnosis), diagnosis


def test_two_matrices_may_each_be_wrong_for_a_reason_of_its_own():
    diagnosis = diagnose(load("lstm_two_layers", "du += h.T @ da", "du = h.T @ da"), lengths=(1, 2, 3))
    assert families(diagnosis) == ["line", "line"], diagnosis
    assert "Apart from u2, only u1 is wrong" in told(diagnosis)
    assert "u2 is made with the same deltas as b2, whose gradient is right at every length" in told(diagnosis)
