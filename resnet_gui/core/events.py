"""Frozen values that cross threads and are printed as JSON by the command line."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from resnet_gui.core.values import Value, to_json

PhotoId = str | int
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class ImageSource:
    """Where a photo comes from: a file, or bytes that were pasted, dragged or fetched.

    Attributes:
        name: the path, or what to call the bytes ("Pasted image", a URL).
        data: the encoded image if it is not a file.
        number: tells bytes apart that have one name (two sites' "image.jpg").
    """

    name: str
    data: bytes | None = None
    number: int = field(default_factory=_numbers.__next__, compare=False, repr=False)

    @classmethod
    def file(cls, path: str | Path) -> ImageSource:
        return cls(str(path))

    @property
    def id(self) -> PhotoId:
        """The same for the same picture, of no other: a file's path, or the number of bytes."""
        return self.name if self.data is None else self.number

    @property
    def path(self) -> Path | None:
        return None if self.data is not None else Path(self.name)

    @property
    def short_name(self) -> str:
        return Path(self.name).name if self.data is None else self.name


@dataclass(frozen=True, slots=True)
class RgbImage:
    """Pixels for the screen: 8-bit RGB, rows top to bottom without padding.

    Attributes:
        width, height: in pixels; `data` has width * height * 3 bytes.
        full_width, full_height: the photo's own size, upright, before it was scaled down.
    """

    width: int
    height: int
    data: bytes
    full_width: int
    full_height: int


@dataclass(frozen=True, slots=True)
class ClassScore(Value):
    """One line of an answer. `probability` is the softmax output, 0..1."""

    label: str
    index: int
    probability: float


@dataclass(frozen=True, slots=True)
class KindScore:
    """What several classes are kinds of.

    Attributes:
        name: a noun ("cat"). article: what English puts before it, "a ", "an " or "".
        probability: of all of them together, 0..1.
    """

    name: str
    article: str
    probability: float


@dataclass(frozen=True, slots=True)
class Prediction(Value):
    """What a model says about one photo, most probable class first.

    Attributes:
        position: index of the photo in the job's list of sources.
        path: the source's name.
        model: id of the model.
        scores: top-k, sorted by falling probability.
        width, height: the upright photo, in pixels.
        device: what it ran on, in words.
        decode_ms, inference_ms: wall time of reading plus preprocessing, and of the network
            (of a batch: its share).
        incomplete: the file ends early; the answer is about the part that is there.
        kind: what can be said beyond the best class where that is not sure.
        article: what English puts before the best class's name: "a ", "an " or "".
        least: what is said of the photo is a guess where it is less probable than this.
        unlike: it is unlike the photos that the model learned from.
    """

    position: int
    path: str
    model: str
    scores: tuple[ClassScore, ...]
    width: int
    height: int
    device: str
    decode_ms: float
    inference_ms: float
    incomplete: bool = False
    kind: KindScore | None = None
    article: str = ""
    least: float = 0.5
    unlike: bool = False

    @property
    def top(self) -> ClassScore:
        return self.scores[0]

    @property
    def unsure(self) -> bool:
        """Whether its answer is only a guess."""
        return self.unlike or (self.kind or self.top).probability < self.least

    def to_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "model": self.model,
            "predictions": to_json(self.scores),
            "incomplete": self.incomplete,
            "error": None,
        }


@dataclass(frozen=True, slots=True)
class ImageFailed(Value):
    """One photo could not be classified; the others go on."""

    position: int
    path: str
    model: str
    error_type: str
    message: str

    def to_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "model": self.model,
            "predictions": [],
            "incomplete": False,
            "error": {"type": self.error_type, "message": self.message},
        }


@dataclass(frozen=True, slots=True)
class ModelLoading(Value):
    """A model is about to be read. `first`: torch itself has to be imported before (seconds)."""

    event: ClassVar[str] = "model_loading"
    model: str
    title: str
    first: bool


@dataclass(frozen=True, slots=True)
class ModelReady(Value):
    """A model is in memory. `device` is the device's real name, `seconds` the time it took."""

    event: ClassVar[str] = "model_ready"
    model: str
    title: str
    device: str
    device_kind: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Notice(Value):
    """Something the user should know, though the work goes on (a device failed, say)."""

    event: ClassVar[str] = "notice"
    message: str


@dataclass(frozen=True, slots=True)
class DownloadProgress(Value):
    """Bytes that are here of all that will come.

    Attributes:
        name: what is fetched, in words.
        done, total: in bytes; `total` is 0 where nobody says.
        bytes_per_second: of the last seconds; 0 while nothing comes.
        note: what is waited for, one sentence; empty while bytes come.
    """

    event: ClassVar[str] = "download_progress"
    name: str
    done: int
    total: int
    bytes_per_second: float
    note: str = ""

    @property
    def seconds_left(self) -> float | None:
        """How long the rest will take at this rate. None: nobody knows."""
        if not self.total or self.bytes_per_second <= 0:
            return None
        return max(0, self.total - self.done) / self.bytes_per_second


@dataclass(frozen=True, slots=True)
class ModelRemoved(Value):
    """A model's file was taken away. `bytes` became free, unless it lies in the trash."""

    event: ClassVar[str] = "model_removed"
    model: str
    title: str
    bytes: int
    to_trash: bool


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """What computes.

    Attributes:
        kind: as in settings: "cuda:0", "mps" or "cpu", which torch can use; "openvino:gpu" and the
            like, which only OpenVINO can (see `system.openvino_devices`).
        name: the hardware's.
        driver: its version, where answers may depend on it; of OpenVINO's devices.
    """

    kind: str
    name: str
    driver: str = ""

    @property
    def openvino(self) -> str:
        """What OpenVINO calls it: "openvino:gpu.1" -> "GPU.1"; "" where torch computes."""
        library, _, name = self.kind.partition(":")
        return name.upper() if library == "openvino" else ""


INCOMPLETE = "incomplete: the file ends early"  # beside the answer about such a photo

ClassifyEvent = ModelLoading | ModelReady | Notice | Prediction | ImageFailed
