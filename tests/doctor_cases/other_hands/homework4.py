# Problem set 4, exercise 2c
# d..._d... (small d) = local partial derivative, everything else held fixed
# D..._D... (capital D) = total derivative of the loss
import numpy as np

def sig(z):
    return 1/(1+np.exp(-z))

def backward(params, x, targets, h0=None, c0=None):
    V = params["V"]
    K, N = V.shape
    T = len(x)

    # ---------- forward ----------
    I, F, O, G = [np.zeros((T, N)) for _ in range(4)]
    C = np.zeros((T, N))
    Cprev = np.zeros((T, N))
    Hs = np.zeros((T, N))
    Hprev = np.zeros((T, N))
    P = np.zeros((T, K))
    h = np.zeros(N) if h0 is None else h0
    c = np.zeros(N) if c0 is None else c0
    for t in range(T):
        Hprev[t] = h
        Cprev[t] = c
        I[t] = sig(params["Wi"] @ h + params["Ui"][:, x[t]])
        F[t] = sig(params["Wf"] @ h + params["Uf"][:, x[t]])
        O[t] = sig(params["Wo"] @ h + params["Uo"][:, x[t]])
        G[t] = np.tanh(params["Wg"] @ h + params["Ug"][:, x[t]])
        c = F[t]*c + I[t]*G[t]
        h = O[t]*np.tanh(c)
        C[t], Hs[t] = c, h
        e = np.exp(V @ h)
        P[t] = e/np.sum(e)

    # ---------- local partial derivatives ----------
    # c_t = f*c_{t-1} + i*g
    dc_dc = F
    dc_dzi = G * I*(1-I)
    dc_dzf = Cprev * F*(1-F)
    dc_dzg = I * (1-G**2)
    # h_t = o*tanh(c_t)
    dh_dc = O * (1-np.tanh(C)**2)
    dh_dzo = np.tanh(C) * O*(1-O)
    # with respect to h_{t-1}: these are N x N Jacobians, row = unit of c_t or h_t
    dc_dh = np.zeros((T, N, N))
    dh_dh = np.zeros((T, N, N))
    for t in range(T):
        dc_dh[t] += dc_dzi[t][:, None] * params["Wi"]
        dc_dh[t] += dc_dzf[t][:, None] * params["Wf"]
        dc_dh[t] += dc_dzg[t][:, None] * params["Wg"]
        # c_t is held fixed, so only o_t is left
        dh_dh[t] = dh_dzo[t][:, None] * params["Wo"]
    # l_t = -log p[target], s = V h
    dl_ds = P.copy()
    for t in range(T):
        dl_ds[t, targets[t]] -= 1
    dl_dh = dl_ds @ V

    # ---------- sweep from the end to the beginning ----------
    DL_Dh = dl_dh.copy()
    DL_Dc = np.zeros((T, N))
    for t in range(T-1, -1, -1):
        if t < T-1:
            DL_Dh[t] += DL_Dh[t+1] @ dh_dh[t+1] + DL_Dc[t+1] @ dc_dh[t+1]
            DL_Dc[t] += DL_Dc[t+1] * dc_dc[t+1]
        DL_Dc[t] += DL_Dh[t] * dh_dc[t]

    # ---------- parameters ----------
    DL_Dz = {
        "i": DL_Dc * dc_dzi,
        "f": DL_Dc * dc_dzf,
        "o": DL_Dh * dh_dzo,
        "g": DL_Dc * dc_dzg,
    }
    grads = {"dV": dl_ds.T @ Hs}
    for gate in "ifog":
        dW = np.zeros((N, N))
        dU = np.zeros((N, K))
        for t in range(T):
            dW += np.outer(DL_Dz[gate][t], Hprev[t])
            dU[:, x[t]] += DL_Dz[gate][t]
        grads["dW"+gate] = dW
        grads["dU"+gate] = dU
    return grads
