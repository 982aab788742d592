"""From what was dropped to photos: files as they are, folders to the bottom."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from resnet_gui.core.photos import collect
from resnet_gui.core.photos.collect import PhotosFound, collect_photos


def names(found: list[PhotosFound]) -> list[str]:
    return [source.name for event in found for source in event.sources]


def problems(found: list[PhotosFound]) -> list[str]:
    return [problem for event in found for problem in event.problems]


def make(folder: Path, *files: str) -> None:
    for file in files:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_folders_are_searched_sorted_and_files_taken_as_they_are(tmp_path: Path) -> None:
    make(
        tmp_path, "b/2.jpg", "b/1.PNG", "b/deep/er/3.webp", "b/notes.txt", "b/.hidden.jpg",
        "b/.git/4.jpg", "b/raw.nef", "a.xyz",
    )  # fmt: skip
    found = list(collect_photos([tmp_path / "a.xyz", tmp_path / "b", tmp_path / "gone.jpg"]))
    expected = ["a.xyz", "b/1.PNG", "b/2.jpg", "b/raw.nef", "b/deep/er/3.webp", "gone.jpg"]
    assert names(found) == [str(tmp_path / name) for name in expected]
    assert problems(found) == []


def test_nothing_given_is_one_empty_event() -> None:
    assert list(collect_photos([])) == [PhotosFound((), ())]


def test_a_folder_without_photos_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "empty/notes.txt", "full/1.jpg")
    found = list(collect_photos([tmp_path / "empty", tmp_path / "full"]))
    assert problems(found) == ["empty: no photos in this folder."]
    assert len(names(found)) == 1
    # A folder's name may be hidden in how it was written.
    monkeypatch.chdir(tmp_path / "empty")
    for word in (".", "../empty", ".."):
        (problem,) = problems(list(collect_photos([Path(word)]))) or ["empty: (found)"]
        assert problem.startswith("empty: ")


def test_a_folder_that_may_not_be_read_is_a_problem(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    make(closed, "1.jpg")
    if not hasattr(os, "seteuid"):
        pytest.skip("no users to change to here")
    was_root = os.geteuid() == 0
    closed.chmod(0)
    try:
        if was_root:
            for folder in (tmp_path, *tmp_path.parents):
                if folder.stat().st_mode & 0o001 == 0 and folder.is_relative_to("/tmp"):
                    folder.chmod(folder.stat().st_mode | 0o011)
            os.seteuid(65534)
        found = list(collect_photos([closed]))
        inside = list(collect_photos([closed / "1.jpg"]))
    finally:
        if was_root:
            os.seteuid(0)
        closed.chmod(0o700)
    (problem,) = problems(found)
    assert str(closed) in problem
    assert "could not be read" in problem
    assert problem.endswith("Ask its owner for permission, or copy it to a folder of your own.")
    assert names(inside) == [str(closed / "1.jpg")]  # reading it says what is wrong


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "\ud800"])
def test_names_that_no_file_can_have_go_on_to_the_decoder(name: str) -> None:
    assert names(list(collect_photos([Path(name)]))) == [name]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    make(tmp_path, "photos/1.jpg")
    (tmp_path / "photos" / "again").symlink_to(tmp_path / "photos")
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    found = list(collect_photos([tmp_path / "link"]))
    assert names(found) == [str(tmp_path / "link" / "1.jpg")]


def test_a_long_search_reports_as_it_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where there is no photo for long: who runs the search must be able to stop it."""
    monkeypatch.setattr(collect, "_CHUNK_S", 0.0)
    make(tmp_path, *[f"d{n}/notes.txt" for n in range(20)], "z/1.jpg", "z/2.jpg")
    found = list(collect_photos([tmp_path]))
    assert len(found) > 20
    assert [Path(name).name for name in names(found)] == ["1.jpg", "2.jpg"]
    assert problems(found) == []
    for word in ("d1", "d2"):
        assert problems(list(collect_photos([tmp_path / word]))) == [
            f"{word}: no photos in this folder."
        ]


def test_what_was_found_is_reported_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "_CHUNK_S", 0.0)
    make(tmp_path, *[f"a/{n}.jpg" for n in range(9)], "b/x.txt", "c/10.jpg")
    found = list(collect_photos([tmp_path / "a", tmp_path / "b", tmp_path / "c"]))
    assert len(names(found)) == len(set(names(found))) == 10
    assert problems(found) == ["b: no photos in this folder."]
