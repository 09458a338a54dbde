"""The mixed exam: its oracle, the passes and numbers that it tells of, and its points and minutes."""

import re

import nbformat
import numpy as np
import pytest
from exercise_answers import mixed_exam as answers
from exercise_answers.flawed_backward import with_flaws
from projectfiles import ROOT

import lstm_teach as lt
from lstm_teach.edited import edited
from lstm_teach.exercises import mixed_exam as exam
from lstm_teach.exercises.engine import Case, Task
from lstm_teach.exercises.flawed_backward import check_fourth
from lstm_teach.gradreport import errors_of, off
from lstm_teach.verdicts import show_hints

NOTEBOOK = nbformat.read(ROOT / "notebooks" / "exercises" / "07_mixed_exam.ipynb", as_version=4)
CELLS = {cell.id: cell.source for cell in NOTEBOOK.cells}


@pytest.fixture(scope="module")
def answer_pass():
    """The pass of task 4, as the notebook shows it."""
    namespace = {"np": np, "lt": lt}
    exec(CELLS["answer-pass"], namespace)
    return namespace["answer_pass"]


def error(a, b):
    """The relative error of all matrices together."""
    return max(lt.relative_error(a[name], b[name]) for name in exam.NAMES)


# ------------------------------------------------------------------------------------------ what is right


def complex_steps(net, *sequence):
    """The seven gradients from the forward pass alone: no difference is taken, so a step can't be too small."""
    grads = {name: np.zeros_like(matrix) for name, matrix in net.items()}
    for name, grad in grads.items():
        moved = net | {name: net[name].astype(complex)}
        for index in np.ndindex(grad.shape):
            moved[name][index] += 1e-150j
            grad[index] = exam.coupled_loss(moved, *sequence).imag / 1e-150
            moved[name][index] = net[name][index]
    return grads


@pytest.mark.parametrize("T", [1, 2, 7])
def test_complex_steps_central_differences_and_the_pass_back_agree(T):
    case = net, *sequence = exam.exam_case(T, T, 5, 4)
    right = complex_steps(*case)
    assert error(right, exam.backward(*case)) < 1e-13
    for name, matrix in net.items():
        for index in list(np.ndindex(matrix.shape))[::5]:
            bump = np.zeros(matrix.shape)
            bump[index] = 1e-5
            ends = [exam.coupled_loss({**net, name: matrix + sign * bump}, *sequence) for sign in (1, -1)]
            assert (ends[0] - ends[1]) / 2e-5 == pytest.approx(right[name][index], rel=1e-6, abs=1e-8)


def slopes(function, at):
    """The derivative of a function's result, a number or (m,), by each entry of a vector, by complex steps."""
    return np.array([np.imag(function(at + nudge)) / 1e-150 for nudge in 1e-150j * np.eye(at.size)]).T


def sent_back(net, token, h_before, c_before, dh, dc_carry):
    """What each value of one step gets of dh and dc_carry: each is nudged by itself, what is made from it follows."""

    def sent(by, name):
        def nudged(value, its):
            return value + by * (its == name)

        h, c, v = nudged(h_before, "dh_before"), nudged(c_before, "dc_before"), {}
        for gate in "iog":
            v[gate] = nudged(exam.curve(gate, nudged(exam.z(net, gate, token, h), f"dz{gate}")), f"d{gate}")
        c = nudged((1 - v["i"]) * c + v["i"] * v["g"], "dc")
        return dh @ (v["o"] * c) + dc_carry @ c

    return {name: slopes(lambda by, name=name: sent(by, name), np.zeros(len(dh))) for name in answers.LINES}


def test_the_lines_of_a_step_back_are_what_complex_steps_say():
    net, x, _, h0, c0 = exam.exam_case(4, 3, 5, 4)
    run = exam.run_coupled(net, x, h0, c0)
    dh, dc_carry = np.random.default_rng(0).normal(size=(2, 4))
    for t in range(3):
        right = sent_back(net, x[t], run.h[t - 1], run.c[t - 1], dh, dc_carry)
        (lines,) = Task(exam.__name__, "back", [Case("", (net, run, t, dh, dc_carry))]).rights
        for name, delta in lines.items():
            assert delta == pytest.approx(right[name], rel=1e-12, abs=1e-14), name


def test_the_forward_pass_is_what_the_page_says():
    net, x, targets, h0, c0 = exam.example(5)
    run, h, c = exam.run_coupled(net, x, h0, c0), h0, c0
    for t, token in enumerate(x):
        *_, c, h = answers.step_by_units(net, token, h, c)
        assert run.c[t] == pytest.approx(c) and run.h[t] == pytest.approx(h)
    assert (run.h[-1] == h0).all() and (run.c[-1] == c0).all()
    loss = -np.log(run.y[np.arange(5), targets]).sum()
    assert exam.coupled_loss(net, x, targets, h0, c0) == pytest.approx(loss)


def derivatives(net, run, t, token):
    """The immediate and the total derivative of c[t] by c[t-1], by complex steps of the forward pass."""
    h, o, c = run.h[t - 1], run.o[t - 1], run.c[t - 1]
    immediate = slopes(lambda c: exam.cell_step(net, token, h, c)["c"], c)
    return immediate, slopes(lambda c: exam.cell_step(net, token, o * c, c)["c"], c)


def test_the_derivatives_of_task_7_are_those_of_the_forward_pass():
    """Of an answer that the check accepts."""
    net, x, _, h0, c0 = exam.example(4)
    run = exam.run_coupled(net, x, h0, c0)
    for t in (1, 2, 3):
        np.testing.assert_allclose(answers.derivatives_by_columns(net, run, t), derivatives(net, run, t, x[t]))
    assert exam.check_derivatives(answers.derivatives_by_columns).passed


def test_the_gradient_of_the_last_loss_is_that_of_the_last_loss():
    params, x, target, h0, c0 = exam.last_case(1, 4, 4, 5)
    right = exam.with_flaws()(params, x, target, h0, c0)

    def last(net):
        return -np.log(lt.forward(net, x, h0, c0).y[-1, target])

    assert lt.relative_error(lt.numerical_gradient(last, params).flat, right.flat) < 1e-8


# ------------------------------------------------------------------------------------------ what the notebook says


def test_the_pass_to_repair_has_the_flaws_that_the_check_looks_for(answer_pass):
    case = exam.last_case(2, 5, 4, 3)
    expected = exam.with_flaws("slope of o", "Wo left out")(*case)
    assert lt.relative_error(answer_pass(*case).flat, expected.flat) < 1e-13


def test_its_table_says_what_the_question_says_and_one_repair_is_not_enough(answer_pass):
    def wrong(backward, row):
        names, *rows = [line.split() for line in exam.last_ladder(backward).splitlines()]
        return " ".join(name for name, word in zip(names[1:], rows[row][1:], strict=True) if word != "right")

    eight = "dWi dWf dWo dWg dUi dUf dUo dUg"
    assert [wrong(answer_pass, row) for row in (0, 1)] == ["dWo dUo", eight]
    assert [wrong(answers.repair_with("Wo left out"), row) for row in (0, 1)] == ["", eight]
    assert [wrong(answers.repair_with("slope of o"), row) for row in (0, 1)] == ["dWo dUo", eight]  # one would do
    assert not any(wrong(answers.repair, row) for row in range(4))


@pytest.mark.parametrize(("T", "same"), [(1, True), (2, False), (6, False)])
def test_a_right_repair_can_raise_all_eight_errors_as_the_question_says(answer_pass, T, same):
    """The one of what is handed on: it lets the other fault out of its gate. At T = 1 it changes nothing."""
    case = exam.last_case(5, T, 4, 5)  # as in the table
    right = exam.with_flaws()(*case)
    before, after = (errors_of(f(*case), right) for f in (answer_pass, answers.repair_with("slope of o")))
    assert off(before) == off(after) and len(off(after)) == (2 if same else 8)
    grown = [name for name in off(after) if after[name] > 1.03 * before[name]]
    assert len(grown) == (0 if same else 8) and all(after[n] == pytest.approx(before[n]) for n in off(after) * same)
    assert "At T = 1 nothing is different. At T = 2 the same eight gradients are wrong" in exam.LARGER.text
    assert exam.LARGER.options[exam.LARGER.right].text.startswith("no: a fault that is left may show more")


def test_the_faults_of_task_3_are_told_as_they_are_checked():
    for letter, text in exam.FAULTS.items():
        assert f"- **{letter}**: {text}." in CELLS["task-3"]
    assert f"x = {', '.join(map(str, exam.TOKENS))}, " in CELLS["task-3"]


@pytest.mark.parametrize("more", ['(net["Wi"] - net["Wi"].T) @ dz["i"]', '-net["Wo"].T @ dz["o"]', "0.1 * dh"])
@pytest.mark.parametrize(("T", "state", "noticed"), [(1, 0, ""), (1, 1, ""), (2, 0, "Ui Uo Ug"), (2, 1, "Wi Ui Uo Ug")])
def test_a_mistake_in_dh_before_is_noticed_where_the_question_says(T, state, noticed, more):
    net, x, targets, h0, c0 = exam.example(T)
    case = net, x, targets, state * h0, state * c0
    turned = 'sum(net["W" + gate].T @ dz[gate] for gate in "iog")'
    mistaken = edited(exam.backward, turned, f"{turned} + {more}")
    wrong = [name for name, far in errors_of(mistaken(*case), complex_steps(*case)).items() if far > 1e-3]
    assert {*noticed.split()} <= {*wrong} and (state or wrong == noticed.split())
    assert "a mistake in the line that computes dh_before" in exam.SHORTEST.text


def test_the_angle_and_the_error_of_fault_a():
    net, _, targets, h0, c0 = exam.exam_case(3, len(exam.TOKENS), 4, 5)
    case = net, exam.TOKENS, targets, h0, c0
    a, b = (
        np.concatenate([g[name].ravel() for name in exam.NAMES])
        for g in (exam.with_fault("A")(*case), complex_steps(*case))
    )
    angle = np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))
    assert f"angle is {angle:.0f} degrees" in exam.FALLING.options["d"].why
    worst = max(exam.ladder("A")[len(exam.TOKENS)].values())
    assert f"With all six tokens, fault A has errors up to {worst:.1f}" in exam.FALLING.options["b"].why


def test_the_errors_of_the_nudge_in_the_solution_of_the_check():
    solution = (ROOT / "notebooks/exercises/solutions/07_mixed_exam.md").read_text(encoding="utf-8")
    assert "causes an error below 1e-10, and rounding an error below 1e-8" in solution
    for seed in (1, 2, 2026):
        net, *sequence = exam.exam_case(seed, 4, 4, 3)
        right = exam.backward(net, *sequence)
        for name, matrix in net.items():
            measured, third = np.zeros((2, *matrix.shape))
            for index in np.ndindex(matrix.shape):
                by = np.zeros(matrix.shape)
                by[index] = 1
                one, two = (
                    exam.coupled_loss({**net, name: matrix + h * by}, *sequence)
                    - exam.coupled_loss({**net, name: matrix - h * by}, *sequence)
                    for h in (1e-3, 2e-3)
                )
                third[index] = (two - 2 * one) / 2e-9
                small = [exam.coupled_loss({**net, name: matrix + h * by}, *sequence) for h in (1e-5, -1e-5)]
                measured[index] = (small[0] - small[1]) / 2e-5
            size = np.linalg.norm(right[name])
            assert np.linalg.norm(third) * 1e-10 / 6 / size < 1e-10
            assert 1e-11 < np.linalg.norm(measured - right[name]) / size < 1e-8  # rounding is larger than the bend


def test_the_numbers_of_the_other_questions():
    i = 1 - 0.9 ** (1 / 100)
    assert (
        f"{1 - i:.5f}, so i is {i:.5f}" in exam.PRICE.options["a"].why
        and f"{100 * i:.1f}%" in exam.PRICE.options["a"].text
    )
    for letter, loss in (("b", np.log(4) / 8), ("c", np.log(4)), ("d", np.log(8))):
        assert exam.PLATEAU.options[letter].text == f"about {loss:.2f}"
    assert f"ln 4 = {np.log(4):.3f}" in exam.PLATEAU.options["b"].why


def test_a_total_derivative_can_have_the_other_sign():
    signs = []
    for seed in range(20):
        net, x, _, h0, c0 = exam.exam_case(seed, 4, 4, 3)
        immediate, total = derivatives(net, exam.run_coupled(net, x, h0, c0), 2, x[2])
        assert (np.diag(immediate) > 0).all()
        signs += list(np.diag(total) < 0)
    assert any(signs)


def test_the_cell_stays_between_what_was_there_and_the_candidate():
    net, x, _, h0, c0 = exam.exam_case(0, 50, 5, 4, scale=3)
    run = exam.run_coupled(net, x, h0, c0)
    before = np.vstack([c0, run.c[:-2]])
    assert (run.c[:-1] <= np.maximum(before, run.g) + 1e-12).all() and (abs(run.c) <= 1).all()


# ------------------------------------------------------------------------------------------ points and minutes


def test_points_and_minutes_are_those_of_the_tasks():
    told, earned, task = {}, {}, None
    for cell in NOTEBOOK.cells:
        if head := re.search(r"^## Task (\d)", cell.source, re.MULTILINE):
            points, minutes = (re.search(rf"(\d+) {what}", cell.source)[1] for what in ("points", "minutes"))
            task, told[head[1]] = head[1], (int(points), int(minutes))
        if cell.metadata.get("nbgrader", {}).get("grade"):
            earned[task] = earned.get(task, 0) + cell.metadata.nbgrader.points
    assert {task: points for task, (points, _) in told.items()} == earned
    total = re.search(r"\*\*Time\*\*: (\d+) minutes: (\d+) to read .*\*\*Points\*\*: (\d+)", CELLS["title"], re.DOTALL)
    assert int(total[3]) == sum(earned.values())
    assert int(total[1]) == int(total[2]) + sum(minutes for _, minutes in told.values())


def by_single_steps(net, x, targets, h0, c0):
    """The gradients of every step by itself: nothing is carried back."""
    run, grads = exam.run_coupled(net, x, h0, c0), {name: np.zeros_like(matrix) for name, matrix in net.items()}
    for t in range(len(x)):
        step = answers.whole(net, x[t : t + 1], targets[t : t + 1], run.h[t - 1], run.c[t - 1])
        for name, grad in step.items():
            grads[name] += grad
    return grads


ONE, HALF = "Apart from what is named above, it is right", "At T = 1 all of it is right"


@pytest.mark.parametrize(
    ("check", "answer", "share", "why"),
    [
        *(
            (exam.check_pass, answers.whole_with(fault), 0.75, ONE)
            for fault in ("A", "h added up", "tanh of c", "mean")
        ),
        (exam.check_pass, by_single_steps, 0.5, HALF),
        (exam.check_pass, answers.whole_changed(lambda grads: grads["V"].fill(0)), 6 / 7, ""),
        (exam.check_pass, answers.whole_changed(lambda grads: [grad.fill(0) for grad in grads.values()]), 0, ""),
        (exam.check_repair, answers.repair_with("Wo left out"), 0.5, ONE),
        (exam.check_repair, answers.repair_with("slope of o"), 0.5, ONE),
        (exam.check_repair, answers.repair_with("slope of o", "Wo left out"), 0, ""),
        (check_fourth, with_flaws("turned product"), 0.5, ONE),
        (check_fourth, with_flaws("turned product", "g left out"), 0, ""),
    ],
)
@pytest.mark.parametrize("hints", [True, False])
def test_one_wrong_line_costs_a_part_of_the_points_and_the_verdict_says_why(check, answer, share, why, hints):
    show_hints(hints)
    try:
        verdict = check(answer)
    finally:
        show_hints(True)
    assert verdict.score == pytest.approx(share) and not verdict.passed
    assert (f"{why}, so it earns {share:.0%} of the points." in str(verdict)) if why else "it earns" not in str(verdict)


def test_nobody_has_points_for_a_whole_that_was_asked_of_the_library_or_measured():
    fault = exam.with_fault("A")
    assert exam.check_pass(fault).score == 0

    def borrowed(net, *sequence):
        return fault(net, *sequence)

    assert exam.check_pass(borrowed).score == 0

    def late(net, *sequence):
        while len(net["V"]) > 100:
            pass
        return answers.whole_with("A")(net, *sequence)

    assert exam.check_pass(late).score <= 1 / 7


def test_the_exam_begins_without_hints():
    assert CELLS["hints"].startswith("show_hints(False)")


def test_the_page_of_feedback_names_the_mistakes_though_the_learner_had_no_hints():
    """The hidden test of the first graded cell switches hints on for all that come after it."""
    source = nbformat.read(ROOT / "instructor" / "exercises" / "07_mixed_exam.ipynb", as_version=4)
    cells = {cell.id: cell.source for cell in source.cells}
    graded = [cell.id for cell in source.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    assert graded[0] == "check-step"
    names = {"coupled_step": answers.step_with(h=lambda v: v.o * np.tanh(v.c)), "show_hints": show_hints}
    try:
        exec(cells["hints"], names)
        assert "no tanh" not in str(exam.check_step(names["coupled_step"]))
        *code, last = cells["check-step"].splitlines()
        exec("\n".join(code), names)
        assert "This cell has no tanh" in str(eval(last, names).verdict)
    finally:
        show_hints(True)


def test_a_wrong_line_of_a_step_back_is_told_once():
    for name, line in answers.LINES.items():
        mistaken = answers.back_with(**{name: lambda v, line=line: eval(line, {"to_h": answers.to_h}, vars(v)) + 0.1})
        wrong = [part.name for part in exam.check_back(mistaken).parts if not part.passed]
        assert wrong == [name]


def test_what_is_made_from_a_delta_that_was_left_at_zero_is_not_told_another_mistake():
    verdict = str(exam.check_back(answers.back_with(di=lambda v: 0 * v.dc)))
    assert "dzi is off" in verdict and "The slope of the curve is missing" not in verdict


@pytest.mark.parametrize("step", [1e-6, 1e-5, 1e-4])
def test_a_wrong_quotient_is_not_taken_for_a_wrong_step(step):
    verdict = str(exam.check_errors(answers.errors_with(step=step, over=1)))
    assert "twice the step" in verdict and "near 1e-5" not in verdict


@pytest.mark.parametrize("size", [lambda a, b: b, lambda a, b: a, lambda a, b: a + b, lambda a, b: 3 * max(a, b)])
def test_only_who_divides_by_the_smaller_norm_is_told_so(size):
    """For each matrix alone the smaller norm is also one's own, or the student's."""
    verdict = exam.check_errors(answers.errors_with(divide=lambda gap, a, b: gap / size(a, b) if size(a, b) else 0.0))
    assert not verdict.passed and "the smaller" not in str(verdict)


def test_a_number_is_no_dictionary_even_for_a_net_of_one_matrix():
    verdict = exam.check_errors(lambda *given: max(answers.errors_with()(*given).values()))
    assert verdict.score == 0 and "but returns 0.0 (float)" in str(verdict) and "float64" not in str(verdict)


def test_an_elementwise_error_gets_no_advice_about_the_step():
    def elementwise(loss_of, net, grads):
        errors = {}
        for name in net:
            slopes = np.zeros(net[name].shape)
            for index in np.ndindex(slopes.shape):
                ends = []
                for by in (1e-5, -1e-5):
                    moved = net[name].copy()
                    moved[index] += by
                    ends.append(loss_of({**net, name: moved}))
                slopes[index] = (ends[0] - ends[1]) / 2e-5
            errors[name] = (abs(slopes - grads[name]) / (abs(slopes) + abs(grads[name]) + 1e-12)).max()
        return errors

    verdict = str(exam.check_errors(elementwise))
    assert "is off" in verdict and "near 1e-5" not in verdict and "factor of 2" not in verdict


def test_a_number_that_is_not_written_back_is_told_and_not_a_wrong_step():
    verdict = str(exam.check_errors(answers.errors_with(restore=False)))
    assert "write the old value back" in verdict and "near 1e-5" not in verdict


def test_no_cell_of_the_exam_gives_away_a_line_that_a_task_asks_for():
    pages = "\n".join(cell.source for cell in NOTEBOOK.cells)
    assert "di = dc" not in pages and "g - c_before" not in pages
    assert sum(name.startswith("W") for name in exam.NAMES) == 3  # the question speaks of three dW


def test_a_gradient_that_is_missing_gets_no_advice_about_lines():
    verdict = str(exam.check_pass(answers.whole_changed(lambda grads: grads.pop("Wi") is None)))
    assert "The answer has no Wi." in verdict and "look at the lines" not in verdict


def test_gradients_that_one_known_mistake_spoils_get_no_other_advice():
    verdict = str(exam.check_pass(lambda net, x, targets, h0, c0: answers.whole(net, x, targets, 0 * h0, 0 * c0)))
    assert verdict.count("began from zeros") == 1 and "look at the lines" not in verdict


def test_results_that_have_changed_places_get_one_reason():
    verdict = str(exam.check_step(answers.step_with(order="ioghc")))
    assert verdict.count("c and h are swapped") == 1 and "The cell is shown whole" not in verdict
