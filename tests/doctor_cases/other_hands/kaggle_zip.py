# simple LSTM in pure numpy, fwd + bwd   (v7, loss matches keras now!)
import numpy as np

GATES = "ifog"
sig = lambda z: 1 / (1 + np.exp(-z))
act = {k: np.tanh if k == "g" else sig for k in GATES}
dact = lambda k, a: 1 - a**2 if k == "g" else a * (1 - a)  # a = activation


def softmax(s):
    e = np.exp(s - s.max())
    return e / e.sum()


def backward(params, x, targets, h0=None, c0=None):
    P = {k: np.asarray(params[k]) for k in params.keys()}
    K, H = P["V"].shape
    eye = np.eye(K)
    h, c = [np.zeros(H) if s is None else np.asarray(s) for s in (h0, c0)]

    # one pre-activation per gate
    pre = {k: (lambda h, tok, k=k: P[f"W{k}"] @ h + P[f"U{k}"][:, tok]) for k in GATES}

    # ---- fwd: collect a tape of tuples
    tape = []
    for tok in x:
        h_old, c_old = h, c
        i, f, o, g = gates = [act[k](pre[k](h_old, tok)) for k in GATES]
        c = f * c_old + i * g
        h = o * np.tanh(c)
        tape.append((tok, h_old, c_old, gates, c, h))
    scores = [P["V"] @ h for *_, h in tape]
    errs = [softmax(s) - eye[y] for s, y in zip(scores, targets)]

    # ---- bwd
    per_step = []
    dh, dc = np.zeros(H), np.zeros(H)
    for (tok, h_old, c_old, gates, c, h), e in reversed(list(zip(tape, errs))):
        i, f, o, g = gates
        tc = np.tanh(c)
        dh = dh + P["V"].T @ e
        dc = dc + dh * o * (1 - tc**2)
        ups = dc * g, dc * c_old, dh * tc, dc * i
        dz = [u * dact(k, a) for k, u, a in zip(GATES, ups, gates)]
        step = {m + k: np.outer(d, v) for k, d in zip(GATES, dz) for m, v in (("W", h_old), ("U", eye[tok]))}
        per_step.append({"V": np.outer(e, h), **step})
        dh = sum(P[f"W{k}"].T @ d for k, d in zip(GATES, dz))
        dc = dc * f

    return {k: sum(s[k] for s in per_step) for k in P}
