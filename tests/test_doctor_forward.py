"""Faults in a learner's own forward pass, in what is returned, and lines that add to a delta that is carried."""

import re

import pytest

import lstm_teach as lt
from benchmarks.doctor_plain_sweep import define

pytestmark = pytest.mark.long

NAMES = """
import numpy as np
import lstm_teach as lt


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def backward(params, x, targets, h0=None, c0=None):
    T, (K, H) = len(x), params.V.shape
    h_list, c_list, gates, errors = [], [], [], []
    h_prev = np.zeros(H) if h0 is None else h0
    c_prev = np.zeros(H) if c0 is None else c0
    for t in range(T):
        i = sigmoid(params.Wi @ h_prev + params.Ui[:, x[t]])
        f = sigmoid(params.Wf @ h_prev + params.Uf[:, x[t]])
        o = sigmoid(params.Wo @ h_prev + params.Uo[:, x[t]])
        g = np.tanh(params.Wg @ h_prev + params.Ug[:, x[t]])
        c = f * c_prev + i * g
        h = o * np.tanh(c)
        h_list.append((h_prev, h))
        c_list.append((c_prev, c))
        gates.append({"i": i, "f": f, "o": o, "g": g})
        e = np.exp(params.V @ h)
        errors.append(e / e.sum() - np.eye(K)[targets[t]])
        h_prev = h
        c_prev = c
    grads = lt.Params.zeros(K, H)
    dh, dc = np.zeros(H), np.zeros(H)
    for t in reversed(range(T)):
        (h_prev, h), (c_prev, c), a = h_list[t], c_list[t], gates[t]
        grads["V"] += np.outer(errors[t], h)
        dh = dh + params.V.T @ errors[t]
        dc += dh * a["o"] * (1 - np.tanh(c) ** 2)
        da = {"i": dc * a["g"], "f": dc * c_prev, "o": dh * np.tanh(c), "g": dc * a["i"]}
        dh_before = np.zeros(H)
        for k in "ifog":
            dz = da[k] * (1 - a[k] ** 2 if k == "g" else a[k] * (1 - a[k]))
            grads["W" + k] += np.outer(dz, h_prev)
            grads["U" + k][:, x[t]] += dz
            dh_before += params["W" + k].T @ dz
        dh = dh_before
        dc = dc * a["f"]
    return grads
"""

ARRAYS = """
import numpy as np


def squash(a):
    return 1 / (1 + np.exp(-a))


def backward(p, x, y, h0=None, c0=None):
    T, H, K = len(x), p.hidden_size, p.vocab_size
    X = np.eye(K)[x]
    S, M = np.zeros((T + 1, H)), np.zeros((T + 1, H))
    if h0 is not None:
        S[0] = h0
    if c0 is not None:
        M[0] = c0
    I, F, O, G = (np.zeros((T, H)) for _ in range(4))
    D = np.zeros((T, K))
    for t in range(T):
        I[t] = squash(p.Wi @ S[t] + p.Ui @ X[t])
        F[t] = squash(p.Wf @ S[t] + p.Uf @ X[t])
        O[t] = squash(p.Wo @ S[t] + p.Uo @ X[t])
        G[t] = np.tanh(p.Wg @ S[t] + p.Ug @ X[t])
        M[t + 1] = F[t] * M[t] + I[t] * G[t]
        S[t + 1] = O[t] * np.tanh(M[t + 1])
        scores = p.V @ S[t + 1]
        D[t] = np.exp(scores) / np.exp(scores).sum()
        D[t, y[t]] -= 1
    dV, dW, dU = D.T @ S[1:], np.zeros((4, H, H)), np.zeros((4, H, K))
    s, m = np.zeros(H), np.zeros(H)
    for t in range(T - 1, -1, -1):
        s += p.V.T @ D[t]
        tm = np.tanh(M[t + 1])
        m = m + s * O[t] * (1 - tm ** 2)
        z = [m * G[t] * I[t] * (1 - I[t]), m * M[t] * F[t] * (1 - F[t]),
             s * tm * O[t] * (1 - O[t]), m * I[t] * (1 - G[t] ** 2)]
        for k in range(4):
            dW[k] += np.outer(z[k], S[t])
            dU[k] += np.outer(z[k], X[t])
        s = p.Wi.T @ z[0] + p.Wf.T @ z[1] + p.Wo.T @ z[2] + p.Wg.T @ z[3]
        m = m * F[t]
    dWi, dWf, dWo, dWg = dW
    dUi, dUf, dUo, dUg = dU
    return dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg
"""


HELPED = """
import numpy as np
import lstm_teach as lt


def to_h(params, dz):
    return sum(params["W" + k].T @ dz[k] for k in "ifog")


def back(params, grads, cache, x, t, dh, dc):
    a = {k: getattr(cache, k)[t] for k in "ifog"}
    dc = dc + dh * a["o"] * (1 - cache.ct[t] ** 2)
    d = {"i": dc * a["g"], "f": dc * cache.c[t - 1], "o": dh * cache.ct[t], "g": dc * a["i"]}
    dz = {k: d[k] * (1 - a[k] ** 2 if k == "g" else a[k] * (1 - a[k])) for k in "ifog"}
    for k in "ifog":
        grads["W" + k] += np.outer(dz[k], cache.h[t - 1])
        grads["U" + k][:, x[t]] += dz[k]
    return dz, dc * a["f"]


def backward(params, x, targets, h0=None, c0=None):
    cache = lt.forward(params, x, h0, c0)
    grads = {name: np.zeros_like(matrix) for name, matrix in params.items()}
    dh_later, dc = np.zeros(params.hidden_size), np.zeros(params.hidden_size)
    for t in range(len(x) - 1, -1, -1):
        dy = cache.y[t].copy()
        dy[targets[t]] -= 1
        grads["V"] += np.outer(dy, cache.h[t])
        dh = params.V.T @ dy + dh_later
        dz, dc = back(params, grads, cache, x, t, dh, dc)
        dh_later = to_h(params, dz)
    return grads
"""

TABLES = """
import numpy as np
import lstm_teach as lt


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward_step(W, U, token, h, c):
    a = {}
    for k in "ifog":
        z = W[k] @ h + U[k][:, token]
        a[k] = np.tanh(z) if k == "g" else sigmoid(z)
    c = a["f"] * c + a["i"] * a["g"]
    return a, a["o"] * np.tanh(c), c


def backward(params, x, targets, h0=None, c0=None):
    T, (K, H) = len(x), params.V.shape
    W = {k: params["W" + k] for k in "ifog"}
    U = {k: params["U" + k] for k in "ifog"}
    h = [np.zeros(H) if h0 is None else h0]
    c = [np.zeros(H) if c0 is None else c0]
    a, y = [], []
    for t in range(T):
        gates, new_h, new_c = forward_step(W, U, x[t], h[t], c[t])
        a.append(gates)
        h.append(new_h)
        c.append(new_c)
        scores = params.V @ h[t + 1]
        e = np.exp(scores - scores.max())
        p = e / e.sum()
        y.append(p)
    grads = lt.Params.zeros(K, H)
    dh_next, dc_next = np.zeros(H), np.zeros(H)
    for t in reversed(range(T)):
        dy = y[t].copy()
        dy[targets[t]] -= 1
        grads["V"] += np.outer(dy, h[t + 1])
        dh = params.V.T @ dy + dh_next
        s = a[t]
        dc = dc_next + dh * s["o"] * (1 - np.tanh(c[t + 1]) ** 2)
        da = {"i": dc * s["g"], "f": dc * c[t], "o": dh * np.tanh(c[t + 1]), "g": dc * s["i"]}
        dh_next = np.zeros(H)
        for k in "ifog":
            dz = da[k] * (1 - s[k] ** 2 if k == "g" else s[k] * (1 - s[k]))
            grads["W" + k] += np.outer(dz, h[t])
            grads["U" + k][:, x[t]] += dz
            dh_next += W[k].T @ dz
        dc_next = dc * s["f"]
    return grads
"""

ROWS = """
import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def backward(params, x, targets, h0=None, c0=None):
    T, H, K = len(x), params.hidden_size, params.vocab_size
    Wi, Wf, Wo, Wg, V = (params[name].T for name in ("Wi", "Wf", "Wo", "Wg", "V"))
    Ui, Uf, Uo, Ug = (params[name].T for name in ("Ui", "Uf", "Uo", "Ug"))
    X, Y = np.eye(K)[x], np.eye(K)[targets]
    h = [np.zeros((1, H)) if h0 is None else h0.reshape(1, H)]
    c = [np.zeros((1, H)) if c0 is None else c0.reshape(1, H)]
    steps = []
    for t in range(T):
        row = X[t : t + 1]
        i = sigmoid(row @ Ui + h[-1] @ Wi)
        f = sigmoid(row @ Uf + h[-1] @ Wf)
        o = sigmoid(row @ Uo + h[-1] @ Wo)
        zg = row @ Ug + h[-1] @ Wg
        g = np.tanh(zg)
        c.append(f * c[-1] + i * g)
        h.append(o * np.tanh(c[-1]))
        e = np.exp(h[-1] @ V)
        steps.append((row, i, f, o, g, e / e.sum() - Y[t : t + 1]))
    dW, dU, dV = np.zeros((4, H, H)), np.zeros((4, K, H)), np.zeros((H, K))
    dh, dc = np.zeros((1, H)), np.zeros((1, H))
    for t in reversed(range(T)):
        row, i, f, o, g, dy = steps[t]
        dV += h[t + 1].T @ dy
        dh = dh + dy @ V.T
        tc = np.tanh(c[t + 1])
        dc = dc + dh * o * (1 - tc ** 2)
        dz = [dc * g * i * (1 - i), dc * c[t] * f * (1 - f), dh * tc * o * (1 - o), dc * i * (1 - g ** 2)]
        for k in range(4):
            dW[k] += h[t].T @ dz[k]
            dU[k] += row.T @ dz[k]
        dh = dz[0] @ Wi.T + dz[1] @ Wf.T + dz[2] @ Wo.T + dz[3] @ Wg.T
        dc = dc * f
    return [dV.T, *(one.T for one in dW), *(one.T for one in dU)]
"""

OBJECT = """
import numpy as np
import lstm_teach as lt


def backward(params, x, targets, h0=None, c0=None):
    cache = lt.forward(params, x, h0, c0)
    grads = lt.Params.zeros(params.vocab_size, params.hidden_size)
    dh_next, dc_next = np.zeros(params.hidden_size), np.zeros(params.hidden_size)
    for t in reversed(range(len(x))):
        dy = cache.y[t].copy()
        dy[targets[t]] -= 1
        grads.V += np.outer(dy, cache.h[t])
        dh = params.V.T @ dy + dh_next
        i, f, o, g = cache.i[t], cache.f[t], cache.o[t], cache.g[t]
        dc = dc_next + dh * o * (1 - cache.ct[t] ** 2)
        dz = {"i": dc * g * i * (1 - i), "f": dc * cache.c[t - 1] * f * (1 - f),
              "o": dh * cache.ct[t] * o * (1 - o), "g": dc * i * (1 - g ** 2)}
        dh_next, dc_next = np.zeros(params.hidden_size), dc * f
        for k, one in dz.items():
            grads["W" + k] += np.outer(one, cache.h[t - 1])
            grads["U" + k][:, x[t]] += one
            dh_next += params["W" + k].T @ one
    return grads
"""

STACKED = """
import numpy as np
import lstm_teach as lt


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def backward(params, x, targets, h0=None, c0=None):
    T, H, K = len(x), params.hidden_size, params.vocab_size
    W = np.concatenate([params[name] for name in ("Wi", "Wf", "Wo", "Wg")])
    U = np.concatenate([params[name] for name in ("Ui", "Uf", "Uo", "Ug")])
    h, c = np.zeros((T + 1, H)), np.zeros((T + 1, H))
    h[0], c[0] = h0 if h0 is not None else 0, c0 if c0 is not None else 0
    gates, y = np.zeros((T, 4 * H)), np.zeros((T, K))
    for t in range(T):
        z = W @ h[t] + U[:, x[t]]
        gates[t, : 3 * H] = sigmoid(z[: 3 * H])
        gates[t, 3 * H :] = np.tanh(z[3 * H :])
        i, f, o, g = gates[t].reshape(4, H)
        c[t + 1] = f * c[t] + i * g
        h[t + 1] = o * np.tanh(c[t + 1])
        e = np.exp(params.V @ h[t + 1])
        y[t] = e / e.sum()
    dV, dW, dU = np.zeros_like(params.V), np.zeros_like(W), np.zeros_like(U)
    dh_next, dc_next = np.zeros(H), np.zeros(H)
    for t in reversed(range(T)):
        i, f, o, g = gates[t].reshape(4, H)
        dy = y[t].copy()
        dy[targets[t]] -= 1
        dV += np.outer(dy, h[t + 1])
        dh = params.V.T @ dy + dh_next
        ct = np.tanh(c[t + 1])
        dc = dc_next + dh * o * (1 - ct ** 2)
        dz = [dc * g * i * (1 - i), dc * c[t] * f * (1 - f), dh * ct * o * (1 - o), dc * i * (1 - g ** 2)]
        dz = np.concatenate(dz)
        dW += np.outer(dz, h[t])
        dU[:, x[t]] += dz
        dh_next = W.T @ dz
        dc_next = dc * f
    return [dV, *dW.reshape(4, H, H), *dU.reshape(4, H, K)]
"""


def examined(text, old, new):
    assert text.count(old) == 1
    assert lt.check_gradients(define(text, "backward", "<right>")).passed
    wrong = text.replace(old, new)
    return lt.diagnose(define(wrong, "backward", "<wrong>"), progress=False), wrong.splitlines()


def added(text, line, within=99):
    """What is found where a line is left out: a proved line to add, so many lines away at most."""
    indent = re.search(rf"( +){re.escape(line)}\n", text)[1]
    diagnosis, _ = examined(text, f"{indent}{line}\n", "")
    finding = next(finding for finding in diagnosis.findings if finding.line)
    before = next(k for k, row in enumerate(text.splitlines(), 1) if row.strip() == line) - 1
    assert finding.proved and finding.how == "add" and abs(before - finding.line) < within
    return finding


def number_of(rows, line):
    (row,) = (k for k, text in enumerate(rows, 1) if text.strip() == line)
    return row


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (NAMES, "c = f * c_prev + i * g"),
        (NAMES, "c_prev = c"),
        (ARRAYS, "S[t + 1] = O[t] * np.tanh(M[t + 1])"),
        (TABLES, "z = W[k] @ h + U[k][:, token]"),
        (OBJECT, "dy = cache.y[t].copy()"),
        (ROWS, "zg = row @ Ug + h[-1] @ Wg"),
        (STACKED, "c[t + 1] = f * c[t] + i * g"),
        (STACKED, "y[t] = e / e.sum()"),
        (TABLES, "e = np.exp(scores - scores.max())"),
        (TABLES, "p = e / e.sum()"),
        (TABLES, "scores = params.V @ h[t + 1]"),
        (TABLES, "dy = y[t].copy()"),
        (TABLES, 'c = a["f"] * c + a["i"] * a["g"]'),
        (ROWS, "g = np.tanh(zg)"),
        (ROWS, "i = sigmoid(row @ Ui + h[-1] @ Wi)"),
        (ROWS, "e = np.exp(h[-1] @ V)"),
        (NAMES, "h = o * np.tanh(c)"),
        (NAMES, "h_prev = h"),
        (NAMES, "f = sigmoid(params.Wf @ h_prev + params.Uf[:, x[t]])"),
        (ARRAYS, "G[t] = np.tanh(p.Wg @ S[t] + p.Ug @ X[t])"),
        (ARRAYS, "I[t] = squash(p.Wi @ S[t] + p.Ui @ X[t])"),
        (ARRAYS, "M[t + 1] = F[t] * M[t] + I[t] * G[t]"),
        (ARRAYS, "scores = p.V @ S[t + 1]"),
    ],
)
def test_a_line_of_the_forward_pass_that_was_left_out_is_found(text, line):
    finding = added(text, line, within=4)
    assert re.findall(r"\w+", finding.repair)[0] == re.findall(r"\w+", line)[0]


@pytest.mark.parametrize("held", ["params.V", "cache.y", *(f"cache.{k}" for k in "hc")])
def test_a_shorter_name_for_what_an_object_holds_was_left_out(held):
    name = held[-1]
    line, head = f"    {name} = {held}\n", "    grads = lt.Params.zeros"
    text = re.sub(rf"{re.escape(held)}\b", name, OBJECT).replace(head, line + head)
    diagnosis, _ = examined(text, line, "")
    (finding,) = (finding for finding in diagnosis.findings if finding.line)
    assert finding.proved and (finding.how, finding.repair) == ("add", line.strip())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (NAMES, "dh = dh + params.V.T @ errors[t]"),
        (ARRAYS, "m = m + s * O[t] * (1 - tm ** 2)"),
        (NAMES, 'dc += dh * a["o"] * (1 - np.tanh(c) ** 2)'),
        (NAMES, 'dh_before += params["W" + k].T @ dz'),
        (ARRAYS, "s += p.V.T @ D[t]"),
    ],
)
def test_what_a_step_adds_to_a_delta_that_is_carried_was_left_out(text, line):
    finding = added(text, line)
    assert {*re.findall(r"\w+", finding.repair)} <= {*re.findall(r"\w+", line)}


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (NAMES, "c = f * c_prev + i * g", "c = i * c_prev + f * g"),
        (NAMES, "return 1 / (1 + np.exp(-z))", "return 1 / 1 + np.exp(-z)"),
        (ARRAYS, "return 1 / (1 + np.exp(-a))", "return 1 / (1 + np.exp(a))"),
        (NAMES, "c_prev = np.zeros(H) if c0 is None else c0", "c_prev = np.zeros(H)"),
        (NAMES, "h_prev = np.zeros(H) if h0 is None else h0", "h_prev = np.zeros(H)"),
        (NAMES, "return 1 / (1 + np.exp(-z))", "return 1 / (1 + np.exp(z))"),
        (ARRAYS, "return 1 / (1 + np.exp(-a))", "return 1 / 1 + np.exp(-a)"),
        (ARRAYS, "M[t + 1] = F[t] * M[t] + I[t] * G[t]", "M[t + 1] = I[t] * M[t] + F[t] * G[t]"),
        (NAMES, "c = f * c_prev + i * g", "c = f * c_prev + i + g"),
        (ARRAYS, "M[t + 1] = F[t] * M[t] + I[t] * G[t]", "M[t + 1] = F[t] * M[t] + I[t] + G[t]"),
        (
            NAMES,
            "f = sigmoid(params.Wf @ h_prev + params.Uf[:, x[t]])",
            "f = sigmoid(params.Uf[:, x[t]])",
        ),
        (ARRAYS, "O[t] = squash(p.Wo @ S[t] + p.Uo @ X[t])", "O[t] = squash(p.Wo @ S[t])"),
        (NAMES, 'dz = da[k] * (1 - a[k] ** 2 if k == "g" else a[k] * (1 - a[k]))', "dz = da[k] * a[k] * (1 - a[k])"),
    ],
)
def test_a_wrong_line_of_a_forward_pass_or_of_a_loop_over_gates_is_named_and_repaired(text, right, wrong):
    diagnosis, rows = examined(text, right, wrong)
    finding = next(finding for finding in diagnosis.findings if finding.line)
    assert finding.line == number_of(rows, wrong) and finding.proved, diagnosis


NINE = "dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg"


@pytest.mark.parametrize(
    "returned",
    [
        NINE.removesuffix(", dUg"),
        "dV, dWf, dWi, dWo, dWg, dUf, dUi, dUo, dUg",
        "dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg, dV",
        "[dV, dWi, dUi, dWf, dUf, dWo, dUo, dWg, dUg]",
        '{"V": dV, "Wi": dWi, "Wf": dWf, "Wo": dWo, "Wg": dWg, "Ui": dUi, "Uf": dUf, "Uo": dUo}',
    ],
)
def test_where_all_nine_are_computed_and_not_returned_so_the_return_is_the_only_fault(returned):
    diagnosis, rows = examined(ARRAYS, f"return {NINE}", f"return {returned}")
    (finding,) = (finding for finding in diagnosis.findings if finding.line)
    assert finding.line == len(rows) and finding.proved
    names = re.findall(r"\bd\w+", finding.repair)
    assert names == NINE.split(", ") and not finding.quantity


@pytest.mark.parametrize("wrong", ["m / T", "-m"])
def test_what_a_return_computes_too_much_is_told_as_that(wrong):
    diagnosis, rows = examined(NAMES, "    return grads", f"    return {{n: {wrong} for n, m in grads.items()}}")
    (finding,) = diagnosis.findings
    assert finding.line == len(rows) and finding.repair == "return {n: m for n, m in grads.items()}"


def test_a_wrong_name_further_up_is_no_fault_of_the_return():
    diagnosis, rows = examined(ARRAYS, "dWi, dWf, dWo, dWg = dW", "dWi, dWf, dWg, dWo = dW")
    (finding,) = diagnosis.findings
    assert finding.line == number_of(rows, "dWi, dWf, dWg, dWo = dW") and finding.proved


@pytest.mark.parametrize(
    ("text", "head", "over"),
    [
        (NAMES, "(h_prev, h), (c_prev, c), a = h_list[t], c_list[t], gates[t]", "gates"),
        (ROWS, "row, i, f, o, g, dy = steps[t]", "steps"),
    ],
)
@pytest.mark.parametrize("wrong", ["reversed({})", "{}[::-1]"])
def test_a_loop_that_counts_up_while_it_walks_back(text, head, over, wrong):
    names = "a" if over == "gates" else "(row, i, f, o, g, dy)"
    line = f"for t, {names} in reversed(list(enumerate({over}))):"
    text = text.replace(f"for t in reversed(range(T)):\n        {head}", f"{line}\n        {head}")
    diagnosis, _ = examined(text, f"reversed(list(enumerate({over})))", f"enumerate({wrong.format(over)})")
    (finding,) = diagnosis.findings
    assert finding.repair == line and finding.proved


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (NAMES, "return 1 / (1 + np.exp(-z))", "return 1 + np.exp(-z)"),
        (ARRAYS, "return 1 / (1 + np.exp(-a))", "return 1 + np.exp(-a)"),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the numbers overflow
def test_a_reciprocal_that_was_forgotten(text, right, wrong):
    diagnosis, _ = examined(text, right, wrong)
    finding = next(finding for finding in diagnosis.findings if finding.line)
    assert finding.repair == right and finding.proved


POPPED = NAMES.replace(
    """for t in reversed(range(T)):
        (h_prev, h), (c_prev, c), a = h_list[t], c_list[t], gates[t]
""",
    """t = T
    while gates:
        t, a = t - 1, gates.pop()
        (h_prev, h), (c_prev, c) = h_list.pop(), c_list.pop()
""",
)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('        dc = dc * a["f"]\n', 'dc = dc * a["f"]'),
        ("        dh_before = np.zeros(H)\n", "dh_before = "),
    ],
)
def test_a_walk_that_takes_what_was_kept_is_not_disturbed_by_looking_at_it(line, found):
    diagnosis, _ = examined(POPPED, line, "")
    finding = next(finding for finding in diagnosis.findings if finding.line)
    assert finding.proved and finding.how == "add" and finding.repair.startswith(found)


def test_what_adds_up_the_parts_of_a_step_is_reset_before_their_loop():
    text = NAMES.replace("dh_before", "dh").replace("        dh = dh\n", "")
    diagnosis, _ = examined(text, "        dh = np.zeros(H)\n", "")
    (finding,) = diagnosis.findings
    assert finding.proved and finding.repair == "dh = np.zeros_like(dh)"


@pytest.mark.parametrize("size", ["S.shape[1]", "len(s)"])
def test_a_slice_from_the_wrong_side(size):
    whole = "    whole = {k: np.hstack([p[f'W{k}'], p[f'U{k}']]) for k in 'ifog'}\n    for t in range(T):"
    text = re.sub(r"p.W(.) @ S\[t\] \+ p.U. @ X\[t\]", r"whole['\1'] @ np.concatenate([S[t], X[t]])", ARRAYS)
    back = f"back = sum(whole[k].T @ one for k, one in zip('ifog', z))\n        s = back[:{size}]"
    text = re.sub(r"s = p.Wi.T @.*", back, text).replace("    for t in range(T):", whole)
    diagnosis, _ = examined(text, f"back[:{size}]", f"back[-{size}:]")
    (finding,) = diagnosis.findings
    assert finding.proved and finding.repair == f"s = back[:{size}]"


def test_a_line_too_many_is_left_out_and_not_cut_to_where_it_does_no_harm():
    line = "        dc[:, :] *= f\n"
    diagnosis, rows = examined(ROWS, "        tc =", f"{line}        tc =")
    (finding,) = diagnosis.findings
    assert finding.line == number_of(rows, line.strip()) and finding.how == "remove" and finding.proved


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (NAMES, "c = f * c_prev + i * g", "c = f * c_prev + (1 - f) * g"),
        (ARRAYS, "S[t + 1] = O[t] * np.tanh(M[t + 1])", "S[t + 1] = np.tanh(O[t] * M[t + 1])"),
        (ROWS, "zg = row @ Ug + h[-1] @ Wg", "zg = (row @ Ug) * (h[-1] @ Wg)"),
        (TABLES, 'c = a["f"] * c + a["i"] * a["g"]', 'c = a["f"] * (c + a["i"] * a["g"])'),
    ],
)
def test_a_line_of_the_forward_pass_that_computes_something_else_is_written_anew(text, right, wrong):
    diagnosis, rows = examined(text, right, wrong)
    (finding,) = diagnosis.findings
    assert finding.line == number_of(rows, wrong) and finding.proved


@pytest.mark.parametrize(("text", "other"), [(NAMES, "h_prev"), (ARRAYS, "M[0]")])
def test_one_of_two_things_that_are_carried_does_not_begin_with_zeros(text, other):
    line = next(line.strip() for line in text.splitlines() if line.endswith(" = np.zeros(H), np.zeros(H)"))
    diagnosis, rows = examined(text, line, line.replace("np.zeros(H)", other, 1))
    (finding,) = diagnosis.findings
    assert finding.line == number_of(rows, line.replace("np.zeros(H)", other, 1)) and finding.proved


def test_the_row_before_the_first_is_the_initial_state():
    right = "h_prev = h_list[t - 1] if t > 0 else h0"
    text = NAMES.replace("is None else h0\n", "is None else h0\n    h0 = h_prev\n")
    text = text.replace("h_list.append((h_prev, h))", "h_list.append(h)")
    text = text.replace("(h_prev, h), (c_prev, c), a = h_list[t]", f"{right}\n        h, (c_prev, c), a = h_list[t]")
    diagnosis, rows = examined(text, right, "h_prev = h_list[t - 1]")
    (finding,) = diagnosis.findings
    assert finding.line == number_of(rows, "h_prev = h_list[t - 1]")
    assert finding.repair == right and finding.proved


@pytest.mark.parametrize(("state", "array"), [("c0", "M"), ("h0", "S")])
def test_of_one_state_that_is_not_set_where_the_other_is_a_note_says_so(state, array):
    wrong = ARRAYS.replace(f"    if {state} is not None:\n        {array}[0] = {state}\n", "")
    assert wrong != ARRAYS
    notes = lt.diagnose(define(wrong, "backward", "<wrong>"), steps=1000, progress=False).notes
    assert f"No line reads {state}: the pass begins with something else." in notes
    assert "From a zero initial state everything is right: the fault is in what is read at t = 0." in notes


def from_zeros(text):
    return re.sub(r" if ([hc])0 is None else \1.|    if [hc]0 is not None:\n +. *\[0\] = [hc]0\n", "", text)


def test_states_that_no_line_reads_are_told_where_they_cannot_be_put_in():
    sizes, names = "    T, H, K = len(x), p.hidden_size, p.vocab_size\n", "S, M, I, F, O, G, D, X"
    forward, back = (
        from_zeros(ARRAYS).replace("backward(p, x, y, h0=None, c0=None)", "run(p, x, y)").split("    dV, dW")
    )
    head = f"def backward(p, x, y, h0=None, c0=None):\n    {names} = run(p, x, y)\n{sizes}"
    wrong = f"{forward}    return {names}\n\n\n{head}    dV, dW{back}"
    diagnosis = lt.diagnose(define(wrong, "backward", "<wrong>"), steps=1000, progress=False)
    (finding,) = diagnosis.findings
    assert finding.cause == "No line reads h0 and c0: the pass begins with something else." and not finding.repair
    more = wrong.replace("m = m * F[t]", "m = m")
    diagnosis = lt.diagnose(define(more, "backward", "<wrong>"), progress=False)
    assert [finding.repair for finding in diagnosis.findings] == ["m = m * F[t]"] and diagnosis.repaired_source
    assert any("No line reads h0 and c0" in note and "from a zero initial state" in note for note in diagnosis.notes)


@pytest.mark.parametrize("end", ["", ";"])
def test_the_last_line_of_a_loop_that_stands_after_it_should_stand_in_it(end):
    line = f"dh_later = to_h(params, dz){end}"
    diagnosis, rows = examined(HELPED, "        dh_later = to_h(params, dz)\n", f"    {line}\n")
    (finding,) = diagnosis.findings
    assert finding.line == number_of(rows, line)
    assert finding.repair == f"{line}  # goes one level deeper, in the loop"


def test_a_result_under_a_name_that_nobody_reads_is_handed_on():
    diagnosis, _ = examined(HELPED, "dz, dc = back", "dz, dc_of_the_step_before = back")
    (finding,) = diagnosis.findings
    assert finding.proved and finding.repair == "dc = dc_of_the_step_before"


@pytest.mark.parametrize("gate", ["g", "f"])
def test_a_list_to_which_nothing_is_appended_gets_what_its_sisters_get(gate):
    lists = "i_list, f_list, o_list, g_list"
    text = NAMES.replace("gates, errors = [], [], [], []", f"errors = [], [], []\n    {lists} = [], [], [], []")
    appended = "\n        ".join(f"{k}_list.append({k})" for k in "ifog")
    text = text.replace('gates.append({"i": i, "f": f, "o": o, "g": g})', appended)
    text = text.replace("gates[t]", "{" + ", ".join(f'"{k}": {k}_list[t]' for k in "ifog") + "}")
    diagnosis, _ = examined(text, f"        {gate}_list.append({gate})\n", "")
    finding = next(finding for finding in diagnosis.findings if finding.line)
    assert finding.proved and finding.repair == f"{gate}_list.append({gate})"


def test_a_step_that_is_never_visited_is_no_fault_of_the_librarys_forward_pass():
    diagnosis, _ = examined(OBJECT, "reversed(range(len(x)))", "reversed(range(len(x) - 1))")
    (finding,) = diagnosis.findings
    assert finding.proved and finding.quantity == "" and "forward" not in finding.place


def test_a_return_in_the_loop_is_told_to_stand_after_it():
    diagnosis, _ = examined(NAMES, "    return grads", "        return grads")
    (finding,) = diagnosis.findings
    assert finding.repair == "return grads  # goes one level further out, after the loop"
    assert "\n    return grads" in diagnosis.repaired_source


CLASS = """
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class Net:
    def __init__(self, p):
        self.W, self.U, self.V = [p["W" + k] for k in "ifog"], [p["U" + k] for k in "ifog"], p.V
        self.dV = np.zeros_like(self.V)
        self.dW = [np.zeros_like(one) for one in self.W]
        self.dU = [np.zeros_like(one) for one in self.U]
        self.kept = []

    def step(self, token, h, c):
        z = [W @ h + U[:, token] for W, U in zip(self.W, self.U)]
        i, f, o, g = *map(sigmoid, z[:3]), np.tanh(z[3])
        self.kept.append((token, h, c, i, f, o, g))
        c = f * c + i * g
        return o * np.tanh(c), c

    def back(self, target, dh, dc):
        token, h, c, i, f, o, g = self.kept.pop()
        tc = np.tanh(f * c + i * g)
        e = np.exp(self.V @ (o * tc))
        dy = e / e.sum()
        dy[target] -= 1
        self.dV += np.outer(dy, o * tc)
        dh = dh + self.V.T @ dy
        dc = dc + dh * o * (1 - tc ** 2)
        dz = [dc * g * i * (1 - i), dc * c * f * (1 - f), dh * tc * o * (1 - o), dc * i * (1 - g ** 2)]
        for k in range(4):
            self.dW[k] += np.outer(dz[k], h)
            self.dU[k][:, token] += dz[k]
        return sum(self.W[k].T @ dz[k] for k in range(4)), dc * f


def backward(params, x, targets, h0=None, c0=None):
    net, n = Net(params), params.hidden_size
    h = np.zeros(n) if h0 is None else h0
    c = np.zeros(n) if c0 is None else c0
    for token in x:
        h, c = net.step(token, h, c)
    dh, dc = np.zeros(n), np.zeros(n)
    for target in targets[::-1]:
        dh, dc = net.back(target, dh, dc)
    return net.dV, *net.dW, *net.dU
"""
# Gradients that are prepared one by one, and those of the gates in a table.
ONE_BY_ONE = OBJECT.replace(
    "    grads = lt.Params.zeros(params.vocab_size, params.hidden_size)\n",
    """    dV = np.zeros_like(params.V)
    grads = {}
    for k in "ifog":
        grads["W" + k] = np.zeros_like(params["W" + k])
        grads["U" + k] = np.zeros_like(params["U" + k])
""",
)
ONE_BY_ONE = ONE_BY_ONE.replace("grads.V", "dV").replace("return grads", 'return {"V": dV, **grads}')
BY_GATE = (
    TABLES.replace("    grads =", '    dW = {k: np.zeros_like(params["W" + k]) for k in "ifog"}\n    grads =')
    .replace('grads["W" + k]', "dW[k]")
    .replace("return grads", 'return {**dict(grads.items()), **{"W" + k: dW[k] for k in "ifog"}}')
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (ONE_BY_ONE, "dV = np.zeros_like(params.V)"),
        (HELPED, "grads = {name: np.zeros_like(matrix) for name, matrix in params.items()}"),
        (BY_GATE, 'dW = {k: np.zeros_like(params["W" + k]) for k in "ifog"}'),
        (ARRAYS, "I, F, O, G = (np.zeros((T, H)) for _ in range(4))"),
        (CLASS, "self.dV = np.zeros_like(self.V)"),
    ],
)
def test_a_line_that_prepares_zeros_and_was_left_out_is_found(text, line):
    finding = added(text, line, within=6)
    assert finding.repair.split(" = ")[0] == line.split(" = ")[0] and "zeros" in finding.repair


LIST = NAMES.replace("grads = lt.Params.zeros(K, H)", "grads = [np.zeros_like(matrix) for matrix in params.values()]")
LIST = LIST.replace('    for k in "ifog":\n', '    for n, k in enumerate("ifog"):\n').replace('grads["V"]', "grads[0]")
LIST = LIST.replace('grads["W" + k]', "grads[1 + n]").replace('grads["U" + k]', "grads[5 + n]")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (LIST, "grads[0] += np.outer(errors[t], h)"),
        (LIST, "grads[1 + n] += np.outer(dz, h_prev)"),
    ],
)
def test_what_is_added_to_an_entry_and_was_left_out_is_found(text, line):
    assert added(text, line).repair == line
