"""The current photo with the switch “What the network sees” below it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.classify.photo_view import PhotoView
from resnet_gui.ui.widgets.icons import put_icon
from resnet_gui.ui.widgets.low_window import LowWindow
from resnet_gui.ui.widgets.photo_list import Photo
from resnet_gui.ui.widgets.plain_text import ElidedLabel, set_tooltip
from resnet_gui.ui.widgets.previews import Preview, Previews

_SWITCH = "What the network sees"
_LEAST = 90  # pixels of height of the photo, in low windows


class PhotoPanel(QWidget):
    """Reads what it shows in the io lane.

    Attributes:
        view: paints. crop_button: the switch. io: the lane.
    """

    def __init__(self, io: JobLane, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.io = io
        self._photo: Photo | None = None
        self._previews = Previews(io, self)
        self._previews.made.connect(self._on_preview)
        self._network_views = Previews(io, self)
        self._network_views.made.connect(self._on_network_view)
        self.view = PhotoView()
        self.crop_button = QPushButton(_SWITCH)
        self.crop_button.setAccessibleName(_SWITCH)
        self.crop_button.setCheckable(True)
        put_icon(self.crop_button, "crop")
        set_tooltip(
            self.crop_button, "Show the pixels of the photo that reach the network (Ctrl+E)"
        )
        self.crop_button.toggled.connect(self._on_crop_toggled)
        self.size_label = ElidedLabel()
        self.size_label.setProperty("kind", "muted")
        self.size_label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._below = below = QHBoxLayout()
        below.addWidget(self.crop_button)
        below.addWidget(self.size_label, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.view, 1)
        column.addLayout(below)
        self._column = column
        self._window = LowWindow(self)
        self._window.changed.connect(self._on_low_changed)
        self._view_height = self.view.minimumHeight()

    @Slot(bool)
    def _on_low_changed(self, low: bool) -> None:
        """The photo needs the height: the switch stands on its corner."""
        self.size_label.setVisible(not low)
        self.crop_button.setText("" if low else _SWITCH)
        self.view.setMinimumHeight(_LEAST if low else self._view_height)
        if low:
            self._below.removeWidget(self.crop_button)
            self.crop_button.setParent(self.view)
            self.crop_button.show()
            self._place_switch()
        else:
            self._below.insertWidget(0, self.crop_button)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_switch()

    def _place_switch(self) -> None:
        if self.crop_button.parentWidget() is self.view:
            self.crop_button.adjustSize()
            self.crop_button.move(6, self.view.height() - self.crop_button.height() - 6)

    def put_below(self, widget: QWidget) -> None:
        """Give something that belongs to the photo its place right below it."""
        self._column.insertWidget(1, widget)

    def show_photo(self, photo: Photo) -> None:
        """Show a photo, or why it cannot be read."""
        self._photo = photo
        self.size_label.clear()
        if photo.problem:
            self.view.show_message(photo.problem, failed=True)
        elif (kept := self._previews.get(photo.source)) is not None:
            self._show(kept)
        else:
            self.view.show_message("Opening…")

    def set_preprocessing(self, preprocessing: Preprocessing | None) -> None:
        """That of another model; None: there is none."""
        self.view.set_preprocessing(preprocessing)
        self._ask_for_pixels()

    @Slot(bool)
    def _on_crop_toggled(self, on: bool) -> None:
        self.view.set_show_crop(on)
        self._ask_for_pixels()

    @Slot(object)
    def _on_preview(self, made: Preview) -> None:
        photo = self._photo
        if photo is not None and photo.source.id == made.photo_id and not photo.problem:
            self._show(made)

    def _show(self, preview: Preview) -> None:
        if preview.image is None:
            # Answered, and gone since. The classifier's error for a new photo says the same.
            self.view.show_message(preview.problem, failed=True)
            return
        self.view.show_photo(preview.image, preview.width, preview.height)
        self.size_label.setText(f"{preview.width:,} × {preview.height:,} pixels")
        self._ask_for_pixels()

    def _ask_for_pixels(self) -> None:
        wanted = self.view.preprocessing
        if self.crop_button.isChecked() and wanted is not None and self.view.has_photo:
            assert self._photo is not None
            kept = self._network_views.get(self._photo.source, wanted)
            if kept is not None:
                self._on_network_view(kept)

    @Slot(object)
    def _on_network_view(self, made: Preview) -> None:
        current = self._photo is not None and self._photo.source.id == made.photo_id
        if current and made.preprocessing == self.view.preprocessing and made.image is not None:
            self.view.show_pixels(made.image)
