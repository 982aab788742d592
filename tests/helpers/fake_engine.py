"""An engine that does as it is told, and what a controller alone stands on. No torch, no window."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shiboken6
from PySide6.QtCore import QObject, SignalInstance

from resnet_gui.core.dataset.summary import DatasetSummary
from resnet_gui.core.evaluation.predictions import Measured
from resnet_gui.core.events import (
    ClassifyEvent,
    ClassScore,
    DeviceInfo,
    DownloadProgress,
    ImageFailed,
    ImageSource,
    ModelReady,
    Notice,
    Prediction,
)
from resnet_gui.core.explain.events import (
    Explained,
    Explaining,
    Layer,
    Method,
    NeighboursFound,
    NeighboursUnknown,
)
from resnet_gui.core.lab.diagram_types import NetworkDiagram
from resnet_gui.core.lab.histories import HistoryFailed, HistoryFound, StartMeasured
from resnet_gui.core.photos.preprocess import CropBox
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import Estimated, Preparing, TrainEvent
from resnet_gui.core.system import garbage
from resnet_gui.core.zoo import ModelEntry, ModelSpec, ModelState, Preprocessing
from resnet_gui.core.zoo.spec import Imported
from resnet_gui.jobs.lane import JobLane, Priority
from resnet_gui.ui.engine import AugmentedPhoto, Stop
from resnet_gui.ui.means import Means
from resnet_gui.ui.model_store import ModelStore

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

CPU = DeviceInfo("cpu", "A made-up CPU")


def model(
    model_id: str, state: ModelState = ModelState.YOURS, problem: str = "", **changes: Any
) -> ModelEntry:
    """A model that nothing on the disk stands for."""
    values: dict[str, Any] = {
        "id": model_id,
        "title": f"Model {model_id}",
        "family": "Test",
        "architecture": "resnet18",
        "provider": state.value,
        "dataset": "garden",
        "classes": ("ant", "bee"),
        "preprocessing": Preprocessing(40, 32),
        "parameters": 10,
        "bytes": 1000,
        **changes,
    }
    if state in (ModelState.CACHED, ModelState.DOWNLOADABLE):
        published = {"url": f"https://weights.example/{model_id}.pth", "sha256_prefix": "0" * 64}
        values = published | values
    return ModelEntry(ModelSpec(**values), state, problem=problem)


def prediction(position: int = 0, label: str = "ant", model_id: str = "a") -> Prediction:
    scores = (ClassScore(label, 0, 0.9),)
    return Prediction(position, str(position), model_id, scores, 64, 48, CPU.name, 2.0, 3.0)


def explained(name: str, model_id: str = "a", method: Any = "gradcam", index: int = 0) -> Explained:
    """All of a photo of 64 x 48 pixels is warm but its left half."""
    heat = np.zeros((2, 2), np.float32)
    heat[:, 1] = 1
    layer = Layer(2, 2, bytes((0, 0, 0, 50, 255, 255, 0, 250)) * 2)
    box = CropBox(8.0, 0.0, 48.0, 48.0)
    label = ("ant", "bee")[index]
    method = Method(method)
    return Explained(
        name, model_id, method, label, index, 0.9, heat, box, (44.0, 12.0), 64, 48, layer
    )


class Hold:
    """A step that lasts until the test lets it go on. `reached`: a worker is in it."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.over = threading.Event()

    def wait(self) -> None:
        self.reached.set()
        assert self.over.wait(20), "nobody let it go on"


@dataclass(frozen=True)
class Returned:
    """A step: the generator's result is this."""

    value: Any


class FakeEngine:
    """Core's work, made up (see `resnet_gui.ui.engine.Engine`). What nobody scripted succeeds.

    Attributes:
        models: the zoo.
        calls: (method, arguments) in the order in which the lanes began them.
    """

    def __init__(self, *models: ModelEntry) -> None:
        self.models = list(models)
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self._scripts: dict[str, deque[tuple[Any, ...]]] = defaultdict(deque)
        self._holds: list[Hold] = []

    # --- for tests --------------------------------------------------------------------------

    def script(self, method: str, *steps: Any) -> None:
        """What the next call of a method does: yields events, raises exceptions, waits in a
        Hold, returns what Returned says. Calls after it need a script of their own."""
        self._scripts[method].append(steps)

    def hold(self) -> Hold:
        """A Hold that ends with the test at the latest."""
        self._holds.append(Hold())
        return self._holds[-1]

    def release(self) -> None:
        for hold in self._holds:
            hold.over.set()

    def asked(self, method: str) -> list[tuple[Any, ...]]:
        """The arguments of all calls of a method so far."""
        return [arguments for name, arguments in self.calls if name == method]

    def _play(
        self, method: str, arguments: tuple[Any, ...], usual: Iterable[Any] = ()
    ) -> Generator[Any, None, Any]:
        self.calls.append((method, arguments))
        scripts = self._scripts[method]
        result = None
        for step in scripts.popleft() if scripts else usual:
            if isinstance(step, Exception):
                raise step
            if isinstance(step, Hold):
                step.wait()
            elif isinstance(step, Returned):
                result = step.value
            else:
                yield step
        return result

    # --- the engine -------------------------------------------------------------------------

    def entries(self) -> list[ModelEntry]:
        found = list(self.models)  # as it was when the look began
        for _ in self._play("entries", ()):
            pass
        return found

    def classify(
        self, sources: Sequence[ImageSource], model_id: str, device: str
    ) -> Iterator[ClassifyEvent]:
        usual = [prediction(n, model_id=model_id) for n in range(len(sources))]
        return self._play("classify", ([s.name for s in sources], model_id, device), usual)

    def load(self, model_id: str, device: str) -> Iterator[ClassifyEvent]:
        usual = [ModelReady(model_id, model_id, CPU.name, CPU.kind, 0.1)]
        return self._play("load", (model_id, device), usual)

    def devices(self) -> Iterator[tuple[DeviceInfo, ...]]:
        return self._play("devices", (), [(CPU,)])

    def further_devices(self) -> Iterator[tuple[DeviceInfo, ...]]:
        return self._play("further_devices", (), [()])

    def forget(self, model_id: str) -> Iterator[None]:
        return self._play("forget", (model_id,), [None])

    def explain(
        self, source: ImageSource, model_id: str, device: str, method: Method, index: int
    ) -> Iterator[ClassifyEvent | Explaining | Explained]:
        usual = [Explaining(0, 2), explained(source.name, model_id, method, index)]
        return self._play("explain", (source.name, model_id, method, index), usual)

    def neighbours(
        self, source: ImageSource, model_id: str, device: str, *, compute: bool
    ) -> Iterator[ClassifyEvent | Explaining | NeighboursFound | NeighboursUnknown]:
        usual = [NeighboursUnknown("Nobody knows them.")]
        return self._play("neighbours", (source.name, model_id, compute), usual)

    def end_explaining(self) -> Iterator[None]:
        return self._play("end_explaining", (), [None])

    def download(self, entry: ModelEntry) -> Generator[DownloadProgress, None, Path]:
        return self._play("download", (entry.spec.id,), [Returned(Path("weights"))])

    def fetch_image(self, url: str) -> Generator[DownloadProgress, None, ImageSource]:
        usual = Returned(ImageSource(url.rsplit("/", 1)[-1], url.encode()))
        return self._play("fetch_image", (url,), [usual])

    def import_weights(self, path: Path) -> Iterator[DownloadProgress | Imported]:
        imported = Imported(str(path), model(path.stem).spec, path, "model file")
        return self._play("import_weights", (path,), [imported])

    def train(self, config: RunConfig, summary: DatasetSummary, stop: Stop) -> Iterator[TrainEvent]:
        return self._play("train", (config, summary, stop))

    def resume(self, path: Path, stop: Stop, data: Path | None = None) -> Iterator[TrainEvent]:
        moved = () if data is None else (data,)
        return self._play("resume", (path, stop, *moved))

    def estimate(
        self, config: RunConfig, summary: DatasetSummary
    ) -> Iterator[Preparing | Estimated]:
        usual = [Estimated(60.0, 6.0, 1.0, 500.0, 0.0, True, "About a minute.")]
        return self._play("estimate", (config, summary), usual)

    def preview_augmentation(
        self, photos: Sequence[Path], config: RunConfig
    ) -> Iterator[AugmentedPhoto]:
        return self._play("preview_augmentation", (photos, config))

    def evaluate(
        self, model_id: str, folder: Path, device: str, part: str
    ) -> Iterator[Preparing | Notice | ImageFailed | Measured]:
        return self._play("evaluate", (model_id, folder, device, part))

    def histories(self) -> Iterator[HistoryFound | HistoryFailed]:
        return self._play("histories", ())

    def history(self, run: str) -> Iterator[HistoryFound | HistoryFailed]:
        return self._play("history", (run,))

    def measure_start(self, model_id: str) -> Iterator[StartMeasured]:
        return self._play("measure_start", (model_id,))

    def compare(self, first: str, second: str, folder: Path) -> Iterator[Any]:
        return self._play("compare", (first, second, folder))

    def suspects(
        self, summary: DatasetSummary, model_id: str, decisions: Any, device: str
    ) -> Iterator[Any]:
        return self._play("suspects", (summary, model_id, decisions, device))

    def least_sure(
        self,
        summary: DatasetSummary,
        photos: Sequence[Path],
        model_id: str,
        decisions: Any,
        device: str,
    ) -> Iterator[Any]:
        return self._play("least_sure", (summary, photos, model_id, decisions, device))

    def end_improving(self) -> Iterator[None]:
        return self._play("end_improving", (), [None])

    def diagram(self, model_id: str) -> Iterator[NetworkDiagram]:
        return self._play("diagram", (model_id,))


class CountingLane(JobLane):
    """Counts what it is asked to do."""

    submitted = 0

    def submit(self, *arguments: Any, **options: Any) -> Any:
        self.submitted += 1
        return super().submit(*arguments, **options)

    @property
    def quiet(self) -> bool:
        """Whether nothing is queued and all is told."""
        return not (self.busy or self._open)


class Rig:
    """What a controller stands on.

    Attributes:
        engine: made up. inference, io, training: real lanes. store: a real one. means: all of them.
        parent: of what the test makes; it all goes with it.
    """

    def __init__(self, qtbot: QtBot) -> None:
        garbage.keep(lambda: None)  # as the window does, or a lane's thread would collect widgets
        self._qtbot = qtbot
        self.engine = FakeEngine()
        self.lanes = [CountingLane(name) for name in ("inference", "io", "training")]
        self.inference, self.io, self.training = self.lanes
        self.parent = QObject()
        self.store = ModelStore(self.engine, self.io, self.parent)
        self.means = Means(self.engine, self.store, self.inference, self.io, self.training)

    def until(self, condition: Callable[[], Any]) -> None:
        self._qtbot.waitUntil(lambda: bool(condition()), timeout=60_000)

    def settle(self) -> None:
        """Until nothing is queued and all is told."""
        self.until(lambda: all(lane.quiet for lane in self.lanes))

    def occupy(self, lane: JobLane) -> Hold:
        """Let a lane begin nothing else until the Hold is over."""
        hold = self.engine.hold()
        lane.submit(lambda: iter(hold.wait, None), Priority.INTERACTIVE)
        self.until(hold.reached.is_set)
        return hold

    def look(self, *models: ModelEntry) -> None:
        """Let the zoo have these models, and the store know it."""
        self.engine.models = list(models)
        before = self.store.inventory
        self.store.refresh()
        self.until(lambda: self.store.inventory is not before)
        self.settle()

    def close(self) -> None:
        shiboken6.delete(self.parent)
        self.engine.release()
        ended = [heard(lane.stopped) for lane in self.lanes]
        for lane in self.lanes:
            lane.close()
        self.until(lambda: all(ended))
        for lane in self.lanes:
            assert lane.wait(5)
            shiboken6.delete(lane)
        garbage.let_go()


def heard(signal: SignalInstance) -> list[Any]:
    """What a signal says from now on: its arguments, one value or a tuple."""
    found: list[Any] = []
    signal.connect(lambda *values: found.append(values[0] if len(values) == 1 else values))
    return found
