"""A cell that stops because dots of a blank are still in it says so in words that a learner knows, and only then."""

import pytest
from lesson_cells import NOTEBOOKS
from nbformat.v4 import new_code_cell, new_notebook
from test_notebooks import trouble_when_run

EXERCISE, ANSWER = 'from lstm_teach.exercises.questions import ask\n\nmy_guess = "five"', "my_letter = b"
SET_UP = """
import numpy as np
import lstm_teach as lt
from lstm_teach.blanks import Lesson
lesson = Lesson("01_forward_pass")
f, i, g, o, c_before, c = 0.9, 0.5, 0.4, 0.6, 0.3, 0.47
"""
CHECK = 'lesson.judge("cell")'
ONE = "Line {} still has dots in it: replace them with your code, then run the cell again."
TWO = "Lines 1 and 2 still have dots in them: replace them with your code, then run the cell again."
SINGLE = "One side of the @ is not an array. If it is a single number, use * instead, or look at its index."
SHAPES = "The shapes don't fit: look at the shape of each side. Is something transposed, or an index missing?"
UNLIKE = "Arrays of different shapes don't make one array: keep them apart, or take the one you need."
FIRST = "If a cell above makes {}, run that cell first (in the menu: Run > Run All Above Selected Cell). "
WHOLE = (
    "This has to be a whole number: / gives a fraction, and // drops it. np.min(a, b) and np.max(a, b) take b as "
    "the axis; min(a, b) and max(a, b) compare two numbers."
)
INDEX = "An index of a list or an array is a whole number, not a name; / gives a fraction, and // drops it."
NINE = (
    "A Params is nine matrices, not an array. "
    "Take one of them by its name, as in grads.Wi, or all their numbers in one vector, grads.flat."
)
NO_RESULT = "A function is used here instead of its result. To call it, put parentheses right after its name."
NO_KEY = (
    'An array can\'t be a key. To read an entry of a dictionary by its name, write d["dc"]. '
    "A function with @functools.cache can't take an array either."
)
NO_NAME = f"{FIRST}If none does, look at the spelling."
EARLY = "That line reads {} before this cell gives it a value."
QUOTES = 'If that is your answer to a question, put it between quotation marks: {} = "{}".'
STOPPED = {  # cells, and what is said below their errors
    f"# a line\nc = f * c_before + ...\n{CHECK}": ONE.format(2),
    f"c = ... * f\n{CHECK}": ONE.format(1),
    f"c = np.tanh(...)\n{CHECK}": ONE.format(1),
    f"x = c\nc = np.ones((3, 3)) @ ...\n{CHECK}": ONE.format(2),
    f"c = ...\nh = o * np.tanh(c)\n{CHECK}": ONE.format(1),
    f"c = ...\nh = ...\nprint(c + 1)\n{CHECK}": TWO,
    f"c = (f * c_before\n     + ...)\n{CHECK}": ONE.format(2),
    f"def cell(f):\n    return f + ...\n\n\nc = cell(f)\n{CHECK}": ONE.format(2),
    f"c = [...]\nfor t in range(3):\n    c += f * ...\nv = {CHECK}": ONE.format(3),
    # No check in the cell: it is not a blank.
    "c = f * c_before + ...": "",
    "c = f * c_before + ...  # lesson.judge": "",
    # Another error.
    f"c = f * nothing + ...\n{CHECK}": NO_NAME.format("nothing"),
    f"c = f * c_before + i * gg\n{CHECK}": NO_NAME.format("gg"),
    f"raise NameError('c is a name from case 1')\n{CHECK}": "",  # as lesson 7 does
    # A name is missed in any cell, such as one that is run first after a restart.
    "c = f * nothing": NO_NAME.format("nothing"),
    # An answer to a question of an exercise.
    ANSWER: QUOTES.format("my_letter", "b"),
    "x = 1\nmy_letter = b)": QUOTES.format("my_letter", "b"),
    "my_letter = (d)": QUOTES.format("my_letter", "d"),
    "my_guess = about ten  # or so": QUOTES.format("my_guess", "about ten"),
    "my_guess = log(2) / nothing": FIRST.format("log") + "If you mean NumPy's log, write np.log.",
    "mine = b": NO_NAME.format("b"),
    "my_letter = 'b' + nothing": NO_NAME.format("nothing"),
    "ask(None, my_letter).points(1)": NO_NAME.format("my_letter"),
    # A magic.
    f"%%time\nc = g ^ 2\n{CHECK}": "^ is not a power in Python: write **.",
    f"%%time\nc = f * c_before + ...\n{CHECK}": ONE.format(1),
    f"c = np.ones(3) + np.ones(4) + ...\n{CHECK}": SHAPES,
    f"c = np.array([np.ones(3), np.ones(4)])\n{CHECK}": UNLIKE,
    f"c = np.abs(np.linalg.eig(np.eye(3)))\n{CHECK}": UNLIKE,
    f"h = ...\nc = np.ones((3, 3)) @ 0.5\n{CHECK}": SINGLE,
    f"c = f(c_before)\n{CHECK}": "Parentheses after a number call it: is a * missing before them?",
    f"c = np.ones(3)(1 - g**2)\n{CHECK}": (
        "Parentheses after an array call it: write [] for an index, and * for a product."
    ),
    f"c = print[g]\n{CHECK}": "A function is called with parentheses, not square brackets.",
    f"c = f @ c_before\n{CHECK}": SINGLE,
    f"c = [f, i] @ [g, o]\n{CHECK}": SINGLE,
    f"c = tanh(g)\n{CHECK}": FIRST.format("tanh") + "If you mean NumPy's tanh, write np.tanh.",
    f"c = e / 2\n{CHECK}": FIRST.format("e") + "If you mean NumPy's e, write np.e.",  # as lesson 1 has an e
    f"c = math.exp(g)\n{CHECK}": FIRST.format("math") + "math is a module: import it first.",
    f"c = sum(f, g, i)\n{CHECK}": "Python's sum adds up one list. To add arrays, write a + b, or sum([a, b]).",
    f"c = half * 2\n{CHECK}": FIRST.format("half")
    + "If none does, look at the spelling.",  # a type of NumPy, and hardly what is meant
    f"c = g ^ 2\n{CHECK}": "^ is not a power in Python: write **.",
    f"c = np.ones(3) ^ 2\n{CHECK}": "^ is not a power in Python: write **.",
    f"c = f * {{'i': i}}\n{CHECK}": "A dictionary holds several values: take one of them, by its name in brackets.",
    f"c = f + divmod(7, 2)\n{CHECK}": (
        "A tuple holds several values, such as all results of a function: take one, as in f(x)[0]."
    ),
    f"c = f * None\n{CHECK}": (
        "None is not a number. Is a return missing, or an argument that should have been given? "
        "If there is nothing to add, use 0."
    ),
    f"import math\nc = math.exp(np.ones(3))\n{CHECK}": (
        "A single number is needed there. NumPy's functions, such as np.exp, take arrays."
    ),
    f"c = g if np.ones(3) > f else i\n{CHECK}": (
        "if, and, or, max and min need single numbers. For arrays, try np.where or np.maximum."
    ),
    f"def again(z):\n    return again(z)\n\n\nc = again(g)\n{CHECK}": "A function calls itself again and again.",
    f"def early(f):\n    kept = both + f\n    both = f\n    return kept\n\n\nc = early(f)\n{CHECK}": (
        "The function reads that name before giving it a value."
    ),
    f"new == f * c_before\n{CHECK}": "== compares. To give new a value, write =.",
    "c = g ^ 2": "",
    f"c = f * c_before + 1 / 0\n{CHECK}": "",
    f"c = np.ones(3)[..., 3]\n{CHECK}": "Counting begins at 0, so the last index is one less than the size.",
    f"c = [f, i][2]\n{CHECK}": "Counting begins at 0, so the last index is one less than the size.",
    f"c = np.ones(3)[..., 7]\n{CHECK}": (
        "That index is too large by more than one. Does it count something else, or belong on another axis?"
    ),
    f"c = len(f)\n{CHECK}": "",
    f"c = len(np.array(f))\n{CHECK}": "A single number has no length.",
    f"c = -np.array([f]).sum\n{CHECK}": NO_RESULT,
    f"c = 2 * np.exp\n{CHECK}": NO_RESULT,
    f"c = f * (lambda: g)\n{CHECK}": NO_RESULT,
    f"c = np.ones(3)[-7]\n{CHECK}": "",
    f"c = {{'a': f}}['b']\n{CHECK}": "There is no such entry: print the dictionary or set to see which ones there are.",
    f"c = {{1: f}}[5]\n{CHECK}": "There is no such entry: print the dictionary or set to see which ones there are.",
    f"c = {{'a': f}}[np.ones(2)]\n{CHECK}": NO_KEY,
    f"import functools\nc = functools.cache(np.sum)(np.ones(2))\n{CHECK}": NO_KEY,
    f"c = sum(v for v in f)\n{CHECK}": "A single number has no entries to go through.",
    f"c = sum(v for v in np.array(f))\n{CHECK}": "A single number has no entries to go through.",
    f"c = {{'a': f}}.a\n{CHECK}": 'To read an entry of a dictionary by its name, write d["a"].',
    f"c = sum([f, i].reverse())\n{CHECK}": (
        "Something is None there. a.sort() and a.reverse() change a itself and return None. A function without a "
        "return gives None too."
    ),
    f"c = f * np.min(1, f)\n{CHECK}": WHOLE,
    f"c = sum(f for k in range(5 / 2))\n{CHECK}": WHOLE,
    f"c = np.ones(4)[: 4 / 2].sum()\n{CHECK}": INDEX,
    f"c = np.ones(4)[4 / 2]\n{CHECK}": INDEX,
    f"c = np.ones(4)['i']\n{CHECK}": INDEX,
    f"rows = [f, i]\nc = rows[2 / 2]\n{CHECK}": INDEX,
    f"rows = [[f, i], [g, o]]\nc = rows[0, 1]\n{CHECK}": (
        "A list takes a single index: rows[0][1] is entry 1 of its row 0. "
        "An array takes both at once, as in np.array(rows)[0, 1]."
    ),
    f"c = sum([f, i] * 0.5)\n{CHECK}": (
        "A list, or text in quotation marks, is repeated when multiplied by a number, "
        "so the number has to be a whole one. "
        "To multiply what is in a list, make an array first: np.array."
    ),
    f"c = np.float64(f) * lt.Params.zeros(3, 2)\n{CHECK}": NINE,
    f"c = lt.Params.zeros(3, 2) - 0.1\n{CHECK}": NINE,
    f"kept = f * later\nc = later = kept\n{CHECK}": EARLY.format("later"),
    f"\nunmade += i * g\n{CHECK}": EARLY.format("unmade"),
    f"for t in range(2):\n    if t > 0:\n        unmet = f\n    c = unmet\n{CHECK}": EARLY.format("unmet"),
    f"def product():\n    return f * untold\nc = product()\nuntold = 1\n{CHECK}": NO_NAME.format("untold"),
    f"c = f * Ellipsis\n{CHECK}": "",
    f"c = f * c_before + ...)\n{CHECK}": "",
}
RUN = {  # cells that do not stop
    f"c = ...\n{CHECK}": "Not written yet: `c`",
    f"c = f * c_before + i * g\n{CHECK}": "Right: `c`",
    f"%%time\nc = f * c_before + i * g\n{CHECK}": "Right: `c`",
    f"%%time\n%pwd\nc = f * c_before + i * g\n{CHECK}": "Right: `c`",
    f"\n%%time\n{CHECK}": "No line of this cell says what c is",
    "...": "Ellipsis",
    "my_guess": "Ellipsis",  # not what it was before "about ten", which had no quotation marks
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """What a kernel answers to each of these cells, in a notebook whose set-up has run twice; to one before that."""
    sources = [*STOPPED, *RUN]
    notebook = new_notebook(cells=[new_code_cell(source) for source in (EXERCISE, ANSWER, SET_UP, SET_UP, *sources)])
    trouble_when_run(notebook, NOTEBOOKS, tmp_path_factory.mktemp("home"))
    cells = dict(zip(sources, notebook.cells[4:], strict=True)) | {ANSWER: notebook.cells[1]}
    return {source: cell.outputs for source, cell in cells.items()}


@pytest.mark.parametrize(("source", "said"), STOPPED.items())
def test_a_cell_that_stops_at_its_dots_or_a_missing_name_is_told_so_in_one_sentence(outputs, source, said):
    error, *printed = [output for output in outputs[source] if " time" not in output.get("text", "")]  # of %%time
    assert error.output_type == "error" and "dots" not in str(error)  # it stays as it was
    assert all(output.output_type == "stream" and output.name == "stdout" for output in printed)
    assert "".join(output.text for output in printed) == (f"{said}\n" if said else "")


def test_a_blank_that_runs_first_of_all_is_told_to_run_the_cells_above(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONSTARTUP", str(NOTEBOOKS.parent / "settings" / "first_cell.py"))
    notebook = new_notebook(cells=[new_code_cell(source) for source in (f"c = ...\n{CHECK}", "watch")])
    trouble_when_run(notebook, NOTEBOOKS, tmp_path)
    assert notebook.cells[0].outputs[1].text == NO_NAME.format("lesson") + "\n"
    assert notebook.cells[1].outputs[0].ename == "NameError"  # the learner's names are as they were


@pytest.mark.parametrize(("source", "words"), RUN.items())
def test_a_cell_that_does_not_stop_is_told_nothing_new(outputs, source, words):
    (result,) = [output for output in outputs[source] if " time" not in output.get("text", "")]  # of %%time
    assert result.output_type == "execute_result" and words in result.data["text/plain"]
