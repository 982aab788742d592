"""Names for classes that have only numbers: checked, written into the description, undone."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from resnet_gui.core.errors import ModelFileError
from resnet_gui.core.nets.build import build_network
from resnet_gui.core.zoo import ModelEntry, ModelState
from resnet_gui.core.zoo.storage.class_names import (
    NUMBERED,
    can_be_named,
    is_numbered,
    name_classes,
    problem_with,
    read_names,
)
from resnet_gui.core.zoo.storage.imports import Imported, import_weights
from resnet_gui.core.zoo.weights.model_file import read_header, spec_from_header
from tests.helpers.download_server import drive

NAMES = ("oak", "beech", "común ☕")


def weights(path: Path) -> bytes:
    """What stands behind the header."""
    data = path.read_bytes()
    return data[8 + int.from_bytes(data[:8], "little") :]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("elsewhere") / "leaves.pth"
    torch.save(build_network("resnet18", 3).state_dict(), path)
    return path


def imported(source: Path) -> Imported:
    _, (result,) = drive(import_weights(source))  # type: ignore[arg-type]
    assert isinstance(result, Imported)
    return result


def test_names_are_given_and_taken_back(source: Path) -> None:
    found = imported(source)
    assert is_numbered(found.spec)
    assert can_be_named(ModelEntry(found.spec, ModelState.YOURS, found.path))
    old, described = weights(found.path), read_header(found.path).document
    before = name_classes(found.path, NAMES)
    assert before == ("class 0", "class 1", "class 2")
    spec = spec_from_header(found.path, read_header(found.path), "yours")
    assert (spec.classes, spec.id) == (NAMES, found.spec.id)
    assert not is_numbered(spec)
    assert NUMBERED not in spec.notes
    assert weights(found.path) == old
    again = imported(source)  # the same weights are the same model, with its names
    assert again.already
    assert again.spec.classes == NAMES
    name_classes(found.path, before)
    assert read_header(found.path).document == described
    assert weights(found.path) == old


def test_names_that_do_not_fit_change_nothing(source: Path) -> None:
    path = imported(source).path
    whole = path.read_bytes()
    for names, why in (
        (("oak", "beech"), "2 names for 3 classes."),
        (("oak", "beech", "oak"), "“oak” stands there 2 times"),
        (("oak", "beech", "x" * 201), "is too long"),
    ):
        with pytest.raises(ModelFileError, match=why):
            name_classes(path, names)
    assert path.read_bytes() == whole
    assert not problem_with(NAMES, 3)


def test_names_from_a_file(tmp_path: Path) -> None:
    text = "oak\r\n  beech \r\n\r\ncomún ☕\r\n"
    path = tmp_path / "names.txt"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path.write_bytes(text.encode(encoding))
        assert read_names(path) == NAMES
    path.write_bytes(b"caf\xe9\n")
    with pytest.raises(ModelFileError, match="no plain text"):
        read_names(path)
    path.write_bytes(b"oak\0beech\n")
    with pytest.raises(ModelFileError, match="no list of names"):
        read_names(path)
    with pytest.raises(ModelFileError, match="could not be read"):
        read_names(tmp_path / "none.txt")
