"""The tiny model with its conversion, made once and copied for each test that wants it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from resnet_gui.core.inference import converted
from resnet_gui.core.inference.convert import convert
from resnet_gui.core.inference.converted import conversions_dir, find_conversion
from tests.helpers.training import make_tiny_model, user_zoo


def make_converted_home(home: Path) -> Path:
    """A home with the tiny model and its conversion."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESNET_GUI_HOME", str(home))
        make_tiny_model()
        assert list(convert(user_zoo().ready("tiny")))[-1] == "done"
        found = find_conversion(user_zoo().ready("tiny"))
        assert found is not None
        assert found.usable
    return home


def copy_converted_home(made: Path, home: Path) -> None:
    """Make `home`, which is the test's own, a copy of it."""
    shutil.copytree(made, home)
    path = user_zoo().ready("tiny").weights_path
    assert path is not None
    # A hash is remembered for a file as it was: of the copies, they are the same.
    known = json.loads((conversions_dir() / "hashes.json").read_text())
    sha256 = known[str(made / path.relative_to(home))][-1]
    converted.remember_hash(path, converted.file_stamp(path), sha256)
