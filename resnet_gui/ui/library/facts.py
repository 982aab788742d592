"""What many photos are sorted and filtered by: computed once for each answer, not at each look."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from resnet_gui.core.events import ImageSource, Prediction
from resnet_gui.ui.widgets.answer import answer_of, percent
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.photo_list import Photo, PhotoState

_DIGITS = re.compile(r"[0-9]+")


def _padded(match: re.Match[str]) -> str:
    return match.group().zfill(15)


class Facts(NamedTuple):
    """Of one photo, as its answer is now.

    Attributes:
        name, folder: of the file; `folder` is "" for what is none.
        order: what names are sorted by: "IMG_9" before "IMG_10".
        label: the answer in words, "" without one. probability: its own, 0..1.
        margin: how far the second class is behind the best one, 0..1.
        model: its id. other: the answers of the models before, in words; "" without one.
        disagree: whether one of those names another class.
        unsure, failed, idle: as the photo says.
        text: all words that a search may find it by, in small letters.
        source, prediction, state: what all this was computed from.
    """

    name: str
    folder: str
    order: str
    label: str
    probability: float
    margin: float
    model: str
    other: str
    disagree: bool
    unsure: bool
    failed: bool
    idle: bool
    text: str
    source: ImageSource
    prediction: Prediction | None
    state: PhotoState

    def holds(self, photo: Photo) -> bool:
        """Whether the photo still has this answer, and its file this place."""
        return (
            self.prediction is photo.prediction
            and self.state is photo.state
            and self.source is photo.source
        )


def facts_of(photo: Photo, kinds: dict[str, str]) -> Facts:
    """Compute them.

    Args:
        kinds: by label, what it is a kind of, in small letters: a search for "cat" finds a tabby.
    """
    source, prediction = photo.source, photo.prediction
    # Of text alone, and quick: of 20,000 paths.
    folder, name = os.path.split(source.name) if source.data is None else ("", source.name)
    label, probability, margin, model, more = "", -1.0, -1.0, "", photo.problem
    if prediction is not None:
        answer = answer_of(prediction)
        label, probability, model = class_words(answer.name), answer.probability, prediction.model
        scores = prediction.scores
        margin = scores[0].probability - (scores[1].probability if len(scores) > 1 else 0.0)
        more = f"{class_words(prediction.top.label)}\n{kinds.get(prediction.top.label, '')}"
    other, disagree = "", False
    if photo.others and prediction is not None:
        other = " · ".join(map(said, photo.others))
        disagree = any(_class(before) != _class(prediction) for before in photo.others)
    return Facts(
        name,
        folder,
        _DIGITS.sub(_padded, name.casefold()),
        label,
        probability,
        margin,
        model,
        other,
        disagree,
        photo.unsure,
        photo.state is PhotoState.FAILED,
        photo.state is PhotoState.IDLE,
        f"{source.name}\n{label}\n{more}".casefold(),
        source,
        prediction,
        photo.state,
    )


def said(prediction: Prediction) -> str:
    """ "tabby 98.0%"."""
    answer = answer_of(prediction)
    return f"{class_words(answer.name)} {percent(answer.probability)}"


def _class(prediction: Prediction) -> str:
    return class_words(prediction.top.label).casefold()
