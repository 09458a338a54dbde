"""
LSTM gradient, with the whole run kept in ONE record array (one record = one time step).
I come from Fortran/IDL, so I like my derived types.
"""
import numpy as np


def record_type(H, K):
    return np.dtype([("x", int), ("y", int),
                     ("i", float, (H,)), ("f", float, (H,)), ("o", float, (H,)), ("g", float, (H,)),
                     ("c", float, (H,)), ("h", float, (H,)),
                     ("p", float, (K,))])


def sigm(a):
    return 0.5 * (1.0 + np.tanh(0.5 * a))


def simulate(prm, x, y, h, c):
    K, H = prm["V"].shape
    run = np.recarray(len(x), dtype=record_type(H, K))
    for t, (xt, yt) in enumerate(zip(x, y)):
        i = sigm(prm["Wi"] @ h + prm["Ui"][:, xt])
        f = sigm(prm["Wf"] @ h + prm["Uf"][:, xt])
        o = sigm(prm["Wo"] @ h + prm["Uo"][:, xt])
        g = np.tanh(prm["Wg"] @ h + prm["Ug"][:, xt])
        c = f * c + i * g
        h = o * np.tanh(c)
        p = np.exp(prm["V"] @ h)
        run[t] = (xt, yt, i, f, o, g, c, h, p / p.sum())
    return run


def backward(params, x, targets, h0=None, c0=None):
    K, H = params["V"].shape
    if h0 is None:
        h0 = np.zeros(H)
    if c0 is None:
        c0 = np.zeros(H)
    run = simulate(params, x, targets, h0, c0)

    # the result is a single record as well, with the matrices as its fields
    out = np.zeros((), dtype=[(name, float, params[name].shape) for name in params.keys()])
    # adjoint variables of one step (a = before squashing)
    adj = np.zeros((), dtype=[("i", float, (H,)), ("f", float, (H,)), ("o", float, (H,)), ("g", float, (H,)),
                              ("c", float, (H,)), ("h", float, (H,))])

    for t in range(len(run) - 1, -1, -1):
        r = run[t]
        h_old = run[t - 1].h if t > 0 else h0
        c_old = run[t - 1].c if t > 0 else c0

        q = r.p.copy()
        q[r.y] -= 1.0
        out["V"] += q[:, None] * r.h[None, :]
        adj["h"] += params["V"].T @ q

        th = np.tanh(r.c)
        adj["c"] += adj["h"] * r.o * (1.0 - th**2)
        adj["i"] = adj["c"] * r.g * r.i * (1.0 - r.i)
        adj["f"] = adj["c"] * c_old * r.f * (1.0 - r.f)
        adj["o"] = adj["h"] * th * r.o * (1.0 - r.o)
        adj["g"] = adj["c"] * r.i * (1.0 - r.g**2)

        for gate in ("i", "f", "o", "g"):
            out["W" + gate] += adj[gate][:, None] * h_old[None, :]
            out["U" + gate][:, r.x] += adj[gate]

        # hand over to step t-1
        adj["h"] = sum(params["W" + gate].T @ adj[gate] for gate in ("i", "f", "o", "g"))
        adj["c"] = adj["c"] * r.f

    return {name: np.array(out[name]) for name in out.dtype.names}
