"""
Temporal credit assignment in a gated recurrent population ("LSTM" in the ML literature).

    rate      h   what the population broadcasts, to itself and to the readout
    memory    c   slow variable, protected by the gates
    drive     z   summed recurrent and afferent input of a channel
    surprise      predicted minus observed cue distribution

A "trial" is the list of frames (dicts) that the forward simulation leaves behind.
"""
import numpy as np

GATES = ("i", "f", "o")          # multiplicative, saturating in 0..1
CHANNELS = GATES + ("g",)        # plus the candidate content, -1..1

logistic = lambda z: 1.0 / (1.0 + np.exp(-z))
TRANSFER = {"i": logistic, "f": logistic, "o": logistic, "g": np.tanh}
# slope of the transfer function, as a function of its OUTPUT
SLOPE = {k: (lambda a: a * (1.0 - a)) for k in GATES}
SLOPE["g"] = lambda a: 1.0 - a ** 2


def run_trial(syn, cues, rate, memory):
    trial = []
    for cue in cues:
        drive = {k: syn["recurrent"][k] @ rate + syn["afferent"][k][:, cue] for k in CHANNELS}
        act = {k: TRANSFER[k](drive[k]) for k in CHANNELS}
        frame = {"cue": cue, "act": act, "rate_before": rate, "memory_before": memory.copy()}
        memory *= act["f"]
        memory += act["i"] * act["g"]
        frame["squashed"] = np.tanh(memory)
        rate = act["o"] * frame["squashed"]
        evidence = syn["readout"] @ rate
        expd = np.exp(evidence - evidence.max())
        frame.update(rate=rate, prediction=expd / expd.sum())
        trial.append(frame)
    return trial


def blame_channels(frame, blame_rate, blame_memory):
    """Error at the drive of each channel, given the errors at rate and memory of the same frame."""
    act = frame["act"]
    at_output = {
        "i": blame_memory * act["g"],
        "f": blame_memory * frame["memory_before"],
        "o": blame_rate * frame["squashed"],
        "g": blame_memory * act["i"],
    }
    return {k: at_output[k] * SLOPE[k](act[k]) for k in CHANNELS}


def backward(params, x, targets, h0=None, c0=None):
    n_cues, n_units = params["V"].shape
    syn = {
        "readout": params["V"],
        "recurrent": {k: params["W" + k] for k in CHANNELS},
        "afferent": {k: params["U" + k] for k in CHANNELS},
    }
    rate = np.zeros(n_units) if h0 is None else np.array(h0, dtype=float)
    memory = np.zeros(n_units) if c0 is None else np.array(c0, dtype=float)
    trial = run_trial(syn, x, rate, memory)

    credit = {
        "readout": np.zeros((n_cues, n_units)),
        "recurrent": {k: np.zeros((n_units, n_units)) for k in CHANNELS},
        "afferent": {k: np.zeros((n_units, n_cues)) for k in CHANNELS},
    }
    future_rate, future_memory = np.zeros(n_units), np.zeros(n_units)
    for frame, observed in zip(trial[::-1], targets[::-1]):
        surprise = frame["prediction"] - np.eye(n_cues)[observed]
        credit["readout"] += np.outer(surprise, frame["rate"])

        blame_rate = syn["readout"].T @ surprise + future_rate
        blame_memory = future_memory + blame_rate * frame["act"]["o"] * (1 - frame["squashed"] ** 2)
        blame = blame_channels(frame, blame_rate, blame_memory)
        for k in CHANNELS:
            credit["recurrent"][k] += np.outer(blame[k], frame["rate_before"])
            credit["afferent"][k][:, frame["cue"]] += blame[k]

        future_rate = sum(syn["recurrent"][k].T @ blame[k] for k in CHANNELS)
        future_memory = blame_memory * frame["act"]["f"]

    out = {"V": credit["readout"]}
    out.update({"W" + k: credit["recurrent"][k] for k in CHANNELS})
    out.update({"U" + k: credit["afferent"][k] for k in CHANNELS})
    return out
