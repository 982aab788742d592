"""What a model is, without torch: the values that the table, the window and the engine share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from resnet_gui.core.calibration import Calibration
from resnet_gui.core.preprocessing import Preprocessing as Preprocessing
from resnet_gui.core.system.checksum import Checksum, published_checksum
from resnet_gui.core.system.documents import share, text, whole
from resnet_gui.core.values import Value


class ModelState(StrEnum):
    """Where a model's weights are. The order is the order of the selector's groups."""

    YOURS = "yours"  # the user's own, in the data folder
    BUNDLED = "bundled"  # ships in models/
    INSTALLED = "installed"  # comes with a pip package
    CACHED = "cached"  # downloaded before
    DOWNLOADABLE = "downloadable"  # needs the network
    UNTRAINED = "untrained"  # an architecture without weights: to train from scratch

    @property
    def ready(self) -> bool:
        """Whether the model can be used now, with no network."""
        return self not in (ModelState.DOWNLOADABLE, ModelState.UNTRAINED)


@dataclass(frozen=True, slots=True)
class MeasuredAccuracy:
    """Accuracy as a fraction of 1.

    Attributes:
        photos: how many it was measured on; 0: not known. part: "test", "validation" …; "": the
            publisher's.
    """

    value: float
    photos: int = 0
    part: str = ""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One entry of the zoo: a model, whether or not its weights are here.

    Attributes:
        id: what the command line and files call it; unique in the zoo, and never changed.
        title: what a person reads; only a label.
        family: "ResNet", "ResNeXt", … groups related architectures.
        architecture: what `builder.build_network` constructs.
        provider: which provider made the entry and knows where its weights are.
        dataset: what it was trained on.
        classes: the labels, index = output of the network.
        preprocessing: how its input is made.
        parameters: number of trained values.
        gflops: multiply-adds of one forward pass at the crop size, in 10**9. None: not known.
        top1, top5: published accuracy as fractions of 1. None: not known.
        bytes: size of the weights file.
        licence: what its publisher says about its use.
        url, sha256_prefix: where weights come from and what their SHA-256 begins with.
        md5: their MD5, where no SHA-256 is published.
        path: the weights file, if it is one that this entry stands for alone.
        weights: name of the published weight set ("IMAGENET1K_V2").
        notes: one or two sentences for its card.
        architecture_options: what the architecture needs beside its name (depth, shortcut …).
        metrics: measured figures that stand in the file (accuracies are fractions of 1).
        run_id: of the run that made it. base_model: id of the model that the run started from.
            Both are "" where the file says nothing of them.
        calibration: how far its answers can be trusted, as its file or a person says.
        members: of an ensemble, the ids of the models that answer together.
        inputs: of an ensemble, the different ways in which its members take photos.
        views: in which of `core.looks.LOOKS` it looks at a photo; "": once.
    """

    id: str
    title: str
    family: str
    architecture: str
    provider: str
    dataset: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    parameters: int
    gflops: float | None = None
    top1: float | None = None
    top5: float | None = None
    bytes: int = 0
    licence: str = ""
    url: str = ""
    sha256_prefix: str = ""
    md5: str = ""
    path: Path | None = None
    weights: str = ""
    notes: str = ""
    architecture_options: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    run_id: str = ""
    base_model: str = ""
    calibration: Calibration = field(default_factory=Calibration)
    members: tuple[str, ...] = ()
    inputs: tuple[Preprocessing, ...] = ()
    views: str = ""

    @property
    def accuracy(self) -> MeasuredAccuracy | None:
        """What is known of how often its first answer is right: as its publisher says, or as the
        run measured that made it. None: nothing is known."""
        value, photos = share(self.metrics.get("accuracy")), self.metrics.get("photos")
        if value is not None:
            part = text(self.metrics.get("accuracy_part"), 40)
            return MeasuredAccuracy(value, whole(photos, 0, 10**12), part)
        return None if self.top1 is None else MeasuredAccuracy(self.top1)

    @property
    def checksum(self) -> Checksum:
        """What the published file is checked against; not valid where none is published."""
        return published_checksum(self.sha256_prefix, self.md5)

    def label(self, index: int) -> str:
        """The label of one output; a number in words if the file carries no classes."""
        return self.classes[index] if index < len(self.classes) else f"class {index}"


@dataclass(frozen=True, slots=True)
class ModelEntry(Value):
    """A spec together with where its weights are now.

    Attributes:
        members: of an ensemble, the models that answer together; `weights_path` is then the file
            that names them.
    """

    spec: ModelSpec
    state: ModelState
    weights_path: Path | None = None
    problem: str = ""  # why it cannot be used although its file is there
    needs: str = ""  # a package that it takes and that is missing, and how to install it
    members: tuple[ModelEntry, ...] = ()

    def singles(self) -> tuple[ModelEntry, ...]:
        """What has a network of its own: the members of an ensemble, else this model, each looking
        once."""
        alone = self.members or (self,)
        return tuple(
            replace(entry, spec=replace(entry.spec, views="")) if entry.spec.views else entry
            for entry in alone
        )

    @property
    def lacks_member(self) -> bool:
        """Whether it is an ensemble that cannot answer for one of its models; `problem` says which
        and how to get it back. Its own file is as it should be."""
        return bool(self.problem and self.spec.members)

    def has_words(self, words: Sequence[str]) -> bool:
        """Whether a search for these words, in small letters, finds it: all of them stand in what
        is said of it, also of which photos it learned from."""
        spec = self.spec
        said = (spec.title, spec.id, spec.family, spec.dataset, spec.weights, self.state.value)
        text = " ".join(said).casefold()
        return all(word in text for word in words)

    def to_json(self) -> dict[str, Any]:
        """The line that `models --json` prints."""
        spec = self.spec
        return {
            "id": spec.id,
            "title": spec.title,
            "family": spec.family,
            "architecture": spec.architecture,
            "state": self.state.value,
            "dataset": spec.dataset,
            "classes": len(spec.classes),
            "input_size": spec.preprocessing.crop,
            "preprocessing": spec.preprocessing.to_json(),
            "top1": spec.top1,
            "top5": spec.top5,
            "parameters": spec.parameters,
            "gflops": spec.gflops,
            "bytes": spec.bytes,
            "weights": spec.weights,
            "licence": spec.licence,
            "notes": spec.notes,
            "path": str(self.weights_path) if self.weights_path else None,
            "problem": self.problem or self.needs or None,
        }


@dataclass(frozen=True, slots=True)
class Imported(Value):
    """One model that was taken in.

    Attributes:
        source: the file that it came from.
        spec: the model, under the id that the zoo knows it by.
        path: where its weights are now.
        how: "hash" (an official file), "names and shapes", or "model file".
        already: it was here before; nothing was copied.
    """

    source: str
    spec: ModelSpec
    path: Path
    how: str
    already: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "file": self.source,
            "model": self.spec.id,
            "path": str(self.path),
            "how": self.how,
            "already": self.already,
            "error": None,
        }
