"""`kill -9` while photos are moved: none lost, none doubled, and all of it finished or put back."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from resnet_gui.core.filing import carry_out as carrying
from resnet_gui.core.filing import undo as undoing
from resnet_gui.core.filing.batch import BatchState
from resnet_gui.core.filing.journal import journals_dir, list_batches
from tests.helpers.filing import done, tree, write
from tests.helpers.mover import REPOSITORY, Mover
from tests.helpers.small_disk import small_disk
from tests.helpers.training import make_tiny_model

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")


def killed_at_steps(tmp_path: Path, how: str, far: bool, then: str, stride: int) -> None:
    with small_disk(tmp_path / "disk", 2**20) as other:
        # In a small process, which forks in a millisecond.
        given = [tmp_path / "photos", (other if far else tmp_path) / "into", how, then, stride]
        ended = subprocess.run(
            [sys.executable, "-m", "tests.helpers.filing_kills", *map(str, given)],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
        )
        assert ended.returncode == 0, ended.stderr
        assert int(ended.stdout) > 15, "too few steps"


@pytest.mark.parametrize(("far", "then"), [(False, "finish"), (True, "undo")])
def test_killed_at_some_steps(tmp_path: Path, far: bool, then: str) -> None:
    """Wherever it is killed, and wherever the finishing or undoing is killed again."""
    killed_at_steps(tmp_path, "move", far, then, 5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "far"), [("move", False), ("move", True), ("copy", False), ("link", False)]
)
@pytest.mark.parametrize("then", ["finish", "undo"])
def test_killed_at_every_step(tmp_path: Path, how: str, far: bool, then: str) -> None:
    killed_at_steps(tmp_path, how, far, then, 1)


SORT = """
import sys
from pathlib import Path
from resnet_gui.core.filing.batch import How
from resnet_gui.core.filing.carry_out import carry_out
from tests.helpers.filing import planned
photos, into = map(Path, sys.argv[1:])
found = sorted(photos.iterdir())
list(carry_out(planned([(p, into / p.name[-5] / p.name, How.MOVE) for p in found])))
"""


def kills(
    photos: Path, into: Path, arguments: list[str], times: int, longest_s: float, seed: int
) -> int:
    """Sort, be killed, and put it right, again and again; returns how many kills hit the moving."""
    before = {name: found for name, found in tree(photos).items() if found}
    generator = random.Random(seed)
    hit = 0
    for turn in range(times):
        Mover(arguments).kill_after(generator.uniform(0, longest_s))
        # Names differ in the two places only by the folder.
        here = {path.name: path.read_bytes() for path in photos.iterdir()}
        there = {
            path.name: path.read_bytes()
            for path in into.rglob("*")
            if path.is_file() and path.suffix != ".part"
        }
        assert not set(here) & set(there), "none doubled"
        assert {**here, **there} == {name: found.content for name, found in before.items()}
        infos = list_batches()
        if infos and infos[0].state is BatchState.INTERRUPTED:
            hit += bool(0 < len(there) < len(before))
            if turn % 2:
                assert done(carrying.finish(infos[0].id))[1] == []
                assert not list(photos.iterdir())
        if infos:
            assert done(undoing.undo(infos[0].id))[1] == []
            assert not into.exists()
        assert tree(photos) == before
        shutil.rmtree(journals_dir(), ignore_errors=True)
    return hit


def test_three_kills(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for number in range(300):
        write(photos / f"{number:03}.jpg", f"photo {number}" * 100, number)
    arguments = ["-c", SORT, str(photos), str(tmp_path / "into")]
    kills(photos, tmp_path / "into", arguments, 3, 0.08, 1)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_kills_of_the_command(tmp_path: Path) -> None:
    """`sort --move` of 1,000 photos, killed at ten random moments while it moves them."""
    from PIL import Image

    model = make_tiny_model()
    photos = tmp_path / "photos"
    photos.mkdir()
    generator = random.Random(3)
    for number in range(1000):
        colour = tuple(generator.randrange(256) for _ in range(3))
        path = photos / f"{number:04}.png"
        Image.new("RGB", (16, 16), colour).save(path)
        os.utime(path, ns=(10**18 + number, 10**18 + number))
    into = tmp_path / "into"
    arguments = ["-m", "resnet_gui", "sort", str(photos), "--into", str(into), "--move"]
    arguments += ["--model", model.stem, "--min-confidence", "0"]
    hit = kills(photos, into, arguments, 10, 0.3, 4)
    assert hit >= 5, "too few kills hit the moving"
