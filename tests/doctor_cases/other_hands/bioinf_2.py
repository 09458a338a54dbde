# LSTM gradients -- Python port of lstm_grad.R
# Same layout as our expression matrices: features in rows, time points in columns.
# The four gates are rbind()-ed, always in the order i, f, o, g.
import numpy as np


def rbind(*mats):
    return np.concatenate(mats, axis=0)


def cbind(*cols):
    return np.column_stack(cols)


def sapply(idx, FUN):
    """As in R: the result of every call becomes one column."""
    return np.column_stack([FUN(j) for j in idx])


def plogis(q):
    return 1 / (1 + np.exp(-q))


def softmax_vec(v):
    w = np.exp(v - v.max())
    return w / w.sum()


def model_matrix(labels, n_levels):
    """Indicator matrix, levels x samples (like t(model.matrix(~ 0 + labels)))."""
    return np.equal.outer(np.arange(n_levels), labels).astype(float)


def backward(params, x, targets, h0=None, c0=None):
    x = np.asarray(x)
    n_levels, n_hid = params["V"].shape
    n_time = len(x)

    W_all = rbind(params["Wi"], params["Wf"], params["Wo"], params["Wg"])  # 4H x H
    U_all = rbind(params["Ui"], params["Uf"], params["Uo"], params["Ug"])  # 4H x K
    observed = model_matrix(targets, n_levels)                             # K x T
    from_input = sapply(x, lambda lev: U_all[:, lev])                      # 4H x T

    # ---- forward: grow the matrices column by column -------------------
    # H_mat and C_mat have n_time + 1 columns, column 1 is the initial state
    H_mat = cbind(np.zeros(n_hid) if h0 is None else h0)
    C_mat = cbind(np.zeros(n_hid) if c0 is None else c0)
    A_mat = np.empty((4 * n_hid, 0))
    for j in range(n_time):                      # for (j in 1:n_time)
        pre = W_all @ H_mat[:, j] + from_input[:, j]
        act = rbind(plogis(pre[:3 * n_hid]), np.tanh(pre[3 * n_hid:]))
        gi, gf, go, gg = np.split(act, 4)
        c_new = gf * C_mat[:, j] + gi * gg
        A_mat = cbind(A_mat, act)
        C_mat = cbind(C_mat, c_new)
        H_mat = cbind(H_mat, go * np.tanh(c_new))

    # ---- things that need no loop: whole matrices (H x T) --------------
    I_mat, F_mat, O_mat, G_mat = np.split(A_mat, 4)
    H_before, H_after = H_mat[:, :-1], H_mat[:, 1:]
    C_before, C_after = C_mat[:, :-1], C_mat[:, 1:]
    th = np.tanh(C_after)

    slope_i = G_mat * I_mat * (1 - I_mat)
    slope_f = C_before * F_mat * (1 - F_mat)
    slope_o = th * O_mat * (1 - O_mat)
    slope_g = I_mat * (1 - G_mat**2)
    slope_c = O_mat * (1 - th**2)

    scores = params["V"] @ H_after
    fitted = np.apply_along_axis(softmax_vec, 0, scores)   # apply(scores, 2, softmax)
    resid = fitted - observed
    from_output = params["V"].T @ resid

    # ---- backward: for (j in n_time:1) ---------------------------------
    D_mat = np.empty((4 * n_hid, 0))
    dh_later = np.zeros(n_hid)
    dc_later = np.zeros(n_hid)
    for j in reversed(range(n_time)):
        dh = from_output[:, j] + dh_later
        dc = dh * slope_c[:, j] + dc_later
        d_col = rbind(dc * slope_i[:, j], dc * slope_f[:, j],
                      dh * slope_o[:, j], dc * slope_g[:, j])
        D_mat = cbind(d_col, D_mat)
        dh_later = W_all.T @ d_col
        dc_later = dc * F_mat[:, j]

    dV = resid @ H_after.T
    dW = D_mat @ H_before.T
    # sum the columns of each token, like t(rowsum(t(D_mat), x))
    dU = sapply(range(n_levels), lambda lev: D_mat[:, x == lev].sum(axis=1))

    dWi, dWf, dWo, dWg = np.split(dW, 4)
    dUi, dUf, dUo, dUg = np.split(dU, 4)
    return [dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg]
