"""LSTM version of the min-char-rnn lossFun (no biases). Columns are (n, 1)."""
import numpy as np


def sigmoid(a):
  return 1 / (1 + np.exp(-a))


def lossFun(inputs, targets, model):
  V, Wi, Wf, Wo, Wg, Ui, Uf, Uo, Ug = model
  vocab_size, hidden_size = V.shape
  xs, hs, cs, ps = {}, {}, {}, {}
  ig, fg, og, gg = {}, {}, {}, {}
  hs[-1] = np.zeros((hidden_size, 1))
  cs[-1] = np.zeros((hidden_size, 1))
  loss = 0
  # forward pass
  for t in range(len(inputs)):
    xs[t] = np.zeros((vocab_size, 1)) # encode in 1-of-k representation
    xs[t][inputs[t]] = 1
    ig[t] = sigmoid(np.dot(Ui, xs[t]) + np.dot(Wi, hs[t-1])) # input gate
    fg[t] = sigmoid(np.dot(Uf, xs[t]) + np.dot(Wf, hs[t-1])) # forget gate
    og[t] = sigmoid(np.dot(Uo, xs[t]) + np.dot(Wo, hs[t-1])) # output gate
    gg[t] = np.tanh(np.dot(Ug, xs[t]) + np.dot(Wg, hs[t-1])) # candidate
    cs[t] = fg[t] * cs[t-1] + ig[t] * gg[t]
    hs[t] = og[t] * np.tanh(cs[t])
    ys = np.dot(V, hs[t]) # unnormalized log probabilities for next chars
    ps[t] = np.exp(ys) / np.sum(np.exp(ys))
    loss += -np.log(ps[t][targets[t], 0])
  # backward pass: compute gradients going backwards
  dV = np.zeros_like(V)
  dWi, dWf, dWo, dWg = np.zeros_like(Wi), np.zeros_like(Wf), np.zeros_like(Wo), np.zeros_like(Wg)
  dUi, dUf, dUo, dUg = np.zeros_like(Ui), np.zeros_like(Uf), np.zeros_like(Uo), np.zeros_like(Ug)
  dhnext = np.zeros_like(hs[0])
  dcnext = np.zeros_like(cs[0])
  for t in reversed(range(len(inputs))):
    dy = np.copy(ps[t])
    dy[targets[t]] -= 1 # backprop into y
    dV += np.dot(dy, hs[t].T)
    dh = np.dot(V.T, dy) + dhnext # backprop into h
    dc = dh * og[t] * (1 - np.tanh(cs[t]) ** 2) + dcnext
    do = dh * np.tanh(cs[t])
    di = dc * gg[t]
    df = dc * cs[t-1]
    dg = dc * ig[t]
    # through the nonlinearities
    di_raw = di * ig[t] * (1 - ig[t])
    df_raw = df * fg[t] * (1 - fg[t])
    do_raw = do * og[t] * (1 - og[t])
    dg_raw = dg * (1 - gg[t] ** 2)
    dWi += np.dot(di_raw, hs[t-1].T)
    dWf += np.dot(df_raw, hs[t-1].T)
    dWo += np.dot(do_raw, hs[t-1].T)
    dWg += np.dot(dg_raw, hs[t-1].T)
    dUi += np.dot(di_raw, xs[t].T)
    dUf += np.dot(df_raw, xs[t].T)
    dUo += np.dot(do_raw, xs[t].T)
    dUg += np.dot(dg_raw, xs[t].T)
    dhnext = np.dot(Wi.T, di_raw)
    dhnext += np.dot(Wf.T, df_raw)
    dhnext += np.dot(Wo.T, do_raw)
    dhnext += np.dot(Wg.T, dg_raw)
    dcnext = fg[t] * dc
  return loss, (dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg)


def backward(params, x, targets):
  loss, grads = lossFun(x, targets, params.values())
  return grads
