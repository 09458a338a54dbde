"""What a line that is right for the lesson's own numbers only is told: which number is typed in, and what to use."""

import pytest
from lesson_cells import cell_source, judged

BACK, SINGLE = "02_one_step_back", "04_single_pass_bptt"


def sentences(verdict):
    return {part.name: part.sentence for part in verdict.parts}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("dWf_many = np.array([[dzf_many[a] * h_before_many[b] for b in range(3)] for a in range(3)])",
         "The number typed in, 3, can be right for these numbers only: write it with names, such as len(dzf_many)."),
        ("dWf_many = np.array([[dzf_many[a] * h_before_many[b] for b in range(3)] for a in (0, 1, 2, 3)[:3]])", "3"),
    ],
)  # fmt: skip
def test_a_typed_in_size_is_named_where_another_net_shows_it(line, words):
    said = sentences(judged(BACK, "write-many-units", source=f'{line}\nlesson.judge("many_units")'))["dWf_many"]
    assert words in said and "IndexError" not in said


def test_a_typed_in_step_is_named_and_a_size_that_is_read_is_not():
    for line, words in (("cache.f[5]", "The number typed in, 5,"), ("cache.f[t]", "")):
        verdict = judged(SINGLE, "hand-on", {"next_dh_future": 'd["dh_before"]', "next_dc_carry": f"dc * {line}"})
        assert sentences(verdict)["next_dc_carry"][: len("The number typed in, 5,")] == words


@pytest.mark.parametrize(
    ("line", "fresh"),
    [("dUf = Uf\ndUf[token] = dzf", "np.zeros_like(Uf)"), ("new = Uf\nnew *= 0\ndUf = new", "Uf.copy()")],
)
def test_a_gradient_that_begins_as_its_weights_is_told_to_begin_with_zeros(line, fresh):
    given = "dWf = dzf * h_before\ndh_before = Wi * dzi + Wf * dzf + Wo * dzo + Wg * dzg"
    verdict = judged(BACK, "write-weights", source=f'{given}\n{line}\nlesson.judge("came_in")')
    assert f"Begin with `{line[:3]} = {fresh}`" in str(verdict), str(verdict)


@pytest.mark.parametrize(
    ("lesson", "cell", "lines", "words"),
    [
        (BACK, "write-many-units", {"dWf_many": "np.eye(3) * dzf_many"}, "dWf_many is off at row 0, column 0"),
        (SINGLE, "hand-on", {"next_dc_carry": 'd["dc"] * cache.f[4]'}, "next_dc_carry is off at unit 0"),
        ("01_forward_pass", "pre-activation", {"zi_many": "params.Ui[:, token + 1] + params.Wi @ h0"},
         "The term params.Wi @ h0 is right; params.Ui[:, token + 1] is not."),
        (BACK, "write-many-units",
         {"dWf_many": "np.array([[dzf_many[j] * h_before_many[i] for j in range(3)] for i in range(3)])"},
         "This is the transpose"),
        ("01_forward_pass", "loss", {"L": "-np.log(picked[6])"}, "it should be 15.33"),
        ("01_forward_pass", "scores", {"scores": "params.V @ h_all[6]"}, "should be an array of shape (7, 8)"),
    ],
)  # fmt: skip
def test_what_is_wrong_on_the_lessons_own_net_is_said_though_the_line_raises_on_others(lesson, cell, lines, words):
    said = str(judged(lesson, cell, lines))
    assert words in said and "With other numbers and sizes" not in said, said


def test_a_size_typed_into_a_function_is_asked_for_rather_than_a_transpose():
    source = cell_source("01_forward_pass", "my-forward").replace("(2, len(x) + 1, params.hidden_size)", "(2, 8, 4)")
    source = source.replace("..., ...", "h[t - 1], c[t - 1]")
    said = str(judged("01_forward_pass", "my-forward", source=source))
    assert "fits one net only: look at 8 and 4." in said and "transposed" not in said, said


@pytest.mark.parametrize(
    ("lesson", "cell", "lines", "named"),
    [
        (BACK, "write-dh-total", "dh = dh_loss + dh_future", {"dh_whole": "dh"}),
        (BACK, "write-product", "do = dh * ct\ndh = dh * o", {"dct": "dh"}),
        (SINGLE, "hand-on", 'dh_future = d["dh_before"]\ndc_carry = dc * f',
         {"next_dh_future": "dh_future", "next_dc_carry": "dc_carry"}),
    ],
)  # fmt: skip
def test_a_right_value_under_another_name_is_told_its_name(lesson, cell, lines, named):
    group = {"write-dh-total": "two_roads_h", "write-product": "product", "hand-on": "hand_on"}[cell]
    said = sentences(judged(lesson, cell, source=f'{lines}\nlesson.judge("{group}")'))
    for name, other in named.items():
        assert said[name].startswith(f"This is right, but it is called {other}: rename it to {name}"), said
    assert [name for name, sentence in said.items() if sentence] == [*named]


def test_a_blank_without_a_line_is_told_so_beside_what_its_cell_changes():
    said = sentences(judged("01_forward_pass", "cell", source='f = 0.5\nlesson.judge("cell")'))["c"]
    assert said.startswith("No line of this cell says what c is. This cell changes f itself"), said


def test_a_name_is_suggested_only_if_the_line_is_right_with_it():
    said = str(judged(SINGLE, "hand-on", {"next_dh_future": "deltas.dh_future[4]"}))
    assert "This reads deltas" in said
    said = str(judged(SINGLE, "meet", {"dh_both": "dh_a + dh_b + (8 - H - H)"}))
    assert "typed in, 8," in said and "such as" not in said, said
