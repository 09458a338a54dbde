"""
Character-level LSTM. Based on min-char-rnn.py by Andrej Karpathy (@karpathy), BSD License
changed the vanilla RNN to an LSTM (no biases)
"""
import numpy as np

def sigmoid(x):
  return 1.0 / (1.0 + np.exp(-x))

def lossFun(params, inputs, targets, hprev, cprev):
  """
  inputs,targets are both list of integers.
  hprev, cprev are Hx1 arrays of initial hidden state / cell state
  returns the loss and the gradients on model parameters
  """
  V = params["V"]
  Wi, Wf, Wo, Wg = params["Wi"], params["Wf"], params["Wo"], params["Wg"]
  Ui, Uf, Uo, Ug = params["Ui"], params["Uf"], params["Uo"], params["Ug"]
  vocab_size = V.shape[0]
  xs, hs, cs, ps = {}, {}, {}, {}
  ig, fg, og, gg = {}, {}, {}, {} # the gates
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
    gg[t] = np.tanh(np.dot(Ug, xs[t]) + np.dot(Wg, hs[t-1])) # new memory
    cs[t] = fg[t] * cs[t-1] + ig[t] * gg[t] # cell state
    hs[t] = og[t] * np.tanh(cs[t]) # hidden state
    y = np.dot(V, hs[t]) # unnormalized log probabilities for next chars
    ps[t] = np.exp(y) / np.sum(np.exp(y)) # probabilities for next chars
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
    dog = dh * np.tanh(cs[t])
    dc = dcnext + dh * og[t] * (1 - np.tanh(cs[t])**2) # backprop through tanh
    dig = dc * gg[t]
    dfg = dc * cs[t-1]
    dgg = dc * ig[t]
    dcnext = dc * fg[t]
    # backprop through the nonlinearities
    diraw = ig[t] * (1 - ig[t]) * dig
    dfraw = fg[t] * (1 - fg[t]) * dfg
    doraw = og[t] * (1 - og[t]) * dog
    dgraw = (1 - gg[t] * gg[t]) * dgg
    dWi += np.dot(diraw, hs[t-1].T)
    dWf += np.dot(dfraw, hs[t-1].T)
    dWo += np.dot(doraw, hs[t-1].T)
    dWg += np.dot(dgraw, hs[t-1].T)
    dUi += np.dot(diraw, xs[t].T)
    dUf += np.dot(dfraw, xs[t].T)
    dUo += np.dot(doraw, xs[t].T)
    dUg += np.dot(dgraw, xs[t].T)
    dhnext = np.dot(Wi.T, diraw)
    dhnext += np.dot(Wf.T, dfraw)
    dhnext += np.dot(Wo.T, doraw)
    dhnext += np.dot(Wg.T, dgraw)
  return loss, dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg

def backward(params, x, targets, h0=None, c0=None):
  hidden_size = params["V"].shape[1]
  hprev = np.zeros((hidden_size,1)) if h0 is None else np.reshape(h0, (hidden_size,1))
  cprev = np.zeros((hidden_size,1)) if c0 is None else np.reshape(c0, (hidden_size,1))
  return lossFun(params, x, targets, hprev, cprev)[1:]
