"""Texts on the screen: every one is plain text, whoever wrote it.

Qt guesses whether a text is HTML, in labels, message boxes and tooltips, and reads what the HTML
names: a model with the title `<img src="/dev/zero">` would freeze the window, at every start.
Therefore nothing else in `ui` makes a label, a box or a tooltip (a test looks at the sources), and
our own markup goes through `rich`, which escapes what it fills in. What steers or hides in a text
is spelled out (`core.visible_text`), and what is far too long is cut in the middle.
"""

from __future__ import annotations

import heapq
import html
import re
import textwrap
from collections.abc import Iterable

from PySide6.QtCore import QEvent, QPoint, QSize, Qt
from PySide6.QtGui import (
    QAction,
    QFontMetrics,
    QFontMetricsF,
    QHelpEvent,
    QResizeEvent,
    QTextDocumentFragment,
)
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtWidgets import (
    QInputDialog,
    QLabel,
    QLineEdit,
    QMessageBox,
    QSizePolicy,
    QToolTip,
    QWidget,
)

from resnet_gui.core.system.visible_text import visible
from resnet_gui.ui.widgets.glossary import explained

MOST_LINES = 20
LONGEST_TEXT = 700  # characters of a label of several lines, a notice or a box
_LONGEST_IN_BOX = 1500
LONGEST_LINE = 200  # characters of what is one line: a name in a list, a menu or a title bar
_TIP_COLUMNS = 160
_TIP_LONGEST = 2000
_BREAK_AT = 24  # characters of a word; longer ones would widen what they stand in
_BREAK_SELECTABLE_AT = 80  # what can be copied is broken later: the breaks would be copied, too
_WIDEST_MINIMUM = 240  # pixels that a wrapped label asks for at least
_WIDEST_HINT = 560  # pixels that a label of one line asks for
_NARROWEST = 60  # pixels that it can do with
_MEASURED = 40  # of very many texts
_NARROWEST_BOX = 420  # pixels of a message box's texts


def one_line(text: str, most: int = LONGEST_LINE) -> str:
    """A name as one line of at most `most` characters, the end of a line spelled out as `\\n`."""
    return _cut(visible(_cut(text, 4 * most)), most)


def lines(text: str, most: int = LONGEST_TEXT) -> str:
    """A text of perhaps several lines, of at most `most` characters and MOST_LINES lines."""
    rows = [visible(row) for row in _cut(text, 4 * most).split("\n")]
    if len(rows) > MOST_LINES:
        rows[MOST_LINES // 2 : -MOST_LINES // 2 + 1] = ["…"]
    return _cut("\n".join(rows), most)


def action_text(text: str) -> str:
    """A name for a menu or a button, where a single "&" would underline a letter and a tabulator
    begin a shortcut."""
    return one_line(text, 80).replace("&", "&&")


def window_title(text: str) -> str:
    """A title bar's text; "[*]" would be Qt's mark for what is not saved."""
    return one_line(text, 120).replace("[*]", "[*][*]")


def tooltip(text: str) -> str:
    """The text as Qt shows it literally in a tooltip, which has no switch for plain text: as it
    is, or escaped where Qt would take it for HTML."""
    rows = [row for line in lines(text, _TIP_LONGEST).split("\n") for row in _wrapped(line)]
    shown = "\n".join(rows)
    if not GuiQt.mightBeRichText(shown):
        return shown
    return f"<p style='white-space:pre'>{html.escape(shown)}</p>"


def _wrapped(line: str) -> list[str]:
    """Most lines are short, and a page has 40 tooltips: wrapping takes a tenth of a millisecond."""
    if len(line) <= _TIP_COLUMNS and "\t" not in line:
        return [line]
    return textwrap.wrap(line, _TIP_COLUMNS) or [""]


def set_tooltip(target: QWidget | QAction, text: str) -> None:
    """Give a widget or an action a tooltip of plain text. An action's own is its name, which
    Qt would guess about."""
    target.setToolTip(tooltip(text))


def widest(texts: Iterable[str], metrics: QFontMetrics | QFontMetricsF) -> float:
    """Pixels of the widest. Of very many only those with most letters are measured: 1,000 names
    take a tenth of a second. A shorter one that is wider than all of these is cut."""
    longest = heapq.nlargest(_MEASURED, texts, key=len)
    return max(map(metrics.horizontalAdvance, longest), default=0)


def show_tooltip(widget: QWidget, at: QPoint, text: str) -> None:
    """Show a tooltip of plain text now; `at`: on the screen. For what is painted."""
    QToolTip.showText(at, tooltip(text) if text else "", widget)


def _explains(label: QLabel, event: QEvent, text: str) -> bool:
    """Whether the event asked for a tooltip, and the words in a label that has none of its own
    were explained."""
    if not isinstance(event, QHelpEvent) or event.type() != QEvent.Type.ToolTip:
        return False
    words = "" if label.toolTip() else explained(text)
    if words:
        show_tooltip(label, event.globalPos(), words)
    return bool(words)


class PlainLabel(QLabel):
    """A label that shows its text literally. `text()` is what was set, in full.

    A word that is too long for a line is broken, and the label never asks for more than a few
    hundred pixels, so that no text can widen the window.

    Args:
        break_at: characters of a word from which on it may be broken; None: fewer where the text
            cannot be selected than where it can, as the breaks would be copied with it.
    """

    def __init__(
        self, text: str = "", parent: QWidget | None = None, *, break_at: int | None = None
    ) -> None:
        super().__init__(parent)
        self._full = self._said = ""
        self._break_at = break_at
        super().setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)

    def setText(self, text: str) -> None:
        self._full = text
        self._show()

    def text(self) -> str:
        return self._full

    def clear(self) -> None:
        self.setText("")

    def setWordWrap(self, on: bool) -> None:
        super().setWordWrap(on)
        self._show()

    def setTextInteractionFlags(self, flags: Qt.TextInteractionFlag) -> None:
        super().setTextInteractionFlags(flags)
        self._show()

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        return hint.boundedTo(QSize(_WIDEST_MINIMUM, hint.height())) if self._full else hint

    def event(self, event: QEvent) -> bool:
        return _explains(self, event, self._full) or super().event(event)

    def _show(self) -> None:
        shown = lines(self._full)
        if self.wordWrap():
            flags = self.textInteractionFlags()
            selectable = flags & Qt.TextInteractionFlag.TextSelectableByMouse
            usual = _BREAK_SELECTABLE_AT if selectable else _BREAK_AT
            shown = _broken(shown, self._break_at or usual)
        super().setText(shown)
        self._say_in_full(shown)

    def _say_in_full(self, shown: str) -> None:
        """A screen reader reads the text, not what is left of it or how its words are broken. A
        name that somebody gave the label stays."""
        if self.accessibleName() == self._said:
            self._said = "" if shown == self._full else lines(self._full)
            if self.accessibleName() != self._said:
                self.setAccessibleName(self._said)


class ElidedLabel(PlainLabel):
    """A label of one line that takes the room it gets; what does not fit becomes "…".

    Args:
        mode: where the text is cut. tip: whether a cut text stands in full in the tooltip; False
            where the tooltip says something else.
    """

    def __init__(
        self,
        text: str = "",
        parent: QWidget | None = None,
        *,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
        tip: bool = True,
    ) -> None:
        self._mode, self._tip = mode, tip
        super().__init__(text, parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)

    def setText(self, text: str) -> None:
        super().setText(text)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        advance = self.fontMetrics().horizontalAdvance(one_line(self._full))
        return QSize(min(advance + self._border() + 1, _WIDEST_HINT), hint.height())

    def minimumSizeHint(self) -> QSize:
        hint = self.sizeHint()
        return QSize(min(hint.width(), _NARROWEST), hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._show()

    def _border(self) -> int:
        """Pixels between the label's edges and its text, both sides together."""
        shown = self.fontMetrics().horizontalAdvance(QLabel.text(self))
        return max(0, QLabel.sizeHint(self).width() - shown)

    def _show(self) -> None:
        shown = one_line(self._full)
        # Before, asking for the border would polish it, and a style sheet take its font away.
        if self.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):
            room = self.width() - self._border()
            shown = self.fontMetrics().elidedText(shown, self._mode, room)
        if shown != QLabel.text(self):
            QLabel.setText(self, shown)
        self._say_in_full(shown)
        if self._tip:
            set_tooltip(self, self._full if shown != self._full else "")


class Rich(str):
    """Markup of our own, made by `rich` and `rich_join` only."""

    __slots__ = ()


def rich(template: str, **values: str) -> Rich:
    """Our own markup with names filled in.

    Args:
        template: HTML written in the source, with a `{name}` for each value.
        values: plain texts, which are escaped (a new line becomes `<br>`), or `Rich`.
    """
    return Rich(
        template.format(
            **{
                name: value if isinstance(value, Rich) else _escaped(value)
                for name, value in values.items()
            }
        )
    )


def rich_join(parts: Iterable[Rich]) -> Rich:
    """Pieces of markup, one after the other."""
    return Rich("".join(parts))


def rich_facts(rows: Iterable[tuple[str, str]], colour: str) -> Rich:
    """Names in `colour` above their values, a paragraph each."""
    return rich_join(
        rich(
            "<p style='margin:0 0 8px 0'><span style='color:{colour}'>{name}</span><br>{value}</p>",
            colour=colour,
            name=name,
            value=value,
        )
        for name, value in rows
    )


class RichLabel(QLabel):
    """A label for `rich` texts, and for nothing else."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        super().setTextFormat(Qt.TextFormat.RichText)

    def setText(self, text: str) -> None:
        """Raises TypeError if the text was not made by `rich`."""
        if not isinstance(text, Rich):
            raise TypeError("a text that was not made by rich()")
        super().setText(text)

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        return hint.boundedTo(QSize(_WIDEST_MINIMUM, hint.height()))

    def event(self, event: QEvent) -> bool:
        if event.type() != QEvent.Type.ToolTip:
            return super().event(event)
        text = QTextDocumentFragment.fromHtml(self.text()).toPlainText()
        return _explains(self, event, text) or super().event(event)


class MessageBox(QMessageBox):
    """A message box that shows its texts literally, or one text that `rich` made.

    Args:
        informative: a second, smaller text below a plain one.
    """

    def __init__(
        self, parent: QWidget | None, title: str, text: str, informative: str = ""
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(window_title(title))
        if isinstance(text, Rich):
            self.setTextFormat(Qt.TextFormat.RichText)
            self.setText(text)
            assert not informative, "one switch for both texts"
            return
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(_broken(lines(text, _LONGEST_IN_BOX), _BREAK_SELECTABLE_AT))
        if informative:
            text = lines(informative, _LONGEST_IN_BOX)
            self.setInformativeText(_broken(text, _BREAK_SELECTABLE_AT))
        for label in self.findChildren(QLabel):  # Qt's own box is as narrow as its longest word
            if label.text():
                label.setMinimumWidth(_NARROWEST_BOX)


def ask_for_name(parent: QWidget, title: str, question: str, name: str) -> str | None:
    """Let a person change a name.

    Returns:
        the new name; None if it is the old one, or the person changed their mind.
    """
    before = visible(name)
    new, accepted = QInputDialog.getText(
        parent, window_title(title), tooltip(question), QLineEdit.EchoMode.Normal, before
    )
    return new if accepted and new != before else None


def _escaped(text: str) -> str:
    return html.escape(_broken(lines(text), _BREAK_AT)).replace("\n", "<br>")


def _cut(text: str, most: int) -> str:
    """The text with its middle left out where it is too long: names often differ in the end."""
    if len(text) <= most:
        return text
    end = most // 3
    return f"{text[: most - 1 - end]}…{text[-end:]}"


def _broken(text: str, longest: int) -> str:
    """Words of more than `longest` characters with places (of no width) where a line may end."""
    return re.sub(rf"[^\s/\-\u200b]{{{longest}}}(?=[^\s/\-])", lambda m: m.group() + "\u200b", text)
