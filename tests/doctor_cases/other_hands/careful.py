"""Backpropagation through time for the bias-free LSTM, on top of the library's forward pass."""

import lstm_teach as lt


def sigmoid_slope(activation):
    """Derivative of the sigmoid, written in terms of its output."""
    return activation * (1.0 - activation)


def tanh_slope(activation):
    """Derivative of tanh, written in terms of its output."""
    return 1.0 - activation**2


def add_outer(matrix, left, right):
    """matrix += left right^T, in place."""
    matrix += left[:, None] * right[None, :]


def backward(params, x, targets, h0=None, c0=None):
    cache = lt.forward(params, x, h0, c0)
    grads = lt.Params.zeros(params.vocab_size, params.hidden_size)

    # Nothing comes from beyond the last step.
    dh_next = 0.0 * cache.h[0]
    dc_next = 0.0 * cache.c[0]

    for t in reversed(range(len(x))):
        h_prev = cache.h[t - 1]
        c_prev = cache.c[t - 1]

        # softmax and cross-entropy together
        dscores = cache.y[t].copy()
        dscores[targets[t]] -= 1.0
        add_outer(grads.V, dscores, cache.h[t])

        # hidden state and cell
        dh = params.V.T @ dscores + dh_next
        dc = dh * cache.o[t] * tanh_slope(cache.ct[t])
        dc += dc_next

        # gates
        do = dh * cache.ct[t]
        df = dc * c_prev
        di = dc * cache.g[t]
        dg = dc * cache.i[t]

        # pre-activations
        dzi = di * sigmoid_slope(cache.i[t])
        dzf = df * sigmoid_slope(cache.f[t])
        dzo = do * sigmoid_slope(cache.o[t])
        dzg = dg * tanh_slope(cache.g[t])

        # weights
        add_outer(grads.Wi, dzi, h_prev)
        add_outer(grads.Wf, dzf, h_prev)
        add_outer(grads.Wo, dzo, h_prev)
        add_outer(grads.Wg, dzg, h_prev)
        grads.Ui[:, x[t]] += dzi
        grads.Uf[:, x[t]] += dzf
        grads.Uo[:, x[t]] += dzo
        grads.Ug[:, x[t]] += dzg

        # what step t - 1 receives
        dh_next = params.Wi.T @ dzi
        dh_next += params.Wf.T @ dzf
        dh_next += params.Wo.T @ dzo
        dh_next += params.Wg.T @ dzg
        dc_next = dc * cache.f[t]

    return grads
