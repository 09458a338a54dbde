from collections import namedtuple

import numpy as np

# Ein Zeitschritt: alles, was der Rückweg später braucht
Schritt = namedtuple("Schritt", "token ziel h_alt c_alt i f o g c h y")
Netz = namedtuple("Netz", "V W U")  # Gatter untereinander: g, i, f, o


def einheit(k, n):
    e = np.zeros(n)
    e[k] = 1
    return e


def vorwaerts(netz, x, ziele, h, c):
    if len(x) == 0:
        return []
    H = len(h)
    z = netz.W @ h + netz.U[:, x[0]]
    g = np.tanh(z[:H])
    i, f, o = 1 / (1 + np.exp(-z[H:].reshape(3, H)))
    c_neu = f * c + i * g
    h_neu = o * np.tanh(c_neu)
    e = np.exp(netz.V @ h_neu)
    schritt = Schritt(x[0], ziele[0], h, c, i, f, o, g, c_neu, h_neu, e / e.sum())
    return [schritt] + vorwaerts(netz, x[1:], ziele[1:], h_neu, c_neu)


def rueckwaerts(netz, schritte, dV, dW, dU):
    """Zählt die Gradienten aller Schritte zu dV, dW, dU; gibt dL/dh und dL/dc vor dem ersten Schritt zurück."""
    H = netz.V.shape[1]
    if not schritte:
        return np.zeros(H), np.zeros(H)
    s, *spaeter = schritte
    # erst die Zukunft, dann dieser Schritt
    dh_zukunft, dc_zukunft = rueckwaerts(netz, spaeter, dV, dW, dU)
    dy = s.y - einheit(s.ziel, len(s.y))
    dV += np.outer(dy, s.h)
    dh = netz.V.T @ dy + dh_zukunft
    th = np.tanh(s.c)
    dc = dc_zukunft + dh * s.o * (1 - th * th)  # zwei Wege in die Zelle
    # Ableitungen nach den Summen vor der Aktivierung
    dzi = dc * s.g * s.i * (1 - s.i)
    dzf = dc * s.c_alt * s.f * (1 - s.f)
    dzo = dh * th * s.o * (1 - s.o)
    dzg = dc * s.i * (1 - s.g * s.g)
    dz = np.concatenate([dzg, dzi, dzf, dzo])
    dW += np.outer(dz, s.h_alt)
    dU[:, s.token] += dz
    return netz.W.T @ dz, dc * s.f


def backward(params, x, targets, h0=None, c0=None):
    H = params.hidden_size
    netz = Netz(
        params.V,
        np.vstack([params.Wg, params.Wi, params.Wf, params.Wo]),
        np.vstack([params.Ug, params.Ui, params.Uf, params.Uo]),
    )
    h_start = np.zeros(H) if h0 is None else np.array(h0)
    c_start = np.zeros(H) if c0 is None else np.array(c0)
    schritte = vorwaerts(netz, x, targets, h_start, c_start)

    dV, dW, dU = (np.zeros_like(m) for m in netz)
    rueckwaerts(netz, schritte, dV, dW, dU)
    grad = {"V": dV}
    # zurück in die Reihenfolge der Bibliothek
    for name, block in (("g", 0), ("i", 1), ("f", 2), ("o", 3)):
        grad["W" + name] = dW[block * H : (block + 1) * H]
        grad["U" + name] = dU[block * H : (block + 1) * H]
    return grad
