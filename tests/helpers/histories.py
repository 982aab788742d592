"""Made-up histories for tests: whole in form, with errors that the test chooses."""

from __future__ import annotations

import json
from pathlib import Path

from resnet_gui.core.lab.histories import HistoryFound
from resnet_gui.core.runs.events import EpochDone, LayerStatistics
from resnet_gui.core.runs.history import TrainingHistory


def epoch(number: int, epochs: int, error: float, val_error: float | None) -> EpochDone:
    return EpochDone(
        run="r", epoch=number, epochs=epochs, step=number * 10, phase="network",
        train_loss=error * 3, train_accuracy=1 - error,
        val_loss=None if val_error is None else val_error * 3,
        val_accuracy=None if val_error is None else 1 - val_error,
        lr=0.1, seconds=1.0, photos_per_s=100.0, best=False,
    )  # fmt: skip


def layers(depth: int, at: int, span: float, ratio: float) -> LayerStatistics:
    """Gradients that fall by `span` from the first layer to the last convolution."""
    blocks = (depth - 2) // 6
    names = ["stem.conv"]
    names += [
        f"stage{stage}.{block}.residual.conv{number}"
        for stage in (1, 2, 3)
        for block in range(blocks)
        for number in (1, 2)
    ]
    last = len(names) - 1
    gradients = {name: span ** (1 - n / last) for n, name in enumerate(names)} | {"head": 5.0}
    ratios = {f"stage{stage}.{block}": ratio for stage in (1, 2, 3) for block in range(blocks)}
    return LayerStatistics(at, gradients, ratios)


def history(
    kind: str,
    depth: int,
    error: float,
    *,
    epochs: int = 6,
    spans: tuple[float, ...] = (),
    ratio: float = 1.0,
) -> TrainingHistory:
    """One whose training error falls to `error`, validation 2 points above."""
    name = "ResNet" if kind == "residual" else kind.capitalize()
    return TrainingHistory(
        id=f"{kind}{depth}",
        title=f"{name}-{depth} on pictures",
        architecture="cifar_resnet",
        options={"depth": depth, "kind": kind, "shortcut": "A"},
        epochs=tuple(
            epoch(n, epochs, error + 0.1 * (epochs - n), error + 0.02 + 0.1 * (epochs - n))
            for n in range(1, epochs + 1)
        ),
        layers=tuple(layers(depth, at, span, ratio) for at, span in enumerate(spans)),
    )


def found(item: TrainingHistory, *, own: bool = False, data: str = "d") -> HistoryFound:
    return HistoryFound(f"{own}:{item.id}", item, own, data)


def write(folder: Path, *items: TrainingHistory) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for item in items:
        path = folder / f"{item.id}.history.json"
        path.write_text(json.dumps(item.to_json()), encoding="utf-8")
