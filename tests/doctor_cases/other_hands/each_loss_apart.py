import numpy as np

import lstm_teach as lt

# Credit assignment, one error at a time: for every time s at which an error occurs we follow
# that error back to all earlier times (quadratic in T, but easy to inspect: credit[s, t]).


def split_credit(lam_h, lam_c, t, net):
    """Credit of the four gates' drives at time t, given what arrives at h[t] and c[t]."""
    i, f, o, g = net.i[t], net.f[t], net.o[t], net.g[t]
    lam_c = lam_c + lam_h * o * (1 - net.ct[t] ** 2)
    drive_i = lam_c * g * (i - i**2)
    drive_f = lam_c * net.c[t - 1] * (f - f**2)
    drive_o = lam_h * net.ct[t] * (o - o**2)
    drive_g = lam_c * i * (1 - g**2)
    return (drive_i, drive_f, drive_o, drive_g), lam_c


def one_step_earlier(drives, lam_c, t, net, params):
    drive_i, drive_f, drive_o, drive_g = drives
    lam_h = drive_i @ params.Wi
    lam_h = lam_h + drive_f @ params.Wf
    lam_h = lam_h + drive_o @ params.Wo
    lam_h = lam_h + drive_g @ params.Wg
    return lam_h, lam_c * net.f[t]


def backward(params, x, targets, h0=None, c0=None):
    net = lt.forward(params, x, h0, c0)
    n_times, n_units = len(x), net.h.shape[-1]
    credit = np.zeros((n_times, n_times, 4, n_units))
    gV = np.zeros(params.V.shape)

    for s in range(n_times):
        surprise = -net.y[s]
        surprise[targets[s]] += 1
        gV -= np.outer(surprise, net.h[s])
        lam_h = -surprise @ params.V
        lam_c = np.zeros(n_units)
        for t in range(s, -1, -1):
            drives, lam_c = split_credit(lam_h, lam_c, t, net)
            credit[s, t] = drives
            lam_h, lam_c = one_step_earlier(drives, lam_c, t, net, params)

    total = credit.sum(axis=0)
    result = lt.Params.zeros(params.V.shape[0], n_units)
    result.V = gV
    for k, gate in enumerate("ifog"):
        for t in range(n_times):
            result["W" + gate][:] += np.outer(total[t, k], net.h[t - 1])
            result["U" + gate][:, x[t]] += total[t, k]
    return result
