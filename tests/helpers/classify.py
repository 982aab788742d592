"""A controller of the Classify page, on the fake engine alone."""

from __future__ import annotations

from pathlib import Path

from resnet_gui.core.zoo import ModelState
from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.downloads import Downloads
from resnet_gui.ui.imports import Imports
from tests.helpers.fake_engine import Rig, model

A, B = model("a"), model("b")
GONE = model("c", ModelState.DOWNLOADABLE)


def make(rig: Rig) -> ClassifyController:
    downloads = Downloads(rig.engine.download, rig.io, rig.parent)
    imports = Imports(rig.engine.import_weights, rig.io, rig.parent)
    return ClassifyController(rig.means, downloads, imports, rig.parent)


def paths(folder: Path, *names: str) -> list[Path]:
    return [folder / name for name in names]


def labels(controller: ClassifyController) -> list[str]:
    return [p.prediction.top.label if p.prediction else "" for p in controller.photos.photos()]
