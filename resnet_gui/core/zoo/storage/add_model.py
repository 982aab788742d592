"""A model file joins the user's models, under an id that nobody else has. Needs torch."""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Container, Iterator
from pathlib import Path

from resnet_gui.core.system.atomic import claiming, numbered
from resnet_gui.core.system.paths import bundled_models_dir
from resnet_gui.core.zoo.providers.registry import known_specs
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec, ModelState
from resnet_gui.core.zoo.weights.load import load_network, try_once
from resnet_gui.core.zoo.weights.model_file import SUFFIX, read_header, spec_from_header


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
    taken = taken_ids() | {path.stem.lower() for path in bundled_models_dir().glob(f"*{SUFFIX}")}
    wanted = folder / f"{source.stem}{SUFFIX}"
    for target in free_ids(wanted, taken):
        if not target.exists():
            break
        if _same_bytes(target, source):
            return spec_from_header(target, read_header(target), "yours")
    with claiming(free_ids(wanted, taken)) as claim:
        shutil.copyfile(source, claim.temporary)
    return spec_from_header(claim.path, read_header(claim.path), "yours")


def taken_ids() -> set[str]:
    """Ids of other providers' models, in lower case: ids do not tell upper from lower case."""
    return {spec.id.lower() for spec in known_specs()}


def free_ids(path: Path, taken: Container[str]) -> Iterator[Path]:
    """`path` and its numbered names, but those whose stem (in lower case) is an id of the zoo: of
    two models with one id one is hidden."""
    return (name for name in numbered(path) if name.stem.lower() not in taken)


def _same_bytes(left: Path, right: Path) -> bool:
    same_size = left.stat().st_size == right.stat().st_size
    return same_size and filecmp.cmp(left, right, shallow=False)
