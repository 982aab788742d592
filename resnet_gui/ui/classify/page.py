"""The Classify page: everything that shows what the controller knows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, QModelIndex, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.classify.device_box import DeviceBox
from resnet_gui.ui.classify.empty_state import EmptyState
from resnet_gui.ui.classify.hints import hint_of
from resnet_gui.ui.classify.imported_notice import ImportedNotice
from resnet_gui.ui.classify.library_look import LibraryLook
from resnet_gui.ui.classify.notices import LabelledNotice, RemovalNotice
from resnet_gui.ui.classify.offer import ModelOffer
from resnet_gui.ui.classify.open_button import OpenButton
from resnet_gui.ui.classify.opening import PhotoOpening
from resnet_gui.ui.classify.photo_actions import PhotoActions
from resnet_gui.ui.classify.photo_panel import PhotoPanel
from resnet_gui.ui.classify.photo_strip import PhotoStrip
from resnet_gui.ui.classify.recent_menu import RecentMenu
from resnet_gui.ui.classify.results_panel import ResultsPanel
from resnet_gui.ui.classify.sorting import Sorting
from resnet_gui.ui.classify.why import Why
from resnet_gui.ui.classify.why_view import WhyView
from resnet_gui.ui.models.selector import ModelButton, ModelPopup
from resnet_gui.ui.page import Page, PageContext
from resnet_gui.ui.widgets.classes_dialog import ClassesDialog
from resnet_gui.ui.widgets.icons import put_icon
from resnet_gui.ui.widgets.images import may_hold_photos, read_mime
from resnet_gui.ui.widgets.plain_text import set_tooltip
from resnet_gui.ui.widgets.problems_panel import ProblemsPanel

_NARROW = 780  # points: in a page of less width a button has no text


class ClassifyPage(Page):
    """Model and device on top, then the photo with its answer, then the strip.

    Attributes:
        controller: the state machine that this page shows.
        crop_action: switches “what the network sees”. undo_action: brings back what was removed.

    Signals:
        train_requested(object), test_requested(object): a folder's path; the Train or the Evaluate
            page should open it.
    """

    drop_hint = "Drop to see what it is"
    other_keys = (
        ("Left, Right", "The photo before or after, in the row of photos"),
        ("Del", "Remove photo, in the row of photos"),
        ("Enter", "Open in another program, in the row of photos; large, in a grid or table"),
        ("Ctrl+A", "Select all photos, in a grid or table"),
        ("Space", "Where the model looked for a class, in the answer"),
        ("Esc", "The photo alone again, without where the model looked"),
    )
    train_requested = Signal(object)
    test_requested = Signal(object)

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        lanes, memory, samples = context.lanes, context.memory, context.samples
        self.controller = controller = ClassifyController(
            context.means, context.downloads, context.imports, self
        )
        self._memory = memory
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 10)
        column.setSpacing(10)
        self.opening = PhotoOpening(controller, memory, samples, self.notices, self)
        self.photo_actions = PhotoActions(controller, lanes.io, self.notices, self)
        column.addLayout(self._header())
        column.addWidget(self.notices)
        self.offer = ModelOffer(controller, self.notices, self)
        self.removal_notice = RemovalNotice(controller, self.notices, self)
        self.labelled_notice = LabelledNotice(controller, self.notices, self)
        self.imported_notice = ImportedNotice(controller, self.notices, self)
        self.labelled_notice.train_requested.connect(self.train_requested)
        self.sorting = Sorting(controller, context, self.photo_actions.reveal, self)
        self.labelled_notice.test_requested.connect(self.test_requested)
        self.empty = EmptyState(samples)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self._work(context))
        column.addWidget(self.stack, 1)
        self._connect(controller)
        why = Why(controller, context.engine, lanes.inference, self)
        self.why_view = WhyView(why, self.photo_panel, self.results, self.photo_actions, self)
        self._offer_actions()
        self._on_rows_changed()
        self._on_current_changed()

    # --- building ---------------------------------------------------------------------------

    def _header(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(10)
        self.model_button = ModelButton()
        self.popup = ModelPopup(self)
        self.classes_button = QPushButton("What can it recognise?")
        self.classes_button.setProperty("kind", "plain")
        self.classes_button.setAccessibleName("What can it recognise?")
        put_icon(self.classes_button, "question")
        set_tooltip(self.classes_button, "The classes that this model knows")
        self.open_button = OpenButton(self.opening)
        self.device_box = DeviceBox(self.controller, self._memory)
        self._top = self.model_button, self.classes_button, self.device_box, self.open_button
        for widget in self._top:
            row.addWidget(widget)
        row.insertStretch(2)
        return row

    def _work(self, context: PageContext) -> QWidget:
        self.photo_panel = left = PhotoPanel(context.lanes.io)
        self.view, self.crop_button = left.view, left.crop_button
        self.results = ResultsPanel()
        self.problems = ProblemsPanel(self.controller.photos)
        right = QWidget()
        right_column = QVBoxLayout(right)
        right_column.setContentsMargins(0, 0, 0, 0)
        right_column.setSpacing(8)
        right_column.addWidget(self.results, 1)
        right_column.addWidget(self.problems)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(10)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(left)
        self.splitter.addWidget(right)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setSizes([700, 340])
        self.strip = PhotoStrip(self.controller.photos)
        self.look = LibraryLook(
            self.controller, self.splitter, self.strip, self.photo_actions, context, self
        )
        work = QWidget()
        column = QVBoxLayout(work)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        # No stretch: what stretches is squeezed first, and the answers need the room the most.
        expanding = QSizePolicy.Policy.Expanding
        self.look.stack.setSizePolicy(expanding, expanding)
        column.addWidget(self.look.stack)
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
        self.crop_action = QAction("What the network &sees", self, checkable=True)
        self.crop_action.toggled.connect(self.crop_button.setChecked)
        self.crop_button.toggled.connect(self._on_crop_toggled)
        self.crop_button.setChecked(self._memory.settings.show_crop)
        self.splitter.splitterMoved.connect(self._memory.save_soon)
        self.results.copy_requested.connect(self.copy_result)
        self.results.menu_requested.connect(self.photo_actions.pop_up_class)
        self.view.menu_requested.connect(self._on_menu_requested)
        self.view.open_requested.connect(self._on_open_requested)
        self.problems.menu_requested.connect(self.photo_actions.pop_up)
        self.strip.menu_requested.connect(self.photo_actions.pop_up)
        self.strip.open_requested.connect(self.photo_actions.open)
        self.strip.remove_requested.connect(controller.remove)
        self.problems.chosen.connect(controller.select)
        self.strip.chosen.connect(controller.select)
        self.strip.appeared.connect(self._on_strip_appeared)
        self.strip.stop_requested.connect(controller.stop)
        self.strip.go_on_requested.connect(controller.go_on)
        self.strip.clear_requested.connect(controller.clear)
        self.strip.unsure_requested.connect(self.show_next_unsure)
        self.look.photo_shown.connect(self._on_current_changed)
        self.strip.sort_requested.connect(self.sorting.open_dialog)
        self.look.sort_requested.connect(self.sorting.open_dialog)
        self.sorting.choose_from(self.look.worked_on)
        controller.taken.connect(self.notices.forget_misses)
        controller.current_changed.connect(self._on_current_changed)
        controller.model_changed.connect(self._on_model_changed)
        controller.store.changed.connect(self._on_store_changed)
        controller.progress_changed.connect(self.strip.show_progress)
        controller.noticed.connect(self.notices.add)
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
        self.offer_action("File", self.recent_menu.menuAction(), elsewhere="Classify &recent")
        self.offer_action(
            "File", "&Sample photos", opening.open_samples, elsewhere="Classify &sample photos"
        )
        some, several, look = self._has_photo, self._has_several, self.look
        look.offer_export()
        self.sorting.offer_sort()
        self.offer_action(
            "Edit", "&Copy result", self.copy_result, keys=keys.Copy, usable=self._answered
        )
        self.undo_action = self.offer_action(
            "Edit",
            "&Undo removal",
            controller.undo_removal,
            keys=keys.Undo,
            usable=self._something_removed,
        )
        self.sorting.offer_undo(self.undo_action)
        self.offer_line("Edit")
        for text, slot, key, usable in (
            ("&Next photo", controller.show_next, "Alt+Right", several),
            ("Pre&vious photo", controller.show_previous, "Alt+Left", several),
            ("Next un&sure photo", self.show_next_unsure, "Ctrl+U", self._has_unsure),
            ("&Remove photo from list", self.remove_chosen, "Ctrl+Backspace", some),
            ("C&lear list", controller.clear, "", some),
        ):
            self.offer_action("Edit", text, slot, keys=key, usable=usable)
        look.offer_looks()
        self.offer_action("View", "Choose &model…", self.show_models, keys="Ctrl+M")
        self.offer_action("View", self.crop_action, keys="Ctrl+E", usable=some)
        self.why_view.offer_actions()

    def _recent(self) -> Sequence[str]:
        return self._memory.settings.recent

    def _has_photo(self) -> bool:
        return self.controller.current is not None

    def _has_several(self) -> bool:
        return self.controller.photos.rowCount() > 1

    def _has_unsure(self) -> bool:
        return self.controller.photos.next_unsure(-1) >= 0

    def _something_removed(self) -> bool:
        return bool(self.controller.removals.text)

    def _answered(self) -> bool:
        photo = self.controller.current
        return photo is not None and photo.prediction is not None

    @Slot()
    def _on_strip_appeared(self) -> None:
        """The arrow keys walk through photos that have just come, unless somebody is at work."""
        focused = self.window().focusWidget()
        if focused is None or focused in self._top or not focused.isVisibleTo(self):
            self.strip.view.setFocus()

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

    @Slot()
    def show_next_unsure(self) -> None:
        """Go to the next photo of which the model is not sure."""
        photo, photos = self.controller.current, self.controller.photos
        row = photos.next_unsure(photos.row(photo) if photo is not None else -1)
        if row >= 0:
            self.controller.select(row)

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
            self.notices.add("What was dropped holds no photo that can be read.", "miss")

    @Slot()
    def remove_chosen(self) -> None:
        """Take out of the list what is selected in the library, or the photo on the screen."""
        if self.look.shown is not None:
            self.controller.remove_many(self.look.shown.selected())
        else:
            self.controller.remove_current()

    @Slot()
    def copy_result(self) -> None:
        """Put the current answer on the clipboard, one line per class."""
        if self.look.shown is not None:
            self.photo_actions.copy_table(self.look.shown.selected())
        elif self.controller.current is not None:
            self.photo_actions.copy_answer(self.controller.current, self.results.copy)

    # --- what the person does ---------------------------------------------------------------

    @Slot(object)
    def _on_sample_chosen(self, path: Path) -> None:
        self.controller.open_paths([path])

    @Slot()
    def _on_classes_clicked(self) -> None:
        if self.controller.entry is not None:
            ClassesDialog(self.controller.entry.spec, self.window()).show()

    @Slot(QPoint)
    def _on_menu_requested(self, at: QPoint) -> None:
        if self.controller.current is not None:
            self.photo_actions.pop_up(self.controller.current, at)

    @Slot()
    def _on_open_requested(self) -> None:
        if self.controller.current is not None:
            self.photo_actions.open(self.controller.current)

    @Slot(bool)
    def _on_crop_toggled(self, on: bool) -> None:
        self.crop_action.setChecked(on)
        if on != self._memory.settings.show_crop:
            self._memory.change(show_crop=on)

    # --- what the controller says -----------------------------------------------------------

    @Slot()
    def _on_current_changed(self) -> None:
        photo = self.controller.current
        self.results.show_photo(photo, hint_of(self.controller))
        if photo is None:
            return
        self.strip.show_current(self.controller.photos.row(photo))
        if self.look.shown is None:
            self.photo_panel.show_photo(photo)

    @Slot(QModelIndex, int, int)
    def _on_rows_changed(self, *_: object) -> None:
        some = self.controller.photos.rowCount() > 0
        self.stack.setCurrentIndex(int(some))
        self.open_button.setVisible(some)  # without photos there are larger ones

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
        self.photo_panel.set_preprocessing(entry.spec.preprocessing if entry else None)
        self._on_current_changed()
        if entry is not None and entry.spec.id != self._memory.settings.model:
            self._memory.change(model=entry.spec.id)

    # --- room -------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        self.classes_button.setText("" if narrow else "What can it recognise?")
