"""Make docs/overview.png, the picture in the README: the cell that runs both ways, in a real JupyterLab.

    .venv/bin/python docs/make_overview.py

Needs the test tools and an installed Chromium, as the browser tests do.
"""

import sys
import tempfile
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from lab import open_notebook, run_all, start_chromium, start_lab  # noqa: E402

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
CODE = 'from lstm_teach.explorers.two_way import two_way\n\ntwo_way(steps=2, start="c[0]")'


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        notebook = new_notebook(cells=[new_code_cell(CODE)], metadata=KERNEL)
        nbformat.write(notebook, Path(folder) / "overview.ipynb")
        with start_lab(folder, windowing="none") as lab, start_chromium() as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 900}, device_scale_factor=1.5)
            open_notebook(page, lab, "overview.ipynb")
            run_all(page)
            explorer = page.locator(".lt-explorer").first
            explorer.scroll_into_view_if_needed()
            page.wait_for_function("document.querySelector('img.lt-picture')?.naturalWidth > 1200")  # for this screen
            explorer.screenshot(path=ROOT / "docs" / "overview.png")


if __name__ == "__main__":
    main()
