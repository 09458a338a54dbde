"""An exercise as a learner does it, by keyboard: a failing check, three hints, the solution, the questions."""

import json

import pytest
from cells import go_to, nameless, press, run, wait_for_text, write
from lab import cell_errors, open_next, open_notebook, read_file, run_all, shut_down_kernel, wait_for_file, watch

pytestmark = [pytest.mark.browser, pytest.mark.long]

PATH = "notebooks/exercises/01_forward_pass.ipynb"
SOLUTION = "def gate(U, W, token, h_before): return 1 / (1 + np.exp(-(U[:, token] + W @ h_before)))"


@pytest.fixture(scope="module")
def page(browser, lab):
    """The exercise, opened and run once; the last test goes on to the exam."""
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    trouble = watch(page)
    try:
        open_notebook(page, lab, PATH)
        run_all(page, timeout=120)
        assert cell_errors(page) == []
        yield page
        assert trouble.take() == []
    finally:
        shut_down_kernel(page)
        page.close()


def test_a_check_fails_hints_open_one_inside_the_other_and_the_solution_passes(page):
    check = go_to(page, "check-gate")
    wait_for_text(page, "check-gate", "gate is not written yet")
    for number, words in ((1, "the idea"), (2, "the place"), (3, "the line")):
        visible = [summary for summary in check.query_selector_all("summary") if summary.is_visible()]
        assert len(visible) == number and words in visible[-1].inner_text()
        press(page, visible[-1], "Enter")
    assert "1 / (1 + np.exp(-z))" in check.inner_text()

    write(page, "gate", SOLUTION)
    run(page, "check-gate")
    wait_for_text(page, "check-gate", "gate is right in every part.")
    assert "2 of 2 points" in go_to(page, "check-gate").inner_text()


def test_a_question_is_answered_and_kept_by_keyboard_and_every_control_has_a_name(page):
    form = go_to(page, "ask-same-cell").wait_for_selector("form.lt-question")
    assert form.query_selector("legend").inner_text().startswith("Two units")
    go_to(page, "ask-same-cell")
    press(page, form.query_selector("input[type=radio]"), "Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    wait_for_text(page, "ask-same-cell", "c is right.")
    answers = "notebooks/exercises/my_answers.json"
    assert read_file(page, answers) is None
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert json.loads(wait_for_file(page, answers)) == {"my_same_cell": "c"}
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    wait_for_text(page, "ask-same-cell", "The hidden state never sees it directly.")  # a reason for another option
    assert page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets.length") == 30  # no key cut a cell
    assert nameless(form) == []


def test_a_prediction_is_typed_and_revealed_by_keyboard(page):
    form = go_to(page, "ask-prediction").wait_for_selector("form.lt-question")
    form.query_selector("input[type=text]").focus()
    page.keyboard.type("add a few")  # a, d and f would be shortcuts of the notebook
    page.keyboard.press("Enter")
    wait_for_text(page, "ask-prediction", "it never reaches 100.")
    assert "You wrote: add a few" in go_to(page, "ask-prediction").inner_text()


def test_the_exam_gives_no_hints_until_asked_and_a_mistyped_letter_stops_nothing(page, lab):
    (open_notebook if lab.is_site else open_next)(page, lab, "notebooks/exercises/07_mixed_exam.ipynb")
    run_all(page, timeout=120)
    assert cell_errors(page) == []
    write(page, "write-bias", "def write_bias(share, steps): return 1 - share ** (1 / steps)")
    run(page, "check-bias")
    wait_for_text(page, "check-bias", "With your b")
    shown = go_to(page, "check-bias").inner_text()
    assert "Hints are off" in shown and "Yours is i itself" not in shown and "Hint 1" not in shown
    write(page, "hints", "show_hints(True)")
    run(page, "check-bias")
    wait_for_text(page, "check-bias", "Yours is i itself")
    assert "Hint 1 of 3" in go_to(page, "check-bias").inner_text()
    write(page, "my-price", 'my_price = "e"')
    run_all(page, timeout=120)
    wait_for_text(page, "ask-price", 'should be one of the letters "a", "b", "c", "d", got')
    assert cell_errors(page) == []
