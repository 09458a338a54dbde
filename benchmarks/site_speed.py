"""How long the built site takes: until the first lesson can be used, and for each lesson's Run All Cells.

    python benchmarks/site_speed.py [notebook ...]           first python site/build.py

Each notebook (all lessons unless given) is opened in a browser that has never seen the site, and a second time as by
somebody who comes back. Prints a table in seconds. Other work on the machine makes them longer, so each line says how
much longer than alone a computation took just before and after (1.0: the machine was quiet).
"""

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "browser"), str(Path(__file__).resolve().parent)]

from explorer_latency import slowdown  # noqa: E402
from lab import cell_errors, open_notebook, run_all, start_chromium, start_site  # noqa: E402


def measure(browser, site, path: str) -> str:
    """Open a notebook twice in a new profile and run it once; return its line of the table."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    try:
        before = slowdown()
        page, sizes = context.new_page(), []
        page.on("response", lambda answer: sizes.append(int(answer.headers.get("content-length", 0))))
        first = timed(lambda: open_notebook(page, site, path, timeout=180))
        run = timed(lambda: run_all(page, timeout=900))
        if errors := cell_errors(page):
            raise RuntimeError(f"{path}: {'; '.join(errors)}")
        after = slowdown()
        page.close()
        second = context.new_page()
        again = timed(lambda: open_notebook(second, site, path, timeout=180))
        busy = (before + after) / 2
        return f"{path:44}{first:5.1f}{run:9.1f}{again:13.1f}{sum(sizes) / 1e6:6.0f}{busy:10.1f}"
    finally:
        context.close()


def timed(action) -> float:
    """The seconds that it takes."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: notebooks/0*.ipynb")
    chosen = parser.parse_args().notebooks or sorted((ROOT / "notebooks").glob("0*.ipynb"))
    print(f"{'':44}ready  run all  ready again    MB  slowdown", flush=True)
    with start_site() as site, start_chromium() as browser:
        for path in chosen:
            print(measure(browser, site, path.resolve().relative_to(ROOT).as_posix()), flush=True)


if __name__ == "__main__":
    main()
