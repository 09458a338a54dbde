import copy
import functools
import sys
import time
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from backward_passes import ALL, FAULTS, RETURN, RIGHT, literal, with_fault
from hypothesis import given
from hypothesis import strategies as st

import lstm_teach as lt
from lstm_teach.gradcheck import LENGTHS
from lstm_teach.gradreport import LADDER, errors_of

X, TARGETS = [2, 0, 2, 3, 1], [1, 3, 0, 0, 2]


@pytest.fixture
def params():
    return lt.Params.random(4, 3, seed=5)


def off(errors):
    """The matrices whose error is not small enough, in the question's order."""
    return " ".join(name for name, error in errors.items() if lt.verdict(error) != "right")


# Right passes and faults


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("against", ["exact", "numerical"])
def test_accepts_right_backward_passes_of_every_style(name, against):
    report = lt.check_gradients(RIGHT[name], against=against)
    assert report.passed, report
    assert report.problems == ()
    assert tuple(report.errors_by_length) == LENGTHS
    assert max(report.errors.values()) < (1e-12 if against == "exact" else 1e-7)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_rejects_a_fault_and_says_where_it_shows(fault):
    report = lt.check_gradients(with_fault(fault.old, fault.new), seconds=5 if "never" not in fault.name else 0.2)
    assert not report.passed
    if fault.says:
        assert any(fault.says in problem for problem in report.problems), report.problems
        assert "see the problem" in report.summary
    else:
        assert report.problems == ()
        first = next(T for T, errors in report.errors_by_length.items() if off(errors))
        assert (first, off(report.errors_by_length[first])) == (fault.at, fault.off)
        named = [name for name in lt.Params.NAMES if f"d{name}" in report.summary]
        assert named == off(report.errors).split() or (named == [] and "all nine gradients" in report.summary)
        assert f"d{report.worst}[" in str(report)


def test_central_differences_reject_the_faults_as_well():
    quiet = [fault for fault in FAULTS if not fault.says and "float32" not in fault.name]
    for fault in quiet[::3]:
        report = lt.check_gradients(with_fault(fault.old, fault.new), against="numerical")
        first = next(T for T, errors in report.errors_by_length.items() if off(errors))
        assert (first, off(report.errors_by_length[first])) == (fault.at, fault.off), fault.name


@pytest.mark.parametrize("steps", (1, 5, 6, 19))
def test_rejects_a_walk_that_is_cut_off_after_any_number_of_steps(steps):
    """The chain from the loss at t reaches `steps` steps: t, t-1, and so on."""

    def cut_off(params, x, targets, h0=None, c0=None):
        total = lt.Params.zeros(params.vocab_size, params.hidden_size)
        for t in range(len(x)):
            start = max(0, t + 1 - steps)
            before = lt.forward(params, x[:start], h0, c0) if start else None
            h, c = (before.h[start - 1], before.c[start - 1]) if start else (h0, c0)
            tail = slice(start, t + 1)
            total.flat[:] += lt.bptt(params, x[tail], targets[tail], h, c).flat
            if t > start:
                total.flat[:] -= lt.bptt(params, x[start:t], targets[start:t], h, c).flat
        return total

    report = lt.check_gradients(cut_off)
    assert not report.passed
    assert list(report.errors_by_length)[-1] == (6 if steps < 6 else 20)


@pytest.mark.parametrize("limit", [1, 30])
def test_rejects_gradients_that_are_clipped(limit):
    def clipped(params, x, targets, h0=None, c0=None):
        return [np.clip(grad, -limit, limit) for grad in literal(params, x, targets, h0, c0)]

    assert not lt.check_gradients(clipped).passed


def test_rejects_a_pass_that_uses_the_parameters_of_its_first_call():
    first = []

    def stale(params, x, targets, h0=None, c0=None):
        first.append(params)
        return lt.bptt(first[0], x, targets, h0, c0)

    assert not lt.check_gradients(stale).passed


def kept_by(key):
    """A pass that computes its gradient once for each key and hands out that one again."""
    kept = {}

    def keeping(params, x, targets):
        if key(params, x, targets) not in kept:
            kept[key(params, x, targets)] = lt.bptt(params, x, targets).copy()
        return kept[key(params, x, targets)].copy()

    return keeping


@pytest.mark.parametrize(
    "key",
    [
        lambda params, x, targets: len(x),
        lambda params, x, targets: tuple(x),
        lambda params, x, targets: id(params),
        lambda params, x, targets: (id(params), tuple(x), tuple(targets)),
    ],
)
def test_rejects_a_pass_that_keeps_what_it_computed_for_other_weights(key):
    report = lt.check_gradients(kept_by(key))
    assert not report.passed
    own = lt.check_gradients(kept_by(key), lt.Params.random(4, 3, seed=5), X, TARGETS)
    (problem,) = own.problems
    assert "keeping is right at first, and wrong when it is called again" in problem and "dWf" in problem


def test_a_pass_that_goes_wrong_at_its_third_call_is_wrong_with_the_same_inputs(params):
    calls = []

    def tiring(net, x, targets):
        calls.append(x)
        return lt.bptt(net, x, targets).copy() if len(calls) < 3 else lt.Params(4, 3)

    (problem,) = lt.check_gradients(tiring, lt.Params.random(4, 3, seed=5), X, TARGETS).problems
    assert "wrong when it is called again with the same inputs (d" in problem, problem


def test_a_pass_that_raises_once_the_weights_have_changed_is_told_with_its_line(params):
    def picky(net, x, targets):
        return lt.bptt(net, x, targets) if net.flat[0] == params.flat[0] else 1 / 0

    (problem,) = lt.check_gradients(picky, params, X, TARGETS).problems
    assert problem.startswith("picky raised ZeroDivisionError: division by zero, at line")


def test_rejects_a_pass_that_uses_a_net_that_is_not_its_argument(params):
    report = lt.check_gradients(lambda other, x, targets: lt.bptt(params, x, targets), params, X, TARGETS)
    assert not report.passed and "a net that is not its argument" in report.problems[0]


@pytest.mark.parametrize("bias", [-40, -30, -20, 20, 40])
def test_accepts_another_sigmoid_where_a_gate_is_shut_or_wide_open(bias):
    net = lt.Params.random(4, 3, seed=5, forget_bias=bias)
    h0, c0 = np.full((2, 3), 0.5)
    for right in (literal, lt.bptt):
        report = lt.check_gradients(right, net, X, TARGETS, h0=h0, c0=c0)
        assert report.passed, report
    doubled = with_fault("dzi = di * i[t] * (1 - i[t])", "dzi = 2 * di * i[t] * (1 - i[t])")
    assert off(lt.check_gradients(doubled, net, X, TARGETS, h0=h0, c0=c0).errors)


def test_accepts_names_with_a_d_and_a_list_of_gradients_and_deltas():
    def named(params, x, targets):
        return {f"d{name}": grad for name, grad in lt.bptt(params, x, targets).items()}

    assert lt.check_gradients(named).passed
    assert lt.check_gradients(lambda *args: [named(*args), None]).passed
    (problem,) = lt.check_gradients(lambda *args: (0.5, named(*args))).problems
    assert "returns 2 things; it has to return nine gradients" in problem and "After them" in problem


def test_a_gradient_rounded_to_single_precision_on_the_way_is_told_in_a_note():
    rounded = with_fault(RETURN, RETURN.replace("dWf", "dWf.astype(np.float32).astype(float)"))
    report = lt.check_gradients(rounded)
    assert report.worst == "Wf" and 1e-9 < report.errors["Wf"] < 1e-7
    assert any("float32" in note for note in report.notes)
    assert not lt.check_gradients(lt.bptt).notes


def test_the_question_s_loop_fails_and_only_v_is_right():
    report = lt.check_gradients(lt.nested_bptt)
    assert off(report.errors) == ALL.removeprefix("V ")
    assert report.summary.endswith("eight of the nine gradients are off: dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg.")


# What a report holds


def test_errors_are_the_largest_over_all_lengths_and_worst_names_the_largest():
    report = lt.check_gradients(lt.nested_bptt)
    for name, error in report.errors.items():
        assert error == max(errors[name] for errors in report.errors_by_length.values())
    assert report.errors[report.worst] == max(report.errors.values())


def test_the_worst_element_is_the_one_furthest_off_in_the_worst_matrix_at_its_length():
    def one_off(params, x, targets, h0=None, c0=None):
        grads = lt.bptt(params, x, targets, h0, c0)
        if len(x) == 3:
            grads.Wg[1, 2] += 2
            grads.Wg[0, 0] += 1
            grads.V[0, 0] += 1e-3
        return grads

    report = lt.check_gradients(one_off)
    element = report.worst_element
    assert (report.worst, element.matrix, element.index, element.length) == ("Wg", "Wg", (1, 2), 3)
    assert element.got - element.expected == pytest.approx(2)
    assert report.errors_by_length[6]["Wg"] < 1e-12 < report.errors_by_length[3]["Wg"]
    assert f"dWg[1, 2] at T = 3 is {element.got:.4g}, expected {element.expected:.4g}" in str(report)


def test_the_worst_element_is_furthest_off_not_the_largest():
    def forgets_wg(params, x, targets, h0=None, c0=None):
        grads = lt.bptt(params, x, targets, h0, c0)
        grads.Wg[:] = 0
        return grads

    params = lt.Params.random(4, 5, seed=1)
    element = lt.check_gradients(forgets_wg, params, X, TARGETS).worst_element
    expected = lt.bptt(params, X, TARGETS).Wg
    assert element.index == np.unravel_index(np.abs(expected).argmax(), expected.shape) != (0, 0)
    assert (element.got, element.expected) == (0.0, pytest.approx(expected[element.index]))


def test_among_equal_errors_the_worst_element_is_at_the_shortest_length():
    def zeros_but_for_v(params, x, targets, h0=None, c0=None):
        grads = lt.Params.zeros(params.vocab_size, params.hidden_size)
        grads.V = lt.bptt(params, x, targets, h0, c0).V if len(x) == 1 else grads.V
        return grads

    report = lt.check_gradients(zeros_but_for_v)
    assert set(report.errors.values()) == {1.0}
    assert report.worst == report.worst_element.matrix == "Wi"
    assert report.worst_element.length == 1


def test_rounding_noise_in_place_of_a_zero_agrees_but_no_more_than_that():
    def with_noise(size):
        def noisy(params, x, targets):
            grads = lt.bptt(params, x, targets)
            grads.Wf += size * (len(x) == 1)
            return grads

        return lt.check_gradients(noisy)

    assert with_noise(1e-17).passed
    assert off(with_noise(1e-10).errors_by_length[1]) == "Wf"


def test_the_text_is_aligned_and_holds_every_number():
    report = lt.check_gradients(lt.nested_bptt)
    lines = str(report).splitlines()
    assert lines[0] == report.summary == repr(report).splitlines()[0]
    assert f"{report}{lt.check_gradients(lt.bptt)}".isascii()  # Windows pipes text in a code page without a tick
    head, rows = lines[2], lines[3:12]
    assert [row.split()[0] for row in rows] == ["d" + name for name in lt.Params.NAMES]
    for T in report.errors_by_length:
        column = head.index(f"T = {T}")
        for name, row in zip(lt.Params.NAMES, rows, strict=True):
            shown = float(row[column:].split()[0])
            assert shown == pytest.approx(report.errors_by_length[T][name], rel=0.5)
            assert row[column - 1] == " "
    assert not any(line.endswith(" ") for line in lines)


def test_the_table_is_accessible():
    def named_with_a_tag(params, x, targets):
        return lt.nested_bptt(params, x, targets)

    named_with_a_tag.__name__ = "<b>'s & pass"
    report = lt.check_gradients(named_with_a_tag)
    page = ElementTree.fromstring(f"<div>{report._repr_html_()}</div>")  # well-formed, so every name is escaped
    table = page.find("table")
    assert "norm-relative" in table.findtext("caption").lower()
    heads = table.findall("thead/tr/th")
    assert [head.text for head in heads[:3]] == ["matrix", "verdict", "largest error"]
    assert heads[4].text == "T\u00a0=\u00a01", "a head such as this one is never broken into two lines"
    assert all(head.get("scope") == "col" for head in heads)
    rows = table.findall("tbody/tr")
    assert [row.find("th").text for row in rows] == ["d" + name for name in lt.Params.NAMES]
    for row in rows:
        name = row.find("th").text[1:]
        assert row.find("th").get("scope") == "row"
        assert len(row) == len(heads)
        said, number, bar = row.findall("td")[:3]
        assert said.text.endswith(lt.verdict(report.errors[name])) and said.text[0] in "✓≈?✗"
        assert float(number.text) == pytest.approx(report.errors[name], rel=0.5)
        outer = bar.find("div")
        assert outer.get("aria-hidden") == "true" and "".join(bar.itertext()) == ""
        width = float(outer.find("div").get("style").split("width:")[1].split("px")[0])
        expected = 160 * np.clip((np.log10(max(report.errors[name], 1e-16)) + 16) / 16, 0, 1)
        assert width == pytest.approx(expected, abs=0.51)
    assert page.find("p/strong").text == f"✗ {report.summary}"
    assert any("Furthest off" in item.text for item in page.findall("ul/li"))


def test_the_name_of_a_pass_is_code_so_that_backward_passes_are_not_many():
    def backward(params, x, targets, h0=None, c0=None):
        return lt.bptt(params, x, targets, h0, c0)

    report = lt.check_gradients(backward)
    assert report.summary.startswith("`backward` passes: all nine gradients are right at T = ")
    assert "✓ <code>backward</code> passes: " in report._repr_html_()
    one = lt.check_gradients(with_fault(RETURN, RETURN.replace("dWf", "2 * dWf")))
    assert "✗ <code>" in one._repr_html_() and one.summary.endswith(
        " does not pass: one of the nine gradients is off: dWf."
    )


@pytest.mark.skipif(sys.version_info < (3, 14), reason="an annotation is evaluated at once")
def test_an_annotation_may_name_what_is_not_there():
    source = "def backward(params: Missing, x, targets, h0=None, c0=None):\n    return bptt(params, x, targets, h0, c0)"
    exec(source, names := {"bptt": lt.bptt})
    report = lt.check_gradients(names["backward"])
    assert report.passed and not report.notes, report


def test_a_report_without_errors_shows_the_problem_and_no_table():
    report = lt.check_gradients(lambda params, x, targets: None)
    assert (report.errors, report.worst, report.worst_element, report.passed) == ({}, None, None, False)
    assert report.summary == "`<lambda>` does not pass: see the problem below."
    assert "returns nothing" in str(report) and "returns nothing" in report._repr_html_()
    assert "<table" not in report._repr_html_()


@pytest.mark.filterwarnings("error")
def test_errors_show_as_short_numbers():
    def scaled(params, x, targets, h0=None, c0=None):
        grads = lt.bptt(params, x, targets, h0, c0)
        grads.Wi *= 1.5
        grads.Wf *= 1 + 2e-3
        grads.Wo *= 1e200
        return grads

    rows = {
        line.split()[0]: line.split()[1:] for line in str(lt.check_gradients(scaled)).splitlines() if line[:1] == "d"
    }
    assert rows["dWi"][:2] == ["0.33", "wrong"]
    assert rows["dWf"][:2] == ["0.002", "suspicious"]
    assert rows["dWo"][:2] == ["1.00", "wrong"]


@pytest.mark.parametrize(
    ("error", "word"),
    [
        *[(0.0, "right"), (1e-7, "right"), (1.1e-7, "close, not exact"), (1e-4, "close, not exact")],
        *[(2e-4, "suspicious"), (1e-2, "suspicious"), (1.1e-2, "wrong"), (2.0, "wrong"), (np.nan, "wrong")],
    ],
)
def test_the_ladder_has_a_word_for_every_error(error, word):
    assert lt.verdict(error) == word
    assert [bound for bound, _ in LADDER] == sorted(bound for bound, _ in LADDER)


def test_relative_error_is_of_norms_and_knows_zeros_and_extremes():
    assert lt.relative_error([3, 4], [0, 0]) == 1.0
    assert lt.relative_error([3, 4], [-3, -4]) == pytest.approx(2.0)
    assert lt.relative_error([3, 4.5], [3, 4]) == pytest.approx(0.5 / np.hypot(3, 4.5))
    assert lt.relative_error([0, 0], [0, 0]) == 0.0
    assert lt.relative_error([1e200, 1e200], [1e200, 0]) == pytest.approx(np.sqrt(0.5))
    assert lt.relative_error([1e-200], [2e-200]) == pytest.approx(0.5)
    with pytest.raises(ValueError, match=r"same shape, got \(2,\) and \(1,\)"):
        lt.relative_error([1, 2], [1])


def test_the_errors_of_several_gradients_leave_out_what_is_noise_beside_all_of_them():
    right = {"a": np.array([1e-14, 0]), "b": np.array([3.0, 4.0])}
    got = {"a": np.array([2e-14, 0]), "b": np.array([3.0, 4.5])}
    errors = {"a": pytest.approx(0.5), "b": pytest.approx(0.5 / np.hypot(3, 4.5))}
    assert errors_of(got, right) == errors == errors_of(got, right, noise=1e-15)
    assert errors_of(got, right, noise=1e-14) == errors | {"a": 0.0}
    assert errors_of({"a": [1e-200]}, {"a": np.array([2e-200])}) == {"a": pytest.approx(0.5)}


# What the check does with inputs


def test_nothing_of_the_caller_is_changed(params):
    x, targets = np.array(X), np.array(TARGETS)
    h0, c0 = np.full(3, 0.5), np.full(3, -0.5)
    before = copy.deepcopy((params.flat, x, targets, h0, c0))

    def destroys(params, x, targets, h0, c0):
        for array in (params.flat, x, targets, h0, c0):
            array[...] = 0
        return lt.bptt(params, x, targets, h0, c0)

    report = lt.check_gradients(destroys, params, x, targets, h0, c0)
    assert [problem.split()[4] for problem in report.problems] == ["params;", "x;", "targets;", "h0;", "c0;"]
    for was, now in zip(before, (params.flat, x, targets, h0, c0), strict=True):
        np.testing.assert_array_equal(was, now)


def test_checks_at_the_callers_own_net_and_states(params):
    seen = []

    def backward(p, x, targets, h0=None, c0=None):
        seen.append((p.flat.copy(), list(x), list(targets), h0, c0))
        return lt.bptt(p, x, targets, h0, c0)

    report = lt.check_gradients(backward, params, X, TARGETS, [0.1, 0.2, 0.3])
    assert report.passed and list(report.errors_by_length) == [5]
    flat, x, targets, h0, c0 = seen[0]
    np.testing.assert_array_equal(flat, params.flat)
    assert (x, targets, h0.tolist(), c0) == (X, TARGETS, [0.1, 0.2, 0.3], None)


def test_the_callers_own_states_reach_both_references(params):
    for against in ("exact", "numerical"):
        report = lt.check_gradients(lt.bptt, params, X, TARGETS, np.ones(3), -np.ones(3), against=against)
        assert report.passed and report.notes == ()
        assert ("exact" in report.reference) == (against == "exact")


def test_notes_say_what_a_net_of_the_callers_can_t_show():
    small = lt.Params.random(4, 3, scale=0.01)
    notes = " ".join(lt.check_gradients(lt.bptt, small, [1], [2]).notes)
    assert "weights are small (root mean square 0.01)" in notes
    assert "sequence of 1 step can't show" in notes
    assert "initial state is zero" in notes


def test_a_note_says_which_states_the_pass_does_not_take():
    def only_c0(params, x, targets, c0=None):
        return lt.bptt(params, x, targets, c0=c0)

    (note,) = lt.check_gradients(only_c0).notes
    assert note.startswith("only_c0 has no argument called h0, so")
    assert lt.check_gradients(only_c0).passed


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"backward": 3}, TypeError, "backward must be a function"),
        ({"against": "autograd"}, ValueError, "against must be"),
        ({"seconds": 0}, ValueError, "seconds must be a positive, finite number"),
        ({"seconds": "1"}, TypeError, "seconds must be a number"),
        ({"h0": [0, 0, 0]}, ValueError, "h0 and c0 need params, x and targets"),
        ({"x": X}, ValueError, "params, x and targets together"),
        ({"params": lt.Params.random(4, 3), "x": X}, ValueError, "params, x and targets together"),
        ({"params": lt.Params.random(4, 3).astype(np.float32), "x": X, "targets": X}, TypeError, "must be float64"),
        ({"params": lt.Params.random(4, 3), "x": X, "targets": X, "h0": [1]}, ValueError, r"h0 must have shape \(3,\)"),
        (
            {"backward": lambda params, x, targets: None, "params": lt.Params.random(4, 3)}
            | {"x": X, "targets": X, "c0": [1, 2, 3]},
            ValueError,
            "c0 was given, but backward takes no argument of that name",
        ),
    ],
)
def test_bad_arguments_get_one_sentence(arguments, error, sentence):
    called = []

    def backward(params, x, targets, h0=None, c0=None):
        called.append(1)

    with pytest.raises(error, match=sentence) as caught:
        lt.check_gradients(**({"backward": backward} | arguments))
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")
    assert not called


def test_a_pass_with_too_few_or_too_many_arguments_is_told():
    assert "takes 2 positional arguments but 3 were given" in lt.check_gradients(lambda params, x: None).problems[0]
    report = lt.check_gradients(lambda params, x, targets, mask: None)
    assert "missing 1 required positional argument: 'mask'" in report.problems[0]
    assert report.problems[0].endswith("The call and the function disagree on the arguments: compare the two.")


def test_a_pass_that_takes_too_long_is_stopped_at_the_time_given():
    def slow(params, x, targets):
        while len(x) == 3:
            pass
        return lt.bptt(params, x, targets)

    begin = time.perf_counter()
    report = lt.check_gradients(slow, seconds=0.2)
    assert 0.2 < time.perf_counter() - begin < 2
    assert list(report.errors_by_length) == [1, 2]
    assert "within 0.2 seconds and was stopped, at line" in report.problems[0]


# The references


def own_loss(params):
    """A loss that has nothing to do with an LSTM; its gradient is known."""
    return (np.arange(params.flat.shape[-1]) * params.flat**2).sum(-1)


def test_numerical_gradient_takes_any_loss_and_changes_nothing(params):
    before = params.flat.copy()
    for batched in (False, True):
        grads = lt.numerical_gradient(own_loss, params, batched=batched)
        np.testing.assert_allclose(grads.flat, 2 * np.arange(params.flat.size) * before, atol=1e-8)
    np.testing.assert_array_equal(params.flat, before)


def test_central_differences_err_with_the_square_of_the_step(params):
    exact = lt.exact_gradient(params, X, TARGETS).flat

    def error(step):
        found = lt.numerical_gradient(lambda p: lt.loss(p, X, TARGETS), params, step, batched=True)
        return lt.relative_error(found.flat, exact)

    assert error(1e-2) / error(1e-3) == pytest.approx(100, rel=0.05)


def test_differences_work_in_single_precision(params):
    single = lt.numerical_gradient(lambda p: lt.loss(p, X, TARGETS), params.astype(np.float32), 1e-2, batched=True)
    error = lt.relative_error(single.flat, lt.exact_gradient(params, X, TARGETS).flat)
    assert 1e-6 < error < 1e-2
    with pytest.raises(ValueError, match="step must not round to zero in float32, got 1e-60"):
        lt.numerical_gradient(own_loss, params.astype(np.float32), 1e-60)


@pytest.mark.parametrize("gradient", [lt.numerical_gradient, lt.complex_step_gradient])
@pytest.mark.parametrize(
    ("returned", "error", "words"),
    [
        (None, TypeError, r"got None \(NoneType\)"),
        ("3", TypeError, r"got '3' \(str\)"),
        (True, TypeError, r"got True \(bool\)"),
        ([1, [2, 3]], TypeError, r"got \[1, \[2, 3\]\] \(list\)"),
        (np.ones(3), TypeError, r"got array\(\[1\., 1\., 1\.\]\) \(ndarray\)"),
    ],
)
def test_a_loss_that_returns_something_else_gets_one_sentence(params, gradient, returned, error, words):
    with pytest.raises(error, match=rf"^loss_fn must return one .*{words}\.$"):
        gradient(lambda p: returned, params)


@pytest.mark.parametrize(
    ("gradient", "nan"), [(lt.numerical_gradient, np.nan), (lt.complex_step_gradient, np.nan + 1j)]
)
def test_a_loss_that_is_not_finite_gets_one_sentence(params, gradient, nan):
    with pytest.raises(ValueError, match=r"loss_fn must return finite numbers, got .*nan"):
        gradient(lambda p: nan, params)


def test_a_complex_loss_of_real_numbers_and_a_real_loss_of_complex_ones_are_told(params):
    with pytest.raises(TypeError, match=r"loss_fn must return one number, got 1j \(complex\)"):
        lt.numerical_gradient(lambda p: 1j, params)
    with pytest.raises(TypeError, match=r"loss_fn must return one complex number, got .* \(float64\)"):
        lt.complex_step_gradient(lambda p: np.abs(own_loss(p)), params)
    with pytest.raises(TypeError, match="loss_fn must return 96 numbers, one a net, got 1"):
        lt.numerical_gradient(lambda p: 1.0, params, batched=True)


def test_an_error_inside_the_loss_is_the_caller_s_own(params):
    with pytest.raises(ZeroDivisionError):
        lt.numerical_gradient(lambda p: 1 / 0, params)


@pytest.mark.parametrize("gradient", [lt.numerical_gradient, lt.complex_step_gradient])
@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"loss_fn": 3}, TypeError, "loss_fn must be a function"),
        ({"params": np.zeros(3)}, TypeError, "params must be a Params"),
        ({"params": lt.Params(4, 3, np.ones((2, 96)))}, ValueError, "params must be one net, got a batch"),
        (
            {"params": lt.Params(4, 3, np.ones(96, complex))},
            TypeError,
            "params must hold real numbers, got an array of dtype complex128",
        ),
        ({"params": lt.Params(4, 3, np.full(96, np.inf))}, ValueError, "params must be finite"),
        ({"step": 0}, ValueError, "step must be a positive, finite number"),
        ({"step": "1e-5"}, TypeError, "step must be a number"),
    ],
)
def test_bad_arguments_of_the_gradients_get_one_sentence(params, gradient, change, error, sentence):
    with pytest.raises(error, match=sentence):
        gradient(**({"loss_fn": own_loss, "params": params} | change))


@st.composite
def cases(draw):
    K, H, T = draw(st.integers(2, 7)), draw(st.integers(1, 6)), draw(st.integers(1, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    params = lt.Params.random(K, H, draw(st.integers(0, 99)), draw(st.floats(0.05, 2)), draw(st.floats(-2, 3)))
    h0, c0 = (draw(st.sampled_from([None, rng.normal(size=H)])) for _ in range(2))
    return params, rng.integers(0, K, T), rng.integers(0, K, T), h0, c0


@given(cases())
def test_the_exact_gradient_is_that_of_the_complex_step(case):
    params, x, targets, h0, c0 = case
    exact = lt.exact_gradient(params, x, targets, h0, c0)
    step = lt.complex_step_gradient(lambda p: lt.loss(p, x, targets, h0, c0), params, batched=True)
    assert lt.relative_error(exact.flat, step.flat) < 1e-12
    for name in lt.Params.NAMES:
        assert np.linalg.norm(exact[name] - step[name]) <= 1e-12 * np.linalg.norm(step.flat)


def test_a_vocabulary_of_one_word_has_no_gradient():
    params = lt.Params.random(1, 4)
    assert not lt.exact_gradient(params, [0, 0], [0, 0]).flat.any()


def test_the_exact_gradient_of_a_long_sequence_is_that_of_the_complex_step():
    params = lt.Params.random(8, 16, seed=3, scale=0.3, forget_bias=1.0)
    x, targets = np.random.default_rng(0).integers(0, 8, (2, 40))
    exact = lt.exact_gradient(params, x, targets)
    step = lt.complex_step_gradient(lambda p: lt.loss(p, x, targets), params, batched=True)
    assert lt.relative_error(exact.flat, step.flat) < 1e-12


def test_the_exact_gradient_of_single_precision_weights_is_computed_in_double_precision(params):
    single = params.astype(np.float32)
    exact, double = lt.exact_gradient(single, X, TARGETS), lt.exact_gradient(single.astype(np.float64), X, TARGETS)
    np.testing.assert_array_equal(exact.flat, double.flat)


def test_a_partial_reports_under_the_name_of_its_function():
    assert lt.check_gradients(functools.partial(lt.nested_bptt, repaired=lt.FLAWS)).name == "nested_bptt"
