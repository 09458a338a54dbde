"""Make docs/overview.png, the picture in the README: the explorer of lesson 01 in a real JupyterLab.

    .venv/bin/python docs/make_overview.py

Needs the test tools and an installed Chromium, as the browser tests do.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from lab import open_notebook, run_all, start_chromium, start_lab  # noqa: E402


def main() -> None:
    with start_lab(ROOT / "notebooks", windowing="none") as lab, start_chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900}, device_scale_factor=1.5)
        open_notebook(page, lab, "01_forward_pass.ipynb")
        run_all(page)
        page.locator(".lt-explorer").first.scroll_into_view_if_needed()
        page.wait_for_function("document.querySelector('img.lt-picture')?.naturalWidth > 1200")  # drawn for this screen
        page.locator(".lt-explorer").first.screenshot(path=ROOT / "docs" / "overview.png")


if __name__ == "__main__":
    main()
