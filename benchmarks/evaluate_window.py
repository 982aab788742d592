"""The Evaluate page in the real program with 10,000 kept answers: how long until they are shown,
and the longest stalls while they open, are looked through, sorted and judged.

`python -m benchmarks evaluate_window`. On an Xvfb screen; the photos are JPEGs of 320 x 240 pixels,
so that their thumbnails are made while the gallery is scrolled.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.common import run_child, screen
from benchmarks.library import make_photos
from benchmarks.window_child import Stalls, run_until

STARTS = 3
PHOTOS = 10_000
CLASSES = (10, 200)


def main() -> None:
    worst: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        make_photos(Path(folder, "photos"), PHOTOS)
        for classes in CLASSES:
            for _ in range(STARTS):
                with screen() as display:
                    figures = run_child("benchmarks.evaluate_window", display, folder, str(classes))
                for name, value in figures.items():
                    key = f"{classes} classes: {name}"
                    worst[key] = max(worst.get(key, 0.0), value)
    print(f"{PHOTOS:,} photos; {STARTS} starts, the worst of them")
    for name, value in worst.items():
        print(f"{name:<62} {value:8.1f}")


def keep_answers(folder: Path, classes: int) -> None:
    """As a test of a model would have kept them: some 80 % right, neighbours confused."""
    import numpy as np

    from resnet_gui.core.evaluation.predictions import Facts, Predictions, now
    from resnet_gui.core.evaluation.store import clear, keep

    rng = np.random.default_rng(classes)
    paths = sorted(folder.glob("*/*.jpg"))
    truth = rng.integers(0, classes, len(paths))
    logits = rng.normal(0, 1, (len(paths), classes)).astype(np.float32)
    logits[np.arange(len(paths)), truth] += np.float32(3 + 0.3 * np.log(classes))
    near = rng.random(len(paths)) < 0.15
    logits[near, (truth[near] + 1) % classes] += 4
    labels = tuple(f"class {number:03}" for number in range(classes))
    facts = Facts(
        "bench", "Bench", str(folder), "all", labels, len(paths),
        int((logits.argmax(axis=1) == truth).sum()), "w" * 32, "f" * 64, made=now(),
    )  # fmt: skip
    names = tuple(path.relative_to(folder).as_posix() for path in paths)
    clear()
    keep(Predictions(facts, names, truth, logits, np.zeros(len(paths), np.float32)))


def child(folder: Path, classes: int) -> None:
    """Prints one JSON object of milliseconds."""
    from resnet_gui.__main__ import import_window, prepare_environment

    prepare_environment()
    keep_answers(folder / "photos", classes)

    from PySide6.QtCore import Qt

    from resnet_gui.ui.evaluate.controller import EvaluateState
    from resnet_gui.ui.evaluate.page import EvaluatePage

    app = import_window().open_window([])
    window = app.window
    window.resize(1400, 900)
    stalls = Stalls()
    figures: dict[str, float] = {}

    def phase(name: str) -> None:
        stalls.tick()
        stalls.phase = f"longest stall {name}, ms"
        stalls.gaps_ms.clear()

    def idle(ms: float = 300) -> None:
        until = time.monotonic() + ms / 1000
        run_until(lambda: time.monotonic() >= until)

    run_until(lambda: window.status_line.text.text() == "Ready.")
    idle(1500)
    phase("opening the page")
    window.show_page("evaluate")
    page = window.pages.of(EvaluatePage)
    run_until(lambda: bool(page.controller.results))
    idle()
    phase("opening the answers")
    began = time.perf_counter()
    page.controller.open(page.controller.results[0])
    run_until(lambda: page.controller.state is EvaluateState.SHOWN)
    page.repaint()
    figures["from the click to the result, ms"] = (time.perf_counter() - began) * 1000
    view = page.result
    assert view is not None
    idle(1000)
    phase("choosing all photos by loss")
    view.which.setCurrentIndex(1)
    idle(1000)
    phase("scrolling through all photos")
    bar = view.gallery.verticalScrollBar()
    for step in range(200):
        bar.setValue(round(bar.maximum() * step / 199))
        idle(20)
    phase("scrolling page by page")
    bar.setValue(0)
    for _ in range(60):
        bar.setValue(bar.value() + bar.pageStep())
        idle(20)
    phase("going through the confusions")
    view.matrix.setFocus()
    for _ in range(12):
        view.matrix.next_confusion()
        idle(40)
    phase("reordering the matrix")
    view.order.setCurrentIndex(1)
    idle()
    phase("sorting the classes")
    view.show_tab(1)
    for column in range(5):
        view.classes.sortByColumn(column, Qt.SortOrder.DescendingOrder)
        idle(60)
    phase("moving the threshold")
    view.show_tab(2)
    idle()
    for value in range(40, 100, 2):
        view.trust.slider.setValue(value)
        idle(20)
    stalls.phase = "end"
    figures |= {
        name: value for name, value in stalls.longest_ms.items() if name.startswith("longest")
    }
    window.close()
    run_until(lambda: app.clean)
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
