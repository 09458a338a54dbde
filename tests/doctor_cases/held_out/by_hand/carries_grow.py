import numpy as np


def lossfun(model, inputs, targets):
    xs, hs, cs, ig, fg, og, gg, ps = {}, {}, {}, {}, {}, {}, {}, {}
    hs[-1] = np.zeros((model.hidden_size, 1))
    cs[-1] = np.zeros((model.hidden_size, 1))
    for t in range(len(inputs)):
        xs[t] = np.zeros((model.vocab_size, 1))
        xs[t][inputs[t]] = 1
        ig[t] = 1 / (1 + np.exp(-(model.Ui @ xs[t] + model.Wi @ hs[t - 1])))
        fg[t] = 1 / (1 + np.exp(-(model.Uf @ xs[t] + model.Wf @ hs[t - 1])))
        og[t] = 1 / (1 + np.exp(-(model.Uo @ xs[t] + model.Wo @ hs[t - 1])))
        gg[t] = np.tanh(model.Ug @ xs[t] + model.Wg @ hs[t - 1])
        cs[t] = fg[t] * cs[t - 1] + ig[t] * gg[t]
        hs[t] = og[t] * np.tanh(cs[t])
        ps[t] = np.exp(model.V @ hs[t])
        ps[t] = ps[t] / ps[t].sum()
    dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg = (np.zeros_like(w) for w in model.values())
    dhnext, dcnext = np.zeros_like(hs[0]), np.zeros_like(cs[0])
    for t in reversed(range(len(inputs))):
        dy = ps[t].copy()
        dy[targets[t]] -= 1
        dV += dy @ hs[t].T
        dh = model.V.T @ dy + dhnext
        dc = dh * og[t] * (1 - np.tanh(cs[t]) ** 2) + dcnext
        do = dh * np.tanh(cs[t]) * og[t] * (1 - og[t])
        di = dc * gg[t] * ig[t] * (1 - ig[t])
        df = dc * cs[t - 1] * fg[t] * (1 - fg[t])
        dg = dc * ig[t] * (1 - gg[t] ** 2)
        dWi += di @ hs[t - 1].T
        dWf += df @ hs[t - 1].T
        dWo += do @ hs[t - 1].T
        dWg += dg @ hs[t - 1].T
        dUi += di @ xs[t].T
        dUf += df @ xs[t].T
        dUo += do @ xs[t].T
        dUg += dg @ xs[t].T
        dhnext += model.Wi.T @ di
        dhnext += model.Wf.T @ df
        dhnext += model.Wo.T @ do
        dhnext += model.Wg.T @ dg
        dcnext += dc * fg[t]
    return dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg
