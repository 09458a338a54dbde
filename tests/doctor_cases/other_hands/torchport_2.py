# Port of my PyTorch LSTM language model to plain NumPy.
# Gate order is the PyTorch one: input, forget, cell, output.
import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def one_hot(idx, num_classes):
    out = np.zeros(num_classes)
    out[idx] = 1.0
    return out


def lstm_cell(inp, hx, cx, weight_ih, weight_hh):
    gates = weight_ih @ inp + weight_hh @ hx
    ingate, forgetgate, cellgate, outgate = np.split(gates, 4)
    ingate = sigmoid(ingate)
    forgetgate = sigmoid(forgetgate)
    cellgate = np.tanh(cellgate)
    outgate = sigmoid(outgate)
    cy = forgetgate * cx + ingate * cellgate
    hy = outgate * np.tanh(cy)
    return hy, cy, (inp, hx, cx, ingate, forgetgate, cellgate, outgate, cy, hy)


def lstm_cell_backward(grad_hy, grad_cy, saved, weight_hh):
    inp, hx, cx, ingate, forgetgate, cellgate, outgate, cy, _ = saved
    tanh_cy = np.tanh(cy)
    grad_outgate = grad_hy * tanh_cy
    grad_cy = grad_cy + grad_hy * outgate * (1 - tanh_cy ** 2)
    grad_ingate = grad_cy * cellgate
    grad_cellgate = grad_cy * ingate
    grad_forgetgate = grad_cy * cx
    grad_cx = grad_cy * forgetgate

    grad_gates = np.concatenate([
        grad_ingate * ingate * (1 - ingate),
        grad_forgetgate * forgetgate * (1 - forgetgate),
        grad_cellgate * (1 - cellgate ** 2),
        grad_outgate * outgate * (1 - outgate),
    ])
    grad_weight_ih = np.outer(grad_gates, inp)
    grad_weight_hh = np.outer(grad_gates, hx)
    grad_hx = weight_hh.T @ grad_gates
    return grad_hx, grad_cx, grad_weight_ih, grad_weight_hh


def backward(params, x, targets, h0=None, c0=None):
    weight_ih = np.concatenate([params.Ui, params.Uf, params.Ug, params.Uo])
    weight_hh = np.concatenate([params.Wi, params.Wf, params.Wg, params.Wo])
    decoder = params.V
    vocab, hidden_size = decoder.shape

    hx = np.zeros(hidden_size) if h0 is None else np.asarray(h0, dtype=float)
    cx = np.zeros(hidden_size) if c0 is None else np.asarray(c0, dtype=float)

    # forward
    ctx = []
    probs = []
    for token in x:
        hx, cx, saved = lstm_cell(one_hot(token, vocab), hx, cx, weight_ih, weight_hh)
        ctx.append(saved)
        probs.append(softmax(decoder @ hx))

    # backward
    grad_weight_ih = np.zeros_like(weight_ih)
    grad_weight_hh = np.zeros_like(weight_hh)
    grad_decoder = np.zeros_like(decoder)
    grad_hx = np.zeros(hidden_size)
    grad_cx = np.zeros(hidden_size)
    for step in reversed(range(len(x))):
        saved = ctx[step]
        grad_logits = probs[step] - one_hot(targets[step], vocab)
        grad_decoder += np.outer(grad_logits, saved[-1])
        grad_hy = decoder.T @ grad_logits + grad_hx
        grad_hx, grad_cx, d_ih, d_hh = lstm_cell_backward(grad_hy, grad_cx, saved, weight_hh)
        grad_weight_ih += d_ih
        grad_weight_hh += d_hh

    d_ui, d_uf, d_ug, d_uo = np.split(grad_weight_ih, 4)
    d_wi, d_wf, d_wg, d_wo = np.split(grad_weight_hh, 4)
    return {
        "V": grad_decoder,
        "Wi": d_wi, "Wf": d_wf, "Wo": d_wo, "Wg": d_wg,
        "Ui": d_ui, "Uf": d_uf, "Uo": d_uo, "Ug": d_ug,
    }
