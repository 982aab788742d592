"""A real drag: another process is the source, xdotool moves the mouse, X carries the drop."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from resnet_gui.core.system.paths import assets_dir
from resnet_gui.core.zoo.providers.lite0 import lite0_weights_path
from tests.conftest import skip_unless_required
from tests.e2e.conftest import Program
from tests.helpers.archives import unpack
from tests.ui.conftest import CATS

HERE = Path(__file__).parent
pytestmark = pytest.mark.drag


def unpack_ants_bees(shared_data: Path, folder: Path) -> Path:
    """The folder of PyTorch's transfer learning tutorial: 245 photos to train, 153 to validate."""
    unpack(shared_data / "ants_bees.tar", folder)
    return folder


def drag(
    start: Callable[..., Program],
    xdo: Callable[..., None],
    files: Sequence[Path],
    target: dict[str, Any],
) -> Program:
    """Drag `files` from another program's window into the middle of the page."""
    source = start(str(HERE / "drag_source.py"), *map(str, files))
    _, x, y = source.wait_for_line(lambda line: line.startswith("ready")).split()
    left, top, width, height = target["page"]
    to_x, to_y = left + width // 2, top + height // 2
    xdo("mousemove", x, y)
    xdo("mousedown", 1)
    from_x, from_y = int(x), int(y)
    steps = 12
    for step in range(1, steps + 1):
        xdo(
            "mousemove",
            from_x + (to_x - from_x) * step // steps,
            from_y + (to_y - from_y) * step // steps,
        )
        time.sleep(0.03)  # a hand moves in time, and X's drag protocol answers each step
    return source


@pytest.fixture
def program(start: Callable[..., Program]) -> Program:
    if lite0_weights_path() is None:
        skip_unless_required("drag", "extra “offline” is not installed")
    return start(str(HERE / "probe.py"))


def test_a_photo_dragged_from_another_program_is_answered(
    start: Callable[..., Program], xdo: Callable[..., None], program: Program
) -> None:
    state = program.wait_for_state(lambda s: s["visible"] and s["page"][2] > 100)
    photo = assets_dir() / "samples" / "espresso.jpg"
    source = drag(start, xdo, [photo], state)
    program.wait_for_state(lambda s: s["overlay"])
    xdo("mouseup", 1)
    state = program.wait_for_state(lambda s: s["answer"] != "")
    assert state["answer"] == "espresso"
    assert state["name"] == "espresso.jpg"
    assert state["rows"][0].startswith("espresso, 9")
    assert not state["overlay"]
    # Copied, never moved: the file belongs to the other program.
    assert "CopyAction" in source.wait_for_line(lambda line: line.startswith("dropped"))
    assert photo.exists()


def test_several_photos_dragged_at_once(
    start: Callable[..., Program], xdo: Callable[..., None], program: Program
) -> None:
    state = program.wait_for_state(lambda s: s["visible"] and s["page"][2] > 100)
    drag(start, xdo, sorted((assets_dir() / "samples").glob("*.jpg")), state)
    program.wait_for_state(lambda s: s["overlay"])
    xdo("mouseup", 1)
    state = program.wait_for_state(lambda s: s["photos"] == 3 and s["answer"] != "")
    assert state["answer"] in CATS


@pytest.mark.data
def test_a_folder_is_dragged_trained_on_and_its_model_tried(
    start: Callable[..., Program],
    xdo: Callable[..., None],
    program: Program,
    shared_data: Path,
    tmp_path: Path,
) -> None:
    """The whole mission with the mouse: drag a folder, press Start, press Try it, drag a photo."""

    def click(where: Sequence[int]) -> None:
        xdo("mousemove", *where, "click", 1)

    data = unpack_ants_bees(shared_data, tmp_path / "ants and bees")
    state = program.wait_for_state(lambda s: s["visible"] and bool(s["train_button"]))
    click(state["train_button"])
    state = program.wait_for_state(lambda s: s["shown_page"] == "train")
    source = drag(start, xdo, [data], state)
    program.wait_for_state(lambda s: s["overlay"])
    xdo("mouseup", 1)
    state = program.wait_for_state(lambda s: bool(s["training"]["start"]))
    source.end()
    click(state["training"]["start"])
    state = program.wait_for_state(lambda s: bool(s["training"]["try_it"]))
    assert state["training"]["right"] >= 138, state["training"]
    assert Path(state["training"]["model"]).is_file()
    click(state["training"]["try_it"])
    state = program.wait_for_state(lambda s: s["shown_page"] == "classify" and s["model"] != "")
    photo = sorted((data / "val" / "bees").glob("*.jpg"))[3]
    drag(start, xdo, [photo], state)
    program.wait_for_state(lambda s: s["overlay"])
    xdo("mouseup", 1)
    state = program.wait_for_state(lambda s: s["answer"] != "")
    assert state["answer"] == "bees"
