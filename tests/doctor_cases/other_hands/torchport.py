"""NumPy port of the torch char-LM (LSTMCell + Linear, bias=False).

Weights are stacked like torch.nn.LSTMCell: (4*H, ...), gate order i, f, g, o.
"""
from typing import NamedTuple

import numpy as np

GATE_ORDER = ("i", "f", "g", "o")


def chunk(tensor, chunks, dim=0):
    return np.split(tensor, chunks, axis=dim)


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


class Ctx(NamedTuple):
    """ctx.save_for_backward(...)"""
    idx: int
    hx: np.ndarray
    cx: np.ndarray
    ingate: np.ndarray
    forgetgate: np.ndarray
    cellgate: np.ndarray
    outgate: np.ndarray
    tanh_cy: np.ndarray


class LSTMCell:
    def __init__(self, weight_ih, weight_hh):
        self.weight_ih = weight_ih
        self.weight_hh = weight_hh
        self.grad_ih = np.zeros_like(weight_ih)
        self.grad_hh = np.zeros_like(weight_hh)

    def forward(self, idx, hx, cx):
        gates = self.weight_ih[:, idx] + self.weight_hh @ hx
        ingate, forgetgate, cellgate, outgate = chunk(gates, 4)
        ingate, forgetgate, outgate = sigmoid(ingate), sigmoid(forgetgate), sigmoid(outgate)
        cellgate = np.tanh(cellgate)
        cy = forgetgate * cx + ingate * cellgate
        tanh_cy = np.tanh(cy)
        hy = outgate * tanh_cy
        return hy, cy, Ctx(idx, hx, cx, ingate, forgetgate, cellgate, outgate, tanh_cy)

    def backward(self, ctx, grad_hy, grad_cy):
        grad_cy = grad_cy + grad_hy * ctx.outgate * (1 - ctx.tanh_cy ** 2)
        grad_gates = np.concatenate([
            grad_cy * ctx.cellgate * ctx.ingate * (1 - ctx.ingate),
            grad_cy * ctx.cx * ctx.forgetgate * (1 - ctx.forgetgate),
            grad_cy * ctx.ingate * (1 - ctx.cellgate ** 2),
            grad_hy * ctx.tanh_cy * ctx.outgate * (1 - ctx.outgate),
        ])
        self.grad_hh += np.outer(grad_gates, ctx.hx)
        self.grad_ih[:, ctx.idx] += grad_gates
        return self.weight_hh.T @ grad_gates, grad_cy * ctx.forgetgate


def log_softmax(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def cross_entropy_backward(logits, target):  # reduction="sum"
    grad = np.exp(log_softmax(logits))
    grad[np.arange(len(target)), target] -= 1.0
    return grad


def backward(params, x, targets, h0=None, c0=None):
    cell = LSTMCell(
        np.concatenate([params["U" + k] for k in GATE_ORDER]),
        np.concatenate([params["W" + k] for k in GATE_ORDER]),
    )
    decoder = params["V"]
    hidden = decoder.shape[1]
    h = np.zeros(hidden) if h0 is None else np.array(h0, dtype=float)
    c = np.zeros(hidden) if c0 is None else np.array(c0, dtype=float)

    outputs, ctxs = [], []
    for idx in x:
        h, c, ctx = cell.forward(idx, h, c)
        outputs.append(h)
        ctxs.append(ctx)
    outputs = np.stack(outputs)

    grad_logits = cross_entropy_backward(outputs @ decoder.T, targets)
    grad_outputs = grad_logits @ decoder
    grad_h, grad_c = np.zeros(hidden), np.zeros(hidden)
    for ctx, grad_out in zip(ctxs[::-1], grad_outputs[::-1]):
        grad_h, grad_c = cell.backward(ctx, grad_out + grad_h, grad_c)

    # back to the caller's order (i, f, o, g)
    Wi, Wf, Wg, Wo = chunk(cell.grad_hh, 4)
    Ui, Uf, Ug, Uo = chunk(cell.grad_ih, 4)
    return [grad_logits.T @ outputs, Wi, Wf, Wo, Wg, Ui, Uf, Uo, Ug]
