"""The real program with a reporter: prints what the window shows as JSON lines. Run as a script
with the program's own arguments."""

from __future__ import annotations

import json
import sys
from typing import Any

from PySide6.QtCore import QEvent, QPoint, QTimer
from PySide6.QtWidgets import QApplication, QListView, QWidget

from resnet_gui.__main__ import prepare_environment

prepare_environment()

from resnet_gui.app.main import open_window  # noqa: E402


def centre(widget: QWidget | None) -> list[int]:
    """Where to click, on the screen; empty while it cannot be clicked."""
    if widget is None or not widget.isVisible() or not widget.isEnabled():
        return []
    point = widget.mapToGlobal(widget.rect().center())
    return [point.x(), point.y()]


def training() -> dict[str, Any]:
    """What the Train page shows."""
    page = app.window.train_page
    end = app.window.train_controller.end
    return {
        "state": app.window.train_controller.state.name,
        "epochs": len(app.window.train_controller.history),
        "start": centre(page.setup.start if page.setup else None),
        "try_it": centre(page.run.try_it if page.run else None),
        "result": page.run.result.text() if page.run else "",
        "right": getattr(getattr(end, "accuracy", None), "right", 0),
        "model": end.model_path if end else "",
    }


def first_photo(view: QListView) -> list[int]:
    """Where the first photo of a list is, on the screen; empty while there is none."""
    index = view.model().index(0, 0)
    if not view.isVisible() or not index.isValid() or view.visualRect(index).isEmpty():
        return []
    point = view.viewport().mapToGlobal(view.visualRect(index).center())
    return [point.x(), point.y()]


def making() -> dict[str, Any]:
    """What Make classes shows: each class's name, photos, and where its name and photos are."""
    start = {"open": centre(app.window.train_page.start.make)}
    view = app.window.train_page.classes.view
    if view is None:  # asking for more would make it
        return {**start, "boxes": [], "classes": []}
    boxes = view.controller.boxes
    widgets = [view.board.boxes[n] for n in boxes.classes if n in view.board.boxes]
    return {
        **start,
        "classes": [[boxes.name(number), boxes.count(number)] for number in boxes.classes],
        "names": [centre(widget.name) for widget in widgets],
        "boxes": [centre(widget.view) for widget in widgets],
        "first": [first_photo(widget.view) for widget in widgets],
        "targeted": [widget.targeted for widget in widgets],
        "unsorted": boxes.count(0),
        "train": centre(view.train),
        "needed": view.needed.text(),
    }


def shown() -> dict[str, Any]:
    """What a person sees, in words."""
    window = app.window
    page = window.page
    corner = window.pages.mapToGlobal(QPoint(0, 0))
    return {
        "visible": window.isVisible(),
        "shown_page": window.pages.current.objectName(),
        "train_button": centre(window.rail.buttons["train"]),
        "training": training(),
        "making": making(),
        "torch": "torch" in sys.modules,
        "page": [corner.x(), corner.y(), window.pages.width(), window.pages.height()],
        "overlay": window.overlay.isVisible(),
        "photos": window.controller.photos.rowCount(),
        "name": page.results.name.text(),
        "answers": [
            photo.prediction.top.label if photo.prediction else ""
            for photo in window.controller.photos.photos()
        ],
        "answer": page.results.answer.text() if page.results.isVisible() else "",
        "rows": [row.accessibleName() for row in page.results.rows if row.isVisible()],
        "status": window.status_line.text.text(),
        "model": window.status_line.model.text(),
        "notices": page.notices.texts,
    }


last = ""


def report() -> None:
    global last
    QApplication.sendPostedEvents(
        None, QEvent.Type.LayoutRequest
    )  # else a click hits the old place
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
