"""Understand how a gradient travels back through an LSTM.

The numeric core reads from top to bottom: params, forward, backward, nested, gradcheck. Nothing in it imports
matplotlib or ipywidgets; pictures are in `lstm_teach.figures`, interactive ones in `lstm_teach.explorers`.
"""

from lstm_teach.backward import Deltas, bptt
from lstm_teach.doctor import Diagnosis, Finding, ModelDiagnosis, diagnose, diagnose_model
from lstm_teach.forward import Cache, forward, loss
from lstm_teach.gradcheck import (
    GradientReport,
    check_gradients,
    complex_step_gradient,
    exact_gradient,
    numerical_gradient,
    relative_error,
    verdict,
)
from lstm_teach.nested import FLAWS, nested_bptt
from lstm_teach.params import Params

__all__ = [
    "FLAWS",
    "Cache",
    "Deltas",
    "Diagnosis",
    "Finding",
    "GradientReport",
    "ModelDiagnosis",
    "Params",
    "bptt",
    "check_gradients",
    "complex_step_gradient",
    "diagnose",
    "diagnose_model",
    "exact_gradient",
    "forward",
    "loss",
    "nested_bptt",
    "numerical_gradient",
    "relative_error",
    "verdict",
]
__version__ = "0.1.0"
