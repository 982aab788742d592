"""The real window, starting, classifying and training, ended by its first try to reach a network.
Run as a script: PHOTO DATASET. Prints "silent" at the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_LOOK_UPS = ("socket.getaddrinfo", "socket.gethostbyname")
_CONNECTIONS = ("socket.connect", "socket.sendto")


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Local sockets (the display, the desktop's bus) are no network."""
    remote = event in _CONNECTIONS and not isinstance(arguments[-1], str | bytes)
    if event in _LOOK_UPS or remote:
        os.write(2, f"NETWORK: {event} {arguments[1:]}\n".encode())
        os._exit(3)


sys.addaudithook(watch)

from resnet_gui.__main__ import prepare_environment  # noqa: E402

prepare_environment()

from PySide6.QtCore import QEventLoop, QTimer  # noqa: E402

from resnet_gui.app.main import open_window  # noqa: E402
from resnet_gui.ui.train.controller import TrainState  # noqa: E402


def wait(condition: Callable[[], bool]) -> None:
    loop = QEventLoop()
    seen: list[bool] = []
    timer = QTimer()
    timer.timeout.connect(lambda: (seen.append(True), loop.quit()) if condition() else None)
    timer.start(10)
    QTimer.singleShot(90_000, loop.quit)
    loop.exec()
    timer.stop()
    assert seen, "timed out"


app = open_window([])
window, train = app.window, app.window.train_controller
wait(lambda: window.status_line.text.text() == "Ready.")
window.controller.open_paths([Path(sys.argv[1])])
wait(lambda: window.page.results.answer.text() != "")
for entry in window.pages.entries[1:]:
    window.show_page(entry.name)
train.open_folder(Path(sys.argv[2]))
wait(lambda: train.config is not None)
train.set_option("epochs", 3)
train.start()
wait(lambda: train.state is TrainState.ENDED)
assert train.end is not None
assert train.end.model_id
window.close()
wait(lambda: app.clean)
print("silent")
