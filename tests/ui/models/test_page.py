"""The Models page and the settings: the real window against a server that misbehaves. Weights are
named after their own hash, so the check is never switched off."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.http.settings import HttpSettings, load_http_settings
from resnet_gui.core.http.settings import save_http_settings as save_network
from resnet_gui.core.inference.converted import (
    State,
    Verdict,
    conversion_of,
    file_stamp,
    remember_hash,
    write_verdict,
)
from resnet_gui.core.nets.build import build_network
from resnet_gui.core.system.openvino_import import openvino_version
from resnet_gui.core.system.paths import (
    bundled_models_dir,
    torch_hub_checkpoints_dir,
    user_models_dir,
)
from resnet_gui.core.system.settings import Settings
from resnet_gui.core.zoo import ModelEntry, ModelSpec, Preprocessing
from resnet_gui.core.zoo.providers.torchvision import torchvision_specs
from resnet_gui.core.zoo.storage.store import partial_bytes
from resnet_gui.core.zoo.weights.load import save_model
from resnet_gui.ui.models.controller import Situation
from resnet_gui.ui.widgets.photo_list import PhotoState
from tests.helpers.download_server import FAST, ONCE, Answer, Site, serve, wait_for_threads
from tests.helpers.models import PUBLISHED, published_weights
from tests.ui.classify.test_drop import drop, files
from tests.ui.conftest import ANSWER_MS

SIZE = 3_000_000
SLOW = Answer(bytes_per_second=1_500_000)
_MODULES = ("storage.imports", "storage.store", "apply_settings")


def publish(monkeypatch: pytest.MonkeyPatch, spec: ModelSpec) -> None:
    """Let the zoo know one more model."""
    known = (*torchvision_specs(), spec)
    monkeypatch.setattr(
        "resnet_gui.core.zoo.providers.torchvision.torchvision_specs", lambda: known
    )
    for module in _MODULES:
        monkeypatch.setattr(f"resnet_gui.core.zoo.{module}.published_specs", lambda: known)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A server that has the weights of the model “net”."""
    monkeypatch.delenv("RESNET_GUI_WEIGHTS_URL", raising=False)
    monkeypatch.setattr("resnet_gui.core.zoo.storage.downloads.Patience", lambda: FAST)
    with serve(published_weights(SIZE)) as running:
        publish(monkeypatch, running.spec(**PUBLISHED))
        yield running
    assert wait_for_threads() == []


@pytest.fixture
def shown(site: Site, qtbot: QtBot, open_app: Callable[..., WindowApp]) -> WindowApp:
    """The window with the Models page in front and “net” chosen."""
    return show(qtbot, open_app())


def show(qtbot: QtBot, app: WindowApp, model_id: str = "net") -> WindowApp:
    app.window.show_page("models")
    controller = app.window.models_controller
    qtbot.waitUntil(lambda: controller.inventory is not None, timeout=ANSWER_MS)
    controller.select(model_id)
    return app


def entry_of(app: WindowApp, model_id: str = "net") -> ModelEntry:
    inventory = app.window.models_controller.inventory
    assert inventory is not None
    entry = inventory.entry(model_id)
    assert entry is not None
    return entry


def situation(app: WindowApp, model_id: str = "net") -> Situation:
    return app.window.models_controller.standing(entry_of(app, model_id)).situation


def wait_for(qtbot: QtBot, app: WindowApp, wanted: Situation, model_id: str = "net") -> None:
    qtbot.waitUntil(lambda: situation(app, model_id) is wanted, timeout=20_000)


def wait_for_part(qtbot: QtBot, app: WindowApp, site: Site) -> None:
    """Until the page knows the part's size: its last look can be from before the download's end."""
    folder = torch_hub_checkpoints_dir()
    qtbot.waitUntil(
        lambda: (
            app.window.models_controller.part_bytes("net") == partial_bytes(site.spec(), folder)
        ),
        timeout=20_000,
    )


def target(site: Site) -> Path:
    return torch_hub_checkpoints_dir() / site.file_name


def classify_notices(app: WindowApp) -> list[str]:
    return app.window.page.notices.texts


# --- downloads --------------------------------------------------------------------------------


def test_a_download_is_shown_on_both_pages_and_ends_ready(
    qtbot: QtBot, shown: WindowApp, site: Site
) -> None:
    site.default = SLOW
    page, card = shown.window.models_page, shown.window.models_page.card
    assert card.primary.text() == "Download 3.0 MB"
    card.primary.click()
    shown.window.models_controller.download()  # asking twice is one download
    qtbot.waitUntil(lambda: card.state.text().startswith("1."), timeout=20_000)
    assert "of 3.0 MB" in card.state.text()
    assert "/s, about" in card.state.text()
    assert card.bar.isVisible()
    assert 0 < card.bar.value() < 1000
    assert any("Downloading Net: " in text for text in classify_notices(shown))
    assert shown.window.rail.buttons["models"].marked
    wait_for(qtbot, shown, Situation.READY)
    assert target(site).read_bytes() == site.content
    assert len(site.requests) == 1
    assert card.primary.text() == "Use this model"
    assert not any("Downloading" in text for text in classify_notices(shown))
    # Downloading here is no wish to use it at once: the answers on the other page stay.
    assert shown.window.status_line.model.text() == "EfficientNet-Lite0"
    assert "3.0 MB downloaded" in page.use_label.toolTip()
    shipped = sum(path.stat().st_size for path in bundled_models_dir().glob("*.safetensors"))
    found = re.match(r"On this disk: (\d+) MB, ", page.use_label.text())
    assert found is not None
    assert int(found[1]) == pytest.approx(22 + shipped / 1e6, abs=1)


def test_a_download_from_the_classify_page_is_the_same_download(
    qtbot: QtBot, shown: WindowApp, site: Site
) -> None:
    site.default = SLOW
    shown.window.controller.set_model("net")
    qtbot.waitUntil(lambda: situation(shown) is Situation.DOWNLOADING)
    card = shown.window.models_page.card
    assert card.primary.text() == "Cancel download"
    shown.window.models_controller.download()
    qtbot.waitUntil(lambda: card.state.text().startswith("1."), timeout=20_000)
    card.primary.click()
    wait_for(qtbot, shown, Situation.PART)
    assert not any("Downloading" in text for text in classify_notices(shown))
    assert shown.window.status_line.model.text() == "EfficientNet-Lite0"
    assert len(site.requests) == 1


def test_cancel_keeps_the_part_and_the_next_time_goes_on(
    qtbot: QtBot, shown: WindowApp, site: Site
) -> None:
    site.answers = [SLOW]
    card = shown.window.models_page.card
    card.primary.click()
    qtbot.waitUntil(lambda: card.state.text().startswith("1."), timeout=20_000)
    card.primary.click()
    assert card.state.text() == "Stopping…"
    wait_for(qtbot, shown, Situation.PART)
    wait_for_part(qtbot, shown, site)
    part = shown.window.models_controller.part_bytes("net")
    assert 1_000_000 < part < SIZE
    assert "are here already" in card.state.text()
    assert card.primary.text().startswith("Go on: ")
    assert card.remove.text() == "Remove what has arrived…"
    card.primary.click()
    wait_for(qtbot, shown, Situation.READY)
    assert site.ranges() == [None, f"bytes={part}-"]
    assert target(site).read_bytes() == site.content


def test_a_cut_download_goes_on_by_itself(qtbot: QtBot, shown: WindowApp, site: Site) -> None:
    site.answers = [Answer(cut_at=0.5)]
    shown.window.models_page.card.primary.click()
    wait_for(qtbot, shown, Situation.READY)
    assert site.ranges() == [None, f"bytes={SIZE // 2}-"]


def test_when_it_is_cut_for_good_the_reason_stands_there_and_try_again_resumes(
    qtbot: QtBot, shown: WindowApp, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resnet_gui.core.zoo.storage.downloads.Patience", lambda: ONCE)
    site.answers = [Answer(cut_at=0.5)]
    card = shown.window.models_page.card
    card.primary.click()
    wait_for(qtbot, shown, Situation.FAILED)
    assert "What has arrived is kept" in card.message.text()
    assert card.message_box.isVisible()
    assert card.settings.isVisible()
    assert not target(site).exists()
    assert card.primary.text() == "Try again"
    card.primary.click()
    wait_for(qtbot, shown, Situation.READY)
    assert site.ranges() == [None, f"bytes={SIZE // 2}-"]
    assert not card.message_box.isVisible()


def test_not_found_says_so_and_the_next_in_line_is_downloaded(
    qtbot: QtBot, shown: WindowApp, site: Site
) -> None:
    site.answers = [Answer(status=404)]
    controller, card = shown.window.models_controller, shown.window.models_page.card
    other = next(e for e in controller.inventory.entries if e.spec.id == "resnet18")  # type: ignore[union-attr]
    online = dataclasses.replace(
        other.spec, url=f"{site.address}/{other.spec.url.rsplit('/', 1)[-1]}"
    )
    shown.window.downloads.start(dataclasses.replace(other, spec=online))
    card.primary.click()
    assert situation(shown) is Situation.WAITING
    assert card.primary.text() == "Cancel download"
    wait_for(qtbot, shown, Situation.READY)
    assert situation(shown, "resnet18") is Situation.FAILED
    controller.select("resnet18")
    assert "is not on 127.0.0.1 (answer 404)" in card.message.text()
    assert "mirror" in card.message.text()


def test_one_in_line_can_leave_it(qtbot: QtBot, shown: WindowApp, site: Site) -> None:
    site.default = SLOW
    card, controller = shown.window.models_page.card, shown.window.models_controller
    card.primary.click()
    controller.select("resnet34")
    card.primary.click()
    assert situation(shown, "resnet34") is Situation.WAITING
    card.primary.click()
    assert situation(shown, "resnet34") is Situation.REMOTE
    wait_for(qtbot, shown, Situation.READY)
    assert len(site.requests) == 1


def test_wrong_bytes_are_never_used(qtbot: QtBot, shown: WindowApp, site: Site) -> None:
    wrong = bytearray(site.content)
    wrong[SIZE // 3] ^= 1
    site.answers = [Answer(body=bytes(wrong))]
    card = shown.window.models_page.card
    card.primary.click()
    wait_for(qtbot, shown, Situation.FAILED)
    assert "did not arrive as it was published" in card.message.text()
    assert not target(site).exists()
    card.primary.click()
    wait_for(qtbot, shown, Situation.READY)
    assert target(site).read_bytes() == site.content


def test_offline_mode_asks_nobody_and_says_so(
    qtbot: QtBot, site: Site, open_app: Callable[..., WindowApp]
) -> None:
    save_network(HttpSettings(offline=True))
    app = show(qtbot, open_app())
    card = app.window.models_page.card
    assert card.primary.isHidden()
    assert "Offline mode is on" in card.message.text()
    assert any("Offline mode is on" in text for text in app.window.models_page.notices.texts)
    assert not any("a download of" in text for text in classify_notices(app))
    popup = app.window.page.popup
    app.window.page.show_models()
    popup.view.setCurrentIndex(popup.models.index(popup.models.row_of("net")))
    assert popup.use.isHidden()
    assert "Offline mode is on" in popup.card.text()
    qtbot.keyClick(popup.search, Qt.Key.Key_Return)
    assert popup.isVisible()
    popup.hide()
    app.window.controller.set_model("net")
    qtbot.waitUntil(
        lambda: any("was not fetched: offline mode is on" in t for t in classify_notices(app))
    )
    assert site.requests == []
    # Switched off in the settings, the page follows at once.
    dialog = app.window.settings_dialog
    dialog.open_fresh()
    qtbot.waitUntil(lambda: not dialog.controller.loading)
    assert not dialog.isModal()
    dialog.offline.click()
    dialog.save.click()
    qtbot.waitUntil(lambda: not dialog.isVisible())
    qtbot.waitUntil(card.primary.isVisible)
    assert not any("Offline" in text for text in app.window.models_page.notices.texts)
    card.primary.click()
    wait_for(qtbot, app, Situation.READY)


def test_closing_during_a_download_keeps_the_part(
    qtbot: QtBot, shown: WindowApp, site: Site
) -> None:
    site.default = SLOW
    card = shown.window.models_page.card
    card.primary.click()
    qtbot.waitUntil(lambda: card.state.text().startswith("1."), timeout=20_000)
    shown.window.close()
    qtbot.waitUntil(lambda: shown.clean, timeout=20_000)
    assert target(site).with_name(f"{site.file_name}.part").stat().st_size > 1_000_000


def test_a_downloaded_model_can_be_used(
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    open_app: Callable[..., WindowApp],
    photos: dict[str, Path],
) -> None:
    torch.manual_seed(0)
    buffer = io.BytesIO()
    torch.save(build_network("resnet18", 1000).state_dict(), buffer)
    base = next(spec for spec in torchvision_specs() if spec.id == "resnet18")
    with serve(buffer.getvalue()) as site:
        publish(monkeypatch, site.spec(classes=base.classes, preprocessing=base.preprocessing))
        app = show(qtbot, open_app())
        app.window.models_page.card.primary.click()
        wait_for(qtbot, app, Situation.READY)
        app.window.models_page.card.primary.click()
        assert app.window.pages.current is app.window.page
        assert app.window.status_line.model.text() == "Net"
        assert situation(app) is Situation.IN_USE
        app.window.controller.open_paths([photos["coffee"]])
        qtbot.waitUntil(
            lambda: any(p.state is PhotoState.DONE for p in app.window.controller.photos.photos()),
            timeout=ANSWER_MS,
        )
        prediction = app.window.controller.photos.photos()[0].prediction
        assert prediction is not None
        assert prediction.model == "net"


# --- files that come and go -------------------------------------------------------------------


@pytest.fixture
def own_model(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    spec = ModelSpec(
        "defects",
        "Defects",
        "ResNet",
        "resnet18",
        "yours",
        "my photos",
        ("OK", "defect"),
        Preprocessing(64, 64),
        11_000_000,
    )
    path = tmp_path / "defects.safetensors"
    save_model(path, spec, build_network("resnet18", 2).state_dict())
    return path


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


def texts(page: object) -> list[str]:
    return page.notices.texts  # type: ignore[attr-defined,no-any-return]


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
    assert "“from elsewhere” was added to your models." in classify_notices(app)
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
    assert "to the trash" in card.question_text.text()
    card.yes.click()
    qtbot.waitUntil(
        lambda: "“Defects” was moved to the trash." in texts(app.window.models_page),
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


# --- the list ---------------------------------------------------------------------------------


def test_a_search_without_a_match_says_so_and_leads_back(qtbot: QtBot, shown: WindowApp) -> None:
    page = shown.window.models_page
    everything = page.controller.models.rowCount()
    page.search.setText("wide 101")
    assert page.card.title.text().startswith("Wide ResNet-101")
    page.search.setText("unicorn")
    assert page.empty.isVisible()
    assert page.empty_text.text() == "No model matches “unicorn”."
    assert not page.view.isVisible()
    assert not page.card.isVisible()
    page.clear_search.click()
    assert page.view.isVisible()
    assert page.card.isVisible()
    assert page.controller.models.rowCount() == everything


def test_a_click_on_a_row_shows_its_card(qtbot: QtBot, shown: WindowApp) -> None:
    page = shown.window.models_page
    row = page.controller.models.row_of("resnet18")
    page.view.scrollTo(page.controller.models.index(row))
    middle: QPoint = page.view.visualRect(page.controller.models.index(row)).center()
    qtbot.mouseClick(page.view.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    assert page.card.title.text() == "ResNet-18"
    assert "non-commercial research" in page.card.facts.text()  # the licence
    assert page.card.primary.text() == "Download 47 MB"
    qtbot.keyClick(page.view, Qt.Key.Key_Down)
    assert page.card.title.text() == "ResNet-34"


def test_speed_is_measured_by_using_a_model(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path]
) -> None:
    show(qtbot, app, "efficientnet-lite0")
    card = app.window.models_page.card
    assert "Measured when it is first used" in card.facts.text()
    app.window.controller.open_paths(list(photos.values()))
    qtbot.waitUntil(
        lambda: all(p.state is PhotoState.DONE for p in app.window.controller.photos.photos()),
        timeout=ANSWER_MS,
    )
    qtbot.waitUntil(lambda: "ms per photo on " in card.facts.text(), timeout=ANSWER_MS)
    [speed] = app.window.models_controller.speeds("efficientnet-lite0")
    assert speed.ms_per_photo > 0


@pytest.mark.skipif(not openvino_version(), reason="the extra “fast” is not installed")
def test_the_card_says_how_a_model_answers_and_why(
    qtbot: QtBot, shown: WindowApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = shown.window.models_page
    page.controller.select("efficientnet-lite0")
    assert "Exact, as the settings say." in page.card.facts.text()
    monkeypatch.delenv("RESNET_GUI_EXACT")
    entry = entry_of(shown, "efficientnet-lite0")
    assert entry.weights_path is not None
    remember_hash(entry.weights_path, file_stamp(entry.weights_path), "0" * 64)
    folder = conversion_of(entry.spec, "0" * 64, openvino_version()).folder
    folder.mkdir()
    write_verdict(folder, Verdict(State.REFUSED, reason="it gives another first answer"))
    shown.window.store.refresh()
    qtbot.waitUntil(
        lambda: "was refused, as it gives another first answer." in page.card.facts.text(),
        timeout=ANSWER_MS,
    )


def test_show_in_folder(
    qtbot: QtBot, shown: WindowApp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # nothing that opens folders
    page = shown.window.models_page
    page.folder_button.click()
    qtbot.waitUntil(lambda: any("first download makes it" in text for text in texts(page)))
    shown.window.models_controller.select("efficientnet-lite0")
    page.card.reveal.click()
    path = str(entry_of(shown, "efficientnet-lite0").weights_path)
    qtbot.waitUntil(lambda: page.reveal.notice is not None)
    assert f"No file manager answered. It is here: {path}" in texts(page)
    page.reveal.notice.button.click()
    assert QGuiApplication.clipboard().text() == path
    assert not any(path in text for text in texts(page))


# --- settings ---------------------------------------------------------------------------------


def test_settings_that_cannot_work_are_refused_where_they_are_typed(
    qtbot: QtBot, shown: WindowApp, tmp_path: Path
) -> None:
    shown.window.models_page.settings_button.click()
    dialog = shown.window.settings_dialog
    assert dialog.isVisible()
    qtbot.waitUntil(lambda: not dialog.controller.loading)
    assert not dialog.save.isEnabled()
    dialog.mirror_text.setText("http://mirror.example/weights")
    assert "the connection is not protected" in dialog.mirror.problem.text()
    assert dialog.mirror.problem.isVisible()
    assert not dialog.save.isEnabled()
    dialog.mirror_text.setText("https://mirror.example/weights")
    assert not dialog.mirror.problem.isVisible()
    dialog.proxy_kind.setCurrentIndex(2)
    assert "Enter the proxy's address" in dialog.proxy.problem.text()
    dialog.proxy_address.setText("ftp://proxy")
    assert "http://host:port" in dialog.proxy.problem.text()
    dialog.proxy_address.setText("proxy.example:8080")
    assert not dialog.proxy.problem.isVisible()
    bad = tmp_path / "bad.pem"
    bad.write_text("no certificate")
    dialog.ca_text.setText(str(bad))
    dialog.folder_text.setText("relative/folder")
    dialog.save.click()
    qtbot.waitUntil(dialog.ca_bundle.problem.isVisible)
    assert "holds no certificates" in dialog.ca_bundle.problem.text()
    assert "whole path" in dialog.folder.problem.text()
    assert load_http_settings() == HttpSettings()
    dialog.ca_text.clear()
    dialog.folder_text.clear()
    dialog.save.click()
    qtbot.waitUntil(lambda: not dialog.isVisible())
    assert load_http_settings() == HttpSettings(
        proxy="http://proxy.example:8080", mirror="https://mirror.example/weights"
    )
    dialog.open_fresh()
    assert dialog.proxy_address.text() == "http://proxy.example:8080"
    assert QApplication.activeModalWidget() is None


def test_the_environments_mirror_is_shown_as_the_one_in_force(
    qtbot: QtBot, shown: WindowApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESNET_GUI_WEIGHTS_URL", "https://weights.example")
    dialog = shown.window.settings_dialog
    dialog.open_fresh()
    qtbot.waitUntil(lambda: not dialog.controller.loading)
    assert "RESNET_GUI_WEIGHTS_URL is set and comes first" in dialog.mirror.hint.text()
    assert "https://weights.example" in dialog.mirror.hint.text()
    dialog.close()
    monkeypatch.setenv("RESNET_GUI_WEIGHTS_URL", "ftp://weights.example")
    dialog.open_fresh()
    assert "cannot be used" in dialog.mirror.problem.text()


def test_the_weights_move_with_their_folder(
    qtbot: QtBot, site: Site, open_app: Callable[..., WindowApp], tmp_path: Path
) -> None:
    target(site).parent.mkdir(parents=True)
    target(site).write_bytes(site.content)
    app = show(qtbot, open_app(Settings(model="efficientnet-lite0")))
    dialog = app.window.settings_dialog
    dialog.open_fresh()
    assert not dialog.move_weights.isVisible()
    new = tmp_path / "new place"
    dialog.folder_text.setText(str(new))
    assert dialog.move_weights.isVisible()
    dialog.save.click()
    qtbot.waitUntil(lambda: not dialog.isVisible())
    assert (new / site.file_name).read_bytes() == site.content
    assert not target(site).exists()
    assert load_http_settings().weights_folder == new
    qtbot.waitUntil(lambda: entry_of(app).weights_path == new / site.file_name)
    assert app.window.models_page.folder_button.toolTip().endswith(str(new))


def test_the_folder_stays_while_something_is_downloaded(
    qtbot: QtBot, shown: WindowApp, site: Site, tmp_path: Path
) -> None:
    site.default = SLOW
    shown.window.models_page.card.primary.click()
    dialog = shown.window.settings_dialog
    dialog.open_fresh()
    dialog.folder_text.setText(str(tmp_path / "new"))
    dialog.save.click()
    assert "A download is going on" in dialog.failure.text()
    assert dialog.isVisible()
    wait_for(qtbot, shown, Situation.READY)
    assert (
        hashlib.sha256(target(site).read_bytes()).hexdigest().startswith(site.spec().sha256_prefix)
    )


def test_an_own_model_can_be_renamed_while_it_is_used(
    qtbot: QtBot, shown: WindowApp, own_model: Path
) -> None:
    user_models_dir().mkdir(parents=True, exist_ok=True)
    own_model.rename(user_models_dir() / own_model.name)
    controller = shown.window.models_controller
    controller.refresh()
    qtbot.waitUntil(
        lambda: (
            controller.inventory is not None and controller.inventory.entry("defects") is not None
        )
    )
    shown.window.controller.set_model("defects")
    controller.select("defects")
    assert not shown.window.models_page.card.rename.isHidden()
    controller.rename("Scratches & dents")
    line = shown.window.status_line.model
    qtbot.waitUntil(lambda: line.text() == "Scratches & dents")
    assert controller.current_id == "defects"  # its title is only a label
    assert situation(shown, "defects") is Situation.IN_USE
    entry = shown.window.controller.entry
    assert entry is not None
    assert (entry.spec.id, entry.spec.title) == ("defects", "Scratches & dents")
    assert [path.name for path in user_models_dir().glob("*")] == ["defects.safetensors"]
    controller.rename("  ")
    qtbot.waitUntil(
        lambda: any("needs a name" in text for text in shown.window.models_page.notices.texts)
    )


def test_a_right_click_offers_what_the_card_can_do(qtbot: QtBot, app: WindowApp) -> None:
    show(qtbot, app, "resnet20-cifar10")
    page, view = app.window.models_page, app.window.models_page.view
    row = view.visualRect(page.controller.models.index(page.controller.models.row_of("resnet18")))
    view.customContextMenuRequested.emit(row.center())
    assert page.controller.current_id == "resnet18"  # it is its menu
    [menu] = [child for child in page.card.findChildren(QMenu) if child.isVisible()]
    assert menu.actions()[0].text().startswith("Download ")
    menu.close()
    page.controller.select("resnet20-cifar10")
    menu = page.card.menu()
    texts = [action.text() for action in menu.actions() if not action.isSeparator()]
    assert texts == [
        "Use this model", "Start a training from it", "Test it on a folder…", "Show in folder",
    ]  # fmt: skip
    menu.actions()[1].trigger()
    assert app.window.pages.current is app.window.train_page
    assert app.window.train_controller.model_id == "resnet20-cifar10"
    menu.close()
