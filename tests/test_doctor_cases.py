"""The corpus that the doctor is judged by is what it claims to be, and forty cases of it are diagnosed."""

import json

import numpy as np
import pytest

import lstm_teach as lt
from benchmarks.doctor_corpus import FOLDER, SPLITS, cases, define, passes, sample
from benchmarks.doctor_prior import learned, seen_in

BY_ID = {case.id: case for case in cases("tuning")}


def test_no_hand_is_in_two_splits():
    hands = [name for split in SPLITS for name in passes(split)]
    assert len(hands) == len(set(hands))


@pytest.mark.parametrize("split", SPLITS)
def test_the_lines_that_may_be_named_are_lines_of_the_broken_pass(split):
    for case in cases(split):
        count = len(case.text.splitlines())
        assert 1 <= len(case.lines) <= 5 and all(lines and max(lines) <= count + 1 for lines in case.lines), case.id
        assert min(min(lines) for lines in case.lines) >= 1, case.id


@pytest.mark.parametrize("split", SPLITS)
def test_each_case_differs_from_its_right_pass_and_from_all_others(split):
    texts = [text for text, _ in passes(split).values()] + [case.text for case in cases(split)]
    assert len({text.rstrip() for text in texts}) == len(texts)


@pytest.mark.parametrize("split", SPLITS)
def test_a_right_pass_passes_the_check_and_a_broken_one_does_not(split):
    for case in sample(split, 15, seed=4):
        text, function = passes(split)[case.hand]
        assert lt.check_gradients(define(text, function, "<right>")).passed, case.hand
        assert not lt.check_gradients(define(case.text, function, "<broken>")).passed, case.id


def test_a_split_is_one_case_a_line():
    for path in FOLDER.glob("*.json"):
        rows = path.read_text(encoding="utf-8").splitlines()
        assert len([row for row in rows if row.startswith('{"id"')]) == len(json.loads("\n".join(rows))["cases"])


# Drawn at random, of each hand at most one, from those that are repaired quickly.
SINGLE = [
    "cell_objects/2",
    "nested_2/2",
    "gen_bptt/1",
    "frame/3",
    "learning_signals/2",
    "arrays_2/2",
    "java_class/3",
    "kaggle_zip/3",
    "swe/1",
    "torchport/2",
    "tidy_lstm/4",
    "torch_port/2",
    "engineer_4/1",
    "records/1",
    "matlabby/2",
    "stack_of_steps/4",
    "generator/1",
    "colah_karpathy/3",
    "vectorized/2",
    "tape_0/1",
    "collector/2",
    "lecture_notes/2",
    "layer_object/4",
    "tiny_engine/1",
    "espanol_0/2",
    "linnea/4",
]
SEVERAL = [
    "terse_math/4",
    "row_vectors/2",
    "haskell/4",
    "control_phd/3",
    "helpers/7",
    "by_hand_overwritten/1",
    "micrograd/2",
    "marcus/5",
    "scan/6",
    "lista_italiana/5",
]
QUICK = 4  # of them without --all


@pytest.mark.parametrize(
    "case", [*SINGLE[:QUICK], *(pytest.param(case, marks=pytest.mark.long) for case in (*SINGLE[QUICK:], *SEVERAL))]
)
def test_the_doctor_names_the_line_first_and_proves_a_repair(case):
    broken = BY_ID[case]
    diagnosis = lt.diagnose(define(broken.text, broken.function, f"<{case}>"), progress=False)
    assert not diagnosis.passed
    assert diagnosis.findings[0].line in frozenset.union(*broken.lines)
    assert diagnosis.repaired_source is not None


@pytest.mark.long
def test_the_prior_makes_kinds_that_undo_faults_cheaper():
    found = seen_in(every=300)
    undoing = {kind for one in found for kind in one.kind[one.undoes]}
    _, _, prior = learned(found, steps=60)
    others = {kind for one in found for kind in one.kind} - undoing
    assert np.mean(prior[[*undoing]]) < np.mean(prior[[*others]])
