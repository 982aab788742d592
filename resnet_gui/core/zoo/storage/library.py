"""The user's own models: rename. No torch here."""

from __future__ import annotations

import contextlib
import json
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

from resnet_gui.core.errors import ModelFileError
from resnet_gui.core.system.atomic import Claim, claiming, dump_json, numbered, replacing
from resnet_gui.core.system.files import open_regular, slug
from resnet_gui.core.zoo.weights.model_file import METADATA_KEY, SUFFIX, read_header


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
    wanted = path.with_name(f"{slug(title)}{SUFFIX}")
    try:
        with open_regular(path) as source, _room_for(wanted, path) as claim:
            header = json.loads(source.read(struct.unpack("<Q", source.read(8))[0]))
            header["__metadata__"][METADATA_KEY] = dump_json(document)
            raw = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
            raw += b" " * (-len(raw) % 8)  # safetensors aligns the tensors to 8 bytes
            with claim.temporary.open("wb") as copy:
                copy.write(struct.pack("<Q", len(raw)) + raw)
                shutil.copyfileobj(source, copy, 1024 * 1024)
        if claim.path != path:
            path.unlink()
    except OSError as error:
        raise ModelFileError(
            path, f"{path.name} could not be renamed ({error.strerror})."
        ) from error
    return claim.path


@contextlib.contextmanager
def _room_for(wanted: Path, own: Path) -> Iterator[Claim]:
    """Where the file goes: to its own name where that is the first free one, which replaces itself;
    else to a name that nothing has."""
    first = next(name for name in numbered(wanted) if name == own or not name.exists())
    if first != own:
        with claiming(numbered(wanted)) as claim:
            yield claim
        return
    with replacing(own) as temporary:
        claim = Claim(temporary)
        yield claim
        claim.path = own
