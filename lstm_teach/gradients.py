"""Gradients from independent sources: differences, a complex step, forward mode. Imports params, forward, validate."""

from collections.abc import Callable

import numpy as np

from lstm_teach import validate
from lstm_teach.forward import check_params, run_checked
from lstm_teach.params import Params
from lstm_teach.validate import State, Tokens

Loss = Callable[[Params], float]


def numerical_gradient(loss_fn: Loss, params: Params, step: float = 1e-5, *, batched: bool = False) -> Params:
    """Central differences (L(w + step) - L(w - step)) / (2 step) for every number w in `params`.

    `loss_fn(params) -> float` may be any loss; it gets a copy, so `params` is never changed. The error is of order
    step**2 from the third derivative and 1e-16 * L / step from rounding; near step = 1e-5 both are small.

    With `batched=True` the loss is called with many nets at once (a `Params` whose `flat` is (B, n)) and has to return
    B losses, as `loss` does: `numerical_gradient(lambda p: lt.loss(p, x, targets), params, batched=True)`.
    Raises TypeError or ValueError for a bad argument or a loss that is not one finite number.
    """
    _check(loss_fn, params)
    dtype = params.flat.dtype
    given = validate.finite_number("step", step, positive=True)
    step = dtype.type(given)
    if not step:
        raise ValueError(f"step must not round to zero in {dtype}, got {given}.")
    ahead, behind = (_losses(loss_fn, params, by, batched) for by in (step, -step))
    return Params(params.vocab_size, params.hidden_size, ((ahead - behind) / (2 * step)).astype(np.float64))


def complex_step_gradient(loss_fn: Loss, params: Params, step: float = 1e-30, *, batched: bool = False) -> Params:
    """Im L(w + i step) / step for every number w: exact to rounding, since nothing is subtracted.

    `loss_fn` has to work with complex numbers, as `loss` does: no abs, no max of complex numbers, no conjugates.
    It has to return a complex number.
    Source: Squire and Trapp, SIAM Review 40 (1998) 110-112. Arguments and errors as in `numerical_gradient`.
    """
    _check(loss_fn, params)
    step = validate.finite_number("step", step, positive=True)
    losses = _losses(loss_fn, params.astype(np.complex128), 1j * step, batched)
    return Params(params.vocab_size, params.hidden_size, losses.imag / step)


def _check(loss_fn: Loss, params: Params) -> None:
    check_params(params, one_net=True)
    validate.instance("loss_fn", loss_fn, Callable, "a function of the parameters")


def _losses(loss_fn: Loss, params: Params, step: complex, batched: bool) -> np.ndarray:
    """The loss with `step` added to one number of `params` after the other."""
    count = params.flat.size
    rows = 256 if batched else 1  # nets at once; bounds the memory
    losses = np.empty(count, params.flat.dtype)
    for start in range(0, count, rows):
        numbers = np.arange(start, min(start + rows, count))
        flats = np.repeat(params.flat[None], len(numbers), axis=0)
        flats[np.arange(len(numbers)), numbers] += step
        net = Params(params.vocab_size, params.hidden_size, flats if batched else flats[0])
        returned = loss_fn(net)
        try:
            value = np.asarray(returned)
        except (TypeError, ValueError):
            value = np.asarray(None)
        kind = losses.dtype.kind  # "c" for complex: a real loss of complex numbers has lost the imaginary part
        if value.size != len(numbers) or value.dtype.kind not in ("c" if kind == "c" else "fiu"):
            number = "complex number" if kind == "c" else "number"
            expected = f"{len(numbers)} {number}s, one a net" if batched else f"one {number}"
            raise TypeError(f"loss_fn must return {expected}, got {validate.brief(returned)}.")
        if not np.isfinite(value).all():
            raise ValueError(f"loss_fn must return finite numbers, got {value[~np.isfinite(value)].flat[0]}.")
        losses[numbers] = value.ravel()
    return losses


def exact_gradient(params: Params, x: Tokens, targets: Tokens, h0: State = None, c0: State = None) -> Params:
    """The gradient of `loss` in forward mode: nothing is walked back, and there is no step size.

    Every number of every state (h[t], c[t]) starts a tangent of its own when its step comes, and all tangents are
    carried forward together: one matrix product a step with that step's 2H x 2H Jacobian. On the way each tangent
    collects what it does to the loss of every step. What the state's numbers do to the loss, times what the weights
    do to the state at the same step, is the gradient. Agrees with the complex step to 1e-12. Raises as `loss` does.
    """
    check_params(params, one_net=True)
    params = params.astype(np.float64)
    cache, targets = run_checked(params, x, targets, h0, c0)
    T, H = len(targets), params.hidden_size
    rows = np.arange(T)
    i, f, o, g, ct = cache.i[:-1], cache.f[:-1], cache.o[:-1], cache.g[:-1], cache.ct[:-1]
    h_before, c_before = cache.h[rows - 1], cache.c[rows - 1]

    # What one step does by itself: c depends on its pre-activations and on c[t-1], h on zo and on c.
    c_by_zi, c_by_zf, c_by_zg = i * (1 - i) * g, f * (1 - f) * c_before, (1 - g**2) * i
    h_by_zo, h_by_c = o * (1 - o) * ct, o * (1 - ct**2)

    jacobian = np.zeros((T, 2 * H, 2 * H))  # of (h[t], c[t]) with respect to (h[t-1], c[t-1])
    c_by_h, c_by_c = jacobian[:, H:, :H], jacobian[:, H:, H:]
    for slope, weights in ((c_by_zi, params.Wi), (c_by_zf, params.Wf), (c_by_zg, params.Wg)):
        c_by_h += slope[:, :, None] * weights
    c_by_c[:, np.arange(H), np.arange(H)] = f
    jacobian[:, :H] = h_by_c[:, :, None] * jacobian[:, H:]
    jacobian[:, :H, :H] += h_by_zo[:, :, None] * params.Wo

    error = cache.y.copy()
    error[rows, targets] -= 1  # the slope of a step's loss in that step's scores
    loss_by_h = error @ params.V

    tangents = np.zeros((2 * H * T, 2 * H))  # row: one number of one state; columns: the state of the step reached
    effect = np.zeros(2 * H * T)  # of that number on the total loss
    for t in range(T):
        begun, own = 2 * H * t, slice(2 * H * t, 2 * H * (t + 1))
        tangents[:begun] = tangents[:begun] @ jacobian[t].T
        tangents[own] = np.eye(2 * H)
        effect[: own.stop] += tangents[: own.stop, :H] @ loss_by_h[t]
    loss_by_state = effect.reshape(T, 2, H)
    by_h = loss_by_state[:, 0]
    by_c = loss_by_state[:, 1] + by_h * h_by_c  # c[t] acts on h[t] too, within its own step

    by_z = np.concatenate([by_c * c_by_zi, by_c * c_by_zf, by_h * h_by_zo, by_c * c_by_zg], axis=1)
    grads = Params.zeros(params.vocab_size, H)
    grads.V = np.einsum("tk,th->kh", error, cache.h[:-1])
    grads.W[...] = np.einsum("tz,th->zh", by_z, h_before)
    np.add.at(grads.U.T, cache.x, by_z)
    return grads
