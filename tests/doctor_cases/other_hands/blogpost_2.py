"""Code for the blog post "Backpropagation through time, one loss term at a time".

Slow on purpose: L = L_0 + L_1 + ... + L_{T-1}, and the gradient of each L_t is computed on its own
by walking back from step t to step 0. All chain-rule factors are written as Jacobian matrices.
"""
import numpy as np

sigma = lambda z: 1.0 / (1.0 + np.exp(-z))


def softmax(s):
    e = np.exp(s - s.max())
    return e / e.sum()


def forward_pass(params, x, h0, c0):
    Wi, Wf, Wo, Wg = params["Wi"], params["Wf"], params["Wo"], params["Wg"]
    Ui, Uf, Uo, Ug = params["Ui"], params["Uf"], params["Uo"], params["Ug"]
    # dictionaries, so that h[-1] and c[-1] really mean "before the first step"
    h, c, p = {-1: h0}, {-1: c0}, {}
    i, f, o, g = {}, {}, {}, {}
    for t in range(len(x)):
        i[t] = sigma(Wi @ h[t - 1] + Ui[:, x[t]])
        f[t] = sigma(Wf @ h[t - 1] + Uf[:, x[t]])
        o[t] = sigma(Wo @ h[t - 1] + Uo[:, x[t]])
        g[t] = np.tanh(Wg @ h[t - 1] + Ug[:, x[t]])
        c[t] = f[t] * c[t - 1] + i[t] * g[t]
        h[t] = o[t] * np.tanh(c[t])
        p[t] = softmax(params["V"] @ h[t])
    return h, c, p, i, f, o, g


def backward(params, x, targets, h0=None, c0=None):
    V, Wi, Wf, Wo, Wg = (params[name] for name in ("V", "Wi", "Wf", "Wo", "Wg"))
    K, n = V.shape
    T = len(x)
    h0 = np.zeros(n) if h0 is None else h0
    c0 = np.zeros(n) if c0 is None else c0
    h, c, p, i, f, o, g = forward_pass(params, x, h0, c0)

    total = {name: np.zeros_like(params[name]) for name in params.keys()}

    for t in range(T):  # ---- the loss term L_t ----
        one_hot = np.zeros(K)
        one_hot[targets[t]] = 1.0
        dL_ds = p[t] - one_hot                                  # eq. (7)
        total["V"] += np.outer(dL_ds, h[t])                     # eq. (8)

        dL_dh = dL_ds @ V                                       # row vector dL_t/dh_t
        dL_dc = np.zeros(n)                                     # nothing comes from c_{t+1}

        for s in range(t, -1, -1):  # ---- walk back through the cells ----
            # Jacobians of the cell at step s
            dh_do = np.diag(np.tanh(c[s]))
            dh_dc = np.diag(o[s] * (1 - np.tanh(c[s]) ** 2))
            dc_di = np.diag(g[s])
            dc_df = np.diag(c[s - 1])
            dc_dg = np.diag(i[s])

            dL_dc = dL_dc + dL_dh @ dh_dc                       # eq. (11)

            # gradients at the pre-activations, eq. (12)-(15)
            a_o = dL_dh @ dh_do @ np.diag(o[s] * (1 - o[s]))
            a_i = dL_dc @ dc_di @ np.diag(i[s] * (1 - i[s]))
            a_f = dL_dc @ dc_df @ np.diag(f[s] * (1 - f[s]))
            a_g = dL_dc @ dc_dg @ np.diag(1 - g[s] ** 2)

            # contribution of step s to the gradient of L_t
            x_s = np.zeros(K)
            x_s[x[s]] = 1.0
            total["Wi"] += np.outer(a_i, h[s - 1])
            total["Wf"] += np.outer(a_f, h[s - 1])
            total["Wo"] += np.outer(a_o, h[s - 1])
            total["Wg"] += np.outer(a_g, h[s - 1])
            total["Ui"] += np.outer(a_i, x_s)
            total["Uf"] += np.outer(a_f, x_s)
            total["Uo"] += np.outer(a_o, x_s)
            total["Ug"] += np.outer(a_g, x_s)

            # one step further into the past, eq. (16) and (17)
            dL_dh = a_i @ Wi + a_f @ Wf + a_o @ Wo + a_g @ Wg
            dL_dc = dL_dc @ np.diag(f[s])

    return total
