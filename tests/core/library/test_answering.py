"""Photos are asked about once: kept answers are those that would be given, and nothing else is."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from resnet_gui.core.calibration import Calibration
from resnet_gui.core.errors import UnknownModelError
from resnet_gui.core.events import ClassifyEvent, ImageSource, ModelLoading, Prediction
from resnet_gui.core.inference.answers import Answer
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.library import answering, identity
from resnet_gui.core.library.answered import AnsweredPhoto
from resnet_gui.core.library.answering import Library, in_order
from resnet_gui.core.library.identity import Stamp
from resnet_gui.core.library.store import Known, clear_answers
from resnet_gui.core.library.way import Way
from resnet_gui.core.system import paths
from resnet_gui.core.zoo import Preprocessing, Zoo
from resnet_gui.core.zoo.weights.model_file import copy_model
from tests.helpers.models import small_model
from tests.helpers.pictures import encoded, gradient


class Counting(Classifier):
    """Notes what it was asked about."""

    def __init__(self) -> None:
        super().__init__(Zoo.standard())
        self.asked: list[str] = []

    def ask(self, sources: Sequence[ImageSource], *args, **options):  # type: ignore[no-untyped-def]
        self.asked += [Path(source.name).name for source in sources]
        return (yield from super().ask(sources, *args, **options))


def insects(seed: int = 0) -> None:
    """A network that answers in a millisecond."""
    small_model(
        paths.user_models_dir() / "insects.safetensors",
        seed,
        architecture="cifar_resnet",
        architecture_options={"depth": 20},
        preprocessing=Preprocessing(32, 32),
    )


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Twenty different ones, so old that a change of them would show."""
    insects()
    folder = tmp_path / "photos"
    folder.mkdir()
    made = []
    for number in range(20):
        path = folder / f"{number:02}.jpg"
        path.write_bytes(encoded(gradient(30 + number, 20 + number // 2), "JPEG"))
        made.append(path)
    return made


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_SETTLED_NS", -(10**18))


def ask(
    photos: Sequence[Path | ImageSource], *, classifier: Classifier | None = None, **options: bool
) -> tuple[list[AnsweredPhoto], list[str]]:
    """The answers in the order of the photos, and the names that the classifier was asked about."""
    sources = [p if isinstance(p, ImageSource) else ImageSource.file(p) for p in photos]
    counting = classifier or Counting()
    assert isinstance(counting, Counting)
    library = Library(counting)
    events = in_order(library.answer(sources, "insects", "cpu", **options))
    found = [event for event in events if isinstance(event, AnsweredPhoto)]
    library.store.close()
    asked, counting.asked = counting.asked, []
    return found, asked


def answers(found: Sequence[AnsweredPhoto]) -> list[object]:
    return [photo.answer for photo in found]


def test_a_second_look_asks_nobody_and_gives_the_same(photos: list[Path]) -> None:
    first, asked = ask(photos)
    assert asked == [path.name for path in photos]
    assert [photo.kept for photo in first] == [False] * 20
    second, asked = ask(photos)
    assert asked == []
    assert answers(second) == answers(first)
    for before, now in zip(first, second, strict=True):
        assert now == dataclasses.replace(before, kept=True)
    plain = Classifier(Zoo.standard()).classify(
        [ImageSource.file(path) for path in photos], "insects", "cpu"
    )
    same = [event for event in plain if isinstance(event, Prediction)]
    times = {"decode_ms": 0, "inference_ms": 0}
    assert [dataclasses.replace(event, **times) for event in same] == [
        dataclasses.replace(photo.answer, **times) for photo in second
    ]


def test_nothing_is_loaded_and_nothing_read_where_all_is_kept(
    photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(photos)

    def content_of(source: ImageSource) -> bytes:
        raise AssertionError(f"{source.name} was read")

    monkeypatch.setattr(identity, "content_of", content_of)
    library = Library(Classifier(Zoo.standard()))
    events = list(library.answer([ImageSource.file(p) for p in photos], "insects", "cpu"))
    library.store.close()
    assert len(events) == 20
    assert not any(isinstance(event, ModelLoading) for event in events)


def test_only_what_changed_is_asked_about_again(photos: list[Path]) -> None:
    before, _ = ask(photos)
    photos[3].write_bytes(encoded(gradient(90, 20), "JPEG"))
    # The same size, and the time put back: only the system's own note of the change tells.
    times = photos[5].stat()
    data = bytearray(photos[5].read_bytes())
    data[-5] ^= 0x40
    photos[5].write_bytes(data)
    os.utime(photos[5], ns=(times.st_atime_ns, times.st_mtime_ns))
    found, asked = ask(photos)
    assert set(asked) == {photos[3].name, photos[5].name}
    assert [photo.position for photo in found] == list(range(20))
    assert [p.kept for p in found] == [n not in (3, 5) for n in range(20)]
    assert found[3].scores != before[3].scores
    assert ask(photos)[1] == []


def test_a_photo_is_known_by_its_content_wherever_it_is(photos: list[Path], tmp_path: Path) -> None:
    before, _ = ask(photos)
    moved = [path.rename(tmp_path / f"other {path.name}") for path in photos[:10]]
    copies = [shutil.copy(path, tmp_path / f"copy of {path.name}") for path in photos[10:]]
    pasted = ImageSource("Pasted image", moved[0].read_bytes())
    found, asked = ask([*moved, *map(Path, copies), pasted])
    assert asked == []
    assert [photo.scores for photo in found] == [p.scores for p in [*before, before[0]]]
    assert found[-1].path == "Pasted image"
    assert (found[-1].name, found[-1].folder) == ("Pasted image", "")
    assert found[0].name == "other 00.jpg"


def test_another_model_of_that_name_is_another_question(photos: list[Path]) -> None:
    first, _ = ask(photos)
    insects(seed=5)
    found, asked = ask(photos)
    assert len(asked) == 20
    assert found[0].way != first[0].way
    # The file of before again: its answers are still known.
    insects()
    assert answers(ask(photos)[0]) == answers(first)


def test_anew_asks_and_replaces(photos: list[Path]) -> None:
    first, _ = ask(photos[:2])
    second, asked = ask(photos[:2], anew=True)
    assert len(asked) == 2
    assert second[0].answered != first[0].answered
    third, _ = ask(photos[:2])
    assert third[0].answered == second[0].answered


def test_failures_are_asked_about_again(photos: list[Path], tmp_path: Path) -> None:
    bad, pipe, missing = tmp_path / "bad.jpg", tmp_path / "pipe.jpg", tmp_path / "missing.jpg"
    bad.write_bytes(b"no photo")
    os.mkfifo(pipe)
    given = [photos[0], bad, pipe, missing, tmp_path / "zero\0.jpg", photos[1]]
    for _ in range(2):
        found, asked = ask(given)
        assert [photo.failed for photo in found] == [False, True, True, True, True, False]
        assert found[1].error.startswith("bad.jpg is not a photo")
        assert found[1].model_title == "Insects [garden]"
        assert (found[1].size, found[3].size) == (8, None)
        assert "bad.jpg" in asked
    assert "00.jpg" not in asked
    bad.write_bytes(encoded(gradient(50, 50), "JPEG"))
    assert not ask(given)[0][1].failed


def test_what_was_answered_before_a_stop_is_kept(photos: list[Path]) -> None:
    library = Library(Counting())
    events = library.answer([ImageSource.file(path) for path in photos], "insects", "cpu")
    seen = 0
    for event in events:
        seen += isinstance(event, AnsweredPhoto)
        if seen == 7:
            break
    events.close()
    library.store.close()
    _, asked = ask(photos)
    assert asked == [path.name for path in photos[7:]]


def test_a_file_that_changes_while_it_is_answered_is_not_kept(
    photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Changing(Counting):
        def ask(self, sources, *args, **options) -> Iterator[ClassifyEvent | Answer]:  # type: ignore[no-untyped-def, override]
            for event in super().ask(sources, *args, **options):
                if isinstance(event, Answer) and event.photo.position == 1:
                    photos[1].write_bytes(encoded(gradient(99, 99), "JPEG"))
                yield event

    ask(photos[:3], classifier=Changing())
    found, asked = ask(photos[:3])
    assert asked == [photos[1].name]
    assert isinstance(found[1].answer, Prediction)
    assert found[1].answer.width == 99


def test_fresh_files_are_looked_into_again(
    photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that changed a moment ago may change again without its time's showing it."""
    monkeypatch.setattr(identity, "_SETTLED_NS", 10**18)
    ask(photos)
    read: list[str] = []
    reading = identity.content_of

    def content_of(source: ImageSource) -> bytes | None:
        read.append(source.name)
        return reading(source)

    monkeypatch.setattr(identity, "content_of", content_of)
    found, asked = ask(photos)
    assert asked == []
    assert len(read) == 20
    assert all(photo.kept for photo in found)


def test_after_clearing_and_where_nothing_can_be_kept(
    photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(photos[:2])
    clear_answers()
    assert len(ask(photos[:2])[1]) == 2
    clear_answers()
    shutil.rmtree(paths.cache_dir() / "answers")
    (paths.cache_dir() / "answers").write_text("in the way")
    library = Library(Counting())
    events = list(library.answer([ImageSource.file(p) for p in photos[:2]], "insects", "cpu"))
    assert sum(isinstance(event, AnsweredPhoto) for event in events) == 2
    assert [e.message for e in events if hasattr(e, "message")] or library.store.notice


@pytest.mark.parametrize("known_before", [False, True])
def test_the_first_answer_does_not_wait_for_looking_up_all(
    photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known_before: bool
) -> None:
    monkeypatch.setattr(answering, "_PATIENCE_S", -1)
    monkeypatch.setattr(answering, "_FIRST_LOOK", 4)
    monkeypatch.setattr(answering, "_LOOK", 4)
    monkeypatch.setattr(answering, "_SOON", 2)
    if known_before:
        ask(photos)
        photos = [path.rename(tmp_path / f"moved {path.name}") for path in photos]
    library = Library(Counting())
    looked_up: list[int] = []
    known = library.store.known

    def count(way: Way, files: Sequence[tuple[bytes, Stamp]], top_k: int) -> list[Known | None]:
        looked_up.append(len(files))
        return known(way, files, top_k)

    monkeypatch.setattr(library.store, "known", count)
    found = [
        (event.position, len(looked_up))
        for event in library.answer([ImageSource.file(p) for p in photos], "insects", "cpu")
        if isinstance(event, AnsweredPhoto)
    ]
    library.store.close()
    assert sorted(position for position, _ in found) == list(range(20))
    assert found[0][1] == 1
    assert looked_up == [4] * 5


def test_an_unknown_model_is_an_error(photos: list[Path]) -> None:
    library = Library(Counting())
    with pytest.raises(UnknownModelError):
        list(library.answer([ImageSource.file(photos[0])], "nobody", "cpu"))


def test_another_threshold_is_another_answer(photos: list[Path]) -> None:
    """What a person stores of how far a model is to be trusted counts for kept answers, too."""
    path = paths.user_models_dir() / "insects.safetensors"
    few = photos[:3]
    for calibration, unsure in (
        (Calibration(unsure=0.0), False),
        (Calibration(unsure=1.0), True),
        (Calibration(unlike=-100.0), True),
    ):
        copy_model(path, path.with_suffix(".tmp"), calibration=calibration.to_json())
        path.with_suffix(".tmp").replace(path)
        for kept in (False, True):
            found, _ = ask(few)
            assert [photo.kept for photo in found] == [kept] * 3
            for photo in found:
                assert isinstance(photo.answer, Prediction)
                assert photo.answer.unsure is unsure
                assert photo.answer.unlike is (calibration.unlike is not None)
