"""Several real processes that train together over the loopback interface, without a launcher.

The store that they meet in lives in the test, on a port that the system chose: tests beside each
other do not collide, and nothing is looked up. The processes are forked from one that has imported
torch already, so that each begins in a moment.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from torch._C._distributed_c10d import TCPStore

REPOSITORY = Path(__file__).resolve().parents[2]
COMMAND_LINE = "resnet_gui.cli.main:run"
PATIENCE_S = 300
_FORKS = multiprocessing.get_context("forkserver")
_PRELOADED = [
    "resnet_gui.cli.main", "resnet_gui.cli.commands.train", "resnet_gui.core.training.warm",
    "resnet_gui.core.training.follower", "tests.helpers.worker_main",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended. events: the JSON objects of stdout."""

    code: int
    out: str
    err: str = ""

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


class Worker:
    """A process that writes to files.

    Args:
        entry: "module:function", called without arguments once sys.argv is set.
        name: of the files, in `folder`.
    """

    def __init__(
        self,
        entry: str,
        arguments: Sequence[object],
        environment: dict[str, str],
        folder: Path,
        name: str,
    ) -> None:
        self._out, self._err = folder / f"{name}.out", folder / f"{name}.err"
        self._process: BaseProcess = _FORKS.Process(
            target=_begin,
            args=(entry, [str(item) for item in arguments], environment, self._out, self._err),
        )
        self._process.start()

    def send_signal(self, number: signal.Signals) -> None:
        """As `kill` does."""
        os.kill(self._process.pid or 0, number)

    def kill(self) -> None:
        """End it by force, if it still runs."""
        self._process.kill()

    def until(self, event: str, epoch: int) -> None:
        """Wait for one of its events."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until and self._process.is_alive():
            if self._out.exists():
                lines = self._out.read_text(encoding="utf-8").splitlines()
                if any(f'"event": "{event}"' in x and f'"epoch": {epoch},' in x for x in lines):
                    return
            time.sleep(0.02)
        raise AssertionError(self._err.read_text(encoding="utf-8"))

    def until_said(self, text: str) -> None:
        """Wait for a line on stderr."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until and self._process.is_alive():
            if self._err.exists() and text in self._err.read_text(encoding="utf-8"):
                return
            time.sleep(0.02)
        raise AssertionError(self._err.read_text(encoding="utf-8"))

    def ended(self) -> Ended:
        """Wait for its end."""
        self._process.join(PATIENCE_S)
        assert self._process.exitcode is not None, "it hangs"
        return Ended(
            self._process.exitcode,
            self._out.read_text(encoding="utf-8"),
            self._err.read_text(encoding="utf-8"),
        )

    def close(self) -> None:
        """Nothing of it is left."""
        self.kill()
        self._process.join()
        self._process.close()


def _begin(
    entry: str, arguments: list[str], environment: dict[str, str], out: Path, err: Path
) -> None:
    for path, descriptor in ((out, 1), (err, 2)):
        with path.open("wb") as file:
            os.dup2(file.fileno(), descriptor)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["resnet-gui", *arguments]
    module, _, function = entry.partition(":")
    getattr(importlib.import_module(module), function)()


@contextlib.contextmanager
def workers(
    folder: Path, *commands: Sequence[object], entry: str = COMMAND_LINE, absent: int = 0
) -> Iterator[list[Worker]]:
    """Processes that began with these arguments, the leader first; killed at the end of the block
    where they are still there.

    Args:
        folder: for what they write.
        absent: how many more they wait for, who never come.
    """
    _FORKS.set_forkserver_preload(_PRELOADED)
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    shared = os.environ | {
        "WORLD_SIZE": str(len(commands) + absent),
        "LOCAL_WORLD_SIZE": str(len(commands) + absent),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(store.port),
        "TORCHELASTIC_USE_AGENT_STORE": "True",
    }
    processes: list[Worker] = []
    try:
        for rank, arguments in enumerate(commands):
            own = shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)}
            name = f"worker-{time.monotonic_ns()}"
            processes.append(Worker(entry, arguments, own, folder, name))
        yield processes
    finally:
        for process in processes:
            process.close()
        del store


def together(folder: Path, *commands: Sequence[object], entry: str = COMMAND_LINE) -> list[Ended]:
    """Run processes with these arguments, the leader first, to their end."""
    with workers(folder, *commands, entry=entry) as processes:
        return [process.ended() for process in processes]
