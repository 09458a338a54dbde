"""What only the built site has: its own pages, and Python that nothing can interrupt. Run with --site."""

import re

import pytest
from cells import STATUS, run, wait_for_text, wait_until_idle, write
from drive import explorers_on
from lab import cell_errors, open_notebook, read_file, run_all, wait_for_file, watch

pytestmark = pytest.mark.browser

EXERCISE = "notebooks/exercises/01_forward_pass.ipynb"
ENDLESS = "def gate(U, W, token, h_before):\n    while True:\n        pass"


def test_the_start_page_and_a_lesson_to_read_are_complete(browser, lab):
    page = browser.new_page(viewport={"width": 1000, "height": 1000})
    trouble = watch(page)
    try:
        page.goto(f"{lab.url}/index.html")
        assert page.locator("img").evaluate("picture => picture.naturalWidth") > 500
        page.get_by_role("link", name="read", exact=True).nth(2).click()
        assert page.locator("h1").first.inner_text().startswith("2. ")
        assert page.locator("math").count() > 5 and page.locator("figure img").count() > 1
        answer = page.locator("details").first
        answer.locator("summary").focus()
        page.keyboard.press("Enter")
        assert answer.get_attribute("open") is not None
        page.set_viewport_size({"width": 320, "height": 600})
        for address in (page.url, f"{lab.url}/read/guide.html"):
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
        assert trouble.take() == []
    finally:
        page.close()


# How light the page is, from 0 to 1, and the texts whose contrast is below 4.5, the least that WCAG asks for.
FAINT = """() => {
    const linear = value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const light = color => {
        const [red, green, blue] = color.match(/[0-9.]+/g).map(value => linear(value / 255));
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const behind = element => {
        const color = getComputedStyle(element).backgroundColor;
        return color === 'rgba(0, 0, 0, 0)' ? behind(element.parentElement) : light(color);
    };
    const says = element => Array.from(element.childNodes).some(node => node.nodeType === 3 && node.data.trim());
    const contrast = element => {
        const both = [light(getComputedStyle(element).color), behind(element)];
        return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
    };
    document.querySelectorAll('details').forEach(fold => fold.open = true);
    const texts = Array.from(document.querySelectorAll('body *')).filter(says);
    return [behind(document.body), texts.filter(text => contrast(text) < 4.5).map(text => text.outerHTML)];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_and_lessons_are_light_or_dark_as_the_browser_is_and_no_text_is_faint(browser, lab, scheme):
    page = browser.new_page(color_scheme=scheme)
    try:
        for name in ("index", "read/02_one_step_back", "read/guide"):
            page.goto(f"{lab.url}/{name}.html")
            shade, faint = page.evaluate(FAINT)
            assert (shade < 0.02) == (scheme == "dark") and faint == [], name
        page.goto(f"{lab.url}/app/lab/index.html")
        page.wait_for_function(
            "light => document.body.dataset.jpThemeLight === light", arg=str(scheme == "light").lower()
        )
    finally:
        page.close()


# Letters and numbers of formulas that another one covers: the formula, and both. A digit may touch what it belongs to.
COVERED = """() => {
    document.querySelectorAll('details').forEach(fold => fold.open = true);
    return Array.from(document.querySelectorAll('math')).flatMap(formula => {
        const leaves = Array.from(formula.querySelectorAll('mi, mn')).map(leaf => [leaf, leaf.getBoundingClientRect()]);
        const over = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
            && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
        return leaves.flatMap(([one, box], k) => leaves.slice(k + 1).filter(([, other]) => over(box, other))
            .map(([other]) => [formula.textContent, one.textContent, other.textContent]));
    });
}"""


def test_no_letter_of_a_formula_covers_another(browser, lab):
    page = browser.new_page(viewport={"width": 1000, "height": 1000})
    try:
        for path in sorted((lab.root_dir / "read").glob("0*.html")):
            page.goto(f"{lab.url}/read/{path.name}")
            assert page.evaluate(COVERED) == [], path.name
    finally:
        page.close()


def test_every_link_to_a_heading_of_a_page_finds_it(lab):
    pages = {path.name: path.read_text(encoding="utf-8") for path in (lab.root_dir / "read").glob("*.html")}
    links = [(name, *link) for name in pages for link in re.findall(r'href="([\w-]*\.?\w*)#([^"]+)"', pages[name])]
    lost = [link for link in links if f'id="{link[2]}"' not in pages[link[1] or link[0]]]
    assert len(links) > 20 and lost == []


def test_no_page_to_read_shows_a_widget_as_python_writes_it(lab):
    pages = [path.read_text(encoding="utf-8") for path in (lab.root_dir / "read").glob("*.html")]
    assert (
        len(pages) > 12
        and [found for page in pages for found in re.findall(r"\w+\((?:children|value)=.{30}", page)] == []
    )


def test_an_endless_loop_is_stopped_and_what_is_written_is_still_there_after_a_reload(browser, lab):
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    try:
        open_notebook(page, lab, EXERCISE)
        run(page, "imports")
        wait_until_idle(page, 120)
        write(page, "gate", ENDLESS)
        run(page, "check-gate")
        wait_for_text(page, "check-gate", "was stopped")
        write(page, "gate", "open('kept.txt', 'w').write('kept'); print('done')")
        wait_for_text(page, "gate", "done")
        assert wait_for_file(page, "notebooks/exercises/kept.txt") == "kept"
        page.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.dirty", timeout=20_000)
        open_notebook(page, lab, EXERCISE)
        assert read_file(page, "notebooks/exercises/kept.txt") == "kept"
        assert "kept.txt" in page.evaluate(
            """() => Array.from(window.jupyterapp.shell.currentWidget.content.model.cells)
                .find(cell => cell.id === 'gate').sharedModel.source"""
        )
    finally:
        page.close()


def test_once_python_is_ready_a_lesson_needs_no_network(browser, lab):
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    trouble = watch(page)
    try:
        open_notebook(page, lab, "notebooks/00_start_here.ipynb")
        page.context.set_offline(True)
        run_all(page)
        assert len(explorers_on(page)) == 1 and page.locator("form.lt-question").count() == 1
        assert cell_errors(page) == trouble.take() == []
    finally:
        page.close()


OPENED = "() => Array.from(window.jupyterapp.shell.widgets('main'), panel => panel.context?.path)"


def test_a_lesson_opens_alone_and_on_a_phone_the_list_of_files_makes_room_for_it(browser, lab):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    trouble = watch(page)
    try:
        first, second = "notebooks/00_start_here.ipynb", "notebooks/01_forward_pass.ipynb"
        open_notebook(page, lab, first)
        page.wait_for_timeout(2000)  # until JupyterLite has saved what is open
        page.goto(f"{lab.url}/index.html")
        open_notebook(page, lab, second)
        assert page.evaluate(OPENED) == [second]
        page.locator(".jp-SideBar.jp-mod-left .lm-TabBar-tab").first.click()
        page.locator(".jp-DirListing-item", has_text="00_start_here").dblclick()
        page.wait_for_function(f"({OPENED})().length === 2")
        page.wait_for_function("document.querySelector('.jp-Notebook:not(.lm-mod-hidden *)').offsetWidth > 290")
        assert trouble.take() == []
    finally:
        page.close()


def test_the_stop_button_offers_to_restart_python_and_a_narrow_window_is_the_lesson_s_alone(browser, lab):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    try:
        open_notebook(page, lab, EXERCISE)
        assert page.locator(".jp-Notebook").bounding_box()["width"] > 290
        write(page, "gate", "while True:\n    pass")
        page.wait_for_function(f"({STATUS}) === 'busy'")
        page.keyboard.press("Escape")
        page.keyboard.press("i")
        page.keyboard.press("i")  # what the stop button does
        page.locator(".jp-Dialog").get_by_role("button", name="Confirm Kernel Restart").press("Enter")
        wait_until_idle(page, 120)
        write(page, "gate", "print(6 * 7)")
        wait_for_text(page, "gate", "42")
    finally:
        page.close()
