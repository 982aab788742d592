"""The library with many photos: first answers, stalls while scrolling, memory, Stop, a second time.

`python -m benchmarks library_window [COUNT] [--all]`: 20,000 (or COUNT) small files made of the
sample photos, in the real program on an Xvfb screen, with EfficientNet-Lite0, converted before.
Without --all it is stopped after the first few hundred answers (about a minute). Photos are
scrolled, sorted, filtered and selected while the work goes on.

Beside each longest stall: the longest time that the window's thread itself computed between two
turns of its loop, and the longest that it waited for a processor. The rest of a stall is waiting
for the interpreter, or for the screen.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.common import make_album, screen
from benchmarks.window_child import Stalls, run_until

COUNT, DIFFERENT = 20_000, 250
ENOUGH = 300  # answers before Stop


def make_files(folder: Path, count: int) -> None:
    """Different files: each has a tail of its own. In folders of 1,000."""
    made = [path.read_bytes() for path in make_album(folder / "bases", DIFFERENT, 320, 240)]
    for number in range(count):
        target = folder / "album" / f"{number // 1000:02d}" / f"img_{number:05d}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(made[number % DIFFERENT] + number.to_bytes(4, "big"))


def waited_ms() -> float:
    """How long this thread, the first one of the process, was ready and had no processor."""
    try:
        told = Path("/proc/self/task", str(os.getpid()), "schedstat").read_text()
    except OSError:  # another system
        return 0.0
    return int(told.split()[1]) / 1e6


class OwnStalls(Stalls):
    """Beside the gaps: how long the GUI thread itself computed in one, and how long it waited for a
    processor."""

    def __init__(self) -> None:
        self.own_ms: dict[str, float] = {}
        self.waited_ms: dict[str, float] = {}
        self._own, self._waited = time.thread_time(), waited_ms()
        super().__init__()

    def tick(self) -> None:
        own = time.thread_time()
        spent_ms, self._own = (own - self._own) * 1000, own
        self.own_ms[self.phase] = max(self.own_ms.get(self.phase, 0.0), spent_ms)
        waited = waited_ms()
        spent_ms, self._waited = waited - self._waited, waited
        self.waited_ms[self.phase] = max(self.waited_ms.get(self.phase, 0.0), spent_ms)
        super().tick()


def main() -> None:
    count = next((int(word) for word in sys.argv[1:] if word.isdigit()), COUNT)
    more = [word for word in sys.argv[1:] if word == "--all"]
    with tempfile.TemporaryDirectory() as folder, screen() as display:
        make_files(Path(folder), count)
        environment = {
            **os.environ,
            "DISPLAY": display,
            "QT_QPA_PLATFORM": "xcb",
            "RESNET_GUI_HOME": f"{folder}/home",
        }
        convert = [sys.executable, "-m", "benchmarks.library_window", "convert"]
        subprocess.run(convert, env=environment, check=True, capture_output=True, timeout=600)
        for run in ("first", "again"):
            done = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "benchmarks.library_window",
                    "child",
                    run,
                    folder,
                    str(count),
                    *more,
                ],
                env=environment,
                capture_output=True,
                text=True,
                timeout=7200,
            )
            if done.returncode != 0:
                raise SystemExit(done.stdout + done.stderr)
            print(f"{run} start, {count:,} files")
            for key, value in json.loads(done.stdout.splitlines()[-1]).items():
                print(f"  {key:<62} {value:10.1f}")


def child(run: str, folder: Path, count: int, *, everything: bool) -> None:
    """Prints one JSON object."""
    from resnet_gui.__main__ import import_window, prepare_environment

    prepare_environment()
    import psutil
    from PySide6.QtTest import QTest

    from resnet_gui.ui.library.arrangement import SortBy
    from resnet_gui.ui.widgets.photo_list import PhotoState

    app = import_window().open_window([])
    window, controller = app.window, app.window.controller
    window.resize(1400, 900)
    stalls = OwnStalls()
    figures: dict[str, Any] = {}
    process = psutil.Process()

    def phase(name: str) -> None:
        stalls.tick()
        stalls.phase = name

    def answered() -> int:
        return sum(p.state is PhotoState.DONE for p in controller.photos.photos())

    run_until(lambda: window.status_line.text.text() == "Ready.")
    warm = Path(folder, "bases", "img_0000.jpg")
    controller.open_paths([warm])  # models are warm
    run_until(lambda: answered() == 1)
    controller.clear()
    look = window.page.look
    look.set_look("grid")
    before_mb = process.memory_info().rss / 1e6
    phase("drop until all are listed")
    begun = time.perf_counter()
    controller.open_paths([folder / "album"])
    run_until(lambda: answered() >= 1)
    figures["drop to first answer, ms"] = (time.perf_counter() - begun) * 1000
    run_until(lambda: answered() >= min(50, count))
    figures["drop to 50 answers, ms"] = (time.perf_counter() - begun) * 1000
    run_until(lambda: controller.photos.rowCount() >= count, 120)
    figures["drop to all listed, ms"] = (time.perf_counter() - begun) * 1000
    if run == "again" and everything:
        run_until(lambda: answered() >= count, 300)
        figures["drop to all answered, s"] = time.perf_counter() - begun
    run_until(lambda: look.library is not None)  # its module comes from the io lane
    library = look.library
    assert library is not None

    def scroll(seconds: float) -> None:
        bar = library.view.verticalScrollBar()
        step, until = max(1, bar.maximum() // 200), time.perf_counter() + seconds
        while time.perf_counter() < until:
            bar.setValue((bar.value() + step) % max(1, bar.maximum()))
            QTest.qWait(15)

    for name in ("grid", "table"):
        phase(f"change to the {name}")
        look.set_look(name)
        QTest.qWait(300)
        phase(f"scrolling the {name}")
        scroll(8)
    for by in (SortBy.PROBABILITY, SortBy.NAME, SortBy.ANSWER):
        phase(f"sort by {by.value.lower()}")
        library.bar.order_chosen.emit(by, True)
        QTest.qWait(400)
    phase("scrolling while sorted")
    scroll(4)
    QTest.qWait(2500)
    phase("search")
    for text in ("c", "ca", "cat", ""):
        library.bar.search.setText(text)
        QTest.qWait(400)
    phase("select all")
    library.view.selectAll()
    QTest.qWait(300)
    phase("sort what is selected")
    library.bar.order_chosen.emit(SortBy.PROBABILITY, False)
    QTest.qWait(400)
    phase("remove half")
    half = [p for n, p in enumerate(library.model.photos()) if n % 2]
    library.remove_requested.emit(half)
    QTest.qWait(300)
    phase("undo")
    controller.undo_removal()
    QTest.qWait(500)
    phase("the rest")
    if run == "first":
        run_until(lambda: answered() >= min(count, ENOUGH), 600)
        figures["answered when Stop is pressed"] = answered()
        asked = time.perf_counter()
        controller.stop()
        figures["Stop, in the GUI thread, ms"] = (time.perf_counter() - asked) * 1000
        run_until(lambda: not app.inference.busy)
        figures["Stop to idle, ms"] = (time.perf_counter() - asked) * 1000
        if everything:
            begun, had = time.perf_counter(), answered()
            phase("go on to the end")
            controller.go_on()
            run_until(lambda: answered() >= count, 6000)
            figures["photos/s after Go on"] = (count - had) / (time.perf_counter() - begun)
    figures["memory growth, MB"] = process.memory_info().rss / 1e6 - before_mb
    for name, longest_ms in stalls.longest_ms.items():
        figures[f"longest stall: {name}, ms"] = longest_ms
        figures[f"  computing: {name}, ms"] = stalls.own_ms.get(name, 0.0)
        figures[f"  waiting for a processor: {name}, ms"] = stalls.waited_ms.get(name, 0.0)
    window.close()
    run_until(lambda: app.clean)
    print(json.dumps(figures), flush=True)


def convert() -> None:
    """Make the model's faster form, as the program does by itself in its first minutes."""
    from resnet_gui.core.inference.convert import convert as steps
    from resnet_gui.core.zoo import Zoo

    list(steps(Zoo.standard().ready("efficientnet-lite0")))


if __name__ == "__main__":
    if sys.argv[1:2] == ["convert"]:
        convert()
    elif sys.argv[1:2] == ["child"]:
        child(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), everything="--all" in sys.argv)
    else:
        main()
