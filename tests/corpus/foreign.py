"""Weights that other programs might have written: torch's archives and pickles, Keras's HDF5."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

from resnet_gui.core.nets.build import build_network
from resnet_gui.core.zoo.weights.keras_weights import keras_tensors
from tests.corpus import pickles
from tests.corpus.cases import MARKUP, Case, data_case, made_case


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _pth()
    yield from _legacy()
    yield from _keras()


def _pth() -> Iterator[Case]:
    for what, make, *values in pickles.archives():
        if isinstance(make, bytes):
            yield data_case(f"zip: {what}", "other.pth", make)
        else:
            yield made_case(f"zip: {what}", "other.pth", make, *values)
    for what, make, *values in pickles.costly_archives():
        yield made_case(f"zip: {what}", "other.pth", make, *values, costly=True)


def _legacy() -> Iterator[Case]:
    for what, data in pickles.legacy():
        yield data_case(f"pickle: {what}", "old.pth", data)


def h5_bytes(fill: Callable[[h5py.File], None]) -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        fill(file)
    return stream.getvalue()


def small_layers(file: h5py.File) -> None:
    for layer, shape in (("conv1_conv", (7, 7, 3, 4)), ("predictions", (8, 3))):
        file.create_dataset(f"{layer}/{layer}/kernel:0", data=np.ones(shape, "f4"))
        file.create_dataset(f"{layer}/{layer}/bias:0", data=np.ones(shape[-1], "f4"))


def unwritten(
    architecture: str, classes: int = 1000, dtype: str = "f4"
) -> Callable[[h5py.File], None]:
    """All tensors of a network, and not one of their numbers: HDF5 fills in zeros."""

    def fill(file: h5py.File) -> None:
        with torch.device("meta"):
            network = build_network(architecture, classes)
        for tensor in keras_tensors(network):  # type: ignore[arg-type]
            name = f"{tensor.layer}/{tensor.layer}/{tensor.variable}:0"
            file.create_dataset(name, tensor.shape, dtype, chunks=True)

    return fill


def _keras() -> Iterator[Case]:
    def add(what: str, fill: Callable[[h5py.File], None]) -> Case:
        return Case(f"h5: {what}", "other.h5", lambda path: _written(path, fill))

    def kernel(value: Any = None, **more: Any) -> Callable[[h5py.File], None]:
        def fill(file: h5py.File) -> None:
            file.create_dataset("predictions/predictions/kernel:0", data=value, **more)

        return fill

    yield add("nothing", lambda file: None)
    yield add("small", small_layers)
    yield add("a network without numbers", unwritten("keras_resnet50"))
    yield add("a network of V2", unwritten("resnet50v2", 3))
    yield add("a network of doubles", unwritten("keras_resnet50", 3, "f8"))
    yield add("a network of whole numbers", unwritten("keras_resnet50", 3, "i4"))
    yield add("a network of 10**9 classes", unwritten("keras_resnet50", 10**9))
    for shape in ((10**6, 10**6), (10**9, 10**9), (2048, 10**9), (0, 3), (3, 0), (1,) * 30, ()):
        yield add(f"shape {shape}"[:60], kernel(shape=shape, dtype="f4",
                  chunks=True if shape and 0 not in shape else None))  # fmt: skip
    yield add("gzip of 40 MB", kernel(np.zeros((3200, 3200), "f4"), compression="gzip"))
    yield add("texts", kernel(np.array([[b"a", b"b"]])))
    yield add("texts of any length", kernel([["a", "b"]], dtype=h5py.string_dtype()))
    yield add("booleans", kernel(np.ones((2, 2), "?")))
    yield add("complex numbers", kernel(np.ones((2, 2), "c8")))
    yield add("records", kernel(np.ones((2, 2), [("a", "f4"), ("b", "i4")])))
    yield add("references", kernel(shape=(2, 2), dtype=h5py.ref_dtype))
    yield add("half floats", kernel(np.ones((2, 2), "f2")))
    yield add("big endian", kernel(np.ones((2, 2), ">f4")))

    def links(file: h5py.File) -> None:
        file["a"] = h5py.ExternalLink("/etc/passwd", "/")
        file["b"] = h5py.SoftLink("/b")

    def circle(file: h5py.File) -> None:
        group = file.create_group("a")
        group["b"] = file["/"]
        group["c"] = group

    def deep(file: h5py.File) -> None:
        file.create_dataset("/".join(["g"] * 300) + "/kernel:0", data=np.ones((2, 2), "f4"))

    def wide(file: h5py.File) -> None:
        for number in range(3000):
            file.create_group(f"layer{number}/inner")

    def names(file: h5py.File) -> None:
        for name in ("\u202e", MARKUP.replace("/", "-"), " ", "..", "x" * 5000):
            file.create_dataset(f"{name}/kernel:0", data=np.ones((2, 2), "f4"))
        h5py.h5g.create(file.id, b"\xff\xfe")  # h5py's own names are UTF-8

    def outside(file: h5py.File) -> None:
        file.create_dataset("a/a/kernel:0", (4, 4), "f4", external=[("/dev/zero", 0, 64)])

    def virtual(file: h5py.File) -> None:
        layout = h5py.VirtualLayout((4, 4), "f4")
        layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4, 4))
        file.create_virtual_dataset("a/a/kernel:0", layout)

    def new(file: h5py.File) -> None:
        for number in range(30):
            group = f"layers/conv2d_{number}/vars"
            file.create_dataset(f"{group}/0", data=np.ones((1, 1, 2, 2), "f4"))
        file["layers/conv2d_1/vars"].attrs["name"] = b"\xff\xfe"
        file["layers/conv2d_2/vars"].attrs["name"] = MARKUP
        file["layers/conv2d_3/vars"].attrs["name"] = [1, 2]
        file.create_dataset("layers/dense/vars/99999999999999999999", data=np.ones(2, "f4"))

    for what, fill in {"links": links, "circles": circle, "300 levels": deep, "3,000 groups": wide,
                       "odd names": names, "numbers elsewhere": outside, "virtual": virtual,
                       "Keras 3, odd names": new}.items():  # fmt: skip
        yield add(what, fill)
    yield data_case("h5: signature alone", "other.h5", b"\x89HDF\r\n\x1a\n")
    yield data_case("h5: signature and zeros", "other.h5", b"\x89HDF\r\n\x1a\n" + bytes(5000))
    yield data_case("h5: signature and ones", "other.h5", b"\x89HDF\r\n\x1a\n" + b"\xff" * 5000)


def _written(path: Path, fill: Callable[[h5py.File], None]) -> None:
    with h5py.File(path, "w") as file:
        fill(file)
