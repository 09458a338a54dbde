import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lstm_teach as lt
from lstm_teach.explorers import vanishing
from lstm_teach.forward import cross_entropy
from lstm_teach.params import GATES

K = 5


def case(T=7, H=4, seed=3, scale=0.8, forget_bias=0.5):
    rng = np.random.default_rng(seed)
    params = lt.Params.random(K, H, seed=seed, scale=scale, forget_bias=forget_bias)
    h0, c0 = rng.uniform(-0.9, 0.9, (2, H))
    return params, rng.integers(0, K, T), rng.integers(0, K, T), h0, c0


def later_losses(params, x, targets, t, h, c):
    """The losses of the steps after t, from the state at t (complex numbers go through)."""
    if t + 1 == len(x):
        return np.zeros(0)
    cache = lt.forward(params.astype(np.complex128), x[t + 1 :], h, c)
    return cross_entropy(cache.scores, targets[t + 1 :])


def by_perturbation(params, x, targets, h0, c0):
    """dL_s/dh[t] and dL_s/dc[t] as vectors (T, T, H): one unit at a time gets an imaginary part."""
    cache, step = lt.forward(params, x, h0, c0), 1e-30
    T, H = len(x), params.hidden_size
    dh, dc = np.zeros((2, T, T, H))
    for t in range(T):
        for unit in range(H):
            nudge = np.zeros(H, complex)
            nudge[unit] = 1j * step
            c = cache.c[t] + nudge
            for deltas, h_now, c_now in (
                (dh, cache.h[t] + nudge, cache.c[t] + 0j),
                (dc, cache.o[t] * np.tanh(c), c),  # c[t] acts on h[t] within its own step
            ):
                own = cross_entropy((params.V @ h_now)[None], targets[t : t + 1])
                losses = np.concatenate([own, later_losses(params, x, targets, t, h_now, c_now)])
                deltas[t:, t, unit] = losses.imag / step
    return dh, dc


def walks(params, x, targets, h0, c0, repaired):
    """The deltas of the posted loop, one inner step after the other: dh, dc (T, T, H), dz (4, T, T, H)."""
    cache = lt.forward(params, x, h0, c0)
    i, f, o, g, c, ct = cache.i, cache.f, cache.o, cache.g, cache.c, cache.ct
    dy = cache.y.copy()
    dy[np.arange(len(x)), targets] -= 1
    T, H = len(x), params.hidden_size
    dhs, dcs, dzs, left = np.zeros((T, T, H)), np.zeros((T, T, H)), np.zeros((4, T, T, H)), np.zeros(H)
    for s in reversed(range(T)):
        dh = params.V.T @ dy[s]
        dc = np.zeros(H) if "stale_cell_delta" in repaired else left * (1 - ct[0] ** 2)
        for t in reversed(range(s + 1 if "short_range" in repaired else s)):
            dc = dc + dh * o[t] * (1 - ct[t] ** 2)
            if t == 0:
                left = dh * o[t]
            dhs[s, t], dcs[s, t] = dh, dc
            dzs[0, s, t] = dc * g[t] * i[t] * (1 - i[t])
            dzs[1, s, t] = dc * c[t - 1] * f[t] * (1 - f[t])
            dzs[2, s, t] = dh * ct[t] * o[t] * (1 - o[t])
            dzs[3, s, t] = dc * i[t] * (1 - g[t] ** 2)
            dh = sum(params[f"W{gate}"].T @ dz for gate, dz in zip(GATES, dzs[:, s, t], strict=True))
            dc = dc * f[t] if "carry_accumulates" in repaired else dc + dc * f[t]
    return dhs, dcs, dzs


@pytest.mark.parametrize("T", [1, 2, 6])
def test_each_delta_agrees_with_a_complex_perturbation_of_that_state(T):
    params, x, targets, h0, c0 = case(T)
    flow = lt.gradient_flow(params, x, targets, h0, c0)
    dh, dc = by_perturbation(params, x, targets, h0, c0)
    np.testing.assert_allclose(flow.dh, np.linalg.norm(dh, axis=2), rtol=1e-12)
    np.testing.assert_allclose(flow.dc, np.linalg.norm(dc, axis=2), rtol=1e-12)


@pytest.mark.parametrize(("forget_bias", "scale"), [*itertools.product(vanishing.BIASES, vanishing.SCALES)])
def test_what_lesson_5_measures_is_exact_at_both_ends_of_its_sliders(forget_bias, scale):
    params, x, targets = vanishing.net(60, forget_bias, scale)
    cache, norms = lt.forward(params, x), vanishing.last_loss(forget_bias, scale)[0]
    for t in (0, 30):
        nudged = cache.c[t] + 1e-30j * np.eye(len(cache.c[t]))
        losses = [later_losses(params, x, targets, t, cache.o[t] * np.tanh(c), c)[-1] for c in nudged]
        assert norms[t] == pytest.approx(np.linalg.norm(np.imag(losses)) / 1e-30, rel=1e-11)


def test_the_paths_add_up_and_each_is_its_vector_along_the_sum():
    params, x, targets, h0, c0 = case(7)
    flow = lt.gradient_flow(params, x, targets, h0, c0)
    assert tuple(flow.dh_paths) == ("loss", "i", "f", "o", "g")
    assert tuple(flow.dc_paths) == ("cell", "loss", "i", "f", "o", "g")
    flow.dh_paths.clear(), flow.dc_paths.clear()  # each call returns a dictionary of its own
    np.testing.assert_allclose(sum(flow.dh_paths.values()), flow.dh, rtol=1e-12)
    np.testing.assert_allclose(sum(flow.dc_paths.values()), flow.dc, rtol=1e-12)
    cache = lt.forward(params, x, h0, c0)
    s, t = 5, 2
    dhs, dcs, dzs = walks(params, x, targets, h0, c0, lt.FLAWS)
    dh, dc = dhs[s, t], dcs[s, t]
    for gate, dz in zip(GATES, dzs, strict=True):
        through = params[f"W{gate}"].T @ dz[s, t + 1]
        assert flow.dh_paths[gate][s, t] == pytest.approx(through @ dh / np.linalg.norm(dh), rel=1e-12)
        into_c = through * cache.o[t] * (1 - cache.ct[t] ** 2)
        assert flow.dc_paths[gate][s, t] == pytest.approx(into_c @ dc / np.linalg.norm(dc), rel=1e-12)
    carried = dcs[s, t + 1] * cache.f[t + 1]
    assert flow.dc_paths["cell"][s, t] == pytest.approx(carried @ dc / np.linalg.norm(dc), rel=1e-12)
    steps = np.arange(7)
    np.testing.assert_allclose(flow.dh_paths["loss"][steps, steps], flow.dh[steps, steps], rtol=1e-12)


@pytest.mark.parametrize("repaired", [c for n in range(5) for c in itertools.combinations(lt.FLAWS, n)])
def test_the_nested_flow_is_what_the_loop_does_step_by_step(repaired):
    inputs = case(7)
    flow = lt.nested_flow(*inputs, repaired=repaired)
    dh, dc, _ = walks(*inputs, repaired)
    np.testing.assert_allclose(flow.dh, np.linalg.norm(dh, axis=2), rtol=1e-11)
    np.testing.assert_allclose(flow.dc, np.linalg.norm(dc, axis=2), rtol=1e-11)
    np.testing.assert_allclose(sum(flow.dc_paths.values()), flow.dc, rtol=1e-12)
    np.testing.assert_allclose(sum(flow.dh_paths.values()), flow.dh, rtol=1e-12)


def test_an_overflow_reads_as_infinity_without_a_warning():
    rng = np.random.default_rng(0)
    x, targets = rng.integers(0, K, (2, 80))
    params = lt.Params.random(K, 16, scale=0.25, forget_bias=3)
    flow = lt.nested_flow(params, x, targets)
    assert np.isinf(flow.dc[1, 0])
    assert np.isfinite(flow.dc[79]).all()  # the first walk has found nothing left behind
    assert not np.isnan(flow.dc).any()


def test_later_edits_of_the_inputs_do_not_reach_the_flow():
    params, x, targets, h0, c0 = case(5)
    flow = lt.gradient_flow(params, x, targets, h0, c0)
    expected = lt.gradient_flow(params, x, targets, h0, c0).dh_paths["i"]
    assert repr(flow) == "GradientFlow(5 losses x 5 steps, 4 units)"
    params.flat[:] = 0
    assert np.array_equal(flow.dh_paths["i"], expected)


@given(T=st.integers(1, 6), H=st.integers(1, 4), seed=st.integers(0, 10**6), scale=st.floats(0, 3))
@settings(max_examples=40, deadline=None)
def test_every_norm_is_right_for_any_net(T, H, seed, scale):
    inputs = case(T, H, seed, scale)
    flow = lt.gradient_flow(*inputs)
    for norms, vectors in zip((flow.dh, flow.dc), by_perturbation(*inputs), strict=True):
        np.testing.assert_allclose(norms, np.linalg.norm(vectors, axis=2), rtol=1e-9, atol=1e-12)


def test_an_unknown_flaw_is_named():
    params, x, targets, _, _ = case(4)
    with pytest.raises(ValueError, match=r"'shortrange'"):
        lt.nested_flow(params, x, targets, repaired=("shortrange",))
