"""What may stand in a model file's description: for each field its type, range and length.

A file from elsewhere may say anything, and each value is a number of layers to build, pixels to
make room for or a text to paint. So all of them are read through this one table before anything
is built. Without torch.

Bounds are far from what is made on purpose (a class for each of ImageNet's 21,841 words, photos of
2048 pixels) and close enough that what keeps them fits into a small computer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

MAX_CLASSES = 50_000
MAX_CROP, MAX_RESIZE = 2048, 4096  # pixels; runs take up to 2048
_SURROGATES = re.compile("[\ud800-\udfff]")
# Python's stand-ins for the bytes of a file's name that are no text: \udc80 to \udcff.
_NO_FILE_NAME = re.compile("[\ud800-\udc7f\udd00-\udfff]")
_SHOWN = 60  # characters of a wrong value in its error


def shown_name(name: str) -> str:
    """A file's name as a text: bytes that are no text become �."""
    return _SURROGATES.sub("\ufffd", name)


ABSENT = object()  # default of a field that stays away where it is not given


class HeaderValueError(ValueError):
    """A field is missing, of the wrong type or out of range; the text names it."""


class Rule(Protocol):
    """What one value may be. `read` hands it back as the program takes it."""

    def read(self, value: Any, name: str) -> Any:
        """
        Raises:
            HeaderValueError: it is none of these; `name` says which value.
        """
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """At most `most` characters. Halves of surrogate pairs, which no screen and no file can take,
    become �; with `names` those stay that stand for the bytes of a file's name."""

    most: int
    names: bool = False

    def read(self, value: Any, name: str) -> str:
        if not isinstance(value, str):
            raise HeaderValueError(f"{name} is no text")
        if len(value) > self.most:
            raise HeaderValueError(f"{name} has {len(value):,} characters, not up to {self.most:,}")
        return (_NO_FILE_NAME if self.names else _SURROGATES).sub("\ufffd", value)


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number of low to high."""

    low: int
    high: int

    def read(self, value: Any, name: str) -> int:
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole and not (isinstance(value, float) and value.is_integer()):
            raise HeaderValueError(f"{name} {_shown(value)} is no whole number")
        if not self.low <= value <= self.high:
            raise HeaderValueError(
                f"{name} {_shown(value)} is not between {self.low} and {self.high}"
            )
        return int(value)


@dataclass(frozen=True, slots=True)
class Number:
    """A finite number of low to high."""

    low: float
    high: float

    def read(self, value: Any, name: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise HeaderValueError(f"{name} {_shown(value)} is no number")
        if not self.low <= value <= self.high:  # not a number is not either
            raise HeaderValueError(
                f"{name} {_shown(value)} is not between {self.low:g} and {self.high:g}"
            )
        return float(value)


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    def read(self, value: Any, name: str) -> bool:
        if not isinstance(value, bool):
            raise HeaderValueError(f"{name} {_shown(value)} is neither true nor false")
        return value


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words or numbers."""

    values: tuple[Any, ...]

    def read(self, value: Any, name: str) -> Any:
        if isinstance(value, bool) or value not in self.values:
            known = ", ".join(map(str, self.values))
            raise HeaderValueError(f"{name} {_shown(value)} is none of {known}")
        return value


@dataclass(frozen=True, slots=True)
class Items:
    """A list of least to most values of one rule."""

    rule: Rule
    least: int
    most: int

    def read(self, value: Any, name: str) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise HeaderValueError(f"{name} is no list")
        if not self.least <= len(value) <= self.most:
            few = f"{self.least:,}"
            wanted = few if self.least == self.most else f"{few} to {self.most:,}"
            raise HeaderValueError(f"{name} has {len(value):,} values, not {wanted}")
        return tuple(self.rule.read(item, name) for item in value)


_ANY_TEXT, _ANY_NAME = 10_000, Text(1000, names=True)


@dataclass(frozen=True, slots=True)
class Anything:
    """JSON that nobody counts on: bounded, and numbers that are none become null.

    Attributes:
        table: whether it has to be a table.
        depth: of lists and tables in each other; values: in all of them.
        text: characters of one text.
    """

    table: bool = False
    depth: int = 12
    values: int = 20_000
    text: int = _ANY_TEXT

    def read(self, value: Any, name: str) -> Any:
        if self.table and not isinstance(value, Mapping):
            raise HeaderValueError(f"{name} is no table")
        left = [self.values]
        return self._read(value, name, self.depth, left)

    def _read(self, value: Any, name: str, depth: int, left: list[int]) -> Any:
        left[0] -= 1
        if depth < 0 or left[0] < 0:
            raise HeaderValueError(f"{name} holds too much")
        if isinstance(value, str):
            return Text(self.text, names=True).read(value, name)
        if isinstance(value, float):
            return value if math.isfinite(value) else None
        if isinstance(value, int):
            return value if abs(value) < 2**63 else None
        if isinstance(value, list | tuple):
            return [self._read(item, name, depth - 1, left) for item in value]
        if isinstance(value, Mapping):
            return {
                _ANY_NAME.read(key, name): self._read(item, name, depth - 1, left)
                for key, item in value.items()
            }
        return None


_REQUIRED, _ABSENT = object(), object()


@dataclass(frozen=True, slots=True)
class Field:
    """A value of a table.

    Attributes:
        rule: what it may be.
        default: what stands for it where it is missing or null; without one it has to be there,
            and with _ABSENT it stays away.
    """

    rule: Rule
    default: Any = _REQUIRED


@dataclass(frozen=True, slots=True)
class Table:
    """A table with fields of its own.

    Attributes:
        fields: by name.
        more: what other fields may be; None: there may be none.
        named: whether errors name the table before its field.
    """

    fields: Mapping[str, Field] = field(default_factory=dict)
    more: Rule | None = None
    named: bool = True

    def read(self, value: Any, name: str) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise HeaderValueError(f"{name} is no table")
        found: dict[str, Any] = {}
        for key, its in self.fields.items():
            place = f"{name}: {key}" if self.named else key
            item = value.get(key)
            if item is not None:
                found[key] = its.rule.read(item, place)
            elif its.default is _REQUIRED:
                raise HeaderValueError(f"{place} is missing")
            elif its.default is not _ABSENT:
                found[key] = its.default
        for key in [key for key in value if key not in self.fields]:
            shown = _shown(key)
            if self.more is None:
                raise HeaderValueError(f"{name} has an unknown field {shown}")
            found[key] = self.more.read(value[key], shown)
        return found


PREPROCESSING = Table(
    {
        "resize": Field(Whole(0, MAX_RESIZE)),
        "crop": Field(Whole(1, MAX_CROP)),
        "mean": Field(Items(Number(-1000, 1000), 3, 3)),
        "std": Field(Items(Number(1e-6, 1000), 3, 3)),
        "interpolation": Field(Choice(("bilinear", "bicubic", "nearest")), "bilinear"),
    },
    Anything(),
)

# `evaluation.learned_photos` notes short hashes of up to so many photos, in base 64.
MAX_NOTED_PHOTOS, NOTE_BYTES = 200_000, 5
_LEARNED = Anything(text=4 * (MAX_NOTED_PHOTOS * NOTE_BYTES // 3 + 1))
# See `core.calibration`. Directions of features: 2048 numbers for each of 200 classes fit in.
CALIBRATION = Table(
    {
        "temperature": Field(Number(0.05, 20), 1.0),
        "photos": Field(Whole(0, 10**9), 0),
        "unsure": Field(Number(0, 1), None),
        "unlike": Field(Number(-1e6, 1e6), None),
        "means": Field(Text(2_000_000), ""),
    },
    Anything(),
)

DESCRIPTION = Table(
    {
        "format": Field(Whole(1, 1)),
        "id": Field(Text(255, names=True), ""),  # "": the file's name is its id
        "title": Field(Text(1000), ""),
        "family": Field(Text(1000), ""),
        "architecture": Field(Text(100)),
        "architecture_options": Field(Anything(table=True), {}),  # see `architecture_schema`
        "classes": Field(Items(Text(1000, names=True), 0, MAX_CLASSES)),
        "preprocessing": Field(PREPROCESSING),
        "dataset": Field(Text(1000), ""),
        "gflops": Field(Number(0, 1e9), None),
        "top1": Field(Number(0, 1), None),
        "top5": Field(Number(0, 1), None),
        "licence": Field(Text(20_000), ""),
        "notes": Field(Text(20_000), ""),
        "metrics": Field(Anything(table=True), {}),
        "calibration": Field(CALIBRATION, CALIBRATION.read({}, "")),
        "provenance": Field(Table({"learned": Field(_LEARNED, _ABSENT)}, Anything()), {}),
    },
    Anything(),
    named=False,
)


def _shown(value: Any) -> str:
    """A wrong value in words, never all of it: it may be a number of a million digits."""
    if isinstance(value, int) and abs(value) >= 10**_SHOWN:
        return "with very many digits"
    if isinstance(value, list | tuple | Mapping):
        return "that is a list or table"
    text = str(value) if isinstance(value, int | float) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
