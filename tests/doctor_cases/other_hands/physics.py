# The LSTM by the method of adjoints (same trick as for the pendulum on sheet 9).
#
#   alpha_n = sigma(Wi h_(n-1) + Ui e_x)      what comes in
#   phi_n   = sigma(Wf h_(n-1) + Uf e_x)      what survives
#   omega_n = sigma(Wo h_(n-1) + Uo e_x)      what goes out
#   gamma_n = tanh (Wg h_(n-1) + Ug e_x)      what is proposed
#
#   c_n = phi_n c_(n-1) + alpha_n gamma_n     psi_n = tanh(c_n)     h_n = omega_n psi_n        (1)
#   rho_n = exp(V h_n) / Z                    Boltzmann factor      S = - sum_n ln rho_n[y_n]  (2)
import numpy as np
from numpy import cosh, exp, outer, tanh, zeros


def sigma(u):
    return 1.0 / (1.0 + exp(-u))


def sigma_prime(u):
    # d/du 1/(1+e^-u) = 1 / (4 cosh^2(u/2))
    return 1.0 / (4.0 * cosh(u / 2.0) ** 2)


def tanh_prime(u):
    return 1.0 / cosh(u) ** 2


def trajectory(M, x, h_start, c_start):
    """Integrate (1) forward in n. The arrays A, B, C, D hold the arguments of sigma and tanh."""
    N, H = len(x), len(h_start)
    h, c = zeros((N + 1, H)), zeros((N + 1, H))
    A, B, C, D = zeros((4, N + 1, H))
    h[0], c[0] = h_start, c_start  # initial conditions
    for n in range(1, N + 1):
        e_x = x[n - 1]
        A[n] = M["Wi"] @ h[n - 1] + M["Ui"][:, e_x]
        B[n] = M["Wf"] @ h[n - 1] + M["Uf"][:, e_x]
        C[n] = M["Wo"] @ h[n - 1] + M["Uo"][:, e_x]
        D[n] = M["Wg"] @ h[n - 1] + M["Ug"][:, e_x]
        c[n] = sigma(B[n]) * c[n - 1] + sigma(A[n]) * tanh(D[n])
        h[n] = sigma(C[n]) * tanh(c[n])
    return h, c, A, B, C, D


def backward(params, x, targets, h0=None, c0=None):
    N, H = len(x), params["Wi"].shape[0]
    h_start = zeros(H) if h0 is None else h0
    c_start = zeros(H) if c0 is None else c0
    h, c, A, B, C, D = trajectory(params, x, h_start, c_start)
    alpha, phi, omega, gamma, psi = sigma(A), sigma(B), sigma(C), tanh(D), tanh(c)

    # dS/d(V h_n) = rho_n - delta(y_n)
    epsilon = zeros((N + 1, params["V"].shape[0]))
    for n in range(1, N + 1):
        rho = exp(params["V"] @ h[n])
        rho /= rho.sum()
        epsilon[n] = rho
        epsilon[n, targets[n - 1]] -= 1.0

    # Adjoint equations, integrated backward in n from lambda_(N+1) = 0, mu_(N+1) = 0
    #   lambda_n = dS/dh_n = V^T epsilon_n + sum_k W_k^T delta_k,(n+1)                           (3)
    #   mu_n     = dS/dc_n = mu_(n+1) phi_(n+1) + lambda_n omega_n tanh'(c_n)                    (4)
    delta_i, delta_f, delta_o, delta_g = zeros((4, N + 1, H))
    lam, mu = zeros(H), zeros(H)
    for n in range(N, 0, -1):
        lam = lam + params["V"].T @ epsilon[n]
        mu = mu + lam * omega[n] * tanh_prime(c[n])
        delta_i[n] = mu * gamma[n] * sigma_prime(A[n])
        delta_f[n] = mu * c[n - 1] * sigma_prime(B[n])
        delta_o[n] = lam * psi[n] * sigma_prime(C[n])
        delta_g[n] = mu * alpha[n] * tanh_prime(D[n])
        lam = params["Wi"].T @ delta_i[n] + params["Wf"].T @ delta_f[n]
        lam = lam + params["Wo"].T @ delta_o[n] + params["Wg"].T @ delta_g[n]
        mu = mu * phi[n]

    # Gradients: dS/dW_k = sum_n delta_k,n (x) h_(n-1), dS/dU_k the same with e_x, dS/dV with epsilon and h_n
    grad = {"V": sum(outer(epsilon[n], h[n]) for n in range(1, N + 1))}
    for k, delta in zip("ifog", (delta_i, delta_f, delta_o, delta_g)):
        grad["W" + k] = sum(outer(delta[n], h[n - 1]) for n in range(1, N + 1))
        grad["U" + k] = zeros(params["U" + k].shape)
        for n in range(1, N + 1):
            grad["U" + k][:, x[n - 1]] += delta[n]
    return grad
