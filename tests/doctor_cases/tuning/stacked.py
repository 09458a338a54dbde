import numpy as np

from lstm_teach import forward

ORDER = "ifog"


def lstm_grad(theta, inputs, labels, h0=None, c0=None):
    """Stacked gates, one weight matrix acting on [h; x]."""
    out = forward(theta, inputs, h0, c0)
    n, K, T = theta.hidden_size, theta.vocab_size, len(inputs)
    M = np.hstack([np.vstack([theta["W" + k] for k in ORDER]), np.vstack([theta["U" + k] for k in ORDER])])
    G = np.stack([out.i, out.f, out.o, out.g], axis=1)
    dM = np.zeros_like(M)
    dV = np.zeros((K, n))
    carry_h, carry_c = np.zeros(n), np.zeros(n)
    for k in range(T - 1, -1, -1):
        err = out.y[k].copy()
        err[labels[k]] -= 1.0
        dV += err[:, None] * out.h[k][None, :]
        top = theta.V.T.dot(err) + carry_h
        cell = carry_c + top * G[k, 2] * (1.0 - np.tanh(out.c[k]) ** 2)
        act = np.concatenate(
            [
                cell * G[k, 3] * G[k, 0] * (1 - G[k, 0]),
                cell * out.c[k - 1] * G[k, 1] * (1 - G[k, 1]),
                top * np.tanh(out.c[k]) * G[k, 2] * (1 - G[k, 2]),
                cell * G[k, 0] * (1 - G[k, 3] ** 2),
            ]
        )
        hot = np.zeros(K)
        hot[inputs[k]] = 1
        joined = np.concatenate([out.h[k - 1], hot])
        dM += np.outer(act, joined)
        back = M.T @ act
        carry_h = back[:n]
        carry_c = cell * G[k, 1]
    result = {"V": dV}
    for row, k in enumerate(ORDER):
        block = dM[row * n : (row + 1) * n]
        result["W" + k] = block[:, :n]
        result["U" + k] = block[:, n:]
    return result
