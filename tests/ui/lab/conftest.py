"""The Lab on histories of made-up networks."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.ui.lab.curves import LabCurves
from resnet_gui.ui.lab.layers import LabLayers
from resnet_gui.ui.lab.page import LabPage, View
from tests.helpers.histories import history, write
from tests.ui.conftest import ANSWER_MS


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of bundled models with the four histories of the paper's figure 6, made up."""
    folder = tmp_path / "models"
    write(
        folder,
        history("plain", 20, 0.09, spans=(4.0, 3.0)),
        history("plain", 56, 0.12, spans=(900.0, 300.0, 30.0), ratio=1.4),
        history("residual", 20, 0.08, spans=(2.0, 2.0), ratio=0.6),
        history("residual", 56, 0.04, spans=(3.0, 2.0, 1.5), ratio=0.3),
    )
    monkeypatch.setattr("resnet_gui.core.system.paths.bundled_models_dir", lambda: folder)
    return folder


def open_lab(qtbot: QtBot, app: WindowApp, view: View = View.CURVES) -> LabPage:
    app.window.show_page("lab")
    page = app.window.lab_page
    page.show_view(view)
    qtbot.waitUntil(lambda: page.controller.looked, timeout=ANSWER_MS)
    qtbot.waitUntil(lambda: page.settled)
    return page


def curves_of(page: LabPage) -> LabCurves:
    view = page.views[View.CURVES]
    assert isinstance(view, LabCurves)
    return view


def layers_of(page: LabPage, view: View = View.GRADIENTS) -> LabLayers:
    found = page.views[view]
    assert isinstance(found, LabLayers)
    return found
