# Port of the Theano LSTM tutorial script (lstm.py), T.grad replaced by hand.
# As there: lstm_W are the INPUT weights, lstm_U the RECURRENT ones, row vectors, gates in the order i f o c.
import numpy
import lstm_teach


def _slice(_x, n, dim):
    if _x.ndim == 2:
        return _x[:, n * dim:(n + 1) * dim]
    return _x[n * dim:(n + 1) * dim]


def scan(fn, n_steps, outputs_info, go_backwards=False):
    state = outputs_info
    collected = []
    steps = range(n_steps)
    for n in (reversed(steps) if go_backwards else steps):
        state = fn(n, *state)
        collected.append(state)
    return [numpy.array(seq) for seq in zip(*collected)]


def init_tparams(params):
    tparams = {}
    tparams['lstm_W'] = numpy.concatenate([params.Ui, params.Uf, params.Uo, params.Ug], axis=0).T
    tparams['lstm_U'] = numpy.concatenate([params.Wi, params.Wf, params.Wo, params.Wg], axis=0).T
    tparams['U'] = params.V.T
    return tparams


def backward(params, x, targets):
    tparams = init_tparams(params)
    dim_proj = tparams['lstm_U'].shape[0]
    n_timesteps = len(x)
    cache = lstm_teach.forward(params, x)
    h_ = numpy.vstack([cache.h[-1], cache.h[:-1]])
    c_ = numpy.vstack([cache.c[-1], cache.c[:-1]])

    delta = cache.y.copy()
    delta[numpy.arange(n_timesteps), targets] -= 1.
    dproj = numpy.dot(delta, tparams['U'].T)

    def _bstep(n, dpreact_next, dc_next):
        i, f, o, c = cache.i[n], cache.f[n], cache.o[n], cache.g[n]
        dh = dproj[n] + numpy.dot(dpreact_next, tparams['lstm_U'].T)
        tc = numpy.tanh(c_[n + 1])
        dc = dh * o * (1. - tc ** 2) + dc_next
        dpreact = numpy.zeros(4 * dim_proj)
        _slice(dpreact, 0, dim_proj)[:] = dc * c * i * (1. - i)
        _slice(dpreact, 1, dim_proj)[:] = dc * c_[n] * f * (1. - f)
        _slice(dpreact, 2, dim_proj)[:] = dh * tc * o * (1. - o)
        _slice(dpreact, 3, dim_proj)[:] = dc * i * (1. - c ** 2)
        return dpreact, dc * f

    zeros = (numpy.zeros(4 * dim_proj), numpy.zeros(dim_proj))
    dpreact, _ = scan(_bstep, n_timesteps, zeros, go_backwards=True)
    dpreact = dpreact[::-1]

    dU = numpy.dot(h_[:-1].T, dpreact)
    dW = numpy.zeros_like(tparams['lstm_W'])
    numpy.add.at(dW, x, dpreact)
    grads = {'V': numpy.dot(delta.T, h_[1:])}
    for k, gate in enumerate('ifog'):
        grads['W' + gate] = _slice(dU, k, dim_proj).T
        grads['U' + gate] = _slice(dW, k, dim_proj).T
    return grads
