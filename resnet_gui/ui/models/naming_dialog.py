"""“Name the classes…”: a list to type in, or from a text file."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.words import count_noun
from resnet_gui.core.zoo import ModelSpec
from resnet_gui.core.zoo.storage.class_names import parse_names, problem_with, read_names
from resnet_gui.jobs.lane import JobLane, Priority
from resnet_gui.ui.widgets.kind import set_kind
from resnet_gui.ui.widgets.plain_text import PlainLabel, one_line, window_title
from resnet_gui.ui.widgets.screen_room import fit_to_screen
from resnet_gui.ui.widgets.words import sentence

_FILES = "Lists of names (*.txt *.csv *.names *.labels);;All files (*)"


class NamingDialog(QDialog):
    """One name per line; it says at once whether they fit.

    Signals:
        names_given(object, object): the model's path, and a tuple of as many names as it has
            classes.
    """

    names_given = Signal(object, object)

    def __init__(self, spec: ModelSpec, io: JobLane, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path, self._count, self._before = spec.path, len(spec.classes), spec.classes
        self._io = io
        self.setWindowTitle(window_title(f"Name the classes of {one_line(spec.title, 60)}"))
        fit_to_screen(self, 440, 520)
        total = count_noun(self._count, "class", "classes")
        explanation = PlainLabel(
            f"“{one_line(spec.title, 60)}” has {total}. Write one name per line, in the order in "
            "which the model learned them: as a rule that of its training folders’ names, A to Z. "
            "Whoever made it knows."
        )
        explanation.setWordWrap(True)
        self.names = QPlainTextEdit("\n".join(spec.classes))
        self.names.setAccessibleName("Names of the classes, one per line")
        self.names.setTabChangesFocus(True)
        self.names.textChanged.connect(self._on_text_changed)
        self.from_file = QPushButton("From a text file…")
        self.from_file.clicked.connect(self._on_file_clicked)
        self.state = PlainLabel()
        self.state.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.give = QPushButton("Name them")
        self.buttons.addButton(self.give, QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.addButton(self.from_file, QDialogButtonBox.ButtonRole.ResetRole)
        self.buttons.accepted.connect(self._on_accepted)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 12)
        column.setSpacing(10)
        column.addWidget(explanation)
        column.addWidget(self.names, 1)
        column.addWidget(self.state)
        column.addWidget(self.buttons)
        self._on_text_changed()
        self.names.selectAll()
        self.names.setFocus()

    @Slot()
    def _on_text_changed(self) -> None:
        names = parse_names(self.names.toPlainText())
        problem = problem_with(names, self._count)
        changed = names != self._before
        fine = f"{count_noun(len(names), 'name')}: as many as there are classes."
        self.state.setText(problem or (fine if changed else "These are the names that it has."))
        set_kind(self.state, "danger" if problem else "muted")
        self.give.setEnabled(not problem and changed)

    @Slot()
    def _on_file_clicked(self) -> None:
        dialog = QFileDialog(self, "Text file with one name per line", "", _FILES)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.read_file)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(str)
    def read_file(self, name: str) -> None:
        """Take the names in a text file."""
        job = self._io.submit(partial(_read, Path(name)), Priority.INTERACTIVE)
        job.finished.connect(self._on_read)
        job.failed.connect(self._on_not_read)

    @Slot(object)
    def _on_read(self, names: tuple[str, ...]) -> None:
        self.names.setPlainText("\n".join(names))

    @Slot(object)
    def _on_not_read(self, error: Exception) -> None:
        self.state.setText(sentence(error))
        set_kind(self.state, "danger")

    @Slot()
    def _on_accepted(self) -> None:
        self.names_given.emit(self._path, parse_names(self.names.toPlainText()))
        self.accept()


def _read(path: Path) -> Generator[None, None, tuple[str, ...]]:
    yield None
    return read_names(path)
