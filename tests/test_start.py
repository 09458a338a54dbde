"""start.py decides rightly what to do; no test here needs a network connection."""

import ast
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from projectfiles import ROOT

SOURCE = (ROOT / "start.py").read_text(encoding="utf-8")
VERSION = list(sys.version_info[:2])
LESSONS = ["lstm_teach", "jupyterlab"]
TESTS = [*LESSONS, "pytest", "xdist", "playwright", "nbgrader"]


@pytest.fixture
def start(tmp_path, monkeypatch):
    """start.py as a module, in a project folder of its own, with an installation that only writes a line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONSTARTUP", "")
    for name in ("start.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    spec = importlib.util.spec_from_file_location("start_under_test", tmp_path / "start.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def installs(start, monkeypatch):
    """The installations that start.py asked for: True with the test tools, False without them."""
    asked = []
    monkeypatch.setattr(start, "install", asked.append)
    real_look = start.look
    monkeypatch.setattr(start, "look", lambda: (real_look()[0], TESTS))
    return asked


def stopped(capsys, function, *arguments):
    """Call the function, which has to stop with one sentence; return that sentence and the exit code."""
    with pytest.raises(SystemExit) as stop:
        function(*arguments)
    sentence = capsys.readouterr().err
    assert sentence.endswith(".\n") and sentence.count("\n") == 1, sentence
    return sentence, stop.value.code


def test_an_old_python_can_read_the_file_and_says_what_is_needed(start, monkeypatch, capsys):
    tree = ast.parse(SOURCE, feature_version=(3, 6))
    annotations = [
        a for node in ast.walk(tree) for a in (getattr(node, "annotation", None), getattr(node, "returns", None))
    ]
    assert all(a is None or isinstance(a, ast.Name | ast.Constant) for a in annotations), "evaluated on old Pythons"
    monkeypatch.setattr(start.sys, "version_info", (3, 6, 9))
    sentence, code = stopped(capsys, start.main, [])
    assert "needs Python 3.11 or newer" in sentence and "this is Python 3.6" in sentence and code == 2


def test_only_the_standard_library_is_imported():
    imported = [node for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in imported if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in imported if isinstance(node, ast.ImportFrom)}
    assert names <= sys.stdlib_module_names


def test_the_oldest_python_is_the_one_that_pyproject_declares(start):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">={}.{}".format(*start.OLDEST_PYTHON)


@pytest.mark.parametrize(
    ("case", "version", "modules", "change", "testing", "step"),
    [
        ("no environment", [], [], None, False, "make"),
        ("an environment of an old Python", [3, 9], LESSONS, {}, False, "make"),
        ("the folder was moved", VERSION, LESSONS, {"folder": "elsewhere"}, False, "make"),
        ("its Python was replaced", VERSION, LESSONS, {"python": [3, 10]}, False, "make"),
        ("nothing was finished", VERSION, [], None, False, "install"),
        ("pyproject.toml has changed", VERSION, LESSONS, {"pyproject": "old"}, False, "install"),
        ("a package was removed", VERSION, LESSONS[:1], {}, False, "install"),
        ("the test tools are wanted too", VERSION, LESSONS, {}, True, "install"),
        ("a test tool was removed", VERSION, LESSONS, {"tests": True}, True, "install"),
        ("a stamp without sense", VERSION, LESSONS, {"surprise": 1}, False, "install"),
        ("all is well", VERSION, LESSONS, {}, False, "keep"),
        ("all is well, with test tools", VERSION, TESTS, {"tests": True}, True, "keep"),
        ("more is there than needed", VERSION, TESTS, {"tests": True}, False, "keep"),
    ],
)
def test_next_step(start, case, version, modules, change, testing, step):
    stamp = {} if change is None else {**start.expected_stamp(VERSION, False), **change}
    assert start.next_step(version, modules, stamp, testing) == step, case


def test_a_second_start_installs_nothing(start, installs):
    start.prepare(False)
    start.prepare(False)
    assert installs == [False]
    start.prepare(True)
    start.prepare(False)
    start.prepare(True)
    assert installs == [False, True]


def test_a_change_of_the_dependencies_installs_again_and_a_tools_setting_does_not(start, installs):
    path = start.FOLDER / "pyproject.toml"
    start.prepare(False)
    path.write_text(f"{path.read_text(encoding='utf-8')}\n[tool.mine]\nset = 1\n", encoding="utf-8")
    start.prepare(False)
    assert installs == [False]
    path.write_text(path.read_text(encoding="utf-8").replace("numpy>=", "numpy>"), encoding="utf-8")
    start.prepare(False)
    start.prepare(False)
    assert installs == [False, False]


def test_an_environment_whose_python_has_gone_is_made_again(start, installs, capfd):
    start.prepare(False)
    for program in start.PYTHON.parent.glob("python*"):
        program.unlink()
    start.prepare(False)
    assert start.look()[0] == VERSION and installs == [False, False]
    assert "making it again" in capfd.readouterr().out


def test_a_half_made_environment_is_made_again(start, installs):
    (start.ENVIRONMENT / "lib" / "site-packages").mkdir(parents=True)
    start.prepare(False)
    assert start.look()[0] == VERSION and installs == [False]


def test_an_environment_of_the_user_is_used_not_replaced(start, installs):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], check=True)
    (start.ENVIRONMENT / "mine.txt").write_text("keep me", encoding="utf-8")
    start.prepare(False)
    assert (start.ENVIRONMENT / "mine.txt").exists() and installs == [False]


def test_a_folder_that_is_no_environment_is_left_alone(start, installs, capsys):
    start.ENVIRONMENT.mkdir()
    (start.ENVIRONMENT / "mine.txt").write_text("keep me", encoding="utf-8")
    sentence, code = stopped(capsys, start.prepare, False)
    assert "rename it" in sentence and code == 2
    assert (start.ENVIRONMENT / "mine.txt").exists() and installs == []


def test_an_interrupted_installation_is_taken_up_again(start, installs, monkeypatch):
    def interrupted(testing):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(start, "install", interrupted)
        with pytest.raises(KeyboardInterrupt):
            start.prepare(False)
    assert not start.STAMP.exists()
    start.prepare(False)
    assert installs == [False] and start.STAMP.exists()


ONE_OF_TWO = """
import start, sys, time
look = start.look
start.look = lambda: (look()[0], start.MODULES)

def install(testing):
    print("installs", flush=True)
    while not (start.FOLDER / "go").exists():
        time.sleep(0.05)

start.install = install
start.prepare(False)
"""


def test_a_second_start_at_the_same_time_waits_for_the_first_and_installs_nothing(start, tmp_path):
    def begin():
        command = [sys.executable, "-c", ONE_OF_TWO]
        return subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True)

    first = begin()
    while "installs" not in first.stdout.readline():
        assert first.poll() is None
    second = begin()
    said = second.stdout.readline()
    (tmp_path / "go").touch()
    rest = second.communicate(timeout=60)[0]
    assert "waiting for it" in said and rest == "" and [first.wait(60), second.returncode] == [0, 0]


def test_a_folder_in_which_nothing_can_be_locked_is_no_reason_to_stop(start, installs):
    start.LOCK.mkdir()  # can't be opened, as no file can in a folder that can't be written to
    start.prepare(False)
    assert installs == [False] and start.STAMP.exists()


def test_a_package_that_was_half_installed_is_installed_anew(start, monkeypatch, tmp_path):
    start.make_environment()
    half, whole = start.ENVIRONMENT / "lib" / "half-1.dist-info", start.ENVIRONMENT / "lib" / "whole-1.dist-info"
    for folder in (half, whole):
        folder.mkdir(parents=True)
        (folder / "METADATA").touch()
    (whole / "INSTALLER").touch()
    monkeypatch.setattr(start, "pip_command", lambda: [sys.executable, "-c", "pass"])
    start.install(False)
    assert whole.exists() and not half.exists()


def test_a_failed_installation_passes_pips_exit_code_and_leaves_no_stamp(start, monkeypatch, capsys):
    start.make_environment()
    start.STAMP.write_text(json.dumps(start.expected_stamp(VERSION, False)), encoding="utf-8")
    monkeypatch.setattr(start, "pip_command", lambda: [sys.executable, "-c", "raise SystemExit(7)"])
    capsys.readouterr()
    sentence, code = stopped(capsys, start.install, True)
    assert "did not finish" in sentence and code == 7 and not start.STAMP.exists()


@pytest.mark.parametrize(("testing", "project"), [(False, "."), (True, ".[test,grading]")])
def test_pip_is_asked_for_the_project_in_editable_form(start, monkeypatch, tmp_path, testing, project):
    start.make_environment()
    note = "import json, os, sys; json.dump([sys.argv[1:], os.environ['PIP_USER']], open('asked.json', 'w'))"
    monkeypatch.setattr(start, "pip_command", lambda: [sys.executable, "-c", note])
    monkeypatch.setenv("PIP_USER", "1")
    start.install(testing)
    arguments, user = json.loads((tmp_path / "asked.json").read_text())
    assert arguments == ["install", "--disable-pip-version-check", "--editable", project] and user == "0"


def test_the_environment_finds_the_project_in_a_folder_of_any_name(start, monkeypatch, tmp_path):
    (tmp_path / "lstm_teach").mkdir()
    start.make_environment()
    link = "import sys; from pathlib import Path; (Path(sys.path[-1]) / '_editable_impl_lstm_teach.pth').write_bytes("
    pip = [str(start.PYTHON), "-c", link + "'\\xdcbung \\u039b'.encode())"]
    monkeypatch.setattr(start, "pip_command", lambda: pip)
    start.install(False)
    assert start.look() == (VERSION, ["lstm_teach"])


def test_pip_of_the_outer_python_serves_where_there_is_no_ensurepip(start, monkeypatch, capsys):
    python = str(start.PYTHON)
    working = []
    monkeypatch.setattr(start, "output_of", lambda command: "yes" if command[:5] in working else "")
    sentence, code = stopped(capsys, start.pip_command)
    assert "python3-venv" in sentence and code == 2
    working.append([sys.executable, "-m", "pip", "--python", python])
    assert start.pip_command() == [sys.executable, "-m", "pip", "--python", python]
    working.append([python, "-m", "ensurepip", "--upgrade", "--default-pip"])
    assert start.pip_command() == [python, "-m", "pip"]


def test_arguments_are_passed_on(start, monkeypatch):
    prepared = []
    monkeypatch.setattr(start, "prepare", prepared.append)
    monkeypatch.setattr(start, "replace_by", lambda command: command)
    command = start.main(["test", "-k", "a b", "--help"])
    assert command[:3] == [str(start.PYTHON), "-m", "pytest"] and command[-3:] == ["-k", "a b", "--help"]
    assert prepared == [True]
    command = start.main(["--no-browser", "--port=9000"])
    assert command[1:3] == ["-m", "jupyterlab"] and command[-2:] == ["--no-browser", "--port=9000"]
    assert prepared == [True, False]
    assert f"--ServerApp.root_dir={start.FOLDER}" in command
    assert "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb" in command


@pytest.mark.parametrize("own", ["", "mine"])
def test_jupyterlab_gets_the_projects_settings_after_the_users_own(start, monkeypatch, own):
    monkeypatch.setattr(start, "prepare", lambda testing: None)
    monkeypatch.setattr(start, "replace_by", lambda command: 0)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", own)
    monkeypatch.setenv("PYTHONSTARTUP", own)
    start.main(["--no-browser"])
    assert start.os.environ["JUPYTER_CONFIG_PATH"].split(os.pathsep) == [*filter(None, [own]), str(start.SETTINGS)]
    assert start.os.environ["PYTHONSTARTUP"] == (own or str(start.SETTINGS / "first_cell.py"))


def test_the_projects_settings_leave_out_news_and_every_part_of_nbgrader():
    """What these files mean to a real JupyterLab is tested in tests/browser."""
    folder = ROOT / "settings"
    settings = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in folder.rglob("*.json")}
    news = {"fetchNews": "false", "checkForUpdates": False}
    assert settings["default_setting_overrides"] == {"@jupyterlab/apputils-extension:notification": news}
    assert settings["page_config"] == {"disabledExtensions": {"@jupyter/nbgrader": True}}
    installed = Path(sys.prefix) / "etc" / "jupyter" / "jupyter_server_config.d" / "nbgrader.json"
    if not installed.is_file():
        pytest.skip("nbgrader is not installed")
    parts = json.loads(installed.read_text(encoding="utf-8"))["ServerApp"]["jpserver_extensions"]
    assert settings["jupyter_server_config"]["ServerApp"]["jpserver_extensions"] == dict.fromkeys(parts, False)


@pytest.mark.parametrize("user", [0, 1000])
def test_root_is_allowed_only_where_we_are_root(start, monkeypatch, user):
    monkeypatch.setattr(start.os, "geteuid", lambda: user, raising=False)
    assert ("--allow-root" in start.lab_options()) == (user == 0)


def test_an_unknown_word_is_answered_with_a_sentence(start, capsys):
    sentence, code = stopped(capsys, start.main, ["tets"])
    assert "'tets'" in sentence and "--help" in sentence and code == 2


def test_help_is_printed_without_installing_anything(tmp_path):
    done = subprocess.run(
        [sys.executable, shutil.copy(ROOT / "start.py", tmp_path), "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0 and "python3 start.py test" in done.stdout and "py start.py" in done.stdout
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("system", ["posix", "nt"])
def test_the_exit_code_of_the_last_program_counts(system):
    program = (
        f"import os, sys; sys.path.insert(0, {str(ROOT)!r}); import start; os.name = {system!r}; "
        "sys.exit(start.replace_by([sys.executable, '-c', 'raise SystemExit(9)']))"
    )
    if system == "posix" != os.name:
        pytest.skip("this system cannot replace a running program")
    assert subprocess.run([sys.executable, "-B", "-c", program]).returncode == 9


def test_ctrl_c_ends_with_a_sentence_not_with_a_traceback(tmp_path):
    for name in ("start.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    program = (
        "import runpy, subprocess\n"
        "def interrupted(*arguments, **options): raise KeyboardInterrupt\n"
        "subprocess.call = interrupted\n"
        f"runpy.run_path({str(tmp_path / 'start.py')!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 130 and "Stopped." in done.stderr and "Traceback" not in done.stderr
