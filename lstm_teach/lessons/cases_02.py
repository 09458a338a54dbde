"""The cases on which the lines of lesson 2 are judged: random nets, every name that may be read, the right values.

Imports params, plain and library. Right values come from `plain.walk_back`, which is checked by complex steps, or are
known in closed form.
"""

from collections.abc import Callable, Iterator

import numpy as np

from lstm_teach import plain
from lstm_teach.forward import forward
from lstm_teach.lessons.cases import STATES, as_numbers, names_at, pick, state, surprised, walked
from lstm_teach.lessons.library import SENT_ON
from lstm_teach.params import GATES, Params

NETS = 4
TOKENS = 2  # in the part with one unit, as on the page: a line that is right for two tokens is right there


def one_step() -> Iterator[dict]:
    """One step with one unit and two tokens: every number a float, V and the rows of U (2,)."""
    for seed in range(2 * NETS):  # each pair of token and target twice
        yield one_unit_at(seed, steps=1, t=0)


def two_steps() -> Iterator[dict]:
    """Step t of two or three with one unit, and a step after it; dh, dct, dc and dc_before are of its loss alone."""
    for seed, (steps, t) in enumerate([(2, 0), (3, 0), (3, 1), (2, 0)]):
        names = one_unit_at(10 + seed, steps, t)
        names |= {"dh_whole": names["dh"], "dc_whole": names["dc"], "dh": names["dh_loss"]}
        names |= {"do": names["dh"] * names["ct"], "dct": names["dh"] * names["o"]}
        names |= {"dc": names["dct"] * (1 - names["ct"] ** 2)}
        yield names | {"dc_before": names["dc"] * names["f"]}


def one_unit_at(seed: int, steps: int, t: int) -> dict:
    """All names of lesson 2 at step t of a random net with one unit."""
    params, x, targets, h0, c0 = random_net(np.random.default_rng(seed), K=TOKENS, H=1, steps=steps)
    x[t], targets[t] = seed % 2, seed // 2 % 2
    net = walked(params, x, targets, h0, c0)
    here = names_at(net, t)
    here |= {"loss": -np.log(here["y"][here["target"]]).item()}
    here |= {f"{key}_onehot": np.eye(TOKENS)[here[key]] for key in ("token", "target")}
    given = "h_before c_before V y dy loss token target token_onehot target_onehot Wi Ui Wf Uf Wo Uo Wg Ug"
    names = pick(here, f"{STATES} {' '.join(net.deltas[t])} {given}")
    if steps == 1:  # nothing comes back, and the gradient of a weight is that of this step
        for part in ("dh_loss", "dh_future", "dc_hidden", "dc_carry"):
            del names[part]
        names |= {"d" + name: net.grads[name] for name in given.split()[-8:]}
    return {name: as_numbers(value) for name, value in names.items()}


def many_units() -> Iterator[dict]:
    """One step of a net with several units, on its own; every name ends in _many: the W (H, H), the rest (H,).

    K = H as on the page, so that a product along the wrong axis runs and is told what it is.
    """
    for seed, H in enumerate((3, 2, 5, 4)):
        net = walked(*random_net(np.random.default_rng(20 + seed), K=H, H=H, steps=1))
        here = names_at(net, 0) | {"dW" + gate: net.grads["W" + gate] for gate in GATES}
        deltas = "dh dh_loss dc dzi dzf dzo dzg dh_before"
        names = pick(here, f"{STATES} V y dy h_before c_before {deltas} Wi dWi Wf dWf Wo dWo Wg dWg")
        yield {f"{name}_many": value for name, value in names.items()}


def step_back() -> Iterator[dict]:
    """The arguments of `step_back` at the first, a middle and the last step of a sequence, and its answer."""
    for seed, (steps, t) in enumerate([(1, 0), (3, 0), (3, 1), (4, 2), (70, 5)]):
        rng = np.random.default_rng(30 + seed)
        net = walked(*random_net(rng, K=4 + seed, H=(3, 2, 5, 3, 2)[seed], steps=steps))
        if loud := seed == 3:
            net.params, net.targets = surprised(net.params, net.x, net.h0, net.c0)
        net.cache = forward(net.params, net.x, net.h0, net.c0)
        net.dy = plain.score_deltas(net.cache, net.targets)
        dh_future, dc_carry = 50.0**loud * rng.normal(size=(2, net.H))
        net.deltas[t] = answer = plain.step_back(net.params, net.cache, net.dy, t, dh_future, dc_carry)
        here = names_at(net, t)
        names = {**pick(vars(net), "params cache dy"), **pick(here, "t dh_future dc_carry")}
        names |= {"arguments": tuple(names.values()), "answer": pick(answer, " ".join(SENT_ON))}
        others = " ".join(name for name in answer if name not in names)
        yield names | pick(here, f"{STATES} h_before c_before V {others} Wi Wf Wo Wg")


def central_difference() -> Iterator[dict]:
    """Cubic curves, of which a central difference finds the slope and a part that depends on its step."""
    rng = np.random.default_rng(40)
    for step in (0.4, 0.1, 0.25, 30.0, 0.05):
        a, b, k, d, w = rng.normal(size=5)
        names = {"loss_of": cubic(a, b, k, d), "w": w, "step": step}
        slope = 3 * a * w**2 + 2 * b * w + k
        yield names | {"arguments": tuple(names.values()), "answer": slope + a * step**2}
    names["step"] = 0.001  # as it is if it is not given
    yield names | {"arguments": (names["loss_of"], w), "answer": slope + a * 0.001**2}


def cubic(a: float, b: float, k: float, d: float) -> Callable[[float], float]:
    """The function a w^3 + b w^2 + k w + d."""

    def loss_of(w: float) -> float:
        return a * w**3 + b * w**2 + k * w + d

    loss_of.__qualname__ = "loss_of"  # as Python calls it in an error
    return loss_of


def random_net(rng: np.random.Generator, K: int, H: int, steps: int) -> tuple:
    """params, x, targets, h0, c0: weights of order one, tokens unlike their targets, a state that is not zero."""
    params = Params(K, H, rng.normal(size=K * H + 4 * H * H + 4 * H * K))
    x = rng.integers(0, K, steps)
    targets = (x + rng.integers(1, K, steps)) % K
    return params, x, targets, *state(rng, 2, H)
