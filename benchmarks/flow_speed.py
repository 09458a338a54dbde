"""Time the gradient flow against a walk back from every loss on its own (set OPENBLAS_NUM_THREADS=1)."""

import argparse
import time
from statistics import median

import numpy as np

import lstm_teach as lt


def passes(params, x, targets):
    """`bptt` once for every loss, on the sequence up to it: the same work, and the weight gradients on top."""
    for s in range(len(x)):
        lt.bptt(params, x[: s + 1], targets[: s + 1])


def milliseconds(function, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(1e3 * (time.perf_counter() - start))
    return median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--hidden", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=20)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    x, targets = rng.integers(0, 8, (2, args.steps))
    params = lt.Params.random(8, args.hidden, scale=args.hidden**-0.5)
    net = params, x, targets

    flow, walks = lt.gradient_flow(*net), lt.nested_flow(*net, repaired=lt.FLAWS)
    worst = max(lt.relative_error(flow.dh, walks.dh), lt.relative_error(flow.dc, walks.dc))

    few = max(3, args.repeats // 5)
    rows = (
        ("a plain walk from every loss", milliseconds(lambda: lt.nested_flow(*net, repaired=lt.FLAWS), few)),
        ("bptt for every loss", milliseconds(lambda: passes(*net), few)),
        ("gradient_flow", milliseconds(lambda: lt.gradient_flow(*net), args.repeats)),
        ("gradient_flow with the split by path", milliseconds(lambda: lt.gradient_flow(*net).dc_paths, args.repeats)),
        ("nested_flow, all four flaws", milliseconds(lambda: lt.nested_flow(*net), args.repeats)),
    )
    print(f"T = {args.steps}, H = {args.hidden}; medians; largest norm-relative difference {worst:.0e}\n")
    print(f"{'':38}{'ms':>8}{'of plain':>12}{'of bptt':>12}")
    for name, ms in rows:
        print(
            f"{name:38}{ms:8.1f}{'1/' + format(rows[0][1] / ms, '.1f'):>12}{'1/' + format(rows[1][1] / ms, '.1f'):>12}"
        )


if __name__ == "__main__":
    main()
