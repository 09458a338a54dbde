# LSTM gradient. Translated from my old F77 routines LSTMF / LSTMB.
# Vectors are handled by numpy, the weight gradients by explicit loops.
import math
import numpy as np


def logist(z):
    return np.array([1.0 / (1.0 + math.exp(-zk)) for zk in z])


def lstmf(p, x, h0, c0):
    """Forward. Row 0 of HH, CC is the start, row it+1 is the value after step it."""
    nt = len(x)
    nv, nh = p["V"].shape
    hh = np.zeros((nt + 1, nh))
    cc = np.zeros((nt + 1, nh))
    ai = np.zeros((nt, nh))
    af = np.zeros((nt, nh))
    ao = np.zeros((nt, nh))
    ag = np.zeros((nt, nh))
    pr = np.zeros((nt, nv))
    if h0 is not None:
        hh[0, :] = h0
    if c0 is not None:
        cc[0, :] = c0
    for it in range(nt):
        ix = x[it]
        ai[it, :] = logist(p["Wi"].dot(hh[it]) + p["Ui"][:, ix])
        af[it, :] = logist(p["Wf"].dot(hh[it]) + p["Uf"][:, ix])
        ao[it, :] = logist(p["Wo"].dot(hh[it]) + p["Uo"][:, ix])
        ag[it, :] = np.tanh(p["Wg"].dot(hh[it]) + p["Ug"][:, ix])
        cc[it + 1, :] = af[it] * cc[it] + ai[it] * ag[it]
        hh[it + 1, :] = ao[it] * np.tanh(cc[it + 1])
        s = p["V"].dot(hh[it + 1])
        e = np.exp(s - max(s))
        pr[it, :] = e / sum(e)
    return hh, cc, ai, af, ao, ag, pr


def accum(ga, d, v):
    """GA(j,k) = sum over it of D(it,j) * V(it,k)"""
    nt = d.shape[0]
    for it in range(nt):
        for j in range(ga.shape[0]):
            for k in range(ga.shape[1]):
                ga[j, k] = ga[j, k] + d[it, j] * v[it, k]


def accumx(ga, d, x):
    """same for one-hot input: only column x(it) is touched"""
    for it in range(d.shape[0]):
        for j in range(ga.shape[0]):
            ga[j, x[it]] = ga[j, x[it]] + d[it, j]


def backward(params, x, targets, h0=None, c0=None):
    p = params
    hh, cc, ai, af, ao, ag, pr = lstmf(p, x, h0, c0)
    nt, nh = ai.shape
    dz = {}
    for gate in ("i", "f", "o", "g"):
        dz[gate] = np.zeros((nt, nh))
    ds = np.zeros(pr.shape)

    # first sweep: all the deltas, last step first
    dc = np.zeros(nh)
    dhrec = np.zeros(nh)
    for it in range(nt - 1, -1, -1):
        ds[it, :] = pr[it]
        ds[it, targets[it]] = ds[it, targets[it]] - 1.0
        dh = p["V"].T.dot(ds[it]) + dhrec
        th = np.tanh(cc[it + 1])
        dc = dc + dh * ao[it] * (1.0 - th * th)
        dz["o"][it, :] = dh * th * ao[it] * (1.0 - ao[it])
        dz["i"][it, :] = dc * ag[it] * ai[it] * (1.0 - ai[it])
        dz["f"][it, :] = dc * cc[it] * af[it] * (1.0 - af[it])
        dz["g"][it, :] = dc * ai[it] * (1.0 - ag[it] * ag[it])
        dc = dc * af[it]
        dhrec = np.zeros(nh)
        for gate in ("i", "f", "o", "g"):
            dhrec = dhrec + p["W" + gate].T.dot(dz[gate][it])

    # second sweep: weight gradients
    grad = {}
    for name in p.keys():
        grad[name] = np.zeros(p[name].shape)
    accum(grad["V"], ds, hh[1:])
    for gate in ("i", "f", "o", "g"):
        accum(grad["W" + gate], dz[gate], hh[:nt])
        accumx(grad["U" + gate], dz[gate], x)
    return grad
