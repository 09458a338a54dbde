"""What lesson 7 says of each line of a case's code: why the ladder clears it, or what is wrong with it. Data only."""

from __future__ import annotations

from collections.abc import Sequence

# The faulty line of each case, and what points at it; how to repair it is left to the learner.
FAULTY = {
    1: (
        'grads["W" + gate] += np.outer(dz[gate], h[t])',
        "dz is right, since dU is, so only its partner is left. Which state did the gates of step t read?",
    ),
    2: (
        "errors = (cache.y - wanted) / T",
        "Everything that goes back starts here, and that is why all nine are off by the same factor. Is the "
        "loss of this course a sum over the steps, or a mean?",
    ),
    3: (
        "dzg = dc * i * g * (1 - g)",
        "It looks like the three lines above it, and that is the trouble: g is squashed by a different function.",
    ),
    4: (
        'dh = sum(params["W" + gate] @ dz[gate] for gate in "ifog")',
        "From T = 2 on, all four gates read what this line hands back. It goes through each W as the forward pass "
        "does, and NumPy does not object, since W is square.",
    ),
    5: (
        "c_part = dc_now * f",
        "This is what step t hands back to the cell before. With two steps it is right, because nothing has been "
        "carried into the last one. With three, something is missing from it.",
    ),
}

# Why each other line is cleared: of all cases the general reason, then what is said in one case only.
GENERAL = {
    "T, K, H =": "Three sizes, as the arrays have them.",
    "T, H =": "Two sizes, as the arrays have them.",
    "cache = lt.forward(": "The forward pass is the library's, and it is given the initial state.",
    "grads = lt.Params.zeros(": "Nine gradients that start at zero.",
    "h = cache.h": "A shorter name. Row t is the state after step t; row -1 is the initial state.",
    "for t in": "Every step once, the last one first.",
    "for gate": "All four gates, each with its own dz.",
    "i, f, o, g, ct =": "Shorter names for the values of step t.",
    "h_before, c_before =": "The states before step t; at t = 0 that is row -1, the initial state.",
    "wanted = np.eye": "A row for each step, with a 1 at the target.",
    "dy[targets[t]] -= 1": "Probabilities minus a 1 at the target: the delta of the scores.",
    "into = {": "The deltas of the four gates' outputs: the delta of a product times the other factor.",
    "slope = {": "The slope of a sigmoid is s (1 - s), for i and f.",
    "slope |= {": "The slope of a sigmoid for o, that of a tanh for g.",
    "dh_next = np.zeros(H)": "An empty sum, for the four gates' shares below. The old value has already been used.",
}
CLEARED = {
    1: {
        "dy =": "All that goes back starts with dy. dV and the four dU are right, so dy is too.",
        "dh_future = dc_carry = np.zeros": "Nothing comes back from beyond the last step.",
        "dh =": "A wrong dh would spoil dU. All four dU are right.",
        "dc =": "A wrong dc would spoil dUi, dUf and dUg. They are right.",
        "di, df, do, dg =": "A mistake here would spoil the dU of a gate. All four are right.",
        "dz =": "A wrong dz would spoil dU as well as dW. All four dU are right.",
        "grads.V +=": "dV is right on every rung, and this line makes it.",
        'grads["U" + gate]': "dU is right on every rung, and this line makes it from dz.",
        "dh_future = sum": "A wrong dh_future would spoil dU from T = 2 on, and not show at T = 1.",
        "dc_carry =": "A wrong dc_carry would spoil dU from T = 2 on, and not show at T = 1.",
    },
    2: {
        "dh_next, dc_next =": "Nothing comes back from beyond the last step.",
        "grads.V +=": "Right for the errors it is given. dV is off by the same factor as the rest.",
        "dh =": "dV does not read dh, and it is off by the same factor as the rest.",
        "dc =": "dV does not read dc, and it is off by the same factor as the rest.",
        "dzi =": "This reaches only the gates. dV is off as well.",
        "dzf =": "This reaches only the gates. dV is off as well.",
        "dzo =": "This reaches only the gates. dV is off as well.",
        "dzg =": "This reaches only the gates. dV is off as well.",
        'grads["W" + gate]': "This makes the four dW, and the other five are off as well.",
        'grads["U" + gate]': "This makes the four dU, and the other five are off as well.",
        "dh_next +=": "dV needs nothing that is carried, and it is off as well.",
        "dc_next =": "dV needs nothing that is carried, and it is off as well.",
    },
    3: {
        "back_h = back_c =": "Nothing comes back from beyond the last step.",
        "dy = cache.y[t].copy()": "A copy, so the line below leaves the cache as it is.",
        "dh =": "A wrong dh would spoil dWo and dUo at T = 1. They are right there.",
        "dc =": "A wrong dc would spoil i and f at T = 1, not only g.",
        "dzi =": "dWi and dUi are right at T = 1, so dzi is.",
        "dzf =": "dWf and dUf are right at T = 1, so dzf is.",
        "dzo =": "dWo and dUo are right at T = 1, so dzo is.",
        "grads.V +=": "dV is right on every rung, and this line makes it.",
        'grads["W" + gate]': "All four gates use this line, and three of them are right at T = 1.",
        'grads["U" + gate]': "All four gates use this line, and three of them are right at T = 1.",
        "back_h = dzi": "Nothing is carried at T = 1, and the fault shows there.",
        "back_c =": "Nothing is carried at T = 1, and the fault shows there.",
    },
    4: {
        "dy =": "All nine are right at T = 1, so dy is too.",
        "dh, dc = np.zeros": "Nothing comes back from beyond the last step.",
        "grads.V +=": "dV is right on every rung, and this line makes it.",
        "dh = dh +": "What came back, plus this step's own loss. At T = 1 it is right.",
        "dc = dc + dh": "What came back, plus the way through h. At T = 1 the way through h is right, and a mistake in "
        "what came back would leave dWo and dUo right at T = 2.",
        "dz = {": "All eight are right at T = 1, so each dz is made the right way.",
        'grads["W" + gate]': "At T = 1 dW is right, and later steps are added to it with +=.",
        'grads["U" + gate]': "At T = 1 dU is right, and later steps are added to it with +=.",
        "dc = dc * cache.f[t]": "If this were wrong, dWo and dUo would still be right at T = 2. They are not.",
    },
    5: {
        "dy =": "All nine are right at T = 1 and T = 2, so dy is too.",
        "h_part = c_part = np.zeros": "Nothing comes back from beyond the last step.",
        "grads.V +=": "dV is right on every rung, and this line makes it.",
        "dh =": "If this were wrong, T = 2 would show it, where two parts of dh meet for the first time.",
        "dc_now =": "The way from h through the output gate and the tanh. At T = 1 it is right.",
        "dc = dc_now + c_part": "At T = 2 a part is carried into dc for the first time, and all nine are right there.",
        '"i":': "dWi and dUi are right at T = 1, so this is the right formula.",
        '"f":': "dWf and dUf are right at T = 1, so this is the right formula.",
        '"o":': "dWo and dUo are right at T = 1, so this is the right formula.",
        '"g":': "dWg and dUg are right at T = 1, so this is the right formula.",
        'grads["W" + gate]': "dW is right at T = 2, where two steps are added up.",
        'grads["U" + gate]': "dUo is right at T = 3, and it is made by the same line as the others.",
        "h_part = sum": "A wrong h_part would show at T = 2, in all four gates.",
    },
}


def reasons(number: int, lines: Sequence[str]) -> dict[int, tuple[bool, str]]:
    """Of each line that can be chosen, by its place in `lines`: whether it is the faulty one, and why (not).

    Raises KeyError for a line that nothing is said about.
    """
    found = {}
    for place, line in enumerate(lines):
        text = line.strip()
        if text == FAULTY[number][0]:
            found[place] = True, FAULTY[number][1]
        elif not text.startswith(("def ", "}", "return ")) and text != "dz = {":
            found[place] = False, _why(number, text)
    return found


def _why(number: int, text: str) -> str:
    for table in (CLEARED[number], GENERAL):
        for start, words in table.items():
            if text.startswith(start):
                return words
    raise KeyError(f"case {number}: nothing is said about {text!r}")
