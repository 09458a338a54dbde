# My Flux/Zygote toy LSTM in numpy. Every layer returns (value, pullback), as rrule does.
# Gate tuples are always (i, f, o, g); Δa is the cotangent of a.
import numpy as np

σ = lambda z: 1 / (1 + np.exp(-z))
onehot = lambda k, n: (np.arange(n) == k).astype(float)
outer = lambda a, b: a[:, None] * b[None, :]       # a * b'
plus = lambda xs, ys: tuple(x + y for x, y in zip(xs, ys))


def cell(Ws, Us, state, k):
    h, c = state
    acts = (σ, σ, σ, np.tanh)
    i, f, o, g = (φ(W @ h + U[:, k]) for φ, W, U in zip(acts, Ws, Us))
    c1 = f * c + i * g
    s = np.tanh(c1)

    def pullback(Δh, Δc):
        Δc1 = Δc + Δh * o * (1 - s**2)
        δs = (
            Δc1 * g * i * (1 - i),
            Δc1 * c * f * (1 - f),
            Δh * s * o * (1 - o),
            Δc1 * i * (1 - g**2),
        )
        ΔWs = tuple(outer(δ, h) for δ in δs)
        ΔUs = tuple(outer(δ, onehot(k, U.shape[1])) for δ, U in zip(δs, Us))
        # vec(sum(W .* δ, dims=1)) for each gate
        Δh_prev = sum((W * δ[:, None]).sum(axis=0) for W, δ in zip(Ws, δs))
        return ΔWs + ΔUs, (Δh_prev, Δc1 * f)

    return (o * s, c1), pullback


def logitcrossentropy(V, h, k):
    a = V @ h
    e = np.exp(a - a.max())
    p = e / e.sum()

    def pullback():
        Δa = p - onehot(k, len(p))
        return outer(Δa, h), Δa @ V

    return -np.log(p[k]), pullback


def backward(params, x, targets, h0=None, c0=None):
    V = params["V"]
    Ws = tuple(params[n] for n in ("Wi", "Wf", "Wo", "Wg"))
    Us = tuple(params[n] for n in ("Ui", "Uf", "Uo", "Ug"))
    T, H = len(x), V.shape[1]
    init = lambda s: np.zeros(H) if s is None else np.asarray(s)

    def join(back_cell, back_loss, Δstate):
        Δh, Δc = Δstate
        ΔV, Δh_loss = back_loss()
        Δθ, Δprev = back_cell(Δh + Δh_loss, Δc)
        return (ΔV, *Δθ), Δprev

    state, total, tape = (init(h0), init(c0)), 0.0, []
    for xt, yt in zip(x, targets):
        state, back_cell = cell(Ws, Us, state, xt)
        loss, back_loss = logitcrossentropy(V, state[0], yt)
        total += loss
        tape.append(lambda Δ, bc=back_cell, bl=back_loss: join(bc, bl, Δ))

    grads = tuple(np.zeros_like(θ) for θ in (V, *Ws, *Us))
    Δstate = (np.zeros(H), np.zeros(H))
    for t in range(T - 1, -1, -1):
        Δθ, Δstate = tape[t](Δstate)
        grads = plus(grads, Δθ)
    return grads
