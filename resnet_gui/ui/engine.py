"""What the window asks for work, without knowing torch: `app` passes in the real engine, tests a
fake one.

Every method but the first returns an iterator of core's frozen events, made to run on a lane.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # the window's start needs none of it
    from resnet_gui.core.dataset.summary import DatasetSummary
    from resnet_gui.core.evaluation.paired import Compared
    from resnet_gui.core.evaluation.predictions import Measured
    from resnet_gui.core.events import (
        ClassifyEvent,
        DeviceInfo,
        DownloadProgress,
        ImageFailed,
        ImageSource,
        Notice,
        RgbImage,
    )
    from resnet_gui.core.explain.events import (
        Explained,
        Explaining,
        Method,
        NeighboursFound,
        NeighboursUnknown,
    )
    from resnet_gui.core.improve.events import Improving, LeastSure, SuspectsFound
    from resnet_gui.core.improve.values import Decisions
    from resnet_gui.core.lab.diagram_types import NetworkDiagram
    from resnet_gui.core.lab.histories import HistoryFailed, HistoryFound, StartMeasured
    from resnet_gui.core.runs.config import RunConfig
    from resnet_gui.core.runs.events import Estimated, Preparing, TrainEvent
    from resnet_gui.core.zoo import ModelEntry
    from resnet_gui.core.zoo.spec import Imported

Stop = Callable[[], bool]


class AugmentedPhoto(Protocol):
    """A picture of the preview. path: the photo it was made from; variant: counted from 0."""

    @property
    def path(self) -> str: ...
    @property
    def variant(self) -> int: ...
    @property
    def image(self) -> RgbImage: ...


class Engine(Protocol):
    """Core's work as the window sees it."""

    def entries(self) -> list[ModelEntry]:
        """All models of the zoo. It looks at the disk: for the io lane."""
        ...

    def classify(
        self, sources: Sequence[ImageSource], model_id: str, device: str
    ) -> Iterator[ClassifyEvent]: ...

    def load(self, model_id: str, device: str) -> Iterator[ClassifyEvent]:
        """As `classify`, without photos."""
        ...

    def devices(self) -> Iterator[tuple[DeviceInfo, ...]]:
        """One tuple."""
        ...

    def further_devices(self) -> Iterator[tuple[DeviceInfo, ...]]:
        """Those that answer, but do not train; the last tuple counts. In the io lane."""
        ...

    def forget(self, model_id: str) -> Iterator[None]:
        """Free a model's memory; in the inference lane."""
        ...

    def explain(
        self, source: ImageSource, model_id: str, device: str, method: Method, index: int
    ) -> Iterator[ClassifyEvent | Explaining | Explained]:
        """Where a model looked for the class with this index; in the inference lane."""
        ...

    def neighbours(
        self, source: ImageSource, model_id: str, device: str, *, compute: bool
    ) -> Iterator[ClassifyEvent | Explaining | NeighboursFound | NeighboursUnknown]:
        """The training photos that a model finds most like a photo; in the inference lane.

        Args:
            compute: whether features that are not kept are computed.
        """
        ...

    def end_explaining(self) -> Iterator[None]:
        """Free the memory that explanations took; in the inference lane."""
        ...

    def download(self, entry: ModelEntry) -> Generator[DownloadProgress, None, Path]:
        """Returns the weights' path."""
        ...

    def fetch_image(self, url: str) -> Generator[DownloadProgress, None, ImageSource]: ...

    def import_weights(self, path: Path) -> Iterator[DownloadProgress | Imported]: ...

    def train(
        self, config: RunConfig, summary: DatasetSummary, stop: Stop
    ) -> Iterator[TrainEvent]: ...

    def resume(self, path: Path, stop: Stop, data: Path | None = None) -> Iterator[TrainEvent]: ...

    def estimate(
        self, config: RunConfig, summary: DatasetSummary
    ) -> Iterator[Preparing | Estimated]: ...

    def preview_augmentation(
        self, photos: Sequence[Path], config: RunConfig
    ) -> Iterator[AugmentedPhoto]: ...

    def evaluate(
        self, model_id: str, folder: Path, device: str, part: str
    ) -> Iterator[Preparing | Notice | ImageFailed | Measured]:
        """How good a model is on a labelled folder; see `core.evaluation.evaluate`."""
        ...

    def histories(self) -> Iterator[HistoryFound | HistoryFailed]:
        """How networks learned: bundled and the user's."""
        ...

    def history(self, run: str) -> Iterator[HistoryFound | HistoryFailed]:
        """How one of the user's runs, by its name, learned so far."""
        ...

    def measure_start(self, model_id: str) -> Iterator[StartMeasured]:
        """Layers of a network with random weights."""
        ...

    def diagram(self, model_id: str) -> Iterator[NetworkDiagram]: ...

    def compare(
        self, first: str, second: str, folder: Path
    ) -> Iterator[Preparing | Notice | ImageFailed | Compared]:
        """Two models, by their ids, on the labelled photos of a folder."""
        ...

    def suspects(
        self, summary: DatasetSummary, model_id: str, decisions: Decisions | None, device: str
    ) -> Iterator[Improving | Notice | SuspectsFound]:
        """The photos of a labelled folder whose label fits least; in the inference lane."""
        ...

    def least_sure(
        self,
        summary: DatasetSummary,
        photos: Sequence[Path],
        model_id: str,
        decisions: Decisions | None,
        device: str,
    ) -> Iterator[Improving | Notice | LeastSure]:
        """The unlabelled photos to label next, after learning from all that is labelled; in the
        inference lane."""
        ...

    def end_improving(self) -> Iterator[None]:
        """Free the memory that the two took; in the inference lane."""
        ...
