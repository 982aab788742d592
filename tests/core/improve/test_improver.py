"""Looking through a folder with a real, tiny network: suspects, the queue, training again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from resnet_gui.core.improve import features
from resnet_gui.core.improve.again import config_again
from resnet_gui.core.improve.corrections import Corrections
from resnet_gui.core.improve.events import Improving, LeastSure, SuspectsFound
from resnet_gui.core.improve.improver import Improver
from resnet_gui.core.improve.values import Decisions, ImproveError
from resnet_gui.core.runs.config import Method
from resnet_gui.core.runs.events import Preparing, RunFinished
from resnet_gui.core.training.api import train
from tests.helpers.corrections import photo, scanned
from tests.helpers.training import make_photos, make_tiny_model, tiny_config, user_zoo


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    """Three classes of 20 photos; one red lies among the green, two blue among the red."""
    make_tiny_model()
    root = make_photos(tmp_path / "colours", ("red", "green", "blue"), 20)
    (root / "red/000.jpg").rename(root / "green/wrong0.jpg")
    (root / "blue/003.jpg").rename(root / "red/wrong1.jpg")
    (root / "blue/004.jpg").rename(root / "red/wrong2.jpg")
    return root


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of how many photos features were computed, each time that some were."""
    found: list[int] = []
    by_torch = features.compute_features

    def spied(*args: Any) -> Iterator[Any]:
        found.append(len(args[2].train))
        return by_torch(*args)

    monkeypatch.setattr(features, "compute_features", spied)
    return found


def suspects(root: Path, decisions: Decisions | None = None, **more: Any) -> SuspectsFound:
    improver = more.pop("improver", None) or Improver(user_zoo())
    model = more.pop("model", "tiny")
    *before, last = improver.suspects(scanned(root), model, decisions, device="cpu", **more)
    assert isinstance(last, SuspectsFound)
    assert all(isinstance(event, Improving) and event.done <= max(event.total, 60)
               for event in before)  # fmt: skip
    return last


def names(found: SuspectsFound, count: int) -> set[str]:
    return {Path(item.path).name for item in found.suspects[:count]}


def test_wrong_labels_come_first(colours: Path, computed: list[int]) -> None:
    found = suspects(colours)
    assert names(found, 3) == {"wrong0.jpg", "wrong1.jpg", "wrong2.jpg"}
    by_name = {Path(item.path).name: item for item in found.suspects}
    assert (by_name["wrong0.jpg"].label, by_name["wrong0.jpg"].suggested) == ("green", "red")
    assert (by_name["wrong1.jpg"].label, by_name["wrong1.jpg"].suggested) == ("red", "blue")
    assert found.judged == len(found.suspects) == 60
    assert found.wrong == sum(item.wrong for item in found.suspects)
    assert all(item.wrong for item in found.suspects[:3])
    losses = [item.loss for item in found.suspects]
    assert losses == sorted(losses, reverse=True)
    first = found.suspects[0]
    assert first.loss == pytest.approx(-np.log(first.probability), rel=1e-5)
    assert computed == [60]
    assert suspects(colours).suspects == found.suspects, "the same again"
    assert computed == [60], "features are kept"
    assert suspects(colours, seed=5).suspects != found.suspects


def test_features_of_a_training_are_used(colours: Path, computed: list[int]) -> None:
    *_, last = train(tiny_config(colours, method="head", epochs=2), zoo=user_zoo())
    assert isinstance(last, RunFinished)
    found = suspects(colours, model=Path(last.model_path).stem)
    assert found.model == "tiny", "its backbone is that of the start model"
    assert found.sentences == ()
    assert computed == []
    assert names(found, 3) == {"wrong0.jpg", "wrong1.jpg", "wrong2.jpg"}


def test_a_training_finds_the_features_of_a_look(colours: Path) -> None:
    suspects(colours)
    config = tiny_config(colours, method="head", epochs=2, precision="auto")
    events = list(train(config, zoo=user_zoo()))
    computing = [e for e in events if isinstance(e, Preparing) and e.what == "features"]
    assert [(e.done, e.total) for e in computing] == [(60, 60)]


def test_a_network_that_has_learned_these_labels_does_not_judge(colours: Path) -> None:
    *_, last = train(tiny_config(colours, method="full", epochs=1), zoo=user_zoo())
    assert isinstance(last, RunFinished)
    own = Path(last.model_path).stem
    found = suspects(colours, model=own)
    assert found.model == "tiny"
    assert found.sentences == (
        f"“Tiny” looks at the photos, from which “{user_zoo().ready(own).spec.title}” was trained: "
        "it has not learned from these labels.",
    )
    (user_zoo().ready("tiny").weights_path or Path()).unlink()
    found = suspects(colours, model=own)
    assert found.model == own
    assert "has learned from these photos" in found.sentences[0]


def test_a_network_trained_on_other_photos_judges(colours: Path, tmp_path: Path) -> None:
    others = make_photos(tmp_path / "others", ("red", "blue"), 6, side=40)
    *_, last = train(tiny_config(others, method="full", epochs=1), zoo=user_zoo())
    assert isinstance(last, RunFinished)
    own = Path(last.model_path).stem
    assert suspects(colours, model=own).model == own


def test_decided_photos_are_not_listed_again(colours: Path) -> None:
    corrections = Corrections(Decisions(scanned(colours).root))
    corrections.relabel([photo(colours / "green/wrong0.jpg")], "red")
    corrections.mark_fine([photo(colours / "red/wrong1.jpg")])
    corrections.set_aside([photo(colours / "blue/005.jpg")])
    found = suspects(colours, corrections.snapshot())
    listed = names(found, 60)
    assert not listed & {"wrong0.jpg", "wrong1.jpg", "005.jpg"} or "005.jpg" in {
        Path(item.path).name for item in found.suspects if item.label != "blue"
    }
    assert names(found, 1) == {"wrong2.jpg"}
    assert found.judged == 59, "without the one that is set aside"
    assert len(found.suspects) == 57


def test_small_classes_are_told_and_photos_that_cannot_be_read(
    colours: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_photos(colours, ("yellow",), 2)
    summary = scanned(colours)
    (colours / "blue/007.jpg").write_bytes(b"no photo any more")
    (colours / "blue/008.jpg").unlink()
    *_, found = Improver(user_zoo()).suspects(summary, "tiny", device="cpu")
    assert isinstance(found, SuspectsFound)
    assert [(item.label, item.photos) for item in found.few] == [("yellow", 2)]
    assert found.judged == 58
    assert {Path(item.path).name for item in found.failed} == {"007.jpg", "008.jpg"}
    assert found.sentences == (
        "“yellow” is a class with fewer than 4 photos, too few to judge its labels. Add some more.",
        "2 photos could not be read and were left out.",
    )


def test_too_little_to_judge(tmp_path: Path) -> None:
    make_tiny_model()
    alone = make_photos(tmp_path / "alone", ("red",), 5)
    with pytest.raises(ImproveError, match="at least two classes"):
        suspects(alone)
    few = make_photos(tmp_path / "few", ("red", "green"), 3)
    with pytest.raises(ImproveError, match="at least 4 photos"):
        suspects(few)
    enough = make_photos(tmp_path / "enough", ("red", "green"), 4)
    assert suspects(enough).judged == 8


def test_it_can_be_stopped_anywhere(colours: Path, computed: list[int]) -> None:
    summary = scanned(colours)
    for step in (1, 2, 3, 5, 8, 13):
        events = Improver(user_zoo()).suspects(summary, "tiny", device="cpu")
        for _ in range(step):
            next(events)
        events.close()


@pytest.fixture
def unlabelled(tmp_path: Path) -> Path:
    """Photos between two classes in all shades, and copies of labelled ones."""
    folder = tmp_path / "camera"
    folder.mkdir()
    red, green = np.array((200, 60, 40)), np.array((50, 180, 60))
    generator = np.random.default_rng(9)
    for number, share in enumerate(np.linspace(0, 1, 25)):
        pixels = red * (1 - share) + green * share + generator.integers(-30, 30, (48, 48, 3))
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / f"{number:02}.png")
    return folder


def test_rounds_of_labelling(colours: Path, unlabelled: Path, computed: list[int]) -> None:
    (unlabelled / "copy.jpg").write_bytes((colours / "red/001.jpg").read_bytes())
    (unlabelled / "twice.png").write_bytes((unlabelled / "03.png").read_bytes())
    summary = scanned(colours)
    improver = Improver(user_zoo())
    corrections = Corrections(Decisions(summary.root))

    def look(count: int = 8) -> LeastSure:
        *_, found = improver.least_sure(
            summary, [unlabelled], "tiny", corrections.snapshot(), count=count, device="cpu"
        )
        assert isinstance(found, LeastSure)
        return found

    first = look()
    assert (len(first.guesses), first.left, first.labelled, first.duplicates) == (8, 25, 60, 2)
    margins = [guess.margin for guess in first.guesses]
    assert margins == sorted(margins)
    everything = look(100).guesses
    assert len(everything) == 25
    assert {g.path for g in everything[:8]} == {g.path for g in first.guesses}
    for guess in first.guesses[:-1]:
        corrections.relabel([photo(Path(guess.path), "")], "mixed")
    corrections.set_aside([photo(Path(first.guesses[-1].path), "")])
    second = look()
    assert (second.left, second.labelled) == (17, 67)
    assert second.classes == ("blue", "green", "red", "mixed")
    assert not {g.path for g in second.guesses} & {g.path for g in first.guesses}
    assert "mixed" in {g.label for g in look(17).guesses}, "the head knows the new class"
    assert len(computed) == 1, "features come from memory"
    improver.free()
    assert look().guesses == second.guesses
    assert len(computed) == 1, "and from the disk"


def test_a_queue_needs_classes(tmp_path: Path, unlabelled: Path) -> None:
    make_tiny_model()
    alone = make_photos(tmp_path / "alone", ("red",), 5)
    with pytest.raises(ImproveError, match="not two with photos"):
        list(Improver(user_zoo()).least_sure(scanned(alone), [unlabelled], "tiny"))


def test_a_photo_that_changed_is_looked_at_anew(colours: Path, computed: list[int]) -> None:
    improver = Improver(user_zoo())
    suspects(colours, improver=improver)
    (colours / "red/001.jpg").write_bytes((colours / "blue/010.jpg").read_bytes())
    found = suspects(colours, improver=improver)
    assert "001.jpg" in names(found, 4)


def test_a_class_is_added_and_the_model_trained_again(colours: Path) -> None:
    start = tiny_config(colours, method="head", epochs=3, lr=4e-3, preset="fast")
    *_, last = train(start, zoo=user_zoo())
    assert isinstance(last, RunFinished)
    own = user_zoo().ready(Path(last.model_path).stem)
    make_photos(colours, ("yellow",), 6)
    config = config_again(own, scanned(colours))
    assert (config.model, config.data) == (own.spec.id, str(colours))
    assert (config.method, config.epochs, config.lr) == (Method.HEAD, 3, 4e-3)
    *_, last = train(config.replace(device="cpu"), zoo=user_zoo())
    assert isinstance(last, RunFinished)
    again = user_zoo().ready(Path(last.model_path).stem)
    assert again.spec.classes == ("blue", "green", "red", "yellow")
    assert again.spec.base_model == own.spec.id


def test_settings_to_train_again(colours: Path) -> None:
    summary = scanned(colours)
    usual = config_again(user_zoo().ready("tiny"), summary)
    assert (usual.method, usual.preset, usual.model) == (Method.HEAD, "fast", "tiny")
    *_, last = train(tiny_config(colours, method="scratch", epochs=1), zoo=user_zoo())
    assert isinstance(last, RunFinished)
    own = user_zoo().ready(Path(last.model_path).stem)
    config = config_again(own, summary)
    assert (config.method, config.preset) == (Method.PROGRESSIVE, "balanced"), "not from nothing"
