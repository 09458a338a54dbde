import numpy as np

GATES = ('i', 'f', 'o', 'g')


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


# activation per gate, and its derivative as a function of the *activated* value
ACT = {'i': sigmoid, 'f': sigmoid, 'o': sigmoid, 'g': np.tanh}
DACT = {
    'i': lambda a: a * (1 - a),
    'f': lambda a: a * (1 - a),
    'o': lambda a: a * (1 - a),
    'g': lambda a: 1 - a * a,
}


def step(W, U, tok, h, c):
    """One time step. Returns everything the backward step will ask for."""
    s = {'tok': tok, 'h_prev': h, 'c_prev': c}
    a = {}
    for k in GATES:
        z = W[k] @ h + U[k][:, tok]
        a[k] = ACT[k](z)
    s['a'] = a
    s['c'] = a['f'] * c + a['i'] * a['g']
    s['tc'] = np.tanh(s['c'])
    s['h'] = a['o'] * s['tc']
    return s


def step_back(W, grads, s, dh, dc):
    """Reverse of step(): adds to grads, returns (dh, dc) for the step before."""
    a = s['a']
    dc = dc + dh * a['o'] * (1 - s['tc'] ** 2)
    da = {
        'i': dc * a['g'],
        'f': dc * s['c_prev'],
        'o': dh * s['tc'],
        'g': dc * a['i'],
    }
    dh_prev = np.zeros_like(dh)
    for k in GATES:
        dz = da[k] * DACT[k](a[k])
        grads['W' + k] += np.outer(dz, s['h_prev'])
        grads['U' + k][:, s['tok']] += dz
        dh_prev += W[k].T @ dz
    dc_prev = dc * a['f']
    return dh_prev, dc_prev


def softmax(s):
    e = np.exp(s - s.max())
    return e / e.sum()


def backward(params, x, targets, h0=None, c0=None):
    V = params['V']
    W = {k: params['W' + k] for k in GATES}
    U = {k: params['U' + k] for k in GATES}
    hidden = V.shape[1]
    h = np.zeros(hidden) if h0 is None else np.asarray(h0, float)
    c = np.zeros(hidden) if c0 is None else np.asarray(c0, float)

    steps = []
    for tok in x:
        s = step(W, U, tok, h, c)
        h, c = s['h'], s['c']
        steps.append(s)

    grads = {'V': np.zeros_like(V)}
    for k in GATES:
        grads['W' + k] = np.zeros_like(W[k])
        grads['U' + k] = np.zeros_like(U[k])

    dh = np.zeros(hidden)
    dc = np.zeros(hidden)
    for s, y in zip(steps[::-1], targets[::-1]):
        dscore = softmax(V @ s['h'])
        dscore[y] -= 1
        grads['V'] += np.outer(dscore, s['h'])
        dh = dh + V.T @ dscore
        dh, dc = step_back(W, grads, s, dh, dc)

    return grads
