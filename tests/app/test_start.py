"""What the window's start imports: each module costs time before anything is seen."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

OPEN = """
import json, sys
from resnet_gui.__main__ import import_window, prepare_environment
prepare_environment()
from resnet_gui.app.second_start import claim, hand_over
hand_over([])
app = import_window()
claim()
app.open_window([])
print(json.dumps(sorted(sys.modules)))
"""
# What is imported once the window is up, in a lane's thread or when it is wanted.
LATER = {
    "torch", "torchvision", "openvino", "numpy", "PIL", "pillow_heif", "requests", "filelock",
    "msgspec", "typer", "rich", "PySide6.QtNetwork", "importlib.metadata",
    "resnet_gui.ui.train.page", "resnet_gui.ui.models.page", "resnet_gui.ui.lab.page",
    "resnet_gui.ui.settings.dialog", "resnet_gui.ui.window.help", "resnet_gui.core.dataset",
    "resnet_gui.core.runs.config", "resnet_gui.core.photos.decode",
}  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="torch and QtNetwork come first there")
def test_the_start_imports_only_what_is_seen_first(own_home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", OPEN],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout))
    assert not LATER & loaded
    assert len([name for name in loaded if name.startswith("resnet_gui.")]) < 192


UNREAD = """
import linecache, sys
from resnet_gui.__main__ import import_window
import_window()
import wave
assert "PySide6.QtWidgets" in sys.modules
print([name for name in linecache.cache if not name.startswith("<")])
"""


def test_no_source_is_read_along_with_an_import() -> None:
    """PySide reads each module's and keeps it: of torch and what comes with it 38 MB of text."""
    done = subprocess.run(
        [sys.executable, "-c", UNREAD],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    read = [Path(name).name for name in ast.literal_eval(done.stdout)]
    assert "wave.py" not in read
    assert "main.py" not in read  # the window's own
