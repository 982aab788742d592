"""The user's own models: rename, delete, how much disk they use. No torch here."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

from resnet_gui.core.atomic import dump_json, replacing
from resnet_gui.core.errors import ModelFileError, RunError
from resnet_gui.core.files import disk_use, move_to_trash, open_regular, slug
from resnet_gui.core.zoo.modelfile import METADATA_KEY, SUFFIX, read_header


def rename_model(path: Path, title: str) -> Path:
    """Give a model of the user's another title, and its file the name that goes with it.

    Returns:
        the new path; its stem is the model's new id.

    Raises:
        ModelFileError: the title is empty, or the file is damaged or cannot be written.
    """
    title = title.strip()
    if not title:
        raise ModelFileError(path, "A model needs a name.")
    document = read_header(path).document | {"title": title}
    stem, number = slug(title), 2
    target = path.with_name(f"{stem}{SUFFIX}")
    while target.exists() and target != path:
        target, number = path.with_name(f"{stem}-{number}{SUFFIX}"), number + 1
    try:
        with open_regular(path) as source, replacing(target) as temporary:
            header = json.loads(source.read(struct.unpack("<Q", source.read(8))[0]))
            header["__metadata__"][METADATA_KEY] = dump_json(document)
            raw = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
            raw += b" " * (-len(raw) % 8)  # safetensors aligns the tensors to 8 bytes
            with temporary.open("wb") as copy:
                copy.write(struct.pack("<Q", len(raw)) + raw)
                shutil.copyfileobj(source, copy, 1024 * 1024)
        if target != path:
            path.unlink()
    except OSError as error:
        raise ModelFileError(
            path, f"{path.name} could not be renamed ({error.strerror})."
        ) from error
    return target


def delete_model(path: Path, trash: Callable[[Path], None] | None = None) -> None:
    """Move a model of the user's to the trash.

    Raises:
        ModelFileError: it cannot be moved.
    """
    try:
        (trash or move_to_trash)(path)
    except RunError as error:
        raise ModelFileError(path, error.what, error.advice) from error


def models_disk_use(folder: Path) -> int:
    """Bytes of all models in the user's folder."""
    return sum(disk_use(path) for path in folder.glob(f"*{SUFFIX}") if path.is_file())
