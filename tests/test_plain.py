"""plain.py is right by a complex step, and the fast forward and backward pass are equal to it."""

import numpy as np
import pytest

import lstm_teach as lt
from lstm_teach import plain
from lstm_teach.lessons.cases import sequences

NETS = list(sequences())
STEP = 1e-30  # a complex step has no cancellation, so it may be as small as this


@pytest.mark.parametrize("net", NETS, ids=lambda net: f"T={len(net.x)}")
def test_the_gradient_is_that_of_a_complex_step(net):
    for k in range(net.params.flat.size):
        shifted = net.params.astype(complex)
        shifted.flat[k] += 1j * STEP
        slope = plain.loss(shifted, net.x, net.targets, net.h0, net.c0).imag / STEP
        assert net.grads.flat[k] == pytest.approx(slope, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("net", NETS, ids=lambda net: f"T={len(net.x)}")
@pytest.mark.parametrize("thing", ["c", "h", "i", "f", "o", "g", "zi", "zf", "zo", "zg", "ct"])
def test_every_delta_is_what_the_loss_does_when_that_number_is_moved(net, thing):
    for t in range(len(net.x)):
        for unit in range(net.params.hidden_size):
            slope = loss_moved(net, thing, t, unit).imag / STEP
            assert net.deltas[t]["d" + thing][unit] == pytest.approx(slope, rel=1e-12, abs=1e-14)


def loss_moved(net, thing: str, t: int, unit: int) -> complex:
    """The loss where one number of step t is moved by a complex step and all later ones follow from it."""
    h, c, total = net.h0 + 0j, net.c0 + 0j, 0
    for s in range(len(net.x)):
        now = step_moved(net.params, net.x[s], h, c, thing if s == t else "", unit)
        h, c = now["h"], now["c"]
        total -= np.log(plain.softmax(net.params.V @ h)[net.targets[s]])
    return total


def step_moved(params, token, h_before, c_before, thing, unit) -> dict:
    """One step, written out a second time so that any of its numbers can be moved."""
    now = {}

    def put(name, value):
        now[name] = value
        if name == thing:
            now[name] = value + 1j * STEP * (np.arange(len(value)) == unit)

    for gate in "ifog":
        put("z" + gate, params["U" + gate][:, token] + params["W" + gate] @ h_before)
    for gate in "ifo":
        put(gate, 1 / (1 + np.exp(-now["z" + gate])))
    put("g", np.tanh(now["zg"]))
    put("c", now["f"] * c_before + now["i"] * now["g"])
    put("ct", np.tanh(now["c"]))
    put("h", now["o"] * now["ct"])
    return now


@pytest.mark.parametrize("net", NETS, ids=lambda net: f"T={len(net.x)}")
def test_the_fast_passes_compute_the_same(net):
    cache = lt.forward(net.params, net.x, net.h0, net.c0)
    for name in ("zi", "zf", "zo", "zg", "c", "ct", "h", "y"):
        assert np.allclose(getattr(cache, name), getattr(net.cache, name), rtol=1e-13, atol=1e-15)
    for name in "ifog":  # the last row is unused
        assert np.allclose(getattr(cache, name)[:-1], getattr(net.cache, name)[:-1], rtol=1e-13, atol=1e-15)
    grads = lt.bptt(net.params, net.x, net.targets, net.h0, net.c0)
    assert np.allclose(grads.flat, net.grads.flat, rtol=1e-11, atol=1e-14)
    loss = lt.loss(net.params, net.x, net.targets, net.h0, net.c0)
    assert loss == pytest.approx(plain.loss(net.params, net.x, net.targets, net.h0, net.c0), rel=1e-13)


def test_the_two_parts_add_up():
    for net in NETS:
        for d in net.deltas:
            assert np.array_equal(d["dh"], d["dh_loss"] + d["dh_future"])
            assert np.array_equal(d["dc"], d["dc_hidden"] + d["dc_carry"])


def test_the_state_is_zero_unless_given():
    net = NETS[-1]
    zeros = np.zeros(net.params.hidden_size)
    given = plain.bptt(net.params, net.x, net.targets, zeros, zeros)
    assert np.array_equal(plain.bptt(net.params, net.x, net.targets).flat, given.flat)
