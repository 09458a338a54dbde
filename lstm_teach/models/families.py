"""The kinds of mistake a gradient can have, in words; and a finding. Imports nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The family and what kind of mistake it is; below it, what to try next.
_TEXT = """
precision: A part of the computation is in single precision (float32).
    Rounding alone then looks like a mistake. Make every array float64 for the check, the state and the loss too.
input changed: The weights are not the same after a call as before it, so the check compares two different nets.
    Update a copy, and look for += or *= on an array of params, or on a view of one.
state: Something is kept from one call to the next.
    Start the hidden state, the cell and the gradients from the same values at every call; keep none of them.
random: The loss draws random numbers, so every call sees another net.
    Draw the dropout mask once for each case(T), or seed the generator at the start of loss and of gradient.
not read: Not every weight is read from params.
    Write all of them into the net before you call it, in loss and in gradient; `lt.case_of` does it for you.
small weights: The weights are so small that a wrong gradient can't be told from a right one there.
    Check with weights of order 0.5 to 1. The mistakes that show there are the next findings.
scale: The direction is right and the size is not: a constant factor.
    Compare how loss and gradient are averaged: both over the steps, the batch and the features, or neither.
sign: The direction is reversed: a sign.
    Look for target minus output where output minus target is meant.
clipping: The gradient is right while it is small and is cut where it is large: clipping.
    Clip after the check, before the update. If nothing is clipped, look at what else switches: a mask, a max.
truncation: The walk back is cut off after some steps.
    Let the loop go back to the first step. A truncated gradient is not the gradient of this loss.
carry: What one step hands to the step before it is missing or wrong.
    Look at the last lines of the loop, where the deltas for the next round are made, and at where they are used.
accumulation: What is handed from step to step is added to the old value where it must replace it.
    Look for += on a delta that is carried, or for one that is never set back.
first step: At the first step something else is read than the initial state.
    Look for an index t - 1 that is -1 at t = 0 and so reads the last row. Keep a row more than there are steps.
transpose: A matrix is used as it is where its transpose is meant, or the other way round.
    Going back through z = W h takes W.T times the delta; the gradient of W is the outer product of delta and h.
gate rows: Right numbers at the wrong place: the gradient of one gate or array is where that of another belongs.
    Compare the order of the gates in the forward pass with the order in which the gradients are put together.
left out: A part of the gradient is never filled in.
    Look for a delta that is not used, a slice that is not assigned, or a way between layers that is left out. An array
    that is used in two places gets the sum of both.
axis: The sum is right and its distribution is not: summed over the wrong axis.
    A bias gets the sum over batch and steps, one number for each unit.
summing: The deltas are right; the mistake is in how they are added up into this gradient.
    Look for = instead of += in the line of this gradient: over the steps, for a row that comes again, for an array that
    is used twice. Then for the step whose input or state is used in it.
product: The delta is right; what it is multiplied by to give this gradient is not.
    Look for h[t] instead of h[t-1], or for the input of another step or layer.
gate: The delta of one gate is wrong, and nothing before it on the way back.
    Look at the lines of this gate: the slope of its activation, and what it is multiplied by going forward.
steps: What the loss, or the layer above, sends to a step is not what this step gets.
    Look for an order that is not reversed, an index that is off by one, a loss that is read at some steps only, a
    factor that changes from step to step.
formula: A mistake within one step, on the way from the loss to these arrays.
    Check at T = 1, where nothing is carried, and go back from the loss line by line.
not compared: Numbers are wrong among those that were not compared one by one, since the array is large.
    Check again with a smaller model: fewer words, fewer units.
forward: The gradient is that of another forward pass.
    Compare the forward pass within the gradient with that of the loss: initial state, inputs, weights, mask.
loss: The mistake is where all get their delta from: the derivative of the loss.
    Compare the loss with the delta of the output: same targets, same steps, same mask, same average.
"""
FAMILIES: dict[str, tuple[str, str]] = {}
for _entry in re.split(r"\n(?=\w)", _TEXT.strip()):
    _family, _idea, _advice = re.fullmatch(r"(.+?): (.+?)\n(.+)", _entry, re.DOTALL).groups()
    FAMILIES[_family] = _idea, " ".join(_advice.split())


@dataclass(frozen=True)
class ModelFinding:
    """One thing that is wrong with a model's gradient or with its check.

    family     one of `FAMILIES`, or "raises" and "unusable" for a call that gave nothing to compare
    idea       the first level: what kind of mistake to look for
    place      which arrays and rows, from which T on
    evidence   how one can see it
    advice     what to try next
    """

    family: str
    idea: str
    place: str = ""
    evidence: str = ""
    advice: str = ""

    def __str__(self) -> str:
        return " ".join(text for text in (self.idea, self.place, self.evidence, self.advice) if text)


def finding(family: str, place: str, evidence: str = "") -> ModelFinding:
    """A finding of a known family."""
    idea, advice = FAMILIES[family]
    return ModelFinding(family, idea, place, evidence, advice)
