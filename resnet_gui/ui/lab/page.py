"""The Residual Lab: why shortcuts matter, shown with real trainings, layer by layer."""

from __future__ import annotations

from enum import IntEnum
from functools import partial

from PySide6.QtCore import QEvent, QMimeData, QObject, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QButtonGroup,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
)

from resnet_gui.core.runs.events import EpochDone, LayersMeasured
from resnet_gui.ui.lab.controller import FIRST_PAIR, LabController
from resnet_gui.ui.lab.curves import LabCurves
from resnet_gui.ui.lab.diagram import LabDiagram
from resnet_gui.ui.lab.layers import LabLayers, Measure
from resnet_gui.ui.lab.network_list import NetworkList
from resnet_gui.ui.lab.networks_button import NetworksButton
from resnet_gui.ui.lab.parts import LabEmpty, scaled
from resnet_gui.ui.lab.picture import picture_of
from resnet_gui.ui.lab.why import LabWhy
from resnet_gui.ui.page import Page, PageContext
from resnet_gui.ui.widgets.charts.saving import write_picture
from resnet_gui.ui.widgets.file_saver import ask_where, file_name
from resnet_gui.ui.widgets.icons import put_icon
from resnet_gui.ui.widgets.plain_text import set_tooltip

PROJECTOR_SCALE = 1.45
# Of the window, at that scale: less leaves the tabs, or a chart, no room, and type is given back.
_ROOM = QSize(670, 590)
_PROJECTOR, _PICTURE = "Projector", "Save picture…"
_NARROW = 690  # pixels: below, the charts have no room beside the list, nor the tabs for a word
_ROOM_FOR_PICTURE = _NARROW + 160  # beside the tabs; where there is none the menu has it
_LOW = 400  # pixels: below, a chart has no room beside a sentence of several lines
_LOW_ABOVE = 500  # and none below the list of networks
REFRESH_MS = 1000
_TURNING = {Qt.Key.Key_PageDown: 1, Qt.Key.Key_PageUp: -1}


class View(IntEnum):
    """In the order of the tabs: first the words, then what is to be seen."""

    WHY = 0
    CURVES = 1
    GRADIENTS = 2
    RESIDUALS = 3
    DIAGRAM = 4


_WORDS = {
    View.WHY: ("Why it works", "In plain words, and exactly"),
    View.CURVES: ("Curves", "Training and validation accuracy by epoch"),
    View.GRADIENTS: ("Gradients", "Size of the gradient, layer by layer"),
    View.RESIDUALS: ("Residuals", "How much each block changes its input"),
    View.DIAGRAM: ("Diagram", "Stages, blocks and layers of a network"),
}


class LabPage(Page):
    """Five views on one set of networks; each is built when it is first shown.

    Attributes:
        controller: the state machine that this page shows.
        view: what is in front. views: what was built so far.

    Signals:
        photos_dropped(QMimeData): the window opens them on the Classify page.
        projector_toggled(bool): large type and the whole screen, or back.
    """

    drop_hint = "Drop to classify"
    takes = "photos"
    other_keys = (
        ("Space", "Play, or pause: run through the epochs"),
        ("PgDn, PgUp", "The view after or before, with large type on the whole screen"),
        ("Esc", "Leave the whole screen"),
    )
    photos_dropped = Signal(object)
    projector_toggled = Signal(bool)

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self.controller = controller = LabController(context.means, self)
        self.view = View.WHY
        self.views: dict[View, LabCurves | LabLayers | LabDiagram | LabWhy] = {}
        self._made = dict(self.views)  # some have no place yet
        self._scales: dict[View, float] = {}
        self._scale = 1.0
        self._low = False
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 10)
        column.setSpacing(10)
        column.addLayout(self._header())
        column.addWidget(self.notices)
        self.networks = NetworkList(controller)
        self.networks.hide()  # the first view has no use for it
        self.choose = NetworksButton(self.networks)
        self.stack = QStackedWidget()
        self.empty = LabEmpty()
        self.empty.button.clicked.connect(self._on_first_pair)
        self.stack.addWidget(self.empty)
        self._row = row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.networks)
        row.addWidget(self.stack, 1)
        column.addLayout(row, 1)
        self._build_soon = QTimer(self)  # the click's own turn only changes the buttons
        self._build_soon.setSingleShot(True)
        self._build_soon.setInterval(0)
        self._build_soon.timeout.connect(self._show_view)
        self._refresh_soon = QTimer(self)
        self._refresh_soon.setSingleShot(True)
        self._refresh_soon.setInterval(REFRESH_MS)
        self._refresh_soon.timeout.connect(self._refresh)
        self._events: list[EpochDone | LayersMeasured] = []
        self._stale = False
        controller.histories_changed.connect(self._on_histories_changed)
        controller.measuring_changed.connect(self._on_measuring_changed)
        controller.noticed.connect(self._on_noticed)
        self.offer_action(
            "File", "&Save picture…", self._on_save, keys="Ctrl+S", usable=self._has_picture
        )
        self.offer_action(
            "View", "Large t&ype on the whole screen", self.projector.toggle, keys="F11"
        )

    def _header(self) -> QHBoxLayout:
        self.tabs: dict[View, QPushButton] = {}
        group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(6)
        for view, (text, tip) in _WORDS.items():
            button = QPushButton(text)
            button.setCheckable(True)
            set_tooltip(button, tip)
            button.setAccessibleName(f"{text}: {tip}")
            group.addButton(button, int(view))
            self.tabs[view] = button
            row.addWidget(button)
        self.tabs[self.view].setChecked(True)
        group.idClicked.connect(self._on_tab_clicked)
        row.addStretch()
        self.save = QPushButton(_PICTURE)
        put_icon(self.save, "download")
        set_tooltip(self.save, "Save a picture of this, for slides and worksheets (Ctrl+S)")
        self.save.clicked.connect(self._on_save)
        self.save.hide()  # until there is room: a small window would begin with a scroll bar
        row.addWidget(self.save)
        self.projector = QPushButton()
        self.projector.setAccessibleName(_PROJECTOR)
        self.projector.setCheckable(True)
        put_icon(self.projector, "screen")
        set_tooltip(self.projector, "Large type on the whole screen (F11; Esc leaves it)")
        self.projector.toggled.connect(self._on_projector_toggled)
        row.addWidget(self.projector)
        return row

    # --- the window asks --------------------------------------------------------------------

    def may_take(self, mime: QMimeData) -> bool:
        """Whether photos are dragged over the page."""
        return bool(mime.hasUrls() or mime.hasImage())

    def take(self, mime: QMimeData) -> None:
        """A photo has nothing to do here: the Classify page takes it."""
        self.photos_dropped.emit(mime)

    def refresh_theme(self) -> None:
        self.networks.update()
        for view in self.views.values():
            view.refresh_theme()

    @Slot()
    def refresh_if_shown(self) -> None:
        """Runs changed: read them again soon, if somebody looks."""
        self._stale = True
        self._refresh_later()

    @Slot(object)
    def add_event(self, event: EpochDone | LayersMeasured) -> None:
        """A run goes on: show its epoch soon, if somebody looks."""
        self._events.append(event)
        self._refresh_later()

    def _refresh_later(self) -> None:
        if not self.isVisible():
            self._events.clear()  # all is read when the page is shown
        elif not self._refresh_soon.isActive():
            self._refresh_soon.start()  # a quick run has dozens of epochs a second

    @Slot()
    def _refresh(self) -> None:
        events, self._events = self._events, []
        stale, self._stale = self._stale, False
        if stale:
            self.controller.refresh()
        else:
            self.controller.add_events(events)

    def shown(self) -> None:
        self._stale = True
        self._refresh()
        self._build_soon.start()

    def hidden(self) -> None:
        self.projector.setChecked(False)
        self._refresh_soon.stop()

    @property
    def settled(self) -> bool:
        """Whether the chosen view is the one that is shown."""
        return not self._build_soon.isActive()

    # --- views ------------------------------------------------------------------------------

    def show_view(self, view: View) -> None:
        """Bring a view to the front."""
        self.view = view
        self.tabs[view].setChecked(True)
        self._build_soon.start()

    @Slot(int)
    def _on_tab_clicked(self, number: int) -> None:
        self.show_view(View(number))

    @Slot()
    def _show_view(self) -> None:
        charts = self.view in (View.CURVES, View.GRADIENTS, View.RESIDUALS)
        curves = self.view is View.CURVES
        items = self.controller.items()
        some = any(item.history.epochs if curves else item.history.layers for item in items)
        if charts and not some and not (self.controller.measuring and not curves):
            self._say_empty(curves)
            return
        # In turns: made; in its place, where it gets the window's style; laid out and seen.
        made = self._made.get(self.view)
        if made is None or self.stack.indexOf(made) < 0:
            if made is None:
                self._made[self.view] = self._build(self.view)
            else:
                self.stack.addWidget(made)
            self._build_soon.start()
            return
        fresh = self.view not in self.views
        self.views[self.view] = made
        if charts:
            self.networks.show_for(curves, self._scale)
        if isinstance(made, LabCurves | LabLayers):
            made.set_low(self._low)
            self.choose.stand_in(made.row, self._scale)
        self.choose.show_list(charts and some)
        self.stack.setCurrentWidget(self.views[self.view])
        # A style sheet takes back the type that was set before the first show.
        if fresh or self._scales[self.view] != self._scale:
            self._scales[self.view] = self._scale
            self.views[self.view].set_scale(self._scale)

    def _say_empty(self, curves: bool) -> None:
        self.networks.hide()
        if not self.controller.looked:
            self.empty.say("", "Reading the recorded trainings…")
        else:
            self.empty.say_what_is_missing(curves)
        self.stack.setCurrentWidget(self.empty)

    def _build(self, view: View) -> LabCurves | LabLayers | LabDiagram | LabWhy:
        if view is View.CURVES:
            return LabCurves(self.controller)
        if view is View.DIAGRAM:
            return LabDiagram(self.controller)
        if view is View.WHY:
            return LabWhy(self.controller)
        measure = Measure.GRADIENTS if view is View.GRADIENTS else Measure.RESIDUALS
        layers = LabLayers(self.controller, measure)
        layers.measure_requested.connect(self.controller.measure)
        return layers

    def _has_picture(self) -> bool:
        """While a view is being built, and where there is nothing to show, there is none."""
        view = self.views.get(self.view)
        return view is not None and self.stack.currentWidget() is view

    @Slot()
    def _on_save(self) -> None:
        if not self._has_picture():
            return
        view = self.views[self.view]
        write = partial(write_picture, picture_of(view))
        name = file_name(_WORDS[self.view][0])
        saving = ask_where(self, "Save picture", name, ".png", "Pictures", write)
        if saving is not None:
            self.controller.save(saving)

    # --- projector --------------------------------------------------------------------------

    @Slot(bool)
    def _on_projector_toggled(self, on: bool) -> None:
        self._set_scale(self._fitting_scale())
        self.projector_toggled.emit(on)
        self._arrange()
        self._show_view()  # the views that are not seen follow when they are shown

    def _fitting_scale(self) -> float:
        """On a screen that shows everything enlarged, type is large already."""
        if not self.projector.isChecked():
            return 1.0
        room = self.window().size()
        share = min(room.width() / _ROOM.width(), room.height() / _ROOM.height())
        return max(1.0, PROJECTOR_SCALE * min(1.0, share))

    def _set_scale(self, scale: float) -> None:
        self._scale = scale
        for button in (*self.tabs.values(), self.save, self.projector):
            scaled(button, scale)
        self.empty.set_scale(scale)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fitting_scale() != self._scale:  # the whole screen has come only now
            self._set_scale(self._fitting_scale())
            self._build_soon.start()
        self._arrange()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        place = self.parentWidget()
        if place is not None:
            place.installEventFilter(self)  # once, however often it is asked for
        self._arrange()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """There is more or less room, while the page keeps the least size that it needs."""
        if event.type() == QEvent.Type.Resize and watched is self.parentWidget():
            self._arrange()
        return super().eventFilter(watched, event)

    def _arrange(self) -> None:
        """Put the parts where there is room for them."""
        place = self.parentWidget()
        high = (self.height() if place is None else place.height()) / self._scale
        narrow = self.width() < _NARROW * self._scale
        direction = QBoxLayout.Direction
        self.projector.setText("" if narrow else _PROJECTOR)
        self.save.setVisible(self.width() >= _ROOM_FOR_PICTURE * self._scale)
        self._row.setDirection(direction.TopToBottom if narrow else direction.LeftToRight)
        low = high < (_LOW_ABOVE if narrow else _LOW)
        # On the projector the charts get the list's room, and nothing tells how a training ends.
        folded = self.projector.isChecked() or (narrow and low)
        self.networks.set_above(narrow and not folded)
        if (low, folded) != (self._low, self.choose.folded):
            self._low = low
            self.choose.fold(folded, self._row)
            self._build_soon.start()
        self.choose.place()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that nothing inside has used."""
        shown = self.stack.currentWidget()
        if event.key() == Qt.Key.Key_Escape and self.choose.isChecked():
            self.choose.setChecked(False)
        elif event.key() == Qt.Key.Key_Escape and self.projector.isChecked():
            self.projector.setChecked(False)
        elif event.key() == Qt.Key.Key_Space and isinstance(shown, LabCurves | LabLayers):
            shown.epochs.play.click()
        elif event.key() in _TURNING and self.projector.isChecked():  # as presenters send them
            turned = self.view + _TURNING[Qt.Key(event.key())]
            self.show_view(View(min(max(turned, 0), len(View) - 1)))
        else:
            super().keyPressEvent(event)

    # --- what the controller says -----------------------------------------------------------

    @Slot()
    def _on_first_pair(self) -> None:
        for model_id in FIRST_PAIR:
            self.controller.measure(model_id)

    @Slot()
    def _on_histories_changed(self) -> None:
        for failure in self.controller.failures:
            self.notices.add(failure.message, "warning")
        self._build_soon.start()  # the list of networks has been drawn anew in this turn

    @Slot()
    def _on_measuring_changed(self) -> None:
        self._show_view()

    @Slot(object, str)
    def _on_noticed(self, text: str, kind: str) -> None:
        self.notices.add(text, kind)

    def sizeHint(self) -> QSize:
        return QSize(900, 620)
