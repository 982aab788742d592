"""The Models page: every model with what it needs, what it takes and what can be done with it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QModelIndex, QObject, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.ui.models.card import ModelCard
from resnet_gui.ui.models.controller import ModelsController
from resnet_gui.ui.models.naming import ClassNaming
from resnet_gui.ui.models.view import ColumnTitles, ModelRowDelegate
from resnet_gui.ui.page import Page, PageContext
from resnet_gui.ui.widgets.icons import put_icon
from resnet_gui.ui.widgets.images import read_mime
from resnet_gui.ui.widgets.notice_bar import NoticeLine
from resnet_gui.ui.widgets.plain_text import ElidedLabel, PlainLabel, one_line, set_tooltip
from resnet_gui.ui.widgets.reveal import Reveal
from resnet_gui.ui.widgets.titled_list_view import TitledListView
from resnet_gui.ui.widgets.words import size_text

_FILES = "Weights and models (*.pth *.pt *.h5 *.hdf5 *.safetensors bundle.json);;All files (*)"


class ModelsPage(Page):
    """Search and actions on top, the list with the chosen model's card, disk use below.

    Attributes:
        controller: the state machine that this page shows.

    Signals:
        settings_requested(): the window opens the settings.
        train_requested(str): the Train page should start from the model of this id.
        test_requested(str): the Evaluate page should test it.
        class_requested(str): the model of this id should get one class more.
    """

    drop_hint = "Drop to import weights or a model"
    takes = "a file of weights or a model"
    settings_requested = Signal()
    train_requested = Signal(str)
    test_requested = Signal(str)
    class_requested = Signal(str)

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self.controller = controller = ModelsController(
            context.means, context.downloads, context.imports, self
        )
        self._import_notice: NoticeLine | None = None
        self._offline_notice: NoticeLine | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 10)
        column.setSpacing(10)
        column.addLayout(self._header())
        column.addWidget(self.notices)
        self.reveal = Reveal(context.lanes.io, self.notices, self)
        self.card = ModelCard(controller)
        self.naming = ClassNaming(controller, context.lanes.io, self.notices, self)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(10)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self._list())
        self.splitter.addWidget(self.card)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setSizes([640, 330])
        column.addWidget(self.splitter, 1)
        column.addLayout(self._footer())
        self._connect(controller)
        keys, text = QKeySequence.StandardKey, "&Import weights…"
        self.offer_action("File", text, self.choose_import, keys=keys.Open, elsewhere=text)
        self.offer_action("Edit", "&Find a model", self.search.setFocus, keys=keys.Find)
        self.refresh_theme()
        self.card.show_current()
        self._on_inventory_changed()

    # --- building ---------------------------------------------------------------------------

    def _header(self) -> QHBoxLayout:
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search models")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search models")
        self.search.setMaximumWidth(340)
        self.search.setMinimumHeight(34)
        self.import_button = QPushButton("Import weights…")
        put_icon(self.import_button, "drop")
        set_tooltip(
            self.import_button,
            "Take in a .pth, .pt, .h5 or .safetensors file, or an offline kit of another computer",
        )
        self.settings_button = QPushButton("Settings…")
        set_tooltip(self.settings_button, "Network, mirror, offline mode, folder for weights")
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.search, 1)
        row.addStretch()
        row.addWidget(self.import_button)
        row.addWidget(self.settings_button)
        return row

    def _list(self) -> QWidget:
        self.view = TitledListView()
        self.view.setModel(self.controller.models)
        self.view.setItemDelegate(ModelRowDelegate(self.controller, self.view))
        self.view.setMouseTracking(True)
        self.view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setResizeMode(QListView.ResizeMode.Adjust)
        self.view.setProperty("kind", "bare")
        self.view.setAccessibleName("Models")
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.titles = ColumnTitles(self.view)
        self.view.viewport().installEventFilter(self)
        self.empty_text = PlainLabel()
        self.empty_text.setWordWrap(True)
        self.empty_text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty_text.setProperty("kind", "muted")
        self.clear_search = QPushButton("Show all models")
        self.empty = QWidget()
        middle = QVBoxLayout(self.empty)
        middle.addStretch()
        middle.addWidget(self.empty_text)
        middle.addWidget(self.clear_search, alignment=Qt.AlignmentFlag.AlignHCenter)
        middle.addStretch()
        frame = QFrame()
        frame.setProperty("kind", "card")
        frame.setMinimumWidth(300)
        column = QVBoxLayout(frame)
        column.setContentsMargins(2, 8, 2, 6)
        column.setSpacing(2)
        column.addWidget(self.titles)
        column.addWidget(self.view, 1)
        column.addWidget(self.empty, 1)
        return frame

    def _footer(self) -> QHBoxLayout:
        self.use_label = ElidedLabel(tip=False)
        self.use_label.setProperty("kind", "muted")
        self.folder_button = QPushButton("Open folder")
        self.folder_button.setProperty("kind", "plain")
        row = QHBoxLayout()
        row.addWidget(self.use_label, 1)
        row.addWidget(self.folder_button)
        return row

    def _connect(self, controller: ModelsController) -> None:
        self.search.textChanged.connect(self._on_search_changed)
        self.clear_search.clicked.connect(self.search.clear)
        self.import_button.clicked.connect(self.choose_import)
        self.settings_button.clicked.connect(self.settings_requested)
        self.folder_button.clicked.connect(self._on_folder_clicked)
        self.card.settings_requested.connect(self.settings_requested)
        self.card.names_requested.connect(self.naming.ask)
        self.card.reveal_requested.connect(self._on_reveal_requested)
        self.view.selectionModel().currentChanged.connect(self._on_row_changed)
        self.view.doubleClicked.connect(self._on_double_clicked)
        self.view.customContextMenuRequested.connect(self._on_menu_requested)
        self.card.train_requested.connect(self.train_requested)
        self.card.test_requested.connect(self.test_requested)
        self.card.class_requested.connect(self.class_requested)
        controller.store.changed.connect(self._on_inventory_changed)
        controller.current_changed.connect(self._show_selected)
        controller.downloads.changed.connect(self._on_downloads_changed)
        controller.import_changed.connect(self._on_import_changed)
        controller.noticed.connect(self._on_noticed)

    # --- the window asks --------------------------------------------------------------------

    def may_take(self, mime: QMimeData) -> bool:
        """Whether this page can use what is dragged over it: files and folders."""
        return any(url.isLocalFile() for url in mime.urls())

    def take(self, mime: QMimeData) -> None:
        """Import what was dropped."""
        self.controller.import_paths(read_mime(mime).paths)

    def shown(self) -> None:
        self.controller.watched = True
        self.controller.refresh()

    def hidden(self) -> None:
        self.controller.watched = False

    def refresh_theme(self) -> None:
        """Take the theme's new colours for what is drawn once."""
        self.card.refresh_theme()

    @Slot()
    def choose_import(self) -> None:
        """Ask for files to import. Not modal: the window stays alive behind the dialog."""
        dialog = QFileDialog(self, "Import weights", "", _FILES)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filesSelected.connect(self._on_files_selected)
        dialog.open()

    # --- what the person does ---------------------------------------------------------------

    @Slot(list)
    def _on_files_selected(self, names: list[str]) -> None:
        self.controller.import_paths([Path(name) for name in names])

    @Slot(str)
    def _on_search_changed(self, text: str) -> None:
        models = self.controller.models
        self.controller.search(text)
        first = models.entry(models.first_entry_row())
        if models.row_of(self.controller.current_id) < 0 and first is not None:
            self.controller.select(first.spec.id)
        self._show_found()
        self._show_selected()
        self.card.show_current()

    @Slot(QModelIndex, QModelIndex)
    def _on_row_changed(self, current: QModelIndex, previous: QModelIndex) -> None:
        entry = self.controller.models.entry(current.row())
        if entry is not None:
            self.controller.select(entry.spec.id)

    @Slot(QModelIndex)
    def _on_double_clicked(self, index: QModelIndex) -> None:
        entry = self.controller.models.entry(index.row())
        if entry is not None and entry.state.ready:
            self.controller.use()

    @Slot(QPoint)
    def _on_menu_requested(self, place: QPoint) -> None:
        """What the card can do with a model, at the model."""
        index = self.view.indexAt(place)
        if self.controller.models.entry(index.row()) is not None:
            self.view.setCurrentIndex(index)
            self.card.menu().popup(self.view.viewport().mapToGlobal(place))

    @Slot()
    def _on_reveal_requested(self) -> None:
        entry = self.controller.current
        if entry is not None and entry.weights_path is not None:
            self.reveal.show(entry.weights_path)

    @Slot()
    def _on_folder_clicked(self) -> None:
        if self.controller.inventory is not None:
            self._reveal(self.controller.inventory.use.folder)

    def _reveal(self, path: Path) -> None:
        self.reveal.show(path, "is not there yet: the first download makes it.")

    # --- what the controller says -----------------------------------------------------------

    @Slot()
    def _on_inventory_changed(self) -> None:
        self._show_found()
        self._show_selected()
        inventory = self.controller.inventory
        if inventory is None:
            return
        use = inventory.use
        parts = [
            f"{size_text(size)} {what}"
            for size, what in (
                (use.weights, "downloaded"),
                (use.parts, "of interrupted downloads"),
                (use.own, "your own"),
                (use.bundled, "came with the program"),
            )
            if size
        ]
        total = size_text(use.total) if use.total else "nothing"
        text = f"On this disk: {total}, {size_text(use.free)} free"
        self.use_label.setText(f"{text}  ·  {', '.join(parts)}" if len(parts) > 1 else text)
        set_tooltip(self.use_label, "\n".join(parts))
        set_tooltip(self.folder_button, f"Where downloaded weights are kept: {use.folder}")
        self._show_offline(inventory.settings.offline)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The list's width decides whether it has columns."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self.titles.fit()
        return super().eventFilter(watched, event)

    def _show_offline(self, offline: bool) -> None:
        if offline and self._offline_notice is None:
            self._offline_notice = self.notices.add(
                "Offline mode is on: the network is never used.", "notice", "Settings…"
            )
            self._offline_notice.close_button.hide()
            self._offline_notice.acted.connect(self.settings_requested)
        elif not offline and self._offline_notice is not None:
            self.notices.remove(self._offline_notice)
            self._offline_notice = None

    def _show_found(self) -> None:
        found = self.controller.models.rowCount() > 0
        looked = self.controller.inventory is not None
        self.view.setVisible(found or not looked)
        self.titles.fit()
        self.empty.setVisible(looked and not found)
        searched = self.controller.searched
        self.empty_text.setText(f"No model matches “{searched}”." if searched else "No models.")
        self.clear_search.setVisible(bool(searched))

    @Slot()
    def _show_selected(self) -> None:
        """Select the chosen model's row; the list was perhaps made anew."""
        models = self.controller.models
        row = models.row_of(self.controller.current_id)
        if row == self.view.currentIndex().row():
            return
        index = models.index(row) if row >= 0 else QModelIndex()
        self.view.setCurrentIndex(index)
        if row >= 0:
            self.view.scrollTo(index)

    @Slot()
    def _on_downloads_changed(self) -> None:
        self.busy_changed.emit(self.controller.downloads.busy)

    @Slot()
    def _on_import_changed(self) -> None:
        progress = self.controller.imports.progress
        if progress is None:
            if self._import_notice is not None:
                self.notices.remove(self._import_notice)
                self._import_notice = None
            return
        if self._import_notice is None:
            notice = self.notices.add(f"Importing {one_line(progress.name)}", "notice", "Cancel")
            notice.close_button.hide()
            notice.acted.connect(self.controller.imports.cancel)
            notice.bar.show()
            self._import_notice = notice
        notice = self._import_notice
        notice.label.setText(progress.note or f"Importing {one_line(progress.name)}…")
        notice.bar.show_progress(progress.done, progress.total)

    @Slot(object, str)
    def _on_noticed(self, text: str, kind: str) -> None:
        if self.controller.searched == "" and self.search.text():
            self.search.clear()
        self.notices.add(text, kind)
