"""The Runs page in the real window: the table, what is done with a run, two of them compared."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLineEdit
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.dataset.split import Item, Split
from resnet_gui.core.evaluation.paired import Cell, Compared, PairedPhoto
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import EpochDone
from resnet_gui.core.runs.listing import RunDirectory, create_run, list_runs, runs_dir
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.core.zoo.weights.load import save_model
from resnet_gui.ui.correcting.judged import Judged
from resnet_gui.ui.runs.page import RunsPage
from resnet_gui.ui.runs.table import accuracy_of, accuracy_text, state_text
from resnet_gui.ui.train.controller import TrainState
from tests.helpers.controls import controls_of, faults_of
from tests.helpers.models import random_state, small_spec
from tests.helpers.training import make_photos

CLASSES = ("green", "red")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("photos") / "colours", CLASSES, 6)


def new_run(title: str, data: Path, accuracy: float = 0.8, seed: int | None = None) -> str:
    """A finished run, with a model of the seed's weights if there is one. Returns its directory."""
    config = RunConfig(str(data), "efficientnet-lite0", epochs=2, title=title, label_smoothing=0.2)
    split = Split(CLASSES, (Item("red/000.jpg", 1),), (Item("red/001.jpg", 1),), (), False)
    document = {"dataset": {"fingerprint": "x", "root": str(data)}}
    with create_run(config, title, split, document, runs_dir(), user_models_dir()) as run:
        for number in (1, 2):
            run.append_metrics(
                EpochDone(run.name, number, 2, number, "head", 0.5, 0.5, 0.4, accuracy, 0.1, 1.0,
                          10.0, number == 2)
            )  # fmt: skip
        model = user_models_dir() / f"{run.name}.safetensors"
        day = len(list(runs_dir().iterdir()))
        run.update(
            title=title,  # runs of earlier versions may have one title
            state="finished", created=f"2026-01-{day:02d}T10:00:00+00:00",
            model_path=str(model) if seed is not None else "", seconds=75.0,
            result={"part": "validation", "value": accuracy, "low": 0.7, "high": 0.9,
                    "right": round(40 * accuracy), "n": 40, "missing": 0},
        )  # fmt: skip
        if seed is not None:
            save(model, title, seed, str(run.document["id"]))
    return str(run.path)


def save(path: Path, title: str, seed: int, run_id: str) -> None:
    spec = small_spec(
        id=path.stem, title=title, architecture="cifar_resnet", classes=CLASSES,
        architecture_options={"depth": 8}, preprocessing=Preprocessing(32, 32),
    )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    state = random_state(spec.architecture, len(CLASSES), seed, {"depth": 8})
    save_model(path, spec, state, {"run_id": run_id})


@pytest.fixture
def page(qtbot: QtBot, app: WindowApp) -> RunsPage:
    return shown(qtbot, app)


def shown(qtbot: QtBot, app: WindowApp) -> RunsPage:
    app.window.show_page("runs")
    page = app.window.pages.of(RunsPage)
    qtbot.waitUntil(lambda: page.controller.looked)
    return page


def column(page: RunsPage, title: str) -> list[str]:
    """What the table shows, from top to bottom."""
    number = [item.title for item in page.table.runs.columns].index(title)
    filtered = page.table.runs
    return [filtered.index(row, number).data() for row in range(filtered.rowCount())]


def choose(page: RunsPage, *titles: str) -> None:
    page.table.choose([run.path for run in page.controller.runs if run.title in titles])
    assert {run.title for run in page.table.chosen()} == set(titles)


# --- the table --------------------------------------------------------------------------------


def test_without_runs_it_leads_to_the_train_page(page: RunsPage, app: WindowApp) -> None:
    assert page.stack.currentWidget() is page.empty
    page.empty_train.click()
    assert app.window.pages.current.objectName() == "train"


def test_table_sorts_searches_and_draws(qtbot: QtBot, app: WindowApp, photos: Path) -> None:
    for title, accuracy in (("Bees", 0.9), ("ants & <b>wasps</b>", 0.7), ("Moths", 0.85)):
        new_run(title, photos, accuracy)
    page = shown(qtbot, app)
    qtbot.waitUntil(lambda: bool(page.controller.curves))
    assert column(page, "Name") == ["Moths", "ants & <b>wasps</b>", "Bees"], "the newest first"
    assert column(page, "Accuracy")[0] == "85.0% (70–90)"
    assert column(page, "Time") == ["1 min"] * 3
    assert column(page, "Photos") == ["colours"] * 3
    assert [run.title for run in page.table.chosen()] == ["Moths"]
    page.table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert column(page, "Name") == ["Bees", "Moths", "ants & <b>wasps</b>"]
    qtbot.keyClicks(page.search, "WASPS colours")
    assert column(page, "Name") == ["ants & <b>wasps</b>"]
    assert page.count.text() == "1 of 3 runs"
    page.search.clear()
    choose(page, "Bees", "Moths")
    qtbot.waitUntil(lambda: len(page.controller.curves) == 2)
    assert len(page.curves.accuracy.lines) == 2
    app.window.resize(1366, 768)
    qtbot.waitUntil(lambda: {x.label for x in page.curves.loss.lines} == {"Moths", "Bees"})
    app.window.resize(675, 440)  # names would hide the curves; the table has dots
    qtbot.waitUntil(lambda: [x.label for x in page.curves.loss.lines] == ["", ""])
    names = {x.name for x in page.curves.loss.lines}
    assert names == {"Moths, validation", "Bees, validation"}
    page.curves.training.setChecked(True)
    assert len(page.curves.accuracy.lines) == 4
    colours = {line.colour for line in page.curves.accuracy.lines}
    assert colours == set(page.table.runs.colours.values())


def test_runs_of_one_name_are_told_apart(qtbot: QtBot, app: WindowApp, photos: Path) -> None:
    for _ in range(2):
        new_run("Bees", photos)
    app.window.resize(1366, 768)
    page = shown(qtbot, app)
    page.table.selectAll()
    qtbot.waitUntil(lambda: len(page.curves.accuracy.lines) == 2)
    dates = column(page, "Date")
    qtbot.waitUntil(lambda: [x.label for x in page.curves.accuracy.lines] == dates)


def test_words_of_runs(photos: Path) -> None:
    path = Path(new_run("Bees", photos))
    run = RunDirectory.open(path)
    assert (state_text(run.info()), accuracy_text(run.info())) == ("finished", "80.0% (70–90)")
    with run.locked() as held:
        held.update(state="stopped")
    info = RunDirectory.open(path).info()
    assert (state_text(info), accuracy_text(info)) == ("stopped: 2 of 2", "80.0% so far")


def test_every_control_has_a_name_a_tooltip_and_a_key(
    qtbot: QtBot, app: WindowApp, photos: Path
) -> None:
    new_run("Bees", photos)
    page = shown(qtbot, app)
    controls = list(controls_of(page))
    assert {*page.run_actions.buttons.values(), page.search, page.trash} <= set(controls)
    faults = [fault for control in controls for fault in faults_of(control)]
    assert not faults, "\n".join(faults)
    for action, _, _ in page.run_actions.actions.values():
        assert action.shortcut().toString(), action.text()


# --- what is done with a run ------------------------------------------------------------------


def test_names_notes_and_the_trash(
    qtbot: QtBot, app: WindowApp, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_run("Bees", photos), new_run("Moths", photos)
    page = shown(qtbot, app)
    choose(page, "Bees")
    for key, answer, title in (
        (Qt.Key.Key_F2, "Wild bees", "Name"),
        (Qt.Key.Key_F4, "at noon", "Note"),
    ):
        monkeypatch.setattr(
            "resnet_gui.ui.runs.actions.ask_for_name", lambda *_, answer=answer: answer
        )
        qtbot.keyClick(page.table, key)
        qtbot.waitUntil(lambda title=title, answer=answer: answer in column(page, title))
    choose(page, "Wild bees")
    qtbot.keyClick(page.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: column(page, "Name") == ["Moths"])
    qtbot.waitUntil(lambda: page.trash.isVisible())
    assert page.trash.text() == "Trash (1)"
    assert "Wild bees" in page.notices.texts[0]
    assert [run.title for run in page.table.chosen()] == ["Moths"], "keys go on from there"
    qtbot.keyClick(page.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: page.stack.currentWidget() is page.empty)
    qtbot.keyClick(page, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: column(page, "Name") == ["Moths"])
    qtbot.waitUntil(lambda: page.trash.text() == "Trash (1)")
    page.trash_menu.aboutToShow.emit()
    [action] = page.trash_menu.actions()
    assert "Wild bees" in action.text()
    action.trigger()
    qtbot.waitUntil(lambda: len(column(page, "Name")) == 2)
    qtbot.waitUntil(lambda: not page.trash.isVisible())
    assert page.notices.texts == []


def test_a_run_is_opened_and_had_again_on_the_train_page(
    qtbot: QtBot, app: WindowApp, photos: Path
) -> None:
    new_run("Bees", photos)
    page = shown(qtbot, app)
    train = app.window.train_page.controller
    choose(page, "Bees")
    page.run_actions.buttons["open"].click()
    qtbot.waitUntil(lambda: train.state is TrainState.ENDED)
    assert train.run_title == "Bees"
    assert app.window.pages.current is app.window.train_page
    app.window.show_page("runs")
    page.run_actions.buttons["again"].click()
    qtbot.waitUntil(lambda: train.state is TrainState.READY and train.config is not None)
    assert train.config is not None
    assert (train.config.epochs, train.config.label_smoothing) == (2, 0.2)
    assert train.config.data == str(photos)


def test_a_run_in_training_is_marked_and_stays(qtbot: QtBot, app: WindowApp, photos: Path) -> None:
    path = new_run("Bees", photos)
    with RunDirectory.open(Path(path)).locked() as held:
        held.update(state="running")
        page = shown(qtbot, app)
        choose(page, "Bees")
        assert column(page, "State") == ["running: 2 of 2"]
        assert not page.run_actions.buttons["trash"].isEnabled()
        assert "stop it first" in page.run_actions.buttons["trash"].toolTip()
        held.append_metrics(
            EpochDone("r", 3, 3, 3, "head", 0.5, 0.5, 0.4, 0.8, 0.1, 1.0, 10.0, True)
        )
        app.window.train_page.controller.epoch_done.emit(object())  # the page looks again
        qtbot.waitUntil(lambda: column(page, "State") == ["running: 3 of 2"])
    assert Path(path).is_dir()


# --- comparing --------------------------------------------------------------------------------


def test_two_runs_are_compared_photo_by_photo(
    qtbot: QtBot,
    open_app: Callable[..., WindowApp],
    photos: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    new_run("Older", photos, seed=1), new_run("Newer", photos, seed=6)
    app = open_app()
    page = shown(qtbot, app)
    choose(page, "Older")
    assert not page.run_actions.buttons["compare"].isEnabled()
    assert "Choose two runs" in page.run_actions.buttons["compare"].toolTip()
    choose(page, "Older", "Newer")
    assert page.run_actions.buttons["compare"].isEnabled()
    pair = page.controller.pair_of(page.table.chosen())
    assert pair is not None
    page.controller.compare(pair, photos)
    assert page.below.currentWidget() is page.comparison
    qtbot.waitUntil(lambda: page.controller.compared is not None, timeout=60_000)
    result = page.controller.compared
    assert result is not None
    assert result.titles == ("Older", "Newer")
    assert result.n == 12
    for cell, button in page.comparison.cells.items():
        count = result.counts()[cell]
        assert button.text().endswith(f" {count}")
        button.click()
        assert page.comparison.gallery.photos.rowCount() == count
        assert page.comparison.nothing.isVisible() == (count == 0)
    assert page.comparison.sentence.text() == result.sentence("A", "B")
    target = photos.parent / "audit.html"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(target), ""))
    page.comparison.save.click()
    qtbot.waitUntil(lambda: page.notices.texts == [f"Saved: {target}"])
    assert result.sentence("A", "B") in html.unescape(target.read_text(encoding="utf-8"))
    cell = next(cell for cell in Cell if result.counts()[cell])
    page.comparison.cells[cell].click()
    gallery = page.comparison.gallery
    gallery.setCurrentIndex(gallery.photos.index(0))
    path = gallery.photos.index(0).data(gallery.photos.PhotoRole).path
    # Keys here are about the photos, not about the run.
    corrector, root = app.window.corrector, result.data
    qtbot.waitUntil(lambda: corrector.is_open(root))
    assert sorted(gallery.deciding.classes) == sorted(CLASSES)
    gallery.setFocus()
    [judged] = gallery.chosen()
    assert judged.label in Path(path).parts
    other = next(name for name in gallery.deciding.classes if name != judged.label)
    qtbot.keyClick(gallery, str(gallery.deciding.classes.index(other) + 1))
    badge = gallery.photos.index(0).data(gallery.photos.BadgeRole)
    assert badge == corrector.badge(root, path) != ""
    assert page.comparison.decided.text().startswith("1 decision not applied yet")
    assert page.comparison.improve.isVisible()
    qtbot.keyClick(page, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not corrector.badge(root, path)
    assert not page.comparison.foot.isVisible()
    gallery.setCurrentIndex(gallery.photos.index(0))
    qtbot.keyClick(gallery, Qt.Key.Key_Delete)
    assert corrector.badge(root, path)
    assert len(page.controller.runs) == 2
    entries = [action.text() for action in gallery.menu().actions()]
    assert entries[0] == "Show on the Classify page"
    assert any(text.startswith("Move to “") for text in entries)
    gallery.setCurrentIndex(gallery.photos.index(0))
    qtbot.keyClick(gallery, Qt.Key.Key_Return)
    assert app.window.pages.current is app.window.page
    listed = app.window.page.controller.photos
    qtbot.waitUntil(lambda: any(p.source.name == path for p in listed.photos()))
    app.window.show_page("runs")
    qtbot.keyClick(page.comparison, Qt.Key.Key_Escape)
    assert page.below.currentWidget() is page.curves
    assert isinstance(page.search, QLineEdit)


def test_in_a_low_window_the_photos_of_a_comparison_are_in_sight(
    qtbot: QtBot, app: WindowApp, photos: Path
) -> None:
    """1024 x 768 pixels enlarged by half leave 675 x 440: below the table there is no room."""
    for title in ("Moths", "Bees"):
        new_run(title, photos)
    page = shown(qtbot, app)
    app.window.resize(675, 440)
    qtbot.waitUntil(lambda: app.window.height() == 440)
    page.table.setFocus()
    root = str(photos)
    paired = tuple(
        PairedPhoto(str(path), "red", "red", "green", 0.9, 0.8)
        for path in sorted((photos / "red").iterdir())
    )
    page.controller.compared = Compared(("a", "b"), ("A", "B"), root, "all", paired)
    page.controller.comparison_changed.emit()
    part = page.comparison
    place = page.parentWidget()
    qtbot.waitUntil(lambda: page.height() <= place.height())  # nothing to scroll
    assert not page.table.isVisible()
    qtbot.waitUntil(lambda: part.gallery.visibleRegion().boundingRect().height() >= 150)
    assert app.window.focusWidget() is part.gallery
    assert part.close_button.text() == "Show runs"
    # Keys do nothing to what is out of sight.
    app.window.show_page("models")
    app.window.show_page("runs")
    assert app.window.focusWidget() is part.gallery
    chosen = [run.path for run in page.table.chosen()]
    qtbot.keyClick(app.window.focusWidget(), Qt.Key.Key_Down)
    page.run_actions.find.trigger()
    assert [run.path for run in page.table.chosen()] == chosen
    assert app.window.focusWidget() is part.gallery
    app.window.resize(900, 740)
    qtbot.waitUntil(page.table.isVisible)
    assert part.close_button.text() == "Show curves"
    app.window.resize(675, 440)
    qtbot.waitUntil(lambda: not page.table.isVisible())
    qtbot.keyClick(part, Qt.Key.Key_Escape)
    assert page.table.isVisible()
    assert page.below.currentWidget() is page.curves


def test_undo_takes_back_what_was_done_last(qtbot: QtBot, app: WindowApp, photos: Path) -> None:
    """A run is thrown away while a comparison shows photos that were decided about before."""
    for title in ("Moths", "Bees", "Wasps"):
        new_run(title, photos)
    page = shown(qtbot, app)
    root, path = str(photos), str(photos / "red/000.jpg")
    corrector, judged = app.window.corrector, [Judged(path, "red", "green", 0.9)]
    corrector.open(root)
    qtbot.waitUntil(lambda: corrector.is_open(root))
    corrector.move(root, judged, "green")
    paired = (PairedPhoto(path, "red", "green", "green", 0.9, 0.8),)
    page.controller.compared = Compared(("a", "b"), ("A", "B"), root, "all", paired)
    page.controller.comparison_changed.emit()
    assert page.comparison.root == root
    [undo] = [offer.action for offer in page.offered if offer.text == "&Undo"]
    assert undo.text().startswith("&Undo: ")
    decided = undo.text()
    choose(page, "Wasps")
    qtbot.keyClick(page.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: undo.text() == "&Undo: move to the trash")
    undo.trigger()
    qtbot.waitUntil(lambda: len(column(page, "Name")) == 3)
    assert corrector.badge(root, path)
    assert undo.text() == decided
    # A decision, the trash, another decision: each is taken back in its turn.
    page.controller.throw_away([run for run in page.controller.runs if run.title == "Wasps"])
    qtbot.waitUntil(lambda: undo.text() == "&Undo: move to the trash")
    corrector.set_aside(root, judged)
    assert "aside" in undo.text()
    undo.trigger()
    assert undo.text() == "&Undo: move to the trash"
    undo.trigger()
    qtbot.waitUntil(lambda: len(column(page, "Name")) == 3)
    assert undo.text() == decided
    undo.trigger()
    assert not corrector.badge(root, path)
    assert (undo.text(), undo.isEnabled()) == ("&Undo", False)
    # What is done again counts as done then.
    page.controller.throw_away([run for run in page.controller.runs if run.title == "Wasps"])
    qtbot.waitUntil(lambda: undo.text() == "&Undo: move to the trash")
    corrector.redo(root)
    assert undo.text() == decided


def test_an_accuracy_in_training_is_no_accuracy(photos: Path) -> None:
    """Of a run without validation photos: it says nothing of new ones, and is sorted last."""
    path = new_run("alone", photos)
    document = json.loads((Path(path) / "run.json").read_text("utf-8"))
    document["result"]["part"] = "training"
    (Path(path) / "run.json").write_text(json.dumps(document), "utf-8")
    run = next(run for run in list_runs() if str(run.path) == path)
    assert accuracy_text(run) == "80.0% in training"
    assert accuracy_of(run) == -1
