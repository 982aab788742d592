"""The command `explain`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from resnet_gui.cli import main as cli
from resnet_gui.core.system.paths import user_models_dir
from tests.helpers.models import small_model
from tests.helpers.pictures import gradient


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, ["explain", *map(str, arguments)])


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    small_model(user_models_dir() / "insects.safetensors")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "leaf.jpg"
    gradient(120, 80).save(path)
    return path


def test_it_writes_the_photo_with_the_heat_on_it(photo: Path) -> None:
    result = invoke(photo, "--model", "insects")
    assert result.exit_code == 0, result.output
    assert "hint, not a proof" in result.stderr
    assert str(photo) in result.stdout
    with Image.open("leaf-why.png") as written, Image.open(photo) as original:
        assert written.size == original.size
        left = (0, 0, 10, 80)  # outside of the crop, which is a square in the middle
        assert written.crop(left).tobytes() == original.crop(left).tobytes()
        middle = (50, 30, 70, 50)
        assert written.crop(middle).tobytes() != original.crop(middle).tobytes()


def test_for_one_class_in_the_other_way_for_programs(photo: Path) -> None:
    options = ("--model", "insects", "--class", "BEE", "--method", "occlusion", "--json")
    result = invoke(photo, *options, "--out", "deep/why.png")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["label"], found["index"], found["method"]) == ("bee", 1, "occlusion")
    assert (found["path"], found["model"], found["error"]) == (str(photo), "insects", None)
    assert 0 < found["probability"] < 1
    assert Path(found["out"]).is_file()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--class", "beee"), "Did you mean “bee”?"),
        (("--class", "7"), "has no class “7”"),
        (("--method", "magic"), "choose gradcam or occlusion"),
        (("--out", "why.jpg"), "no file name ending in .png"),
        (("--device", "abacus"), "there is no kind of device"),
    ],
)
def test_wrong_use_is_told(photo: Path, options: tuple[str, ...], says: str) -> None:
    result = invoke(photo, "--model", "insects", *options)
    assert result.exit_code == 2
    assert says in " ".join(str(result.exception or result.output).split()) or says in " ".join(
        result.stderr.replace("│", " ").split()
    )


def test_a_photo_that_cannot_be_read(photo: Path) -> None:
    photo.write_text("no photo")
    result = invoke(photo, "--model", "insects", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["message"].startswith("leaf.jpg")
    assert not Path("leaf-why.png").exists()


def test_a_folder_that_cannot_be_written(photo: Path) -> None:
    (photo.parent / "file").write_text("")
    result = invoke(photo, "--model", "insects", "--out", photo.parent / "file" / "why.png")
    assert (result.exit_code, "is a file, so there can be no" in result.stderr) == (2, True)
