# LSTM:n takaisinlevitys kotikutoisesti. Portit: s = sisään, u = unohdus, l = lähtö, e = ehdotus
import numpy as np

PORTIT = {"s": "i", "u": "f", "l": "o", "e": "g"}


def sigmoidi(luku):
    return 0.5 * (np.tanh(luku / 2) + 1)


def eteenpain(params, merkit, piilo, muisti):
    askeleet = []
    for merkki in merkit:
        askel = {"merkki": merkki, "vanha_piilo": piilo, "vanha_muisti": muisti}
        for portti, kirjain in PORTIT.items():
            summa = params["W" + kirjain].dot(piilo) + params["U" + kirjain][:, merkki]
            askel[portti] = np.tanh(summa) if portti == "e" else sigmoidi(summa)
        muisti = askel["u"] * muisti + askel["s"] * askel["e"]
        askel["litistetty"] = np.tanh(muisti)
        piilo = askel["l"] * askel["litistetty"]
        askel["piilo"] = piilo
        pisteet = params["V"].dot(piilo)
        eksp = np.exp(pisteet - np.max(pisteet))
        askel["todennakoisyys"] = eksp / np.sum(eksp)
        askeleet.append(askel)
    return askeleet


def backward(params, merkit, oikeat, h0=None, c0=None):
    koko = params["Wi"].shape[0]
    piilo = np.zeros(koko) if h0 is None else np.asarray(h0)
    muisti = np.zeros(koko) if c0 is None else np.asarray(c0)
    askeleet = eteenpain(params, merkit, piilo, muisti)

    muutos = {}
    for nimi in params.keys():
        muutos["d" + nimi] = np.zeros_like(params[nimi])

    # kuljetetaan virhettä lopusta alkuun
    piilovirhe = np.zeros(koko)
    muistivirhe = np.zeros(koko)
    while askeleet:
        askel = askeleet.pop()
        virhe = askel["todennakoisyys"].copy()
        virhe[oikeat[len(askeleet)]] -= 1.0
        muutos["dV"] += np.outer(virhe, askel["piilo"])
        piilovirhe = piilovirhe + params["V"].T.dot(virhe)

        lahtovirhe = piilovirhe * askel["litistetty"] * askel["l"] * (1 - askel["l"])
        muistivirhe = muistivirhe + piilovirhe * askel["l"] * (1 - askel["litistetty"] ** 2)
        porttivirhe = {
            "l": lahtovirhe,
            "s": muistivirhe * askel["e"] * askel["s"] * (1 - askel["s"]),
            "u": muistivirhe * askel["vanha_muisti"] * askel["u"] * (1 - askel["u"]),
            "e": muistivirhe * askel["s"] * (1 - askel["e"] ** 2),
        }

        # seuraavaa (eli edellistä) askelta varten
        piilovirhe = np.zeros(koko)
        for portti, kirjain in PORTIT.items():
            muutos["dW" + kirjain] += np.outer(porttivirhe[portti], askel["vanha_piilo"])
            muutos["dU" + kirjain][:, askel["merkki"]] += porttivirhe[portti]
            piilovirhe += params["W" + kirjain].T.dot(porttivirhe[portti])
        muistivirhe = muistivirhe * askel["u"]
    return muutos
