"""How good is the doctor? Tables over broken backward passes in many hands, and over right ones.

Run from the repository's root:  python benchmarks/doctor_quality.py [split ...] [--sample 60]
The splits are the files in benchmarks/doctor_cases; its README says how they were made.
"""

import argparse
import json
import os
import statistics
import sys
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import lstm_teach as lt
from benchmarks.doctor_corpus import SPLITS, cases, define, passes, sample


def computing_time() -> float:
    """Seconds of work of this process and its children; unlike the clock it does not count what others do."""
    return sum(os.times()[:4])


def examine(text: str, function: str, faults: Sequence[Collection[int]]) -> dict:
    """Diagnose a pass and compare with what is known of it: for each fault the lines that may be named."""
    backward, begun = define(text, function, "<examined>"), computing_time()
    diagnosis = lt.diagnose(backward, progress=False)
    computing = computing_time() - begun
    named = [f.line for f in diagnosis.findings if f.line]
    return {
        "faults": len(faults),
        "flagged": not diagnosis.passed,
        "first": any(named[0] in lines for lines in faults) if named else False,
        "all": all(any(line in lines for line in named) for lines in faults),
        "proved": diagnosis.repaired_source is not None,
        "lines": [sorted(lines) for lines in faults],
        "named": named,
        "ideas": [f.idea for f in diagnosis.findings if f.proved],
        "tried": diagnosis.tried,
        "computing": computing,
    }


def all_well(row: dict) -> bool:
    """Whether every fault was found, named and repaired."""
    return row["flagged"] and row["first"] and row["all"] and row["proved"]


def in_words(row: dict) -> str:
    """What was named, and whether the repair is proved."""
    proved = "proved" if row["proved"] else "not proved"
    return f"lines {row['lines']} named {row['named']} {proved} {row['computing']:.1f} s"


def table(rows: list[dict]) -> str:
    """Aligned text: a row for single faults, one for several, one for all."""
    groups = {
        "single faults": [row for row in rows if row["faults"] == 1],
        "2 to 4 faults": [row for row in rows if row["faults"] > 1],
        "all": rows,
    }
    columns = f"{'cases':>6}{'flagged':>9}{'first line':>12}{'all lines':>11}{'proved':>8}"
    lines = [f"{'':<14}{columns}{'median s':>10}{'95 % s':>8}{'worst s':>9}"]
    for label, chosen in groups.items():
        if not chosen:
            continue
        shares = [sum(row[key] for row in chosen) / len(chosen) for key in ("flagged", "first", "all", "proved")]
        times = sorted(row["computing"] for row in chosen)
        text = "".join(f"{100 * share:>{width}.0f} %" for share, width in zip(shares, (7, 10, 9, 6), strict=True))
        late = times[int(0.95 * (len(times) - 1))]
        lines.append(f"{label:<14}{len(chosen):>6}{text}{statistics.median(times):>10.1f}{late:>8.1f}{times[-1]:>9.1f}")
    return "\n".join(lines)


def kinds(rows: list[dict]) -> str:
    """How many proved faults each kind of mistake has, the most frequent first."""
    counted = Counter(idea for row in rows for idea in row["ideas"])
    return "\n".join(f"{count:>5}  {idea}" for idea, count in counted.most_common())


def right_passes(split: str, most: int | None) -> str:
    """One sentence on the right passes: none may be flagged."""
    flagged, times = [], []
    for name, (text, function) in list(passes(split).items())[:most]:
        if name == "the_question":
            continue
        begun = computing_time()
        if not lt.diagnose(define(text, function, f"<right {name}>"), progress=False).passed:
            flagged.append(name)
        times.append(computing_time() - begun)
    names = f" ({', '.join(flagged)})" if flagged else ""
    return f"right passes: {len(times)}, flagged: {len(flagged)}{names}, worst time {max(times):.1f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("splits", nargs="*", default=SPLITS, metavar="split", help=" or ".join(SPLITS))
    parser.add_argument("--sample", type=int, help="only so many cases of each split, and so many right passes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", metavar="ID", help="only these cases, as einar/2")
    parser.add_argument("--json", type=Path, help="write every case to this file")
    parser.add_argument("--tables", action="store_true", help="print the tables only, not every case")
    options = parser.parse_args()
    everything = []
    for split in options.splits:
        chosen = sample(split, options.sample, options.seed) if options.sample else cases(split)
        if options.only:
            chosen = [case for case in cases(split) if case.id in options.only]
            if len(chosen) < len(options.only):
                parser.error(f"{split} has only {', '.join(case.id for case in chosen) or 'none'} of these.")
        rows = []
        for case in chosen:
            row = {"id": case.id, "what": case.what, **examine(case.text, case.function, case.lines)}
            rows.append(row)
            everything.append({"split": split, **row})
            if options.json:
                options.json.write_text(json.dumps(everything))
            if not options.tables:
                missed = "" if all_well(row) else "   <--"
                print(f"{case.id:<22} {case.what:<40.40} {in_words(row)}{missed}", flush=True)
        right = right_passes(split, len(chosen) if options.only else options.sample)
        print(f"\n{split}; {right}\nComputing time in seconds.\n\n{table(rows)}\n")
        if not options.tables:
            print(f"{kinds(rows)}\n", flush=True)


if __name__ == "__main__":
    main()
