"""What diagnose_model says of every fault of tests/model_cases: the family named first, false alarms, seconds.

    python benchmarks/model_quality.py [name of a model ...]

Prints each fault whose family is not named first, then counts; "others" are further findings, of a family that is not
expected. Some minutes; the tests run a part of it.
"""

import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import lstm_teach as lt
from tests.model_cases import faults, further, is_named
from tests.model_cases.styles import faults as styles


def cases(wanted: list[str]) -> list[tuple]:
    """(model, what is expected first, what was changed, case) of every fault; nothing is expected of right models."""
    found = [(name, None, "", faults.load(name)) for name in faults.MODELS]
    found += [(name, None, "", styles.load(name)) for name in styles.STYLES]
    found += [(name, None, "", further.load(name)) for name in further.MODELS]
    found += [
        (name, {family}, f"{old} -> {new}", faults.load(name, old, new))
        for name, edits in faults.IN_THE_TEXT.items()
        for family, old, new in edits
    ]
    around = ((name, fault, faults.around(name, fault)) for name in faults.MODELS[::5] for fault in faults.AROUND)
    found += [(name, {faults.AROUND[fault][0]}, fault, case) for name, fault, case in around if case]
    found += [(name, families, str(edits), styles.load(name, edits)) for name, families, edits in styles.FAULTS]
    found += [
        (name, set(fault["families"]), str(fault["edits"]), further.load(name, fault["edits"]))
        for name, fault in further.FAULTS
    ]
    return [case for case in found if not wanted or case[0] in wanted]


def main() -> None:
    alarms = right = named = wrong = flagged = others = 0
    seconds = []
    for name, expected, change, case in cases(sys.argv[1:]):
        diagnosis = lt.diagnose_model(case)
        seconds.append(diagnosis.seconds)
        families = [found.family for found in diagnosis.findings]
        if expected is None:
            right += 1
            alarms += not diagnosis.passed
        else:
            wrong += 1
            flagged += not diagnosis.passed
            named += bool(families) and is_named(families[0], expected)
            others += sum(not is_named(family, expected) for family in families[1:])
        if families[:1] and (expected is None or not is_named(families[0], expected)):
            print(f"{name}: expected {expected or 'nothing'}, got {families}: {change}", flush=True)
    print(f"{right} right models, {alarms} false alarms")
    print(f"{wrong} faults, {flagged} flagged, {named} named first; {others} others")
    print(f"seconds: median {statistics.median(seconds):.1f}, longest {max(seconds):.1f}")


if __name__ == "__main__":
    main()
