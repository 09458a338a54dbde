import numpy as np

GATES = "ifog"


class Frame:
    """One tick of the sim, recorded so that it can be rewound. Comes from the pool, never `new` in the loop."""
    __slots__ = ("tok", "h_in", "c_in", "h", "tc", "probs", "gate")

    def __init__(self, H, K):
        self.tok = -1
        self.h_in, self.c_in, self.h, self.tc = (np.empty(H) for _ in range(4))
        self.probs = np.empty(K)
        self.gate = {k: np.empty(H) for k in GATES}


class FramePool:
    def __init__(self, H, K):
        self.H, self.K, self.free = H, K, []

    def spawn(self):
        return self.free.pop() if self.free else Frame(self.H, self.K)

    def despawn(self, fr):
        self.free.append(fr)


class Grads:
    def __init__(self, H, K):
        self.V = np.zeros((K, H))
        self.W = {k: np.zeros((H, H)) for k in GATES}
        self.U = {k: np.zeros((H, K)) for k in GATES}

    def to_list(self):
        return [self.V] + [self.W[k] for k in GATES] + [self.U[k] for k in GATES]


class LstmSim:
    def __init__(self, params, h0, c0):
        self.V = params.V
        self.W = {k: params["W" + k] for k in GATES}
        self.U = {k: params["U" + k] for k in GATES}
        K, H = self.V.shape
        self.h, self.c, self.dh, self.dc = (np.zeros(H) for _ in range(4))
        if h0 is not None: self.h[:] = h0
        if c0 is not None: self.c[:] = c0
        self.dz = {k: np.empty(H) for k in GATES}
        self.pool = FramePool(H, K)
        self.replay = []
        self.grads = Grads(H, K)

    def tick(self, tok):
        fr = self.pool.spawn()
        fr.tok = tok
        fr.h_in[:] = self.h
        fr.c_in[:] = self.c
        for k, a in fr.gate.items():
            a[:] = self.W[k] @ self.h
            a += self.U[k][:, tok]
            if k == "g":
                np.tanh(a, out=a)
            else:
                a[:] = 1.0 / (1.0 + np.exp(-a))
        self.c *= fr.gate["f"]
        self.c += fr.gate["i"] * fr.gate["g"]
        np.tanh(self.c, out=fr.tc)
        np.multiply(fr.gate["o"], fr.tc, out=self.h)
        fr.h[:] = self.h
        fr.probs[:] = self.V @ self.h
        fr.probs -= fr.probs.max()
        np.exp(fr.probs, out=fr.probs)
        fr.probs /= fr.probs.sum()
        self.replay.append(fr)

    def rewind(self, target):
        fr = self.replay.pop()
        i, f, o, g = (fr.gate[k] for k in GATES)
        dz, dh, dc = self.dz, self.dh, self.dc
        err = fr.probs          # reuse the buffer, nobody reads probs after this
        err[target] -= 1.0
        self.grads.V += np.outer(err, fr.h)
        dh += self.V.T @ err
        dc += dh * o * (1.0 - fr.tc * fr.tc)
        dz["o"][:] = dh * fr.tc * o * (1.0 - o)
        dz["i"][:] = dc * g * i * (1.0 - i)
        dz["f"][:] = dc * fr.c_in * f * (1.0 - f)
        dz["g"][:] = dc * i * (1.0 - g * g)
        dc *= f
        dh.fill(0.0)
        for k in GATES:
            self.grads.W[k] += np.outer(dz[k], fr.h_in)
            self.grads.U[k][:, fr.tok] += dz[k]
            dh += self.W[k].T @ dz[k]
        self.pool.despawn(fr)


def backward(params, x, targets, h0=None, c0=None):
    sim = LstmSim(params, h0, c0)
    for tok in x:
        sim.tick(tok)
    for tgt in reversed(targets):
        sim.rewind(tgt)
    return sim.grads.to_list()
