import numpy as np

# M = [ W | U ] for the gates f, i, o (sigmoid) and g (tanh), all in one (4H, H+K) matrix,
# so that one step is M @ [h, x].


def step(M, H, hx, c):
    a = M @ hx
    s = 1 / (1 + np.exp(-a[:3 * H]))
    f, i, o = s[:H], s[H:2 * H], s[2 * H:]
    g = np.tanh(a[3 * H:])
    c_new = f * c + i * g
    return f, i, o, g, c_new


def backward(params, x, targets, h0=None, c0=None):
    K, H = params.V.shape
    M = np.hstack([
        np.concatenate([params.Wf, params.Wi, params.Wo, params.Wg], axis=0),
        np.concatenate([params.Uf, params.Ui, params.Uo, params.Ug], axis=0),
    ])
    T = len(x)
    hx = np.zeros((T + 1, H + K))       # hx[t] = [h before step t, one-hot input t]
    hx[np.arange(T), H + np.array(x)] = 1
    c = np.zeros((T + 1, H))            # c[t] is the cell before step t
    if h0 is not None:
        hx[0, :H] = h0
    if c0 is not None:
        c[0] = c0
    gates = []
    for t in range(T):
        f, i, o, g, c[t + 1] = step(M, H, hx[t], c[t])
        hx[t + 1, :H] = o * np.tanh(c[t + 1])
        gates.append((f, i, o, g))

    dM = np.zeros_like(M)
    dV = np.zeros((K, H))
    dhx = np.zeros(H + K)
    dc = np.zeros(H)
    for t in range(T - 1, -1, -1):
        f, i, o, g = gates[t]
        h = hx[t + 1, :H]
        e = np.exp(params.V @ h)
        dy = e / e.sum()
        dy[targets[t]] -= 1
        dV += dy[:, None] * h[None, :]
        dh = dy @ params.V + dhx[:H]
        tc = np.tanh(c[t + 1])
        dc += dh * o * (1 - tc * tc)
        ds = np.concatenate([dc * c[t], dc * g, dh * tc])
        s = np.concatenate([f, i, o])
        da = np.concatenate([ds * s * (1 - s), dc * i * (1 - g * g)])
        dM += np.outer(da, hx[t])
        dhx = M.T @ da
        dc *= f

    out = {"V": dV}
    for n, name in enumerate("fiog"):
        rows = dM[n * H:(n + 1) * H]
        out["W" + name] = rows[:, :H]
        out["U" + name] = rows[:, H:]
    return out
