"""What a learner's JupyterLab shows beside a lesson, and a lesson in the other host that Jupyter has: Notebook 7."""

import pytest
from drive import by_keyboard, explorers_on, nameless, use_by_keyboard
from lab import cell_errors, run_all, shut_down_kernel, watch

pytestmark = [pytest.mark.browser, pytest.mark.long]
LESSON = "notebooks/00_start_here.ipynb"
# Notebook 7.6 raises the first on every page, its empty start page too, and the second now and then on a slow machine;
# nothing here asks for that command.
NOTEBOOKS_OWN = (
    "uncaught: Cannot read properties of undefined (reading 'schema')",
    "uncaught: Command 'filebrowser:open-path' not registered.",
)


@pytest.fixture
def page(browser):
    opened = browser.new_page(viewport={"width": 1280, "height": 1000})
    yield opened
    opened.close()


def test_jupyterlab_has_no_word_of_news_and_no_menu_of_nbgrader(page, lab):
    trouble = watch(page)
    page.goto(f"{lab.url}/lab?reset")
    page.wait_for_function("window.jupyterapp?.restored.then(() => true)")
    page.get_by_role("menuitem", name="Help").wait_for()
    menus = page.get_by_role("menuitem").all_inner_texts()
    assert {"File", "Run", "Help"} <= set(menus) and "Nbgrader" not in menus
    commands = page.evaluate("window.jupyterapp.commands.listCommands()")
    assert len(commands) > 100 and [name for name in commands if "nbgrader" in name] == []
    page.wait_for_timeout(1500)  # the pop-up asks a little after the page is there
    assert page.locator(".Toastify__toast").all_inner_texts() == []
    assert trouble.take() == []


def test_a_lesson_runs_in_notebook_7_and_its_explorers_answer_the_keyboard(page, lab):
    pytest.importorskip("notebook", reason="Notebook 7 comes with nbgrader, which is not installed")
    trouble = watch(page)
    page.goto(f"{lab.url}/notebooks/{LESSON}")
    page.wait_for_function(
        "window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'", timeout=60_000
    )
    assert page.evaluate("window.jupyterapp.name") == "Jupyter Notebook"
    try:
        run_all(page)
        assert cell_errors(page) == []
        explorers = explorers_on(page)
        assert explorers
        for explorer in explorers:
            assert nameless(explorer) == []
            for name in explorer.controls:
                use_by_keyboard(explorer, name)
                explorer.reset(by_keyboard)
        assert [line for line in trouble.take() if line not in NOTEBOOKS_OWN] == []
    finally:
        shut_down_kernel(page)
