"""The loop of the question: for the loss of every step, walk back over all earlier steps. Imports as backward does."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from lstm_teach import validate
from lstm_teach.backward import output_delta
from lstm_teach.forward import check_params, forward
from lstm_teach.params import Params

FLAWS = ("short_range", "stale_cell_delta", "scalar_dot", "carry_accumulates")


def nested_bptt(
    params: Params,
    x: Sequence[int],
    targets: Sequence[int],
    h0: Sequence[float] | None = None,
    c0: Sequence[float] | None = None,
    *,
    repaired: Collection[str] = (),
) -> Params:
    """The question's backward pass with its four flaws, each of which can be repaired on its own.

        short_range        the walk back from the loss at t starts at t-1, not at t
        stale_cell_delta   the cell delta starts from what an earlier walk left at step 0, not from zero
        scalar_dot         np.dot of two vectors gives a number; the outer product is meant (four lines)
        carry_accumulates  the cell delta is increased by dc * f, not replaced by it

    `repaired=()` is the question's loop; `repaired=FLAWS` is right, though it takes T(T+1)/2 inner steps where `bptt`
    takes T. In between lie the other fourteen combinations. Returns the gradient as a `Params`; raises as `loss` does,
    and ValueError for a flaw that is not in `FLAWS`.

    Source of the loop: a question on a question-and-answer site, 7 March 2017; written anew here, in our names.
    """
    check_params(params, one_net=True)
    x, targets = validate.sequence_pair(x, targets, params.vocab_size)
    if isinstance(repaired, str) or not isinstance(repaired, Collection):
        raise TypeError(f"repaired must be a collection of flaw names, got {validate.brief(repaired)}.")
    unknown = [flaw for flaw in repaired if flaw not in FLAWS]
    if unknown:
        raise ValueError(f"repaired must name flaws out of {', '.join(FLAWS)}; got {unknown[0]!r}.")

    cache = forward(params, x, h0, c0)
    i, f, o, g, c, ct, h = cache.i, cache.f, cache.o, cache.g, cache.c, cache.ct, cache.h
    dy = output_delta(cache, targets)
    grads = Params.zeros(params.vocab_size, params.hidden_size)
    dc_hidden = np.zeros_like(c)
    product = np.outer if "scalar_dot" in repaired else np.dot

    for t in reversed(range(len(x))):
        grads.V += np.outer(dy[t], h[t])
        dh = params.V.T @ dy[t]
        dc = np.zeros_like(dh) if "stale_cell_delta" in repaired else dc_hidden[0] * (1 - ct[0] ** 2)

        for s in reversed(range(t + 1 if "short_range" in repaired else t)):
            do = dh * ct[s]
            dc_hidden[s] = dh * o[s]
            dc = dc + dc_hidden[s] * (1 - ct[s] ** 2)
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

            dh = params.Wi.T @ dzi + params.Wf.T @ dzf + params.Wo.T @ dzo + params.Wg.T @ dzg
            dc = dc * f[s] if "carry_accumulates" in repaired else dc + dc * f[s]
    return grads
