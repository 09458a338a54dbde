import numpy as np


def backward(params, x, targets):
    H, K, T = params.hidden_size, params.vocab_size, len(x)

    # one big matrix that acts on [h, x]; rows: i, f, o, g
    A = np.vstack([
        np.hstack([params.Wi, params.Ui]),
        np.hstack([params.Wf, params.Uf]),
        np.hstack([params.Wo, params.Uo]),
        np.hstack([params.Wg, params.Ug]),
    ])

    hx = np.zeros((T, H + K))
    ifog = np.zeros((T, 4 * H))
    c = np.zeros((T, H))
    h = np.zeros((T, H))
    prob = np.zeros((T, K))
    for t in range(T):
        prevh = h[t - 1] if t > 0 else np.zeros(H)
        prevc = c[t - 1] if t > 0 else np.zeros(H)
        hx[t, :H] = prevh
        hx[t, H + x[t]] = 1
        z = A.dot(hx[t])
        ifog[t, :3 * H] = 1.0 / (1.0 + np.exp(-z[:3 * H]))
        ifog[t, 3 * H:] = np.tanh(z[3 * H:])
        i, f, o, g = np.split(ifog[t], 4)
        c[t] = f * prevc + i * g
        h[t] = o * np.tanh(c[t])
        s = params.V.dot(h[t])
        e = np.exp(s - s.max())
        prob[t] = e / e.sum()

    dA = np.zeros(A.shape)
    dV = np.zeros((K, H))
    dh_later = np.zeros(H)
    dc = np.zeros(H)
    for t in range(T - 1, -1, -1):
        i, f, o, g = np.split(ifog[t], 4)
        ct = np.tanh(c[t])
        prevc = c[t - 1] if t > 0 else np.zeros(H)

        ds = prob[t].copy()
        ds[targets[t]] -= 1
        dV += np.outer(ds, h[t])
        dh = params.V.T.dot(ds) + dh_later

        dc += dh * o * (1 - ct ** 2)
        difog = np.concatenate([dc * g, dc * prevc, dh * ct, dc * i])
        slope = np.concatenate([i * (1 - i), f * (1 - f), o * (1 - o), 1 - g ** 2])
        dz = difog * slope

        dA += np.outer(dz, hx[t])
        dhx = A.T.dot(dz)
        dh_later = dhx[:H]
        dc = dc * f

    dW, dU = dA[:, :H], dA[:, H:]
    return (
        dV,
        dW[:H], dW[H:2 * H], dW[2 * H:3 * H], dW[3 * H:],
        dU[:H], dU[H:2 * H], dU[2 * H:3 * H], dU[3 * H:],
    )
