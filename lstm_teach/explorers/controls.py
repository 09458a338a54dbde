"""The controls of the explorers, and what the shell has to know of them. May import ipywidgets."""

import math
from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets
import traitlets

# a control takes the room there is, and a row of its own where there is little
WIDE = {"width": "auto", "flex": "1 1 320px"}
SLIDERS = widgets.IntSlider, widgets.FloatSlider, widgets.FloatLogSlider


def int_slider(label: str, value: int, min: int, max: int, step: int = 1, play_ms: int = 0) -> widgets.IntSlider:
    """Slider over whole numbers; `play_ms` adds buttons that step through them, in milliseconds a step."""
    slider = widgets.IntSlider(value, min, max, step, description=label, layout=WIDE)
    if play_ms:
        slider.play = widgets.Play(value=value, min=min, max=max, step=step, interval=play_ms, show_repeat=False)
        slider.link = widgets.jsdlink((slider.play, "value"), (slider, "value"))  # the way back: shell.js
        for end in ("min", "max"):
            traitlets.dlink((slider, end), (slider.play, end))
    return slider


def float_slider(label: str, value: float, min: float, max: float, step: float = 0.1) -> widgets.FloatSlider:
    """Slider over real numbers."""
    return widgets.FloatSlider(value, min=min, max=max, step=step, description=label, layout=WIDE)


def log_slider(
    label: str, value: float, low: float, high: float, step: float = 0.1, format: str = ".1e"
) -> widgets.FloatLogSlider:
    """Slider over 10 ** low to 10 ** high; `step` one of the power, `format` a d3 format for the number beside it."""
    look = {"description": label, "readout_format": format, "layout": WIDE}
    return widgets.FloatLogSlider(value, min=low, max=high, step=step, **look)


def checkbox(label: str) -> widgets.Checkbox:
    """Box to tick; its label may be HTML."""
    layout = {"width": "auto"}
    return widgets.Checkbox(description=label, description_allow_html=True, indent=False, layout=layout)


def choice(label: str, options: Sequence) -> widgets.ToggleButtons:
    """Two to four options side by side: words, or (words, value) pairs; the first is chosen."""
    layout = WIDE | {"flex": "1 0 auto"}  # its buttons stay side by side
    return widgets.ToggleButtons(options=options, description=label, layout=layout)


def dropdown(label: str, options: Sequence, value: Any = None) -> widgets.Dropdown:
    """Choose one of many: words, or (words, value) pairs; the first is chosen unless given."""
    chosen = {} if value is None else {"value": value}
    return widgets.Dropdown(options=options, **chosen, description=label, layout=WIDE)


def said(control: widgets.Widget, place: float | None = None) -> Any:
    """A control's value, or a place of a slider, as shell.js knows it: of options the index."""
    value = place if place is not None else control.index if control.has_trait("index") else control.value
    return exact(control, value)


def exact(control: widgets.Widget, value: Any) -> Any:
    """A number without the rounding errors that a slider adds up in steps of 0.1: 0, not -2.8e-17."""
    if not isinstance(value, float):
        return value
    return float(f"{value:.10g}") if isinstance(control, widgets.FloatLogSlider) else round(value, 10) + 0.0


def power(slider: widgets.Widget, value: float) -> float:
    """Where a value is on a slider; on a logarithmic one, its power."""
    return math.log(value, slider.base) if isinstance(slider, widgets.FloatLogSlider) else value


def after(slider: widgets.Widget, moves: Sequence[float]) -> list[float]:
    """The values of a slider after each of these moves from where it is, without those beyond its ends."""
    places = [power(slider, slider.value) + move for move in moves]
    places = [place for place in places if slider.min <= place <= slider.max]
    logarithmic = isinstance(slider, widgets.FloatLogSlider)
    return [exact(slider, slider.base**place if logarithmic else place) for place in places]
