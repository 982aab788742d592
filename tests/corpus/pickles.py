"""torch's files by hand: zip archives and pickles with tensors that are not what they say."""

from __future__ import annotations

import io
import pickle
import struct
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import torch

from resnet_gui.core.nets.build import build_network
from tests.corpus.cases import MARKUP


class Storage:
    """Stands for a storage in a pickle: torch finds it by its key."""

    def __init__(self, key: Any = "0", numel: Any = 4, kind: Any = torch.FloatStorage,
                 place: Any = "cpu") -> None:  # fmt: skip
        self.id = ("storage", kind, key, place, numel)


class FakeTensor:
    """Stands for a tensor: what is needed to build it, checked by nobody."""

    def __init__(self, shape: Any, stride: Any = None, offset: Any = 0,
                 storage: Any = None, grad: Any = False) -> None:  # fmt: skip
        stride = stride if stride is not None else (0,) * len(shape)
        self.arguments = (storage or Storage(), offset, shape, stride, grad, OrderedDict())

    def __reduce__(self) -> tuple[Any, ...]:
        return torch._utils._rebuild_tensor_v2, self.arguments


class _Pickler(pickle.Pickler):
    def persistent_id(self, item: Any) -> Any:
        return item.id if isinstance(item, Storage) else None


def pickled(value: Any, protocol: int = 2) -> bytes:
    stream = io.BytesIO()
    _Pickler(stream, protocol).dump(value)
    return stream.getvalue()


def archive(
    data: bytes, storages: dict[str, bytes] | None = None, *, packed: bool = False,
    more: dict[str, bytes] | None = None, root: str = "archive",
) -> bytes:  # fmt: skip
    """A zip archive as torch.save writes it."""
    stream = io.BytesIO()
    how = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(stream, "w", how) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names that come twice
        file.writestr(f"{root}/data.pkl", data)
        file.writestr(f"{root}/byteorder", "little")
        for key, content in ({"0": bytes(16)} if storages is None else storages).items():
            file.writestr(f"{root}/data/{key}", content)
        file.writestr(f"{root}/version", "3\n")
        for name, content in (more or {}).items():
            file.writestr(name, content)
    return stream.getvalue()


def state(shapes: dict[str, tuple[int, ...]], *, legacy: bool = False) -> bytes:
    """A sound file by torch itself."""
    stream = io.BytesIO()
    values = {name: torch.ones(shape) for name, shape in shapes.items()}
    torch.save(values, stream, _use_new_zipfile_serialization=not legacy)
    return stream.getvalue()


def stretched(
    architecture: str, classes: int = 1000, change: tuple[str, tuple[int, ...], Any] | None = None
) -> bytes:
    """All tensors of a network, each one number that is repeated by a stride of 0.

    Args:
        change: name, shape and kind of storage of one tensor that is different.
    """
    with torch.device("meta"):
        network = build_network(architecture, classes)
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    values = {name: FakeTensor(shape) for name, shape in shapes.items()}
    if change is not None:
        name, shape, kind = change
        values[name] = FakeTensor(shape, storage=Storage(numel=1, kind=kind))
    return archive(pickled(values), {"0": bytes(16)})


def _deep(depth: int, opening: bytes, closing: bytes) -> bytes:
    return b"\x80\x02" + opening * depth + closing * depth + b"."


def _doubled(times: int) -> bytes:
    """A list of two lists that are one and the same, and so on: 2**times items in a walk."""
    out = b"\x80\x02]q\0"
    for number in range(times):
        out += b"]q" + bytes([number + 1]) + b"(h" + bytes([number]) + b"h" + bytes([number]) + b"e"
    return out + b"."


def pickles() -> Iterator[tuple[str, bytes]]:
    """Pickles that are no weights."""
    for name, value in {
        "nothing": {}, "None": None, "a list": [1, 2], "a number": 5, "a text": "x" * 99,
        "numbers": {"a": 1, "b": 2.5}, "a state in a state": {"state_dict": {"state_dict": {}}},
        "model None": {"model": None}, "a list of pairs": [("fc.weight", 1)], "a set": {1, 2},
        "keys that are no text": {1: 2, None: 3, (1, 2): 4, 2.5: 5}, "bytes": {"a": b"x" * 999},
        "a wide object": {f"k{n}": n for n in range(20_000)},
    }.items():  # fmt: skip
        yield name, pickle.dumps(value, 2)
    yield "os.system", b"\x80\x02cos\nsystem\nX\x02\0\0\0id\x85R."
    yield "builtins.eval", b"\x80\x02c__builtin__\neval\nX\x03\0\0\x001+1\x85R."
    yield "getattr", b"\x80\x02c__builtin__\ngetattr\n."
    yield "numpy", b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n."
    yield "a module", b"\x80\x02ctorch.nn.modules.linear\nLinear\n)\x81}b."
    yield "torch.load", b"\x80\x02ctorch\nload\nX\t\0\0\0/dev/zero\x85R."
    yield "torch.empty of much", b"\x80\x02ctorch\nempty\n\x8a\x05\0\0\0\0\x10\x85R."
    yield "a name that is no text", b"\x80\x02c\xff\xfe\n\xff\n."
    yield "lists in lists", _deep(100_000, b"]", b"a")
    yield "tuples in tuples", b"\x80\x02" + b"(" * 100_000 + b"t" * 100_000 + b"."
    yield "objects in objects", b"\x80\x02" + b"}X\1\0\0\0a" * 50_000 + b"N" + b"s" * 50_000 + b"."
    yield "lists doubled 60 times", _doubled(60)
    yield "itself", b"\x80\x02]q\0h\0a."
    yield "an object in itself", b"\x80\x02}q\0X\1\0\0\0ah\0s."
    yield "memory that is not there", b"\x80\x02h\x05."
    yield "an empty stack", b"\x80\x02a."
    yield "no mark", b"\x80\x02t."
    yield "no end", b"\x80\x02}"
    yield "only a beginning", b"\x80\x02"
    yield "an unknown instruction", b"\x80\x02\xff."
    yield "protocol 200", b"\x80\xc8}."
    yield "protocol 5", pickle.dumps({"a": bytearray(5)}, 5)
    yield "protocol 0", pickle.dumps({"a": 1}, 0)
    yield "a text of 2**32", b"\x80\x02X\xff\xff\xff\xffabc."
    yield "a text of 2**63", b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7fabc."
    yield "a number of 2**31 bytes", b"\x80\x02\x8b\xff\xff\xff\x7fabc."
    yield "a number of -1 bytes", b"\x80\x02\x8b\xff\xff\xff\xffabc."
    yield "memory at 2**31", b"\x80\x02}r\xff\xff\xff\x7f."
    yield "a build of nothing", b"\x80\x02}}b."
    yield "a storage as a text", b"\x80\x02X\1\0\0\0aQ."
    yield "a storage as a number", b"\x80\x02K\1Q."
    yield "a storage as an empty tuple", b"\x80\x02)Q."
    yield "an ordered dict of numbers", (
        b"\x80\x02ccollections\nOrderedDict\n" + b"K\1\x85R."
    )  # fmt: skip
    yield "garbage", bytes(range(256)) * 4
    yield "zeros", bytes(1000)


def tensors() -> Iterator[tuple[str, Any]]:
    """States whose tensors are lies."""
    for shape in ((10**6, 10**6), (2**31, 2**31), (2**62, 4), (2**63 - 1,), (0,), (1,) * 100, (-1,),
                  (-5, -5), (10**30,), (1.5,), ("a",), (None,), ()):  # fmt: skip
        yield f"shape {str(shape)[:40]}", {"fc.weight": FakeTensor(shape)}
    for stride in ((1, 1), (0, 0), (10**12, 1), (-1, -1), (2**63 - 1, 2**63 - 1), (1,), ("a", 1),
                   (None, None), (1.5, 1)):  # fmt: skip
        yield f"stride {stride}", {"fc.weight": FakeTensor((2, 2), stride)}
    for offset in (1, 4, 2**40, -1, 2**63, 10**30, "a", None, 1.5):
        yield f"offset {offset}", {"fc.weight": FakeTensor((2, 2), (2, 1), offset)}
    for numel in (0, 3, 5, 2**40, 2**63 - 1, -1, 10**30, "a", None, 1.5):
        what = Storage(numel=numel)
        yield f"a storage of {numel}", {"fc.weight": FakeTensor((2, 2), (2, 1), 0, what)}
    for key in ("1", "", "../../x", "/etc/passwd", "x" * 9999, 0, None, -1, (1, 2), "\0"):
        what = Storage(key=key)
        yield (
            f"a storage called {str(key)[:12]!r}",
            {"fc.weight": FakeTensor((2, 2), (2, 1), 0, what)},
        )
    for place in ("cuda:0", "cuda:99", "mps", "meta", "xyz", "", None, 5, "cpu:99"):
        what = Storage(place=place)
        yield f"a storage on {place}", {"fc.weight": FakeTensor((2, 2), (2, 1), 0, what)}
    for kind in (torch.ByteStorage, torch.BoolStorage, torch.HalfStorage, torch.DoubleStorage,
                 torch.ComplexFloatStorage, torch.LongStorage, torch.QInt8Storage,
                 torch.BFloat16Storage, "FloatStorage", None, 5, OrderedDict):  # fmt: skip
        what = Storage(kind=kind)
        yield f"a storage of {kind}", {"fc.weight": FakeTensor((1, 2), (2, 1), 0, what)}
    for name in ("", "\0", MARKUP, "a" * 100_000, "\ud800", "fc.weight\n", "module."):
        yield f"a tensor called {name[:12]!r}", {name: FakeTensor((1, 1))}
    yield "a tensor that wants gradients", {"fc.weight": FakeTensor((1, 1), grad=True)}
    yield "a head without rows", {"fc.weight": FakeTensor((0, 512)), "fc.bias": FakeTensor((0,))}
    yield "a head of 10**9 rows", {"fc.weight": FakeTensor((10**9, 512))}
    yield "a head of one axis", {"fc.weight": FakeTensor((1000,))}
    yield "a head of five axes", {"fc.weight": FakeTensor((10, 512, 1, 1, 1))}
    yield "no head", {"conv1.weight": FakeTensor((64, 3, 7, 7))}
    yield "20,000 tensors", {f"t{n}": FakeTensor((1,)) for n in range(20_000)}
    yield "a wrapper", {"state_dict": {"fc.weight": FakeTensor((3, 4))}, "epoch": 5}
    yield "prefixes", {"module._orig_mod.model.fc.weight": FakeTensor((3, 4))}
    yield "prefixes that meet", {"module.a": FakeTensor((1,)), "module.module.a": FakeTensor((1,))}


def archives() -> Iterator[tuple[Any, ...]]:
    """Zip archives: (what, bytes), or (what, the function that makes them, its arguments)."""
    for what, data in pickles():
        yield what, archive(data)
    for what, value in tensors():
        try:
            yield what, archive(pickled(value))
        except UnicodeEncodeError:  # a lone surrogate: in pickles it is no UTF-8
            continue
    for name in ("resnet18", "resnet50"):
        yield f"{name} of zeros, stride 0", stretched, name
    yield (
        "resnet18, a tensor too much",
        stretched,
        "resnet18",
        1000,
        ("extra", (1,), torch.FloatStorage),
    )
    yield "resnet18 of 10**9 classes", stretched, "resnet18", 10**9
    head = "fc.weight", (1000, 512)
    yield "a head of doubles in resnet18", stretched, "resnet18", 1000, (*head, torch.DoubleStorage)
    for kind in (
        torch.LongStorage,
        torch.ComplexFloatStorage,
        torch.BoolStorage,
        torch.HalfStorage,
    ):
        odd = "conv1.weight", (64, 3, 7, 7), kind
        yield f"a tensor of {kind.__name__} in resnet18", stretched, "resnet18", 1000, odd
    sound = pickled({"fc.weight": FakeTensor((2, 2))})
    yield "packed", archive(sound, packed=True)
    yield "no storages", archive(sound, {})
    yield "a storage too short", archive(sound, {"0": b"\0"})
    yield "two pickles", archive(sound, more={"archive/data.pkl": pickled([1])})
    yield "another root", archive(sound, root="../..")
    yield "an odd root", archive(sound, root=MARKUP)
    yield "big endian", archive(sound, more={"archive/byteorder": b"big"})
    yield "an unknown order", archive(sound, more={"archive/byteorder": b"\xff"})
    yield "version 999", archive(sound, more={"archive/version": b"999\n"})
    yield "TorchScript", archive(sound, more={"archive/constants.pkl": pickled(())})
    yield "10,000 files", archive(sound, more={f"archive/f{n}": b"" for n in range(10_000)})
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("hello.txt", "hello")
    yield "no torch file", stream.getvalue()
    yield "an empty zip", b"PK\5\6" + bytes(18)
    whole = archive(sound)
    at = whole.rindex(b"PK\5\6")
    for what, change in {
        "65535 entries": struct.pack("<HH", 65535, 65535), "no entries": bytes(4),
    }.items():  # fmt: skip
        yield f"a zip that says {what}", whole[: at + 8] + change + whole[at + 12 :]
    yield "a directory far away", whole[: at + 16] + b"\xff\xff\xff\x7f" + whole[at + 20 :]
    first = whole.index(b"PK\1\2")
    yield "sizes of 2**32", whole[: first + 20] + b"\xff" * 8 + whole[first + 28 :]


def costly_archives() -> Iterator[tuple[Any, ...]]:
    """(what, function, its arguments): small files of which much becomes."""
    yield "resnet18 of 10**6 classes", stretched, "resnet18", 10**6
    yield "resnet152 of zeros, stride 0", stretched, "resnet152"
    yield "wide_resnet101_2, stride 0", stretched, "wide_resnet101_2"
    yield "a pickle of 500 MB of zeros, packed", _packed, False
    yield "a storage of 500 MB of zeros, packed", _packed, True


def _packed(as_storage: bool) -> bytes:
    size = 500_000_000
    if not as_storage:
        return archive(bytes(size), packed=True)
    storage = Storage(numel=size // 4)
    tensor = FakeTensor((size // 4,), (1,), 0, storage)
    return archive(pickled({"fc.weight": tensor}), {"0": bytes(size)}, packed=True)


def legacy() -> Iterator[tuple[str, bytes]]:
    """Files from before torch 1.6: pickles after each other."""
    magic = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)
    info = pickle.dumps({"protocol_version": 1001, "little_endian": True,
                         "type_sizes": {"short": 2, "int": 4, "long": 4}}, 2)  # fmt: skip
    sound = state({"fc.weight": (3, 4)}, legacy=True)
    yield "sound", sound
    yield "magic alone", magic
    yield "no state", magic + info
    yield "system info of garbage", magic + b"\x80\x02N."
    for what, data in pickles():
        yield f"{what}, alone", data
        yield f"{what}, as the state", magic + info + data + pickle.dumps([], 2)
    for keys in (["0"], [], ["1"], "0", 5, None, ["0"] * 99, [None], {"0": 1}):
        first = magic + info + pickle.dumps({"a": 1}, 2)
        yield f"keys {str(keys)[:20]}", first + pickle.dumps(keys, 2) + bytes(64)
    at = sound.rindex(struct.pack("<q", 12))
    for size in (0, 11, 13, 2**31, 2**40, 2**62, -1):
        yield f"a storage of {size}", sound[:at] + struct.pack("<q", size) + sound[at + 8 :]
