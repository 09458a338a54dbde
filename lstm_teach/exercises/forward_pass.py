"""Cases and right answers of exercise 1: a gate, the loss, a bias that keeps, and two nets made by hand.

The words are in forward_pass.toml; engine.py says how the two belong together.
"""

from collections.abc import Callable, Sequence

import numpy as np

from lstm_teach.edited import edited
from lstm_teach.exercises.engine import Case, check, questions
from lstm_teach.forward import Cache, forward
from lstm_teach.judging import Trouble, kind, two_numbers
from lstm_teach.params import Params
from lstm_teach.plain import sigmoid
from lstm_teach.validate import amount
from lstm_teach.verdicts import Verdict, advice

FULL_CELL, SAME_CELL, COUNT_SHOWN = questions(__name__, "my_full_cell", "my_same_cell", "my_count_shown")
STAY, OFF, ON = range(3)  # the tokens of the light; for the counter, 2 is the bell
BELL = 2
LITTLE = 1e-3  # what a gate that is nearly shut lets through
CLIPPED_AT = (10, 20, 30, 50, 88, 100, 200, 300, 500, 600, 700, 709)  # so that exp is finite


def check_gate(gate: Callable, seed: int = 1) -> Verdict:
    """Check `gate(U, W, token, h_before)` -> (H,), U (H, K) and W (H, H), on nets drawn with `seed`."""
    cases = []
    sizes = ("one net", 0, (6, 6), 4, 0.8), ("other sizes", 1, (8, 3), 0, 0.8), ("large weights", 2, (4, 5), 1, 4.0)
    for part, number, size, token, scale in sizes:
        net = Params.random(*size, seed=seed + number, scale=scale)
        h_before = np.random.default_rng(seed + number).uniform(-0.9, 0.9, net.hidden_size)
        cases.append(Case(part, (net.Ui, net.Wi, token, h_before)))
    return check(__name__, "gate", gate, cases, right=lambda U, W, token, h: sigmoid(U[:, token] + W @ h))


def check_loss(sequence_loss: Callable, seed: int = 1) -> Verdict:
    """Check `sequence_loss(V, h, targets)` -> a number; V is (K, H), h (T, H), targets (T,)."""
    random = np.random.default_rng(seed)
    targets = random.permutation(6)[[0, 1, 2, 0, 3]]  # one token appears twice, but not in neighboring steps
    lowest = []
    while len({*lowest}) < 3:
        V, h = random.normal(0, 1, (6, 4)), random.uniform(-0.9, 0.9, (5, 4))
        # So large that np.exp overflows in np.longdouble too; in pairs, so that the largest is not alone.
        large = np.append(40_000 * V[:3], 40_000 * V[:3] + V[3:], axis=0)
        lowest = np.argmin(h[:3] @ large.T, axis=1)
    cases = [
        Case("several steps", (V, h, targets), also=a_little_added),
        Case("other sizes", (V[:4, :3].copy(), h[:2, :3].copy(), np.array([3, 0])), also=a_little_added),
        Case("very large scores", (large, h[:3].copy(), lowest), also=kept_finite),
    ]
    return check(__name__, "loss", sequence_loss, cases, right=loss_of)


def loss_of(V: np.ndarray, h: np.ndarray, targets: np.ndarray) -> float:
    """The loss of all steps."""
    scores = h @ V.T
    shifted = scores - scores.max(1, keepdims=True)
    log_y = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    each = -log_y[np.arange(len(h)), targets]
    return each.sum()


def _of_the_targets(*given: np.ndarray) -> np.ndarray:
    """The probability of each step's target."""
    return np.exp(-edited(loss_of, "each.sum()", "each")(*given))


def a_little_added(got: float, *given: np.ndarray) -> str:
    """That a small number was added to the probabilities; "" if it was not."""
    y = _of_the_targets(*given)
    losses = [-np.log(y + 10.0**-k).sum() for k in range(1, 12)]
    what = "A small number was added to the probabilities, and that changes every step's loss."
    return advice(what if np.isclose(got, losses, rtol=1e-12, atol=0).any() else "")


def kept_finite(got: float, *given: np.ndarray) -> str:
    """How a wrong loss was kept finite: by a smallest probability or a largest score; "" if by neither.

    To add a small number to a probability of 0 and to replace the 0 by it come to the same.
    """
    y = _of_the_targets(*given)
    made = "A probability of 0 counts as 1e-{} here, so the log is finite but far from right."
    losses = {made.format(k): -np.log(np.maximum(y, 10.0**-k)).sum() for k in range(1, 301)}
    for limit in CLIPPED_AT:
        clipped = edited(loss_of, "h @ V.T", f"np.clip(h @ V.T, -{limit}, {limit})")
        losses[f"The scores were clipped at {limit}, and that changes the loss."] = clipped(*given)
    return advice(next((words for words, loss in losses.items() if np.isclose(got, loss, rtol=1e-9, atol=0)), ""))


def check_bias(bias_that_keeps: Callable, seed: int = 1) -> Verdict:
    """Check `bias_that_keeps(share, steps)` -> b, to four decimal places, with sigmoid(b) ** steps == share."""
    wanted = [(0.3, 2), (0.6, 20), (0.1, 5), (0.9, 1000)]
    if seed != 1:  # not those of the class, which a result could be copied for
        random = np.random.default_rng(seed)
        shares = random.uniform(0.1, 0.9, 4).round(2).tolist()
        wanted = [*zip(shares, random.integers([2, 3, 10, 500], [4, 10, 100, 2000]).tolist(), strict=True)]
    cases = [Case(f"{share:g} after {steps} steps", (share, steps), also=left_with) for share, steps in wanted]
    return check(__name__, "bias", bias_that_keeps, cases, right=bias)


def left_with(b: float, share: float, steps: int) -> str:
    """How much a forget gate with the bias `b` leaves, and should leave."""
    kept, count = sigmoid(np.float64(b)) ** steps, amount(steps, "step")
    got, wanted = two_numbers(kept, share)
    got = "almost nothing" if kept <= 1e-6 else "almost all" if got == "1" else got
    return f"With your b, {got} is left after {count}; the task asks for {wanted}."


def bias(share: float, steps: int) -> float:
    """The forget-gate bias that leaves `share` of a cell value after `steps`."""
    f = share ** (1 / steps)
    return np.log(f / (1 - f))


def check_counter(counter_net: Callable, seed: int = 1) -> Verdict:
    """Check `counter_net()` -> `Params` of 3 tokens whose unit 0 has the number of bells (2) in c, to within 0.1."""
    random = np.random.default_rng(seed)

    def on(part: str, length: int, bells: Sequence[int]) -> Case:
        x = random.integers(0, BELL, length)
        x[list(bells)] = BELL

        def off(t: int, value: float) -> str:
            count = (x[: t + 1] == BELL).sum()
            rang = f"{count or 'no'} bell{'s have' if count > 1 else ' has'} rung so far"
            return f"{rang}, so it should be within 0.1 of {count}" if abs(value - count) > 0.1 else ""

        return _step_by_step(part, "counter_net", x, off, [(True, 0), (True, 0), (True, 1)])

    cases = [
        on("one bell in 5 steps", 5, [2]),
        on("no bell in 60 steps and then one", 62, [60]),  # with none at all a net that never counts would earn this
        on("four bells with two in a row", 12, [0, 5, 6, 11]),
        on("ten bells in 200 steps", 200, range(3, 200, 20)),
    ]
    return check(__name__, "counter", counter_net, cases)


def check_light(light_net: Callable, seed: int = 1) -> Verdict:
    """Check `light_net()` -> `Params` of 3 tokens whose unit 0 has c > 0.5 while the light is on, else at most 0.5."""

    def on(part: str, x: Sequence[int]) -> Case:
        def off(t: int, value: float) -> str:
            last = max((s for s in range(t + 1) if x[s] != STAY), default=None)
            lit = last is not None and x[last] == ON
            switched, limit = ("on", "above 0.5") if lit else ("off", "at most 0.5")
            state = "has not been switched on yet" if last is None else f"was last switched {switched} at step {last}"
            return f"the light {state}, so it should be {limit}" if (value > 0.5) != lit else ""

        return _step_by_step(part, "light_net", x, off, [(True, 0), (False, 0), (False, 1)])

    cases = [
        on("on", [STAY, STAY, ON, STAY, STAY]),
        on("off again", [ON, STAY, OFF, STAY, ON, OFF]),
        on("five times on then off", [ON] * 5 + [OFF, STAY]),
        on("five times off then on", [OFF] * 5 + [ON, STAY]),
        on("200 steps after it was switched on", [ON] + [STAY] * 200),
        on("200 steps after it was switched off", [ON, OFF] + [STAY] * 200),
        on("on and off at random", np.random.default_rng(seed).integers(0, 3, 80)),
    ]
    return check(__name__, "light", light_net, cases)


def _step_by_step(
    part: str, name: str, x: Sequence[int], off: Callable[[int, float], str], meant: Sequence[tuple[bool, float]]
) -> Case:
    """A case that looks at the cell value of unit 0 after each step; `off` says what is wrong with one, or "".

    `meant` has for each token whether it should keep the old value, and how much of a new one it should let in.
    """

    def look(net: object) -> str:
        if not isinstance(net, Params):
            raise Trouble(f"{name} should return the net, an lt.Params, but returns {kind(net)}.")
        if net.vocab_size != 3:
            raise Trouble(f"{name} should return a net of 3 tokens, but its vocab_size is {net.vocab_size}.")
        if not np.isfinite(net.flat).all():
            raise Trouble(f"{name} returns a net with numbers that are not finite.")
        run = forward(net, x)
        for t, value in enumerate(run.c[:-1, 0]):
            if words := off(t, value):
                at = f"After step {t} (the steps are 0 to {len(x) - 1}) the cell value is {value:.4g}"
                return f"{at}; {words}.{advice(_gates_there(run, t, *meant[x[t]]))}"
        return ""

    return Case(part, (), look=look)


def _gates_there(run: Cache, t: int, keeps: bool, comes: float) -> str:
    """What unit 0 keeps and takes in at a step, as far as it is not what is meant; "" if both are."""
    i, f, g, before = run.i[t, 0], run.f[t, 0], run.g[t, 0], run.c[t - 1, 0]
    shown = []
    if abs((f - keeps) * before) > LITTLE:
        stays = "is lost" if keeps else "stays"
        share = "all" if abs(f - keeps) > 1 - LITTLE else "a part"
        shown.append(f"f is {f:.4g}, so {share} of the old value {stays}")
    if abs(i * g - comes) > LITTLE:
        shown.append(f"i is {i:.4g} and g is {g:.4g}, so {i * g:.2g} comes in")
    return f"There the net reads token {run.x[t]}: {'; '.join(shown)}." if shown else ""
