"""The net of lesson 2, one unit and two tokens, and what its loss does when one number alone is moved.

The two-way picture and the merging walks show it. Imports params, plain, forward, graph, guard and cases.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_teach import plain
from lstm_teach.bell import Inputs
from lstm_teach.forward import forward
from lstm_teach.graph import Net, forward_values
from lstm_teach.guard import name_of
from lstm_teach.lessons.cases import walked
from lstm_teach.params import Params

if TYPE_CHECKING:
    from lstm_teach.blanks import Lesson


def diagram_net(T: int = 4) -> Inputs:
    """The net of the cell diagram: params, x, targets (T,), h0, c0 (1,); one unit, two tokens, T at most 4."""
    params = Params.random(vocab_size=2, hidden_size=1, seed=695, scale=1.3)
    x, targets = np.array([1, 0, 1, 0]), np.array([0, 1, 1, 0])
    return params, x[:T], targets[:T], np.array([0.4]), np.array([0.6])


PARAMS, TOKENS, TARGETS, H0, C0 = diagram_net(2)
NET = Net(PARAMS, TOKENS, TARGETS, H0, C0)


def weights() -> tuple[np.ndarray, tuple[float, ...], tuple[np.ndarray, ...]]:
    """The net in plain numbers: V, one number a token; (Wi, Wf, Wo, Wg), a number each; (Ui, Uf, Uo, Ug), like V."""
    W = tuple(PARAMS["W" + gate][0, 0].item() for gate in "ifog")
    U = tuple(PARAMS["U" + gate][0].copy() for gate in "ifog")
    return PARAMS.V[:, 0].copy(), W, U


def along(delta: str, steps: int = 1) -> Iterator[tuple[str, Callable[[complex], float], float]]:
    """For the number that a delta belongs to (`dc`, `dc_whole`: c; `dy`: scores): a label, the loss along it, a value.

    An array gives one of these for each of its entries. The loss is that of the first `steps` steps. The number is that
    of step 0; a weight is moved at every step that reads it.
    """
    name = "scores" if delta == "dy" else delta.removeprefix("d").removesuffix("_whole")
    if name in Params.NAMES:
        found = [(partial(_loss_with_weight, name, k, steps), w) for k, w in enumerate(PARAMS[name].ravel().tolist())]
    else:
        places = {"scores": ["scores[0,0]", "scores[0,1]"], "h_before": ["h[-1]"], "c_before": ["c[-1]"]}
        boxes = places.get(name, [f"{name}[0]"])
        if boxes[0] not in NET.values:
            raise ValueError(f"{delta} is not the delta of any number in this net, as dh, dzi and dWf are.")
        found = [(partial(_loss_with_box, box, steps), NET.values[box]) for box in boxes]
    for k, (loss_of, value) in enumerate(found):
        yield f"{name}[{k}]" if len(found) > 1 else name, loss_of, value


def _loss_with_weight(name: str, k: int, steps: int, w: complex) -> float:
    params = PARAMS.astype(np.result_type(w, float))
    params[name].flat[k] = w
    return plain.loss(params, TOKENS[:steps], TARGETS[:steps], H0, C0)


def _loss_with_box(box: str, steps: int, w: complex) -> float:
    values = forward_values(NET, box, w - NET.values[box])
    return sum(values[f"loss[{t}]"] for t in range(steps))


def nudges(central_difference: Callable, deltas: dict[str, float | np.ndarray], steps: int, lesson: "Lesson") -> str:
    """Each delta beside what the loss does when its number is nudged, measured with that function, one line each.

    Where the learner's delta was judged wrong, it is that one which is shown, and the library's below it. A delta that
    the lesson gives, and that is judged nowhere, is called "given", and so is one that isn't what its name stands for
    where this is called.
    """
    if steps not in (1, len(TOKENS)):
        raise ValueError(f"compare measures the loss of 1 step or of {len(TOKENS)}, not of {steps}.")
    names, lines = sys._getframe(1).f_globals, []
    numbers = {"token": TOKENS[0], "target": TARGETS[0], "h_before": H0[0], "c_before": C0[0]}
    if any(n in names and not np.array_equal(names[n], number) for n, number in numbers.items()):
        original = ", ".join(f"{name} {number:g}" for name, number in numbers.items())
        lines = ["The numbers of the step have been changed.", f"compare measures the original step ({original})."]
    for delta, value in deltas.items():
        measured = [(label, central_difference(loss_of, w)) for label, loss_of, w in along(delta, steps)]
        current = value is names.get(delta) or np.array_equal(value, names.get(delta))
        if current and delta in lesson.written:
            lines += _beside("yours", lesson.written[delta], measured) + _beside("library's", value, measured)
        else:
            judged = current and any(delta in lesson.blank(group).names for group in lesson.verdicts)
            whose = "given" if not judged else "library's" if lesson.is_open(delta) else "yours"
            lines += _beside(whose, value, measured)
    return "\n".join(lines)


def _beside(whose: str, delta: Any, measured: Sequence[tuple[str, float]]) -> list[str]:
    """A delta's numbers, one line each, beside what was measured; "differs" if they differ in the digits shown."""
    try:
        parts = np.ravel([] if delta is None else delta).astype(float)
    except (TypeError, ValueError):  # not numbers at all
        parts = np.zeros(0)
    if len(parts) != len(measured):
        wanted = "one number" if len(measured) == 1 else f"an array of {len(measured)} numbers"
        return [f"{measured[0][0]:10} {whose:9} is not {wanted}: differs"]
    lines = []
    for number, (label, slope) in zip(parts, measured, strict=True):
        shown, nudged = f"{number:+z.3f}", f"{slope:+z.3f}"  # never minus zero
        lines.append(f"{label:10} {whose:9} {shown}   nudged {nudged}" + "   differs" * (shown != nudged))
    return lines


def sent_back() -> tuple[float, float]:
    """What step 1 sends back to step 0: the deltas of its h_before and its c_before."""
    deltas = walked(PARAMS, TOKENS, TARGETS, H0, C0).deltas[1]
    return deltas["dh_before"][0].item(), deltas["dc_before"][0].item()


def many_units() -> tuple[np.ndarray, ...]:
    """One step back of a net with 3 units and 3 tokens: its Wf, (3, 3), and dzf and h_before, (3,) each."""
    params = Params.random(vocab_size=3, hidden_size=3, seed=2)
    h0, c0 = np.array([0.4, -0.7, 0.3]), np.array([0.6, 0.2, -0.5])
    (deltas,) = walked(params, np.array([2]), np.array([1]), h0, c0).deltas
    return params.Wf, deltas["dzf"], h0


def walk_with(step_back: Callable) -> Callable:
    """A backward pass for `check_gradients`: the forward pass, then `step_back` from the last step to the first."""

    def backward(params, x, targets, h0=None, c0=None):
        cache = forward(params, x, h0, c0)
        return plain.walk_back(params, cache, plain.score_deltas(cache, targets), step_back)[0]

    name = name_of(step_back)
    backward.__name__ = f"the walk with {name if ' ' in name else f'your {name}'}"
    return backward
