"""The loop of the question: for the loss of every step, walk back over all earlier steps. Imports as backward does."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields

import numpy as np

from lstm_teach import validate
from lstm_teach.backward import Deltas, score_deltas
from lstm_teach.forward import run_checked
from lstm_teach.params import Params
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
        scalar_dot         np.dot of two vectors gives a number; the outer product is meant (four lines)
        carry_accumulates  the cell delta is increased by dc * f, not replaced by it

    `repaired=()` is the question's loop; `repaired=FLAWS` is right, though it takes T(T+1)/2 inner steps where `bptt`
    takes T. In between lie the other fourteen combinations. Returns the gradient as a `Params`; raises as `loss` does,
    and ValueError for a flaw that is not in `FLAWS`.

    With `return_deltas=True` it returns `(gradient, Deltas)`: what all walks together credit to each step, that is, the
    sum over the losses. Every line of a walk is linear in its deltas, so of the right loop these are the deltas of
    `bptt`. In a walk's first step all of dh counts as `dh_loss`, in the later ones as `dh_future`.

    Source of the loop: a question on a question-and-answer site, 7 March 2017; written anew here, in our names.
    """
    check_repaired(repaired)
    cache, targets = run_checked(params, x, targets, h0, c0)
    x = cache.x
    i, f, o, g, c, ct, h = cache.i, cache.f, cache.o, cache.g, cache.c, cache.ct, cache.h
    dy = score_deltas(cache, targets)
    grads = Params.zeros(params.vocab_size, params.hidden_size)
    dct = np.zeros_like(c)
    product = np.outer if "scalar_dot" in repaired else np.dot
    credited = {delta.name: np.zeros((len(x), params.hidden_size)) for delta in fields(Deltas)}

    for t in reversed(range(len(x))):
        grads.V += np.outer(dy[t], h[t])
        dh = params.V.T @ dy[t]
        dc = np.zeros_like(dh) if "stale_cell_delta" in repaired else dct[0] * (1 - ct[0] ** 2)

        dh_part = "dh_loss"
        for s in reversed(range(t + 1 if "short_range" in repaired else t)):
            do = dh * ct[s]
            dct[s] = dh * o[s]
            dc_carry = dc
            dc = dc + dct[s] * (1 - ct[s] ** 2)
            di = dc * g[s]
            df = dc * c[s - 1]
            dg = dc * i[s]

            dzi = di * i[s] * (1 - i[s])
            dzf = df * f[s] * (1 - f[s])
            dzo = do * o[s] * (1 - o[s])
            dzg = dg * (1 - g[s] ** 2)

            grads.Wi += product(dzi, h[s - 1])
            grads.Wf += product(dzf, h[s - 1])
            grads.Wo += product(dzo, h[s - 1])
            grads.Wg += product(dzg, h[s - 1])
            grads.Ui[:, x[s]] += dzi
            grads.Uf[:, x[s]] += dzf
            grads.Uo[:, x[s]] += dzo
            grads.Ug[:, x[s]] += dzg

            if return_deltas:
                found = {"dh": dh, dh_part: dh, "dc": dc, "dc_hidden": dct[s] * (1 - ct[s] ** 2)}
                found |= {"dc_carry": dc_carry, "di": di, "df": df, "do": do, "dg": dg}
                found |= {"dzi": dzi, "dzf": dzf, "dzo": dzo, "dzg": dzg}
                for name, delta in found.items():
                    credited[name][s] += delta

            dh = params.Wi.T @ dzi + params.Wf.T @ dzf + params.Wo.T @ dzo + params.Wg.T @ dzg
            dc = dc * f[s] if "carry_accumulates" in repaired else dc + dc * f[s]
            dh_part = "dh_future"
    return (grads, Deltas(**credited)) if return_deltas else grads


def check_repaired(repaired: Collection[str]) -> None:
    """Raise unless `repaired` is a collection of names out of `FLAWS`."""
    if isinstance(repaired, str) or not isinstance(repaired, Collection):
        raise TypeError(f"repaired must be a collection of flaw names, got {validate.brief(repaired)}.")
    unknown = [flaw for flaw in repaired if flaw not in FLAWS]
    if unknown:
        raise ValueError(f"repaired must name flaws out of {', '.join(FLAWS)}; got {validate.brief(unknown[0])}.")
