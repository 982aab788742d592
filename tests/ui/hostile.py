"""Texts that would be rendered, loaded or stretched, and a look at all that a window shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, Qt, QUrl
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QGraphicsTextItem,
    QGraphicsView,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from resnet_gui.core.system.visible_text import visible

# A path that does not end would freeze a window that reads it: here it is one that does not exist,
# so that a broken program fails the test instead of filling the memory.
IMAGE = '<img src="/nowhere/at/all.png">'
TEXTS = (
    IMAGE,
    '<img src="file:%2Fnowhere%2Fat%2Fall.png">',  # possible in a file name
    "<b>x</b>",
    "<a href='file:///etc/passwd'>click</a>",
    "<style>*{background:url(/nowhere.png)}</style><p>y</p>",
    "<?xml version='1.0'?><html><body background='/nowhere.png'>z</body></html>",
    "&amp; &lt;b&gt; && Tom & Jerry",
    "{name} %s %1 %n",
    "gpj.\u202eexe \u2066hidden\u2069",
    "two\nlines\r\n\tand a tab\x00\x1b[2J\x7f",
    "undecodable \udcff\ud800 end",
    "\u200b\ufeff\xad",
    "x" * 5000,
    "<b>" + "y " * 2500,
    "[*] unsaved",
)
FEW = (TEXTS[0], TEXTS[6], TEXTS[8], TEXTS[9], TEXTS[10], TEXTS[12])


def file_names(texts: Sequence[str]) -> list[bytes]:
    """The texts as far as a file name can hold them: no separators, at most 200 bytes."""
    names = dict.fromkeys(
        text.encode("utf-8", "surrogateescape").replace(b"/", b"").replace(b"\0", b"")[:200]
        for text in texts
        if "\ud800" not in text
    )
    return [*names, b"%2F" + IMAGE.encode().replace(b"/", b"%2F"), b"undecodable \xff end"]


_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f]")
_MAIN_ROLES = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole)


class Recorder(QTextDocument):
    """Renders a text as Qt would and notes what it asks for, without reading it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.asked_for: list[str] = []
        self.setHtml(text)
        self.setTextWidth(400)
        self.size()  # lays it out

    def loadResource(self, kind: int, url: QUrl | str) -> Any:
        self.asked_for.append(QUrl(url).toString())
        return None

    @property
    def links(self) -> list[str]:
        found = []
        block = self.begin()
        while block.isValid():
            pieces = block.begin()
            while not pieces.atEnd():
                found.append(pieces.fragment().charFormat().anchorHref())
                pieces += 1
            block = block.next()
        return [link for link in found if link]


def literal(text: str) -> str:
    """What a person may see of a text: spelled out, without the breaks that a label adds."""
    shown = "\n".join(visible(line) for line in text.replace("\u200b", "").split("\n"))
    return shown.replace("\n", "").replace(" ", "").replace("\xa0", "").replace("\\u200b", "")


class Look:
    """Goes over all widgets of the process and notes every text that is not shown literally.

    Attributes:
        seen: all texts. wrong: what is not as it should be, in words.
    """

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.wrong: list[str] = []
        for widget in QApplication.allWidgets():
            self._look_at(widget)

    def _look_at(self, widget: QWidget) -> None:
        name = f"{type(widget).__name__} {widget.objectName()} {widget.accessibleName()[:40]!r}"
        self._guessed(f"tooltip of {name}", widget.toolTip())
        self._guessed(f"What’s This of {name}", widget.whatsThis())
        self._plain(f"title of {name}", widget.windowTitle())
        for action in widget.actions():
            self._guessed(f"tooltip of an action of {name}", action.toolTip())
            self._plain(f"action of {name}", action.text(), longest=200)
        if isinstance(widget, QLabel):
            text = QLabel.text(widget)
            if widget.textFormat() is not Qt.TextFormat.PlainText:
                self._guessed(f"{name} ({widget.textFormat().name})", text)
            self._plain(name, text, longest=8000)  # the help lists all keys
        elif isinstance(widget, QTextEdit):
            self.wrong.append(f"{name} can show HTML")
        elif isinstance(widget, QPlainTextEdit):
            self._plain(name, widget.toPlainText(), longest=10**6)
        elif isinstance(widget, QComboBox | QAbstractItemView):
            self._model(name, widget.model())
        elif isinstance(widget, QGraphicsView):
            for item in widget.scene().items() if widget.scene() else ():
                if isinstance(item, QGraphicsTextItem):
                    self._plain(f"text in {name}", item.toPlainText())
        elif isinstance(widget, QMenu):
            self._plain(name, widget.title())
        elif callable(getattr(widget, "text", None)) and not isinstance(widget, QLineEdit):
            self._plain(name, str(widget.text()))

    def _model(self, name: str, model: QAbstractItemModel | None) -> None:
        if model is None:
            return
        for row in range(model.rowCount(QModelIndex())):
            index = model.index(row, 0)
            for role in _MAIN_ROLES:
                text = model.data(index, role)
                if not isinstance(text, str):
                    continue
                where = f"{role.name} {row} of {name}"
                if role is Qt.ItemDataRole.ToolTipRole:
                    self._guessed(where, text)
                else:
                    self._plain(where, text)

    def _guessed(self, where: str, text: str) -> None:
        """A text that Qt may take for HTML."""
        if not text:
            return
        if GuiQt.mightBeRichText(text) or "RichText" in where:
            document = Recorder(text)
            if document.asked_for or document.links:
                self.wrong.append(f"{where} reads {document.asked_for or document.links}")
            text = document.toPlainText()
        self._plain(where, text, longest=4000)

    def _plain(self, where: str, text: str, longest: int = 900) -> None:
        self.seen.append(text)
        if _UNSEEN.search(text):
            self.wrong.append(f"{where} has what cannot be seen: {text[:60]!r}")
        if len(text) > longest:
            self.wrong.append(f"{where} is {len(text):,} characters long")
