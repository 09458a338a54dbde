# gradients for the little codon LSTM (one read at a time, no batching)
# every step is kept as a "record" (= row of a table), then rows -> columns
import numpy as np

GATES = ["i", "f", "o", "g"]

squash = lambda z: 1 / (1 + np.exp(-z))
ACT = dict(zip(GATES, [squash, squash, squash, np.tanh]))
# derivatives, as functions of the activated value
DACT = {
    "i": lambda a: a * (1 - a),
    "f": lambda a: a * (1 - a),
    "o": lambda a: a * (1 - a),
    "g": lambda a: 1 - a ** 2,
}


def to_columns(records):
    """list of dicts -> dict of arrays, first axis = position in the read"""
    return {col: np.array([rec[col] for rec in records]) for col in records[0]}


def scan(params, read, h, c):
    records = []
    for tok in read:
        a = {k: ACT[k](params["W" + k] @ h + params["U" + k][:, tok]) for k in GATES}
        c_new = a["f"] * c + a["i"] * a["g"]
        h_new = a["o"] * np.tanh(c_new)
        logits = params["V"] @ h_new
        p = np.exp(logits - logits.max())
        p = p / p.sum()
        records.append(dict(a, tok=tok, p=p, h=h_new, c=c_new, h_prev=h, c_prev=c))
        h, c = h_new, c_new
    return records


def backward(params, x, targets, h0=None, c0=None):
    n, H = len(x), params["V"].shape[1]
    h0, c0 = [np.zeros(H) if s is None else np.asarray(s) for s in (h0, c0)]
    df = to_columns(scan(params, x, h0, c0))

    # softmax + log loss
    err = df["p"].copy()
    err[np.arange(n), targets] -= 1
    dh_out = err @ params["V"]

    dz = {k: np.zeros((n, H)) for k in GATES}
    dh_next, dc_next = np.zeros(H), np.zeros(H)
    for pos in reversed(range(n)):
        row = {col: values[pos] for col, values in df.items()}
        tc = np.tanh(row["c"])
        dh = dh_out[pos] + dh_next
        dc = dc_next + dh * row["o"] * (1 - tc ** 2)
        da = {"i": dc * row["g"], "f": dc * row["c_prev"], "o": dh * tc, "g": dc * row["i"]}
        for k in GATES:
            dz[k][pos] = da[k] * DACT[k](row[k])
        dh_next = sum(dz[k][pos] @ params["W" + k] for k in GATES)
        dc_next = dc * row["f"]

    grads = {"V": err.T @ df["h"]}
    for k in GATES:
        grads["W" + k] = dz[k].T @ df["h_prev"]
        gu = np.zeros_like(params["U" + k])
        for tok, d in zip(df["tok"], dz[k]):  # ~ groupby("tok").sum()
            gu[:, tok] += d
        grads["U" + k] = gu
    return grads
