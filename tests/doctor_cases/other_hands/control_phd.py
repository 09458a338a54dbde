import numpy as np


def _sat(v):
    return 1.0 / (1.0 + np.exp(-v))


def simulate(params, u, s0):
    """Roll the nonlinear state-space model forward; the trajectory is a dict {k: state}."""
    traj = {-1: s0}
    for k, uk in enumerate(u):
        past = traj[k - 1]
        s = {}
        s["i"] = _sat(params.Wi.dot(past["h"]) + params.Ui[:, uk])
        s["f"] = _sat(params.Wf.dot(past["h"]) + params.Uf[:, uk])
        s["o"] = _sat(params.Wo.dot(past["h"]) + params.Uo[:, uk])
        s["g"] = np.tanh(params.Wg.dot(past["h"]) + params.Ug[:, uk])
        s["c"] = s["f"] * past["c"] + s["i"] * s["g"]
        s["phi"] = np.tanh(s["c"])
        s["h"] = s["o"] * s["phi"]
        w = params.V.dot(s["h"])
        w = np.exp(w - np.max(w))
        s["y"] = w / np.sum(w)
        traj[k] = s
    return traj


def backward(params, x, targets, h0=None, c0=None):
    n = params.Wi.shape[0]
    s0 = {"h": np.zeros(n) if h0 is None else h0, "c": np.zeros(n) if c0 is None else c0}
    traj = simulate(params, x, s0)
    N = len(x)

    J = {key: np.zeros(params[key].shape) for key in params.keys()}
    costate = {"h": np.zeros(n), "c": np.zeros(n)}  # lambda at N, free terminal state
    for k in reversed(range(N)):
        s, past = traj[k], traj[k - 1]

        e = np.array(s["y"])
        e[targets[k]] -= 1.0
        J["V"] += e[:, None] * s["h"][None, :]

        lam = {}
        lam["h"] = costate["h"] + params.V.T.dot(e)
        lam["c"] = costate["c"] + lam["h"] * s["o"] * (1 - s["phi"] ** 2)

        mu = {}  # multipliers of the pre-activations
        mu["o"] = lam["h"] * s["phi"] * s["o"] * (1 - s["o"])
        mu["f"] = lam["c"] * past["c"] * s["f"] * (1 - s["f"])
        mu["i"] = lam["c"] * s["g"] * s["i"] * (1 - s["i"])
        mu["g"] = lam["c"] * s["i"] * (1 - s["g"] ** 2)

        # adjoint recursion
        costate = {"h": np.zeros(n), "c": lam["c"] * s["f"]}
        for gate in mu:
            costate["h"] += params["W" + gate].T.dot(mu[gate])
            J["W" + gate] += mu[gate][:, None] * past["h"][None, :]
            J["U" + gate][:, x[k]] += mu[gate]
    return J
