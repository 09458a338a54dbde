"""The cases on which the lines of lesson 2 are judged: random nets, every name that may be read, the right values.

Imports params, plain and library. Right values come from `plain.walk_back`, which is held against complex steps, or are
known in closed form.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace

import numpy as np

from lstm_teach import plain
from lstm_teach.forward import forward
from lstm_teach.lessons.library import SENT_ON
from lstm_teach.params import Params

NETS = 4
TOKENS = 2  # in the part with one unit, as on the page: a line that is right for two tokens is right there
STATES = ("zi", "zf", "zo", "zg", "i", "f", "o", "g", "c", "ct", "h")


def one_step() -> Iterator[dict]:
    """One step with one unit and two tokens: every number a float, V and the rows of U (2,)."""
    for seed in range(2 * NETS):  # each pair of token and target twice
        yield one_unit_at(seed, steps=1, t=0)


def two_steps() -> Iterator[dict]:
    """Step t of two or three with one unit, with a step after it."""
    for seed, (steps, t) in enumerate([(2, 0), (3, 0), (3, 1), (2, 0)]):
        names = one_unit_at(10 + seed, steps, t)
        yield names | {"start": {"dh": names["dh"], "dc": names["dc"]}}  # as when the cell is run once more


def one_unit_at(seed: int, steps: int, t: int) -> dict:
    """All names of lesson 2 at step t of a random net with one unit."""
    rng = np.random.default_rng(seed)
    net = random_net(rng, K=TOKENS, H=1, steps=steps)
    net.x[t], net.targets[t] = seed % 2, seed // 2 % 2
    cache = plain.forward(net.params, net.x, net.h0, net.c0)
    grads, deltas, dy = plain.walk_back(net.params, cache, net.targets)
    names = {name: getattr(cache, name)[t].item() for name in STATES}
    names |= {name: value.item() for name, value in deltas[t].items()}
    names |= {"h_before": cache.h[t - 1].item(), "c_before": cache.c[t - 1].item()}
    names |= {"V": net.params.V[:, 0], "y": cache.y[t], "dy": dy[t]}
    names["loss"] = -np.log(cache.y[t, net.targets[t]]).item()
    names |= {"token": int(net.x[t]), "target": int(net.targets[t])}
    names |= {key + "_onehot": np.eye(net.params.vocab_size)[names[key]] for key in ("token", "target")}
    for gate in "ifog":
        names["W" + gate] = net.params["W" + gate].item()
        names["U" + gate] = net.params["U" + gate][0]
    if steps == 1:  # nothing comes back, and the gradient of a weight is that of this step
        for part in ("dh_loss", "dh_future", "dc_hidden", "dc_carry"):
            del names[part]
        for gate in "ifog":
            names |= {"dW" + gate: grads["W" + gate].item(), "dU" + gate: grads["U" + gate][0]}
    return names


def many_units() -> Iterator[dict]:
    """One step of a net with several units, on its own: V (K, H), the W (H, H), dy (K,), the rest (H,).

    K = H as on the page, so that a product along the wrong axis runs and is told what it is.
    """
    for seed, H in enumerate((3, 2, 5, 4)):
        rng = np.random.default_rng(20 + seed)
        net = random_net(rng, K=H, H=H, steps=1)
        cache = plain.forward(net.params, net.x, net.h0, net.c0)
        grads, (d,), (dy,) = plain.walk_back(net.params, cache, net.targets)
        names = {name: getattr(cache, name)[0] for name in STATES}
        names |= {"V": net.params.V, "y": cache.y[0], "dy": dy, "h_before": net.h0, "c_before": net.c0}
        names |= {name: d[name] for name in ("dh", "dh_loss", "dc", "dzi", "dzf", "dzo", "dzg", "dh_before")}
        for gate in "ifog":
            names |= {"W" + gate: net.params["W" + gate], "dW" + gate: grads["W" + gate]}
        yield names


def step_back() -> Iterator[dict]:
    """The arguments of `step_back` at the first, a middle and the last step of a sequence, and its answer."""
    for seed, (steps, t) in enumerate([(1, 0), (3, 0), (3, 1), (4, 2)]):
        rng = np.random.default_rng(30 + seed)
        net = random_net(rng, K=4 + seed, H=(3, 2, 5, 3)[seed], steps=steps)
        cache = forward(net.params, net.x, net.h0, net.c0)
        dy = plain.score_deltas(cache, net.targets)
        dh_future, dc_carry = rng.normal(size=(2, net.params.hidden_size))
        answer = plain.step_back(net.params, cache, dy, t, dh_future, dc_carry)
        names = {"params": net.params, "cache": cache, "dy": dy, "t": t, "dh_future": dh_future, "dc_carry": dc_carry}
        names |= {"arguments": tuple(names.values()), "answer": {name: answer[name] for name in SENT_ON}}
        names |= {name: getattr(cache, name)[t] for name in STATES}
        names |= {"h_before": cache.h[t - 1], "c_before": cache.c[t - 1], "V": net.params.V}
        names |= {name: value for name, value in answer.items() if name not in names}
        yield names | {"W" + gate: net.params["W" + gate] for gate in "ifog"}


def central_difference() -> Iterator[dict]:
    """Cubic curves, of which a central difference finds the slope and a part that depends on its step."""
    rng = np.random.default_rng(40)
    for step in (0.4, 0.1, 0.25, 0.05):
        a, b, k, d, w = rng.normal(size=5)
        names = {"loss_of": partial(cubic, a, b, k, d), "w": w, "step": step}
        slope = 3 * a * w**2 + 2 * b * w + k
        yield names | {"arguments": tuple(names.values()), "answer": slope + a * step**2}


def cubic(a: float, b: float, k: float, d: float, w: float) -> float:
    """a w^3 + b w^2 + k w + d."""
    return a * w**3 + b * w**2 + k * w + d


def random_net(rng: np.random.Generator, K: int, H: int, steps: int) -> SimpleNamespace:
    """A net with weights of order one, tokens that differ from their targets, and an initial state away from zero."""
    params = Params(K, H, rng.normal(size=K * H + 4 * H * H + 4 * H * K))
    x = rng.integers(0, K, steps)
    targets = (x + rng.integers(1, K, steps)) % K
    h0, c0 = rng.uniform(0.3, 0.9, (2, H)) * rng.choice([-1, 1], (2, H))
    return SimpleNamespace(params=params, x=x, targets=targets, h0=h0, c0=c0)
