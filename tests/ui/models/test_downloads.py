"""Downloads on the Models page in the real window, from a server on this computer."""

from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.http.settings import HttpSettings
from resnet_gui.core.http.settings import save_http_settings as save_network
from resnet_gui.core.nets.build import build_network
from resnet_gui.core.system.paths import bundled_models_dir, torch_hub_checkpoints_dir
from resnet_gui.core.zoo.providers.torchvision import torchvision_specs
from resnet_gui.core.zoo.storage.store import partial_bytes
from resnet_gui.ui.models.standing import Situation
from resnet_gui.ui.widgets.photo_list import PhotoState
from tests.helpers.download_server import ONCE, Answer, Site, serve
from tests.ui.conftest import ANSWER_MS
from tests.ui.models.conftest import (
    SIZE,
    SLOW,
    classify_notices,
    publish,
    show,
    situation,
    target,
    wait_for,
)


def wait_for_part(qtbot: QtBot, app: WindowApp, site: Site) -> None:
    """Until the page knows the part's size: its last look can be from before the download's end."""
    folder = torch_hub_checkpoints_dir()
    qtbot.waitUntil(
        lambda: (
            app.window.models_controller.part_bytes("net") == partial_bytes(site.spec(), folder)
        ),
        timeout=20_000,
    )


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
    # Switched off in the settings, to which the notice leads, the page follows at once.
    app.window.show_page("classify")
    [refused] = [n for n in app.window.page.notices.shown if "was not fetched" in n.label.text()]
    refused.button.click()
    dialog = app.window.settings_dialog
    assert dialog.isVisible()
    qtbot.waitUntil(lambda: not dialog.controller.loading)
    assert not dialog.offline.visibleRegion().isEmpty()
    assert not dialog.mirror_text.visibleRegion().isEmpty()
    assert not dialog.isModal()
    app.window.show_page("models")
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
