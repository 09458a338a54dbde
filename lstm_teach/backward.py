"""The single backward pass through time. Imports params, plain and forward."""

from dataclasses import dataclass

import numpy as np

from lstm_teach.forward import Cache, gate_rows, run_checked
from lstm_teach.params import GATES, Params
from lstm_teach.plain import score_deltas
from lstm_teach.validate import State, Tokens


@dataclass(frozen=True, eq=False)
class Deltas:
    """The total derivative dL/d(thing) for every step and everything that the forward pass computed, (T, H) each.

    `dh = dh_loss + dh_future`: from the loss of the same step, and from step t+1 through its four gates.
    `dc = dc_hidden + dc_carry`: through h of the same step, and from c of step t+1 through its forget gate.
    The last step has no future: its `dh_future` and `dc_carry` are zero.
    """

    dh: np.ndarray
    dh_loss: np.ndarray
    dh_future: np.ndarray
    dc: np.ndarray
    dc_hidden: np.ndarray
    dc_carry: np.ndarray
    di: np.ndarray
    df: np.ndarray
    do: np.ndarray
    dg: np.ndarray
    dzi: np.ndarray
    dzf: np.ndarray
    dzo: np.ndarray
    dzg: np.ndarray


def bptt(
    params: Params, x: Tokens, targets: Tokens, h0: State = None, c0: State = None, *, return_deltas: bool = False
) -> Params | tuple[Params, Deltas]:
    """The gradient of `loss` with respect to the nine matrices, in one pass from the last step to the first.

    Two deltas are carried backwards, the one of h and the one of c. At step t, with the pieces of dh and dc named as
    in `Deltas`:

        dh = V' dy[t] + dh_future         do = dh * ct[t]             dzo = do * o (1 - o)
        dc = dh * o (1 - ct[t]**2)        di = dc * g                 dzi = di * i (1 - i)
             + dc_carry                   df = dc * c[t-1]            dzf = df * f (1 - f)
                                          dg = dc * i                 dzg = dg * (1 - g**2)
        dh_future = W' dz                 dc_carry = dc * f           (for step t-1)

    where dy = y - onehot(targets), and W, dz stack the four gates. Every factor that does not depend on the future is
    computed for all steps before the loop; the weight gradients are one product each after it.

    Returns the gradient as a `Params`, or `(gradient, Deltas)` with `return_deltas=True`. Raises as `loss` does.
    """
    cache, targets = run_checked(params, x, targets, h0, c0)
    return walk_back(params, cache, score_deltas(cache, targets), return_deltas)


def walk_back(
    params: Params, cache: Cache, dy: np.ndarray, return_deltas: bool = False
) -> Params | tuple[Params, Deltas]:
    """Do what `bptt` does for callers that have run forward already; `dy` (T, vocab_size) are the deltas of the scores.

    The cache may be one of several sequences (see `Cache`), and then `params` several nets. Deltas are those of one net
    and one sequence.
    """
    (T, *lead, H), ct = cache.c[:-1].shape, cache.ct[:-1]
    i, f, o, g = (gate[:-1] for gate in (cache.i, cache.f, cache.o, cache.g))

    dh_loss = dy @ params.V
    dh = dh_loss.copy()  # the loop adds dh_future
    dc, dz = slopes(cache)  # the loop multiplies by the delta that reaches each; it adds dc_carry to dc
    stacked = dz.reshape(T, *lead, 4 * H)

    times = np.matmul if params.flat.ndim > 1 else np.dot  # dot is faster, but takes one net only
    dh_future, dc_carry = np.zeros((2, *lead, H))  # the last step has no future
    arriving = np.empty((*lead, 4, H))  # dc at the gates i, f and g, dh at o
    arriving_at_o = arriving[..., 2, :]
    for dh_t, dc_t, dz_t, stacked_t, f_t in zip(dh[::-1], dc[::-1], dz[::-1], stacked[::-1], f[::-1], strict=True):
        dh_t += dh_future
        dc_t *= dh_t
        dc_t += dc_carry
        arriving[:] = dc_t[..., None, :]
        arriving_at_o[:] = dh_t
        dz_t *= arriving
        dh_future = times(stacked_t, params.W)  # the same numbers as W' dz
        dc_carry = dc_t * f_t

    grads = weight_gradients(params, cache, dy, stacked)
    if not return_deltas:
        return grads
    dh_future, dc_carry = np.zeros((2, T, H))
    dh_future[:-1] = stacked[1:] @ params.W
    dc_carry[:-1] = dc[1:] * f[1:]
    dc_hidden = dh * o * (1 - ct * ct)
    of_gates = {"di": dc * g, "df": dc * before(cache.c), "do": dh * ct, "dg": dc * i}
    of_z = {"dz" + gate: gate_rows(stacked, row) for row, gate in enumerate(GATES)}
    return grads, Deltas(dh, dh_loss, dh_future, dc, dc_hidden, dc_carry, **of_gates, **of_z)


def weight_gradients(params: Params, cache: Cache, dy: np.ndarray, dz: np.ndarray) -> Params:
    """The nine gradients from the deltas of the scores, (T, vocab_size), and of the pre-activations, (T, 4H)."""
    nets = params.flat.shape[:-1]

    def joined(array: np.ndarray) -> np.ndarray:  # all sequences of a net, as if they were one
        if array.ndim == 2:
            return array
        return np.moveaxis(array, 0, len(nets)).reshape(*nets, -1, array.shape[-1])

    dy, dz, x = joined(dy).mT, joined(dz).mT, cache.x.ravel()
    grads = Params(params.vocab_size, params.hidden_size, np.empty_like(params.flat))  # the three products fill it
    np.matmul(dy, joined(cache.h[:-1]), out=grads.V)
    np.matmul(dz, joined(before(cache.h)), out=grads.W)
    np.matmul(dz, one_hot(x, params.vocab_size), out=grads.U)
    return grads


def slopes(cache: Cache) -> tuple[np.ndarray, np.ndarray]:
    """What each step does by itself, its inputs held fixed: dh -> dc (T, H), and dc or dh -> dz (T, 4, H).

    The gates i, f and g (rows 0, 1 and 3) act on the cell, so their slopes multiply dc; o (row 2) multiplies dh.
    """
    (T, *lead, H), ct = cache.c[:-1].shape, cache.ct[:-1]
    gates = cache.gates[:-1].reshape(T, *lead, 4, H)
    i, o, g = (gates[..., row, :] for row in (0, 2, 3))
    to_dz = gates * (1 - gates)  # the slope of the sigmoid, and of tanh for g, ...
    to_dz[..., 3, :] = 1 - g * g
    for row, factor in enumerate((g, before(cache.c), ct, i)):  # ... times what the gate was multiplied by
        to_dz[..., row, :] *= factor
    return o * (1 - ct * ct), to_dz


def before(states: np.ndarray) -> np.ndarray:
    """Rows t-1 for t = 0..T-1 of a (T+1, H) array whose last row is the initial state: (T, H)."""
    return np.concatenate([states[-1:], states[:-2]])


def one_hot(x: np.ndarray, vocab_size: int) -> np.ndarray:
    """One row per step with a single 1 at the token's column: (T, vocab_size)."""
    rows = np.zeros((len(x), vocab_size))
    rows[np.arange(len(x)), x] = 1
    return rows
