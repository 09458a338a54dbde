import numpy as np
import pytest

import lstm_teach as lt
from lstm_teach import rnn
from lstm_teach.forward import cross_entropy

K, H = 5, 4


def case(T=6, seed=1, scale=0.8):
    rng = np.random.default_rng(seed)
    return rnn.Params.random(K, H, seed, scale), rng.integers(0, K, T), rng.integers(0, K, T), rng.uniform(-0.9, 0.9, H)


def complex_gradient(params, x, targets, h0, step=1e-30):
    grads = np.empty(params.flat.size)
    for n in range(len(grads)):
        flat = params.flat.astype(complex)
        flat[n] += 1j * step
        grads[n] = rnn.loss(rnn.Params(K, H, flat), x, targets, h0).imag / step
    return rnn.Params(K, H, grads)


@pytest.mark.parametrize("T", [1, 2, 6])
def test_the_gradient_agrees_with_the_complex_step(T):
    params, x, targets, h0 = case(T)
    grads, right = rnn.bptt(params, x, targets, h0), complex_gradient(params, x, targets, h0)
    for name, matrix in grads.items():
        assert lt.relative_error(matrix, right[name]) < 1e-13, name


def test_the_forward_pass_is_its_definition():
    params, x, _, h0 = case(3)
    h, cache = h0, rnn.forward(params, x, h0)
    for t in range(3):
        h = np.tanh(params.U[:, x[t]] + params.W @ h)
        np.testing.assert_allclose(cache.h[t], h, rtol=1e-14)
        e = np.exp(params.V @ h)
        np.testing.assert_allclose(cache.y[t], e / e.sum(), rtol=1e-14)
    assert rnn.loss(params, x, [0, 1, 2], h0) == pytest.approx(-np.log(cache.y[[0, 1, 2], [0, 1, 2]]).sum(), rel=1e-13)


@pytest.mark.parametrize("T", [1, 2, 6])
def test_each_loss_delta_agrees_with_a_complex_perturbation_of_the_state(T):
    params, x, targets, h0 = case(T)
    cache, step = rnn.forward(params, x, h0), 1e-30
    complex_params = rnn.Params(K, H, params.flat.astype(complex))
    expected = np.zeros((T, T, H))
    for t in range(T):
        for unit in range(H):
            h = cache.h[t].astype(complex)
            h[unit] += 1j * step
            scores = (params.V @ h)[None]
            if t + 1 < T:
                scores = np.concatenate([scores, rnn.forward(complex_params, x[t + 1 :], h).scores])
            expected[t:, t, unit] = cross_entropy(scores, targets[t:]).imag / step
    flow = rnn.gradient_flow(params, x, targets, h0)
    np.testing.assert_allclose(flow.dh, np.linalg.norm(expected, axis=2), rtol=1e-12)


def test_the_matrices_are_views_of_the_flat_vector():
    params = rnn.Params(K, H)
    params.W[1, 2], params["U"][0, 0], params.V[-1, -1] = 3, 4, 5
    assert params.flat.sum() == 12
    assert [name for name, _ in params.items()] == ["V", "W", "U"]
    assert params.V.shape == (K, H) and params.U.shape == (H, K)


def test_bad_input_gets_one_sentence_that_names_the_argument():
    params, x, targets, _ = case(4)
    for call in (rnn.loss, rnn.bptt, rnn.gradient_flow):
        with pytest.raises(ValueError, match=r"^x\[0\] must be a token id from 0 to 4"):
            call(params, [5], [0])
        with pytest.raises(ValueError, match=r"^targets must have one entry for each step"):
            call(params, x, targets[:2])
        with pytest.raises(TypeError, match=r"^params must be an rnn.Params"):
            call(lt.Params(K, H), x, targets)
        with pytest.raises(ValueError, match=r"^h0 must have shape"):
            call(params, x, targets, [0.0])
    with pytest.raises(ValueError, match=r"^scale must not be negative"):
        rnn.Params.random(K, H, scale=-1)
    with pytest.raises(ValueError, match=r"^seed must be at least 0"):
        rnn.Params.random(K, H, seed=-1)
    with pytest.raises(ValueError, match=r"^flat must be an array of 56"):
        rnn.Params(K, H, np.zeros(3))
    with pytest.raises(KeyError, match=r"no matrix is called 'Wi'"):
        params["Wi"]
    params.W[0, 0] = np.nan
    with pytest.raises(ValueError, match=r"^params must be finite, got a NaN or an infinity in W"):
        rnn.forward(params, x)
