"""Thumbnails of a list of photos: made once, then from the disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from resnet_gui.core.events import ImageSource
from resnet_gui.core.library.thumbnails import used_bytes
from resnet_gui.core.photos import decode
from resnet_gui.ui.widgets.thumbnails import Thumbnails
from tests.helpers.fake_engine import Rig, heard


def test_a_second_look_decodes_nothing(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (600, 400), (200, 90, 60)).save(path)
    decoded: list[str] = []
    original = decode.preview

    def noted(source: ImageSource, side: int) -> object:
        decoded.append(source.name)
        return original(source, side)

    monkeypatch.setattr(decode, "preview", noted)
    for _ in range(2):
        made = Thumbnails(rig.io, 96, rig.parent, on_disk=True)
        source = ImageSource.file(path)
        rig.until(lambda made=made, source=source: made.get(source) is not None)
        image = made.get(source)
        assert image is not None
        assert (image.width(), image.height()) == (96, 64)
        colour = image.pixelColor(40, 30)
        assert abs(colour.red() - 200) + abs(colour.green() - 90) < 8
        rig.settle()
    assert decoded == [str(path)]
    assert used_bytes() > 0


def test_what_left_the_screen_long_ago_is_not_made(rig: Rig, tmp_path: Path) -> None:
    hold = rig.occupy(rig.io)
    thumbnails = Thumbnails(rig.io, 96, rig.parent)
    sources = [ImageSource.file(tmp_path / f"{number}.png") for number in range(1001)]
    made = heard(thumbnails.made)
    for source in sources[:-1]:
        thumbnails.get(source)
    hold.over.set()
    rig.until(lambda: sources[800].id in made)
    thumbnails.get(sources[-1])  # the newest comes first, and with it what was wanted still
    rig.until(lambda: sources[-1].id in made)
    rig.settle()
    assert 401 <= len(made) <= 430
