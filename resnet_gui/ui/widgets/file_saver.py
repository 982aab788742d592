"""Saving something as a file: the person says where, and once more before something is replaced.
The disk is asked and written in the io lane."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import shiboken6
from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QDialog, QFileDialog, QWidget

from resnet_gui.core.system.paths import home_dir
from resnet_gui.jobs.lane import JobLane, Priority
from resnet_gui.ui.widgets.questions import REPLACE, ask_to_replace

Write = Callable[[Path], Iterator[object]]


@dataclass(frozen=True, slots=True)
class Saving:
    """What a person wants to save.

    Attributes:
        title: of the question before replacing. asker: over whose window it appears. If that is a
            dialog which was closed meanwhile, nothing is saved.
        write: makes a job of the file's path.
    """

    title: str
    target: Path
    write: Write
    asker: QWidget


def ask_where(
    asker: QWidget, title: str, name: str, suffix: str, kind: str, write: Write
) -> Saving | None:
    """Let the person choose a file in a dialog.

    Args:
        name: the file's, to begin with, without the suffix. suffix: ".png". kind: "Pictures".

    Returns:
        None: nothing was chosen.
    """
    # The file dialog would ask about another file (without the suffix) and take its name for HTML:
    # the question before replacing is ours.
    chosen, _ = QFileDialog.getSaveFileName(
        asker,
        title,
        str(home_dir() / f"{name}{suffix}"),
        f"{kind} (*{suffix})",
        options=QFileDialog.Option.DontConfirmOverwrite,
    )
    if not chosen:
        return None
    target = Path(chosen if chosen.lower().endswith(suffix) else chosen + suffix)
    return Saving(title, target, write, asker)


def file_name(title: str) -> str:
    """A title as a file's name."""
    words = re.sub(r"[^\w ,.-]+", " ", title)
    return re.sub(r"[ ,]*\s+[ ,]*", " ", words).strip(" ,.") or "Chart"


class FileSaver(QObject):
    """Signals:
    began(): it is written now, and nobody asks any more. saved(object): what the writing job
        returned. failed(object): an Exception. kept(): nothing is written, what has that name
        stays.
    """

    began = Signal()
    saved = Signal(object)
    failed = Signal(object)
    kept = Signal()

    def __init__(self, io: JobLane, parent: QObject) -> None:
        super().__init__(parent)
        self._io = io

    @Slot(object)
    def save(self, saving: Saving) -> None:
        job = self._io.submit(partial(_look, saving), Priority.INTERACTIVE)
        job.finished.connect(self._on_looked)
        job.failed.connect(self.failed)

    @Slot(object)
    def _on_looked(self, found: tuple[Saving, bool]) -> None:
        saving, taken = found
        if _was_closed(saving.asker):
            return
        if not taken:
            self._write(saving)
        elif shiboken6.isValid(saving.asker):
            answered = partial(self._on_answered, saving)
            ask_to_replace(saving.asker, saving.title, saving.target, answered)

    def _on_answered(self, saving: Saving, answer: int) -> None:
        if answer == REPLACE:
            self._write(saving)
        else:
            self.kept.emit()

    def _write(self, saving: Saving) -> None:
        job = self._io.submit(partial(saving.write, saving.target), Priority.INTERACTIVE)
        job.finished.connect(self.saved)
        job.failed.connect(self.failed)
        self.began.emit()


def _was_closed(asker: QWidget) -> bool:
    """Whether it is a dialog that a person has closed: by that they took back what they chose."""
    return isinstance(asker, QDialog) and not (shiboken6.isValid(asker) and asker.isVisible())


def _look(saving: Saving) -> Generator[None, None, tuple[Saving, bool]]:
    """Whether something has its name already."""
    yield None
    return saving, saving.target.exists()
