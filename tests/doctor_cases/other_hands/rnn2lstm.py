# my min-char-rnn, but with LSTM cell instead of the tanh. column vectors (n,1) everywhere as before
# no biases for now. the backward is recursive: bptt(t, ...) does step t and calls itself for t-1
import numpy as np

def sigm(a):
  return 1/(1 + np.exp(-a))

def add(A, B):
  return [a + b for a, b in zip(A, B)]

def backward(model, inputs, targets):
  V = model['V']
  Wi, Wf, Wo, Wg = model['Wi'], model['Wf'], model['Wo'], model['Wg'] # hidden to gates (was: Whh)
  Ui, Uf, Uo, Ug = model['Ui'], model['Uf'], model['Uo'], model['Ug'] # input to gates (was: Wxh)
  vocab_size, hidden_size = V.shape
  n = len(inputs)
  xs, hs, cs, ps, gates = {}, {}, {}, {}, {}
  hs[-1] = np.zeros((hidden_size,1))
  cs[-1] = np.zeros((hidden_size,1))

  # forward pass
  for t in range(n):
    xs[t] = np.zeros((vocab_size,1)) # encode in 1-of-k representation
    xs[t][inputs[t]] = 1
    i = sigm(Ui @ xs[t] + Wi @ hs[t-1])
    f = sigm(Uf @ xs[t] + Wf @ hs[t-1])
    o = sigm(Uo @ xs[t] + Wo @ hs[t-1])
    g = np.tanh(Ug @ xs[t] + Wg @ hs[t-1])
    gates[t] = i, f, o, g
    cs[t] = f*cs[t-1] + i*g
    hs[t] = o*np.tanh(cs[t])
    y = V @ hs[t] # unnormalized log probabilities for next chars
    ps[t] = np.exp(y - np.max(y))/np.sum(np.exp(y - np.max(y)))

  # backward pass: gradients of steps 0..t, given dh and dc that come from step t+1
  def bptt(t, dhnext, dcnext):
    if t < 0:
      return [np.zeros_like(m) for m in (V, Wi, Wf, Wo, Wg, Ui, Uf, Uo, Ug)]
    i, f, o, g = gates[t]
    dy = np.copy(ps[t])
    dy[targets[t]] -= 1 # backprop into y
    dh = V.T @ dy + dhnext # backprop into h
    tc = np.tanh(cs[t])
    dc = dh*o*(1 - tc*tc) + dcnext # backprop into c, through the tanh
    di = dc*g*i*(1 - i)
    df = dc*cs[t-1]*f*(1 - f)
    do = dh*tc*o*(1 - o)
    dg = dc*i*(1 - g*g)
    here = [dy @ hs[t].T]
    here += [d @ hs[t-1].T for d in (di, df, do, dg)]
    here += [d @ xs[t].T for d in (di, df, do, dg)]
    dhprev = Wi.T @ di + Wf.T @ df + Wo.T @ do + Wg.T @ dg
    return add(here, bptt(t-1, dhprev, dc*f))

  zero = np.zeros((hidden_size,1))
  return bptt(n-1, zero, zero)
