"""The text of the two-way cell diagram: names, numbers, local slopes, and the lines about what is chosen.

May import numpy and graph.
"""

import re
from collections.abc import Collection

import numpy as np

from ..graph import Back, Net, Nudged, Operation, Stray, arrow, ends, kind_and_step, score
from ..params import GATES

SLOPES = {  # the local slope of an arrow, by the kinds of its ends; {t} is the step of its end, {b} the step before
    ("o", "h"): "ct[{t}]",
    ("ct", "h"): "o[{t}]",
    ("c", "ct"): "(1 − ct[{t}]²)",
    ("kept", "c"): "1",
    ("added", "c"): "1",
    ("f", "kept"): "c[{b}]",
    ("c", "kept"): "f[{t}]",
    ("i", "added"): "g[{t}]",
    ("g", "added"): "i[{t}]",
    ("zi", "i"): "i (1 − i)",
    ("zf", "f"): "f (1 − f)",
    ("zo", "o"): "o (1 − o)",
    ("zg", "g"): "(1 − g²)",
}
STRAYS = {  # what a flaw brings to a box: on its arrow, and in a line of text; {s} is the step where it begins
    "short_range": ("one step too far", "dh_loss[{s}] (one step too far)"),
    "stale_cell_delta": ("left over", "what an earlier walk left over"),
    "carry_accumulates": ("dc[{s}] × 1 as well", "dc[{s}] (again, without f[{s}])"),
}
AGREE = 1e-4  # a nudge and a delta that differ by less than this, relatively, agree


def value_text(value: float) -> str:
    """A value in a box: two decimals, and a real minus sign."""
    value = round(float(value), 2) + 0.0
    return (f"{value:.2f}" if abs(value) < 99.995 else f"{value:.0f}").replace("-", "−")


def delta_text(value: float) -> str:
    """A delta in its tag: two decimals and always a sign; a power of ten where these would all be zero."""
    if value == 0:
        return "0"
    size = abs(value)
    digits = f"{value:+.2f}" if 0.005 <= size < 9.995 else f"{value:+.1f}" if 1 <= size < 99.95 else _power(value)
    return digits.replace("-", "−")


def _power(value: float) -> str:
    mantissa, exponent = f"{value:+.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def exact(value: float, sign: bool = False) -> str:
    """A number in a line of text: three decimals, four where it is below a tenth."""
    value = float(value)
    digits = 3 if 0.0995 <= abs(value) < 1000 else 4 if abs(value) < 1 else 0
    rounded = round(value, digits) + 0.0
    if rounded == 0:
        return "0" if value == 0 else f"0.{'0' * digits}"
    return f"{rounded:{'+' if sign else ''}.{digits}f}".replace("-", "−")


def total(parts: Collection[float]) -> str:
    """Numbers as a sum: −0.279 + 0.101."""
    first, *others = parts
    return exact(first) + "".join(f" {'−' if p < 0 else '+'} {exact(abs(p))}" for p in others)


def box_name(box: str) -> str:
    """The name of a box, or of an arrow, as it is said."""
    if " -> " in box:
        return " → ".join(map(box_name, ends(box)))
    kind, t = kind_and_step(box)
    return {"kept": f"f·c[{t - 1}]", "added": f"i·g[{t}]", "others": f"the other units at step {t}"}.get(kind, box)


def delta_name(box: str) -> str:
    """The name of a box's delta."""
    kind, t = kind_and_step(box)
    if kind == "scores":
        return "dy" + box[6:]
    return {"kept": f"d(f·c[{t - 1}])", "added": f"d(i·g)[{t}]"}.get(kind, "d" + box)


def slope_symbol(net: Net, name: str) -> str:
    """The local slope of an arrow in symbols."""
    source, target = ends(name)
    (one, _), (other, t) = kind_and_step(source), kind_and_step(target)
    if one == "h" and other[0] == "z":
        return f"W{other[1]}" + (f"[{net.unit},{net.unit}]" if net.H > 1 else "")
    return SLOPES[one, other].format(t=t, b=t - 1)


def slope_text(net: Net, source: str, target: str) -> str:
    """The local slope of an arrow as it is written beside it: `× f = 0.70`, without the step."""
    if source.startswith("scores"):
        return "y − onehot"
    if target.startswith("scores"):
        return "× V"
    name = arrow(source, target)
    symbol = re.sub(r"\[\d+\]", "", slope_symbol(net, name))
    if symbol == "1" or (net.H > 1 and symbol[0] == "W"):
        return f"× {symbol}"
    return f"× {symbol} = {value_text(net.slopes[name])}"


def stray_label(stray: Stray) -> str:
    """What an arrow that should not be there brings, in a few words."""
    return STRAYS[stray.kind][0].format(s=kind_and_step(stray.source)[1])


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


def title(operation: Operation | None, T: int) -> str:
    """What an operation does, in a few words."""
    if operation is None:
        return "Start: the initial state and the tokens"
    words = TITLES[operation.kind, operation.back].format(b=operation.t - 1)
    if operation.back and operation.kind in "hc" and operation.t < T - 1:
        words = f"{operation.kind} adds its two parts"
    return f"{'Back, step' if operation.back else 'Step'} {operation.t}: {words}"


# ------------------------------------------------------------------------------------------------ how a value comes


def forward_line(net: Net, box: str) -> str:
    """How the value of a box is computed, in symbols and numbers."""
    v, (kind, t) = net.values, kind_and_step(box)
    n = lambda name: exact(v[name])  # noqa: E731
    here, before = f"[{t}]", f"[{t - 1}]"
    if t == -1:
        return f"{box} = {n(box)}, given."
    if kind[0] == "z":
        gate, u = kind[1], net.unit
        W = net.params["W" + gate]
        input_part = net.params["U" + gate][u, net.x[t]]
        own = W[u, u] * v["h" + before]
        others = v[box] - input_part - own
        more, plus = (" + other units", f" {_signed(others)}") if net.H > 1 else ("", "")
        return (
            f"{box} = U{gate}[:, {net.x[t]}] + W{gate} × h{before}{more} = "
            f"{exact(input_part)} + {_in_brackets(W[u, u])} × {_in_brackets(v['h' + before])}{plus} = {n(box)}."
        )
    if kind in GATES:
        squash = "tanh" if kind == "g" else "sigmoid"
        return f"{box} = {squash}(z{kind}{here}) = {squash}({n(f'z{kind}{here}')}) = {n(box)}."
    if kind == "scores":
        k, u = int(box.split(",")[1][:-1]), net.unit
        own = net.params.V[k, u] * v["h" + here]
        more, plus = (" + other units", f" {_signed(v[box] - own)}") if net.H > 1 else ("", "")
        symbols = f"V[{k},{u}] × h{here}{more}"
        return f"{box} = {symbols} = {exact(net.params.V[k, u])} × {_in_brackets(v['h' + here])}{plus} = {n(box)}."
    if kind == "loss":
        y = np.exp(-v[box])
        return f"{box} = −log(probability of target {net.targets[t]}) = −log({exact(y)}) = {n(box)}."
    if kind == "c":
        return f"{box} = f·c{before} + i·g{here} = {total((v['kept' + here], v['added' + here]))} = {n(box)}."
    if kind == "ct":
        return f"{box} = tanh(c{here}) = tanh({n('c' + here)}) = {n(box)}."
    a, b = {"kept": ("f" + here, "c" + before), "added": ("i" + here, "g" + here), "h": ("o" + here, "ct" + here)}[kind]
    return f"{box_name(box)} = {a} × {b} = {n(a)} × {_in_brackets(v[b])} = {n(box)}."


def _signed(value: float) -> str:
    return f"{'−' if value < 0 else '+'} {exact(abs(value))}"


def _in_brackets(value: float) -> str:
    return f"({exact(value)})" if value < 0 else exact(value)


# ------------------------------------------------------------------------------------------------ how a delta comes


def back_line(net: Net, back: Back, place: str, weights: bool = True, neutral: bool = False) -> str:
    """Delta in × local slope = delta out, in symbols and numbers, of a box or an arrow.

    `weights`: for a z, with what it gives to the weights. `neutral`: of a sum only what the loop makes of it, without
    saying what is missing in it or should not be there.
    """
    if neutral and (place in back.missing or (place in back.boxes and kind_and_step(place)[0] in "hc")):
        return f"this loop brings {exact((back.arrows | back.boxes)[place], True)}."
    if " -> " in place:
        return _arrow_line(net, back, place)
    kind, t = kind_and_step(place)
    if kind == "loss":
        return (
            f"its delta is 1, because {'the loss' if net.T == 1 else 'the sum of the losses'} moves exactly as it does."
        )
    if place not in back.boxes:
        return f"this loop computes no delta for {place}."
    ways = sorted((name for name in back.arrows if ends(name)[0] == place), key=lambda name: _order(name, t))
    if kind in "hc" and (t >= 0 or kind == "h"):
        return _sum_line(net, back, place, ways)
    line = "delta in × local slope = delta out: " + _product(net, back, ways[0], delta_name(place))
    return line + (_weights(net, back, place) if weights and kind[0] == "z" else "")


def _weights(net: Net, back: Back, box: str) -> str:
    """What a step adds to the gradients of the weights that made a z."""
    (kind, t), u = kind_and_step(box), net.unit
    delta, before = back.boxes[box], net.values[f"h[{t - 1}]"]
    row = f"[{u},{u}]" if net.H > 1 else ""
    return (
        f" To the weights: d{box} × h[{t - 1}] = {exact(delta)} × {_in_brackets(before)} = {exact(delta * before)} "
        f"for W{kind[1]}{row}, and d{box} itself for U{kind[1]}[{u},{net.x[t]}]."
    )


def _order(name: str, t: int) -> bool:
    """The way that stays in step t comes before the ways into the next one."""
    return kind_and_step(ends(name)[1])[1] > t


def _product(net: Net, back: Back, name: str, out: str) -> str:
    """`dh[0] × o[0] = dct[0], that is −0.654 × 0.570 = −0.372`."""
    source, target = ends(name)
    if kind_and_step(source)[0] == "scores":
        t, k = kind_and_step(source)[1], int(source.split(",")[1][:-1])
        hot = int(k == net.targets[t])
        y = net.slopes[name] + hot
        return f"1 × (y − onehot) = {out}, that is 1 × ({exact(y)} − {hot}) = {exact(back.arrows[name])}."
    delta, slope = back.boxes[target], net.slopes[name]
    return (
        f"{delta_name(target)} × {slope_symbol(net, name)} = {out}, "
        f"that is {exact(delta)} × {_in_brackets(slope)} = {exact(back.arrows[name])}."
    )


def _arrow_line(net: Net, back: Back, name: str) -> str:
    source, target = ends(name)
    kind, t = kind_and_step(target)
    if name in back.missing:
        return f"missing: this loop never brings dy[{t}] to {source}."
    if name not in back.arrows:
        return f"this loop brings nothing to {source}."
    if kind == "scores":
        sum_ = f"{_through_V(net, back, t)} = {exact(back.arrows[name])}"
        return f"delta in × local slope, summed over the scores: dh_loss[{t}] = {sum_}."
    if kind == "others":
        return (
            f"the sum of W × dz over the gates of the {net.H - 1} other unit{'s' * (net.H > 2)} at step {t} "
            f"= {exact(back.arrows[name])}."
        )
    part = {"ct": f"dc_hidden[{t}]", "kept": f"dc_carry[{t - 1}]"}.get(kind, f"its part of dh[{t - 1}]")
    return "delta in × local slope = delta out: " + _product(net, back, name, part)


def _through_V(net: Net, back: Back, t: int) -> str:
    """The sum over the scores that brings dh_loss, in symbols, and in numbers if there are few of them."""
    V = net.params.V[:, net.unit]
    terms = [f"{exact(back.boxes[score(t, k)])} × {_in_brackets(w)}" for k, w in enumerate(V)]
    column = "V" if net.H == 1 else f"V[:, {net.unit}]"
    return f"dy[{t}] · {column}" + (f" = {' + '.join(terms)}" if net.K <= 3 else "")


def _sum_line(net: Net, back: Back, box: str, ways: list[str]) -> str:
    """How the parts of dc or dh add up; with a flaw, what is missing and what should not be there."""
    kind, t = kind_and_step(box)
    parts: list[tuple[str, float]] = []
    first = ""
    if kind == "c":
        hidden, *carry = ways
        shown = "" if carry else " (no later step)"
        parts = [(f"dc_hidden[{t}]", back.arrows[hidden])]
        parts += [(f"dc_carry[{t}]{shown}", back.arrows[carry[0]] if carry else 0.0)]
    elif t == -1:
        parts = [(_way_to_gate(net, name), back.arrows[name]) for name in ways]
    else:
        future = sum(back.arrows[name] for name in ways[1:])
        shown = "" if ways[1:] else " (no later step)"
        missing = " (missing)" if ways[0] in back.missing else ""
        parts = [(f"dh_loss[{t}]{missing}", back.arrows[ways[0]]), (f"dh_future[{t}]{shown}", future)]
        first = "" if missing else f"dh_loss[{t}] = {_through_V(net, back, t)}. "
    for stray in back.strays:
        if stray.target == box:
            parts.append((STRAYS[stray.kind][1].format(s=kind_and_step(stray.source)[1]), stray.amount))
    names = " + ".join(name for name, _ in parts)
    line = f"{delta_name(box)} = {names} = {total([part for _, part in parts])} = {exact(back.boxes[box])}."
    if kind == "c":
        factors = [(hidden, f"dct[{t}]"), *((name, f"dc[{t + 1}]") for name in carry)]
        terms = [
            f"{part.split(' ')[0]} = {symbol} × {slope_symbol(net, name)} = "
            f"{exact(back.boxes[ends(name)[1]])} × {_in_brackets(net.slopes[name])}"
            for (name, symbol), (part, _) in zip(factors, parts, strict=False)
        ]
        first = f"{', '.join(terms)}. "
    return first + line


def _way_to_gate(net: Net, name: str) -> str:
    kind, t = kind_and_step(ends(name)[1])
    return "other units" if kind == "others" else f"{slope_symbol(net, name)} × d{kind}[{t}]"


def nudge_line(nudged: Nudged, delta: float | None, hidden: bool) -> str:
    """What the loss did when the chosen thing alone was moved, and whether the delta agrees."""
    name = box_name(nudged.place)
    who = name
    if " -> " in nudged.place:
        source, target = map(box_name, ends(nudged.place))
        who = f"{source}, as seen only by {target},"
    low, high = nudged.loss
    numbers = (
        f" moves by 0.001 ({nudged.value[0]:.4f} to {nudged.value[1]:.4f}), the loss by {high - low:+.6f} "
        f"({low:.6f} to {high:.6f}). Ratio {exact(nudged.ratio, True)}"
    ).replace("-", "−")
    line = who + numbers
    if hidden or delta is None:
        return f"{line}."
    agree = abs(nudged.ratio - delta) <= AGREE * max(abs(delta), 0.01)
    verdict = "they agree ✓" if agree else "<b>they disagree ✗</b>"
    return f"{line}, delta {exact(delta, True)}: {verdict}"
