"""What the program remembers: typed, versioned, written atomically."""

from __future__ import annotations

import dataclasses
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resnet_gui.core import atomic
from resnet_gui.core.errors import SettingsError
from resnet_gui.core.paths import config_dir

_log = logging.getLogger(__name__)
FORMAT_VERSION = 1
THEMES = ("system", "light", "dark")
MAX_RECENT = 12


@dataclass(frozen=True, slots=True)
class Settings:
    """One frozen value; `dataclasses.replace` makes a changed one.

    Attributes:
        model: id of the model used last; empty: the zoo chooses.
        device: "auto", "cuda:0", "mps" or "cpu".
        theme: one of THEMES.
        show_crop: whether the photo shows what the network sees.
        recent: paths of the files and folders opened last, newest first.
        window: Qt's window geometry, base64.
        splitter: width in pixels of the photo's and the results' part.
        last_folder: where the file dialog opens.
    """

    model: str = ""
    device: str = "auto"
    theme: str = "system"
    show_crop: bool = False
    recent: tuple[str, ...] = ()
    window: str = ""
    splitter: tuple[int, ...] = ()
    last_folder: str = ""

    def with_recent(self, path: str) -> Settings:
        """The settings with `path` as the newest of the recent files."""
        others = [known for known in self.recent if known != path]
        return dataclasses.replace(self, recent=(path, *others)[:MAX_RECENT])


def settings_path() -> Path:
    return config_dir() / "settings.json"


def load_settings() -> Settings:
    """The stored settings; defaults where there are none. A damaged file is put aside as
    `settings.json.damaged`, so that nothing is lost and the program starts."""
    path = settings_path()
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict):
            raise ValueError("not an object")
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError, RecursionError) as error:
        _log.warning("settings not read: %s", error)
        try:
            path.replace(path.with_name(path.name + ".damaged"))
        except OSError:
            _log.warning("damaged settings could not be put aside")
        return Settings()
    return _from_document(document)


def save_settings(settings: Settings) -> None:
    """Write the settings.

    Raises:
        SettingsError: the folder cannot be written.
    """
    path = settings_path()
    try:
        atomic.write_json(path, {"format": FORMAT_VERSION, **dataclasses.asdict(settings)})
    except OSError as error:
        raise SettingsError(
            f"The settings could not be saved to {path} ({error.strerror}).",
            "Check the folder's permissions and the free space.",
        ) from error


def _from_document(document: dict[str, Any]) -> Settings:
    """Each field on its own: one bad value costs only itself."""
    default = Settings()
    values: dict[str, Any] = {}
    for field in dataclasses.fields(Settings):
        value, standard = document.get(field.name), getattr(default, field.name)
        if isinstance(standard, tuple) and isinstance(value, list):
            kind = int if field.name == "splitter" else str
            value = tuple(item for item in value if isinstance(item, kind))
        if value is not None and type(value) is type(standard):
            values[field.name] = value
    if values.get("theme") not in THEMES:
        values.pop("theme", None)
    return Settings(**values)
