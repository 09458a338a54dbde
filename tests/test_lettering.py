"""Text from kept pictures of characters looks like matplotlib's own."""

import numpy as np
import pytest
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from lstm_teach.figures import lettering
from lstm_teach.figures.style import new_figure


class QuickText(Text):
    """A text that is drawn as the live ones of a scene are."""

    def draw(self, renderer):
        lettering.draw(self, renderer)


WORDS = "c = 0.123 × −1.5e-7 (gq) f[t-1]"


def drawn(kind: type, words: str = WORDS, dpi: float = 100, **options) -> np.ndarray:
    """Return the darkness of a figure with one text, (rows, columns) from 0 to 255."""
    figure = new_figure(500, 100, layout=None)
    figure.dpi = dpi
    figure.add_artist(kind(x=0.5, y=0.5, text=words, figure=figure, transform=figure.transFigure, **options))
    figure.canvas.draw()
    return 255 - np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(int).min(axis=2)


def box(ink: np.ndarray) -> np.ndarray:
    rows, columns = np.nonzero(ink > 60)
    return np.array([rows.min(), rows.max(), columns.min(), columns.max()])


@pytest.mark.parametrize("va", ["baseline", "bottom", "top", "center", "center_baseline"])
@pytest.mark.parametrize("ha", ["left", "center", "right"])
@pytest.mark.parametrize("dpi", [100, 94.2, 200])
def test_a_line_lies_where_matplotlib_puts_it(ha, va, dpi):
    quick, usual = (drawn(kind, dpi=dpi, ha=ha, va=va) for kind in (QuickText, Text))
    assert np.abs(box(quick) - box(usual)).max() <= np.ceil(dpi / 100)  # one pixel of the page
    assert quick.sum() == pytest.approx(usual.sum(), rel=0.03)


@pytest.mark.skipif(not lettering.WANTED, reason="with this matplotlib all text is drawn as usual")
def test_a_line_looks_like_matplotlibs_and_is_not_drawn_by_it(monkeypatch):
    usual = drawn(Text, "0123456789", fontsize=9)
    monkeypatch.setattr(Text, "draw", lambda *_: pytest.fail("drawn as usual"))
    quick = drawn(QuickText, "0123456789", fontsize=9)
    assert np.corrcoef(quick.ravel(), usual.ravel())[0, 1] > 0.7


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("$f_t$", {}),
        ("two\nlines", {}),
        ("x\u0302", {}),
        (WORDS, {"rotation": 30}),
        (WORDS, {"bbox": {"facecolor": "yellow"}}),
        (WORDS, {"clip_box": Bbox([[240, 0], [260, 100]])}),
        (2 * WORDS, {"wrap": True}),
        (WORDS, {"path_effects": [withStroke(linewidth=3, foreground="yellow")]}),
        ("", {}),
        (WORDS, {"visible": False}),
        (" ", {}),
    ],
)
def test_what_is_not_one_plain_line_is_drawn_as_usual(words, options):
    assert (drawn(QuickText, words, **options) == drawn(Text, words, **options)).all()


def test_text_set_by_tex_is_left_to_matplotlib(monkeypatch):
    usual = []
    monkeypatch.setattr(Text, "draw", lambda text, renderer: usual.append(text))  # so that it needs no TeX
    drawn(QuickText, usetex=True)
    assert len(usual) == 1


def test_a_line_is_not_upside_down():
    quick, usual = (drawn(kind, "7 L 4 j", fontsize=20) for kind in (QuickText, Text))
    assert np.corrcoef(quick.sum(axis=1), usual.sum(axis=1))[0, 1] > 0.95


def test_color_transparency_size_and_slant_are_kept():
    plain = drawn(QuickText)
    assert drawn(QuickText, color="#404040").max() == 255 - 0x40
    assert drawn(QuickText, alpha=0.5).max() == pytest.approx(plain.max() / 2, abs=1)
    small, large = (np.ptp(box(drawn(QuickText, "1234", fontsize=size))[2:]) for size in (10, 20))
    assert large == pytest.approx(2 * small, rel=0.1)
    assert (drawn(QuickText, style="italic") != plain).any()
    assert drawn(QuickText, fontweight="bold").sum() > 1.1 * plain.sum()


def test_a_text_whose_font_changes_is_drawn_in_the_new_one():
    figure = new_figure(200, 50, layout=None)
    text = QuickText(0.1, 0.5, "12", figure=figure, transform=figure.transFigure, fontsize=9)
    figure.add_artist(text)
    sums = []
    for size in (9, 18, 9):
        text.set_fontsize(size)
        figure.canvas.draw()
        sums.append(np.asarray(figure.canvas.buffer_rgba()).astype(int).sum())
    assert sums[0] == sums[2] > sums[1]


def test_a_place_that_is_not_finite_draws_nothing():
    figure = new_figure(200, 50, layout=None)
    figure.add_artist(QuickText(np.nan, 0.5, "12", figure=figure, transform=figure.transFigure))
    figure.canvas.draw()
    assert (np.asarray(figure.canvas.buffer_rgba()) == 255).all()


def test_a_vector_file_has_real_text(tmp_path):
    figure = new_figure(200, 50, layout=None)
    figure.add_artist(QuickText(0.1, 0.5, "12", figure=figure, transform=figure.transFigure))
    figure.savefig(tmp_path / "a.svg")
    assert "<!-- 12 -->" in (tmp_path / "a.svg").read_text(encoding="utf-8")
