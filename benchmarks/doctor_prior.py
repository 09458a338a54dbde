"""How often is each kind of edit the one that is needed? Learns the doctor's table of it from the split `tuning`.

Of all edits of a pass with one fault, one undoes it. The model is a conditional logit: an edit is the one with a
probability proportional to exp(-scale * (its cost + prior of its kind)), less where `Bench.reached` says that just the
wrong gradients depend on it. Scale, prior and that weight make what was seen most likely. Run from the root:

    python benchmarks/doctor_prior.py [--every 2]      writes lstm_teach/doctor/prior.toml, after an hour or so

It also says where the edit that undoes a fault stands among the others, before and after: in hands that the fit did not
see, each quarter of them in turn.
"""

import argparse
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.doctor_corpus import cases, passes
from benchmarks.doctor_coverage import undoing
from lstm_teach.doctor import kinds
from lstm_teach.doctor.bench import JUST

KINDS = sorted(kinds.KINDS)
SHRINK = 2.0  # how strongly the prior of a kind that is seldom seen is drawn to zero
TABLE = Path(kinds.__file__).with_name("prior.toml")


@dataclass
class Seen:
    """The edits of one case: kind, cost, whether just the wrong gradients depend on each, and which undo the fault."""

    hand: str
    kind: np.ndarray
    cost: np.ndarray
    just: np.ndarray
    undoes: np.ndarray

    def rank(self, scale: float, just: float, prior: np.ndarray) -> int:
        """How many edits come before the first that undoes the fault."""
        cost = scale * (self.cost + prior[self.kind]) - just * self.just
        return int(np.sum(cost < cost[self.undoes].min() - 1e-9))


def seen_in(every: int) -> list[Seen]:
    """The single faults of `tuning` that one edit undoes literally."""
    right, found = passes("tuning"), []
    for case in [case for case in cases("tuning") if len(case.lines) == 1][::every]:
        bench, undoes = undoing(case, right[case.hand][0])
        far, just = bench.reached()
        near = [edit for edit in bench.every if not bench.can_not_be(edit, far)]
        these = {id(edit) for edit in undoes}
        if any(id(edit) in these for edit in near):
            kind = np.array([KINDS.index(edit.kind) for edit in near])
            cost = np.array([edit.cost for edit in near])
            alone = np.array([bool(edit.slots & just) for edit in near])
            found.append(Seen(case.hand, kind, cost, alone, np.array([id(edit) in these for edit in near])))
    return found


def learned(cases: list[Seen], steps: int = 300) -> tuple[float, float, np.ndarray]:
    """Scale, the weight of `just` and the prior of each kind, by gradient steps (Adam) on the log likelihood."""
    theta = np.concatenate([[3.0, 3.0], np.zeros(len(KINDS))])
    mean, square = np.zeros_like(theta), np.zeros_like(theta)
    for step in range(1, steps + 1):
        slope = np.concatenate([[0, 0], SHRINK * theta[2:]])
        for one in cases:
            score = theta[1] * one.just - theta[0] * one.cost - theta[2:][one.kind]
            chance = np.exp(score - score.max())
            wanted = chance * one.undoes
            off = chance / chance.sum() - wanted / wanted.sum()
            slope += [-off @ one.cost, off @ one.just, *-np.bincount(one.kind, off, len(KINDS))]
        mean, square = 0.9 * mean + 0.1 * slope, 0.99 * square + 0.01 * slope**2
        theta -= 0.05 * mean / (1 - 0.9**step) / np.sqrt(square / (1 - 0.99**step) + 1e-12)
    return theta[0], theta[1], theta[2:] / theta[0]


def ranks(cases: list[Seen], folds: int = 4) -> str:
    """Where the edit that undoes a fault stands by the operators' costs, and with what was learned from other hands."""
    hands = sorted({one.hand for one in cases})
    before, after = [], []
    for fold in range(folds):
        held_out = set(hands[fold::folds])
        fit = learned([one for one in cases if one.hand not in held_out])
        before += [one.rank(1.0, JUST, np.zeros(len(KINDS))) for one in cases if one.hand in held_out]
        after += [one.rank(*fit) for one in cases if one.hand in held_out]
    lines = [f"{'':<10}{'median':>8}" + "".join(f"{f'< {most}':>9}" for most in (200, 500, 1000))]
    for label, found in (("before", before), ("learned", after)):
        shares = "".join(f"{np.mean(np.array(found) < most):>9.0%}" for most in (200, 500, 1000))
        lines.append(f"{label:<10}{np.median(found):>8.0f}{shares}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth fault")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    found = seen_in(options.every)
    print(f"{len(found)} faults\n{ranks(found)}")
    scale, just, prior = learned(found)
    print(f"scale {scale:.2f}, less cost where just the wrong gradients depend on it: {just / scale:.2f}")
    rows = "".join(f'"{kind}" = {value:.2f}\n' for kind, value in zip(KINDS, prior, strict=True) if abs(value) >= 0.05)
    TABLE.write_text(f"# Written by benchmarks/doctor_prior.py.\n{rows}", encoding="utf-8")


if __name__ == "__main__":
    main()
