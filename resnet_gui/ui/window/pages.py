"""The list of pages, and the stack that shows one of them."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QStackedWidget, QWidget

from resnet_gui.core.system.gentle_import import gentle_import
from resnet_gui.jobs.lane import JobLane, Priority
from resnet_gui.ui.page import Page, PageContext, PageEntry
from resnet_gui.ui.window.place import Place

# Adding a page: its package, and one line here. The first one is shown at the start; the others
# are imported and built later, so name their class and do not import it here.
PAGES = [
    PageEntry("classify", "Classify", "photo", "resnet_gui.ui.classify.page:ClassifyPage"),
    PageEntry("train", "Train", "train", "resnet_gui.ui.train.page:TrainPage"),
    PageEntry("runs", "Runs", "runs", "resnet_gui.ui.runs.page:RunsPage"),
    PageEntry("evaluate", "Evaluate", "target", "resnet_gui.ui.evaluate.page:EvaluatePage"),
    PageEntry("improve", "Improve", "improve", "resnet_gui.ui.improve.page:ImprovePage"),
    PageEntry("models", "Models", "models", "resnet_gui.ui.models.page:ModelsPage"),
    PageEntry("lab", "Lab", "lab", "resnet_gui.ui.lab.page:LabPage"),
]
# After the window's work has begun: the first answer comes first.
_REST_MS = 1000
# While a model is loaded, torch or OpenVINO is imported, a folder read or a training begun,
# building a page takes twice as long: every call of Qt gives up the interpreter's lock and has to
# wait for it again.
_ENGINE_MS, _LONGEST_S = 50, 60.0
_BETWEEN_MS = 15  # room for what else the window has to do
THEME_MS = 250  # until the parts that nobody sees have the new colours, too, each in its turn

AnyPage = TypeVar("AnyPage", bound=Page)


class Pages(QStackedWidget):
    """Shows one page of the list. A page is built when it is first asked for: by showing it, by its
    name or its class. What has to do with a page that may not be there yet waits for it
    (`when_built`) or leaves it out (`built`).

    Attributes:
        entries: the pages' names, titles and icons, in order.
        current: the page in front.

    Signals:
        page_shown(str): name of the page that has come to the front.
        page_built(str): name of the page that is there from now on.
        settings_requested(): by a notice of any page.
        all_built(): every page is there now.
    """

    page_shown = Signal(str)
    page_built = Signal(str)
    settings_requested = Signal()
    all_built = Signal()

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.entries = tuple(PAGES)
        self._pages: dict[str, Page] = {}
        self._ready: dict[str, Page] = {}  # built, and not in the window yet
        self._latest = 0.0
        self._places: dict[Page, QWidget] = {}
        self._also: tuple[str, ...] = ()
        self._waiting: dict[str, list[Callable[[], object]]] = {}
        self._soon, self._next = QTimer(self), QTimer(self)
        for timer, milliseconds, slot in (
            (self._soon, _REST_MS, self._on_soon),
            (self._next, 0, self._on_next),
        ):
            timer.setSingleShot(True)
            timer.setInterval(milliseconds)
            timer.timeout.connect(slot)
        context.theme.changed.connect(self._on_theme_changed)
        self.current = self[self.entries[0].name]

    def __getitem__(self, name: str) -> Page:
        if name not in self._pages:
            self._build(next(entry for entry in self.entries if entry.name == name))
        return self._pages[name]

    def of(self, kind: type[AnyPage]) -> AnyPage:
        """The page of this class."""
        for entry in self.entries:
            if entry.makes(kind):
                page = self[entry.name]
                assert isinstance(page, kind)
                return page
        return next(page for page in self._pages.values() if isinstance(page, kind))

    @property
    def built(self) -> dict[str, Page]:
        """The pages that are there, by name, in the list's order."""
        there = self._pages
        return {entry.name: there[entry.name] for entry in self.entries if entry.name in there}

    def when_built(self, name: str, use: Callable[[], object]) -> None:
        """Call `use` as soon as that page is there: now, or once when it has been built."""
        if name in self._pages:
            use()
        else:
            self._waiting.setdefault(name, []).append(use)

    @Slot(str)
    def show_page(self, name: str) -> None:
        """Bring a page to the front."""
        before, now = self.current, self[name]
        if before is not now:
            self.current = now
            self.setCurrentWidget(self._places[now])
            before.hidden()
            now.shown()
            self.page_shown.emit(name)

    # --- building ---------------------------------------------------------------------------

    def build_rest_soon(self, also: Sequence[str] = ()) -> None:
        """Build the other pages, too, when the start's work is done: the first click on one of
        them is not to wait, and what a page has to say is heard wherever the person is.

        Args:
            also: modules of other parts of the window that are imported along.
        """
        self._also = tuple(also)
        self._soon.start()

    @Slot()
    def build_rest(self) -> None:
        """Build what is not there yet, now."""
        for entry in self._missing():
            self._build(entry)

    def stop_building(self) -> None:
        """The window closes."""
        self._soon.stop()
        self._next.stop()

    def _build(self, entry: PageEntry) -> None:
        name = entry.name
        page = self._ready.pop(name, None) or entry.page_class()(self._context)
        self._pages[name] = page
        page.setObjectName(name)
        place = self._places[page] = Place(page)
        self.addWidget(place)
        page.wanted.connect(partial(self.show_page, name))
        page.notices.settings_requested.connect(self.settings_requested)
        self._context.theme.changed.connect(page.refresh_theme)
        for use in self._waiting.pop(name, ()):
            use()
        self.page_built.emit(name)
        if not self._missing():
            self.all_built.emit()

    def _missing(self) -> list[PageEntry]:
        return [entry for entry in self.entries if entry.name not in self._pages]

    @Slot()
    def _on_soon(self) -> None:
        """First their modules, in the io lane: that is most of the work."""
        modules = [*(entry.module for entry in self._missing()), *self._also]
        io: JobLane = self._context.lanes.io
        job = io.submit(partial(_import, modules), Priority.BACKGROUND)
        job.finished.connect(self._on_imported)
        job.failed.connect(self._on_imported)  # building says what is wrong

    @Slot()
    def _on_imported(self, *_: object) -> None:
        self._latest = time.monotonic() + _LONGEST_S
        self._next.start(0)

    @Slot()
    def _on_theme_changed(self) -> None:
        """A page is not built in the same turn: the two together are what a person notices."""
        if self._next.isActive():
            self._next.start(THEME_MS)

    @Slot()
    def _on_next(self) -> None:
        """Half a page in each turn of the event loop: first what it is made of, then its place in
        the window, where it gets the window's style."""
        lanes = self._context.lanes
        busy = lanes.inference.busy or lanes.io.busy or lanes.training.busy
        if busy and time.monotonic() < self._latest:
            self._next.start(_ENGINE_MS)
            return
        for entry in self._missing()[:1]:
            if entry.name in self._ready:
                self._build(entry)
            else:
                self._ready[entry.name] = entry.page_class()(self._context)
            self._next.start(_BETWEEN_MS)


def _import(modules: Sequence[str]) -> Iterator[None]:
    for module in modules:
        with gentle_import(torch=False):
            importlib.import_module(module)
        yield
