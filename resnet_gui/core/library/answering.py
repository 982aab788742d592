"""Photos answered once: what was kept at once, the rest by the classifier, which is kept then.

For the window and the command line. No torch: the classifier is passed in.
"""

from __future__ import annotations

import dataclasses
import itertools
import logging
import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Protocol

from resnet_gui.core.events import (
    ClassifyEvent,
    ImageFailed,
    ImageSource,
    ModelReady,
    Notice,
    Prediction,
)
from resnet_gui.core.inference.answers import Answer, LoadedModel, Run, prediction
from resnet_gui.core.inference.backend import BackendForm
from resnet_gui.core.inference.converted import known_hash, weights_hash
from resnet_gui.core.inference.eight_bits import photos_for
from resnet_gui.core.library.answered import AnsweredPhoto
from resnet_gui.core.library.identity import Candidate
from resnet_gui.core.library.rows import Kept
from resnet_gui.core.library.store import AnswerStore, NewAnswer
from resnet_gui.core.library.way import Way, way_of
from resnet_gui.core.photos.store import workers
from resnet_gui.core.system.priority import give_way
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec

_log = logging.getLogger(__name__)
CLASSES_KEPT = 10  # of each answer, or as many as were asked for
_FIRST_LOOK, _LOOK = 64, 512  # photos looked up at a time
# Looking up 20,000 photos takes a second, and far more where their disk is slow: when nothing was
# known for so long, a few are asked about before the look-up goes on.
_PATIENCE_S, _SOON = 0.3, 16
_READ_AT_ONCE = 32
# How long photos are read to know their content before those that are new are asked about: many of
# them at a time answer faster, but the first answer and a stop must not wait for all.
_READ_FIRST_S, _READ_S = 0.2, 0.7
_FLUSH_S = 0.5
_MOST_WAITING = 1000  # answers that wait for a store which cannot be written
# For fewer photos a model is not hashed before the first answer.
_WORTH_HASHING = 16
Told = ClassifyEvent | AnsweredPhoto


class Asked(Protocol):
    """What is needed of `inference.classifier.Classifier`."""

    def expected(
        self, model_id: str, device: str = "auto", *, exact: bool = False
    ) -> tuple[ModelEntry, BackendForm]: ...

    def learn_from(
        self,
        sources: Sequence[ImageSource],
        model_id: str,
        device: str = "auto",
        *,
        exact: bool = False,
    ) -> Iterator[Notice]: ...

    def weights_of(self, spec: ModelSpec) -> Path | None: ...

    def ask(
        self,
        sources: Sequence[ImageSource],
        model_id: str,
        device: str,
        run: Run,
        *,
        exact: bool = False,
        whole: int = 0,
    ) -> Generator[ClassifyEvent | Answer, None, None]: ...


class Library:
    """Answers to many photos.

    Attributes:
        store: where they are kept.

    Args of the constructor:
        classifier: who answers what is not kept. One thread at a time, as it is.
    """

    def __init__(self, classifier: Asked, store: AnswerStore | None = None) -> None:
        self.store = store or AnswerStore()
        self._classifier = classifier

    def classify(
        self,
        sources: Sequence[ImageSource],
        model_id: str,
        device: str = "auto",
        top_k: int = 5,
    ) -> Iterator[ClassifyEvent]:
        """As `Classifier.classify`, in the order of `answer`."""
        with closing(self.answer(sources, model_id, device, top_k)) as events:
            for event in events:
                yield event.answer if isinstance(event, AnsweredPhoto) else event

    def answer(
        self,
        sources: Sequence[ImageSource],
        model_id: str,
        device: str = "auto",
        top_k: int = 5,
        *,
        exact: bool = False,
        anew: bool = False,
    ) -> Generator[Told, None, None]:
        """Answer photos: at once those that were answered before by this model in the form in
        which it would answer now, then the others. Nothing is loaded if there are no others.

        A kept answer is what was answered then, its times too. One to a file is used if the file
        did not change since (size and times), or has the same bytes as one that was answered,
        whatever its name. Failures are not kept: they may be of the moment.

        Args:
            exact: only exact answers will do.
            anew: ask about all of them; what is answered replaces what is kept.

        Yields:
            what `Classifier.load` yields, when it is loaded; and per source one AnsweredPhoto, the
            kept ones first. `in_order` puts them into the sources' order. What was answered is on
            the disk a second later, and when the generator has ended or was closed.

        Raises:
            ModelError: the model cannot be used. A bad photo raises nothing.
        """
        asking = _Asking(self, self._classifier, sources, model_id, device, top_k, exact)
        photos = itertools.starmap(Candidate.of, enumerate(sources))
        try:
            yield from asking.ask_all(photos) if anew else asking.answer(photos)
            if not photos_for(asking.most):  # or the classifier had enough of them at a time
                yield from self._classifier.learn_from(sources, model_id, device, exact=exact)
        finally:
            asking.keep()
        yield from _notices(self.store)


def in_order(events: Iterator[Told]) -> Iterator[Told]:
    """The photos in the order of the sources; those that come too early wait."""
    early: dict[int, AnsweredPhoto] = {}
    next_position = 0
    for event in events:
        if not isinstance(event, AnsweredPhoto):
            yield event
            continue
        early[event.position] = event
        while next_position in early:
            yield early.pop(next_position)
            next_position += 1


class _Asking:
    """One call of `Library.answer`."""

    def __init__(
        self,
        library: Library,
        classifier: Asked,
        sources: Sequence[ImageSource],
        model_id: str,
        device: str,
        top_k: int,
        exact: bool,
    ) -> None:
        self._store, self._classifier = library.store, classifier
        self._count, self._model_id, self._device = len(sources), model_id, device
        self._top_k, self._exact = max(1, top_k), exact
        self._title = ""
        self._new: list[NewAnswer] = []
        self._kept_at = time.monotonic()
        self._ways: dict[tuple[int, BackendForm], Way | None] = {}
        # What the classifier was asked about at a time, the longest of it.
        self.most: Sequence[ImageSource] = ()
        self._specs: list[ModelSpec] = []  # so that no other gets the id of one that is known

    def expected_way(self) -> Way | None:
        """The way in which the model would answer now; None: it was never hashed, so that nothing
        is kept of it, and few photos would gain by knowing."""
        entry, form = self._classifier.expected(self._model_id, self._device, exact=self._exact)
        path = None if entry.members else entry.weights_path  # of several files nothing is kept
        if path is None or (self._count < _WORTH_HASHING and known_hash(path) is None):
            return None
        return _way_through(entry.spec, path, form)

    def answer(self, photos: Iterator[Candidate]) -> Iterator[Told]:
        """What is kept, then the rest."""
        way = self.expected_way()
        if way is None:
            yield from self.ask_all(photos)
            return
        rest: list[Candidate] = []
        to_read: list[Candidate] = []
        size, told = _FIRST_LOOK, time.monotonic()
        while some := list(itertools.islice(photos, size)):
            size = _LOOK
            if (yield from self._look_up(way, some, rest, to_read)):
                told = time.monotonic()
            elif time.monotonic() - told > _PATIENCE_S:
                soon, rest[:_SOON] = rest[:_SOON], []
                yield from self.ask(soon, self._count)
                if not soon:
                    soon, to_read[:_SOON] = to_read[:_SOON], []
                    yield from self._read(way, soon)
                told = time.monotonic()
        yield from self._read(way, to_read)
        yield from self.ask(rest)

    def ask_all(self, photos: Iterator[Candidate]) -> Iterator[Told]:
        """A few first: looking at all files may take its time."""
        yield from self.ask(list(itertools.islice(photos, _SOON)), self._count)
        yield from self.ask(list(photos))

    def _look_up(
        self, way: Way, photos: Sequence[Candidate], rest: list[Candidate], to_read: list[Candidate]
    ) -> Generator[Told, None, int]:
        """Yields those whose answers are known without reading them, and returns how many they are.
        The others go to `to_read` if their content may be known, or else to `rest`."""
        files = [(p.place, p.stamp) for p in photos if p.place is not None and p.stamp is not None]
        found = iter(self._store.known(way, files, self._top_k))
        left: list[Candidate] = []
        told = 0
        for photo in photos:
            known = None
            if photo.place is not None and photo.stamp is not None:
                known = next(found)
            if known is not None and known.kept is not None:
                yield _kept_photo(photo, known.content, known.kept, way)
                told += 1
            elif known is not None:
                rest.append(dataclasses.replace(photo, content=known.content))
            else:
                left.append(photo)
        sizes = self._store.sizes(way, (p.size for p in left if p.size is not None))
        for photo in left:
            (to_read if photo.size in sizes else rest).append(photo)
        yield from _notices(self._store)
        return told

    def _read(self, way: Way, photos: Sequence[Candidate]) -> Iterator[Told]:
        """Photos of sizes that are known: each is read, and asked about if its content is new."""
        new: list[Candidate] = []
        began, patience_s = time.monotonic(), _READ_FIRST_S
        with ThreadPoolExecutor(workers(), "content", initializer=give_way) as pool:
            for start in range(0, len(photos), _READ_AT_ONCE):
                some = list(pool.map(Candidate.read, photos[start : start + _READ_AT_ONCE]))
                contents = {p.content for p in some if p.content is not None}
                kept = self._store.by_content(way, contents, self._top_k)
                again = [p for p in some if p.content in kept]
                now = time.time_ns()
                self._store.note_files(
                    [
                        (p.place, p.stamp, p.content)
                        for p in again
                        if p.content is not None and p.stamp is not None and p.stamp.is_settled(now)
                    ]
                )
                for photo in again:
                    assert photo.content is not None
                    yield _kept_photo(photo, photo.content, kept[photo.content], way)
                new += [p for p in some if p.content not in kept]
                if new and time.monotonic() - began > patience_s:
                    yield from self.ask(new)
                    new, began, patience_s = [], time.monotonic(), _READ_S
        yield from self.ask(new)

    def ask(self, photos: Sequence[Candidate], in_all: int = 0) -> Iterator[Told]:
        """Ask the classifier, and keep what it says. in_all: as `whole` of `Classifier.ask`."""
        if not photos:
            return
        sources = [photo.source for photo in photos]
        self.most = max(self.most, sources, key=len)
        classes = max(self._top_k, CLASSES_KEPT)
        asking = self._classifier.ask(
            sources, self._model_id, self._device, LoadedModel.answers,
            exact=self._exact, whole=in_all,
        )  # fmt: skip
        with closing(asking) as events:
            for event in events:
                if isinstance(event, Answer):
                    photo = photos[event.photo.position]
                    whole = prediction(event, sources, classes)
                    # Read for a faster backend, which failed: not what exact would say.
                    quick = event.model.exact and not event.photo.exact
                    yield self._answered(photo, whole, None if quick else self._way(event.model))
                    yield from self._keep_in_time()
                elif isinstance(event, ImageFailed):
                    photo = photos[event.position]
                    failed = dataclasses.replace(event, position=photo.position)
                    yield _answered_photo(photo, failed, self._title, answered=time.time())
                else:
                    if isinstance(event, ModelReady):
                        self._title = event.title
                    yield event

    def _answered(self, photo: Candidate, whole: Prediction, way: Way | None) -> AnsweredPhoto:
        """The photo with its answer, which waits to be kept."""
        now = time.time()
        known_before = photo.content is not None
        photo = photo.read()  # its file is still in the system's memory
        size, content = photo.size, photo.content
        unchanged = not known_before or not photo.changed()
        if way is not None and size is not None and content is not None and unchanged:
            stamp = photo.stamp
            settled = stamp is not None and stamp.is_settled()
            self._new.append(
                NewAnswer(way, content, size, whole, now, photo.place, stamp if settled else None)
            )
        answer = dataclasses.replace(
            whole, position=photo.position, scores=whole.scores[: self._top_k]
        )
        return _answered_photo(photo, answer, self._title, way, answered=now)

    def _way(self, model: LoadedModel) -> Way | None:
        """The way of a model that answered; None: its weights are not known."""
        key = id(model.spec), model.form
        if key not in self._ways:
            self._specs.append(model.spec)
            path = self._classifier.weights_of(model.spec)
            self._ways[key] = _way_through(model.spec, path, model.form)
            if self._classifier.weights_of(model.spec) != path:  # replaced while it was read
                self._ways[key] = None
        return self._ways[key]

    def _keep_in_time(self) -> Iterator[Told]:
        if time.monotonic() - self._kept_at > _FLUSH_S:
            self.keep()
            yield from _notices(self._store)

    def keep(self) -> None:
        """What was answered goes to the disk; what cannot now is tried again with the next."""
        if self._new and (self._store.add(self._new) or len(self._new) > _MOST_WAITING):
            self._new = []
        self._kept_at = time.monotonic()


def _way_through(spec: ModelSpec, weights: Path | None, form: BackendForm) -> Way | None:
    if weights is None:
        return None
    try:
        sha256 = weights_hash(weights)
    except OSError as error:  # without it answers are given, but not kept
        where, reason = error.filename or weights, error.strerror or error
        _log.warning("Answers are not kept: %s cannot be used (%s).", where, reason)
        return None
    return way_of(spec, sha256, form.name, form.precision, form.device, form.made)


def _kept_photo(photo: Candidate, content: bytes, kept: Kept, way: Way) -> AnsweredPhoto:
    photo = dataclasses.replace(photo, content=content)
    answer = kept.at(photo.position, photo.source.name)
    return _answered_photo(photo, answer, way.spec.title, way, answered=kept.answered, kept=True)


def _answered_photo(
    photo: Candidate,
    answer: Prediction | ImageFailed,
    title: str,
    way: Way | None = None,
    *,
    answered: float,
    kept: bool = False,
) -> AnsweredPhoto:
    return AnsweredPhoto(
        answer,
        is_file=photo.source.data is None,
        model_title=title,
        size=photo.size,
        modified=None if photo.stamp is None else photo.stamp.modified,
        content="" if photo.content is None else photo.content.hex(),
        way="" if way is None else way.name,
        answered=answered,
        kept=kept,
    )


def _notices(store: AnswerStore) -> Iterator[Notice]:
    if store.notice:
        notice, store.notice = store.notice, ""
        yield Notice(notice)
