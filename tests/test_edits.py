"""For each kind of mistake the doctor has the edit that mends it among its candidates, and it can be read by Python."""

import re

import pytest

from lstm_teach.doctor.edits import unlike
from lstm_teach.doctor.scene import look
from lstm_teach.doctor.search import apply
from lstm_teach.doctor.source import learner_functions
from lstm_teach.doctor.statements import candidate_edits
from lstm_teach.doctor.truth import Truth, make_case
from lstm_teach.doctor.variants import Variants, find_slots
from tests.doctor_cases.faults import load, styles

pytestmark = pytest.mark.long

HEAD = "import numpy as np\nimport lstm_teach as lt\n\n"
TRUTH = Truth(make_case(3, 23, {}))


def offered(text, name="backward"):
    """The texts of all functions with each of the candidate edits that Python can run, one by one."""
    function = load(HEAD + text, name, "<edits>")
    units = learner_functions(function)
    slots = find_slots(units)
    edits = candidate_edits(look(function, units, slots, TRUTH))
    runnable = Variants(function, units, edits, [TRUTH]).edits
    assert runnable
    return slots, units, runnable


def is_offered(text, wanted):
    slots, units, edits = offered(text)
    lines = [line.strip() for line in wanted.strip().splitlines()]
    for edit in edits:
        if any(lines[-1] in part.code or part.code in wanted for part in edit.parts if part.code):
            after = "\n".join(unit.text for unit in apply(units, slots, [edit]))
            if "\n".join(lines) in "\n".join(line.strip() for line in after.splitlines()):
                return True
    return False


SHARED = """
def backward(params, x, targets):
    a = b = np.zeros(5)
    c = dict.fromkeys("ifog", np.zeros(5))
    d = [np.zeros(5)] * 4
    e = {**dict.fromkeys("WU", np.zeros(5)), **dict.fromkeys("V", np.zeros(5))}
    return a + b + c["i"] + d[0] + e["V"]
"""
REPEATED = """
def backward(params, x, targets):
    dU = np.zeros((5, 6))
    deltas = np.ones((5, len(x)))
    dU[:, x] += deltas
    return dU
"""
AFTER_THE_LOOP = """
def backward(params, x, targets):
    dW, dU = np.zeros((5, 5)), np.zeros((5, 6))
    h = np.ones(5)
    for t in range(len(x)):
        dz = h * t
    dW += np.outer(dz, h)
    dU[:, x[t]] += dz
    return dW, dU
"""
LOOP_AFTER_THE_LOOP = """
def backward(params, x, targets):
    dW = {"i": np.zeros((5, 5)), "f": np.zeros((5, 5))}
    h = np.ones(5)
    for t in range(len(x)):
        dz = h * t
    for gate in dW:
        dW[gate] += np.outer(dz, h)
    return dW
"""
NOT_RESET = """
class Walk:
    def __init__(self, params):
        self.params, self.dh_next = params, np.zeros(5)

    def step(self, dz):
        dh = self.dh_next + 1
        for gate in "ifog":
            self.dh_next += self.params["W" + gate].T @ dz
        return dh


def backward(params, x, targets):
    walk = Walk(params)
    for t in range(len(x)):
        dh = walk.step(np.ones(5))
    return dh
"""
BLOCKS = """
def backward(params, x, targets):
    H = 5
    gates = lt.forward(params, x).gates[:-1]
    slopes = gates * (1 - gates)
    dz = np.zeros(4 * H)
    for t in range(len(x)):
        dz[:H] = 1.0
        dz[3 * H:] = 2.0
        dz = dz * slopes[t]
    return dz
"""
ZIPPED = """
def backward(params, x, targets):
    h = lt.forward(params, x).h[:-1]
    total = np.zeros(5)
    for row, target in zip(h[::-1], targets):
        total += row * target
    return total
"""
SISTERS = """
def backward(params, x, targets):
    run, T = lt.forward(params, x), len(x)
    h_before = np.vstack([run.h[-1:], run.h[:T - 1]])
    c_before = run.c[:T]
    return h_before + c_before
"""
HELPER = """
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def slope(z):
    return z * (1 - z)


def backward(params, x, targets):
    z = lt.forward(params, x).z[0]
    return sigmoid(z) * slope(z)
"""
SCALED = """
def backward(params, x, targets):
    run = lt.forward(params, x)
    dc = np.zeros(5)
    for t in range(len(x)):
        f = run.f[t]
        dc += run.o[t]
        dh = dc * f
    return dh
"""
STACKED = """
def backward(params, x, targets):
    deltas = np.array([row for row in lt.forward(params, x).h[:3]])
    rolled = np.roll(deltas, 1)
    return deltas + rolled
"""
PAIRS = """
def backward(params, x, targets):
    dzo, dzg = np.ones(5), np.zeros(5)
    dW = {"o": np.zeros((5, 5)), "g": np.zeros((5, 5))}
    for gate, delta in (("o", dzg), ("g", dzo)):
        dW[gate] += np.outer(delta, delta)
    return dW
"""
CALLED = """
from typing import NamedTuple


class Carry(NamedTuple):
    dh: np.ndarray
    dc: np.ndarray


def step(carry, f):
    return Carry(dh=carry.dh, dc=carry.dc)


def backward(params, x, targets):
    run = lt.forward(params, x)
    carry = Carry(np.ones(5), np.ones(5))
    for t in range(len(x)):
        carry = step(carry, run.f[t])
    return carry
"""

TAPE = """
def backward(params, x, targets):
    tape, k = [], 1
    for t in range(len(x)):
        tape.insert(0, np.ones(5))
    while k >= max(0, len(x) - 10):
        h = tape.pop(0)
        k -= 1
    earlier = slice(1, None)
    return h[earlier]
"""
THREE_GATES = """
def backward(params, x, targets):
    dz = {gate: np.ones(5) for gate in "ifog"}
    dh = sum(dz[gate] @ params["W" + gate] for gate in "ifo")
    dc = sum(dz[gate] for gate in ("i", "f", "o"))
    dzi, dzf, dzo, dzg = dz.values()
    total = sum([dzi, dzf, dzo])
    for n, gate in enumerate("igfo"):
        dh += n * dz[gate]
    return dh + dc
"""
OF_THREE = """
class Sums:
    def add(self, gate, dz):
        self.total = dz


def backward(params, x, targets):
    dzi, dzf, dzo, dzg = np.ones((4, 5))
    sums = Sums()
    sums.add("i", dzi)
    sums.add("f", dzf)
    sums.add("o", dzo)
    return sums
"""
FOLDED = """
from functools import reduce


def backward(params, x, targets, h0=None, c0=None):
    steps = list(lt.forward(params, x, h0).h)
    probs = [row for row in steps]
    p = np.exp(probs[0])
    return reduce(lambda a, b: a + p, steps, np.zeros(5))
"""
SLOPES = """
def backward(params, x, targets):
    run = lt.forward(params, x)
    for t in range(1):
        before = 0
        dz = run.i[t] * (run.g[t] ** 2)
        kept = dict(dz=0, before=before)
    return dz
"""
COLUMN = """
def backward(params, x, targets):
    for t in range(len(x)):
        dy = np.ones((6, 1)) / 6
        dh = params.V.T @ dy
    return dh
"""
ARGUMENTS = """
def part(array, k):
    return array[k : k + 1]


def backward(params, x, targets):
    dz, dW = np.zeros((4, 5)), np.zeros((5, 5))
    part(dz, 0)[...] = 1.0
    part(dW, 1)[...] = 2.0
    return dz
"""
PAIR_LEFT_OUT = """
def backward(params, x, targets):
    H = params.hidden_size
    d_in, d_forget, d_out, d_cand = np.ones((4, H))
    count, dh = H, np.zeros(H)
    for gate, dz in (("i", d_in), ("f", d_forget), ("o", d_out)):
        dh += params["W" + gate].T @ dz
    total = np.ones(H)
    total = dh * 2.0
    return total, d_cand
"""
KEYS = """
def backward(params, x, targets):
    kept = {"hidden": np.ones(5), "cell": np.zeros(5)}
    into = {"i": "U", "f": "U"}
    dh = kept["hidden"] @ params.Ui[:5, :5]
    for step in enumerate(zip(x, targets)):
        dh += step[0]
    return dh
"""
GATE_ROWS = """
I, F, O, G = range(4)


def backward(params, x, targets):
    run = lt.forward(params, x)
    s = np.array([run.i, run.f, run.o, run.g])
    e = [run.i[0], run.f[0], run.o[0]]
    dh = s[I, 1] * (1 - s[F, 1])
    return s[O, 2] + e[0] * e[1] + dh
"""
OTHER_NAMES = """
e = np.einsum


def backward(params, x, targets, h0=None, c0=None):
    run = lt.forward(params, x)
    now, before = slice(1, 3), slice(0, 2)
    grads = {name: params[name].copy() for name in params.keys()}
    dy = run.y.copy()
    dy[:, targets] -= 1
    grads["V"] += e('tk,th->hk', dy, run.h[:-1]).T
    return grads, dy[now], before
"""
UNPACKED = """
def walk(rows):
    return rows[0], (np.array([2 * row for row in rows[::-1]]),)


def backward(params, x, targets):
    _, (deltas,) = walk(lt.forward(params, x).h[:-1])
    return deltas.T @ deltas
"""
STEPS = """
def backward(params, x, targets):
    T, H = len(x), params.hidden_size
    d_i, d_f, d_o = np.zeros((3, T + 1, H))
    for t in reversed(range(T)):
        dh = params.V.T @ np.ones(params.vocab_size) + params.Wi.T @ d_i[t + 1] + params.Wf.T @ d_f[t + 1]
        d_i[t], d_f[t], d_o[t] = dh, 2 * dh, 3 * dh
    return d_i, params.Wo
"""
LEFT_OVER = """
class Point:
    def __init__(self, h, c):
        self.h, self.c = h, c


def backward(params, x, targets):
    d_one, d_two = np.zeros((5, 6)), np.zeros((5, 6))
    here = there = Point(np.ones(5), np.zeros(5))
    d_one[:, 0] += here.h
    d_one[:, 1] += Point(here.h, there.c).h
    for d in (d_one, d_two): np.clip(d, -5, 5, out=d)
    return d_one, d_two
"""
JOINED = """
def add(left, right):
    return {**left, **right}


def backward(params, x, targets, h0=None, c0=None):
    h0 = np.zeros(5) if h0 is None else h0
    run, T, H = lt.forward(params, x), len(x), 5
    F, Z = np.diag(run.f[0]), np.zeros((H, H))
    K = F @ F + 1
    J = np.block([[F, Z], [Z, F]])
    A = np.zeros((2 * H, 2 * H))
    A[:H, :H] = np.diag(run.o[0])
    A[:, H:] = 1.0
    f = run.f[0]
    before = np.vstack([np.zeros(H), run.h[: T - 1]])
    gates = np.hstack([run.i, run.f, run.o, run.g])
    slopes = gates * (1 - gates)
    four = np.ones((T, 4, H)) * (1 - 0.5)
    four[:, 1] = run.f
    p = np.exp(run.y[0])
    p = run.y / run.y.sum(axis=0)
    dy = np.zeros_like(p[0])
    dy[targets[0]] = -1.0 / p[0][targets[0]]
    state, steps = {"h": h0, "f": f}, []
    for k, token in enumerate(x):
        step = {"before": state, "token": token}
        state["h"] = np.tanh(state["h"] + run.i[k])
        steps.append(step)
        dc = f + state["h"] * run.o[k] * 1.0 - f * f
        tc = np.tanh(dc)
        out = run.o[k] * np.tanh(dc) + f * (dc + tc)
        loss = targets[k]
    total = add({"V": J}, {"V": K})
    total.update({"V": A})
    total = total | {"V": before}
    dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg = [np.zeros(H)] * 9
    return out, dV, dWi, dWf, dWg, dWo, dUi, dUf, dUo, dUg
"""
STEPPED = """
def cell(d, f, step):
    step.slopes = {"i": d, "f": f}
    return {"dh": d * f, "dc": d + f}


def late(S, initial):
    D = np.roll(S, 1, axis=1)
    A = np.zeros_like(S)
    A[:, 1:] = S[:, :-1]
    return D, A


def pair(a):
    dh, dc = a, 2 * a
    return dh, dc


def used(step):
    dz = step.slopes["i"] * 2
    return dz


def backward(params, x, targets):
    run = lt.forward(params, x)
    E = run.y[: len(x)].T.copy()
    E[targets] -= 1.0
    one, both = run.i[:1].T, late(run.h[: len(x)].T, run.h[-1])
    dh_next = np.zeros(5)
    dc_next = np.zeros(5)
    for t in range(len(x))[::-1]:
        step = type("Step", (), {})()
        z, a = {"i": run.i[t], "f": run.f[t]}, {"i": run.o[t], "f": run.g[t]}
        back = cell(dh_next + dc_next, run.f[t], step)
        dh_next = back["dh"]
        dc_now, dh_now = pair(dh_next)
        dz = {k: np.tanh(a[k]) * used(step) for k in a}
        dW = np.dot(one, run.h[:1])
        dU = run.h[:2].T @ run.f[:2]
        dV = np.dot(one, dh_now[:, None].T)
        o = run.o[t] * (run.o[t] - 1)
        error = -(run.y[t] - 1)
        sums = np.zeros((5, 5))
        sums += run.h[0].reshape(-1, 1) * dh_now.reshape(1, -1)
        sums += run.h[0][:, None] @ dh_now[None, :]
        earlier = np.vstack([run.h[1:], run.h[:1]]), np.concatenate((run.c[:1], run.c[:-1]))
        counts = np.array([0, 0, 0, 0])
        axes = run.h[:, None] * run.h[0], dh_now[None, :] * run.h[0]
        counts[0] = earlier[0].size
        again = error * error - error * (error @ error)
    return dz, dW, dU, dV, dc_now, o, error, both, z
"""
HELD = """
def first(xt, a_prev, c_prev):
    both = np.concatenate((xt, a_prev))
    return both * 2, c_prev


class Gate:
    kept = []

    def __init__(self, W):
        self.W, self.h = W, np.zeros(5)
        self.stack = [np.zeros(5)]

    def back(self, d):
        h = self.stack[-1]
        self.h[:] = d
        return h + d


def backward(params, x, targets):
    gate, run, onehot = Gate(params.Wi), lt.forward(params, x), np.eye(6)
    row = onehot[targets[0]]
    dh = np.zeros(5)
    total = np.zeros(5)
    for t in range(len(x)):
        c_next, c_prev = run.c[t], run.f[t]
        for j in range(5):
            dh[j] = dh[j] + run.o[t, j]
        for k in range(5):
            total[k] += dh[k]
        dz = c_next * run.g[t] + run.o[t] * c_next * (1 - c_next)
        both, c = first(run.i[t], run.o[t], c_prev)
        dU = dz[:, None] * x[t]
        gate.back(dz)
    return total, dz, dU, both, row
"""
TWICE = """
def backward(params, x, targets):
    run = lt.forward(params, x)
    rows = (2 * row for row in run.h[:-1])
    c, kept, total = np.ones(5), [], np.zeros(5)
    for t in range(len(x)):
        kept.append({"before": c})
        c *= run.f[t]
        total = total + run.h[t] * run.h[t]
    slopes = run.gates[:-1]
    slopes[:, :5] *= 1 - slopes[:, :5]
    slopes[..., 15:] = 1 - slopes[..., 15:]
    states = [run.h[0], run.h[1]]
    weighted(total, run.h[0], c, np.zeros_like(c))
    return list(rows), slopes, np.array(states)


def weighted(first, second, third, fourth):
    return first + second * third + fourth
"""
METHOD = """
class Walk:
    def __init__(self, size):
        self.dc = np.zeros(size)

    def step(self, f, o):
        self.dc = self.dc + o
        return self.dc


def backward(params, x, targets):
    run, walk = lt.forward(params, x), Walk(params.hidden_size)
    return [walk.step(run.f[t], run.o[t]) for t in range(len(x))]
"""


SLIPS = """
def fill(out, s):
    out += s


def doubled(z):
    return z + z


def backward(params, x, targets):
    run = lt.forward(params, x)
    s, h, t = run.i[0], run.h[0].copy(), 2
    first, buffer = run.h[0], run.h
    states = np.ones((3, 5))
    a = s * 1 - s
    b = (1 - s) ** 2
    gates = [lambda h: s * h for s in (a, b)]
    for t in range(2):
        b = b * s
        gates.append(lambda h: b * h)
    saved = []
    a = a + b
    saved.append(a)
    saved += [doubled(s), np.tanh(a)]
    saved.append(dict.fromkeys("WU", np.zeros(5)))
    slope = np.tanh(s) * (1 - np.tanh(s))
    b *= s
    both = [b, (b, s)]
    rounded = np.zeros(5, dtype=int)
    fill.kept = np.zeros(5)
    stacked = np.ones((5, 2)).reshape(10)
    before = np.roll(states, 1, axis=0)
    h[:] = np.tanh(h)
    base = 4 * t
    base = t
    states[-1] = states[-1] * 2
    for t in range(len(x)):
        buffer += a
        fill(fill.kept, a)
        sorted([a], key=lambda one: one[0])
    return a
"""
NO_RETURN = """
def backward(params, x, targets):
    grads = lt.Params.zeros(6, 5)
    grads.V += 1
"""

ALIKE = """
def sigmoid(z):
    return 0.5 * (1 + np.tanh(z))

def gate(name, z):
    return z * 1.0

def backward(params, x, targets):
    run, H, T = lt.forward(params, x), 5, len(x)
    steps, start = np.arange(T), run.c[-1:]
    one = np.eye(6)[np.asarray(targets)]
    p = np.exp(run.h[:T] @ params.V.T)
    p /= p.max()
    error = p * p * (1 - p)
    before = run.h[steps]
    tiled = np.repeat(run.i[0], 4)
    tiled[H:2 * H] = run.g[0]
    part = tiled[-params.hidden_size:]
    i = sigmoid(params.Ui[:, x[0]] + params.Wi @ run.h[0])
    g = np.tanh(params.Wg @ run.h[0])
    rows = [list(row) for row in params.Wi]
    total = len(p[0])
    for t, act in enumerate((sigmoid, np.tanh)):
        dh = rows[0][t] * i + sigmoid(g)
    back = params.Wi @ i + params.Wf @ g
    dh = p @ params.V
    s = gate("i", g)
    stacked = np.vstack([np.zeros((1, H)), run.h[:2]])
    dW = np.outer(t, i)
    f = (1 - i) * g
    return one, start, error, before, part, dh, back, s, stacked, dW, f, total
"""
PATHS = """
from collections import namedtuple

Row = namedtuple("Row", "in_gate out_gate")

class Step:
    def __init__(self, run, t):
        self.h_out = run.h[t]
        self.c_out = run.c[t]

def backward(params, x, targets):
    run = lt.forward(params, x)
    v = {(name, n): run.c[n] for name in ("i", "c") for n in range(-1, 3)}
    dh, dc = np.zeros(5), np.zeros(5)
    pairs = [Step(run, 0), Step(run, 1)]
    others = [pairs[0]]
    for t in range(len(x)):
        dh = dh + params.V[targets[t]]
        o, tc = run.o[t], run.ct[t]
        dz = dh * tc
        slope = o * tc
        dzi = run.h[t] * o
        dzf = run.h[t] * tc
        g = dc * o + v["c", t - 1] + v["i", 0]
        dc = dc * run.f[t]
    step = pairs[0]
    row = Row(run.i[0], run.o[0])
    g = g + row.in_gate
    pairs[1].h_out = g
    first, second = np.zeros((3, 5)), np.zeros((4, 5))
    first[0] = g
    return dz, dzi, dzf, g, dc, slope, step.h_out, [one.h_out for one in others]
"""

NUMBERS = """
def backward(params, x, targets):
    run = lt.forward(params, x)
    dh, dc = (2 * params.V[targets[0]]).tolist(), (2 * run.c[1]).tolist()  # dc gets nothing from the targets yet
    c, o = run.c[0].tolist(), run.o[0].tolist()
    for j in range(5):
        tc = c[j]
        d = dc[j]
        e = dh[j] * o[j] * tc
    return d, e
"""

FAMILY = """
from collections import namedtuple

Memo = namedtuple("Memo", "f o")

def slope(s):
    return s * (1 - s)

def slope_of_tanh(a):
    return 1 - a * a

def called(f, z):
    return f(z)

def scaled(memo, d):
    return d * memo.f

def backward(params, x, targets):
    run, T, H = lt.forward(params, x), len(x), 5
    before = np.arange(T)
    ps, qs, rs = [], [], []
    dU, dUi = np.zeros((5, 6)), np.zeros((5, 6))
    rows = np.stack([run.i[0], run.f[0], run.o[0], run.g[0]])
    slopes = rows * (1 - rows)
    last = slope_of_tanh(rows[3])
    dh = [0.0] * 5
    J = np.diag(run.y[0])
    grads = {}
    grads.update(dict.fromkeys("UV", np.zeros(H)))
    grads.update(dict.fromkeys("ab", np.zeros(T)))
    for t in range(T):
        i, g = run.i[t], run.g[t]
        ps.append(i); qs.append(g); rs.append(i)
        unread = i * g
        d = called(slope, g) + scaled(Memo(i, g), g)
        s = run.h[t] * run.f[t]
        dUi[:, x[t]] += d
        dU += d[:, None]
        back = params.Wi.T @ g + params.Wg.T @ i
        back += ps[-1] @ params.Wf
        for j in range(5):
            for k in range(5):
                dh[j] += params.Wi[j, k] * d[k]
    for each in (ps, qs):
        each.reverse()
    return before, slopes, last, J, back, s, dU, dUi, dh, grads
"""

NESTED = """
from collections import namedtuple

Carry = namedtuple("Carry", "h c")

def turned(a):
    return a[::-1]

def doubled(a):
    return 2 * a

def step(h, saved={}):
    saved.update(h=h)
    return saved

def backward(params, x, targets):
    run, T = lt.forward(params, x), len(x)
    carry = Carry(run.h[0], run.c[0])
    error = -run.y[0]
    error[targets[0]] += 1.0
    parts = [step(h) for h in run.h]
    for t in range(T):
        dh = np.zeros(5)
        dc = np.zeros(5)
        carry = Carry(run.o[t] * run.ct[t], run.c[t])
        one = turned(run.i)
        error[targets] -= 1
        two = run.f
        states = [run.c[s] for s in range(T)]
        rest = list(states)
        total = run.y.sum() + np.diag(1 - run.g[0]) ** 2
        ends = [run.h[: T - 1], run.c[T - 1 :]]
        flat, three = run.i.flatten(), 1 - run.c[t] ** 2
        for s in range(T - 1, -1, -1):
            dh = params.Wi.T @ dc + params.Wf.T @ run.g[s]
            dc = params.Wi @ dh + params.Wf @ run.g[s]
    return carry, (carry, error, one, two, parts, dh, dc, doubled(error), rest, flat, three, total, ends)
"""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (SHARED, "a = np.zeros(5)\nb = np.zeros(5)"),
        (
            SHARED,
            'e = {**{key: np.zeros(5).copy() for key in "WU"}, **{key: np.zeros(5).copy() for key in "V"}}',
        ),
        (SHARED, 'c = {key: np.zeros(5).copy() for key in "ifog"}'),
        (SHARED, "d = [np.zeros(5).copy() for _ in range(4)]"),
        (REPEATED, "np.add.at(dU, np.s_[:, x], deltas)"),
        (AFTER_THE_LOOP, "dz = h * t\ndW += np.outer(dz, h)\ndU[:, x[t]] += dz\nreturn dW, dU"),
        (LOOP_AFTER_THE_LOOP, "dz = h * t\nfor gate in dW:\ndW[gate] += np.outer(dz, h)"),
        (NOT_RESET, 'self.dh_next = np.zeros_like(self.dh_next)\nfor gate in "ifog":'),
        (BLOCKS, "slopes[:, 3 * H:] = 1 - gates[:, 3 * H:] ** 2"),
        (ZIPPED, "for row, target in zip(h[::-1], list(targets)[::-1]):"),
        (SISTERS, "c_before = np.vstack([run.c[-1:], run.c[:T - 1]])"),
        (HELPER, "return sigmoid(z) * (1 - sigmoid(z))"),
        (SCALED, "dh = dc * f\ndc = dc * f"),
        (STACKED, "rolled = np.roll(deltas, 1, axis=0)"),
        (STACKED, "deltas = np.array([row for row in lt.forward(params, x).h[:3]])[::-1]"),
        (PAIRS, 'for gate, delta in (("o", dzo), ("g", dzg)):'),
        (CALLED, "return Carry(dh=carry.dh, dc=carry.dc * f)"),
        (TAPE, "h = tape.pop()"),
        (TAPE, "tape.append(np.ones(5))"),
        (TAPE, "while k >= 0:"),
        (TAPE, "earlier = slice(None, -1)"),
        (THREE_GATES, 'dh = sum(dz[gate] @ params["W" + gate] for gate in "ifog")'),
        (THREE_GATES, 'dc = sum(dz[gate] for gate in ("i", "f", "o", "g"))'),
        (THREE_GATES, "total = sum([dzi, dzf, dzo, dzg])"),
        (THREE_GATES, 'for n, gate in enumerate("ifgo"):'),
        (OF_THREE, 'sums.add("o", dzo)\nsums.add("g", dzg)'),
        (FOLDED, "return reduce(lambda a, b: a + p, list(steps)[::-1], np.zeros(5))"),
        (FOLDED, "steps = list(lt.forward(params, x, h0, c0=c0).h)"),
        (FOLDED, "p = np.exp(-probs[0])"),
        (FOLDED, "p = np.tanh(probs[0])"),
        (FOLDED, "probs = [row for row in list(steps)[::-1]]"),
        (SLOPES, "dz = run.i[t] * ((1 - run.g[t] ** 2))"),
        (SLOPES, "before = t - 1"),
        (SLOPES, "kept = dict(dz=dz, before=before)"),
        (COLUMN, "dy = np.ones((6, 1)) / 6\ndy[targets[t]] -= 1"),
        (ARGUMENTS, "part(dz, 1)[...] = 2.0"),
        (PAIR_LEFT_OUT, 'for gate, dz in (("i", d_in), ("f", d_forget), ("o", d_out), ("g", d_cand)):'),
        (PAIR_LEFT_OUT, "total /= dh * 2.0"),
        (PAIR_LEFT_OUT, "H = np.zeros(params.hidden_size)"),
        (KEYS, 'dh = kept["cell"] @ params.Ui[:5, :5]'),
        (KEYS, 'dh = kept["hidden"] @ params.Wi[:5, :5]'),
        (KEYS, 'into = {"i": "W", "f": "U"}'),
        (KEYS, "for step in list(enumerate(zip(x, targets)))[::-1]:"),
        (GATE_ROWS, "dh = s[I, 1] * (1 - s[O, 1])"),
        (GATE_ROWS, "return s[O, 2] + e[0] * e[2] + dh"),
        (OTHER_NAMES, "run = lt.forward(params, x, h0=h0, c0=c0)"),
        (OTHER_NAMES, "grads = {name: np.zeros_like(params[name]) for name in params.keys()}"),
        (OTHER_NAMES, "dy[np.arange(len(targets)), targets] -= 1"),
        (OTHER_NAMES, """grads["V"] += e('tk,th->kh', dy, run.h[:-1]).T"""),
        (OTHER_NAMES, "return grads, dy[before], before"),
        (UNPACKED, "_, (deltas,) = walk(lt.forward(params, x).h[:-1])\ndeltas = deltas[::-1]"),
        (STEPS, "+ params.Wf.T @ d_f[t + 1] + params.Wo.T @ d_o[t + 1]"),
        (AFTER_THE_LOOP.replace("dU[:, x[t]]", "dU[x[t]]"), "dU[:, x[t]] += dz"),
        (LEFT_OVER, "d_two[:, 0] += here.h"),
        (LEFT_OVER, "d_one[:, 1] += Point(here.h, here.c).h"),
        (LEFT_OVER, "for d in (d_one, d_two): pass"),
        (TWICE, "rows = [2 * row for row in run.h[:-1]]"),
        (TWICE, 'kept.append({"before": c.copy()})'),
        (TWICE, "c = c * run.f[t]"),
        (TWICE, "total += run.h[t] * run.h[t]"),
        (TWICE, "total = total + run.h[t - 1] * run.h[t - 1]"),
        (TWICE, "slopes[:, 15:] *= 1 - slopes[:, 15:]"),
        (TWICE, "slopes[:, 15:] = 1 - slopes[:, 15:]"),
        (TWICE, "return list(rows), slopes, np.array(states[::-1])"),
        (TWICE, "weighted(total, run.h[0], np.zeros_like(c), c)"),
        (TWICE, "weighted(total, run.h[0], c, total)"),
        (METHOD, "self.dc = self.dc + o\nself.dc = self.dc * f"),
        (SLIPS, "a = s * (1 - s)"),
        (SLIPS, "b = 1 - s ** 2"),
        (SLIPS, "gates = [lambda h, s=s: s * h for s in (a, b)]"),
        (SLIPS, "gates.append(lambda h, b=b: b * h)"),
        (SLIPS, "a_before = a\na = a + b\nsaved.append(a_before)"),
        (SLIPS, "saved += [np.tanh(s), np.tanh(a)]"),
        (SLIPS, "saved += [doubled(s), doubled(a)]"),
        (SLIPS, 'saved.append({key: np.zeros(5).copy() for key in "WU"})'),
        (SLIPS, "slope = s * (1 - s)"),
        (SLIPS, "b_before = b.copy()\nb *= s\nboth = [b, (b_before, s)]"),
        (SLIPS, "rounded = np.zeros(5, dtype=float)"),
        (SLIPS, 'stacked = np.ones((5, 2)).reshape(10, order="F")'),
        (SLIPS, "before = np.vstack([first, states[:-1]])"),
        (SLIPS, "h = np.tanh(h)"),
        (SLIPS, "base = 4 * t\nbase = 4 * t"),
        (SLIPS, "states[:, -1] = states[:, -1] * 2"),
        (SLIPS, "first, buffer = run.h[0], run.h\nbuffer[:] = 0"),
        (SLIPS, "fill.kept = np.zeros_like(fill.kept)\nfill(fill.kept, a)"),
        (NO_RETURN, "return grads"),
        (ALIKE, "return 0.5 * (1 + np.tanh(0.5 * z))"),
        (ALIKE, "p = np.exp(run.h[:T] @ params.V.T) - one"),
        (ALIKE, "p = np.exp(run.h[:T] @ params.V.T)\np = p / p.sum(axis=-1, keepdims=True)"),
        (ALIKE, "p /= p.sum()"),
        (ALIKE, "error = p\nbefore = run.h[steps]"),
        (ALIKE, "before = run.h[steps - 1]"),
        (ALIKE, "tiled = np.tile(run.i[0], 4)"),
        (ALIKE, "tiled[2 * H:3 * H] = run.g[0]"),
        (ALIKE, "part = tiled[:params.hidden_size]"),
        (ALIKE, "g = np.tanh(params.Ug[:, x[0]] + params.Wg @ run.h[0])"),
        (ALIKE, "total = sum(p[0])"),
        (ALIKE, "dh = rows[t][0] * i + sigmoid(g)"),
        (ALIKE, "dh = rows[0][t] * i + act(g)"),
        (ALIKE, "back = params.Wi.T @ i + params.Wf.T @ g"),
        (ALIKE, "s = g\nstacked"),
        (ALIKE, "back = np.tanh(params.Wi @ i + params.Wf @ g)"),
        (ALIKE, "back = sigmoid(params.Wi @ i + params.Wf @ g)"),
        (ALIKE, "dh = (p - one) @ params.V"),
        (PATHS, "pairs[1].c_out = g"),
        (PATHS, "second[0] = g"),
        (NUMBERS, "tc = np.tanh(c[j])"),
        (NUMBERS, "d = dc[j] + dh[j] * o[j] * (1 - tc ** 2)"),
        (ALIKE, "stacked = np.vstack([run.h[-1:], run.h[:2]])"),
        (ALIKE, "dW = np.outer(g, i)"),
        (ALIKE, "f = g * g"),
        (PATHS, "dh = dh + params.V[targets[t]]\ndc = dc + dh * o * (1 - tc ** 2)"),
        (PATHS, "dh = dh + params.V[targets[t]]\ndc = dc + dh * tc"),
        (PATHS, "slope = dh * o * tc"),
        (PATHS, "g = g + row.out_gate"),
        (PATHS, "dzi = run.h[t - 1] * o\ndzf = run.h[t - 1] * tc"),
        (PATHS, 'g = dc * o + v["i", t] + v["i", 0]'),
        (PATHS, "return dz, dzi, dzf, g, dc, slope, step.c_out, [one.h_out for one in others]"),
        (PATHS, "return dz, dzi, dzf, g, dc, slope, step.h_out, [one.h_out for one in pairs]"),
        (NESTED, "dh = params.Wi @ dc + params.Wf @ run.g[s]"),
        (NESTED, "dc = params.Wi.T @ dh + params.Wf.T @ run.g[s]"),
        (NESTED, "dh = np.zeros(5)\ndc = np.zeros(5)\nfor t in range(T):"),
        (NESTED, "for s in range(t, -1, -1):"),
        (NESTED, "error[targets[0]] += 1.0\nerror = -error"),
        (NESTED, "def step(h, saved={}):\nsaved = {}"),
        (NESTED, "two = turned(run.f)"),
        (NESTED, "rest = list(states[1:])"),
        (NESTED, "error[targets[t]] -= 1"),
        (NESTED, "total = run.y.sum(axis=0) + np.diag(1 - run.g[0]) ** 2"),
        (NESTED, "total = run.y.sum() + np.diag(1 - run.g[0] ** 2)"),
        (NESTED, "total = run.y.sum(axis=1, keepdims=True) + np.diag(1 - run.g[0]) ** 2"),
        (NESTED, "ends = [run.h[: T], run.c[T :]]"),
        (NESTED, "flat, three = run.i.ravel(), 1 - run.c[t] ** 2"),
        (NESTED, "flat, three = run.i.flatten(), 1 - np.tanh(run.c[t]) ** 2"),
        (FAMILY, "before = np.arange(T) - 1"),
        (FAMILY, "slopes = rows * (1 - rows)\nslopes[3] = 1 - rows[3] ** 2"),
        (FAMILY, "d = called(slope_of_tanh, g) + scaled(Memo(i, g), g)"),
        (FAMILY, "return d * memo.o"),
        (FAMILY, "dU[:, x[t]] += d"),
        (FAMILY, "for each in (ps, qs, rs):"),
        (FAMILY, "dh[j] = 0.0\nfor k in range(5):"),
        (FAMILY, "J = np.diag(run.y[0]) - np.outer(run.y[0], run.y[0])"),
        (FAMILY, "s = run.h[t] * run.f[min(t + 1, len(run.f) - 1)]"),
        (FAMILY, "back = params.Wi.T @ i + params.Wg.T @ g"),
        (FAMILY, "back += rs[-1] @ params.Wf"),
        (FAMILY, "back += ps[-1] @ params.Wf + qs[-1] @ params.Wo"),
        (HELD, "self.kept = []"),
        (HELD, "h = self.stack.pop()"),
        (HELD, "self.h = d"),
        (HELD, "dh = np.zeros_like(dh)\nfor j in range(5):"),
        (HELD, "dz = c_prev * run.g[t] + run.o[t] * c_prev * (1 - c_next)"),
        (HELD, "dU = dz[:, None] * onehot[x[t]]"),
        (HELD, "dz = dz + gate.back(dz)"),
        (STEPPED, 'dc_next = back["dc"]'),
        (STEPPED, "sums += dh_now.reshape(-1, 1) * run.h[0].reshape(1, -1)"),
        (STEPPED, "sums += dh_now[:, None] @ run.h[0][None, :]"),
        (STEPPED, "earlier = np.vstack([run.h[:1], run.h[:-1]]), np.concatenate((run.c[:1], run.c[:-1]))"),
        (STEPPED, "earlier = np.vstack([run.h[1:], run.h[:1]]), np.concatenate((run.c[1:], run.c[:1]))"),
        (STEPPED, "axes = run.h[..., None] * run.h[0], dh_now[None, :] * run.h[0]"),
        (STEPPED, "axes = run.h[:, None] * run.h[0], dh_now[:, None] * run.h[0]"),
        (STEPPED, "counts = np.array([0, 0, 0, 0], dtype=float)"),
        (STEPPED, "D[:, 0] = initial"),
        (STEPPED, "A[:, :-1] = S[:, 1:]"),
        (STEPPED, "dh_now, dc_now = pair(dh_next)"),
        (STEPPED, "E[targets, np.arange(len(targets))] -= 1.0"),
        (STEPPED, "E[np.arange(len(targets)), targets] -= 1.0"),
        (STEPPED, "dz = {k: np.tanh(z[k]) * used(step) for k in a}"),
        (STEPPED, "dU = run.f[:2].T @ run.h[:2]"),
        (STEPPED, "dV = np.dot(dh_now[:, None], one.T)"),
        (STEPPED, 'dz = step.slopes["i"] * 2 * step.slopes["f"]'),
        (JOINED, "return {name: left[name] + value for name, value in right.items()}"),
        (JOINED, 'total.update({name: total[name] + value for name, value in {"V": A}.items()})'),
        (JOINED, 'total = {name: total[name] + value for name, value in {"V": before}.items()}'),
        (JOINED, "J = np.block([[F, F @ K], [Z, F]])"),
        (JOINED, "A[H:, :H] = np.diag(run.f[0] * run.o[0])"),
        (JOINED, "before[0] = h0"),
        (JOINED, "slopes[:, 3 * H :] = 1 - gates[:, 3 * H :] ** 2"),
        (JOINED, "p = run.y / run.y.sum(axis=1, keepdims=True)"),
        (JOINED, "dy = p[0].copy()\ndy[targets[0]] -= 1"),
        (JOINED, 'step = {"before": state.copy(), "token": token}'),
        (JOINED, 'dc = f + state["h"] * run.o[k] * (1.0 - f * f)'),
        (JOINED, "out = run.o[k] * tc + f * (dc + tc)"),
        (JOINED, "out = run.o[k] * np.tanh(dc) + (f * dc + tc)"),
        (JOINED, "loss = targets[-1 - k]"),
        (JOINED, "return out, dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg"),
        (
            FAMILY,
            'grads.update({key: np.zeros(H).copy() for key in "UV"})\n'
            'grads.update({key: np.zeros(T).copy() for key in "ab"})',
        ),
    ],
)
def test_the_edit_that_mends_it_is_offered(text, wanted):
    assert wanted not in text
    assert is_offered(text, wanted)


def test_statements_that_are_moved_into_a_loop_keep_their_text_and_their_line_once():
    slots, units, edits = offered(AFTER_THE_LOOP)
    moved = [edit for edit in edits if edit.kind == "moved in" and len(edit.parts) == 3]
    assert moved
    for edit in moved:
        after = apply(units, slots, [edit])[0].text
        assert after.count("dW += np.outer(dz, h)") == 1 and after.count("dU[:, x[t]] += dz") == 1
        assert "        dW += np.outer(dz, h)\n        dU[:, x[t]] += dz\n" in after


def test_a_factor_comes_from_the_forward_pass_and_a_delta_is_added_to_deltas_only():
    text, _ = styles("tuning")["per_gate"]
    edits = offered(text.replace(HEAD, ""))[-1]
    grown = {edit.parts[0].code for edit in edits if edit.kind in ("factor", "term") and edit.parts[0].code}
    assert "do = dh * ct[t] * f[t]" in grown and "do = dh * ct[t] + dc_next" in grown
    assert not any(code.startswith("do = ") and re.search(r"\* d[a-z_]+$|\+ [fogic]\[t\]$", code) for code in grown)


def test_what_only_another_loop_counts_is_not_offered():
    *_, edits = offered(NESTED)
    codes = [edit.parts[0].code for edit in edits if edit.kind in ("factor", "term", "wrong name")]
    inner = [code for code in codes if code.startswith(("dh =", "dc =")) and "@" in code]
    outer = [code for code in codes if code.startswith("carry = Carry(run.o[")]
    assert any("run.f[s]" in code or "run.g[s]" in code for code in inner)
    assert any("run.c[t]" in code for code in inner) and outer
    assert not any("[s]" in code for code in outer)


def test_an_edit_that_reads_what_nobody_reads_comes_first():
    *_, edits = offered(FAMILY)
    terms = {edit.new: edit.cost for edit in edits if edit.kind == "term" and edit.parts[0].code.startswith("back +=")}
    assert terms["+ unread"] < terms["+ i"]


def test_what_is_given_once_and_for_all_is_no_target_in_a_loop():
    *_, edits = offered(FAMILY)
    targets = {edit.new for edit in edits if edit.kind == "target" and edit.parts[0].code.endswith("d[:, None]")}
    assert "rows" not in targets and "slopes" not in targets and "dUi" in targets


def test_a_thing_that_is_made_anew_is_kept_for_a_statement_that_means_the_old_one():
    slots, units, edits = offered(NESTED)
    texts = [
        "\n".join(unit.text for unit in apply(units, slots, [edit])) for edit in edits if edit.kind == "overwritten"
    ]
    assert any("carry_before = carry\n" in text and "return carry, (carry_before, error" in text for text in texts)


def test_a_function_that_is_made_in_a_loop_can_keep_what_it_sees_there():
    text = """
def backward(params, x, targets):
    tape, h = [], np.zeros(5)
    for t in range(len(x)):
        row = h + t

        def undo():
            return row * 2

        def scaled(by=max(1.0, 2.0)):
            return row * by * t

        tape.append((undo, scaled))
    return [undo() + scaled() for undo, scaled in tape]
"""
    slots, units, edits = offered(text)
    late = [edit for edit in edits if edit.kind == "late binding"]
    texts = [apply(units, slots, [edit])[0].text for edit in late]
    assert len(texts) == 2 and any("def undo(row=row):" in text for text in texts)
    assert any("def scaled(by=max(1.0, 2.0), row=row, t=t):" in text for text in texts)
    function = load(HEAD + text, "backward", "<late>")
    variants = Variants(learner_functions(function)[0].function, units, late, [TRUTH])
    case = TRUTH.case
    assert {row[0] for row in function(case.params, case.x, case.targets)} == {12.0}  # all see the last row
    ways = [variants.run(TRUTH, [edit]).result for edit in late]
    assert sorted(tuple(row[0] for row in way) for way in ways) == [(4.0, 6.0, 12.0), (8.0, 10.0, 12.0)]


def test_functions_that_are_used_are_likelier_than_others():
    *_, edits = offered(NESTED)
    costs = {edit.new: edit.cost for edit in edits if edit.kind == "helper"}
    assert costs["turned(run.f)"] <= costs["doubled(run.f)"] <= 2.0


def test_a_return_inside_a_loop_and_a_reset_before_it_are_likely_to_stand_elsewhere():
    text, _ = styles("tuning")["per_gate"]
    text = text.replace(HEAD, "")
    wrong = text.replace("\n    return grads", "\n        return grads")
    assert wrong != text
    out = [edit.cost for edit in offered(wrong)[-1] if edit.kind == "moved out"]
    reset = [edit.cost for edit in offered(text)[-1] if edit.kind == "moved in" and "zeros(" in edit.new]
    assert min(out) <= 1.0 and min(reset) < 1.5


def test_names_of_several_words_differ_by_one_if_one_word_is_another():
    assert unlike("dzi", "dzf") == unlike("forget_sum_blame", "output_sum_blame") == unlike("dGate", "dCell") == 1
    assert unlike("forget_sum", "output_blame") > 1 and unlike("h", "hidden") > 1


def test_an_update_that_is_missing_is_likely_and_so_is_a_slope_of_the_other_sign():
    *_, edits = offered(STEPPED)
    cost = {edit.parts[0].code: edit.cost for edit in edits}
    assert cost['dc_next = back["dc"]'] < 1.0  # it begins with zeros and nothing is handed on
    assert cost["o = run.o[t] * (1 - run.o[t])"] < 1.3
    assert cost["o = -(run.o[t] * (run.o[t] - 1))"] > 1.8  # nothing changes its sign in the forward pass
    assert cost["dh_now, dc_now = pair(dh_next)"] <= 1.0  # as `pair` returns them


def test_arguments_that_are_named_as_a_function_names_them_are_in_the_right_order():
    text = HELD.replace("first(run.i[t], run.o[t], c_prev)", "first(c_next, dh, c_prev)")
    text = text.replace("def first(xt, a_prev, c_prev)", "def first(c_next, dh_now, c_prev)")
    text = text.replace("(xt, a_prev)", "(c_next, dh_now)")
    *_, edits = offered(text)
    costs = {edit.parts[0].code: edit.cost for edit in edits if edit.kind == "order"}
    assert costs["both, c = first(dh, c_next, c_prev)"] > 1.9 > costs["both = np.concatenate((dh_now, c_next))"]


def test_nine_names_that_are_in_the_order_of_the_gradients_then_are_likely_to_be_meant():
    *_, edits = offered(JOINED)
    returned = {
        edit.parts[0].code: edit.cost for edit in edits if edit.kind == "order" and "return" in edit.parts[0].code
    }
    assert returned.pop("return out, dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg") < 1.0 < min(returned.values())
