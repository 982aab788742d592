"""A photo is removed only where another file with the same bytes stays: a link to it is none."""

from __future__ import annotations

import os
import shutil
import unicodedata
from pathlib import Path

import pytest

from resnet_gui.core.dataset.collection import values
from resnet_gui.core.dataset.collection.folders import _free_name, _link_or_copy
from resnet_gui.core.filing import undo as undoing
from resnet_gui.core.filing.batch import Filed, How
from resnet_gui.core.filing.carry_out import accept, carry_out
from resnet_gui.core.filing.disk import Stamp
from resnet_gui.core.filing.journal import Journal, journals_dir
from resnet_gui.core.filing.undo import undo
from resnet_gui.core.system import renaming
from tests.helpers.filing import planned

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links need a right there")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photos" / "a.jpg"
    path.parent.mkdir()
    path.write_bytes(b"PHOTO")
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "sorted" / "cat" / "a.jpg"


def filed(source: Path, target: Path, how: How) -> str:
    *_, last = carry_out(planned([(source, target, how)]))
    assert isinstance(last, Filed)
    assert last.done == 1
    return last.batch


def undone(batch: str) -> Filed:
    *_, last = undo(batch)
    assert isinstance(last, Filed)
    return last


def cut_off(source: Path, target: Path) -> tuple[str, Path]:
    """A move that was killed before its first file. Returns its id, and the name of its part."""
    journals_dir().mkdir(parents=True, exist_ok=True)
    journal = Journal.begin(planned([(source, target, How.MOVE)]))
    target.parent.mkdir(parents=True)
    journal.group_begins([(0, str(target), Stamp.of(source))])
    batch, part = journal.record.id, target.parent / journal.record.part(0)
    journal.close()
    return batch, part


def test_a_link_that_stands_where_a_photo_was_is_no_copy_of_it(photo: Path, target: Path) -> None:
    batch = filed(photo, target, How.MOVE)
    photo.symlink_to(target)  # for other programs
    ended = undone(batch)
    assert (ended.done, ended.missed) == (0, 1)
    assert target.read_bytes() == b"PHOTO"


def test_a_link_without_its_photo_does_not_let_the_copy_go(
    photo: Path, target: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link.jpg"
    link.symlink_to(photo)
    batch = filed(link, target, How.COPY)
    photo.unlink()
    assert undone(batch).missed == 1
    assert target.read_bytes() == b"PHOTO"


def test_a_folder_that_became_a_link_to_the_copies(photo: Path, target: Path) -> None:
    batch = filed(photo, target, How.COPY)
    photo.unlink()
    photo.parent.rmdir()
    photo.parent.symlink_to(target.parent)
    assert undone(batch).missed == 1
    assert target.read_bytes() == b"PHOTO"


def test_what_was_cut_off_is_not_finished_by_links_of_another_sorting(
    photo: Path, target: Path
) -> None:
    batch, _ = cut_off(photo, target)
    filed(photo, target, How.LINK)
    list(accept(batch))
    assert photo.read_bytes() == b"PHOTO"


def test_a_part_that_is_all_that_is_left_gets_its_name(photo: Path, target: Path) -> None:
    """A power cut took the name back, and the removal of the source had reached the disk."""
    batch, part = cut_off(photo, target)
    shutil.copy2(photo, part)
    photo.unlink()
    list(accept(batch))
    assert target.read_bytes() == b"PHOTO"
    assert undone(batch).done == 1
    assert photo.read_bytes() == b"PHOTO"


def test_an_edit_while_it_is_moved_back_from_another_disk_stays(
    photo: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = filed(photo, target, How.MOVE)
    copy_new = undoing.copy_new

    def other_disk(source: Path, to: Path) -> bool:
        if source.parent != to.parent:
            raise OSError(18, "another disk")
        return renaming.rename_new(source, to)

    def edited_meanwhile(source: Path, to: Path) -> object:
        made = copy_new(source, to)
        source.write_bytes(b"EDITED, AND LONGER")
        return made

    monkeypatch.setattr(undoing, "rename_new", other_disk)
    monkeypatch.setattr(undoing, "copy_new", edited_meanwhile)
    assert undone(batch).missed == 1
    assert target.read_bytes() == b"EDITED, AND LONGER"


def test_a_name_that_is_taken_is_not_written_through(tmp_path: Path) -> None:
    """Disks that take two spellings for one name: what is there is a link to another photo."""
    first, second = tmp_path / "a.jpg", tmp_path / "b.jpg"
    first.write_bytes(b"FIRST")
    second.write_bytes(b"SECOND")
    _link_or_copy(first, tmp_path / "made.jpg")
    with pytest.raises(FileExistsError):
        _link_or_copy(second, tmp_path / "made.jpg")
    assert first.read_bytes() == b"FIRST"
    taken: set[str] = set()
    names = [_free_name(unicodedata.normalize(form, "é.jpg"), taken) for form in ("NFC", "NFD")]
    assert len({unicodedata.normalize("NFC", name) for name in names}) == 2


def test_pictures_of_a_collection_that_was_set_aside_stay() -> None:
    pasted = values.pasted_dir() / "pasted.png"
    pasted.parent.mkdir(parents=True)
    pasted.write_bytes(b"picture")
    kept = values.collection_dir() / "collection.json"
    kept.write_text(f'{{"format": 2, "unsorted": [{{"path": "{pasted}"}}]}}')
    with pytest.raises(values.CollectionError):
        values.load_collection()
    values.store_collection(values.Collection())
    values.load_collection()
    assert pasted.exists()
