# Elman network + additive attention over all hidden states -> one yes/no answer.
#
#   h_t = tanh(Wx x_t + Wh h_{t-1} + b)
#   s_t = v . tanh(Wa h_t + Wq h_T)         (query = last state)
#   a   = softmax(s),  ctx = sum_t a_t h_t
#   p   = sigmoid(u . ctx + u0)
#
# arrays are (features, batch)
import numpy as np

DIM, HID, ATT, BATCH = 3, 6, 4, 3


def case(T):
    rng = np.random.default_rng(110 + T)
    x = rng.standard_normal((T, DIM, BATCH))
    y = (rng.random(BATCH) < 0.5) * 1.0
    y[0], y[1] = 1.0, 0.0
    n = rng.standard_normal

    params = {
        "Wx": 0.6 * n((HID, DIM)),
        "Wh": 0.5 * n((HID, HID)),
        "b": 0.2 * n((HID, 1)),
        "Wa": 0.8 * n((ATT, HID)),
        "Wq": 0.8 * n((ATT, HID)),
        "v": 1.5 * n((ATT,)),
        "u": 1.2 * n((HID,)),
        "u0": 0.3 * n((1,)),
    }

    def encode(p):
        h = [np.zeros((HID, BATCH))]
        for t in range(T):
            h.append(np.tanh(p["Wx"] @ x[t] + p["Wh"] @ h[-1] + p["b"]))
        return h

    def attend(p, h):
        query = p["Wq"] @ h[T]
        k = np.stack([np.tanh(p["Wa"] @ h[t + 1] + query) for t in range(T)])
        s = np.einsum("a,tab->tb", p["v"], k)
        w = np.exp(s - s.max(axis=0))
        w = w / w.sum(axis=0)
        ctx = sum(w[t] * h[t + 1] for t in range(T))
        return k, w, ctx

    def loss(p):
        h = encode(p)
        k, w, ctx = attend(p, h)
        logit = p["u"] @ ctx + p["u0"]
        return float(np.mean(np.logaddexp(0.0, logit) - y * logit))

    def gradient(p):
        h = encode(p)
        k, w, ctx = attend(p, h)
        logit = p["u"] @ ctx + p["u0"]
        g = {name: np.zeros_like(arr) for name, arr in p.items()}

        dlogit = (1.0 / (1.0 + np.exp(-logit)) - y) / BATCH
        g["u"] = ctx @ dlogit
        g["u0"] = np.array([dlogit.sum()])
        dctx = np.outer(p["u"], dlogit)

        # attention
        dh = [np.zeros((HID, BATCH)) for _ in range(T + 1)]
        dw = np.stack([(dctx * h[t + 1]).sum(axis=0) for t in range(T)])
        ds = w * (dw - (w * dw).sum(axis=0))
        for t in range(T):
            dk = np.outer(p["v"], ds[t]) * (1 - k[t] ** 2)
            g["v"] += k[t] @ ds[t]
            g["Wa"] += dk @ h[t + 1].T
            g["Wq"] += dk @ h[T].T
            dh[t + 1] += w[t] * dctx
            dh[t + 1] += p["Wa"].T @ dk
            dh[T] += p["Wq"].T @ dk

        # recurrent part
        for t in range(T, 0, -1):
            da = dh[t] * (1 - h[t] ** 2)
            g["Wx"] += da @ x[t - 1].T
            g["Wh"] += da @ h[t - 1].T
            g["b"] += da.sum(axis=1, keepdims=True)
            dh[t - 1] += p["Wh"].T @ da
        return g

    return params, loss, gradient
