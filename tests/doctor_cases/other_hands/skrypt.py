# Skrypt do wykładu 9: sieć LSTM i propagacja wsteczna w czasie
import numpy as np


def sigma(z):
    return 1.0 / (1.0 + np.exp(-z))


class SiecLSTM:
    def __init__(self, wagi):
        self.w = wagi
        self.ukryte = wagi.Wi.shape[0]
        self.grad = {nazwa: np.zeros_like(wagi[nazwa]) for nazwa in wagi.keys()}

    def w_przod(self, wejscia):
        """Zapamiętuje słownik wielkości dla każdej chwili."""
        w = self.w
        self.chwile = []
        h = np.zeros(self.ukryte)
        c = np.zeros(self.ukryte)
        for znak in wejscia:
            chwila = {"znak": znak, "h_poprz": h, "c_poprz": c}
            wej = chwila["wej"] = sigma(w.Wi @ h + w.Ui[:, znak])
            zap = chwila["zap"] = sigma(w.Wf @ h + w.Uf[:, znak])
            wyj = chwila["wyj"] = sigma(w.Wo @ h + w.Uo[:, znak])
            kand = chwila["kand"] = np.tanh(w.Wg @ h + w.Ug[:, znak])
            c = zap * c + wej * kand
            chwila["th"] = np.tanh(c)
            h = chwila["h"] = wyj * chwila["th"]
            wynik = np.exp(w.V @ h)
            chwila["p"] = wynik / np.sum(wynik)
            self.chwile.append(chwila)

    def wstecz(self, cele):
        w, grad = self.w, self.grad
        blad_h = np.zeros(self.ukryte)  # błąd z chwili następnej
        blad_c = np.zeros(self.ukryte)
        for chwila, cel in zip(self.chwile[::-1], cele[::-1]):
            wej, zap, wyj, kand = (chwila[k] for k in ("wej", "zap", "wyj", "kand"))
            # warstwa wyjściowa
            d = chwila["p"].copy()
            d[cel] -= 1.0
            grad["V"] += np.outer(d, chwila["h"])
            blad_h = blad_h + w.V.T @ d
            # komórka pamięci
            blad_c = blad_c + blad_h * wyj * (1.0 - chwila["th"] ** 2)
            # bramki
            d_wyj = blad_h * chwila["th"] * wyj * (1.0 - wyj)
            d_wej = blad_c * kand * wej * (1.0 - wej)
            d_zap = blad_c * chwila["c_poprz"] * zap * (1.0 - zap)
            d_kand = blad_c * wej * (1.0 - kand ** 2)
            # gradienty wag
            for litera, delta in zip("ifog", (d_wej, d_zap, d_wyj, d_kand)):
                grad["W" + litera] += np.outer(delta, chwila["h_poprz"])
                grad["U" + litera][:, chwila["znak"]] += delta
            # do chwili poprzedniej
            blad_h = w.Wi.T @ d_wej + w.Wf.T @ d_zap + w.Wo.T @ d_wyj + w.Wg.T @ d_kand
            blad_c = blad_c * zap
        return grad


def backward(params, x, targets):
    siec = SiecLSTM(params)
    siec.w_przod(x)
    return siec.wstecz(list(targets))
