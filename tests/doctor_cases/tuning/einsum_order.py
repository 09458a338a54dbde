import numpy as np

import lstm_teach as lt

GATES = "fiog"  # the order of the stacked arrays, forget gate first


def backward_einsum(params, x, targets, h0=None, c0=None):
    run = lt.forward(params, x, h0, c0)
    T, H, K = len(x), params.hidden_size, params.vocab_size
    R = np.stack([params["W" + k] for k in GATES])
    act = np.stack([getattr(run, k)[:T] for k in GATES], axis=1)
    slope = act * (1 - act)
    slope[:, 3] = 1 - act[:, 3] ** 2
    h_before = np.concatenate([run.h[-1:], run.h[:-1]])[:T]
    c_before = np.concatenate([run.c[-1:], run.c[:-1]])[:T]
    hot = np.eye(K)[np.asarray(x)]
    dy = run.y - np.eye(K)[np.asarray(targets)]
    from_loss = np.einsum("tk,kh->th", dy, params.V)
    dz = np.zeros((T, 4, H))
    dh_later, dc_later = np.zeros(H), np.zeros(H)
    for t in reversed(range(T)):
        dh = from_loss[t] + dh_later
        dc = dh * act[t, 2] * (1 - run.ct[t] ** 2) + dc_later
        local = np.stack([dc * c_before[t], dc * act[t, 3], dh * run.ct[t], dc * act[t, 1]])
        dz[t] = local * slope[t]
        dh_later = np.einsum("gab,ga->b", R, dz[t])
        dc_later = dc * act[t, 0]
    dR = np.einsum("tga,tb->gab", dz, h_before)
    dU = np.einsum("tga,tk->gak", dz, hot)
    grads = {"V": np.einsum("tk,th->kh", dy, run.h[:T])}
    for n, k in enumerate(GATES):
        grads["W" + k], grads["U" + k] = dR[n], dU[n]
    return grads
