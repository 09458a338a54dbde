import numpy as np


def lossFun(model, inputs, targets):
    """One big matrix over [x, h], dictionaries per step, hs[-1] is the state before the first character."""
    vocab, hidden = model.vocab_size, model.hidden_size
    WLSTM = np.vstack([np.hstack([model["U" + k], model["W" + k]]) for k in "ifog"])
    xs, hs, cs, acts, ps = {}, {}, {}, {}, {}
    hs[-1] = np.zeros((hidden, 1))
    cs[-1] = np.zeros((hidden, 1))
    for t in range(len(inputs)):
        x = np.zeros((vocab, 1))
        x[inputs[t]] = 1
        xs[t] = np.vstack([x, hs[t - 1]])
        a = WLSTM @ xs[t]
        a[: 3 * hidden] = 1 / (1 + np.exp(-a[: 3 * hidden]))
        a[3 * hidden :] = np.tanh(a[3 * hidden :])
        acts[t] = a
        cs[t] = a[hidden : 2 * hidden] * cs[t - 1] + a[:hidden] * a[3 * hidden :]
        hs[t] = a[2 * hidden : 3 * hidden] * np.tanh(cs[t])
        ps[t] = np.exp(model.V @ hs[t]) / np.sum(np.exp(model.V @ hs[t]))
    # backward pass: compute gradients going backwards
    dWLSTM, dV = np.zeros_like(WLSTM), np.zeros_like(model.V)
    dhnext, dcnext = np.zeros_like(hs[0]), np.zeros_like(cs[0])
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dV += np.dot(dy, hs[t].T)
        dh = np.dot(model.V.T, dy) + dhnext
        i, f, o, g = np.split(acts[t], 4)
        tc = np.tanh(cs[t])
        dc = (1 - tc * tc) * o * dh + dcnext
        da = np.vstack([g * dc, cs[t - 1] * dc, tc * dh, i * dc])
        da *= np.vstack([i * (1 - i), f * (1 - f), o * (1 - o), 1 - g * g])
        dWLSTM += np.dot(da, xs[t].T)
        dx = np.dot(WLSTM.T, da)
        dhnext = dx[vocab:]
        dcnext = f * dc
    dU, dW = dWLSTM[:, :vocab], dWLSTM[:, vocab:]
    return [dV, *np.split(dW, 4), *np.split(dU, 4)]
