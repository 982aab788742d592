"""The Classify page's state machine alone: photos, model, jobs; no torch and no window."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QImage

from resnet_gui.core.events import ImageFailed, ImageSource, ModelLoading, ModelReady, Notice
from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.classify.photo_intake import PhotoIntake
from resnet_gui.ui.widgets.images import Dropped
from resnet_gui.ui.widgets.photo_list import PhotoList, PhotoState
from resnet_gui.ui.widgets.previews import Previews
from tests.conftest import REPOSITORY
from tests.helpers.classify import labels, paths
from tests.helpers.fake_engine import Returned, Rig, heard, prediction
from tests.helpers.pictures import encoded

# --- photos -----------------------------------------------------------------------------------


def test_the_first_photo_is_answered_alone_and_first(
    rig: Rig, controller: ClassifyController, tmp_path: Path
) -> None:
    opened, progress = heard(controller.opened), heard(controller.progress_changed)
    ended = heard(controller.batch_ended)
    controller.open_paths(paths(tmp_path, "1.png", "2.png", "3.png"))
    assert controller.current is controller.photos.photo(0)
    assert [p.state for p in controller.photos.photos()] == [PhotoState.WAITING] * 3
    assert (progress[-1].done, progress[-1].total) == (0, 3)
    rig.settle()
    asked = rig.engine.asked("classify")
    assert [names for names, *_ in asked] == [
        [str(tmp_path / "1.png")],
        [str(tmp_path / "2.png"), str(tmp_path / "3.png")],
    ]
    assert {(model_id, device) for _, model_id, device in asked} == {("a", "auto")}
    assert labels(controller) == ["ant"] * 3
    assert opened == [str(tmp_path / "1.png")]
    assert not progress[-1].running
    assert len(ended) == 2
    assert controller.status.milliseconds == "3 ms network, 5 ms in all"


def test_a_photo_that_is_there_is_asked_again_and_shown(
    rig: Rig, controller: ClassifyController, tmp_path: Path
) -> None:
    controller.open_paths(paths(tmp_path, "1.png", "2.png"))
    rig.settle()
    rig.engine.script("classify", prediction(label="bee"))
    controller.open_paths(paths(tmp_path, "2.png"))
    rig.settle()
    assert labels(controller) == ["ant", "bee"]
    assert controller.current is controller.photos.photo(1)


def test_a_photo_that_cannot_be_read_fails_alone(
    rig: Rig, controller: ClassifyController, tmp_path: Path
) -> None:
    rig.engine.script("classify", ImageFailed(0, "1.png", "a", "CorruptImageError", "It is cut."))
    controller.open_paths(paths(tmp_path, "1.png", "2.png"))
    rig.settle()
    first, second = controller.photos.photos()
    assert (first.state, first.problem) == (PhotoState.FAILED, "It is cut.")
    assert second.state is PhotoState.DONE


def test_a_job_that_fails_leaves_its_photos_idle_and_says_why(
    rig: Rig, controller: ClassifyController, tmp_path: Path
) -> None:
    noticed = heard(controller.noticed)
    rig.engine.script("classify", OSError("The disk is gone."))
    controller.open_paths(paths(tmp_path, "1.png"))
    rig.settle()
    assert noticed == [("The disk is gone.", "warning")]
    assert controller.photos.photos()[0].state is PhotoState.IDLE
    controller.go_on()
    rig.settle()
    assert labels(controller) == ["ant"]


def test_what_a_job_says_beside_its_answers(rig: Rig, controller: ClassifyController) -> None:
    status, noticed = heard(controller.status_changed), heard(controller.noticed)
    rig.engine.script(
        "classify",
        ModelLoading("a", "Model a", first=True),
        Notice("The GPU failed."),
        ModelReady("a", "Model a", "The CPU", "cpu", 1.0),
        prediction(),
    )
    controller.open_dropped(Dropped(encoded=b"x"))
    rig.settle()
    assert [(s.text, s.busy) for s in status][:2] == [
        ("Starting the engine and loading the model…", True),
        ("Ready.", False),
    ]
    assert noticed == [("The GPU failed.", "warning")]


def test_stop_and_go_on(rig: Rig, controller: ClassifyController, tmp_path: Path) -> None:
    hold = rig.engine.hold()
    rig.engine.script("classify", prediction())
    rig.engine.script("classify", prediction(0, "bee"), hold, prediction(1, "late"))
    controller.open_paths(paths(tmp_path, "1.png", "2.png", "3.png"))
    rig.until(lambda: labels(controller)[1] == "bee")
    controller.stop()
    assert controller.status.text == "Stopped."
    states = [p.state for p in controller.photos.photos()]
    assert states == [PhotoState.DONE, PhotoState.DONE, PhotoState.IDLE]
    hold.over.set()
    rig.settle()
    assert labels(controller)[2] == ""  # what came late reached nobody
    controller.go_on()
    rig.settle()
    assert labels(controller) == ["ant", "bee", "ant"]
    assert rig.engine.asked("classify")[-1][0] == [str(tmp_path / "3.png")]


def test_clear_lets_everything_go(rig: Rig, controller: ClassifyController, tmp_path: Path) -> None:
    hold = rig.engine.hold()
    rig.engine.script("classify", hold, prediction())
    controller.open_paths(paths(tmp_path, "1.png"))
    rig.until(hold.reached.is_set)
    answered = heard(controller.current_changed)
    controller.clear()
    assert controller.current is None
    assert controller.photos.rowCount() == 0
    hold.over.set()
    rig.settle()
    assert len(answered) == 1  # of clear itself


def test_stepping_and_removing(rig: Rig, controller: ClassifyController, tmp_path: Path) -> None:
    controller.open_paths(paths(tmp_path, "1.png", "2.png", "3.png"))
    controller.step(5)
    third = controller.photos.photo(2)
    assert controller.current is third
    controller.step(-1)
    controller.remove_current()
    assert controller.current is third
    controller.remove_current()
    controller.remove_current()
    assert controller.current is None
    rig.settle()  # the answers of removed photos are no harm


# --- one name, two pictures ---------------------------------------------------------------------


def picture(colour: str) -> bytes:
    return encoded(Image.new("RGB", (60, 40), colour), "PNG")


def test_two_pictures_of_one_name_are_two(rig: Rig, controller: ClassifyController) -> None:
    """Two sites' `image.png`."""
    sources = [ImageSource("image.png", picture(colour)) for colour in ("red", "blue")]
    for number, source in enumerate(sources):
        rig.engine.script("fetch_image", Returned(source))
        controller.open_dropped(Dropped(urls=[f"https://{number}.example/image.png"]))
    rig.settle()
    photos = controller.photos
    assert photos.rowCount() == 2
    assert [photos.find(source) for source in sources] == list(photos.photos())
    decoration = Qt.ItemDataRole.DecorationRole

    def colour(row: int) -> QColor:
        image = photos.index(row).data(decoration)
        assert isinstance(image, QImage)
        return image.pixelColor(5, 5)

    rig.until(lambda: all(photos.index(row).data(decoration) for row in (0, 1)))
    assert colour(0).red() > 200 > 50 > colour(0).blue()
    assert colour(1).blue() > 200 > 50 > colour(1).red()
    photos.remove(0)
    assert photos.find(sources[1]) is photos.photo(0)
    previews = Previews(rig.io, rig.parent)
    made = heard(previews.made)
    for source, name in zip(sources, ("red", "blue"), strict=True):
        previews.get(source)
        rig.settle()
        assert made[-1].image.pixelColor(5, 5) == QColor(name)
    assert previews.get(sources[0]) is made[0]


def test_the_same_file_or_the_same_bytes_are_one_photo(rig: Rig) -> None:
    photos = PhotoList(rig.io, rig.parent)
    pasted = ImageSource("Pasted image", b"x")
    photos.add([ImageSource.file("/a.png"), pasted])
    assert photos.find(ImageSource.file("/a.png")) is photos.photo(0)
    assert photos.find(pasted) is photos.photo(1)
    assert photos.find(ImageSource("Pasted image", b"x")) is None


# --- the photo on the screen --------------------------------------------------------------------


def test_a_preview_begins_once_however_often_it_is_asked_for(rig: Rig) -> None:
    previews = Previews(rig.io, rig.parent)
    made = heard(previews.made)
    first, second = (ImageSource("x", picture(colour)) for colour in ("red", "blue"))
    for _ in range(3):  # every news of the photo asks
        assert previews.get(first) is None
    assert rig.io.submitted == 1
    assert previews.get(second) is None  # the first is let go
    rig.settle()
    assert [item.photo_id for item in made] == [second.id]
    assert previews.get(second) is made[0]
    assert rig.io.submitted == 2
    assert made[0].image is not None
    assert (made[0].width, made[0].height) == (60, 40)
    previews.get(ImageSource("bad", b"no picture"))
    rig.settle()
    assert made[-1].image is None


# --- what was dropped ---------------------------------------------------------------------------


def test_a_folder_is_searched_and_its_problems_are_told(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "some").mkdir()
    (tmp_path / "none").mkdir()
    (tmp_path / "some" / "1.png").write_bytes(b"")
    intake = PhotoIntake(rig.io, rig.engine.fetch_image, rig.parent)
    found, noticed, began, ended = (
        heard(s) for s in (intake.found, intake.noticed, intake.began, intake.ended)
    )
    intake.open_paths([tmp_path / "some", tmp_path / "none"])
    assert began == ["Looking for photos…"]
    rig.settle()
    assert [s.name for sources, _ in found for s in sources] == [str(tmp_path / "some" / "1.png")]
    assert found[0][1]
    assert noticed == [("none: no photos in this folder.", "warning")]
    assert len(ended) == 1


def test_pixels_bytes_and_addresses(rig: Rig) -> None:
    intake = PhotoIntake(rig.io, rig.engine.fetch_image, rig.parent)
    found, noticed = heard(intake.found), heard(intake.noticed)
    intake.open_content(Dropped(encoded=b"x"))
    pixels = QImage(QSize(4, 4), QImage.Format.Format_RGB32)
    intake.open_content(Dropped(pixels=pixels))
    rig.settle()
    intake.open_content(Dropped(urls=["https://a.example/cat.png"]))
    rig.settle()
    names = [source.name for sources, _ in found for source in sources]
    assert names == ["Pasted image", "Pasted image 2", "cat.png"]
    rig.engine.script("fetch_image", OSError("No network."))
    intake.open_content(Dropped(urls=["https://a.example/dog.png"]))
    rig.settle()
    assert noticed == [("No network.", "warning")]


# --- without torch ------------------------------------------------------------------------------

_ALONE = """
import sys
class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "torchvision"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, NoTorch())

from pathlib import Path
from PySide6.QtCore import QCoreApplication, QTimer
from tests.helpers.fake_engine import FakeEngine, model
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.means import Means
from resnet_gui.ui.model_store import ModelStore
from resnet_gui.ui.downloads import Downloads
from resnet_gui.ui.imports import Imports

app = QCoreApplication([])
engine, inference, io = FakeEngine(model("a")), JobLane("inference"), JobLane("io")
controller = ClassifyController(
    Means(engine, ModelStore(engine, io), inference, io, io),
    Downloads(engine.download, io), Imports(engine.import_weights, io),
)
controller.start("a", "auto")
controller.open_paths([Path("/photo.png")])
controller.batch_ended.connect(app.quit)
QTimer.singleShot(20_000, app.quit)
app.exec()
assert controller.current.prediction.top.label == "ant"
assert "torch" not in sys.modules
inference.close(), io.close()
assert inference.wait(5) and io.wait(5)
"""


def test_where_torch_cannot_be_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ALONE],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
