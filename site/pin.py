"""Write browser.toml: which files the site gives to Python in the browser, and their hashes. For a change of versions.

    python site/pin.py              needs npm and pip; then read the difference, build, and run the browser tests

The hashes of Pyodide's own files come from npm's package `pyodide`, those of the wheels that it has built from the lock
file in there, and those of the others from PyPI.
"""

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PYODIDE = "314.0.3"
CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
BUILT = (  # without two that matplotlib names: fonttools is for PDF files alone, pytz for nothing any more
    *("contourpy", "cycler", "kiwisolver", "matplotlib", "micropip", "numpy", "packaging", "pillow", "pyparsing"),
    *("python-dateutil", "six", "typing-extensions"),
)
# What each needs in the browser; its front ends (jupyterlab-widgets, widgetsnbextension) are part of the page there.
FROM_PYPI = {
    "anywidget==0.11.0": ["ipywidgets", "psygnal", "typing-extensions"],
    "asttokens==3.0.1": [],
    "comm==0.2.3": [],
    "decorator==5.3.1": [],
    "executing==2.3.0": [],
    "ipython-pygments-lexers==1.1.1": ["pygments"],
    "ipython==9.12.0": [
        *("decorator", "ipython-pygments-lexers", "jedi", "matplotlib-inline", "prompt-toolkit", "pygments"),
        *("stack-data", "traitlets"),
    ],
    "ipywidgets==8.1.9": ["comm", "ipython", "traitlets"],
    "jedi==0.19.2": ["parso"],
    "matplotlib-inline==0.2.2": ["traitlets"],
    "parso==0.8.7": [],
    "prompt-toolkit==3.0.52": ["wcwidth"],
    "psygnal==0.16.1": [],
    "pure-eval==0.2.4": [],
    "pygments==2.21.0": [],
    "stack-data==0.6.3": ["asttokens", "executing", "pure-eval"],
    "tqdm==4.67.3": [],
    "traitlets==5.14.3": [],
    "wcwidth==0.9.4": [],
}
HEAD = f"""\
# Made by pin.py. Everything that Python in the browser is given, by its hash; the build takes no other file.
#
# [core] and the packages from "pyodide" are those of Pyodide {PYODIDE}: npm's package `pyodide` of that version holds
# the first, and its lock file gives the hashes of the others. Whoever serves them, they are what its makers built.
"""


def main() -> None:
    """Make the file anew."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        subprocess.run(["npm", "pack", "--silent", f"pyodide@{PYODIDE}"], cwd=folder, check=True)
        with tarfile.open(folder / f"pyodide-{PYODIDE}.tgz") as packed:
            read = {name: packed.extractfile(f"package/{name}").read() for name in (*CORE, "pyodide-lock.json")}
        lock = json.loads(read["pyodide-lock.json"])
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
        any_browser = ["--python-version", lock["info"]["python"], "--platform", "any", "--only-binary=:all:"]
        subprocess.run([*pip, *any_browser, *FROM_PYPI], check=True)
        wheels = {path.name.split("-")[0].lower().replace("_", "-"): path for path in folder.glob("*.whl")}
        lines = [HEAD, "[info]", *(f'{key} = "{value}"' for key, value in lock["info"].items()), "", "[core]"]
        lines += [f'"{name}" = "{hashlib.sha256(read[name]).hexdigest()}"' for name in CORE]
        for name in BUILT:
            e = lock["packages"][name]
            depends = [each for each in e["depends"] if each in BUILT]
            lines += package(name, "pyodide", e["version"], e["file_name"], e["sha256"], depends, e["imports"])
        for wanted, depends in FROM_PYPI.items():
            name, version = wanted.split("==")
            wheel = wheels[name]
            imports = [{"ipython": "IPython"}.get(name, name.replace("-", "_"))]
            hashed = hashlib.sha256(wheel.read_bytes()).hexdigest()
            lines += package(name, "pypi", version, wheel.name, hashed, depends, imports)
    (HERE / "browser.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def package(name: str, source: str, version: str, file: str, sha256: str, depends: list, imports: list) -> list[str]:
    """A package's lines in the file."""
    values = {"from": source, "version": version, "file": file, "sha256": sha256, "depends": depends}
    values["imports"] = imports
    return ["", f"[packages.{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]


if __name__ == "__main__":
    main()
