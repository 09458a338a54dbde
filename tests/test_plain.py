"""plain.py is right by a complex step; test_backward holds the fast passes to it, delta by delta."""

import pytest

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
