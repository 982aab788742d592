"""A result to pass on: one HTML file that needs nothing beside it, and a table of all photos.

jinja2 escapes every text, so that neither a file's name nor a class can become part of the page;
what cannot be seen is made visible. No torch.
"""

from __future__ import annotations

import base64
import contextlib
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from resnet_gui import __version__
from resnet_gui.core.errors import DatasetError, ImageReadError, ResNetGuiError
from resnet_gui.core.evaluation.answered_by import answered_by
from resnet_gui.core.evaluation.cautions import cautions
from resnet_gui.core.evaluation.metrics import (
    Figures,
    adjusted_words,
    calibration_error,
    coverage_curve,
    log_probabilities,
    reliability,
)
from resnet_gui.core.evaluation.predictions import Predictions
from resnet_gui.core.evaluation.templates import template
from resnet_gui.core.events import ImageSource
from resnet_gui.core.library.tables import BOM, without_formula
from resnet_gui.core.photos.decode import preview
from resnet_gui.core.runs.events import EpochDone, Preparing
from resnet_gui.core.runs.listing import find_run
from resnet_gui.core.system.atomic import replacing
from resnet_gui.core.zoo.spec import ModelSpec

HTML, CSV = "report.html", "photos.csv"
_TEMPLATE = "report.html.j2"
_PHOTOS, _SIDE = 24, 200  # of each gallery; pixels
_MATRIX = 40  # classes; a larger table cannot be read
_CONFUSIONS = 20


@dataclass(frozen=True, slots=True)
class ReportWritten:
    """Where the report lies."""

    html: Path
    csv: Path


def write_report(
    predictions: Predictions,
    folder: Path,
    spec: ModelSpec | None = None,
    *,
    bom: bool = False,
    semicolons: bool = False,
) -> Iterator[Preparing | ReportWritten]:
    """Write `report.html` and `photos.csv` into a folder, which is made if need be.

    Args:
        spec: the model, for its card; None: it is not here any more.
        bom, semicolons: see `write_photos`.

    Yields:
        Preparing ("report"), and ReportWritten last.

    Raises:
        DatasetError: the folder cannot be written or the disk is full; then there is none of it.
    """
    wrong = predictions.confidently_wrong()
    galleries = [
        ("Confidently wrong", wrong[:_PHOTOS]),
        ("Highest loss", [i for i in predictions.worst()[:_PHOTOS] if i not in wrong[:_PHOTOS]]),
        ("Least sure", predictions.least_sure()[:_PHOTOS]),
    ]
    total, done = sum(len(rows) for _, rows in galleries), 0
    shown = []
    for title, rows in galleries:
        photos = []
        for index in rows:
            photos.append(_photo(predictions, index))
            done += 1
            yield Preparing("report", done, total)
        if photos:
            shown.append({"title": title, "photos": photos})
    page = template(_TEMPLATE).render(**_page(predictions, spec), galleries=shown)
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / HTML) as html:  # both or none
            html.write_text(page, encoding="utf-8", newline="\n")
            write_photos(predictions, folder / CSV, bom=bom, semicolons=semicolons)
    except OSError as error:
        if made:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise DatasetError(
            folder,
            f"The report cannot be written to {folder} ({error.strerror}).",
            "Choose another folder, or free some space.",
        ) from error
    yield ReportWritten(folder / HTML, folder / CSV)


def write_photos(
    predictions: Predictions, path: Path, *, bom: bool = False, semicolons: bool = False
) -> None:
    """Every photo's answer as CSV (UTF-8). A text that a spreadsheet would run as a formula gets an
    apostrophe before it.

    Args:
        bom: begin with a byte order mark, by which Excel knows UTF-8. semicolons: between the
            cells, and commas in the numbers, see `library.tables`.

    Raises:
        OSError: the disk is full or gone.
    """
    labels, answers = predictions.facts.classes, predictions.answers
    confidences, losses = predictions.confidences(), predictions.losses()
    rows = io.StringIO(BOM if bom else "")
    rows.seek(0, io.SEEK_END)
    writer = csv.writer(rows, delimiter=";" if semicolons else ",", lineterminator="\n")

    def number(value: float) -> str:
        return f"{value:.6f}".replace(".", ",") if semicolons else f"{value:.6f}"

    writer.writerow(("path", "truth", "answer", "right", "probability", "loss", "unlike"))
    for index in range(predictions.facts.n):
        truth, answer = int(predictions.truth[index]), int(answers[index])
        writer.writerow((
            without_formula(predictions.paths[index]), without_formula(labels[truth]),
            without_formula(labels[answer]),
            int(truth == answer), number(confidences[index]), number(losses[index]),
            number(predictions.unlike[index]),
        ))  # fmt: skip
    with replacing(path) as temporary:
        temporary.write_bytes(rows.getvalue().encode("utf-8", "surrogateescape"))


def _page(predictions: Predictions, spec: ModelSpec | None) -> dict[str, Any]:
    facts, figures = predictions.facts, predictions.figures()
    right = predictions.answers == predictions.truth
    bins = reliability(predictions.confidences(), right)
    low, high = figures.interval
    part = {"val": "validation", "all": "whole folder"}.get(facts.part, facts.part)
    confusions = confused_most(figures)
    return {
        "title": f"{facts.title} on {Path(facts.data).name}",
        "subtitle": f"{facts.n:,} photos, {part}, measured {facts.made[:16].replace('T', ' ')} UTC",
        "accuracy": f"{figures.accuracy:.1%}",
        "interval": f"{figures.right:,} of {figures.n:,} photos; 95 % interval {low:.1%} to "
        f"{high:.1%}",
        "cautions": [*cautions(facts), *filter(None, [figures.lopsided()])],
        "figures": _figures(figures, predictions, bins),
        "classes": [
            (
                c.label,
                f"{c.support:,}",
                _share(c.recall),
                "–" if c.interval is None else f"{c.interval[0]:.1%} to {c.interval[1]:.1%}",
                _share(c.precision),
                _share(c.f1),
            )
            for c in figures.classes
            if c.support or c.called
        ],
        "matrix": _matrix(figures),
        "confusions": [
            (facts.classes[t], facts.classes[a], f"{n:,}") for t, a, n in confusions[:_CONFUSIONS]
        ],
        "charts": [_reliability(bins), _coverage(predictions, right), *_curves(facts.run)],
        "sections": _sections(predictions, spec),
        "version": __version__,
    }


def confused_most(figures: Figures) -> list[tuple[int, int, int]]:
    """Truth, answer and number of photos of all confusions, the most frequent first."""
    pairs = figures.pairs[figures.pairs[:, 0] != figures.pairs[:, 1]]
    order = np.argsort(-pairs[:, 2], kind="stable")
    return [(truth, answer, photos) for truth, answer, photos in pairs[order].tolist()]


def _figures(figures: Figures, predictions: Predictions, bins: Any) -> list[tuple[str, str]]:
    calibrated = adjusted_words(predictions.calibration.temperature)
    rows = [
        ("Precision, recall, F1 (mean over the classes)", ", ".join(
            _share(figures.macro(name)) for name in ("precision", "recall", "f1"))),
        ("Loss", f"{figures.loss:.4f}{calibrated}"),
        ("How far its percentages are off (calibration error)",
         f"{calibration_error(bins):.1%}{calibrated}"),
    ]  # fmt: skip
    if len(figures.classes) > 5:
        rows.insert(0, ("Among the best five", f"{figures.top5:.1%}"))
    if (unsure := predictions.calibration.unsure) is not None:
        rows.append(("“Not sure” below", f"{unsure:.0%}"))
    return rows


def _matrix(figures: Figures) -> dict[str, Any] | None:
    used = figures.occurring
    if len(used) > _MATRIX:
        return None
    rows = []
    for i, counts in zip(used, figures.confusion(used).tolist(), strict=True):
        support = max(1, figures.classes[i].support)
        cells = [
            {
                "count": f"{count:,}" if count else "",
                "share": f"{min(0.8, count / support):.2f}",
                "colour": "37, 99, 201" if i == j else "214, 72, 40",
            }
            for j, count in zip(used, counts, strict=True)
        ]
        rows.append({"label": figures.classes[i].label, "cells": cells})
    return {"labels": [figures.classes[i].label for i in used], "rows": rows}


def _sections(predictions: Predictions, spec: ModelSpec | None) -> list[dict[str, Any]]:
    facts = predictions.facts
    data = [
        ("Folder", facts.data),
        ("Part", f"{facts.part} ({'of the run' if facts.part_of == 'run' else 'of the folder'})"),
        ("Fingerprint (SHA-256 over paths and sizes)", facts.fingerprint or "not known"),
        ("Classes", ", ".join(facts.classes[:50]) + (" …" if len(facts.classes) > 50 else "")),
        ("How they were answered", answered_by(facts) or "not known"),
    ]
    model = [("Id", facts.model), ("Weights", facts.weights or "not known")]
    if spec is not None:
        prep = spec.preprocessing
        model += [
            ("Architecture", spec.architecture),
            ("Parameters", f"{spec.parameters:,}"),
            ("Input", f"shorter side to {prep.resize}, centre {prep.crop} × {prep.crop} pixels"),
            ("Trained on", spec.dataset or "not stated"),
            ("Licence", spec.licence or "not stated"),
            ("Notes", spec.notes or "none"),
        ]
    sections = [{"title": "Photos", "rows": data}, {"title": "Model", "rows": model}]
    if settings := _settings(facts.run):
        sections.append({"title": "Settings of its run", "rows": settings})
    return sections


def _settings(run: str) -> list[tuple[str, str]]:
    if not run:
        return []
    try:
        config = find_run(run).config.to_json()
    except ResNetGuiError:
        return []
    return [(name.replace("_", " "), str(value)) for name, value in config.items()]


# --- pictures -------------------------------------------------------------------------------------


def _photo(predictions: Predictions, index: int) -> dict[str, Any]:
    from PIL import Image

    labels = predictions.facts.classes
    truth, answer = int(predictions.truth[index]), int(predictions.logits[index].argmax())
    temperature = predictions.calibration.temperature
    best = log_probabilities(predictions.logits[index : index + 1], temperature).max()
    data = ""
    try:
        image = preview(ImageSource.file(predictions.path(index)), _SIDE)
    except ImageReadError:
        pass
    else:
        buffer = io.BytesIO()
        picture = Image.frombytes("RGB", (image.width, image.height), image.data)
        picture.save(buffer, "JPEG", quality=80)
        data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return {
        "name": predictions.paths[index],
        "truth": labels[truth],
        "answer": labels[answer],
        "probability": f"{float(np.exp(best)):.1%}",
        "wrong": truth != answer,
        "data": data,
    }


_LEFT, _TOP, _WIDTH, _HEIGHT = 50, 10, 286, 200


def _at(x: float, y: float) -> tuple[float, float]:
    """A point of the unit square in a chart."""
    return round(_LEFT + x * _WIDTH, 1), round(_TOP + (1 - y) * _HEIGHT, 1)


def _line(points: Sequence[tuple[float, float]], colour: str, dashed: bool = False) -> Any:
    text = " ".join(f"{x},{y}" for x, y in (_at(*point) for point in points))
    return {"points": text, "colour": colour, "dashed": dashed}


def _marks(x: str, y: str, x_ends: tuple[str, str], y_ends: tuple[str, str]) -> list[Any]:
    return [
        (_LEFT, 225, "start", x_ends[0]), (_LEFT + _WIDTH, 225, "end", x_ends[1]),
        (_LEFT + _WIDTH / 2, 238, "middle", x), (_LEFT - 4, 210, "end", y_ends[0]),
        (_LEFT - 4, 18, "end", y_ends[1]), (_LEFT + 4, 20, "start", y),
    ]  # fmt: skip


def _reliability(bins: Any) -> dict[str, Any]:
    bars = []
    for item in bins:
        if item.photos:
            left, top = _at(item.low, item.accuracy)
            width = round((item.high - item.low) * _WIDTH - 2, 1)
            bars.append((left + 1, top, width, round(item.accuracy * _HEIGHT, 1)))
    return {
        "title": "Right answers by how sure the model was; on the line they agree",
        "bars": bars,
        "lines": [_line([(0, 0), (1, 1)], "--soft", dashed=True)],
        "marks": _marks("how sure", "right", ("0 %", "100 %"), ("0 %", "100 %")),
    }


def _coverage(predictions: Predictions, right: Any) -> dict[str, Any]:
    curve = coverage_curve(predictions.confidences(), right)
    n = max(1, predictions.facts.n)
    points = [(c.answered / n, c.right / c.answered) for c in curve if c.answered]
    low = min((y for _, y in points), default=0.0)
    floor = max(0.0, np.floor(low * 10) / 10 - (0.1 if low == 1 else 0))
    scaled = [(x, (y - floor) / max(1e-9, 1 - floor)) for x, y in points]
    return {
        "title": "Right answers, if the model says nothing where it is less sure",
        "bars": [],
        "lines": [_line(scaled, "--blue")],
        "marks": _marks(
            "photos answered", "right", ("0 %", "100 %"), (f"{floor * 100:.0f} %", "100 %")
        ),
    }


def _curves(run: str) -> list[dict[str, Any]]:
    """How the loss fell in the run that made the model."""
    if not run:
        return []
    try:
        epochs: list[EpochDone] = find_run(run).metrics()
    except ResNetGuiError:
        return []
    if len(epochs) < 2:
        return []
    train = [(e.epoch, e.train_loss) for e in epochs]
    validation = [(e.epoch, e.val_loss) for e in epochs if e.val_loss is not None]
    top = max(y for _, y in train + validation) or 1.0
    last = epochs[-1].epoch

    def scaled(points: list[tuple[int, float]]) -> list[tuple[float, float]]:
        return [((x - 1) / max(1, last - 1), y / top) for x, y in points]

    lines = [_line(scaled(train), "--soft", dashed=True)]
    if validation:
        lines.append(_line(scaled(validation), "--blue"))
    return [{
        "title": "Loss by epoch: training dashed, validation whole",
        "bars": [],
        "lines": lines,
        "marks": _marks("epoch", "loss", ("1", str(last)), ("0", f"{top:.2g}")),
    }]  # fmt: skip


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"
