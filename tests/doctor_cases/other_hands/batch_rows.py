import numpy as np

# Keras-like layout: everything is (batch, time, features) with batch = 1, kernels are transposed,
# gate blocks in the order i | f | c | o.


def block(a, k, units):
    return a[..., k * units : (k + 1) * units]


def backward(params, x, targets):
    vocab, units = params.V.shape
    kernel = np.concatenate([params.Ui.T, params.Uf.T, params.Ug.T, params.Uo.T], axis=1)  # (vocab, 4u)
    recurrent_kernel = np.concatenate([params.Wi.T, params.Wf.T, params.Wg.T, params.Wo.T], axis=1)  # (u, 4u)
    dense = params.V.T  # (u, vocab)

    inputs = np.zeros((1, len(x), vocab))
    inputs[0, np.arange(len(x)), x] = 1.0
    labels = np.zeros((1, len(targets), vocab))
    labels[0, np.arange(len(targets)), targets] = 1.0
    batch, steps, _ = inputs.shape

    h_seq = np.zeros((batch, steps + 1, units))
    c_seq = np.zeros((batch, steps + 1, units))
    a_seq = np.zeros((batch, steps, 4 * units))
    for t in range(steps):
        a = inputs[:, t] @ kernel + h_seq[:, t] @ recurrent_kernel
        a_seq[:, t] = 1 / (1 + np.exp(-a))
        block(a_seq[:, t], 2, units)[...] = np.tanh(block(a, 2, units))
        i, f, g, o = np.split(a_seq[:, t], 4, axis=-1)
        c_seq[:, t + 1] = f * c_seq[:, t] + i * g
        h_seq[:, t + 1] = o * np.tanh(c_seq[:, t + 1])
    outputs = h_seq[:, 1:] @ dense
    outputs = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
    outputs /= outputs.sum(axis=-1, keepdims=True)

    d_outputs = outputs - labels
    d_dense = np.tensordot(h_seq[:, 1:], d_outputs, axes=([0, 1], [0, 1]))
    d_h_seq = d_outputs @ dense.T
    d_kernel = np.zeros_like(kernel)
    d_recurrent = np.zeros_like(recurrent_kernel)
    d_h = np.zeros((batch, units))
    d_c = np.zeros((batch, units))
    d_a = np.zeros((batch, 4 * units))
    for t in range(steps)[::-1]:
        i, f, g, o = np.split(a_seq[:, t], 4, axis=-1)
        tanh_c = np.tanh(c_seq[:, t + 1])
        d_h += d_h_seq[:, t]
        d_c += d_h * o * (1 - tanh_c**2)
        block(d_a, 0, units)[...] = d_c * g * i * (1 - i)
        block(d_a, 1, units)[...] = d_c * c_seq[:, t] * f * (1 - f)
        block(d_a, 2, units)[...] = d_c * i * (1 - g**2)
        block(d_a, 3, units)[...] = d_h * tanh_c * o * (1 - o)
        d_kernel += inputs[:, t].T @ d_a
        d_recurrent += h_seq[:, t].T @ d_a
        d_h = d_a @ recurrent_kernel.T
        d_c = d_c * f

    dUi, dUf, dUg, dUo = (k.T for k in np.split(d_kernel, 4, axis=1))
    dWi, dWf, dWg, dWo = (k.T for k in np.split(d_recurrent, 4, axis=1))
    return dict(V=d_dense.T, Wi=dWi, Wf=dWf, Wo=dWo, Wg=dWg, Ui=dUi, Uf=dUf, Uo=dUo, Ug=dUg)
