"""The data sets: what is generated is what is promised."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lstm_teach as lt
from lstm_teach import tasks

seeds = st.integers(0, 2**32)


def text_of(task, tokens):
    return "".join(task.symbols[k] for k in tokens)


def inner_automaton(text):
    """An independent acceptor: every edge of the drawing as a triple, followed as a set of states."""
    edges = {
        ("start", "B", "a"), ("a", "T", "up"), ("a", "P", "down"), ("up", "S", "up"), ("up", "X", "right up"),
        ("right up", "S", "end"), ("right up", "X", "down"), ("down", "T", "down"), ("down", "V", "right down"),
        ("right down", "P", "right up"), ("right down", "V", "end"), ("end", "E", "accepted"),
    }  # fmt: skip
    states = {"start"}
    for symbol in text:
        states = {to for at, by, to in edges if at in states and by == symbol}
    return "accepted" in states


@given(seeds)
def test_every_reber_string_is_accepted_by_an_independent_automaton(seed):
    text, _ = tasks.reber_string(np.random.default_rng(seed))
    assert text[0] == "B" and text[-1] == "E"
    assert text[1] == text[-2] and text[1] in "TP"
    assert inner_automaton(text[2:-2])


def test_the_automaton_rejects_what_is_not_in_the_grammar():
    assert inner_automaton("BTXSE") and inner_automaton("BPVVE") and inner_automaton("BTSSXXTVVE")
    for wrong in ("", "BTXS", "BTXXE", "BPVPE", "TXSE", "BTXSEE", "BPTTXE"):
        assert not inner_automaton(wrong)


@given(seeds)
def test_the_legal_symbols_are_those_with_which_the_string_can_go_on(seed):
    text, legal = tasks.reber_string(np.random.default_rng(seed))
    assert len(legal) == len(text) - 1
    assert all(symbol in choices for symbol, choices in zip(text[1:], legal, strict=True))
    assert legal[0] == "TP" and legal[1] == "B" and legal[-2] == text[1] and legal[-1] == "E"
    assert all(len(choices) == 2 for choices in legal[2:-3])


def test_every_reber_symbol_occurs_and_both_outer_ones_are_as_frequent():
    strings = [tasks.reber_string(np.random.default_rng(k))[0] for k in range(400)]
    assert set("".join(strings)) == set(tasks.REBER_SYMBOLS)
    assert 150 < sum(text[1] == "T" for text in strings) < 250


def test_reber_is_judged_by_all_legal_symbols_above_all_others():
    task = tasks.reber(test_size=20)
    assert task.judge(lt.Params.zeros(7, 4)) == 0  # all symbols alike: nothing legal stands out
    trained = lt.Params.random(7, 16, seed=0, scale=0.25, forget_bias=1.0)
    lt.train(trained, task, steps=500, progress=False)
    judged = task.judge(trained)
    assert judged > 0.3
    # The same judgement once more, string by string, with the single forward pass.
    good, rng = 0, np.random.default_rng(12345)
    for _ in range(20):
        text, legal = tasks.reber_string(rng)
        y = lt.forward(trained, task.encode(text)[:-1]).y
        good += all(
            min(y[t, task.encode(choices)]) > max(np.delete(y[t], task.encode(choices)))
            for t, choices in enumerate(legal)
        )
    assert judged == good / 20


@given(seed=seeds, gap=st.integers(1, 30), fillers=st.integers(1, 4))
def test_recall_asks_for_the_first_symbol_at_the_end(seed, gap, fillers):
    task = tasks.recall(gap, fillers, test_size=3)
    for x, targets in [*task.draw(np.random.default_rng(seed), 5), *task.test]:
        text, answers = text_of(task, x), text_of(task, targets)
        assert re.fullmatch(f"[AB][{'wxyz'[:fillers]}]{{{gap}}}\\?", text)
        assert answers == "-" * (gap + 1) + text[0]


def test_recall_is_judged_by_the_last_answer_alone():
    task = tasks.recall(2, test_size=40)
    params = lt.Params.zeros(task.vocab_size, 2)
    share_of_a = np.mean([targets[-1] == 0 for _, targets in task.test])
    assert 0 < share_of_a < 1
    assert task.judge(params) == share_of_a  # equal scores: argmax takes the first symbol, A


def test_test_sequences_of_generated_tasks_come_up_in_training_as_their_docstrings_say():
    task = tasks.reber()
    test = {text_of(task, x) for x, _ in task.test}
    drawn = [text_of(task, x) for x, _ in task.draw(np.random.default_rng(0), 4000)]
    assert len(task.test) == 256 and len(test) == 93
    assert 0.72 < np.mean([text in test for text in drawn]) < 0.78
    assert "93 different ones, and three in four strings" in " ".join(tasks.reber.__doc__.split())
    for gap, fillers in ((1, 1), (30, 1), (1, 4), (2, 2)):
        task = tasks.recall(gap, fillers)
        assert len({text_of(task, x) for x, _ in task.test}) == 2 * fillers**gap


def test_a_net_that_knows_nothing_loses_log_vocabulary_a_symbol():
    for task in (tasks.reber(10), tasks.recall(3, test_size=10)):
        assert task.test_loss(lt.Params.zeros(task.vocab_size, 3)) == pytest.approx(np.log(task.vocab_size))


def test_bad_arguments_get_one_sentence():
    with pytest.raises(ValueError, match="gap must be at least 1, got 0"):
        tasks.recall(0)
    with pytest.raises(ValueError, match=r"text\[1\] must be one of the symbols '-?BTPSXVE-?', got 'z'"):
        tasks.reber(5).encode("Bz")
    with pytest.raises(ValueError, match=r"fillers must be at most 4 \(w, x, y, z\), got 5"):
        tasks.recall(3, fillers=5)
    with pytest.raises(TypeError, match="test_size must be a whole number"):
        tasks.reber(2.5)
