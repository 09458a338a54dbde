"""What to train on: the embedded Reber grammar and long-lag recall. Imports params, forward and batch."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lstm_teach import validate
from lstm_teach.batch import Pair, batch_loss, collect, pad
from lstm_teach.forward import run
from lstm_teach.params import Params


@dataclass(frozen=True, eq=False)
class Task:
    """Sequences to learn from, with a fixed set to measure on.

    symbols   what the token ids stand for, one character each; len(symbols) is the vocabulary size
    draw      draw(rng, count) -> that many pairs (x, targets) to train on
    test      pairs to measure on
    judge     judge(params) -> a number from 0 (nothing) to 1 (all) that says how well the task is solved, or None
    """

    name: str
    symbols: str
    draw: Callable[[np.random.Generator, int], list[Pair]]
    test: list[Pair]
    judge: Callable[[Params], float] | None = None

    @property
    def vocab_size(self) -> int:
        """The number of symbols."""
        return len(self.symbols)

    def encode(self, text: str) -> np.ndarray:
        """Token ids of a text, (len(text),). Raises ValueError for a character that is not a symbol of the task."""
        validate.instance("text", text, str, "a text of symbols of the task")
        for k, character in enumerate(text):
            if character not in self.symbols:
                raise ValueError(f"text[{k}] must be one of the symbols {self.symbols!r}, got {character!r}.")
        return np.array([self.symbols.index(character) for character in text], dtype=int)

    def test_loss(self, params: Params) -> float:
        """Mean cross-entropy per symbol on the test pairs, in nats."""
        xs, targets, weights = self._measured
        return float(batch_loss(params, xs, targets, weights) / weights.sum())

    @cached_property
    def _measured(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The test pairs, every different one once: xs, targets, and how often each step counts, (T, B) each."""
        xs, targets, weights = collect([self.test])
        return xs, targets, weights[:, 0]


REBER_SYMBOLS = "BTPSXVE"
# state -> the symbols that may come and the state each one leads to; source: Reber, J. Verbal Learning 6 (1967) 855
REBER = {
    0: {"B": 1},
    1: {"T": 2, "P": 3},
    2: {"S": 2, "X": 4},
    3: {"T": 3, "V": 5},
    4: {"X": 3, "S": 6},
    5: {"P": 4, "V": 6},
    6: {"E": 7},
}


def reber_string(rng: np.random.Generator) -> tuple[str, list[str]]:
    """One embedded Reber string, and for each of its symbols but the first the symbols that were legal there.

    B, then T or P, then a Reber string, then the same T or P again, then E. The second T or P has to be remembered over
    the whole inner string (Fahlman 1991; Hochreiter and Schmidhuber 1997).
    Raises TypeError if `rng` is not a numpy.random.Generator.
    """
    validate.instance("rng", rng, np.random.Generator, "a numpy.random.Generator")
    outer = "TP"[rng.integers(2)]
    text, legal, state = "B" + outer, ["TP", "B"], 0
    while state != 7:
        choices = sorted(REBER[state])
        symbol = choices[rng.integers(len(choices))]
        state = REBER[state][symbol]
        text += symbol
        legal.append("".join(sorted(REBER[state])) if state != 7 else outer)
    return text + outer + "E", [*legal, "E"]


def _pair(text: str) -> Pair:
    """A string to predict symbol by symbol: x is all but its last symbol, the targets are all but its first."""
    tokens = np.array([REBER_SYMBOLS.index(symbol) for symbol in text])
    return tokens[:-1], tokens[1:]


def reber(test_size: int = 256) -> Task:
    """Embedded Reber strings; judged by the fraction of test strings in which every next symbol is predicted legally.

    That means: at every step each legal symbol has a higher probability than each illegal one.

    Test strings are drawn as training strings are, with repetitions. Short ones are frequent, so the 256 test strings
    are 93 different ones, and three in four strings that training draws are among them. The measure says whether a net
    has learned the grammar, and little about strings that it has never seen.
    """
    test_size = validate.whole_number("test_size", test_size)
    validate.room("a test set", 10 * test_size, test_size=test_size)  # of 12 symbols on average

    def draw(rng: np.random.Generator, count: int) -> list[Pair]:
        return [_pair(reber_string(rng)[0]) for _ in range(count)]

    rng = np.random.default_rng(12345)
    strings = [reber_string(rng) for _ in range(test_size)]
    test = [_pair(text) for text, _ in strings]
    different = Counter((text, tuple(choices)) for text, choices in strings)
    xs, _, valid = pad([_pair(text) for text, _ in different])
    legal = np.zeros((*xs.shape, len(REBER_SYMBOLS)), dtype=bool)
    for column, (_, choices) in enumerate(different):
        for t, symbols in enumerate(choices):
            legal[t, column] = [symbol in symbols for symbol in REBER_SYMBOLS]

    def judge(params: Params) -> float:
        y = run(params, xs).y
        good = np.where(legal, y, np.inf).min(-1) > np.where(legal, -np.inf, y).max(-1)
        return float(np.average((good | (valid == 0)).all(0), weights=[*different.values()]))

    return Task("reber", REBER_SYMBOLS, draw, test, judge)


RECALL_SYMBOLS = "AB" + "wxyz" + "?" + "-"


def recall(gap: int, fillers: int = 4, test_size: int = 256) -> Task:
    """Remember the first symbol (A or B) over `gap` others until a question mark asks for it.

    The gap is filled at random with the first `fillers` of w, x, y and z; one filler makes the easiest gap. The target
    is '-' at every step but the last, where it is the first symbol. Judged by how many test sequences are answered
    right at the last step (guessing gives 0.5).

    There are 2 * fillers**gap different sequences, and test sequences are drawn as training sequences are. So those of
    a small gap come up in training too; with one filler there are two in all, whatever the gap.
    """
    gap, test_size = validate.whole_number("gap", gap), validate.whole_number("test_size", test_size)
    if validate.whole_number("fillers", fillers) > 4:
        raise ValueError(f"fillers must be at most 4 (w, x, y, z), got {validate.brief(fillers)}.")
    validate.room("a test set", (gap + 2) * test_size, gap=gap, test_size=test_size)

    def draw(rng: np.random.Generator, count: int) -> list[Pair]:
        first, asked = rng.integers(0, 2, (count, 1)), np.full((count, 1), RECALL_SYMBOLS.index("?"))
        x = np.hstack([first, rng.integers(2, 2 + fillers, (count, gap)), asked])
        targets = np.hstack([np.full((count, gap + 1), RECALL_SYMBOLS.index("-")), first])
        return list(zip(x, targets, strict=True))

    test = draw(np.random.default_rng(12345), test_size)
    xs, targets, _ = pad(test)

    def judge(params: Params) -> float:
        return float((run(params, xs).y[-1].argmax(-1) == targets[-1]).mean())

    return Task(f"recall over a gap of {gap}", RECALL_SYMBOLS, draw, test, judge)
