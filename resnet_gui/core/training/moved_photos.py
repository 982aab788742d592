"""A run whose folder is somewhere else now: the same photos, known by their paths and sizes. No
torch here."""

from __future__ import annotations

from pathlib import Path

from resnet_gui.core.dataset.split import Split
from resnet_gui.core.dataset.summary import count_noun, name_list
from resnet_gui.core.dataset.walk import printable, walk
from resnet_gui.core.errors import DatasetChangedError, RunNotWrittenError
from resnet_gui.core.runs.directory import RUN_FILE, HeldRun


def moved_root(folder: Path, split: Split, fingerprint: str) -> Path:
    """The folder of the photos of a run, where they are now.

    Args:
        folder: where a person says they are.
        fingerprint: of the folder as the run knows it: over the paths and sizes of its photos.

    Raises:
        DatasetChangedError: it holds other photos; the error names those that are missing.
        DatasetError: it is missing or cannot be read.
    """
    *_, listing = walk(folder)
    if listing.fingerprint() == fingerprint:
        return listing.root
    name = printable(listing.root.name)
    here = {file.path for file in listing.files}
    wanted = {item.path for item in (*split.train, *split.val, *split.test)}
    missing = sorted(map(printable, wanted - here))
    if missing:
        photos, count = count_noun(len(wanted), "photo"), len(missing)
        gone = f"{count:,} {'is' if count == 1 else 'are'} not there"
        if count == len(wanted):
            gone = "none is there"
        what = (
            f"“{name}” is not the folder of this run: of its {photos} {gone}: {name_list(missing)}."
        )
    else:
        others = sorted(map(printable, here - wanted))
        seen = f": {name_list(others)}" if others else ""
        what = (
            f"“{name}” has the names of all photos of this run, but is not the same: some were "
            f"replaced by files of another size, or others came or went{seen}."
        )
    raise DatasetChangedError(
        folder, what, "Choose the folder that the run began with, wherever it is now."
    )


def note_root(run: HeldRun, root: Path) -> None:
    """Write into a run where its photos are now: in one piece, or not at all.

    Raises:
        RunNotWrittenError: it cannot be written.
    """
    config, dataset = run.document["config"], run.document["dataset"]
    place = str(root)
    try:
        run.update(config=config | {"data": place}, dataset=dataset | {"root": place})
    except OSError as error:
        raise RunNotWrittenError(run.path / RUN_FILE, run.name, error) from error
