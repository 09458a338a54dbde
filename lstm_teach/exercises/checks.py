"""The names that exercises use of the common engine."""

from lstm_teach.judging import SECONDS, Attempt, Trouble, difference, is_like, judge, kind, unpack
from lstm_teach.verdicts import Part, Points, Verdict, advice, points_for, show_hints

__all__ = [
    "SECONDS",
    "Attempt",
    "Part",
    "Points",
    "Trouble",
    "Verdict",
    "advice",
    "difference",
    "is_like",
    "judge",
    "kind",
    "points_for",
    "show_hints",
    "unpack",
]
