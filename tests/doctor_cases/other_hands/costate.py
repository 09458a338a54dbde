# Phase-space picture: psi = (h, c), a 2H-dimensional state with the map psi_t = Phi(psi_{t-1}, x_t).
# Pontryagin: the costate obeys  p_{t-1} = M_t^T p_t + source,  M_t = dPhi/dpsi the tangent map,
# and dE/dW is the costate contracted with dPhi/dW.
import numpy as np
import lstm_teach as lt


def response(cache, t):
    """d(h, c)/dz for the four gates, as diagonals: R_h[gate], R_c[gate], plus dh/dc and dc/dc_prev."""
    i, f, o, g = cache.i[t], cache.f[t], cache.o[t], cache.g[t]
    sech2 = 1 - cache.ct[t] ** 2
    chi = o * sech2
    R_c = {
        "i": g * i * (1 - i),
        "f": cache.c[t - 1] * f * (1 - f),
        "o": np.zeros_like(o),
        "g": i * (1 - g ** 2),
    }
    R_h = {a: chi * R_c[a] for a in "ifg"}
    R_h["o"] = cache.ct[t] * o * (1 - o)
    return R_h, R_c, chi, f


def tangent_map(params, R_h, R_c, chi, f):
    H = len(f)
    M = np.zeros((2 * H, 2 * H))
    for a in "ifog":
        M[:H, :H] += R_h[a][:, None] * params["W" + a]
        M[H:, :H] += R_c[a][:, None] * params["W" + a]
    M[:H, H:] = np.diag(chi * f)
    M[H:, H:] = np.diag(f)
    return M


def backward(params, x, targets, h0=None, c0=None):
    cache = lt.forward(params, x, h0, c0)
    T, H = len(x), params.Wi.shape[0]
    K = params.V.shape[0]
    force = np.eye(K)[np.asarray(targets)] - cache.y      # minus dE/dscores
    grad = {k: np.zeros_like(params[k]) for k in params.keys()}

    p = np.zeros(2 * H)
    for t in range(T - 1, -1, -1):
        p[:H] -= force[t] @ params.V
        R_h, R_c, chi, f = response(cache, t)
        p_h, p_c = p[:H], p[H:]
        for a in "ifog":
            torque = p_h * R_h[a] + p_c * R_c[a]
            grad["W" + a] += np.einsum("i,j->ij", torque, cache.h[t - 1])
            grad["U" + a][:, x[t]] += torque
        grad["V"] -= np.einsum("i,j->ij", force[t], cache.h[t])
        p = tangent_map(params, R_h, R_c, chi, f).T @ p
    return grad
