"""The text of the two-way cell diagram: names, numbers, local slopes, and the lines about what is chosen.

May import numpy, graph and the view.
"""

import re
from collections.abc import Collection

import numpy as np

from ..graph import Back, Net, Nudged, Stray, ends, kind_and_step, score
from ..params import GATES
from .two_way_view import View, box_of

PRODUCTS = ("kept", "added", "h")  # the kinds of boxes that multiply the two that they read
SLOPES = {  # the local slope of an arrow, by the kind of its end; {t} is its step. That of a product is the other one
    "c": "1",
    "ct": "(1 − ct[{t}]²)",
    **{gate: f"{gate} (1 − {gate})" for gate in "ifo"},
    "g": "(1 − g²)",
    **{f"z{gate}": f"W{gate}" for gate in GATES},
}
STRAYS = {  # what a flaw brings to a box: on its arrow, and in a line of text; {s} is the step where it begins
    "short_range": ("one step too far", "dh_loss[{s}] (one step too far)"),
    "stale_cell_delta": ("left over", "what an earlier walk left over"),
    "carry_accumulates": ("dc[{s}] × 1 as well", "dc[{s}] (again, without f[{s}])"),
}
UNUSED = "The last turn of a walk, s = 0, makes a delta for {box} too, but nothing uses it. So it isn't shown here."
NO_TURN = "With a single step no walk of this loop takes a turn, so no delta is made for {box}."
AGREE = 1e-4  # a nudge and a delta that differ by less than this, relatively, agree


def value_text(value: float) -> str:
    """A value in a box: two decimals, and a real minus sign."""
    return f"{value:z.{2 if abs(value) < 99.995 else 0}f}".replace("-", "−")


def delta_text(value: float) -> str:
    """A delta in its tag: two decimals and always a sign; a power of ten where these would all be zero."""
    if value == 0:
        return "0"
    size = abs(value)
    if 0.005 <= size < 99.95:
        return f"{value:+.{2 if size < 9.995 else 1}f}".replace("-", "−")
    mantissa, exponent = f"{value:+.0e}".split("e")
    return f"{mantissa}e{int(exponent)}".replace("-", "−")


def exact(value: float, sign: bool = False) -> str:
    """A number in a line of text: three decimals, four where it is below a tenth."""
    digits = 3 if 0.0995 <= abs(value) < 1000 else 4 if abs(value) < 1 else 0
    return f"{value:{'+' if sign else ''}z.{digits}f}".replace("-", "−") if value else "0"


def total(parts: Collection[float]) -> str:
    """Numbers as a sum: −0.279 + 0.101."""
    first, *others = parts
    return exact(first) + "".join(f" {'−' if p < 0 else '+'} {exact(abs(p))}" for p in others)


def times(a: float, b: float) -> str:
    """Two numbers as a product: 0.604 × (−0.158)."""
    return f"{exact(a)} × {_bracketed(b)}"


def _bracketed(value: float) -> str:
    return f"({exact(value)})" if value < 0 else exact(value)


def box_name(box: str) -> str:
    """The name of a box, or of an arrow, as it is said."""
    if " -> " in box:
        return " → ".join(map(box_name, ends(box)))
    kind, t = kind_and_step(box)
    return {"kept": f"f·c[{t - 1}]", "added": f"i·g[{t}]"}.get(kind, box)


def delta_name(box: str) -> str:
    """The name of a box's delta."""
    kind, t = kind_and_step(box)
    return {"kept": f"d(f·c[{t - 1}])", "added": f"d(i·g)[{t}]", "scores": "dy" + box[6:]}.get(kind, "d" + box)


def slope_symbol(net: Net, name: str) -> str:
    """The local slope of an arrow in symbols."""
    source, target = ends(name)
    kind, t = kind_and_step(target)
    if kind in PRODUCTS:
        return next(other for other in net.formulas[target].reads if other != source)
    return SLOPES[kind].format(t=t)


def slope_text(net: Net, name: str) -> str:
    """The local slope of an arrow as it is written beside it: `× f = 0.70`, without the step of its end."""
    if "scores" in name:
        return "y − onehot" if name.startswith("scores") else "× V"
    symbol = re.sub(r"\[\d+\]", "", slope_symbol(net, name))
    return "× 1" if symbol == "1" else f"× {symbol} = {value_text(net.slopes[name])}"


def stray_words(stray: Stray) -> tuple[str, ...]:
    """What an arrow that should not be there brings: on the arrow, and in a line of text."""
    return tuple(words.format(s=kind_and_step(stray.source)[1]) for words in STRAYS[stray.kind])


# ----------------------------------------------------------------------------------------------------- operations

TITLES = {
    ("z", False): "token and h[{b}] make the four z",
    ("gates", False): "sigmoid makes the gates, tanh the candidate",
    ("kept", False): "what is kept, f × c[{b}]",
    ("added", False): "what is added, i × g",
    ("c", False): "c is the sum of both",
    ("ct", False): "ct is tanh of c",
    ("h", False): "h is what the output gate shows, o × ct",
    ("scores", False): "V × h gives the scores",
    ("loss", False): "the loss, −log of the target's probability",
    ("loss", True): "the loss has delta 1",
    ("scores", True): "through the softmax to the scores",
    ("h", True): "through V to h",
    ("product", True): "through the product o × ct",
    ("c", True): "through tanh to c",
    ("sum", True): "through the sum in c",
    ("kept", True): "through the product f × c[{b}]",
    ("added", True): "through the product i × g",
    ("z", True): "through sigmoid and tanh to the four z",
    ("before", True): "through the four W to h[{b}]",
}


def heading(view: View) -> tuple[str, str]:
    """How many operations of the slider have been done, "3 of 19", and what the last one does, in a few words."""
    operation, start = view.last, view.before
    progress = f"{len(view.done) - start} of {view.end}"
    if operation is None:
        return progress, "Start: the initial state and the tokens"
    words = TITLES[operation.kind, operation.back].format(b=operation.t - 1)
    if operation.back and operation.kind in "hc" and operation.t < view.net.T - 1:
        words = f"{operation.kind} adds its two parts"
    return progress, f"{'Back, step' if operation.back else 'Step'} {operation.t}: {words}"


# ------------------------------------------------------------------------------------------- the chosen box or arrow


def describe(view: View) -> str:
    """Say what has been done, how the chosen box or arrow got its number, and what a nudge of it does, as HTML."""
    net, chosen = view.net, view.place
    source, target = ends(chosen) if " -> " in chosen else (chosen, chosen)
    if not view.walked:
        box = box_of(target)
        line = _value_line(net, box) if box in view.filled else "Not computed yet."
    elif view.came & {chosen, source}:
        line = _delta_line(net, view.back, chosen)
    elif any({chosen, source} & {*o.boxes, *o.arrows} for o in view.derived if o.back):
        line = "No delta has come back here yet."
    else:
        line = "Its delta comes later on the way back."
    # The heading of the picture: whoever sees it need not read it again.
    text = f'<span class="lt-unseen">Operation {". ".join(heading(view))}. </span>'
    text += f"<b>Chosen: {'box' if source == target else 'arrow'} {box_name(chosen)}.</b> {line}"
    delta = (view.back.boxes | view.back.arrows).get(chosen) if chosen in view.came else None
    if view.nudged or delta is not None:  # a delta that has come back is always checked
        text += f"<br> <b>{'Nudge' if view.nudged else 'Check by a nudge'}:</b> {_nudge_line(view.tried, delta)}"
    if view.nudged:  # for those who cannot see the boxes light up
        names = ", ".join(box_name(box) for box in net.formulas if box in view.changed - {chosen})
        text += f'<span class="lt-unseen"> What changes: {names or "nothing else"}.</span>'
    return text


def _value_line(net: Net, box: str) -> str:
    """How the value of a box is computed, in symbols and numbers."""
    v, (kind, t), value = net.values, kind_and_step(box), exact(net.values[box])
    if t == -1:
        return f"{box} = {value}, given."
    reads = net.formulas[box].reads
    numbers = [v[name] for name in reads]
    if kind == "loss":
        symbols, shown = f"−log(probability of target {net.targets[t]})", f"−log({exact(np.exp(-v[box]))})"
    elif kind == "scores":
        k = int(box[-2])
        symbols, shown = f"V[{k},0] × {reads[0]}", times(net.params.V[k, 0], *numbers)
    elif kind[0] == "z":
        (U, W), x = (net.params[block + kind[1]][0] for block in "UW"), net.x[t]
        symbols = f"U{kind[1]}[:, {x}] + W{kind[1]} × {reads[0]}"
        shown = f"{exact(U[x])} + {_bracketed(W[0])} × {_bracketed(*numbers)}"
    elif kind == "c":
        symbols, shown = " + ".join(map(box_name, reads)), total(numbers)
    elif kind in PRODUCTS:
        symbols, shown = " × ".join(reads), times(*numbers)
    else:
        squash = "sigmoid" if kind in "ifo" else "tanh"
        symbols, shown = f"{squash}({reads[0]})", f"{squash}({exact(*numbers)})"
    return f"{box_name(box)} = {symbols} = {shown} = {value}."


def _delta_line(net: Net, back: Back, place: str) -> str:
    """Delta in × local slope = delta out, in symbols and numbers, of a box or an arrow."""
    source, target = ends(place) if " -> " in place else (place, place)
    kind, t = kind_and_step(target)
    if place in back.missing:
        return f"Missing: this loop never brings dy[{t}] to {source}."
    if place not in back.boxes | back.arrows:  # a state before the first step, in a loop with a flaw
        no_turn = net.T == 1 and "short_range" in back.flaws
        return (NO_TURN if no_turn else UNUSED).format(box=source)
    if source != target:
        return _arrow_line(net, back, place)
    if kind == "loss":
        whole = "the loss" if net.T == 1 else "the sum of the losses"
        return f"Its delta is 1, because {whole} moves exactly as it does."
    ways = sorted((n for n in back.arrows if ends(n)[0] == place), key=lambda n: kind_and_step(ends(n)[1])[1])
    if kind == "h" or (kind == "c" and t >= 0):
        return _sum_line(net, back, place, ways)
    line = "Delta in × local slope = delta out: " + _product(net, back, ways[0], delta_name(place))
    if kind[0] != "z":
        return line
    delta, before = back.boxes[place], net.values[f"h[{t - 1}]"]
    return (
        f"{line} To the weights: d{place} × h[{t - 1}] = {times(delta, before)} = {exact(delta * before)} "
        f"for W{kind[1]}, and d{place} itself for U{kind[1]}[:, {net.x[t]}]."
    )


def _product(net: Net, back: Back, name: str, out: str) -> str:
    """`dh[0] × o[0] = dct[0], that is −0.654 × 0.570 = −0.372`."""
    source, target = ends(name)
    slope, result = net.slopes[name], exact(back.arrows[name])
    kind, t = kind_and_step(source)
    if kind == "scores":
        hot = int(int(source[-2]) == net.targets[t])
        return f"1 × (y − onehot) = {out}, that is 1 × ({exact(slope + hot)} − {hot}) = {result}."
    numbers = times(back.boxes[target], slope)
    return f"{delta_name(target)} × {slope_symbol(net, name)} = {out}, that is {numbers} = {result}."


def _arrow_line(net: Net, back: Back, name: str) -> str:
    kind, t = kind_and_step(ends(name)[1])
    if kind == "scores":
        sum_ = f"{_through_V(net, back, t)} = {exact(back.arrows[name])}"
        return f"Delta in × local slope, summed over the scores: dh_loss[{t}] = {sum_}."
    part = {"ct": f"dc_hidden[{t}]", "kept": f"dc_carry[{t - 1}]"}.get(kind, f"its part of dh[{t - 1}]")
    return "Delta in × local slope = delta out: " + _product(net, back, name, part)


def _through_V(net: Net, back: Back, t: int) -> str:
    """The sum over the scores that brings dh_loss, in symbols and in numbers."""
    pairs = [(back.boxes[score(t, k)], net.params.V[k, 0]) for k in range(net.K)]
    first, *others = pairs
    terms = [times(*first), *(f"{_bracketed(delta)} × {_bracketed(weight)}" for delta, weight in others)]
    return f"dy[{t}] · V = {' + '.join(terms)}"


def _sum_line(net: Net, back: Back, box: str, ways: list[str]) -> str:
    """How the parts of dc or dh add up; with a flaw, what is missing and what should not be there.

    In a net of one step each has a single part, and nothing to add it to: a later step has not been heard of yet.
    """
    (kind, t), made = kind_and_step(box), {}
    if t == -1:
        parts = [(f"{slope_symbol(net, name)} × d{ends(name)[1]}", back.arrows[name]) for name in ways]
    else:
        own, *later = ways
        here, after = (f"dh_loss[{t}]", f"dh_future[{t}]") if kind == "h" else (f"dc_hidden[{t}]", f"dc_carry[{t}]")
        if kind == "c":
            for part, delta, name in zip((here, after), (f"dct[{t}]", f"dc[{t + 1}]"), ways, strict=False):
                numbers = times(back.boxes[ends(name)[1]], net.slopes[name])
                made[part] = f"{delta} × {slope_symbol(net, name)} = {numbers}"
        elif own not in back.missing:
            made[here] = _through_V(net, back, t)
        if net.T == 1 and not back.flaws:
            return f"{delta_name(box)} = {made[here]} = {exact(back.boxes[box])}."
        here, after = here + " (missing)" * (own in back.missing), after + " (no later step)" * (not later)
        parts = [(here, back.arrows[own]), (after, sum(back.arrows[name] for name in later))]
    parts += [(stray_words(stray)[1], stray.amount) for stray in back.strays if stray.target == box]
    first = f"{', '.join(f'{name} = {how}' for name, how in made.items())}. " if made else ""
    names, numbers = zip(*parts, strict=True)
    return f"{first}{delta_name(box)} = {' + '.join(names)} = {total(numbers)} = {exact(back.boxes[box])}."


def _nudge_line(nudged: Nudged, delta: float | None) -> str:
    """What the loss did when the chosen thing alone was moved, and whether the delta agrees, if it has come."""
    who = box_name(nudged.place)
    if " -> " in nudged.place:
        who = f"{who.replace(' → ', ', as seen only by ')},"
    (low, high), (before, after) = nudged.loss, nudged.value
    moves = f"by 0.001 ({before:.4f} to {after:.4f}), the loss by {high - low:+.6f} ({low:.6f} to {high:.6f})"
    line = f"{who} moves {moves.replace('-', '−')}. Ratio {exact(nudged.ratio, True)}"
    if delta is None:
        return f"{line}."
    agree = abs(nudged.ratio - delta) <= AGREE * max(abs(delta), 0.01)
    return f"{line}, delta {exact(delta, True)}: {'they agree ✓' if agree else '<b>they disagree ✗</b>'}."
