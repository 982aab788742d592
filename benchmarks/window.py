"""The window's speed: launch to usable window, longest stalls, 300 photos at once.

Runs the real program in a process of its own on an Xvfb screen and drives it from its own event
loop. A stall is the gap between two ticks of a 10 ms timer in the GUI thread, less those 10 ms.
"""

from __future__ import annotations

import json
import os
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
        make_album(Path(folder, "album"), PHOTOS)
        results = []
        for _ in range(RUNS):
            environment["RESNET_GUI_BENCH_START"] = repr(time.time())
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.window_child", folder],
                env=environment,
                capture_output=True,
                text=True,
                timeout=300,
            )
            if done.returncode != 0:
                raise SystemExit(done.stderr)
            results.append(json.loads(done.stdout.splitlines()[-1]))
    print(f"median (min … max) of {RUNS} starts; album: {PHOTOS} JPEGs of 1600 x 1200")
    for key in results[0]:
        values = sorted(result[key] for result in results)
        print(f"{key:<62} {statistics.median(values):8.0f}  ({values[0]:.0f} … {values[-1]:.0f})")
