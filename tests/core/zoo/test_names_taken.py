"""A name in the models folder is taken at once: no model ever replaces another one."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from resnet_gui.core.runs.events import EpochDone, RunFinished
from resnet_gui.core.runs.listing import list_runs
from resnet_gui.core.system import atomic
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.core.training.api import resume, train
from resnet_gui.core.zoo.storage import add_model
from resnet_gui.core.zoo.storage.imports import import_weights
from resnet_gui.core.zoo.storage.library import rename_model
from resnet_gui.core.zoo.weights.model_file import read_header
from tests.helpers.training import make_photos, make_tiny_model, tiny_config, user_zoo


@pytest.fixture(params=["links", "no links"])
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some drives know no hard links."""

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    if request.param == "no links":
        monkeypatch.setattr(os, "link", refuse)


@pytest.mark.usefixtures("links")
def test_many_threads_claim_one_name(tmp_path: Path) -> None:
    start = threading.Barrier(8)

    def write(number: int) -> None:
        with atomic.claiming(atomic.numbered(tmp_path / "a.txt")) as claim:
            claim.temporary.write_text(str(number))
            start.wait()
        assert claim.path.read_text() == str(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["a-2.txt", "a-3.txt", "a-4.txt", "a-5.txt", "a-6.txt", "a-7.txt", "a-8.txt",
                     "a.txt"]  # fmt: skip
    assert sorted(path.read_text() for path in tmp_path.iterdir()) == list("01234567")


@pytest.mark.usefixtures("links")
def test_a_claim_that_fails_takes_no_name(tmp_path: Path) -> None:
    def fail() -> None:
        with atomic.claiming(atomic.numbered(tmp_path / "a.txt")) as claim:
            claim.temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert not list(tmp_path.iterdir())


def test_an_error_names_the_file_and_not_its_temporary_one(tmp_path: Path) -> None:
    def fail() -> None:
        with atomic.claiming(atomic.numbered(tmp_path / "a.txt")) as claim:
            raise OSError(28, "No space left on device", str(claim.temporary))

    with pytest.raises(OSError, match=r"'.*/a\.txt'"):
        fail()


def test_imports_at_once_keep_all(tmp_path: Path) -> None:
    """Different models of one file name, each in a thread; processes do the same system calls."""
    sources = []
    for number in range(6):
        source = make_tiny_model(tmp_path / str(number), "same")
        rename_model(source, f"Model {number}")
        sources.append(source)
    start = threading.Barrier(len(sources))

    def take(source: Path) -> None:
        start.wait()
        list(import_weights(source))

    threads = [threading.Thread(target=take, args=(source,)) for source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    headers = [read_header(path) for path in user_models_dir().glob("*.saf*")]
    assert {header.document["title"] for header in headers} == {f"Model {n}" for n in range(6)}
    assert len({header.id for header in headers}) == 6
    assert len({entry.spec.id for entry in user_zoo().entries()}) == 6


def test_a_run_never_replaces_a_model_that_was_imported_meanwhile(tmp_path: Path) -> None:
    make_tiny_model()
    data = make_photos(tmp_path / "colours", count=4)
    config = tiny_config(data, method="head", epochs=3)
    events = train(config, zoo=user_zoo())
    next(event for event in events if isinstance(event, EpochDone))
    other = make_tiny_model(tmp_path / "elsewhere", list_runs()[0].name)
    rename_model(other, "Another model")
    list(import_weights(other))
    imported = user_models_dir() / other.name
    finished = next(event for event in events if isinstance(event, RunFinished))
    assert imported.read_bytes() == other.read_bytes()
    assert finished.model_id == f"{imported.stem}-2"
    assert finished.model_path == str(imported.with_name(f"{imported.stem}-2.safetensors"))
    assert user_zoo().ready(finished.model_id).spec.classes == ("green", "red")
    assert list_runs()[0].model_path == finished.model_path


def test_a_run_replaces_its_own_model_and_no_other_of_that_name(tmp_path: Path) -> None:
    make_tiny_model()
    data = make_photos(tmp_path / "colours", count=4)
    config = tiny_config(data, method="head", epochs=4)

    def one_epoch() -> Path:
        runs = list_runs()
        events = (
            resume(Path(runs[0].path), zoo=user_zoo()) if runs else train(config, zoo=user_zoo())
        )
        next(event for event in events if isinstance(event, EpochDone))
        events.close()  # type: ignore[attr-defined]
        return Path(list_runs()[0].model_path)

    first = one_epoch()
    assert one_epoch() == first
    assert len(list(user_models_dir().iterdir())) == 2  # tiny, and the run's
    first.unlink()
    other = make_tiny_model(user_models_dir(), first.stem)
    content = other.read_bytes()
    second = one_epoch()
    assert second == first.with_name(f"{first.stem}-2.safetensors")
    assert other.read_bytes() == content
    (finished,) = [
        event
        for event in resume(Path(list_runs()[0].path), zoo=user_zoo())
        if isinstance(event, RunFinished)
    ]
    assert Path(finished.model_path) == second
    assert other.read_bytes() == content


def test_an_id_that_was_taken_meanwhile_is_not_kept(tmp_path: Path) -> None:
    """Ids are looked at before the file is written: another import may be quicker."""
    source = make_tiny_model(tmp_path / "elsewhere", "same")
    list(import_weights(source))
    taken_before: set[str] = set()

    def write(target: Path, new_id: str) -> None:
        shutil.copyfile(source, target)

    path = add_model._claimed(user_models_dir() / "same.safetensors", taken_before, write)
    assert path.stem != "same"
    assert read_header(path).id == path.stem
