"""The same as test_lessons_in_lab.py for the later lessons, the deeper pages and the exercises."""

from test_lessons_in_lab import *  # noqa: F403
from test_lessons_in_lab import EARLY, lessons

lesson = lessons(rf"(?!{EARLY})notebooks/")
