"""The commands `sort` and `undo`: what they do to files, what they say, and the exit codes."""

from __future__ import annotations

import contextlib
import errno
import json
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from resnet_gui import __main__
from resnet_gui.cli import filing as cli_filing
from resnet_gui.cli.commands import sort as sorting
from resnet_gui.core.calibration import Calibration
from resnet_gui.core.evaluation.apply_calibration import apply_calibration
from resnet_gui.core.filing import carry_out as carrying
from resnet_gui.core.filing.batch import BatchState, Plan
from resnet_gui.core.filing.disk import copy_new
from resnet_gui.core.filing.journal import at_work, list_batches
from resnet_gui.core.system import paths
from resnet_gui.core.zoo import Zoo
from tests.helpers.filing import tree, write
from tests.helpers.models import small_model
from tests.helpers.pictures import encoded, gradient

Main = Callable[..., tuple[int, str, str]]


@pytest.fixture
def resnet_gui(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Main:
    """The real entry point, in this process: exit code, stdout, stderr."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["resnet-gui", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            __main__.main()
        captured = capsys.readouterr()
        assert isinstance(end.value.code, int) or end.value.code is None
        return end.value.code or 0, captured.out, captured.err

    return run


@pytest.fixture
def photos(tmp_path: Path, own_home: Path) -> Path:
    """Three photos, one with edits, and a model of the labels “ant”, “bee”, “cat [tabby]”."""
    small_model(paths.user_models_dir() / "insects.safetensors")
    folder = tmp_path / "photos"
    for number, name in enumerate(("[a].jpg", "größe 🐱.jpg", "c.jpg")):
        write(folder / name, encoded(gradient(64 - number, 48), "JPEG"), number)
    write(folder / "c.xmp", "edits")
    return folder


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_dry_run_tells_all_and_does_nothing(resnet_gui: Main, photos: Path) -> None:
    before, into = tree(photos), photos.with_name("sorted")
    arguments = ("sort", photos, "--into", into, "--dry-run", "--min-confidence", "0")
    code, out, err = resnet_gui(*arguments, "--json")
    assert (code, err) == (0, "")
    *pieces, plan = lines(out)
    assert [piece["event"] for piece in pieces] == ["piece"] * 4
    assert plan["event"] == "plan"
    assert (plan["photos"], plan["along"], plan["dry_run"]) == (3, 1, True)
    assert plan["bytes"] == sum(len(found.content) for found in before.values() if found)
    along = next(piece for piece in pieces if piece["photo"])
    assert along["source"] == str(photos / "c.xmp")
    assert Path(along["target"]).parent.parent == into
    code, out, _ = resnet_gui(*arguments)
    assert code == 0
    assert f"{photos / '[a].jpg'}  ->  {into}" in out
    assert "Copy 3 photos into" in out
    assert "1 file with edits goes along." in out
    assert tree(photos) == before
    assert not into.exists()
    assert list_batches() == []


def test_sorted_and_undone(resnet_gui: Main, photos: Path) -> None:
    before, into = tree(photos), photos.with_name("sorted")
    arguments = ("sort", photos, "--into", into, "--move", "--min-confidence", "0")
    code, out, err = resnet_gui(*arguments)
    assert (code, out) == (0, "")
    assert f"3 photos moved into {into}." in err
    assert tree(photos) == {}
    names = {Path(name).name for name, found in tree(into).items() if found}
    assert names == set(before)
    code, out, _ = resnet_gui("undo", "--list")
    assert code == 0
    assert "Move 3 photos into" in out
    code, out, err = resnet_gui("undo", "--json")
    assert (code, err) == (0, "")
    assert lines(out)[-1]["done"] == 4
    assert tree(photos) == before
    assert not into.exists()
    code, _, err = resnet_gui("undo")
    assert code == 2
    assert "nothing to undo" in err
    code, out, _ = resnet_gui("undo", "--list", "--json")
    assert [line["state"] for line in lines(out)] == ["undone"]


def test_what_is_unsure_stays(resnet_gui: Main, photos: Path) -> None:
    into = photos.with_name("sorted")
    arguments = ("sort", photos, "--into", into, "--min-confidence", "1")
    code, _, err = resnet_gui(*arguments)
    assert code == 0
    assert "3 photos stay: the model is less than 100% sure." in err
    assert not into.exists()
    code, _, _ = resnet_gui(*arguments, "--unsure-folder", "not sure", "--symlink")
    assert code == 0
    assert len(list((into / "not sure").iterdir())) == 4
    assert all(path.is_symlink() for path in (into / "not sure").iterdir())


def test_the_threshold_that_was_chosen_for_a_model_holds(resnet_gui: Main, photos: Path) -> None:
    """Who let it say “not sure” below 100 %, so that no defect passes, had it sort above 50 %."""
    entry = Zoo.standard().get("insects")
    apply_calibration(entry, Calibration(unsure=1.0))
    into = photos.with_name("sorted")
    arguments = ("sort", photos, "--into", into, "--model", "insects", "--dry-run")
    _, out, _ = resnet_gui(*arguments)
    assert "3 photos stay: the model is less than 100% sure." in out
    _, out, _ = resnet_gui(*arguments, "--min-confidence", "0")
    assert out
    assert "less than" not in out


def test_labels_that_no_folder_can_be_called_like_are_told(resnet_gui: Main, photos: Path) -> None:
    small_model(paths.user_models_dir() / "insects.safetensors", classes=("a/b", "c:d", "e?f"))
    into = photos.with_name("sorted")
    code, out, err = resnet_gui(
        "sort", photos, "--into", into, "--min-confidence", "0", "--dry-run", "--model", "insects"
    )
    assert code == 0
    told = {"a_b": "“a/b”", "c_d": "“c:d”", "e_f": "“e?f”"}
    folders = {name for name in told if f"/{name}/" in out}
    assert folders
    said = ", ".join(f"{told[name]} goes into “{name}”" for name in sorted(folders))
    assert f"No folder can be called like some labels: {said}." in err


def test_into_a_folder_of_the_same_folder(resnet_gui: Main, photos: Path) -> None:
    """What was sorted before is not sorted once more."""
    arguments = ("sort", photos, "--into", photos / "sorted", "--min-confidence", "0")
    assert resnet_gui(*arguments)[0] == 0
    sorted_once = tree(photos)
    code, _, err = resnet_gui(*arguments)
    assert code == 0
    assert "3 photos in" in err
    assert "3 photos stay: there already." in err
    assert tree(photos) == sorted_once


def test_photos_that_cannot_be_read_are_named(resnet_gui: Main, photos: Path) -> None:
    write(photos / "broken.jpg", "no photo")
    into = photos.with_name("sorted")
    code, out, _ = resnet_gui("sort", photos, "--into", into, "--json", "--min-confidence", "0")
    assert code == 1
    failed = [line for line in lines(out) if line["event"] == "failed"]
    assert [line["path"] for line in failed] == [str(photos / "broken.jpg")]
    assert lines(out)[-1]["done"] == 4


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--by", "date"), "sorted by label"),
        (("--move", "--copy"), "choose one of"),
        (("--min-confidence", "2"), "less than or equal to 1"),
        (("--model", "none such"), "none such"),
    ],
)
def test_wrong_use(resnet_gui: Main, photos: Path, wrong: tuple[str, ...], said: str) -> None:
    before = tree(photos)
    code, _, err = resnet_gui("sort", photos, "--into", photos.with_name("sorted"), *wrong)
    assert code == 2
    assert said in err
    assert tree(photos) == before


def test_targets_that_cannot_be_are_named_before_anything_slow(
    resnet_gui: Main, photos: Path
) -> None:
    file = write(photos.with_name("file"), "no folder")
    for into in (file, file / "sub"):
        code, out, err = resnet_gui("sort", photos, "--into", into, "--json")
        assert code == 2
        assert "is a file" in err
        assert out == ""
    with at_work():
        code, _, err = resnet_gui(
            "sort", photos, "--into", photos.with_name("sorted"), "--min-confidence", "0"
        )
    assert code == 1
    assert "Another window or terminal" in err


def test_a_full_disk_says_how_to_go_on(
    resnet_gui: Main, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, copies = tree(photos), iter((True, False))

    def copy_one(source: Path, target: Path) -> str:
        if next(copies, False):
            return copy_new(source, target)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(carrying, "copy_new", copy_one)
    monkeypatch.setattr(carrying, "GROUP", 1)
    into = photos.with_name("sorted")
    code, _, err = resnet_gui("sort", photos, "--into", into, "--min-confidence", "0")
    assert code == 1  # not wrong use
    [info] = list_batches()
    assert "is full. 1 of 4 files are done." in err
    assert f"“resnet-gui undo {info.id}” puts back what was done" in err
    assert resnet_gui("undo")[0] == 0
    assert tree(photos) == before
    assert not into.exists()


def test_stopped_by_a_key_then_finished(
    resnet_gui: Main, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pressed = threading.Event()

    @contextlib.contextmanager
    def key() -> Iterator[threading.Event]:
        yield pressed

    link = carrying.Carrier._link

    def link_then_key(carrier: carrying.Carrier, number: int, target: Path) -> bool:
        pressed.set()
        return link(carrier, number, target)

    monkeypatch.setattr(cli_filing, "stop_flag", key)
    monkeypatch.setattr(carrying.Carrier, "_link", link_then_key)
    monkeypatch.setattr(carrying, "_EVENT_S", -1)
    into = photos.with_name("sorted")
    arguments = ("sort", photos, "--into", into, "--symlink", "--min-confidence", "0")
    code, _, err = resnet_gui(*arguments)
    assert code == 130
    [info] = list_batches()
    assert (info.state, info.done) == (BatchState.INTERRUPTED, 1)
    assert f"resnet-gui undo --finish {info.id}" in err
    pressed.clear()
    monkeypatch.undo()
    monkeypatch.setenv("RESNET_GUI_HOME", str(photos.with_name("home")))
    code, _, err = resnet_gui("undo", "--list")
    assert f"cut off after 1 of {info.total} files" in err
    assert resnet_gui("undo", "--finish")[0] == 0
    assert sum(path.is_symlink() for path in into.rglob("*")) == info.total
    code, _, err = resnet_gui("undo", "--finish")
    assert code == 2
    assert "No sorting was cut off" in err


def test_two_sorts_at_once_copy_each_photo_once(
    resnet_gui: Main, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one carries out what it planned between this one's plan and work."""
    into = photos.with_name("sorted")
    original = sorting._planned

    def slow(*args: Any) -> Plan:
        plan = original(*args)
        list(carrying.carry_out(plan))
        return plan

    monkeypatch.setattr(sorting, "_planned", slow)
    code, out, err = resnet_gui("sort", photos, "--into", into, "--min-confidence", "0")
    assert (code, out) == (0, "")
    assert "4 files stay: the same files came into the folder meanwhile." in err
    assert "0 photos copied" in err
    assert "takes it back" not in err
    assert len([path for path in into.rglob("*") if path.is_file()]) == 4
    [batch] = list_batches()
    assert batch.done == 4
