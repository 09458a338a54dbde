"""Lesson 04: what blanks accept, what is said to wrong lines, the numbers of the prose, the inspector, the times."""

import inspect
import itertools
import re

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
    solutions,
    solved,
    solved_run,
    spec,
)
from scenes import assert_same_as_full_drawing

import lstm_teach as lt
from benchmarks.doctor_corpus import define
from lstm_teach import plain
from lstm_teach.blanks import Lesson
from lstm_teach.edited import edited
from lstm_teach.explorers.single_pass import bell_net, delta_inspector, milliseconds, two_passes
from lstm_teach.figures import single_pass as pictures
from lstm_teach.figures.scene import drawn
from lstm_teach.lessons import cases_04
from lstm_teach.lessons.clinic_cases import question_loop

NAME = "04_single_pass_bptt"
ALL = frozenset(lt.FLAWS)
T = 8


@pytest.fixture(scope="module")
def lesson():
    """The names after running the lesson with the folded solutions filled in."""
    return solved_run(NAME).names


@pytest.fixture(scope="module")
def shared_inspector():
    explorer = delta_inspector()
    yield explorer
    explorer.close()


@pytest.fixture
def inspector(shared_inspector):
    shared_inspector.reset()
    return shared_inspector


def said(verdict) -> str:
    return " ".join(part.sentence for part in verdict.parts)


# ------------------------------------------------------------------------------------------ the blanks of one line

RIGHT = {
    "meet": [
        {"dh_both": "dh_b + dh_a", "dc_carry_both": "sum([dc_carry_a, dc_carry_b])"},
        {"dh_both": "np.add(dh_a, dh_b)", "dc_carry_both": "dc_carry_b + dc_carry_a"},
    ],
    "start": [
        {"dh_future": "0", "dc_carry": "np.float64(0)"},  # NumPy adds it to each unit
        {"dh_future": "np.zeros(params.hidden_size)", "dc_carry": "np.zeros_like(c0)"},
        {"dh_future": "0 * h0", "dc_carry": "np.zeros((H,))"},
        {"dh_future": "np.zeros_like(dh_a)", "dc_carry": "np.zeros_like(dc_carry_both)"},
    ],
    "hand-on": [
        {
            "next_dh_future": "params.Wi.T @ d['dzi'] + params.Wf.T @ d['dzf'] + params.Wo.T @ d['dzo']"
            " + params.Wg.T @ d['dzg']",
            "next_dc_carry": "d['dc'] * f",
        },
        {"next_dh_future": "d['dh_before']", "next_dc_carry": "d['dc_before']"},
        {"next_dh_future": "step_back(params, cache, dy, t, dh_future, dc_carry)['dh_before']"},
        {"next_dh_future": "sum(d['dz' + a] @ params['W' + a] for a in 'ifog')", "next_dc_carry": "f * d['dc']"},
    ],
    "sums": [
        {
            "dWi": "sum(np.outer(dzi[t], cache.h[t - 1]) for t in reversed(range(T)))",
            "dUi_quiet": "dzi[x == QUIET].sum(axis=0)",
            "dV": "dy.T @ cache.h[:T]",
        },
        {"dUi_quiet": "(dzi.T @ np.eye(params.vocab_size)[x])[:, QUIET]"},
    ],
}


@pytest.mark.parametrize(
    ("cell", "lines"), [(cell, lines) for cell, each in RIGHT.items() for lines in each], ids=lambda v: str(v)[:30]
)
def test_right_lines_in_other_styles_are_right(cell, lines):
    verdict = judged(NAME, cell, lines)
    states = {part.name: part.state for part in verdict.parts}
    assert {states[name] for name in lines} == {"right"}, said(verdict)


WRONG = [  # in other words than the lesson's file has them
    ("meet", "dh_both", "dh_a", "The term dh_b is missing"),
    ("meet", "dc_carry_both", "dc_carry_a", "The term dc_carry_b is missing"),
    ("meet", "dh_both", "np.clip(dh_a + dh_b, -1, 1)", "Numbers beyond 1 are clipped here"),
    ("meet", "dc_carry_both", "np.clip(dc_carry_a + dc_carry_b, -10, 10)", "Numbers beyond 10 are clipped here"),
    ("meet", "dh_both", "np.minimum(dh_a + dh_b, 1)", "yours is 1; it should be"),
    ("meet", "dh_both", "dh_b + dh_b", "This is dh_b twice. dh_a is missing."),
    ("meet", "dc_carry_both", "dc_carry_a + dc_carry_a", "This is dc_carry_a twice. dc_carry_b is missing."),
    ("hand-on", "next_dh_future", "dy[t] @ params.V + d['dh_before']", "The loss of step t is in dh already"),
    ("meet", "dh_both", "dh_before_a + dh_before_b", "These two come from after the turn"),
    ("start", "dh_future", "np.zeros(4)", ""),
    ("start", "dh_future", "1", "dh_future should be an array of shape (4,), but is a single number."),
    ("start", "dh_future", "dh_a", "This is dh_a, not dh_future."),
    ("start", "dc_carry", "cache.c[-1]", "not a delta"),
    ("start", "dc_carry", "cache.f[-1]", "other"),  # zeros, since no step writes to this row
    ("hand-on", "next_dh_future", "d['dh']", "the delta of this step's own h"),
    ("hand-on", "next_dh_future", "dh_before", "dh_before came from another cell"),
    ("hand-on", "next_dc_carry", "d['dc'] + d['dc'] * f", "dc * (1 + f)"),
    ("hand-on", "next_dc_carry", "(dc + dc_carry) * f", "dc_carry is handed on twice here"),
    ("hand-on", "next_dc_carry", "np.clip(d['dc'] * f, -1, 1)", "Numbers beyond 1 are clipped here"),
    ("hand-on", "next_dh_future", "d['dh_before'] - dh_future", "The term dh_future is subtracted here"),
    ("hand-on", "next_dh_future", "d['dh_before'] - d['dh']", "The term dh is subtracted here"),
    ("hand-on", "next_dc_carry", "np.array([0.1, -0.4, 0.3, 0.2])", ""),
    ("sums", "dWi", "sum(np.dot(dzi[t], cache.h[t - 1]) for t in range(T))", "one number"),
    ("sums", "dWi", "np.outer(dzi[t], cache.h[t - 1])", "This is step t alone"),
    ("sums", "dWi", "deltas.dzf.T @ cache.h[np.arange(T) - 1]", "dzf is used where dzi is needed"),
    ("sums", "dUi_quiet", "sum(deltas.dzf[t] for t in range(T) if x[t] == QUIET)", "dzf is used where dzi is needed"),
    ("sums", "dWi", "np.outer(dzi[5], cache.h[4])", "This is step t alone"),
    ("sums", "dWi", "(dzi * cache.h[np.arange(T) - 1]).sum(axis=0)", "multiplied unit by unit"),
    ("sums", "dWi", "np.full((4, 4), 0.25)", ""),
    ("sums", "dUi_quiet", "sum(dzi[t] for t in range(1, T) if x[t] == QUIET)", "Step 0 is missing"),
    ("sums", "dV", "sum(np.outer(dy[t], cache.h[t]) for t in range(1, T))", "Step 0 is missing"),
    ("sums", "dV", "sum(np.outer(dy[t], cache.h[t]) for t in range(8))", "The typed-in number 8"),
    ("sums", "dV", "dy.T @ cache.h[1:]", "h[t+1] is used where h[t] is needed"),
]


@pytest.mark.parametrize(("cell", "name", "line", "words"), WRONG, ids=[w[2] for w in WRONG])
def test_wrong_lines_are_answered_with_what_they_are_instead(cell, name, line, words):
    verdict = judged(NAME, cell, {name: line})
    part = next(part for part in verdict.parts if part.name == name)
    assert part.state == "wrong" and words in part.sentence, part.sentence
    assert verdict.note.startswith("The lesson goes on with the library's ") and f"`{name}`" in verdict.note


def test_where_nothing_should_be_no_term_of_another_walker_is_called_missing():
    assert "missing" not in said(judged(NAME, "start", {"dh_future": "-dh_a"}))


# ------------------------------------------------------------------------------------------ the whole pass

PASS = solutions(NAME)["my-bptt"]
OWN_LINES = PASS.replace(
    "        d = step_back(params, cache, dy, t, dh_future, dc_carry)\n",
    """        i, f, o, g, ct = cache.i[t], cache.f[t], cache.o[t], cache.g[t], cache.ct[t]
        dh = params.V.T @ dy[t] + dh_future
        dc = dh * o * (1 - ct**2) + dc_carry
        do = dh * ct
        di = dc * g
        df = dc * cache.c[t - 1]
        dg = dc * i
        d = {"dzi": di * i * (1 - i), "dzf": df * f * (1 - f), "dzo": do * o * (1 - o), "dzg": dg * (1 - g**2)}
        d["dh_before"] = sum(params["W" + a].T @ d["dz" + a] for a in "ifog")
        d["dc_before"] = dc * f
""",
)
STACKED = """def my_bptt(params, x, targets, h0=None, c0=None):
    cache = lt.forward(params, x, h0, c0)
    dy = cache.y - np.eye(params.vocab_size)[targets]
    grads = lt.Params.zeros(params.vocab_size, params.hidden_size)
    T = len(x)
    deltas = [None] * T
    dh = dc = np.zeros(params.hidden_size)
    for t in range(T - 1, -1, -1):
        deltas[t] = step_back(params, cache, dy, t, dh, dc)
        dh, dc = deltas[t]["dh_before"], deltas[t]["dc_before"]
    h_before = cache.h[np.arange(T) - 1]
    for a in "ifog":
        dz = np.array([d["dz" + a] for d in deltas])
        grads["W" + a] = dz.T @ h_before
        grads["U" + a] = dz.T @ np.eye(params.vocab_size)[x]
    grads.V = dy.T @ cache.h[:T]
    return dict(grads.items())
"""
JUDGE = '\n\nlesson.judge("my_bptt")'


@pytest.mark.parametrize("source", [PASS, OWN_LINES, STACKED], ids=["the solution", "own lines", "sums after the loop"])
def test_right_passes_in_three_styles_are_right_to_1e_12(source):
    verdict = judged(NAME, "my-bptt", source=source + JUDGE)
    assert verdict.passed and len(verdict.parts) == 9, said(verdict)
    space = {"np": np, "lt": lt, "step_back": plain.step_back}
    exec(source, space)
    for seed, length in itertools.product(range(3), (2, 3, 7)):
        net = bell_net(length, seed)
        for right in (plain.bptt(*net), lt.exact_gradient(*net)):
            got = lt.Params.like(net[0], space["my_bptt"](*net))
            assert lt.relative_error(got.flat, right.flat) < 1e-12


@pytest.mark.parametrize("answer", ['{"d" + n: g for n, g in grads.items()}', "grads, {}", "list(grads.values())"])
def test_a_pass_may_return_whatever_the_gradient_check_takes(answer):
    verdict = judged(NAME, "my-bptt", source=PASS.replace("return grads", f"return {answer}") + JUDGE)
    assert verdict.passed, said(verdict)


@pytest.mark.parametrize("line", ['dh_future = d["dh_before"]', 'dc_carry = d["dc_before"]'])
def test_the_doctor_adds_the_line_that_hands_on_what_step_back_has_returned(line):
    imports = "import numpy as np\nimport lstm_teach as lt\nfrom lstm_teach.lessons.library import step_back\n\n\n"
    text = imports + PASS.replace(f"        {line}\n", "")
    (found,) = lt.diagnose(define(text, "my_bptt", "<forgotten>"), progress=False).findings
    assert (found.repair, found.how, found.proved) == (line, "add", True)


def test_a_pass_that_returns_too_little_is_told_what_came():
    verdict = judged(NAME, "my-bptt", source=PASS.replace("return grads", "return dh_future, dc_carry") + JUDGE)
    assert "my_bptt returns 2 things; it has to return nine gradients" in said(verdict)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (", h0=None, c0=None)", ")", "first line should be `def my_bptt(params, x, targets, h0=None, c0=None):`"),
        ("h0=None, c0=None)", "h0, c0)", "first line should be `def my_bptt(params, x, targets, h0=None, c0=None):`"),
        (
            "params, x, targets",
            "x, params, targets",
            "first line should be `def my_bptt(params, x, targets, h0=None, c0",
        ),
        ("h0=None, c0=None)", "c0=None, h0=None)", "first line should be `def my_bptt(params, x, targets, h0=None, c0"),
        ("return grads", "return (grads[name] for name in grads)", "my_bptt returns a generator. It should return"),
        ("return grads", "return dict(grads.items()) | {'V': grads.V.sum()}", "V should be an array of shape (4, 3)"),
        ("return grads", "return dict(grads.items()) | {'V': grads.V * np.nan}", "V is nan at row 0"),
    ],
)
def test_another_first_line_and_another_form_of_a_gradient_are_told(old, new, words):
    assert PASS.count(old) == 1
    assert words in said(judged(NAME, "my-bptt", source=PASS.replace(old, new) + JUDGE))


FAULTS = {  # (source, old, new): words, and the gradients that are still right
    ("PASS", 'dc_carry = d["dc_before"]', 'dc_carry = d["dc"]'): ("You hand on dc itself", "V"),
    ("PASS", 'dc_carry = d["dc_before"]', 'dc_carry = d["dc_before"] * cache.f[t]'): ("multiplied by f twice", "V"),
    ("PASS", 'dh_future = d["dh_before"]', 'dh_future = np.clip(d["dh_before"], -5, 5)'): ("is clipped to ±5", "V"),
    ("PASS", "    return", "    np.clip(grads.flat, -5, 5, out=grads.flat)\n    return"): ("Numbers beyond 5 are", "V"),
    ("PASS", "    return", "    np.clip(grads.flat, -1, 1, out=grads.flat)\n    return"): ("Numbers beyond 1 are", ""),
    ("PASS", "[targets]", "[targets] / len(x)"): ("Only the one-hot target is divided", ""),
    ("PASS", 'dc_carry = d["dc_before"]', 'dc_carry = dc_carry + d["dc_before"]'): ("piles up from turn to turn", "V"),
    ("PASS", 'dc_carry = d["dc_before"]', 'dc_carry = d["dc"] + d["dc_before"]'): ("dc * (1 + f)", "V"),
    ("PASS", '        dc_carry = d["dc_before"]\n', ""): ("Nothing comes back along the cell", "V"),
    ("PASS", '        dh_future = d["dh_before"]\n', ""): ("No step receives later losses through h", "V"),
    ("PASS", 'dh_future = d["dh_before"]', 'dh_future = d["dh"]'): ("You hand on dh itself", "V"),
    ("PASS", 'dh_future = d["dh_before"]', 'dh_future = dh_future + d["dh_before"]'): ("dh_future piles up", "V"),
    ("PASS", 'dc_carry = d["dc_before"]', 'dc_carry = d["dh_before"]'): ("dc_carry is given dh_before", "V"),
    ("PASS", 'dh_future = d["dh_before"]', 'dh_future = d["dc_before"]'): ("dh_future is given dc_before", "V"),
    ("PASS", "t, dh_future, dc_carry)", "t, dc_carry, dh_future)"): ("in the call of step_back, or where they", "V"),
    ("PASS", '_before"]\n        dc_carry = d["dc_before"]', '"]\n        dc_carry = d["dc"]'): ("themselves", "V"),
    ("PASS", 'np.outer(d["dz" + gate], ', '(d["dz" + gate] * '): ("multiplied unit by unit", "V Ui Uf"),
    ("PASS", "cache.h[t - 1]", "x[t]"): ("In the four W, x[t] is used", "V Ui"),
    ("PASS", "reversed(range(len(x)))", "range(len(x))"): ("The loop runs forward", "V"),
    ("PASS", "reversed(range(len(x)))", "range(len(x) - 1, 0, -1)"): ("The loop stops before step 0", ""),
    ("PASS", "reversed(range(len(x)))", "reversed(range(len(x) - 1))"): ("leaves out the last step", ""),
    ("PASS", "    return grads", "        return grads"): ("Is the return inside the loop?", ""),
    ("PASS", "np.outer(dy[t], cache.h[t])", "np.outer(dy[t], cache.h[t - 1])"): ("In V, h[t-1] is used", "Wi Uo"),
    ("PASS", 'd["dz" + gate], cache.h[t - 1]', 'd["dz" + gate], cache.h[t]'): ("h[t] is used where h[t-1]", "V Ui Ug"),
    ("PASS", 'd["dz" + gate], cache.h[t - 1]', 'd["dz" + gate], cache.h[t + 1]'): ("h[t+1] is used where", "V Ui Ug"),
    ("PASS", "gate], cache.h[t - 1]", "gate], cache.c[t - 1]"): ("In the four W, c[t-1] is used where", "V Ui Ug"),
    ("PASS", "np.outer(dy[t], cache.h[t])", "np.outer(cache.y[t], cache.h[t])"): ("In V, y is used where dy", "Wi Uo"),
    ("PASS", "np.outer(dy[t], cache.h[t])", "np.outer(dy[t], cache.c[t])"): ("In V, c[t] is used where", "Wi Uo"),
    ("PASS", "[:, x[t]] +=", "[:, x[t - 1]] +="): ("the column of the token before", "V Wi Wo"),
    ("PASS", "np.outer(d[", "np.dot(d["): ("the dot product of two vectors", "V Ui Uf"),
    ("PASS", "[:, x[t]] +=", "[:, targets[t]] +="): ("the column of the target", "V Wi Wo"),
    ("PASS", "[targets]", "[np.roll(targets, 1)]"): ("So look at what all nine share: dy,", ""),
    ("PASS", "in reversed(range(len(x))):\n", "in reversed(range(len(x))):\n        grads.flat[:] = 0\n"): (
        "Only step 0 is left in", ""
    ),
    ("PASS", "    return", "    grads.flat[:] *= min(1, 2 / np.linalg.norm(grads.flat))\n    return"): (
        "and is nothing clipped?", ""
    ),
    ("PASS", "[:, x[t]] +=", "[:, 0] +="): ("one and the same column gets dz at every step", "V Wi Wo"),
    ("PASS", "= cache.y - np.eye(params.vocab_size)[targets]", "= np.eye(params.vocab_size)[targets] - cache.y"): (
        "The sign is flipped in all nine", ""
    ),
    ("PASS", "gate], cache.h[t - 1])", "gate], cache.h[t - 1]) * (t > 0)"): ("Step 0 adds nothing", "V Ui Uf Uo Ug"),
    ("PASS", "np.outer(dy[t], cache.h[t])", "np.outer(-dy[t], cache.h[t])"): ("In V, the sign is flipped", "Wi Uo"),
    ("PASS", "[:, x[t]] +=", "[:, x[t]] ="): ("overwrites what it got before", "V Wi Wo"),
    ("PASS", "    return grads", "    grads.flat[:] /= len(x)\n    return grads"): ("This is the mean", ""),
    ("PASS", "lt.forward(params, x, h0, c0)", "lt.forward(params, x)"): ("pass it h0 and c0", ""),
    ("PASS", "dh_future = np.zeros(params.hidden_size)", "dh_future = params.V.T @ dy[-1]"): ("counts twice", "V"),
    ("PASS", "t, dh_future,", "t, params.V.T @ dy[t] + dh_future,"): ("Each loss counts twice in the deltas", "V"),
    ("OWN", "do = dh * ct", "do = dc * ct"): ("do is computed from dc", "V"),
    ("OWN", " + dc_carry", ""): ("Nothing comes back along the cell", "V"),
    ("OWN", "o * (1 - ct**2)", "o"): ("the slope of tanh is missing", "V"),
    ("OWN", "dg * (1 - g**2)", "dg * g * (1 - g)"): ("dzg has the slope of the sigmoid", "V"),
    ("OWN", 'params["W" + a].T @', 'params["W" + a] @'): ("its transpose is needed", "V"),
    ("OWN", "cache.c[t - 1]", "cache.c[t]"): ("df takes c of this step", "V"),
}  # fmt: skip


@pytest.mark.parametrize(("which", "old", "new"), FAULTS, ids=[f"{new[:40]}" for _, _, new in FAULTS])
def test_a_usual_mistake_in_the_pass_is_named_once(which, old, new):
    source = {"PASS": PASS, "OWN": OWN_LINES}[which]
    assert source.count(old) == 1
    words, right = FAULTS[which, old, new]
    verdict = judged(NAME, "my-bptt", source=source.replace(old, new) + JUDGE)
    wrong = {part.sentence for part in verdict.parts if not part.passed}
    assert len(wrong) == 1 and words in wrong.pop(), said(verdict)
    states = {part.name: part.passed for part in verdict.parts}
    assert all(states[name] for name in right.split())
    assert verdict.note == "The lesson goes on with the library's `my_bptt`."


def inside_another_walk(with_V):
    """The solution with its loop inside another one, which starts a walk from every step."""
    before, loop, after = re.split(r"(?<=hidden_size\)\n)(    dh_future = .*?)(?=    return)", PASS, flags=re.DOTALL)
    v = "        grads.V += np.outer(dy[t], cache.h[t])\n"
    assert loop.count(v) == loop.count("reversed(range(len(x)))") == 1
    loop = loop if with_V else loop.replace(v, "")
    loop = re.sub("^", "    ", loop.replace("range(len(x))", "range(start + 1)"), flags=re.MULTILINE).rstrip(" ")
    own = "" if with_V else v.replace("[t]", "[start]")
    return f"{before}    for start in reversed(range(len(x))):\n{own}{loop}{after}"


@pytest.mark.parametrize(("with_V", "words"), [(True, "Each loss is picked up more than once"), (False, "V is right")])
def test_a_walk_inside_another_is_named(with_V, words):
    verdict = judged(NAME, "my-bptt", source=inside_another_walk(with_V) + JUDGE)
    wrong = {part.name: part.sentence for part in verdict.parts if not part.passed}
    assert len(set(wrong.values())) == 1 and ("V" in wrong) == with_V
    assert words in said(verdict) and "a walk inside another" in said(verdict)


def test_the_posted_loop_of_lesson_3_is_named_as_what_it_is():
    source = inspect.getsource(question_loop).replace("question_loop", "my_bptt")
    verdict = judged(NAME, "my-bptt", source=source + JUDGE)
    wrong = {part.sentence for part in verdict.parts if not part.passed}
    assert len(wrong) == 1 and "the two loops of lesson 3, with their flaws" in wrong.pop()


def test_a_wrong_pass_can_be_called_above_its_judgement_and_prints_its_own_deltas(capsys):
    words = 'the call `my_bptt(*net)` in the blank\'s cell, *above* `lesson.judge("my_bptt")`'
    assert words in cell_source(NAME, "inspect-questions")
    source = PASS.replace('dc_carry = d["dc_before"]', 'dc_carry = d["dc"]')
    source = source.replace("        grads.V +=", '        print(t, *d["dc"])\n        grads.V +=')
    verdict = judged(NAME, "my-bptt", source=f"{source}\nmy_bptt(*net){JUDGE}")
    printed = [[float(number) for number in line.split()] for line in capsys.readouterr().out.splitlines()]
    right = lt.bptt(*bell_net(T), return_deltas=True)[1].dc
    agree = {int(t): bool(np.allclose(dc, right[int(t)])) for t, *dc in printed}
    assert not verdict.passed and agree == {t: t == T - 1 for t in range(T)}


def test_a_carry_that_is_used_one_step_too_early_is_named():
    source = OWN_LINES.replace("        di = dc * g\n", "        dc = dc * f\n        di = dc * g\n")
    source = source.replace('d["dc_before"] = dc * f', 'd["dc_before"] = dc')
    verdict = judged(NAME, "my-bptt", source=source + JUDGE)
    assert "The new dc_carry is used in the same turn already" in said(verdict)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "dg = dc * i",
            "dg = 1.7 * dc * i",
            "Even with 1 step, Wg and Ug are wrong: look at the deltas of this gate.",
        ),
        ('d["dc_before"] = dc * f', 'd["dc_before"] = 0.7 * dc * f', "with 2, Wi, Wf, Wg, Ui, Uf and Ug are wrong."),
        (
            "dc = dh * o",
            "dc = 1.7 * dh * o",
            "Even with 1 step, Wi, Wf, Wg, Ui, Uf and Ug are wrong: look at what these",
        ),
    ],
)
def test_a_pass_that_no_table_knows_is_told_what_its_shortest_wrong_length_shows(old, new, words):
    assert OWN_LINES.count(old) == 1
    verdict = judged(NAME, "my-bptt", source=OWN_LINES.replace(old, new) + JUDGE)
    assert words in said(verdict) and "is off at row" not in said(verdict), verdict


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("cache = lt", "cache = kept[params.V.shape, len(x)] = kept.get((params.V.shape, len(x))) or lt", "at first"),
        ("return grads", "grads.flat += 1e-3 * np.random.rand()\n    return grads", "are random numbers drawn"),
        (
            "return grads",
            "grads.flat += 0.1 * len(kept.setdefault('', []))\n    kept[''].append(1)\n    return grads",
            "left over",
        ),
    ],
)
def test_a_pass_that_keeps_something_from_call_to_call_is_told_so(old, new, words):
    assert PASS.count(old) == 1
    verdict = judged(NAME, "my-bptt", source=f"kept = {{}}\n\n\n{PASS.replace(old, new)}{JUDGE}")
    assert "when it is called again with the same" in said(verdict) and words in said(verdict), verdict


@pytest.mark.parametrize(
    "theirs",
    ["lt.bptt", "lesson.yours('my_bptt')", "getattr(lt, 'bp' + 'tt')", "vars(lt)['bptt']", "eval('lt.bptt')"],
)
def test_the_library_s_pass_is_no_answer_to_the_frame_in_whatever_way_it_is_called(theirs):
    source = cell_source(NAME, "my-bptt").replace("    ...\n", f"    grads = {theirs}(params, x, targets, h0, c0)\n")
    told = said(judged(NAME, "my-bptt", source=source))
    assert re.search(r"my_bptt calls ((lt\.)?bptt|blanks.Lesson) from the library", told)


def test_an_object_that_is_only_the_library_s_pass_is_no_answer_either():
    source = 'class Mine:\n    __call__ = staticmethod(lt.bptt)\n\n\nmy_bptt = Mine()\nlesson.judge("my_bptt")'
    assert "Mine calls lt.bptt from the library" in said(judged(NAME, "my-bptt", source=source))


def test_a_right_pass_that_takes_its_docstring_from_the_library_is_no_call_of_it():
    source = f"import functools\n\n\n@functools.wraps(lt.bptt)\n{solved(NAME)['my-bptt']}"
    assert judged(NAME, "my-bptt", source=source).passed


def test_the_passes_with_another_line_are_right_without_one_and_wrong_with_any():
    for case in cases_04.my_bptt():
        assert lt.relative_error(case["passed"]().flat, case["answer"].flat) < 1e-14
    blank = Lesson(NAME).blank("my_bptt")
    cases = blank.cases()
    for expression in blank.mistakes["every"]:
        off = [lt.relative_error(eval(expression, case).flat, case["answer"].flat) for case in cases]
        assert max(off) > 1e-3, expression
    long = [case for case in cases if len(case["arguments"][1]) == 6]
    every = blank.mistakes["every"]
    passes = {expression: np.concatenate([eval(expression, case).flat for case in long]) for expression in every}
    for (one, a), (other, b) in itertools.combinations(passes.items(), 2):
        assert lt.relative_error(a, b) > 1e-6, (one, other)
    assert len(passes) >= 35


RECURSIVE = """def my_bptt(params, x, targets, h0=None, c0=None):
    cache = lt.forward(params, x, h0, c0)
    dy = cache.y - np.eye(params.vocab_size)[targets]
    grads = lt.Params.zeros(params.vocab_size, params.hidden_size)

    def walk(t, dh, dc, rows):
        d = step_back(params, cache, dy, t, dh, dc)
        rows = [np.vstack([d["dz" + a], *old]) for a, old in zip("ifog", rows)]
        return walk(t - 1, d["dh_before"], d["dc_before"], rows) if t else rows

    nothing = np.zeros(params.hidden_size)
    for a, dz in zip("ifog", walk(len(x) - 1, nothing, nothing, [[]] * 4)):
        grads["W" + a] = dz.T @ np.vstack([cache.h[-1], cache.h[: len(x) - 1]])
        for k in range(params.vocab_size):
            grads["U" + a][:, k] = sum(dz[t] for t in range(len(x)) if x[t] == k)
    grads.V = dy.T @ cache.h[: len(x)]
    return grads
"""
BY_ELEMENT = """def my_bptt(params, x, targets, h0=None, c0=None):
    H, K, t = params.hidden_size, params.vocab_size, len(x) - 1
    cache, grads = lt.forward(params, x, h0, c0), lt.Params.zeros(K, H)
    dh_future, dc_carry = [0.0] * H, [0.0] * H
    while t >= 0:
        dy = [cache.y[t][k] - (k == targets[t]) for k in range(K)]
        dh = [sum(params.V[k][j] * dy[k] for k in range(K)) + dh_future[j] for j in range(H)]
        dz, dc = np.zeros((4, H)), [0.0] * H
        for j in range(H):
            i, f, o, g, ct = (getattr(cache, name)[t][j] for name in ("i", "f", "o", "g", "ct"))
            dc[j] = dh[j] * o * (1 - ct * ct) + dc_carry[j]
            dz[0][j], dz[1][j] = dc[j] * g * i * (1 - i), dc[j] * cache.c[t - 1][j] * f * (1 - f)
            dz[2][j], dz[3][j] = dh[j] * ct * o * (1 - o), dc[j] * i * (1 - g * g)
            for k in range(K):
                grads.V[k, j] += dy[k] * cache.h[t][j]
        for a, deltas in zip("ifog", dz):
            for j in range(H):
                grads["U" + a][j, x[t]] += deltas[j]
                for l in range(H):
                    grads["W" + a][j, l] += deltas[j] * cache.h[t - 1][l]
        dh_future = [sum(params["W" + a][l][j] * dz[n][l] for n, a in enumerate("ifog") for l in range(H))
                     for j in range(H)]
        dc_carry = [dc[j] * cache.f[t][j] for j in range(H)]
        t -= 1
    return grads
"""
LAZY = PASS.replace("        d = step_back(", "        sum(k for k in range(1000))\n        d = step_back(")


@pytest.mark.parametrize("source", [RECURSIVE, BY_ELEMENT, LAZY, STACKED])
def test_a_right_walk_is_right_however_slow_or_odd_and_nothing_more_is_said(source):
    verdict = judged(NAME, "my-bptt", source=source + JUDGE)
    assert verdict.passed and not verdict.note, str(verdict)


COMPLEX = """def my_bptt(params, x, targets, h0=None, c0=None):
    grads, net = lt.Params.zeros(params.vocab_size, params.hidden_size), params.astype(complex)
    for k in range(len(net.flat)):
        net.flat[k] += 1e-20j
        y = lt.forward(net, x, h0, c0).y
        grads.flat[k] = -np.log(y[np.arange(len(x)), targets]).sum().imag / 1e-20
        net.flat[k] = params.flat[k]
    return grads
"""
DIFFERENCES = COMPLEX.replace("params.astype(complex)", "params.copy()").replace(
    COMPLEX[COMPLEX.index("        net.flat[k] +=") : COMPLEX.index("        net.flat[k] = ")],
    """        for n, weight in enumerate([5 / 6, -5 / 21, 5 / 84, -5 / 504, 1 / 1260], 1):
            for step in (2e-3 * n, -2e-3 * n):
                net.flat[k] = params.flat[k] + step
                y = lt.forward(net, x, h0, c0).y
                grads.flat[k] -= n * weight / step * np.log(y[np.arange(len(x)), targets]).sum()
""",
)
FROM_EVERY_LOSS = inside_another_walk(with_V=False).replace("cache, dy,", "cache, one,")
FROM_EVERY_LOSS = re.sub(
    r"( +)grads.V \+= .*", r"\g<0>\n\1one = np.zeros_like(dy)\n\1one[start] = dy[start]", FROM_EVERY_LOSS
)
FORWARD_AGAIN = PASS.replace("        d = ", "        cache = lt.forward(params, x, h0, c0)\n        d = ")
TWO_LOOPS = re.sub("(?s)(    dh_future = np.zeros.*)    return dh_future, dc_carry", lambda match: (
    "    dh0, dc0 = np.zeros((2, len(h0)))\n    for start in range(len(x)):\n"
    "        one = dy * (np.arange(len(x)) == start)[:, None]\n"
    + re.sub("(?m)^(?=.)", "    ", match[1].replace("cache, dy", "cache, one").replace("len(x)", "start + 1"))
    + "        dh0 += dh_future\n        dc0 += dc_carry\n    return dh0, dc0"
), solutions(NAME)["initial"])  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "source", "words"),
    [
        ("my-bptt", COMPLEX, "measured by nudging one number after another"),
        ("my-bptt", DIFFERENCES, "measured by nudging one number after another"),
        ("my-bptt", FROM_EVERY_LOSS, "with 40 steps, my_bptt runs 3."),
        ("my-bptt", FORWARD_AGAIN, "Look for a loop over the steps inside another, or for a call in the loop"),
        ("initial", TWO_LOOPS, "with 40 steps, initial_deltas runs 3."),
    ],
)
def test_right_numbers_that_no_single_walk_has_given_are_right_and_it_is_said_what_gave_them(cell, source, words):
    verdict = judged(NAME, cell, source=source + JUDGE.replace("my_bptt", cell.replace("-", "_")))
    assert verdict.passed and verdict.note.startswith("The numbers are right, but"), str(verdict)
    assert words in verdict.note and verdict.summary.startswith("Right: ")


CUT = "reversed(range(max(0, len(x) - 20), len(x)))"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("reversed(range(len(x)))", CUT),
        (
            'dc_carry = d["dc_before"]',
            'dc_carry = d["dc_before"]\n        if abs(dh_future).max() < 1e-6:\n            break',
        ),
    ],
)
def test_a_walk_that_is_cut_off_is_wrong_even_where_little_comes_back(old, new):
    assert old in PASS
    verdict = judged(NAME, "my-bptt", source=PASS.replace(old, new) + JUDGE)
    assert not verdict.passed and "Does the walk go all the way back, and is nothing clipped?" in said(verdict)
    verdict = judged(NAME, "initial", source=INITIAL.replace(old, new) + '\nlesson.judge("initial")')
    assert not verdict.passed


def test_the_pass_is_kept_only_if_right_and_works_without_a_step_back_of_ones_own(tmp_path, monkeypatch, capsys):
    names = run_cells(NAME, until="my-bptt")
    monkeypatch.chdir(tmp_path)
    eval('lesson.keep("my_bptt")', names)
    assert "my_bptt is not kept" in capsys.readouterr().out and not list(tmp_path.iterdir())
    run_cell(NAME, "my-bptt", solved(NAME)["my-bptt"], names)
    eval('lesson.keep("my_bptt")', names)
    assert "my_functions.py" in capsys.readouterr().out
    brought = Lesson(NAME).bring("my_bptt")
    assert "This lesson uses your own my_bptt" in capsys.readouterr().out
    net = bell_net(5)
    assert lt.relative_error(brought(*net).flat, lt.bptt(*net).flat) < 1e-12


# ------------------------------------------------------------------------------------------ the challenge

INITIAL = solutions(NAME)["initial"]
INITIAL_FAULTS = {
    "return dh_future, dc_carry": {
        'return d["dh"], d["dc"]': ("This is dh of step 0", "This is dc of step 0"),
        "return dc_carry, dh_future": ("dh0 and dc0 are swapped",) * 2,
        "return dh_future + params.V.T @ dy[0], dc_carry": ("No loss is read off the initial state",),
    },
    'dc_carry = d["dc_before"]': {
        'dc_carry = d["dc"]': ("The walk hands on dc itself",),
        "pass": ("dc_carry stays at zero",),
    },
    'dh_future = d["dh_before"]': {"pass": ("dh_future stays at zero",)},
    "range(len(x)))": {"range(len(x) - 1))": ("The loop leaves out the last step",)},
    "(params, x, h0, c0)": {"(params, x)": ("pass it h0 and c0",)},
    "reversed(range(len(x)))": {
        "range(len(x))": ("The loop runs forward",),
        "range(len(x) - 1, 0, -1)": ("This is what step 1 handed to step 0",) * 2,
        "[len(x) - 1]": ("This is what the last step hands on",) * 2,
    },
}


@pytest.mark.parametrize(
    ("old", "new", "words"), [(old, new, words) for old, each in INITIAL_FAULTS.items() for new, words in each.items()]
)
def test_wrong_deltas_of_the_initial_state_are_named(old, new, words):
    verdict = judged(NAME, "initial", source=INITIAL.replace(old, new) + '\nlesson.judge("initial")')
    for sentence in words:
        assert sentence in said(verdict)
    assert verdict.note == "The lesson goes on with the library's `initial_deltas`."


def test_the_initial_deltas_are_not_measured():
    source = """def initial_deltas(params, x, targets, h0, c0):
    def loss(h0, c0):
        return -np.log(lt.forward(params, x, h0, c0).y[np.arange(len(x)), targets]).sum()

    def slope(f, v, e):
        return (8 * (f(v + e) - f(v - e)) - (f(v + 2 * e) - f(v - 2 * e))) / 12e-3

    E = 1e-3 * np.eye(len(h0))
    dc0 = np.array([slope(lambda c: loss(h0, c), c0, e) for e in E])
    return np.array([slope(lambda h: loss(h, c0), h0, e) for e in E]), dc0


lesson.judge("initial")"""
    assert "was it rounded or measured" in said(judged(NAME, "initial", source=source))


def test_the_pass_of_the_lesson_is_no_answer_to_the_initial_state_and_is_told_so():
    source = "def initial_deltas(params, x, targets, h0, c0):\n    return my_bptt(params, x, targets, h0, c0)\n"
    verdict = judged(NAME, "initial", source=source + 'lesson.judge("initial")')
    assert "initial_deltas should return 2 arrays (dh0, dc0), but returns" in said(verdict)


def test_other_ways_to_the_initial_deltas_are_right():
    by_hand = INITIAL.replace("return dh_future, dc_carry", 'return d["dh_before"], d["dc"] * cache.f[0]')
    as_list = INITIAL.replace("return dh_future, dc_carry", "return [dh_future, dc_carry]")
    for source in (by_hand, as_list):
        assert judged(NAME, "initial", source=source + '\nlesson.judge("initial")').passed
    net = params, x, targets, h0, c0 = bell_net(3)
    for got, which in zip(cases_04.initial_deltas(*net), (3, 4), strict=True):
        for unit in range(len(h0)):
            states = [h0.astype(complex), c0.astype(complex)]
            states[which - 3][unit] += 1e-20j
            slope = plain.loss(params, x, targets, *states).imag / 1e-20
            assert got[unit] == pytest.approx(slope, rel=1e-10)


# ------------------------------------------------------------------------------------------ what the lesson says


def test_the_numbers_of_the_title_and_of_the_predictions(lesson):
    assert 100 * 101 // 2 == 5050 and "5,050" in cells_of(NAME)[0].source
    assert (80 * 81 // 2, 800 * 801 // 2) == (3240, 320400)
    assert 80 * 40 < 3240 < 80 * 41 and 800 * 400 < 320400 < 800 * 401


def test_the_step_of_the_single_lines_has_something_in_every_part(lesson):
    assert lesson["t"] == 5 and lesson["T"] == 8
    for name in ("dh_future", "dc_carry", "dc", "f"):
        assert abs(lesson[name]).min() > 1e-3, name
    dy = plain.score_deltas(lesson["cache"], lesson["targets"])
    d = plain.walk_back(lesson["params"], lesson["cache"], dy)[1][5]
    for name in ("dh_future", "dc_carry", "dc"):
        np.testing.assert_allclose(lesson[name], d[name], rtol=1e-12, err_msg=name)


def test_one_turn_with_the_sums_is_the_sum_of_two_turns(lesson):
    np.testing.assert_allclose(lesson["dh_before"], lesson["dh_before_a"] + lesson["dh_before_b"], atol=1e-14)
    assert abs(lesson["dh_before"]).min() > 0.1
    np.testing.assert_allclose(lesson["dc_before"], lesson["dc_before_a"] + lesson["dc_before_b"], atol=1e-14)


def test_only_clipping_inside_a_turn_makes_the_sum_another_one(lesson):
    assert spec(NAME)["predictions"]["no_sum"]["right"] == "c"
    changes = {
        "a": ("params.Wi.T", "params.Wi"),
        "b": ("(1 - ct**2)", "1", "(1 - g**2)", "1"),
        "c": ("    do = dh * ct\n", "    dh = np.clip(dh, -1, 1)\n    do = dh * ct\n"),
        "d": ("    do = dh * ct\n", "    dh = dh / 2\n    do = dh * ct\n"),
    }
    for letter, pieces in changes.items():
        turn = edited(plain.cell_back, *pieces)
        a, b, both = (
            turn(lesson["params"], lesson["cache"], 5, lesson[f"dh_{who}"], lesson[f"dc_carry_{who}"])["dh_before"]
            for who in ("a", "b", "both")
        )
        assert np.allclose(a + b, both, rtol=1e-12) == (letter != "c"), letter
    assert np.minimum(0.8, 1) + np.minimum(0.8, 1) == 1.6 and np.minimum(0.8 + 0.8, 1) == 1


@pytest.mark.parametrize(("source", "whose", "passed"), [
    (None, "This is the library's my_bptt, since yours is not written yet.", True),
    (PASS, "This is your my_bptt.", True),
    (PASS.replace('d["dc_before"]', 'd["dc"]'), "This checks your my_bptt, although it isn't right yet.", False),
])  # fmt: skip
def test_the_check_runs_on_the_learner_s_own_pass_right_or_wrong(source, whose, passed, capsys):
    results = {}
    run_cells(NAME, until="check", replace={"my-bptt": source + JUDGE} if source else {}, results=results)
    assert whose in capsys.readouterr().out and results["check"].passed is passed


def test_a_measured_answer_is_told_that_the_lines_are_asked_for():
    source = "def initial_deltas(*net):\n    return lt.loss(*net), lt.loss(*net)" + JUDGE.replace("my_bptt", "initial")
    words = "initial_deltas calls lt.loss from the library. What counts here is that you write the lines yourself."
    assert words in said(judged(NAME, "initial", source=source))


def test_the_numbers_of_one_answer_are_those_of_one_net():
    source = solutions("01_forward_pass")["my-forward"].replace(
        "return h, c", "return h + h**2, c + (len(x) > 3) * h**2"
    )
    verdict = judged("01_forward_pass", "my-forward", source=source + JUDGE.replace("bptt", "forward"))
    sizes = re.findall(r"[hc] is off .*? of (\d+) numbers", said(verdict))
    assert len(sizes) == 2 and len(set(sizes)) == 1, verdict


def test_the_check_passes_to_twelve_digits(lesson):
    report = lt.check_gradients(lesson["my_bptt"])
    assert report.passed
    largest = max(
        lt.relative_error(lesson["my_bptt"](*net)[n], lt.exact_gradient(*net)[n])
        for n in lt.Params.NAMES
        for net in [bell_net(8)]
    )
    assert largest < 1e-12


def test_the_initial_delta_is_what_a_nudge_measures(lesson):
    assert lesson["change"] / 2e-5 == pytest.approx(lesson["dh0"][0], abs=1e-8)


def test_question_on_flaw_4_each_forget_gate_is_below_1_and_the_carry_grows():
    loop, right, _ = two_passes(frozenset(["carry_accumulates"]))
    lengths = np.linalg.norm(loop.dc_carry, axis=1)
    assert (np.diff(lengths[::-1]) > 0).all() and lengths[0] > 10
    assert np.linalg.norm(right.dc_carry, axis=1).max() < 1
    params, x, _, h0, c0 = bell_net()
    assert (lt.forward(params, x, h0, c0).f[:-1] < 1).all()


def test_question_on_flaw_3_the_map_is_gray_and_four_gradients_are_wrong():
    loop, right, errors = two_passes(frozenset(["scalar_dot"]))
    assert not pictures.parted(loop, right).any()
    assert {name for name in lt.Params.NAMES if lt.verdict(errors[name]) != "right"} == {"Wi", "Wf", "Wo", "Wg"}


def test_what_to_look_for_with_flaw_1_the_frame_goes_to_dh_loss_of_the_last_step():
    loop, right, _ = two_passes(frozenset(["short_range"]))
    assert pictures.first_parting(loop, right) == (T - 1, "dh_loss")


def test_the_times_are_measured_at_four_lengths_and_the_single_walk_is_faster(lesson):
    times = lesson["times"]
    assert [len(each) for each in times.values()] == [4, 4]
    assert times["two loops"][-1] > 4 * times["one walk"][-1]  # of 40 times as many turns
    text = pictures.describe_times((40, 80), {"two loops": [10, 40], "one walk": [2, 4]})
    assert text.startswith("At T = 40 the two loops take 5 times as long as one walk, and 10 times at T = 80: ")
    assert text.endswith("3,240 turns and 40 ms versus 80 turns and 4 ms.")


def test_a_print_that_is_left_in_a_pass_is_not_shown_once_more_for_each_measured_call(capsys):
    assert milliseconds(print, "here") > 0 and capsys.readouterr().out == ""


def test_times_that_were_not_all_measured_are_not_drawn():
    names = copied(names_before(NAME, "measure"))
    ones = itertools.chain([1.0] * 5, itertools.repeat(None))
    names["milliseconds"] = lambda *_: 1.0 / next(ones)  # fails at the sixth, as if it were stopped there
    with pytest.raises(TypeError):
        run_cell(NAME, "measure", cell_source(NAME, "measure"), names)
    with pytest.raises(NameError, match="'times' is not defined"):
        run_cell(NAME, "times", cell_source(NAME, "times"), names)


# ------------------------------------------------------------------------------------------ figures


def made_up(**changes):
    """Deltas of 3 steps and 2 units, all ones but for the changes {name: {(step, unit): value}}."""
    arrays = {name: np.ones((3, 2)) for name in pictures.QUANTITIES}
    for name, places in changes.items():
        for place, value in places.items():
            arrays[name][place] = value
    return lt.Deltas(**arrays)


def test_the_first_parting_is_the_first_on_the_way_back():
    right = made_up()
    assert pictures.first_parting(made_up(), right) is None
    assert pictures.first_parting(made_up(dh={(0, 1): 2}, dzg={(1, 0): 2}), right) == (1, "dzg")
    both = made_up(dc={(2, 1): 0}, dc_carry={(2, 0): 2}, dh={(0, 0): 5})
    assert pictures.first_parting(both, right) == (2, "dc_carry")
    assert pictures.first_parting(made_up(dh={(2, 0): 1 + 1e-12}), right) is None
    assert pictures.first_parting(made_up(dh={(2, 0): 1 + 1e-6}), right) == (2, "dh")


FIRST = {
    "short_range": (T - 1, "dh_loss"),
    "stale_cell_delta": (T - 2, "dc_carry"),
    "carry_accumulates": (T - 2, "dc_carry"),
}


@pytest.mark.parametrize("seed", range(3))
def test_each_flaw_shows_first_where_it_strikes(seed):
    net = bell_net(T, seed)
    right = lt.bptt(*net, return_deltas=True)[1]
    for flaw in lt.FLAWS:
        _, loop = lt.nested_bptt(*net, repaired=ALL - {flaw}, return_deltas=True)
        assert pictures.first_parting(loop, right) == FIRST.get(flaw), flaw


@pytest.mark.parametrize("length", [2, 5])
def test_the_repaired_loop_credits_the_deltas_of_the_single_pass(length):
    for seed in range(3):
        net = bell_net(length, seed)
        gradient, loop = lt.nested_bptt(*net, repaired=ALL, return_deltas=True)
        right = lt.bptt(*net, return_deltas=True)[1]
        for name in pictures.QUANTITIES:
            np.testing.assert_allclose(getattr(loop, name), getattr(right, name), rtol=1e-11, atol=1e-14, err_msg=name)
        assert lt.relative_error(gradient.flat, lt.bptt(*net).flat) < 1e-14


@pytest.mark.parametrize("left_in", [ALL, frozenset(["carry_accumulates"]), frozenset()], ids=len)
def test_the_picture_shows_the_lengths_of_its_step(left_in):
    loop, right, _ = two_passes(left_in)
    for step in (7, 2):
        differs, dots = drawn(pictures.build(len(right.dh)), loop, right, left_in, step).axes
        apart = pictures.parted(loop, right)
        assert np.array_equal(differs.collections[0].get_array() > 0, apart)
        marks = {line.get_label(): line for line in dots.lines}
        here = apart[:, step]
        for label, deltas, rows in (
            ("both the same", right, ~here),
            ("the right pass", right, here),
            ("this loop", loop, here),
        ):
            x, y = marks[label].get_data()
            lengths = pictures.sizes(deltas, step)[rows]
            np.testing.assert_array_equal(y, np.flatnonzero(rows))
            np.testing.assert_allclose(x, np.where(lengths == 0, pictures.NOTHING, lengths))


def test_the_axis_of_lengths_holds_every_flaw_at_every_step(inspector):
    for _, left_in in inspector.controls["flaw"].options:
        for deltas in two_passes(left_in)[:2]:
            for step in range(T):
                lengths = pictures.sizes(deltas, step)
                assert ((lengths == 0) | ((lengths > pictures.LOWEST) & (lengths < pictures.HIGHEST))).all()


def test_the_picture_of_times_holds_turns_and_times():
    lengths, times = (10, 20, 40, 80), {"two loops": [1, 4, 16, 64], "one walk": [1, 2, 4, 8]}
    turns, measured = pictures.times_picture(lengths, times).axes
    assert [list(line.get_ydata()) for line in turns.lines] == [[55, 210, 820, 3240], [10, 20, 40, 80]]
    assert [list(line.get_ydata()) for line in measured.lines] == list(times.values())
    assert [text.get_text() for text in measured.texts] == ["two loops: 64", "one walk: 8"]
    assert all(
        axes.get_ylim()[0] == 0 and axes.get_ylim()[1] > max(axes.lines[0].get_ydata()) for axes in (turns, measured)
    )


# ------------------------------------------------------------------------------------------ the explorer


def test_the_inspector_opens_on_a_flaw_and_a_step_that_show_something(inspector):
    assert inspector.text.startswith("Flaw 4. Step 4, 3 steps back from the end. The first difference is at step 6")
    assert "13 of 14 deltas differ. Furthest off is the size of dc_carry: 1.1 instead of 0.13." in inspector.text


def test_every_flaw_and_every_step_changes_picture_and_text(inspector):
    seen = {}
    for (_, flaw), walked in itertools.product(inspector.controls["flaw"].options, range(T)):
        inspector.set(flaw=flaw, walked=walked)
        assert inspector.png not in seen, (flaw, walked)
        seen[inspector.png] = inspector.text
        assert f"Step {T - 1 - walked}, {walked} step" in inspector.text and len(inspector.text) < 200
    assert len(set(seen.values())) == len(seen) and inspector.message == ""


def test_the_ends_of_the_walk_and_a_full_drawing_agree(inspector):
    slider = inspector.controls["walked"]
    assert (slider.min, slider.max, slider.play.min, slider.play.max) == (0, T - 1, 0, T - 1)
    for walked, flaw in ((0, ALL), (T - 1, ALL), (3, frozenset()), (0, frozenset(["short_range"]))):
        inspector.set(walked=walked, flaw=flaw)
        assert_same_as_full_drawing(inspector._scene)
        heading, moment = (
            text.get_window_extent() for text in inspector._scene.figure.texts if "delta" in text.get_text()
        )
        assert not heading.overlaps(moment) and not moment.overlaps(heading)


def test_a_click_on_the_map_chooses_the_step_and_one_elsewhere_nothing(inspector):
    before = inspector.png
    inspector.point(0.8, 0.5)
    assert inspector.png == before
    left, top, width, _ = pictures.MAP
    inspector.point((left + width * 1.5 / T) / pictures.WIDTH, (top + 20) / pictures.HEIGHT)
    assert inspector.controls["walked"].value == T - 2 and "Step 1, " in inspector.text
