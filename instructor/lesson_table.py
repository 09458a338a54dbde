"""Print what each lesson asks for: words, lines, blanks, predictions, explorers, run time, estimated minutes.

    python instructor/lesson_table.py             count
    python instructor/lesson_table.py --run       run each lesson too, from top to bottom in a fresh kernel, and time it

The minutes are an estimate by one formula for all lessons (see MINUTES), meant for comparing lessons and for planning a
class; they don't measure learners.
"""

import argparse
import re
import sys
import time
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that it runs without an installation

from lstm_teach.blanks import Lesson  # noqa: E402
from lstm_teach.explorers.shell import Explorer  # noqa: E402

NOTEBOOKS = ROOT / "notebooks"
# Minutes for one of each. Words are read at 200 a minute; folded answers and messages come on top of what is counted.
MINUTES = {"words": 1 / 200, "lines": 1 / 15, "blanks": 1.0, "predictions": 0.75, "explorers": 2.5}
JUDGE = re.compile(r"lesson\.judge\(\"(\w+)\"\)")
PREDICT = re.compile(r"lesson\.predict\(\"(\w+)\"\)")
IMPORT = re.compile(r"^from lstm_teach\.explorers\.\w+ import .+$", re.MULTILINE)
REPAIRED_LINES = {"03_flawed_backward": 7}  # lines of the posted loop that the learner repairs in place


def lessons() -> list[str]:
    """The names of the lessons, in order."""
    return sorted(path.stem for path in NOTEBOOKS.glob("0*.ipynb"))


def count(name: str) -> dict[str, int]:
    """What a lesson holds, on its main path: folded parts do not count as words."""
    cells = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    lesson = Lesson(name)
    return {
        "words": len(re.findall(r"[A-Za-z]+", re.sub(r"<details>.*?</details>", "", prose, flags=re.DOTALL))),
        "lines": sum(bool(line.strip()) for line in code.splitlines()),
        "blanks": sum(len(lesson.blank(group).names) for group in JUDGE.findall(code)) + REPAIRED_LINES.get(name, 0),
        "predictions": len(PREDICT.findall(code)),
        "explorers": explorers(code),
    }


def explorers(code: str) -> int:
    """How many explorers the cells show: calls of functions that return one, lists of lines or faults."""
    found: dict[str, object] = {}
    exec("\n".join(IMPORT.findall(code)), found)
    shown = [name for name, it in found.items() if getattr(it, "__annotations__", {}).get("return") is Explorer]
    shown += ["find_the_line", "fault_ladders"]
    return sum(len(re.findall(rf"\b{name}\(", code)) for name in shown)


def minutes(counted: dict[str, int]) -> float:
    """The estimate."""
    return sum(MINUTES[thing] * number for thing, number in counted.items())


def seconds_to_run(name: str) -> float:
    """Run the lesson, untouched, in a fresh kernel; the time from its first cell to its last."""
    from nbclient import NotebookClient

    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(NOTEBOOKS)}})
    client.extra_arguments = ["--log-level=ERROR"]  # no warning that the kernel's messages are not encrypted
    with client.setup_kernel():
        start = time.perf_counter()
        for number, cell in enumerate(notebook.cells):
            client.execute_cell(cell, number)
        return time.perf_counter() - start


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", action="store_true", help="run each lesson as well and time it")
    run = parser.parse_args().run
    head = "| lesson | words | lines of code | blanks | predictions | explorers | minutes |"
    print(head + " runs in, s |" * run)
    print("|---|" + "---:|" * (7 if run else 6))
    for name in lessons():
        counted = count(name)
        cells = [name, *map(str, counted.values()), f"{minutes(counted):.0f}"]
        print(f"| {' | '.join(cells)} |" + (f" {seconds_to_run(name):.1f} |" if run else ""), flush=True)


if __name__ == "__main__":
    main()
