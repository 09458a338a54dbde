import numpy as np

# Direct evaluation of the chain rule as a double sum
#     dL/dtheta = sum_t sum_{k<=t} dL_t/dz_k * dz_k/dtheta
# i.e. the error of every output step t is carried back on its own through k = t, t-1, ..., 0.
# O(T^2), only meant for checking the derivation in the notes.

sigma = lambda z: 1 / (1 + np.exp(-z))


def unroll(theta, x, h0, c0):
    """States in dicts keyed by time, time -1 = initial state."""
    i, f, o, g = {}, {}, {}, {}
    h, c, p = {-1: h0}, {-1: c0}, {}
    for t, w in enumerate(x):
        i[t] = sigma(theta["Wi"] @ h[t - 1] + theta["Ui"][:, w])
        f[t] = sigma(theta["Wf"] @ h[t - 1] + theta["Uf"][:, w])
        o[t] = sigma(theta["Wo"] @ h[t - 1] + theta["Uo"][:, w])
        g[t] = np.tanh(theta["Wg"] @ h[t - 1] + theta["Ug"][:, w])
        c[t] = f[t] * c[t - 1] + i[t] * g[t]
        h[t] = o[t] * np.tanh(c[t])
        s = np.exp(theta["V"] @ h[t])
        p[t] = s / s.sum()
    return i, f, o, g, h, c, p


def backward(theta, x, targets, h0=None, c0=None):
    H = theta["V"].shape[1]
    if h0 is None:
        h0 = np.zeros(H)
    if c0 is None:
        c0 = np.zeros(H)
    i, f, o, g, h, c, p = unroll(theta, x, h0, c0)

    grad = {name: np.zeros_like(theta[name]) for name in theta.keys()}

    for t in range(len(x)):
        # (1) error at the output of step t
        e = p[t].copy()
        e[targets[t]] -= 1
        grad["V"] += np.outer(e, h[t])

        # (2) errors of h_k and c_k caused by L_t only
        eps_h = theta["V"].T @ e
        eps_c = np.zeros(H)

        for k in range(t, -1, -1):
            # (3) cell: direct path plus what came from c_{k+1}
            th = np.tanh(c[k])
            eps_c = eps_c + eps_h * o[k] * (1 - th ** 2)

            # (4) deltas at the net inputs
            delta_o = eps_h * th * o[k] * (1 - o[k])
            delta_i = eps_c * g[k] * i[k] * (1 - i[k])
            delta_f = eps_c * c[k - 1] * f[k] * (1 - f[k])
            delta_g = eps_c * i[k] * (1 - g[k] ** 2)

            # (5) weights
            for name, delta in (("i", delta_i), ("f", delta_f), ("o", delta_o), ("g", delta_g)):
                grad["W" + name] += np.outer(delta, h[k - 1])
                grad["U" + name][:, x[k]] += delta

            # (6) one step further back
            eps_h = (theta["Wi"].T @ delta_i
                     + theta["Wf"].T @ delta_f
                     + theta["Wo"].T @ delta_o
                     + theta["Wg"].T @ delta_g)
            eps_c = eps_c * f[k]

    return grad
