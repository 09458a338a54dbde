import numpy as np

# Everything about the gates lives in ONE array of shape (T, 4H), columns [ i | f | o | g ].


def _activate(a, H):
    a[:3*H] = 1 / (1 + np.exp(-a[:3*H]))
    a[3*H:] = np.tanh(a[3*H:])


def backward(params, x, targets, h0=None, c0=None):
    V = params["V"]
    W = np.vstack([params["Wi"], params["Wf"], params["Wo"], params["Wg"]])   # (4H, H)
    U = np.vstack([params["Ui"], params["Uf"], params["Uo"], params["Ug"]])   # (4H, K)
    x, targets = np.asarray(x), np.asarray(targets)
    T = x.size
    K, H = V.shape

    # forward. hs[t], cs[t] = state BEFORE step t
    hs = np.zeros((T + 1, H))
    cs = np.zeros((T + 1, H))
    if h0 is not None:
        hs[0] = h0
    if c0 is not None:
        cs[0] = c0
    A = U.T[x]                                  # (T, 4H), a copy
    for t in range(T):
        A[t] += W @ hs[t]
        _activate(A[t], H)
        cs[t+1] = A[t, H:2*H] * cs[t] + A[t, :H] * A[t, 3*H:]
        hs[t+1] = A[t, 2*H:3*H] * np.tanh(cs[t+1])

    # softmax + cross entropy, all steps at once
    dS = hs[1:] @ V.T                           # (T, K)
    dS = np.exp(dS - dS.max(axis=1, keepdims=True))
    dS /= dS.sum(axis=1, keepdims=True)
    dS[np.arange(T), targets] -= 1
    dV = dS.T @ hs[1:]
    dH = dS @ V                                 # direct part only, (T, H)

    # local derivatives of the nonlinearities
    S, G = A[:, :3*H], A[:, 3*H:]
    local = np.hstack([S * (1 - S), 1 - G**2])
    th = np.tanh(cs[1:])

    # through time
    dA = np.zeros((T, 4*H))
    dh_next = np.zeros(H)
    dc_next = np.zeros(H)
    for t in range(T - 1, -1, -1):
        dh = dH[t] + dh_next
        dc = dc_next + dh * A[t, 2*H:3*H] * (1 - th[t]**2)
        dA[t, :H] = dc * A[t, 3*H:]
        dA[t, H:2*H] = dc * cs[t]
        dA[t, 2*H:3*H] = dh * th[t]
        dA[t, 3*H:] = dc * A[t, :H]
        dA[t] *= local[t]
        dh_next = W.T @ dA[t]
        dc_next = dc * A[t, H:2*H]

    # weights, one product each
    dW = dA.T @ hs[:-1]
    dU = np.zeros((4*H, K))
    np.add.at(dU.T, x, dA)                      # tokens can repeat

    dWi, dWf, dWo, dWg = np.split(dW, 4)
    dUi, dUf, dUo, dUg = np.split(dU, 4)
    return dict(V=dV, Wi=dWi, Wf=dWf, Wo=dWo, Wg=dWg, Ui=dUi, Uf=dUf, Uo=dUo, Ug=dUg)
