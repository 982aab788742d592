"""What one page has to say while another one is in front."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Slot

from resnet_gui.ui.widgets.notice_bar import NoticeBar, NoticeLine
from resnet_gui.ui.widgets.spoken import announce
from resnet_gui.ui.window.pages import Pages


class Announcements(QObject):
    """Shows a page's sentence on the page in front, with a button that leads to the first one. It
    goes as soon as that page has been seen."""

    def __init__(self, pages: Pages) -> None:
        super().__init__(pages)
        self._pages = pages
        self._lines: list[tuple[str, NoticeBar, NoticeLine]] = []
        for name in pages.built:
            self._listen(name)
        pages.page_built.connect(self._listen)
        pages.page_shown.connect(self._on_page_shown)

    @Slot(str)
    def _listen(self, name: str) -> None:
        self._pages[name].announced.connect(partial(self.say, name))

    def say(self, name: str, text: str) -> None:
        """`name`: of the page whose sentence it is. It says so itself where it is in front."""
        front = self._pages.current
        if front is self._pages[name]:
            announce(front, text)
            return
        line = front.notices.add(text, "notice", "Show")
        self._lines.append((name, front.notices, line))
        line.acted.connect(partial(self._pages.show_page, name))

    @Slot(str)
    def _on_page_shown(self, name: str) -> None:
        for said in [said for said in self._lines if said[0] == name]:
            self._lines.remove(said)
            said[1].remove(said[2])
