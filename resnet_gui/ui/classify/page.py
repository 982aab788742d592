"""The Classify page: everything that shows what the controller knows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.errors import ImageReadError
from resnet_gui.core.events import DownloadProgress, ImageSource
from resnet_gui.core.photos.decode import preview
from resnet_gui.core.zoo import RECOMMENDED_ID
from resnet_gui.jobs.lane import Job, JobLane, Priority
from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.classify.empty_state import EmptyState
from resnet_gui.ui.classify.photo_strip import PhotoStrip
from resnet_gui.ui.classify.photo_view import PhotoView
from resnet_gui.ui.classify.results_panel import ResultsPanel
from resnet_gui.ui.models.selector import ModelButton, ModelPopup
from resnet_gui.ui.widgets.classes_dialog import ClassesDialog
from resnet_gui.ui.widgets.combo_box import ComboBox
from resnet_gui.ui.widgets.icons import icon
from resnet_gui.ui.widgets.images import may_hold_photos, read_mime, to_qimage
from resnet_gui.ui.widgets.notice_bar import NoticeBar, NoticeLine
from resnet_gui.ui.widgets.photo_list import PhotoState, percent
from resnet_gui.ui.widgets.plain_text import PlainLabel, one_line, set_tooltip, tooltip
from resnet_gui.ui.widgets.problems_panel import ProblemsPanel
from resnet_gui.ui.widgets.words import progress_line, size_text

_PREVIEW_SIDE = 1600  # pixels: the longer side of a photo on the screen
_PREVIEWS_KEPT = 4
Preview = tuple[str, QImage | None, int, int]


class ClassifyPage(QWidget):
    """Model and device on top, then the photo with its answer, then the strip.

    Attributes:
        controller: the state machine that this page shows.

    Signals:
        open_requested(), folder_requested(), paste_requested(): the window does these.
        crop_toggled(bool): “what the network sees” was switched.
    """

    drop_hint = "Drop to see what it is"
    open_requested = Signal()
    folder_requested = Signal()
    paste_requested = Signal()
    crop_toggled = Signal(bool)

    def __init__(
        self,
        controller: ClassifyController,
        io: JobLane,
        samples: list[Path],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.controller = controller
        self._io = io
        self._previews: OrderedDict[str, Preview] = OrderedDict()
        self._preview: Job | None = None
        self._offer: NoticeLine | None = None
        self._download_notice: NoticeLine | None = None
        self._offer_declined = False
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 10)
        column.setSpacing(10)
        column.addLayout(self._header())
        self.notices = NoticeBar()
        column.addWidget(self.notices)
        self.empty = EmptyState(samples)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self._work())
        column.addWidget(self.stack, 1)
        self._connect(controller, io)
        self._on_current_changed()

    # --- building ---------------------------------------------------------------------------

    def _header(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(10)
        self.model_button = ModelButton()
        self.popup = ModelPopup(self)
        self.classes_button = QPushButton("What can it recognise?")
        self.classes_button.setProperty("kind", "plain")
        self.device_box = ComboBox()
        self.device_box.setMinimumWidth(150)
        self.device_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.device_box.setAccessibleName("Device")
        set_tooltip(self.device_box, "Where the network runs")
        self.device_box.add_choice("Device: automatic", "auto")
        row.addWidget(self.model_button)
        row.addWidget(self.classes_button)
        row.addStretch()
        row.addWidget(self.device_box)
        return row

    def _work(self) -> QWidget:
        self.view = PhotoView()
        self.crop_button = QPushButton("What the network sees")
        self.crop_button.setCheckable(True)
        set_tooltip(
            self.crop_button, "Show the part of the photo that reaches the network (Ctrl+E)"
        )
        left = QWidget()
        left_column = QVBoxLayout(left)
        left_column.setContentsMargins(0, 0, 0, 0)
        left_column.setSpacing(8)
        left_column.addWidget(self.view, 1)
        below = QHBoxLayout()
        self.size_label = PlainLabel()
        self.size_label.setProperty("kind", "muted")
        below.addWidget(self.crop_button)
        below.addStretch()
        below.addWidget(self.size_label)
        left_column.addLayout(below)
        self.results = ResultsPanel()
        self.problems = ProblemsPanel(self.controller.photos)
        right = QWidget()
        right_column = QVBoxLayout(right)
        right_column.setContentsMargins(0, 0, 0, 0)
        right_column.setSpacing(8)
        right_column.addWidget(self.results, 3)
        right_column.addWidget(self.problems, 2)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(10)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(left)
        self.splitter.addWidget(right)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setSizes([700, 340])
        self.strip = PhotoStrip(self.controller.photos)
        work = QWidget()
        column = QVBoxLayout(work)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.splitter, 1)
        column.addWidget(self.strip)
        return work

    def _connect(self, controller: ClassifyController, io: JobLane) -> None:
        self.empty.open_requested.connect(self.open_requested)
        self.empty.folder_requested.connect(self.folder_requested)
        self.empty.paste_requested.connect(self.paste_requested)
        self.empty.sample_chosen.connect(self._on_sample_chosen)
        self.model_button.clicked.connect(self.show_models)
        self.popup.chosen.connect(controller.set_model)
        self.classes_button.clicked.connect(self._on_classes_clicked)
        self.device_box.activated.connect(self._on_device_activated)
        self.crop_button.toggled.connect(self._on_crop_toggled)
        self.results.copy_requested.connect(self.copy_result)
        self.problems.chosen.connect(controller.select)
        self.strip.chosen.connect(controller.select)
        self.strip.stop_requested.connect(controller.stop)
        self.strip.go_on_requested.connect(controller.go_on)
        self.strip.clear_requested.connect(controller.clear)
        controller.current_changed.connect(self._on_current_changed)
        controller.model_changed.connect(self._on_model_changed)
        controller.store.changed.connect(self._on_store_changed)
        controller.devices_found.connect(self._on_devices_found)
        controller.progress_changed.connect(self.strip.show_progress)
        controller.noticed.connect(self._on_noticed)
        controller.download_changed.connect(self._on_download_changed)
        controller.photos.rowsInserted.connect(self._on_rows_changed)
        controller.photos.rowsRemoved.connect(self._on_rows_changed)
        controller.photos.modelReset.connect(self._on_rows_changed)

    # --- actions ----------------------------------------------------------------------------

    @Slot()
    def show_models(self) -> None:
        """Open the model selector."""
        entry = self.controller.entry
        current = entry.spec.id if entry else ""
        self.popup.open_below(self.model_button, list(self.controller.store.entries), current)
        self.controller.store.refresh()  # a file may have come from elsewhere

    def may_take(self, mime: QMimeData) -> bool:
        """Whether this page can use what is dragged over it."""
        return may_hold_photos(mime)

    def take(self, mime: QMimeData) -> None:
        """Open what was dropped or pasted."""
        dropped = read_mime(mime)
        if dropped:
            self.controller.open_dropped(dropped)
        else:
            self.notices.add("What was dropped holds no photo that can be read.", "warning")

    @Slot()
    def copy_result(self) -> None:
        """Put the current answer on the clipboard, one line per class."""
        photo = self.controller.current
        if photo is None or photo.prediction is None:
            return
        lines = [f"{s.label}\t{percent(s.probability)}" for s in photo.prediction.scores]
        title = self.controller.entry.spec.title if self.controller.entry else ""
        QGuiApplication.clipboard().setText(
            "\n".join([f"{photo.source.short_name}\t{title}", *lines])
        )

    def refresh_theme(self) -> None:
        """Take the theme's new colours for what is drawn once."""
        self.crop_button.setIcon(icon("crop"))
        self.classes_button.setIcon(icon("question"))
        self.results.refresh_icons()

    # --- what the person does ---------------------------------------------------------------

    @Slot(object)
    def _on_sample_chosen(self, path: Path) -> None:
        self.controller.open_paths([path])

    @Slot()
    def _on_classes_clicked(self) -> None:
        if self.controller.entry is not None:
            ClassesDialog(self.controller.entry.spec, self.window()).show()

    @Slot(int)
    def _on_device_activated(self, row: int) -> None:
        self.controller.set_device(str(self.device_box.itemData(row)))

    @Slot(bool)
    def _on_crop_toggled(self, on: bool) -> None:
        self.view.set_show_crop(on)
        self.crop_toggled.emit(on)

    @Slot()
    def _on_offer_acted(self) -> None:
        entry = self.controller.store.entry(RECOMMENDED_ID)
        if entry is not None:
            self.controller.set_model(entry.spec.id)

    @Slot()
    def _on_offer_closed(self) -> None:
        self._offer, self._offer_declined = None, True

    # --- what the controller says -----------------------------------------------------------

    @Slot()
    def _on_current_changed(self) -> None:
        photo = self.controller.current
        self.results.show_photo(photo, self._hint())
        if photo is None:
            return
        self.strip.show_current(self.controller.photos.row(photo))
        self._show_photo(photo.source, photo.problem)

    def _hint(self) -> str:
        if self.controller.store.inventory is None:
            return ""
        if self.controller.entry is None:
            return "No model is on this computer yet. Choose one above to download."
        photo = self.controller.current
        if photo is not None and photo.state is PhotoState.IDLE:
            return "Not classified yet."
        return "Looking at it…"

    @Slot(QModelIndex, int, int)
    def _on_rows_changed(self, *_: object) -> None:
        self.stack.setCurrentIndex(1 if self.controller.photos.rowCount() else 0)

    @Slot()
    def _on_store_changed(self) -> None:
        if self.popup.isVisible():
            self.popup.show_entries(list(self.controller.store.entries))
        self._on_model_changed()

    @Slot()
    def _on_model_changed(self) -> None:
        entry = self.controller.entry
        self.model_button.show_entry(entry)
        self.classes_button.setEnabled(entry is not None)
        self.view.preprocessing = entry.spec.preprocessing if entry else None
        self.view.update()
        self._on_current_changed()
        self._show_offer()

    def _show_offer(self) -> None:
        """While no ResNet is here, offer the recommended one; once closed, not again."""
        wanted = self.controller.store.entry(RECOMMENDED_ID)
        entry = self.controller.entry
        needed = (
            wanted is not None
            and not wanted.state.ready
            and (entry is None or entry.spec.provider == "offline")
            and not self._offer_declined
            and self._download_notice is None
        )
        if needed and self._offer is None and wanted is not None:
            size = size_text(wanted.spec.bytes)
            better = f"{wanted.spec.title} is more accurate"
            if wanted.spec.top1 is not None and entry is not None and entry.spec.top1 is not None:
                better += f" ({wanted.spec.top1:.1%} against {entry.spec.top1:.1%} on ImageNet)"
            if entry is None:
                better = (
                    f"No model is on this computer yet. {wanted.spec.title} is a good first one"
                )
            self._offer = self.notices.add(
                f"{better}: a download of {size}, once.", "notice", f"Get {wanted.spec.title}"
            )
            self._offer.acted.connect(self._on_offer_acted)
            self._offer.closed.connect(self._on_offer_closed)
        elif not needed and self._offer is not None:
            self.notices.remove(self._offer)
            self._offer = None

    @Slot()
    def _on_devices_found(self) -> None:
        self.device_box.clear()
        devices = self.controller.devices
        fastest = devices[0].name if devices else ""
        self.device_box.add_choice(f"Device: automatic ({_short(fastest)})", "auto")
        for device in devices:
            kind = device.kind.upper().split(":")[0]
            self.device_box.add_choice(f"{kind}: {_short(device.name)}", device.kind)
            self.device_box.setItemData(
                self.device_box.count() - 1, tooltip(device.name), Qt.ItemDataRole.ToolTipRole
            )
        row = self.device_box.findData(self.controller.device)
        self.device_box.setCurrentIndex(max(0, row))

    @Slot(object, str)
    def _on_noticed(self, text: str, kind: str) -> None:
        self.notices.add(text, kind)

    @Slot(object)
    def _on_download_changed(self, progress: DownloadProgress | None) -> None:
        if progress is None:
            if self._download_notice is not None:
                self.notices.remove(self._download_notice)
                self._download_notice = None
            self._show_offer()
            return
        if self._download_notice is None:
            if self._offer is not None:
                self.notices.remove(self._offer)
                self._offer = None
            notice = self.notices.add(f"Downloading {one_line(progress.name)}", "notice", "Cancel")
            notice.close_button.hide()
            notice.acted.connect(self.controller.cancel_download)
            notice.bar.show()
            self._download_notice = notice
        notice = self._download_notice
        if progress.total:
            notice.bar.setRange(0, 1000)
            notice.bar.setValue(progress.done * 1000 // progress.total)
        else:
            notice.bar.setRange(0, 0)
        notice.label.setText(f"Downloading {one_line(progress.name)}: {progress_line(progress)}")

    # --- the photo on the screen --------------------------------------------------------------

    def _show_photo(self, source: ImageSource, problem: str) -> None:
        if problem:
            self.view.show_message(problem, failed=True)
            self.size_label.clear()
            return
        kept = self._previews.get(source.name)
        if kept is not None:
            self._previews.move_to_end(source.name)
            self._show_preview(kept)
            return
        self.size_label.clear()
        self.view.show_message("Opening…")
        if self._preview is not None:
            self._preview.let_go()
        self._preview = self._io.submit(partial(_read_preview, source), Priority.INTERACTIVE)
        self._preview.progressed.connect(self._on_preview)

    @Slot(object)
    def _on_preview(self, events: list[Preview]) -> None:
        result = events[-1]
        self._previews[result[0]] = result
        while len(self._previews) > _PREVIEWS_KEPT:
            self._previews.popitem(last=False)
        current = self.controller.current
        if current is not None and current.source.name == result[0] and not current.problem:
            self._show_preview(result)

    def _show_preview(self, result: Preview) -> None:
        _, image, width, height = result
        if image is None:
            self.view.show_message("")  # the classifier's error for the same file says why
            return
        self.view.show_photo(image, width, height)
        self.size_label.setText(f"{width:,} × {height:,} pixels")


def _read_preview(source: ImageSource) -> Iterator[Preview]:
    try:
        image = preview(source, _PREVIEW_SIDE)
    except ImageReadError:
        yield source.name, None, 0, 0
        return
    yield source.name, to_qimage(image), image.full_width, image.full_height


def _short(name: str) -> str:
    """A device's name without what makers add: "Intel(R) Core(TM) i5" -> "Intel Core i5"."""
    for mark in ("(R)", "(TM)", "(tm)", "Processor", "CPU"):
        name = name.replace(mark, " ")
    name = " ".join(name.split("@")[0].split())
    return name if len(name) <= 32 else name[:31] + "…"
