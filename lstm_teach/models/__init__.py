"""The doctor for models of your own: which kind of mistake a gradient has, whatever the equations.

Read in this order: case (how a net of yours becomes a case, and that a Model that can be called at any weights),
differences (the derivative of any loss), families (the kinds of mistake in words), soundness (is the check itself
sound), layout (which arrays belong to which gate), relations (what two gradients have to do with each other), evidence
(which part of a product is wrong, and at which weights), experiments (what cures the error), diagnose. Nothing here
knows what an LSTM is.
"""

from lstm_teach.models.case import case_of
from lstm_teach.models.diagnose import ModelDiagnosis, diagnose_model
from lstm_teach.models.families import ModelFinding

__all__ = ["ModelDiagnosis", "ModelFinding", "case_of", "diagnose_model"]
