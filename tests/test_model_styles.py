"""diagnose_model on passes in the styles that people bring: what it says of right ones, of wrong ones, and why."""

import importlib.util
import re
import sys
import types

import numpy as np
import pytest
from projectfiles import ROOT

import lstm_teach as lt
from tests.model_cases import diagnose, families, further, is_named, of_text, told
from tests.model_cases.styles.faults import FAULTS, FOLDER, STYLES, load

long = pytest.mark.long  # the rest is run at every change
QUICK = ("gate_attributes", "rows_of_states", "stacked_class", "node_list", "updating_rnn", "gru_globals")
# benchmarks/model_quality.py runs all of them; here the first of each
ONE_EACH = {fault[0]: fault for fault in reversed(FAULTS) if fault[0] in QUICK}
ONE_OF_ANY_KIND = dict(reversed(further.FAULTS))


def diagnosed(style, *edits, lengths=(1, 2, 3)):
    return diagnose(load(style, edits), lengths=lengths)


@long
@pytest.mark.parametrize("style", STYLES)
def test_a_right_pass_of_any_style_is_passed(style):
    diagnosis = diagnosed(style, lengths=(1, 3))
    assert diagnosis.passed, diagnosis
    assert max(error for errors in diagnosis.ladder.values() for error in errors.values()) < 1e-10


@long
@pytest.mark.parametrize(("style", "expected", "edits"), ONE_EACH.values())
def test_the_family_of_a_fault_is_named_first(style, expected, edits):
    diagnosis = diagnosed(style, *edits)
    assert not diagnosis.passed
    assert is_named(families(diagnosis)[0], expected), diagnosis


@long
@pytest.mark.parametrize("name", further.MODELS)
def test_a_right_model_of_any_kind_is_passed(name):
    diagnosis = diagnose(further.load(name))
    assert diagnosis.passed, diagnosis


@long
@pytest.mark.parametrize(("name", "fault"), ONE_OF_ANY_KIND.items())
def test_a_fault_in_a_model_of_any_kind_is_flagged_and_named_first_unless_it_is_known_to_be_missed(name, fault):
    found = families(diagnose(further.load(name, fault["edits"])))
    assert found
    assert is_named(found[0], fault["families"]) != fault.get("missed", False), found


# ------------------------------------------------------------------------------- weights that are not handed on


def test_an_array_with_which_the_loss_never_changes_is_the_only_finding():
    forgotten = (
        "for name in names:\n            setattr",
        "for name in set(names) - {'recurrent'}:\n            setattr",
    )
    diagnosis = diagnosed("regression_mean", forgotten)
    assert families(diagnosis) == ["not read"]
    assert "Is recurrent read? The loss does not change with recurrent at T = 2 and 3" in told(diagnosis)


@long
def test_an_array_that_the_gradient_does_not_read_is_the_only_finding():
    def case(T):
        params, loss, gradient = load("rows_of_states")(T)
        own = params["Ui"].copy()
        return params, loss, lambda p: gradient({**p, "Ui": own})

    diagnosis = diagnose(case, lengths=(1, 2, 3))
    assert families(diagnosis) == ["not read"]
    assert "Is Ui read by gradient?" in told(diagnosis)


def test_an_array_that_nothing_reads_is_only_noted_if_its_gradient_is_zero():
    def case(T):
        params, loss, gradient = load("rows_of_states")(T)
        return {**params, "spare": np.ones(3)}, loss, lambda p: {**gradient(p), "spare": np.zeros(3)}

    diagnosis = diagnose(case, lengths=(1, 2))
    assert diagnosis.passed
    assert any("does not change with spare" in note for note in diagnosis.notes)


class Net:
    def __init__(self):
        self.w = np.array([0.5, -0.7, 0.3])
        self.shared = {"w": self.w}

    def loss(self, T):
        return T * float(np.sum(np.sin(self.shared["w"])))

    def gradient(self, T):
        return {"dw": T * np.cos(self.w)}


def test_attributes_are_set_for_each_call_and_get_their_own_back():
    net = Net()
    own, values = net.w, net.w.copy()
    assert diagnose(lt.case_of(net, ["w"], net.loss, net.gradient), lengths=(1, 2)).passed
    assert net.w is own and np.array_equal(net.w, values)
    with pytest.raises(ZeroDivisionError):
        lt.case_of(net, ["w"], lambda T: 1 / 0)(1)[1]({"w": np.zeros(3)})
    assert np.array_equal(net.w, values)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_a_loss_that_is_an_array_of_one_number_comes_before_its_gradient_too(shape):
    net = Net()

    def both(T):
        return np.full(shape, net.loss(T)), T * np.cos(net.w)

    def together(params):
        net.w[:] = params["w"]
        loss, slope = both(1)
        return loss, {"w": slope}

    assert diagnose(lt.case_of(net, ["w"], both), lengths=(1, 2)).passed
    assert diagnose(lambda T: ({"w": net.w.copy()}, together), lengths=(1,)).passed
    # an array of one number is not taken for the loss if another function makes that
    scale = {"w": np.array([0.5])}
    assert diagnose(lt.case_of(scale, ["w"], lambda T: T * scale["w"][0] ** 2, lambda T: [2 * T * scale["w"]])).passed


def test_a_loss_may_be_of_another_librarys_kind_of_array():
    class Scalar:
        def __init__(self, number):
            self.number = number

        def __array__(self, dtype=None, copy=None):
            return np.array(self.number, dtype)

    net = Net()
    assert diagnose(lt.case_of(net, ["w"], lambda T: Scalar(net.loss(T)), net.gradient), lengths=(1, 2)).passed


def test_an_error_whose_numbers_differ_from_length_to_length_is_reported_once():
    net = Net()

    def gradient(T):
        return {"w": T * np.cos(net.w) + np.zeros(T)[5]}  # index 5 is out of bounds for axis 0 with size T

    findings = diagnose(lt.case_of(net, ["w"], net.loss, gradient), lengths=(2, 3, 5, 6)).findings
    assert len(findings) == 1, findings
    assert findings[0].idea.startswith("At T = 2, and much the same at T = 3 and 5: gradient raised IndexError"), (
        findings
    )


class Lists:
    """One layer on another, the weights in a list that each update replaces."""

    def __init__(self):
        self.weights = [np.array([[0.4, -0.8], [0.7, 0.5]]), np.array([[0.6, -0.9]])]

    def loss(self, T):
        return T * float(np.sum(self.weights[1] @ np.sin(self.weights[0])))

    def update(self, T):
        first, last = self.weights
        slopes = [T * last.T * np.cos(first), T * np.sin(first).sum(axis=1)[None]]
        self.weights = [own - slope for own, slope in zip(self.weights, slopes, strict=True)]


def test_weights_in_a_list_have_numbers_for_names_and_come_back_after_an_update():
    net = Lists()
    first, values = net.weights[0], net.weights[0].copy()

    def gradient(T):
        before = [own.copy() for own in net.weights]
        net.update(T)
        return [old - new for old, new in zip(before, net.weights, strict=True)]

    case = lt.case_of(net, ["weights.0", "weights.1"], net.loss, gradient)
    assert diagnose(case, lengths=(1, 2)).passed
    assert net.weights[0] is first and np.array_equal(first, values)
    with pytest.raises(IndexError):
        lt.case_of(net, ["weights.2"], net.loss, gradient)


class Views:
    """Weights that are parts of one vector, in a tuple, and made anew each time; only one of them can be set."""

    def __init__(self):
        self.theta = np.array([0.4, -0.8, 0.7, 0.5])
        self.pair = (np.array([0.6, -0.9]), np.matrix([[0.3, -0.5]]))

    @property
    def W(self):
        return self.theta.reshape(2, 2)

    @property
    def fresh(self):
        return self.theta.copy()

    def loss(self, T):
        return T * float(np.sum(np.sin(self.W) @ self.pair[0]) + np.sum(np.cos(self.pair[1])))

    def gradient(self, T):
        return T * np.cos(self.W) * self.pair[0], T * np.sin(self.W).sum(axis=0), -T * np.sin(self.pair[1])


def test_weights_may_be_views_of_one_vector_and_stand_in_a_tuple_but_not_be_made_anew():
    net = Views()
    assert diagnose(lt.case_of(net, ["W", "pair.0", "pair.1"], net.loss, net.gradient), lengths=(1, 2)).passed
    assert net.theta.tolist() == [0.4, -0.8, 0.7, 0.5]
    with pytest.raises(TypeError, match=r"fresh of net must be the same array each time, .* got a new one\.$"):
        lt.case_of(net, ["fresh"], net.loss)


def test_a_weight_that_the_gradient_deletes_is_there_again_and_one_without_numbers_may_be_there():
    net = types.SimpleNamespace(W=np.ones(2), b=np.zeros(0))

    def gradient(T):
        grads = {"W": 2 * T * net.W, "b": net.b}
        del net.W
        return grads

    case = lt.case_of(net, ["W", "b"], lambda T: T * float(net.W @ net.W), gradient)
    assert case(2)[2]({"W": np.full(2, 3.0), "b": np.zeros(0)})["W"].tolist() == [12, 12]
    assert net.W.tolist() == [1, 1]


def test_one_name_needs_no_list():
    net = Net()
    assert diagnose(lt.case_of(net, "w", net.loss, net.gradient), lengths=(1, 2)).passed
    with pytest.raises(AttributeError, match="no attribute 'w b'"):
        lt.case_of(net, "w b", net.loss)


@pytest.mark.parametrize(
    ("params", "gradient", "said"),
    [
        ({"w": np.matrix([[1.0, 2.0]])}, lambda p: {"w": 2 * p["w"]}, "must be a plain array, got a matrix"),
        (types.MappingProxyType({"w": np.ones(2)}), lambda p: {"w": 2 * p["w"]}, "something else that can be copied"),
        ({"w": np.ones(2)}, lambda p: {"w": 2 * p.pop("w")}, "gradient(params) changes w of its argument."),
    ],
)
def test_weights_that_cannot_be_copied_or_get_lost_are_told_in_one_sentence(params, gradient, said):
    diagnosis = diagnose(lambda T: (params, lambda p: T * float(np.sum(np.square(p["w"]))), gradient))
    assert len(diagnosis.findings) == 1 and said in told(diagnosis), diagnosis


def test_lengths_are_several_numbers():
    with pytest.raises(TypeError, match=r"^lengths must be whole numbers, as in \(1, 2, 3\), got 5 \(int\)\.$"):
        lt.diagnose_model(Net, lengths=5)


def test_a_law_of_the_length_is_told_before_a_norm_that_is_always_the_same():
    def case(T):
        return {"w": np.ones(3)}, lambda p: T * float(p["w"] @ p["w"]), lambda p: {"w": 2 * p["w"]}

    assert families(found := diagnose(case)) == ["scale"] and "one division by T too many" in told(found), found


def test_lengths_without_a_gradient_are_told_in_one_note():
    net = Net()
    case = lt.case_of(net, ["w"], lambda T: float(T), lambda T: [0 * net.w])
    notes = [note for note in diagnose(case, lengths=(1, 2)).notes if "almost zero" in note]
    assert notes == ["At T = 1 and 2 the right gradient is almost zero, so the check says nothing there."]


def test_a_transpose_hidden_by_an_identity_matrix_is_not_blamed_on_unread_weights_alone():
    x, step = np.random.default_rng(0).normal(size=(2, 3))

    def loss(p):
        return float(step @ np.tanh(p["W"] @ np.tanh(p["u"] + x)))

    def gradient(p):
        h = np.tanh(p["u"] + x)
        dz = step * (1 - np.tanh(p["W"] @ h) ** 2)
        return {"W": np.outer(dz, h), "u": p["W"] @ dz * (1 - h**2)}  # W.T is meant

    diagnosis = diagnose(lambda T: ({"W": np.eye(3), "u": np.array([0.3, -0.5, 0.8])}, loss, gradient))
    assert "Let T be the number of steps or of examples, and the check can tell you more." in diagnosis.notes[-1]
    finding, second = diagnosis.findings
    assert second.family == "transpose" and second.place == "Wrong: u."
    assert "or the gradient is right at your weights only by chance" in finding.idea
    assert "an identity matrix is its own transpose" in finding.advice


def test_a_name_that_is_no_array_gets_one_sentence():
    with pytest.raises(TypeError, match=r"shared of net must be an array of floating-point numbers, got"):
        lt.case_of(Net(), ["shared"], Net.loss)
    with pytest.raises(AttributeError, match="no attribute 'W'"):
        lt.case_of(Net(), ["W"], Net.loss)
    with pytest.raises(TypeError, match="loss must be a function of T, got 3"):
        lt.case_of(Net(), ["w"], 3)
    diagnosis = diagnose(lt.case_of(net := Net(), ["w"], net.loss, lambda T: [net.w, net.w]))
    assert "one array for each of w; got 2 things" in told(diagnosis)


# ------------------------------------------------------------------------------------ a state that starts at zero


@long
def test_what_a_zero_state_hides_is_not_called_right():
    diagnosis = diagnosed("gru_globals", ("dUh += np.outer(dc, r * h)", "dUh += np.outer(dc, h)"))
    assert "Right at T = 1, where the right gradient of Uh is zero, wrong from T = 2 on: Uh." in told(diagnosis)
    assert any(
        "is zero (does a state start at zero, or a softmax have a single entry?)" in note for note in diagnosis.notes
    )
    assert "initial state" not in told(diagnosis)  # nobody can follow advice to use another


@long
def test_a_gate_that_a_zero_state_hides_at_first_is_named_where_nothing_else_stays_wrong():
    diagnosis = diagnosed("char_globals", ("* f[t] * (1 - f[t])", "* f[t]"))
    assert families(diagnosis) == ["gate"]
    assert "so that nothing goes back through them, only the gradient of Wf and bf stays wrong." in told(diagnosis)


def test_a_block_that_can_show_nothing_is_left_out_of_the_reasoning():
    diagnosis = diagnosed("stacked_class", ("dc_next = dc * f", "dc_next = dc * i"))
    hint = "only block 4 of 4 is right at T = 2. Look at what the others have in common: the delta of the cell if the"
    assert hint in told(diagnosis)  # the forget gate's 1 is right as well


@long
def test_an_index_of_minus_one_at_the_first_step_is_named():
    h = diagnosed("rows_of_states", ("h_before = h[t - 1] if t > 0 else np.zeros(nh)", "h_before = h[t - 1]"))
    s = diagnosed("rows_of_states", ("s_before = s[t - 1] if t > 0 else np.zeros(nh)", "s_before = s[t - 1]"))
    assert families(h) == families(s) == ["first step"]
    assert "of Wf and bf is wrong only where the right one is exactly zero" in told(s)
    assert "an index t - 1 that is -1 at t = 0 and so reads the last row" in told(h)


@pytest.mark.parametrize("tokens", [True, False])
@pytest.mark.parametrize("wraps", [True, False])
def test_what_is_read_at_the_first_step_instead_of_zeros_is_named_where_no_bias_tells_which_side_has_the_deltas(
    wraps, tokens
):
    draw = np.random.default_rng(0)
    params = {"W": draw.normal(size=(4, 4)), "U": draw.normal(size=(4, 4)), "V": draw.normal(size=(3, 4))}
    x, goals, ones = draw.normal(size=(8, 4)), draw.normal(size=(8, 3)), np.ones(4)
    x = np.eye(4)[[0, 2, 1, 1, 3, 0, 2, 3]] if tokens else x

    def states(p, T):
        h = np.zeros((T + 1, 4))
        for t in range(T):
            h[t] = np.tanh(p["W"] @ h[t - 1] + p["U"] @ x[t])
        return h[:T]

    def gradient(p, T):
        h, grads, dh = states(p, T), {name: np.zeros_like(w) for name, w in p.items()}, np.zeros(4)
        for t in reversed(range(T)):
            e = p["V"] @ h[t] - goals[t]
            dz = (p["V"].T @ e + dh) * (1 - h[t] ** 2)
            before = h[t - 1] if t or wraps else ones
            for name, column, row in (("V", e, h[t]), ("W", dz, before), ("U", dz, x[t])):
                grads[name] += np.outer(column, row)
            dh = p["W"].T @ dz
        return grads

    def case(T):
        return params, lambda p: ((states(p, T) @ p["V"].T - goals[:T]) ** 2).sum() / 2, lambda p: gradient(p, T)

    diagnosis = diagnose(case)
    assert families(diagnosis) == ["first step"], diagnosis
    assert "same deltas as V" not in told(diagnosis)


@long
def test_the_wrong_row_at_every_step_is_not_taken_for_one_at_the_first():
    diagnosis = diagnosed("updating_rnn", ("np.outer(dz, self.h[t - 1])", "np.outer(dz, self.h[t])"))
    assert families(diagnosis) == ["line"]


# --------------------------------------------------------------------------------------------- several at once


@long
def test_one_factor_of_all_arrays_is_divided_out_before_the_next_mistake_is_looked_for():
    clipped = diagnosed("clipped_layers", ("limit = np.inf", "limit = 0.4"), ("dcl * i * (1 - g**2)", "dcl * i"))
    assert families(clipped) == ["clipping", "gate"]
    assert "The norm of all arrays together is 0.4" in told(clipped)
    assert "columns 9 to 11 of W1 (block 4 of 4)" in str(clipped.findings[1])
    averaged = diagnosed(
        "lists_of_arrays", ("derr = 2 * err / T", "derr = 2 * err"), ("dhn = dz @ Wh.T", "dhn = 0 * dhn")
    )
    assert families(averaged) == ["scale", "carry"]
    assert "With Wh set to zero, everything is right" in str(averaged.findings[1])


@long
def test_a_factor_of_the_output_alone_is_not_taken_for_one_of_all():
    diagnosis = diagnosed("gate_attributes", ('grads["V"] += np.outer(h, dy)', 'grads["V"] += 2 * np.outer(h, dy)'))
    assert families(diagnosis) == ["scale"]
    assert "The gradient of V is 2 times" in told(diagnosis) and "All arrays" not in told(diagnosis)


@long
def test_a_bias_is_not_taken_for_an_initial_state():
    both = ("dh_next = self.U_i", "dh_next = 0 * self.U_i"), ('grads["b_i"] += dz_i', 'grads["b_i"] += i')
    diagnosis = diagnosed("gate_attributes", *both)
    assert "hands back" not in told(diagnosis)
    assert "b_i is made with the same deltas as U_i and W_i, whose gradient is right at T = 1" in told(diagnosis)


@long
def test_a_copied_gradient_is_compared_with_the_learners_own_sister():
    copy = ('grads["W_o"] += np.outer(X[t], dz_o)', 'grads["W_o"] += np.outer(X[t], dz_f)')
    diagnosis = diagnosed("gate_attributes", copy, ("dc * c_prev * f * (1 - f)", "dc * c_prev * f"))
    assert "copy" in families(diagnosis)
    assert "Your gradients of W_f and W_o are the same; the right ones differ." in told(diagnosis)


@long
def test_an_exact_ratio_at_the_first_wrong_length_is_told():
    diagnosis = diagnosed("gru_globals", ("dh * (h - c) * z", "dh * (c - h) * z"))
    assert "At T = 1 the gradient of Wz and bz is -1 times the right one" in told(diagnosis)


# ----------------------------------------------------------------------------------------------- gates and blocks


@long
def test_one_array_for_each_gate_gets_the_hint_at_the_cell():
    diagnosis = diagnosed("gate_attributes", ("dc_next = dc * f", "dc_next = dc * i"))
    assert "only the gate of W_o, U_o and b_o is right at T = 2. Look at what the others have" in told(diagnosis)


@long
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault[0] == "char_globals"][3:7:3])
def test_rows_of_one_gate_are_not_called_blocks(fault):
    style, _, edits = fault  # of four units each
    assert "block" not in told(diagnosed(style, *edits)).lower()


@long
@pytest.mark.parametrize(
    ("style", "edit"),
    [
        ("node_list", ("df = self.s_prev * ds", "df = self.s * ds")),  # all deltas reach one unit alone at T = 1
        ("char_globals", ("* f[t] * (1 - f[t])", "* f[t]")),
    ],
)
def test_deltas_are_not_called_right_where_they_are_wrong(style, edit):
    diagnosis = diagnosed(style, edit, lengths=(1, 2, 3))
    assert families(diagnosis)[0] in ("gate", "between steps")
    assert "same deltas" not in told(diagnosis)


@long
@pytest.mark.parametrize(
    ("style", "edit"),
    [("batch_last_step", ("            dc = dc * f\n", "")), ("clipped_layers", ("dcl * f\n", "0 * dcl\n"))],
)
def test_neither_a_layer_nor_half_of_the_columns_is_taken_for_a_gate(style, edit):
    diagnosis = diagnosed(style, edit)
    assert families(diagnosis)[0] == "carry"
    assert "the delta of the cell if the right one is the output gate of an LSTM" in told(diagnosis)


# --------------------------------------------------------------------------------------------------------- errors


def imported(path, source):
    path.write_text(source)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_error_at_one_length_names_the_librarys_line_and_hides_no_other(tmp_path):
    source = (FOLDER / "stacked_class.py").read_text()
    source = source.replace(
        "        return self.ys\n", "        self.all = np.stack(self.ys[1:])\n        return self.ys\n"
    )
    module = imported(tmp_path / "their_library.py", source.replace("dh_next, dc_next = np", "dh_next, dc_next = np"))
    case = lt.case_of(module.net, ["W", "b", "Wy", "by"], lambda T: module.loss(T), lambda T: module.gradient(T))
    diagnosis = diagnose(case, lengths=(1, 2, 3))
    assert families(diagnosis) == ["raises"] and list(diagnosis.ladder) == [2, 3]
    assert "At T = 1: " in told(diagnosis) and "need at least one array to stack" in told(diagnosis)
    assert re.search(
        r"line \d+ of their_library\.py, in forward: self\.all = np\.stack\(self\.ys\[1:\]\)", told(diagnosis)
    )
    assert "other lengths could not be compared" in diagnosis.summary


@long
def test_an_error_at_one_length_does_not_hide_a_mistake_at_the_others():
    broken = ("        return self.ys\n", "        self.all = np.stack(self.ys[1:])\n        return self.ys\n")
    diagnosis = diagnosed("stacked_class", broken, ("dc * i * (1 - g * g)", "dc * i"))
    assert families(diagnosis)[0] == "raises" and "gate" in families(diagnosis)


# -------------------------------------------------------------------------------------------------------- recipes


def recipes():
    text = (ROOT / "docs" / "your_own_model.md").read_text()
    return re.findall(r"^## (.*?)$.*?```python\n(.*?)```", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("title", "code"), recipes())
def test_the_recipes_work(title, code, tmp_path, monkeypatch, capsys):
    """Each with the files that it speaks of, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    rnn = (FOLDER / "updating_rnn.py").read_text().partition("net = RNN()")[0].replace("import lstm_teach as lt\n", "")
    (tmp_path / "rnn.py").write_text(rnn)
    script = (FOLDER / "char_globals.py").read_text().partition("names = [")[0].replace("import lstm_teach as lt\n", "")
    loop = "\nn = 0\nwhile True:\n    n += 1\n    raise SystemExit('training')\n"
    (tmp_path / "train.py").write_text(script + loop)
    old = script.replace("range(", "xrange(") + "\nif True:\n\tprint 'iter %d' % 0" + loop
    (tmp_path / "old.py").write_text(old)
    space: dict = {}
    try:
        exec(code, space)
        assert isinstance(space["diagnosis"], lt.ModelDiagnosis) and space["diagnosis"].passed, space["diagnosis"]
        assert str(space["diagnosis"]) in capsys.readouterr().out
    finally:
        for name in ("rnn", "train", "old"):
            sys.modules.pop(name, None)


# ------------------------------------------------------------------------------------ reasons that have to be true

KINK = (
    ('"b": rng.normal(size=H) * 0.5', '"b": np.zeros(H)'),
    ("h0 = np.abs(rng.normal(size=(H, B)))", "h0, xs[0, :, 0] = np.zeros((H, B)), 0"),
)
NOTHING_BACK = ("dh_next = self.W.T.dot(dz)[:H]", "dh_next = 0 * dh"), ("            dc_next = dc * f\n", "")
PENALTY = ('for name in ("U", "W", "O"):\n            grads', 'for name in ("O",):\n            grads')
TWICE = ("grads[name] += decay * p[name]", "grads[name] += 2 * decay * p[name]")
IN_THE_LOOP = (('grads["W"] += np.outer(dz, h[t])', 'grads["W"] += np.outer(dz, h[t]) + decay * p["W"] * (t > 0)'),)
SLOPE = ('du = np.outer(dscore, p["v"]) * (1 - u**2)', 'du = np.outer(dscore, p["v"])')
IN_WRONG_ORDER = "dc * g * i * (1 - i), dc * c * f * (1 - f),", "dc * c * f * (1 - f), dc * g * i * (1 - i),"
FOUR_UNITS = ("B, H, D = 2, 3, 4", "B, H, D = 2, 4, 3")
# the model, what is changed, the family of the first finding, what is said somewhere, what is said nowhere
REASONS = {
    "an epsilon that only the loss has": (
        "word_attention",
        [("-np.log(y[goal])", "-np.log(y[goal] + 1e-8)")],
        "small",
        "Look for an epsilon that only one of loss and gradient has",
        "single precision",
    ),
    "a larger epsilon": (
        "lstm_stacked",
        [("np.log(", "np.log(2e-6 + ")],
        "small",
        "The gradient is right but for a small difference",
        " 1 times",
    ),
    "the first state left out": (
        "rnn_tanh",
        [("dW = dW + dz.T @ hs[t]", "dW = dW + dz.T @ hs[t] * (t > 0)")],
        "left out",
        "the gradient of Whh is zero; with more steps it is not: what a single step should give is missing, or",
        "gets nothing",
    ),
    "one step left out of all": (
        "rnn_relu",
        [("for t in reversed(range(T)):", "for t in reversed(range(1, T)):")],
        "steps",
        "At T = 1 the gradient of W, U, b, V and d is zero; with more steps it is not",
        "the last step gets nothing",
    ),
    "a penalty on what can show nothing else": (
        "updating_rnn",
        [("return 0.5 * np.sum(self.err**2)", "return 0.5 * np.sum(self.err**2) + 0.1 * np.sum(self.Whh**2)")],
        "penalty",
        "The gradient of Whh lacks 0.2 times the weights.",
        "what a single step should give",
    ),
    "a penalty on two of three": (
        "word_attention",
        [PENALTY],
        "penalty",
        "of U and W lacks 0.05 times the weights",
        "",
    ),
    "a penalty counted twice": (
        "word_attention",
        [TWICE],
        "penalty",
        "U, W and O has an extra term, 0.05 times the weights",
        "",
    ),
    "a penalty at each step": (
        "word_attention",
        IN_THE_LOOP,
        "penalty",
        "W has an extra term, a multiple of the weights",
        "",
    ),
    "nothing goes back at all": (
        "stacked_class",
        NOTHING_BACK,
        "between steps",
        "from c to c, from h to h",
        "What the loss, or the layer above, sends",
    ),
    "no way straight from h to h": (
        "gru_reset_after",
        [("dh = dh * z + dgh", "dh = dgh")],
        "between steps",
        "from c to c, from h to h",
        "output gate",
    ),
    "attention does not reach the states": (
        "word_attention",
        [('        dh += du @ p["S"]\n', "")],
        "carry",
        "With S or v set to zero, everything is right",
        "What one step hands to the step before",
    ),
    "the states get their delta at the end only, and a penalty hides that nothing goes back through zeros": (
        "word_attention",
        [("da = dh[t] + back", "da = dh[t] * (t == T - 1) + back")],
        "between steps",
        "",
        "With O",
    ),
    "a slope within attention": (
        "word_attention",
        [SLOPE],
        "carry",
        "With S set to zero, everything is right. Look at each use of S on the way back, and at each use of what is "
        "computed from it.",
        "",
    ),
    "a wrong delta in attention, before two arrays": (
        "word_attention",
        [("weight * (dweight - weight @ dweight)", "weight * (1 - weight) * dweight")],
        "between steps",
        "",
        "initial state",
    ),
    "a bias without the slope": (
        "word_attention",
        [('grads["b"] += dz', 'grads["b"] += da')],
        "line",
        "in the lines that make this gradient, or in a delta that no other gradient uses",
        "what it is multiplied by",
    ),
    "a bias at the output": (
        "updating_rnn",
        [("dby += self.err[t]", "dby += self.err[t] + ys[t]")],
        "line",
        "by is made with the same deltas as Why, whose gradient is right at every length",
        "what it is multiplied by",
    ),
    "an old delta in one line": (
        "lstm_projection",
        [('G["proj"] += np.outer(dr, m)', 'G["proj"] += np.outer(np.sign(rn - y), m)')],
        "line",
        "in the lines that make this gradient",
        "how they are added up",
    ),
    "one row of a table": (
        "word_attention",
        [
            (
                'for name in ("U", "W", "O"):\n            grads',
                'grads["E"][4] = 0\n        for name in "UWO":\n            grads',
            )
        ],
        "line",
        "wrong from T = 2 on: row 4 of E. Nothing but E is wrong; a wrong delta would show in other gradients too, "
        "if others are made with it.",
        "how they are added up",
    ),
    "three gates of four rows": (
        "gru_reset_after",
        [FOUR_UNITS, ("dh = dh * z + dgh @", "dh = dh * z + dgi @")],
        "carry",
        "With weight_hh set to zero",
        "of 4)",
    ),
    "blocks of many arrays": (
        "stacked_class",
        [("dc_next = dc * f\n", "dc_next = dc * i\n")],
        "carry",
        "Of the gates that show anything at T = 1, only block 4 of 4 is right at T = 2.",
        "that show anything here",
    ),
    "two lines of two arrays": (
        "word_attention",
        [
            ('grads["W"] += np.outer(dz, h[t])', 'grads["W"] += np.outer(dz, h[t + 1])'),
            ('grads["c"] += dy', 'grads["c"] += 3 * dy'),
        ],
        "scale",
        "The gradient of c is 3 times the right one",
        "Nothing but W",
    ),
    "two layers whose blocks are swapped": (
        "lstm_two_layers",
        [("2, (2, 3, 4), 3", "2, (3, 3, 3), 3"), IN_WRONG_ORDER],
        "gate rows",
        "the gradient of block 2 of 4 instead of columns 0 to 2 of w2 and u2 (block 1 of 4) and entries",
        "",
    ),
}


def reason(model, edits):
    text = next(folder / f"{model}.py" for folder in (FOLDER, FOLDER.parent) if (folder / f"{model}.py").exists())
    return of_text(text.read_text(), *edits)


@long
@pytest.mark.parametrize("what", REASONS)
def test_a_reason_is_given_only_where_it_is_true(what):
    model, edits, family, said, never = REASONS[what]
    diagnosis = diagnose(reason(model, edits), lengths=(1, 2, 3, 6))
    assert families(diagnosis)[0] == family, diagnosis
    assert said in told(diagnosis), diagnosis
    assert not never or never not in told(diagnosis), diagnosis


@pytest.mark.parametrize("at_zero", ["h > 0", "h >= 0"])
def test_a_kink_exactly_at_the_weights_is_a_note_and_no_mistake(at_zero):
    diagnosis = diagnose(
        reason("rnn_relu", [*KINK, ("dz = dh * (h > 0)", f"dz = dh * ({at_zero})")]), lengths=(1, 2, 3, 6)
    )
    assert diagnosis.passed == (at_zero == "h > 0"), diagnosis
    assert any("a kink exactly at your weights, in b" in note for note in diagnosis.notes)


def test_the_table_says_where_only_some_entries_were_compared():
    wrong = reason("rnn_tanh", [("H = N = 4", "H = N = 12"), ("dW = dW + dz.T @ hs[t]", "dW = dW + dz.T @ hs[t + 1]")])
    some = [
        note for note in diagnose(wrong, lengths=(1, 6)).notes if note.startswith("Only some entries were compared")
    ]
    assert len(some) == 1 and re.search(r"Whh at T = (1 and )?6", some[0])


@long
def test_what_is_wrong_with_more_steps_only_may_be_another_mistake():
    two = ("dh * (h - c) * z", "dh * (c - h) * z"), ("carry = dh * z + drh * r +", "carry = dh * z +")
    assert any("or be another one: fix that first" in note for note in diagnosed("gru_globals", *two).notes)
