"""Nodes in a list, each with its own state, and a parameter object that collects the diffs; error on one unit of h."""

import numpy as np

import lstm_teach as lt


def sigmoid(x):
    return 1.0 / (1 + np.exp(-x))


class Param:
    def __init__(self, cells, x_dim):
        self.cells = cells
        both = x_dim + cells
        r = np.random.RandomState(1)
        self.wg, self.wi, self.wf, self.wo = r.uniform(-0.9, 0.9, (4, cells, both))
        self.bg, self.bi, self.bf, self.bo = r.uniform(-0.5, 0.5, (4, cells))
        self.reset()

    def reset(self):
        self.wg_diff, self.wi_diff, self.wf_diff, self.wo_diff = (np.zeros_like(self.wg) for _ in range(4))
        self.bg_diff, self.bi_diff, self.bf_diff, self.bo_diff = (np.zeros_like(self.bg) for _ in range(4))


class Node:
    def bottom_data_is(self, x, s_prev, h_prev, param):
        self.param, self.s_prev, self.h_prev = param, s_prev, h_prev
        self.xc = np.hstack((x, h_prev))
        self.g = np.tanh(np.dot(param.wg, self.xc) + param.bg)
        self.i = sigmoid(np.dot(param.wi, self.xc) + param.bi)
        self.f = sigmoid(np.dot(param.wf, self.xc) + param.bf)
        self.o = sigmoid(np.dot(param.wo, self.xc) + param.bo)
        self.s = self.g * self.i + s_prev * self.f
        self.h = self.s * self.o

    def top_diff_is(self, top_diff_h, top_diff_s):
        ds = self.o * top_diff_h + top_diff_s
        do = self.s * top_diff_h
        di = self.g * ds
        dg = self.i * ds
        df = self.s_prev * ds
        di_input = (1.0 - self.i) * self.i * di
        df_input = (1.0 - self.f) * self.f * df
        do_input = (1.0 - self.o) * self.o * do
        dg_input = (1.0 - self.g**2) * dg
        param = self.param
        param.wi_diff += np.outer(di_input, self.xc)
        param.wf_diff += np.outer(df_input, self.xc)
        param.wo_diff += np.outer(do_input, self.xc)
        param.wg_diff += np.outer(dg_input, self.xc)
        param.bi_diff += di_input
        param.bf_diff += df_input
        param.bo_diff += do_input
        param.bg_diff += dg_input
        dxc = np.zeros_like(self.xc)
        dxc += np.dot(param.wi.T, di_input)
        dxc += np.dot(param.wf.T, df_input)
        dxc += np.dot(param.wo.T, do_input)
        dxc += np.dot(param.wg.T, dg_input)
        self.bottom_diff_s = ds * self.f
        self.bottom_diff_h = dxc[-param.cells :]


class Network:
    def __init__(self, param):
        self.param = param

    def run(self, xs, ys):
        s, h = np.zeros(self.param.cells), np.zeros(self.param.cells)
        self.nodes = []
        for x in xs:
            node = Node()
            node.bottom_data_is(x, s, h, self.param)
            s, h = node.s, node.h
            self.nodes.append(node)
        return sum((node.h[0] - y) ** 2 for node, y in zip(self.nodes, ys))

    def back(self, ys):
        cells = self.param.cells
        diff_h, diff_s = np.zeros(cells), np.zeros(cells)
        for node, y in zip(self.nodes[::-1], ys[::-1]):
            own = np.zeros(cells)
            own[0] = 2 * (node.h[0] - y)
            node.top_diff_is(own + diff_h, diff_s)
            diff_h, diff_s = node.bottom_diff_h, node.bottom_diff_s


network = Network(Param(4, 3))
r = np.random.RandomState(2)
inputs, values = r.uniform(-1, 1, (40, 3)), r.uniform(-0.7, 0.7, 40)
names = [f"param.{kind}{gate}" for kind in "wb" for gate in "gifo"]


def loss(T):
    return network.run(inputs[:T], values[:T])


def gradient(T):
    network.param.reset()
    network.run(inputs[:T], values[:T])
    network.back(values[:T])
    return [getattr(network.param, name.split(".")[1] + "_diff") for name in names]


case = lt.case_of(network, names, loss, gradient)
