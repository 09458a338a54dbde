"""Several faults are mended one after the other by what becomes right in the gradients, exactly."""

from dataclasses import replace

import numpy as np
import pytest

from lstm_teach.doctor import search as whole
from lstm_teach.doctor.climb import Climb, ladder
from lstm_teach.doctor.limit import Deadline
from lstm_teach.doctor.repair import _ELSEWHERE, Bench
from lstm_teach.doctor.search import apply, proof_cases, prove
from lstm_teach.doctor.source import learner_functions
from lstm_teach.doctor.truth import Truth, make_case
from lstm_teach.doctor.variants import Endless, Trace, Variants, acting_functions, disturbed
from lstm_teach.gradcheck import states_taken
from lstm_teach.params import Params
from tests.doctor_cases.faults import load, other_hands, styles

pytestmark = pytest.mark.long

TAKES = {"h0": False, "c0": False}
PASSES = styles("other_hands") | {f"tuning/{style}": pair for style, pair in styles("tuning").items()}


def changed(style, *changes):
    text, name = PASSES[style]
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return load(text, name, "<test>")


def climb(backward):
    units, truths = learner_functions(backward), [Truth(make_case(T, 20 + T, states_taken(backward))) for T in (3, 5)]
    return Climb(Bench(backward, units, truths, Deadline.after(60), lambda tried: None))


def returned(grads):
    return Trace(result=grads)


def grads_of(rung):
    return {name: rung.gradient[name].copy() for name in Params.NAMES}


def test_the_rungs_of_the_ladder_tell_one_kind_of_fault_after_the_other():
    zeros, one, apart, three, again = [rung.case for rung in ladder(TAKES)]
    assert (zeros.length, one.length, apart.length, three.length, again.length) == (1, 1, 3, 3, 5)
    assert not zeros.states and set(one.states) == set(three.states) == {"h0", "c0"}
    assert not apart.params.W.any() and three.params.W.all()
    assert len(set(three.x)) == 3 and len(set(again.x)) < 5
    assert all(len({case.length, case.params.hidden_size, case.params.vocab_size}) == 3 for case in (three, again))
    assert len(ladder({})) == 4
    assert not any(ladder({"h0": True})[0].case.states["h0"])


def test_what_is_right_is_seen_in_each_matrix_and_each_column_of_a_token():
    rung = ladder(TAKES)[3]
    grads = grads_of(rung)
    assert rung.right_blocks(returned(grads)) == rung.full and rung.right_blocks(returned(None)) == 0
    seen = {}
    for name in Params.NAMES:
        for token in rung.case.x if name[0] == "U" else (0,):
            wrong = grads_of(rung)
            wrong[name][:, token] *= 1 + 1e-8
            bits = rung.right_blocks(returned(wrong))
            assert rung.wrong(bits) == {name} and bits.bit_count() == rung.full.bit_count() - 2
            seen[bits] = name
    assert len(seen) == 5 + 4 * 3
    wrong = grads_of(rung)
    (never,) = set(range(4)) - set(rung.case.x)
    wrong["Uf"][:, never] = 1e-3
    assert rung.wrong(rung.right_blocks(returned(wrong))) == {"Uf"}


def test_zeros_are_no_gain():
    rung = ladder(TAKES)[0]  # from zeros: no W, and no forget gate
    nothing = {name: np.zeros_like(array) for name, array in grads_of(rung).items()}
    assert rung.right_blocks(returned(nothing)) and not rung.right_blocks(returned(nothing)) & rung.counted
    nothing["Wi"][0, 0] = 1.0
    assert "Wi" in rung.wrong(rung.right_blocks(returned(nothing)))


GAINING = [  # each gains something by itself
    ("    x, targets = np.asarray(x), np.asarray(targets)", "    x, targets = np.asarray(targets), np.asarray(x)"),
    ("range(T)[::-1]", "range(1, T)[::-1]"),
]
FORWARD_WRONG = [  # no gradient is right before two are mended
    ("yc[t] = yf[t] * yc[t - 1] + yi[t] * yg[t]", "yc[t] = (yf[t] * yc[t - 1] + yi[t] * yg[t]) / 2"),
    ("dm[1:T + 1] = out_diff @ w_out", "dm[1:T + 1] = np.clip(out_diff @ w_out, -0.01, 0.01)"),
    ("ygifo[t] += w_rec @ ym[t - 1]", "ygifo[t] = w_rec @ ym[t - 1]"),
]
INTERLEAVED = [  # a step forward, a step back: the forward pass is not over where the walk back begins
    ("states_h[k + 1] = o * np", "states_h[k] = o * np"),
    ("o = 1 / (1 + np.exp(-z_o))", "o = np.clip(1 / (1 + np.exp(-z_o)), -0.01, 0.01)"),
    ("y_pred /= y_pred.sum", "y_pred = y_pred.sum"),
]
KNOWN_BY_CHANCE = [  # tanh(c0) is a right value, but not there
    ("        tc[0:H] = c0", "        tc[0:H] = np.tanh(c0)"),
    ("    return s * (1.0 - s)", "    return s * (1.0 + s)"),
]
BEHIND_ONE_ANOTHER = [  # what one of them makes right is seen on the way only
    ("dhs = P @ net.V ", "dhs = np.clip(P @ net.V, -0.01, 0.01) "),
    ("tanh_c = np.tanh(cs[t + 1])", "tanh_c = np.tanh(cs[t])"),
]


@pytest.mark.parametrize(
    ("style", "changes"),
    [
        ("kaggle", GAINING),
        ("asr_blstm_one_dir", FORWARD_WRONG),
        ("keras_style", INTERLEAVED),
        ("flatbuf_2", KNOWN_BY_CHANCE),
        ("arrays", BEHIND_ONE_ANOTHER),
    ],
)
def test_several_faults_are_mended_one_after_the_other(style, changes):
    backward = changed(style, *changes)
    search = climb(backward)
    assert not list(search.single(Deadline.after(1.0)))
    mended = next(search.several(Deadline.after(60)))
    assert len(mended.edits) == len(changes)
    repaired = apply(search.units, mended.slots, mended.edits)
    assert prove(backward, repaired, proof_cases(states_taken(backward))) is not None


def test_what_is_right_has_to_stay_right_unless_a_higher_rung_gains_as_much(monkeypatch):
    search = climb(changed("bootcamp", ("gradient_cell * forget_gate", "gradient_cell * forget_gate / 2")))
    edit = search.bench.every[0]
    variants, before = Variants(search.backward, search.units, [edit], [], records=False), search.root.right
    lowest, highest = search._lowest(search.root), len(search.rungs) - 1

    def lowest_bit(bits):
        return bits & -bits

    gains = [lowest_bit(rung.counted & ~right) for rung, right in zip(search.rungs, before, strict=True)]
    for lost, gained, allowed in [
        (None, {lowest}, True),
        (lowest, {lowest}, False),
        (0, {lowest}, False),
        (highest, {lowest}, False),
        (highest, {lowest, highest}, True),
        (highest, {highest}, False),
    ]:
        bits = {rung: before[k] | gains[k] * (k in gained) for k, rung in enumerate(search.rungs)}
        if lost is not None:
            bits[search.rungs[lost]] &= ~lowest_bit(before[lost])
        monkeypatch.setattr(search, "_right", lambda variants, rung, edits, bits=bits: bits[rung])
        assert (search._gain(variants, search.root, edit, 0) is not None) == allowed


def test_edits_are_sorted_by_what_depends_on_their_statement():
    search = climb(changed("bootcamp", ("gradient_cell * candidate", "gradient_cell * output_gate")))
    lowest = search.rungs[search._lowest(search.root)]
    wrong = lowest.wrong(search.root.right[search._lowest(search.root)])
    variants = Variants(search.backward, search.units, [], [])
    reach = variants.reach(lowest, sorted(search.statements))
    tried = search._next(search.root)
    vain = [slot for slot, names in reach.items() if not names & wrong]
    assert vain and all(edit.kind in _ELSEWHERE or not edit.slots <= set(vain) for edit in tried)
    assert any(reach[slot] <= wrong for slot in tried[0].slots & set(reach))
    with pytest.raises(ValueError, match="records"):
        Variants(search.backward, search.units, [], [], records=False).reach(lowest, [])


def test_a_statement_that_calls_what_changes_arrays_may_reach_everything():
    text, name = styles("other_hands")["cellclass"]
    units = learner_functions(load(text, name, "<test>"))
    assert {"backward"} <= acting_functions(units) and not {"d_tanh", "sigmoid"} & acting_functions(units)
    variants, rung = Variants(load(text, name, "<test>"), units, [], []), ladder(TAKES)[3]
    calls = {
        s.number: units[s.unit].text[s.start : s.end]
        for s in variants.slots
        if s.kind == "statement" and "self.output.backward(" in units[s.unit].text[s.start : s.end]
    }
    reach = variants.reach(rung, calls)
    assert calls and all(names == set(Params.NAMES) for names in reach.values())


@pytest.mark.parametrize("value", [-1.0, 0.0, np.array([-1.0, 2.0]), np.arange(3), np.zeros(1, dtype=int), 0, 3])
def test_every_number_is_disturbed(value):
    assert np.all(disturbed(value) != value)


def test_a_later_edit_takes_the_place_of_one_at_the_same_statement():
    search = climb(changed("bootcamp", ("gradient_cell * forget_gate", "gradient_cell * forget_gate / 2")))
    first = search.bench.every[0]
    second = next(edit for edit in search.bench.every if edit is not first and edit.slots == first.slots)
    other = next(edit for edit in search.bench.every if edit.slots.isdisjoint(first.slots))
    state = replace(search.root, made=[first, other], alike=[[second], []])
    assert state.with_one_more(second, [first]) == ([other, second], [[], [first]])


def test_what_may_as_well_go_is_not_moved():
    search = climb(changed("bootcamp", ("gradient_cell * forget_gate", "gradient_cell * forget_gate / 2")))
    gone = next(edit for edit in search.bench.every if edit.kind == "extra statement")
    moved = [edit for edit in search.bench.every if edit.kind == "moved" and edit.slots & gone.slots]
    other = next(edit for edit in search.bench.every if edit.kind == "moved" and not edit.slots & gone.slots)
    assert moved and min(edit.cost for edit in moved) < gone.cost
    assert search._likely_first([*moved, gone, other]) == search._likely_first([gone, other])
    assert set(map(id, search._likely_first(moved))) == set(map(id, moved))


@pytest.mark.parametrize(
    ("style", "change", "looks"),
    [
        ("asr_blstm_one_dir", FORWARD_WRONG[0], True),
        ("rekursion", ("netz, x[1:], ziele[1:], h_neu, c_neu", "netz, x[1:], ziele[1:], h_neu, c"), True),
        ("everyloss_2", ("np.outer(dy, fw.h[s])", "np.outer(dy, fw.h[s-1])"), False),  # no state is kept in a variable
    ],
)
def test_values_on_the_way_count_where_the_forward_pass_is_wrong(style, change, looks):
    search = climb(changed(style, change))
    search._begin(search.root)
    assert bool(search.root.look) == looks


def test_every_third_turn_is_for_the_code_as_it_was(monkeypatch):
    search, turns = climb(changed("bootcamp", ("gradient_cell * forget_gate", "gradient_cell * forget_gate / 2"))), []

    def tried(state, batch, again, deadline):
        turns.append(state is search.root)
        return iter(())

    def to_try(state):
        return iter([([], False)] * 9)

    def following(state):  # each with more right than the one before
        made = [*state.made, search.bench.every[len(turns)]]
        yield replace(state, put_off=state.put_off - 99, number=next(search.numbers), made=made, todo=None)

    for name, stand_in in (("_tried", tried), ("_to_try", to_try), ("_following", following)):
        monkeypatch.setattr(search, name, stand_in)
    assert not list(search.several(Deadline.after(0.5)))
    assert turns[:1] == [True], "and one turn before all others"
    assert turns[3::3][:5] == [True] * 5 and not any(turns[2::3][:5])


def test_loop_heads_are_likely_where_nearly_all_is_wrong_that_can_be():
    bench = climb(changed("bootcamp", ("gradient_cell * forget_gate", "gradient_cell * forget_gate / 2"))).bench
    assert bench.heads(set(Params.NAMES[:8])) and not bench.heads(set(Params.NAMES[:4]))
    assert bench.heads(set(Params.NAMES[:4]), 5) and not bench.heads(set(Params.NAMES[:4]), 6)


def test_what_the_climb_made_right_is_handed_to_the_search_by_places(monkeypatch):
    backward = changed("bootcamp", ("gradient_cell * forget_gate", "gradient_cell * forget_gate / 2"))
    made, handed = [], []

    def several(self, deadline):
        made[:] = [self.bench.every[0]]
        self.best = replace(self.root, made=list(made), right=self.full)
        return iter(())

    def by_places(backward, state, *rest):
        handed.extend(step.edit for step in state.steps)
        return state, 0, False

    monkeypatch.setattr(Climb, "single", lambda self, deadline: iter(()))
    monkeypatch.setattr(Climb, "several", several)
    monkeypatch.setattr(whole, "_by_places", by_places)
    result = whole.search(backward, learner_functions(backward), states_taken(backward), seconds=5)
    assert not result.proved and handed == made and len(made) == 1


def test_a_while_loop_that_never_ends_is_stopped_soon():
    text, name = styles("other_hands")["whiley"]
    wrong = load(text.replace("t -= 1", "t -= 0"), name, "<test>")
    variants, rung = Variants(wrong, learner_functions(wrong), [], [], records=False), ladder({})[0]
    trace = variants.run(rung)
    assert isinstance(trace.error, Endless) and trace.turns < 1000


def test_an_edit_that_only_makes_zeros_right_gains_nothing(monkeypatch):
    search = climb(changed("bootcamp", ("gradient_cell * forget_gate", "gradient_cell * forget_gate / 2")))
    edit, rung = search.bench.every[0], search.rungs[0]
    variants = Variants(search.backward, search.units, [edit], [], records=False)
    search.root.right = (0, *search.full[1:])
    for bits, gains in ((rung.full & ~rung.counted, False), (rung.counted & -rung.counted, True)):
        monkeypatch.setattr(search, "_right", lambda _, one, edits, bits=bits: bits if one is rung else one.full)
        assert (search._gain(variants, search.root, edit, 0) is not None) == gains


def test_what_is_in_an_empty_array_does_not_come_from_the_targets():
    search = climb(changed("adjoint_3", ("k = [x[t]]", "k = [x[t - 1]]")))
    text = {slot.number: search.units[slot.unit].text[slot.start : slot.end] for slot in search.bench.slots}
    assert search.back and not any("empty" in text[number] for number in search.back)


def test_clipping_that_shows_in_long_sequences_only_is_found_beside_another_fault():
    (case,) = [c for c in other_hands() if c.style == "minchar" and "clipped at 5" in c.kinds[0]]
    search = climb(load(case.text, case.name, "<test>"))
    everything = [*search.single(Deadline.after(1.0)), next(search.several(Deadline.after(60)))]
    repaired = apply(search.units, everything[-1].slots, everything[-1].edits)
    assert prove(search.backward, repaired, proof_cases(states_taken(search.backward))) is not None


def test_what_is_like_its_sisters_is_not_the_first_to_be_changed():
    (case,) = [c for c in other_hands() if c.style == "matrix_form" and "doubled factor" in c.kinds[0]]
    mended = next(climb(load(case.text, case.name, "<sisters>")).single(Deadline.after(2.0)))
    found = [edit.parts[0].code for edit in (*mended.edits, *mended.others[0])]
    assert {"slope_f = 1 - F", "Df[t] = dC[t + 1] * C[t] * slope_f[t]"} <= set(found)  # both are right
    assert found[0] != "slope_f = 1 - F"  # beside `slope_i = I * (1 - I)`


def test_one_that_can_not_be_all_that_is_wrong_is_tried_before_another_with_the_same_gain_is_followed():
    (case,) = [c for c in other_hands() if c.style == "adjoint_5" and "sign of the output gate's slope" in c.kinds[0]]
    search = climb(load(case.text, case.name, "<before>"))
    assert not list(search.single(Deadline.after(2.0)))
    mended = next(search.several(Deadline.after(10.0)))
    assert "gain_o = S * O * (1 - O)" in {edit.parts[0].code for edit in mended.edits}  # and not -np.tanh(C)


def test_a_new_statement_is_about_the_one_whose_result_it_changes():
    text, name = PASSES["gatearray"]
    search = climb(load(text, name, "<about>"))
    slots = search.bench.slots
    texts = {slot.number: search.bench.units[slot.unit].text[slot.start : slot.end] for slot in slots}
    new = {edit.new: search._about(edit) for edit in search.bench.every if edit.kind == "missing statement"}
    assert [texts[number] for number in new["slope[:, I] = 1 - a[:, I] ** 2"]] == ["slope = a * (1.0 - a)"]
    (gap,) = new["c_bar = np.zeros_like(c_bar)"]
    assert slots[gap].kind == "gap"
