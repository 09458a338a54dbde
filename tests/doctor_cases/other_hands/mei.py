import numpy as np

# Keras conventions: row vectors, time is the first axis, kernels are (in, 4*units),
# gates in the order i, f, c, o.   c is "g" in the params.
KERAS_ORDER = "ifgo"


def backward(params, x, targets, h0=None, c0=None):
    x = np.asarray(x)
    kernel = np.concatenate([params["U" + k].T for k in KERAS_ORDER], axis=1)     # (vocab, 4u)
    recurrent = np.concatenate([params["W" + k].T for k in KERAS_ORDER], axis=1)  # (u, 4u)
    dense = params["V"].T                                                         # (u, vocab)
    units, vocab = dense.shape
    steps = x.shape[0]
    onehot = np.eye(vocab)

    # forward
    hs = np.zeros((steps + 1, units))
    cs = np.zeros((steps + 1, units))
    gates = np.empty((steps, 4 * units))
    if h0 is not None:
        hs[0] = h0
    if c0 is not None:
        cs[0] = c0
    i_, f_, c_, o_ = [slice(k * units, (k + 1) * units) for k in range(4)]

    xz = onehot[x] @ kernel      # all time steps at once
    for t in range(steps):
        z = xz[t] + hs[t] @ recurrent
        gates[t] = 1 / (1 + np.exp(-z))
        gates[t, c_] = np.tanh(z[c_])
        cs[t + 1] = gates[t, f_] * cs[t] + gates[t, i_] * gates[t, c_]
        hs[t + 1] = gates[t, o_] * np.tanh(cs[t + 1])

    logits = hs[1:] @ dense
    logits -= logits.max(axis=-1, keepdims=True)
    probs = np.exp(logits)
    probs /= probs.sum(axis=-1, keepdims=True)

    # backward
    dlogits = probs - onehot[targets]
    ddense = hs[1:].T @ dlogits
    dhs = dlogits @ dense.T

    # d activation / d z, for the whole sequence
    local = gates * (1 - gates)
    local[:, c_] = 1 - gates[:, c_] ** 2
    tanh_c = np.tanh(cs[1:])

    dz = np.empty_like(gates)
    dh_next = np.zeros(units)
    dc_next = np.zeros(units)
    for t in range(steps - 1, -1, -1):
        dh = dhs[t] + dh_next
        dc = dc_next + dh * gates[t, o_] * (1 - tanh_c[t] ** 2)
        dz[t, i_] = dc * gates[t, c_]
        dz[t, f_] = dc * cs[t]
        dz[t, c_] = dc * gates[t, i_]
        dz[t, o_] = dh * tanh_c[t]
        dz[t] *= local[t]
        dh_next = dz[t] @ recurrent.T
        dc_next = dc * gates[t, f_]

    drecurrent = hs[:-1].T @ dz
    dkernel = onehot[x].T @ dz

    grads = {"V": ddense.T}
    for name, dw, du in zip(KERAS_ORDER, np.split(drecurrent, 4, axis=1), np.split(dkernel, 4, axis=1)):
        grads["W" + name] = dw.T
        grads["U" + name] = du.T
    return grads
