"""Between core's pixels and Qt's, and what a drop or the clipboard carries.

Nothing here looks at the disk: it runs in the GUI thread, and a path may lie on a dead drive.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData, QUrl
from PySide6.QtGui import QGuiApplication, QImage, QImageWriter

from resnet_gui.core.events import ImageSource, RgbImage

_IMAGE_MIME_TYPES = ("image/png", "image/jpeg", "image/webp", "image/bmp", "image/tiff")


def to_qimage(image: RgbImage) -> QImage:
    """A QImage of its own memory, in the format that the screen takes without conversion."""
    view = QImage(
        image.data, image.width, image.height, image.width * 3, QImage.Format.Format_RGB888
    )
    return view.convertToFormat(QImage.Format.Format_RGB32)


def encode_image(image: QImage, name: str) -> Iterator[ImageSource]:
    """A job: pixels from the clipboard or a browser become a source that core can read.

    Yields:
        one ImageSource with PNG bytes.
    """
    yield ImageSource(name, _encoded(image, b"PNG"))


def encoded_jpeg(image: QImage, quality: int) -> bytes:
    """JPEG bytes; `quality` from 0 to 100."""
    return _encoded(image, b"JPEG", quality)


def _encoded(image: QImage, form: bytes, quality: int = -1) -> bytes:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(form))
    writer.setQuality(quality)
    writer.write(image)
    buffer.close()
    return bytes(data.data())


@dataclass(slots=True)
class Dropped:
    """What can be used of a drop or the clipboard; the fields are tried in this order.

    Attributes:
        paths: local files and folders.
        guesses: lines of a text that read like paths; such a file need not exist.
        encoded: an image's own bytes, as its application encoded it.
        pixels: an image that is only there as pixels.
        urls: http(s) addresses; fetched only because the person dropped them.
    """

    paths: list[Path] = field(default_factory=list)
    guesses: list[Path] = field(default_factory=list)
    encoded: bytes = b""
    pixels: QImage | None = None
    urls: list[str] = field(default_factory=list)

    @property
    def all_paths(self) -> list[Path]:
        return self.paths or self.guesses

    def __bool__(self) -> bool:
        pixels = self.encoded or self.pixels is not None
        return bool(self.all_paths or pixels or self.urls)


def may_hold_photos(mime: QMimeData) -> bool:
    """Quick look while something is dragged over the window: by kinds and names alone."""
    if mime.hasImage() or any(mime.hasFormat(kind) for kind in _IMAGE_MIME_TYPES):
        return True
    if mime.hasUrls():
        return any(url.isLocalFile() or _is_web(url) for url in mime.urls())
    return mime.hasText() and bool(_paths_in(mime.text()) or _urls_in(mime.text()))


def clipboard_mime() -> QMimeData:
    """What is on the clipboard; empty where nothing is, or the system does not say."""
    mime: QMimeData | None = QGuiApplication.clipboard().mimeData()
    return mime if mime is not None else QMimeData()


def read_mime(mime: QMimeData) -> Dropped:
    """Take a drop or the clipboard apart."""
    dropped = Dropped()
    if mime.hasUrls():
        for url in mime.urls():
            if url.isLocalFile():
                dropped.paths.append(Path(url.toLocalFile()))
            elif _is_web(url):
                dropped.urls.append(url.toString(QUrl.ComponentFormattingOption.FullyEncoded))
    if dropped.paths:
        dropped.urls = []
        return dropped
    # A browser offers the image and its address: the image is here already, no network needed.
    for kind in _IMAGE_MIME_TYPES:
        if mime.hasFormat(kind):
            dropped.encoded = bytes(mime.data(kind).data())
            if dropped.encoded:
                return dropped
    if mime.hasImage():
        image = mime.imageData()
        if isinstance(image, QImage) and not image.isNull():
            dropped.pixels = image
            return dropped
    if not dropped.urls and mime.hasText():
        dropped.urls = _urls_in(mime.text())
        dropped.guesses = [] if dropped.urls else _paths_in(mime.text())
    return dropped


def _is_web(url: QUrl) -> bool:
    return url.scheme().lower() in ("http", "https") and bool(url.host())


def _paths_in(text: str) -> list[Path]:
    """What reads like absolute paths, one per line, perhaps quoted."""
    found = []
    for line in text.splitlines()[:1000]:
        candidate = line.strip().strip("\"'")
        if not candidate or len(candidate) > 4096:
            continue
        if candidate.startswith("file:"):
            candidate = QUrl(candidate).toLocalFile()
        elif candidate.startswith(("~/", "~\\")):  # of “~somebody” the system would be asked
            candidate = os.path.expanduser(candidate)  # noqa: PTH111
        if Path(candidate).is_absolute():
            found.append(Path(candidate))
    return found


def _urls_in(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines()[:100])
    return [line for line in lines if " " not in line and _is_web(QUrl(line))]
