"""The one notice about photos that a training could not read."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Slot

from resnet_gui.core.dataset.summary import count_noun, name_list
from resnet_gui.core.runs.events import PhotoSkipped
from resnet_gui.ui.widgets.notice_bar import NoticeBar, NoticeLine
from resnet_gui.ui.widgets.plain_text import one_line

_LONGEST_NAME = 40


class SkippedPhotos(QObject):
    """A folder that is moved in mid-run is many photos: they share a line, which grows."""

    def __init__(self, notices: NoticeBar, parent: QObject) -> None:
        super().__init__(parent)
        self._notices = notices
        self._notice: NoticeLine | None = None

    @Slot(object)
    def show(self, skipped: list[PhotoSkipped]) -> None:
        """All photos that the run has skipped so far; none: the run or the folder is another."""
        if not skipped:
            if self._notice is not None:
                self._notices.remove(self._notice)
            self._notice = None
        elif self._notice is None:
            self._notice = self._notices.add(skipped_text(skipped), "warning")
            self._notice.left.connect(self._on_left)
        else:
            self._notice.label.setText(skipped_text(skipped))

    @Slot()
    @Slot(object)
    def forget(self, *_: object) -> None:
        """What was skipped says nothing of another folder or run."""
        self.show([])

    @Slot()
    def _on_left(self) -> None:
        self._notice = None


def skipped_text(skipped: list[PhotoSkipped]) -> str:
    """What happened to some photos: to one in whole, of more the names."""
    if len(skipped) == 1:
        return skipped[0].message
    names = [one_line(Path(item.path).name, _LONGEST_NAME) for item in skipped]
    return (
        f"{count_noun(len(skipped), 'photo')} could not be read and are left out: "
        f"{name_list(names)}. Were they moved or deleted?"
    )
