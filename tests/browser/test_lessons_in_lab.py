"""The lessons in a real JupyterLab: they run, explorers answer keyboard and mouse, blanks answer what is written."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import pytest
from cells import go_to, press, wait_for_text, write
from cells import nameless as unnamed
from drive import (
    SHARP,
    OnPage,
    by_keyboard,
    by_mouse,
    explorers_on,
    nameless,
    play,
    tab_order,
    use_by_keyboard,
    use_by_mouse,
)
from lab import Trouble, cell_errors, close_notebook, open_next, read_file, run_all, watch
from projectfiles import notebooks, relative

pytestmark = pytest.mark.browser


@dataclass
class Lesson:
    """A notebook that was opened and run, its explorers, and what went wrong on its page so far."""

    name: str
    page: object
    explorers: list[OnPage]
    errors: list[str]
    trouble: Trouble


def lessons(names: str):
    """The fixture for the learners' notebooks with such names: each is run once, used by all tests of that notebook.

    Only the lessons themselves are opened without --all.
    """
    chosen = [(path, relative(path)) for path in notebooks() if re.match(names, relative(path))]
    marks = [() if re.match(r"notebooks/\d\d_", name) else pytest.mark.long for _, name in chosen]
    params = [pytest.param(path, marks=mark, id=name) for (path, name), mark in zip(chosen, marks, strict=True)]

    @pytest.fixture(scope="module", params=params)
    def lesson(request, new_page, lab) -> Iterator[Lesson]:
        path, page = relative(request.param), new_page()
        trouble = watch(page)
        open_next(page, lab, path)
        run_all(page, timeout=300)  # lesson 6 trains for a minute
        yield Lesson(path, page, explorers_on(page), cell_errors(page), trouble)
        close_notebook(page, lab)

    return lesson


@pytest.fixture(scope="module")
def new_page(browser, lab) -> Callable:
    """Opens a page for a notebook: always the same one, but on the site, where it holds the kernel, a new one."""

    def page():
        return browser.new_page(viewport={"width": 1280, "height": 1000})

    return page if lab.is_site else cache(page)


EARLY = r"notebooks/0[0-3]_"
lesson = lessons(EARLY)  # test_later_lessons_in_lab.py has the others, so that two processes can share them


def test_lesson_runs_without_an_error(lesson):
    assert lesson.errors == []
    assert lesson.trouble.take() == []


def test_a_numbered_lesson_has_an_explorer(lesson):
    numbered = re.match(r"notebooks/0[0-6]_", lesson.name)  # the clinic's faults and lines open where they stand
    assert lesson.explorers or not numbered


def test_every_control_has_a_name_for_a_screen_reader(lesson):
    found = [f"{explorer.title}: {line}" for explorer in lesson.explorers for line in nameless(explorer)]
    assert found == []


def test_the_tabulator_key_reaches_every_control_in_reading_order(lesson):
    for explorer in lesson.explorers:
        if explorer.controls:
            assert tab_order(explorer) == explorer.controls, explorer.title


@pytest.mark.parametrize(
    ("use", "act"),
    [
        pytest.param(use_by_keyboard, by_keyboard, marks=pytest.mark.sampled),
        pytest.param(use_by_mouse, by_mouse, marks=pytest.mark.long),
    ],
    ids=["by keyboard", "by mouse"],
)
def test_every_control_works(lesson, use, act):
    for explorer in lesson.explorers:
        for name in explorer.controls:
            use(explorer, name)
            explorer.reset(act)
        for index in range(explorer.root.locator(".widget-play").count()):
            play(explorer, index, act)
            explorer.reset(act)
    assert lesson.trouble.take() == []


# What is cut off at the right.
CUT_OFF = """root => {
    const right = root.getBoundingClientRect().right + 1;
    const parts = [...root.querySelectorAll('label, button, select, .widget-readout, .lt-text')];
    return parts.filter(part => part.getBoundingClientRect().right > right).map(part => part.textContent);
}"""


def test_in_a_narrow_window_nothing_is_cut_off_or_too_small(lesson):
    for explorer in lesson.explorers:
        explorer.page.set_viewport_size({"width": 853, "height": 1000})  # 406 beside the list of files
        try:
            explorer.root.scroll_into_view_if_needed()
            explorer.wait_for(SHARP, "img.lt-picture", "in a narrow window")
            explorer.settle()
            assert explorer.root.evaluate(CUT_OFF) == [], explorer.title
            scale = explorer.root.evaluate(
                "r => (i => i.offsetWidth / i.getAttribute('width'))(r.querySelector('img'))"
            )
            assert scale > 0.69, explorer.title
        finally:
            explorer.page.set_viewport_size({"width": 1280, "height": 1000})


# ------------------------------------------------------- blanks and predictions as a learner meets them, by keyboard

JUDGE = 'lesson.judge("product")'


@pytest.fixture
def blanks(lesson):
    """The page of lesson 2, as the tests above have left it; conftest.py leaves out the other lessons."""
    yield lesson.page
    assert lesson.trouble.take() == []


def test_a_blank_is_open_then_wrong_then_right(blanks):
    go_to(blanks, "write-product")
    wait_for_text(blanks, "write-product", "Not written yet: do and dct.")
    write(blanks, "write-product", f"do = dh * o\ndct = dh * o\n{JUDGE}")
    wait_for_text(blanks, "write-product", "1 of 2 right so far.")
    shown = go_to(blanks, "write-product").inner_text()
    assert "The lesson goes on with the library's do." in shown
    write(blanks, "write-product", f"do = dh * ct\ndct = dh * o\n{JUDGE}")
    wait_for_text(blanks, "write-product", "Right: do and dct.")


def test_a_verdict_has_a_name_and_its_hints_open_by_keyboard_one_inside_the_other(blanks):
    write(blanks, "write-product", f"do = dh\ndct = dh\n{JUDGE}")
    wait_for_text(blanks, "write-product", "0 of 2 right so far.")
    cell = go_to(blanks, "write-product")
    for number in (1, 2, 3):
        visible = [summary for summary in cell.query_selector_all("summary") if summary.is_visible()]
        assert len(visible) == number
        press(blanks, visible[-1], "Enter")
    assert cell.query_selector("section[aria-label]").get_attribute("aria-label") == "Check of do and dct"


def test_a_prediction_is_answered_by_keyboard_and_every_control_has_a_name(blanks):
    form = go_to(blanks, "predict-product").wait_for_selector("form.lt-question")
    assert form.query_selector("legend").inner_text() and unnamed(form) == []
    cells = blanks.evaluate("window.jupyterapp.shell.currentWidget.content.widgets.length")
    press(blanks, form.query_selector("input[type=radio]"), "Space")
    blanks.keyboard.press("ArrowDown")
    blanks.keyboard.press("Tab")
    blanks.keyboard.press("Enter")
    wait_for_text(blanks, "predict-product", "b is right.")
    assert blanks.evaluate("window.jupyterapp.shell.currentWidget.content.widgets.length") == cells


def test_a_line_that_raises_or_is_cut_off_says_so_and_the_next_cell_still_runs(blanks):
    write(blanks, "write-product", f"do = dh * nothing\ndct = dh * o\n{JUDGE}")
    wait_for_text(blanks, "write-product", "NameError")
    write(blanks, "write-product", f"do = dh * ...\ndct = ...\n{JUDGE}")
    wait_for_text(blanks, "write-product", "Line 1 still has dots in it: replace them with your code")
    write(blanks, "write-product", f"do = dh * ct\ndct = dh * o\n{JUDGE}")
    wait_for_text(blanks, "write-product", "Right: do and dct.")


def test_nothing_is_kept_unless_the_learner_says_so(blanks):
    kept = "notebooks/my_functions.py"
    assert read_file(blanks, kept) is None
    write(blanks, "keep-it", 'lesson.keep("step_back")')
    wait_for_text(blanks, "keep-it", "step_back is not kept: it is not written yet")
    assert read_file(blanks, kept) is None
