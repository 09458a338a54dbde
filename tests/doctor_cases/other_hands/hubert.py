# BPTT FOR THE LSTM NET, H. BRANDT
# TRANSLATED FROM BPTT.F90.  TIME RUNS 1..NT, INDEX 0 IS THE INITIAL STATE
import math
import numpy as np


def SIG(Z):
    return 1. / (1. + math.exp(-Z))


def backward(params, x, targets, h0=None, c0=None):
    V = params["V"]
    WI, WF, WO, WG = params["Wi"], params["Wf"], params["Wo"], params["Wg"]
    UI, UF, UO, UG = params["Ui"], params["Uf"], params["Uo"], params["Ug"]
    NV, NH = V.shape
    NT = len(x)

    H, C, TC = [np.zeros((NT + 1, NH)) for _ in range(3)]
    GI, GF, GO, GG = [np.zeros((NT + 1, NH)) for _ in range(4)]
    P = np.zeros((NT + 1, NV))
    if h0 is not None:
        H[0, :] = h0
    if c0 is not None:
        C[0, :] = c0

    # ---- FORWARD SWEEP
    for T in range(1, NT + 1):
        KX = x[T - 1]
        for J in range(NH):
            ZI, ZF, ZO, ZG = UI[J, KX], UF[J, KX], UO[J, KX], UG[J, KX]
            for K in range(NH):
                ZI = ZI + WI[J, K] * H[T - 1, K]
                ZF = ZF + WF[J, K] * H[T - 1, K]
                ZO = ZO + WO[J, K] * H[T - 1, K]
                ZG = ZG + WG[J, K] * H[T - 1, K]
            GI[T, J] = SIG(ZI)
            GF[T, J] = SIG(ZF)
            GO[T, J] = SIG(ZO)
            GG[T, J] = math.tanh(ZG)
            C[T, J] = GF[T, J] * C[T - 1, J] + GI[T, J] * GG[T, J]
            TC[T, J] = math.tanh(C[T, J])
            H[T, J] = GO[T, J] * TC[T, J]
        S = 0.
        for L in range(NV):
            P[T, L] = math.exp(sum(V[L, J] * H[T, J] for J in range(NH)))
            S = S + P[T, L]
        for L in range(NV):
            P[T, L] = P[T, L] / S

    # ---- BACKWARD SWEEP
    DV = np.zeros((NV, NH))
    DWI, DWF, DWO, DWG = [np.zeros((NH, NH)) for _ in range(4)]
    DUI, DUF, DUO, DUG = [np.zeros((NH, NV)) for _ in range(4)]
    DZI, DZF, DZO, DZG = [np.zeros(NH) for _ in range(4)]
    DHN = np.zeros(NH)
    DCN = np.zeros(NH)
    for T in range(NT, 0, -1):
        KX = x[T - 1]
        KT = targets[T - 1]
        P[T, KT] = P[T, KT] - 1.        # P IS NOW DLOSS/DSCORE
        for J in range(NH):
            DH = DHN[J]
            for L in range(NV):
                DH = DH + V[L, J] * P[T, L]
                DV[L, J] = DV[L, J] + P[T, L] * H[T, J]
            DC = DCN[J] + DH * GO[T, J] * (1. - TC[T, J]**2)
            DZI[J] = DC * GG[T, J] * GI[T, J] * (1. - GI[T, J])
            DZF[J] = DC * C[T - 1, J] * GF[T, J] * (1. - GF[T, J])
            DZO[J] = DH * TC[T, J] * GO[T, J] * (1. - GO[T, J])
            DZG[J] = DC * GI[T, J] * (1. - GG[T, J]**2)
            DCN[J] = DC * GF[T, J]
        # WEIGHTS
        for J in range(NH):
            DUI[J, KX] = DUI[J, KX] + DZI[J]
            DUF[J, KX] = DUF[J, KX] + DZF[J]
            DUO[J, KX] = DUO[J, KX] + DZO[J]
            DUG[J, KX] = DUG[J, KX] + DZG[J]
            for K in range(NH):
                DWI[J, K] = DWI[J, K] + DZI[J] * H[T - 1, K]
                DWF[J, K] = DWF[J, K] + DZF[J] * H[T - 1, K]
                DWO[J, K] = DWO[J, K] + DZO[J] * H[T - 1, K]
                DWG[J, K] = DWG[J, K] + DZG[J] * H[T - 1, K]
        # HAND BACK TO T-1
        for K in range(NH):
            S = 0.
            for J in range(NH):
                S = S + WI[J, K] * DZI[J] + WF[J, K] * DZF[J]
                S = S + WO[J, K] * DZO[J] + WG[J, K] * DZG[J]
            DHN[K] = S

    return DV, DWI, DWF, DWO, DWG, DUI, DUF, DUO, DUG
