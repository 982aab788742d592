"""“Apply”: what would happen to which file; nothing does before the button is pressed."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.filing.batch import How, Plan, count
from resnet_gui.ui.correcting.corrector import Corrector
from resnet_gui.ui.filing.preview import PlanPreview, PlanTable
from resnet_gui.ui.widgets.bold import embolden
from resnet_gui.ui.widgets.check_box import CheckBox
from resnet_gui.ui.widgets.plain_text import PlainLabel, lines, one_line, set_tooltip
from resnet_gui.ui.widgets.screen_room import fit_to_screen
from resnet_gui.ui.widgets.words import size_text

_WIDTH, _HEIGHT = 660, 520
_MOST_WAYS = 8  # from folder to folder, in words


class ApplyDialog(QDialog):
    """Attributes:
        plan: what would happen; None while that is being found out.

    Signals:
        start_requested(object): a Plan.
    """

    start_requested = Signal(object)

    def __init__(self, corrector: Corrector, root: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Apply decisions")
        self._corrector, self._root = corrector, root
        self.plan: Plan | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(8)
        self.summary = PlainLabel("Looking at the files…")
        embolden(self.summary)
        self.summary.setWordWrap(True)
        self.details = PlainLabel()
        self.details.setWordWrap(True)
        self.problem = PlainLabel()
        self.problem.setProperty("kind", "danger")
        self.problem.setWordWrap(True)
        self.problem.hide()
        self.moving = CheckBox("Move newly labelled photos instead of copying them")
        set_tooltip(
            self.moving, "Otherwise they stay where they are, and the folder of classes gets copies"
        )
        self.moving.setVisible(corrector.counts(root).labelled > 0)
        self.moving.toggled.connect(self._make_plan)
        for widget in (self.summary, self.details, self.moving, self.problem):
            column.addWidget(widget)
        self.preview = PlanPreview(self)
        self.table = PlanTable(self.preview, 110)
        column.addWidget(self.table, 1)
        self.note = PlainLabel("“Undo” brings every file back to where it is now.")
        self.note.setProperty("kind", "muted")
        column.addWidget(self.note)
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.start = QPushButton("Apply")
        self.start.setProperty("kind", "primary")
        self.start.setDefault(True)
        set_tooltip(self.start, "Do it now (Return)")
        self.start.clicked.connect(self._on_start)
        box.addButton(self.start, QDialogButtonBox.ButtonRole.ActionRole)
        box.rejected.connect(self.reject)
        column.addWidget(box)
        corrector.planned.connect(self._on_planned)
        corrector.failed.connect(self._on_failed)
        fit_to_screen(self, _WIDTH, _HEIGHT)
        self._make_plan()

    @Slot()
    def _make_plan(self, *_: object) -> None:
        self.plan = None
        self.start.setEnabled(False)
        how = How.MOVE if self.moving.isChecked() else How.COPY
        self._corrector.plan(self._root, how)

    @Slot(object, object)
    def _on_planned(self, root: str, plan: Plan) -> None:
        if root != self._root:
            return
        self.plan = plan
        self.preview.show_plan(plan, root)
        self.summary.setText(plan.title if plan.pieces else "There is nothing to do.")
        self.details.setText(lines(_details(plan, root)))
        self.problem.setText(plan.problem)
        self.problem.setVisible(bool(plan.problem))
        self.start.setEnabled(bool(plan.pieces) and not plan.problem)
        self.start.setText(f"Apply to {count(plan.photos, 'photo')}")

    @Slot(object, object)
    def _on_failed(self, root: str, text: str) -> None:
        if root == self._root:
            self.summary.setText("It cannot be done.")
            self.problem.setText(text)
            self.problem.show()

    @Slot()
    def _on_start(self) -> None:
        if self.plan is not None:
            self.start_requested.emit(self.plan)
            self.accept()


def _details(plan: Plan, root: str) -> str:
    """From where to where, a line each; then what else is to be known."""
    ways = Counter(
        (_folder(piece.source, root), _folder(piece.target, root), piece.how)
        for piece in plan.pieces
        if not piece.photo
    )
    rows = [
        f"{before} → {after}: {number:,}{' copied' if how is How.COPY else ''}"
        for (before, after, how), number in ways.most_common(_MOST_WAYS)
    ]
    if len(ways) > _MOST_WAYS:
        rest = sum(number for _, number in ways.most_common()[_MOST_WAYS:])
        rows.append(f"between other folders: {rest:,}")
    more = []
    if plan.along:
        along = "goes" if plan.along == 1 else "go"
        more.append(f"{count(plan.along, 'file')} with edits {along} along.")
    if plan.renamed:
        more.append(
            f"{count(plan.renamed, 'file')} will get a number, as another one has that name."
        )
    if plan.skipped:
        stays = "stays" if len(plan.skipped) == 1 else "stay"
        more.append(
            f"{count(len(plan.skipped), 'file')} {stays} as before: see the end of the list."
        )
    if plan.bytes:
        more.append(f"{size_text(plan.bytes)} will be written.")
    return "\n".join([*rows, " ".join(more)]).strip()


def _folder(path: str, root: str) -> str:
    """A file's folder as people call it: inside the folder of classes by its way from there."""
    folder = Path(path).parent
    if folder.is_relative_to(root):
        return one_line(str(folder.relative_to(root)), 60)
    beside = os.path.relpath(folder, Path(root).parent)
    return one_line(str(folder) if beside.startswith("..") else f"{beside} (beside it)", 80)
