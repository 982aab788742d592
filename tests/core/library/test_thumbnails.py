"""Thumbnails that are kept on the disk."""

from __future__ import annotations

import os
from pathlib import Path

from resnet_gui.core.events import ImageSource
from resnet_gui.core.library.thumbnails import (
    FILE,
    clear_thumbnails,
    find_thumbnails,
    keep_thumbnails,
    thumbnail_key,
    thumbnails_dir,
    used_bytes,
)


def test_kept_and_found_and_cleared() -> None:
    assert used_bytes() == 0
    assert find_thumbnails([b"a"]) == {}
    keep_thumbnails({b"a": b"1" * 5000, b"b": b"2"})
    assert find_thumbnails([b"a", b"b", b"c"]) == {b"a": b"1" * 5000, b"b": b"2"}
    assert used_bytes() > 5000
    clear_thumbnails()
    assert used_bytes() == 0
    assert find_thumbnails([b"a"]) == {}
    keep_thumbnails({b"a": b"3"})
    assert find_thumbnails([b"a"]) == {b"a": b"3"}


def test_another_photo_under_the_same_name_has_another_key(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"first")
    source = ImageSource.file(path)
    key = thumbnail_key(source, 96)
    assert key is not None
    assert thumbnail_key(source, 96) == key
    assert thumbnail_key(source, 128) != key
    path.write_bytes(b"other")
    os.utime(path, ns=(1, 1))
    assert thumbnail_key(source, 96) not in (key, None)
    assert thumbnail_key(ImageSource.file(tmp_path / "none.jpg"), 96) is None
    assert thumbnail_key(ImageSource("pasted", b"bytes"), 96) is None


def test_too_many_make_room() -> None:
    for number in range(40):
        keep_thumbnails({bytes([number]): os.urandom(10_000)}, max_bytes=200_000)
    found = find_thumbnails([bytes([number]) for number in range(40)])
    assert bytes([39]) in found
    assert bytes([0]) not in found
    assert 8 <= len(found) <= 20


def test_a_damaged_file_is_begun_anew() -> None:
    keep_thumbnails({b"a": b"1"})
    path = thumbnails_dir() / FILE
    path.write_bytes(b"nonsense" * 1000)
    assert find_thumbnails([b"a"]) == {}
    keep_thumbnails({b"a": b"2"})
    assert find_thumbnails([b"a"]) == {b"a": b"2"}


def test_where_nothing_can_be_kept_nothing_is() -> None:
    thumbnails_dir().parent.mkdir(parents=True)
    thumbnails_dir().write_text("a file where the folder should be")
    keep_thumbnails({b"a": b"1"})
    assert find_thumbnails([b"a"]) == {}
    assert used_bytes() == 0
