"""Sentences: what kind of mistake an edit repairs, in the learner's names. Imports kinds, slots and truth."""

import re
from typing import Any

from lstm_teach.doctor.kinds import CAUSES, IDEAS
from lstm_teach.doctor.slots import Edit
from lstm_teach.doctor.truth import Key
from lstm_teach.gradreport import listing

_OPERATION = {
    "add.at": "with an array of indices, `+=` counts a token that appears twice only once",
    " += ": "this has to be added to what is there already",
    " -= ": "this has to be subtracted from what is there already",
    " = ": "what was there before has to be replaced",
    "": "a different operation belongs here",
}
_FORGOTTEN = re.compile(r"(\w+)=\1(?:, (\w+)=\2)*")  # what an edit adds to a call: `h0=h0, c0=c0`


def _kind(edit: Edit) -> str:
    """The kind of an edit as its words have it: a changed sign and a forgotten argument have words of their own."""
    old, new = edit.old.strip(), edit.new.strip()
    if edit.kind == "assignment" and {old, new} == {"+=", "-="}:
        return "sign"
    if edit.kind == "order" and old[:1] in "'\"" and sorted(old) == sorted(new):
        return "letters"
    if edit.kind == "order" and ", " in old and sorted(old.split(", ")) == sorted(new.split(", ")):
        return "orders"
    if edit.kind == "helper" and re.fullmatch(rf"[\w.]*tanh\({re.escape(old)}\)", new):
        return "tanh"
    if edit.kind == "term" and not old and _FORGOTTEN.fullmatch(new):
        return "initial state" if new in ("h0=h0", "c0=c0", "h0=h0, c0=c0") else "argument"
    return edit.kind


def idea(edit: Edit) -> str:
    """The kind of mistake to look for."""
    return IDEAS[_kind(edit)]


def cause(edit: Edit, key: Key | None = None) -> str:
    """One sentence on what the edit repairs, where `key` is the first thing that goes wrong."""
    kind, old, new, number = _kind(edit), " ".join(edit.old.split()), " ".join(edit.new.split()), ""
    sign = next(sign for sign in _OPERATION if sign in f" {new} ")
    # Of a weight gradient that is turned round this is not the reason.
    more = new.count(".T") > old.count(".T") and new.replace(".T", "") == old.replace(".T", "")
    back = more and key is not None and key.quantity in ("dh", "dh_loss", "dh_future", "back")
    transposed = ": on the way back a matrix acts transposed" if back else ""
    if old.rpartition(".")[2] in ("dot", "inner", "matmul") and new.endswith("outer"):
        number = f": `{old}` of two vectors is one number, and it would be added to every entry of the matrix"
    missing = [f"`{argument.partition('=')[0]}`" for argument in new.split(", ")]
    names = f"{listing(missing)} {'are' if len(missing) > 1 else 'is'}"
    parts = {"accumulate": _OPERATION[sign], "number": number, "names": names, "transposed": transposed}
    return CAUSES[kind].format(old=old, new=new, **parts)


FORWARD_PATH = "in the forward pass"
_FUTURE = "on the way from the next step's gates, through the recurrent weights, to h"
_GATES = {"i": "input gate", "f": "forget gate", "o": "output gate", "g": "candidate"}
_SUM = "where the steps' contributions to the weights are added up"
_PATHS = {
    "dy": "the error at the output",
    "dh_loss": "on the way from the error at the output to h",
    "dh": "where this step's loss and the future are added",
    "dh_future": _FUTURE,
    "back": _FUTURE,
    "dct": "on the way from h through the output gate",
    "dc_hidden": "on the way from h through the output gate and the tanh to the cell",
    "dc": "where the two parts of dc, through h and through the next forget gate, are added",
    "dc_carry": "on the way from the next step's cell through its forget gate",
    "term": "on the way from the pre-activations to the weights",
    "sum_from": _SUM,
    "sum_to": _SUM,
}


def describe_key(key: Key) -> dict[str, Any]:
    """Quantity, gate, path and first step of a recognized value, in the names of the lessons, as a finding has them."""
    (name, gate, step, _), path = key, _PATHS.get(key.quantity, FORWARD_PATH)
    match name:
        case "d":
            path = f"on the way from {'h' if gate == 'o' else 'the cell'} to the {_GATES[gate]}"
            name = f"d{gate}"
        case "dz":
            path = f"on the way back through the {'tanh of the candidate' if gate == 'g' else 'sigmoid of the gate'}"
            name = f"dz{gate}"
        case "term" | "sum_from" | "sum_to":  # a U may be right there, and in the column of another token
            path = "on the way from the scores to V" if (name, gate) == ("term", "V") else path
            name, gate, step = f"d{gate}", gate[1:], None if gate[0] == "U" else step
        case "gate":
            name = gate
        case "back":
            name, gate, step = "dh_future", gate if len(gate) == 1 else "", None if step is None else step - 1
    return {"quantity": name, "gate": gate, "path": path, "first_step": step}
