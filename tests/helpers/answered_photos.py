"""Photos of the list, answered as a test wants it."""

from __future__ import annotations

from resnet_gui.core.events import ClassScore, ImageSource, KindScore, Prediction
from resnet_gui.ui.widgets.photo_list import Photo, PhotoState


def answered(
    *shares: float, kind: KindScore | None = None, article: str = "", path: str = "/a/cat.jpg"
) -> Photo:
    labels = ("tabby", "tiger cat", "Egyptian cat", "lynx", "washer")
    scores = tuple(
        ClassScore(label, index, share)
        for index, (label, share) in enumerate(zip(labels, shares, strict=False))
    )
    prediction = Prediction(
        0, path, "a", scores, 64, 48, "CPU", 2.0, 3.0, kind=kind, article=article
    )
    return Photo(ImageSource.file(path), PhotoState.DONE, None, prediction)


CAT = KindScore("cat", "a ", 0.736)
UNSURE = (0.31, 0.25, 0.176, 0.1, 0.05)
