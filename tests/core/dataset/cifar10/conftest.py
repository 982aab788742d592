"""A small CIFAR-10, and a server that has it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from resnet_gui.core.dataset.cifar10 import folder as cifar10
from resnet_gui.core.zoo.storage.remote_file import RemoteFile
from tests.helpers.cifar_archives import (
    make_binary,
    make_small,
)
from tests.helpers.download_server import Site, serve


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RESNET_GUI_WEIGHTS_URL", raising=False)
    make_small(monkeypatch)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A server that has the binary archive, and its published hash."""
    content = make_binary(tmp_path / "source.tar.gz").read_bytes()
    with serve(content) as running:
        published = RemoteFile(
            "CIFAR-10",
            f"{running.address}/cifar-10-binary.tar.gz",
            hashlib.sha256(content).hexdigest(),
            len(content),
        )
        monkeypatch.setattr(cifar10, "ARCHIVE", published)
        yield running
