"""The scene: what is drawn over the saved background is the picture that a full drawing gives."""

import io
import struct
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.image import imread
from matplotlib.text import Text

from lstm_teach.figures import lettering
from lstm_teach.figures.scene import Scene, encode_png
from lstm_teach.figures.style import SIGNED, new_figure, short, whole_percent
from tests.scenes import assert_same_as_full_drawing, pixels


@pytest.fixture
def busy():
    """A scene with an image, a line and a text that change, and static things below and above them."""
    figure = new_figure(600, 400)
    left, right = figure.subplots(1, 2)
    image = left.imshow(np.zeros((5, 7)), vmin=-1, vmax=1, cmap=SIGNED)
    figure.colorbar(image, ax=left)
    right.set_title("title")
    (line,) = right.plot([0, 1], [0, 1])
    right.axhline(0.5)
    right.text(0.5, 0.5, "above")
    right.legend([line], ["line"])
    right.grid(True)
    note = figure.text(0.5, 0.02, "")
    scene = Scene(figure)
    scene.live(image, line, note)
    rng = np.random.default_rng(0)

    def update():
        image.set_data(rng.normal(size=(5, 7)))
        line.set_ydata(rng.random(2))
        note.set_text(f"{rng.random():.3f}")

    return SimpleNamespace(scene=scene, update=update, left=left, right=right, line=line)


def test_a_quick_drawing_equals_a_full_one(busy):
    scene = busy.scene
    for _ in range(3):
        busy.update()
        assert_same_as_full_drawing(scene)


def test_the_comparison_finds_a_static_part_that_changed(busy):
    scene = busy.scene
    scene.png()
    busy.right.set_ylim(-3, 3)
    with pytest.raises(AssertionError, match="pixels differ"):
        assert_same_as_full_drawing(scene)
    scene.forget()
    assert_same_as_full_drawing(scene)


def test_a_live_title_and_a_live_axis_follow(busy):
    scene = busy.scene
    scene.live(busy.left.title, busy.right.xaxis)
    scene.png()
    busy.left.title.set_text("now")
    busy.right.set_xticks([0.0, 0.3])
    assert_same_as_full_drawing(scene)


def test_a_removed_artist_is_no_longer_drawn(busy):
    scene = busy.scene
    scene.png()
    busy.line.remove()
    scene.forget()
    assert_same_as_full_drawing(scene)


def test_saving_the_figure_draws_the_live_artists_too(busy):
    scene = busy.scene
    busy.update()
    quick = pixels(scene.png())
    file = io.BytesIO()
    scene.figure.savefig(file)
    assert (quick == pixels(file.getvalue())).all()


def test_the_picture_is_as_large_as_asked_at_every_scale_and_comes_back(busy):
    scene = busy.scene
    first = scene.png()
    assert scene.size == (600, 400)
    assert pixels(scene.png(scale=2)).shape == (800, 1200, 4)
    assert pixels(scene.png(scale=1.25)).shape == (500, 750, 4)
    assert scene.size == (600, 400)
    assert scene.png() == first


def test_a_finer_picture_is_drawn_finer_and_not_enlarged(busy):
    for scale in (2, 0.7, 1):
        busy.update()
        assert_same_as_full_drawing(busy.scene, scale)


def test_a_picture_that_has_to_fit_a_page_has_exactly_its_width():
    for whole in (890, 900):  # a pixel less, and the browser would have to blur it
        scene = Scene(new_figure(whole, 10, layout=None))
        for width in range(whole // 2, 2 * whole):
            assert struct.unpack(">I", scene.png(width / whole)[16:20]) == (width,)


@pytest.mark.parametrize("wanted", [True, False])
def test_live_text_is_drawn_quickly_where_that_is_wanted(busy, monkeypatch, wanted):
    monkeypatch.setattr(lettering, "WANTED", wanted)
    note = busy.scene.live(busy.right.text(0.2, 0.2, "1", rotation=0))
    busy.scene.png()
    drawn, usual = [], Text.draw
    monkeypatch.setattr(Text, "draw", lambda text, renderer: drawn.append(text) or usual(text, renderer))
    busy.scene.png()
    assert (note in drawn) != wanted


def test_an_artist_that_is_marked_later_is_live_too(busy):
    note = busy.scene.figure.text(0.1, 0.02, "before")
    busy.scene.png()
    busy.scene.live(note)
    note.set_text("after")
    assert_same_as_full_drawing(busy.scene)


def test_saving_at_another_resolution_in_between_changes_nothing(busy):
    scene = busy.scene
    first = scene.png()
    scene.figure.savefig(io.BytesIO(), dpi=150)
    assert scene.png() == first


def test_the_layout_does_not_jump_when_a_text_grows(busy):
    scene = busy.scene
    scene.png()
    before = busy.left.get_position().bounds
    busy.left.set_ylabel("a much longer label\nof two lines")
    scene.forget()
    scene.png()
    assert busy.left.get_position().bounds == before


def test_a_point_of_the_picture_is_found_in_its_axes(busy):
    scene = busy.scene
    scene.png()
    x, y = scene.figure.transFigure.inverted().transform(busy.left.transData.transform((4, 3)))
    axes, column, row = scene.at(x, 1 - y)
    assert axes is busy.left
    assert (column, row) == pytest.approx((4, 3))
    assert scene.at(0.001, 0.001) is None


@pytest.mark.parametrize("shape", [(1, 1, 4), (7, 5, 4), (520, 900, 4)])
def test_png_keeps_every_pixel(shape):
    picture = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    assert (pixels(encode_png(picture)) == picture).all()
    assert imread(io.BytesIO(encode_png(picture))).shape == shape


def test_numbers_are_short():
    values = (
        0,
        0.5,
        0.123456,
        1234.56,
        1.23456e-7,
        -2e12,
        0.1 + 0.2,
        1e-3,
        99999.9,
        999.7,
        float("nan"),
        0.99999,
    )
    expected = ["0", "0.5", "0.123", "1235", "1.23e-7", "−2e12", "0.3", "0.001", "1e5", "1000", "nan", "1"]
    assert [short(v) for v in values] == expected
    shares = {0: "0%", 0.004: "less than 1%", 0.953: "95%", 0.996: "more than 99%", 1: "100%"}
    assert {share: whole_percent(share) for share in shares} == shares
