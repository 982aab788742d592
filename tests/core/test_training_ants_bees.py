"""The promise on real photos: a small folder, nothing touched, a good model in seconds."""

from __future__ import annotations

import tarfile
import time
from pathlib import Path

import pytest

from resnet_gui.core.dataset import scan_dataset
from resnet_gui.core.evaluation import Evaluated, evaluate
from resnet_gui.core.training.api import train
from resnet_gui.core.training.events import EpochDone, RunFinished
from resnet_gui.core.training.presets import config_for
from resnet_gui.core.zoo import Zoo

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def ants_bees(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ants_bees")
    with tarfile.open(shared_data / "ants_bees.tar") as archive:
        archive.extractall(folder, filter="data")
    return folder


def test_three_seeds_within_90_seconds_each(
    ants_bees: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in range(3):
        began = time.monotonic()
        summary = list(scan_dataset(ants_bees))[-1].summary  # type: ignore[union-attr]
        config = config_for(
            None,
            data=summary.root,
            model="efficientnet-lite0",
            photos=len(summary.photos),
            classes=2,
            seed=seed,
            device="cpu",
        )
        *_, finished = train(config, summary=summary)
        seconds = time.monotonic() - began
        assert isinstance(finished, RunFinished)
        with capsys.disabled():
            print(f"\nseed {seed}: {finished.accuracy.right} of 153 in {seconds:.1f} s")  # noqa: T201
        assert finished.accuracy.n == 153
        assert finished.accuracy.right >= 138
        assert seconds < 90
    # The saved file itself, in float32 as people will use it, not what the run remembers.
    *_, result = evaluate(Zoo.standard().ready(finished.model_id), ants_bees, device="cpu")
    assert isinstance(result, Evaluated)
    assert result.part == "val"
    assert result.top1 * 153 >= 138


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("method", ["scratch", "full"])
def test_random_resnet18_runs_and_its_curves_move(ants_bees: Path, method: str) -> None:
    """No claim on accuracy: it starts from random weights."""
    config = config_for(
        None, data=str(ants_bees), model="resnet18", photos=245, classes=2, method="scratch",
        epochs=3, device="cpu",
    )  # fmt: skip
    *_, finished = train(config)
    assert isinstance(finished, RunFinished)
    if method == "full":
        config = config.replace(model=finished.model_id, method="full")
    events = list(train(config))
    assert isinstance(events[-1], RunFinished)
    losses = [event.train_loss for event in events if isinstance(event, EpochDone)]
    assert len(set(losses)) == 3
