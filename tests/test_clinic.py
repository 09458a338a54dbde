"""Lesson 07: the faults and their ladders, the ten cases and what the doctor says of them, the explorer, the words."""

import ast
import io
import linecache
import re
from contextlib import redirect_stdout

import nbformat
import numpy as np
import pytest
from lesson_cells import NOTEBOOKS, run_cells
from scenes import assert_same_as_full_drawing

import lstm_teach as lt
from lstm_teach.explorers.clinic import ladder_explorer
from lstm_teach.explorers.flawed_backward import example_net
from lstm_teach.figures import clinic as pictures
from lstm_teach.nested import FLAWS

NOTEBOOK = "07_debugging_clinic"
CELLS = {cell.id: cell.source for cell in nbformat.read(NOTEBOOKS / f"{NOTEBOOK}.ipynb", as_version=4).cells}
NAMES = lt.Params.NAMES
LENGTHS = (1, 2, 3, 6)
STATES = ("not zero", "zero")

# Of each case: its family, what stands in the line at fault, and what has to stand there.
CASES = {
    1: ("C", 'params["W" + gate] @', 'params["W" + gate].T @'),
    2: ("A", "1 - np.tanh(g) ** 2", "1 - g**2"),
    3: ("C", "dh_next =", "dh_future ="),
    4: (
        "D",
        "    for t in reversed(range(len(x))):\n        dc_carry = np.zeros(params.hidden_size)",
        "    dc_carry = np.zeros(params.hidden_size)\n    for t in reversed(range(len(x))):",
    ),
    5: ("F", "[:, x[t]] = dz", "[:, x[t]] += dz"),
    6: ("E", "np.outer(dz[gate], h[t - 1])", "np.outer(dz[gate], h[t])"),
    7: ("G", "states[: len(x)]", "states[: len(x) + 1]"),
    8: ("I", "np.clip(grad, -5, 5)", "grad"),
    9: ("H", "dy = dy / len(x)", "dy = dy"),
    10: ("B", "cache.c[t] ** 2", "cache.ct[t] ** 2"),
}
QUESTION_LINES = ["dc = dct[0]", "for s in", *(f"grads.W{gate} += np.dot" for gate in "ifog"), "dc = dc + dc * cache"]
DOCTOR_CELLS = [f"case-{number}-doctor" for number in CASES] + ["question-doctor", "question-cured"]


@pytest.fixture(scope="module")
def run():
    """One run of the lesson without the doctor, by a learner who made guesses: its names, and what it printed."""
    guesses = {f"case-{n}-predict": f'my_case_{n} = "{family.lower()} "' for n, (family, *_) in CASES.items()}
    guesses |= {"case-4-predict": 'my_case_4 = "A"', "case-5-predict": "my_case_5 = 5"}
    guesses["predict"] = 'my_first_T = 1\nmy_wrong_gradients = "dUi"'
    with redirect_stdout(io.StringIO()) as printed:
        names = run_cells(NOTEBOOK, replace=dict.fromkeys(DOCTOR_CELLS, "") | guesses)
    return names, printed.getvalue().splitlines()


@pytest.fixture(scope="module")
def lesson(run):
    """The names of the lesson."""
    return run[0]


@pytest.fixture(scope="module")
def printed(run):
    """The lines that the lesson printed."""
    return run[1]


@pytest.fixture(scope="module")
def reports(lesson):
    """What the doctor says of each case."""
    return {number: lt.diagnose(lesson[f"case_{number}"], progress=False) for number in CASES}


def execute(source, lesson, cell="<edited>"):
    """The names after a cell with this source, run in the lesson."""
    space = dict(lesson)
    linecache.cache[cell] = len(source), None, source.splitlines(keepends=True), cell
    exec(compile(source, cell, "exec"), space)
    return space


def wrong(backward, state="not zero", lengths=LENGTHS):
    """{T: names of the gradients that are not right}, computed here and not by the lesson."""
    found = {}
    for T in lengths:
        params, x, targets, h0, c0 = example_net(T, seed=1)
        states = (h0, c0) if state == "not zero" else (np.zeros_like(h0), np.zeros_like(c0))
        got, right = backward(params, x, targets, *states), lt.bptt(params, x, targets, *states)
        found[T] = {name for name in NAMES if lt.relative_error(got[name], right[name]) > 1e-7}
    return found


def both(names, backward):
    return {state: names["ladder"](backward, state) for state in STATES}


# ------------------------------------------------------------------------------------- the pass and its faults


def test_the_pass_of_the_lesson_is_the_library_s(lesson):
    for T in range(1, 9):
        net = example_net(T, seed=T)
        assert lt.relative_error(lesson["right_pass"](*net).flat, lt.bptt(*net).flat) < 1e-14
    assert lt.check_gradients(lesson["right_pass"]).passed


def test_the_ladder_of_the_lesson_is_the_error_against_the_library_s_pass(lesson):
    for fault in ("B slope at c, not at tanh(c)", "D dc_carry is lost"):
        broken = lesson["with_fault"](*lesson["faults"][fault])
        for state in STATES:
            rungs = lesson["ladder"](broken, state)
            assert {T: set(pictures.wrong_ones(errors)) for T, errors in rungs.items()} == wrong(broken, state)


def test_every_fault_is_one_and_each_family_has_some(lesson):
    families = {fault[0] for fault in lesson["faults"]}
    assert families == set("ABCDEFGHI") == set(re.findall(r"^\| ([A-Z]) \|", CELLS["families"], re.MULTILINE))
    for fault, (old, new) in lesson["faults"].items():
        broken = lesson["with_fault"](old, new)
        assert any(wrong(broken, lengths=range(1, 9)).values()), fault
        assert not lt.check_gradients(broken).passed


def test_a_replacement_that_does_not_fit_gets_a_sentence(lesson):
    with pytest.raises(ValueError, match="has to stand once in the five functions, not 0 times"):
        lesson["with_fault"]("dc_cary", "dc_carry")
    with pytest.raises(ValueError, match="functions, not 5 times"):
        lesson["with_fault"]("(1 - ", "(")


def answers(not_zero, zero):
    """The families that are left after the five questions of the lesson."""
    first = next((T for T, names in not_zero.items() if names), None)
    if first is None:
        return set("I")
    names = not_zero[first]
    if not any(zero.values()):
        return set("G")
    if "V" in names:
        return set("H")
    within, gates = first == 1, {name[1] for name in names}
    if {name for name in names if name[0] == "W"} == {"W" + g for g in gates} and len(names) == 2 * len(gates):
        by_gates = {1: "A" if within else "", 3: "B" if within else "D", 4: "" if within else "C"}.get(len(gates), "")
        return set(by_gates if first <= 2 else "I")
    return set("EG" if within else "F")


def test_the_five_questions_lead_to_the_family_of_every_fault_and_every_case(lesson):
    for fault, (old, new) in lesson["faults"].items():
        broken = lesson["with_fault"](old, new)
        assert fault[0] in answers(wrong(broken), wrong(broken, "zero")), fault
    for number, (family, *_) in CASES.items():
        broken = lesson[f"case_{number}"]
        assert family in answers(wrong(broken), wrong(broken, "zero")), number


def test_the_table_of_the_lesson_is_what_the_ladders_say(lesson, printed):
    heads = next(line for line in printed if line.startswith("wrong at"))
    starts = [match.start() for match in re.finditer(r"T = \d", heads)]
    for fault, (old, new) in lesson["faults"].items():
        row = next(line for line in printed if line.startswith(fault))
        assert len(row) <= 105  # a line of output in a window of 1280 pixels, beside the list of files
        assert all(row[start - 1] == " " for start in starts), row  # no entry touches the next
        said = [row[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)]
        rungs = both(lesson, lesson["with_fault"](old, new))
        expected = [*rungs["not zero"].values(), rungs["zero"][1]]
        assert said == [pictures.words(errors) for errors in expected], fault


def test_the_lesson_comes_back_to_the_guesses(printed):
    assert "transpose forgotten: wrong from T = 2 on, all but V; you wrote: 1" in printed
    assert "dU overwritten: wrong from T = 3 on, all U; you wrote: dUi" in printed
    x = example_net(6, seed=1)[1]
    assert len(set(x[:2])) == 2 and len(set(x[:3])) == 2  # a token comes back at the third step


# ------------------------------------------------------------------------------------------- what is said in words


def test_where_g_and_e_part_is_the_forget_gate_from_a_zero_state(lesson):
    g, e = (lesson["ladders"][fault] for fault in ("G no row for the initial state", "E dW with the same step's h"))
    for T in range(1, 9):
        assert pictures.words(g["not zero"][T]) == pictures.words(e["not zero"][T]) == "all W"
        assert "Wf" not in pictures.wrong_ones(g["zero"][T])
        assert ("Wf" in pictures.wrong_ones(e["zero"][T])) == (T >= 2)


def test_ten_faults_hide_at_one_step_from_a_zero_state(lesson):
    hidden = [fault for fault, ladders in lesson["ladders"].items() if not pictures.wrong_ones(ladders["zero"][1])]
    assert len(hidden) == 10 and len(lesson["faults"]) == 17
    assert [fault[0] for fault in hidden] == list("CCDDFFGHII")
    assert "Ten of the seventeen" in CELLS["explore-questions"]


def test_a_lost_cell_delta_reaches_the_output_gate_at_three_steps(lesson):
    rungs = lesson["ladders"]["D dc_carry is lost"]["not zero"]
    assert {"Wo", "Uo"}.isdisjoint(pictures.wrong_ones(rungs[2]))
    assert {"Wo", "Uo"} <= set(pictures.wrong_ones(rungs[3]))


def test_from_a_zero_state_one_step_has_no_gradient_for_w_and_the_forget_gate():
    params, x, targets, *_ = example_net(1, seed=1)
    right = lt.exact_gradient(params, x, targets)
    assert [name for name in NAMES if not right[name].any()] == ["Wi", "Wf", "Wo", "Wg", "Uf"]


# ------------------------------------------------------------------------------------------------------- the cases


@pytest.mark.parametrize("number", CASES)
def test_a_case_is_broken_in_the_stated_way_and_no_other(lesson, number):
    family, old, new = CASES[number]
    source = CELLS[f"case-{number}"]
    assert source.count(old) == 1
    mended = execute(source.replace(old, new), lesson)
    assert lt.check_gradients(mended[f"case_{number}"]).passed
    assert not lt.check_gradients(lesson[f"case_{number}"]).passed
    assert f"Family {family}" in CELLS[f"case-{number}-answer"]


def test_case_3_has_the_ladder_of_case_1_and_case_7_that_of_its_rows(lesson):
    assert wrong(lesson["case_1"]) == wrong(lesson["case_3"])
    rows = {"Wi", "Wf", "Wo", "Wg", "Uf"}
    assert wrong(lesson["case_7"]) == wrong(lesson["case_7"], "zero") == dict.fromkeys(LENGTHS, rows)


def test_case_2_is_hardly_off_in_the_largest_of_its_gradients(lesson):
    report = lt.check_gradients(lesson["case_2"])
    assert set(pictures.wrong_ones(report.errors_by_length[1])) == {"Wg", "Ug"}


def test_case_5_needs_a_token_that_comes_twice(printed):
    assert "x = [0, 1, 2, 3, 4]: case 5 passes" in printed
    assert "x = [0, 1, 2, 3, 0]: case 5 does not pass" in printed


def test_case_8_is_right_on_every_rung_and_clipped_where_gradients_are_large(lesson, printed):
    for state in STATES:
        assert not any(wrong(lesson["case_8"], state).values())
    report = lt.check_gradients(lesson["case_8"])
    assert [T for T, errors in report.errors_by_length.items() if pictures.wrong_ones(errors)] == [20]
    (said,) = [line for line in printed if line.startswith("largest number of a right gradient")]
    largest = float(said.split()[-1])
    nets = [example_net(T, seed=1) for T in LENGTHS]
    assert largest == pytest.approx(max(abs(lt.bptt(*net).flat).max() for net in nets), rel=0.02)
    assert largest < 5
    assert any(re.match(r"furthest off: d\w+ is -?5, right is", line) for line in printed)
    assert "the check at T = 20  wrong: all nine" in printed


def test_case_9_is_the_right_gradient_divided_by_t(lesson):
    for T, errors in lesson["ladder"](lesson["case_9"]).items():
        assert np.allclose(list(errors.values()), 1 - 1 / T)


def test_case_10_hides_behind_tiny_weights(printed):
    start = next(k for k, line in enumerate(printed) if line.startswith("scale of the weights"))
    errors = [float(re.match(r"[\d.]+ +(\S+),", line)[1]) for line in printed[start + 1 : start + 6]]
    assert errors == sorted(errors)
    assert errors[0] < 1e-4 < 1e-2 < errors[-1]
    assert "below 1e-4" in CELLS["case-10-story"]


def test_the_record_compares_letters_and_nothing_else(printed):
    end = printed.index("the same letter in 8 of 10 cases")
    table = dict(line.split()[:2] for line in printed[end - 11 : end - 1])
    assert table == {str(n): family for n, (family, *_) in CASES.items()}


# ------------------------------------------------------------------------------------------------------ the doctor


@pytest.mark.parametrize("number", CASES)
def test_the_doctor_names_the_line_of_a_case_and_its_repair_is_right(lesson, reports, number):
    source, report = CELLS[f"case-{number}"], reports[number]
    fault = CASES[number][1].splitlines()[-1].strip()
    (finding,) = report.findings
    assert finding.line == source[: source.index(fault)].count("\n") + 1
    assert finding.proved
    assert lt.check_gradients(execute(report.repaired_source, lesson)[f"case_{number}"]).passed
    assert CELLS[f"case-{number}-doctor"] == f"lt.diagnose(case_{number})"


def test_the_question_s_loop_is_cured_in_seven_lines(lesson, capsys):
    names = execute(f"{CELLS['question-doctor']}\n{CELLS['question-cured']}", lesson)
    source = CELLS["question-loop-code"]
    lines = {source[: source.index(text)].count("\n") + 1 for text in QUESTION_LINES}
    assert len(lines) == 7
    assert {finding.line for finding in names["diagnosis"].findings} == lines
    assert lt.check_gradients(names["cured"]["question_loop"]).passed
    assert "7 lines; you wrote: ..." in capsys.readouterr().out
    assert all(flaw in CELLS["question-moral"] for flaw in FLAWS)


def test_the_loop_of_the_question_is_the_library_s(lesson):
    for T in range(1, 8):
        net = example_net(T)
        assert lt.relative_error(lesson["question_loop"](*net).flat, lt.nested_bptt(*net).flat) < 1e-14


def test_a_search_without_a_repair_leaves_the_loop_as_it_is(lesson):
    stopped = "diagnosis = lt.diagnose(question_loop, seconds=0.01, progress=False)\n"
    names = execute(stopped + CELLS["question-cured"], lesson)
    assert names["diagnosis"].repaired_source is None
    assert not lt.check_gradients(names["cured"]["question_loop"]).passed


# --------------------------------------------------------------------------------------------------- bring your own


def test_the_templates_pass_as_they_stand(lesson):
    assert lt.diagnose(lesson["my_backward"], progress=False).passed
    assert lt.diagnose_model(lesson["my_case"]).passed
    assert "replace this line" in CELLS["my-backward"]


def test_a_broken_pass_in_the_template_is_diagnosed(lesson):
    source = CELLS["my-backward"].replace("right_pass(params, x, targets, h0, c0)", "2 * x[99]")
    diagnosis = execute(source.replace("lt.diagnose", "diagnosis = lt.diagnose"), lesson)["diagnosis"]
    assert not diagnosis.passed and "IndexError" in str(diagnosis)


def test_an_averaged_loss_is_named_and_averaging_both_is_accepted(lesson):
    found = lt.diagnose_model(lesson["averaged_loss"])
    assert not found.passed and "averaged over the steps" in str(found.findings[0])
    assert lt.diagnose_model(lesson["averaged_both"]).passed


def test_the_difference_across_a_kink_is_neither_slope(printed):
    across, beside = [line for line in printed if "the central difference says" in line]
    assert across.endswith("says 0.55") and beside.endswith("says 1.00")


# ----------------------------------------------------------------------------------------- pictures and the explorer


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("", "none"),
        (" ".join(NAMES), "all nine"),
        ("Wi Wf Wo Wg Ui Uf Uo Ug", "all but V"),
        ("Wi Wf Wo Wg", "all W"),
        ("Ui Uf Uo Ug", "all U"),
        ("Wi Wf Wg Ui Uf Ug", "W and U of i f g"),
        ("Wg Ug", "W and U of g"),
        ("V", "V"),
        ("Wi Uo", "Wi Uo"),
        ("Wi Wf Wo Wg Uf", "Wi Wf Wo Wg Uf"),
        ("Wi Wf Wo Wg Ui Uf Ug", "all but V Uo"),
        ("V Wi Ui", "V Wi Ui"),
    ],
)
def test_words_name_the_wrong_gradients_and_no_other(names, said):
    errors = {name: 0.1 if name in names.split() else 1e-16 for name in NAMES}
    assert pictures.words(errors) == said


def test_the_picture_of_a_ladder_has_a_number_for_each_wrong_gradient_and_a_dot_for_each_right_one(lesson):
    ladders = both(lesson, lesson["case_7"])
    figure = pictures.ladder_picture(ladders)
    for axes, rungs in zip(figure.axes, ladders.values(), strict=True):
        drawn = {(round(text.get_position()[0], 1), text.get_position()[1]): text.get_text() for text in axes.texts}
        expected = {
            (pictures.COLUMNS[name], row): f"{errors[name]:.2f}"
            for row, errors in enumerate(rungs.values())
            for name in pictures.wrong_ones(errors)
        }
        assert drawn == expected
        assert len(axes.lines) == 9 * len(rungs) - len(expected)
    text = pictures.describe_ladder(ladders)
    assert "\n" not in text and text.count("Wrong at T = 1, 2, 3, 6: Wi Wf Wo Wg Uf.") == 2


@pytest.fixture(scope="module")
def explorer(lesson):
    explorer = ladder_explorer(lesson["ladders"], lesson["faults"])
    yield explorer
    explorer.close()


@pytest.fixture(autouse=True)
def as_at_first(request):
    """Every test of the explorer begins at its start."""
    if "explorer" in request.fixturenames:
        request.getfixturevalue("explorer").reset()


def test_each_control_changes_picture_and_text_at_both_ends(explorer, lesson):
    faults = list(lesson["faults"])
    for name, values in {"fault": faults[1:], "length": range(2, 9), "state": ["zero"]}.items():
        seen = {explorer.png}
        for value in values:
            explorer.set(**{name: value})
            assert explorer.png not in seen, value
            assert explorer.message == ""
            seen.add(explorer.png)
            if name != "state":
                assert str(value) in explorer.text
        explorer.reset()


def test_what_is_drawn_are_the_errors_of_the_lesson(explorer, lesson):
    for fault in lesson["faults"]:
        for state in STATES:
            explorer.set(fault=fault, length=5, state=state)
            errors = lesson["ladders"][fault][state]
            grid, beside = explorer._scene.figure.axes[0], explorer._scene.figure.axes[2]
            cells = grid.collections[0].get_array().reshape(8, 17)[:, ::2]
            expected = [[np.log10(max(errors[T][name], 1e-16)) for name in NAMES] for T in range(1, 9)]
            np.testing.assert_allclose(cells, expected)
            crosses = {tuple(point) for point in np.round(np.transpose(grid.lines[-1].get_data()), 1)}
            assert crosses == {
                (pictures.COLUMNS[name], T - 1) for T in range(1, 9) for name in pictures.wrong_ones(errors[T])
            }
            widths = [bar.get_width() for bar in beside.patches]
            np.testing.assert_allclose(widths, [max(errors[5][name] - 1e-16, 0) for name in NAMES], atol=1e-20)


def test_each_piece_of_code_stands_beside_its_own_word(explorer, lesson):
    for fault, pieces in lesson["faults"].items():
        explorer.set(fault=fault)
        texts = explorer._scene.figure.texts
        for word, piece in zip(("right", "faulty"), pieces, strict=True):
            (label,) = [text for text in texts if text.get_text() == word]
            beside = [
                text.get_text()
                for text in texts
                if text is not label and text.get_position()[1] == label.get_position()[1]
            ]
            assert beside == [piece], fault


@pytest.mark.parametrize("scale", [1, 1.5])
def test_the_scene_shows_what_a_full_drawing_shows(explorer, lesson, scale):
    for fault in list(lesson["faults"])[::4]:
        explorer.set(fault=fault, length=8, state="zero")
        assert_same_as_full_drawing(explorer._scene, scale)
        explorer.set(length=1)
        assert_same_as_full_drawing(explorer._scene, scale)


def test_no_text_leaves_the_picture_or_meets_another(explorer, lesson):
    figure = explorer._scene.figure
    width, height = explorer._scene.size
    for fault in lesson["faults"]:
        explorer.set(fault=fault)
        renderer = figure.canvas.get_renderer()
        texts = [text for text in figure.texts if text.get_text()]
        for axes in figure.axes:
            texts += [text for text in axes.texts if text.get_text()]
        boxes = [text.get_window_extent(renderer) for text in texts]
        for k, box in enumerate(boxes):
            assert box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height, texts[k].get_text()
            assert not any(box.overlaps(other) for other in boxes[:k]), texts[k].get_text()


def test_a_click_on_a_rung_chooses_it(explorer):
    grid = explorer._scene.figure.axes[0]
    width, height = explorer._scene.size
    x, y = grid.transData.transform((3.4, 4))
    explorer.point(x / width, 1 - y / height)
    assert explorer.controls["length"].value == 5
    x, y = grid.transData.transform((3.4, 7.49))
    explorer.point(x / width, 1 - y / height)
    assert explorer.controls["length"].value == 8
    explorer.point(0.75, 0.5)
    assert explorer.controls["length"].value == 8


def test_the_text_says_from_which_length_on(explorer):
    explorer.set(fault="D dc_carry is lost", length=3)
    assert explorer.text == (
        "D dc_carry is lost: wrong from T = 2 on (W and U of i f g). At T = 3, wrong: all but V. Right at every T: dV."
    )
    right = {T: dict.fromkeys(NAMES, 1e-16) for T in (1, 2)}
    assert pictures.describe(right, 1, "none") == "none: all nine gradients are right at every T from 1 to 2."


def test_bad_arguments_get_one_sentence(lesson):
    with pytest.raises(ValueError, match="at least one fault, got none"):
        ladder_explorer({}, {})
    with pytest.raises(ValueError, match="got none for 'A slope of g taken at tanh"):
        ladder_explorer(lesson["ladders"], {})


def test_every_case_stands_in_one_function_of_at_most_25_lines():
    for cell, source in CELLS.items():
        if re.fullmatch(r"case-\d+|question-loop-code", cell):
            (function,) = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
            assert function.end_lineno <= 25 and len(source.splitlines()) <= 30
