"""deeper/all_sixteen_loops: what each set of repairs leaves, and what a search that follows the errors finds."""

import itertools
import re

import numpy as np
import pytest
from lesson_cells import cell_source, run_cell, run_cells, words_of

import lstm_teach as lt
from lstm_teach.explorers.flawed_backward import bell_net
from lstm_teach.figures import flawed_backward as pictures
from lstm_teach.lessons.loop import variant
from lstm_teach.nested import walks

NAME = "deeper/all_sixteen_loops"
COMBINATIONS = [frozenset(c) for count in range(5) for c in itertools.combinations(lt.FLAWS, count)]
ALL = frozenset(lt.FLAWS)
NAMES = lt.Params.NAMES


@pytest.fixture(scope="module")
def page():
    """The names after running the whole page, and what it printed."""
    with pytest.MonkeyPatch.context() as patch:
        said = []
        patch.setattr("builtins.print", lambda *words, **_: said.append(" ".join(map(str, words))))
        names = run_cells(NAME)
    return names, "\n".join(said)


def right_after(repaired, T, seed=111):
    net = bell_net(T, seed)
    got, right = lt.nested_bptt(*net, repaired=repaired), lt.exact_gradient(*net)
    return [name for name in NAMES if lt.verdict(lt.relative_error(got[name], right[name])) == "right"]


def test_every_du_needs_three_repairs_and_every_dw_all_four():
    for repaired, seed, T in itertools.product(COMBINATIONS, range(5), (3, 6, 10)):
        expected = ["V"]
        if repaired >= ALL - {"scalar_dot"}:
            expected = list(NAMES) if repaired == ALL else ["V", "Ui", "Uf", "Uo", "Ug"]
        assert right_after(repaired, T, seed) == expected


def test_fourteen_of_the_sixteen_look_alike(page):
    counts = list(page[0]["counts"].values())
    assert (counts.count(1), counts.count(5), counts.count(9)) == (14, 1, 1)


def test_a_right_repair_can_raise_an_error(page):
    names, said = page
    assert len(names["additions"]) == 32 and len(names["rises"]) > 10
    assert f"{len(names['rises'])} of 32 additions raise the error" in said
    for before, flaw, name in names["rises"]:
        old, new = (names["errors"][c][name] for c in (before, before | {flaw}))
        assert new > old


def test_a_search_keeps_what_lowers_the_number_and_nothing_else(page):
    searches = [page[0][name] for name in ("one_after_the_other", "best_first")]
    score = {repaired: 10.0 - len(repaired) for repaired in COMBINATIONS}
    for search in searches:
        assert search(score) == ALL
        # A wall in front of the end: three are kept. One in front of the start: nothing is.
        assert len(search(score | {ALL: 8.0})) == 3
        assert search(dict.fromkeys(COMBINATIONS, 1.0)) == frozenset()
    trap = score | {frozenset({"stale_cell_delta"}): 20.0, frozenset({"scalar_dot"}): 1.0}
    assert [search(trap) for search in searches] == [ALL - {"stale_cell_delta"}, {"scalar_dot"}]


def test_the_searches_arrive_as_often_as_the_page_says(page):
    names, _ = page
    at_six = {key: counts[ALL] for key, counts in names["ends"].items()}
    assert all(sum(counts.values()) == 20 for counts in names["ends"].values())
    assert at_six["best_first", "mean"] == 20
    assert all(5 <= at_six["one_after_the_other", watched] <= 8 for watched in ("largest", "mean"))
    changed = cell_source(NAME, "where-it-ends").replace("T = 6", "T = 10")
    again = dict(names)
    run_cell(NAME, "where-it-ends", changed, again)
    assert all(again["ends"]["one_after_the_other", watched][ALL] <= 2 for watched in ("largest", "mean"))


def test_wrong_edits_lower_the_mean_too_and_two_of_them_by_more_than_the_right_one(page):
    rows = re.findall(r"^(dc = .*?) +([\d.]+) +([\d.]+)$", page[1], re.MULTILINE)
    assert len(rows) == 5 and rows[1][0] == "dc = dc * f[s]"
    here, there = np.array([row[1:] for row in rows], float).T
    assert (here[1:] < here[0]).all() and (there[1:] < there[0]).all()
    assert (there[1:] < there[1]).sum() == 2


def test_short_sequences_separate_the_flaws_as_the_page_reads_them(page):
    one, two = ["V", "Wo", "Uo"], ["V", "Ui", "Uf", "Uo", "Ug"]
    ladder = {
        "short_range": [["V"]] * 4,
        "stale_cell_delta": [list(NAMES), one, ["V"], ["V"]],
        "scalar_dot": [two] * 4,
        "carry_accumulates": [list(NAMES), one, ["V"], ["V"]],
    }
    for seed in (0, 1, 2, 111):
        assert ladder == {flaw: [right_after(ALL - {flaw}, T, seed) for T in (1, 2, 3, 6)] for flaw in lt.FLAWS}
        assert right_after({"short_range"}, 1, seed) == two
        assert right_after({"short_range", "scalar_dot"}, 1, seed) == list(NAMES)
    assert re.search(r"^carry_accumulates +all nine +V Wo Uo +V +V$", page[1], re.MULTILINE)


def test_a_walk_of_two_steps_passes_at_two_steps_and_the_carry_is_right_in_the_first_step_of_a_walk():
    two_steps = "range(max(0, t - 1), t + 1)"
    assert two_steps in words_of(NAME, "ladder-read")
    for seed, T in itertools.product((0, 1, 111), (1, 2, 3, 6)):
        params, x, targets, h0, c0 = net = bell_net(T, seed)
        cache = lt.forward(params, x, h0, c0)
        dy = cache.y - np.eye(params.vocab_size)[targets]
        short = variant(ALL, edit=("for s in reversed(range(t)):", f"for s in reversed({two_steps}):"))
        got, right = short(params, cache, x, dy), lt.exact_gradient(*net)
        fine = [name for name in NAMES if lt.verdict(lt.relative_error(got[name], right[name])) == "right"]
        assert fine == (["V"] if T > 2 else list(NAMES))
        flawed, good = (walks(params, cache, dy, repaired) for repaired in (ALL - {"carry_accumulates"}, ALL))
        for (t, s, d), (_, _, fixed) in zip(flawed, good, strict=True):
            assert np.allclose(d["dc"], fixed["dc"], 1e-12) == (s == t)


def test_the_lattice_has_every_combination_once_with_its_count(page):
    counts = page[0]["counts"]
    axes = pictures.lattice_picture(counts, 9).axes[0]
    shown = dict(text.get_text().split("\n") for text in axes.texts)
    assert len(shown) == len(axes.texts) == 16
    assert shown["none"] == "1 of 9" and shown["1+2+4"] == "5 of 9" and shown["1+2+3+4"] == "9 of 9"
    assert len(axes.lines) == 32
    text = pictures.describe_lattice(counts, 9)
    assert text.startswith("9 of 9 with 1+2+3+4; 5 of 9 with 1+2+4; 1 of 9 with none, 1, 2, 3, 4, 1+2,")
