"""Faster forms of models in memory: when one is made, when it takes over, and when it has to go.
No torch here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, TypeVar

import numpy as np

from resnet_gui.core.events import ImageFailed, ImageSource
from resnet_gui.core.inference.answers import Answer, LoadedModel
from resnet_gui.core.inference.backend import EXACT, Backend, BackendForm
from resnet_gui.core.inference.background import CONVERSIONS
from resnet_gui.core.inference.eight_bits import ENOUGH, photos_for, why_not, withdraw_all
from resnet_gui.core.inference.eight_bits_guard import Guard
from resnet_gui.core.inference.looking import looking
from resnet_gui.core.inference.open_backend import open_converted, open_faster
from resnet_gui.core.inference.photo_inputs import PhotoInput
from resnet_gui.core.zoo.spec import ModelEntry

Key = tuple[Any, ...]  # as `model_key` makes it
T = TypeVar("T", Backend, Backend | None, BackendForm)


class FasterForms:
    """Of the models that a `Classifier` has in memory.

    Attributes:
        said: what a person should know, until somebody is told.

    Args of the constructor:
        loaded: the models. entries: theirs, by the models' ids.
    """

    def __init__(
        self, loaded: MutableMapping[Key, LoadedModel], entries: Mapping[str, ModelEntry]
    ) -> None:
        self.said: list[str] = []
        self._loaded, self._entries = loaded, entries
        self._told: set[str] = set()  # what is said once
        # Forms of 8 bits that did not fit, as `Backend.made`: not used again, whatever the disk
        # still says.
        self._withdrawn: set[str] = set()
        # Which of a model's conversions had ended when it was looked for them.
        self._looked_for: dict[Key, tuple[bool, bool]] = {}

    def known(self, model: LoadedModel) -> tuple[Key | None, ModelEntry | None]:
        """What a model is kept under, and its entry; None: it is not in memory (any more)."""
        key = next((key for key, kept in self._loaded.items() if kept is model), None)
        return key, self._entries.get(model.spec.id)

    def newest(self, model: LoadedModel) -> LoadedModel:
        """The same, or its faster form; instead of one that was withdrawn meanwhile the usual."""
        key, entry = self.known(model)
        if entry is not None and self.is_withdrawn(model.backend.made):
            usual = open_converted(looking(entry, model.spec.views))
            return model if usual is None else LoadedModel(model.spec, usual)
        return model if key is None or entry is None else self.faster(key, entry)

    def is_withdrawn(self, made: str) -> bool:
        """Whether this form, or any in this of an ensemble, may not answer any more."""
        return not self._withdrawn.isdisjoint(made.split())

    def faster(self, key: Key, entry: ModelEntry) -> LoadedModel:
        """The model in memory under this key; in a faster form, if that has just become possible:
        a conversion that was begun here has come to its end."""
        model, wanted = self._loaded[key], key[-1]
        if wanted.exact:
            return model
        in_8_bits = wanted.eight_bits and CONVERSIONS.ended(entry, eight_bits=True)
        ended = CONVERSIONS.ended(entry, wanted.device), in_8_bits
        if not any(ended):
            self._looked_for.pop(key, None)
            return model
        if self._looked_for.get(key) == ended:
            return model
        self._looked_for[key] = ended
        # As the model looks: another job may have asked for another way since.
        entry = looking(entry, model.spec.views)
        backend = self.unless_withdrawn(
            lambda in_8_bits: open_faster(
                entry, wanted.device, model.backend, self.said.append, eight_bits=in_8_bits
            ),
            wanted.eight_bits,
        )
        if backend is not None:
            self._loaded[key] = model = LoadedModel(model.spec, backend)
        if in_8_bits:
            self._tell_why_not(entry)
        return model

    def unless_withdrawn(self, opened: Callable[[bool], T], eight_bits: bool) -> T:
        """What is opened, in 8 bits only where that form may still answer.

        Args:
            opened: opens it; it is told whether 8 bits are wanted.
        """
        found = opened(eight_bits)
        return opened(False) if found is not None and self.is_withdrawn(found.made) else found

    def begin(self, model: LoadedModel) -> None:
        """Have a model converted that has just answered, if that may help."""
        key, entry = self.known(model)
        if key is None or entry is None or key[-1].exact or model.device.kind != "cpu":
            return
        CONVERSIONS.begin(entry, key[-1].device)

    def begin_eight_bits(self, model: LoadedModel, sources: Sequence[ImageSource]) -> None:
        """Have a form of 8 bits made from a job's photos, if one is wanted and not there."""
        key, entry = self.known(model)
        if key is not None and entry is not None and key[-1].eight_bits:
            self.begin_eight_bits_of(entry, model.form, sources)

    def begin_eight_bits_of(
        self, entry: ModelEntry, form: BackendForm, sources: Sequence[ImageSource]
    ) -> None:
        """As `begin_eight_bits`, of a model that answers in this form, in memory or not."""
        if form.name == EXACT or form.made or not (photos := photos_for(sources)):
            return
        CONVERSIONS.begin_eight_bits(entry, photos)
        self._tell_why_not(entry)

    def guard(self, model: LoadedModel, photos: int) -> Guard:
        """What watches a job of so many photos."""
        _, entry = self.known(model)
        watched = entry is not None and model.backend.made and photos >= ENOUGH
        return Guard(
            looking(entry, model.spec.views) if entry and watched else None, model.backend.made
        )

    def guarded(
        self, model: LoadedModel, guard: Guard, waiting: Sequence[PhotoInput | ImageFailed | Answer]
    ) -> tuple[LoadedModel, LoadedModel]:
        """The model to go on with, in the usual form if that of 8 bits does not fit; and the one
        that answers what waits, in the usual form also if that alone is known to be answered
        otherwise in 8 bits."""
        crops = np.stack([photo.crop for photo in waiting if isinstance(photo, PhotoInput)])
        usual, (key, entry) = guard.usual_instead(model.backend, crops), self.known(model)
        if usual is None or entry is None:
            return model, model
        asked = LoadedModel(model.spec, usual)
        if not guard.refused:
            return model, asked
        withdraw_all(entry, model.backend.made)
        self._withdrawn.update(model.backend.made.split())
        CONVERSIONS.forget_eight_bits(entry)
        self._looked_for.clear()
        for other, kept in list(self._loaded.items()):  # it looks otherwise, or is an ensemble
            if self.is_withdrawn(kept.backend.made):
                del self._loaded[other]
        self.said.append(
            f"In 8 bits “{entry.spec.title}” answers these photos otherwise than it should: they "
            "are of another kind than those that its form of 8 bits was made from. The usual form "
            "answers them."
        )
        if key is not None:
            self._loaded[key] = asked
        return asked, asked

    def _tell_why_not(self, entry: ModelEntry) -> None:
        why = why_not(entry)
        text = f"“{entry.spec.title}” does not answer in 8 bits, as {why}."
        if why and text not in self._told:
            self._told.add(text)
            self.said.append(text)
