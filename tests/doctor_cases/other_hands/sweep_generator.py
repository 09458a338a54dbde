"""BPTT as a generator of deltas; weight gradients by einsum afterwards."""
import numpy as np

import lstm_teach as lt


def backwards_in_time(*arrays):
    for rows in zip(*(a[::-1] for a in arrays)):
        yield rows


def delta_stream(Wstack, inject, I, F, O, G, S, Cm):
    """yields dz of step T-1, T-2, ..., 0, each of shape (4, H) in the order g, i, f, o"""
    hidden_dim = inject.shape[1]
    dz = np.zeros((4, hidden_dim))
    eps_c = np.zeros(hidden_dim)
    f_later = np.zeros(hidden_dim)
    for inj, i, f, o, g, s, cm in backwards_in_time(inject, I, F, O, G, S, Cm):
        eps_h = inj + np.einsum("kab,ka->b", Wstack, dz)
        eps_c = eps_c * f_later + eps_h * o * (1 - s**2)
        dz = np.stack(
            [
                eps_c * i * (1 - g**2),
                eps_c * g * i * (1 - i),
                eps_c * cm * f * (1 - f),
                eps_h * s * o * (1 - o),
            ]
        )
        f_later = f
        yield dz


def backward(params, x, targets, h0=None, c0=None):
    cache = lt.forward(params, x, h0, c0)
    N = len(cache.x)
    onehot_in = np.eye(params.Ui.shape[1])[cache.x]
    onehot_out = np.eye(params.V.shape[0])[np.asarray(targets)]
    err = cache.y - onehot_out

    hm = np.vstack((cache.h[-1:], cache.h[: N - 1]))
    cm = np.vstack((cache.c[-1:], cache.c[: N - 1]))
    Wstack = np.stack([params.Wg, params.Wi, params.Wf, params.Wo])
    inject = np.einsum("tk,kh->th", err, params.V)
    stream = delta_stream(Wstack, inject, cache.i[:N], cache.f[:N], cache.o[:N], cache.g[:N], cache.ct[:N], cm)
    deltas = np.array(list(stream))[::-1]

    dW = np.einsum("tka,tb->kab", deltas, hm)
    dU = np.einsum("tka,tv->kav", deltas, onehot_in)
    dV = np.einsum("tk,th->kh", err, cache.h[:N])
    out = {"V": dV}
    for k, name in enumerate(["g", "i", "f", "o"]):
        out["W" + name] = dW[k]
        out["U" + name] = dU[k]
    return out
