"""The Models page in the real window, and a site that weights come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.nets.build import build_network
from resnet_gui.core.system.paths import torch_hub_checkpoints_dir
from resnet_gui.core.zoo import ModelEntry, ModelSpec, Preprocessing
from resnet_gui.core.zoo.providers.torchvision import torchvision_specs
from resnet_gui.core.zoo.weights.load import save_model
from resnet_gui.ui.models.standing import Situation
from tests.helpers.download_server import FAST, Answer, Site, serve, wait_for_threads
from tests.helpers.models import PUBLISHED, published_weights
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


def target(site: Site) -> Path:
    return torch_hub_checkpoints_dir() / site.file_name


def classify_notices(app: WindowApp) -> list[str]:
    return app.window.page.notices.texts


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


def texts(page: object) -> list[str]:
    return page.notices.texts  # type: ignore[attr-defined,no-any-return]
