"""Weights from a file instead of the network: official files, our model files, offline kits.

An official file is recognised by its hash, whatever its name is. Other weights are recognised by
the names and shapes of their tensors (`foreign_weights`) and become a model of the user's own.
Whatever it is, it is here only when its network has answered once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from resnet_gui.core.errors import ModelFileError
from resnet_gui.core.events import DownloadProgress
from resnet_gui.core.http.settings import HttpSettings, load_http_settings
from resnet_gui.core.nets.registry import find_architecture
from resnet_gui.core.system.checksum import hashes_of
from resnet_gui.core.system.disk import check_space, disk_errors
from resnet_gui.core.system.files import open_regular, slug
from resnet_gui.core.system.gentle_import import gentle_import
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.core.zoo.providers.registry import known_specs, published_specs
from resnet_gui.core.zoo.providers.torchvision import imagenet_classes
from resnet_gui.core.zoo.spec import Imported as Imported
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec, ModelState
from resnet_gui.core.zoo.storage.class_names import NUMBERED, numbered_names
from resnet_gui.core.zoo.storage.kit_folder import is_kit
from resnet_gui.core.zoo.storage.offline_kit import make_kit, read_kit
from resnet_gui.core.zoo.storage.remote_file import weights_file_name
from resnet_gui.core.zoo.storage.store import copy_file
from resnet_gui.core.zoo.weights.model_file import (
    MAX_HEADER_BYTES,
    METADATA_KEY,
    SUFFIX,
    read_header,
    spec_from_header,
)
from resnet_gui.core.zoo.weights.plain_file import check_file

if TYPE_CHECKING:
    from resnet_gui.core.zoo.weights.foreign import Foreign

__all__ = ["Imported", "import_weights", "make_kit"]

_ALGORITHMS = ("sha256", "md5")


def import_weights(
    source: Path, settings: HttpSettings | None = None
) -> Generator[DownloadProgress | Imported, None, tuple[Imported, ...]]:
    """Take in a weights file, a model file or an offline kit. The source stays as it is.

    Args:
        source: `.pth`/`.pt` weights, Keras's `.h5`, `.safetensors`, an offline kit's folder or
            its `bundle.json`.
        settings: say where official weights are kept. None: the stored ones.

    Yields:
        progress, and one Imported per model as soon as it is usable.

    Returns:
        all that was taken in; each has been loaded and has answered once.

    Raises:
        ModelFileError: unreadable, damaged, more than weights, of no known architecture, or its
            network does not answer.
        ModelError: its architecture is not known here, or a package that reads it is missing.
        DownloadError: no space, or the folder cannot be written.
    """
    settings = settings or load_http_settings()
    if is_kit(source):
        folder = source if source.is_dir() else source.parent
        found = []
        for item in read_kit(source):
            done = yield from _import_file(folder / item.file, settings, item.sha256)
            found.append(done)
        return tuple(found)
    if source.is_dir():
        raise ModelFileError(
            source,
            f"{source} is a folder without an offline kit.",
            "Choose the weights file itself, or the folder of a kit that was made for this on "
            "another computer.",
        )
    return ((yield from _import_file(source, settings, "")),)


def _import_file(
    source: Path, settings: HttpSettings, sha256: str
) -> Generator[DownloadProgress | Imported, None, Imported]:
    check_file(source)
    found = yield from _checked_hash(source, sha256)
    official = next((s for s in published_specs() if _is(s, found)), None)
    if official is not None:
        result = yield from _take_official(
            source, official, settings.weights_dir(), found["sha256"]
        )
    elif source.suffix.lower() == SUFFIX and _is_our_model(source):
        result = _take_model_file(source)
    else:
        yield DownloadProgress(source.name, 0, 0, 0.0, "Looking for its architecture…")
        result = _take_foreign(source, found["sha256"])
    yield result
    return result


def _is(spec: ModelSpec, hashes: Mapping[str, str]) -> bool:
    return spec.checksum.matches(hashes[spec.checksum.algorithm])


def _checked_hash(source: Path, sha256: str) -> Generator[DownloadProgress, None, dict[str, str]]:
    """The file's hashes by algorithm. `sha256`: what it has to be; "" if nobody says."""
    try:
        size, check = source.stat().st_size, hashes_of(source, _ALGORITHMS)
        while True:
            done = next(check)
            yield DownloadProgress(source.name, done, size, 0.0, f"Reading {source.name}…")
    except StopIteration as end:
        found: dict[str, str] = end.value
    except OSError as error:
        raise ModelFileError(
            source, f"{source.name} cannot be read ({error.strerror}).", "Is its drive connected?"
        ) from error
    if sha256 and found["sha256"] != sha256:
        raise ModelFileError(
            source,
            f"{source.name} is damaged: it is not the file that the offline kit was made with.",
            "Copy the kit again, or make it again.",
        )
    return found


def _try_official(source: Path, spec: ModelSpec) -> None:
    """Nothing if the network answers with these weights. The hash alone would not show it: for
    most files only its first eight digits are published, and those can be met on purpose.

    Raises:
        ModelError, ModelFileError, CheckpointMismatchError: it does not.
    """
    with gentle_import():
        from resnet_gui.core.zoo.weights.load import load_network, try_once

    # What weights are in is told by the name, and a browser may have changed that.
    try_once(source, spec, load_network(ModelEntry(spec, ModelState.CACHED, source)))


def _take_official(
    source: Path, spec: ModelSpec, folder: Path, sha256: str
) -> Generator[DownloadProgress, None, Imported]:
    target = folder / weights_file_name(spec)
    if target.is_file():
        here = yield from _checked_hash(target, "")
        if _is(spec, here):
            return Imported(str(source), spec, target, "hash", already=True)
    yield DownloadProgress(source.name, 0, 0, 0.0, "Trying it once…")
    _try_official(source, spec)
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    size = source.stat().st_size
    check_space(folder, size)
    for done in copy_file(source, target):
        yield DownloadProgress(spec.title, done, size, 0.0, f"Copying {source.name}…")
    found = yield from _checked_hash(target, "")
    if found["sha256"] != sha256:  # the source changed while it was copied
        target.unlink(missing_ok=True)
        raise ModelFileError(
            source, f"{source.name} changed while it was copied.", "Import it again."
        )
    return Imported(str(source), spec, target, "hash")


def _is_our_model(path: Path) -> bool:
    """Whether a `.safetensors` file has our description.

    Raises:
        ModelFileError: it has, but it is damaged or too new.
    """
    try:
        read_header(path)
    except ModelFileError:
        with contextlib.suppress(OSError), open_regular(path) as file:
            length = int.from_bytes(file.read(8), "little")
            raw = file.read(min(length, MAX_HEADER_BYTES))
            if f'"{METADATA_KEY}"'.encode() in raw:
                raise
        return False
    return True


def _take_model_file(source: Path) -> Imported:
    with gentle_import():
        from resnet_gui.core.zoo.storage.add_model import add_model_file

    folder = user_models_dir()
    before = {path.name for path in folder.glob(f"*{SUFFIX}")}
    with disk_errors(folder, source.stat().st_size):
        spec = add_model_file(source, folder)
    path = spec.path or folder / source.name
    return Imported(str(source), spec, path, "model file", already=path.name in before)


def _take_foreign(source: Path, sha256: str) -> Imported:
    """Weights without a description: the tensors say what they are."""
    with gentle_import():
        from resnet_gui.core.zoo.storage.add_model import save_new_model
        from resnet_gui.core.zoo.weights.foreign import read_foreign
        from resnet_gui.core.zoo.weights.load import (
            empty_network,
            try_once,
            with_weights,
        )

    folder = user_models_dir()
    known = _imported_before(folder, sha256)
    if known is not None:
        return Imported(str(source), known[0], known[1], "names and shapes", already=True)
    foreign = read_foreign(source)
    spec = _spec_for(source, foreign)
    network = with_weights(source, empty_network(spec), foreign.state)
    try_once(source, spec, network)
    provenance = {"imported_from": source.name, "sha256": sha256}
    with disk_errors(folder, source.stat().st_size):
        folder.mkdir(parents=True, exist_ok=True)
        check_space(folder, source.stat().st_size)
        path = save_new_model(folder / f"{spec.id}{SUFFIX}", spec, foreign.state, provenance)
    saved = spec_from_header(path, read_header(path), "yours")
    return Imported(str(source), saved, path, "names and shapes")


def _imported_before(folder: Path, sha256: str) -> tuple[ModelSpec, Path] | None:
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            header = read_header(path)
            provenance = header.document.get("provenance")
            if isinstance(provenance, Mapping) and provenance.get("sha256") == sha256:
                return spec_from_header(path, header, "yours"), path
        except ModelFileError:
            continue  # the zoo shows it as damaged
    return None


def _spec_for(source: Path, foreign: Foreign) -> ModelSpec:
    """A model of the user's own. Nobody measured it, so no accuracy is claimed; its preprocessing
    is what networks of this kind are trained with as a rule: a file does not say it."""
    item = find_architecture(foreign.architecture)
    assert item is not None  # it was recognised by its registration
    published = (spec for spec in known_specs() if spec.architecture == item.name)
    gflops = next((spec.gflops for spec in published), None)
    name = item.short_name(foreign.options) if item.short_name else item.title
    imagenet = foreign.classes == len(imagenet_classes())
    labels = imagenet_classes() if imagenet else numbered_names(foreign.classes)
    notes = f"Imported from {source.name}; recognised as {name} by its tensors' names and shapes. "
    notes += "Its 1,000 outputs are taken for ImageNet's classes." if imagenet else NUMBERED
    return ModelSpec(
        id=slug(source.stem, item.name),
        title=source.stem,
        family=item.family,
        architecture=item.name,
        provider="yours",
        dataset="",
        classes=labels,
        preprocessing=item.preprocessing,
        parameters=0,  # the zoo counts them in the file
        gflops=gflops,
        notes=notes,
        architecture_options=dict(foreign.options),
    )
