"""Names that every file system takes, Windows' among them, and numbers for names that are taken."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator

LONGEST_FOLDER = 80  # characters: on Windows a whole path has 259
_LONGEST_FOLDER_BYTES = 200
_LONGEST_FILE_BYTES = 255
# Refused by Windows, no text, or not to be seen while it changes what is read.
_REFUSED = re.compile(
    r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029'
    r"\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]+"
)
# Devices, with any ending and, for the last ones, also with a raised digit.
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.I)


def folder_name(label: str) -> str:
    """A folder's name for a class's: the same where it is fit for one.

    Refused characters become "_", a dot in front too (it would hide the folder); dots and spaces
    at the end go; a name of a device gets a "_" behind it; at most 80 characters.
    """
    name = _REFUSED.sub("_", unicodedata.normalize("NFC", label)).strip()
    if name.startswith("."):
        name = "_" + name.lstrip(".")
    name = _ended(_shortened(name, LONGEST_FOLDER, _LONGEST_FOLDER_BYTES))
    if _DEVICE.fullmatch(name):
        stem, dot, rest = name.partition(".")
        name = f"{stem.rstrip()}_{dot}{rest}"
    return name or "_"


def folder_names(labels: Iterable[str]) -> dict[str, str]:
    """A folder's name for each class, no two the same on any file system.

    Of several classes that become one name the first in alphabetical order keeps it, so that the
    same classes get the same folders in whatever order they come.
    """
    plain = {label: folder_name(label) for label in labels}
    names: dict[str, str] = {}
    taken: set[str] = set()
    # One that is fit as it is never gives way to one that only became the same.
    for label in sorted(plain, key=lambda label: (plain[label] != label, label)):
        for number in itertools.count(1):
            wanted = plain[label]
            name = wanted if number == 1 else f"{wanted[: LONGEST_FOLDER - 6]}-{number}"
            if folded(name) not in taken:
                break
        taken.add(folded(name))
        names[label] = name
    return names


def folded(name: str) -> str:
    """The same for names that some file system takes for one: in upper or lower case, and with
    accents as one letter or two."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def numbers() -> Iterator[str]:
    """What is put behind a stem: "", "-2", "-3", …"""
    yield ""
    for number in itertools.count(2):
        yield f"-{number}"


def with_number(name: str, stem: str, number: str) -> str:
    """`photo.jpg` with the number behind its stem, cut where a file system would not take it.

    Args:
        stem: what `name` begins with; files that belong together share it.
    """
    if not number:
        return name
    rest = number + name[len(stem) :]
    room = _LONGEST_FILE_BYTES - len(rest.encode("utf-8", "surrogateescape"))
    return _shortened(stem, len(stem), room) + rest


def _shortened(text: str, characters: int, most_bytes: int) -> str:
    text = text[:characters]
    while len(text.encode("utf-8", "surrogateescape")) > most_bytes:
        text = text[:-1]
    return text


def _ended(name: str) -> str:
    return name.rstrip(". ")
