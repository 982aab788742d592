"""The notices about models above the photo: a better one can be had, one is being downloaded."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from resnet_gui.core.events import DownloadProgress
from resnet_gui.core.zoo import RECOMMENDED_ID
from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.widgets.notice_bar import NoticeBar, NoticeLine
from resnet_gui.ui.widgets.plain_text import one_line
from resnet_gui.ui.widgets.words import progress_line, size_text


class ModelOffer(QObject):
    """Offers the recommended model while no ResNet is here; not again once it was declined, was in
    sight for a while, or a person went on with other photos. Where there is no model at all, the
    offer stays: without one there is nothing else to do.

    Attributes:
        notice: the offer, None while there is nothing to offer.
    """

    def __init__(self, controller: ClassifyController, notices: NoticeBar, parent: QObject) -> None:
        super().__init__(parent)
        self._controller, self._notices = controller, notices
        self.notice: NoticeLine | None = None
        self._download: NoticeLine | None = None
        self._declined = self._seen = False
        self._photos = 0  # in the list, when the last ones came
        controller.model_changed.connect(self._refresh)
        controller.store.changed.connect(self._refresh)
        controller.download_changed.connect(self._on_download_changed)
        controller.taken.connect(self._on_photos_taken)
        controller.removals.changed.connect(self._on_removed)

    @Slot()
    def _refresh(self) -> None:
        wanted = self._controller.store.entry(RECOMMENDED_ID)
        entry = self._controller.entry
        if (
            wanted is None
            or wanted.state.ready
            or not (entry is None or entry.spec.provider == "offline")
            or self._declined
            or (self._seen and entry is not None)
            or self._controller.store.offline
            or self._download is not None
        ):
            self._withdraw()
            return
        if self.notice is not None:
            return
        better = f"{wanted.spec.title} is more accurate"
        if entry is None:
            better = f"No model is on this computer yet. {wanted.spec.title} is a good first one"
        elif wanted.spec.top1 is not None and entry.spec.top1 is not None:
            better += f" ({wanted.spec.top1:.1%} against {entry.spec.top1:.1%} on ImageNet)"
        self.notice = self._notices.add(
            f"{better}: a download of {size_text(wanted.spec.bytes)}, once.",
            "notice" if entry is None else "offer",
            f"Get {wanted.spec.title}",
        )
        self.notice.acted.connect(self._on_accepted)
        self.notice.closed.connect(self._on_declined)
        self.notice.left.connect(self._on_left)

    def _withdraw(self) -> None:
        if self.notice is not None:
            self._notices.remove(self.notice)
            self.notice = None

    @Slot()
    def _on_accepted(self) -> None:
        self._controller.set_model(RECOMMENDED_ID)

    @Slot()
    def _on_declined(self) -> None:
        self.notice, self._declined = None, True

    @Slot()
    def _on_left(self) -> None:
        self.notice, self._seen = None, True

    @Slot()
    def _on_photos_taken(self) -> None:
        """With the first answer on the screen it can be judged whether a better one is wanted; with
        the next photos it was seen."""
        if self._photos:
            self._go()
        self._photos = self._controller.photos.rowCount()

    @Slot()
    def _on_removed(self) -> None:
        if self._controller.removals.text:
            self._go()

    def _go(self) -> None:
        if self.notice is not None and self.notice.offers:
            self._seen = True
            self._withdraw()

    @Slot(object)
    def _on_download_changed(self, progress: DownloadProgress | None) -> None:
        if progress is None:
            if self._download is not None:
                self._notices.remove(self._download)
                self._download = None
            self._refresh()
            return
        if self._download is None:
            self._withdraw()
            notice = self._notices.add(f"Downloading {one_line(progress.name)}", "notice", "Cancel")
            notice.close_button.hide()
            notice.acted.connect(self._controller.cancel_download)
            notice.bar.show()
            self._download = notice
        notice = self._download
        notice.bar.show_progress(progress.done, progress.total)
        notice.label.setText(f"Downloading {one_line(progress.name)}: {progress_line(progress)}")
