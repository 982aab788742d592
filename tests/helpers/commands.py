"""The command line, called in this process."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from resnet_gui import __main__
from resnet_gui.cli import main as cli


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def main(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str | Path
) -> tuple[int, str, str]:
    """Through `resnet-gui`'s real entry point, in this process."""
    monkeypatch.setattr(sys, "argv", ["resnet-gui", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        __main__.main()
    captured = capsys.readouterr()
    code = end.value.code
    assert isinstance(code, int) or code is None
    return code or 0, captured.out, captured.err


Main = Callable[..., tuple[int, str, str]]


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]
