"""A picture without controls: a figure and its one line of text, shown as an <img> with alt text.

May import matplotlib; a figure that pyplot does not know shows nothing by itself in a notebook.
"""

import base64
import html
import io

from matplotlib.figure import Figure


class Still:
    """A PNG with its line of text as alt and caption, or as alt alone; width and height in pixels of the page."""

    def __init__(self, png: bytes, text: str, width: int, height: int, caption: bool = True):
        self.png, self.text, self.width, self.height, self.caption = png, text, width, height, caption

    def _repr_mimebundle_(self, **kwargs) -> dict[str, str]:
        source, words = base64.b64encode(self.png).decode(), html.escape(self.text)
        look = f"max-width:100%;min-width:{0.7 * self.width:.0f}px;height:auto"  # a narrow page scrolls it
        caption = f"<figcaption>{words}</figcaption>" if self.caption else ""
        page = (
            f'<figure style="margin:0"><div style="overflow-x:auto"><img src="data:image/png;base64,{source}" '
            f'alt="{words}" width="{self.width}" height="{self.height}" style="{look}"></div>'
            f"{caption}</figure>"
        )
        return {"text/html": page, "text/plain": self.text}


def show(figure: Figure, text: str, caption: bool = True) -> Still:
    """Return the figure, drawn at twice its size so that it stays sharp; the last expression of a notebook cell."""
    width, height = (round(inches * figure.dpi) for inches in figure.get_size_inches())
    file = io.BytesIO()
    figure.savefig(file, dpi=2 * figure.dpi, pil_kwargs={"compress_level": 1})  # a fifth larger, faster
    return Still(file.getvalue(), text, width, height, caption)
