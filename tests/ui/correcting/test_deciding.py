"""Keys for decisions on a wall of photos, without a page around it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from resnet_gui.core.improve.kept import improve_dir
from resnet_gui.ui.correcting.class_popup import ClassPopup
from resnet_gui.ui.correcting.corrector import Corrector
from resnet_gui.ui.correcting.deciding import Deciding
from resnet_gui.ui.correcting.judged import Judged
from resnet_gui.ui.correcting.wall import Wall
from resnet_gui.ui.filing.filer import Filer
from tests.helpers.fake_engine import Rig

Key = Qt.Key
CLASSES = ("Bees", "sea lion", "sea_lion")


@pytest.fixture
def corrector(rig: Rig, tmp_path: Path) -> Corrector:
    """With the decisions about a folder open; none yet."""
    corrector = Corrector(rig.io, Filer(rig.io, rig.parent), rig.parent)
    corrector.open(str(tmp_path))
    rig.until(lambda: corrector.book(str(tmp_path)) is not None)
    return corrector


@pytest.fixture
def wall(rig: Rig, corrector: Corrector, tmp_path: Path) -> Iterator[Wall]:
    """Six photos of “Bees” that look like sea lions, the first one current."""
    wall = Wall(rig.io, corrector)
    photos = [Judged(str(tmp_path / "Bees" / f"{n}.jpg"), "Bees", "sea lion") for n in range(6)]
    wall.show_photos(str(tmp_path), photos)
    wall.show()
    yield wall
    rig.settle()
    wall.hide()
    shiboken6.delete(wall)


@pytest.fixture
def deciding(corrector: Corrector, wall: Wall, tmp_path: Path) -> Deciding:
    deciding = Deciding(corrector, wall, wall.chosen)
    deciding.root, deciding.classes = str(tmp_path), CLASSES
    deciding.decided.connect(wall.step_on)
    return deciding


def badges(wall: Wall) -> list[str]:
    model = wall.photos
    return [str(model.index(row).data(model.BadgeRole)) for row in range(model.rowCount())]


@pytest.mark.parametrize("key", [Key.Key_2, Key.Key_A, Key.Key_S])
def test_a_key_that_is_held_decides_about_one_photo(
    wall: Wall, deciding: Deciding, key: Qt.Key
) -> None:
    """A class's digit used to decide about one photo after another."""
    for again in (False, True, True, True):
        kind, none = QEvent.Type.KeyPress, Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(wall, QKeyEvent(kind, key, none, chr(key), again))
    assert wall.currentIndex().row() == 1
    assert [bool(badge) for badge in badges(wall)] == [True, *[False] * 5]


def test_nothing_is_decided_before_what_was_decided_is_known(
    rig: Rig, wall: Wall, deciding: Deciding, tmp_path: Path
) -> None:
    """Keys stepped on to the next photo while nothing was kept."""
    root = str(tmp_path)
    deciding.move_to("sea lion")
    rig.settle()
    (kept,) = improve_dir().glob("*.json")
    kept.write_text("{damaged", "utf-8")
    corrector = Corrector(rig.io, Filer(rig.io, rig.parent), rig.parent)
    keys = Deciding(corrector, wall, wall.chosen)
    keys.root, keys.classes = root, CLASSES
    stepped: list[None] = []
    keys.decided.connect(lambda: stepped.append(None))
    said: list[str] = []
    corrector.noticed.connect(lambda text, _kind: said.append(text))
    keys.move_to("sea lion")
    assert not stepped
    corrector.open(root)
    rig.until(lambda: corrector.is_open(root))  # the damaged file was put aside
    assert len(said) == 1
    keys.move_to("sea lion")
    assert stepped
    assert corrector.counts(root).pending == 1
    rig.settle()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("bees", "Bees"),
        (" BEES ", "Bees"),
        ("Sea_Lion", "sea lion"),
        ("sea_lion", "sea_lion"),  # two that are there are told apart
        ("wasps", "wasps"),
    ],
)
def test_a_typed_name_is_that_of_a_class_that_is_there(
    qtbot: QtBot,
    corrector: Corrector,
    wall: Wall,
    deciding: Deciding,
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    meant: str,
) -> None:
    """“bees” beside “Bees” was a second class, which nothing could apply."""
    monkeypatch.setattr("resnet_gui.ui.correcting.deciding.ask_for_name", lambda *_: typed)
    qtbot.keyClick(wall, Key.Key_N)
    qtbot.keyClick(wall, Key.Key_M)
    [popup] = wall.findChildren(ClassPopup)
    popup.chosen.emit(typed.strip())
    decided = corrector.decisions(deciding.root)
    assert decided is not None
    fine = meant == "Bees"  # they are there already
    assert [d.to for d in decided.decisions] == ["" if fine else meant] * 2
    assert badges(wall)[:2] == ["✓ fine" if fine else f"→ {meant.replace('_', ' ')}"] * 2


@pytest.mark.parametrize(
    ("typed", "class_", "said"),
    [
        ("a/b", "a_b", "No folder can be called “a/b”: the class is “a b”."),
        ("Sea/Lion", "", "No folder can be called “Sea/Lion”, and “sea lion” is a class already. "),
    ],
)
def test_a_name_that_no_folder_can_have_is_told(
    qtbot: QtBot, corrector: Corrector, wall: Wall, deciding: Deciding, typed: str, class_: str,
    said: str, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """It became another one without a word, perhaps that of another class."""
    texts: list[str] = []
    corrector.noticed.connect(lambda text, _kind: texts.append(text))
    monkeypatch.setattr("resnet_gui.ui.correcting.deciding.ask_for_name", lambda *_: typed)
    qtbot.keyClick(wall, Key.Key_N)
    decided = corrector.decisions(deciding.root)
    assert decided is not None
    assert [d.to for d in decided.decisions] == [class_] * bool(class_)
    [text] = texts
    assert text.startswith(said)
