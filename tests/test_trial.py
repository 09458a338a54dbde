"""What a line that is right for the lesson's own numbers only is told: which number is typed in, and what to use."""

import pytest
from lesson_cells import judged

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
