"""The zoo: all models of all providers under their ids."""

from __future__ import annotations

import dataclasses
import difflib
import unicodedata
from collections.abc import Container, Iterable, Sequence

from resnet_gui.core.errors import (
    DepthError,
    ModelError,
    ModelFileError,
    UnknownModelError,
    WeightsMissingError,
)
from resnet_gui.core.nets.registry import offered_ids
from resnet_gui.core.zoo.ensembles import JOIN, ensemble_of, resolved, single
from resnet_gui.core.zoo.providers.lite0 import MODEL_ID as OFFLINE_ID
from resnet_gui.core.zoo.providers.registry import PROVIDERS, Provider
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec, ModelState
from resnet_gui.core.zoo.storage.calibrations import kept_calibrations, with_kept
from resnet_gui.core.zoo.untrained import untrained_spec

# One click away when nothing better is here: the accuracy that people expect of a "ResNet".
RECOMMENDED_ID = "resnet50"
_STATE_ORDER = {state: rank for rank, state in enumerate(ModelState)}


class Zoo:
    """All models. Asking again sees what was added or removed meanwhile.

    Attributes:
        providers: in falling precedence; of two entries with one id the first keeps it, the
            other's gets a suffix (a user's file may be named like a model of the table).
    """

    def __init__(self, providers: Sequence[Provider]) -> None:
        self.providers = tuple(providers)

    @classmethod
    def standard(cls) -> Zoo:
        """The providers of the program."""
        return cls([make() for make in PROVIDERS.values()])

    def entries(self) -> list[ModelEntry]:
        """All entries, grouped by state (the user's own first), in the providers' order."""
        found: dict[str, ModelEntry] = {}
        kept = kept_calibrations()
        for provider in self.providers:
            for entry in provider.entries():
                model_id = entry.spec.id
                if model_id.lower() in found:
                    model_id = _free_id(model_id, entry.state, found)
                    entry = dataclasses.replace(
                        entry, spec=dataclasses.replace(entry.spec, id=model_id)
                    )
                found[model_id.lower()] = with_kept(entry, kept)
        # Last, as their members may be anybody's.
        entries = [resolved(entry, found) for entry in found.values()]
        return sorted(entries, key=lambda entry: _STATE_ORDER[entry.state])

    def get(self, model_id: str) -> ModelEntry:
        """The entry of this id (case, also “ß” or “ss”, and the default weights' suffix do not
        matter), or the ensemble of several ids that are joined by “+”.

        Raises:
            ModelError: the joined models cannot answer together, or one of them is not ready.
            UnknownModelError: no such model; names the nearest.
            WeightsMissingError: it is an architecture, which nobody has trained here.
        """
        wanted = model_id.strip().lower()
        entries = self.entries()
        for entry in entries:
            spec = entry.spec
            names = [spec.id.lower()]
            if spec.url:
                names.append(f"{spec.architecture}.{spec.weights}".lower())
            if wanted in names:
                return entry
        for entry in entries:  # a file of the user's own, by its name
            if entry.spec.path is not None and entry.spec.path.stem.lower() == wanted:
                return entry
        for entry in entries:
            if _folded(entry.spec.id) == _folded(wanted):
                return entry
        names = [name.strip() for name in model_id.split(JOIN)]
        if len(names) > 1 and all(names):
            return ensemble_of([self.ready(name) for name in names])
        if (shape := _find_architecture(wanted)) is not None:
            raise WeightsMissingError(
                shape.id,
                "It is an architecture, to be trained from random weights: “resnet-gui train "
                f"FOLDER --model {shape.id}”.",
            )
        called = [e.spec.id for e in entries if e.spec.title.lower() == wanted]
        similar = _similar(wanted, [e.spec.id for e in entries])
        raise UnknownModelError(model_id, called or similar)

    def architecture(self, model_id: str) -> ModelEntry:
        """What a run from random weights builds: the architecture of this id (see
        `architectures`), or that of a model.

        Raises:
            DepthError: the architecture is known and has no such depth.
            UnknownModelError: neither; names the nearest of both.
        """
        spec = untrained_spec(model_id)
        if spec is not None:
            return ModelEntry(spec, ModelState.UNTRAINED)
        try:
            return single(self.get(model_id))
        except UnknownModelError as error:
            ids = [*(entry.spec.id for entry in self.entries()), *offered_ids()]
            raise UnknownModelError(model_id, _similar(model_id.strip().lower(), ids)) from error

    def ready(self, model_id: str) -> ModelEntry:
        """As `get`, but only a model that can be used now.

        Raises:
            UnknownModelError: no such model.
            WeightsMissingError: it has to be downloaded first.
            ModelFileError: its file is there but cannot be used.
            ModelError: a package that it takes is missing.
        """
        entry = self.get(model_id)
        if entry.problem:
            raise ModelFileError(entry.weights_path or entry.spec.id, entry.problem)
        if not entry.state.ready:
            raise WeightsMissingError(
                entry.spec.id,
                "Download them in the model selector, or with "
                f"“resnet-gui download {entry.spec.id}”.",
            )
        if entry.needs:
            raise ModelError(f"“{entry.spec.title}” cannot be used yet.", entry.needs)
        return entry

    def default(self, last_used: str | None = None) -> ModelEntry | None:
        """What to start with; see `default_of`."""
        return default_of(self.entries(), last_used)


def default_of(entries: Iterable[ModelEntry], last_used: str | None = None) -> ModelEntry | None:
    """What to start with: the model used last; else the recommended ResNet or the most accurate
    ImageNet ResNet at hand; else the embedded one; else the most accurate bundled one; else any.
    None: nothing is here.
    """
    usable = [e for e in entries if e.state.ready and not e.problem and not e.needs]
    by_id = {entry.spec.id: entry for entry in usable}
    for wanted in (last_used, RECOMMENDED_ID):
        if wanted and wanted in by_id:
            return by_id[wanted]
    cached = [entry for entry in usable if entry.state is ModelState.CACHED]
    if cached:
        return max(cached, key=lambda entry: entry.spec.top1 or 0.0)
    if OFFLINE_ID in by_id:
        return by_id[OFFLINE_ID]
    bundled = [entry for entry in usable if entry.state is ModelState.BUNDLED]
    if bundled:
        return max(bundled, key=lambda entry: entry.spec.top1 or 0.0)
    return usable[0] if usable else None


def _folded(model_id: str) -> str:
    """Without what a keyboard or a file system may write in two ways; see `slug`."""
    return unicodedata.normalize("NFC", model_id).casefold()


def _find_architecture(model_id: str) -> ModelSpec | None:
    try:
        return untrained_spec(model_id)
    except DepthError:
        return None


def _similar(wanted: str, ids: Sequence[str]) -> list[str]:
    """Up to three ids that begin like `wanted`, or look like it."""
    longer = [known for known in ids if wanted and known.lower().startswith(wanted)]
    close = difflib.get_close_matches(wanted, ids, n=3, cutoff=0.5)
    return list(dict.fromkeys([*longer, *close]))[:3]


def _free_id(model_id: str, state: ModelState, taken: Container[str]) -> str:
    """`resnet50` of the user's own becomes `resnet50-yours`."""
    free, number = f"{model_id}-{state.value}", 2
    while free.lower() in taken:
        free, number = f"{model_id}-{state.value}-{number}", number + 1
    return free
