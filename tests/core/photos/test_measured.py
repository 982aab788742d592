"""Memory while real files are decoded, measured in a process of its own (Linux)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from resnet_gui.core.photos.budget import BUDGET_BYTES, WORTH_RETURNING
from tests.helpers.pictures import exif

pytest.importorskip("pillow_heif").register_heif_opener()  # some of the files are written as HEIC

_MEASURE = """
import sys
from pathlib import Path
import numpy
from resnet_gui.core.errors import ImageTooLargeError
from resnet_gui.core.photos.decode import decoded
from resnet_gui.core.photos.budget import need
from resnet_gui.core.photos.load import opened
from resnet_gui.core.photos.problems import refuse_by_name
from resnet_gui.core.events import ImageSource
from resnet_gui.core.photos.budget import BUDGET_BYTES, return_memory

def bytes_of(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(l.split()[1]) * 1024 for l in lines if l.startswith(name))

for path in map(Path, sys.argv[1:]):
    source = ImageSource.file(path)
    wanted = 0
    try:
        with opened(source) as image:
            found = need(image, path.stat().st_size, True, BUDGET_BYTES)
            wanted = found.peak if found else 0
            del image
        return_memory()
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        before = bytes_of("VmRSS")
        with decoded(source) as photo:
            size = photo.image.size
    except ImageTooLargeError as error:
        size = "refused"
    print(path.name, wanted, bytes_of("VmHWM") - before, bytes_of("VmRSS") - before, size, sep="|")
"""


def measure(paths: list[Path]) -> dict[str, tuple[int, int, int, str]]:
    """name -> bytes that were foreseen, bytes at the peak, bytes left afterwards, size."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, *map(str, paths)],
        capture_output=True, text=True, check=True, timeout=900,
    )  # fmt: skip
    sys.stdout.write(done.stdout)  # the figures, with pytest's -s
    rows = [line.split("|") for line in done.stdout.splitlines()]
    return {row[0]: (int(row[1]), int(row[2]), int(row[3]), row[4]) for row in rows}


def make_files(
    folder: Path, side: int, kinds: dict[str, tuple[str, str, dict[str, Any]]]
) -> list[Path]:
    """Pictures of side x side pixels that pack well. kinds: name -> mode, format, options."""
    grey = Image.linear_gradient("L").resize((side, side))
    paths = []
    for name, (mode, kind, options) in kinds.items():
        if mode in ("I", "F", "P", "1"):
            image = grey.convert(mode)
        elif mode == "I;16":
            image = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
        else:
            image = Image.merge(mode, [grey] * len(Image.new(mode, (1, 1)).getbands()))
        options = {k: side if v == "side" else v for k, v in options.items()}
        if "tiffinfo" in options:
            options["tiffinfo"] = {278: side}
        paths.append(folder / name)
        image.save(paths[-1], kind, **options)
        del image
    return paths


_PACKED = {"compression": "tiff_adobe_deflate"}
_KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "rgba.png": ("RGBA", "PNG", {"compress_level": 1}),
    "la.png": ("LA", "PNG", {"compress_level": 1}),
    "16.png": ("I;16", "PNG", {"compress_level": 1}),
    "p.png": ("P", "PNG", {"compress_level": 1}),
    "float.tif": ("F", "TIFF", _PACKED),
    "int.tif": ("I", "TIFF", _PACKED),
    "cmyk.tif": ("CMYK", "TIFF", _PACKED),
    "strip.tif": ("RGB", "TIFF", {**_PACKED, "tiffinfo": "side"}),
    "turned.tif": ("RGB", "TIFF", {**_PACKED, "exif": exif(6).tobytes()}),
    "turned.jpg": ("RGB", "JPEG", {"exif": exif(6).tobytes()}),
    "progressive.jpg": ("RGB", "JPEG", {"progressive": True, "subsampling": 0}),
    "cmyk.jpg": ("CMYK", "JPEG", {"progressive": True}),
    "rgb.webp": ("RGB", "WEBP", {"method": 0, "quality": 10}),
    "rgba.webp": ("RGBA", "WEBP", {"method": 0, "lossless": True, "quality": 0}),
    "rgb.avif": ("RGB", "AVIF", {"speed": 10}),
    "rgba.avif": ("RGBA", "AVIF", {"speed": 10, "subsampling": "4:4:4"}),
    "rgba.heic": ("RGBA", "HEIF", {"quality": 10}),
    "rgb.jp2": ("RGB", "JPEG2000", {"irreversible": True, "quality_layers": [200]}),
    "grey.gif": ("L", "GIF", {}),
    "rgb.bmp": ("RGB", "BMP", {}),
    "rgba.tga": ("RGBA", "TGA", {"compression": "tga_rle"}),
}
_LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
_SLACK = 16_000_000  # lookup tables, modules that are imported on the way, the allocator


@_LINUX
def test_some_formats_take_no_more_than_foreseen(tmp_path: Path) -> None:
    some = ("float.tif", "rgba.png", "strip.tif", "turned.jpg")
    _as_foreseen(tmp_path, 2200, {name: _KINDS[name] for name in some})


@pytest.mark.slow
@pytest.mark.timeout(900)
@_LINUX
def test_no_format_takes_more_than_foreseen(tmp_path: Path) -> None:
    _as_foreseen(tmp_path, 3600, _KINDS)


def _as_foreseen(
    folder: Path, side: int, kinds: dict[str, tuple[str, str, dict[str, Any]]]
) -> None:
    for name, (foreseen, peak, left, size) in measure(make_files(folder, side, kinds)).items():
        assert size != "refused", name
        assert 0 < peak <= foreseen + _SLACK, name
        assert left <= _SLACK or min(foreseen, peak) < WORTH_RETURNING, name


@pytest.mark.slow
@pytest.mark.timeout(1800)
@_LINUX
def test_no_photo_below_the_pixel_limit_takes_more_than_the_budget(tmp_path: Path) -> None:
    """Files of 188 megapixels; with pixels that pack well they are small on the disk."""
    Image.MAX_IMAGE_PIXELS = None
    slow_to_make = ("rgb.jp2", "rgb.webp", "rgba.webp", "rgb.avif", "rgba.avif", "rgba.heic")
    kinds = {name: kind for name, kind in _KINDS.items() if name not in slow_to_make}
    for name, kind in kinds.items():
        path = make_files(tmp_path, 13_700, {name: kind})
        _, peak, left, _ = measure(path)[name]
        path[0].unlink()
        assert peak <= BUDGET_BYTES + _SLACK, name
        assert left <= _SLACK, name
