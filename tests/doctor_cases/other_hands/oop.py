import numpy as np


class LSTM:
    """A small LSTM language model. Usage: forward over a sequence, then backward."""

    def __init__(self, params):
        self.V = params.V
        self.Wi, self.Wf, self.Wo, self.Wg = params.Wi, params.Wf, params.Wo, params.Wg
        self.Ui, self.Uf, self.Uo, self.Ug = params.Ui, params.Uf, params.Uo, params.Ug
        self.hidden_size = self.V.shape[1]
        self.zero_grad()

    def zero_grad(self):
        self.dV = np.zeros_like(self.V)
        self.dWi = np.zeros_like(self.Wi)
        self.dWf = np.zeros_like(self.Wf)
        self.dWo = np.zeros_like(self.Wo)
        self.dWg = np.zeros_like(self.Wg)
        self.dUi = np.zeros_like(self.Ui)
        self.dUf = np.zeros_like(self.Uf)
        self.dUo = np.zeros_like(self.Uo)
        self.dUg = np.zeros_like(self.Ug)

    def reset_state(self, h0=None, c0=None):
        self.h = np.zeros(self.hidden_size) if h0 is None else np.asarray(h0, dtype=float)
        self.c = np.zeros(self.hidden_size) if c0 is None else np.asarray(c0, dtype=float)
        self.tape = []

    @staticmethod
    def sigmoid(z):
        return 1.0 / (1.0 + np.exp(-z))

    def forward_step(self, token):
        step = {"token": token, "h_prev": self.h, "c_prev": self.c}
        step["i"] = self.sigmoid(self.Wi @ self.h + self.Ui[:, token])
        step["f"] = self.sigmoid(self.Wf @ self.h + self.Uf[:, token])
        step["o"] = self.sigmoid(self.Wo @ self.h + self.Uo[:, token])
        step["g"] = np.tanh(self.Wg @ self.h + self.Ug[:, token])
        self.c = step["f"] * self.c + step["i"] * step["g"]
        step["tanh_c"] = np.tanh(self.c)
        self.h = step["o"] * step["tanh_c"]
        logits = self.V @ self.h
        exp = np.exp(logits - np.max(logits))
        step["h"] = self.h
        step["probs"] = exp / np.sum(exp)
        self.tape.append(step)

    def backward_step(self, step, target):
        i, f, o, g = step["i"], step["f"], step["o"], step["g"]
        token, h_prev = step["token"], step["h_prev"]

        # output layer
        dlogits = step["probs"].copy()
        dlogits[target] -= 1.0
        self.dV += np.outer(dlogits, step["h"])
        self.dh += self.V.T @ dlogits

        # through h = o * tanh(c)
        do = self.dh * step["tanh_c"]
        self.dc += self.dh * o * (1.0 - step["tanh_c"] ** 2)

        # through c = f * c_prev + i * g, down to the pre-activations
        dzi = self.dc * g * i * (1.0 - i)
        dzf = self.dc * step["c_prev"] * f * (1.0 - f)
        dzo = do * o * (1.0 - o)
        dzg = self.dc * i * (1.0 - g**2)

        self.dWi += np.outer(dzi, h_prev)
        self.dWf += np.outer(dzf, h_prev)
        self.dWo += np.outer(dzo, h_prev)
        self.dWg += np.outer(dzg, h_prev)
        self.dUi[:, token] += dzi
        self.dUf[:, token] += dzf
        self.dUo[:, token] += dzo
        self.dUg[:, token] += dzg

        # hand over to the previous step
        self.dh = self.Wi.T @ dzi + self.Wf.T @ dzf + self.Wo.T @ dzo + self.Wg.T @ dzg
        self.dc = self.dc * f

    def run(self, x, targets, h0, c0):
        self.reset_state(h0, c0)
        for token in x:
            self.forward_step(token)
        self.dh = np.zeros(self.hidden_size)
        self.dc = np.zeros(self.hidden_size)
        for t in range(len(x) - 1, -1, -1):
            self.backward_step(self.tape[t], targets[t])


def backward(params, x, targets, h0=None, c0=None):
    net = LSTM(params)
    net.run(x, targets, h0, c0)
    return net.dV, net.dWi, net.dWf, net.dWo, net.dWg, net.dUi, net.dUf, net.dUo, net.dUg
