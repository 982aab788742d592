"""What the window costs while nobody does anything: processor time on each page, after a while.

`python -m benchmarks idle [--seconds N]`. The real program on an Xvfb screen, a photo answered, the
Lab's views each shown once, then nothing. Processor time is the whole process's, all threads. With
6 s a page it takes two minutes.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time

from benchmarks.common import run_child, screen
from benchmarks.window_child import run_until


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks idle")
    parser.add_argument("--seconds", type=int, default=6, help="for each page")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder, screen() as display:
        results = run_child("benchmarks.idle", display, folder, str(seconds))
    print(f"one start; {seconds} s a page; percent of one core")
    for key, value in results.items():
        print(f"{key:<40} {value:8.2f}")


def child(seconds: float) -> None:
    """Prints one JSON object of percents."""
    from resnet_gui.__main__ import import_window, prepare_environment

    prepare_environment()

    from PySide6.QtCore import QEventLoop, QTimer

    from resnet_gui.core.inference.background import CONVERSIONS
    from resnet_gui.core.system.paths import sample_photos
    from resnet_gui.ui.lab.page import View

    app = import_window().open_window([str(sample_photos()[0])])
    window = app.window
    figures: dict[str, float] = {}

    def wait(milliseconds: float) -> None:
        loop = QEventLoop()
        QTimer.singleShot(int(milliseconds), loop.quit)
        loop.exec()

    def settled() -> bool:
        lanes = app.inference, app.io, app.training
        # A model that is being converted in a process of its own is not idle. Not by asking the
        # system for children: one that has ended stays in its list until somebody asks for its end.
        return not any(lane.busy for lane in lanes) and not CONVERSIONS.busy

    def measure(name: str) -> None:
        wait(500)
        run_until(settled, timeout_s=900)  # the niced conversion, on a busy machine
        wait(1500)
        before = time.process_time()
        wait(seconds * 1000)
        figures[name] = 100 * (time.process_time() - before) / seconds

    run_until(lambda: bool(window.page.results.answer.text()))
    run_until(lambda: len(window.pages.built) == len(window.pages.entries))
    for entry in window.pages.entries:
        window.show_page(entry.name)
        if entry.name != "lab":
            measure(entry.title)
            continue
        for view in View:
            window.lab_page.show_view(view)
            measure(f"{entry.title}: {view.name.lower()}")
    window.show_page(window.pages.entries[0].name)
    measure(f"{window.pages.entries[0].title}, all pages seen")
    window.close()
    run_until(lambda: app.clean)
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(float(sys.argv[3]))
    else:
        main()
