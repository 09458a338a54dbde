"""The tests of the lessons can fail: explorers with a fault each, and one without, in a notebook of their own."""

import json

import drive
import lab as laboratory
import nbformat
import projectfiles
import pytest
from drive import (
    by_keyboard,
    by_mouse,
    explorers_on,
    nameless,
    play,
    slider_place,
    tab_order,
    use_by_keyboard,
    use_by_mouse,
)
from lab import cell_errors, find_chromium, open_notebook, run_all, shut_down_kernel, start_lab, watch
from nbformat.v4 import new_code_cell, new_notebook

pytestmark = [pytest.mark.browser, pytest.mark.long]

TOOLS = """
import io, itertools, random
from types import SimpleNamespace
from PIL import Image
from lstm_teach.explorers.controls import checkbox, choice, dropdown, float_slider, int_slider, log_slider
from lstm_teach.explorers.shell import Explorer

def png(*values, tall=False):
    file, height = io.BytesIO(), 200 if tall else 60
    Image.frombytes("L", (300, height), random.Random(str(values)).randbytes(300 * height)).save(file, "png")
    return SimpleNamespace(png=lambda scale: file.getvalue(), size=(300, height))  # all that is asked of a scene

def level(): return {"level": int_slider("Level", 2, 0, 4)}
"""
GOOD = """
def arrange(before, length, **others):
    return {"step": {"max": length}}

controls = {
    "step": int_slider("Step", 2, 0, 5, play_ms=200),
    "bias": float_slider("Bias", 0.0, -2, 4, step=0.25),
    "rate": log_slider("Rate", 1e-2, -5, 0),
    "shown": checkbox("Show it"),
    "way": choice("Direction", ["forward", "backward"]),
    "gate": dropdown("Gate", ["input", "forget", "output"], "forget"),
    "length": int_slider("Length", 5, 2, 7),
}
Explorer("Good", controls, lambda **values: (png(*values.values()), f"It shows <b>{values['step']}</b>."),
    rows=[["step"], ["bias", "rate"], ["shown", "way"], ["gate", "length"]], arrange=arrange)
"""
# Title, what makes the explorer, and what the tests of the lessons have to say of it.
FAULTS = [
    ("Blind", "Explorer('Blind', level(), lambda level: (png(0), f'Level {level}'))", "the same picture"),
    ("Deaf", "e = Explorer('Deaf', level(), lambda level: (png(level), f'Level {level}'))\n"
     "e.controls['level'].unobserve_all()\ne", "a new picture, not within"),
    ("Raises", "Explorer('Raises', level(), lambda level: (png(level), f'Level {1 / level}'))", "ZeroDivisionError"),
    ("Stacks", "Explorer('Stacks', level(), lambda level: (png(level), 'Level' + '<img>' * (level == 0)))", "2 pict"),
    ("Grows", "Explorer('Grows', level(), lambda level: (png(level, tall=level == 0), f'Level {level}'))",
     "the height changed"),
    ("Chatters", "Explorer('Chatters', level(), lambda level: (png(level), 'Level ' + 'word ' * 200 * (level == 0)))",
     "does not fit"),
    ("Mute", "Explorer('Mute', level(), lambda level: (png(level), '' if level == 0 else 'Level'))", "text is empty"),
    ("Alters", "e = Explorer('Alters', level(), lambda level: (png(level), f'Level {level}'))\n"
     "e.picture.observe(lambda change: change.owner.set_trait('alt', 'Level 2'), 'seq')\ne", "is not the line of text"),
    ("Remembers", "count = itertools.count()\n"
     "Explorer('Remembers', level(), lambda level: (png(next(count)), f'Level {level}'))", "of the picture differs"),
    ("Recounts", "calls = itertools.count()\n"
     "Explorer('Recounts', level(), lambda level: (png(level), f'Level {level}, call {next(calls)}'))",
     "after reset 'L"),
    ("Sticks",
     "e = Explorer('Sticks', {'more': checkbox('More'), **level()}, lambda **v: (png(*v.values()), 'A'))\n"
     "tick = lambda change, box=e.controls['more']: box.set_trait('value', True)\n"
     "e.controls['level'].observe(tick, 'value')\ne", r"after reset \["),
]  # fmt: skip
# What it says of its picture is the digest of it, and it never draws the same picture twice: nothing of it can be kept.
FICKLE = """
import hashlib
drawn = itertools.count()

def draw(level):
    picture = png(level, next(drawn))
    return picture, hashlib.sha256(picture.png(1)).hexdigest()

Explorer("Fickle", {"level": int_slider("Level", 20, 0, 40)}, draw)
"""
# The kernel needs longer for a picture than for an answer to anything else.
SLOW = """
import time

def draw(level):
    time.sleep(0.3)
    return png(level), f"Level {level}"

Explorer("Slow", level(), draw)
"""
OTHER_CELLS = """
e = Explorer("Nameless", {"level": int_slider("", 2, 0, 4)}, lambda level: (png(level), f"Level {level}"))
e
===
e = Explorer("Unreachable", {**level(), "more": checkbox("More")}, lambda **v: (png(*v.values()), f"{v}"))
e.controls["more"].tabbable = False
e
===
from IPython.display import Javascript
Javascript("console.error('from a cell'); fetch('http://elsewhere.invalid/').catch(() => null)")
===
import sys
print("a warning", file=sys.stderr)
===
1 / 0
===
"not reached"
"""


@pytest.fixture(scope="module")
def faulty(browser, lab):
    """The notebook of good and faulty explorers, opened and run: its page, what went wrong, explorers by title."""
    sources = [TOOLS, GOOD, FICKLE, SLOW, *(source for _, source, _ in FAULTS), *OTHER_CELLS.split("===")]
    cells = [new_code_cell(source.strip(), id=f"cell-{i}") for i, source in enumerate(sources)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), lab.root_dir / "faulty.ipynb")
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    trouble = watch(page)
    try:
        open_notebook(page, lab, "faulty.ipynb")
        run_all(page)
        yield page, trouble.take(), {explorer.title: explorer for explorer in explorers_on(page)}
    finally:
        shut_down_kernel(page)
        page.close()


@pytest.fixture
def hasty(monkeypatch):
    """Do not wait long for what will not come."""
    monkeypatch.setattr(drive, "ANSWER_TIMEOUT", 2)


@pytest.mark.parametrize(("use", "act"), [(use_by_keyboard, by_keyboard), (use_by_mouse, by_mouse)])
def test_nothing_is_said_against_an_explorer_without_a_fault(faulty, use, act):
    good = faulty[2]["Good"]
    assert len(good.controls) == 7 and nameless(good) == [] and tab_order(good) == good.controls
    for name in good.controls:
        use(good, name)
        good.reset(act)
    play(good, 0, act)
    good.reset(act)


# Every place that a slider has from now on, however many pictures the kernel draws of them.
PLACES = """handle => {
    handle.lstmTeachPlaces = [];
    const note = () => handle.lstmTeachPlaces.push(handle.getAttribute('aria-valuetext'));
    new MutationObserver(note).observe(handle, { attributeFilter: ['aria-valuetext'] });
}"""


def test_play_goes_on_from_where_the_slider_was_put(faulty):
    good = faulty[2]["Good"]
    handle = good.control("step").locator("[role=slider]")
    handle.press("Home")
    before = good.settle().seq
    handle.evaluate(PLACES)
    button = good.root.locator(".widget-play button").first
    button.click()
    good.wait_for_seq(before + 1, "play")
    button.click()
    good.settle()
    assert handle.evaluate("handle => handle.lstmTeachPlaces[0]") == "1"  # from where it was before it would be 3
    good.reset(by_mouse)


# Every picture that is shown from now on: the values that it belongs to, and its bytes.
WATCH = """root => {
    const img = root.querySelector('img.lt-picture');
    root.lstmTeachSeen = [];
    const note = () => root.lstmTeachSeen.push([img.dataset.values, img.src]);
    new MutationObserver(note).observe(img, { attributeFilter: ['data-values'] });
}"""
# The kernel draws nothing until it is interrupted; resolves when that has begun.
BLOCK = """() => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const code = `import time\nfrom lstm_teach.explorers.shell import LOCK\n`
        + `with LOCK:\n    print('begun', flush=True)\n    time.sleep(600)`;
    const future = kernel.requestExecute({ code, store_history: false });
    return new Promise(resolve => { future.onIOPub = m => { if (m.header.msg_type === 'stream') resolve(); }; });
}"""
GO_ON = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()"
# Keep the values of the pictures that the kernel draws ahead of time from now on.
NOTE_AHEAD = """() => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    window.lstmTeachAhead = [];
    kernel.anyMessage.connect((_, { msg: { content } }) => {
        if (content.data?.method === 'custom') window.lstmTeachAhead.push(content.data.content.values);
    });
}"""


def shown(explorer, control: int) -> list[float]:
    """A control's value in every picture that was shown since WATCH, in order."""
    return [json.loads(values)[control] for values, _ in explorer.root.evaluate("root => root.lstmTeachSeen")]


def test_the_next_places_are_shown_while_the_kernel_is_busy_and_no_older_picture_after_them(faulty):
    good = faulty[2]["Good"]
    handle = good.control("bias").locator("[role=slider]")
    good.page.evaluate(NOTE_AHEAD)
    good.do("one place on", lambda: handle.press("ArrowRight"))
    drawn = "[0.5, 0.75, 1].every(place => window.lstmTeachAhead.some(values => values?.[1] === place))"
    good.page.wait_for_function(drawn)
    good.root.evaluate(WATCH)
    good.page.evaluate(BLOCK)
    for place in (0.5, 0.75, 1.0):
        handle.press("ArrowRight")
        good.wait_for(f"img => JSON.parse(img.dataset.values)[1] === {place}", "img.lt-picture", f"{place}")
    handle.press("ArrowRight")
    good.page.wait_for_timeout(200)
    assert shown(good, 1) == [0.5, 0.75, 1.0]  # the fourth has not been drawn yet
    good.page.evaluate(GO_ON)
    good.wait_for("img => JSON.parse(img.dataset.values)[1] === 1.25", "img.lt-picture", "the fourth place")
    for key in ["ArrowLeft"] * 8:
        handle.press(key)
        good.page.wait_for_timeout(30)
    good.settle()
    seen = shown(good, 1)
    assert seen[:4] == [0.5, 0.75, 1.0, 1.25] and seen[3:] == sorted(seen[3:], reverse=True)
    assert seen[-1] == -0.75 == round(slider_place(good.control("bias"))[1], 10)
    pictures = {(values, picture) for values, picture in good.root.evaluate("root => root.lstmTeachSeen")}
    assert len(pictures) == len({picture for _, picture in pictures}) == len({values for values, _ in pictures})
    good.reset(by_keyboard)


def test_a_kept_picture_is_replaced_if_the_kernel_draws_another_and_then_no_other_kept_one_is_trusted(faulty):
    fickle = faulty[2]["Fickle"]
    handle = fickle.control("level").locator("[role=slider]")
    for key in ("ArrowLeft", "ArrowRight", "ArrowRight", "ArrowLeft"):
        handle.press(key)
        view = fickle.settle()
        assert view.pixels == view.text
    fickle.page.wait_for_timeout(500)
    fickle.root.evaluate(WATCH)
    fickle.page.evaluate(BLOCK)
    handle.press("ArrowRight")  # to 21, whose picture was kept before that of 20 turned out to be another by now
    fickle.page.wait_for_timeout(300)
    assert shown(fickle, 0) == []
    fickle.page.evaluate(GO_ON)
    fickle.wait_for("img => JSON.parse(img.dataset.values)[0] === 21", "img.lt-picture", "the kernel's picture")


@pytest.mark.parametrize(("use", "act"), [(use_by_keyboard, by_keyboard), (use_by_mouse, by_mouse)])
def test_nothing_is_said_against_a_slow_explorer(faulty, use, act):
    slow = faulty[2]["Slow"]
    use(slow, "level")
    slow.reset(act)


@pytest.mark.parametrize(("title", "source", "complaint"), FAULTS, ids=[title for title, _, _ in FAULTS])
def test_each_fault_of_an_explorer_is_noticed(faulty, hasty, title, source, complaint):
    explorer = faulty[2][title]
    with pytest.raises(AssertionError, match=complaint):
        for name in explorer.controls:
            use_by_keyboard(explorer, name)
            explorer.reset(by_keyboard)


def test_a_control_without_a_name_is_noticed(faulty):
    assert any("slider" in line for line in nameless(faulty[2]["Nameless"]))


def test_a_control_that_the_tabulator_key_does_not_reach_is_noticed(faulty):
    assert tab_order(faulty[2]["Unreachable"]) == ["level"]


def test_errors_of_cells_and_of_the_page_are_noticed(faulty):
    page, trouble, _ = faulty
    errors = cell_errors(page)
    assert [error.split(": ", 1)[1].strip() for error in errors] == [
        "standard error: a warning",
        "ZeroDivisionError: division by zero",
        "was not executed",
    ]
    kinds = sorted(line.split(" (")[0] for line in trouble if "Failed to load resource" not in line)
    assert kinds == ["console: from a cell", "request to elsewhere: http://elsewhere.invalid/"]


def test_a_server_that_does_not_start_is_told_with_its_log(tmp_path):
    with pytest.raises(RuntimeError, match="JupyterLab stopped"), start_lab(tmp_path / "missing"):
        pass


def test_a_browser_that_was_named_has_to_exist(monkeypatch):
    monkeypatch.setenv("LSTM_TEACH_CHROMIUM", "/no/such/browser")
    with pytest.raises(FileNotFoundError, match="/no/such/browser"):
        find_chromium()


def test_no_browser_is_found_where_there_is_none(monkeypatch, tmp_path):
    monkeypatch.delenv("LSTM_TEACH_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(laboratory, "BROWSER_FILES", ())
    assert find_chromium() is None


@pytest.mark.parametrize(("ci", "outcome"), [(False, pytest.skip.Exception), (True, pytest.fail.Exception)])
def test_what_is_missing_skips_a_test_but_fails_it_in_ci(monkeypatch, ci, outcome):
    monkeypatch.setattr(projectfiles, "CI", ci)
    with pytest.raises(outcome, match="no browser"):
        projectfiles.skip_but_fail_in_ci("no browser")
