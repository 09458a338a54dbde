import numpy as np


class LSTMFromScratch:
    """LSTM from scratch using only NumPy! No PyTorch, no TensorFlow."""

    def __init__(self, params):
        # output layer
        self.V = params["V"]
        # recurrent weights
        self.W_i, self.W_f = params["Wi"], params["Wf"]
        self.W_o, self.W_g = params["Wo"], params["Wg"]
        # input weights
        self.U_i, self.U_f = params["Ui"], params["Uf"]
        self.U_o, self.U_g = params["Uo"], params["Ug"]

        self.vocab_size, self.hidden_size = self.V.shape
        self.cache = []
        self.grads = {name: np.zeros_like(params[name]) for name in params.keys()}

    # ---------- helper functions ----------
    def sigmoid(self, z):
        return 1 / (1 + np.exp(-z))

    def softmax(self, z):
        exps = np.exp(z - np.max(z))
        return exps / np.sum(exps)

    def one_hot(self, index):
        vec = np.zeros(self.vocab_size)
        vec[index] = 1
        return vec

    # ---------- forward pass ----------
    def forward(self, inputs):
        self.cache = []
        h = np.zeros(self.hidden_size)
        c = np.zeros(self.hidden_size)
        for token in inputs:
            step = {"x": self.one_hot(token), "h_prev": h, "c_prev": c}
            # gates
            step["i"] = self.sigmoid(np.dot(self.W_i, h) + np.dot(self.U_i, step["x"]))
            step["f"] = self.sigmoid(np.dot(self.W_f, h) + np.dot(self.U_f, step["x"]))
            step["o"] = self.sigmoid(np.dot(self.W_o, h) + np.dot(self.U_o, step["x"]))
            # candidate
            step["g"] = np.tanh(np.dot(self.W_g, h) + np.dot(self.U_g, step["x"]))
            # new cell state and hidden state
            c = step["f"] * c + step["i"] * step["g"]
            h = step["o"] * np.tanh(c)
            step["c"], step["h"] = c, h
            # prediction
            step["probs"] = self.softmax(np.dot(self.V, h))
            self.cache.append(step)
        return [step["probs"] for step in self.cache]

    # ---------- backward pass ----------
    def backward(self, targets):
        dh_next = np.zeros(self.hidden_size)
        dc_next = np.zeros(self.hidden_size)

        # go backwards through time
        for t in reversed(range(len(targets))):
            step = self.cache[t]
            i, f, o, g = step["i"], step["f"], step["o"], step["g"]
            tanh_c = np.tanh(step["c"])

            # softmax + cross entropy
            d_logits = step["probs"] - self.one_hot(targets[t])
            self.grads["V"] += np.outer(d_logits, step["h"])

            # hidden state
            dh = np.dot(self.V.T, d_logits) + dh_next

            # output gate
            do = dh * tanh_c
            do_raw = do * o * (1 - o)

            # cell state
            dc = dh * o * (1 - tanh_c ** 2) + dc_next

            # forget gate
            df = dc * step["c_prev"]
            df_raw = df * f * (1 - f)

            # input gate
            di = dc * g
            di_raw = di * i * (1 - i)

            # candidate
            dg = dc * i
            dg_raw = dg * (1 - g ** 2)

            # accumulate gradients for all 4 gates
            for name, d_raw in zip("ifog", [di_raw, df_raw, do_raw, dg_raw]):
                self.grads["W" + name] += np.outer(d_raw, step["h_prev"])
                self.grads["U" + name] += np.outer(d_raw, step["x"])

            # pass to previous time step
            dh_next = (np.dot(self.W_i.T, di_raw) + np.dot(self.W_f.T, df_raw)
                       + np.dot(self.W_o.T, do_raw) + np.dot(self.W_g.T, dg_raw))
            dc_next = dc * f

        return self.grads


def backward(params, x, targets):
    model = LSTMFromScratch(params)
    model.forward(x)
    return model.backward(targets)
