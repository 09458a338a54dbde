"""Which rules of the doctor undo which faults? For each rule, the single faults of a split that it undoes literally.

Run from the repository's root:  python benchmarks/doctor_coverage.py [--split tuning] [--every 3]
No search is made: all edits of a broken pass are written down, and those that give the right pass again are counted for
the rule that wrote them. A fault that no rule undoes may be repaired in another way all the same; a rule that is the
only one for hardly any fault is one to do without, if `doctor_quality.py` says the same after as before.
"""

import argparse
import ast
import contextlib
import re
import sys
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.doctor_corpus import SPLITS, Broken, cases, define, passes
from lstm_teach.doctor.bench import Bench
from lstm_teach.doctor.code import Code
from lstm_teach.doctor.slots import Edit
from lstm_teach.doctor.truth import Truth, make_case
from lstm_teach.gradcheck import states_taken

_PASSED_ON = {"edit", "swap", "lines", "forgotten", "_added", "<listcomp>", "<genexpr>"}
_SPACES = re.compile(r"[\s()]+")
_made_by: dict[int, str] = {}  # the rule that wrote an edit, by what it does


def _rule() -> str:
    """Module and function in which an edit is being made; of the table of rewrites the kind as well."""
    frame = sys._getframe(2)
    while frame is not None:
        path, name = Path(frame.f_code.co_filename), frame.f_code.co_name
        if path.parent.name == "doctor" and path.stem != "slots" and name not in _PASSED_ON:
            return f"{path.stem}.{name}"
        frame = frame.f_back
    return "?"


def _noting(make):
    def made(self, *args, **options):
        make(self, *args, **options)
        _made_by.setdefault(hash(self.parts), _rule() + f", {self.kind}")

    return made


def undoing(case: Broken, right: str) -> tuple[Bench, list[Edit]]:
    """All edits for a case, and those after which the text is right but for spaces and needless parentheses."""
    backward = define(case.text, case.function, f"<{case.id}>")
    code, takes = Code.of(backward), states_taken(backward)
    bench = Bench(code, Truth(make_case(3, 23, takes)))
    begins = [case.text.find(unit.text.rstrip("\n")) for unit in code.units]
    wanted, tree, found = _SPACES.sub("", right), ast.dump(ast.parse(right)), []
    for edit in bench.every:
        changes = set()
        for part in edit.parts:
            begin = begins[code.slots[part.slot].unit]
            changes |= {(start + begin, end + begin, new) for start, end, new in part.changes}
        text = case.text
        for start, end, new in sorted(changes, reverse=True):
            text = text[:start] + new + text[end:]
        if _SPACES.sub("", text) == wanted:
            with contextlib.suppress(SyntaxError):
                found += [edit] if ast.dump(ast.parse(text)) == tree else []
    return bench, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", default="tuning", choices=[name for name in SPLITS if name != "blind"])
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth fault")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    Edit.__init__ = _noting(Edit.__init__)
    right = passes(options.split)
    single = [case for case in cases(options.split) if len(case.lines) == 1][:: options.every]
    undone, alone = Counter(), Counter()
    covered = 0
    for case in single:
        _made_by.clear()
        _, edits = undoing(case, right[case.hand][0])
        rules = {_made_by.get(hash(edit.parts), "?") for edit in edits}
        covered += bool(rules)
        undone.update(rules)
        alone.update(rules if len(rules) == 1 else ())
    print(f"{covered} of {len(single)} single faults are undone literally.\n")
    print("faults  only here  rule, kind")
    for rule, count in undone.most_common():
        print(f"{count:>6}{alone[rule]:>11}  {rule}")


if __name__ == "__main__":
    main()
