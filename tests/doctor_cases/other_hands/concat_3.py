import numpy as np

# All four gates live in one matrix that acts on [h, x]:
#
#          h     x
#   i   [ Wi  | Ui ]
#   f   [ Wf  | Uf ]
#   o   [ Wo  | Uo ]
#   g   [ Wg  | Ug ]


def pack(p):
    left = np.vstack([p["Wi"], p["Wf"], p["Wo"], p["Wg"]])
    right = np.vstack([p["Ui"], p["Uf"], p["Uo"], p["Ug"]])
    return np.hstack([left, right])


def unpack(dM, H):
    res = {}
    for name, block in zip("ifog", np.split(dM, 4, axis=0)):
        res["W" + name], res["U" + name] = np.split(block, [H], axis=1)
    return res


def backward(params, x, targets, h0=None, c0=None):
    M = pack(params)  # (4H, H+K)
    V = params["V"]
    K, H = V.shape
    T = len(x)

    # hs[0], cs[0] are the initial state, hs[t+1] is what step t puts out
    hs = np.zeros((T + 1, H))
    cs = np.zeros((T + 1, H))
    if h0 is not None:
        hs[0] = h0
    if c0 is not None:
        cs[0] = c0

    hx = np.zeros((T, H + K))
    act = np.zeros((T, 4 * H))
    for t in range(T):
        hx[t, :H] = hs[t]
        hx[t, H + x[t]] = 1.0
        pre = M @ hx[t]
        act[t, : 3 * H] = 1.0 / (1.0 + np.exp(-pre[: 3 * H]))
        act[t, 3 * H :] = np.tanh(pre[3 * H :])
        i, f, o, g = np.split(act[t], 4)
        cs[t + 1] = f * cs[t] + i * g
        hs[t + 1] = o * np.tanh(cs[t + 1])

    # softmax for all time steps at once
    scores = hs[1:] @ V.T
    scores -= scores.max(axis=1, keepdims=True)
    err = np.exp(scores)
    err /= err.sum(axis=1, keepdims=True)
    err[np.arange(T), targets] -= 1.0
    dV = err.T @ hs[1:]
    dh_out = err @ V

    dM = np.zeros_like(M)
    dh_rec = np.zeros(H)
    dc_rec = np.zeros(H)
    for t in range(T - 1, -1, -1):
        i, f, o, g = np.split(act[t], 4)
        tc = np.tanh(cs[t + 1])
        dh = dh_out[t] + dh_rec
        dc = dh * o * (1 - tc**2) + dc_rec
        dact = np.hstack([dc * g, dc * cs[t], dh * tc, dc * i])
        slope = np.hstack([i * (1 - i), f * (1 - f), o * (1 - o), 1 - g**2])
        dpre = dact * slope
        dM += np.outer(dpre, hx[t])
        dhx = M.T @ dpre
        dh_rec = dhx[:H]  # the rest would be the gradient of the one-hot x
        dc_rec = dc * f

    grads = unpack(dM, H)
    grads["V"] = dV
    return grads
