"""Texts on the screen are plain: the helpers, and that nobody goes round them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF, QTextDocument
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget
from pytestqt.qtbot import QtBot

import resnet_gui.ui
from resnet_gui.ui.widgets.plain_text import (
    ElidedLabel,
    MessageBox,
    PlainLabel,
    RichLabel,
    action_text,
    one_line,
    rich,
    rich_facts,
    rich_join,
    tooltip,
    widest,
    window_title,
)
from tests.ui.hostile import TEXTS, Recorder, literal

UI = Path(resnet_gui.ui.__file__).parent


@pytest.mark.parametrize("text", TEXTS)
def test_a_label_shows_every_text_literally(qtbot: QtBot, text: str) -> None:
    label = PlainLabel(text)
    qtbot.addWidget(label)
    assert label.textFormat() is Qt.TextFormat.PlainText
    assert label.text() == text  # what was set, for whoever compares
    assert literal(QLabel.text(label)) in literal(text) or "…" in QLabel.text(label)


@pytest.mark.parametrize("text", TEXTS)
def test_a_tooltip_shows_every_text_literally(qtbot: QtBot, text: str) -> None:
    shown = tooltip(text)
    if GuiQt.mightBeRichText(shown):
        document = Recorder(shown)
        assert not document.asked_for
        shown = document.toPlainText()
    assert literal(shown) == literal(text) or "…" in shown


def test_an_ordinary_tooltip_is_what_was_written(qtbot: QtBot) -> None:
    for text in ("Tom & Jerry", "a < b", "dogs and cats\nclass 3", "größer ☕", ""):
        assert tooltip(text) == text
    assert max(map(len, tooltip("x" * 500).split("\n"))) <= 160


@pytest.mark.parametrize("text", TEXTS)
def test_markup_of_our_own_escapes_what_it_fills_in(qtbot: QtBot, text: str) -> None:
    bold_name = rich("<p><b>{name}</b></p>", name=text)
    markup = rich_join([bold_name, rich_facts([(text, text)], "#123")])
    document = Recorder(markup)
    assert not document.asked_for
    assert not document.links
    if len(text) < 100 and literal(text):
        assert literal(document.toPlainText()).count(literal(text)) == 3
    bold = QTextDocument()
    bold.setHtml(rich("<b>{name}</b>", name="Tom & <Jerry>"))
    assert bold.toPlainText() == "Tom & <Jerry>"
    assert bold.firstBlock().begin().fragment().charFormat().fontWeight() > 500


def test_a_rich_label_takes_nothing_else(qtbot: QtBot) -> None:
    label = RichLabel()
    qtbot.addWidget(label)
    label.setText(rich("<b>{name}</b>", name="x"))
    with pytest.raises(TypeError, match="rich"):
        label.setText("<b>x</b>")


def test_a_message_box_shows_its_texts_literally(qtbot: QtBot) -> None:
    box = MessageBox(None, "<b>x</b>", "<b>x</b> is gone", "<a href='file:///etc/passwd'>y</a>")
    qtbot.addWidget(box)
    texts = {label.text(): label.textFormat() for label in box.findChildren(QLabel)}
    for text in ("<b>x</b> is gone", "<a href='file:///etc/passwd'>y</a>"):
        assert texts[text] is Qt.TextFormat.PlainText
    help_box = MessageBox(None, "Keys", rich("<b>{key}</b>", key="F11"))
    qtbot.addWidget(help_box)
    assert help_box.textFormat() is Qt.TextFormat.RichText


def test_names_in_menus_titles_and_lists() -> None:
    assert action_text("Tom & Jerry\tCtrl+Q") == "Tom && Jerry\\tCtrl+Q"
    assert window_title("a [*] b") == "a [*][*] b"
    assert one_line("gpj.\u202eexe\n") == "gpj.\\u202eexe\\n"
    assert one_line("Größe ☕ 日本語") == "Größe ☕ 日本語"
    long = one_line("a" * 3000 + "end")
    assert len(long) <= 200
    assert long.endswith("end")
    assert len(one_line("\u202e" * 5000)) <= 200


@pytest.mark.parametrize("kind", [PlainLabel, ElidedLabel])
@pytest.mark.parametrize("text", ["x" * 5000, "x " * 2500, "x\n" * 2500])
def test_no_text_widens_what_it_stands_in(qtbot: QtBot, kind: type[PlainLabel], text: str) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    row = QHBoxLayout(window)
    label = kind(text)
    label.setWordWrap(kind is PlainLabel)
    row.addWidget(label)
    window.resize(600, 400)
    window.show()
    qtbot.waitExposed(window)
    assert window.minimumSizeHint().width() <= 300
    assert (window.width(), window.height()) == (600, 400)


def test_an_elided_label_grows_with_its_room(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    row = QHBoxLayout(window)
    label = ElidedLabel("The quick brown fox jumps over the lazy dog")
    row.addWidget(label)
    window.resize(120, 40)
    window.show()
    qtbot.waitExposed(window)
    assert QLabel.text(label).endswith("…")
    assert label.toolTip() == label.text()
    window.resize(900, 40)
    qtbot.waitUntil(lambda: QLabel.text(label) == label.text())
    assert label.toolTip() == ""
    assert label.sizeHint().width() >= label.fontMetrics().horizontalAdvance(label.text())


def test_an_elided_label_keeps_its_font_under_a_style_sheet(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.setStyleSheet("QLabel { color: black; }")
    row = QHBoxLayout(window)
    label = ElidedLabel("name")
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    row.addWidget(label)
    window.show()
    qtbot.waitExposed(window)
    assert label.font().bold()
    assert QLabel.text(label) == "name"


# --- nobody goes round them ---------------------------------------------------------------------

# Each of these guesses whether its text is HTML, or takes HTML for sure.
_GUESSING = {
    *("QLabel", "QMessageBox", "QInputDialog", "QProgressDialog", "QErrorMessage", "QToolTip"),
    *("QWhatsThis", "QTextEdit", "QTextBrowser", "QTextDocument", "QGraphicsTextItem"),
    *("QSplashScreen", "QWizardPage", "QDomDocument", "QStaticText", "TextItem", "LabelItem"),
    *("setToolTip", "setWhatsThis", "setStatusTip", "setTextFormat", "setHtml", "insertHtml"),
    *("appendHtml", "setOpenExternalLinks", "addItems", "mightBeRichText"),
}


def sources() -> list[Path]:
    found = sorted(UI.rglob("*.py"))
    assert len(found) > 40
    return [path for path in found if path.name != "plain_text.py"]


def names_in(tree: ast.AST) -> list[tuple[int, str]]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.append((node.lineno, node.id))
        elif isinstance(node, ast.Attribute):
            found.append((node.lineno, node.attr))
        elif isinstance(node, ast.alias):
            found.append((node.lineno, node.name.split(".")[-1]))
    return found


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.stem)
def test_no_text_goes_round_the_helpers(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    wrong = [f"line {line}: {name}" for line, name in names_in(tree) if name in _GUESSING]
    assert not wrong, f"{path.name}: use resnet_gui.ui.widgets.plain_text instead"
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.id if isinstance(node.func, ast.Name) else ""
        called = node.func.attr if isinstance(node.func, ast.Attribute) else called
        first = node.args[0] if node.args else None
        if called in ("rich", "Rich"):
            # A template that is put together may hold a name that nobody escapes.
            assert called == "rich", f"{path.name}, line {node.lineno}: Rich is made by rich()"
            assert isinstance(first, ast.Constant), f"{path.name}, line {node.lineno}: a template"
        if called == "addRow" and isinstance(first, ast.Constant | ast.JoinedStr):
            pytest.fail(f"{path.name}, line {node.lineno}: addRow makes a QLabel of a text")


def test_a_detour_is_seen() -> None:
    """The check finds what it should find."""
    tree = ast.parse("from PySide6 import QtWidgets as w\nw.QLabel('x').setToolTip('y')")
    assert {name for _, name in names_in(tree)} & _GUESSING == {"QLabel", "setToolTip"}


def test_tooltips_of_lists_come_from_the_helper() -> None:
    """A list's tooltips are data: whoever answers for ToolTipRole calls `tooltip`."""
    for path in sources():
        text = path.read_text(encoding="utf-8")
        assert "ToolTipRole" not in text or "tooltip(" in text, path.name


def test_no_line_of_a_tooltip_begins_with_the_space_it_was_broken_at() -> None:
    text = " ".join(f"word{number}" for number in range(100))
    rows = tooltip(text).split("\n")
    assert len(rows) > 1
    assert [row for row in rows if row != row.strip()] == []
    assert " ".join(rows) == text


def test_of_very_many_texts_few_are_measured(qtbot: QtBot) -> None:
    measured: list[str] = []

    class Metrics(QFontMetricsF):
        def horizontalAdvance(self, text: str) -> float:  # type: ignore[override]
            measured.append(text)
            return super().horizontalAdvance(text)

    label = PlainLabel()
    qtbot.addWidget(label)
    metrics = Metrics(label.font())
    names = [f"species {number}" for number in range(1000)] + ["a name longer than all others"]
    assert widest(names, metrics) == QFontMetricsF(label.font()).horizontalAdvance(names[-1])
    assert len(measured) < 100
    assert widest([], metrics) == 0
