"""
Character-level LSTM, based on min-char-rnn.py by Andrej Karpathy (BSD License)
I replaced the vanilla RNN cell with an LSTM. No biases for now (TODO: add bf, init to 1?)
"""
import numpy as np

def sigmoid(x):
  return 1 / (1 + np.exp(-x))

def lossFun(inputs, targets, hprev, cprev, Wi, Wf, Wo, Wg, Ui, Uf, Uo, Ug, V):
  """
  inputs,targets are both list of integers.
  hprev, cprev are Hx1 arrays of initial hidden / cell state
  returns the loss, gradients on model parameters, and last hidden + cell state
  """
  vocab_size = V.shape[0]
  xs, hs, cs, ys, ps = {}, {}, {}, {}, {}
  ig, fg, og, gg = {}, {}, {}, {} # gates
  hs[-1] = np.copy(hprev)
  cs[-1] = np.copy(cprev)
  loss = 0
  # forward pass
  for t in range(len(inputs)):
    xs[t] = np.zeros((vocab_size,1)) # encode in 1-of-k representation
    xs[t][inputs[t]] = 1
    ig[t] = sigmoid(np.dot(Ui, xs[t]) + np.dot(Wi, hs[t-1])) # input gate
    fg[t] = sigmoid(np.dot(Uf, xs[t]) + np.dot(Wf, hs[t-1])) # forget gate
    og[t] = sigmoid(np.dot(Uo, xs[t]) + np.dot(Wo, hs[t-1])) # output gate
    gg[t] = np.tanh(np.dot(Ug, xs[t]) + np.dot(Wg, hs[t-1])) # candidate
    cs[t] = fg[t] * cs[t-1] + ig[t] * gg[t] # cell state
    hs[t] = og[t] * np.tanh(cs[t]) # hidden state
    ys[t] = np.dot(V, hs[t]) # unnormalized log probabilities for next chars
    ps[t] = np.exp(ys[t]) / np.sum(np.exp(ys[t])) # probabilities for next chars
    loss += -np.log(ps[t][targets[t],0]) # softmax (cross-entropy loss)
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
    # output gate
    do = dh * np.tanh(cs[t])
    dzo = do * og[t] * (1 - og[t])
    dWo += np.dot(dzo, hs[t-1].T)
    dUo += np.dot(dzo, xs[t].T)
    # cell
    dc = dh * og[t] * (1 - np.tanh(cs[t])**2) + dcnext
    # input gate
    di = dc * gg[t]
    dzi = di * ig[t] * (1 - ig[t])
    dWi += np.dot(dzi, hs[t-1].T)
    dUi += np.dot(dzi, xs[t].T)
    # forget gate
    df = dc * cs[t-1]
    dzf = df * fg[t] * (1 - fg[t])
    dWf += np.dot(dzf, hs[t-1].T)
    dUf += np.dot(dzf, xs[t].T)
    # candidate
    dg = dc * ig[t]
    dzg = dg * (1 - gg[t] * gg[t]) # backprop through tanh nonlinearity
    dWg += np.dot(dzg, hs[t-1].T)
    dUg += np.dot(dzg, xs[t].T)
    # to the previous time step
    dhnext = (np.dot(Wi.T, dzi)
              + np.dot(Wf.T, dzf)
              + np.dot(Wo.T, dzo)
              + np.dot(Wg.T, dzg))
    dcnext = dc * fg[t]
  return loss, dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg, hs[len(inputs)-1], cs[len(inputs)-1]

def backward(params, x, targets, h0=None, c0=None):
  hidden_size = params["V"].shape[1]
  hprev = np.zeros((hidden_size,1)) if h0 is None else np.reshape(h0, (hidden_size,1))
  cprev = np.zeros((hidden_size,1)) if c0 is None else np.reshape(c0, (hidden_size,1))
  weights = [params[k] for k in ("Wi", "Wf", "Wo", "Wg", "Ui", "Uf", "Uo", "Ug", "V")]
  out = lossFun(x, targets, hprev, cprev, *weights)
  return out[1:10]
