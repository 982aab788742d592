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
    """Offers the recommended model while no ResNet is here; once declined, not again.

    Attributes:
        notice: the offer, None while there is nothing to offer.
    """

    def __init__(self, controller: ClassifyController, notices: NoticeBar, parent: QObject) -> None:
        super().__init__(parent)
        self._controller, self._notices = controller, notices
        self.notice: NoticeLine | None = None
        self._download: NoticeLine | None = None
        self._declined = False
        controller.model_changed.connect(self._refresh)
        controller.store.changed.connect(self._refresh)
        controller.download_changed.connect(self._on_download_changed)

    @Slot()
    def _refresh(self) -> None:
        wanted = self._controller.store.entry(RECOMMENDED_ID)
        entry = self._controller.entry
        if (
            wanted is None
            or wanted.state.ready
            or not (entry is None or entry.spec.provider == "offline")
            or self._declined
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
            "notice",
            f"Get {wanted.spec.title}",
        )
        self.notice.acted.connect(self._on_accepted)
        self.notice.closed.connect(self._on_declined)

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
