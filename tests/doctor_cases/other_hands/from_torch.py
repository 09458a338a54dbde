import numpy as np

# LSTMCell by hand, following the "custom autograd Function" tutorial but with
# plain numpy (no bias, embedding lookup instead of weight_ih @ input)


def dsigmoid(s):
    # s = sigmoid(z), already activated!
    return s * (1 - s)


def dtanh(s):
    # s = tanh(z), already activated!
    return 1 - s * s


def backward(params, x, targets, h0=None, c0=None):
    hidden_size = params["Wi"].shape[1]
    seq_len = len(x)

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def lin(gate, token, hx):
        return params["U" + gate][:, token] + params["W" + gate].dot(hx)

    # ---------------- forward ----------------
    hx = np.zeros(hidden_size) if h0 is None else h0
    cx = np.zeros(hidden_size) if c0 is None else c0
    saved_tensors = []
    outputs = []
    t = 0
    while t < seq_len:
        ingate = sigmoid(lin("i", x[t], hx))
        forgetgate = sigmoid(lin("f", x[t], hx))
        outgate = sigmoid(lin("o", x[t], hx))
        cellgate = np.tanh(lin("g", x[t], hx))
        cy = forgetgate * cx + ingate * cellgate
        hy = outgate * np.tanh(cy)
        saved_tensors.append((hx, cx, ingate, forgetgate, outgate, cellgate, cy))
        outputs.append(hy)
        hx, cx = hy, cy
        t += 1

    # F.cross_entropy(logits, targets, reduction="sum")
    logits = np.stack(outputs).dot(params["V"].T)
    probs = np.exp(logits - logits.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    grad_logits = probs.copy()
    grad_logits[np.arange(seq_len), targets] -= 1

    # ---------------- backward ----------------
    grads = {}
    for name in params.keys():
        grads[name] = np.zeros_like(params[name])
    grad_hy = np.zeros(hidden_size)
    grad_cy = np.zeros(hidden_size)
    t = seq_len - 1
    while t >= 0:
        hx, cx, ingate, forgetgate, outgate, cellgate, cy = saved_tensors[t]
        grads["V"] += np.outer(grad_logits[t], outputs[t])
        grad_hy = grad_hy + params["V"].T.dot(grad_logits[t])

        tanh_cy = np.tanh(cy)
        grad_out = grad_hy * tanh_cy * dsigmoid(outgate)
        grad_cy = grad_cy + grad_hy * outgate * dtanh(tanh_cy)
        grad_in = grad_cy * cellgate * dsigmoid(ingate)
        grad_forget = grad_cy * cx * dsigmoid(forgetgate)
        grad_cell = grad_cy * ingate * dtanh(cellgate)

        gate_grads = {"i": grad_in, "f": grad_forget, "o": grad_out, "g": grad_cell}
        grad_hx = np.zeros(hidden_size)
        for gate, grad in gate_grads.items():
            grads["W" + gate] += np.outer(grad, hx)
            grads["U" + gate][:, x[t]] += grad
            grad_hx += params["W" + gate].T.dot(grad)

        # hand over to the previous step
        grad_hy = grad_hx
        grad_cy = grad_cy * forgetgate
        t -= 1

    return grads
