"""How the site is built: what it takes, what it refuses, and what it makes of a lesson. The browser tests use it."""

import http.client
import importlib.util
import json
import re
import subprocess
import sys
import tomllib

import nbformat
import pytest
from packaging.requirements import Requirement
from projectfiles import ROOT

SITE = ROOT / "site"


def load(name):
    spec = importlib.util.spec_from_file_location(f"site_{name}", SITE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


build = load("build")
BROWSER = tomllib.loads((SITE / "browser.toml").read_text(encoding="utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture
def workshop(tmp_path, monkeypatch):
    """A build that writes to a folder of its own, and makes nothing yet."""
    for name in ("WORK", "FILES", "APP", "PAGES"):
        monkeypatch.setattr(build, name, tmp_path / "work" / ("" if name == "WORK" else name.lower()))
    monkeypatch.setattr(build, "LOG", tmp_path / "work" / "log.txt")
    monkeypatch.setattr(build, "DIST", tmp_path / "dist")
    monkeypatch.setattr(build, "tools", lambda: None)
    monkeypatch.setattr(build, "app", lambda files: True)
    monkeypatch.setattr(build, "pages", lambda: True)
    return tmp_path


# ------------------------------------------------------------------------------------------ what it takes


def test_every_file_for_the_browser_has_its_hash():
    hashes = [*BROWSER["core"].values(), *(p["sha256"] for p in BROWSER["packages"].values())]
    assert len(hashes) > 30 and all(re.fullmatch(r"[0-9a-f]{64}", each) for each in hashes)


def test_every_package_for_the_browser_finds_there_what_it_needs(tmp_path):
    names = ["lstm_teach", *(name.replace("-", "_") for name in build.KERNEL)]
    wheels = [tmp_path / f"{name}-1.2-py3-none-any.whl" for name in names]
    for wheel in wheels:
        wheel.write_bytes(b"")
    packages = build.lock(wheels[0], wheels[1:])["packages"]
    assert packages["pyodide-kernel"]["imports"] == ["pyodide_kernel"] and packages["lstm-teach"]["version"] == "1.2"
    for name, package in packages.items():
        assert set(package["depends"]) <= set(packages), name
    loaded = json.loads((SITE / "lite" / "jupyter-lite.json").read_text(encoding="utf-8"))
    settings = loaded["jupyter-config-data"]["litePluginSettings"]["@jupyterlite/pyodide-kernel-extension:kernel"]
    assert set(settings["loadPyodideOptions"]["packages"]) <= set(packages)
    assert settings["disablePyPIFallback"] is True


@pytest.mark.parametrize("line", PROJECT["dependencies"])
def test_the_browser_has_a_version_that_the_project_supports_of_all_that_it_needs(line):
    needed = Requirement(line)
    if needed.marker is None or needed.marker.evaluate({"sys_platform": "emscripten"}):
        assert BROWSER["packages"][needed.name]["version"] in needed.specifier


def test_what_builds_it_is_pinned_with_hashes():
    text = (SITE / "requirements.txt").read_text(encoding="utf-8")
    pinned = re.findall(r"^([a-z0-9-]+)==\S+(?: ; [^\\\n]+)? \\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert len(pinned) == len(re.findall(r"^[^\s#]", text, re.MULTILINE))
    wanted = [line for line in (SITE / "requirements.in").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    assert {Requirement(line).name for line in wanted} <= set(pinned)


# ------------------------------------------------------------------------------------------ what it refuses


@pytest.fixture
def offered(workshop, monkeypatch):
    """A folder with the two files that are wanted, and a browser.toml that names them."""
    folder = workshop / "offered"
    folder.mkdir()
    (folder / "python.wasm").write_bytes(b"a program")
    (folder / "numpy.whl").write_bytes(b"a wheel")
    core, wheel = (build.sha256(folder / name) for name in ("python.wasm", "numpy.whl"))
    listed = f'[core]\n"python.wasm" = "{core}"\n[packages.numpy]\nfrom = "pyodide"\nversion = "1"\n'
    (workshop / "browser.toml").write_text(f'{listed}file = "numpy.whl"\nsha256 = "{wheel}"\n', encoding="utf-8")
    monkeypatch.setattr(build, "BROWSER", workshop / "browser.toml")
    monkeypatch.setattr(build, "put_together", lambda: (workshop / "dist").mkdir())
    return folder


@pytest.mark.parametrize("as_address", [False, True])
def test_files_are_taken_from_a_folder_or_an_address(offered, workshop, as_address, capsys):
    assert build.main(["--files", offered.as_uri() if as_address else str(offered)]) == 0
    assert (workshop / "work" / "files" / "numpy.whl").read_bytes() == b"a wheel"
    assert "site/dist is built" in capsys.readouterr().out


def test_a_damaged_file_from_an_earlier_build_is_taken_again(offered, workshop):
    build.main(["--files", str(offered)])
    (workshop / "work" / "files" / "numpy.whl").write_bytes(b"half a wh")
    assert build.gather(str(offered))["numpy.whl"].read_bytes() == b"a wheel"


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("as_address", [False, True])
@pytest.mark.parametrize("fault", ["changed", "missing", "nothing there"])
def test_what_is_wrong_is_told_in_one_sentence_and_nothing_half_built_is_left(
    offered, workshop, old, as_address, fault, capsys
):
    if old:
        (workshop / "dist").mkdir()
    if fault == "changed":
        (offered / "numpy.whl").write_bytes(b"something else")
    else:
        (offered / "numpy.whl").unlink()
    if fault == "nothing there":
        (offered / "python.wasm").unlink()
        offered.rmdir()
    assert build.main(["--files", offered.as_uri() if as_address else str(offered)]) == 2
    said = capsys.readouterr().err
    problem = {
        "changed": r"numpy\.whl is not the file that browser\.toml names: its sha256 differs\.",
        "missing": r"numpy\.whl can't be fetched from \S+: .+\.",
        "nothing there": r"python\.wasm can't be fetched from \S+: .+\.",
    }[fault]
    end = "The site stays as it was." if old else "Nothing was built."
    assert re.fullmatch(rf"{problem} {end}\n", said), said
    assert (workshop / "dist").exists() == old
    assert not (workshop / "work" / "files" / "numpy.whl").exists()


def test_a_program_that_fails_is_told_in_one_sentence_and_its_words_are_kept(workshop, monkeypatch, capsys):
    monkeypatch.setattr(build, "PYTHON", sys.executable)
    monkeypatch.setattr(build, "gather", lambda place: build.run([sys.executable, "-c", "1 / 0"], "It did not work"))
    assert build.main([]) == 2
    assert capsys.readouterr().err == "It did not work; site/.build/log.txt says why. Nothing was built.\n"
    assert "ZeroDivisionError" in build.LOG.read_text(encoding="utf-8")


@pytest.mark.parametrize("found", [True, False])
def test_without_the_scripts_that_draw_the_explorers_the_build_stops(tmp_path, found):
    kernel = dict.fromkeys(("pyodideUrl", "loadPyodideOptions", "pipliteUrls"))
    plugins = {"litePluginSettings": {"@jupyterlite/pyodide-kernel-extension:kernel": kernel}}
    (tmp_path / "jupyter-lite.json").write_text(json.dumps({"jupyter-config-data": plugins}), encoding="utf-8")
    (tmp_path / "lab").mkdir()
    page = tmp_path / "lab" / "index.html"
    page.write_text(f"<head>{build.TITLE}</head>", encoding="utf-8")
    if found:
        scripts = tmp_path / "extensions" / "@jupyter-widgets" / "jupyterlab-manager" / "static"
        scripts.mkdir(parents=True)
        (scripts / "345.ab12.js").write_text("", encoding="utf-8")
        build.finish(tmp_path)
        assert "static/345.ab12.js" in page.read_text(encoding="utf-8")
    else:
        with pytest.raises(build.Stop, match=r"^JupyterLite built something other than this expects"):
            build.finish(tmp_path)


# ------------------------------------------------------------------------------------------ what it makes


def test_a_lesson_in_the_browser_is_the_same_but_for_its_kernel_and_a_word_at_its_top():
    path = ROOT / "notebooks" / "00_start_here.ipynb"
    before = nbformat.read(path, as_version=4)
    after = nbformat.reads(build.for_the_browser(path), as_version=4)
    nbformat.validate(after)
    assert after.metadata.kernelspec.name == after.metadata.language_info.name == "python"
    assert [cell.id for cell in after.cells] == [cell.id for cell in before.cells]
    changed = [b.id for a, b in zip(before.cells, after.cells, strict=True) if a.source != b.source]
    assert changed == [before.cells[0].id]
    added = after.cells[0].source.removeprefix(before.cells[0].source)
    assert "press the stop button" in added and "File > Download" in added


def test_what_a_lesson_or_page_is_made_of_changes_its_key(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "ROOT", tmp_path)
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("1", encoding="utf-8")
    other.write_text("2", encoding="utf-8")
    keys = {build.key([one, other]), build.key([one]), build.key([one], ["more"])}
    one.write_text("3", encoding="utf-8")
    assert len(keys | {build.key([one])}) == 4
    assert build.key([one, other]) == build.key([other, one])


def test_the_start_page_leads_to_every_lesson_and_its_links_are_files_of_the_site():
    page = build.start_page()
    assert "<!--" not in page and page.count("<h1") == 1
    targets = re.findall(r'(?:href|src)="(?!data:)([^"]+)"', page)
    opened = {target.split("?path=")[1] for target in targets if "?path=" in target}
    listed = {path.relative_to(ROOT).as_posix() for path in build.lessons() if path.suffix == ".ipynb"}
    assert opened == {path for path in listed if "/deeper/" not in path}
    read = {target.removeprefix("read/").removesuffix(".html") for target in targets if target.startswith("read/")}
    assert read == {path.stem for path in build.pages_of()}
    rest = {target for target in targets if "?path=" not in target and not target.startswith("read/")}
    assert rest == {"overview.png", "page.css"}
    assert not re.search(r'alt=""', page) and "https://" not in page


# ------------------------------------------------------------------------------------------ showing it


@pytest.fixture(params=["/lessons", "lessons/"])
def served(request, tmp_path):
    """A small site, served below a path: its port."""
    (tmp_path / "index.html").write_text("hello", encoding="utf-8")
    (tmp_path / "pyodide.mjs").write_text("", encoding="utf-8")
    command = [sys.executable, str(SITE / "serve.py"), "--port=0", f"--folder={tmp_path}", f"--under={request.param}"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield int(re.search(r":(\d+)/lessons/", server.stdout.readline())[1])
    finally:
        server.terminate()
        server.wait(10)


def test_the_site_is_served_below_a_path_with_types_that_a_browser_accepts(served):
    found = {}
    for path in (
        "/lessons",
        "/lessons/",
        "/lessons/pyodide.mjs",
        "/lessonsindex.html",
        "/index.html",
        "/lessons/../serve.py",
    ):
        connection = http.client.HTTPConnection("127.0.0.1", served, timeout=10)
        connection.request("GET", path)
        answer = connection.getresponse()
        found[path] = answer.status, answer.getheader("Content-Type")
        connection.close()
    assert found["/lessons/"][0] == 200 and found["/lessons/pyodide.mjs"] == (200, "text/javascript")
    assert found["/lessons"][0] == 301  # to the same with a slash
    assert {found[path][0] for path in ("/index.html", "/lessonsindex.html", "/lessons/../serve.py")} == {404}


def test_without_a_site_the_server_says_how_to_make_one(tmp_path):
    command = [sys.executable, str(SITE / "serve.py"), f"--folder={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and "make it with python site/build.py" in done.stderr and done.stdout == ""
