"""The picture of the course: one to three steps of the cell as boxes and arrows, run forward and back.

May import matplotlib, graph and the other modules of this picture.
"""

from collections.abc import Callable

from matplotlib.figure import Figure

from ..graph import Net
from . import two_way_parts as parts
from .scene import Scene, drawn
from .style import LARGE, new_page
from .two_way_layout import HEIGHT, WIDTH, lay_out
from .two_way_view import View
from .two_way_words import box_name, progress, title


def build(net: Net, direction: str = "both", flaw_marks: bool = False) -> tuple[Scene, Callable[[View], None]]:
    """Draw what stays for views of this net in this direction; return the scene and `update(view)`."""
    layout = lay_out(net.T, slots=direction != "forward")
    figure, axes = new_page(WIDTH, HEIGHT)
    scene = Scene(figure)
    parts.static(axes, layout, net, direction, flaw_marks)
    builders = [parts.build_values, parts.build_arrows, parts.build_frames]
    if direction != "forward":
        builders += [parts.build_slopes, parts.build_deltas, parts.build_flaws]
    updates = [build(scene, axes, layout) for build in builders]
    heading = scene.live(axes.text(12, 17, "", fontsize=LARGE, va="center_baseline"))

    def update(view: View) -> None:
        for each in updates:
            each(view)
        done, every = progress(view)
        by_hand = f"    ·    chosen: {box_name(view.chosen)}" if view.chosen else ""  # else it follows the slider
        heading.set_text(f"{done} of {every}   {title(view.last, net.T)}{by_hand}")

    return scene, update


def picture(view: View, flaw_marks: bool = False) -> Figure:
    """Draw a view; `flaw_marks`: with what marks wrong deltas and arrows in the legend."""
    return drawn(build(view.net, view.direction, flaw_marks), view)
