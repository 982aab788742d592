"""Files of models that come and go: imported, dropped, removed, damaged."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.nets.build import build_network
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.core.system.settings import Settings
from resnet_gui.core.zoo import Zoo
from resnet_gui.core.zoo.ensembles import save_ensemble
from resnet_gui.ui.models.standing import Situation
from tests.helpers.download_server import Site
from tests.helpers.models import small_model
from tests.ui.classify.test_drop import drop, files
from tests.ui.conftest import ANSWER_MS
from tests.ui.models.conftest import (
    SIZE,
    classify_notices,
    entry_of,
    show,
    situation,
    target,
    texts,
    wait_for,
)


def test_an_official_file_is_imported_whatever_its_name_is(
    qtbot: QtBot, shown: WindowApp, site: Site, tmp_path: Path
) -> None:
    path = tmp_path / f"copy of {site.file_name}"
    path.write_bytes(site.content)
    shown.window.models_controller.select("resnet18")
    shown.window.models_controller.import_paths([path])
    wait_for(qtbot, shown, Situation.READY)
    assert target(site).read_bytes() == site.content
    page = shown.window.models_page
    qtbot.waitUntil(lambda: "“Net” was imported and can be used." in page.notices.texts)
    # A look at the disk from before the import's end may show the file first.
    qtbot.waitUntil(lambda: shown.window.models_controller.current_id == "net")
    assert site.requests == []
    shown.window.models_controller.import_paths([path])
    qtbot.waitUntil(lambda: "“Net” was here already." in page.notices.texts)


def test_a_file_dropped_on_the_page_is_imported(
    qtbot: QtBot, shown: WindowApp, own_model: Path, photos: dict[str, Path], tmp_path: Path
) -> None:
    page = shown.window.models_page
    page.search.setText("wide")
    assert drop(shown, files(own_model))
    qtbot.waitUntil(
        lambda: "“Defects” was imported and can be used." in page.notices.texts, timeout=ANSWER_MS
    )
    wait_for(qtbot, shown, Situation.READY, "defects")
    assert page.search.text() == ""
    assert page.card.title.text() == "Defects"
    assert page.view.currentIndex().data() == "Defects"
    assert drop(shown, files(photos["coffee"]))
    assert any("coffee.jpg is a photo. Drop photos on the Classify page" in t for t in texts(page))
    weights = tmp_path / "notes.pth"
    weights.write_text("no weights")
    assert drop(shown, files(weights))
    qtbot.waitUntil(
        lambda: any("does not hold a network's weights" in t for t in texts(page)),
        timeout=ANSWER_MS,
    )
    assert shown.window.controller.photos.rowCount() == 0


def test_weights_dropped_on_the_classify_page_are_imported_and_used(
    qtbot: QtBot, app: WindowApp, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    path = tmp_path / "from elsewhere.pth"
    torch.save(build_network("resnet18", 3).state_dict(), path)
    drop(app, files(path))
    qtbot.waitUntil(
        lambda: app.window.status_line.model.text() == "from elsewhere", timeout=ANSWER_MS
    )
    [said] = [text for text in classify_notices(app) if text.startswith("“from elsewhere” was")]
    assert said.startswith("“from elsewhere” was added to your models. Its file does not say")
    assert (user_models_dir() / "from-elsewhere.safetensors").is_file()


def test_downloaded_weights_are_removed_after_a_second_click(
    qtbot: QtBot, site: Site, open_app: Callable[..., WindowApp]
) -> None:
    target(site).parent.mkdir(parents=True)
    target(site).write_bytes(site.content)
    app = show(qtbot, open_app(Settings(model="efficientnet-lite0")))
    card = app.window.models_page.card
    card.remove.click()
    assert card.question.isVisible()
    assert not card.button_area.isVisible()
    assert app.window.focusWidget() is card.no  # whether or not the window is in front
    assert "can be downloaded again" in card.question_text.text()
    card.no.click()
    assert not card.question.isVisible()
    assert app.window.focusWidget() is card.remove, "not “Open folder”, which comes next"
    card.remove.click()
    card.yes.click()
    wait_for(qtbot, app, Situation.REMOTE)
    assert not target(site).exists()
    assert "“Net” was removed: 3.0 MB are free again." in texts(app.window.models_page)


def test_an_own_model_goes_to_the_trash_and_the_classify_page_takes_another(
    qtbot: QtBot,
    open_app: Callable[..., WindowApp],
    own_model: Path,
    own_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_trash(path: Path) -> None:
        raise OSError("no trash here")

    monkeypatch.setattr("send2trash.send2trash", no_trash)  # not the trash of who runs the tests
    user_models_dir().mkdir(parents=True)
    own_model.rename(user_models_dir() / own_model.name)
    app = show(qtbot, open_app(), "defects")
    card = app.window.models_page.card
    card.primary.click()
    assert app.window.status_line.model.text() == "Defects"
    show(qtbot, app, "defects")
    card.remove.click()
    assert "to this computer’s trash" in card.question_text.text()
    card.yes.click()
    qtbot.waitUntil(
        lambda: "“Defects” was moved to this computer’s trash." in texts(app.window.models_page),
        timeout=ANSWER_MS,
    )
    qtbot.waitUntil(lambda: app.window.status_line.model.text() == "EfficientNet-Lite0")
    assert (own_home / "data" / "trash" / "defects.safetensors").is_file()
    assert list(user_models_dir().iterdir()) == []


def test_what_came_with_the_program_cannot_be_removed(qtbot: QtBot, shown: WindowApp) -> None:
    shown.window.models_controller.select("efficientnet-lite0")
    card = shown.window.models_page.card
    assert not card.remove.isVisible()
    assert card.reveal.isVisible()
    assert card.primary.text() == "Show the Classify page"


def test_a_damaged_file_shows_its_reason(
    qtbot: QtBot, site: Site, open_app: Callable[..., WindowApp]
) -> None:
    user_models_dir().mkdir(parents=True)
    (user_models_dir() / "holiday.safetensors").write_bytes(b"x" * 1000)
    target(site).parent.mkdir(parents=True)
    target(site).write_bytes(site.content[: SIZE // 2])
    app = show(qtbot, open_app(Settings(model="efficientnet-lite0")), "holiday")
    card = app.window.models_page.card
    assert situation(app, "holiday") is Situation.DAMAGED
    assert "is not a model file, or it is cut off" in card.message.text()
    assert not card.primary.isVisible()
    assert not card.again.isVisible()
    assert card.remove.isVisible()
    app.window.models_controller.select("net")
    assert "is cut off: it has 1.5 MB of 3.0 MB" in card.message.text()
    card.again.click()
    wait_for(qtbot, app, Situation.READY)
    assert target(site).read_bytes() == site.content


def test_an_ensemble_without_one_of_its_models_gives_way_and_says_why(
    qtbot: QtBot, open_app: Callable[..., WindowApp], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Renamed, the model is still found; in the trash, it is not, until its file is back."""
    folder = user_models_dir()
    for name in ("ants", "bees"):
        small_model(folder / f"{name}.safetensors", title=name.title())
    zoo = Zoo.standard()
    save_ensemble([zoo.ready("ants"), zoo.ready("bees")], "The pair")
    trash = folder.parent / "trash"
    trash.mkdir()
    monkeypatch.setattr(
        "send2trash.send2trash", lambda path: shutil.move(path, trash / Path(path).name)
    )
    app = show(qtbot, open_app(), "the-pair")
    controller, card = app.window.models_controller, app.window.models_page.card
    controller.use()
    qtbot.waitUntil(lambda: app.window.status_line.model.text() == "The pair", timeout=ANSWER_MS)
    show(qtbot, app, "bees")
    controller.rename("Wild bees")
    qtbot.waitUntil(lambda: entry_of(app, "bees").spec.title == "Wild bees", timeout=ANSWER_MS)
    assert not entry_of(app, "the-pair").problem
    card.remove.click()
    assert card.question_text.text().endswith(
        "The ensemble “The pair” answers together with it, and cannot answer without it."
    )
    card.yes.click()
    qtbot.waitUntil(lambda: bool(entry_of(app, "the-pair").problem), timeout=ANSWER_MS)
    [said] = [text for text in classify_notices(app) if "cannot answer any more" in text]
    assert said.startswith("“The pair” cannot answer any more. It needs the model “bees”, which")
    assert "Bring its file back from the trash, or remove this ensemble too." in said
    assert said.endswith(f"“{app.window.status_line.model.text()}” answers now.")
    controller.select("the-pair")
    assert card.remove.isEnabled()
    (trash / "bees.safetensors").rename(folder / "bees.safetensors")
    controller.refresh()
    qtbot.waitUntil(lambda: not entry_of(app, "the-pair").problem, timeout=ANSWER_MS)
