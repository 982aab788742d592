"""Names for the classes of a model that came without: offered after its import, and on its card."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from resnet_gui.core.dataset.summary import name_list
from resnet_gui.core.zoo import ModelSpec
from resnet_gui.core.zoo.storage.class_names import name_classes
from resnet_gui.jobs.lane import JobLane, Priority
from resnet_gui.ui.models.controller import ModelsController
from resnet_gui.ui.models.naming_dialog import NamingDialog
from resnet_gui.ui.widgets.naming_offers import NamingOffers
from resnet_gui.ui.widgets.notice_bar import NoticeBar, NoticeLine
from resnet_gui.ui.widgets.plain_text import one_line
from resnet_gui.ui.widgets.words import sentence


class ClassNaming(QObject):
    """What the Models page does about names of classes.

    Attributes:
        dialog: where they are given; None: not open.
    """

    def __init__(
        self, controller: ModelsController, io: JobLane, notices: NoticeBar, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._controller, self._io, self._notices, self._page = controller, io, notices, parent
        self.dialog: NamingDialog | None = None
        self._offers = NamingOffers(notices, self)
        self._offers.taken.connect(self.ask_for)
        self._undos: dict[NoticeLine, tuple[Path, tuple[str, ...]]] = {}
        controller.unnamed_imported.connect(self._offers.offer)

    @Slot()
    def ask(self) -> None:
        """For the chosen model."""
        entry = self._controller.current
        if entry is not None:
            self.ask_for(entry.spec)

    @Slot(object)
    def ask_for(self, spec: ModelSpec) -> None:
        """Open the list of names."""
        if self.dialog is not None:
            self.dialog.close()
        self.dialog = dialog = NamingDialog(spec, self._io, self._page.window())
        dialog.names_given.connect(self._on_names_given)
        dialog.finished.connect(self._on_finished)
        dialog.open()

    @Slot()
    def _on_finished(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
        self.dialog = None

    @Slot(object, object)
    def _on_names_given(self, path: Path, names: tuple[str, ...]) -> None:
        self._name(path, names, undoing=False)

    def _name(self, path: Path, names: tuple[str, ...], *, undoing: bool) -> None:
        job = self._io.submit(partial(_named, path, names), Priority.INTERACTIVE)
        job.finished.connect(self._on_undone if undoing else self._on_named)
        job.failed.connect(self._on_failed)
        job.ended.connect(self._controller.refresh)

    @Slot(object)
    def _on_named(self, done: tuple[Path, tuple[str, ...], tuple[str, ...]]) -> None:
        path, before, names = done
        self._offers.withdraw(lambda spec: spec.path == path)
        text = f"The classes are called {name_list([one_line(name, 40) for name in names])} now."
        notice = self._notices.add(text, "notice", "Undo")
        self._undos[notice] = (path, before)
        notice.acted.connect(self._on_undo)
        notice.left.connect(self._on_left)

    @Slot()
    def _on_undo(self) -> None:
        notice = self.sender()
        if isinstance(notice, NoticeLine) and notice in self._undos:
            path, before = self._undos.pop(notice)
            self._notices.remove(notice)
            self._name(path, before, undoing=True)

    @Slot(object)
    def _on_undone(self, done: tuple[Path, tuple[str, ...], tuple[str, ...]]) -> None:
        names = name_list([one_line(name, 40) for name in done[2]])
        self._notices.add(f"The classes are called {names} again.")

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._notices.add(sentence(error), "warning")

    @Slot(object)
    def _on_left(self, notice: NoticeLine) -> None:
        self._undos.pop(notice, None)


def _named(
    path: Path, names: tuple[str, ...]
) -> Generator[None, None, tuple[Path, tuple[str, ...], tuple[str, ...]]]:
    """Path, names before and names now."""
    yield None
    return path, name_classes(path, names), names
