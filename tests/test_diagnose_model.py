"""diagnose_model calls right models right, whatever their equations, and names the family of a fault first."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

import lstm_teach as lt
from lstm_teach.exercises import mixed_exam
from lstm_teach.models.layout import Layout, Piece
from tests.model_cases import diagnose, families, is_named, of_text, told
from tests.model_cases.faults import AROUND, FOLDER, IN_THE_TEXT, MODELS, SLOW, around, load

pytestmark = pytest.mark.long

# benchmarks/model_quality.py runs all of them; here each family once, on models of small cost
EDITS = [(model, *edit) for model, edits in IN_THE_TEXT.items() for edit in edits if model not in SLOW]
EDITS = {edit[1]: edit for edit in reversed(EDITS)}
AROUND_SOME = [([name for name in MODELS if name not in SLOW][at * 5 % 19], fault) for at, fault in enumerate(AROUND)]
CARRY = ("lstm_stacked", 'dh_next = p["W"].T @ dz', "pass")


@pytest.mark.parametrize("model", MODELS)
def test_a_right_model_of_any_layout_is_passed(model):
    lengths = (1, 3) if model in SLOW else (1, 2, 4)
    diagnosis = diagnose(load(model), lengths=lengths)
    assert diagnosis.passed, diagnosis
    assert max(error for errors in diagnosis.ladder.values() for error in errors.values()) < 1e-10


def test_without_other_wishes_five_lengths_are_tried():
    assert list(diagnose(load("rnn_tanh")).ladder) == [1, 2, 3, 6, 20]


@pytest.mark.parametrize(("model", "family", "old", "new"), EDITS.values())
def test_the_family_of_a_fault_is_named_first(model, family, old, new):
    diagnosis = diagnose(load(model, old, new))
    assert not diagnosis.passed
    assert is_named(families(diagnosis)[0], {family}), diagnosis


@pytest.mark.parametrize(("model", "fault"), AROUND_SOME)
def test_the_family_of_a_fault_around_a_model_is_named_first(model, fault):
    case = around(model, fault)
    if case is None:
        pytest.skip("no array of this model can have this fault")
    diagnosis = diagnose(case)
    assert not diagnosis.passed
    assert is_named(families(diagnosis)[0], {AROUND[fault][0]}), diagnosis


def test_every_family_is_met_by_some_fault():
    from lstm_teach.models.families import FAMILIES

    met = {edit[0] for edits in IN_THE_TEXT.values() for edit in edits} | {fault[0] for fault in AROUND.values()}
    assert met | {
        *("not compared", "not read", "first step", "small", "switch", "one vector"),
        *("start", "between steps", "copy"),
    } == set(FAMILIES)  # with tests of their own


PLACES = [
    ("lstm_stacked", "df * f * (1 - f)", "df", "rows 4 to 7 of W and U (block 2 of 4)"),
    ("lstm_stacked", "dg * (1 - g**2)", "dg", "entries 12 to 15 of b (block 4 of 4)"),
    ("lstm_rows_batch", "dc * i * (1 - g * g)", "dc * i", "columns 6 to 8 of kernel (block 3 of 4)"),
    ("lstm_stacked", "dc_next = dc * f", "pass", "only block 3 of 4 is right"),
    ("gru_reset_before", 'p["U_z"].T @ dz + p["U_r"].T @ dr', 'p["U_z"].T @ dz', "With U_r set to zero"),
    ("lstm_stacked", *CARRY[1:], "With W set to zero"),
    ("two_layers_dropout", 'd_lower = p["W1"].T @ a1', 'd_lower = p["W1"] @ a1', "With W1 made symmetric"),
    ("lstm_coupled", "for t in range(T)[::-1]:", "for t in range(T)[::-1][:4]:", "Right up to T = 4, wrong from T = 5"),
    (
        "lstm_coupled",
        "for t in range(T)[::-1]:",
        "for t in range(T)[::-1][:13]:",
        "Right up to T = 13, wrong from T = 14",
    ),
    ("lstm_coupled", "dy /= T", "pass", "The factor is T at every length: one division by T"),
    ("lstm_rows_batch", "/ Y.size", "/ N", "The factor is T at every length, times 2: one division"),
    (
        "gru_reset_after",
        "hs[t + 1] - goal[t]",
        "(hs[t + 1] - goal[t]) / T",
        "is 1/2, 1/3 and 1/6 of the right one at T = 2, 3 and 6, in every entry. The factor is 1/T at every",
    ),
    (
        "rnn_tanh",
        "db = db + dz.sum(axis=0)",
        "db = db + dz.mean(axis=0)",
        "bh is 1/4 of the right one at T = 1, 2, 3 and 6, in every entry. The factor is the same at",
    ),
]


@pytest.mark.parametrize(("model", "old", "new", "place"), PLACES)
def test_the_place_of_a_fault_is_told(model, old, new, place):
    assert place in str(diagnose(load(model, old, new)).findings[0])


PROVED = [
    (
        "lstm_coupled_lean",
        "dc * (c - g) * f",
        "dc * c * f",
        "of rec_f and in_f has the right inputs, but not the right delta",
    ),
    (
        "rnn_rows_lean",
        "* (1 - hs[t + 1] ** 2)",
        "* (1 - hs[t + 1])",
        "of into and within has the right inputs",
    ),
    (
        "rnn_rows_lean",
        "hs[:-1].T @ deltas",
        "hs[1:].T @ deltas",
        "of within has deltas that point the right way, but not the right inputs",
    ),
    (
        "bidirectional",
        "ds.sum(axis=0)",
        "ds[-1]",
        "out_bias is made with the same deltas as out, whose gradient is right",
    ),
    ("rnn_tied", 'grads["table"][text[t]] += dz', "pass", "Nothing but table is wrong"),
    ("rnn_layer_norm", 'grads["W"] += decay * p["W"]', "pass", "The gradient of W lacks 0.05 times the weights"),
    ("lstm_peephole", 'dc * f + di * P["peep_i"] + df * P["peep_f"]', "dc * f", "With peep_i and peep_f set to zero"),
]


@pytest.mark.parametrize(("model", "old", "new", "fact"), PROVED)
def test_what_the_gradients_prove_is_told(model, old, new, fact):
    assert fact in told(diagnose(load(model, old, new)))


@pytest.mark.parametrize(
    ("w", "family"), [("0 * dw", "left out"), ("-dw", "sign"), ("dw / T", "scale"), ("db", "gate rows")]
)
def test_a_single_number_may_be_a_parameter_and_its_fault_is_named(w, family):
    def case(T):
        x, goal = np.random.default_rng(T).normal(size=(2, T))

        def loss(p):
            return np.sum((np.tanh(p["w"] * x + p["b"]) - goal) ** 2) / 2

        def gradient(p):
            y = np.tanh(p["w"] * x + p["b"])
            delta = (y - goal) * (1 - y**2)
            dw, db = np.array(delta @ x), np.array(delta.sum())
            return {"w": eval(w, {"T": T, "dw": dw, "db": db}), "b": db}

        return {"w": np.array(0.7), "b": np.array(-0.3)}, loss, gradient

    assert families(diagnose(case, lengths=(1, 2, 4)))[0] == family


def test_deltas_are_not_called_right_because_the_output_weights_are():
    for model, edits in IN_THE_TEXT.items():
        for family, old, new in edits:
            if model == "lstm_coupled_lean" and family in ("gate", "formula", "carry", "steps"):
                assert "delta is right" not in told(found := diagnose(load(model, old, new))), found
                assert "deltas are right" not in told(found), found


def test_no_array_is_said_to_cure_nothing_that_was_not_tried():
    diagnosis = diagnose(load("rnn_tanh", "dU = dU + dz.T @ X[t]", "dU = dz.T @ X[t]"))
    assert families(diagnosis) == ["line"]


@pytest.mark.parametrize(
    "setting", [("H, K = 3, 4", "H, K = 4, 4"), ("rng.normal(0, 0.6, (2, H))", "np.zeros((2, H))")]
)
@pytest.mark.parametrize(
    "fault",
    [
        ({"gate", "left out"}, "dc * (c - g) * f", "dc * c * f"),
        ({"carry", "between steps"}, "dc_next = dc * f", "pass"),
    ],
)
def test_neither_equal_sizes_nor_a_zero_state_mislead(setting, fault):
    expected, old, new = fault
    case = of_text((FOLDER / "lstm_coupled_lean.py").read_text(), setting, (old, new))
    assert families(diagnose(case))[0] in expected


def test_one_of_two_gates_is_named_without_biases_too():
    text = re.sub(r'.*\["b[fh]"\] \+?= .*\n', "", (FOLDER / "mgu_forecast.py").read_text())
    case = of_text(re.sub(r' \+ p\["b[fh]"\]', "", text), ("d_f * f * (1 - f)", "d_f * f"))
    assert families(diagnose(case, lengths=(1, 2)))[0] in ("gate", "formula")


EXAM = {
    "A": "carry",
    "B": "carry",
    "C": "line",
    "D": "gate",
    "E": "forward",
    "not transposed": "transpose",
    "slope of tanh": "formula",
    "same h": "product",
    "y": "loss",
    "mean": "scale",
}


@pytest.mark.parametrize("fault", EXAM)
def test_the_faults_of_the_exam_are_named(fault):
    def case(T):
        rng = np.random.default_rng(T + 5)
        shapes = {"V": (4, 3), **{"W" + gate: (3, 3) for gate in "iog"}, **{"U" + gate: (3, 4) for gate in "iog"}}
        net = {name: rng.normal(0, 0.8, shape) for name, shape in shapes.items()}
        task = rng.integers(0, 4, T), rng.integers(0, 4, T), *rng.normal(0, 0.6, (2, 3))
        return net, lambda p: mixed_exam.coupled_loss(p, *task), lambda p: mixed_exam.with_fault(fault)(p, *task)

    diagnosis = diagnose(case)
    assert is_named(families(diagnosis)[0], {EXAM[fault]}), diagnosis


def test_blocks_that_are_swapped_are_told_with_their_rows():
    diagnosis = diagnose(around("lstm_stacked", "two blocks swapped"))
    assert "the gradient of block 3 of 4 instead of rows 4 to 7 of W (block 2 of 4)" in told(diagnosis)
    assert len(diagnosis.findings) == 1


def test_the_blocks_that_are_used_untransposed_are_told_one_by_one():
    new = 'p["W"][:H] @ dz[:H] + p["W"][H:8] @ dz[H:8] + p["W"][8:].T @ dz[8:]'
    diagnosis = diagnose(load("lstm_stacked", 'p["W"].T @ dz', new))
    assert "With rows 0 to 3 and 4 to 7 of W made symmetric" in told(diagnosis)
    diagnosis = diagnose(
        load("lstm_stacked", 'p["W"].T @ dz', "sum(p['W'][k:k+H] @ dz[k:k+H] for k in range(0, 16, H))")
    )
    assert "With rows 0 to 3, 4 to 7, 8 to 11 and 12 to 15 of W made symmetric" in told(diagnosis)


def test_what_belongs_to_no_gate_is_not_taken_for_a_part_of_one():
    layout = Layout({"Wi": (3, 3), "Wf": (3, 3), "Wo": (3, 3), "Ui": (3, 2), "Uf": (3, 2), "Uo": (3, 2), "X": (2, 5)})
    assert len(layout.gates_of([Piece("Wi"), Piece("Ui")])) == 1
    assert not layout.gates_of([Piece("Wi"), Piece("Ui"), Piece("X")])


def test_a_factor_of_all_arrays_is_one_of_the_whole_gradient():
    diagnosis = diagnose(load("gru_reset_after", "hs[t + 1] - goal[t]", "0.5 * (hs[t + 1] - goal[t])"))
    assert "The whole gradient is 1/2 of the right one at T = 1, 2, 3 and 6, in every entry." in told(diagnosis)


def test_arrays_that_are_right_at_every_length_are_ruled_out():
    notes = diagnose(load(*CARRY)).notes
    assert "Right at every length tried, so ruled out: V and c." in notes


def scaled(case, scale):
    def smaller(T):
        params, loss, gradient = case(T)
        return {name: scale * value for name, value in params.items()}, loss, gradient

    return smaller


@pytest.mark.parametrize("scale", [1e-3, 1e-9])
def test_a_right_model_with_tiny_weights_is_passed_and_told_that_they_are_tiny(scale):
    diagnosis = diagnose(scaled(load("lstm_stacked"), scale))
    assert diagnosis.passed
    assert "are tiny, and with such weights most mistakes don't show" in diagnosis.notes[0]


def test_a_fault_that_tiny_weights_hide_is_named_and_a_note_says_that_others_were_taken():
    wrong = load("rnn_tanh", 'back = dz @ p["Whh"]', 'back = dz @ p["Whh"].T')
    diagnosis = diagnose(scaled(wrong, 1e-7))
    assert families(diagnosis) == ["transpose"]
    assert "are tiny, and with such weights most mistakes don't show. The check took random weights" in " ".join(
        diagnosis.notes
    )


def test_weights_that_are_tiny_at_every_length_are_told_to_be_so_once():
    case, scales = load("rnn_tanh"), {1: 1e-4, 2: 3e-5, 3: 1e-6}
    notes = diagnose(lambda T: scaled(case, scales[T])(T), lengths=scales).notes
    assert ["are tiny" in note for note in notes].count(True) == 1


@pytest.mark.parametrize("small", ["Whh", "column"])
def test_only_matrices_are_called_tiny(small):
    wrong = load("rnn_tanh", 'back = dz @ p["Whh"]', 'back = dz @ p["Whh"].T')  # right at T = 1

    def case(T):
        params, loss, gradient = wrong(T)
        if T == 1 and small == "Whh":  # where the gradient would be right with other weights too
            params = {**params, "Whh": 1e-7 * params["Whh"]}
        elif small == "column":  # biases may be small
            params, inner, outer = {**params, "bh": 1e-3 * params["bh"][:, None]}, loss, gradient
            flat = lambda p: {**p, "bh": p["bh"][:, 0]}  # noqa: E731
            loss = lambda p: inner(flat(p))  # noqa: E731
            gradient = lambda p: {**(g := outer(flat(p))), "bh": g["bh"][:, None]}  # noqa: E731
        return params, loss, gradient

    diagnosis = diagnose(case)
    assert families(diagnosis) == ["transpose"]
    assert ("tiny" in str(diagnosis)) == (small == "Whh")


def test_a_gradient_that_reads_what_the_loss_left_behind_is_passed():
    def case(T):
        net, left = load("rnn_tanh"), {}
        params, loss, gradient = net(T)

        def forward(p):
            left.update({name: value.copy() for name, value in p.items()})
            return loss(p)

        return params, forward, lambda p: gradient(left)

    assert diagnose(case).passed


def test_the_librarys_own_parameters_can_be_taken():
    def case(T):
        x, targets = np.arange(T) % 3, (np.arange(T) + 1) % 3
        params = lt.Params.random(3, 4, seed=1)
        return params, lambda p: lt.loss(p, x, targets), lambda p: lt.bptt(p, x, targets)

    diagnosis = diagnose(case, lengths=(1, 2, 3))
    assert diagnosis.passed, diagnosis


def test_a_corner_of_relu_exactly_at_the_weights_is_no_false_alarm():
    def case(T):
        params = {"w": np.array([0.0, 0.5, -0.5]), "v": np.array([1.0, 2.0, 3.0])}

        def loss(p):
            return T * float(np.sum(p["v"] * np.maximum(p["w"], 0)))

        return params, loss, lambda p: {"w": T * p["v"] * (p["w"] > 0), "v": T * np.maximum(p["w"], 0)}

    assert diagnose(case).passed


def test_a_sharp_bend_at_the_weights_is_not_called_a_kink():
    def case(T, wrong=1):
        return (
            {"w": np.array([1.0, 1.0, 3.0])},
            lambda p: T * float(np.sum(p["w"] - 1 + 1e7 * (p["w"] - 1) ** 4 * [1, 1, 0])),
            lambda p: {"w": T * (1 + wrong + 4e7 * (p["w"] - 1) ** 3 * [1, 1, 0])},
        )

    assert diagnose(lambda T: case(T, wrong=0)).passed
    assert not diagnose(case).passed and "kink" not in str(diagnose(case)), diagnose(case)


def test_a_large_array_is_checked_in_the_entries_that_are_not_tried_one_by_one():
    def case(T, wrong=True):
        params = {"E": np.random.default_rng(T).normal(size=(1500, 2))}

        def gradient(p):
            grad = T * np.cos(p["E"])
            grad[701] += wrong
            return {"E": grad}

        return params, lambda p: T * float(np.sum(np.sin(p["E"]))), gradient

    assert diagnose(lambda T: case(T, wrong=False)).passed
    assert families(diagnose(case)) == ["not compared"]


@pytest.mark.parametrize("place", [0, 157, 399])
def test_one_number_among_hundreds_that_is_hardly_wrong_is_told(place):
    def case(T, wrong=3e-8):
        params = {"w": np.random.default_rng(T).normal(size=(20, 20))}

        def gradient(p):
            grad = T * np.cos(p["w"])
            grad.flat[place] += wrong * np.linalg.norm(grad)
            return {"w": grad}

        return params, lambda p: T * float(np.sum(np.sin(p["w"]))), gradient

    assert diagnose(lambda T: case(T, wrong=0)).passed
    assert not diagnose(case).passed


def test_a_right_gradient_of_many_numbers_takes_few_calls():
    calls = []

    def loss(p):
        calls.append(1)
        return float(np.sum(np.sin(p["w"])))

    case = {"w": np.random.default_rng(0).normal(size=(20, 20))}, loss, lambda p: {"w": np.cos(p["w"])}
    diagnosis = diagnose(lambda T: case, lengths=[1])
    assert diagnosis.passed and len(calls) < 200, len(calls)  # one by one they would take 1,600
    assert not diagnosis.notes


@pytest.mark.parametrize("drawn", ["loss", "gradient"])
def test_random_numbers_that_only_longer_sequences_draw_are_told_whoever_makes_the_generator(drawn):
    def case(T):
        rng = np.random.default_rng(0)  # one for each length, and not there when the first was looked at
        noise = {name: lambda name=name: 1 + (T > 1 and drawn == name) * rng.random() for name in ("loss", "gradient")}
        right = {"w": T * np.cos(np.arange(3.0))}
        return (
            {"w": np.arange(3.0)},
            lambda p: T * float(np.sum(np.sin(p["w"]))) * noise["loss"](),
            lambda p: {"w": right["w"] * noise["gradient"]()},
        )

    found = diagnose(case).findings[0]
    assert found.family == "random" and "Random numbers are drawn" in found.evidence, found


def with_parts(params=None, loss=None, gradient=None):
    right = {"w": np.ones(3)}
    return lambda T: (
        right if params is None else params,
        (lambda p: float(p["w"] @ p["w"])) if loss is None else loss,
        (lambda p: {"w": 2 * p["w"]}) if gradient is None else gradient,
    )


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (
            lambda T: None,
            r"case\(1\) must return \(params, loss, gradient\), .* and gradient; got None \(NoneType\)\. Is a return",
        ),
        (lambda T: ({}, 3), r"case\(1\) must return \(params, loss, gradient\), or .*; got a tuple of 2\."),
        (with_parts(params=[1.0]), r"params of case\(1\) must be a mapping of named arrays, got \[1.0\] \(list\)\."),
        (with_parts(params={}), r"params of case\(1\) must hold at least one array, got none\."),
        (
            with_parts(params={"w": [1.0]}),
            r"params\['w'\] of case\(1\) must be an array of floating-point numbers, got",
        ),
        (
            with_parts(params={"w": np.arange(3)}),
            r"params\['w'\] of case\(1\) must be .*, got an array of dtype int64\.",
        ),
        (
            with_parts(params={"w": np.array([1, np.nan])}),
            r"params\['w'\] of case\(1\) must be finite, got nan at index",
        ),
        (with_parts(params={"w": np.empty((0, 2))}), r"params\['w'\] of case\(1\) must hold at least one number"),
        (with_parts(loss=2.0), r"loss of case\(1\) must be a function of params, got 2.0 \(float\)\."),
        (with_parts(gradient={}), r"gradient of case\(1\) must be a function of params, got \{\} \(dict\)\."),
    ],
)
def test_a_case_that_returns_something_else_gets_one_sentence(case, words):
    diagnosis = diagnose(case)
    assert families(diagnosis) == ["unusable"] and re.search(words, str(diagnosis)), str(diagnosis)
    assert "could not be compared" in diagnosis.summary


def test_bad_lengths_and_seconds_get_one_sentence():
    with pytest.raises(ValueError, match="each length in lengths must be at least 1, got 0"):
        diagnose(with_parts(), lengths=(0, 1))
    with pytest.raises(TypeError, match=r"case must be a function case\(T\), got 3 \(int\)\."):
        diagnose(3)
    with pytest.raises(ValueError, match="lengths must hold at least one number of steps"):
        diagnose(with_parts(), lengths=())
    with pytest.raises(ValueError, match="seconds must be a positive, finite number"):
        lt.diagnose_model(with_parts(), seconds=0)


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (with_parts(loss=lambda p: p["w"]), "loss(params) must be a number, got"),
        (with_parts(loss=lambda p: np.inf), "loss(params) must be a finite number, got inf."),
        (with_parts(gradient=lambda p: [2 * p["w"]]), "gradient(params) must return a mapping of named arrays, got"),
        (lambda T: ({"w": np.ones(3)}, lambda p: float(p["w"].sum())), "the second has to return the loss and the gra"),
        (with_parts(gradient=lambda p: {"v": p["w"]}), "every array of params; missing: w; it has v instead."),
        (with_parts(gradient=lambda p: {"w": np.ones((3, 1))}), "gradient['w'] must have shape (3,), got (3, 1)."),
        (
            with_parts(
                {"w": np.ones(3), "v": np.ones(2)}, lambda p: p["w"].sum(), lambda p: {"w": p["v"], "v": p["w"]}
            ),
            "gradient['w'] must have shape (3,), got (2,).",
        ),
        (with_parts(gradient=lambda p: {"w": p["w"] / 0}), "gradient['w'] must be finite, got inf at index (0,)."),
        (with_parts(gradient=lambda p: {"w": "abc"}), "gradient['w'] must hold real numbers, got an array"),
        (with_parts(gradient=lambda p: p["x"]), "raised KeyError: 'x'"),
        (with_parts(loss=lambda p: p["x"]), "raised KeyError: 'x'"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_results_that_can_not_be_compared_are_a_finding(case, words):
    diagnosis = diagnose(case)
    assert not diagnosis.passed and not diagnosis.ladder
    assert families(diagnosis)[0] in ("unusable", "raises")
    assert words in told(diagnosis)


def squares(T):
    """A loss over T steps."""
    numbers = np.random.default_rng(0).normal(size=(20, 3))[:T]
    params = {"w": np.array([0.5, -0.7, 0.9])}
    return params, lambda p: float(np.sum((numbers @ p["w"]) ** 2)), lambda p: {"w": 2 * numbers.T @ (numbers @ p["w"])}


def test_a_loss_that_is_the_same_for_every_t_is_told():
    diagnosis = diagnose(lambda T: squares(5))  # it may be a model without time
    assert diagnosis.passed and "is the same at T = 1, 2, 3, 6 and 20, so only one" in str(diagnosis)
    assert [*diagnosis.ladder] == [1] and "T = 1 " not in str(diagnosis).partition("Note")[0]
    assert diagnose(squares).notes == ()
    assert diagnose(lambda T: squares(5), lengths=[3]).notes == ()  # one length was asked for


def test_a_loss_that_begins_at_a_later_step_is_compared_where_it_does():
    def warmed_up(T):
        params, loss, gradient = squares(T)
        return params, lambda p: loss(p) * (T > 2), lambda p: {"w": 0.9 * gradient(p)["w"] * (T > 2)}

    diagnosis = diagnose(warmed_up)
    assert families(diagnosis) == ["scale"] and "is the same at" not in str(diagnosis), diagnosis


def test_a_gradient_that_stops_at_a_length_whose_loss_is_there_is_no_passed_one():
    def kept_short(T):
        params, loss, gradient = squares(T)
        return params, loss, lambda p: np.zeros(10)[T // 2] or gradient(p)

    diagnosis = diagnose(kept_short)
    assert families(diagnosis) == ["raises"] and [*diagnosis.ladder] == [1, 2, 3, 6], diagnosis


def test_a_call_that_never_ends_is_a_finding():
    def endless(p):
        while True:
            pass

    diagnosis = lt.diagnose_model(with_parts(gradient=endless), seconds=0.2)
    assert families(diagnosis) == ["raises"]
    assert "endless did not finish within 0.2 seconds" in told(diagnosis)


def test_nothing_of_the_learners_is_changed():
    params, loss, gradient = load(*CARRY)(3)
    before = {name: value.copy() for name, value in params.items()}
    diagnose(lambda T: (params, loss, gradient), lengths=(3,))
    assert all(np.array_equal(params[name], before[name]) for name in before)


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.tags = [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_html_has_a_table_with_headers_and_three_levels_and_escapes_names():
    def case(T):
        params, loss, gradient = load("rnn_tanh", 'back = dz @ p["Whh"]', "pass")(T)
        renamed = {"<b>": "Whh"}
        old = lambda p: {renamed.get(name, name): value for name, value in p.items()}  # noqa: E731
        new = lambda p: {"<b>" if name == "Whh" else name: value for name, value in p.items()}  # noqa: E731
        return new(params), lambda p: loss(old(p)), lambda p: new(gradient(old(p)))

    diagnosis = diagnose(case)
    html = diagnosis._repr_html_()
    reader = Reader()
    reader.feed(html)
    assert not reader.open and "<b>" not in html and "&lt;b&gt;" in html
    scopes = [attrs["scope"] for tag, attrs in reader.tags if tag == "th"]
    assert scopes == ["col"] * 5 + ["row"] * 3
    assert [html.count(title) for title in ("1. The idea", "2. The place", "3. What to try")] == [1, 1, 1]


def test_the_text_is_aligned_and_says_what_the_html_says():
    diagnosis = diagnose(load("lstm_rows_batch", "dcn = dc * f", "dcn = 0 * dc"))
    lines = str(diagnosis).splitlines()
    table = lines[2 : 3 + len(diagnosis.ladder[1])]
    starts = {line.index(word) for line in table[1:] for word in [line.split()[1]]}
    assert starts == {table[0].index("T = 1")}
    assert diagnosis.findings[0].advice in str(diagnosis)
    assert not any(line != line.rstrip() for line in lines)


def small_rnn(seed, walk):
    """A tanh net with half of the squared error as its loss; `walk(h, error, W)` yields t and the delta there."""

    def states(p, inputs):
        h = [np.full(4, 0.3)]
        for step in inputs:
            h.append(np.tanh(p["W"] @ h[-1] + p["U"] @ step))
        return np.array(h)

    def case(T):
        rng = np.random.default_rng(T + seed)
        p = {"W": rng.normal(0, 0.7, (4, 4)), "U": rng.normal(0, 0.7, (4, 3))}
        inputs, wanted = rng.normal(size=(T, 3)), rng.normal(size=(T, 4))

        def gradient(p):
            h = states(p, inputs)
            grads = {name: np.zeros_like(array) for name, array in p.items()}
            for t, dz in walk(h, h[1:] - wanted, p["W"]):
                grads["W"] += np.outer(dz, h[t])
                grads["U"] += np.outer(dz, inputs[t])
            return grads

        return p, lambda p: ((states(p, inputs)[1:] - wanted) ** 2).sum() / 2, gradient

    return case


def piles_up(h, error, W):
    back = 0
    for t in reversed(range(len(error))):
        dz = (error[t] + back) * (1 - h[t + 1] ** 2)
        yield t, dz
        back = back + W.T @ dz


def two_steps_from_each_loss(h, error, W):
    for s in range(len(error)):
        d = error[s]
        for t in range(s, max(s - 2, -1), -1):
            dz = d * (1 - h[t + 1] ** 2)
            yield t, dz
            d = W.T @ dz


def the_last_two_steps(h, error, W):
    back = 0
    for t in reversed(range(max(len(error) - 2, 0), len(error))):
        dz = (error[t] + back) * (1 - h[t + 1] ** 2)
        yield t, dz
        back = W.T @ dz


@pytest.mark.parametrize(
    ("walk", "family"),
    [(piles_up, "accumulation"), (two_steps_from_each_loss, "truncation"), (the_last_two_steps, "truncation")],
)
def test_what_piles_up_and_what_is_cut_off_are_told_apart_only_where_the_numbers_do(walk, family):
    found = [families(diagnose(small_rnn(seed, walk))) for seed in (0, 100, 200, 300)]
    assert all(family in each and set(each) <= {"accumulation", "truncation"} for each in found), found


ONE_OUTPUT = """
draw = np.random.default_rng(5).normal
own = {"W": 0.6 * draw(size=(3, 3)), "U": draw(size=(3, 2)), "v": draw(size=3), "c": draw(size=1)}
own["start"] = draw(size=3)
inputs, wanted = draw(size=(40, 2)), draw(size=40) - 4
steps = np.arange(40) < 40


def states(p, T):
    h = [p["start"]]
    for t in range(T):
        h.append(np.tanh(p["W"] @ h[t] + p["U"] @ inputs[t]))
    return h


def errors(p, T):
    return [(p["v"] @ h + p["c"])[0] - goal for h, goal in zip(states(p, T)[1:], wanted)]


def loss(p, T):
    return sum(e**2 for e, counts in zip(errors(p, T), steps) if counts) / 2


def gradient(p, T):
    h, e = states(p, T), errors(p, T)
    dW, dU, dv, dc, back = [0 * p[name] for name in own]
    for t in reversed(range(T)):
        e[t] *= steps[t]
        dv = dv + e[t] * h[t + 1]
        dc = dc + e[t]
        dz = (e[t] * p["v"] + back) * (1 - h[t + 1] ** 2)
        dW += np.outer(dz, h[t])
        dU += np.outer(dz, inputs[t])
        back = p["W"].T @ dz
    return {"W": dW, "U": dU, "v": dv, "c": dc, "start": back}
"""


OVERWRITTEN = ("dc = dc + e[t]", "dc = 0 * dc + e[t]")
SINGLE = {
    "only the first step is left in it, the same at every length": ([OVERWRITTEN], ["line"]),
    "the first step is missing, the same at every length": ([("dc + e[t]", "dc + e[t] * (t > 0)")], ["left out"]),
    "it has a penalty that the loss has not": ([('"c": dc', '"c": dc + 0.1 * p["c"]')], ["line"]),
}


@pytest.mark.parametrize("name", SINGLE)
def test_a_single_number_is_a_multiple_of_its_weight_and_below_any_bound_by_itself(name):
    edits, named = SINGLE[name]
    assert families(found := diagnose(of_text(ONE_OUTPUT, *edits))) == named, found


def test_a_gradient_that_is_zero_at_some_lengths_is_not_said_to_be_zero_at_every_one():
    some = told(diagnose(of_text(ONE_OUTPUT, ("back = p", "back = (t == T - 1) * p"))))
    assert "The gradient of start is zero at T = 2, 3 and 6; the right one is not." in some
    every = told(diagnose(of_text(ONE_OUTPUT, ('"start": back', '"start": 0 * back'))))
    assert "The gradient of start is zero at every length; the right one is not." in every


def test_a_factor_that_grows_with_the_steps_is_told_at_each_length():
    text = told(diagnose(of_text(ONE_OUTPUT, ("if counts) / 2", "if counts) / 2 / T"))))
    assert "is 2, 3 and 6 times the right one at T = 2, 3 and 6, in every entry" in text


def test_a_bias_that_holds_the_sum_of_all_is_told_in_words_that_are_true_of_it():
    case = of_text(ONE_OUTPUT, ('"start": back', '"start": 0 * back + back.sum()'))
    assert "Every entry of the gradient of start holds the sum of all entries of the right one." in told(diagnose(case))


def test_of_the_arrays_that_cure_an_error_together_those_are_named_that_shut_off_no_others():
    lost = (' + p["U_z"].T @ dz + p["U_r"].T @ dr', "")
    text = told(diagnose(of_text((FOLDER / "gru_reset_before.py").read_text(), lost)))
    assert "With U_z and U_r set to zero, everything is right" in text  # with U_h too, which takes U_r's gradient away


def test_what_is_cured_by_a_vector_need_not_be_on_the_way_back_through_it():
    lost = of_text((FOLDER / "lstm_peephole.py").read_text(), (' + di * P["peep_i"] + df * P["peep_f"]', ""))

    def case(T):
        own, loss, gradient = lost(T)
        fixed = {"h0": own.pop("h0"), "c0": own.pop("c0")}
        return own, lambda p: loss(p | fixed), lambda p: {name: gradient(p | fixed)[name] for name in own}

    assert "through peep" not in told(diagnose(case))


@pytest.mark.parametrize("steps", [2, 5])
def test_a_mask_that_only_the_loss_has_is_neither_a_pile_of_deltas_nor_a_walk_that_ends(steps):
    masked = of_text(ONE_OUTPUT, ("< 40", f"< {steps}"), ("        e[t] *= steps[t]\n", ""))
    assert families(found := diagnose(masked)) == ["loss"], found


def test_a_walk_that_ends_is_told_where_the_output_has_its_gradient_in_the_same_loop():
    ended = of_text(ONE_OUTPUT, ("for t in reversed(range(T)):", "for t in reversed(range(max(T - 4, 0), T)):"))
    assert families(found := diagnose(ended)) == ["truncation"], found


def test_the_loss_is_not_blamed_where_the_way_back_and_the_output_are_wrong_each_by_itself():
    several = [OVERWRITTEN, ("dv = dv + e", "dv = 0 * dv + e"), ('back = p["W"].T @ dz', "back = 0 * dz")]
    diagnosis = diagnose(of_text(ONE_OUTPUT, *several, ('"start": back', '"start": p["W"].T @ dz')))
    assert "loss" not in families(diagnosis), diagnosis


def test_a_penalty_beside_a_factor_is_not_called_wrong():
    penalty = [("if counts) / 2", 'if counts) / 8 + 0.05 * np.sum(p["W"] ** 2)'), ('"W": dW', '"W": dW + 0.1 * p["W"]')]
    diagnosis = diagnose(of_text(ONE_OUTPUT, *penalty))
    text = told(diagnosis)
    assert families(diagnosis) == ["scale"], diagnosis
    assert "such as a penalty, may then look wrong even if it is right." in text


TWO_NETS = """
draw = np.random.default_rng(8).normal
shapes = {"into": (3, 4), "within": (3, 3), "next_into": (3, 5), "next_within": (3, 3), "out": (2, 3), "b": 3}
own = {name: 0.8 * draw(size=shape) for name, shape in shapes.items()}
x, y, wanted, started = draw(size=(40, 4)), draw(size=(40, 5)), draw(size=(40, 2)), draw(size=3)


def run(p, T):
    first, second = [started], []
    for t in range(T):
        first.append(np.tanh(p["into"] @ x[t] + p["within"] @ first[t] + p["b"]))
    second.append(first[T])
    for t in range(T):
        second.append(np.tanh(p["next_into"] @ y[t] + p["next_within"] @ second[t]))
    return first, second, [p["out"] @ h - goal for h, goal in zip(second[1:], wanted)]


def gradient(p, T):
    first, second, errors = run(p, T)
    g = {name: 0 * array for name, array in p.items()}
    back = np.zeros(3)
    for t in reversed(range(T)):
        g["out"] += np.outer(errors[t], second[t + 1])
        dz = (p["out"].T @ errors[t] + back) * (1 - second[t + 1] ** 2)
        g["next_into"] += np.outer(dz, y[t])
        g["next_within"] += np.outer(dz, second[t])
        back = p["next_within"].T @ dz
    for t in reversed(range(T)):
        dz = back * (1 - first[t + 1] ** 2)
        g["into"] += np.outer(dz, x[t])
        g["within"] += np.outer(dz, first[t])
        g["b"] += dz
        back = p["within"].T @ dz
    return g


def loss(p, T):
    return np.sum(np.square(run(p, T)[2])) / 2
"""


LOST = ('p["out"].T @ errors[t] + back', 'p["out"].T @ errors[t] + back * (t == -1)')


def test_what_a_second_net_hands_to_the_last_step_of_the_first_is_no_step_of_the_loss():
    assert diagnose(of_text(TWO_NETS), lengths=(1, 2, 3)).passed
    assert families(diagnosis := diagnose(of_text(TWO_NETS, LOST))) == ["between steps"], diagnosis


def test_an_array_that_only_shuts_off_what_is_not_cured_is_not_said_to_be_on_the_way():
    biases = [(' + p["b"]', ""), ('        g["b"] += dz\n', ""), (', "b": 3}', "}")]
    text = told(diagnose(of_text(TWO_NETS, LOST, *biases)))
    assert "on the way back through" not in text


def test_an_array_that_is_used_in_place_of_another_is_named():
    text = told(diagnose(of_text(TWO_NETS, ('back = p["within"].T @ dz', 'back = p["next_within"].T @ dz'))))
    assert (
        "With within equal to next_within, everything is right at T = 2: one of them, or what is made with it, is used"
        in text
    )


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('dh_next = p["W"].T @ dz', "pass", "Right up to T = 1, wrong from T = 2 on: W, U and b."),
        ("di * i * (1 - i)", "di * i", "Wrong at T = 1 already: rows 0 to 3 of W and U (block 1 of 4)"),
    ],
)
def test_one_step_is_looked_at_where_only_longer_sequences_were_asked_for(old, new, place):
    diagnosis = diagnose(load("lstm_stacked", old, new), lengths=(3, 6))
    assert diagnosis.findings[0].place.startswith(place) and [*diagnosis.ladder] == [3, 6], diagnosis


def test_an_array_may_have_any_name():
    def case(T):
        x, goal, first, second = np.random.default_rng(T).normal(size=(4, T + 3, 3))

        def both(p):
            h = np.tanh(x @ p["{where}"])
            e = h @ p["B"] - goal
            wrong = x.T @ ((e @ p["B"].T) * (1 - h**2))
            return np.sum(e**2) / 2, {"{where}": wrong, "B": wrong}

        return {"{where}": first[:3], "B": second[:3]}, both

    assert diagnose(case).findings[0].place == "You return the gradient of {where} instead of B."
