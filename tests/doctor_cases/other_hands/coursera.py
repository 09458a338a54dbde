import numpy as np


def lstm_cell_backward(da_next, dc_next, cache):
    """One step. The gate weights act on the stacked [a_prev; xt]; all vectors are columns (n, 1)."""
    a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters = cache
    n_a, m = a_next.shape

    # total derivative of the cell state
    dc_total = dc_next + da_next * ot * (1 - np.tanh(c_next) ** 2)

    # gate derivatives
    dot = da_next * np.tanh(c_next) * ot * (1 - ot)
    dcct = dc_total * it * (1 - cct**2)
    dit = dc_total * cct * it * (1 - it)
    dft = dc_total * c_prev * ft * (1 - ft)

    # parameter derivatives
    concat = np.concatenate((a_prev, xt), axis=0)
    dWf = np.dot(dft, concat.T)
    dWi = np.dot(dit, concat.T)
    dWc = np.dot(dcct, concat.T)
    dWo = np.dot(dot, concat.T)

    # derivatives with respect to the previous state
    dconcat = (
        np.dot(parameters["Wf"].T, dft)
        + np.dot(parameters["Wi"].T, dit)
        + np.dot(parameters["Wc"].T, dcct)
        + np.dot(parameters["Wo"].T, dot)
    )
    da_prev = dconcat[:n_a, :]
    dc_prev = dc_total * ft
    return {"da_prev": da_prev, "dc_prev": dc_prev, "dWf": dWf, "dWi": dWi, "dWc": dWc, "dWo": dWo}


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    concat = np.concatenate((a_prev, xt), axis=0)
    ft, it, ot = (1 / (1 + np.exp(-np.dot(parameters[k], concat))) for k in ("Wf", "Wi", "Wo"))
    cct = np.tanh(np.dot(parameters["Wc"], concat))
    c_next = ft * c_prev + it * cct
    a_next = ot * np.tanh(c_next)
    return a_next, c_next, (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters)


def backward(params, x, targets):
    n_y, n_a = params.V.shape
    parameters = {}
    for mine, theirs in (("Wf", "f"), ("Wi", "i"), ("Wc", "g"), ("Wo", "o")):
        parameters[mine] = np.hstack((params["W" + theirs], params["U" + theirs]))

    a, c, caches, dscores = np.zeros((n_a, 1)), np.zeros((n_a, 1)), [], []
    dWy = np.zeros((n_y, n_a))
    for token, target in zip(x, targets):
        xt = np.zeros((n_y, 1))
        xt[token] = 1
        a, c, cache = lstm_cell_forward(xt, a, c, parameters)
        yt = np.exp(np.dot(params.V, a))
        yt = yt / np.sum(yt)
        yt[target] -= 1
        dWy += np.dot(yt, a.T)
        caches.append(cache)
        dscores.append(yt)

    totals = {"d" + name: np.zeros_like(w) for name, w in parameters.items()}
    da_prevt, dc_prevt = np.zeros((n_a, 1)), np.zeros((n_a, 1))
    for t in reversed(range(len(caches))):
        da = np.dot(params.V.T, dscores[t])
        gradients = lstm_cell_backward(da + da_prevt, dc_prevt, caches[t])
        da_prevt = gradients["da_prev"]
        dc_prevt = gradients["dc_prev"]
        for name in totals:
            totals[name] += gradients[name]

    out = {"V": dWy}
    for mine, theirs in (("dWf", "f"), ("dWi", "i"), ("dWc", "g"), ("dWo", "o")):
        out["W" + theirs], out["U" + theirs] = totals[mine][:, :n_a], totals[mine][:, n_a:]
    return out
