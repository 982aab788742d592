"""A run whose folder was moved goes on with the same photos elsewhere, and with no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from resnet_gui.core.errors import DatasetChangedError, DatasetError
from resnet_gui.core.runs.events import EpochDone, RunFinished
from resnet_gui.core.runs.listing import list_runs, runs_dir
from resnet_gui.core.training.api import resume, train
from tests.helpers.training import (
    curve,
    make_photos,
    make_tiny_model,
    tiny_config,
    user_zoo,
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_tiny_model()
    return make_photos(tmp_path / "colours")


@pytest.mark.parametrize("method", ["head", "full"])
def test_it_goes_on_elsewhere_as_if_nothing_had_happened(
    data: Path, tmp_path: Path, method: str
) -> None:
    config = tiny_config(data, method=method, epochs=2)
    unbroken = list(train(config, zoo=user_zoo()))
    generator = train(config, zoo=user_zoo())
    first = [next(e for e in generator if isinstance(e, EpochDone))]
    generator.close()
    path = runs_dir() / first[0].run
    (tmp_path / "stick").mkdir()
    moved = data.rename(tmp_path / "stick" / "colours of last year")
    with pytest.raises(DatasetError, match="is not there"):
        list(resume(path, zoo=user_zoo()))
    # The outer folder will do: it holds nothing else.
    second = list(resume(path, zoo=user_zoo(), data=tmp_path / "stick"))
    assert isinstance(second[-1], RunFinished)
    assert curve([*first, *second]) == curve(unbroken)
    [info] = [run for run in list_runs() if run.path == str(path)]
    assert info.data == str(moved)


def test_other_photos_are_named_and_nothing_is_written(data: Path, tmp_path: Path) -> None:
    generator = train(tiny_config(data), zoo=user_zoo())
    path = runs_dir() / next(e for e in generator if isinstance(e, EpochDone)).run
    generator.close()
    whole = (path / "run.json").read_bytes()
    moved = data.rename(tmp_path / "elsewhere")

    def refused(folder: Path = moved) -> str:
        with pytest.raises(DatasetError) as caught:
            list(resume(path, zoo=user_zoo(), data=folder))
        assert (path / "run.json").read_bytes() == whole
        return str(caught.value)

    assert "is not there" in refused(tmp_path / "nothing")
    photo = moved / "red" / "000.jpg"
    content = photo.read_bytes()
    photo.write_bytes(content + b" ")
    assert "replaced by files of another size" in refused()
    photo.write_bytes(content)
    (moved / "red" / "new.jpg").write_bytes(content)
    assert "others came or went: “red/new.jpg”" in refused()
    (moved / "red" / "new.jpg").unlink()
    (moved / "red").rename(moved / "rot")
    with pytest.raises(DatasetChangedError, match=r"“red/000.jpg”, “red/00.*more"):
        list(resume(path, zoo=user_zoo(), data=moved))
    (moved / "rot").rename(moved / "red")
    assert isinstance(list(resume(path, zoo=user_zoo(), data=moved))[-1], RunFinished)
