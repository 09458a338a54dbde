import numpy as np

# LSTM from scratch (part 3): backprop through time! Everything is a COLUMN vector here.


class LSTMFromScratch:
    def __init__(self, params):
        self.H = params.Wi.shape[0]
        self.D = params.Ui.shape[1]
        # one matrix per gate, acting on [h_prev; x]
        self.W_f = np.concatenate((params.Wf, params.Uf), axis=1)
        self.W_i = np.concatenate((params.Wi, params.Ui), axis=1)
        self.W_C = np.concatenate((params.Wg, params.Ug), axis=1)
        self.W_o = np.concatenate((params.Wo, params.Uo), axis=1)
        self.W_v = params.V
        self.dW_f = np.zeros_like(self.W_f)
        self.dW_i = np.zeros_like(self.W_i)
        self.dW_C = np.zeros_like(self.W_C)
        self.dW_o = np.zeros_like(self.W_o)
        self.dW_v = np.zeros_like(self.W_v)

    def forward_step(self, x, h_prev, C_prev):
        z = np.vstack((h_prev, x))
        f = self.sigmoid(np.dot(self.W_f, z))
        i = self.sigmoid(np.dot(self.W_i, z))
        C_bar = np.tanh(np.dot(self.W_C, z))
        C = f * C_prev + i * C_bar
        o = self.sigmoid(np.dot(self.W_o, z))
        h = o * np.tanh(C)
        v = np.dot(self.W_v, h)
        y = np.exp(v - v.max()) / np.sum(np.exp(v - v.max()))
        return z, f, i, C_bar, C, o, h, y

    @staticmethod
    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    def backward_step(self, target, dh_next, dC_next, C_prev, z, f, i, C_bar, C, o, h, y):
        dv = np.copy(y)
        dv[target] -= 1
        self.dW_v += np.dot(dv, h.T)
        dh = np.dot(self.W_v.T, dv)
        dh += dh_next
        do = dh * np.tanh(C)
        do = o * (1 - o) * do
        self.dW_o += np.dot(do, z.T)
        dC = np.copy(dC_next)
        dC += dh * o * (1 - np.tanh(C) ** 2)
        dC_bar = dC * i
        dC_bar = (1 - C_bar * C_bar) * dC_bar
        self.dW_C += np.dot(dC_bar, z.T)
        di = dC * C_bar
        di = i * (1 - i) * di
        self.dW_i += np.dot(di, z.T)
        df = dC * C_prev
        df = f * (1 - f) * df
        self.dW_f += np.dot(df, z.T)
        dz = np.dot(self.W_f.T, df) + np.dot(self.W_i.T, di) + np.dot(self.W_C.T, dC_bar) + np.dot(self.W_o.T, do)
        return dz[: self.H, :], f * dC


def backward(params, x, targets):
    net = LSTMFromScratch(params)
    h_s, C_s, saved = {-1: np.zeros((net.H, 1))}, {-1: np.zeros((net.H, 1))}, {}
    for t in range(len(x)):
        one_hot = np.zeros((net.D, 1))
        one_hot[x[t]] = 1
        saved[t] = net.forward_step(one_hot, h_s[t - 1], C_s[t - 1])
        C_s[t], h_s[t] = saved[t][4], saved[t][6]
    dh_next, dC_next = np.zeros((net.H, 1)), np.zeros((net.H, 1))
    for t in reversed(range(len(x))):
        dh_next, dC_next = net.backward_step(targets[t], dh_next, dC_next, C_s[t - 1], *saved[t])
    grads = {"V": net.dW_v}
    for name, dW in zip("fiog", (net.dW_f, net.dW_i, net.dW_o, net.dW_C)):
        grads["W" + name], grads["U" + name] = dW[:, : net.H], dW[:, net.H :]
    return grads
