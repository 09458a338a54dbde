"""Training: the optimizers against their formulas, any backward pass, and that nothing is lost when it ends early."""

import dataclasses
import sys

import numpy as np
import pytest

import lstm_teach as lt
from lstm_teach import tasks, training
from lstm_teach.guard import LearnerError

TASK = tasks.recall(3, test_size=16)


def fresh(**options):
    return lt.Params.random(TASK.vocab_size, 6, seed=1, scale=0.4, **options)


def train(params, steps=12, **options):
    return lt.train(params, TASK, steps=steps, **{"batch": 4, "progress": False, **options})


def one_by_one(params, x, targets):
    return lt.bptt(params, x, targets)


def test_sgd_walks_against_the_gradient():
    np.testing.assert_allclose(training.sgd(0.5).start()(np.array([1.0, -2.0, 0.0])), [-0.5, 1.0, 0.0])


def test_adam_follows_its_formula():
    gradients = np.random.default_rng(0).normal(size=(6, 5))
    adam = training.adam(0.01).start()
    for n in range(1, 7):
        g = gradients[:n]
        age = np.arange(n)[::-1]
        mean = (0.1 * 0.9 ** age[:, None] * g).sum(0) / (1 - 0.9**n)
        square = (0.001 * 0.999 ** age[:, None] * g**2).sum(0) / (1 - 0.999**n)
        np.testing.assert_allclose(adam(g[-1]), -0.01 * mean / np.sqrt(square), rtol=1e-6)


def test_clipping_keeps_the_direction_and_bounds_the_norm():
    gradient = np.array([3.0, 4.0])
    assert training.clip(gradient, 10) == 5
    np.testing.assert_array_equal(gradient, [3, 4])
    assert training.clip(gradient, 1) == 5
    np.testing.assert_allclose(gradient, [0.6, 0.8])


@pytest.mark.parametrize("make", [training.sgd, training.adam])
def test_each_optimizer_lowers_the_loss(make):
    params = fresh()
    before = TASK.test_loss(params)
    history = train(params, steps=60, optimizer=make(), batch=8)
    assert history.test_loss[-1] < 0.5 * before
    assert history.test_loss[-1] == TASK.test_loss(params)


def test_the_same_seed_gives_the_same_history_and_another_one_does_not():
    runs = []
    for seed in (5, 5, 6):
        params = fresh()
        runs.append((train(params, seed=seed), params))
    assert runs[0][0] == runs[1][0] and np.array_equal(runs[0][1].flat, runs[1][1].flat)
    assert runs[0][0].loss != runs[2][0].loss


def test_an_optimizer_starts_anew_in_each_training_and_adam_is_the_one_of_those_who_give_none():
    optimizer = training.adam()
    first, second, default, other = fresh(), fresh(), fresh(), fresh()
    train(first, optimizer=optimizer)
    train(second, optimizer=optimizer)
    train(default)
    train(other, optimizer=training.adam(rate=0.02))
    np.testing.assert_array_equal(first.flat, second.flat)
    np.testing.assert_array_equal(first.flat, default.flat)
    assert not np.allclose(first.flat, other.flat)


def test_every_form_of_a_right_backward_pass_learns_the_same():
    forms = {
        "params": one_by_one,
        "mapping": lambda params, x, targets: dict(lt.bptt(params, x, targets).items()),
        "list": lambda params, x, targets: lt.bptt(params, x, targets).values(),
        "deltas": lambda params, x, targets: lt.bptt(params, x, targets, return_deltas=True),
        "nested": lambda params, x, targets: lt.nested_bptt(params, x, targets, repaired=lt.FLAWS),
    }
    fused = fresh()
    expected = train(fused)
    for name, form in forms.items():
        params = fresh()
        history = train(params, backward=form)
        np.testing.assert_allclose(history.loss, expected.loss, rtol=1e-8, err_msg=name)
        np.testing.assert_allclose(params.flat, fused.flat, rtol=1e-6, atol=1e-9, err_msg=name)


def test_a_broken_backward_pass_trains_too_and_leads_elsewhere():
    right, broken = fresh(), fresh()
    train(right)
    history = train(broken, backward=lt.nested_bptt)
    assert len(history.loss) == 12 and not history.stopped
    assert lt.relative_error(right.flat, broken.flat) > 0.01


def test_the_history_holds_one_entry_a_step_and_the_norms_before_clipping():
    params = fresh()
    start = params.copy()
    history = train(params, steps=47, clip_norm=1e-3)
    assert len(history.loss) == len(history.clipped) == 47 and all(history.clipped)
    assert set(history.norms) == set(lt.Params.NAMES) and {len(n) for n in history.norms.values()} == {47}
    assert history.tested == [*range(0, 47, 2), 47]  # every 47 // 20 steps, and after the last
    assert len(history.test_loss) == len(history.judged) == len(history.tested)
    assert history.test_loss[0] == TASK.test_loss(start) and history.judged[0] == TASK.judge(start)
    np.testing.assert_array_equal(history.snapshots[0].flat, start.flat)
    np.testing.assert_array_equal(history.snapshots[-1].flat, params.flat)
    assert history.snapshots[-1] is not params
    pairs = TASK.draw(np.random.default_rng(0), 4)
    gradient = sum(lt.bptt(start, *pair).flat for pair in pairs) / 4
    grads = lt.Params(start.vocab_size, start.hidden_size, gradient)
    for name in lt.Params.NAMES:
        assert history.norms[name][0] == pytest.approx(np.linalg.norm(grads[name]))
    steps = sum(len(x) for x, _ in pairs)
    assert history.loss[0] == pytest.approx(sum(lt.loss(start, *pair) for pair in pairs) / steps)


def test_a_history_says_in_one_line_how_it_went():
    history = train(fresh(), steps=4)
    first, last, tested = history.loss[0], history.loss[-1], history.test_loss[-1]
    measured = f"{tested:.3f} on the test set, {100 * history.judged[-1]:.3g}% solved."
    assert repr(history) == f"4 steps, loss per symbol from {first:.3f} to {last:.3f}, {measured}"
    assert repr(training.History(stopped="Interrupted.")) == "0 steps. Interrupted."


def test_an_interrupt_keeps_what_was_learned():
    calls = 0

    def interrupted(params, x, targets):
        nonlocal calls
        calls += 1
        if calls > 4 * 5:
            raise KeyboardInterrupt
        return lt.bptt(params, x, targets)

    stopped, whole = fresh(), fresh()
    history = train(stopped, steps=50, backward=interrupted)
    train(whole, steps=5, backward=one_by_one)
    assert history.stopped == "Interrupted after 5 steps; the parameters are those of that moment."
    assert len(history.loss) == len(history.norms["V"]) == len(history.clipped) == 5
    np.testing.assert_array_equal(stopped.flat, whole.flat)


def test_a_gradient_that_is_not_finite_stops_the_training_and_says_so():
    calls = 0

    def explodes(params, x, targets):
        nonlocal calls
        calls += 1
        grads = lt.bptt(params, x, targets)
        if calls > 8:
            grads.Wf[0, 0] = np.inf
        return grads

    params = fresh()
    history = train(params, backward=explodes)
    assert history.stopped.startswith("Stopped at step 3: dWf is not finite.")
    assert len(history.loss) == 2 and np.isfinite(params.flat).all()


def test_an_interrupt_while_the_test_set_is_measured_leaves_a_history_that_is_whole(monkeypatch):
    for name in ("test_loss", "judge"):
        for at in (0, 2):
            calls = []

            def interrupted(task_or_params, *params, at=at, calls=calls):
                calls.append(1)
                if len(calls) > at:
                    raise KeyboardInterrupt
                return 0.5

            with monkeypatch.context() as patch:
                if name == "judge":
                    task = dataclasses.replace(TASK, judge=interrupted)
                else:
                    task = TASK
                    patch.setattr(tasks.Task, "test_loss", interrupted)
                history = lt.train(fresh(), task, steps=60, batch=2, progress=False)
            assert history.stopped.startswith(f"Interrupted after {3 * at} steps")  # it is measured every third step
            lengths = {len(history.tested), len(history.test_loss), len(history.judged), len(history.snapshots)}
            assert lengths == {at}


def test_a_backward_pass_that_raises_later_loses_nothing_and_is_told_with_its_line():
    calls = []

    def fails_later(params, x, targets):
        calls.append(1)
        grads = lt.bptt(params, x, targets)
        grads.V[:] *= 1 // (len(calls) <= 8)
        return grads

    params = fresh()
    history = train(params, backward=fails_later)
    assert history.stopped.startswith("Stopped at step 3: fails_later raised ZeroDivisionError")
    assert "at line" in history.stopped
    assert len(history.loss) == 2 and np.isfinite(params.flat).all()


def test_a_backward_pass_that_raises_at_once_is_told_by_its_own_name():
    class Hasty:
        def __call__(self, params, x, targets):
            raise RuntimeError("not today.")

    with pytest.raises(LearnerError, match="Hasty raised RuntimeError: not today, at line"):
        train(fresh(), backward=Hasty())


def test_a_backward_pass_may_have_to_be_given_its_initial_state_and_may_spoil_its_inputs():
    def spoils(params, x, targets, h0, c0):
        grads = lt.bptt(params, x, targets, h0, c0)
        params.flat[:], x[:], targets[:], h0[:] = 0, 0, 0, 1
        return grads

    spoiled, whole = fresh(), fresh()
    train(spoiled, backward=spoils)
    train(whole, backward=one_by_one)
    np.testing.assert_array_equal(spoiled.flat, whole.flat)


def test_the_questions_loop_trains_where_its_gradient_is_too_large_to_be_squared():
    task = tasks.recall(50, test_size=4)
    params = lt.Params.random(task.vocab_size, 6, seed=1, scale=0.4)
    history = lt.train(params, task, steps=2, backward=lt.nested_bptt, batch=2, progress=False)
    assert history.stopped == "" and max(history.norms["Wf"]) > 1e154
    assert np.isfinite(params.flat).all()


def test_one_sequence_a_step_takes_the_form_for_one_sequence_and_says_the_same():
    single, double = fresh(), fresh()
    history, other = train(single, batch=1), train(double, batch=1, backward=one_by_one)
    np.testing.assert_allclose(single.flat, double.flat, rtol=1e-9)
    np.testing.assert_allclose(history.loss, other.loss, rtol=1e-12)


def test_a_backward_pass_that_returns_no_gradients_is_told_so_at_once():
    params = fresh()
    start = params.flat.copy()
    with pytest.raises(LearnerError, match="nothing_much returns nothing; it has to return the nine gradients"):
        train(params, backward=nothing_much)
    np.testing.assert_array_equal(params.flat, start)


def nothing_much(params, x, targets):
    return None


@pytest.mark.parametrize(
    ("options", "kind", "sentence"),
    [
        ({"steps": 0}, ValueError, "steps must be at least 1, got 0"),
        ({"batch": 2.5}, TypeError, "batch must be a whole number, got 2.5"),
        ({"clip_norm": float("nan")}, ValueError, "clip_norm must be a positive, finite number, got nan"),
        ({"optimizer": "adam"}, TypeError, r"optimizer must be made by .*, such as adam\(rate=0.01\), got 'adam'"),
        ({"optimizer": training.adam}, TypeError, r"such as adam\(rate=0.01\), got the function adam"),
        ({"backward": 3}, TypeError, r"backward must be a function backward\(params, x, targets\), got 3"),
        ({"seed": -1}, ValueError, "seed must be at least 0, got -1"),
    ],
)
def test_bad_arguments_get_one_sentence_before_any_step(options, kind, sentence):
    params = fresh()
    start = params.flat.copy()
    with pytest.raises(kind, match=sentence):
        train(params, **options)
    np.testing.assert_array_equal(params.flat, start)


@pytest.mark.parametrize("make", [training.sgd, training.adam])
def test_a_rate_that_is_no_positive_number_gets_one_sentence_where_it_is_given(make):
    for rate, kind in ((-1.0, ValueError), (float("nan"), ValueError), ("fast", TypeError)):
        with pytest.raises(kind, match="rate must be a"):
            make(rate)


def test_params_and_task_have_to_fit():
    with pytest.raises(ValueError, match=f"params must have vocab_size {TASK.vocab_size} for this task, got 3"):
        train(lt.Params.zeros(3, 4))
    with pytest.raises(TypeError, match="task must be a Task"):
        lt.train(fresh(), "reber")


def test_params_have_to_be_one_writable_net_in_double_precision():
    params = fresh()
    for other, kind, sentence in (
        (params.astype(np.float32), TypeError, "params must be float64 for training, got float32"),
        (params.astype(complex), TypeError, "params must hold real numbers, got an array of dtype complex128"),
        (lt.Params(params.vocab_size, 6, np.zeros((2, params.flat.size))), ValueError, "params must be one net"),
    ):
        with pytest.raises(kind, match=sentence):
            train(other)
    params.flat.flags.writeable = False
    with pytest.raises(ValueError, match="params must be writable"):
        train(params)


def test_the_progress_bar_counts_steps_in_a_terminal_and_stays_out_of_a_log(capsys, monkeypatch):
    train(fresh(), steps=4, progress=True)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    train(fresh(), steps=4, progress=True)
    error = capsys.readouterr().err
    assert TASK.name in error and "4/4" in error
    train(fresh(), steps=4, progress=False)
    assert capsys.readouterr().err == ""
