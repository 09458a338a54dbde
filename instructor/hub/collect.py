"""Collect an exercise from the homes of a class, for grade.py.

    sudo python3 instructor/hub/collect.py 01_forward_pass collected

Copies lessons/exercises/01_forward_pass.ipynb of every student into the folder collected, as NAME.ipynb, and says whose
is still as it was given out. Each file is read with its student's rights.
"""

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent), str(HERE)]

import homes  # noqa: E402
from start_hub import BASE  # noqa: E402

from start import stop  # noqa: E402


def main(arguments: list[str]) -> int:
    """Collect, and print a line for each student."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exercise", help="its name, such as 01_forward_pass")
    parser.add_argument("into", help="the folder to copy into; it should be new or empty")
    parser.add_argument("--base", default=BASE, help=f"where the class is kept (default: {BASE})")
    options = parser.parse_args(arguments)
    base, into = Path(options.base), Path(options.into)
    file = f"exercises/{options.exercise.removesuffix('.ipynb')}.ipynb"
    if not (base / "lessons" / file).is_file():
        stop(f"There is no exercise {options.exercise!r} in {base / 'lessons/exercises'}.")
    if into.exists() and any(into.iterdir()):
        stop(f"The folder {into} is not empty: collect into a new one.")
    into.mkdir(parents=True, exist_ok=True)
    given_out = (base / "lessons" / file).read_bytes()
    for name, teacher in homes.read_class((base / "class.txt").read_text(encoding="utf-8")).items():
        if teacher:
            print(f"{name:<24} not collected: a teacher")
            continue
        try:
            handed_in = homes.hand_in(name, file)
        except KeyError:
            print(f"{name:<24} no account yet: start the hub again")
            continue
        if handed_in is not None:
            (into / f"{name}.ipynb").write_bytes(handed_in)
        print(f"{name:<24} {({None: 'nothing', given_out: 'unchanged'}).get(handed_in, 'collected')}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
