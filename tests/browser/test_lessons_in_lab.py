"""Every lesson in a real JupyterLab: it runs, and every explorer answers keyboard and mouse as it should."""

import re
from dataclasses import dataclass

import pytest
from drive import (
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
from lab import Trouble, cell_errors, open_next, run_all, shut_down_kernel, watch
from projectfiles import notebooks, relative

pytestmark = pytest.mark.browser


@dataclass
class Lesson:
    """A notebook that was opened and run, its explorers, and what went wrong on its page so far."""

    name: str
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
    def lesson(request, page, lab) -> Lesson:
        path, trouble = relative(request.param), watch(page)
        open_next(page, lab, path)
        run_all(page, timeout=300)  # lesson 6 trains for a minute
        return Lesson(path, explorers_on(page), cell_errors(page), trouble)

    return lesson


@pytest.fixture(scope="module")
def page(browser):
    """One page, on which one notebook after the other is opened."""
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    yield page
    shut_down_kernel(page)
    page.close()


EARLY = r"notebooks/0[0-3]_"
lesson = lessons(EARLY)  # test_later_lessons_in_lab.py has the others, so that two processes can share them


def test_lesson_runs_without_an_error(lesson):
    assert lesson.errors == []
    assert lesson.trouble.take() == []


def test_a_numbered_lesson_has_an_explorer(lesson):
    numbered = re.match(r"notebooks/\d\d_", lesson.name)
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
    [(use_by_keyboard, by_keyboard), pytest.param(use_by_mouse, by_mouse, marks=pytest.mark.long)],
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
