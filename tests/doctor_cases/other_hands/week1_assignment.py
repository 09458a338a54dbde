import numpy as np

# Building a recurrent neural network, step by step: the LSTM part.
# Column vectors everywhere: a_prev (n_a, 1), xt (n_x, 1).

def softmax(z):
    e = np.exp(z - np.max(z))
    return e / e.sum(axis=0)

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    Uf, Wf = parameters["Uf"], parameters["Wf"]
    Ui, Wi = parameters["Ui"], parameters["Wi"]
    Uo, Wo = parameters["Uo"], parameters["Wo"]
    Ug, Wg = parameters["Ug"], parameters["Wg"]

    ft = sigmoid(np.dot(Uf, xt) + np.dot(Wf, a_prev))
    it = sigmoid(np.dot(Ui, xt) + np.dot(Wi, a_prev))
    cct = np.tanh(np.dot(Ug, xt) + np.dot(Wg, a_prev))
    c_next = ft * c_prev + it * cct
    ot = sigmoid(np.dot(Uo, xt) + np.dot(Wo, a_prev))
    a_next = ot * np.tanh(c_next)
    yt_pred = softmax(np.dot(parameters["V"], a_next))

    cache = (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt)
    return a_next, c_next, yt_pred, cache

def lstm_forward(x, a0, c0, parameters, n_x):
    a_next, c_next = a0, c0
    caches, y_pred = [], []
    for token in x:
        xt = np.zeros((n_x, 1))
        xt[token] = 1
        a_next, c_next, yt, cache = lstm_cell_forward(xt, a_next, c_next, parameters)
        caches.append(cache)
        y_pred.append(yt)
    return y_pred, caches

def lstm_cell_backward(da_next, dc_next, cache, parameters):
    (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt) = cache

    # dc_next comes from the next cell, the other part through a_next
    dc_total = dc_next + da_next * ot * (1 - np.tanh(c_next)**2)

    # gates, before the activation
    dot = da_next * np.tanh(c_next) * ot * (1 - ot)
    dcct = dc_total * it * (1 - cct**2)
    dit = dc_total * cct * it * (1 - it)
    dft = dc_total * c_prev * ft * (1 - ft)

    # parameters of this time step
    gradients = {}
    gradients["dWf"] = np.dot(dft, a_prev.T)
    gradients["dWi"] = np.dot(dit, a_prev.T)
    gradients["dWg"] = np.dot(dcct, a_prev.T)
    gradients["dWo"] = np.dot(dot, a_prev.T)
    gradients["dUf"] = np.dot(dft, xt.T)
    gradients["dUi"] = np.dot(dit, xt.T)
    gradients["dUg"] = np.dot(dcct, xt.T)
    gradients["dUo"] = np.dot(dot, xt.T)

    # previous hidden state and previous memory state
    da_prev = (np.dot(parameters["Wf"].T, dft) + np.dot(parameters["Wi"].T, dit)
               + np.dot(parameters["Wg"].T, dcct) + np.dot(parameters["Wo"].T, dot))
    dc_prev = dc_total * ft
    return da_prev, dc_prev, gradients

def backward(params, x, targets, h0=None, c0=None):
    names = ["V", "Wi", "Wf", "Wo", "Wg", "Ui", "Uf", "Uo", "Ug"]
    parameters = {name: np.array(params[name]) for name in names}
    n_x, n_a = parameters["V"].shape

    a0 = np.zeros((n_a, 1)) if h0 is None else np.reshape(h0, (n_a, 1))
    c_init = np.zeros((n_a, 1)) if c0 is None else np.reshape(c0, (n_a, 1))
    y_pred, caches = lstm_forward(x, a0, c_init, parameters, n_x)

    grads = {"d" + name: np.zeros(parameters[name].shape) for name in names}
    da_prevt = np.zeros((n_a, 1))
    dc_prevt = np.zeros((n_a, 1))
    for t in reversed(range(len(x))):
        a_t = caches[t][0]
        dy = np.copy(y_pred[t])
        dy[targets[t], 0] -= 1
        grads["dV"] += np.dot(dy, a_t.T)
        da = np.dot(parameters["V"].T, dy) + da_prevt

        da_prevt, dc_prevt, step = lstm_cell_backward(da, dc_prevt, caches[t], parameters)
        for key in step:
            grads[key] += step[key]

    return {name: grads["d" + name] for name in names}
