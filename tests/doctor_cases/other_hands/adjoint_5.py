# The LSTM as a nonlinear recursive filter, and its adjoint system for the gradient.
# Convention: a signal is a matrix, one row per channel, one column per sample n.
import numpy as np


def delay(S, initial):
    """z^-1 : one sample later, `initial` enters at n = 0"""
    D = np.empty_like(S)
    D[:, 0] = initial
    D[:, 1:] = S[:, :-1]
    return D


def advance(S):
    """z^+1 : one sample earlier, zero after the end"""
    A = np.zeros_like(S)
    A[:, :-1] = S[:, 1:]
    return A


def unit_pulses(rows, height):
    """(height, N), column n is 1 in row rows[n]"""
    X = np.zeros((height, len(rows)))
    X[rows, np.arange(len(rows))] = 1.0
    return X


def run_filter(p, X, h, c):
    M, N = len(h), X.shape[1]
    I, F, O, G, C, Y = (np.zeros((M, N)) for _ in range(6))
    drive_i, drive_f = p["Ui"] @ X, p["Uf"] @ X
    drive_o, drive_g = p["Uo"] @ X, p["Ug"] @ X
    for n in range(N):
        I[:, n] = 1 / (1 + np.exp(-drive_i[:, n] - p["Wi"] @ h))
        F[:, n] = 1 / (1 + np.exp(-drive_f[:, n] - p["Wf"] @ h))
        O[:, n] = 1 / (1 + np.exp(-drive_o[:, n] - p["Wo"] @ h))
        G[:, n] = np.tanh(drive_g[:, n] + p["Wg"] @ h)
        c = F[:, n] * c + I[:, n] * G[:, n]
        h = O[:, n] * np.tanh(c)
        C[:, n], Y[:, n] = c, h
    return I, F, O, G, C, Y


def backward(params, x, targets, h0=None, c0=None):
    V = params["V"]
    K, M = V.shape
    N = len(x)
    h0 = np.zeros(M) if h0 is None else h0
    c0 = np.zeros(M) if c0 is None else c0
    X = unit_pulses(x, K)
    I, F, O, G, C, Y = run_filter(params, X, h0, c0)

    # error signal at the output (softmax minus desired) and what it injects into h
    E = np.exp(V @ Y)
    E /= E.sum(axis=0)
    E[targets, np.arange(N)] -= 1.0
    inject = V.T @ E

    # small-signal gains around the operating point
    S = np.tanh(C)
    gain_c = O * (1 - S**2)
    gain_i = G * I * (1 - I)
    gain_f = delay(C, c0) * F * (1 - F)
    gain_o = S * O * (1 - O)
    gain_g = I * (1 - G**2)
    leak = advance(F)

    # adjoint recursion, runs backwards in n
    feedback = np.zeros(M)
    mu = np.zeros(M)
    columns = []
    for n in range(N - 1, -1, -1):
        lam = inject[:, n] + feedback
        mu = gain_c[:, n] * lam + leak[:, n] * mu
        ei, ef = gain_i[:, n] * mu, gain_f[:, n] * mu
        eo, eg = gain_o[:, n] * lam, gain_g[:, n] * mu
        feedback = params["Wi"].T @ ei + params["Wf"].T @ ef
        feedback += params["Wo"].T @ eo + params["Wg"].T @ eg
        columns.append(np.concatenate([ei, ef, eo, eg]))
    columns.reverse()
    EI, EF, EO, EG = np.split(np.array(columns).T, 4)

    # gradients are correlations of error signals with the (delayed) regressors
    Yd = delay(Y, h0)
    return {
        "dV": E @ Y.T,
        "dWi": EI @ Yd.T, "dWf": EF @ Yd.T, "dWo": EO @ Yd.T, "dWg": EG @ Yd.T,
        "dUi": EI @ X.T, "dUf": EF @ X.T, "dUo": EO @ X.T, "dUg": EG @ X.T,
    }
