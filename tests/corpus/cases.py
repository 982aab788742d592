"""What all makers have in common: cases, hostile values, damage."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Build = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Case:
    """One hostile file, folder or whatever else has a path.

    Attributes:
        what: in words, for the report.
        name: its name in the corpus's folder, without the number.
        build: makes it at a path.
        costly: many pixels or megabytes behind few bytes; not in the everyday suite.
    """

    what: str
    name: str
    build: Build
    costly: bool = False


def data_case(what: str, name: str, data: bytes, *, costly: bool = False) -> Case:
    """A file of these bytes."""
    return Case(what, name, lambda path: _write(path, data), costly)


def made_case(
    what: str, name: str, make: Callable[..., bytes], *values: Any, costly: bool = False
) -> Case:
    """A file of bytes that are made only when they are wanted: thousands would fill the memory."""
    return Case(what, name, lambda path: _write(path, make(*values)), costly)


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def seeded(kind: str, seed: int, number: object) -> random.Random:
    """The random numbers of one case: the same whatever was made before it."""
    return random.Random(f"{kind}/{seed}/{number}")


def take(crafted: list[Case], more: Callable[[random.Random], Case], kind: str, seed: int,
         count: int, costly: bool) -> Iterator[tuple[int, Case]]:  # fmt: skip
    """Numbered cases: crafted ones (all, or a seeded choice of three quarters of `count`), then
    random ones up to `count`. Costly ones come besides, and only if they are wanted."""
    numbered = list(enumerate(crafted))
    plain = [(n, case) for n, case in numbered if not case.costly]
    wanted, chosen = count * 3 // 4, plain
    if len(plain) > wanted:
        chosen = _choice(plain, wanted, seeded(kind, seed, "choice"))
    yield from chosen
    for number in range(len(crafted), len(crafted) + count - len(chosen)):
        yield number, more(seeded(kind, seed, number))
    if costly:
        yield from ((n, case) for n, case in numbered if case.costly)


def _choice(
    numbered: list[tuple[int, Case]], wanted: int, rng: random.Random
) -> list[tuple[int, Case]]:
    """Some of the cases, in order. Cases of one name are a group, and a large group counts by the
    root of its size: a hundred fields must not leave one pipe out."""
    groups: dict[str, list[tuple[int, Case]]] = {}
    for item in numbered:
        groups.setdefault(item[1].name, []).append(item)
    weight = sum(len(group) ** 0.5 for group in groups.values())
    chosen: list[tuple[int, Case]] = []
    for group in groups.values():
        share = max(1, round(wanted * len(group) ** 0.5 / weight))
        chosen += rng.sample(group, min(share, len(group)))
    left = sorted(set(map(_number, numbered)) - set(map(_number, chosen)))
    more = set(rng.sample(left, max(0, min(wanted - len(chosen), len(left)))))
    chosen += [item for item in numbered if item[0] in more]
    return sorted(rng.sample(chosen, wanted) if len(chosen) > wanted else chosen, key=_number)


def _number(item: tuple[int, Case]) -> int:
    return item[0]


def nested(depth: int) -> str:
    """JSON text of a list in a list in a list …"""
    return "[" * depth + "]" * depth


class Raw(str):
    """A JSON text that is put into a document as it is: Python's own writer refuses or mends it."""


def dumps(value: Any) -> str:
    """JSON with the `Raw` parts as they are, on one line."""
    raws: list[str] = []

    def replaced(item: Any) -> Any:
        if isinstance(item, Raw):
            raws.append(item)
            return f"\x00raw{len(raws) - 1}\x00"
        if isinstance(item, dict):
            return {key: replaced(inner) for key, inner in item.items()}
        if isinstance(item, list | tuple):
            return [replaced(inner) for inner in item]
        return item

    text = json.dumps(replaced(value))
    for number, raw in enumerate(raws):
        text = text.replace(json.dumps(f"\x00raw{number}\x00"), raw)
    return text


MARKUP = "<img src='/dev/zero'><b>bold</b>[bold red]red[/]\x1b[31m"
# Whatever a field should be, these are mostly something else.
HOSTILE: dict[str, Any] = {
    "null": None,
    "true": True,
    "zero": 0,
    "one": 1,
    "minus one": -1,
    "half": 0.5,
    "2**31": 2**31,
    "2**63": 2**63,
    "2**64": 2**64,
    "10**400": 10**400,
    "5,000 digits": Raw("9" * 5000),
    "1e999": Raw("1e999"),
    "-1e999": Raw("-1e999"),
    "nan": Raw("NaN"),
    "infinity": Raw("Infinity"),
    "minus infinity": Raw("-Infinity"),
    "tiny": 5e-324,
    "huge float": 1.7e308,
    "empty text": "",
    "space": " ",
    "a text": "abc",
    "a number as text": "12",
    "nan as text": "nan",
    "10**400 as text": "1" + "0" * 400,
    "long text": "x" * 100_000,
    "surrogate": Raw('"\\ud800"'),
    "zero byte": "a\0b",
    "newlines": "a\nb\r\nc\t",
    "bidi": "a\u202egpj.exe\u2066\u200f",
    "markup": MARKUP,
    "format": "{0.__class__} %s %n",
    "path out": "../../../../etc/passwd",
    "device": "/dev/zero",
    "empty list": [],
    "list": [1, 2, 3],
    "list of null": [None],
    "list of lists": [[[[1]]]],
    "long list": list(range(20_000)),
    "deep list": Raw(nested(10_000)),
    "very deep list": Raw(nested(200_000)),
    "empty object": {},
    "object": {"a": 1},
    "deep object": Raw('{"a":' * 10_000 + "1" + "}" * 10_000),
    "object of odd keys": {"": 1, "__class__": 2, "self": 3, "\0": 4},
    "wide object": {f"k{n}": n for n in range(5000)},
}


def damaged(data: bytes, rng: random.Random) -> tuple[str, bytes]:
    """Valid bytes after an accident: what happened, and the result."""
    if not data:
        return "empty", data
    kind = rng.randrange(8)
    if kind == 0:
        cut = rng.randrange(len(data))
        return f"cut at {cut}", data[:cut]
    if kind == 1:  # the beginning, where the headers are
        head = bytearray(data)
        for _ in range(rng.randint(1, 8)):
            head[rng.randrange(min(len(head), 128))] = rng.randrange(256)
        return "bytes changed at the beginning", bytes(head)
    if kind == 2:
        some = bytearray(data)
        for _ in range(rng.randint(1, 30)):
            some[rng.randrange(len(some))] ^= 1 << rng.randrange(8)
        return "bits flipped", bytes(some)
    if kind == 3:
        at, size = rng.randrange(len(data)), rng.randint(1, 64)
        return f"{size} bytes of 255 at {at}", data[:at] + b"\xff" * size + data[at + size :]
    if kind == 4:
        at, size = rng.randrange(len(data)), rng.randint(1, 512)
        return f"{size} bytes of 0 at {at}", data[:at] + b"\0" * size + data[at + size :]
    if kind == 5:
        at, size = rng.randrange(len(data)), rng.randint(1, 64)
        return f"{size} bytes lost at {at}", data[:at] + data[at + size :]
    if kind == 6:
        at = rng.randrange(len(data))
        return f"random bytes put in at {at}", data[:at] + rng.randbytes(rng.randint(1, 64)) + data[
            at:
        ]
    left, right = sorted(rng.randrange(len(data)) for _ in range(2))
    return "a part twice", data[:right] + data[left:]
