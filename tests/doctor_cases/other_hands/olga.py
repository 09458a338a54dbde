import numpy as np

def sigmoid(x):
    return 1/(1+np.exp(-x))

def softmax(x):
    e_x = np.exp(x - np.max(x))
    return e_x / e_x.sum(axis=0)

def cell_forward(xt, a_prev, c_prev, W):
    # stack a on top of x, so that every gate has just one matrix
    concat = np.concatenate((a_prev, xt), axis=0)

    ft = sigmoid(np.dot(W["f"], concat))
    it = sigmoid(np.dot(W["i"], concat))
    cct = np.tanh(np.dot(W["c"], concat))
    c_next = ft*c_prev + it*cct
    ot = sigmoid(np.dot(W["o"], concat))
    a_next = ot*np.tanh(c_next)

    cache = (concat, c_prev, c_next, ft, it, cct, ot)
    return a_next, c_next, cache

def cell_backward(da_next, dc_next, cache, W, n_a):
    (concat, c_prev, c_next, ft, it, cct, ot) = cache

    # gates, eq. (1) - (4)
    dot = da_next*np.tanh(c_next)*ot*(1-ot)
    dcct = (dc_next*it + ot*(1-np.tanh(c_next)**2)*it*da_next)*(1-cct**2)
    dit = (dc_next*cct + ot*(1-np.tanh(c_next)**2)*cct*da_next)*it*(1-it)
    dft = (dc_next*c_prev + ot*(1-np.tanh(c_next)**2)*c_prev*da_next)*ft*(1-ft)

    # parameters
    dW = {}
    dW["f"] = np.dot(dft, concat.T)
    dW["i"] = np.dot(dit, concat.T)
    dW["c"] = np.dot(dcct, concat.T)
    dW["o"] = np.dot(dot, concat.T)

    # previous states, only the a-part of the matrices
    da_prev = np.dot(W["f"][:, :n_a].T, dft)
    da_prev = da_prev + np.dot(W["i"][:, :n_a].T, dit)
    da_prev = da_prev + np.dot(W["c"][:, :n_a].T, dcct)
    da_prev = da_prev + np.dot(W["o"][:, :n_a].T, dot)
    dc_prev = dc_next*ft + ot*(1-np.tanh(c_next)**2)*ft*da_next

    return da_prev, dc_prev, dW

def backward(params, x, targets):
    Wy = params["V"]
    n_x, n_a = Wy.shape
    T_x = len(x)
    W = {"f": np.hstack((params["Wf"], params["Uf"])),
         "i": np.hstack((params["Wi"], params["Ui"])),
         "c": np.hstack((params["Wg"], params["Ug"])),
         "o": np.hstack((params["Wo"], params["Uo"]))}

    # forward through time
    a = np.zeros((n_a, 1))
    c = np.zeros((n_a, 1))
    caches, a_list, y_list = [], [], []
    for t in range(T_x):
        xt = np.zeros((n_x, 1))
        xt[x[t]] = 1
        a, c, cache = cell_forward(xt, a, c, W)
        caches.append(cache)
        a_list.append(a)
        y_list.append(softmax(np.dot(Wy, a)))

    # back through time
    gradients = {k: np.zeros_like(W[k]) for k in W}
    dWy = np.zeros_like(Wy)
    da = np.zeros((n_a, 1))
    dc = np.zeros((n_a, 1))
    for t in reversed(range(T_x)):
        dy = y_list[t].copy()
        dy[targets[t]] -= 1
        dWy += np.dot(dy, a_list[t].T)
        da = da + np.dot(Wy.T, dy)
        da, dc, dW = cell_backward(da, dc, caches[t], W, n_a)
        for k in dW:
            gradients[k] += dW[k]

    return {"dV": dWy,
            "dWi": gradients["i"][:, :n_a], "dUi": gradients["i"][:, n_a:],
            "dWf": gradients["f"][:, :n_a], "dUf": gradients["f"][:, n_a:],
            "dWo": gradients["o"][:, :n_a], "dUo": gradients["o"][:, n_a:],
            "dWg": gradients["c"][:, :n_a], "dUg": gradients["c"][:, n_a:]}
