"""The doctor finds faults in passes of any style, proves its repairs, and never accuses a right pass."""

import pytest

import lstm_teach as lt
from lstm_teach.doctor.source import guarded_builtins
from tests.doctor_cases.faults import load, styles

ALL = {f"{folder}/{style}": pair for folder in ("tuning", "held_out") for style, pair in styles(folder).items()}
PER_GATE, _ = styles("tuning")["per_gate"]


def diagnose(text, name, cell="<test>"):
    return lt.diagnose(load(text, name, cell), progress=False)


def line_of(text, code):
    return text[: text.index(code)].count("\n") + 1


@pytest.mark.parametrize("style", ALL)
def test_a_right_pass_of_any_style_is_passed(style):
    text, name = ALL[style]
    diagnosis = diagnose(text, name)
    assert diagnosis.passed and not diagnosis.findings


def test_the_librarys_own_passes_are_passed():
    assert lt.diagnose(lt.bptt, progress=False).passed


def test_all_seven_lines_of_the_questions_loop_are_named_and_the_repair_is_right():
    text, name = styles("question")["loop"]
    diagnosis = lt.diagnose(load(text, name, "<question>"), progress=False, seconds=60)
    wrong = ["dctmp = dct[0]", "for s in np.arange(t)", "dctmp += dctmp * f"]
    wrong += [f"dW{gate} += np.dot" for gate in "ifog"]
    assert {finding.line for finding in diagnosis.findings} == {line_of(text, code) for code in wrong}
    assert all(finding.proved for finding in diagnosis.findings)
    repaired = load("import numpy as np\nimport lstm_teach as lt\n" + diagnosis.repaired_source, name, "<repaired>")
    assert lt.check_gradients(repaired).passed


FAULTS = [
    ("dc_next = dc * f[t]", "dc_next += dc * f[t]", "dc"),
    ("df = dc * c[t - 1]", "df = dc * c[t]", "df"),
    ("dzg = dg * (1 - g[t] ** 2)", "dzg = dg * (1 - g[t])", "dzg"),
    ("params.Wo.T @ dzo", "params.Wo @ dzo", "dh_future"),
    ("grads.Wf += np.outer(dzf, h[t - 1])", "grads.Wf += np.outer(h[t - 1], dzf)", "dWf"),
]


@pytest.mark.parametrize(("right", "wrong", "quantity"), FAULTS)
def test_a_fault_is_named_with_its_quantity_its_line_and_a_proved_repair(right, wrong, quantity):
    text = PER_GATE.replace(right, wrong)
    diagnosis = diagnose(text, "backward")
    first = diagnosis.findings[0]
    assert first.line == line_of(text, wrong)
    assert first.quantity == quantity
    assert first.proved and diagnosis.repaired_source is not None
    assert lt.check_gradients(
        load("import numpy as np\nimport lstm_teach as lt\n" + diagnosis.repaired_source, "backward", "<again>")
    ).passed


def test_three_faults_in_three_equations_are_named_together_and_their_repair_is_proved():
    faults = {
        "do = dh * ct[t]": "do = dh * c[t]",
        "dzf = df * f[t] * (1 - f[t])": "dzf = df * f[t]",
        "grads.Wg += np.outer(dzg, h[t - 1])": "grads.Wg -= np.outer(dzg, h[t - 1])",
    }
    text = PER_GATE
    for right, wrong in faults.items():
        text = text.replace(right, wrong)
    diagnosis = diagnose(text, "backward")
    assert {finding.line for finding in diagnosis.findings} == {line_of(text, wrong) for wrong in faults.values()}
    assert all(finding.proved for finding in diagnosis.findings)


def test_an_html_report_has_three_levels_and_escapes_the_learners_code():
    html = diagnose(PER_GATE.replace("dc_next = dc * f[t]", "dc_next = dc * i[t]  # <b>"), "backward")._repr_html_()
    for title in ("1. The idea", "2. The place", "3. The line"):
        assert title in html
    assert "<b>" not in html


def test_a_pass_that_is_not_repeatable_is_a_finding():
    text = PER_GATE.replace("    return grads", "    calls.append(1)\n    grads.V *= len(calls)\n    return grads")
    diagnosis = diagnose("calls = []\n" + text, "backward")
    assert not diagnosis.passed
    assert "called again" in diagnosis.findings[0].cause


def test_a_pass_that_changes_its_input_is_a_finding():
    diagnosis = diagnose(PER_GATE.replace("    return grads", "    params.V += 1\n    return grads"), "backward")
    assert "changes its input params" in diagnosis.findings[0].cause


def test_a_pass_without_readable_source_is_told_so():
    space = {}
    exec("def backward(params, x, targets):\n    return [0 * m for m in params.values()]", space)
    diagnosis = lt.diagnose(space["backward"], progress=False)
    assert not diagnosis.passed
    assert "can't be searched" in diagnosis.findings[-1].cause


def test_variants_can_not_open_files_or_import_other_modules():
    names = guarded_builtins()
    with pytest.raises(PermissionError):
        names["open"]("somewhere")
    with pytest.raises(ImportError):
        names["__import__"]("socket")


def test_bad_arguments_get_one_sentence():
    with pytest.raises(TypeError, match="backward must be a function"):
        lt.diagnose(3)
