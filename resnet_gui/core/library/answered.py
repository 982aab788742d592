"""One photo and what a model said about it: a row of the table, in the window and in files."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass

from resnet_gui.core.events import ClassScore, ImageFailed, ImageSource, KindScore, Prediction
from resnet_gui.core.library.facts import NO_FACTS, PhotoFacts, read_facts
from resnet_gui.core.zoo.kinds import Said, said_of


@dataclass(frozen=True, slots=True)
class AnsweredPhoto:
    """An answer, or why there is none, and what is known of the file.

    Attributes:
        answer: what the classifier yields, or would yield.
        is_file: False: pasted or fetched bytes, and `path` is what they are called.
        model_title: the model's title.
        size: of the file in bytes. modified: of its last change, seconds since 1970. Both are None
            where the file could not be looked at; `modified` also for bytes.
        content: a hash of the photo's bytes, hexadecimal; "" where it is not known. Two files of
            one content are one photo.
        way: of all that decides an answer beside the photo (weights, preprocessing, backend,
            versions), hexadecimal; "" where it is not known.
        answered: when the model was asked, seconds since 1970.
        kept: it was asked earlier; the answer comes from the store.
        facts: what the file's header tells; None: it was not read yet.
    """

    answer: Prediction | ImageFailed
    is_file: bool = True
    model_title: str = ""
    size: int | None = None
    modified: float | None = None
    content: str = ""
    way: str = ""
    answered: float | None = None
    kept: bool = False
    facts: PhotoFacts | None = None

    @property
    def position(self) -> int:
        """Index in the list of sources that was asked about."""
        return self.answer.position

    @property
    def path(self) -> str:
        return self.answer.path

    @property
    def name(self) -> str:
        return os.path.basename(self.path) if self.is_file else self.path  # noqa: PTH119 - fast

    @property
    def folder(self) -> str:
        return os.path.dirname(self.path) if self.is_file else ""  # noqa: PTH120 - fast

    @property
    def model(self) -> str:
        """The model's id."""
        return self.answer.model

    @property
    def scores(self) -> tuple[ClassScore, ...]:
        """Most probable first; none if it failed."""
        return self.answer.scores if isinstance(self.answer, Prediction) else ()

    @property
    def device(self) -> str:
        """What computed the answer, in words: the fast form of a model differs a little from the
        model itself. "" if it failed."""
        return self.answer.device if isinstance(self.answer, Prediction) else ""

    @property
    def label(self) -> str:
        """The best class; "" if it failed."""
        return self.scores[0].label if self.scores else ""

    @property
    def probability(self) -> float | None:
        """Of the best class, 0..1."""
        return self.scores[0].probability if self.scores else None

    @property
    def said(self) -> Said | None:
        """What is said first of it: the best class, or what the likely ones are kinds of."""
        return said_of(self.answer) if isinstance(self.answer, Prediction) else None

    @property
    def margin(self) -> float | None:
        """How much more probable the best class is than the second: 0..1. A model of one class:
        its probability."""
        match self.scores:
            case (first, second, *_):
                return first.probability - second.probability
            case (first,):
                return first.probability
        return None

    @property
    def kind(self) -> KindScore | None:
        """What can be said beyond the best class where that is not sure."""
        return self.answer.kind if isinstance(self.answer, Prediction) else None

    @property
    def failed(self) -> bool:
        return isinstance(self.answer, ImageFailed)

    @property
    def error(self) -> str:
        """Why there is no answer, in words; "" if there is one."""
        return self.answer.message if isinstance(self.answer, ImageFailed) else ""

    def with_facts(self) -> AnsweredPhoto:
        """With what its header tells, which is read from the file if it was not yet."""
        if self.facts is not None:
            return self
        facts = read_facts(ImageSource.file(self.path)) if self.is_file else NO_FACTS
        return dataclasses.replace(self, facts=facts)
