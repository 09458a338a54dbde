"""LSTM gradient without allocations in the time loops: every buffer is owned by an Arena."""
import numpy as np


class Arena:
    def __init__(self, T, H, K):
        self.gate = np.empty((T, 4, H))      # activations, gate order i f o g
        self.cell = np.empty((T + 1, H))     # cell[t] is the state BEFORE step t
        self.hid = np.empty((T + 1, H))
        self.tc = np.empty((T, H))           # tanh of the new cell state
        self.prob = np.empty((T, K))
        self.d_gate = np.zeros((4, H))       # scratch, overwritten at each step
        self.d_hid = np.zeros(H)
        self.d_cell = np.zeros(H)
        self.tmp = np.empty(H)
        self.outer_hh = np.empty((4 * H, H))
        self.outer_kh = np.empty((K, H))


def _softmax_inplace(v):
    np.subtract(v, v.max(), out=v)
    np.exp(v, out=v)
    np.divide(v, v.sum(), out=v)


def _forward(ar, W, U, V, x):
    H = V.shape[1]
    for t, tok in enumerate(x):
        z = ar.gate[t].reshape(4 * H)        # a view, not a copy
        np.matmul(W, ar.hid[t], out=z)
        np.add(z, U[:, tok], out=z)
        s = z[:3 * H]
        np.negative(s, out=s)
        np.exp(s, out=s)
        np.add(s, 1.0, out=s)
        np.reciprocal(s, out=s)
        np.tanh(z[3 * H:], out=z[3 * H:])
        i, f, o, g = ar.gate[t]
        np.multiply(f, ar.cell[t], out=ar.cell[t + 1])
        np.multiply(i, g, out=ar.tmp)
        np.add(ar.cell[t + 1], ar.tmp, out=ar.cell[t + 1])
        np.tanh(ar.cell[t + 1], out=ar.tc[t])
        np.multiply(o, ar.tc[t], out=ar.hid[t + 1])
        np.matmul(V, ar.hid[t + 1], out=ar.prob[t])
        _softmax_inplace(ar.prob[t])


def backward(params, x, targets, h0=None, c0=None):
    V = np.ascontiguousarray(params["V"])
    W = np.vstack([params["Wi"], params["Wf"], params["Wo"], params["Wg"]])
    U = np.vstack([params["Ui"], params["Uf"], params["Uo"], params["Ug"]])
    K, H = V.shape
    T = len(x)
    ar = Arena(T, H, K)
    ar.hid[0] = 0.0 if h0 is None else h0
    ar.cell[0] = 0.0 if c0 is None else c0
    _forward(ar, W, U, V, x)

    # one flat gradient, three views into it
    nV, nW, nU = V.size, W.size, U.size
    flat = np.zeros(nV + nW + nU)
    dV = flat[:nV].reshape(K, H)
    dW = flat[nV:nV + nW].reshape(4 * H, H)
    dU = flat[nV + nW:].reshape(4 * H, K)

    d_hid, d_cell, tmp = ar.d_hid, ar.d_cell, ar.tmp
    di, df, do, dg = ar.d_gate
    dz = ar.d_gate.reshape(4 * H)
    for t in range(T - 1, -1, -1):
        i, f, o, g = ar.gate[t]
        err = ar.prob[t]                     # becomes p - y in place
        err[targets[t]] -= 1.0
        np.multiply(err[:, None], ar.hid[t + 1], out=ar.outer_kh)
        dV += ar.outer_kh
        d_hid += np.matmul(err, V, out=tmp)  # d_hid already holds the part from t + 1

        np.multiply(d_hid, ar.tc[t], out=do)
        np.multiply(ar.tc[t], ar.tc[t], out=tmp)
        np.subtract(1.0, tmp, out=tmp)
        tmp *= o
        tmp *= d_hid
        d_cell += tmp
        np.multiply(d_cell, g, out=di)
        np.multiply(d_cell, ar.cell[t], out=df)
        np.multiply(d_cell, i, out=dg)
        d_cell *= f                          # now the part for t - 1

        for k in range(3):                   # sigmoid': s * (1 - s)
            np.subtract(1.0, ar.gate[t, k], out=tmp)
            tmp *= ar.gate[t, k]
            ar.d_gate[k] *= tmp
        np.multiply(g, g, out=tmp)
        np.subtract(1.0, tmp, out=tmp)
        dg *= tmp

        np.multiply(dz[:, None], ar.hid[t], out=ar.outer_hh)
        dW += ar.outer_hh
        dU[:, x[t]] += dz
        np.matmul(W.T, dz, out=d_hid)
    return [dV] + [blk for m in (dW, dU) for blk in m.reshape(4, H, -1)]
