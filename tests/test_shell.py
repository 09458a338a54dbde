"""The shell of the explorers, driven by its controls' values without a kernel or a browser."""

import asyncio
import base64
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import ipywidgets
import nbformat
import pytest
from nbconvert import HTMLExporter

from lstm_teach.explorers import shell
from lstm_teach.explorers.controls import checkbox, choice, dropdown, float_slider, int_slider, log_slider
from lstm_teach.explorers.shell import Explorer
from lstm_teach.figures.scene import Scene
from lstm_teach.figures.style import new_figure
from tests.scenes import pixels


class Demo:
    """An explorer with a marker that moves, and a note of every drawing."""

    def __init__(self, **options):
        figure = new_figure(300, 200, layout=None)
        self.axes = figure.add_axes((0.1, 0.1, 0.8, 0.8), xlim=(0, 10), ylim=(0, 10))
        (self.dot,) = self.axes.plot([0], [5], "o")
        self.scene = Scene(figure, self.dot)
        self.drawn = []
        self.error = None
        controls = {
            "step": int_slider("Step t", 2, 0, 4, play_ms=100),
            "bias": float_slider("A rather long label for a forget-gate bias", 1.0, -1, 3),
            "length": int_slider("Length T", 5, 1, 9),
            "kind": choice("Pass", ["right", "broken"]),
            "gate": dropdown("Gate", [("input gate", "i"), ("forget gate", "f")], "f"),
            "split": checkbox("Split"),
            "scale": log_slider("Weight scale", 0.1, -3, 1),
        }

        def arrange(before, length, **others):
            return {"step": {"max": length - 1}}

        self.explorer = Explorer("A title", controls, self.draw, arrange=arrange, **options)

    def draw(self, **values):
        if self.error:
            raise self.error
        self.drawn.append(values)
        self.dot.set_data([values["step"]], [values["bias"]])
        return self.scene, f"Step {values['step']} of {values['length']}, <b>bias</b> {values['bias']} &lt; 9"


@pytest.fixture
def demo():
    demo = Demo()
    yield demo
    demo.explorer.close()


def test_draw_gets_every_control_by_name(demo):
    assert demo.drawn == [
        {"step": 2, "bias": 1, "length": 5, "kind": "right", "gate": "f", "split": False, "scale": 0.1}
    ]
    assert demo.explorer.values == demo.drawn[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [("step", 3), ("bias", 2.5), ("length", 3), ("kind", "broken"), ("gate", "i"), ("split", True), ("scale", 1)],
)
def test_every_change_draws_exactly_once(demo, name, value):
    before = demo.explorer.picture.seq
    demo.explorer.controls[name].value = value
    assert len(demo.drawn) == 2
    assert demo.explorer.picture.seq == before + 1


def test_the_picture_its_text_and_its_alt_follow(demo):
    before = demo.explorer.png
    demo.explorer.controls["step"].value = 3
    assert demo.explorer.text == "Step 3 of 5, <b>bias</b> 1.0 &lt; 9"
    assert demo.explorer.picture.alt == "Step 3 of 5, bias 1.0 < 9"
    assert (pixels(before) != pixels(demo.explorer.png)).any()
    assert (demo.explorer.picture.width, demo.explorer.picture.height) == (300, 200)


def test_a_shorter_sequence_moves_the_step_without_a_second_drawing(demo):
    demo.explorer.controls["step"].value = 4
    demo.explorer.controls["length"].value = 2
    assert len(demo.drawn) == 3
    assert demo.drawn[-1]["step"] == demo.explorer.controls["step"].value == 1
    assert demo.explorer.controls["step"].play.max == 1


def test_a_control_that_is_changed_in_draw_does_not_draw_again():
    drawn = []

    def draw(a):
        drawn.append(a)
        explorer_controls["a"].value = a + 1
        return new_scene(), "text"

    explorer_controls = {"a": int_slider("a", 0, 0, 9)}
    explorer = Explorer("t", explorer_controls, draw)
    explorer.controls["a"].value = 5
    assert drawn == [0, 5]
    explorer.close()


def new_scene() -> Scene:
    return Scene(new_figure(40, 30))


@pytest.mark.parametrize("error", [RuntimeError("the weights are gone"), ValueError("bad value in draw")])
def test_an_exception_in_draw_is_shown_and_raised_and_keeps_the_picture(demo, error):
    png = demo.explorer.png
    demo.error = error
    with pytest.raises(type(error), match=str(error)):
        demo.explorer.controls["step"].value = 3
    assert demo.explorer.message.startswith(f"{type(error).__name__}: {error} (test_shell.py, line ")
    assert demo.explorer.message.endswith("raise self.error)")
    assert demo.explorer.png == png
    demo.error = None
    demo.explorer.controls["step"].value = 1
    assert demo.explorer.message == ""
    assert demo.explorer.text.startswith("Step 1")


def test_set_changes_several_controls_and_draws_once(demo):
    demo.explorer.set(step=4, bias=0.0, split=True)
    assert len(demo.drawn) == 2
    assert demo.explorer.text.startswith("Step 4 of 5, <b>bias</b> 0.0")


def test_reset_puts_everything_back_and_draws_once(demo):
    png = demo.explorer.png
    demo.explorer.set(length=1, bias=3.0, kind="broken", gate="i", split=True, scale=1)
    demo.explorer.controls["step"].play.playing = True
    assert demo.explorer.controls["step"].max == 0
    demo.explorer.reset()
    assert len(demo.drawn) == 3
    assert demo.drawn[-1] == demo.drawn[0]
    assert demo.explorer.controls["step"].max == 4
    assert not demo.explorer.controls["step"].play.playing
    assert demo.explorer.png == png


def test_reset_finds_the_way_back_from_a_range_beyond_the_first():
    explorer = Explorer("t", {"a": int_slider("a", 2, 0, 4)}, lambda a: (new_scene(), f"a is {a}"))
    slider = explorer.controls["a"]
    slider.max = 20
    slider.min = slider.value = 10
    explorer.reset()
    assert (slider.min, slider.value, slider.max, explorer.text) == (0, 2, 4, "a is 2")
    slider.min = -20
    slider.max = -10
    explorer.reset()
    assert (slider.min, slider.value, slider.max, explorer.text) == (0, 2, 4, "a is 2")
    explorer.close()


def test_reset_clears_a_message_even_if_the_controls_did_not_change(demo):
    demo.error = RuntimeError("once")
    with pytest.raises(RuntimeError):
        demo.explorer.redraw()
    demo.error = None
    demo.explorer.reset()
    assert demo.explorer.message == ""


def test_the_reset_button_resets(demo):
    demo.explorer.controls["step"].value = 4
    (button,) = (w for w in shell._parts(demo.explorer.root) if isinstance(w, ipywidgets.Button))
    button.click()
    assert demo.explorer.controls["step"].value == 2


def test_a_click_sets_controls_through_data_coordinates():
    demo = Demo(pick=lambda axes, x, y: {"step": round(x), "bias": round(y)} if axes is demo.axes else None)
    demo.explorer.point(0.1 + 0.8 * 0.4, 0.9 - 0.8 * 0.2)
    assert (demo.drawn[-1]["step"], demo.drawn[-1]["bias"]) == (4, 2)
    demo.explorer.point(0.01, 0.5)  # outside the axes
    assert len(demo.drawn) == 2
    demo.explorer.point(0.1 + 0.8 * 0.41, 0.9 - 0.8 * 0.21)  # the same step and bias: nothing to draw
    assert len(demo.drawn) == 2
    demo.explorer.picture.pointer = [0.12, 0.88, 1]  # as the browser tells it
    assert demo.drawn[-1]["step"] == 0
    assert demo.explorer.picture.clickable
    demo.explorer.close()


def test_a_click_does_nothing_unless_asked_for(demo):
    assert not demo.explorer.picture.clickable
    demo.explorer.point(0.5, 0.5)
    assert len(demo.drawn) == 1


def test_a_finer_screen_gets_more_pixels_without_another_computation(demo):
    demo.explorer.picture.scale = 2.0
    assert pixels(demo.explorer.png).shape[:2] == (400, 600)
    assert (demo.explorer.picture.width, demo.explorer.picture.height) == (300, 200)
    demo.explorer.controls["step"].value = 0
    assert pixels(demo.explorer.png).shape[:2] == (400, 600)
    assert len(demo.drawn) == 2
    demo.explorer.picture.message = "kept"
    demo.explorer.picture.scale = 1.0
    assert pixels(demo.explorer.png).shape[:2] == (200, 300)
    assert demo.explorer.message == "kept"


def test_labels_have_room_and_rows_are_checked(demo):
    for control in demo.explorer.controls.values():
        assert control.style.description_width == f"{len('A rather long label for a forget-gate bias')}ch"
    with pytest.raises(ValueError, match="rows must name every control once"):
        Explorer("t", {"a": int_slider("a", 0, 0, 1), "b": checkbox("b")}, lambda **v: (new_scene(), ""), rows=[["a"]])


def test_each_part_has_the_class_that_tests_look_for(demo):
    classes = {name for widget in shell._parts(demo.explorer.root) for name in getattr(widget, "_dom_classes", ())}
    assert {"lt-explorer", "lt-title", "lt-reset", *(f"lt-control-{n}" for n in demo.explorer.controls)} <= classes
    source = str(shell.Picture._esm)
    for name in ("lt-picture", "lt-text", "lt-message"):
        assert f'"{name}"' in source


def test_a_notebook_output_keeps_its_picture_without_a_kernel(demo):
    bundle = demo.explorer._repr_mimebundle_()
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("x", outputs=[nbformat.v4.new_output("display_data", bundle)])]
    )
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert base64.b64encode(demo.explorer.png).decode() in page
    assert 'alt="Step 2 of 5, bias 1.0 &lt; 9"' in page
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == demo.explorer.root.model_id
    assert bundle["text/plain"] == "A title Step 2 of 5, bias 1.0 < 9"


def test_closing_leaves_no_widget_behind():
    before = set(ipywidgets.widgets.widget._instances)
    demo = Demo()
    assert len(ipywidgets.widgets.widget._instances) > len(before) + 10
    demo.explorer.close()
    assert set(ipywidgets.widgets.widget._instances) == before


def test_a_cell_that_runs_again_closes_what_it_made_before(monkeypatch):
    class Kernel:
        request = None

        def get_parent(self):
            return self.request

    class Shell:
        kernel = Kernel()

    def run(cell: str, number: int) -> Demo:
        Kernel.request = {"metadata": {"cellId": cell}, "header": {"msg_id": f"{number}"}}
        return Demo()

    monkeypatch.setattr(shell, "get_ipython", Shell)
    monkeypatch.setattr(shell, "_of_cell", {})
    first, twin, other = run("a", 1), run("a", 1), run("b", 2)
    assert all(d.explorer.root.comm is not None for d in (first, twin, other))
    again = run("a", 3)
    assert first.explorer.root.comm is None
    assert twin.explorer.root.comm is None
    assert other.explorer.root.comm is not None
    again.explorer.close()
    other.explorer.close()


@pytest.mark.parametrize("act", ["change", "reset"])
def test_what_a_second_thread_wants_during_a_drawing_is_drawn_after_it(demo, act):
    inside, together = [], []
    png = demo.scene.png

    def move():
        if act == "reset":
            demo.explorer.reset()
        else:
            demo.explorer.controls["bias"].value = 3.0

    second = threading.Thread(target=move)

    def slow_png(*arguments):
        together.extend(inside)
        inside.append("a drawing")
        if not second.ident:
            second.start()
            second.join(0.3)  # time to get in between, if it can
        try:
            return png(*arguments)
        finally:
            inside.pop()

    demo.scene.png = slow_png
    demo.explorer.controls["step"].value = 4
    second.join()
    assert together == []
    assert (demo.drawn[-1]["step"], demo.drawn[-1]["bias"]) == ((2, 1.0) if act == "reset" else (4, 3.0))


def test_pyplot_is_not_needed():
    code = (
        "import sys, lstm_teach.explorers.set_up as s; s.set_up_check(); sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_picture_is_sent_before_what_the_controls_are_set_to(monkeypatch):
    def arrange(before, a, **others):
        return {"b": {"max": a}}

    explorer = Explorer(
        "t", {"a": int_slider("a", 2, 1, 4), "b": int_slider("b", 0, 0, 2)}, lambda a, b: (new_scene(), f"{a}"),
        arrange=arrange,
    )  # fmt: skip
    sent = []
    for widget in (explorer.picture, explorer.controls["b"]):
        send = lambda key=None, widget=widget: sent.append(widget)  # noqa: E731
        monkeypatch.setattr(widget, "send_state", send)
    explorer.controls["a"].value = 4
    assert sent and sent[0] is explorer.picture and sent[-1] is explorer.controls["b"]
    explorer.close()


# ------------------------------------------------------------------------------------ ahead of time


def ahead_of_time(demo: Demo, monkeypatch, *actions) -> list[dict]:
    """Carry out actions with time between them, as in a kernel; return what the browser was handed to keep."""
    handed = []

    def send(content):
        handed.append({**content, "png": base64.b64decode(content["url"].partition(",")[2])})

    async def kernel():
        for action in actions:
            action()
            before = None
            while before != (before := len(handed)):
                await asyncio.sleep(0.1)

    monkeypatch.setattr(demo.explorer.picture, "send", send)
    with ThreadPoolExecutor() as pool:  # a browser that other tests opened has this thread's loop
        pool.submit(asyncio.run, kernel()).result()
    return handed


def places(handed: list[dict], control: int = 0) -> list:
    return [picture["values"][control] for picture in handed]


def test_a_slider_that_is_taken_hold_of_has_its_neighbors_drawn(demo, monkeypatch):
    take = lambda: demo.explorer.picture.set_trait("held", "step")  # noqa: E731
    handed = ahead_of_time(demo, monkeypatch, take)
    assert places(handed) == [3, 1]
    assert handed[0]["text"] == "Step 3 of 5, <b>bias</b> 1.0 &lt; 9"
    assert handed[0]["alt"] == "Step 3 of 5, bias 1.0 < 9"
    seq = demo.explorer.picture.seq
    demo.explorer.controls["step"].value = 3
    assert demo.explorer.picture.seq == seq + 1
    assert demo.explorer.png == handed[0]["png"]
    assert demo.explorer.picture.values == handed[0]["values"]


def test_what_a_slider_passes_next_is_drawn_once_and_ends_with_its_range(demo, monkeypatch):
    step = demo.explorer.controls["step"]
    moves = [
        lambda: demo.explorer.picture.set_trait("held", "step"),
        *(lambda v=v: step.set_trait("value", v) for v in (1, 0, 1, 2)),
    ]
    handed = ahead_of_time(demo, monkeypatch, *moves)
    assert places(handed) == [3, 1, 0, 2, 4]  # going down 0; going up 2 and 4, as 3 was there from the start
    assert [values["step"] for values in demo.drawn] == [2, 3, 1, 0, 1, 2, 4]  # only the second 1 was asked for


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [("bias", [1.1, 1.3], [1.2, 1.3, 1.4, 1.5, 1.7, 1.9]), ("scale", [0.2, 0.4], [0.4, 0.8, 1.6, 0.8, 1.6, 3.2])],
)
def test_numbers_and_powers_go_on_as_they_went(demo, monkeypatch, name, values, expected):
    slider = demo.explorer.controls[name]
    demo.explorer.picture.held = name
    handed = ahead_of_time(demo, monkeypatch, *(lambda v=v: slider.set_trait("value", v) for v in values))
    known = list(dict.fromkeys(places(handed, list(demo.explorer.controls).index(name))))
    assert known == pytest.approx(list(dict.fromkeys(expected)))


def test_nothing_is_drawn_ahead_for_a_slider_that_nobody_holds(demo, monkeypatch):
    move = lambda: demo.explorer.controls["bias"].set_trait("value", 2.0)  # noqa: E731
    assert ahead_of_time(demo, monkeypatch, lambda: demo.explorer.picture.set_trait("held", "kind"), move) == []
    assert len(demo.drawn) == 2


def test_what_the_reader_does_next_ends_the_drawing_ahead(demo, monkeypatch):
    def take_and_leave():
        demo.explorer.picture.held = "step"
        demo.explorer.controls["bias"].value = 2.0

    assert ahead_of_time(demo, monkeypatch, take_and_leave) == []
    assert len(demo.drawn) == 2


def test_a_place_at_which_another_control_moves_is_drawn_with_that_but_found_by_what_the_reader_moved(monkeypatch):
    def arrange(before, a, **others):
        return {"b": {"max": min(a, 2)}}

    controls = {"a": int_slider("a", 3, 0, 4), "b": int_slider("b", 1, 0, 2)}
    drawn = []
    explorer = Explorer("t", controls, lambda a, b: (new_scene(), f"{drawn.append((a, b))} {a} {b}"), arrange=arrange)
    demo = type("", (), {"explorer": explorer})
    moves = [lambda: explorer.picture.set_trait("held", "a"), lambda: controls["a"].set_trait("value", 2)]
    handed = ahead_of_time(demo, monkeypatch, *moves)
    assert [picture["values"] for picture in handed] == [[4, 1], [2, 1], [1, 1], [0, 1]]
    assert handed[-1]["text"] == "None 0 0"
    assert (controls["b"].value, controls["b"].max) == (1, 2)
    before = len(drawn)
    controls["a"].value = 0
    assert len(drawn) == before and explorer.picture.values == [0, 0] and controls["b"].value == 0
    explorer.close()


def test_a_place_that_belongs_to_another_picture_when_it_is_reached_in_another_way_is_not_drawn_ahead(monkeypatch):
    def arrange(before, a, b):
        return {"b": {"value": 0}} if before["a"] != a and before["b"] == b else {}  # moved alone: b starts anew

    controls = {"a": int_slider("a", 3, 0, 4), "b": int_slider("b", 2, 0, 2)}
    explorer = Explorer("t", controls, lambda a, b: (new_scene(), f"{a} {b}"), arrange=arrange)
    demo = type("", (), {"explorer": explorer})
    moves = [lambda: explorer.picture.set_trait("held", "a"), lambda: controls["a"].set_trait("value", 2)]
    handed = ahead_of_time(demo, monkeypatch, *moves)
    assert [picture["values"] for picture in handed] == [
        [1, 0],
        [0, 0],
    ]  # none with b = 2, from which b would start anew
    assert explorer.text == "2 0"
    explorer.close()


def test_an_error_ahead_of_time_is_shown_only_to_who_gets_there(demo, monkeypatch):
    def fail():
        demo.error = RuntimeError("no such step")
        demo.explorer.picture.held = "step"

    assert ahead_of_time(demo, monkeypatch, fail) == []
    assert demo.explorer.message == ""
    with pytest.raises(RuntimeError, match="no such step"):
        demo.explorer.controls["step"].value = 3
    assert demo.explorer.message.startswith("RuntimeError: no such step")


def test_another_control_or_a_finer_screen_makes_what_was_drawn_ahead_worthless(demo, monkeypatch):
    take = lambda: demo.explorer.picture.set_trait("held", "step")  # noqa: E731
    ahead_of_time(demo, monkeypatch, take, lambda: demo.explorer.picture.set_trait("scale", 2.0))
    shown = pixels(demo.explorer.png)
    assert shown.shape[:2] == (400, 600)
    demo.explorer.controls["step"].value = 3
    assert pixels(demo.explorer.png).shape[:2] == (400, 600)
    demo.explorer.controls["step"].value = 2
    assert (pixels(demo.explorer.png) == shown).all()


def test_a_click_is_meant_for_the_picture_that_is_shown_not_for_one_drawn_ahead(monkeypatch):
    demo = Demo(pick=lambda axes, x, y: {"bias": float(demo.dot.get_xdata()[0])})
    take = lambda: demo.explorer.picture.set_trait("held", "step")  # noqa: E731
    ahead_of_time(demo, monkeypatch, take, lambda: demo.explorer.point(0.5, 0.5))
    assert demo.explorer.controls["bias"].value == 2  # the dot is at step 2, ahead were 3 and 1
    demo.explorer.close()


def test_values_are_told_apart_however_small_but_not_by_rounding_errors():
    controls = {"rate": log_slider("Rate", 1e-16, -16, 0), "bias": float_slider("Bias", 0.3, -1, 1)}
    explorer = Explorer("t", controls, lambda rate, bias: (new_scene(), f"{rate}"))
    assert explorer.picture.values == [1e-16, 0.3]
    explorer.set(rate=1.2589254117941e-16, bias=0.1 + 0.2)
    assert explorer.picture.values == [1.258925412e-16, 0.3]
    explorer.set(bias=0.3 - 0.1 - 0.2)
    assert explorer.picture.values[1] == 0 and f"{explorer.values['bias']:.2f}" == "0.00"  # not -0.00
    explorer.close()
