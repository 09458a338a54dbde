"""Lesson 5: every blank, every number in the prose, and the two explorers at the ends of their sliders."""

import re

import numpy as np
import pytest
from lesson_cells import cell_source, cells_of, copied, judged, names_before, run_cell, run_cells, solved_run, spec
from scenes import assert_same_as_full_drawing, click, pixels

import lstm_teach as lt
from lstm_teach import bell, kept
from lstm_teach.blanks import Lesson
from lstm_teach.explorers import vanishing as explorers
from lstm_teach.explorers.shell import plain
from lstm_teach.figures import vanishing
from lstm_teach.figures.scene import drawn

LESSON = "05_vanishing_gradients"
T, H, K = 60, 32, 8
GROUPS = {  # the cell of each group of blanks
    "carried": "blank-carried",
    "two_roads": "blank-two-roads",
    "one_step": "blank-one-step",
    "rate_of": "blank-rate-of",
    "rate_needed": "blank-rate-needed",
    "bias_helped": "blank-bias-helped",
    "posted_step": "blank-posted-step",
}
PREDICTIONS = ("all_losses", "posted", "gap", "rnn")


def words(cell_id):
    """The text of a cell on one line."""
    return " ".join(cell_source(LESSON, cell_id).split())


def rate(walk, steps=59):
    """The share left per step, from the last step back."""
    return (walk[59 - steps] / walk[59]) ** (1 / steps)


def lost(walk):
    """Orders of magnitude lost on the way from step 59 to step 0."""
    return np.log10(walk[59] / walk[0])


# ------------------------------------------------------------------------------------------ blanks


def verdict(group, lines):
    """What the lesson says to these right-hand sides."""
    cell = GROUPS[group]
    if group != "rate_of":
        return judged(LESSON, cell, lines)
    source = cell_source(LESSON, cell).replace("return ...", f"return {lines['rate_of']}")
    return judged(LESSON, cell, source=source)


def solution_lines(group):
    return dict(Lesson(LESSON).blank(group).library) if group != "rate_of" else {"rate_of": RATE}


def said(group, name, expression):
    """The sentence about one line, the others of its cell being right."""
    found = verdict(group, solution_lines(group) | {name: expression})
    by_name = {part.name: part for part in found.parts}
    assert all(part.passed for other, part in by_name.items() if other != name)
    return by_name[name].sentence


RATE = "np.abs(np.linalg.eigvals(one_step)).max()"


RIGHT = [
    ("carried", "carried", "dc_last * np.prod(cache.f[early + 1 : T], axis=0)"),
    ("carried", "carried", "dc_last * np.exp(np.log(cache.f[early + 1 : -1]).sum(axis=0))"),
    ("carried", "carried", "[dc_last[j] * np.prod(cache.f[early + 1 : last + 1, j]) for j in range(H)]"),
    ("two_roads", "through_g", "dc * i * (1 - g) * (1 + g) * w * o_before * (1 - np.square(ct_before))"),
    ("two_roads", "through_g", "dc * i * (1 - g**2) * w.T * o_before * (1 - ct_before**2)"),
    ("two_roads", "through_g", "dc * i * (1 - g**2) * params.Wg[unit, unit] * o_before * (1 - ct_before**2)"),
    ("two_roads", "through_g", "dc * cache.i[t, unit] * (1 - g**2) * w * cache.o[t - 1, unit] * (1 - ct_before**2)"),
    ("two_roads", "through_g", "w * (o_before - o_before * ct_before**2) * (1 - g * g) * i * dc"),
    ("one_step", "one_step", "np.diag(np.full(H, f)) + Wg.T / 4"),
    ("one_step", "one_step", "f * np.eye(H) + 0.25 * params.Wg.T"),
    ("one_step", "one_step", "(f * np.identity(H) + 0.5 * 0.5 * Wg).T"),
    ("rate_of", "rate_of", "max(abs(np.linalg.eigvals(one_step)))"),
    ("rate_of", "rate_of", "np.sort(np.abs(np.linalg.eig(one_step.T)[0]))[-1]"),
    ("rate_needed", "rate_needed", "np.exp(np.log(share) / steps)"),
    ("rate_needed", "rate_needed", "10 ** (np.log10(share) / steps)"),
    ("bias_helped", "bias_helped", "-np.log(1 / (rate_needed - extra) - 1)"),
    ("bias_helped", "bias_helped", "logit(rate_needed - extra)"),
    ("bias_helped", "bias_helped", "np.log((rate_needed - extra) / (1 - rate_needed + extra))"),
    ("bias_helped", "bias_helped", "np.log(rate_needed - extra) - np.log(1 - (rate_needed - extra))"),
    ("bias_helped", "bias_helped", "logit(rate_needed - (rate_of(one_step) - f))"),
    ("bias_helped", "bias_helped", "logit(rate_needed - rate_of(one_step) + f)"),
    ("bias_helped", "bias_helped", "logit(share ** (1 / steps) - extra)"),
    ("posted_step", "posted_step", "one_step + np.eye(H)"),
    ("posted_step", "posted_step", "np.eye(H) + f * np.eye(H) + Wg.T / 4"),
]


@pytest.mark.parametrize(("group", "name", "expression"), RIGHT)
def test_right_lines_in_other_styles_are_right(group, name, expression):
    assert said(group, name, expression) == ""


def test_there_are_three_named_mistakes_or_more_for_each_blank():
    for group in GROUPS:
        blank = Lesson(LESSON).blank(group)
        for name in blank.names:
            table = blank.mistakes[name]
            assert len(table) >= 3 and len(set(table.values())) == len(table), name  # one sentence names one mistake
        assert len(blank.hints) == 3


@pytest.mark.parametrize(
    ("group", "name", "expression", "distinctive"),
    [
        (
            "carried",
            "carried",
            "np.prod([dc_last, *cache.f[early:last]], axis=0)",
            "These gates are one step too early",
        ),
        ("carried", "carried", "dc_last * np.prod(cache.f[early:-1], 0)", "There is one gate too many"),
        (
            "carried",
            "carried",
            "dc_last * cache.f[early + 1 : last + 1].cumprod(axis=0)[-2]",
            "The gate of the last step is",
        ),
        ("carried", "carried", "dc_last * cache.f[20 : 59 + 1].prod(axis=0)", "right on this page only"),
        ("one_step", "one_step", "f * np.eye(H) + 0.25 * np.diag(np.diag(Wg))", "only the diagonal of Wg is left"),
        ("one_step", "one_step", "f * np.eye(H) + 0.25 * np.eye(H) * Wg.T", "If you wrote np.eye(H) * Wg.T: *"),
        ("one_step", "one_step", "np.diag(Wg.diagonal())", "This is the diagonal of Wg. The straight road"),
        ("two_roads", "through_g", "dc * i * w * o_before * (1 - ct_before**2)", "(1 - g**2), the slope of tanh"),
        ("rate_of", "rate_of", "np.linalg.eigvals(one_step).max()", "complex"),
        ("rate_of", "rate_of", "np.abs(np.linalg.eigvals(one_step))[0]", "lists first"),
        (
            "carried",
            "carried",
            "dc_last * np.exp(np.log(cache.f[early + 1 : T].mean(0)) * (last - early))",
            "every step has a gate of its own",
        ),
        ("one_step", "one_step", "0.5 * np.eye(H) + 0.25 * params.Wg.T", "use f"),
        (  # two mistakes
            "two_roads",
            "through_g",
            "dc * f * (1 - g**2) * w * f * (1 - ct_before**2)",
            "The factors 1 - ct_before ** 2, 1 - g ** 2, dc and w are right. Look at the rest of the product.",
        ),
        ("two_roads", "through_g", "dc * i * g * w * o_before * ct_before", "slope"),
        ("posted_step", "posted_step", "one_step", "This is one_step, not"),
        ("bias_helped", "bias_helped", "bias_alone", "the bias for the carry alone"),
        ("rate_of", "rate_of", "np.abs(np.linalg.eigvals(one_step)).max", "What rate_of returns is a function: are"),
        ("rate_of", "rate_of", "np.linalg.eigvals(one_step).max()", "What rate_of returns should hold real numbers"),
        ("rate_needed", "rate_needed", "share ** 1 / steps", "going back to one step takes a root."),
        ("rate_needed", "rate_needed", "share ** (-1 / steps)", "This is 1 over the rate."),
        (
            "carried",
            "carried",
            "dc_last * np.prod(cache.f[early + 1 :], 0)",
            "The last row of cache.f belongs to no step",
        ),
        ("carried", "carried", "dc_last * 0.5**40", "yours is"),
        ("carried", "carried", "deltas.dc[early]", "Note that deltas came from another cell"),
        ("carried", "carried", "dc_last * np.prod(cache.f[early + 1 : T])", "multiply over the steps, axis=0"),
        ("rate_of", "rate_of", "max(abs(np.linalg.eig(one_step)[0])) ** 2", "This is the square of the rate"),
        (
            "rate_of",
            "rate_of",
            "np.divide(*(np.linalg.norm(np.linalg.matrix_power(one_step, n).sum(1)) for n in (99, 98)))",
            "It is right in 3 of the 5 calls that were tried.",
        ),
        ("one_step", "one_step", "np.mean([f * np.eye(H), 0.25 * Wg.T], axis=0)", "is added, not averaged"),
        (
            "one_step",
            "one_step",
            "f * np.eye(H) + cache.i.mean() * cache.o.mean() * slope_g.mean() * Wg.T",
            "Note that cache and slope_g came from another cell; the line doesn't need them.",
        ),
        ("rate_of", "rate_of", "0.613", "0.613 is the rate of this lesson's matrix"),
        (
            "rate_of",
            "rate_of",
            "np.sqrt((np.linalg.matrix_power(one_step, 60) ** 2).sum()) ** (1 / 60)",
            "by on average over 60 steps. It is near the rate, but not there yet",
        ),
        ("one_step", "one_step", "f * np.eye(H) + 1 // 4 * Wg.T", "The road through the candidate is missing."),
        ("one_step", "one_step", "f * np.eye(H) + f * 0.25 * Wg.T", "f belongs to the straight one only"),
        ("rate_needed", "rate_needed", "share ** (1 / T)", "This takes the 60th root."),
        ("bias_helped", "bias_helped", "bias_alone - logit(extra)", "the difference of two logits"),
        ("bias_helped", "bias_helped", "bias_alone + extra", "extra is part of the rate, not of the bias"),
        ("bias_helped", "bias_helped", "-np.log(1 / (rate_needed - extra))", "This is the logarithm of the gate."),
        ("posted_step", "posted_step", "dc + dc * f", "This is what the posted carry makes of one dc."),
        ("posted_step", "posted_step", "(1 + f) + 0.25 * Wg.T", "1 + f belongs on the diagonal only"),
        ("posted_step", "posted_step", "one_step - 2 * f * np.eye(H) + np.eye(H)", "The carry has the wrong sign"),
        ("posted_step", "posted_step", "np.eye(H) + 0.25 * Wg.T", "The carry is missing its dc * f"),
    ],
)
def test_other_wrong_lines_are_answered_in_words(group, name, expression, distinctive):
    assert distinctive in said(group, name, expression)


def test_the_librarys_own_function_under_another_name_is_not_said_to_be_missing():
    names = copied(names_before(LESSON, "blank-rate-of"))
    run_cell(LESSON, "blank-rate-of", cell_source(LESSON, "blank-rate-of"), names)  # open
    for line, words in (
        ("old = rate_of\nrate_of = old", "This rate_of is the library's: write its lines yourself"),
        ("1 + 1", "No line of this cell says what rate_of is."),
        ("def old(m):\n    return max(abs(np.linalg.eigvals(m)))\nrate_of = old", "Right: `rate_of`"),
    ):
        assert words in str(run_cell(LESSON, "blank-rate-of", f'{line}\nlesson.judge("rate_of")', names))


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ("range(last, early, -1)", "Right: `carried`."),
        ("range(early + 1, T)", "Right: `carried`."),
        ("range(last, early - 1, -1)", "There is one gate too many"),
        ("range(last - 1, early, -1)", "The gate of the last step is missing"),
    ],
)
def test_a_walk_along_the_carry_may_be_a_loop(steps, words):
    loop = f"carried = dc_last\nfor s in {steps}:\n    carried = carried * cache.f[s]"
    source = cell_source(LESSON, "blank-carried").replace("carried = ...", loop)
    assert loop in source and words in str(judged(LESSON, "blank-carried", source=source))


@pytest.mark.parametrize(
    ("group", "name", "number"),
    [
        ("rate_of", "rate_of", "0.613"),
        ("rate_needed", "rate_needed", "1e-3 ** (1 / 59)"),
        ("bias_helped", "bias_helped", "1.264"),
    ],
)
def test_a_typed_in_number_is_not_right(group, name, number):
    assert said(group, name, number)


@pytest.mark.parametrize(
    ("group", "expression", "expected"),
    [
        ("rate_needed", "0.8895", "A typed-in number can be right for these numbers only: write the line with names."),
        ("bias_helped", "1", "bias_helped is off: yours is 1; it should be 1.263. It reads none of the names"),
        (
            "rate_needed",
            "1",
            "rate_needed is off: yours is 1; it should be 0.8895. It reads none of the names",
        ),
        ("rate_needed", "share ** (1 / 59)", "The typed-in number 59 can be right for these numbers only"),
        ("rate_needed", "share ** (1 / 58)", "rate_needed is off: yours is 0.8877; it should be 0.8895."),
        (
            "rate_needed",
            "share ** (1 / 60)",
            "rate_needed is off: yours is 0.8913; it should be 0.8895. This takes the 60th",
        ),
        ("one_step", "0.503 * np.eye(H) + 0.25 * Wg.T", "The typed-in number 0.503 can be right for these numbers"),
        ("posted_step", "1.503 * np.eye(H) + Wg.T / 4", "The typed-in number 1.503 can be right for these numbers"),
        (  # f is near one half, and so is this one
            "one_step",
            "f * np.eye(H) + f * 0.5 * Wg.T",
            "one_step is off at row 0, column 0: yours is 0.4707; it should be 0.4709 (1024 of 1024 numbers are off, "
            "by up to 0.00043). The term f * np.eye(H) is right; f * 0.5 * Wg.T is not.",
        ),
        (  # the quarter belongs there
            "one_step",
            "f**2 * np.eye(H) + 0.25 * Wg.T",
            "one_step is off at row 0, column 0: yours is 0.2209; it should be 0.4709 (32 of 1024 numbers are off, by "
            "up to 0.25). The term 0.25 * Wg.T is right; f ** 2 * np.eye(H) is not.",
        ),
        ("one_step", "(0.403 + 0.1) * np.eye(H) + 0.25 * Wg.T", "The typed-in numbers 0.403 and 0.1 can be"),
    ],
)
def test_of_numbers_typed_in_it_is_said_whether_they_are_right_here(group, expression, expected):
    assert said(group, group, expression).startswith(expected)


# ------------------------------------------------------------------------------------------ predictions


def test_every_prediction_has_one_right_option_and_a_reason_for_each():
    assert set(spec(LESSON)["predictions"]) == set(PREDICTIONS)
    for name in PREDICTIONS:
        given = spec(LESSON)["predictions"][name]
        for letter, (_, why) in given["options"].items():
            # Before the reason the form says whether the option is right.
            assert len(why) > 30 and not re.match("Yes|No[^a-z]", why), (name, letter)


def test_every_prediction_comes_before_the_cell_that_answers_it():
    order = [cell.id for cell in cells_of(LESSON)]
    for prediction, answer in (
        ("predict-all-losses", "one-and-all"),
        ("predict-posted", "posted"),
        ("predict-gap", "bell-gap"),
        ("predict-rnn", "rnn"),
    ):
        assert order.index(prediction) < order.index(answer)


def reasons(name):
    given = spec(LESSON)["predictions"][name]
    return given["right"], {letter: " ".join(option) for letter, option in given["options"].items()}


# ------------------------------------------------------------------------------------------ numbers


@pytest.fixture(scope="module")
def lesson():
    """The names of the solved lesson, and what it printed."""
    run = solved_run(LESSON)
    return run.names | {"printed": run.printed}


@pytest.fixture(scope="module")
def net(lesson):
    """`walk(bias)`: |dL/dc[t]| of the last loss of the lesson's net."""

    def walk(bias, flow=lt.gradient_flow):
        return flow(lesson["fresh"](bias), *tokens()).dc[59]

    return walk


def tokens():
    return np.random.default_rng(1000).integers(0, K, (T, 2)).T


def test_the_last_loss_asks_for_the_first_symbol():
    x, targets = tokens()
    assert targets[59] == x[0]


def test_the_sum_of_all_losses_hides_the_decay(lesson):
    _, deltas = lt.bptt(lesson["fresh"](0), *tokens(), return_deltas=True)
    sizes = np.linalg.norm(deltas.dc, axis=1)
    assert reasons("all_losses")[0] == "b" and sizes.min() / sizes[59] > 0.8 and sizes.max() / sizes[59] < 1.7


def test_with_their_own_gates_the_units_keep_no_more_than_with_the_average_one(lesson):
    own = np.linalg.norm(lesson["carried"]) / np.linalg.norm(lesson["dc_last"])
    flow = lesson["flow"].dc[59]
    assert lesson["last"] - lesson["early"] == 40
    assert own < 1.1 * lesson["f"] ** 40 and flow[19] / flow[59] > 1000 * own


@pytest.mark.parametrize(
    ("bias", "predicted", "measured"), [(0, 0.613, 0.619), (0.5, 0.735, 0.742), (1, 0.843, 0.850), (2, 0.993, 0.991)]
)
def test_the_one_matrix_predicts_the_rate(bias, predicted, measured, lesson, net):
    gate = lt.forward(lesson["fresh"](bias), tokens()[0]).f[:-1].mean()
    matrix = gate * np.eye(H) + lesson["fresh"](bias).Wg.T / 4
    assert round(lesson["rate_of"](matrix), 3) == predicted and round(rate(net(bias)), 3) == measured
    assert re.search(rf"{bias} +{gate:.3f} +{predicted:.3f} +{measured:.3f}", lesson["printed"])
    assert abs(predicted - measured) < 0.01  # "right to within 0.01"


@pytest.mark.parametrize("seed", range(6))
def test_the_one_matrix_predicts_the_rate_of_other_nets_too(seed):
    x, targets = np.random.default_rng(1000 + seed).integers(0, K, (T, 2)).T
    for bias in (0, 0.5, 1):
        params = lt.Params.random(K, H, seed, 0.1, bias)
        gate = lt.forward(params, x).f[:-1].mean()
        predicted = np.abs(np.linalg.eigvals(gate * np.eye(H) + params.Wg / 4)).max()
        measured = rate(lt.gradient_flow(params, x, targets).dc[59])
        assert abs(predicted - measured) < 0.025 < measured - gate  # and the forget gate alone does not
    params = lt.Params.random(K, H, seed, 0.1, forget_bias=2)
    predicted = np.abs(np.linalg.eigvals(lt.forward(params, x).f[:-1].mean() * np.eye(H) + params.Wg / 4)).max()
    assert abs(predicted - rate(lt.gradient_flow(params, x, targets).dc[59])) < 0.06


def test_how_far_off_the_one_matrix_is_with_other_random_weights_is_said_right():
    x, targets = np.random.default_rng(1000).integers(0, K, (T, 2)).T
    for bias, said in ((0, 0.03), (2, 0.07)):
        off = []
        for seed in range(40):
            params = lt.Params.random(K, H, seed, 0.1, forget_bias=bias)
            gate = lt.forward(params, x).f[:-1].mean()
            predicted = np.abs(np.linalg.eigvals(gate * np.eye(H) + params.Wg.T / 4)).max()
            off.append(predicted - rate(lt.gradient_flow(params, x, targets).dc[59]))
        assert np.mean(np.abs(off) < said) > 0.9 and np.mean(np.array(off) > 0) > 0.75
        assert f"{said} at bias {bias}" in words("rates-read") and "and usually too high" in words("rates-read")


def test_the_numbers_about_the_two_roads(lesson, net):
    gate = lesson["f"]
    assert round(gate, 2) == 0.5 and round(rate(net(0)), 2) == 0.62 and round(lesson["extra"], 2) == 0.11
    assert "on average: i 0.50, o 0.50, slope at g 0.99, slope at ct 1.00" in lesson["printed"]
    flow = lt.gradient_flow(lesson["fresh"](0), *tokens())
    parts = {gate: np.abs(flow.dc_paths[gate][59, :59]).mean() for gate in "ifog"}
    assert parts["g"] > 10 * max(parts[gate] for gate in "ifo")  # "by far the widest"


def test_the_bias_for_a_reach_is_found_and_the_second_road_makes_it_smaller(lesson, net):
    assert round(lesson["rate_needed"], 2) == 0.89
    assert abs(lost(net(lesson["bias_alone"]))) < 0.15  # "next to nothing is lost"
    assert f"The other one loses {lost(net(lesson['bias_helped'])):.1f}" in words("try-both-read")
    assert lesson["rate_needed"] ** 59 == pytest.approx(1e-3)


def test_the_posted_loop_cannot_show_vanishing(lesson, net):
    posted = net(0, lt.nested_flow)
    growth = (posted[0] / posted[58]) ** (1 / 58)
    assert round(lesson["rate_of"](lesson["posted_step"]), 2) == round(growth, 2) == 1.61
    assert f"as posted, per step: predicted {growth:.2f}, measured {growth:.2f}" in lesson["printed"]
    assert f"{posted[58]:.2f}" == "0.29" and f"{posted[0]:.0e}" == "3e+11" and "0.29 to 3e11" in words("answer")
    for bias in (0, 1, 3):
        walk = net(bias, lt.nested_flow)
        assert walk[0] > 1e11 * walk[58]
    assert reasons("posted")[0] == "c" and "bias −12 the delta does not get smaller" in reasons("posted")[1]["b"]
    for bias in (-12, -6, -3, -1, 0):
        walk = net(bias, lt.nested_flow)
        assert walk[0] > walk[58]


def test_the_walks_after_the_first_start_with_what_the_one_before_left(lesson):
    flow = lt.nested_flow(lesson["fresh"](0), *tokens())
    assert flow.dc[58, 57] > 1e6 * flow.dc[59, 58]


def test_the_right_pass_loses_twelve_orders_four_and_none(net):
    assert [round(lost(net(bias))) for bias in (0, 1)] == [12, 4] and lost(net(3)) < 0
    assert "by twelve orders" in words("answer") and "it loses four orders; with 3, none: it even grows" in words(
        "answer"
    )


@pytest.mark.parametrize("seed", range(10))
def test_with_pytorchs_default_weights_the_orders_lost_are_the_same(seed):
    rng = np.random.default_rng(seed)
    for bias, low, high in ((0, 11, 13.5), (1, 3.2, 5.2), (3, -1.6, 0)):  # 11.2 to 13.1, 3.5 to 4.8, -1.2 to -0.2
        params = lt.Params(K, H, rng.uniform(-1, 1, K * H + 4 * H * H + 4 * H * K) * H**-0.5)
        params.Uf += bias
        assert low < lost(lt.gradient_flow(params, *rng.integers(0, K, (2, T))).dc[59]) < high


def bell_part(bias, gap):
    """The gradient of the bell's column of Ug, from the question alone and from all losses."""
    params = lt.Params.random(len(bell.SYMBOLS), H, 0, 0.1, bias)
    x, targets = bell.sequence(True, gap)
    return from_each_loss(params, x, targets)[-1], np.linalg.norm(lt.bptt(params, x, targets).Ug[:, bell.BELL])


def from_each_loss(params, x, targets):
    """The length of the bell's column of dUg from each loss: the first s losses' gradient without one loss fewer's."""
    columns = [lt.bptt(params, x[:s], targets[:s]).Ug[:, bell.BELL] for s in range(1, len(x) + 1)]
    return np.linalg.norm(np.diff(columns, axis=0, prepend=np.zeros((1, H))), axis=1)


def test_the_bells_column_gets_what_reaches_step_0_and_the_lesson_prints_it(lesson):
    for bias in (0, 1, 3):
        for gap in (5, 20, 40):
            part, whole = bell_part(bias, gap)
            assert re.search(rf"^ +{bias} +{gap} +{part:.1e} +{whole:.2f}$", lesson["printed"], re.MULTILINE)
    grads, deltas = lt.bptt(lt.Params.random(3, H, scale=0.1), *bell.sequence(rang=True), return_deltas=True)
    np.testing.assert_allclose(grads.Ug[:, bell.BELL], deltas.dzg[0])


def test_each_number_of_the_bells_table_ends_below_the_end_of_its_heading(lesson):
    head, *rows = lesson["printed"].partition("of Ug:\n")[2].splitlines()[:10]
    ends = [match.end() for match in re.finditer(r"\S+( \S+)*", head)]
    for row in rows:
        assert [match.end() for match in re.finditer(r"\S+", row)] == ends


def test_what_the_prose_says_about_the_bell():
    part, whole = bell_part(0, 40)
    assert 1e-9 < part / whole < 5e-9  # "a few billionths"
    assert bell_part(3, 40)[0] > bell_part(3, 5)[0]
    assert 3e3 < bell_part(0, 20)[0] / part < 3e4 and reasons("gap")[0] == "c"  # "about 10,000-fold"
    assert bell_part(0, 40)[1] == pytest.approx(bell_part(0, 20)[1], rel=0.01)  # "the whole hardly changes"
    assert 0.62**2 < 0.5 < 0.62 and 5e-5 < 0.62**20 < 1.5e-4
    far = from_each_loss(lt.Params.random(len(bell.SYMBOLS), H, 0, 0.1), *bell.sequence(True, 40))
    assert far[:5].sum() > 10 * far[5:].sum()  # most of it comes from the losses right after the bell


def test_an_orthogonal_rnn_beats_an_lstm_without_a_bias(lesson):
    printed = dict(re.findall(r"^(.*RNN.*?|LSTM, bias \d)  +(-?\d+\.\d)$", lesson["printed"], re.MULTILINE))
    orders = {name: float(number) for name, number in printed.items()}
    assert orders["vanilla RNN, W orthogonal"] < orders["LSTM, bias 1"] < orders["LSTM, bias 0"] < orders["vanilla RNN"]
    assert 16.5 < orders["vanilla RNN"] < 17 and round(orders["LSTM, bias 0"]) == 13 and reasons("rnn")[0] == "d"
    assert round(orders["LSTM, bias 1"]) == 5 and 1.5 < orders["vanilla RNN, W orthogonal"] < 2


def test_the_weights_are_like_pytorchs_and_the_orthogonal_matrix_keeps_lengths(lesson):
    assert round(1 / np.sqrt(3 * H), 2) == 0.1 and "standard deviation of 0.1" in words("one-loss")
    np.testing.assert_allclose(np.linalg.norm(lesson["orthogonal"].W @ np.eye(H)[0]), 1)


def test_the_answers_below_the_first_explorer():
    text, fade = words("fade-questions"), explorers.fade(1.0, 0.0, 0.1)
    assert "0.619 a step. The matrix says 0.613. The forget gate alone says 0.503" in text
    assert [round(fade.rates[which], 3) for which in ("measured", "matrix", "alone")] == [0.619, 0.613, 0.503]
    assert 5 < np.log10(fade.line("measured")[0] / fade.line("alone")[0]) < 5.5  # "five orders"
    wide = explorers.fade(1.0, 2.0, 0.4)
    times = wide.line("matrix")[0] / wide.norms[59], wide.norms[0] / wide.norms[59]
    assert f"{times[0]:.0e}" == "8e+06" and 10 < times[1] < 100


@pytest.mark.parametrize("form", ["grads", "list(grads.values())", "(grads, 'deltas')"])
def test_the_learners_own_pass_is_used_where_it_was_kept(form, tmp_path, monkeypatch, capsys):
    def my_bptt(params, x, targets, h0=None, c0=None):
        grads = lt.bptt(params, x, targets, h0, c0)
        return grads

    lesson_4 = "04_single_pass_bptt"
    groups = spec(lesson_4)["blanks"]
    monkeypatch.setattr(kept, "FILE", str(tmp_path / "mine.py"))
    kept.write("my_bptt", lesson_4, next(group for group in groups if "my_bptt" in groups[group]["names"]), my_bptt)
    kept_file = tmp_path / "mine.py"
    kept_file.write_text(kept_file.read_text().replace("return grads", f"return {form}"))
    names = run_cells(LESSON, until="bell-gap")
    assert names["my_bptt"].__module__ == "my_functions" and "your own my_bptt" in capsys.readouterr().out
    assert lt.check_gradients(names["my_bptt"]).passed


# ------------------------------------------------------------------------------------------ explorers


ENDS = {
    "fade": {
        "guess": (vanishing.NO_GUESS, vanishing.GUESS_LIMITS[1]),
        "forget_bias": explorers.BIASES,
        "scale": explorers.SCALES,
    },
    "credit": {"s": (0, 18), "t": (0, 19), "forget_bias": explorers.BIASES},
}


@pytest.fixture(scope="module")
def made():
    return {"fade": explorers.fade_explorer(), "credit": explorers.credit_explorer()}


@pytest.fixture
def explorer(request, made):
    chosen = made[request.param]
    chosen.reset()
    return chosen


@pytest.mark.parametrize(
    ("explorer", "name", "values"),
    [(which, name, values) for which, controls in ENDS.items() for name, values in controls.items()],
    indirect=["explorer"],
)
def test_both_ends_of_every_slider_change_the_picture_and_the_text(explorer, name, values):
    if "show" in explorer.controls:
        explorer.set(show=explorers.SHOWN)
    seen, size = set(), (explorer.picture.width, explorer.picture.height)
    for value in values:
        explorer.controls[name].value = value
        assert explorer.controls[name].value == value and explorer.message == ""
        seen.add((explorer.png, explorer.text))
        assert_same_as_full_drawing(explorer._scene)
    assert len({png for png, _ in seen}) == len({text for _, text in seen}) == 2
    assert size == (explorer.picture.width, explorer.picture.height)
    assert plain(explorer.text) == explorer.picture.alt


@pytest.mark.parametrize("scale", [0.69, 0.81, 0.9, 1])
def test_no_word_is_cut_off_in_a_narrow_window(made, scale):
    made["fade"].reset()
    made["fade"].set(show=explorers.SHOWN)
    picture = pixels(made["fade"]._scene.png(scale))
    assert (picture[:, :2] == 255).all() and (picture[:, -2:] == 255).all()


def test_before_the_guess_is_committed_nothing_gives_the_answer_away(made):
    explorer = made["fade"]
    explorer.reset()
    fades, rates = explorer._scene.figure.axes

    def drawn():  # without the mark at 1
        return [line.get_color() for line in (*fades.lines, *rates.lines[1:]) if line.get_visible()]

    def named():
        return [text.get_text() for text in fades.get_legend().get_texts() if text.get_visible()]

    assert drawn() == named() == [] and "you have not guessed yet" in explorer.text
    seen = set()
    for name, ends in (("forget_bias", explorers.BIASES), ("scale", explorers.SCALES)):
        for value in ends:  # even now each slider does something
            explorer.reset()
            explorer.controls[name].value = value
            seen.add(explorer.png)
    assert len(seen) == 4 and drawn() == []
    assert_same_as_full_drawing(explorer._scene)
    explorer.reset()
    explorer.set(show=explorers.SHOWN)
    assert len(drawn()) == 6 and len(named()) == 3 and "you made no guess" in explorer.text
    assert_same_as_full_drawing(explorer._scene)
    explorer.reset()
    explorer.set(guess=1.0)  # a guess like any other
    assert drawn() == [vanishing.FADES["guess"]["color"]] * 2 and named() == ["your guess"]
    hidden = explorers.fade(1.0, 0.0, 0.1)
    for which in ("measured", "matrix"):
        assert f"{hidden.rates[which]:.2f}" not in explorer.text
    assert [label.get_text() for label in rates.get_yticklabels() if label.get_visible()] == ["your guess"]
    assert_same_as_full_drawing(explorer._scene)
    explorer.set(show=explorers.SHOWN)
    assert all(line.get_visible() for line in fades.lines) and f"{hidden.rates['measured']:.3f}" in explorer.text
    assert_same_as_full_drawing(explorer._scene)
    explorer.reset()
    assert explorer.text.startswith("Guess first")


def test_the_longest_label_leaves_room_for_the_sliders(made):
    # All labels of an explorer are as wide as its longest; at 31 letters, a slider of 101 values was 69 pixels long.
    assert max(len(control.description) for control in made["fade"].controls.values()) <= 20


def test_a_click_draws_the_line_through_that_place(made):
    explorer = made["fade"]
    explorer.reset()
    fades, rates = explorer._scene.figure.axes

    def chosen(axes, *point):
        click(explorer, axes, point)
        return explorer.controls["guess"].value

    start = explorers.fade(1.0, 0.0, 0.1).norms[59]
    assert chosen(fades, 0, start * 0.7**59) == 0.7
    assert chosen(fades, 39, start * 0.9**20) == 0.9
    assert chosen(fades, 59.4, 1e-9) == 0.9  # right of the last step there is nothing to draw
    assert chosen(fades, 50, 1e-25) == vanishing.GUESS_LIMITS[0]
    assert chosen(rates, 1.2, 1) == 1.2
    handle = fades.lines[0]
    assert handle.get_ydata()[0] == pytest.approx(start * 1.2**59)


def test_no_line_and_no_dot_leaves_its_axes_at_any_end_of_any_slider():
    low, high = vanishing.FADE_LIMITS
    for bias in np.linspace(*explorers.BIASES, 5):
        for scale in np.linspace(*explorers.SCALES, 5):
            for guess in (vanishing.NO_GUESS, *vanishing.GUESS_LIMITS):
                fade = explorers.fade(guess, float(bias), float(scale))
                for which in vanishing.FADES:
                    line = fade.line(which)
                    assert low < line.min() and line.max() < high
                    assert vanishing.RATE_LIMITS[0] < fade.rates[which] < vanishing.RATE_LIMITS[1]


def heat_colors(figure):
    """The colors of the map of all losses and states, (losses, states, 4) from 0 to 1."""
    (mesh,) = figure.axes[0].collections
    return mesh.to_rgba(mesh.get_array())


def test_no_number_of_the_second_picture_leaves_its_scale_and_each_bias_has_colors_of_its_own():
    used = {}
    for bias in np.arange(*explorers.BIASES, 0.5):
        flow = explorers.flow(float(bias))
        below = np.tri(vanishing.CREDIT_STEPS, dtype=bool)
        for norms in (flow.dh, flow.dc):
            assert vanishing.CREDIT_LIMITS[0] < norms[below].min() and norms[below].max() < vanishing.CREDIT_LIMITS[1]
        for quantity in "hc":
            _, shares = vanishing.quantities(flow, quantity, vanishing.CREDIT_STEPS - 1)
            top = sum(np.maximum(share, 0) for share in shares.values()).max()
            bottom = sum(np.minimum(share, 0) for share in shares.values()).min()
            assert vanishing.SHARE_LIMITS[0] < bottom and top < vanishing.SHARE_LIMITS[1]
        colors = heat_colors(drawn(vanishing.build_credit(), flow, "c", 19, 10))
        used[float(bias)] = len({tuple(color) for color in colors[19]})
    assert used[0.0] >= 5 > 2 >= used[1.0] and used[2.0] == 1  # the decay is seen, and so is that it is gone


def test_what_the_framed_row_loses_can_be_counted_in_colors():
    for bias, colors in ((0, 5), (0.5, 3), (1, 2), (2, 1)):
        row = explorers.flow(float(bias)).dc[19]
        assert abs(np.log10(row[19] / row[0]) - (colors - 1)) < 0.7
        picture = drawn(vanishing.build_credit(), explorers.flow(float(bias)), "c", 19, 10)
        assert len({tuple(color) for color in heat_colors(picture)[19]}) == colors


def test_what_the_framed_row_loses_and_what_comes_through_g_is_said_below_the_picture():
    lost, through_g = {}, {}
    for bias in (0, 1, 3):
        flow = explorers.flow(float(bias))
        lost[bias] = np.log10(flow.dc[19, 19] / flow.dc[19, 0])
        through_g[bias] = vanishing.quantities(flow, "c", 19)[1]["g"][:19]
    assert 3.7 < lost[0] < 4 and 1 < lost[1] < 1.4 and lost[3] < 0
    assert "nearly four powers of ten at bias 0, and a little more than one at bias 1" in words("credit-questions")
    np.testing.assert_allclose(np.median(through_g[0]), 1 / 5, atol=0.01)
    np.testing.assert_allclose(np.median(through_g[3]), 1 / 8, atol=0.01)
    assert "a fifth at bias 0, an eighth at bias 3" in words("credit-questions")


def test_the_frame_lies_around_the_row_not_over_its_colors():
    heat = drawn(vanishing.build_credit(), explorers.flow(0.0), "c", 12, 5).axes[0]
    down, across = heat.lines
    assert set(across.get_ydata()) == {11.5, 12.5} and set(down.get_xdata()) == {4.5, 5.5}


@pytest.mark.parametrize("quantity", ["h", "c"])
@pytest.mark.parametrize("bias", [0.0, 1.0, 3.0])
def test_the_shares_in_the_caption_add_up_to_100(quantity, bias):
    for t in range(20):
        said = vanishing.describe_credit(explorers.flow(bias), quantity, 19, t).partition("By road: ")[2]
        shares = [float(share.replace("−", "-")) for share in re.findall(r"(\S+)%", said)]
        assert sum(shares) == pytest.approx(100), said
        assert ("a negative share works against the others" in said) == (min(shares) < 0), said


def test_darker_is_smaller_and_no_state_after_the_loss_has_a_color():
    colors = heat_colors(drawn(vanishing.build_credit(), explorers.flow(0.0), "c", 15, 10))
    assert (colors[np.triu_indices(vanishing.CREDIT_STEPS, 1)][:, 3] == 0).all()
    yellow = colors[..., 0]
    assert yellow[19, 19] > yellow[19, 10] > yellow[19, 0]


@pytest.mark.parametrize("quantity", ["h", "c"])
def test_the_bars_add_up_to_the_whole(quantity):
    _, shares = vanishing.quantities(explorers.flow(1.0), quantity, 19)
    np.testing.assert_allclose(sum(shares.values()), 1)
    outlines = vanishing.stacked(shares)
    for path, share in shares.items():
        corners = outlines[path]
        np.testing.assert_allclose(corners[:, 2, 1] - corners[:, 1, 1], share, atol=1e-12)


def test_the_curve_beside_the_map_is_its_row():
    flow = explorers.flow(1.0)
    _, _, row, _ = drawn(vanishing.build_credit(), flow, "h", 15, 10).axes
    np.testing.assert_array_equal(row.lines[0].get_ydata(), flow.dh[15, :16])
    assert tuple(row.get_ylim()) == pytest.approx(vanishing.CREDIT_LIMITS)


def test_the_cursor_never_stands_on_a_state_after_the_loss_and_a_click_moves_it(made):
    credit = made["credit"]
    credit.reset()
    credit.controls["s"].value = 7
    assert credit.controls["t"].value == credit.controls["t"].max == 7
    credit.reset()
    heat, _, row, bars = credit._scene.figure.axes

    def chosen(axes, *point):
        click(credit, axes, point)
        return credit.controls["s"].value, credit.controls["t"].value

    assert chosen(heat, 5, 12) == (12, 5)
    assert chosen(heat, 15, 12) == (12, 5)  # above the diagonal
    assert chosen(row, 3, 1e-2) == (12, 3)
    assert chosen(bars, 9, 0.5) == (12, 9)


def test_the_text_of_the_second_explorer_says_the_numbers_at_the_cursor(made):
    credit = made["credit"]
    credit.reset()
    credit.controls["quantity"].value = "h"
    flow = explorers.flow(0.0)
    assert f"|dL[19]/dh[10]| is {vanishing.short(flow.dh[19, 10], 2)}" in credit.text and "candidate g" in credit.text
    assert "carry" not in credit.text  # "Where has the carry gone?"


def test_the_picture_of_the_walks_holds_all_of_them_and_says_their_ends(lesson):
    right, posted = lesson["right"], lesson["posted"]
    axes = vanishing.walks_picture(right, posted).axes[0]
    low, high = axes.get_ylim()
    for line, norms in zip(axes.lines, (right | posted).values(), strict=True):
        drawn = line.get_ydata()
        np.testing.assert_array_equal(drawn[~np.isnan(drawn)], norms[norms > 0])
        assert low < np.nanmin(drawn) and np.nanmax(drawn) < high
    assert "right, bias 0 from 0.29 to 1.6e-13" in vanishing.describe_walks(right, posted)
    assert "as posted, bias 0 from 0.29 to 2.9e11" in vanishing.describe_walks(right, posted)
