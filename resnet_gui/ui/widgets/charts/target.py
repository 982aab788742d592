"""Where a chart's file goes: asks the person, and before something is replaced once more."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from resnet_gui.ui.widgets.questions import REPLACE, ask_to_replace


class SaveTarget(QObject):
    """Signals:
    chosen(object): a job that writes the file and returns its path.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._widget = parent
        self._waiting: Callable[[], Iterator[object]] | None = None  # for leave to replace a file

    def ask(
        self,
        title: str,
        name: str,
        suffix: str,
        kind: str,
        write: Callable[[Path], Iterator[object]],
    ) -> None:
        """
        Args:
            name: what the file is about. suffix: ".png". kind: "Pictures".
        """
        # The file dialog would ask about another file (without the suffix) and take its name for
        # HTML: the question before replacing is ours.
        chosen, _ = QFileDialog.getSaveFileName(
            self._widget,
            title,
            str(Path.home() / f"{file_name(name)}{suffix}"),
            f"{kind} (*{suffix})",
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        if not chosen:
            return
        target = Path(chosen if chosen.lower().endswith(suffix) else chosen + suffix)
        if not target.exists():
            self.chosen.emit(partial(write, target))
            return
        self._waiting = partial(write, target)
        ask_to_replace(self._widget, title, target, self._on_answered)

    @Slot(int)
    def _on_answered(self, answer: int) -> None:
        if answer == REPLACE:
            self.chosen.emit(self._waiting)
        self._waiting = None


def file_name(title: str) -> str:
    """A title as a file's name."""
    words = re.sub(r"[^\w ,.-]+", " ", title)
    return re.sub(r"[ ,]*\s+[ ,]*", " ", words).strip(" ,.") or "Chart"
