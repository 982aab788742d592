"""What only one sitting of a run has: its clock, and the thread in which photos are augmented."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from resnet_gui.core.runs.events import BatchDone, EpochDone, RunFinished, RunStopped, TrainEvent
from resnet_gui.core.runs.listing import runs_dir
from resnet_gui.core.training import sitting
from resnet_gui.core.training.api import resume, train
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
