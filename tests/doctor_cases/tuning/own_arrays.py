import numpy as np

import lstm_teach as lt


def backprop(p, xs, ys, h0=None, c0=None):
    fw = lt.forward(p, xs, h0, c0)
    steps = len(xs)
    hidden = p.hidden_size
    # one more row than steps: row steps receives nothing
    delta_h = np.zeros((steps + 1, hidden))
    delta_c = np.zeros((steps + 1, hidden))
    delta_in = np.zeros((steps, hidden))
    delta_forget = np.zeros((steps, hidden))
    delta_out = np.zeros((steps, hidden))
    delta_cand = np.zeros((steps, hidden))
    h_prev = np.vstack([fw.h[-1:], fw.h[: steps - 1]])
    c_prev = np.vstack([fw.c[-1:], fw.c[: steps - 1]])
    score_err = np.array(fw.y)
    for s in range(steps):
        score_err[s, ys[s]] -= 1
        delta_h[s] = score_err[s] @ p.V
    for s in range(steps - 1, -1, -1):
        squashed = fw.ct[s]
        delta_c[s] += delta_h[s] * fw.o[s] * (1 - squashed * squashed)
        delta_in[s] = delta_c[s] * fw.g[s] * fw.i[s] * (1 - fw.i[s])
        delta_forget[s] = delta_c[s] * c_prev[s] * fw.f[s] * (1 - fw.f[s])
        delta_out[s] = delta_h[s] * squashed * fw.o[s] * (1 - fw.o[s])
        delta_cand[s] = delta_c[s] * fw.i[s] * (1 - fw.g[s] * fw.g[s])
        if s > 0:
            delta_c[s - 1] += delta_c[s] * fw.f[s]
            delta_h[s - 1] += delta_in[s] @ p.Wi
            delta_h[s - 1] += delta_forget[s] @ p.Wf
            delta_h[s - 1] += delta_out[s] @ p.Wo
            delta_h[s - 1] += delta_cand[s] @ p.Wg
    one_hot = np.zeros((steps, p.vocab_size))
    one_hot[np.arange(steps), xs] = 1
    grad_V = score_err.T @ fw.h[:steps]
    grad_W = [d.T @ h_prev for d in (delta_in, delta_forget, delta_out, delta_cand)]
    grad_U = [d.T @ one_hot for d in (delta_in, delta_forget, delta_out, delta_cand)]
    return [grad_V] + grad_W + grad_U
