"""Backward passes for tests: right ones in different styles, and faults to put into the most literal of them."""

from __future__ import annotations

import functools
import inspect
import linecache
from collections.abc import Callable
from typing import NamedTuple

import autograd
import autograd.numpy as anp
import numpy as np

import lstm_teach as lt


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def literal(params, x, targets, h0=None, c0=None):
    """One equation a line, one gate after the other, as the names table has it."""
    T, H, K = len(x), params.hidden_size, params.vocab_size
    V, Wi, Wf, Wo, Wg, Ui, Uf, Uo, Ug = params.values()
    i, f, o, g, c, ct, h = (np.zeros((T + 1, H)) for _ in range(7))
    y = np.zeros((T, K))
    h[-1] = 0 if h0 is None else h0
    c[-1] = 0 if c0 is None else c0
    for t in range(T):
        i[t] = sigmoid(Ui[:, x[t]] + Wi @ h[t - 1])
        f[t] = sigmoid(Uf[:, x[t]] + Wf @ h[t - 1])
        o[t] = sigmoid(Uo[:, x[t]] + Wo @ h[t - 1])
        g[t] = np.tanh(Ug[:, x[t]] + Wg @ h[t - 1])
        c[t] = f[t] * c[t - 1] + i[t] * g[t]
        ct[t] = np.tanh(c[t])
        h[t] = o[t] * ct[t]
        e = np.exp(V @ h[t])
        y[t] = e / e.sum()

    dV = np.zeros((K, H))
    dWi, dWf, dWo, dWg = (np.zeros((H, H)) for _ in range(4))
    dUi, dUf, dUo, dUg = (np.zeros((H, K)) for _ in range(4))
    dh_future = np.zeros(H)
    dc_carry = np.zeros(H)
    for t in reversed(range(T)):
        dy = y[t].copy()
        dy[targets[t]] -= 1
        dV += np.outer(dy, h[t])
        dh = V.T @ dy + dh_future
        dc = dh * o[t] * (1 - ct[t] ** 2) + dc_carry
        do = dh * ct[t]
        di = dc * g[t]
        df = dc * c[t - 1]
        dg = dc * i[t]
        dzi = di * i[t] * (1 - i[t])
        dzf = df * f[t] * (1 - f[t])
        dzo = do * o[t] * (1 - o[t])
        dzg = dg * (1 - g[t] ** 2)
        dWi += np.outer(dzi, h[t - 1])
        dWf += np.outer(dzf, h[t - 1])
        dWo += np.outer(dzo, h[t - 1])
        dWg += np.outer(dzg, h[t - 1])
        dUi[:, x[t]] += dzi
        dUf[:, x[t]] += dzf
        dUo[:, x[t]] += dzo
        dUg[:, x[t]] += dzg
        dh_future = Wi.T @ dzi + Wf.T @ dzf + Wo.T @ dzo + Wg.T @ dzg
        dc_carry = dc * f[t]
    return dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg


def stacked(params, x, targets):
    """Four gates in one vector, products after the loop, no initial state; returns a mapping."""
    T, H = len(x), params.hidden_size
    W = np.vstack([params.Wi, params.Wf, params.Wo, params.Wg])
    U = np.vstack([params.Ui, params.Uf, params.Uo, params.Ug])
    h, c = np.zeros((T + 1, H)), np.zeros((T + 1, H))
    gates = np.zeros((T, 4 * H))
    for t in range(T):
        z = W @ h[t] + U[:, x[t]]
        gates[t] = np.concatenate([sigmoid(z[: 3 * H]), np.tanh(z[3 * H :])])
        i, f, o, g = gates[t].reshape(4, H)
        c[t + 1] = f * c[t] + i * g
        h[t + 1] = o * np.tanh(c[t + 1])
    y = np.exp(h[1:] @ params.V.T)
    y /= y.sum(1, keepdims=True)
    y[np.arange(T), targets] -= 1
    dz = np.zeros((T, 4 * H))
    dh_next, dc_next = np.zeros(H), np.zeros(H)
    for t in range(T - 1, -1, -1):
        i, f, o, g = gates[t].reshape(4, H)
        tanh_c = np.tanh(c[t + 1])
        dh = y[t] @ params.V + dh_next
        dc = dh * o * (1 - tanh_c**2) + dc_next
        dz[t] = np.concatenate([dc * g, dc * c[t], dh * tanh_c, dc * i])
        dz[t] *= np.concatenate([i * (1 - i), f * (1 - f), o * (1 - o), 1 - g**2])
        dh_next, dc_next = dz[t] @ W, dc * f
    dU = np.zeros_like(U)
    np.add.at(dU.T, x, dz)
    grads = {"V": y.T @ h[1:]}
    for row, gate in enumerate("ifog"):
        rows = slice(row * H, (row + 1) * H)
        grads["W" + gate], grads["U" + gate] = dz[:, rows].T @ h[:-1], dU[rows]
    return grads


def with_lists(p, tokens, goals, h0=None, c0=None):
    """Everything appended to lists that start with the initial state; one-hot columns; returns a Params."""
    hidden = [np.zeros((p.hidden_size, 1)) if h0 is None else np.asarray(h0).reshape(-1, 1)]
    cell = [np.zeros((p.hidden_size, 1)) if c0 is None else np.asarray(c0).reshape(-1, 1)]
    one_hot = np.eye(p.vocab_size)
    steps = []
    for token, goal in zip(tokens, goals, strict=True):
        xt = one_hot[:, [token]]
        ig, fg, og = (sigmoid(p["U" + a] @ xt + p["W" + a] @ hidden[-1]) for a in "ifo")
        cand = np.tanh(p.Ug @ xt + p.Wg @ hidden[-1])
        cell.append(cell[-1] * fg + ig * cand)
        hidden.append(og * np.tanh(cell[-1]))
        scores = p.V @ hidden[-1]
        prob = np.exp(scores - scores.max())
        steps.append((xt, ig, fg, og, cand, prob / prob.sum() - one_hot[:, [goal]]))
    total = lt.Params.zeros(p.vocab_size, p.hidden_size)
    from_h, from_c = 0.0, 0.0
    for n, (xt, ig, fg, og, cand, error) in reversed(list(enumerate(steps))):
        squashed = np.tanh(cell[n + 1])
        total.V += error @ hidden[n + 1].T
        back_h = p.V.T @ error + from_h
        back_c = back_h * og * (1 - squashed * squashed) + from_c
        raw = {
            "i": back_c * cand * ig * (1 - ig),
            "f": back_c * cell[n] * fg * (1 - fg),
            "o": back_h * squashed * og * (1 - og),
            "g": back_c * ig * (1 - cand * cand),
        }
        for a, dz in raw.items():
            total["W" + a] += dz @ hidden[n].T
            total["U" + a] += dz @ xt.T
        from_h = sum(p["W" + a].T @ dz for a, dz in raw.items())
        from_c = back_c * fg
    return total


def autograd_pass(params, x, targets, h0=None, c0=None):
    """Made by HIPS autograd out of a forward pass; returns a list in the question's order."""
    h0 = np.zeros(params.hidden_size) if h0 is None else h0
    c0 = np.zeros(params.hidden_size) if c0 is None else c0

    def total_loss(matrices):
        V, Wi, Wf, Wo, Wg, Ui, Uf, Uo, Ug = matrices
        h, c, total = h0, c0, 0.0
        for token, goal in zip(x, targets, strict=True):
            i, f, o = (
                0.5 + 0.5 * anp.tanh((U[:, token] + anp.dot(W, h)) / 2) for U, W in ((Ui, Wi), (Uf, Wf), (Uo, Wo))
            )
            c = f * c + i * anp.tanh(Ug[:, token] + anp.dot(Wg, h))
            h = o * anp.tanh(c)
            scores = anp.dot(V, h)
            total = total + anp.log(anp.sum(anp.exp(scores))) - scores[goal]
        return total

    return list(autograd.grad(total_loss)(params.values()))


def single_pass_with_deltas(params, x, targets, h0=None, c0=None):
    return lt.bptt(params, x, targets, h0, c0, return_deltas=True)


def single_pass_without_states(params, x, targets):
    return lt.bptt(params, x, targets)


def must_be_given_states(params, x, targets, h0, c0):
    return literal(params, x, targets, h0, c0)


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


class Model:
    """The backward pass as a method and as a callable object."""

    def backward(self, params, x, targets, h0=None, c0=None):
        return with_lists(params, x, targets, h0, c0)

    __call__ = backward


RIGHT = {
    "literal": literal,
    "stacked": stacked,
    "with_lists": with_lists,
    "autograd": autograd_pass,
    "nested, repaired": functools.partial(lt.nested_bptt, repaired=lt.FLAWS),
    "bptt": lt.bptt,
    "with deltas": single_pass_with_deltas,
    "without states": single_pass_without_states,
    "must be given states": must_be_given_states,
    "exact_gradient": lt.exact_gradient,
    "lambda": lambda p, x, targets: literal(p, x, targets),
    "partial with states": functools.partial(literal, h0=None, c0=None),
    "decorated": decorated(literal),
    "method": Model().backward,
    "callable object": Model(),
    "nested lists": lambda p, x, targets: [matrix.tolist() for matrix in lt.bptt(p, x, targets).values()],
}


class Fault(NamedTuple):
    """`old` is a line of `literal` (without its indentation), `new` replaces it.

    Either the gradients in `off` are wrong and no others, at the length `at`, where the fault shows first;
    or the report's problems hold the words `says`.
    """

    name: str
    old: str
    new: str
    at: int = 0
    off: str = ""
    says: str = ""


# lines of `literal` that several faults are in
TARGET = "dy[targets[t]] -= 1"
TO_V = "dV += np.outer(dy, h[t])"
DH = "dh = V.T @ dy + dh_future"
DC = "dc = dh * o[t] * (1 - ct[t] ** 2) + dc_carry"
CARRY = "dc_carry = dc * f[t]"
FUTURE = "dh_future = Wi.T @ dzi + Wf.T @ dzf + Wo.T @ dzo + Wg.T @ dzg"
ROWS = "i, f, o, g, c, ct, h = (np.zeros((T + 1, H)) for _ in range(7))"
STEPS = "for t in reversed(range(T)):"
H0 = "h[-1] = 0 if h0 is None else h0"
RETURN = "return dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg"
W, U = "Wi Wf Wo Wg", "Ui Uf Uo Ug"
GATES, ALL = f"{W} {U}", f"V {W} {U}"
ACT_C = "Wi Wf Wg Ui Uf Ug"  # what dc reaches within its own step

FAULTS = [
    Fault(
        "the slope of f never below a thousandth",
        "dzf = df * f[t] * (1 - f[t])",
        "dzf = df * np.maximum(f[t] * (1 - f[t]), 1e-3)",
        20,
        GATES,
    ),
    # the loss
    Fault("targets forgotten", TARGET, "pass", 1, ALL),
    Fault("mean loss", TARGET, "dy[targets[t]] -= 1; dy /= T", 2, ALL),
    Fault(
        "no loss where the token is its own target", TARGET, "dy[targets[t]] -= 1; dy *= x[t] != targets[t]", 20, ALL
    ),
    # V
    Fault("dV from the state before", TO_V, "dV += np.outer(dy, h[t - 1])", 1, "V"),
    Fault("dV replaced", TO_V, "dV = np.outer(dy, h[t])", 2, "V"),
    Fault("dV transposed", TO_V, "dV = dV.reshape(H, K) + np.outer(h[t], dy)", says="shape (4, 5)"),
    # the two carries
    Fault("dh_future forgotten", DH, "dh = V.T @ dy", 2, GATES),
    Fault("dh clipped at 10", DH, "dh = np.clip(V.T @ dy + dh_future, -10, 10)", 20, GATES),
    Fault("dh clipped at 1", DH, "dh = np.clip(V.T @ dy + dh_future, -1, 1)", 3, GATES),
    Fault("carry starts at one", "dc_carry = np.zeros(H)", "dc_carry = np.ones(H)", 1, ACT_C),
    Fault("dc_carry forgotten", CARRY, "pass", 2, ACT_C),
    Fault("dc_carry grows", CARRY, "dc_carry = dc_carry + dc * f[t]", 3, ACT_C),
    Fault("dh_future without transposes", FUTURE, "dh_future = Wi @ dzi + Wf @ dzf + Wo @ dzo + Wg @ dzg", 2, GATES),
    Fault(
        "dh_future grows", FUTURE, "dh_future = dh_future + Wi.T @ dzi + Wf.T @ dzf + Wo.T @ dzo + Wg.T @ dzg", 3, GATES
    ),
    # the slopes
    Fault("dc without its slope", DC, "dc = dh * o[t] + dc_carry", 1, ACT_C),
    Fault("slope on the carry too", DC, "dc = (dh * o[t] + dc_carry) * (1 - ct[t] ** 2)", 2, ACT_C),
    Fault("slope of i doubled", "dzi = di * i[t] * (1 - i[t])", "dzi = di * i[t] * (1 - i[t]) ** 2", 1, "Wi Ui"),
    Fault("slope of g from tanh(g)", "dzg = dg * (1 - g[t] ** 2)", "dzg = dg * (1 - np.tanh(g[t]) ** 2)", 1, "Wg Ug"),
    # the products
    Fault("do of the loss alone", "do = dh * ct[t]", "do = V.T @ dy * ct[t]", 2, "Wo Uo"),
    Fault("df from the same step", "df = dc * c[t - 1]", "df = dc * c[t]", 1, "Wf Uf"),
    Fault("df left out at the first step", "df = dc * c[t - 1]", "df = dc * c[t - 1] * (t > 0)", 1, "Wf Uf"),
    # the weights
    Fault("dWi transposed", "dWi += np.outer(dzi, h[t - 1])", "dWi += np.outer(h[t - 1], dzi)", 1, "Wi"),
    Fault("dWf replaced", "dWf += np.outer(dzf, h[t - 1])", "dWf = np.outer(dzf, h[t - 1])", 2, "Wf"),
    Fault("h0 left out of dWg", "dWg += np.outer(dzg, h[t - 1])", "dWg += np.outer(dzg, h[t - 1]) * (t > 0)", 1, "Wg"),
    Fault("dUi replaced", "dUi[:, x[t]] += dzi", "dUi[:, x[t]] = dzi", 3, "Ui"),
    Fault("dUf at the target", "dUf[:, x[t]] += dzf", "dUf[:, targets[t]] += dzf", 1, "Uf"),
    Fault("token 0 left out", "dUg[:, x[t]] += dzg", "dUg[:, x[t]] += dzg * bool(x[t])", 2, "Ug"),
    Fault(
        "two gradients are one array",
        "dWi, dWf, dWo, dWg = (np.zeros((H, H)) for _ in range(4))",
        "dWi = dWf = np.zeros((H, H)); dWo, dWg = np.zeros((H, H)), np.zeros((H, H))",
        1,
        "Wi Wf",
    ),
    Fault("gradient starts at one", "dV = np.zeros((K, H))", "dV = np.ones((K, H))", 1, "V"),
    Fault("weight decay", RETURN, RETURN.replace("dWi", "dWi + 0.01 * Wi"), 1, "Wi"),
    Fault("order of the question mixed up", RETURN, RETURN.replace("dWi, dWf", "dWf, dWi"), 1, "Wi Wf"),
    Fault("Wi clipped at 10", RETURN, RETURN.replace("dWi", "np.clip(dWi, -10, 10)"), 20, "Wi"),
    # the steps
    Fault("forward order", STEPS, "for t in range(T):", 2, GATES),
    Fault("first step left out", STEPS, "for t in reversed(range(1, T)):", 1, ALL),
    Fault("last step left out", STEPS, "for t in reversed(range(T - 1)):", 1, ALL),
    # the initial state
    Fault("h0 ignored", H0, "h[-1] = 0", 1, ALL),
    Fault("c0 ignored", "c[-1] = 0 if c0 is None else c0", "c[-1] = 0", 1, ALL),
    Fault("ones where no h0 is given", H0, "h[-1] = 1 if h0 is None else h0", 20, ALL),
    Fault("T rows instead of T + 1", ROWS, "i, f, o, g, c, ct, h = (np.zeros((T, H)) for _ in range(7))", 1, W + " Uf"),
    # the forward pass
    Fault("softmax divides twice", "y[t] = e / e.sum()", "y[t] = e / e.sum() ** 2", 1, ALL),
    Fault(
        "hard-coded size",
        "T, H, K = len(x), params.hidden_size, params.vocab_size",
        "T, H, K = len(x), 5, 4",
        says="ValueError",
    ),
    # not a right answer at all
    Fault("changes params", RETURN, f"params.V -= 0.1 * dV; {RETURN}", says="changes its input params"),
    Fault("returns nothing", RETURN, "pass", says="returns nothing"),
    Fault("returns a number", RETURN, "return dV.sum()", says="has to return a Params"),
    Fault("returns eight", RETURN, RETURN.replace("dV, ", ""), says="returns 8 things"),
    Fault(
        "returns eight by name",
        RETURN,
        "return dict(zip(params.keys()[1:], [dWi] * 8))",
        says="returns no gradient for V",
    ),
    Fault(
        "returns the names with a small letter",
        RETURN,
        "return {name.lower(): params[name] for name in params}",
        says="the names are",
    ),
    Fault("returns None for one", RETURN, RETURN.replace("dWo", "None"), says="dWo must hold real numbers"),
    Fault("NaN", RETURN, f"dWg[2, 1] = np.nan; {RETURN}", says="dWg must be finite, got nan at index (2, 1)"),
    Fault("float32 in what it returns", RETURN, RETURN.replace("dWf", "dWf.astype(np.float32)"), says="dWf as float32"),
    Fault(  # float32 is off by about 1e-7, so whether a check notices depends on how the processor rounds
        "float16 in the states",
        ROWS,
        "i, f, o, g, c, ct, h = (np.zeros((T + 1, H), np.float16) for _ in range(7))",
        1,
        ALL,
    ),
    Fault(
        "memory kept between calls",
        "dV = np.zeros((K, H))",
        "dV = kept.setdefault((T, K, H), np.zeros((K, H)))",
        says="called again",
    ),
    Fault(
        "raises",
        CARRY,
        "raise RuntimeError('no idea.')",
        says="literal raised RuntimeError: no idea, at line 48: raise",
    ),
    Fault("ends Python", CARRY, "raise SystemExit", says="raised SystemExit"),
    Fault("never ends", CARRY, "while t < T: t -= 1", says="was stopped, at line 48: while t < T: t -= 1"),
]


def with_fault(old: str, new: str) -> Callable:
    """The literal pass with one line replaced, as a function of its own."""
    source = inspect.getsource(literal)
    lines = source.splitlines()
    places = [number for number, line in enumerate(lines) if line.strip() == old]
    assert len(places) == 1, f"{old!r} is {len(places)} times in literal"
    indent = lines[places[0]][: -len(old)]
    lines[places[0]] = "\n".join(indent + line for line in new.splitlines())
    changed = "\n".join(lines) + "\n"
    assert changed != source
    filename = f"literal with {new}"
    linecache.cache[filename] = (len(changed), None, changed.splitlines(keepends=True), filename)
    namespace = {"np": np, "sigmoid": sigmoid, "kept": {}}
    exec(compile(changed, filename, "exec"), namespace)
    return namespace["literal"]
