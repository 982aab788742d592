"""What looking through a folder tells while it runs and at its end: frozen values. No torch, no
numpy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from resnet_gui.core.values import Value


@dataclass(frozen=True, slots=True)
class Improving(Value):
    """How far it is.

    Attributes:
        what: "photos" (finding out which features are kept), "converting" (the model, to its
            faster form), "features" (computing those that are not), "learning" (fitting heads).
        done, total: photos, of "learning" rounds; total 0: not known.
    """

    event: ClassVar[str] = "improving"
    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Suspect(Value):
    """One photo and how well its label fits, judged by a head that did not learn from it.

    Attributes:
        path: absolute. label: the class that it has. suggested: the most probable other class.
        probability: of its own class, 0..1. suggested_probability: of the other.
        loss: -ln(probability), the out-of-fold loss in nats: the larger, the less the label fits.
        wrong: whether the label is probably wrong (Northcutt's rule, see `out_of_fold`).
    """

    event: ClassVar[str] = "suspect"
    path: str
    label: str
    suggested: str
    probability: float
    suggested_probability: float
    loss: float
    wrong: bool


@dataclass(frozen=True, slots=True)
class FewPhotos(Value):
    """A class that cannot be judged: it has too few photos."""

    label: str
    photos: int


@dataclass(frozen=True, slots=True)
class NotRead(Value):
    """A photo that was left out, and why."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class SuspectsFound(Value):
    """The last event of `Improver.suspects`.

    Attributes:
        root: the folder.
        model: id of the model whose features judged; perhaps not the one that was asked for, but
            the one that it was trained from, which has not seen these labels.
        suspects: the largest loss first; photos that a person has confirmed, decided about or set
            aside are not among them.
        judged: how many photos were judged, confirmed ones too.
        wrong: how many labels are probably wrong, of those in `suspects`.
        few: classes of which no photo could be judged.
        failed: photos that could not be read.
        sentences: what a person should know of the result, whole sentences.
        seconds: what it took.
    """

    event: ClassVar[str] = "suspects_found"
    root: str
    model: str
    suspects: tuple[Suspect, ...]
    judged: int
    wrong: int
    few: tuple[FewPhotos, ...] = ()
    failed: tuple[NotRead, ...] = ()
    sentences: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Guess(Value):
    """An unlabelled photo and what the head takes it for.

    Attributes:
        path: absolute. label, probability: its best class. second, second_probability: the next.
    """

    path: str
    label: str
    probability: float
    second: str
    second_probability: float

    @property
    def margin(self) -> float:
        """By how much the best class is ahead, 0..1: the smaller, the less sure."""
        return self.probability - self.second_probability


@dataclass(frozen=True, slots=True)
class LeastSure(Value):
    """The last event of one round of `Improver.least_sure`.

    Attributes:
        root: the labelled folder. model: id of the model whose features judged.
        guesses: the next photos to label, the least sure first.
        left: how many unlabelled photos there are that nobody has decided about, these among them.
        labelled: how many photos the head learned from, what was decided and not filed yet too.
        duplicates: photos left out since the folder, or another one here, has the same content.
        classes: all classes that the head knows, new ones too.
        failed, sentences, seconds: as of SuspectsFound.
    """

    event: ClassVar[str] = "least_sure"
    root: str
    model: str
    guesses: tuple[Guess, ...]
    left: int
    labelled: int
    duplicates: int = 0
    classes: tuple[str, ...] = ()
    failed: tuple[NotRead, ...] = ()
    sentences: tuple[str, ...] = ()
    seconds: float = 0.0
