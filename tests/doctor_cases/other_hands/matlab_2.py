# lstm_grad : gradient of the LSTM loss, port of lstm_grad.m
# all vectors are columns (H,1), column t of a matrix belongs to time t = 1..T, column 0 is the start
import numpy as np
from numpy import exp, tanh, zeros


def sigm(z):
    return 1 / (1 + exp(-z))


def backward(params, x, targets, h0=None, c0=None):
    V = params.V
    Wi, Wf, Wo, Wg = params.Wi, params.Wf, params.Wo, params.Wg
    Ui, Uf, Uo, Ug = params.Ui, params.Uf, params.Uo, params.Ug
    K, H = V.shape
    T = len(x)

    # one-hot columns
    X = zeros((K, T + 1))
    Y = zeros((K, T + 1))
    for t in range(1, T + 1):
        X[x[t - 1], t] = 1
        Y[targets[t - 1], t] = 1

    # preallocate
    h = zeros((H, T + 1))
    c = zeros((H, T + 1))
    I = zeros((H, T + 2))
    F = zeros((H, T + 2))
    O = zeros((H, T + 2))
    G = zeros((H, T + 2))
    P = zeros((K, T + 1))
    if h0 is not None:
        h[:, 0] = h0
    if c0 is not None:
        c[:, 0] = c0

    # forward
    for t in range(1, T + 1):
        hp = h[:, [t - 1]]
        xt = X[:, [t]]
        I[:, [t]] = sigm(Wi @ hp + Ui @ xt)
        F[:, [t]] = sigm(Wf @ hp + Uf @ xt)
        O[:, [t]] = sigm(Wo @ hp + Uo @ xt)
        G[:, [t]] = tanh(Wg @ hp + Ug @ xt)
        c[:, [t]] = F[:, [t]] * c[:, [t - 1]] + I[:, [t]] * G[:, [t]]
        h[:, [t]] = O[:, [t]] * tanh(c[:, [t]])
        s = V @ h[:, [t]]
        P[:, [t]] = exp(s) / np.sum(exp(s))

    # backward, column T+1 stays zero
    dzi = zeros((H, T + 2))
    dzf = zeros((H, T + 2))
    dzo = zeros((H, T + 2))
    dzg = zeros((H, T + 2))
    dc = zeros((H, T + 2))
    dV = zeros((K, H))
    dWi = zeros((H, H))
    dWf = zeros((H, H))
    dWo = zeros((H, H))
    dWg = zeros((H, H))
    dUi = zeros((H, K))
    dUf = zeros((H, K))
    dUo = zeros((H, K))
    dUg = zeros((H, K))
    for t in range(T, 0, -1):
        hp = h[:, [t - 1]]
        xt = X[:, [t]]
        dy = P[:, [t]] - Y[:, [t]]
        dh = V.T @ dy
        dh = dh + Wi.T @ dzi[:, [t + 1]] + Wf.T @ dzf[:, [t + 1]]
        dh = dh + Wo.T @ dzo[:, [t + 1]] + Wg.T @ dzg[:, [t + 1]]
        tc = tanh(c[:, [t]])
        dc[:, [t]] = dh * O[:, [t]] * (1 - tc**2) + dc[:, [t + 1]] * F[:, [t + 1]]
        dzi[:, [t]] = dc[:, [t]] * G[:, [t]] * I[:, [t]] * (1 - I[:, [t]])
        dzf[:, [t]] = dc[:, [t]] * c[:, [t - 1]] * F[:, [t]] * (1 - F[:, [t]])
        dzo[:, [t]] = dh * tc * O[:, [t]] * (1 - O[:, [t]])
        dzg[:, [t]] = dc[:, [t]] * I[:, [t]] * (1 - G[:, [t]] ** 2)
        dV += dy @ h[:, [t]].T
        dWi += dzi[:, [t]] @ hp.T
        dWf += dzf[:, [t]] @ hp.T
        dWo += dzo[:, [t]] @ hp.T
        dWg += dzg[:, [t]] @ hp.T
        dUi += dzi[:, [t]] @ xt.T
        dUf += dzf[:, [t]] @ xt.T
        dUo += dzo[:, [t]] @ xt.T
        dUg += dzg[:, [t]] @ xt.T

    return dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg
