"""Lesson 01: every blank answers right and wrong lines in words; the numbers of the prose and the pictures are true."""

import re
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from lesson_cells import (
    cell_source,
    cells_of,
    copied,
    judged,
    names_before,
    run_cell,
    run_cells,
    solved,
    solved_run,
    spec,
    words_of,
)
from matplotlib.text import Text
from scenes import assert_same_as_full_drawing, pixels

import lstm_teach as lt
from benchmarks.bell_weights import train
from lstm_teach import bell, graph, plain
from lstm_teach.explorers.forward_pass import LONGEST, bell_explorer
from lstm_teach.explorers.shell import plain as plain_text
from lstm_teach.figures import curves, forward_pass
from lstm_teach.figures.scene import drawn
from lstm_teach.figures.style import NAMES
from lstm_teach.lessons import one_unit

LESSON = "01_forward_pass"
cell = partial(words_of, LESSON)
PREDICTIONS = spec(LESSON)["predictions"]


@pytest.fixture(scope="module")
def lesson():
    """The names at the end of the lesson, what it printed, and the result of each cell."""
    run = solved_run(LESSON)
    return run.names, run.printed, run.results


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# ------------------------------------------------------------------------------------------ the blanks

BLANKS = {  # the cell: two right answers in other styles
    "cell": [{"c": "i * g + c_before * f"}, {"c": "np.dot([f, i], [c_before, g])"}],
    "hidden": [{"h": "np.tanh(c) * o"}, {"h": "ct - (1 - o) * ct"}],
    "gates": [
        {"i": "1 - sigmoid(-zi)", "f": "1 - sigmoid(-zf)", "o": "1 - sigmoid(-zo)", "g": "2 * sigmoid(2 * zg) - 1"},
        {name: f"sigmoid(U{name}[token] + W{name} * h_before)" for name in "ifo"} | {"g": "np.tanh(zg)"},
        {"i": "sigmoid(zi)", "f": "np.exp(zf) / (1 + np.exp(zf))", "o": "sigmoid(zo)", "g": "np.tanh(zg)"},
    ],
    "scores": [
        {"scores": "np.array([params.V @ row for row in h_all[:-1]])"},
        {"scores": "(params.V @ h_all[:T].T).T"},
        {"scores": "[[sum(params.V[k, j] * h_all[t, j] for j in range(H)) for k in range(K)] for t in range(T)]"},
    ],
    "softmax": [{"y": "(e.T / e.sum(axis=1)).T"}, {"y": "e / e.sum(axis=-1)[:, None]"}],
    "loss": [{"L": "np.log(1 / picked).sum()"}, {"L": "-sum(np.log(p) for p in picked)"}],
    "left": [{"left": "(1 / (1 + np.exp(-b))) ** n"}, {"left": "np.prod([sigmoid(b)] * n)"}],
}
RIGHT = [(name, lines) for name, rights in BLANKS.items() for lines in rights]
CLIPPED = ["np.clip({}, -1, 1)", "min({}, 0.99)", "max({}, -0.99)"]
WRONG = [  # in other words than the lesson's file has them, or not in it
    ("cell", "f * c_before - i * g", "What comes in is subtracted here"),
    ("loss", "-np.sum(np.log(picked)) / np.log(10)", "the logarithm to base 10"),
    ("softmax", "e / e.max(axis=1, keepdims=True)", "Divide each row by its own sum"),
    ("softmax", "e.sum(axis=1)[:, None] / e", "This is upside down"),
    ("cell", "f * c_before + f * g", "The forget gate acts only on the old value. What comes in"),
    ("cell", "f * c_before + (1 - i) * g", "The term f * c_before is right; (1 - i) * g is not"),
    ("cell", "i * g + f", "The term i * g is right; f is not"),
    ("cell", "f + c_before + i * g", "The term i * g is right; f and c_before are not."),
    ("scores", "lesson.blank('scores').library_value('scores', globals())", "This calls blanks.Lesson from"),
    ("scores", "eval('les' + 'son').blank('scores').library_value('scores', globals())", "This calls blanks.Lesson"),
    ("cell", "f * c_before + i * g - o", "The term o is subtracted here; it does not belong."),
    ("hidden", "o + ct", "o and ct are added here; they have to be multiplied"),
    ("hidden", "ct / o", "This divides by o. The line needs no division."),
    ("hidden", "1 / (1 + np.exp(-o)) * ct", "This divides by 1 + np.exp(-o). The line needs no division."),
    ("hidden", "o * (1 - ct**2)", "look at (1 - ct**2), the slope of tanh, and at ct."),
    ("hidden", "o * ct / c", "Right except for one division by c"),
    ("loss", "-100 * np.log(picked).sum()", "It is 100 times what it should be"),
    ("left", "f ** n", "f is still the gate from above"),
    ("left", "sigmoid(b) ** n * 100", "This is a percentage"),
    ("left", "sigmoid(b * n)", "squashes once, after n steps"),
    ("left", "(1 - sigmoid(b)) ** n", "takes the share that is lost"),
    ("left", "np.prod([sigmoid(b)] * n) * c_before", "This is what is left of c_before itself"),
    ("cell", "f * c_before + i * g + 0.001", "Not right yet. It is 0.001 too large. The lesson goes on"),
    ("scores", "h_all[:-1] @ params.V.T - 1e-5", "Every number is 1e-05 too small."),
]


@pytest.mark.parametrize(("name", "lines"), RIGHT)
def test_right_lines_are_accepted_however_they_are_written(name, lines):
    verdict = judged(LESSON, name, lines)
    assert verdict.passed, str(verdict)


@pytest.mark.parametrize("line", ["max(sigmoid(zo), 0.01)", "np.clip(sigmoid(zo), 0.01, 1)"])
def test_a_number_that_never_shows_is_better_left_out(line):
    said = str(judged(LESSON, "gates", {"i": "sigmoid(zi)", "f": "sigmoid(zf)", "o": line, "g": "np.tanh(zg)"}))
    assert "The typed-in number 0.01 can be right for these numbers only: write the line without it." in said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("scores / e", "This divides the scores by e."),
        ("scores / e.sum(axis=1)[:, None]", "The sum is right, but the scores are divided by it."),
        ("e / e.sum()", "This divides by the sum over all steps"),
        ("e / e.sum(axis=0)", "This sums over the steps"),
        ("e.copy()", "These rows don't sum to 1 yet."),
        ("e / np.exp(scores)", "It reads this cell's e, which differs from the lesson's."),
    ],
)
@pytest.mark.parametrize("given", ["e = np.exp(scores)", "e = np.exp(scores - scores.max())"])
def test_a_slip_is_named_where_it_reads_the_cell_s_own_e_too(given, line, said):
    source, names = f'{given}\ny = {line}\nlesson.judge("softmax")', copied(names_before(LESSON, "softmax"))
    assert said in str(run_cell(LESSON, "softmax", source, names | {"In": ["T = 7", source]}))


@pytest.mark.parametrize("line", ["1 - sigmoid(zo)", "sigmoid(-zo)", "1 / (1 + np.exp(zo))"])
def test_1_minus_a_gate_is_called_that_however_it_is_written(line):
    verdict = judged(LESSON, "gates", {"i": "sigmoid(zi)", "f": "sigmoid(zf)", "o": line, "g": "np.tanh(zg)"})
    assert "This is 1 - o. Either a sign is flipped, or the sigmoid is subtracted from 1." in str(verdict)


def test_the_gate_of_the_bias_may_be_called_f_too():
    assert judged(LESSON, "left", source='f = sigmoid(b)\nleft = f**n\n\nlesson.judge("left")').passed


@pytest.mark.parametrize(("name", "line", "words"), WRONG)
def test_a_wrong_line_is_told_what_it_is(name, line, words):
    (target,) = BLANKS[name][0]
    verdict = judged(LESSON, name, {target: line})
    assert not verdict.passed and words in str(verdict), str(verdict)


def test_a_factor_that_only_the_right_answer_could_give_is_not_called_missing():
    said = str(judged(LESSON, "gates", {n: f"np.exp(z{n})" for n in "ifog"}))
    assert "i is off" in said and "factor" not in said, said


GIVEN = {
    "softmax": "e = np.exp(scores - scores.max(axis=1, keepdims=True))\n",
    "loss": "picked = y[np.arange(T), targets]\n",
}
TYPED_LENGTH = [  # of the lesson's own sequence
    ("scores", "scores = np.zeros((T, K))\nfor t in range(7):\n    scores[t] = params.V @ h_all[t]"),
    ("scores", "scores = h_all[:7] @ params.V.T"),
    ("softmax", "y = np.zeros_like(e)\nfor t in range(7):\n    y[t] = e[t] / e[t].sum()"),
    ("loss", "L = 0\nfor t in range(7):\n    L -= np.log(picked[t])"),
    ("loss", "L = -np.log(picked[:7]).sum()"),
]


@pytest.mark.parametrize(("name", "lines"), TYPED_LENGTH)
def test_a_typed_in_length_is_wrong_whether_another_sequence_is_shorter_or_longer(name, lines):
    for code in (lines, lines.replace("7", "T").replace("8", "T + 1")):
        verdict = judged(LESSON, name, source=f'{GIVEN.get(name, "")}{code}\nlesson.judge("{name}")')
        assert verdict.passed == (code != lines) and "one row too many" not in str(verdict), str(verdict)


def test_a_generator_is_an_answer_of_many_numbers_which_later_cells_can_count_on_and_not_of_one():
    names = copied(names_before(LESSON, "scores"))
    source = 'scores = (params.V @ h for h in h_all[:-1])\nlesson.judge("scores")'
    assert run_cell(LESSON, "scores", source, names).passed and names["scores"].shape == (7, 8)
    said = str(judged(LESSON, "left", {"left": "np.prod(sigmoid(b) for _ in range(n))"}))
    assert "is a generator" in said, said


def test_a_factor_that_rounds_to_one_is_not_said():
    said = str(judged(LESSON, "left", {"left": "1.00001 * sigmoid(b) ** n"}))
    assert "Only the first digits are right" in said and "1 times" not in said, said


def test_a_loop_that_only_prints_a_typed_in_number_of_rows_does_not_spoil_what_is_right():
    shown = f"{GIVEN['loss']}for t in range(7):\n    print(picked[t])\n"
    for line in ("L = -np.log(picked).sum()", "L = -sum(np.log(picked[t]) for t in range(T))"):
        assert judged(LESSON, "loss", source=f'{shown}{line}\nlesson.judge("loss")').passed


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("def new(f, c_before, i, g):\n    c = f * c_before + i * g\n    return c\nnew(f, c_before, i, g)", True),
        ("if f:\n    def new():\n        c = f * c_before + i * g\nnew()", True),
        ("class Step:\n    c = f * c_before + i * g", True),
        ("[c for c in (f * c_before + i * g,)]", True),
        ("def new():\n    global c\n    c = f * c_before + i * g\nnew()", False),
        ("def new():\n    c = f * c_before + i * g\n    return c\nc = new()", False),
        ("[(c := f * c_before + i * g) for _ in range(1)]", False),
    ],
)
def test_a_name_that_only_a_function_of_the_cell_uses_is_not_assigned_by_the_cell(lines, said):
    names = copied(names_before(LESSON, "cell")) | {"c": 0.5}  # of an earlier run
    (part,) = run_cell(LESSON, "cell", f'{lines}\nlesson.judge("cell")', names).parts
    assert part.sentence == ("No line of this cell says what c is." if said else "")


@pytest.mark.parametrize("limit", CLIPPED)
def test_a_cell_value_that_is_kept_between_minus_one_and_one_is_wrong(limit):
    verdict = judged(LESSON, "cell", {"c": limit.format("f * c_before + i * g")})
    assert not verdict.passed, str(verdict)


@pytest.mark.parametrize("cut", ["np.clip(picked, 1e-3, 1)", "np.maximum(picked, 0.01)", "picked + 1e-4"])
def test_a_loss_that_forgives_an_improbable_target_is_wrong(cut):
    assert not judged(LESSON, "loss", {"L": f"-np.log({cut}).sum()"}).passed
    assert judged(LESSON, "loss", {"L": "-np.log(picked + 1e-12).sum()"}).passed  # against a logarithm of zero


@pytest.mark.parametrize(
    ("target", "line", "words"),
    [
        ("i", "np.tanh(zi)", "A gate is a share between 0 and 1"),
        ("f", "sigmoid(zi)", "This is i, not f"),
        ("o", "0.57", "A typed-in number can be right"),
        ("f", "np.exp(-zf) + 1 / 1", "The sigmoid is 1 over all of that"),
        ("g", "sigmoid(zg)", "This is the sigmoid, which is never negative"),
        ("i", "np.clip(sigmoid(zi), 0.01, 0.99)", "Numbers beyond 0.01 and 0.99 are clipped here"),
        ("f", "min(sigmoid(zf), 0.99)", "Numbers beyond 0.99 are clipped here"),
        ("i", "max(sigmoid(zi), 0.01)", "Numbers beyond 0.01 are clipped here"),
        ("g", "np.clip(np.tanh(zg), -0.99, 0.99)", "Numbers beyond 0.99 are clipped here"),
    ],
)
def test_each_gate_is_judged_by_itself(target, line, words):
    right = {"i": "sigmoid(zi)", "f": "sigmoid(zf)", "o": "sigmoid(zo)", "g": "np.tanh(zg)"}
    verdict = judged(LESSON, "gates", {**right, target: line})
    assert [part.name for part in verdict.parts if not part.passed] == [target]
    assert words in str(verdict), str(verdict)


FUNCTIONS = {
    "sigmoid": (
        ["1 / (1 + np.exp(-z))", "0.5 + np.tanh(z / 2) / 2", "np.exp(z) / (np.exp(z) + 1)"],
        {
            "1 / (1 + np.exp(z))": "it is 1 minus the sigmoid",
            "np.exp(-z) / (1 + np.exp(-z))": "it is 1 minus the sigmoid",
            "1 / 1 + np.exp(-z)": "The sigmoid is 1 over all of it: 1 / (...)",
            "1 + np.exp(-z)": "which is the denominator",
            "1 / np.exp(-z)": "1 plus e to the minus z",
            "np.tanh(z)": "This is tanh, which runs from −1 to 1",
            "0.5": "sigmoid",
        },
    ),
    "pre-activation": (
        [
            "W.dot(h_before) + U.T[token]",
            "h_before @ W.T + U @ np.eye(U.shape[1])[token]",
            "np.inner(W, h_before) + U[:, token]",
        ],
        {
            "U[:, token] + h_before @ W": "W is transposed here",
            "U[:, [token]] + W @ h_before": "a column plus a vector gives a matrix",
            "(U[:, token] + W @ h_before)[:, None]": "(3, 1). The numbers are right; only the shape is wrong.",
            "sigmoid(U[:, token] + W @ h_before)": "This is a gate already.",
            "U[:, token] + W * h_before": "For a matrix times a vector, use @.",
            "params.Ui[:, x0] + params.Wi @ h0": "Note that h0, params and x0 came from another cell",
            "U[:, token] + h_before": "",
        },
    ),
    "my-forward": (
        [
            "h[t - 1], c[t - 1]",
            "h[(t - 1) % (len(x) + 1)], c[(t - 1) % (len(x) + 1)]",
            "(h0 if t == 0 else h[t - 1]), c[t - 1]",
        ],
        {
            "h[t], c[t]": "which row t still holds when step t begins",
            "h[t - 1], c[t]": "c is read from row t here",
            "h[t], c[t - 1]": "h is read from row t here",
            "h0, c0": "Every step starts from the initial state here",
            "h[t - 1], c0": "Every step starts from c0 here",
            "h0, c[t - 1]": "Every step starts from h0 here",
            "c[t - 1], h[t - 1]": "are swapped",
            "h[t + 1], c[t + 1]": "It has to start from the row before",
            "h[t - 2], c[t - 2]": "",
        },
    ),
}


def with_function(name: str, filled: str) -> str:
    """The cell's source with its dots replaced."""
    dots = "..., ..." if name == "my-forward" else "return ..."
    source = cell_source(LESSON, name)
    assert source.count(dots) == 1
    return source.replace(dots, dots.replace(dots.removeprefix("return "), filled))


@pytest.mark.parametrize(
    ("name", "filled"), [(name, line) for name, (rights, _) in FUNCTIONS.items() for line in rights]
)
def test_a_right_function_is_accepted_however_it_is_written(name, filled):
    verdict = judged(LESSON, name, source=with_function(name, filled))
    assert verdict.passed, str(verdict)


@pytest.mark.parametrize(
    ("name", "filled", "words"),
    [(name, line, words) for name, (_, wrongs) in FUNCTIONS.items() for line, words in wrongs.items()],
)
def test_a_wrong_function_is_told_what_it_is(name, filled, words):
    verdict = judged(LESSON, name, source=with_function(name, filled))
    assert not verdict.passed and words in str(verdict), str(verdict)


@pytest.mark.parametrize("body", ["np.clip({}, 0.01, 0.99)", "np.minimum({}, 0.999)"])
def test_a_sigmoid_that_is_cut_off_far_out_is_wrong(body):
    for inner in ("np.clip(z, -5, 5)", "np.clip(z, -10, 10)", "z"):
        line = f"1 / (1 + np.exp(-{inner}))"
        line = body.format(line) if inner == "z" else line
        verdict = judged(LESSON, "sigmoid", source=with_function("sigmoid", line))
        assert not verdict.passed and "first digits" not in str(verdict), line


def test_an_initial_state_in_row_zero_is_named():
    source = with_function("my-forward", "h[t - 1], c[t - 1]")
    source = source.replace("    return h, c", "    return np.roll(h, 1, axis=0), np.roll(c, 1, axis=0)")
    assert "Row 0 is the initial state here" in str(judged(LESSON, "my-forward", source=source))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("len(x) + 1", "len(x)", "none for the initial state"),
        ("return h, c", "return h[:-1], c[:-1]", "none for the initial state"),
        ("range(len(x))", "range(len(x) - 1)", "The last step is left out"),
        ("h[t], c[t] = step", "new_h, new_c = step", "Only the initial state is in h and c"),
        ("h[t], c[t] = step", "print(end=''), step", "Only the initial state is in h and c"),
        (
            "h[t], c[t] = step(params, x[t], h[t - 1], c[t - 1])",
            "h[t + 1], c[t + 1] = step(params, x[t], h[t], c[t])",
            "Step t is stored in row t+1 here and starts from row t",
        ),
    ],
)
def test_rows_and_steps_that_are_missing_are_named(before, after, words):
    source = with_function("my-forward", "h[t - 1], c[t - 1]").replace(before, after)
    verdict = judged(LESSON, "my-forward", source=source)
    assert all(words in part.sentence for part in verdict.parts), str(verdict)


def test_a_given_line_that_a_learner_changes_is_named_and_does_not_spoil_the_library_s():
    names, right = copied(names_before(LESSON, "loss")), names_before(LESSON, "compare-losses")["L"]
    source = 'picked = y[targets]\nL = -np.log(picked).sum()\n\nlesson.judge("loss")'
    names["In"] = ["y = 1", source]
    said = str(run_cell(LESSON, "loss", source, names))
    assert "It reads this cell's picked, which differs from the lesson's." in said and names["L"] == right, said


def test_a_sequence_that_is_cut_short_is_wrong():
    source = with_function("my-forward", "h[t - 1], c[t - 1]").replace("range(len(x))", "range(min(20, len(x)))")
    assert "min" in source and not judged(LESSON, "my-forward", source=source).passed


@pytest.mark.parametrize(
    "line", ["y = lt.plain.softmax(scores)", "from lstm_teach.plain import softmax\ny = softmax(scores)"]
)
def test_the_librarys_softmax_is_no_answer_to_its_own_blank(line):
    verdict = judged(LESSON, "softmax", source=f'{line}\nlesson.judge("softmax")')
    assert "What counts here is that you write the lines" in str(verdict), str(verdict)


@pytest.mark.parametrize(
    ("cell", "line"), [("left", "1 / 10**6"), ("loss", "1"), ("softmax", "np.full_like(e, 0.001)")]
)
def test_a_constant_is_not_called_clipped(cell, line):
    verdict = judged(LESSON, cell, {next(iter(BLANKS[cell][0])): line})
    assert not verdict.passed and "clipped" not in str(verdict), str(verdict)


@pytest.mark.parametrize(
    ("cell", "line"),
    [
        ("cell", "f * c_before + i * (g - 1)"),
        ("cell", "(f + 1) * c_before + i * g"),
        ("hidden", "o * (ct - 1)"),
    ],
)
def test_a_term_is_missing_or_too_many_only_if_it_is_written_so(cell, line):
    assert "term" not in (said := str(judged(LESSON, cell, {next(iter(BLANKS[cell][0])): line}))) or "right;" in said


@pytest.mark.parametrize(
    "earlier",
    [
        "def step(params, token, h, c):\n    return h, c",
        "step = None",
        f"def sigmoid(z):\n    return 0.5 + 0 * z\n\n\n{cell_source(LESSON, 'step')}",
    ],
)
def test_a_right_function_that_calls_something_that_was_changed_is_told_so(earlier):
    source = f"{earlier}\n\n\n{with_function('my-forward', 'h[t - 1], c[t - 1]')}"
    verdict = judged(LESSON, "my-forward", source=source)
    assert {part.sentence for part in verdict.parts} == {
        "step, which my_forward calls, was right and no longer is. "
        "Has its cell been changed, or one above that it uses? Restore it, and run the cells from there on."
    }
    wrong = judged(LESSON, "my-forward", source=source.replace("h[t - 1], c", "h[t], c"))
    assert not wrong.passed and "was right" not in str(wrong)


def test_a_right_line_that_calls_a_function_that_was_changed_is_told_so():
    wrong = "def sigmoid(z):\n    return np.tanh(z)\n"
    for name, line, part in (("gates", "i = sigmoid(zi)", "i"), ("left", "left = sigmoid(b) ** n", "left")):
        names = copied(names_before(LESSON, name))
        run_cell(LESSON, "x", wrong, names)
        lines = f'{line}\nlesson.judge("{"squash" if name == "gates" else name}")'
        told = {p.name: p.sentence for p in run_cell(LESSON, name, lines, names).parts}[part]
        assert told.startswith("sigmoid, which this line calls, was right and no longer is."), told
        names = copied(names_before(LESSON, name))  # a function of the cell itself is the learner's own
        told = {p.name: p.sentence for p in run_cell(LESSON, name, wrong + lines, names).parts}[part]
        assert "tanh" in told and "no longer" not in told, told


@pytest.mark.parametrize("changed", ["h_before = h_before + 0.3", "def sigmoid(z):\n    return np.tanh(z)"])
def test_a_function_is_not_blamed_where_an_old_number_may_be_the_reason(changed):
    names = copied(names_before(LESSON, "gates"))
    run_cell(LESSON, "x", changed, names)
    lines = 'i = sigmoid(Ui[token] + Wi * h_before)\nlesson.judge("squash")'
    told = run_cell(LESSON, "gates", lines, names).parts[0].sentence
    assert told.startswith("The line is right for other numbers, but not for these: i is off: yours is"), told
    assert told.endswith(" Was one of Ui, Wi, h_before, token and sigmoid changed in another cell?"), told


@pytest.mark.parametrize("made", ["h = c = {}", "h = {}\n    c = h"])
def test_one_array_under_two_names_is_told_so(made):
    source = with_function("my-forward", "h[t - 1], c[t - 1]")
    line = next(line for line in source.splitlines() if "np.zeros" in line).strip()
    source = source.replace(line, made.format("np.zeros((len(x) + 1, params.hidden_size))"))
    said = [part.sentence for part in judged(LESSON, "my-forward", source=source).parts]
    assert all("h and c are one array here" in each or "After `c = h`" in each for each in said), said


def test_a_function_that_calls_the_library_is_told_so_and_not_that_its_helper_was_changed():
    body = "    step(params, x[0], h0, c0)\n    cache = lt.forward(params, x, h0, c0)\n    return cache.h, cache.c\n"
    source = f'def my_forward(params, x, h0, c0):\n{body}lesson.judge("my_forward")'
    assert "my_forward calls lt.forward from" in str(judged(LESSON, "my-forward", source=source))


def test_a_function_whose_helper_lacks_a_name_is_not_told_that_the_helper_was_changed():
    function = with_function("my-forward", "h[t - 1], c[t - 1]")
    source = f"del sigmoid\n\n\n{cell_source(LESSON, 'step')}\n\n\n{function}"
    said = str(judged(LESSON, "my-forward", source=source))
    assert "name 'sigmoid' is not defined" in said and "changed" not in said, said


# ------------------------------------------------------------------------------------------ the bell


def test_the_bell_net_knows_after_any_gap_of_the_slider_whether_it_rang_and_is_silent_before():
    net = bell.net()
    for quiet in range(LONGEST + 1):
        for rang in (True, False):
            x, targets = bell.sequence(rang, quiet)
            assert len(x) == quiet + 2 and (lt.forward(net, x).y[np.arange(len(x)), targets] > 0.95).all()


def test_training_gives_the_weights_that_are_kept():
    trained, kept = train(), bell.net()
    np.testing.assert_allclose(trained.flat, kept.flat, atol=0.2)  # other machines round otherwise
    for rang in (True, False):
        x, targets = bell.sequence(rang, 12)
        assert lt.forward(trained, x).y[-1].argmax() == targets[-1]


def test_what_makes_it_forget_is_a_number_in_every_column_of_uf():
    net = bell.net()
    changed = bell.forgetful(net, -2.0)
    assert (changed.Uf == net.Uf - 2).all() and (changed.W == net.W).all() and (net.flat == bell.net().flat).all()


def test_the_answers_on_the_bell_are_true():
    x, silent = bell.sequence(True)[0], bell.sequence(False)[0]
    runs = {b: [lt.forward(bell.forgetful(bell.net(), b), tokens) for tokens in (x, silent)] for b in (0, -2.0)}
    f = {b: rang.f[1:13, 0].mean() for b, (rang, _) in runs.items()}
    rang, quiet = runs[-2.0]
    assert f"The forget gate is now {f[-2.0]:.2f} instead of {f[0]:.2f}" in cell("bell-questions")
    assert f"the cell value is only {rang.c[12, 0]:.2f}, close to the {quiet.c[12, 0]:.2f}" in cell("bell-questions")
    assert rang.y[-1].argmax() == quiet.y[-1].argmax() == bell.QUIET
    forgetful = bell.forgetful(bell.net(), -1.5)
    right = [lt.forward(forgetful, bell.sequence(True, n)[0]).y[-1, bell.BELL] > 0.5 for n in range(1, LONGEST + 1)]
    assert right.index(False) == 14 and not any(right[14:]) and "For 14. With 15" in cell("bell-questions")
    i = runs[0][0].i[:-1, 0]
    assert f"At step 0 the forget gate is only {runs[0][0].f[0, 0]:.2f}" in cell("gates-questions")
    assert f"open at the bell, {i[0]:.2f}" in cell("gates-questions")
    assert f"nearly shut, {i[1:13].mean():.2f}, and the forget gate is near 1, at {f[0]:.2f}" in cell("gates-questions")


def test_at_the_question_both_lines_rise_alike_and_the_unit_in_the_picture_is_the_one_that_knows():
    net, runs = bell.net(), [lt.forward(bell.net(), bell.sequence(rang)[0]) for rang in (True, False)]
    rang, quiet = runs
    added = [(run.i * run.g)[13, 0] for run in runs]
    said = f"opens again, to {rang.i[13, 0]:.2f}, and adds nearly the same to both lines, "
    assert said + f"{added[0]:.2f} and {added[1]:.2f}" in cell("gates-questions")
    goes_out, comes_in = (1 - rang.f[1:13, 0]) * rang.c[:12, 0], (rang.i * rang.g)[1:13, 0]
    assert f"{np.median(goes_out):.2f}" == f"{np.median(comes_in):.2f}" == "0.02"
    assert "At each step only about 0.02 goes out, and about as much comes in" in cell("gates-questions")
    before, after = ((rang.c - quiet.c)[t, 0] for t in (12, 13))
    assert abs(after - before) < 0.05 * before and "the distance stays nearly what it was" in cell("gates-questions")
    question = bell.sequence(True)[0][13:]
    for one, other in (runs, runs[::-1]):  # each unit in turn gets the other run's state before the question
        for unit in (0, 1):
            h, c = one.h[12].copy(), one.c[12].copy()
            h[unit], c[unit] = other.h[12, unit], other.c[12, unit]
            change = abs(lt.forward(net, question, h, c).y[0] - one.y[13]).max()
            assert change > 0.9 if unit == 0 else change < 0.003
        assert (one.h[1:13, 1] < -0.9).all() and one.h[13, 1] > one.h[12, 1] + 0.3  # "waits for the question"
    assert "The other unit waits for the question" in cell("bell")


MIXED = {"i": "added[0]", "g": "added[0]", "f": "kept[0]"}  # a gate or candidate, and the product that it goes into


def test_the_roads_to_the_cell_go_through_as_many_boxes_as_the_answer_says():
    ways = [["c[-1]", "kept[0]", "c[0]"], *(["h[-1]", f"z{k}[0]", f"{k}[0]", box, "c[0]"] for k, box in MIXED.items())]
    net = graph.Net(lt.Params.zeros(2, 1), *np.array([[0], [1]]), *np.ones((2, 1)))
    arrows = {tuple(arrow.split(" -> ")) for arrow in net.slopes}
    assert all((a, b) in arrows for way in ways for a, b in pairwise(way))
    into = {b: {a for a, to in arrows if to == b} for _, b in arrows}
    assert into["c[0]"] == {"kept[0]", "added[0]"} and into["kept[0]"] == {"c[-1]", "f[0]"}
    assert into["added[0]"] == {"i[0]", "g[0]"}


def test_my_forward_answers_the_question_about_the_bell(lesson):
    assert "bell: True    answer: bell\nbell: False   answer: quiet\n" in lesson[1]


# ------------------------------------------------------------------------------------------ the numbers of the prose


def test_the_one_unit_of_the_lesson_is_that_of_the_picture(lesson):
    values = {box.removesuffix("[0]"): value for box, value in one_unit.NET.values.items()}
    for name in ("i", "f", "o", "g"):
        assert f"{values[name]:.2f}" in cell_source(LESSON, "numbers")
    assert (one_unit.TOKENS[0], one_unit.H0[0], one_unit.C0[0]) == (1, 0.4, 0.6)


def test_the_predictions_are_answered_with_the_right_numbers(lesson):
    f, i, g = 0.99, 0.01, -0.5
    assert f"{f * 0.8 + i * g:.3f}" == "0.787"
    said = PREDICTIONS["next_value"]["options"].values()
    assert ["0.787" in why for _, why in said] == [True, False, False]  # a wrong option does not tell
    names = lesson[0]
    known = names["T"] * np.log(names["K"])
    options = PREDICTIONS["knows_nothing"]["options"]
    assert options["a"][0] == f"about {np.log(names['K']):.2f}" and options["b"][0] == f"about {known:.1f}"
    assert options["c"][0] == f"{names['T'] / names['K']}" and options["c"][1].startswith("7/8 is the sum of the seven")
    assert f"about {np.log(names['K']):.2f}" in PREDICTIONS["knows_nothing"]["options"]["b"][1]
    assert f"all weights zero    {known:.4f}" in lesson[1]


def test_no_line_of_a_blank_can_be_read_further_down_before_it_is_filled_in():
    code = [c.source for c in cells_of(LESSON) if c.cell_type == "code"]
    assert not [source for source in code if re.search(r"@ h_before|h\w*\[t - 1\]", source)]


def test_every_prediction_comes_before_what_answers_it():
    ids = [c.id for c in cells_of(LESSON)]
    for prediction, answer in (
        ("predict-next-value", "cell-formula"),
        ("predict-short-rows", "too-few-rows"),
        ("predict-knows-nothing", "compare-losses"),
    ):
        assert ids.index(prediction) < ids.index(answer)
        assert PREDICTIONS[prediction.removeprefix("predict-").replace("-", "_")]["right"]


def test_the_untrained_net_loses_against_one_that_knows_nothing_and_most_such_nets_do(lesson):
    names = lesson[0]
    x, targets = names["sequence"][:-1], names["sequence"][1:]
    nothing = len(x) * np.log(names["K"])
    assert names["L"] > nothing and "costs it more than knowing nothing would" in cell("loss-note")
    nets = [lt.Params.random(8, 4, seed=seed, scale=0.8) for seed in range(100)]
    losses = np.array([lt.loss(net, x, targets, names["h0"], names["c0"]) for net in nets])
    assert losses.mean() > nothing


def test_what_is_left_with_each_bias_is_said_right(lesson):
    left = {(b, n): sigmoid(b) ** n for b in (0, 1, 3) for n in (5, 20)}
    assert left[1, 5] > 0.2 > left[0, 5] and left[1, 20] < 0.002
    assert "A bias of 1 helps over a few steps, but almost nothing is left after 20;" in cell("forget-bias-note")
    assert "b = 1   f = 0.73   left after 5 steps: 0.21   after 20: 0.0019" in lesson[1]


def test_with_t_rows_the_forward_pass_is_right_and_row_minus_one_is_not(lesson):
    names = run_cells(LESSON, until="too-few-rows", replace={k: v for k, v in solved(LESSON).items() if k in BEFORE})
    np.testing.assert_allclose(names["h_short"], names["h_all"][:-1], rtol=1e-12)
    np.testing.assert_array_equal(names["c_all"][-1], names["c0"])
    np.testing.assert_allclose(names["c_short"][-1], names["c_all"][names["T"] - 1], rtol=1e-12)


BEFORE = ("cell", "hidden", "sigmoid", "gates", "pre-activation", "my-forward")


def test_a_zero_initial_state_does_not_hide_the_wrong_row_from_a_gradient():
    """The answer of the lesson to its question: at t = 0 the last step's numbers are read, not zeros."""
    params, x, targets = lt.Params.random(8, 4, seed=5, scale=0.8), [3, 1, 4, 1, 5, 2, 6], [1, 4, 1, 5, 2, 6, 5]
    cache = lt.forward(params, x)
    _, deltas = lt.bptt(params, x, targets, return_deltas=True)
    short = np.concatenate([cache.c[-2:-1], cache.c[: len(x) - 1]])  # rows c[t-1] of arrays with T rows
    wrong = deltas.dc * short * cache.f[:-1] * (1 - cache.f[:-1])
    assert abs(wrong[0] - deltas.dzf[0]).max() > 1e-3
    np.testing.assert_allclose(wrong[1:], deltas.dzf[1:], rtol=1e-12)


def test_the_step_and_the_sequence_of_the_lesson_are_those_of_the_library_on_another_net(lesson):
    params, x = lt.Params.random(5, 7, seed=11, scale=1.2, forget_bias=-1.0), [4, 0, 0, 3, 2, 1]
    h0, c0 = np.linspace(-1, 1, 7), np.linspace(2, -2, 7)
    cache = lt.forward(params, x, h0, c0)
    h, c = lesson[0]["my_forward"](params, x, h0, c0)
    np.testing.assert_allclose(h, cache.h, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(c, cache.c, rtol=1e-12, atol=1e-14)


# ------------------------------------------------------------------------------------------ the pictures

ENDS = {"bias": (-4.0, 0.0), "quiet": (1, LONGEST)}


@pytest.mark.parametrize("gates", ["f", "ifo"])
def test_the_bell_picture_follows_both_sliders_and_stays_inside(gates):
    explorer = bell_explorer(gates)
    size, seen = pixels(explorer.png).shape, {explorer.text}
    for bias in ENDS["bias"]:
        for quiet in ENDS["quiet"]:
            explorer.set(bias=bias, quiet=quiet)
            assert pixels(explorer.png).shape == size and explorer.message == ""
            assert explorer.picture.alt == plain_text(explorer.text)
            assert_same_as_full_drawing(explorer._scene)
            figure = explorer._scene.figure
            seen.add(explorer.text)
            for text in figure.findobj(Text):
                if text.get_text():
                    box = text.get_window_extent()
                    assert box.x0 >= 0 and box.x1 <= figure.bbox.x1, text.get_text()
                    assert box.y0 >= 0 and box.y1 <= figure.bbox.y1, text.get_text()
            for axes in figure.axes[:2]:  # no line leaves its axes at any slider's end
                low, high = axes.get_ylim()
                for line in axes.lines:
                    y = np.asarray(line.get_ydata(), float)
                    assert y.size == 0 or (low <= y.min() and y.max() <= high)
    assert len(seen) == 5
    explorer.reset()
    assert explorer.text == bell_explorer(gates).text
    for gate in gates:  # whoever cannot see the picture hears of each gate in it
        assert NAMES[gate].removesuffix(f" {gate}") in explorer.picture.alt


def test_the_bell_picture_shows_the_numbers_of_the_two_runs():
    rang, silent = (lt.forward(bell.forgetful(bell.net(), -2.0), bell.sequence(r)[0]) for r in (True, False))
    figure = drawn(forward_pass.build(len(rang.x)), rang, silent)
    cell_axes, shares, answers = figure.axes
    shown = [line.get_ydata() for line in cell_axes.lines if len(line.get_ydata()) == len(rang.x)]
    np.testing.assert_array_equal(shown, [rang.c[:-1, 0], silent.c[:-1, 0]])
    assert any(np.array_equal(line.get_ydata(), rang.f[:-1, 0]) for line in shares.lines)
    words = [text.get_text() for text in answers.texts]
    assert "0.05  ✗ wrong" in words and "0.00  ✓ right" in words


def test_the_two_curves_are_drawn_with_the_numbers_of_the_step():
    z = {gate: one_unit.NET.values[f"z{gate}[0]"] for gate in "ifog"}
    left, right = curves.picture(z).axes
    for axes, curve, gates in ((left, plain.sigmoid, "ifo"), (right, np.tanh, "g")):
        (line,) = [line for line in axes.lines if len(line.get_xdata()) > 100]
        np.testing.assert_allclose(line.get_ydata(), curve(line.get_xdata()))
        marks = [[line.get_xdata()[0], line.get_ydata()[0]] for line in axes.lines if len(line.get_xdata()) == 1]
        np.testing.assert_allclose(marks, [[z[gate], curve(z[gate])] for gate in gates])
    assert "f = 0.70 at z = 0.83" in curves.describe(z)
