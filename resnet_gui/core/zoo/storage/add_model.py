"""A model file joins the user's models, under an id that nobody else has. Needs torch."""

from __future__ import annotations

import contextlib
import dataclasses
import filecmp
import hashlib
import os
import shutil
from collections.abc import Callable, Container, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from resnet_gui.core.errors import ModelFileError
from resnet_gui.core.system.atomic import claiming, numbered, replacing
from resnet_gui.core.system.files import open_regular, slug
from resnet_gui.core.system.paths import bundled_models_dir
from resnet_gui.core.zoo.providers.files import FileProvider
from resnet_gui.core.zoo.providers.registry import known_specs
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec, ModelState
from resnet_gui.core.zoo.weights.load import load_network, save_model, try_once
from resnet_gui.core.zoo.weights.model_file import (
    SUFFIX,
    copy_model,
    read_header,
    spec_from_header,
)


def add_model_file(source: Path, folder: Path) -> ModelSpec:
    """Check a model file and copy it into the user's models under a free name.

    Args:
        source: the file that was dropped; it is left as it is.
        folder: the user's models folder.

    Returns:
        the spec of the copy, with its id.

    Raises:
        ModelFileError, CheckpointMismatchError, ModelError: it cannot be used; nothing is copied.
        OSError: the folder cannot be written.
    """
    spec = spec_from_header(source, read_header(source), "yours")
    try_once(source, spec, load_network(ModelEntry(spec, ModelState.YOURS, source)))
    if source.resolve().parent == folder.resolve():
        return spec  # dropped from the models folder itself
    own = list(FileProvider(folder, ModelState.YOURS).entries())
    for entry in own:
        if entry.spec.path is not None and _same_model(entry.spec.path, source):
            return entry.spec
    # Of its own ids, which it brings along, those that are free here.
    taken = taken_ids(folder)
    keeps_id = bool(read_header(source).id) and spec.id.lower() not in taken

    def write(target: Path, new_id: str) -> None:
        if keeps_id or not read_header(source).id:
            shutil.copyfile(source, target)
        else:
            copy_model(source, target, id=new_id)

    path = _claimed(folder / f"{slug(source.stem, 'model')}{SUFFIX}", taken, write)
    return spec_from_header(path, read_header(path), "yours")


def save_new_model(
    wanted: Path, spec: ModelSpec, state: Mapping[str, Tensor], provenance: dict[str, Any]
) -> Path:
    """Write a model into the user's models under a name and an id that nobody has.

    Args:
        wanted: the file's path, if it is free. spec: its id is made from the path.

    Returns:
        the file's path.

    Raises:
        OSError: the folder cannot be written or the disk is full.
    """

    def write(target: Path, new_id: str) -> None:
        save_model(target, dataclasses.replace(spec, id=new_id), state, provenance)

    return _claimed(wanted, taken_ids(wanted.parent), write)


def _claimed(wanted: Path, taken: Container[str], write: Callable[[Path, str], None]) -> Path:
    """Write a file under a free name, which becomes its id unless `write` gives it another."""
    names = partial(free_ids, wanted, taken)
    new_id = next(name.stem for name in names() if not name.exists())
    with claiming(names()) as claim:
        write(claim.temporary, new_id)
    own_id = read_header(claim.path).id
    if own_id not in ("", claim.path.stem) and own_id.lower() in _ids_beside(claim.path):
        # Somebody was quicker: no two files shall have one id. Who comes later looks later.
        with replacing(claim.path) as temporary:
            copy_model(claim.path, temporary, id=claim.path.stem)
    return claim.path


def _ids_beside(path: Path) -> set[str]:
    """In lower case, of the other models in its folder."""
    entries = FileProvider(path.parent, ModelState.YOURS).entries()
    return {entry.spec.id.lower() for entry in entries if entry.spec.path != path}


def taken_ids(folder: Path) -> set[str]:
    """Ids of published models, bundled ones and those in the user's folder, in lower case: ids do
    not tell upper from lower case."""
    bundled = {path.stem.lower() for path in bundled_models_dir().glob(f"*{SUFFIX}")}
    own = {entry.spec.id.lower() for entry in FileProvider(folder, ModelState.YOURS).entries()}
    return {spec.id.lower() for spec in known_specs()} | bundled | own


def free_ids(path: Path, taken: Container[str]) -> Iterator[Path]:
    """`path` and its numbered names, but those whose stem (in lower case) is an id of the zoo: of
    two models with one id one is hidden."""
    return (name for name in numbered(path) if name.stem.lower() not in taken)


def _same_model(left: Path, right: Path) -> bool:
    """Whether both files say and hold the same but for the id, which belongs to the place."""
    with contextlib.suppress(OSError):
        if left.stat().st_size == right.stat().st_size and filecmp.cmp(left, right, shallow=False):
            return True
    try:
        one, other = read_header(left), read_header(right)
    except ModelFileError:
        return False
    same = one.tensors == other.tensors and one.document | {"id": ""} == other.document | {"id": ""}
    return same and _weights_hash(left) == _weights_hash(right)


def _weights_hash(path: Path) -> str:
    """Of all that stands behind the header."""
    digest = hashlib.sha256()
    with open_regular(path) as file:
        file.seek(int.from_bytes(file.read(8), "little"), os.SEEK_CUR)
        while chunk := file.read(1024 * 1024):
            digest.update(chunk)
    return digest.hexdigest()
