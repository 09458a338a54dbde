"""The hub's class list, homes, copies and limits; a whole class on a real hub is benchmarks/hub_class.py."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
import yaml
from projectfiles import ROOT

if not sys.platform.startswith("linux"):
    pytest.skip("the hub needs Linux", allow_module_level=True)

import pwd

import collect
import homes
import start_hub

HUB = ROOT / "instructor" / "hub"


def test_a_class_list_has_names_teachers_and_comments():
    assert homes.read_class("\ufeff# 2026\nada teacher\n\nbea\ncem-2 # moved\n") == {
        "ada": True,
        "bea": False,
        "cem-2": False,
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Ada", "line 1: 'Ada' should be"),
        ("ada\n../etc", "line 2: '../etc' should be"),
        ("ada\nada", "line 2: 'ada' is there already"),
        ("ada root", "only be the word teacher, not 'root'"),
        ("# nobody\n", "no name"),
        ("a" * 25, "at most 24"),
    ],
)
def test_a_class_list_that_is_wrong_is_answered_with_the_line(text, said):
    with pytest.raises(ValueError, match=said.replace(".", r"\.")):
        homes.read_class(text)


def test_lessons_are_copied_once_and_a_students_work_is_never_changed(tmp_path):
    lessons, home = tmp_path / "lessons", tmp_path / "home"
    (lessons / "exercises").mkdir(parents=True)
    (lessons / "exercises" / "01.ipynb").write_text("given out")
    (lessons / "00.ipynb").write_text("given out")
    homes.make_read_only_copy(lessons, tmp_path / "shared")
    homes.copy_missing(tmp_path / "shared", home)
    (home / "exercises" / "01.ipynb").write_text("my work")  # the copy can be written to
    (home / "my_functions.py").write_text("mine")
    (home / "00.ipynb").unlink()
    (lessons / "exercises" / "01.ipynb").write_text("second edition")
    (lessons / "02.ipynb").write_text("new")
    homes.make_read_only_copy(lessons, tmp_path / "shared")
    homes.copy_missing(tmp_path / "shared", home)
    texts = {path.relative_to(home).as_posix(): path.read_text() for path in home.rglob("*") if path.is_file()}
    assert texts == {
        "exercises/01.ipynb": "my work",
        "my_functions.py": "mine",
        "00.ipynb": "given out",
        "02.ipynb": "new",
    }


def test_the_shared_lessons_cannot_be_written_to_and_hold_nothing_of_the_teachers_own(tmp_path):
    (tmp_path / "notebooks" / ".ipynb_checkpoints").mkdir(parents=True)
    for name in ("01.ipynb", "my_functions.py", "my_answers.json", ".ipynb_checkpoints/01.ipynb"):
        (tmp_path / "notebooks" / name).write_text("")
    (tmp_path / "notebooks" / "solutions").mkdir()
    (tmp_path / "notebooks" / "solutions" / "01.md").write_text("")
    homes.make_read_only_copy(tmp_path / "notebooks", tmp_path / "shared", ["solutions"])
    (copied,) = (tmp_path / "shared").rglob("*")
    assert copied.name == "01.ipynb" and copied.stat().st_mode & 0o777 == 0o444


def test_students_are_spread_over_the_processors_and_none_has_more_than_its_share():
    chosen = [homes.processors_of(uid, [0, 1, 2, 3], 1) for uid in range(1001, 1009)]
    assert {frozenset(one): chosen.count(one) for one in chosen} == {frozenset({k}): 2 for k in range(4)}
    assert homes.processors_of(1001, [0, 1, 4], 2) in ({4, 0}, {0, 1}, {1, 4})
    assert homes.processors_of(1001, [3], 8) == {3}


def test_a_process_with_limits_gets_a_memory_error_and_one_processor():
    program = (
        f"import sys; sys.path.insert(0, {str(HUB)!r}); import homes, os\n"
        "homes.limit(200 << 20, 500, {min(os.sched_getaffinity(0))})\n"
        "print(len(os.sched_getaffinity(0)))\n"
        "try: bytearray(300 << 20)\n"
        "except MemoryError: print('MemoryError', len(bytearray(50 << 20)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "MemoryError", str(50 << 20)]


def test_the_start_says_in_a_sentence_what_is_wrong(tmp_path, capsys, monkeypatch):
    people = tmp_path / "class.txt"
    people.write_text("Ada")
    for user, arguments, said in [
        (1000, [str(people)], "has to be started by root"),
        (0, [str(people), "--key", "k"], "belong together"),
        (0, [str(tmp_path / "none")], "none can't be used: No such file or directory."),
        (0, [str(people), "--without", "solution"], "no file or folder 'solution' in"),
        (0, [str(people), "--without", "exercises/solutions"], "no file or folder 'exercises/solutions' in"),
        (0, [str(people)], "'Ada' should be"),
    ]:
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        with pytest.raises(SystemExit):
            start_hub.main([*arguments, "--base", str(tmp_path / "base")])
        sentence = capsys.readouterr().err
        assert said in sentence and sentence.count("\n") == 1
    assert not (tmp_path / "base").exists()


def test_a_python_in_a_closed_folder_is_told_in_a_sentence(tmp_path, capsys, monkeypatch):
    def closed(command, **options):
        raise PermissionError(13, "Permission denied", command[0])

    (tmp_path / "hub").mkdir()
    monkeypatch.setattr(start_hub, "output_of", lambda command: "v20.0.0")
    monkeypatch.setattr(start_hub.shutil, "which", lambda name: name)
    monkeypatch.setattr(start_hub.subprocess, "run", closed)
    with pytest.raises(SystemExit):
        start_hub.install(tmp_path)
    assert "Students can't run this Python" in capsys.readouterr().err


def test_collecting_goes_on_where_a_student_has_no_account_yet(tmp_path, capsys, monkeypatch):
    (tmp_path / "lessons" / "exercises").mkdir(parents=True)
    (tmp_path / "lessons" / "exercises" / "01.ipynb").write_text("given out")
    (tmp_path / "class.txt").write_text("ada\nbob\n")
    monkeypatch.setattr(homes, "hand_in", lambda name, file: {"bob": b"mine"}[name])
    assert collect.main(["01.ipynb", str(tmp_path / "into"), "--base", str(tmp_path)]) == 0
    assert [path.name for path in (tmp_path / "into").iterdir()] == ["bob.ipynb"]
    assert "ada                      no account yet: start the hub again" in capsys.readouterr().out


def test_the_kubernetes_values_copy_the_lessons_as_the_hub_does_and_name_every_limit():
    values = yaml.safe_load((HUB / "kubernetes.yaml").read_text(encoding="utf-8"))
    single = values["singleuser"]
    assert single["memory"]["limit"] and single["cpu"]["limit"] and single["cloudMetadata"]["blockWithIptables"]
    assert values["cull"]["enabled"] and values["hub"]["config"]["Authenticator"]["allowed_users"]
    assert "--no-clobber" in json.dumps(single["lifecycleHooks"]["postStart"])
    assert single["defaultUrl"].endswith("lessons/00_start_here.ipynb")


PYTHON = "/usr/bin/python3"  # one that everybody may run


@pytest.mark.skipif(os.geteuid() != 0 or not os.access(PYTHON, os.X_OK), reason=f"needs root and {PYTHON}")
def test_the_sockets_of_a_students_kernels_have_a_short_path_that_nobody_else_can_read(tmp_path, monkeypatch):
    who = SimpleNamespace(pw_uid=os.getuid(), pw_gid=os.getgid())
    monkeypatch.setattr(homes.pwd, "getpwnam", lambda name: who)
    monkeypatch.setattr(homes, "SOCKETS", tmp_path / "sockets")
    for _ in range(2):  # the second server of a student finds the folder
        folder = homes.sockets_of("ada")
        assert folder.stat().st_mode & 0o777 == 0o700 and folder.stat().st_uid == os.getuid()
    longest = homes.Path("/run/lstm-class/4294967295/kernel-01234567-89ab-cdef-0123-456789abcdef-ipc-5")
    assert len(str(longest)) <= 107


def test_a_file_is_handed_in_with_the_students_own_rights(monkeypatch):
    """A link to what only root can read brings nothing, and neither does a missing file."""
    nobody = pwd.getpwnam("nobody")
    student = SimpleNamespace(pw_uid=nobody.pw_uid, pw_gid=nobody.pw_gid, pw_dir="/tmp")
    monkeypatch.setattr(homes.pwd, "getpwnam", lambda name: student)
    monkeypatch.setattr(homes.sys, "executable", PYTHON)
    assert int(homes.run_as("bea", "import os; print(os.geteuid())")) == nobody.pw_uid
    assert homes.hand_in("bea", "../../etc/shadow") is None
    assert homes.hand_in("bea", "there is none") is None
