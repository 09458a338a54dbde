"""What the two processes of grading say to each other: JSON with arrays in it, never code and never pickles.

score.py judges, worker.py runs what a learner wrote. Imports numpy and the library's plain data only. Everything that
comes back from the worker is data of the kinds below, so nothing that a submission sends can run in the judge.
"""

import base64
import builtins
import importlib
import itertools
import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import SimpleNamespace
from typing import Any, BinaryIO

import numpy as np

from lstm_teach import rnn
from lstm_teach.params import Params

LARGEST = 64 * 2**20  # bytes of one message
DEEPEST = 40  # lists in lists
NETS = {"lstm": Params, "rnn": rnn.Params}


class Unknown:
    """An object of a class that this process does not know; it can be named, by a class of that name, and not used."""

    def __repr__(self):
        return "an object that only the process of the submission knows"  # too long for `brief` to quote, on purpose


class Broken(Exception):
    """What came isn't a message, or is too large for one."""


def write(stream: BinaryIO, message: Any) -> None:
    """Send one message: its length in eight bytes, and then JSON."""
    data = json.dumps(message).encode()
    if len(data) > LARGEST:
        raise Broken(f"an answer of {len(data) // 2**20} MB is too large")
    stream.write(len(data).to_bytes(8, "big") + data)
    stream.flush()


def read(stream: BinaryIO) -> Any:
    """The next message, None at the end of the stream; `Broken` if it is none."""
    head = stream.read(8)
    if len(head) < 8:
        return None
    length = int.from_bytes(head, "big")
    if length > LARGEST:
        raise Broken("what came is too large")
    data = stream.read(length)
    if len(data) < length:
        return None
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Broken("what came isn't a message") from error


def encode(value: Any, function: Callable[[Any], Any], depth: int = 0) -> Any:
    """A value as JSON; `function` says what to send for something that can be called."""
    if depth > DEEPEST:
        raise Broken("an answer is nested too deeply")

    def inner(part: Any) -> Any:
        return encode(part, function, depth + 1)

    if type(value) is int and value.bit_length() > 10_000:  # Python writes it out in powers of two only
        return {"whole": hex(value)}
    if value is None or type(value) in (bool, int, float, str):
        return value
    if value is Ellipsis:
        return {"...": 0}
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            return {"objects": [list(value.shape), [inner(each) for each in value.ravel()]]}
        if value.dtype.names or value.dtype.kind in "VmM":
            return {"unknown": "ndarray"}
        return {"array": [value.dtype.str, list(value.shape), _text(np.ascontiguousarray(value).tobytes())]}
    if isinstance(value, np.generic) and value.dtype.kind in "biufcSU":
        return {"number": [value.dtype.str, _text(value.tobytes())]}
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    for name, kind in (("tuple", tuple), ("list", list), ("set", set), ("frozenset", frozenset)):
        if isinstance(value, kind):
            return {name: [inner(each) for each in value]}
    if isinstance(value, range):
        return {"range": [value.start, value.stop, value.step]}
    if isinstance(value, Mapping):
        return {"dict": [[inner(key), inner(each)] for key, each in value.items()]}
    if isinstance(value, SimpleNamespace):
        return {"namespace": inner(vars(value))}
    for name, kind in NETS.items():
        if isinstance(value, kind):
            return {"net": [name, value.vocab_size, value.hidden_size, inner(value.flat)]}
    name = [type(value).__module__, type(value).__name__]
    if is_dataclass(type(value)) and name[0].startswith("lstm_teach."):
        return {"record": [name, [[each.name, inner(getattr(value, each.name))] for each in fields(value)]]}
    if isinstance(value, np.random.Generator):
        return {"generator": [type(value.bit_generator).__name__, inner(value.bit_generator.state)]}
    if callable(value):
        return {"function": function(value)}
    if isinstance(value, bool | int | float | str):  # of a subclass
        return next(kind(value) for kind in (bool, int, float, str) if isinstance(value, kind))
    if isinstance(value, deque):
        return {"deque": [inner(each) for each in value]}
    if hasattr(type(value), "__array__"):  # a tensor of another library; a check in class reads it so too
        return inner(np.asarray(value))
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return {"list": [inner(each) for each in value]}
    return {"unknown": type(value).__name__}


def decode(data: Any, function: Callable[[Any], Any]) -> Any:
    """The value again; `function` makes something that can be called out of what was sent for it."""
    try:
        return _decode(data, function, 0)
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, ImportError, MemoryError) as error:
        raise Broken("what came isn't a value") from error


def _decode(data: Any, function: Callable[[Any], Any], depth: int) -> Any:
    if depth > 2 * DEEPEST:
        raise Broken("what came is nested too deeply")

    def inner(part: Any) -> Any:
        return _decode(part, function, depth + 1)

    if data is None or isinstance(data, bool | int | float | str):
        return data
    ((kind, content),) = data.items()
    if kind in ("tuple", "list", "set", "frozenset"):
        return getattr(builtins, kind)(inner(each) for each in content)
    match kind:
        case "deque":
            return deque(map(inner, content))
        case "array":
            dtype, shape, text = content
            return np.frombuffer(_bytes(text), _plain(dtype)).reshape([int(n) for n in shape]).copy()
        case "objects":
            shape, values = content
            array = np.empty(len(values), dtype=object)
            array[:] = [inner(each) for each in values]
            return array.reshape([int(n) for n in shape])
        case "number":
            return np.frombuffer(_bytes(content[1]), _plain(content[0]))[0]
        case "whole":
            return int(content, 16)
        case "complex":
            return complex(*map(float, content))
        case "range":
            numbers = range(*map(int, content))
            if len(numbers) > LARGEST // 64:
                raise Broken("a range of that length is too large")
            return numbers
        case "dict":
            return {inner(key): inner(each) for key, each in content}
        case "namespace":
            return SimpleNamespace(**inner(content))
        case "net":
            name, vocab_size, hidden_size, flat = content
            return NETS[name](int(vocab_size), int(hidden_size), inner(flat))
        case "record":
            record = object.__new__(_record(*content[0]))
            known = {each.name for each in fields(record)}
            for name, each in content[1]:
                if name in known:
                    object.__setattr__(record, name, inner(each))
            return record
        case "generator":
            if content[0] not in ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"):
                raise Broken("what came isn't a generator of random numbers")
            source = getattr(np.random, content[0])()
            source.state = inner(content[1])
            return np.random.Generator(source)
        case "function":
            return function(content)
        case "...":
            return Ellipsis
        case "unknown":
            kind = str(content)[:80]
            return type(kind if kind.isidentifier() else "object", (Unknown,), {})()
    raise Broken(f"what came is of no known kind: {kind}")


def put_into(old: Any, new: Any) -> None:
    """Write what `new` holds into `old`, an argument that a function has changed in place, as far as that can be."""
    if isinstance(old, np.ndarray):
        if isinstance(new, np.ndarray) and new.shape == old.shape and old.flags.writeable:
            old[...] = new
    elif isinstance(old, tuple(NETS.values())):
        if type(new) is type(old):
            put_into(old.flat, new.flat)
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) == len(new):
            new = [_changed(a, b) for a, b in zip(old, new, strict=True)]
        old[:] = new
    elif isinstance(old, dict) and isinstance(new, dict):
        kept = {key: _changed(old[key], each) if key in old else each for key, each in new.items()}
        old.clear()
        old.update(kept)
    elif isinstance(old, set) and isinstance(new, set):
        old.clear()
        old.update(new)
    elif isinstance(old, SimpleNamespace) and isinstance(new, SimpleNamespace):
        put_into(vars(old), vars(new))
    elif isinstance(old, tuple) and isinstance(new, tuple):
        for a, b in zip(old, new, strict=False):
            put_into(a, b)
    elif isinstance(old, np.random.Generator) and isinstance(new, np.random.Generator):
        old.bit_generator.state = new.bit_generator.state
    elif is_dataclass(type(old)) and type(new) is type(old):
        for each in fields(old):
            put_into(getattr(old, each.name), getattr(new, each.name))


def shared(value: Any, args: Sequence) -> list[list[int]]:
    """Which arrays of an answer (a tuple, list or dict) are an argument's own: their places, and the arguments'."""
    parts = [*value.values()] if isinstance(value, dict) else value if isinstance(value, tuple | list) else []
    arrays = [[(n, one) for n, one in enumerate(each) if isinstance(one, np.ndarray)] for each in (parts, args)]
    return [[k, n] for (k, one), (n, given) in itertools.product(*arrays) if np.may_share_memory(one, given)]


def joined(value: Any, pairs: list[list], args: Sequence) -> Any:
    """The answer with the judge's own arguments in it where the learner's function has returned what it was given."""
    if not isinstance(value, tuple | list | dict):
        return value
    parts = [*value.values()] if isinstance(value, dict) else [*value]
    for k, n in pairs:
        if k < len(parts) and n in range(len(args)) and np.array_equal(parts[k], args[n]):
            parts[k] = args[n]
    return dict(zip(value, parts, strict=True)) if isinstance(value, dict) else type(value)(parts)


def _changed(old: Any, new: Any) -> Any:
    """The old object with the new content, if it is one that can be changed; else the new one."""
    if callable(old):
        return old
    if type(old) is type(new) and not isinstance(old, str | int | float | bool | complex | type(None)):
        if isinstance(old, np.ndarray) and old.shape != new.shape:
            return new
        put_into(old, new)
        return old
    return new


def _record(module: str, name: str) -> type:
    """A dataclass of the library; `Broken` if there is none of that name."""
    found = None
    if module.startswith("lstm_teach.") and module.replace(".", "").isidentifier():
        found = getattr(importlib.import_module(module), name, None)
    if not isinstance(found, type) or not is_dataclass(found):
        raise Broken(f"the library has no record {module}.{name}")
    return found


def _plain(dtype: str) -> np.dtype:
    found = np.dtype(dtype)
    if found.hasobject or found.names:
        raise Broken("what came isn't an array of numbers")
    return found


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
