"""Ensembles: models with the same classes that answer together. No torch here.

One is a small JSON file among the user's models that names its members; or it is asked for by their
ids, joined by “+”. What averages their answers is `inference.averaged`.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from resnet_gui.core.errors import ModelError, ModelFileError
from resnet_gui.core.system.atomic import write_json
from resnet_gui.core.system.documents import DocumentError, read_object, text
from resnet_gui.core.system.files import slug
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec, ModelState, Preprocessing

SUFFIX = ".ensemble.json"
PROVIDER = "ensembles"
JOIN = "+"
FORMAT_VERSION = 1
MOST = 16  # members
_MAX_BYTES = 100_000
_NAMED = 4  # classes in a message


def ensemble_of(
    members: Sequence[ModelEntry], model_id: str = "", title: str = "", path: Path | None = None
) -> ModelEntry:
    """The entry of an ensemble of models that are here. Its classes stand in the first one's order.

    Raises:
        ModelError: fewer than two, too many, an ensemble among them, or their classes differ: the
            text names what.
    """
    if len(members) < 2:
        raise ModelError("An ensemble needs two models or more.")
    if len(members) > MOST:
        raise ModelError(f"An ensemble has {MOST} models at most.")
    first = members[0].spec
    for member in members:
        spec = member.spec
        if spec.members:
            raise ModelError(
                f"“{spec.title}” is an ensemble already.", "Name the models that it is made of."
            )
        if not spec.classes:
            raise ModelError(f"The file of “{spec.title}” does not say its classes.")
        if difference := _difference(first, spec):
            raise ModelError(
                f"“{first.title}” and “{spec.title}” have different classes: {difference}.",
                "Only models with the same classes can answer together.",
            )
    specs = [member.spec for member in members]
    known_gflops = [spec.gflops for spec in specs if spec.gflops is not None]
    names = [spec.id for spec in specs]
    spec = ModelSpec(
        id=model_id or JOIN.join(names),
        title=title or " + ".join(spec.title for spec in specs),
        family="Ensemble",
        architecture="",
        provider=PROVIDER,
        dataset=first.dataset,
        classes=first.classes,
        preprocessing=first.preprocessing,
        parameters=sum(spec.parameters for spec in specs),
        gflops=sum(known_gflops) if len(known_gflops) == len(specs) else None,
        bytes=sum(spec.bytes for spec in specs),
        path=path,
        notes=f"Answers with the mean of {len(specs)} models: "
        f"{', '.join(spec.title for spec in specs)}.",
        members=tuple(names),
        inputs=tuple(dict.fromkeys(spec.preprocessing for spec in specs)),
    )
    return ModelEntry(spec, ModelState.YOURS, path, members=tuple(members))


def resolved(entry: ModelEntry, known: Mapping[str, ModelEntry]) -> ModelEntry:
    """A stored ensemble with its members as they are now, or with the reason why it cannot answer.

    Args:
        known: all models by id in small letters.
    """
    if entry.problem or entry.members or not entry.spec.members:
        return entry
    members = []
    for name in entry.spec.members:
        member = known.get(name.lower())
        if member is None:
            return _without(
                entry,
                f"It needs the model “{name}”, which is not here any more. Bring its file back "
                "from the trash, or remove this ensemble too.",
            )
        title = member.spec.title
        if member.problem:
            return _without(entry, f"It needs “{title}”, which cannot be used: {member.problem}")
        if not member.state.ready:
            return _without(
                entry,
                f"It needs “{title}”, which has to be downloaded first: “resnet-gui "
                f"download {member.spec.id}”, or on the page Models.",
            )
        if member.needs:
            return _without(entry, f"It needs “{title}”. {member.needs}")
        members.append(member)
    spec = entry.spec
    try:
        return ensemble_of(members, spec.id, spec.title, spec.path)
    except ModelError as error:
        return _without(entry, str(error))


def ensembles_with(model_id: str, known: Iterable[ModelEntry]) -> list[ModelEntry]:
    """The stored ensembles that cannot answer without this model."""
    return [entry for entry in known if model_id in entry.spec.members]


def save_ensemble(
    members: Sequence[ModelEntry], title: str, folder: Path | None = None
) -> ModelEntry:
    """Keep an ensemble among the user's models.

    Args:
        folder: of the user's models.

    Raises:
        ModelError: as `ensemble_of`, or it has no name.
        ModelFileError: the folder cannot be written.
    """
    if not title.strip():
        raise ModelError("An ensemble needs a name.")
    whole = ensemble_of(members, title=title.strip())
    place = folder or user_models_dir()
    try:
        place.mkdir(parents=True, exist_ok=True)
        path = _free_path(place, title)
        write_ensemble(path, title.strip(), whole.spec.members)
    except OSError as error:
        raise ModelFileError(
            place, f"The ensemble could not be stored in {place} ({error.strerror})."
        ) from error
    return ensemble_of(members, _stem(path), title.strip(), path)


def write_ensemble(path: Path, title: str, members: Sequence[str]) -> None:
    """Raises OSError."""
    created = datetime.now(UTC).isoformat(timespec="seconds")
    write_json(
        path,
        {"format": FORMAT_VERSION, "title": title, "members": list(members), "created": created},
    )


def rename_ensemble(path: Path, title: str) -> None:
    """Give a stored ensemble another title; its id stays.

    Raises:
        ModelFileError: the file is damaged or cannot be written.
    """
    try:
        write_ensemble(path, title, read_ensemble(path).spec.members)
    except OSError as error:
        raise ModelFileError(
            path, f"{path.name} could not be renamed ({error.strerror})."
        ) from error


def read_ensemble(path: Path, state: ModelState = ModelState.YOURS) -> ModelEntry:
    """The entry of a file, its members still to be found (`resolved`).

    Raises:
        ModelFileError: it is damaged, or of a newer version.
    """
    try:
        document = read_object(path, _MAX_BYTES)
    except (FileNotFoundError, DocumentError) as error:
        raise ModelFileError(path, f"{path.name} cannot be read ({error}).") from error
    version, names = document.get("format"), document.get("members")
    if type(version) is int and version > FORMAT_VERSION:
        raise ModelFileError(
            path, f"{path.name} was made by a newer version of this program.", "Update the program."
        )
    if (
        type(version) is not int
        or not isinstance(names, list)
        or not 2 <= len(names) <= MOST
        or not all(isinstance(name, str) and name for name in names)
    ):
        raise ModelFileError(path, f"{path.name} names no models that could answer together.")
    title = text(document.get("title"), 200).strip() or _stem(path)
    members = tuple(text(name, 200) for name in names)
    return ModelEntry(unfinished(path, title, members), state, path)


def unfinished(path: Path, title: str, members: tuple[str, ...] = ()) -> ModelSpec:
    """The spec of a stored ensemble of which no more is known than what its file says."""
    empty = Preprocessing(resize=0, crop=1)
    return ModelSpec(
        _stem(path), title, "Ensemble", "", PROVIDER, "", (), empty, 0, path=path, members=members
    )


def single(entry: ModelEntry) -> ModelEntry:
    """The entry, where it is one network.

    Raises:
        ModelError: it is an ensemble.
    """
    if entry.spec.members:
        raise ModelError(
            f"“{entry.spec.title}” is an ensemble: it answers, but has no network of its own.",
            "Choose one of the models that it is made of.",
        )
    return entry


def columns_of(classes: Sequence[str], own: Sequence[str]) -> tuple[int, ...] | None:
    """For each of the whole's classes, which output of a model it is; None: they stand alike. Of
    classes that are called the same (ImageNet has two cranes) the first is the first."""
    if tuple(classes) == tuple(own):
        return None
    places: dict[str, list[int]] = {}
    for index, label in enumerate(own):
        places.setdefault(label, []).append(index)
    seen: Counter[str] = Counter()
    columns = []
    for label in classes:
        columns.append(places[label][seen[label]])
        seen[label] += 1
    return tuple(columns)


def _difference(one: ModelSpec, other: ModelSpec) -> str:
    """What is different in two models' classes, in words; "": nothing but perhaps the order."""
    first, second = Counter(one.classes), Counter(other.classes)
    parts = []
    for spec, more in ((one, first - second), (other, second - first)):
        if more:
            labels = list(more)
            named = ", ".join(f"“{label}”" for label in labels[:_NAMED])
            rest = f" and {len(labels) - _NAMED:,} more" if len(labels) > _NAMED else ""
            parts.append(f"only “{spec.title}” has {named}{rest}")
    return "; ".join(parts)


def _without(entry: ModelEntry, problem: str) -> ModelEntry:
    return dataclasses.replace(entry, problem=problem)


def _stem(path: Path) -> str:
    return path.name.removesuffix(SUFFIX)


def _free_path(folder: Path, title: str) -> Path:
    stem, number = slug(title), 1
    while True:
        name = stem if number == 1 else f"{stem}-{number}"
        if (
            not (folder / f"{name}{SUFFIX}").exists()
            and not (folder / f"{name}.safetensors").exists()
        ):
            return folder / f"{name}{SUFFIX}"
        number += 1
