"""A picture without controls: a figure and its one line of text, shown as an <img> with alt text.

May import matplotlib; a figure that pyplot does not know shows nothing by itself in a notebook.
"""

import base64
import html
import io

from IPython.display import HTML
from matplotlib.figure import Figure


def still(png: bytes, text: str, width: int, height: int) -> str:
    """A PNG as HTML, its line of text as alt and caption; width and height in pixels of the page."""
    source, words = base64.b64encode(png).decode(), html.escape(text)
    look = f"max-width:100%;min-width:{0.7 * width:.0f}px;height:auto"  # a narrow page scrolls it
    return (
        f'<figure style="margin:0"><div style="overflow-x:auto"><img src="data:image/png;base64,{source}" '
        f'alt="{words}" width="{width}" height="{height}" style="{look}"></div>'
        f"<figcaption>{words}</figcaption></figure>"
    )


def show(figure: Figure, text: str) -> HTML:
    """Return the figure, drawn at twice its size so that it stays sharp; the last expression of a notebook cell."""
    width, height = (round(inches * figure.dpi) for inches in figure.get_size_inches())
    file = io.BytesIO()
    figure.savefig(file, dpi=2 * figure.dpi, pil_kwargs={"compress_level": 1})  # a fifth larger, faster
    return HTML(still(file.getvalue(), text, width, height))
