"""Which photos a model learned from: noted in its file, so that measuring it can tell. No torch.

Noted are short hashes of the photos themselves, not of their names: a copy of the folder, a part of
it or a larger one is recognised, too. A photo that was saved anew is another photo.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from resnet_gui.core.dataset import DatasetSummary, LabelledPhoto, Part
from resnet_gui.core.dataset.split import Item, Split, make_split
from resnet_gui.core.errors import DatasetError, ModelError, ResNetGuiError
from resnet_gui.core.header_schema import MAX_NOTED_PHOTOS, NOTE_BYTES
from resnet_gui.core.photos.identity import photo_key
from resnet_gui.core.photos.store import workers
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import Preparing
from resnet_gui.core.runs.listing import RunDirectory, runs_dir
from resnet_gui.core.zoo.spec import ModelEntry
from resnet_gui.core.zoo.weights.model_file import read_header

# 40 bits: among 50,000 noted photos one of 2,000,000 others passes for one of them.
_KEY_BYTES = NOTE_BYTES
_END_BYTES = 4096
_MOST = MAX_NOTED_PHOTOS  # a megabyte and a half in the file
_AT_ONCE = 512
_FORMAT = 1
# What a file that somebody else made can raise.
_DAMAGED = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)


def note_photos(paths: Sequence[Path], longest_s: float = 10.0) -> dict[str, Any] | None:
    """The note on training photos for a model file; None: they are too many, or reading them
    takes longer than `longest_s`. Photos that cannot be read were not learned from."""
    if len(paths) > _MOST:
        return None
    keys = _keys(paths, time.monotonic() + longest_s)
    if keys is None:
        return None
    known = sorted({key for key in keys if key})  # their order would say nothing
    return {"format": _FORMAT, "keys": base64.b64encode(b"".join(known)).decode("ascii")}


def with_earlier(note: dict[str, Any] | None, base: ModelEntry | None) -> dict[str, Any] | None:
    """A run's note, with the photos that the model which it started from had learned from; None:
    not known."""
    provenance = {} if base is None else _provenance(base)
    if note is None or not _fingerprint(provenance):
        return note
    earlier, own = _noted(provenance), _noted({"learned": note})
    if earlier is None or own is None or len(own | earlier) > _MOST:
        return None
    keys = base64.b64encode(b"".join(sorted(own | earlier))).decode("ascii")
    return {"format": _FORMAT, "keys": keys, "earlier": True}


def learned_paths(
    entry: ModelEntry, summary: DatasetSummary, stop: Callable[[], bool] = lambda: False
) -> Generator[Preparing, None, frozenset[str] | None]:
    """Paths of a folder's photos that a model is known to have learned from; none where nobody
    knows.

    Args:
        stop: asked between pieces.

    Yields:
        Preparing ("photos"), where photos have to be read for it.

    Returns:
        the paths; None: it was stopped.
    """
    learned = _Learned(entry, summary)
    keys: list[bytes] | None = None
    if learned.by_keys:
        paths = [summary.absolute(photo) for photo in summary.photos]
        keys = []
        yield Preparing("photos", 0, len(paths))
        for start in range(0, len(paths), _AT_ONCE):
            if stop():
                return None
            keys += _keys(paths[start : start + _AT_ONCE]) or []
            yield Preparing("photos", len(keys), len(paths))
    known = learned.among(summary.photos, keys)
    if known is None:
        return frozenset()
    return frozenset(p.path for p, old in zip(summary.photos, known, strict=True) if old)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Photos to measure with.

    Attributes:
        part: "all", "train", "val", "test", or "unseen": those that the model did not learn from.
        part_of: "run": the part that the model's run made of this folder; "folder": the folder's
            own.
        learned: for each photo whether the model learned from it; None: nobody knows.
        sentences: what a person should know about the choice.
    """

    part: str
    part_of: str
    photos: tuple[LabelledPhoto, ...]
    learned: tuple[bool, ...] | None
    sentences: tuple[str, ...]


def choose_photos(entry: ModelEntry, summary: DatasetSummary, part: str) -> Chosen:
    """The photos of a part; "auto" avoids photos that the model learned from, where it is known.

    Args:
        part: "all", "train", "val", "test"; "auto": test, else val, else all.

    Raises:
        DatasetError: there are none.
    """
    learned = _LearnedTogether(entry, summary) if entry.members else _Learned(entry, summary)
    split = learned.split
    if split is not None and part != "all":
        items = {"test": split.test, "val": split.val, "train": split.train}
        wanted = next((p for p in ("test", "val") if items[p]), "") if part == "auto" else part
        if wanted and items[wanted]:
            photos = _photos(summary, items[wanted])
            known = learned.among(photos)
            sentences: tuple[str, ...] = ()
            if part == "auto":
                name = "validation" if wanted == "val" else wanted
                chose = " They chose its best epoch, so new photos may do worse."
                new = known is not None and not any(known)
                unlearned = ", from which it did not learn" if new else ""
                sentences = (
                    f"The model was trained on this folder: the {name} photos of its run are "
                    f"measured{unlearned} ({len(photos):,} of "
                    f"{len(summary.photos):,}; “--part all” takes all)."
                    f"{chose if wanted == 'val' else ''}",
                )
            return Chosen(wanted, "run", photos, known, sentences)
    name, photos = _own_part(summary, part)
    known = learned.among(photos)
    if known is None:
        unsaid = (
            "The file of this model does not say which photos it learned from. If some of these "
            "are among them, new photos will do worse."
        )
        return Chosen(name, "folder", photos, None, (unsaid,) if learned.made_here else ())
    count = sum(known)
    if part == "auto" and 0 < count < len(photos):
        rest = tuple(photo for photo, old in zip(photos, known, strict=True) if not old)
        sentence = (
            f"The model learned from {count:,} of these {len(photos):,} photos: only the other "
            f"{len(rest):,} are measured (“--part all” takes all)."
        )
        return Chosen("unseen", "folder", rest, (False,) * len(rest), (sentence,))
    return Chosen(name, "folder", photos, known, ())


class _Learned:
    """What is known of a model's training photos.

    Attributes:
        made_here: this program trained the model.
        split: how its run divided this very folder; None: it was another one, or is changed.
    """

    def __init__(self, entry: ModelEntry, summary: DatasetSummary) -> None:
        self._summary = summary
        self._keys: frozenset[bytes] | None = None
        self._paths: frozenset[Path] | None = None
        self.split: Split | None = None
        provenance = _provenance(entry)
        fingerprint = _fingerprint(provenance)
        self.made_here = bool(fingerprint)
        self._earlier = False  # it learned from more than its own run's photos
        if not fingerprint:
            return
        self._keys = _noted(provenance)
        note = provenance.get("learned")
        self._earlier = isinstance(note, dict) and note.get("earlier") is True
        run = _run_of(provenance, fingerprint)
        if run is not None:
            root, split = run
            self._paths = frozenset(root / item.path for item in split.train)
            self.split = split if fingerprint == summary.fingerprint else None
        elif fingerprint == summary.fingerprint:
            self.split = _same_split(provenance, summary)

    @property
    def by_keys(self) -> bool:
        """Whether telling takes a look into the photos themselves."""
        return self._keys is not None and (self.split is None or self._earlier)

    def among(
        self, photos: Sequence[LabelledPhoto], keys: Sequence[bytes] | None = None
    ) -> tuple[bool, ...] | None:
        """For each photo whether the model learned from it; None: not known.

        Args:
            keys: of these photos, where they are known already.
        """
        own = (False,) * len(photos)
        if self.split is not None:
            train = {item.path for item in self.split.train}
            own = tuple(photo.path in train for photo in photos)
        paths = [self._summary.absolute(photo) for photo in photos]
        if self._keys is not None and self.by_keys:
            found = _keys(paths) if keys is None else keys
            assert found is not None  # without a deadline
            return tuple(o or key in self._keys for o, key in zip(own, found, strict=True))
        if self.split is not None:
            return own
        if self._paths is not None:
            # Of an older model: the photos that lie where they lay.
            known = tuple(path in self._paths for path in paths)
            return known if any(known) else None
        return None


class _LearnedTogether:
    """As `_Learned`, of an ensemble: what any of its models learned from. Its parts are the
    folder's own, as each model may have divided it in another way."""

    split = None

    def __init__(self, entry: ModelEntry, summary: DatasetSummary) -> None:
        self._members = [_Learned(member, summary) for member in entry.members]
        self.made_here = any(member.made_here for member in self._members)

    def among(self, photos: Sequence[LabelledPhoto]) -> tuple[bool, ...] | None:
        """For each photo whether a model learned from it; None: of none of them it is known."""
        known = [member.among(photos) for member in self._members]
        said = [found for found in known if found is not None]
        together = tuple(map(any, zip(*said, strict=True))) if said else None
        # None of them, as far as is known, is no answer where one model does not say.
        return together if together and (any(together) or len(said) == len(known)) else None


def _keys(paths: Sequence[Path], deadline: float | None = None) -> list[bytes] | None:
    """A key for each photo, b"" for one that cannot be read; None: the deadline has passed."""
    found: list[bytes] = []
    # Not whole: reading a folder whole would take as long as an epoch.
    key = partial(photo_key, key_bytes=_KEY_BYTES, end_bytes=_END_BYTES)
    with ThreadPoolExecutor(workers(), thread_name_prefix="keys") as pool:
        for start in range(0, len(paths), _AT_ONCE):
            found += pool.map(key, paths[start : start + _AT_ONCE])
            if deadline is not None and time.monotonic() > deadline:
                return None
    return found


def _provenance(entry: ModelEntry) -> dict[str, Any]:
    try:
        if entry.spec.path is None:
            return {}
        return dict(read_header(entry.spec.path).document.get("provenance") or {})
    except (ModelError, *_DAMAGED):
        return {}


def _fingerprint(provenance: dict[str, Any]) -> str:
    try:
        return str(provenance["dataset"]["fingerprint"])
    except _DAMAGED:
        return ""


def _noted(provenance: dict[str, Any]) -> frozenset[bytes] | None:
    try:
        note = provenance["learned"]
        if int(note["format"]) != _FORMAT:
            return None
        raw = base64.b64decode(note["keys"], validate=True)
    except _DAMAGED:
        return None
    return frozenset(raw[i : i + _KEY_BYTES] for i in range(0, len(raw), _KEY_BYTES))


def run_of(entry: ModelEntry) -> RunDirectory | None:
    """The run that made a model, where it is still here; None: it is gone, or the model was not
    trained on this computer."""
    provenance = _provenance(entry)
    return _run_directory(provenance, _fingerprint(provenance))


@dataclass(frozen=True, slots=True)
class Training:
    """How a model was trained, as its file says. photos: of its folder; 0: not said."""

    config: RunConfig
    photos: int


def training_of(entry: ModelEntry) -> Training | None:
    """None: this program did not train the model, or its file is damaged."""
    provenance = _provenance(entry)
    try:
        photos = (provenance.get("dataset") or {}).get("photos")
        config = RunConfig.from_json(provenance["config"])
        return Training(config, photos if isinstance(photos, int) else 0)
    except (ResNetGuiError, *_DAMAGED):
        return None


def _run_directory(provenance: dict[str, Any], fingerprint: str) -> RunDirectory | None:
    try:
        name = str(provenance["run"])
        if not name or Path(name).name != name:
            return None
        run = RunDirectory.open(runs_dir() / name)
        return run if run.document["dataset"]["fingerprint"] == fingerprint else None
    except (ResNetGuiError, OSError, *_DAMAGED):
        return None


def _run_of(provenance: dict[str, Any], fingerprint: str) -> tuple[Path, Split] | None:
    """Folder and split of the run that made the model, where it is still here."""
    run = _run_directory(provenance, fingerprint)
    try:
        return (Path(run.document["dataset"]["root"]), run.split()) if run else None
    except (ResNetGuiError, OSError, *_DAMAGED):
        return None


def _same_split(provenance: dict[str, Any], summary: DatasetSummary) -> Split | None:
    """The same photos, share and seed give the same split, where the run did not have to keep
    photos that its start model knew out of the validation."""
    try:
        if provenance["dataset"].get("known_before"):
            return None
        config = provenance["config"]
        together_s = float(config.get("burst_seconds", 0))  # older runs have no such setting
        return make_split(
            summary, float(config["val_fraction"]), int(config["seed"]), (), together_s
        )
    except _DAMAGED:
        return None


def _photos(summary: DatasetSummary, items: Sequence[Item]) -> tuple[LabelledPhoto, ...]:
    by_path = {photo.path: photo for photo in summary.photos}
    return tuple(by_path[item.path] for item in items if item.path in by_path)


def _own_part(summary: DatasetSummary, part: str) -> tuple[str, tuple[LabelledPhoto, ...]]:
    counts = summary.counts()
    if part == "auto":
        part = next((p.value for p in (Part.TEST, Part.VAL) if counts[p]), "all")
    photos = tuple(p for p in summary.photos if part == "all" or p.part.value == part)
    if not photos:
        what = "photos" if part == "all" else f"photos in a part “{part}”"
        raise DatasetError(
            summary.root, f"The folder has no {what}.", "Make one sub-folder per class."
        )
    return part, photos
