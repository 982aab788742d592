"""Kills batches before and after each thing that they do to the disk.

`python -m tests.helpers.filing_kills PHOTOS INTO HOW THEN STRIDE` prints how many such moments
there were; of them it tries every STRIDE-th. An assertion tells what went wrong.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from resnet_gui.core.filing import carry_out as carrying
from resnet_gui.core.filing import disk, plan
from resnet_gui.core.filing import undo as undoing
from resnet_gui.core.filing.batch import BatchInfo, BatchState, How
from resnet_gui.core.filing.journal import journals_dir, list_batches
from tests.helpers.filing import Found, done, planned, tree, write

_KILLED = 9


def die_at(step: int, work: Callable[[], Any]) -> bool:
    """Do work in a child that ends, as if killed, before or after the n-th thing that it does to
    the disk. Returns whether it came to its end."""
    child = os.fork()
    if child:
        _, code = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(code) in (0, _KILLED)
        return os.waitstatus_to_exitcode(code) == 0
    code = 1
    try:
        left = step

        def counted(does: Callable[..., Any]) -> Callable[..., Any]:
            def doing(*arguments: Any, **named: Any) -> Any:
                nonlocal left
                for around in (True, False):
                    if left == 0:
                        os._exit(_KILLED)
                    left -= 1
                    if around:
                        result = does(*arguments, **named)
                return result

            return doing

        carrying.rename_new = undoing.rename_new = counted(carrying.rename_new)
        carrying.copy_new = undoing.copy_new = counted(disk.copy_new)
        for name in ("unlink", "mkdir", "symlink_to", "rmdir"):
            setattr(Path, name, counted(getattr(Path, name)))
        os.fsync = counted(lambda _: None)  # the journal's, before and after it is written
        work()
        code = 0
    finally:
        os._exit(code)


def check(photos: Path, into: Path, before: dict[str, Found | None], how: How) -> None:
    """Every photo is there, whole, in one place or in the other, with its time."""
    here, there = tree(photos), tree(into) if into.exists() else {}
    here, there = ({n: f for n, f in x.items() if not n.endswith(".part")} for x in (here, there))
    for name, found in before.items():
        if how is How.MOVE:
            places = [tree_ for tree_ in (here, there) if name in tree_]
            assert places
            assert all(place[name] == found for place in places)
        else:
            assert here[name] == found
    assert set(here) | set(there) <= set(before), "nothing else"


def main(photos: Path, into: Path, how: How, then: str, stride: int) -> int:
    """Returns how many steps a batch has."""
    # Nobody pulls the plug: the disk is not waited for.
    os.fsync = lambda _: None  # type: ignore[assignment]
    carrying.GROUP = 2
    plan.SPARE_BYTES = 0
    for number, name in enumerate(("a.jpg", "a.xmp", "b.jpg", "c.jpg")):
        write(photos / name, name, number)
    before = tree(photos)
    wishes = [(photos / name, into / name, how) for name in ("a.jpg", "b.jpg", "c.jpg")]
    gone = {} if how is How.MOVE else before

    def repair(info: BatchInfo) -> Callable[[], Any]:
        start = carrying.finish if then == "finish" and not info.undoing else undoing.undo
        return lambda: list(start(info.id))

    for step in range(0, 300, stride):
        ended = die_at(step, lambda: list(carrying.carry_out(planned(wishes))))
        check(photos, into, before, how)
        interrupted = [i for i in list_batches() if i.state is BatchState.INTERRUPTED]
        if not ended and interrupted:
            die_at(step % 11, repair(interrupted[0]))
            check(photos, into, before, how)
            for info in list_batches():
                if info.state is BatchState.INTERRUPTED:
                    repair(info)()
            check(photos, into, before, how)
        infos = list_batches()
        whole = infos and infos[0].state is BatchState.DONE
        if whole:
            assert tree(photos) == gone
            assert set(tree(into)) == set(before)
            die_at(step % 17, lambda: list(undoing.undo(list_batches()[0].id)))
            check(photos, into, before, how)
            if list_batches()[0].state is not BatchState.UNDONE:
                assert done(undoing.undo(list_batches()[0].id))[1] == []
        assert tree(photos) == before
        if infos:
            assert not into.exists(), "nothing of ours left"
        shutil.rmtree(into, ignore_errors=True)
        shutil.rmtree(journals_dir(), ignore_errors=True)
        if ended:
            break
    assert ended
    return step


if __name__ == "__main__":
    given = sys.argv
    steps = main(Path(given[1]), Path(given[2]), How(given[3]), given[4], int(given[5]))
    sys.stdout.write(str(steps))
