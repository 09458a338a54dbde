"""How good is the doctor? Tables over faulty backward passes in many styles of writing, and over right ones.

Run from the repository's root:  python benchmarks/doctor_quality.py [tuning|held_out|both|other_hands] [--quick]
`tuning` are the cases that were looked at while the doctor was written, `held_out` those that were not. `other_hands`
were written and broken by people who did not know the doctor.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import lstm_teach as lt
from tests.doctor_cases.faults import Faulty, by_hand, combinations, load, other_hands, singles, styles


def computing_time() -> float:
    """Seconds of work of this process and its children; unlike the clock it does not count what others do."""
    return sum(os.times()[:4])


def examine(case: Faulty, number: int) -> dict:
    """Diagnose one case and compare with what is known of it."""
    function = load(case.text, case.name, f"<case {number}>")
    wall, computing = time.perf_counter(), computing_time()
    diagnosis = lt.diagnose(function, progress=False)
    wall, computing = time.perf_counter() - wall, computing_time() - computing
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
    """Aligned text: a row for each style, then for single faults, several, those by hand, and all."""
    generated = [row for row in rows if row["kinds"][0] != "by hand"]
    hand = [row for row in rows if row["kinds"][0] == "by hand"]
    groups = {
        style: [r for r in generated if r["style"] == style] for style in dict.fromkeys(r["style"] for r in generated)
    }
    groups["single faults"] = [row for row in generated if row["faults"] == 1]
    groups["2 to 4 faults"] = [row for row in generated if row["faults"] > 1]
    groups["by hand, single"] = [row for row in hand if row["faults"] == 1]
    groups["by hand, several"] = [row for row in hand if row["faults"] > 1]
    groups["all"] = rows
    columns = f"{'cases':>6}{'flagged':>9}{'first line':>12}{'all lines':>11}{'proved':>8}"
    lines = [f"{'':<18}{columns}{'median s':>10}{'95 % s':>8}{'worst s':>9}"]
    for label, chosen in groups.items():
        if not chosen:
            continue
        shares = [sum(row[key] for row in chosen) / len(chosen) for key in ("flagged", "first", "all", "proved")]
        times = sorted(row["computing"] for row in chosen)
        text = "".join(f"{100 * share:>{width}.0f} %" for share, width in zip(shares, (7, 10, 9, 6), strict=True))
        late = times[int(0.95 * (len(times) - 1))]
        if label == "single faults":
            lines.append("")
        lines.append(f"{label:<18}{len(chosen):>6}{text}{statistics.median(times):>10.1f}{late:>8.1f}{times[-1]:>9.1f}")
    return "\n".join(lines)


def right_passes(folder: str) -> str:
    """One sentence on the right passes: none may be flagged."""
    flagged, times = [], []
    for style, (text, name) in styles(folder).items():
        start = computing_time()
        if not lt.diagnose(load(text, name, f"<right {style}>"), progress=False).passed:
            flagged.append(style)
        times.append(computing_time() - start)
    names = f" ({', '.join(flagged)})" if flagged else ""
    return f"right passes: {len(times)}, flagged: {len(flagged)}{names}, worst time {max(times):.1f} s"


def made_and_by_hand(folder: str, options: argparse.Namespace) -> list[Faulty]:
    """The cases of one of the two sets that were made for the doctor."""
    cases = singles(folder, options.singles, options.seed) + combinations(folder, options.many, options.seed)
    hand = [case for case, _ in by_hand(folder).values()]
    return cases + (hand[:: len(hand) // 4] if options.quick else hand)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", default="both", choices=("tuning", "held_out", "both", "other_hands"))
    parser.add_argument("--singles", type=int, default=6, help="single faults for each style")
    parser.add_argument("--many", type=int, default=3, help="combinations of two, three, four for each style")
    parser.add_argument("--quick", action="store_true", help="one single fault for each style, and four by hand")
    parser.add_argument("--sample", type=int, help="only so many of the cases, drawn at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--style", help="this style only")
    parser.add_argument("--json", type=Path, help="write every case to this file")
    parser.add_argument("--tables", action="store_true", help="print the tables only, not every case")
    options = parser.parse_args()
    if options.quick:
        options.singles, options.many = 1, 0
    everything = []
    for folder in ("tuning", "held_out") if options.folder == "both" else (options.folder,):
        cases = other_hands() if folder == "other_hands" else made_and_by_hand(folder, options)
        if options.style:
            cases = [case for case in cases if case.style == options.style]
        if options.sample:
            cases = random.Random(options.seed).sample(cases, min(options.sample, len(cases)))
        rows = []
        for number, case in enumerate(cases):
            row = examine(case, number)
            rows.append(row)
            if options.json:
                everything.append({**row, "text": case.text})
                options.json.write_text(json.dumps(everything))
            if not options.tables:
                missed = "" if row["proved"] and row["first"] and row["all"] else "   <--"
                proved = "proved" if row["proved"] else "not proved"
                print(
                    f"{case.style:<18} {', '.join(case.kinds):<40.40} lines {row['lines']} named {row['named']} "
                    f"{proved} {row['computing']:.1f} s{missed}",
                    flush=True,
                )
        print(f"\n{folder}; {right_passes(folder)}\nComputing time in seconds.\n\n{table(rows)}\n", flush=True)


if __name__ == "__main__":
    main()
