import numpy as np
import lstm_teach as lt


def backward(params, x, targets, h0=None, c0=None):
    # ---- Step 1: run the forward pass and unpack what we need ----
    forward_results = lt.forward(params, x, h0, c0)
    hidden_states = forward_results.h
    cell_states = forward_results.c
    probabilities = forward_results.y
    number_of_timesteps = len(x)
    hidden_size = params.Wi.shape[0]

    # ---- Step 2: create empty gradients ----
    gradient_V = np.zeros_like(params.V)
    gradient_Wi = np.zeros_like(params.Wi)
    gradient_Wf = np.zeros_like(params.Wf)
    gradient_Wo = np.zeros_like(params.Wo)
    gradient_Wg = np.zeros_like(params.Wg)
    gradient_Ui = np.zeros_like(params.Ui)
    gradient_Uf = np.zeros_like(params.Uf)
    gradient_Uo = np.zeros_like(params.Uo)
    gradient_Ug = np.zeros_like(params.Ug)
    gradient_hidden_next = np.zeros(hidden_size)
    gradient_cell_next = np.zeros(hidden_size)

    # ---- Step 3: go backwards through time ----
    for timestep in reversed(range(number_of_timesteps)):
        input_gate = forward_results.i[timestep]
        forget_gate = forward_results.f[timestep]
        output_gate = forward_results.o[timestep]
        candidate = forward_results.g[timestep]
        tanh_of_cell = forward_results.ct[timestep]
        previous_hidden = hidden_states[timestep - 1]
        previous_cell = cell_states[timestep - 1]
        # softmax + cross entropy
        gradient_scores = probabilities[timestep].copy()
        gradient_scores[targets[timestep]] -= 1
        gradient_V += np.outer(gradient_scores, hidden_states[timestep])
        # hidden state and cell state
        gradient_hidden = np.dot(params.V.T, gradient_scores) + gradient_hidden_next
        gradient_cell = gradient_cell_next + gradient_hidden * output_gate * (1 - tanh_of_cell ** 2)
        # gates (before the activation function)
        gradient_output_gate = gradient_hidden * tanh_of_cell * output_gate * (1 - output_gate)
        gradient_input_gate = gradient_cell * candidate * input_gate * (1 - input_gate)
        gradient_forget_gate = gradient_cell * previous_cell * forget_gate * (1 - forget_gate)
        gradient_candidate = gradient_cell * input_gate * (1 - candidate ** 2)

        # recurrent weights
        gradient_Wi += np.outer(gradient_input_gate, previous_hidden)
        gradient_Wf += np.outer(gradient_forget_gate, previous_hidden)
        gradient_Wo += np.outer(gradient_output_gate, previous_hidden)
        gradient_Wg += np.outer(gradient_candidate, previous_hidden)

        # input weights (one-hot, so only one column changes)
        gradient_Ui[:, x[timestep]] += gradient_input_gate
        gradient_Uf[:, x[timestep]] += gradient_forget_gate
        gradient_Uo[:, x[timestep]] += gradient_output_gate
        gradient_Ug[:, x[timestep]] += gradient_candidate

        # pass the gradients to the previous timestep
        gradient_hidden_next = np.dot(params.Wi.T, gradient_input_gate)
        gradient_hidden_next += np.dot(params.Wf.T, gradient_forget_gate)
        gradient_hidden_next += np.dot(params.Wo.T, gradient_output_gate)
        gradient_hidden_next += np.dot(params.Wg.T, gradient_candidate)
        gradient_cell_next = gradient_cell * forget_gate

    return {"V": gradient_V,
            "Wi": gradient_Wi, "Wf": gradient_Wf, "Wo": gradient_Wo, "Wg": gradient_Wg,
            "Ui": gradient_Ui, "Uf": gradient_Uf, "Uo": gradient_Uo, "Ug": gradient_Ug}
