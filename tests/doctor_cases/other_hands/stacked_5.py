import numpy as np

# Axis letters in the einsums:
#   t  time        k  gate (i, f, o, g)     v  vocabulary
#   h  unit now    j  unit one step before
I, F, O, G = range(4)


def _stack(params, letter):
    return np.stack([params[letter + name] for name in "ifog"])


def _forward(W, U, V, x, h0, c0):
    T, H = len(x), V.shape[1]
    act = np.empty((T, 4, H))
    hs = np.empty((T + 1, H))
    cs = np.empty((T + 1, H))
    hs[0], cs[0] = h0, c0
    drive = np.moveaxis(U[:, :, x], -1, 0)  # (T, 4, H)
    for t in range(T):
        z = drive[t] + np.einsum("khj,j->kh", W, hs[t])
        act[t, :G] = 1 / (1 + np.exp(-z[:G]))
        act[t, G] = np.tanh(z[G])
        cs[t + 1] = act[t, F] * cs[t] + act[t, I] * act[t, G]
        hs[t + 1] = act[t, O] * np.tanh(cs[t + 1])
    prob = np.exp(np.einsum("vh,th->tv", V, hs[1:]))
    prob /= prob.sum(axis=1, keepdims=True)
    return act, hs, cs, prob


def _slopes(act):
    """Derivative of every gate's nonlinearity, in terms of its output. (T, 4, H)"""
    s = act * (1 - act)
    s[:, G] = 1 - act[:, G] ** 2
    return s


def backward(params, x, targets, h0=None, c0=None):
    x = np.asarray(x)
    W, U, V = _stack(params, "W"), _stack(params, "U"), params["V"]
    T, (K, H) = len(x), V.shape
    h0 = np.zeros(H) if h0 is None else h0
    c0 = np.zeros(H) if c0 is None else c0
    act, hs, cs, prob = _forward(W, U, V, x, h0, c0)

    dy = prob.copy()
    dy[np.arange(T), targets] -= 1
    dh_out = np.einsum("tv,vh->th", dy, V)

    # Factors known before the sweep: i, f, g get them times dc, o times dh.
    tanh_c = np.tanh(cs[1:])
    partner = np.stack([act[:, G], cs[:-1], tanh_c, act[:, I]], axis=1)
    factor = partner * _slopes(act)

    dz = np.zeros((T, 4, H))
    dh = np.zeros(H)
    dc = np.zeros(H)
    for t in reversed(range(T)):
        dh = dh + dh_out[t]
        dc = dc + dh * act[t, O] * (1 - tanh_c[t] ** 2)
        dz[t] = dc * factor[t]
        dz[t, O] = dh * factor[t, O]
        dh = np.einsum("kh,khj->j", dz[t], W)
        dc = dc * act[t, F]

    onehot = np.eye(K)[x]
    dV = np.einsum("tv,th->vh", dy, hs[1:])
    dW = np.einsum("tkh,tj->khj", dz, hs[:-1])
    dU = np.einsum("tkh,tv->khv", dz, onehot)

    grads = {"V": dV}
    for k, name in enumerate("ifog"):
        grads["W" + name] = dW[k]
        grads["U" + name] = dU[k]
    return grads
