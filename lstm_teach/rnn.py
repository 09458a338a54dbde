"""A vanilla RNN with the LSTM's interface, for comparison: h[t] = tanh(U[:, x[t]] + W h[t-1]), y[t] = softmax(V h[t]).

Imports from params, plain, forward and backward what the two nets have in common.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from lstm_teach import validate
from lstm_teach.backward import before, one_hot
from lstm_teach.forward import check_params, cross_entropy
from lstm_teach.params import Params as LSTMParams
from lstm_teach.params import normal_numbers
from lstm_teach.plain import score_deltas, softmax
from lstm_teach.validate import State, Tokens


class Params:
    """The three matrices as views of one flat vector; a gradient is an `rnn.Params` too.

    V   (vocab_size, H)   output weights, scores = V h[t]
    W   (H, H)            recurrent weights, act on h[t-1]
    U   (H, vocab_size)   input weights, column x[t] is picked
    """

    NAMES = ("V", "W", "U")

    def __init__(self, vocab_size: int, hidden_size: int, flat: np.ndarray | None = None):
        K = self.vocab_size = validate.whole_number("vocab_size", vocab_size)
        H = self.hidden_size = validate.whole_number("hidden_size", hidden_size)
        n = H * (2 * K + H)
        validate.room("a net", n, vocab_size=K, hidden_size=H)
        self.flat = np.zeros(n) if flat is None else flat
        if not isinstance(self.flat, np.ndarray) or self.flat.dtype.kind not in "fc" or self.flat.shape != (n,):
            raise ValueError(f"flat must be an array of {n} floating-point numbers, got {validate.brief(flat)}.")
        self.V = self.flat[: K * H].reshape(K, H)
        self.W = self.flat[K * H : -H * K].reshape(H, H)
        self.U = self.flat[-H * K :].reshape(H, K)

    @classmethod
    def random(cls, vocab_size: int, hidden_size: int, seed: int = 0, scale: float = 0.8) -> Self:
        """Draw every weight from a normal distribution with mean 0 and standard deviation `scale`."""
        params = cls(vocab_size, hidden_size)
        params.flat[:] = normal_numbers(params.flat.size, seed, scale)
        return params

    __getitem__, items = LSTMParams.__getitem__, LSTMParams.items

    def __repr__(self) -> str:
        return f"rnn.Params(vocab_size={self.vocab_size}, hidden_size={self.hidden_size}, {self.flat.size} numbers)"


@dataclass(frozen=True, eq=False)
class Cache:
    """What the forward pass computed: x (T,), h (T+1, H), initial state in row -1, scores and y (T, vocab_size)."""

    x: np.ndarray
    h: np.ndarray
    scores: np.ndarray
    y: np.ndarray


@dataclass(frozen=True, repr=False, eq=False)
class GradientFlow:
    """Norms (T, T) of the deltas of each loss: `dh[s, t]` is |dL_s/dh[t]|; 0 where t > s."""

    dh: np.ndarray


def forward(params: Params, x: Tokens, h0: State = None) -> Cache:
    """Run the RNN over the token ids `x` (T,), from the initial state h0 (H,), zeros where None.

    Raises ValueError or TypeError for a token out of range, an empty sequence, a state of the wrong shape.
    """
    check_params(params, Params, "an rnn.Params")
    x = validate.tokens("x", x, params.vocab_size)
    h = np.empty((len(x) + 1, params.hidden_size), params.flat.dtype)
    h[-1] = validate.state("h0", h0, params.hidden_size, params.flat.dtype)
    for t in range(len(x)):
        h[t] = np.tanh(params.U[:, x[t]] + params.W @ h[t - 1])
    scores = h[:-1] @ params.V.T
    return Cache(x, h, scores, softmax(scores))


def loss(params: Params, x: Tokens, targets: Tokens, h0: State = None) -> float:
    """The sum (not the mean) over t of the cross-entropy -log y[t, targets[t]], in nats."""
    cache, targets = _run(params, x, targets, h0)
    return cross_entropy(cache.scores, targets).sum().item()


def bptt(params: Params, x: Tokens, targets: Tokens, h0: State = None) -> Params:
    """The gradient of `loss`, in one pass from the last step to the first; one delta is carried.

        dh = V' dy[t] + dh_future        dz = dh * (1 - h[t]**2)        dh_future = W' dz   (for step t-1)

    Raises as `loss` does.
    """
    cache, targets = _run(params, x, targets, h0)
    T, H = len(cache.x), params.hidden_size
    slope = 1 - cache.h[:-1] ** 2
    dy = score_deltas(cache, targets)
    dh_loss = dy @ params.V
    dh_future, dz = np.zeros(H), np.empty((T, H))
    for t in reversed(range(T)):
        dz[t] = (dh_loss[t] + dh_future) * slope[t]
        dh_future = params.W.T @ dz[t]
    grads = Params(params.vocab_size, H)
    grads.V[...] = dy.T @ cache.h[:-1]
    grads.W[...] = dz.T @ before(cache.h)
    grads.U[...] = dz.T @ one_hot(cache.x, params.vocab_size)
    return grads


def gradient_flow(params: Params, x: Tokens, targets: Tokens, h0: State = None) -> GradientFlow:
    """What every single loss sends back to every step, as `lstm_teach.gradient_flow` does for the LSTM."""
    cache, targets = _run(params, x, targets, h0)
    T, H = len(cache.x), params.hidden_size
    slope = 1 - cache.h[:-1] ** 2
    start = score_deltas(cache, targets) @ params.V
    dh, dz = np.zeros((T, T, H)), np.zeros((T, T, H))  # (step, loss, unit), so that the losses s >= t lie together
    for t in reversed(range(T)):
        dh[t, t] = start[t]
        if t + 1 < T:
            np.matmul(dz[t + 1, t + 1 :], params.W, out=dh[t, t + 1 :])
        np.multiply(dh[t, t:], slope[t], out=dz[t, t:])
    return GradientFlow(np.sqrt(np.vecdot(dh, dh)).T)


def _run(params: Params, x: Tokens, targets: Tokens, h0: State) -> tuple[Cache, np.ndarray]:
    """The forward pass, once both sequences have been looked at, and the targets as an array."""
    check_params(params, Params, "an rnn.Params")
    x, targets = validate.sequence_pair(x, targets, params.vocab_size)
    return forward(params, x, h0), targets
