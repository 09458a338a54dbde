"""Hold a backward pass against a gradient that was found without walking back.

Imports params, forward, gradients, gradreport, and the guard for learners' code.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lstm_teach import guard, validate
from lstm_teach.forward import check_params, loss
from lstm_teach.gradients import exact_gradient, numerical_gradient
from lstm_teach.gradreport import Element, GradientReport, listing, relative_error, verdict
from lstm_teach.params import Params

LENGTHS = (1, 2, 3, 6, 20)

Backward = Callable[..., Any]


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
                "h0 and c0 need params, x and targets with them; without those, the check chooses its own."
            )
        cases = [own_case(T, takes) for T in LENGTHS]
        if len(takes) < 2:
            notes.append(
                f"{name} takes no {listing([key for key in ('h0', 'c0') if key not in takes])}, so the check started "
                "from zeros there; at T = 1 a mistake in W or in the forget gate can't show then."
            )
    elif params is None or x is None or targets is None:
        raise ValueError("Give params, x and targets together, or give none of them.")
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
            advice = " After them, it may also return its deltas." if len(result) == 2 else ""
            raise ValueError(
                f"returns {len(result)} things; it has to return nine gradients, {', '.join(names)}.{advice}"
            )
        return dict(zip(names, result, strict=True))
    raise ValueError(
        f"returns {validate.brief(result)}; it has to return a Params, a mapping or a sequence of nine arrays."
    )
