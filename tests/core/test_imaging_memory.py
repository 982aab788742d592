"""Memory while photos are decoded: one budget, strips, scaling; measured with real files."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from resnet_gui.core import imaging, imaging_colour
from resnet_gui.core.errors import CorruptImageError, ImageTooLargeError
from resnet_gui.core.imaging import decode, decoded
from resnet_gui.core.imaging_budget import (
    MemoryBudget,
    Need,
    need,
)
from resnet_gui.core.imaging_load import opened
from resnet_gui.core.types import ImageSource

from .pictures import SRGB_PRIMARIES, encoded, exif, gradient, icc_profile

pytest.importorskip("pillow_heif")
WIDTH, HEIGHT = 96, 70


def of(data: bytes) -> ImageSource:
    return ImageSource("photo", data)


def _specimens() -> dict[str, bytes]:
    photo = gradient(WIDTH, HEIGHT)
    alpha = photo.copy()
    alpha.putalpha(Image.linear_gradient("L").resize(photo.size))
    deep = np.linspace(-5, 5, WIDTH * HEIGHT, dtype=np.float32).reshape(HEIGHT, WIDTH)
    deep[3, 3], deep[60, 5], deep[9, 9] = np.nan, np.inf, -np.inf
    red, green, blue = SRGB_PRIMARIES
    swapped = icc_profile("swapped", (blue, green, red))
    lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    in_lab = ImageCms.applyTransform(photo, lab)
    assert in_lab is not None
    return {
        "rgb": encoded(photo, "PNG"),
        "profile": encoded(photo, "PNG", icc_profile=swapped),
        "alpha": encoded(alpha, "PNG"),
        "alpha and profile": encoded(alpha, "PNG", icc_profile=swapped),
        "grey with alpha": encoded(alpha.convert("LA"), "PNG"),
        "palette": encoded(photo.convert("P"), "PNG", transparency=bytes(range(200))),
        "grey": encoded(photo.convert("L"), "PNG"),
        "black and white": encoded(photo.convert("1"), "PNG"),
        "one transparent grey": encoded(photo.convert("L"), "PNG", transparency=90),
        "16 bits": encoded(
            Image.fromarray(
                (np.nan_to_num(deep, posinf=5, neginf=-5) * 1000 + 9000).astype(np.uint16)
            ),
            "PNG",
        ),
        "32 bits": encoded(
            Image.fromarray((np.nan_to_num(deep, posinf=5, neginf=-5) * 9e4).astype(np.int32)),
            "TIFF",
        ),
        "float": encoded(Image.fromarray(deep), "TIFF"),
        "lab": encoded(in_lab, "TIFF"),
        "cmyk": encoded(photo.convert("CMYK"), "JPEG"),
        "jpeg": encoded(photo, "JPEG"),
        "gif": encoded(photo, "GIF"),
        "heic": encoded(alpha, "HEIF"),
        "webp": encoded(alpha, "WEBP"),
    }


SPECIMENS = _specimens()


@pytest.mark.parametrize("kind", SPECIMENS)
def test_in_strips_each_pixel_is_as_from_the_whole(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = decode(of(SPECIMENS[kind]))
    monkeypatch.setattr(imaging_colour, "STRIP_PIXELS", 7 * WIDTH + 1)
    assert decode(of(SPECIMENS[kind])).tobytes() == whole.tobytes()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
def test_strips_are_turned_one_by_one(
    kind: str, orientation: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = of(encoded(gradient(WIDTH, HEIGHT), kind, exif=exif(orientation)))
    plain = decode(of(encoded(gradient(WIDTH, HEIGHT), kind)))
    monkeypatch.setattr(imaging_colour, "STRIP_PIXELS", 7 * WIDTH + 1)
    turn = imaging_colour._TRANSPOSE.get(orientation)
    expected = plain if turn is None else plain.transpose(turn)
    assert decode(source).tobytes() == expected.tobytes()


def tight(source: ImageSource, share: float) -> MemoryBudget:
    """A budget that leaves this share of what the finished picture takes."""
    with opened(source) as image:
        wanted = need(image, len(source.data or b""), True, 10**12)
        assert wanted is not None
        return MemoryBudget(int(wanted.peak - (1 - share) * 4 * image.width * image.height))


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "JPEG2000", "GIF"])
def test_what_does_not_fit_is_made_smaller_on_the_way(kind: str, orientation: int) -> None:
    """Here a small photo and a small budget; in earnest from some 100 megapixels on."""
    photo = gradient(322, 241)
    photo.putalpha(255)
    photo = photo.convert("L" if kind in ("JPEG", "GIF") else "RGBA")
    tags = {"exif": exif(orientation)} if kind in ("PNG", "TIFF", "JPEG") else {}
    source = of(encoded(photo, kind, **tags))
    exact = decode(source)
    with decoded(source, budget=tight(source, 0.3)) as got:
        assert (got.width, got.height) == exact.size
        assert got.image.size == tuple(-(-side // 2) for side in exact.size)
        expected = exact.resize(got.image.size, Image.Resampling.BOX)
        difference = np.asarray(got.image).astype(int) - np.asarray(expected)
        assert np.abs(difference).mean() < 4


@pytest.mark.parametrize("kind", ["WEBP", "AVIF", "HEIF", "PNG"])
def test_what_cannot_be_made_small_enough_is_refused_by_its_header(kind: str) -> None:
    source = of(encoded(gradient(400, 300), kind))
    with pytest.raises(
        ImageTooLargeError, match=r"photo needs about [\d.]+ GB of memory to open; [\d.]+ GB are"
    ):
        decode(source, budget=MemoryBudget(400_000))


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("lossless", [True, False])
@pytest.mark.parametrize("alpha", [True, False])
def test_a_large_still_webp_is_read_without_pillows_canvases(
    alpha: bool, lossless: bool, orientation: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From 50 megapixels on; here Pillow's reader is said to take too much."""
    photo = gradient(322, 240)
    if alpha:
        photo.putalpha(Image.linear_gradient("L").resize(photo.size))
    swapped = icc_profile("swapped", SRGB_PRIMARIES[::-1])
    data = encoded(
        photo, "WEBP", lossless=lossless, exif=exif(orientation).tobytes(), icc_profile=swapped
    )
    exact = decode(of(data))
    pixels = 322 * 240
    fits = MemoryBudget(pixels * (8 + 4 + 16) + 2 * len(data))
    monkeypatch.setattr(imaging, "need", lambda *arguments: None)
    tight_one = MemoryBudget(fits.total_bytes - 3 * pixels)
    with decoded(of(data), budget=fits) as got:
        assert got.image.tobytes() == exact.tobytes()
    with decoded(of(data), budget=tight_one) as got:
        assert got.image.size == tuple(side // 2 for side in exact.size)
        assert (got.width, got.height) == exact.size


def test_a_hairline_counts_its_long_rows() -> None:
    """A strip has whole rows: of a picture of one row it is the whole picture."""
    image = Image.new("RGBA", (3_000_000, 1))
    with opened(of(encoded(image, "PNG"))) as header:
        wanted = need(header, 0, True, 10**9)
        assert wanted is not None
        assert wanted.peak >= 3_000_000 * (4 + 4 + 16)


def test_a_progressive_jpeg_counts_its_coefficients() -> None:
    photo = gradient(400, 300)
    peaks = []
    for options in ({}, {"progressive": True}, {"progressive": True, "subsampling": 0}):
        with opened(of(encoded(photo, "JPEG", **options))) as image:
            wanted = need(image, 0, False, 10**9)
            assert wanted is not None
            peaks.append(wanted.peak / (400 * 300))
    assert peaks == [4, 7, 10]


# --- one budget for all threads -------------------------------------------------------------------


class _Watched(MemoryBudget):
    """Notes the most that was held at once, and by how many."""

    def __init__(self, total: int) -> None:
        super().__init__(total)
        self.most, self.together, self.most_together = 0, 0, 0

    @contextmanager
    def hold(self, wanted_bytes: int) -> Iterator[None]:
        with super().hold(wanted_bytes):
            self.together += 1
            self.most = max(self.most, self.used_bytes)
            self.most_together = max(self.most_together, self.together)
            try:
                yield
            finally:
                self.together -= 1


def _in_threads(count: int, work: Any) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def test_photos_that_exceed_a_share_go_one_at_a_time() -> None:
    source = of(SPECIMENS["alpha"])
    with opened(source) as image:
        wanted = need(image, 0, True, 10**9)
        assert wanted is not None
    for photos in (1, 2):
        budget = _Watched(int(wanted.peak * (photos + 0.5)))
        inside = threading.Barrier(photos)

        def work(budget: _Watched = budget, inside: threading.Barrier = inside) -> None:
            for _ in range(3):
                with decoded(source, budget=budget):
                    inside.wait(30)  # as many as fit are in here at once

        _in_threads(4, work)
        assert budget.most_together == photos
        assert budget.most <= budget.total_bytes
        assert budget.used_bytes == 0


def test_what_is_held_is_given_back_after_an_error_and_never_waits_for_itself() -> None:
    budget = MemoryBudget(100)
    with pytest.raises(ZeroDivisionError), budget.hold(80), budget.hold(80):
        budget.total_bytes //= budget.used_bytes - 160
    assert budget.used_bytes == 0
    large = MemoryBudget()
    with pytest.raises(CorruptImageError):
        decode(of(SPECIMENS["rgb"][:60]), budget=large)
    assert large.used_bytes == 0
    with budget.hold(1000):  # more than there is: one alone
        pass
    assert budget.used_bytes == 0


def test_who_waits_longest_is_next() -> None:
    """Or a large photo would wait for as long as small ones come."""
    budget = MemoryBudget(100)
    order: list[str] = []

    def want(name: str, count: int) -> None:
        with budget.hold(count):
            order.append(name)

    with budget.hold(60):
        large = threading.Thread(target=want, args=("large", 90))
        large.start()
        while not budget._waiting:
            pass
        small = threading.Thread(target=want, args=("small", 10))
        small.start()
        while len(budget._waiting) < 2:
            pass
        assert order == []
    large.join(10)
    small.join(10)
    assert order == ["large", "small"]


def test_the_pixels_are_freed_at_the_end_of_the_block() -> None:
    with decoded(of(SPECIMENS["rgb"])) as photo:
        assert photo.image.getpixel((0, 0))
    with pytest.raises(ValueError):
        photo.image.getpixel((0, 0))


def test_the_finished_picture_of_an_ordinary_photo_is_not_copied() -> None:
    """A plain RGB photo takes its own pixels and nothing beside them."""
    with opened(of(SPECIMENS["rgb"])) as image:
        wanted = need(image, 0, not imaging_colour.is_final(image), 10**9)
    assert wanted == Need(4 * WIDTH * HEIGHT, 1)
