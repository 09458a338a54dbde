import numpy as np

NG = 4                      # number of gates
GI, GF, GO, GG = 0, 1, 2, 3  # gate ids, used as offsets into the gate buffer
NAMES = ("i", "f", "o", "g")


def backward(params, x, targets, h0=None, c0=None):
    K = params.V.shape[0]
    H = params.V.shape[1]
    T = len(x)
    V = params.V
    W = [params["W" + n] for n in NAMES]
    U = [params["U" + n] for n in NAMES]

    # --- allocate all memory up front, nothing is allocated inside the loops ---
    h = np.zeros((T + 1) * H)    # slot 0 = initial state, slot t+1 = after step t
    c = np.zeros((T + 1) * H)
    act = np.zeros(T * NG * H)   # gate activations, [t][gate][unit]
    tc = np.zeros(T * H)         # tanh(c), saved so that we don't compute it twice
    p = np.zeros(T * K)          # softmax output
    if h0 is not None:
        h[0:H] = h0
    if c0 is not None:
        c[0:H] = c0

    # --- forward ---
    for t in range(T):
        prev = t * H             # offset of the old state
        cur = prev + H           # offset of the new state
        for k in range(NG):
            z = act[(t * NG + k) * H:(t * NG + k + 1) * H]   # a view, no copy!
            np.dot(W[k], h[prev:prev + H], out=z)
            z += U[k][:, x[t]]
            if k == GG:
                np.tanh(z, out=z)
            else:
                np.negative(z, out=z)
                np.exp(z, out=z)
                z += 1.0
                np.reciprocal(z, out=z)
        base = t * NG * H
        for j in range(H):
            a = base + j
            c[cur + j] = act[a + GF * H] * c[prev + j] + act[a + GI * H] * act[a + GG * H]
            tc[prev + j] = np.tanh(c[cur + j])
            h[cur + j] = act[a + GO * H] * tc[prev + j]
        y = p[t * K:(t + 1) * K]
        np.dot(V, h[cur:cur + H], out=y)
        y -= y.max()
        np.exp(y, out=y)
        y /= y.sum()

    # --- backward ---
    dV = np.zeros((K, H))
    dW = [np.zeros((H, H)) for k in range(NG)]
    dU = [np.zeros((H, K)) for k in range(NG)]
    dh = np.zeros(H)             # carries dL/dh from t+1 to t
    dc = np.zeros(H)             # same for the cell
    dz = np.zeros(NG * H)        # scratch, overwritten at every step
    for t in range(T - 1, -1, -1):
        prev = t * H
        cur = prev + H
        base = t * NG * H
        y = p[t * K:(t + 1) * K]
        y[targets[t]] -= 1.0     # p is not needed any more, reuse the buffer
        for k in range(K):
            for j in range(H):
                dV[k, j] += y[k] * h[cur + j]
                dh[j] += V[k, j] * y[k]
        for j in range(H):
            ai = act[base + GI * H + j]
            af = act[base + GF * H + j]
            ao = act[base + GO * H + j]
            ag = act[base + GG * H + j]
            th = tc[prev + j]
            dc[j] += dh[j] * ao * (1.0 - th * th)
            dz[GI * H + j] = dc[j] * ag * ai * (1.0 - ai)
            dz[GF * H + j] = dc[j] * c[prev + j] * af * (1.0 - af)
            dz[GO * H + j] = dh[j] * th * ao * (1.0 - ao)
            dz[GG * H + j] = dc[j] * ai * (1.0 - ag * ag)
            dc[j] *= af          # now it is dL/dc of the step before
        dh.fill(0.0)             # memset
        for k in range(NG):
            d = dz[k * H:(k + 1) * H]
            for r in range(H):
                dU[k][r, x[t]] += d[r]
                for q in range(H):
                    dW[k][r, q] += d[r] * h[prev + q]
                    dh[q] += W[k][r, q] * d[r]

    return [dV] + dW + dU
