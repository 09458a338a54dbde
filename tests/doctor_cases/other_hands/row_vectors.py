"""Column/row purist from the ML course: every vector is a 1 x n matrix, gradients come from row.T @ row."""
import numpy as np
import lstm_teach as lt


def row(v):
    return np.asarray(v).reshape(1, -1)


def backward(params, x, targets, h0=None, c0=None):
    net = lt.forward(params, x, h0, c0)
    gr = lt.Params.zeros(params.vocab_size, params.hidden_size)
    T = len(x)
    dh_plus = np.zeros((1, params.hidden_size))
    dc_plus = np.zeros((1, params.hidden_size))
    for t in reversed(range(T)):
        ht, hp, cp = row(net.h[t]), row(net.h[t - 1]), row(net.c[t - 1])
        it, ft, ot, gt = row(net.i[t]), row(net.f[t]), row(net.o[t]), row(net.g[t])
        tct = row(net.ct[t])
        xt = np.zeros((1, params.vocab_size))
        xt[0, x[t]] = 1.0

        dscore = row(net.y[t]).copy()
        dscore[0, targets[t]] -= 1.0
        gr.V += dscore.T @ ht

        dh = dscore @ params.V + dh_plus
        dot = np.multiply(dh, tct)
        dct = np.multiply(dh, ot) * (1 - tct * tct)
        dct = dct + dc_plus
        dit = np.multiply(dct, gt)
        dft = np.multiply(dct, cp)
        dgt = np.multiply(dct, it)

        d_i = dit * it * (1 - it)
        d_f = dft * ft * (1 - ft)
        d_o = dot * ot * (1 - ot)
        d_g = dgt * (1 - gt * gt)

        gr.Wi += d_i.T @ hp
        gr.Wf += d_f.T @ hp
        gr.Wo += d_o.T @ hp
        gr.Wg += d_g.T @ hp
        gr.Ui += d_i.T @ xt
        gr.Uf += d_f.T @ xt
        gr.Uo += d_o.T @ xt
        gr.Ug += d_g.T @ xt

        dh_plus = d_i @ params.Wi + d_f @ params.Wf
        dh_plus = dh_plus + d_o @ params.Wo + d_g @ params.Wg
        dc_plus = np.multiply(dct, ft)
    return gr
