"""What the program remembers: typed, versioned, written atomically."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from resnet_gui.core.errors import SettingsError
from resnet_gui.core.looks import LOOKS, ONCE
from resnet_gui.core.system import atomic
from resnet_gui.core.system.documents import DocumentError, read_object, text, whole
from resnet_gui.core.system.paths import config_dir
from resnet_gui.core.values import to_json

_log = logging.getLogger(__name__)
FORMAT_VERSION = 1
THEMES = MappingProxyType({"system": "As the system says", "light": "Light", "dark": "Dark"})
EXACT_VARIABLE = "RESNET_GUI_EXACT"
EIGHT_BITS_VARIABLE = "RESNET_GUI_8_BIT"
HOW_TO_GET_NNCF = "pip install nncf~=3.4.0"
MAX_RECENT = 12
_MAX_BYTES = 4 * 1024 * 1024
_LONGEST = 8192  # letters of a text: no path is longer
_WIDEST = 100_000  # pixels
_NUMBERS = {"splitter": 2, "columns": 16}  # fields that are lists of so many widths at most
_PATIENCE_S = 2.0
_SETTLED_NS = 2_500_000_000  # FAT counts time in steps of two seconds
_KEY = "wish"
_Stamp = tuple[str, int, int, int, int]  # the path, times, size and number of the file


@dataclass(frozen=True, slots=True)
class Wish:
    """A field of Settings that a person sets in the settings window, which finds it by this.

    Attributes:
        label: what it is called there. tip: what it does, in a sentence or two.
        choices: value -> words; None: it is switched on and off.
    """

    label: str
    tip: str
    choices: Mapping[str, str] | None = None


def wish(default: Any, label: str, tip: str, choices: Mapping[str, str] | None = None) -> Any:
    """A field of Settings with its row in the settings window."""
    return field(default=default, metadata={_KEY: Wish(label, tip, choices)})


def wishes() -> dict[str, Wish]:
    """The fields that a person sets in the settings window, in its order."""
    fields = dataclasses.fields(Settings)
    return {item.name: item.metadata[_KEY] for item in fields if _KEY in item.metadata}


@dataclass(frozen=True, slots=True)
class Settings:
    """One frozen value; `dataclasses.replace` makes a changed one. A field made by `wish` has its
    row in the settings window, and nothing else is needed for that.

    Attributes:
        model: id of the model used last; empty: the zoo chooses.
        device: "auto", "cuda:0", "mps", "cpu" or one of OpenVINO's, as "openvino:gpu".
        theme: one of THEMES.
        show_crop: whether the photo shows what the network sees.
        recent: paths of the files and folders opened last, newest first.
        window: Qt's window geometry, base64.
        splitter: width in pixels of the photo's and the results' part.
        last_folder: where the file dialog opens.
        photos_shown: how photos are shown on the Classify page ("photo", "grid", "table").
        columns: widths in pixels of the columns of the table of photos; 0: not chosen by a person.
        another_window: whether each start opens a window of its own; else the window that is open
            comes to the front.
        exact: answers only come the exact way, also where a faster one was found to be as good.
        eight_bits: a model may answer in 8 bits, where that was seen to answer alike. `exact` wins.
        look: in which of `core.looks.LOOKS` models look at photos.
    """

    model: str = ""
    device: str = "auto"
    theme: str = wish("system", "Theme", "The colours of the window.", THEMES)
    show_crop: bool = False
    recent: tuple[str, ...] = ()
    window: str = ""
    splitter: tuple[int, ...] = ()
    last_folder: str = ""
    photos_shown: str = ""  # as one photo, a grid or a table
    columns: tuple[int, ...] = ()
    another_window: bool = wish(
        False,
        "Open another window at each start",
        "Otherwise the window that is open comes to the front, and photos that the program was "
        "started with open there.",
    )
    exact: bool = wish(
        False,
        "Exact answers only",
        "Slower. Otherwise a model answers in a faster way where that was seen to answer alike on "
        "this computer.",
    )
    eight_bits: bool = wish(
        False,
        "Answer in 8 bits",
        "Up to twice as fast with large networks; percentages differ a little, and close calls may "
        "come out otherwise. A form of 8 bits is made from your next folder of 64 photos or more, "
        "and used if it answered others of them alike: with the same class wherever that was more "
        "than 25 points ahead of the next. On the CPU alone; “Exact answers only” comes first. "
        f"It is made with the package NNCF ({HOW_TO_GET_NNCF}).",
    )
    look: str = wish(
        ONCE,
        "Look at each photo",
        "More than once is a little more often right, and takes as many times as long.",
        {look.name: look.label for look in LOOKS.values()},
    )

    def with_recent(self, path: str) -> Settings:
        """The settings with `path` as the newest of the recent files."""
        others = [known for known in self.recent if known != path]
        return dataclasses.replace(self, recent=(path, *others)[:MAX_RECENT])


# What was read last: each photo that is answered asks for the settings, which takes longer to read
# than to see that they are the same.
_known: dict[_Stamp, Settings] = {}


def exact_wanted() -> bool:
    """Whether answers may only come the exact way: the environment says so, or the settings."""
    return _in_environment(EXACT_VARIABLE) or load_settings().exact


def eight_bits_wanted() -> bool:
    """Whether models may answer in 8 bits: the environment says so, or the settings, and nobody
    wants exact answers only."""
    wanted = _in_environment(EIGHT_BITS_VARIABLE) or load_settings().eight_bits
    return wanted and not exact_wanted()


def _in_environment(variable: str) -> bool:
    return os.environ.get(variable, "").strip() not in ("", "0")


def settings_path() -> Path:
    return config_dir() / "settings.json"


def load_settings() -> Settings:
    """The stored settings; defaults where there are none. A damaged file is put aside as
    `settings.json.damaged`, so that nothing is lost and the program starts."""
    path = settings_path()
    stamp = _stamp_of(path)
    if stamp is not None and (known := _known.get(stamp)) is not None:
        return known
    try:
        settings = _read(path)
        if stamp is not None:
            _known.clear()
            _known[stamp] = settings
        return settings
    except DocumentError as error:
        _log.warning("settings not read: %s", error)
    from resnet_gui.core.system.locks import lock  # filelock: not at the window's start

    try:
        with lock(_lock_path(path), _PATIENCE_S):
            return _read_or_put_aside(path)
    except OSError:
        _log.warning("damaged settings could not be put aside")
        return Settings()


def save_settings(settings: Settings, since: Settings | None = None) -> Settings:
    """Write the settings. What another window has changed meanwhile stays: only what differs from
    `since` is taken from `settings`, the rest from the disk.

    Args:
        since: what the caller loaded, or saved last. None: everything is taken from `settings`.

    Returns:
        what is on the disk now.

    Raises:
        SettingsError: the folder cannot be written.
    """
    path = settings_path()
    with saving(path):
        if since is not None:
            settings = merged(_read_or_put_aside(path), settings, since)
        atomic.write_json(path, {"format": FORMAT_VERSION, **to_json(settings)})
    return settings


@contextlib.contextmanager
def saving(path: Path) -> Iterator[None]:
    """Around the reading and writing of a file of settings: no other window does it meanwhile.

    Raises:
        SettingsError: the folder cannot be written, or another window does not end.
    """
    from resnet_gui.core.system.locks import lock

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with lock(_lock_path(path), _PATIENCE_S):
            yield
    except OSError as error:
        reason = error.strerror or "another window is writing to it"
        raise SettingsError(
            f"The settings could not be saved to {path} ({reason}).",
            "Check the folder's permissions and the free space.",
        ) from error


def merged(stored: Settings, mine: Settings, since: Settings) -> Settings:
    """`stored` with what changed from `since` to `mine`."""
    changes = changed_fields(mine, since)
    if "recent" in changes:
        changes["recent"] = _merged_recent(stored.recent, mine.recent, since.recent)
    return dataclasses.replace(stored, **changes)


def changed_fields(now: Any, since: Any) -> dict[str, Any]:
    """The fields of a dataclass that are not what they were."""
    values = {item.name: getattr(now, item.name) for item in dataclasses.fields(now)}
    return {name: value for name, value in values.items() if value != getattr(since, name)}


def _merged_recent(
    stored: tuple[str, ...], mine: tuple[str, ...], since: tuple[str, ...]
) -> tuple[str, ...]:
    """What was opened here since, before what was opened elsewhere. If the list was cleared here,
    then what others had put into it is forgotten, too: that is what the person asked for."""
    if since and not set(since) & set(mine):
        return mine
    fresh = len(mine)
    for count in range(len(mine)):
        others = tuple(name for name in since if name not in mine[:count])
        if mine[count:] == others[: len(mine) - count]:
            fresh = count
            break
    opened = mine[:fresh]
    return (*opened, *(name for name in stored if name not in opened))[:MAX_RECENT]


def _lock_path(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")


def _stamp_of(path: Path) -> _Stamp | None:
    """What changes when the file does; None: it is not there, or changed so lately that another
    change might not show."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) < _SETTLED_NS:
        return None
    return str(path), status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def _read(path: Path) -> Settings:
    try:
        return _from_document(read_object(path, _MAX_BYTES))
    except FileNotFoundError:
        return Settings()


def _read_or_put_aside(path: Path) -> Settings:
    """With the lock held: what another process has just written is not put aside."""
    try:
        return _read(path)
    except DocumentError:
        path.replace(path.with_name(path.name + ".damaged"))
        return Settings()


def _from_document(document: dict[str, Any]) -> Settings:
    """Each field on its own: one bad value costs only itself."""
    default = Settings()
    values: dict[str, Any] = {}
    for item in dataclasses.fields(Settings):
        value, standard = document.get(item.name), getattr(default, item.name)
        if isinstance(standard, tuple):
            value = _items(value, most=_NUMBERS.get(item.name))
        elif isinstance(standard, str):
            value = text(value, _LONGEST) if isinstance(value, str) else None
        if type(value) is type(standard):
            values[item.name] = value
    if values.get("theme") not in THEMES:
        values.pop("theme", None)
    if values.get("look") not in LOOKS:
        values.pop("look", None)
    return Settings(**values)


def _items(value: Any, *, most: int | None) -> tuple[Any, ...]:
    """The items of a list that are of the right kind. most: how many numbers; None: texts."""
    if not isinstance(value, list):
        return ()
    if most is not None:
        sizes = tuple(whole(item, 0, _WIDEST, -1) for item in value[:most])
        return sizes if min(sizes, default=-1) >= 0 < max(sizes, default=0) else ()
    return tuple(
        dict.fromkeys(text(item, _LONGEST) for item in value[:MAX_RECENT] if isinstance(item, str))
    )
