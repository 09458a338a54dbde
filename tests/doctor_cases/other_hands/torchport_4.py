# numpy port of my nn.LSTM(+ nn.Linear(bias=False)) char model, single layer, batch of 1
# weight layout is the same as torch: (W_ii|W_if|W_ig|W_io), so gates come in the order i, f, g, o
import numpy as np


class Ctx:
    """poor man's torch.autograd ctx"""

    def save_for_backward(self, *tensors):
        self.saved_tensors = tensors


def chunk(tensor, chunks=4, dim=0):
    return np.split(tensor, chunks, axis=dim)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class LSTMCellFunction:
    @staticmethod
    def forward(ctx, token, hx, cx, weight_ih, weight_hh):
        gates = weight_ih[:, token] + weight_hh @ hx
        ingate, forgetgate, cellgate, outgate = chunk(gates)
        ingate = sigmoid(ingate)
        forgetgate = sigmoid(forgetgate)
        cellgate = np.tanh(cellgate)
        outgate = sigmoid(outgate)
        cy = forgetgate * cx + ingate * cellgate
        tanh_cy = np.tanh(cy)
        hy = outgate * tanh_cy
        ctx.token = token
        ctx.save_for_backward(hx, cx, ingate, forgetgate, cellgate, outgate, tanh_cy, weight_hh)
        return hy, cy

    @staticmethod
    def backward(ctx, grad_hy, grad_cy):
        hx, cx, i, f, g, o, tanh_cy, weight_hh = ctx.saved_tensors
        grad_o = grad_hy * tanh_cy
        grad_c = grad_cy + grad_hy * o * (1 - tanh_cy ** 2)
        grad_i = grad_c * g
        grad_f = grad_c * cx
        grad_g = grad_c * i
        grad_gates = np.concatenate([
            grad_i * i * (1 - i),
            grad_f * f * (1 - f),
            grad_g * (1 - g ** 2),
            grad_o * o * (1 - o),
        ])
        grad_weight_hh = grad_gates[:, None] @ hx[None, :]
        grad_hx = weight_hh.T @ grad_gates
        grad_cx = grad_c * f
        return grad_hx, grad_cx, grad_gates, grad_weight_hh


def backward(params, x, targets, h0=None, c0=None):
    weight_ih = np.concatenate([params["Ui"], params["Uf"], params["Ug"], params["Uo"]], axis=0)
    weight_hh = np.concatenate([params["Wi"], params["Wf"], params["Wg"], params["Wo"]], axis=0)
    decoder = params["V"]
    seq_len, hidden_size = len(x), decoder.shape[1]

    # ---- forward ----
    hx = np.zeros(hidden_size) if h0 is None else np.asarray(h0, dtype=float)
    cx = np.zeros(hidden_size) if c0 is None else np.asarray(c0, dtype=float)
    output, ctxs = [], []
    for token in x:
        ctx = Ctx()
        hx, cx = LSTMCellFunction.forward(ctx, token, hx, cx, weight_ih, weight_hh)
        output.append(hx)
        ctxs.append(ctx)
    output = np.stack(output)                       # (seq_len, hidden)
    logits = output @ decoder.T                     # (seq_len, vocab)

    # ---- F.cross_entropy(logits, targets, reduction='sum') ----
    probs = np.exp(logits - logits.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    grad_logits = probs.copy()
    grad_logits[np.arange(seq_len), targets] -= 1
    grad_decoder = grad_logits.T @ output
    grad_output = grad_logits @ decoder

    # ---- loss.backward() ----
    grad_weight_ih = np.zeros_like(weight_ih)
    grad_weight_hh = np.zeros_like(weight_hh)
    grad_hx = np.zeros(hidden_size)
    grad_cx = np.zeros(hidden_size)
    for t in reversed(range(seq_len)):
        grad_hx = grad_hx + grad_output[t]
        grad_hx, grad_cx, grad_gates, grad_hh = LSTMCellFunction.backward(ctxs[t], grad_hx, grad_cx)
        grad_weight_hh += grad_hh
        grad_weight_ih[:, ctxs[t].token] += grad_gates

    # back to V, W(i f o g), U(i f o g)
    Ui, Uf, Ug, Uo = chunk(grad_weight_ih)
    Wi, Wf, Wg, Wo = chunk(grad_weight_hh)
    return [grad_decoder, Wi, Wf, Wo, Wg, Ui, Uf, Uo, Ug]
