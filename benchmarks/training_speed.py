"""Time of one gradient for training: the per-gate loop of plain.py, the library's batch form, and PyTorch's CPU LSTM.

    python benchmarks/training_speed.py

All in double precision, on one thread, H = 100, T = 25, vocabulary 65. PyTorch is used only here; without it its column
is left out. Each figure is the median over rounds in which all contestants take turns, so that a machine whose speed
drifts treats them alike. In training one gradient follows the other, so the first of each turn is not counted.
Times are processor times, which other work on the machine does not add to.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # so that it runs without an installation

import numpy as np

import lstm_teach as lt
from lstm_teach.plain import bptt as plain_bptt
from lstm_teach.training import batch_gradient

try:
    import torch

    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
except ImportError:
    torch = None

VOCAB, H, T = 65, 100, 25
TURN = 3  # gradients in a row


def torch_gradient(params: lt.Params, xs: np.ndarray, targets: np.ndarray):
    """Return a function that computes the same gradient with PyTorch (cuDNN-style LSTM cell order i, f, g, o)."""
    lstm = torch.nn.LSTM(VOCAB, H, bias=False)
    readout = torch.nn.Linear(H, VOCAB, bias=False)
    order = ("i", "f", "g", "o")
    with torch.no_grad():
        lstm.weight_ih_l0.copy_(torch.tensor(np.concatenate([params["U" + gate] for gate in order])))
        lstm.weight_hh_l0.copy_(torch.tensor(np.concatenate([params["W" + gate] for gate in order])))
        readout.weight.copy_(torch.tensor(params.V))
    tokens, wanted = torch.tensor(xs), torch.tensor(targets).ravel()
    weights = [lstm.weight_ih_l0, lstm.weight_hh_l0, readout.weight]

    def gradient():
        inputs = torch.nn.functional.one_hot(tokens, VOCAB).to(torch.float64)
        scores = readout(lstm(inputs)[0]).reshape(-1, VOCAB)
        loss = torch.nn.functional.cross_entropy(scores, wanted, reduction="sum")
        return torch.autograd.grad(loss, weights)

    return gradient


def main() -> None:
    rng = np.random.default_rng(0)
    params = lt.Params.random(VOCAB, H, seed=0, scale=0.1)
    print(f"H = {H}, T = {T}, vocabulary {VOCAB}, float64, one thread; medians in ms a gradient\n")
    print(f"{'batch':>5} {'plain':>9} {'library':>9} {'plain/library':>16} {'PyTorch':>9} {'library/PyTorch':>16}")
    for batch, rounds in ((1, 25), (8, 15), (32, 11)):
        compare(params, rng.integers(0, VOCAB, (T, batch)), rng.integers(0, VOCAB, (T, batch)), rounds)


def compare(params: lt.Params, xs: np.ndarray, targets: np.ndarray, rounds: int) -> None:
    """Print one line of the table; the sequences are the columns of `xs` and `targets`."""
    batch, zeros = xs.shape[1], np.zeros(H)
    pairs = [(xs[:, b], targets[:, b]) for b in range(batch)]

    def one_by_one():
        for b in range(batch):
            plain_bptt(params, xs[:, b], targets[:, b], zeros, zeros)

    def library():
        return batch_gradient(params, pairs, lt.bptt)[1]  # what a step of lt.train calls

    runs = {"plain": one_by_one, "library": library}
    if torch:
        runs["torch"] = torch_gradient(params, xs, targets)
        assert lt.relative_error(runs["torch"]()[2].numpy() / batch, library().V) < 1e-10, (
            "the two do not compute the same"
        )
    times = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            run()
            start = time.process_time()
            for _ in range(TURN):
                run()
            times[name].append(1e3 * (time.process_time() - start) / TURN)
    ms = {name: statistics.median(each) for name, each in times.items()}
    line = f"{batch:>5} {ms['plain']:>9.2f} {ms['library']:>9.2f} {ms['plain'] / ms['library']:>16.1f}"
    print(line + (f" {ms['torch']:>9.2f} {ms['library'] / ms['torch']:>16.2f}" if torch else ""))


if __name__ == "__main__":
    main()
