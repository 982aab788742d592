"""Write files so that a reader sees the old content or the new, never half of it."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from resnet_gui.core.system.renaming import over_a_placeholder

_UMASK = os.umask(0o022)  # can only be read by setting it, so once, before there are threads
os.umask(_UMASK)


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A temporary path beside `target`; it takes target's place if the block ends well.

    The data is flushed to disk before the swap, so that a power cut leaves old or new.

    Raises:
        OSError: the folder cannot be written or the disk is full; `target` is untouched.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    # Only part of the name: with the random part it could exceed what a file system allows.
    handle, name = tempfile.mkstemp(
        prefix=f".{target.name[:40]}.", suffix=".tmp", dir=target.parent
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _flush(temporary)
        temporary.replace(target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, str(temporary)):
            error.filename = str(target)  # a full disk does not say which file it was
        raise


class Claim:
    """A file under way to a name that is free.

    Attributes:
        temporary: where to write it.
        path: the name that it got; set when the block has ended.
    """

    def __init__(self, temporary: Path) -> None:
        self.temporary = temporary
        self.path = temporary


@contextlib.contextmanager
def claiming(names: Iterable[Path]) -> Iterator[Claim]:
    """Write a file that gets the first of these names that is free, and never replaces one: whether
    a name is free is found out by taking it.

    Args:
        names: all in one folder, without end.

    Raises:
        OSError: the folder cannot be written or the disk is full.
    """
    candidates = iter(names)
    first = next(candidates)
    first.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{first.name[:40]}.", suffix=".tmp", dir=first.parent)
    os.close(handle)
    claim = Claim(Path(name))
    try:
        yield claim
        _flush(claim.temporary)
        for target in itertools.chain((first,), candidates):
            if _take(claim.temporary, target):
                claim.path = target
                return
    except OSError as error:
        if error.filename in (None, str(claim.temporary)):
            error.filename = str(first)
        raise
    finally:
        claim.temporary.unlink(missing_ok=True)


def numbered(path: Path) -> Iterator[Path]:
    """`name.end`, `name-2.end`, `name-3.end`, …"""
    yield path
    for number in itertools.count(2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


def _take(temporary: Path, target: Path) -> bool:
    """Give a whole file a name if nothing has it; returns whether it did."""
    try:
        if os.name == "nt":
            temporary.rename(target)  # there it replaces nothing
        else:
            os.link(temporary, target)
    except FileExistsError:
        return False
    except OSError as error:
        if os.name == "nt" or error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise
        return over_a_placeholder(temporary, target)
    return True


def _flush(temporary: Path) -> None:
    """On the disk before it gets its name, and readable as any other file would be."""
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    if os.name == "posix":  # mkstemp's 0600 would hide a model from a lab's other users
        temporary.chmod(0o666 & ~_UMASK)


def write_text(target: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with replacing(target) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(target: Path, value: Any) -> None:
    """Write indented JSON atomically."""
    write_text(target, dump_json(value, indent=2) + "\n")


def dump_json(value: Any, indent: int | None = None) -> str:
    """JSON as readable text that can always be encoded as UTF-8: names of files may hold bytes
    that are no text (Python stands in lone surrogates), which only an escape can carry."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent)
    return text
