import numpy as np

GATES = ['i', 'f', 'o', 'g']

ACT = {'i': lambda z: 1 / (1 + np.exp(-z)),
       'f': lambda z: 1 / (1 + np.exp(-z)),
       'o': lambda z: 1 / (1 + np.exp(-z)),
       'g': np.tanh}

# derivative of each activation, in terms of its OUTPUT
D_ACT = {'i': lambda a: a * (1 - a),
         'f': lambda a: a * (1 - a),
         'o': lambda a: a * (1 - a),
         'g': lambda a: 1 - a ** 2}


def run_forward(params, x, h0=None, c0=None):
    """Returns one 'table' per variable. Gate tables have T rows; h and c have T+1 (row 0 = initial)."""
    n_steps = len(x)
    n_out, n_hid = params['V'].shape

    cache = {name: np.zeros((n_steps, n_hid)) for name in GATES}
    cache['h'] = np.zeros((n_steps + 1, n_hid))
    cache['c'] = np.zeros((n_steps + 1, n_hid))
    cache['p'] = np.zeros((n_steps, n_out))
    if h0 is not None:
        cache['h'][0] = h0
    if c0 is not None:
        cache['c'][0] = c0

    for t in range(n_steps):
        for name in GATES:
            z = params['W' + name] @ cache['h'][t] + params['U' + name][:, x[t]]
            cache[name][t] = ACT[name](z)
        cache['c'][t + 1] = cache['f'][t] * cache['c'][t] + cache['i'][t] * cache['g'][t]
        cache['h'][t + 1] = cache['o'][t] * np.tanh(cache['c'][t + 1])
        scores = params['V'] @ cache['h'][t + 1]
        scores = np.exp(scores - scores.max())
        cache['p'][t] = scores / scores.sum()
    return cache


def backward(params, x, targets, h0=None, c0=None):
    cache = run_forward(params, x, h0, c0)
    n_steps = len(x)
    n_hid = params['V'].shape[1]

    # loss -> scores, all the steps in one go
    d_scores = cache['p'].copy()
    d_scores[range(n_steps), targets] -= 1

    # step back in time, fill the table of d(loss)/d(pre-activation) for each gate
    dz = {name: np.zeros((n_steps, n_hid)) for name in GATES}
    dh_next = np.zeros(n_hid)
    dc_next = np.zeros(n_hid)
    for t in range(n_steps - 1, -1, -1):
        tanh_c = np.tanh(cache['c'][t + 1])
        dh = d_scores[t] @ params['V'] + dh_next
        dc = dh * cache['o'][t] * (1 - tanh_c ** 2) + dc_next

        d_gate = {'i': dc * cache['g'][t],
                  'f': dc * cache['c'][t],
                  'o': dh * tanh_c,
                  'g': dc * cache['i'][t]}

        dh_next = np.zeros(n_hid)
        for name in GATES:
            dz[name][t] = d_gate[name] * D_ACT[name](cache[name][t])
            dh_next += dz[name][t] @ params['W' + name]
        dc_next = dc * cache['f'][t]

    # aggregate over time
    grads = {'dV': d_scores.T @ cache['h'][1:]}
    for name in GATES:
        grads['dW' + name] = dz[name].T @ cache['h'][:-1]
        grads['dU' + name] = np.zeros_like(params['U' + name])
        for t in range(n_steps):
            grads['dU' + name][:, x[t]] += dz[name][t]
    return grads
