"""What a disk can refuse, under our names. No torch here."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

from filelock import Timeout

from resnet_gui.core import errors

SPARE_BYTES = 16 * 1000 * 1000  # left free on the disk beside the file


def check_space(folder: Path, missing: int, url: str = "") -> None:
    """Nothing if `missing` more bytes have room in `folder`, with some to spare.

    Raises:
        DiskFullError: they have not.
    """
    free = shutil.disk_usage(folder).free
    if missing and missing + SPARE_BYTES > free:
        raise errors.DiskFullError(url, folder, missing + SPARE_BYTES, free)


@contextlib.contextmanager
def disk_errors(folder: Path, needed: int = 0, url: str = "") -> Iterator[None]:
    """Names for what a disk can refuse: DiskFullError, FolderNotWritableError."""
    try:
        yield
    except Timeout:  # of the lock: an OSError by its class only
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            free = shutil.disk_usage(folder).free
            needed = needed or int(getattr(error, "needed", 0))
            raise errors.DiskFullError(url, folder, needed, free) from error
        reason = error.strerror or str(error)
        raise errors.FolderNotWritableError(url, folder, reason) from error
