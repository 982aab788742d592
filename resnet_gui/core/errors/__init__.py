"""The exception tree. Each error says what happened and what to do next, in words for a person.

`str(error)` is the whole sentence that a window or a terminal shows. Fields carry the data.
"""

from __future__ import annotations

from resnet_gui.core.errors.base import DeviceError, ResNetGuiError, SettingsError
from resnet_gui.core.errors.data import DatasetChangedError, DatasetError
from resnet_gui.core.errors.filing import (
    DriveAwayError,
    FilingBusyError,
    FilingError,
    FilingInterruptedError,
    UnknownBatchError,
)
from resnet_gui.core.errors.http import (
    AccessRefusedError,
    BadAddressError,
    CertificateError,
    DiskFullError,
    DownloadError,
    FolderNotWritableError,
    NameLookupError,
    NetworkError,
    NotConnectedError,
    NotFoundError,
    OfflineModeError,
    ProxyError,
    ServerTroubleError,
    StalledError,
    TooLargeError,
    TruncatedError,
    UnexpectedAnswerError,
    UnreachableError,
    WebPageError,
    WrongHashError,
)
from resnet_gui.core.errors.models import (
    CheckpointMismatchError,
    DepthError,
    ModelError,
    ModelFileError,
    UnknownModelError,
    WeightsMissingError,
)
from resnet_gui.core.errors.photos import (
    CorruptImageError,
    ImageReadError,
    ImageTooLargeError,
    UnsupportedImageError,
)
from resnet_gui.core.errors.runs import (
    NonFiniteLossError,
    OutOfMemoryError,
    RunConfigError,
    RunError,
    RunMismatchError,
    RunNotWrittenError,
    TrainingError,
    UnknownRunError,
    WorkerError,
)

__all__ = [
    "AccessRefusedError", "BadAddressError", "CertificateError", "CheckpointMismatchError",
    "CorruptImageError", "DatasetChangedError", "DatasetError", "DepthError", "DeviceError",
    "DiskFullError", "DownloadError", "DriveAwayError", "FilingBusyError", "FilingError",
    "FilingInterruptedError",
    "FolderNotWritableError", "ImageReadError", "ImageTooLargeError", "ModelError",
    "ModelFileError", "NameLookupError", "NetworkError", "NonFiniteLossError", "NotConnectedError",
    "NotFoundError", "OfflineModeError", "OutOfMemoryError", "ProxyError", "ResNetGuiError",
    "RunConfigError", "RunError", "RunMismatchError", "RunNotWrittenError", "ServerTroubleError",
    "SettingsError", "StalledError", "TooLargeError", "TrainingError", "TruncatedError",
    "UnexpectedAnswerError", "UnknownBatchError", "UnknownModelError", "UnknownRunError",
    "UnreachableError", "UnsupportedImageError", "WebPageError", "WeightsMissingError",
    "WorkerError", "WrongHashError",
]  # fmt: skip
