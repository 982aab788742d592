"""From loose photos to a model with the mouse: drop on two boxes, Start, Try it."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.e2e.conftest import Program
from tests.e2e.test_drag import HERE, drag, program, unpack_ants_bees
from tests.helpers.pictures import gradient

__all__ = ["program"]  # the fixture
pytestmark = pytest.mark.drag


def made_photos(folder: Path) -> dict[str, tuple[list[Path], list[Path]]]:
    """Two classes that anybody tells apart: smooth colours, and bars."""
    found = {}
    for name in ("smooth", "bars"):
        paths = []
        for number in range(15):
            image = gradient(200, 160, number)
            if name == "bars":
                for x in range(0, 200, 16 + number % 5):
                    image.paste((20, 20, 20), (x, 0, x + 7, 160))
            path = folder / f"{name} {number:02}.jpg"
            image.save(path, quality=92)
            paths.append(path)
        found[name] = (paths[:10], paths[10:])
    return found


def ants_bees(shared_data: Path, folder: Path) -> dict[str, tuple[list[Path], list[Path]]]:
    """15 photos of each to learn from, 5 of each held out."""
    data = unpack_ants_bees(shared_data, folder)
    return {
        name: (
            sorted((data / "train" / name).glob("*.jpg"))[:15],
            sorted((data / "val" / name).glob("*.jpg"))[:5],
        )
        for name in ("ants", "bees")
    }


@contextlib.contextmanager
def trembling(xdo: Callable[..., None], x: int, y: int) -> Iterator[None]:
    """The mouse moves a little, as a hand does: X sends no position to a window that is busy with
    the one before, so the last one would be lost on a slow computer."""
    over = threading.Event()

    def move() -> None:
        for step in itertools.count():
            if over.wait(0.2):
                return
            xdo("mousemove", x + step % 3, y)

    thread = threading.Thread(target=move)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def make_and_try(
    start: Callable[..., Program],
    xdo: Callable[..., None],
    program: Program,
    photos: dict[str, tuple[list[Path], list[Path]]],
) -> int:
    """The whole way with mouse and keyboard; how many of the held-out photos are right."""

    def click(where: Sequence[int]) -> None:
        xdo("mousemove", *where, "click", 1)

    state = program.wait_for_state(lambda s: s["visible"] and bool(s["train_button"]))
    click(state["train_button"])
    state = program.wait_for_state(lambda s: bool(s["making"]["open"]))
    click(state["making"]["open"])
    state = program.wait_for_state(lambda s: len(s["making"]["boxes"]) == 2)
    for number, (name, (learned, _)) in enumerate(photos.items()):
        click(state["making"]["names"][number])
        xdo("key", "ctrl+a")
        xdo("type", name)
        xdo("key", "Return")
        x, y = state["making"]["boxes"][number]
        source = drag(start, xdo, learned, {"page": [x, y, 0, 0]})
        with trembling(xdo, x, y):
            program.wait_for_state(lambda s, number=number: s["making"]["targeted"][number])
        xdo("mouseup", 1)
        assert "CopyAction" in source.wait_for_line(lambda line: line.startswith("dropped"))
        wanted = [name, len(learned)]
        state = program.wait_for_state(
            lambda s, number=number, wanted=wanted: s["making"]["classes"][number] == wanted
        )
        source.end()  # not before: what was dropped is fetched from it
    if not state["making"]["train"]:  # else it was ready with the last photos, and says no more
        state = program.wait_for_state(lambda s: bool(s["making"]["train"]))
    assert state["making"]["needed"].startswith(
        f"{sum(len(learned) for learned, _ in photos.values())} photos in 2 classes."
    )
    click(state["making"]["train"])
    state = program.wait_for_state(lambda s: bool(s["training"]["start"]))
    click(state["training"]["start"])
    state = program.wait_for_state(lambda s: bool(s["training"]["try_it"]))
    click(state["training"]["try_it"])
    state = program.wait_for_state(lambda s: s["shown_page"] == "classify" and s["model"] != "")
    held_out = {path: name for name, (_, tests) in photos.items() for path in tests}
    drag(start, xdo, list(held_out), state)
    program.wait_for_state(lambda s: s["overlay"])
    xdo("mouseup", 1)
    state = program.wait_for_state(
        lambda s: len(s["answers"]) == len(held_out) and all(s["answers"])
    )
    for learned, _ in photos.values():
        assert all(path.is_file() for path in learned)  # nothing was moved
    right = sum(a == b for a, b in zip(state["answers"], held_out.values(), strict=True))
    print(f"{right} of {len(held_out)} held-out photos right")
    return right


@pytest.mark.slow
def test_photos_are_dragged_over_and_are_there_after_a_restart(
    start: Callable[..., Program], xdo: Callable[..., None], program: Program, tmp_path: Path
) -> None:
    [(photos, _), _] = made_photos(tmp_path).values()
    state = program.wait_for_state(lambda s: s["visible"] and bool(s["train_button"]))
    xdo("mousemove", *state["train_button"], "click", 1)
    state = program.wait_for_state(lambda s: bool(s["making"]["open"]))
    xdo("mousemove", *state["making"]["open"], "click", 1)
    state = program.wait_for_state(lambda s: len(s["making"]["boxes"]) == 2)
    x, y = state["making"]["boxes"][0]
    source = drag(start, xdo, photos[:3], {"page": [x, y, 0, 0]})
    with trembling(xdo, x, y):
        program.wait_for_state(lambda s: s["making"]["targeted"][0])
    xdo("mouseup", 1)
    state = program.wait_for_state(lambda s: bool(s["making"]["first"][0]))
    source.end()
    from_x, from_y = state["making"]["first"][0]
    to_x, to_y = state["making"]["boxes"][1]
    xdo("mousemove", from_x, from_y, "mousedown", 1)
    for step in range(1, 11):
        xdo(
            "mousemove",
            from_x + (to_x - from_x) * step // 10,
            from_y + (to_y - from_y) * step // 10,
        )
        time.sleep(0.03)  # as in `drag`
    with trembling(xdo, to_x, to_y):
        program.wait_for_state(lambda s: s["making"]["targeted"][1])
    xdo("mouseup", 1)
    over = [["Class 1", 2], ["Class 2", 1]]
    program.wait_for_state(lambda s: s["making"]["classes"] == over)
    xdo("key", "ctrl+z")
    program.wait_for_state(lambda s: s["making"]["classes"] == [["Class 1", 3], ["Class 2", 0]])
    xdo("key", "ctrl+shift+z")
    program.wait_for_state(lambda s: s["making"]["classes"] == over)
    program.process.kill()  # as a crash would
    program.process.wait(10)
    again = start(str(HERE / "probe.py"))
    state = again.wait_for_state(lambda s: s["visible"] and bool(s["train_button"]))
    xdo("mousemove", *state["train_button"], "click", 1)
    state = again.wait_for_state(lambda s: bool(s["making"]["open"]))
    xdo("mousemove", *state["making"]["open"], "click", 1)
    again.wait_for_state(lambda s: s["making"]["classes"] == over)


@pytest.mark.slow
@pytest.mark.data
def test_thirty_loose_ants_and_bees(
    start: Callable[..., Program],
    xdo: Callable[..., None],
    program: Program,
    shared_data: Path,
    tmp_path: Path,
) -> None:
    photos = ants_bees(shared_data, tmp_path / "data")
    assert make_and_try(start, xdo, program, photos) >= 9


@pytest.mark.slow
def test_two_made_up_classes(
    start: Callable[..., Program], xdo: Callable[..., None], program: Program, tmp_path: Path
) -> None:
    """As above, with pictures that every computer has."""
    assert make_and_try(start, xdo, program, made_photos(tmp_path)) >= 9
