"""The gradient doctor: bring a backward pass that is wrong, learn which line it is, and see the repair proved.

Imports the numeric core only. docs/doctor.md says how it works and in which order to read the modules: source (the
learner's text), look and scene (one run), edits and statements (the changes to try), variants (running many changed
versions), climb, likely and search, findings, report, diagnose.
"""

from lstm_teach.doctor.diagnose import diagnose
from lstm_teach.doctor.report import Diagnosis, Finding

__all__ = ["Diagnosis", "Finding", "diagnose"]
