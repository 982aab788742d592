"""Importing torch gently must not keep garbage alive."""

from __future__ import annotations

import ctypes
import gc
import importlib
import importlib.util
import mmap
import os
import sys
import threading
import weakref
from pathlib import Path
from types import SimpleNamespace

import pytest

from resnet_gui.core.system import gentle_import as gentle
from resnet_gui.core.system.gentle_import import gentle_import


class Ring:
    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def nothing_frozen() -> None:
    gc.unfreeze()
    gc.collect()


def test_garbage_is_collected_after_a_block_that_imported_nothing() -> None:
    import torch

    gc.disable()
    ring = weakref.ref(Ring())  # garbage in a cycle from the first moment
    with gentle_import():
        import torch  # noqa: F401 - loaded long since
        from torch import nn  # noqa: F401
    gc.enable()
    gc.collect()
    assert ring() is None


def test_what_a_block_imported_is_frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a_new_module.py").write_text("value = [object() for _ in range(10)]\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    before = gc.get_freeze_count()
    with gentle_import():
        import a_new_module  # type: ignore[import-not-found]  # noqa: F401
    assert gc.get_freeze_count() > before
    gc.unfreeze()
    del sys.modules["a_new_module"]


def test_the_collector_pauses_until_the_last_of_several_blocks_ends() -> None:
    """A page's modules are imported in one thread, torch in another: the first to end must not let
    the collector loose on the other's half a million objects."""
    assert gc.isenabled()
    first, second = gentle_import(torch=False), gentle_import(torch=False)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()


def test_the_compiler_s_library_is_loaded_before_its_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not where nobody imports the compiler, or it is there already."""
    library = tmp_path / "triton" / "_C" / "libtriton.so"
    library.parent.mkdir(parents=True)
    (tmp_path / "triton" / "__init__.py").touch()
    library.touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "triton", raising=False)
    loaded: list[Path] = []
    monkeypatch.setattr(gentle, "load_ahead", lambda path, **_: loaded.append(path))
    with gentle.gentle_import(torch=False):
        assert loaded == []
    with gentle.gentle_import(torch=False, compiler=True):
        assert loaded == [library]
    monkeypatch.setitem(sys.modules, "triton", gentle)
    with gentle.gentle_import(torch=False, compiler=True):
        assert loaded == [library]


def test_nvidia_s_libraries_come_from_beside_those_that_are_loaded(tmp_path: Path) -> None:
    """torch loads them one by one with the interpreter's lock held. An older version's stay behind
    when torch is upgraded; they must not take the place of those that torch means."""
    together, apart, solver = (
        tmp_path / "nvidia" / package / "lib" for package in ("cu13", "nvjitlink", "cusolver")
    )
    for folder in (together, apart, solver):
        folder.mkdir(parents=True)
    for library in (
        together / "libnvJitLink.so.13",
        together / "libcusolver.so.12",
        apart / "libnvJitLink.so.12",
        solver / "libcusolver.so.11",
    ):
        library.touch()

    def mapped(path: Path) -> str:
        return f"7f00-7f01 r-xp 00000000 08:01 1  [heap]\n7f02-7f03 r-xp 00000000 08:01 2  {path}\n"

    assert list(gentle.cards_libraries(mapped(together / "libcublasLt.so.13"))) == [
        together / "libnvJitLink.so.13",
        together / "libcusolver.so.12",
    ]
    older = tmp_path / "nvidia" / "cublas" / "lib" / "libcublasLt.so.12"
    older.parent.mkdir(parents=True)
    # Two of each name there: which one torch means is not for us to say.
    assert list(gentle.cards_libraries(mapped(older))) == []
    (together / "libnvJitLink.so.13").unlink()
    assert list(gentle.cards_libraries(mapped(older))) == [apart / "libnvJitLink.so.12"]
    assert list(gentle.cards_libraries(mapped(tmp_path / "libc.so.6"))) == []


def test_a_file_of_any_name_may_be_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow maps photos: one whose name is no UTF-8 kept torch from being imported."""
    if sys.platform != "linux":
        pytest.skip("other systems have other names")
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/f\xfcr.bmp"))
    path.write_bytes(bytes(4096))
    loaded: list[Path] = []
    monkeypatch.setattr(gentle, "load_ahead", lambda path, **_: loaded.append(path))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ):
        gentle._load_libraries()
    assert any("libtorch_python" in library.name for library in loaded)


def test_an_extension_module_waits_for_a_library_without_stopping_everybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loader takes one at a time, and who waits for it has the interpreter's lock."""
    library = tmp_path / "large.so"
    library.touch()
    reading, read = threading.Event(), threading.Event()
    log: list[str] = []

    def dlopen(name: bytes, flags: int) -> int:
        reading.set()
        read.wait(20)
        log.append("library")
        return 1

    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(dlopen=dlopen))
    ahead = threading.Thread(target=gentle.load_ahead, args=(library,))
    ahead.start()
    assert reading.wait(20)
    spec = importlib.util.find_spec("PIL._imagingmorph")
    assert spec is not None

    def load() -> None:
        importlib.util.module_from_spec(spec)
        log.append("extension")

    other = threading.Thread(target=load)
    other.start()
    other.join(0.2)
    assert other.is_alive()
    read.set()
    other.join(20)
    ahead.join(20)
    assert log == ["library", "extension"]
    importlib.util.module_from_spec(spec)  # nobody waits any more
    assert log == ["library", "extension"]


@pytest.mark.parametrize("card", [False, True])
def test_bindings_for_cards_are_left_out_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch, card: bool
) -> None:
    """torch asks for them in a `try` and does without."""
    bindings = "cuda.bindings"
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.delitem(sys.modules, bindings, raising=False)
    monkeypatch.setattr(gentle, "_load_libraries", lambda: None)
    monkeypatch.setattr(gentle, "only_cpu", lambda: not card)
    before = gc.get_freeze_count()
    with gentle.gentle_import():
        assert (bindings in sys.modules) is not card
        if not card:
            with pytest.raises(ImportError):
                importlib.import_module(bindings)
    assert bindings not in sys.modules
    assert gc.get_freeze_count() == before  # nothing was imported
    with gentle.gentle_import(torch=False):
        assert bindings not in sys.modules


def test_a_finalizer_may_import_an_extension_while_a_library_is_loaded() -> None:
    """The collector may run in the thread that loads it, where it must not wait for itself."""
    done: list[bool] = []

    def load() -> None:
        with gentle._extensions_wait(), gentle._extensions_wait():
            done.append(True)

    thread = threading.Thread(target=load, daemon=True)
    thread.start()
    thread.join(5)
    assert done
