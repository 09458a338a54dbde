"""
Minimal LSTM with all four gates in one weight matrix (after the well known char-rnn gists).
WLSTM has shape (4*H, H+K), rows in the order input, forget, output, candidate.
"""
import numpy as np

def sigmoid(z):
    return 1/(1+np.exp(-z))

def backward(params, x, targets, h0=None, c0=None):
    K, d = params.V.shape
    n = len(x)
    Wy = params.V
    WLSTM = np.vstack([np.hstack([params.Wi, params.Ui]),
                       np.hstack([params.Wf, params.Uf]),
                       np.hstack([params.Wo, params.Uo]),
                       np.hstack([params.Wg, params.Ug])])

    Hin = np.zeros((n, d + K))     # input of the gates: [h_prev, x_t]
    Hout = np.zeros((n, d))
    IFOG = np.zeros((n, 4*d))      # before the nonlinearities
    IFOGf = np.zeros((n, 4*d))     # after them
    C = np.zeros((n, d))
    Ct = np.zeros((n, d))
    P = np.zeros((n, K))
    if h0 is None: h0 = np.zeros(d)
    if c0 is None: c0 = np.zeros(d)

    for t in range(n):
        prevh = Hout[t-1] if t > 0 else np.asarray(h0)
        prevc = C[t-1] if t > 0 else np.asarray(c0)
        Hin[t, :d] = prevh
        Hin[t, d + x[t]] = 1
        IFOG[t] = WLSTM.dot(Hin[t])
        IFOGf[t, :3*d] = sigmoid(IFOG[t, :3*d])
        IFOGf[t, 3*d:] = np.tanh(IFOG[t, 3*d:])
        C[t] = IFOGf[t, d:2*d] * prevc + IFOGf[t, :d] * IFOGf[t, 3*d:]
        Ct[t] = np.tanh(C[t])
        Hout[t] = IFOGf[t, 2*d:3*d] * Ct[t]
        scores = Wy.dot(Hout[t])
        P[t] = np.exp(scores - np.max(scores))
        P[t] /= np.sum(P[t])

    dY = P.copy()
    dY[np.arange(n), targets] -= 1
    dWy = dY.T.dot(Hout)
    dHout = dY.dot(Wy)

    dIFOG = np.zeros_like(IFOG)
    dIFOGf = np.zeros_like(IFOGf)
    dWLSTM = np.zeros_like(WLSTM)
    dC = np.zeros_like(C)
    for t in reversed(range(n)):
        # h = o * tanh(c)
        dIFOGf[t, 2*d:3*d] = Ct[t] * dHout[t]
        dC[t] += (1 - Ct[t]**2) * (IFOGf[t, 2*d:3*d] * dHout[t])
        # c = f * c_prev + i * g
        if t > 0:
            dIFOGf[t, d:2*d] = C[t-1] * dC[t]
            dC[t-1] += IFOGf[t, d:2*d] * dC[t]
        else:
            dIFOGf[t, d:2*d] = c0 * dC[t]
        dIFOGf[t, :d] = IFOGf[t, 3*d:] * dC[t]
        dIFOGf[t, 3*d:] = IFOGf[t, :d] * dC[t]
        # through the nonlinearities
        dIFOG[t, 3*d:] = (1 - IFOGf[t, 3*d:]**2) * dIFOGf[t, 3*d:]
        y = IFOGf[t, :3*d]
        dIFOG[t, :3*d] = (y*(1.0-y)) * dIFOGf[t, :3*d]
        # matrix multiply
        dWLSTM += np.outer(dIFOG[t], Hin[t])
        dHin = WLSTM.T.dot(dIFOG[t])
        if t > 0:
            dHout[t-1] += dHin[:d]

    dWi, dWf, dWo, dWg = np.split(dWLSTM[:, :d], 4)
    dUi, dUf, dUo, dUg = np.split(dWLSTM[:, d:], 4)
    return {'V': dWy,
            'Wi': dWi, 'Wf': dWf, 'Wo': dWo, 'Wg': dWg,
            'Ui': dUi, 'Uf': dUf, 'Uo': dUo, 'Ug': dUg}
