import numpy as np


def backward(params, x, targets, h0=None, c0=None):
    # LSTM gradients for one recording
    # convention everywhere: rows = units, columns = time samples

    # Step 1: get the weights and the dimensions
    V = params["V"]
    Wi, Wf, Wo, Wg = params["Wi"], params["Wf"], params["Wo"], params["Wg"]
    Ui, Uf, Uo, Ug = params["Ui"], params["Uf"], params["Uo"], params["Ug"]
    n_classes, n_units = V.shape
    n_samp = len(x)

    # Step 2: allocate memory
    # gates have one column too many, it stays 0 ("after the end of the recording")
    in_gate = np.zeros((n_units, n_samp + 1))
    fg_gate = np.zeros((n_units, n_samp + 1))
    out_gate = np.zeros((n_units, n_samp + 1))
    cand = np.zeros((n_units, n_samp + 1))
    # h and c: column 0 is the initial state, sample t is in column t+1
    h = np.zeros((n_units, n_samp + 1))
    c = np.zeros((n_units, n_samp + 1))
    if h0 is not None:
        h[:, 0] = h0
    if c0 is not None:
        c[:, 0] = c0

    # Step 3: run the network forward in time
    for t in range(n_samp):
        k = x[t]
        in_gate[:, t] = 1 / (1 + np.exp(-(Wi @ h[:, t] + Ui[:, k])))
        fg_gate[:, t] = 1 / (1 + np.exp(-(Wf @ h[:, t] + Uf[:, k])))
        out_gate[:, t] = 1 / (1 + np.exp(-(Wo @ h[:, t] + Uo[:, k])))
        cand[:, t] = np.tanh(Wg @ h[:, t] + Ug[:, k])
        c[:, t + 1] = fg_gate[:, t] * c[:, t] + in_gate[:, t] * cand[:, t]
        h[:, t + 1] = out_gate[:, t] * np.tanh(c[:, t + 1])

    # Step 4: class probabilities for all samples at once (n_classes x n_samp)
    a = V @ h[:, 1:]
    a = a - a.max(axis=0, keepdims=True)
    prob = np.exp(a) / np.exp(a).sum(axis=0, keepdims=True)

    # Step 5: output error = probability minus one-hot target
    err_y = prob.copy()
    err_y[targets, np.arange(n_samp)] -= 1
    dV = err_y @ h[:, 1:].T

    # Step 6: propagate the errors backward in time
    # err_i etc. are the errors at the inputs of the nonlinearities, err_c at the cell
    err_i = np.zeros((n_units, n_samp + 1))
    err_f = np.zeros((n_units, n_samp + 1))
    err_o = np.zeros((n_units, n_samp + 1))
    err_g = np.zeros((n_units, n_samp + 1))
    err_c = np.zeros((n_units, n_samp + 1))
    for t in range(n_samp - 1, -1, -1):
        # 6a: error at h, from the output layer and from the next sample
        err_h = V.T @ err_y[:, t]
        err_h += Wi.T @ err_i[:, t + 1] + Wf.T @ err_f[:, t + 1]
        err_h += Wo.T @ err_o[:, t + 1] + Wg.T @ err_g[:, t + 1]
        # 6b: error at the cell, from h and from the next sample
        tc = np.tanh(c[:, t + 1])
        err_c[:, t] = err_h * out_gate[:, t] * (1 - tc**2) + err_c[:, t + 1] * fg_gate[:, t + 1]
        # 6c: errors at the gates
        err_i[:, t] = err_c[:, t] * cand[:, t] * in_gate[:, t] * (1 - in_gate[:, t])
        err_f[:, t] = err_c[:, t] * c[:, t] * fg_gate[:, t] * (1 - fg_gate[:, t])
        err_o[:, t] = err_h * tc * out_gate[:, t] * (1 - out_gate[:, t])
        err_g[:, t] = err_c[:, t] * in_gate[:, t] * (1 - cand[:, t] ** 2)

    # Step 7: recurrent weights, sum over time = matrix product
    dWi = err_i[:, :n_samp] @ h[:, :n_samp].T
    dWf = err_f[:, :n_samp] @ h[:, :n_samp].T
    dWo = err_o[:, :n_samp] @ h[:, :n_samp].T
    dWg = err_g[:, :n_samp] @ h[:, :n_samp].T

    # Step 8: input weights, each sample adds to the column of its symbol
    dUi, dUf, dUo, dUg = (np.zeros((n_units, n_classes)) for _ in range(4))
    for dU, err in [(dUi, err_i), (dUf, err_f), (dUo, err_o), (dUg, err_g)]:
        np.add.at(dU.T, x, err[:, :n_samp].T)

    # Step 9: done
    return dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg
