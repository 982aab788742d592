"""One answer explained: the photo is read as for the answer, the model asked, and the map brought
back onto the photo. torch is only imported for Grad-CAM."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from resnet_gui.core.errors import ModelError
from resnet_gui.core.events import ClassifyEvent, ImageSource, Notice
from resnet_gui.core.explain.colours import coloured, enlarged
from resnet_gui.core.explain.events import Explained, Explaining, Method, NeighboursUnknown
from resnet_gui.core.explain.occlusion import CELLS, cost, covered
from resnet_gui.core.inference.answers import LoadedModel
from resnet_gui.core.inference.backend import Crops
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.feature_cache import photo_keys
from resnet_gui.core.nets.registry import last_stage_of
from resnet_gui.core.photos.crops import PhotoCrop, read_crop
from resnet_gui.core.photos.geometry import CropBox, input_box
from resnet_gui.core.system.gentle_import import gentle_import

if TYPE_CHECKING:
    from torch import nn

    from resnet_gui.core.explain.nearest import NearestEvent, TrainingPhotos

ExplainEvent = ClassifyEvent | Explaining | Explained
Heat = npt.NDArray[np.float32]
_PASSES = 1 + CELLS * CELLS  # of an occlusion: the photo itself, and covered
_AT_ONCE = 7  # covered photos in one pass: a step of 0.1 to 0.3 s, so that Stop is felt


class Explainer:
    """Explains answers of a classifier's models. One thread at a time may use it, the classifier's.

    Grad-CAM needs gradients, so torch's network. Where another backend answers, the network is
    loaded beside it and kept until `free` or another model is asked about.
    """

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._kept: tuple[tuple[object, ...], nn.Module] | None = None
        self._photos: tuple[tuple[object, ...], TrainingPhotos] | None = None

    def explain(
        self,
        source: ImageSource,
        model_id: str,
        device: str = "auto",
        method: Method = Method.GRADCAM,
        among: Sequence[int] = (),
    ) -> Generator[ExplainEvent, None, None]:
        """Find out where a model looked.

        Args:
            among: indices of classes; the most probable of them is explained. (): of all.

        Yields:
            what `Classifier.load` yields, Explaining again and again, and one Explained.

        Raises:
            ImageReadError: the photo cannot be read.
            ModelError: the model cannot be used, or has no map for Grad-CAM.
        """
        model = yield from self._load(model_id, device)
        spec = model.spec
        total = 0 if method is Method.GRADCAM else _PASSES
        yield Explaining(0, total)
        photo = read_crop(source, spec.preprocessing, exact=model.exact)
        crops = np.stack([photo.pixels])  # a copy: torch warns of arrays that it cannot write
        model, rows = yield from self._classifier.compute(model, crops, LoadedModel.probabilities)
        classes = np.asarray(among or range(rows.shape[1]))
        index = int(classes[rows[0][classes].argmax()])
        probability = float(rows[0, index])
        if method is Method.GRADCAM:
            heat = yield from self._grad_cam(model, crops, index)
        else:
            heat = yield from self._occlusion(model, photo.pixels, index, probability)
        yield _explained(source, model, method, index, probability, scaled(heat), photo)

    def neighbours(
        self,
        source: ImageSource,
        model_id: str,
        device: str = "auto",
        count: int = 8,
        *,
        compute: bool = False,
    ) -> Generator[NearestEvent, None, None]:
        """Find the training photos that a model finds most like a photo.

        Args:
            compute: whether features that are not kept are computed, which takes a pass over all
                training photos.

        Yields:
            what `Classifier.load` yields, Explaining again and again, and one NeighboursFound or
            NeighboursUnknown.

        Raises:
            ImageReadError: the photo cannot be read. ModelError: the model cannot be used.
        """
        model = yield from self._load(model_id, device)
        with gentle_import():
            from resnet_gui.core.explain import nearest
        stamp = (*self._stamp(model), model.backend.name)
        kept = self._photos  # another job may free it between two steps of this one
        if kept is None or kept[0] != stamp:
            self._photos = None
            found = yield from nearest.training_photos(
                self._classifier, model, lambda: self.network(model)[0], device, compute=compute
            )
            if isinstance(found, NeighboursUnknown):
                yield found
                return
            self._photos = kept = stamp, found
        features = yield from nearest.features_of_photo(self._classifier, model, source)
        key = photo_keys([source.path])[0] if source.path is not None else b""
        yield nearest.nearest(kept[1], features, key, count)

    def _load(self, model_id: str, device: str) -> Generator[ClassifyEvent, None, LoadedModel]:
        """The model, which looks at the photo once: a map is of one crop.

        Raises:
            ModelError: as `Classifier.load`, or it is an ensemble.
        """
        if self._classifier.zoo.ready(model_id).members:
            raise ModelError(
                "An ensemble is several models, and each looks by itself.",
                "Choose one of them to see where it looks.",
            )
        return (yield from self._classifier.load(model_id, device, once=True))

    def free(self) -> None:
        """Forget what was loaded for explanations alone."""
        self._kept = self._photos = None

    def network(self, model: LoadedModel) -> tuple[nn.Module, str]:
        """torch's network of a model in float32 and the device that it is on: the one that answers,
        where that is the exact one, else one of its own on the CPU.

        Raises:
            ModelError: its file is damaged or gone.
        """
        network = getattr(model.backend, "network", None) if model.exact else None
        if network is not None:
            return network, model.device.kind
        return self._own_network(model), "cpu"

    def _own_network(self, model: LoadedModel) -> nn.Module:
        stamp = self._stamp(model)
        if self._kept is None or self._kept[0] != stamp:
            self._kept = None  # space first
            with gentle_import():
                from resnet_gui.core.zoo.weights.load import load_network
            self._kept = stamp, load_network(self._classifier.zoo.ready(model.spec.id))
        return self._kept[1]

    def _stamp(self, model: LoadedModel) -> tuple[object, ...]:
        """What is kept is that of the model's file: a replaced one is loaded anew."""
        path = self._classifier.zoo.ready(model.spec.id).weights_path
        with contextlib.suppress(OSError):
            if path is not None:
                status = path.stat()
                return model.spec.id, path, status.st_mtime_ns, status.st_size
        return model.spec.id, path

    def _grad_cam(
        self, model: LoadedModel, crops: Crops, index: int
    ) -> Generator[ExplainEvent, None, Heat]:
        with gentle_import():
            from resnet_gui.core.explain.gradcam import grad_cam
            from resnet_gui.core.inference.tensors import normalised_input
        spec = model.spec
        stage = last_stage_of(spec.architecture, spec.architecture_options)
        network, device = self.network(model)
        try:
            x = normalised_input(crops, spec.preprocessing, device)
            heat, _ = grad_cam(network, stage, x, index)
        except (RuntimeError, NotImplementedError) as error:
            if device == "cpu":
                raise
            # Its memory is full, or it lacks an operator.
            reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
            yield Notice(f"{model.device.name} failed ({reason}). The CPU is used instead.")
            x = normalised_input(crops, spec.preprocessing, "cpu")
            heat, _ = grad_cam(self._own_network(model), stage, x, index)
        return _checked(model, heat)

    def _occlusion(
        self, model: LoadedModel, crop: npt.NDArray[np.uint8], index: int, probability: float
    ) -> Generator[ExplainEvent, None, Heat]:
        found: list[Heat] = []
        done = 1
        with contextlib.closing(covered(crop, model.spec.preprocessing, _AT_ONCE)) as batches:
            for batch in batches:
                model, rows = yield from self._classifier.compute(
                    model, batch, LoadedModel.probabilities
                )
                found.append(rows[:, index])
                done += len(batch)
                yield Explaining(done, _PASSES)
        return _checked(model, cost(probability, np.concatenate(found)))


def scaled(heat: Heat) -> Heat:
    """The largest value becomes 1; a map of zeros stays one."""
    largest = float(heat.max())
    result: Heat = heat / largest if largest > 0 else np.zeros_like(heat)
    return result


def strongest(heat: Heat, box: CropBox, width: int, height: int) -> tuple[float, float] | None:
    """The strongest place on a photo of this size, in its pixels; None where all is 0.

    Args:
        heat: (h, w). box: what of the photo it covers.
    """
    if heat.max() <= 0:
        return None
    smooth = enlarged(heat)
    row, column = divmod(int(smooth.argmax()), smooth.shape[1])
    x = box.left + (column + 0.5) / smooth.shape[1] * box.width
    y = box.top + (row + 0.5) / smooth.shape[0] * box.height
    # In the black around a small photo nothing is to be seen.
    return min(max(x, 0.0), float(width)), min(max(y, 0.0), float(height))


def _explained(
    source: ImageSource,
    model: LoadedModel,
    method: Method,
    index: int,
    probability: float,
    heat: Heat,
    photo: PhotoCrop,
) -> Explained:
    box = input_box(photo.width, photo.height, model.spec.preprocessing)
    return Explained(
        path=source.name,
        model=model.spec.id,
        method=method,
        label=model.spec.label(index),
        index=index,
        probability=probability,
        heat=heat,
        box=box,
        peak=strongest(heat, box, photo.width, photo.height),
        width=photo.width,
        height=photo.height,
        layer=coloured(heat),
    )


def _checked(model: LoadedModel, heat: Heat) -> Heat:
    if not np.isfinite(heat).all():
        raise ModelError(
            f"Where “{model.spec.id}” looked is no number (NaN): its weights are damaged, or its "
            "training went wrong.",
            "Choose another model, or get its file again.",
        )
    return heat
