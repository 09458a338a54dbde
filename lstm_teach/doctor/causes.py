"""Sentences: what kind of mistake an edit repairs, in the learner's names. Imports slots and truth."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from lstm_teach.doctor.slots import Edit
from lstm_teach.doctor.truth import Key

_KINDS = tomllib.loads((Path(__file__).parent / "causes.toml").read_text(encoding="utf-8"))
IDEAS = {kind: said["idea"] for kind, said in _KINDS.items()}  # the first level of a finding
_OPERATION = {
    "+=": "the contributions of all steps have to be added up",
    "-=": "the sign is wrong",
    "=": "the old value has to be replaced",
}


def _is_sign(edit: Edit) -> bool:
    return edit.kind == "assignment" and {edit.old.strip(), edit.new.strip()} == {"+=", "-="}


def idea(edit: Edit) -> str:
    """The kind of mistake to look for."""
    return IDEAS["sign" if _is_sign(edit) else edit.kind]


def cause(edit: Edit) -> str:
    """One sentence on what the edit repairs."""
    old, new = edit.old.strip(), edit.new.strip()
    operator = "-=" if _is_sign(edit) else next((sign for sign in _OPERATION if f" {sign} " in f" {new} "), "")
    number = ""
    if old in ("dot", "inner", "matmul") and new == "outer":
        number = f": `{old}` of two vectors is one number, and it would be added to every entry of the matrix"
    why = _OPERATION.get(operator, "the operation is another one")
    return _KINDS[edit.kind]["cause"].format(old=old, new=new, accumulate=why, number=number)


UNKNOWN = "Follow the walk back from the loss: which value is the first that its equation does not give?"
MISPLACED = "Is every value used at its own step, put where it belongs, and added up where it should be?"
NAMES = {"d": "deltas of the gates", "dz": "deltas of the pre-activations"}  # where a letter stands for all four gates
FORWARD_PATH = "in the forward pass"
_FUTURE = "on the way from the next step's gates, through the recurrent weights, to h"
_SUM = "where the steps' contributions to the weights are added up"
_PATHS = {
    "dy": "the error at the output",
    "dh": "where the loss of this step and the future meet in h",
    "dh_future": _FUTURE,
    "back": _FUTURE,
    "dct": "on the way from h through the output gate",
    "dc_hidden": "on the way from h through the output gate and the tanh to the cell",
    "dc": "where the way through h and the way through the next forget gate meet in the cell",
    "dc_carry": "on the way from the next step's cell through its forget gate",
    "dz": "on the way into the gate and through its nonlinearity",
    "term": "on the way from the pre-activations to the weights",
    "sum_from": _SUM,
    "sum_to": _SUM,
}


def describe_key(key: Key) -> dict[str, Any]:
    """Quantity, gate, path and first step of a recognized value, in the names of the lessons, as a finding has them."""
    name, gate, step, path = key.quantity, key.gate, key.step, _PATHS.get(key.quantity, FORWARD_PATH)
    if name in ("d", "dz"):
        name += gate
    elif name in ("term", "sum_from", "sum_to"):
        name, gate = f"d{gate}", gate[1:]
        step = None if name[1] == "U" else step  # the numbers may be right there, and in the column of another token
    elif name == "gate":
        name = gate
    elif name == "back":
        name, step = "dh_future", step - 1
        gate = gate if len(gate) == 1 else ""
    if key.quantity == "d":
        path = f"on the way from {'h into the output gate' if gate == 'o' else f'the cell into the gate {gate}'}"
    return {"quantity": name, "gate": gate, "path": path, "first_step": step}
