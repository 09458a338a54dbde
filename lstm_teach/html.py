"""The one way a report, a verdict or a table becomes accessible HTML. Imports the standard library only.

Colors are the page's own, so that everything can be read in a dark theme too. Texts are escaped here; what is called
`content` or a cell is HTML already.
"""

import re
from collections.abc import Iterable, Sequence
from html import escape

HEAD = 'style="text-align:left;padding:2px 10px 2px 0"'
CELL = f'{HEAD[:-1]};white-space:nowrap"'  # a number such as 1e-12 on one line


def inline(text: str) -> str:
    """Text with what is between backticks as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def as_code(name: str) -> str:
    """A function's name between backticks, for in a sentence `backward` reads like a word; several words stay."""
    return name if " " in name else f"`{name}`"


def prose(text: str) -> str:
    """A paragraph, with what is between backticks as code; "" for no text."""
    return f"<p>{inline(text)}</p>" if text else ""


def bold(text: str) -> str:
    """A paragraph in bold: the sentence that sums up."""
    return f"<p><strong>{inline(text)}</strong></p>"


def code(text: str) -> str:
    """Lines of code."""
    return f'<pre style="white-space:pre-wrap;margin:4px 0">{escape(text)}</pre>'


def bullets(texts: Iterable[str]) -> str:
    """A list; "" for an empty one."""
    items = "".join(f"<li>{inline(text)}</li>" for text in texts)
    return f"<ul>{items}</ul>" if items else ""


def fold(summary: str, content: str, indent: str = "0") -> str:
    """Content that the reader opens. Without the attribute JupyterLab would take the Enter key to edit the cell."""
    head = f'<summary style="cursor:pointer" data-lm-suppress-shortcuts="true">{escape(summary)}</summary>'
    return f'<details style="margin:6px 0 6px {indent}">{head}{content}</details>'


def levels(label: str, each: Iterable[tuple[str, str]]) -> str:
    """Levels that the reader opens one after the other: (title, content) each, left out where empty."""
    folds = "".join(fold(title, content) for title, content in each if content)
    return (
        f'<section aria-label="{escape(label)}" style="border-left:4px solid #0072B2;margin:12px 0;padding-left:12px">'
        f"<p><strong>{escape(label)}</strong></p>{folds}</section>"
    )


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]], side: str = "bottom") -> str:
    """A table, with its caption at the top or bottom; a row's first cell is its head, as text, the others are HTML."""
    unbroken = (column.replace(" = ", "\u00a0=\u00a0") for column in columns)  # T = 1 on one line
    heads = "".join(f'<th scope="col" {HEAD}>{escape(column)}</th>' for column in unbroken)
    body = ""
    for head, *cells in rows:
        data = "".join(f"<td {CELL}>{cell}</td>" for cell in cells)
        body += f'<tr><th scope="row" {HEAD}>{escape(str(head))}</th>{data}</tr>'
    return (
        f'<table style="border-collapse:collapse"><caption style="text-align:left;caption-side:{side};min-width:30em;'
        f'padding-top:6px">{escape(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>'
    )
