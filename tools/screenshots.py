"""`make screenshots`: the README's pictures, taken from the running program on an Xvfb screen.

Only the sample photos that ship with the program are shown: they are free.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from benchmarks.common import make_album, make_classes, make_hard_classes, screen

TARGET = Path(__file__).resolve().parent.parent / "assets" / "screenshots"


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    for theme in ("light", "dark"):
        with tempfile.TemporaryDirectory() as folder, screen() as display:
            make_album(Path(folder, "album"), 24, 800, 600)
            Path(folder, "album", "img_0004.jpg").write_bytes(b"")
            make_classes(Path(folder, "cat or espresso"), 120)
            make_mixed_up(Path(folder, "mixed up"))
            make_album(Path(folder, "thousand"), 1000, 320, 240)
            make_classes(Path(folder, "loose"), 16)
            make_hard_classes(Path(folder, "details"), 450)
            environment = {
                **os.environ,
                "DISPLAY": display,
                "QT_QPA_PLATFORM": "xcb",
                "RESNET_GUI_HOME": f"{folder}/home",
            }
            subprocess.run(
                [sys.executable, "-m", "tools.screenshots", theme, folder],
                env=environment,
                check=True,
                timeout=500,
            )


def make_mixed_up(folder: Path) -> None:
    """Two classes, and of each a few photos in the other's folder."""
    make_classes(folder, 120)
    first, second = sorted(path for path in folder.iterdir() if path.is_dir())
    for here, there in ((first, second), (second, first)):
        for number, photo in enumerate(sorted(here.glob("*.jpg"))[::8]):
            photo.rename(there / f"holiday{number}.jpg")


def child(theme: str, folder: Path) -> None:
    """Drive the window through its pages and grab it."""
    from resnet_gui.__main__ import prepare_environment

    prepare_environment()
    from PySide6.QtCore import QBuffer, QEventLoop, QTimer

    from resnet_gui.app.main import open_window
    from resnet_gui.core.system.paths import sample_photos
    from resnet_gui.ui.evaluate.page import EvaluatePage
    from resnet_gui.ui.improve.controller import ImproveState
    from resnet_gui.ui.improve.page import ImprovePage
    from resnet_gui.ui.lab.diagram import LabDiagram
    from resnet_gui.ui.lab.page import View
    from resnet_gui.ui.runs.page import RunsPage
    from resnet_gui.ui.train.controller import TrainState
    from resnet_gui.ui.widgets.images import Dropped
    from resnet_gui.ui.widgets.photo_list import PhotoState

    app = open_window([])
    window, train = app.window, app.window.train_controller
    window.memory.change(theme=theme)
    window.resize(1120, 740)

    def wait(condition: Callable[[], bool], settle_ms: int = 400) -> None:
        loop = QEventLoop()
        seen: list[bool] = []
        timer = QTimer()
        timer.timeout.connect(lambda: (seen.append(True), loop.quit()) if condition() else None)
        timer.start(10)
        QTimer.singleShot(120_000, loop.quit)
        loop.exec()
        timer.stop()
        assert seen, "timed out"
        QTimer.singleShot(settle_ms, loop.quit)
        loop.exec()

    def grab(name: str) -> None:
        buffer = QBuffer()
        buffer.open(QBuffer.OpenModeFlag.WriteOnly)
        window.grab().save(buffer, "PNG")
        image = Image.open(io.BytesIO(buffer.data().data())).convert("RGB")
        image.quantize(200, dither=Image.Dither.FLOYDSTEINBERG).save(
            TARGET / f"{name}-{theme}.png", optimize=True
        )

    ready = lambda: window.status_line.text.text() == "Ready."  # noqa: E731
    wait(ready)
    grab("start")
    window.controller.open_paths([sample_photos()[1]])
    wait(lambda: window.page.results.answer.text() == "espresso" and window.page.view.has_photo)
    window.page.crop_button.setChecked(True)
    wait(ready)
    grab("classify")
    window.page.crop_button.setChecked(False)
    window.page.why_view.action.trigger()
    wait(lambda: window.page.why_view.why.explained is not None, 1000)
    grab("why")
    window.page.why_view.action.trigger()
    window.controller.clear()
    window.controller.removals.forget()
    window.controller.open_paths([folder / "album"])
    ended = (PhotoState.DONE, PhotoState.FAILED)
    wait(
        lambda: (
            len(window.controller.photos.photos()) == 24
            and all(photo.state in ended for photo in window.controller.photos.photos())
        ),
        1500,
    )
    grab("many")
    window.controller.clear()
    window.controller.removals.forget()
    window.controller.open_paths([folder / "thousand"])
    wait(
        lambda: (
            len(window.controller.photos.photos()) == 1000
            and all(photo.state in ended for photo in window.controller.photos.photos())
        ),
        1500,
    )
    window.page.look.show_grid()
    wait(lambda: True, 2500)
    grab("grid")
    window.page.look.show_table()
    wait(lambda: True, 2500)
    grab("table")
    window.page.look.show_photo()
    window.controller.clear()
    window.controller.removals.forget()
    window.show_page("train")
    train.open_folder(folder / "cat or espresso")
    wait(lambda: train.state is TrainState.READY)
    setup = window.train_page.setup
    assert setup is not None
    wait(lambda: setup.estimate.text().startswith("About"), 800)
    grab("train-before")
    train.set_option("epochs", 300)
    train.start()
    wait(lambda: len(train.history) >= 60, 50)
    grab("train-during")
    train.stop()
    wait(lambda: train.state is TrainState.ENDED)
    train.back_to_settings()
    train.reset_options()
    wait(lambda: setup.estimate.text().startswith("About"))
    train.start()
    wait(lambda: train.state is TrainState.ENDED, 800)
    grab("train-after")
    runs = window.pages.of(RunsPage)
    evaluation = window.pages.of(EvaluatePage)
    # Photos of which it gets some wrong: of the others there would be nothing to see.
    train.back_to_settings()
    train.open_folder(folder / "details")
    wait(lambda: train.state is TrainState.READY)
    train.start()
    wait(lambda: train.state is TrainState.ENDED, 800)
    evaluation.show_run(train.earlier.runs[0].name)
    # With the thumbnails, which the io lane makes.
    wait(lambda: evaluation.controller.result is not None and not app.io.busy, 2500)
    grab("evaluate")
    improve = window.pages.of(ImprovePage)
    window.show_page("improve")
    improve.open_folder(folder / "mixed up")
    wait(lambda: improve.controller.summary is not None)
    improve.start.look.click()
    wait(lambda: improve.controller.state is ImproveState.SHOWN, 1500)
    assert improve.view is not None
    deciding = improve.view.deciding
    for decide in (deciding.agree, deciding.agree, deciding.set_aside, deciding.accept):
        decide()
    wait(lambda: True, 500)
    grab("improve")
    window.show_page("runs")
    wait(lambda: bool(runs.controller.runs) and bool(runs.controller.curves), 1500)
    grab("runs")
    window.show_page("train")
    making = window.train_page.classes
    making.open()
    boxes = making.controller
    wait(lambda: boxes.loaded)
    for box, name in zip(boxes.boxes.classes, ("cat", "espresso"), strict=True):
        boxes.rename(box, name)
        boxes.take(Dropped(paths=sorted((folder / "loose" / name).iterdir())), box)
    wait(lambda: True, 2500)
    grab("making")
    making.close()
    window.show_page("models")
    window.models_controller.select("resnet50")  # no path of this computer in the picture
    wait(ready, 800)
    grab("models")
    lab, networks = window.lab_page, window.lab_controller
    window.resize(1400, 900)
    window.show_page("lab")
    wait(lambda: networks.looked)
    for view, name in (
        (View.CURVES, "lab-curves"),
        (View.GRADIENTS, "lab-gradients"),
        (View.RESIDUALS, "lab-residuals"),
        (View.DIAGRAM, "lab-diagram"),
        (View.WHY, "lab-why"),
    ):
        lab.show_view(view)
        wait(lambda view=view: view in lab.views or lab.empty.isVisible())
        part = lab.views.get(view)
        if isinstance(part, LabDiagram):
            networks.draw("cifar-resnet56")
            wait(lambda: networks.diagram is not None)
            part.canvas.select(10)  # the first block of stage 2: smaller, with more channels
        if part is not None:
            lab.tabs[view].setFocus()
            wait(lambda: True)
            grab(name)
    window.close()
    wait(lambda: app.clean, 0)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        child(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
