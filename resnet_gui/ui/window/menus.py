"""The window's menus."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from resnet_gui.core.system.settings import THEMES
from resnet_gui.ui.page import Page, PageAction, set_keys
from resnet_gui.ui.window.pages import Pages

_USUAL, _LAST = ("File", "Edit", "View"), "Help"


class _Menu(QMenu):
    """One menu; grey in it is what has nothing to do while it is looked at.

    Attributes:
        offers: what the page in front offers here.
    """

    def __init__(self, title: str, pages: Pages, parent: QWidget) -> None:
        super().__init__(f"&{title}", parent)
        self._pages = pages
        self.offers: list[PageAction] = []
        self.aboutToShow.connect(self._on_about_to_show)
        self.aboutToHide.connect(self._on_about_to_hide)

    @Slot()
    def _on_about_to_show(self) -> None:
        self._pages.build_rest()  # who looks in the first second wants to see all of it
        for offer in self.offers:
            offer.action.setEnabled(offer.usable())

    @Slot()
    def _on_about_to_hide(self) -> None:
        """A key must not stay dead because a menu was looked at before."""
        for offer in self.offers:
            offer.action.setEnabled(True)


class Menus(QObject):
    """The menu bar: what the page in front offers, what leads to another page, and what belongs to
    the window itself.

    Attributes:
        menus: by title.
    """

    def __init__(self, bar: QMenuBar, pages: Pages) -> None:
        super().__init__(bar)
        self._bar, self._pages = bar, pages
        self._first: dict[str, list[QAction]] = {}
        self._last: dict[str, list[QAction]] = {}
        self._made: list[QAction] = []
        self.menus: dict[str, _Menu] = {}
        self._add_titles()
        pages.page_shown.connect(self.refresh)
        pages.page_built.connect(self.refresh)

    def _add_titles(self) -> None:
        """The menus of the pages that are there; Help stays the last one."""
        offered = (offer.menu for page in self._pages.built.values() for offer in page.offered)
        titles = dict.fromkeys((*_USUAL, *offered, _LAST))
        before, self.menus = self.menus, {}
        for title in titles:
            self.menus[title] = before.get(title) or self._new(title, before.get(_LAST))

    def _new(self, title: str, following: _Menu | None) -> _Menu:
        menu = _Menu(title, self._pages, self._bar)
        if following is None:
            self._bar.addMenu(menu)
        else:
            self._bar.insertMenu(following.menuAction(), menu)
        return menu

    def add(self, menu: str, *actions: QAction, first: bool = False) -> None:
        """Add entries of the window's own, below those of the pages, or above. Call `refresh`
        after the last one."""
        (self._first if first else self._last).setdefault(menu, []).extend(actions)

    @Slot()
    def refresh(self, *_: object) -> None:
        """Fill the menus for the page that is in front."""
        for action in self._made:
            action.deleteLater()
        self._made = []
        self._add_titles()
        current = self._pages.current
        taken = {key for offer in current.offered for key in _keys(offer.action)}
        for title, menu in self.menus.items():
            for action in menu.actions():  # not `clear`: it makes the actions useless for Python
                menu.removeAction(action)
            menu.offers = [offer for offer in current.offered if offer.menu == title]
            for offer in menu.offers:
                if offer.action.menu() is not None:  # the one that is shown elsewhere, too
                    offer.action.setText(offer.text)
            groups = (
                self._first.get(title, []),
                [offer.action for offer in menu.offers],
                self._leading_there(title, current, taken),
                self._last.get(title, []),
            )
            for number, group in enumerate(group for group in groups if group):
                if number:
                    menu.addAction(self._line())
                menu.addActions(group)
            menu.menuAction().setVisible(any(groups))

    def _line(self) -> QAction:
        line = QAction(self)
        line.setSeparator(True)
        self._made.append(line)
        return line

    def _leading_there(self, title: str, current: Page, taken: set[str]) -> list[QAction]:
        """The entries of pages that are not in front: the page comes there first. They keep those
        of their keys that mean nothing on the page in front."""
        found: list[QAction] = []
        for page in self._pages.built.values():
            offers = [] if page is current else page.offered
            for offer in offers:
                if offer.menu != title or not offer.elsewhere:
                    continue
                if offer.action.menu() is not None:
                    offer.action.setText(offer.elsewhere)
                    found.append(offer.action)
                    continue
                action = QAction(offer.elsewhere, self)
                keys = _keys(offer.action)
                if keys and keys[0] not in taken:  # no others alone: "Open", a key of few keyboards
                    set_keys(action, [key for key in keys if key not in taken])
                taken.update(_keys(action))
                action.triggered.connect(offer.action.trigger)
                self._made.append(action)
                found.append(action)
        return found


def _keys(action: QAction) -> list[str]:
    return [keys.toString() for keys in action.shortcuts()]


class ThemeMenu(QMenu):
    """One of the themes.

    Signals:
        chosen(str).
    """

    chosen = Signal(str)

    def __init__(self, title: str, theme: str, parent: QWidget) -> None:
        super().__init__(title, parent)
        group = QActionGroup(self)
        for name, words in THEMES.items():
            action = self.addAction(words)
            action.setCheckable(True)
            action.setChecked(name == theme)
            action.setData(name)
            group.addAction(action)
        self.triggered.connect(self._on_triggered)

    def show_theme(self, theme: str) -> None:
        """Mark the theme that is in force."""
        for action in self.actions():
            action.setChecked(action.data() == theme)

    @Slot(QAction)
    def _on_triggered(self, action: QAction) -> None:
        self.chosen.emit(str(action.data()))
