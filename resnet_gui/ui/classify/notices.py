"""The notices above the photo that come with a button: undo a removal, train on a folder."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.classify.photo_intake import LabelledFolder
from resnet_gui.ui.widgets.notice_bar import NoticeBar, NoticeLine
from resnet_gui.ui.widgets.plain_text import one_line


class RemovalNotice(QObject):
    """One notice for all that was removed while it is there; closed by hand, they are forgotten."""

    def __init__(self, controller: ClassifyController, notices: NoticeBar, parent: QObject) -> None:
        super().__init__(parent)
        self._controller, self._notices = controller, notices
        self._notice: NoticeLine | None = None
        controller.removals.changed.connect(self._refresh)

    @Slot()
    def _refresh(self) -> None:
        if self._notice is not None:
            self._notices.remove(self._notice)
            self._notice = None
        text = self._controller.removals.text
        if text:
            self._notice = self._notices.add(text, "notice", "Undo")
            self._notice.acted.connect(self._controller.undo_removal)
            self._notice.closed.connect(self._controller.removals.forget)


class LabelledNotice(QObject):
    """Says of a folder with a folder per class what else can be done with it.

    Signals:
        train_requested(object), test_requested(object): the folder's path.
    """

    train_requested = Signal(object)
    test_requested = Signal(object)

    def __init__(self, controller: ClassifyController, notices: NoticeBar, parent: QObject) -> None:
        super().__init__(parent)
        self._notices = notices
        self._notice: NoticeLine | None = None
        self._folder = Path()
        self._photos = controller.photos
        controller.labelled.connect(self._on_labelled)
        self._photos.modelReset.connect(self._on_photos_gone)
        self._photos.rowsRemoved.connect(self._on_photos_gone)

    @Slot(object)
    def _on_labelled(self, found: LabelledFolder) -> None:
        self._withdraw()
        self._folder = found.path
        name = one_line(found.path.name, 60)
        self._notice = self._notices.add(
            f"“{name}” holds {found.classes:,} folders of photos. If each is one class, a model "
            "can learn them, or be tested on them.",
            "notice",
            "Train on it",
        )
        self._notice.acted.connect(self._on_acted)
        self._notice.add_button("Test a model on it").clicked.connect(self._on_test)

    @Slot()
    def _on_photos_gone(self, *_: object) -> None:
        if not self._photos.rowCount():
            self._withdraw()

    def _withdraw(self) -> None:
        if self._notice is not None:
            self._notices.remove(self._notice)
        self._notice = None

    @Slot()
    def _on_test(self) -> None:
        self._withdraw()
        self.test_requested.emit(self._folder)

    @Slot()
    def _on_acted(self) -> None:
        self._withdraw()
        self.train_requested.emit(self._folder)
