"""Right values in the place of wrong ones show where the faults are, and each fault is mended by itself."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

import lstm_teach as lt
from lstm_teach.doctor.limit import Deadline
from lstm_teach.doctor.places import find_places
from lstm_teach.doctor.repair import Bench, mend
from lstm_teach.doctor.source import learner_functions
from lstm_teach.doctor.truth import Truth, make_case
from lstm_teach.doctor.variants import RESULT, TARGET, Put, Variants, exchanged, find_slots, kept
from lstm_teach.gradcheck import states_taken
from tests.doctor_cases.faults import load, styles

pytestmark = pytest.mark.long

PER_GATE, _ = styles("tuning")["per_gate"]


def places_of(text, seconds=20, name="backward"):
    """Lines with the quantity put there, whether all is right then, and what is needed to go on."""
    function = load(text, name, "<places>")
    units = learner_functions(function)
    truth = Truth(make_case(3, 23, states_taken(function)))
    places = find_places(function, units, truth, Deadline.after(seconds))
    slots = find_slots(units)
    lines = {}
    for put in places.puts:
        slot = slots[put.slot]
        lines.setdefault(units[slot.unit].line_number(slot.start), set()).add("".join(put.name))
    return lines, places, (function, units, [truth, Truth(make_case(5, 33, states_taken(function)))])


def line_of(text, code):
    return text[: text.index(code)].count("\n") + 1


def with_faults(*faults):
    text = PER_GATE
    for right, wrong in faults:
        assert right in text
        text = text.replace(right, wrong)
    return text


@pytest.mark.parametrize("style", ["tuning/per_gate", "tuning/stacked", "tuning/char_rnn"])
def test_in_a_right_pass_nothing_is_put(style):
    folder, name = style.split("/")
    text, entry = styles(folder)[name]
    lines, places, _ = places_of(text, name=entry)
    assert lines == {} and places.complete


@pytest.mark.parametrize(
    ("right", "wrong", "quantity"),
    [
        ("do = dh * ct[t]", "do = dh * c[t]", "do"),
        ("dzf = df * f[t] * (1 - f[t])", "dzf = df * f[t]", "dzf"),
        ("grads.Wg += np.outer(dzg, h[t - 1])", "grads.Wg -= np.outer(dzg, h[t - 1])", "sum_fromWg"),
    ],
)
def test_the_place_of_a_fault_is_its_line_and_the_value_is_what_belongs_there(right, wrong, quantity):
    text = with_faults((right, wrong))
    lines, places, _ = places_of(text)
    assert places.complete
    assert lines == {line_of(text, wrong): {quantity}}


def test_faults_that_hide_one_another_have_a_place_each_and_are_mended_one_by_one():
    faults = [
        ("do = dh * ct[t]", "do = dh * c[t]"),
        ("dzf = df * f[t] * (1 - f[t])", "dzf = df * f[t]"),
        ("dc = dh * o[t] * (1 - ct[t] ** 2) + dc_next", "dc = dh * o[t] * (1 - ct[t] ** 2)"),
    ]
    faults = [pair for pair in faults if pair[0] in PER_GATE]
    text = with_faults(*faults)
    lines, places, (function, units, truths) = places_of(text)
    assert places.complete and set(lines) == {line_of(text, wrong) for _, wrong in faults}
    mended = mend(function, units, truths, places, Deadline.after(20))
    assert len(mended.edits) == len(faults) and not mended.left
    slots = find_slots(units)
    edited = {units[0].line_number(slots[slot].start) for edit in mended.edits for slot in edit.slots}
    assert edited == set(lines)


def test_a_statement_that_is_missing_has_its_place_where_its_value_is_read():
    line = next(line for line in PER_GATE.splitlines() if line.strip().startswith("dc_next = dc"))
    text = PER_GATE.replace(line + "\n", "")
    lines, places, _ = places_of(text)
    assert places.complete
    assert lines == {line_of(text, "dc = "): {"dc"}}


def test_a_put_that_is_not_needed_is_taken_back():
    text = with_faults(("do = dh * ct[t]", "do = dh * c[t]"))
    _, places, (function, units, truths) = places_of(text)
    variants = Variants(function, units, [], truths[:1])
    assert variants.evaluate((), places.puts).right
    for put in places.puts:
        assert not variants.evaluate((), [other for other in places.puts if other is not put]).right


class Pair(NamedTuple):
    first: np.ndarray
    second: np.ndarray


@pytest.mark.parametrize("kind", [list, tuple, dict, Pair, lt.Params])
def test_right_values_go_into_any_container_and_the_learners_own_is_left_as_it_was(kind):
    arrays = [np.ones(3), np.full(3, 2.0)]
    value = {
        list: lambda: list(arrays),
        tuple: lambda: tuple(arrays),
        dict: lambda: dict(enumerate(arrays)),
        Pair: lambda: Pair(*arrays),
        lt.Params: lambda: lt.Params.random(3, 3, seed=1),
    }[kind]()
    before = [array.copy() for array in kept(value)]
    new = np.arange(before[1].size, dtype=float).reshape(before[1].shape)
    put = Put(0, RESULT, 1, (slice(None),) * before[1].ndim, {0: new})
    changed = put.into(value, new)
    assert type(changed) is kind
    assert np.array_equal(kept(changed)[1], new) and np.array_equal(kept(changed)[0], before[0])
    assert all(np.array_equal(a, b) for a, b in zip(kept(value), before, strict=True))


def test_a_value_put_into_a_target_is_seen_under_all_its_names_and_one_that_does_not_fit_is_left():
    array = np.zeros((2, 3))
    row = array[1]
    Put(0, TARGET, None, (slice(None),), {}).into(row, np.ones(3))
    assert array[1].tolist() == [1, 1, 1]
    assert Put(0, 0, None, (slice(None),), {}).into(row, np.ones(4)) is row
    assert exchanged("text", lambda array: array) == "text"


def test_a_part_of_a_deadline_is_earlier_and_one_that_has_passed_leaves_nothing():
    whole = Deadline.after(100.0)
    assert 0 < whole.part(0.1).left <= 10.0 < whole.left <= 100.0 and not whole.over
    assert Deadline.after(-1.0).over and Deadline.after(-1.0).left == 0.0


SWAPPED = """
def backward(params, x, targets):
    grads = lt.bptt(params, x, targets)
    V, Wi, Wf, Wo, Wg, Ui, Uf, Uo, Ug = (grads[name] for name in lt.Params.NAMES)
    return V, Wi, Wf, Wg, Wo, Ui, Uf, Uo, Ug
"""


def test_right_values_that_are_returned_for_one_another_have_their_place_in_the_return():
    text = "import lstm_teach as lt\n" + SWAPPED
    lines, places, _ = places_of(text)
    assert places.complete and lines == {line_of(text, "    return V"): {"sum_fromWo", "sum_fromWg"}}


def test_the_places_of_a_loop_in_a_loop_are_found_loss_by_loss():
    text, name = styles("question")["loop"]
    repaired = {
        "np.arange(t)[::-1]": "np.arange(t + 1)[::-1]",
        "dctmp = dct[0] * (1.0 - ct[0] ** 2)": "dctmp = np.zeros(len(dct[0]))",
    }
    for gate in "ifog":
        repaired[f"dW{gate} += np.dot(d{gate}ga[s].T, h[s - 1])"] = f"dW{gate} += np.outer(d{gate}ga[s], h[s - 1])"
    for wrong, right in repaired.items():
        assert wrong in text
        text = text.replace(wrong, right)
    lines, places, _ = places_of(text, name=name)  # what is left: the carry is added to itself
    assert places.complete and len(lines) == 1
    assert lines.popitem()[1] <= {"dc", "dc_carry"}


def test_a_square_matrix_that_is_right_the_other_way_round_has_its_place():
    turned, slope = "grads.Wi = grads.Wi + np.outer(h[t - 1], dzi)", "dzg = dg * (1 - g[t])"
    text = with_faults(
        ("grads.Wi += np.outer(dzi, h[t - 1])", turned),
        ("dzg = dg * (1 - g[t] ** 2)", slope),
    )
    lines, places, _ = places_of(text)
    assert places.complete
    assert lines == {line_of(text, slope): {"dzg"}, line_of(text, turned): {"sum_fromWi"}}


def test_what_stands_in_an_empty_array_is_not_looked_at():
    text = with_faults(("dh_next = np.zeros(params.hidden_size)", "dh_next = np.empty(params.hidden_size)"))
    function = load(text, "backward", "<empty>")
    truth = Truth(make_case(3, 23, states_taken(function)))
    variants = Variants(function, learner_functions(function), [], [truth])
    lines = {variants.slots[slot].start for slot in variants.run(truth).slots}
    assert text.index("dh_next = np.empty") - text.index("def backward") not in lines
    assert text.index("dc_next = np.zeros") - text.index("def backward") in lines


def test_one_fault_that_shows_in_several_places_is_mended_by_one_edit():
    text = with_faults(
        (
            "    for t in reversed(range(len(x))):\n",
            "    for t in reversed(range(len(x))):\n        now, before = XY\n",
        ),
        ("h[t - 1])", "before)"),
        ("np.outer(dy[t], h[t])", "np.outer(dy[t], now)"),
    )
    assert lt.check_gradients(load(text.replace("XY", "h[t], h[t - 1]"), "backward", "<right>")).passed
    _, places, (function, units, truths) = places_of(text.replace("XY", "h[t - 1], h[t]"))
    assert places.complete and len({put.slot for put in places.puts}) > 1
    mended = mend(function, units, truths, places, Deadline.after(10))
    assert len(mended.edits) == 1 and not mended.left
    assert mended.edits[0].kind == "order"


def test_an_edit_that_makes_an_expression_like_its_neighbours_is_the_likelier_one():
    text = """
import numpy as np
import lstm_teach as lt

def slopes(i, f, o, g):
    return i, f * (1 - f), o * (1 - o), 1 - g ** 2

def backward(params, x, targets):
    run = lt.forward(params, x)
    a = slopes(run.i[0], run.f[0], run.o[0], run.g[0])
    return a
"""
    function = load(text, "backward", "<alike>")
    units = learner_functions(function)
    bench = Bench(function, units, [Truth(make_case(3, 23, {}))], Deadline.after(5), lambda tried: None)
    place = next(
        slot.number for slot in bench.slots if "slopes(run" in (bench.units[slot.unit].text[slot.start :])[:20]
    )
    found = {edit.parts[0].code: edit for edit in bench.every if edit.parts and edit.parts[0].code}
    like = found["return i * (1 - i), f * (1 - f), o * (1 - o), 1 - g ** 2"]
    other = found["return i * (1 - f), f * (1 - f), o * (1 - o), 1 - g ** 2"]
    assert bench.like_others(like) == 2 and bench.like_others(other) == 0
    assert bench.like_others(found["return i, (1 - f), o * (1 - o), 1 - g ** 2"]) == -1  # f and o are alike as they are
    assert bench.doubt(like, place) < bench.doubt(other, place) - 0.5


def test_a_walk_that_stops_after_ten_steps_is_repaired():
    text = with_faults(("reversed(range(len(x)))", "reversed(range(max(0, len(x) - 10), len(x)))"))
    diagnosis = lt.diagnose(load(text, "backward", "<ten>"), progress=False)
    assert diagnosis.findings[0].line == line_of(text, "max(0, len(x) - 10)")
    assert diagnosis.repaired_source is not None


def test_a_gate_row_that_is_never_filled_is_filled():
    rows = """
import numpy as np
import lstm_teach as lt

def backward(params, x, targets):
    run, n = lt.forward(params, x), params.hidden_size
    W = np.vstack([params.Wi, params.Wf, params.Wo, params.Wg])
    dW, dU, dV = np.zeros_like(W), np.zeros((4 * n, params.vocab_size)), np.zeros_like(params.V)
    dh, dc, dz = np.zeros(n), np.zeros(n), np.zeros(4 * n)
    for t in reversed(range(len(x))):
        dy = run.y[t].copy()
        dy[targets[t]] -= 1
        dV += np.outer(dy, run.h[t])
        dh = dh + params.V.T @ dy
        dc = dc + dh * run.o[t] * (1 - run.ct[t] ** 2)
        dz[:n] = dc * run.g[t] * run.i[t] * (1 - run.i[t])
        dz[n : 2 * n] = dc * run.c[t - 1] * run.f[t] * (1 - run.f[t])
        dz[2 * n : 3 * n] = dh * run.ct[t] * run.o[t] * (1 - run.o[t])
        dz[3 * n :] = dc * run.i[t] * (1 - run.g[t] ** 2)
        dW += np.outer(dz, run.h[t - 1])
        dU[:, x[t]] += dz
        dh = W.T @ dz
        dc = dc * run.f[t]
    return [dV, *np.vsplit(dW, 4), *np.vsplit(dU, 4)]
"""
    assert lt.check_gradients(load(rows, "backward", "<rows>")).passed
    left_out = [line for line in rows.splitlines() if line.strip().startswith("dz[")]
    for line in (left_out[1], left_out[2]):
        text = rows.replace(line + "\n", "")
        diagnosis = lt.diagnose(load(text, "backward", "<left>"), progress=False)
        assert diagnosis.repaired_source is not None and len(diagnosis.findings) == 1
        assert line.split("=")[0].replace(" ", "") in diagnosis.findings[0].repair.replace(" ", "")


def bench_of(text):
    function = load(text, "backward", "<bench>")
    truth = Truth(make_case(3, 23, states_taken(function)))
    return Bench(function, learner_functions(function), [truth], Deadline.after(20), lambda tried: None)


def statement(bench, code):
    return next(s.number for s in bench.slots if s.kind == "statement" and bench.units[s.unit].segment(s.node) == code)


def test_which_gradients_a_statement_reaches_is_seen_by_disturbing_it():
    bench = bench_of(PER_GATE)
    weights, delta = (statement(bench, code) for code in ("grads.Wg += np.outer(dzg, h[t - 1])", "do = dh * ct[t]"))
    reach = bench.bare.reach(bench.truth, [weights, delta])
    assert reach[weights] == {"Wg"}
    # Through the carry the delta of o reaches all gates of the earlier steps, but never V.
    assert reach[delta] == set(lt.Params.NAMES) - {"V"}


def test_a_statement_on_which_not_all_depends_that_is_wrong_can_not_be_the_only_fault():
    bench = bench_of(with_faults(("do = dh * ct[t]", "do = dh * c[t]")))
    far, just = bench.too_far([])
    assert statement(bench, "grads.Wg += np.outer(dzg, h[t - 1])") in far
    assert statement(bench, "do = dh * c[t]") in just - far
    found = {edit.parts[0].code: edit for edit in bench.every if edit.parts and edit.parts[0].code}
    assert bench.can_not_be(found["grads.Wg = np.outer(dzg, h[t - 1])"], far)
    assert not bench.can_not_be(found["do = dh * ct[t]"], far)


def test_a_likelier_edit_further_up_is_preferred_and_a_less_likely_one_is_not_even_tried():
    bench = bench_of(with_faults(("do = dh * ct[t]", "do = dh * c[t]")))
    place = statement(bench, "do = dh * c[t]")
    right = next(edit for edit in bench.every if edit.parts and edit.parts[0].code == "do = dh * ct[t]")
    costly = replace(right, cost=right.cost + 1)
    group = [Put(place, RESULT, None, (), {})]
    outcome = bench.bare.evaluate()
    better = bench.likelier([(costly, outcome)], iter([[right]]), group, [], [], 0, True)
    assert [edit for edit, _ in better] == [right]
    assert bench.likelier([(right, outcome)], iter([[costly]]), group, [], [], 0, True) == []


def test_a_term_that_is_a_product_and_was_forgotten_is_found():
    forgotten = ("dc = dh * o[t] * (1 - ct[t] ** 2) + dc_next * f_next", "dc = dh * o[t] * (1 - ct[t] ** 2)")
    carried = (
        ("dc_next = dc * f[t]", "dc_next, f_next = dc, f[t]"),
        ("+ dc_next", "+ dc_next * f_next"),
        ("    dc_next = np.zeros", "    f_next = np.zeros(params.hidden_size)\n    dc_next = np.zeros"),
    )
    right = with_faults(*carried)
    assert lt.check_gradients(load(right, "backward", "<right>")).passed
    text = right.replace(*forgotten)
    assert text != right
    diagnosis = lt.diagnose(load(text, "backward", "<forgotten>"), progress=False)
    assert [finding.line for finding in diagnosis.findings] == [line_of(text, forgotten[1])]
    assert "dc_next * f_next" in diagnosis.findings[0].repair or "f_next * dc_next" in diagnosis.findings[0].repair


def test_two_faults_in_what_is_carried_are_told_apart_by_the_step_at_which_each_shows():
    text = with_faults(
        (
            "        dh_next = params.Wi.T @ dzi + params.Wf.T @ dzf + params.Wo.T @ dzo + params.Wg.T @ dzg\n",
            "        for W, dz in ((params.Wi, dzi), (params.Wf, dzf), (params.Wo, dzo), (params.Wg, dzg)):\n"
            "            dh_next += W @ dz\n",
        )
    )
    diagnosis = lt.diagnose(load(text, "backward", "<two>"), progress=False)
    assert len(diagnosis.findings) == 2 and diagnosis.repaired_source is not None
    repairs = {finding.repair.strip() for finding in diagnosis.findings}
    assert repairs == {"dh_next += W.T @ dz", "dh_next = np.zeros_like(dh_next)"}


HANDED_ON = """
import numpy as np
import lstm_teach as lt

def loop(going, body, state):
    while going(*state):
        state = body(*state)
    return state

def backward(params, x, targets):
    run = lt.forward(params, x)
    dz = {letter: np.zeros((len(x), params.hidden_size)) for letter in "ifog"}
    dy = run.y - np.eye(params.vocab_size)[targets]

    def step(t, dc, dh):
        dh = dh + params.V.T @ dy[t]
        dc = dc + dh * run.o[t] * (1 - run.ct[t] ** 2)
        dz["i"][t] = dc * run.g[t] * run.i[t] * (1 - run.i[t])
        dz["f"][t] = dc * run.c[t - 1] * run.f[t] * (1 - run.f[t])
        dz["o"][t] = dh * run.ct[t] * run.o[t] * (1 - run.o[t])
        dz["g"][t] = dc * run.i[t] * (1 - run.g[t] ** 2)
        back = sum(params["W" + letter].T @ dz[letter][t] for letter in "ifog")
        return t - 1, dc * run.f[t], back

    loop(lambda t, dc, dh: t >= 0, step, (len(x) - 1, np.zeros(params.hidden_size), np.zeros(params.hidden_size)))
    before = np.vstack([run.h[-1:], run.h[: len(x) - 1]])
    grads = {"V": dy.T @ run.h[: len(x)]}
    for letter in "ifog":
        grads["W" + letter] = dz[letter].T @ before
        grads["U" + letter] = dz[letter].T @ np.eye(params.vocab_size)[x]
    return grads
"""


def test_what_a_function_gives_that_is_called_by_another_name_is_followed_to_its_arguments():
    assert lt.check_gradients(load(HANDED_ON, "backward", "<right>")).passed
    text = HANDED_ON.replace("return t - 1, dc * run.f[t], back", "return t - 1, back, dc * run.f[t]")
    bench = bench_of(text)
    reads, returned = bench.reads, statement(bench, "return t - 1, back, dc * run.f[t]")
    used = statement(bench, "dh = dh + params.V.T @ dy[t]")
    assert returned in bench.above(used) and reads.feeders([used]) != {used}
    diagnosis = lt.diagnose(load(text, "backward", "<handed>"), progress=False)
    assert [finding.line for finding in diagnosis.findings] == [line_of(text, "return t - 1, back")]
    assert diagnosis.repaired_source is not None


def test_a_factor_that_is_missing_in_a_diagonal_jacobian_is_found():
    wrong = "J = np.diag(o[t])\n        dc = J @ dh + dc_next"
    text = with_faults(("dc = dh * o[t] * (1 - ct[t] ** 2) + dc_next", wrong))
    diagnosis = lt.diagnose(load(text, "backward", "<jacobian>"), progress=False)
    assert diagnosis.findings[0].line in (line_of(text, "J = np.diag"), line_of(text, "dc = J @"))
    assert diagnosis.repaired_source is not None


def test_an_edit_that_mends_a_part_of_what_is_returned_is_made_and_the_rest_is_left():
    text = "import lstm_teach as lt\n" + SWAPPED.replace("V, Wi, Wf, Wg, Wo, Ui", "V, Wg, Wo, Wf, Wi, Ui")
    bench = bench_of(text)
    slot = statement(bench, "return V, Wg, Wo, Wf, Wi, Ui, Uf, Uo, Ug")
    case = bench.truth.case
    right = lt.bptt(case.params, case.x, case.targets, **case.states)
    names = ("Wi", "Wf", "Wo", "Wg")
    group = [Put(slot, RESULT, k + 1, (slice(None),) * 2, {0: right[name]}, (name, "")) for k, name in enumerate(names)]
    edits = [edit for edit in bench.every if edit.kind == "order"]
    assert bench.mending(edits, [], [], 0, True) == []
    edit, rest = bench.in_part(group, [], [], bench.short)
    assert {edit.new, edit.old} in ({"Wi", "Wg"}, {"Wf", "Wo"})
    assert {"".join(put.name) for put in rest} == set(names) - {edit.new, edit.old}
    assert bench.in_part(group, [], [], [(edit, 0)]) == (None, group)  # what mends nothing is not made
