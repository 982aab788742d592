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
        self._waiting: set[Photo] = set()  # counted many times a second: 20,000 may wait
        self._watch = _Watch()
        self._done = 0
        self._paused = False

    @property
    def paused(self) -> bool:
        """Whether what waits for an answer waits for a person, too."""
        return self._paused and bool(self._waiting)

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
            self._done = 0
            self._watch.begin()
            self._paused = False
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
                # Somebody looks at the first photo: that one is answered also in a pause.
                batch.job.set_paused(self._paused and priority is not Priority.INTERACTIVE)
                self._batches.append(batch)
        self._waiting.update(photos)
        self._photos.touch(photos)

    def let_go(self) -> None:
        """Cancel all jobs and hear no more of them. Answers that are there stay; one that was to be
        replaced counts as old."""
        for batch in self._batches:
            batch.job.let_go()
            batch.deleteLater()
        self._batches.clear()
        self._paused = False
        self._idle(list(self._waiting))

    def set_paused(self, paused: bool) -> None:
        """Let nothing new begin, or go on. What is under way is still answered."""
        self._paused = paused
        self._watch.hold(paused)
        for batch in self._batches:
            batch.job.set_paused(paused)

    def _idle(self, photos: Sequence[Photo]) -> None:
        """They wait for nothing any more."""
        for photo in photos:
            photo.state = PhotoState.IDLE
        self._waiting.difference_update(photos)
        self._photos.touch(photos)

    def progress(self) -> PhotosProgress:
        """Of all photos since nothing waited."""
        waiting = len(self._waiting)
        if not waiting:
            self._done = 0
        return PhotosProgress.of(self._done, waiting, self._watch.seconds(), paused=self.paused)

    @Slot(object)
    def _on_answered(self, answers: list[tuple[Photo, Answer]]) -> None:
        self._done += len(answers)
        for photo, answer in answers:
            if isinstance(answer, Prediction):
                photo.answer(answer)
            else:
                photo.state, photo.prediction = PhotoState.FAILED, None
                photo.problem = answer.message
            self._waiting.discard(photo)
        self._photos.touch([photo for photo, _ in answers])
        self.answered.emit(answers)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        over = [batch for batch in self._batches if not batch.job.active]
        self._idle([photo for batch in over for photo in batch.waiting()])
        self.failed.emit(error)

    @Slot()
    def _on_ended(self) -> None:
        for batch in self._batches:
            if not batch.job.active:
                batch.deleteLater()
        self._batches = [batch for batch in self._batches if batch.job.active]
        self.ended.emit()


class _Watch:
    """The time that is worked, without pauses, in seconds."""

    def __init__(self) -> None:
        self._before, self._since = 0.0, 0.0
        self._held = False

    def begin(self) -> None:
        self._before, self._since, self._held = 0.0, time.monotonic(), False

    def hold(self, held: bool) -> None:
        """Stop, or go on."""
        if held != self._held:
            self._before, self._since = self.seconds(), time.monotonic()
            self._held = held

    def seconds(self) -> float:
        return self._before + (0.0 if self._held else time.monotonic() - self._since)


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
