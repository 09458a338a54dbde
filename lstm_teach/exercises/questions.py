"""Questions with options, and predictions: a form to answer in, and a reason for every option afterwards.

Imports anywidget, ipywidgets, kept and unfinished. The answer that counts is the plain text in the notebook's own
cell; the form is for those who like it better.
"""

import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Self

import anywidget
import ipywidgets as widgets
import traitlets

from lstm_teach import html, unfinished
from lstm_teach.kept import save
from lstm_teach.validate import brief
from lstm_teach.verdicts import Points, points_for

HERE = Path(__file__).parent
FILE = "my_answers.json"  # beside the notebook, and only if the learner wants it
unfinished.watch()


class Option(NamedTuple):
    """One answer to choose, and why it is right or not."""

    text: str
    why: str


@dataclass(frozen=True)
class Question:
    """A question with options by letter, one of them `right`; or, without options, a prediction and what it `reveal`s.

    `name` is the learner's variable that holds the answer, "my_forget_gate" say; or, where `written` is False, a name
    for a question that is answered in its form only.
    """

    name: str
    text: str
    options: Mapping[str, Option] = field(default_factory=dict)
    right: str = ""
    reveal: str = ""
    written: bool = True

    @classmethod
    def of(cls, name: str, table: Mapping[str, Any], written: bool = True) -> Self:
        """The question in a table of a file: text, options with their reasons and right; or text and reveal."""
        options = {letter: Option(*option) for letter, option in table.get("options", {}).items()}
        return cls(name, table["text"], options, table.get("right", ""), table.get("reveal", ""), written)


class Form(anywidget.AnyWidget):
    """The question on the page: radio buttons or a line to type in, a button, and the explanation after it."""

    _esm = HERE / "question.js"
    _css = HERE / "question.css"
    text = traitlets.Unicode().tag(sync=True)
    options = traitlets.Dict().tag(sync=True)  # letter -> text
    answer = traitlets.Unicode().tag(sync=True)  # "" until answered; told by the browser
    keep = traitlets.Bool().tag(sync=True)  # told by the browser: write the answer to the file
    explanation = traitlets.Unicode().tag(sync=True)  # HTML
    file = traitlets.Unicode(FILE).tag(sync=True)


class Asked:
    """A question that was asked: shows its form, and has the score of the answer in the notebook's cell.

    It gets the learner's own answer from the cell above: a letter, or any text for a prediction; "..." or "" if there
    is none yet. One that isn't a letter of the question is a `problem`, a sentence on the page, so that nothing stops.
    `score` is 1 if the answer is right. What somebody enters in the form is explained at once and, if they tick the
    box, kept in a file beside the notebook; the score is about the cell.
    """

    def __init__(self, question: Question, answer: Any = "..."):
        self.question, self.file, self.count = question, Path(FILE), ""
        self.answer, self.problem = _read(question, answer)
        kept = _kept(self.file)
        first = self.answer or str(kept.get(question.name, ""))
        if question.options and first not in question.options:
            first = ""
        self.form = Form(
            text=question.text,
            options={letter: option.text for letter, option in question.options.items()},
            answer=first,
            keep=question.name in kept,
            explanation=self._explanation(first),
        )
        self.form.observe(self._answered, ["answer", "keep"])
        self.root = widgets.Box([self.form], layout={"overflow": "visible"})

    @property
    def score(self) -> float:
        """1 if the cell's answer is right (a prediction: if there is one), else 0."""
        return float(self.answer == self.question.right if self.question.options else bool(self.answer))

    @property
    def passed(self) -> bool:  # noqa: D102
        return self.score == 1

    def points(self, most: float) -> Points:
        """The score in points, which the form then shows too; the last expression of a graded cell."""
        points = points_for(self, most)
        self.count = points.count
        self.form.explanation = self._explanation(self.form.answer)
        return points

    def _explanation(self, answer: str) -> str:
        """What the form says after an answer: why, and how to keep an answer that the cell does not have."""
        if not answer:
            return html.bold(self.problem) if self.problem else ""
        if answer == self.answer or not self.question.written:
            return explain(self.question, answer) + self.count
        line = html.escape(f"{self.question.name} = {json.dumps(answer, ensure_ascii=False)}")
        return f"{explain(self.question, answer)}<p>To keep it in this notebook, write <code>{line}</code> above.</p>"

    def _answered(self, change) -> None:
        self.form.explanation = self._explanation(self.form.answer)
        kept, name = _kept(self.file), self.question.name
        if self.form.keep and self.form.answer:
            kept[name] = self.form.answer
        elif change.name != "keep" or kept.pop(name, None) is None:
            return
        if trouble := save(self.file, json.dumps(kept, indent=1, sort_keys=True) + "\n"):
            self.form.explanation += html.prose(f"Your answer is not kept: {trouble}")

    def __str__(self) -> str:
        question = self.question
        lines = [question.text, *(f"  {letter}  {option.text}" for letter, option in question.options.items())]
        if not self.answer:
            where = f"Write your answer into {question.name}." if question.written else "Answer in the form."
            return "\n".join([*lines, self.problem or where])
        lines.append(f"You answered: {self.answer}")
        lines += [question.reveal] if not question.options else []
        for letter, option in question.options.items():
            lines.append(f"  {letter}  {'right' if letter == question.right else 'not this one'}: {option.why}")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_mimebundle_(self, **kwargs) -> dict[str, Any]:
        """The form, and a still page for where no kernel runs."""
        options = "".join(f"<li>{_option(k, option)}</li>" for k, option in self.question.options.items())
        still = f"<p>{html.escape(self.question.text)}</p><ul>{options}</ul>{self._explanation(self.answer)}"
        return self.root._repr_mimebundle_() | {"text/html": still, "text/plain": str(self)}


ask = Asked  # as a notebook says it


def explain(question: Question, answer: str) -> str:
    """What to say after an answer, as HTML: why the chosen option is right or not.

    The reasons for the others are folded, so that whoever guessed wrong can think again before reading on.
    """
    if not question.options:
        return f"<p>You wrote: {html.escape(answer)}</p><p>{html.escape(question.reveal)}</p>"
    right, why = answer == question.right, html.escape(question.options[answer].why)
    said = f"<p><strong>{answer} is {'right' if right else 'not the answer'}.</strong> {why}</p>"
    again = "" if right else "<p>Choose again, or open the reasons; they show the right answer.</p>"
    others = ""
    for letter in [letter for letter in question.options if letter != answer]:
        option, word = question.options[letter], "right" if letter == question.right else "not this one"
        others += f"<li>{_option(letter, option)} (<strong>{word}</strong>): {html.escape(option.why)}</li>"
    return f"{said}{again}{html.fold('The reasons for the others', f'<ul>{others}</ul>')}"


def _option(letter: str, option: Option) -> str:
    return f"<b>{letter}</b> {html.escape(option.text)}"


def _read(question: Question, answer: Any) -> tuple[str, str]:
    """The learner's answer as text, "" if there is none yet; and what is off about it, "" if nothing is."""
    letter = re.sub(r"^\W+|\W+$", "", answer).lower() if isinstance(answer, str) else None
    if answer is None or answer is Ellipsis or letter == "":
        return "", ""
    if letter and len(marked := re.findall(r"\b(\w)\s*[:.)]", answer.lower())) == 1 and letter[0] == marked[0]:
        letter = marked[0]  # written with its text, "b) hardly"
    if not question.options:
        return str(answer).strip(), ""
    for each, option in question.options.items() if letter else ():  # with all of its text, numbers and parentheses too
        if re.findall(r"\w+", f"{each} {option.text}".lower()) == re.findall(r"\w+", letter):
            letter = each
    if letter in question.options:
        return letter, ""
    letters = ", ".join(f'"{letter}"' for letter in question.options)
    advice = f"Write one of them into {question.name}, between quotation marks, and run both cells again."
    return "", f"{question.name} should be one of the letters {letters}, got {brief(answer)}. {advice}"


def _kept(file: Path) -> dict[str, str]:
    """The answers in the file; none if there is no file."""
    if not file.is_file():
        return {}
    with contextlib.suppress(ValueError):
        if isinstance(kept := json.loads(file.read_text(encoding="utf-8")), dict):
            return kept
    raise ValueError(f"{file} should hold the answers of earlier questions as JSON, but does not: move it away.")
