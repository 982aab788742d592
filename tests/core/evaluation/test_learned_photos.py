"""Measuring a model on photos that it learned from is said, or avoided."""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from resnet_gui.core.evaluation import learned_photos
from resnet_gui.core.evaluation.evaluate import Evaluated, evaluate
from resnet_gui.core.evaluation.learned_photos import note_photos
from resnet_gui.core.events import Notice
from resnet_gui.core.runs.events import Preparing, RunStarted
from resnet_gui.core.runs.listing import runs_dir
from resnet_gui.core.training import api, best_model
from resnet_gui.core.training.api import train
from resnet_gui.core.zoo.weights.model_file import read_header
from tests.helpers.models import description, file_by_hand, small_spec
from tests.helpers.training import make_photos, make_tiny_model, tiny_config, user_zoo


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_tiny_model()
    return make_photos(tmp_path / "colours")


def learn(data: Path) -> str:
    """A model that learned from 16 of the folder's 20 photos; 4 validated."""
    *_, finished = train(tiny_config(data, method="head", epochs=2), zoo=user_zoo())
    return finished.model_id  # type: ignore[union-attr]


def measure(model: str, folder: Path, **options: Any) -> tuple[Evaluated, str]:
    *events, result = evaluate(user_zoo().get(model), folder, device="cpu", **options)
    assert isinstance(result, Evaluated)
    return result, " ".join(event.message for event in events if isinstance(event, Notice))


def facts(result: Evaluated) -> tuple[str, str, int, int | None]:
    return result.part, result.part_of, result.n, result.trained_on


def split_of(model: str) -> dict[str, list[list[Any]]]:
    value = json.loads((runs_dir() / model / "split.json").read_text(encoding="utf-8"))
    assert isinstance(value, dict)
    return value


def add_new_photos(folder: Path, count: int = 3) -> None:
    for number in range(count):
        image = Image.new("RGB", (40, 40 + number), (200, 60 + number, 40))
        image.save(folder / "red" / f"new{number}.png")


def test_the_folder_of_the_training_is_measured_by_its_runs_validation_part(data: Path) -> None:
    model = learn(data)
    result, text = measure(model, data)
    assert facts(result) == ("val", "run", 4, 0)
    assert "was trained on this folder: the validation photos of its run are measured" in text
    assert "(4 of 20;" in text
    assert "They chose its best epoch" in text
    assert result.caution() == ""
    for part, expected in (
        ("all", ("all", "folder", 20, 16)),
        ("train", ("train", "run", 16, 16)),
        ("val", ("val", "run", 4, 0)),
    ):
        assert facts(measure(model, data, part=part)[0]) == expected
    assert "learned from 16 of these 20 photos" in measure(model, data, part="all")[0].caution()
    assert "learned from all of these 16" in measure(model, data, part="train")[0].caution()


def test_a_run_validates_with_no_photo_that_its_start_model_knows(data: Path) -> None:
    first = learn(data)
    add_new_photos(data, 4)
    config = tiny_config(data, model=first, method="head", epochs=1, seed=7)
    *events, finished = train(config, zoo=user_zoo())
    (said,) = (e.message for e in events if isinstance(e, Notice) and "already" in e.message)
    assert "learned from 16 of these 24 photos" in said
    learned = {path for path, _ in split_of(first)["train"]}
    split = split_of(finished.run)  # type: ignore[union-attr]
    chosen = {path for path, _ in split["val"]}
    assert chosen
    assert not learned & chosen
    assert f"the {len(chosen)} validation photos are new to it" in said
    everything = {path for path, _ in (*split["train"], *split["val"])}
    assert len(everything) == 24
    assert any("new" in path for path, _ in split["train"])  # something is left to learn
    second: str = finished.model_id  # type: ignore[union-attr]
    result, text = measure(second, data)
    assert facts(result) == ("val", "run", len(chosen), 0)
    assert "from which it did not learn" in text
    # Neither is another part made up where the run is gone.
    shutil.rmtree(runs_dir())
    after, _ = measure(second, data)
    assert facts(after) == ("unseen", "folder", len(chosen), 0)


def test_a_class_without_a_new_photo_is_named(data: Path) -> None:
    first = learn(data)
    for name, _ in split_of(first)["val"]:
        if name.startswith("green"):
            (data / name).unlink()
    events = train(tiny_config(data, model=first, method="head", epochs=1), zoo=user_zoo())
    with contextlib.closing(events):  # type: ignore[type-var]
        said = next(e.message for e in events if isinstance(e, Notice) and "already" in e.message)
    assert said.endswith(
        "the 2 validation photos are new to it. Of “green” there is none among them: how well it "
        "is recognised is not known."
    )


def test_looking_for_photos_that_it_knows_is_shown_and_can_be_stopped(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = learn(data)
    add_new_photos(data, 4)  # another folder than that of its run
    monkeypatch.setattr(learned_photos, "_AT_ONCE", 10)
    config = tiny_config(data, model=first, method="head", epochs=1)
    shown: list[tuple[int, int]] = []
    for event in train(config, zoo=user_zoo()):
        if isinstance(event, RunStarted):
            break
        if isinstance(event, Preparing) and event.what == "photos":
            shown.append((event.done, event.total))
    assert shown == [(0, 24), (10, 24), (20, 24), (24, 24)]
    runs = sorted(runs_dir().iterdir())
    shown.clear()
    for event in train(config, zoo=user_zoo(), stop=lambda: len(shown) == 2):
        assert isinstance(event, Preparing | Notice)  # no run begins
        if isinstance(event, Preparing) and event.what == "photos":
            shown.append((event.done, event.total))
    assert shown == [(0, 24), (10, 24)]
    assert sorted(runs_dir().iterdir()) == runs  # none was made


def test_where_nothing_is_new_nothing_is_measured(data: Path, tmp_path: Path) -> None:
    first = learn(data)
    known = tmp_path / "known"
    for name, _ in split_of(first)["train"]:
        (known / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(data / name, known / name)
    config = tiny_config(known, model=first, method="head", epochs=2)
    *events, finished = train(config, zoo=user_zoo())
    (said,) = (e.message for e in events if isinstance(e, Notice) and "already" in e.message)
    assert "the last epoch is taken, and its accuracy is not known" in said
    assert finished.best_epoch == 2  # type: ignore[union-attr]
    assert finished.best_val_accuracy is None  # type: ignore[union-attr]
    assert finished.accuracy.part == "training"  # type: ignore[union-attr]


def test_from_another_model_all_is_as_it_was(data: Path) -> None:
    """Also from one of somebody else, of which nobody knows what it learned from."""
    model = learn(data)
    assert "known_before" not in json.dumps(
        json.loads((runs_dir() / model / "run.json").read_text(encoding="utf-8"))
    )


def test_what_the_model_before_had_learned_from_counts(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs of before validated with photos that the start model had learned from."""
    first = learn(data)
    config = tiny_config(data, model=first, method="head", epochs=1, seed=7)

    def nothing_known(*_: object) -> Generator[Preparing, None, frozenset[str]]:
        yield Preparing("photos", 0, 0)
        return frozenset()

    monkeypatch.setattr(api, "learned_paths", nothing_known)
    *_, finished = train(config, zoo=user_zoo())
    second: str = finished.model_id  # type: ignore[union-attr]
    learned = {path for path, _ in split_of(first)["train"]}
    again = sum(path in learned for path, _ in split_of(second)["val"])
    assert again, "another seed divides the photos in another way"
    result, text = measure(second, data)
    assert facts(result) == ("val", "run", 4, again)
    assert "from which it did not learn" not in text
    assert "learned from" in result.caution()
    every, _ = measure(second, data, part="all")
    assert every.trained_on == len(learned | {path for path, _ in split_of(second)["train"]})


def test_without_its_run_the_same_part_is_found(data: Path) -> None:
    model = learn(data)
    before, _ = measure(model, data)
    shutil.rmtree(runs_dir())
    after, _ = measure(model, data)
    assert after == before


@pytest.mark.parametrize("run_is_here", [True, False])
def test_copies_parts_and_larger_folders_are_recognised(
    data: Path, tmp_path: Path, run_is_here: bool
) -> None:
    model = learn(data)
    split = split_of(model)
    if not run_is_here:
        shutil.rmtree(runs_dir())
    # A copy with other names, in another layout, and with new photos.
    copy = tmp_path / "copy"
    for path in data.glob("*/*.jpg"):
        target = copy / path.parent.name / "inner" / f"IMG_{path.name}"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    add_new_photos(copy)
    result, text = measure(model, copy)
    assert facts(result) == ("unseen", "folder", 7, 0)
    assert "learned from 16 of these 23 photos: only the other 7 are measured" in text
    assert facts(measure(model, copy, part="all")[0]) == ("all", "folder", 23, 16)
    # Some of the photos that it learned from, and no others.
    few = tmp_path / "few"
    for name, _ in split["train"][:3] + split["train"][-3:]:
        (few / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(data / name, few / name)
    result, text = measure(model, few)
    assert facts(result) == ("all", "folder", 6, 6)
    assert "learned from all of these 6 photos" in result.caution()
    # Other photos of the same names.
    other = make_photos(tmp_path / "other", ("green", "red"))
    result, text = measure(model, other)
    assert facts(result) == ("all", "folder", 20, 0)
    assert (text, result.caution()) == ("", "")


def test_older_models_have_no_note(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(best_model, "note_photos", lambda *_: None)
    model = learn(data)
    assert facts(measure(model, data)[0]) == ("val", "run", 4, 0)
    copy = tmp_path / "copy"
    shutil.copytree(data, copy)
    assert facts(measure(model, copy)[0]) == ("val", "run", 4, 0)  # by the fingerprint
    add_new_photos(copy)
    result, text = measure(model, copy)
    assert facts(result) == ("all", "folder", 23, None)
    assert "does not say which photos it learned from" in text
    add_new_photos(data)  # where the run's photos lie, they are known by their paths
    assert facts(measure(model, data)[0]) == ("unseen", "folder", 7, 0)
    shutil.rmtree(runs_dir())
    assert facts(measure(model, data)[0]) == ("all", "folder", 23, None)


def test_the_note_is_small_and_the_same_each_time(data: Path) -> None:
    photos = sorted(data.glob("*/*.jpg"))
    note = note_photos(photos)
    assert note is not None
    assert note == note_photos(photos[::-1])
    assert len(note["keys"]) <= 20 * 7
    assert note_photos(photos, longest_s=-1) is None
    missing = note_photos([*photos, data / "gone.jpg"])
    assert missing == note
    model = learn(data)
    header = read_header(user_zoo().get(model).spec.path)  # type: ignore[arg-type]
    assert len(header.document["provenance"]["learned"]["keys"]) <= 16 * 7


def test_a_model_that_learned_from_very_many_photos_opens(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its note is longer than any other text of the header: 1,500 photos were too many once."""
    numbers = itertools.count()
    monkeypatch.setattr(
        learned_photos,
        "_keys",
        lambda paths, _: [next(numbers).to_bytes(5, "big") for _ in paths],
    )
    note = note_photos([data / "a.jpg"] * learned_photos._MOST)
    assert note is not None
    assert len(note["keys"]) > 1_300_000
    path = data.parent / "many.safetensors"
    file_by_hand(path, description(provenance={"learned": note}))
    assert read_header(path).document["provenance"]["learned"] == note


@pytest.mark.parametrize(
    "provenance",
    [
        None, 7, [], "x", {"dataset": 7}, {"dataset": {"fingerprint": ["x"]}, "learned": 7},
        {"dataset": {"fingerprint": "SAME"}, "run": "../../etc", "config": {"seed": "x"}},
        {"dataset": {"fingerprint": "SAME"}, "run": 7, "config": [], "learned": {"format": 1}},
        {"dataset": {"fingerprint": "SAME"}, "learned": {"format": 1, "keys": "\ud800%%"}},
        {"dataset": {"fingerprint": "SAME"}, "learned": {"format": 1e999, "keys": 5}},
        {"dataset": {"fingerprint": "SAME"}, "config": {"seed": 1e999, "val_fraction": -5}},
    ],
    ids=repr,
)  # fmt: skip
def test_any_provenance_can_be_measured_with(data: Path, provenance: object) -> None:
    from resnet_gui.core.dataset import scan_dataset
    from resnet_gui.core.evaluation.learned_photos import choose_photos
    from resnet_gui.core.system.paths import user_models_dir
    from resnet_gui.core.zoo.spec import ModelEntry, ModelState

    summary = list(scan_dataset(data))[-1].summary  # type: ignore[union-attr]
    text = json.dumps(provenance).replace("SAME", summary.fingerprint)
    path = user_models_dir() / "odd.safetensors"
    file_by_hand(path, description(provenance=json.loads(text)))
    entry = ModelEntry(small_spec(path=path), ModelState.YOURS)
    chosen = choose_photos(entry, summary, "all")
    assert len(chosen.photos) == 20
    assert choose_photos(entry, summary, "auto").photos
