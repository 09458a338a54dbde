"""Faults for the models of this folder, each with the family that has to be named first.

`IN_THE_TEXT` are made in the source of one model: (family, old text, new text). `AROUND` are made around any model.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.model_cases import of_text

FOLDER = Path(__file__).parent
MODELS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in ("__init__", "faults"))
SLOW = {"lstm_two_layers", "bilstm_tagger", "highway_rnn", "lstm_rows_batch"}

Edit = tuple[str, str, str]
IN_THE_TEXT: dict[str, list[Edit]] = {
    "lstm_stacked": [
        ("carry", 'dh_next = p["W"].T @ dz', "pass"),
        ("carry", "dc_next = dc * f", "pass"),
        ("carry", "dc_next = dc * f", "dc_next = dc * i"),
        ("carry", 'dh_next = p["W"].T @ dz', 'dh_next = p["W"].T[:, H:] @ dz[H:]'),
        ("accumulation", "dc_next = dc * f", "dc_next += dc * f"),
        ("accumulation", 'dh_next = p["W"].T @ dz', 'dh_next += p["W"].T @ dz'),
        (
            "transpose",
            'dh_next = p["W"].T @ dz',
            'dh_next = sum(m @ d for m, d in zip(np.split(p["W"], 4), np.split(dz, 4)))',
        ),
        ("transpose", 'dh_next = p["W"].T @ dz', 'dh_next = p["W"].T @ dz + (p["W"][:H] - p["W"][:H].T) @ dz[:H]'),
        ("gate", "df * f * (1 - f)", "df"),
        ("gate", "dg * (1 - g**2)", "dg * (1 - g)"),
        ("gate", "dc * g, dc * c, dc * i", "dc * g, dc * c_new, dc * i"),
        ("gate", "do * o * (1 - o)", "do * o * (1 - o) * o * (1 - o)"),
        ("formula", "dc = dh * o * (1 - np.tanh(c_new) ** 2)", "dc = dh * o * (1 - c_new ** 2)"),
        ("formula", "dc = dh * o * (1 - np.tanh(c_new) ** 2)", "dc = dh * o"),
        ("line", 'grads["b"] += dz', 'grads["b"] = dz'),
        ("line", 'grads["W"] += np.outer(dz, h)', 'grads["W"] = np.outer(dz, h)'),
        ("product", 'grads["W"] += np.outer(dz, h)', 'grads["W"] += np.outer(dz, h_new)'),
        ("product", 'grads["V"] += np.outer(ds, h_new)', 'grads["V"] += np.outer(ds, h)'),
        ("left out", 'grads["c"] += ds', "pass"),
        ("loss", "ds[y] -= 1", "ds[y] -= 0.9"),
    ],
    "lstm_rows_batch": [
        ("carry", 'dhn = da @ p["recurrent_kernel"].T', "dhn = 0"),
        ("carry", "dcn = dc * f", "dcn = 0 * dc"),
        ("scale", "/ Y.size", ""),
        ("scale", "/ Y.size", "/ N"),
        ("scale", "2 * (pred - Y)", "(pred - Y)"),
        ("axis", "da.sum(axis=0)", "da.sum()"),
        ("scale", 'd["dense_bias"] += dpred[:, t].sum(axis=0)', 'd["dense_bias"] += dpred[:, t].mean(axis=0)'),
        ("line", 'd["kernel"] += X[:, t].T @ da', 'd["kernel"] = X[:, t].T @ da'),
        ("gate", "dc * i * (1 - g * g)", "dc * i"),
        ("gate", "dc * c[t] * f * (1 - f)", "dc * c[t + 1] * f * (1 - f)"),
        ("gate", "dc * c[t] * f * (1 - f)", "dc * c[t]"),
        ("line", "h[t].T @ da", "h[t + 1].T @ da"),
        (
            "clipping",
            'dh = dpred[:, t] @ p["dense"].T + dhn',
            'dh = np.clip(dpred[:, t] @ p["dense"].T + dhn, -0.2, 0.2)',
        ),
    ],
    "lstm_concat_last": [
        ("carry", 'dh = (q["W"].T @ delta)[:H]', "dh = 0 * dh"),
        ("carry", "dc = dc * f", "dc = 0 * dc"),
        ("carry", "dc = dc * f", "pass"),
        ("formula", "dc = dc + dh * o\n", "dc = dc + dh * o * (1 - np.tanh(c_now) ** 2)\n"),
        ("gate", "dh * c_now * o * (1 - o)", "dh * np.tanh(c_now) * o * (1 - o)"),
        ("line", 'g["b"] += delta', 'g["b"] = delta'),
        ("scale", 'err = q["w_out"] @ h - goal', 'err = 2 * (q["w_out"] @ h - goal)'),
        ("sign", 'err = q["w_out"] @ h - goal', 'err = goal - q["w_out"] @ h'),
    ],
    "lstm_coupled": [
        ("scale", "dy /= T", "pass"),
        ("carry", 'carry_h += p["W" + gate].T @ d[gate]', "pass"),
        ("transpose", 'carry_h += p["W" + gate].T @ d[gate]', 'carry_h += p["W" + gate] @ d[gate]'),
        ("carry", 'carry_h += p["W" + gate].T @ d[gate]', 'carry_h += p["W" + gate].T @ d[gate] * (gate != "g")'),
        ("carry", 'carry_h += p["W" + gate].T @ d[gate]', 'carry_h = p["W" + gate].T @ d[gate]'),
        ("carry", "carry_c = dc * (1 - i)", "carry_c = dc * i"),
        ("carry", "carry_c = dc * (1 - i)", "pass"),
        ("gate", "dc * (g - self.c[t - 1])", "dc * g"),
        ("transpose", "np.outer(d[gate], self.h[t - 1])", "np.outer(self.h[t - 1], d[gate])"),
        ("product", "np.outer(d[gate], self.h[t - 1])", "np.outer(d[gate], self.h[t])"),
        ("accumulation", "carry_h = np.zeros(self.hidden)\n            for", "for"),
        ("truncation", "for t in range(T)[::-1]:", "for t in range(T)[::-1][:3]:"),
        ("truncation", "for t in range(T)[::-1]:", "for t in range(T)[::-1][:9]:"),
        (
            "state",
            "self.h[-1], self.c[-1] = self.h0, self.c0",
            "self.h[-1], self.c[-1] = self.h0, self.c0\n        self.h0 = self.h[len(self.tokens) - 1]",
        ),
        (
            "input changed",
            'for gate in "iog":\n                grad',
            'p["V"] -= 0.1 * grad["V"]\n            for gate in "iog":\n                grad',
        ),
    ],
    "lstm_peephole": [
        ("carry", 'dc * f + di * P["peep_i"] + df * P["peep_f"]', "dc * f"),
        ("formula", '+ do * P["peep_o"]', ""),
        ("carry", 'dy = P["R"].T @ delta', "dy = 0 * dy"),
        ("line", 'G["peep_f"] += df * cs[t]', 'G["peep_f"] += df * cs[t + 1]'),
        ("gate rows", "[dz, di, df, do]", "[di, dz, df, do]"),
        ("scale", "2 * (hs[t + 1] - want[t]) / T", "2 * (hs[t + 1] - want[t])"),
        ("scale", "2 * (hs[t + 1] - want[t]) / T", "(hs[t + 1] - want[t]) / T"),
        ("clipping", 'dy = P["R"].T @ delta', 'dy = np.clip(P["R"].T @ delta, -0.3, 0.3)'),
        ("left out", 'G["h0"], G["c0"] = dy, dcarry', 'G["c0"] = dcarry'),
    ],
    "gru_reset_before": [
        ("carry", "later = dh * z + drh * r", "later = drh * r"),
        ("carry", "later = dh * z + drh * r", "later = dh * z"),
        ("carry", "later = dh * z + drh * r", "later = dh * z + drh"),
        ("carry", 'p["U_z"].T @ dz + p["U_r"].T @ dr', 'p["U_z"].T @ dz'),
        ("transpose", 'p["U_z"].T @ dz + p["U_r"].T @ dr', 'p["U_z"] @ dz + p["U_r"].T @ dr'),
        ("transpose", 'drh = p["U_n"].T @ dn', 'drh = p["U_n"] @ dn'),
        ("sign", "dz = dh * (h - n)", "dz = dh * (n - h)"),
        ("gate", "dr = drh * h * r * (1 - r)", "dr = drh * r * (1 - r)"),
        ("product", '("n", dn, r * h)', '("n", dn, h)'),
        ("gate rows", '(("z", dz, h), ("r", dr, h),', '(("z", dr, h), ("r", dz, h),'),
        (
            "truncation",
            "for (x, h, z, r, n, new), y in list(zip(run(p), labels))[::-1]:",
            "for (x, h, z, r, n, new), y in list(zip(run(p), labels))[::-1][:5]:",
        ),
    ],
    "gru_reset_after": [
        ("carry", "dh = dh * z + dgh", "dh = dgh"),
        ("carry", 'dh * z + dgh @ w["weight_hh"]', "dh * z"),
        ("carry", 'dh * z + dgh @ w["weight_hh"]', 'dh * z + dgi @ w["weight_hh"]'),
        ("gate", "dgh = np.concatenate([dr, dz, dn * r], axis=1)", "dgh = np.concatenate([dr, dz, dn], axis=1)"),
        ("left out", 'grad["bias_hh"] += dgh.sum(0)', "pass"),
        ("gate rows", "dgi = np.concatenate([dr, dz, dn], axis=1)", "dgi = np.concatenate([dz, dr, dn], axis=1)"),
        ("scale", "hs[t + 1] - goal[t]", "(hs[t + 1] - goal[t]) / B"),
        ("scale", "hs[t + 1] - goal[t]", "(hs[t + 1] - goal[t]) / T"),
    ],
    "rnn_tanh": [
        ("carry", 'back = dz @ p["Whh"]', "pass"),
        ("transpose", 'back = dz @ p["Whh"]', 'back = dz @ p["Whh"].T'),
        ("transpose", "dW = dW + dz.T @ hs[t]", "dW = dW + hs[t].T @ dz"),
        ("accumulation", 'back = dz @ p["Whh"]', 'back = back + dz @ p["Whh"]'),
        ("axis", "db = db + dz.sum(axis=0)", "db = db + dz.sum(axis=1)"),
        ("scale", "(hs[t + 1] - Y[t]) / N", "(hs[t + 1] - Y[t])"),
        ("scale", "db = db + dz.sum(axis=0)", "db = db + dz.mean(axis=0)"),
        ("formula", "* (1 - hs[t + 1] ** 2)", "* (1 - hs[t + 1])"),
        ("line", "dU = dU + dz.T @ X[t]", "dU = dz.T @ X[t]"),
        ("line", "dW = dW + dz.T @ hs[t]", "dW = dW + dz.T @ hs[t + 1]"),
        ("truncation", 'back = dz @ p["Whh"]', 'back = dz @ p["Whh"] if t > T - 4 else 0'),
        ("small", "dz = ((hs[t + 1]", "dz = ((hs[t + 1].astype(np.float32)"),
    ],
    "rnn_relu": [
        ("carry", 'dh_next = p["W"].T @ dz', "pass"),
        ("transpose", 'dh_next = p["W"].T @ dz', 'dh_next = p["W"] @ dz'),
        ("accumulation", 'dh_next = p["W"].T @ dz', 'dh_next = dh_next + p["W"].T @ dz'),
        ("formula", "dz = dh * (h > 0)", "dz = dh"),
        ("formula", "dz = dh * (h > 0)", "dz = dh * h"),
        ("scale", "dout = 2 * (out - ts[t])", "dout = out - ts[t]"),
        ("scale", "dout = 2 * (out - ts[t])", "dout = 2 * (out - ts[t]) / B"),
        ("clipping", 'dh = p["V"].T @ dout + dh_next', 'dh = np.clip(p["V"].T @ dout + dh_next, -5, 5)'),
        ("truncation", 'dh_next = p["W"].T @ dz', 'dh_next = p["W"].T @ dz if T - t < 3 else 0 * dz'),
    ],
    "two_layers_dropout": [
        ("carry", 'd_upper = p["W2"].T @ a2', "d_upper = 0 * d_upper"),
        ("carry", 'd_lower = p["W1"].T @ a1', "pass"),
        ("transpose", 'd_upper = p["W2"].T @ a2', 'd_upper = p["W2"] @ a2'),
        ("transpose", 'd_lower = p["W1"].T @ a1', 'd_lower = p["W1"] @ a1'),
        ("formula", 'masks[t] * (p["U2"].T @ a2)', '(p["U2"].T @ a2)'),
        ("left out", 'a1 = (d_lower + masks[t] * (p["U2"].T @ a2))', "a1 = d_lower"),
        ("product", "np.outer(a2, masks[t] * lower[t + 1])", "np.outer(a2, lower[t + 1])"),
        ("loss", "(np.arange(classes) == label)", "(np.arange(classes) == 0)"),
        (
            "random",
            "upper.append(np.tanh(",
            "masks[:] = (np.random.random(masks.shape) < keep) / keep\n            upper.append(np.tanh(",
        ),
        ("truncation", "for t in reversed(range(T)):", "for t in list(reversed(range(T)))[:2]:"),
    ],
    "lstm_embedding": [
        ("carry", 'dh_next, dc_next = da @ p["Wh"].T, dc * f', 'dh_next = da @ p["Wh"].T'),
        ("carry", 'dh_next, dc_next = da @ p["Wh"].T, dc * f', "dc_next = dc * f"),
        ("scale", 'np.add.at(out["table"], ids[t], da @ p["Wx"].T)', 'out["table"][ids[t]] += 2 * da @ p["Wx"].T'),
        (
            "gate rows",
            "da[:, :H] = dh * np.tanh(c) * o * (1 - o)\n            da[:, H : 2 * H]",
            "da[:, H : 2 * H] = dh * np.tanh(c) * o * (1 - o)\n            da[:, :H]",
        ),
        ("left out", 'np.add.at(out["table"], ids[t], da @ p["Wx"].T)', "pass"),
        ("order", 'np.add.at(out["table"], ids[t]', 'np.add.at(out["table"], ids[t] - 1'),
        ("order", "e.T @ da", "(da.T @ e).reshape(e.shape[1], 4 * H)"),
        ("scale", "ds /= B", "pass"),
        ("scale", 'dmean = ds @ p["readout"].T / T', 'dmean = ds @ p["readout"].T'),
        ("axis", "da.sum(axis=0, keepdims=True)", "da.sum()"),
        ("gate", "dc * i * (1 - g**2)", "dc * i * (1 - g) * g"),
    ],
    "rnn_layer_norm": [
        ("transpose", 'dh = p["W"].T @ da', 'dh = p["W"] @ da'),
        ("carry", 'dh = p["W"].T @ da', "dh = 0 * dh"),
        ("formula", "(dhat - dhat.mean() - hat * (dhat * hat).mean())", "dhat"),
        ("penalty", 'grads["W"] += decay * p["W"]', "pass"),
        ("line", 'grads["gain"] += dz * hat', 'grads["gain"] = dz * hat'),
        ("scale", "dh = 2 * (h - goal)", "dh = h - goal"),
    ],
    "lstm_two_layers": [
        ("carry", "dh_carry = da @ u.T", "pass"),
        ("carry", "dc_carry = dc * f", "pass"),
        ("carry", "dc_carry = dc * f", "dc_carry = dc * i"),
        ("accumulation", "dc_carry = dc * f", "dc_carry = dc_carry + dc * f"),
        ("accumulation", "dh_carry = da @ u.T", "dh_carry = dh_carry + da @ u.T"),
        ("gate", "dc * c * f * (1 - f)", "dc * c * f"),
        ("gate", "dc * i * (1 - g**2)", "dc * i * g * (1 - g)"),
        (
            "gate rows",
            "np.concatenate(\n            [dc * g * i * (1 - i), dc * c * f * (1 - f),",
            "np.concatenate(\n            [dc * c * f * (1 - f), dc * g * i * (1 - i),",
        ),
        ("scale", "d /= T * B", "pass"),
        ("scale", "d /= T * B", "d /= B"),
        ("line", "du += h.T @ da", "du = h.T @ da"),
        ("line", "dw += xt.T @ da", "dw += np.tanh(xt).T @ da"),
        ("scale", "dx[t] = da @ w.T", "dx[t] = (da * 0.5) @ w.T"),
        ("left out", "dx[t] = da @ w.T", "dx[t] = 0 * da @ w.T"),
        ("left out", "dx[t] = da @ w.T", "dx[t - 1] = da @ w.T * (t > 0)"),
        (
            "truncation",
            "dc_carry = dc * f",
            "dc_carry = dc * f * (len(tape) - t < 4)\n        dh_carry = dh_carry * (len(tape) - t < 4)",
        ),
    ],
    "leaky_masked": [
        ("carry", 'dh * (1 - a) + q["rec"] @ dz', "dh * (1 - a)"),
        ("carry", 'dh * (1 - a) + q["rec"] @ dz', 'q["rec"] @ dz'),
        ("transpose", 'dh * (1 - a) + q["rec"] @ dz', 'dh * (1 - a) + dz @ q["rec"]'),
        ("transpose", "np.outer(hs[t], dz)", "np.outer(dz, hs[t])"),
        ("product", "np.outer(hs[t], dz)", "np.outer(hs[t + 1], dz)"),
        ("formula", "dz = dh * a * (1 - us[t] ** 2)", "dz = dh * a * (1 - us[t])"),
        ("line", "d_a * a * (1 - a)", "d_a * a"),
        ("scale", "* counted / counted.sum()", "* counted / T"),
        ("truncation", "for t in range(T - 1, -1, -1):", "for t in range(T - 1, max(-1, T - 6), -1):"),
    ],
    "lstm_projection": [
        ("carry", 'dr = np.einsum("gcs,gc->s", P["A"], dz)', "dr = 0 * dr"),
        ("carry", 'dr = np.einsum("gcs,gc->s", P["A"], dz)', 'dr = np.einsum("gcs,gc->s", P["A"][:3], dz[:3])'),
        ("carry", "dc = dc * gf", "dc = 0 * dc"),
        ("gate", "dc * c * gf * (1 - gf)", "dc * cn * gf * (1 - gf)"),
        ("gate", "dm * np.tanh(cn) * go_ * (1 - go_)", "dm * cn * go_ * (1 - go_)"),
        (
            "gate rows",
            'G["A"] += dz[:, :, None] * r',
            'dz = dz[[1, 0, 2, 3]]\n            G["A"] += dz[:, :, None] * r',
        ),
        ("line", 'G["proj"] += np.outer(dr, m)', 'G["proj"] += np.outer(np.sign(rn - y), m)'),
        ("formula", "dc = dc + dm * go_ * (1 - np.tanh(cn) ** 2)", "dc = dc + dm * go_"),
        ("line", 'G["k"] += dz', 'G["k"] = dz'),
        ("sign", "np.sign(rn - y)", "np.sign(y - rn)"),
    ],
    "rnn_tied": [
        ("left out", 'grads["table"][text[t]] += dz', "pass"),
        ("left out", 'grads["table"] += np.outer(ds[t], h[t + 1])', "pass"),
        ("line", 'grads["table"][text[t]] += dz', 'grads["table"][text[t]] = dz'),
        ("line", 'grads["inner"] += np.outer(dz, h[t])', 'grads["inner"] = np.outer(dz, h[t])'),
        ("product", 'grads["inner"] += np.outer(dz, h[t])', 'grads["inner"] += np.outer(dz, u[t])'),
        ("loss", "ds[np.arange(T), text[1:]] -= 1", "ds[np.arange(T), text[1:]] -= 1 / np.arange(1, T + 1)"),
        ("steps", 'p["table"].T @ ds[t]', 'p["table"].T @ ds[t] / (t + 1)'),
        ("carry", 'keep * dh + p["inner"].T @ dz', "keep * dh"),
        ("carry", 'keep * dh + p["inner"].T @ dz', 'p["inner"].T @ dz'),
        ("transpose", 'keep * dh + p["inner"].T @ dz', 'keep * dh + p["inner"] @ dz'),
        ("scale", "(1 - keep) * dh * (1 - u[t] ** 2)", "dh * (1 - u[t] ** 2)"),
    ],
    "bidirectional": [
        ("steps", "d_both[::-1, H:]", "d_both[:, H:]"),
        ("formula", "d_both[:, :H], d_both[::-1, H:]", "d_both[:, H:], d_both[::-1, :H]"),
        ("formula", "* (1 - hs[t + 1] ** 2)", "* (1 - hs[t + 1])"),
        ("line", "ds.sum(axis=0)", "ds[-1]"),
        ("line", "d_bias = d_bias + dz", "d_bias = dz"),
        ("product", "np.outer(dz, hs[t])", "np.outer(dz, hs[t + 1])"),
        ("transpose", 'p[way + "_rec"].T @ dz', 'p[way + "_rec"] @ dz'),
        ("carry", 'carried = p[way + "_rec"].T @ dz', "pass"),
    ],
    "lstm_coupled_lean": [
        ("gate", "dc * (c - g) * f", "dc * c * f"),
        ("gate", "dh * c_new * o", "dh * np.tanh(c_new) * o"),
        ("formula", "dc = dh * o + dc_next", "dc = dh * o * (1 - np.tanh(c_new) ** 2) + dc_next"),
        ("carry", "dc_next = dc * f", "pass"),
        ("carry", "dc_next = dc * f", "dc_next = dc * (1 - f)"),
        ("carry", 'p["rec_" + gate].T @ dz', 'p["rec_" + gate].T @ dz * (gate != "o")'),
        ("carry", 'p["rec_" + gate].T @ dz', 'p["rec_" + gate].T @ deltas["g" if gate == "o" else gate]'),
        ("transpose", 'p["rec_" + gate].T @ dz', 'p["rec_" + gate] @ dz'),
        ("line", 'grads["in_" + gate][:, x] += dz', 'grads["in_" + gate][:, x] = dz'),
        ("product", "np.outer(dz, h)", "np.outer(dz, h_new)"),
        ("carry", "dh = p", "dh = (e is errors[-1] or h_new is tape[-1][-1]) * p"),
        ("forward", "run(p, tokens, 1 * h_start, 1 * c_start)", "run(p, tokens, 0 * h_start, 0 * c_start)"),
        ("forward", "run(p, tokens, 1 * h_start, 1 * c_start)", "run(p, tokens, h_start, 0 * c_start)"),
    ],
    "rnn_rows_lean": [
        ("formula", "* (1 - hs[t + 1] ** 2)", "* (1 - hs[t + 1])"),
        ("product", "hs[:-1].T @ deltas", "hs[1:].T @ deltas"),
        ("line", "hs[1:].T @ errors", "hs[:-1].T @ errors"),
        ("transpose", 'deltas[t] @ p["within"].T', 'deltas[t] @ p["within"]'),
        ("carry", 'carried = deltas[t] @ p["within"].T', "pass"),
        ("steps", "errors[t] @ p", "errors[T - 1 - t] @ p"),
        ("loss", "        deltas, carried", "        errors = errors - 0.1 * np.sign(ys)\n        deltas, carried"),
    ],
    "mgu_forecast": [
        ("loss", "step_weight[t] * E_[t] / NBATCH", "step_weight[t - 1] * E_[t] / NBATCH"),
        ("carry", "dh * (1 - f) + back * f +", "dh * (1 - f) +"),
    ],
    "highway_rnn": [
        ("axis", 'g["bn"][l] += dan.sum(0)', 'g["bn"] += dan.sum(0)'),
        ("gate", "dat = ds * (new - s)", "dat = ds * (s - new)"),
    ],
    "bilstm_tagger": [("steps", "for q in dfeats][::-1]", "for q in dfeats]")],
    "attention_sentiment": [
        ("gate", "ds = w * (dw - (w * dw).sum(axis=0))", "ds = w * (1 - w) * dw"),
        ("carry", 'dh[T] += p["Wq"].T @ dk', "pass"),
    ],
}


def load(model: str, old: str = "", new: str = "") -> Callable:
    """`case` of a model, with a fault in its text if `old` and `new` are given."""
    return of_text((FOLDER / f"{model}.py").read_text(), *([(old, new)] if old else []))


def _around(case: Callable, change: Callable) -> Callable:
    """`case` with `(params, loss, gradient)` put through `change(T, params, loss, gradient)`."""
    return lambda T: change(T, *case(T))


def _result(change: Callable) -> Callable:
    """The gradient put through `change(T, params, grads) -> grads`."""

    def around(T, params, loss, gradient):
        return params, loss, lambda p: change(T, p, gradient(p))

    return around


def _drifting(T, params, loss, gradient):
    calls = []
    return params, lambda p: calls.append(0) or loss(p) + 0.1 * len(calls), gradient


def _settling(T, params, loss, gradient):
    kept = {"state": 1.0}

    def stateful(p):
        kept["state"] *= 0.6
        return loss(p) + kept["state"]

    return params, stateful, gradient


def _never_settling(T, params, loss, gradient):
    kept = {"state": 0.3}

    def chaotic(p):
        kept["state"] = 3.9 * kept["state"] * (1 - kept["state"])
        return loss(p) + kept["state"]

    return params, chaotic, gradient


def _drawn_by_an_object(T, params, loss, gradient):
    net = types.SimpleNamespace(mask=types.SimpleNamespace(source=np.random.RandomState(1)))
    return params, lambda p: loss(p) * (1 + 0.1 * net.mask.source.rand()), gradient


def _noisy(T, params, loss, gradient):
    return params, lambda p: loss(p) * (1 + 0.1 * np.random.normal()), gradient


def _reseeded(T, params, loss, gradient):
    rng = np.random.default_rng(0)
    return params, lambda p: loss(p) * (1 + 0.1 * (rng.random() < 0.5)), gradient


def _summed_gradients(T, params, loss, gradient):
    kept = {name: np.zeros_like(value) for name, value in params.items()}

    def adding(p):
        for name, value in gradient(p).items():
            kept[name] += value
        return kept

    return params, loss, adding


def _updates(T, params, loss, gradient):
    def changing(p):
        grads = gradient(p)
        for name in p:
            p[name] -= 0.01 * grads[name]
        return grads

    return params, loss, changing


def _loss_changes(T, params, loss, gradient):
    def changing(p):
        first = next(iter(p))
        p[first] *= 0.5
        return loss(p)

    return params, changing, gradient


def _single(p):
    return {name: value.astype(np.float32) for name, value in p.items()}


def _single_params(T, params, loss, gradient):
    return _single(params), loss, gradient


def _single_loss(T, params, loss, gradient):
    return params, lambda p: loss(_single(p)), gradient


def _single_result(T, params, loss, gradient):
    return params, lambda p: np.float32(loss(p)), gradient


def _single_weights(T, params, loss, gradient):
    return params, loss, lambda p: gradient({k: v.astype(float) for k, v in _single(p).items()})


def _penalty_forgotten(T, params, loss, gradient):
    name = next(name for name, value in params.items() if _matrix(value.shape))
    return params, lambda p: loss(p) + 0.05 * float((p[name] ** 2).sum()), gradient


def _norm_clipped(T, p, grads):
    norm = np.sqrt(sum((g**2).sum() for g in grads.values()))
    return {name: g * min(1, 0.3 / norm) for name, g in grads.items()}


def _each_norm_clipped(T, p, grads):
    return {name: g * min(1, 0.03 / max(np.linalg.norm(g), 1e-9)) for name, g in grads.items()}


def _one(change: Callable, suits: Callable) -> Callable:
    """`change` on the first array that `suits`; the gradient as it was if there is none."""

    def made(T, p, grads):
        name = next((n for n, g in grads.items() if suits(g.shape)), None)
        return grads if name is None else {**grads, name: change(grads[name])}

    return _result(made)


def _matrix(shape):
    return len(shape) == 2 and min(shape) > 1


def _gates(shape):
    return _matrix(shape) and max(shape) % 4 == 0 and max(shape) >= 12


def _blocks(g):
    return np.split(g, 4, axis=int(g.shape[1] > g.shape[0]))


def _swapped(g):
    a, b, c, d = _blocks(g)
    return np.concatenate([a, c, b, d], axis=int(g.shape[1] > g.shape[0]))


def _block_lost(g):
    a, b, c, d = _blocks(g)
    return np.concatenate([a, b, 0 * c, d], axis=int(g.shape[1] > g.shape[0]))


def _square(shape):
    return _matrix(shape) and shape[0] == shape[1]


def _oblong(shape):
    return _matrix(shape) and shape[0] != shape[1]


def _bias(shape):
    return len(shape) == 1 and shape[0] > 2


AROUND: dict[str, tuple[str, Callable, Callable]] = {
    "the loss counts its calls": ("state", _drifting, None),
    "a state that settles is kept": ("state", _settling, None),
    "the loss is noisy": ("random", _noisy, None),
    "dropout goes on with its generator": ("random", _reseeded, None),
    "a state that never settles is kept": ("state", _never_settling, None),
    "dropout goes on with a generator inside an object": ("random", _drawn_by_an_object, None),
    "gradients are added to the old ones": ("state", _summed_gradients, None),
    "the gradient makes an update": ("input changed", _updates, None),
    "the loss changes its weights": ("input changed", _loss_changes, None),
    "float32 weights": ("precision", _single_params, None),
    "float32 in the loss": ("precision", _single_loss, None),
    "the loss as float32": ("precision", _single_result, None),
    "float32 in the gradient": ("small", _single_weights, None),
    "the gradient as float32": ("precision", _result(lambda T, p, g: _single(g)), None),
    "half the gradient": ("scale", _result(lambda T, p, g: {n: v / 2 for n, v in g.items()}), None),
    "divided by T": ("scale", _result(lambda T, p, g: {n: v / T for n, v in g.items()}), None),
    "times T": ("scale", _result(lambda T, p, g: {n: v * T for n, v in g.items()}), None),
    "over T times 8": ("scale", _result(lambda T, p, g: {n: v / (8 * T) for n, v in g.items()}), None),
    "the sign": ("sign", _result(lambda T, p, g: {n: -v for n, v in g.items()}), None),
    "numbers are clipped": ("clipping", _result(lambda T, p, g: {n: v.clip(-0.03, 0.03) for n, v in g.items()}), None),
    "the norm is clipped": ("clipping", _result(_norm_clipped), None),
    "the norm of each array is clipped": ("clipping", _result(_each_norm_clipped), None),
    "the first update of Adam": (
        "size",
        _result(lambda T, p, g: {n: v / (np.abs(v) + 1e-8) for n, v in g.items()}),
        None,
    ),
    "one matrix left out": ("left out", _one(lambda g: 0 * g, _matrix), _matrix),
    "one matrix halved": ("scale", _one(lambda g: g / 2, _matrix), _matrix),
    "one matrix transposed": ("transpose", _one(lambda g: g.T, _square), _square),
    "one block left out": ("left out", _one(_block_lost, _gates), _gates),
    "two blocks swapped": ("gate rows", _one(_swapped, _gates), _gates),
    "one matrix reshaped where its transpose is meant": (
        "order",
        _one(lambda g: g.T.reshape(g.shape), _oblong),
        _oblong,
    ),
    "one matrix filled by columns": ("order", _one(lambda g: g.reshape(g.shape[::-1]).T, _oblong), _oblong),
    "one matrix a row too late": ("order", _one(lambda g: np.roll(g, 1, axis=0), _matrix), _matrix),
    "a bias summed to one number": ("axis", _one(lambda g: 0 * g + g.sum(), _bias), _bias),
    "a bias averaged to one number": ("axis", _one(lambda g: 0 * g + g.mean(), _bias), _bias),
    "a bias the other way around": ("order", _one(lambda g: g[::-1], _bias), _bias),
    "a penalty left out of the gradient": ("penalty", _penalty_forgotten, _matrix),
    "every row of a matrix is the sum of all": ("axis", _one(lambda g: 0 * g + g.sum(axis=0), _matrix), _matrix),
}


def around(model: str, fault: str) -> Callable | None:
    """`case` of a model with one of `AROUND`; None if the model has no array for it."""
    _, change, suits = AROUND[fault]
    case = load(model)
    if suits and not any(suits(value.shape) for value in case(2)[0].values()):
        return None
    return _around(case, change)
