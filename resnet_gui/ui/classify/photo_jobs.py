"""The jobs that classify photos: which job a photo waits for, its answer, how far they all are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.events import ClassifyEvent, ImageFailed, ImageSource, Prediction
from resnet_gui.jobs.lane import Job, JobLane, Priority
from resnet_gui.ui.widgets.photo_list import Photo, PhotoList, PhotoState
from resnet_gui.ui.widgets.status import PhotosProgress

Answer = Prediction | ImageFailed


class PhotoJobs(QObject):
    """Writes the answers into the photos of a list.

    Signals:
        told(list): events beside the answers.
        answered(list[tuple[Photo, Answer]]): of photos that no later job has.
        failed(Exception): a job; the photos that waited for it are idle.
        ended(): a job is over.
    """

    told = Signal(object)
    answered = Signal(object)
    failed = Signal(object)
    ended = Signal()

    def __init__(self, inference: JobLane, photos: PhotoList, parent: QObject) -> None:
        super().__init__(parent)
        self._inference, self._photos = inference, photos
        self._batches: list[_Batch] = []
        self._started = 0.0
        self._done = 0

    def classify(
        self,
        photos: Sequence[Photo],
        classify: Callable[[Sequence[ImageSource]], Iterator[ClassifyEvent]],
        *,
        interactive: bool,
    ) -> None:
        """Queue photos. `interactive`: the first one alone and before everything else, as it is
        the one being looked at."""
        if not self._batches:
            self._started, self._done = time.monotonic(), 0
        alone = 1 if interactive else 0
        for part, priority in (
            (photos[:alone], Priority.INTERACTIVE),
            (photos[alone:], Priority.NORMAL),
        ):
            if part:
                start = partial(classify, [photo.source for photo in part])
                batch = _Batch(self._inference.submit(start, priority), part, self)
                batch.told.connect(self.told)
                batch.answered.connect(self._on_answered)
                batch.job.failed.connect(self._on_failed)
                batch.job.ended.connect(self._on_ended)
                self._batches.append(batch)
        self._photos.touch_all()

    def let_go(self) -> None:
        """Cancel all jobs and hear no more of them. Answers that are there stay; one that was to be
        replaced counts as old."""
        for batch in self._batches:
            batch.job.let_go()
            for photo in batch.waiting():
                photo.state = PhotoState.IDLE
            batch.deleteLater()
        self._batches.clear()
        self._photos.touch_all()

    def progress(self) -> PhotosProgress:
        """Of all photos since nothing waited."""
        waiting = sum(len(batch.waiting()) for batch in self._batches)
        if not waiting:
            self._done = 0
        return PhotosProgress.of(self._done, waiting, time.monotonic() - self._started)

    @Slot(object)
    def _on_answered(self, answers: list[tuple[Photo, Answer]]) -> None:
        self._done += len(answers)
        for photo, answer in answers:
            if isinstance(answer, Prediction):
                photo.state, photo.prediction, photo.problem = PhotoState.DONE, answer, ""
            else:
                photo.state, photo.prediction = PhotoState.FAILED, None
                photo.problem = answer.message
            self._photos.touch(photo)
        self.answered.emit(answers)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        for batch in self._batches:
            for photo in () if batch.job.active else batch.waiting():
                photo.state = PhotoState.IDLE
        self._photos.touch_all()
        self.failed.emit(error)

    @Slot()
    def _on_ended(self) -> None:
        for batch in self._batches:
            if not batch.job.active:
                batch.deleteLater()
        self._batches = [batch for batch in self._batches if batch.job.active]
        self.ended.emit()


class _Batch(QObject):
    """Photos that one job has."""

    answered = Signal(object)
    told = Signal(object)

    def __init__(self, job: Job, photos: Sequence[Photo], parent: QObject) -> None:
        super().__init__(parent)
        self.job = job
        self._photos = photos
        for photo in photos:
            photo.owner, photo.state = self, PhotoState.WAITING
        job.progressed.connect(self._on_progressed)

    def waiting(self) -> list[Photo]:
        """The photos that have no answer yet and are still this batch's."""
        return [p for p in self._photos if p.owner is self and p.state is PhotoState.WAITING]

    @Slot(object)
    def _on_progressed(self, events: list[ClassifyEvent]) -> None:
        answers: list[tuple[Photo, Answer]] = []
        others: list[ClassifyEvent] = []
        for event in events:
            if isinstance(event, Prediction | ImageFailed):
                photo = self._photos[event.position]
                if photo.owner is self:
                    answers.append((photo, event))
            else:
                others.append(event)
        if others:
            self.told.emit(others)
        if answers:
            self.answered.emit(answers)
