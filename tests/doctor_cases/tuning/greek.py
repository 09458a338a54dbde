import numpy as np

import lstm_teach as lt


def nabla(theta, w, tau, h0=None, c0=None):
    """The derivation of the lecture notes, symbol by symbol; delta[T] is zero."""
    run = lt.forward(theta, w, h0, c0)
    T = len(w)
    iota, phi, omega, gamma = run.i, run.f, run.o, run.g
    kappa, eta = run.c, run.h
    delta_h = {T: np.zeros(theta.hidden_size)}
    delta_c = {T: np.zeros(theta.hidden_size)}
    delta_i, delta_f, delta_o, delta_g, epsilon = {}, {}, {}, {}, {}
    for t in range(T - 1, -1, -1):
        epsilon[t] = run.y[t] - np.eye(theta.vocab_size)[tau[t]]
        delta_h[t] = theta.V.T @ epsilon[t]
        if t < T - 1:
            delta_h[t] += theta.Wi.T @ delta_i[t + 1] + theta.Wf.T @ delta_f[t + 1]
            delta_h[t] += theta.Wo.T @ delta_o[t + 1] + theta.Wg.T @ delta_g[t + 1]
        delta_c[t] = delta_h[t] * omega[t] * (1 - np.tanh(kappa[t]) ** 2)
        if t < T - 1:
            delta_c[t] += delta_c[t + 1] * phi[t + 1]
        delta_i[t] = delta_c[t] * gamma[t] * iota[t] * (1 - iota[t])
        delta_f[t] = delta_c[t] * kappa[t - 1] * phi[t] * (1 - phi[t])
        delta_o[t] = delta_h[t] * np.tanh(kappa[t]) * omega[t] * (1 - omega[t])
        delta_g[t] = delta_c[t] * iota[t] * (1 - gamma[t] ** 2)
    chi = np.eye(theta.vocab_size)[w]
    result = {"V": sum(np.outer(epsilon[t], eta[t]) for t in range(T))}
    for name, delta in zip("ifog", (delta_i, delta_f, delta_o, delta_g)):
        result["W" + name] = sum(np.outer(delta[t], eta[t - 1]) for t in range(T))
        result["U" + name] = sum(np.outer(delta[t], chi[t]) for t in range(T))
    return result
