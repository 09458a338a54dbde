import numpy as np


class TensorArray(object):
    def __init__(self, size):
        self._tensors = [None] * size

    def write(self, index, value):
        self._tensors[index] = value
        return self
    def read(self, index):
        return self._tensors[index]
    def stack(self):
        return np.concatenate(self._tensors, axis=0)


def while_loop(cond, body, loop_vars):
    while cond(*loop_vars):
        loop_vars = body(*loop_vars)
    return loop_vars


def backward(params, x, targets, forget_bias=0.0):
    num_steps = len(x)
    num_units, vocab_size = params.Ui.shape
    # gate order of BasicLSTMCell: i, j (= g), f, o
    kernel = np.concatenate([params.Wi.T, params.Wg.T, params.Wf.T, params.Wo.T], axis=1)
    embedding = np.concatenate([params.Ui.T, params.Ug.T, params.Uf.T, params.Uo.T], axis=1)
    zero_state = np.zeros([1, num_units])
    h_ta = TensorArray(num_steps + 1).write(0, zero_state)
    c_ta = TensorArray(num_steps + 1).write(0, zero_state)
    act_ta, dgates_ta = TensorArray(num_steps), TensorArray(num_steps)

    def fw_body(t, c, h):
        i, j, f, o = np.split(embedding[x[t]] + np.matmul(h, kernel), 4, axis=1)
        i, f, o = [1. / (1. + np.exp(-gate)) for gate in (i, f + forget_bias, o)]
        j = np.tanh(j)
        c = c * f + i * j
        h = np.tanh(c) * o
        act_ta.write(t, (i, j, f, o))
        c_ta.write(t + 1, c)
        h_ta.write(t + 1, h)
        return t + 1, c, h
    while_loop(lambda t, c, h: t < num_steps, fw_body, (0, zero_state, zero_state))
    outputs = h_ta.stack()[1:]
    logits = np.matmul(outputs, params.V.T)
    probs = np.exp(logits) / np.sum(np.exp(logits), axis=1, keepdims=True)
    dlogits = probs - np.eye(vocab_size)[list(targets)]
    doutputs = np.matmul(dlogits, params.V)

    def bw_body(t, dc, dh):
        i, j, f, o = act_ta.read(t)
        tanh_c = np.tanh(c_ta.read(t + 1))
        dh = dh + doutputs[t]
        dc = dc + dh * o * (1. - np.square(tanh_c))
        d_i = dc * j * i * (1. - i)
        d_j = dc * i * (1. - np.square(j))
        d_f = dc * c_ta.read(t) * f * (1. - f)
        d_o = dh * tanh_c * o * (1. - o)
        dgates = np.concatenate([d_i, d_j, d_f, d_o], axis=1)
        dgates_ta.write(t, dgates)
        return t - 1, dc * f, np.matmul(dgates, kernel.T)
    while_loop(lambda t, dc, dh: t >= 0, bw_body, (num_steps - 1, zero_state, zero_state))
    dgates = dgates_ta.stack()
    d_kernel = np.matmul(h_ta.stack()[:-1].T, dgates)
    d_embedding = np.matmul(np.eye(vocab_size)[list(x)].T, dgates)
    grads = {"V": np.matmul(dlogits.T, outputs)}
    for name, w, u in zip("igfo", np.split(d_kernel, 4, 1), np.split(d_embedding, 4, 1)):
        grads["W" + name], grads["U" + name] = w.T, u.T
    return grads
