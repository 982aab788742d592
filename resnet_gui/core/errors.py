"""The exception tree. Each error says what happened and what to do next, in words for a person.

`str(error)` is the whole sentence that a window or a terminal shows. Fields carry the data.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar


class ResNetGuiError(Exception):
    """Base of all errors that are shown to a person.

    Attributes:
        what: what happened, one sentence.
        advice: what to do next, one sentence; empty if there is nothing to do.
    """

    def __init__(self, what: str, advice: str = "") -> None:
        self.what = what
        self.advice = advice
        super().__init__(f"{what} {advice}".strip())

    def add_advice(self, advice: str) -> None:
        """Say one thing more that can be done; for who knows what the person wanted."""
        self.advice = f"{self.advice} {advice}".strip()
        self.args = (f"{self.what} {self.advice}",)


# --- images ---------------------------------------------------------------------------------


class ImageReadError(ResNetGuiError):
    """A file that should be a photo could not be read. `name` is the path or the source's name."""

    def __init__(self, name: str | Path, what: str, advice: str = "") -> None:
        self.name = str(name)
        super().__init__(what, advice)


class UnsupportedImageError(ImageReadError):
    """The file is not a photo, or of a format that is not read here (camera RAW, SVG, video)."""


class CorruptImageError(ImageReadError):
    """The file claims an image format but its data is cut off or damaged."""


class ImageTooLargeError(ImageReadError):
    """More pixels than the limit against decompression bombs allows, or more memory to decode it
    than a photo may take."""


# --- models ---------------------------------------------------------------------------------


class ModelError(ResNetGuiError):
    """Something is wrong with a model."""


class UnknownModelError(ModelError):
    """No model of this id. `similar` are ids that look like it."""

    def __init__(self, model_id: str, similar: Sequence[str] = ()) -> None:
        self.model_id = model_id
        self.similar = tuple(similar)
        hint = f"Did you mean {', '.join(similar)}?" if similar else ""
        super().__init__(
            f"There is no model “{model_id}”.",
            f"{hint} “resnet-gui models” lists them all.".strip(),
        )


class WeightsMissingError(ModelError):
    """The model is known but its weights are not on this computer."""

    def __init__(self, model_id: str, advice: str) -> None:
        self.model_id = model_id
        super().__init__(f"The weights of “{model_id}” are not on this computer.", advice)


class ModelFileError(ModelError):
    """A model file is damaged, too new, or not a model of this program."""

    def __init__(self, path: str | Path, what: str, advice: str = "") -> None:
        self.path = str(path)
        super().__init__(what, advice)


class CheckpointMismatchError(ModelFileError):
    """The weights do not fit the architecture: `expected` and `found` name both."""

    def __init__(self, path: str | Path, expected: str, found: str) -> None:
        self.expected = expected
        self.found = found
        super().__init__(
            path,
            f"{Path(path).name}: the weights do not fit the architecture (expected {expected}, "
            f"found {found}).",
            "Choose the model that the file was made for.",
        )


# --- devices, settings, network ---------------------------------------------------------------


class DepthError(ModelError):
    """A residual network has no such depth. `nearest` has the nearest ones that exist."""

    def __init__(self, depth: int, rule: str, nearest: Sequence[int]) -> None:
        self.depth = depth
        self.rule = rule
        self.nearest = tuple(nearest)
        is_or_are = "is" if len(self.nearest) == 1 else "are"
        super().__init__(
            f"There is no such network of depth {depth}: its depths are {rule}.",
            f"The nearest {is_or_are} {' and '.join(map(str, nearest))}.",
        )


class DeviceError(ResNetGuiError):
    """The chosen device is not there or failed."""


class SettingsError(ResNetGuiError):
    """The settings could not be read or written."""


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


_NETWORK_SETTINGS = "in the settings under Network"


class BadAddressError(NetworkError):
    """An address that is not fetched: no web address, or weights over an unprotected connection."""


class OfflineModeError(NetworkError):
    """Offline mode is on: nothing was sent."""

    blocked = True

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

    def __init__(self, url: str, folder: str | Path, reason: str) -> None:
        self.folder = str(folder)
        self.reason = reason
        super().__init__(
            url,
            f"Nothing can be written to {folder} ({reason}).",
            "Choose another folder for weights in the settings, or change its permissions.",
        )


# --- datasets and training --------------------------------------------------------------------


class DatasetError(ResNetGuiError):
    """A folder cannot be trained on or measured with. `path` is the folder."""

    def __init__(self, path: str | Path, what: str, advice: str = "") -> None:
        self.path = str(path)
        super().__init__(what, advice)


class DatasetChangedError(DatasetError):
    """The folder is not what it was when the run began: resuming would mix two datasets."""


class TrainingError(ResNetGuiError):
    """Something is wrong with a training."""


class RunConfigError(TrainingError):
    """A setting of a run is out of range or unknown. `field` names it as in `--set field=…`."""

    def __init__(self, field: str, what: str, advice: str = "") -> None:
        self.field = field
        super().__init__(what, advice)


class NonFiniteLossError(TrainingError):
    """The loss became infinite or not a number at `epoch`, `step` (both counted from 1)."""

    def __init__(self, epoch: int, step: int, advice: str) -> None:
        self.epoch = epoch
        self.step = step
        super().__init__(
            f"The training diverged: the loss is not a number any more (epoch {epoch}, "
            f"step {step}).",
            advice,
        )


class OutOfMemoryError(TrainingError):
    """Not even one photo at a time fits into the memory of the device."""


class RunError(TrainingError):
    """A run's directory is missing, damaged, in use, or of another version. `path` names it."""

    def __init__(self, path: str | Path, what: str, advice: str = "") -> None:
        self.path = str(path)
        super().__init__(what, advice)


class RunNotWrittenError(TrainingError):
    """A file of a run, or its model, could not be written; the run can go on when there is space.

    Attributes:
        path: the file. run: the run's name. reason: the system's.
        needed, free: bytes that it takes, and that are free there; 0: not known.
    """

    def __init__(self, path: str | Path, run: str, error: OSError, free: int = 0) -> None:
        self.path = str(path)
        self.run = run
        self.reason = error.strerror or str(error)
        self.needed = int(getattr(error, "needed", 0))
        self.free = free
        file = Path(path).name
        what = f"Space for the model of the run “{run}” could not be kept"
        if not file.startswith("."):
            what = f"{file} of the run “{run}” could not be written"
        space = ""
        if self.needed and error.errno in (errno.ENOSPC, errno.EDQUOT):
            space = f": {self.needed / 1e6:,.1f} MB are needed, {free / 1e6:,.1f} MB are free"
        super().__init__(
            f"{what} ({self.reason}{space}).", "Free some space on the disk, then resume the run."
        )


class RunMismatchError(RunError):
    """What a run was trained with is not what is here now: `expected` and `found` name both."""

    def __init__(self, path: str | Path, subject: str, expected: str, found: str) -> None:
        self.expected = expected
        self.found = found
        super().__init__(
            path,
            f"The run “{Path(path).name}” cannot go on: its {subject} is {expected}, "
            f"but {found} is here now.",
            "Start a new run instead.",
        )
