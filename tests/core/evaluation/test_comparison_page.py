"""The page of a comparison: what an audit reads before a model is replaced."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from resnet_gui.core.errors import DatasetError
from resnet_gui.core.evaluation.comparison_page import write_comparison
from resnet_gui.core.evaluation.paired import Compared, PairedPhoto


def compared(folder: Path) -> Compared:
    said = {("OK", "OK", "OK"): 80, ("<b>bad", "OK", "<b>bad"): 2, ("<b>bad", "OK", "OK"): 4}
    photos = tuple(
        PairedPhoto(str(folder / item[0] / f"{item[2]} {n}.jpg"), *item, 0.912, 0.7)
        for item, count in said.items()
        for n in range(count)
    )
    kept = ("2026-10-01T08:00:00+00:00", "")
    return Compared(("old", "new"), ("October", "New\u202e"), str(folder), "all", photos, kept=kept)


def test_the_page_says_all_that_decides(tmp_path: Path) -> None:
    target = tmp_path / "audit" / "november.html"
    assert list(write_comparison(compared(tmp_path), target)) == [target]
    page = target.read_text(encoding="utf-8")
    assert "<b>bad" not in page  # a class may be called anything
    assert "\u202e" not in page
    rows = [
        re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", row))).strip()
        for row in re.findall(r"<tr>.*?</tr>", page)
    ]
    assert "A October old 80 of 86 93.0% 85.6% to 96.8% kept, 2026-10-01" in rows
    assert "<b>bad 6 0 0.0% to 39.0% 2 9.7% to 70.0%" in rows
    assert "<b>bad/<b>bad 0.jpg <b>bad ✗ OK 91% ✓ <b>bad 70%" in rows
    assert "B is right on 2 photos where A is wrong, A on 0" in page
    assert page.count("<h2>") == 4
    assert "OK/OK 0.jpg" not in page  # where both are right nothing has to be looked at


def test_a_page_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DatasetError, match="cannot be written"):
        list(write_comparison(compared(tmp_path), tmp_path / "file" / "page.html"))
