"""Train lesson 6's net for the Reber grammar with three gradients and eight seeds; print the table of 06_training.toml.

    python benchmarks/eight_seeds.py

Takes about a minute: the eight nets of one gradient are trained side by side.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # so that it runs without an installation

from lstm_teach import tasks
from lstm_teach.lessons import runs_06 as runs
from lstm_teach.training import train_side_by_side


def main() -> None:
    task, seeds = tasks.reber(), range(8)
    print("[eight_seeds]")
    for kind, backward in runs.BACKWARDS.items():
        start = time.process_time()
        nets = [runs.reber_net(seed) for seed in seeds]
        train_side_by_side(nets, task, runs.STEPS, backward, seeds=seeds, batch=8, rate=0.01)
        remembered = [round(runs.remembered(net, task), 3) for net in nets]
        losses = [round(float(task.test_loss(net)), 3) for net in nets]
        print(f'"{kind}" = {{ remembered = {remembered}, loss = {losses} }}', flush=True)
        print(f"{kind}: {time.process_time() - start:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
