import numpy as np
import lstm_teach as lt

GATES = "ifog"


def backward(params, x, targets, h0=None, c0=None):
    """Score of the sequence log-likelihood (sign flipped). Only the recursion over t is a loop."""
    fit = lt.forward(params, x, h0, c0)
    x, targets = np.asarray(x), np.asarray(targets)
    n, p = len(x), fit.h.shape[1]
    X = np.eye(params.V.shape[0])[x]
    Y = np.eye(params.V.shape[0])[targets]

    resid = fit.y - Y
    lagged_h = np.vstack([fit.h[-1], fit.h[:n - 1]])
    lagged_c = np.vstack([fit.c[-1], fit.c[:n - 1]])
    I, F, O, G = (getattr(fit, k)[:n] for k in GATES)
    tanh_c = fit.ct[:n]

    # local Jacobian diagonals, all time points at once
    J_c = O * (1.0 - tanh_c ** 2)
    J_o = tanh_c * O * (1.0 - O)
    J_i = G * I * (1.0 - I)
    J_f = lagged_c * F * (1.0 - F)
    J_g = I * (1.0 - G ** 2)
    direct = resid @ params.V

    D = np.empty((n, 4, p))
    W_all = np.vstack([params["W" + k] for k in GATES])
    eta, lam = np.zeros(p), np.zeros(p)
    for s in reversed(range(n)):
        eta = eta + direct[s]
        lam = lam + eta * J_c[s]
        D[s] = lam * J_i[s], lam * J_f[s], eta * J_o[s], lam * J_g[s]
        eta = D[s].ravel() @ W_all
        lam = lam * F[s]

    D = D.reshape(n, 4 * p)
    S_W = np.split(D.T @ lagged_h, 4)
    S_U = np.split(D.T @ X, 4)
    return [resid.T @ fit.h[:n], *S_W, *S_U]
