"""The doctor on three passes in unlike hands: the wrong line is told, with a natural repair and in true sentences."""

import inspect
from functools import cache

import pytest
from test_doctor_joined import JOINED

import lstm_teach as lt
from benchmarks.doctor_corpus import define, passes
from lstm_teach.lessons.clinic_cases import right_pass

pytestmark = pytest.mark.long

HELPERS = """import numpy as np


def sigma(a):
    return 1 / (1 + np.exp(-a))


def run(p, x):
    tape, h, c = [], np.zeros(p.hidden_size), np.zeros(p.hidden_size)
    for k in x:
        before = h, c
        i = 1 / (1 + np.exp(-(p.Wi @ h + p.Ui[:, k])))
        f = sigma(p.Wf @ h + p.Uf[:, k])
        o = sigma(p.Wo @ h + p.Uo[:, k])
        g = np.tanh(p.Wg @ h + p.Ug[:, k])
        c = f * c + i * g
        h = o * np.tanh(c)
        e = np.exp(p.V @ h)
        tape.append((*before, i, f, o, g, c, h, e / e.sum()))
    return tape


def cell_delta(dh, o, c, later):
    return dh * o * (1 - np.tanh(c) ** 2) + later


def back(p, step, dh, later):
    h_old, c_old, i, f, o, g, c, h, y = step
    dc = cell_delta(dh, o, c, later)
    dz = {"i": dc * g * i * (1 - i), "f": dc * c_old * f * (1 - f)}
    dz["o"], dz["g"] = dh * np.tanh(c) * o * (1 - o), dc * i * (1 - g**2)
    dh_old = sum(p["W" + gate].T @ dz[gate] for gate in "ifog")
    dc_old = dc * f
    return dz, dh_old, dc_old


def backward(params, x, targets):
    tape = run(params, x)
    dV = np.zeros_like(params.V)
    dW = {gate: np.zeros_like(params.Wi) for gate in "ifog"}
    dU = {gate: np.zeros_like(params.Ui) for gate in "ifog"}
    dh_next = dc_next = np.zeros(params.hidden_size)
    for t, step in reversed(list(enumerate(tape))):
        dy = step[-1].copy()
        dy[targets[t]] -= 1
        dV += np.outer(dy, step[7])
        dz, dh_next, dc_next = back(params, step, params.V.T @ dy + dh_next, dc_next)
        for gate in "ifog":
            dW[gate] += np.outer(dz[gate], step[0])
            dU[gate][:, x[t]] += dz[gate]
    return [dV, *dW.values(), *dU.values()]
"""

LISTS = """import numpy as np


def backward(params, x, targets):
    H, T = params.hidden_size, len(x)
    s, hs, cs, ps = [], [np.zeros(H)], [np.zeros(H)], []
    for t in range(T):
        u = {}
        for q in "ifog":
            u[q] = params["W" + q] @ hs[t] + params["U" + q][:, x[t]]
            u[q] = np.tanh(u[q]) if q == "g" else 1 / (1 + np.exp(-u[q]))
        s.append(u)
        cs.append(u["f"] * cs[t] + u["i"] * u["g"])
        hs.append(u["o"] * np.tanh(cs[t + 1]))
        e = np.exp(params.V @ hs[t + 1])
        ps.append(e / e.sum())
    grads = {name: np.zeros_like(params[name]) for name in params.NAMES}
    h_bar, c_bar = np.zeros(H), np.zeros(H)
    for t in range(T - 1, -1, -1):
        u = s[t]
        error = ps[t]
        error[targets[t]] -= 1
        grads["V"] += np.outer(error, hs[t + 1])
        h_bar = h_bar + params.V.T @ error
        c_bar = c_bar + h_bar * u["o"] * (1 - np.tanh(cs[t + 1]) ** 2)
        i_bar = c_bar * u["g"] * u["i"] * (1 - u["i"])
        f_bar = c_bar * cs[t] * u["f"] * (1 - u["f"])
        o_bar = h_bar * np.tanh(cs[t + 1]) * u["o"] * (1 - u["o"])
        g_bar = c_bar * u["i"] * (1 - u["g"] ** 2)
        h_bar = params.Wi.T @ i_bar + params.Wf.T @ f_bar + params.Wo.T @ o_bar + params.Wg.T @ g_bar
        c_bar = c_bar * u["f"]
        grads["Wi"] += np.outer(i_bar, hs[t])
        grads["Wf"] += np.outer(f_bar, hs[t])
        grads["Wo"] += np.outer(o_bar, hs[t])
        grads["Wg"] += np.outer(g_bar, hs[t])
        grads["Ui"][:, x[t]] += i_bar
        grads["Uf"][:, x[t]] += f_bar
        grads["Uo"][:, x[t]] += o_bar
        grads["Ug"][:, x[t]] += g_bar
    return grads
"""

CLASS = """import numpy as np


class Walk:
    def __init__(self, p, x):
        self.p, H = p, p.hidden_size
        self.gates, self.c, self.h, self.y = {}, {-1: np.zeros(H)}, {-1: np.zeros(H)}, {}
        for t in range(len(x)):
            a = [p["W" + q] @ self.h[t - 1] + p["U" + q][:, x[t]] for q in "ifo"]
            i, f, o = (self.logistic(one) for one in a)
            g = np.tanh(p.Wg @ self.h[t - 1] + p.Ug[:, x[t]])
            self.gates[t] = i, f, o, g
            self.c[t] = f * self.c[t - 1] + i * g
            self.h[t] = o * np.tanh(self.c[t])
            self.y[t] = np.exp(p.V @ self.h[t])
            self.y[t] /= self.y[t].sum()

    def logistic(self, a):
        return 1 / (1 + np.exp(-a))

    def to_cell(self, t, dh, dc_later):
        o = self.gates[t][2]
        return dc_later + dh * o * (1 - np.tanh(self.c[t]) ** 2)

    def to_gates(self, t, dh, dc):
        i, f, o, g = self.gates[t]
        di, df, do, dg = dc * g, dc * self.c[t - 1], dh * np.tanh(self.c[t]), dc * i
        return {"i": di * i * (1 - i), "f": df * f * (1 - f), "o": do * o * (1 - o), "g": dg * (1 - g**2)}

    def to_before(self, t, dz, dc):
        dh_before = sum(self.p["W" + q].T @ dz[q] for q in "ifog")
        return {"h": dh_before, "c": dc * self.gates[t][1]}


def backward(params, x, targets):
    walk, H = Walk(params, x), params.hidden_size
    blank = np.zeros((H, H))
    dV = np.zeros_like(params.V)
    dW = {q: blank.copy() for q in "ifog"}
    dU = {}
    for q in "ifog":
        dU[q] = np.zeros((H, params.vocab_size))
    later = {"h": np.zeros(H), "c": np.zeros(H)}
    for t in range(len(x))[::-1]:
        dy = walk.y[t].copy()
        dy[targets[t]] -= 1
        dV += np.outer(dy, walk.h[t])
        dh = params.V.T @ dy + later["h"]
        dc = walk.to_cell(t, dh, later["c"])
        dz = walk.to_gates(t, dh, dc)
        for q in "ifog":
            dW[q] += np.outer(dz[q], walk.h[t - 1])
            dU[q][:, x[t]] += dz[q]
        later = walk.to_before(t, dz, dc)
    return [dV, *dW.values(), *dU.values()]
"""


@cache
def diagnosed(text):
    return lt.diagnose(define(text, "backward", "<hands>"), progress=False)


def broken(text, right, wrong, times=1):
    """The diagnosis of a pass with a fault in it, and the number of the line at which the texts begin to differ."""
    assert text.count(right) == times
    new = text.replace(right, wrong)
    line = next(k for k, pair in enumerate(zip(text.split("\n"), new.split("\n"), strict=False), 1) if len({*pair}) > 1)
    return diagnosed(new), line


@pytest.mark.parametrize("text", [HELPERS, LISTS, CLASS])
def test_the_passes_are_right(text):
    assert diagnosed(text).passed


@pytest.mark.parametrize(
    ("text", "right", "slope"),
    [
        (HELPERS, "dh * o * (1 - np.tanh(c) ** 2)", "(1 - np.tanh(c) ** 2)"),
        (LISTS, 'h_bar * u["o"] * (1 - np.tanh(cs[t + 1]) ** 2)', "(1 - np.tanh(cs[t + 1]) ** 2)"),
        (CLASS, "dh * o * (1 - np.tanh(self.c[t]) ** 2)", "(1 - np.tanh(self.c[t]) ** 2)"),
    ],
)
def test_a_slope_of_tanh_is_found_where_the_tanh_has_no_name(text, right, slope):
    diagnosis, line = broken(text, right, right.removesuffix(f" * {slope}"))
    (finding,) = diagnosis.findings
    assert (finding.line, finding.proved) == (line, True) and right in finding.repair
    assert "A slope is missing" in finding.cause


def test_four_equal_faults_that_show_as_zeros_on_one_step_are_all_repaired():
    diagnosis, line = broken(LISTS, "_bar, hs[t])", "_bar, hs[t + 1])", 4)
    assert [finding.line for finding in diagnosis.findings] == [line, line + 1, line + 2, line + 3]
    assert diagnosis.repaired_source is not None


@pytest.mark.parametrize(
    ("text", "right", "wrong", "repair"),
    [
        (
            HELPERS,
            "    dW = {gate: np.zeros_like(params.Wi) for gate in",
            "    blank = np.zeros_like(params.Wi)\n    dW = {gate: blank for gate in",
            'dW = {gate: blank.copy() for gate in "ifog"}',
        ),
        (CLASS, "blank.copy() for", "blank for", 'dW = {q: blank.copy() for q in "ifog"}'),
        (
            CLASS,
            '    dU = {}\n    for q in "ifog":\n        dU[q] = np.zeros((H, params.vocab_size))',
            '    dU, blanks = {}, np.zeros((H, params.vocab_size))\n    for q in "ifog":\n        dU[q] = blanks',
            "dU[q] = blanks.copy()",
        ),
        (
            LISTS,
            "grads = {name: np.zeros_like(params[name]) for name in params.NAMES}\n",
            "grads = {name: np.zeros_like(params[name]) for name in params.NAMES}\n"
            '    kept = np.zeros_like(params.Wi)\n    for q in "ifog":\n        grads["W" + q] = kept\n',
            'grads["W" + q] = kept.copy()',
        ),
        (
            LISTS.replace("        i_bar = ", "        i_bar[:] = ").replace("        f_bar = ", "        f_bar[:] = "),
            "    h_bar, c_bar = np.zeros(H), np.zeros(H)\n",
            "    h_bar, c_bar = np.zeros(H), np.zeros(H)\n    i_bar = f_bar = np.empty(H)\n",
            "i_bar = np.empty(H)\nf_bar = np.empty(H)",
        ),
    ],
)
def test_one_array_under_several_names_is_copied(text, right, wrong, repair):
    diagnosis, _ = broken(text, right, wrong)
    (finding,) = diagnosis.findings
    assert (finding.repair, finding.proved) == (repair, True)
    assert finding.cause.startswith("Several names stand for one and the same thing")


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (HELPERS, "return dz, dh_old, dc_old", "return dz, dc_old, dh_old"),
        (
            CLASS,
            '        return {"h": dh_before, "c": dc * self.gates[t][1]}',
            '        dc_before = dc * self.gates[t][1]\n        return {"h": dc_before, "c": dh_before}',
        ),
    ],
)
def test_of_two_results_that_are_exchanged_the_line_that_hands_them_back_is_told(text, right, wrong):
    diagnosis, _ = broken(text, right, wrong)
    (finding,) = diagnosis.findings
    assert (finding.code, finding.proved) == (wrong.split("\n")[-1].strip(), True)
    assert "are swapped" in finding.cause


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (HELPERS, "return dh * o * (1 - np.tanh(c) ** 2) + later", "return dh * o * (1 - np.tanh(c) ** 2)"),
        (CLASS, "return dc_later + dh * o *", "return dh * o *"),
    ],
)
def test_a_helper_that_ignores_what_it_is_given_is_told_and_not_its_call(text, right, wrong):
    diagnosis, line = broken(text, right, wrong)
    (finding,) = diagnosis.findings
    assert (finding.line, finding.proved) == (line, True)
    assert "later" in finding.repair


@pytest.mark.parametrize(
    ("style", "gate"),
    [
        ("by_hand_carries_grow", "og[t] = 1 / (1 + np.exp(-(model.Uo @ xs[t] + model.Wo @ hs[t - 1])))"),
        ("student_hw", "o[t] = 1 / (1 + np.exp(-(np.dot(Wo, h[t-1]) + Uo[:, x[t]])))"),
    ],
)
def test_where_a_line_is_only_wrong_none_is_said_to_be_missing(style, gate):
    text, name = passes("tuning")[style]
    wrong = gate.replace("exp(-(", "exp((")
    assert text.count(gate) == 1
    diagnosis = lt.diagnose(define(text.replace(gate, wrong), name, "<hands>"), progress=False)
    (finding,) = diagnosis.findings
    assert (finding.code, finding.repair, finding.proved) == (wrong, gate, True)
    assert finding.cause.startswith("The sign is wrong")


def test_what_goes_wrong_first_is_said_only_where_it_is_known():
    nothing = [  # a loop's head computes nothing; what the walk back reads is right in the forward pass
        (LISTS, "range(T - 1, -1, -1)", "range(T - 2, -1, -1)"),
        (HELPERS, "o, c, later)\n    dz", "o, c_old, later)\n    dz"),
        (
            HELPERS,
            "back(params, step, params.V.T @ dy + dh_next, dc_next)",
            "back(params, step, params.V.T @ dy, dc_next)",
        ),
    ]
    for text, right, wrong in nothing:
        diagnosis, line = broken(text, right, wrong)
        assert [(f.line, f.quantity) for f in diagnosis.findings] == [(line, "")], str(diagnosis)
    carried = "h_bar = params.Wi.T @ i_bar + params.Wf.T @ f_bar + params.Wo.T @ o_bar + params.Wg.T @ g_bar"
    diagnosis, line = broken(LISTS, carried, carried.replace(" + params.Wf.T @ f_bar", ""))
    assert [(f.line, f.quantity, f.first_step) for f in diagnosis.findings] == [(line, "dh_future", 1)]


@pytest.mark.parametrize(
    ("text", "right", "wrong", "repair"),
    [
        (HELPERS, "dy[targets[t]] -= 1", "dy[targets[t]] = -1", "dy[targets[t]] -= 1"),
        (LISTS, "error[targets[t]] -= 1", "error[targets[t]] = -1", "error[targets[t]] -= 1"),
        (LISTS, "range(T - 1, -1", "range(T - 2, -1", "for t in range(T - 1, -1, -1):"),
        (
            CLASS,
            "range(len(x))[::-1]",
            "range(len(x) - 2, -1, -1)",
            "for t in range(len(x) - 1, -1, -1):",
        ),
    ],
)
def test_a_repair_is_written_as_people_write_it(text, right, wrong, repair):
    diagnosis, line = broken(text, right, wrong)
    (finding,) = diagnosis.findings
    assert (finding.line, finding.repair, finding.proved) == (line, repair, True)


def hanging(params, x, targets, h0=None, c0=None):
    while True:
        pass


def returns_nothing(params, x, targets, h0=None, c0=None):
    params.V.sum()


@pytest.mark.parametrize("function", [returns_nothing, hanging])
def test_what_never_returned_is_said_in_the_headline_and_not_in_a_fold(function):
    diagnosis = lt.diagnose(function, progress=False)
    said = "returns nothing" if function is returns_nothing else "did not finish"
    assert said in diagnosis.headline and "Finding" not in diagnosis._repr_html_()
    assert "No line reads" not in str(diagnosis) and str(diagnosis).count(said) == 1


def test_only_faults_are_numbered():
    diagnosis, _ = broken(LISTS, "params.V.T @ error", "params.V @ error")
    seen = [finding for finding in diagnosis.findings if not finding.line]
    assert seen and str(diagnosis).count("Problem: ") == len(seen)
    assert "Finding 1 of 1" in diagnosis._repr_html_()


@pytest.mark.parametrize("table", [False, True])
def test_the_right_array_under_the_same_slice_is_found(table):
    loop = JOINED[JOINED.index('    for g in "ifog":\n        grads["W"') :]
    lines = [f'    d{g} = dW["{g}"]' for g in "ifog"]
    own = [f'"W{g}": d{g}[:, :H], "U{g}": d{g}[:, H:]' for g in "ifog"]
    lines += ['    return {"V": dV, ' + ", ".join(own) + "}"] if table else []
    lines += [f'    grads["{m}{g}"] = d{g}[:, {s}]' for g in "ifog" for m, s in (("W", ":H"), ("U", "H:"))]
    lines += [] if table else ["    return grads"]
    text = JOINED.replace(loop, "\n".join(lines[:5] if table else lines) + "\n")
    right, wrong = ('"Wo": do[:, :H]', '"Wo": di[:, :H]') if table else ('["Wo"] = do[:, :H]', '["Wo"] = di[:, :H]')
    assert text.count(right) == 1
    diagnosis = lt.diagnose(define(text.replace(right, wrong), "gradients", "<hands>"), progress=False)
    (finding,) = diagnosis.findings
    assert finding.proved and wrong in finding.code and right in finding.repair
    assert finding.cause == "`di[:, :H]` is used where `do[:, :H]` belongs."


@pytest.mark.parametrize(
    ("style", "function", "right", "wrong"),
    [
        ("cellclass", "LSTMCell.backward", "return dh_prev, dc * cache.f", "return dh_prev, dc"),
        ("layer_object", "LSTM.backward_step", "return dh_prev, dc * f", "return dh_prev, dc"),
        ("layer_object", "LSTM.backward_step", "dzf = dc * c_prev * f * (1 - f)", "dzf = dc + c_prev * f * (1 - f)"),
        ("stacked", "", "dy = y - eye[k]", "dy = eye[k] - y"),
        ("textbook", "", "delta_y = y[t] - d_t", "delta_y = d_t - y[t]"),
    ],
)
def test_what_a_function_hands_back_is_repaired_there_and_a_difference_is_turned_round(style, function, right, wrong):
    text, name = passes("tuning")[style]
    assert text.count(right) == 1
    (finding,) = lt.diagnose(define(text.replace(right, wrong), name, "<hands>"), progress=False).findings
    assert (finding.code, finding.repair, finding.proved) == (wrong, right, True)
    assert finding.function == function


def test_another_line_that_would_do_as_well_is_that_of_the_change_and_not_where_its_statement_begins():
    dz = [line for line in HELPERS.splitlines() if line.startswith("    dz")]
    o = '        "o": do * o * (1 - o),'
    new = [
        "    tc = np.tanh(c)",
        "    do = dh * c",
        "    dz = {",
        '        "i": dc * g * i * (1 - i),',
        '        "f": dc * c_old * f * (1 - f),',
    ]
    text = HELPERS.replace("\n".join(dz), "\n".join([*new, o, '        "g": dc * i * (1 - g**2),', "    }"]))
    (finding,) = diagnosed(text).findings
    assert finding.code == new[1].strip() and finding.elsewhere == (text.splitlines().index(o) + 1,)


# Each by two unrelated hands: style, what was right, what is written, and what the finding says.
LISTS_AND_NAMES = [
    ("blog", "[d_a_hat, d_i_hat, d_f_hat, d_o_hat]", "[d_i_hat, d_f_hat, d_a_hat, d_o_hat]", "in the wrong order"),
    ("cs231n", "Wh, i, f, o, g, next_c = cache", "Wh, f, o, i, g, next_c = cache", "in the wrong order"),
    ("char_rnn", "i, f, o, g = np.split(acts[t], 4)", "o, i, f, g = np.split(acts[t], 4)", "in the wrong order"),
    ("oop", "self.dWg += np.outer(dzg", "self.dWo += np.outer(dzg", "belongs in `self.dWg`"),
    ("cs231n", "lstm_step_backward(dnext_h, dprev_c,", "lstm_step_backward(dnext_h, 0,", "where `dprev_c` belongs"),
    ("cellclass", "self.cell.backward(dh, dc,", "self.cell.backward(dh, 0.0,", "where `dc` belongs"),
    ("codon", "h, c = h_new, c_new", "h = h_new", "`c = c_new`"),
    ("oyelaran", 'params["Ug"], Tanh())', 'params["Ug"], Sigmoid())', "where it should say `Tanh`"),
    ("layers_2", '"g": Tanh()}', '"g": Sigmoid()}', "where it should say `Tanh`"),
    ("rusty", 'np.tanh(z) if k == "g" else sigmoid(z)', "sigmoid(z)", 'np.tanh if k == "g" else sigmoid'),
    ("engineer_4", 'np.tanh(z) if gate == "g" else _sigmoid(z)', "_sigmoid(z)", 'np.tanh if gate == "g" else _sigmoid'),
    ("modules", 'Tanh() if k == "g" else Sigmoid()', "Sigmoid()", 'Tanh if k == "g" else Sigmoid'),
    ("student_3", 'params["Ug"], "tanh")', 'params["Ug"], "sigmoid")', 'should say `"tanh"`'),
    ("brought_02", "        dh_prev += p.Wo.T @ da_o\n", "", "A statement is missing: `dh_prev += p.Wo.T @ da_o`"),
    ("bootcamp_2", "dh * o * (1 - tanh_c ** 2) + dc_next", "(dh * o + dc_next) * (1 - tanh_c ** 2)", "groups"),
]


@pytest.mark.parametrize(("style", "right", "wrong", "cause"), LISTS_AND_NAMES)
def test_what_is_left_out_of_a_list_or_stands_in_another_order_is_found(style, right, wrong, cause):
    text, name = passes("tuning")[style]
    assert right in text
    diagnosis = lt.diagnose(define(text.replace(right, wrong, 1), name, f"<{style}>"), progress=False)
    finding = next(finding for finding in diagnosis.findings if finding.line)
    assert finding.proved and cause in finding.cause


@pytest.mark.parametrize(
    ("style", "right", "wrong"),
    [
        ("layer_functions", "dh[t : t + 1] + dprev_h", "dh[t]"),
        ("cs231n_2", "lstm_step_backward(dh[t] + dprev_h,", "lstm_step_backward(dh[t],"),
    ],
)
def test_what_is_carried_as_a_row_of_a_table_is_added_to_a_vector(style, right, wrong):
    text, name = passes("tuning")[style]
    assert right in text
    diagnosis = lt.diagnose(define(text.replace(right, wrong), name, f"<{style}>"), progress=False)
    (finding,) = diagnosis.findings
    assert finding.proved and "dh[t] + dprev_h" in finding.repair


@pytest.mark.parametrize(
    ("style", "slices"),
    [("cs231n_2", ("a[:, 2 * H:3 * H]", "a[:, 3 * H:]")), ("step_function", ("a[2 * H:3 * H]", "a[3 * H:4 * H]"))],
)
def test_two_gates_that_take_the_part_of_each_other(style, slices):
    text, name = passes("tuning")[style]
    o, g = f"    o = sigmoid({slices[0]})\n", f"    g = np.tanh({slices[1]})\n"
    assert o + g in text
    wrong = text.replace(o + g, o.replace(*slices) + g.replace(*slices[::-1]))
    diagnosis = lt.diagnose(define(wrong, name, f"<{style}>"), progress=False)
    assert diagnosis.repaired_source and [finding.repair for finding in diagnosis.findings] == [o.strip(), g.strip()]


def test_a_deque_is_a_list():
    text, name = passes("tuning")["answer"]
    text = "from collections import deque\n" + text.replace("[h], [c], []", "deque([h]), deque([c]), deque()")
    wrong = text.replace("hs = np.array(hs)", "hs = np.array(cs)")
    (finding,) = lt.diagnose(define(wrong, name, "<answer>"), progress=False).findings
    assert finding.proved and "`cs` is used where `hs` belongs" in finding.cause


@pytest.mark.parametrize(
    ("right", "wrong", "value"),
    [
        ("f * c + i * g", "f * np.tanh(c) + i * (g + o)", "c was"),
        ("o * np.tanh(c)", "o * np.tanh(c + 1)", "h was"),
        ("np.tanh(p.Wg @ h + p.Ug[:, k])", "sigma(p.Wg @ h + p.Ug[:, k])", "g was"),
    ],
)
def test_without_a_repair_the_value_is_told_that_goes_wrong_first_in_the_forward_pass(right, wrong, value):
    text = HELPERS.replace(right, wrong, 1)
    diagnosis = lt.diagnose(define(text, "backward", "<hands>"), progress=False, steps=1000)
    said = f"The right {value} not recognized at any step of the forward pass, and every gradient needs it."
    assert not diagnosis.findings and said in diagnosis.notes


def test_a_forward_pass_of_the_library_is_not_said_to_lack_a_value():
    text = f"import numpy as np\nimport lstm_teach as lt\n\n\n{inspect.getsource(right_pass)}"
    wrong = text.replace("dy = cache.y - np", "dy = np.sqrt(cache.y) ** 3 - cache.y**0.3 * np")
    diagnosis = lt.diagnose(define(wrong, "right_pass", "<library>"), progress=False, steps=1000)
    assert not diagnosis.repaired_source and not any("forward pass" in note for note in diagnosis.notes), diagnosis


def test_what_gave_right_values_is_not_said_to_be_missing_in_the_forward_pass():
    text = HELPERS.replace("i = 1 /", "half = 0.5 /").replace("+ i * g\n", "+ 2 * half * g\n")
    text = text.replace("before = h, c", "before, i = (h, c), 1").replace("dy = step[-1].copy()", "dy = step[-1] ** 3")
    diagnosis = lt.diagnose(define(text, "backward", "<hands>"), progress=False, steps=1000)
    assert not diagnosis.repaired_source and not any("forward pass" in note for note in diagnosis.notes), diagnosis


def test_a_line_copied_for_another_gate_and_left_as_it_was_is_one_fault():
    text, name = passes("tuning")["student"]
    copied, right = "dh_next += params.Wf.T @ df", "dh_next += params.Wo.T @ do"
    wrong = text.replace(right, copied)
    (finding,) = lt.diagnose(define(wrong, name, "<student>"), progress=False).findings
    assert finding.code == copied and finding.repair == right
