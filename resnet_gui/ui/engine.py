"""What the window can ask for without knowing torch: factories that `app` passes in.

Each returns an iterator of core's frozen events, made to run on a lane.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resnet_gui.core.dataset.summary import DatasetSummary
from resnet_gui.core.events import ImageSource
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.zoo import ModelEntry

Events = Iterator[Any]


@dataclass(frozen=True, slots=True)
class Ports:
    """The engine as the window sees it.

    Attributes:
        entries: all models of the zoo; quick.
        default_entry: what to start with, given the id used last; None if no model is here.
        classify: (sources, model id, device) -> ModelLoading, ModelReady, Notice, Prediction,
            ImageFailed.
        load: (model id, device) -> as classify, without photos.
        devices: -> one tuple of DeviceInfo.
        download: (entry) -> DownloadProgress; returns the weights' path.
        fetch_image: (url) -> DownloadProgress; returns an ImageSource.
        import_weights: (path) -> DownloadProgress, Imported.
        forget: (model id) -> nothing; frees its memory, for the inference lane.
        train: (config, summary of the folder, whether to stop) -> the events of a run.
        resume: (run directory, whether to stop) -> the events of a run.
        estimate: (config, summary) -> Preparing, Estimated.
        preview_augmentation: (photos, config) -> AugmentedPhoto.
        warm_charts: -> nothing; imports what the charts need.
        histories: -> HistoryFound, HistoryFailed: how networks learned, bundled and the user's.
        measure_start: (id) -> StartMeasured: layers of a network with random weights.
        diagram: (id) -> NetworkDiagram.
    """

    entries: Callable[[], list[ModelEntry]]
    default_entry: Callable[[str], ModelEntry | None]
    classify: Callable[[Sequence[ImageSource], str, str], Events]
    load: Callable[[str, str], Events]
    devices: Callable[[], Events]
    download: Callable[[ModelEntry], Events]
    fetch_image: Callable[[str], Events]
    import_weights: Callable[[Path], Events]
    forget: Callable[[str], Events]
    train: Callable[[RunConfig, DatasetSummary, Callable[[], bool]], Events]
    resume: Callable[[Path, Callable[[], bool]], Events]
    estimate: Callable[[RunConfig, DatasetSummary], Events]
    preview_augmentation: Callable[[Sequence[Path], RunConfig], Events]
    warm_charts: Callable[[], Events]
    histories: Callable[[], Events]
    measure_start: Callable[[str], Events]
    diagram: Callable[[str], Events]
