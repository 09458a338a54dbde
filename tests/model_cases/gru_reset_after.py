"""GRU whose reset gate acts after the matrix, two biases, three gates stacked r, z, n, a batch; sum of squares."""

import numpy as np

SIG = lambda u: 1 / (1 + np.exp(-u))  # noqa: E731


def case(T):
    B, H, D = 2, 3, 4
    rs = np.random.RandomState(7 * T)
    params = {
        "weight_ih": rs.normal(0, 0.6, (3 * H, D)),
        "weight_hh": rs.normal(0, 0.6, (3 * H, H)),
        "bias_ih": rs.normal(0, 0.4, 3 * H),
        "bias_hh": rs.normal(0, 0.4, 3 * H),
    }
    seq, goal = rs.normal(size=(T, B, D)), rs.normal(size=(T, B, H))
    h_init = rs.normal(0, 0.5, (B, H))

    def forward(w):
        hs, saved = [h_init], []
        for t in range(T):
            gi = seq[t] @ w["weight_ih"].T + w["bias_ih"]
            gh = hs[-1] @ w["weight_hh"].T + w["bias_hh"]
            r = SIG(gi[:, :H] + gh[:, :H])
            z = SIG(gi[:, H : 2 * H] + gh[:, H : 2 * H])
            n = np.tanh(gi[:, 2 * H :] + r * gh[:, 2 * H :])
            hs.append(n + z * (hs[-1] - n))
            saved.append((r, z, n, gh[:, 2 * H :]))
        return hs, saved

    def loss(w):
        hs, _ = forward(w)
        return 0.5 * np.sum((np.array(hs[1:]) - goal) ** 2)

    def gradient(w):
        hs, saved = forward(w)
        grad = {k: np.zeros_like(v) for k, v in w.items()}
        dh = np.zeros((B, H))
        for t in reversed(range(T)):
            r, z, n, ghn = saved[t]
            dh = dh + hs[t + 1] - goal[t]
            dn = dh * (1 - z) * (1 - n**2)
            dz = dh * (hs[t] - n) * z * (1 - z)
            dr = dn * ghn * r * (1 - r)
            dgi = np.concatenate([dr, dz, dn], axis=1)
            dgh = np.concatenate([dr, dz, dn * r], axis=1)
            grad["weight_ih"] += dgi.T @ seq[t]
            grad["weight_hh"] += dgh.T @ hs[t]
            grad["bias_ih"] += dgi.sum(0)
            grad["bias_hh"] += dgh.sum(0)
            dh = dh * z + dgh @ w["weight_hh"]
        return grad

    return params, loss, gradient
