"""A process that imports torch once and forks a child per line of its input; the test kills them.

A line is a JSON object: {"config": RunConfig as JSON} starts a run, {"resume": directory} goes on.
The answers are "pid N" when the child begins and "status N" when it has ended.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path

import torch

from resnet_gui.core.training.api import resume, train
from resnet_gui.core.training.config import RunConfig
from tests.core.training_helpers import user_zoo


def main() -> None:
    torch.set_num_threads(1)
    for line in sys.stdin:
        command = json.loads(line)
        child = os.fork()
        if child == 0:
            try:
                if "config" in command:
                    events = train(RunConfig.from_json(command["config"]), zoo=user_zoo())
                else:
                    events = resume(Path(command["resume"]), zoo=user_zoo())
                for _ in events:
                    pass
            except BaseException:  # noqa: BLE001 - the child must never return into the loop
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        print(f"pid {child}", flush=True)  # noqa: T201
        _, status = os.waitpid(child, 0)
        print(f"status {status}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
