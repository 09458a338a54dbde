import numpy as np


def hard_copy(params):
    """Keras layout: row vectors times kernel, gates in the order i, f, c, o."""
    kernel = np.concatenate([params.Ui.T, params.Uf.T, params.Ug.T, params.Uo.T], axis=1)
    recurrent_kernel = np.concatenate([params.Wi.T, params.Wf.T, params.Wg.T, params.Wo.T], axis=1)
    return kernel, recurrent_kernel, params.V.T


def backward(params, x, targets):
    kernel, recurrent_kernel, dense_kernel = hard_copy(params)
    units = params.hidden_size
    timesteps = len(x)
    inputs = np.eye(params.vocab_size)[np.asarray(x)]
    y_true = np.eye(params.vocab_size)[np.asarray(targets)]

    # call()
    states_h = np.zeros((timesteps + 1, units))     # states_h[k] is the state before step k
    states_c = np.zeros((timesteps + 1, units))
    acts = []
    for k in range(timesteps):
        z = inputs[k] @ kernel + states_h[k] @ recurrent_kernel
        z_i, z_f, z_c, z_o = z[:units], z[units:2 * units], z[2 * units:3 * units], z[3 * units:]
        i = 1 / (1 + np.exp(-z_i))
        f = 1 / (1 + np.exp(-z_f))
        c_tilde = np.tanh(z_c)
        o = 1 / (1 + np.exp(-z_o))
        states_c[k + 1] = f * states_c[k] + i * c_tilde
        states_h[k + 1] = o * np.tanh(states_c[k + 1])
        acts.append((i, f, c_tilde, o))
    logits = states_h[1:] @ dense_kernel
    y_pred = np.exp(logits - logits.max(axis=1, keepdims=True))
    y_pred /= y_pred.sum(axis=1, keepdims=True)

    # gradients
    d_logits = y_pred - y_true
    d_dense_kernel = states_h[1:].T @ d_logits
    d_outputs = d_logits @ dense_kernel.T
    d_kernel = np.zeros_like(kernel)
    d_recurrent_kernel = np.zeros_like(recurrent_kernel)
    d_state_h = np.zeros(units)
    d_state_c = np.zeros(units)
    for k in range(timesteps - 1, -1, -1):
        i, f, c_tilde, o = acts[k]
        d_h = d_outputs[k] + d_state_h
        tanh_c = np.tanh(states_c[k + 1])
        d_c = d_state_c + d_h * o * (1 - np.square(tanh_c))
        d_z = np.zeros(4 * units)
        d_z[:units] = d_c * c_tilde * i * (1 - i)
        d_z[units:2 * units] = d_c * states_c[k] * f * (1 - f)
        d_z[2 * units:3 * units] = d_c * i * (1 - np.square(c_tilde))
        d_z[3 * units:] = d_h * tanh_c * o * (1 - o)
        d_kernel += np.outer(inputs[k], d_z)
        d_recurrent_kernel += np.outer(states_h[k], d_z)
        d_state_h = d_z @ recurrent_kernel.T
        d_state_c = d_c * f

    g = {"V": d_dense_kernel.T}
    for n, gate in enumerate("ifgo"):
        block = slice(n * units, (n + 1) * units)
        g["W" + gate] = d_recurrent_kernel[:, block].T
        g["U" + gate] = d_kernel[:, block].T
    return g
