"""The ways to photos beside a drop: dialogs, the clipboard, samples, what was opened before."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from resnet_gui.core.photos.endings import IMAGE_SUFFIXES
from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.memory import Memory
from resnet_gui.ui.widgets.images import clipboard_mime, read_mime
from resnet_gui.ui.widgets.notice_bar import NoticeBar


class PhotoOpening(QObject):
    """Asks what to open and remembers what was."""

    def __init__(
        self,
        controller: ClassifyController,
        memory: Memory,
        samples: list[Path],
        notices: NoticeBar,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._controller, self._memory, self._samples = controller, memory, samples
        self._notices, self._page = notices, parent
        controller.opened.connect(self._on_opened)

    @Slot()
    def open_files(self) -> None:
        patterns = " ".join(f"*{suffix} *{suffix.upper()}" for suffix in sorted(IMAGE_SUFFIXES))
        names, _ = QFileDialog.getOpenFileNames(
            self._page.window(),
            "Open photos",
            self._memory.settings.last_folder,
            f"Photos ({patterns});;All files (*)",
        )
        self._open([Path(name) for name in names])

    @Slot()
    def open_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(
            self._page.window(), "Open folder", self._memory.settings.last_folder
        )
        self._open([Path(name)] if name else [])

    def _open(self, paths: list[Path]) -> None:
        if paths:
            self._memory.change(last_folder=str(paths[0].parent))
            self._controller.open_paths(paths)

    @Slot()
    def open_samples(self) -> None:
        self._controller.open_paths(self._samples)

    @Slot(object)
    def open_again(self, name: str) -> None:
        """Open what was opened before."""
        self._controller.open_paths([Path(name)])

    @Slot()
    def forget(self) -> None:
        """Remember no more what was opened."""
        self._memory.change(recent=())

    @Slot()
    def paste(self) -> None:
        dropped = read_mime(clipboard_mime())
        if dropped:
            self._controller.open_dropped(dropped)
        else:
            self._notices.add("There is no photo on the clipboard.", "miss")

    @Slot(object)
    def _on_opened(self, path: str) -> None:
        if Path(path) not in self._samples:
            self._memory.opened(path)
