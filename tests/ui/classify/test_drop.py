"""Everything that can be dropped on the window or pasted, through Qt's own events."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.ui.widgets.images import may_hold_photos, read_mime
from resnet_gui.ui.widgets.photo_list import PhotoState
from tests.ui.conftest import ANSWER_MS, CATS


def drop(app: WindowApp, mime: QMimeData) -> bool:
    """Send what a window system sends; returns whether the drag was taken."""
    window = app.window
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(200, 200), Qt.DropAction.CopyAction, mime, buttons, keys)
    enter.ignore()
    QApplication.sendEvent(window, enter)
    if not enter.isAccepted():
        return False
    assert app.window.overlay.isVisible()
    event = QDropEvent(QPointF(200, 200), Qt.DropAction.CopyAction, mime, buttons, keys)
    QApplication.sendEvent(window, event)
    assert event.isAccepted()
    assert event.dropAction() == Qt.DropAction.CopyAction
    assert not app.window.overlay.isVisible()
    return True


def files(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def answer(app: WindowApp) -> str:
    return app.window.page.results.answer.text()


def wait_for_answers(qtbot: QtBot, app: WindowApp, count: int) -> None:
    def all_there() -> bool:
        photos = app.window.controller.photos.photos()
        ended = (PhotoState.DONE, PhotoState.FAILED)
        return len(photos) == count and all(photo.state in ended for photo in photos)

    qtbot.waitUntil(all_there, timeout=ANSWER_MS)


def test_a_dropped_photo_is_answered(qtbot: QtBot, app: WindowApp, photos: dict[str, Path]) -> None:
    assert app.window.page.stack.currentWidget() is app.window.page.empty
    assert drop(app, files(photos["coffee"]))
    qtbot.waitUntil(lambda: answer(app) == "espresso", timeout=ANSWER_MS)
    page = app.window.page
    assert page.stack.currentWidget() is not page.empty
    qtbot.waitUntil(lambda: page.view.has_photo)
    assert page.results.rows[0].accessibleName().startswith("espresso, 9")
    assert "ms network" in app.window.status_line.time.text()
    assert app.window.status_line.model.text() == "EfficientNet-Lite0"
    assert not page.strip.isVisible()


def test_several_files_make_a_strip_and_arrow_keys_walk(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path]
) -> None:
    drop(app, files(photos["coffee"], photos["chelsea"], photos["rocket"]))
    wait_for_answers(qtbot, app, 3)
    strip = app.window.page.strip
    qtbot.waitUntil(strip.isVisible)
    assert answer(app) == "espresso"
    strip.view.setFocus()
    qtbot.keyClick(strip.view, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: answer(app) in CATS)
    app.window.controller.step(1)
    assert answer(app) == "missile"
    app.window.controller.step(1)
    assert answer(app) == "missile"


def test_an_incomplete_photo_is_answered_with_a_word_beside(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path], tmp_path: Path
) -> None:
    data = photos["coffee"].read_bytes()
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(data[: len(data) * 3 // 4])
    drop(app, files(photos["coffee"], cut))
    wait_for_answers(qtbot, app, 2)
    page, controller = app.window.page, app.window.controller
    qtbot.waitUntil(page.results.answer.isVisible)
    assert not page.results.incomplete.isVisible()
    controller.step(1)
    qtbot.waitUntil(page.results.incomplete.isVisible)
    assert page.results.incomplete.text() == "incomplete: the file ends early"
    assert answer(app)
    captions = [controller.photos.index(row).data() for row in range(2)]
    assert ["incomplete" in caption for caption in captions] == [False, True]
    assert not page.problems.isVisible()


def test_the_file_dialog_offers_every_format(
    app: WindowApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[str] = []

    def ask(parent: object, title: str, folder: str, patterns: str) -> tuple[list[str], str]:
        offered.append(patterns)
        return [], ""

    monkeypatch.setattr("PySide6.QtWidgets.QFileDialog.getOpenFileNames", ask)
    app.window.page.opening.open_files()
    for suffix in (".jpg", ".tga", ".psd", ".ico", ".dds"):
        assert f"*{suffix} *{suffix.upper()}" in offered[0]


def test_a_folder_is_searched_and_bad_files_are_listed_with_reasons(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "album ü 🐈"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(photos["coffee"].read_bytes())
    (folder / "inner" / "b.jpg").write_bytes(photos["chelsea"].read_bytes())
    (folder / "notes.txt").write_text("not a photo")
    (folder / ".hidden.jpg").write_bytes(photos["coffee"].read_bytes())
    (folder / "cut.jpg").write_bytes(photos["chelsea"].read_bytes()[:9000])
    (folder / "raw.NEF").write_bytes(b"x" * 100)
    (folder / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 100)
    drop(app, files(folder))
    wait_for_answers(qtbot, app, 5)
    problems = app.window.page.problems
    qtbot.waitUntil(problems.isVisible)
    shown = [problems.model.index(row, 0).data() for row in range(problems.model.rowCount())]
    assert len(shown) == 2
    assert shown[0].startswith("damaged.png is damaged or cut off")
    assert shown[1].startswith("raw.NEF is a camera RAW file")
    assert QApplication.activeModalWidget() is None
    problems.chosen.emit(
        app.window.controller.photos.row(
            next(p for p in app.window.controller.photos.photos() if "raw" in p.source.name)
        )
    )
    assert "camera RAW" in app.window.page.view.accessibleDescription()


def test_an_empty_folder_says_so(qtbot: QtBot, app: WindowApp, tmp_path: Path) -> None:
    drop(app, files(tmp_path))
    qtbot.waitUntil(
        lambda: any("no photos in this folder" in t for t in app.window.page.notices.texts)
    )


def test_an_image_dragged_from_a_browser_needs_no_network(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path]
) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.invalid/espresso.jpg")])
    buffer = io.BytesIO()
    Image.open(photos["coffee"]).save(buffer, "PNG")
    mime.setData("image/png", buffer.getvalue())
    drop(app, mime)
    qtbot.waitUntil(lambda: answer(app) == "espresso", timeout=ANSWER_MS)


def test_pixels_without_a_file_are_answered(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path]
) -> None:
    mime = QMimeData()
    mime.setImageData(QImage(str(photos["coffee"])))
    drop(app, mime)
    qtbot.waitUntil(lambda: answer(app) == "espresso", timeout=ANSWER_MS)


def test_paste_of_a_bitmap_a_path_and_nothing(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path]
) -> None:
    clipboard = QGuiApplication.clipboard()
    clipboard.setImage(QImage(str(photos["chelsea"])))
    app.window.page.opening.paste()
    qtbot.waitUntil(lambda: answer(app) in CATS, timeout=ANSWER_MS)
    clipboard.setText(f'"{photos["coffee"]}"')
    app.window.page.opening.paste()
    qtbot.waitUntil(lambda: answer(app) == "espresso", timeout=ANSWER_MS)
    clipboard.setText("just words")
    app.window.page.opening.paste()
    assert "There is no photo on the clipboard." in app.window.page.notices.texts


@pytest.mark.parametrize("name", ["classify", "models"])
def test_paste_of_an_empty_clipboard(app: WindowApp, name: str) -> None:
    """Qt has no data at all then."""
    QGuiApplication.clipboard().clear()
    app.window.show_page(name)
    app.window.paste()
    [text] = [text for text in app.window.pages.current.notices.texts if "clipboard" in text]
    assert text.startswith(("There is no photo", "The clipboard holds nothing"))


def test_text_that_is_no_photo_is_not_taken(app: WindowApp) -> None:
    mime = QMimeData()
    mime.setText("hello")
    assert not drop(app, mime)


def test_the_highlight_goes_when_the_drag_leaves(app: WindowApp, photos: dict[str, Path]) -> None:
    mime = files(photos["coffee"])
    enter = QDragEnterEvent(
        QPoint(10, 10),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(app.window, enter)
    assert app.window.overlay.isVisible()
    QApplication.sendEvent(app.window, QDragLeaveEvent())
    assert not app.window.overlay.isVisible()


@pytest.mark.parametrize(
    ("text", "paths", "urls"),
    [
        ("https://example.org/a.jpg", 0, 1),
        ("http://example.org/a.jpg\nhttp://example.org/b.jpg", 0, 2),
        ("ftp://example.org/a.jpg", 0, 0),
        ("relative/path.jpg", 0, 0),
        ("javascript:alert(1)", 0, 0),
        ("/nonexistent/photo.jpg", 1, 0),  # only the io lane can know
    ],
)
def test_what_text_can_hold(text: str, paths: int, urls: int) -> None:
    mime = QMimeData()
    mime.setText(text)
    dropped = read_mime(mime)
    assert (len(dropped.guesses), len(dropped.urls)) == (paths, urls)
    assert may_hold_photos(mime) == bool(paths or urls)


@pytest.fixture
def web(photos: dict[str, Path]) -> Iterator[str]:
    """A web server on this computer with one photo."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = photos["coffee"].read_bytes() if self.path == "/espresso.jpg" else b"gone"
            self.send_response(200 if self.path == "/espresso.jpg" else 404)
            self.send_header("Content-Type", "image/jpeg")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_a_dropped_address_is_fetched_and_a_dead_one_named(
    qtbot: QtBot, app: WindowApp, web: str
) -> None:
    mime = QMimeData()
    mime.setText(f"{web}/espresso.jpg")
    drop(app, mime)
    qtbot.waitUntil(lambda: answer(app) == "espresso", timeout=ANSWER_MS)
    dead = QMimeData()
    dead.setText(f"{web}/dead.jpg")
    drop(app, dead)
    qtbot.waitUntil(lambda: any("404" in text for text in app.window.page.notices.texts))
    assert app.window.controller.photos.rowCount() == 1
