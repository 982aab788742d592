"""Whether a path can be that of a weights file at all, before it is opened. Without torch."""

from __future__ import annotations

from pathlib import Path

from resnet_gui.core.errors import ModelFileError
from resnet_gui.core.system.files import check_regular

# A checkpoint holds the optimizer's state and averages too. Nobody reads more to find that out.
MAX_FILE_BYTES = 4 * 1024**3


def check_file(path: Path) -> int:
    """The size in bytes of a plain file that is no larger than weights can be.

    Raises:
        ModelFileError: it is not there, a folder, pipe or device, or too large.
    """
    try:
        size = check_regular(path)
    except FileNotFoundError as error:
        raise ModelFileError(
            path, f"{path.name} is not there.", "It may have been moved or renamed."
        ) from error
    except OSError as error:
        raise ModelFileError(path, f"{path.name} could not be read ({error.strerror}).") from error
    if size > MAX_FILE_BYTES:
        raise ModelFileError(
            path,
            f"{path.name} is larger ({size / 1e9:,.0f} GB) than any file with weights.",
            "Choose another file.",
        )
    return size
