"""The batch form of the passes against the single one, sequence by sequence."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lstm_teach as lt
from lstm_teach.batch import batch_bptt, batch_loss, pad
from lstm_teach.forward import run


def random_pairs(seed, vocab_size, lengths):
    rng = np.random.default_rng(seed)
    return [(rng.integers(0, vocab_size, T), rng.integers(0, vocab_size, T)) for T in lengths]


@given(
    seed=st.integers(0, 10**6),
    sizes=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=5),
)
def test_a_batch_gives_the_sum_of_the_single_losses_and_gradients(seed, sizes, lengths):
    params = lt.Params.random(*sizes, seed=seed)
    pairs = random_pairs(seed, params.vocab_size, lengths)
    loss, grads = batch_bptt(params, *pad(pairs))
    assert loss == pytest.approx(sum(lt.loss(params, *pair) for pair in pairs), rel=1e-12, abs=1e-12)
    assert loss == batch_loss(params, *pad(pairs))
    single = sum(lt.bptt(params, *pair).flat for pair in pairs)
    assert np.linalg.norm(grads.flat - single) <= 1e-12 * max(1, np.linalg.norm(single))


def test_the_columns_of_a_batch_are_the_states_of_the_single_sequences():
    params = lt.Params.random(5, 4, seed=3)
    pairs = random_pairs(1, 5, [7, 4, 1])
    batch = run(params, pad(pairs)[0])
    for b, (x, _) in enumerate(pairs):
        single = lt.forward(params, x)
        for name in ("c", "ct", "h", "y"):
            one = getattr(single, name)[: len(x)]
            np.testing.assert_allclose(getattr(batch, name)[: len(x), b], one, rtol=1e-12, atol=1e-14)


def test_what_stands_in_the_padding_changes_nothing():
    params = lt.Params.random(5, 4, seed=3)
    xs, targets, weights = pad(random_pairs(1, 5, [6, 2]))
    loss, grads = batch_bptt(params, xs, targets, weights)
    other = np.where(weights == 0, 4, xs), np.where(weights == 0, 3, targets)
    loss_other, grads_other = batch_bptt(params, *other, weights)
    assert loss_other == loss
    np.testing.assert_array_equal(grads_other.flat, grads.flat)


def test_the_loss_stays_finite_where_a_probability_rounds_to_zero():
    params = lt.Params.random(4, 3, seed=0, scale=1.0)
    params.V *= 3000
    x, targets = np.array([0, 1, 2]), np.array([3, 0, 1])
    assert batch_loss(params, *pad([(x, targets)])) == pytest.approx(lt.loss(params, x, targets))
