"""Bad input gets one sentence that names the argument, what came and what was expected."""

import re
import warnings

import numpy as np
import pytest

import lstm_teach as lt
from lstm_teach import bell, rnn, tasks, validate

PARAMS, X, TARGETS = lt.Params.random(8, 6, seed=0), [1, 2, 3], [2, 3, 1]
RNN = rnn.Params.random(8, 6)
RECALL = tasks.recall(3, test_size=5)
MASKED = np.ma.masked_array([1, 2, 3], [0, 1, 0])
HUGE = 10**400


class TwoLines:
    def __repr__(self):
        return "0    1\n1    2"


class NoRepr:
    def __repr__(self):
        raise RuntimeError("no repr")


class NoArray:
    def __array__(self, *args, **kwargs):
        raise RuntimeError("no array")

    def __repr__(self):
        return "NoArray()"


SENTENCES = {
    "like None": (lambda: lt.Params.like(None, PARAMS), TypeError, "params must be a Params, got None (NoneType)."),
    "like a word": (lambda: lt.Params.like("p", PARAMS), TypeError, "params must be a Params, got 'p' (str)."),
    "like a dict": (lambda: lt.Params.like({}, PARAMS), TypeError, "params must be a Params, got {} (dict)."),
    "like a class": (lambda: lt.Params.like(rnn.Params, PARAMS), TypeError, "params must be a Params, got <class"),
    "like an RNN": (lambda: lt.Params.like(RNN, PARAMS), TypeError, "params must be a Params, got an rnn.Params."),
    "RNN to the LSTM": (lambda: lt.forward(RNN, X), TypeError, "params must be a Params, got an rnn.Params."),
    "LSTM to the RNN": (lambda: rnn.loss(PARAMS, X, X), TypeError, "params must be an rnn.Params, got a Params."),
    "scale": (lambda: lt.Params.random(3, 2, scale=HUGE), ValueError, "scale must be a finite number of at most"),
    "forget bias": (lambda: lt.Params.random(3, 2, forget_bias=-HUGE), ValueError, "forget_bias must be a finite"),
    "step": (lambda: lt.numerical_gradient(lambda p: 1.0, PARAMS, HUGE), ValueError, "step must be a finite number"),
    "hidden size": (
        lambda: lt.Params.zeros(2, 10**12),
        ValueError,
        "vocab_size and hidden_size must be smaller: vocab_size 2 and hidden_size 1,000,000,000,000 ask for a "
        "net of at least 1e24 numbers; at most 100,000,000 are possible.",
    ),
    "vocab size": (lambda: lt.Params.zeros(HUGE, 2), ValueError, "vocab_size at least 1e400 and hidden_size 2 ask for"),
    "size of an RNN": (lambda: rnn.Params(10**12, 2), ValueError, "ask for a net of 4,000,000,000,004 numbers"),
    "below one": (lambda: lt.Params.zeros(-HUGE, 2), ValueError, "vocab_size must be at least 1, got an int."),
    "gap": (lambda: tasks.recall(HUGE), ValueError, "gap at least 1e400 and test_size 256 ask for a test set of"),
    "test size": (
        lambda: tasks.reber(10**12),
        ValueError,
        "test_size 1,000,000,000,000 asks for a test set",
    ),
    "batch": (lambda: lt.train(PARAMS, RECALL, batch=HUGE), ValueError, "batch at least 1e400 asks for a batch of at "),
    "quiet steps": (lambda: bell.sequence(True, 10**10), ValueError, "quiet 10,000,000,000 asks for a sequence of"),
    "quiet True or False": (lambda: bell.sequence(True, False), TypeError, "quiet must be a whole number, got False"),
    "quiet below zero": (lambda: bell.sequence(True, -1), ValueError, "quiet must be at least 0, got -1 (int)."),
    "error of words": (lambda: lt.relative_error("a", X), TypeError, "a must be an array of real numbers, got an ar"),
    "error of rows": (lambda: lt.relative_error(X, [[1], [2, 3]]), ValueError, "b must be an array of real numbers"),
    "error of complex": (lambda: lt.relative_error([1j] * 3, X), TypeError, "got an array of dtype complex128."),
    "error of None": (lambda: lt.relative_error([None] * 3, X), TypeError, "a must be an array of real numbers"),
    "error of masked": (lambda: lt.relative_error(X, MASKED), TypeError, "b must be an array of real numbers, got a m"),
    "verdict None": (lambda: lt.verdict(None), TypeError, "error must be a number, got None (NoneType)."),
    "verdict word": (lambda: lt.verdict("a"), TypeError, "error must be a number, got 'a' (str)."),
    "verdict array": (lambda: lt.verdict(np.ones(2)), TypeError, "error must be a number, got array([1., 1.]) (ndarr"),
    "verdict complex": (lambda: lt.verdict(1j), TypeError, "error must be a number, got 1j (complex)."),
    "verdict negative": (lambda: lt.verdict(-1), ValueError, "error must not be negative, got -1."),
    "astype": (lambda: PARAMS.astype("nonsense"), TypeError, "dtype must be float32, float64 or complex128, got 'non"),
    "masked tokens": (
        lambda: lt.loss(PARAMS, MASKED, TARGETS),
        TypeError,
        "x must be a flat sequence of token ids, got a masked array; its mask would be ignored.",
    ),
    "masked state": (lambda: lt.forward(PARAMS, X, np.ma.zeros(6)), TypeError, "h0 must be an array of shape (6,), go"),
    "two lines": (lambda: lt.forward(TwoLines(), X), TypeError, "params must be a Params, got a TwoLines."),
    "no repr": (lambda: lt.forward(PARAMS, NoRepr()), TypeError, "x must hold whole numbers (token ids), got a NoRepr"),
    "no repr in a list": (lambda: lt.nested_bptt(PARAMS, X, X, repaired=[NoRepr()]), ValueError, "; got a NoRepr."),
    "no array": (lambda: lt.forward(PARAMS, NoArray()), ValueError, "x must be a flat sequence of token ids, got NoA"),
    "no array as state": (lambda: lt.forward(PARAMS, X, NoArray()), ValueError, "h0 must be an array of shape (6,), g"),
    "huge state": (
        lambda: lt.forward(PARAMS, X, [0, 1e308, 0, 0, 0, 0]),
        ValueError,
        "h0 must hold numbers up to 1e+154 in size, got 1e+308 at index 1.",
    ),
    "huge state of an RNN": (lambda: rnn.forward(RNN, X, [-1e308] * 6), ValueError, "h0 must hold numbers up to 1e+1"),
    "state of single precision": (
        lambda: lt.forward(PARAMS.astype(np.float32), X, c0=[1e39] * 6),
        ValueError,
        "c0 must hold numbers up to 2e+19 in size, got 1e+39 at index 0.",
    ),
    "encode None": (lambda: RECALL.encode(None), TypeError, "text must be a text of symbols of the task, got None"),
    "encode a number": (lambda: RECALL.encode(3), TypeError, "text must be a text of symbols of the task, got 3 (int)"),
    "encode bytes": (lambda: RECALL.encode(b"A"), TypeError, "text must be a text of symbols of the task, got b'A'"),
    "no generator": (
        lambda: tasks.reber_string(None),
        TypeError,
        "rng must be a numpy.random.Generator, got None (NoneType).",
    ),
}


@pytest.mark.parametrize("name", SENTENCES)
def test_bad_input_gets_one_sentence_without_a_warning(name):
    call, kind, words = SENTENCES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(kind, match=re.escape(words)) as raised:
            call()
    said = str(raised.value)
    assert said.endswith(".") and "\n" not in said and len(said) < 300


def test_a_state_that_is_large_and_still_works_is_taken():
    assert np.isfinite(lt.loss(PARAMS, X, TARGETS, h0=[1e150] * 6, c0=[1e150] * 6))


def test_the_error_of_numbers_that_are_not_finite_is_no_number_and_wrong():
    for values in ([np.nan, 1], [np.inf, 1], [-np.inf, np.nan]):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert lt.verdict(lt.relative_error(values, [1, 1])) == "wrong"
            assert np.isnan(lt.relative_error([1, 1], values))


def test_a_batch_of_nets_does_not_hide_the_shape_that_is_wanted():
    batch = lt.Params(8, 6, np.array([PARAMS.flat] * 2))
    np.testing.assert_array_equal(lt.Params.like(batch, PARAMS).flat, PARAMS.flat)


def test_what_the_forward_pass_keeps_does_not_change_with_the_caller_s_array():
    for forward, params in ((lt.forward, PARAMS), (rnn.forward, RNN)):
        x = np.array(X)
        cache = forward(params, x)
        x[:] = 0
        assert cache.x.tolist() == X


def test_what_holds_arrays_is_equal_to_itself_alone_and_has_a_hash():
    def all_of_them():
        return (
            *(lt.forward(PARAMS, X), lt.gradient_flow(PARAMS, X, TARGETS), tasks.recall(3, test_size=5)),
            *(rnn.forward(RNN, X), rnn.gradient_flow(RNN, X, X)),
        )

    for one, other in zip(all_of_them(), all_of_them(), strict=True):
        assert one == one and one != other
        assert len({one, other}) == 2


def test_a_short_value_is_shown_and_a_long_one_named():
    assert validate.brief([1, 2]) == "[1, 2] (list)"
    assert validate.brief([0] * 100) == "a list"
    assert validate.brief(10**5000) == "an int"
    assert validate.brief(rnn.Params(8, 6)) == "an rnn.Params"
