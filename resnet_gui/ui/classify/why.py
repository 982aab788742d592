"""“Why?”: which answer is explained, and what is known of it. A state machine without widgets."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.events import ImageSource, Notice, PhotoId
from resnet_gui.core.explain.events import (
    Explained,
    Explaining,
    Method,
    NeighboursFound,
    NeighboursUnknown,
)
from resnet_gui.jobs.lane import Job, JobLane, Priority
from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.engine import Engine
from resnet_gui.ui.widgets.words import sentence

_KEPT = 12  # explanations, a quarter of a megabyte each
Neighbours = NeighboursFound | NeighboursUnknown


@dataclass(frozen=True, slots=True)
class Target:
    """What is explained: one class of one model's answer to one photo. Its probability tells an
    answer from that to another photo or model which had the same name."""

    photo: PhotoId
    model: str
    device: str
    index: int
    label: str
    probability: float

    @property
    def answer(self) -> tuple[PhotoId, str, str]:
        """All classes of it: photo, model and device."""
        return self.photo, self.model, self.device


class Why(QObject):
    """Follows the current photo and its answer as long as it is open.

    Attributes:
        controller: knows the photo and its answer.
        open: whether the person wants to see it.
        method: in which way.
        target: what is explained; None while there is no answer to explain.
        explained: where the model looked; None until that is known.
        neighbours: the nearest training photos, or why not; None until that is known.
        progress: of the explanation, neighbour_progress: of the neighbours; None: nothing goes on.
        problem: why there is no explanation; "" if there is one, or will be.

    Signals:
        changed(): any of that did.
        noticed(str): something that a person should know.
    """

    changed = Signal()
    noticed = Signal(object)

    def __init__(
        self, controller: ClassifyController, engine: Engine, inference: JobLane, parent: QObject
    ) -> None:
        super().__init__(parent)
        self.controller, self._engine, self._inference = controller, engine, inference
        self.open = False
        self.method = Method.GRADCAM
        self.target: Target | None = None
        self.explained: Explained | None = None
        self.neighbours: Neighbours | None = None
        self.progress: Explaining | None = None
        self.neighbour_progress: Explaining | None = None
        self.problem = ""
        self._wanted: int | None = None  # index of the class that was chosen; None: the best
        self._photo: PhotoId | None = None  # the photo for which it was
        self._job: Job | None = None
        self._neighbour_job: Job | None = None
        self._asked: tuple[PhotoId, str, str] | None = None  # whose neighbours
        self._kept: OrderedDict[tuple[Target, Method], Explained] = OrderedDict()
        controller.current_changed.connect(self._on_current_changed)
        controller.model_changed.connect(self._on_current_changed)

    # --- what the person does -----------------------------------------------------------------

    @property
    def possible(self) -> bool:
        """Whether there is an answer to explain."""
        return self._target() is not None

    @Slot()
    def toggle(self) -> None:
        if self.open:
            self.close()
        else:
            self.show()

    def show(self, index: int | None = None) -> None:
        """Explain the answer of the photo that is shown, as soon as there is one: this class of it;
        None: the best."""
        self._wanted = index
        self.open = self.controller.current is not None
        self._explain()

    @Slot()
    def close(self) -> None:
        """Forget all that was made for it."""
        if not self.open:
            return
        self.open = False
        self._let_go()
        self._kept.clear()
        self._inference.submit(self._engine.end_explaining, Priority.BACKGROUND)
        self.changed.emit()

    def set_method(self, method: Method) -> None:
        if method is not self.method:
            self.method = method
            self._explain()

    @Slot()
    def compute_neighbours(self) -> None:
        """Compute the features of all training photos, to find the nearest ones."""
        self._ask_for_neighbours(compute=True)
        self.changed.emit()

    # --- what the controller says -------------------------------------------------------------

    @Slot()
    def _on_current_changed(self) -> None:
        if not self.open:
            return
        photo = self.controller.current
        if photo is None:
            self.close()
            return
        if self._photo != photo.source.id:
            self._wanted = None  # it was chosen for another photo
        if self._target() != self.target:
            self._explain()

    def _target(self) -> Target | None:
        photo, entry = self.controller.current, self.controller.entry
        if photo is None or photo.prediction is None or photo.stale or entry is None:
            return None
        prediction = photo.prediction
        if prediction.model != entry.spec.id:
            return None
        score = next((s for s in prediction.scores if s.index == self._wanted), prediction.top)
        return Target(
            photo.source.id,
            prediction.model,
            self.controller.device,
            score.index,
            score.label,
            score.probability,
        )

    # --- the jobs -----------------------------------------------------------------------------

    def _explain(self) -> None:
        """Explain what is to be explained now, and let go what was explained before."""
        if not self.open:
            self.changed.emit()
            return
        target = self._target()
        if self._job is not None:
            self._job.let_go()
            self._job = None
        self.target, self.explained, self.progress, self.problem = target, None, None, ""
        source = self._source()
        self._photo = source.id if source is not None else None
        if target is None or source is None:
            self._let_go()
            photo = self.controller.current
            if photo is not None and photo.problem:
                self.problem = "This photo cannot be read, so there is no answer to explain."
            self.changed.emit()
            return
        kept = self._kept.get((target, self.method))
        if kept is not None:
            self._kept.move_to_end((target, self.method))
            self.explained = kept
        else:
            self.progress = Explaining(0, 0)
            start = partial(
                self._engine.explain,
                source,
                target.model,
                target.device,
                self.method,
                target.index,
            )
            self._job = self._inference.submit(start, Priority.INTERACTIVE)
            self._job.progressed.connect(self._on_progressed)
            self._job.failed.connect(self._on_failed)
        if self._asked != target.answer:
            self._ask_for_neighbours(compute=False)
        self.changed.emit()

    def _source(self) -> ImageSource | None:
        photo = self.controller.current
        return photo.source if photo is not None else None

    def _ask_for_neighbours(self, *, compute: bool) -> None:
        """They depend on photo and model alone; the explanation comes first."""
        source, target = self._source(), self.target
        if self._neighbour_job is not None:
            self._neighbour_job.let_go()
            self._neighbour_job = None
        if source is None or target is None:
            return
        self._asked, self.neighbours = target.answer, None
        self.neighbour_progress = Explaining(0, 0)
        start = partial(
            self._engine.neighbours, source, target.model, target.device, compute=compute
        )
        self._neighbour_job = job = self._inference.submit(start, Priority.NORMAL)
        job.progressed.connect(self._on_neighbours)
        job.failed.connect(self._on_neighbours_failed)

    def _let_go(self) -> None:
        for job in (self._job, self._neighbour_job):
            if job is not None:
                job.let_go()
        self._job = self._neighbour_job = self._asked = None
        self.target = self.explained = self.neighbours = None
        self.progress = self.neighbour_progress = None
        self.problem = ""

    @Slot(object)
    def _on_progressed(self, events: list[object]) -> None:
        for event in events:
            if isinstance(event, Explaining):
                self.progress = event
            elif isinstance(event, Explained) and self.target is not None:
                self.explained, self.progress = event, None
                self._kept[self.target, self.method] = event
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            elif isinstance(event, Notice):
                self.noticed.emit(event.message)
        self.changed.emit()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.progress, self.problem = None, sentence(error)
        self.changed.emit()

    @Slot(object)
    def _on_neighbours(self, events: list[object]) -> None:
        for event in events:
            if isinstance(event, Explaining):
                self.neighbour_progress = event
            elif isinstance(event, NeighboursFound | NeighboursUnknown):
                self.neighbours, self.neighbour_progress = event, None
        self.changed.emit()

    @Slot(object)
    def _on_neighbours_failed(self, error: Exception) -> None:
        self.neighbours, self.neighbour_progress = NeighboursUnknown(sentence(error)), None
        self.changed.emit()
