"""The forward pass, the single backward pass, and the parameters under them, held against independent sources."""

import copy
import pickle
from functools import partial

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lstm_teach as lt
from lstm_teach import plain

GATES = "ifog"
FORWARD_ARRAYS = ("zi", "zf", "zo", "zg", "i", "f", "o", "g", "c", "ct", "h", "y")


def net(T, H=3, K=4, seed=0, scale=0.8):
    """A net with its sequence and a nonzero initial state."""
    rng = np.random.default_rng([seed, T, H, K])
    params = lt.Params.random(K, H, seed=seed, scale=scale)
    h0, c0 = rng.uniform(-0.9, 0.9, H), rng.uniform(-1.5, 1.5, H)
    return params, rng.integers(K, size=T), rng.integers(K, size=T), h0, c0


NETS = [net(1), net(2), net(3, H=5, seed=1), net(6, H=4, K=3, seed=2), net(12, H=7, K=5, seed=3), net(4, H=1, K=1)]
each_net = pytest.mark.parametrize("case", NETS, ids=lambda case: f"T={len(case[1])},H={case[0].hidden_size}")


# ------------------------------------------------------------------------------------------------- the forward pass


@each_net
def test_forward_computes_what_the_plain_one_computes(case):
    params, x, _, h0, c0 = case
    cache, literal = lt.forward(params, x, h0, c0), plain.forward(params, x, h0, c0)
    for name in FORWARD_ARRAYS:
        assert getattr(cache, name).shape == getattr(literal, name).shape, name
        rows = slice(len(x))  # the last row of a gate is unused, that of a state is tested below
        got, expected = getattr(cache, name)[rows], getattr(literal, name)[rows]
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14, err_msg=name)
    np.testing.assert_array_equal(cache.x, x)


def test_row_minus_one_is_the_initial_state_and_its_gates_are_unused():
    params, x, _, h0, c0 = net(4)
    cache = lt.forward(params, x, h0, c0)
    np.testing.assert_array_equal(cache.h[-1], h0)
    np.testing.assert_array_equal(cache.c[-1], c0)
    np.testing.assert_array_equal(cache.ct[-1], np.tanh(c0))
    for gate in GATES:
        assert not getattr(cache, gate)[-1].any(), gate
    zero = lt.forward(params, x)
    assert not zero.h[-1].any() and not zero.c[-1].any()
    np.testing.assert_array_equal(lt.forward(params, x, np.zeros(3), [0, 0, 0]).h, zero.h)


def test_the_stacked_arrays_hold_the_gates_in_the_order_i_f_o_g():
    params, x, _, h0, c0 = net(3)
    cache = lt.forward(params, x, h0, c0)
    for stacked, names in ((cache.z, ("zi", "zf", "zo", "zg")), (cache.gates, GATES)):
        np.testing.assert_array_equal(np.concatenate([getattr(cache, name) for name in names], axis=-1), stacked)
        assert all(np.shares_memory(getattr(cache, name), stacked) for name in names)


@each_net
def test_loss_is_the_sum_of_the_cross_entropies(case):
    params, x, targets, h0, c0 = case
    y = plain.forward(params, x, h0, c0).y
    assert lt.loss(params, x, targets, h0, c0) == pytest.approx(
        -np.log(y[np.arange(len(x)), targets]).sum(), rel=1e-12, abs=1e-14
    )
    assert isinstance(lt.loss(params, x, targets), float)


@pytest.mark.parametrize("scale", [1e3, 1e8, 1e100])
def test_huge_weights_overflow_neither_forward_nor_loss_nor_gradient(scale):
    params, x, targets, h0, c0 = net(5, scale=scale)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        cache = lt.forward(params, x, h0, c0)
        loss = lt.loss(params, x, targets, h0, c0)
        grads = lt.bptt(params, x, targets, h0, c0)
    by_hand = np.logaddexp.reduce(cache.scores, axis=1) - cache.scores[np.arange(5), targets]
    assert loss == pytest.approx(by_hand.sum(), rel=1e-12)
    assert loss > scale / 100, "the case is not huge enough to mean anything"
    assert np.isfinite(cache.y).all() and np.isfinite(grads.flat).all()


def test_forward_and_loss_keep_float32_and_complex():
    params, x, targets, h0, c0 = net(4)
    right = lt.forward(params, x, h0, c0)
    for dtype, tolerance in ((np.float32, 1e-5), (np.complex128, 1e-14)):
        other = params.astype(dtype)
        cache = lt.forward(other, x, h0, c0)
        for name in (*FORWARD_ARRAYS, "scores"):
            assert getattr(cache, name).dtype == dtype, name
            np.testing.assert_allclose(getattr(cache, name), getattr(right, name), atol=tolerance)
        assert lt.loss(other, x, targets, h0, c0) == pytest.approx(lt.loss(params, x, targets, h0, c0), rel=tolerance)


def test_a_batch_of_nets_gives_what_each_net_gives_alone():
    _, x, targets, h0, c0 = net(5)
    nets = [lt.Params.random(4, 3, seed=seed) for seed in range(6)]
    for lead in ((6,), (2, 3)):
        batch = lt.Params(4, 3, np.stack([n.flat for n in nets]).reshape(*lead, -1))
        cache, losses = lt.forward(batch, x, h0, c0), lt.loss(batch, x, targets, h0, c0)
        assert losses.shape == lead
        for k, single in enumerate(nets):
            at = np.unravel_index(k, lead)
            alone = lt.forward(single, x, h0, c0)
            for name in (*FORWARD_ARRAYS, "scores"):
                np.testing.assert_allclose(
                    getattr(cache, name)[(slice(None), *at)], getattr(alone, name), rtol=1e-12, atol=1e-14
                )
            assert losses[at] == pytest.approx(lt.loss(single, x, targets, h0, c0), rel=1e-13)


# --------------------------------------------------------------------------------------------- the nine gradients


def autograd_loss(matrices, x, targets, h0, c0):
    """The loss in HIPS autograd's numpy, from the nine matrices by name."""
    W = {gate: matrices["W" + gate] for gate in GATES}
    U = {gate: matrices["U" + gate] for gate in GATES}
    h, c, total = h0, c0, 0.0
    for token, target in zip(x, targets, strict=True):
        z = {gate: anp.dot(W[gate], h) + U[gate][:, token] for gate in GATES}
        i, f, o = (1 / (1 + anp.exp(-z[gate])) for gate in "ifo")
        c = f * c + i * anp.tanh(z["g"])
        h = o * anp.tanh(c)
        scores = anp.dot(matrices["V"], h)
        total = total + anp.log(anp.sum(anp.exp(scores))) - scores[target]
    return total


SOURCES = {
    "forward mode": (1e-12, lambda p, x, y, h0, c0: lt.exact_gradient(p, x, y, h0, c0)),
    "complex step": (1e-12, lambda p, *rest: lt.complex_step_gradient(lambda q: lt.loss(q, *rest), p)),
    "HIPS autograd": (1e-12, lambda p, *rest: autograd.grad(autograd_loss)(dict(p.items()), *rest)),
    "the plain loop": (1e-12, lambda *all: plain.bptt(*all)),
    "central differences": (1e-7, lambda p, *rest: lt.numerical_gradient(lambda q: lt.loss(q, *rest), p)),
}


@pytest.mark.parametrize("source", SOURCES)
@each_net
def test_bptt_agrees_with(source, case):
    tolerance, gradient = SOURCES[source]
    grads, right = lt.bptt(*case), gradient(*case)
    for name in lt.Params.NAMES:
        if case[0].vocab_size == 1:  # one word only: the loss is 0 whatever the weights are
            assert not np.any(grads[name]), name
        else:
            assert lt.relative_error(grads[name], right[name]) < tolerance, name


PASSES = [lt.bptt, plain.bptt, lt.exact_gradient, lt.nested_bptt, partial(lt.nested_bptt, repaired=lt.FLAWS)]


@pytest.mark.parametrize("backward", PASSES)
def test_a_pass_starts_from_zeros_without_an_initial_state(backward):
    params, x, targets, h0, _ = net(4)
    zeros = np.zeros_like(h0)
    np.testing.assert_array_equal(backward(params, x, targets).flat, backward(params, x, targets, zeros, zeros).flat)


def test_bptt_returns_the_same_gradient_with_and_without_deltas_and_when_called_again():
    case = net(6)
    grads = lt.bptt(*case)
    again, deltas = lt.bptt(*case, return_deltas=True)
    assert isinstance(grads, lt.Params) and isinstance(deltas, lt.Deltas)
    np.testing.assert_array_equal(grads.flat, again.flat)
    assert not np.shares_memory(grads.flat, again.flat)


def test_a_token_that_never_comes_has_a_zero_column():
    params, _, targets, h0, c0 = net(4)
    grads = lt.bptt(params, [0, 2, 2, 0], targets, h0, c0)
    for gate in GATES:
        columns = np.abs(grads["U" + gate]).sum(axis=0)
        assert (columns > 0).tolist() == [True, False, True, False]


def test_bptt_in_float32_is_right_to_single_precision():
    params, x, targets, h0, c0 = net(5)
    grads = lt.bptt(params.astype(np.float32), x, targets, h0, c0)
    error = lt.relative_error(grads.flat, lt.bptt(params, x, targets, h0, c0).flat)
    assert 1e-9 < error < 1e-5


# ------------------------------------------------------------------------------------------------------ the deltas

# What is disturbed where: the whole of a thing, or only one of the two ways on which it is read.
WHOLE = {f"d{name}": name for name in ("h", "c", "i", "f", "o", "g", "zi", "zf", "zo", "zg")}
PARTS = {"dh_loss": "h to loss", "dh_future": "h to next", "dc_hidden": "c to hidden", "dc_carry": "c to next"}
DELTAS = WHOLE | PARTS


def disturbed_loss(params, x, targets, h0, c0, what, step, unit):
    """The loss when 1e-30j is added to one unit of one thing at one step."""
    steps = range(len(x))

    def bump(name, t, value):
        if (name, t) == (what, step):
            value = value + 0j
            value[unit] += 1e-30j
        return value

    h_next, c_next, total = h0, c0, 0
    for t in steps:
        z = {g: bump("z" + g, t, params["W" + g] @ h_next + params["U" + g][:, x[t]]) for g in GATES}
        i, f, o = (bump(g, t, 1 / (1 + np.exp(-z[g]))) for g in "ifo")
        g = bump("g", t, np.tanh(z["g"]))
        c = bump("c", t, f * c_next + i * g)
        c_next = bump("c to next", t, c)
        h = bump("h", t, o * np.tanh(bump("c to hidden", t, c)))
        h_next = bump("h to next", t, h)
        scores = params.V @ bump("h to loss", t, h)
        total = total + np.log(np.exp(scores).sum()) - scores[targets[t]]
    return total


@pytest.mark.parametrize("name", DELTAS)
@pytest.mark.parametrize("T", [1, 5])
def test_every_delta_is_the_derivative_of_the_loss_by_that_thing(name, T):
    case = net(T, H=3)
    deltas = lt.bptt(*case, return_deltas=True)[1]
    by_disturbing = np.array(
        [[np.imag(disturbed_loss(*case, DELTAS[name], t, unit)) / 1e-30 for unit in range(3)] for t in range(T)]
    )
    np.testing.assert_allclose(getattr(deltas, name), by_disturbing, rtol=1e-11, atol=1e-14)
    assert by_disturbing.any() or (T == 1 and name in ("dh_future", "dc_carry"))


def test_deltas_have_these_fields_and_no_other():
    assert set(lt.Deltas.__dataclass_fields__) == set(DELTAS)


@each_net
def test_deltas_agree_with_the_plain_ones_and_with_their_parts(case):
    params, x, targets, h0, c0 = case
    deltas = lt.bptt(*case, return_deltas=True)[1]
    cache = plain.forward(params, x, h0, c0)
    literal = plain.walk_back(params, cache, plain.score_deltas(cache, targets))[1]
    for name in DELTAS:
        delta = getattr(deltas, name)
        assert delta.shape == (len(case[1]), case[0].hidden_size), name
        expected = np.array([step[name] for step in literal])
        np.testing.assert_allclose(delta, expected, rtol=1e-12, atol=1e-14, err_msg=name)
    through_tanh = np.array([step["dct"] for step in literal]) * (1 - lt.forward(params, x, h0, c0).ct[:-1] ** 2)
    np.testing.assert_allclose(deltas.dc_hidden, through_tanh, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(deltas.dh, deltas.dh_loss + deltas.dh_future, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(deltas.dc, deltas.dc_hidden + deltas.dc_carry, rtol=1e-12, atol=1e-15)
    assert not deltas.dh_future[-1].any() and not deltas.dc_carry[-1].any()
    assert len(case[1]) == 1 or case[0].vocab_size == 1 or (deltas.dh_future[:-1].any() and deltas.dc_carry[:-1].any())


# ----------------------------------------------------------------------------------------------- for any net at all


@st.composite
def any_net(draw):
    T, H, K = draw(st.integers(1, 7)), draw(st.integers(1, 5)), draw(st.integers(1, 5))
    params, x, targets, h0, c0 = net(T, H, K, seed=draw(st.integers(0, 10_000)), scale=draw(st.floats(0.05, 3)))
    return params, x, targets, draw(st.sampled_from([h0, None])), draw(st.sampled_from([c0, None]))


@given(any_net())
@settings(max_examples=60)
def test_shapes_and_gradients_hold_for_any_net(case):
    params, x, _, h0, c0 = case
    T, H, K = len(x), params.hidden_size, params.vocab_size
    cache = lt.forward(params, x, h0, c0)
    shapes = dict.fromkeys("ifogch", (T + 1, H)) | dict.fromkeys(("zi", "zf", "zo", "zg"), (T, H)) | {"ct": (T + 1, H)}
    for name, shape in (shapes | {"y": (T, K), "scores": (T, K)}).items():
        assert getattr(cache, name).shape == shape, name
    np.testing.assert_allclose(cache.y.sum(axis=1), 1)
    grads, deltas = lt.bptt(*case, return_deltas=True)
    for name in DELTAS:
        assert getattr(deltas, name).shape == (T, H), name
    right = lt.exact_gradient(*case)
    assert np.linalg.norm(grads.flat - right.flat) <= 1e-12 * np.linalg.norm(right.flat)


# ------------------------------------------------------------------------------------------ what is given stays


def test_nothing_changes_its_inputs():
    params, x, targets, h0, c0 = net(5)
    inputs = [params.flat, x, targets, h0, c0]
    kept = [array.copy() for array in inputs]
    for array in inputs:
        array.flags.writeable = False
    lt.forward(params, x, h0, c0)
    for function in (lt.loss, partial(lt.bptt, return_deltas=True), lt.gradient_flow, lt.nested_flow, *PASSES):
        function(params, x, targets, h0, c0)
    assert all(np.array_equal(a, b) for a, b in zip(inputs, kept, strict=True))
    lists = [1, 2, 0], [0, 3, 1], [0.5, -0.5, 0.0], [1, 0, -1]
    lt.bptt(params, *lists, return_deltas=True)
    assert lists == ([1, 2, 0], [0, 3, 1], [0.5, -0.5, 0.0], [1, 0, -1])


def test_results_share_no_memory_with_params_or_states():
    params, x, targets, h0, c0 = net(3)
    cache = lt.forward(params, x, h0, c0)
    grads, deltas = lt.bptt(params, x, targets, h0, c0, return_deltas=True)
    results = [cache.z, cache.gates, cache.c, cache.ct, cache.h, cache.scores, cache.y, grads.flat]
    results += [getattr(deltas, name) for name in DELTAS]
    for result in results:
        assert not any(np.shares_memory(result, given) for given in (params.flat, h0, c0))


# ------------------------------------------------------------------------------------------------------------ Params

SHAPES = {"V": (4, 3)} | {"W" + g: (3, 3) for g in GATES} | {"U" + g: (3, 4) for g in GATES}


def assert_views(params, lead=()):
    """Each name is a view of its own stretch of `flat`, and together they are all of it."""
    n = params.flat.shape[-1]
    assert n == 4 * 3 + 4 * 9 + 4 * 12 and params.flat.shape == (*lead, n)
    before = params.flat.copy()
    params.flat[...] = np.arange(n)
    seen = [params[name] for name in lt.Params.NAMES]
    for name, view in zip(lt.Params.NAMES, seen, strict=True):
        assert view.shape == (*lead, *SHAPES[name]) and view is getattr(params, name), name
        assert np.shares_memory(view, params.flat), name
    numbers = np.concatenate([view.reshape(*lead, -1) for view in seen], axis=-1)
    np.testing.assert_array_equal(np.sort(numbers, axis=-1), params.flat)
    np.testing.assert_array_equal(params.W, np.concatenate([params["W" + g] for g in GATES], axis=-2))
    np.testing.assert_array_equal(params.U, np.concatenate([params["U" + g] for g in GATES], axis=-2))
    for name, view in zip(lt.Params.NAMES, seen, strict=True):
        params.flat[...] = 0
        view[...] = 1
        assert params.flat.sum() == view.size, name
        assert sum(other.any() for other in seen) == 1, f"{name} overlaps another matrix"
    params.flat[...] = before


def test_the_nine_matrices_are_views_of_one_vector():
    assert_views(lt.Params.zeros(4, 3))
    assert_views(lt.Params.random(4, 3))
    assert_views(lt.Params(4, 3, np.zeros((5, 96))), lead=(5,))
    assert_views(lt.Params(4, 3, np.zeros((2, 5, 96), order="F")), lead=(2, 5))
    assert_views(lt.Params(4, 3, np.zeros(192)[::2]))


def test_the_given_vector_is_used_and_not_copied():
    flat = np.arange(96.0)
    params = lt.Params(4, 3, flat)
    assert params.flat is flat
    params.Wf[0, 1] = -5
    assert -5 in flat


def test_assignment_writes_into_the_vector():
    params = lt.Params.zeros(4, 3)
    vector = params.flat
    params.Wf = 2 * np.ones((3, 3))
    params["Ug"] = np.full((3, 4), 3)
    params.V += 1
    params.W += 0.5
    params.flat *= 2
    assert params.flat is vector
    assert (params.Wf == 5).all() and (params.Wi == 1).all() and (params.Ug == 6).all() and (params.V == 2).all()
    array = np.ones((3, 3))
    params.Wi = array
    array[:] = 7
    assert (params.Wi == 1).all(), "an assigned array is copied in"


@pytest.mark.parametrize(
    "clone",
    [lt.Params.copy, copy.copy, copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p)), lambda p: p.astype(float)],
    ids=["params.copy", "copy.copy", "copy.deepcopy", "pickle", "astype"],
)
@pytest.mark.parametrize("lead", [(), (2,)])
def test_a_copy_is_independent_and_its_views_share_its_own_memory(clone, lead):
    params = lt.Params(4, 3, np.random.default_rng(0).standard_normal((*lead, 96)))
    twin = clone(params)
    np.testing.assert_array_equal(twin.flat, params.flat)
    assert not np.shares_memory(twin.flat, params.flat)
    assert_views(twin, lead)
    twin.Wf += 1
    assert not np.array_equal(twin.flat, params.flat) and (twin.Wf != params.Wf).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_astype_keeps_numbers_and_views_in_another_type(dtype):
    params = lt.Params.random(4, 3)
    other = params.astype(dtype)
    assert other.flat.dtype == dtype and all(matrix.dtype == dtype for matrix in other.values())
    np.testing.assert_allclose(other.flat, params.flat, rtol=1e-6)
    assert_views(other)


def test_random_draws_with_the_given_scale_and_adds_the_forget_bias_to_uf():
    params = lt.Params.random(30, 40, seed=3, scale=0.5)
    assert np.std(params.flat) == pytest.approx(0.5, rel=0.03) and abs(params.flat.mean()) < 0.02
    np.testing.assert_array_equal(params.flat, lt.Params.random(30, 40, seed=3, scale=0.5).flat)
    assert not np.array_equal(params.flat, lt.Params.random(30, 40, seed=4, scale=0.5).flat)
    biased = lt.Params.random(30, 40, seed=3, scale=0.5, forget_bias=2.0)
    for name in lt.Params.NAMES:
        np.testing.assert_allclose(biased[name], params[name] + (2.0 if name == "Uf" else 0.0))
    assert not lt.Params.random(4, 3, scale=0).flat.any()


def test_params_read_like_a_mapping_in_the_order_of_the_question():
    params = lt.Params.random(4, 3)
    assert lt.Params.NAMES == ("V", "Wi", "Wf", "Wo", "Wg", "Ui", "Uf", "Uo", "Ug")
    assert tuple(params) == tuple(params.keys()) == lt.Params.NAMES and len(params) == 9
    assert all(a is b for a, b in zip(params.values(), dict(params.items()).values(), strict=True))
    assert dict(params)["Wo"] is params.Wo
    assert repr(params) == "Params(vocab_size=4, hidden_size=3, 96 numbers)"
    assert "(2,) nets" in repr(lt.Params(4, 3, np.zeros((2, 96))))


@pytest.mark.parametrize(
    "collect", [lambda p: p, lambda p: dict(p.items()), lambda p: p.values(), lambda p: tuple(p.values())]
)
def test_like_collects_nine_matrices_in_new_params(collect):
    params, source = lt.Params.zeros(4, 3), lt.Params.random(4, 3)
    new = lt.Params.like(params, collect(source))
    np.testing.assert_array_equal(new.flat, source.flat)
    assert not np.shares_memory(new.flat, source.flat) and not params.flat.any()
    assert_views(new)


def test_unknown_names_are_refused_with_the_known_ones():
    params = lt.Params.zeros(4, 3)
    for call in (lambda: params["Wx"], lambda: params.__setitem__("bias", 0)):
        with pytest.raises(KeyError, match="the names are V, Wi, Wf"):
            call()
    for name in ("bias", "flat", "W", "vocab_size"):
        with pytest.raises(AttributeError, match="can't be set; assign to one of V, Wi, Wf"):
            setattr(params, name, np.zeros(96))
