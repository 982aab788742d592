"""Where sorted photos go: beside all of them, and where no training takes the place for a class."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from resnet_gui.core.dataset.around import dataset_around
from resnet_gui.core.dataset.split import Item, Split
from resnet_gui.core.filing.by_label import Labelled
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.listing import create_run, runs_dir
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.ui.classify.sort_dialog import SortDialog
from resnet_gui.ui.classify.sort_place import apart, beside
from tests.helpers.fake_engine import Rig

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes folders of photos by their names; returns the first."""

    def make_folders(*names: str) -> Path:
        for name in names:
            (tmp_path / name).mkdir(parents=True, exist_ok=True)
            (tmp_path / name / "1.jpg").touch()
        return tmp_path / names[0]

    return make_folders


def train_on(folder: Path) -> None:
    """A run that was trained on a folder."""
    split = Split(("a", "b"), (Item("a/1.jpg", 0),), (Item("b/1.jpg", 1),), (), False)
    config = RunConfig(str(folder), "a", title=folder.name)
    with create_run(config, folder.name, split, {}, runs_dir(), user_models_dir()):
        pass


def place(folder: Path, *, chosen: bool = False) -> tuple[Path, str]:
    job = apart(folder, chosen)
    while True:
        try:
            next(job)
        except StopIteration as end:
            found: tuple[Path, str] = end.value
            return found


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["/a/trap/1.jpg", "/a/trap/2.jpg"], "/a/trap sorted"),
        (["/a/trap/CAM1/1.jpg", "/a/trap/CAM2/1.jpg"], "/a/trap sorted"),
        (["/a/1.jpg", "/b/1.jpg"], "/a sorted"),
        (["{home}/Pictures/1.jpg", "{home}/Downloads/1.jpg"], "{home}/Pictures sorted"),
        (
            ["/media/anna/CARD/DCIM/1.jpg", "/media/anna/CARD/PHONE/1.jpg"],
            "/media/anna/CARD/DCIM sorted",
        ),
        (["/media/anna/CARD/1.jpg"], "/media/anna/CARD/sorted"),
        (["/1.jpg"], "/sorted"),
    ],
)
def test_the_folder_lies_beside_all_photos(paths: list[str], expected: str) -> None:
    home = str(Path.home())
    assert beside([path.format(home=home) for path in paths]) == Path(expected.format(home=home))


def test_no_training_takes_the_place_for_a_class(make: Make, tmp_path: Path) -> None:
    make("garden/ant", "garden/bee", "garden/wasp")
    (tmp_path / "garden/notes").mkdir()
    train_on(tmp_path / "garden")
    found, told = place(tmp_path / "garden" / "ant sorted")
    assert found == tmp_path / "garden sorted"
    assert told == "Beside “garden”: in it, a training would take this folder for a class."
    # What a person chose stays, and is told.
    chosen = tmp_path / "garden" / "ant sorted"
    assert place(chosen, chosen=True) == (
        chosen, "A training on “garden” would take this folder for one of its classes."
    )  # fmt: skip
    assert place(tmp_path / "garden sorted", chosen=True) == (tmp_path / "garden sorted", "")


def test_parts_and_nested_albums(make: Make, tmp_path: Path) -> None:
    make("insects/train/ant", "insects/train/bee", "insects/val/ant", "insects/val/bee")
    assert dataset_around(tmp_path / "insects/train/ant sorted") == tmp_path / "insects"
    train_on(tmp_path / "insects")
    assert place(tmp_path / "insects/train/ant sorted")[0] == tmp_path / "insects sorted"
    make("album/2024", "album/2025", "album/trip/one", "album/trip/two")
    train_on(tmp_path / "album")
    train_on(tmp_path / "album/trip")
    found, _ = place(tmp_path / "album/trip/one sorted")
    assert found == tmp_path / "album sorted", "“trip sorted” would be a class of “album”"


def test_albums_side_by_side_are_no_training(make: Make, tmp_path: Path) -> None:
    """The place stays where a person looks for it, and is at most told about."""
    make("trips/2023 Italy", "trips/2024 Norway", "trips/2025 Peru")
    usual = tmp_path / "trips/2024 Norway sorted"
    assert place(usual) == (
        usual, "A training on “trips” would take this folder for one of its classes."
    )  # fmt: skip


@pytest.mark.parametrize(
    "folders", [("Pictures/2023", "Pictures/2024", "Pictures/2025"), ("Desktop", "Downloads", "a")]
)
def test_nobody_trains_on_all_pictures_or_all_of_home(
    folders: tuple[str, ...], make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    usual = beside([str(make(*folders) / "1.jpg")])
    assert place(usual) == (usual, "")
    # Unless it was done.
    train_on(usual.parent)
    assert place(usual)[1]


def test_one_folder_of_photos_is_no_dataset(make: Make, tmp_path: Path) -> None:
    make("CAM")
    assert place(tmp_path / "CAM sorted") == (tmp_path / "CAM sorted", "")
    assert dataset_around(tmp_path / "gone" / "too") is None


def test_the_dialog_proposes_the_better_place_and_keeps_what_is_chosen(
    qtbot: QtBot, rig: Rig, make: Make, tmp_path: Path
) -> None:
    photo = make("garden/ant", "garden/bee", "garden/wasp") / "1.jpg"
    train_on(tmp_path / "garden")
    parent = QWidget()
    qtbot.addWidget(parent)
    photos = [Labelled(str(photo), "ant", 0.9)]
    dialog = SortDialog(photos, "", beside([str(photo)]), rig.io, parent)
    dialog.open()
    rig.until(lambda: dialog.into == tmp_path / "garden sorted" and dialog.plan is not None)
    assert dialog.folder.text() == str(tmp_path / "garden sorted")
    assert dialog.place.text().startswith("Beside “garden”")
    assert not (tmp_path / "garden sorted").exists(), "nothing is made before the start"
    dialog.set_into(tmp_path / "garden" / "mine")
    rig.until(lambda: dialog.place.text().startswith("A training on “garden”"))
    assert dialog.into == tmp_path / "garden" / "mine"
    dialog.set_into(tmp_path / "elsewhere")
    rig.until(lambda: not dialog.place.text())
    rig.until(lambda: dialog.plan is not None)
    dialog.reject()
