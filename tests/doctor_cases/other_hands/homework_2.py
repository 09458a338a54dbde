import numpy as np

# HW 4, question 3b: BPTT for the LSTM
# The total loss is L = L_0 + L_1 + ... so dL/dW = sum of dL_k/dW.
# I do every L_k on its own and walk back from step k to step 0 (slow but easy to see that it is right)

def sigmoid(z):
    return 1/(1+np.exp(-z))

def backward(params, x, targets, h0=None, c0=None):
    V = params.V
    Wi, Wf, Wo, Wg = params.Wi, params.Wf, params.Wo, params.Wg
    Ui, Uf, Uo, Ug = params.Ui, params.Uf, params.Uo, params.Ug
    T = len(x)
    N = V.shape[1]

    # step 1: forward. last row (index -1) is the start state
    h = np.zeros((T+1, N))
    c = np.zeros((T+1, N))
    if h0 is not None:
        h[-1] = h0
    if c0 is not None:
        c[-1] = c0
    i = np.zeros((T, N))
    f = np.zeros((T, N))
    o = np.zeros((T, N))
    g = np.zeros((T, N))
    prob = []
    for t in range(T):
        i[t] = sigmoid(Wi.dot(h[t-1]) + Ui[:, x[t]])
        f[t] = sigmoid(Wf.dot(h[t-1]) + Uf[:, x[t]])
        o[t] = sigmoid(Wo.dot(h[t-1]) + Uo[:, x[t]])
        g[t] = np.tanh(Wg.dot(h[t-1]) + Ug[:, x[t]])
        c[t] = f[t]*c[t-1] + i[t]*g[t]
        h[t] = o[t]*np.tanh(c[t])
        s = V.dot(h[t])
        s = np.exp(s - max(s))
        prob.append(s/sum(s))

    # step 2: gradients, all start with 0
    dV = np.zeros(V.shape)
    dWi = np.zeros(Wi.shape)
    dWf = np.zeros(Wf.shape)
    dWo = np.zeros(Wo.shape)
    dWg = np.zeros(Wg.shape)
    dUi = np.zeros(Ui.shape)
    dUf = np.zeros(Uf.shape)
    dUo = np.zeros(Uo.shape)
    dUg = np.zeros(Ug.shape)

    for k in range(T):
        # loss at step k
        err = prob[k].copy()
        err[targets[k]] -= 1
        dV += np.outer(err, h[k])
        dh = V.T.dot(err)
        dc = np.zeros(N)
        # how did steps k, k-1, ..., 0 influence it
        for t in range(k, -1, -1):
            # h = o * tanh(c)
            do = dh*np.tanh(c[t])
            dc = dc + dh*o[t]*(1-np.tanh(c[t])**2)
            # c = f * c_old + i * g
            df = dc*c[t-1]
            di = dc*g[t]
            dg = dc*i[t]
            # before the activation functions
            dzi = di*i[t]*(1-i[t])
            dzf = df*f[t]*(1-f[t])
            dzo = do*o[t]*(1-o[t])
            dzg = dg*(1-g[t]**2)
            # weights
            dWi += np.outer(dzi, h[t-1])
            dWf += np.outer(dzf, h[t-1])
            dWo += np.outer(dzo, h[t-1])
            dWg += np.outer(dzg, h[t-1])
            dUi[:, x[t]] += dzi
            dUf[:, x[t]] += dzf
            dUo[:, x[t]] += dzo
            dUg[:, x[t]] += dzg
            # to the step before
            dh = Wi.T.dot(dzi) + Wf.T.dot(dzf) + Wo.T.dot(dzo) + Wg.T.dot(dzg)
            dc = dc*f[t]

    return dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg
