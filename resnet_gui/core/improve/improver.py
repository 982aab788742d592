"""Looking through a folder for the window and the terminal. Light to import; what it does needs
torch."""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from resnet_gui.core.dataset.summary import DatasetSummary, count_noun, name_list
from resnet_gui.core.improve.events import (
    FewPhotos,
    Guess,
    Improving,
    LeastSure,
    NotRead,
    Suspect,
    SuspectsFound,
)
from resnet_gui.core.improve.values import Decisions, ImproveError, What, photos_of
from resnet_gui.core.photos.collect import collect_photos
from resnet_gui.core.system.gentle_import import gentle_import
from resnet_gui.core.zoo import ModelEntry, Zoo

if TYPE_CHECKING:
    from resnet_gui.core.improve.features import Seen
    from resnet_gui.core.improve.head import Floats, Labels

ROUND = 20  # photos to label at once
FEWEST = 4  # photos of a class that is judged
_FEW = 2_000  # photos; up to so many, three divisions into folds are averaged
_LEAST = 1e-12  # a probability


@dataclass(frozen=True, slots=True)
class _Labelled:
    """paths of photos and what they are labelled: index of `classes`, -1 for none."""

    paths: list[Path]
    labels: list[int]
    classes: tuple[str, ...]


class Improver:
    """Judges photos by a head on a model's features. One thread at a time may use it.

    Features are taken from where training and earlier looks keep them, and kept there; those of the
    last look are in memory, too, until `free`, so that the next round takes a second.
    """

    def __init__(self, zoo: Zoo) -> None:
        self._zoo = zoo
        self._model: tuple[tuple[object, ...], ModelEntry, tuple[str, ...]] | None = None
        self._seen: tuple[tuple[object, ...], list[object], Seen] | None = None

    def suspects(
        self,
        summary: DatasetSummary,
        model_id: str,
        decisions: Decisions | None = None,
        *,
        device: str = "auto",
        seed: int = 0,
    ) -> Generator[Improving | SuspectsFound, None, None]:
        """Rank the photos of a labelled folder by how little their label fits (see
        `head.out_of_fold`).

        Only the head does not know the label of a photo that it judges. A backbone that learned
        from these photos as a whole does, so that of the model which it started from judges instead
        (see `features.judging_model`).

        Args:
            decisions: what was decided already (`agree`d): new labels count instead of old ones,
                photos that are set aside not at all; none of them is listed again.
            seed: of the division into folds; the same photos and seed give the same result.

        Yields:
            Improving, and one SuspectsFound.

        Raises:
            ImproveError: there are not two classes, or no class has enough photos.
            ModelError: the model cannot be used.
        """
        started = time.monotonic()
        decided = decisions.by_path() if decisions else {}
        there = _labelled(summary, decisions)
        if len(there.classes) < 2:
            raise ImproveError(
                "Labels can only be compared where there are at least two classes with photos.",
                "Add a second folder with photos of something else.",
            )
        entry, said = yield from self._judge(summary, model_id)
        seen = yield from self._features(entry, Path(summary.root), there.paths, device)
        with gentle_import():
            import numpy as np

            from resnet_gui.core.improve.head import Space, out_of_fold, probably_wrong
        labels: Labels = np.array([there.labels[number] for number in seen.numbers], np.int64)
        counts = Counter(labels.tolist())
        few = [
            FewPhotos(name, counts[label])
            for label, name in enumerate(there.classes)
            if counts[label] < FEWEST
        ]
        if len(few) == len(there.classes) or len(counts) < 2:
            raise ImproveError(
                f"A class needs at least {FEWEST} photos that can be read, so that its labels can "
                "be judged; no two classes have as many here."
                if len(few) == len(there.classes)
                else "The photos of all classes but one cannot be read.",
                "Add more photos.",
            )
        groups = _groups([seen.keys[number] for number in seen.numbers])
        fitting = out_of_fold(
            Space.of(seen.rows).see(seen.rows),
            labels,
            groups,
            len(there.classes),
            seed,
            3 if len(labels) <= _FEW else 1,
        )
        while True:
            try:
                done, total = next(fitting)
            except StopIteration as end:
                probabilities: Floats = end.value
                break
            yield Improving("learning", done, total)
        wrong = probably_wrong(probabilities, labels)
        others = probabilities.copy()
        others[np.arange(len(labels)), labels] = -1
        confirmed = decisions.confirmed() if decisions else set()
        found = []
        judged = 0
        for row, number in enumerate(seen.numbers):
            label, path = int(labels[row]), str(there.paths[number])
            if counts[label] < FEWEST:
                continue
            judged += 1
            name = there.classes[label]
            if path in decided or (path, name) in confirmed:
                continue
            best = int(others[row].argmax())
            own = float(probabilities[row, label])
            found.append(
                Suspect(
                    path,
                    name,
                    there.classes[best],
                    own,
                    float(others[row, best]),
                    float(-np.log(max(own, _LEAST))),
                    bool(wrong[row]),
                )
            )
        found.sort(key=lambda item: (-item.loss, item.path))
        yield SuspectsFound(
            summary.root,
            entry.spec.id,
            tuple(found),
            judged,
            sum(item.wrong for item in found),
            tuple(few),
            seen.failed,
            (*said, *_about_few(few), *_about_failed(seen.failed)),
            round(time.monotonic() - started, 3),
        )

    def least_sure(
        self,
        summary: DatasetSummary,
        photos: Sequence[Path],
        model_id: str,
        decisions: Decisions | None = None,
        *,
        count: int = ROUND,
        device: str = "auto",
    ) -> Generator[Improving | LeastSure, None, None]:
        """One round: learn a head from the folder and from what was decided, and find the
        unlabelled photos whose two best classes are closest to one another (margin sampling,
        Scheffer, Decomain and Wrobel 2001).

        Args:
            photos: unlabelled ones, files or folders. Those about which something was decided are
                left out; those that were given a class are learned from.
            decisions: as of `suspects`.
            count: how many are wanted.

        Yields:
            Improving, and one LeastSure.

        Raises:
            ImproveError: there are not two classes to learn.
            ModelError: the model cannot be used.
        """
        started = time.monotonic()
        there = _labelled(summary, decisions, loose=True)
        if len(there.classes) < 2:
            raise ImproveError(
                "A head learns to tell classes apart, and there are not two with photos yet.",
                "Give some photos a class first.",
            )
        known = {str(path) for path in there.paths} | set(decisions.by_path() if decisions else ())
        root = Path(summary.root)
        loose: dict[Path, None] = {}
        for found in collect_photos(photos):
            for source in found.sources:
                path = Path(source.name).absolute()
                if str(path) not in known:
                    loose[path] = None
            yield Improving("photos", len(loose), 0)
        entry, said = yield from self._judge(summary, model_id)
        paths = [*there.paths, *loose]
        seen = yield from self._features(entry, root, paths, device)
        with gentle_import():
            import numpy as np

            from resnet_gui.core.improve.head import Head, Space, learn
        split = sum(number < len(there.paths) for number in seen.numbers)
        labels: Labels = np.array([there.labels[n] for n in seen.numbers[:split]], np.int64)
        if len(set(labels.tolist())) < 2:
            raise ImproveError("The photos of all classes but one cannot be read.")
        here = {seen.keys[number] for number in seen.numbers[:split]}
        rows: list[int] = []
        for row in range(split, len(seen.numbers)):
            key = seen.keys[seen.numbers[row]]
            if key not in here:
                here.add(key)
                rows.append(row)
        view = Space.of(seen.rows).see(seen.rows)
        learning = learn(view[:split], labels, len(there.classes))
        while True:
            yield Improving("learning", 0, 0)
            try:
                next(learning)
            except StopIteration as end:
                head: Head = end.value
                break
        probabilities = head.probabilities(view[rows])
        order = np.argsort(-probabilities, axis=1, kind="stable")[:, :2]
        guesses = [
            Guess(
                str(paths[seen.numbers[row]]),
                there.classes[best],
                float(probabilities[place, best]),
                there.classes[second],
                float(probabilities[place, second]),
            )
            for place, (row, (best, second)) in enumerate(zip(rows, order.tolist(), strict=True))
        ]
        guesses.sort(key=lambda guess: (guess.margin, guess.path))
        yield LeastSure(
            summary.root,
            entry.spec.id,
            tuple(guesses[:count]),
            len(guesses),
            split,
            len(seen.numbers) - split - len(rows),
            there.classes,
            seen.failed,
            (*said, *_about_failed(seen.failed)),
            round(time.monotonic() - started, 3),
        )

    def free(self) -> None:
        """Forget what is kept in memory."""
        self._model = self._seen = None

    # --- how it is done ---------------------------------------------------------------------

    def _judge(
        self, summary: DatasetSummary, model_id: str
    ) -> Generator[Improving, None, tuple[ModelEntry, tuple[str, ...]]]:
        """The model that judges, and what is to be said of it."""
        wanted = self._zoo.ready(model_id)
        stamp = (model_id, wanted.weights_path, _stamp(wanted.weights_path), summary.fingerprint)
        known = self._model
        if known is None or known[0] != stamp:
            yield Improving("photos", 0, len(summary.photos))
            with gentle_import():
                from resnet_gui.core.improve.features import judging_model
            self._model = known = (stamp, *judging_model(self._zoo, wanted, summary))
        return known[1], known[2]

    def _features(
        self, entry: ModelEntry, root: Path, paths: list[Path], device: str
    ) -> Generator[Improving, None, Seen]:
        """What the model sees of photos; those of the last time, while nothing has changed."""
        model = (entry.spec.id, entry.weights_path, _stamp(entry.weights_path), device)
        stamps: list[object] = [(path, _stamp(path)) for path in paths]
        kept = self._seen
        if kept is not None and kept[0] == model and (again := _again(kept, stamps)) is not None:
            return again
        with gentle_import():
            from resnet_gui.core.improve.features import features_of
        seen = yield from features_of(entry, root, paths, device)
        self._seen = model, stamps, seen
        return seen


def _again(kept: tuple[object, list[object], Seen], stamps: list[object]) -> Seen | None:
    """What was seen of these photos the last time; None: of one of them nothing was."""
    from resnet_gui.core.improve.features import Seen

    _, before, seen = kept
    place = {stamp: number for number, stamp in enumerate(before)}
    numbers = [place.get(stamp, -1) for stamp in stamps]
    if -1 in numbers:
        return None
    row = {number: row for row, number in enumerate(seen.numbers)}
    found = [number for number, old in enumerate(numbers) if old in row]
    failed = {item.path: item for item in seen.failed}
    left = [stamp[0] for stamp in stamps if isinstance(stamp, tuple)]
    return Seen(
        seen.rows[[row[numbers[number]] for number in found]],
        found,
        [seen.keys[old] for old in numbers],
        tuple(failed[str(path)] for path in left if str(path) in failed),
    )


def _labelled(
    summary: DatasetSummary, decisions: Decisions | None, *, loose: bool = False
) -> _Labelled:
    """The photos of a folder as a person wants them labelled.

    Args:
        loose: with the photos from elsewhere that were given a class.
    """
    decided = decisions.by_path() if decisions else {}
    wanted: list[tuple[str, str]] = []
    for photo in photos_of(summary):
        decision = decided.pop(photo.path, None)
        if decision is None or decision.what is What.FINE:
            wanted.append((photo.path, photo.label))
        elif decision.what is What.LABEL:
            wanted.append((photo.path, decision.to))
    if loose:
        wanted += [(d.path, d.to) for d in decided.values() if d.what is What.LABEL and not d.label]
    named = {label for _, label in wanted}
    first = [name for name in summary.class_names if name in named]
    classes = (*first, *sorted(named.difference(first)))
    index = {name: number for number, name in enumerate(classes)}
    return _Labelled(
        [Path(path) for path, _ in wanted], [index[label] for _, label in wanted], classes
    )


def _groups(keys: list[bytes]) -> Labels:
    """A number for each content."""
    import numpy as np

    number: dict[bytes, int] = {}
    return np.array([number.setdefault(key, len(number)) for key in keys], np.int64)


def _stamp(path: Path | None) -> tuple[int, int] | None:
    with contextlib.suppress(OSError, ValueError):
        if path is not None:
            status = os.stat(path)  # noqa: PTH116 - half the time, of thousands
            return status.st_size, status.st_mtime_ns
    return None


def _about_few(few: Sequence[FewPhotos]) -> list[str]:
    if not few:
        return []
    names = name_list([item.label for item in few])
    what = "is a class" if len(few) == 1 else "are classes"
    which = "its" if len(few) == 1 else "their"
    return [
        f"{names} {what} with fewer than {FEWEST} photos, too few to judge {which} labels. Add "
        "some more."
    ]


def _about_failed(failed: Sequence[NotRead]) -> list[str]:
    if not failed:
        return []
    was = "was" if len(failed) == 1 else "were"
    return [f"{count_noun(len(failed), 'photo')} could not be read and {was} left out."]
