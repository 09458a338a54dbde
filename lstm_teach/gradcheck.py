"""Compare a backward pass with the right gradient. Imports params, forward, gradients, gradreport and the guard."""

import copy
import functools
import inspect
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from lstm_teach import guard, validate
from lstm_teach.forward import check_params, loss
from lstm_teach.gradients import exact_gradient, numerical_gradient
from lstm_teach.gradreport import Element, GradientReport, errors_of, off
from lstm_teach.params import Params
from lstm_teach.validate import State, Tokens

LENGTHS = (1, 2, 3, 6, 20)
NAN = " Is there an np.empty that is never filled or is read too early, or a number too large for np.exp?"

Backward = Callable[..., Any]
Case = tuple[Params, np.ndarray, np.ndarray, dict[str, np.ndarray]]  # params, x, targets, and h0, c0 where given


def check_gradients(
    backward: Backward,
    params: Params | None = None,
    x: Tokens | None = None,
    targets: Tokens | None = None,
    h0: State = None,
    c0: State = None,
    *,
    against: str = "exact",
    seconds: float = 10.0,
) -> GradientReport:
    """Compare a backward pass with a gradient that was found without walking back.

    `backward(params, x, targets)` returns the nine gradients as a `Params`, a mapping by name ("Wf" or "dWf"), or a
    sequence in the order of `Params.NAMES`; it may return `(grads, deltas)`, and it may take `h0` and `c0`.

    Without `params`, `x` and `targets` the check chooses its own nets: T = 1, 2, 3 and 6, weights of order 0.8, tokens
    that repeat, and a nonzero initial state where the backward pass takes one. Small weights or a zero initial state
    would hide mistakes. A pass that is right so far meets T = 20 too, with a net of other sizes, a long memory and
    large gradients: a walk that is cut off after 10 steps, a gradient that is clipped at 10 or a size that is written
    into the code show only there.

    `against` is "exact" (`exact_gradient`) or "numerical" (central differences). A call may take `seconds`.
    It is also a failure to raise, to change an input, to return wrong shapes, numbers that are not finite or single
    precision, to return something else when called again, or the same as before when the weights have changed.
    The backward pass gets copies. Raises TypeError or ValueError only for bad arguments of its own.
    """
    validate.instance("backward", backward, Callable, "a function backward(params, x, targets)")
    if against not in ("exact", "numerical"):
        raise ValueError(f'against must be "exact" or "numerical", got {validate.brief(against)}.')
    seconds = validate.finite_number("seconds", seconds, positive=True)
    name, takes, notes = guard.name_of(backward), states_taken(backward), []
    if params is None and x is None and targets is None:
        if h0 is not None or c0 is not None:
            why = "without those, the check chooses its own"
            raise ValueError(f"h0 and c0 need params, x and targets with them; {why}.")
        cases = [own_case(T, takes) for T in LENGTHS]
        absent = [key for key in ("h0", "c0") if key not in takes]
        if absent:
            said = f"{name} has no argument called {' or '.join(absent)}, so the check started from zeros there"
            notes.append(f"{said}; at T = 1, that can hide a mistake in W or in the forget gate.")
    elif params is None or x is None or targets is None:
        raise ValueError("Give params, x and targets together, or give none of them.")
    else:
        cases = [_given_case(params, x, targets, {"h0": h0, "c0": c0}, takes)]
        notes = _blind_spots(*cases[0])

    errors: dict[int, dict[str, float]] = {}
    elements: dict[tuple[int, str], Element] = {}
    problems: list[str] = []
    lengths = [len(case[1]) for case in cases]
    moved_at = max((T for T in lengths if T <= 3), default=lengths[0])
    for T, case in zip(lengths, cases, strict=True):
        if T > 6 and (problems or any(map(off, errors.values()))):
            break  # short sequences tell more about a mistake
        grads, found = _examine(backward, case, seconds)
        problems += found
        if grads is None:
            break  # the other lengths would only say the same again
        right = _reference(against, case)
        errors[T] = _errors(grads, right)
        for key in Params.NAMES:
            at = np.unravel_index(np.abs(grads[key] - right[key]).argmax(), right[key].shape)
            elements[T, key] = Element(key, tuple(map(int, at)), T, float(grads[key][at]), float(right[key][at]))
        if moved_at == T and not found and not off(errors[T]):
            problems += _stale(backward, case, seconds)

    worst = max(elements, key=lambda at: errors[at[0]][at[1]], default=None)
    if worst and against == "exact" and 1e-10 < errors[worst[0]][worst[1]] < 1e-4:
        others = "1e-7 is what single precision leaves, 1e-9 what differences leave. Does part of the pass use float32?"
        notes.append(f"Double precision leaves errors of about 1e-15 here; {others}")
    reference = "the exact gradient" if against == "exact" else "central differences"
    # A problem that shows at several lengths is told once.
    return GradientReport(name, reference, errors, elements.get(worst), tuple(dict.fromkeys(problems)), tuple(notes))


def _reference(against: str, case: Case) -> Params:
    params, x, targets, states = case
    if against == "exact":
        return exact_gradient(params, x, targets, **states)
    return numerical_gradient(lambda net: loss(net, x, targets, **states), params, batched=True)


def states_taken(backward: Backward) -> dict[str, bool]:
    """Which of h0 and c0 the backward pass has as arguments, and whether it has to be given them."""
    arguments = guard.parameters_of(backward)
    return {name: arguments[name].default is inspect.Parameter.empty for name in ("h0", "c0") if name in arguments}


def own_case(T: int, takes: dict[str, bool]) -> Case:
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


def _given_case(params: Params, x: Tokens, targets: Tokens, states: dict[str, State], takes: dict[str, bool]) -> Case:
    """The caller's own net and sequence; raises if they can't be checked."""
    check_params(params, one_net=True)
    if params.flat.dtype != np.float64:
        why = "its rounding looks like a mistake"
        raise TypeError(f"params must be float64 for a check, got {params.flat.dtype}: {why}.")
    x, targets = validate.sequence_pair(x, targets, params.vocab_size)
    given = {}
    for name, state in states.items():
        if state is not None:
            given[name] = validate.state(name, state, params.hidden_size, np.float64)
            if name not in takes:
                raise ValueError(f"{name} was given, but backward takes no argument of that name.")
    return params, x, targets, given


def _blind_spots(params: Params, x: np.ndarray, targets: np.ndarray, states: dict[str, np.ndarray]) -> list[str]:
    """What a check with the caller's own net can't see."""
    notes, T = [], len(x)
    size = math.sqrt(np.mean(params.flat**2))
    if size < 0.3:
        notes.append(f"The weights are small (root mean square {size:.1g}) and hide mistakes; 0.5 to 1 shows more.")
    if T < 3:
        steps = validate.amount(T, "step")
        notes.append(f"A sequence of {steps} can't show a mistake that reaches further back; try T = 6 as well.")
    if not any(state.any() for state in states.values()):
        notes.append("The initial state is zero, so the first step tests neither W nor the forget gate.")
    return notes


def _errors(grads: dict[str, np.ndarray], right: Params) -> dict[str, float]:
    """The relative error of each matrix; 0 for one that is off only by rounding beside the whole gradient."""
    errors, beside = errors_of(grads, right), errors_of(grads, right, noise=1e-14)
    return errors | {key: beside[key] for key in off(errors)}


def _examine(backward: Backward, case: Case, seconds: float) -> tuple[dict[str, np.ndarray] | None, list[str]]:
    """Call the backward pass twice with copies: its gradients (None if there are none to judge) and the problems."""
    name, problems, results = guard.name_of(backward), [], []
    for _ in range(2):
        given = copy.deepcopy(case)
        try:
            grads, dtypes = _call(backward, given, seconds)
        except guard.LearnerError as error:
            return None, [*problems, str(error)]
        results.append(grads)
        now = _arrays(given)
        changed = [key for key, array in _arrays(case).items() if not np.array_equal(array, now[key])]
        problems += [f"{name} changes its input {key}; work on a copy." for key in changed]
        if problems:
            break
    single = [key for key, dtype in dtypes.items() if dtype in (np.float16, np.float32)]
    if single:
        said = f"{name} returns d{', d'.join(single)} as {dtypes[single[0]]}"
        problems.append(f"{said}; compute in float64, since rounding hides what a check looks for.")
    unlike = [key for key, error in errors_of(results[0], results[-1]).items() if error > 1e-12]
    if unlike:
        said = f"{name} returns something else when it is called again with the same inputs (d{', d'.join(unlike)})"
        problems.append(f"{said}: are random numbers drawn, or is something left over from the last call?")
    return results[0], problems


def _stale(backward: Backward, case: Case, seconds: float) -> list[str]:
    """The problem of a pass that was right and is wrong when the same arrays hold other weights and targets.

    So it is in training. A pass that keeps what an earlier call computed, or reads a net that is not its argument, is
    right only as long as nothing changes.
    """
    net, x, targets, states = copy.deepcopy(case)
    for change in ("nothing", "weights", "targets"):
        if change == "weights":
            net.flat *= 0.9
        if change == "targets":
            targets[:] = targets[::-1].copy()
        try:
            grads, _ = _call(backward, (net, x, targets, copy.deepcopy(states)), seconds)
        except guard.LearnerError as error:
            return [str(error)]
        if wrong := off(_errors(grads, exact_gradient(net, x, targets, **states))):
            inputs = "inputs" if change == "nothing" else f"tokens and different {change}"
            again = f"wrong when it is called again with the same {inputs} (d{', d'.join(wrong)})"
            why = "does it keep something from call to call, or use a net that is not its argument?"
            return [f"{guard.name_of(backward)} is right at first, and {again}; {why}"]
    return []


def _arrays(case: Case) -> dict[str, np.ndarray]:
    params, x, targets, states = case
    return {"params": params.flat, "x": x, "targets": targets, **states}


def _call(backward: Backward, case: Case, seconds: float) -> tuple[dict[str, np.ndarray], dict[str, np.dtype]]:
    """The gradients that one call returns, and their types; raises LearnerError, one sentence, if it returns none."""
    params, x, targets, states = case
    K, H, T, n = params.vocab_size, params.hidden_size, len(x), params.flat.size
    shapes = {(K, H), (H, H), (H, K), (T, H), (T + 1, H), (T, K), (4 * H, H), (4 * H, K), (H,), (n,)}

    @functools.wraps(backward, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        spoil_free_memory(shapes)
        return backward(*args, **kwargs)

    result = guard.call(call, params, x, targets, seconds=seconds, **states)
    try:
        grads = collect_gradients(result, params)
    except ValueError as error:
        raise guard.LearnerError(f"{guard.name_of(backward)} {error}{NAN if 'got nan' in str(error) else ''}") from None
    return grads, {key: np.asarray(array).dtype for key, array in read_gradients(result).items()}


def spoil_free_memory(shapes: Collection[tuple[int, ...]]) -> None:
    """Leave NaN in the memory that np.empty hands out next, where a lucky zero would hide that nothing filled it."""
    _ = [np.full(shape, np.nan) for shape in shapes for _ in range(6)]  # all are freed together, on return


def collect_gradients(result: object, params: Params, finite: bool = True) -> dict[str, np.ndarray]:
    """Read the nine gradients out of what a backward pass returned: `{name: array}`, copied, as float64.

    Raises ValueError with the rest of a sentence ("returns ...") when they can't be read.
    """
    grads = {}
    for name, array in read_gradients(result).items():
        try:
            grads[name] = validate.real_array(f"d{name}", array, params[name].shape, np.float64, finite)
        except (TypeError, ValueError) as error:
            raise ValueError(f"returns a wrong gradient: {error}") from None
    return grads


def read_gradients(result: object) -> dict[str, Any]:
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
            wanted = f"nine gradients, {', '.join(names)}"
            raise ValueError(f"returns {len(result)} things; it has to return {wanted}.{advice}")
        return dict(zip(names, result, strict=True))
    wanted = "a Params, a mapping or a sequence of nine arrays"
    raise ValueError(f"returns {validate.brief(result)}; it has to return {wanted}.")
