"""Answers to exercise 1."""

import numpy as np

import lstm_teach as lt
from lstm_teach.edited import edited


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


# ------------------------------------------------------------------------------------------ check_loss


def loss(V, h, targets):
    total = 0.0
    for t in range(len(h)):
        scores = V @ h[t]
        scores = scores - scores.max()
        total += np.log(np.exp(scores).sum()) - scores[targets[t]]
    return total


def loss_edited(*pieces):
    """The loss with pieces of its text replaced."""
    return edited(loss, *pieces)


def loss_with_log2(V, h, targets, log=np.log2):
    """The log of the sum alone has another base."""
    scores = h @ V.T
    highest = scores.max(axis=1)
    return (highest + log(np.exp(scores.T - highest).sum(axis=0)) - scores[np.arange(len(h)), targets]).sum()


def softmax_loss(scores, targets, axis):
    e = np.exp(scores - scores.max(1, keepdims=True))
    return -np.log((e / e.sum(axis))[np.arange(len(e)), targets]).sum()


def loss_of_five_steps(V, h, targets):
    return sum(loss(V, [h[t]], [targets[t]]) for t in range(5))


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


def loss_without_the_sum(V, h, targets):
    """Where the target's probability is 0 it leaves out the log of the sum, which is not 0 if two scores are close."""
    scores, steps = h @ V.T, np.arange(len(h))
    y = probabilities(V, h)[steps, targets]
    return np.where(y > 0, -np.log(y), scores.max(1) - scores[steps, targets]).sum()


def loss_of_clipped_scores(V, h, targets):
    scores = np.clip(h @ V.T, -500, 500)
    return (np.log(np.exp(scores).sum(1)) - scores[np.arange(len(h)), targets]).sum()


def loss_shifted_by_token(V, h, targets):
    scores = h @ V.T
    scores -= scores.max(axis=0)
    y = np.exp(scores)
    return -np.log(y[np.arange(len(h)), targets] / y.sum(axis=1)).sum()


def log_y(V, h):
    scores = h @ V.T
    shifted = scores - scores.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


def column_minus_row(V, h, targets):
    """Shape (T, T), where (T,) is meant."""
    scores = h @ V.T
    largest = scores.max(1, keepdims=True)
    return largest + np.log(np.exp(scores - largest).sum(1)) - scores[np.arange(len(h)), targets]


def loss_in_long_double(V, h, targets):
    """Nothing is subtracted; where long double has no more digits than double, this is the plain loss."""
    scores = (h @ V.T).astype(np.longdouble)
    return float((np.log(np.exp(scores).sum(1)) - scores[np.arange(len(h)), targets]).sum())


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


# ------------------------------------------------------------------------------------------ nets made by hand


def net(**entries):
    """A function that makes a net of one unit: for each matrix the three numbers of its columns."""

    def made_by_hand():
        params = lt.Params.zeros(3, 1)
        for name, numbers in entries.items():
            params[name][:] = numbers
        return params

    return made_by_hand


def counter_with_a_row_for_the_bell():
    """Row 2 of a net with one unit."""
    params = lt.Params.zeros(vocab_size=3, hidden_size=1)
    params.Uf[2] = 12
    return params


def counter_of_five_units():
    params = lt.Params.zeros(vocab_size=3, hidden_size=5)
    params.Uf += 20
    params.Ui[0], params.Ug[0] = [-20, -20, 20], [0.3, -0.3, 20]
    params.Wi[1:, 1:] = 1
    return params


def light_of_five_units():
    params = lt.Params.zeros(vocab_size=3, hidden_size=5)
    params.Uf[0], params.Ui[0], params.Ug[0] = [9, -9, -9], [-9, -9, 9], [0.1, 0.1, 9]
    params.Wf[1:, 1:] = params.Wg[1:, 1:] = 1
    return params


def light_that_resets_to_minus_one():
    """Off is -1, not 0: both switches let something in."""
    params = lt.Params.zeros(3, 1)
    params.Uf[0], params.Ui[0], params.Ug[0] = [12, -12, -12], [-12, 12, 12], [0, -12, 12]
    return params


def light_that_reads_its_state():
    """Lets the new value in only where it is needed, with the help of Wi."""
    params = lt.Params.zeros(3, 1)
    params.Uf[0], params.Ui[0], params.Ug[0] = [15, -15, -15], [-15, -15, 15], [0, 0, 15]
    params.Uo[:], params.Wi[:] = 15, -1
    return params


RIGHT = {
    "check_gate": {
        "plain": gate,
        "loops and lists": gate_by_loops,
        "one-hot": gate_by_one_hot,
        "dot": lambda U, W, token, h_before: np.exp(-np.logaddexp(0, -(U.T[token] + np.dot(W, h_before)))),
    },
    "check_loss": {
        "plain": loss,
        "at once": loss_at_once,
        "logaddexp": loss_by_logaddexp,
        "a list, summed": lambda V, h, targets: np.sum(
            [
                np.log(np.exp(V @ row - (V @ row)[k]).sum()) if abs(V @ row).max() < 300 else loss(V, [row], [k])
                for row, k in zip(h, targets, strict=True)
            ]
        ),
    },
    "check_bias": {
        "plain": bias,
        "bisection": bias_by_bisection,
        "bisection to a millionth": bias_by_short_bisection,
        "logs": bias_by_logs,
        "to four places": lambda share, steps: round(float(bias(share, steps)), 4),
    },
    "check_counter": {
        "plain": net(Uf=12, Ui=[-12, -12, 12], Ug=[0, 0, 12]),
        "five units": counter_of_five_units,
        "the candidate alone": net(Uf=12, Ui=12, Ug=[0, 0, 12]),
        "half a candidate more": net(Uf=14, Ui=[-14, -14, 5], Ug=[0, 0, 9]),
    },
    "check_light": {
        "plain": net(Uf=[12, -12, -12], Ui=[-12, -12, 12], Ug=[0, 0, 12]),
        "five units": light_of_five_units,
        "off is minus one": light_that_resets_to_minus_one,
        "off takes 1 away": net(Uf=[12, 12, -12], Ui=[-12, 12, 12], Ug=[0, -12, 12]),
        "reads its state": light_that_reads_its_state,
        "with 8": net(Uf=[8, -8, -8], Ui=[-8, -8, 8], Ug=[0, 0, 8]),
    },
}

WRONG = {
    "check_gate": {
        "tanh of half": (lambda U, W, k, h: np.tanh((U[:, k] + W @ h) / 2), "This is tanh(z / 2)"),
        "one plus tanh": (lambda U, W, k, h: 1 + np.tanh((U[:, k] + W @ h) / 2), "This is 1 + tanh(z / 2)"),
        "tanh of the whole": (lambda U, W, k, h: (1 + np.tanh(U[:, k] + W @ h)) / 2, "the sigmoid of 2z"),
        "base 10": (lambda U, W, k, h: 1 / (1 + 10 ** -(U[:, k] + W @ h)), "The base of the power is not e"),
        "squashed twice": (lambda *given: sigmoid(gate(*given)), "through the sigmoid twice"),
        "softmax": (lambda U, W, k, h: (e := np.exp(U[:, k] + W @ h)) / e.sum(), "This is the softmax"),
        "each squashed": (lambda U, W, k, h: sigmoid(U[:, k]) + sigmoid(W @ h), "a sigmoid of its own"),
        "column before": (lambda U, W, k, h: sigmoid(U[:, k - 1] + W @ h), "This is the column before the token's"),
        "no sigmoid": (lambda U, W, k, h: U[:, k] + W @ h, "before the sigmoid"),
        "tanh": (lambda U, W, k, h: np.tanh(U[:, k] + W @ h), "for the candidate"),
        "a row of U": (lambda U, W, k, h: sigmoid(U[k] + W @ h), "the token picks a column"),
        "W transposed": (lambda U, W, k, h: sigmoid(U[:, k] + h @ W), "transposed"),
        "no hidden state": (lambda U, W, k, h: sigmoid(U[:, k]), "What h_before adds is missing"),
        "no token": (lambda U, W, k, h: sigmoid(W @ h), "What the token adds is missing"),
        "sign of the exponent": (lambda U, W, k, h: 1 / (1 + np.exp(U[:, k] + W @ h)), "wrong sign"),
        "all tokens": (lambda U, W, k, h: sigmoid(U.sum(1) + W @ h), "adds up all columns"),
        "divided by 1 - e": (lambda U, W, k, h: 1 / (1 - np.exp(-(U[:, k] + W @ h))), "divides by 1 - np.exp(-z)"),
        "terms multiplied": (lambda U, W, k, h: sigmoid(U[:, k] * W @ h), "The two terms are multiplied here"),
        "a column": (lambda U, W, k, h: sigmoid(U[:, [k]] + W @ h), "The token's part is a column here"),
        "product by elements": (lambda U, W, k, h: sigmoid(U[:, k] + W * h), "a matrix times a vector is @"),
        "first answer again": (gate_that_remembers, "other sizes"),
        "writes to U": (gate_in_place, "writes to what it was given, U"),
        "single precision": (lambda *given: gate(*given).astype(np.float32), "float64"),
        "no parentheses": (lambda U, W, k, h: 1 / 1 + np.exp(-(U[:, k] + W @ h)), "The sigmoid is 1 over all of it"),
        "the library": (library_gate, "calls lt.forward from the library"),
        "clipped": (lambda *given: np.clip(gate(*given), 0.01, 0.99), "large weights"),
        "no function": (None, "needs your function itself, got nothing"),
        "four arguments wanted": (
            lambda U, W, k: sigmoid(U[:, k]),
            "the first line should be `def gate(U, W, token, h_before):`",
        ),
    },
    "check_loss": {
        "score added": (loss_edited("- scores[targets", "+ scores[targets"), "The target's score is added to the log"),
        "score added, not shifted": (
            loss_edited("- scores[targets", "+ scores[targets", "scores - scores.max()", "scores"),
            "The target's score is added to the log",
        ),
        "entry t": (loss_edited("targets[t]", "t"), "Which entry counts is what targets[t] says"),
        "logs summed": (loss_edited("np.exp(scores).sum())", "np.exp(scores)).sum()"), "Add up the exponentials first"),
        "no log of the sum": (
            loss_edited("np.log(np.exp(scores).sum())", "np.exp(scores).sum()"),
            "has the sum itself",
        ),
        "no sum": (loss_edited("np.log(np.exp(scores).sum()) ", "0 "), "the sum of the exponentials, is missing"),
        "largest twice": (loss_edited("[targets[t]]", "[targets[t]] + (V @ h[t]).max()"), "One of the two is enough"),
        "largest subtracted again": (
            loss_edited("[targets[t]]", "[targets[t]] - 2 * (V @ h[t]).max()"),
            "is subtracted once more here",
        ),
        "log10": (lambda *given: loss(*given) / np.log(10), "The log has base 10"),
        "log10 of the sum": (lambda V, h, t: loss_with_log2(V, h, t, np.log10), "The log of the sum has base 10"),
        "mean in bits": (lambda V, h, t: loss(V, h, t) / len(h) / np.log(2), "and its log is not the natural one"),
        "target before": (lambda V, h, t: loss(V, h, np.roll(t, 1)), "the target of the step before"),
        "row after": (lambda V, h, t: loss(V, h[1:], t[:-1]), "the target of the step before"),
        "row before": (lambda V, h, t: loss(V, np.roll(h, 1, axis=0), t), "the target of the step after"),
        "target after": (lambda V, h, t: loss(V, h[:-1], t[1:]), "the target of the step after"),
        "one step too many": (
            lambda V, h, t: loss(V, h, t) + loss(V, h[-1:], t[-1:]),
            "The last step is counted twice",
        ),
        "tokens from 1": (lambda V, h, t: loss(V, h, t - 1), "Tokens are counted from 0"),
        "log2 of the sum": (loss_with_log2, "The log of the sum has base 2"),
        "minus y": (
            lambda V, h, t: -probabilities(V, h)[np.arange(len(h)), t].sum(),
            "minus the sum of the targets' probabilities",
        ),
        "mean": (lambda V, h, targets: loss(V, h, targets) / len(h), "This is the mean"),
        "sign": (lambda V, h, targets: -loss(V, h, targets), "The sign is wrong"),
        "each": (lambda V, h, t: [loss(V, h[k : k + 1], t[k : k + 1]) for k in range(len(h))], "the loss of each step"),
        "softmax of all": (lambda V, h, t: softmax_loss(h @ V.T, t, None), "The exponentials of all steps"),
        "softmax of a column": (lambda V, h, t: softmax_loss(h @ V.T, t, 0), "over the steps (axis 0)"),
        "every step at every target": (
            lambda V, h, t: -log_y(V, h)[:, t].sum(),
            "This pairs every step with every target",
        ),
        "a column meets a row": (lambda V, h, t: column_minus_row(V, h, t).sum(), "the loss times the number of steps"),
        "in long double": (loss_in_long_double, "the loss is inf"),
        "base 2": (lambda V, h, targets: loss(V, h, targets) / np.log(2), "base 2"),
        "no log": (lambda V, h, t: probabilities(V, h)[np.arange(len(h)), t].sum(), "the log is missing"),
        "five steps": (loss_of_five_steps, "A size typed in as a number fits only one net or sequence: look for 5."),
        "last step": (lambda V, h, targets: loss(V, h[-1:], targets[-1:]), "the last step alone"),
        "first step": (lambda V, h, targets: loss(V, h[:1], targets[:1]), "the first step alone"),
        "from step 1": (lambda V, h, targets: loss(V, h[1:], targets[1:]), "Step 0 is left out"),
        "to the last but one": (lambda V, h, targets: loss(V, h[:-1], targets[:-1]), "The last step is left out"),
        "no softmax": (lambda V, h, t: -(h @ V.T)[np.arange(len(h)), t].sum(), "make them probabilities"),
        "all tokens": (lambda V, h, targets: -np.log(probabilities(V, h)).sum(), "only the target's entry counts"),
        "log of a sum": (lambda V, h, t: -np.log(probabilities(V, h)[np.arange(len(h)), t].sum()), "before the log"),
        "overflow": (loss_plain, "an exp of a large number"),
        "the sum left out": (loss_without_the_sum, "very large scores"),
        "clipped": (loss_clipped, "A probability of 0 counts as 1e-12 here"),
        "a little added": (
            lambda V, h, t: -np.log(probabilities(V, h)[np.arange(len(h)), t] + 1e-8).sum(),
            "A small number was added to the probabilities, and that changes every step's loss.",
        ),
        "a little added, told by the large scores": (
            lambda V, h, t: -np.log(probabilities(V, h)[np.arange(len(h)), t] + 1e-9).sum(),
            "A probability of 0 counts as 1e-9 here",
        ),
        "very little added": (
            lambda V, h, t: -np.log(probabilities(V, h)[np.arange(len(h)), t] + 1e-12).sum(),
            "A probability of 0 counts as 1e-12 here",
        ),
        "scores clipped": (loss_of_clipped_scores, "The scores were clipped at 500"),
        "largest not added back": (
            lambda V, h, t: sum(loss(V, h[[k]], [t[k]]) - (V @ h[k]).max() for k in range(len(h))),
            "or add it back",
        ),
        "largest over the steps": (loss_shifted_by_token, "over the steps (axis 0)"),
        "each step": (lambda V, h, targets: np.ones(len(h)), "should be a single number"),
        "the library": (lambda V, h, t: lt.loss(lt.Params.zeros(6, 4), h, t), "calls lt.loss from the library"),
    },
    "check_bias": {
        "sign of the 1": (lambda share, steps: -np.log(1 / share ** (1 / steps) + 1), "look at the sign of the 1"),
        "log of f alone": (
            lambda share, steps: np.log(share) / steps / (1 - share ** (1 / steps)),
            "the log is taken of f alone",
        ),
        "quotient of logs": (
            lambda share, steps: np.log(share) / steps / np.log(1 - share ** (1 / steps)),
            "is not the log of a quotient",
        ),
        "log2": (lambda share, steps: bias(share, steps) / np.log(2), "The logarithm has base 2"),
        "a step more": (lambda share, steps: bias(share, steps + 1), "right for one step more"),
        "a step less": (lambda share, steps: bias(share, steps - 1), "right for one step less"),
        "lost evenly": (lambda share, steps: bias(1 - (1 - share) / steps, 1), "has been spread evenly"),
        "inverse of tanh": (lambda share, steps: np.arctanh(share ** (1 / steps)), "This is the inverse of tanh"),
        "half": (lambda share, steps: bias(share, steps) / 2, "This is half of b"),
        "1 - share": (lambda share, steps: bias(1 - share, steps), "The share is what is left, not what is lost"),
        "log10": (lambda share, steps: bias(share, steps) / np.log(10), "The logarithm has base 10"),
        "two decimal places": (lambda share, steps: round(float(bias(share, steps)), 2), "two decimal places"),
        "too large": (lambda share, steps: 20, "With your b, almost all is left after 2 steps"),
        "f itself": (lambda share, steps: share ** (1 / steps), "Yours is f itself"),
        "sign": (lambda share, steps: -bias(share, steps), "The sign of b is wrong"),
        "one step": (lambda share, steps: np.log(share / (1 - share)), "This b leaves that share after one step"),
        "share by steps": (lambda share, steps: bias(share / steps, 1), "Here f is share / steps"),
        "power the wrong way": (lambda share, steps: bias(share**steps, 1), "Here f is share ** steps"),
        "half life": (lambda share, steps: np.log(2) / steps, "asks for 0.3"),
        "constant": (lambda share, steps: 3.655, "0.3 after 2 steps"),
        "logarithm of f": (lambda share, steps: np.log(share) / steps, "Yours is the logarithm of f"),
        "no logarithm": (lambda share, steps: np.exp(bias(share, steps)), "This is f / (1 - f). Its logarithm is b."),
        "a time": (lambda share, steps: -steps / np.log(share), "Yours is a time"),
        "rounded": (lambda share, steps: round(float(bias(share, steps)), 3), "three decimal places"),
        "a percentage": (lambda share, steps: bias(share / 100, steps), "asks for 0.3"),
        "log of a negative number": (lambda share, steps: np.log(share - 1), "look for a division by 0, a log of 0"),
    },
    "check_counter": {
        "i left at 0.5": (net(Uf=12, Ug=[0, 0, 12]), "reads token 2: i is 0.5 and g is 1, so 0.5 comes in"),
        "token 1 counts": (net(Uf=12, Ui=[-12, 12, -12], Ug=12), "reads token 1: i is 1 and g is 1, so 1 comes in"),
        "f of 7": (net(Uf=7, Ui=[-12, -12, 12], Ug=[0, 0, 12]), "f is 0.9991, so a part of the old value is lost"),
        "zeros": (net(), "1 bell has rung so far, so it should be within 0.1 of 1"),
        "no forget bias": (net(Ui=[-12, -12, 12], Ug=[0, 0, 12]), "f is 0.5, so a part of the old value is lost"),
        "input gate open always": (net(Uf=12, Ui=12, Ug=[0.1, 0.1, 12]), "no bell in 60 steps"),
        "a candidate for every token": (net(Uf=12, Ug=12), "no bell has rung so far, so it should be within 0.1 of 0"),
        "the wrong token": (net(Uf=12, Ui=[12, -12, -12], Ug=12), "so it should be"),
        "counts down": (net(Uf=12, Ui=[-12, -12, 12], Ug=[0, 0, -12]), "the cell value is -1"),
        "forgets in 200 steps": (net(Uf=5, Ui=[-12, -12, 12], Ug=[0, 0, 12]), "f is 0.9933, so a part of the old"),
        "weights of 1": (net(Uf=1, Ui=[-1, -1, 1], Ug=[0, 0, 1]), "within 0.1 of 1"),
        "a bell that empties": (net(Uf=[12, 12, -12], Ui=[-12, -12, 12], Ug=[0, 0, 12]), "so all of the old value is"),
        "a row that is not there": (
            counter_with_a_row_for_the_bell,
            "or belong on another axis?",
        ),
        "two tokens": (lambda: lt.Params.zeros(2, 1), "vocab_size is 2"),
        "a matrix": (lambda: np.eye(3), "should return the net"),
        "not finite": (net(Uf=np.inf), "not finite"),
    },
    "check_light": {
        "zeros": (net(), "it should be above 0.5"),
        "only counts": (net(Uf=12, Ui=[-12, -12, 12], Ug=[0, 0, 12]), "token 1: f is 1, so all of the old value stays"),
        "up and down": (net(Uf=12, Ui=[-12, 12, 12], Ug=[0, -12, 12]), "five times on then off"),
        "off takes half": (net(Uf=[12, 12, -12], Ui=[-12, 12, 12], Ug=[0, -0.4, 12]), "should be at most 0.5"),
        "forgets at once": (net(Ui=[-12, -12, 12], Ug=[0, 0, 12]), "token 0: f is 0.5, so a part of the old value"),
        "forgets in 200 steps": (
            net(Uf=[5, -12, -12], Ui=[-12, -12, 12], Ug=[0, 0, 12]),
            "200 steps after it was switched on",
        ),
        "tokens swapped": (net(Uf=[12, -12, -12], Ui=[-12, 12, -12], Ug=[0, 12, 0]), "it should be above 0.5"),
        "off by the output gate": (net(Uf=12, Ui=[-12, -12, 12], Ug=[0, 0, 12], Uo=[0, -12, 12]), "at most 0.5"),
        "a candidate for token 0": (
            net(Uf=[12, -12, -12], Ui=[0, -12, 12], Ug=[1, 0, 12]),
            "the light has not been switched on yet",
        ),
        "keeps half when off": (net(Uf=[12, 0, 12], Ui=[-12, -12, 12], Ug=[0, 0, 12]), "five times on then off"),
        "two tokens": (lambda: lt.Params.zeros(2, 1), "vocab_size is 2"),
        "a matrix": (lambda: np.eye(3), "should return the net"),
    },
}
