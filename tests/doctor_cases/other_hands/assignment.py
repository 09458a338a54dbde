# Assignment 4, part 2: LSTM backprop by hand
# all activations are H x T matrices, column t = time step t

import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def softmax(x):
    ex = np.exp(x - np.max(x))
    return ex / np.sum(ex)


def forward_pass(params, x, h0, c0):
    H = len(h0)
    T = len(x)

    i = np.zeros((H, T))
    f = np.zeros((H, T))
    o = np.zeros((H, T))
    g = np.zeros((H, T))
    c = np.zeros((H, T))
    h = np.zeros((H, T))

    h_prev = h0
    c_prev = c0
    for t in range(T):
        i[:, t] = sigmoid(np.dot(params.Wi, h_prev) + params.Ui[:, x[t]])
        f[:, t] = sigmoid(np.dot(params.Wf, h_prev) + params.Uf[:, x[t]])
        o[:, t] = sigmoid(np.dot(params.Wo, h_prev) + params.Uo[:, x[t]])
        g[:, t] = np.tanh(np.dot(params.Wg, h_prev) + params.Ug[:, x[t]])
        c[:, t] = f[:, t] * c_prev + i[:, t] * g[:, t]
        h[:, t] = o[:, t] * np.tanh(c[:, t])
        h_prev = h[:, t]
        c_prev = c[:, t]

    return i, f, o, g, c, h


def backward(params, x, targets, h0=None, c0=None):
    H = params.Wi.shape[0]
    T = len(x)
    if h0 is None:
        h0 = np.zeros(H)
    if c0 is None:
        c0 = np.zeros(H)

    i, f, o, g, c, h = forward_pass(params, x, h0, c0)

    dV = np.zeros(params.V.shape)
    dWi = np.zeros((H, H))
    dWf = np.zeros((H, H))
    dWo = np.zeros((H, H))
    dWg = np.zeros((H, H))
    dUi = np.zeros(params.Ui.shape)
    dUf = np.zeros(params.Uf.shape)
    dUo = np.zeros(params.Uo.shape)
    dUg = np.zeros(params.Ug.shape)

    # nothing comes back from after the last step
    dh_next = np.zeros(H)
    dc_next = np.zeros(H)

    for t in reversed(range(T)):
        h_prev = h[:, t - 1] if t > 0 else h0
        c_prev = c[:, t - 1] if t > 0 else c0

        # softmax + cross entropy: y - onehot(target)
        dy = softmax(np.dot(params.V, h[:, t]))
        dy[targets[t]] -= 1
        dV += np.outer(dy, h[:, t])

        # h goes into the output and into the next step
        dh = np.dot(params.V.T, dy) + dh_next

        tanh_c = np.tanh(c[:, t])
        do = dh * tanh_c
        dc = dc_next + dh * o[:, t] * (1 - tanh_c ** 2)
        di = dc * g[:, t]
        df = dc * c_prev
        dg = dc * i[:, t]

        # before the sigmoid / tanh
        dai = di * i[:, t] * (1 - i[:, t])
        daf = df * f[:, t] * (1 - f[:, t])
        dao = do * o[:, t] * (1 - o[:, t])
        dag = dg * (1 - g[:, t] ** 2)

        dWi += np.outer(dai, h_prev)
        dWf += np.outer(daf, h_prev)
        dWo += np.outer(dao, h_prev)
        dWg += np.outer(dag, h_prev)
        dUi[:, x[t]] += dai
        dUf[:, x[t]] += daf
        dUo[:, x[t]] += dao
        dUg[:, x[t]] += dag

        dh_next = np.dot(params.Wi.T, dai) + np.dot(params.Wf.T, daf)
        dh_next += np.dot(params.Wo.T, dao) + np.dot(params.Wg.T, dag)
        dc_next = dc * f[:, t]

    return {"dV": dV, "dWi": dWi, "dWf": dWf, "dWo": dWo, "dWg": dWg,
            "dUi": dUi, "dUf": dUf, "dUo": dUo, "dUg": dUg}
