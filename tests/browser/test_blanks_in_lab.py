"""Blanks and predictions as a learner meets them, by keyboard: wrong, right, hints, a form, a function that is kept."""

import pytest
from cells import go_to, press, wait_for_text, write
from lab import cell_errors, open_notebook, read_file, run_all, shut_down_kernel, watch

pytestmark = pytest.mark.browser

PATH = "notebooks/02_one_step_back.ipynb"
JUDGE = 'lesson.judge("product")'


@pytest.fixture(scope="module")
def page(browser, lab):
    """Lesson 2, opened and run once, untouched."""
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


def test_a_blank_is_open_then_wrong_then_right(page):
    go_to(page, "write-product")
    wait_for_text(page, "write-product", "Not written yet: do and dct.")
    write(page, "write-product", f"do = dh * o\ndct = dh * o\n{JUDGE}")
    wait_for_text(page, "write-product", "1 of 2 right so far.")
    shown = go_to(page, "write-product").inner_text()
    assert "The lesson goes on with the library's do." in shown
    write(page, "write-product", f"do = dh * ct\ndct = dh * o\n{JUDGE}")
    wait_for_text(page, "write-product", "Right: do and dct.")


def test_the_hints_of_a_blank_open_by_keyboard_one_inside_the_other(page):
    write(page, "write-product", f"do = dh\ndct = dh\n{JUDGE}")
    wait_for_text(page, "write-product", "0 of 2 right so far.")
    cell = go_to(page, "write-product")
    for number in (1, 2, 3):
        visible = [summary for summary in cell.query_selector_all("summary") if summary.is_visible()]
        assert len(visible) == number
        press(page, visible[-1], "Enter")


def test_a_verdict_is_a_section_with_a_name(page):
    cell = go_to(page, "write-product")
    assert cell.query_selector("section[aria-label]").get_attribute("aria-label") == "Check of do and dct"


def test_a_prediction_is_answered_by_keyboard_and_every_control_has_a_name(page):
    form = go_to(page, "predict-product").wait_for_selector("form.lt-question")
    assert form.query_selector("legend").inner_text()
    for field in form.query_selector_all("input, button"):
        named = field.evaluate("element => (element.labels?.[0] ?? element).textContent.trim()")
        assert named, field.evaluate("element => element.outerHTML")
    cells = page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets.length")
    press(page, form.query_selector("input[type=radio]"), "Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    wait_for_text(page, "predict-product", "b is right.")
    assert page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets.length") == cells


def test_a_line_that_raises_or_is_cut_off_says_so_and_the_next_cell_still_runs(page):
    write(page, "write-product", f"do = dh * nothing\ndct = dh * o\n{JUDGE}")
    wait_for_text(page, "write-product", "NameError")
    write(page, "write-product", f"do = dh * ct\ndct = dh * o\n{JUDGE}")
    wait_for_text(page, "write-product", "Right: do and dct.")


def test_nothing_is_kept_unless_the_learner_says_so(page, lab):
    kept = "notebooks/my_functions.py"
    assert read_file(page, kept) is None
    write(page, "keep-it", 'lesson.keep("step_back")')
    wait_for_text(page, "keep-it", "step_back is not kept: it is not written yet")
    assert read_file(page, kept) is None
