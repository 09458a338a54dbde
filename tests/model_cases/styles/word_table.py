"""A table of words, tied to nothing; gates in a dict; a batch of sentences looped one by one; loss averaged over T."""

import numpy as np

words, dim, H = 6, 3, 4


def s(v):
    return 1.0 / (1.0 + np.exp(-v))


def one_sentence(p, toks, gold):
    T, h, c, steps, loss = len(toks), np.zeros(H), np.zeros(H), [], 0.0
    for t in range(T):
        e = p["table"][toks[t]]
        pre = {k: p["W" + k] @ e + p["R" + k] @ h + p["b" + k] for k in "ifoc"}
        i, f, o, g = s(pre["i"]), s(pre["f"]), s(pre["o"]), np.tanh(pre["c"])
        c_new = f * c + i * g
        h_new = o * np.tanh(c_new)
        score = p["S"] @ h_new
        prob = np.exp(score - score.max())
        prob /= prob.sum()
        loss -= np.log(prob[gold[t]]) / T
        steps.append((e, h, c, i, f, o, g, c_new, h_new, prob))
        h, c = h_new, c_new
    grad = {k: np.zeros_like(v) for k, v in p.items()}
    dh, dc = np.zeros(H), np.zeros(H)
    for t in reversed(range(T)):
        e, h, c, i, f, o, g, c_new, h_new, prob = steps[t]
        dscore = prob.copy()
        dscore[gold[t]] -= 1
        dscore /= T
        grad["S"] += np.outer(dscore, h_new)
        dh = dh + p["S"].T @ dscore
        dc = dc + dh * o * (1 - np.tanh(c_new) ** 2)
        d = {
            "i": dc * g * i * (1 - i),
            "f": dc * c * f * (1 - f),
            "o": dh * np.tanh(c_new) * o * (1 - o),
            "c": dc * i * (1 - g**2),
        }
        dh = np.zeros(H)
        for k in "ifoc":
            grad["W" + k] += np.outer(d[k], e)
            grad["R" + k] += np.outer(d[k], h)
            grad["b" + k] += d[k]
            grad["table"][toks[t]] += p["W" + k].T @ d[k]
            dh += p["R" + k].T @ d[k]
        dc = dc * f
    return loss, grad


def case(T):
    rng = np.random.default_rng(400 + T)
    p = {"table": rng.normal(0, 0.9, (words, dim)), "S": rng.normal(0, 0.9, (words, H))}
    for k in "ifoc":
        p["W" + k], p["R" + k] = rng.normal(0, 0.8, (H, dim)), rng.normal(0, 0.7, (H, H))
        p["b" + k] = rng.normal(0, 0.4, H)
    corpus = [(rng.integers(0, words, T), rng.integers(0, words, T)) for _ in range(2)]

    def total(q):
        loss, grads = 0.0, {k: 0 for k in q}
        for toks, gold in corpus:
            one, grad = one_sentence(q, toks, gold)
            loss += one
            for k in q:
                grads[k] = grads[k] + grad[k]
        return loss, grads

    return p, total
