"""The window of somebody who has used the program for years: 100 runs, 150 models of their own, a
folder of 300 classes. Longest stalls while the lists are opened and changed.

`python -m benchmarks crowded_window`: one start of the real program on an Xvfb screen.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.common import make_album, run_child, screen
from benchmarks.window_child import Stalls, run_until

RUNS, MODELS, CLASSES, PHOTOS = 100, 150, 300, 3


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, screen() as display:
        photos = [path.read_bytes() for path in make_album(Path(folder, "bases"), 60, 320, 240)]
        for number in range(CLASSES):
            home = Path(folder, "data", f"species {number:03d}")
            home.mkdir(parents=True)
            for photo in range(PHOTOS):
                data = photos[(number + photo) % len(photos)] + number.to_bytes(4, "big")
                (home / f"{photo}.jpg").write_bytes(data)
        results = run_child("benchmarks.crowded_window", display, folder)
    print(f"one start; {RUNS} runs, {MODELS} models, {CLASSES} classes with {PHOTOS} photos each")
    for key, value in results.items():
        print(f"{key:<62} {value:8.0f}")


def _fill_home() -> None:
    """Models and runs as the program itself writes them."""
    from resnet_gui.core.nets.build import build_network
    from resnet_gui.core.preprocessing import Preprocessing
    from resnet_gui.core.runs.listing import runs_dir
    from resnet_gui.core.system.paths import user_models_dir
    from resnet_gui.core.zoo.spec import ModelSpec
    from resnet_gui.core.zoo.weights.load import save_model

    options = {"depth": 8, "kind": "residual", "shortcut": "A"}
    state = build_network("cifar_resnet", 3, options).state_dict()
    user_models_dir().mkdir(parents=True, exist_ok=True)
    for number in range(MODELS):
        path = user_models_dir() / f"insects-{number:03d}.safetensors"
        spec = ModelSpec(
            id=path.stem, title=f"Insects of meadow {number}", family="Your models",
            architecture="cifar_resnet", architecture_options=options, provider="yours",
            dataset="meadow", classes=("ant", "bee", "fly"), preprocessing=Preprocessing(32, 32),
            parameters=0, gflops=0.01, top1=0.9, metrics={"val_accuracy": 0.9},
        )  # fmt: skip
        save_model(path, spec, state, {})
    for number in range(RUNS):
        path = runs_dir() / f"insects-{number:03d}"
        path.mkdir(parents=True)
        document = {
            "format": 1, "title": f"Insects of meadow {number}", "state": "stopped",
            "created": f"2026-01-01T00:{number % 60:02d}:00+00:00",
        }  # fmt: skip
        (path / "run.json").write_text(json.dumps(document), encoding="utf-8")


def child(folder: str) -> None:
    """Prints one JSON object of milliseconds."""
    _fill_home()
    from resnet_gui.__main__ import import_window, prepare_environment

    prepare_environment()

    from resnet_gui.ui.train.controller import TrainState

    app = import_window().open_window([])
    window, stalls = app.window, Stalls()
    stalls.begin("the start")

    def rest(seconds: float = 1.0) -> None:
        end = time.perf_counter() + seconds
        run_until(lambda: time.perf_counter() > end)
        run_until(lambda: not (app.io.busy or app.inference.busy))

    run_until(lambda: window.status_line.text.text() == "Ready.")
    rest(4)
    for page in ("train", "runs", "evaluate", "improve", "models", "lab", "classify"):
        stalls.begin(f"showing {page}")
        window.show_page(page)
        rest()
    stalls.begin("opening the list of models")
    window.page.model_button.click()
    rest()
    window.page.popup.close()
    models, runs = window.models_controller, window.train_controller.earlier
    window.show_page("models")
    stalls.begin("renaming a model")
    models.select("insects-003")
    models.rename("Another name")
    rest()
    window.show_page("train")
    rest()
    stalls.begin("renaming a run")
    runs.rename(runs.runs[3], "Another name")
    rest()
    window.show_page("runs")
    rest()
    stalls.begin("moving a run to the trash")
    runs.delete(runs.runs[5])
    rest()
    window.show_page("train")
    rest()
    stalls.begin("scanning and showing a folder of many classes")
    window.train_controller.open_folder(Path(folder, "data"))
    run_until(lambda: window.train_controller.state is TrainState.READY)
    rest()
    stalls.begin("closing")
    phases = list(stalls.longest_ms)[1:]  # without what was before the first
    figures = {f"longest stall: {name}, ms": stalls.longest_ms[name] for name in phases}
    for name in phases:
        figures[f"most that the window computed: {name}, ms"] = stalls.computed_ms[name]
    window.close()
    run_until(lambda: app.clean)
    shutil.rmtree(Path(folder, "home"), ignore_errors=True)
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(sys.argv[2])
    else:
        main()
