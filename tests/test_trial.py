"""What a line that is right for the lesson's own numbers only is told: which number is typed in."""

import ast
import copy
import random
import time
from types import SimpleNamespace

import numpy as np
import pytest
from exercise_answers import vanishing_gradients as answers
from lesson_cells import cell_source, copied, fill, judged, names_before, run_cell, solved_run, spec

import lstm_teach as lt
from lstm_teach import aside, judging, lines
from lstm_teach.blanks import Lesson
from lstm_teach.cellcode import Written
from lstm_teach.exercises import vanishing_gradients

BACK, SINGLE = "02_one_step_back", "04_single_pass_bptt"
FADING, TRAINING = "05_vanishing_gradients", "06_training"
CARRIED = "dc_last * cache.f[early + 1 : last + 1].prod(axis=0)"


def sentences(verdict):
    return {part.name: part.sentence for part in verdict.parts}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("dWf_many = np.array([[dzf_many[a] * h_before_many[b] for b in range(3)] for a in range(3)])",
         "The typed-in number 3 can be right for these numbers only: use a name instead."),
        ("dWf_many = np.array([[dzf_many[a] * h_before_many[b] for b in range(3)] for a in (0, 1, 2, 3)[:3]])", "3"),
    ],
)  # fmt: skip
def test_a_typed_in_size_is_named_where_another_net_shows_it(line, words):
    said = sentences(judged(BACK, "write-many-units", source=f'{line}\nlesson.judge("many_units")'))["dWf_many"]
    assert words in said and "IndexError" not in said


def test_a_typed_in_number_is_named_if_it_is_a_size_that_other_nets_have_otherwise_or_one_beside_it():
    line = ast.parse("repair = np.outer(dz[:4], h[1])").body
    written = Written(frozenset({"dz", "h"}), line, "np.outer(dz, h[1])")

    def words(**values):
        nets = [dict(values, dz=np.ones(n), h=np.ones((n, n)), H=n, repair=np.ones((n, n))) for n in (2, 3)]
        cases = [{n: net[n] for n in (*values, "repair")} for net in nets]
        return lines.words_for_typed("repair", written, {"np": np, **values}, cases)

    said = "The typed-in number 4 can be right for these numbers only: use a name instead."
    assert {words(dz=np.ones(4)), words(h=np.zeros((4, 4))), words(H=4), words(T=3), words(T=5)} == {said}
    assert words(T=7) == words(T=4) == ""


def test_a_typed_in_step_is_named_and_a_size_that_is_read_is_not():
    for line, words in (("cache.f[5]", "The typed-in number 5"), ("cache.f[t]", "")):
        verdict = judged(SINGLE, "hand-on", {"next_dh_future": 'd["dh_before"]', "next_dc_carry": f"dc * {line}"})
        assert sentences(verdict)["next_dc_carry"][: len("The typed-in number 5")] == words


@pytest.mark.parametrize(
    ("line", "fresh"),
    [("dUf = Uf\ndUf[token] = dzf", "np.zeros_like(Uf)"), ("new = Uf\nnew *= 0\ndUf = new", "Uf.copy()")],
)
def test_a_gradient_that_begins_as_its_weights_is_told_to_begin_with_zeros(line, fresh):
    verdict = judged(BACK, "write-weights", source=f'{line}\nlesson.judge("came_in")')
    assert f"Begin with `{line[:3]} = {fresh}`" in str(verdict), str(verdict)


@pytest.mark.parametrize(
    ("lesson", "cell", "lines", "words"),
    [
        (BACK, "write-many-units", {"dWf_many": "np.eye(3) * dzf_many"}, "dWf_many is off at row 0, column 0"),
        (SINGLE, "hand-on", {"next_dc_carry": 'd["dc"] * cache.f[4]'}, "next_dc_carry is off at unit 0"),
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
    assert "fits only one net or sequence: look for 8 and 4." in said and "transposed" not in said, said
    source = source.replace("(2, 8, 4)", "(2, len(x) + 1, params.hidden_size)").replace("range(len(x))", "range(7)")
    said = str(judged("01_forward_pass", "my-forward", source=source))
    assert "IndexError" in said and "fits only one net or sequence: look for 7." in said, said


@pytest.mark.parametrize(
    ("lesson", "cell", "lines", "named"),
    [
        (BACK, "write-dh-total", "dh = dh_loss + dh_future", {"dh_whole": "dh"}),
        (BACK, "write-dh-total", "Dh_whole = dh_loss + dh_future", {"dh_whole": "Dh_whole"}),
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


@pytest.mark.parametrize(("line", "told"), [("squash(z)", True), ("1 / (1 + exp(-z))", False)])
def test_a_function_that_reads_an_unmade_name_is_told_to_run_the_cell_that_makes_it(line, told):
    source = cell_source("01_forward_pass", "sigmoid").replace("...", line)
    said = str(judged("01_forward_pass", "sigmoid", source=source))
    assert ("If a cell above makes it, run that cell first." in said) == told and "is not defined, at line 3" in said


def test_a_right_function_under_another_name_is_told_its_name_and_a_wrong_one_is_not():
    source = cell_source("01_forward_pass", "sigmoid").replace("def sigmoid", "def squash")
    right, wrong = (source.replace("...", line) for line in ("1 / (1 + np.exp(-z))", "1 / (1 + np.exp(z))"))
    said = str(judged("01_forward_pass", "sigmoid", source=right))
    assert "This is right, but it is called squash: rename it to sigmoid." in said, said
    assert "No line of this cell says what sigmoid is." in str(judged("01_forward_pass", "sigmoid", source=wrong))
    number = right.replace("lesson.judge", "squash = 5\nlesson.judge")
    assert "No line of this cell says what sigmoid is." in str(judged("01_forward_pass", "sigmoid", source=number))


@pytest.mark.parametrize(
    ("cell", "line", "words"),
    [
        ("scores", "(params.V @ h_all[:-1].T).reshape(T, K)", "reshape does not swap rows and columns; .T does."),
        ("scores", "(h_all[:-1] @ params.V.T).ravel()", "The numbers are right; only the shape is wrong."),
        ("loss", "-np.log(picked).sum(keepdims=True)", "The numbers are right; only the shape is wrong."),
    ],
)
def test_right_numbers_in_another_shape_or_order_are_called_right_numbers(cell, line, words):
    name = {"scores": "scores", "loss": "L"}[cell]
    assert words in str(judged("01_forward_pass", cell, {name: line}))


def test_a_blank_without_a_line_is_told_so_beside_what_its_cell_changes():
    said = sentences(judged("01_forward_pass", "cell", source='f = 0.5\nlesson.judge("cell")'))["c"]
    assert said.startswith("No line of this cell says what c is. This cell changes f itself"), said


def test_what_the_library_has_computed_is_named():
    said = str(judged(SINGLE, "hand-on", {"next_dh_future": "deltas.dh_future[4]"}))
    assert "This reads deltas" in said


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("lesson", "cell", "right", "lines", "said"),
    [
        (TRAINING, "which", {"right_run": "np.argmin(end_loss)", "broken_run": "np.argmax(end_loss)"},
         "right_run = [k for k in range(3) if remembered[k] > 0.7][0]\nbroken_run = np.argmax(end_loss)",
         {"right_run": "The typed-in number 0.7", "broken_run": ""}),
        (TRAINING, "which", {"right_run": "np.argmin(end_loss)", "broken_run": "np.argmax(end_loss)"},
         "if remembered.max() > 0.7:\n    right_run = np.argmax(remembered)\nbroken_run = np.argmax(end_loss)",
         {"right_run": "The typed-in number 0.7", "broken_run": ""}),
        (TRAINING, "clip", {"clipped": "gradient * min(1, limit / norm)"},
         "if norm > limit:\n    clipped = gradient * limit / norm",
         {"clipped": "With other numbers, no line that runs says what clipped is."}),
        ("00_start_here", "left", {"left": "f ** n"}, "if f > 0.7:\n    left = f ** n",
         {"left": "The typed-in number 0.7"}),
        (FADING, "blank-rate-needed", {"rate_needed": "share ** (1 / steps)"},
         "if share < 2e-3:\n    rate_needed = share ** (1 / steps)", {"rate_needed": "The typed-in number 0.002"}),
    ],
)  # fmt: skip
def test_an_answer_that_an_earlier_run_has_left_counts_for_nothing(lesson, cell, right, lines, said):
    names = copied(names_before(lesson, cell))
    blanks = "\n".join(f"{name} = {value}" for name, value in right.items())
    first = fill(source := cell_source(lesson, cell), blanks)
    assert run_cell(lesson, cell, first, names).passed
    call = source[source.index("lesson.judge") :]
    verdict = run_cell(lesson, cell, f"{lines}\n{call}", names)
    told = sentences(verdict)
    assert all(told[name].startswith(words) and bool(words) == bool(told[name]) for name, words in said.items()), told


@pytest.mark.parametrize("line", [f"carried[:] = {CARRIED}", f"np.add(0, {CARRIED}, out=carried)"])
def test_an_array_of_an_earlier_run_may_be_filled_again(line):
    names = copied(names_before(FADING, "blank-carried"))
    assert run_cell(FADING, "blank-carried", f'carried = {CARRIED}\nlesson.judge("carried")', names).passed
    verdict = run_cell(FADING, "blank-carried", f'{line}\nlesson.judge("carried")', names)
    assert "no line that runs" not in str(verdict), verdict


@pytest.mark.parametrize(
    ("lesson", "cell", "lines", "name"),
    [
        (FADING, "blank-carried", 'dc_last = dc_last[None]\ncarried = dc_last[0]\nlesson.judge("carried")', "dc_last"),
        ("00_start_here", "left", 'import numpy as np\nf = np.full(3, f)\nleft = f[0] ** n\nlesson.judge("left")', "f"),
        (TRAINING, "clip",
         'norm = norms * 1\nclipped = gradient * min(1, limit / np.linalg.norm(norm))\nlesson.judge("clip")', "norm"),
        (TRAINING, "clip",
         'limit = np.array([limit])\nclipped = gradient * min(1, limit[0] / norm)\nlesson.judge("clip")', "limit"),
    ],
)  # fmt: skip
def test_a_number_that_becomes_an_array_has_been_changed_and_nothing_was_raised(lesson, cell, lines, name):
    verdict = run_cell(lesson, cell, lines, copied(names_before(lesson, cell)))
    assert not verdict.passed and f"This cell changes {name} itself" in str(verdict), verdict
    assert "this cell raises" not in str(verdict)


def test_what_looking_at_a_value_raises_is_not_said_to_be_raised_by_the_cell():
    source = 'carried = [k for k in [(dc for dc in dc_last)]]\nlesson.judge("carried")'
    said = str(run_cell(FADING, "blank-carried", source, copied(names_before(FADING, "blank-carried"))))
    assert "can't be judged: looking at it raises TypeError" in said and "this cell raises" not in said
    source = f'carried = {CARRIED}\nif last > 60: raise SystemExit\nlesson.judge("carried")'
    assert "this cell raises SystemExit" in sentences(judged(FADING, "blank-carried", source=source))["carried"]


@pytest.mark.parametrize("before", [0.5, np.float64(0.5), None, "text"])
def test_a_single_value_is_never_the_same_as_several(before):
    assert judging.same(before, copy.copy(before))
    assert not any(judging.same(before, several) for several in ([before], (before,), np.array([0.5]), [[1], [1, 2]]))
    assert judging.same(0.5, np.array(0.5))


@pytest.mark.parametrize("lesson", [FADING])  # test_lesson_06.py does the same for lesson 6
def test_a_numpy_number_in_the_notebook_is_one_in_every_case_too(lesson):
    names = solved_run(lesson).names
    for blank in map(Lesson(lesson).blank, spec(lesson)["blanks"]):
        for case in () if blank.is_function else blank.cases():
            plain = [n for n in case if isinstance(names.get(n), np.generic) and type(case[n]) in (int, float)]
            assert set(plain) <= {*blank.names}, blank.group


@pytest.mark.parametrize(
    "made",
    [
        "class Kept:\n    seen = []\n    @classmethod\n    def keep(cls, x): cls.seen.append(x)\n"
        "keep, seen = Kept.keep, Kept.seen",
        "class Kept:\n    def __init__(self): self.seen = []\n    def keep(self, x): self.seen.append(x)\n"
        "kept = Kept()\nseen = kept.seen\ndef keep(x): kept.keep(x)",
        "seen = []\ndef keep(x, seen=seen): seen.append(x)",
        "seen = []\ndef keep(x, *, seen=seen): seen.append(x)",
        "def maker():\n    seen = []\n    def keep(x): seen.append(x)\n    return keep, seen\nkeep, seen = maker()",
        "seen = []\ndef keep(x): keep.seen.append(x)\nkeep.seen = seen",
        "pair = (seen := [], 0)\ndef keep(x): pair[0].append(x)",
    ],
)  # fmt: skip
def test_a_list_that_a_function_or_class_keeps_has_only_what_the_notebook_put_there(made):
    names = copied(names_before("00_start_here", "left"))
    exec(made, names)
    names["here"] = [names.pop("seen")]  # the same list, which copies nothing
    lines = "left = f ** n\nkeep(left)\n"
    assert run_cell("00_start_here", "left", f'{lines}lesson.judge("left")', names).passed
    assert names["here"] == [[0.8**20]]


@pytest.mark.parametrize(
    "made",
    [
        "class Log:\n    def keep(self, x): seen.append(x)\nlog = Log()\ndef keep(x): log.keep(x)",
        "def put(x): seen.append(x)\ntools = {'put': put}\ndef keep(x): tools['put'](x)",
        "def noted(f):\n    def inner(x): seen.append(f(x))\n    return functools.wraps(f)(inner)\n"
        "@noted\ndef keep(x): return x",
        "class Log(abc.ABC):\n    seen = seen\ndef keep(x): eval('Log').seen.append(x)",
        "def reader():\n    while True:\n        x = yield\n        seen.append(x)\n"
        "keep = reader().send\nkeep(None)",
        "seen = deque()\nkeep = lambda x: seen.append(x)",
    ],
)  # fmt: skip
def test_a_list_that_a_cell_reaches_in_roundabout_ways_has_only_what_the_notebook_put_there(made):
    names = copied(names_before("00_start_here", "left"))
    exec(f"import abc, functools\nfrom collections import deque\nseen = []\n{made}", names)
    here = names["seen"]
    assert run_cell("00_start_here", "left", 'left = f ** n\nkeep(left)\nlesson.judge("left")', names).passed
    assert [*here] == [0.8**20] and names["seen"] is here


def test_a_masked_array_keeps_its_mask():
    names = copied(names_before("00_start_here", "left"))
    exec(
        "import numpy as np\nticks = np.ma.masked_array([1.0, 2.0], mask=[True, False])\nlook = lambda: ticks.sum()",
        names,
    )
    assert run_cell("00_start_here", "left", 'left = f ** n\nlook()\nlesson.judge("left")', names).passed
    assert names["ticks"].mask.tolist() == [True, False]


@pytest.mark.parametrize(
    "made",
    [
        "random.Random(3)",
        "np.random.RandomState(3)",
        "np.random.default_rng(3)",
        "np.random.Generator(np.random.PCG64(3))",
    ],
)
def test_random_numbers_of_ones_own_go_on_where_the_cell_has_left_them(made):
    names = copied(names_before("00_start_here", "left"))
    exec(f"import random\nimport numpy as np\nown, other = {made}, {made}\nother.random()", names)
    assert run_cell("00_start_here", "left", 'own.random()\nleft = f ** n\nlesson.judge("left")', names).passed
    assert names["own"].random() == names["other"].random()


@pytest.mark.parametrize(
    "line",
    ["ax.plot([f, n])", "axs[1].plot([f, n])", "figure.suptitle(f)", "figure.axes[0].set_title(f)",
     "line.set_ydata([f, n])", "line.axes.set_xlim(0, n)"],
)  # fmt: skip
def test_nothing_of_a_trial_is_drawn_into_a_figure_of_another_cell(line):
    names = copied(names_before("00_start_here", "left"))
    exec(
        "import matplotlib.pyplot as plt\nfigure, axs = plt.subplots(2)\nax = axs[0]\n(line,) = ax.plot([1, 2])", names
    )

    def drawn():
        parts = names["figure"].findobj()
        return len(parts), [repr(vars(part).get("_text", part.get_label())) for part in parts], [
            (ax.get_xlim(), ax.get_ylim(), [line.get_xydata().tolist() for line in ax.lines]) for ax in names["axs"]
        ]  # fmt: skip

    try:
        exec(line, names)
        before = drawn()
        names["left"] = ...
        assert run_cell(
            "00_start_here", "left", f'left = f ** n\nif left != 0.8**20: {line}\nlesson.judge("left")', names
        )
        assert drawn() == before
    finally:
        names["plt"].close("all")


@pytest.mark.parametrize(
    "cell",
    [
        "for k in [0]:\n    left = f ** n\n    figure.suptitle('x')\n    figure.tight_layout()",
        "if True:\n    plt.sca(ax)\n    plt.plot([1])\n    figure.axes[0].plot([f])\n    left = f ** n",
        "left = show(f ** n)",
        "special.plot([f])\nleft = f ** n",
    ],
)
def test_a_right_line_may_draw_into_a_figure_of_another_cell(cell):
    names = copied(names_before("00_start_here", "left"))
    exec(
        "import matplotlib.pyplot as plt\nfrom matplotlib.axes import Axes\nfigure, (ax, other) = plt.subplots(2)\n"
        "class Special(Axes):\n    def __init__(self, *given, extra, **more): super().__init__(*given, **more)\n"
        "special = figure.add_axes(Special(figure, [0, 0, 1, 1], extra=1))\n"
        "def show(v):\n    figure.axes[0].plot([1, 2])\n    figure.suptitle('a')\n    return v",
        names,
    )
    try:
        verdict = run_cell("00_start_here", "left", f'{cell}\nlesson.judge("left")', names)
        assert verdict.passed, str(verdict)
        drawn = 0 if "special" in cell else cell.count("plot(") + cell.count("show(")
        assert [len(axes.lines) for axes in names["figure"].axes[:2]] == [drawn, 0]
    finally:
        names["plt"].close("all")


def test_a_name_in_place_of_a_command_and_a_name_of_no_other_cell_are_let_be():
    names = copied(names_before("00_start_here", "left")) | {
        "get_ipython": lambda: SimpleNamespace(run_line_magic=print)
    }
    source = 'which = "timeit"\nget_ipython().run_line_magic(which, "1")\nlt = 3\nleft = f ** n\nlesson.judge("left")'
    verdict = run_cell("00_start_here", "left", source, names | {"In": ["f, n = 0.8, 20"]})
    assert verdict.passed and "Other cells" not in verdict.note


def test_what_a_function_reads_is_set_aside_before_much_data_that_the_cell_reads():
    names = copied(names_before("00_start_here", "left"))
    exec(
        "import numpy as np\nbig = [[k] for k in range(12_000)]\nseen = [0]\ntable = np.zeros(2 * 10**6)\n"
        "def note(v):\n    seen.append(1)\n    return v",
        names,
    )
    cell = 'big[0]\ntable += 1\nleft = note(f ** n)\nlesson.judge("left")'
    run_cell("00_start_here", "left", cell, names)
    assert len(names["seen"]) == 2 and names["table"][0] == 1


def test_of_very_much_data_only_the_nearest_is_set_aside():
    names = {"__name__": "__main__", "np": np, "right": answers.reach}
    exec(
        "rows = [np.zeros(3) for _ in range(200_000)]\nseen = []\n"
        "def reach(*given):\n    seen.append(len(rows))\n    return right(*given)",
        names,
    )
    assert len(aside.reached(names, (), names["reach"])[1]) == aside.MOST < 200_000
    assert vanishing_gradients.check_reach(names["reach"]).passed and names["seen"] == []


def test_what_a_loop_collects_in_the_notebook_is_not_kept_by_the_count_of_its_flaws():
    names = copied(names_before("03_flawed_backward", "my-loop"))
    source = cell_source("03_flawed_backward", "my-loop")
    exec("import random\nseen = []\ndef note(t): seen.append(random.random())", names)
    state = random.getstate()
    assert run_cell(
        "03_flawed_backward", "my-loop", source.replace("dh = params.V", "note(t)\n        dh = params.V"), names
    )
    assert names["seen"] == [] and random.getstate() == state


@pytest.mark.parametrize(
    "kept",
    [
        "class Base: __slots__ = ['seen']\nclass Log(Base): pass\nlog = Log()\nlog.seen = 0",
        "class Log(collections.namedtuple('Log', 'all')): pass\nlog = Log([])",
    ],
)
def test_what_an_object_keeps_outside_its_attributes_is_as_it_was_too(kept):
    names = copied(names_before("00_start_here", "left"))
    exec(f"import collections\n{kept}", names)
    lines = "log.seen += 1" if "seen" in kept else "log.all.append(1)"
    assert run_cell("00_start_here", "left", f'{lines}\nleft = f ** n\nlesson.judge("left")', names).passed
    assert eval("log.seen" if "seen" in kept else "len(log.all)", names) == 1


@pytest.mark.parametrize(
    "head",
    ["@np.vectorize\ndef sigmoid(z):", "class sigmoid:\n  def __new__(cls, z):"],
)
def test_a_function_behind_a_class_changes_nothing_in_the_notebook(head):
    names = copied(names_before("01_forward_pass", "sigmoid"))
    exec("calls = 0\nclass Kept: last = None", names)
    body = "global calls; calls += 1; Kept.last = 0; del Kept.last; return 1 / (1 + np.exp(-z))"
    run_cell("01_forward_pass", "sigmoid", f'{head}\n    {body}\nlesson.judge("sigmoid")', names)
    assert names["calls"] == 0 and names["Kept"].last is None


def test_what_a_cell_reaches_is_put_back_without_a_copy_and_without_the_methods_of_its_class():
    code = "class Own(list):\n    def refuse(self, *given): raise ValueError\n    clear = extend = __iter__ = refuse"
    names = copied(names_before("00_start_here", "left"))
    exec(f"{code}\n    __deepcopy__ = refuse\nseen = Own()\ndef keep(x, kept=seen): kept.append(x)", names)
    assert run_cell("00_start_here", "left", 'left = f ** n\nkeep(left)\nlesson.judge("left")', names).passed
    assert len(names["seen"]) == 1


def test_a_long_chain_of_objects_is_set_aside_at_once():
    names = copied(names_before("00_start_here", "left"))
    chain = "class Node: pass\nfirst = node = Node()\nfor _ in range(3000): node.next = node = Node()"
    exec(chain.replace("node.next = node = Node()", "node.next = Node(); node = node.next"), names)
    lines = 'first.share = left = f ** n\nlesson.judge("left")'
    begun = time.perf_counter()
    assert run_cell("00_start_here", "left", lines, names).passed
    assert time.perf_counter() - begun < 4 and names["first"].share == 0.8**20


@pytest.mark.parametrize(
    ("made", "line"),
    [
        ("seen = []\nkeep = seen.append", "keep(steps); return seen[-1]"),
        ("rows = np.zeros((2, 2))\nrow = rows[0]", "row[0] = steps; return rows[0, 0]"),
        ("nine = lt.Params.zeros(3, 2)\nV = nine.V", "nine.V[0] = steps; return V[0, 0]"),
        ("class Kept: __slots__ = ['steps']\nkept = Kept()\nitself = [kept]",
         "kept.steps = steps; return itself[0].steps"),
    ],
)  # fmt: skip
def test_what_is_one_thing_in_the_notebook_is_one_while_an_exercise_is_checked(made, line):
    names = {"__name__": "__main__", "np": np, "lt": lt, "right": answers.reach}
    exec(f"{made}\ndef reach(*given):\n    steps = right(*given); {line}", names)
    assert vanishing_gradients.check_reach(names["reach"]).passed
    assert not np.any(names.get("seen", [])) and not np.any(names.get("rows", 0)) and not np.any(names.get("V", 0))


def test_a_helper_with_a_cache_computes_anew_with_other_numbers_and_afterward():
    names = copied(names_before("00_start_here", "left"))
    exec("import functools\n@functools.cache\ndef share(): return f ** n\nleft = share()", names)
    verdict = run_cell("00_start_here", "left", 'left = share()\nlesson.judge("left")', names)
    assert verdict.passed and names["share"]() == 0.8**20, str(verdict)


def test_what_a_cell_puts_into_a_class_of_another_cell_is_what_the_notebook_computes():
    kept = "class memory:\n    share, steps = 1.0, 0\n\n\ndef keep(share): keep.last = share\n"
    lines = "memory.share = f ** n\nmemory.steps += 1\nkeep(f)\nleft = memory.share\n"
    names = copied(names_before("00_start_here", "left"))
    exec(kept, names)
    assert run_cell("00_start_here", "left", f'{lines}lesson.judge("left")', names).passed
    assert (names["memory"].share, names["memory"].steps, names["keep"].last) == (0.8**20, 1, 0.8)


def test_what_a_function_that_is_judged_collects_in_the_notebook_is_not_kept():
    names = copied(names_before("01_forward_pass", "sigmoid"))
    exec("seen, calls = [], 0\ndef note(z):\n    global calls\n    calls += 1\n    seen.append(z)", names)
    source = 'def sigmoid(z):\n    note(z)\n    return 1 / (1 + np.exp(-z))\nsigmoid(0.0)\nlesson.judge("sigmoid")'
    assert run_cell("01_forward_pass", "sigmoid", source, names).passed
    assert (names["seen"], names["calls"]) == ([0.0], 1)


@pytest.mark.parametrize(
    ("made", "lines"),
    [
        ("class Log:\n    def put(self, x): self.seen.append(x)\nseen, log = [], Log()\nlog.seen = seen",
         "log.put(f)\nleft = seen[-1] ** n"),
        ("seen = []\ndef put(x, seen=seen): seen.append(x)", "put(f)\nleft = seen[-1] ** n"),
        ("class Log:\n    def put(self, x): self.x = x\nlog = Log()\nput = log.put", "put(f)\nleft = log.x ** n"),
        ("class Node: pass\nnode = Node()\nnode.next = node", "node.x = f\nleft = node.next.x ** n"),
        ("NOTHING = object()\ndef first(x, y=NOTHING): return x if y is NOTHING else y", "left = first(f) ** n"),
        ("class Fixed(type):\n    def __setattr__(cls, name, value): raise AttributeError(name)\n"
         "class Kept(metaclass=Fixed): seen = []", "left = f ** n * len([Kept])"),
        ("class Bag(dict): __getattr__ = dict.__getitem__\nbag = Bag(all=1)", "left = bag.all * f ** n"),
        ("class Bag(dict):\n    __slots__ = ()\n    __getattr__ = dict.get\n"
         "bag = Bag(all=1)", "left = bag.all * f ** n"),
        ("class Odd:\n    def __getattribute__(self, name):\n        if name[0] == '_': raise ValueError(name)\n"
         "        return 1\nodd = Odd()", "left = odd.one * f ** n"),
    ],
)  # fmt: skip
def test_what_is_one_thing_in_the_notebook_is_one_in_a_trial_and_a_class_may_forbid_changes(made, lines):
    names = copied(names_before("00_start_here", "left"))
    exec(made, names)
    verdict = run_cell("00_start_here", "left", f'{lines}\nlesson.judge("left")', names)
    assert verdict.passed, str(verdict)
