"""What can be wrong with a photo, as named errors: from its name and kind, or from what Pillow
says."""

from __future__ import annotations

import errno
import stat
import struct
from pathlib import PurePosixPath

from PIL import UnidentifiedImageError

from resnet_gui.core.errors import (
    CorruptImageError,
    ImageReadError,
    ImageTooLargeError,
    UnsupportedImageError,
)
from resnet_gui.core.events import ImageSource
from resnet_gui.core.photos.endings import HEIC_SUFFIXES, RAW_SUFFIXES
from resnet_gui.core.photos.formats import (
    HEIC_READABLE,
    READ_HERE,
    SAY_WHY,
    says_unsupported,
    signature,
    why_unsupported,
)
from resnet_gui.core.photos.load import raw_stream, silence

_COPY_AGAIN = "Copy it again from where it came from."
_DRIVE_TROUBLE = (
    errno.EIO, errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT,
    errno.EHOSTDOWN, errno.EHOSTUNREACH,
)  # fmt: skip


def refuse_by_name(source: ImageSource) -> int:
    """Errors that need no decoder: RAW, folders, missing, empty, HEIC without its reader.

    Returns:
        the size in bytes.
    """
    path, name = source.path, source.short_name
    if path is None:
        # The name may be an address from which the bytes were fetched.
        suffix = PurePosixPath(name.partition("?")[0].partition("#")[0]).suffix.lower()
        size = len(source.data or b"")
    else:
        suffix = path.suffix.lower()
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ImageReadError(
                source.name, f"{name} is not there.", "It may have been moved or renamed."
            ) from error
        except ValueError as error:  # a zero byte, half of a surrogate pair
            raise ImageReadError(source.name, f"No file can be named {name!r}.") from error
        except OSError as error:
            raise as_read_error(source, error) from error
        if stat.S_ISDIR(status.st_mode):
            raise UnsupportedImageError(
                source.name, f"{name or source.name} is a folder, not a photo."
            )
        if not stat.S_ISREG(status.st_mode):
            raise UnsupportedImageError(source.name, f"{name} is not a file but a pipe or device.")
        size = status.st_size
    if suffix in RAW_SUFFIXES:
        raise UnsupportedImageError(
            source.name,
            f"{name} is a camera RAW file, which is not read here.",
            "Export it as JPEG or TIFF with your camera's software and use that.",
        )
    if size == 0:
        raise CorruptImageError(source.name, f"{name} is empty (0 bytes).", _COPY_AGAIN)
    if suffix in HEIC_SUFFIXES and not HEIC_READABLE:
        raise UnsupportedImageError(
            source.name,
            f"{name} is a HEIC photo, and the reader for these is not installed.",
            "Install it with “pip install pillow-heif”, or export the photo as JPEG.",
        )
    return size


def too_many_pixels(
    source: ImageSource, width: int, height: int, max_pixels: int
) -> ImageTooLargeError:
    return ImageTooLargeError(
        source.name,
        f"{source.short_name} claims {width:,} × {height:,} pixels "
        f"({width * height / 1e6:,.0f} megapixels).",
        f"More than {max_pixels / 1e6:,.0f} megapixels are refused, because such files "
        "are often made to fill the memory. Scale it down first.",
    )


def too_much_memory(source: ImageSource, wanted: int, budget: int) -> ImageTooLargeError:
    return ImageTooLargeError(
        source.name,
        f"{source.short_name} needs about {_gigabytes(wanted)} of memory to open; "
        f"{_gigabytes(budget)} are the limit for one photo.",
        "Scale it down or save it as a JPEG first.",
    )


def out_of_memory(source: ImageSource) -> ImageTooLargeError:
    return ImageTooLargeError(
        source.name,
        f"{source.short_name} does not fit into the free memory.",
        "Close other programs or scale it down first.",
    )


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.2g} GB" if count < 1e9 else f"{count / 1e9:.1f} GB"


def as_read_error(source: ImageSource, error: Exception) -> ImageReadError:
    """Pillow's or the system's error as one that a person can do something with."""
    name = source.short_name
    if isinstance(error, PermissionError):
        return ImageReadError(
            source.name, f"{name} may not be read.", "Check the file's permissions."
        )
    if isinstance(error, OSError) and error.errno is not None:
        advice = "Is its drive connected?" if error.errno in _DRIVE_TROUBLE else ""
        return ImageReadError(source.name, f"{name} could not be read ({error.strerror}).", advice)
    unidentified = isinstance(error, UnidentifiedImageError)
    kind, reason = _claims(source, unidentified or says_unsupported(error))
    if kind in SAY_WHY and not reason and not unidentified and says_unsupported(error):
        reason = str(error)
    if kind and reason:
        return UnsupportedImageError(
            source.name,
            f"{name} is a kind of {kind} that is not read here ({reason}).",
            "Save it as JPEG or PNG with the program that made it.",
        )
    if unidentified and not kind:
        return UnsupportedImageError(
            source.name,
            f"{name} is not a photo in a format that is read here, or its beginning is damaged.",
            READ_HERE,
        )
    what = "its header cannot be read" if unidentified else str(error).strip()
    if isinstance(error, _MISREAD) or not what:  # Python's words on a decoder's code: no reason
        what = "what it says of itself does not fit together"
    return CorruptImageError(source.name, f"{name} is damaged or cut off ({what}).", _COPY_AGAIN)


_MISREAD = (
    TypeError, AttributeError, NameError, LookupError, ArithmeticError, AssertionError,
    RecursionError, UnicodeError, struct.error,
)  # fmt: skip


def _claims(source: ImageSource, look_closer: bool) -> tuple[str, str]:
    """The format that a file claims to be, and why it is of a kind that is not read."""
    if not look_closer:
        return "", ""
    try:
        with silence, raw_stream(source) as stream:
            kind = signature(stream.read(16), source.short_name)
            stream.seek(0)
            return kind, why_unsupported(kind, stream)
    except OSError:
        return "", ""
