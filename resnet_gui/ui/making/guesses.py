"""What the chosen model says of the photos that are sorted by eye."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.dataset.collection.boxes import Boxes, same_name
from resnet_gui.core.dataset.collection.folder_names import folder_names
from resnet_gui.core.events import ImageSource, Prediction
from resnet_gui.core.zoo import ModelEntry
from resnet_gui.jobs.lane import Job, JobLane, Priority
from resnet_gui.ui.engine import Engine

_KEPT = 2000


@dataclass(frozen=True, slots=True)
class Guess:
    """box: the class that the model means; None: there is none of this name yet.
    probability: 0..1."""

    box: int | None
    name: str
    probability: float


class Guesses(QObject):
    """Asks the model about the photo on the screen and the next few.

    Attributes:
        entry: the model; None: there is none that can answer.

    Signals:
        came(): there are more answers.
    """

    came = Signal()

    def __init__(self, engine: Engine, inference: JobLane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine, self._inference = engine, inference
        self.entry: ModelEntry | None = None
        self._known: OrderedDict[str, Prediction | None] = OrderedDict()
        self._asked: frozenset[str] = frozenset()
        self._job: Job | None = None

    def set_model(self, entry: ModelEntry | None) -> None:
        usable = entry is not None and entry.state.ready and not entry.problem
        entry = entry if usable else None
        if (entry and entry.spec.id) != (self.entry and self.entry.spec.id):
            self.stop()
            self._known.clear()
        self.entry = entry

    def stop(self) -> None:
        """Nobody looks any more."""
        if self._job is not None:
            self._job.let_go()
        self._job, self._asked = None, frozenset()

    def ask(self, paths: Sequence[str]) -> None:
        """For these photos, the first of which is on the screen."""
        wanted = [path for path in paths if path not in self._known]
        if self.entry is None or not paths or paths[0] in self._known or paths[0] in self._asked:
            return
        self.stop()
        self._asked = frozenset(wanted)
        sources = [ImageSource.file(path) for path in wanted]
        start = partial(self._engine.classify, sources, self.entry.spec.id, "auto")
        self._job = job = self._inference.submit(start, Priority.INTERACTIVE)
        job.progressed.connect(self._on_progressed)
        job.failed.connect(self._on_failed)
        job.ended.connect(self._on_ended)
        self._sources = sources

    def known(self, path: str) -> bool:
        """Whether the model has said what it can."""
        return path in self._known

    def of(self, path: str, boxes: Boxes) -> Guess | None:
        prediction = self._known.get(path)
        return None if prediction is None else guess_of(prediction, boxes)

    @Slot(object)
    def _on_progressed(self, events: list[Any]) -> None:
        for event in events:
            position = getattr(event, "position", None)
            if position is not None:
                answer = event if isinstance(event, Prediction) and event.scores else None
                self._known[self._sources[position].name] = answer
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        self.came.emit()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        for path in self._asked:
            self._known.setdefault(path, None)
        self.came.emit()

    @Slot()
    def _on_ended(self) -> None:
        self._job, self._asked = None, frozenset()


def guess_of(prediction: Prediction, boxes: Boxes) -> Guess:
    """The class that the answer means: the one whose name the model knows and finds most probable
    ("ants" for its "ant"); else what it would call the photo itself."""
    names = [boxes.name(box) for box in boxes.classes]
    of_name: dict[str, int] = {}
    for called in (folder_names(names), names):  # a model calls a class like its folder
        of_name |= {
            form: box
            for box, name in zip(boxes.classes, called, strict=True)
            for form in _forms(name)
        }
    found: dict[int, float] = {}
    for score in prediction.scores:
        box = of_name.get(same_name(score.label))
        if box is not None:
            found[box] = found.get(box, 0.0) + score.probability
    kind = prediction.kind
    box = of_name.get(same_name(kind.name)) if kind is not None else None
    if kind is not None and box is not None:
        found[box] = max(found.get(box, 0.0), kind.probability)
    if found:
        best = max(found, key=found.__getitem__)
        return Guess(best, boxes.name(best), min(1.0, found[best]))
    if kind is not None:
        return Guess(None, kind.name, kind.probability)
    return Guess(None, prediction.top.label, prediction.top.probability)


def _forms(name: str) -> tuple[str, ...]:
    """A class's name, and as one where it is said of many."""
    words = same_name(name)
    return words, *(words.removesuffix(end) for end in ("s", "es") if words.endswith(end))
