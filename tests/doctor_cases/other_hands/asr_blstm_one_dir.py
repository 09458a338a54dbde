"""Full-utterance LSTM backprop, in the style of our old nnet1 recipes.

There is one propagate buffer per utterance. Its column blocks are

    g | i | f | o | c | h | m       h = tanh(c),  m = o * h  (cell output)

Row 0 is the history (state carried over from the previous chunk), rows 1..T
are the frames, and row T+1 is left at zero so that the backprop loop does not
need a special case for the last frame. The diff buffer has the same layout.
"""
import numpy as np

G, I, F, O, C, H, M = range(7)
NBLOCKS = 7
GIFO = "gifo"


def block(buf, first, n=1):
    S = buf.shape[1] // NBLOCKS
    return buf[:, first * S:(first + n) * S]


def stack(params, kind):
    return np.concatenate([params[kind + k] for k in GIFO], axis=0)


def sigm(a):
    return 1.0 / (1.0 + np.exp(-a))


def diff_sigm(y, d):
    return d * y * (1.0 - y)


def diff_tanh(y, d):
    return d * (1.0 - y * y)


def propagate(w_inp, w_rec, x, h0, c0):
    T, S = len(x), w_rec.shape[1]
    buf = np.zeros((T + 2, NBLOCKS * S))
    yg, yi, yf, yo, yc, yh, ym = [block(buf, b) for b in range(NBLOCKS)]
    ygifo, yifo = block(buf, G, 4), block(buf, I, 3)
    if h0 is not None:
        ym[0] = h0
    if c0 is not None:
        yc[0] = c0
    ygifo[1:T + 1] = w_inp[:, x].T           # input part, all frames in one go
    for t in range(1, T + 1):
        ygifo[t] += w_rec @ ym[t - 1]
        yg[t] = np.tanh(yg[t])
        yifo[t] = sigm(yifo[t])
        yc[t] = yf[t] * yc[t - 1] + yi[t] * yg[t]
        yh[t] = np.tanh(yc[t])
        ym[t] = yo[t] * yh[t]
    return buf


def backward(params, x, targets, h0=None, c0=None):
    x, targets = np.asarray(x), np.asarray(targets)
    w_inp, w_rec, w_out = stack(params, "U"), stack(params, "W"), params["V"]
    T, S = len(x), w_rec.shape[1]
    buf = propagate(w_inp, w_rec, x, h0, c0)
    yg, yi, yf, yo, yc, yh, ym = [block(buf, b) for b in range(NBLOCKS)]

    # posteriors and the Xent diff
    act = ym[1:T + 1] @ w_out.T
    post = np.exp(act - act.max(axis=1, keepdims=True))
    post /= post.sum(axis=1, keepdims=True)
    out_diff = post.copy()
    out_diff[np.arange(T), targets] -= 1.0

    dbuf = np.zeros_like(buf)
    dg, di, df, do, dc, dh, dm = [block(dbuf, b) for b in range(NBLOCKS)]
    dgifo = block(dbuf, G, 4)
    dm[1:T + 1] = out_diff @ w_out
    for t in range(T, 0, -1):
        dm[t] += dgifo[t + 1] @ w_rec
        do[t] = diff_sigm(yo[t], dm[t] * yh[t])
        dh[t] = diff_tanh(yh[t], dm[t] * yo[t])
        dc[t] = dh[t] + dc[t + 1] * yf[t + 1]
        df[t] = diff_sigm(yf[t], dc[t] * yc[t - 1])
        di[t] = diff_sigm(yi[t], dc[t] * yg[t])
        dg[t] = diff_tanh(yg[t], dc[t] * yi[t])

    # accumulate corrections over the utterance
    w_rec_corr = dgifo[1:T + 1].T @ ym[0:T]
    w_inp_corr = np.zeros_like(w_inp)
    np.add.at(w_inp_corr.T, x, dgifo[1:T + 1])

    corr = {"V": out_diff.T @ ym[1:T + 1]}
    for n, k in enumerate(GIFO):
        corr["W" + k] = w_rec_corr[n * S:(n + 1) * S]
        corr["U" + k] = w_inp_corr[n * S:(n + 1) * S]
    return corr
