import numpy as np

import lstm_teach as lt


def slope_of_sigmoid(activation):
    return activation * (1 - activation)


def slope_of_tanh(activation):
    return 1 - activation**2


def backward(params, x, targets, h0=None, c0=None):
    """Walk from the last step to the first and ask of every quantity: how much is it to blame for the loss?"""
    memory = lt.forward(params, x, h0, c0)
    gradients = lt.Params.zeros(params.vocab_size, params.hidden_size)

    # Nothing comes after the last step, so nothing is blamed from there.
    hidden_blame_from_future = np.zeros(params.hidden_size)
    cell_blame_from_future = np.zeros(params.hidden_size)

    for step in reversed(range(len(x))):
        token = x[step]
        input_gate, forget_gate = memory.i[step], memory.f[step]
        output_gate, candidate = memory.o[step], memory.g[step]
        squashed_cell = memory.ct[step]
        previous_hidden = memory.h[step - 1]
        previous_cell = memory.c[step - 1]

        # Station 1: from the loss to the hidden state
        score_blame = memory.y[step].copy()
        score_blame[targets[step]] -= 1
        gradients.V += np.outer(score_blame, memory.h[step])
        hidden_blame = params.V.T @ score_blame + hidden_blame_from_future

        # Station 2: from the hidden state to the output gate and the cell
        output_gate_blame = hidden_blame * squashed_cell
        cell_blame = hidden_blame * output_gate * slope_of_tanh(squashed_cell)
        cell_blame += cell_blame_from_future

        # Station 3: from the cell to the other gates
        input_gate_blame = cell_blame * candidate
        forget_gate_blame = cell_blame * previous_cell
        candidate_blame = cell_blame * input_gate

        # Station 4: through the squashing functions
        input_sum_blame = input_gate_blame * slope_of_sigmoid(input_gate)
        forget_sum_blame = forget_gate_blame * slope_of_sigmoid(forget_gate)
        output_sum_blame = output_gate_blame * slope_of_sigmoid(output_gate)
        candidate_sum_blame = candidate_blame * slope_of_tanh(candidate)

        # Station 5: to the weights
        gradients.Wi += np.outer(input_sum_blame, previous_hidden)
        gradients.Wf += np.outer(forget_sum_blame, previous_hidden)
        gradients.Wo += np.outer(output_sum_blame, previous_hidden)
        gradients.Wg += np.outer(candidate_sum_blame, previous_hidden)
        gradients.Ui[:, token] += input_sum_blame
        gradients.Uf[:, token] += forget_sum_blame
        gradients.Uo[:, token] += output_sum_blame
        gradients.Ug[:, token] += candidate_sum_blame

        # Station 6: to the step before
        hidden_blame_from_future = (
            params.Wi.T @ input_sum_blame
            + params.Wf.T @ forget_sum_blame
            + params.Wo.T @ output_sum_blame
            + params.Wg.T @ candidate_sum_blame
        )
        cell_blame_from_future = cell_blame * forget_gate
    return gradients
