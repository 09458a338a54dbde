import re

import matplotlib
import numpy as np
import pytest
from lesson_cells import cell_source, run_cells
from scenes import assert_same_as_full_drawing

import lstm_teach as lt
from lstm_teach.explorers import vanishing as explorers
from lstm_teach.explorers.shell import plain
from lstm_teach.figures import vanishing

T, H, K = 60, 32, 8
SEEDS = range(20)


def uniform_net(seed, forget_bias):
    """A fresh LSTM with weights uniform in +-1/sqrt(H), PyTorch's default, and the forget-gate bias on top."""
    rng = np.random.default_rng(seed)
    params = lt.Params(K, H, rng.uniform(-1, 1, K * H + 4 * H * H + 4 * H * K) * H**-0.5)
    params.Uf += forget_bias
    return params, *rng.integers(0, K, (2, T))


def orders_lost(norms):
    """How many orders of magnitude smaller the last loss's delta is at step 0 than at its own step."""
    return np.log10(norms[-1, -1] / norms[-1, 0])


# What the lesson says, over many nets; the comments give the ranges found.


def test_without_a_forget_bias_the_cell_delta_loses_about_twelve_orders_in_sixty_steps():
    lost = [orders_lost(lt.gradient_flow(*uniform_net(seed, 0)).dc) for seed in SEEDS]
    assert min(lost) > 11 and max(lost) < 13.5  # 11.2 to 13.1, median 12.2


def test_with_a_bias_of_1_it_loses_about_four_orders_and_with_3_none():
    one = [orders_lost(lt.gradient_flow(*uniform_net(seed, 1)).dc) for seed in SEEDS]
    three = [orders_lost(lt.gradient_flow(*uniform_net(seed, 3)).dc) for seed in SEEDS]
    assert min(one) > 3.2 and max(one) < 5.2  # 3.5 to 4.8
    assert min(three) > -1.6 and max(three) < 0  # -1.2 to -0.2: it grows


def test_the_forget_gates_alone_predict_a_much_faster_decay_than_there_is():
    for seed in SEEDS:
        flow = lt.gradient_flow(*uniform_net(seed, 0))
        assert 16 < np.log10(flow.predicted[-1, -1] / flow.predicted[-1, 0]) < 18.5  # 0.5 ** 59 is 17.8 orders
        assert flow.dc[-1, 0] > 1e4 * flow.predicted[-1, 0]


def test_the_first_walk_of_the_posted_loop_grows_by_more_than_1_plus_f_a_step():
    for seed in SEEDS:
        params, x, targets = uniform_net(seed, 0)
        loop, f = lt.nested_flow(params, x, targets), lt.forward(params, x).f[:-1].mean()
        growth = (loop.dc[-1, 0] / loop.dc[-1, -2]) ** (1 / (T - 2))
        assert 0.45 < f < 0.55
        assert 1.05 * (1 + f) < growth < 1.7  # 1.59 to 1.64
        assert 10.5 < np.log10(loop.dc[-1, 0]) < 12.5


def test_the_walks_after_the_first_start_with_the_explosion_of_the_one_before():
    params, x, targets = uniform_net(0, 0)
    loop = lt.nested_flow(params, x, targets)
    clean = lt.nested_flow(params, x, targets, repaired=("stale_cell_delta",))
    assert loop.dc[-1, 0] == clean.dc[-1, 0]
    assert loop.dc[-3, 0] > 1e18 * clean.dc[-3, 0]


def test_the_deltas_of_all_losses_together_hide_the_vanishing():
    params, x, targets = uniform_net(0, 0)
    _, deltas = lt.bptt(params, x, targets, return_deltas=True)
    sums = np.linalg.norm(deltas.dc, axis=1)
    assert 0.1 < sums[0] / sums[-1] < 10


@pytest.fixture(scope="module")
def flows():
    return explorers.flows(60, 0.0, 0.1, 0, "as posted")


def lines_of(axes):
    return {line.get_label(): line for line in axes.lines}


def test_the_first_picture_draws_the_row_of_the_loss_from_the_loss_backwards(flows):
    lstm, vanilla, loop = flows
    figure = vanishing.reach_picture(*flows, 50)
    hidden, cell, gates = figure.axes
    for axes, label, norms in (
        (hidden, "LSTM", lstm.dh),
        (hidden, "vanilla RNN", vanilla.dh),
        (cell, "LSTM", lstm.dc),
        (cell, "forget gates alone", lstm.predicted),
        (gates, "input gate i", lstm.dzi),
        (gates, "forget gate f", lstm.dzf),
        (gates, "output gate o", lstm.dzo),
        (gates, "candidate g", lstm.dzg),
    ):
        x, y = lines_of(axes)[label].get_data()
        np.testing.assert_array_equal(x, np.arange(51))
        expected = norms[50, 50 - x]
        np.testing.assert_array_equal(y, np.where(expected, expected, np.nan))
    _, y = lines_of(cell)["the question's loop"].get_data()
    assert np.isnan(y[0])  # it never credits the step of the loss itself
    np.testing.assert_array_equal(y[1:], loop.dc[50, 49::-1])


def test_the_horizon_is_the_first_step_where_three_orders_are_gone(flows):
    steps = vanishing.horizon(flows[0].dc[59, ::-1])
    assert flows[0].dc[59, 59 - steps] < 1e-3 * flows[0].dc[59, 59] <= flows[0].dc[59, 60 - steps]
    assert vanishing.horizon(np.array([1.0, 0.5])) is None


def test_the_horizon_is_marked_where_it_is_and_only_if_there_is_one(flows):
    for shown, loss_step in ((flows, 59), (explorers.flows(60, 3.0, 0.1, 0, "as posted"), 59)):
        for axes, norms in zip(
            vanishing.reach_picture(*shown, loss_step).axes[:2], (shown[0].dh, shown[0].dc), strict=True
        ):
            mark = axes.lines[-1]
            steps = vanishing.horizon(norms[loss_step, ::-1])
            assert mark.get_visible() == (steps is not None)
            assert steps is None or mark.get_xdata()[0] == steps


def test_an_overflow_is_left_out_of_the_picture_and_named():
    overflown = explorers.flows(80, 3.0, 0.1, 0, "as posted")
    lines = lines_of(vanishing.reach_picture(*overflown, 10).axes[1])
    assert np.isnan(lines["the question's loop"].get_ydata()).all()
    assert "overflows" in vanishing.describe_reach(*overflown, 10)


def test_the_second_picture_has_no_color_above_the_diagonal_and_absolute_curves(flows):
    flow = explorers.flow(1.0, 0.1, 0)
    for by_row in (False, True):
        figure = vanishing.credit_picture(flow, "c", 35, 30, by_row)
        heat, column, row, _, *_ = figure.axes
        colors = heat.images[0].get_array()
        assert (colors[np.triu_indices(40, 1)] == 255).all()
        row_line, column_line = row.lines[0].get_data(), column.lines[0].get_data()
        np.testing.assert_allclose(row_line[1], flow.dc[35, :36])
        np.testing.assert_allclose(column_line[0], flow.dc[30:, 30])
        assert tuple(row.get_ylim()) == vanishing.CREDIT_LIMITS


def test_absolute_colors_get_darker_to_the_left_and_a_row_by_itself_is_brightest_where_it_is_largest():
    flow = explorers.flow(0.0, 0.1, 0)
    absolute, by_row = (
        vanishing.credit_picture(flow, "c", 35, 30, by_row).axes[0].images[0].get_array() for by_row in (False, True)
    )
    yellow = absolute[..., 0].astype(int)
    assert yellow[35, 35] > yellow[35, 20] > yellow[35, 5]
    brightest = by_row[35, :36, 0].argmax()
    assert brightest == flow.dc[35, :36].argmax()
    brightest_color = matplotlib.colormaps["cividis"](1.0, bytes=True)
    assert tuple(by_row[35, brightest]) == tuple(brightest_color)  # a row's largest is 1


@pytest.mark.parametrize("quantity", ["h", "c"])
def test_the_bars_add_up_to_the_whole(quantity):
    flow = explorers.flow(1.0, 0.4, 3)
    norms, shares = vanishing.quantities(flow, quantity, 35)
    np.testing.assert_allclose(sum(shares.values()), 1)
    assert norms is (flow.dh if quantity == "h" else flow.dc)
    outlines = vanishing.stacked(shares)
    top = sum(np.maximum(share, 0) for share in shares.values())
    bottom = sum(np.minimum(share, 0) for share in shares.values())
    corners = np.concatenate([outline.vertices for outline in outlines.values()])
    assert corners[:, 1].max() == pytest.approx(top.max())
    assert corners[:, 1].min() == pytest.approx(bottom.min())
    for path, share in shares.items():
        each = outlines[path].vertices.reshape(36, 5, 2)
        np.testing.assert_allclose(each[:, 2, 1] - each[:, 1, 1], share, atol=1e-12)


ENDS = {
    "reach": {"T": (2, 80), "loss_step": (0, 59), "forget_bias": (-2, 5), "scale": (0.02, 0.6), "seed": (0, 20)},
    "credit": {"s": (0, 39), "t": (0, 35), "forget_bias": (-2, 5), "scale": (0.02, 0.6), "seed": (0, 20)},
}


@pytest.fixture(scope="module")
def reach():
    return explorers.reach_explorer()


@pytest.fixture(scope="module")
def credit():
    return explorers.credit_explorer()


@pytest.fixture
def explorer(request, reach, credit):
    chosen = {"reach": reach, "credit": credit}[request.param]
    chosen.reset()
    return chosen


@pytest.mark.parametrize(
    ("explorer", "name", "values"),
    [(which, name, values) for which, controls in ENDS.items() for name, values in controls.items()],
    indirect=["explorer"],
)
def test_both_ends_of_every_slider_change_the_picture_and_the_text(explorer, name, values):
    seen = set()
    for value in values:
        explorer.controls[name].value = value
        assert explorer.controls[name].value == value
        assert explorer.message == ""
        seen.add((explorer.png, explorer.text))
        assert_same_as_full_drawing(explorer._scene)
    assert len({png for png, _ in seen}) == len({text for _, text in seen}) == 2
    size = explorer.picture.width, explorer.picture.height
    explorer.reset()
    assert size == (explorer.picture.width, explorer.picture.height)


@pytest.mark.parametrize(
    ("explorer", "name", "option"),
    [
        ("reach", "loop", "cell delta from zero"),
        ("reach", "loop", "carry replaced too"),
        ("credit", "quantity", "h"),
        ("credit", "colors", "each row by itself"),
    ],
    indirect=["explorer"],
)
def test_each_choice_changes_the_picture_and_the_text(explorer, name, option):
    before = explorer.png, explorer.text
    explorer.controls[name].value = option
    assert explorer.png != before[0] and explorer.text != before[1]
    assert_same_as_full_drawing(explorer._scene)


def test_the_text_says_the_numbers_of_the_picture(reach):
    reach.reset()
    lstm, vanilla, loop = explorers.flows(60, 0.0, 0.1, 0, "as posted")
    numbers = [
        lstm.dc[59, 59],
        lstm.dc[59, 0],
        lstm.predicted[59, 0],
        loop.dc[59, 0],
        lstm.dh[59, 0],
        vanilla.dh[59, 0],
    ]
    said = [float(n) for n in re.findall(r"(?<=[ ])\d[\d.]*(?:e-?\d+)?(?=[.:,; ])", reach.text) if "e" in n or "." in n]
    np.testing.assert_allclose(said, numbers, rtol=0.05)
    assert plain(reach.text) == reach.picture.alt


def test_a_shorter_sequence_keeps_the_loss_at_its_end(reach):
    reach.reset()
    reach.controls["T"].value = 20
    assert reach.controls["loss_step"].value == reach.controls["loss_step"].max == 19
    reach.controls["loss_step"].value = 5
    reach.controls["T"].value = 40
    assert reach.controls["loss_step"].value == 5


def test_the_cursor_never_stands_on_a_state_after_the_loss(credit):
    credit.reset()
    credit.controls["s"].value = 10
    assert credit.controls["t"].value == credit.controls["t"].max == 10


def test_a_click_moves_the_cursor_and_one_above_the_diagonal_does_not(credit):
    credit.reset()
    heat, column, row, *_ = credit._scene.figure.axes

    def click(axes, x, y):
        px, py = axes.transData.transform((x, y))
        width, height = credit._scene.figure.bbox.size
        credit.point(px / width, 1 - py / height)
        return credit.controls["s"].value, credit.controls["t"].value

    assert click(heat, 12, 20) == (20, 12)
    assert click(heat, 30, 20) == (20, 12)
    assert click(row, 4, 1e-3) == (20, 4)
    assert click(column, 1e-3, 9) == (9, 4)
    assert click(column, 1e-3, 2) == (9, 4)


def test_row_by_row_colors_come_with_a_warning(credit):
    credit.reset()
    assert "Warning" not in credit.text
    credit.controls["colors"].value = "each row by itself"
    assert credit.text.startswith("Warning: each row") and "hides how small" in credit.text
    note = credit._scene.figure.axes[0].texts[0].get_text()
    assert note == "each row by itself, sizes hidden"


# The lesson's own code.

LESSON = "05_vanishing_gradients"


@pytest.fixture(scope="module")
def lesson():
    return run_cells(LESSON)


def source(cell_id):
    return cell_source(LESSON, cell_id)


def test_the_walk_of_the_lesson_is_the_flow_of_the_library(lesson):
    params, x, targets = uniform_net(3, 1)
    flow = lt.gradient_flow(params, x, targets)
    for s in (0, 1, 40):
        dh, dc = lesson["walk_back"](params, x, targets, s)
        np.testing.assert_allclose(dh, flow.dh[s, s::-1], rtol=1e-12)
        np.testing.assert_allclose(dc, flow.dc[s, s::-1], rtol=1e-12)


def test_the_single_pass_of_the_lesson_is_right_and_clipped_inside_it_is_not(lesson):
    assert lt.check_gradients(lesson["single_pass"]).passed
    report = lt.check_gradients(lesson["clipped_inside"])
    assert not report.passed and not report.problems
    assert [name for name, error in report.errors.items() if lt.verdict(error) != "right"] == list(lt.Params.NAMES[1:])


def test_at_T_1_and_2_clipping_inside_shows_where_the_lesson_says_it_does(lesson):
    report = lt.check_gradients(lesson["clipped_inside"])
    wrong_at = {
        steps: {name for name, error in errors.items() if lt.verdict(error) != "right"}
        for steps, errors in report.errors_by_length.items()
    }
    assert wrong_at[1] == set() and wrong_at[2] == {"Ui", "Uo", "Ug"}


def test_larger_recurrent_matrices_spread_the_forget_gates(lesson):
    spread = []
    for factor in (0, 3):
        net = lesson["fresh"](1)
        net.W[:] *= factor
        rates = np.exp(np.log(lt.forward(net, lesson["x"]).f[1:60]).mean(0))  # of each unit, over the steps
        spread.append(rates)
    assert np.ptp(spread[1]) > 5 * np.ptp(spread[0])
    assert abs(spread[1].mean() - spread[0].mean()) < 0.02 < spread[1].max() - spread[0].max()


def test_clipping_outside_keeps_the_direction_and_bounds_the_length(lesson):
    clip, right = lesson["clip"], lesson["right"]
    assert np.linalg.norm(clip(right, 5)) == pytest.approx(5)
    assert lesson["angle"](clip(right, 5), right) < 0.01
    assert clip(right, 1e6) is right
    assert not clip(np.zeros(3), 1).any()
    for limit in (5, 0.5, 0.05):
        assert (
            lesson["angle"](lesson["single_pass"](lesson["wild"], lesson["x"], lesson["targets"], limit).flat, right)
            > 45
        )


def test_a_raw_step_overshoots_where_a_clipped_one_gains(lesson):
    wild, x, targets, grads = (lesson[name] for name in ("wild", "x", "targets", "grads"))
    losses = []
    for step in (0 * grads.flat, grads.flat, lesson["clip"](grads.flat, 5)):
        moved = wild.copy()
        moved.flat[:] -= 0.1 * step
        losses.append(lt.loss(moved, x, targets))
    assert losses[2] < losses[0] < losses[1]


def test_what_the_prose_says_about_the_lesson_s_own_net_is_true(lesson):
    fresh, x, targets, flow, loop = (lesson[name] for name in ("fresh", "x", "targets", "flow", "loop"))

    def lost(norms):
        return np.log10(norms[59, 59] / norms[59, 0])

    assert 11.5 < lost(flow.dc) < 12.5
    assert lost(flow.predicted) - lost(flow.dc) > 4
    assert not flow.dzf[:, 0].any()  # the question on the line that ends one step earlier
    three, held = lt.nested_flow(fresh(3), x, targets), lt.gradient_flow(fresh(3), x, targets)
    loop_3 = (three.dc[59, 0] / three.dc[59, 58]) ** (1 / 58)
    rate, rate_3 = ((each.dc[59, 0] / each.dc[59, 59]) ** (1 / 59) for each in (flow, held))
    answer = " ".join(source("reach-questions").split())
    assert f"by a factor of {rate:.2f} a step at bias 0 and of {rate_3:.2f} at bias 3" in answer
    assert f"loop grows by {lesson['growth']:.1f} a step at bias 0 and by {loop_3:.1f} at bias 3" in answer
    assert round(lost(flow.dc)) == 12 and "loses some twelve orders" in " ".join(source("exercise-bias-answer").split())
    _, together = lt.bptt(fresh(3), x, targets, return_deltas=True)
    assert np.linalg.norm(together.dc[0]) > 10 * np.linalg.norm(together.dc[59])  # they pile up in the early steps
    assert loop.dc[58, 57] > 1e6 * loop.dc[59, 58]  # one step to the left, the line jumps
    candidate = flow.dzg[59] / np.maximum.reduce([flow.dzi[59], flow.dzf[59], flow.dzo[59]])
    assert (candidate[:60] > 1).all()
    wide = lt.gradient_flow(fresh(0, scale=0.6), x, targets)
    assert abs(lost(wide.dc)) < 1
    vanilla = lt.rnn.gradient_flow(lt.rnn.Params.random(8, 32, 0, 0.6), x, targets)
    assert lost(vanilla.dh) < -6
    orthogonal = lt.rnn.gradient_flow(lesson["orthogonal"], x, targets)
    assert lost(orthogonal.dh) < lost(lt.gradient_flow(fresh(1), x, targets).dh) < lost(flow.dh)


def test_the_explorers_start_with_the_lesson_s_own_net(lesson):
    lstm, _, loop = explorers.flows(60, 0.0, 0.1, 0, "as posted")
    np.testing.assert_array_equal(lstm.dc, lesson["flow"].dc)
    np.testing.assert_array_equal(loop.dc, lesson["loop"].dc)
    np.testing.assert_allclose(explorers.flow(0.0, 0.1, 0).dc, lesson["flow"].dc[:40, :40], rtol=1e-9)


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("dc_carry = dc * f[t]", "dc_carry = dc * f[t - 1]", "|dc| first differs 1 step back"),
        ("dzo = dh * ct[t] * o[t]", "dzo = dc * ct[t] * o[t]", "|dc| first differs"),
        ("dh_norms.append(np.linalg.norm(dh))", "dh_norms.append(np.linalg.norm(dc))", "|dc| agrees, |dh| does not"),
    ],
)
def test_a_mistake_in_the_walk_is_named_and_located(right, wrong, says, capsys):
    walk = source("walk-back")
    assert right in walk
    run_cells(LESSON, until="flow", replace={"walk-back": walk.replace(right, wrong)})
    said = capsys.readouterr().out
    assert "The walk is off" in said and says in said


@pytest.mark.parametrize(("bias", "says"), [(1.2, "Yes"), (0.5, "a higher bias"), (3.0, "a lower bias")])
def test_the_exercise_says_which_way_to_go(bias, says, capsys):
    cell = source("exercise-bias").replace("my_bias = 0.0", f"my_bias = {bias}")
    run_cells(LESSON, until="exercise-bias", replace={"exercise-bias": cell})
    assert says in capsys.readouterr().out.splitlines()[-1]


def test_every_answer_of_a_learner_s_prediction_is_taken(capsys):
    answers = "my_orders_lost, my_loop, my_forget_gate = 3, 'shrinks', 0.9"
    run_cells(LESSON, until="prediction-check", replace={"my-prediction": answers})
    said = capsys.readouterr().out
    assert "You said 3." in said and "You said shrinks." in said and "You said 0.9." in said


def test_who_is_credited_shows_the_color_bar_that_counts_and_no_other():
    explorer = explorers.credit_explorer()
    for colors, label in (("each row by itself", "|delta| / the row's largest"), ("absolute", "absolute: |delta|")):
        explorer.controls["colors"].value = colors
        shown = [axes.get_ylabel() for axes in explorer._scene.figure.axes if axes.get_visible()]
        assert [word for word in shown if "delta" in word and word != "|delta|"] == [label]
    explorer.close()
