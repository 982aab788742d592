"""Another program: a small window whose label is dragged. Run as a script: FILE … or, with
`--url`, addresses. Prints "ready X Y" (the label's centre on the screen) when it can be dragged."""

from __future__ import annotations

import sys

from PySide6.QtCore import QMimeData, Qt, QTimer, QUrl
from PySide6.QtGui import QDrag, QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel


class Source(QLabel):
    def __init__(self, urls: list[QUrl]) -> None:
        super().__init__("drag me")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWindowFlags(Qt.WindowType.FramelessWindowHint)
        self.setGeometry(1180, 60, 160, 80)
        self._urls = urls

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        drag = QDrag(self)
        mime = QMimeData()
        mime.setUrls(self._urls)
        drag.setMimeData(mime)
        done = drag.exec(Qt.DropAction.CopyAction | Qt.DropAction.MoveAction)
        print("dropped", done.name, flush=True)

    def tell(self) -> None:
        centre = self.mapToGlobal(self.rect().center())
        print("ready", centre.x(), centre.y(), flush=True)


if __name__ == "__main__":
    application = QApplication(sys.argv[:1])
    arguments = sys.argv[1:]
    if arguments[0] == "--url":
        source = Source([QUrl(url) for url in arguments[1:]])
    else:
        source = Source([QUrl.fromLocalFile(path) for path in arguments])
    source.show()
    QTimer.singleShot(300, source.tell)
    sys.exit(application.exec())
