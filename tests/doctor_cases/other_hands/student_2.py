import numpy as np

# Homework 5, Task 2: backprop for the LSTM
def backward(params, x, targets, h0=None, c0=None):
    V = params["V"]
    Wi, Wf, Wo, Wg = params["Wi"], params["Wf"], params["Wo"], params["Wg"]
    Ui, Uf, Uo, Ug = params["Ui"], params["Uf"], params["Uo"], params["Ug"]
    T = len(x)
    H = V.shape[1]
    h = np.zeros(H)
    c = np.zeros(H)
    if h0 is not None:
        h = np.array(h0)
    if c0 is not None:
        c = np.array(c0)

    # lists to remember everything
    list_i = []
    list_f = []
    list_o = []
    list_g = []
    list_c = [c]    # list_c[t] is c BEFORE step t
    list_h = [h]    # list_h[t] is h BEFORE step t
    list_p = []

    # forward
    for t in range(T):
        tmp1 = np.dot(Wi, h) + Ui[:, x[t]]
        tmp2 = np.dot(Wf, h) + Uf[:, x[t]]
        tmp3 = np.dot(Wo, h) + Uo[:, x[t]]
        tmp4 = np.dot(Wg, h) + Ug[:, x[t]]
        i = 1 / (1 + np.exp(-tmp1))
        f = 1 / (1 + np.exp(-tmp2))
        o = 1 / (1 + np.exp(-tmp3))
        g = np.tanh(tmp4)
        c = f * c + i * g
        h = o * np.tanh(c)
        tmp5 = np.dot(V, h)
        tmp6 = np.exp(tmp5 - np.max(tmp5))
        p = tmp6 / np.sum(tmp6)
        list_i.append(i)
        list_f.append(f)
        list_o.append(o)
        list_g.append(g)
        list_c.append(c)
        list_h.append(h)
        list_p.append(p)

    # backward
    grad_of_V = np.zeros_like(V)
    grad_of_Wi = np.zeros_like(Wi)
    grad_of_Wf = np.zeros_like(Wf)
    grad_of_Wo = np.zeros_like(Wo)
    grad_of_Wg = np.zeros_like(Wg)
    grad_of_Ui = np.zeros_like(Ui)
    grad_of_Uf = np.zeros_like(Uf)
    grad_of_Uo = np.zeros_like(Uo)
    grad_of_Ug = np.zeros_like(Ug)
    grad_of_h_next = np.zeros(H)
    grad_of_c_next = np.zeros(H)
    for t in range(T - 1, -1, -1):
        # softmax and cross entropy together: p - y
        grad_of_scores = list_p[t]
        grad_of_scores[targets[t]] = grad_of_scores[targets[t]] - 1
        grad_of_V = grad_of_V + np.outer(grad_of_scores, list_h[t + 1])
        tmp7 = np.dot(V.T, grad_of_scores)
        grad_of_h = tmp7 + grad_of_h_next
        # h = o * tanh(c)
        tmp8 = np.tanh(list_c[t + 1])
        grad_of_o = grad_of_h * tmp8
        tmp9 = grad_of_h * list_o[t]
        tmp10 = 1 - tmp8 ** 2
        grad_of_c = tmp9 * tmp10 + grad_of_c_next
        # c = f * c_old + i * g
        grad_of_f = grad_of_c * list_c[t]
        grad_of_i = grad_of_c * list_g[t]
        grad_of_g = grad_of_c * list_i[t]
        grad_of_c_next = grad_of_c * list_f[t]
        # sigmoid' = s * (1 - s), tanh' = 1 - tanh^2
        grad_of_tmp1 = grad_of_i * list_i[t] * (1 - list_i[t])
        grad_of_tmp2 = grad_of_f * list_f[t] * (1 - list_f[t])
        grad_of_tmp3 = grad_of_o * list_o[t] * (1 - list_o[t])
        grad_of_tmp4 = grad_of_g * (1 - list_g[t] ** 2)
        # W's
        grad_of_Wi = grad_of_Wi + np.outer(grad_of_tmp1, list_h[t])
        grad_of_Wf = grad_of_Wf + np.outer(grad_of_tmp2, list_h[t])
        grad_of_Wo = grad_of_Wo + np.outer(grad_of_tmp3, list_h[t])
        grad_of_Wg = grad_of_Wg + np.outer(grad_of_tmp4, list_h[t])
        # U's (only the column of the token)
        grad_of_Ui[:, x[t]] = grad_of_Ui[:, x[t]] + grad_of_tmp1
        grad_of_Uf[:, x[t]] = grad_of_Uf[:, x[t]] + grad_of_tmp2
        grad_of_Uo[:, x[t]] = grad_of_Uo[:, x[t]] + grad_of_tmp3
        grad_of_Ug[:, x[t]] = grad_of_Ug[:, x[t]] + grad_of_tmp4
        # h before goes into all 4 gates
        tmp11 = np.dot(Wi.T, grad_of_tmp1)
        tmp12 = np.dot(Wf.T, grad_of_tmp2)
        tmp13 = np.dot(Wo.T, grad_of_tmp3)
        tmp14 = np.dot(Wg.T, grad_of_tmp4)
        grad_of_h_next = tmp11 + tmp12 + tmp13 + tmp14

    return {"V": grad_of_V,
            "Wi": grad_of_Wi, "Wf": grad_of_Wf, "Wo": grad_of_Wo, "Wg": grad_of_Wg,
            "Ui": grad_of_Ui, "Uf": grad_of_Uf, "Uo": grad_of_Uo, "Ug": grad_of_Ug}
