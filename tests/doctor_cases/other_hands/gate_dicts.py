import numpy as np
from types import SimpleNamespace

GATES = ["i", "f", "o", "g"]

sigmoid = lambda a: 1 / (1 + np.exp(-a))

# activation + derivative (in terms of the activation's output) per gate
ACT = {**{k: sigmoid for k in "ifo"}, "g": np.tanh}
DACT = {"g": lambda s: 1 - s**2, **{k: (lambda s: s * (1 - s)) for k in "ifo"}}


def softmax(v):
    e = np.exp(v - np.max(v))
    return e / e.sum()


def run_forward(params, x, h0, c0):
    """returns a list of records, one per timestep"""
    H = params["V"].shape[1]
    h = np.zeros(H) if h0 is None else np.array(h0, dtype=float)
    c = np.zeros(H) if c0 is None else np.array(c0, dtype=float)
    W = {k: params[f"W{k}"] for k in GATES}
    U = {k: params[f"U{k}"] for k in GATES}
    records = []
    for token in x:
        gates = {k: ACT[k](W[k] @ h + U[k][:, token]) for k in GATES}
        rec = SimpleNamespace(token=token, h_prev=h, c_prev=c, **gates)
        c = rec.f * c + rec.i * rec.g
        h = rec.o * np.tanh(c)
        rec.h, rec.tanh_c = h, np.tanh(c)
        records.append(rec)
    return records


def output_errors(params, records, targets):
    probs = [softmax(params["V"] @ r.h) for r in records]
    onehot = np.eye(len(params["V"]))
    return [p - onehot[y] for p, y in zip(probs, targets)]


def backward(params, x, targets, h0=None, c0=None):
    records = run_forward(params, x, h0, c0)
    errors = output_errors(params, records, targets)

    # walk through time backwards, (record, error) pairs
    pairs = list(zip(records[::-1], errors[::-1]))
    grads = {name: np.zeros(np.shape(params[name])) for name in params.keys()}

    dh_next, dc_next = 0, 0
    dz_all = []
    for r, e in pairs:
        dh = params["V"].T @ e + dh_next
        dc = dh * r.o * (1 - r.tanh_c**2) + dc_next
        upstream = {
            "i": dc * r.g,
            "f": dc * r.c_prev,
            "o": dh * r.tanh_c,
            "g": dc * r.i,
        }
        dz = {k: up * DACT[k](getattr(r, k)) for k, up in upstream.items()}
        dz_all.append(dz)
        dh_next = sum(params[f"W{k}"].T @ d for k, d in dz.items())
        dc_next = dc * r.f

    # weight gradients
    for (r, e), dz in zip(pairs, dz_all):
        grads["V"] += np.outer(e, r.h)
        for k, d in dz.items():
            grads[f"W{k}"] += np.outer(d, r.h_prev)
            grads[f"U{k}"][:, r.token] += d

    return {f"d{name}": grad for name, grad in grads.items()}
