"""Two processes that go on with one run at the same moment: one trains, and nothing gets lost."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from resnet_gui.core.runs.events import EpochDone
from resnet_gui.core.runs.listing import RunDirectory, RunState, list_runs
from resnet_gui.core.training.api import train
from tests.core.runs.test_killed import Server, metrics, server  # noqa: F401 - a fixture
from tests.helpers.training import make_photos, make_tiny_model, tiny_config, user_zoo

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")


def stopped_run(data: Path, epochs: int, after: int) -> Path:
    """A run that was stopped after some epochs."""
    generator = train(tiny_config(data, method="head", epochs=epochs, seed=1), zoo=user_zoo())
    for event in generator:
        if isinstance(event, EpochDone) and event.epoch == after:
            break
    generator.close()
    return Path(list_runs()[0].path)


def race(server: Server, folder: Path, pairs: int) -> None:  # noqa: F811
    make_tiny_model()
    stopped = stopped_run(make_photos(folder / "colours", count=4), epochs=6, after=3)
    trained = []
    for number in range(pairs):
        run = stopped.with_name(f"pair-{number}")
        shutil.copytree(stopped, run)
        assert sorted(server.race(run, 2)) == [0, 2], run.name  # 2: the other one has it
        assert RunDirectory.open(run).info().state is RunState.FINISHED
        assert [row["epoch"] for row in metrics(run)] == [1, 2, 3, 4, 5, 6], run.name
        assert not list(run.glob(".*.tmp"))
        trained.append(metrics(run))
    assert all(rows == trained[0] for rows in trained)


def test_of_two_that_resume_at_once_one_trains(server: Server, tmp_path: Path) -> None:  # noqa: F811
    race(server, tmp_path, 2)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_fifty_pairs(server: Server, tmp_path: Path) -> None:  # noqa: F811
    race(server, tmp_path, 50)
