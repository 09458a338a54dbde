"""Faults for the models of this folder: the families of which one has to be named first, and what is changed.

Each is (model, families, [(old text, new text), ...]); where there are several changes, there are several mistakes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.model_cases import of_text

FOLDER = Path(__file__).parent
STYLES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in ("__init__", "faults"))

Edit = tuple[str, str]
FAULTS: list[tuple[str, set[str], list[Edit]]] = [
    # a character LSTM with globals
    ("char_globals", {"gate"}, [("* f[t] * (1 - f[t])", "* f[t]")]),
    ("char_globals", {"carry"}, [("        dhnext = dz[:hidden_size]\n", "")]),
    ("char_globals", {"carry"}, [("        dcnext = f[t] * dc\n", "")]),
    ("char_globals", {"carry"}, [(" + np.dot(Wo.T, do)\n", "\n")]),
    ("char_globals", {"gate rows"}, [("dWi += np.dot(di, zs[t].T)", "dWi += np.dot(df, zs[t].T)")]),
    ("char_globals", {"line"}, [("dbo += do", "dbo = do")]),
    ("char_globals", {"formula"}, [("dh * o[t] * (1 - np.tanh(c[t]) ** 2)", "dh * o[t] * (1 - c[t] ** 2)")]),
    # one class, gates stacked
    ("stacked_class", {"carry"}, [("dh_next = self.W.T.dot(dz)[:H]", "dh_next = self.W.T.dot(dz)[-H:]")]),
    ("stacked_class", {"accumulation"}, [("dc_next = dc * f", "dc_next += dc * f")]),
    ("stacked_class", {"formula"}, [("dh * o * (1 - tc * tc)", "dh * (1 - tc * tc)")]),
    ("stacked_class", {"gate"}, [("dc * i * (1 - g * g)", "dc * i * (1 - g)")]),
    ("stacked_class", {"carry"}, [("dc = dc_next + dh", "dc = dh")]),
    ("stacked_class", {"sign"}, [("dy = self.ys[t] - targets[t]", "dy = targets[t] - self.ys[t]")]),
    ("stacked_class", {"product"}, [("dWy += np.outer(dy, h)", "dWy += np.outer(dy, np.tanh(c))")]),
    # functions with a cache, a batch
    ("course_batch", {"gate"}, [("dnext_c * prev_c, dnext_c * f", "dnext_c * next_c, dnext_c * f")]),
    ("course_batch", {"scale"}, [("dscores /= N", "dscores /= N * T")]),
    ("course_batch", {"scale"}, [("        dscores /= N\n", "")]),
    ("course_batch", {"carry"}, [("dh[:, t] + dprev_h, dprev_c, caches", "dh[:, t] + dprev_h, 0 * dprev_c, caches")]),
    (
        "course_batch",
        {"carry", "steps"},
        [
            ("dh[:, t] + dprev_h", "dh[:, T - 1 - t] + dprev_h"),
            ("range(dh.shape[1])[::-1]:", "range(T := dh.shape[1])[::-1]:"),
        ],
    ),
    (
        "course_batch",
        {"gate rows"},
        [("np.hstack([di * i * (1 - i), df * f * (1 - f),", "np.hstack([df * f * (1 - f), di * i * (1 - i),")],
    ),
    # one array per gate, attributes
    (
        "gate_attributes",
        {"gate rows"},
        [('grads["U_o"] += np.outer(h_prev, dz_o)', 'grads["U_o"] += np.outer(h_prev, dz_g)')],
    ),
    ("gate_attributes", {"gate"}, [("dc * g * i * (1 - i)", "dc * g")]),
    ("gate_attributes", {"carry"}, [(" + self.U_f @ dz_f", "")]),
    ("gate_attributes", {"transpose"}, [("self.U_i @ dz_i", "self.U_i.T @ dz_i")]),
    ("gate_attributes", {"product"}, [('grads["U_i"] += np.outer(h_prev, dz_i)', 'grads["U_i"] += np.outer(h, dz_i)')]),
    ("gate_attributes", {"carry", "formula"}, [("dc_next = dc * f", "dc_next = dc_next * f")]),
    (
        "gate_attributes",
        {"formula"},
        [("dc = dh * o * (1 - np.tanh(c) ** 2) + dc_next", "dc = dh * (1 - np.tanh(c) ** 2) + dc_next")],
    ),
    # nodes in a list
    ("node_list", {"gate"}, [("df = self.s_prev * ds", "df = self.s * ds")]),
    ("node_list", {"carry"}, [("self.bottom_diff_s = ds * self.f", "self.bottom_diff_s = ds * self.i")]),
    ("node_list", {"carry"}, [("        dxc += np.dot(param.wo.T, do_input)\n", "")]),
    ("node_list", {"scale"}, [("own[0] = 2 * (node.h[0] - y)", "own[0] = node.h[0] - y")]),
    ("node_list", {"steps"}, [("zip(self.nodes[::-1], ys[::-1])", "zip(self.nodes[::-1], ys)")]),
    ("node_list", {"left out"}, [("param.wf_diff += np.outer", "param.wf_diff = np.outer")]),
    # an RNN that updates in place
    ("updating_rnn", {"transpose"}, [("dnext = self.Whh.T @ dz", "dnext = self.Whh @ dz")]),
    ("updating_rnn", {"formula"}, [("dh * (1 - self.h[t] ** 2)", "dh")]),
    ("updating_rnn", {"line"}, [("np.outer(dz, self.h[t - 1])", "np.outer(dz, self.h[t])")]),
    (
        "updating_rnn",
        {"first step"},
        [
            ("self.h = np.zeros((len(xs) + 1, 5))", "self.h = np.zeros((len(xs), 5))"),
            ("self.Whh @ self.h[t - 1]", "(self.Whh @ self.h[t - 1] if t else 0)"),
        ],
    ),
    # a list of parameters, one function
    ("lists_of_arrays", {"scale"}, [("derr = 2 * err / T", "derr = 2 * err")]),
    ("lists_of_arrays", {"carry"}, [("dcn = dc * f", "dcn = dc")]),
    ("lists_of_arrays", {"gate"}, [("dc * cs[t] * f * (1 - f)", "dc * cs[t + 1] * f * (1 - f)")]),
    ("lists_of_arrays", {"line"}, [("np.outer(hs[t], dz)", "np.outer(hs[t + 1], dz)")]),
    # a batch in columns, the last step's loss
    (
        "batch_last_step",
        {"transpose"},
        [
            ('dcat + p["W_" + gate].T', 'dcat + np.vstack([p["W_" + gate][:, :H], p["W_" + gate][:, H:].T])'),
        ],
    ),
    ("batch_last_step", {"gate"}, [("dc * g * i * (1 - i)", "dc * g * i")]),
    ("batch_last_step", {"carry"}, [("            dc = dc * f\n", "")]),
    ("batch_last_step", {"scale"}, [("        d /= B\n", "")]),
    (
        "batch_last_step",
        {"axis", "line", "scale"},
        [("delta[gate].sum(axis=1, keepdims=True)", "delta[gate].mean(axis=1, keepdims=True)")],
    ),
    # a GRU with globals
    ("gru_globals", {"sign"}, [("dh * (h - c) * z", "dh * (c - h) * z")]),
    ("gru_globals", {"carry"}, [("carry = dh * z + drh * r +", "carry = dh * z +")]),
    ("gru_globals", {"gate"}, [("dr = drh * h * r * (1 - r)", "dr = drh * r * (1 - r)")]),
    ("gru_globals", {"product", "line"}, [("dUh += np.outer(dc, r * h)", "dUh += np.outer(dc, h)")]),
    # two layers
    ("clipped_layers", {"clipping"}, [("limit = np.inf", "limit = 0.4")]),
    ("clipped_layers", {"carry"}, [("dcl * f\n", "0 * dcl\n")]),
    (
        "clipped_layers",
        {"left out", "carry", "formula"},
        [("dhl = down + dh[l]", "dhl = (down if l else 0 * down) + dh[l]")],
    ),
    # a row for each step
    ("rows_of_states", {"first step"}, [("h_before = h[t - 1] if t > 0 else np.zeros(nh)", "h_before = h[t - 1]")]),
    ("rows_of_states", {"first step"}, [("s_before = s[t - 1] if t > 0 else np.zeros(nh)", "s_before = s[t - 1]")]),
    ("rows_of_states", {"carry"}, [("ds_next * f_next", "ds_next * f[t]")]),
    ("rows_of_states", {"gate"}, [("np.tanh(s[t]) * o[t] * (1 - o[t])", "s[t] * o[t] * (1 - o[t])")]),
    ("rows_of_states", {"carry"}, [('dh_next += p["U" + gate].T @ dz[gate]', 'dh_next = p["U" + gate].T @ dz[gate]')]),
    # attributes that the adapter hands over
    ("regression_mean", {"not read"}, [("        hand_over(p)\n        return", "        return")]),
    (
        "regression_mean",
        {"not read"},
        [("for name in names:\n            setattr", "for name in set(names) - {'recurrent'}:\n            setattr")],
    ),
    ("regression_mean", {"line"}, [("self.d_bias += dz", "self.d_bias = dz")]),
    ("regression_mean", {"carry"}, [("dh = dz @ self.recurrent.T", "dh = 0 * dh")]),
    # a table
    ("word_table", {"line", "formula"}, [('grad["table"][toks[t]] += p', 'grad["table"][toks[t]] = p')]),
    ("word_table", {"scale"}, [("dscore /= T", "dscore /= 1")]),
    # several at once
    ("clipped_layers", {"clipping"}, [("limit = np.inf", "limit = 0.4"), ("dcl * i * (1 - g**2)", "dcl * i")]),
    ("lists_of_arrays", {"scale"}, [("derr = 2 * err / T", "derr = 2 * err"), ("dhn = dz @ Wh.T", "dhn = 0 * dhn")]),
    ("lists_of_arrays", {"scale"}, [("derr = 2 * err / T", "derr = err / T"), ("dc * i * (1 - g**2)", "dc * i")]),
    (
        "gate_attributes",
        {"carry", "axis", "line", "gate", "product"},
        [("dh_next = self.U_i", "dh_next = 0 * self.U_i"), ('grads["b_i"] += dz_i', 'grads["b_i"] += i')],
    ),
    (
        "gate_attributes",
        {"copy"},
        [
            ('grads["W_o"] += np.outer(X[t], dz_o)', 'grads["W_o"] += np.outer(X[t], dz_f)'),
            ("dc * c_prev * f * (1 - f)", "dc * c_prev * f"),
        ],
    ),
    (
        "char_globals",
        {"carry", "gate", "formula"},
        [("        dcnext = f[t] * dc\n", ""), ("* f[t] * (1 - f[t])", "* f[t]")],
    ),
    (
        "stacked_class",
        {"gate", "carry"},
        [("dc_next = dc * f", "dc_next = 0 * dc"), ("dc * i * (1 - g * g)", "dc * i")],
    ),
    (
        "rows_of_states",
        {"first step", "carry"},
        [
            ("h_before = h[t - 1] if t > 0 else np.zeros(nh)", "h_before = h[t - 1]"),
            ("ds_next * f_next", "0 * ds_next"),
        ],
    ),
]


def load(model: str, edits: list[Edit] = ()) -> Callable:
    """`case` of a model, with changes in its text."""
    return of_text((FOLDER / f"{model}.py").read_text(), *edits)
