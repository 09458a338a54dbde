"""LSTM char model, after the well known min-char-rnn gist (there: vanilla RNN, here: LSTM)."""
import numpy as np

gates = ['i', 'f', 'o', 'g']


def lossFun(inputs, targets, W, U, V, hprev, cprev):
    xs, hs, cs, ps = {}, {}, {}, {}
    act = {}
    hs[-1] = np.copy(hprev)
    cs[-1] = np.copy(cprev)
    hidden_size = hprev.shape[0]
    vocab_size = V.shape[0]
    loss = 0
    # forward pass
    for t in range(len(inputs)):
        xs[t] = np.zeros((vocab_size, 1))
        xs[t][inputs[t]] = 1
        act[t] = {}
        for k in gates:
            a = np.dot(U[k], xs[t]) + np.dot(W[k], hs[t-1])
            if k == 'g':
                act[t][k] = np.tanh(a)
            else:
                act[t][k] = 1 / (1 + np.exp(-a))
        cs[t] = act[t]['f'] * cs[t-1] + act[t]['i'] * act[t]['g']
        hs[t] = act[t]['o'] * np.tanh(cs[t])
        ys = np.dot(V, hs[t])
        ps[t] = np.exp(ys - np.max(ys)) / np.sum(np.exp(ys - np.max(ys)))
        loss += -np.log(ps[t][targets[t], 0])

    # backward pass: compute gradients going backwards
    dW = {k: np.zeros_like(W[k]) for k in gates}
    dU = {k: np.zeros_like(U[k]) for k in gates}
    dV = np.zeros_like(V)
    dhnext = np.zeros((hidden_size, 1))
    dcnext = np.zeros((hidden_size, 1))
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dV += np.dot(dy, hs[t].T)
        dh = np.dot(V.T, dy) + dhnext
        tc = np.tanh(cs[t])
        dc = dh * act[t]['o'] * (1 - tc * tc) + dcnext
        da = {}
        da['o'] = dh * tc * act[t]['o'] * (1 - act[t]['o'])
        da['i'] = dc * act[t]['g'] * act[t]['i'] * (1 - act[t]['i'])
        da['f'] = dc * cs[t-1] * act[t]['f'] * (1 - act[t]['f'])
        da['g'] = dc * act[t]['i'] * (1 - act[t]['g'] ** 2)
        dhnext = np.zeros_like(dh)
        for k in gates:
            dU[k] += np.dot(da[k], xs[t].T)
            dW[k] += np.dot(da[k], hs[t-1].T)
            dhnext += np.dot(W[k].T, da[k])
        dcnext = dc * act[t]['f']
    return loss, dW, dU, dV


def backward(params, x, targets):
    W = {k: params['W' + k] for k in gates}
    U = {k: params['U' + k] for k in gates}
    H = params.hidden_size
    loss, dW, dU, dV = lossFun(x, targets, W, U, params.V, np.zeros((H, 1)), np.zeros((H, 1)))
    grads = {'V': dV}
    for k in gates:
        grads['W' + k] = dW[k]
        grads['U' + k] = dU[k]
    return grads
