import numpy as np

import lstm_teach as lt

# Julia habits: time runs along the columns, Greek letters, one fused gate matrix (rows g, i, f, o)


def fuse(θ, letter):
    return np.vstack([getattr(θ, letter + k) for k in "gifo"])


def split(M, n):
    return M[:n], M[n : 2 * n], M[2 * n : 3 * n], M[3 * n :]


def shifted(S):
    """Column t of the result is column t-1 of S, and the initial state (last column of S) comes first."""
    return np.hstack([S[:, -1:], S[:, :-2]])


def backward(θ, x, targets, h0=None, c0=None):
    fw = lt.forward(θ, x, h0, c0)
    τ, n = len(x), θ.Wi.shape[0]
    Γ = np.hstack([fw.g, fw.i, fw.f, fw.o])[:-1].T
    γ, ι, φ, ω = split(Γ, n)
    κ, χ = fw.ct[:-1].T, fw.h[:-1].T
    χ_, κ_ = shifted(fw.h.T), shifted(fw.c.T)
    W = fuse(θ, "W")

    δy = fw.y.T.copy()
    δy[targets, np.arange(τ)] -= 1
    δχ = θ.V.T @ δy

    # slopes of the nonlinearities, all steps at once
    σ1 = Γ * (1 - Γ)
    σ1[:n] = 1 - γ**2
    ρ = ω * (1 - κ**2)

    δz = np.zeros((4 * n, τ))
    δc = np.zeros(n)
    for t in range(τ - 1, -1, -1):
        δh = δχ[:, t]
        if t < τ - 1:
            δh = δh + W.T @ δz[:, t + 1]
            δc = δc * φ[:, t + 1]
        δc = δc + δh * ρ[:, t]
        δz[:n, t] = δc * ι[:, t]
        δz[n : 2 * n, t] = δc * γ[:, t]
        δz[2 * n : 3 * n, t] = δc * κ_[:, t]
        δz[3 * n :, t] = δh * κ[:, t]
        δz[:, t] *= σ1[:, t]

    ΔV = np.einsum("vt,nt->vn", δy, χ)
    ΔW = np.einsum("rt,nt->rn", δz, χ_)
    ΔU = np.zeros((4 * n, θ.V.shape[0]))
    for t, token in enumerate(x):
        ΔU[:, token] += δz[:, t]

    Wg, Wi, Wf, Wo = split(ΔW, n)
    Ug, Ui, Uf, Uo = split(ΔU, n)
    return dict(V=ΔV, Wi=Wi, Wf=Wf, Wo=Wo, Wg=Wg, Ui=Ui, Uf=Uf, Uo=Uo, Ug=Ug)
