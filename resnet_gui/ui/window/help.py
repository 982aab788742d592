"""What the Help menu says."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from resnet_gui import __version__
from resnet_gui.ui.widgets.plain_text import Rich, RichLabel, rich, rich_join, window_title
from resnet_gui.ui.widgets.screen_room import fit_to_screen
from resnet_gui.ui.window.pages import Pages


class HelpBox(QDialog):
    """A text in a window of its own; nothing waits for it. Escape and Return close it.

    Attributes:
        label: the text.
    """

    def __init__(self, parent: QWidget, title: str, text: Rich) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(False)
        self.setWindowTitle(window_title(title))
        self.label = RichLabel()
        self.label.setText(text)
        self.label.setWordWrap(True)
        self.label.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.label.setContentsMargins(4, 4, 12, 4)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setProperty("kind", "bare")
        scroll.setWidget(self.label)
        scroll.setAccessibleName(title)
        close = QPushButton("Close")
        close.setDefault(True)
        close.clicked.connect(self.close)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(10)
        column.addWidget(scroll, 1)
        column.addLayout(row)
        width = 460
        fit_to_screen(self, width, self.label.heightForWidth(width - 60) + 90)


def keys_text(window: Sequence[tuple[str, str]], pages: Pages) -> Rich:
    """The table of keys.

    Args:
        window: the keys that count on every page, and what each does.
    """
    groups = [_group_text("On every page", window)]
    for entry in pages.entries:
        page = pages[entry.name]
        rows = [("Drop", page.drop_hint.removeprefix("Drop "))] if page.drop_hint else []
        rows += [
            (keys_of(offer.action), plain_name(offer.action))
            for offer in page.offered
            if keys_of(offer.action)
        ]
        rows += page.other_keys
        if rows:
            groups.append(_group_text(f"On the page {entry.title}", rows))
    return rich("<table cellspacing='4'>{groups}</table>", groups=rich_join(groups))


def _group_text(title: str, rows: Sequence[tuple[str, str]]) -> Rich:
    lines = rich_join(
        rich("<tr><td><b>{keys}</b></td><td>{what}</td></tr>", keys=keys, what=what)
        for keys, what in rows
    )
    heading = rich("<tr><td colspan='2'><br><i>{title}</i></td></tr>", title=title)
    return rich_join([heading, lines])


def keys_of(action: QAction) -> str:
    """An action's keys as a person reads them: the first, where there are several."""
    return action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)


def plain_name(action: QAction) -> str:
    """An action's text without the marks that a menu needs."""
    return action.text().replace("&&", "\0").replace("&", "").replace("\0", "&").rstrip("…")


def about_text() -> Rich:
    return rich(
        "<p><b>ResNet GUI {version}</b></p><p>Drag a photo in and see what it is. "
        "Everything is computed on this computer; nothing is uploaded.</p>"
        "<p>MIT licence. Models have licences of their own: see their cards.</p>",
        version=__version__,
    )
