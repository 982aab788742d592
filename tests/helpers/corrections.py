"""A labelled folder to correct, and what its correcting does, without a window."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from resnet_gui.core.dataset import DatasetScanned, DatasetSummary, scan_dataset
from resnet_gui.core.filing.batch import How, Plan
from resnet_gui.core.improve.agree import Agreed, agree
from resnet_gui.core.improve.apply import plan_apply
from resnet_gui.core.improve.corrections import Corrections
from resnet_gui.core.improve.kept import Keeper, load
from resnet_gui.core.improve.values import Photo
from tests.helpers.filing import OLD_NS, result


def photo_file(path: Path, number: int) -> Path:
    """A photo of its own content and time."""
    import os

    path.parent.mkdir(parents=True, exist_ok=True)
    colour = (number * 7 % 256, number * 31 % 256, number // 256 % 256)
    Image.new("RGB", (16, 16), colour).save(path)
    os.utime(path, ns=(OLD_NS + number, OLD_NS + number))
    return path


def labelled_folder(root: Path, each: int = 6, parts: tuple[str, ...] = ("train", "val")) -> Path:
    """root/PART/ants and bees (or root/ants …), each with as many photos."""
    number = 0
    for part in parts or ("",):
        for name in ("ants", "bees"):
            for index in range(each):
                number += 1
                photo_file(root / part / name / f"{part}{name}{index}.png", number)
    return root


def scanned(root: Path) -> DatasetSummary:
    *_, last = scan_dataset(root)
    assert isinstance(last, DatasetScanned)
    return last.summary


def photo(path: Path, label: str | None = None) -> Photo:
    return Photo(str(path), path.parent.name if label is None else label)


def reopened(root: Path) -> Corrections:
    """What a window has after a start: what is kept, brought to agree with the disk."""
    summary = scanned(root)
    [kept] = load(summary.root)
    corrections = Corrections(kept)
    settle(corrections)
    return corrections


def store(corrections: Corrections) -> None:
    keeper, left = Keeper(None), 1
    while left:
        kept = keeper.keep(corrections.snapshot())
        corrections.note(kept.contents)
        left = kept.left


def settle(corrections: Corrections) -> Agreed:
    """Compare with the disk, take that over and keep it."""
    [agreed] = agree(corrections.snapshot(), scanned(Path(corrections.root)))
    corrections.settle(agreed.outcomes)
    store(corrections)
    return agreed


def planned(corrections: Corrections, loose: How = How.COPY) -> Plan:
    summary = scanned(Path(corrections.root))
    return result(plan_apply(corrections.snapshot(), summary, loose=loose))
