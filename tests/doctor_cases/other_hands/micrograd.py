"""A tiny autograd, after the famous video."""
import numpy as np


class Node:
    def __init__(self, value):
        self.value = value
        self.grad = np.zeros(value.shape)
        self.push = lambda: None

    def __add__(self, other):
        out = Node(self.value + other.value)

        def push():
            self.grad += out.grad
            other.grad += out.grad
        return record(out, push)

    def __mul__(self, other):
        out = Node(self.value * other.value)

        def push():
            self.grad += other.value * out.grad
            other.grad += self.value * out.grad
        return record(out, push)

    def __matmul__(self, vec):
        out = Node(self.value @ vec.value)

        def push():
            self.grad += np.outer(out.grad, vec.value)
            vec.grad += self.value.T @ out.grad
        return record(out, push)

    def column(self, k):
        out = Node(self.value[:, k].copy())

        def push():
            self.grad[:, k] += out.grad
        return record(out, push)


tape = []


def record(out, push):
    out.push = push
    tape.append(out)
    return out


def pointwise(node, fn, slope):
    out = Node(fn(node.value))

    def push():
        node.grad += slope(out.value) * out.grad
    return record(out, push)


sigmoid = lambda n: pointwise(n, lambda z: 1 / (1 + np.exp(-z)), lambda a: a * (1 - a))
tanh = lambda n: pointwise(n, np.tanh, lambda a: 1 - a**2)


def backward(params, x, targets):
    tape.clear()
    p = {name: Node(matrix) for name, matrix in params.items()}
    h = c = Node(np.zeros(len(params.Wi)))
    for token, target in zip(x, targets):
        z = {k: p["U" + k].column(token) + p["W" + k] @ h for k in "ifog"}
        c = sigmoid(z["f"]) * c + sigmoid(z["i"]) * tanh(z["g"])
        h = sigmoid(z["o"]) * tanh(c)
        scores = p["V"] @ h
        e = np.exp(scores.value)
        scores.grad += e / e.sum()
        scores.grad[target] -= 1
    for node in reversed(tape):
        node.push()
    return {name: node.grad for name, node in p.items()}
