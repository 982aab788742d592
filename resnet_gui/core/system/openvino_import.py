"""The one door through which OpenVINO comes in, and NNCF, which makes models of 8 bits for it.
Nothing else may import them (a test looks).

Both import `openvino_telemetry`, which looks up an analytics host and sends to it. With that module
blocked they use a stand-in of their own that does nothing, and no connection is attempted, whether
importing, converting, quantising, compiling or inferring (a test listens).
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import locale
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from resnet_gui.core.system.gentle_import import gentle_import, load_ahead

_PACKAGE, _TELEMETRY = "openvino", "openvino_telemetry"
_QUANTIZER = "nncf"
_lock = threading.Lock()
_characters = ""  # the process's LC_CTYPE, as it was before OpenVINO came


def openvino_version() -> str:
    """The installed version, without importing it; "" where it is not installed."""
    from importlib import metadata  # not at the window's start

    try:
        if importlib.util.find_spec(_PACKAGE) is None:
            return ""
        return metadata.version(_PACKAGE)
    except (metadata.PackageNotFoundError, ValueError):  # ValueError: blocked in sys.modules
        return ""


def import_openvino(submodule: str = "") -> Any:
    """The package `openvino`, or one of its modules, with its telemetry blocked.

    Raises:
        ImportError: it is not installed, or does not load on this system.
    """
    global _characters
    with _lock:
        if not _characters:
            _characters = locale.setlocale(locale.LC_CTYPE)
        # Where somebody else has imported it, too: what it holds of it already stays, but whoever
        # asks for it from now on does not get it.
        sys.modules[_TELEMETRY] = None  # type: ignore[assignment]
        name = f"{_PACKAGE}.{submodule}" if submodule else _PACKAGE
        if name in sys.modules:
            return importlib.import_module(name)
        for library in _libraries():
            load_ahead(library)
        with gentle_import(torch=False):
            return importlib.import_module(name)


def import_nncf(submodule: str = "") -> Any:
    """The package `nncf`, or one of its modules, with its telemetry blocked and without a word on
    stdout. It imports torch and takes seconds: for processes of their own.

    Raises:
        ImportError: it is not installed, or does not load on this system.
    """
    import_openvino()
    with gentle_import():
        importlib.import_module(_QUANTIZER).disable_logging()
        return importlib.import_module(f"{_QUANTIZER}.{submodule}" if submodule else _QUANTIZER)


@contextlib.contextmanager
def keeping_locale() -> Iterator[None]:
    """Around calls that read, write or compile a model. OpenVINO sets the whole process's locale to
    "C" meanwhile, and where several threads do so at once one of them takes that for what was
    before (seen with 2026.4.1): files opened without an encoding would be ASCII from then on."""
    try:
        yield
    finally:
        if _characters and locale.setlocale(locale.LC_CTYPE) != _characters:
            with contextlib.suppress(locale.Error):
                locale.setlocale(locale.LC_CTYPE, _characters)


def _libraries() -> list[Path]:
    spec = importlib.util.find_spec(_PACKAGE)
    folders = spec.submodule_search_locations if spec is not None else None
    return sorted(Path(folders[0]).glob("_pyopenvino*.so")) if folders else []
