"""Import torch in a worker thread without stopping the other threads of the process.

Three things make a plain `import torch` hold the interpreter's lock for long (measured beside a
5 ms timer in the main thread, 2 cores): the dynamic loader reading libtorch (350 ms at a stretch),
full runs of the cyclic garbage collector over the half million objects that the import makes (up to
250 ms each), and NVIDIA's bindings, which make all their objects at a stretch (43 ms and more). All
can be avoided, the last where there is no graphics card; the longest stall is then below 40 ms.

No torch here: this module is what imports it.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import logging
import os
import sys
import threading
from collections.abc import Iterator
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from pathlib import Path
from types import ModuleType

from resnet_gui.core.system import garbage
from resnet_gui.core.system.processor import only_cpu

_log = logging.getLogger(__name__)
# torch 2.15 imports them on any Linux, and does without where they cannot be imported.
_CARDS_BINDINGS = "cuda.bindings"
# NVIDIA's libraries that nothing in libtorch needs and torch loads all the same, in its own order
# (torch/__init__.py, _preload_cuda_deps): 10 ms, and 90 to 400 where they come from the disk.
_CARDS_LIBRARIES = (
    "libnvrtc-builtins.so.*[0-9]",
    "libnvJitLink.so.*[0-9]",
    "libcusolver.so.*[0-9]",
)


@contextlib.contextmanager
def gentle_import(*, torch: bool = True, compiler: bool = False) -> Iterator[None]:
    """Wrap an import of torch or torchvision: nothing in the block is slower for it.

    Args:
        torch: whether the block imports torch; otherwise another large package.
        compiler: whether it imports torch's compiler (torch._dynamo), which brings triton where
            that is installed: a library of 500 MB, read for up to 190 ms at a stretch.

    The collector pauses for the whole process, until no thread is in such a block any more. What
    exists at the end of the block is frozen if the block imported anything: modules live for ever,
    so later collections need not look at them. A block that found everything imported freezes
    nothing, or garbage that is in a cycle at that moment would never be collected.
    """
    if torch and "torch" not in sys.modules:
        _load_libraries()
    if compiler and "triton" not in sys.modules:
        _load_triton()
    hidden = torch and "torch" not in sys.modules and _hide_bindings()
    known = len(sys.modules)
    garbage.pause()
    try:
        yield
    finally:
        if hidden:
            sys.modules.pop(_CARDS_BINDINGS, None)
            known -= 1
        if len(sys.modules) > known:
            garbage.freeze()
        garbage.go_on()


def _hide_bindings() -> bool:
    """Let their import fail where no card is, which torch is made for; returns whether it will."""
    if _CARDS_BINDINGS in sys.modules or not only_cpu():
        return False
    sys.modules[_CARDS_BINDINGS] = None  # type: ignore[assignment]  # as the import system means it
    return True


def _load_libraries() -> None:
    """Let the dynamic loader read libtorch now: a foreign call releases the interpreter's lock,
    which the import of an extension module holds. The import then finds the libraries loaded."""
    names = {"linux": "libtorch_python.so", "darwin": "libtorch_python.dylib"}
    name = names.get(sys.platform)
    spec = importlib.util.find_spec("torch")
    if name is None or spec is None or not spec.submodule_search_locations:
        return
    folder = Path(spec.submodule_search_locations[0]) / "lib"
    # In torch's own order and with its flags (torch/__init__.py, _load_global_deps).
    load_ahead(folder / name.replace("python", "global_deps"), global_symbols=True)
    load_ahead(folder / name)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # the import does without
            # Whatever file is mapped is in there, by a name of any bytes.
            for library in cards_libraries(os.fsdecode(Path("/proc/self/maps").read_bytes())):
                load_ahead(library)


def cards_libraries(maps: str) -> Iterator[Path]:
    """NVIDIA's libraries that the import of torch will load although libtorch does not need them.

    Args:
        maps: what this process has in its memory, as /proc/self/maps says it. The libraries are
            taken from beside those of NVIDIA that are loaded: another version's may be installed,
            too, and which of two is meant is left to torch.
    """
    loaded = (line.split(maxsplit=5)[-1] for line in maps.splitlines() if "/libcublasLt.so" in line)
    folder = next((Path(path).parent for path in loaded), None)
    if folder is None:
        return
    for name in _CARDS_LIBRARIES:
        # One folder for all (CUDA 13), or one for each package (CUDA 12: nvidia/cublas/lib).
        found = [*folder.glob(name)] or [*folder.parent.parent.glob(f"*/lib/{name}")]
        if len(found) == 1:
            yield found[0]


def _load_triton() -> None:
    spec = importlib.util.find_spec("triton")
    if spec is not None and spec.submodule_search_locations:
        load_ahead(Path(spec.submodule_search_locations[0]) / "_C" / "libtriton.so")


def load_ahead(library: Path, *, global_symbols: bool = False) -> None:
    """Let the dynamic loader read a library in a foreign call; see `_load_libraries`. Nothing where
    that is not known to work, or fails: the import will do it."""
    if os.name != "posix" or not library.exists():
        return
    process = ctypes.CDLL(None)
    process.dlopen.restype = ctypes.c_void_p
    process.dlopen.argtypes = (ctypes.c_char_p, ctypes.c_int)
    flags = os.RTLD_NOW | (os.RTLD_GLOBAL if global_symbols else 0)
    with _extensions_wait():
        loaded = process.dlopen(os.fsencode(library), flags)
    if not loaded:
        _log.info("%s could not be loaded ahead; the import will do it", library)


@contextlib.contextmanager
def _extensions_wait() -> Iterator[None]:
    """Let other threads begin to load extension modules after the block, in which one thread at a
    time is.

    The dynamic loader loads one library at a time, and an extension's import waits for it with the
    interpreter's lock held: all threads would stand still until libtorch is read, 80 ms when it is
    in the system's cache, six seconds when it is not. So such an import waits before it takes that
    way, and lets the others run.
    """
    with _LOADING:
        create = ExtensionFileLoader.create_module

        def create_later(loader: ExtensionFileLoader, spec: ModuleSpec) -> ModuleType:
            with _LOADING:
                pass
            return create(loader, spec)

        ExtensionFileLoader.create_module = create_later  # type: ignore[method-assign,assignment]
        try:
            yield
        finally:
            ExtensionFileLoader.create_module = create  # type: ignore[method-assign]


# Whoever is in the block may itself import an extension: the collector may run in any thread, and
# finalizers import what they like.
_LOADING = threading.RLock()
