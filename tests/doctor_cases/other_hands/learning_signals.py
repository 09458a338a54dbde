import numpy as np

import lstm_teach as lt

# Notation as in the lab's wiki: L = learning signal arriving at a quantity,
# "soma" = cell state, "rate" = hidden output, "drive" = pre-activation.
POPULATIONS = ["i", "f", "o", "g"]


def nonlinearity_slope(pop, activity):
    if pop == "g":
        return 1 - activity * activity
    return activity * (1 - activity)


def shifted(trace):
    """trace[t-1] for every t; the last row of the library's arrays is the initial state"""
    return np.roll(trace, 1, axis=0)[:-1]


def backward(params, x, targets, h0=None, c0=None):
    sim = lt.forward(params, x, h0, c0)
    n_steps = len(sim.x)
    n_cells = sim.h.shape[1]
    act = {pop: getattr(sim, pop)[:n_steps] for pop in POPULATIONS}
    slope = {pop: nonlinearity_slope(pop, act[pop]) for pop in POPULATIONS}
    soma_prev = shifted(sim.c)
    rate_prev = shifted(sim.h)
    squash = sim.ct[:n_steps]

    readout_error = np.array(sim.y)
    readout_error[np.arange(n_steps), targets] -= 1
    L_rate = readout_error @ params.V
    L_soma = np.zeros((n_steps, n_cells))
    L_drive = {pop: np.zeros((n_steps, n_cells)) for pop in POPULATIONS}

    for t in reversed(range(n_steps)):
        if t < n_steps - 1:
            for pop in POPULATIONS:
                L_rate[t] += L_drive[pop][t + 1] @ params["W" + pop]
            L_soma[t] += L_soma[t + 1] * act["f"][t + 1]
        L_soma[t] += L_rate[t] * act["o"][t] * (1 - squash[t] ** 2)
        partner = {"i": act["g"][t], "f": soma_prev[t], "g": act["i"][t]}
        for pop in partner:
            L_drive[pop][t] = L_soma[t] * partner[pop] * slope[pop][t]
        L_drive["o"][t] = L_rate[t] * squash[t] * slope["o"][t]

    synapses = {"V": readout_error.T @ sim.h[:n_steps]}
    for pop in POPULATIONS:
        synapses["W" + pop] = L_drive[pop].T @ rate_prev
        afferent = np.zeros_like(params["U" + pop])
        np.add.at(afferent.T, sim.x, L_drive[pop])
        synapses["U" + pop] = afferent
    return synapses
