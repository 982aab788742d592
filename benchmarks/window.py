"""The window's speed: launch to usable window, longest stalls, 300 photos at once,
launch to first answer.

Runs the real program in a process of its own on an Xvfb screen and drives it from its own event
loop. A stall is the gap between two ticks of a 10 ms timer in the GUI thread, less those 10 ms.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.common import make_album, screen
from benchmarks.window_child import PHOTOS

RUNS = 5


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, screen() as display:
        environment = {
            **os.environ,
            "DISPLAY": display,
            "QT_QPA_PLATFORM": "xcb",
            "RESNET_GUI_HOME": f"{folder}/home",
        }
        # The program has its compiled files after its first start.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        make_album(Path(folder, "album"), PHOTOS)
        results = []
        for _ in range(RUNS):
            # Answers are kept: without this, only the first start would ask a model.
            shutil.rmtree(Path(folder, "home/cache/resnet-gui/answers"), ignore_errors=True)
            results.append(_start("benchmarks.window_child", folder, environment))
        # The starts above left the converted model. Each of these has a photo of its own.
        photos = make_album(Path(folder, "new"), RUNS, 800, 600)
        answers = [
            _start("benchmarks.first_answer_child", str(photo), environment) for photo in photos
        ]
    print(f"median (min … max) of {RUNS} starts; album: {PHOTOS} JPEGs of 1600 x 1200")
    for rows in (results, answers):
        for key in rows[0]:
            values = sorted(row[key] for row in rows)
            median = statistics.median(values)
            print(f"{key:<62} {median:8.0f}  ({values[0]:.0f} … {values[-1]:.0f})")


def _start(module: str, argument: str, environment: dict[str, str]) -> dict[str, float]:
    """What one process says of itself."""
    done = subprocess.run(
        [sys.executable, "-m", module, argument],
        env={**environment, "RESNET_GUI_BENCH_START": repr(time.time())},
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result
