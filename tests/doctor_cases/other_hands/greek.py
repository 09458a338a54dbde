import numpy as np
import lstm_teach as lt


def backward(params, x, targets, h0=None, c0=None):
    """Adjoint recursion.

    λ = dL/dh (adjoint of the output), μ = dL/dc (adjoint of the cell),
    δ = dL/dz for each gate, ε = dL/dscores.
    """
    θ = params
    ψ = lt.forward(θ, x, h0, c0)
    τ = len(x)
    ν, η = θ.V.shape
    ι, φ, ω, γ = ψ.i, ψ.f, ψ.o, ψ.g
    χ, κ, ρ = ψ.h, ψ.c, ψ.ct

    ε = np.array(ψ.y)
    ε[np.arange(τ), targets] -= 1

    Λ = {k: np.zeros(θ[k].shape) for k in θ.keys()}
    Λ["V"] = np.einsum("tk,tn->kn", ε, χ[:τ])

    σʹ = lambda s: s * (1 - s)
    θʹ = lambda s: 1 - s**2

    # terminal conditions
    ζ = np.zeros(η)
    μ = np.zeros(η)
    for t in range(τ - 1, -1, -1):
        λ = np.einsum("kn,k->n", θ.V, ε[t]) + ζ
        μ = μ + λ * ω[t] * θʹ(ρ[t])
        δ = {
            "i": μ * γ[t] * σʹ(ι[t]),
            "f": μ * κ[t - 1] * σʹ(φ[t]),
            "o": λ * ρ[t] * σʹ(ω[t]),
            "g": μ * ι[t] * θʹ(γ[t]),
        }
        ζ = np.zeros(η)
        for α in "ifog":
            Λ["W" + α] += np.einsum("m,n->mn", δ[α], χ[t - 1])
            Λ["U" + α][:, x[t]] += δ[α]
            ζ += np.einsum("mn,m->n", θ["W" + α], δ[α])
        μ = μ * φ[t]
    return Λ
