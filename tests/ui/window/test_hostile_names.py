"""A real window full of hostile texts: in every field of models, in classes, runs and files."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import torch
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QLabel
from pytestqt.qtbot import QtBot
from safetensors.torch import save_file

from resnet_gui.app.main import WindowApp
from resnet_gui.core.nets.build import build_network
from resnet_gui.core.runs.listing import runs_dir
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.core.system.settings import Settings
from resnet_gui.core.zoo import ModelSpec, Preprocessing
from resnet_gui.core.zoo.weights.model_file import METADATA_KEY, document_for
from resnet_gui.ui.lab.page import View
from resnet_gui.ui.train.controller import TrainState
from resnet_gui.ui.widgets.classes_dialog import ClassesDialog
from resnet_gui.ui.widgets.photo_list import PhotoState
from resnet_gui.ui.window.help import HelpBox
from tests.core.lab.test_sources import make_run
from tests.ui.conftest import ANSWER_MS
from tests.ui.hostile import FEW, IMAGE, TEXTS, Look, file_names

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="most of these names cannot exist on Windows"
)


def own_models(texts: Sequence[str]) -> None:
    """One tiny model per text, which has it in every field; its classes are all texts."""
    options = {"depth": 8, "kind": "residual", "shortcut": "A"}
    torch.manual_seed(0)
    state = build_network("cifar_resnet", len(texts), options).state_dict()
    user_models_dir().mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(texts):
        spec = ModelSpec(
            id=f"model{number}",
            title=text,
            family=text,
            architecture="cifar_resnet",
            provider="yours",
            dataset=text,
            classes=(*texts[number:], *texts[:number]),
            preprocessing=Preprocessing(32, 32),
            parameters=0,
            licence=text,
            notes=text,
            architecture_options=options,
        )
        # As ASCII: not every text can be UTF-8.
        metadata = {METADATA_KEY: json.dumps(document_for(spec))}
        save_file(state, user_models_dir() / f"{spec.id}.safetensors", metadata)
    # A file name is a title where the header has none, and stands in what is wrong with a file.
    for name in file_names(texts):
        path = os.path.join(os.fsencode(user_models_dir()), name + b".safetensors")  # noqa: PTH118
        Path(os.fsdecode(path)).write_bytes(b"broken")


def own_runs(texts: Sequence[str]) -> None:
    for number, text in enumerate(texts):
        path = make_run(runs_dir(), "r" * (number % 9 + 1) + str(number))
        document = json.loads((path / "run.json").read_text(encoding="utf-8"))
        document |= {"title": text, "message": text, "created": f"2026-01-{number + 1:02d}"}
        document["config"] |= {"data": f"/photos/{text}", "model": text}
        document["state"] = ("finished", "failed", "running")[number % 3]
        (path / "run.json").write_text(json.dumps(document), encoding="utf-8")
        (path / "lock").touch()


def folder_of_names(folder: Path, names: Sequence[bytes]) -> tuple[Path, list[Path]]:
    """A dataset whose folder, classes and files are named like that; the last file is broken."""
    root = folder / os.fsdecode(names[0])
    pixels = Image.new("RGB", (40, 40), "orange")
    photos = []
    for name in names:
        place = root / os.fsdecode(name)
        place.mkdir(parents=True)
        for number, other in enumerate((name, b"2" + name, b"3" + name)):
            path = place / os.fsdecode(other[:180] + b".png")
            pixels.putpixel((0, 0), (number, len(photos), 0))
            pixels.save(path)
        photos.append(path)
        broken = place / os.fsdecode(name[:170] + b" broken.png")
        broken.write_bytes(b"no photo")
        photos.append(broken)
    return root, photos


@pytest.fixture
def hostile(open_app: Callable[..., WindowApp], texts: Sequence[str]) -> Iterator[WindowApp]:
    own_models(texts)
    own_runs(texts)
    recent = tuple(f"/photos/{text} & more" for text in texts[:12])
    yield open_app(Settings(model="model0", recent=recent))
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, QDialog) and widget.isVisible():
            widget.close()


def look(qtbot: QtBot, app: WindowApp, width: int) -> Look:
    """Everything that is there; the window has not been stretched."""
    qtbot.wait(2)  # what is laid out later
    found = Look()
    assert not found.wrong, "\n".join(found.wrong[:20])
    assert app.window.width() == width
    assert app.window.minimumSizeHint().width() <= 900
    return found


def idle(app: WindowApp) -> bool:
    return not (app.inference.busy or app.io.busy or app.training.busy)


@pytest.mark.parametrize(
    "texts", [FEW, pytest.param(TEXTS, marks=pytest.mark.slow)], ids=["few", "all"]
)
def test_nothing_is_rendered_read_or_stretched(
    qtbot: QtBot, hostile: WindowApp, tmp_path: Path, texts: Sequence[str]
) -> None:
    app, window = hostile, hostile.window
    width = window.width()
    root, photos = folder_of_names(tmp_path, file_names(texts))
    controller = window.controller

    # The Classify page: answers, broken photos, the model selector, its classes, recent files.
    controller.open_paths(photos)
    qtbot.waitUntil(
        lambda: all(
            photo.state in (PhotoState.DONE, PhotoState.FAILED)
            for photo in controller.photos.photos()
        ),
        timeout=ANSWER_MS,
    )
    qtbot.waitUntil(lambda: idle(app), timeout=ANSWER_MS)
    for row in range(controller.photos.rowCount()):
        controller.select(row)
        window.grab()  # all that is painted is painted
        look(qtbot, app, width)
    window.page.notices.add(IMAGE, "warning", IMAGE)
    window.page.show_models()
    popup = window.page.popup
    shown = []
    for row in range(popup.models.rowCount()):
        popup.view.setCurrentIndex(popup.models.index(row))
        shown += look(qtbot, app, width).seen
    popup.grab()
    popup.hide()
    assert IMAGE in shown, "no model of that title was seen"
    window.page.recent_menu.aboutToShow.emit()
    assert any("&& more" in text for text in look(qtbot, app, width).seen)
    for entry in controller.store.entries:
        if entry.spec.provider == "yours" and entry.spec.classes:
            dialog = ClassesDialog(entry.spec, window)
            dialog.show()
            look(qtbot, app, width)
            assert dialog.width() <= 900
            dialog.close()

    # The Train page: earlier runs, the scanned folder.
    window.show_page("train")
    qtbot.waitUntil(
        lambda: len(window.train_controller.earlier.runs) == len(texts), timeout=ANSWER_MS
    )
    assert IMAGE in look(qtbot, app, width).seen
    window.train_controller.open_folder(root)
    qtbot.waitUntil(
        lambda: (
            window.train_controller.state is TrainState.READY
            and window.train_controller.config is not None
        ),
        timeout=ANSWER_MS,
    )
    qtbot.waitUntil(lambda: idle(app), timeout=ANSWER_MS)
    window.grab()
    look(qtbot, app, width)

    # The Models page: every card, the question before removing.
    window.show_page("models")
    models = window.models_controller
    qtbot.waitUntil(lambda: models.inventory is not None, timeout=ANSWER_MS)
    qtbot.waitUntil(lambda: idle(app), timeout=ANSWER_MS)
    for row in range(models.models.rowCount()):
        window.models_page.view.setCurrentIndex(models.models.index(row))
        if models.current is not None and models.can_remove(models.current):
            models.ask_to_remove()
            look(qtbot, app, width)
            models.keep()
    window.grab()
    look(qtbot, app, width)

    # The Lab: legend, charts, the list of networks that can be drawn.
    window.show_page("lab")
    for view in View:
        window.lab_page.show_view(view)
        qtbot.waitUntil(lambda: window.lab_page.controller.looked and window.lab_page.settled)
        for row in window.lab_page.networks.rows.values():
            row.box.setChecked(True)
        qtbot.waitUntil(lambda: idle(app), timeout=ANSWER_MS)
        window.grab()
        look(qtbot, app, width)

    # Help, and the window still works.
    window.show_keys()
    window.show_about()
    look(qtbot, app, width)
    boxes = [box for box in window.findChildren(HelpBox) if box.isVisible()]
    assert len(boxes) == 2
    for box in boxes:
        box.close()
    window.show_page("classify")
    controller.set_model("efficientnet-lite0")
    qtbot.waitUntil(
        lambda: (
            controller.current is not None
            and (
                controller.current.state is PhotoState.FAILED
                or (
                    controller.current.prediction is not None
                    and controller.current.prediction.model == "efficientnet-lite0"
                )
            )
        ),
        timeout=ANSWER_MS,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="file names are UTF-8 elsewhere")
def test_a_file_name_that_is_no_utf8_is_opened_and_spelled_out(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path], tmp_path: Path
) -> None:
    """Qt's strings cannot hold it: no signal, action or setting may cut it."""
    name = os.fsdecode(b"caf\xe9.jpg")
    path = tmp_path / name
    path.write_bytes(photos["coffee"].read_bytes())
    broken = tmp_path / f"broken {name}"
    broken.write_bytes(b"no photo")
    window, controller = app.window, app.window.controller
    controller.open_paths([path, broken])
    qtbot.waitUntil(
        lambda: (
            [photo.state for photo in controller.photos.photos()]
            == [PhotoState.DONE, PhotoState.FAILED]
        ),
        timeout=ANSWER_MS,
    )
    assert window.page.results.name.text() == name
    index = controller.photos.index(0)
    window.page.strip.view.grab()
    qtbot.waitUntil(
        lambda: controller.photos.data(index, Qt.ItemDataRole.DecorationRole) is not None,
        timeout=ANSWER_MS,
    )
    assert "caf\\udce9.jpg" in controller.photos.data(index, Qt.ItemDataRole.ToolTipRole)
    assert str(path) in window.memory.settings.recent
    controller.clear()
    menu = window.page.recent_menu
    menu.aboutToShow.emit()
    [action] = [a for a in menu.actions() if a.text().endswith("/caf\\udce9.jpg")]
    action.trigger()
    qtbot.waitUntil(
        lambda: [photo.state for photo in controller.photos.photos()] == [PhotoState.DONE],
        timeout=ANSWER_MS,
    )
    model = tmp_path / f"{name}.safetensors"
    model.write_bytes(b"no model")
    controller.open_paths([model])
    notices = window.page.notices
    qtbot.waitUntil(
        lambda: any(name in notice.label.text() for notice in notices.shown), timeout=ANSWER_MS
    )
    assert any("caf\\udce9.jpg" in QLabel.text(notice.label) for notice in notices.shown)
