"""The window while a training runs in it: stalls and frames of a real run on generated photos.

`python -m benchmarks training_window`. The run is head training with EfficientNet-Lite0, then full
training of a small ResNet-18, in the real program on an Xvfb screen.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import make_classes, run_child, screen
from benchmarks.window_child import Stalls, run_until

PHOTOS = 240


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, screen() as display:
        make_classes(Path(folder, "data"), PHOTOS)
        results = run_child("benchmarks.training_window", display, folder)
    print(f"one start; {PHOTOS} generated photos of 640 x 480 in two classes")
    for key, value in results.items():
        print(f"{key:<66} {value:8.1f}")


def child(folder: str) -> None:
    """Prints one JSON object of milliseconds."""
    from resnet_gui.__main__ import import_window, prepare_environment

    prepare_environment()

    from resnet_gui.ui.train.controller import TrainState

    app = import_window().open_window([])
    window, controller = app.window, app.window.train_controller
    stalls = Stalls()
    figures: dict[str, Any] = {}

    run_until(lambda: window.status_line.text.text() == "Ready.")
    stalls.begin("opening the Train page")
    window.show_page("train")
    run_until(lambda: not app.io.busy)
    stalls.begin("scanning and showing the folder")
    controller.open_folder(Path(folder, "data"))
    run_until(lambda: controller.state is TrainState.READY)
    run_until(lambda: not app.training.busy and not app.io.busy)
    for name, options in (
        ("head training", {}),
        ("full training", {"method": "full", "epochs": 2, "image_size": 96}),
    ):
        controller.overrides = {}
        for key, value in options.items():
            controller.set_option(key, value)
        run_until(lambda: not app.training.busy)
        stalls.begin(f"start of {name}")
        controller.start()
        run_until(lambda: controller.started is not None)
        stalls.begin(name)
        figures[f"{name}: wall time, ms"] = run_until(lambda: controller.state is TrainState.ENDED)
        figures[f"{name}: median gap of the 10 ms timer, less 10, ms"] = statistics.median(
            stalls.gaps_ms
        )
        controller.back_to_settings()
        run_until(lambda: not app.training.busy)
    for name, longest_ms in stalls.longest_ms.items():
        figures[f"longest stall: {name}, ms"] = longest_ms
        figures[f"most that the window computed: {name}, ms"] = stalls.computed_ms[name]
    window.close()
    run_until(lambda: app.clean)
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(sys.argv[2])
    else:
        main()
