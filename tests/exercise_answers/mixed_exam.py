"""Answers to the mixed exam."""

from functools import partial
from types import SimpleNamespace

import numpy as np
from sound import bptt, run_coupled, wrapped

import lstm_teach as lt
from lstm_teach.edited import edited
from lstm_teach.exercises import mixed_exam as exam
from lstm_teach.exercises.engine import task_of

LINES = task_of("mixed_exam", "back")["lines"]  # of a step back
NAMES = ("V", "Wi", "Wo", "Wg", "Ui", "Uo", "Ug")


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# ------------------------------------------------------------------------------------------ check_step


def step_with(c=None, h=None, W=lambda W: W, gate=sigmoid, candidate=np.tanh, order="iogch"):
    """A step; the lines of c and h may be replaced, they get the names so far."""

    def coupled_step(net, token, h_before, c_before):
        v = SimpleNamespace(h_before=h_before, c_before=c_before)
        for a in "iog":
            z = net["U" + a][:, token] + W(net["W" + a]) @ h_before
            setattr(v, a, candidate(z) if a == "g" else gate(z))
        v.c = c(v) if c else (1 - v.i) * c_before + v.i * v.g
        v.h = h(v) if h else v.o * v.c
        return tuple(getattr(v, name) for name in order)

    return coupled_step


def library_step(net, token, h_before, c_before):
    run = exam.run_coupled(net, [token], h_before, c_before)
    return run.i[0], run.o[0], run.g[0], run.c[0], run.h[0]


def step_by_units(net, token, h_before, c_before):
    rows = []
    for k in range(len(h_before)):
        z = [net["U" + a][k, token] + sum(w * x for w, x in zip(net["W" + a][k], h_before, strict=True)) for a in "iog"]
        i, o, g = sigmoid(z[0]), 0.5 + 0.5 * np.tanh(z[1] / 2), 1 - 2 / (1 + np.exp(2 * z[2]))
        c = c_before[k] + i * (g - c_before[k])
        rows.append((i, o, g, c, o * c))
    return np.array(rows).T


def step_stacked(net, token, h_before, c_before):
    z = np.stack([net["U" + a][:, token] + net["W" + a] @ h_before for a in "iog"])
    i, o = sigmoid(z[:2])
    c = np.where([True], (1 - i) * c_before + i * np.tanh(z[2]), 0)
    return [i, o, np.tanh(z[2]), c, c * o]


def step_in_place(net, token, h_before, c_before):
    i, o, g, *_ = step_with()(net, token, h_before, c_before)
    c_before *= 1 - i
    c_before += i * g
    return i, o, g, c_before, o * c_before


def step_row_of_u(net, token, h_before, c_before):
    return step_with()(
        {name: net[name].T if name[0] == "U" else net[name] for name in NAMES}, token, h_before, c_before
    )


def step_from_c(net, token, h_before, c_before):
    right = step_with()(net, token, h_before, c_before)
    return step_with()(net, token, c_before, c_before)[:3] + right[3:]


# ------------------------------------------------------------------------------------------ check_errors


def errors_with(
    step=1e-5,
    norm=np.linalg.norm,
    divide=lambda gap, a, b: gap / max(a, b),
    central=True,
    zero=0.0,
    over=2,
    restore=True,
):
    """An error for every matrix; the pieces may be replaced."""

    def errors_by_matrix(loss_of, net, grads):
        moved, errors = {name: matrix.copy() for name, matrix in net.items()}, {}
        for name, matrix in moved.items():
            slopes = np.zeros_like(matrix)
            for index in np.ndindex(matrix.shape):
                kept = matrix[index]
                matrix[index] = kept + step
                ahead = loss_of(moved)
                matrix[index] = kept - step * central
                slopes[index] = (ahead - loss_of(moved)) / (step * (over if central else 1))
                matrix[index] = kept if restore else matrix[index]
            a, b = norm(slopes), norm(grads[name])
            if name == "C" and zero is None:
                errors[name] = np.float64(norm(slopes - grads[name])) / np.float64(max(a, b))
            else:
                errors[name] = divide(norm(slopes - grads[name]), a, b) if max(a, b) else 0.0
        return errors

    return errors_by_matrix


def errors_flat(loss_of, net, grads, error=lt.relative_error):
    """A unit vector at a time, on one flat vector."""
    ends = np.cumsum([matrix.size for matrix in net.values()])
    flat = np.concatenate([matrix.ravel() for matrix in net.values()])

    def loss(vector):
        pieces = np.split(vector, ends[:-1])
        return loss_of({n: p.reshape(m.shape) for p, (n, m) in zip(pieces, net.items(), strict=True)})

    by = 1e-3  # a difference of fourth order
    steps = [
        sum(w * loss(flat + k * by * e) for k, w in ((1, 8), (-1, -8), (2, -1), (-2, 1))) for e in np.eye(flat.size)
    ]
    slopes = np.split(np.array(steps) / (12 * by), ends[:-1])
    return {n: error(s, grads[n].ravel()) for s, n in zip(slopes, net, strict=True)}


def errors_by_larger_numbers(*given):
    """Divided by the norm of whatever number is the larger one."""
    return errors_flat(
        *given, error=lambda a, b: np.linalg.norm(a - b) / (np.linalg.norm(np.maximum(abs(a), abs(b))) or 1)
    )


def errors_new_net(loss_of, net, grads):
    errors = {}
    for name in net:
        number = np.empty(net[name].shape)
        for index, _ in np.ndenumerate(number):
            bump = np.zeros(number.shape)
            bump[index] = 1e-5
            number[index] = loss_of({**net, name: net[name] + bump}) - loss_of({**net, name: net[name] - bump})
        number /= 2e-5
        a, b = np.sqrt((number**2).sum()), np.sqrt((grads[name] ** 2).sum())
        errors[name] = 0 if a == b == 0 else np.sqrt(((number - grads[name]) ** 2).sum()) / max(a, b)
    return errors


def errors_in_place(loss_of, net, grads):
    errors = errors_with()(loss_of, net, grads)
    net["A" if "A" in net else "V"][0, 0] += 1e-5
    return errors


def errors_of_seven(loss_of, net, grads):
    found = errors_with()(loss_of, net, grads)
    return {name: found[name] for name in NAMES}


# ------------------------------------------------------------------------------------------ check_ladder

LADDER = {
    "A": (2, "Wi Wg Ui Ug"),
    "B": (2, "Wi Wo Wg Ui Uo Ug"),
    "C": (3, "Ui Uo Ug"),
    "D": (1, "Wo Uo"),
    "E": (1, "V Wi Wo Wg Ui Uo Ug"),
}


def said(**changed):
    return lambda: LADDER | changed


# ------------------------------------------------------------------------------------------ check_repair


def repair(params, x, target, h0=None, c0=None):
    run = lt.forward(params, x, h0, c0)
    grads = lt.Params.zeros(params.vocab_size, params.hidden_size)
    dy = run.y[-1] - np.eye(params.vocab_size)[target]
    grads.V += np.outer(dy, run.h[len(x) - 1])
    dh, dc = params.V.T @ dy, np.zeros(params.hidden_size)
    for t in reversed(range(len(x))):
        i, f, o, g, ct = run.i[t], run.f[t], run.o[t], run.g[t], run.ct[t]
        dc = dc + dh * o * (1 - ct**2)
        dz = dict(i=dc * g * i * (1 - i), f=dc * run.c[t - 1] * f * (1 - f), o=dh * ct * o * (1 - o))
        dz["g"] = dc * i * (1 - g**2)
        for gate in "ifog":
            grads["W" + gate] += np.outer(dz[gate], run.h[t - 1])
            grads["U" + gate][:, x[t]] += dz[gate]
        dh = sum(params["W" + gate].T @ dz[gate] for gate in "ifog")
        dc = dc * f
    return grads


def repair_by_two(params, x, target, h0=None, c0=None):
    """All losses without all but the last, by the library."""
    targets = [target] * len(x)
    grads = [grad.copy() for grad in bptt(params, x, targets, h0, c0).values()]
    if len(x) > 1:
        for grad, less in zip(grads, bptt(params, x[:-1], targets[:-1], h0, c0).values(), strict=True):
            grad -= less
    return grads


def repair_with(*flaws):
    return partial(wrapped(exam.with_flaws(*flaws)))


def repair_every_loss(params, x, target, h0=None, c0=None):
    return bptt(params, x, np.full(len(x), target), h0, c0)


def repair_changed(change):
    def repaired(params, x, target, h0=None, c0=None):
        grads = repair(params, x, target, h0, c0)
        return change(grads, x) or grads

    return repaired


def repair_from_zeros(params, x, target, h0=None, c0=None):
    return repair(params, x, target)


def repair_to_h0(params, x, target, h0=None, c0=None):
    grads = repair(params, x, target, h0, c0)
    h0 *= 0
    return grads


# ------------------------------------------------------------------------------------------ check_back


def back_with(**lines):
    """A step back with one or more of its lines replaced; they get the names so far."""

    def coupled_back(net, run, t, dh, dc_carry):
        v = SimpleNamespace(net=net, dh=dh, dc_carry=dc_carry, c_before=run.c[t - 1], t=t, run=run)
        v.i, v.o, v.g, v.c, v.h = run.i[t], run.o[t], run.g[t], run.c[t], run.h[t]
        for name, line in LINES.items():
            setattr(v, name, lines[name](v) if name in lines else eval(line, {"to_h": to_h}, vars(v)))
        return {name: getattr(v, name) for name in LINES}

    return coupled_back


def to_h(net, i, o, g):
    return net["Wi"].T @ i + net["Wo"].T @ o + net["Wg"].T @ g


def back(net, run, t, dh, dc_carry):
    i, o, g, c, c_before = run.i[t], run.o[t], run.g[t], run.c[t], run.c[t - 1]
    do, dc = dh * c, dh * o + dc_carry
    di, dg = dc * g - dc * c_before, dc * i
    dzi, dzo, dzg = di * i * (1 - i), do * o * (1 - o), dg * (1 - g**2)
    dh_before = net["Wi"].T @ dzi + net["Wo"].T @ dzo + net["Wg"].T @ dzg
    return dict(
        do=do, dc=dc, di=di, dg=dg, dzi=dzi, dzo=dzo, dzg=dzg, dh_before=dh_before, dc_before=dc - dc * i, more=None
    )


def back_by_units(net, run, t, dh, dc_carry):
    found = {name: [0.0] * len(dh) for name in LINES}
    for k in range(len(dh)):
        i, o, g, c = run.i[t, k], run.o[t, k], run.g[t, k], run.c[t, k]
        found["do"][k], dc = dh[k] * c, dh[k] * o + dc_carry[k]
        found["dc"][k], found["dc_before"][k] = dc, dc * (1 - i)
        found["di"][k], found["dg"][k] = dc * (g - run.c[t - 1, k]), dc * i
        found["dzi"][k], found["dzo"][k] = found["di"][k] * i * (1 - i), found["do"][k] * o * (1 - o)
        found["dzg"][k] = found["dg"][k] * (1 + g) * (1 - g)
    found["dh_before"] = [
        sum(net["W" + a][k, j] * found["dz" + a][k] for a in "iog" for k in range(len(dh))) for j in range(len(dh))
    ]
    return found


def back_with_one_not_transposed(gate):
    def dh_before(v):
        weights = {a: v.net[f"W{a}"] if a == gate else v.net[f"W{a}"].T for a in "iog"}
        return sum(weights[a] @ getattr(v, f"dz{a}") for a in "iog")

    return back_with(dh_before=dh_before)


def back_in_place(net, run, t, dh, dc_carry):
    found = back(net, run, t, dh, dc_carry)
    dc_carry += dh * run.o[t]
    return found


def back_without_row_minus_one(net, run, t, dh, dc_carry):
    found = back(net, run, t, dh, dc_carry)
    if t == 0:
        found["di"], found["dzi"] = found["dc"] * run.g[t], 0 * dh
    return found


def without(v, gate):
    return sum(v.net["W" + a].T @ getattr(v, "dz" + a) for a in "iog" if a != gate)


# ------------------------------------------------------------------------------------------ check_pass


def whole(net, x, targets, h0, c0):
    grads = {name: np.zeros_like(matrix) for name, matrix in net.items()}
    run = run_coupled(net, x, h0, c0)
    dh_future = dc_carry = np.zeros(len(h0))
    for t in range(len(x) - 1, -1, -1):
        dy = run.y[t] - np.eye(len(net["V"]))[targets[t]]
        step = back(net, run, t, net["V"].T @ dy + dh_future, dc_carry)
        dh_future, dc_carry = step["dh_before"], step["dc_before"]
        grads["V"] += np.outer(dy, run.h[t])
        for a in "iog":
            grads["W" + a] += np.outer(step["dz" + a], run.h[t - 1])
            grads["U" + a][:, x[t]] += step["dz" + a]
    return grads


def whole_nested(net, x, targets, h0, c0):
    """A walk back from every loss."""
    grads = {name: np.zeros(matrix.shape) for name, matrix in net.items()}
    run = run_coupled(net, x, h0, c0)
    for n in range(len(x)):
        dy = run.y[n] - np.eye(len(net["V"]))[targets[n]]
        grads["V"] += dy[:, None] * run.h[n]
        dh, dc = dy @ net["V"], np.zeros(len(h0))
        for t in range(n, -1, -1):
            step = back_by_units(net, run, t, dh, dc)
            dh, dc = np.array(step["dh_before"]), np.array(step["dc_before"])
            for a in "iog":
                grads["W" + a] += np.outer(step["dz" + a], run.h[t - 1])
                np.add.at(grads["U" + a].T, x[t], step["dz" + a])
    return grads


def whole_measured(loss=exam.coupled_loss, step=1e-5):
    """Central differences of the loss, or complex steps."""

    def coupled_gradients(net, *sequence):
        grads = {name: np.zeros_like(matrix) for name, matrix in net.items()}
        for name, matrix in net.items():
            for index in np.ndindex(matrix.shape):
                bump = np.zeros(matrix.shape, type(step))
                bump[index] = step
                ends = [loss({**net, name: matrix + by}, *sequence) for by in (bump, -bump)]
                grads[name][index] = ((ends[0] - ends[1]) / (2 * step)).real
        return grads

    return coupled_gradients


def loss_of_own_steps(net, x, targets, h0, c0):
    """The loss by one's own answer to task 1."""
    loss, h, c = 0, h0, c0
    for token, target in zip(x, targets, strict=True):
        *_, c, h = step_with()(net, token, h, c)
        scores = net["V"] @ h
        loss = loss + np.log(np.exp(scores).sum()) - scores[target]
    return loss


def whole_with_loss(net, *sequence):
    """Walks back, and prints the loss."""
    print(exam.coupled_loss(net, *sequence))
    return whole(net, *sequence)


def whole_with(fault):
    return partial(wrapped(exam.with_fault(fault)))


def whole_changed(change):
    def coupled_gradients(net, x, targets, h0, c0):
        grads = whole(net, x, targets, h0, c0)
        return change(grads) or grads

    return coupled_gradients


def whole_to_net(net, x, targets, h0, c0):
    grads = whole(net, x, targets, h0, c0)
    net["V"] -= 0.1 * grads["V"]
    return grads


# ------------------------------------------------------------------------------------------ check_derivatives


def derivatives_with(change=lambda v: (v.kept, v.kept + (v.by_i + v.by_g) * v.o_before)):
    """What `change(names)` makes of the pieces."""

    def two_derivatives(net, run, t):
        v = SimpleNamespace(i=run.i[t], g=run.g[t], o=run.o[t], before=run.c[t - 1], o_before=run.o[t - 1])
        v.kept = np.diag(1 - v.i)
        v.by_i = ((v.g - v.before) * v.i * (1 - v.i))[:, None] * net["Wi"]
        v.by_g = (v.i * (1 - v.g**2))[:, None] * net["Wg"]
        v.g_alone = (v.g * v.i * (1 - v.i))[:, None] * net["Wi"]
        return change(v)

    return two_derivatives


def derivatives_by_columns(net, run, t):
    H = len(run.c[0])
    immediate, total = np.zeros((2, H, H))
    for j in range(H):
        dh = np.eye(H)[j] * run.o[t - 1]
        di = run.i[t] * (1 - run.i[t]) * (net["Wi"] @ dh)
        dg = (1 - run.g[t] ** 2) * (net["Wg"] @ dh)
        immediate[j, j] = 1 - run.i[t, j]
        total[:, j] = immediate[:, j] + di * (run.g[t] - run.c[t - 1]) + run.i[t] * dg
    return [immediate, total]


def derivatives_by_matrices(net, run, t):
    D = np.diag
    slopes = D(run.i[t] * (1 - run.i[t])), D(1 - run.g[t] ** 2)
    by_h = D(run.g[t] - run.c[t - 1]) @ slopes[0] @ net["Wi"] + D(run.i[t]) @ slopes[1] @ net["Wg"]
    return D(1 - run.i[t]), D(1 - run.i[t]) + by_h @ D(run.o[t - 1])


def derivatives_along_the_columns(net, run, t):
    i, g = run.i[t], run.g[t]
    by_h = (g - run.c[t - 1]) * i * (1 - i) * net["Wi"] + i * (1 - g**2) * net["Wg"]
    return np.diag(1 - i), np.diag(1 - i) + by_h * run.o[t - 1]


def derivatives_in_place(net, run, t):
    answer = derivatives_by_matrices(net, run, t)
    run.i[t] = 1 - run.i[t]
    return answer


# ------------------------------------------------------------------------------------------ check_bias


def bias(share, steps):
    i = 1 - share ** (1 / steps)
    return np.log(i / (1 - i))


def bias_by_halving(share, steps):
    low, high = -50.0, 50.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 - sigmoid(middle)) ** steps > share else (low, middle)
    return low


def bias_by_tanh(share, steps):
    return 2 * np.arctanh(1 - 2 * np.exp(np.log(share) / steps))


def errors_of_directions(loss_of, net, grads):
    """Both losses of a weight from one function, a ratio of roots of sums."""

    def slope(name, index):
        def loss(by):
            moved = dict(net)
            moved[name] = net[name].copy()
            moved[name][index] += by
            return loss_of(moved)

        return np.ptp([loss(-2e-6), loss(2e-6)]) / 4e-6 * np.sign(loss(2e-6) - loss(-2e-6))

    errors = {}
    for name in net:
        a = np.array([slope(name, index) for index in np.ndindex(net[name].shape)])
        b = np.ravel(grads[name])
        larger = np.sqrt(max(a @ a, b @ b))
        errors[name] = np.sqrt((a - b) @ (a - b)) / larger if larger > 0 else 0
    return errors


RIGHT = {
    "check_step": {
        "plain": step_with(),
        "units": step_by_units,
        "stacked": step_stacked,
        "an array": lambda *given: np.array(step_stacked(*given)),
    },
    "check_errors": {
        "a copy": errors_with(),
        "1e-8 in the denominator": errors_with(divide=lambda gap, a, b: gap / (max(a, b) + 1e-8)),
        "flat, fourth order": errors_flat,
        "a new net": errors_new_net,
        "step 2e-6": errors_of_directions,
        "names with a d": lambda *given: {f"d{name}": error for name, error in errors_flat(*given).items()},
    },
    "check_ladder": {
        "plain": said(),
        "lists and d": lambda: {
            key: [np.int64(T), ["d" + n for n in names.split()]] for key, (T, names) in LADDER.items()
        },
        "commas": lambda: {key: (T, ", ".join(sorted(names.split()))) for key, (T, names) in LADDER.items()},
        "semicolons, and": lambda: {
            key: (float(T), "; ".join(names.split()[:-1]) + " and " + names.split()[-1])
            for key, (T, names) in LADDER.items()
        },
        "sets": lambda: {key: (T, set(names.split())) for key, (T, names) in reversed(LADDER.items())},
    },
    "check_repair": {
        "repaired": repair,
        "two passes": repair_by_two,
        "reference": repair_with(),
        "names with a d": lambda *given: {f"d{name}": grad for name, grad in repair(*given).items()},
    },
    "check_back": {
        "plain": back,
        "units": back_by_units,
        "lines": back_with(),
        "in another order": lambda *given: dict(reversed(back(*given).items())),
    },
    "check_pass": {
        "one loop": whole,
        "names with a d": lambda *given: {f"d{name}": grad for name, grad in whole(*given).items()},
        "nested": whole_nested,
        "with the loss": whole_with_loss,
        "of copies, as lists": lambda net, *sequence: {
            name: grad.tolist() for name, grad in whole({n: m.copy() for n, m in net.items()}, *sequence).items()
        },
        "in another order": lambda *given: dict(reversed(whole(*given).items())),
    },
    "check_derivatives": {
        "pieces": derivatives_with(),
        "columns": derivatives_by_columns,
        "matrices": derivatives_by_matrices,
        "an array": lambda *given: np.array(derivatives_by_matrices(*given)),
    },
    "check_bias": {
        "plain": bias,
        "halving": bias_by_halving,
        "arctanh": bias_by_tanh,
        "expm1": lambda share, steps: np.log(-np.expm1(np.log(share) / steps)) - np.log(share) / steps,
        "to four places": lambda share, steps: round(float(bias(share, steps)), 4),
    },
}

WRONG = {
    "check_step": {
        "tanh of half": (step_with(gate=lambda z: np.tanh(z / 2)), "This is tanh(z / 2)"),
        "i twice": (step_with(c=lambda v: v.i * v.c_before + v.i * v.g), "Both shares are i here"),
        "shows g": (step_with(h=lambda v: v.o * v.g), "The candidate is shown"),
        "shows the rest": (step_with(h=lambda v: (1 - v.o) * v.c), "The share that is shown is o"),
        "the library": (library_step, "calls exercises.mixed_exam.run_coupled"),
        "tanh": (step_with(h=lambda v: v.o * np.tanh(v.c)), "This cell has no tanh"),
        "clipped": (step_with(h=lambda v: v.o * np.clip(v.c, -1, 1)), "h is off"),
        "keeps whole": (step_with(c=lambda v: v.c_before + v.i * v.g), "The old cell is kept whole"),
        "shares turned": (step_with(c=lambda v: v.i * v.c_before + (1 - v.i) * v.g), "The shares are swapped"),
        "nothing kept": (step_with(c=lambda v: v.i * v.g), "What stays of the old cell is missing"),
        "g whole": (step_with(c=lambda v: (1 - v.i) * v.c_before + v.g), "g comes in whole"),
        "h for c": (step_with(c=lambda v: (1 - v.i) * v.h_before + v.i * v.g), "h_before is used instead"),
        "o for f": (step_with(c=lambda v: v.o * v.c_before + v.i * v.g), "o is used instead of 1 - i"),
        "shown whole": (step_with(h=lambda v: v.c), "The cell is shown whole"),
        "i shows": (step_with(h=lambda v: v.i * v.c), "i is used instead of o"),
        "old cell shown": (step_with(h=lambda v: v.o * v.c_before), "The old cell is shown"),
        "no curve": (step_with(gate=lambda z: z), "its sigmoid or tanh is missing"),
        "candidate through the sigmoid": (step_with(candidate=sigmoid), "The wrong function was used"),
        "gates through tanh": (step_with(gate=np.tanh), "The wrong function was used"),
        "plus in the exponent": (
            step_with(gate=lambda z: 1 / (1 + np.exp(z))),
            "This is 1 minus the gate. Is the minus in the exponent missing?",
        ),
        "W transposed": (step_with(W=np.transpose), "W is transposed"),
        "no W": (step_with(W=lambda W: 0 * W), "The part with W is missing"),
        "c for h in the gates": (step_from_c, "W acts on h_before"),
        "a row of U": (step_row_of_u, "raised"),
        "c and h swapped": (step_with(order="ioghc"), "c and h are swapped"),
        "order": (step_with(order="igoch"), "This is g. The order is"),
        "four arrays": (step_with(order="ioch"), "should return 5 arrays"),
        "in place": (step_in_place, "writes to what it was given, c_before"),
    },
    "check_errors": {
        "a copy nudged": (
            edited(errors_with, "loss_of(moved)", "loss_of(net)")(),
            "did you nudge a copy and give the loss the net itself?",
        ),
        "one side": (errors_with(central=False), "A step near 1e-5 both ways"),
        "large step": (errors_with(step=1e-1), "This gradient is right, so"),
        "larger numbers": (errors_by_larger_numbers, "The error of Wg is off"),
        "divided by one step": (
            errors_with(step=1e-5, over=1),
            "counts as 0. An error of 0.5 comes from a",
        ),
        "not written back": (errors_with(restore=False), "write the old value back"),
        "not divided": (errors_with(divide=lambda gap, a, b: gap), "divide it by the larger"),
        "by the sum": (errors_with(divide=lambda gap, a, b: gap / (a + b)), "divides by the sum"),
        "by the mean": (errors_with(divide=lambda gap, a, b: 2 * gap / (a + b)), "divides by the mean of the norms"),
        "by the student's": (
            errors_with(divide=lambda gap, a, b: gap / b if b else 0.0),
            "divides by the norm of grads[name], whichever",
        ),
        "by one's own": (
            errors_with(divide=lambda gap, a, b: gap / a if a else 0.0),
            "divides by the norm of your slopes, whichever",
        ),
        "by the smaller if there is one": (
            errors_with(divide=lambda gap, a, b: gap / min(a, b) if min(a, b) else 0.0),
            "divides by the smaller norm; divide by the larger",
        ),
        "norms alone": (errors_with(divide=lambda gap, a, b: abs(a - b) / max(a, b)), "by their norms alone"),
        "squares": (errors_with(norm=lambda a: (a**2).sum()), "The square root is missing"),
        "largest entry": (errors_with(norm=lambda a: abs(a).max()), "The error of"),
        "0/0": (errors_with(zero=None), "The error of C is nan"),
        "behind minus ahead": (errors_with(over=-2), "your slopes have the wrong sign"),
        "a number": (lambda *given: 0.0, "should return a dictionary (C), but returns 0.0 (float)"),
        "a list": (lambda *given: list(errors_with()(*given).values()), "should return a dictionary"),
        "seven names": (errors_of_seven, "raised KeyError"),
        "moves the net": (errors_in_place, "writes to what it was given, net"),
    },
    "check_ladder": {
        "A at one step": (
            said(A=(1, "Wi Wg Ui Ug")),
            "shows at T = 1, but there all seven are right.",
        ),
        "a float": (said(C=(2.0, "Ui Uo Ug")), "first shows at T = 2, but there all seven are right"),
        "A with o": (said(A=(2, "Wi Wo Wg Ui Uo Ug")), "You name dWo, which is right there; 4 of the seven are wrong."),
        "A at three steps": (said(A=(3, "Wi Wg Ui Ug")), "a shorter sequence shows it"),
        "B, o alone": (said(B=(2, "Wo Uo")), "You name 2 of the 6"),
        "B with V": (said(B=(2, "V Wi Wo Wg Ui Uo Ug")), "You name dV"),
        "C at two steps": (said(C=(2, "Ui Uo Ug")), "At which T does a token appear again?"),
        "C with W": (said(C=(3, "Wi Wo Wg Ui Uo Ug")), "You name dWi"),
        "D, W alone": (said(D=(1, "Wo")), "You name 1 of the 2"),
        "E without V": (said(E=(1, "Wi Wo Wg Ui Uo Ug")), "You name 6 of the 7"),
        "D, nothing named": (said(D=(1, "")), "You name none of the 2 gradients that are wrong there; each"),
        "the form as it is": (lambda: dict.fromkeys("ABCDE", (1, "")), "is not right yet"),
        "not a dictionary": (lambda: list(LADDER.values()), "should return a dictionary"),
        "a letter left out": (lambda: {key: LADDER[key] for key in "ABCE"}, "The dictionary has no 'D'"),
        "names alone": (said(A="Wi Wg"), "should have a T and names"),
        "T as text": (said(A=("2", "Wi Wg Ui Ug")), "should be a whole number from 1 to 6"),
        "an unknown name": (said(A=(2, "Wf Uf")), "and 'Uf' is none of them"),
    },
    "check_repair": {
        "the library": (lambda p, x, target, h0, c0: lt.bptt(p, x, [target] * len(x), h0, c0), "calls lt.bptt"),
        "as it was": (repair_with("slope of o", "Wo left out"), "still the numbers of the pass as it was"),
        "slope repaired": (repair_with("Wo left out"), "another one is left, and T = 2 shows it"),
        "sum repaired": (repair_with("slope of o"), "the one that shows at T = 1 is left"),
        "half the slope": (repair_with("half the slope"), "The slope of the sigmoid has two factors."),
        "the other half": (repair_with("the other half"), "The slope of the sigmoid has two factors."),
        "half the slope, no Wo": (repair_with("half the slope", "Wo left out"), "and another fault is left"),
        "lesson 4": (repair_every_loss, "wrong: dV"),
        "W not turned": (repair_with("W not turned"), "W has to be transposed"),
        "from zeros": (repair_from_zeros, "wrong: dV"),
        "mean": (repair_changed(lambda grads, x: grads.flat.__itruediv__(len(x)) is None), "an error of 0.5"),
        "signs": (repair_changed(lambda grads, x: np.negative(grads.flat, out=grads.flat) is None), "an error of 2"),
        "eight": (repair_changed(lambda grads, x: grads.values()[1:]), "returns 8 things"),
        "not a number": (repair_changed(lambda grads, x: grads.Wo.fill(np.nan)), "nan"),
        "writes to h0": (repair_to_h0, "writes to what it was given, h0"),
    },
    "check_back": {
        **{
            f"W{a} not transposed": (back_with_one_not_transposed(a), f"W{a} has to be transposed, like the other")
            for a in "iog"
        },
        "tanh in do": (back_with(do=lambda v: v.dh * np.tanh(v.c)), "This cell has no tanh"),
        "do by o": (back_with(do=lambda v: v.dh * v.o), "the other factor, c"),
        "do by the old cell": (back_with(do=lambda v: v.dh * v.c_before), "The old cell is used here"),
        "slope of tanh": (back_with(dc=lambda v: v.dh * v.o * (1 - np.tanh(v.c) ** 2) + v.dc_carry), "no tanh between"),
        "slope at c": (back_with(dc=lambda v: v.dh * v.o * (1 - v.c**2) + v.dc_carry), "1 - c**2 is a slope"),
        "no carry": (back_with(dc=lambda v: v.dh * v.o), "dc_carry is missing"),
        "o on the carry": (back_with(dc=lambda v: (v.dh + v.dc_carry) * v.o), "has been multiplied by o"),
        "di of the LSTM": (back_with(di=lambda v: v.dc * v.g), "only i * g is counted"),
        "di of the old cell": (back_with(di=lambda v: -v.dc * v.c_before), "only (1 - i) * c_before"),
        "di turned": (back_with(di=lambda v: v.dc * (v.c_before - v.g)), "The sign is wrong"),
        "di with plus": (back_with(di=lambda v: v.dc * (v.c_before + v.g)), "counts with a minus"),
        "di with the new cell": (back_with(di=lambda v: v.dc * (v.g - v.c)), "c[t] is used instead of c[t-1]"),
        "di from dh": (back_with(di=lambda v: v.dh * (v.g - v.c_before)), "dh is used instead of dc"),
        "dg by g": (back_with(dg=lambda v: v.dc * v.g), "the other factor is i"),
        "dg by 1 - i": (back_with(dg=lambda v: v.dc * (1 - v.i)), "1 - i belongs to the old cell"),
        "no slope": (back_with(dzi=lambda v: v.di), "The slope of the curve is missing"),
        "tanh's slope": (back_with(dzo=lambda v: v.do * (1 - v.o**2)), "The slope is that of the other function"),
        "half a slope": (back_with(dzi=lambda v: v.di * (1 - v.i)), "Half of the slope is missing"),
        "the other half": (back_with(dzo=lambda v: v.do * v.o), "Half of the slope is missing"),
        "half the slope of tanh": (back_with(dzg=lambda v: v.dg * (1 + v.g)), "Half of the slope is missing"),
        "W not transposed": (
            back_with(dh_before=lambda v: sum(v.net["W" + a] @ getattr(v, "dz" + a) for a in "iog")),
            "W has to be transposed",
        ),
        "no Wo": (back_with(dh_before=lambda v: without(v, "o")), "What comes through Wo is missing"),
        "gates for dz": (
            back_with(dh_before=lambda v: sum(v.net["W" + a].T @ getattr(v, "d" + a) for a in "iog")),
            "instead of those of the pre-activations",
        ),
        "carry by i": (back_with(dc_before=lambda v: v.dc * v.i), "what is kept of the old cell is 1 - i"),
        "carry whole": (back_with(dc_before=lambda v: v.dc), "Only a share 1 - i"),
        "total carry": (
            back_with(dc_before=lambda v: v.dc * (1 - v.i) + v.run.o[v.t - 1] * v.dh_before),
            "What goes through h is in dh_before already",
        ),
        "the carried part alone": (back_with(dc_before=lambda v: v.dc_carry * (1 - v.i)), "all of dc has to"),
        "di left at zero": (back_with(di=lambda v: 0 * v.dc), "dzi is off at unit 0: yours is 0"),
        "two mistakes": (back_with(di=lambda v: v.dc * v.g, dzg=lambda v: v.dg), "7 of 9 parts"),
        "no initial cell": (back_without_row_minus_one, "In step 0 of another net"),
        "in place": (back_in_place, "writes to what it was given, dc_carry"),
        "a tuple": (lambda *given: tuple(back(*given).values()), "should return a dictionary"),
        "two names": (lambda *given: {k: back(*given)[k] for k in ("do", "dc")}, "The answer has no dzi"),
    },
    "check_pass": {
        "one array": (whole_with("one array"), "The two carried deltas are one array"),
        "no carry": (whole_with("A"), "Nothing is carried back through c"),
        "no Wo": (whole_with("B"), "What Wo sends back is missing"),
        "overwrites": (whole_with("C"), "overwrites what its column"),
        "no slope": (whole_with("D"), "The slope of the sigmoid of o is missing"),
        "from zeros": (whole_with("E"), "The forward pass began from zeros"),
        "di of the LSTM": (whole_with("copied di"), "di is dc * g, as in the LSTM"),
        "carry whole": (whole_with("carry whole"), "dc is handed on whole"),
        "carry by i": (whole_with("carry by i"), "dc is handed on times i"),
        "h not carried": (whole_with("h not carried"), "Nothing is carried back through h"),
        "not transposed": (whole_with("not transposed"), "W is used where its transpose is needed"),
        "slope of tanh": (whole_with("slope of tanh"), "dc has the slope of a tanh"),
        "tanh of c": (whole_with("tanh of c"), "do has tanh(c)"),
        "c read, not carried": (
            edited(
                whole, 'dh_future, dc_carry = step["dh_before"], step["dc_before"]', 'dh_future = step["dh_before"]'
            ),
            "Nothing is carried back through c",
        ),
        "c added up": (
            edited(whole, 'step["dc_before"]', 'dc_carry + step["dc_before"]'),
            "dc_before is added to what",
        ),
        "h added up": (
            edited(whole, 'step["dh_before"]', 'dh_future + step["dh_before"]'),
            "dh_before is added to what",
        ),
        "both added up": (
            edited(
                whole,
                "dh_future, dc_carry = step",
                "dh_future, dc_carry = dh_future + step",
                ', step["dc',
                ', dc_carry + step["dc',
            ),
            "dh_before and dc_before are added",
        ),
        "forward": (edited(whole, "range(len(x) - 1, -1, -1)", "range(len(x))"), "the first step to the last"),
        "without the last step": (
            edited(whole, "range(len(x) - 1, -", "range(len(x) - 2, -"),
            "leaves out the last step",
        ),
        "without step 0": (edited(whole, "range(len(x) - 1, -1, -1)", "range(len(x) - 1, 0, -1)"), "leaves out step 0"),
        "product turned": (
            edited(whole, 'np.outer(step["dz" + a], run.h[t - 1])', 'run.h[t - 1][:, None] * step["dz" + a]'),
            "The factors of dW are swapped",
        ),
        "W once": (edited(whole, 'grads["W" + a] +=', 'grads["W" + a] ='), "overwrites the dW"),
        "V once": (edited(whole, 'grads["V"] +=', 'grads["V"] ='), "overwrites the dV"),
        "V from before": (edited(whole, "(dy, run.h[t])", "(dy, run.h[t - 1])"), "dV is made with h[t-1]"),
        "column of the target": (edited(whole, "[:, x[t]]", "[:, targets[t]]"), "the column of targets[t]"),
        "column before": (edited(whole, "[:, x[t]]", "[:, x[t - 1]]"), "the column of x[t-1]"),
        "gate of the step before": (whole_with("gate of the step before"), "dc is handed on with i[t-1]"),
        "1 added": (edited(whole, "run.y[t] - np", "run.y[t] + np"), "1 is added to y"),
        "c whole": (whole_with("c whole"), "o is missing in dc"),
        "sign of di": (whole_with("sign of di"), "di has the wrong sign"),
        "clips": (
            whole_changed(lambda grads: {name: np.clip(g, -5, 5) for name, g in grads.items()}),
            "In shorter sequences this gradient is right. If the other six are too, look at what is carried",
        ),
        "last loss": (whole_with("last loss"), "Only the loss of the last step"),
        "h of the same step": (whole_with("same h"), "dW is made with h[t]"),
        "y": (whole_with("y"), "this is y itself"),
        "mean": (whole_with("mean"), "This is the mean over the steps"),
        "measured by complex steps of one's own": (whole_measured(loss_of_own_steps, 1e-100j), "derive them instead"),
        "signs": (
            whole_changed(lambda grads: {name: -grad for name, grad in grads.items()}),
            "Every sign is flipped",
        ),
        "V left out": (whole_changed(lambda grads: grads.pop("V") is None), "The answer has no V"),
        "turned": (whole_changed(lambda grads: {name: grad.T for name, grad in grads.items()}), "should be an array"),
        "not a number": (whole_changed(lambda grads: grads["Wo"].fill(np.nan)), "dWo is nan"),
        "steps downhill": (whole_to_net, "writes to what it was given, net"),
    },
    "check_derivatives": {
        "sign of i": (
            derivatives_with(lambda v: (v.kept, v.kept + (v.by_g - v.by_i) * v.o_before)),
            "through i has the wrong sign",
        ),
        "g subtracted": (
            derivatives_with(lambda v: (v.kept, v.kept + (v.by_i - v.by_g) * v.o_before)),
            "through g is subtracted",
        ),
        "c for o": (
            derivatives_with(lambda v: (v.kept, v.kept + (v.by_i + v.by_g) * v.before)),
            "c[t-1] is used instead of o[t-1]",
        ),
        "slope of o": (
            derivatives_with(lambda v: (v.kept, v.kept + (v.by_i + v.by_g) * v.o_before * (1 - v.o_before))),
            "o[t-1] is held fixed",
        ),
        "no slope of g": (
            derivatives_with(lambda v: (v.kept, v.kept + (v.by_i + v.by_g / (1 - v.g**2)[:, None]) * v.o_before)),
            "slope of the tanh is missing",
        ),
        "no slope of i": (
            derivatives_with(lambda v: (v.kept, v.kept + (v.by_i / (v.i * (1 - v.i))[:, None] + v.by_g) * v.o_before)),
            "slope of the sigmoid is missing",
        ),
        "i kept": (
            derivatives_with(lambda v: (np.diag(v.i), v.kept + (v.by_i + v.by_g) * v.o_before)),
            "kept is 1 - i",
        ),
        "swapped": (lambda *given: derivatives_by_matrices(*given)[::-1], "The two are swapped: immediate"),
        "twice immediate": (derivatives_with(lambda v: (v.kept, v.kept)), "in the total one i and g move too"),
        "twice total": (
            derivatives_with(lambda v: (v.kept + (v.by_i + v.by_g) * v.o_before,) * 2),
            "in the immediate one i and g are held fixed",
        ),
        "along the columns": (derivatives_along_the_columns, "write [:, None] after them"),
        "no diagonal": (
            derivatives_with(lambda v: (v.kept, 1 - v.i + (v.by_i + v.by_g) * v.o_before)),
            "here 1 - i is added to every row",
        ),
        "no i": (derivatives_with(lambda v: (v.kept, v.kept + v.by_g * v.o_before)), "The road through i is missing"),
        "no g": (derivatives_with(lambda v: (v.kept, v.kept + v.by_i * v.o_before)), "The road through g is missing"),
        "nothing kept": (
            derivatives_with(lambda v: (v.kept, (v.by_i + v.by_g) * v.o_before)),
            "What is kept is missing",
        ),
        "no o": (derivatives_with(lambda v: (v.kept, v.kept + v.by_i + v.by_g)), "o of step t-1 is missing"),
        "o of step t": (
            derivatives_with(lambda v: (v.kept, v.kept + (v.by_i + v.by_g) * v.o)),
            "o of step t is used instead",
        ),
        "o on rows": (
            derivatives_with(lambda v: (v.kept, v.kept + (v.by_i + v.by_g) * v.o_before[:, None])),
            "o[t-1] belongs to the columns",
        ),
        "transposed": (
            derivatives_with(lambda v: (v.kept, (v.kept + (v.by_i + v.by_g) * v.o_before).T)),
            "The matrix is transposed",
        ),
        "slope of tanh": (
            derivatives_with(
                lambda v: (v.kept, v.kept + (v.by_i + v.by_g) * v.o_before * (1 - np.tanh(v.before) ** 2))
            ),
            "so there is no slope of one",
        ),
        "di of the LSTM": (
            derivatives_with(lambda v: (v.kept, v.kept + (v.g_alone + v.by_g) * v.o_before)),
            "the old cell counts too",
        ),
        "a vector": (derivatives_with(lambda v: (1 - v.i, v.kept)), "should be an array of shape (3, 3)"),
        "broadcast": (
            derivatives_with(lambda v: (np.tile(1 - v.i, (len(v.i), 1)), v.kept)),
            "Each unit keeps only its own cell",
        ),
        "one matrix": (derivatives_with(lambda v: v.kept), "should return 2 arrays"),
        "in place": (derivatives_in_place, "writes to what it was given, run"),
    },
    "check_bias": {
        "log2": (lambda share, steps: bias(share, steps) / np.log(2), "The logarithm has base 2"),
        "forget gate": (lambda share, steps: -bias(share, steps), "the sign is wrong"),
        "i itself": (lambda share, steps: 1 - share ** (1 / steps), "Yours is i itself"),
        "1 - i": (lambda share, steps: share ** (1 / steps), "Yours is 1 - i"),
        "no root": (lambda share, steps: bias(share, 1), "for all the steps together"),
        "spread evenly": (
            lambda share, steps: np.log((1 - share) / steps / (1 - (1 - share) / steps)),
            "spread evenly",
        ),
        "lost for kept": (lambda share, steps: bias(1 - share, steps), "what is kept, not what is lost"),
        "base 10": (lambda share, steps: bias(share, steps) / np.log(10), "base 10"),
        "power for root": (lambda share, steps: bias(share**steps, 1), "take the root instead"),
        "rounded": (lambda share, steps: round(bias(share, steps), 2), "With your b, 0.4986 is left"),
        "to three places": (lambda share, steps: round(bias(share, steps), 3), "asks for at least four decimal places"),
        "a matrix": (lambda share, steps: np.full((2, 2), bias(share, steps)), "should be a single number"),
        "zero": (lambda share, steps: 0.0, "With your b, 0.0009766 is left"),
        "returns nothing": (lambda *given: print(end=""), "is a return missing"),
    },
}
