"""The shell of every explorer: labelled controls above a picture, one line of text, a place for messages.

May import controls, figures.scene and still, ipywidgets and anywidget. What the page offers to tests: the root has
the class `lt-explorer`; each control `lt-control-<name>`; the picture is `img.lt-picture`, whose `data-values` are the
values of the controls that it was drawn for, and whose `data-seq` is the number of the last picture that the kernel
has confirmed; the line of text is `.lt-text`, the message `.lt-message`, the button `.lt-reset`.

The way to the kernel and back takes several times as long as a drawing. So while a reader has hold of a slider, the
kernel draws the pictures of its next few places ahead of time. The page keeps these, and those that it has shown, and
shows a kept one at once; the kernel's answer follows in any case, and replaces it if it is another picture.
"""

import asyncio
import base64
import html
import json
import re
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as widgets
import traitlets
from IPython import get_ipython

from ..figures.scene import Scene
from ..figures.still import still
from .controls import SLIDERS, after, exact, power, said

HERE = Path(__file__).parent
AHEAD = 3  # pictures of a slider drawn ahead of time: a held key passes as many places while the kernel answers
PAUSE = 0.004  # seconds before each of them, in which the kernel hears of what the reader does meanwhile

URL = "data:image/png;base64,"
LOCK = threading.RLock()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Let a second thread wait: JupyterLab has the messages of widgets handled in two threads of the kernel."""
    with LOCK:
        yield


class Picture(anywidget.AnyWidget):
    """A PNG in an `<img>` that stays, with its line of text and its message; `seq` counts the pictures."""

    _esm = HERE / "shell.js"
    _css = HERE / "shell.css"
    url = traitlets.Unicode().tag(sync=True)  # the PNG itself, as a data URL
    alt = traitlets.Unicode().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)  # HTML
    message = traitlets.Unicode().tag(sync=True)  # plain text
    width = traitlets.Int().tag(sync=True)  # pixels of the page
    height = traitlets.Int().tag(sync=True)
    seq = traitlets.Int().tag(sync=True)
    scale = traitlets.Float(1.0).tag(sync=True)  # told by the browser: its pixels for one of ours, 0.5 to 2
    controls = traitlets.List().tag(sync=True, **widgets.widget_serialization)
    values = traitlets.List().tag(sync=True)  # of the controls, in their order, when the picture was drawn
    held = traitlets.Unicode().tag(sync=True)  # told by the browser: the name of the control that the reader holds
    plays = traitlets.List().tag(sync=True, **widgets.widget_serialization)  # pairs: play buttons, their slider
    clickable = traitlets.Bool().tag(sync=True)
    pointer = traitlets.List().tag(sync=True)  # told by the browser: x and y of a click (0 to 1), running number

    def show(self, picture: dict[str, Any]) -> None:
        """Show another picture, given as traits."""
        with self.hold_sync():  # one message to the browser
            for name, value in picture.items():
                setattr(self, name, value)
            self.seq += 1


class Explorer:
    """Controls above a picture that follows them; the last expression of a notebook cell.

    `controls` maps names to controls (see `controls`), `draw(**values)` gets their values by these names and returns a
    `Scene` and one line of text, which may be HTML. `rows` puts several controls side by side: lists of their names.
    `arrange(before, **values)` is called before `draw` with the values drawn last and the new ones; it returns what
    else to set, without a further drawing: a "max" or a "value" by names of controls, {"t": {"max": 3}}.
    `pick(axes, x, y)` is called with the place in data coordinates when somebody clicks on the picture and returns the
    values to set, by name, or None.

    `draw` and `arrange` have to give the same for the same values, as pictures are kept and drawn ahead of time.
    An exception in `draw` is shown in the message area and raised again; the last picture stays.

    `text` is the line under the picture, as HTML, `png` the picture, `message` what went wrong, empty when all is well.
    """

    def __init__(
        self,
        title: str,
        controls: Mapping[str, widgets.Widget],
        draw: Callable[..., tuple[Scene, str]],
        rows: Sequence[Sequence[str]] | None = None,
        arrange: Callable[..., dict[str, dict[str, Any]]] | None = None,
        pick: Callable[..., dict | None] | None = None,
    ):
        self.title, self.controls = title, dict(controls)
        self._draw, self._pick = draw, pick
        self._arrange = arrange or (lambda before, **values: {})
        self._held = False
        self._before: dict[str, Any] | None = None  # the values drawn last for the page
        self._scene: Scene | None = None
        self._drawn_for: dict[str, Any] | None = None  # the values that the scene shows: the page's, or others ahead
        self._ahead: dict[str, dict] = {}  # pictures drawn ahead of time, by the values of all controls
        self._turn = 0  # counts the reader's moves; after the next one nobody wants what was drawn ahead of this one
        plays = [[c.play, c] for c in self.controls.values() if hasattr(c, "play")]
        self.picture = Picture(controls=[*self.controls.values()], plays=plays, clickable=pick is not None)
        self._start = {  # what takes each control back to where it is now
            name: {trait: getattr(control, trait) for trait in ("min", "max", "value") if control.has_trait(trait)}
            for name, control in self.controls.items()
        }
        self.root = self._lay_out(rows)
        self.redraw()
        for control in self.controls.values():
            control.observe(self._changed, "value")
        self.picture.observe(self._sharpen, "scale")
        self.picture.observe(self._taken, "held")
        self.picture.observe(lambda change: self.point(*change.new[:2]), "pointer")
        _replace_earlier_run(self)

    text = property(lambda self: self.picture.text)
    png = property(lambda self: base64.b64decode(self.picture.url.removeprefix(URL)))
    message = property(lambda self: self.picture.message)

    @property
    def values(self) -> dict[str, Any]:
        """What `draw` gets: the controls' values."""
        return {name: exact(control, control.value) for name, control in self.controls.items()}

    @_one_at_a_time()
    def redraw(self) -> None:
        """Draw the picture for the present values of the controls."""
        with ExitStack() as after:  # what `arrange` sets is sent after the picture, which need not wait for it
            for control in self.controls.values():
                after.enter_context(control.hold_sync())
            values, asked = self.values, self._key()
            try:
                with self._hold():
                    self._put(self._arrange(self._before or values, **values))
                    values = self.values
                    picture = self._ahead.pop(asked, None) or self._drawn(values)
            except Exception as error:
                self.picture.message = where(error)
                raise
            self._before = values
            self.picture.show(picture | {"values": json.loads(self._key()), "message": ""})

    def _drawn(self, values: dict[str, Any]) -> dict[str, Any]:
        """The picture for these values, as traits of `Picture`."""
        self._drawn_for = values
        self._scene, text = self._draw(**values)
        width, height = self._scene.size
        return {"url": self._url(), "text": text, "alt": plain(text), "width": width, "height": height}

    def _url(self) -> str:
        return URL + base64.b64encode(self._scene.png(self.picture.scale)).decode()

    def _come_back(self) -> None:
        """Make the figure what the page shows, if a picture was drawn ahead of time."""
        if self._drawn_for != self._before:
            self._drawn(self._before)

    def _key(self, **changed: Any) -> str:
        """The values of all controls, some of them changed, as the browser knows them and without rounding errors."""
        return json.dumps([said(c, changed.get(name)) for name, c in self.controls.items()])

    def _look_ahead(self, name: str, places: Sequence[float]) -> None:
        """Draw the pictures of these places of a slider, one at a time, once the kernel has nothing else to do."""
        with suppress(RuntimeError):  # without a kernel nobody waits for a picture
            if places:
                asyncio.get_running_loop().call_later(PAUSE, self._draw_ahead, self._turn, name, places)

    @_one_at_a_time()
    def _draw_ahead(self, turn: int, name: str, places: Sequence[float]) -> None:
        if turn != self._turn:
            return
        key = self._key(**{name: places[0]})
        try:
            values = self.values | {name: places[0]}
            arranged = self._arranged(self._before, values)
            # where it matters what was before, the same values later may belong to another picture
            if key not in self._ahead and arranged == self._arranged(values, values):
                self._ahead[key] = self._drawn(arranged)
                self._ahead = dict(list(self._ahead.items())[-2 * AHEAD :])
                self.picture.send(self._ahead[key] | {"values": json.loads(key)})  # the browser keeps it
        except Exception:
            return  # not asked for yet: it is raised and shown when the reader gets there
        self._look_ahead(name, places[1:])

    def _arranged(self, before: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
        """What these values become if `arrange` is asked; the controls stay as they are."""
        wanted = self._arrange(before, **values)
        chosen = {name: traits.get("value", values[name]) for name, traits in wanted.items()}
        return values | {name: min(value, wanted[name].get("max", value)) for name, value in chosen.items()}

    @_one_at_a_time()
    def set(self, **values: Any) -> None:
        """Set several controls and draw once."""
        self._go_on()
        self._put({name: {"value": value} for name, value in values.items()})
        self.redraw()

    @_one_at_a_time()
    def reset(self) -> None:
        """Put every control back to where it started and draw once."""
        for play, _ in self.picture.plays:
            play.playing = False
        self._go_on()
        self._put(self._start)
        self.redraw()

    def _put(self, traits: dict[str, dict[str, Any]]) -> None:
        """Set traits of controls, given by name, without drawing; their order does not matter."""
        for name, wanted in traits.items():
            with self._hold(), self.controls[name].hold_trait_notifications():  # else the old range cuts values off
                for trait, value in wanted.items():
                    setattr(self.controls[name], trait, value)

    @_one_at_a_time()
    def point(self, x: float, y: float) -> None:
        """Act as for a click on the picture at x, y: 0 to 1, from the left and from the top."""
        self._come_back()
        place = self._pick and self._scene.at(x, y)
        chosen = (place and self._pick(*place)) or {}
        if any(self.controls[name].value != value for name, value in chosen.items()):
            self.set(**chosen)

    @_one_at_a_time()
    def close(self) -> None:
        """Take the explorer off the page and let go of its figure."""
        self._go_on()
        self._draw = self._arrange = self._pick = self._scene = None
        for widget in _parts(self.root):
            widget.unobserve_all()
            widget.close()

    def _repr_mimebundle_(self, **kwargs) -> dict[str, str]:
        """The live widget, and a still picture for where no kernel runs."""
        p = self.picture
        page = {"text/html": still(self.png, p.alt, p.width, p.height), "text/plain": f"{self.title} {p.alt}"}
        return self.root._repr_mimebundle_() | page

    @contextmanager
    def _hold(self) -> Iterator[None]:
        """Keep changes to the controls from drawing meanwhile."""
        before, self._held = self._held, True
        try:
            yield
        finally:
            self._held = before

    @_one_at_a_time()
    def _changed(self, change) -> None:
        if self._held:
            return
        held = self.controls.get(self.picture.held)
        self._go_on(same=change.owner is held)
        self.redraw()
        if change.owner is held and isinstance(held, SLIDERS):
            move = power(held, change.new) - power(held, change.old)
            self._look_ahead(self.picture.held, after(held, [k * move for k in range(1, AHEAD + 1)]))

    @_one_at_a_time()
    def _taken(self, change) -> None:
        slider = self.controls.get(change.new)
        if isinstance(slider, SLIDERS):
            self._go_on()
            self._look_ahead(change.new, after(slider, [slider.step, -slider.step]))

    def _go_on(self, same: bool = False) -> None:
        """Note that the reader does something else, `same` with the same slider: nothing further is drawn ahead."""
        self._turn += 1
        if not same:
            self._ahead.clear()

    @_one_at_a_time()
    def _sharpen(self, change) -> None:
        self._go_on()
        self._come_back()
        self.picture.show({"url": self._url()})

    def _lay_out(self, rows: Sequence[Sequence[str]] | None) -> widgets.VBox:
        rows = rows or [[name] for name in self.controls]
        if sorted(name for row in rows for name in row) != sorted(self.controls):
            raise ValueError(f"rows must name every control once, got {rows!r} for {list(self.controls)}")
        labels = [c.description for c in self.controls.values() if not isinstance(c, widgets.Checkbox)]
        for name, control in self.controls.items():
            control.add_class(f"lt-control-{name}")
            control.tooltip = ""  # None would show the word "null"
            # ipywidgets' own width cuts longer labels off
            control.style.description_width = f"{max(map(len, labels), default=0)}ch"
            if hasattr(control, "play"):
                control.play.add_class(f"lt-play-{name}")
        reset = widgets.Button(description="Reset", tooltip="Put every control back to where it started")
        reset.add_class("lt-reset").on_click(lambda _: self.reset())
        parts = [[self.controls[name] for name in row] for row in rows]
        parts = [[part for c in row for part in ([c, c.play] if hasattr(c, "play") else [c])] for row in parts]
        parts[-1].append(reset)
        title = widgets.HTML(f"<b>{html.escape(self.title)}</b>").add_class("lt-title")
        boxes = [widgets.HBox(row).add_class("lt-row") for row in parts]
        return widgets.VBox([title, *boxes, self.picture]).add_class("lt-explorer")


def plain(text: str) -> str:
    """Return a line of HTML as plain text."""
    return html.unescape(re.sub("</?[a-zA-Z][^>]*>", "", text))


def where(error: Exception) -> str:
    """An exception in one line: its type, its sentence, and the line of code that raised it."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(last.filename).name}, line {last.lineno}: {last.line})"


def _parts(widget: widgets.Widget) -> Iterator[widgets.Widget]:
    """Yield a widget and all that belongs to it, which ipywidgets would otherwise keep for ever."""
    for child in getattr(widget, "children", ()):
        yield from _parts(child)
    yield from (getattr(widget, name) for name in ("style", "layout", "link") if hasattr(widget, name))
    yield widget


_of_cell: dict[str, dict[str, list[Explorer]]] = {}  # what each notebook cell made, by its run


def _replace_earlier_run(explorer: Explorer) -> None:
    """Close what an earlier run of the running notebook cell made; every figure takes about 8 MB."""
    kernel = getattr(get_ipython(), "kernel", None)
    request = kernel.get_parent() if kernel else {}
    cell = request.get("metadata", {}).get("cellId")
    if cell is None:
        return
    this_run, runs = request["header"]["msg_id"], _of_cell.setdefault(cell, {})
    for run in runs.keys() - {this_run}:
        for earlier in runs.pop(run):
            earlier.close()
    runs.setdefault(this_run, []).append(explorer)
