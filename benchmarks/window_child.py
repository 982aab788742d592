"""One start of the program for `benchmarks.window`. As little as possible is imported before the
window is up: the time to it counts from the start of the process."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PHOTOS = 300
FIRST_PHASE = "while torch is imported"


class Stalls:
    """Gaps of a 10 ms timer, by the phase in which they fell, and how long this thread itself
    computed in the one with the most."""

    def __init__(self) -> None:
        from PySide6.QtCore import Qt, QTimer

        self.longest_ms: dict[str, float] = {}
        self.computed_ms: dict[str, float] = {}
        self.gaps_ms: list[float] = []
        self.phase = FIRST_PHASE
        self._last, self._computed = time.perf_counter(), time.thread_time()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.tick)
        self._timer.start(10)

    def tick(self) -> None:
        now, computed = time.perf_counter(), time.thread_time()
        gap_ms = max(0.0, (now - self._last) * 1000 - 10)
        own_ms = (computed - self._computed) * 1000
        self._last, self._computed = now, computed
        self.gaps_ms.append(gap_ms)
        self.longest_ms[self.phase] = max(self.longest_ms.get(self.phase, 0.0), gap_ms)
        self.computed_ms[self.phase] = max(self.computed_ms.get(self.phase, 0.0), own_ms)

    def begin(self, phase: str) -> None:
        """What was done until now belongs to the phase before."""
        self.tick()
        self.phase = phase
        self.gaps_ms.clear()


def run_until(condition: Callable[[], bool], timeout_s: float = 240) -> float:
    """Run the event loop until the condition was seen to hold; returns how long, in ms."""
    from PySide6.QtCore import QEventLoop, QTimer

    begun = time.perf_counter()
    loop = QEventLoop()
    timer = QTimer()
    seen: list[bool] = []
    timer.timeout.connect(lambda: (seen.append(True), loop.quit()) if condition() else None)
    timer.start(5)
    QTimer.singleShot(int(timeout_s * 1000), loop.quit)
    loop.exec()
    timer.stop()
    assert seen, "timed out"
    return (time.perf_counter() - begun) * 1000


def main(folder: str) -> None:
    """One start: prints one JSON object of milliseconds (and megabytes)."""
    from resnet_gui.__main__ import import_window, prepare_environment

    prepare_environment()
    app = import_window().open_window([])
    window, controller = app.window, app.window.controller
    application = app.application
    while not window.isVisible() or window.windowHandle() is None:
        application.processEvents()
    # The first round of events paints the window and starts its work: it is usable from here.
    figures: dict[str, Any] = {}
    stalls = Stalls()
    application.processEvents()
    started = float(os.environ["RESNET_GUI_BENCH_START"])
    figures["launch to usable window, ms"] = (time.time() - started) * 1000

    from resnet_gui.core.system.paths import sample_photos
    from resnet_gui.ui.widgets.photo_list import PhotoState

    figures["torch imported by then (1: yes)"] = float(hasattr(sys.modules.get("torch"), "nn"))

    run_until(
        lambda: "resnet_gui.core.inference.classifier" in sys.modules and bool(controller.devices)
    )
    stalls.begin("model load")
    run_until(lambda: window.status_line.text.text() == "Ready.")
    figures["launch to model ready, ms"] = (time.time() - started) * 1000

    stalls.begin("inference")
    cat, espresso = sample_photos()[0], sample_photos()[1]
    controller.open_paths([cat])
    figures["drop to answer (first photo), ms"] = run_until(
        lambda: window.page.results.answer.text().endswith("cat")
    )
    controller.open_paths([espresso])
    figures["drop to answer (second photo), ms"] = run_until(
        lambda: window.page.results.answer.text() == "espresso"
    )

    stalls.begin("switching models and themes")
    import torch

    from resnet_gui.core.nets.build import build_network
    from resnet_gui.core.system.paths import torch_hub_checkpoints_dir
    from resnet_gui.core.zoo.providers.torchvision import torchvision_specs

    spec = next(spec for spec in torchvision_specs() if spec.id == "resnet50")
    weights = torch_hub_checkpoints_dir() / spec.url.rsplit("/", 1)[-1]
    if not weights.exists():  # random weights: the time is the same
        weights.parent.mkdir(parents=True, exist_ok=True)
        torch.save(build_network("resnet50", 1000).state_dict(), weights)
    window.store.refresh()  # it was put there behind the program's back

    def is_here() -> bool:
        entry = window.store.entry("resnet50")
        return entry is not None and entry.weights_path is not None

    run_until(is_here)
    stalls.tick()
    stalls.longest_ms[stalls.phase] = stalls.computed_ms[stalls.phase] = 0.0
    for model in ("resnet50", "efficientnet-lite0", "resnet50", "efficientnet-lite0"):
        controller.set_model(model)
        run_until(
            lambda model=model: all(
                p.prediction is not None and p.prediction.model == model
                for p in controller.photos.photos()
            )
        )
    for choice in ("dark", "light"):
        app.theme.choose(choice)
        beginning = len(stalls.gaps_ms)  # a person sees one theme before choosing the next
        run_until(lambda beginning=beginning: len(stalls.gaps_ms) >= beginning + 20)
    controller.clear()

    import psutil

    process = psutil.Process()
    stalls.begin(f"{PHOTOS} photos")
    album = Path(folder, "album")
    before_mb = process.memory_info().rss / 1e6
    done = lambda: sum(p.state is PhotoState.DONE for p in controller.photos.photos())  # noqa: E731
    controller.open_paths([album])
    figures[f"{PHOTOS} photos: drop to first answer, ms"] = run_until(lambda: done() >= 1)
    begun = time.perf_counter()
    run_until(lambda: done() >= 50)
    middle_mb = process.memory_info().rss / 1e6
    controller.open_paths([espresso])
    figures[f"{PHOTOS} photos: a photo dropped meanwhile, ms"] = run_until(
        lambda: window.page.results.answer.text() == "espresso"
    )
    run_until(lambda: done() >= PHOTOS + 1)
    seconds = time.perf_counter() - begun
    figures[f"{PHOTOS} photos: photos per second x 10"] = (PHOTOS - 1) / seconds * 10
    after_mb = process.memory_info().rss / 1e6
    figures[f"{PHOTOS} photos: memory from photo 50 to the end, MB"] = after_mb - middle_mb
    figures[f"{PHOTOS} photos: memory from the drop to photo 50, MB"] = middle_mb - before_mb
    controller.classify_all()
    # Or all answers have come by then, at once.
    run_until(
        lambda: (
            any(p.state is PhotoState.WAITING for p in controller.photos.photos())
            or not app.inference.busy
        )
    )
    controller.stop()
    figures[f"{PHOTOS} photos: Stop to idle, ms"] = run_until(lambda: not app.inference.busy)

    for phase, longest_ms in stalls.longest_ms.items():
        figures[f"longest stall: {phase}, ms"] = longest_ms
    for phase, computed_ms in stalls.computed_ms.items():
        figures[f"most that the window computed: {phase}, ms"] = computed_ms
    window.close()
    run_until(lambda: app.clean)
    import json

    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
