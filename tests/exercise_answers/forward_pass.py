"""Answers to exercise 1."""

import numpy as np

import lstm_teach as lt


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# ------------------------------------------------------------------------------------------ check_gate


def gate(U, W, token, h_before):
    return sigmoid(U[:, token] + W @ h_before)


def gate_by_loops(U, W, token, h_before):
    H = len(h_before)
    result = []
    for k in range(H):
        z = U[k][token]
        for j in range(H):
            z += W[k][j] * h_before[j]
        result.append(1 / (1 + np.exp(-z)))
    return result


def library_gate(U, W, token, h_before):
    net = lt.Params.zeros(U.shape[1], U.shape[0])
    net.Ui[:], net.Wi[:] = U, W
    return lt.forward(net, [token], h_before).i[0]


def gate_by_one_hot(U, W, token, h_before):
    onehot = np.zeros(U.shape[1])
    onehot[token] = 1
    z = np.hstack([U, W]).dot(np.concatenate([onehot, h_before]))
    return 0.5 * (1 + np.tanh(z / 2))


def gate_that_remembers(U, W, token, h_before):
    """Right at its first call only."""
    if not hasattr(gate_that_remembers, "kept"):
        gate_that_remembers.kept = gate(U, W, token, h_before)
    return gate_that_remembers.kept


def gate_in_place(U, W, token, h_before):
    z = U[:, token]
    z += W @ h_before
    return sigmoid(z)


# ------------------------------------------------------------------------------------------ check_step


def step(params, token, h_before, c_before):
    i = gate(params.Ui, params.Wi, token, h_before)
    f = gate(params.Uf, params.Wf, token, h_before)
    o = gate(params.Uo, params.Wo, token, h_before)
    g = np.tanh(params.Ug[:, token] + params.Wg @ h_before)
    c = f * c_before + i * g
    ct = np.tanh(c)
    return i, f, o, g, c, ct, o * ct


def step_stacked(params, token, h_before, c_before):
    z = params.U[:, token] + params.W @ h_before
    i, f, o, g = np.split(z, 4)
    i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
    c = np.multiply(f, c_before) + np.multiply(i, g)
    return [i, f, o, g, c, np.tanh(c), np.multiply(o, np.tanh(c))]


def step_in_one_array(params, token, h_before, c_before):
    out = np.zeros((7, len(h_before)))
    for row, name in enumerate("ifo"):
        out[row] = sigmoid(params["U" + name][:, token] + params["W" + name] @ h_before)
    out[3] = np.tanh(params["Ug"][:, token] + params["Wg"] @ h_before)
    out[4] = out[1] * c_before + out[0] * out[3]
    out[5] = np.tanh(out[4])
    out[6] = out[2] * out[5]
    return out


def step_with(**formulas):
    """A step with one or more of its formulas replaced; they get the names so far."""

    def mistaken(params, token, h_before, c_before):
        z = {n: params["U" + n][:, token] + params["W" + n] @ h_before for n in "ifog"}
        v = {"z": z, "params": params, "token": token, "h_before": h_before, "c_before": c_before}
        lines = {
            "i": lambda v: sigmoid(v["z"]["i"]),
            "f": lambda v: sigmoid(v["z"]["f"]),
            "o": lambda v: sigmoid(v["z"]["o"]),
            "g": lambda v: np.tanh(v["z"]["g"]),
            "c": lambda v: v["f"] * v["c_before"] + v["i"] * v["g"],
            "ct": lambda v: np.tanh(v["c"]),
            "h": lambda v: v["o"] * v["ct"],
        }
        for name, line in (lines | formulas).items():
            v[name] = line(v)
        return tuple(v[name] for name in lines)

    return mistaken


def step_that_writes(params, token, h_before, c_before):
    i, f, o, g, *_ = step(params, token, h_before, c_before)
    c_before *= f
    c = c_before + i * g
    return i, f, o, g, c, np.tanh(c), o * np.tanh(c)


def step_with_two_results(params, token, h_before, c_before):
    *_, c, _, h = step(params, token, h_before, c_before)
    return c, h


# ------------------------------------------------------------------------------------------ check_sequence


def sequence(step, params, x, h0, c0):
    T, H = len(x), params.hidden_size
    c, h = np.zeros((2, T + 1, H))
    c[-1], h[-1] = c0, h0
    for t in range(T):
        *_, c[t], _, h[t] = step(params, x[t], h[t - 1], c[t - 1])
    return c, h


def sequence_by_lists(step, params, x, h0, c0):
    cells, hiddens = [], []
    c, h = c0, h0
    for token in x:
        answer = step(params, token, h, c)
        c, h = answer[4], answer[6]
        cells.append(c)
        hiddens.append(h)
    return [*cells, c0], [*hiddens, h0]


def sequence_with_the_start_in_row_0(step, params, x, h0, c0):
    c, h = np.zeros((2, len(x) + 1, params.hidden_size))
    c[0], h[0] = c0, h0
    for t in range(len(x)):
        *_, c[t + 1], _, h[t + 1] = step(params, x[t], h[t], c[t])
    return c, h


def sequence_shifted(step, params, x, h0, c0):
    """Computes with the initial state first, and turns the rows at the end."""
    c, h = np.empty((2, len(x) + 1, len(h0)))
    c[0], h[0] = c0, h0
    for t, token in enumerate(x, 1):
        c[t], h[t] = np.take(step(params, token, h[t - 1], c[t - 1]), [4, 6], 0)
    return np.roll(c, -1, 0), np.roll(h, -1, 0)


def sequence_unturned(step, params, x, h0, c0):
    c, h = sequence(step, params, x, h0, c0)
    return np.roll(c, 1, 0), np.roll(h, 1, 0)


def sequence_with_T_rows(step, params, x, h0, c0):
    c, h = np.zeros((2, len(x), params.hidden_size))
    c[-1], h[-1] = c0, h0
    for t in range(len(x)):
        *_, c[t], _, h[t] = step(params, x[t], h[t - 1], c[t - 1])
    return c, h


def sequence_from_zeros(step, params, x, h0, c0):
    return sequence(step, params, x, 0 * h0, 0 * c0)


def sequence_from_zeros_with_the_row(step, params, x, h0, c0):
    c, h = sequence(step, params, x, 0 * h0, 0 * c0)
    c[-1], h[-1] = c0, h0
    return c, h


def sequence_without_carry(step, params, x, h0, c0):
    c, h = np.zeros((2, len(x) + 1, params.hidden_size))
    c[-1], h[-1] = c0, h0
    for t in range(len(x)):
        *_, c[t], _, h[t] = step(params, x[t], h0, c0)
    return c, h


def sequence_swapped(step, params, x, h0, c0):
    return sequence(step, params, x, h0, c0)[::-1]


def sequence_swapped_start(step, params, x, h0, c0):
    return sequence(step, params, x, c0, h0)


def sequence_one_step_short(step, params, x, h0, c0):
    c, h = np.zeros((2, len(x) + 1, params.hidden_size))
    c[-1], h[-1] = c0, h0
    for t in range(len(x) - 1):
        *_, c[t], _, h[t] = step(params, x[t], h[t - 1], c[t - 1])
    return c, h


def sequence_of_h_only(step, params, x, h0, c0):
    return sequence(step, params, x, h0, c0)[1]


def sequence_by_recursion_without_end(step, params, x, h0, c0):
    return sequence_by_recursion_without_end(step, params, x, h0, c0)


# ------------------------------------------------------------------------------------------ check_loss


def loss(V, h, targets):
    total = 0.0
    for t in range(len(h)):
        scores = V @ h[t]
        scores = scores - scores.max()
        total += np.log(np.exp(scores).sum()) - scores[targets[t]]
    return total


def loss_at_once(V, h, targets):
    scores = h @ V.T
    highest = scores.max(axis=1, keepdims=True)
    logs = scores - highest - np.log(np.exp(scores - highest).sum(axis=1, keepdims=True))
    return -np.take_along_axis(logs, np.asarray(targets)[:, None], axis=1).sum()


def loss_by_logaddexp(V, h, targets):
    return sum(np.logaddexp.reduce(V @ row) - (V @ row)[target] for row, target in zip(h, targets, strict=True))


def loss_plain(V, h, targets):
    total = 0.0
    for row, target in zip(h, targets, strict=True):
        y = np.exp(V @ row)
        total -= np.log(y[target] / y.sum())
    return total


def probabilities(V, h):
    e = np.exp(h @ V.T - (h @ V.T).max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def loss_clipped(V, h, targets):
    return -np.log(np.maximum(probabilities(V, h)[np.arange(len(h)), targets], 1e-12)).sum()


# ------------------------------------------------------------------------------------------ check_bias


def bias(share, steps):
    f = share ** (1 / steps)
    return np.log(f / (1 - f))


def bias_by_bisection(share, steps):
    low, high = -50.0, 50.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if sigmoid(middle) ** steps < share else (low, middle)
    return low


def bias_by_short_bisection(share, steps):
    low, high = -20.0, 20.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if sigmoid(middle) ** steps < share else (low, middle)
    return low


def bias_by_logs(share, steps):
    """-log(1/f - 1), without losing digits where f is near 1."""
    return -np.log(np.expm1(-np.log(share) / steps))


# ------------------------------------------------------------------------------------------ check_memory


def memory(**entries):
    """A function that makes a net of one unit: for each matrix the three numbers of its columns."""

    def memory_net():
        params = lt.Params.zeros(3, 1)
        for name, numbers in entries.items():
            params[name][:] = numbers
        return params

    return memory_net


def memory_of_five_units():
    params = lt.Params.zeros(vocab_size=3, hidden_size=5)
    params.Uf += 20
    params.Ui[0] = [-20, -20, 20]
    params.Ug[0] = [0.3, -0.3, 5]
    params.Wi[0, 1:] = 1
    return params


def memory_that_counts_only_what_is_new():
    """Closes the forget gate at the bell, so that the value never exceeds 1."""
    params = lt.Params.zeros(3, 1)
    params.Uf[0], params.Ui[0], params.Ug[0] = [10, 10, -10], [-10, -10, 10], [0, 0, 10]
    return params


RIGHT = {
    "check_gate": {"plain": gate, "loops and lists": gate_by_loops, "one-hot": gate_by_one_hot},
    "check_step": {"plain": step, "stacked": step_stacked, "one array": step_in_one_array, "formulas": step_with()},
    "check_sequence": {"plain": sequence, "lists": sequence_by_lists, "shifted": sequence_shifted},
    "check_loss": {"plain": loss, "at once": loss_at_once, "logaddexp": loss_by_logaddexp},
    "check_bias": {
        "plain": bias,
        "bisection": bias_by_bisection,
        "bisection to a millionth": bias_by_short_bisection,
        "logs": bias_by_logs,
        "to four places": lambda share, steps: round(float(bias(share, steps)), 4),
    },
    "check_memory": {
        "plain": memory(Uf=[8, 8, 8], Ui=[-8, -8, 8], Ug=[0, 0, 8]),
        "five units": memory_of_five_units,
        "overwrites": memory_that_counts_only_what_is_new,
        "closed by the candidate": memory(Uf=[9, 9, 9], Ui=[0, 0, 9], Ug=[0, 0, 1]),
    },
}

WRONG = {
    "check_gate": {
        "no sigmoid": (lambda U, W, k, h: U[:, k] + W @ h, "before the sigmoid"),
        "tanh": (lambda U, W, k, h: np.tanh(U[:, k] + W @ h), "for the candidate"),
        "a row of U": (lambda U, W, k, h: sigmoid(U[k] + W @ h), "picks a column"),
        "W transposed": (lambda U, W, k, h: sigmoid(U[:, k] + h @ W), "transposed"),
        "no hidden state": (lambda U, W, k, h: sigmoid(U[:, k]), "What h_before adds is missing"),
        "no token": (lambda U, W, k, h: sigmoid(W @ h), "What the token adds is missing"),
        "sign of the exponent": (lambda U, W, k, h: 1 / (1 + np.exp(U[:, k] + W @ h)), "wrong sign"),
        "all tokens": (lambda U, W, k, h: sigmoid(U.sum(1) + W @ h), "the gate is off at unit 0"),
        "product by elements": (lambda U, W, k, h: sigmoid(U[:, k] + W * h), "array of shape (6, 6)"),
        "first answer again": (gate_that_remembers, "other sizes"),
        "writes to U": (gate_in_place, "writes to what it was given, U"),
        "single precision": (lambda *given: gate(*given).astype(np.float32), "float64"),
        "no parentheses": (lambda U, W, k, h: 1 / 1 + np.exp(-(U[:, k] + W @ h)), "put parentheses around"),
        "the library": (library_gate, "calls lt.forward, which is the library's own answer"),
        "no function": (None, "needs your function itself, got nothing"),
        "returns nothing": (lambda *given: print(end=""), "is a return missing"),
        "a number": (lambda U, W, k, h: float(gate(U, W, k, h)[0]), "is a single number"),
        "not a number": (lambda *given: gate(*given) * np.nan, "is nan at unit 0"),
        "text": (lambda *given: "0.5", "should hold real numbers"),
        "four arguments wanted": (lambda U, W, k: sigmoid(U[:, k]), "raised TypeError"),
    },
    "check_step": {
        "candidate through the sigmoid": (step_with(g=lambda v: sigmoid(v["z"]["g"])), "g needs tanh"),
        "gate through tanh": (step_with(f=lambda v: np.tanh(v["z"]["f"])), "f needs the sigmoid"),
        "gate not squashed": (step_with(o=lambda v: v["z"]["o"]), "before it is squashed"),
        "two gates alike": (step_with(i=lambda v: sigmoid(v["z"]["f"])), "These are the numbers of f"),
        "f and i in each other's place": (
            step_with(c=lambda v: v["i"] * v["c_before"] + v["f"] * v["g"]),
            "have changed places",
        ),
        "f missing": (step_with(c=lambda v: v["c_before"] + v["i"] * v["g"]), "f is missing"),
        "i missing": (step_with(c=lambda v: v["f"] * v["c_before"] + v["g"]), "i is missing"),
        "h in place of c": (step_with(c=lambda v: v["f"] * v["h_before"] + v["i"] * v["g"]), "hidden state"),
        "a minus": (step_with(c=lambda v: v["f"] * v["c_before"] - v["i"] * v["g"]), "A minus stands"),
        "1 - f for i": (step_with(c=lambda v: v["f"] * v["c_before"] + (1 - v["f"]) * v["g"]), "is 1 - f here"),
        "cell squashed": (step_with(c=lambda v: np.tanh(v["f"] * v["c_before"] + v["i"] * v["g"])), "only ct is"),
        "c shown": (step_with(h=lambda v: v["o"] * v["c"]), "The cell itself is shown"),
        "o missing": (step_with(h=lambda v: v["ct"]), "o is missing"),
        "squashed twice": (step_with(h=lambda v: v["o"] * np.tanh(v["ct"])), "squashed again"),
        "ct by the sigmoid": (step_with(ct=lambda v: sigmoid(v["c"])), "It follows from your own o and ct"),
        "matrix transposed": (
            step_with(i=lambda v: sigmoid(v["params"].Ui[:, v["token"]] + v["h_before"] @ v["params"].Wi)),
            "Wi has been transposed",
        ),
        "writes to c_before": (step_that_writes, "writes to what it was given, c_before"),
        "two results": (step_with_two_results, "should return 7 arrays"),
        "products of matrices": (step_with(c=lambda v: v["f"] @ v["c_before"] + v["i"] @ v["g"]), "a single number"),
    },
    "check_sequence": {
        "initial state in row 0": (sequence_with_the_start_in_row_0, "it belongs in the last row, and row 0 to step 0"),
        "the library": (lambda step, params, x, h0, c0: lt.forward(params, x, h0, c0).c, "the library's own answer"),
        "T rows": (sequence_with_T_rows, "the initial state needs a row more"),
        "zeros": (sequence_from_zeros, "row -1 of c is off"),
        "zeros, but the row": (sequence_from_zeros_with_the_row, "h0 and c0 are not used"),
        "no carry": (sequence_without_carry, "Every step starts from the initial state here"),
        "results swapped": (sequence_swapped, "have changed places"),
        "start swapped": (sequence_swapped_start, "have changed places"),
        "last step left out": (sequence_one_step_short, "Nothing has been written into this row"),
        "initial state first": (sequence_unturned, "step before"),
        "h only": (sequence_of_h_only, "should return 2 arrays"),
        "no end": (sequence_by_recursion_without_end, "RecursionError"),
        "an index too far": (lambda step, params, x, h0, c0: x[len(x)], "IndexError"),
    },
    "check_loss": {
        "mean": (lambda V, h, targets: loss(V, h, targets) / len(h), "This is the mean"),
        "sign": (lambda V, h, targets: -loss(V, h, targets), "The sign is wrong"),
        "base 2": (lambda V, h, targets: loss(V, h, targets) / np.log(2), "base 2"),
        "no log": (lambda V, h, t: probabilities(V, h)[np.arange(len(h)), t].sum(), "the log is missing"),
        "last step": (lambda V, h, targets: loss(V, h[-1:], targets[-1:]), "the last step alone"),
        "first step": (lambda V, h, targets: loss(V, h[:1], targets[:1]), "the first step alone"),
        "no softmax": (lambda V, h, t: -(h @ V.T)[np.arange(len(h)), t].sum(), "make them probabilities"),
        "all tokens": (lambda V, h, targets: -np.log(probabilities(V, h)).sum(), "only the target's entry counts"),
        "log of a sum": (lambda V, h, t: -np.log(probabilities(V, h)[np.arange(len(h)), t].sum()), "before the log"),
        "overflow": (loss_plain, "an exp of a large number"),
        "clipped": (loss_clipped, "very large scores"),
        "each step": (lambda V, h, targets: np.ones(len(h)), "should be a single number"),
    },
    "check_bias": {
        "f itself": (lambda share, steps: share ** (1 / steps), "This is f itself"),
        "sign": (lambda share, steps: -bias(share, steps), "The sign of b is wrong"),
        "one step": (lambda share, steps: np.log(share / (1 - share)), "is left after 20 steps"),
        "share by steps": (lambda share, steps: bias(share / steps, 1), "asked for is 0.5"),
        "power the wrong way": (lambda share, steps: bias(share**steps, 1), "asked for is 0.5"),
        "half life": (lambda share, steps: np.log(2) / steps, "asked for is 0.5"),
        "constant": (lambda share, steps: 3.345, "a quarter after one step"),
        "logarithm of f": (lambda share, steps: np.log(share) / steps, "asked for is 0.5"),
        "rounded": (lambda share, steps: round(float(bias(share, steps)), 2), "b is off"),
        "log of a negative number": (lambda share, steps: np.log(share - 1), "look for a division by 0, a log of 0"),
    },
    "check_memory": {
        "zeros": (memory(), "it should be above 0.5"),
        "no forget bias": (memory(Ui=[-8, -8, 8], Ug=[0, 0, 8]), "it should be above 0.5"),
        "input gate open always": (memory(Uf=8, Ui=8, Ug=[0.1, 0.1, 8]), "no bell rings at all"),
        "candidate for every token": (memory(Uf=8, Ug=8), "no bell rings at all"),
        "input gate for the wrong token": (memory(Uf=8, Ui=[8, -8, -8], Ug=8), "no bell rings at all"),
        "candidate negative": (memory(Uf=8, Ui=[-8, -8, 8], Ug=-8), "it should be above 0.5"),
        "forgets in 200 steps": (memory(Uf=4, Ui=[-8, -8, 8], Ug=[0, 0, 8]), "200 steps after the bell"),
        "leaks in slowly": (memory(Uf=8, Ui=[-5, -5, 8], Ug=8), "a late bell"),
        "half a gate": (memory(Uf=8, Ui=[-8, -8, 0], Ug=[0, 0, 0.5]), "it should be above 0.5"),
        "a bell that empties": (memory(Uf=[8, 8, -8], Ui=-8, Ug=[0, 0, 8]), "it should be above 0.5"),
        "two tokens": (lambda: lt.Params.zeros(2, 1), "vocab_size is 2"),
        "a matrix": (lambda: np.eye(3), "should return the net"),
        "nothing": (lambda: None, "is a return missing"),
    },
}
