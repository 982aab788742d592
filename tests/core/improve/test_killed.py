"""`kill -9` in the middle of Apply: no photo lost, none doubled; what is decided agrees with the
disk, and all of it is finished or put back."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from resnet_gui.core.filing.batch import BatchState
from resnet_gui.core.filing.carry_out import finish
from resnet_gui.core.filing.journal import journals_dir, list_batches
from resnet_gui.core.filing.undo import undo
from tests.helpers.corrections import photo, photo_file, reopened, store
from tests.helpers.filing import done, tree
from tests.helpers.mover import Mover

pytestmark = pytest.mark.skipif(os.name == "nt", reason="nothing is killed so there")

APPLY = """
import sys
from pathlib import Path
from resnet_gui.core.filing.carry_out import carry_out
from tests.helpers.corrections import planned, reopened
corrections = reopened(Path(sys.argv[1]))
list(carry_out(planned(corrections)))
"""


def contents(folder: Path) -> list[bytes]:
    return sorted(
        path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".part"
    )


def kills(data: Path, each: int, times: int, longest_s: float, seed: int) -> int:
    """Apply, be killed, and put it right, again and again; returns how many kills hit the moving.

    Of `each` photos of two classes in two parts a third goes to the other class or a new one, a
    third is set aside and a third is fine.
    """
    root = data / "ab"
    (data / "notes").mkdir(parents=True)  # what is set aside goes beside it
    number = 0
    for part in ("train", "val"):
        for name in ("ants", "bees"):
            for index in range(each):
                number += 1
                photo_file(root / part / name / f"{index:03}.png", number)  # the same names
    before, whole = tree(data), contents(data)
    corrections = reopened(root)
    fates = [sorted(root.rglob("*.png"))[turn::3] for turn in range(3)]
    for index, path in enumerate(fates[0]):
        new = "wasps" if index % 5 == 0 else "bees" if path.parent.name == "ants" else "ants"
        corrections.relabel([photo(path)], new)
    corrections.set_aside([photo(path) for path in fates[1]])
    corrections.mark_fine([photo(path) for path in fates[2]])
    store(corrections)
    wanted = corrections.pending
    moving = {*fates[0], *fates[1]}
    generator = random.Random(seed)
    hit = 0
    for turn in range(times):
        Mover(["-c", APPLY, str(root)]).kill_after(generator.uniform(0, longest_s))
        assert contents(data) == whole, "none is lost, none doubled"
        corrections = reopened(root)
        left = {Path(item.path) for item in corrections.snapshot().pending}
        # A name that was left may have been taken by a photo of another class.
        there = {path for path in moving if path.exists()}
        assert left <= there
        assert len(corrections.snapshot().applied) == wanted - len(left)
        batches = list_batches()
        if batches and batches[0].state is BatchState.INTERRUPTED:
            hit += bool(0 < len(left) < wanted)
            if turn % 2:
                assert done(finish(batches[0].id))[1] == []
                assert reopened(root).pending == 0
                assert contents(data) == whole
        if batches:
            assert done(undo(batches[0].id))[1] == []
        assert tree(data) == before, "every file is back, byte for byte"
        corrections = reopened(root)
        assert corrections.pending == wanted
        assert not corrections.snapshot().applied
        store(corrections)
        shutil.rmtree(journals_dir(), ignore_errors=True)
    return hit


def test_a_kill(tmp_path: Path) -> None:
    kills(tmp_path / "data", 30, 1, 0.05, 1)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_kills(tmp_path: Path) -> None:
    hit = kills(tmp_path / "data", 150, 20, 0.05, 2)
    assert hit >= 6, f"only {hit} kills hit the moving"
