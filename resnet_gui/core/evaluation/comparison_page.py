"""A comparison of two models as a web page: what an audit asks for before a model is replaced."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from resnet_gui import __version__
from resnet_gui.core.errors import DatasetError
from resnet_gui.core.evaluation.intervals import wilson_interval
from resnet_gui.core.evaluation.paired import Cell, Compared, PairedPhoto
from resnet_gui.core.evaluation.templates import template
from resnet_gui.core.system.atomic import replacing
from resnet_gui.core.words import count_noun

SUFFIX = ".html"
_PHOTOS = 1_000  # rows of a table
_PARTS = (
    (Cell.FIXED, "Only B is right"),
    (Cell.BROKEN, "Only A is right"),
    (Cell.BOTH_WRONG, "Both are wrong"),
)


def write_comparison(compared: Compared, target: Path) -> Generator[Path, None, Path]:
    """Write the page, whole or not at all.

    Yields and returns:
        where it is.

    Raises:
        DatasetError: it cannot be written; what had its name stays.
    """
    text = template("comparison.html.j2").render(_page(compared))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as temporary:
            temporary.write_bytes(text.encode("utf-8", "replace"))
    except OSError as error:
        raise DatasetError(
            target,
            f"The comparison cannot be written to {target} ({error.strerror}).",
            "Choose another folder, or free some space.",
        ) from error
    yield target
    return target


def _page(compared: Compared) -> dict[str, Any]:
    counts = compared.counts()
    models = [
        (letter, title, model, f"{right:,} of {compared.n:,}", f"{value:.1%}", _span(low, high),
         f"kept, {made[:10]}" if made else "asked for this")
        for letter, title, model, right, (value, low, high), made in zip(
            "AB", compared.titles, compared.models, compared.right(), compared.accuracies(),
            compared.kept, strict=True,
        )
    ]  # fmt: skip
    first, second = compared.titles
    part = {"val": "validation", "all": "whole folder", "unseen": "new to both models"}
    parts = []
    for cell, title in _PARTS:
        photos = compared.of(cell)
        more = len(photos) - _PHOTOS
        parts.append({
            "title": title,
            "count": count_noun(counts[cell], "photo"),
            "photos": [_row(compared, photo) for photo in photos[:_PHOTOS]],
            "more": f"And {count_noun(more, 'more photo')}." if more > 0 else "",
        })  # fmt: skip
    return {
        "title": f"{first} and {second} on {Path(compared.data).name}",
        "subtitle": f"{Path(compared.data).absolute()}: {count_noun(compared.n, 'photo')}, "
        f"{part.get(compared.part, compared.part)}",
        "models": models,
        "sentence": compared.sentence("A", "B"),
        "cautions": [text for text in (compared.caution(),) if text],
        "classes": _classes(compared),
        "parts": parts,
        "version": __version__,
        "made": f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
    }


def _classes(compared: Compared) -> list[tuple[str, ...]]:
    found: dict[str, list[int]] = {}
    for photo in compared.photos:
        counts = found.setdefault(photo.truth, [0, 0, 0])
        counts[0] += 1
        counts[1] += photo.first == photo.truth
        counts[2] += photo.second == photo.truth
    return [
        (label, f"{n:,}", f"{first:,}", _span(*wilson_interval(first, n)), f"{second:,}",
         _span(*wilson_interval(second, n)))
        for label, (n, first, second) in sorted(found.items(), key=lambda item: item[0].casefold())
    ]  # fmt: skip


def _row(compared: Compared, photo: PairedPhoto) -> tuple[str, ...]:
    path, root = Path(photo.path).absolute(), Path(compared.data).absolute()
    marks = ["✓" if said == photo.truth else "✗" for said in (photo.first, photo.second)]
    return (
        str(path.relative_to(root) if path.is_relative_to(root) else path),
        photo.truth,
        f"{marks[0]} {photo.first} {photo.first_probability:.0%}",
        f"{marks[1]} {photo.second} {photo.second_probability:.0%}",
    )


def _span(low: float, high: float) -> str:
    return f"{low:.1%} to {high:.1%}"
