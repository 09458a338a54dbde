# CS 4650 - Homework 4 - Problem 3 (LSTM backprop by hand)
# I wrote every gate out separately so I can follow it on my derivation sheet
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def backward(params, x, targets, h0=None, c0=None):
    # get all the weights
    V = params["V"]
    Wi, Wf, Wo, Wg = params["Wi"], params["Wf"], params["Wo"], params["Wg"]
    Ui, Uf, Uo, Ug = params["Ui"], params["Uf"], params["Uo"], params["Ug"]
    H = Wi.shape[0]
    T = len(x)

    # dictionaries, so that the key -1 can be the initial state
    i, f, o, g, c, h, p = {}, {}, {}, {}, {}, {}, {}
    h[-1] = np.zeros(H) if h0 is None else h0
    c[-1] = np.zeros(H) if c0 is None else c0

    # ----- forward -----
    for t in range(T):
        zi = np.dot(Wi, h[t-1]) + Ui[:, x[t]]
        zf = np.dot(Wf, h[t-1]) + Uf[:, x[t]]
        zo = np.dot(Wo, h[t-1]) + Uo[:, x[t]]
        zg = np.dot(Wg, h[t-1]) + Ug[:, x[t]]
        i[t] = sigmoid(zi)
        f[t] = sigmoid(zf)
        o[t] = sigmoid(zo)
        g[t] = np.tanh(zg)
        c[t] = f[t] * c[t-1] + i[t] * g[t]
        h[t] = o[t] * np.tanh(c[t])
        y = np.dot(V, h[t])
        y_exp = np.exp(y - np.max(y))
        p[t] = y_exp / np.sum(y_exp)

    # ----- backward -----
    dV = np.zeros(V.shape)
    dWi = np.zeros(Wi.shape)
    dWf = np.zeros(Wf.shape)
    dWo = np.zeros(Wo.shape)
    dWg = np.zeros(Wg.shape)
    dUi = np.zeros(Ui.shape)
    dUf = np.zeros(Uf.shape)
    dUo = np.zeros(Uo.shape)
    dUg = np.zeros(Ug.shape)
    dh_next = np.zeros(H)
    dc_next = np.zeros(H)

    for t in reversed(range(T)):
        h_prev = h[t-1]
        c_prev = c[t-1]

        # dL/dy for softmax + cross entropy is p - onehot (from lecture)
        dy = p[t].copy()
        dy[targets[t]] = dy[targets[t]] - 1
        dV += np.outer(dy, h[t])

        dh_from_y = np.dot(V.T, dy)
        dh = dh_from_y + dh_next

        # h = o * tanh(c)
        tanh_c = np.tanh(c[t])
        do = dh * tanh_c
        dtanh_c = dh * o[t]
        dc_from_h = dtanh_c * (1 - tanh_c**2)
        dc = dc_from_h + dc_next

        # c = f * c_prev + i * g
        df = dc * c_prev
        di = dc * g[t]
        dg = dc * i[t]

        # through the activations
        dzi = di * i[t] * (1 - i[t])
        dzf = df * f[t] * (1 - f[t])
        dzo = do * o[t] * (1 - o[t])
        dzg = dg * (1 - g[t]**2)

        # W and U of each gate
        dWi += np.outer(dzi, h_prev)
        dWf += np.outer(dzf, h_prev)
        dWo += np.outer(dzo, h_prev)
        dWg += np.outer(dzg, h_prev)
        dUi[:, x[t]] += dzi
        dUf[:, x[t]] += dzf
        dUo[:, x[t]] += dzo
        dUg[:, x[t]] += dzg

        # what goes to time t-1
        dh_i = np.dot(Wi.T, dzi)
        dh_f = np.dot(Wf.T, dzf)
        dh_o = np.dot(Wo.T, dzo)
        dh_g = np.dot(Wg.T, dzg)
        dh_next = dh_i + dh_f + dh_o + dh_g
        dc_next = dc * f[t]

    return dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg
