"""The doctor on passes that join h and x, or the gates, in one array, and keep a step's values by number."""

import pytest

import lstm_teach as lt
from benchmarks.doctor_corpus import define
from benchmarks.doctor_plain_sweep import PLAIN
from lstm_teach.doctor.bench import Bench
from lstm_teach.doctor.climb import Climb
from lstm_teach.doctor.code import Code
from lstm_teach.doctor.fuel import Deadline
from lstm_teach.doctor.truth import Truth, make_case

pytestmark = pytest.mark.long

JOINED = """import numpy as np


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def dsigmoid(y):
    return y * (1 - y)


def dtanh(y):
    return 1 - y * y


def one_hot(index, size):
    v = np.zeros((size, 1))
    v[index] = 1
    return v


def cell_forward(x, h_prev, C_prev, W):
    z = np.vstack((h_prev, x))
    f = sigmoid(W["f"] @ z)
    i = sigmoid(W["i"] @ z)
    C_bar = np.tanh(W["g"] @ z)
    C = f * C_prev + i * C_bar
    o = sigmoid(W["o"] @ z)
    h = o * np.tanh(C)
    return z, f, i, C_bar, C, o, h


def cell_backward(dh_next, dC_next, C_prev, dy, saved, W, V, dW, dV):
    z, f, i, C_bar, C, o, h = saved
    H = h.shape[0]
    dV += np.dot(dy, h.T)
    dh = np.dot(V.T, dy)
    dh += dh_next
    do = dh * np.tanh(C)
    do = dsigmoid(o) * do
    dW["o"] += np.dot(do, z.T)
    dC = np.copy(dC_next)
    dC += dh * o * dtanh(np.tanh(C))
    dC_bar = dC * i
    dC_bar = dtanh(C_bar) * dC_bar
    dW["g"] += np.dot(dC_bar, z.T)
    di = dC * C_bar
    di = dsigmoid(i) * di
    dW["i"] += np.dot(di, z.T)
    df = dC * C_prev
    df = dsigmoid(f) * df
    dW["f"] += np.dot(df, z.T)
    dz = np.dot(W["f"].T, df) + np.dot(W["i"].T, di) + np.dot(W["g"].T, dC_bar) + np.dot(W["o"].T, do)
    dh_prev = dz[:H, :]
    dC_prev = f * dC
    return dh_prev, dC_prev


def gradients(params, x, targets, h0=None, c0=None):
    H, K = params.hidden_size, params.vocab_size
    W = {g: np.hstack((params["W" + g], params["U" + g])) for g in "ifog"}
    V = params.V
    h = np.zeros((H, 1)) if h0 is None else h0.reshape(H, 1)
    C = np.zeros((H, 1)) if c0 is None else c0.reshape(H, 1)
    cells, probs, Cs = {}, {}, {-1: C}
    for t in range(len(x)):
        cells[t] = cell_forward(one_hot(x[t], K), h, C, W)
        C, h = cells[t][4], cells[t][6]
        Cs[t] = C
        score = V @ h
        e = np.exp(score - score.max())
        probs[t] = e / e.sum()
    dW = {g: np.zeros_like(W[g]) for g in "ifog"}
    dV = np.zeros_like(V)
    dh_next = np.zeros_like(h)
    dC_next = np.zeros_like(C)
    for t in reversed(range(len(x))):
        dy = np.copy(probs[t])
        dy[targets[t]] -= 1
        dh_next, dC_next = cell_backward(dh_next, dC_next, Cs[t - 1], dy, cells[t], W, V, dW, dV)
    grads = {"V": dV}
    for g in "ifog":
        grads["W" + g] = dW[g][:, :H]
        grads["U" + g] = dW[g][:, H:]
    return grads
"""

STACKED = """import numpy as np


def expit(a):
    return 0.5 * (1 + np.tanh(0.5 * a))


def gradients(params, x, targets, h0=None, c0=None):
    n, T = params.hidden_size, len(x)
    order = ["i", "f", "o", "g"]
    Wx = np.stack([params["U" + k] for k in order])
    Wh = np.stack([params["W" + k] for k in order])
    pre = Wx[:, :, x]
    act = np.zeros((4, n, T))
    cell = np.zeros((n, T + 1))
    hid = np.zeros((n, T + 1))
    if c0 is not None:
        cell[:, 0] = c0
    if h0 is not None:
        hid[:, 0] = h0
    for t in range(T):
        a = pre[:, :, t] + np.einsum("kij,j->ki", Wh, hid[:, t])
        act[:3, :, t] = expit(a[:3])
        act[3, :, t] = np.tanh(a[3])
        cell[:, t + 1] = act[1, :, t] * cell[:, t] + act[0, :, t] * act[3, :, t]
        hid[:, t + 1] = act[2, :, t] * np.tanh(cell[:, t + 1])
    logits = params.V @ hid[:, 1:]
    prob = np.exp(logits - logits.max(axis=0))
    prob /= prob.sum(axis=0)
    err = prob.copy()
    err[targets, np.arange(T)] -= 1
    dV = np.einsum("kt,jt->kj", err, hid[:, 1:])
    dhid = params.V.T @ err
    dpre = np.zeros((4, n, T))
    dcell = np.zeros(n)
    for t in range(T - 1, -1, -1):
        if t < T - 1:
            dhid[:, t] += np.einsum("kij,ki->j", Wh, dpre[:, :, t + 1])
        i, f, o, g = act[:, :, t]
        tc = np.tanh(cell[:, t + 1])
        dcell = dcell + dhid[:, t] * o * (1 - tc**2)
        dact = np.stack([dcell * g, dcell * cell[:, t], dhid[:, t] * tc, dcell * i])
        slope = act[:, :, t] * (1 - act[:, :, t])
        slope[3] = 1 - g**2
        dpre[:, :, t] = dact * slope
        dcell = dcell * f
    dWh = np.einsum("kit,jt->kij", dpre, hid[:, :-1])
    dWx = np.zeros_like(Wx)
    for t in range(T):
        dWx[:, :, x[t]] += dpre[:, :, t]
    grads = {"V": dV}
    for k, name in enumerate(order):
        grads["W" + name], grads["U" + name] = dWh[k], dWx[k]
    return grads
"""

OBJECT = """import numpy as np


def sigmoid_slope(values):
    return values * (1 - values)


class Net:
    def __init__(self, params):
        self.p, self.size = params, params.hidden_size
        self.grads = {name: np.zeros_like(one) for name, one in params.items()}

    def start(self, h, c):
        self.h = np.zeros(self.size) if h is None else h
        self.c = np.zeros(self.size) if c is None else c

    def step(self, token):
        s = {"h_prev": self.h, "c_prev": self.c, "token": token}
        for k in "ifog":
            z = self.p["W" + k] @ self.h + self.p["U" + k][:, token]
            s[k] = np.tanh(z) if k == "g" else 1 / (1 + np.exp(-z))
        self.c = s["f"] * self.c + s["i"] * s["g"]
        self.h = s["o"] * np.tanh(self.c)
        return s | {"h": self.h, "c": self.c}

    def step_back(self, s, dh, dc):
        th = np.tanh(s["c"])
        dc = dc + dh * s["o"] * (1 - th**2)
        di = dc * s["g"]
        df = dc * s["c_prev"]
        do = dh * th
        dg = dc * s["i"]
        d = {
            "i": sigmoid_slope(s["i"]) * di,
            "f": sigmoid_slope(s["f"]) * df,
            "o": sigmoid_slope(s["o"]) * do,
            "g": (1 - s["g"] ** 2) * dg,
        }
        dh = np.zeros(self.size)
        for k, dz in d.items():
            self.grads["W" + k] += np.outer(dz, s["h_prev"])
            self.grads["U" + k][:, s["token"]] += dz
            dh += self.p["W" + k].T @ dz
        return dh, dc * s["f"]


def gradients(params, x, targets, h0=None, c0=None):
    net = Net(params)
    net.start(h0, c0)
    tape = [net.step(token) for token in x]
    dh, dc = np.zeros(net.size), np.zeros(net.size)
    for s, target in zip(tape[::-1], targets[::-1]):
        e = np.exp(params.V @ s["h"])
        dy = e / e.sum()
        dy[target] -= 1
        net.grads["V"] += np.outer(dy, s["h"])
        dh, dc = net.step_back(s, params.V.T @ dy + dh, dc)
    return net.grads
"""


KEPT = (
    OBJECT.replace(
        "        self.grads = {", "        self.dh, self.dc = np.zeros((2, self.size))\n        self.grads = {"
    )
    .replace('        self.c = s["f"] * self.c +', '        c = s["f"] * self.c +')
    .replace('        self.h = s["o"] * np.tanh(self.c)\n', '        h = s["o"] * np.tanh(c)\n')
    .replace(
        '        return s | {"h": self.h, "c": self.c}',
        '        self.h = h\n        self.c = c\n        return s | {"h": h, "c": c}',
    )
    .replace("s, dh, dc):", "s, dh):\n        dh = dh + self.dh")
    .replace("dc = dc + dh *", "dc = self.dc + dh *")
    .replace('        return dh, dc * s["f"]', '        self.dh = dh\n        self.dc = dc * s["f"]')
    .replace("    dh, dc = np.zeros(net.size), np.zeros(net.size)\n", "")
    .replace("dh, dc = net.step_back(s, params.V.T @ dy + dh, dc)", "net.step_back(s, params.V.T @ dy)")
)


def examined(text, right, wrong):
    """The findings in a pass with something else in one place: proved, and each with the line as it stands there."""
    assert text.count(right) == 1
    wrong, name = text.replace(right, wrong), "backward" if text is PLAIN else "gradients"
    diagnosis, rows = lt.diagnose(define(wrong, name, "<joined>"), progress=False), wrong.splitlines()
    findings = [(rows[finding.line - 1].strip(), finding) for finding in diagnosis.findings if finding.line]
    assert diagnosis.repaired_source and findings
    return findings


def repaired_in_its_line(text, right, wrong):
    """The repair of the one finding, which is in the line that says something else."""
    ((code, finding),) = examined(text, right, wrong)
    assert wrong.splitlines()[0] in code
    return finding.repair


@pytest.mark.parametrize("text", [JOINED, STACKED, OBJECT, KEPT])
def test_the_passes_are_right(text):
    assert lt.diagnose(define(text, "gradients", "<joined>"), progress=False).passed


@pytest.mark.parametrize(
    ("text", "line", "after"),
    [
        (JOINED, 'dW["o"] += np.dot(do, z.T)', 'dW["f"] += np.dot(df, z.T)'),
        (JOINED, 'dW["i"] += np.dot(di, z.T)', 'dW["f"] += np.dot(df, z.T)'),
        (JOINED, 'dW["f"] += np.dot(df, z.T)', "df = dsigmoid(f) * df"),
    ],
)
def test_what_two_gates_have_and_a_third_lacks_is_added(text, line, after):
    ((code, finding),) = examined(text, f"    {line}\n", "")
    assert finding.how == "add" and finding.repair == line and code == after


def test_one_return_of_another_shape_hides_no_other():
    right = 'grads["W" + g] = dW[g][:, :H]\n        grads["U" + g] = dW[g][:, H:]'
    wrong = 'grads["W" + g] = dW[g][:, H:]\n        grads["U" + g] = dW[g][:, :H]'
    findings = examined(JOINED, right, wrong)
    assert [code for code, _ in findings] == [line.strip() for line in wrong.splitlines()]
    assert [finding.repair for _, finding in findings] == [line.strip() for line in right.splitlines()]


@pytest.mark.parametrize(
    ("text", "right", "wrong", "repair"),
    [
        (JOINED, "np.zeros((H, 1)) if h0 is None else h0.reshape(H, 1)", "np.zeros((H, 1))", "else h0[:, None]"),
        (JOINED, "{-1: C}", "{-1: np.zeros_like(C)}", "else c0[:, None]}"),
        (STACKED, "cell[:, 0] = c0", "cell[:, -1] = c0", "cell[:, 0] = c0"),
    ],
)
def test_a_state_that_was_given_and_is_not_used_is_put_where_the_pass_begins(text, right, wrong, repair):
    assert repaired_in_its_line(text, right, wrong).endswith(repair)


@pytest.mark.parametrize(
    ("text", "right", "wrong", "repair"),
    [
        (
            STACKED,
            "        hid[:, t + 1] = act[2, :, t] * np.tanh(cell[:, t + 1])\n",
            "",
            "hid[:, t + 1] = act[2, :, t] *",
        ),
        (JOINED, "C, h = cells[t][4], cells[t][6]", "h = cells[t][6]", "C = cells[t][4]"),
    ],
)
def test_what_is_kept_by_number_is_at_hand_under_the_numbers_that_nobody_reads(text, right, wrong, repair):
    findings = examined(text, right, wrong)
    assert any(finding.how == "add" and finding.repair.startswith(repair) for _, finding in findings)


@pytest.mark.parametrize("line", ['self.dc = dc * s["f"]', "self.dh = dh", "self.c = c", "self.h = h"])
def test_what_an_object_keeps_for_the_next_step_is_set_anew(line):
    ((_, finding),) = examined(KEPT, f"        {line}\n", "")
    assert finding.how == "add" and finding.repair == line


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [(OBJECT, 'sigmoid_slope(s["i"]) * di', "sigmoid_slope(di)"), (JOINED, "dsigmoid(i) * di", "dsigmoid(di)")],
)
def test_a_look_at_a_line_that_calls_a_function_sees_what_the_line_has_at_hand(text, right, wrong):
    ((code, finding),) = examined(text, right, wrong)
    assert wrong in code and finding.how == "replace"


@pytest.mark.parametrize(
    ("text", "right", "wrong", "repair"),
    [
        (JOINED, "dV += np.dot(dy, h.T)", "dV = np.dot(dy, h.T)", "dV += np.dot(dy, h.T)"),
        (JOINED, "np.dot(V.T, dy)", "np.dot(V.T, dy) * 2", "dh = np.dot(V.T, dy)"),
        (STACKED, "hid[:, 1:])\n    dhid", "hid[:, 1:]) / 3\n    dhid", 'dV = np.einsum("kt,jt->kj", err, hid[:, 1:])'),
        (JOINED, "Cs[t - 1], dy", "Cs[t - 2], dy", "Cs[t - 1], dy, cells[t], W, V, dW, dV)"),
    ],
)
def test_of_several_ways_to_say_it_the_plain_one_is_told(text, right, wrong, repair):
    assert repaired_in_its_line(text, right, wrong).endswith(repair)


@pytest.mark.parametrize(
    ("text", "right", "wrong", "repair"),
    [
        (PLAIN, "dUg = np.zeros((4, H, K))", "dUg = 0, 0, 0, 0", "np.zeros_like(Uo), np.zeros_like(Ug)"),
        (PLAIN, "dUi, dUf, dUo, dUg = np.zeros((4, H, K))", "dUi = dUf = dUo = dUg = 0", "np.zeros_like(Ug)"),
        (PLAIN, "dh_next = np.zeros(H)", "dh_next = None", "dh_next = np.zeros(H)"),
        (PLAIN, "dh_next = np.zeros(H)", "dh_next = np.random.randn(H)", "dh_next = np.zeros(H)"),
        (PLAIN, "dc_next = np.zeros(H)", "dc_next = np.zeros_like(x)", "dc_next = np.zeros_like(dh_next)"),
    ],
)
def test_what_a_loop_changes_begins_with_zeros_of_the_right_shape(text, right, wrong, repair):
    assert repaired_in_its_line(text, right, wrong).endswith(repair)


def test_what_was_not_tried_for_want_of_steps_is_tried_later():
    text = JOINED.replace('dW["f"] += np.dot(df', 'dW["f"] += np.dot(di')
    truth = Truth(make_case(3, 23, {"h0": True, "c0": True}))
    climb = Climb(Bench(Code.of(define(text, "gradients", "<joined>")), truth), lambda: None)
    assert not [*climb.single(Deadline.after(100, None))] and climb.tried < 10
    first = next(climb.several(Deadline.after(1_000_000, None)))
    assert [edit.new for edit in first.edits] == ["df"]
