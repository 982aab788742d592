"""The real program as a person starts it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from resnet_gui.core.system.paths import assets_dir
from resnet_gui.core.zoo.providers.lite0 import lite0_weights_path
from tests.conftest import REPOSITORY
from tests.e2e.conftest import Program

PROBE = str(Path(__file__).parent / "probe.py")
pytestmark = pytest.mark.skipif(
    lite0_weights_path() is None, reason="extra “offline” is not installed"
)


def test_the_window_is_up_before_torch(start: Callable[..., Program]) -> None:
    program = start(PROBE)
    state = program.wait_for_state(lambda s: s["visible"])
    assert not state["torch"]
    state = program.wait_for_state(lambda s: s["status"] == "Ready.")
    assert state["torch"]
    assert state["model"] == "EfficientNet-Lite0"


def test_files_on_the_command_line_are_opened(start: Callable[..., Program]) -> None:
    program = start(PROBE, str(assets_dir() / "samples" / "rocket.jpg"))
    state = program.wait_for_state(lambda s: s["answer"] != "")
    assert state["answer"] == "missile"


def test_closing_the_window_ends_the_process(
    start: Callable[..., Program], xdo: Callable[..., None]
) -> None:
    program = start("-m", "resnet_gui", str(assets_dir() / "samples" / "cat.jpg"))
    xdo("search", "--sync", "--onlyvisible", "--name", "ResNet GUI", "windowfocus")
    xdo("key", "ctrl+q")
    assert program.process.wait(30) == 0
    program.end()
    assert program.errors() == ""


def run_without_window(own_home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    environment |= {"RESNET_GUI_HOME": str(own_home), **variables}
    return subprocess.run(
        [sys.executable, "-m", "resnet_gui"],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
@pytest.mark.parametrize("variables", [{}, {"DISPLAY": ":4711"}])
def test_without_a_display_the_samples_are_classified(
    own_home: Path, variables: dict[str, str]
) -> None:
    result = run_without_window(own_home, **variables)
    assert result.returncode == 0, result.stderr
    assert "no window can open" in result.stderr.replace("\n", " ")
    assert "espresso" in result.stdout
    assert "Aborted" not in result.stderr


@pytest.mark.parametrize("cut", [True, False])
def test_start_classify_and_train_reach_for_no_network(
    own_home: Path, tmp_path: Path, cut: bool
) -> None:
    """Once with the network cut, where a try would fail, and once with it, where it would not."""
    command = [sys.executable, str(Path(__file__).parent / "silent_window.py")]
    if cut:
        unshare = shutil.which("unshare")
        if unshare is None or subprocess.run([unshare, "-n", "true"], check=False).returncode:
            pytest.skip("cutting the network namespace is not permitted")
        command = [unshare, "-n", *command]
    for sample in ("cat", "espresso"):
        image = Image.open(assets_dir() / "samples" / f"{sample}.jpg")
        folder = tmp_path / "data" / sample
        folder.mkdir(parents=True)
        for number in range(10):
            image.crop((number * 5, number * 3, number * 5 + 200, number * 3 + 200)).save(
                folder / f"{number}.jpg"
            )
    photo = assets_dir() / "samples" / "rocket.jpg"
    done = subprocess.run(
        [*command, str(photo), str(tmp_path / "data")],
        cwd=REPOSITORY,
        env={
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "RESNET_GUI_HOME": str(own_home),
            "PYTHONPATH": str(REPOSITORY),
        },
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "silent"
