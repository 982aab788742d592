"""The real program with a lane, or the window's own thread, that never comes back. Prints
"stuck" when it is so, and "closing" when the closing steps begin."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

from PySide6.QtCore import QTimer

from resnet_gui.__main__ import prepare_environment

prepare_environment()

from resnet_gui.app import main as program  # noqa: E402

real_open = program.open_window


def never() -> Iterator[None]:
    print("stuck", flush=True)
    threading.Event().wait()
    yield None


def hang() -> None:
    for _ in never():
        pass


def open_stuck(arguments: list[str]) -> program.WindowApp:
    opened = real_open([])
    opened.deadline.setInterval(10**9)  # only a second signal can end it
    opened.window.close_requested.connect(lambda: print("closing", flush=True))
    if "window" in arguments:
        QTimer.singleShot(500, hang)
    else:
        opened.io.submit(never)
    return opened


program.open_window = open_stuck
sys.exit(program.run_window(sys.argv[1:]))
