"""The Classify page: everything that shows what the controller knows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, QModelIndex, Qt, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.classify.empty_state import EmptyState
from resnet_gui.ui.classify.offer import ModelOffer
from resnet_gui.ui.classify.opening import PhotoOpening
from resnet_gui.ui.classify.photo_strip import PhotoStrip
from resnet_gui.ui.classify.photo_view import PhotoView
from resnet_gui.ui.classify.previews import Preview, Previews
from resnet_gui.ui.classify.recent_menu import RecentMenu
from resnet_gui.ui.classify.results_panel import ResultsPanel
from resnet_gui.ui.models.selector import ModelButton, ModelPopup
from resnet_gui.ui.page import Page, PageContext
from resnet_gui.ui.widgets.classes_dialog import ClassesDialog
from resnet_gui.ui.widgets.combo_box import ComboBox
from resnet_gui.ui.widgets.icons import put_icon
from resnet_gui.ui.widgets.images import may_hold_photos, read_mime
from resnet_gui.ui.widgets.photo_list import Photo, PhotoState, percent
from resnet_gui.ui.widgets.plain_text import PlainLabel, set_tooltip, tooltip
from resnet_gui.ui.widgets.problems_panel import ProblemsPanel


class ClassifyPage(Page):
    """Model and device on top, then the photo with its answer, then the strip.

    Attributes:
        controller: the state machine that this page shows.
        crop_action: switches “what the network sees”.
    """

    drop_hint = "Drop to see what it is"

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        lanes, memory, samples = context.lanes, context.memory, context.samples
        self.controller = controller = ClassifyController(
            context.engine,
            lanes.inference,
            lanes.io,
            context.store,
            context.downloads,
            context.imports,
            self,
        )
        self._memory = memory
        self._previews = Previews(lanes.io, self)
        self._previews.made.connect(self._on_preview)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 10)
        column.setSpacing(10)
        column.addLayout(self._header())
        column.addWidget(self.notices)
        self.offer = ModelOffer(controller, self.notices, self)
        self.opening = PhotoOpening(controller, memory, samples, self.notices, self)
        self.empty = EmptyState(samples)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self._work())
        column.addWidget(self.stack, 1)
        self._connect(controller)
        self._offer_actions()
        self._on_current_changed()

    # --- building ---------------------------------------------------------------------------

    def _header(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(10)
        self.model_button = ModelButton()
        self.popup = ModelPopup(self)
        self.classes_button = QPushButton("What can it recognise?")
        self.classes_button.setProperty("kind", "plain")
        put_icon(self.classes_button, "question")
        self.device_box = ComboBox()
        self.device_box.setMinimumWidth(150)
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
        put_icon(self.crop_button, "crop")
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

    def _connect(self, controller: ClassifyController) -> None:
        self.empty.open_requested.connect(self.opening.open_files)
        self.empty.folder_requested.connect(self.opening.open_folder)
        self.empty.paste_requested.connect(self.opening.paste)
        self.empty.sample_chosen.connect(self._on_sample_chosen)
        self.model_button.clicked.connect(self.show_models)
        self.popup.chosen.connect(controller.set_model)
        self.classes_button.clicked.connect(self._on_classes_clicked)
        self.device_box.activated.connect(self._on_device_activated)
        self.crop_action = QAction("What the network &sees", self, checkable=True)
        self.crop_action.toggled.connect(self.crop_button.setChecked)
        self.crop_button.toggled.connect(self._on_crop_toggled)
        self.crop_button.setChecked(self._memory.settings.show_crop)
        self.splitter.splitterMoved.connect(self._memory.save_soon)
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
        controller.photos.rowsInserted.connect(self._on_rows_changed)
        controller.photos.rowsRemoved.connect(self._on_rows_changed)
        controller.photos.modelReset.connect(self._on_rows_changed)

    def _offer_actions(self) -> None:
        keys, opening, controller = QKeySequence.StandardKey, self.opening, self.controller
        self.offer_action(
            "File",
            "&Open photos…",
            opening.open_files,
            keys=keys.Open,
            elsewhere="Classify &photos…",
        )
        self.offer_action(
            "File",
            "Open &folder…",
            opening.open_folder,
            keys="Ctrl+Shift+O",
            elsewhere="Classify a &folder…",
        )
        self.recent_menu = RecentMenu("Open &recent", self._recent, self)
        self.recent_menu.path_chosen.connect(self.wanted)
        self.recent_menu.path_chosen.connect(opening.open_again)
        self.recent_menu.forget_requested.connect(opening.forget)
        self.offer_action("File", self.recent_menu.menuAction(), elsewhere="Open &recent")
        self.offer_action(
            "File", "&Sample photos", opening.open_samples, elsewhere="Classify &sample photos"
        )
        some, several = self._has_photo, self._has_several
        self.offer_action(
            "Edit", "&Copy result", self.copy_result, keys=keys.Copy, usable=self._answered
        )
        self.offer_line("Edit")
        for text, slot, key, usable in (
            ("&Next photo", controller.show_next, "Alt+Right", several),
            ("Pre&vious photo", controller.show_previous, "Alt+Left", several),
            ("&Remove photo from window", controller.remove_current, "Ctrl+Backspace", some),
            ("C&lear window", controller.clear, "", some),
        ):
            self.offer_action("Edit", text, slot, keys=key, usable=usable)
        self.offer_action("View", "Choose &model…", self.show_models, keys="Ctrl+M")
        self.offer_action("View", self.crop_action, keys="Ctrl+E", usable=some)

    def _recent(self) -> Sequence[str]:
        return self._memory.settings.recent

    def _has_photo(self) -> bool:
        return self.controller.current is not None

    def _has_several(self) -> bool:
        return self.controller.photos.rowCount() > 1

    def _answered(self) -> bool:
        photo = self.controller.current
        return photo is not None and photo.prediction is not None

    # --- actions ----------------------------------------------------------------------------

    def paste(self, mime: QMimeData) -> None:
        self.opening.paste()

    @Slot()
    def show_models(self) -> None:
        """Open the model selector."""
        entry = self.controller.entry
        current = entry.spec.id if entry else ""
        self.popup.offline = self.controller.store.offline
        self.popup.open_below(self.model_button, list(self.controller.store.entries), current)
        self.controller.store.refresh()  # a file may have come from elsewhere

    def part_sizes(self) -> tuple[int, ...]:
        """Widths of the photo's and the answer's part; none while they are not shown."""
        return tuple(self.splitter.sizes()) if self.stack.currentIndex() else ()

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
        self._memory.change(device=self.controller.device)

    @Slot(bool)
    def _on_crop_toggled(self, on: bool) -> None:
        self.view.set_show_crop(on)
        self.crop_action.setChecked(on)
        if on != self._memory.settings.show_crop:
            self._memory.change(show_crop=on)

    # --- what the controller says -----------------------------------------------------------

    @Slot()
    def _on_current_changed(self) -> None:
        photo = self.controller.current
        self.results.show_photo(photo, self._hint())
        if photo is None:
            return
        self.strip.show_current(self.controller.photos.row(photo))
        self._show_photo(photo)

    def _hint(self) -> str:
        if self.controller.store.inventory is None:
            return ""
        if self.controller.entry is None and self.controller.store.offline:
            return "No model is on this computer yet. Import one on the Models page."
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
        self.popup.offline = self.controller.store.offline
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
        if entry is not None and entry.spec.id != self._memory.settings.model:
            self._memory.change(model=entry.spec.id)

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

    # --- the photo on the screen --------------------------------------------------------------

    def _show_photo(self, photo: Photo) -> None:
        self.size_label.clear()
        if photo.problem:
            self.view.show_message(photo.problem, failed=True)
        elif (kept := self._previews.get(photo.source)) is not None:
            self._show_preview(kept)
        else:
            self.view.show_message("Opening…")

    @Slot(object)
    def _on_preview(self, made: Preview) -> None:
        current = self.controller.current
        if current is not None and current.source.id == made.photo_id and not current.problem:
            self._show_preview(made)

    def _show_preview(self, preview: Preview) -> None:
        if preview.image is None:
            self.view.show_message("")  # the classifier's error for the same file says why
            return
        self.view.show_photo(preview.image, preview.width, preview.height)
        self.size_label.setText(f"{preview.width:,} × {preview.height:,} pixels")


def _short(name: str) -> str:
    """A device's name without what makers add: "Intel(R) Core(TM) i5" -> "Intel Core i5"."""
    for mark in ("(R)", "(TM)", "(tm)", "Processor", "CPU"):
        name = name.replace(mark, " ")
    name = " ".join(name.split("@")[0].split())
    return name if len(name) <= 32 else name[:31] + "…"
