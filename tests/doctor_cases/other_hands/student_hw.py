# NLP course, exercise sheet 5
# LSTM language model: gradients by hand (no autograd allowed!!)
import numpy as np


def backward(params, x, targets, h0=None, c0=None):
    # get all the weights
    V = params["V"]
    Wi, Wf, Wo, Wg = params["Wi"], params["Wf"], params["Wo"], params["Wg"]
    Ui, Uf, Uo, Ug = params["Ui"], params["Uf"], params["Uo"], params["Ug"]
    T = len(x)
    H = V.shape[1]

    ############ forward pass ############
    h = {}
    c = {}
    # key -1 is the initial state
    h[-1] = np.zeros(H)
    c[-1] = np.zeros(H)
    if h0 is not None:
        h[-1] = np.array(h0)
    if c0 is not None:
        c[-1] = np.array(c0)
    i = {}
    f = {}
    o = {}
    g = {}
    p = {}
    for t in range(T):
        i[t] = 1 / (1 + np.exp(-(np.dot(Wi, h[t-1]) + Ui[:, x[t]])))
        f[t] = 1 / (1 + np.exp(-(np.dot(Wf, h[t-1]) + Uf[:, x[t]])))
        o[t] = 1 / (1 + np.exp(-(np.dot(Wo, h[t-1]) + Uo[:, x[t]])))
        g[t] = np.tanh(np.dot(Wg, h[t-1]) + Ug[:, x[t]])
        c[t] = f[t] * c[t-1] + i[t] * g[t]
        h[t] = o[t] * np.tanh(c[t])
        y = np.dot(V, h[t])
        p[t] = np.exp(y) / np.sum(np.exp(y))

    ############ backward pass ############
    dV = np.zeros_like(V)
    dWi = np.zeros_like(Wi)
    dWf = np.zeros_like(Wf)
    dWo = np.zeros_like(Wo)
    dWg = np.zeros_like(Wg)
    dUi = np.zeros_like(Ui)
    dUf = np.zeros_like(Uf)
    dUo = np.zeros_like(Uo)
    dUg = np.zeros_like(Ug)
    dh_next = np.zeros(H)
    dc_next = np.zeros(H)
    for t in reversed(range(T)):
        # softmax and cross entropy together: p - onehot
        dy = p[t].copy()
        dy[targets[t]] -= 1
        dV += np.outer(dy, h[t])
        # h goes to the output and to the next time step
        dh = np.dot(V.T, dy) + dh_next
        # h = o * tanh(c)
        do = dh * np.tanh(c[t])
        dc = dh * o[t] * (1 - np.tanh(c[t]) ** 2) + dc_next
        # c = f * c_old + i * g
        di = dc * g[t]
        df = dc * c[t-1]
        dg = dc * i[t]
        dc_next = dc * f[t]
        # back through sigmoid / tanh
        di_in = di * i[t] * (1 - i[t])
        df_in = df * f[t] * (1 - f[t])
        do_in = do * o[t] * (1 - o[t])
        dg_in = dg * (1 - g[t] ** 2)
        # weights
        dWi += np.outer(di_in, h[t-1])
        dWf += np.outer(df_in, h[t-1])
        dWo += np.outer(do_in, h[t-1])
        dWg += np.outer(dg_in, h[t-1])
        # x is one hot -> only one column
        dUi[:, x[t]] += di_in
        dUf[:, x[t]] += df_in
        dUo[:, x[t]] += do_in
        dUg[:, x[t]] += dg_in
        # all 4 gates saw the old h
        dh_next = np.dot(Wi.T, di_in)
        dh_next += np.dot(Wf.T, df_in)
        dh_next += np.dot(Wo.T, do_in)
        dh_next += np.dot(Wg.T, dg_in)

    return {"dV": dV, "dWi": dWi, "dWf": dWf, "dWo": dWo, "dWg": dWg,
            "dUi": dUi, "dUf": dUf, "dUo": dUo, "dUg": dUg}
