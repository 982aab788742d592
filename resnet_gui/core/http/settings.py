"""How the network may be used: a frozen value, stored as `network.json` beside the settings."""

from __future__ import annotations

import dataclasses
import ipaddress
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from resnet_gui.core.errors import SettingsError
from resnet_gui.core.system.atomic import write_json
from resnet_gui.core.system.documents import DocumentError, read_object, text
from resnet_gui.core.system.paths import config_dir, torch_hub_checkpoints_dir
from resnet_gui.core.system.settings import changed_fields, saving
from resnet_gui.core.values import Value

MIRROR_VARIABLE = "RESNET_GUI_WEIGHTS_URL"
DIRECT = "none"
FORMAT_VERSION = 1
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HttpSettings(Value):
    """How the network may be used.

    Attributes:
        proxy: "" takes the system's, "none" goes direct, else http://[user:password@]host:port.
        ca_bundle: a PEM file (or a folder of them) that is trusted besides the system's
            certificates.
        mirror: address of a folder with the weights files, https (or http on this computer); the
            environment variable RESNET_GUI_WEIGHTS_URL comes first. "": the publisher's address.
        weights_folder: where weights are kept. None: torch hub's cache.
        offline: never touch the network.
    """

    proxy: str = ""
    ca_bundle: Path | None = None
    mirror: str = ""
    weights_folder: Path | None = None
    offline: bool = False

    def __post_init__(self) -> None:
        """Raises SettingsError for a proxy or a mirror that can never work."""
        if self.proxy and self.proxy != DIRECT:
            parts = split_address(self.proxy)
            if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
                raise SettingsError(
                    "The proxy's address cannot be read.", "Write it as http://host:port."
                )
        if self.mirror:
            check_weights_address(self.mirror)

    def effective_mirror(self) -> str:
        """The mirror that is in force, without a slash at its end; "" if there is none.

        Raises:
            SettingsError: the environment names one that is neither https nor on this computer.
        """
        mirror = os.environ.get(MIRROR_VARIABLE, "").strip() or self.mirror
        if mirror:
            check_weights_address(mirror)
        return mirror.rstrip("/")

    def weights_dir(self) -> Path:
        """Where downloaded weights go."""
        return self.weights_folder or torch_hub_checkpoints_dir()

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> HttpSettings:
        """The inverse of `to_json`; what is missing keeps its default.

        Raises:
            SettingsError: the proxy or the mirror cannot be used.
        """
        ca_bundle, folder = text(value.get("ca_bundle")), text(value.get("weights_folder"))
        return cls(
            proxy=text(value.get("proxy")),
            ca_bundle=Path(ca_bundle) if ca_bundle else None,
            mirror=text(value.get("mirror")),
            weights_folder=Path(folder) if folder else None,
            offline=bool(value.get("offline", False)),
        )


def http_settings_path() -> Path:
    return config_dir() / "network.json"


def load_http_settings() -> HttpSettings:
    """The stored settings; the defaults where there are none or they cannot be read. A damaged
    file stays as it is until new settings are saved."""
    path = http_settings_path()
    try:
        return HttpSettings.from_json(read_object(path))
    except FileNotFoundError:
        return HttpSettings()
    except (DocumentError, SettingsError) as error:
        _log.warning("network settings not read: %s", error)
        return HttpSettings()


def save_http_settings(settings: HttpSettings, since: HttpSettings | None = None) -> HttpSettings:
    """Store the settings. What another window has changed meanwhile stays: only what differs from
    `since` is taken from `settings`, the rest from the disk.

    Args:
        since: what the caller loaded. None: everything is taken from `settings`.

    Returns:
        what is on the disk now.

    Raises:
        SettingsError: the folder cannot be written.
    """
    path = http_settings_path()
    with saving(path):
        if since is not None:
            settings = dataclasses.replace(load_http_settings(), **changed_fields(settings, since))
        write_json(path, {"format": FORMAT_VERSION, **settings.to_json()})
    return settings


def host_of(url: str) -> str:
    """The host's name for a message; the whole text if there is none in it."""
    parts = split_address(url)
    return (parts.hostname if parts else None) or url


def is_loopback(host: str) -> bool:
    """Whether the name means this very computer."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_weights_address(url: str) -> None:
    """Weights come over https only, or from this computer.

    Raises:
        SettingsError: another address.
    """
    if not is_protected(url):
        raise SettingsError(
            f"Weights are not fetched from {url}: the connection is not protected.",
            "Use an address that begins with https:// (http:// only for this computer itself).",
        )


def is_protected(url: str) -> bool:
    """Whether an address is https or this very computer."""
    parts = split_address(url)
    if parts is None or not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


def split_address(url: str) -> SplitResult | None:
    """The address's parts; None if it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return None
    return parts
