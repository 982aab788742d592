"""“Why?” on the Classify page: its panel, its key, the heat over the photo, the marked class."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Slot
from PySide6.QtGui import QAction, QImage, QKeySequence

from resnet_gui.core.events import ClassScore
from resnet_gui.core.explain.events import Explained, Layer, Method
from resnet_gui.ui.classify.photo_actions import PhotoActions
from resnet_gui.ui.classify.photo_panel import PhotoPanel
from resnet_gui.ui.classify.results_panel import ResultsPanel
from resnet_gui.ui.classify.why import Why
from resnet_gui.ui.classify.why_panel import WhyPanel
from resnet_gui.ui.page import Page
from resnet_gui.ui.widgets.file_saver import FileSaver, ask_where, file_name
from resnet_gui.ui.widgets.words import sentence

_LOW = 430  # points: below, the photo needs the room of the training photos


class WhyView(QObject):
    """Brings a `Why` to the parts of the page.

    Attributes:
        why: the state. panel: below the photo. action: switches it. occlusion: switches the way in
            which it is found out. save: asks where to, and saves the photo with its colours.
    """

    def __init__(
        self,
        why: Why,
        left: PhotoPanel,
        results: ResultsPanel,
        actions: PhotoActions,
        page: Page,
    ) -> None:
        super().__init__(page)
        self._left, self._results, self._page = left, results, page
        self._drawn: Explained | None = None
        self._heat: QImage | None = None
        self.why = why
        self.panel = WhyPanel(why, left.io)
        self._left.put_below(self.panel)
        self._left.installEventFilter(self)
        self.panel.strength_changed.connect(self._on_strength_changed)
        self.panel.open_requested.connect(actions.open_path)
        self.save = QAction("Save &picture of “Why?”…", self)
        self.save.triggered.connect(self._on_save)
        self.panel.save_requested.connect(self._on_save)
        self._saver = FileSaver(left.io, self)
        self._saver.saved.connect(self._on_saved)
        self._saver.failed.connect(self._on_not_saved)
        self.action = QAction("&Why this answer?", self, checkable=True)
        self.action.triggered.connect(why.toggle)
        self.occlusion = QAction("Second opinion by &occlusion", self, checkable=True)
        self.occlusion.triggered.connect(self._on_occlusion_triggered)
        self._close = QAction("Close “Why?”", self)
        self._close.setShortcut(QKeySequence(Qt.Key.Key_Escape))
        self._close.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._close.triggered.connect(why.close)
        page.addAction(self._close)
        self._results.why_clicked.connect(why.toggle)
        self._results.chosen.connect(self._on_class_chosen)
        why.changed.connect(self._on_changed)
        why.noticed.connect(page.notices.add)
        # After the page has shown another answer, whose lines are not marked.
        why.controller.current_changed.connect(self._on_changed)
        self._on_changed()

    def offer_actions(self) -> None:
        """In the menus of the page."""
        page = self._page
        page.offer_action("View", self.action, keys="W", usable=self._some_photo)
        page.offer_action("View", self.occlusion, keys="Shift+W", usable=self._is_open)
        page.offer_action("File", self.save, keys="Ctrl+S", usable=self._has_picture)

    def _some_photo(self) -> bool:
        return self.why.controller.current is not None

    def _is_open(self) -> bool:
        return self.why.open

    def _has_picture(self) -> bool:
        return self._heat is not None and self._left.view.image is not None

    @Slot()
    def _on_save(self) -> None:
        photo, found, heat = self._left.view.image, self.why.explained, self._heat
        if photo is None or found is None or heat is None:
            return
        from resnet_gui.ui.classify.why_picture import WhyPicture  # seldom wanted

        picture = WhyPicture(photo, heat, found, self.panel.opacity)
        saving = ask_where(
            self._page, "Save picture", file_name(picture.name), ".png", "Pictures", picture.write
        )
        if saving is not None:
            self._saver.save(saving)

    @Slot(object)
    def _on_saved(self, path: object) -> None:
        self._page.notices.add(f"Saved: {path}")

    @Slot(object)
    def _on_not_saved(self, error: Exception) -> None:
        self._page.notices.add(sentence(error), "warning")

    @Slot(bool)
    def _on_occlusion_triggered(self, on: bool) -> None:
        if self.why.open:
            self.why.set_method(Method.OCCLUSION if on else Method.GRADCAM)
        self._on_changed()

    @Slot(object)
    def _on_class_chosen(self, score: ClassScore) -> None:
        if self.why.possible:
            self.why.show(score.index)

    @Slot()
    def _on_changed(self) -> None:
        why = self.why
        self.action.setChecked(why.open)
        self.occlusion.setChecked(why.open and why.method is Method.OCCLUSION)
        self._close.setEnabled(why.open)
        self._results.show_why(why.open, why.target.index if why.target else None)
        self._draw()

    @Slot(float)
    def _on_strength_changed(self, strength: float) -> None:
        self._draw()

    def _draw(self) -> None:
        found = self.why.explained
        if found is not self._drawn:
            warm = found is not None and found.peak is not None and found.heat.size > 1
            self._drawn, self._heat = found, to_layer(found.layer) if found and warm else None
        self._left.view.show_heat(self._heat, self.panel.opacity)
        self.panel.set_picture(self._has_picture())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._left and event.type() == QEvent.Type.Resize:
            self.panel.set_low(self._left.height() < _LOW)
        return False


def to_layer(layer: Layer) -> QImage:
    """A QImage of its own memory, in the format that is painted quickest."""
    image = QImage(
        layer.data, layer.width, layer.height, 4 * layer.width, QImage.Format.Format_RGBA8888
    )
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
