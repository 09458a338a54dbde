# Machine Learning for Economists -- Problem Set 4, Exercise 2 (c): gradient of the LSTM
# Notation of the lecture notes (chapter 5): dL_dX is the partial derivative of the loss with respect to X,
# "lag" is the value of the previous period, "future" is what comes back from period t+1.

import numpy as np


def logistic(u):
    return 1.0 / (1.0 + np.exp(-u))


def choice_probabilities(u):
    # multinomial logit; substract the max because otherwise exp() overflows
    expu = np.exp(u - np.max(u))
    return expu / np.sum(expu)


def backward(params, x, targets, h0=None, c0=None):
    V = params["V"]
    Wi, Wf, Wo, Wg = params["Wi"], params["Wf"], params["Wo"], params["Wg"]
    Ui, Uf, Uo, Ug = params["Ui"], params["Uf"], params["Uo"], params["Ug"]
    n_words, n_hidden = V.shape
    T = len(x)

    # Step 1: go forward and store all the variables (dictionaries, because then the key -1 is the initial value)
    h, c, i, f, o, g, prob, dummy = {}, {}, {}, {}, {}, {}, {}, {}
    h[-1] = np.zeros(n_hidden) if h0 is None else h0
    c[-1] = np.zeros(n_hidden) if c0 is None else c0
    for t in range(T):
        dummy[t] = np.zeros(n_words)
        dummy[t][x[t]] = 1
        i[t] = logistic(Wi @ h[t-1] + Ui @ dummy[t])
        f[t] = logistic(Wf @ h[t-1] + Uf @ dummy[t])
        o[t] = logistic(Wo @ h[t-1] + Uo @ dummy[t])
        g[t] = np.tanh(Wg @ h[t-1] + Ug @ dummy[t])
        c[t] = f[t] * c[t-1] + i[t] * g[t]
        h[t] = o[t] * np.tanh(c[t])
        prob[t] = choice_probabilities(V @ h[t])

    # Step 2: backward
    dL_dV = np.zeros(V.shape)
    dL_dWi, dL_dWf, dL_dWo, dL_dWg = [np.zeros((n_hidden, n_hidden)) for k in range(4)]
    dL_dUi, dL_dUf, dL_dUo, dL_dUg = [np.zeros((n_hidden, n_words)) for k in range(4)]
    dL_dh_future = np.zeros(n_hidden)
    dL_dc_future = np.zeros(n_hidden)
    for t in range(T - 1, -1, -1):
        h_lag = h[t-1]
        # eq. (5.14): score of the multinomial logit
        outcome = np.zeros(n_words)
        outcome[targets[t]] = 1
        dL_dscore = prob[t] - outcome
        dL_dV = dL_dV + np.outer(dL_dscore, h[t])
        # eq. (5.15): h has a direct effect (this period) and an indirect effect (all later periods)
        dL_dh_direct = V.T @ dL_dscore
        dL_dh = dL_dh_direct + dL_dh_future
        # eq. (5.16): h = o * tanh(c)
        dh_do = np.tanh(c[t])
        dh_dc = o[t] * (1 - np.tanh(c[t])**2)
        dL_do = dL_dh * dh_do
        dL_dc = dL_dh * dh_dc + dL_dc_future
        # eq. (5.17): c = f * c_lag + i * g
        dc_di = g[t]
        dc_df = c[t-1]
        dc_dg = i[t]
        dc_dclag = f[t]
        dL_di = dL_dc * dc_di
        dL_df = dL_dc * dc_df
        dL_dg = dL_dc * dc_dg
        # eq. (5.18): derivatives of the logistic cdf and of tanh
        di_dzi = i[t] * (1 - i[t])
        df_dzf = f[t] * (1 - f[t])
        do_dzo = o[t] * (1 - o[t])
        dg_dzg = 1 - g[t]**2
        dL_dzi = dL_di * di_dzi
        dL_dzf = dL_df * df_dzf
        dL_dzo = dL_do * do_dzo
        dL_dzg = dL_dg * dg_dzg
        # eq. (5.19): the parameters are the same in every period, so we sum
        dL_dWi = dL_dWi + np.outer(dL_dzi, h_lag)
        dL_dWf = dL_dWf + np.outer(dL_dzf, h_lag)
        dL_dWo = dL_dWo + np.outer(dL_dzo, h_lag)
        dL_dWg = dL_dWg + np.outer(dL_dzg, h_lag)
        dL_dUi = dL_dUi + np.outer(dL_dzi, dummy[t])
        dL_dUf = dL_dUf + np.outer(dL_dzf, dummy[t])
        dL_dUo = dL_dUo + np.outer(dL_dzo, dummy[t])
        dL_dUg = dL_dUg + np.outer(dL_dzg, dummy[t])
        # eq. (5.20): hand over to the period before
        dL_dh_future = Wi.T @ dL_dzi + Wf.T @ dL_dzf + Wo.T @ dL_dzo + Wg.T @ dL_dzg
        dL_dc_future = dL_dc * dc_dclag

    return {"dV": dL_dV,
            "dWi": dL_dWi, "dWf": dL_dWf, "dWo": dL_dWo, "dWg": dL_dWg,
            "dUi": dL_dUi, "dUf": dL_dUf, "dUo": dL_dUo, "dUg": dL_dUg}
