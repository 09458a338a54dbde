"""The forward pass and the loss. Imports params, and softmax from plain."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from lstm_teach import validate
from lstm_teach.params import Params
from lstm_teach.plain import softmax
from lstm_teach.validate import State, Tokens


@dataclass(frozen=True, eq=False)
class Cache:
    """Everything that the forward pass computed, for the backward pass to use.

        x                    (T,)             token ids
        zi zf zo zg          (T, H)           pre-activations
        i f o g              (T+1, H)         gates and candidate; the last row is unused and zero
        c ct h               (T+1, H)         cell, its tanh, hidden state; the last row is the initial state
        scores               (T, vocab_size)  V h[t], before the softmax
        y                    (T, vocab_size)  probabilities of the next token

    Row -1 of c, ct and h holds the initial state, so that `c[t-1]` and `h[t-1]` are right at t = 0 too.
    `z` (T, 4H) and `gates` (T+1, 4H) are the stacked arrays of which zi.. and i.. are views.
    With a batch of parameters (see `Params`) every array has the batch axes after the first one. If `x` holds several
    sequences side by side, (T, B), as in training, the axis B comes after those.
    """

    x: np.ndarray
    z: np.ndarray
    gates: np.ndarray
    c: np.ndarray
    ct: np.ndarray
    h: np.ndarray
    scores: np.ndarray
    y: np.ndarray

    zi, zf, zo, zg = (property(lambda self, row=row: gate_rows(self.z, row)) for row in range(4))
    i, f, o, g = (property(lambda self, row=row: gate_rows(self.gates, row)) for row in range(4))


def gate_rows(stacked: np.ndarray, row: int) -> np.ndarray:
    """The view of one gate (0 i, 1 f, 2 o, 3 g) in an array whose last axis is 4H long."""
    H = stacked.shape[-1] // 4
    return stacked[..., row * H : (row + 1) * H]


def forward(params: Params, x: Tokens, h0: State = None, c0: State = None) -> Cache:
    """Run the LSTM over the token ids `x` (T,), from the initial state h0, c0 (H,), zeros where None.

    At every step (Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000, without bias vectors):

        i, f, o = sigmoid(z_i), sigmoid(z_f), sigmoid(z_o)     z = U[:, x[t]] + W h[t-1]
        g       = tanh(z_g)
        c[t]    = f * c[t-1] + i * g
        h[t]    = o * tanh(c[t])
        y[t]    = softmax(V h[t])

    Raises ValueError or TypeError for a token out of range, an empty sequence, a state of the wrong shape.
    """
    check_params(params)
    return run(params, validate.tokens("x", x, params.vocab_size), h0, c0)


def run(params: Params, x: np.ndarray, h0: State = None, c0: State = None) -> Cache:
    """Do what `forward` does, for callers that have checked `params` and `x` already; `x` may be (T, B)."""
    T, H, lead, dtype = len(x), params.hidden_size, params.flat.shape[:-1] + x.shape[1:], params.flat.dtype

    gates = np.zeros((T + 1, *lead, 4 * H), dtype)
    c, ct, h = (np.empty((T + 1, *lead, H), dtype) for _ in range(3))
    h[-1] = validate.state("h0", h0, H, dtype)
    c[-1] = validate.state("c0", c0, H, dtype)
    ct[-1] = np.tanh(c[-1])

    # sigmoid(z) = 1/2 + tanh(z/2)/2: one tanh serves all four gates, and it can't overflow as exp(-z) can.
    factor = np.repeat(np.array([0.5, 0.5, 0.5, 1.0], dtype), H)
    shift = 1 - factor
    W_times = partial(_times, params.W, x) if lead else params.W.dot  # dot is faster, but can't take batches
    z = np.moveaxis(params.U, -1, 0).take(x, axis=0)  # U times a one-hot vector is a column of U
    z = np.moveaxis(z, 1, -2) if x.ndim > 1 else z
    i, f, o, g = (gate_rows(gates, row) for row in range(4))
    h_before, c_before = h[-1], c[-1]
    for z_t, gates_t, i_t, f_t, o_t, g_t, c_t, ct_t, h_t in zip(z, gates, i, f, o, g, c, ct, h, strict=False):
        z_t += W_times(h_before)
        np.multiply(factor, z_t, gates_t)  # the last argument receives the result
        np.tanh(gates_t, gates_t)
        gates_t *= factor
        gates_t += shift
        np.multiply(f_t, c_before, c_t)
        c_t += i_t * g_t
        np.tanh(c_t, ct_t)
        np.multiply(o_t, ct_t, h_t)
        h_before, c_before = h_t, c_t
    scores = _times(params.V, x, h[:-1])
    return Cache(x, z, gates, c, ct, h, scores, softmax(scores))


def _times(matrix: np.ndarray, x: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """The matrix of each net times its vectors: one at each step, or one for each sequence if `x` holds several."""
    return vectors @ matrix.mT if x.ndim > 1 else np.matvec(matrix, vectors)


def run_checked(
    params: Params, x: Tokens, targets: Tokens, h0: State, c0: State, one_net: bool = True
) -> tuple[Cache, np.ndarray]:
    """The forward pass, and the targets as an array; raises for a bad argument."""
    check_params(params, one_net=one_net)
    x, targets = validate.sequence_pair(x, targets, params.vocab_size)
    return run(params, x, h0, c0), targets


def loss(params: Params, x: Tokens, targets: Tokens, h0: State = None, c0: State = None) -> float:
    """The sum (not the mean) over t of the cross-entropy -log y[t, targets[t]], in nats.

    With a batch of parameters the result is an array with one loss per net.
    """
    cache, targets = run_checked(params, x, targets, h0, c0, one_net=False)
    total = cross_entropy(cache.scores, targets).sum(0)
    return total if total.ndim else total.item()


def cross_entropy(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """-log softmax(scores)[target] of every step, (T,): -log(y) would be infinite where a probability rounds to 0.

    For many sequences and several nets, scores (T, N, B, vocab_size) go with targets (T, B); see batch.py.
    """
    highest = scores.real.max(-1)
    log_sum = highest + np.log(np.exp(scores - highest[..., None]).sum(-1))
    return log_sum - scores[at_targets(scores, targets)]


def at_targets(array: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, ...]:
    """The index of every step's own target in an array (T, ..., vocab_size)."""
    of_each_net = targets.reshape(len(targets), *[1] * (array.ndim - 1 - targets.ndim), *targets.shape[1:])
    return (*np.indices(array.shape[:-1], sparse=True), of_each_net)


def check_params(params: Params, kind: type = Params, called: str = "a Params", one_net: bool = False) -> None:
    """Raise unless `params` is a `Params` of finite numbers; with `one_net`, of real numbers and without batch axes."""
    validate.instance("params", params, kind, called)
    if not np.isfinite(params.flat).all():
        name = next(name for name, matrix in params.items() if not np.isfinite(matrix).all())
        raise ValueError(f"params must be finite, got a NaN or an infinity in {name}.")
    if one_net and params.flat.ndim > 1:
        raise ValueError(f"params must be one net, got a batch of them (flat has the shape {params.flat.shape}).")
    if one_net and params.flat.dtype.kind == "c":
        raise TypeError(f"params must hold real numbers, got an array of dtype {params.flat.dtype}.")
