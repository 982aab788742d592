"""Directories of runs that are damaged or lie. The sound one is a real training, stopped after its
first epoch."""

from __future__ import annotations

import atexit
import functools
import json
import os
import random
import shutil
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.directory import (
    BEST_FILE,
    FEATURES_FILE,
    LAST_FILE,
    LAYERS_FILE,
    METRICS_FILE,
    RUN_FILE,
    SPLIT_FILE,
)
from resnet_gui.core.runs.events import EpochDone
from resnet_gui.core.training.api import train
from tests.corpus.cases import HOSTILE, Case, damaged, dumps, nested, take
from tests.corpus.models import changed, places, without
from tests.helpers.training import make_photos

KIND = "runs"
Files = dict[str, bytes]
_LINES = (METRICS_FILE, LAYERS_FILE)
_JSON = (RUN_FILE, SPLIT_FILE, *_LINES)
_KEY = "resnet_gui_checkpoint"


def cases(seed: int, count: int, *, costly: bool = False) -> Iterator[tuple[int, Case]]:
    """(number, case): the crafted ones, then damaged ones up to `count`."""
    return take(crafted(), damaged_case, KIND, seed, count, costly)


@functools.cache
def sound() -> Files:
    """A stopped run's files by name. Its photos stay in a folder until this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="corpus-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    photos = make_photos(folder / "photos", count=4, side=32)
    config = RunConfig(
        data=str(photos), model="resnet20-cifar10", method="head", epochs=3, batch_size=8,
        device="cpu", precision="fp32",
    )  # fmt: skip
    stop = threading.Event()
    for event in train(config, folder=folder / "runs", models=folder / "models", stop=stop.is_set):
        if isinstance(event, EpochDone):
            stop.set()
    (run,) = (folder / "runs").iterdir()
    files = {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}
    layers = {"epoch": 0, "gradient_norm": {"head": 1.5}, "residual_ratio": {"stage1.0": 0.5}}
    return {**files, LAYERS_FILE: dumps(layers).encode() + b"\n"}


def build_run(path: Path, changes: dict[str, bytes | None] | None = None) -> None:
    path.mkdir()
    for name, data in (sound() | (changes or {})).items():
        if data is not None:
            (path / name).write_bytes(data)


def _case(what: str, changes: Callable[[], dict[str, bytes | None]]) -> Case:
    group = what.partition(":")[0]
    return Case(what, group.replace(".", "-"), lambda path: build_run(path, changes()))


def damaged_case(rng: random.Random) -> Case:
    """One or two files of a sound run after an accident."""
    names = rng.sample(
        [RUN_FILE, SPLIT_FILE, METRICS_FILE, LAST_FILE, LAYERS_FILE, FEATURES_FILE],
        rng.randint(1, 2),
    )
    changes: dict[str, bytes | None] = {}
    words = []
    for name in names:
        what, changes[name] = damaged(sound()[name], rng)
        words.append(f"{name} {what}")
    return _case(f"damaged: {', '.join(words)}", lambda: changes)


@functools.cache
def _crafted() -> tuple[Case, ...]:
    return tuple(
        case for make in (_fields, _texts, _checkpoints, _features, _kinds) for case in make()
    )


def crafted() -> list[Case]:
    return list(_crafted())


def _document(name: str) -> dict[str, Any]:
    """A file's JSON; of metrics and layers the first line's."""
    text = sound()[name].decode()
    return json.loads(text.splitlines()[0] if name in _LINES else text)  # type: ignore[no-any-return]


def _text(name: str, value: Any) -> bytes:
    text = dumps(value).encode("utf-8", "surrogatepass") + b"\n"
    return text + sound()[name] if name in _LINES else text


def _fields() -> Iterator[Case]:
    """Every field of every JSON file times every hostile value."""

    def changes(name: str, place: tuple[Any, ...], value: Any) -> dict[str, bytes | None]:
        return {name: _text(name, changed(_document(name), place, value))}

    def lacking(name: str, place: tuple[Any, ...]) -> dict[str, bytes | None]:
        return {name: _text(name, without(_document(name), place))}

    unknown = [("config", "unknown"), ("state",), ("unknown",)]
    for name in _JSON:
        found = list(places(_document(name)))
        for place in (*found, *(unknown if name == RUN_FILE else ())):
            where = f"{name}: {'.'.join(map(str, place))}"
            for what, value in HOSTILE.items():
                yield _case(f"{where} is {what}", functools.partial(changes, name, place, value))
            if place in found:
                yield _case(f"{where} is missing", functools.partial(lacking, name, place))
        for what, value in HOSTILE.items():
            make = functools.partial(lambda name, value: {name: _text(name, value)}, name, value)
            yield _case(f"{name}: all of it is {what}", make)
    huge: dict[tuple[str, str], list[Any]] = {
        ("config", "epochs"): [100_000, -1, 0],
        ("config", "batch_size"): [65_536, 10**9],
        ("config", "image_size"): [1, 2048, 10**6],
        ("config", "head_width"): [65_536, 10**9],
        ("config", "accumulate"): [65_536],
        ("config", "memory_mb"): [1, 10**9],
        ("config", "method"): ["scratch", "full", "last", "progressive", "HEAD"],
        ("config", "head"): ["mlp"],
        ("config", "model"): ["resnet20-cifar10 ", "../x", "resnet152", "plain20-cifar10"],
        ("config", "data"): ["/", "/proc", "/dev", "/dev/zero", "~", ".", "\ud800"],
        ("config", "device"): ["cuda:99", "mps", "meta", "xla", "cpu:7"],
        ("model", "architecture_options"): [{"depth": 10**6 + 4}, {"head": {"width": 10**9}}],
        ("hardware", "precision"): ["fp64", "bf16", "fp16"],
        ("hardware", "kind"): ["cuda:0", "mps", "meta"],
        ("dataset", "root"): ["/", "/proc", "/dev/zero", "~"],
        ("dataset", "classes"): [["a"] * 100_000],
    }  # fmt: skip
    for place, values in huge.items():
        for value in values:
            make = functools.partial(changes, RUN_FILE, place, value)
            yield _case(f"{RUN_FILE}: {'.'.join(place)} is {str(value)[:40]!r}", make)


def _texts() -> Iterator[Case]:
    """What is no JSON, or too much of it."""
    for name in _JSON:
        whole = sound()[name]
        for what, data in {
            "empty": b"", "no UTF-8": b"\xff\xfe" + whole,
            "UTF-16": whole.decode().encode("utf-16"),
            "a mark first": b"\xef\xbb\xbf" + whole, "zeros": bytes(5000), "twice": whole + whole,
            "cut off": whole[: len(whole) // 2], "lists in lists": nested(100_000).encode(),
            "line ends": b"\n" * 5000, "other line ends": whole.replace(b"\n", b"\r"),
            "a line of 5 MB": b'{"a": "' + b"x" * 5_000_000 + b'"}\n' + whole,
            "20,000 lines": whole.splitlines()[0] + b"\n" if name not in _LINES else
            (whole.splitlines()[0] + b"\n") * 20_000,
            "line separators": whole.replace(b'"', b'"\xe2\x80\xa8', 1),
        }.items():  # fmt: skip
            yield _case(f"{name}: {what}", lambda name=name, data=data: {name: data})


def _checkpoints() -> Iterator[Case]:
    """last.safetensors, which a resume goes on from."""
    raw = sound()[LAST_FILE]
    length = struct.unpack("<Q", raw[:8])[0]
    header, weights = json.loads(raw[8 : 8 + length]), raw[8 + length :]
    tensors = {key: value for key, value in header.items() if key != "__metadata__"}
    document = json.loads(header["__metadata__"][_KEY])

    def assembled(text: Any, table: Any, data: bytes = weights) -> dict[str, bytes | None]:
        text = text if isinstance(text, str) else dumps(text)
        head = dumps({"__metadata__": {_KEY: text}, **table}).encode("utf-8", "surrogatepass")
        return {LAST_FILE: struct.pack("<Q", len(head)) + head + data}

    for place in places(document):
        where = f"{LAST_FILE}: {'.'.join(map(str, place))}"
        for what, value in HOSTILE.items():
            bad = changed(document, place, value)
            yield _case(f"{where} is {what}", functools.partial(assembled, bad, tensors))
        lacking = without(document, place)
        yield _case(f"{where} is missing", functools.partial(assembled, lacking, tensors))
    for name, info in tensors.items():
        for dtype in ("F16", "I32", "F64", "BOOL"):
            table = tensors | {name: info | {"dtype": dtype}}
            make = functools.partial(assembled, document, table)
            yield _case(f"{LAST_FILE}: {name} is {dtype}", make)
        for shape in ([], [0], [2**40], [-1], info["shape"][::-1], [*info["shape"], 1]):
            table = tensors | {name: info | {"shape": shape}}
            make = functools.partial(assembled, document, table)
            yield _case(f"{LAST_FILE}: {name} has shape {shape}", make)
        table = {key: value for key, value in tensors.items() if key != name}
        table["model/other"] = info
        make = functools.partial(assembled, document, table)
        yield _case(f"{LAST_FILE}: {name} under another name", make)
    nan = bytes.fromhex("0000c07f") * (len(weights) // 4)
    yield _case(f"{LAST_FILE}: all weights nan", lambda: assembled(document, tensors, nan))
    for what, data in {"empty": b"", "8 bytes": raw[:8], "zeros": bytes(9000), "half":
                       raw[: len(raw) // 2], "a text": b"hello"}.items():  # fmt: skip
        yield _case(f"{LAST_FILE}: {what}", lambda data=data: {LAST_FILE: data})


def _features() -> Iterator[Case]:
    """features.safetensors, which a resume need not compute again if it fits."""
    raw = sound()[FEATURES_FILE]
    length = struct.unpack("<Q", raw[:8])[0]
    header, weights = json.loads(raw[8 : 8 + length]), raw[8 + length :]

    def assembled(table: Any, data: bytes = weights) -> dict[str, bytes | None]:
        head = dumps(table).encode("utf-8", "surrogatepass")
        return {FEATURES_FILE: struct.pack("<Q", len(head)) + head + data}

    for place in places(header):
        for what, value in HOSTILE.items():
            table = changed(header, place, value)
            where = f"{FEATURES_FILE}: {'.'.join(map(str, place))} is {what}"
            yield _case(where, functools.partial(assembled, table))
    for name in ("train", "val", "train_indices", "val_indices"):
        info = header[name]
        start, end = info["data_offsets"]
        for what, fill in {"zeros": b"\0", "ones": b"\xff", "hex 7f": b"\x7f"}.items():
            data = weights[:start] + fill * (end - start) + weights[end:]
            yield _case(
                f"{FEATURES_FILE}: {name} of {what}", functools.partial(assembled, header, data)
            )
        for shape in ([end - start, 1], [1, info["shape"][0]], [0]):
            table = header | {name: info | {"shape": shape}}
            yield _case(
                f"{FEATURES_FILE}: {name} of shape {shape}", functools.partial(assembled, table)
            )


def _kinds() -> Iterator[Case]:
    """Something else than a file under each name."""
    for name in (RUN_FILE, SPLIT_FILE, METRICS_FILE, LAYERS_FILE, LAST_FILE, BEST_FILE, "lock",
                 "title", "report"):  # fmt: skip
        for what, make in _THINGS.items():
            yield Case(
                f"kind: {name} is {what}", "kind", functools.partial(_with, name=name, make=make)
            )
    yield Case("kind: the run is a file", "kind", lambda path: path.write_bytes(b"x") and None)
    yield Case("kind: the run is empty", "kind", lambda path: path.mkdir())
    yield Case("kind: the run is a link to itself", "kind", lambda path: path.symlink_to(path.name))
    yield Case("kind: 5,000 files", "kind", _crowded)


def _with(path: Path, name: str, make: Callable[[Path], None]) -> None:
    build_run(path, {name: None})
    make(path / name)


def _crowded(path: Path) -> None:
    build_run(path)
    for number in range(5000):
        (path / f".{number}.tmp").touch()


def _holes(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(5 << 30)


_THINGS: dict[str, Callable[[Path], None]] = {
    "missing": lambda path: None,
    "a folder": lambda path: path.mkdir(),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a link to /dev/zero": lambda path: path.symlink_to("/dev/zero"),
    "a link to /dev/full": lambda path: path.symlink_to("/dev/full"),
    "5 GB of holes": _holes,
}
if hasattr(os, "mkfifo"):
    _THINGS["a pipe"] = os.mkfifo
