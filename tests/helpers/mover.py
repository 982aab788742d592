"""A process that moves photos, to be killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from resnet_gui.core.filing.journal import journals_dir

REPOSITORY = Path(__file__).resolve().parents[2]


class Mover:
    """A process that sorts photos, which can be killed."""

    def __init__(self, arguments: list[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *arguments], cwd=REPOSITORY, stderr=subprocess.PIPE, text=True
        )

    def kill_after(self, seconds: float) -> bool:
        """Let it work so long after its journal has come, then kill it; returns whether it was
        killed before its end."""
        while not list(journals_dir().glob("*.jsonl")) and self._process.poll() is None:
            time.sleep(0.0005)
        time.sleep(seconds)  # the random moment is what is tested
        killed = self._process.poll() is None
        self._process.send_signal(signal.SIGKILL)
        _, said = self._process.communicate(timeout=60)
        assert killed or self._process.returncode == 0, said
        return killed
