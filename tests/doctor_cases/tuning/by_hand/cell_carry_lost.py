import numpy as np

import lstm_teach as lt


def lstm_bptt(P, tokens, labels, h0=None, c0=None):
    st = lt.forward(P, tokens, h0, c0)
    G = lt.Params.zeros(P.vocab_size, P.hidden_size)
    carry = np.zeros(P.hidden_size), np.zeros(P.hidden_size)
    for k in range(len(tokens) - 1, -1, -1):
        dh_n, dc_n = carry
        err = st.y[k] - np.eye(P.vocab_size)[labels[k]]
        G.V += np.outer(err, st.h[k])
        dh = err @ P.V + dh_n
        dc = dh * st.o[k] * (1 - st.ct[k] ** 2)
        di = dc * st.g[k] * st.i[k] * (1 - st.i[k])
        df = dc * st.c[k - 1] * st.f[k] * (1 - st.f[k])
        do = dh * st.ct[k] * st.o[k] * (1 - st.o[k])
        dg = dc * st.i[k] * (1 - st.g[k] ** 2)
        dz = np.concatenate([di, df, do, dg])
        G.W[:] += np.outer(dz, st.h[k - 1])
        G.U[:, tokens[k]] += dz
        carry = P.W.T @ dz, dc * st.f[k]
    return G
