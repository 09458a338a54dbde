"""Lesson 07: the ladders of faults and cases, diagnoses, lines and repairs, the doctor, what a learner brings."""

import html
import inspect
import linecache
import re
import sys
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from IPython.core.events import EventManager, available_events
from lesson_cells import cell_source, cells_of, fill, run_cell, solved, solved_run, spec
from projectfiles import ROOT

import lstm_teach as lt
from lstm_teach import plain, unfinished
from lstm_teach.blanks import Lesson
from lstm_teach.gradcheck import LENGTHS, own_case
from lstm_teach.gradreport import off
from lstm_teach.lessons import clinic, clinic_cases
from lstm_teach.lessons.clinic import FAULTY, reasons
from lstm_teach.models import case
from lstm_teach.models.differences import RIGHT, reference
from lstm_teach.nested import FLAWS

NOTEBOOK = "07_debugging_clinic"
NAMES = lt.Params.NAMES
WORDS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}
RIGHT_PASS = inspect.getsource(clinic_cases.right_pass)
CASES = tuple(WORDS)

# Which gradients are wrong at T = 1, 2, 3 and 6 from a state that is not zero; and at T = 1 from zero.
FAULT_LADDERS = {
    "one gate's line: the slope of f forgotten": ("W and U of f", *3 * ["all but V"], "none"),
    "dc within a step: the slope of tanh taken at c": ("W and U of i f g", *3 * ["all but V"], "Ui Ug"),
    "dh_future: never handed on": ("none", *3 * ["all but V"], "none"),
    "dc_carry: never handed on": ("none", "W and U of i f g", *2 * ["all but V"], "none"),
    "a product: dU in the column of the target": (*4 * ["all U"], "Ui Uo Ug"),
    "adding up: dW overwritten at each step": ("none", *3 * ["all W"], "none"),
    "adding up: a column of dU overwritten at each step": ("none", "none", "all U", "all U", "none"),
    "the start: h0 and c0 forgotten": (*4 * ["all nine"], "none"),
    "the output: dV with the state before": (*4 * ["V"], "V"),
}
CASE_LADDERS = {
    1: (*4 * ["all W"], "Wi Wo Wg"),
    2: ("none", *3 * ["all nine"], "none"),
    3: ("W and U of g", *3 * ["all but V"], "Ug"),
    4: ("none", *3 * ["all but V"], "none"),
    5: ("none", "none", "W and U of i f g", "all but V", "none"),
}
DIAGNOSES = {1: "e", 2: "g", 3: "a", 4: "c", 5: "d"}
SOLUTIONS = {
    1: "np.outer(dz[gate], h[t - 1])",
    2: "cache.y - wanted",
    3: "dc * i * (1 - g**2)",
    4: 'sum(params["W" + gate].T @ dz[gate] for gate in "ifog")',
    5: "dc * f",
}
OTHER_STYLES = {
    1: ["dz[gate][:, None] * cache.h[t - 1]", "np.einsum('j,k->jk', dz[gate], h[t - 1])"],
    2: ["cache.y - np.eye(params.vocab_size)[targets]", "-(wanted - cache.y)"],
    3: ["(1 - g) * (1 + g) * i * dc", "dc * i - dc * i * g * g"],
    4: [
        'dz["i"] @ params.Wi + dz["f"] @ params.Wf + dz["o"] @ params.Wo + dz["g"] @ params.Wg',
        'np.sum([dz[k] @ params["W" + k] for k in "gofi"], axis=0)',
    ],
    5: ["f * (dc_now + c_part)", "dc * cache.f[t]"],
}
WRONG = [  # in other words than the lesson's file has them
    (2, "np.mean(cache.y - wanted, axis=0)", "mean over the steps, in one row"),
    (2, "(cache.y - wanted).sum(axis=1)", "Each score keeps its own delta"),
    (1, "dz[gate][:, None] * cache.ct[t - 1]", "by the tanh of the cell"),
    (1, "np.outer(dz[gate], np.tanh(cache.c[t]))", "by the tanh of the cell"),
    (1, "np.einsum('j,k->jk', do, h[t - 1])", "gives all four matrices do, the delta of gate o's output"),
    (1, "np.outer(dict(i=di, f=df, o=do, g=dg)[gate], h[t - 1])", "the deltas of the gates' outputs"),
    (1, "np.outer(dh, cache.h[t - 1])", "dh is the delta of h"),
    (1, "np.outer(dc, cache.h[t - 1])", "dc is the delta of the cell"),
    (1, 'dz[gate] @ params["W" + gate]', "goes back through W to h"),
    (2, "-wanted * (1 / cache.y)", "the delta of the probabilities"),
    (2, "cache.y * (cache.y - wanted) * (1 - cache.y)", "already has the slope of the softmax"),
    (2, "-wanted / cache.y * cache.y * (1 - cache.y)", "0 everywhere else"),
    (2, "-np.log(cache.y) * wanted", "These are losses"),
    (2, "-np.sum(wanted * np.log(cache.y))", "This is the loss itself"),
    (2, "np.flipud(cache.y - wanted)", "reverses the order of the steps"),
    (3, "i * dc", "without any slope. Which function squashes g?"),
    (3, "dc * i * g * g", "something is missing"),
    (3, "cache.i[t - 1] * dc - cache.i[t - 1] * dc * cache.g[t - 1] ** 2", "i and g of the step before"),
    (3, "np.dot(dc, i) * (1 - g**2)", "The dot product of two vectors is one number"),
    (4, 'sum(dz["i"] @ params["W" + k] for k in "ifog")', "All four products use the dz of gate i"),
    (4, 'sum(dz[gate] @ params["W" + k] for k in "gofi")', "the same dz: gate doesn't change"),
    (4, 'params["W" + gate].T @ sum(dz.values())', "the same W: gate doesn't change"),
    (4, 'params.W.T @ np.concatenate([dz[k] for k in "ifgo"])', "o and g are swapped"),
    (4, 'sum((slope[k] * dz[k]) @ params["W" + k] for k in "ifog")', "already has the slope of the squashing in it"),
    (4, '[dz[k] @ params["W" + k] for k in "ifog"]', "These are the four parts"),
    (5, "cache.c[t - 1] * dc", "This is the delta of the forget gate"),
    (5, "cache.c[t - 1] * f * dc", "no place in what goes back to the previous cell"),
    (5, "(dc + dc_now) * f", "dc_now is part of dc already"),
    (5, "f * (dc + c_part)", "c_part is part of dc already"),
    (5, "c_part * f + dc", "c_part, which is a part of dc, a second time"),
    (4, 'sum(dz[k] * params["W" + k] for k in "ifog")', "And this goes forward through each W, not back."),
    (5, "dh * o * (1 - ct**2)", "only one of the two parts of dc"),
    (5, "dc * (1 - f)", "the share that is forgotten"),
    (4, 'dz["o"] @ params.Wo', "the part from gate o"),
    (2, "cache.y - np.eye(params.vocab_size)[x]", "the token that was read, x[t]"),
    (2, "cache.y - wanted / T", "This divides only wanted by T."),
    (3, "dc * i * (1 - g * 2)", "g * 2 is twice g"),
    (3, "dc * i * (1 + g**2)", "never above 1"),
    (3, "dc * i * 1 - g**2", "The slope, 1 - g**2, is a factor"),
    (3, "dh * o * (1 - ct**2) * i * (1 - g**2)", "back_c, is left out here"),
    (3, "(dc + back_c) * i * (1 - g**2)", "Here it counts twice"),
    (
        4,
        'params.Wi.T @ dz["i"] + params.Wf.T @ dz["f"] + params.Wo.T @ dz["o"] + params.Wg @ dz["g"]',
        "Wg takes its dz forward here",
    ),
    (4, 'sum(params["W" + g].T @ dz[g] for g in "ifog") + dy[t] @ params.V', "it is in dh already"),
]
QUESTION_LINES = [
    "dc = dct[0] * (1 - ct[0] ** 2)",
    "for s in reversed(range(t)):",
    *(f"grads.W{gate} += np.dot(dz{gate}, h[s - 1])" for gate in "ifog"),
    "dc = dc + dc * f",
]


def wrong(backward, T, state="not zero"):
    """The gradients that are not right, computed here and not by the lesson."""
    params, x, targets, h0, c0 = clinic.net(T, state)
    got, right = backward(params, x, targets, h0, c0), plain.bptt(params, x, targets, h0, c0)
    return {name for name in NAMES if lt.relative_error(got[name], right[name]) > 1e-7}


def in_words(errors):
    """Which gradients are wrong, in as few words as they allow: "none", "all W", "all but V", "W and U of i f g"."""
    wrong, (V, *gates) = off(errors), NAMES
    for names, said in (([], "none"), (gates[:4], "all W"), (gates[4:], "all U"), ([V, *gates], "all nine")):
        if wrong == names:
            return said
    both = [gate for gate in lt.params.GATES if {"W" + gate, "U" + gate} <= set(wrong)]
    if len(wrong) == 2 * len(both) < 8:
        return f"W and U of {' '.join(both)}"
    return " ".join(wrong if len(wrong) < 6 else ["all but", *(name for name in NAMES if name not in wrong)])


def seen(backward):
    """What the lesson shows: at T = 1, 2, 3, 6 from a state that is not zero, and at T = 1 from zero."""
    rungs = [*clinic.ladder(backward).values(), clinic.ladder(backward, "zero")[1]]
    return tuple(in_words(errors) for errors in rungs)


def source_lines(number):
    lines, first = inspect.getsourcelines(clinic.case(number))
    return [line.rstrip() for line in lines], first


def from_source(source, name):
    """A function made of text, whose text can be read again."""
    file, space = f"<{name}>", {"np": np, "lt": lt}
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    exec(compile(source, file, "exec"), space)
    return space[name]


def repaired(number):
    """A case with its faulty line repaired by the folded solution."""
    faulty = FAULTY[number][0]
    operator = "+=" if "+=" in faulty else "="
    target = faulty.partition(operator)[0]
    source = inspect.getsource(clinic.case(number))
    assert source.count(faulty) == 1
    return from_source(source.replace(faulty, f"{target}{operator} {SOLUTIONS[number]}"), f"case_{number}")


# -------------------------------------------------------------------------------------- the net and its ladders


def test_all_ladders_are_of_one_net_and_of_the_first_steps_of_one_sequence():
    params, x, targets, h0, c0 = clinic.net(6)
    for T in clinic.LENGTHS:
        other = clinic.net(T)
        assert np.array_equal(other[0].flat, params.flat)
        assert np.array_equal(other[1], x[:T]) and np.array_equal(other[2], targets[:T])
        assert np.array_equal(other[3], h0) and np.array_equal(other[4], c0)
    text = " ".join(cell_source(NOTEBOOK, "the-ladder").split())
    assert (params.hidden_size, params.vocab_size) == (5, 4) and "5 units, 4 tokens" in text
    assert " ".join(map(str, x)) in text and "at most 1e-7" in text
    assert 0.5 < np.std(params.flat) < 1 and abs(h0).min() > 0.2 and abs(c0).min() > 0.2
    assert not any(state.any() for state in clinic.net(3, "zero")[3:])
    assert len(set(x[:2])) == 2 and len(set(x[:3])) == 2, "a token appears again at the third step"


def test_a_dot_is_an_error_of_at_most_1e_7():
    errors = dict.fromkeys(NAMES, 1e-7)
    assert off(errors) == []
    assert off(errors | {"Wf": 1.01e-7}) == ["Wf"]


def test_the_right_pass_is_right_and_the_ladder_is_the_error_against_the_plain_pass():
    assert lt.check_gradients(clinic.right_pass).passed
    for backward in (clinic.right_pass, clinic.with_fault("dc_carry: never handed on")):
        for state in clinic.STATES:
            rungs = clinic.ladder(backward, state)
            assert {T: set(off(e)) for T, e in rungs.items()} == {T: wrong(backward, T, state) for T in clinic.LENGTHS}


def test_every_fault_is_one_replacement_and_has_the_ladder_that_the_lesson_tells():
    assert set(FAULT_LADDERS) == set(clinic.FAULTS) and len(clinic.FAULTS) == 9
    for fault, (old, _) in clinic.FAULTS.items():
        assert RIGHT_PASS.count(old) == 1
        assert seen(clinic.with_fault(fault)) == FAULT_LADDERS[fault], fault


def test_the_answers_below_the_faults_are_those_of_their_ladders():
    text = cell_source(NOTEBOOK, "explore-questions")
    alike = [fault for fault, rungs in FAULT_LADDERS.items() if rungs[3] == "all but V"]
    assert len(alike) == 4 and "Four of the nine faults have the same rung at T = 6" in text
    assert [FAULT_LADDERS[fault][0] for fault in alike] == ["W and U of f", "W and U of i f g", "none", "none"]
    hidden = [fault for fault, rungs in FAULT_LADDERS.items() if rungs[4] == "none"]
    text = cell_source(NOTEBOOK, "explore-zero")
    assert len(hidden) == 6 and re.search(r"faults do you miss\?.*\n\nSix\.", text, re.DOTALL)
    assert sum(fault.startswith(("dh_future", "dc_carry", "adding up")) for fault in hidden) == 4


def test_from_zero_the_slope_of_f_hides_at_one_step_and_another_mistake_of_f_does_not():
    params, x, targets, *_ = clinic.net(1, "zero")
    right = lt.exact_gradient(params, x, targets)
    assert [name for name in NAMES if not right[name].any()] == ["Wi", "Wf", "Wo", "Wg", "Uf"]
    source = RIGHT_PASS.replace("dc * cache.c[t - 1], dh", "dc * cache.c[t], dh")
    assert wrong(from_source(source, "right_pass"), 1, "zero") == {"Uf"}


def test_the_table_of_families_is_what_its_faults_show():
    table = dict.fromkeys([])
    for row in re.findall(r"^\| (.*) \|$", cell_source(NOTEBOOK, "families"), re.MULTILINE)[2:]:
        rung, there, place = (part.strip() for part in row.split(" | "))
        table[rung, place] = there
    first = {fault: next((T, w) for T, w in zip(clinic.LENGTHS, r, strict=False) if w != "none")
             for fault, r in FAULT_LADDERS.items()}  # fmt: skip
    assert table["T = 2", "`dc_carry`"].endswith("six of nine")
    assert len(wrong(clinic.with_fault("dc_carry: never handed on"), 2)) == 6
    assert table["T = 2", "`dh_future`"].endswith("eight of nine")
    assert len(wrong(clinic.with_fault("dh_future: never handed on"), 2)) == 8
    twice = from_source(RIGHT_PASS.replace("dh = params.V.T", "dh = 2 * params.V.T"), "right_pass")
    assert table["T = 1", "`dh`, within a step"] == "dW and dU of all four gates"
    assert wrong(twice, 1) == set(NAMES) - {"V"}
    assert first["adding up: dW overwritten at each step"] == (2, "all W")
    assert first["adding up: a column of dU overwritten at each step"] == (3, "all U")
    assert first["the start: h0 and c0 forgotten"] == (1, "all nine")
    assert first["a product: dU in the column of the target"] == (1, "all U")


@pytest.mark.parametrize(
    ("before", "after", "first"),
    [
        ("range(len(x))", "range(1, len(x))", 1),
        ("    return grads", "        return grads", 2),
        (
            "        i, f, o,",
            "        grads = lt.Params.zeros(params.vocab_size, params.hidden_size)\n        i, f, o,",
            2,
        ),
    ],
    ids=["a step left out", "a `return` inside it", "sums set back to zero"],
)
def test_a_mistake_of_the_loop_itself_makes_all_nine_wrong_as_the_table_says(before, after, first, request):
    backward = from_source(RIGHT_PASS.replace(before, after), "right_pass")
    assert lt.check_gradients(backward).summary.endswith("all nine gradients are off.")
    assert [len(wrong(backward, T)) for T in (1, 2, 3, 6)] == [9 if first <= T else 0 for T in (1, 2, 3, 6)]
    assert request.node.callspec.id in cell_source(NOTEBOOK, "families")
    assert "or in the loop itself" in " ".join(cell_source(NOTEBOOK, "not-seen").split())


def test_the_check_of_the_library_does_what_the_lesson_advises():
    cases = {T: own_case(T, {"h0": False, "c0": False}) for T in LENGTHS}
    assert {1, 2, 3} < set(cases) and "`lt.check_gradients` does all four" in cell_source(NOTEBOOK, "not-seen")
    for T, (params, x, _, states) in cases.items():
        assert T > 6 or (0.5 < np.std(params.flat) < 1 and all(abs(state).min() > 0.2 for state in states.values()))
        assert T < 3 or len(set(x)) < T


def test_the_two_first_passes_look_alike_at_six_steps_and_not_at_two():
    (title_a, a), (title_b, b) = tables(clinic.two_broken_passes())
    assert (title_a, title_b) == ("Pass A", "Pass B") and a[0] == b[0] and a[3] != a[1] != b[1]
    assert a == cells_of_ladder(clinic.ladder(clinic.with_fault("dc_carry: never handed on")))
    assert b == cells_of_ladder(clinic.ladder(clinic.with_fault("dh_future: never handed on")))
    asked = spec(NOTEBOOK)["predictions"]["which_is_which"]
    assert asked["options"][asked["right"]][0] == "pass A loses dc_carry, pass B loses dh_future"
    assert all(word not in cell_source(NOTEBOOK, "two-passes") for word in ("carry", "future"))


# ------------------------------------------------------------------------------------------------------ the cases


@pytest.mark.parametrize("number", CASES)
def test_a_case_has_the_ladder_that_its_diagnosis_rests_on(number):
    backward = clinic.case(number)
    assert seen(backward) == CASE_LADDERS[number]
    for T, words in zip(clinic.LENGTHS, CASE_LADDERS[number], strict=False):
        assert words == in_words({name: float(name in wrong(backward, T)) for name in NAMES})
    assert clinic.show_ladder(number).data == clinic.show_ladder(backward).data


@pytest.mark.parametrize("number", CASES)
def test_a_case_has_one_faulty_line_and_is_right_when_it_is_repaired(number):
    assert not lt.check_gradients(clinic.case(number)).passed
    assert lt.check_gradients(repaired(number)).passed


def test_what_is_said_of_the_last_two_cases_before_their_ladders_is_so():
    assert "With one step, this pass is right." in cell_source(NOTEBOOK, "case-4") and not wrong(clinic.case(4), 1)
    assert "with one or two steps finds nothing wrong" in cell_source(NOTEBOOK, "case-5")
    assert not any(wrong(clinic.case(5), T, state) for T in (1, 2) for state in clinic.STATES)


def test_the_mean_is_off_by_one_minus_one_over_t_in_all_nine():
    for T, errors in clinic.ladder(clinic.case(2)).items():
        np.testing.assert_allclose(list(errors.values()), 1 - 1 / T, atol=1e-12)
    assert "1/2, 2/3, 5/6" in spec(NOTEBOOK)["predictions"]["case_2"]["options"]["g"][1]


@pytest.mark.parametrize("number", CASES)
def test_a_diagnosis_has_the_same_seven_options_and_a_reason_for_each(number):
    predictions = spec(NOTEBOOK)["predictions"]
    asked = predictions[f"case_{number}"]
    texts = {letter: option[0] for letter, option in asked["options"].items()}
    assert list(texts) == list("abcdefg")
    assert texts == {letter: option[0] for letter, option in predictions["case_1"]["options"].items()}
    assert all(len(option[1].split()) >= 6 for option in asked["options"].values())
    assert asked["right"] == DIAGNOSES[number]
    form = Lesson(NOTEBOOK).predict(f"case_{number}")
    assert form.form.explanation == ""
    form.form.answer = asked["right"]
    assert "is right" in form.form.explanation


def test_what_a_reason_says_of_a_ladder_is_so():
    """Sentences that claim something of the rungs, in the reasons for diagnoses and for lines."""
    claims = {
        "dV is right on every rung": lambda n: all("V" not in wrong(clinic.case(n), T) for T in clinic.LENGTHS),
        "dU is right on every rung": lambda n: (
            not any("U" in "".join(wrong(clinic.case(n), T)) for T in clinic.LENGTHS)
        ),
        "ll four dU are right": lambda n: not any("U" in "".join(wrong(clinic.case(n), T)) for T in clinic.LENGTHS),
        "this ladder is already wrong": lambda n: bool(wrong(clinic.case(n), 1)),
        "ll nine are right at T = 1": lambda n: not wrong(clinic.case(n), 1),
        "ll eight are right at T = 1": lambda n: not wrong(clinic.case(n), 1),
        "all nine are right there": lambda n: not wrong(clinic.case(n), 2),
        "three of them are right at T = 1": lambda n: wrong(clinic.case(n), 1) == {"Wg", "Ug"},
        "dUo is right at T = 3": lambda n: "Uo" not in wrong(clinic.case(n), 3),
        "the fault shows there": lambda n: bool(wrong(clinic.case(n), 1)),
        "dV is off": lambda n: "V" in wrong(clinic.case(n), 2),
        "dV is wrong": lambda n: "V" in wrong(clinic.case(n), 2),
        "the output gate is wrong as well": lambda n: {"Wo", "Uo"} <= wrong(clinic.case(n), 2),
        "Here dWo and dUo are wrong as well": lambda n: {"Wo", "Uo"} <= wrong(clinic.case(n), 2),
        "They are not": lambda n: {"Wo", "Uo"} <= wrong(clinic.case(n), 2),
        "at T = 3 o is right": lambda n: wrong(clinic.case(n), 3) and not {"Wo", "Uo"} & wrong(clinic.case(n), 3),
        "dW is right at T = 2": lambda n: not wrong(clinic.case(n), 2),
    }
    predictions, met = spec(NOTEBOOK)["predictions"], set()
    for number in CASES:
        said = [why for _, why in predictions[f"case_{number}"]["options"].values()]
        said += [why for _, why in reasons(number, source_lines(number)[0]).values()]
        for claim, holds in claims.items():
            if any(claim in why for why in said):
                met.add(claim)
                assert holds(number), f"case {number}: {claim}"
    assert met == set(claims)


def test_no_case_tells_its_answer_before_it_is_asked():
    telling = re.compile(
        r"\b(gates?|dc\w*|dh\w*|dz\w*|dy|dV|products?|outer|mean|sums?|carr\w+|transpos\w+|slope|tanh|sigmoid|future|index|"
        r"weights?|cell|output|row|average\w*)\b"
    )
    cells = cells_of(NOTEBOOK)
    for number in CASES:
        ids = [cell.id for cell in cells]
        start, end = ids.index(f"ladder-{WORDS[number]}"), ids.index(f"repair-{WORDS[number]}")
        before = [cell for cell in cells[start - (number > 1) : end + 1] if cell.id != "find-the-line"]
        assert [telling.findall(cell.source) for cell in before if telling.search(cell.source)] == []
        assert [c.source for c in before if c.cell_type == "code"] == [
            f"clinic.show_ladder({number})",
            f'lesson.predict("case_{number}")',
            f"clinic.load_names({number})\nclinic.find_the_line({number})",
            f'repair_{number} = ...\nlesson.judge("case_{number}")',
        ]
        assert spec(NOTEBOOK)["predictions"][f"case_{number}"]["text"] == f"Where is the fault of case {number}?"
        source = inspect.getsource(clinic.case(number))
        assert "#" not in source and '"""' not in source


# ------------------------------------------------------------------------------------------------------ the lines


def test_the_verdict_on_the_faulty_line_leaves_the_repair_to_the_learner():
    for number in CASES:
        new = set(re.findall(r"[\w.]+(?:\[[^\]]*\])?", SOLUTIONS[number])) - set(
            re.findall(r"[\w.]+(?:\[[^\]]*\])?", FAULTY[number][0])
        )
        said = set(re.findall(r"[\w.]+(?:\[[^\]]*\])?", FAULTY[number][1]))
        assert not new & said, f"case {number}: {new & said}"


def test_the_lines_of_every_case_count_from_one():
    for number in CASES:
        assert source_lines(number)[1] == 1 and source_lines(number)[0][0].startswith(f"def case_{number}(")
        assert clinic.case(number) is clinic.case(number)
        assert inspect.getsource(clinic.case(number)) == inspect.getsource(getattr(clinic_cases, f"case_{number}"))


@pytest.mark.parametrize("number", CASES)
def test_every_line_can_be_opened_and_says_at_once_whether_it_is_the_faulty_one(number):
    page, (lines, first) = clinic.find_the_line(number).data, source_lines(number)
    why = reasons(number, lines)
    assert [lines[k].strip() for k, (faulty, _) in why.items() if faulty] == [FAULTY[number][0]]
    assert 0 not in why and len(lines) - 1 not in why  # the head and the return can't be opened
    opened = re.findall(r"<details.*?<summary[^>]*>(.*?)</summary><p[^>]*><b>(.*?)</b> (.*?)</p></details>", page)
    assert [html.unescape(line) for line, _, _ in opened] == [f"{first + k:3}  {lines[k]}" for k in why]
    for (_, verdict, reason), (faulty, told) in zip(opened, why.values(), strict=True):
        assert verdict == ("✗ This is the faulty line." if faulty else "✓ This line is right.")
        assert html.unescape(re.sub("</?code>", "`", reason)) == told and len(told) < 300
    shown = html.unescape(re.sub("<p .*?</p>|<[^>]*>", "", page))
    assert shown == "".join(f"{first + k:3}  {line}" for k, line in enumerate(lines))


def test_a_line_that_nothing_is_said_about_is_an_error():
    with pytest.raises(KeyError, match="nothing is said about"):
        reasons(1, ["def case_1():", "    new_line = 3"])


# ----------------------------------------------------------------------------------------------------- the repairs


def verdict(number, right_side):
    """The verdict of a case's repair, in a notebook that has the names of its code."""
    cell = f"repair-{WORDS[number]}"
    source = fill(cell_source(NOTEBOOK, cell), f"repair_{number} = {right_side}")
    return run_cell(NOTEBOOK, cell, source, {"np": np, "lt": lt, "lesson": Lesson(NOTEBOOK), **clinic.names(number)})


@pytest.mark.parametrize("number", CASES)
def test_the_folded_solution_and_two_other_styles_are_right(number):
    assert solved(NOTEBOOK)[f"repair-{WORDS[number]}"].startswith(f"repair_{number} = {SOLUTIONS[number]}\n")
    for right_side in (SOLUTIONS[number], *OTHER_STYLES[number]):
        assert verdict(number, right_side).passed, right_side


def test_no_line_that_is_right_in_the_end_is_told_a_mistake_that_it_has_on_its_way():
    for number, right_side in (
        (3, "dc * i - dc * i * g**2"),
        (4, 'np.array([params["W" + k].T @ dz[k] for k in "ifog"]).sum(axis=0)'),
        (5, "dc - dc * (1 - f)"),
    ):
        assert verdict(number, right_side).passed


def test_a_blank_without_the_cells_above_it_says_to_run_them():
    names = {"__name__": "__main__", "np": np, "lesson": Lesson(NOTEBOOK)}
    found = run_cell(NOTEBOOK, "repair-two", cell_source(NOTEBOOK, "repair-two"), names)
    assert found.note.startswith("The lesson can't go on from here: the library's ")
    assert "(NameError: name 'cache' is not defined). Run the cells above" in found.note


@pytest.mark.parametrize(("number", "right_side", "words"), WRONG)
def test_a_wrong_repair_is_named(number, right_side, words):
    (part,) = verdict(number, right_side).parts
    assert part.state == "wrong" and words in part.sentence, part.sentence


@pytest.mark.parametrize("number", CASES)
def test_a_repair_that_is_open_or_typed_in_is_not_right(number):
    (part,) = verdict(number, "...").parts
    assert part.open
    value = eval(SOLUTIONS[number], {"np": np, **clinic.names(number)})
    (part,) = verdict(number, f"np.array({value.tolist()})").parts
    assert part.state == "wrong" and "typed-in number" in part.sentence


@pytest.mark.parametrize("number", CASES)
def test_the_names_in_the_notebook_are_those_of_the_code(number):
    names, lines = clinic.names(number), source_lines(number)[0]
    assert not any(name.startswith("repair") for name in names)
    right_side = re.sub(r"^[^=]*?\+?= ", "", FAULTY[number][0])
    as_it_stands = eval(right_side, {"np": np, "lt": lt, **names})
    should_be = eval(SOLUTIONS[number], {"np": np, "lt": lt, **names})
    assert np.shape(as_it_stands) == np.shape(should_be)
    assert not np.allclose(as_it_stands, should_be)
    assert [name for name in names if not re.search(rf"\b{name}\b", "\n".join(lines))] == []


def loaded(*numbers):
    """A notebook in which the names of these cases were loaded, one after the other."""
    names = {"__name__": "__main__", "np": np, "lt": lt, "clinic": clinic, "lesson": Lesson(NOTEBOOK)}
    for number in numbers:
        exec(f"clinic.load_names({number})", names)
    return names


def told(line, names):
    """What is said below the error of a repair cell in which a name is missing."""
    source = f'repair = {line}\nlesson.judge("case")'
    with pytest.raises(NameError) as stopped:
        exec(source, names)
    return unfinished.sentence(source, stopped.value)


@pytest.mark.parametrize("body", ["y.copy()", "np.outer(y, y)", "1 + y", "y[0]"])
def test_a_function_of_the_learners_own_that_lacks_a_name_is_told_what_python_would_say(body):
    names = loaded(3)
    exec(f"def my_backward(params, x, targets):\n    return {body}\n", names)
    report = lt.check_gradients(names["my_backward"])
    assert "NameError: name 'y' is not defined" in str(report) and "case 3" not in str(report)
    assert re.search(r"it is cache\.y.*case 3", told(body, names))


def test_the_names_of_a_case_are_loaded_and_those_of_the_others_are_gone():
    names = loaded(*CASES, 3)
    own = clinic.names(3)
    for name, value in own.items():
        assert np.array_equal(names[name], value) if isinstance(value, np.ndarray) else type(names[name]) is type(value)
    others = {name for number in CASES for name in clinic.names(number)} - set(own)
    assert {"dg", "dz", "c_part"} < others
    for name in others | {"grads", "errors", "dzg", "c", "y"}:
        assert told(name, names).endswith(f"case 3 can read {', '.join(own)}.")


def test_a_function_of_the_learners_own_stays_though_another_case_has_its_name():
    names = loaded(3)
    exec("def slope(a):\n    return 1 - a**2", names)
    exec("clinic.load_names(3)", names)
    source = fill(cell_source(NOTEBOOK, "repair-three"), "repair_3 = dc * i * slope(g)")
    assert run_cell(NOTEBOOK, "repair-three", source, names).passed


@pytest.mark.parametrize("number", CASES)
def test_a_cell_that_judges_a_case_has_its_names_whichever_case_was_loaded_last(number, monkeypatch):
    shell = SimpleNamespace(user_ns=loaded())
    shell.events = EventManager(shell, available_events)
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: shell)
    exec(f"clinic.load_names({6 - number or 1})", shell.user_ns)
    source = fill(cell_source(NOTEBOOK, f"repair-{WORDS[number]}"), f"repair_{number} = {SOLUTIONS[number]}")
    shell.events.trigger("pre_run_cell", SimpleNamespace(raw_cell=source))
    assert run_cell(NOTEBOOK, f"repair-{WORDS[number]}", source, shell.user_ns).passed


@pytest.mark.parametrize("number", CASES)
def test_the_call_that_loads_a_case_may_be_in_the_cell_that_repairs_it(number):
    for right_side, passed in ((SOLUTIONS[number], True), ("params.V * 0", False)):
        source = f"clinic.load_names({number})\n" + cell_source(NOTEBOOK, f"repair-{WORDS[number]}")
        source = fill(source, f"repair_{number} = {right_side}")
        found = run_cell(NOTEBOOK, f"repair-{WORDS[number]}", source, loaded(6 - number or 1))
        assert found.passed is passed and "load_names" not in str(found), str(found)


@pytest.mark.parametrize(
    "lacking",
    [("dy = cache.y -", "dy = y -"), ("        dc = dh * o * (1 - ct**2) + dc_carry\n", "")],
    ids=["y", "dc"],
)
def test_a_pass_of_the_learners_own_that_lacks_a_line_is_repaired_whatever_case_was_loaded(lacking):
    names = loaded(1, 5) | {"h": "the learner's own"}
    own = inspect.getsource(clinic_cases.right_pass).replace("right_pass", "my_backward").replace(*lacking)
    cell = cell_source(NOTEBOOK, "my-backward")
    cell = re.sub(r"def my_backward.*(?=\n\nwith clinic)", lambda _: own, cell, flags=re.DOTALL)
    diagnosis = run_cell(NOTEBOOK, "my-backward", cell, names)
    assert diagnosis.repaired_source is not None
    assert names["h"] == "the learner's own"
    assert "run its clinic.load_names first" in told("dh + back_h", names)  # as before


@pytest.mark.parametrize(
    ("number", "right_side", "said"),
    [
        (
            3,
            "dg * (1 - g**2)",
            r"^dg is a name from case 1, and .* The line that you repair in case 3 can read i, f, o, g, ct, dh, dc,",
        ),
        (
            3,
            "dc * i * (1 - c**2)",
            "^Here c has no name of its own: it is cache.c. The line that you repair in case 3 can",
        ),
        (
            1,
            "np.outer(dzi, h[t - 1])",
            r'^Here dzi has no name of its own: it is dz\["i"\]. The line that you repair in',
        ),
        (
            1,
            "np.outer(back_h, h[t - 1])",
            "^back_h is a name from case 3, and the names here are those of case 1. To go back to a case, run its",
        ),
        (1, "np.zeros((H, H))", "^H is a name from cases 2 and 4, and"),
        (2, "errors * T", r"^errors is on the left of the line, and repair_2 is only what .* case 2 can read T, K, H,"),
        (1, 'h\ngrads["W" + gate] += np.outer(dz[gate], h[t - 1])', "^grads is on the left of the line, and repair_1"),
        (3, "dzg", r"dzg is on the left of the line, and repair_3 is only what comes after its = or \+="),
        (3, "dz['g'].T", "dz does not exist yet in this line. The line that you repair in case 3"),
        (2, "cache.y[t]", "t does not exist yet in this line. The line comes before the loop and computes all steps"),
        (2, "(cache.y - wanted) @ dy", "dy is a name from cases 1, 3, 4 and 5, and"),
    ],
)
def test_a_name_that_the_case_does_not_have_says_so(number, right_side, said):
    assert re.search(said, told(right_side, loaded(1, number)))


@pytest.mark.parametrize(
    ("number", "lines", "changed", "way"),
    [
        (
            2,
            "repair_2 = cache.y\nrepair_2[np.arange(T), targets] -= 1",
            "cache",
            "Begin with `repair_2 = cache.y.copy()`",
        ),
        (3, "dc *= i\nrepair_3 = dc * (1 - g**2)", "dc", "Use a new name"),
        (1, "d = dz[gate]\nd *= 2\nrepair_1 = np.outer(d / 2, h[t - 1])", "dz", "Begin with `d = dz[gate].copy()`"),
        (
            4,
            'for gate in "ifog":\n    dz[gate] = params["W" + gate].T @ dz[gate]\nrepair_4 = sum(dz.values())',
            "dz",
            "",
        ),
        (5, "repair_5 = dc * f\ndc = 7", "dc", "Use a new name"),
    ],
)
def test_a_name_that_a_call_has_loaded_is_said_to_be_changed_not_to_be_old(number, lines, changed, way):
    source = f'{lines}\nlesson.judge("case_{number}")'
    names = loaded(number) | {"In": [f"clinic.load_names({number})", source]}
    repair, part = run_cell(NOTEBOOK, f"repair-{WORDS[number]}", source, names).parts
    assert repair.passed and part.name == changed
    assert f"This cell changes {changed} itself" in part.sentence and way in part.sentence, part.sentence
    copies = source.replace("d = dz[gate]", "d = dz[gate].copy()").replace("= cache.y", "= cache.y.copy()")
    if copies != source:
        assert run_cell(NOTEBOOK, f"repair-{WORDS[number]}", copies, loaded(number) | {"In": names["In"]}).passed


@pytest.mark.parametrize(
    ("number", "line"), [(1, "repair_1 += np.outer(dz[gate], h[t - 1])"), (3, "repair_3 *= dc * i * (1 - g**2)")]
)
def test_a_line_that_adds_to_its_blank_is_told_to_write_a_plain_assignment(number, line):
    names = loaded(number) | {f"repair_{number}": eval(SOLUTIONS[number], {"np": np, **clinic.names(number)})}
    (part,) = run_cell(NOTEBOOK, f"repair-{WORDS[number]}", f'{line}\nlesson.judge("case_{number}")', names).parts
    assert part.sentence.startswith(f"Write `repair_{number} = ...`: this changes"), part.sentence


def test_what_is_known_of_a_wrong_line_is_said_whatever_it_changes():
    source = 'repair_1 = dz[gate]\nrepair_1 *= h[t - 1]\nlesson.judge("case_1")'
    (part,) = run_cell(NOTEBOOK, "repair-one", source, loaded(1) | {"In": ["clinic.load_names(1)"]}).parts
    assert "This multiplies unit by unit" in part.sentence


def test_a_loaded_name_that_no_other_line_needs_may_be_changed():
    for first in ("dh[:] = 0", "dh = 0"):
        source = f'{first}\nfor gate in "ifog":\n    dh += params["W" + gate].T @ dz[gate]\nrepair_4 = dh\n'
        names = loaded(4) | {"In": ["clinic.load_names(4)"]}
        assert run_cell(NOTEBOOK, "repair-four", f'{source}lesson.judge("case_4")', names).passed


# ------------------------------------------------------------------------------------------------------ the doctor


@cache
def diagnosed(number):
    """What the doctor says of a case, asked once."""
    return lt.diagnose(clinic.case(number), progress=False)


@pytest.mark.parametrize("number", [CASES[0], *(pytest.param(number, marks=pytest.mark.long) for number in CASES[1:])])
def test_the_doctor_names_the_faulty_line_and_sees_the_same_gradients_wrong(number):
    report = diagnosed(number)
    lines, first = source_lines(number)
    (finding,) = report.findings
    assert finding.line == first + [line.strip() for line in lines].index(FAULTY[number][0])
    assert finding.proved and finding.code == FAULTY[number][0]
    rungs = [in_words(report.ladder[T]) for T in clinic.LENGTHS]
    assert tuple(rungs) == CASE_LADDERS[number][:4]


@pytest.mark.long
def test_the_doctor_has_a_report_for_a_pass_that_forgets_its_start():
    report = lt.diagnose(clinic.with_fault("the start: h0 and c0 forgotten"), progress=False, steps=10_000)
    assert not report.passed and report.findings


@pytest.mark.long
def test_the_doctor_does_not_say_what_is_untrue_of_a_second_tanh_and_of_a_wrong_row():
    source = RIGHT_PASS.lstrip()
    twice = source.replace("dg * (1 - g**2)", "dg * (1 - np.tanh(g) ** 2)")
    (finding,) = lt.diagnose(from_source(twice, "right_pass"), progress=False).findings
    assert finding.idea.startswith("Is a value changed by a function that does not belong there")
    assert "1 - g" in finding.repair
    row = source.replace('"f": df * f', '"f": dc * cache.c[t] * f').replace("dc * cache.c[t - 1], dh", "dc, dh")
    (finding,) = lt.diagnose(from_source(row, "right_pass"), progress=False).findings
    assert "cache.c[t - 1]" in finding.repair
    assert "on the way back through the sigmoid of the gate" in finding.place


# ---------------------------------------------------------------------------------------------- the posted loop


def test_the_loop_is_the_library_s_with_its_four_flaws_in_seven_lines():
    for T in range(1, 7):
        got, right = clinic_cases.question_loop(*clinic.net(T)), lt.nested_bptt(*clinic.net(T))
        assert lt.relative_error(got.flat, right.flat) < 1e-14
    source = inspect.getsource(clinic_cases.question_loop)
    assert len(QUESTION_LINES) == 7 and all(source.count(line) == 1 for line in QUESTION_LINES)


def test_one_repair_makes_no_gate_gradient_right_at_six_steps():
    for flaw in FLAWS:
        assert len(wrong(lambda *net, flaw=flaw: lt.nested_bptt(*net, repaired=(flaw,)), 6)) == 8, flaw


def test_on_the_first_rung_two_of_the_doctor_s_repairs_make_more_right_one_after_the_other():
    source = inspect.getsource(clinic_cases.question_loop)
    source = source.replace("reversed(range(t))", "reversed(range(t + 1))")
    assert wrong(from_source(source, "question_loop"), 1) == {"Wi", "Wf", "Wo", "Wg"}
    source = re.sub(r"np\.dot\((dz\w), h\[s - 1\]\)", r"np.outer(\1, h[s - 1])", source)
    assert wrong(from_source(source, "question_loop"), 1) == set()
    text = " ".join(cell_source(NOTEBOOK, "question-doctor-intro").split())
    assert "at T = 6 a single repair makes no gate gradient right. So it climbs the ladder from T = 1" in text


def test_the_error_of_exactly_one_is_a_gradient_of_zero():
    got = clinic_cases.question_loop(*clinic.net(1))
    assert all(not got[name].any() for name in NAMES[1:])
    assert [clinic.ladder(clinic_cases.question_loop)[1][name] for name in NAMES[1:]] == [1.0] * 8
    assert "At T = 1, eight errors are exactly 1.00." in cell_source(NOTEBOOK, "question-doctor-intro")


@pytest.mark.long
def test_the_doctor_repairs_the_loop_in_its_seven_lines_and_the_lesson_checks_the_repair():
    run = solved_run(NOTEBOOK)
    lines = run.results["question-doctor"].data
    assert run.results["question-repaired"].passed
    findings = run.names["diagnosis"].findings
    assert sorted(finding.code for finding in findings) == sorted(QUESTION_LINES)
    assert all(finding.proved for finding in findings)
    outside, _, folded = html.unescape(lines).partition("<details")
    assert "faults in seven lines; with" in outside and not any(line in outside for line in QUESTION_LINES)
    assert all(line in folded for line in QUESTION_LINES)
    shown = [int(number) for number in re.findall(r'<th scope="row"[^>]*>(\d+)</th>', folded)]
    text = inspect.getsource(clinic_cases.question_loop).splitlines()
    assert shown == sorted(1 + [line.strip() for line in text].index(line) for line in QUESTION_LINES)


def test_a_search_that_ran_out_of_time_says_so_beside_the_folded_lines():
    diagnosis = lt.diagnose(clinic.question_loop, seconds=0.01, progress=False)
    outside = clinic.lines_repaired(diagnosis).data.partition("<details")[0]
    assert "could not be pinned down" in outside and "ran out of time" in outside


def test_a_check_of_the_repaired_loop_speaks_of_the_repaired_one():
    source = inspect.getsource(clinic_cases.question_loop)
    diagnosis = SimpleNamespace(repaired_source=source)
    assert "question_loop, repaired does not pass" in str(
        lt.check_gradients(clinic.repaired(diagnosis, clinic.question_loop))
    )


def test_a_search_that_is_stopped_leaves_the_loop_as_it_is():
    names = {"np": np, "lt": lt, "question_loop": clinic_cases.question_loop}
    names |= {"clinic": clinic, "diagnosis": SimpleNamespace(repaired_source=None)}
    report = run_cell(NOTEBOOK, "question-repaired", cell_source(NOTEBOOK, "question-repaired"), names)
    assert not report.passed


# --------------------------------------------------------------------------------------------------- bring your own

BROUGHT = {
    "raise ValueError('not yet')": "raised ValueError: not yet",
    "while True:\n        pass": "did not finish",
    "grads = 'nine gradients'": "it has to return a Params, a mapping or a sequence of nine arrays",
    "...; grads = None": "my_backward is not written yet: there are still dots in it",
    "grads = dict(lt.bptt(params, x, targets, h0, c0).items()); grads['Wf'] = grads['Wf'][0]": "Wf",
    "import time; grads = {k: 2 * v for k, v in lt.bptt(params, x, targets).items()}": "import belongs above",
}


def brought(code):
    source = cell_source(NOTEBOOK, "my-backward")
    marked = re.search(r"^    return .*  # replace this line with your code$", source, re.MULTILINE)
    assert marked
    source = source.replace(marked[0], f"    {code}\n    return grads").replace(
        "lt.diagnose(", "lt.diagnose(progress=False, steps=1000, backward="
    )
    return run_cell(NOTEBOOK, "my-backward", source, {"np": np, "lt": lt, "clinic": clinic})


@pytest.mark.parametrize(
    "code", [pytest.param(code, marks=pytest.mark.long) if code.startswith("while") else code for code in BROUGHT]
)
def test_what_a_learner_brings_gets_a_sentence_and_never_an_exception(code, monkeypatch):
    monkeypatch.setattr(sys.modules["lstm_teach.doctor.diagnose"], "CALL", 0.5)
    report = brought(code)
    assert not report.passed and BROUGHT[code] in str(report), str(report)


def test_a_pass_with_a_nan_is_not_said_to_return_other_shapes():
    own = inspect.getsource(clinic_cases.right_pass).replace(
        "    return grads", "    grads.V[0] = np.nan\n    return grads"
    )
    said = str(lt.diagnose(from_source(own, "right_pass"), progress=False))
    assert "does not return nine gradients of the right shapes, all of them finite." in said


@pytest.mark.long
def test_the_pass_to_replace_has_the_fault_that_it_names_and_the_doctor_finds_it():
    report = solved_run(NOTEBOOK).results["my-backward"]
    (finding,) = report.findings
    fault = "adding up: dW overwritten at each step"
    assert finding.proved and f'with_fault("{fault}")' in cell_source(NOTEBOOK, "my-backward")
    assert clinic.FAULTS[fault][1] in finding.code and clinic.FAULTS[fault][0] in finding.repair
    assert finding.place.startswith(f"Look at line {finding.line} of `faulty_pass`, ")
    assert f"in line {finding.line} of faulty_pass;" in report.summary
    own = clinic.ladder(clinic.with_fault(fault))[2]["Wi"]
    assert abs(report.ladder[2]["Wi"] - own) > 0.05
    assert "the doctor's reports use nets of their own" in " ".join(cell_source(NOTEBOOK, "the-ladder").split())
    assert "calls a pass with one of the nine faults" in " ".join(cell_source(NOTEBOOK, "question-moral").split())


def test_the_model_to_replace_is_right_as_it_is():
    names = {"np": np, "lt": lt, "clinic": clinic}
    run_cell(NOTEBOOK, "my-gradient", cell_source(NOTEBOOK, "my-gradient"), names)
    found = run_cell(NOTEBOOK, "my-case", cell_source(NOTEBOOK, "my-case"), names)
    params, _, gradient = names["my_case"](1)
    assert found.passed and gradient(params)["W"].any(), "from a state of zero, T = 1 would say nothing about W"
    models = [case.model_of(names["my_case"], T, 10.0) for T in found.ladder]
    own = [(model, case.gradient(model)) for model in models]
    errors = [reference(m, name, g[name], 400, case.value(m)).error for m, g in own for name in g]  # number by number
    assert 1e-12 < max(errors) < 5e-11
    assert "good to about 1e-11" in cell_source(NOTEBOOK, "my-model-intro")
    assert "anything up to 1e-9" in cell_source(NOTEBOOK, "my-model-intro") and RIGHT == 1e-9
    averaged = cell_source(NOTEBOOK, "my-gradient").replace(
        "return grads", "return {k: v / T for k, v in grads.items()}"
    )
    averaged = averaged.replace("    grads = {", "    T = len(inputs)\n    grads = {")
    run_cell(NOTEBOOK, "my-gradient", averaged, names)
    assert not run_cell(NOTEBOOK, "my-case", cell_source(NOTEBOOK, "my-case"), names).passed


def test_what_a_state_of_zero_hides_is_noted_only_if_the_check_fails_as_the_page_says():
    text = " ".join((ROOT / "docs" / "your_own_model.md").read_text(encoding="utf-8").split())
    assert "If the check fails, the report names them" in text
    source = cell_source(NOTEBOOK, "my-gradient").replace("np.full(4, 0.3)", "np.zeros(4)")
    for code, passed in ((source, True), (source.replace('grads["U"] +=', 'grads["U"] ='), False)):
        names = {"np": np, "lt": lt}
        run_cell(NOTEBOOK, "my-gradient", code, names)
        found = run_cell(NOTEBOOK, "my-case", cell_source(NOTEBOOK, "my-case"), names)
        assert found.passed == passed
        assert any("At T = 1 the right gradient of W is zero" in note for note in found.notes) != passed


# ----------------------------------------------------------------------------------------------------- the tables


def tables(page):
    """The title of each table of a page, and its rows as text, without their heads."""
    found = []
    for table in re.findall("<table.*?</table>", page.data):
        title, body = re.search("<caption[^>]*>(.*?)</caption>.*<tbody>(.*)</tbody>", table).groups()
        rows = [re.findall("<td[^>]*>(.*?)</td>", row) for row in body.split("</tr>")[:-1]]
        found.append((title, [[html.unescape(re.sub("<.*?>", "", cell)) for cell in row] for row in rows]))
    return found


def cells_of_ladder(ladder):
    number = {False: "{:.2f}", True: "<.01"}
    return [
        [number[errors[name] < 0.01].format(errors[name]) if name in off(errors) else "●" for name in NAMES]
        for errors in ladder.values()
    ]


def test_a_ladder_has_a_number_for_each_wrong_gradient_and_a_dot_for_each_right_one():
    for state, (title, rows) in zip(clinic.STATES, tables(clinic.show_ladder(3)), strict=True):
        assert title == f"Initial state {state}"
        assert rows == cells_of_ladder(clinic.ladder(clinic.case(3), state))
    heads = re.findall('<th scope="col"[^>]*>(.*?)</th>', clinic.show_ladder(3).data)
    assert heads == ["rung", *(f"d{name}" for name in NAMES)] * 2  # each column has a head, for a screen reader
    assert clinic.show_ladder(3).data.count('aria-label="right"') == str(tables(clinic.show_ladder(3))).count("●")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("    return grads\n", "", "With T = 1, right_pass returns nothing; it has to return the nine gradients."),
        ("cache.h[t - 1])", "cache.h[t + 2])", "With T = 1, right_pass raised IndexError: index 2 is out of bounds"),
        ("    return grads", "    return grads.Wf", "With T = 1, right_pass returns "),
        ("    return grads", "    return grads if len(x) < 3 else [1] * 9", "With T = 3, right_pass returns a wrong"),
    ],
)
def test_a_pass_of_the_learner_s_that_gives_no_gradients_has_a_sentence_in_place_of_its_ladders(before, after, words):
    page = clinic.show_ladder(from_source(RIGHT_PASS.replace(before, after), "right_pass")).data
    assert "There is no ladder yet." in page and words in html.unescape(page)


def test_a_pass_without_an_initial_state_has_the_ladder_from_zero_only():
    def stateless(params, x, targets):
        return lt.bptt(params, x, targets)

    ((title, rows),) = tables(clinic.show_ladder(stateless))
    assert title == "Initial state zero" and str(rows).count("●") == 36
    with pytest.raises(TypeError, match="backward must be a function"):
        clinic.show_ladder(None)


def test_a_pass_that_calls_its_initial_state_something_else_has_both_ladders():
    both = str(tables(clinic.show_ladder(lt.bptt)))
    for backward in (lambda params, x, y, h, c: lt.bptt(params, x, y, h, c), lambda *given: lt.bptt(*given)):
        assert str(tables(clinic.show_ladder(backward))) == both


def test_a_number_that_is_no_case_is_told_the_cases_and_its_ladder_and_lines_show_no_traceback():
    said = "The cases are 1, 2, 3, 4 and 5; there is no case 6."
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        clinic.case(6)
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        clinic.load_names(6)
    assert said in clinic.show_ladder(6).data and said in clinic.find_the_line(6).data
    assert clinic.find_the_line(1.0).data == clinic.find_the_line(1).data.replace("ase 1", "ase 1.0")
    with pytest.raises(TypeError, match="backward must be a function"):
        clinic.show_ladder(True)


def test_each_fault_shows_its_two_ladders_and_its_code():
    page = clinic.fault_ladders().data
    folds = re.findall("<details.*?<summary[^>]*>(.*?)</summary>(.*?)</details>", page)
    assert [html.unescape(fault) for fault, _ in folds] == list(clinic.FAULTS)
    for fault, (_, shown) in zip(clinic.FAULTS, folds, strict=True):
        backward = clinic.with_fault(fault)
        expected = [cells_of_ladder(clinic.ladder(backward, state)) for state in clinic.STATES]
        assert [rows for _, rows in tables(SimpleNamespace(data=shown))] == expected
        pieces = [html.unescape(piece) for piece in re.findall("<code>(.*?)</code>", shown)]
        assert pieces == list(clinic.FAULTS[fault])
