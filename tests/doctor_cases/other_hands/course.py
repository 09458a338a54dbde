import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e_x = np.exp(x - np.max(x))
    return e_x / e_x.sum(axis=0)


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    """
    Implement a single forward step of the LSTM-cell

    Arguments:
    xt -- one-hot input at timestep "t", numpy array of shape (n_x, 1)
    a_prev -- Hidden state at timestep "t-1", numpy array of shape (n_a, 1)
    c_prev -- Memory state at timestep "t-1", numpy array of shape (n_a, 1)
    """
    # Compute values for it, ft, ot, cct (the candidate), c_next, a_next
    it = sigmoid(np.dot(parameters["Wi"], a_prev) + np.dot(parameters["Ui"], xt))
    ft = sigmoid(np.dot(parameters["Wf"], a_prev) + np.dot(parameters["Uf"], xt))
    ot = sigmoid(np.dot(parameters["Wo"], a_prev) + np.dot(parameters["Uo"], xt))
    cct = np.tanh(np.dot(parameters["Wg"], a_prev) + np.dot(parameters["Ug"], xt))
    c_next = ft * c_prev + it * cct
    a_next = ot * np.tanh(c_next)

    # Compute prediction of the LSTM cell
    yt_pred = softmax(np.dot(parameters["V"], a_next))

    # store values needed for backward propagation in cache
    cache = (a_next, c_next, a_prev, c_prev, it, ft, cct, ot, xt, yt_pred)
    return a_next, c_next, cache


def lstm_forward(x, a0, c0, parameters):
    caches = []
    n_x = parameters["V"].shape[0]
    a_next, c_next = a0, c0
    for t in range(len(x)):
        xt = np.zeros((n_x, 1))
        xt[x[t], 0] = 1
        a_next, c_next, cache = lstm_cell_forward(xt, a_next, c_next, parameters)
        caches.append(cache)
    return caches


def lstm_cell_backward(da_next, dc_next, cache, parameters):
    # Retrieve information from "cache"
    (a_next, c_next, a_prev, c_prev, it, ft, cct, ot, xt, _) = cache

    # Compute gates related derivatives
    dot = da_next * np.tanh(c_next) * ot * (1 - ot)
    dc = dc_next + da_next * ot * (1 - np.square(np.tanh(c_next)))
    dcct = dc * it * (1 - np.square(cct))
    dit = dc * cct * it * (1 - it)
    dft = dc * c_prev * ft * (1 - ft)

    # Compute parameters related derivatives
    dWi, dUi = np.dot(dit, a_prev.T), np.dot(dit, xt.T)
    dWf, dUf = np.dot(dft, a_prev.T), np.dot(dft, xt.T)
    dWo, dUo = np.dot(dot, a_prev.T), np.dot(dot, xt.T)
    dWg, dUg = np.dot(dcct, a_prev.T), np.dot(dcct, xt.T)

    # Compute derivatives w.r.t previous hidden state and previous memory state
    da_prev = np.dot(parameters["Wf"].T, dft) + np.dot(parameters["Wi"].T, dit)
    da_prev += np.dot(parameters["Wg"].T, dcct)
    da_prev += np.dot(parameters["Wo"].T, dot)
    dc_prev = dc * ft

    return {"da_prev": da_prev, "dc_prev": dc_prev, "dWi": dWi, "dWf": dWf, "dWo": dWo, "dWg": dWg,
            "dUi": dUi, "dUf": dUf, "dUo": dUo, "dUg": dUg}


def lstm_backward(caches, targets, parameters):
    # initialize the gradients with the right sizes
    grads = {"d" + key: np.zeros(parameters[key].shape) for key in parameters.keys()}
    n_a = parameters["V"].shape[1]
    da_prevt = np.zeros((n_a, 1))
    dc_prevt = np.zeros((n_a, 1))

    # loop back over the whole sequence
    for t in reversed(range(len(caches))):
        a_next, yt_pred = caches[t][0], caches[t][-1]
        dy = yt_pred.copy()
        dy[targets[t], 0] -= 1
        grads["dV"] += np.dot(dy, a_next.T)
        da_next = np.dot(parameters["V"].T, dy) + da_prevt
        gradients = lstm_cell_backward(da_next, dc_prevt, caches[t], parameters)
        da_prevt = gradients["da_prev"]
        dc_prevt = gradients["dc_prev"]
        for name in ["dWi", "dWf", "dWo", "dWg", "dUi", "dUf", "dUo", "dUg"]:
            grads[name] += gradients[name]
    return grads


def backward(params, x, targets, h0=None, c0=None):
    n_a = params["V"].shape[1]
    a0 = np.zeros((n_a, 1)) if h0 is None else np.reshape(h0, (n_a, 1))
    c0 = np.zeros((n_a, 1)) if c0 is None else np.reshape(c0, (n_a, 1))
    caches = lstm_forward(x, a0, c0, params)
    return lstm_backward(caches, targets, params)
