"""Train a net with any backward pass. Imports the core, batch, tasks; tqdm for the progress bar."""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from lstm_teach import guard, validate
from lstm_teach.backward import bptt
from lstm_teach.batch import Pair, batch_bptt, batch_loss, batch_nested, collect, pad
from lstm_teach.forward import check_params
from lstm_teach.gradcheck import Backward, collect_gradients, states_taken
from lstm_teach.guard import LearnerError
from lstm_teach.nested import nested_bptt
from lstm_teach.params import Params
from lstm_teach.tasks import Task
from lstm_teach.validate import amount, listing


@dataclass(frozen=True)
class Optimizer:
    """`start()` returns a function for one training, which turns each gradient into the step to add to `flat`."""

    start: Callable[[], Callable[[np.ndarray], np.ndarray]]


def sgd(rate: float = 0.1) -> Optimizer:
    """Gradient descent: step = -rate * gradient."""
    rate = validate.finite_number("rate", rate, positive=True)
    return Optimizer(lambda: lambda gradient: -rate * gradient)


def adam(rate: float = 0.01, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> Optimizer:
    """Moving means of the gradient and of its square, both corrected for their start at zero.

    Source: Kingma and Ba, ICLR 2015, algorithm 1.
    """
    rate = validate.finite_number("rate", rate, positive=True)

    def start() -> Callable[[np.ndarray], np.ndarray]:
        count, mean, square = 0, 0.0, 0.0

        def step(gradient: np.ndarray) -> np.ndarray:
            nonlocal count, mean, square
            count += 1
            mean = b1 * mean + (1 - b1) * gradient
            square = b2 * square + (1 - b2) * gradient**2
            return -rate * (mean / (1 - b1**count)) / (np.sqrt(square / (1 - b2**count)) + eps)

        return step

    return Optimizer(start)


def clip(gradient: np.ndarray, limit: float) -> float:
    """Scale `gradient` in place so that its norm is at most `limit`; return the norm that it had.

    Source: Pascanu, Mikolov, Bengio, ICML 2013. It is not part of the backward pass: a check has to tell a clipped
    gradient from the right one.
    """
    norm = size(gradient)
    if limit < norm < np.inf:
        gradient *= limit / norm
    return norm


def size(gradient: np.ndarray) -> float:
    """The Euclidean norm, also of numbers whose squares overflow, as those of an exploding gradient do."""
    largest = float(np.abs(gradient).max())
    if largest == 0 or not np.isfinite(largest):
        return largest
    return largest * float(np.linalg.norm(gradient / largest))


@dataclass
class History:
    """What happened while training, one entry a step; figures draw it.

    loss          mean cross-entropy per symbol of that step's batch, in nats, before the step
    norms         per matrix, the norm of its gradient before clipping
    clipped       whether the whole gradient was scaled down
    tested        the steps after which the test set was measured ...
    test_loss     ... its mean cross-entropy per symbol ...
    judged        ... and the task's own measure from 0 to 1 (empty where a task has none)
    stopped       why it ended before the last step, one sentence; empty if it did not
    """

    loss: list[float] = field(default_factory=list)
    norms: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in Params.NAMES})
    clipped: list[bool] = field(default_factory=list)
    tested: list[int] = field(default_factory=list)
    test_loss: list[float] = field(default_factory=list)
    judged: list[float] = field(default_factory=list)
    snapshots: list[Params] = field(default_factory=list, compare=False, repr=False)
    stopped: str = ""

    def measure(self, step: int, params: Params, task: Task) -> None:
        """Measure the test set after `step` steps."""
        loss, judged = task.test_loss(params), [task.judge(params)] if task.judge else []
        # An interrupt comes while something is computed; after that all of it is noted.
        self.tested.append(step)
        self.test_loss.append(loss)
        self.judged += judged
        self.snapshots.append(params.copy())

    def __repr__(self) -> str:
        text = amount(len(self.loss), "step")
        if self.loss:
            text += f", loss per symbol from {self.loss[0]:.3f} to {self.loss[-1]:.3f}"
        if self.test_loss:
            text += f", {self.test_loss[-1]:.3f} on the test set"
        if self.judged:
            text += f", {100 * self.judged[-1]:.3g}% solved"
        return f"{text}. {self.stopped}".rstrip()


def train(
    params: Params,
    task: Task,
    steps: int = 500,
    backward: Backward = bptt,
    *,
    optimizer: Optimizer | None = None,
    batch: int = 16,
    clip_norm: float = 5.0,
    seed: int = 0,
    progress: bool = True,
) -> History:
    """Change `params` in place, `steps` times, along the gradient of a batch that is drawn from `task`.

    `backward` is any backward pass `backward(params, x, targets)`, a broken one too. `bptt` and `nested_bptt` (also as
    `partial(nested_bptt, repaired=...)`) run in their batch forms, every other one sequence by sequence. The gradient
    is that of the loss of one sequence (the sum over its steps), averaged over the `batch` and clipped to the norm
    `clip_norm`. `optimizer` is made by `adam` or `sgd`; None means `adam(rate=0.01)`. The same `seed` gives
    the same history. It holds the loss and the norms of every step, and about 20 measurements of the test set, also
    before the first step and after the last. `progress` shows a bar where somebody watches.

    An interrupt (the kernel's stop button, or Ctrl-C) ends it: what was learned stays in `params`, and the history up
    to there is returned. It also stops, and says why, when a gradient is not finite, or when `backward` raises or
    returns something else after the first step.
    Raises ValueError or TypeError for a bad argument, before any step, and LearnerError if the first call of `backward`
    raises or does not return nine gradients.
    """
    optimizer = adam() if optimizer is None else optimizer
    _check(params, task, backward, optimizer)
    steps, batch = _amounts(steps, batch, params.hidden_size)
    clip_norm = validate.finite_number("clip_norm", clip_norm, positive=True)

    rng, test_every = np.random.default_rng(validate.whole_number("seed", seed, 0)), max(1, steps // 20)
    update, history = optimizer.start(), History()
    with _bar(steps, task.name, progress) as bar:
        try:
            history.measure(0, params, task)
            for step in range(1, steps + 1):
                loss, grads = batch_gradient(params, task.draw(rng, batch), backward)
                norms = {name: size(matrix) for name, matrix in grads.items()}
                norm = clip(grads.flat, clip_norm)
                if not np.isfinite(norm + loss):
                    history.stopped = f"Stopped at step {step}: {_not_finite(norms, norm)} not finite."
                    break
                history.loss.append(loss)
                history.clipped.append(norm > clip_norm)
                for name, each in norms.items():
                    history.norms[name].append(each)
                params.flat += update(grads.flat)
                if step % test_every == 0 or step == steps:
                    history.measure(step, params, task)
                    bar.set_postfix_str(f"loss {loss:.3f}, test {history.test_loss[-1]:.3f}", refresh=False)
                bar.update()
        except LearnerError as error:
            if not history.loss:
                raise
            history.stopped = f"Stopped at step {len(history.loss) + 1}: {error}"
        except KeyboardInterrupt:
            done = amount(len(history.loss), "step")
            history.stopped = f"Interrupted after {done}; the parameters are those of that moment."
    return history


def _check(params: Params, task: Task, backward: Backward, optimizer: Optimizer) -> None:
    """Raise ValueError or TypeError, one sentence, if this can't be trained."""
    check_params(params, one_net=True)
    if params.flat.dtype != np.float64:
        raise TypeError(f"params must be float64 for training, got {params.flat.dtype}.")
    if not params.flat.flags.writeable:
        raise ValueError("params must be writable, since training changes them in place; got a read-only vector.")
    validate.instance("task", task, Task, "a Task (see lstm_teach.tasks)")
    if params.vocab_size != task.vocab_size:
        raise ValueError(f"params must have vocab_size {task.vocab_size} for this task, got {params.vocab_size}.")
    validate.instance("backward", backward, Callable, "a function backward(params, x, targets)")
    validate.instance("optimizer", optimizer, Optimizer, "made by sgd or adam, such as adam(rate=0.01)")


def _amounts(steps: int, batch: int, units: int) -> tuple[int, int]:
    """Return `steps` and `batch` as ints, if a batch for that many units and a history of all steps fit in memory."""
    steps, batch = validate.whole_number("steps", steps), validate.whole_number("batch", batch)
    validate.room("a batch", batch * units, batch=batch)
    validate.room("a history", steps * (len(Params.NAMES) + 2), steps=steps)
    return steps, batch


def _not_finite(norms: dict[str, float], norm: float) -> str:
    """What is not finite: the first such matrix, else the loss or the whole gradient; with its verb."""
    wrong = [f"d{name} is" for name, each in norms.items() if not np.isfinite(each)]
    return wrong[0] if wrong else "the loss is" if np.isfinite(norm) else "the gradient is"


def _bar(steps: int, name: str, progress: bool) -> AbstractContextManager:
    from tqdm.auto import tqdm  # here, because in a notebook it imports ipywidgets

    # No thread watches over this bar: it looks at the clock at every step, and a browser has no threads.
    unwatched = type("unwatched", (tqdm,), {"monitor_interval": 0})
    shown = progress and somebody_watches()
    return unwatched(total=steps, disable=not shown, unit="step", desc=name, miniters=1)


def somebody_watches() -> bool:
    """Whether a progress bar would be seen: in a notebook or a terminal, not in a captured log."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return hasattr(shell, "kernel") or (sys.stderr is not None and sys.stderr.isatty())


def batch_gradient(params: Params, pairs: list[Pair], backward: Backward) -> tuple[float, Params]:
    """Mean loss per symbol over the pairs, and the gradient of the loss of one sequence, averaged over the pairs."""
    xs, targets, weights = pad(sorted(pairs, key=lambda pair: -len(pair[0])))
    passes = batch_form(backward)
    if passes:
        loss, grads = passes(params, xs, targets, weights)
    else:
        loss, grads = batch_loss(params, xs, targets, weights), Params.zeros(params.vocab_size, params.hidden_size)
        for pair in pairs:
            for name, matrix in gradients_of(backward, params, *pair).items():
                grads[name][...] += matrix
    grads.flat /= len(pairs)
    return float(loss / weights.sum()), grads


def gradients_of(backward: Backward, params: Params, x: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
    """What any backward pass returns for one sequence, by name. Raises LearnerError if it fails; it gets copies."""
    states = {name: np.zeros(params.hidden_size) for name, needed in states_taken(backward).items() if needed}
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # `train` says when a gradient is not finite
            result = backward(params.copy(), x.copy(), targets.copy(), **states)
    except (Exception, SystemExit) as error:
        raise LearnerError(guard.what_it_raised(backward, error)) from error
    try:
        return collect_gradients(result, params, finite=False)
    except ValueError as error:
        raise LearnerError(f"{guard.name_of(backward)} {error}") from None


def batch_form(backward: Backward) -> Callable | None:
    """The form for many sequences of `bptt` and of `nested_bptt` with any of its flaws repaired; None for others."""
    if isinstance(backward, partial) and backward.func is nested_bptt and not backward.args:
        return partial(batch_nested, **backward.keywords) if [*backward.keywords] == ["repaired"] else None
    return batch_bptt if backward is bptt else batch_nested if backward is nested_bptt else None


def train_side_by_side(
    nets: Sequence[Params],
    task: Task,
    steps: int = 500,
    backward: Backward = bptt,
    *,
    seeds: Sequence[int],
    rate: float = 0.01,
    batch: int = 16,
    clip_norm: float = 5.0,
) -> np.ndarray:
    """Do to each of the nets what `train` does with `adam(rate)` and its seed, all at once; return the losses.

    Much faster than one after the other, for small nets of one size. `backward` must be `bptt`, or `nested_bptt` with
    any of its flaws repaired. Changes the nets in place, with no stop for a gradient that is not finite; the result
    (steps, nets) holds the mean loss per symbol of each step's batch.
    """
    passes = batch_form(backward)
    if not passes:
        raise ValueError("backward must be bptt or nested_bptt here; train other passes one net at a time, with train.")
    if not nets:
        raise ValueError("nets must hold at least one net, got none.")
    if len(nets) != len(seeds):
        raise ValueError(f"seeds must hold one number per net; got {len(seeds)} for {len(nets)} nets.")
    sizes = {(net.vocab_size, net.hidden_size) for net in nets}
    if len(sizes) > 1 or nets[0].vocab_size != task.vocab_size:
        got = f"got {listing(f'{K} and {H}' for K, H in sorted(sizes))}"
        raise ValueError(f"nets must all have vocab_size {task.vocab_size}, like the task, and one hidden_size; {got}.")
    steps, batch = _amounts(steps, batch, len(nets) * nets[0].hidden_size)
    together = Params(task.vocab_size, nets[0].hidden_size, np.stack([net.flat for net in nets]))
    different = list(dict.fromkeys(seeds))
    own = [different.index(seed) for seed in seeds]  # nets with the same seed get the same sequences
    rngs = [np.random.default_rng(validate.whole_number("seed", seed, 0)) for seed in different]
    update, losses = adam(rate).start(), []
    for _ in range(steps):
        xs, targets, weights = collect([task.draw(rng, batch) for rng in rngs])
        weights = weights[:, own]
        loss, grads = passes(together, xs, targets, weights)
        losses.append(loss / weights.sum((0, 2)))
        grads.flat /= batch
        for gradient in grads.flat:
            clip(gradient, clip_norm)
        together.flat += update(grads.flat)
    for net, flat in zip(nets, together.flat, strict=True):
        net.flat[:] = flat
    return np.array(losses)
