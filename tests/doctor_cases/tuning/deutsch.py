import numpy as np

import lstm_teach as lt


def rueckwaerts(gewichte, eingabe, ziele, h0=None, c0=None):
    """Fehlerrückführung durch die Zeit."""
    # erst der Vorwärtslauf
    lauf = lt.forward(gewichte, eingabe, h0, c0)
    anzahl = len(eingabe)
    breite = gewichte.hidden_size
    # hier werden die Ableitungen gesammelt
    ableitung = {name: np.zeros(matrix.shape) for name, matrix in gewichte.items()}
    # was aus der Zukunft kommt; nach dem letzten Schritt kommt nichts
    fehler_h_danach = np.zeros(breite)
    fehler_c_danach = np.zeros(breite)
    for schritt in range(anzahl - 1, -1, -1):
        # Werte dieses Schritts
        eingang = lauf.i[schritt]
        vergessen = lauf.f[schritt]
        ausgang = lauf.o[schritt]
        vorschlag = lauf.g[schritt]
        zelle_gestaucht = lauf.ct[schritt]
        # Werte des Schritts davor
        zelle_davor = lauf.c[schritt - 1]
        zustand_davor = lauf.h[schritt - 1]
        # Fehler am Ausgang: Wahrscheinlichkeit minus Ziel
        fehler_y = lauf.y[schritt].copy()
        fehler_y[ziele[schritt]] -= 1.0
        ableitung["V"] += np.outer(fehler_y, lauf.h[schritt])
        # Fehler des Zustands
        fehler_h = np.matmul(fehler_y, gewichte["V"])
        fehler_h = fehler_h + fehler_h_danach
        # Fehler der Zelle
        fehler_c = fehler_h * ausgang * (1.0 - zelle_gestaucht**2)
        fehler_c = fehler_c + fehler_c_danach
        # Fehler der Tore, gleich vor der Kennlinie
        fehler_eingang = fehler_c * vorschlag * eingang * (1.0 - eingang)
        fehler_vergessen = fehler_c * zelle_davor * vergessen * (1.0 - vergessen)
        fehler_ausgang = fehler_h * zelle_gestaucht * ausgang * (1.0 - ausgang)
        fehler_vorschlag = fehler_c * eingang * (1.0 - vorschlag**2)
        # die vier Matrizen, die auf den Zustand wirken
        ableitung["Wi"] += np.outer(fehler_eingang, zustand_davor)
        ableitung["Wf"] += np.outer(fehler_vergessen, zustand_davor)
        ableitung["Wo"] += np.outer(fehler_ausgang, zustand_davor)
        ableitung["Wg"] += np.outer(fehler_vorschlag, zustand_davor)
        # die vier Matrizen, die auf die Eingabe wirken
        zeichen = eingabe[schritt]
        ableitung["Ui"][:, zeichen] += fehler_eingang
        ableitung["Uf"][:, zeichen] += fehler_vergessen
        ableitung["Uo"][:, zeichen] += fehler_ausgang
        ableitung["Ug"][:, zeichen] += fehler_vorschlag
        # weiter zum Schritt davor
        fehler_h_danach = np.matmul(fehler_eingang, gewichte["Wi"])
        fehler_h_danach += np.matmul(fehler_vergessen, gewichte["Wf"])
        fehler_h_danach += np.matmul(fehler_ausgang, gewichte["Wo"])
        fehler_h_danach += np.matmul(fehler_vorschlag, gewichte["Wg"])
        fehler_c_danach = fehler_c * vergessen
    return ableitung
