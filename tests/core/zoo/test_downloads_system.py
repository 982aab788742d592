"""Downloads against a full disk, a read-only folder, another process, a quit program."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from resnet_gui.core import errors
from resnet_gui.core.system import disk
from resnet_gui.core.zoo.storage.downloads import download_weights
from tests.helpers.download_server import FAST, ONCE, Answer, Site, drive, serve, wait_for_threads
from tests.helpers.small_disk import remount, small_disk

SIZE = 3_000_000
ROOT = Path(__file__).resolve().parents[3]

# What another process runs: the same download, its events as lines.
CHILD = """
import sys
from pathlib import Path
from tests.helpers.download_server import FAST
from resnet_gui.core.zoo.storage.downloads import download_weights
from resnet_gui.core.zoo.spec import ModelSpec, Preprocessing
spec = ModelSpec("net", "Net", "", "resnet18", "torchvision", "", ("a",), Preprocessing(256, 224),
                 1, bytes=int(sys.argv[3]), url=sys.argv[1],
                 sha256_prefix=sys.argv[1].rsplit("-", 1)[1][:8])
for event in download_weights(spec, Path(sys.argv[2]), patience=FAST):
    print(event.done, event.note, flush=True)
print("ready", flush=True)
"""


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("RESNET_GUI_WEIGHTS_URL", raising=False)
    yield
    assert wait_for_threads() == []


@pytest.fixture
def site() -> Iterator[Site]:
    with serve(random.Random(7).randbytes(SIZE)) as running:
        yield running


@contextlib.contextmanager
def child(site: Site, folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", CHILD, site.url, str(folder), str(SIZE)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_quit_and_go_on(site: Site, tmp_path: Path) -> None:
    site.answers = [Answer(bytes_per_second=3e6)]
    part = tmp_path / f"{site.file_name}.part"
    with child(site, tmp_path) as process:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if part.exists() and part.stat().st_size > SIZE // 4:
                break
            time.sleep(0.01)
    assert process.returncode == -9
    kept = part.stat().st_size
    assert SIZE // 4 < kept < SIZE
    assert not (tmp_path / site.file_name).exists()
    _, path = drive(download_weights(site.spec(), tmp_path, patience=ONCE))
    assert path.read_bytes() == site.content
    assert site.ranges() == [None, f"bytes={kept}-"]


def test_two_processes_end_with_one_good_file(site: Site, tmp_path: Path) -> None:
    site.default = Answer(bytes_per_second=4e6)
    with child(site, tmp_path) as first, child(site, tmp_path) as second:
        outputs = [process.communicate(timeout=30)[0] for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], outputs
    assert all(output.endswith("ready\n") for output in outputs)
    assert (tmp_path / site.file_name).read_bytes() == site.content
    assert site.sent == SIZE  # it came over the line once
    assert not list(tmp_path.glob("*.part*"))


def test_a_full_disk_is_noticed_before_anything_is_fetched(site: Site, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1_000_000) as folder:
        with pytest.raises(errors.DiskFullError, match="not enough space") as caught:
            drive(download_weights(site.spec(), folder, patience=FAST))
        assert site.requests == []
        assert caught.value.needed >= SIZE
        remount(folder, "size=32m")
        _, path = drive(download_weights(site.spec(), folder, patience=FAST))
        assert path.read_bytes() == site.content


def test_a_disk_that_fills_up_on_the_way(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "SPARE_BYTES", 0)
    spec = site.spec(bytes=0)  # nobody says how large it is
    site.answers = [Answer(length=False)]
    with small_disk(tmp_path / "disk", 1_000_000) as folder:
        with pytest.raises(errors.DiskFullError, match="Free some space"):
            drive(download_weights(spec, folder, patience=FAST))
        assert not (folder / site.file_name).exists()
        remount(folder, "size=32m")
        _, path = drive(download_weights(spec, folder, patience=FAST))
        assert path.read_bytes() == site.content
        assert site.ranges()[1] is not None  # gone on with, not begun again


def test_a_folder_that_cannot_be_written(site: Site, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 32_000_000) as folder:
        remount(folder, "ro")
        for place in (folder, folder / "new"):
            with pytest.raises(errors.FolderNotWritableError, match="Read-only") as caught:
                drive(download_weights(site.spec(), place, patience=FAST))
            assert str(place) in str(caught.value)
        remount(folder, "rw")
        _, path = drive(download_weights(site.spec(), folder, patience=FAST))
        assert path.read_bytes() == site.content


def test_a_file_where_the_folder_should_be(site: Site, tmp_path: Path) -> None:
    (tmp_path / "weights").write_text("x")
    with pytest.raises(errors.FolderNotWritableError):
        drive(download_weights(site.spec(), tmp_path / "weights", patience=FAST))


def test_a_power_cut_left_rubbish(site: Site, tmp_path: Path) -> None:
    part = tmp_path / f"{site.file_name}.part"
    part.write_bytes(site.content[: SIZE // 3] + bytes(SIZE // 3))
    side = {"format": 1, "url": site.url, "validator": '"1"', "total": SIZE}
    (tmp_path / f"{site.file_name}.part.json").write_text(json.dumps(side)[:-4])
    _, path = drive(download_weights(site.spec(), tmp_path, patience=ONCE))
    assert hashlib.sha256(path.read_bytes()).hexdigest().startswith(site.spec().sha256_prefix)
