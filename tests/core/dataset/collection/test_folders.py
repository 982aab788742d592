"""From a collection to class folders: nothing is moved, nothing replaced, nothing lost."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from resnet_gui.core.dataset.collection.folder_names import folder_names, renamed_classes
from resnet_gui.core.dataset.collection.folders import (
    FolderMade,
    folders_dir,
    make_training_folder,
    remove_unused,
    save_class_folder,
)
from resnet_gui.core.dataset.collection.take_in import (
    content_key,
    keep_pasted,
    read_class_folder,
    take_in,
)
from resnet_gui.core.dataset.collection.values import (
    CollectedClass,
    CollectedPhoto,
    Collection,
    CollectionError,
    collection_dir,
    load_collection,
    pasted_dir,
    store_collection,
)
from resnet_gui.core.dataset.scan import scan_dataset
from resnet_gui.core.dataset.summary import DatasetScanned
from resnet_gui.core.errors import DatasetError, FilingError, ImageReadError
from resnet_gui.core.events import ImageSource
from resnet_gui.core.filing.journal import list_batches
from resnet_gui.core.filing.undo import undo
from tests.helpers.pictures import encoded, gradient


@pytest.fixture
def loose(tmp_path: Path) -> Path:
    folder = tmp_path / "loose"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.jpg").write_bytes(encoded(gradient(24, 24, number), "JPEG"))
    return folder


def collection(loose: Path) -> Collection:
    photos = [CollectedPhoto(str(p), content_key(p)) for p in sorted(loose.glob("?.jpg"))]
    return Collection(
        (CollectedClass("Ants", tuple(photos[:3])), CollectedClass("bees", tuple(photos[3:5]))),
        (photos[5],),
    )


def made(items: object) -> FolderMade:
    [*_, last] = items  # type: ignore[misc]
    assert isinstance(last, FolderMade)
    return last


def tree(folder: Path) -> dict[str, bytes]:
    files = (p for p in sorted(folder.rglob("*")) if p.is_file() and not p.name.startswith("."))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_what_is_kept_comes_back(loose: Path) -> None:
    assert load_collection() is None
    wanted = collection(loose)
    odd = CollectedPhoto(os.fsdecode(b"/p/\xff.jpg"), "")  # a name that is no UTF-8
    wanted = Collection(wanted.classes, (*wanted.unsorted, odd))
    store_collection(wanted)
    assert load_collection() == wanted


def test_a_damaged_file_is_set_aside_and_named(loose: Path) -> None:
    store_collection(collection(loose))
    file = collection_dir() / "collection.json"
    for text in ("{", '{"classes": 3}', '{"format": 99}'):
        file.write_text(text)
        with pytest.raises(CollectionError, match=r"could not be read.*kept as"):
            load_collection()
        assert not file.exists()
    assert len(list(collection_dir().glob("*.damaged"))) == 3
    assert load_collection() is None


def test_a_training_folder_takes_no_room_and_is_made_once(loose: Path) -> None:
    first = made(make_training_folder(collection(loose)))
    assert first.photos == 5
    assert first.path.name == "ants-and-bees"
    assert sorted(tree(first.path)) == [f"Ants/{n}.jpg" for n in range(3)] + [
        f"bees/{n}.jpg" for n in (3, 4)
    ]
    assert (first.path / "Ants" / "0.jpg").stat().st_nlink == 2
    assert made(make_training_folder(collection(loose))).path == first.path
    [*_, scanned] = scan_dataset(first.path)
    assert isinstance(scanned, DatasetScanned)
    assert scanned.summary.class_names == ("Ants", "bees")
    assert not scanned.summary.problems
    (first.path / "bees" / "4.jpg").unlink()  # not whole any more: another one
    assert made(make_training_folder(collection(loose))).path.name == "ants-and-bees-2"
    assert len(tree(loose)) == 6  # the photos stayed


def test_names_that_no_folder_can_have(loose: Path) -> None:
    assert folder_names(["a/b", "A_b", ".git", "CON", "...", "ants  "]) == [
        "a_b-2", "A_b", "git", "CON_", "class", "ants",
    ]  # fmt: skip
    names = ["a/b", "A_b", "Sea_Lion", "CON", "bees "]
    assert renamed_classes(names) == (("a/b", "a_b-2"),)  # CON_ reads as CON
    assert folder_names(["a b", "a/b", "sea_lion", "sea lion"]) == [
        "a b", "a_b-2", "sea_lion", "sea lion",
    ]  # fmt: skip
    assert folder_names(["train", "test"]) == ["train_", "test_"]  # no parts of a split
    assert folder_names(["train", "bus"]) == ["train", "bus"]
    hidden = loose / ".hidden.jpg"
    bare = loose / "photo"
    shutil.copy(loose / "0.jpg", hidden)
    shutil.copy(loose / "1.jpg", bare)
    other = loose / "more"
    other.mkdir()
    shutil.copy(loose / "2.jpg", other / "0.jpg")
    files = [hidden, bare, loose / "0.jpg", other / "0.jpg"]
    photos = tuple(CollectedPhoto(str(path)) for path in files)
    folder = made(make_training_folder(Collection((CollectedClass("a", photos),)))).path
    assert sorted(tree(folder)) == [
        "a/0-2.jpg", "a/0.jpg", "a/photo .hidden.jpg", "a/photo.jpg",
    ]  # fmt: skip


def test_photos_that_are_gone_are_named(loose: Path) -> None:
    wanted = collection(loose)
    (loose / "0.jpg").unlink()
    result = made(make_training_folder(wanted))
    assert (result.photos, result.missing) == (4, (str(loose / "0.jpg"),))
    shutil.rmtree(loose)
    other = Collection(wanted.classes[:1])
    with pytest.raises(CollectionError, match="None of the photos is where"):
        list(make_training_folder(other))
    assert [p.name for p in folders_dir().iterdir()] == ["ants-and-bees"]  # nothing half made


def test_folders_that_nothing_needs_are_removed(loose: Path, tmp_path: Path) -> None:
    wanted = collection(loose)
    kept = made(make_training_folder(wanted)).path
    unused = made(make_training_folder(Collection(wanted.classes[:1]))).path
    (folders_dir() / ".begun-x").mkdir()  # a process was killed
    assert remove_unused({str(kept)}, wanted) == [unused]
    assert [p.name for p in folders_dir().iterdir()] == [kept.name]
    held = Collection((CollectedClass("a", (CollectedPhoto(str(kept / "Ants" / "0.jpg")),)),))
    assert remove_unused(set(), held) == []  # its photos are in use
    assert remove_unused(set(), wanted) == [kept]
    assert len(tree(loose)) == 6


def test_the_last_copy_of_a_photo_goes_to_the_trash(
    loose: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trashed: list[Path] = []
    monkeypatch.setattr("resnet_gui.core.dataset.collection.folders.move_to_trash", trashed.append)
    wanted = collection(loose)
    folder = made(make_training_folder(wanted)).path
    (loose / "0.jpg").unlink()
    remove_unused(set(), Collection())
    assert trashed == [folder]
    assert (folder / "Ants" / "0.jpg").is_file()


def test_saving_copies_and_replaces_nothing(loose: Path, tmp_path: Path) -> None:
    target = tmp_path / "saved"
    (target / "Ants").mkdir(parents=True)
    (target / "Ants" / "0.jpg").write_bytes(b"somebody's own")
    result = made(save_class_folder(collection(loose), target))
    assert (result.path, result.photos, result.already) == (target, 5, 0)
    assert (target / "Ants" / "0.jpg").read_bytes() == b"somebody's own"
    assert (target / "Ants" / "0-2.jpg").read_bytes() == (loose / "0.jpg").read_bytes()
    assert (target / "bees" / "4.jpg").stat().st_nlink == 1  # a copy of its own
    before = tree(target)
    again = made(save_class_folder(collection(loose), target))
    assert (again.photos, again.already) == (0, 5)
    assert tree(target) == before
    assert not list(target.rglob(".*"))
    assert len(tree(loose)) == 6


def test_what_was_saved_can_be_undone(loose: Path, tmp_path: Path) -> None:
    """From the menu of the window, or with “resnet-gui undo”."""
    list(save_class_folder(collection(loose), tmp_path / "saved"))
    [batch] = list_batches(5)
    assert (batch.title, batch.done) == ("Copy 5 photos into 2 folders of “saved”", 5)
    list(undo(batch.id))
    assert not (tmp_path / "saved").exists()
    assert len(tree(loose)) == 6


def test_a_folder_that_cannot_be_written_says_so(loose: Path, tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("no folder")
    with pytest.raises(FilingError, match="is a file"):
        list(save_class_folder(collection(loose), target))


def test_bad_files_are_named(loose: Path) -> None:
    (loose / "empty.jpg").write_bytes(b"")
    (loose / "text.png").write_text("no picture")
    note = loose / "note.txt"
    note.write_text("hello")
    events = list(take_in([loose, note, loose / "gone.jpg"]))
    photos = [photo for event in events for photo in event.photos]
    problems = " ".join(text for event in events for text in event.problems)
    assert [Path(photo.path).name for photo in photos] == [f"{n}.jpg" for n in range(6)]
    assert all(photo.key for photo in photos)
    for name in ("empty.jpg", "text.png", "note.txt", "gone.jpg"):
        assert name in problems
    [event] = take_in([loose / "gone.jpg"], guessed=True)
    assert event.problems == ("There is no photo at the path that the text names.",)


def test_a_pasted_picture_becomes_a_file_until_it_is_not_needed(loose: Path) -> None:
    data = encoded(gradient(30, 20), "WEBP")
    events = [event for _ in range(2) for event in keep_pasted(ImageSource("Pasted", data))]
    one, two = (photo for event in events for photo in event.photos)
    assert one.path != two.path
    assert one.key == two.key
    assert Path(one.path).suffix == ".webp"
    assert Path(one.path).read_bytes() == data
    with pytest.raises(ImageReadError):
        list(keep_pasted(ImageSource("Pasted", b"no picture")))
    store_collection(Collection((CollectedClass("a", (two,)),)))
    load_collection()
    assert [str(path) for path in pasted_dir().iterdir()] == [two.path]


def test_the_classes_of_a_training_folder(loose: Path, tmp_path: Path) -> None:
    target = tmp_path / "saved"
    list(save_class_folder(collection(loose), target / "train"))
    list(save_class_folder(collection(loose), target / "test"))
    [*_, found] = read_class_folder(target)
    assert isinstance(found, Collection)
    assert [(item.name, len(item.photos)) for item in found.classes] == [("Ants", 3), ("bees", 2)]
    assert all("test" not in Path(photo.path).parts for photo in found.photos())
    folder = made(make_training_folder(collection(loose))).path
    [*_, found] = read_class_folder(folder)
    assert isinstance(found, Collection)
    assert found.classes == collection(loose).classes  # the photos themselves, not the links
    with pytest.raises(DatasetError):
        list(read_class_folder(tmp_path / "gone"))


def test_a_folder_that_gets_no_name_is_an_error(
    loose: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It used to try one name after the other for ever."""
    tried: list[Path] = []

    def refuse(path: Path, target: Path) -> Path:
        tried.append(target)
        if len(tried) > 50:
            pytest.fail("it does not end")
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(CollectionError, match="Permission denied"):
        list(make_training_folder(collection(loose)))
    assert len(tried) == 1
    assert list(folders_dir().iterdir()) == []
