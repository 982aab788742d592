"""The real program with a reporter: prints what the window shows as JSON lines. Run as a script
with the program's own arguments."""

from __future__ import annotations

import json
import sys
from typing import Any

from PySide6.QtCore import QPoint, QTimer

from resnet_gui.__main__ import _prepare_environment

_prepare_environment()

from resnet_gui.app import open_window  # noqa: E402


def shown() -> dict[str, Any]:
    """What a person sees, in words."""
    window = app.window
    page = window.page
    corner = page.mapToGlobal(QPoint(0, 0))
    return {
        "visible": window.isVisible(),
        "torch": "torch" in sys.modules,
        "page": [corner.x(), corner.y(), page.width(), page.height()],
        "overlay": window.overlay.isVisible(),
        "photos": window.controller.photos.rowCount(),
        "name": page.results.name.text(),
        "answer": page.results.answer.text() if page.results.isVisible() else "",
        "rows": [row.accessibleName() for row in page.results.rows if row.isVisible()],
        "status": window.status_text.text(),
        "model": window.status_model.text(),
        "notices": page.notices.texts,
    }


last = ""


def report() -> None:
    global last
    text = json.dumps(shown())
    if text != last:
        last = text
        print(text, flush=True)


app = open_window(sys.argv[1:])
report()  # as it is when the event loop begins
timer = QTimer(app)
timer.timeout.connect(report)
timer.start(20)
sys.exit(app.application.exec())
