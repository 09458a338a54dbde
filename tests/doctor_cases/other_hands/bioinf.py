# next-residue LSTM: analytic gradient, plain loops (checked by hand on a 3-mer)
import lstm_teach as lt


def backward(params, x, targets):
    fwd = lt.forward(params, x)
    nhid = len(params.Wi)
    alphabet = len(params.V)
    seqlen = len(x)
    grad = {}
    for name in params.keys():
        grad[name] = params[name] * 0.0
    hcarry = [0.0] * nhid
    ccarry = [0.0] * nhid
    for pos in range(seqlen - 1, -1, -1):
        res = x[pos]
        # prediction error at this residue
        err = []
        for k in range(alphabet):
            if k == targets[pos]:
                err.append(fwd.y[pos][k] - 1.0)
            else:
                err.append(fwd.y[pos][k])
        # error that reaches the hidden units
        hid = []
        for j in range(nhid):
            total = hcarry[j]
            for k in range(alphabet):
                total += err[k] * params.V[k][j]
                grad["V"][k][j] += err[k] * fwd.h[pos][j]
            hid.append(total)
        # through the cell, unit by unit
        ei, ef, eo, eg = [], [], [], []
        for j in range(nhid):
            ig = fwd.i[pos][j]
            fg = fwd.f[pos][j]
            og = fwd.o[pos][j]
            cand = fwd.g[pos][j]
            squash = fwd.ct[pos][j]
            cell = ccarry[j] + hid[j] * og * (1.0 - squash * squash)
            eo.append(hid[j] * squash * og * (1.0 - og))
            ei.append(cell * cand * ig * (1.0 - ig))
            ef.append(cell * fwd.c[pos - 1][j] * fg * (1.0 - fg))
            eg.append(cell * ig * (1.0 - cand * cand))
            ccarry[j] = cell * fg
        # weights
        for j in range(nhid):
            grad["Ui"][j][res] += ei[j]
            grad["Uf"][j][res] += ef[j]
            grad["Uo"][j][res] += eo[j]
            grad["Ug"][j][res] += eg[j]
            for m in range(nhid):
                prev = fwd.h[pos - 1][m]
                grad["Wi"][j][m] += ei[j] * prev
                grad["Wf"][j][m] += ef[j] * prev
                grad["Wo"][j][m] += eo[j] * prev
                grad["Wg"][j][m] += eg[j] * prev
        # hand over to the residue on the left
        for m in range(nhid):
            total = 0.0
            for j in range(nhid):
                total += params.Wi[j][m] * ei[j] + params.Wf[j][m] * ef[j]
                total += params.Wo[j][m] * eo[j] + params.Wg[j][m] * eg[j]
            hcarry[m] = total
    return grad
