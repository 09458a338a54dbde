"""The text of the two-way cell diagram: names, numbers, local slopes, and the lines about what is chosen.

May import numpy and graph.
"""

from collections.abc import Collection

import numpy as np

from ..graph import Back, Net, Nudged, Operation, arrow, ends, kind_and_step, score
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
STRAYS = {
    "short_range": "belongs to h[{s}], lands one step too far",
    "stale_cell_delta": "left over from an earlier walk",
    "carry_accumulates": "dc[{s}] added once more, without f[{s}]",
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


def back_line(net: Net, back: Back, place: str) -> str:
    """Delta in × local slope = delta out, in symbols and numbers, of a box or an arrow."""
    if " -> " in place:
        return _arrow_line(net, back, place)
    kind, t = kind_and_step(place)
    if kind == "loss":
        others = " and the total is the sum of all steps" if net.T > 1 else ""
        return f"d{place} = 1: the loss is what all deltas are measured against{others}."
    if place not in back.boxes:
        return f"this loop computes no delta for {place}."
    ways = sorted((name for name in back.arrows if ends(name)[0] == place), key=lambda name: _order(name, t))
    if kind in "hc" and (t >= 0 or kind == "h"):
        return _sum_line(net, back, place, ways)
    return "delta in × local slope = delta out: " + _product(net, back, ways[0], delta_name(place))


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
        dy = [back.boxes[score(t, k)] for k in range(net.K)]
        V = [net.slopes[arrow(source, score(t, k))] for k in range(net.K)]
        terms = " + ".join(f"{_in_brackets(d)} × {_in_brackets(w)}" for d, w in zip(dy, V, strict=True))
        column = "V" if net.H == 1 else f"V[:, {net.unit}]"
        return (
            f"delta in × local slope, summed over the scores: dy[{t}] · {column} = dh_loss[{t}], "
            f"that is {terms} = {exact(back.arrows[name])}."
        )
    if kind == "others":
        return (
            f"the sum of W × dz over the gates of the {net.H - 1} other unit{'s' * (net.H > 2)} at step {t}: "
            f"{exact(back.arrows[name])}."
        )
    part = {"ct": f"dc_hidden[{t}]", "kept": f"dc_carry[{t - 1}]"}.get(kind, f"its part of dh[{t - 1}]")
    return "delta in × local slope = delta out: " + _product(net, back, name, part)


def _sum_line(net: Net, back: Back, box: str, ways: list[str]) -> str:
    """How the parts of dc or dh add up; with a flaw, what is missing and what should not be there."""
    kind, t = kind_and_step(box)
    parts: list[tuple[str, float]] = []
    if kind == "c":
        hidden, *carry = ways
        shown = "" if carry else " (no later step)"
        parts = [(f"dc_hidden[{t}]", back.arrows[hidden])]
        parts += [(f"dc_carry[{t}]{shown}", back.arrows[carry[0]] if carry else 0.0)]
    elif t == -1:
        parts = [(f"from {ends(name)[1].split('[')[0]}", back.arrows[name]) for name in ways]
    else:
        future = sum(back.arrows[name] for name in ways[1:])
        shown = "" if ways[1:] else " (no later step)"
        missing = " (missing)" if ways[0] in back.missing else ""
        parts = [(f"dh_loss[{t}]{missing}", back.arrows[ways[0]]), (f"dh_future[{t}]{shown}", future)]
    for stray in back.strays:
        if stray.target == box:
            parts.append((STRAYS[stray.kind].format(s=kind_and_step(stray.source)[1]), stray.amount))
    names = " + ".join(f"[{name}]" if " " in name and "(" not in name else name for name, _ in parts)
    line = f"{delta_name(box)} = {names} = {total([part for _, part in parts])} = {exact(back.boxes[box])}."
    if kind == "c":
        products = [_product(net, back, name, part) for name, (part, _) in zip(ways, parts, strict=False)]
        line += " " + " ".join(p[0].upper() + p[1:] if p[0].isupper() else p for p in products)
    return line


def nudge_line(nudged: Nudged, delta: float | None, hidden: bool) -> str:
    """What the loss did when the chosen thing alone was moved, and whether the delta agrees."""
    name = box_name(nudged.place)
    who = name
    if " -> " in nudged.place:
        source, target = map(box_name, ends(nudged.place))
        who = f"{source}, only as {target} sees it,"
    low, high = nudged.loss
    numbers = (
        f" moved by 0.001, from {nudged.value[0]:.4f} to {nudged.value[1]:.4f}: the loss goes from {low:.6f} to "
        f"{high:.6f}, a change of {high - low:+.6f}, for each unit {exact(nudged.ratio, True)}."
    ).replace("-", "−")
    line = who + numbers
    if hidden or delta is None:
        return line
    agree = abs(nudged.ratio - delta) <= AGREE * max(abs(delta), 0.01)
    verdict = "they agree ✓" if agree else "<b>they disagree ✗</b>"
    return f"{line} The delta is {exact(delta, True)}: {verdict}"
