"""LSTM gradients with the four gates stacked in one (4H, H) block, rows in the order f, i, g, o."""
import numpy as np


def sigm(a):
    return 0.5 * (np.tanh(0.5 * a) + 1)


def stack(p):
    W = np.concatenate([p["Wf"], p["Wi"], p["Wg"], p["Wo"]], axis=0)
    U = np.concatenate([p["Uf"], p["Ui"], p["Ug"], p["Uo"]], axis=0)
    return W, U


def run_cell(W, U, x, h, c):
    H = h.size
    acts, cells, hiddens = [], [c], [h]
    for tok in x:
        a = W @ h + U[:, tok]
        a[:2 * H] = sigm(a[:2 * H])
        a[2 * H:3 * H] = np.tanh(a[2 * H:3 * H])
        a[3 * H:] = sigm(a[3 * H:])
        c = a[:H] * c + a[H:2 * H] * a[2 * H:3 * H]
        h = a[3 * H:] * np.tanh(c)
        acts.append(a)
        cells.append(c)
        hiddens.append(h)
    return np.stack(acts), np.stack(cells), np.stack(hiddens)


def output_layer(V, hs, targets):
    """Gradient w.r.t. the logits for the whole sequence, (T, vocab)."""
    logits = hs @ V.T
    logits -= logits.max(axis=1, keepdims=True)
    probs = np.exp(logits)
    probs /= probs.sum(axis=1, keepdims=True)
    probs[np.arange(len(targets)), targets] -= 1.0
    return probs


def backward(params, x, targets, h0=None, c0=None):
    W, U = stack(params)
    V = params["V"]
    H = W.shape[1]
    h0 = np.zeros(H) if h0 is None else np.asarray(h0, float)
    c0 = np.zeros(H) if c0 is None else np.asarray(c0, float)

    acts, cs, hs = run_cell(W, U, x, h0, c0)
    dlogits = output_layer(V, hs[1:], targets)
    dV = dlogits.T @ hs[1:]
    dhs = dlogits @ V  # what each h gets from its own output

    dW, dU = np.zeros_like(W), np.zeros_like(U)
    dh_rec, dc_rec = np.zeros(H), np.zeros(H)
    for t in range(len(x) - 1, -1, -1):
        f, i, g, o = np.split(acts[t], 4)
        c_in, h_in = cs[t], hs[t]
        tc = np.tanh(cs[t + 1])
        dh = dhs[t] + dh_rec
        dc = dh * o * (1 - tc * tc) + dc_rec

        dz = np.empty(4 * H)
        dz[:H] = dc * c_in * f * (1 - f)
        dz[H:2 * H] = dc * g * i * (1 - i)
        dz[2 * H:3 * H] = dc * i * (1 - g * g)
        dz[3 * H:] = dh * tc * o * (1 - o)

        dW += dz[:, None] * h_in[None, :]
        dU[:, x[t]] += dz
        dh_rec = W.T @ dz
        dc_rec = f * dc

    # unstack again
    dWf, dWi, dWg, dWo = dW[:H], dW[H:2 * H], dW[2 * H:3 * H], dW[3 * H:]
    dUf, dUi, dUg, dUo = dU[:H], dU[H:2 * H], dU[2 * H:3 * H], dU[3 * H:]
    return dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg
