"""A folder of photos to be filed."""

from __future__ import annotations

from pathlib import Path

import pytest

from resnet_gui.core.filing.batch import How
from tests.helpers.filing import write

COPY, MOVE, LINK = How.COPY, How.MOVE, How.LINK


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with five photos, two of which are the same."""
    folder = tmp_path / "photos"
    for number, name in enumerate(("a.jpg", "b.jpg", "c.jpg", "d.png", "twin.jpg")):
        write(folder / name, "a.jpg" if name == "twin.jpg" else name, number)
    return folder
