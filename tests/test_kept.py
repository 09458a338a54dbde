"""A function is kept only with all that it needs, so that a later lesson can run it."""

import errno
import os
from pathlib import Path

import pytest
from lesson_cells import run_cells, solved

from lstm_teach import kept
from lstm_teach.blanks import Lesson

BACK, SINGLE = "02_one_step_back", "04_single_pass_bptt"
SECTION = b"# --- my_bptt, from 04_single_pass_bptt, pass\n%s\n# --- end of my_bptt\n"
SLOPE = "def slope(a):\n    return 1 - a**2\n"


@pytest.mark.parametrize(
    ("helper", "line", "outside"),
    [
        (SLOPE, "slope(ct)", "slope"),
        ("one = 1.0\n", "(one - ct**2)", "one"),
        ("one = 1.0\n", "[one - a**2 for a in [ct]][0]", "one"),
        (SLOPE, "np.subtract(1, abs(ct) ** 2)", ""),
        ("", "(lambda a: 1 - a**2)(ct)", ""),
    ],
)
def test_a_function_that_needs_another_one_is_not_kept_and_told_why(
    helper, line, outside, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(kept, "FILE", str(tmp_path / "mine.py"))
    source = solved(BACK)["write-step-back"].replace("(1 - ct**2)", line, 1)
    names = run_cells(BACK, until="write-step-back", replace={"write-step-back": f"{helper}{source}"})
    eval('lesson.keep("step_back")', names)
    said = capsys.readouterr().out
    if outside:
        assert f"step_back is not kept: it uses {outside} from outside" in said and not list(tmp_path.iterdir())
    else:
        assert Lesson(SINGLE).bring("step_back").__code__.co_filename == kept.FILE


def test_a_function_whose_text_is_lost_is_not_kept_and_told_why(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    said = kept.write("slope", SINGLE, "pass", eval(compile("lambda a: 1 - a**2", "<timed exec>", "eval")))
    assert "slope is not kept: its cell begins with a magic" in said and not list(tmp_path.iterdir())


def squared(a):
    return 1 - a**2


@pytest.mark.parametrize("trouble", [errno.ENOSPC, errno.EROFS])
def test_a_file_that_cannot_be_written_stays_as_it_was_and_the_reason_is_told(trouble, monkeypatch, tmp_path):
    def full(path, text, **options):
        path.write_bytes(text[: len(text) // 2].encode())
        raise OSError(trouble, os.strerror(trouble))

    monkeypatch.chdir(tmp_path)
    kept.write("one", SINGLE, "pass", squared)
    before = Path(kept.FILE).read_bytes()
    monkeypatch.setattr(Path, "write_text", full)
    said = kept.write("other", SINGLE, "pass", squared)
    assert "other is not kept" in said and os.strerror(trouble) in said
    assert Path(kept.FILE).read_bytes() == before and os.listdir() == [kept.FILE]


@pytest.mark.skipif(os.name == "nt", reason="a link needs POSIX")
def test_a_file_that_is_kept_elsewhere_stays_there(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    elsewhere = tmp_path / "elsewhere.py"
    Path(kept.FILE).symlink_to(elsewhere)
    kept.write("one", SINGLE, "pass", squared)
    assert Path(kept.FILE).is_symlink() and "def squared" in elsewhere.read_text(encoding="utf-8")


@pytest.mark.skipif(os.name == "nt", reason="permissions need POSIX")
def test_a_file_keeps_its_permissions_and_no_other_file_is_touched(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path(f"{kept.FILE}.new").write_text("notes", encoding="utf-8")
    kept.write("one", SINGLE, "pass", squared)
    Path(kept.FILE).chmod(0o640)
    kept.write("other", SINGLE, "pass", squared)
    assert Path(kept.FILE).stat().st_mode & 0o777 == 0o640 and "other" in Path(kept.FILE).read_text(encoding="utf-8")
    assert sorted(os.listdir()) == [kept.FILE, f"{kept.FILE}.new"]


@pytest.mark.parametrize(
    "made", ["class Walk:\n    __call__ = staticmethod(mine)\nmy_bptt = Walk()", "my_bptt = partial(mine)"]
)
def test_a_pass_that_is_no_function_is_right_but_not_kept_and_told_why(made, monkeypatch, tmp_path, capsys):
    source = solved(SINGLE)["my-bptt"].replace("def my_bptt", "from functools import partial\n\n\ndef mine")
    source = source.replace("lesson.judge", f"{made}\nlesson.judge")
    names = run_cells(SINGLE, until="my-bptt", replace={"my-bptt": source})
    monkeypatch.chdir(tmp_path)
    eval('lesson.keep("my_bptt")', names)
    said = capsys.readouterr().out
    assert "my_bptt is not kept" in said and "def my_bptt(...)" in said and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"def my_bptt(params, x, targets):\n    pass\n", "has no my_bptt saved by lesson.keep"),
        (b"\xff\xfe", "has a syntax error at line 1"),
        (kept.HEAD.encode() + SECTION % b"def another(params): ...", "no longer defines a function my_bptt"),
        (SECTION % b"my_bptt = None", "no longer defines a function my_bptt"),
        (SECTION % b"my_bptt = 3", "no longer defines a function my_bptt"),
        (SECTION % b"from lstm_teach import bptt as my_bptt", "no longer defines a function my_bptt"),
        (SECTION % b"raise SystemExit", "raises SystemExit."),
        (SECTION.replace(b"04_", b"99_") % b"def my_bptt(): ...", "is no longer right. my_bptt gets these arguments"),
        (
            SECTION.replace(b", pass", b", x") % b"def my_bptt(): ...",
            "is no longer right. my_bptt gets these arguments",
        ),
    ],
)
def test_bring_says_why_a_file_has_nothing_to_give(text, said, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(kept, "FILE", str(tmp_path / "mine.py"))
    (tmp_path / "mine.py").write_bytes(text)
    assert Lesson(SINGLE).bring("my_bptt") and said in capsys.readouterr().out


@pytest.mark.parametrize(("encoding", "end"), [("utf-8-sig", "\n"), ("cp1252", "\n"), ("utf-8", "")])
def test_a_file_is_read_as_an_editor_has_saved_it(encoding, end, monkeypatch, tmp_path):
    monkeypatch.setattr(kept, "FILE", str(tmp_path / "mine.py"))
    section = "# --- step_back, from 02_one_step_back, back\ndef step_back(): ...  # zurück\n# --- end of step_back"
    (tmp_path / "mine.py").write_text(kept.HEAD + section + end, encoding=encoding)
    assert kept.read("step_back")[1] == ""
