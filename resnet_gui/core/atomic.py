"""Write files so that a reader sees the old content or the new, never half of it."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        if os.name == "posix":  # mkstemp's 0600 would hide a model from a lab's other users
            temporary.chmod(0o666 & ~_UMASK)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


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
