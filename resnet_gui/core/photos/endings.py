"""Which names belong to photos, by their endings. Without Pillow: the window asks at its start."""

from __future__ import annotations

import os
from pathlib import Path

HEIC_SUFFIXES = frozenset({".heic", ".heif", ".hif"})
TGA_SUFFIXES = frozenset({".tga", ".icb", ".vda", ".vst"})
IMAGE_SUFFIXES = HEIC_SUFFIXES | TGA_SUFFIXES | {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".webp", ".tif", ".tiff",
    ".bmp", ".dib", ".avif", ".mpo", ".ppm", ".pgm", ".pbm", ".jp2", ".j2k", ".psd", ".ico", ".dds",
}  # fmt: skip
RAW_SUFFIXES = frozenset({
    ".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mrw",
    ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f",
})  # fmt: skip


def looks_like_image(path: Path | str) -> bool:
    """Whether a file found in a folder should be tried: by its name's ending, RAW included
    (so that the person learns why it is not read).

    Args:
        path: the file, or its name alone, which is quicker for many.
    """
    name = path if isinstance(path, str) else path.name
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122 - a Path per name takes 5 µs
    return not name.startswith(".") and (suffix in IMAGE_SUFFIXES or suffix in RAW_SUFFIXES)
