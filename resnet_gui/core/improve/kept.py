"""Decisions on the disk: `DATA/improve/NAME-HASH.json`, a file for each folder. No torch here."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from resnet_gui.core.filing.disk import content_hash
from resnet_gui.core.filing.names import folder_name
from resnet_gui.core.improve.merge import merged
from resnet_gui.core.improve.values import (
    FORMAT_VERSION,
    Applied,
    Content,
    Decision,
    Decisions,
    ImproveError,
)
from resnet_gui.core.system import paths
from resnet_gui.core.system.atomic import dump_json, numbered, write_text
from resnet_gui.core.system.documents import DocumentError, read_json
from resnet_gui.core.system.locks import lock
from resnet_gui.core.values import from_json, to_json

_SUFFIX = ".json"
_PATIENCE_S = 5.0
READING_S = 0.2  # one call of `Keeper.keep` at most, but for a photo: others wait for the lane
_LOOKED_AT = 50  # photos of a folder that may be the one of before under another name


@dataclass(frozen=True, slots=True)
class Kept:
    """Decisions are on the disk.

    Attributes:
        contents: of the photos whose content was looked up for it, by path: for `Corrections.note`.
        left: photos whose content nobody has looked up yet, since that takes long.
    """

    contents: dict[str, Content]
    left: int = 0


def improve_dir() -> Path:
    return paths.data_dir() / "improve"


class Keeper:
    """Keeps what one window decides about a folder. What another window has kept of it meanwhile
    stays; where both have decided about a photo, the later one holds. For one thread at a time."""

    def __init__(self, since: Decisions | None) -> None:
        """since: what is kept, as the window has loaded it. None: all of it is to be replaced."""
        self._since = since
        self._stored: Decisions | None = None  # what is on the disk, while the file has this stamp
        self._stamp: tuple[int, ...] = ()

    def keep(self, decisions: Decisions) -> Kept:
        """Write, and when that is done, read photos of new decisions for a moment, so that they
        are known again wherever they are moved. While some are `left`, it wants to be called
        again, with what it found noted. Not for the GUI's thread.

        Raises:
            ImproveError: the disk is full, or may not be written.
        """
        self._write(decisions)
        contents: dict[str, Content] = {}
        new = [item.path for item in decisions.decisions if item.content is None]
        end = time.monotonic() + READING_S
        looked_at = 0
        for path in new:
            looked_at += 1
            content = content_of(Path(path))
            if content is not None:
                contents[path] = content
            if time.monotonic() > end and contents:  # else those that cannot be read would stop it
                break
        if contents:
            known = (
                dataclasses.replace(item, content=item.content or contents.get(item.path))
                for item in decisions.decisions
            )
            self._write(dataclasses.replace(decisions, decisions=tuple(known)))
        return Kept(contents, len(new) - looked_at)

    def _write(self, decisions: Decisions) -> None:
        path = _path(decisions.root)
        with _writing():
            stored = self._read(path) if self._since is not None else None
            # Mostly nobody else has written.
            if stored is not None and self._since is not None and stored != self._since:
                self._stored = merged(stored, decisions, self._since)
            else:
                self._stored = decisions
            _write(path, self._stored)
            self._stamp = _stamp(path)
        self._since = decisions

    def _read(self, path: Path) -> Decisions | None:
        """None: nothing is kept."""
        try:
            return self._stored if _stamp(path) == self._stamp else _read(path)
        except FileNotFoundError:
            return None
        except (DocumentError, ValueError):
            _put_aside(path)
            return None


def load(root: str | Path) -> Iterator[Decisions]:
    """What is kept of a folder, perhaps nothing. A job for the io lane.

    Args:
        root: as `DatasetSummary.root`. If the folder was renamed since, what was kept of it under
            its old name is found by its photos, and its paths are changed. What was kept of one on
            a drive that is away stays, too.

    Yields:
        one Decisions.

    Raises:
        ImproveError: it is damaged. It is set aside then, so that nothing overwrites it; a second
            call finds nothing.
    """
    root = str(root)
    path = _path(root)
    try:
        yield _read(path)
    except FileNotFoundError:
        yield _renamed(Path(root)) or Decisions(root)
    except (DocumentError, ValueError) as error:
        failed = ImproveError(
            f"What you decided about photos of “{Path(root).name}” could not be read: {error}."
        )
        with contextlib.suppress(OSError):
            failed.add_advice(f"The file is kept as {_put_aside(path)}.")
        raise failed from error


def content_of(path: Path) -> Content | None:
    """None: it cannot be read, or changes just now."""
    try:
        before = path.stat()
        key = content_hash(path)
        after = path.stat()
    except (OSError, ValueError):
        return None
    same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    return Content(key, after.st_size, after.st_mtime_ns) if key and same else None


def _path(root: str) -> Path:
    mark = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    return improve_dir() / f"{folder_name(Path(root).name)[:40]}-{mark}{_SUFFIX}"


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    """Around the reading and writing of a file: no other window does it meanwhile.

    Raises:
        ImproveError: the disk is full, or may not be written.
    """
    try:
        improve_dir().mkdir(parents=True, exist_ok=True)
        with lock(improve_dir() / ".lock", _PATIENCE_S):
            yield
    except OSError as error:
        raise ImproveError(
            "What you decided could not be saved "
            f"({error.strerror or 'another window is writing to the same folder'}).",
            "Until it can be, closing the window loses the last decisions.",
        ) from error


def _write(path: Path, decisions: Decisions) -> None:
    write_text(path, dump_json(to_json(decisions)) + "\n")


def _put_aside(path: Path) -> Path:
    """A damaged file gets another name, which is returned."""
    aside = next(item for item in numbered(path.with_suffix(".damaged")) if not item.exists())
    return path.replace(aside)


def _stamp(path: Path) -> tuple[int, ...]:
    there = path.stat()
    return there.st_ino, there.st_size, there.st_mtime_ns


def _read(path: Path) -> Decisions:
    """Raises FileNotFoundError, DocumentError, ValueError."""
    decisions = from_json(Decisions, read_json(path))
    if decisions.format != FORMAT_VERSION:
        raise ValueError(f"format: {decisions.format} is of another version of this program")
    return decisions


def _renamed(root: Path) -> Decisions | None:
    """What is kept of a folder that is not there any more and whose photos are in this one."""
    with contextlib.suppress(OSError):
        for path in sorted(improve_dir().glob(f"*{_SUFFIX}")):
            with contextlib.suppress(DocumentError, ValueError, OSError, ImproveError):
                found = _read(path)
                if not Path(found.root).exists() and _lies_in(found, root):
                    moved = _moved(found, root)
                    with _writing():
                        _write(_path(moved.root), moved)
                    if _renamed_for_good(found.root):
                        path.unlink()
                    return moved
    return None


def _renamed_for_good(root: str) -> bool:
    """Whether a folder that is not there is not only on a drive that is not connected: its photos
    may be there again, and what opened them be a copy."""
    try:
        return any(Path(root).parent.iterdir())  # the place where a drive is mounted is empty
    except OSError:
        return False


def _lies_in(decisions: Decisions, root: Path) -> bool:
    """Whether most of its photos are in a folder, by name and size."""
    old = Path(decisions.root)
    looked_at = [
        (Path(item.path).relative_to(old), item.content)
        for item in decisions.decisions
        if item.content is not None and Path(item.path).is_relative_to(old)
    ][:_LOOKED_AT]
    here = 0
    for name, content in looked_at:
        with contextlib.suppress(OSError):
            here += (root / name).stat().st_size == content.bytes
    return here > len(looked_at) / 2


def _moved(decisions: Decisions, root: Path) -> Decisions:
    """The same of a folder in another place."""

    def there(path: str) -> str:
        inside = Path(path).is_relative_to(decisions.root)
        return str(root / Path(path).relative_to(decisions.root)) if inside else path

    def of(decision: Decision) -> Decision:
        return dataclasses.replace(decision, path=there(decision.path))

    return Decisions(
        str(root),
        tuple(of(item) for item in decisions.decisions),
        tuple(
            Applied(of(item.decision), there(item.target), item.batch) for item in decisions.applied
        ),
    )
