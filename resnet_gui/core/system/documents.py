"""Reads JSON that anybody may have written: runs, splits, settings, histories. No torch here.

Nothing is opened but regular files, nothing is read beyond a limit, and whatever is wrong ends in
one kind of error whose text is a reason that a person can read. What is in a document is still to
be checked: `text`, `whole` and `share` take single values without trusting them.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

MAX_BYTES = 64 * 1024 * 1024
MAX_NESTING = 32
_MAX_DIGITS = 18  # of a whole number: it fits into 64 bits, so Qt and files can take it
# Lone surrogates but those that stand for a byte, and NUL, which no name can have.
_NOT_SHOWN = re.compile("[\ud800-\udc7f\udd00-\udfff\0]")
T = TypeVar("T")


class DocumentError(ValueError):
    """A document cannot be read. `str(error)` is the reason: “it is a folder”."""


def read_json(path: Path, max_bytes: int = MAX_BYTES, *, finite: bool = True) -> Any:
    """The value of a JSON file.

    Args:
        finite: whether NaN and Infinity, which Python writes, count as damage.

    Raises:
        FileNotFoundError: it is not there.
        DocumentError: it cannot be read, or is no such file.
    """
    return parse_json(read_bytes(path, max_bytes), finite=finite)


def read_object(path: Path, max_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """The value of a JSON file that holds an object.

    Raises:
        FileNotFoundError: it is not there.
        DocumentError: it cannot be read, or holds something else.
    """
    value = read_json(path, max_bytes)
    if not isinstance(value, dict):
        raise DocumentError("it holds no JSON object")
    return value


def read_lines(
    path: Path, parse: Callable[[Any], T], max_bytes: int = MAX_BYTES, *, finite: bool = True
) -> list[T]:
    """A file with one JSON value per line, up to the first line that was cut off or damaged.

    Args:
        parse: makes an item of a line's value; what it raises ends the list.

    Raises:
        DocumentError: it is no file that can be read. (One that is not there has no lines.)
    """
    try:
        data = read_bytes(path, max_bytes)
    except FileNotFoundError:
        return []
    found: list[T] = []
    for line in data.split(b"\n"):
        if not line.strip():
            continue
        try:
            found.append(parse(parse_json(line, finite=finite)))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            break
    return found


def read_bytes(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """The content of a regular file. A pipe or a device is never opened: it could wait for ever.

    Raises:
        FileNotFoundError: it is not there.
        DocumentError: it is no regular file, larger than allowed, or the system refuses.
    """
    try:
        _check_kind(path.stat())
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(path, flags), "rb") as file:
            found = os.fstat(file.fileno())
            _check_kind(found)  # once more: another file may have come to the name
            data = b"" if found.st_size > max_bytes else file.read(max_bytes + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DocumentError(f"the system says: {error.strerror or error}") from error
    if found.st_size > max_bytes or len(data) > max_bytes:
        raise DocumentError(f"it has more than {max_bytes / 1e6:,.0f} MB")
    return data


def parse_json(data: bytes | str, *, finite: bool = True) -> Any:
    """The value of JSON text: UTF-8, nested 32 deep at most, whole numbers of 64 bits.

    Args:
        finite: whether NaN and Infinity count as damage.

    Raises:
        DocumentError: it is something else.
    """
    try:
        text = data if isinstance(data, str) else data.decode("utf-8-sig")
        value = json.loads(
            text,
            parse_int=_whole_number,
            parse_float=_finite_number if finite else float,
            parse_constant=_no_number if finite else float,
        )
    except DocumentError:
        raise
    except UnicodeDecodeError as error:
        raise DocumentError("it is no UTF-8 text") from error
    except RecursionError as error:
        raise DocumentError("it is nested too deep") from error
    except ValueError as error:
        raise DocumentError("it is damaged JSON, or none") from error
    _check_nesting(value)
    return value


def text(value: Any, limit: int = 1000) -> str:
    """A text that can be shown and stored; "" for anything else. Lone surrogates stay only where
    they stand for the bytes of a file's name."""
    if not isinstance(value, str):
        return ""
    return _NOT_SHOWN.sub("\N{REPLACEMENT CHARACTER}", value[:limit])


def whole(value: Any, low: int, high: int, default: int = 0) -> int:
    """A whole number from `low` to `high`; the default for anything else."""
    return value if type(value) is int and low <= value <= high else default


def number_in(value: Any, low: float, high: float, what: str) -> float:
    """A number from `low` to `high` (a truth value is none).

    Raises:
        ValueError: anything else; the text names it by `what`.
    """
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    if not plain or not low <= value <= high:
        raise ValueError(f"{what} is no number from {low:g} to {high:g}")
    return float(value)


def whole_in(value: Any, low: int, high: int, what: str) -> int:
    """A whole number from `low` to `high` (a truth value is none).

    Raises:
        ValueError: anything else; the text names it by `what`.
    """
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{what} is no whole number from {low} to {high}")
    return value


def share(value: Any) -> float | None:
    """A fraction of 1; None for anything else."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and 0 <= value <= 1 else None


def _check_kind(found: os.stat_result) -> None:
    if stat.S_ISREG(found.st_mode):
        return
    kind = "a folder" if stat.S_ISDIR(found.st_mode) else "no regular file"
    raise DocumentError(f"it is {kind}")


def _check_nesting(value: Any) -> None:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_NESTING):
        if not level:
            return
        level = [
            inner
            for item in level
            for inner in (item.values() if isinstance(item, dict) else item)
            if isinstance(inner, dict | list)
        ]
    if not level:
        return
    raise DocumentError("it is nested too deep")


def _whole_number(digits: str) -> int:
    if len(digits) > _MAX_DIGITS + 1:
        raise DocumentError("it holds a number that is too large")
    return int(digits)


def _finite_number(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise DocumentError("it holds a number that is too large")
    return number


def _no_number(word: str) -> float:
    raise DocumentError(f"it holds {word}, which is no number")
