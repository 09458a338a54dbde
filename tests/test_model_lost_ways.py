"""diagnose_model on what goes back through no matrix, on norms and softmaxes, and on nets that keep their weights."""

import pytest

from tests.model_cases import diagnose, families, of_text, told
from tests.model_cases.faults import load

pytestmark = pytest.mark.sampled

# Leaky units, from zero, one sequence, a squared error at each step.
LEAKY = """
shapes = {"W": (5, 3), "U": (5, 5), "b": (5,), "k": (5,), "V": (3, 5)}
own = {name: 0.7 * draw(size=shape) for name, shape in shapes.items()}
x, goal = draw(size=(40, 3)), draw(size=(40, 3))


def states(p, T):
    h, g = [np.zeros(5)], []
    for t in range(T):
        g.append(np.tanh(p["W"] @ x[t] + p["U"] @ h[t] + p["b"]))
        h.append((1 - p["k"]) * h[t] + p["k"] * g[t])
    return h, g


def loss(p, T):
    return sum(np.sum((p["V"] @ h - y) ** 2) for h, y in zip(states(p, T)[0][1:], goal)) / 2


def gradient(p, T):
    h, g = states(p, T)
    d, back = {name: 0 * array for name, array in p.items()}, np.zeros(5)
    for t in reversed(range(T)):
        e = p["V"] @ h[t + 1] - goal[t]
        d["V"] += np.outer(e, h[t + 1])
        dh = p["V"].T @ e + back
        d["k"] += dh * (g[t] - h[t])
        da = p["k"] * dh * (1 - g[t] ** 2)
        d["W"] += np.outer(da, x[t])
        d["U"] += np.outer(da, h[t])
        d["b"] += da
        back = (1 - p["k"]) * dh + p["U"].T @ da
    return d
"""
PLAIN = LEAKY.replace('(1 - p["k"]) * h[t] + p["k"] * g[t]', "g[t]").replace(', "k": (5,)', "")
PLAIN = PLAIN.replace('        d["k"] += dh * (g[t] - h[t])\n', "").replace('p["k"] * dh', "dh")
PLAIN = PLAIN.replace('(1 - p["k"]) * dh + ', "")
# Only the matrices decay.
DECAY = LEAKY.replace("goal)) / 2", 'goal)) / 2 + sum(np.sum(p[n] ** 2) for n in "WUV") / 20')
DECAY = DECAY.replace("    return d\n", '    for n in "WUV":\n        d[n] += p[n] / 10\n    return d\n')
# Words, all of which come up early; what is made of a word is added to it.
RESIDUAL = """
shapes = {"E": (3, 4), "W": (4, 4), "U": (4, 4), "b": (4,), "V": (3, 4)}
own = {name: draw(size=shape) for name, shape in shapes.items()}
words, names = np.tile([0, 1, 2, 0, 0], 8), np.random.default_rng(seed).integers(0, 3, 40)


def states(p, T):
    h, y = [np.zeros(4)], []
    for t in range(T):
        h.append(np.tanh(p["W"] @ p["E"][words[t]] + p["U"] @ h[t] + p["b"]))
        y.append(np.exp(p["V"] @ (p["E"][words[t]] + h[t + 1])))
    return h, [each / each.sum() for each in y]


def loss(p, T):
    return -sum(np.log(y[k]) for y, k in zip(states(p, T)[1], names))


def gradient(p, T):
    h, y = states(p, T)
    d, back = {name: 0 * array for name, array in p.items()}, np.zeros(4)
    for t in reversed(range(T)):
        e = y[t] - np.eye(3)[names[t]]
        d["V"] += np.outer(e, p["E"][words[t]] + h[t + 1])
        dy = p["V"].T @ e
        da = (dy + back) * (1 - h[t + 1] ** 2)
        d["W"] += np.outer(da, p["E"][words[t]])
        d["U"] += np.outer(da, h[t])
        d["b"] += da
        d["E"][words[t]] += dy + p["W"].T @ da
        back = p["U"].T @ da
    return d
"""
# Rows with a batch norm, and rows with an attention whose keys are shorter than they are.
NORM = """
own = {"W": draw(size=(3, 4)), "gamma": draw(size=4), "V": draw(size=(4, 2))}
x, goal = draw(size=(43, 3)), draw(size=(43, 2))


def forward(p, n):
    a = x[:n] @ p["W"]
    scale = 1 / np.sqrt(a.var(axis=0) + 1e-5)
    return (a - a.mean(axis=0)) * scale, scale


def loss(p, n):
    return np.sum((np.tanh(forward(p, n)[0] * p["gamma"]) @ p["V"] - goal[:n]) ** 2) / 2


def gradient(p, n):
    hat, scale = forward(p, n)
    h = np.tanh(hat * p["gamma"])
    e = h @ p["V"] - goal[:n]
    dz = e @ p["V"].T * (1 - h**2)
    dhat = dz * p["gamma"]
    da = scale * (dhat - dhat.mean(axis=0) - hat * (dhat * hat).mean(axis=0))
    return {"W": x[:n].T @ da, "gamma": (dz * hat).sum(axis=0), "V": h.T @ e}


def case(T):
    return own, lambda p: loss(p, T + 3), lambda p: gradient(p, T + 3)
"""
ATTENTION = """
own = {name: draw(size=(4, n)) for name, n in {"Q": 3, "K": 3, "V": 3, "C": 2}.items()}
own |= {"O": draw(size=(3, 4)), "c": draw(size=2)}
x, goal = draw(size=(40, 4)), draw(size=(40, 2))


def forward(p, T):
    q, k, v = (x[:T] @ p[name] for name in "QKV")
    a = np.exp(q @ k.T)
    a = a / a.sum(axis=1, keepdims=True)
    return q, k, v, a, x[:T] + a @ v @ p["O"]


def loss(p, T):
    return np.sum((forward(p, T)[-1] @ p["C"] + p["c"] - goal[:T]) ** 2) / 2


def gradient(p, T):
    q, k, v, a, z = forward(p, T)
    e = z @ p["C"] + p["c"] - goal[:T]
    dz = e @ p["C"].T
    do = dz @ p["O"].T
    da = do @ v.T
    ds = a * (da - (da * a).sum(axis=1, keepdims=True))
    d = {"Q": x[:T].T @ (ds @ k), "K": x[:T].T @ (ds.T @ q), "V": x[:T].T @ (a.T @ do)}
    return d | {"O": (a @ v).T @ dz, "C": z.T @ e, "c": e.sum(axis=0)}
"""
BACK = '(1 - p["k"]) * dh + p["U"].T @ da'
# the model, what is changed; the family that comes first, what is said, and what is not
WAYS = {
    "lost from h to h": (
        LEAKY,
        [(BACK, 'p["U"].T @ da')],
        "carry",
        "With k set to one, everything is right: a factor of k, or of one minus k, may be missing",
        "",
    ),
    "lost from h to h, with a rate that is no weight": (
        LEAKY.replace(', "k": (5,)', "").replace('p["k"]', "0.4").replace('        d["k"] += dh * (g[t] - h[t])\n', ""),
        [("(1 - 0.4) * dh + ", "")],
        "between steps",
        "At T = 2 the gradient of W is wrong only in the first step's part, and with one step that part is right.",
        "U set to zero, everything is right",
    ),
    "handed on as it is": (
        LEAKY.replace("np.tanh(", "(").replace(" * (1 - g[t] ** 2)", ""),
        [('(1 - p["k"]) * dh', "dh")],
        "between steps",
        "",
        "set to zero",
    ),
    "no matrix on the way back": (
        PLAIN,
        [('p["U"].T @ da', "da")],
        "between steps",
        "At T = 2 the gradient of W is wrong only in the first step's part, and with one step that part is right.",
        "set to zero",
    ),
    "the last of two steps": (
        PLAIN,
        [('p["V"].T @ e + back', 'p["V"].T @ e * (T == 1 or t < T - 1) + back')],
        "steps",
        "what the last step adds is missing.",
        "",
    ),
    "a factor left out": (LEAKY, [('p["k"] * dh * (1', "dh * (1")], "formula", "With k set to one", ""),
    "a penalty on a vector, and a way that is lost": (
        DECAY,
        [('for n in "WUV":\n        d', "for n in d:\n        d"), (BACK, 'p["U"].T @ da')],
        "penalty",
        "the gradient of b and k has an extra term, 0.1 times the weights.",
        "initial state",
    ),
    "another forward pass": (
        PLAIN,
        [("    h, g = states(p, T)\n    d, back", '    h, g = states(p | {"b": 0 * p["b"]}, T)\n    d, back')],
        "forward",
        "",
        "",
    ),
    "what goes past a layer is lost": (
        RESIDUAL,
        [('+= dy + p["W"].T @ da', '+= p["W"].T @ da')],
        "line",
        "Nothing but E is wrong",
        "",
    ),
    "words that come twice": (
        RESIDUAL,
        [('d["E"][words[t]] += ', 'd["E"][words[t]] = ')],
        "line",
        "Nothing but E is wrong",
        "is made of the deltas of E",
    ),
    "the matrix at the output as it is": (
        RESIDUAL.replace("(3, 4)", "(4, 4)").replace("eye(3)", "eye(4)"),
        [('p["V"].T @ e', 'p["V"] @ e')],
        "transpose",
        "With V made symmetric, so equal to the transpose, everything is right.",
        "",
    ),
    "a softmax whose targets do not add up": (
        RESIDUAL,
        [("e = y[t] - np.eye", "e = y[t] - 0.9 * np.eye")],
        "loss",
        "V stays wrong even at zero",
        "",
    ),
    "a mean over the batch is taken for a number": (
        NORM,
        [(" - dhat.mean(axis=0)", "")],
        "line",
        "Nothing but W is wrong",
        "",
    ),
    "a variance is taken for a number": (
        NORM,
        [(" - hat * (dhat * hat).mean(axis=0)", "")],
        "line",
        "Nothing but W is wrong",
        "",
    ),
    "keys without the transpose": (ATTENTION, [("ds.T @ q", "ds @ q")], "line", "Nothing but K is wrong", "c to c"),
    "a loop that is too short": (
        PLAIN,
        [("reversed(range(T))", "reversed(range(1, T))")],
        "steps",
        "what a single step should give is missing",
        "by a different factor for each unit",
    ),
}


@pytest.mark.parametrize("text", [LEAKY, PLAIN, DECAY, RESIDUAL, NORM, ATTENTION])
def test_these_models_are_right(text):
    assert diagnose(of_text(text, seed=1)).passed


@pytest.mark.parametrize("what", WAYS)
def test_what_is_said_of_a_way_or_a_norm_is_true(what):
    text, edits, family, said, never = WAYS[what]
    for seed in (1, 2):
        diagnosis = diagnose(of_text(text, *edits, seed=seed))
        assert families(diagnosis)[0] == family and said in told(diagnosis), diagnosis
        assert not never or never not in told(diagnosis), diagnosis


def test_the_gain_that_is_left_out_of_a_layer_norm_is_told():
    diagnosis = diagnose(load("rnn_layer_norm", 'dhat = dz * p["gain"]', "dhat = dz"))
    assert "With gain set to one, everything is right" in told(diagnosis), diagnosis


@pytest.mark.parametrize("copied", [True, False])
def test_a_net_that_keeps_the_weights_of_the_last_call_is_compared_at_its_own(copied):
    first = of_text(PLAIN, ('p["U"].T @ da', 'p["U"] @ da'), seed=1)
    net = {name: array.copy() for name, array in first(1)[0].items()}

    def case(T):
        _, loss, gradient = first(T)

        def written(params):
            for name, array in params.items():
                net[name][...] = array
            return net

        own = {name: array.copy() for name, array in net.items()} if copied else net
        return own, lambda p: loss(written(p)), lambda p: gradient(written(p))

    diagnosis = diagnose(case)
    assert "With U made symmetric" in told(diagnosis) and not any("tiny" in note for note in diagnosis.notes), diagnosis
