"""The notice of a file that was just saved, which can be opened or shown in its folder."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Slot

from resnet_gui.ui.widgets.notice_bar import NoticeBar, NoticeLine
from resnet_gui.ui.widgets.reveal import Reveal


class SavedFile(QObject):
    """Lives with its notice: each opens the file that it speaks of, and not the one saved last."""

    def __init__(self, notice: NoticeLine, path: Path, what: str, reveal: Reveal) -> None:
        super().__init__(notice)
        self._path, self._what, self._reveal = path, what, reveal
        notice.acted.connect(self._on_open)
        notice.add_button("Show in folder").clicked.connect(self._on_show)

    @Slot()
    def _on_open(self) -> None:
        self._reveal.open(self._path, self._what)

    @Slot()
    def _on_show(self) -> None:
        self._reveal.show(self._path)


def say_saved(notices: NoticeBar, reveal: Reveal, text: str, path: Path, what: str) -> NoticeLine:
    """Say it, with both buttons.

    Args:
        what: the file is called in a sentence.

    Returns:
        the notice: the one that is there already, if the same was saved before.
    """
    notice = notices.add(text, "notice", "Open")
    if notice.findChild(SavedFile) is None:
        SavedFile(notice, path, what, reveal)
    return notice
