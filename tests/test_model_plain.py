"""diagnose_model on models in which nothing goes from step to step: what it says of them, and in which words."""

import re

import pytest

from tests.model_cases import diagnose, families, of_text, told

# Logistic regression with a penalty; a net with a ReLU for all images at once. Neither uses T.
RIDGE = """
x, y = draw(size=(8, 4)), np.arange(8) % 2
own = {"w": draw(size=4), "b": draw(size=1)}
kept = own["w"].copy()


def errors(p):
    return 1 / (1 + np.exp(-(x @ p["w"] + p["b"]))) - y


def loss(p, T):
    z = x @ p["w"] + p["b"]
    return np.mean(np.logaddexp(0, z) - y * z) + 0.05 * np.sum(p["w"] ** 2)


def gradient(p, T):
    e = errors(p) / 8
    return {"w": x.T @ e + 0.1 * p["w"], "b": e.sum(keepdims=True)}
"""
RELU = """
x, y = draw(size=(6, 4)), draw(size=(6, 2))
own = {"W": draw(size=(4, 5)), "b": draw(size=5), "V": draw(size=(5, 2)), "c": draw(size=2)}


def run(p):
    z = x @ p["W"] + p["b"]
    z = (z - z.mean(0)) / z.std(0) if NORM else z
    return z, np.maximum(z, 0), np.maximum(z, 0) @ p["V"] + p["c"] - y


def loss(p, T):
    return np.sum(run(p)[2] ** 2) / 2


def gradient(p, T):
    z, h, e = run(p)
    dz = e @ p["V"].T * (z > 0)
    if NORM:
        dz = (dz - dz.mean(0) - z * (dz * z).mean(0)) / (x @ p["W"] + p["b"]).std(0)
    return {"W": x.T @ dz, "b": dz.sum(0), "V": h.T @ e, "c": e.sum(0)}
"""
# T pairs of words, each with two that do not belong to it.
PAIRS = """
own = {"inner": draw(size=(6, 3)), "outer": draw(size=(6, 3))}
pairs = [(0, (1, 4, 5)), (0, (2, 3, 3)), (3, (4, 0, 1)), (5, (1, 2, 0)), (2, (0, 1, 3)), (4, (5, 0, 2))] * 4
signs = np.array([1, -1, -1])


def loss(p, T):
    return sum(np.logaddexp(0, -signs * (p["outer"][[*o]] @ p["inner"][i])).sum() for i, o in pairs[:T]) / T


def gradient(p, T):
    g = {name: 0 * array for name, array in p.items()}
    for i, outer in pairs[:T]:
        for o, sign in zip(outer, signs):
            e = -sign / (1 + np.exp(sign * (p["outer"][o] @ p["inner"][i]))) / T
            g["inner"][i] += e * p["outer"][o]
            g["outer"][o] += e * p["inner"][i]
    return g
"""
# Two classes, a skip around the second layer, a penalty.
SKIP = """
draw = np.random.default_rng(1).normal
shapes = {"W1": (3, 5), "b1": 5, "W2": (5, 5), "b2": 5, "w3": 5, "b3": 1}
own = {n: 0.8 * draw(size=s) for n, s in shapes.items()}
x, y = draw(size=(9, 3)), np.arange(9) % 2


def run(p):
    a = x @ p["W1"] + p["b1"]
    h = np.where(a > 0, a, 0.1 * a)
    b = h @ p["W2"] + p["b2"]
    k = h + np.tanh(b)
    return a, h, b, k, k @ p["w3"] + p["b3"]


def loss(p, T):
    s = run(p)[-1]
    return np.mean(np.logaddexp(0, s) - y * s) + 0.01 * sum(np.sum(p[n] ** 2) for n in ("W1", "W2"))


def gradient(p, T):
    a, h, b, k, s = run(p)
    ds = (1 / (1 + np.exp(-s)) - y) / 9
    dk = np.outer(ds, p["w3"])
    db = dk * (1 - np.tanh(b) ** 2)
    dh = dk + db @ p["W2"].T
    da = dh * np.where(a > 0, 1, 0.1)
    g = {"W1": x.T @ da + 0.02 * p["W1"], "b1": da.sum(0), "W2": h.T @ db + 0.02 * p["W2"]}
    return g | {"b2": db.sum(0), "w3": k.T @ ds, "b3": ds.sum(keepdims=True)}
"""
# Self-attention that looks back only.
ATTENTION = """
own = {"Q": draw(size=(4, 3)), "K": draw(size=(4, 3)), "V": draw(size=(4, 3)), "O": draw(size=(3, 2))}
x, y = draw(size=(20, 4)), draw(size=(20, 2))


def run(p, T):
    q, k, v = (x[:T] @ p[name] for name in "QKV")
    a = np.tril(np.exp(q @ k.T / 3**0.5))
    a = a / a.sum(1, keepdims=True)
    return q, k, v, a, a @ v, a @ v @ p["O"] - y[:T]


def loss(p, T):
    return np.sum(run(p, T)[-1] ** 2) / 2


def gradient(p, T):
    q, k, v, a, m, e = run(p, T)
    dm = e @ p["O"].T
    da = dm @ v.T
    ds = a * (da - (da * a).sum(1, keepdims=True)) / 3**0.5
    d = {"Q": x[:T].T @ (ds @ k), "K": x[:T].T @ (ds.T @ q)}
    return d | {"V": x[:T].T @ (a.T @ dm), "O": m.T @ e}
"""
NORMED, OPEN = RELU.replace("NORM", "True"), RELU.replace("NORM", "False")
OF_STEPS = re.compile(r"\bgates?\b|c to c|\bsteps?\b|\btime\b|state|handed|h\[t|carried")
FAULTS = {
    "a reversed sign": (RIDGE, ("e = errors(p)", "e = -errors(p)"), "loss", "w stays wrong even at zero"),
    "a slope too much": (RIDGE, ("errors(p) / 8", "errors(p) / 8 * 0.3"), "loss", "Wrong: w and b."),
    "one of two arrays": (RIDGE, ("x.T @ e +", "x.T @ np.sign(e) +"), "line", "Nothing but w is wrong"),
    "a mean for a sum": (RIDGE, ("e.sum(keep", "e.mean(keep"), "line", "b is 1/8 of the right one."),
    "a penalty too small": (RIDGE, ("+ 0.1 *", "+ 0.05 *"), "penalty", "lacks 0.05 times the weights"),
    "a penalty that reads a copy": (RIDGE, ('+ 0.1 * p["w"]', "+ 0.1 * kept"), "not read", "Is w read by gradient?"),
    "a ReLU without its mask": (
        OPEN,
        (" * (z > 0)", ""),
        "switch",
        "With b set to 10 or more, everything is right",
    ),
    "one number too small": (
        OPEN,
        (
            '"b": dz.sum(0)',
            '"b": dz.sum(0).clip(-np.sort(abs(dz.sum(0)))[-2] - 0.01, np.sort(abs(dz.sum(0)))[-2] + 0.01)',
        ),
        "line",
        "Nothing but b is wrong",
    ),
    "a norm without its mean": (NORMED, (" - z * (dz * z).mean(0)", ""), "formula", "Wrong: "),
    "a norm without the mean of its deltas": (NORMED, ("dz - dz.mean(0)", "dz"), "formula", "Wrong: "),
    "the sign of the error for the error": (
        SKIP,
        ("ds = (1 / (1 + np.exp(-s)) - y) / 9", "ds = np.sign(1 / (1 + np.exp(-s)) - y) / 9"),
        "loss",
        "w3 stays wrong even at zero",
    ),
    "the sign of some pairs": (PAIRS, ('+= e * p["outer"]', '+= sign * e * p["outer"]'), "line", "but inner is wrong"),
    "a row that is used again": (PAIRS, ('["outer"][o] +=', '["outer"][o] ='), "line", "Nothing but outer is wrong"),
    "a slope of a softmax": (
        ATTENTION,
        ("(da - (da * a).sum(1, keepdims=True))", "da * (1 - a)"),
        "carry",
        "that of the scores if it is the values of an attention",
    ),
    "values without the transpose": (ATTENTION, ("a.T @ dm", "a @ dm"), "line", "Nothing but V is wrong"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_plain_model_is_told_its_mistake_in_its_own_words(what):
    text, edit, family, said = FAULTS[what]
    diagnosis = diagnose(of_text(text, edit))
    assert families(diagnosis)[:1] == [family] and said in told(diagnosis), diagnosis
    if text not in (PAIRS, ATTENTION):
        assert not OF_STEPS.search(told(diagnosis)), OF_STEPS.search(told(diagnosis))
        assert [*diagnosis.ladder] == [1] and "T = " not in told(diagnosis), diagnosis


@pytest.mark.parametrize("text", [RIDGE, OPEN, NORMED, PAIRS, SKIP, ATTENTION])
def test_a_right_plain_model_is_passed(text):
    assert diagnose(of_text(text)).passed


def test_a_right_net_whose_data_end_before_the_longest_length_is_passed_with_a_note():
    short = ATTENTION.replace("draw(size=(20, 4)), draw(size=(20, 2))", "draw(size=(8, 4)), draw(size=(8, 2))")
    diagnosis = diagnose(of_text(short.replace("a = np.tril", "assert T <= len(x)\n    a = np.tril")))
    assert diagnosis.passed and [*diagnosis.ladder] == [1, 2, 3, 6], diagnosis
    assert any(note.startswith("At T = 20 nothing was compared") for note in diagnosis.notes)
