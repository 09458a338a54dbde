import numpy as np

# Homework 4: LSTM from scratch with classes


class Gate:
    """One gate: act(W h + U x). kind is 'sigmoid' or 'tanh'."""

    def __init__(self, W, U, kind):
        self.W = W
        self.U = U
        self.kind = kind
        self.dW = np.zeros(W.shape)
        self.dU = np.zeros(U.shape)
        self.cache = []

    def forward(self, h_prev, idx):
        z = np.dot(self.W, h_prev) + self.U[:, idx]
        if self.kind == "sigmoid":
            out = 1 / (1 + np.exp(-z))
        else:
            out = np.tanh(z)
        self.cache.append((h_prev, idx, out))
        return out

    def backward(self, dout):
        # the steps come back in reverse order so we can just pop
        h_prev, idx, out = self.cache.pop()
        if self.kind == "sigmoid":
            dz = dout * out * (1 - out)
        else:
            dz = dout * (1 - out * out)
        self.dW += np.dot(dz.reshape(-1, 1), h_prev.reshape(1, -1))
        self.dU[:, idx] += dz
        return np.dot(self.W.T, dz)


class LSTM:
    def __init__(self, params):
        self.V = params["V"]
        self.dV = np.zeros(self.V.shape)
        self.hidden = self.V.shape[1]
        self.input_gate = Gate(params["Wi"], params["Ui"], "sigmoid")
        self.forget_gate = Gate(params["Wf"], params["Uf"], "sigmoid")
        self.output_gate = Gate(params["Wo"], params["Uo"], "sigmoid")
        self.cell_gate = Gate(params["Wg"], params["Ug"], "tanh")
        self.steps = []

    def forward(self, x, h, c):
        for idx in x:
            i = self.input_gate.forward(h, idx)
            f = self.forget_gate.forward(h, idx)
            o = self.output_gate.forward(h, idx)
            g = self.cell_gate.forward(h, idx)
            c_old = c
            c = f * c_old + i * g
            h = o * np.tanh(c)
            scores = np.dot(self.V, h)
            exps = np.exp(scores - np.max(scores))
            probs = exps / np.sum(exps)
            self.steps.append((i, f, o, g, c_old, c, h, probs))

    def backward(self, targets):
        dh = np.zeros(self.hidden)
        dc = np.zeros(self.hidden)
        for t in range(len(targets) - 1, -1, -1):
            i, f, o, g, c_old, c, h, probs = self.steps[t]

            # softmax + cross entropy
            dscores = np.copy(probs)
            dscores[targets[t]] -= 1
            self.dV += np.dot(dscores.reshape(-1, 1), h.reshape(1, -1))
            dh += np.dot(self.V.T, dscores)

            # h = o * tanh(c)
            tanh_c = np.tanh(c)
            do = dh * tanh_c
            dc += dh * o * (1 - tanh_c ** 2)

            # c = f * c_old + i * g
            df = dc * c_old
            di = dc * g
            dg = dc * i

            # the old h goes into all four gates, so sum
            dh = self.input_gate.backward(di)
            dh += self.forget_gate.backward(df)
            dh += self.output_gate.backward(do)
            dh += self.cell_gate.backward(dg)
            dc = dc * f


def backward(params, x, targets, h0=None, c0=None):
    net = LSTM(params)
    h = np.zeros(net.hidden) if h0 is None else np.array(h0)
    c = np.zeros(net.hidden) if c0 is None else np.array(c0)
    net.forward(x, h, c)
    net.backward(targets)
    gates = [net.input_gate, net.forget_gate, net.output_gate, net.cell_gate]
    return [net.dV] + [gate.dW for gate in gates] + [gate.dU for gate in gates]
