"""The posted loop: for the loss of every step, walk back over all earlier steps. Imports as backward does.

A step of a walk is right, and the same as in plain.py. What is wrong is where a walk starts, what it starts with, what
is done with a step's deltas, and how its cell delta is carried on.
"""

from collections.abc import Collection, Iterator
from dataclasses import fields

import numpy as np

from lstm_teach import validate
from lstm_teach.backward import Deltas
from lstm_teach.forward import Cache, run_checked
from lstm_teach.params import GATES, Params
from lstm_teach.plain import cell_back, score_deltas
from lstm_teach.validate import State, Tokens

FLAWS = ("short_range", "stale_cell_delta", "scalar_dot", "carry_accumulates")


def nested_bptt(
    params: Params,
    x: Tokens,
    targets: Tokens,
    h0: State = None,
    c0: State = None,
    *,
    repaired: Collection[str] = (),
    return_deltas: bool = False,
) -> Params | tuple[Params, Deltas]:
    """The question's backward pass with its four flaws, each of which can be repaired on its own.

        short_range        the walk back from the loss at t starts at t-1, not at t
        stale_cell_delta   the cell delta starts from what an earlier walk left at step 0, not from zero
        scalar_dot         np.dot of two vectors gives a number; the outer product is meant (four lines in the question)
        carry_accumulates  the cell delta is increased by dc * f, not replaced by it

    `repaired=()` is the posted loop; `repaired=FLAWS` is right, though it takes T(T+1)/2 inner steps where `bptt`
    takes T. In between lie the other fourteen combinations. Returns the gradient as a `Params`; raises as `loss` does,
    and ValueError for a flaw that is not in `FLAWS`.

    With `return_deltas=True` it returns `(gradient, Deltas)`: what all walks together credit to each step, that is, the
    sum over the losses. Every line of a walk is linear in its deltas, so of the right loop these are the deltas of
    `bptt`. In a walk's first step all of dh counts as `dh_loss`, in the later ones as `dh_future`.

    Source of the loop: a question on a question-and-answer site, 7 March 2017; written anew here, in our names.
    """
    check_flaws("repaired", repaired)
    cache, targets = run_checked(params, x, targets, h0, c0)
    x, dy, H = cache.x, score_deltas(cache, targets), params.hidden_size
    grads = Params.zeros(params.vocab_size, H)
    product = np.outer if "scalar_dot" in repaired else np.dot
    credited = {delta.name: np.zeros((len(x), H)) for delta in fields(Deltas)}

    for t in reversed(range(len(x))):
        grads.V += np.outer(dy[t], cache.h[t])
    for _, s, d in walks(params, cache, dy, repaired):
        for gate in GATES:
            grads["W" + gate] += product(d["dz" + gate], cache.h[s - 1])
            grads["U" + gate][:, x[s]] += d["dz" + gate]
        if return_deltas:
            for name, delta in credited.items():
                delta[s] += d.get(name, 0.0)
    return (grads, Deltas(**credited)) if return_deltas else grads


def walks(
    params: Params, cache: Cache, dy: np.ndarray, repaired: Collection[str]
) -> Iterator[tuple[int, int, dict[str, np.ndarray]]]:
    """Every step of every walk: from the loss at t back to step s, and the deltas there, named as in `Deltas`."""
    left_over = np.zeros(params.hidden_size)  # the part of dc at step 0 that the latest walk had there
    for t in reversed(range(len(cache.x))):
        dh, dh_part = params.V.T @ dy[t], "dh_loss"
        dc_carry = np.zeros_like(dh) if "stale_cell_delta" in repaired else left_over
        for s in reversed(range(t + 1 if "short_range" in repaired else t)):
            d = cell_back(params, cache, s, dh, dc_carry)
            yield t, s, d | {dh_part: dh}
            if s == 0:
                left_over = d["dc_hidden"]
            dh, dh_part = d["dh_before"], "dh_future"
            dc_carry = d["dc_before"] if "carry_accumulates" in repaired else d["dc"] + d["dc_before"]


def check_flaws(name: str, flaws: Collection[str]) -> None:
    """Raise unless `flaws` is a collection of names out of `FLAWS`."""
    if isinstance(flaws, str) or not isinstance(flaws, Collection):
        raise TypeError(f"{name} must be a collection of flaw names, got {validate.brief(flaws)}.")
    unknown = [flaw for flaw in flaws if flaw not in FLAWS]
    if unknown:
        raise ValueError(f"{name} may hold only {', '.join(FLAWS)}; got {validate.brief(unknown[0])}.")
