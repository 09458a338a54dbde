"""Run a notebook and write it as a plain page to read, search and print; or write a Markdown file as one.

build.py calls it with its own Python: pages.py SOURCE TARGET. Still pictures, folded answers, formulas as MathML; the
page needs no script and nothing from elsewhere.
"""

import html
import re
import sys
import tomllib
from pathlib import Path

import nbclient
import nbformat
from jinja2 import pass_context
from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import Preprocessor
from traitlets.config import Config

from lstm_teach.exercises.questions import Option, Question, explain

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
# Of what a cell shows, the first that there is; without it an explorer would be shown by the widgets' script.
SHOWN = ["text/html", "image/svg+xml", "image/png", "text/markdown", "text/plain"]
PREDICTION = re.compile(r'lesson\.predict\("(\w+)"\)')
GUIDE = ROOT / "instructor" / "guide.md"


class Renderer(IPythonRenderer):
    """Formulas as MathML, which every browser of today shows by itself."""

    def block_math(self, body: str) -> str:
        """A formula on a line of its own."""
        return _mathml(body, display="block")

    def inline_math(self, body: str) -> str:
        """A formula in a sentence."""
        return _mathml(body)


class Exporter(HTMLExporter):
    """The cells of a notebook as HTML, without a page around them."""

    template_name = "basic"

    @pass_context
    def markdown2html(self, context: dict, source: str) -> str:
        """Markdown as HTML, with the notebook's own links and formulas."""
        return markdown(source)


class ForReading(Preprocessor):
    """Takes out what only a running kernel could use, and puts the answer below each prediction, folded."""

    def preprocess(self, notebook: dict, resources: dict) -> tuple[dict, dict]:
        """All cells of a notebook."""
        cells = []
        for cell in notebook.cells:
            cells.append(cell)
            if cell.cell_type == "code":
                cell.outputs = [output for output in cell.outputs if not _is_bare(output)]
                if match := PREDICTION.search(cell.source):
                    cells.append(nbformat.v4.new_markdown_cell(answer(resources["lesson"], match[1])))
        notebook.cells = cells
        return notebook, resources


def answer(lesson: str, name: str) -> str:
    """What a prediction's form says to its right answer, folded."""
    asked = tomllib.loads((ROOT / "lstm_teach" / "lessons" / f"{lesson}.toml").read_text(encoding="utf-8"))
    given = asked["predictions"][name]
    options = {letter: Option(*option) for letter, option in given.get("options", {}).items()}
    question = Question(name, given["text"], options, given.get("right", ""), given.get("reveal", ""), written=False)
    said = explain(question, question.right) if options else html.escape(question.reveal)
    return f"<details><summary>Answer</summary>{said}</details>"


def _is_bare(output: dict) -> bool:
    """Whether it is a widget without a still page, such as a button or a progress bar, or a bar that is text."""
    bare = {"application/vnd.jupyter.widget-view+json", "text/plain"}
    return output.get("name") == "stderr" or set(output.get("data", ())) == bare


def markdown(source: str) -> str:
    """Markdown as HTML."""
    return MarkdownWithMath(renderer=Renderer(escape=False)).render(source)


def main(source: Path, target: Path) -> None:
    """Write the page."""
    run = ""
    if source.suffix == ".ipynb":
        place = source.relative_to(ROOT).as_posix()
        run = f'<a href="../app/lab/index.html?path={place}">Do this lesson in the browser</a>'
        notebook = nbformat.read(source, as_version=4)
        client = nbclient.NotebookClient(
            notebook,
            timeout=600,
            kernel_name="python3",
            store_widget_state=False,  # nothing on the page could use it
            resources={"metadata": {"path": str(source.parent)}},
        )
        client.execute()
        exporter = Exporter(config=Config({"NbConvertBase": {"display_data_priority": SHOWN}}))
        exporter.register_preprocessor(ForReading(), enabled=True)
        body, _ = exporter.from_notebook_node(notebook, {"lesson": source.stem})
    else:
        body = markdown(source.read_text(encoding="utf-8"))
        # In these files, links to headings are in lower case, as on GitHub.
        body = re.sub(r'(?:id="|href="#)[^"]*', lambda found: found[0].lower(), body)
    title = re.search(r"<h1[^>]*>(.*?)<", body, re.DOTALL)[1].strip()
    page = (HERE / "look" / "page.html").read_text(encoding="utf-8")
    for name, value in {"title": title, "run": run, "body": with_links(body, source)}.items():
        page = page.replace(f"<!-- {name} -->", value)
    target.write_text(page, encoding="utf-8")


def with_links(body: str, source: Path) -> str:
    """The same with links to pages of the site: all pages are in one folder; exercises are there to run only."""

    def link(match: re.Match) -> str:
        address, _, place = match[1].partition("#")
        if "://" in address or not address:
            return match[0]
        path = (source.parent / html.unescape(address)).resolve()
        if not path.is_relative_to(ROOT):
            return match[0]
        within = path.relative_to(ROOT)
        after = f"#{place}" if place else ""
        if within.parts[0] == "notebooks" and "exercises" in within.parts:
            return f'href="../app/lab/index.html?path={within.as_posix()}"'
        if within.suffix in (".ipynb", ".md") and (within.parts[0] == "notebooks" or path == GUIDE):
            return f'href="{within.stem}.html{after}"'
        return "data-" + match[0]  # it is in the project's folder, and not here

    return re.sub(r'href="([^"]*)"', link, body)


def _mathml(formula: str, **how: str) -> str:
    """A formula as MathML, with a thin space between log or tanh and what it is taken of."""
    as_written = html.unescape(formula).strip().strip("$").strip()  # the reader of Markdown may have escaped it
    return re.sub(
        r"(?<!<msup>)(<mi>(?:log|tanh)</mi>)(?=<m[fins])",
        r'\1<mspace width="0.17em"></mspace>',
        convert(as_written, **how),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]))
