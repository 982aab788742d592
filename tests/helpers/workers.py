"""Several real processes that train together over the loopback interface, without a launcher.

The store that they meet in lives in the test, on a port that the system chose: tests beside each
other do not collide, and nothing is looked up.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import distributed as dist

REPOSITORY = Path(__file__).resolve().parents[2]
_PATIENCE_S = 300


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended. events: the JSON objects of stdout."""

    code: int
    out: str
    err: str = ""

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


@contextlib.contextmanager
def workers(
    *commands: Sequence[object], module: str = "resnet_gui", **environment: str
) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that began with these arguments, the leader first; killed at the end of the block
    where they are still there."""
    store = dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    shared = os.environ | environment | {
        "WORLD_SIZE": str(len(commands)),
        "LOCAL_WORLD_SIZE": str(len(commands)),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(store.port),
        "TORCHELASTIC_USE_AGENT_STORE": "True",
        "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    processes = []
    try:
        for rank, arguments in enumerate(commands):
            processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", module, *map(str, arguments)],
                    env=shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
                    cwd=REPOSITORY,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
        yield processes
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
            process.communicate()
        del store


def ended(process: subprocess.Popen[str]) -> Ended:
    """Wait for a process."""
    out, err = process.communicate(timeout=_PATIENCE_S)
    return Ended(process.returncode, out, err)


def together(*commands: Sequence[object], module: str = "resnet_gui") -> list[Ended]:
    """Run processes with these arguments, the leader first, to their end."""
    with workers(*commands, module=module) as processes:
        return [ended(process) for process in processes]
