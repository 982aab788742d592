"""Which photo a file is, whatever its name: a short hash of what is in it. No torch."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path


def photo_key(path: Path, *, key_bytes: int, end_bytes: int, dated: bool = False) -> bytes:
    """Of the file's size, beginning and end; b"" if it cannot be read.

    Args:
        key_bytes: length of the key.
        end_bytes: how much of the beginning and of the end is read.
        dated: the time of the last change counts too, where that is not all of the file.
    """
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            return b""
        with path.open("rb", buffering=0) as file:
            digest = hashlib.blake2b(f"{info.st_size}\n".encode(), digest_size=key_bytes)
            digest.update(file.read(end_bytes))
            if info.st_size > end_bytes:
                file.seek(max(end_bytes, info.st_size - end_bytes))
                digest.update(file.read(end_bytes))
            if dated and info.st_size > 2 * end_bytes:
                digest.update(f"\n{info.st_mtime_ns}".encode())
    except (OSError, ValueError):
        return b""
    return digest.digest()
