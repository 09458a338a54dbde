"""How good is the doctor? A table over faulty backward passes in many styles of writing.

Run from the repository's root:  python benchmarks/doctor_quality.py [tuning|held_out|both] [--singles N] [--many N]
`tuning` are the styles that were looked at while the doctor was written, `held_out` those that were not.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import lstm_teach as lt
from tests.doctor_cases.faults import Faulty, combinations, load, singles, styles


def examine(case: Faulty, number: int) -> dict:
    """Diagnose one case and compare with what is known of it."""
    function = load(case.text, case.name, f"<case {number}>")
    wall, computing = time.perf_counter(), time.process_time()
    diagnosis = lt.diagnose(function, progress=False)
    wall, computing = time.perf_counter() - wall, time.process_time() - computing
    named = [f.line for f in diagnosis.findings if f.line]
    return {
        "style": case.style,
        "kinds": case.kinds,
        "faults": len(case.lines),
        "flagged": not diagnosis.passed,
        "first": bool(named) and any(named[0] in lines for lines in case.lines),
        "all": all(any(line in lines for line in named) for lines in case.lines),
        "proved": diagnosis.repaired_source is not None,
        "lines": [sorted(lines) for lines in case.lines],
        "named": named,
        "tried": diagnosis.tried,
        "computing": computing,
        "wall": wall,
    }


def table(rows: list[dict]) -> str:
    """Aligned text: one row for singles, one for combinations."""
    head = (
        f"{'faults':<10}{'cases':>6}{'flagged':>9}{'first line':>12}{'all lines':>11}{'proved':>8}"
        f"{'median s':>10}{'p95 s':>8}{'worst s':>9}"
    )
    lines = [head]
    for label, chosen in (
        ("single", [r for r in rows if r["faults"] == 1]),
        ("2 to 4", [r for r in rows if r["faults"] > 1]),
    ):
        if not chosen:
            continue
        times = sorted(r["computing"] for r in chosen)

        def share(key: str, chosen: list[dict] = chosen) -> str:
            return f"{100 * sum(r[key] for r in chosen) / len(chosen):.0f} %"

        lines.append(
            f"{label:<10}{len(chosen):>6}{share('flagged'):>9}{share('first'):>12}{share('all'):>11}{share('proved'):>8}"
            f"{statistics.median(times):>10.1f}{times[int(0.95 * (len(times) - 1))]:>8.1f}{times[-1]:>9.1f}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default="both", choices=("tuning", "held_out", "both"))
    parser.add_argument("--singles", type=int, default=12, help="single faults for each style")
    parser.add_argument("--many", type=int, default=6, help="combinations of two to four for each style")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--style", help="this style only")
    parser.add_argument("--json", help="write every case to this file")
    options = parser.parse_args()
    everything = []
    for folder in ("tuning", "held_out") if options.folder == "both" else (options.folder,):
        right = 0
        for style, (text, name) in styles(folder).items():
            passed = lt.diagnose(load(text, name, f"<right {style}>"), progress=False).passed
            right += passed
            if not passed:
                print(f"FALSE ALARM: {style}")
        cases = singles(folder, options.singles, options.seed) + combinations(folder, options.many, options.seed)
        if options.style:
            cases = [case for case in cases if case.style == options.style]
        rows = []
        for number, case in enumerate(cases):
            rows.append(examine(case, number))
            r = rows[-1]
            if options.json:
                everything.append({**r, "text": case.text})
                with contextlib.suppress(OSError):
                    Path(options.json).write_text(json.dumps(everything))
            missed = "" if r["proved"] and r["first"] and r["all"] else "   <--"
            print(
                f"{case.style:<12} {', '.join(case.kinds):<50.50} lines {r['lines']} named {r['named']} "
                f"{'proved' if r['proved'] else 'not proved'} {r['computing']:.1f} s{missed}",
                flush=True,
            )
        print(
            f"\n{folder}: {right} of {len(styles(folder))} right passes passed; computing time in seconds\n"
            f"{table(rows)}\n"
        )


if __name__ == "__main__":
    main()
