"""Bad input gets one sentence that names the argument, what came and what was expected."""

import warnings
from functools import partial

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


def calls(params, x, targets):
    """Every function of a net and its sequence, with these arguments; an initial state can be given by keywords."""
    functions = lt.loss, lt.bptt, lt.nested_bptt, lt.exact_gradient, lt.gradient_flow, lt.nested_flow
    if all(given is not None for given in (params, x, targets)):  # else a check chooses its own
        functions = *functions, partial(lt.check_gradients, lt.bptt)
    return [partial(lt.forward, params, x), *(partial(function, params, x, targets) for function in functions)]


def refused(call, error, *words):
    """The call raises this error with one sentence that contains these words, and gives no warning."""
    with warnings.catch_warnings(), pytest.raises(error) as caught:
        warnings.simplefilter("error")
        call()
    said = str(caught.value)
    assert said.endswith(".") and "\n" not in said and len(said) < 300, said
    for word in words:
        assert word in said, f"{word!r} is not in {said!r}"


BAD_TOKENS = {
    "empty": ([], ValueError, "must hold at least one token id, got an empty sequence"),
    "an empty array": (np.zeros(0, int), ValueError, "must hold at least one token id, got an empty sequence"),
    "floats": ([0.0, 1.0], TypeError, "must hold whole numbers (token ids), got [0.0, 1.0] (list) of dtype float64"),
    "bools": ([True, False], TypeError, "must hold whole numbers (token ids), got [True, False] (list) of dtype bool"),
    "a string": ("01", TypeError, "must hold whole numbers (token ids), got '01' (str) of dtype <U2"),
    "strings": (["0", "1"], TypeError, "must hold whole numbers (token ids), got ['0', '1'] (list) of dtype <U1"),
    "not a number": ([0, np.nan], TypeError, "must hold whole numbers (token ids), got"),
    "None": (None, TypeError, "must hold whole numbers (token ids), got None (NoneType) of dtype object"),
    "complex": ([1j, 0], TypeError, "must hold whole numbers (token ids), got"),
    "too big for any integer": ([2**70, 0], TypeError, "must hold whole numbers (token ids), got"),
    "one number": (1, ValueError, "must be a flat sequence of token ids, got an array of shape ()"),
    "a table": ([[0, 1]], ValueError, "must be a flat sequence of token ids, got an array of shape (1, 2)"),
    "ragged": ([[0], [0, 1]], ValueError, "must be a flat sequence of token ids, got [[0], [0, 1]] (list)"),
    "one hot": (np.eye(2, dtype=int), ValueError, "must be a flat sequence of token ids, got an array of shape (2, 2)"),
    "out of range": ([0, 4], ValueError, "[1] must be a token id from 0 to 3 (vocab_size is 4), got 4"),
    "from the end": ([0, -1], ValueError, "[1] must be a token id from 0 to 3 (vocab_size is 4), got -1"),
}


@pytest.mark.parametrize("case", BAD_TOKENS)
def test_bad_tokens_get_one_sentence(case):
    value, error, words = BAD_TOKENS[case]
    for call in calls(lt.Params.random(4, 3), value, [0, 1]):
        refused(call, error, "x", words)
    for call in calls(lt.Params.random(4, 3), [0, 1], value)[1:]:  # the forward pass has no targets
        refused(call, error, "targets", words)


def test_x_and_targets_have_to_be_of_one_length():
    for x, targets, got in (([0], [0, 1], "2 targets for 1 step"), ([0, 1], [0], "1 target for 2 steps")):
        for call in calls(PARAMS, x, targets)[1:]:
            refused(call, ValueError, f"targets must have one entry for each step of x, got {got}.")


BAD_STATES = {
    "too long": ([0.0] * 4, ValueError, "must have shape (3,), got (4,)"),
    "one number": (0.5, ValueError, "must have shape (3,), got ()"),
    "a row": ([[0.0, 0.0, 0.0]], ValueError, "must have shape (3,), got (1, 3)"),
    "not a number": ([0.0, np.nan, 0.0], ValueError, "must be finite, got nan at index (1,)"),
    "infinite": ([0.0, 0.0, -np.inf], ValueError, "must be finite, got -inf at index (2,)"),
    "strings": (["a", "b", "c"], TypeError, "must hold real numbers, got an array of dtype <U1"),
    "bools": ([True, True, False], TypeError, "must hold real numbers, got an array of dtype bool"),
    "complex": ([0j, 0, 0], TypeError, "must hold real numbers, got an array of dtype complex128"),
    "ragged": (
        [[0.0], [0.0, 1.0], 1.0],
        ValueError,
        "must be an array of shape (3,), got [[0.0], [0.0, 1.0], 1.0] (list)",
    ),
}


@pytest.mark.parametrize("name", ["h0", "c0"])
@pytest.mark.parametrize("case", BAD_STATES)
def test_bad_states_get_one_sentence(case, name):
    value, error, words = BAD_STATES[case]
    for call in calls(lt.Params.random(4, 3), [0, 1], [1, 2]):
        refused(partial(call, **{name: value}), error, f"{name} {words}")


@pytest.mark.parametrize("value", [None, 3, "params", {"V": np.zeros((4, 3))}, np.zeros(88), lt.Params, RNN])
def test_anything_but_params_gets_one_sentence(value):
    for call in calls(value, [0, 1], [1, 2]):
        refused(call, TypeError, "params must be a Params, got")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", lt.Params.NAMES)
def test_params_that_are_not_finite_name_the_matrix(name, bad):
    params = lt.Params.random(4, 3)
    params[name][1, 2] = bad
    for call in calls(params, [0, 1], [1, 2]):
        refused(call, ValueError, f"params must be finite, got a NaN or an infinity in {name}.")


def test_a_backward_pass_takes_one_net_of_real_numbers():
    batch, bent = lt.Params(8, 6, np.stack([PARAMS.flat, PARAMS.flat])), PARAMS.astype(complex)
    for call in calls(batch, X, TARGETS)[2:]:
        refused(call, ValueError, "params must be one net, got a batch", "(2, ")
    for call in calls(bent, X, TARGETS)[2:]:
        refused(call, TypeError, "params must hold real numbers, got", "complex128")


def spoiled(name, value):
    return dict(lt.Params.zeros(4, 3).items()) | {name: value}


SENTENCES = {
    "vocab_size zero": (lambda: lt.Params(0, 3), ValueError, "vocab_size must be at least 1, got 0"),
    "hidden_size negative": (lambda: lt.Params.zeros(4, -3), ValueError, "hidden_size must be at least 1, got -3"),
    "vocab_size a float": (lambda: lt.Params.random(4.0, 3), TypeError, "vocab_size must be a whole number, got 4.0"),
    "hidden_size a bool": (lambda: lt.Params(4, True), TypeError, "hidden_size must be a whole number, got True"),
    "flat too short": (
        lambda: lt.Params(4, 3, np.zeros(95)),
        ValueError,
        "flat must have 96 entries",
        "shape (95,)",
    ),
    "flat a list": (lambda: lt.Params(4, 3, [0.0] * 96), TypeError, "flat must be an array of floating-point", "list"),
    "flat of integers": (
        lambda: lt.Params(4, 3, np.zeros(96, int)),
        TypeError,
        "flat must be an array of float",
        "int64",
    ),
    "astype integers": (
        lambda: lt.Params.zeros(4, 3).astype(int),
        TypeError,
        "dtype must be float32, float64 or complex128",
        "int",
    ),
    "scale negative": (lambda: lt.Params.random(4, 3, scale=-1), ValueError, "scale must not be negative", "got -1"),
    "scale NaN": (lambda: lt.Params.random(4, 3, scale=np.nan), ValueError, "scale must be a finite number, got nan"),
    "scale a string": (lambda: lt.Params.random(4, 3, scale="big"), TypeError, "scale must be a number, got 'big'"),
    "bias infinite": (lambda: lt.Params.random(4, 3, forget_bias=np.inf), ValueError, "forget_bias must be a finite"),
    "seed negative": (lambda: lt.Params.random(4, 3, seed=-1), ValueError, "seed must be at least 0", "got -1"),
    "seed a float": (lambda: lt.Params.random(4, 3, seed=1.5), TypeError, "seed must be a whole number", "got 1.5"),
    "like too few": (
        lambda: lt.Params.like(lt.Params.zeros(4, 3), [np.zeros((4, 3))] * 8),
        ValueError,
        "matrices must be nine, in the order V, Wi",
        "got 8",
    ),
    "like a wrong name": (
        lambda: lt.Params.like(lt.Params.zeros(4, 3), {n: 0 for n in (*lt.Params.NAMES[1:], "bias")}),
        ValueError,
        "missing: V",
        "unknown: bias",
    ),
    "like a string": (lambda: lt.Params.like(lt.Params.zeros(4, 3), "V"), TypeError, "matrices must be a Params, a"),
    "like a wrong shape": (
        lambda: lt.Params.like(lt.Params.zeros(4, 3), spoiled("Wf", np.zeros((3, 4)))),
        ValueError,
        "Wf must have shape (3, 3), got (3, 4)",
    ),
    "like not finite": (
        lambda: lt.Params.like(lt.Params.zeros(4, 3), spoiled("Uo", np.full((3, 4), np.nan))),
        ValueError,
        "Uo must be finite, got nan at index (0, 0)",
    ),
    "assigned shape": (
        lambda: setattr(lt.Params.zeros(4, 3), "Wf", np.zeros(3)),
        ValueError,
        "Wf must have shape (3, 3), got (3,)",
    ),
    "assigned number": (
        lambda: setattr(lt.Params.zeros(3, 1), "Uf", 20),
        ValueError,
        "Uf must have shape (1, 3), got a single number; to set every entry",
        "put [:] after the name, as in params.Uf[:] = 20.",
    ),
    "assigned text": (
        lambda: lt.Params.zeros(4, 3).__setitem__("V", [["a"] * 3] * 4),
        TypeError,
        "V must hold real numbers, got an array of dtype <U1",
    ),
    "like None": (lambda: lt.Params.like(None, PARAMS), TypeError, "params must be a Params, got None (NoneType)."),
    "like an RNN": (lambda: lt.Params.like(RNN, PARAMS), TypeError, "params must be a Params, got an rnn.Params."),
    "RNN to the LSTM": (lambda: lt.forward(RNN, X), TypeError, "params must be a Params, got an rnn.Params."),
    "LSTM to the RNN": (lambda: rnn.loss(PARAMS, X, X), TypeError, "params must be an rnn.Params, got a Params."),
    "scale": (lambda: lt.Params.random(3, 2, scale=HUGE), ValueError, "scale must be a finite number of at most"),
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
    "error of masked": (lambda: lt.relative_error(X, MASKED), TypeError, "b must be an array of real numbers, got a m"),
    "verdict None": (lambda: lt.verdict(None), TypeError, "error must be a number, got None (NoneType)."),
    "verdict array": (lambda: lt.verdict(np.ones(2)), TypeError, "error must be a number, got array([1., 1.]) (ndarr"),
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
    "no generator": (
        lambda: tasks.reber_string(None),
        TypeError,
        "rng must be a numpy.random.Generator, got None (NoneType).",
    ),
}


@pytest.mark.parametrize("name", SENTENCES)
def test_bad_input_gets_one_sentence_without_a_warning(name):
    refused(*SENTENCES[name])


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
    its_names = [validate.brief(each) for each in (lt.bptt, np.tanh, lt.Params, {}.get, lambda: 0)]
    of = "the function"
    assert its_names == [f"{of} bptt", f"{of} tanh", "the class Params", f"{of} get", "a function"]
