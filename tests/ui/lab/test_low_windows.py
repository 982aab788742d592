"""The Lab in windows of little height, as an enlarged screen or an old projector has them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QApplication, QScrollArea, QScrollBar
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.ui.lab.page import LabPage, View
from tests.helpers.charts import open_menu
from tests.ui.conftest import ANSWER_MS
from tests.ui.lab.conftest import curves_of, layers_of, open_lab


def scrolled(page: LabPage) -> int:
    """How many pixels of the page lie below the window's edge."""
    place = page.parentWidget()
    assert place is not None
    area = place.parentWidget()
    assert isinstance(area, QScrollArea)
    return area.verticalScrollBar().maximum() + area.horizontalScrollBar().maximum()


@pytest.mark.parametrize("view", [View.CURVES, View.GRADIENTS, View.DIAGRAM])
def test_all_of_a_view_is_seen(qtbot: QtBot, models: Path, app: WindowApp, view: View) -> None:
    """The charts began below the list of networks, and ended below the window."""
    app.window.resize(640, 360)
    page = open_lab(qtbot, app, view)
    qtbot.waitUntil(lambda: view in page.views)
    if view is View.DIAGRAM:
        qtbot.waitUntil(lambda: page.controller.diagram is not None, timeout=ANSWER_MS)
    qtbot.waitUntil(lambda: page.settled and scrolled(page) == 0)
    app.window.resize(1100, 720)
    qtbot.waitUntil(lambda: page.settled and scrolled(page) == 0)
    assert page.networks.isVisible() is (view is not View.DIAGRAM)
    assert not page.choose.isVisible()


def test_the_list_of_networks_opens_over_the_chart(
    qtbot: QtBot, models: Path, app: WindowApp
) -> None:
    app.window.resize(640, 360)
    page = open_lab(qtbot, app)
    view = curves_of(page)
    qtbot.waitUntil(page.choose.isVisible)
    assert not page.networks.isVisible()
    assert view.sentence.line.text() == view.sentence.text()
    page.choose.click()
    assert page.networks.isVisible()
    assert page.rect().contains(page.networks.geometry())
    row = next(iter(page.networks.rows.values()))
    row.box.click()
    assert row.item.key not in page.controller.shown
    qtbot.keyClick(page.networks, Qt.Key.Key_Escape)
    assert not page.networks.isVisible()
    page.choose.click()
    page.show_view(View.GRADIENTS)
    qtbot.waitUntil(lambda: View.GRADIENTS in page.views and page.settled)
    assert not page.networks.isVisible()
    assert layers_of(page).row.indexOf(page.choose) == 0
    page.choose.click()
    page.show_view(View.WHY)
    qtbot.waitUntil(lambda: View.WHY in page.views and page.settled)
    assert not page.networks.isVisible()
    page.show_view(View.CURVES)
    app.window.resize(1100, 720)
    qtbot.waitUntil(lambda: page.networks.isVisible() and page.settled)
    assert page.networks.geometry().right() < page.stack.geometry().left()


class Painted(QObject):
    """Notes the scroll bars that are painted."""

    def __init__(self) -> None:
        super().__init__()
        self.bars: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and isinstance(watched, QScrollBar):
            parent = watched.parentWidget()
            assert parent is not None
            owner = parent.parentWidget()
            if watched.maximum() > 0 and owner is not None:
                self.bars.append(f"{type(owner).__name__}, {watched.orientation().name}")
        return False


@pytest.mark.parametrize("size", [(640, 360), (1120, 740)])
def test_no_scroll_bar_comes_and_goes_at_the_first_look(
    qtbot: QtBot, models: Path, open_app: Callable[..., WindowApp], size: tuple[int, int]
) -> None:
    """The page began with the width that a large window's buttons need."""
    app = open_app()
    app.window.resize(*size)
    painted = Painted()
    application = QApplication.instance()
    assert application is not None
    application.installEventFilter(painted)
    try:
        page = open_lab(qtbot, app, View.WHY)
        qtbot.waitUntil(lambda: View.WHY in page.views and page.settled)
        qtbot.wait(1)
    finally:
        application.removeEventFilter(painted)
    assert not [bar for bar in painted.bars if "Horizontal" in bar or size[0] > 1000]


def test_a_chart_s_menu_is_as_large_as_the_chart_s_type(
    qtbot: QtBot, models: Path, app: WindowApp
) -> None:
    """On the projector it stayed small."""
    page = open_lab(qtbot, app)
    view = curves_of(page)
    usual = open_menu(view.residual)
    size = usual.font().pointSizeF()
    usual.close()
    page.projector.click()
    large = open_menu(view.residual)
    assert large.font().pointSizeF() == pytest.approx(size * view.residual.scale)
    large.close()
    page.projector.click()
