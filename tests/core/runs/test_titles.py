"""What runs are called: a title that is taken gets a number, whoever gives it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from resnet_gui.core.dataset.split import Split
from resnet_gui.core.events import Notice
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import RunStarted
from resnet_gui.core.runs.listing import create_run, run_titles, runs_dir
from resnet_gui.core.runs.titles import free_title
from resnet_gui.core.system.paths import cache_dir
from resnet_gui.core.training.api import train
from tests.helpers.training import make_photos, make_tiny_model, tiny_config, user_zoo


def begin(title: str) -> tuple[str, str]:
    """Title and name of a new run."""
    config = RunConfig("/data", "tiny", title=title)
    with create_run(config, title, Split((), (), (), (), True), {}, runs_dir(), runs_dir()) as run:
        return run.title, run.name


@pytest.mark.parametrize(
    ("title", "taken", "free"),
    [
        ("X", (), "X"),
        ("X", ("X",), "X (2)"),
        ("X", ("X", "X (2)"), "X (3)"),
        ("X (2)", ("X", "X (2)"), "X (3)"),
        ("Trip (2019)", ("Trip (2019)",), "Trip (2019) (2)"),
    ],
)
def test_a_title_that_is_taken_gets_a_number(title: str, taken: tuple[str, ...], free: str) -> None:
    assert free_title(title, taken) == free


def test_many_at_once_are_called_differently() -> None:
    """Three trainings that a script began at once were all called “X”."""
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(begin, ["X"] * 12))
    assert {title for title, _ in found} == run_titles()
    assert {name for _, name in found} == {"x", *(f"x-{number}" for number in range(2, 13))}


def test_a_cache_that_cannot_be_written_is_no_obstacle() -> None:
    cache_dir().parent.mkdir(parents=True, exist_ok=True)
    cache_dir().write_text("a file")
    assert [begin("X")[0] for _ in range(2)] == ["X", "X (2)"]


def test_a_training_says_what_it_is_called(tmp_path: Path) -> None:
    make_tiny_model()
    begin("Mine")
    config = tiny_config(make_photos(tmp_path / "colours"), method="head", title="Mine")
    said = []
    for event in train(config, zoo=user_zoo()):
        if isinstance(event, Notice):
            said.append(event.message)
        if isinstance(event, RunStarted):
            assert event.title == "Mine (2)"
            break
    assert "A run is called “Mine” already: this one is “Mine (2)”." in said
