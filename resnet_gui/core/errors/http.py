"""What can go wrong between here and a server, and with what came from there."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from resnet_gui.core.errors.base import ResNetGuiError

_NETWORK_SETTINGS = "in the settings under Network"


class NetworkError(ResNetGuiError):
    """Something could not be fetched. `url` is what was asked for.

    Attributes:
        transient: whether trying again without a change may help.
        blocked: whether the way to the server is closed, so that only a detour helps.
    """

    transient: ClassVar[bool] = False
    blocked: ClassVar[bool] = False

    def __init__(self, url: str, what: str, advice: str = "") -> None:
        self.url = url
        super().__init__(what, advice)


class DownloadError(NetworkError):
    """Weights could not be downloaded, or what came was not what was published."""


class BadAddressError(NetworkError):
    """An address that is not fetched: no web address, or weights over an unprotected connection."""


class OfflineModeError(NetworkError):
    """Offline mode is on: nothing was sent."""

    blocked = True
    in_settings = True

    def __init__(self, url: str, name: str) -> None:
        super().__init__(
            url,
            f"{name} was not fetched: offline mode is on.",
            f"Switch it off {_NETWORK_SETTINGS}.",
        )


class NotConnectedError(NetworkError):
    """This computer has no network at all."""

    blocked = True

    def __init__(self, url: str) -> None:
        super().__init__(
            url,
            "This computer is not connected to a network.",
            "Connect it and try again.",
        )


class NameLookupError(NetworkError):
    """DNS knows no such host (or only the proxy may ask)."""

    blocked = True
    in_settings = True
    transient = True

    def __init__(self, url: str, host: str) -> None:
        self.host = host
        super().__init__(
            url,
            f"The address of {host} could not be found.",
            "Check the connection. In a company or school network a proxy may be needed: ask for "
            f"its address and enter it {_NETWORK_SETTINGS}.",
        )


class UnreachableError(NetworkError):
    """The host's address is known but nothing answers there, or it hung up."""

    blocked = True
    in_settings = True
    transient = True

    def __init__(self, url: str, host: str, reason: str) -> None:
        self.host = host
        super().__init__(
            url,
            f"{host} could not be reached ({reason}).",
            "Try again later. If a firewall is in the way, enter the proxy that your network uses "
            f"{_NETWORK_SETTINGS}.",
        )


class ProxyError(NetworkError):
    """The proxy cannot be reached or refuses. `proxy` is its host and port, no password.

    Attributes:
        status: what the proxy answered; 0 if it did not.
    """

    blocked = True
    in_settings = True

    def __init__(self, url: str, proxy: str, status: int = 0) -> None:
        self.proxy = proxy
        self.status = status
        what, advice = f"The proxy {proxy} could not be reached.", "Check its address"
        if status == 407:
            what = f"The proxy {proxy} asks for a user name and a password."
            advice = "Enter them as http://user:password@host:port"
        elif status:
            what = f"The proxy {proxy} refused the connection (answer {status})."
            advice = "Ask your network's administrator to allow it, or enter another proxy"
        super().__init__(url, what, f"{advice} {_NETWORK_SETTINGS}.")


class CertificateError(NetworkError):
    """The server's TLS certificate was not accepted. `reason` is the TLS library's."""

    blocked = True
    in_settings = True

    def __init__(self, url: str, host: str, reason: str) -> None:
        self.host = host
        self.reason = reason
        advice = (
            "If your network inspects its traffic, enter the file with its certificate (CA bundle) "
            f"{_NETWORK_SETTINGS}."
        )
        if "expired" in reason or "not yet valid" in reason:
            advice = f"Check this computer's date and time. {advice}"
        super().__init__(
            url,
            f"No trusted connection to {host} could be made, so nothing was fetched ({reason}).",
            advice,
        )


class AccessRefusedError(NetworkError):
    """401, 403 and their like."""

    blocked = True

    def __init__(self, url: str, host: str, status: int) -> None:
        self.status = status
        super().__init__(
            url,
            f"{host} refused to hand over the file (answer {status}).",
            "Some networks and countries are blocked: try from another network.",
        )


class NotFoundError(NetworkError):
    """404 or 410."""

    def __init__(self, url: str, host: str, status: int) -> None:
        self.status = status
        super().__init__(
            url,
            f"The file is not on {host} (answer {status}).",
            "It may have moved: check the address.",
        )


class ServerTroubleError(NetworkError):
    """5xx, or the server asks to come back later.

    Attributes:
        retry_after_s: what the server asked for, in seconds; 0 if it did not.
    """

    transient = True

    def __init__(self, url: str, host: str, status: int, retry_after_s: float = 0.0) -> None:
        self.status = status
        self.retry_after_s = retry_after_s
        super().__init__(
            url,
            f"{host} has trouble of its own (answer {status}).",
            "Try again in some minutes.",
        )


class UnexpectedAnswerError(NetworkError):
    """An answer that makes no sense here: endless redirects, a status that was not asked for."""


class StalledError(NetworkError):
    """Nothing came for a while."""

    transient = True

    def __init__(self, url: str, host: str, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(
            url,
            f"Nothing has come from {host} for {seconds:.0f} seconds.",
            "Check the connection and try again.",
        )


class TruncatedError(NetworkError):
    """The connection ended before the file did. `done` of `total` bytes are here."""

    transient = True

    def __init__(self, url: str, host: str, done: int, total: int) -> None:
        self.done = done
        self.total = total
        super().__init__(
            url,
            f"The connection to {host} broke off after {done:,} of {total:,} bytes."
            if total
            else f"The connection to {host} broke off after {done:,} bytes.",
            "Check the connection and try again.",
        )


class WebPageError(NetworkError):
    """A web page came instead of the file."""


class TooLargeError(NetworkError):
    """More bytes than allowed. `limit` in bytes."""

    def __init__(self, url: str, what: str, limit: int, advice: str = "") -> None:
        self.limit = limit
        super().__init__(url, what, advice)


class WrongHashError(DownloadError):
    """The bytes that came are not the published ones; they were thrown away."""

    in_settings = True

    def __init__(
        self, url: str, name: str, expected: str, found: str, algorithm: str = "SHA-256"
    ) -> None:
        self.expected = expected
        self.found = found
        super().__init__(
            url,
            f"{name} did not arrive as it was published: its {algorithm} should begin with "
            f"{expected[:12]}, but begins with {found[: min(12, len(expected))]}. It was thrown "
            "away.",
            "Try again. If it happens again, something on the way changes the file: try from "
            f"another network, or check the mirror {_NETWORK_SETTINGS}.",
        )


class DiskFullError(DownloadError):
    """No space for the file. `needed` (0: not known) and `free` in bytes."""

    in_settings = True

    def __init__(self, url: str, folder: str | Path, needed: int, free: int) -> None:
        self.folder = str(folder)
        self.needed = needed
        self.free = free
        wanted = f"{needed / 1e6:,.1f} MB are needed, " if needed else ""
        super().__init__(
            url,
            f"There is not enough space in {folder}: {wanted}{free / 1e6:,.1f} MB are free.",
            "Free some space, or choose another folder for weights in the settings.",
        )


class FolderNotWritableError(DownloadError):
    """The folder for weights cannot be made or written. `reason` is the system's."""

    in_settings = True

    def __init__(self, url: str, folder: str | Path, reason: str) -> None:
        self.folder = str(folder)
        self.reason = reason
        super().__init__(
            url,
            f"Nothing can be written to {folder} ({reason}).",
            "Choose another folder for weights in the settings, or change its permissions.",
        )
