"""A process that imports torch once and forks children as its input says; the tests kill or race
them.

A line is a JSON object: {"config": RunConfig as JSON} starts a run, {"resume": directory} goes on.
With {"times": N} N children do it at the same moment. The answers are "pid N" when a child begins
and "status N" when it has ended: 0, or 256 times its exit code (1: an error, 2: somebody else
trains the run or has finished it).
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import torch

from resnet_gui.core.errors import RunError
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.training.api import resume, train
from tests.helpers.training import user_zoo


def main() -> None:
    torch.set_num_threads(1)
    for line in sys.stdin:
        command = json.loads(line)
        gate, opener = os.pipe()  # when its last writing end closes, all children go at once
        children: list[int] = []
        for _ in range(command.get("times", 1)):
            child = os.fork()
            if child == 0:
                os.close(opener)
                os.read(gate, 1)
                _work(command)
            print(f"pid {child}", flush=True)  # noqa: T201
            children.append(child)
        os.close(gate)
        os.close(opener)
        for child in children:
            _, status = os.waitpid(child, 0)
            print(f"status {status}", flush=True)  # noqa: T201


def _work(command: dict[str, Any]) -> None:
    """Never returns: a child must not get back into the loop."""
    try:
        if "config" in command:
            events = train(RunConfig.from_json(command["config"]), zoo=user_zoo())
        else:
            events = resume(Path(command["resume"]), zoo=user_zoo())
        for _ in events:
            pass
    except RunError as error:
        busy = "being trained" in str(error) or "finished already" in str(error)
        if not busy:
            traceback.print_exc()
        os._exit(2 if busy else 1)
    except BaseException:  # noqa: BLE001 - see above
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
