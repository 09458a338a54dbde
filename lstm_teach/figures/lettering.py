"""Text that changes often: put together from pictures of its characters, each drawn once.

matplotlib 3.11 shapes and rasterizes every character at every drawing, 0.1 ms each: ten numbers take as long as the
rest of a picture. Kept pictures make that about fifteen times faster and look the same but for kerning (AVA).
Earlier versions are quick enough, and place characters between pixels, which kept pictures cannot. May import numpy
and matplotlib.
"""

from functools import lru_cache
from unicodedata import combining

import matplotlib
import numpy as np
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.text import Text

WANTED = matplotlib.__version_info__ >= (3, 11)
PAD = 4  # pixels around a line, for characters that lean out of their own width
UNCLIPPED = GraphicsContextBase()  # making one takes longer than drawing a number, and so does looking for a font
font_file = lru_cache(64)(findfont)


def draw(text: Text, renderer: RendererBase) -> None:
    """Draw a matplotlib text; one plain horizontal line on pixels is drawn quickly, all else as usual."""
    words = text.get_text()
    plain = not any(c in "$\n" or combining(c) for c in words)  # one line, no mathematics, no marks on other characters
    special = text.get_rotation() or text.get_wrap() or text.get_usetex()
    adorned = text.get_bbox_patch() or text.get_path_effects()
    clipped = text.get_clip_on() and (text.get_clip_box() or text.get_clip_path())
    if special or adorned or clipped or not (WANTED and plain and isinstance(renderer, RendererAgg)):
        Text.draw(text, renderer)
        return
    x, y = text.get_transform().transform(text.get_unitless_position())
    if not (words and text.get_visible() and np.isfinite([x, y]).all()):
        return
    font = font_file(text.get_fontproperties()), text.get_fontsize(), renderer.dpi
    ink, baseline, width = _line(words, *font)
    height, descent = _height_and_descent(*font)
    x -= {"left": 0, "center": width / 2, "right": width}[text.get_horizontalalignment()]
    y += {
        "baseline": 0,
        "bottom": descent,
        "top": descent - height,
        "center": descent - height / 2,
        "center_baseline": (descent - height) / 2,
    }[text.get_verticalalignment()]
    picture = np.empty((*ink.shape, 4), np.uint8)
    picture[..., :3] = np.round(255 * np.array(to_rgb(text.get_color())))
    picture[..., 3] = ink if text.get_alpha() is None else np.round(ink * text.get_alpha())
    below = len(ink) - baseline
    renderer.draw_image(UNCLIPPED, round(x) - PAD, round(y) - below, picture[::-1])
    text.stale = False


@lru_cache(4096)
def _line(words: str, file: str, size: float, dpi: float) -> tuple[np.ndarray, int, float]:
    """Return the ink of a line, (rows, columns) from 0 to 255, the rows above its baseline, and its width."""
    characters = [_character(c, file, size, dpi) for c in words]
    up = max(above for _, above, _, _ in characters)
    down = max(len(ink) - above for ink, above, _, _ in characters)
    width = sum(advance for *_, advance in characters)
    line, x = np.zeros((up + down, int(width) + 2 * PAD), np.uint8), PAD
    for ink, above, left, advance in characters:
        column = max(0, round(x) + left)
        place = line[up - above : up - above + len(ink), column : column + ink.shape[1]]
        np.maximum(place, ink[:, : place.shape[1]], out=place)
        x += advance
    return line, up, width


@lru_cache(4096)
def _character(character: str, file: str, size: float, dpi: float) -> tuple[np.ndarray, int, int, float]:
    """Return the ink of a character, its rows above the baseline, its first column, and its advance."""
    font, half = FontProperties(fname=file, size=size), int(2 * size * dpi / 72) + 4
    renderer = RendererAgg(2 * half, 2 * half, dpi)
    renderer.draw_text(renderer.new_gc(), half, half, character, font, 0)
    ink = np.asarray(renderer.buffer_rgba())[..., 3]
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    between, alone = (renderer.get_text_width_height_descent(s, font, False)[0] for s in (f"0{character}0", "00"))
    if not rows.size:  # a space
        return np.zeros((0, 0), np.uint8), 0, 0, between - alone
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].copy()
    return ink, int(half - rows[0]), int(columns[0] - half), between - alone


@lru_cache(64)
def _height_and_descent(file: str, size: float, dpi: float) -> tuple[float, float]:
    """Height of a line and how much of it is below the baseline, from the letters that matplotlib measures by."""
    font = FontProperties(fname=file, size=size)
    return RendererAgg(8, 8, dpi).get_text_width_height_descent("lp", font, False)[1:]
