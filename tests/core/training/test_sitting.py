"""What only one sitting of a run has: its clock, and the thread in which photos are augmented."""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from resnet_gui.core.photos.store import crop_reader
from resnet_gui.core.runs.augmentations import AUGMENTATIONS, Augmentation
from resnet_gui.core.runs.events import BatchDone, EpochDone, RunFinished, RunStopped, TrainEvent
from resnet_gui.core.runs.listing import runs_dir
from resnet_gui.core.training import phase, sitting
from resnet_gui.core.training.api import resume, train
from resnet_gui.core.training.augment import Variation
from resnet_gui.core.zoo import Preprocessing
from tests.helpers.training import make_photos, make_tiny_model, tiny_config, user_zoo

PAUSE_S = 10_000.0


def test_what_is_paused_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lane pauses a run by not asking for the next event."""
    paused_s = 0.0
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + paused_s)
    monkeypatch.setattr(sitting, "time", clock)
    make_tiny_model()
    config = tiny_config(make_photos(tmp_path / "colours"), epochs=3)
    events: list[TrainEvent] = []

    def enough() -> bool:
        return any(isinstance(event, EpochDone) and event.epoch == 2 for event in events)

    for event in train(config, zoo=user_zoo(), stop=enough):
        paused_s += PAUSE_S
        events.append(event)
    assert isinstance(events[-1], RunStopped)
    for event in resume(runs_dir() / events[-1].run, zoo=user_zoo()):
        paused_s += PAUSE_S
        events.append(event)
    assert isinstance(events[-1], RunFinished)
    assert 0 < events[-1].seconds < PAUSE_S
    epochs = [event for event in events if isinstance(event, EpochDone)]
    assert len(epochs) == 3
    assert all(0 < epoch.seconds < PAUSE_S for epoch in epochs)
    assert all(epoch.photos_per_s > epoch.train_photos / PAUSE_S for epoch in epochs)
    steps = [event for event in events if isinstance(event, BatchDone)]
    assert all(step.eta_s is None or step.eta_s < PAUSE_S for step in steps)


counts: list[tuple[int, int]] = []


class Spy(nn.Module):
    """Notes how many threads torch would use here, and in a thread that begins just now."""

    def forward(self, photo: Tensor) -> Tensor:
        with ThreadPoolExecutor(1) as pool:
            counts.append((torch.get_num_threads(), pool.submit(torch.get_num_threads).result()))
        return photo


def spy(variation: Variation, preprocessing: Preprocessing) -> list[nn.Module]:
    return [Spy()]


@pytest.fixture
def three_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_augmentation_takes_one_core_and_leaves_the_others_to_everybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, three_threads: None
) -> None:
    counts.clear()
    monkeypatch.setitem(
        AUGMENTATIONS, "spy", Augmentation("spy", "Spy", crop_reader, f"{__name__}:spy")
    )
    make_tiny_model()
    config = tiny_config(make_photos(tmp_path), augmentation="spy", epochs=1)
    for event in train(config, zoo=user_zoo()):
        assert torch.get_num_threads() == 3, event
    assert len(counts) == 16, "the training photos"
    assert set(counts) == {(1, 3)}


@pytest.mark.parametrize("end", ["finished", "closed", "failed"])
def test_freed_memory_is_kept_while_the_network_learns_and_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    kept: list[bool] = []

    @contextlib.contextmanager
    def keeping(expected_bytes: int) -> Iterator[None]:
        assert expected_bytes > 0
        kept.append(True)
        yield
        kept.append(False)

    def refuse(epoch: int, step: int, photos: int) -> None:
        if end == "failed" and epoch == 2:
            raise OSError("the disk is gone")

    monkeypatch.setattr(phase, "keeping_freed_memory", keeping)
    make_tiny_model()
    config = tiny_config(make_photos(tmp_path), method="progressive", epochs=2, head_epochs=1)
    events = train(config, zoo=user_zoo(), guard=refuse)
    for event in events:
        if isinstance(event, BatchDone):
            assert kept == ([] if event.phase == "head" else [True])
            if event.phase == "network" and end == "closed":
                events.close()
    assert kept == [True, False]


@pytest.mark.parametrize("stopped", [False, True])
def test_memory_goes_back_when_the_network_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: bool
) -> None:
    def phases() -> int:
        return sum(type(thing) is phase.Phase for thing in gc.get_objects())

    make_tiny_model()
    gc.collect()
    before = phases()
    found: list[int] = []
    monkeypatch.setattr(sitting, "give_back_freed_memory", lambda: found.append(phases()))
    events: list[TrainEvent] = []

    def epochs() -> int:
        return sum(isinstance(event, EpochDone) for event in events)

    def enough() -> bool:
        return stopped and epochs() == 1

    config = tiny_config(make_photos(tmp_path / "colours"), epochs=2)
    for event in train(config, zoo=user_zoo(), stop=enough):
        events.append(event)  # noqa: PERF402
    assert epochs() == (1 if stopped else 2)
    assert found == [before]
