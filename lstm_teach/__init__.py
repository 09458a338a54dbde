"""Understand how a gradient travels back through an LSTM.

Read plain.py first: the forward and the backward pass, one line per equation. The numeric core goes on from there:
params, forward, backward, nested, gradients, gradcheck, flow, with rnn beside it.
Nothing in it imports matplotlib or ipywidgets; pictures are in `lstm_teach.figures`, interactive ones in
`lstm_teach.explorers`.
"""

from lstm_teach import rnn
from lstm_teach.backward import Deltas, bptt
from lstm_teach.doctor import Diagnosis, Finding, diagnose
from lstm_teach.flow import GradientFlow, gradient_flow, nested_flow
from lstm_teach.forward import Cache, forward, loss
from lstm_teach.gradcheck import check_gradients
from lstm_teach.gradients import complex_step_gradient, exact_gradient, numerical_gradient
from lstm_teach.gradreport import GradientReport, relative_error, verdict
from lstm_teach.guard import LearnerError
from lstm_teach.models import ModelDiagnosis, ModelFinding, case_of, diagnose_model
from lstm_teach.nested import FLAWS, nested_bptt
from lstm_teach.params import Params
from lstm_teach.training import History, train

__all__ = [
    "FLAWS",
    "Cache",
    "Deltas",
    "Diagnosis",
    "Finding",
    "GradientFlow",
    "GradientReport",
    "History",
    "LearnerError",
    "ModelDiagnosis",
    "ModelFinding",
    "Params",
    "bptt",
    "case_of",
    "check_gradients",
    "complex_step_gradient",
    "diagnose",
    "diagnose_model",
    "exact_gradient",
    "forward",
    "gradient_flow",
    "loss",
    "nested_bptt",
    "nested_flow",
    "numerical_gradient",
    "relative_error",
    "rnn",
    "train",
    "verdict",
]
__version__ = "0.1.0"
