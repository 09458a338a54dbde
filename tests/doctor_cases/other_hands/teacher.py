# Backpropagation through time for our little LSTM.
# Class 12b: please read it from top to bottom, each line does ONE thing.
import numpy as np
import lstm_teach as lt


def backward(params, x, targets):
    # STEP 1: run the network forwards and remember everything
    memory = lt.forward(params, x)
    number_of_steps = len(x)
    hidden_size = params.Wi.shape[0]

    # STEP 2: prepare nine empty "collecting boxes" for the gradients
    box = {}
    for name in params.keys():
        box[name] = np.zeros_like(params[name])

    # STEP 3: nothing comes back from the future after the last step
    hidden_error_from_future = np.zeros(hidden_size)
    cell_error_from_future = np.zeros(hidden_size)

    # STEP 4: walk backwards in time
    t = number_of_steps - 1
    while t >= 0:
        # 4a. the error at the output is "predicted minus wanted"
        wanted = np.zeros(params.V.shape[0])
        wanted[targets[t]] = 1.0
        output_error = memory.y[t] - wanted
        box["V"] += np.outer(output_error, memory.h[t])

        # 4b. the hidden state is used twice: for the output and for the next step
        hidden_error = np.dot(params.V.T, output_error)
        hidden_error += hidden_error_from_future

        # 4c. h = o * tanh(c), therefore (product rule):
        output_gate_error = hidden_error * memory.ct[t]
        cell_error = hidden_error * memory.o[t] * (1 - memory.ct[t] ** 2)
        cell_error += cell_error_from_future

        # 4d. c = f * c_old + i * g, therefore:
        forget_gate_error = cell_error * memory.c[t - 1]
        input_gate_error = cell_error * memory.g[t]
        candidate_error = cell_error * memory.i[t]
        cell_error_from_future = cell_error * memory.f[t]

        # 4e. go through the squashing functions
        slope_error = {}
        slope_error["o"] = output_gate_error * memory.o[t] * (1 - memory.o[t])
        slope_error["f"] = forget_gate_error * memory.f[t] * (1 - memory.f[t])
        slope_error["i"] = input_gate_error * memory.i[t] * (1 - memory.i[t])
        slope_error["g"] = candidate_error * (1 - memory.g[t] ** 2)

        # 4f. fill the boxes and send the error to the previous step
        hidden_error_from_future = np.zeros(hidden_size)
        for gate in ["i", "f", "o", "g"]:
            box["W" + gate] += np.outer(slope_error[gate], memory.h[t - 1])
            box["U" + gate][:, x[t]] += slope_error[gate]
            hidden_error_from_future += np.dot(params["W" + gate].T, slope_error[gate])

        t = t - 1  # one step into the past

    return box
