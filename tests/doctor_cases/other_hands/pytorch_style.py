"""What torch.nn.LSTM does in C++, spelled out in numpy. Gate order of PyTorch: i, f, g, o."""
import numpy as np


class LSTMCellFunction:
    @staticmethod
    def forward(ctx, input, hx, cx, weight_ih, weight_hh):
        gates = weight_ih @ input + weight_hh @ hx
        ingate, forgetgate, cellgate, outgate = np.array_split(gates, 4)
        ingate = 1 / (1 + np.exp(-ingate))
        forgetgate = 1 / (1 + np.exp(-forgetgate))
        cellgate = np.tanh(cellgate)
        outgate = 1 / (1 + np.exp(-outgate))
        cy = forgetgate * cx + ingate * cellgate
        hy = outgate * np.tanh(cy)
        ctx.update(input=input, hx=hx, cx=cx, cy=cy, ingate=ingate, forgetgate=forgetgate,
                   cellgate=cellgate, outgate=outgate, weight_hh=weight_hh)
        return hy, cy

    @staticmethod
    def backward(ctx, grad_hy, grad_cy):
        ingate, forgetgate = ctx["ingate"], ctx["forgetgate"]
        cellgate, outgate = ctx["cellgate"], ctx["outgate"]
        tanh_cy = np.tanh(ctx["cy"])

        grad_outgate = grad_hy * tanh_cy
        grad_cy = grad_cy + grad_hy * outgate * (1 - tanh_cy * tanh_cy)
        grad_ingate = grad_cy * cellgate
        grad_forgetgate = grad_cy * ctx["cx"]
        grad_cellgate = grad_cy * ingate
        grad_cx = grad_cy * forgetgate

        grad_ingate = grad_ingate * ingate * (1 - ingate)
        grad_forgetgate = grad_forgetgate * forgetgate * (1 - forgetgate)
        grad_cellgate = grad_cellgate * (1 - cellgate * cellgate)
        grad_outgate = grad_outgate * outgate * (1 - outgate)
        grad_gates = np.concatenate([grad_ingate, grad_forgetgate, grad_cellgate, grad_outgate])

        grad_hx = ctx["weight_hh"].T @ grad_gates
        grad_weight_hh = np.outer(grad_gates, ctx["hx"])
        grad_weight_ih = np.outer(grad_gates, ctx["input"])
        return grad_hx, grad_cx, grad_weight_ih, grad_weight_hh


def cross_entropy_backward(logits, target):
    logits = logits - logits.max()
    grad_logits = np.exp(logits) / np.exp(logits).sum()
    grad_logits[target] -= 1
    return grad_logits


def backward(params, x, targets):
    hidden_size = params.hidden_size
    weight_ih = np.concatenate([params.Ui, params.Uf, params.Ug, params.Uo])
    weight_hh = np.concatenate([params.Wi, params.Wf, params.Wg, params.Wo])
    linear_weight = params.V
    embedded = np.eye(params.vocab_size)[x]

    hx, cx = np.zeros(hidden_size), np.zeros(hidden_size)
    contexts, outputs = [], []
    for input in embedded:
        ctx = {}
        hx, cx = LSTMCellFunction.forward(ctx, input, hx, cx, weight_ih, weight_hh)
        contexts.append(ctx)
        outputs.append(hx)

    weight_ih_grad = np.zeros_like(weight_ih)
    weight_hh_grad = np.zeros_like(weight_hh)
    linear_weight_grad = np.zeros_like(linear_weight)
    grad_hx, grad_cx = np.zeros(hidden_size), np.zeros(hidden_size)
    for ctx, output, target in reversed(list(zip(contexts, outputs, targets))):
        grad_logits = cross_entropy_backward(linear_weight @ output, target)
        linear_weight_grad += np.outer(grad_logits, output)
        grad_output = linear_weight.T @ grad_logits
        grad_hx, grad_cx, grad_w_ih, grad_w_hh = LSTMCellFunction.backward(ctx, grad_output + grad_hx, grad_cx)
        weight_ih_grad += grad_w_ih
        weight_hh_grad += grad_w_hh

    Wi, Wf, Wg, Wo = np.array_split(weight_hh_grad, 4)
    Ui, Uf, Ug, Uo = np.array_split(weight_ih_grad, 4)
    return [linear_weight_grad, Wi, Wf, Wo, Wg, Ui, Uf, Uo, Ug]
