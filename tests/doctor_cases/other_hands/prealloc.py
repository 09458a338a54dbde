import numpy as np
import lstm_teach as lt

ORDER = ("i", "f", "o", "g")


def backward(params, x, targets, h0=None, c0=None):
    fw = lt.forward(params, x, h0=h0, c0=c0)
    T, H = fw.zi.shape
    K = fw.y.shape[1]
    i, f, o, g, ct = (a[:T] for a in (fw.i, fw.f, fw.o, fw.g, fw.ct))
    I, F, O, G = (slice(n * H, (n + 1) * H) for n in range(4))

    # everything that doesn't depend on the recursion, for all steps at once
    h_prev = np.roll(fw.h, 1, axis=0)[:T]
    c_prev = np.roll(fw.c, 1, axis=0)[:T]
    dS = fw.y.copy()
    dS[range(T), targets] -= 1.0
    dH = dS @ params.V

    slope = np.empty((T, 4 * H))  # dz = (what arrives) * slope
    slope[:, I] = g * i * (1 - i)
    slope[:, F] = c_prev * f * (1 - f)
    slope[:, O] = ct * o * (1 - o)
    slope[:, G] = i * (1 - g ** 2)
    into_cell = o * (1 - ct ** 2)

    W = np.vstack([params["W" + k] for k in ORDER])  # (4H, H)

    # the recursion proper
    delta = np.empty((T, 4 * H))
    dC = np.zeros((T + 1, H))
    f_next = np.vstack([f[1:], np.zeros((1, H))])
    for t in range(T)[::-1]:
        if t + 1 < T:
            dH[t] += delta[t + 1] @ W
        dC[t] = dH[t] * into_cell[t] + dC[t + 1] * f_next[t]
        delta[t] = np.tile(dC[t], 4) * slope[t]
        delta[t, O] = dH[t] * slope[t, O]

    # weight gradients: three matrix products
    onehot = np.zeros((T, K))
    onehot[range(T), list(x)] = 1.0
    dV = dS.T @ fw.h[:T]
    dW = delta.T @ h_prev
    dU = delta.T @ onehot

    return [dV, dW[I], dW[F], dW[O], dW[G], dU[I], dU[F], dU[O], dU[G]]
