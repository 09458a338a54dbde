"""Use an explorer on a page as a person does, by keyboard and by mouse, and judge what it shows then.

Knows the page only: the classes that lstm_teach.explorers.shell promises, and the HTML that ipywidgets makes.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

ANSWER_TIMEOUT = 10  # seconds that an explorer may take to show the next picture; far above what is promised
NAMED_ROLES = "slider|checkbox|button|combobox|textbox|radio|spinbutton|switch|listbox|radiogroup|group"

# What a reader can see of an explorer. The digest stands for the pixels: the same PNG, the same picture.
LOOK = """async root => {
    const pictures = root.querySelectorAll('img');
    const img = root.querySelector('img.lt-picture');
    const words = element => element.textContent.replace(/\\s+/g, ' ').trim();
    const spoken = element => {  // without the titles of folds, as in the picture's alt
        const copy = element.cloneNode(true);
        copy.querySelectorAll('summary').forEach(title => title.remove());
        return words(copy);
    };
    const bytes = await (await fetch(img.src)).arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    const text = root.querySelector('.lt-text');
    return {
        seq: Number(img.dataset.seq),
        pixels: Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join(''),
        visible: img.complete && img.naturalWidth > 0 && img.offsetWidth > 0,
        pictures: pictures.length,
        alt: img.alt.replace(/\\s+/g, ' ').trim(),
        text: spoken(text),
        text_fits: text.parentElement.scrollHeight <= text.parentElement.clientHeight + 1,
        message: words(root.querySelector('.lt-message')),
        height: root.getBoundingClientRect().height,
    };
}"""
# The share of the picture's points that differ from those of the picture kept before; then, or at first, keep this one.
SHARE_CHANGED = """async ([root, keep]) => {
    const file = await (await fetch(root.querySelector('img.lt-picture').src)).blob();
    const image = await createImageBitmap(file);
    const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
    canvas.drawImage(image, 0, 0);
    const points = new Uint32Array(canvas.getImageData(0, 0, image.width, image.height).data.buffer);
    if (keep) root.lstmTeachKept = points;
    const kept = root.lstmTeachKept;
    if (kept.length !== points.length) return 1;
    return points.reduce((sum, point, i) => sum + (point !== kept[i]), 0) / points.length;
}"""
# Where every control stands.
SETTINGS = """root => Array.from(root.querySelectorAll('[class*="lt-control-"]'), control => {
    const slider = control.querySelector('.noUi-target')?.noUiSlider;
    if (slider) return [slider.options.range.min, slider.get(true), slider.options.range.max];
    const field = control.querySelector('input, select');
    if (field) return field.type === 'checkbox' ? field.checked : field.value;
    return Array.from(control.querySelectorAll('button'), button => button.classList.contains('mod-active'));
})"""
# The page tells the kernel a moment after the first picture how many pixels it shows.
SHARP = """img => {
    const scale = Math.min(2, Math.max(0.5, img.clientWidth / img.getAttribute('width') * devicePixelRatio));
    return Math.abs(img.naturalWidth - img.getAttribute('width') * scale) <= 1;
}"""
# Wait until nothing moves: the kernel has answered every message, and twice in a row no change came. Then look.
# Widgets' messages are answered in a thread of their own, so that an answer to another message says nothing of them.
SETTLE = f"""async ([root, seconds]) => {{
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    if (!kernel.lstmTeachOpen) {{
        const open = kernel.lstmTeachOpen = new Set();
        kernel.anyMessage.connect((_, {{ msg, direction }}) => {{
            if (direction === 'send' && msg.channel === 'shell') open.add(msg.header.msg_id);
            if (msg.header.msg_type === 'status' && msg.content.execution_state === 'idle')
                open.delete(msg.parent_header.msg_id);
        }});
    }}
    const frame = () => new Promise(requestAnimationFrame);
    const seen = () => root.querySelector('img.lt-picture')?.dataset.seq + root.textContent;
    const end = performance.now() + 1000 * seconds;
    for (let quiet = 0, before = seen(); quiet < 2;) {{
        if (performance.now() > end) return null;
        await kernel.requestKernelInfo();
        await frame();
        await frame();
        const now = seen();
        quiet = now === before && !kernel.lstmTeachOpen.size ? quiet + 1 : 0;
        before = now;
    }}
    return ({LOOK})(root);
}}"""


@dataclass
class View:
    """What an explorer shows at one moment."""

    seq: int
    pixels: str
    visible: bool
    pictures: int
    alt: str
    text: str
    text_fits: bool
    message: str
    height: float


class OnPage:
    """One explorer on a page, and how it looked at first."""

    def __init__(self, page, root):
        self.page, self.root, self.element = page, root, root.element_handle()
        self.title = root.locator(".widget-html").first.text_content().strip()
        root.scroll_into_view_if_needed()
        root.locator("img.lt-picture[data-seq]").wait_for()
        self.wait_for(SHARP, "img.lt-picture", "at first: as many pixels as are shown")
        self.first, self.settings = self.settle(), root.evaluate(SETTINGS)
        self.share_changed(keep=True)
        self.controls = control_names(root)
        self.judge(self.first, "at first")

    def control(self, name: str):
        """The element of the control with that name."""
        return self.root.locator(f".lt-control-{name}")

    def settle(self) -> View:
        """Wait until nothing moves any more; what the explorer shows then."""
        seen = self.page.evaluate(SETTLE, [self.element, ANSWER_TIMEOUT])
        assert seen, f"{self.title}: still moving after {ANSWER_TIMEOUT} s"
        return View(**seen)

    def look(self) -> View:
        """What the explorer shows now."""
        return View(**self.element.evaluate(LOOK))

    def seq(self) -> int:
        """The number of the picture that is shown now."""
        return int(self.root.locator("img.lt-picture").get_attribute("data-seq"))

    def wait_for(self, condition: str, css: str, what: str) -> None:
        """Wait until a condition in JavaScript holds of the element that the selector finds."""
        from playwright.sync_api import TimeoutError  # where Playwright is missing, these tests are skipped

        element = self.root.locator(css).element_handle()
        try:
            self.page.wait_for_function(condition, arg=element, timeout=ANSWER_TIMEOUT * 1000)
        except TimeoutError:
            problem = f"{self.title}, {what}, not within {ANSWER_TIMEOUT} s; message: {self.message()!r}"
            raise AssertionError(problem) from None

    def wait_for_seq(self, least: int, what: str) -> None:
        """Wait until the picture with that number, or a later one, is shown."""
        self.wait_for(f"img => Number(img.dataset.seq) >= {least}", "img.lt-picture", f"{what}: a new picture")

    def message(self) -> str:
        """What the message area says."""
        return self.root.locator(".lt-message").text_content().strip()

    def judge(self, view: View, what: str) -> None:
        """What has to hold of an explorer at any moment."""
        where = f"{self.title}, {what}"
        assert view.pictures == 1, f"{where}: {view.pictures} pictures, not 1"
        assert view.visible, f"{where}: the picture is not visible"
        assert view.text, f"{where}: the line of text is empty"
        assert view.alt == view.text, f"{where}: alt {view.alt!r} is not the line of text {view.text!r}"
        assert view.text_fits, f"{where}: the line of text does not fit: {view.text!r}"
        assert not view.message, f"{where}: message {view.message!r}"
        change = view.height - self.first.height
        assert abs(change) < 1, f"{where}: the height changed by {change:g} pixels; text: {view.text!r}"

    def do(self, what: str, action: Callable[[], object], answers: bool = True) -> View:
        """Carry out an action; return what is shown then, judged. `answers`: a new picture has to come."""
        before = self.seq()
        action()
        if answers:
            self.wait_for_seq(before + 1, what)
        view = self.settle()
        self.judge(view, what)
        return view

    def share_changed(self, keep: bool = False) -> float:
        """The share of points that differ from the picture that was kept last."""
        return self.page.evaluate(SHARE_CHANGED, [self.element, keep])

    def reset(self, act: Callable) -> None:
        """Press the reset button; everything has to be and to look as at first."""
        view = self.do("reset", lambda: act(self.root.locator(".lt-reset"), "Enter"))
        settings = self.root.evaluate(SETTINGS)
        assert settings == self.settings, f"{self.title}: after reset {settings}, at first {self.settings}"
        assert view.text == self.first.text, f"{self.title}: after reset {view.text!r}, at first {self.first.text!r}"
        share = self.share_changed()
        # A bar that shows rounding errors may differ by a point or two from one computation to the next.
        assert share < 0.001, f"{self.title}: after reset {share:.2%} of the picture differs from the first"


def explorers_on(page) -> list[OnPage]:
    """Every explorer on the page, once all widgets are there."""
    page.wait_for_function(
        """() => {
            const panel = window.jupyterapp.shell.currentWidget;
            const type = 'application/vnd.jupyter.widget-view+json';
            const outputs = Array.from(panel.content.model.cells).filter(cell => cell.type === 'code')
                .flatMap(cell => cell.outputs.toJSON()).filter(output => output.data && type in output.data);
            const views = panel.node.querySelectorAll('.jp-OutputArea-output > .jupyter-widgets');
            return views.length === outputs.length;
        }""",
        timeout=30_000,
    )
    roots = page.locator(".lt-explorer")
    return [OnPage(page, roots.nth(i)) for i in range(roots.count())]


def control_names(root) -> list[str]:
    """The names of an explorer's controls, in the order of the page."""
    return root.evaluate(
        """root => Array.from(root.querySelectorAll('[class*="lt-control-"]'), element =>
            Array.from(element.classList).find(name => name.startsWith('lt-control-')).slice(11))"""
    )


def kind(control) -> str:
    """What sort of control it is."""
    kinds = {
        "slider": "widget-slider",
        "checkbox": "widget-checkbox",
        "choice": "widget-toggle-buttons",
        "dropdown": "widget-dropdown",
    }
    classes = control.get_attribute("class").split()
    found = [name for name, css in kinds.items() if css in classes]
    assert len(found) == 1, f"a control that these tests cannot drive: {classes}"
    return found[0]


def different(explorer: OnPage, name: str, views: dict[str, View]) -> None:
    """The settings of a control have to look different from each other."""
    for (one, a), (other, b) in zip(views.items(), list(views.items())[1:], strict=False):
        assert a.pixels != b.pixels, f"{explorer.title}, {name}: the same picture for {one} and {other}"


# ------------------------------------------------------------------------------------------ sliders


def slider_place(control) -> tuple[float, float, float]:
    """Least, present and greatest place of a slider (powers for a logarithmic one), not rounded."""
    return tuple(
        control.locator(".noUi-target").evaluate(
            "({noUiSlider: s}) => [s.options.range.min, s.get(true), s.options.range.max].map(Number)"
        )
    )


def press_slider_to_ends(explorer: OnPage, name: str) -> None:
    """Home and End, and one arrow key from each end, by keyboard."""
    control = explorer.control(name)
    handle = control.locator("[role=slider]")
    views = {}
    for key, back, index in (("Home", "ArrowRight", 0), ("End", "ArrowLeft", 2)):
        place = slider_place(control)
        handle.focus()
        moves = place[1] != place[index]
        views[key] = explorer.do(f"{name}, {key}", lambda key=key: handle.press(key), answers=moves)
        place = slider_place(control)
        assert place[1] == place[index], f"{explorer.title}, {name}: {key} leads to {place[1]} of {place}"
        if place[0] < place[2]:
            explorer.do(f"{name}, {back}", lambda back=back: handle.press(back))
            assert slider_place(control)[1] != place[1], f"{explorer.title}, {name}: {back} does not move it"
            assert explorer.control(name).locator("[role=slider]:focus").count() == 1, "the focus was lost"
    if place[0] < place[2]:
        different(explorer, name, views)


def drag_slider_to_ends(explorer: OnPage, name: str) -> None:
    """Drag the handle beyond the right and beyond the left end, with the mouse."""
    control = explorer.control(name)
    mouse = explorer.page.mouse
    views = {}
    for end, index in (("right", 2), ("left", 0)):
        place = slider_place(control)
        handle = control.locator("[role=slider]")
        handle.scroll_into_view_if_needed()
        at, track = handle.bounding_box(), control.locator(".noUi-target").bounding_box()
        x, y = at["x"] + at["width"] / 2, at["y"] + at["height"] / 2
        target = track["x"] + track["width"] + 20 if end == "right" else track["x"] - 20

        def drag(x=x, y=y, target=target):
            mouse.move(x, y)
            mouse.down()
            mouse.move(target, y, steps=4)
            mouse.up()

        views[end] = explorer.do(f"{name}, dragged to the {end}", drag, answers=place[1] != place[index])
        place = slider_place(control)
        assert place[1] == place[index], f"{explorer.title}, {name}: dragging to the {end} gives {place[1]} of {place}"
    if place[0] < place[2]:
        different(explorer, name, views)


# ---------------------------------------------------------------------------- checkboxes, buttons, lists


def toggle_checkbox(explorer: OnPage, name: str, act: Callable) -> None:
    """Tick and untick, or the other way around."""
    box = explorer.control(name).locator("input[type=checkbox]")
    views = {}
    for _ in range(2):
        before = box.is_checked()
        view = explorer.do(f"{name}, toggled", lambda: act(box, "Space"))
        assert box.is_checked() != before, f"{explorer.title}, {name}: the box did not change"
        views[f"{not before}"] = view
    different(explorer, name, views)


def press_choice(explorer: OnPage, name: str, act: Callable) -> None:
    """Press each of the buttons that exclude each other, the active one last."""
    buttons = explorer.control(name).locator("button")
    active = [i for i in range(buttons.count()) if is_active(buttons.nth(i))]
    assert len(active) == 1, f"{explorer.title}, {name}: {len(active)} buttons are active"
    views = {}
    for i in [i for i in range(buttons.count()) if i not in active] + active:
        button = buttons.nth(i)
        view = explorer.do(f"{name}, {button.text_content()}", lambda button=button: act(button, "Space"))
        assert is_active(button), f"{explorer.title}, {name}: {button.text_content()} did not become active"
        views[button.text_content()] = view
    different(explorer, name, views)


def is_active(button) -> bool:
    """Whether a toggle button is the pressed one, to the eye and to a screen reader alike."""
    to_the_eye = "mod-active" in button.get_attribute("class").split()
    assert button.get_attribute("aria-pressed") == str(to_the_eye).lower(), (
        f"the button {button.text_content()!r} does not tell a screen reader whether it is pressed"
    )
    return to_the_eye


def press_dropdown_to_ends(explorer: OnPage, name: str) -> None:
    """End, Home and one arrow key, by keyboard."""
    select = explorer.control(name).locator("select")
    last = select.locator("option").count() - 1
    views = {}
    for key, index in (("End", last), ("Home", 0), ("ArrowDown", min(1, last))):
        moves = select.evaluate("select => select.selectedIndex") != index
        select.focus()
        views[key] = explorer.do(f"{name}, {key}", lambda key=key: select.press(key), answers=moves)
        assert select.evaluate("select => select.selectedIndex") == index, f"{explorer.title}, {name}: {key}"
    if last:
        different(explorer, name, {key: views[key] for key in ("End", "Home")})


def choose_options(explorer: OnPage, name: str) -> None:
    """Choose the second option of a list, the last and the first, as a click does; in a short list, every option.

    For the long lists, test_two_way.py and test_lesson_07.py try all options and look at the text of each.
    """
    select = explorer.control(name).locator("select")
    count = select.locator("option").count()
    views = {}
    for index in [*range(1, count), 0] if count <= 10 else (1, count - 1, 0):
        moves = select.evaluate("select => select.selectedIndex") != index
        views[f"option {index}"] = explorer.do(
            f"{name}, option {index}", lambda index=index: select.select_option(index=index), answers=moves
        )
    if count > 1:
        different(explorer, name, views)


# ----------------------------------------------------------------------------------------- all of them


def by_keyboard(element, key: str | None) -> None:
    """Act on an element with the keyboard: focus it, and press the key if one is given."""
    element.focus()
    if key:
        element.press(key)


def by_mouse(element, key: str | None) -> None:
    """Act on an element with the mouse."""
    element.click()


def use_by_keyboard(explorer: OnPage, name: str) -> None:
    """Move one control to its ends, by keyboard alone."""
    match kind(explorer.control(name)):
        case "slider":
            press_slider_to_ends(explorer, name)
        case "checkbox":
            toggle_checkbox(explorer, name, by_keyboard)
        case "choice":
            press_choice(explorer, name, by_keyboard)
        case "dropdown":
            press_dropdown_to_ends(explorer, name)


def use_by_mouse(explorer: OnPage, name: str) -> None:
    """Move one control to its ends, with the mouse."""
    match kind(explorer.control(name)):
        case "slider":
            drag_slider_to_ends(explorer, name)
        case "checkbox":
            toggle_checkbox(explorer, name, by_mouse)
        case "choice":
            press_choice(explorer, name, by_mouse)
        case "dropdown":
            choose_options(explorer, name)


def play(explorer: OnPage, index: int, act: Callable) -> None:
    """Start and stop the play buttons with that number; the picture has to have moved on."""
    button = explorer.root.locator(".widget-play").nth(index).locator("button").first
    before = explorer.look()
    act(button, "Space")
    explorer.wait_for_seq(before.seq + 1, "play")
    act(button, "Space")
    view = explorer.settle()
    explorer.judge(view, "play")
    assert view.pixels != before.pixels, f"{explorer.title}: play shows nothing new"


def tab_order(explorer: OnPage) -> list[str]:
    """The controls that the tabulator key reaches from the first one on, in its order."""
    explorer.control(explorer.controls[0]).locator("[tabindex='0'], input, select, button").first.focus()
    order = []
    for _ in range(100):
        inside, name = explorer.root.evaluate(
            """root => {
                const element = document.activeElement.closest('[class*="lt-control-"]');
                const name = element && Array.from(element.classList).find(c => c.startsWith('lt-control-'));
                return [root.contains(document.activeElement), name?.slice(11)];
            }"""
        )
        if not inside:
            break
        if name and name not in order[-1:]:
            order.append(name)
        explorer.page.keyboard.press("Tab")
    return order


def nameless(explorer: OnPage) -> list[str]:
    """Controls that a screen reader cannot name or read, in words."""
    lines = [line.strip() for line in explorer.root.aria_snapshot().splitlines()]
    found = [f"no name: {line}" for line in lines if re.match(rf"- ({NAMED_ROLES})\b(?! \"[^\"])", line)]
    for name in explorer.controls:
        control = explorer.control(name)
        if kind(control) == "choice" and not control.evaluate(
            "e => e.closest('[role=group]') || e.querySelector('[role=group], [role=radiogroup]')"
        ):
            found.append(f"{name}: its buttons do not belong to a group with a name")
        if kind(control) == "slider":
            told = control.locator("[role=slider]").get_attribute("aria-valuetext")
            shown = control.locator(".widget-readout").text_content()
            if told != shown:
                found.append(f"{name}: a screen reader is told {told!r}, the page shows {shown!r}")
    return found
