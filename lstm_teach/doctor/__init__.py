"""The gradient doctor: bring a backward pass that is wrong, learn which line it is, and see the repair proved.

Imports the numeric core only. Read in this order: source (the learner's text), truth (what every value should be),
variants (running many changed versions), places (where right values mend what comes after), scene, edits and statements
(the changes to try), synthesis (equations written anew), repair (an edit for each place), search, diagnose, report.
"""

from lstm_teach.doctor.diagnose import diagnose
from lstm_teach.doctor.report import Diagnosis, Finding

__all__ = ["Diagnosis", "Finding", "diagnose"]
