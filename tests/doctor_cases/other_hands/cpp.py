"""Backpropagation through time, ported from my C++ header lstm.hpp."""
import numpy as np


class Gate:
    """One gate: references to its weights, its output at every step, its gradient buffers."""

    def __init__(self, w, u, num_steps, is_tanh=False):
        self.w = w
        self.u = u
        self.is_tanh = is_tanh
        self.out = np.zeros((num_steps, w.shape[0]))
        self.grad_w = np.zeros_like(w)
        self.grad_u = np.zeros_like(u)

    def compute(self, t, token, h_prev):
        z = self.u[:, token] + self.w @ h_prev
        self.out[t] = np.tanh(z) if self.is_tanh else 1.0 / (1.0 + np.exp(-z))
        return self.out[t]

    def slope(self, t):
        a = self.out[t]
        if self.is_tanh:
            return 1.0 - a * a
        return a * (1.0 - a)

    def backprop(self, t, d_out, token, h_prev, dh_prev):
        """Adds to the buffers and, by reference, to dh_prev."""
        dz = d_out * self.slope(t)
        rows, cols = self.w.shape
        for r in range(rows):
            self.grad_u[r, token] += dz[r]
            for k in range(cols):
                self.grad_w[r, k] += dz[r] * h_prev[k]
                dh_prev[k] += self.w[r, k] * dz[r]


def backward(params, x, targets):
    num_steps = len(x)
    H = params.Wi.shape[0]
    input_gate = Gate(params.Wi, params.Ui, num_steps)
    forget_gate = Gate(params.Wf, params.Uf, num_steps)
    output_gate = Gate(params.Wo, params.Uo, num_steps)
    candidate = Gate(params.Wg, params.Ug, num_steps, is_tanh=True)

    # index 0 is the state before the first step
    cell = np.zeros((num_steps + 1, H))
    hidden = np.zeros((num_steps + 1, H))
    for t in range(num_steps):
        i = input_gate.compute(t, x[t], hidden[t])
        f = forget_gate.compute(t, x[t], hidden[t])
        o = output_gate.compute(t, x[t], hidden[t])
        g = candidate.compute(t, x[t], hidden[t])
        cell[t + 1] = f * cell[t] + i * g
        hidden[t + 1] = o * np.tanh(cell[t + 1])

    grad_v = np.zeros_like(params.V)
    dh_next = np.zeros(H)
    dc_next = np.zeros(H)
    for t in range(num_steps - 1, -1, -1):
        p = np.exp(params.V @ hidden[t + 1])
        p /= p.sum()
        p[targets[t]] -= 1.0
        grad_v += np.outer(p, hidden[t + 1])
        dh = params.V.T @ p + dh_next

        tanh_c = np.tanh(cell[t + 1])
        dc = dc_next + dh * output_gate.out[t] * (1.0 - tanh_c * tanh_c)
        dh_next = np.zeros(H)
        output_gate.backprop(t, dh * tanh_c, x[t], hidden[t], dh_next)
        input_gate.backprop(t, dc * candidate.out[t], x[t], hidden[t], dh_next)
        forget_gate.backprop(t, dc * cell[t], x[t], hidden[t], dh_next)
        candidate.backprop(t, dc * input_gate.out[t], x[t], hidden[t], dh_next)
        dc_next = dc * forget_gate.out[t]

    gates = (input_gate, forget_gate, output_gate, candidate)
    return [grad_v] + [gate.grad_w for gate in gates] + [gate.grad_u for gate in gates]
