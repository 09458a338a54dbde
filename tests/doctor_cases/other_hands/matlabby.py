import numpy as np

logsig = lambda z: 1 / (1 + np.exp(-z))
# column 1 is the initial state, column 0 is never used


def backward(params, x, targets):
    [K, H] = np.shape(params.V)
    T = np.size(x)
    x = np.append(0, x)               # so that x[1] is the first token
    targets = np.append(0, targets)

    # ---- preallocate ----
    h = np.zeros((H, T + 2)); c = np.zeros((H, T + 2)); tc = np.zeros((H, T + 2))
    I = np.zeros((H, T + 1)); F = np.zeros((H, T + 1)); O = np.zeros((H, T + 1)); G = np.zeros((H, T + 1))
    dzI = np.zeros((H, T + 1)); dzF = np.zeros((H, T + 1)); dzO = np.zeros((H, T + 1)); dzG = np.zeros((H, T + 1))
    X = np.zeros((K, T + 1)); dS = np.zeros((K, T + 1))
    dh = np.zeros((H, T + 2)); dc = np.zeros((H, T + 2))

    # ---- forward ----  state t is in column t+1
    for t in range(1, T + 1):
        X[x[t], t] = 1
        I[:, t] = logsig(params.Wi @ h[:, t] + params.Ui @ X[:, t])
        F[:, t] = logsig(params.Wf @ h[:, t] + params.Uf @ X[:, t])
        O[:, t] = logsig(params.Wo @ h[:, t] + params.Uo @ X[:, t])
        G[:, t] = np.tanh(params.Wg @ h[:, t] + params.Ug @ X[:, t])
        c[:, t + 1] = F[:, t] * c[:, t] + I[:, t] * G[:, t]
        tc[:, t + 1] = np.tanh(c[:, t + 1])
        h[:, t + 1] = O[:, t] * tc[:, t + 1]
        S = np.exp(params.V @ h[:, t + 1])
        dS[:, t] = S / np.sum(S)
        dS[targets[t], t] = dS[targets[t], t] - 1

    # ---- backward ----
    for t in range(T, 0, -1):
        dh[:, t + 1] = dh[:, t + 1] + params.V.T @ dS[:, t]
        dc[:, t + 1] = dc[:, t + 1] + dh[:, t + 1] * O[:, t] * (1 - tc[:, t + 1] ** 2)
        dzI[:, t] = dc[:, t + 1] * G[:, t] * I[:, t] * (1 - I[:, t])
        dzF[:, t] = dc[:, t + 1] * c[:, t] * F[:, t] * (1 - F[:, t])
        dzO[:, t] = dh[:, t + 1] * tc[:, t + 1] * O[:, t] * (1 - O[:, t])
        dzG[:, t] = dc[:, t + 1] * I[:, t] * (1 - G[:, t] ** 2)
        dh[:, t] = params.Wi.T @ dzI[:, t] + params.Wf.T @ dzF[:, t] \
            + params.Wo.T @ dzO[:, t] + params.Wg.T @ dzG[:, t]
        dc[:, t] = dc[:, t + 1] * F[:, t]

    # ---- sums over time ----
    hp = h[:, 1:T + 1].T
    Xt = X[:, 1:].T
    dWi = dzI[:, 1:] @ hp; dUi = dzI[:, 1:] @ Xt
    dWf = dzF[:, 1:] @ hp; dUf = dzF[:, 1:] @ Xt
    dWo = dzO[:, 1:] @ hp; dUo = dzO[:, 1:] @ Xt
    dWg = dzG[:, 1:] @ hp; dUg = dzG[:, 1:] @ Xt
    dV = dS[:, 1:] @ h[:, 2:].T
    return dict(dWi=dWi, dWf=dWf, dWo=dWo, dWg=dWg, dUi=dUi, dUf=dUf, dUo=dUo, dUg=dUg, dV=dV)
