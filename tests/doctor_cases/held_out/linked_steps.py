from dataclasses import dataclass, field

import numpy as np

import lstm_teach as lt


@dataclass
class Node:
    index: int
    before: "Node | None"
    after: "Node | None" = None
    delta: dict = field(default_factory=dict)


@dataclass
class Tape:
    saved: object
    params: object

    def visit(self, node, error):
        k, s, p = node.index, self.saved, self.params
        node.delta["h"] = p.V.T @ error
        node.delta["c"] = np.zeros(p.hidden_size)
        if node.after is not None:
            later = node.after.delta
            node.delta["h"] += p.Wi.T @ later["zi"] + p.Wf.T @ later["zf"]
            node.delta["h"] += p.Wo.T @ later["zo"] + p.Wg.T @ later["zg"]
            node.delta["c"] += later["c"] * s.f[node.after.index]
        node.delta["c"] += node.delta["h"] * s.o[k] * (1 - s.ct[k] ** 2)
        node.delta["zi"] = node.delta["c"] * s.g[k] * s.i[k] * (1 - s.i[k])
        node.delta["zf"] = node.delta["c"] * s.c[k - 1] * s.f[k] * (1 - s.f[k])
        node.delta["zo"] = node.delta["h"] * s.ct[k] * s.o[k] * (1 - s.o[k])
        node.delta["zg"] = node.delta["c"] * s.i[k] * (1 - s.g[k] ** 2)


def chain_rule(params, x, targets, h0=None, c0=None):
    tape = Tape(lt.forward(params, x, h0, c0), params)
    last = None
    for k in range(len(x)):
        node = Node(k, last)
        if last is not None:
            last.after = node
        last = node
    grads = lt.Params.zeros(params.vocab_size, params.hidden_size)
    node = last
    while node is not None:
        k = node.index
        error = tape.saved.y[k].copy()
        error[targets[k]] -= 1
        tape.visit(node, error)
        grads.V += np.outer(error, tape.saved.h[k])
        for q in "ifog":
            grads["W" + q] += np.outer(node.delta["z" + q], tape.saved.h[k - 1])
            grads["U" + q][:, x[k]] += node.delta["z" + q]
        node = node.before
    return grads
