"""What stands where an answer will be."""

from __future__ import annotations

from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.widgets.photo_list import PhotoState


def hint_of(controller: ClassifyController) -> str:
    """Why the photo on the screen has no answer; "" while the models are looked for."""
    if controller.store.inventory is None:
        return ""
    if controller.entry is None and controller.store.offline:
        return "No model is on this computer yet. Import one on the Models page."
    if controller.entry is None:
        return "No model is on this computer yet. Choose one above to download."
    photo = controller.current
    if photo is not None and photo.state is PhotoState.IDLE:
        return "Not classified yet."
    return "Looking at it…"
