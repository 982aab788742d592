"""Names for the classes of a model that came without: weights from elsewhere rarely say them.

Only the description at the head of the model's file is written anew; its weights stay as they are.
Without torch.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from resnet_gui.core.errors import ModelFileError
from resnet_gui.core.system.atomic import replacing
from resnet_gui.core.system.files import open_regular
from resnet_gui.core.words import count_noun
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec, ModelState
from resnet_gui.core.zoo.weights.model_file import copy_model, read_header

NUMBERED = "The file does not name its classes, so they are numbered."
_NAMED = "The file does not name its classes; the names were given on this computer."
_NUMBER = re.compile(r"(class )?\d+")
_LONGEST = 200  # characters of one name
_MOST_BYTES = 5_000_000  # of a file of names


def numbered_names(count: int) -> tuple[str, ...]:
    """What classes are called that nobody named."""
    return tuple(f"class {number}" for number in range(count))


def is_numbered(spec: ModelSpec) -> bool:
    """Whether a model's classes are nothing but numbers, and no training on this computer gave
    them these names."""
    return bool(spec.classes) and not spec.run_id and all(map(_NUMBER.fullmatch, spec.classes))


def can_be_named(entry: ModelEntry) -> bool:
    """Whether the names of a model's classes are the person's to give. A model that was trained
    here is called as the folders that it learned from."""
    spec = entry.spec
    own = entry.state is ModelState.YOURS and not entry.problem and not entry.members
    return own and spec.path is not None and not spec.run_id


def parse_names(text: str) -> tuple[str, ...]:
    """One name per line, as typed or from a file; empty lines do not count."""
    return tuple(line for line in map(str.strip, text.splitlines()) if line)


def read_names(path: Path) -> tuple[str, ...]:
    """The names in a text file, one per line.

    Raises:
        ModelFileError: it cannot be read, or is no text.
    """
    advice = "Choose a text file with one name per line, saved as UTF-8."
    try:
        with open_regular(path) as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ModelFileError(path, f"{path.name} could not be read ({error.strerror}).") from error
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))  # as Windows may save it
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ModelFileError(path, f"{path.name} is no plain text.", advice) from error
    if len(data) > _MOST_BYTES or "\0" in text:
        raise ModelFileError(path, f"{path.name} is no list of names.", advice)
    return parse_names(text)


def problem_with(names: Sequence[str], count: int) -> str:
    """Why these cannot be the names of `count` classes, in one sentence; "": they can."""
    if len(names) != count:
        return f"{count_noun(len(names), 'name')} for {count_noun(count, 'class', 'classes')}."
    name, times = Counter(names).most_common(1)[0]
    if times > 1:
        return f"“{name[:60]}” stands there {times:,} times: each class needs a name of its own."
    long = next((name for name in names if len(name) > _LONGEST), "")
    if long:
        return f"“{long[:60]}…” is too long: up to {_LONGEST} characters."
    return ""


def name_classes(path: Path, names: Sequence[str]) -> tuple[str, ...]:
    """Give the classes of a model of the user's other names, in the order of its outputs. Its id
    and its weights stay as they are.

    Returns:
        the names before, with which this is undone.

    Raises:
        ModelFileError: there are too few or too many names, or the file is damaged or cannot be
            written; then it is as it was.
    """
    header = read_header(path)
    before = tuple(header.document["classes"])
    if problem := problem_with(names, len(before)):
        raise ModelFileError(path, problem, "The model’s classes are called as before.")
    notes = str(header.document["notes"])
    numbered = all(map(_NUMBER.fullmatch, names))
    notes = notes.replace(_NAMED, NUMBERED) if numbered else notes.replace(NUMBERED, _NAMED)
    own_id = header.id or path.stem
    try:
        with replacing(path) as temporary:
            copy_model(path, temporary, classes=list(names), notes=notes, id=own_id)
    except OSError as error:
        raise ModelFileError(
            path, f"{path.name} could not be written ({error.strerror})."
        ) from error
    return before
