"""Reverse mode for the LSTM.

Convention: a smooth map F is represented by a function which returns the pair (F(p), F*_p), where the pullback F*_p
sends a covector at F(p) to the covector(s) at p. The chain rule is (G o F)* = F* o G*.
"""
import numpy as np


def linear(A, v):
    """(A, v) |-> Av"""
    return A @ v, lambda w: (np.outer(w, v), A.T @ w)


def evaluate(U, k):
    """U |-> U e_k"""
    def star(w):
        E = np.zeros_like(U)
        E[:, k] = w
        return E
    return U[:, k], star


def nemytskii(phi, D):
    """Superposition operator of a scalar function with phi' = D o phi."""
    def F(a):
        y = phi(a)
        return y, lambda w: D(y) * w
    return F


sigma = nemytskii(lambda a: 1 / (1 + np.exp(-a)), lambda y: y * (1 - y))
tau = nemytskii(np.tanh, lambda y: 1 - y * y)


def product(a, b):
    return a * b, lambda w: (w * b, w * a)


def nll(s, k):
    """s |-> -log softmax(s)_k"""
    p = np.exp(s - s.max())
    p = p / p.sum()
    def star(w):
        q = p - (np.arange(p.size) == k)
        return w * q
    return -np.log(p[k]), star


def gate(phi, W, U, h, k):
    a, linear_star = linear(W, h)
    b, evaluate_star = evaluate(U, k)
    y, phi_star = phi(a + b)
    def star(w):
        z = phi_star(w)
        dW, dh = linear_star(z)
        return dW, evaluate_star(z), dh
    return y, star


def cell(theta, k, h, c):
    """(theta, h, c) |-> (h', c')"""
    phi = {"i": sigma, "f": sigma, "o": sigma, "g": tau}
    G = {a: gate(phi[a], theta["W" + a], theta["U" + a], h, k) for a in phi}
    fc, fc_star = product(G["f"][0], c)
    ig, ig_star = product(G["i"][0], G["g"][0])
    c1 = fc + ig
    r, r_star = tau(c1)
    h1, h1_star = product(G["o"][0], r)
    def star(eta, gamma):
        w = {}
        w["o"], rho = h1_star(eta)
        gamma = gamma + r_star(rho)
        w["f"], dc = fc_star(gamma)
        w["i"], w["g"] = ig_star(gamma)
        dtheta, dh = {}, 0
        for a in phi:
            dtheta["W" + a], dtheta["U" + a], dh_a = G[a][1](w[a])
            dh = dh + dh_a
        return dtheta, dh, dc
    return (h1, c1), star


def pull_step(cell_star, V_star, nll_star, eta, gamma):
    dV, dh = V_star(nll_star(1.0))
    dtheta, eta, gamma = cell_star(eta + dh, gamma)
    return {"V": dV, **dtheta}, eta, gamma


def backward(params, x, targets, h0=None, c0=None):
    zero = np.zeros(params["V"].shape[1])
    h, c = (zero if s is None else s for s in (h0, c0))
    chain = []
    for k, y in zip(x, targets):
        (h, c), A = cell(params, k, h, c)
        s, B = linear(params["V"], h)
        _, C = nll(s, y)
        chain.append(lambda eta, gamma, A=A, B=B, C=C: pull_step(A, B, C, eta, gamma))
    omega = {name: np.zeros_like(params[name]) for name in params.keys()}
    eta, gamma = zero, zero
    for star in reversed(chain):
        summand, eta, gamma = star(eta, gamma)
        for name in summand:
            omega[name] = omega[name] + summand[name]
    return omega
