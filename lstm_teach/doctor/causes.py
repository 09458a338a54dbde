"""Sentences: what kind of mistake an edit repairs, in the learner's names. Imports slots and truth."""

from __future__ import annotations

from lstm_teach.doctor.slots import Edit
from lstm_teach.doctor.truth import Key

# The first level of a finding: the kind of mistake to look for, without the place.
IDEAS = {
    "assignment": "Is a value replaced where it should be added up, or added up where it should be replaced?",
    "product": "Is every product of the right kind: an outer product for a weight gradient, a matrix product for a "
    "delta that goes back, an element-wise one at a gate?",
    "transpose": "Going back through a matrix takes its transpose; in all other places it stands as it is.",
    "index": "Which step does each value belong to? Compare every index with the forward equation.",
    "slice": "Which steps, or which gate's block, does each slice pick? Compare it with the forward pass.",
    "range": "Which steps does the loop visit, and in which order? The first and the last one count too.",
    "slope": "The slope of a sigmoid is s (1 - s), that of a tanh is 1 - a**2, each at the gate's own output.",
    "power": "The slope of a sigmoid is s (1 - s), that of a tanh is 1 - a**2, each at the gate's own output.",
    "square": "The slope of a sigmoid is s (1 - s), that of a tanh is 1 - a**2, each at the gate's own output.",
    "tanh": "Is a value taken before or after its tanh? The cell and its tanh are two things.",
    "factor": "Count the factors of the chain rule: every function on the way gives one.",
    "dropped factor": "Count the factors of the chain rule: every function on the way gives one, and only once.",
    "equation": "Derive this equation from the forward pass: one term for every path, one factor for every function.",
    "analogy": "The gates' equations are of one pattern. Which of them differs from the others?",
    "term": "Count the paths: every way in which a value acts on the loss gives one term.",
    "dropped term": "Count the paths: every way in which a value acts on the loss gives one term, and only once.",
    "operator": "Do the signs and the kinds of operation agree with the equation?",
    "sign": "Do all signs agree with the equation?",
    "constant": "Is every number in the equations the right one?",
    "wrong name": "Does every factor belong to this gate and this quantity?",
    "wrong number": "Does every index and size stand for what it should?",
    "target": "Is every result put where it belongs?",
    "initial value": "What is each carried value before the walk back begins?",
    "given state": "What is the state before the first step? The function may be given one.",
    "copy": "Do two names stand for one and the same array? Then a change of one changes the other.",
    "mean": "The loss is a sum over the steps, not a mean. Do the gradients agree?",
    "moved": "In which order are things used and changed? A value must be used before it is overwritten.",
    "moved in": "What should happen in every turn of the loop, and what once?",
    "moved out": "What should happen in every turn of the loop, and what once?",
    "missing statement": "Does every equation have its line? Is every prepared value filled, every delta handed on?",
    "overwritten": "Is every value that is needed later kept before it is overwritten?",
    "no return": "Does every function hand back what it works out?",
    "unknown name": "Is every name spelt as it was where it was defined?",
    "step of a loop": "Does every loop come to its end?",
    "extra statement": "Is something done once too often?",
    "order": "Are things named, used and returned in the order in which they are expected?",
    "argument order": "Are the arguments in the right order?",
    "condition": "Is a step treated differently that should not be?",
    "unwrapped": "Is a value changed by a function that does not belong there (clipping, or a second tanh)?",
    "axis": "Along which axis is it done?",
    "used up": "Is it read twice? A generator, a zip or a map is empty after the first time.",
    "shape": "Is it a column, a row, or an array of one axis? Numpy broadcasts one against another into a matrix.",
    "end": "From which end is the list read and filled? The walk back meets the last step first.",
    "parentheses": "Do the parentheses hold together what belongs together?",
    "late binding": "When does a function that is made in a loop read the loop's names: when made, or when called?",
    "number type": "Can every array hold fractions?",
    "layout": "Does a change of shape take the entries row by row or column by column?",
    "einsum": "Which letters are summed, and which stay?",
    "helper": "Is the right function called?",
}

_CAUSES = {
    "assignment": "This says `{old}` where it should say `{new}`: {accumulate}.",
    "product": "`{old}` takes the wrong kind of product, or the factors in the wrong order; `{new}` is meant{number}.",
    "transpose": "This says `{old}` where it should say `{new}`: on the way back a matrix acts transposed.",
    "index": "the index `{old}` picks the wrong step or row; `{new}` is meant.",
    "slice": "the slice `{old}` picks the wrong steps or rows; `{new}` is meant.",
    "range": "the loop runs over the wrong steps: `{old}` should be `{new}`.",
    "slope": "`{old}` is not the slope that belongs here; it is `{new}`.",
    "power": "`{old}` has a power that does not belong here; `{new}` is meant.",
    "square": "a square is missing: `{old}` should be `{new}`.",
    "tanh": "the tanh is missing: `{old}` should be `{new}`.",
    "factor": "a factor is missing: `{old}` should be `{new}`.",
    "dropped factor": "`{old}` has a factor too many; `{new}` is meant.",
    "equation": "`{old}` is not what the chain rule gives here; `{new}` is.",
    "analogy": "`{old}` is not made like the statements of its kind; `{new}` is.",
    "term": "a term is missing: `{new}`.",
    "dropped term": "`{old}` has a term too many; `{new}` is meant.",
    "operator": "This says `{old}` where it should say `{new}`.",
    "sign": "the sign is wrong: `{old}` should be `{new}`.",
    "constant": "the number `{old}` should be `{new}`.",
    "wrong name": "`{old}` is used where `{new}` belongs.",
    "wrong number": "`{old}` is used where `{new}` belongs.",
    "target": "the result goes to `{old}`, and belongs to `{new}`.",
    "initial value": "this value has to start from zero: `{old}` should be `{new}`.",
    "given state": "`{old}` begins with nothing, though the function may be given a state: `{new}` is meant.",
    "copy": "without a copy, two names stand for the same array, and a change of one changes both.",
    "mean": "`{old}` should be `{new}`: the loss is a sum over the steps.",
    "moved": "`{old}` comes at the wrong place: something is used before or after it was changed.",
    "moved in": "`{old}` happens once before or after the loop, and belongs into it.",
    "moved out": "`{old}` happens in every turn of the loop, and belongs outside.",
    "missing statement": "a statement is missing: `{new}`.",
    "overwritten": "`{old}` is overwritten here and read after it, where the old one is meant: `{new}` keeps it.",
    "no return": "nothing is returned: `{new}` is missing.",
    "unknown name": "nothing is called `{old}` here; `{new}` is meant.",
    "step of a loop": "the loop never ends, since nothing in it changes `{old}`: `{new}` is missing.",
    "extra statement": "`{old}` should not be here.",
    "order": "`{old}` and `{new}` have changed places.",
    "argument order": "the arguments `{old}` and `{new}` have changed places.",
    "condition": "the condition `{old}` treats a step differently; `{new}` is meant.",
    "unwrapped": "`{old}` changes the value; `{new}` is meant.",
    "axis": "the axis `{old}` should be `{new}`.",
    "used up": "`{old}` can be read only once; `{new}` can be read again.",
    "shape": "`{old}` has not the shape that is needed here; `{new}` has.",
    "end": "`{old}` takes the wrong end; `{new}` is meant.",
    "parentheses": "`{old}` holds the wrong things together; `{new}` is meant.",
    "late binding": "`{old}` reads the loop's names as they are when it is called, after the loop; `{new}` keeps them.",
    "number type": "`{old}` makes whole numbers of what is written there; `{new}` keeps the fractions.",
    "layout": "`{old}` takes the entries in the wrong order; `{new}` is meant.",
    "einsum": "the subscripts `{old}` should be `{new}`.",
    "helper": "`{old}` is called where `{new}` is meant.",
}


def idea(edit: Edit) -> str:
    """The kind of mistake to look for."""
    signs = edit.kind == "assignment" and {edit.old.strip(), edit.new.strip()} == {"+=", "-="}
    return IDEAS["sign" if signs else edit.kind]


def cause(edit: Edit) -> str:
    """One sentence on what the edit repairs."""
    old, new = edit.old.strip(), edit.new.strip()
    said = {
        "+=": "the contributions of all steps have to be added up",
        "-=": "the sign is wrong",
        "=": "the old value has to be replaced",
    }
    signs = (sign for sign in said if f" {sign} " in f" {new} ")
    accumulate = said.get(next(signs, ""), "the operation is another one")
    if {old, new} == {"+=", "-="}:
        accumulate = "the sign is wrong"
    number = ""
    if old in ("dot", "inner", "matmul") and new == "outer":
        number = f": `{old}` of two vectors is one number, and it would be added to every entry of the matrix"
    text = _CAUSES[edit.kind].format(old=old, new=new, accumulate=accumulate, number=number)
    return text[0].upper() + text[1:]


UNKNOWN = "Follow the walk back from the loss: which value is the first that its equation does not give?"
MISPLACED = "Is every value used at its own step, put where it belongs, and added up where it should be?"
NAMES = {"d": "deltas of the gates", "dz": "deltas of the pre-activations"}  # where a letter stands for all four gates


def lines(numbers: list[int]) -> str:
    """Numbers of lines in words: "line 7", "lines 7, 8 and 9"."""
    *first, last = map(str, numbers)
    return f"lines {', '.join(first)} and {last}" if first else f"line {last}"


FORWARD_PATH = "in the forward pass"
_PATHS = {
    "dy": "the error at the output",
    "dh_loss": "on the way from the loss of the same step to h",
    "dh": "where the loss of this step and the future meet in h",
    "dh_future": "on the way from the next step's gates, through the recurrent weights, to h",
    "back": "on the way from the next step's gates, through the recurrent weights, to h",
    "dc_hidden": "on the way from h through the output gate and the tanh to the cell",
    "dc": "where the way through h and the way through the next forget gate meet in the cell",
    "dc_carry": "on the way from the next step's cell through its forget gate",
    "d": "on the way from the cell or h into the gate",
    "dz": "on the way into the gate and through its nonlinearity",
    "term": "on the way from the pre-activations to the weights",
    "sum_from": "where the steps' contributions to the weights are added up",
    "sum_to": "where the steps' contributions to the weights are added up",
}


def describe_key(key: Key) -> tuple[str, str, str, int | None]:
    """Quantity, gate, path and step of a recognized value, in the names of the lessons."""
    quantity, gate, step = key.quantity, key.gate, key.step
    path = _PATHS.get(quantity, FORWARD_PATH)
    if quantity in ("d", "dz"):
        name = f"{quantity}{gate}"
    elif quantity in ("term", "sum_from", "sum_to", "column"):
        name, gate = f"d{gate}", gate[1:]
        step = None if name[1] == "U" else step  # the numbers may be right there, and in the column of another token
    elif quantity == "gate":
        name = gate
    elif quantity == "back":
        name, step = "dh_future", step - 1
        gate = gate if len(gate) == 1 else ""
    else:
        name = quantity
    if quantity == "d" and gate == "o":
        path = "on the way from h into the output gate"
    elif quantity == "d":
        path = f"on the way from the cell into the gate {gate}"
    return name, gate, path, step
