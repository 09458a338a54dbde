"""A GRU as a script with globals, one array per gate, h as a list; half the squared error, summed."""

import numpy as np

import lstm_teach as lt

rnd = np.random.RandomState(77)
n, m = 4, 2
Wz, Wr, Wh = rnd.normal(0, 0.7, (3, n, m))
Uz, Ur, Uh = rnd.normal(0, 0.7, (3, n, n))
bz, br, bh = rnd.normal(0, 0.4, (3, n))
Wo, bo = rnd.normal(0, 0.8, (m, n)), rnd.normal(0, 0.3, m)
seq = rnd.normal(0, 1, (41, m))
sigm = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731


def forward(T):
    H, Z, R, C, E = [np.zeros(n)], [], [], [], []
    for t in range(T):
        x, h = seq[t], H[-1]
        z = sigm(Wz @ x + Uz @ h + bz)
        r = sigm(Wr @ x + Ur @ h + br)
        c = np.tanh(Wh @ x + Uh @ (r * h) + bh)
        H.append(z * h + (1 - z) * c)
        Z.append(z)
        R.append(r)
        C.append(c)
        E.append(Wo @ H[-1] + bo - seq[t + 1])
    return H, Z, R, C, E


def loss(T):
    return sum(0.5 * (e**2).sum() for e in forward(T)[4])


def backward(T):
    H, Z, R, C, E = forward(T)
    dWz, dWr, dWh, dUz, dUr, dUh = (np.zeros_like(w) for w in (Wz, Wr, Wh, Uz, Ur, Uh))
    dbz, dbr, dbh, dbo, dWo = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(m), np.zeros((m, n))
    carry = np.zeros(n)
    for t in range(T - 1, -1, -1):
        x, h, z, r, c = seq[t], H[t], Z[t], R[t], C[t]
        dWo += np.outer(E[t], H[t + 1])
        dbo += E[t]
        dh = Wo.T @ E[t] + carry
        dc = dh * (1 - z) * (1 - c**2)
        dz = dh * (h - c) * z * (1 - z)
        drh = Uh.T @ dc
        dr = drh * h * r * (1 - r)
        dWz += np.outer(dz, x)
        dWr += np.outer(dr, x)
        dWh += np.outer(dc, x)
        dUz += np.outer(dz, h)
        dUr += np.outer(dr, h)
        dUh += np.outer(dc, r * h)
        dbz += dz
        dbr += dr
        dbh += dc
        carry = dh * z + drh * r + Uz.T @ dz + Ur.T @ dr
    return dWz, dUz, dbz, dWr, dUr, dbr, dWh, dUh, dbh, dWo, dbo


names = ["Wz", "Uz", "bz", "Wr", "Ur", "br", "Wh", "Uh", "bh", "Wo", "bo"]
case = lt.case_of(globals(), names, loss, backward)
