"""BiLSTM tagger. Left-to-right and right-to-left cells, gates [f; i; c; o] with
the bias folded in as the last column, padded sentences, token cross-entropy
divided by the number of real tokens."""

import numpy as np

NX, NH, NTAG = 3, 3, 4


def sigma(a):
    return 1 / (1 + np.exp(-a))


def lstm_scan(theta, xs, keep):
    """xs: list of (B, NX), keep: list of (B, 1) in {0, 1}. State is held where keep == 0."""
    B = xs[0].shape[0]
    h, c = np.zeros((B, NH)), np.zeros((B, NH))
    hs, memo = [], []
    for x, k in zip(xs, keep):
        inp = np.hstack([x, h, np.ones((B, 1))])
        a = inp @ theta.T
        f = sigma(a[:, 0 * NH : 1 * NH])
        i = sigma(a[:, 1 * NH : 2 * NH])
        g = np.tanh(a[:, 2 * NH : 3 * NH])
        o = sigma(a[:, 3 * NH : 4 * NH])
        cn = f * c + i * g
        th = np.tanh(cn)
        memo.append((inp, c, f, i, g, o, th, k))
        h = k * (o * th) + (1 - k) * h
        c = k * cn + (1 - k) * c
        hs.append(h)
    return hs, memo


def lstm_scan_back(theta, memo, dhs):
    """dhs[t] is the loss gradient w.r.t. the t-th output in scan order."""
    dtheta = np.zeros_like(theta)
    dh = np.zeros_like(dhs[0])
    dc = np.zeros_like(dhs[0])
    for t in range(len(memo) - 1, -1, -1):
        inp, c_old, f, i, g, o, th, k = memo[t]
        dh = dh + dhs[t]
        dh_in, dh_skip = k * dh, (1 - k) * dh
        dc_in, dc_skip = k * dc, (1 - k) * dc
        dcn = dc_in + dh_in * o * (1 - th**2)
        da = np.hstack(
            [
                dcn * c_old * f * (1 - f),
                dcn * g * i * (1 - i),
                dcn * i * (1 - g**2),
                dh_in * th * o * (1 - o),
            ]
        )
        dtheta += da.T @ inp
        dh = da @ theta[:, NX : NX + NH] + dh_skip
        dc = dcn * f + dc_skip
    return dtheta


def case(T):
    B = 3
    rng = np.random.RandomState(1234 + 10 * T)
    lens = np.maximum(1, T - np.arange(B))
    X = [rng.randn(B, NX) for _ in range(T)]
    tags = rng.randint(0, NTAG, size=(T, B))
    keep = [(t < lens).astype(float)[:, None] for t in range(T)]
    n_tokens = float(lens.sum())

    params = {
        "fwd": rng.randn(4 * NH, NX + NH + 1) * 0.6,
        "bwd": rng.randn(4 * NH, NX + NH + 1) * 0.6,
        "proj": rng.randn(2 * NH, NTAG) * 0.9,
        "proj_bias": rng.randn(1, NTAG) * 0.2,
    }

    def scores(p):
        hf, mf = lstm_scan(p["fwd"], X, keep)
        hb, mb = lstm_scan(p["bwd"], X[::-1], keep[::-1])
        hb = hb[::-1]
        feats = [np.hstack([u, v]) for u, v in zip(hf, hb)]
        logits = [q @ p["proj"] + p["proj_bias"] for q in feats]
        return feats, logits, mf, mb

    def log_probs(s):
        s = s - s.max(1, keepdims=True)
        return s - np.log(np.exp(s).sum(1, keepdims=True))

    def loss(p):
        _, logits, _, _ = scores(p)
        L = 0.0
        for t in range(T):
            lp = log_probs(logits[t])[np.arange(B), tags[t]]
            L -= (lp * keep[t][:, 0]).sum()
        return L / n_tokens

    def gradient(p):
        feats, logits, mf, mb = scores(p)
        dproj = np.zeros_like(p["proj"])
        dpb = np.zeros_like(p["proj_bias"])
        dfeats = []
        for t in range(T):
            d = np.exp(log_probs(logits[t]))
            d[np.arange(B), tags[t]] -= 1
            d *= keep[t] / n_tokens
            dproj += feats[t].T @ d
            dpb += d.sum(axis=0, keepdims=True)
            dfeats.append(d @ p["proj"].T)
        dhf = [q[:, :NH] for q in dfeats]
        dhb = [q[:, NH:] for q in dfeats][::-1]
        return {
            "fwd": lstm_scan_back(p["fwd"], mf, dhf),
            "bwd": lstm_scan_back(p["bwd"], mb, dhb),
            "proj": dproj,
            "proj_bias": dpb,
        }

    return params, loss, gradient
