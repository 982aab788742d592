"""Offline kits: a folder of weights with a list of their hashes, carried to a computer without a
network. Without torch.

`bundle.json` is written last: a folder without it is not finished.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from resnet_gui import __version__
from resnet_gui.core.errors import ModelError, ModelFileError, WrongHashError
from resnet_gui.core.events import DownloadProgress
from resnet_gui.core.http.fetch import Patience
from resnet_gui.core.http.settings import HttpSettings, load_http_settings
from resnet_gui.core.system import atomic
from resnet_gui.core.system.checksum import hashes_of
from resnet_gui.core.system.disk import check_space, disk_errors
from resnet_gui.core.system.documents import read_object, whole_in
from resnet_gui.core.values import from_json, to_json
from resnet_gui.core.zoo.spec import ModelEntry, ModelState
from resnet_gui.core.zoo.storage.downloads import download_weights
from resnet_gui.core.zoo.storage.kit_folder import MANIFEST, is_kit
from resnet_gui.core.zoo.storage.remote_file import weights_file_name
from resnet_gui.core.zoo.storage.store import copy_file
from resnet_gui.core.zoo.weights.model_file import SUFFIX

FORMAT_VERSION = 1
# Of halves of surrogate pairs those that stand for the bytes of a name (see `header_schema`).
_FILE_NAME = re.compile(r"[^/\\:\x00\ud800-\udc7f\udd00-\udfff]{1,255}")


@dataclass(frozen=True, slots=True)
class KitFile:
    """One file of an offline kit. `sha256` is the full hash in hexadecimal."""

    id: str
    file: str
    bytes: int
    sha256: str


def make_kit(
    entries: Sequence[ModelEntry],
    folder: Path,
    settings: HttpSettings | None = None,
    patience: Patience | None = None,
) -> Generator[DownloadProgress, None, tuple[KitFile, ...]]:
    """Bring the weights of some models into a folder that `import_weights` takes elsewhere.

    What is on this computer is copied, the rest downloaded (and gone on with, if it was
    interrupted). A kit that is there already grows by these models.

    Returns:
        all files of the kit.

    Raises:
        NetworkError, DownloadError: as `download_weights`.
        ModelError: a model that comes with a package, or that is damaged.
        ModelFileError: the folder holds a kit that cannot be read.
    """
    settings = settings or load_http_settings()
    files = {item.file: item for item in read_kit(folder)} if is_kit(folder) else {}
    for entry in entries:
        path = yield from _bring(entry, folder, settings, patience)
        sha256 = yield from _hash(path, entry.spec.title, "sha256")
        files[path.name] = KitFile(entry.spec.id, path.name, path.stat().st_size, sha256)
        document = {
            "format": FORMAT_VERSION,
            "program": f"resnet-gui {__version__}",
            "files": to_json(list(files.values())),
        }
        with disk_errors(folder):
            atomic.write_json(folder / MANIFEST, document)
    return tuple(files.values())


def read_kit(path: Path) -> tuple[KitFile, ...]:
    """The files that a kit lists; they are not looked at.

    Raises:
        ModelFileError: the list is damaged, or made by a newer version.
    """
    manifest = path if path.name == MANIFEST and path.is_file() else path / MANIFEST
    try:
        document = read_object(manifest)
        version = whole_in(document["format"], 1, 10**6, "format")
        if version > FORMAT_VERSION:
            raise ModelFileError(
                manifest,
                f"{manifest} was made by a newer version of this program.",
                "Update the program.",
            )
        files = tuple(map(_checked, from_json(list[KitFile], document["files"])))
        if not files:
            raise ValueError("it lists no files")
    except (OSError, ValueError, LookupError) as error:
        raise ModelFileError(
            manifest,
            f"{manifest} is damaged: the offline kit's list cannot be read.",
            "Make it again.",
        ) from error
    return files


def _checked(item: KitFile) -> KitFile:
    item = replace(item, sha256=item.sha256.lower())
    # A list from elsewhere must not name files outside of its folder.
    if not _FILE_NAME.fullmatch(item.file) or item.file.startswith("."):
        raise ValueError(f"bad file name {item.file!r}")
    if not re.fullmatch(r"[0-9a-f]{64}", item.sha256):
        raise ValueError(f"bad hash of {item.file!r}")
    return item


def _bring(
    entry: ModelEntry, folder: Path, settings: HttpSettings, patience: Patience | None
) -> Generator[DownloadProgress, None, Path]:
    spec, source = entry.spec, entry.weights_path
    if entry.problem:
        raise ModelError(f"“{spec.title}” cannot be put into an offline kit.", entry.problem)
    if entry.state is ModelState.DOWNLOADABLE:
        return (yield from download_weights(spec, folder, settings, patience))
    if source is None or (entry.state is not ModelState.CACHED and source.suffix != SUFFIX):
        raise ModelError(
            f"“{spec.title}” cannot be put into an offline kit: it comes with a package.",
            "Install the package on the other computer.",
        )
    if entry.state is ModelState.CACHED:
        found = yield from _hash(source, spec.title, spec.checksum.algorithm)
        if not spec.checksum.matches(found):  # damaged here: fetch it instead
            return (yield from download_weights(spec, folder, settings, patience))
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    name = weights_file_name(spec) if entry.state is ModelState.CACHED else source.name
    target = folder / name
    if target.resolve() != source.resolve():
        size = source.stat().st_size
        check_space(folder, size)
        for done in copy_file(source, target):
            yield DownloadProgress(spec.title, done, size, 0.0, f"Copying {source.name}…")
    if entry.state is ModelState.CACHED:
        found = yield from _hash(target, spec.title, spec.checksum.algorithm)
        if not spec.checksum.matches(found):
            target.unlink(missing_ok=True)
            checksum = spec.checksum
            raise WrongHashError(spec.url, name, checksum.value, found, checksum.title)
    return target


def _hash(path: Path, title: str, algorithm: str) -> Generator[DownloadProgress, None, str]:
    size, check = path.stat().st_size, hashes_of(path, (algorithm,))
    while True:
        try:
            done = next(check)
        except StopIteration as end:
            return str(end.value[algorithm])
        yield DownloadProgress(title, done, size, 0.0, f"Checking {path.name}…")
