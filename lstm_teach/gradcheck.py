"""Gradients from independent sources, and the check that holds a backward pass against them.

Imports params, forward and the guard for learners' code.
"""

from __future__ import annotations

import functools
import html
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lstm_teach import guard, validate
from lstm_teach.forward import check_params, forward, loss
from lstm_teach.params import Params

# The ladder for norm-relative errors in double precision: up to each bound, the word.
LADDER = ((1e-7, "right"), (1e-4, "close, not exact"), (1e-2, "suspicious"), (math.inf, "wrong"))
LENGTHS = (1, 2, 3, 6, 20)

LossFunction = Callable[[Params], float]
Backward = Callable[..., Any]


def numerical_gradient(
    loss_fn: LossFunction,
    params: Params,
    step: float = 1e-5,
    *,
    batched: bool = False,
    forward_only: bool = False,
) -> Params:
    """Central differences (L(w + step) - L(w - step)) / (2 step) for every number w in `params`.

    `loss_fn(params) -> float` may be any loss; it gets a copy, so `params` is never changed. The error is of order
    step**2 from the curvature and 1e-16 * L / step from rounding; near step = 1e-5 both are small.

    With `batched=True` the loss is called with many nets at once (a `Params` whose `flat` is (B, n)) and has to return
    B losses, as `loss` does: `numerical_gradient(lambda p: lt.loss(p, x, targets), params, batched=True)`.
    With `forward_only=True` it takes forward differences (L(w + step) - L(w)) / step, which are much coarser.
    Raises TypeError or ValueError for a bad argument or a loss that is not one finite number.
    """
    check_params(params, one_net=True)
    _check_loss_fn(loss_fn)
    dtype = params.flat.dtype
    step = dtype.type(validate.finite_number("step", step, positive=True))
    if not step:
        raise ValueError(f"step must be a number that {dtype} can hold, but it is rounded to zero.")
    ahead = _losses(loss_fn, params, step, batched)
    if forward_only:
        here = _losses(loss_fn, params, 0 * step, False, count=1)
        return _as_params(params, (ahead - here) / step)
    behind = _losses(loss_fn, params, -step, batched)
    return _as_params(params, (ahead - behind) / (2 * step))


def complex_step_gradient(
    loss_fn: LossFunction, params: Params, step: float = 1e-30, *, batched: bool = False
) -> Params:
    """Im L(w + i step) / step for every number w: exact to rounding, since nothing is subtracted.

    `loss_fn` has to work with complex numbers, as `loss` does: no abs, no max of complex numbers, no conjugates.
    It has to return a complex number.
    Source: Squire and Trapp, SIAM Review 40 (1998) 110-112. Arguments and errors as in `numerical_gradient`.
    """
    check_params(params, one_net=True)
    _check_loss_fn(loss_fn)
    step = validate.finite_number("step", step, positive=True)
    return _as_params(params, _losses(loss_fn, params.astype(np.complex128), 1j * step, batched).imag / step)


def _check_loss_fn(loss_fn: LossFunction) -> None:
    if not callable(loss_fn):
        raise TypeError(f"loss_fn must be a function of the parameters, got {validate.brief(loss_fn)}.")


def _as_params(params: Params, flat: np.ndarray) -> Params:
    return Params(params.vocab_size, params.hidden_size, np.asarray(flat, dtype=np.float64))


def _losses(
    loss_fn: LossFunction, params: Params, step: complex, batched: bool, count: int | None = None
) -> np.ndarray:
    """The loss with `step` added to one number of `params` after the other: (count,), all of them where None."""
    count = count or params.flat.size
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


def exact_gradient(
    params: Params,
    x: Sequence[int],
    targets: Sequence[int],
    h0: Sequence[float] | None = None,
    c0: Sequence[float] | None = None,
) -> Params:
    """The gradient of `loss` in forward mode: nothing is walked back, and there is no step size.

    Every number of every state (h[t], c[t]) starts a tangent of its own when its step comes, and all tangents are
    carried forward together: one matrix product a step with that step's 2H x 2H Jacobian. On the way each tangent
    collects what it does to the loss of every step. What the state's numbers do to the loss, times what the weights
    do to the state at the same step, is the gradient. Agrees with the complex step to 1e-12. Raises as `loss` does.
    """
    check_params(params, one_net=True)
    params = params.astype(np.float64)
    x, targets = validate.sequence_pair(x, targets, params.vocab_size)
    cache = forward(params, x, h0, c0)
    T, H = len(x), params.hidden_size
    rows = np.arange(T)
    i, f, o, g, ct = cache.i[:-1], cache.f[:-1], cache.o[:-1], cache.g[:-1], cache.ct[:-1]
    h_before, c_before = cache.h[rows - 1], cache.c[rows - 1]

    # What one step does by itself: c answers to its pre-activations and to c[t-1], h answers to zo and to c.
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
    error[rows, targets] -= 1  # what the loss of a step answers to that step's scores
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
    grads.V[...] = np.einsum("tk,th->kh", error, cache.h[:-1])
    grads.W[...] = np.einsum("tz,th->zh", by_z, h_before)
    for t in range(T):
        grads.U[:, x[t]] += by_z[t]
    return grads


def relative_error(a: np.ndarray, b: np.ndarray) -> float:
    """|a - b| / max(|a|, |b|) with Euclidean norms, between 0 and 2; two zeros agree.

    NaN where a number in them is not finite. Raises TypeError or ValueError if `a` and `b` are not arrays of real
    numbers or differ in shape.
    """
    a, b = _real("a", a), _real("b", b)
    if a.shape != b.shape:
        raise ValueError(f"a and b must have the same shape, got {a.shape} and {b.shape}.")
    largest = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0))
    if largest == 0:
        return 0.0
    if math.isinf(largest):
        return math.nan
    a, b = a / largest, b / largest  # so that no square overflows or vanishes
    return float(np.linalg.norm(a - b) / max(np.linalg.norm(a), np.linalg.norm(b)))


def _real(name: str, value: np.ndarray) -> np.ndarray:
    array = validate.as_array(name, value, "an array of real numbers")
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} must be an array of real numbers, got an array of dtype {array.dtype}.")
    return array.astype(float, copy=False)


def verdict(error: float) -> str:
    """The word of the ladder for a norm-relative error; one that is NaN is wrong. Raises if it is not such a number."""
    if validate.number("error", error) < 0:
        raise ValueError(f"error must not be negative, got {error}.")
    return next(word for bound, word in LADDER if error <= bound or bound == math.inf)


@dataclass(frozen=True)
class Element:
    """One number of one gradient: where it is, what the backward pass says, what is right."""

    matrix: str
    index: tuple[int, int]
    length: int
    got: float
    expected: float

    @property
    def relative_error(self) -> float:
        """|got - expected| / max(|got|, |expected|); two zeros agree. Information only: elements near 0 rule it."""
        largest = max(abs(self.got), abs(self.expected))
        return abs(self.got - self.expected) / largest if largest else 0.0


@dataclass(frozen=True)
class GradientReport:
    """What `check_gradients` found. In a notebook it shows itself as a table, in a terminal as text.

    passed             True if nothing is wrong: no problem, and every error at most 1e-7
    errors             per matrix, the largest norm-relative error over all lengths
    errors_by_length   {T: {matrix: error}}
    worst              the name of the matrix with the largest error (of equal ones, at the shortest length)
    worst_element      in that matrix, at that length, the `Element` that is furthest off
    problems           sentences: it raised, ran too long, changed its inputs, returned the wrong thing
    notes              sentences: what the check could not see
    """

    name: str
    reference: str
    errors_by_length: dict[int, dict[str, float]] = field(default_factory=dict)
    worst_element: Element | None = None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def errors(self) -> dict[str, float]:  # noqa: D102
        by_length = self.errors_by_length.values()
        return {name: max(errors[name] for errors in by_length) for name in Params.NAMES} if by_length else {}

    @property
    def worst(self) -> str | None:  # noqa: D102
        return self.worst_element.matrix if self.worst_element else None

    @property
    def passed(self) -> bool:  # noqa: D102
        return bool(self.errors) and not self.problems and all(verdict(e) == "right" for e in self.errors.values())

    @property
    def summary(self) -> str:
        """One sentence."""
        if self.passed:
            lengths, largest = _listing(self.errors_by_length), self.errors[self.worst]
            return (
                f"{self.name} passes: all nine gradients are right at T = {lengths} (largest error {_short(largest)})."
            )
        wrong = [name for name, error in self.errors.items() if verdict(error) != "right"]
        many = "all" if len(wrong) == 9 else f"{len(wrong)} of the"
        said = [f"{many} nine gradients are off: {', '.join(wrong)}"] if len(wrong) > 1 else []
        said += [f"the gradient of {wrong[0]} is off"] if len(wrong) == 1 else []
        said += [f"see the problem{'s' if len(self.problems) > 1 else ''} below"] if self.problems else []
        return f"{self.name} does not pass: {'; '.join(said)}."

    def _details(self) -> list[str]:
        lines = [f"Problem: {problem}" for problem in self.problems]
        if self.worst_element and not self.passed and self.errors[self.worst] > LADDER[0][0]:
            e = self.worst_element
            lines.append(
                f"Furthest off: d{e.matrix}[{e.index[0]}, {e.index[1]}] at T = {e.length} is {e.got:.4g}, "
                f"expected {e.expected:.4g} (element-wise relative error {_short(e.relative_error)}, for information)."
            )
        return lines + [f"Note: {note}" for note in self.notes]

    def __str__(self) -> str:
        lines = [self.summary]
        if self.errors:
            lengths = list(self.errors_by_length)
            heads = "".join(f"T = {T:<6}" for T in lengths)
            lines += ["", f"matrix   error    verdict           {heads}".rstrip()]
            for name, error in self.errors.items():
                each = "".join(f"{_short(self.errors_by_length[T][name]):<10}" for T in lengths)
                lines.append(f"d{name:<6}  {_short(error):<8} {verdict(error):<17} {each}".rstrip())
            lines += ["", f"Errors are norm-relative, against {self.reference}; up to 1e-7 is right."]
        return "\n".join(lines + self._details())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        cell = 'style="text-align:left;padding:2px 10px 2px 0"'
        parts = [f"<p><strong>{html.escape(self.summary)}</strong></p>"]
        if self.errors:
            lengths = list(self.errors_by_length)
            heads = [
                "matrix",
                "verdict",
                "error",
                "error, log scale from 1e-16 to 1",
                *(f"T = {T}" for T in lengths),
            ]
            parts.append(
                '<table style="border-collapse:collapse"><caption style="text-align:left;caption-side:bottom">'
                f"Norm-relative errors of {html.escape(self.name)} against {html.escape(self.reference)}; "
                "up to 1e-7 is right."
                "</caption><thead><tr>"
            )
            parts += [f'<th scope="col" {cell}>{head}</th>' for head in heads]
            parts.append("</tr></thead><tbody>")
            for name, error in self.errors.items():
                word = verdict(error)
                parts.append(
                    f'<tr><th scope="row" {cell}>d{name}</th><td {cell}>{_MARKS[word]} {word}</td>'
                    f"<td {cell}>{_short(error)}</td><td {cell}>{_bar(error, word)}</td>"
                )
                parts += [f"<td {cell}>{_short(self.errors_by_length[T][name])}</td>" for T in lengths]
                parts.append("</tr>")
            parts.append("</tbody></table>")
        details = self._details()
        if details:
            parts.append("<ul>" + "".join(f"<li>{html.escape(line)}</li>" for line in details) + "</ul>")
        return "".join(parts)


_MARKS = {"right": "✓", "close, not exact": "≈", "suspicious": "?", "wrong": "✗"}
_COLORS = {"right": "#0072B2", "close, not exact": "#56B4E9", "suspicious": "#E69F00", "wrong": "#D55E00"}


def _bar(error: float, word: str) -> str:
    """A bar of 160 pixels for 1e-16 to 1. It repeats the number beside it, so a screen reader skips it."""
    width = 160 * min(max((math.log10(error) + 16) / 16, 0), 1) if error else 0
    return (
        '<div aria-hidden="true" style="width:160px;height:10px;border:1px solid #888888">'
        f'<div style="width:{width:.0f}px;height:10px;background:{_COLORS[word]}"></div></div>'
    )


def _short(error: float) -> str:
    """An error in a few characters: 3e-16, 4e-03, 0.15, 1.20; 0 for exact agreement."""
    if not 0.01 <= error < 1000:
        return f"{error:.0e}" if error else "0"
    return f"{error:.2f}"


def _listing(items: Mapping | Sequence) -> str:
    *most, last = map(str, items)
    return f"{', '.join(most)} and {last}" if most else last


def check_gradients(
    backward: Backward,
    params: Params | None = None,
    x: Sequence[int] | None = None,
    targets: Sequence[int] | None = None,
    h0: Sequence[float] | None = None,
    c0: Sequence[float] | None = None,
    *,
    against: str = "exact",
    seconds: float = 10.0,
) -> GradientReport:
    """Hold a backward pass against a gradient that was found without walking back.

    `backward(params, x, targets)` returns the nine gradients as a `Params`, a mapping by name ("Wf" or "dWf"), or a
    sequence in the order of `Params.NAMES`; it may return `(grads, deltas)`, and it may take `h0` and `c0`.

    Without `params`, `x` and `targets` the check chooses its own nets: T = 1, 2, 3 and 6, weights of order 0.8, tokens
    that repeat, every token seen at T = 6, and a nonzero initial state where the backward pass takes one. Small weights
    or a zero initial state would hide mistakes. A pass that is right so far meets T = 20 too, with a net of other
    sizes, a long memory, large gradients and the backward pass's own initial state: a walk that is cut off after 10
    steps, a gradient that is clipped at 10 or a size that is written into the code show there alone.

    `against` is "exact" (`exact_gradient`) or "numerical" (central differences). A call may take `seconds`.
    It is also a failure to raise, to change an input, to return wrong shapes, numbers that are not finite or single
    precision, to return something else when called again, or the same as before when the weights have changed.
    The backward pass gets copies; nothing of yours changes.
    Raises TypeError or ValueError only for bad arguments of its own.
    """
    if not callable(backward):
        raise TypeError(f"backward must be a function backward(params, x, targets), got {validate.brief(backward)}.")
    if against not in ("exact", "numerical"):
        raise ValueError(f'against must be "exact" or "numerical", got {validate.brief(against)}.')
    seconds = validate.finite_number("seconds", seconds, positive=True)
    takes = states_taken(backward)
    name = guard.name_of(backward)
    notes = []
    if params is None and x is None and targets is None:
        if h0 is not None or c0 is not None:
            raise ValueError(
                "h0 and c0 need params, x and targets beside them; without those the check chooses its own."
            )
        cases = [own_case(T, takes) for T in LENGTHS]
        if len(takes) < 2:
            notes.append(
                f"{name} takes no {_listing([key for key in ('h0', 'c0') if key not in takes])}, so the check started "
                "from zeros there; at T = 1 a mistake in W or in the forget gate can't show then."
            )
    elif params is None or x is None or targets is None:
        raise ValueError("params, x and targets must be given together, or none of them.")
    else:
        check_params(params, one_net=True)
        if params.flat.dtype != np.float64:
            raise TypeError(
                f"params must be float64 for a check, got {params.flat.dtype}: its rounding looks like a mistake."
            )
        x, targets = validate.sequence_pair(x, targets, params.vocab_size)
        states = {"h0": h0, "c0": c0}
        states = {
            key: validate.state(key, value, params.hidden_size, np.float64)
            for key, value in states.items()
            if value is not None
        }
        absent = [key for key in states if key not in takes]
        if absent:
            raise ValueError(f"{absent[0]} was given, but backward takes no argument of that name.")
        cases = [(params, x, targets, states)]
        notes += _blind_spots(params, x, states)

    errors: dict[int, dict[str, float]] = {}
    elements: dict[tuple[int, str], Element] = {}
    problems: dict[str, None] = {}  # a dict keeps the order and drops repetitions
    *_, moved_at = [T for T in (len(tokens) for _, tokens, *_ in cases) if T <= 3] or [len(cases[0][1])]
    for net, tokens, goals, states in cases:
        T = len(tokens)
        right_so_far = all(verdict(error) == "right" for each in errors.values() for error in each.values())
        if T > 6 and (problems or not right_so_far):
            break  # short sequences tell more about a mistake
        grads, found = _examine(backward, net, tokens, goals, states, seconds)
        problems.update(dict.fromkeys(found))
        if grads is None:
            break  # the other lengths would only say the same again
        right = _reference(against, net, tokens, goals, states)
        errors[T] = {key: _error(grads[key], right[key], right) for key in Params.NAMES}
        for key in Params.NAMES:
            index = np.unravel_index(np.abs(grads[key] - right[key]).argmax(), right[key].shape)
            elements[T, key] = Element(
                key, tuple(int(k) for k in index), T, float(grads[key][index]), float(right[key][index])
            )
        if moved_at == T and not found and all(verdict(error) == "right" for error in errors[T].values()):
            problems.update(dict.fromkeys(_stale(backward, net, tokens, goals, states, seconds)))

    worst = max(elements, key=lambda at: errors[at[0]][at[1]], default=None)
    if worst and against == "exact" and 1e-10 < errors[worst[0]][worst[1]] < 1e-4:
        notes.append(
            "Double precision leaves errors of about 1e-15 here; 1e-7 is what single precision leaves, 1e-9 what "
            "differences leave. Does a part of it use float32?"
        )
    reference = "the exact gradient" if against == "exact" else "central differences"
    return GradientReport(name, reference, errors, elements.get(worst), tuple(problems), tuple(notes))


def _reference(
    against: str, params: Params, x: np.ndarray, targets: np.ndarray, states: dict[str, np.ndarray]
) -> Params:
    if against == "exact":
        return exact_gradient(params, x, targets, **states)
    return numerical_gradient(lambda net: loss(net, x, targets, **states), params, batched=True)


def states_taken(backward: Backward) -> dict[str, bool]:
    """Which of h0 and c0 the backward pass has as arguments, and whether it has to be given them."""
    try:
        arguments = inspect.signature(backward).parameters
    except (TypeError, ValueError):
        return {}
    return {name: arguments[name].default is inspect.Parameter.empty for name in ("h0", "c0") if name in arguments}


def own_case(T: int, takes: dict[str, bool]) -> tuple[Params, np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """The net and sequence that the check chooses, with values for those of h0 and c0 that the backward pass takes."""
    rng = np.random.default_rng(1000 + T)
    if T <= 6:
        # Tokens and targets repeat from T = 3 on; all are seen at T = 6.
        params = Params.random(4, 5, seed=T, scale=0.8)
        x, targets = np.array([2, 0, 2, 3, 1, 1])[:T], np.array([1, 3, 0, 0, 2, 3])[:T]
    else:
        # A token is its own target now and then. The forget bias carries a delta over all 20 steps, and the large V
        # makes gradients of 10 and more in every matrix. States that a backward pass can do without are left out.
        rng = np.random.default_rng(10)
        params = Params.random(6, 3, seed=15, scale=0.8, forget_bias=2.0)
        params.V *= 8
        params.Uf[2] += 5  # a gate that is open wide, where a clipped gate shows
        x, targets = rng.integers(0, 6, T), rng.integers(0, 6, T)
        takes = {name: needed for name, needed in takes.items() if needed}
    H = params.hidden_size
    return params, x, targets, {name: rng.uniform(0.3, 0.9, H) * rng.choice([-1, 1], H) for name in takes}


def _blind_spots(params: Params, x: np.ndarray, states: dict[str, np.ndarray]) -> list[str]:
    """What a check with the caller's own net can't see."""
    notes, T = [], len(x)
    size = math.sqrt(np.mean(params.flat**2))
    if size < 0.3:
        notes.append(f"The weights are small (root mean square {size:.1g}) and hide mistakes; 0.5 to 1 shows more.")
    if T < 3:
        notes.append(f"A sequence of {T} can't show a mistake that reaches further back; try T = 6 as well.")
    if not any(state.any() for state in states.values()):
        notes.append("The initial state is zero, so the first step tests neither W nor the forget gate.")
    return notes


def _error(got: np.ndarray, right: np.ndarray, whole: Params) -> float:
    """The relative error, where rounding noise beside the whole gradient counts as zero.

    A gradient that is zero but for such noise, as that of a gate that is shut, has no digits to compare.
    """
    error = relative_error(got, right)
    noise = 1e-14 * np.linalg.norm(whole.flat)
    return 0.0 if verdict(error) != "right" and np.linalg.norm(got - right) <= noise else error


def _examine(
    backward: Backward,
    params: Params,
    x: np.ndarray,
    targets: np.ndarray,
    states: dict[str, np.ndarray | None],
    seconds: float,
) -> tuple[dict[str, np.ndarray] | None, list[str]]:
    """Call the backward pass twice with copies: its gradients (None if there are none to judge) and the problems."""
    problems, results = [], []
    name = guard.name_of(backward)

    @functools.wraps(backward, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        _spoil_free_memory(params, len(x))
        return backward(*args, **kwargs)

    for _ in range(2):
        given = {"params": params.copy(), "x": np.array(x), "targets": np.array(targets)}
        given |= {key: value.copy() for key, value in states.items()}
        before = {key: _numbers(value).copy() for key, value in given.items()}
        try:
            args = [given[key] for key in ("params", "x", "targets")]
            result = guard.call(call, *args, seconds=seconds, **{key: given[key] for key in states})
            arrays = _read_gradients(result)
            results.append(collect_gradients(result, params))
        except guard.LearnerError as error:
            return None, [*problems, str(error)]
        except ValueError as error:
            hint = " Was it made with np.empty and never filled?" if "got nan" in str(error) else ""
            return None, [*problems, f"{name} {error}{hint}"]
        for key in given:
            if not np.array_equal(before[key], _numbers(given[key])):
                problems.append(f"{name} changes its input {key}; work on a copy.")
        if problems:
            break
    single = [key for key in Params.NAMES if np.asarray(arrays[key]).dtype in (np.float16, np.float32)]
    if single:
        problems.append(
            f"{name} returns d{', d'.join(single)} as {np.asarray(arrays[single[0]]).dtype}; "
            "compute in float64, since rounding hides what a check looks for."
        )
    if len(results) == 2:
        first, second = results
        unlike = [key for key in Params.NAMES if relative_error(first[key], second[key]) > 1e-12]
        if unlike:
            problems.append(
                f"{name} returns something else when it is called again with the same inputs (d{', d'.join(unlike)}); "
                "do the gradients start from zero in every call?"
            )
    return results[0], problems


def _stale(
    backward: Backward,
    params: Params,
    x: np.ndarray,
    targets: np.ndarray,
    states: dict[str, np.ndarray],
    seconds: float,
) -> list[str]:
    """The problem of a pass that was right and is wrong when the same arrays hold other weights and targets.

    So it is in training. A pass that keeps what an earlier call computed, or reads a net that is not its argument, is
    right only as long as nothing changes.
    """
    name, net, goals = guard.name_of(backward), params.copy(), np.array(targets)
    try:
        for change in ("nothing", "weights", "targets"):
            if change == "weights":
                net.flat *= 0.9
            if change == "targets":
                goals[:] = goals[::-1].copy()
            given = {key: value.copy() for key, value in states.items()}
            grads = collect_gradients(guard.call(backward, net, x, goals, seconds=seconds, **given), params)
            right = exact_gradient(net, x, goals, **states)
            off = [key for key in Params.NAMES if verdict(_error(grads[key], right[key], right)) != "right"]
            if off:
                return [
                    f"{name} is right at first, and wrong when it is called again with the same tokens and other "
                    f"{change} (d{', d'.join(off)}); does it keep something from call to call, or use a net that is "
                    "not its argument?"
                ]
    except guard.LearnerError as error:
        return [str(error)]
    except ValueError as error:
        return [f"{name} {error}"]
    return []


def _spoil_free_memory(params: Params, T: int) -> None:
    """Leave NaN in the memory that np.empty hands out next, where a lucky zero would hide that nothing filled it."""
    K, H = params.vocab_size, params.hidden_size
    shapes = {(K, H), (H, H), (H, K), (T, H), (T + 1, H), (T, K), (4 * H, H), (4 * H, K), (H,), (params.flat.size,)}
    _ = [np.full(shape, np.nan) for shape in shapes for _ in range(6)]  # all are freed together, on return


def _numbers(value: Params | np.ndarray) -> np.ndarray:
    return value.flat if isinstance(value, Params) else value


def collect_gradients(result: object, params: Params, finite: bool = True) -> dict[str, np.ndarray]:
    """Read the nine gradients out of what a backward pass returned: `{name: array}`, copied, as float64.

    Raises ValueError with the rest of a sentence ("returns ...") when they can't be read.
    """
    grads = {}
    for name, array in _read_gradients(result).items():
        try:
            grads[name] = validate.real_array(f"d{name}", array, params[name].shape, np.float64, finite)
        except (TypeError, ValueError) as error:
            raise ValueError(f"returns a wrong gradient: {error}") from None
    return grads


def _read_gradients(result: object) -> dict[str, Any]:
    """The nine things that stand for the gradients in what a backward pass returned, by name, as they are."""
    names = Params.NAMES
    if isinstance(result, tuple | list) and len(result) == 2 and isinstance(result[0], Params | Mapping | Sequence):
        result = result[0]  # (grads, deltas)
    if result is None:
        raise ValueError("returns nothing; it has to return the nine gradients.")
    if isinstance(result, Mapping) and all(f"d{name}" in result for name in names):
        return {name: result[f"d{name}"] for name in names}
    if isinstance(result, Params | Mapping):
        missing = [name for name in names if name not in list(result.keys())]
        if missing:
            raise ValueError(f"returns no gradient for {', '.join(missing)}; the names are {', '.join(names)}.")
        return {name: result[name] for name in names}
    if isinstance(result, Sequence) and not isinstance(result, str):
        if len(result) != 9:
            advice = " Besides them it may return its deltas, after them." if len(result) == 2 else ""
            raise ValueError(
                f"returns {len(result)} things; it has to return nine gradients, {', '.join(names)}.{advice}"
            )
        return dict(zip(names, result, strict=True))
    raise ValueError(
        f"returns {validate.brief(result)}; it has to return a Params, a mapping or a sequence of nine arrays."
    )
