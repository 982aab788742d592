"""One start for `benchmarks.window`: a photo as argument, a converted model; from the start of the
process to the answer on the screen, and what the window takes then."""

from __future__ import annotations

import json
import os
import sys
import time


def main(photo: str) -> None:
    """Prints one JSON object of milliseconds and megabytes."""
    from resnet_gui.__main__ import import_window, prepare_environment

    prepare_environment()
    from resnet_gui.app.second_start import claim, hand_over

    hand_over([photo])
    module = import_window()
    claim()
    app = module.open_window([photo])
    window = app.window
    figures: dict[str, float] = {}

    from PySide6.QtCore import QTimer

    started = float(os.environ["RESNET_GUI_BENCH_START"])
    timer = QTimer()

    def look() -> None:
        if not window.page.results.answer.text() or "answer" in figures:
            return
        app.application.processEvents()  # it is painted
        figures["answer"] = (time.time() - started) * 1000
        figures["processor"] = time.process_time() * 1000
        timer.stop()
        QTimer.singleShot(3000, settled)

    def settled() -> None:
        import psutil

        if len(window.pages.built) < len(window.pages.entries):
            QTimer.singleShot(500, settled)  # a busy machine
            return
        assert not hasattr(sys.modules.get("torch"), "nn"), "torch was imported"
        memory = psutil.Process().memory_full_info()
        print(
            json.dumps(
                {
                    "launch to first answer (photo as argument, converted), ms": figures["answer"],
                    "processor time until then, ms": figures["processor"],
                    "the window's memory then, MB": memory.rss / 1e6,
                    "of it its own (not shared), MB": memory.uss / 1e6,
                }
            ),
            flush=True,
        )
        window.close()

    timer.timeout.connect(look)
    timer.start(2)
    app.application.exec()


if __name__ == "__main__":
    main(sys.argv[1])
