import numpy as np

# LSTM geri yayılım ödevi
# girdi kapısı = i, unutma kapısı = f, çıktı kapısı = o, aday = g

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def backward(params, x, targets, h0=None, c0=None):
    N = params.Wi.shape[0]          # gizli birim sayısı
    uzunluk = len(x)
    # sözlükler: zaman -> vektör, -1 başlangıç durumu
    gizli, hucre, girdi, unutma, cikti, aday, olasilik = {}, {}, {}, {}, {}, {}, {}
    gizli[-1] = np.zeros(N) if h0 is None else np.array(h0)
    hucre[-1] = np.zeros(N) if c0 is None else np.array(c0)

    # ileri yön
    for t in range(uzunluk):
        kelime = x[t]
        onceki = gizli[t-1]
        girdi[t] = sigmoid(np.dot(params.Wi, onceki) + params.Ui[:, kelime])
        unutma[t] = sigmoid(np.dot(params.Wf, onceki) + params.Uf[:, kelime])
        cikti[t] = sigmoid(np.dot(params.Wo, onceki) + params.Uo[:, kelime])
        aday[t] = np.tanh(np.dot(params.Wg, onceki) + params.Ug[:, kelime])
        hucre[t] = unutma[t] * hucre[t-1] + girdi[t] * aday[t]
        gizli[t] = cikti[t] * np.tanh(hucre[t])
        skor = np.exp(np.dot(params.V, gizli[t]))
        olasilik[t] = skor / np.sum(skor)

    # türevleri sıfırla
    dV = np.zeros_like(params.V)
    dWi, dWf, dWo, dWg = [np.zeros((N, N)) for _ in range(4)]
    dUi, dUf, dUo, dUg = [np.zeros_like(params.Ui) for _ in range(4)]
    gizli_gelecek = np.zeros(N)
    hucre_gelecek = np.zeros(N)

    # geri yön
    for t in reversed(range(uzunluk)):
        hata = np.copy(olasilik[t])
        hata[targets[t]] -= 1
        dV += np.outer(hata, gizli[t])
        d_gizli = np.dot(params.V.T, hata) + gizli_gelecek
        tanh_h = np.tanh(hucre[t])
        d_hucre = d_gizli * cikti[t] * (1 - tanh_h ** 2)
        d_hucre += hucre_gelecek
        # kapıların türevi
        di = d_hucre * aday[t] * girdi[t] * (1 - girdi[t])
        df = d_hucre * hucre[t-1] * unutma[t] * (1 - unutma[t])
        do = d_gizli * tanh_h * cikti[t] * (1 - cikti[t])
        dg = d_hucre * girdi[t] * (1 - aday[t] ** 2)
        dWi += np.outer(di, gizli[t-1])
        dWf += np.outer(df, gizli[t-1])
        dWo += np.outer(do, gizli[t-1])
        dWg += np.outer(dg, gizli[t-1])
        dUi[:, x[t]] += di
        dUf[:, x[t]] += df
        dUo[:, x[t]] += do
        dUg[:, x[t]] += dg
        gizli_gelecek = params.Wi.T @ di + params.Wf.T @ df + params.Wo.T @ do + params.Wg.T @ dg
        hucre_gelecek = d_hucre * unutma[t]

    return dV, dWi, dWf, dWo, dWg, dUi, dUf, dUo, dUg
