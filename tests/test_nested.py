"""The posted loop: what it does, and what is left of its error after each of the 16 combinations of repairs."""

import itertools
import math

import numpy as np
import pytest

import lstm_teach as lt
from lstm_teach.lessons.clinic_cases import question_loop

NAMES = lt.Params.NAMES
COMBINATIONS = [c for count in range(5) for c in itertools.combinations(lt.FLAWS, count)]
ALL_BUT = {flaw: tuple(other for other in lt.FLAWS if other != flaw) for flaw in lt.FLAWS}
W_NAMES, U_NAMES = NAMES[1:5], NAMES[5:]
SEEDS = range(6)


def net(seed, T, vocab_size=4, hidden_size=5):
    """Weights of scale 0.5 to 1, random tokens, and an initial state in which no number is small."""
    rng = np.random.default_rng(seed)
    params = lt.Params.random(vocab_size, hidden_size, seed=seed, scale=rng.uniform(0.5, 1))
    x, targets = rng.integers(0, vocab_size, (2, T))
    states = rng.uniform(0.3, 0.9, (2, hidden_size)) * rng.choice([-1, 1], (2, hidden_size))
    return params, x, targets, *states


def errors_of(repaired, case):
    got, right = lt.nested_bptt(*case, repaired=repaired), lt.exact_gradient(*case)
    return {name: lt.relative_error(got[name], right[name]) for name in NAMES}


def right_ones(errors):
    return {name for name, error in errors.items() if error < 1e-12}


@pytest.mark.parametrize("T", [1, 2, 3, 7, 12])
def test_without_repairs_it_does_what_the_question_s_loop_does(T):
    for seed in SEEDS:
        case = net(seed, T)
        got, expected = lt.nested_bptt(*case), question_loop(*case)
        for name in NAMES:
            assert lt.relative_error(got[name], expected[name]) < 1e-12, name


@pytest.mark.parametrize("T", [1, 2, 3, 6, 20])
def test_with_all_four_repairs_it_is_the_gradient(T):
    for seed in SEEDS:
        errors = errors_of(lt.FLAWS, net(seed, T))
        assert right_ones(errors) == set(NAMES), errors


def test_the_check_passes_it_with_all_four_repairs_and_rejects_the_other_fifteen():
    for repaired in COMBINATIONS:

        def backward(params, x, targets, h0, c0, repaired=repaired):
            return lt.nested_bptt(params, x, targets, h0, c0, repaired=repaired)

        report = lt.check_gradients(backward)
        assert not report.problems
        assert report.passed == (repaired == lt.FLAWS), repaired


@pytest.mark.parametrize("repaired", [c for c in COMBINATIONS if c not in (lt.FLAWS, ALL_BUT["scalar_dot"])])
def test_from_three_steps_on_no_gate_matrix_is_right_with_three_repairs_or_fewer(repaired):
    for seed, T in itertools.product(SEEDS, (3, 6, 9, 20)):
        errors = errors_of(repaired, net(seed, T))
        assert right_ones(errors) == {"V"}
        assert min(errors[name] for name in W_NAMES + U_NAMES) > 1e-3


def test_the_exception_without_scalar_dot_alone_the_four_u_are_right_and_the_four_w_wrong():
    for seed, T in itertools.product(SEEDS, (1, 2, 3, 6, 20)):
        errors = errors_of(ALL_BUT["scalar_dot"], net(seed, T))
        assert right_ones(errors) == {"V", *U_NAMES}
        assert min(errors[name] for name in W_NAMES) > 0.5


def angle_and_errors(repaired, case):
    """The cosine between what the loop returns and the gradient, without V; and the errors of the eight matrices."""
    got, right = lt.nested_bptt(*case, repaired=repaired), lt.exact_gradient(*case)
    a, b = (grads.flat[grads.V.size :] for grads in (got, right))
    cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    return cosine, [lt.relative_error(got[name], right[name]) for name in W_NAMES + U_NAMES]


def test_without_stale_cell_delta_alone_the_gradient_points_almost_the_right_way():
    # The error of one matrix of one net is anything from two thousandths to eight tenths. In the middle it is a tenth,
    # and two hundredths for the output gate, which hears dh alone. The direction is almost right.
    found = [
        angle_and_errors(ALL_BUT["stale_cell_delta"], net(*at)) for at in itertools.product(range(20), (3, 6, 9, 20))
    ]
    cosines, errors = zip(*found, strict=True)
    for name, error in zip(W_NAMES + U_NAMES, np.transpose(errors), strict=True):
        low, high = (0.01, 0.04) if name in ("Wo", "Uo") else (0.07, 0.2)
        assert low < np.median(error) < high, name
        assert error.min() > 1e-3 and error.max() < 0.9, name
    assert np.median(cosines) > 0.99 and min(cosines) > 0.8


def test_left_alone_each_of_the_other_three_flaws_turns_the_gradient_away():
    for flaw in ("short_range", "scalar_dot", "carry_accumulates"):
        cosines, errors = zip(*(angle_and_errors(ALL_BUT[flaw], net(seed, 9)) for seed in range(20)), strict=True)
        assert np.median(cosines) < 0.9, flaw
        assert np.median(np.array(errors)[:, : len(W_NAMES)]) > 0.3, flaw


def test_at_one_step_only_short_range_and_scalar_dot_can_be_seen():
    # One walk of one step: the cell delta starts from an array of zeros anyway, and nobody uses what is carried on.
    for seed, repaired in itertools.product(SEEDS, COMBINATIONS):
        case = net(seed, 1)
        right = {"V"}
        if "short_range" in repaired:
            right |= set(U_NAMES)
            if "scalar_dot" in repaired:
                right |= set(W_NAMES)
        else:  # the walk has no step at all
            assert not lt.nested_bptt(*case, repaired=repaired).flat[case[0].V.size :].any()
        assert right_ones(errors_of(repaired, case)) == right


def test_at_two_steps_the_output_gate_alone_cannot_show_a_wrong_cell_delta():
    for seed, flaw in itertools.product(SEEDS, ("stale_cell_delta", "carry_accumulates")):
        assert right_ones(errors_of(ALL_BUT[flaw], net(seed, 2))) == {"V", "Wo", "Uo"}


@pytest.mark.parametrize("accumulates", [True, False])
def test_the_cell_delta_is_carried_back_by_one_plus_f_where_f_is_right(accumulates):
    # Without recurrent weights h carries nothing back, and a walk is its cell delta alone: what enters at t, times one
    # factor for each step down to s.
    params, _, _, h0, c0 = net(1, 1, vocab_size=8)
    params.W[:] = 0
    x, targets = np.arange(8), np.arange(8)[::-1]  # each token once: column s of dUi belongs to step s
    cache = lt.forward(params, x, h0, c0)
    f, dy = cache.f[:-1], cache.y - np.eye(8)[targets]
    enters = dy @ params.V * (cache.o * (1 - cache.ct**2))[:-1]
    factor = 1 + f if accumulates else f
    expected = np.zeros_like(params.Ui)
    for s in range(8):
        dc = sum(enters[t] * factor[s + 1 : t + 1].prod(0) for t in range(s, 8))
        expected[:, s] = dc * (cache.g * cache.i * (1 - cache.i))[s]
    repaired = ALL_BUT["carry_accumulates"] if accumulates else lt.FLAWS
    got = lt.nested_bptt(params, x, targets, h0, c0, repaired=repaired)
    assert lt.relative_error(got.Ui, expected) < 1e-12


def fresh_net(T):
    """H = 32 at the usual scale 1/sqrt(H), no forget bias, zero initial state."""
    x, targets = np.random.default_rng(0).integers(0, 8, (2, T))
    return lt.Params.random(8, 32, seed=0, scale=1 / math.sqrt(32)), x, targets, np.zeros(32), np.zeros(32)


def test_in_one_walk_over_sixty_steps_the_cell_delta_grows_by_twelve_orders():
    walked = lt.nested_flow(*fresh_net(60)).dc[59, 58::-1]
    assert 0.05 < walked[0] < 1 and 1e11 < walked[-1] < 1e14
    assert 1.4 < (walked[-1] / walked[9]) ** (1 / 49) < 1.9  # 1 + f with f near 0.5, and what h carries back


def test_two_flaws_together_compound_from_walk_to_walk():
    # A walk starts from what the one before left at step 0: the growth of all walks is multiplied.
    norm = {
        repaired: np.linalg.norm(lt.nested_bptt(*fresh_net(20), repaired=repaired).Ui)
        for repaired in ((), ("stale_cell_delta",), ("carry_accumulates",))
    }
    assert norm[()] > 1e20
    assert 1e2 < norm[("stale_cell_delta",)] < 1e4
    assert norm[("carry_accumulates",)] < 1


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        (
            {"repaired": "scalar_dot"},
            TypeError,
            r"repaired must be a collection of flaw names, got 'scalar_dot' \(str\)",
        ),
        ({"repaired": 3}, TypeError, r"repaired must be a collection of flaw names, got 3 \(int\)"),
        ({"repaired": ["dot"]}, ValueError, "repaired may hold only short_range, .*; got 'dot'"),
    ],
)
def test_bad_input_gets_a_sentence(changes, error, words):
    good = {"params": lt.Params.random(4, 5), "x": [0, 1], "targets": [1, 2]}
    lt.nested_bptt(**good)
    with pytest.raises(error, match=words):
        lt.nested_bptt(**(good | changes))
