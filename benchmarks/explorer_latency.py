"""How long an explorer takes to answer: from the press of an arrow key to the changed picture, in a real JupyterLab.

    python benchmarks/explorer_latency.py [--presses 40] [--check] [--site] [notebook ...]

Opens each notebook (all lessons unless given) in JupyterLab and Chromium, runs its cells, and presses arrow keys on
every slider of every explorer; with --site on the built site, where Python runs in the browser. Prints a table in
milliseconds; with --check ends with status 1 if one is too slow.
Other work on the machine makes the numbers worse, so each line says how much longer than alone a computation took
just before and after (1.0: the machine was quiet).
"""

import argparse
import os
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from lab import cell_errors, open_notebook, run_all, start_chromium, start_lab, start_site  # noqa: E402

# Median and 95th percentile of the milliseconds that an explorer may take, in JupyterLab and on the site.
IN_LAB, ON_SITE = (33, 70), (60, 100)

# Resolves to the time from the next key press until the frame that shows the picture for it has been painted. The
# values that the picture belongs to change when its bytes are in place; the frame after that paints it, and a message
# posted from that frame's callback arrives after the painting.
ANSWER = """([img, timeout]) => {
    window.lstmTeachAnswer = new Promise((resolve, reject) => {
        let start;
        const later = setTimeout(() => reject(new Error(`no new picture within ${timeout} ms`)), timeout);
        addEventListener('keydown', event => { start = event.timeStamp; }, { capture: true, once: true });
        const observer = new MutationObserver(() => {
            observer.disconnect();
            requestAnimationFrame(() => {
                if (!img.complete || !img.naturalWidth) reject(new Error('the picture was not ready in its frame'));
                const channel = new MessageChannel();
                channel.port1.onmessage = () => { clearTimeout(later); resolve(performance.now() - start); };
                channel.port2.postMessage(null);
            });
        });
        observer.observe(img, { attributeFilter: ['data-values'] });
    });
}"""


@dataclass
class Row:
    """The answers of one slider, in milliseconds."""

    explorer: str
    control: str
    times: list[float]
    slowdown: float
    limits: tuple[int, int] = IN_LAB

    @property
    def median(self) -> float:
        return median(self.times)

    @property
    def p95(self) -> float:
        return quantiles(self.times, n=20, method="inclusive")[-1]

    @property
    def fast_enough(self) -> bool:
        return self.median <= self.limits[0] and self.p95 <= self.limits[1]


def slowdown(seconds: float = 0.2) -> float:
    """How many times longer than on a processor of its own a computation takes now."""
    wall, own = time.perf_counter(), time.process_time()
    while time.process_time() - own < seconds:
        pass
    return (time.perf_counter() - wall) / seconds


def measure_slider(page, root, control, presses: int, timeout: int = 10_000) -> list[float]:
    """Press arrow keys on one slider of an explorer, back and forth; return the answers' times in milliseconds."""
    picture = root.locator("img.lt-picture").element_handle()
    handle = control.locator("[role=slider]")
    handle.focus()
    key, times = "ArrowRight", []
    for press in range(-3, presses):  # the first three warm up
        now, least, most = (float(handle.get_attribute(f"aria-value{k}")) for k in ("now", "min", "max"))
        if now >= most or now <= least:
            key = "ArrowLeft" if now >= most else "ArrowRight"
        page.evaluate(ANSWER, [picture, timeout])
        page.keyboard.press(key)
        answer = page.evaluate("window.lstmTeachAnswer")
        if press >= 0:
            times.append(answer)
        page.wait_for_timeout(random.uniform(40, 80))  # not in step with the screen's frames
    return times


def measure_page(page, presses: int, limits: tuple[int, int] = IN_LAB) -> list[Row]:
    """Measure every slider that can move on the page of an opened notebook whose cells have been run."""
    rows = []
    for root in page.locator(".lt-explorer").all():
        root.scroll_into_view_if_needed()
        root.locator("img.lt-picture[data-seq]").wait_for()
        page.wait_for_timeout(1000)  # until the picture has been drawn for the size of the page
        title = root.locator(".lt-title").inner_text()
        for control in root.locator(".widget-slider").all():
            handle = control.locator("[role=slider]")
            if handle.get_attribute("aria-valuemin") != handle.get_attribute("aria-valuemax"):
                before = slowdown()
                times = measure_slider(page, root, control, presses)
                label = control.locator(".widget-label").inner_text()
                rows.append(Row(title, label, times, (before + slowdown()) / 2, limits))
        root.locator(".lt-reset").click()
    return rows


def measure_notebooks(paths: list[Path], presses: int, site: bool) -> list[Row]:
    """Open each notebook in a JupyterLab of its own (or on the site), run it, and measure its sliders."""
    rows = []
    for path in paths:
        within = path.resolve().relative_to(ROOT).as_posix() if site else path.name
        with start_site() if site else start_lab(path.parent) as lab, start_chromium() as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 1100})
            open_notebook(page, lab, within)
            run_all(page)
            errors = cell_errors(page)
            if errors:
                raise RuntimeError(f"{path.name}: {'; '.join(errors)}")
            page.wait_for_timeout(8000)  # JupyterLab checks its build and its extensions after it has started
            rows += measure_page(page, presses, ON_SITE if site else IN_LAB)
    return rows


def table(rows: list[Row]) -> str:
    """Rows as text."""
    names = [f"{row.explorer}: {row.control}" for row in rows]
    width = max(map(len, names), default=0)
    lines = [f"{'explorer: slider':{width}}  median  p95  max  slowdown"]
    for name, row in zip(names, rows, strict=True):
        verdict = "" if row.fast_enough else f"  slower than {row.limits[0]} / {row.limits[1]}"
        lines.append(
            f"{name:{width}}  {row.median:6.0f} {row.p95:4.0f} {max(row.times):4.0f} {row.slowdown:9.1f}{verdict}"
        )
    return "\n".join(lines)


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: notebooks/0*.ipynb")
    parser.add_argument("--presses", type=int, default=40, help="key presses a slider (default: 40)")
    parser.add_argument("--check", action="store_true", help="end with status 1 if a slider is too slow")
    parser.add_argument("--site", action="store_true", help="on the built site (site/build.py)")
    arguments = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    notebooks = arguments.notebooks or sorted((ROOT / "notebooks").glob("0*.ipynb"))
    rows = measure_notebooks(notebooks, arguments.presses, arguments.site)
    print(f"{arguments.presses} key presses a slider, milliseconds until the changed picture is painted")
    print(table(rows))
    if arguments.check and not all(row.fast_enough for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
