# ported from my nn.LSTMCell model, so the gates are in torch's order: i, f, g, o
import numpy as np


def _sigmoid(v):
    return 1 / (1 + np.exp(-v))


def _softmax(v, dim=-1):
    e = np.exp(v - v.max(axis=dim, keepdims=True))
    return e / e.sum(axis=dim, keepdims=True)


def backward(params, x, targets, h0=None, c0=None):
    T, H = len(x), params.hidden_size
    weight_ih = np.concatenate([params.Ui, params.Uf, params.Ug, params.Uo], axis=0)
    weight_hh = np.concatenate([params.Wi, params.Wf, params.Wg, params.Wo], axis=0)
    decoder = params.V

    hx = np.zeros(H) if h0 is None else np.asarray(h0)
    cx = np.zeros(H) if c0 is None else np.asarray(c0)
    saved, outputs = [], []
    for t in range(T):
        gates = weight_ih[:, x[t]] + weight_hh @ hx
        ingate, forgetgate, cellgate, outgate = np.split(gates, 4)
        ingate, forgetgate, outgate = _sigmoid(ingate), _sigmoid(forgetgate), _sigmoid(outgate)
        cellgate = np.tanh(cellgate)
        cy = forgetgate * cx + ingate * cellgate
        hy = outgate * np.tanh(cy)
        saved.append((hx, cx, ingate, forgetgate, cellgate, outgate, cy))
        outputs.append(hy)
        hx, cx = hy, cy
    output = np.stack(outputs)

    # F.cross_entropy(logits, targets, reduction="sum")
    grad_logits = _softmax(output @ decoder.T)
    grad_logits[np.arange(T), targets] -= 1
    grad_decoder = grad_logits.T @ output
    grad_output = grad_logits @ decoder

    grad_gates = np.zeros((T, 4 * H))
    grad_hx, grad_cx = np.zeros(H), np.zeros(H)
    for t in range(T - 1, -1, -1):
        hx, cx, ingate, forgetgate, cellgate, outgate, cy = saved[t]
        tanh_cy = np.tanh(cy)
        grad_hy = grad_output[t] + grad_hx
        grad_cy = grad_cx + grad_hy * outgate * (1 - tanh_cy**2)
        dgates = grad_gates[t]
        dgates[:H] = grad_cy * cellgate * ingate * (1 - ingate)
        dgates[H : 2 * H] = grad_cy * cx * forgetgate * (1 - forgetgate)
        dgates[2 * H : 3 * H] = grad_cy * ingate * (1 - cellgate**2)
        dgates[3 * H :] = grad_hy * tanh_cy * outgate * (1 - outgate)
        grad_hx = dgates @ weight_hh
        grad_cx = grad_cy * forgetgate

    hx_all = np.stack([s[0] for s in saved])
    grad_weight_hh = grad_gates.T @ hx_all
    grad_weight_ih = np.zeros_like(weight_ih)
    np.add.at(grad_weight_ih.T, x, grad_gates)
    dWi, dWf, dWg, dWo = np.split(grad_weight_hh, 4)
    dUi, dUf, dUg, dUo = np.split(grad_weight_ih, 4)
    return {
        "dV": grad_decoder,
        "dWi": dWi, "dWf": dWf, "dWo": dWo, "dWg": dWg,
        "dUi": dUi, "dUf": dUf, "dUo": dUo, "dUg": dUg,
    }
