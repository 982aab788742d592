"""What the program remembers, after somebody else wrote it: settings, network settings, speeds."""

from __future__ import annotations

import functools
import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from resnet_gui.core.http.settings import HttpSettings
from resnet_gui.core.system.settings import Settings
from tests.corpus.cases import HOSTILE, Case, damaged, data_case, dumps, made_case, nested, take
from tests.corpus.models import changed, places, without

KIND = "settings"
SETTINGS, NETWORK, SPEEDS = "settings.json", "network.json", "speeds.json"


def cases(seed: int, count: int, *, costly: bool = False) -> Iterator[tuple[int, Case]]:
    """(number, case): the crafted ones, then damaged ones up to `count`."""
    return take(crafted(), damaged_case, KIND, seed, count, costly)


@functools.cache
def _documents() -> dict[str, dict[str, Any]]:
    import dataclasses

    settings = Settings(
        model="resnet20-cifar10", device="cpu", theme="dark", show_crop=True,
        recent=("/tmp/a.jpg", "/tmp/b"), window="AdnQywADAAA=", splitter=(400, 300),
        last_folder="/tmp",
    )  # fmt: skip
    network = HttpSettings(proxy="http://localhost:9", ca_bundle=Path("/tmp/ca.pem"),
                              mirror="https://example.org/w", weights_folder=Path("/tmp/w"),
                              offline=True)  # fmt: skip
    speed = {"model": "resnet20-cifar10", "device": "cpu", "ms_per_photo": 3.5, "photos": 20,
             "measured": "2026-01-01T00:00:00+00:00", "samples": [1.0, 2.0]}  # fmt: skip
    plain = json.loads(json.dumps(dataclasses.asdict(settings)))
    return {
        SETTINGS: {"format": 1, **plain},
        NETWORK: {"format": 1, **network.to_json()},
        SPEEDS: {"format": 1, "speeds": [speed]},
    }


def _json(value: Any) -> bytes:
    return dumps(value).encode("utf-8", "surrogatepass")


def damaged_case(rng: random.Random) -> Case:
    """A file after an accident, or with hostile values in several fields at once."""
    name, document = rng.choice(list(_documents().items()))
    if rng.random() < 0.4:
        what, bad = damaged(_json(document), rng)
        return data_case(f"{name}, {what}", name, bad)
    values = rng.sample(list(HOSTILE.items()), 3)
    document = json.loads(json.dumps(document))
    found = [place for place in places(document) if len(place) == 1]
    words = []
    for place, (what, value) in zip(rng.sample(found, min(3, len(found))), values, strict=False):
        document = changed(document, place, value)
        words.append(f"{place[0]} is {what}")
    return data_case(f"{name}, {', '.join(words)}", name, _json(document))


@functools.cache
def _crafted() -> tuple[Case, ...]:
    return tuple(case for make in (_fields, _texts, _kinds) for case in make())


def crafted() -> list[Case]:
    return list(_crafted())


_MORE: dict[str, dict[tuple[Any, ...], list[Any]]] = {
    SETTINGS: {
        ("theme",): ["DARK", "Dark ", "<b>"],
        ("splitter",): [[0, 0], [-1, -1], [2**40, 2**40], [True, False], [1] * 50, ["1"],
                         [1.5]],
        ("recent",): [["\0"], ["x" * 100_000], ["/dev/zero"], [""], ["/a"] * 50_000,
                      ["<img src=x>"], ["http://x"], [[]]],
        ("window",): ["abc", "====", "AAAA", "A" * 1_000_000, "\u00e4", "AdnQywAD" + "/" * 400],
        ("device",): ["cuda:99999999999999999999", "meta", "CPU ", "cuda:-1"],
        ("model",): ["../../x", "resnet20-cifar10\0", "RESNET20-CIFAR10", "resnet152"],
        ("last_folder",): ["/proc/self/mem", "\0", "~nobody", "/root", "http://x"],
        ("format",): [999],
    },
    NETWORK: {
        ("proxy",): ["http://", "http://[", "http://x:99999", "ftp://x", "http://a:b@c:d", "none",
                     "http://\u202e", "http://x:-1", "//x", "socks5://x:1"],
        ("mirror",): ["http://x", "https://", "https://[::1", "file:///etc", "https://\0", "https://x:0"],
        ("weights_folder",): ["/dev/null", "/proc", "relative", "\0", "~", "/dev/zero", "x" * 5000],
        ("ca_bundle",): ["/dev/zero", "/", "\0", "/etc/passwd"],
        ("format",): [999],
    },
    SPEEDS: {
        ("speeds",): [[{}], [None], [1], ["x"], [[]], [{"model": 1}]],
    },
}  # fmt: skip


def _fields() -> Iterator[Case]:
    for name, document in _documents().items():
        for place in places(document):
            where = f"{name}, {'.'.join(map(str, place))}"
            for what, value in HOSTILE.items():
                make = functools.partial(changed, document, place, value)
                yield made_case(f"{where} is {what}", name, lambda make=make: _json(make()))
            yield data_case(f"{where} is missing", name, _json(without(document, place)))
        for what, value in HOSTILE.items():
            yield made_case(f"{name} is {what}", name, _json, value)
        for place, values in _MORE[name].items():
            for value in values:
                bad = changed(document, place, value)
                yield made_case(f"{name}, {place[0]} is {str(value)[:30]!r}", name, _json, bad)


def _texts() -> Iterator[Case]:
    for name, document in _documents().items():
        whole = _json(document)
        for what, data in {
            "empty": b"", "no UTF-8": b"\xff\xfe" + whole,
            "UTF-16": whole.decode().encode("utf-16"),
            "a mark first": b"\xef\xbb\xbf" + whole, "zeros": bytes(5000), "twice": whole + whole,
            "cut off": whole[:-5], "lists in lists": nested(200_000).encode(),
            "objects in objects": b'{"a":' * 100_000, "5,000 digits": b"9" * 5000,
            "20 MB of spaces": whole + b" " * 20_000_000,
            "keys twice": whole[:-1] + b"," + whole[1:],
        }.items():  # fmt: skip
            yield data_case(f"{name}, {what}", name, data)


def _kinds() -> Iterator[Case]:
    things: dict[str, Callable[[Path], Any]] = {
        "a folder": lambda path: path.mkdir(),
        "a full folder": lambda path: (path / "x").mkdir(parents=True),
        "a link to itself": lambda path: path.symlink_to(path.name),
        "a link to nothing": lambda path: path.symlink_to("nowhere/at/all"),
        "a link to /dev/zero": lambda path: path.symlink_to("/dev/zero"),
        "a link to /dev/full": lambda path: path.symlink_to("/dev/full"),
        "5 GB of holes": _holes,
    }
    if hasattr(os, "mkfifo"):
        things["a pipe"] = os.mkfifo
    for name in _documents():
        for what, make in things.items():
            yield Case(f"{name} is {what}", name, make)


def _holes(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(5 << 30)
