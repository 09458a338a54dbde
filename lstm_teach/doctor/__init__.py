"""The gradient doctor: bring a backward pass that is wrong, learn which line it is, and see the repair proved.

Imports the numeric core only. Read in this order: source (the learner's text), truth (what every value should be),
variants (running many changed versions), places (where right values mend what comes after), scene, edits and statements
(the changes to try), synthesis (equations written anew), repair (an edit for each place), search, diagnose, report.
For models of your own: differences (the derivative of any loss), factors (which part of a product is wrong), families
(from errors to kinds of mistake), models.
"""

from lstm_teach.doctor.diagnose import diagnose
from lstm_teach.doctor.families import ModelFinding
from lstm_teach.doctor.models import ModelDiagnosis, diagnose_model
from lstm_teach.doctor.report import Diagnosis, Finding

__all__ = ["Diagnosis", "Finding", "ModelDiagnosis", "ModelFinding", "diagnose", "diagnose_model"]
