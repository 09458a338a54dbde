"""The cases that the doctor is judged by are what they claim to be, and a sample of them is diagnosed."""

import difflib

import pytest

import lstm_teach as lt
from tests.doctor_cases.faults import (
    by_hand,
    combinations,
    is_faulty,
    load,
    mistakes,
    other_hands,
    put,
    singles,
    styles,
)

FOLDERS = ("tuning", "held_out")
RIGHT = {f"{folder}/{style}": pair for folder in (*FOLDERS, "other_hands") for style, pair in styles(folder).items()}
HAND = {f"{folder}/{name}": pair for folder in FOLDERS for name, pair in by_hand(folder).items()}


def repaired(text, faults):
    lines = text.splitlines(keepends=True)
    for fault in faults:
        for number, right in fault["right"].items():
            lines[int(number) - 1] = right + "\n" if right else ""
    return "".join(lines)


def changed_lines(before, after):
    """Numbers of the lines of `after` that are new; where lines are gone, the ones around the gap."""
    found = set()
    matcher = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    for tag, _, _, start, stop in matcher.get_opcodes():
        if tag == "delete":
            found |= {start, start + 1}
        elif tag != "equal":
            found |= set(range(start + 1, stop + 1))
    return found


@pytest.mark.long
@pytest.mark.parametrize("style", RIGHT)
def test_a_style_passes_the_gradient_check(style):
    assert lt.check_gradients(load(*RIGHT[style], "<right>")).passed


@pytest.mark.parametrize("folder", FOLDERS)
def test_there_are_enough_styles_and_cases(folder):
    assert len(styles(folder)) >= 12
    assert len(styles(folder)) * 6 >= 80  # what the benchmark takes by default
    assert len(styles(folder)) * 3 >= 40
    assert len(by_hand(folder)) >= 15


def test_no_style_is_in_both_sets():
    assert not set(styles("tuning")) & set(styles("held_out"))
    assert not set(by_hand("tuning")) & set(by_hand("held_out"))


@pytest.mark.long
@pytest.mark.parametrize("case", HAND)
def test_a_pass_by_hand_is_wrong_in_exactly_the_lines_of_its_table(case):
    faulty, faults = HAND[case]
    assert "#" not in faulty.text  # no comment gives it away
    assert is_faulty(faulty.text, faulty.name)
    assert lt.check_gradients(load(repaired(faulty.text, faults), faulty.name, "<repaired>")).passed
    for fault in faults:
        others = [other for other in faults if other is not fault]
        assert not others or is_faulty(repaired(faulty.text, others), faulty.name)
        assert {int(number) for number in fault["right"]} & set(fault["lines"])


@pytest.mark.long
def test_the_passes_that_others_broke_are_faulty_in_the_lines_they_give():
    cases, rights = other_hands(), styles("other_hands")
    assert len(cases) == 1050
    for case in cases:
        function = load(case.text, case.name, "<other>")
        assert not lt.check_gradients(function, seconds=2.0).passed, case.kinds  # some stop with an error
        changed = changed_lines(rights[case.style][0], case.text)
        assert changed & frozenset.union(*case.lines), case.kinds


@pytest.mark.parametrize("folder", FOLDERS)
def test_generated_cases_are_faulty_in_the_lines_they_give_and_come_out_the_same_again(folder):
    cases = singles(folder, 1, seed=5)
    assert cases == singles(folder, 1, seed=5)
    assert len({kind for case in cases for kind in case.kinds}) >= 12
    for case in cases:
        assert is_faulty(case.text, case.name)
        assert changed_lines(styles(folder)[case.style][0], case.text) & case.lines[0]


def test_a_combination_gives_the_lines_of_each_mistake_though_lines_come_and_go():
    text, name = styles("tuning")["per_gate"]
    reset = next(m for m in mistakes(text) if m.kind == "reset in the loop")
    gone = next(m for m in mistakes(text) if m.kind == "left out" and "grads.Wf +=" in text[m.start : m.end])
    later = next(m for m in mistakes(text) if m.kind == "factor left out" and "dc" in m.new and m.start > gone.end)
    wrong, lines = put(text, [later, gone, reset])
    rows = wrong.splitlines()
    (of_later,) = lines[0]
    assert rows[of_later - 1].strip() == "dc_next = dc"
    assert [rows[n - 1].strip()[:9] for n in sorted(lines[1])] == ["grads.Wi ", "grads.Wo "]
    (of_reset,) = lines[2]
    assert "zeros" in rows[of_reset - 1] and rows[of_reset - 2].lstrip().startswith("for ")
    assert is_faulty(wrong, name)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_combination_has_two_to_four_faults_on_lines_that_changed(folder):
    cases = combinations(folder, 1, seed=5)
    assert {len(case.lines) for case in cases} == {2}
    for case in cases:
        right, name = styles(folder)[case.style]
        changed = changed_lines(right, case.text)
        assert all(changed & lines for lines in case.lines)
        assert is_faulty(case.text, name)


SAMPLE = [
    "tuning/averaged",
    "tuning/inner_loop_short",
    "held_out/first_step_missed",
    "held_out/only_the_last_gate",
    "held_out/walked_forward",
]


@pytest.mark.parametrize("case", SAMPLE)
def test_the_doctor_names_the_line_first_and_proves_a_repair(case):
    faulty, _ = HAND[case]
    diagnosis = lt.diagnose(load(faulty.text, faulty.name, f"<{case}>"), progress=False)
    assert not diagnosis.passed
    assert diagnosis.findings[0].line in frozenset.union(*faulty.lines)
    assert diagnosis.repaired_source is not None
