"""Cases and right answers of exercise 5: the carry, a reach to solve for, a text in pieces, what cuts lose, a bias.

The words are in vanishing_gradients.toml; engine.py says how the two belong together.
"""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from lstm_teach.edited import edited
from lstm_teach.exercises.engine import Case, check, questions, task_of
from lstm_teach.flow import gradient_flow
from lstm_teach.forward import forward
from lstm_teach.judging import difference, is_like, two_numbers
from lstm_teach.lessons.clinic_cases import right_pass
from lstm_teach.params import Params
from lstm_teach.plain import sigmoid
from lstm_teach.validate import amount
from lstm_teach.verdicts import Verdict, advice

LOWEST, HIGHEST = -2.0, 3.0  # the bias of task 5 lies between these
MEASUREMENTS, NEAR = 25, 0.05  # how often it may be measured, and how near in orders of magnitude it has to come
TOO_MANY = 100  # measurements after which the check stops waiting

PREDICT_STEPS, SHUT_GATE, CUT_TEXT = questions(__name__, "my_steps", "my_shut_gate", "my_cut_text")


def check_carried(carried: Callable, seed: int = 1) -> Verdict:
    """Check `carried(f, dc, s)` -> (s+1, H): what the forget gates (T+1, H) alone leave of dc (H,)."""
    random = np.random.default_rng(seed)
    sizes = ("a loss in the middle", 12, 4, 8), ("a loss at either end", 6, 3, 5), ("a loss at either end", 5, 3, 0)
    cases = []
    for part, T, H, s in sizes:
        dc = random.uniform(0.3, 1.5, H) * (-1.0) ** np.arange(H)  # of both signs, so that a lost sign shows
        cases.append(Case(part, (random.uniform(0.2, 0.95, (T + 1, H)), dc, s)))
    return check(__name__, "carried", carried, cases, right=lambda f, dc, s: dc * gates(f, s, 1, s))


def gates(f: np.ndarray, s: int, first: int, last: int) -> np.ndarray:
    """In each row t from 0 to s the product of the gates from step t + first to step last, (s+1, H)."""
    return np.array([f[t + first : last + 1].prod(axis=0) for t in range(s + 1)])


def check_reach(reach: Callable, seed: int = 1) -> Verdict:
    """Check `reach(bias, extra, share)` -> the fewest steps that leave at most share; -1 if none do."""

    def never(rate: float) -> str:
        return f"The rate is {rate:.4g} here, so the share is never reached; return -1."

    def also(got: float, bias: float, extra: float, share: float) -> str:
        rate = sigmoid(bias) + extra
        if rate >= 1:
            return never(rate)
        if not 0 <= got < 1e6 or got % 1:  # a quotient that was not rounded has a sentence of its own
            return ""
        left, most = two_numbers(rate**got, share)
        return f"After {amount(f'{got + 0.0:g}', 'step')} {left} is left; at most {most} may be left."

    def on(part: str, bias: float, extra: float, share: float) -> Case:
        rate = sigmoid(bias) + extra
        return Case(part, (bias, extra, share), also=also, unknown=never(rate) if rate >= 1 else "")

    move, times, extra, steps = 0.0, 1.0, 0.25, 2
    if seed != 1:  # not those of the class, which a result could be copied for
        random = np.random.default_rng(seed)
        move, times = random.uniform(-0.3, -0.01), random.uniform(0.6, 1.4)
        extra, steps = random.choice([0.3125, 0.375, 0.4375]), random.choice([4, 8])  # 2, 4, 8: exact logarithms
    cases = [
        on("nets with two roads back", 0.0 + move, 0.11, 1e-3 * times),
        on("nets with two roads back", 2.0 + move, 0.11, 0.02 * times),
        on("nets without the second road", 1.0 + move, 0.0, 1e-3 * times),
        on("nets without the second road", -3.0 + move, 0.0, 0.4 * times),
        on("a share that is reached exactly", 0.0, 0.0, 0.5**steps),
        on("a share that is reached exactly", 0.0, extra, (0.5 + extra) ** 2),
        on("a rate very near 1", 7.0 + move, 0.0, 1e-3 * times),
        on("a rate of 1 or more", 3.0 + move, 0.11, 1e-3 * times),  # last: an endless loop leaves no time for more
        on("a rate of 1 or more", 0.0, 0.5, 0.5 * times),
    ]
    return check(__name__, "reach", reach, cases)


def steps(rate: float, share: float) -> float:
    """The smallest whole number of steps with `rate ** steps <= share`, or -1 if there is none."""
    return -1.0 if rate >= 1 else float(np.ceil(np.log(share) / np.log(rate)))


def check_pieces(in_pieces: Callable, seed: int = 1) -> Verdict:
    """Check `in_pieces(back, pieces)` -> the exact gradient and the truncated one, (n,) each.

    `back(piece, dh_end, dc_end)` is given: the gradient of a piece (n,), and what it sends to its start, dh and dc.
    """
    cases = [
        Case("three pieces", cut_text(seed, (4, 4, 2))),
        Case("five pieces of one step", cut_text(seed + 1, (1, 1, 1, 1, 1))),
        Case("a single piece", cut_text(seed + 2, (3,))),
    ]
    return check(__name__, "pieces", in_pieces, cases, right=pieced)


# The single pass of a piece: it starts from what comes to its end, and returns what it sends to its start too.
WALK = edited(
    *(right_pass, "h0=None, c0=None", "h0, c0, dh_future, dc_carry"),
    *("    dh_future = dc_carry = np.zeros(params.hidden_size)\n", ""),
    *("return grads", "return grads.flat, dh_future, dc_carry"),
)


def cut_text(seed: int, lengths: Sequence[int]) -> tuple:
    """A net's `back`, and its text cut into pieces of these lengths: (x, targets, h0, c0) each, in order."""
    K, H, random = 4, 3, np.random.default_rng(seed)
    params = Params.random(K, H, seed=seed)
    h, c, pieces = *random.uniform(-0.8, 0.8, (2, H)), []
    for length in lengths:
        x, targets = random.integers(0, K, (2, length))
        pieces.append((x, targets, h, c))
        cache = forward(params, x, h, c)
        h, c = cache.h[length - 1], cache.c[length - 1]

    def back(piece: tuple, dh_end: np.ndarray | float, dc_end: np.ndarray | float) -> tuple:
        return WALK(params, *piece, np.zeros(H) + dh_end, np.zeros(H) + dc_end)

    return back, pieces


def pieced(back: Callable, pieces: Sequence[tuple]) -> dict[str, np.ndarray]:
    """The exact and the truncated gradient, (n,) each."""
    exact, dh, dc = 0, 0, 0
    for piece in reversed(pieces):
        gradient, dh, dc = back(piece, dh, dc)
        exact = exact + gradient
    return {"exact": exact, "truncated": sum(back(piece, 0, 0)[0] for piece in pieces)}


def check_kept(kept: Callable, seed: int = 1) -> Verdict:
    """Check `kept(norms, length)` -> (T,): for each step the share of the sum over losses that the cuts leave."""
    random, cases = np.random.default_rng(seed), []
    for part, T, length in (
        ("pieces of four steps", 12, 4),
        ("a last piece that is shorter", 10, 4),
        ("pieces of one step or a single piece", 5, 1),
        ("pieces of one step or a single piece", 5, 7),
    ):
        s, t = np.indices((T, T))
        cases.append(Case(part, (np.tril(random.uniform(0.5, 1.5, (T, T)) * 0.8 ** (s - t)), length)))
    return check(__name__, "kept", kept, cases, right=kept_of)


def kept_of(norms: np.ndarray, length: int) -> np.ndarray:
    """For each step t, how much of the sum over s of norms[s, t] comes from losses of its own piece; (T,)."""
    s, t = np.indices(norms.shape)
    kept = s // length == t // length
    return (norms * kept).sum(0) / norms.sum(0)


def check_bias(bias_for: Callable, seed: int = 1) -> Verdict:
    """Check `bias_for(lost, orders)` -> b with |lost(b) - orders| at most 0.05, after at most 25 calls of lost."""
    why = task_of(__name__, "bias")["why"]

    def on(part: str, T: int, H: int, scale: float, orders: float) -> tuple[Case, Case]:
        """What looks at the learner's b, and at the number of measurements that it took."""
        measure, calls = measured(seed, T, H, scale), []

        def lost(bias: float) -> float:
            calls.append(bias)
            if len(calls) > TOO_MANY:
                raise RuntimeError(f"lost has been called more than {TOO_MANY} times; {MEASUREMENTS} calls are allowed")
            return measure(bias)

        def look(b: object, *given: object) -> str:
            if not is_like(b, 0.5):
                return difference("b", b, 0.5)
            now = measure(float(b))
            if abs(now - orders) <= NEAR:
                return ""
            right = solved(measure, orders)
            alone = 10 ** (-orders / (T - 1))  # the constant gate that would lose so much
            explained = {
                "formula": abs(b - np.log(alone / (1 - alone))) < 2e-3,
                "gate": abs(b - sigmoid(right)) < 2e-3,
                "sign": abs(b + right) < 2e-3,
                # Halving comes so near an end after nine measurements; who tries a few biases may just have tried it.
                "end": min(abs(b - LOWEST), abs(b - HIGHEST)) < 0.01 and len(calls) >= 9,
                "orders": abs(b - orders) < 2e-3 and not LOWEST <= orders <= HIGHEST,
                "unmeasured": not calls,
                "spread": abs(now - orders) < 5 * NEAR and len(calls) >= MEASUREMENTS - 1,
                "near": abs(now - orders) < 5 * NEAR,
                "larger": now > orders,
                "smaller": True,
            }
            words = next(why[name] for name, so in explained.items() if so)
            return f"With your b, {b:.4g}, the net loses {now:.2f} orders; it should lose {orders:g}.{advice(words)}"

        def few(b: object, *given: object) -> str:
            if look(b):
                return "This is checked once every bias is right."
            many = f"It took {len(calls)} measurements; {MEASUREMENTS} are allowed.{advice(why['many'])}"
            return many if len(calls) > MEASUREMENTS else ""

        return Case(part, (lost, orders), look=look), Case("few measurements", (lost, orders), look=few)

    looks = (
        on("two orders in 25 steps", 25, 8, 0.2, 2.0),
        on("four orders in 40 steps", 40, 10, 0.12, 4.0),
        on("twelve orders in 40 steps", 40, 10, 0.12, 12.0),
    )
    return check(__name__, "bias", bias_for, [case for cases in zip(*looks, strict=True) for case in cases])


@cache
def measured(seed: int, T: int, H: int, scale: float) -> Callable[[float], float]:
    """The orders that the last loss's dc loses on its way to step 0, for a net with that forget-gate bias."""
    x, targets = np.random.default_rng(seed).integers(0, 8, (2, T))

    @cache
    def orders(bias: float) -> float:
        net = Params.random(8, H, seed=seed, scale=scale, forget_bias=float(bias))
        first, *_, last = gradient_flow(net, x, targets).dc[-1]
        with np.errstate(divide="ignore"):
            return float(np.log10(last / first))

    return orders


def solved(measure: Callable[[float], float], orders: float) -> float:
    """The bias with which that many orders are lost."""
    low, high = LOWEST, HIGHEST
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if measure(middle) > orders else (low, middle)
    return (low + high) / 2


lost = measured(5, 60, 32, 0.1)  # to try things out: a fresh net that reads 60 tokens
