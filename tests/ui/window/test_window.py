"""The window's other promises: models, devices, memory of itself, many photos, closing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.events import ImageSource
from resnet_gui.core.nets.build import build_network
from resnet_gui.core.photos.decode import decode
from resnet_gui.core.system.paths import torch_hub_checkpoints_dir, user_models_dir
from resnet_gui.core.system.settings import Settings, load_settings
from resnet_gui.core.zoo import ModelSpec, ModelState, Preprocessing
from resnet_gui.core.zoo.providers.torchvision import torchvision_specs
from resnet_gui.core.zoo.weights.load import save_model
from resnet_gui.ui.widgets.classes_dialog import ClassesDialog
from resnet_gui.ui.widgets.photo_list import PhotoState, percent
from tests.ui.conftest import ANSWER_MS, close_app


@pytest.fixture
def own_model(tmp_path: Path) -> Path:
    """A model file of the user's own: ResNet-18 with two classes, always sure of the second."""
    torch.manual_seed(0)
    network = build_network("resnet18", 2)
    torch.nn.init.zeros_(network.fc.weight)  # type: ignore[union-attr,arg-type]
    network.fc.bias.data = torch.tensor([0.0, 4.0])  # type: ignore[union-attr]
    spec = ModelSpec(
        id="defects",
        title="Defects",
        family="Your models",
        architecture="resnet18",
        provider="yours",
        dataset="my photos",
        classes=("OK", "defect"),
        preprocessing=Preprocessing(64, 64),
        parameters=0,
    )
    path = tmp_path / "defects.safetensors"
    save_model(path, spec, network.state_dict())
    return path


def answer(app: WindowApp) -> str:
    return app.window.page.results.answer.text()


def test_a_dropped_model_file_is_added_and_used(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path], own_model: Path
) -> None:
    controller = app.window.controller
    controller.open_paths([photos["coffee"]])
    qtbot.waitUntil(lambda: answer(app) == "espresso", timeout=ANSWER_MS)
    controller.open_paths([own_model])
    qtbot.waitUntil(lambda: answer(app) == "defect", timeout=ANSWER_MS)
    assert (user_models_dir() / "defects.safetensors").is_file()
    assert controller.entry is not None
    assert controller.entry.state is ModelState.YOURS
    rows = app.window.page.results.rows
    # isVisibleTo: two classes, so three of the five rows are not there.
    assert [row.isVisibleTo(app.window) for row in rows] == [True, True, False, False, False]


def test_who_comes_back_sees_what_another_program_did_to_the_models(
    qtbot: QtBot, qapp: QApplication, app: WindowApp, own_model: Path
) -> None:
    """Another window of the program, or a file manager."""
    store, page = app.window.store, app.window.page
    active, away = Qt.ApplicationState.ApplicationActive, Qt.ApplicationState.ApplicationInactive

    def come_back() -> None:
        qapp.applicationStateChanged.emit(away)
        qapp.applicationStateChanged.emit(active)

    user_models_dir().mkdir(parents=True)
    here = own_model.rename(user_models_dir() / own_model.name)
    come_back()
    qtbot.waitUntil(lambda: store.entry("defects") is not None)
    app.window.controller.set_model("defects")
    assert app.window.status_line.model.text() == "Defects"
    here.unlink()
    come_back()
    qtbot.waitUntil(lambda: store.entry("defects") is None)
    assert app.window.status_line.model.text() == "EfficientNet-Lite0"
    assert any("“Defects” is not on this computer any more." in t for t in page.notices.texts)


def test_a_damaged_model_file_is_refused_and_nothing_changes(
    qtbot: QtBot, app: WindowApp, own_model: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(own_model.read_bytes()[:-1000])
    app.window.controller.open_paths([cut])
    qtbot.waitUntil(
        lambda: any("cut.safetensors is cut off" in t for t in app.window.page.notices.texts),
        timeout=ANSWER_MS,
    )
    assert not list(user_models_dir().glob("*"))
    assert app.window.status_line.model.text() == "EfficientNet-Lite0"


def test_switching_models_reclassifies_and_the_latest_wins(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path], own_model: Path
) -> None:
    user_models_dir().mkdir(parents=True)
    own_model.rename(user_models_dir() / own_model.name)
    controller = app.window.controller
    controller.open_paths([photos["coffee"], photos["rocket"]])
    for model in ("defects", "efficientnet-lite0", "defects", "efficientnet-lite0", "defects"):
        controller.set_model(model)
    qtbot.waitUntil(
        lambda: all(
            photo.prediction is not None
            and photo.prediction.model == "defects"
            and photo.state is PhotoState.DONE
            for photo in controller.photos.photos()
        ),
        timeout=ANSWER_MS,
    )
    qtbot.waitUntil(lambda: not app.inference.busy, timeout=ANSWER_MS)
    qtbot.wait(100)  # what came late from the older jobs must not overwrite anything
    assert {p.prediction.model for p in controller.photos.photos() if p.prediction} == {"defects"}


def test_the_model_selector_searches_and_chooses_by_keyboard(
    qtbot: QtBot, app: WindowApp, own_model: Path
) -> None:
    user_models_dir().mkdir(parents=True)
    own_model.rename(user_models_dir() / own_model.name)
    page = app.window.page
    page.show_models()
    popup = page.popup
    assert popup.isVisible()

    def groups() -> list[str]:
        return [
            popup.models.index(row).data()
            for row in range(popup.models.rowCount())
            if popup.models.entry(row) is None
        ]

    # The file came from elsewhere: opening the list looks again.
    qtbot.waitUntil(lambda: groups() == ["Your models", "Bundled", "Installed", "To download"])
    qtbot.keyClicks(popup.search, "my photos")
    assert popup.models.rowCount() == 2
    qtbot.keyClick(popup.search, Qt.Key.Key_Return)
    assert not popup.isVisible()
    assert app.window.controller.entry is not None
    assert app.window.controller.entry.spec.id == "defects"


def test_a_model_that_needs_a_download_asks_with_its_size_first(
    qtbot: QtBot, app: WindowApp
) -> None:
    popup = app.window.page.popup
    app.window.page.show_models()
    qtbot.keyClicks(popup.search, "resnet18")
    assert popup.use.text() == "Download 47 MB and use"
    popup.view.clicked.emit(popup.view.currentIndex())  # one click only shows its card
    assert popup.isVisible()
    popup.hide()


def test_a_cached_resnet_is_preferred_and_nothing_is_offered(
    qtbot: QtBot, open_app: Callable[..., WindowApp]
) -> None:
    spec = next(spec for spec in torchvision_specs() if spec.id == "resnet18")
    folder = torch_hub_checkpoints_dir()
    folder.mkdir(parents=True)
    torch.save(build_network("resnet18", 1000).state_dict(), folder / spec.url.rsplit("/", 1)[-1])
    app = open_app()
    assert app.window.status_line.model.text() == "ResNet-18"
    assert app.window.page.notices.texts == []
    qtbot.waitUntil(lambda: app.window.status_line.text.text() == "Ready.", timeout=ANSWER_MS)


def test_resnet50_is_offered_once(qtbot: QtBot, app: WindowApp) -> None:
    [offer] = app.window.page.notices.texts
    assert "ResNet-50" in offer
    assert "103 MB" in offer
    notice = app.window.page.offer.notice
    assert notice is not None
    notice.close_button.click()
    with qtbot.waitSignal(app.window.store.changed):
        app.window.store.refresh()
    assert app.window.page.notices.texts == []


def test_the_offer_of_a_model_gives_way_to_the_photos(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path]
) -> None:
    """It stands with the first answer, below what is said of the photos, and goes with the next."""
    page, controller = app.window.page, app.window.controller
    controller.open_paths([photos["coffee"], photos["chelsea"]])
    qtbot.waitUntil(lambda: page.view.has_photo, timeout=ANSWER_MS)
    controller.noticed.emit("One photo could not be read.", "warning")
    assert [notice.offers for notice in page.notices.shown] == [False, True]
    controller.open_paths([photos["chelsea"]])
    assert page.notices.texts == ["One photo could not be read."]
    with qtbot.waitSignal(app.window.store.changed):
        app.window.store.refresh()
    assert page.notices.texts == ["One photo could not be read."]


def test_without_any_model_the_window_says_what_is_missing(
    qtbot: QtBot,
    open_app: Callable[..., WindowApp],
    photos: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("resnet_gui.core.zoo.providers.lite0.lite0_weights_path", lambda: None)
    monkeypatch.setattr(
        "resnet_gui.core.zoo.providers.registry.bundled_models_dir", lambda: tmp_path
    )
    app = open_app()
    assert app.window.controller.entry is None
    assert app.window.page.model_button.accessibleName().startswith("Model: No model")
    assert "No model is on this computer yet" in app.window.page.notices.texts[0]
    app.window.controller.open_paths([photos["coffee"]])
    qtbot.waitUntil(lambda: app.window.page.view.has_photo)
    assert "No model" in app.window.page.results.verdict.text()
    app.window.controller.open_paths([photos["coffee"]])
    [offer] = app.window.page.notices.shown
    assert not offer.passing, "without a model there is nothing else to do"


def test_what_the_network_sees_is_the_crop(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path]
) -> None:
    page = app.window.page
    app.window.controller.open_paths([photos["coffee"]])
    qtbot.waitUntil(lambda: page.view.has_photo, timeout=ANSWER_MS)
    before = page.view.grab().toImage()
    page.crop_button.click()
    assert app.window.page.crop_action.isChecked()
    photo, crop = page.view.photo_rect(), page.view.crop_rect()
    # 600 x 400 -> shorter side 256, crop 224: 87.5 % of the height, as much in pixels of width.
    assert crop.height() == pytest.approx(photo.height() * 0.875, abs=0.5)
    assert crop.width() == pytest.approx(crop.height(), abs=1)
    assert crop.center().x() == pytest.approx(photo.center().x(), abs=1)
    after = page.view.grab().toImage()
    corner = (photo.topLeft() + page.view.rect().topLeft()).toPoint()
    assert (
        after.pixelColor(corner.x() + 4, corner.y() + 4).lightness()
        < before.pixelColor(corner.x() + 4, corner.y() + 4).lightness()
    )


def test_classes_dialog_searches(qtbot: QtBot, app: WindowApp) -> None:
    app.window.page.classes_button.click()
    [dialog] = [w for w in QApplication.topLevelWidgets() if isinstance(w, ClassesDialog)]
    assert dialog.count.text() == "1,000 classes"
    dialog.search.setText("espresso")
    assert dialog.count.text() == "2 of 1,000 classes"
    dialog.search.setText("unicorn")
    assert dialog.count.text() == "“unicorn” is not among its classes."
    assert not dialog.isModal()
    with qtbot.waitSignal(dialog.destroyed):
        QDialog.reject(dialog)


def test_copy_puts_labels_and_percentages_on_the_clipboard(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path]
) -> None:
    app.window.controller.open_paths([photos["coffee"]])
    qtbot.waitUntil(lambda: answer(app) == "espresso", timeout=ANSWER_MS)
    app.window.page.results.copy.click()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0] == "coffee.jpg\tEfficientNet-Lite0"
    assert lines[1].startswith("espresso\t9")
    assert len(lines) == 6


def test_the_window_remembers_itself(
    qtbot: QtBot, open_app: Callable[..., WindowApp], photos: dict[str, Path]
) -> None:
    app = open_app()
    app.window.resize(790, 640)  # the offscreen screen is 800 wide
    app.window.page.crop_button.setChecked(True)
    app.window.controller.open_paths([photos["coffee"]])
    next(a for a in app.window.theme_menu.actions() if a.data() == "dark").trigger()
    qtbot.waitUntil(lambda: answer(app) == "espresso", timeout=ANSWER_MS)
    close_app(qtbot, app)
    settings = load_settings()
    assert settings.theme == "dark"
    assert settings.show_crop
    assert settings.recent == (str(photos["coffee"]),)
    assert settings.model == "efficientnet-lite0"
    again = open_app(settings, start=False)
    assert (again.window.width(), again.window.height()) == (790, 640)
    assert again.window.page.crop_action.isChecked()
    assert again.theme.colours.dark


def test_settings_that_make_no_sense_do_not_stop_the_start(
    qtbot: QtBot, open_app: Callable[..., WindowApp]
) -> None:
    app = open_app(
        Settings(model="gone", device="cuda:7", window="bm90IGdlb21ldHJ5", splitter=(1, 2, 3))
    )
    qtbot.waitUntil(
        lambda: any("cuda:7" in text for text in app.window.page.notices.texts), timeout=ANSWER_MS
    )
    assert app.window.status_line.model.text() == "EfficientNet-Lite0"


def make_album(folder: Path, photo: Path, count: int) -> Path:
    """Many photos that differ (a shifting crop of one photo), as a camera's folder has."""
    image = decode(ImageSource.file(photo))
    folder.mkdir()
    for number in range(count):
        shift = number % 60
        part = image.crop((shift, shift // 2, shift + 320, shift // 2 + 240))
        Image.Image.save(part, folder / f"img_{number:04d}.jpg", quality=80)
    return folder


def test_a_photo_dropped_during_a_folder_is_answered_at_once_and_stop_works(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path], tmp_path: Path
) -> None:
    album = make_album(tmp_path / "album", photos["chelsea"], 300)
    controller = app.window.controller
    controller.open_paths([album])
    qtbot.waitUntil(
        lambda: sum(p.state is PhotoState.DONE for p in controller.photos.photos()) >= 3,
        timeout=ANSWER_MS,
    )
    assert app.window.page.strip.stop.isVisible()
    controller.open_paths([photos["coffee"]])
    qtbot.waitUntil(lambda: answer(app) == "espresso", timeout=ANSWER_MS)
    done = sum(photo.state is PhotoState.DONE for photo in controller.photos.photos())
    assert done < 150  # it did not wait for the folder
    app.window.page.strip.stop.click()
    qtbot.waitUntil(lambda: not app.inference.busy, timeout=ANSWER_MS)
    states = [photo.state for photo in controller.photos.photos()]
    assert PhotoState.WAITING not in states
    assert states.count(PhotoState.IDLE) > 100
    qtbot.waitUntil(app.window.page.strip.go_on.isVisible)
    assert "not classified" in app.window.page.strip.summary.text()
    before = states.count(PhotoState.DONE)
    app.window.page.strip.go_on.click()
    qtbot.waitUntil(
        lambda: (
            sum(photo.state is PhotoState.DONE for photo in controller.photos.photos()) > before + 3
        ),
        timeout=ANSWER_MS,
    )


def test_removing_and_clearing_leave_the_files_alone(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path]
) -> None:
    controller = app.window.controller
    controller.open_paths([photos["coffee"], photos["rocket"]])
    qtbot.waitUntil(lambda: answer(app) == "espresso", timeout=ANSWER_MS)
    controller.remove_current()
    qtbot.waitUntil(lambda: answer(app) == "missile", timeout=ANSWER_MS)
    controller.clear()
    assert app.window.page.stack.currentWidget() is app.window.page.empty
    assert controller.current is None
    assert photos["coffee"].exists()
    assert photos["rocket"].exists()


def test_closing_while_it_works_ends_in_order(
    qtbot: QtBot, open_app: Callable[..., WindowApp], photos: dict[str, Path], tmp_path: Path
) -> None:
    app = open_app()
    app.window.controller.open_paths([make_album(tmp_path / "album", photos["chelsea"], 40)])
    qtbot.wait(50)
    app.window.close()
    assert app.window.status_line.text.text() == "Stopping…"
    qtbot.waitUntil(lambda: not app.window.isVisible(), timeout=20_000)
    assert app.clean


@pytest.mark.parametrize(
    ("probability", "text"), [(0.331, "33.1%"), (0.9999, "99.9%"), (1.0, "100.0%"), (0, "0.0%")]
)
def test_percentages_do_not_claim_certainty(probability: float, text: str) -> None:
    assert percent(probability) == text
