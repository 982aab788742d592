"""What a person decided about the photos of a labelled folder, as frozen values. No torch here."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from resnet_gui.core.dataset.summary import DatasetSummary, LabelledPhoto
from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.core.values import Value

FORMAT_VERSION = 1


class ImproveError(ResNetGuiError):
    """Decisions cannot be read or written, or a folder cannot be looked through."""


class What(StrEnum):
    """What shall become of a photo. The value stands in files."""

    LABEL = "label"  # it belongs to the class `Decision.to`
    ASIDE = "aside"  # out of the folder, as it is of no class or no use
    FINE = "fine"  # its class is right, whatever a model says


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo that something can be decided about.

    Attributes:
        path: of its file, absolute.
        label: the class that it has now; "": none yet.
    """

    path: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Content(Value):
    """By what a file is known again.

    Attributes:
        key: hash of all its bytes.
        bytes, modified_ns: its size and the time of its last change. While both are the same it is
            not read again.
    """

    key: str
    bytes: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Decision(Value):
    """What was decided about one photo.

    Attributes:
        path, label: of the photo when it was decided; "" for one that had no class.
        to: the class that it belongs to, of LABEL.
        content: None until the decision is kept.
    """

    path: str
    label: str
    what: What
    to: str = ""
    content: Content | None = None

    @property
    def files(self) -> bool:
        """Whether Apply has to do something. (A photo without a class is set aside by not being
        shown any more; its file stays.)"""
        return self.what is What.LABEL or (self.what is What.ASIDE and bool(self.label))


@dataclass(frozen=True, slots=True)
class Applied(Value):
    """A decision that was carried out.

    Attributes:
        decision: as it was. target: the photo's path since. batch: id of the batch of `core.filing`
            that did it.
    """

    decision: Decision
    target: str
    batch: str


@dataclass(frozen=True, slots=True)
class Decisions(Value):
    """All that was decided about the photos of one folder; what is kept on the disk.

    Attributes:
        root: the folder, as `DatasetSummary.root`.
        decisions: what still holds, in order; each photo once. Those that move files are pending.
        applied: what was carried out.
    """

    root: str
    decisions: tuple[Decision, ...] = ()
    applied: tuple[Applied, ...] = ()
    format: int = FORMAT_VERSION

    @property
    def pending(self) -> tuple[Decision, ...]:
        """What Apply would carry out."""
        return tuple(item for item in self.decisions if item.files)

    def by_path(self) -> dict[str, Decision]:
        return {item.path: item for item in self.decisions}

    def confirmed(self) -> set[tuple[str, str]]:
        """(path, class) of photos of which a person has said that this is their class."""
        fine = {(d.path, d.label) for d in self.decisions if d.what is What.FINE}
        return fine | {
            (item.target, item.decision.to)
            for item in self.applied
            if item.decision.what is What.LABEL
        }

    def set_aside(self) -> set[str]:
        """Where photos are now that were taken out of the folder."""
        inside = self.root.rstrip(os.sep) + os.sep
        return {item.target for item in self.applied if not item.target.startswith(inside)}

    def new_classes(self, known: Iterable[str]) -> tuple[str, ...]:
        """Classes that only decisions name, in the order in which they came."""
        seen = set(known)
        labels = (item.to for item in self.decisions if item.what is What.LABEL)
        return tuple(dict.fromkeys(name for name in labels if name not in seen))


def photo_of(summary: DatasetSummary, photo: LabelledPhoto) -> Photo:
    """A photo of a scan, to decide about."""
    return Photo(str(summary.absolute(photo)), summary.classes[photo.label].name)


def photos_of(summary: DatasetSummary) -> list[Photo]:
    """All usable photos of a scan."""
    return [photo_of(summary, photo) for photo in summary.photos]
