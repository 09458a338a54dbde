"""The nine matrices of the LSTM as named views of one flat vector. Imports numpy and the input checks only."""

from collections.abc import ItemsView, Iterator, Mapping, Sequence
from typing import Self

import numpy as np

from lstm_teach import validate

GATES = ("i", "f", "o", "g")


class Params:
    """The nine matrices `V, Wi, Wf, Wo, Wg, Ui, Uf, Uo, Ug`; a gradient is a `Params` too.

    All numbers live in `flat`, one float64 vector of n = vocab_size*H + 4*H*H + 4*H*vocab_size entries.
    The matrices are views of it: `params.Wf[0, 1] = 3` changes `params.flat`, and `params.Wf = array` copies the
    array in. The four gates lie one below the other, so that `params.W` (4H, H) and `params.U` (4H, vocab_size) are
    views as well: rows 0..H-1 belong to the gate i, then f, o, g.

        V               (vocab_size, H)   output weights, scores = V h[t]
        Wi Wf Wo Wg     (H, H)            recurrent weights, act on h[t-1]
        Ui Uf Uo Ug     (H, vocab_size)   input weights, column x[t] is picked

    `flat` may have leading axes (B, n): then each matrix has them too, and `forward` and `loss` run all B nets at once.
    It may also be float32 or complex128 (see `astype`), to check in single precision or by a complex step.
    """

    NAMES = ("V", "Wi", "Wf", "Wo", "Wg", "Ui", "Uf", "Uo", "Ug")

    flat: np.ndarray
    vocab_size: int
    hidden_size: int

    def __init__(self, vocab_size: int, hidden_size: int, flat: np.ndarray | None = None):
        K = validate.whole_number("vocab_size", vocab_size)
        H = validate.whole_number("hidden_size", hidden_size)
        n = K * H + 4 * H * H + 4 * H * K
        validate.room("a net", n, vocab_size=K, hidden_size=H)
        if flat is None:
            flat = _zeros(n, K * H)
        if not isinstance(flat, np.ndarray) or flat.dtype.kind not in "fc":
            got = f"an array of dtype {flat.dtype}" if isinstance(flat, np.ndarray) else validate.brief(flat)
            raise TypeError(f"flat must be an array of floating-point numbers, got {got}.")
        if flat.shape[-1:] != (n,):
            sizes = f"vocab_size {K} and hidden_size {H}"
            raise ValueError(f"flat must have {n} entries for {sizes}, got shape {flat.shape}.")
        lead = flat.shape[:-1]
        W_from, U_from = K * H, K * H + 4 * H * H
        views = {
            "V": flat[..., :W_from].reshape(*lead, K, H),
            "W": flat[..., W_from:U_from].reshape(*lead, 4 * H, H),
            "U": flat[..., U_from:].reshape(*lead, 4 * H, K),
        }
        for block in "WU":
            for row, gate in enumerate(GATES):
                views[block + gate] = views[block][..., row * H : (row + 1) * H, :]
        self.__dict__.update(views, flat=flat, vocab_size=K, hidden_size=H)

    @classmethod
    def zeros(cls, vocab_size: int, hidden_size: int) -> Self:
        """Nine matrices of zeros."""
        return cls(vocab_size, hidden_size)

    @classmethod
    def random(
        cls, vocab_size: int, hidden_size: int, seed: int = 0, scale: float = 0.8, forget_bias: float = 0.0
    ) -> Self:
        """Draw every weight from a normal distribution with mean 0 and standard deviation `scale`.

        `forget_bias` is added to every column of `Uf`. Inputs are one-hot, so one column is picked at each step,
        and a number in all of them acts as a bias of the forget gate.
        """
        forget_bias = validate.finite_number("forget_bias", forget_bias)
        params = cls(vocab_size, hidden_size)
        params.flat[:] = normal_numbers(params.flat.size, seed, scale)
        params.Uf += forget_bias
        return params

    @classmethod
    def like(cls, params: Self, matrices: Self | Mapping[str, np.ndarray] | Sequence[np.ndarray]) -> Self:
        """Collect nine matrices, by name or in the order of `NAMES`, in a new `Params` shaped like `params`."""
        validate.instance("params", params, Params, "a Params")
        if isinstance(matrices, Sequence) and not isinstance(matrices, str):
            if len(matrices) != 9:
                raise ValueError(f"matrices must be nine, in the order {', '.join(cls.NAMES)}; got {len(matrices)}.")
            matrices = dict(zip(cls.NAMES, matrices, strict=True))
        if not isinstance(matrices, Mapping | Params):
            got = validate.brief(matrices)
            raise TypeError(f"matrices must be a Params, a mapping or a sequence of nine arrays, got {got}.")
        names = list(matrices.keys())
        missing = [name for name in cls.NAMES if name not in names]
        unknown = [name for name in names if name not in cls.NAMES]
        if missing or unknown:
            said = f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(map(str, unknown)) or 'none'}"
            raise ValueError(f"matrices must have the nine names {', '.join(cls.NAMES)}; {said}.")
        new = cls(params.vocab_size, params.hidden_size)
        for name in cls.NAMES:
            new[name] = matrices[name]
        return new

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.NAMES:
            raise KeyError(f"no matrix is called {name!r}; the names are {', '.join(self.NAMES)}")
        return self.__dict__[name]

    def __setitem__(self, name: str, value: np.ndarray) -> None:
        view = self[name]
        if value is not view:  # `params.Wf += 1` assigns the view to itself
            view[...] = validate.real_array(name, value, view.shape, view.dtype)

    def __setattr__(self, name: str, value: np.ndarray) -> None:
        if name in self.NAMES:
            if isinstance(value, float | int):
                every = f"to set every entry, put [:] after the name, as in params.{name}[:] = {value}"
                raise ValueError(f"{name} must have shape {self[name].shape}, got a single number; {every}.")
            self[name] = value
        elif name not in ("W", "U", "flat") or value is not self.__dict__[name]:
            raise AttributeError(f"{name!r} can't be set; assign to one of {', '.join(self.NAMES)}, or to flat[:]")

    def keys(self) -> tuple[str, ...]:
        """The nine names, in the question's order."""
        return self.NAMES

    def values(self) -> list[np.ndarray]:
        """The nine matrices (views), in the order of `NAMES`."""
        return [self[name] for name in self.NAMES]

    def items(self) -> ItemsView[str, np.ndarray]:
        """Pairs of name and matrix (a view), in the order of `NAMES`."""
        return {name: self[name] for name in self.NAMES}.items()

    def __iter__(self) -> Iterator[str]:
        return iter(self.NAMES)

    def __len__(self) -> int:
        return len(self.NAMES)

    def copy(self) -> Self:
        """An independent copy: a new vector and new views."""
        return Params(self.vocab_size, self.hidden_size, self.flat.copy())

    def astype(self, dtype: type) -> Self:
        """A copy in another floating-point type: float32, float64 or complex128."""
        try:
            kind = np.dtype(dtype).kind
        except Exception:
            kind = None
        if kind not in ("f", "c"):
            raise TypeError(f"dtype must be float32, float64 or complex128, got {validate.brief(dtype)}.")
        return Params(self.vocab_size, self.hidden_size, self.flat.astype(dtype))

    def __reduce__(self):
        # Copied by attributes, the views would no longer share the vector's memory.
        return Params, (self.vocab_size, self.hidden_size, self.flat.copy())

    def __repr__(self) -> str:
        *lead, n = self.flat.shape
        nets = f", {tuple(lead)} nets" if lead else ""
        return f"Params(vocab_size={self.vocab_size}, hidden_size={self.hidden_size}, {n} numbers{nets})"


def _zeros(size: int, place: int) -> np.ndarray:
    """A vector of zeros; entry `place` (where W begins) opens a cache line, which makes products with W faster."""
    room = np.zeros(size + 7)  # a line is 64 bytes, eight numbers
    shift = -(room.ctypes.data // 8 + place) % 8
    return room[shift : shift + size]


def normal_numbers(size: int, seed: int, scale: float) -> np.ndarray:
    """`size` numbers with mean 0 and standard deviation `scale`; raise for a bad seed or scale."""
    scale = validate.finite_number("scale", scale)
    if scale < 0:
        raise ValueError(f"scale must not be negative (it is a standard deviation), got {scale}.")
    return scale * np.random.default_rng(validate.whole_number("seed", seed, 0)).standard_normal(size)
