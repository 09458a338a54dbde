# ---------------------------------------------------------------------------
# LSTMs from scratch, part 3: the backward pass
#
# In part 2 we walked through the forward pass. Today comes the part everybody
# is afraid of. Grab a coffee, it is only the chain rule! As in the course I
# took, everything is a COLUMN vector: h is (n_h, 1) and the one-hot input is
# (n_x, 1). [h_prev; x] are glued together, so each gate has ONE weight matrix.
# ---------------------------------------------------------------------------
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - np.max(z))
    return e / e.sum(axis=0)


def lstm_cell_forward(xt, h_prev, c_prev, weights):
    concat = np.vstack((h_prev, xt))
    # Forget gate: how much of the old memory do we keep?
    ft = sigmoid(weights["f"] @ concat)
    # Input (or "update") gate: how much of the new stuff do we let in?
    it = sigmoid(weights["i"] @ concat)
    # The candidate, i.e. the new stuff itself. Note the tanh!
    cct = np.tanh(weights["g"] @ concat)
    # New memory = part of the old + part of the candidate
    c_next = ft * c_prev + it * cct
    # Output gate: what do we show to the outside world?
    ot = sigmoid(weights["o"] @ concat)
    h_next = ot * np.tanh(c_next)
    # We will need all of these on the way back
    cache = (h_next, c_next, h_prev, c_prev, ft, it, cct, ot, concat)
    return h_next, c_next, cache


def lstm_cell_backward(dh_next, dc_next, cache, weights):
    (h_next, c_next, h_prev, c_prev, ft, it, cct, ot, concat) = cache
    n_h = h_next.shape[0]

    # The memory can be reached in two ways: from the next memory (dc_next) and
    # through h_next = ot * tanh(c_next). That is why there are always two terms.
    dtanh = 1 - np.tanh(c_next) ** 2
    dot = dh_next * np.tanh(c_next) * ot * (1 - ot)
    dcct = (dc_next * it + ot * dtanh * it * dh_next) * (1 - cct ** 2)
    dit = (dc_next * cct + ot * dtanh * cct * dh_next) * it * (1 - it)
    dft = (dc_next * c_prev + ot * dtanh * c_prev * dh_next) * ft * (1 - ft)

    # Weights: (error of the gate) times (what went into the gate)
    gradients = {}
    gradients["f"] = dft @ concat.T
    gradients["i"] = dit @ concat.T
    gradients["g"] = dcct @ concat.T
    gradients["o"] = dot @ concat.T

    # All four gates looked at [h_prev; x], so four paths lead back to it.
    # The lower part belongs to the one-hot input, nobody wants it.
    dconcat = weights["f"].T @ dft + weights["i"].T @ dit
    dconcat = dconcat + weights["g"].T @ dcct + weights["o"].T @ dot
    gradients["dh_prev"] = dconcat[:n_h]
    gradients["dc_prev"] = dc_next * ft + ot * dtanh * ft * dh_next
    return gradients


def backward(params, x, targets, h0=None, c0=None):
    V = params["V"]
    n_x, n_h = V.shape
    weights = {k: np.hstack((params["W" + k], params["U" + k])) for k in "figo"}
    h = np.zeros((n_h, 1)) if h0 is None else np.reshape(h0, (n_h, 1))
    c = np.zeros((n_h, 1)) if c0 is None else np.reshape(c0, (n_h, 1))

    # ---- forward through the whole sequence, remember the caches
    caches, probs = [], []
    for t in range(len(x)):
        xt = np.zeros((n_x, 1))
        xt[x[t]] = 1
        h, c, cache = lstm_cell_forward(xt, h, c, weights)
        caches.append(cache)
        probs.append(softmax(V @ h))

    # ---- and now backwards in time, starting at the last word
    dV = np.zeros_like(V)
    total = {k: np.zeros((n_h, n_h + n_x)) for k in "figo"}
    dh_prev = np.zeros((n_h, 1))
    dc_prev = np.zeros((n_h, 1))
    for t in reversed(range(len(x))):
        dy = probs[t].copy()
        dy[targets[t]] -= 1  # the famous "probabilities minus one-hot"
        h_t = caches[t][0]
        dV += dy @ h_t.T
        dh = V.T @ dy + dh_prev
        step = lstm_cell_backward(dh, dc_prev, caches[t], weights)
        for k in "figo":
            total[k] += step[k]
        dh_prev = step["dh_prev"]
        dc_prev = step["dc_prev"]

    # Cut the glued matrices apart again
    grads = {"V": dV}
    for k in "figo":
        grads["W" + k], grads["U" + k] = total[k][:, :n_h], total[k][:, n_h:]
    return grads
