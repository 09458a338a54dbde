"""Questions: what the cell says counts, the form explains every option, and a file is written only on request."""

import errno
import html
import json
import os
from pathlib import Path

import numpy as np
import pytest

from lstm_teach.exercises.questions import FILE, Option, Question, ask, explain

COLORS = Question(
    "my_color",
    "Which <color> is it?",
    {"a": Option("red", "No, that <is> warm."), "b": Option("blue", "Yes."), "c": Option("none", "There is one.")},
    right="b",
)
GUESS = Question("my_guess", "How many?", reveal="It is 12.")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A notebook's folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


RIGHT, OPEN = ("b", " B ", "b)", "(b)", "b.", "'b'", "b\t", "[b]", "“b”"), ("...", "…", "\t", "", None, ...)


@pytest.mark.parametrize(("answer", "score"), [(b, 1) for b in RIGHT] + [("a", 0)] + [(each, 0) for each in OPEN])
def test_the_score_is_about_the_cell(answer, score):
    asked = ask(COLORS, answer)
    assert asked.score == score == asked.points(1) and asked.passed == bool(score)
    assert asked.points(2)._repr_mimebundle_()["text/plain"] == str(2.0 * score)


@pytest.mark.parametrize("answer", ["d", "blue", 2, ["b"], 1.5, np.array([1, 2])])
def test_an_answer_that_is_no_letter_is_shown_with_a_sentence_and_nothing_stops(answer):
    asked = ask(COLORS, answer)
    sentence = 'my_color should be one of the letters "a", "b", "c", got'
    assert asked.score == asked.points(1) == 0 and not asked.passed and asked.form.answer == ""
    for shown in (
        str(asked),
        html.unescape(asked._repr_mimebundle_()["text/html"]),
        html.unescape(asked.form.explanation),
    ):
        assert sentence in shown and "Write one of them into my_color" in shown
        assert "Yes." not in shown and "not this one" not in shown
    assert sentence in html.unescape(asked.points(1)._repr_mimebundle_()["text/html"])
    asked.form.answer = "a"
    assert sentence not in html.unescape(asked.form.explanation) and "a is not the answer" in asked.form.explanation


def test_a_graded_form_shows_the_points_of_the_answer_in_the_cell():
    asked = ask(COLORS, "b")
    assert "of 2 points" not in asked.form.explanation
    most = 2
    asked.points(most)
    assert f"{most * asked.score:g} of 2 points" in asked.form.explanation
    assert asked.points(most)._repr_mimebundle_()["text/html"].count("of 2 points") == 1
    asked.form.answer = "a"  # which is not in the cell
    assert "of 2 points" not in asked.form.explanation


def test_markup_in_a_mistyped_answer_is_shown_as_it_is():
    assert "<b>" not in ask(COLORS, "<b>bold").form.explanation


@pytest.mark.parametrize("letter", "abc")
def test_every_option_is_explained_after_any_answer(letter):
    page = ask(COLORS, letter)._repr_mimebundle_()["text/html"]
    for text in ("No, that &lt;is&gt; warm.", "Yes.", "There is one.", "Which &lt;color&gt; is it?"):
        assert text in page
    assert (f"{letter} is right" in page) == (letter == "b") and (f"{letter} is not the answer" in page) == (
        letter != "b"
    )
    assert page.count("not this one") == (2 if letter == "b" else 1)  # of the chosen one it is said above


def test_after_a_wrong_answer_the_reasons_for_the_others_are_folded_so_that_one_can_choose_again():
    asked = ask(COLORS, "...")
    asked.form.answer = "a"
    shown, folded = asked.form.explanation.split("<details")
    assert "warm" in shown and "Choose again" in shown and "Yes." not in shown and "There is one." not in shown
    assert "Yes." in folded and "There is one." in folded and "warm" not in folded
    asked.form.answer = "b"
    shown, folded = asked.form.explanation.split("<details")
    assert "Yes." in shown and "Choose again" not in shown and "warm" in folded


def test_nothing_is_given_away_before_the_answer():
    asked = ask(COLORS, "...")
    for shown in (*asked._repr_mimebundle_().values(), asked.form.explanation):
        assert "Yes." not in str(shown) and "right" not in str(shown)
    assert "It is 12." not in str(ask(GUESS)) + ask(GUESS)._repr_mimebundle_()["text/html"]
    assert "right" not in asked.form.get_state()


def test_the_form_explains_and_says_how_to_keep_the_answer():
    asked = ask(COLORS, "...")
    asked.form.answer = "c"
    assert "c is not the answer" in asked.form.explanation and "There is one." in asked.form.explanation
    assert 'my_color = "c"' in asked.form.explanation.replace("&quot;", '"')
    asked.form.answer = "b"
    assert "b is right" in asked.form.explanation
    assert asked.score == 0  # the cell has no answer yet


def test_an_answer_in_the_cell_is_shown_by_the_form_as_it_is():
    form = ask(COLORS, "a").form
    assert form.answer == "a" and form.explanation == explain(COLORS, "a")


@pytest.mark.parametrize("text", ["about 0.17", "at the slope, i * (1 - i)", "the gradient (b) has errors"])
@pytest.mark.parametrize("answer", ["a: {}", "A) {}.", "- a. {}", "a {}"])
def test_a_letter_may_come_with_the_text_beside_it_whatever_that_is(text, answer):
    question = Question("my_own", "Which?", {"a": Option(text, "Yes."), "b": Option("none", "No.")}, "a")
    assert ask(question, answer.format(text)).score == 1


def test_a_prediction_takes_any_words_and_reveals():
    asked = ask(GUESS, "...")
    assert asked.score == 0 and asked.form.explanation == ""
    asked.form.answer = "about <ten>"
    assert "You wrote: about &lt;ten&gt;<" in asked.form.explanation and "It is 12." in asked.form.explanation
    assert ask(GUESS, 10).score == 1 and "You answered: 10" in str(ask(GUESS, 10))


def test_no_file_is_written_unless_asked_for(folder):
    asked = ask(COLORS, "...")
    asked.form.answer = "c"
    ask(COLORS, "b").points(1)
    assert list(folder.iterdir()) == []


def test_the_file_keeps_the_answer_and_gives_it_back(folder):
    asked = ask(COLORS, "...")
    asked.form.answer = "c"
    asked.form.keep = True
    assert json.loads((folder / FILE).read_text(encoding="utf-8")) == {"my_color": "c"}
    asked.form.answer = "b"
    ask(GUESS, "...").form.set_trait("answer", "7")  # not kept: its box is not ticked
    assert json.loads((folder / FILE).read_text(encoding="utf-8")) == {"my_color": "b"}
    again = ask(COLORS, "...")
    assert again.form.answer == "b" and again.form.keep and "b is right" in again.form.explanation
    assert again.score == 0
    assert ask(COLORS, "a").form.answer == "a"  # what the cell says goes first


def test_unticking_the_box_takes_the_answer_out_of_the_file(folder):
    first, second = ask(COLORS), ask(GUESS)
    for asked, answer in ((first, "c"), (second, "7")):
        asked.form.answer = answer
        asked.form.keep = True
    assert json.loads((folder / FILE).read_text(encoding="utf-8")) == {"my_color": "c", "my_guess": "7"}
    first.form.keep = False
    assert json.loads((folder / FILE).read_text(encoding="utf-8")) == {"my_guess": "7"}


def test_an_answer_that_cannot_be_kept_is_explained_all_the_same_and_the_form_says_why(folder, monkeypatch):
    def full(path, text, **options):
        path.write_bytes(b"{")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    ask(GUESS, "7").form.keep = True
    asked = ask(COLORS, "...")
    monkeypatch.setattr(Path, "write_text", full)
    asked.form.set_trait("keep", True)
    asked.form.set_trait("answer", "c")
    assert "c is not the answer" in asked.form.explanation
    assert f"the file my_answers.json can&#x27;t be written ({os.strerror(errno.ENOSPC)})" in asked.form.explanation
    assert os.listdir() == [FILE] and json.loads((folder / FILE).read_text(encoding="utf-8")) == {"my_guess": "7"}


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_a_file_that_is_something_else_is_not_overwritten(folder, text):
    (folder / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"my_answers\.json should hold the answers"):
        ask(COLORS, "...")
    assert (folder / FILE).read_text(encoding="utf-8") == text


def test_an_answer_in_the_file_that_fits_no_option_is_passed_over(folder):
    (folder / FILE).write_text('{"my_color": "z"}', encoding="utf-8")
    assert ask(COLORS, "...").form.answer == ""
