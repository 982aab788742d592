"""Where a conversion answers, commands and the window do without torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from resnet_gui.core.system import paths
from resnet_gui.core.system.openvino_import import openvino_version
from resnet_gui.core.system.settings import Settings, save_settings
from tests.helpers.pictures import encoded, gradient

ROOT = Path(paths.PACKAGE_DIR).parent
pytestmark = pytest.mark.skipif(not openvino_version(), reason="the extra “fast” is not installed")


_WITHOUT_TORCH = """
import sys
from resnet_gui.__main__ import main
sys.argv = ["resnet-gui", *{arguments!r}]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
assert "openvino" in sys.modules
assert "torch" not in sys.modules
"""


def without_torch(*arguments: str) -> str:
    """What a command prints; fails if it imports torch."""
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_TORCH.format(arguments=arguments)],
        capture_output=True, text=True, timeout=100, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_commands_answer_without_torch(home: Path, tmp_path: Path) -> None:
    for name in ("ant", "bee"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(2):
            data = encoded(gradient(60, 50, seed=number), "JPEG")
            (tmp_path / "data" / name / f"{number}.jpg").write_bytes(data)
    photo = str(tmp_path / "data" / "ant" / "0.jpg")
    line = json.loads(without_torch("classify", photo, "--model", "insects", "--json"))
    assert len(line["predictions"]) == 3
    assert line["error"] is None
    found = json.loads(
        without_torch("evaluate", "insects", str(tmp_path / "data"), "--part", "all", "--json")
        .splitlines()[-1]
    )  # fmt: skip
    assert (found["n"], found["confusion"][2]) == (4, [0, 0, 0])
    out = tmp_path / "x.npz"
    without_torch("features", photo, "--model", "insects", "--out", str(out))
    with np.load(out) as file:
        assert file["features"].shape == (1, 64)


_WINDOW = """
from collections.abc import Callable
from pathlib import Path
import sys
from resnet_gui.__main__ import import_window, prepare_environment
prepare_environment()
app = import_window().open_window([sys.argv[1]])
from PySide6.QtCore import QTimer
photos = app.window.controller.photos
answers = []
def look():
    if app.clean:
        return
    for photo in photos.photos():
        if photo.prediction is not None and not answers:
            answers.append(photo.prediction)
            app.window.controller.open_paths([Path(sys.argv[2])])  # and a folder
    if len(answers) == 1 and sum(photo.prediction is not None for photo in photos.photos()) >= 5:
        answers.append(None)
        app.window.close()
timer = QTimer()
timer.timeout.connect(look)
timer.start(20)
app.application.exec()
assert "OpenVINO" in answers[0].device, answers
assert "torch" not in sys.modules
"""


def test_the_window_answers_without_torch(home: Path, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(encoded(gradient(60, 50), "JPEG"))
    (tmp_path / "folder").mkdir()
    for number in range(4):
        data = encoded(gradient(60, 50, seed=number), "JPEG")
        (tmp_path / "folder" / f"{number}.jpg").write_bytes(data)
    save_settings(Settings(model="insects"))
    done = subprocess.run(
        [sys.executable, "-c", _WINDOW, photo, tmp_path / "folder"],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True, text=True, timeout=100, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
