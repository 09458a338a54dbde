import numpy as np
import lstm_teach as lt

# L = L_0 + L_1 + ... and every L_s is differentiated on its own:
# start at its step s, walk back to step 0, add everything up.
# That's T*(T+1)/2 steps instead of T, who cares.


def backward(net, x, targets, h0=None, c0=None):
    k = lt.forward(net, x, h0, c0)
    grad = {name: np.zeros_like(net[name]) for name in net.keys()}
    vocabulary = np.arange(net.vocab_size)

    for s in range(len(x)):
        err = k.y[s] - (vocabulary == targets[s])
        grad["V"] += err[:, None] * k.h[s]

        # only h[s] feels L_s directly
        delta_h = np.dot(err, net.V)
        delta_c = np.zeros(net.hidden_size)

        for t in range(s, -1, -1):
            delta_c = delta_c + delta_h * k.o[t] * (1 - k.ct[t] * k.ct[t])

            d = {}
            d["i"] = delta_c * k.g[t] * k.i[t] * (1 - k.i[t])
            d["f"] = delta_c * k.c[t-1] * k.f[t] * (1 - k.f[t])
            d["o"] = delta_h * k.ct[t] * k.o[t] * (1 - k.o[t])
            d["g"] = delta_c * k.i[t] * (1 - k.g[t] * k.g[t])

            for gate in d:
                grad["W" + gate] += d[gate][:, None] * k.h[t-1]
                grad["U" + gate][:, x[t]] += d[gate]

            # one step further back
            delta_h = np.zeros(net.hidden_size)
            for gate in d:
                delta_h += np.dot(d[gate], net["W" + gate])
            delta_c = delta_c * k.f[t]

    return grad
