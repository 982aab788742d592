"""Batches of files above a page: how far one is, what came of it, what was cut off."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Slot

from resnet_gui.core.filing.batch import CORRECTING, BatchInfo, How, count
from resnet_gui.ui.filing.filer import Filer, Outcome
from resnet_gui.ui.widgets.notice_bar import NoticeBar, NoticeLine
from resnet_gui.ui.widgets.plain_text import one_line
from resnet_gui.ui.widgets.reveal import Reveal

_NAMED = 3  # files that stayed
_DONE = {
    How.COPY: ("was copied", "were copied"),
    How.MOVE: ("was moved", "were moved"),
    How.LINK: ("was linked", "were linked"),
}


class FilingNotices(QObject):
    """Shows one window's Filer on one page. What came of a batch stands on the page that it belongs
    to (corrections, or all else), with its Undo; and on the page in front.

    Attributes:
        progress: of what goes on. outcome: of what ended last. offer: what was cut off. None: not
            shown.
    """

    def __init__(
        self,
        filer: Filer,
        notices: NoticeBar,
        reveal: Reveal,
        parent: QObject,
        *,
        correcting: bool = False,
    ) -> None:
        """`correcting`: the page is where corrections are made."""
        super().__init__(parent)
        self._correcting = correcting
        self._filer, self._notices, self._reveal = filer, notices, reveal
        self.progress: NoticeLine | None = None
        self.outcome: NoticeLine | None = None
        self.offer: NoticeLine | None = None
        self._offered: BatchInfo | None = None
        self._done: BatchInfo | None = None
        filer.changed.connect(self._refresh)
        filer.ended.connect(self._on_ended)
        filer.failed.connect(self._on_failed)

    # --- what goes on -------------------------------------------------------------------------

    @Slot()
    def _refresh(self) -> None:
        working = self._filer.working
        if working is None:
            self._take_away("progress")
            self._offer_rest()
            return
        self._take_away("offer")
        if self.progress is None:
            if self._in_front:
                self._take_away("outcome")
            self.progress = self._notices.add(one_line(working.what), "notice", "Stop")
            self.progress.close_button.hide()
            self.progress.acted.connect(self._filer.stop)
            self.progress.bar.show()
        far = f": {working.done:,} of {working.total:,} files" if working.total else "…"
        self.progress.label.setText(one_line(working.what) + far)
        self.progress.bar.show_progress(working.done, working.total)

    @property
    def _in_front(self) -> bool:
        page = self._notices.parentWidget()
        return page is not None and page.isVisible()

    def _take_away(self, name: str) -> None:
        notice: NoticeLine | None = getattr(self, name)
        if notice is not None:
            setattr(self, name, None)
            self._notices.remove(notice)

    @Slot(object)
    def _on_failed(self, text: str) -> None:
        self._notices.add(text, "warning")

    # --- what came of it ----------------------------------------------------------------------

    @Slot(object)
    def _on_ended(self, outcome: Outcome) -> None:
        own = outcome.info.title.startswith(CORRECTING) is self._correcting
        undone = outcome.undone and self._done is not None and self._done.id == outcome.info.id
        if undone:  # it cannot be taken back once more
            self._take_away("outcome")
        if not own and not self._in_front:
            return
        self._take_away("outcome")
        kind = "warning" if outcome.missed else "notice"
        action = "Undo" if outcome.done and not outcome.undone else ""
        self._done = outcome.info
        notice = self.outcome = self._notices.add(outcome_text(outcome), kind, action)
        if action:
            notice.acted.connect(self._on_undo)
            if outcome.info.folder:
                notice.add_button("Open folder").clicked.connect(self._on_open_folder)
        notice.left.connect(self._on_outcome_left)

    @Slot()
    def _on_undo(self) -> None:
        if self._done is not None:
            self._filer.undo(self._done)

    @Slot()
    def _on_open_folder(self) -> None:
        if self._done is not None:
            self._reveal.show(Path(self._done.folder))

    @Slot()
    def _on_outcome_left(self) -> None:
        self.outcome = None

    # --- what was cut off ---------------------------------------------------------------------

    def _offer_rest(self) -> None:
        info = self._filer.interrupted
        if info == self._offered and (info is None) == (self.offer is None):
            return
        self._take_away("offer")
        self._offered = info
        if info is None:
            return
        ended = "Stopped" if self._filer.stopped == info.id else "Cut off"
        if info.undoing:
            text, action = f"{ended}: {one_line(info.undo_text)}.", "Go on"
        else:
            far = f"{info.done:,} of {info.total:,} files are done"
            text, action = f"{ended}: {one_line(info.title, 120)}. {far}.", "Do the rest"
        notice = self.offer = self._notices.add(text, "warning", action)
        notice.acted.connect(self._on_go_on)
        if info.undoing:
            notice.close_button.hide()  # half undone is no state to stay in
            return
        notice.add_button("Put back").clicked.connect(self._on_put_back)
        notice.closed.connect(self._on_accepted)

    @Slot()
    def _on_go_on(self) -> None:
        if self._offered is not None:
            (self._filer.undo if self._offered.undoing else self._filer.finish)(self._offered)

    @Slot()
    def _on_put_back(self) -> None:
        if self._offered is not None:
            self._filer.undo(self._offered)

    @Slot()
    def _on_accepted(self) -> None:
        self.offer = None
        if self._offered is not None:
            self._filer.accept(self._offered)


def outcome_text(outcome: Outcome) -> str:
    """ "812 photos were moved into “Sorted”." and what stayed."""
    info = outcome.info
    if outcome.undone:
        text = f"Undone: {count(outcome.done, 'file')}."
        if info.how is How.MOVE:
            text = f"{count(outcome.done, 'file')} {_were(outcome.done)} back."
    elif info.title.startswith(CORRECTING):  # into several folders, some beside the first
        what = info.title.removeprefix(CORRECTING)
        name = what.split("”")[0]
        text = f"Applied to “{what}." if outcome.done else f"Nothing was changed in “{name}”."
    else:
        where = f" into “{one_line(Path(info.folder).name, 60)}”" if info.folder else ""
        text = f"{count(info.photos, 'photo')} {_DONE[info.how][info.photos != 1]}{where}."
    if outcome.missed:
        named = [
            f"{one_line(Path(missed.path).name, 60)}: {missed.message}"
            for missed in outcome.missed[:_NAMED]
        ]
        more = len(outcome.missed) - len(named)
        stayed = "stays" if len(outcome.missed) == 1 else "stay"
        text += f" {count(len(outcome.missed), 'file')} {stayed} as before. " + " ".join(named)
        text += f" And {more:,} more." if more else ""
    return text


def _were(number: int) -> str:
    return "is" if number == 1 else "are"
