"""From wishes to a plan: looks at everything, changes nothing."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from collections import defaultdict
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from resnet_gui.core.errors import FilingError
from resnet_gui.core.filing.batch import (
    SAME_THERE,
    How,
    Piece,
    Plan,
    Planning,
    Skipped,
    Why,
    Wish,
    count,
)
from resnet_gui.core.filing.disk import nearest_folder, same_content, status, writable
from resnet_gui.core.filing.names import folded, numbers, with_number
from resnet_gui.core.system.disk import SPARE_BYTES

# What photo programs write beside a photo: edits and ratings; Apple's edits.
SIDECARS = (".xmp", ".aae")
_EVENT_S = 0.1


def plan_batch(
    wishes: Sequence[Wish], title: str = "", *, sidecars: bool = True
) -> Generator[Planning, None, Plan]:
    """Find out exactly what would happen to files.

    A file that has the name already is never replaced: if it holds the same bytes the wish is done
    with, otherwise the new one gets a number behind its name. Names that differ in case or in the
    way accents are written count as one, so that the folder can be copied to any system.

    Args:
        sidecars: files with edits of the same name (`photo.xmp`, `photo.jpg.xmp`) go along. One
            that also belongs to a file which stays is copied where the photo moves.

    Yields:
        Planning about every 0.1 s.

    Raises:
        FilingError: a target folder is a file, or nothing may be written there.
    """
    planner = _Planner({str(wish.source.absolute()) for wish in wishes}, sidecars)
    last = time.monotonic()
    for number, wish in enumerate(wishes):
        planner.add(wish)
        if time.monotonic() - last > _EVENT_S:
            yield Planning(number, len(wishes))
            last = time.monotonic()
    yield Planning(len(wishes), len(wishes))
    return planner.plan(title)


def check_folder(folder: Path) -> Path:
    """The innermost folder on the way to one that is there; that may be itself.

    Raises:
        FilingError: it is a file, or nothing may be written there.
    """
    base = nearest_folder(folder)
    if not base.is_dir():
        raise FilingError(
            base,
            f"“{base}” is a file, so there can be no folder of that name.",
            "Choose another folder, or rename that file.",
        )
    if not writable(base):
        raise FilingError(
            base,
            f"Nothing may be written into “{base}”.",
            "Choose another folder, or change its permissions.",
        )
    return base


@dataclass(slots=True)
class _Target:
    """A folder that files are to get into.

    Attributes:
        taken: folded name -> a file that has these bytes: one that is there, or is to come.
        base: the innermost folder on the way that is there. device: its disk.
    """

    taken: dict[str, Path]
    base: Path
    device: int


class _Planner:
    def __init__(self, wished: set[str], sidecars: bool) -> None:
        self._wished, self._sidecars = wished, sidecars
        self._pieces: list[Piece] = []
        self._skipped: list[Skipped] = []
        self._targets: dict[Path, _Target] = {}
        self._beside: dict[Path, dict[str, list[str]]] = {}
        self._writable: dict[Path, bool] = {}
        self._renamed = 0
        self._needed: dict[int, int] = defaultdict(int)
        self._bases: dict[int, Path] = {}

    def add(self, wish: Wish) -> None:
        source = wish.source.absolute()
        target = wish.target.absolute()
        if source == target:
            self._skip(source, Why.THERE, "It is in its place already.")
            return
        found = status(source)
        if found is None:
            self._skip(source, Why.MISSING, "It is not there any more.")
        elif not self._is_file(source, found):
            self._skip(source, Why.NO_FILE, "It is no file that can be read.")
        elif wish.how is How.MOVE and self._leads_nearby(source, found):
            self._skip(
                source,
                Why.LINK,
                "It is a link that would lead nowhere from another folder. Copy it instead.",
            )
        elif wish.how is How.MOVE and not self._may_leave(source.parent):
            self._skip(source, Why.READ_ONLY, "Its folder lets no file be taken out of it.")
        else:
            try:
                self._find_place(source, target, wish.how)
            except FileNotFoundError:
                self._skip(source, Why.MISSING, "It is not there any more.")

    def plan(self, title: str) -> Plan:
        pieces = self._shared_ones_copied()
        folders: set[Path] = set()
        for piece in pieces:
            folder = Path(piece.target).parent
            while folder not in folders and folder != self._target(Path(piece.target).parent).base:
                folders.add(folder)
                folder = folder.parent
        needed, free, problem = self._space()
        if not problem and any(piece.how is How.LINK for piece in pieces):
            problem = _why_no_links()
        return Plan(
            title or f"File {count(len(pieces), 'file')}",
            tuple(pieces),
            tuple(self._skipped),
            tuple(str(path) for path in sorted(folders)),
            self._renamed,
            needed,
            free,
            problem,
        )

    # --- the source -------------------------------------------------------------------------

    def _skip(self, path: Path, why: Why, message: str, target: str = "") -> None:
        self._skipped.append(Skipped(str(path), why, message, target))

    @staticmethod
    def _is_file(path: Path, found: os.stat_result) -> bool:
        if stat.S_ISLNK(found.st_mode):
            return path.is_file()
        return stat.S_ISREG(found.st_mode)

    @staticmethod
    def _leads_nearby(path: Path, found: os.stat_result) -> bool:
        return stat.S_ISLNK(found.st_mode) and not path.readlink().is_absolute()

    def _may_leave(self, folder: Path) -> bool:
        if folder not in self._writable:
            self._writable[folder] = writable(folder)
        return self._writable[folder]

    def _along_with(self, source: Path) -> list[Path]:
        """The files with edits that belong to a photo."""
        if not self._sidecars or source.suffix.lower() in SIDECARS:
            return []
        stems = (source.stem.casefold(), source.name.casefold())
        return [
            path
            for stem in dict.fromkeys(stems)
            for name in self._names_beside(source.parent).get(stem, ())
            if (path := source.parent / name).suffix.lower() in SIDECARS
            and str(path) not in self._wished
            and path.is_file()
            and not path.is_symlink()
        ]

    def _names_beside(self, folder: Path) -> dict[str, list[str]]:
        """Names in a folder by their stem."""
        if folder not in self._beside:
            found: dict[str, list[str]] = defaultdict(list)
            for name in _names_in(folder):
                found[Path(name).stem.casefold()].append(name)
            self._beside[folder] = found
        return self._beside[folder]

    # --- the target -------------------------------------------------------------------------

    def _target(self, folder: Path) -> _Target:
        """Raises FilingError: no file can get there."""
        known = self._targets.get(folder)
        if known is None:
            base = check_folder(folder)
            taken = {folded(name): base / name for name in _names_in(base)}
            known = _Target(taken if base == folder else {}, base, base.stat().st_dev)
            self._targets[folder] = known
        return known

    def _find_place(self, source: Path, target: Path, how: How) -> None:
        place, along = self._target(target.parent), self._along_with(source)
        stem = target.stem
        names = [target.name, *(stem + path.name[len(source.stem) :] for path in along)]
        for number in numbers():
            chosen = [with_number(name, stem, number) for name in names]
            there = [place.taken.get(folded(name)) for name in chosen]
            if there[0] is not None:
                if same_content(source, there[0]):
                    # To come, or there: by the name that it has or will have.
                    self._skip(
                        source,
                        Why.SAME,
                        SAME_THERE,
                        str(target.with_name(chosen[0])),
                    )
                    return
                continue
            same = [
                has is not None and same_content(path, has)
                for path, has in zip(along, there[1:], strict=True)
            ]
            if any(has and not equal for has, equal in zip(there[1:], same, strict=True)):
                continue
            break
        self._renamed += bool(number)
        self._take(place, source, target.with_name(chosen[0]), how, "")
        for path, name, equal in zip(along, chosen[1:], same, strict=True):
            if not equal:
                self._take(place, path, target.with_name(name), how, str(source))

    def _take(self, place: _Target, source: Path, target: Path, how: How, photo: str) -> None:
        place.taken[folded(target.name)] = source
        self._pieces.append(Piece(str(source), str(target), how, photo))
        found = source.stat()
        if how is How.COPY or (how is How.MOVE and found.st_dev != place.device):
            self._needed[place.device] += found.st_size
            self._bases[place.device] = place.base

    # --- all of them --------------------------------------------------------------------------

    def _shared_ones_copied(self) -> list[Piece]:
        """A file with edits stays for those of its photos that do not go the same way: a raw file
        beside the JPEG keeps what was done to it."""
        going = {
            piece.source: Path(piece.target).parent
            for piece in self._pieces
            if piece.how is How.MOVE
        }
        return [
            replace(piece, how=How.COPY)
            if piece.photo and piece.how is How.MOVE and self._is_shared(piece, going)
            else piece
            for piece in self._pieces
        ]

    def _is_shared(self, piece: Piece, going: dict[str, Path]) -> bool:
        source = Path(piece.source)
        stem = source.stem.casefold()
        if stem == Path(piece.photo).name.casefold():
            return False  # photo.jpg.xmp is of photo.jpg alone
        others = (
            source.parent / name
            for name in self._names_beside(source.parent).get(stem, ())
            if Path(name).suffix.lower() not in SIDECARS
        )
        return any(going.get(str(path)) != Path(piece.target).parent for path in others)

    def _space(self) -> tuple[int, int, str]:
        """Bytes that are written, bytes that are free where most is missing, what is wrong."""
        worst: tuple[int, int, Path] | None = None
        for device, needed in self._needed.items():
            free = shutil.disk_usage(self._bases[device]).free
            if worst is None or free - needed < worst[1] - worst[0]:
                worst = needed, free, self._bases[device]
        if worst is None:
            return 0, 0, ""
        needed, free, base = worst
        problem = ""
        if needed and needed + SPARE_BYTES > free:
            problem = (
                f"There is not enough space in {base}: {needed / 1e6:,.1f} MB are needed and "
                f"{SPARE_BYTES / 1e6:,.0f} MB to spare, {free / 1e6:,.1f} MB are free."
            )
        return sum(self._needed.values()), free, problem


def _names_in(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError:
        return []


def _why_no_links() -> str:
    """Windows makes links only for some people; "" where they can be made."""
    if os.name != "nt":
        return ""
    with tempfile.TemporaryDirectory() as folder:
        try:
            Path(folder, "link").symlink_to(Path(folder, "file"))
        except OSError:
            return (
                "Windows makes links only while its developer mode is on. Copy or move the photos "
                "instead."
            )
    return ""
