"""Model and weights files that lie: bombs, and seeded damage to small valid files."""

from __future__ import annotations

import functools
import io
import json
import math
import pickle
import random
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import torch

from tests.core.models import description, file_by_hand

_SMALL_STATE = ("conv.weight", "bn.weight", "bn.running_mean", "fc.bias")


# --- bombs ------------------------------------------------------------------------------------


def _torch_save(path: Path, value: Any, zipped: bool = True) -> None:
    torch.save(value, path, _use_new_zipfile_serialization=zipped)


def _expanded(zipped: bool) -> Callable[[Path], object]:
    """7.5 GB of one number."""

    def make(path: Path) -> None:
        huge = torch.zeros(1).expand(1_000_000, 2048)
        _torch_save(path, {"fc.weight": huge, "fc.bias": torch.zeros(1)}, zipped)

    return make


def _overlapping(path: Path) -> None:
    data = torch.zeros(3000)
    tall = data.as_strided((1500, 1500), (1, 1))
    _torch_save(path, {f"{n}.weight": tall.as_strided((1500, 1500), (1, 1)) for n in range(200)})


def _many_names_of_one(path: Path) -> None:
    """A hundred copies of ten megabytes, where the file has one."""
    shared = torch.zeros(2_500_000)
    _torch_save(path, {f"{number}.weight": shared for number in range(120)})


def _resnet(path: Path) -> None:
    """A network whose every tensor fits, with a million classes out of one number."""
    from resnet_gui.core.zoo.builder import build_network

    with torch.device("meta"):
        shapes = build_network("resnet18", 1_000_000).state_dict()
    state = {name: torch.zeros(()).expand(like.shape) for name, like in shapes.items()}
    _torch_save(path, state)


class PickleWriter:
    """A pickle by hand, for what `torch.save` does not write."""

    def __init__(self) -> None:
        self.out = io.BytesIO()
        self.out.write(b"\x80\x02")

    def put(self, *parts: bytes) -> PickleWriter:
        for part in parts:
            self.out.write(part)
        return self

    def text(self, value: str) -> PickleWriter:
        raw = value.encode()
        return self.put(b"X", struct.pack("<I", len(raw)), raw)

    def whole(self, value: int) -> PickleWriter:
        raw = value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)
        return self.put(b"\x8a", bytes([len(raw)]), raw)

    def done(self) -> bytes:
        return self.out.getvalue() + b"."


def tensor_pickle(
    count: int = 4, offset: int = 0, size: tuple[int, ...] = (4,), stride: tuple[int, ...] = (1,),
    storage: str = "FloatStorage", rebuild: str = "_rebuild_tensor_v2", legacy: bool = False,
) -> bytes:  # fmt: skip
    """`{"x": tensor}` with these claims."""
    writer = PickleWriter()
    writer.put(b"}").text("x").put(b"ctorch._utils\n", rebuild.encode(), b"\n", b"((")
    writer.text("storage").put(b"ctorch\n", storage.encode(), b"\n").text("0").text("cpu")
    writer.whole(count).put(b"NtQ" if legacy else b"tQ").whole(offset)
    for numbers in (size, stride):
        writer.put(b"(")
        for number in numbers:
            writer.whole(number)
        writer.put(b"t")
    return writer.put(b"\x89ccollections\nOrderedDict\n)RtRs").done()


def zip_by_hand(
    path: Path, pickled: bytes, data: bytes = bytes(16), compress: bool = False
) -> Path:
    """A file in the layout of `torch.save` around a pickle of one's own."""
    kind = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, content in (
            ("data.pkl", pickled), ("byteorder", b"little"), ("data/0", data), ("version", b"3\n"),
        ):  # fmt: skip
            archive.writestr(f"archive/{name}", content)
    return path


def legacy_by_hand(path: Path, pickled: bytes, keys: tuple[str, ...] = ("0",)) -> Path:
    """A file in the layout before torch 1.6 around a pickle of one's own."""
    head = (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True})
    parts = [pickle.dumps(value, protocol=2) for value in head]
    storage = struct.pack("<q", 4) + bytes(16)
    parts += [pickled, pickle.dumps(list(keys), protocol=2), storage]
    path.write_bytes(b"".join(parts))
    return path


def _nested(writer: PickleWriter) -> PickleWriter:
    """A tuple of tuples, 100 deep: 2**100 steps to look it up, or to write it out."""
    writer.put(b"N\x85")
    for number in range(100):
        writer.put(b"q", bytes([number]), b"h", bytes([number]), b"\x86")
    return writer


def _nested_keys() -> bytes:
    return _nested(PickleWriter().put(b"}")).put(b"K\x01s").done()


def _nested_storage(legacy: bool) -> bytes:
    writer = PickleWriter().put(b"}").text("x").put(b"(").text("storage")
    _nested(writer.put(b"ctorch\nFloatStorage\n")).text("cpu").whole(4)
    return writer.put(b"NtQs" if legacy else b"tQs").done()


def _calls(module: str, name: str, *numbers: int) -> bytes:
    writer = PickleWriter().put(b"}").text("x").put(f"c{module}\n{name}\n".encode(), b"(")
    for number in numbers:
        writer.whole(number)
    return writer.put(b"tRs").done()


def _claims(legacy: bool) -> dict[str, bytes]:
    tensor_with = functools.partial(tensor_pickle, legacy=legacy)
    return {
        "more in a storage than its record": tensor_with(count=10**9),
        "more in a storage than there is memory": tensor_with(count=2**60),
        "a tensor beyond its storage": tensor_with(size=(10**9,)),
        "an offset beyond its storage": tensor_with(offset=10**12),
        "a negative offset": tensor_with(offset=-4),
        "a negative stride": tensor_with(stride=(-1,)),
        "a negative size": tensor_with(size=(-4,)),
        "a side of 400 digits": tensor_with(size=(10**400,)),
        "more strides than sides": tensor_with(stride=(1, 1)),
        "no sides with endless ones": tensor_with(size=(0, 2**62, 2**62), stride=(1, 1, 1)),
        "stride 0": tensor_with(size=(10**10,), stride=(0,)),
        "another kind of storage": tensor_with(storage="QInt8Storage"),
        "a function that is not known": tensor_with(rebuild="_rebuild_sparse_tensor"),
        "a function that runs code": _calls("os", "system", 1),
        "gigabytes from bytearray": _calls("builtins", "bytearray", 10**11),
        "gigabytes from a storage": _calls("torch", "FloatStorage", 10**11),
        "gigabytes from Tensor": _calls("torch", "FloatTensor", 10**11),
        "keys without end": _nested_keys(),
        "a storage's name without end": _nested_storage(legacy),
        "a memo of 2**32 places": PickleWriter().put(b"}r\xff\xff\xff\xff").done(),
        "a text of 4 GB": PickleWriter().put(b"X\xff\xff\xff\xff").done(),
        "nested lists": b"\x80\x02" + b"](" * 200_000 + b"." ,
        "many nothings": b"\x80\x02" + b"N" * 200_000 + b".",
        "no pickle": b"hello",
        "an empty pickle": b"",
    }  # fmt: skip


def _hdf5(path: Path, classes: int) -> None:
    """Keras's ResNet-50 of one number, with this many classes."""
    from resnet_gui.core.zoo.builder import build_network
    from resnet_gui.core.zoo.keras_weights import keras_tensors

    with torch.device("meta"):
        network: Any = build_network("resnet50v2", classes)
    with h5py.File(path, "w") as file:
        for tensor in keras_tensors(network):
            name = f"{tensor.layer}/{tensor.layer}/{tensor.variable}:0"
            file.create_dataset(name, tensor.shape, dtype="f4", fillvalue=0.5)


def _hdf5_chunks(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "predictions/predictions/kernel:0", (2048, 5), "f4",
            chunks=(30_000, 30_000), maxshape=(None, None), fillvalue=0.5,
        )  # fmt: skip


def _ours(**changes: Any) -> Callable[[Path], object]:
    return lambda path: file_by_hand(path, description(**changes))


def _wide_lite(**options: Any) -> Callable[[Path], object]:
    return _ours(architecture="efficientnet-lite0", architecture_options=options)


def _cifar(**options: Any) -> Callable[[Path], object]:
    return _ours(architecture="cifar_resnet", architecture_options=options)


_PREPROCESSING = description()["preprocessing"]
_SHAPE = '{{"a":{{"dtype":"F32","shape":[{}],"data_offsets":[0,16]}}}}'


def _raw(text: str) -> Callable[[Path], object]:
    return lambda path: file_by_hand(path, raw_header=text.encode())


def _described(text: str) -> Callable[[Path], object]:
    return lambda path: file_by_hand(path, text)


HEADERS: dict[str, Callable[[Path], object]] = {
    "a million layers": _wide_lite(depth_coefficient=1e5),
    "endless width": _wide_lite(width_coefficient=1e5),
    "a depth that is no number": _wide_lite(depth_coefficient=float("nan")),
    "a depth in words": _wide_lite(depth_coefficient="deep"),
    "an unknown option": _wide_lite(colour="blue"),
    "an option of Python's": _wide_lite(self=1),
    "a depth of 100,000": _cifar(depth=100_000),
    "a depth of 400 digits": _cifar(depth=10**400),
    "a depth of 20.5": _cifar(depth=20.5),
    "no depth": _cifar(),
    "an unknown kind": _cifar(depth=20, kind="ring"),
    "a kind that is a list": _cifar(depth=20, kind=["residual"]),
    "a shortcut that does not go with it": _cifar(depth=20, kind="plain", shortcut="B"),
    "another network's option": _ours(architecture_options={"depth": 50}),
    "an endless head": _ours(architecture_options={"head": {"width": 10**12}}),
    "a negative head": _ours(architecture_options={"head": {"width": -3}}),
    "a head that is a number": _ours(architecture_options={"head": 3}),
    "a head that drops all": _ours(architecture_options={"head": {"dropout": 2.0}}),
    "options that are a list": _ours(architecture_options=[["depth", 3]]),
    "crop 4096": _ours(preprocessing={**_PREPROCESSING, "crop": 4096}),
    "crop of 400 digits": _ours(preprocessing={**_PREPROCESSING, "crop": 10**400}),
    "resize of a million": _ours(preprocessing={**_PREPROCESSING, "resize": 10**6}),
    "a mean of 1e308": _ours(preprocessing={**_PREPROCESSING, "mean": [1e308] * 3}),
    "a std of 1e-300": _ours(preprocessing={**_PREPROCESSING, "std": [1e-300] * 3}),
    "preprocessing that is a list": _ours(preprocessing=[1]),
    "100,000 classes": _ours(classes=["x"] * 100_000),
    "a class of a megabyte": _ours(classes=["x" * 2**20, "b"]),
    "classes that are numbers": _ours(classes=[1, 2]),
    "classes in a table": _ours(classes={"a": 1}),
    "a title of a megabyte": _ours(title="x" * 2**20),
    "a title that is a list": _ours(title=["x"]),
    "a title that is a table": _ours(title={"x": 1}),
    "notes of a megabyte": _ours(notes="x" * 2**20),
    "an architecture that is a list": _ours(architecture=["resnet18"]),
    "an architecture of a megabyte": _ours(architecture="x" * 2**20),
    "infinite gflops": _described(json.dumps(description(gflops=math.inf))),
    "gflops of 400 digits": _ours(gflops=10**400),
    "negative gflops": _ours(gflops=-1),
    "top1 of 7": _ours(top1=7),
    "top5 in words": _ours(top5="all"),
    "metrics that are a list": _ours(metrics=[1]),
    "metrics without end": _ours(metrics={str(n): [n] * 10 for n in range(10_000)}),
    "metrics that are nested": _described(
        json.dumps(description()).replace('"Tiny"', '"T", "metrics": {"a":' + "[" * 500
                                          + "]" * 500 + "}")
    ),
    "provenance that is a word": _ours(provenance="me"),
    "a format of 400 digits": _ours(format=10**400),
    "a format of 1.5": _ours(format=1.5),
    "a format that is true": _ours(format=True),
    "a shape of 400 digits": _raw(_SHAPE.format("1" + "0" * 400)),
    "a shape of 5,000 digits": _raw(_SHAPE.format("1" + "0" * 5000)),
    "sides that make zero": _raw(_SHAPE.format("0," + "9" * 30)),
    "a thousand sides": _raw(_SHAPE.format(",".join(["1"] * 1000))),
    "a shape that is a word": _raw(_SHAPE.format('"four"')),
    "a shape of halves": _raw(_SHAPE.format("0.5")),
    "a shape that is true": _raw(_SHAPE.format("true,4")),
    "an unknown type": _raw(_SHAPE.format("4").replace("F32", "F31")),
    "a type that is a list": _raw(_SHAPE.format("4").replace('"F32"', "[]")),
    "tensors that overlap": _raw(
        '{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},'
        '"b":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}'
    ),
    "a hole between tensors": _raw(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
        '"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}'
    ),
    "offsets the wrong way round": _raw(
        '{"a":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}}'
    ),
    "three offsets": _raw('{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16,16]}}'),
    "a tensor that is a number": _raw('{"a":3}'),
    "metadata that is a list": _raw('{"__metadata__":[1]}'),
    "metadata in numbers": _raw('{"__metadata__":{"resnet_gui":3}}'),
    "nested metadata": _raw('{"__metadata__":{"resnet_gui":' + "[" * 3000 + "]" * 3000 + "}}"),
    "metadata nested a million deep": _raw("[" * 1_000_000),
}  # fmt: skip

BOMBS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "stride 0": (".pth", _expanded(True)),
    "stride 0, legacy": (".pth", _expanded(False)),
    "overlapping": (".pth", _overlapping),
    "one tensor under many names": (".pth", _many_names_of_one),
    "a network of one number": (".pth", _resnet),
    "a compressed archive": (
        ".pth",
        lambda path: zip_by_hand(path, tensor_pickle(), bytes(30_000_000), compress=True),
    ),
    "a compressed pickle": (
        ".pth",
        lambda path: zip_by_hand(path, b"\x80\x02" + b"N" * 30_000_000 + b".", compress=True),
    ),
    "HDF5 of one number": (".h5", lambda path: _hdf5(path, 45_000)),
    "HDF5 with a billion classes": (".h5", lambda path: _hdf5(path, 10**9)),
    "HDF5 in huge chunks": (".h5", _hdf5_chunks),
    **{
        f"zip: {name}": (".pth", lambda path, raw=raw: zip_by_hand(path, raw))
        for name, raw in _claims(False).items()
    },
    **{
        f"legacy: {name}": (".pth", lambda path, raw=raw: legacy_by_hand(path, raw))
        for name, raw in _claims(True).items()
    },
    **{f"header: {name}": (".safetensors", make) for name, make in HEADERS.items()},
}


_NOTHINGS = b"\x80\x02" + b"N" * 4_100_000 + b"."
_TABLES = b"\x80\x02" + b"}" * 4_100_000 + b"."
_ENDLESS = _nested(PickleWriter()).done()
LARGE_BOMBS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "zip: four million nothings": (".pth", lambda path: zip_by_hand(path, _NOTHINGS)),
    "legacy: four million nothings": (".pth", lambda path: legacy_by_hand(path, _NOTHINGS)),
    "zip: four million tables": (".pth", lambda path: zip_by_hand(path, _TABLES)),
    "legacy: a pickle that cannot be written out": (
        ".pth",
        lambda path: path.write_bytes(_ENDLESS),
    ),
    "legacy: keys that cannot be written out": (
        ".pth",
        lambda path: path.write_bytes(
            legacy_by_hand(path, tensor_pickle(legacy=True))
            .read_bytes()
            .replace(pickle.dumps(["0"], protocol=2), _ENDLESS)
        ),
    ),
    "a large compressed archive": (
        ".pth",
        lambda path: zip_by_hand(path, tensor_pickle(), bytes(2_000_000_000), compress=True),
    ),
}


# --- seeded damage ----------------------------------------------------------------------------


def small_files(folder: Path) -> list[Path]:
    """A valid file of each layout, small enough that damage hits what matters."""
    generator = torch.Generator().manual_seed(3)
    state = OrderedDict(
        (name, torch.randn(3, 2, generator=generator).squeeze()) for name in _SMALL_STATE
    )
    folder.mkdir(parents=True, exist_ok=True)
    zipped, legacy, wrapped = (folder / f"{n}.pth" for n in ("zip", "legacy", "wrapped"))
    _torch_save(zipped, state)
    _torch_save(legacy, state, zipped=False)
    _torch_save(wrapped, {"state_dict": state, "epoch": 3, "best": 0.5, "size": torch.Size([2])})
    ours = file_by_hand(folder / "ours.safetensors")
    keras = folder / "keras.h5"
    with h5py.File(keras, "w") as file:
        for name, tensor in state.items():
            file[f"layer/{name}/kernel:0"] = tensor.numpy()
        file["predictions/predictions/kernel:0"] = torch.zeros(4, 2).numpy()
    return [zipped, legacy, wrapped, ours, keras]


def damaged(raw: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, cut out, doubled or cut off."""
    data = bytearray(raw)
    # Most of a file may be padding or numbers: half of the damage goes where something stands.
    marks = [n for n, byte in enumerate(data) if byte] or [0]
    for _ in range(chance.randint(1, 5)):
        if not data:
            break
        place = min(chance.choice(marks), len(data) - 1)
        if chance.random() < 0.3:
            place = chance.randrange(len(data))
        kind = chance.random()
        if kind < 0.4:
            data[place] = chance.randrange(256)
        elif kind < 0.6:
            data[place] ^= 1 << chance.randrange(8)
        elif kind < 0.7:
            data[place : place + 4] = struct.pack("<I", chance.choice((0, 2**31, 2**32 - 1)))
        elif kind < 0.8:
            del data[place : place + chance.randrange(1, 9)]
        elif kind < 0.9:
            data[place:place] = data[place : place + chance.randrange(1, 9)]
        else:
            data[place] = chance.choice(b'N}])(tRbQsue.\x85\x86\x8a0123456789"{}[],:')
    if chance.random() < 0.1:
        del data[chance.randrange(len(data) or 1) :]
    return bytes(data)


def _damaged_inside(raw: bytes, chance: random.Random, path: Path) -> None:
    """Damage to what an archive or header holds, with the hull around it right again."""
    if path.suffix == ".safetensors":
        length = struct.unpack("<Q", raw[:8])[0]
        header = damaged(raw[8 : 8 + length], chance)
        file_by_hand(path, raw_header=header, data=raw[8 + length :])
        return
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        names = archive.namelist()
        pickled = archive.read(next(name for name in names if name.endswith("data.pkl")))
        data = archive.read(next(name for name in names if name.endswith("data/0")))
    zip_by_hand(path, damaged(pickled, chance), data)


def damaged_files(folder: Path, count: int, seed: int) -> Iterator[Path]:
    """`count` damaged files, one at a time under the names of their layouts."""
    chance = random.Random(seed)
    originals = [(path, path.read_bytes()) for path in small_files(folder / "whole")]
    for number in range(count):
        original, raw = originals[number % len(originals)]
        path = folder / f"damaged{original.suffix}"
        hull = raw.startswith(b"PK") or path.suffix == ".safetensors"
        if hull and chance.random() < 0.7:
            _damaged_inside(raw, chance, path)
        else:
            path.write_bytes(damaged(raw, chance))
        yield path
