"""Model files that are damaged, lying or traps: `.safetensors`, `.pth` of both kinds, `.h5`, and
the lists of bundles."""

from __future__ import annotations

import copy
import functools
import json
import os
import random
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from resnet_gui.core.nets.build import build_network
from resnet_gui.core.nets.registry import architectures
from resnet_gui.core.zoo.spec import Preprocessing
from resnet_gui.core.zoo.weights.load import save_model
from resnet_gui.core.zoo.weights.model_file import METADATA_KEY
from tests.corpus import foreign, pickles
from tests.corpus.cases import (
    HOSTILE,
    MARKUP,
    Case,
    Raw,
    damaged,
    data_case,
    dumps,
    made_case,
    nested,
    take,
)
from tests.helpers.models import small_spec

KIND = "models"
Header = dict[str, Any]


def cases(seed: int, count: int, *, costly: bool = False) -> Iterator[tuple[int, Case]]:
    """(number, case): the crafted ones, then damaged ones up to `count`."""
    return take(crafted(), damaged_case, KIND, seed, count, costly)


@functools.cache
def _crafted() -> tuple[Case, ...]:
    makers = (
        _fields, _tensors, _whole_files, _architectures, foreign.cases, _bundles,
        _special_files,
    )  # fmt: skip
    return tuple(case for make in makers for case in make())


def crafted() -> list[Case]:
    return list(_crafted())


def damaged_case(rng: random.Random) -> Case:
    """A sound file of one of the kinds after an accident."""
    name, data = rng.choice(_sounds())
    what, bad = damaged(data, rng)
    if rng.random() < 0.3:
        more, bad = damaged(bad, rng)
        what += f", {more}"
    return data_case(f"{name}, {what}", f"damaged{Path(name).suffix}", bad)


@functools.cache
def _sounds() -> tuple[tuple[str, bytes], ...]:
    sound, small = sound_model(), pickles.state({"fc.weight": (3, 4), "fc.bias": (3,)})
    return (
        ("model.safetensors", sound),
        ("header.safetensors", assembled(*parts())[:9000]),
        ("zip.pth", small),
        ("resnet18.pth", pickles.stretched("resnet18")),
        ("old.pth", pickles.state({"fc.weight": (3, 4)}, legacy=True)),
        ("old.pt", pickles.state({"fc.weight": (3, 4), "conv1.weight": (2, 3, 3, 3)}, legacy=True)),
        ("small.h5", foreign.h5_bytes(foreign.small_layers)),
        ("keras.h5", foreign.h5_bytes(foreign.unwritten("keras_resnet50"))),
    )


# --- our own model files ----------------------------------------------------------------------


@functools.cache
def sound_model() -> bytes:
    """ResNet-8 for three classes: whole, with all fields."""
    options = {"depth": 8, "kind": "residual", "shortcut": "A"}
    torch_state = torch.random.get_rng_state()
    torch.manual_seed(0)
    network = build_network("cifar_resnet", 3, options)
    torch.random.set_rng_state(torch_state)
    spec = small_spec(
        architecture="cifar_resnet", architecture_options=options,
        preprocessing=Preprocessing(32, 32), gflops=0.01, top5=0.99, licence="MIT",
        metrics={"accuracy": 0.9, "accuracy_ci95": [0.8, 0.95], "photos": 100},
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sound.safetensors")
        provenance = {"sha256": "0" * 64, "run": "r", "recipe": {"epochs": 3}}
        save_model(path, spec, network.state_dict(), provenance)
        return path.read_bytes()


def parts() -> tuple[Header, Header, bytes]:
    """The sound file taken apart: description, table of tensors, weights."""
    data = sound_model()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    document = json.loads(header.pop("__metadata__")[METADATA_KEY])
    return document, header, data[8 + length :]


def assembled(document: Any, tensors: Header, weights: bytes, **more: Any) -> bytes:
    """The inverse; `more` replaces parts of the header."""
    text = document if isinstance(document, str) else dumps(document)
    header = {"__metadata__": {METADATA_KEY: text}, **tensors, **more}
    raw = dumps(header).encode("utf-8", "surrogatepass")
    raw += b" " * (-len(raw) % 8)
    return struct.pack("<Q", len(raw)) + raw + weights


def changed(document: Header, place: tuple[Any, ...], value: Any) -> Header:
    result = copy.deepcopy(document)
    here: Any = result
    for key in place[:-1]:
        here = here[key]
    here[place[-1]] = value
    return result


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all values in a JSON document; of a list, the first item stands for all."""
    items = value.items() if isinstance(value, dict) else enumerate(value[:1])
    for key, inner in items:
        yield (*at, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*at, key))


def without(document: Header, place: tuple[Any, ...]) -> Header:
    result = copy.deepcopy(document)
    here: Any = result
    for key in place[:-1]:
        here = here[key]
    del here[place[-1]]
    return result


def _fields() -> Iterator[Case]:
    """Every field of the description times every hostile value."""
    document, tensors, weights = parts()
    unknown = [("new field",), ("architecture_options", "head"), ("architecture_options", "width"),
               ("architecture_options", "pixel_mean"), ("id",), ("url",), ("path",)]  # fmt: skip

    def build(path: Path, place: tuple[Any, ...], value: Any) -> None:
        path.write_bytes(assembled(changed(document, place, value), tensors, weights))

    for place in (*places(document), *unknown):
        name = ".".join(map(str, place))
        for what, value in HOSTILE.items():
            make = functools.partial(build, place=place, value=value)
            yield Case(f"{name} is {what}", "field.safetensors", make)
        if place not in unknown:
            bad = without(document, place)
            yield made_case(f"{name} is missing", "field.safetensors", assembled, bad, tensors,
                            weights)  # fmt: skip
    for what, value in HOSTILE.items():
        make = functools.partial(_metadata_is, value=value)
        yield Case(f"the description is {what}", "field.safetensors", make)
        make = functools.partial(_metadata_is, value=value, whole=True)
        yield Case(f"the metadata is {what}", "field.safetensors", make)
    extremes: dict[str, dict[tuple[Any, ...], Any]] = {
        "crop 4096": {("preprocessing", "crop"): 4096, ("preprocessing", "resize"): 4096},
        "crop beyond resize": {("preprocessing", "crop"): 512, ("preprocessing", "resize"): 8},
        "crop 1": {("preprocessing", "crop"): 1, ("preprocessing", "resize"): 1},
        "no resizing": {("preprocessing", "resize"): 0},
        "std of 1e-300": {("preprocessing", "std"): [1e-300] * 3},
        "mean of 1e300": {("preprocessing", "mean"): [1e300] * 3},
        "a million classes": {("classes",): ["c"] * 1_000_000},
        "the same class thrice": {("classes",): ["c"] * 3},
        "hostile classes": {("classes",): [MARKUP, "=1+1", "a\nb"]},
        "surrogate classes": {("classes",): [Raw('"\\ud800"'), Raw('"\\udcff"'), "c"]},
        "hostile texts": {("title",): MARKUP, ("notes",): MARKUP, ("licence",): MARKUP,
                          ("family",): MARKUP, ("dataset",): MARKUP},
    }  # fmt: skip
    for what, changes in extremes.items():
        bad = document
        for place, value in changes.items():
            bad = changed(bad, place, value)
        yield made_case(what, "field.safetensors", assembled, bad, tensors, weights)


def _metadata_is(path: Path, value: Any, whole: bool = False) -> None:
    _, tensors, weights = parts()
    if not whole:
        text = value if isinstance(value, str) and not isinstance(value, Raw) else dumps(value)
        path.write_bytes(assembled(text, tensors, weights))
    else:
        path.write_bytes(assembled({}, tensors, weights, __metadata__=value))


def _tensors() -> Iterator[Case]:
    """The table of tensors."""
    document, tensors, weights = parts()
    name = next(key for key, value in tensors.items() if value["dtype"] == "F32")
    sound = tensors[name]

    def add(what: str, table: Header, data: bytes = weights) -> Case:
        return made_case(what, "table.safetensors", assembled, document, table, data)

    for field in ("dtype", "shape", "data_offsets"):
        for what, value in HOSTILE.items():
            yield add(f"a tensor's {field} is {what}", tensors | {name: sound | {field: value}})
        lacking = {key: value for key, value in sound.items() if key != field}
        yield add(f"a tensor's {field} is missing", tensors | {name: lacking})
    for what, value in HOSTILE.items():
        yield add(f"a tensor is {what}", tensors | {name: value})
    for dtype in ("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "I16", "F16", "BF16", "I32", "I64",
                  "U64", "F64", "C64", "F4", "f32", "F32 "):  # fmt: skip
        yield add(f"dtype {dtype}", tensors | {name: sound | {"dtype": dtype}})
        every = {key: value | {"dtype": dtype} for key, value in tensors.items()}
        yield add(f"every dtype {dtype}", every)
    for shape in ([0], [], [1] * 100, [2**31], [2**62], [2**63], [10**400], [-1, -432], [1.5],
                  ["16", 3, 3, 3], [16, 3, 3, 3, 1], [None], [[16, 3, 3, 3]], [True]):  # fmt: skip
        yield add(f"shape {str(shape)[:40]}", tensors | {name: sound | {"shape": shape}})
    for offsets in ([0, 0], [-1, 5], [5, 0], [0], [0, 1, 2], [0, 2**62], [2**63, 2**64], [0.0, 4.0],
                    ["0", "4"], [10**400, 10**400], [None, None], [0, len(weights)]):  # fmt: skip
        what = f"offsets {str(offsets)[:40]}"
        yield add(what, tensors | {name: sound | {"data_offsets": offsets}})
    yield add("a tensor too few", {k: v for k, v in tensors.items() if k != name})
    for odd in ("", "\0", MARKUP, "../../x", "x" * 100_000, "__proto__"):
        extra = {"dtype": "F32", "shape": [0], "data_offsets": [len(weights), len(weights)]}
        yield add(f"a tensor called {odd[:20]!r}", tensors | {odd: extra})
    empty = {"dtype": "F32", "shape": [0], "data_offsets": [len(weights), len(weights)]}
    yield add("50,000 tensors", tensors | {f"t{n}": empty for n in range(50_000)})
    yield add("no tensors", {}, b"")
    for what, value in (("nan", float("nan")), ("infinite", float("inf")), ("huge", 3e38)):
        bad = np.full(len(weights) // 4, value, "<f4").tobytes()
        yield add(f"all weights {what}", tensors, bad)
    raw = assembled(document, tensors, weights)
    length = struct.unpack("<Q", raw[:8])[0]
    twice = raw[8 : 8 + length].rstrip()[:-1] + f',"{name}":{dumps(sound)}}}'.encode()
    yield data_case("a name twice", "table.safetensors", struct.pack("<Q", len(twice)) + twice
                    + raw[8 + length :])  # fmt: skip


def _whole_files() -> Iterator[Case]:
    raw = sound_model()
    length = struct.unpack("<Q", raw[:8])[0]
    header, weights = raw[8 : 8 + length], raw[8 + length :]
    for size in (0, 1, 2, length - 1, length + 1, 2**24, 2**31, 2**63 - 1, 2**63, 2**64 - 1):
        yield data_case(f"a header of {size} bytes", "length.safetensors",
                        struct.pack("<Q", size) + raw[8:])  # fmt: skip

    def add(what: str, head: bytes) -> Case:
        return data_case(what, "header.safetensors", struct.pack("<Q", len(head)) + head + weights)

    yield add("16 MB of spaces", header + b" " * (1 << 24))
    yield add("15 MB of spaces", header + b" " * (15 << 20))
    yield add("a header of lists in lists", nested(200_000).encode())
    yield add("a header of objects in objects", b'{"a":' * 100_000 + b"1" + b"}" * 100_000)
    yield add("a header that is no UTF-8", header[:50] + b"\xff\xfe" + header[52:])
    yield add("a header in UTF-16", header.decode().encode("utf-16"))
    yield add("a header with a mark", b"\xef\xbb\xbf" + header)
    for what, text in {"a list": b"[]", "a number": b"12345678", "null": b"null", "empty": b"{}",
                       "broken": b'{"a":', "a text": b'"abcdef"', "zeros": bytes(64),
                       "5,000 digits": b"9" * 5000}.items():  # fmt: skip
        yield add(f"the header is {what}", text)
    for what, data in {"empty": b"", "7 bytes": raw[:7], "8 bytes": raw[:8], "twice": raw + raw,
                       "a byte too much": raw + b"\0", "a byte too few": raw[:-1],
                       "header alone": raw[: 8 + length], "zeros": bytes(100_000),
                       "a text": b"hello\n" * 99}.items():  # fmt: skip
        yield data_case(what, "whole.safetensors", data)
    for ending in ("pth", "pt", "h5", "bin", "ckpt", "json", "zip", "PTH", "SAFETENSORS"):
        yield data_case(f"our model as .{ending}", f"named.{ending}", raw)


_TORCHVISION = ("ResNet", "ResNeXt", "Wide ResNet")


def _architectures() -> Iterator[Case]:
    """Architectures that cost more than their file, and options that are none."""
    document, tensors, weights = parts()
    ours = [item.name for item in architectures() if item.family not in _TORCHVISION]
    names = [*ours, "resnet18", "resnet152", "wide_resnet101_2", "resnext101_64x4d",
             "vit_h_14", "cifar_resnet ", "", "__import__", "../x",
             MARKUP]  # fmt: skip
    options: list[dict[str, Any]] = [{}, {"depth": 8}, {"depth": 10**6 + 4}, {"depth": 1202},
               {"depth": 10**9 + 4}, {"depth": -4}, {"depth": 8.0}, {"depth": "8"}, {"depth": True},
               {"classes": 10**9}, {"self": 1}, {"depth": 8, "kind": "plain", "shortcut": "Z"},
               {"width_coefficient": 1e6}, {"depth_coefficient": 1e5}, {"dropout_rate": 5},
               {"image_size": 10**9}, {"head": {"width": 10**9}}, {"head": {"width": 10**12}},
               {"head": {"width": -1}}, {"head": {"dropout": 2}}, {"head": {"dropout": "x"}},
               {"head": []}, {"head": "x"}, {"head": {"width": 8, "dropout": 0.5}}]  # fmt: skip
    for name in names:
        for chosen in options if name in (*ours, "resnet18") else [{}]:
            bad = document | {"architecture": name, "architecture_options": chosen}
            yield made_case(f"architecture {name[:20]!r}, {chosen}", "shape.safetensors",
                            assembled, bad, tensors, weights)  # fmt: skip


# --- bundles, and what is no file -------------------------------------------------------------


def _bundles() -> Iterator[Case]:
    item = {"id": "resnet18", "file": "model.safetensors", "bytes": 9, "sha256": "0" * 64}
    document = {"format": 1, "program": "resnet-gui 0", "files": [item]}

    def build(path: Path, text: str) -> None:
        path.mkdir()
        (path / "bundle.json").write_text(text, encoding="utf-8", errors="surrogatepass")
        (path / "model.safetensors").write_bytes(sound_model())

    def add(what: str, text: str) -> Case:
        return Case(f"bundle: {what}", "bundle", functools.partial(build, text=text))

    yield add("sound", dumps(document))
    for place in places(document):
        name = ".".join(map(str, place))
        for what, value in HOSTILE.items():
            yield add(f"{name} is {what}", dumps(changed(document, place, value)))
        yield add(f"{name} is missing", dumps(without(document, place)))
    for what, value in HOSTILE.items():
        yield add(f"the list is {what}", dumps(value))
    for file in ("..", ".", "bundle.json", "C:\\x", "a\nb", "x" * 300, "con", "-rf", "~"):
        bad = changed(document, ("files", 0, "file"), file)
        yield add(f"file {file[:9]!r}", dumps(bad))


def _special_files() -> Iterator[Case]:
    for ending in ("safetensors", "pth", "h5"):

        def add(what: str, build: Callable[[Path], None], name: str = f"special.{ending}") -> Case:
            return Case(f"{what} named {name[8:]}", name, build)

        yield add("a folder", lambda path: path.mkdir())
        yield add("a link to itself", lambda path: path.symlink_to(path.name))
        yield add("a link to nothing", lambda path: path.symlink_to("nowhere"))
        for device in ("zero", "full", "random", "stdin"):
            yield add(f"a link to /dev/{device}", functools.partial(_link, to=f"/dev/{device}"))
        if hasattr(os, "mkfifo"):
            yield add("a pipe", os.mkfifo)
        yield add("20 GB of holes", _holes)


def _link(path: Path, to: str) -> None:
    path.symlink_to(to)


def _holes(path: Path) -> None:
    with path.open("wb") as file:
        file.write(sound_model()[:100] if path.suffix == ".safetensors" else b"PK\3\4")
        file.truncate(20 << 30)
