"""The files of conversions: whose they are, how many are kept, and a disk that takes nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from resnet_gui.core.inference import convert as conversion
from resnet_gui.core.inference import converted
from resnet_gui.core.inference.convert import convert
from resnet_gui.core.inference.converted import (
    VERDICT,
    State,
    Verdict,
    clear_conversions,
    conversions_dir,
    describe,
    find_conversion,
    keep_within,
    known_hash,
    used_bytes,
    write_verdict,
)
from resnet_gui.core.inference.open_backend import open_converted
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.system import paths
from resnet_gui.core.system.openvino_import import openvino_version
from tests.core.inference.openvino.conftest import (
    insects_entry,
    small_insects,
)

pytestmark = pytest.mark.skipif(not openvino_version(), reason="the extra “fast” is not installed")


def test_another_file_of_the_same_name_is_another_model(home: Path) -> None:
    path = insects_entry().weights_path
    assert path is not None
    assert open_converted(insects_entry()) is not None
    stamp = path.stat().st_mtime_ns
    small_insects(seed=5)
    assert known_hash(path) is None
    os.utime(path, ns=(stamp, stamp))  # a copy may keep the time; the file is another one
    assert known_hash(path) is None
    assert open_converted(insects_entry()) is None


def test_the_ones_used_longest_ago_go_first_and_all_can_be_cleared(home: Path) -> None:
    found = find_conversion(insects_entry())
    assert found is not None
    others = []
    for number in range(3):
        folder = conversions_dir() / f"other{number}"
        folder.mkdir()
        (folder / "model.bin").write_bytes(bytes(1000))
        write_verdict(folder, Verdict(State.CHECKED))
        os.utime(folder / VERDICT, ns=(number * 10**9, number * 10**9))
        others.append(folder)
    total = used_bytes()
    assert total > 3000
    keep_within(total - 1500)
    assert [folder.exists() for folder in others] == [False, False, True]
    keep_within(0, keep=found.folder)
    assert not others[2].exists()
    assert open_converted(insects_entry()) is not None
    backend = open_converted(insects_entry())
    assert backend is not None
    clear_conversions()
    assert used_bytes() == 0
    assert open_converted(insects_entry()) is None
    many = backend.for_many()  # what is in memory goes on
    assert many.threads == 1
    assert many.infer(np.zeros((2, 32, 32, 3), np.uint8)).shape == (2, 3)


def test_a_full_disk_decides_nothing(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from resnet_gui.core.errors import DiskFullError
    from resnet_gui.core.system import disk

    small_insects()
    usage = shutil.disk_usage(paths.user_models_dir())
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: usage._replace(free=1000))
    for _ in range(converted.MAX_ATTEMPTS):
        with pytest.raises(DiskFullError):
            list(convert(insects_entry()))
    found = find_conversion(insects_entry())
    assert found is not None
    assert found.verdict is None  # and with more space it is tried again
    assert not found.folder.exists()


def test_memory_that_runs_out_refuses_nothing(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_insects()
    monkeypatch.delenv("RESNET_GUI_EXACT")

    def full(*_: object) -> None:
        raise RuntimeError("Failed to allocate 1548288 bytes of memory")  # as OpenVINO says it

    monkeypatch.setattr(conversion, "write_model", full)
    list(convert(insects_entry()))
    found = find_conversion(insects_entry())
    assert found is not None
    assert found.worth_trying
    assert describe(insects_entry()).startswith("Exact for now: the faster form was not made, as ")


def test_clearing_while_one_is_made_refuses_nothing(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_insects()
    write = conversion.write_model

    def cleared(network: nn.Module, preprocessing: Preprocessing, folder: Path) -> None:
        write(network, preprocessing, folder)
        clear_conversions()

    monkeypatch.setattr(conversion, "write_model", cleared)
    with pytest.raises(OSError, match="cleared"):
        list(convert(insects_entry()))
    assert used_bytes() == 0
