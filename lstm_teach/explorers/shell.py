"""The shell of every explorer: labelled controls above a picture, one line of text, a place for messages.

May import figures.scene, ipywidgets and anywidget. What the page offers to tests: the root has the class
`lt-explorer`; each control `lt-control-<name>`; the picture is `img.lt-picture`, whose `data-seq` is the
number of the picture shown; the line of text is `.lt-text`, the message `.lt-message`, the button
`.lt-reset`.
"""

import base64
import html
import re
import struct
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as widgets
import traitlets

from ..figures.scene import Scene

HERE = Path(__file__).parent
WIDE = {
    "width": "auto",
    "flex": "1 1 320px",
}  # takes the room there is, and a row of its own where there is little


class Picture(anywidget.AnyWidget):
    """A PNG in an `<img>` that stays, with its line of text and its message; `seq` counts the pictures."""

    _esm = HERE / "shell.js"
    _css = HERE / "shell.css"
    png = traitlets.Bytes().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)  # HTML
    message = traitlets.Unicode().tag(sync=True)  # plain text
    width = traitlets.Int().tag(sync=True)  # pixels of the page
    height = traitlets.Int().tag(sync=True)
    seq = traitlets.Int().tag(sync=True)
    device_pixel_ratio = traitlets.Float(1.0).tag(sync=True)  # told by the browser, 1 to 2
    pointer_events = traitlets.List(traitlets.Enum(["click", "move"])).tag(sync=True)
    pointer = traitlets.List().tag(sync=True)  # told by the browser: kind, x, y (0 to 1), running number

    def show(self, png: bytes, text: str, size: tuple[int, int] | None = None) -> None:
        """Show another picture; `size` in pixels of the page is the size of the PNG unless given."""
        width, height = size or struct.unpack(">II", png[16:24])
        with self.hold_sync():
            self.png, self.text, self.alt, self.message = png, text, plain(text), ""
            self.width, self.height = width, height
            self.seq += 1


class Explorer:
    """Controls above a picture that follows them; the last expression of a notebook cell.

    `controls` maps names to controls (see the functions below), `draw(**values)` gets their values by these
    names and returns a `Scene` (or PNG bytes) and one line of text, which may be HTML. `rows` puts several
    controls side by side: lists of their names. `arrange(controls, **values)` is called before `draw` and may
    set other controls (the maximum of a slider, say) without a further drawing. `pick(axes, x, y)` is called
    with the place in data coordinates when somebody clicks on the picture (`hover=True`: or moves over it)
    and returns the values to set, by name, or None.

    An exception in `draw` is shown in the message area and raised again; a ValueError of a text field's
    `parse` is the reader's own input and is only shown. Both keep the last picture.
    """

    def __init__(
        self,
        title: str,
        controls: Mapping[str, widgets.Widget],
        draw: Callable[..., tuple[Scene | bytes, str]],
        rows: Sequence[Sequence[str]] | None = None,
        arrange: Callable[..., None] | None = None,
        pick: Callable[..., dict | None] | None = None,
        hover: bool = False,
    ):
        self.title, self.controls = title, dict(controls)
        self._draw, self._arrange, self._pick = draw, arrange, pick
        self._scene: Scene | None = None
        self._held = False
        self.picture = Picture()
        if pick:
            self.picture.pointer_events = ["click", "move"] if hover else ["click"]
        self._start = {name: _state(control) for name, control in self.controls.items()}
        self.root = self._lay_out(rows)
        self.redraw()
        for control in self.controls.values():
            control.observe(self._changed, "value")
        self.picture.observe(self._sharpen, "device_pixel_ratio")
        self.picture.observe(self._pointed, "pointer")

    @property
    def text(self) -> str:
        """The line under the picture, as HTML."""
        return self.picture.text

    @property
    def png(self) -> bytes:
        """The picture that is shown."""
        return self.picture.png

    @property
    def message(self) -> str:
        """What the message area says; empty when all is well."""
        return self.picture.message

    @property
    def values(self) -> dict[str, Any]:
        """What `draw` gets: the controls' values, those of text fields parsed (may raise ValueError)."""
        return {name: parsed(control) for name, control in self.controls.items()}

    def redraw(self) -> None:
        """Draw the picture for the controls as they stand."""
        try:
            with self._hold():
                if not self._check_input():
                    return
                if self._arrange:
                    self._arrange(self.controls, **self.values)
                drawn, text = self._draw(**self.values)
                self._scene = drawn if isinstance(drawn, Scene) else None
                size = self._scene and self._scene.size
                png = self._scene.png(self.picture.device_pixel_ratio) if self._scene else drawn
        except Exception as error:
            self.picture.message = where(error)
            raise
        self.picture.show(png, text, size)

    def set(self, **values: Any) -> None:
        """Set several controls and draw once."""
        with self._hold():
            for name, value in values.items():
                self.controls[name].value = value
        self.redraw()

    def reset(self) -> None:
        """Put every control back to where it started and draw once."""
        with self._hold():
            for name, control in self.controls.items():
                if hasattr(control, "play"):
                    control.play.playing = False
                _restore(control, self._start[name])
        self.redraw()

    def point(self, x: float, y: float) -> None:
        """Act as for a click on the picture at x, y: 0 to 1, from the left and from the top."""
        place = self._scene and self._pick and self._scene.at(x, y)
        chosen = place and self._pick(*place)
        if chosen:
            self.set(**chosen)

    def close(self) -> None:
        """Take the explorer off the page and let go of its figure."""
        self._draw = self._arrange = self._pick = self._scene = None
        for widget in _descendants(self.root):
            widget.close()

    def _repr_mimebundle_(self, **kwargs) -> dict[str, str]:
        """The live widget, and a still picture for where no kernel runs."""
        source = base64.b64encode(self.png).decode()
        p = self.picture
        still = (
            f'<figure><img src="data:image/png;base64,{source}" alt="{html.escape(p.alt)}" '
            f'width="{p.width}" height="{p.height}" style="max-width: 100%; height: auto">'
            f"<figcaption>{p.text}</figcaption></figure>"
        )
        return self.root._repr_mimebundle_() | {"text/html": still, "text/plain": f"{self.title} {p.alt}"}

    @contextmanager
    def _hold(self) -> Iterator[None]:
        before, self._held = self._held, True
        try:
            yield
        finally:
            self._held = before

    def _changed(self, change) -> None:
        if not self._held:
            self.redraw()

    def _sharpen(self, change) -> None:
        if self._scene:
            self.picture.show(self._scene.png(change.new), self.text, self._scene.size)

    def _pointed(self, change) -> None:
        _, x, y, _ = change.new
        self.point(x, y)

    def _check_input(self) -> bool:
        """Say what is wrong with a text field; True if nothing is."""
        wrong = ""
        for control in self.controls.values():
            try:
                parsed(control)
            except ValueError as error:
                wrong = wrong or str(error)
                control.add_class("lt-invalid")
            else:
                if hasattr(control, "parse"):
                    control.remove_class("lt-invalid")
        self.picture.message = wrong
        return not wrong

    def _lay_out(self, rows: Sequence[Sequence[str]] | None) -> widgets.VBox:
        rows = rows or [[name] for name in self.controls]
        labels = [c.description for c in self.controls.values() if not isinstance(c, widgets.Checkbox)]
        width = f"{max(map(len, labels), default=0)}ch"  # ipywidgets' own width cuts longer labels off
        for name, control in self.controls.items():
            control.add_class(f"lt-control-{name}")
            if hasattr(control.style, "description_width"):
                control.style.description_width = width
        reset = widgets.Button(description="Reset", tooltip="Put every control back to where it started")
        reset.add_class("lt-reset")
        reset.on_click(lambda _: self.reset())
        boxes = [[box for name in row for box in _with_play(self.controls[name])] for row in rows]
        boxes = boxes or [[]]
        boxes[-1].append(reset)
        title = widgets.HTML(f"<b>{html.escape(self.title)}</b>")
        root = widgets.VBox([title, *(widgets.HBox(box).add_class("lt-row") for box in boxes), self.picture])
        return root.add_class("lt-explorer")


# ------------------------------------------------------------------------------------------ controls


def int_slider(
    label: str, value: int, min: int, max: int, step: int = 1, play_ms: int | None = None
) -> widgets.IntSlider:
    """Slider over whole numbers; `play_ms` adds buttons that step through them, in milliseconds a step."""
    slider = widgets.IntSlider(value, min, max, step, description=label, layout=WIDE)
    if play_ms:
        slider.play = widgets.Play(value=value, min=min, max=max, step=step, interval=play_ms, show_repeat=False)
        widgets.jslink((slider.play, "value"), (slider, "value"))
        for end in ("min", "max"):
            traitlets.dlink((slider, end), (slider.play, end))
    return slider


def float_slider(
    label: str, value: float, min: float, max: float, step: float = 0.1, format: str = ".2f"
) -> widgets.FloatSlider:
    """Slider over real numbers; `format` is a d3 format for the number beside it."""
    return widgets.FloatSlider(
        value,
        min=min,
        max=max,
        step=step,
        description=label,
        readout_format=format,
        layout=WIDE,
    )


def log_slider(
    label: str, value: float, min_power: float, max_power: float, step: float = 0.1, format: str = ".1e"
) -> widgets.FloatLogSlider:
    """Slider over 10 ** min_power to 10 ** max_power; `step` is a step of the power."""
    return widgets.FloatLogSlider(
        value,
        min=min_power,
        max=max_power,
        step=step,
        description=label,
        readout_format=format,
        layout=WIDE,
    )


def checkbox(label: str, value: bool = False) -> widgets.Checkbox:
    """Box to tick."""
    return widgets.Checkbox(value, description=label, indent=False, layout={"width": "auto"})


def choice(label: str, options: Sequence, value: Any = None) -> widgets.ToggleButtons:
    """Two to four options side by side: words, or (words, value) pairs."""
    return widgets.ToggleButtons(options=options, **_chosen(value), description=label, layout={"width": "auto"})


def dropdown(label: str, options: Sequence, value: Any = None) -> widgets.Dropdown:
    """Choose one of many: words, or (words, value) pairs."""
    return widgets.Dropdown(options=options, **_chosen(value), description=label, layout={"width": "auto"})


def text(label: str, value: str, parse: Callable[[str], Any] = str, hint: str = "") -> widgets.Text:
    """Line to type in; `parse` turns it into the value for `draw`, its ValueError is shown to the reader."""
    field = widgets.Text(
        value,
        description=label,
        placeholder=hint,
        continuous_update=True,
        layout=WIDE,
    )
    field.parse = parse
    return field


def _chosen(value: Any) -> dict:
    return {} if value is None else {"value": value}


def _with_play(control: widgets.Widget) -> list[widgets.Widget]:
    return [control, control.play] if hasattr(control, "play") else [control]


def parsed(control: widgets.Widget) -> Any:
    """The value of a control as `draw` gets it."""
    return control.parse(control.value) if hasattr(control, "parse") else control.value


def plain(text: str) -> str:
    """Return a line of HTML as plain text."""
    return html.unescape(re.sub(r"<[^>]+>", "", text))


def where(error: Exception) -> str:
    """An exception in one line: its type, its sentence, and the line of code that raised it."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(last.filename).name}, line {last.lineno}: {last.line})"


def _state(control: widgets.Widget) -> dict[str, Any]:
    return {name: getattr(control, name) for name in ("options", "min", "max", "value") if control.has_trait(name)}


def _restore(control: widgets.Widget, state: dict[str, Any]) -> None:
    state = dict(state)
    if "options" in state and control.options != state["options"]:
        control.options = state["options"]
    state.pop("options", None)
    with control.hold_trait_notifications():
        for name, value in state.items():
            setattr(control, name, value)


def _descendants(widget: widgets.Widget) -> Iterator[widgets.Widget]:
    for child in getattr(widget, "children", ()):
        yield from _descendants(child)
    for name in ("style", "layout"):
        if hasattr(widget, name):
            yield getattr(widget, name)
    yield widget
