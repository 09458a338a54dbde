# LSTMB - GRADIENT OF LSTM NET BY BACKWARD RECURSION
# COLUMN IT OF EACH ARRAY IS TIME STEP IT, IT = 1,...,NT.  COLUMN 0 IS THE INITIAL STATE.
import numpy as np


def FWD(P, KX, NT, AI, AF, AO, AG, C, H, Y):
    # FORWARD SWEEP, FILLS AI,AF,AO,AG,C,H,Y
    for IT in range(1, NT + 1):
        K = KX[IT]
        AI[:, IT] = 1.0 / (1.0 + np.exp(-(np.dot(P["Wi"], H[:, IT-1]) + P["Ui"][:, K])))
        AF[:, IT] = 1.0 / (1.0 + np.exp(-(np.dot(P["Wf"], H[:, IT-1]) + P["Uf"][:, K])))
        AO[:, IT] = 1.0 / (1.0 + np.exp(-(np.dot(P["Wo"], H[:, IT-1]) + P["Uo"][:, K])))
        AG[:, IT] = np.tanh(np.dot(P["Wg"], H[:, IT-1]) + P["Ug"][:, K])
        C[:, IT] = AF[:, IT] * C[:, IT-1] + AI[:, IT] * AG[:, IT]
        H[:, IT] = AO[:, IT] * np.tanh(C[:, IT])
        S = np.dot(P["V"], H[:, IT])
        SMAX = np.max(S)
        Y[:, IT] = np.exp(S - SMAX) / np.sum(np.exp(S - SMAX))


def backward(params, x, targets, h0=None, c0=None):
    P = params
    NK, NH = P["V"].shape
    NT = len(x)
    # SHIFT INPUT TO 1..NT
    KX = np.zeros(NT + 1, dtype=int)
    KT = np.zeros(NT + 1, dtype=int)
    KX[1:] = x
    KT[1:] = targets
    # WORK ARRAYS
    AI = np.zeros((NH, NT + 1))
    AF = np.zeros((NH, NT + 1))
    AO = np.zeros((NH, NT + 1))
    AG = np.zeros((NH, NT + 1))
    C = np.zeros((NH, NT + 1))
    H = np.zeros((NH, NT + 1))
    Y = np.zeros((NK, NT + 1))
    DS = np.zeros((NK, NT + 1))
    DH = np.zeros((NH, NT + 1))
    DC = np.zeros((NH, NT + 1))
    DZI = np.zeros((NH, NT + 1))
    DZF = np.zeros((NH, NT + 1))
    DZO = np.zeros((NH, NT + 1))
    DZG = np.zeros((NH, NT + 1))
    if h0 is not None:
        H[:, 0] = h0
    if c0 is not None:
        C[:, 0] = c0
    FWD(P, KX, NT, AI, AF, AO, AG, C, H, Y)
    # TRANSPOSES, ONCE AND FOR ALL
    VT = np.transpose(P["V"])
    WIT = np.transpose(P["Wi"])
    WFT = np.transpose(P["Wf"])
    WOT = np.transpose(P["Wo"])
    WGT = np.transpose(P["Wg"])
    # BACKWARD SWEEP.  DH, DC COLUMN IT-1 RECEIVE THE PART FROM STEP IT
    for IT in range(NT, 0, -1):
        DS[KT[IT], IT] = -1.0
        DS[:, IT] = DS[:, IT] + Y[:, IT]
        DH[:, IT] = DH[:, IT] + np.dot(VT, DS[:, IT])
        for J in range(1, NH + 1):
            TC = np.tanh(C[J-1, IT])
            DC[J-1, IT] = DC[J-1, IT] + DH[J-1, IT] * AO[J-1, IT] * (1.0 - TC**2)
            DZI[J-1, IT] = DC[J-1, IT] * AG[J-1, IT] * AI[J-1, IT] * (1.0 - AI[J-1, IT])
            DZF[J-1, IT] = DC[J-1, IT] * C[J-1, IT-1] * AF[J-1, IT] * (1.0 - AF[J-1, IT])
            DZO[J-1, IT] = DH[J-1, IT] * TC * AO[J-1, IT] * (1.0 - AO[J-1, IT])
            DZG[J-1, IT] = DC[J-1, IT] * AI[J-1, IT] * (1.0 - AG[J-1, IT]**2)
            DC[J-1, IT-1] = DC[J-1, IT] * AF[J-1, IT]
        DH[:, IT-1] = np.dot(WIT, DZI[:, IT])
        DH[:, IT-1] = DH[:, IT-1] + np.dot(WFT, DZF[:, IT])
        DH[:, IT-1] = DH[:, IT-1] + np.dot(WOT, DZO[:, IT])
        DH[:, IT-1] = DH[:, IT-1] + np.dot(WGT, DZG[:, IT])
    # SUM UP THE WEIGHT GRADIENTS
    D = {}
    for NAME in ("V", "Wi", "Wf", "Wo", "Wg", "Ui", "Uf", "Uo", "Ug"):
        D[NAME] = np.zeros(P[NAME].shape)
    for IT in range(1, NT + 1):
        K = KX[IT]
        HOLD = H[:, IT-1]
        D["V"] = D["V"] + np.outer(DS[:, IT], H[:, IT])
        D["Wi"] = D["Wi"] + np.outer(DZI[:, IT], HOLD)
        D["Wf"] = D["Wf"] + np.outer(DZF[:, IT], HOLD)
        D["Wo"] = D["Wo"] + np.outer(DZO[:, IT], HOLD)
        D["Wg"] = D["Wg"] + np.outer(DZG[:, IT], HOLD)
        D["Ui"][:, K] = D["Ui"][:, K] + DZI[:, IT]
        D["Uf"][:, K] = D["Uf"][:, K] + DZF[:, IT]
        D["Uo"][:, K] = D["Uo"][:, K] + DZO[:, IT]
        D["Ug"][:, K] = D["Ug"][:, K] + DZG[:, IT]
    return D
