import numpy as np
import lstm_teach as lt


def grad_wrt_hidden(V, dlogits, dh_from_future):
    """dL/dh[t]: own loss plus the four gates of the next step."""
    return V.T.dot(dlogits) + dh_from_future


def grad_wrt_cell(dhidden, out_gate, tanh_cell, dc_from_future):
    through_hidden = dhidden * out_gate * (1 - np.square(tanh_cell))
    return through_hidden + dc_from_future


def grad_wrt_output_gate(dhidden, tanh_cell, out_gate):
    return dhidden * tanh_cell * out_gate * (1 - out_gate)


def grad_wrt_forget_gate(dcell, previous_cell, forget_gate):
    return dcell * previous_cell * forget_gate * (1 - forget_gate)


def grad_wrt_input_gate(dcell, candidate, input_gate):
    return dcell * candidate * input_gate * (1 - input_gate)


def grad_wrt_candidate(dcell, input_gate, candidate):
    return dcell * input_gate * (1 - np.square(candidate))


def backward(params, x, targets, h0=None, c0=None):
    num_steps = len(x)
    hidden_size = params.hidden_size
    acts = lt.forward(params, x, h0, c0)

    # shifted copies, so that row t holds the state before step t
    hidden_before = np.roll(acts.h, 1, axis=0)[:num_steps]
    cell_before = np.roll(acts.c, 1, axis=0)[:num_steps]

    dlogits = acts.y.copy()
    dlogits[np.arange(num_steps), targets] -= 1

    delta_i = np.zeros((num_steps, hidden_size))
    delta_f = np.zeros((num_steps, hidden_size))
    delta_o = np.zeros((num_steps, hidden_size))
    delta_g = np.zeros((num_steps, hidden_size))

    dh_from_future = np.zeros(hidden_size)
    dc_from_future = np.zeros(hidden_size)
    for step in range(num_steps - 1, -1, -1):
        dhidden = grad_wrt_hidden(params.V, dlogits[step], dh_from_future)
        dcell = grad_wrt_cell(dhidden, acts.o[step], acts.ct[step], dc_from_future)

        delta_o[step] = grad_wrt_output_gate(dhidden, acts.ct[step], acts.o[step])
        delta_f[step] = grad_wrt_forget_gate(dcell, cell_before[step], acts.f[step])
        delta_i[step] = grad_wrt_input_gate(dcell, acts.g[step], acts.i[step])
        delta_g[step] = grad_wrt_candidate(dcell, acts.i[step], acts.g[step])

        dh_from_future = params.Wi.T.dot(delta_i[step])
        dh_from_future += params.Wf.T.dot(delta_f[step])
        dh_from_future += params.Wo.T.dot(delta_o[step])
        dh_from_future += params.Wg.T.dot(delta_g[step])
        dc_from_future = dcell * acts.f[step]

    result = lt.Params.zeros(params.vocab_size, hidden_size)
    result.V = dlogits.T.dot(acts.h[:num_steps])
    result.Wi = delta_i.T.dot(hidden_before)
    result.Wf = delta_f.T.dot(hidden_before)
    result.Wo = delta_o.T.dot(hidden_before)
    result.Wg = delta_g.T.dot(hidden_before)
    for step, token in enumerate(x):
        result.Ui[:, token] += delta_i[step]
        result.Uf[:, token] += delta_f[step]
        result.Uo[:, token] += delta_o[step]
        result.Ug[:, token] += delta_g[step]
    return result
