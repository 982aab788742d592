"""Colours and style of the window: light and dark, from one set of names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from resnet_gui.ui.widgets.restyle import Restyling, give_back, own_fonts

if TYPE_CHECKING:
    from resnet_gui.ui.widgets.desktop_scheme import DesktopScheme


@dataclass(frozen=True, slots=True)
class Colours:
    """All colours of one theme, as #rrggbb. Text on its ground has a contrast of 4.5 or more."""

    dark: bool
    window: str
    surface: str
    raised: str
    border: str
    text: str
    muted: str
    accent: str
    on_accent: str
    accent_ground: str
    track: str
    danger: str
    warning_ground: str
    canvas: str


LIGHT = Colours(
    dark=False,
    window="#f4f5f7",
    surface="#ffffff",
    raised="#ffffff",
    border="#d5dae1",
    text="#1a1e24",
    muted="#59636f",
    accent="#1f56b3",
    on_accent="#ffffff",
    accent_ground="#e4edfb",
    track="#e5e8ed",
    danger="#b3261e",
    warning_ground="#fdf3d8",
    canvas="#e9ebef",
)
DARK = Colours(
    dark=True,
    window="#17191d",
    surface="#1f2227",
    raised="#2a2e35",
    border="#3a4049",
    text="#e9ebee",
    muted="#a2acb8",
    accent="#7fb0ff",
    on_accent="#0b1a30",
    accent_ground="#223654",
    track="#343a43",
    danger="#ff8f86",
    warning_ground="#3b3318",
    canvas="#101215",
)


class ThemeSwitch(QObject):
    """Tells what was drawn once, wherever it is, that the colours are others now.

    Signals:
        switched(): `theme_colours` has the new ones.
    """

    switched = Signal()


theme_switch = ThemeSwitch()


class ThemeManager(QObject):
    """Applies light, dark or the system's theme to the application.

    Attributes:
        colours: what is shown now.

    Signals:
        changed(): painted widgets should take the new `colours`.
    """

    changed = Signal()

    def __init__(self, application: QApplication, desktop: DesktopScheme | None = None) -> None:
        """`desktop`: knows better than Qt what the system's theme is, where it knows it."""
        super().__init__(application)
        self._application, self._desktop = application, desktop
        self._choice = "system"
        self.colours = LIGHT
        self._restyling = Restyling(self)
        application.setStyle("Fusion")  # the one style that follows a palette on every system
        application.styleHints().colorSchemeChanged.connect(self._on_system_changed)
        if desktop is not None:
            desktop.changed.connect(self._on_system_changed)

    @property
    def choice(self) -> str:
        return self._choice

    def choose(self, choice: str) -> None:
        """Show "light", "dark" or what the "system" says."""
        self._choice = choice
        if choice == "system":
            self.colours = self._system_colours()
        else:
            self.colours = DARK if choice == "dark" else LIGHT
        self._restyling.set_aside()
        fonts = own_fonts(self._restyling.others)
        # One sheet after another makes Qt polish each widget once for every ancestor that it has
        # (QStyleSheetStyle::repolish, Qt 6.11: 170 ms here); none in between costs a third.
        with self._restyling.passed_by():
            self._application.setStyleSheet("")
        self._application.setPalette(_palette(self.colours))
        self._application.setStyleSheet(_style_sheet(self.colours))
        give_back(fonts)
        theme_switch.switched.emit()
        self.changed.emit()
        self._restyling.catch_up_soon()

    def catch_up(self) -> None:
        """Give what is hidden the theme now, and not a little later. The window's end calls it,
        too: nothing may be left to do."""
        self._restyling.catch_up()

    @Slot()
    def _on_system_changed(self) -> None:
        if self._choice == "system" and self._system_colours() is not self.colours:
            self.choose("system")

    def _system_colours(self) -> Colours:
        wish = self._desktop.wish if self._desktop is not None else Qt.ColorScheme.Unknown
        if wish == Qt.ColorScheme.Unknown:
            wish = self._application.styleHints().colorScheme()
        return DARK if wish == Qt.ColorScheme.Dark else LIGHT


def theme_colours() -> Colours:
    """The colours that the application shows now, for painting."""
    dark = QApplication.palette().color(QPalette.ColorRole.Window).lightness() < 128
    return DARK if dark else LIGHT


def _palette(c: Colours) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for target, colour in (
        (role.Window, c.window),
        (role.WindowText, c.text),
        (role.Base, c.surface),
        (role.AlternateBase, c.window),
        (role.ToolTipBase, c.raised),
        (role.ToolTipText, c.text),
        (role.PlaceholderText, c.muted),
        (role.Text, c.text),
        (role.Button, c.raised),
        (role.ButtonText, c.text),
        (role.BrightText, c.danger),
        (role.Link, c.accent),
        (role.Highlight, c.accent),
        (role.HighlightedText, c.on_accent),
        (role.Accent, c.accent),
    ):
        palette.setColor(target, QColor(colour))
    for target in (role.WindowText, role.Text, role.ButtonText):
        muted = QColor(c.muted)
        muted.setAlpha(150)
        palette.setColor(QPalette.ColorGroup.Disabled, target, muted)
    return palette


def _style_sheet(c: Colours) -> str:
    return f"""
    QMainWindow, QDialog {{ background: {c.window}; }}
    QToolTip {{ background: {c.raised}; color: {c.text}; border: 1px solid {c.border};
        padding: 4px 6px; }}
    QMenuBar {{ background: {c.window}; padding: 2px 6px; }}
    QMenuBar::item {{ padding: 4px 8px; border-radius: 4px; background: transparent; }}
    QMenuBar::item:selected {{ background: {c.accent_ground}; }}
    QMenu {{ background: {c.raised}; border: 1px solid {c.border}; padding: 4px; }}
    QMenu::item {{ padding: 5px 28px 5px 24px; border-radius: 4px; }}
    QMenu::item:selected {{ background: {c.accent_ground}; color: {c.text}; }}
    QMenu::item:disabled {{ color: {c.muted}; }}
    QMenu::separator {{ height: 1px; background: {c.border}; margin: 4px 8px; }}
    QPushButton {{ background: {c.raised}; border: 1px solid {c.border}; border-radius: 6px;
        padding: 6px 14px; color: {c.text}; outline: 0; }}
    QPushButton:hover {{ border-color: {c.accent}; }}
    QPushButton:pressed, QPushButton:checked {{ background: {c.accent_ground};
        border-color: {c.accent}; }}
    QPushButton:focus {{ border: 2px solid {c.accent}; padding: 5px 13px; }}
    QPushButton:disabled {{ color: {c.muted}; border-color: {c.track}; }}
    QPushButton[kind="primary"] {{ background: {c.accent}; color: {c.on_accent};
        border-color: {c.accent}; font-weight: 600; }}
    QPushButton[kind="primary"]:focus {{ border: 4px double {c.on_accent}; padding: 3px 11px; }}
    QPushButton[kind="primary"]:disabled {{ background: {c.track}; color: {c.muted};
        border-color: {c.track}; }}
    QPushButton[kind="plain"] {{ background: transparent; border-color: transparent;
        color: {c.accent}; padding: 4px 8px; }}
    QPushButton[kind="plain"]:disabled {{ color: {c.muted}; }}
    QPushButton[kind="plain"]:hover, QPushButton[kind="plain"]:checked {{
        background: {c.accent_ground}; }}
    QPushButton[kind="plain"]:focus {{ border: 2px solid {c.accent}; padding: 3px 7px; }}
    QPushButton[kind="choice"] {{ text-align: left; }}
    QPushButton[kind="segment"] {{ padding: 6px 6px; }}
    QPushButton[kind="segment"]:checked {{ font-weight: 600; }}
    QPushButton[kind="segment"]:focus {{ padding: 5px 5px; }}
    QToolButton {{ border: 2px solid transparent; border-radius: 6px; }}
    QToolButton:hover {{ background: {c.accent_ground}; }}
    QToolButton:focus {{ border-color: {c.accent}; }}
    QCheckBox {{ padding: 3px 6px 3px 4px; }}
    QComboBox {{ background: {c.raised}; border: 1px solid {c.border}; border-radius: 6px;
        padding: 5px 10px; combobox-popup: 0; }}
    QComboBox:hover {{ border-color: {c.accent}; }}
    QComboBox:focus {{ border: 2px solid {c.accent}; padding: 4px 9px; }}
    ComboBox::drop-down {{ width: 26px; border: 0; }}
    ComboBox::down-arrow {{ image: none; }}
    QComboBox QAbstractItemView {{ background: {c.raised}; color: {c.text};
        border: 1px solid {c.muted}; border-radius: 0; padding: 2px;
        selection-background-color: {c.accent}; selection-color: {c.on_accent}; }}
    QSlider {{ border: 2px solid transparent; border-radius: 6px; padding: 0 2px;
        min-height: 20px; }}
    QSlider:focus {{ border-color: {c.accent}; }}
    QSlider::groove:horizontal {{ background: {c.track}; height: 4px; border-radius: 2px; }}
    QSlider::sub-page:horizontal {{ background: {c.accent}; border-radius: 2px; }}
    QSlider::handle:horizontal {{ background: {c.accent}; width: 14px; margin: -5px 0;
        border-radius: 7px; }}
    QSlider::handle:horizontal:disabled {{ background: {c.muted}; }}
    QLineEdit {{ background: {c.surface}; border: 1px solid {c.border}; border-radius: 6px;
        padding: 6px 8px; }}
    QLineEdit:focus {{ border: 2px solid {c.accent}; padding: 5px 7px; }}
    QSpinBox {{ background: {c.surface}; border: 1px solid {c.border}; border-radius: 6px;
        padding: 5px 4px; selection-background-color: {c.accent};
        selection-color: {c.on_accent}; }}
    QSpinBox:hover {{ border-color: {c.accent}; }}
    QSpinBox:focus {{ border: 2px solid {c.accent}; padding: 4px 3px; }}
    QSpinBox:disabled {{ color: {c.muted}; border-color: {c.track}; }}
    QSpinBox::up-button, QSpinBox::down-button {{ background: transparent; border: 0;
        border-radius: 4px; width: 20px; subcontrol-origin: border; }}
    QSpinBox::up-button {{ subcontrol-position: top right; margin: 3px 3px 0 0; }}
    QSpinBox::down-button {{ subcontrol-position: bottom right; margin: 0 3px 3px 0; }}
    QSpinBox::up-button:hover, QSpinBox::down-button:hover {{ background: {c.accent_ground}; }}
    QSpinBox::up-arrow, QSpinBox::down-arrow {{ image: none; }}
    QListView, QTreeView, QTableView, QPlainTextEdit, Grid {{ background: {c.surface};
        border: 1px solid {c.border}; border-radius: 6px; outline: 0;
        selection-background-color: {c.accent}; selection-color: {c.on_accent}; }}
    QListView:focus, QTreeView:focus, QTableView:focus, QPlainTextEdit:focus, Grid:focus {{
        border: 2px solid {c.accent}; }}
    QHeaderView, QHeaderView::section {{ background: {c.surface}; color: {c.muted}; border: 0; }}
    QHeaderView::section {{ border-bottom: 1px solid {c.border}; padding: 6px 8px; }}
    QHeaderView::section:hover {{ color: {c.accent}; }}
    SortedTable QHeaderView::section {{ padding: 6px 18px 6px 8px; }} /* room for the arrow */
    QAbstractScrollArea::corner {{ background: transparent; border: 0; }}
    QListView[kind="bare"], QScrollArea[kind="bare"] {{ background: transparent;
        border: 2px solid transparent; border-radius: 6px; }}
    QScrollArea[kind="bare"] > QWidget > QWidget {{ border: 0; background: transparent; }}
    QScrollArea[kind="still"], QScrollArea[kind="still"] > QWidget > QWidget {{
        border: 0; background: transparent; }}
    QListView[kind="bare"]:focus, QScrollArea[kind="bare"]:focus {{
        border-color: {c.accent}; }}
    QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
    QDialogButtonBox QPushButton {{ min-width: 64px; }}
    QInputDialog QLineEdit {{ min-width: 400px; }}
    QTableView::item {{ padding: 0 8px; }}
    QSplitter::handle {{ background: transparent; }}
    QTableView[kind="soft"] {{ selection-background-color: {c.accent_ground};
        selection-color: {c.text}; }}
    QTableView[kind="soft"]::item {{ padding: 0 5px; }}
    QStatusBar {{ background: {c.window}; color: {c.muted}; border-top: 1px solid {c.border}; }}
    QStatusBar::item {{ border: 0; }}
    QStatusBar QLabel {{ color: {c.muted}; padding: 2px 8px; }}
    QLabel[kind="muted"] {{ color: {c.muted}; }}
    QLabel[kind="danger"] {{ color: {c.danger}; }}
    QFrame[kind="card"] {{ background: {c.surface}; border: 1px solid {c.border};
        border-radius: 10px; }}
    QFrame[kind="popup"] {{ background: {c.window}; border: 1px solid {c.muted}; }}
    QFrame[kind="notice"] {{ background: {c.accent_ground}; border: 0; border-radius: 8px; }}
    QFrame[kind="warning"] {{ background: {c.warning_ground}; border: 0; border-radius: 8px; }}
    QProgressBar {{ background: {c.track}; border: 0; border-radius: 3px; max-height: 6px;
        min-height: 6px; }}
    QProgressBar::chunk {{ background: {c.accent}; border-radius: 3px; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 2px; }}
    QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 2px; }}
    QScrollBar::handle {{ background: {c.border}; border-radius: 3px; min-height: 24px;
        min-width: 24px; }}
    QScrollBar::handle:hover {{ background: {c.muted}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    """
