"""What was found in the folder to train on."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QPushButton, QVBoxLayout

from resnet_gui.core.dataset.summary import DatasetSummary, count_noun
from resnet_gui.core.system.visible_text import visible
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.train.folder_head import FolderHead, describe
from resnet_gui.ui.widgets.class_list import ClassList
from resnet_gui.ui.widgets.plain_text import PlainLabel, set_tooltip

_LOW = 120  # pixels of what is wrong, below the classes
_ANY = 16777215  # Qt's word for no limit


class FolderCard(QFrame):
    """The folder's name, its classes, and what is wrong in it.

    Attributes:
        head: its name, and buttons to be connected. sort: sorts loose photos into classes; to be
            connected, too.
    """

    def __init__(self, io: JobLane) -> None:
        super().__init__()
        self.setProperty("kind", "card")
        self.head = FolderHead()
        self.facts = PlainLabel()
        self.facts.setProperty("kind", "muted")
        self.facts.setWordWrap(True)
        self.sort = QPushButton("Sort them into classes…")
        self.sort.setProperty("kind", "primary")
        set_tooltip(self.sort, self.head.make.toolTip())
        self.classes = ClassList(io)
        self.problems_title = PlainLabel()
        self.problems_title.setProperty("kind", "danger")
        self.problems = QPlainTextEdit()
        self.problems.setReadOnly(True)
        self.problems.setAccessibleName("What is wrong in the folder")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 10, 12)
        column.addWidget(self.head)
        column.addWidget(self.facts)
        column.addWidget(self.sort, alignment=Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.classes, 1)
        column.addWidget(self.problems_title)
        column.addWidget(self.problems)

    def refresh_theme(self) -> None:
        self.classes.viewport().update()

    def show_summary(self, summary: DatasetSummary) -> None:
        """Show what was found; without classes, what is wrong has their room."""
        self.head.show_summary(summary)
        self.facts.setText(describe(summary))
        self.sort.setVisible(self.head.loose)
        self.classes.show_summary(summary)
        self.classes.setVisible(bool(summary.classes))
        problems = [problem.message for problem in summary.problems]
        self.problems_title.setText(count_noun(len(problems), "thing to know", "things to know"))
        self.problems_title.setVisible(bool(problems))
        self.problems.setVisible(bool(problems))
        self.problems.setMaximumHeight(_LOW if summary.classes else _ANY)
        self.problems.setPlainText("\n".join(visible(problem) for problem in problems[:500]))

    def least_width(self, *, narrow: bool) -> int:
        """What it needs in pixels inside its border, narrow or not."""
        others = (self.facts, self.classes, self.problems)
        least = [part.minimumSizeHint().width() for part in others]
        if self.head.loose:
            least.append(self.sort.minimumSizeHint().width())
        return max(*least, self.head.least_width(narrow=narrow))
