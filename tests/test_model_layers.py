"""diagnose_model on nets of several layers or directions, and on gradients that an optimizer has changed."""

import numpy as np
import pytest

import lstm_teach as lt
from tests.model_cases import diagnose, families, of_text, told

pytestmark = pytest.mark.sampled

# Layers of tanh units, one above the other, each with a slice of every array; the loss is a cross-entropy.
LAYERS = """
own = {"U": 0.6 * draw(size=(n, 4, 4)), "W": 0.5 * draw(size=(n, 4, 4)), "b": 0.5 * draw(size=(n, 4))}
own |= {"V": draw(size=(3, 4)), "c": draw(size=3)}
xs, ys, start = draw(size=(40, 4)), np.eye(3)[np.arange(40) % 3], 0.5 * draw(size=(n, 4))


def run(p, T):
    hs, probs = [start], []
    for t in range(T):
        below, h = xs[t], []
        for l in range(n):
            below = np.tanh(p["U"][l] @ below + p["W"][l] @ hs[t][l] + p["b"][l])
            h.append(below)
        hs.append(h)
        e = np.exp(p["V"] @ below + p["c"])
        probs.append(e / e.sum())
    return hs, probs


def loss(p, T):
    return -sum(np.log(prob @ y) for prob, y in zip(run(p, T)[1], ys))


def gradient(p, T):
    hs, probs = run(p, T)
    g, back = {name: 0 * array for name, array in p.items()}, np.zeros((n, 4))
    for t in reversed(range(T)):
        e = probs[t] - ys[t]
        g["V"] += np.outer(e, hs[t + 1][-1])
        g["c"] += e
        down = p["V"].T @ e
        for l in reversed(range(n)):
            dz = (down + back[l]) * (1 - hs[t + 1][l] ** 2)
            g["U"][l] += np.outer(dz, hs[t + 1][l - 1] if l else xs[t])
            g["W"][l] += np.outer(dz, hs[t][l])
            g["b"][l] += dz
            back[l] = p["W"][l].T @ dz
            down = p["U"][l].T @ dz
    return g
"""
DOWN, BACK = 'down = p["U"][l].T @ dz', 'back[l] = p["W"][l].T @ dz'
# Two directions of an LSTM, the gates side by side; there are as many inputs as units, and one output.
BOTH_WAYS = """
own = {name + way: 0.5 * draw(size=(4, 16)) for way in "fb" for name in "KR"}
own |= {"bf": 0.5 * draw(size=16), "bb": 0.5 * draw(size=16), "out": draw(size=(8, 1)), "bias": draw(size=1)}
xs, ys = draw(size=(3, 40, 4)), draw(size=(3, 1))


def scan(p, way, xs):
    h, c, tape = np.zeros((3, 4)), np.zeros((3, 4)), []
    for t in range(xs.shape[1]):
        z = np.split(xs[:, t] @ p["K" + way] + h @ p["R" + way] + p["b" + way], 4, axis=1)
        i, f, o = (1 / (1 + np.exp(-z[k])) for k in (0, 1, 3))
        g, old = np.tanh(z[2]), (xs[:, t], h, c)
        c = f * c + i * g
        h = o * np.tanh(c)
        tape.append((*old, i, f, g, o, np.tanh(c)))
    return h, tape


def run(p, T):
    (hf, forth), (hb, back) = scan(p, "f", xs[:, :T]), scan(p, "b", xs[:, :T][:, ::-1])
    h = np.hstack([hf, hb])
    return h, forth, back, h @ p["out"] + p["bias"] - ys


def loss(p, T):
    return np.sum(run(p, T)[-1] ** 2) / 2


def gradient(p, T):
    h, forth, back, e = run(p, T)
    g = {name: 0 * array for name, array in p.items()} | {"out": h.T @ e, "bias": e.sum(0)}
    dhs = np.hsplit(e @ p["out"].T, 2)
    for way, tape, dh in (("f", forth, dhs[0]), ("b", back, dhs[1])):
        dc = np.zeros((3, 4))
        for x, h, c, i, f, cand, o, tc in reversed(tape):
            dc = dc + dh * o * (1 - tc**2)
            di, df = dc * cand * i * (1 - i), dc * c * f * (1 - f)
            dz = np.hstack([di, df, dc * i * (1 - cand**2), dh * tc * o * (1 - o)])
            g["K" + way] += x.T @ dz
            g["R" + way] += h.T @ dz
            g["b" + way] += dz.sum(0)
            dh, dc = dz @ p["R" + way].T, dc * f
    return g
"""
# A batch of sequences of unequal length: what is beyond the end of one is left out of the loss. The first state is
# made of features, so it is not behind a tanh.
CAPTIONS = """
own = {"P": 0.5 * draw(size=(5, 6)), "p": 0.5 * draw(size=6), "W": 0.5 * draw(size=(6, 6))}
own |= {"U": 0.5 * draw(size=(4, 6)), "b": 0.5 * draw(size=6), "V": draw(size=(6, 3)), "c": draw(size=3)}
features, xs, targets = draw(size=(3, 5)), draw(size=(3, 40, 4)), np.eye(3)[np.arange(120).reshape(3, 40) % 3]
mask = (np.arange(40) < [[40], [2], [5]])[..., None]


def run(p, T):
    hs, probs = [features @ p["P"] + p["p"]], []
    for t in range(T):
        hs.append(np.tanh(xs[:, t] @ p["U"] + hs[t] @ p["W"] + p["b"]))
        e = np.exp(hs[-1] @ p["V"] + p["c"])
        probs.append(e / e.sum(1, keepdims=True))
    return hs, probs


def loss(p, T):
    return -sum(np.sum(mask[:, t] * targets[:, t] * np.log(prob)) for t, prob in enumerate(run(p, T)[1])) / 3


def gradient(p, T):
    hs, probs = run(p, T)
    g, back = {name: 0 * array for name, array in p.items()}, np.zeros((3, 6))
    for t in reversed(range(T)):
        e = mask[:, t] * (probs[t] - targets[:, t]) / 3
        g["V"] += hs[t + 1].T @ e
        g["c"] += e.sum(0)
        dz = (e @ p["V"].T + back) * (1 - hs[t + 1] ** 2)
        g["U"] += xs[:, t].T @ dz
        g["W"] += hs[t].T @ dz
        g["b"] += dz.sum(0)
        back = dz @ p["W"].T
    return g | {"P": features.T @ back, "p": back.sum(0)}
"""
PLAIN = """
own = {"U": 0.6 * draw(size=(4, 3)), "W": 0.5 * draw(size=(4, 4)), "b": draw(size=4)}
own |= {"V": draw(size=(3, 4)), "c": draw(size=3)}
xs, ys, start = draw(size=(40, 3)), draw(size=(40, 3)), 0.5 * draw(size=4)


def run(p, T):
    hs = [start]
    for x in xs[:T]:
        hs.append(np.tanh(p["U"] @ x + p["W"] @ hs[-1] + p["b"]))
    return hs, [p["V"] @ h + p["c"] - y for h, y in zip(hs[1:], ys)]


def loss(p, T):
    return sum(e @ e for e in run(p, T)[1]) / 2


def gradient(p, T):
    hs, errors = run(p, T)
    g, back = {name: 0 * array for name, array in p.items()}, 0
    for t in reversed(range(T)):
        e = errors[t]
        g["V"] += np.outer(e, hs[t + 1])
        g["c"] += e
        dz = (p["V"].T @ e + back) * (1 - hs[t + 1] ** 2)
        g["U"] += np.outer(dz, xs[t])
        g["W"] += np.outer(dz, hs[t])
        g["b"] += dz
        back = p["W"].T @ dz
    return g
"""
# Reset after the product, with two biases, and nothing but the last state is read.
GRU = """
own = {"W": 0.6 * draw(size=(4, 15)), "U": 0.6 * draw(size=(5, 15)), "bi": 0.4 * draw(size=15)}
own |= {"bh": 0.4 * draw(size=15), "V": draw(size=(5, 3)), "c": draw(size=3)}
xs, y = draw(size=(40, 3, 4)), draw(size=(3, 3))


def run(p, T):
    h, steps = np.zeros((3, 5)), []
    for x in xs[:T]:
        i, a = x @ p["W"] + p["bi"], h @ p["U"] + p["bh"]
        r, z = (1 / (1 + np.exp(-(i + a)[:, k : k + 5])) for k in (0, 5))
        n = np.tanh(i[:, 10:] + r * a[:, 10:])
        steps.append((x, h, r, z, n, a[:, 10:]))
        h = (1 - z) * n + z * h
    return steps, h


def loss(p, T):
    return np.sum((run(p, T)[1] @ p["V"] + p["c"] - y) ** 2)


def gradient(p, T):
    steps, last = run(p, T)
    e = 2 * (last @ p["V"] + p["c"] - y)
    g, dh = {name: 0 * array for name, array in p.items()} | {"V": last.T @ e, "c": e.sum(0)}, e @ p["V"].T
    for x, h, r, z, n, a in reversed(steps):
        dz = dh * (h - n) * z * (1 - z)
        dn = dh * (1 - z) * (1 - n**2)
        dr = dn * a * r * (1 - r)
        di, da = np.hstack([dr, dz, dn]), np.hstack([dr, dz, dn * r])
        g["W"] += x.T @ di
        g["bi"] += di.sum(0)
        g["U"] += h.T @ da
        g["bh"] += da.sum(0)
        dh = dh * z + da @ p["U"].T
    return g
"""
CARRY = ("back = dz @", "back = 0 * dz @")
# All weights in one vector.
ONE_VECTOR = """
shapes = (4, 3), (4, 4), (4,), (2, 4)
ends = np.cumsum([np.prod(shape) for shape in shapes])
own, start = {"theta": 0.6 * draw(size=ends[-1])}, 0.5 * draw(size=4)
xs, ys = draw(size=(40, 3)), draw(size=(40, 2))


def run(p, T):
    weights = [part.reshape(shape) for part, shape in zip(np.split(p["theta"], ends[:-1]), shapes)]
    hs = [start]
    for t in range(T):
        hs.append(np.tanh(weights[0] @ xs[t] + weights[1] @ hs[t] + weights[2]))
    return weights, hs


def loss(p, T):
    (U, W, b, V), hs = run(p, T)
    return sum(np.sum((V @ h - y) ** 2) for h, y in zip(hs[1:], ys)) / 2


def gradient(p, T):
    (U, W, b, V), hs = run(p, T)
    dU, dW, db, dV, back = 0 * U, 0 * W, 0 * b, 0 * V, 0
    for t in reversed(range(T)):
        e = V @ hs[t + 1] - ys[t]
        dV += np.outer(e, hs[t + 1])
        dz = (V.T @ e + back) * (1 - hs[t + 1] ** 2)
        dU += np.outer(dz, xs[t])
        dW += np.outer(dz, hs[t])
        db += dz
        back = W.T @ dz
    return {"theta": np.concatenate([part.ravel() for part in (dU, dW, db, dV)])}
"""


EACH = (LAYERS, 2), (LAYERS, 4), (BOTH_WAYS, 0), (CAPTIONS, 0), (ONE_VECTOR, 0), (PLAIN, 0), (GRU, 0)


@pytest.mark.parametrize(("text", "n"), EACH)
def test_the_models_of_this_file_are_right(text, n):
    assert (diagnosis := diagnose(of_text(text, n=n))).passed, diagnosis


@pytest.mark.parametrize("n", [3, 4])
@pytest.mark.parametrize("edit", [(DOWN, DOWN.replace("dz", "dz**3")), (BACK, f"{BACK} * (l == n - 1)")])
def test_layers_that_share_an_array_are_not_taken_for_gates(n, edit):
    diagnosis = diagnose(of_text(LAYERS, edit, n=n))
    assert families(diagnosis) == ["carry"], diagnosis
    assert f"only block {n} of {n} is right" in told(diagnosis) and "LSTM" not in told(diagnosis)
    assert "If its weights are zero, the others get no gradient" in told(diagnosis)
    assert f"slices 0{',' if n > 3 else ' and'} 1" in told(diagnosis)


@pytest.mark.parametrize(("line", "name"), [(DOWN, "U"), (BACK, "W")])
def test_a_transpose_is_found_where_an_array_holds_several_matrices(line, name):
    diagnosis = diagnose(of_text(LAYERS, (line, line.replace(".T", "")), n=3))
    assert families(diagnosis) == ["transpose"] and f"With {name} made symmetric" in told(diagnosis), diagnosis


@pytest.mark.parametrize(
    ("edit", "family", "said"),
    [
        (("[di, df, ", "[df, di, "), "gate rows", "you return the gradient of block 1 of 4 instead of"),
        (("dc * i * (1 - cand**2)", "dc * i * cand"), "gate", "columns 8 to 11 of Kf and Kb (block 3 of 4)"),
        (('@ p["R" + way].T, dc * f', '@ p["R" + way].T, dc'), "carry", "only block 4 of 4 is right at T = 2"),
    ],
)
def test_gates_have_as_many_units_as_the_matrix_of_the_state_has(edit, family, said):
    diagnosis = diagnose(of_text(BOTH_WAYS, edit))
    assert families(diagnosis) == [family], diagnosis
    assert said in told(diagnosis)


@pytest.mark.parametrize("edit", [CARRY, ('g["b"] +=', 'g["b"] =')])
def test_units_that_large_numbers_leave_without_a_slope_are_no_proof_of_a_switch(edit):
    for seed in range(3):
        diagnosis = diagnose(of_text(CAPTIONS, edit, seed=seed), lengths=(1, 2, 3))
        assert families(diagnosis)[0] == ("carry" if edit is CARRY else "line"), diagnosis


@pytest.mark.parametrize("wrong", ["0 * dz", "W @ dz"])
def test_nothing_is_said_of_a_switch_or_a_factor_where_all_weights_are_in_one_vector(wrong):
    assert families(found := diagnose(of_text(ONE_VECTOR, ("W.T @ dz", wrong)))) == ["one vector"], found


@pytest.mark.parametrize(("rows", "seed"), [("[40], [2], [5]", 0), ("[40], [40], [2]", 3)])
def test_a_mask_that_is_missing_at_the_output_is_no_walk_that_ends(rows, seed):
    diagnosis = diagnose(of_text(CAPTIONS, ("[40], [2], [5]", rows), ("e = mask[:, t] * ", "e = "), seed=seed))
    assert families(diagnosis) == ["loss"] and "mask" in diagnosis.findings[0].advice, diagnosis


def of_changed(text, change, **names):
    """The case of a right model, with every array of its gradient changed."""
    right = of_text(text, **names)

    def case(T):
        params, loss, gradient = right(T)
        return params, loss, lambda p: {name: change(array) for name, array in gradient(p).items()}

    return case


@pytest.mark.parametrize("change", [np.sign, np.cbrt, lambda g: np.tanh(3 * g), lambda g: g / (np.abs(g) + 1e-3)])
def test_a_gradient_whose_numbers_are_changed_one_by_one_is_told_as_that(change):
    diagnosis = diagnose(of_changed(CAPTIONS, change), lengths=(1, 2, 3))
    assert families(diagnosis) == ["size"], diagnosis
    assert "in the right order of size, though some may be equal" in told(diagnosis)


def test_a_gradient_is_not_said_to_keep_the_order_of_a_few_numbers_that_are_far_apart():
    diagnosis = diagnose(of_text(CAPTIONS, ('"p": back.sum(0)', '"p": 1.01 * back.sum(0) + 1e-3')))
    assert "size" not in families(diagnosis), diagnosis


def test_a_norm_that_is_set_is_not_called_clipping_and_told_for_all_arrays_at_once():
    diagnosis = diagnose(of_changed(CAPTIONS, lambda g: 9 * g / np.linalg.norm(g)), lengths=(2, 3))
    assert families(diagnosis) == ["scale"], diagnosis
    assert diagnosis.findings[0].place.count("The gradient of") == 1
    assert diagnosis.findings[0].evidence == "Its norm is 9: it is set to this value."


def test_the_scale_of_an_attention_is_told_as_a_square_root():
    diagnosis = diagnose(of_changed(CAPTIONS, lambda g: g / np.sqrt(6)), lengths=(1, 2))
    assert "1/sqrt(6) of the right one" in told(diagnosis), diagnosis
    assert "Is it the scale of an attention, sqrt(6)?" in told(diagnosis)


@pytest.mark.parametrize("size", [3, 4])
def test_a_layers_input_among_the_weights_has_other_shapes_at_other_lengths(size):
    """Which is how the gradient of a layer's input is checked; a square batch is no matrix of weights."""
    random = np.random.default_rng(0)
    xs, fixed = random.normal(size=(2, 20, size))
    own = {"g": random.uniform(0.5, 1.5, size), "b": random.normal(size=size)}

    def case(T, factor="g"):
        params = own | {"x": xs[:T].copy()}

        def normed(p):
            by = np.sqrt(((p["x"] - p["x"].mean(1, keepdims=True)) ** 2).mean(1, keepdims=True) + 1e-5)
            return (p["x"] - p["x"].mean(1, keepdims=True)) / by, by

        def loss(p):
            return float(np.sum(np.sin(p["g"] * normed(p)[0] + p["b"]) * fixed[:T]))

        def gradient(p):
            hat, by = normed(p)
            dout = fixed[:T] * np.cos(p["g"] * hat + p["b"])
            dhat = dout * p["g"] if factor else dout
            dx = dhat - dhat.mean(1, keepdims=True) - hat * (dhat * hat).mean(1, keepdims=True)
            return {"g": (dout * hat).sum(0), "b": dout.sum(0), "x": dx / by}

        return params, loss, gradient

    assert lt.diagnose_model(case).passed
    diagnosis = lt.diagnose_model(lambda T: case(T, ""))
    assert families(diagnosis)[0] == "formula" and "With g set to one, everything is right" in told(diagnosis)
    assert not any("different shape" in note for note in diagnosis.notes), diagnosis


def test_what_happens_over_many_steps_is_seen_although_the_shape_of_an_input_changes():
    """A walk of two steps, in a net whose input is among the weights."""
    random = np.random.default_rng(2)
    own = {"U": 0.6 * random.normal(size=(4, 3)), "W": 0.5 * random.normal(size=(4, 4)), "b": random.normal(size=4)}
    xs, fixed = random.normal(size=(20, 3)), random.normal(size=(20, 4))

    def case(T, most=20):
        def run(p):
            hs = [np.full(4, 0.3)]
            for x in p["x"]:
                hs.append(np.tanh(p["U"] @ x + p["W"] @ hs[-1] + p["b"]))
            return hs

        def gradient(p):
            hs, g, back = run(p), {name: 0 * array for name, array in p.items()}, 0
            for t in reversed(range(max(0, T - most), T)):
                dz = (fixed[t] + back) * (1 - hs[t + 1] ** 2)
                g["U"] += np.outer(dz, p["x"][t])
                g["W"] += np.outer(dz, hs[t])
                g["b"] += dz
                g["x"][t] = p["U"].T @ dz
                back = p["W"].T @ dz
            return g

        return own | {"x": xs[:T].copy()}, lambda p: float(np.sum(np.array(run(p)[1:]) * fixed[:T])), gradient

    assert diagnose(case).passed
    diagnosis = diagnose(lambda T: case(T, most=2))
    assert families(diagnosis)[0] == "truncation" and not any("only T" in note for note in diagnosis.notes), diagnosis
    # At T = 4 the input has the shape of U.
    assert families(diagnose(lambda T: case(T, most=1), lengths=(1, 2, 4))) == ["between steps"]


def test_an_array_that_is_given_the_deltas_of_another_step_has_no_mistake_of_its_own():
    """Its bias is right, since a sum does not know which step is which."""
    diagnosis = diagnose(of_text(PLAIN, ("e = errors[t]", "e = errors[t - 1]")))
    assert families(diagnosis) == ["between steps"], diagnosis
    diagnosis = diagnose(of_text(PLAIN, ('g["V"] += np.outer(e,', 'g["V"] += np.outer(errors[t - 1],')))
    assert families(diagnosis) == ["line"] and "same deltas as c" in told(diagnosis), diagnosis


def test_the_gates_of_a_gru_get_nothing_from_the_candidate_though_it_is_zero_without_weights():
    """Two wrong gates, and a state that is zero at the start: what they get is right."""
    edits = (("dz = dh * (h - n) * z * (1 - z)", "dz = dh * (h - n)"), ("dr = dn * a * r", "dr = dn * n * r"))
    diagnosis = diagnose(of_text(GRU, *edits))
    assert families(diagnosis) == ["formula"] and "no gradient" not in told(diagnosis), diagnosis


@pytest.mark.parametrize(
    ("rate", "asked"), [(0.1, "10 features, or a learning rate of 0.1?"), (0.3, "a learning rate,")]
)
def test_a_factor_may_be_the_rate_of_an_update(rate, asked):
    assert asked in told(diagnose(of_changed(CAPTIONS, lambda g: rate * g), lengths=(1, 2)))
    assert "rate" not in told(diagnose(of_changed(CAPTIONS, lambda g: g / 3), lengths=(1, 2)))
    of_one = diagnose(of_text(CAPTIONS, ('g["c"] += e.sum(0)', f'g["c"] += {rate} * e.sum(0)')), lengths=(1, 2))
    assert families(of_one) == ["scale"] and "rate" not in told(of_one)


def test_what_is_zero_at_one_step_is_not_said_to_be_zero_at_every_length_where_shapes_change():
    xs = np.random.default_rng(1).normal(size=(20, 3))

    def case(T):
        def loss(p):
            return float(np.sum(np.cos(p["a"] * p["x"])) + np.sum(p["x"][1:] * p["x"][:-1]))

        def gradient(p):
            both = np.zeros_like(p["x"])  # and not that of the cosine
            both[1:] += p["x"][:-1]
            both[:-1] += p["x"][1:]
            return {"a": np.sum(-np.sin(p["a"] * p["x"]) * p["x"], axis=0), "x": both}

        return {"a": np.array([0.5, -0.8, 1.1]), "x": xs[:T].copy()}, loss, gradient

    said = told(diagnose(case))
    assert "Wrong at T = 1 already: x." in said and "every length" not in said


def test_a_law_over_the_lengths_is_told_although_the_shape_of_an_input_changes():
    xs = np.random.default_rng(1).normal(size=(20, 3))

    def case(T):
        def gradient(p):
            return {"a": T * np.sum(-np.sin(p["a"] * p["x"]) * p["x"], 0), "x": -T * np.sin(p["a"] * p["x"]) * p["a"]}

        loss = lambda p: float(np.sum(np.cos(p["a"] * p["x"])))  # noqa: E731
        return {"a": np.array([0.5, -0.8, 1.1]), "x": xs[:T].copy()}, loss, gradient

    assert "The factor is T at every length" in told(diagnose(case))
