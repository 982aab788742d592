"""The engine that the window asks: core's generators, with torch imported gently in the lanes.

What a job needs is imported when it begins, in its lane's thread: the window is up before.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import TYPE_CHECKING

from resnet_gui.core.system.gentle_import import gentle_import
from resnet_gui.core.zoo import Zoo
from resnet_gui.core.zoo.storage.speed_log import SpeedLog

if TYPE_CHECKING:
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
    )
    from resnet_gui.core.explain.events import (
        Explained,
        Explaining,
        Method,
        NeighboursFound,
        NeighboursUnknown,
    )
    from resnet_gui.core.explain.explainer import Explainer
    from resnet_gui.core.improve.events import Improving, LeastSure, SuspectsFound
    from resnet_gui.core.improve.improver import Improver
    from resnet_gui.core.improve.values import Decisions
    from resnet_gui.core.inference.classifier import Classifier
    from resnet_gui.core.lab.diagram_types import NetworkDiagram
    from resnet_gui.core.lab.histories import HistoryFailed, HistoryFound, StartMeasured
    from resnet_gui.core.library.answering import Library
    from resnet_gui.core.runs.config import RunConfig
    from resnet_gui.core.runs.events import Estimated, Preparing, TrainEvent
    from resnet_gui.core.zoo import ModelEntry, ModelSpec
    from resnet_gui.core.zoo.spec import Imported
    from resnet_gui.ui.engine import AugmentedPhoto, Stop


class LocalEngine:
    """The window's `ui.engine.Engine` on this computer. torch is imported by the first job that
    needs it, in the lane's thread: the window is up long before.

    Attributes:
        zoo: the models.
    """

    def __init__(self, zoo: Zoo) -> None:
        self.zoo = zoo
        self._classifier: Classifier | None = None
        self._library: Library | None = None
        self._explainer: Explainer | None = None
        self._improver: Improver | None = None
        self._speeds = SpeedLog()

    def entries(self) -> list[ModelEntry]:
        return self.zoo.entries()

    def _classifier_of_zoo(self) -> Classifier:
        if self._classifier is None:
            with gentle_import(torch=False):
                from resnet_gui.core.inference.classifier import Classifier

            self._classifier = Classifier(self.zoo)
        return self._classifier

    def _library_of_zoo(self) -> Library:
        if self._library is None:
            classifier = self._classifier_of_zoo()
            from resnet_gui.core.library.answering import Library

            self._library = Library(classifier)
        return self._library

    def classify(
        self, sources: Sequence[ImageSource], model_id: str, device: str
    ) -> Iterator[ClassifyEvent]:
        """What was answered before comes at once, from the disk; the rest is asked."""
        library = self._library_of_zoo()
        from resnet_gui.core.library.answered import AnsweredPhoto

        try:
            with closing(library.answer(sources, model_id, device)) as events:
                for told in events:
                    if not isinstance(told, AnsweredPhoto):
                        yield told
                        continue
                    if not told.kept:
                        self._speeds.note(told.answer)
                    yield told.answer
        finally:
            self._speeds.store()

    def load(self, model_id: str, device: str) -> Iterator[ClassifyEvent]:
        yield from self._classifier_of_zoo().load(model_id, device)

    def _explainer_of_zoo(self) -> Explainer:
        if self._explainer is None:
            with gentle_import(torch=False):
                from resnet_gui.core.explain.explainer import Explainer

            self._explainer = Explainer(self._classifier_of_zoo())
        return self._explainer

    def explain(
        self, source: ImageSource, model_id: str, device: str, method: Method, index: int
    ) -> Iterator[ClassifyEvent | Explaining | Explained]:
        yield from self._explainer_of_zoo().explain(source, model_id, device, method, [index])

    def neighbours(
        self, source: ImageSource, model_id: str, device: str, *, compute: bool
    ) -> Iterator[ClassifyEvent | Explaining | NeighboursFound | NeighboursUnknown]:
        explainer = self._explainer_of_zoo()
        yield from explainer.neighbours(source, model_id, device, compute=compute)

    def end_explaining(self) -> Iterator[None]:
        if self._explainer is not None:
            self._explainer.free()
        yield None

    def devices(self) -> Iterator[tuple[DeviceInfo, ...]]:
        from resnet_gui.core.system.find_device import find_devices

        yield find_devices()

    def further_devices(self) -> Iterator[tuple[DeviceInfo, ...]]:
        from resnet_gui.core.system.openvino_devices import LISTING

        for _ in LISTING.awaited():
            yield ()
        yield LISTING.devices

    def download(self, entry: ModelEntry) -> Generator[DownloadProgress, None, Path]:
        from resnet_gui.core.zoo.storage.downloads import download_weights

        # Where its file is, so that a damaged one is replaced; else where the settings say.
        folder = entry.weights_path.parent if entry.weights_path else None
        return (yield from download_weights(entry.spec, folder))

    def fetch_image(self, url: str) -> Generator[DownloadProgress, None, ImageSource]:
        from resnet_gui.core.http.fetch import fetch_image

        return (yield from fetch_image(url))

    def import_weights(self, path: Path) -> Iterator[DownloadProgress | Imported]:
        from resnet_gui.core.zoo.storage.imports import import_weights

        yield from import_weights(path)

    def forget(self, model_id: str) -> Iterator[None]:
        if self._classifier is not None:
            self._classifier.forget(model_id)
        if self._explainer is not None:
            self._explainer.free()
        yield None

    def train(self, config: RunConfig, summary: DatasetSummary, stop: Stop) -> Iterator[TrainEvent]:
        with gentle_import(compiler=True):
            from resnet_gui.core.training.warm import import_all, train

            import_all()
        with _kept_awake():
            yield from train(config, summary=summary, zoo=self.zoo, stop=stop)

    def resume(self, path: Path, stop: Stop, data: Path | None = None) -> Iterator[TrainEvent]:
        with gentle_import(compiler=True):
            from resnet_gui.core.training.warm import import_all, resume

            import_all()
        with _kept_awake():
            yield from resume(path, zoo=self.zoo, stop=stop, data=data)

    def estimate(
        self, config: RunConfig, summary: DatasetSummary
    ) -> Iterator[Preparing | Estimated]:
        with gentle_import(compiler=True):
            from resnet_gui.core.training.estimate import estimate
            from resnet_gui.core.training.warm import import_all

            import_all()
        yield from estimate(config, summary, zoo=self.zoo)

    def preview_augmentation(
        self, photos: Sequence[Path], config: RunConfig
    ) -> Iterator[AugmentedPhoto]:
        with gentle_import():
            from resnet_gui.core.training.api import preprocessing_for, start_entry
            from resnet_gui.core.training.augment import preview_augmentation, variation_of
        preprocessing = preprocessing_for(start_entry(self.zoo, config), config)
        yield from preview_augmentation(photos, variation_of(config), preprocessing)

    def evaluate(
        self, model_id: str, folder: Path, device: str, part: str
    ) -> Iterator[Preparing | Notice | ImageFailed | Measured]:
        with gentle_import(torch=False):
            from resnet_gui.core.evaluation.evaluate import Evaluated, evaluate
        for event in evaluate(self.zoo.ready(model_id), folder, part=part, device=device):
            if not isinstance(event, Evaluated):
                yield event

    def _spec(self, model_id: str) -> ModelSpec:
        return self.zoo.architecture(model_id).spec

    def measure_start(self, model_id: str) -> Iterator[StartMeasured]:
        with gentle_import():
            from resnet_gui.core.lab.start_statistics import measure_start
        yield from measure_start(self._spec(model_id))

    def diagram(self, model_id: str) -> Iterator[NetworkDiagram]:
        with gentle_import(compiler=True):
            from resnet_gui.core.lab.diagram import describe_spec, warm_up

            warm_up()
        yield describe_spec(self._spec(model_id))

    def compare(
        self, first: str, second: str, folder: Path
    ) -> Iterator[Preparing | Notice | ImageFailed | Compared]:
        with gentle_import(torch=False):
            from resnet_gui.core.evaluation.compare import compare
            from resnet_gui.core.inference.looking import look_wanted, looking
        one, other = (looking(self.zoo.ready(model), look_wanted()) for model in (first, second))
        yield from compare(one, other, folder)

    def _improver_of_zoo(self) -> Improver:
        if self._improver is None:
            with gentle_import(torch=False):
                from resnet_gui.core.improve.improver import Improver

            self._improver = Improver(self.zoo)
        return self._improver

    def suspects(
        self, summary: DatasetSummary, model_id: str, decisions: Decisions | None, device: str
    ) -> Iterator[Improving | Notice | SuspectsFound]:
        improver = self._improver_of_zoo()
        yield from improver.suspects(summary, model_id, decisions, device=device)

    def least_sure(
        self,
        summary: DatasetSummary,
        photos: Sequence[Path],
        model_id: str,
        decisions: Decisions | None,
        device: str,
    ) -> Iterator[Improving | Notice | LeastSure]:
        improver = self._improver_of_zoo()
        yield from improver.least_sure(summary, photos, model_id, decisions, device=device)

    def end_improving(self) -> Iterator[None]:
        if self._improver is not None:
            self._improver.free()
        yield None

    def histories(self) -> Iterator[HistoryFound | HistoryFailed]:
        from resnet_gui.core.lab.histories import read_histories
        from resnet_gui.core.runs.listing import runs_dir
        from resnet_gui.core.system import paths

        yield from read_histories(paths.bundled_models_dir(), runs_dir())

    def history(self, run: str) -> Iterator[HistoryFound | HistoryFailed]:
        from resnet_gui.core.lab.histories import read_run
        from resnet_gui.core.runs.listing import runs_dir

        yield from read_run(runs_dir() / run)


def _kept_awake() -> AbstractContextManager[object]:
    """The computer does not fall asleep in the block, where the system allows asking for that."""
    from wakepy import keep

    return keep.running(on_fail="pass")
