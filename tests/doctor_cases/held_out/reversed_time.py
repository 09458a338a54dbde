import numpy as np

import lstm_teach as lt


def run_backwards(params, x, targets, h0=None, c0=None):
    """Turns every array round, so that the walk back is a walk forward: row 0 is the last step."""
    run = lt.forward(params, x, h0, c0)
    n, H = len(x), params.hidden_size
    rx, rt = np.asarray(x)[::-1], np.asarray(targets)[::-1]
    ri, rf, ro, rg, rct = (np.flip(a[:n], axis=0) for a in (run.i, run.f, run.o, run.g, run.ct))
    rh = np.flip(np.roll(run.h, 1, axis=0), axis=0)
    rc = np.flip(np.roll(run.c, 1, axis=0), axis=0)
    err = np.flip(run.y, axis=0).copy()
    err[np.arange(n), rt] -= 1
    deltas = {name: np.zeros((n, H)) for name in ("h", "c", "zi", "zf", "zo", "zg")}
    for r in range(n):
        deltas["h"][r] = err[r] @ params.V
        if r:
            deltas["h"][r] += deltas["zi"][r - 1] @ params.Wi
            deltas["h"][r] += deltas["zf"][r - 1] @ params.Wf
            deltas["h"][r] += deltas["zo"][r - 1] @ params.Wo
            deltas["h"][r] += deltas["zg"][r - 1] @ params.Wg
            deltas["c"][r] = deltas["c"][r - 1] * rf[r - 1]
        deltas["c"][r] += deltas["h"][r] * ro[r] * (1 - rct[r] ** 2)
        deltas["zi"][r] = deltas["c"][r] * rg[r] * ri[r] * (1 - ri[r])
        deltas["zf"][r] = deltas["c"][r] * rc[r + 1] * rf[r] * (1 - rf[r])
        deltas["zo"][r] = deltas["h"][r] * rct[r] * ro[r] * (1 - ro[r])
        deltas["zg"][r] = deltas["c"][r] * ri[r] * (1 - rg[r] ** 2)
    grads = {"V": err.T @ rh[:n]}
    for gate in "ifog":
        grads["W" + gate] = deltas["z" + gate].T @ rh[1:]
        grads["U" + gate] = np.zeros_like(params["U" + gate])
        for r in range(n):
            grads["U" + gate][:, rx[r]] += deltas["z" + gate][r]
    return grads, {name: np.flip(rows, axis=0) for name, rows in deltas.items()}
