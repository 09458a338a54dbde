"""
LSTM gradients by the adjoint method.

    state      s_k = [c_k ; h_k]  in R^{2n},   k = 0, ..., N,   s_0 given
    "control"  z_k = W h_k + U e(x_k)  in R^{4n},  block order i, f, o, g
    dynamics   s_{k+1} = F(s_k, z_k)
    cost       J = sum_{k=1}^{N} ell_k(h_k),   ell_k = -log softmax(V h_k)[target]

    linearised along the trajectory:   ds_{k+1} = A_k ds_k + B_k dz_k
    costate:   lam_N = d ell_N/ds,     lam_k = A_k' lam_{k+1} + d ell_k/ds
    dJ/dz_k = B_k' lam_{k+1}
"""
import numpy as np

ORDER = ("i", "f", "o", "g")


def sigma(z):
    return 1.0 / (1.0 + np.exp(-z))


def simulate(W, U, x, h0, c0):
    """Nominal trajectory; axis 0 is time everywhere."""
    N, n = len(x), W.shape[1]
    C, Hs = np.zeros((N + 1, n)), np.zeros((N + 1, n))
    Y = np.zeros((N, 4, n))                       # gate outputs
    if c0 is not None:
        C[0] = c0
    if h0 is not None:
        Hs[0] = h0
    for k in range(N):
        z = W @ Hs[k] + U[:, x[k]]
        Y[k, :3] = sigma(z[:3 * n]).reshape(3, n)
        Y[k, 3] = np.tanh(z[3 * n:])
        i, f, o, g = Y[k]
        C[k + 1] = f * C[k] + i * g
        Hs[k + 1] = o * np.tanh(C[k + 1])
    return C, Hs, Y


def output_residual(V, Hs, targets):
    """E[k] = d ell_{k+1} / d(V h_{k+1})."""
    S = Hs[1:] @ V.T
    P = np.exp(S - S.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    P[np.arange(len(targets)), targets] -= 1.0
    return P


def linearise(W, C, Y, k):
    """A_k (2n x 2n) and B_k (2n x 4n)."""
    n = C.shape[1]
    i, f, o, g = Y[k]
    tau = np.tanh(C[k + 1])
    rho = o * (1.0 - tau ** 2)                    # dh_{k+1} / dc_{k+1}

    B = np.zeros((2 * n, 4 * n))
    Bc = [g * i * (1.0 - i), C[k] * f * (1.0 - f), np.zeros(n), i * (1.0 - g ** 2)]
    for j, b in enumerate(Bc):
        cols = slice(j * n, (j + 1) * n)
        B[:n, cols] = np.diag(b)
        B[n:, cols] = np.diag(rho * b)            # through c_{k+1}
    B[n:, 2 * n:3 * n] += np.diag(tau * o * (1.0 - o))

    A = np.zeros((2 * n, 2 * n))
    A[:n, :n] = np.diag(f)
    A[n:, :n] = np.diag(rho * f)
    A[:, n:] = B @ W                              # h_k acts only through z_k
    return A, B


def backward(params, x, targets, h0=None, c0=None):
    W = np.vstack([params["W" + a] for a in ORDER])
    U = np.vstack([params["U" + a] for a in ORDER])
    V = np.asarray(params["V"])
    N, n = len(x), W.shape[1]
    C, Hs, Y = simulate(W, U, x, h0, c0)
    E = output_residual(V, Hs, targets)

    Q = np.zeros((N + 1, 2 * n))                  # d ell_k / ds_k  (ell_0 = 0)
    Q[1:, n:] = E @ V
    lam = Q.copy()
    Nu = np.zeros((N, 4 * n))                     # dJ/dz_k
    for k in range(N - 1, -1, -1):
        A, B = linearise(W, C, Y, k)
        Nu[k] = B.T @ lam[k + 1]
        lam[k] += A.T @ lam[k + 1]

    gradW = Nu.T @ Hs[:-1]
    gradU = np.zeros_like(U)
    for k in range(N):
        gradU[:, x[k]] += Nu[k]
    grad = {"V": E.T @ Hs[1:]}
    for j, a in enumerate(ORDER):
        grad["W" + a] = gradW[j * n:(j + 1) * n]
        grad["U" + a] = gradU[j * n:(j + 1) * n]
    return grad
