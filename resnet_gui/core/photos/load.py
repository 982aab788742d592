"""Opening and loading with Pillow: silent, also where a library would write to stderr, and a photo
that ends early is loaded as far as it goes."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import io
import logging
import os
import threading
import warnings
from collections.abc import Iterator
from typing import IO, Any

from PIL import Image, _imaging

from resnet_gui.core.errors import ImageTooLargeError, UnsupportedImageError
from resnet_gui.core.events import ImageSource
from resnet_gui.core.photos.colour import ORIENTATION, orientation_of
from resnet_gui.core.photos.formats import decoders_for

Image.MAX_IMAGE_PIXELS = None  # our own limit is checked before any pixel is decoded
logging.getLogger("PIL").addHandler(logging.NullHandler())  # else its errors go to stderr

_ICO_PIXELS = 16_000_000  # an icon that is no PNG has 256 x 256 pixels at most
_BLOCK = 24  # pixels: what the first block of a JPEG reaches, at most
_SLOW_PIXELS = 4_000_000  # decoders in Python need 10 s for these
_DDS_RAW = {
    (32, (0xFF0000, 0xFF00, 0xFF)): "BGRX",
    (32, (0xFF, 0xFF00, 0xFF0000)): "RGBX",
    (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)): "BGRA",
    (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)): "RGBA",
    (24, (0xFF0000, 0xFF00, 0xFF)): "BGR",
    (24, (0xFF, 0xFF00, 0xFF0000)): "RGB",
}


class _Silence:
    """No warnings while a photo is read: Pillow warns of damaged metadata (EXIF, TIFF tags), but
    the pixels decide here.

    The filters belong to the whole process. Where reads in several threads overlap, the first one
    in sets them and the last one out puts back what was there; each on its own would restore them
    too early, or leave everything silent for good.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers = 0
        self._filters = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            self._readers += 1
            if self._readers == 1:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                warnings.simplefilter("ignore")

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._readers -= 1
            if self._readers == 0:
                self._filters.__exit__(None, None, None)


silence = _Silence()


@contextlib.contextmanager
def opened(source: ImageSource) -> Iterator[Image.Image]:
    """The photo's header; nothing is decoded. Its pixels are freed at the end.

    Raises:
        ImageReadError, and whatever Pillow raises for a file that it cannot open.
    """
    with silence, contextlib.ExitStack() as stack:
        stream = stack.enter_context(raw_stream(source))
        formats = decoders_for(source.short_name, stream)
        picture = _in_icon(source, stream)
        # By its path, where it has one: then rows may be mapped instead of read.
        where: Any = picture or (source.path if source.data is None else stream)
        image = stack.enter_context(Image.open(where, formats=formats))
        stack.callback(image.close)
        if image.format == "DDS":
            _read_dds_at_once(source, image)
        yield image


def raw_stream(source: ImageSource) -> IO[bytes]:
    """The file's or the source's bytes."""
    if source.data is not None:
        return io.BytesIO(source.data)
    assert source.path is not None
    return source.path.open("rb")


def take_orientation(image: Any) -> int:
    """The orientation that still has to be applied, as far as the header tells it.

    Pillow's TIFF reader would turn the pixels itself, with a second copy of all of them: it is
    made to forget the tag. pillow-heif clears it.
    """
    if image.format == "PNG" and "exif" not in image.info:
        return 1  # it may stand behind the pixels: `orientation_of` again once they are loaded
    orientation = orientation_of(image)
    if image.format == "TIFF" and orientation != 1:
        del image.getexif()[ORIENTATION]
        image._size = image._tile_size
    return orientation


def late_orientation(image: Any) -> bool:
    """Whether a PNG has metadata behind its pixels that may tell its orientation."""
    if image.format != "PNG" or "exif" in image.info or image.fp is None:
        return False
    stream, place = image.fp, image.fp.tell()
    try:
        stream.seek(8)
        behind = False
        while len(head := stream.read(8)) == 8:
            kind = head[4:]
            behind = behind or kind == b"IDAT"
            if behind and kind in (b"eXIf", b"tEXt", b"zTXt", b"iTXt"):
                return True
            stream.seek(int.from_bytes(head[:4], "big") + 4, os.SEEK_CUR)
        return False
    finally:
        stream.seek(place)


def load(image: Any) -> bool:
    """Decode the pixels.

    Returns:
        True: the file ends early. What is missing is black, grey or transparent.

    Raises:
        OSError and others of Pillow's: damaged, or not one row could be read.
    """
    # Pillow's own switch for this belongs to the whole process, and would hide it.
    early = _end_jpeg_early(image) if image.format in ("JPEG", "MPO") else []
    try:
        with _quiet(image):
            image.load()
    except OSError as error:
        if image.format == "TIFF" and not _libtiff_has(image.tag_v2.get(259, 1)):
            raise OSError(f"unsupported compression {image.info['compression']}") from error
        if image._im is None or not _ends_early(image, error):
            raise
        early = [True]
        image.tile = []
    if early and _is_blank(image):
        raise OSError("not one row of it can be read")
    for name in ("_decoder", "_heif_file"):  # they keep the whole picture once more
        if getattr(image, name, None) is not None:
            setattr(image, name, None)
    return bool(early)


def _end_jpeg_early(image: Any) -> list[bool]:
    """Let a JPEG's data end with the end mark wherever the file ends: libjpeg then finishes with
    what it has. Returns a list that gets an entry when this happens."""
    ended: list[bool] = []
    read = image.load_read

    def load_read(size: int) -> bytes:
        data: bytes = read(size)
        if data or ended:
            return data
        ended.append(True)
        return b"\xff\xd9"

    image.load_read = load_read
    return ended


def _ends_early(image: Any, error: OSError) -> bool:
    text = str(error).lower()
    if "truncated" in text:
        return True
    return image.format == "TIFF" and "decoder error" in text and _tiff_ends_early(image)


def _tiff_ends_early(image: Any) -> bool:
    """Whether strips or tiles lie behind the file's end."""
    tags = image.tag_v2
    starts, lengths = tags.get(273, tags.get(324, ())), tags.get(279, tags.get(325, ()))
    starts, lengths = (v if isinstance(v, tuple) else (v,) for v in (starts, lengths))
    size = image._fp.seek(0, os.SEEK_END)
    return any(
        start + length > size
        for start, length in zip(starts, lengths, strict=False)
        if isinstance(start, int) and isinstance(length, int)
    )


def _is_blank(image: Image.Image) -> bool:
    """Whether all pixels are as they are before anything is decoded, or of one colour."""
    if image.getbbox(alpha_only=False) is None:
        return True
    if image.format not in ("JPEG", "MPO"):
        return False
    # libjpeg fills what is missing with one colour, and the first block with noise.
    width, height = image.size
    parts = [(_BLOCK, 0, width, min(_BLOCK, height)), (0, _BLOCK, width, height)]
    colours = {
        channel.crop(box).getextrema()
        for channel in image.split()[:1]  # luminance, or red
        for box in parts
        if box[2] > box[0] and box[3] > box[1]
    }
    return len(colours) <= 1 and all(low == high for low, high in colours)


# --- stderr ---------------------------------------------------------------------------------------


@functools.cache
def _libtiff_is_silent() -> bool:
    """Take libtiff's messages away, once for the whole process: it writes them to stderr. The
    errors themselves come from its functions.

    The library is Pillow's own; looked up through the module that is linked with it, its functions
    are found whatever the file is called.
    """
    try:
        library = ctypes.CDLL(_imaging.__file__)
        for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
            setter = getattr(library, name)
            setter.restype, setter.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
            setter(None)
    except (OSError, AttributeError, TypeError):
        return False  # linked into Pillow, its functions hidden (Windows)
    return True


def _libtiff_has(compression: int) -> bool:
    """Whether libtiff was built with this compression; True where nobody can tell."""
    try:
        return bool(ctypes.CDLL(_imaging.__file__).TIFFIsCODECConfigured(compression))
    except (OSError, AttributeError, TypeError):
        return True


_stderr_lock = threading.Lock()


@contextlib.contextmanager
def _quiet(image: Image.Image) -> Iterator[None]:
    if image.format != "TIFF" or _libtiff_is_silent():
        yield
        return
    # The descriptor is the whole process's: only while a TIFF is decoded, one at a time.
    with _stderr_lock:
        kept = None
        with contextlib.suppress(OSError):  # a window without a console has none
            kept = os.dup(2)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
        try:
            yield
        finally:
            if kept is not None:
                os.dup2(kept, 2)
                os.close(kept)


# --- single formats -------------------------------------------------------------------------------


def _in_icon(source: ImageSource, stream: IO[bytes]) -> io.BytesIO | None:
    """The PNG of an icon's largest picture, None if it is none. Pillow would decode an icon while
    it opens it, whatever its size."""
    stream.seek(0)
    head = stream.read(6)
    if head[:4] != b"\0\0\1\0" or len(head) < 6:
        stream.seek(0)
        return None
    best: tuple[tuple[int, int], int, int] | None = None
    for _ in range(int.from_bytes(head[4:6], "little")):
        entry = stream.read(16)
        if len(entry) < 16:
            break
        side = (entry[0] or 256) * (entry[1] or 256)
        bits = int.from_bytes(entry[6:8], "little")
        depth = bits or (entry[2] and (entry[2] - 1).bit_length()) or 256
        # In the order in which Pillow chooses.
        rank = (-side, depth)
        if best is None or rank < best[0]:
            size, offset = (int.from_bytes(entry[n : n + 4], "little") for n in (8, 12))
            best = rank, offset, size
    picture = None
    if best is not None:
        stream.seek(best[1])
        start = stream.read(16)
        if start[:8] == b"\x89PNG\r\n\x1a\n":
            stream.seek(best[1])
            picture = io.BytesIO(stream.read(best[2]))
        else:
            width, height = (
                abs(int.from_bytes(start[n : n + 4], "little", signed=True)) for n in (4, 8)
            )
            if width * height > 2 * _ICO_PIXELS:  # the mask counts as height
                raise ImageTooLargeError(
                    source.name,
                    f"{source.short_name} claims {width:,} × {height // 2:,} pixels, too many for "
                    "an icon.",
                    "Save it as a PNG.",
                )
    stream.seek(0)
    return picture


def _read_dds_at_once(source: ImageSource, image: Any) -> None:
    """Pillow reads uncompressed DDS pixel by pixel in Python. The usual layouts are rows of bytes
    that its raw decoder reads, too, to the same result."""
    codec, extents, offset, arguments = image.tile[0]
    if codec != "dds_rgb":
        return
    raw = _DDS_RAW.get((arguments[0], tuple(arguments[1])))
    if raw is not None:
        image.tile = [("raw", extents, offset, (raw, 0, 1))]
    elif image.width * image.height > _SLOW_PIXELS:
        raise UnsupportedImageError(
            source.name,
            f"{source.short_name} is a kind of DDS that is read here up to "
            f"{_SLOW_PIXELS / 1e6:.0f} megapixels only ({arguments[0]} bits per pixel).",
            "Save it as a PNG.",
        )
