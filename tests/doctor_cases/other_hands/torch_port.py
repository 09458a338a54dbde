# numpy port of ATen LSTMCell and its backward; torch gate order in, forget, cell, out; row vectors like F.linear
import numpy as np


def sigmoid(t):
    return 1.0 / (1.0 + np.exp(-t))


def linear(inp, weight):
    return inp @ weight.T


def sigmoid_backward(grad, output):
    return grad * (1 - output) * output


def tanh_backward(grad, output):
    return grad * (1 - output * output)


class LSTMCell:
    def __init__(self, w_ih, w_hh):
        self.w_ih, self.w_hh = w_ih, w_hh
        self.grad_w_ih = np.zeros_like(w_ih)
        self.grad_w_hh = np.zeros_like(w_hh)

    def forward(self, input, hx, cx):
        gates = linear(input, self.w_ih) + linear(hx, self.w_hh)
        ingate, forgetgate, cellgate, outgate = np.split(gates, 4, axis=1)
        ingate, forgetgate, outgate = sigmoid(ingate), sigmoid(forgetgate), sigmoid(outgate)
        cellgate = np.tanh(cellgate)
        cy = forgetgate * cx + ingate * cellgate
        hy = outgate * np.tanh(cy)
        return hy, cy, (input, hx, cx, cy, ingate, forgetgate, cellgate, outgate)

    def backward(self, grad_hy, grad_cy, saved):
        input, hx, cx, cy, ingate, forgetgate, cellgate, outgate = saved
        tanh_cy = np.tanh(cy)
        grad_outgate = sigmoid_backward(grad_hy * tanh_cy, outgate)
        grad_cy = grad_cy + tanh_backward(grad_hy * outgate, tanh_cy)
        grad_ingate = sigmoid_backward(grad_cy * cellgate, ingate)
        grad_forgetgate = sigmoid_backward(grad_cy * cx, forgetgate)
        grad_cellgate = tanh_backward(grad_cy * ingate, cellgate)
        grad_gates = np.concatenate([grad_ingate, grad_forgetgate, grad_cellgate, grad_outgate], axis=1)
        self.grad_w_ih += grad_gates.T @ input
        self.grad_w_hh += grad_gates.T @ hx
        return grad_gates @ self.w_hh, grad_cy * forgetgate


def backward(params, x, targets):
    p, (vocab, hidden) = params, params.V.shape
    cell = LSTMCell(np.vstack([p.Ui, p.Uf, p.Ug, p.Uo]), np.vstack([p.Wi, p.Wf, p.Wg, p.Wo]))
    hx, cx = np.zeros((1, hidden)), np.zeros((1, hidden))
    tape, outputs = [], []
    for token in x:
        hx, cx, saved = cell.forward(np.eye(vocab)[[token]], hx, cx)
        tape.append(saved)
        outputs.append(hx)
    output = np.concatenate(outputs, axis=0)
    logits = linear(output, p.V)
    prob = np.exp(logits - logits.max(axis=1, keepdims=True))
    prob /= prob.sum(axis=1, keepdims=True)
    grad_logits = prob - np.eye(vocab)[list(targets)]
    grad_V, grad_output = grad_logits.T @ output, grad_logits @ p.V
    grad_hx, grad_cx = np.zeros((1, hidden)), np.zeros((1, hidden))
    for saved, grad in zip(reversed(tape), grad_output[::-1]):
        grad_hx, grad_cx = cell.backward(grad + grad_hx, grad_cx, saved)
    Ui, Uf, Ug, Uo = np.split(cell.grad_w_ih, 4)
    Wi, Wf, Wg, Wo = np.split(cell.grad_w_hh, 4)
    return [grad_V, Wi, Wf, Wo, Wg, Ui, Uf, Uo, Ug]
