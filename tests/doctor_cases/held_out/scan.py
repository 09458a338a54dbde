import numpy as np

import lstm_teach as lt


def make_backward():
    eps = 1.0

    def dsig(a):
        return a * (eps - a)

    def back_step(carry, given, weights):
        """(dh, dc) from the future and one step's values -> (dh, dc) for the past, and the deltas."""
        dh_f, dc_f = carry
        i, f, o, g, tc, c_prev, up = given
        dh = up + dh_f
        dc = dh * o * (eps - tc**2) + dc_f
        di = dc * g * dsig(i)
        df = dc * c_prev * dsig(f)
        do = dh * tc * dsig(o)
        dg = dc * i * (eps - g**2)
        Wi, Wf, Wo, Wg = weights
        past = Wi.T.dot(di) + Wf.T.dot(df) + Wo.T.dot(do) + Wg.T.dot(dg)
        return (past, dc * f), (di, df, do, dg)

    def backward(params, x, targets, h0=None, c0=None):
        c = lt.forward(params, x, h0, c0)
        n = len(x)
        err = c.y - np.eye(params.vocab_size)[targets]
        up = err @ params.V
        before = [k - 1 for k in range(n)]
        given = list(zip(c.i[:n], c.f[:n], c.o[:n], c.g[:n], c.ct[:n], c.c[before], up))
        weights = (params.Wi, params.Wf, params.Wo, params.Wg)
        carry = (np.zeros(params.hidden_size), np.zeros(params.hidden_size))
        history = []
        for item in reversed(given):
            carry, deltas = back_step(carry, item, weights)
            history.append(deltas)
        history.reverse()
        Di, Df, Do, Dg = (np.array(rows) for rows in zip(*history))
        X = np.eye(params.vocab_size)[x]
        Hp = c.h[before]
        out = [err.T @ c.h[:n]]
        out += [D.T @ Hp for D in (Di, Df, Do, Dg)]
        out += [D.T @ X for D in (Di, Df, Do, Dg)]
        return out

    return backward


backward = make_backward()
