"""Say which name a cell lacks, and what stops the cell of a blank or answer. Imports cellcode and the guard.

Python's own words for dots in a sum are about an 'ellipsis', which few learners have heard of; guard.toml has more.
"""

import ast
import re
import sys
import traceback
from collections.abc import Iterable
from typing import Any

from lstm_teach import cellcode, guard
from lstm_teach.validate import listing

GONE: dict[str, str] = {}  # names that a lesson has taken out of the notebook, and what to say when one is used


def watch() -> None:
    """Have IPython, if it is there, call `tell` after each cell from now on; to do so twice changes nothing."""
    ipython = sys.modules.get("IPython")
    if ipython and (shell := ipython.get_ipython()):
        shell.events.register("post_run_cell", tell)


def tell(result: Any) -> None:
    """Print a sentence with the error of a cell that stopped because of dots, a common slip or missing quotes."""
    # The result itself is None where the cell was interrupted.
    error = getattr(result, "error_in_exec", None) or getattr(result, "error_before_exec", None)
    if error and (said := sentence(result.info.raw_cell, error)):
        print(said)
        names = sys.modules["IPython"].get_ipython().user_ns  # in which the question must not find an older answer
        names.update({name: ... for name in re.findall(r"(my_\w+) = ", said) if name in names})


def sentence(source: str, error: BaseException) -> str:
    """What to say of an error that came out of a cell; "" if nothing. A missing name needs no check in the cell."""
    source = re.sub(r"^\s*%%.*\n", "", source)
    frames = traceback.walk_tb(error.__traceback__)
    mine = [line for frame, line in frames if frame.f_globals.get("__name__") == "__main__"]
    at = mine[0] if mine else getattr(error, "lineno", 0) or 0  # of the cell
    line = "".join(source.splitlines()[at - 1 : at])
    answer = re.match(r"(my_\w+) *= *\(?([^\s=\"'#()][^\"'#();]*)\)? *(#.*)?$", line)
    if answer and type(error) in (NameError, SyntaxError):  # of a question in an exercise
        said = "If that is your answer to a question, put it between quotation marks"
        return f'{said}: {answer[1]} = "{answer[2].strip()}".'
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a magic
        return ""
    missing = error.name if type(error) is NameError else None
    checks = [n for n in ast.walk(tree) if cellcode.is_judge(n) or re.match("ask$|check_", getattr(n, "id", ""))]
    if not checks and not missing:
        return ""
    dots = cellcode.dots(tree)
    here = [node for node in dots if node.lineno == at]
    named = "ellipsis" in str(error).lower() or ("matmul" in str(error) and here)  # @ has other words
    if dots and named:
        return words(here or dots)
    if missing:
        if cellcode.compared(tree.body, missing):
            return f"== compares. To give {missing} a value, write =."
        if missing in GONE:
            return GONE[missing]
        if mine == [at] and missing in cellcode.stored([s for s in tree.body if s.end_lineno >= at]):
            return f"That line reads {missing} before this cell gives it a value."
        above = "run that cell first (in the menu: Run > Run All Above Selected Cell)"
        otherwise = guard.meaning(error).strip() or "If none does, look at the spelling."
        return f"If a cell above makes {missing}, {above}. {otherwise}"
    return guard.meaning(error).strip()


def words(dots: Iterable[ast.expr]) -> str:
    """What to say of the lines in which there are still dots."""
    lines = sorted({node.lineno for node in dots})
    said = "Line {} still has dots in it" if len(lines) == 1 else "Lines {} still have dots in them"
    return f"{said.format(listing(lines))}: replace them with your code, then run the cell again."
