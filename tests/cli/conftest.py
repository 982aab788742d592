"""The command line, called in this process."""

from __future__ import annotations

import pytest

from tests.helpers.commands import Main, main


@pytest.fixture
def resnet_gui(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Main:
    return lambda *arguments: main(monkeypatch, capsys, *arguments)
