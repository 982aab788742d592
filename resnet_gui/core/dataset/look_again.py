"""Whether a folder that was scanned is still what it was. No torch here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

from resnet_gui.core.dataset.scan import scan_dataset
from resnet_gui.core.dataset.summary import DatasetScanned, DatasetSummary, ScanProgress
from resnet_gui.core.dataset.walk import walk
from resnet_gui.core.values import Value
from resnet_gui.core.words import count_noun


@dataclass(frozen=True, slots=True)
class LookedAgain(Value):
    """The last event of a second look.

    Attributes:
        summary: the folder as it is now; the very one that was asked about if nothing has changed.
        changes: what came, went or changed its class, in words; "": nothing.
    """

    event: ClassVar[str] = "looked_again"
    summary: DatasetSummary
    changes: str = ""


def look_again(before: DatasetSummary) -> Iterator[ScanProgress | LookedAgain]:
    """Look at a scanned folder once more: its listing alone, which is quick. Only where photos
    came, went, were moved or got another size it is scanned again.

    Yields:
        ScanProgress while it is listed (total 0) and scanned, LookedAgain last.

    Raises:
        DatasetError: the folder is missing or cannot be read.
    """
    root = Path(before.root)
    for listing in walk(root):
        yield ScanProgress(len(listing.files), 0, 0)
    if listing.fingerprint() == before.fingerprint:
        yield LookedAgain(before)
        return
    for event in scan_dataset(root):
        if isinstance(event, DatasetScanned):
            now = event.summary
            yield LookedAgain(now, changes_text(before, now))
        else:
            yield event


def changes_text(before: DatasetSummary, now: DatasetSummary) -> str:
    """What happened to the usable photos between two scans, without a full stop: "9 photos changed
    their class, 3 came and 1 went". A photo that has another folder is known by its name and
    size."""
    old = {photo.path: photo for photo in before.photos}
    new = {photo.path: photo for photo in now.photos}
    other = sum(old[path].bytes != new[path].bytes for path in old.keys() & new.keys())
    gone = Counter(
        (PurePosixPath(path).name, photo.bytes) for path, photo in old.items() if path not in new
    )
    came = Counter(
        (PurePosixPath(path).name, photo.bytes) for path, photo in new.items() if path not in old
    )
    moved = (gone & came).total()
    counts = (
        (moved, "is in another folder", "are in another folder"),
        (came.total() - moved, "came", "came"),
        (gone.total() - moved, "went", "went"),
        (other, "was replaced", "were replaced"),
    )
    parts = [f"{count:,} {one if count == 1 else many}" for count, one, many in counts if count]
    if not parts:
        return "files that cannot be used came or went"
    first, count = parts[0].partition(" "), next(count for count, *_ in counts if count)
    parts[0] = f"{count_noun(count, 'photo')} {first[2]}"
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
