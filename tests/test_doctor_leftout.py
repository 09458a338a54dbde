"""The doctor puts in again what was left out of a pass, wherever it belongs and whatever its value is made of."""

import re

import pytest

import lstm_teach as lt
from benchmarks.doctor_corpus import define, passes

PASSES = passes("tuning")
pytestmark = pytest.mark.long


def repaired(style, line):
    """The one finding with a line, of a pass that lacks a line."""
    text, name = PASSES[style]
    assert text.count(f"{line}\n") == 1
    rows = [row for row in text.splitlines() if not row.strip().startswith(line.partition("\n")[0])]
    diagnosis = lt.diagnose(define("\n".join(rows), name, f"<{style}>"), progress=False)
    assert diagnosis.repaired_source
    (finding,) = (each for each in diagnosis.findings if each.line)
    return finding.repair


@pytest.mark.parametrize(
    ("style", "line"),
    [
        ("by_hand_row_minus_one", "zg = dc * i[t] * (1 - g[t] ** 2)"),
        ("by_hand_slope_of_the_preactivation", "dzg = dc * cc.i[t] * (1 - cc.g[t] ** 2)"),
    ],
)
def test_a_delta_that_only_the_head_of_a_loop_reads_first_is_made_before_that_loop(style, line):
    assert set(re.findall(r"\w+", repaired(style, line))) == set(re.findall(r"\w+", line))


@pytest.mark.parametrize(
    ("style", "line", "repair"),
    [
        ("nested", "dh = params.V.T @ e", r"dh = params\.V\.T @ e"),
        ("ported_from_csharp", "hidden, cell = np.zeros(self.Size), np.zeros(self.Size)", r"hidden, cell = .*zeros.*"),
        ("onehot", "S = np.zeros((T + 1, H))  # S[0] initial, S[t+1] after step t", r"S = .*zeros.*"),
        ("lesson_lstm", "steps = []", r"steps = \[\]"),
        ("flatbuf_2", "acc = 0.0", r"acc = 0\.0"),
        ("matlab_port", "nT = len(x)", r"nT = len\((x|targets)\)"),
    ],
)
def test_a_delta_zeros_a_list_a_sum_and_a_number_of_steps_are_put_before_all_that_need_them(style, line, repair):
    assert re.fullmatch(repair, repaired(style, line))


@pytest.mark.parametrize(
    ("style", "line"),
    [
        ("control_phd", 'mu["f"] = lam["c"] * past["c"] * s["f"] * (1 - s["f"])'),
        ("by_hand_slope_of_the_output", 'd["o"][t] = dh * v.ct[t]'),
        ("learning_signals", 'synapses["W" + pop] = L_drive[pop].T @ rate_prev'),
        ("reversed_time", 'grads["W" + gate] = deltas["z" + gate].T @ rh[1:]'),
    ],
)
def test_what_a_table_lacks_of_one_gate_or_matrix_is_put_into_it(style, line):
    assert set(re.findall(r"\w+", repaired(style, line))) == set(re.findall(r"\w+", line))


@pytest.mark.parametrize(
    ("style", "line"),
    [
        ("nested_quadratic", "delta_c = delta_c + delta_h * ok * (1 - fwd.ct[k] ** 2)"),  # in a walk from each loss
        ("brought_29", "dV += np.outer(delta, hs[t + 1])"),  # before a while loop counts on
        ("hobby_2", 'self.c = a["f"] * self.c + a["i"] * a["g"]'),  # a state that an object holds
    ],
)
def test_what_a_step_adds_or_computes_is_found_in_any_loop_or_object(style, line):
    repair, target = repaired(style, line), line.partition("=")[0].strip(" +")
    assert repair.startswith(target) and repair.count("*") == line.count("*")


@pytest.mark.parametrize(
    ("style", "line"), [("by_hand_stored_without_copy", "saved.append(row)"), ("brought_08", "h_list.append(h)")]
)
def test_a_list_that_is_read_and_never_filled_is_filled_in_the_loop(style, line):
    assert repaired(style, line) == line
