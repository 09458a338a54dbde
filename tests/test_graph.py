"""The cell as boxes and arrows: its values are the library's, its deltas are those of the passes and of a nudge."""

from itertools import combinations

import numpy as np
import pytest

import lstm_teach as lt
from lstm_teach.backward import Deltas
from lstm_teach.figures.two_way_words import exact
from lstm_teach.graph import (
    NUDGE,
    Net,
    arrow,
    back_operations,
    backward_order,
    ends,
    forward_operations,
    forward_values,
    kind_and_step,
    nudge,
    score,
    walk_back,
)

QUANTITIES = ("dh", "do", "dc", "di", "df", "dg", "dzi", "dzf", "dzo", "dzg")
COMBINATIONS = [flaws for n in range(5) for flaws in combinations(lt.FLAWS, n)]


def random_net(seed: int, T: int | None = None, K: int | None = None) -> Net:
    rng = np.random.default_rng(seed)
    T, K = T or rng.integers(1, 4), K or rng.integers(2, 6)
    params = lt.Params.random(int(K), 1, seed=seed, scale=rng.uniform(0.5, 1.3))
    x, targets = rng.integers(0, K, (2, T))
    return Net(params, x, targets, rng.normal(size=1), rng.normal(size=1))


@pytest.mark.parametrize("seed", range(20))
def test_the_values_are_those_of_the_forward_pass(seed):
    net = random_net(seed)
    cache = lt.forward(net.params, net.x, net.h0, net.c0)
    for t in range(-1, net.T):
        for name in ("c", "h") if t < 0 else ("i", "f", "o", "g", "zi", "zf", "zo", "zg", "c", "ct", "h"):
            assert net.values[f"{name}[{t}]"] == pytest.approx(getattr(cache, name)[t, 0], rel=1e-12)
    for t, k in np.ndindex(net.T, net.K):
        assert net.values[score(t, k)] == pytest.approx(cache.scores[t, k], rel=1e-12)
    assert net.values["loss"] == pytest.approx(lt.loss(net.params, net.x, net.targets, net.h0, net.c0), rel=1e-12)
    assert net.values["loss"] == pytest.approx(sum(net.values[f"loss[{t}]"] for t in range(net.T)), rel=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_what_comes_back_is_what_the_single_pass_brings_whole_and_in_parts(seed):
    net = random_net(seed)
    _, deltas = lt.bptt(net.params, net.x, net.targets, net.h0, net.c0, return_deltas=True)
    assert_deltas(net, walk_back(net), deltas)
    for t in range(net.T):
        of = {name: getattr(deltas, name)[t, 0] for name in ("dh_loss", "dh_future", "dc_hidden", "dc_carry")}
        arrows = net.right.arrows
        later = sum(part for name, part in arrows.items() if name.startswith(f"h[{t}] -> z"))
        assert arrows[arrow(f"h[{t}]", f"scores[{t}]")] == pytest.approx(of["dh_loss"], rel=1e-10, abs=1e-14)
        assert later == pytest.approx(of["dh_future"], rel=1e-10, abs=1e-14)
        assert arrows[arrow(f"c[{t}]", f"ct[{t}]")] == pytest.approx(of["dc_hidden"], rel=1e-10, abs=1e-14)
        carried = arrows.get(arrow(f"c[{t}]", f"kept[{t + 1}]"), 0)
        assert carried == pytest.approx(of["dc_carry"], rel=1e-10, abs=1e-14)


def assert_deltas(net: Net, back, deltas: Deltas) -> None:
    for t in range(net.T):
        for name in QUANTITIES:
            right = getattr(deltas, name)[t, 0]
            assert back.boxes[f"{name[1:]}[{t}]"] == pytest.approx(right, rel=1e-10, abs=1e-14), (name, t)


@pytest.mark.parametrize("flaws", COMBINATIONS, ids="+".join)
def test_with_any_flaws_it_is_the_loop_of_the_question(flaws):
    for seed in range(6):
        net = random_net(seed, T=1 + seed % 3)
        repaired = set(lt.FLAWS) - set(flaws)
        arguments = net.params, net.x, net.targets, net.h0, net.c0
        _, deltas = lt.nested_bptt(*arguments, repaired=repaired, return_deltas=True)
        back = walk_back(net, flaws)
        assert_deltas(net, back, deltas)
        for t in range(net.T):
            for box in (f"c[{t}]", f"h[{t}]"):
                parts = [part for name, part in back.arrows.items() if ends(name)[0] == box]
                parts += [stray.amount for stray in back.strays if stray.target == box]
                assert sum(parts) == pytest.approx(back.boxes[box], rel=1e-10, abs=1e-14)


@pytest.mark.parametrize("seed", range(40))
def test_every_delta_is_what_the_loss_does_when_that_box_or_arrow_alone_is_nudged(seed):
    net = random_net(seed)
    for name in backward_order(net):
        delta = (net.right.boxes | net.right.arrows)[name]
        ratio = nudge(net, name).ratio
        assert ratio == pytest.approx(delta, rel=1e-5, abs=2e-6), name
        # The digits shown are the same, but for a number so close to the middle between two that either may be shown.
        unit = 10.0 ** -(3 if abs(delta) >= 0.0995 else 4)
        in_the_middle = abs((abs(delta) / unit) % 1 - 0.5) < 0.05
        assert in_the_middle or exact(ratio) == exact(delta), name


@pytest.mark.parametrize("seed", range(10))
def test_delta_in_times_local_slope_is_delta_out_on_every_arrow(seed):
    net = random_net(seed)
    back = net.right
    for name, part in back.arrows.items():
        source, target = ends(name)
        kind, t = kind_and_step(target) if target[:6] != "scores" else ("scores", int(target[7:-1]))
        if kind == "scores":
            product = sum(back.boxes[score(t, k)] * net.slopes[arrow(source, score(t, k))] for k in range(net.K))
        else:
            product = back.boxes[target] * net.slopes[name]
        assert part == pytest.approx(product, rel=1e-10, abs=1e-14), name


def test_a_local_slope_is_how_much_the_end_of_an_arrow_moves_alone():
    net = random_net(3, T=2)
    for name, slope in net.slopes.items():
        source, target = ends(name)
        if kind_and_step(source)[0] in ("h", "c"):  # the boxes with several ways: one of them alone
            place = arrow(source, f"scores[{kind_and_step(target)[1]}]") if target.startswith("scores") else name
        else:
            place = source
        moved = [forward_values(net, place, side * NUDGE / 2)[target] for side in (-1, 1)]
        assert (moved[1] - moved[0]) / NUDGE == pytest.approx(slope, rel=1e-5, abs=1e-6), name


@pytest.mark.parametrize("T", [1, 2, 3])
def test_a_nudge_changes_exactly_what_arrows_lead_to(T):
    net = random_net(7, T=T, K=3)
    after = {}
    for name in net.right.arrows:
        source, target = ends(name)
        after.setdefault(source, []).append(target)
    for t in range(T):  # the scores are one end of an arrow and several boxes
        after[f"scores[{t}]"] = [score(t, k) for k in range(net.K)]
    for name in backward_order(net):
        reached, new = set(), [ends(name)[1] if " -> " in name else name]
        while new:
            box = new.pop()
            if box not in reached:
                reached.add(box)
                new += after.get(box, [])
        boxes = {box for box in reached if box in net.values}
        assert nudge(net, name).changed == boxes, name


def test_a_flaw_leaves_out_or_adds_just_its_own_arrows():
    net = random_net(5, T=3)
    back = walk_back(net, ["short_range"])
    assert back.missing == {arrow(f"h[{t}]", f"scores[{t}]") for t in range(3)}
    assert {(s.source, s.target) for s in back.strays} == {("scores[2]", "h[1]"), ("scores[1]", "h[0]")}
    stray = {s.target: s.amount for s in back.strays}
    assert stray["h[1]"] == pytest.approx(net.right.arrows["h[2] -> scores[2]"])  # the delta that belongs to h[2]

    back = walk_back(net, ["stale_cell_delta"])
    assert not back.missing and {(s.source, s.target) for s in back.strays} == {("ct[0]", "c[1]"), ("ct[0]", "c[0]")}

    back = walk_back(net, ["carry_accumulates"])
    assert not back.missing and {(s.source, s.target) for s in back.strays} == {("c[2]", "c[1]"), ("c[1]", "c[0]")}
    for s in back.strays:
        assert s.amount == pytest.approx(back.boxes[s.source])  # all of dc, with the slope 1

    assert walk_back(net, ["scalar_dot"]).wrong(net.right) == frozenset()  # it spoils weights, not deltas
    assert not net.right.missing and not net.right.strays


@pytest.mark.parametrize("flaw", ["short_range", "stale_cell_delta", "carry_accumulates"])
def test_what_is_called_wrong_is_what_differs_from_the_right_pass(flaw):
    net = random_net(2, T=3)
    back = walk_back(net, [flaw])
    wrong = back.wrong(net.right)
    assert wrong
    for ours, right in ((back.boxes, net.right.boxes), (back.arrows, net.right.arrows)):
        for name, delta in ours.items():
            assert (name in wrong) == (abs(delta - right[name]) > 1e-8), name
    assert not {"h[-1]", "c[-1]"} & set(back.boxes)  # the loop makes no use of the deltas of the initial state


@pytest.mark.parametrize("T", [1, 2, 3])
def test_the_operations_fill_in_every_box_once_in_either_direction(T):
    net = random_net(0, T=T, K=2)
    forward = [box for operation in forward_operations(net) for box in operation.boxes]
    back = [box for operation in back_operations(net) for box in operation.boxes]
    assert sorted(forward) == sorted(set(net.values) - {"h[-1]", "c[-1]", "loss"})
    assert sorted(back) == sorted(set(net.values) - {"loss"})
    arrows = [name for operation in back_operations(net) for name in operation.arrows]
    assert sorted(arrows) == sorted(net.right.arrows) and len(set(arrows)) == len(arrows)
    done = set()
    for operation in back_operations(net):  # no delta is used before it has been filled in
        for name in operation.arrows:
            target = ends(name)[1]
            assert target in done or (target.startswith("scores") and score(int(target[7:-1]), 0) in done)
        done |= set(operation.boxes)
