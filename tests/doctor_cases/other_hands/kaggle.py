import numpy as np

# all 4 gates in ONE matmul, order: i f o g  (v7, much faster than v3)

sig = lambda z: 1 / (1 + np.exp(-z))
dsig = lambda s: s * (1 - s)


def fwd(W, U, V, x, h, c):
    T, H = len(x), len(h)
    A = np.zeros((T, 4*H)); hs = np.zeros((T, H)); cs = np.zeros((T, H))
    XU = U.T[x]                       # (T, 4H) "embedding lookup"
    for t in range(T):
        z = XU[t] + W @ h
        A[t, :3*H] = sig(z[:3*H])
        A[t, 3*H:] = np.tanh(z[3*H:])
        i, f, o, g = A[t].reshape(4, H)
        c = f*c + i*g
        h = o*np.tanh(c)
        hs[t], cs[t] = h, c
    logits = hs @ V.T
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    preds = e / e.sum(axis=1, keepdims=True)
    return A, hs, cs, preds


def backward(params, x, targets, h0=None, c0=None):
    x, targets = np.asarray(x), np.asarray(targets)
    V = params['V']
    H, T = V.shape[1], len(x)
    W = np.vstack([params['W' + k] for k in 'ifog'])   # (4H, H)
    U = np.vstack([params['U' + k] for k in 'ifog'])   # (4H, K)
    h0 = np.zeros(H) if h0 is None else h0
    c0 = np.zeros(H) if c0 is None else c0

    A, hs, cs, preds = fwd(W, U, V, x, h0, c0)
    h_prev = np.vstack([h0, hs[:-1]])
    c_prev = np.vstack([c0, cs[:-1]])
    tc = np.tanh(cs)

    dlogits = preds.copy()
    dlogits[np.arange(T), targets] -= 1
    dhs = dlogits @ V                 # (T, H)

    dZ = np.zeros((T, 4*H))
    dh_next = np.zeros(H)
    dc_next = np.zeros(H)
    for t in range(T)[::-1]:
        i, f, o, g = A[t].reshape(4, H)
        dh = dhs[t] + dh_next
        dc = dh*o*(1 - tc[t]**2) + dc_next
        di = dc*g*dsig(i)
        df = dc*c_prev[t]*dsig(f)
        do = dh*tc[t]*dsig(o)
        dg = dc*i*(1 - g**2)
        dZ[t] = np.concatenate([di, df, do, dg])
        dh_next = dZ[t] @ W
        dc_next = dc*f

    # grads: no loop needed :)
    dV = dlogits.T @ hs
    dW = dZ.T @ h_prev
    dU = np.zeros_like(U)
    np.add.at(dU.T, x, dZ)
    out = {'V': dV}
    for n, k in enumerate('ifog'):
        out['W' + k] = dW[n*H:(n+1)*H]
        out['U' + k] = dU[n*H:(n+1)*H]
    return out
