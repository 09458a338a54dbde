"""Several nets at once against one after the other."""

from functools import partial
from itertools import chain, combinations

import numpy as np
import pytest

import lstm_teach as lt
from lstm_teach import tasks
from lstm_teach.batch import batch_bptt, batch_nested, collect
from lstm_teach.training import adam, batch_gradient, train_side_by_side

TASK = tasks.reber(16)
COMBINATIONS = list(chain.from_iterable(combinations(lt.FLAWS, count) for count in range(5)))


def some_nets(count=3, hidden_size=5, scale=0.8):
    return [lt.Params.random(TASK.vocab_size, hidden_size, seed=seed, scale=scale) for seed in range(count)]


def together(nets):
    return lt.Params(TASK.vocab_size, nets[0].hidden_size, np.stack([net.flat for net in nets]))


@pytest.mark.parametrize(
    ("amounts", "said"),
    [
        ({"batch": 0}, "batch must be at least 1, got 0"),
        ({"batch": 10**9}, "batch must be smaller: batch 1,000,000,000 asks for a batch of"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"steps": 10**400}, "steps must be smaller: steps at least 1e400 asks for a history of"),
    ],
)
def test_what_no_memory_could_hold_is_refused_here_as_it_is_for_one_net(amounts, said):
    with pytest.raises(ValueError, match=said):
        train_side_by_side(some_nets(), TASK, seeds=(1, 2, 3), **amounts)
    with pytest.raises(ValueError, match=said):
        lt.train(some_nets()[0], TASK, **amounts)


@pytest.mark.parametrize("repaired", [None, *COMBINATIONS], ids=lambda names: "bptt" if names is None else str(names))
def test_each_net_gets_the_loss_and_the_gradient_of_its_own_sequences(repaired):
    rng, nets = np.random.default_rng(0), some_nets()
    drawn = [TASK.draw(rng, 6) for _ in nets]  # of different lengths; some come twice
    if repaired is None:
        losses, grads = batch_bptt(together(nets), *collect(drawn))
        backward = lt.bptt
    else:
        losses, grads = batch_nested(together(nets), *collect(drawn), repaired)
        backward = partial(lt.nested_bptt, repaired=repaired)
    for net, pairs, loss, flat in zip(nets, drawn, losses, grads.flat, strict=True):
        assert loss == pytest.approx(sum(lt.loss(net, *pair) for pair in pairs), rel=1e-12)
        single = sum(backward(net, *pair).flat for pair in pairs)
        assert np.linalg.norm(flat - single) <= 1e-12 * np.linalg.norm(single)


def test_every_different_sequence_is_run_once_and_counted_for_each_net():
    task = tasks.recall(4, fillers=1)
    drawn = [task.draw(np.random.default_rng(seed), 8) for seed in range(3)]
    xs, _, weights = collect(drawn)
    assert xs.shape == (6, 2) and weights.shape == (6, 3, 2)
    for net, pairs in enumerate(drawn):
        for b, first in enumerate(xs[0]):
            assert (weights[:, net, b] == sum(x[0] == first for x, _ in pairs)).all()


@pytest.mark.parametrize("backward", [lt.bptt, lt.nested_bptt, partial(lt.nested_bptt, repaired=lt.FLAWS[:2])])
def test_nets_trained_side_by_side_end_where_each_ends_alone(backward):
    options = {"batch": 4, "clip_norm": 2.0}
    several, alone, seeds = some_nets(scale=0.3), some_nets(scale=0.3), (4, 5, 4)
    losses = train_side_by_side(several, TASK, 8, backward, seeds=seeds, rate=0.02, **options)
    for k, (net, seed) in enumerate(zip(alone, seeds, strict=True)):
        history = lt.train(net, TASK, 8, backward, optimizer=adam(0.02), seed=seed, progress=False, **options)
        np.testing.assert_allclose(losses[:, k], history.loss, rtol=1e-7)
        np.testing.assert_allclose(several[k].flat, net.flat, rtol=1e-6, atol=1e-8)


def test_the_loop_of_the_question_has_the_same_gradient_in_training_as_alone():
    net, pairs = some_nets(1)[0], TASK.draw(np.random.default_rng(1), 5)
    for backward in (lt.nested_bptt, partial(lt.nested_bptt, repaired=["scalar_dot"])):
        loss, grads = batch_gradient(net, pairs, backward)
        single = sum(backward(net, *pair).flat for pair in pairs) / 5
        assert np.linalg.norm(grads.flat - single) <= 1e-12 * np.linalg.norm(single)
        assert loss == pytest.approx(sum(lt.loss(net, *p) for p in pairs) / sum(len(x) for x, _ in pairs))


def test_what_cannot_be_trained_side_by_side_is_refused():
    nets = some_nets(2)
    with pytest.raises(ValueError, match="backward must be bptt or nested_bptt here"):
        train_side_by_side(nets, TASK, 1, lambda params, x, targets: None, seeds=(0, 1))
    with pytest.raises(ValueError, match="nets must hold at least one net, got none"):
        train_side_by_side([], TASK, 1, seeds=())
    with pytest.raises(ValueError, match="seeds must hold one number per net; got 1 for 2 nets"):
        train_side_by_side(nets, TASK, 1, seeds=(0,))
    with pytest.raises(ValueError, match="nets must all have vocab_size 7"):
        train_side_by_side([*nets, lt.Params.zeros(7, 9)], TASK, 1, seeds=(0, 1, 2))


def test_recall_over_a_long_gap_takes_a_forget_gate_bias():
    """Facts that the course rests on: over a gap of 40, biases of 0 and 1 teach none of eight nets, 3 teaches three."""
    task = tasks.recall(40, fillers=1, test_size=32)
    nets = [lt.Params.random(8, 12, seed=seed, scale=0.3, forget_bias=bias) for bias in (1, 3) for seed in range(8)]
    train_side_by_side(nets, task, 300, seeds=[*range(8)] * 2, batch=8, rate=0.02)
    solved = np.reshape([task.judge(net) > 0.9 for net in nets], (2, 8))
    assert solved.sum(1).tolist() == [0, 3]
