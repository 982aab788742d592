"""Lets two models answer the same labelled photos. It runs on the backends that `classify` uses;
answers that were kept are taken instead. No torch here."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import numpy as np

from resnet_gui.core.dataset import DatasetSummary, LabelledPhoto
from resnet_gui.core.dataset.summary import name_list
from resnet_gui.core.errors import DatasetError, ModelError
from resnet_gui.core.evaluation.answered_by import not_in_8_bits
from resnet_gui.core.evaluation.begun import BegunTest
from resnet_gui.core.evaluation.evaluate import match_classes
from resnet_gui.core.evaluation.kept_answers import kept_answers
from resnet_gui.core.evaluation.learned_photos import choose_photos
from resnet_gui.core.evaluation.paired import MODELS, Compared, PairedPhoto
from resnet_gui.core.events import ImageFailed, Notice
from resnet_gui.core.inference.answers import calibrated
from resnet_gui.core.inference.backend import EXACT
from resnet_gui.core.inference.background import CONVERSIONS
from resnet_gui.core.inference.open_backend import open_backend, open_exact
from resnet_gui.core.runs.events import Preparing
from resnet_gui.core.runs.scanned import scanned
from resnet_gui.core.system.find_device import device_or_cpu
from resnet_gui.core.system.processor import cpu
from resnet_gui.core.system.settings import exact_wanted
from resnet_gui.core.words import first_line
from resnet_gui.core.zoo import ModelEntry

CompareEvent = Preparing | Notice | ImageFailed | Compared
Said = tuple[int, float]  # index of the class, probability
_COULD_NOT = "{} could not be read when the model was asked about it."


def compare(
    first: ModelEntry,
    second: ModelEntry,
    folder: Path,
    *,
    part: str = "auto",
    device: str = "auto",
    exact: bool = False,
    summary: DatasetSummary | None = None,
) -> Iterator[CompareEvent]:
    """Let two models answer the same photos, never in 8 bits; see `evaluate`.

    Args:
        folder: with one sub-folder per class.
        part: "all", "train", "val", "test"; "auto": those photos that neither model is known to
            have learned from, of the part that `evaluate` would take, unless there are no others.
        exact: whether only the exact backend will do; else that is as the settings say.

    Yields:
        Preparing ("folder", then "photos"), Notice and ImageFailed; Compared last.

    Raises:
        DatasetError: no folder, no photos in that part, or no class that both models know.
        ModelError: a model cannot be used, or they have no class in common. A device that is not
            here is replaced by the CPU.
    """
    entries = (first, second)
    if not any(n is not None for n in match_classes(first.spec.classes, second.spec.classes)):
        raise ModelError(
            f"“{first.spec.title}” and “{second.spec.title}” have no class in common: there is "
            "nothing to compare.",
            "Choose two models that know the same classes.",
        )
    if summary is None:
        summary = yield from scanned(folder)
    chosen = _Chosen(entries, summary, part)
    places = [match_classes(summary.class_names, entry.spec.classes) for entry in entries]
    known = [None not in pair for pair in zip(*places, strict=True)]
    unknown = [name for name, good in zip(summary.class_names, known, strict=True) if not good]
    photos = [photo for photo in chosen.photos if known[photo.label]]
    if not photos:
        raise DatasetError(
            summary.root,
            f"“{first.spec.title}” and “{second.spec.title}” both know none of the classes of "
            f"these photos ({name_list(unknown)}).",
            "Name the sub-folders like the models’ classes.",
        )
    if unknown:
        yield Notice(f"Not both models know {name_list(unknown)}: their photos are left out.")
    if chosen.sentence:
        yield Notice(chosen.sentence)
    paths = [summary.absolute(photo) for photo in photos]
    said: list[dict[int, Said]] = []
    made: list[str] = []
    tests: list[BegunTest] = []
    exact = exact or exact_wanted()
    if not exact and (sentence := not_in_8_bits(entries)):
        yield Notice(sentence)
    told: set[int] = set()  # photos that could not be read, each said once
    of = ["compare", summary.root, part]
    with contextlib.ExitStack() as stopped:
        for number, entry in enumerate(entries):
            kept = kept_answers(entry, summary, photos, exact=exact)
            made.append("" if kept is None else kept.made)
            if kept is None:
                before = number * len(paths)
                answers = _answers(entry, paths, device, exact, before, told, of)
                answered, begun = yield from answers
                said.append(answered)
                tests.append(begun)
                stopped.callback(begun.keep)  # while the other model answers
            else:
                said.append(kept.said)
                for index, path in enumerate(paths):
                    if index not in kept.said and index not in told:
                        told.add(index)
                        yield _failed(index, path, entry, _COULD_NOT.format(path.name))
                yield Preparing("photos", (number + 1) * len(paths), MODELS * len(paths))
        stopped.pop_all()
    pairs = []
    for index, photo in enumerate(photos):
        if index not in said[0] or index not in said[1]:
            continue
        truth = summary.class_names[photo.label]
        labels = []  # the folder's name of the class, where it is the right one
        for entry, place, found in zip(entries, places, said, strict=True):
            answer = found[index][0]
            label = truth if answer == place[photo.label] else entry.spec.label(answer)
            # Two classes of one name (ImageNet has some) are two all the same.
            wrong = answer != place[photo.label]
            labels.append(f"{label} (class {answer})" if wrong and label == truth else label)
        one, other = (found[index][1] for found in said)
        pairs.append(PairedPhoto(str(paths[index]), truth, labels[0], labels[1], one, other))
    if not pairs:
        raise DatasetError(summary.root, "None of the photos could be read.")
    judged = [photo for n, photo in enumerate(photos) if n in said[0] and n in said[1]]
    learned = [chosen.learned_by(number, judged) for number in range(MODELS)]
    for test in tests:
        test.forget()
    yield Compared(
        models=(first.spec.id, second.spec.id),
        titles=(first.spec.title, second.spec.title),
        data=str(folder),
        part=chosen.part,
        photos=tuple(pairs),
        failed=len(paths) - len(pairs),
        trained_on=(learned[0], learned[1]),
        kept=(made[0], made[1]),
    )


class _Chosen:
    """The photos that both models are asked about.

    Attributes:
        photos, part: as in `Compared`. sentence: what a person should know about the choice.
    """

    def __init__(self, entries: Sequence[ModelEntry], summary: DatasetSummary, part: str) -> None:
        chosen = [choose_photos(entry, summary, part) for entry in entries]
        paths = [{photo.path for photo in item.photos} for item in chosen]
        self.photos = [photo for photo in chosen[0].photos if photo.path in paths[1]]
        self.part = chosen[0].part if chosen[0].part == chosen[1].part else "unseen"
        self.sentence = ""
        if part == "auto" and not self.photos:
            # What one did not learn from the other did.
            chosen = [choose_photos(entry, summary, "all") for entry in entries]
            self.photos, self.part = list(chosen[0].photos), "all"
        elif part == "auto" and len(self.photos) < len(summary.photos):
            self.sentence = (
                f"Compared on {len(self.photos):,} of the folder’s {len(summary.photos):,} photos: "
                "those that neither model learned from, as far as that is known."
            )
        if not self.photos:
            raise DatasetError(
                summary.root,
                f"No photo is in the part “{part}” of both models.",
                "Take all photos (“--part all”), or another folder.",
            )
        self._learned = [
            None
            if item.learned is None
            else {p.path for p, old in zip(item.photos, item.learned, strict=True) if old}
            for item in chosen
        ]

    def learned_by(self, number: int, photos: Sequence[LabelledPhoto]) -> int | None:
        """From how many of these photos a model learned; None: nobody knows."""
        learned = self._learned[number]
        return None if learned is None else sum(photo.path in learned for photo in photos)


def _failed(index: int, path: Path, entry: ModelEntry, message: str) -> ImageFailed:
    return ImageFailed(index, str(path), entry.spec.id, "ImageReadError", message)


def _answers(
    entry: ModelEntry,
    paths: Sequence[Path],
    device: str,
    exact: bool,
    before: int,
    told: set[int],
    of: Sequence[str],
) -> Generator[CompareEvent, None, tuple[dict[int, Said], BegunTest]]:
    """A model's answers by position; a photo that cannot be read has none. And where they are kept
    until both models have answered: stopped, it goes on. before: photos that are
    done. told: those that were named as unreadable; it grows. of: as `BegunTest`."""
    info, missing = device_or_cpu(device)
    notices = [missing] if missing else []
    backend = open_backend(entry, info, exact=exact, channels_last=True, notify=notices.append)
    yield from map(Notice, notices)
    while True:
        said: dict[int, Said] = {}
        done = 0
        begun = BegunTest(entry, backend, of)
        try:
            with contextlib.closing(begun.answers(paths)) as answers:
                for answered in answers:
                    if text := begun.going_on(done, len(paths)):
                        yield Notice(text)
                    if answered.positions:
                        rows = calibrated(entry.spec.calibration, np.stack(answered.logits))
                        best = rows.argmax(axis=1)
                        for n, position in enumerate(answered.positions):
                            said[position] = int(best[n]), float(rows[n, best[n]])
                    for index, message in answered.failed.items():
                        if index not in told:
                            yield _failed(index, paths[index], entry, message)
                    told.update(answered.failed)
                    done += answered.photos
                    yield Preparing("photos", before + done, MODELS * len(paths))
            break
        except (RuntimeError, NotImplementedError) as error:
            if backend.name == EXACT:
                raise
            # From the beginning: all photos are judged alike.
            begun.forget()
            yield Notice(
                f"{backend.device.name} failed ({first_line(error)}). torch is used instead."
            )
            backend = open_exact(entry, cpu(), channels_last=True)
    if not exact:
        CONVERSIONS.begin(entry, info)
    return said, begun
