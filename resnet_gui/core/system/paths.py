"""Where things are: the user's own folders and what ships with the program."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

APP_NAME = "resnet-gui"
PACKAGE_DIR = Path(__file__).resolve().parents[2]


def expanded(path: str | Path) -> Path:
    """The path, with “~” as the home folder. `Path.expanduser` raises RuntimeError for a file or
    folder that is called “~name” where nobody has that name; here it is one like any other."""
    return Path(os.path.expanduser(path))  # noqa: PTH111


def home_dir() -> Path:
    """The user's home folder; of a user without one (a job in a container), where data is kept."""
    found = expanded("~")
    return found if found.is_absolute() else data_dir()


def _home() -> Path | None:
    value = os.environ.get("RESNET_GUI_HOME", "").strip()
    return expanded(value) if value else None


def data_dir() -> Path:
    """The user's own models and runs. `RESNET_GUI_HOME` overrides it (tests use that)."""
    home = _home()
    return home / "data" if home else Path(platformdirs.user_data_dir(APP_NAME, appauthor=False))


def config_dir() -> Path:
    """Settings and window state."""
    home = _home()
    if home:
        return home / "config"
    return Path(platformdirs.user_config_dir(APP_NAME, appauthor=False))


def log_dir() -> Path:
    home = _home()
    return home / "log" if home else Path(platformdirs.user_log_dir(APP_NAME, appauthor=False))


def cache_dir() -> Path:
    """What can be made again: nothing is lost with it."""
    home = _home()
    if home:
        return home / "cache" / APP_NAME
    return Path(platformdirs.user_cache_dir(APP_NAME, appauthor=False))


def user_models_dir() -> Path:
    return data_dir() / "models"


def datasets_dir() -> Path:
    """Datasets that the program unpacked itself."""
    return data_dir() / "datasets"


def torch_hub_checkpoints_dir() -> Path:
    """Where torch hub keeps downloads: shared with every other program that uses torchvision.

    The same rule as `torch.hub.get_dir`, without importing torch.
    """
    torch_home = os.environ.get("TORCH_HOME", "").strip()
    if torch_home:
        return expanded(torch_home) / "hub" / "checkpoints"
    home = _home()
    if home:
        return home / "cache" / "torch" / "hub" / "checkpoints"
    xdg = os.environ.get("XDG_CACHE_HOME", "").strip()
    base = expanded(xdg) if xdg else Path.home() / ".cache"
    return base / "torch" / "hub" / "checkpoints"


def keras_models_dir() -> Path:
    """Where Keras keeps downloads: shared with every other program that uses Keras."""
    keras_home = os.environ.get("KERAS_HOME", "").strip()
    if keras_home:
        return expanded(keras_home) / "models"
    home = _home()
    return (home / "cache" / "keras" if home else Path.home() / ".keras") / "models"


def _shipped(packed: str, folder: str) -> Path:
    """A folder packed into the wheel, or the one beside the package in a checkout."""
    inside = PACKAGE_DIR / packed
    return inside if inside.is_dir() else PACKAGE_DIR.parent / folder


def assets_dir() -> Path:
    return _shipped("_assets", "assets")


def bundled_models_dir() -> Path:
    return _shipped("_models", "models")


def sample_photos() -> list[Path]:
    """The photos that ship with the program, sorted by name."""
    return sorted((assets_dir() / "samples").glob("*.jpg"))
