"""Read the pickled batches of `cifar-10-python.tar.gz` without running anything that is in them.

A pickle is a program for a small machine that may call any function of Python. Here the machine
knows only the instructions that build lists, dicts, texts and numbers; the four names that numpy's
arrays need stand for inert values of this module, and every other name is refused. So not even
numpy's own code sees the bytes before they are checked.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np
import numpy.typing as npt


class PlainPickleError(Exception):
    """The pickle is damaged, or more than data; the text says what."""


class _ArrayType:
    """Stands for numpy.ndarray, which is only named, never called."""


class _Type:
    """Stands for numpy.dtype("u1", …)."""

    def __init__(self, name: object = "", *_: object) -> None:
        self.name = name.decode("latin-1") if isinstance(name, bytes) else name

    def __setstate__(self, state: object) -> None:
        pass  # byte order and the like: one byte has none


class _Array:
    """Stands for an array: keeps what its state says."""

    def __init__(self, *_: object) -> None:
        self.state: object = None

    def __setstate__(self, state: object) -> None:
        self.state = state


_NAMES: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("numpy", "ndarray"): _ArrayType,
    ("numpy", "dtype"): _Type,
}
# What protocols 2 to 4 use for plain values, and REDUCE and BUILD for the array. None of them
# makes room before it has the bytes, so that a short file cannot ask for all memory.
_INSTRUCTIONS = frozenset(
    pickle.PROTO + pickle.FRAME + pickle.STOP + pickle.MARK + pickle.POP + pickle.NONE
    + pickle.NEWTRUE + pickle.NEWFALSE + pickle.BININT + pickle.BININT1 + pickle.BININT2
    + pickle.LONG1 + pickle.BINFLOAT + pickle.SHORT_BINSTRING + pickle.BINSTRING
    + pickle.SHORT_BINBYTES + pickle.BINBYTES + pickle.SHORT_BINUNICODE + pickle.BINUNICODE
    + pickle.EMPTY_DICT + pickle.EMPTY_LIST + pickle.EMPTY_TUPLE + pickle.TUPLE + pickle.TUPLE1
    + pickle.TUPLE2 + pickle.TUPLE3 + pickle.APPEND + pickle.APPENDS + pickle.SETITEM
    + pickle.SETITEMS + pickle.BINPUT + pickle.LONG_BINPUT + pickle.BINGET + pickle.LONG_BINGET
    + pickle.MEMOIZE + pickle.GLOBAL + pickle.STACK_GLOBAL + pickle.REDUCE + pickle.BUILD
)  # fmt: skip


class _Reader(pickle._Unpickler):  # in Python: its table of instructions can be cut down
    dispatch = {  # noqa: RUF012 - as the base class has it
        code: action for code, action in pickle._Unpickler.dispatch.items() if code in _INSTRUCTIONS
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _NAMES:
            raise PlainPickleError(f"it asks for {module}.{name}"[:120])
        return _NAMES[module, name]


def load_batch(pickled: bytes, width: int) -> tuple[list[int], npt.NDArray[np.uint8]]:
    """Labels and pixels of one batch.

    Args:
        width: values per picture.

    Returns:
        N labels, and (N, width) uint8.

    Raises:
        PlainPickleError: it is not a dict of these, or asks for anything to be run.
    """
    try:
        value = _Reader(io.BytesIO(pickled), encoding="bytes").load()
    except PlainPickleError:
        raise
    except KeyError as error:
        raise PlainPickleError(f"it has the instruction {error}") from error
    except Exception as error:  # a damaged program fails in any way
        raise PlainPickleError("it is damaged") from error
    if not isinstance(value, dict):
        raise PlainPickleError("it is no table")
    labels, array = _entry(value, "labels"), _entry(value, "data")
    if not isinstance(labels, list) or not all(type(label) is int for label in labels):
        raise PlainPickleError("its labels are no whole numbers")
    state = array.state if isinstance(array, _Array) else None
    if not isinstance(state, tuple) or len(state) != 5:
        raise PlainPickleError("its data are no array")
    _, shape, kind, by_column, data = state
    bytewise = isinstance(kind, _Type) and kind.name in ("u1", "|u1")
    if shape != (len(labels), width) or not bytewise or by_column or not isinstance(data, bytes):
        raise PlainPickleError("its data are not one row of bytes per label")
    if len(data) != len(labels) * width:
        raise PlainPickleError("its data are cut off")
    return labels, np.frombuffer(data, np.uint8).reshape(-1, width)


def _entry(table: dict[Any, Any], key: str) -> Any:
    return table.get(key.encode(), table.get(key))
