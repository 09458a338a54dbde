"""LSTM gradient by the adjoint filter.

All signals are stored as (channels, samples). State buffers carry one extra column on
the left for the register content before the first clock tick, i.e. column k holds
sample k = 1..N and column k-1 is the unit delay z^-1.
The adjoint system is anti-causal; as in filtfilt we reverse time, run it as an ordinary
causal recursion, and reverse again.
"""
import numpy as np


def logistic(v):
    return 0.5 + 0.5 * np.tanh(0.5 * v)


def time_reverse(sig):
    return np.flip(sig, axis=1)


def delay(sig):
    """z^-1 with zero initial condition, same length."""
    out = np.zeros_like(sig)
    out[:, 1:] = sig[:, :-1]
    return out


def run_cell(p, x, h0, c0):
    N, H = len(x), p["V"].shape[1]
    h, c = np.zeros((H, N + 1)), np.zeros((H, N + 1))
    i, f, o, g = (np.zeros((H, N + 1)) for _ in range(4))
    if h0 is not None:
        h[:, 0] = h0
    if c0 is not None:
        c[:, 0] = c0
    for k in range(1, N + 1):
        sym = x[k - 1]                                  # input has no extra column
        i[:, k] = logistic(p["Wi"] @ h[:, k - 1] + p["Ui"][:, sym])
        f[:, k] = logistic(p["Wf"] @ h[:, k - 1] + p["Uf"][:, sym])
        o[:, k] = logistic(p["Wo"] @ h[:, k - 1] + p["Uo"][:, sym])
        g[:, k] = np.tanh(p["Wg"] @ h[:, k - 1] + p["Ug"][:, sym])
        c[:, k] = f[:, k] * c[:, k - 1] + i[:, k] * g[:, k]     # leaky integrator
        h[:, k] = o[:, k] * np.tanh(c[:, k])
    return h, c, i[:, 1:], f[:, 1:], o[:, 1:], g[:, 1:]


def backward(params, x, targets, h0=None, c0=None):
    N, H = len(x), params["V"].shape[1]
    h, c, i, f, o, g = run_cell(params, x, h0, c0)

    # error signal at the output: e[k] = y[k] - d[k]
    s = params["V"] @ h[:, 1:]
    y = np.exp(s - s.max(axis=0))
    y /= y.sum(axis=0)
    d = np.zeros_like(y)
    d[targets, np.arange(N)] = 1.0
    e = y - d

    # local small-signal gains
    sat = np.tanh(c[:, 1:])
    gain_hc = o * (1 - sat**2)
    gain_i = g * i * (1 - i)
    gain_f = c[:, :-1] * f * (1 - f)
    gain_o = sat * o * (1 - o)
    gain_g = i * (1 - g**2)

    # time reversal, n = N-1-k
    drive = time_reverse(params["V"].T @ e)
    khc, ki, kf, ko, kg = map(time_reverse, (gain_hc, gain_i, gain_f, gain_o, gain_g))
    leak = delay(time_reverse(f))        # pole of the adjoint integrator lags one sample

    # adjoint recursion, column 0 = quiet registers
    qc = np.zeros((H, N + 1))
    qi, qf, qo, qg = (np.zeros((H, N + 1)) for _ in range(4))
    for n in range(1, N + 1):
        feedback = (params["Wi"].T @ qi[:, n - 1] + params["Wf"].T @ qf[:, n - 1]
                    + params["Wo"].T @ qo[:, n - 1] + params["Wg"].T @ qg[:, n - 1])
        qh = drive[:, n - 1] + feedback
        qc[:, n] = khc[:, n - 1] * qh + leak[:, n - 1] * qc[:, n - 1]
        qi[:, n] = ki[:, n - 1] * qc[:, n]
        qf[:, n] = kf[:, n - 1] * qc[:, n]
        qo[:, n] = ko[:, n - 1] * qh
        qg[:, n] = kg[:, n - 1] * qc[:, n]

    # back to natural time, then correlate with the delayed state and with the input
    grads = {"V": e @ h[:, 1:].T}
    for name, q in zip("ifog", (qi, qf, qo, qg)):
        q = time_reverse(q[:, 1:])
        grads["W" + name] = q @ h[:, :-1].T             # lag-1 correlation
        grads["U" + name] = np.zeros_like(params["U" + name])
        for k in range(N):
            grads["U" + name][:, x[k]] += q[:, k]
    return grads
