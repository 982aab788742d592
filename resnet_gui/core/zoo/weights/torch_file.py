"""Looks into a file of `torch.save` before torch does: which tensors it holds, and whether the file
has room for what they claim. Needs torch for its archive reader only.

`torch.load(weights_only=True)` runs no foreign code, but it believes the sizes in a file: a tensor
whose strides are 0 becomes gigabytes of one number, a storage may claim more bytes than its record
has, and a damaged pickle ends in any error of Python. So the pickle is first read by a machine that
makes inert values only, and every size is compared with the file. What passes is small enough, and
torch may read it.

Two layouts exist: a zip archive with a record `data.pkl` and one record a storage (torch 1.6 and
later), and before that several pickles in a row, followed by the storages.
"""

from __future__ import annotations

import io
import math
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch

from resnet_gui.core.system.files import open_regular

# The pickle of a network of 1,202 layers with its optimizer has 2.5 MB.
MAX_PICKLE_BYTES = 4 * 1024 * 1024
MAX_LEGACY_BYTES = 800 * 1024**2  # torch reads all of such a file: ResNet-152 with its optimizer
_MAX_TENSORS = 50_000
_MAX_DIMENSIONS = 8
_ZIP, _LEGACY = b"PK\x03\x04", b"\x80\x02"
_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


class TorchFileError(Exception):
    """The file cannot be read; the text says why."""


class DamagedError(TorchFileError):
    """It is damaged, cut off, or claims more than it has."""


class MoreThanWeightsError(TorchFileError):
    """Its pickle asks for something that weights do not need, and that could run code."""


@dataclass(frozen=True, slots=True)
class TorchTensor:
    """What a file says of one tensor; its numbers stay on the disk.

    Attributes:
        shape: its sides.
        fractions: whether its numbers are fractions, not whole.
        bytes: what it takes in memory on its own, as float32 if that is more.
    """

    shape: tuple[int, ...]
    fractions: bool
    bytes: int


def look_into(path: Path) -> Any:
    """The value that `torch.load` would return, with a TorchTensor for each tensor. Tables are
    dicts, and what weights have no need of is left out.

    Raises:
        DamagedError, MoreThanWeightsError, TorchFileError: it must not be loaded.
        OSError: it cannot be read, or is no plain file.
    """
    with open_regular(path) as file:
        start = file.read(4)
        try:
            if start == _ZIP:
                return _look_into_zip(path)
            if start.startswith(_LEGACY):
                file.seek(0, io.SEEK_END)
                return _look_into_pickles(file, file.tell())
        except (TorchFileError, OSError):
            raise
        except Exception as error:  # a damaged pickle, or its machine, fails in any way
            raise DamagedError("its list of tensors cannot be read") from error
    raise TorchFileError("it is no file of torch.save")


def is_zip(path: Path) -> bool:
    """Whether it has the newer layout.

    Raises:
        OSError: it cannot be read.
    """
    with open_regular(path) as file:
        return file.read(4) == _ZIP


def _look_into_zip(path: Path) -> Any:
    try:
        # The reader that torch.load takes: another one could find other records in one archive.
        reader = torch._C.PyTorchFileReader(str(path))
        sizes = {name: int(reader.get_record_size(name)) for name in reader.get_all_records()}
    except Exception as error:
        raise DamagedError("it is no whole archive") from error
    if sum(sizes.values()) > path.stat().st_size:
        raise DamagedError("its records claim more bytes than the file has")
    if not 0 < sizes.get("data.pkl", 0) <= MAX_PICKLE_BYTES:
        raise TorchFileError("it has no list of tensors, or far too long a one")

    def room(key: str) -> int:
        return sizes.get(f"data/{key}", 0)

    return _Reader(reader.get_record("data.pkl"), room).load()


def _look_into_pickles(file: Any, size: int) -> Any:
    if size > MAX_LEGACY_BYTES:
        raise TorchFileError("it is too large for the layout that it has")
    file.seek(0)
    reader = _Reader(file.read(min(size, MAX_PICKLE_BYTES)), lambda key: size, legacy=True)
    if reader.load() != _MAGIC:
        raise TorchFileError("it is a pickle of something else")
    if reader.load() != _PROTOCOL:
        raise DamagedError("its version is unknown")
    reader.load()  # byte order and sizes of whole numbers on the computer that wrote it
    value = reader.load()
    keys = reader.load()
    named = isinstance(keys, list) and all(isinstance(key, str) for key in keys)
    if not named or sorted(keys) != sorted(reader.storages):
        raise DamagedError("its storages are not those of its tensors")
    if reader.position + sum(8 + n for n in reader.storages.values()) > size:
        raise DamagedError("its storages claim more bytes than the file has")
    return value


# --- the machine ------------------------------------------------------------------------------


class _Table(dict[Any, Any]):
    """Stands for OrderedDict and Counter. A state_dict's own state (versions of its modules) is
    left out."""

    def __setstate__(self, state: object) -> None:
        pass


@dataclass(frozen=True, slots=True)
class _Kind:
    """Stands for a type of storage or numbers. bytes: of one."""

    bytes: int
    fractions: bool


@dataclass(frozen=True, slots=True)
class _Storage:
    kind: _Kind
    bytes: int


class _Inert:
    """Stands for a size, a device or the like: made from anything, and nothing comes of it."""

    def __init__(self, *_: object) -> None:
        pass


def _kind(dtype: torch.dtype) -> _Kind:
    return _Kind(dtype.itemsize, dtype.is_floating_point)


_DTYPES = {
    name: getattr(torch, name)
    for name in (
        "float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8",
        "bool", "uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2",
    )
}  # fmt: skip
_STORAGES = {
    "DoubleStorage": torch.float64, "FloatStorage": torch.float32, "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16, "LongStorage": torch.int64, "IntStorage": torch.int32,
    "ShortStorage": torch.int16, "CharStorage": torch.int8, "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}  # fmt: skip
_NAMES: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): _Table,
    ("collections", "Counter"): _Table,
    ("torch", "Size"): _Inert,
    ("torch", "device"): _Inert,
    **{("torch", name): _kind(dtype) for name, dtype in _DTYPES.items()},
    **{
        (module, name): _kind(dtype)
        for name, dtype in _STORAGES.items()
        for module in ("torch", "torch.cuda")
    },
    ("torch.storage", "UntypedStorage"): _Kind(1, False),
}
# What torch's own machine knows, without what makes objects: none of them makes room before it has
# the bytes.
_INSTRUCTIONS = frozenset(
    pickle.PROTO + pickle.STOP + pickle.MARK + pickle.NONE + pickle.NEWTRUE + pickle.NEWFALSE
    + pickle.BININT + pickle.BININT1 + pickle.BININT2 + pickle.LONG1 + pickle.BINFLOAT
    + pickle.SHORT_BINSTRING + pickle.BINUNICODE + pickle.EMPTY_DICT + pickle.EMPTY_LIST
    + pickle.EMPTY_TUPLE + pickle.TUPLE + pickle.TUPLE1 + pickle.TUPLE2 + pickle.TUPLE3
    + pickle.APPEND + pickle.APPENDS + pickle.SETITEM + pickle.SETITEMS + pickle.BINPUT
    + pickle.LONG_BINPUT + pickle.BINGET + pickle.LONG_BINGET + pickle.GLOBAL + pickle.REDUCE
    + pickle.BUILD + pickle.BINPERSID
)  # fmt: skip


class _Reader(pickle._Unpickler):  # in Python: its table of instructions can be changed
    """Reads the pickles of one file, one `load` each.

    Attributes:
        storages: by key, the bytes that each claims.
        stack, pop_mark: of the base class, which does not tell their types.
    """

    stack: list[Any]
    pop_mark: Callable[[], list[Any]]

    def __init__(self, pickled: bytes, room: Callable[[str], int], *, legacy: bool = False) -> None:
        self._stream = io.BytesIO(pickled)
        super().__init__(self._stream, encoding="utf-8")
        self._room, self._legacy = room, legacy
        self._tensors = 0
        self.storages: dict[str, int] = {}

    @property
    def position(self) -> int:
        return self._stream.tell()

    # Names -------------------------------------------------------------------------------------

    def find_class(self, module: str, name: str) -> Any:
        makers = {
            "_rebuild_tensor": self._tensor,
            "_rebuild_tensor_v2": self._tensor,
            "_rebuild_tensor_v3": self._tensor_v3,
            "_rebuild_parameter": _parameter,
        }
        if module == "torch._utils" and name in makers:
            return makers[name]
        if (module, name) not in _NAMES:
            raise MoreThanWeightsError(f"it asks for {module}.{name}"[:120])
        return _NAMES[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        _, kind, key, _, count, *view = pid
        # Views into storages, of before torch 0.4, are read by nobody any more.
        if pid[0] != "storage" or not isinstance(kind, _Kind) or type(count) is not int:
            raise DamagedError("a storage is described wrongly")
        if view != ([None] if self._legacy else []):
            raise DamagedError("a storage is described wrongly")
        # Not `str(key)`: to write out a tuple of tuples of … takes years, and all memory.
        if not isinstance(key, str):
            raise DamagedError("a storage has no name")
        claimed = count * kind.bytes
        if not 0 <= claimed <= self._room(key):
            raise DamagedError("a storage claims more bytes than the file has")
        if self.storages.setdefault(key, claimed) != claimed:
            raise DamagedError("a storage is described in two ways")
        return _Storage(kind, claimed)

    def _tensor(self, storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> TorchTensor:
        return self._described(storage, offset, size, stride, storage.kind)

    def _tensor_v3(
        self, storage: Any, offset: Any, size: Any, stride: Any, grad: Any, hooks: Any, kind: Any
    ) -> TorchTensor:
        return self._described(storage, offset, size, stride, kind)

    def _described(
        self, storage: Any, offset: Any, size: Any, stride: Any, kind: Any
    ) -> TorchTensor:
        self._tensors += 1
        if self._tensors > _MAX_TENSORS:
            raise DamagedError("it holds more tensors than any network")
        if not isinstance(storage, _Storage) or not isinstance(kind, _Kind):
            raise DamagedError("a tensor is described wrongly")
        numbers = (offset, *size, *stride)
        bounded = all(type(number) is int and 0 <= number < 2**48 for number in numbers)
        if len(size) != len(stride) or len(size) > _MAX_DIMENSIONS or not bounded:
            raise DamagedError("a tensor has a shape that no file can have")
        count = math.prod(size)
        last = offset + sum((side - 1) * step for side, step in zip(size, stride, strict=True))
        if count and (last + 1) * kind.bytes > storage.bytes:
            raise DamagedError("a tensor reaches beyond its storage")
        return TorchTensor(tuple(size), kind.fractions, count * max(kind.bytes, 4))

    # Instructions ------------------------------------------------------------------------------

    def load_setitem(self) -> None:
        key = self.stack[-2]
        self._set(self.stack[-3], [(key, self.stack[-1])])
        del self.stack[-2:]

    def load_setitems(self) -> None:
        items = self.pop_mark()
        self._set(self.stack[-1], zip(items[::2], items[1::2], strict=True))

    def _set(self, table: Any, pairs: Any) -> None:
        if type(table) not in (dict, _Table):
            raise DamagedError("it fills something that is no table")
        for key, value in pairs:
            # A tuple of tuples of … takes years to be looked up.
            if key is not None and not isinstance(key, str | int | float | bytes):
                raise MoreThanWeightsError("a table has keys that are no names")
            table[key] = value

    def load_build(self) -> None:
        self.stack.pop()
        if type(self.stack[-1]) is not _Table:
            raise MoreThanWeightsError("it sets the state of an object")

    def load_reduce(self) -> None:
        arguments, make = self.stack.pop(), self.stack[-1]
        if not callable(make) or not isinstance(arguments, tuple):
            raise MoreThanWeightsError("it calls something that is no function")
        if make is _Table:  # Python 2 hands over its pairs; later versions fill an empty one
            table = _Table()
            for given in arguments:
                self._set(table, given.items() if isinstance(given, dict) else given)
            self.stack[-1] = table
        else:
            self.stack[-1] = make(*arguments)

    dispatch: ClassVar[dict[int, Any]] = {
        code: action for code, action in pickle._Unpickler.dispatch.items() if code in _INSTRUCTIONS
    } | {
        pickle.SETITEM[0]: load_setitem,
        pickle.SETITEMS[0]: load_setitems,
        pickle.BUILD[0]: load_build,
        pickle.REDUCE[0]: load_reduce,
    }


def _parameter(tensor: Any, *_: Any) -> TorchTensor:
    if not isinstance(tensor, TorchTensor):
        raise DamagedError("a parameter is no tensor")
    return tensor


def tensors_of(value: Any, wrappers: tuple[str, ...] = ()) -> Mapping[str, Any] | None:
    """The table of tensors in a loaded value, or in what `look_into` says of it.

    Args:
        wrappers: names under which checkpoints of whole trainings keep the weights.

    Returns:
        names and tensors; None: it is no such table, or empty.
    """
    for wrapper in wrappers:
        if isinstance(value, Mapping) and isinstance(value.get(wrapper), Mapping):
            value = value[wrapper]
    if not isinstance(value, Mapping) or not value:
        return None
    kinds = (TorchTensor, torch.Tensor)
    if not all(isinstance(name, str) and isinstance(v, kinds) for name, v in value.items()):
        return None
    return value
